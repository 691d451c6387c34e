from __future__ import annotations

import pytest

from pytest_fasthook.client.addresses import base_url, header_lines, header_value, path_of, shown_url
from pytest_fasthook.errors import SettingsError


def test_paths_are_made_of_encoded_segments() -> None:
    assert path_of("events", "a/b c%") == "/events/a%2Fb%20c%25"
    assert path_of("events", "\ud800") == "/events/%3F"


@pytest.mark.parametrize("segment", ["", ".", "..", "..."])
def test_a_segment_that_names_something_else_is_refused(segment: str) -> None:
    with pytest.raises(SettingsError, match="not an id"):
        path_of("events", segment)


def test_a_shown_url_holds_neither_login_nor_query() -> None:
    assert shown_url("https://user:hush@h.test/in?key=hush") == "https://h.test/in"
    assert shown_url("https://h.test/a@b") == "https://h.test/a@b"


@pytest.mark.parametrize("url", ["https://h.test/", "https://h.test//"])
def test_a_trailing_slash_does_not_matter(url: str) -> None:
    assert base_url(url) == "https://h.test"


@pytest.mark.parametrize("url", ["https://h.test/a b", "https://h.test/\n", "https://h.test/#x", "http://[x"])
def test_an_odd_base_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        base_url(url)


def test_header_lines_keep_order_and_spelling() -> None:
    assert header_lines([("X-B", " 1 "), ("x-a", "\u00e9")]) == [(b"X-B", b"1"), (b"x-a", b"\xc3\xa9")]


def test_a_header_value_may_hold_tabs_but_no_line_breaks() -> None:
    assert header_lines([("X-A", "a\tb")]) == [(b"X-A", b"a\tb")]
    with pytest.raises(SettingsError, match="X-A"):
        header_lines([("X-A", "a\nb")])


def test_a_value_for_every_call_is_plain_text() -> None:
    assert header_value("the key", "fhp_1") == "fhp_1"
    with pytest.raises(SettingsError, match="the key must be"):
        header_value("the key", "")
