"""Sockets that keep to a call's hard limit, whatever the other side does.

HTTP libraries bound each single read, so a server that sends one header byte now and then holds a call for
ever. Here every connect, handshake, read and write gets only what is left of the whole call.

Real sockets live on the machine's clock, so the limit is kept on ``time.monotonic`` and not on the clock that
is passed in elsewhere.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class HardLimit(threading.local):
    """The end of the call that the current thread is making; a call never leaves its thread."""

    until = float("inf")

    def start(self, seconds: float) -> None:
        """Begin a call that may take ``seconds``."""
        self.until = time.monotonic() + seconds

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        """Cut a time-out to what is left of the call.

        Raises:
            Exception: ``error``, when nothing is left.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise error("the call took too long")
        return min(left, float("inf") if timeout is None else timeout)


class LimitedStream(httpcore.NetworkStream):
    """A connection whose every step is cut to the call's limit."""

    def __init__(self, stream: httpcore.NetworkStream, limit: HardLimit) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, waiting no longer than the call may take."""
        return self._stream.read(max_bytes, timeout=self._limit.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all, waiting no longer than the call may take."""
        self._stream.write(buffer, timeout=self._limit.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands, waiting no longer than the call may take."""
        left = self._limit.left(timeout, httpcore.ConnectTimeout)
        return LimitedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._limit)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket beneath."""
        return self._stream.get_extra_info(info)


class LimitedBackend(httpcore.NetworkBackend):
    """Opens connections within the call's limit, trying each address of a host for its share of the time."""

    def __init__(self, limit: HardLimit) -> None:
        self._limit = limit
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises:
            httpcore.ConnectError: the name has no address, or none of them accepts.
            httpcore.ConnectTimeout: none answered in time.
        """
        addresses = _addresses(host, port)
        ends = time.monotonic() + self._limit.left(timeout, httpcore.ConnectTimeout)
        options = list(socket_options or ())
        for position, address in enumerate(addresses, start=1):
            share = (ends - time.monotonic()) / (len(addresses) - position + 1)
            last = position == len(addresses)
            with suppress(*(() if last else (httpcore.ConnectError, httpcore.ConnectTimeout))):
                seconds = self._limit.left(max(share, 0.001), httpcore.ConnectTimeout)
                stream = self._backend.connect_tcp(address, port, seconds, local_address, options)
                return LimitedStream(stream, self._limit)
        raise httpcore.ConnectError(f"{host} has no address")


def _addresses(host: str, port: int) -> list[str]:
    """Resolve a host; names under ``localhost`` are this machine (RFC 6761), whatever the resolver says."""
    name = "localhost" if host.endswith(".localhost") else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a URL; this machine itself is never reached through one."""
    found = _proxy_entry(scheme, host)
    return None if found is None else found[1]


def proxy_named(scheme: str, host: str) -> str | None:
    """The proxy for a URL in words, with the variable that names it and without a login in it."""
    found = _proxy_entry(scheme, host)
    if found is None:
        return None
    kind, proxy = found
    variable = f"{kind.upper()}_PROXY"
    shown = variable.lower() if variable.lower() in os.environ else variable
    return f"{proxy.rpartition('@')[2].partition('://')[2] or proxy.rpartition('@')[2]} of {shown}"


def _proxy_entry(scheme: str, host: str) -> tuple[str, str] | None:
    """The kind of proxy that holds for a URL (``http``, ``https`` or ``all``), and its URL."""
    if host in _LOOPBACK or host.endswith(".localhost") or proxy_bypass(host) or _in_excepted_network(host):
        return None
    proxies = getproxies()
    for kind in (scheme, "all"):
        if found := proxies.get(kind):
            return kind, found if "://" in found else f"http://{found}"
    return None


def _in_excepted_network(host: str) -> bool:
    """Whether an address lies in a range of ``NO_PROXY`` such as 10.0.0.0/8, which Python itself does not read."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    for entry in getproxies().get("no", "").split(","):
        with suppress(ValueError):
            if "/" in entry and address in ip_network(entry.strip(), strict=False):
                return True
    return False


def open_pool(
    *, proxy: str | None, context: ssl.SSLContext | None, limit: HardLimit, keep_alive: int
) -> httpcore.ConnectionPool:
    """Open a pool of connections, directly or through a proxy.

    Args:
        proxy: the URL of a proxy, from ``proxy_for``.
        context: for TLS; ``None`` where only plain HTTP is spoken.
        limit: the limit each call keeps to.
        keep_alive: how many idle connections stay open.
    """
    return httpcore.ConnectionPool(
        ssl_context=context,
        proxy=None if proxy is None else _proxy(proxy),
        max_connections=100,
        max_keepalive_connections=keep_alive,
        keepalive_expiry=30.0,
        network_backend=LimitedBackend(limit),
    )


def _proxy(url: str) -> httpcore.Proxy:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        raise httpcore.ProxyError("the environment names a proxy that is not an http or https URL")
    target = httpcore.URL(scheme=parts.scheme, host=host, port=port, target="/")
    if parts.username is None:
        return httpcore.Proxy(target)
    return httpcore.Proxy(target, auth=(unquote(parts.username), unquote(parts.password or "")))
