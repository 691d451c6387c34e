"""Where the reports go: files that were asked for, the terminal, and GitHub's own places when it runs there.

Each report's writer is imported when it is needed, so that the probe does not wait for it.
"""

from __future__ import annotations

import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fasthook.leaks import SecretNet, reveals
from pytest_fasthook.reports import files
from pytest_fasthook.settings import options
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.options import Option

if TYPE_CHECKING:
    from pytest_fasthook.reports.terminal import Line

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the reports.

    Attributes:
        lines: one for each report.
        failed: whether one is missing.
        missing: those that could not be written.
    """

    lines: tuple[str, ...]
    failed: bool
    missing: frozenset[Option] = frozenset()


_PYTEST_FILES = {
    "xmlpath": "--junitxml",
    "log_file": "--log-file",
    "debug": "--debug",
    "htmlpath": "--html",
    "report_log": "--report-log",
    "json_report_file": "--json-report-file",
}
NOTHING_SAID = Written((), failed=False)


def check_paths(settings: Settings, config: pytest.Config) -> None:
    """Refuse a report path that cannot be written or is another file of the run, before anything is sent.

    Raises:
        pytest.UsageError: it cannot be used; the message names option, path and reason.
    """
    try:
        _check_apart(settings, config)
    except files.UnwritablePathError as error:
        raise pytest.UsageError(str(error)) from None
    for option, path in settings.reports.items():
        try:
            files.check_writable(path)
        except files.UnwritablePathError as error:
            raise pytest.UsageError(f"{option.flag}: {error}") from None


def _check_apart(settings: Settings, config: pytest.Config) -> None:
    reports = {option.flag: path for option, path in settings.reports.items()}
    taken = [*settings.inputs.items(), *_files_of_pytest(config)]
    if settings.resumed_file is not None:
        # The JSON report over the resumed run is the same run carried on.
        others = {flag: path for flag, path in reports.items() if flag != options.JSON.flag}
        files.check_apart(others, [(settings.resumed_file, options.RESUME.flag)])
    files.check_apart(reports, taken)


def _files_of_pytest(config: pytest.Config) -> Iterator[tuple[Path, str]]:
    """The files that pytest and its usual report plugins read or write, where they are asked for."""
    if config.inipath is not None:
        yield config.inipath, "pytest's settings"
    for dest, flag in _PYTEST_FILES.items():
        text = config.getoption(dest, None)
        if isinstance(text, str) and text:
            yield config.invocation_params.dir / Path(text).expanduser(), flag
    log_file = config.getini("log_file") if config.pluginmanager.hasplugin("logging-plugin") else None
    if log_file:
        yield config.rootpath / str(log_file), "log_file in the ini file"
    for argument in config.args:
        yield config.invocation_params.dir / argument.partition("::")[0], "the tests to run"


def header(settings: Settings, connections: Sequence[str], notes: Iterable[str]) -> list[str]:
    """The lines at pytest's start: the settings as they were resolved; nothing secret is among them."""
    where = "embedded emulator" if settings.emulator else settings.api_url
    origin = settings.origins.get("team")
    team = f"team {settings.team_id}" + (f" (from {origin})" if origin else "")
    lines = [
        f"{where}, {team}, {len(connections)} connection(s): {', '.join(connections)}",
        f"mode {settings.mode}, timeout {settings.timeout_s:g}s, attempts {settings.attempts}",
        *notes,
    ]
    return [settings.redactor.show(f"fasthook: {line}") for line in lines]


def said_of_fault(problem: BaseException, settings: Settings) -> list[str]:
    """What to report of a fault of this package."""
    lines = ["the gate itself broke; please report this:", *traceback.format_exception(problem)]
    return [settings.redactor.show(line.rstrip()) for line in lines]


