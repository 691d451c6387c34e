"""``python -m pytest_fasthook``: saved runs reported on again, judged again, and joined into one."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_fasthook.errors import FastHookError, SettingsError
from pytest_fasthook.leaks import SecretNet
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.reports import html, json_report, junit, markdown
from pytest_fasthook.reports.consistency import contradictions
from pytest_fasthook.reports.files import UnwritablePathError, check_apart, check_writable, write_whole
from pytest_fasthook.reports.limits import add_limits, changes
from pytest_fasthook.reports.merge import merge
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.rejudging import NotJudgeableError, judged_again
from pytest_fasthook.reports.terminal import summary_lines
from pytest_fasthook.reports.transcript.kept import UnreadableTranscriptError
from pytest_fasthook.settings.given import read_file

DEEPEST = 100
"""No report is nested so deeply; what is, JSON reads deeper than reports can be made of it."""
LARGEST_RUN = 200 * 1024 * 1024
"""Bytes that a saved run may have; a merged one holds the evidence of many routes."""
EXIT_USAGE = 4
"""pytest's own code for a usage error."""

Document = Mapping[str, Any]


class UnusableInputError(FastHookError):
    """A saved run cannot be used; the text is one line that names the file and the reason."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    ``report`` returns 0 once the reports are written, ``merge`` the exit code of the merged run, ``judge`` that of the
    run as it is judged now; wrong options and files are 4.
    """
    options = _parser().parse_args(argv)
    try:
        outputs = _outputs(options)
        for path in outputs:
            check_writable(path)
        run: Callable[[argparse.Namespace], tuple[Document, int]] = options.run
        document, exit_code = run(options)
        net = SecretNet.of_environment(os.environ)
        for path, render in outputs.items():
            write_whole(path, render(document), net=net)
    except (FastHookError, UnwritablePathError) as error:
        sys.stderr.write(
            f"pytest_fasthook: {_printable(one_line(clean(str(error)), limit=500), sys.stderr)}\n"
        )
        return EXIT_USAGE
    _show(document)
    return exit_code


def _report(options: argparse.Namespace) -> tuple[Document, int]:
    return load(options.file), 0


def _merge(options: argparse.Namespace) -> tuple[Document, int]:
    merged = merge([_load_run(path) for path in options.files])
    return merged, int(merged["exit_code"])


def _judge(options: argparse.Namespace) -> tuple[Document, int]:
    changed = changes(options)
    try:
        judged = judged_again(_load_run(options.file), changed)
    except (NotJudgeableError, UnreadableTranscriptError) as error:
        raise UnusableInputError(f"{options.file} cannot be judged again: {error}") from error
    return judged, int(judged["exit_code"])


def load(path: Path) -> dict[str, Any]:
    """Read a saved run.

    Raises:
        UnusableInputError: it cannot be read, is not a report, or shows more than its evidence bears out.
    """
    document = _parsed(path)
    if _deeper_than(DEEPEST, document):
        raise UnusableInputError(
            f"{path} is not a report of this tool: it is nested more than {DEEPEST} levels"
        )
    try:
        found = contradictions(read(document))
    except FastHookError as error:
        raise UnusableInputError(f"{path} is not a report of this tool: {error}") from error
    if found:
        raise UnusableInputError(f"{path} contradicts itself: {'; '.join(found)}")
    return document


def _load_run(path: Path) -> dict[str, Any]:
    """A saved run that is no plan: what was not sent can be neither joined nor judged."""
    document = load(path)
    if document.get("plan"):
        raise UnusableInputError(f"{path} is a plan: nothing was sent; run the gate without --fasthook-plan")
    return document


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = read_file(path, "a saved run", largest=LARGEST_RUN).decode("utf-8-sig")
        document: dict[str, Any] = json.loads(text)
    except SettingsError as error:
        raise UnusableInputError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise UnusableInputError(f"{path} is not JSON in UTF-8: {error}") from error
    return document


def _deeper_than(levels: int, value: Any) -> bool:
    """Whether a JSON value is nested deeper, found level by level and not by recursion."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _outputs(options: argparse.Namespace) -> dict[Path, Callable[[Document], bytes]]:
    writers: Mapping[str, Callable[[Document], bytes]] = {
        "output": json_report.render,
        "html": lambda document: html.render(document).encode(),
        "markdown": lambda document: markdown.render(document).encode(),
        "junit": lambda document: junit.render(document, hostname=platform.node()),
    }
    asked = {name: getattr(options, name, None) for name in writers}
    inputs = options.files if "files" in options else [options.file]
    reports = {f"--{name}": path for name, path in asked.items() if path}
    check_apart(reports, [])
    pages = {name: path for name, path in reports.items() if name != "--output"}
    check_apart(pages, [(path, "the saved run") for path in inputs])
    return {path: writers[name] for name, path in asked.items() if path}


def _show(document: Document) -> None:
    """The summary, as the run itself showed it."""
    width = shutil.get_terminal_size().columns
    ascii_only = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    for text, _ in summary_lines(document, width=width, verbosity=0, ascii_only=ascii_only):
        sys.stdout.write(f"{text}\n")


def _printable(text: str, stream: Any) -> str:
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class _Parser(argparse.ArgumentParser):
    """A parser that exits like pytest where options are wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m pytest_fasthook", description="Work with saved runs of the FastHook gate."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="make reports again from a saved run")
    report.add_argument("file", type=Path, metavar="RUN.json", help="what --fasthook-json wrote")
    report.set_defaults(run=_report)
    merging = commands.add_parser(
        "merge", help="join the saved runs of shards; exits with the worst exit code"
    )
    merging.add_argument("files", type=Path, nargs="+", metavar="RUN.json", help="what --fasthook-json wrote")
    merging.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the merged run here")
    merging.set_defaults(run=_merge)
    judging = commands.add_parser("judge", help="judge a saved run again; exits as the gate would")
    judging.add_argument("file", type=Path, metavar="RUN.json", help="what --fasthook-json wrote")
    judging.add_argument("--json", dest="output", type=Path, metavar="FILE", help="write the judged run here")
    judging.set_defaults(run=_judge)
    add_limits(judging)
    for command in (report, merging, judging):
        for name in ("html", "markdown", "junit"):
            command.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the {name} report here")
    return parser
