"""Keeping other websites away from what asks for no credential: the page and the control routes.

A browser on this machine may run scripts of any site. They can send requests to loopback, and with a name of their
own that resolves to it they could even read the answers. Both show in ``Origin`` and ``Host``.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pytest_fasthook.emulator.payload import Headers

_LOCAL = ("localhost", "127.0.0.1", "::1")


def is_foreign(headers: Headers, *, origin: str) -> bool:
    """Whether a request was made by, or under the name of, another site.

    Args:
        headers: of the request.
        origin: where the emulator is served; a host that is not loopback may have any name.
    """
    given = dict(headers)
    host = given.get("host", "")
    if _host_of(origin) in _LOCAL and not _is_local(_host_of(f"http://{host}")):
        return True
    # A delivery carries the origin of its webhook; other sites' scripts cannot send its header.
    sender = None if "x-fasthook-event-id" in given else given.get("origin")
    return sender is not None and sender.partition("://")[2] != host


def is_local_peer(address: str, *, origin: str) -> bool:
    """Whether a connection comes from this machine: from loopback, or from the address that is served."""
    peer = ip_address(address.removeprefix("::ffff:").partition("%")[0])
    return peer.is_loopback or str(peer) == _host_of(origin)


def _is_local(name: str) -> bool:
    return name in _LOCAL or name.endswith(".localhost")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
