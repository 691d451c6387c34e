"""What every pytest run loads: options, the marker, and the question whether the gate is on.

Nothing heavy is imported here. The gate's own modules are loaded only when a run asks for it.
"""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Generator

import pytest

from pytest_fasthook.plugin import hookspecs
from pytest_fasthook.plugin.fixtures import (
    fasthook,
    fasthook_client,
    fasthook_emulator,
    fasthook_emulator_server,
    fasthook_route,
    fasthook_session_route,
)
from pytest_fasthook.settings.options import CONNECTION, EMULATOR, REPORTS, RESUME, SOURCE, add_options

__all__ = [
    "fasthook",
    "fasthook_client",
    "fasthook_emulator",
    "fasthook_emulator_server",
    "fasthook_route",
    "fasthook_session_route",
]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the hooks of test authors."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the settings table."""
    add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Where only the gate runs, load the folder's own ``conftest.py`` alone.

    Pytest would load those of ``testpaths`` and of every ``test*`` folder too, although nothing in them is collected:
    a module that is missing on the deploy machine would end the gate before it begins.
    """
    known = early_config.known_args_namespace
    if known.file_or_dir or not names_something(known):
        return (yield)
    own = early_config.invocation_params.dir / "conftest.py"
    before = known.noconftest
    # A file as the only path makes pytest look beside it, and not below.
    known.file_or_dir, known.noconftest = [str(own)], before or not own.is_file()
    try:
        return (yield)
    finally:
        known.file_or_dir, known.noconftest = [], before


def pytest_configure(config: pytest.Config) -> None:
    """Register the gate where a run asks for it.

    Raises:
        pytest.UsageError: a setting is wrong or missing; nothing has been sent.
    """
    config.addinivalue_line("markers", "fasthook: a stage of the FastHook deploy gate")
    if gate_is_on(config):
        from pytest_fasthook.plugin.garbage import uncollected  # noqa: PLC0415 - an unused gate loads nothing

        with uncollected(config.add_cleanup):
            from pytest_fasthook.plugin.start import start_gate  # noqa: PLC0415 - as above

        start_gate(config)


GATE = "fasthook-gate"
"""The name under which the gate of a session is registered."""
EXIT_TESTS_FAILED = int(pytest.ExitCode.TESTS_FAILED)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | pytest.ExitCode | None, object]:
    """End with the exit code that the gate decided, whatever other plugins and hooks make of it afterwards."""
    try:
        status = yield
    except pytest.UsageError:
        raise
    except BaseException as problem:
        gate = config.pluginmanager.get_plugin(GATE)
        if gate is None:
            raise
        gate.hook_failed(problem)
        traceback.print_exception(problem)
        return gate.outermost(EXIT_TESTS_FAILED)
    gate = config.pluginmanager.get_plugin(GATE)
    return status if gate is None or status is None else gate.outermost(int(status))


NO_TESTS = {
    "setupplan": "--setup-plan",
    "setuponly": "--setup-only",
    "showfixtures": "--fixtures",
    "show_fixtures_per_test": "--fixtures-per-test",
    "deadfixtures": "--dead-fixtures",
    "showrepeated": "--dup-fixtures",
}
"""Modes of pytest and its plugins that collect but run no test; the name of the option's value, the option."""
ONLY_TELL = ("help", "version", "markers", "cacheshow")
"""Modes that tell something and end; the names of the options' values."""


def names_something(given: argparse.Namespace) -> bool:
    """Whether the command line names a route, in any of the ways to do so."""
    named = [getattr(given, option.dest, None) for option in (CONNECTION, SOURCE, RESUME)]
    return any(value is not None for value in named) or bool(getattr(given, EMULATOR.dest, False))


def gate_is_on(config: pytest.Config) -> bool:
    """Whether the command line names something to gate, in a mode that runs tests.

    Raises:
        pytest.UsageError: a report of the gate is asked for, but nothing to gate; or pytest is told to run no test.
    """
    if any(getattr(config.option, mode, None) for mode in ONLY_TELL):
        return False
    if names_something(config.option):
        for mode, flag in NO_TESTS.items():
            if getattr(config.option, mode, None):
                raise pytest.UsageError(
                    f"{flag} runs no test, so it cannot gate a route; leave out one of the two"
                )
        return True
    for report in REPORTS:
        if config.getoption(report.dest) is not None:
            raise pytest.UsageError(
                f"{report.flag} was given, but nothing to gate; name a route with {CONNECTION.flag} or {EMULATOR.flag}"
            )
    return False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the ``fasthook`` fixture every connection that the run gates."""
    if "fasthook" in metafunc.fixturenames and gate_is_on(metafunc.config):
        from pytest_fasthook.plugin.session import JOINED  # noqa: PLC0415 - as above

        metafunc.parametrize("fasthook", metafunc.config.stash[JOINED].connections, indirect=True)
