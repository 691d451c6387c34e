from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.delivery.pacing import RateLimiter

from .conftest import Api


def reserved(pacer: RateLimiter, limit: int | None, now_ms: int, period: str | None = "second") -> int | None:
    return pacer.reserve("des_1", {"rate_limit": limit, "rate_limit_period": period}, now_ms=now_ms)


def test_no_more_than_the_limit_in_any_period() -> None:
    pacer = RateLimiter()
    assert [reserved(pacer, 2, now) for now in (0, 600, 700, 999)] == [None, None, 1000, 1000]
    assert reserved(pacer, 2, 1000) is None
    assert reserved(pacer, 2, 1001) == 1600


@pytest.mark.parametrize(("period", "width"), [("minute", 60_000), ("hour", 3_600_000), (None, 1000)])
def test_periods(period: str | None, width: int) -> None:
    pacer = RateLimiter()
    assert reserved(pacer, 1, 5, period) is None
    assert reserved(pacer, 1, 6, period) == 5 + width


def test_without_a_limit_everything_goes() -> None:
    assert [reserved(RateLimiter(), None, 0) for _ in range(100)] == [None] * 100


def test_a_destinations_rate_limit_is_kept(emulator: Emulator, api: Api) -> None:
    emulator.clock.freeze()
    pace: dict[str, Any] = {"rate_limit": 2, "rate_limit_period": "minute"}
    route = emulator.add_route(name="r", destination=pace)
    for n in range(5):
        api.sent(route, {"n": n})
    assert len(emulator.receiver.deliveries) == 2
    assert {item["status"] for item in api.get("/events")["models"]} == {"SUCCESSFUL", "QUEUED"}
    for expected in (4, 5):
        emulator.clock.advance(60)
        emulator.settle()
        assert len(emulator.receiver.deliveries) == expected
