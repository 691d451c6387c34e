"""Running one script on one envelope, in QuickJS, with limits on time, memory and stack.

Every run has a fresh context: nothing is shared between runs, and a script can reach neither files nor network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pytest_fasthook.emulator.errors import Unavailable

RUNTIME = "fasthook-dsl-v1"
"""The name that the contract gives the runtime."""

TIME_LIMIT_S = 1.0
MEMORY_LIMIT = 64 * 1024 * 1024
STACK_LIMIT = 512 * 1024
MAX_LOGS = 200
MAX_JOBS = 10_000
MISSING = "transformations need the extra: pip install 'pytest-fasthook[javascript]'"

_PRELUDE = """
"use strict";
(() => {
  const input = JSON.parse(globalThis.__input);
  delete globalThis.__input;
  const logs = [];
  const text = (value) => {
    if (typeof value === "string") return value;
    try { return JSON.stringify(value) ?? String(value); } catch { return String(value); }
  };
  const write = (level) => (...values) => {
    if (logs.length < input.max_logs) logs.push({ level, message: values.map(text).join(" ") });
  };
  globalThis.console = { log: write("info"), info: write("info"), debug: write("info"),
                         warn: write("warn"), error: write("error") };
  globalThis.process = { env: input.env };
  let handler = null;
  globalThis.addHandler = (name, fn) => {
    if (name !== "transform" || typeof fn !== "function")
      throw new TypeError("addHandler takes 'transform' and a function");
    handler = fn;
  };
  let done = null;
  globalThis.__start = () => {
    if (!handler) { done = { missing: true }; return; }
    Promise.resolve().then(() => handler(input.request, input.context)).then(
      (value) => { done = { value }; },
      (error) => { done = { error: String(error && error.message !== undefined ? error.message : error) }; });
  };
  globalThis.__finish = () => JSON.stringify({ ...(done ?? { pending: true }), logs });
})();
"""


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


def syntax_error(code: str) -> str | None:
    """Return what is wrong with a script's form, if anything.

    Raises:
        Unavailable: the engine is not installed.
    """
    quickjs = _quickjs()
    try:
        _context(quickjs).eval(f"(() => {{\n{code}\n}})")
    except quickjs.JSException as error:
        return _first_line(error)
    return None


def run(
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
        seconds: of processor time that the script may take.

    Raises:
        Unavailable: the engine is not installed.
    """
    quickjs = _quickjs()
    engine = _context(quickjs, seconds=seconds)
    whole = {"request": request, "env": env, "context": context, "max_logs": MAX_LOGS}
    engine.set("__input", json.dumps(whole))
    engine.eval(_PRELUDE)
    try:
        engine.eval(code)
        engine.eval("__start()")
        _drain(engine)
        outcome = json.loads(engine.eval("__finish()"))
    except quickjs.JSException as error:
        return _failure(_first_line(error))
    return _read(outcome)


def _drain(engine: Any) -> None:
    for _ in range(MAX_JOBS):
        if not engine.execute_pending_job():
            return


def _read(outcome: Mapping[str, Any]) -> Run:
    logs = tuple(outcome["logs"])
    if outcome.get("missing"):
        return Run(logs=logs, error_code="NO_HANDLER", message="the script adds no transform handler")
    if outcome.get("pending"):
        return Run(logs=logs, error_code="TIMEOUT", message="the handler's promise was never settled")
    if "error" in outcome:
        failure = _failure(outcome["error"])
        return Run(logs=logs, error_code=failure.error_code, message=failure.message)
    value = outcome.get("value")
    if not isinstance(value, Mapping):
        return Run(logs=logs, error_code="INVALID_RESULT", message="the handler did not return a request")
    return Run(request=value, logs=logs)


def _failure(message: str) -> Run:
    code = next((code for part, code in _CODES.items() if part in message), "RUNTIME_ERROR")
    return Run(error_code=code, message=message)


_CODES = {
    "interrupted": "TIMEOUT",
    "out of memory": "MEMORY_LIMIT",
    "call stack size": "STACK_LIMIT",
    "SyntaxError": "SYNTAX_ERROR",
}


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _quickjs() -> Any:
    try:
        return import_module("quickjs")
    except ImportError:
        raise Unavailable(MISSING) from None


def _context(quickjs: Any, *, seconds: float = TIME_LIMIT_S) -> Any:
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_LIMIT)
    context.set_time_limit(seconds)
    context.set_max_stack_size(STACK_LIMIT)
    return context
