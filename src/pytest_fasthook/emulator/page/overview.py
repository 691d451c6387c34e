"""The front page: filters, live requests, connections, sources."""

from __future__ import annotations

from html import escape

from pytest_fasthook.emulator.page.markup import badge, code, document, folded, request_link, select, time_of
from pytest_fasthook.emulator.page.read import EVENT_STATES, REQUEST_STATES, Names, Overview, Row
from pytest_fasthook.emulator.store.records import Connection, Event, Source


def overview_page(page: Overview) -> str:
    """Return the front page."""
    intro = f'<p class="where">API <code>{escape(page.origin)}/v1</code> · team <code>{escape(page.team_id)}</code></p>'
    body = f'{intro}{_filters(page)}<main id="live" tabindex="-1">{overview_live(page)}</main>'
    return document("FastHook emulator", body)


def overview_live(page: Overview) -> str:
    """Return the part of the front page that is kept up to date."""
    return (
        f'<section aria-labelledby="requests"><h2 id="requests">Requests</h2>{_requests(page)}</section>'
        f'<section aria-labelledby="connections"><h2 id="connections">Connections</h2>{_connections(page)}</section>'
        f'<section aria-labelledby="sources"><h2 id="sources">Sources</h2>{_sources(page)}</section>'
    )


def _filters(page: Overview) -> str:
    chosen, names = page.filters, page.names
    states = {state: state for state in (*REQUEST_STATES, *EVENT_STATES)}
    sources = {item.id: item.name for item in names.sources.values()}
    connections = {item.id: item.name for item in names.connections.values()}
    search = (
        '<label>Search<input type="search" name="q" placeholder="id, path, header, body" '
        f'value="{escape(chosen.get("q", ""))}"></label>'
    )
    return (
        f'<form class="filters" role="search" method="get" action="/">{search}'
        f"{select('state', 'State', states, chosen=chosen.get('state', ''))}"
        f"{select('source_id', 'Source', sources, chosen=chosen.get('source_id', ''))}"
        f"{select('connection_id', 'Connection', connections, chosen=chosen.get('connection_id', ''))}"
        '<button type="submit">Filter</button><a href="/">Clear</a></form>'
    )


def _requests(page: Overview) -> str:
    if page.error:
        return f'<p role="alert">{escape(page.error)}</p>'
    if not page.rows:
        return '<p class="empty">No request yet, or none that passes the filter.</p>'
    rows = "".join(_request(row, page.names) for row in page.rows)
    more = (
        '<p class="empty">Older requests are not shown; narrow the filter to find them.</p>'
        if page.has_more
        else ""
    )
    return f'<ol class="requests">{rows}</ol>{more}'


def _request(row: Row, names: Names) -> str:
    request = row.request
    what = f"{row.payload.method} {row.payload.path}" if row.payload else "payload no longer kept"
    branches = "".join(_branch(event, names) for event in row.events)
    cause = badge("rejected", label=request.rejection_cause) if request.rejection_cause else ""
    return (
        f'<li><a id="{escape(request.id)}" href="{request_link(request.id)}">'
        f'<span class="when">{time_of(request.created_ms)}</span>'
        f'<span class="what">{escape(what)}</span>'
        f'<span class="source">{escape(names.source(request.source_id))}</span>'
        f'<span class="state">{badge(request.status)}</span>'
        f'<span class="branches">{cause}{branches}</span></a></li>'
    )


def _branch(event: Event, names: Names) -> str:
    state = event.cause or event.status
    attempts = f", {event.attempts} attempts" if event.attempts > 1 else ""
    return badge(event.status, label=f"{names.connection(event.connection_id)}: {state}{attempts}")


def _connections(page: Overview) -> str:
    if not page.names.connections:
        return '<p class="empty">No connection.</p>'
    cards = "".join(_connection(item, page.names) for item in page.names.connections.values())
    return f'<ul class="cards">{cards}</ul>'


def _connection(connection: Connection, names: Names) -> str:
    state = "disabled" if connection.disabled_ms else "paused" if connection.paused_ms else "enabled"
    route = f"{names.source(connection.source_id)} → {names.destination(connection.destination_id)}"
    rules = folded(
        _count(len(connection.rules), "rule"), code(connection.rules), key=f"rules-{connection.id}"
    )
    return (
        f"<li><strong>{escape(connection.name)}</strong> {badge(state)}<br><span>{escape(route)}</span><br>"
        f"<code>{escape(connection.id)}</code>{rules}</li>"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _sources(page: Overview) -> str:
    if not page.names.sources:
        return '<p class="empty">No source.</p>'
    return f'<ul class="cards">{"".join(_source(item, page.origin) for item in page.names.sources.values())}</ul>'


def _source(source: Source, origin: str) -> str:
    state = "disabled" if source.disabled_ms else "enabled"
    auth = (source.config or {}).get("auth_type") or "no authentication"
    return (
        f"<li><strong>{escape(source.name)}</strong> {badge(state)}<br>"
        f"<code>{escape(source.url(origin))}</code><br>"
        f"<span>{escape(source.type)}, {escape(str(auth))}</span></li>"
    )
