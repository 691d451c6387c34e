"""Fixtures for test authors; thin, so that a run that does not use them loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_fasthook.client.client import FastHookClient
    from pytest_fasthook.emulator import Emulator
    from pytest_fasthook.settings.config import Settings
    from pytest_fasthook.testing.handle import Handle
    from pytest_fasthook.testing.route_fixture import RouteMaker


@pytest.fixture
def fasthook(request: pytest.FixtureRequest) -> Iterator[Handle]:
    """The gate's handle for one connection; a test runs once for each ``--fasthook-connection``."""
    connection_id = getattr(request, "param", None)
    if connection_id is None:
        pytest.skip("needs --fasthook-connection or --fasthook-emulator")
    from pytest_fasthook.testing.handle import Handle  # noqa: PLC0415 - only a test that asks for it loads the gate

    hook = request.node.ihook.pytest_fasthook_payload
    handle = Handle(
        _settings_to_send(request.config),
        connection_id,
        supply=lambda one: hook(connection_id=one, config=request.config),
    )
    yield handle
    handle.close()


@pytest.fixture
def fasthook_route(pytestconfig: pytest.Config) -> Iterator[RouteMaker]:
    """Makes routes from the FastHook CLI's files or from code, for one test; what it made is removed after it."""
    yield from _route_maker(pytestconfig)


@pytest.fixture(scope="session")
def fasthook_session_route(pytestconfig: pytest.Config) -> Iterator[RouteMaker]:
    """Like ``fasthook_route``, for all tests of a session; under xdist each worker has its own."""
    yield from _route_maker(pytestconfig)


def _route_maker(config: pytest.Config) -> Iterator[RouteMaker]:
    from pytest_fasthook.testing.route_fixture import RouteMaker  # noqa: PLC0415 - as above

    with RouteMaker(_settings_to_send(config)) as maker:
        yield maker


@pytest.fixture
def fasthook_client(pytestconfig: pytest.Config) -> Iterator[FastHookClient]:
    """The typed API client, with the settings of this run."""
    from pytest_fasthook.client.client import FastHookClient  # noqa: PLC0415 - as above

    settings = _settings(pytestconfig)
    with FastHookClient(
        api_url=settings.api_url,
        team_id=settings.team_id,
        api_key=settings.api_key,
        rate_limit=settings.rate_limit,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def fasthook_emulator_server() -> Iterator[Emulator]:
    """The emulator that all tests of the session share; most want ``fasthook_emulator`` instead."""
    from pytest_fasthook.emulator import Emulator  # noqa: PLC0415 - as above

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def fasthook_emulator(fasthook_emulator_server: Emulator) -> Emulator:
    """A running, empty emulator."""
    fasthook_emulator_server.reset()
    return fasthook_emulator_server


def _settings_to_send(config: pytest.Config) -> Settings:
    """The settings for a test that sends or changes something, which no test of a plan may."""
    settings = _settings(config)
    if settings.plan:
        pytest.skip("--fasthook-plan sends nothing")
    return settings


def _settings(config: pytest.Config) -> Settings:
    """The gate's settings where it is on, else those of the environment and the ini file."""
    from pytest_fasthook.plugin.session import JOINED, resolved  # noqa: PLC0415 - as above

    try:
        return config.stash[JOINED].settings if JOINED in config.stash else resolved(config)
    except pytest.UsageError as error:
        wrong = str(error)
    pytest.fail(wrong, pytrace=False)
