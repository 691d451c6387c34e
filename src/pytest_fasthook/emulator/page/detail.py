"""One request's page: what came in, each branch with its attempts, and everything in order of time."""

from __future__ import annotations

from html import escape

from pytest_fasthook.emulator.page.markup import badge, code, document, facts, folded, time_of
from pytest_fasthook.emulator.page.read import Detail
from pytest_fasthook.emulator.payload import serialize_body, serialize_headers
from pytest_fasthook.emulator.store.records import Attempt, Event, Execution
from pytest_fasthook.emulator.views.trace import timeline


def detail_page(page: Detail) -> str:
    """Return a request's page."""
    title = f"Request {page.story.request.id}"
    return document(title, f'<main id="live" tabindex="-1">{detail_live(page)}</main>')


def detail_live(page: Detail) -> str:
    """Return the part of a request's page that is kept up to date."""
    request = page.story.request
    return (
        f"<h1>Request <code>{escape(request.id)}</code></h1>{_request(page)}"
        f'<section aria-labelledby="branches"><h2 id="branches">Branches</h2>{_branches(page)}</section>'
        f'<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>{_timeline(page)}</section>'
    )


def missing_page(message: str) -> str:
    """Return the page of a request that is not there."""
    return document(
        "Not found", f'<main id="live" tabindex="-1"><h1>Not found</h1><p>{escape(message)}</p></main>'
    )


def _request(page: Detail) -> str:
    request, exchange = page.story.request, page.story.proxy_exchange
    cause = f" {escape(request.rejection_cause)}" if request.rejection_cause else ""
    pairs = [
        ("State", f"{badge(request.status)}{cause}"),
        ("Source", escape(page.names.source(request.source_id))),
        ("Received", time_of(request.created_ms)),
        ("Verified", "yes" if request.verified else "no"),
    ]
    if request.retry_parent_id:
        pairs.append(
            (
                "Replay of",
                f'<a href="/ui/requests/{escape(request.retry_parent_id)}">{escape(request.retry_parent_id)}</a>',
            )
        )
    if exchange:
        pairs.append(
            ("Upstream", escape(f"{exchange.target_url} → {exchange.response_status or exchange.error_text}"))
        )
    return facts(pairs) + _payload(page)


def _payload(page: Detail) -> str:
    payload = page.payload
    if payload is None:
        return '<p class="empty">The payload is no longer kept.</p>'
    query = f"?{payload.query}" if payload.query else ""
    line = f"<p><code>{escape(payload.method)} {escape(payload.path)}{escape(query)}</code></p>"
    headers = folded("Headers", code(serialize_headers(payload.headers)), key="headers")
    title = "Body, its beginning: the API has the whole" if payload.is_cut else "Body"
    body = folded(title, code(serialize_body(payload.body)), key="body", is_open=True)
    return line + headers + body


def _branches(page: Detail) -> str:
    if not page.story.events:
        return '<p class="empty">No branch.</p>'
    return "".join(_branch(page, event) for event in page.story.events)


def _branch(page: Detail, event: Event) -> str:
    attempts = [item for item in page.story.attempts if item.event_id == event.id]
    executions = [item for item in page.story.executions if item.event_id == event.id]
    route = f"{page.names.connection(event.connection_id)} → {page.names.destination(event.destination_id)}"
    pairs = [("State", f"{badge(event.status)} {escape(event.cause or event.failure_message or '')}")]
    if event.next_attempt_ms is not None:
        pairs.append(("Next attempt", time_of(event.next_attempt_ms)))
    if event.retry_parent_id:
        pairs.append(("Retry of", f"<code>{escape(event.retry_parent_id)}</code>"))
    return (
        f'<article id="{escape(event.id)}"><h3>{escape(route)}</h3><p><code>{escape(event.id)}</code></p>{facts(pairs)}'
        f"{''.join(map(_execution, executions))}{''.join(map(_attempt, attempts))}</article>"
    )


def _execution(execution: Execution) -> str:
    state = execution.message or "applied"
    lines = "\n".join(f"{item['level']}: {item['message']}" for item in execution.logs)
    logs = folded("Console", code(lines), key=execution.id) if lines else ""
    return f"<p>Transformation <code>{escape(execution.transformation_id)}</code>: {escape(state)}</p>{logs}"


def _attempt(attempt: Attempt) -> str:
    answer = attempt.response_status or attempt.error_code
    title = f"Attempt {attempt.attempt_number}: {answer} ({attempt.trigger}, {attempt.latency_ms:g} ms)"
    request = f"<p><code>{escape(attempt.http_method or '')} {escape(attempt.requested_url or '')}</code></p>"
    moment = facts([("At", time_of(attempt.created_ms)), ("Id", f"<code>{escape(attempt.id)}</code>")])
    return folded(title, request + moment + code(attempt.body), key=attempt.id, is_open=True)


def _timeline(page: Detail) -> str:
    items = "".join(
        f'<li><time datetime="{item["at"]}">{item["at"][11:23]}</time> {escape(item["label"])}</li>'
        for item in timeline(page.story)
    )
    return f'<ol class="timeline">{items}</ol>'
