"""The path table of the control API (FastHook contract, endpoints)."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fasthook.emulator.api import (
    attempts,
    auth,
    bulk,
    connections,
    destinations,
    events,
    filters,
    keys,
    metrics,
    project_secrets,
    replays,
    requests,
    resource_metrics,
    sources,
    transformations,
)
from pytest_fasthook.emulator.api.access import Role
from pytest_fasthook.emulator.api.call import Operation
from pytest_fasthook.emulator.replay import EVENT_RETRY, REQUEST_RETRY


@dataclass(frozen=True, slots=True)
class Path:
    """One operation: method, path without ``/v1``, who may call it, and what does it."""

    method: str
    path: str
    role: Role
    operation: Operation


_MEMBER, _OWNER, _READ, _EXECUTE = Role.MEMBER, Role.OWNER, Role.READ, Role.EXECUTE

SOURCES = (
    Path("GET", "/sources", _MEMBER, sources.list_all),
    Path("POST", "/sources", _OWNER, sources.create),
    Path("PUT", "/sources", _OWNER, sources.upsert),
    Path("GET", "/sources/{id}", _MEMBER, sources.get),
    Path("PUT", "/sources/{id}", _OWNER, sources.update),
    Path("PATCH", "/sources/{id}", _OWNER, sources.update),
    Path("DELETE", "/sources/{id}", _OWNER, sources.delete),
    Path("PUT", "/sources/{id}/enable", _OWNER, sources.enable),
    Path("POST", "/sources/{id}/enable", _OWNER, sources.enable),
    Path("PUT", "/sources/{id}/disable", _OWNER, sources.disable),
    Path("POST", "/sources/{id}/disable", _OWNER, sources.disable),
)
DESTINATIONS = (
    Path("GET", "/destinations", _MEMBER, destinations.list_all),
    Path("POST", "/destinations", _OWNER, destinations.create),
    Path("PUT", "/destinations", _OWNER, destinations.upsert),
    Path("GET", "/destinations/{id}", _MEMBER, destinations.get),
    Path("PUT", "/destinations/{id}", _OWNER, destinations.replace),
    Path("PATCH", "/destinations/{id}", _OWNER, destinations.merge),
    Path("DELETE", "/destinations/{id}", _OWNER, destinations.delete),
    Path("PUT", "/destinations/{id}/enable", _OWNER, destinations.enable),
    Path("POST", "/destinations/{id}/enable", _OWNER, destinations.enable),
    Path("PUT", "/destinations/{id}/disable", _OWNER, destinations.disable),
    Path("POST", "/destinations/{id}/disable", _OWNER, destinations.disable),
)
CONNECTIONS = (
    Path("GET", "/connections", _MEMBER, connections.list_all),
    Path("POST", "/connections", _OWNER, connections.create),
    Path("PUT", "/connections", _OWNER, connections.upsert),
    Path("GET", "/connections/{id}", _MEMBER, connections.get),
    Path("PUT", "/connections/{id}", _OWNER, connections.update),
    Path("PATCH", "/connections/{id}", _OWNER, connections.update),
    Path("DELETE", "/connections/{id}", _OWNER, connections.delete),
    Path("GET", "/connections/{id}/latest-input", _MEMBER, connections.latest_input),
    Path("PUT", "/connections/{id}/pause", _OWNER, connections.pause),
    Path("PUT", "/connections/{id}/unpause", _OWNER, connections.unpause),
    Path("PUT", "/connections/{id}/enable", _OWNER, connections.enable),
    Path("POST", "/connections/{id}/enable", _OWNER, connections.enable),
    Path("PUT", "/connections/{id}/disable", _OWNER, connections.disable),
    Path("POST", "/connections/{id}/disable", _OWNER, connections.disable),
)
FILTERS = (
    Path("GET", "/filters", _READ, filters.list_all),
    Path("POST", "/filters", _OWNER, filters.create),
    Path("POST", "/filters/test", _EXECUTE, filters.test),
    Path("GET", "/filters/{id}", _READ, filters.get),
    Path("PATCH", "/filters/{id}", _OWNER, filters.update),
    Path("PUT", "/filters/{id}", _OWNER, filters.update),
    Path("DELETE", "/filters/{id}", _OWNER, filters.delete),
)
TRANSFORMATIONS = (
    Path("GET", "/transformations", _MEMBER, transformations.list_all),
    Path("POST", "/transformations", _OWNER, transformations.create),
    Path("PUT", "/transformations", _OWNER, transformations.upsert),
    Path("GET", "/transformations/capabilities", _MEMBER, transformations.capabilities),
    Path("PUT", "/transformations/validate", _EXECUTE, transformations.validate),
    Path("PUT", "/transformations/run", _EXECUTE, transformations.run),
    Path("GET", "/transformations/{id}", _MEMBER, transformations.get),
    Path("PUT", "/transformations/{id}", _OWNER, transformations.update),
    Path("DELETE", "/transformations/{id}", _OWNER, transformations.delete),
    Path("GET", "/transformations/{id}/executions", _MEMBER, transformations.executions),
    Path("GET", "/transformations/{id}/executions/{execution_id}", _MEMBER, transformations.execution),
)
PROJECT = (
    Path("GET", "/auth/me", _READ, auth.me),
    Path("POST", "/auth/logout", _READ, auth.logout),
    Path("POST", "/auth/demo/login", Role.PUBLIC, auth.demo_login),
    Path("POST", "/auth/google/login", Role.PUBLIC, auth.google_login),
    Path("GET", "/project-api-keys", _OWNER, keys.list_all),
    Path("POST", "/project-api-keys", _OWNER, keys.create),
    Path("GET", "/project-api-keys/{id}", _OWNER, keys.get),
    Path("PATCH", "/project-api-keys/{id}", _OWNER, keys.update),
    Path("PUT", "/project-api-keys/{id}", _OWNER, keys.update),
    Path("DELETE", "/project-api-keys/{id}", _OWNER, keys.delete),
    Path("POST", "/project-api-keys/{id}/revoke", _OWNER, keys.revoke),
    Path("GET", "/project-api-keys/{id}/audit", _OWNER, keys.audit),
    Path("GET", "/project-secrets", _OWNER, project_secrets.get),
    Path("PUT", "/project-secrets", _OWNER, project_secrets.put),
    Path("POST", "/project-secrets/rotate", _OWNER, project_secrets.rotate),
)
BULK = (
    Path("GET", "/requests/bulk_operations", _READ, bulk.list_of(REQUEST_RETRY)),
    Path("POST", "/requests/bulk_operations", _EXECUTE, bulk.create_for_requests),
    Path("GET", "/requests/bulk_operations/{id}", _READ, bulk.get_of(REQUEST_RETRY)),
    Path("POST", "/requests/bulk_operations/{id}/cancel", _OWNER, bulk.cancel_of(REQUEST_RETRY)),
    Path("GET", "/events/bulk_operations", _READ, bulk.list_of(EVENT_RETRY)),
    Path("POST", "/events/bulk_operations", _EXECUTE, bulk.create_for_events),
    Path("GET", "/events/bulk_operations/{id}", _READ, bulk.get_of(EVENT_RETRY)),
    Path("POST", "/events/bulk_operations/{id}/cancel", _OWNER, bulk.cancel_of(EVENT_RETRY)),
)
TRAFFIC = (
    Path("GET", "/requests", _READ, requests.list_all),
    Path("GET", "/requests/count", _READ, requests.count),
    Path("GET", "/requests/{id}", _READ, requests.get),
    Path("GET", "/requests/{id}/trace", _READ, requests.trace),
    Path("GET", "/requests/{id}/events", _READ, requests.events),
    Path("GET", "/requests/{id}/ignored_events", _READ, requests.ignored_events),
    Path("POST", "/requests/{id}/retry", _EXECUTE, replays.request),
    Path("GET", "/events", _READ, events.list_all),
    Path("GET", "/events/count", _READ, events.count),
    Path("GET", "/events/{id}", _READ, events.get),
    Path("POST", "/events/{id}/retry", _EXECUTE, replays.event),
    Path("GET", "/attempts", _READ, attempts.list_all),
    Path("GET", "/attempts/{id}", _READ, attempts.get),
)
METRICS = (
    Path("GET", "/metrics/requests", _READ, metrics.requests),
    Path("GET", "/metrics/events", _READ, metrics.events),
    Path("GET", "/metrics/sources", _READ, resource_metrics.sources),
    Path("GET", "/metrics/connections", _READ, resource_metrics.connections),
    Path("GET", "/metrics/destinations", _READ, resource_metrics.destinations),
    Path("GET", "/metrics/transformations", _READ, resource_metrics.transformations),
    Path("GET", "/destinations/metrics", _READ, resource_metrics.destinations),
)

PATHS = METRICS + SOURCES + DESTINATIONS + CONNECTIONS + FILTERS + TRANSFORMATIONS + PROJECT + BULK + TRAFFIC
"""Every operation; a fixed path comes before a variable one that would also match."""
