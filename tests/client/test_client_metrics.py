from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from client_world import START, Script, transport_over

from pytest_fasthook.client import api
from pytest_fasthook.client.answers import Answer
from pytest_fasthook.client.models import Metrics
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import RefusedError, UnreadableError

SERIES = {"series": [{"timestamp": "2026-05-29T12:00:00Z", "count": 2, "failed_count": 0}]}


def ask(transport: Transport) -> Answer[Metrics]:
    return api.get_event_metrics(
        transport,
        connection_id="web_1",
        since=START,
        until=START + timedelta(minutes=5),
        measures=["count", "failed_count"],
    )


def speaking(dialect: str) -> Script:
    """An API that understands one dialect, and calls the other a bad request."""

    def answer(request: httpx.Request) -> httpx.Response:
        spoken = "contract" if "from" in request.url.params else "guide"
        return httpx.Response(200, json=SERIES) if spoken == dialect else bad(spoken)

    return Script(answer)


def bad(word: str) -> httpx.Response:
    return httpx.Response(400, json={"error": f"{word} not understood"})


def test_the_contracts_dialect_comes_first() -> None:
    script = speaking("contract")
    transport = transport_over(script)

    assert ask(transport).value.total("count") == 2
    ask(transport)
    assert [list(request.url.params.multi_items()) for request in script.asked] == 2 * [
        [
            ("from", "2026-05-29T12:00:00.000Z"),
            ("to", "2026-05-29T12:05:00.000Z"),
            ("measures", "count,failed_count"),
            ("granularity", "1m"),
            ("connection_id", "web_1"),
        ]
    ]


def test_the_guides_dialect_is_spoken_where_the_first_is_refused_and_remembered() -> None:
    script = speaking("guide")
    transport = transport_over(script)
    ask(transport)
    ask(transport)

    assert len(script.asked) == 3
    assert script.asked[2].url.params.multi_items() == [
        ("date_range[start]", "2026-05-29T12:00:00.000Z"),
        ("date_range[end]", "2026-05-29T12:05:00.000Z"),
        ("measures[]", "count"),
        ("measures[]", "failed_count"),
        ("granularity", "1m"),
        ("connection_id", "web_1"),
    ]


def test_the_guides_dialect_is_spoken_where_the_first_is_passed_over() -> None:
    """An API may take parameters it does not know, and answer buckets without what was asked for."""
    empty = {"series": [{"timestamp": "2026-05-29T12:00:00Z"}]}
    script = Script(
        lambda request: httpx.Response(200, json=empty if "from" in request.url.params else SERIES)
    )
    transport = transport_over(script)

    assert ask(transport).value.total("count") == 2
    assert ask(transport).value.total("count") == 2
    assert ["from" in request.url.params for request in script.asked] == [True, False, False]


def test_a_series_without_the_measure_in_either_dialect_is_told_as_it_is() -> None:
    empty = {"series": [{"timestamp": "2026-05-29T12:00:00Z"}]}
    transport = transport_over(Script(lambda _: httpx.Response(200, json=empty)))

    assert ask(transport).value.total("count") is None


def test_each_transport_learns_for_itself() -> None:
    ask(transport_over(speaking("guide")))
    script = speaking("contract")
    ask(transport_over(script))

    assert len(script.asked) == 1


def test_where_both_are_refused_the_first_refusal_is_told() -> None:
    script = Script(bad("contract"), bad("guide"))

    with pytest.raises(RefusedError, match="contract not understood"):
        ask(transport_over(script))
    assert len(script.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_only_a_bad_request_is_a_matter_of_dialect(status: int) -> None:
    script = Script(httpx.Response(status, json={"error": "no"}))

    with pytest.raises(RefusedError):
        ask(transport_over(script))
    assert len(script.asked) == 1


@pytest.mark.parametrize("value", [{}, {"series": None}, {"data": []}, {"series": [{"count": "two"}]}])
def test_an_answer_without_a_readable_series_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError) as caught:
        ask(transport_over(Script(httpx.Response(200, json=value))))

    assert (caught.value.field or "").startswith("series")


def test_request_metrics_name_the_source() -> None:
    script = speaking("contract")
    answer = api.get_request_metrics(
        transport_over(script),
        source_id="src_1",
        since=START,
        until=START,
        measures=["accepted_count"],
        granularity="1h",
    )

    assert answer.call == "GET /metrics/requests"
    assert script.asked[0].url.params["source_id"] == "src_1"
    assert script.asked[0].url.params["granularity"] == "1h"
    assert answer.value.total("accepted_count") is None