def write_all(document: Document, settings: Settings, environment: Mapping[str, str]) -> Written:
    """Write every report that was asked for, and GitHub's step summary where there is one.

    A report that fails stops no other.
    """
    lines, missing = [], set()
    for option, path in settings.reports.items():
        try:
            files.write_whole(path, _RENDERERS[option](document), net=settings.net)
            lines.append(f"{option.flag}: wrote {path}")
        except ValueError as error:
            lines.append(f"{option.flag}: the report is missing: {error}")
            missing.add(option)
        except Exception as error:  # noqa: BLE001 - a fault of one writer must not lose the other reports
            shown = settings.redactor.show(f"{type(error).__name__}: {error}")
            lines.append(
                f"{option.flag}: the report is missing by a fault of this package, please report it: {shown}"
            )
            missing.add(option)
    summary_file = environment.get("GITHUB_STEP_SUMMARY")
    added = _append_step_summary(document, Path(summary_file), settings) if summary_file else NOTHING_SAID
    return Written((*lines, *added.lines), bool(missing) or added.failed, frozenset(missing))


def _append_step_summary(document: Document, path: Path, settings: Settings) -> Written:
    """Add the checklist to the step's summary; it is a courtesy, so a failure is said and changes nothing.

    Except where it would have shown a secret: that is no matter of the place.
    """
    from pytest_fasthook.reports import markdown  # noqa: PLC0415 - keeps start-up light

    try:
        files.append(path, markdown.cut(markdown.render(document)) + "\n", net=settings.net)
    except ValueError as error:
        line = f"GITHUB_STEP_SUMMARY: not written: {error}"
        return Written((line,), failed=isinstance(error, files.RevealingError))
    return NOTHING_SAID


def github_annotations(document: Document, environment: Mapping[str, str]) -> list[str]:
    """GitHub's workflow commands for stages that did not pass; none anywhere else."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return []
    from pytest_fasthook.reports import github  # noqa: PLC0415 - keeps start-up light

    return github.workflow_commands(document)


def load_summary() -> None:
    """Load what writes the summary, in a moment in which there is nothing to do but wait; later it costs nothing."""
    from pytest_fasthook.reports import terminal  # noqa: F401, PLC0415 - keeps start-up light


def summary(document: Document, config: pytest.Config) -> list[Line]:
    """The summary for pytest's terminal."""
    from pytest_fasthook.reports import terminal  # noqa: PLC0415 - keeps start-up light

    encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
    return terminal.summary_lines(
        document,
        width=config.get_terminal_writer().fullwidth,
        verbosity=config.get_verbosity(),
        ascii_only=not encoding.lower().replace("-", "").startswith("utf"),
    )


def last_words(lines: Iterable[Line], net: SecretNet) -> tuple[list[Line], bool]:
    """The lines that end a run on the terminal, and whether they may be shown.

    Lines that hold a secret, also one that is broken over several, give way to one that says so.
    """
    shown = list(lines)
    form = net.form_in("\n".join(text for text, _ in shown))
    if form is None:
        return shown, True
    return [(f"fasthook: the summary is withheld: {reveals(form)}", {"red": True})], False


def _json(document: Document) -> bytes:
    from pytest_fasthook.reports import json_report  # noqa: PLC0415 - keeps start-up light

    return json_report.render(document)


def _junit(document: Document) -> bytes:
    from pytest_fasthook.reports import junit  # noqa: PLC0415 - keeps start-up light

    return junit.render(document, hostname=socket.gethostname())


def _markdown(document: Document) -> bytes:
    from pytest_fasthook.reports import markdown  # noqa: PLC0415 - keeps start-up light

    return markdown.render(document).encode()


def _html(document: Document) -> bytes:
    from pytest_fasthook.reports import html  # noqa: PLC0415 - keeps start-up light

    return html.render(document).encode()


_RENDERERS: Mapping[Option, Callable[[Document], bytes]] = {
    options.JSON: _json,
    options.JUNIT: _junit,
    options.MARKDOWN: _markdown,
    options.HTML: _html,
}
