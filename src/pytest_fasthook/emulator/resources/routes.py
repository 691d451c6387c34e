"""Whole routes in one call: a source, a destination and the connection between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.emulator.ingress.signatures import HMAC_HEADERS, secret_of
from pytest_fasthook.emulator.resources import connections, destinations, sources
from pytest_fasthook.emulator.store.records import Connection, Source
from pytest_fasthook.emulator.store.tables import CONNECTIONS, DESTINATIONS, SOURCES
from pytest_fasthook.emulator.world import AppState

RECEIVER_PATH = "/__emulator__/receiver"
DEMO_CONNECTION = "conn_demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One deployed route of the emulator.

    Attributes:
        source_url: where webhooks are sent.
        secret: what a sender must sign or authenticate with; ``None`` where the source has no authentication.
        receiver_name: the name of the route's deliveries at the built-in receiver; ``None`` for another one.
    """

    source_id: str
    destination_id: str
    connection_id: str
    source_url: str
    secret: str | None = field(repr=False)
    receiver_name: str | None = None


def add_route(  # noqa: PLR0913 - the parts of a route
    world: AppState,
    team_id: str,
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
    """Create a route; see ``Emulator.add_route``."""
    with world.database.transaction():
        config = {"allowed_http_methods": list(methods), **(source_config or {})}
        used = _shared(world, team_id, source) or _source(world, team_id, name, config, auth)
        url = destination_url or f"{world.origin}{RECEIVER_PATH}/{name}"
        made = destinations.create(
            world, team_id, {"name": name, "type": "HTTP", "config": {"url": url, **(destination or {})}}
        )
        body: dict[str, Any] = {
            "name": name,
            "source_id": used.id,
            "destination_id": made.id,
            "rules": [*rules],
        }
        if connection_id is not None:
            body["id"] = connection_id
        connection = connections.create(world, team_id, body)
    return _route(world, connection, used)


def existing_route(world: AppState, team_id: str, connection_id: str) -> Route | None:
    """Return the route of a connection that is already there, after a restart on a database file."""
    connection = CONNECTIONS.find(world.database, "id = ? AND team_id = ?", (connection_id, team_id))
    if connection is None:
        return None
    return _route(world, connection, SOURCES.get(world.database, team_id, connection.source_id))


def seed_demo(world: AppState, team_id: str) -> Route:
    """Return the demo route, made where it does not exist: signed, deduplicated, filtered, retried."""
    return existing_route(world, team_id, DEMO_CONNECTION) or add_route(
        world,
        team_id,
        name="demo",
        connection_id=DEMO_CONNECTION,
        auth={"auth_type": "HMAC", "auth": {"signature_header": "x-signature"}},
        destination={"auth_type": "FASTHOOK_SIGNATURE", "auth": {}},
        rules=(
            {"type": "deduplicate", "window": 300_000, "include_fields": ["body.id"]},
            {"type": "filter", "body": {"type": "invoice.paid"}},
            {
                "type": "retry",
                "strategy": "exponential",
                "interval": 30_000,
                "count": 5,
                "response_status_codes": ["429", "500-599", "!501"],
            },
        ),
    )


def _shared(world: AppState, team_id: str, route: Route | None) -> Source | None:
    return SOURCES.get(world.database, team_id, route.source_id) if route else None


def _source(
    world: AppState, team_id: str, name: str, config: Mapping[str, Any], auth: Mapping[str, Any] | None
) -> Source:
    given = dict(auth or {})
    if given.get("auth_type") == "HMAC":
        named = dict(given.get("auth") or {})
        if not set(named) & set(HMAC_HEADERS):
            named["signature_header"] = "x-signature"
        given["auth"] = {"secret": world.ids.hexadecimal(64), **named}
    whole = {"auth_type": None, "auth": None, **config, **given}
    return sources.create(world, team_id, {"name": name, "type": "WEBHOOK", "config": whole})


def _route(world: AppState, connection: Connection, source: Source) -> Route:
    destination = DESTINATIONS.get(world.database, connection.team_id, connection.destination_id)
    prefix = f"{world.origin}{RECEIVER_PATH}/"
    url = str(destination.config.get("url", ""))
    return Route(
        source_id=source.id,
        destination_id=destination.id,
        connection_id=connection.id,
        source_url=source.url(world.origin),
        secret=secret_of(source.config),
        receiver_name=url.removeprefix(prefix) if url.startswith(prefix) else None,
    )
