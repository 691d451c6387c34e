"""A run judged again from its report: the same verdict for the same limits, and never a better one by guessing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

import pytest
import route_scene as scene
from fasthook_histories import Attempt as Try
from fasthook_histories import Delivery, History, Ingress
from fasthook_histories import Limits as Wanted
from fasthook_histories import Route as Described
from fasthook_strategies import histories
from hypothesis import given
from hypothesis import strategies as st
from judge_driver import Replay
from test_judge_histories import several

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.judge.sequence import judge
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.transcript.kept import (
    Transcript,
    UnreadableTranscriptError,
    read_transcript,
    transcribed,
)
from pytest_fasthook.stages import Stage, StageResult

PLAIN = Redactor(["s3cret"])


def written(replay: Replay, show: Redactor = PLAIN) -> dict[str, Any]:
    """The transcript as it stands in a file."""
    made: dict[str, Any] = json.loads(json.dumps(transcribed(replay.evidence, replay.expect, show)))
    return made


def read(value: Mapping[str, Any]) -> Transcript:
    return read_transcript("conn_1", value)


def results(kept: Transcript, limits: Limits | None = None) -> Mapping[Stage, StageResult]:
    return judge(kept.evidence, replace(kept.expect, limits=limits or kept.expect.limits), inf).results


@several(2)
@given(histories())
def test_the_same_limits_give_the_same_results(history: History) -> None:
    replay = Replay(history).run()

    kept = read(written(replay))

    assert kept.altered is None
    assert results(kept) == replay.results
    assert kept.expect.limits == replay.expect.limits


LIMITS = st.builds(
    Wanted,
    first=st.booleans(),
    latency=st.none() | st.sampled_from((0.05, 1.0, 8.0)),
    failure_rate=st.sampled_from((0.0, 0.4, 1.0)),
)


@several(4)
@given(histories(), LIMITS)
def test_other_limits_give_what_the_log_itself_gives_with_them(history: History, wanted: Wanted) -> None:
    replay = Replay(history).run()
    limits = replace(
        replay.expect.limits,
        attempts="first" if wanted.first else "eventual",
        max_latency_s=wanted.latency,
        max_failure_rate=wanted.failure_rate,
    )

    again = results(read(written(replay)), limits)

    assert again == judge(replay.evidence, replace(replay.expect, limits=limits), inf).results


@several(4)
@given(histories())
def test_what_was_judged_again_can_be_judged_once_more(history: History) -> None:
    kept = read(written(Replay(history).run()))

    once_more = transcribed(kept.evidence, kept.expect, PLAIN)

    assert read(json.loads(json.dumps(once_more))).expect == kept.expect
    assert results(read(once_more)) == results(kept)


def test_a_looser_limit_forgives_and_a_tighter_one_does_not() -> None:
    slow = Replay(History(limits=Wanted(latency=0.1))).run()
    kept = read(written(slow))
    loose, tight = (
        replace(slow.expect.limits, max_latency_s=5.0),
        replace(slow.expect.limits, max_latency_s=0.2),
    )

    assert results(kept)[Stage.DELIVERY].cause is Cause.DELIVERY_SLOW
    assert results(kept, tight)[Stage.DELIVERY].cause is Cause.DELIVERY_SLOW
    assert results(kept, loose)[Stage.DELIVERY].outcome is Outcome.PASSED
    assert Stage.METRICS not in results(kept, loose), (
        "the run never came to metrics, so nothing is known of it"
    )


def test_a_first_failure_counts_where_only_the_first_attempt_does() -> None:
    retried = Delivery(attempts=(Try(at=0.5, ending="500", visible=0.5), Try(at=1.0, visible=1.0)))
    kept = read(written(Replay(History(delivery=retried)).run()))

    assert results(kept)[Stage.DELIVERY].outcome is Outcome.PASSED
    strict = replace(kept.expect.limits, attempts="first")
    assert results(kept, strict)[Stage.DELIVERY].cause is Cause.DELIVERY_FAILED


# -- what makes it fit for a report ------------------------------------------------------------------------------


def test_no_secret_is_in_a_transcript_and_a_masked_auth_still_counts() -> None:
    replay = Replay(History(route=Described(auth="given"), ingress=Ingress(verified=True))).run()

    text = json.dumps(written(replay, Redactor(["s3cret", "x-key"])))

    assert "s3cret" not in text
    assert "x-key" not in text
    kept = read(json.loads(text))
    assert (kept.altered, results(kept)[Stage.INGRESS].outcome) == (None, Outcome.PASSED)


@pytest.mark.parametrize(
    ("secret", "altered"),
    [
        ("accepted", Stage.INGRESS),
        ("evt_1", Stage.BRANCH),
        ("SUCCESSFUL", Stage.DELIVERY),
        ("tm_1", Stage.PREFLIGHT),
        ("orders-to-shop", None),
    ],
)
def test_a_part_in_which_something_was_masked_is_marked(secret: str, altered: Stage | None) -> None:
    """But not where it stands in mere words, of which no verdict depends."""
    kept = read(written(Replay(History()).run(), Redactor([secret])))

    assert kept.altered is altered


@pytest.mark.parametrize("status", ["\x1b[32maccepted", "accepted\x07"])
def test_a_word_that_cleaning_would_make_another_one_is_marked(status: str) -> None:
    here = scene.Scene().connection().sent().request(scene.request(status=status))

    made = json.loads(json.dumps(transcribed(here.evidence, here.expect, PLAIN)))

    assert read(made).altered is Stage.INGRESS
    assert "\\u001b" not in json.dumps(made)


def test_of_a_receivers_answer_only_what_is_expected_of_it_is_kept() -> None:
    release = Replay(History(limits=Wanted(release=True))).run()
    without = Replay(History()).run()

    assert '"version": "2.0"' in json.dumps(written(release))
    assert "version" not in json.dumps(written(without))
    assert "body" not in json.dumps(written(without)["looks"])


def test_equal_answers_are_written_once() -> None:
    late = Replay(History(delivery=Delivery(attempts=(Try(at=15.0, visible=15.0),)))).run()

    attempts = next(one for one in written(late)["looks"] if one["question"]["ask"] == "attempts")

    assert len(attempts["answers"]) == 2
    assert len(attempts["answers"][0]["at"]) > 5


# -- what others made of it ---------------------------------------------------------------------------------------

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    2**70,
    "",
    "x",
    "2026-06-01T12:00:00Z",
    [],
    {},
    [[1, 2]],
    {"ask": "events"},
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, item in inside for place in places(item, (*way, key)))]


GOOD = written(Replay(History()).run())


@given(st.sampled_from(places(GOOD)[1:]), st.sampled_from(ODD))
def test_a_transcript_in_which_anything_was_changed_is_judged_or_refused(
    place: tuple[Any, ...], odd: Any
) -> None:
    value = json.loads(json.dumps(GOOD))
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = odd

    with suppress(UnreadableTranscriptError, OverflowError):
        assert set(results(read(value))) <= set(Stage)
