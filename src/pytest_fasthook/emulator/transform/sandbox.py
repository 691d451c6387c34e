"""The program that runs scripts, in a process of its own that can be ended at any moment.

It is started by its file's path and imports nothing of this package, so that it starts quickly. One JSON object per
line comes in, one goes out. Every run has a fresh QuickJS context: nothing is shared between runs, and a script can
reach neither files nor network. The engine's own functions are no globals, so that no script can replace them.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

MEMORY_LIMIT = 64 * 1024 * 1024
STACK_LIMIT = 512 * 1024
MAX_LOGS = 200
MAX_LOG = 2_000
"""Characters of one message; all messages of a run have room for twenty such."""
MAX_RESULT = 10_000_000
"""Characters that a result may have as JSON, with its logs."""

_PRELUDE = """
"use strict";
(() => {
  const { parse, stringify } = JSON, asText = String, TypeProblem = TypeError;
  const logs = [];
  let handler = null, done = null, room = 20 * MAX_LOG;
  const text = (value) => {
    if (typeof value === "string") return value;
    try { return stringify(value) ?? asText(value); } catch { return asText(value); }
  };
  const write = (level) => (...values) => {
    if (logs.length >= MAX_LOGS || room <= 0) return;
    let message = "";
    for (let index = 0; index < values.length; index += 1)
      message += (index ? " " : "") + text(values[index]);
    if (message.length > MAX_LOG) message = message.substring(0, MAX_LOG);
    room -= message.length;
    logs[logs.length] = { level, message };
  };
  globalThis.console = { log: write("info"), info: write("info"), debug: write("info"),
                         warn: write("warn"), error: write("error") };
  globalThis.process = { env: {} };
  globalThis.addHandler = (name, fn) => {
    if (name !== "transform" || typeof fn !== "function")
      throw new TypeProblem("addHandler takes 'transform' and a function");
    handler = fn;
  };
  const { process } = globalThis;
  const setEnv = (env) => { process.env = parse(env); };
  const start = async (given) => {
    if (!handler) { done = { missing: true }; return; }
    const { request, context } = parse(given);
    try { done = { value: await handler(request, context) }; }
    catch (error) { done = { error: asText(error && error.message !== undefined ? error.message : error) }; }
  };
  const finish = () => stringify({ ...(done ?? { pending: true }), logs });
  return (name) => (name === "env" ? setEnv : name === "start" ? start : finish);
})();
""".replace("MAX_LOGS", str(MAX_LOGS)).replace("MAX_LOG", str(MAX_LOG))
_CODES = {
    "interrupted": "TIMEOUT",
    "out of memory": "MEMORY_LIMIT",
    "call stack size": "STACK_LIMIT",
    "SyntaxError": "SYNTAX_ERROR",
}


class _TooLongError(Exception):
    """The run took longer than it may."""


class _Engine:
    """One context with a limit on the wall-clock time of everything that is done in it."""

    def __init__(self, quickjs: Any, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY_LIMIT)
        self._context.set_max_stack_size(STACK_LIMIT)

    def eval(self, code: str) -> Any:
        """Evaluate code."""
        self.limit()
        return self._context.eval(code)

    def settle(self) -> None:
        """Carry out what promises wait for, until nothing is left to do."""
        self.limit()
        while self._context.execute_pending_job():
            self.limit()

    def limit(self) -> None:
        """Give what comes next the time that is left; the engine itself counts each step from nought."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _TooLongError
        self._context.set_time_limit(left)


def run(quickjs: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    """Run a script's transform handler; return ``request`` and ``logs``, or ``error_code`` and ``message``."""
    engine = _Engine(quickjs, job["seconds"])
    try:
        function = engine.eval(_PRELUDE)
        function("env")(json.dumps(job["env"]))
        start, finish = function("start"), function("finish")
        engine.eval(job["code"])
        engine.limit()
        start(json.dumps({"request": job["request"], "context": job["context"]}))
        engine.settle()
        return _read(finish())
    except _TooLongError:
        return _failed("TIMEOUT", f"the script took longer than {job['seconds']:g} s")
    except quickjs.JSException as error:
        return _failure(_first_line(error))


def check(quickjs: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wrong with a script's form, as ``error``; ``None`` where nothing is."""
    try:
        _Engine(quickjs, job["seconds"]).eval(f"(() => {{\n{job['code']}\n}})")
    except (quickjs.JSException, _TooLongError) as error:
        return {"error": _first_line(error) or "the script took too long to read"}
    return {"error": None}


def _read(text: Any) -> dict[str, Any]:
    """Read what a run came to; a script may have spoiled what its result is written by."""
    if not isinstance(text, str) or len(text) > MAX_RESULT:
        return _failed("INVALID_RESULT", f"the handler's result is over {MAX_RESULT} characters, or no JSON")
    try:
        outcome = json.loads(text)
        logs = [{"level": item["level"], "message": item["message"]} for item in outcome["logs"]]
    except (ValueError, RecursionError, TypeError, KeyError):
        return _failed("INVALID_RESULT", "the handler's result cannot be written as JSON")
    if not all(isinstance(value, str) for item in logs for value in item.values()):
        return _failed("INVALID_RESULT", "the handler's result cannot be written as JSON")
    return {**_result(outcome), "logs": logs}


def _result(outcome: Mapping[str, Any]) -> dict[str, Any]:
    if outcome.get("missing"):
        return _failed("NO_HANDLER", "the script adds no transform handler")
    if outcome.get("pending"):
        return _failed("TIMEOUT", "the handler's promise was never settled")
    if "error" in outcome:
        return _failure(str(outcome["error"]))
    if not isinstance(outcome.get("value"), dict):
        return _failed("INVALID_RESULT", "the handler did not return a request")
    return {"request": outcome["value"]}


def _failure(message: str) -> dict[str, Any]:
    return _failed(next((code for part, code in _CODES.items() if part in message), "RUNTIME_ERROR"), message)


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message[:MAX_LOG]}


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def main() -> None:
    """Serve until the other side closes; the first line says where packages are found."""
    # Ctrl-C in a terminal reaches this process too; its owner ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path[:] = json.loads(sys.stdin.readline())
    quickjs = import_module("quickjs")
    _answer({"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        _answer(run(quickjs, job) if job["kind"] == "run" else check(quickjs, job))


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
