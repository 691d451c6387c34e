"""Documents of realistic runs: one that passed, and builders for everything that can differ from it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.stages import Stage

Document = dict[str, Any]

START = datetime(2026, 5, 29, 10, 0, 0, tzinfo=UTC)
VERDICT_OF = {Outcome.FAILED: "fail", Outcome.ERROR: "error", Outcome.INCONCLUSIVE: "inconclusive"}
STAGE_OF_CAUSE = {
    Cause.REQUEST_NOT_SEEN: Stage.INGRESS,
    Cause.INGRESS_REJECTED: Stage.INGRESS,
    Cause.INGRESS_UNREACHABLE: Stage.INGRESS,
    Cause.BRANCH_IGNORED: Stage.BRANCH,
    Cause.BRANCH_NOT_SEEN: Stage.BRANCH,
    Cause.EVENT_HELD: Stage.BRANCH,
    Cause.DELIVERY_FAILED: Stage.DELIVERY,
    Cause.DELIVERY_SLOW: Stage.DELIVERY,
    Cause.DELIVERY_PENDING: Stage.DELIVERY,
    Cause.WRONG_VERSION: Stage.DELIVERY,
    Cause.LATEST_INPUT_MISMATCH: Stage.LATEST_INPUT,
    Cause.LATEST_INPUT_STALE: Stage.LATEST_INPUT,
    Cause.METRICS_FAILURES: Stage.METRICS,
    Cause.METRICS_LAG: Stage.METRICS,
    Cause.STAGE_NOT_RUN: Stage.METRICS,
    Cause.NEGATIVE_ACCEPTED: Stage.INGRESS,
    Cause.INTERNAL_ERROR: Stage.BRANCH,
}
RANK = ("fail", "error", "inconclusive", "pass")


def at(seconds: float) -> str:
    """A moment of the run, in the report's spelling."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(call: str, seconds: float, value: object) -> Document:
    return {"call": call, "asked_at": at(seconds), "seen_at": at(seconds + 0.03), "answer": value}


def stage(name: str, seconds: float, duration: float, **more: Any) -> Document:
    """One stage that passed."""
    entry = {
        "stage": name,
        "outcome": "passed",
        "advisory": False,
        "code": None,
        "message": f"{name} holds",
        "started_at": at(seconds),
        "duration_s": duration,
        "polls": 1,
        "evidence": {},
    }
    return entry | more


def passing_stages() -> list[Document]:
    """The six stages of a delivery that took one retry."""
    return [_preflight(), _ingress(), _branch(), _delivery(), _latest_input(), _metrics()]


def _preflight() -> Document:
    found = {"id": "conn_1", "team_id": "tm_1", "paused_at": None, "disabled_at": None}
    return stage(
        "preflight",
        0.0,
        0.12,
        message="conn_1 of team tm_1 is enabled and not paused",
        evidence={"filter": "satisfied", "answers": [answer("GET /connections/conn_1", 0.02, found)]},
    )


def _ingress() -> Document:
    seen = {"id": "req_1", "status": "accepted", "verified": True, "rejection_cause": None}
    return stage(
        "ingress",
        0.2,
        0.42,
        polls=2,
        message="request req_1 was accepted and verified",
        evidence={
            "http_status": 200,
            "verified": True,
            "answers": [
                answer("GET /requests?source_id=src_1", 0.3, {"models": []}),
                answer("GET /requests?source_id=src_1", 0.58, {"models": [seen]}),
            ],
        },
    )


def _branch() -> Document:
    found = {"id": "evt_1", "connection_id": "conn_1", "request_id": "req_1", "status": "QUEUED"}
    return stage(
        "branch",
        0.62,
        0.09,
        message="event evt_1 exists for conn_1",
        evidence={"answers": [answer("GET /events?connection_id=conn_1", 0.65, {"models": [found]})]},
    )


def _delivery() -> Document:
    models = [
        {
            "id": "att_1",
            "attempt_number": 1,
            "status": "FAILED",
            "response_status": 503,
            "created_at": at(1.0),
        },
        {
            "id": "att_2",
            "attempt_number": 2,
            "status": "SUCCESSFUL",
            "response_status": 200,
            "created_at": at(3.0),
        },
    ]
    return stage(
        "delivery",
        0.71,
        2.6,
        polls=4,
        message="attempt att_2 was answered with 200",
        evidence={
            "response_status": 200,
            "attempts": 2,
            "latency_s": 2.41,
            "answers": [answer("GET /attempts?event_id=evt_1", 3.28, {"models": models})],
        },
    )


