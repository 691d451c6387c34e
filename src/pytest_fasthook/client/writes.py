"""Making, changing and removing sources, destinations and connections.

Four ways to write, and they differ in what happens to fields that are not named:

===========  =======================================  ====================================
way          finds the object                         fields that are not named
===========  =======================================  ====================================
``create``   never; fails where the name exists (409)  get FastHook's defaults
``upsert``   by name; makes it where there is none    FastHook decides; destinations lose them
``patch``    by id                                    **keep** their values
``replace``  by id                                    are **lost**, so all must be named
===========  =======================================  ====================================

Bodies are FastHook's own JSON, as in the files that its CLI takes. Secrets in them never appear in an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.hiding import secrets_in
from pytest_fasthook.client.models import Connection, Destination, Source
from pytest_fasthook.client.pages import read_record
from pytest_fasthook.client.records import M
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError

Body = Mapping[str, Any]

_WHOLE_RESOURCE = ("name", "type", "config")
_WHOLE_ROUTE = ("name", "source_id", "destination_id", "rules")


class Writes:
    """Everything that changes the team's routes; no such call is repeated once something was sent."""

    transport: Transport

    def create_source(self, body: Body) -> Source:
        """Make a new source; 409 where the name is taken."""
        return _write(self.transport, Source, "POST", path_of("sources"), _with(body, "name"))

    def upsert_source(self, body: Body) -> Source:
        """Make or change the source of this name."""
        return _write(self.transport, Source, "PUT", path_of("sources"), _with(body, "name"))

    def patch_source(self, source_id: str, changes: Body) -> Source:
        """Change only what is named."""
        return _write(self.transport, Source, "PATCH", path_of("sources", source_id), _some(changes))

    def replace_source(self, source_id: str, body: Body) -> Source:
        """Put a whole source in the place of this one."""
        path = path_of("sources", source_id)
        return _write(self.transport, Source, "PUT", path, _with(body, *_WHOLE_RESOURCE))

    def enable_source(self, source_id: str) -> Source:
        """Let a source receive again; its connections stay as they are."""
        return _write(self.transport, Source, "PUT", path_of("sources", source_id, "enable"))

    def disable_source(self, source_id: str) -> Source:
        """Let a source refuse everything; FastHook disables its connections too."""
        return _write(self.transport, Source, "PUT", path_of("sources", source_id, "disable"))

    def delete_source(self, source_id: str) -> None:
        """Remove a source."""
        self.transport.write("DELETE", path_of("sources", source_id))

    def create_destination(self, body: Body) -> Destination:
        """Make a new destination; 409 where the name or the endpoint is taken."""
        path = path_of("destinations")
        return _write(self.transport, Destination, "POST", path, _with(body, "name", "config"))

    def upsert_destination(self, body: Body) -> Destination:
        """Make the destination of this name, or **replace** it whole."""
        path = path_of("destinations")
        return _write(self.transport, Destination, "PUT", path, _with(body, "name", "config"))

    def patch_destination(self, destination_id: str, changes: Body) -> Destination:
        """Change only what is named, within ``config`` too."""
        path = path_of("destinations", destination_id)
        return _write(self.transport, Destination, "PATCH", path, _some(changes))

    def replace_destination(self, destination_id: str, body: Body) -> Destination:
        """Put a whole destination in the place of this one: ``config`` is replaced, not merged."""
        path = path_of("destinations", destination_id)
        return _write(self.transport, Destination, "PUT", path, _with(body, *_WHOLE_RESOURCE))

    def enable_destination(self, destination_id: str) -> Destination:
        """Let a destination be delivered to again."""
        return _write(self.transport, Destination, "PUT", path_of("destinations", destination_id, "enable"))

    def disable_destination(self, destination_id: str) -> Destination:
        """Let nothing be delivered to a destination."""
        return _write(self.transport, Destination, "PUT", path_of("destinations", destination_id, "disable"))

    def delete_destination(self, destination_id: str) -> None:
        """Remove a destination; no error where there is none."""
        self.transport.write("DELETE", path_of("destinations", destination_id))

    def create_connection(self, body: Body) -> Connection:
        """Make a new route."""
        return _write(self.transport, Connection, "POST", path_of("connections"), _with(body, "name"))

    def upsert_connection(self, body: Body) -> Connection:
        """Make or change a route, found by ``id`` where given, else by ``source_id`` and ``name``."""
        return _write(self.transport, Connection, "PUT", path_of("connections"), _with(body, "name"))

    def patch_connection(self, connection_id: str, changes: Body) -> Connection:
        """Change only what is named; ``rules``, where named, are replaced as a list."""
        path = path_of("connections", connection_id)
        return _write(self.transport, Connection, "PATCH", path, _some(changes))

    def replace_connection(self, connection_id: str, body: Body) -> Connection:
        """Put a whole route in the place of this one."""
        path = path_of("connections", connection_id)
        return _write(self.transport, Connection, "PUT", path, _with(body, *_WHOLE_ROUTE))

    def enable_connection(self, connection_id: str) -> Connection:
        """Let future requests take this route again."""
        return _write(self.transport, Connection, "PUT", path_of("connections", connection_id, "enable"))

    def disable_connection(self, connection_id: str) -> Connection:
        """Let future requests skip this route."""
        return _write(self.transport, Connection, "PUT", path_of("connections", connection_id, "disable"))

    def pause_connection(self, connection_id: str) -> Connection:
        """Hold what is routed here from now on."""
        return _write(self.transport, Connection, "PUT", path_of("connections", connection_id, "pause"))

    def unpause_connection(self, connection_id: str) -> Connection:
        """Deliver again, what was held too."""
        return _write(self.transport, Connection, "PUT", path_of("connections", connection_id, "unpause"))

    def delete_connection(self, connection_id: str) -> None:
        """Remove a route."""
        self.transport.write("DELETE", path_of("connections", connection_id))


def _write(transport: Transport, model: type[M], method: str, path: str, body: Body | None = None) -> M:
    json = None if body is None else dict(body)
    reply = transport.write(method, path, json, hide=secrets_in(json))
    return read_record(model, reply.value, call=reply.call)


def _with(body: Body, *required: str) -> Body:
    """Refuse a body that lacks a field, before FastHook fills it in or empties it."""
    missing = [name for name in required if name not in body]
    if missing:
        raise SettingsError(f"the body must name {', '.join(missing)}")
    return body


def _some(changes: Body) -> Body:
    if not changes:
        raise SettingsError("nothing to change was named")
    return changes
