"""The shapes of FastHook's records: every field of its published models, null where empty."""

from __future__ import annotations

from typing import Any

from standin.history import AttemptSeen, EventSeen
from standin.moments import iso, iso_or_none
from standin.receipts import Receipt
from standin.script import ReplayScript, RouteScript, SourceScript

Record = dict[str, Any]
CREATED = "2026-05-01T08:00:00.000Z"
REDACTED = "********"


def source_record(source: SourceScript, *, team_id: str, url: str) -> Record:
    """A source, its secrets redacted."""
    return {
        "id": source.id,
        "name": source.id.removeprefix("src_"),
        "description": None,
        "type": "WEBHOOK",
        "input_type": "webhook",
        "status": source.status,
        "url": url if source.shows_url else None,
        "config": _source_config(source),
        "team_id": team_id,
        "disabled_at": CREATED if source.status == "disabled" else None,
        "created_at": CREATED,
        "updated_at": CREATED,
    }


def _source_config(source: SourceScript) -> Record:
    auth = source.auth
    config: Record = {"auth_type": None, "auth": None, **source.config}
    if source.methods is not None:
        config["allowed_http_methods"] = list(source.methods)
    if auth is not None:
        config["auth_type"] = auth.shown_kind or auth.kind
        config["auth"] = _shown_auth(auth.kind, auth.header)
    if source.ingress.body is not None:
        config["custom_response"] = {"content_type": "json", "body": source.ingress.body}
    return config


def _shown_auth(kind: str, header: str) -> Record:
    if kind == "HMAC":
        return {"secret": REDACTED, "signature_header": header}
    if kind == "API_KEY":
        return {"header_name": header, "api_key": REDACTED}
    return {"username": "fasthook", "password": REDACTED}


def destination_record(route: RouteScript) -> Record:
    """The route's destination."""
    return {
        "id": route.destination_id,
        "team_id": route.team_id,
        "name": route.destination_id.removeprefix("des_"),
        "description": None,
        "type": "HTTP",
        "config": {"url": "https://billing.example/hook", "http_method": "POST", "rate_limit": None},
        "disabled_at": CREATED if route.destination_disabled else None,
        "attempts_24h_count": 0,
        "attempts_24h_bins": [0] * 6,
        "created_at": CREATED,
        "updated_at": CREATED,
    }


def connection_record(route: RouteScript, *, url: str) -> Record:
    """The connection, with its source and destination embedded as the script says."""
    source = source_record(route.source, team_id=route.team_id, url=url)
    destination = destination_record(route)
    if route.embeds == "ids":
        source, destination = ({"id": full["id"], "name": full["name"]} for full in (source, destination))
    return {
        "id": route.connection_id,
        "team_id": route.team_id,
        "source_id": route.source.id,
        "source_proxy": None,
        "source_proxy_url": None,
        "destination_id": route.destination_id,
        "description": None,
        "disabled_at": CREATED if route.disabled else None,
        "paused_at": CREATED if route.paused else None,
        "updated_at": CREATED,
        "created_at": CREATED,
        "name": route.connection_id,
        "rules": [dict(rule) for rule in route.rules],
        "destination": destination,
        "source": source,
    }


def request_record(receipt: Receipt, *, team_id: str, branches: list[EventSeen], with_data: bool) -> Record:
    """A request; ``data`` only where it was asked for."""
    ignored = sum(event.ignored is not None for event in branches)
    record: Record = {
        "id": receipt.request_id,
        "team_id": _request_team(receipt, team_id),
        "status": _request_status(receipt),
        "verified": _verified(receipt),
        "rejection_cause": receipt.rejection,
        "original_event_data_id": f"edt_{receipt.request_id}",
        "ingested_at": iso(receipt.at),
        "source_id": receipt.source.id,
        "events_count": len(branches) - ignored,
        "ignored_count": ignored,
        "cli_events_count": 0,
        **_signs(receipt.replay, "retry_parent_request_id", receipt.parent_id),
        "retried_at": iso_or_none(receipt.at if receipt.replay else None),
        "updated_at": iso(receipt.at),
        "created_at": iso(receipt.at),
    }
    return record | {"data": receipt.envelope} if with_data else record