def _latest_input() -> Document:
    newest = {"request_id": "req_1", "input": {"body": {"type": "invoice.paid"}}}
    return stage(
        "latest_input",
        3.31,
        0.05,
        message="the latest input of conn_1 is request req_1's",
        evidence={
            "answers": [answer("GET /connections/conn_1/latest-input", 3.32, {"latest_input": newest})]
        },
    )


def _metrics() -> Document:
    series = [
        {"timestamp": at(-60), "count": 3, "delivered_count": 3, "failed_count": 0},
        {"timestamp": at(0), "count": 1, "delivered_count": 1, "failed_count": 0},
    ]
    return stage(
        "metrics",
        3.36,
        1.1,
        polls=2,
        message="4 events are counted in the window, none failed",
        evidence={
            "count": 4,
            "failed_count": 0,
            "failure_rate": 0.0,
            "window_start": at(-60),
            "window_end": at(4.4),
            "answers": [answer("GET /metrics/events?connection_id=conn_1", 4.4, {"series": series})],
        },
    )


def passing_connection(connection_id: str = "conn_1") -> Document:
    return {
        "connection_id": connection_id,
        "source_id": "src_1",
        "destination_id": "des_1",
        "probe_id": "prb_1",
        "verdict": "pass",
        "cause": None,
        "ids": {"request_id": "req_1", "event_id": "evt_1", "attempt_ids": ["att_1", "att_2"]},
        "warnings": ["delivered on attempt 2 of 2"],
        "stages": passing_stages(),
    }


def document(*connections: Document, **more: Any) -> Document:
    """A run over ``connections`` (one that passed, if none is given), with the verdict they earn."""
    listed = list(connections) or [passing_connection()]
    verdict = min((entry["verdict"] for entry in listed), key=RANK.index)
    run = {
        "schema_version": 1,
        "tool": {"name": "pytest-fasthook", "version": "0.1.0"},
        "verdict": verdict,
        "exit_code": max((_exit_code(entry) for entry in listed), key=(0, 75, 69, 70, 77, 1).index),
        "started_at": at(0),
        "finished_at": at(4.5),
        "api": {"url": "https://api.fasthook.io/v1", "team_id": "tm_1"},
        "mode": "send",
        "policy": {"on_inconclusive": "keep", "on_error": "keep", "advisory": []},
        "connections": listed,
    }
    return copy.deepcopy(run | more)


def _exit_code(connection: Document) -> int:
    return Cause(connection["cause"]["code"]).exit_code if connection["cause"] else 0


