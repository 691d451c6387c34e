"""Routes for tests: made from the files of FastHook's CLI or from code, and removed again.

What was there before is changed as an upsert does, and never removed; a connection that was there before gets its ends
and rules back. What was made is removed, also when a test fails or is interrupted, and also when the answer to the call
that made it never came.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.client.models import Connection, Destination, Source
from pytest_fasthook.errors import FastHookError, RefusedError, SettingsError
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.given import read_json
from pytest_fasthook.settings.route_file import Overrides
from pytest_fasthook.signing.written import written_secret
from pytest_fasthook.testing.handle import Handle

Body = Mapping[str, Any]
Made = Source | Destination | Connection


class MadeRoute(Handle):
    """A route made for a test, ready to be sent to or watched.

    Attributes:
        source_id, destination_id: the ends of the route.
        source_url: where its webhooks are sent; ``None`` where FastHook does not say.
    """

    def __init__(self, settings: Settings, connection: Connection, source_url: str | None) -> None:
        super().__init__(settings, connection.id)
        self.source_id = connection.source_id
        self.destination_id = connection.destination_id
        self.source_url = source_url


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One of the three kinds of resources, and its calls."""

    noun: str
    find: Callable[[Body], Made | None]
    create: Callable[[Body], Made]
    upsert: Callable[[Body], Made]
    delete: Callable[[str], None]


@dataclass(slots=True)
class _Trace:
    """Something that was made, or may have been: its id is not known before the answer."""

    kind: _Kind
    body: Body
    id: str | None = None

    def __str__(self) -> str:
        return f"{self.kind.noun} {self.id or self.body.get('name')}"

    def undo(self) -> None:
        """Delete it; what is not there any more, or was never made, needs nothing."""
        if self.id is None:
            found = self.kind.find(self.body)
            if found is None:
                return
            self.id = found.id
        try:
            self.kind.delete(self.id)
        except RefusedError as error:
            if error.status != 404:
                raise


@dataclass(frozen=True, slots=True)
class _Change:
    """A connection that was there before, as it was."""

    before: Connection
    patch: Callable[[str, Body], Made]

    def __str__(self) -> str:
        return f"connection {self.before.id} as it was changed"

    def undo(self) -> None:
        """Give it its ends and rules back, before an end that was made is removed."""
        was = self.before
        ends = {"source_id": was.source_id, "destination_id": was.destination_id}
        self.patch(was.id, {**ends, "rules": list(was.rules)})


