"""Which failed deliveries are tried again, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.retrying import Retry, Strategy, readable


def retry(*codes: str, strategy: Strategy = "linear", interval_s: float = 60.0, count: int = 3) -> Retry:
    return Retry(strategy=strategy, interval_s=interval_s, count=count, status_codes=codes)


@pytest.mark.parametrize(
    ("codes", "status", "covered"),
    [
        (("429",), 429, True),
        (("429",), 428, False),
        (("500-599",), 500, True),
        (("500-599",), 599, True),
        (("500-599",), 499, False),
        (("500 - 599",), 503, True),
        ((">400",), 401, True),
        ((">400",), 400, False),
        ((">=400",), 400, True),
        ((">=400",), 500, True),
        ((">=400",), 399, False),
        (("<500",), 499, True),
        (("<500",), 500, False),
        (("<=500",), 500, True),
        (("<=500",), 404, True),
        (("<=500",), 501, False),
        (("500-599", "!501"), 501, False),
        (("500-599", "!501"), 502, True),
        (("!501",), 404, True),
        (("!501",), 501, False),
        (("!500-599",), 503, False),
        (("!>499",), 503, False),
        (("!>499",), 404, True),
        ((), 500, True),
        ((), 404, True),
        ((), 302, True),
        ((), 300, True),
        ((), 299, False),
        ((), 200, False),
        ((), 199, True),
        (("100-599",), 204, False),
        (("5xx",), 404, True),
        (("!5xx",), 404, True),
        (("!5xx", "500"), 404, False),
    ],
)
def test_status_codes_decide_which_answers_are_retried(
    codes: tuple[str, ...],
    status: int,
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert retry(*codes).covers(status) is covered


def test_a_delivery_without_an_answer_is_always_retried() -> None:
    assert retry("429").covers(None)


@pytest.mark.parametrize("code", ["429", "500-599", ">400", "!>=500", " !501 "])
def test_codes_of_every_form_are_readable(code: str) -> None:
    assert readable(code)


@pytest.mark.parametrize("code", ["", "5xx", "4", "-500", "!", "> ", "500-", "500,501"])
def test_other_codes_are_not_readable(code: str) -> None:
    assert not readable(code)


def test_linear_pauses_are_equal() -> None:
    assert [retry().pause_before(number) for number in (1, 2, 3)] == [60.0, 60.0, 60.0]


def test_exponential_pauses_double() -> None:
    pauses = [retry(strategy="exponential", interval_s=30.0).pause_before(n) for n in (1, 2, 3)]
    assert pauses == [30.0, 60.0, 120.0]


def test_past_the_last_retry_there_is_no_pause() -> None:
    assert retry(count=3).pause_before(4) is None
    assert retry(count=0).pause_before(1) is None


def test_retries_are_counted_from_one() -> None:
    assert retry().pause_before(0) is None


def test_an_absurd_count_gives_a_number_and_no_error() -> None:
    assert retry(strategy="exponential", count=10**6).pause_before(10**6) == 60.0 * 2.0**64


@given(st.integers(100, 599), st.integers(100, 599))
def test_an_exclusion_beats_every_inclusion(status: int, other: int) -> None:
    assert not retry("100-599", str(other), f"!{status}").covers(status)
