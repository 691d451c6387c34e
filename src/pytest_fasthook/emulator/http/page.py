"""The page for people over HTTP."""

from __future__ import annotations

from importlib.resources import files

from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.http.exchange import Exchange
from pytest_fasthook.emulator.page.detail import detail_live, detail_page, missing_page
from pytest_fasthook.emulator.page.overview import overview_live, overview_page
from pytest_fasthook.emulator.page.read import detail, overview
from pytest_fasthook.emulator.world import AppState

PREFIX = "/ui/"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HTML = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
_FILES = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}


async def serve_page(exchange: Exchange, world: AppState) -> None:
    """Answer with the front page, a request's page, or one of the page's files."""
    rest = exchange.path.removeprefix(PREFIX)
    if exchange.method not in ("GET", "HEAD"):
        await exchange.answer(b"", status=405, headers={"allow": "GET, HEAD"})
    elif exchange.path == "/":
        await _html(exchange, await _front(exchange, world))
    elif rest in _FILES:
        body = files("pytest_fasthook.emulator.page").joinpath(rest).read_bytes()
        await exchange.answer(
            body, status=200, headers={"content-type": _FILES[rest], "cache-control": "no-cache"}
        )
    else:
        await _request(exchange, world, rest)


async def _front(exchange: Exchange, world: AppState) -> str:
    page = await overview(world, exchange.query)
    return overview_live(page) if _is_live(exchange) else overview_page(page)


async def _request(exchange: Exchange, world: AppState, rest: str) -> None:
    kind, _, request_id = rest.partition("/")
    try:
        page = detail(world, request_id if kind == "requests" else "")
    except NotFound as missing:
        await _html(exchange, missing_page(str(missing)), status=404)
        return
    await _html(exchange, detail_live(page) if _is_live(exchange) else detail_page(page))


def _is_live(exchange: Exchange) -> bool:
    return ("live", "1") in exchange.query


async def _html(exchange: Exchange, text: str, *, status: int = 200) -> None:
    await exchange.answer(text.encode("utf-8", "replace"), status=status, headers=_HTML)
