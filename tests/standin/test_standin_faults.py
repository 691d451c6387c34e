"""What the script spoils is really spoilt on the wire."""

from __future__ import annotations

import http.client
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from asking import CREDENTIALS, ask, call, send
from until import until

from standin import ApiScript, Fault, IngressScript, RouteScript, SourceScript, StandIn, refused_url


@pytest.mark.parametrize("skew_s", [600.0, -600.0])
def test_a_skewed_clock_shows_in_date_and_records(skew_s: float) -> None:
    with StandIn(RouteScript(), api=ApiScript(skew_s=skew_s)) as standin:
        send(standin)
        told = ask(standin, "/requests")
        said = parsedate_to_datetime(told.headers["date"]).timestamp()
    assert abs(said - time.time() - skew_s) < 30
    assert told.json["models"][0]["ingested_at"].startswith(time.strftime("%Y-%m-%dT", time.gmtime(said)))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (Fault(status=429, retry_after=2), [429, 429]),
        (Fault(status=500, times=1), [500, 200]),
        (Fault(status=500, skip=1), [200, 500]),
        (Fault(status=500, every=2), [200, 500]),
        (Fault(endpoint="metrics"), [200, 200]),
        (Fault(after_probe=True), [200, 200]),
    ],
)
def test_faults_hit_the_calls_they_name(fault: Fault, seen: list[int]) -> None:
    with StandIn(RouteScript(), api=ApiScript(faults=(fault,))) as standin:
        told = [ask(standin, "/connections/conn_orders") for _ in seen]
    assert [answer.status for answer in told] == seen
    assert told[0].headers.get("retry-after") == ("2" if fault.retry_after else None)


def test_a_fault_may_begin_with_the_probe() -> None:
    with StandIn(RouteScript(), api=ApiScript(faults=(Fault(after_probe=True),))) as standin:
        before = ask(standin, "/requests").status
        send(standin)
        assert (before, ask(standin, "/requests").status) == (200, 503)


@pytest.mark.parametrize(
    ("kind", "starts"),
    [("html", b"<!doctype"), ("truncated", b'{"id"'), ("null", b"null"), ("nulls", b'{"id": null')],
)
def test_spoilt_bodies(kind: Any, starts: bytes) -> None:
    with StandIn(RouteScript(), api=ApiScript(faults=(Fault(kind=kind),))) as standin:
        told = ask(standin, "/connections/conn_orders")
    assert told.status == 200
    assert told.body.startswith(starts)


@pytest.mark.parametrize(("kind", "error"), [("reset", ConnectionError), ("cut", http.client.IncompleteRead)])
def test_broken_connections(kind: Any, error: type[Exception]) -> None:
    with StandIn(RouteScript(), api=ApiScript(faults=(Fault(kind=kind),))) as standin, pytest.raises(error):
        ask(standin, "/connections/conn_orders")


def test_a_slow_answer_is_a_good_one_later() -> None:
    fault = Fault(kind="slow", delay_s=0.2)
    with StandIn(RouteScript(), api=ApiScript(faults=(fault,))) as standin:
        began = time.monotonic()
        assert ask(standin, "/connections/conn_orders").status == 200
        assert time.monotonic() - began >= 0.2


def test_a_hang_ends_with_the_client_or_the_stand_in() -> None:
    with StandIn(RouteScript(), api=ApiScript(faults=(Fault(kind="hang"),))) as standin:
        url = f"{standin.api_url}/connections/conn_orders"
        with pytest.raises(TimeoutError):
            call(url, method="GET", headers=CREDENTIALS, limit_s=0.05)


def test_ingress_may_hang_or_reset_after_taking_the_probe() -> None:
    for ingress in (IngressScript(behaviour="hang"), IngressScript(behaviour="reset")):
        with StandIn(RouteScript(source=SourceScript(ingress=ingress))) as standin:
            with pytest.raises((TimeoutError, ConnectionError)):
                call(standin.source_url("src_orders"), method="POST", headers={}, body=b"{}", limit_s=0.2)
            until(lambda: len(standin.probes) == 1)


def test_nobody_listens_at_a_refused_address() -> None:
    with refused_url() as url, pytest.raises(ConnectionRefusedError):
        call(url, method="GET", headers={})


def test_the_api_only_reads() -> None:
    with StandIn(RouteScript()) as standin:
        url = f"{standin.api_url}/connections/conn_orders/pause"
        assert call(url, method="PUT", headers=CREDENTIALS).status == 403
        assert [(c.method, c.endpoint) for c in standin.calls] == [("PUT", "pause")]
        assert standin.world.paused == set()


def test_a_key_that_may_pause_pauses() -> None:
    with StandIn(RouteScript(), api=ApiScript(may_pause=True)) as standin:
        told = call(f"{standin.api_url}/connections/conn_orders/pause", method="PUT", headers=CREDENTIALS)
        assert (told.status, standin.world.paused) == (200, {"conn_orders"})
    assert told.json["paused_at"] is not None
