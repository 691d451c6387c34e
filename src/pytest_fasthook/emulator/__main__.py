"""``fasthook-emulator``: serve a FastHook on this machine until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_fasthook.emulator.emulator import Emulator
from pytest_fasthook.emulator.errors import EmulatorError
from pytest_fasthook.emulator.world import Settings

DEFAULT_PORT = 8090


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    options = _parser().parse_args(argv)
    try:
        emulator = _emulator(options, os.environ)
        emulator.start()
    except EmulatorError as error:
        sys.stderr.write(f"fasthook-emulator: {_reason(error)}\n")
        return 1
    return _serve(emulator)


def _serve(emulator: Emulator) -> int:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: told.set())
    try:
        sys.stdout.write(start_lines(emulator))
        sys.stdout.flush()
        told.wait()
    finally:
        emulator.stop()
    return 0


def start_lines(emulator: Emulator) -> str:
    """Return what is printed at start: where everything is, and how to use it."""
    rows = [
        ("API", emulator.api_url),
        ("team", emulator.team_id),
        ("key", emulator.api_key),
        ("page", emulator.page_url),
    ]
    if emulator.has_demo:
        rows.append(("demo", f"{emulator.demo.connection_id} at {emulator.demo.source_url}"))
        rows.append(("secret", str(emulator.demo.secret)))
    return "".join(f"{name:<7}{value}\n" for name, value in rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fasthook-emulator", description="A FastHook on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="what to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--db", type=Path, metavar="FILE", help="keep everything in this SQLite file")
    parser.add_argument("--seed-demo", action="store_true", help="make the route conn_demo")
    parser.add_argument(
        "--strict-roles", action="store_true", help="a project key reads traffic and metrics only"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _emulator(options: argparse.Namespace, environment: Mapping[str, str]) -> Emulator:
    return Emulator(
        host=options.host,
        port=options.port,
        db=options.db,
        seed_demo=options.seed_demo,
        api_key=environment.get("FASTHOOK_API_KEY") or None,
        team_id=environment.get("FASTHOOK_TEAM_ID") or None,
        settings=Settings(strict_roles=options.strict_roles),
    )


def _reason(error: EmulatorError) -> str:
    """The error in one line, without the number that an OSError puts first."""
    return " ".join(str(error.args[-1] if error.args else error).split())


if __name__ == "__main__":
    raise SystemExit(main())
