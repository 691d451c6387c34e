"""The route as read from the API: source → connection → destination, with its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_fasthook.client.models import Connection, Destination, Source
from pytest_fasthook.rules.model import Rules
from pytest_fasthook.rules.parse import parse_rules
from pytest_fasthook.signing.requirement import requirement

BODY_METHODS = ("POST", "PUT", "PATCH", "DELETE", "QUERY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One connection with both its ends.

    Attributes:
        source_config: ``None`` where it could not be read, ``{}`` where the source has none.
        source_status, destination_status: as the API says it, lower case; ``None`` where it says nothing.
        allowed_methods: empty where the source allows any.
    """

    connection_id: str
    connection_name: str
    team_id: str | None
    source_id: str | None
    source_name: str
    source_type: str | None
    source_status: str | None
    source_disabled: bool
    source_url: str | None
    source_config: Mapping[str, Any] | None
    destination_id: str | None
    destination_name: str
    destination_status: str | None
    destination_disabled: bool
    disabled_at: datetime | None
    paused_at: datetime | None
    rules: Rules
    raw_rules: tuple[Any, ...] = ()

    @property
    def auth_type(self) -> str | None:
        """The kind of auth the source demands; ``None`` without."""
        needed = requirement(self.source_type, self.source_config)
        return str(needed.kind) if needed else None

    @property
    def has_auth(self) -> bool:
        """Whether the source checks a signature or credential."""
        return self.auth_type is not None

    @property
    def allowed_methods(self) -> tuple[str, ...]:
        """The methods that the source takes, upper case."""
        methods = (self.source_config or {}).get("allowed_http_methods")
        listed = methods if isinstance(methods, list | tuple) else ()
        return tuple(str(method).upper() for method in listed if method)

    @property
    def method(self) -> str:
        """The method to send with: POST where allowed, else the first one that carries a body."""
        allowed = self.allowed_methods
        if not allowed:
            return "POST"
        return next((method for method in BODY_METHODS if method in allowed), allowed[0])

    @property
    def answers_for_itself(self) -> bool:
        """Whether the source's answer is configured, so that its status says nothing about acceptance."""
        return answers_for_itself(self.source_config)


def answers_for_itself(source_config: Mapping[str, Any] | None) -> bool:
    """Whether a source's answer is configured, or that of a service behind it."""
    config = source_config or {}
    return bool(config.get("custom_response")) or config.get("mode") == "proxy"


def read_route(connection: Connection, *, source: Source | None, destination: Destination | None) -> Route:
    """Put the three records together."""
    source_id = connection.source_id or (source.id if source else "")
    destination_id = connection.destination_id or (destination.id if destination else "")
    source_status, destination_status = _status(source), _status(destination)
    return Route(
        connection_id=connection.id,
        connection_name=connection.name or connection.id,
        team_id=connection.team_id,
        source_id=source_id,
        source_name=(source.name if source else None) or source_id or "unknown source",
        source_type=source.type if source else None,
        source_status=source_status,
        source_disabled=source_status == "disabled" or bool(source and source.disabled_at),
        source_url=source.url if source else None,
        source_config=_config(source),
        destination_id=destination_id,
        destination_name=(destination.name if destination else None)
        or destination_id
        or "unknown destination",
        destination_status=destination_status,
        destination_disabled=destination_status == "disabled"
        or bool(destination and destination.disabled_at),
        disabled_at=connection.disabled_at,
        paused_at=connection.paused_at,
        rules=parse_rules(connection.rules),
        raw_rules=connection.rules,
    )


def blind_route(connection_id: str, source_url: str) -> Route:
    """A route that the key may not read: all that is known is where to send."""
    return Route(
        connection_id=connection_id,
        connection_name=connection_id,
        team_id=None,
        source_id=None,
        source_name=source_url,
        source_type=None,
        source_status=None,
        source_disabled=False,
        source_url=source_url,
        source_config=None,
        destination_id=None,
        destination_name="unknown destination",
        destination_status=None,
        destination_disabled=False,
        disabled_at=None,
        paused_at=None,
        rules=Rules(),
        raw_rules=(),
    )


def _config(source: Source | None) -> Mapping[str, Any] | None:
    """An explicit null is a source without config; an absent one is not known."""
    if source is None or "config" not in source.model_fields_set:
        return None
    return source.config or {}


def _status(part: Source | Destination | None) -> str | None:
    return part.status.lower() if part and part.status else None
