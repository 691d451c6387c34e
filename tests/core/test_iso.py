from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from dateutil.parser import isoparse
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.iso import read_iso

NOON = datetime(2026, 5, 29, 12, 0, 0, tzinfo=UTC)
OFFSETS = st.sampled_from(["Z", "+00:00", "-00:00", "+02:30", "-14:59", "+15:00", ""])
FRACTIONS = st.sampled_from(["", ".1", ".12", ".123", ".123456", ".1234567", ".123456789"])


@given(st.datetimes(), FRACTIONS, OFFSETS)
def test_the_quick_way_reads_what_dateutil_reads(moment: datetime, fraction: str, offset: str) -> None:
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + fraction + offset
    expected = isoparse(text)
    try:
        expected = expected.replace(tzinfo=UTC) if expected.tzinfo is None else expected.astimezone(UTC)
    except OverflowError:
        with pytest.raises(ValueError, match="lies beyond"):
            read_iso(text)
    else:
        assert read_iso(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-29T12:00:00Z",
        "2026-05-29T12:00Z",
        "20260529T120000Z",
        "2026-05-29T14:00:00,000+02:00",
        "2026-05-29T12",
    ],
)
def test_every_form_of_a_moment_is_read_as_utc(text: str) -> None:
    assert read_iso(text) == NOON
    assert read_iso(text).tzinfo is UTC


def test_midnight_may_end_a_day() -> None:
    assert read_iso("2026-05-28T24:00:00Z") == NOON - timedelta(hours=12)


def test_an_offset_is_taken_into_account() -> None:
    ahead = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert read_iso(ahead.isoformat()) == NOON


@pytest.mark.parametrize(
    "text", ["", "now", "2026-02-30T12:00:00Z", "2026-05-29T12:60:00Z", "\uff12026-05-29T12:00:00Z"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_iso(text)
