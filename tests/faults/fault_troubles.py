"""Troubles that a gate must bear: none of them changes what is true, whatever it is added to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import quote

from fault_scene import Plot, Scene, fault
from tcp_proxy import Ending, Trouble

from standin import API_KEY

API_PATHS = ("/connections*", "/requests*", "/events*", "/attempts*", "/metrics*")
ENDINGS: tuple[Ending, ...] = ("reset", "close", "half_close")
EVIL = (
    "\n::error file=a,line=1::pwned\n##[error]pwned\n##vso[task.complete result=Succeeded]done\n"
    "\x1b[31mred\x1b]0;title\x07 \x00\x0b ]]> <![CDATA[ &amp; \u202e <script>alert(1)</script>"
)


def lag(plot: Plot, rng: Random) -> None:
    """Records become visible late, each kind in its own time and so in any order."""
    for kind in rng.sample(["requests", "events", "attempts", "latest_input"], rng.randint(1, 3)):
        plot.before.append(fault("lag", kind, seconds=round(rng.uniform(0.1, 1.2), 2)))
    plot.before.append(fault("metrics_lag", seconds=round(rng.uniform(0.0, 1.0), 2)))


def clock(plot: Plot, rng: Random) -> None:
    """The service's clock is up to ten minutes off, either way."""
    seconds = rng.choice([-600.0, 600.0, rng.uniform(-600, 600)])
    plot.before.insert(0, lambda scene: scene.emulator.clock.skew(seconds))


def traffic(plot: Plot, rng: Random) -> None:
    """Other people use the source before and while the gate looks."""
    before, every_s = rng.randint(3, 120), rng.choice([0.02, 0.05, 0.2])

    def begin(scene: Scene) -> None:
        scene.post({"kind": "other", "text": "x" * 200}, times=before)
        scene.emulator.settle(timeout=20)
        busy = {"times": 200, "every_s": every_s}
        threading.Thread(target=scene.post, args=({"kind": "other"},), kwargs=busy, daemon=True).start()

    plot.before.insert(0, begin)


def hiccup(plot: Plot, rng: Random) -> None:
    """The API fails a few calls, then recovers."""
    for path in rng.sample(API_PATHS, rng.randint(1, 3)):
        kind = rng.choice(["status", "status", "status", "reset", "lost_answer", "truncated", "not_json"])
        status = rng.choice([429, 500, 502, 503, 504])
        seconds = 1.0 if kind == "status" and rng.random() < 0.3 else 0.0
        plot.before.append(fault(kind, path, times=rng.randint(1, 2), status=status, seconds=seconds))


def slow(plot: Plot, rng: Random) -> None:
    """Some answers of the API take their time."""
    seconds = round(rng.uniform(0.1, 0.5), 2)
    plot.before.append(fault("slow", "/[!h]*", times=rng.randint(1, 4), seconds=seconds))


def api_proxy(plot: Plot, rng: Random) -> None:
    """The line to the API is slow, or breaks a few times."""
    plot.api = rng.choice(
        [
            Trouble(delay_s=0.05),
            Trouble(bytes_per_s=200_000),
            Trouble(cut_after=rng.randint(0, 400), ending=rng.choice(ENDINGS), times=rng.randint(1, 3)),
            Trouble(garbage=b"\x15\x03\x01\x00\x02\x02\x46", times=1),
        ]
    )


def ingress_proxy(plot: Plot, rng: Random) -> None:
    """The probe arrives, but what the source answers comes late, in pieces, or not at all."""
    plot.ingress = rng.choice(
        [
            Trouble(delay_s=0.2),
            Trouble(bytes_per_s=2_000),
            Trouble(cut_after=rng.randint(0, 120), ending=rng.choice(ENDINGS)),
        ]
    )


def words(plot: Plot, rng: Random) -> None:
    """The receiver's answer holds commands, escapes and the key of the gate."""
    key = API_KEY.encode()
    said = {
        "evil": EVIL,
        "key": API_KEY,
        "base64": [base64.b64encode(b" " * n + key).decode() for n in range(3)],
        "url": quote(f"/?key={API_KEY}&x=ä", safe=""),
        "hex": key.hex(),
    }
    plot.body = rng.choice(
        [EVIL.encode(), json.dumps(said).encode(), b"<html>" + key + b"</html>", b"\xff\x00"]
    )


def no_id(plot: Plot, rng: Random) -> None:
    """The source does not say which request it made of the probe."""
    plot.before.append(fault("no_request_id"))


def partial(plot: Plot, rng: Random) -> None:
    """Lists say that they are not complete yet, and hold nothing."""
    plot.before.append(fault("partial", times=rng.randint(1, 3)))


def one_dialect(plot: Plot, rng: Random) -> None:
    """Metrics are understood in the words of the guide alone; the contract's are a bad request."""

    def spoil(call: bytes) -> bytes:
        contracts = call.startswith(b"GET /v1/metrics/events?from=")
        return call.replace(b"granularity=", b"granularity=not-", 1) if contracts else call

    plot.rewrite = spoil


HARMLESS: Mapping[str, Callable[[Plot, Random], None]] = {
    "lag": lag,
    "clock": clock,
    "traffic": traffic,
    "hiccup": hiccup,
    "slow": slow,
    "api proxy": api_proxy,
    "ingress proxy": ingress_proxy,
    "words": words,
    "no id": no_id,
    "partial": partial,
    "one dialect": one_dialect,
}