def _signs(replay: ReplayScript | None, parent: str, parent_id: str | None) -> Record:
    """The fields that tell a replay."""
    silent: Record = {"is_retry": False, "retry_kind": None, parent: None, "retry_operation_id": None}
    if replay is None:
        return silent
    told = {"is_retry": True, "retry_kind": "single", parent: parent_id, "retry_operation_id": "bch_1"}
    name = parent if replay.sign == "parent" else replay.sign
    return told if name == "all" else {**silent, name: told[name]}


def _request_status(receipt: Receipt) -> str:
    if receipt.foreign is None and receipt.source.request.status is not None:
        return receipt.source.request.status
    return "accepted" if receipt.rejection is None else "rejected"


def _request_team(receipt: Receipt, team_id: str) -> str:
    scripted = receipt.source.request.team_id
    return team_id if receipt.foreign is not None or scripted is None else scripted


def _verified(receipt: Receipt) -> bool:
    if receipt.foreign is None and receipt.source.request.verified is not None:
        return receipt.source.request.verified
    return receipt.source.auth is not None and receipt.rejection is None


def event_record(event: EventSeen) -> Record:
    """An event as ``/v1/events`` lists it."""
    route = event.route
    ids = {"webhook_id": route.connection_id, "connection_id": route.connection_id}
    if route.event_ids != "both":
        ids = {route.event_ids: route.connection_id}
    return {
        **_event_core(event),
        **ids,
        "rejection_cause": None,
        "failure_message": None,
        "ignored_reason": event.ignored,
        "ingested_at": iso(event.receipt.at),
        **_signs(event.replay, "retry_parent_event_id", event.parent_id),
        "retried_at": iso_or_none(event.created_at if event.replay else None),
    }


def request_event_record(event: EventSeen) -> Record:
    """An event as ``/v1/requests/{id}/events`` lists it: fewer fields, and ``webhook_id`` only."""
    return {**_event_core(event), "webhook_id": event.route.connection_id}


def _event_core(event: EventSeen) -> Record:
    last = event.attempts[-1] if event.attempts else None
    done = last.at if last and event.status == "SUCCESSFUL" else None
    return {
        "id": event.id,
        "team_id": event.route.team_id,
        "source_id": event.receipt.source.id,
        "destination_id": event.route.destination_id,
        "request_id": event.receipt.request_id,
        "event_data_id": f"edt_{event.id}",
        "status": event.status,
        "attempts": len(event.attempts),
        "response_status": last.script.response_status if last else None,
        "error_code": last.script.error_code if last else None,
        "last_attempt_at": iso_or_none(last.at if last else None),
        "next_attempt_at": iso_or_none(event.next_attempt_at),
        "successful_at": iso_or_none(done),
        "cli_id": None,
        "created_at": iso(event.created_at),
        "updated_at": iso(last.at if last else event.created_at),
    }


def ignored_record(event: EventSeen) -> Record:
    """An ignored branch of a request."""
    return {
        "id": f"{event.receipt.request_id}:{event.route.connection_id}",
        "team_id": event.route.team_id,
        "webhook_id": event.route.connection_id,
        "cause": event.ignored
        if event.route.branch.tells_ignored == "truth"
        else event.route.branch.tells_ignored,
        "request_id": event.receipt.request_id,
        "meta": [],
        "created_at": iso(event.created_at),
        "updated_at": iso(event.created_at),
    }


def attempt_record(event: EventSeen, attempt: AttemptSeen) -> Record:
    """One delivery attempt."""
    answered = attempt.script.response_status is not None
    return {
        "id": f"att_{event.id.removeprefix('evt_')}_{attempt.number}",
        "team_id": event.route.team_id,
        "event_id": event.id,
        "request_id": event.receipt.request_id,
        "connection_id": event.route.connection_id,
        "source_id": event.receipt.source.id,
        "destination_id": event.route.destination_id,
        "response_status": attempt.script.response_status,
        "attempt_number": attempt.number,
        "trigger": "INITIAL" if attempt.number == 1 else "AUTOMATIC",
        "error_code": attempt.script.error_code,
        "body": attempt.script.body,
        "requested_url": "https://billing.example/hook",
        "http_method": "POST",
        "bulk_retry_id": None,
        "status": attempt.script.status,
        "successful_at": iso_or_none(attempt.at if attempt.script.status == "SUCCESSFUL" else None),
        "delivered_at": iso_or_none(attempt.at if answered else None),
        "responded_at": iso_or_none(attempt.at if answered else None),
        "delivery_latency": 12,
        "response_latency": 34 if answered else None,
        "updated_at": iso(attempt.at),
        "created_at": iso(attempt.at),
    }
