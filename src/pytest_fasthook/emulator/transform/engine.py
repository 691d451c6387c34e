"""Running scripts in processes of their own, with one limit on the wall-clock time of a whole run.

A script is code from outside: it may loop, await or eat memory. What it does costs this process nothing but waiting,
and it is ended by ending its process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from pytest_fasthook.emulator.errors import Unavailable
from pytest_fasthook.emulator.payload import clean_text, read_json

RUNTIME = "fasthook-dsl-v1"
"""The name that the contract gives the runtime."""

TIME_LIMIT_S = 1.0
MEMORY_LIMIT = 64 * 1024 * 1024
MAX_PROCESSES = 4
"""Scripts that run at a time; others wait for their turn."""
MISSING = "transformations need the extra: pip install 'pytest-fasthook[javascript]'"

_SANDBOX = str(Path(__file__).with_name("sandbox.py"))
_START_LIMIT_S = 10.0
_GRACE_S = 0.5
"""How much longer than its limit a process may take before it is ended: it ends most scripts itself."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run came to.

    Attributes:
        request: the transformed envelope; ``None`` where the run failed.
        logs: what the script wrote to its console: ``level`` and ``message``.
        error_code: why it failed; ``None`` where it succeeded.
        message: the failure in words.
    """

    request: Mapping[str, Any] | None = None
    logs: tuple[Mapping[str, str], ...] = ()
    error_code: str | None = None
    message: str | None = None


def is_available() -> bool:
    """Whether the JavaScript engine is installed."""
    return find_spec("quickjs") is not None


class Scripts:
    """Runs scripts; used on the server's event loop. A process starts when the first script needs it."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MAX_PROCESSES)
        self._idle: list[_Process] = []
        self._threads = ThreadPoolExecutor(MAX_PROCESSES, thread_name_prefix="fasthook-script")

    async def run(
        self,
        code: str,
        request: Mapping[str, Any],
        *,
        env: Mapping[str, str],
        context: Mapping[str, Any],
        seconds: float = TIME_LIMIT_S,
    ) -> Run:
        """Run a script's transform handler.

        Args:
            code: the script; it calls ``addHandler("transform", …)``.
            request: the envelope with headers, body, query, path and method.
            env: what the script sees as ``process.env``.
            context: the handler's second argument.
            seconds: of real time that the whole run may take.

        Raises:
            Unavailable: the engine is not installed.
        """
        job = {"kind": "run", "code": code, "request": request, "env": env, "context": context}
        return _read(await self._ask({**job, "seconds": seconds}))

    async def syntax_error(self, code: str) -> str | None:
        """Return what is wrong with a script's form, if anything.

        Raises:
            Unavailable: the engine is not installed.
        """
        _, answer = read_json(await self._ask({"kind": "check", "code": code, "seconds": TIME_LIMIT_S}))
        return answer["error"] if answer else "the script takes too long to read"

    def close(self) -> None:
        """End every process."""
        while self._idle:
            self._idle.pop().end()
        self._threads.shutdown(wait=False)

    async def _ask(self, job: Mapping[str, Any]) -> bytes:
        """Return a process's answer; empty where it was ended."""
        if not is_available():
            raise Unavailable(MISSING)
        async with self._places:
            process = self._kept() or _Process()
            try:
                if not process.is_started:
                    await self._in_time(process, process.start, _START_LIMIT_S)
                line = json.dumps(job).encode() + b"\n"
                answer = await self._in_time(process, lambda: process.ask(line), job["seconds"] + _GRACE_S)
            except BaseException:
                process.end()
                raise
            if answer:
                self._idle.append(process)
            else:
                process.end()
            return answer

    def _kept(self) -> _Process | None:
        """Return a process that still lives."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            process.end()
        return None

    async def _in_time(self, process: _Process, work: Callable[[], T], seconds: float) -> T:
        """Do something in a thread, and end the process where it takes longer."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(seconds, process.kill)
        try:
            return await loop.run_in_executor(self._threads, work)
        finally:
            timer.cancel()


class _Process:
    """One process that runs one script at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_started(self) -> bool:
        return self._process is not None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and wait until it can be asked."""
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a file of this package
            [sys.executable, "-P", _SANDBOX],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if not self.ask(json.dumps(sys.path).encode() + b"\n"):
            raise RuntimeError("the process that runs scripts did not start")

    def ask(self, line: bytes) -> bytes:
        """Send one line and return the one that comes back; empty where the process ended."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return b""
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except (OSError, ValueError):  # broken or closed: it was ended meanwhile
            return b""

    def kill(self) -> None:
        """Kill the process; whoever waits for its answer gets an empty one."""
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """Kill the process and leave nothing of it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()


def _read(line: bytes) -> Run:
    if not line:
        return Run(error_code="TIMEOUT", message="the script took too long, or its process broke")
    is_json, answer = read_json(line)
    if not is_json:
        return Run(error_code="INVALID_RESULT", message="the handler's result is nested too deeply")
    message = answer.get("message")
    return Run(
        request=answer.get("request"),
        logs=tuple(answer.get("logs", ())),
        error_code=answer.get("error_code"),
        message=None if message is None else clean_text(message),
    )