class RouteMaker:
    """Makes routes, and removes them in the end. Given by the ``fasthook_route`` fixture."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = FastHookClient(
            api_url=settings.api_url,
            team_id=settings.team_id,
            api_key=settings.api_key,
            rate_limit=settings.rate_limit,
        )
        self._steps: list[_Trace | _Change] = []
        self._routes: list[MadeRoute] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        source: Body | None = None,
        destination: Body | None = None,
        connection: Body | None = None,
    ) -> MadeRoute:
        """Upsert a source, a destination and the connection between them.

        Args:
            folder: where ``source.json``, ``destination.json`` and ``connection.json`` of FastHook's CLI lie. Without
                a file for an end, the connection must name it by ``source_id`` or ``destination_id``.
            source: a body as in the file, put over it: objects are merged, everything else is replaced.
            destination: the same for the destination.
            connection: the same for the connection.

        Raises:
            SettingsError: a file or body cannot be used.
            ApiError: FastHook refused something, or did not answer; what was made until then is removed in the end.
        """
        place = Path(folder) if folder is not None else None
        ends = {
            "source": _body(place, "source", source),
            "destination": _body(place, "destination", destination),
        }
        link = _body(place, "connection", connection)
        if link is None:
            raise SettingsError(
                "a route needs a connection: give connection.json in the folder, or connection={…}"
            )
        made_source = self._make(self._sources, ends["source"])
        made_destination = self._make(self._destinations, ends["destination"])
        made = self._make(self._connections, _linked(link, made_source, made_destination))
        assert isinstance(made, Connection)
        return self._route(made, made_source, ends["source"])

    def _route(self, made: Connection, source: Made | None, written: Body | None) -> MadeRoute:
        """The handle: this run's account and limits, and of the gated route's own settings nothing."""
        secret = written_secret((written or {}).get("config"))
        own = {str(made.source_id): secret} if secret else {}
        limits = self._settings.of(made.id)
        settings = replace(
            limits,
            source_secrets={**limits.source_secrets, **own},
            source_url=None,
            payload=None,
            payload_file=None,
            match=(),
            overrides=Overrides(),
        )
        known = source if isinstance(source, Source) else made.source
        route = MadeRoute(settings, made, known.url if known else None)
        self._routes.append(route)
        return route

    def close(self) -> None:
        """Remove what was made, the connection first.

        Raises:
            ExceptionGroup: something could not be removed; the message names all that is left.
        """
        for route in self._routes:
            route.close()
        left: list[str] = []
        errors: list[FastHookError] = []
        while self._steps:
            step = self._steps.pop()
            try:
                step.undo()
            except FastHookError as error:
                left.append(str(step))
                errors.append(error)
        self._client.close()
        if errors:
            raise ExceptionGroup(f"made for a test and left behind: {', '.join(left)}", errors)

    def _make(self, kind: _Kind, body: Body | None) -> Any:
        """Change what is there, else make it and remember that."""
        if body is None:
            return None
        existing = kind.find(body)
        if existing is not None:
            self._keep(existing)
            return kind.upsert(body)
        trace = _Trace(kind, body)
        self._steps.append(trace)
        try:
            made = kind.create(body)
        except RefusedError as error:
            self._steps.remove(trace)
            if error.status != 409:
                raise
            return kind.upsert(body)  # somebody else has made it meanwhile, or the list did not show it
        trace.id = made.id
        return made

    def _keep(self, existing: Made) -> None:
        if isinstance(existing, Connection):
            self._steps.append(_Change(existing, self._client.patch_connection))

    @property
    def _sources(self) -> _Kind:
        client = self._client
        return _Kind(
            noun="source",
            find=lambda body: _named(client.list_sources().models, body),
            create=client.create_source,
            upsert=client.upsert_source,
            delete=client.delete_source,
        )

    @property
    def _destinations(self) -> _Kind:
        client = self._client
        return _Kind(
            noun="destination",
            find=lambda body: _named(client.list_destinations().models, body),
            create=client.create_destination,
            upsert=client.upsert_destination,
            delete=client.delete_destination,
        )

    @property
    def _connections(self) -> _Kind:
        client = self._client
        return _Kind(
            noun="connection",
            find=lambda body: _connection(client, body),
            create=client.create_connection,
            upsert=client.upsert_connection,
            delete=client.delete_connection,
        )


def _named(records: Iterable[Made], body: Body) -> Made | None:
    return next((record for record in records if record.name == body.get("name")), None)


def _connection(client: FastHookClient, body: Body) -> Made | None:
    """The connection that an upsert would change: found by id where there is one, else by source and name.

    Raises:
        SettingsError: the list is too long to tell.
    """
    if body.get("id"):
        return _absent_or(lambda: client.get_connection(body["id"]))
    page = client.list_connections(source_id=body["source_id"])
    found = _named(page.models, body)
    if found is None and (page.partial or page.unreadable):
        raise SettingsError(
            f"connection {body.get('name')}: FastHook does not list all connections of source {body['source_id']}, so "
            "it cannot be told whether this one is there already"
        )
    return found


def _absent_or(read: Callable[[], Made]) -> Made | None:
    try:
        return read()
    except RefusedError as error:
        if error.status != 404:
            raise
        return None


def _linked(link: Body, source: Made | None, destination: Made | None) -> dict[str, Any]:
    """The connection's body between the two ends, whatever ids its file has for others.

    Raises:
        SettingsError: an end is neither made nor named.
    """
    body = dict(link)
    for noun, end in (("source", source), ("destination", destination)):
        if end is not None:
            body.pop(noun, None)
            body[f"{noun}_id"] = end.id
        elif not body.get(f"{noun}_id"):
            raise SettingsError(
                f"the connection has no {noun}: give {noun}.json or {noun}={{…}}, or {noun}_id in the connection"
            )
    return body


def _body(folder: Path | None, noun: str, given: Body | None) -> Body | None:
    """A resource's body: from its file, with what the test gives put over it."""
    file = folder / f"{noun}.json" if folder is not None else None
    body = _read(file) if file is not None and file.exists() else None
    if file is not None and body is None and not file.parent.is_dir():
        raise SettingsError(f"{file.parent}: no such folder")
    if given is None:
        return body
    return _merged(body or {}, given)


def _read(file: Path) -> Body:
    loaded = read_json(file, file.name)
    if not isinstance(loaded, Mapping):
        raise SettingsError(f"{file} does not hold a JSON object")
    return loaded


def _merged(below: Body, above: Body) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return merged
