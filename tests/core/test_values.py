"""How single settings are spelled: what is taken, what is refused, and what the refusal says."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from core_world import one_clean_line
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.settings import values
from pytest_fasthook.settings.values import DeployStart, Match, Value

NOW = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)
WHERE = "--fasthook-anything"
ANY_TEXT = st.text(st.characters(), max_size=40)

READERS: dict[str, Callable[[Value], Any]] = {
    "duration": values.duration,
    "base_url": values.base_url,
    "rate": values.rate,
    "calls_a_minute": values.calls_a_minute,
    "api_key": values.api_key,
    "deploy_start": lambda value: values.deploy_start(value, now=NOW),
    "choice": lambda value: values.choice(value, ("keep", "fail", "pass")),
    "identifier": lambda value: values.identifier(value.text, value.where, example="conn_xxx"),
    "header": lambda value: values.header(value.text, value.where),
    "source_url": values.source_url,
    "request_match": lambda value: values.request_match(value.text, value.where),
    "source_secret": values.source_secret,
    "listed": lambda value: values.listed(Value([value.text], value.where)),
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("2m", 120.0),
        ("500ms", 0.5),
        ("1h", 3600.0),
        ("1.5m", 90.0),
        (" 90s ", 90.0),
        ("7000ms", 7.0),
        ("168h", 604800.0),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert values.duration(Value(text, WHERE)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "0s",
        "0ms",
        "-5",
        "-5s",
        "soon",
        "nan",
        "inf",
        "1e3",
        "5 m",
        "5d",
        "m",
        ".5s",
        "2M",
        "5s5s",
        "168.1h",
        "9" * 400,
        "90s\n90s",
    ],
)
def test_no_other_text_is_a_duration(text: str) -> None:
    assert values.parse_duration(text) is None
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*90, 90s, 2m or 500ms.*7 days"):
        values.duration(Value(text, WHERE))


@settings(deadline=None)
@given(st.integers(1, 10**6), st.sampled_from(["", "ms", "s", "m", "h"]))
def test_a_duration_is_never_zero_nor_longer_than_a_week(number: int, unit: str) -> None:
    seconds = values.parse_duration(f"{number}{unit}")
    assert seconds is None or 0 < seconds <= 7 * 86400


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (["conn_a"], ["conn_a"]),
        (["conn_a,conn_b"], ["conn_a", "conn_b"]),
        (["conn_a", " conn_b , conn_c "], ["conn_a", "conn_b", "conn_c"]),
        ([" , "], []),
        ([""], []),
        ([], []),
    ],
)
def test_a_repeated_option_may_also_be_one_with_commas(given: list[str], parts: list[str]) -> None:
    assert values.listed(Value(given, WHERE)) == parts


@pytest.mark.parametrize("text", ["conn_xxx", "web_1-2", "tm_5f3a", "a", "A.b~c_d-e", "7"])
def test_an_id_is_kept_as_it_is(text: str) -> None:
    assert values.identifier(text, WHERE, example="conn_xxx") == text


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "_a", ".", "..", "../a", "a/b", "a?b", "a::b", "a\n", "ä", "a,b", "\udc80", "-a"]
)
def test_what_could_not_stand_in_an_address_or_a_case_name_is_no_id(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .* expected an id such as conn_xxx$"):
        values.identifier(text, WHERE, example="conn_xxx")


def test_an_id_has_an_end() -> None:
    """Ids become file and case names; nothing FastHook makes is nearly as long."""
    assert values.identifier("c" * 100, WHERE, example="conn_xxx")
    with pytest.raises(SettingsError):
        values.identifier("c" * 5000, WHERE, example="conn_xxx")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.fasthook.io/v1", "https://api.fasthook.io/v1"),
        ("https://api.fasthook.io/v1/", "https://api.fasthook.io/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:1///", "http://localhost:1"),
        (" https://api.test/v1\n", "https://api.test/v1"),
    ],
)
def test_a_base_url_has_no_slash_at_its_end(text: str, url: str) -> None:
    assert values.base_url(Value(text, WHERE)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.test",
        "ftp://api.test",
        "https://",
        "https:///v1",
        "http://api.test:0",
        "http://api.test:99999",
        "http://[::1",
        "https://api.test/v1?team=1",
        "https://api.test/v1#a",
        "https://api test/",
        "//api.test",
        "https://api.test/a\nb",
        "https://api.test/\x1b[31m",
        "https://api.test/\udc80",
    ],
)
def test_no_other_text_is_a_base_url(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*expected an http or https URL such as"):
        values.base_url(Value(text, WHERE))


def test_a_password_in_a_base_url_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        values.base_url(Value("https://robot:s3cr3t@api.test/v1", WHERE))
    assert "s3cr3t" not in str(caught.value)
    assert WHERE in str(caught.value)


@pytest.mark.parametrize(
    "text", ["https://hook-abc123.test/", "http://a.test:8080/in?env=staging", "http://a.test"]
)
def test_a_source_url_is_kept_with_its_path_and_query(text: str) -> None:
    assert values.source_url(Value(f" {text}\n", WHERE)) == text


@pytest.mark.parametrize("text", ["", "hook-abc123.test", "ftp://a.test", "http://a.test/#x", "http://a b/"])
def test_no_other_text_is_a_source_url(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*such as https://hook-xxxxxx"):
        values.source_url(Value(text, WHERE))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("body.type=invoice.paid", Match("body", ("type",), "invoice.paid")),
        ("body.data.items.0.id=7", Match("body", ("data", "items", "0", "id"), "7")),
        ("headers.x-env=a=b", Match("headers", ("x-env",), "a=b")),
        ("query.mode=", Match("query", ("mode",), "")),
        (" path = /orders ", Match("path", (), "/orders")),
    ],
)
def test_a_match_is_a_path_and_a_value(text: str, match: Match) -> None:
    assert values.request_match(text, WHERE) == match


@pytest.mark.parametrize(
    "text", ["", "body.type", "body=x", "body.=x", "headers=x", "path.a=x", "method=POST", "=x"]
)
def test_no_other_text_is_a_match(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*expected PATH=VALUE with body"):
        values.request_match(text, WHERE)


def test_a_match_is_shown_as_it_is_written() -> None:
    assert str(values.request_match("body.a.b=c", WHERE)) == "body.a.b=c"


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("x-env: staging", ("x-env", "staging")),
        ("X-Env:staging", ("X-Env", "staging")),
        ("x-empty:", ("x-empty", "")),
        ("x-time: 12:30", ("x-time", "12:30")),
        (" authorization : Bearer abc ", ("authorization", "Bearer abc")),
    ],
)
def test_a_header_is_a_name_and_a_value(text: str, pair: tuple[str, str]) -> None:
    assert values.header(text, WHERE) == pair


@pytest.mark.parametrize(
    "text", ["", "no colon", ": value", "two words: value", "na\nme: value", "naïve: value"]
)
def test_what_has_no_name_is_no_header(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .* expected 'Name: value', such as"):
        values.header(text, WHERE)


@pytest.mark.parametrize("content", ["a\nb", "a\x00b", "naïve", "\udc80", "a\x1bb"])
def test_a_header_value_that_cannot_be_sent_is_refused_without_being_shown(content: str) -> None:
    with pytest.raises(SettingsError) as caught:
        values.header(f"x-key: t0psecret{content}", WHERE)
    assert str(caught.value) == f"{WHERE}: the value of x-key holds characters that no header can carry"


@pytest.mark.parametrize(
    "text", ["Bearer of an t0psecret", "bad name: value t0psecret", "fhp_0123456t0psecret"]
)
def test_a_credential_whose_name_was_forgotten_is_not_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        values.header(text, WHERE)
    assert "t0psecret" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["x-fasthook-probe", "X-FastHook-Probe", "Host", "content-length", "Transfer-Encoding", "connection"],
)
def test_a_header_of_the_gates_own_cannot_be_given(name: str) -> None:
    with pytest.raises(SettingsError, match="is set by the gate itself"):
        values.header(f"{name}: 1", WHERE)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("now", DeployStart()),
        ("now-15m", DeployStart(ago=timedelta(minutes=15))),
        (" now-90s ", DeployStart(ago=timedelta(seconds=90))),
        ("2026-05-29T11:30:00Z", DeployStart(at=NOW - timedelta(minutes=30))),
        ("2026-05-29T13:30:00+02:00", DeployStart(at=NOW - timedelta(minutes=30))),
        ("2026-05-29T11:30:00", DeployStart(at=NOW - timedelta(minutes=30))),
        ("2026-05-29", DeployStart(at=datetime(2026, 5, 29, tzinfo=UTC))),
    ],
)
def test_a_deploy_start_is_a_date_or_so_long_ago(text: str, start: DeployStart) -> None:
    assert values.deploy_start(Value(text, WHERE), now=NOW) == start


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "now-",
        "now-0s",
        "now+5m",
        "now-soon",
        "2026-13-01",
        "12:30",
        "2026-05-29T25:00",
        "5m",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T24:00",
        "2026-05-29T14:00:00Z",
        "\u0662\u0660\u0662\u0666-05-29",
    ],
)
def test_no_other_text_is_a_deploy_start(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*ISO 8601 such as .*now-15m$"):
        values.deploy_start(Value(text, WHERE), now=NOW)


def test_a_deploy_start_a_little_ahead_is_a_clock_that_is_off() -> None:
    """The runner's own clock may be behind the one that wrote the time down."""
    ahead = NOW + timedelta(minutes=59)
    assert values.deploy_start(Value(ahead.isoformat(), WHERE), now=NOW).at == ahead


