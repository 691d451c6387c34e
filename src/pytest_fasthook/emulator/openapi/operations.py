"""What each operation takes and gives, by method and path (FastHook contract, endpoints)."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_fasthook.emulator.api.metrics import EVENT_MEASURES, REQUEST_MEASURES
from pytest_fasthook.emulator.openapi import envelopes
from pytest_fasthook.emulator.openapi.bodies import TIME
from pytest_fasthook.emulator.openapi.shapes import (
    BOOLEAN,
    OBJECT,
    TEXT,
    Schema,
    array,
    closed,
    model,
    one_of,
    pattern,
)
from pytest_fasthook.emulator.openapi.traffic import EVENT_STATUS, REQUEST_STATUS
from pytest_fasthook.emulator.times import GRANULARITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """One operation's documentation.

    Attributes:
        ok: the model of a successful answer.
        status: the status of a successful answer.
        body: the name of the request body's schema.
        needs_body: the body may not be left out.
        query: parameters by name; a name with ``!`` at its end is required.
    """

    ok: Schema
    status: int = 200
    body: str | None = None
    needs_body: bool = True
    query: dict[str, Schema] = field(default_factory=dict)


_FLAG = one_of("true", "false")
_CURSOR = pattern(r"^[0-9]{1,15}\.[0-9]{1,15}$")
_TEXTS = array(TEXT, minItems=1)
_WORDS: Schema = {"type": "string", "minLength": 1}


def _limit(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


_WINDOW: dict[str, Schema] = {"from": TIME, "to": TIME}
_LISTING: dict[str, Schema] = {
    "limit": _limit(255),
    "order_by": one_of("created_at", "updated_at", "name"),
    "dir": one_of("asc", "desc"),
    "name": _TEXTS,
}
_REQUEST_FILTERS: dict[str, Schema] = {
    **_WINDOW,
    "status": array(REQUEST_STATUS, minItems=1),
    "verified": _FLAG,
    "source_id": _TEXTS,
    "connection_id": _TEXTS,
    "batch_operation_id": _TEXTS,
    "is_retry": _FLAG,
    "retry_kind": array(one_of("single", "bulk"), minItems=1),
    "q": _WORDS,
}
_EVENT_FILTERS: dict[str, Schema] = {
    **_WINDOW,
    "status": array(EVENT_STATUS, minItems=1),
    "source_id": _TEXTS,
    "connection_id": _TEXTS,
    "webhook_id": _TEXTS,
    "destination_id": _TEXTS,
    "batch_operation_id": _TEXTS,
    "batch_operation_scope": one_of("targets", "retries", "related"),
    "q": _WORDS,
}
_ATTEMPT_FILTERS: dict[str, Schema] = {
    **_WINDOW,
    "limit": _limit(255),
    "order_by": one_of("created_at"),
    "dir": one_of("asc", "desc"),
    "status": array(one_of("FAILED", "SUCCESSFUL"), minItems=1),
    "event_id": _TEXTS,
    "destination_id": _TEXTS,
    "q": _WORDS,
    "cursor": _CURSOR,
    "prev": _CURSOR,
}
_GRANULARITY = one_of(*GRANULARITIES)
_BULK: dict[str, Schema] = {"limit": _limit(255), "bucket": one_of("all", "ongoing", "history")}
_IDS: dict[str, Schema] = {"id": _TEXTS}
_DELETED = closed(id=TEXT)
_DATA = closed(data=model("ProjectApiKey"))


def _crud(  # noqa: PLR0913 - which models differ
    path: str,
    name: str,
    *,
    update: str,
    upsert: str | None = None,
    replace: str | None = None,
    query: dict[str, Schema],
) -> dict[str, Doc]:
    """The operations that sources, destinations, connections have in common."""
    shown = Doc(ok=model(name))
    return {
        f"GET {path}": Doc(ok=envelopes.resource_list(name), query=query),
        f"POST {path}": Doc(ok=model(name), body=f"{name}Create"),
        f"PUT {path}": Doc(ok=model(name), body=upsert or f"{name}Create"),
        f"GET {path}/{{id}}": shown,
        f"PUT {path}/{{id}}": Doc(ok=model(name), body=replace or update),
        f"PATCH {path}/{{id}}": Doc(ok=model(name), body=update),
        f"DELETE {path}/{{id}}": Doc(ok=_DELETED),
        **{
            f"{method} {path}/{{id}}/{change}": shown
            for method in ("PUT", "POST")
            for change in ("enable", "disable")
        },
    }


def _bulk(path: str, body: str) -> dict[str, Doc]:
    shown = Doc(ok=model("BulkOperation"))
    return {
        f"GET {path}": Doc(ok=envelopes.plain_list("BulkOperation"), query=_BULK),
        f"POST {path}": Doc(ok=model("BulkOperation"), status=201, body=body),
        f"GET {path}/{{id}}": shown,
        f"POST {path}/{{id}}/cancel": shown,
    }


def _metrics(name: str) -> Doc:
    extra: dict[str, Schema] = {}
    if name == "Destination":
        extra = {
            "partial": BOOLEAN,
            "source": one_of("durable_objects", "cache", "stale_cache"),
            "failed_destination_ids": array(TEXT),
        }
    return Doc(ok=envelopes.plain_list(f"{name}Metrics", extra), query=_IDS)


OPERATIONS: dict[str, Doc] = {
    **_crud("/sources", "Source", update="SourceUpdate", query=_LISTING),
    **_crud(
        "/destinations",
        "Destination",
        update="DestinationUpdate",
        replace="DestinationReplace",
        query={**_LISTING, "include_metrics": _FLAG},
    ),
    **_crud(
        "/connections",
        "Connection",
        update="ConnectionUpdate",
        upsert="ConnectionUpsert",
        query={**_LISTING, "source_id": _TEXTS, "destination_id": _TEXTS},
    ),
    "DELETE /connections/{id}": Doc(ok=closed(deleted=BOOLEAN, id=TEXT)),
    "PUT /connections/{id}/pause": Doc(ok=model("Connection")),
    "PUT /connections/{id}/unpause": Doc(ok=model("Connection")),
    "GET /connections/{id}/latest-input": Doc(ok=model("LatestInput")),
    "GET /filters": Doc(ok=envelopes.resource_list("Filter"), query=_LISTING),
    "POST /filters": Doc(ok=model("Filter"), body="FilterCreate"),
    "POST /filters/test": Doc(ok=closed(matched=BOOLEAN), body="FilterTest"),
    "GET /filters/{id}": Doc(ok=model("Filter")),
    "PATCH /filters/{id}": Doc(ok=model("Filter"), body="FilterUpdate"),
    "PUT /filters/{id}": Doc(ok=model("Filter"), body="FilterUpdate"),
    "DELETE /filters/{id}": Doc(ok=_DELETED),
    "GET /transformations": Doc(ok=envelopes.resource_list("Transformation"), query=_LISTING),
    "POST /transformations": Doc(ok=model("Transformation"), body="TransformationCreate"),
    "PUT /transformations": Doc(ok=model("Transformation"), body="TransformationCreate"),
    "GET /transformations/capabilities": Doc(ok=closed(runtime=TEXT, available=BOOLEAN, limits=OBJECT)),
    "PUT /transformations/validate": Doc(
        ok=closed(valid=BOOLEAN, errors=array(closed(message=TEXT))), body="TransformationValidate"
    ),
    "PUT /transformations/run": Doc(ok=model("TransformationRun"), body="TransformationRun"),
    "GET /transformations/{id}": Doc(ok=model("Transformation")),
    "PUT /transformations/{id}": Doc(ok=model("Transformation"), body="TransformationUpdate"),
    "DELETE /transformations/{id}": Doc(ok=_DELETED),
    "GET /transformations/{id}/executions": Doc(
        ok=envelopes.resource_list("TransformationExecution"), query={"limit": _limit(255)}
    ),
    "GET /transformations/{id}/executions/{execution_id}": Doc(ok=model("TransformationExecutionDetail")),
    "GET /auth/me": Doc(ok=model("Me")),
    "POST /auth/logout": Doc(ok=closed(ok=BOOLEAN)),
    "POST /auth/demo/login": Doc(ok=closed(token=TEXT, session_token=TEXT, team_id=TEXT)),
    "POST /auth/google/login": Doc(ok=closed(token=TEXT)),
    "GET /project-api-keys": Doc(ok=closed(data=array(model("ProjectApiKey")))),
    "POST /project-api-keys": Doc(ok=_DATA, status=201, body="ProjectApiKeyCreate"),
    "GET /project-api-keys/{id}": Doc(ok=_DATA),
    "PATCH /project-api-keys/{id}": Doc(ok=_DATA, body="ProjectApiKeyUpdate"),
    "PUT /project-api-keys/{id}": Doc(ok=_DATA, body="ProjectApiKeyUpdate"),
    "DELETE /project-api-keys/{id}": Doc(ok=_DATA),
    "POST /project-api-keys/{id}/revoke": Doc(ok=_DATA),
    "GET /project-api-keys/{id}/audit": Doc(ok=closed(data=array(model("KeyAudit")))),
    "GET /project-secrets": Doc(ok=model("ProjectSecrets")),
    "PUT /project-secrets": Doc(ok=model("ProjectSecrets"), body="ProjectSecretsSet"),
    "POST /project-secrets/rotate": Doc(
        ok=model("ProjectSecrets"), body="ProjectSecretsRotate", needs_body=False
    ),
    **_bulk("/requests/bulk_operations", "RequestBulk"),
    **_bulk("/events/bulk_operations", "EventBulk"),
    "GET /requests": Doc(
        ok=envelopes.traffic_list("Request", is_sharded=True),
        query={
            **_REQUEST_FILTERS,
            "limit": _limit(100),
            "cursor": _CURSOR,
            "include": array(one_of("data", "event_summary"), minItems=1),
        },
    ),
    "GET /requests/count": Doc(ok=envelopes.traffic_count(is_sharded=True), query=_REQUEST_FILTERS),
    "GET /requests/{id}": Doc(ok=model("Request")),
    "GET /requests/{id}/trace": Doc(ok=model("Trace")),
    "GET /requests/{id}/events": Doc(
        ok=envelopes.branch_list("RequestEvent"),
        query={
            "limit": _limit(255),
            "status": array(EVENT_STATUS, minItems=1),
            "connection_id": _TEXTS,
            "id": _TEXTS,
        },
    ),
    "GET /requests/{id}/ignored_events": Doc(
        ok=envelopes.branch_list("IgnoredEvent"),
        query={"limit": _limit(255), "connection_id": _TEXTS, "id": _TEXTS},
    ),
    "POST /requests/{id}/retry": Doc(
        ok=model("RequestRetry"), status=202, body="RequestRetry", needs_body=False
    ),
    "GET /events": Doc(
        ok=envelopes.traffic_list("Event", is_sharded=False),
        query={**_EVENT_FILTERS, "limit": _limit(100), "cursor": _CURSOR},
    ),
    "GET /events/count": Doc(ok=envelopes.traffic_count(is_sharded=False), query=_EVENT_FILTERS),
    "GET /events/{id}": Doc(ok=model("Event")),
    "POST /events/{id}/retry": Doc(ok=model("EventRetry"), status=202),
    "GET /attempts": Doc(ok=envelopes.attempt_list(), query=_ATTEMPT_FILTERS),
    "GET /attempts/{id}": Doc(ok=model("Attempt")),
    "GET /metrics/requests": Doc(
        ok=model("RequestSeries"),
        query={
            **_WINDOW,
            "measures!": array(one_of(*REQUEST_MEASURES), minItems=1),
            "granularity": _GRANULARITY,
            "source_id": _TEXTS,
            "batch_operation_id": _TEXTS,
            "status": array(REQUEST_STATUS, minItems=1),
            "q": _WORDS,
        },
    ),
    "GET /metrics/events": Doc(
        ok=model("EventSeries"),
        query={
            **_EVENT_FILTERS,
            "measures!": array(one_of(*EVENT_MEASURES), minItems=1),
            "granularity": _GRANULARITY,
        },
    ),
    "GET /metrics/sources": _metrics("Source"),
    "GET /metrics/connections": _metrics("Connection"),
    "GET /metrics/destinations": _metrics("Destination"),
    "GET /metrics/transformations": _metrics("Transformation"),
    "GET /destinations/metrics": _metrics("Destination"),
}
"""The documentation of every operation."""
