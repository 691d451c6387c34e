from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    Metrics,
    Record,
    Request,
    Source,
    Trace,
)
from pytest_fasthook.client.records import read_records


@pytest.mark.parametrize("model", [Connection, Source, Destination, Request, IgnoredEvent, Event, Attempt])
def test_only_the_id_is_required_of_a_record(model: type[Record]) -> None:
    assert model.model_validate({"id": "x_1", "new_field": 1}).id == "x_1"
    with pytest.raises(ValidationError):
        model.model_validate({"team_id": "tm_1"})


@pytest.mark.parametrize("model", [IgnoredEvent, Event, Attempt])
@pytest.mark.parametrize("name", ["connection_id", "webhook_id"])
def test_a_connection_is_known_under_either_name(
    model: type[IgnoredEvent | Event | Attempt], name: str
) -> None:
    assert model.model_validate({"id": "x", name: "web_1"}).connection == "web_1"


def test_without_either_name_the_connection_is_unknown() -> None:
    assert Event.model_validate({"id": "x", "connection_id": 5}).connection is None


def test_an_unknown_status_is_kept_as_it_is() -> None:
    assert Event.model_validate({"id": "e", "status": "TELEPORTED"}).status == "TELEPORTED"
    assert Event.model_validate({"id": "e", "status": 1}).status is None


def test_embedded_objects_may_lack_all_but_their_id() -> None:
    connection = Connection.model_validate({"id": "c", "source": {"id": "src_1"}, "destination": {"id": 5}})

    assert connection.source == Source.model_validate({"id": "src_1"})
    assert connection.destination is None


def test_rules_are_raw_and_null_rules_are_none() -> None:
    rule = {"type": "filter", "body": {"a": 1}}

    assert Connection.model_validate({"id": "c", "rules": [rule]}).rules == (rule,)
    assert Connection.model_validate({"id": "c", "rules": None}).rules == ()


def metrics(*points: dict[str, Any]) -> Metrics:
    return Metrics.model_validate({"series": list(points)})


def test_a_total_sums_the_series() -> None:
    found = metrics({"count": 2, "failed_count": 0}, {"count": 3, "failed_count": None})

    assert found.total("count") == 5
    assert found.total("failed_count") == 0


def test_a_measure_that_no_point_carries_has_no_total() -> None:
    found = metrics({"timestamp": "2026-05-29T12:00:00Z"})

    assert found.total("count") is None
    assert found.total("timestamp") is None
    assert metrics().total("count") is None


@pytest.mark.parametrize("series", [None, "x", [1], [{"failed_count": "many"}], [{"failed_count": -1}]])
def test_a_series_that_cannot_be_read_is_an_error(series: object) -> None:
    with pytest.raises(ValidationError):
        Metrics.model_validate({"series": series})


def test_metrics_need_a_series() -> None:
    with pytest.raises(ValidationError):
        Metrics.model_validate({"date_range": None})


def test_only_true_means_partial() -> None:
    assert Metrics.model_validate({"series": [], "partial": True}).partial
    assert not Metrics.model_validate({"series": [], "partial": "no"}).partial


def test_no_latest_input_is_an_answer() -> None:
    assert LatestInputAnswer.model_validate({"latest_input": None}).latest_input is None


@pytest.mark.parametrize("value", [{}, {"latest_input": "x"}, {"latest_input": [1]}])
def test_an_answer_without_latest_input_is_an_error(value: object) -> None:
    with pytest.raises(ValidationError):
        LatestInputAnswer.model_validate(value)


def test_payloads_and_configs_are_not_in_reprs() -> None:
    shown = repr(
        (
            Request.model_validate({"id": "r", "data": {"headers": {"x-api-key": "hush"}}}),
            Source.model_validate({"id": "s", "config": {"auth": {"secret": "hush"}}}),
            Attempt.model_validate({"id": "a", "body": "hush"}),
            LatestInputAnswer.model_validate({"latest_input": {"input": {"body": "hush"}}}),
        )
    )

    assert "hush" not in shown


def test_an_error_does_not_repeat_the_answer() -> None:
    with pytest.raises(ValidationError) as caught:
        Metrics.model_validate({"series": "hush"})

    assert "hush" not in str(caught.value)


def test_a_trace_leaves_out_what_cannot_be_read() -> None:
    trace = Trace.model_validate(
        {
            "request": {"id": "req_1"},
            "events": [{"id": "evt_1"}, {"id": None}, 3],
            "attempts": [{"id": "att_1", "event_id": "evt_1"}, {"id": "att_2", "event_id": "evt_2"}],
            "ignored_events": None,
            "counts": {"events": 1, "attempts": "?"},
        }
    )

    assert [event.id for event in trace.events] == ["evt_1"]
    assert [attempt.id for attempt in trace.attempts_of("evt_1")] == ["att_1"]
    assert trace.ignored_events == ()
    assert trace.counts == {"events": 1}


def test_records_that_cannot_be_read_are_counted() -> None:
    events, unreadable = read_records(Event, [{"id": "a"}, {"id": 1}, None, {"id": "b"}])

    assert [event.id for event in events] == ["a", "b"]
    assert unreadable == 2


def test_models_do_not_change() -> None:
    event = Event.model_validate({"id": "e"})
    with pytest.raises(ValidationError, match="frozen"):
        event.status = "SUCCESSFUL"