def test_a_deploy_start_resolves_on_the_servers_clock() -> None:
    server = NOW + timedelta(minutes=10)
    assert DeployStart(ago=timedelta(minutes=15)).resolve(server) == server - timedelta(minutes=15)
    assert DeployStart().resolve(server) == server
    assert DeployStart(at=NOW).resolve(server) == NOW


@pytest.mark.parametrize(
    ("text", "share"), [("0", 0.0), ("1", 1.0), ("0.05", 0.05), ("5e-2", 0.05), (" 1 ", 1.0)]
)
def test_a_rate_is_a_share(text: str, share: float) -> None:
    assert values.rate(Value(text, WHERE)) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "2", "-0.1", "1.0001", "few", "nan", "inf", "5%", "0,5"])
def test_no_other_text_is_a_rate(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*a number from 0 to 1$"):
        values.rate(Value(text, WHERE))


@pytest.mark.parametrize(
    ("text", "calls"), [("1", 1), ("200", 200), ("10000", 10000), (" 240 ", 240), ("007", 7)]
)
def test_a_rate_limit_is_a_whole_number(text: str, calls: int) -> None:
    assert values.calls_a_minute(Value(text, WHERE)) == calls


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "10001", "\u0669", "1e2", "9" * 5000])
def test_no_other_text_is_a_rate_limit(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-anything: .*from 1 to 10000$"):
        values.calls_a_minute(Value(text, WHERE))


@pytest.mark.parametrize("choice", ["keep", "fail", "pass"])
def test_a_choice_is_one_of_a_closed_list(choice: str) -> None:
    assert values.choice(Value(choice, WHERE), ("keep", "fail", "pass")) == choice


@pytest.mark.parametrize("text", ["", "Keep", "keep ", "green"])
def test_a_refused_choice_says_the_list(text: str) -> None:
    with pytest.raises(
        SettingsError, match=rf"^{WHERE}: '{text.strip()}' is not valid; expected keep or fail or pass$"
    ):
        values.choice(Value(text, WHERE), ("keep", "fail", "pass"))


def test_a_key_loses_the_line_end_that_an_editor_added() -> None:
    assert values.api_key(Value("fhp_abc\n", WHERE)) == "fhp_abc"


@pytest.mark.parametrize(
    "text", ["", "\n", "fhp_a b", "fhp_a\nfhp_b", "fhp_ä", "fhp_\x00", "fhp_\ufffd", "\udc80"]
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        values.api_key(Value(f"{text}", WHERE))
    assert str(caught.value) == f"{WHERE}: the API key is empty or holds characters that no header can carry"


def refusal(name: str, text: str) -> str | None:
    """Why a reader refuses a text; ``None`` when it takes it."""
    try:
        READERS[name](Value(text, WHERE))
    except SettingsError as error:
        return str(error)
    return None


@settings(deadline=None)
@given(ANY_TEXT, st.sampled_from(sorted(READERS)))
def test_any_text_is_taken_or_refused_in_one_clean_line(text: str, name: str) -> None:
    line = refusal(name, text)
    if line is not None:
        assert line.startswith(f"{WHERE}: ")
        assert one_clean_line(line)
        assert len(line) < 600


@settings(deadline=None)
@given(st.text(string.printable, max_size=500))
def test_a_refused_value_is_shown_in_one_short_line(text: str) -> None:
    line = str(Value(text, WHERE).wrong("something else"))
    assert line.endswith("is not valid; expected something else")
    assert "\n" not in line
    assert len(line) < 400