def broken_connection(
    cause: Cause,
    *,
    connection_id: str = "conn_1",
    message: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Document:
    """A connection that ``cause`` decides at the stage where it comes up; later stages are blocked."""
    where = STAGE_OF_CAUSE.get(cause, Stage.PREFLIGHT)
    said = message or f"{where} of {connection_id} ended with {cause}"
    connection = passing_connection(connection_id)
    connection["stages"] = [_broken_stage(entry, cause, where=where, said=said) for entry in passing_stages()]
    connection["stages"][list(Stage).index(where)]["evidence"].update(facts or {})
    connection["ids"] = _ids_until(where)
    connection["warnings"] = []
    connection["verdict"] = VERDICT_OF[cause.outcome]
    connection["cause"] = {
        "stage": str(where),
        "code": str(cause),
        "message": said,
        "next": f"Look at {where}.",
    }
    return connection


def _ids_until(where: Stage) -> Document:
    reached = list(Stage).index(where)
    return {
        "request_id": "req_1" if reached >= list(Stage).index(Stage.INGRESS) else None,
        "event_id": "evt_1" if reached >= list(Stage).index(Stage.DELIVERY) else None,
        "attempt_ids": ["att_1", "att_2"] if reached >= list(Stage).index(Stage.DELIVERY) else [],
    }


def _broken_stage(entry: Document, cause: Cause, *, where: Stage, said: str) -> Document:
    order = list(Stage)
    if order.index(Stage(entry["stage"])) < order.index(where):
        return entry
    if entry["stage"] == where:
        return entry | {"outcome": str(cause.outcome), "code": str(cause), "message": said}
    blocked = {"outcome": "blocked", "message": f"not run: blocked by {where}", "evidence": {}}
    return entry | blocked | {"started_at": None, "duration_s": 0.0, "polls": 0}


def advisory_connection(cause: Cause = Cause.METRICS_LAG) -> Document:
    """A connection that passes although an advisory stage did not."""
    where = STAGE_OF_CAUSE[cause]
    connection = passing_connection()
    said = f"{where} ended with {cause}"
    connection["stages"][list(Stage).index(where)].update(
        outcome=str(cause.outcome), code=str(cause), message=said, advisory=True
    )
    return connection


def advisory_document(cause: Cause = Cause.METRICS_LAG) -> Document:
    policy = {"on_inconclusive": "keep", "on_error": "keep", "advisory": [str(STAGE_OF_CAUSE[cause])]}
    return document(advisory_connection(cause), policy=policy)


def let_through_document(cause: Cause = Cause.DELIVERY_PENDING) -> Document:
    """A verdict that is not a pass, and an exit code of 0 because the policy says so."""
    policy = {"on_inconclusive": "pass", "on_error": "pass", "advisory": []}
    return document(broken_connection(cause), policy=policy, exit_code=0)


def many_connections_document(count: int = 12) -> Document:
    """A run over many connections, among which one failed, one could not be judged and one was refused."""
    connections = [passing_connection(f"conn_{number}") for number in range(count)]
    connections[3] = broken_connection(Cause.METRICS_LAG, connection_id="conn_3")
    connections[5] = broken_connection(Cause.DELIVERY_FAILED, connection_id="conn_5")
    connections[8] = broken_connection(Cause.API_UNAUTHORIZED, connection_id="conn_8")
    return document(*connections)


HOSTILE = (
    "<script>alert('x')</script>]]>&amp;\"quoted\" | pipe ` tick * star\n::error file=x::boom\n##[group]x "
    "##vso[task]\x00\x07\x1b[31mred\x1b[0m \ud800 lone \ufffe \u202e bidi <b>bold</b> "
    "{{ 7*7 }} {% raw %} %0A \r\n# head"
)
"""Text of a receiver that wants to break every report."""


def hostile_document() -> Document:
    """Every text from outside, and every id, is hostile."""
    connection = broken_connection(Cause.DELIVERY_FAILED, connection_id=f"conn_{HOSTILE}", message=HOSTILE)
    connection.update(source_id=HOSTILE, destination_id=HOSTILE, probe_id=HOSTILE, warnings=[HOSTILE])
    connection["ids"] = {"request_id": HOSTILE, "event_id": HOSTILE, "attempt_ids": [HOSTILE, HOSTILE]}
    connection["cause"]["next"] = HOSTILE
    for entry in connection["stages"]:
        entry["message"] = HOSTILE
        entry["evidence"] = {
            HOSTILE: HOSTILE,
            "": 1,
            "nested": {HOSTILE: [HOSTILE]},
            "answers": [_hostile_answer()],
        }
    return document(connection, api={"url": HOSTILE, "team_id": HOSTILE})


def _hostile_answer() -> Document:
    return answer(f"GET /{HOSTILE}", 1.0, {HOSTILE: [HOSTILE, None, 1.5, True]}) | {"error": HOSTILE}


def not_run_document() -> Document:
    """The last stage was deselected, so nothing proves that it would have held."""
    return document(broken_connection(Cause.STAGE_NOT_RUN, message="metrics did not run"))


def samples() -> dict[str, Document]:
    """Every kind of run, by name."""
    return {
        "pass": document(),
        "advisory": advisory_document(),
        "advisory_failed": advisory_document(Cause.METRICS_FAILURES),
        "let_through": let_through_document(),
        "many": many_connections_document(),
        "hostile": hostile_document(),
        "not_run": not_run_document(),
        **{f"cause_{cause}": document(broken_connection(cause)) for cause in Cause},
    }
