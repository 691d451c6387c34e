"""One HTTP exchange, within the limits of a call: the only module that imports httpx."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version

import httpcore
import httpx

from pytest_fasthook.client.addresses import header_value
from pytest_fasthook.client.replies import RawReply
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.sockets import HardLimit, open_pool, proxy_for, proxy_named
from pytest_fasthook.clock import Clock
from pytest_fasthook.redact import Secret

HttpTransport = httpx.BaseTransport
"""What can answer calls in place of sockets."""
Params = Sequence[tuple[str, str]]
NETWORK_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    UnicodeError,
)
"""Whatever can go wrong on the way, in the words of all who take part."""
_LIBRARY_HEADERS = ("accept", "accept-encoding", "connection")
"""What httpx adds by itself; a source hands it on to the receiver, which may then answer in another way."""


def as_sent(url: str) -> str:
    """Return a URL as it goes over the wire: escaped, without a fragment; a URL that is none stays as it is."""
    try:
        return str(httpx.URL(url).copy_with(fragment=None))
    except (httpx.InvalidURL, UnicodeError):
        return url  # sending it fails with the reason


class Wire:
    """Makes one HTTP exchange, within the limits of a call."""

    def __init__(self, clock: Clock, limits: CallLimits, *, http: HttpTransport) -> None:
        self._clock = clock
        self._limits = limits
        self._client = httpx.Client(
            transport=http,
            headers={"user-agent": f"pytest-fasthook/{_version()}"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no answer may change a later call
            follow_redirects=False,
            trust_env=False,  # proxies and certificates of the environment are seen to by ``Sockets``
        )
        for name in _LIBRARY_HEADERS:
            del self._client.headers[name]

    def sign(self, *, team_id: str, api_key: Secret) -> None:
        """Put key and team on every call; the client's own headers mask the key in their repr."""
        self._client.headers["accept"] = "application/json"
        self._client.headers["accept-encoding"] = "gzip, deflate"  # what can be read without other packages
        self._client.headers["x-team-id"] = header_value("the team id", team_id)
        self._client.headers["authorization"] = f"Bearer {header_value('the API key', api_key.reveal())}"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: list[tuple[bytes, bytes]],
        content: bytes | None,
        params: Params = (),
    ) -> httpx.Request:
        """Make a request, not sent yet; lone surrogates in the query, which no URL can hold, become ``?``.

        Raises:
            httpx.InvalidURL: the URL is none.
        """
        query = httpx.QueryParams(
            tuple((name, value.encode("utf-8", "replace").decode()) for name, value in params)
        )
        return self._client.build_request(
            method,
            url,
            params=query or None,
            headers=httpx.Headers(headers),
            content=content,
        )

    def exchange(self, request: httpx.Request, *, deadline: float | None, cut: bool = False) -> RawReply:
        """Send and read.

        Args:
            request: what to send.
            deadline: on ``clock.monotonic``.
            cut: keep only the first part of a body, and keep it also where the rest never comes.

        Raises:
            Exception: one of ``NETWORK_ERRORS``.
        """
        asked_at = self._clock.monotonic()
        seconds = self._limits.seconds(now=asked_at, deadline=deadline)
        connect = min(self._limits.connect_s, seconds)
        request.extensions = {
            **request.extensions,
            "timeout": httpx.Timeout(seconds, connect=connect).as_dict(),
            "seconds": seconds,
        }
        response = self._client.send(request, stream=True)
        try:
            body, complete = self._body(response, until=asked_at + seconds, cut=cut)
        finally:
            response.close()
        return RawReply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            complete=complete,
            asked_at=asked_at,
            seen_at=self._clock.monotonic(),
            received_at=self._clock.now(),
        )

    def _body(self, response: httpx.Response, *, until: float, cut: bool) -> tuple[bytes, bool]:
        """Read a body up to its limit in size and time.

        Where the status alone says what there is to know, a broken body is kept as far as it came.
        """
        limit = self._limits.ingress_bytes if cut else self._limits.answer_bytes
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > limit:
                    return bytes(body[:limit]), False
                if self._clock.monotonic() > until:
                    raise httpx.ReadTimeout("the answer came too slowly")
        except NETWORK_ERRORS:
            if response.is_success and not cut:
                raise
            return bytes(body), False
        return bytes(body), True


class Tls:
    """The certificates to trust, loaded once and only when something speaks TLS: loading takes some 50 ms."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def context(self) -> ssl.SSLContext:
        """The context for all connections."""
        with self._lock:
            if self._context is None:
                _check_certificates()
                self._context = httpx.create_ssl_context()
            return self._context


def _check_certificates() -> None:
    """Name the variable that leads nowhere, as reading it would fail with a bare "no such file"."""
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        named = os.environ.get(variable)
        if named and not os.path.exists(named):  # noqa: PTH110 - may hold what no path can
            raise httpcore.ConnectError(f"{variable} names {named}, which does not exist") from ssl.SSLError()


class Sockets(httpx.BaseTransport):
    """Real connections that keep to a hard limit per call, directly or through the environment's proxies."""

    def __init__(self, tls: Tls, limits: CallLimits, *, keep_alive: int) -> None:
        self._tls = tls
        self._whole_s = limits.whole_s
        self._keep_alive = keep_alive
        self._limit = HardLimit()
        self._pools: dict[tuple[str, str | None], httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and hand its answer on unread."""
        self._limit.start(float(request.extensions.get("seconds", self._whole_s)))
        url = request.url
        try:
            return self._answer(request, url, proxy_for(url.scheme, url.host))
        except NETWORK_ERRORS as error:
            found = proxy_named(url.scheme, url.host)
            if found:
                error.add_note(f"through the proxy {found}")
            raise

    def _answer(self, request: httpx.Request, url: httpx.URL, proxy: str | None) -> httpx.Response:
        answer = self._pool(url, proxy).handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close the connections that are kept alive."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _pool(self, url: httpx.URL, proxy: str | None) -> httpcore.ConnectionPool:
        context = self._tls.context() if url.scheme == "https" else None
        with self._lock:
            key = (url.scheme, proxy)
            if key not in self._pools:
                self._pools[key] = open_pool(
                    proxy=proxy, context=context, limit=self._limit, keep_alive=self._keep_alive
                )
            return self._pools[key]


class _Body(httpx.SyncByteStream):
    """Hands a body on from httpcore to httpx."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _version() -> str:
    try:
        return version("pytest-fasthook")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"
