"""The emulator as one object: make it, use its address, stop it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pytest_fasthook.emulator.errors import (
    EmulatorError,
    EmulatorNeedsExtra,
    ErrorLog,
    NotRunning,
    StorageFull,
)
from pytest_fasthook.emulator.faults import Faults
from pytest_fasthook.emulator.ids import DEMO_TEAM, Ids
from pytest_fasthook.emulator.receiver import Receiver
from pytest_fasthook.emulator.resources.routes import Route, add_route, seed_demo
from pytest_fasthook.emulator.resources.secrets import (
    add_credential,
    ensure_secrets,
    project_secrets,
)
from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.store.schema import TABLES
from pytest_fasthook.emulator.store.tables import signing_secret
from pytest_fasthook.emulator.times import SettableClock
from pytest_fasthook.emulator.transform.engine import Scripts
from pytest_fasthook.emulator.world import AppState, Settings

if TYPE_CHECKING:
    from pytest_fasthook.emulator.delivery.worker import Worker
    from pytest_fasthook.emulator.server import ServerThread

MISSING = "the emulator needs the extra: pip install 'pytest-fasthook[emulator]'"


class Emulator:
    """A FastHook on this machine, over real HTTP.

    ::

        with Emulator() as emulator:
            route = emulator.add_route(name="orders")
            httpx.post(route.source_url, json={"id": 1})
            emulator.receiver.wait(1)

    Args:
        host: what to listen on; loopback unless told otherwise.
        port: 0 takes a free one.
        db: an SQLite file that keeps everything over restarts; ``None`` keeps it in memory.
        seed_demo: make the route ``conn_demo``.
        api_key: the key that is accepted; made where not given, or taken from ``db``.
        team_id: the team it belongs to; made where not given, or taken from ``db``.
        seed: the same seed gives the same ids in the same order.
        settings: switches and limits.
        clock: the settable clock; the machine's time unless told otherwise.

    Attributes:
        receiver: the built-in receiver: script its answers, wait for its deliveries.
        faults: trouble on purpose.
        clock: advance it past delays and retries.

    Raises:
        EmulatorNeedsExtra: starlette or uvicorn is not installed.
    """

    def __init__(  # noqa: PLR0913 - one argument per thing a user may set
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str | Path | None = None,
        seed_demo: bool = False,
        api_key: str | None = None,
        team_id: str | None = None,
        seed: int | None = None,
        settings: Settings | None = None,
        clock: SettableClock | None = None,
    ) -> None:
        _check_extra()
        self._host, self._port = host, port
        self._db = None if db is None else Path(db)
        self._has_demo = seed_demo
        self._given = (api_key, team_id)
        self._seed = seed
        self._settings = settings or Settings()
        self.receiver = Receiver()
        self.faults = Faults()
        self.clock = clock or SettableClock()
        self._world: AppState | None = None
        self._service: ServerThread | None = None
        self._credentials: tuple[str, str, str] | None = None
        self._demo: Route | None = None

    def start(self) -> Self:
        """Bind, serve, and return once it answers; no effect where it already runs.

        Raises:
            PortTaken: the address cannot be bound.
            EmulatorError: the database cannot be used, or the server did not start in time.
        """
        if self._service is None:
            self._begin()
        return self

    def stop(self) -> None:
        """Stop and close everything, within a few seconds; safe to call twice.

        Errors of the serving thread are raised here.
        """
        service, world = self._service, self._world
        self._service = self._world = None
        try:
            if service is not None:
                service.stop()
        finally:
            if world is not None:
                world.scripts.close()
                world.database.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def api_url(self) -> str:
        """The API's base URL, such as ``http://127.0.0.1:8090/v1``."""
        return f"{self.world.origin}/v1"

    @property
    def page_url(self) -> str:
        """The page for people."""
        return f"{self.world.origin}/"

    @property
    def api_key(self) -> str:
        """The project API key, ``fhp_…``."""
        if self._world is not None:
            return str(project_secrets(self._world, self.team_id)["api_key"])
        return self._credential(0)

    @property
    def team_id(self) -> str:
        """The team, ``tm_…``."""
        return self._credential(1)

    @property
    def session_token(self) -> str:
        """A session token of the team's owner, ``fhs_…``; strict roles tell it from a key."""
        return self._credential(2)

    @property
    def signing_secret(self) -> str:
        """The secret by which receivers verify ``FASTHOOK_SIGNATURE``."""
        return signing_secret(self.world.database, self.team_id)

    @property
    def has_demo(self) -> bool:
        """Whether the route ``conn_demo`` was asked for."""
        return self._has_demo

    @property
    def demo(self) -> Route:
        """The route ``conn_demo``.

        Raises:
            NotRunning: the emulator was made without ``seed_demo``, or does not run.
        """
        if self._demo is None or self._world is None:
            raise NotRunning("there is no demo route: make the emulator with seed_demo=True and start it")
        return self._demo

    @property
    def world(self) -> AppState:
        """The running emulator's inside.

        Raises:
            NotRunning: it does not run.
        """
        if self._world is None:
            raise NotRunning("the emulator is not running: use it as a context manager, or call start()")
        return self._world

    def add_route(  # noqa: PLR0913 - the parts of a route
        self,
        *,
        name: str,
        connection_id: str | None = None,
        auth: Mapping[str, Any] | None = None,
        rules: Iterable[Mapping[str, Any]] = (),
        methods: Sequence[str] = ("POST",),
        destination_url: str | None = None,
        destination: Mapping[str, Any] | None = None,
        source: Route | None = None,
        source_config: Mapping[str, Any] | None = None,
    ) -> Route:
        """Create a source, a destination and the connection between them.

        Args:
            name: the name of all three, and of the deliveries at the built-in receiver.
            connection_id: the connection's id; made as ``web_…`` where not given.
            auth: the source's authentication as in its config, ``{"auth_type": "HMAC", "auth": {…}}``; an HMAC
                secret is made where not given.
            rules: the connection's rules.
            methods: what the source lets in.
            destination_url: where events go; the built-in receiver where not given.
            destination: more of the destination's config, such as ``auth_type`` or ``rate_limit``.
            source: a route whose source this one shares; ``auth``, ``methods`` and ``source_config`` then do
                not count.
            source_config: more of the source's config, such as ``custom_response``.

        Raises:
            APIError: FastHook would refuse it, for instance a name that is taken.
        """
        return add_route(
            self.world,
            self.team_id,
            name=name,
            connection_id=connection_id,
            auth=auth,
            rules=rules,
            methods=methods,
            destination_url=destination_url,
            destination=destination,
            source=source,
            source_config=source_config,
        )

    def settle(self, *, timeout: float = 5.0) -> None:
        """Wait until everything that is due has been delivered and recorded.

        Args:
            timeout: seconds of real time.

        Raises:
            TimeoutError: deliveries were still under way.
        """
        self._running().call(lambda worker: worker.settle(), timeout=timeout)

    def reset(self) -> None:
        """Forget every record, delivery, script and fault, and set the clock right; key and team stay.

        The demo route is made anew, with another secret.
        """
        service = self._running()
        self.faults.clear()
        service.call(self._reset)

    def _running(self) -> ServerThread:
        if self._service is None:
            raise NotRunning("the emulator is not running")
        return self._service

    async def _reset(self, worker: Worker) -> None:
        dropped = await worker.drop()
        with self.world.database.transaction():
            for table in TABLES:
                self.world.database.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the schema
            self._establish(self.world)
        self.receiver.clear(disowned=dropped)
        self.clock.restore()

    def _begin(self) -> None:
        from pytest_fasthook.emulator.server import Notifier, ServerThread, bind, origin_of  # noqa: PLC0415 - optional packages

        listener = bind(self._host, self._port)
        try:
            database = Database(self._db)
        except BaseException:
            listener.close()
            raise
        bell = Notifier()
        try:
            self._world = self._make_world(origin_of(listener), database, bell.ring)
            self._establish(self._world)
        except BaseException as error:
            listener.close()
            self.stop()
            database.close()
            if isinstance(error, sqlite3.Error | StorageFull):
                raise EmulatorError(f"cannot use {self._db} as the emulator's database: {error}") from error
            raise
        self.clock.on_change(bell.ring)
        self._service = ServerThread(listener, self._world, bell)
        try:
            self._service.start()
        except BaseException:
            self.stop()
            raise

    def _make_world(self, origin: str, database: Database, wake: Any) -> AppState:
        ids = Ids(self._seed)
        self._credentials = self._choose_credentials(database, ids)
        return AppState(
            origin=origin,
            team_id=self._credentials[1],
            database=database,
            clock=self.clock,
            ids=ids,
            faults=self.faults,
            receiver=self.receiver,
            settings=self._settings,
            failures=ErrorLog(),
            scripts=Scripts(),
            wake=wake,
        )

    def _choose_credentials(self, database: Database, ids: Ids) -> tuple[str, str, str]:
        """Return key, team and session token: as given, else as before, else as stored, else new ones."""
        stored = database.row(
            "SELECT api_key, team_id FROM project_secrets WHERE team_id = coalesce(?, team_id) AND team_id <> ?",
            (self._given[1], DEMO_TEAM),
        )
        known = self._credentials or stored or (ids.project_key(), ids.team())
        return self._given[0] or known[0], self._given[1] or known[1], ids.make("fhs", 64)

    def _establish(self, world: AppState) -> None:
        """Make key, team and demo route where they are not there yet."""
        api_key, team_id, session = self._credentials or self._choose_credentials(world.database, world.ids)
        ensure_secrets(world, team_id, api_key=api_key)
        add_credential(world, team_id, session, kind="session")
        self._demo = seed_demo(world, team_id) if self._has_demo else None

    def _credential(self, index: int) -> str:
        if self._credentials is None:
            raise NotRunning("the emulator has not been started")
        return self._credentials[index]


def _check_extra() -> None:
    try:
        import starlette  # noqa: PLC0415, F401 - only whether it is there
        import uvicorn  # noqa: PLC0415, F401 - only whether it is there
    except ImportError as error:
        raise EmulatorNeedsExtra(MISSING) from error
