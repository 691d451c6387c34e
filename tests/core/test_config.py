"""Settings as a whole: which place wins, what each error says, and what a run must not be started with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from core_world import ACCOUNT, KEY, START, TEAM, Spoken, one_clean_line, resolved
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret
from pytest_fasthook.settings import options
from pytest_fasthook.settings.config import DEFAULT_API_URL, Settings, resolve
from pytest_fasthook.settings.options import OPTIONS, Option
from pytest_fasthook.settings.values import DeployStart, Match
from pytest_fasthook.stages import Stage

CLI_TEAM = "tm_cli"
CLI_KEY = "fhp_cli"


@dataclass(frozen=True)
class Row:
    """One setting with three right values, read three ways, and a wrong one."""

    option: Option
    read: Callable[[Settings], Any]
    right: tuple[Any, Any, Any]
    means: tuple[Any, Any, Any]
    unset: Any
    wrong: Any = None
    says: tuple[str, ...] = ()


ROWS = [
    Row(
        options.CONNECTION,
        lambda s: s.connections,
        (["conn_a,conn_b", "conn_a"], ["conn_c"], ["conn_d"]),
        (("conn_a", "conn_b"), ("conn_c",), ("conn_d",)),
        unset=(),
        wrong=["conn_a", "conn b"],
        says=("'conn b'", "an id such as conn_xxx"),
    ),
    Row(
        options.API_URL,
        lambda s: s.api_url,
        ("http://a.test", "http://b.test/", "http://c.test"),
        ("http://a.test", "http://b.test", "http://c.test"),
        unset=DEFAULT_API_URL,
        wrong="ftp://a.test",
        says=("'ftp://a.test'", "an http or https URL"),
    ),
    Row(
        options.TEAM,
        lambda s: s.team_id,
        ("tm_a", " tm_b ", "tm_c"),
        ("tm_a", "tm_b", "tm_c"),
        unset=CLI_TEAM,
        wrong="tm a",
        says=("'tm a'", "an id such as tm_xxx"),
    ),
    Row(
        options.SOURCE,
        lambda s: s.source_id,
        ("src_a", "src_b", "src_c"),
        ("src_a", "src_b", "src_c"),
        unset=None,
        wrong="src a",
        says=("'src a'", "an id such as src_xxx"),
    ),
    Row(
        options.SOURCE_URL,
        lambda s: s.source_url,
        ("http://a.test/in?x=1", "http://b.test/", "http://c.test"),
        ("http://a.test/in?x=1", "http://b.test/", "http://c.test"),
        unset=None,
        wrong="a.test",
        says=("'a.test'", "an http or https URL"),
    ),
    Row(
        options.MODE,
        lambda s: s.mode,
        ("wait", "send", "wait"),
        ("wait", "send", "wait"),
        unset="send",
        wrong="watch",
        says=("'watch'", "send or wait"),
    ),
    Row(
        options.HEADER,
        lambda s: s.headers,
        (["a: 1", "b: 2"], ["c: 3"], ["d: 4"]),
        ((("a", "1"), ("b", "2")), (("c", "3"),), (("d", "4"),)),
        unset=(),
        wrong=["a: 1", "no colon"],
        says=("no colon", "'Name: value'"),
    ),
    Row(
        options.TIMEOUT,
        lambda s: s.timeout_s,
        ("5s", "6", "1m"),
        (5.0, 6.0, 60.0),
        unset=120.0,
        wrong="soon",
        says=("'soon'", "a duration such as 90, 90s, 2m or 500ms"),
    ),
    Row(
        options.DEPLOY_START,
        lambda s: s.deploy_start,
        ("now-15m", "2026-05-29", "now"),
        (
            DeployStart(ago=timedelta(minutes=15)),
            DeployStart(at=datetime(2026, 5, 29, tzinfo=UTC)),
            DeployStart(),
        ),
        unset=DeployStart(),
        wrong="yesterday",
        says=("'yesterday'", "ISO 8601", "now-15m"),
    ),
    Row(
        options.ATTEMPTS,
        lambda s: s.attempts,
        ("first", "eventual", "first"),
        ("first", "eventual", "first"),
        unset="eventual",
        wrong="last",
        says=("'last'", "eventual or first"),
    ),
    Row(
        options.MAX_FAILURE_RATE,
        lambda s: s.max_failure_rate,
        ("0.5", "1", "0.25"),
        (0.5, 1.0, 0.25),
        unset=0.0,
        wrong="2",
        says=("'2'", "a number from 0 to 1"),
    ),
    Row(
        options.MAX_LATENCY,
        lambda s: s.max_latency_s,
        ("5s", "500ms", "1m"),
        (5.0, 0.5, 60.0),
        unset=None,
        wrong="fast",
        says=("'fast'", "a duration"),
    ),
    Row(
        options.ADVISORY,
        lambda s: s.advisory,
        (["metrics,delivery"], ["latest_input"], []),
        (frozenset({Stage.METRICS, Stage.DELIVERY}), frozenset({Stage.LATEST_INPUT}), frozenset()),
        unset=frozenset(),
        wrong=["metrics", "branch"],
        says=("'branch'", "delivery, latest_input, metrics"),
    ),
    Row(
        options.ON_INCONCLUSIVE,
        lambda s: s.on_inconclusive,
        ("fail", "pass", "keep"),
        ("fail", "pass", "keep"),
        unset="keep",
        wrong="ignore",
        says=("'ignore'", "keep or fail or pass"),
    ),
    Row(
        options.ON_ERROR,
        lambda s: s.on_error,
        ("fail", "pass", "keep"),
        ("fail", "pass", "keep"),
        unset="keep",
        wrong="green",
        says=("'green'", "keep or fail or pass"),
    ),
    Row(
        options.RATE_LIMIT,
        lambda s: s.rate_limit,
        ("60", "1", "10000"),
        (60, 1, 10000),
        unset=220,
        wrong="many",
        says=("'many'", "a whole number of calls a minute"),
    ),
    *(
        Row(
            report,
            lambda s, report=report: s.reports[report].name if report in s.reports else None,  # type: ignore[misc]
            ("a.out", "b.out", "c.out"),
            ("a.out", "b.out", "c.out"),
            unset=None,
            wrong=" ",
            says=("''", "a path of a file"),
        )
        for report in options.REPORTS
    ),
    Row(
        options.ON_FAIL,
        lambda s: s.on_fail,
        ("pause", "none", "pause"),
        ("pause", "none", "pause"),
        unset="none",
        wrong="stop",
        says=("'stop'", "none or pause"),
    ),
    Row(
        options.PAYLOAD,
        lambda s: s.payload,
        ("a.txt", "b.txt", "c.txt"),
        (b"body of a", b"body of b", b"body of c"),
        unset=None,
        wrong="nowhere.txt",
        says=("nowhere.txt", "cannot read"),
    ),
]
READ_ELSEWHERE = {
    "emulator",
    "api-key",
    "api-key-file",
    "source-secret",
    "match",
    "config",
    "plan",
    "teeth",
    "resume",
}
WRONG = [row for row in ROWS if row.wrong is not None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the CLI's config file and some payloads."""
    (tmp_path / ".fasthook").mkdir()
    config = {"apiKey": CLI_KEY, "teamId": CLI_TEAM}
    (tmp_path / ".fasthook" / "config.json").write_text(json.dumps(config))
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"body of {name}")
    return tmp_path


@dataclass
class Written:
    """A value written to some of the places where it may be written."""

    command: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    ini: dict[str, str] = field(default_factory=dict)

    def settings(self, home: Path) -> Settings:
        return resolved(home, command=self.command, env=self.env, ini=self.ini, account=False)


def write(row: Row, values: tuple[Any, Any, Any], *places: str) -> Written:
    """The row's first value on the command line, its second in the environment, its third in the ini file."""
    written = Written()
    if "command" in places:
        written.command[row.option.name] = values[0]
    if "env" in places and row.option.env:
        written.env[row.option.env] = values[1]
    if "ini" in places and row.option.ini:
        written.ini[row.option.name] = values[2]
    return written


def test_every_row_of_the_table_is_tested() -> None:
    assert {row.option.name for row in ROWS} | READ_ELSEWHERE == {option.name for option in OPTIONS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.option.name)
def test_what_is_not_written_has_its_default(row: Row, home: Path) -> None:
    assert row.read(Written().settings(home)) == row.unset


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.option.name)
def test_the_command_line_wins(row: Row, home: Path) -> None:
    settings = write(row, row.right, "command", "env", "ini").settings(home)
    assert row.read(settings) == row.means[0]
    assert settings.origins[row.option.name] == row.option.flag


@pytest.mark.parametrize("row", [row for row in ROWS if row.option.env], ids=lambda row: row.option.name)
def test_the_environment_wins_over_the_ini_file(row: Row, home: Path) -> None:
    settings = write(row, row.right, "env", "ini").settings(home)
    assert row.read(settings) == row.means[1]
    assert settings.origins[row.option.name] == row.option.env


@pytest.mark.parametrize("row", [row for row in ROWS if row.option.ini], ids=lambda row: row.option.name)
def test_the_ini_file_wins_over_the_default(row: Row, home: Path) -> None:
    settings = write(row, row.right, "ini").settings(home)
    assert row.read(settings) == row.means[2]
    assert settings.origins[row.option.name] == f"{row.option.dest} in the ini file"


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (row, place)
        for row in WRONG
        for place in ("command", "env", "ini")
        if place == "command"
        or (place == "env" and row.option.env)
        or (place == "ini" and row.option.ini and row.wrong.strip())
    ],
    ids=lambda value: value.option.name if isinstance(value, Row) else value,
)
def test_a_wrong_value_is_one_line_with_its_source_and_what_is_valid(
    row: Row, place: str, home: Path
) -> None:
    where = {
        "command": row.option.flag,
        "env": row.option.env,
        "ini": f"{row.option.dest} in the ini file",
    }[place]
    with pytest.raises(SettingsError) as caught:
        write(row, (row.wrong,) * 3, place).settings(home)
    line = str(caught.value)
    assert line.startswith(f"{where}: ")
    assert one_clean_line(line)
    for word in row.says:
        assert word in line


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row.option.name)
def test_a_wrong_value_is_refused_even_where_a_weaker_place_has_a_right_one(row: Row, home: Path) -> None:
    written = write(row, row.right, "env", "ini")
    written.command[row.option.name] = row.wrong
    with pytest.raises(SettingsError, match=row.option.flag):
        written.settings(home)


# -- team and key ----------------------------------------------------------------------------------------------


def test_a_run_without_a_team_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^no team was given: .*--fasthook-team or FASTHOOK_TEAM_ID$"):
        resolved(tmp_path, env={"FASTHOOK_API_KEY": KEY}, account=False)


def test_a_run_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^no API key was given: .*FASTHOOK_API_KEY"):
        resolved(tmp_path, env={"FASTHOOK_TEAM_ID": TEAM}, account=False)


def test_the_cli_config_gives_team_and_key(home: Path) -> None:
    settings = resolved(home, account=False)
    assert (settings.team_id, settings.api_key) == (CLI_TEAM, Secret(CLI_KEY))
    assert settings.origins["team"] == "teamId in the FastHook CLI's config file"


def test_the_environments_key_wins_over_the_key_file_and_the_cli_config(home: Path) -> None:
    (home / "key").write_text("fhp_file\n")
    env = {"FASTHOOK_API_KEY": "fhp_env", "FASTHOOK_API_KEY_FILE": "key"}
    assert resolved(home, env=env, account=False).api_key == Secret("fhp_env")
    del env["FASTHOOK_API_KEY"]
    assert resolved(home, env=env, account=False).api_key == Secret("fhp_file")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"fhp_s3cr3t and more", b"fhp_s3cr3t\xff", b"fhp_s3cr3t\nfhp_2"]
)
def test_a_key_file_that_holds_no_key_is_named_but_not_shown(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path, env={"FASTHOOK_API_KEY": "", "FASTHOOK_API_KEY_FILE": "key"})
    assert str(caught.value).startswith("FASTHOOK_API_KEY_FILE (key): ")
    assert "s3cr3t" not in str(caught.value)


def test_a_wrong_key_is_named_but_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path, env={"FASTHOOK_API_KEY": "fhp_s3cr3t fhp_2"})
    assert str(caught.value).startswith("FASTHOOK_API_KEY: ")
    assert "s3cr3t" not in str(caught.value)


def test_a_broken_cli_config_is_no_matter_where_it_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / ".fasthook").mkdir()
    (tmp_path / ".fasthook" / "config.json").write_text("{")
    assert resolved(tmp_path).team_id == TEAM
    with pytest.raises(SettingsError, match="is not JSON"):
        resolved(tmp_path, account=False)


# -- connections, secrets, headers -----------------------------------------------------------------------------


@pytest.mark.parametrize("given", [[""], [" , "], [","]])
def test_an_empty_selection_is_refused(given: list[str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-connection: no connection was named"):
        resolved(tmp_path, command={"connection": given})


def test_a_connection_that_is_named_twice_is_gated_once(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"connection": ["conn_b", "conn_a,conn_b"]})
    assert settings.connections == ("conn_b", "conn_a")


def test_source_secrets_are_found_for_all_sources_and_for_one(tmp_path: Path) -> None:
    env = {
        "FASTHOOK_SOURCE_SECRET": "general\n",
        "FASTHOOK_SOURCE_SECRET_src_1": "own",
        "FASTHOOK_SOURCE": "x",
    }
    assert resolved(tmp_path, env=env).source_secrets == {"": Secret("general"), "src_1": Secret("own")}


def test_an_empty_source_secret_is_none(tmp_path: Path) -> None:
    assert resolved(tmp_path, env={"FASTHOOK_SOURCE_SECRET": " "}).source_secrets == {}


def test_blanks_around_a_source_secret_belong_to_it(tmp_path: Path) -> None:
    secrets = resolved(tmp_path, env={"FASTHOOK_SOURCE_SECRET": " a b \r\n"}).source_secrets
    assert secrets[""].reveal() == " a b "


def test_a_source_secret_that_is_no_text_is_refused_without_being_shown(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 arrive as lone surrogates, which no signature can be made with."""
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path, env={"FASTHOOK_SOURCE_SECRET_src_1": "t0psecret\udcff"})
    assert str(caught.value).startswith("FASTHOOK_SOURCE_SECRET_src_1: ")
    assert "t0psecret" not in str(caught.value)


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"card": "s3cr3t-payload"}')
    settings = resolved(
        tmp_path,
        command={"header": ["authorization: Bearer s3cr3t-header"], "payload": "a.json"},
        env={"FASTHOOK_API_KEY": "s3cr3t-key", "FASTHOOK_SOURCE_SECRET": "s3cr3t-source"},
    )
    assert "s3cr3t" not in repr(settings)
    assert settings.api_key.reveal() == "s3cr3t-key"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("s3cr3t-key", "s3cr3t-key"),
        ("s3cr3t-source", "s3cr3t-source"),
        ("Bearer s3cr3t-header", "s3cr3t-header"),
        ("got token s3cr3t-header", "s3cr3t-header"),
        ("sid s3cr3t-cookie", "s3cr3t-cookie"),
        ("s3cr3t-api", "s3cr3t-api"),
    ],
)
def test_every_secret_of_the_run_is_masked(text: str, hidden: str, tmp_path: Path) -> None:
    settings = resolved(
        tmp_path,
        command={
            "header": [
                "Authorization: Bearer s3cr3t-header",
                "cookie: sid=s3cr3t-cookie; a=b",
                "X-Api-Key: s3cr3t-api",
            ]
        },
        env={"FASTHOOK_API_KEY": "s3cr3t-key", "FASTHOOK_SOURCE_SECRET_src_1": "s3cr3t-source"},
    )
    assert hidden not in settings.redactor.show(text)


def test_an_ordinary_header_is_not_masked(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"header": ["x-env: staging"]})
    assert settings.redactor.show("staging") == "staging"


# -- the emulator ----------------------------------------------------------------------------------------------


def test_the_emulator_needs_no_account(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"emulator": True}, account=False)
    assert settings.emulator
    assert (settings.team_id, settings.api_url, bool(settings.api_key)) == ("", "", False)


@pytest.mark.parametrize(
    ("name", "value"), [("connection", ["conn_a"]), ("api-url", "http://a.test"), ("team", "tm_a")]
)
def test_the_emulator_and_a_route_on_one_command_line_contradict_each_other(
    name: str, value: Any, tmp_path: Path
) -> None:
    with pytest.raises(
        SettingsError, match=rf"^--fasthook-emulator and --fasthook-{name} contradict each other"
    ):
        resolved(tmp_path, command={"emulator": True, name: value})


def test_an_account_in_the_environment_does_not_keep_the_emulator_from_running(tmp_path: Path) -> None:
    env = {"FASTHOOK_API_URL": "http://a.test", "FASTHOOK_SOURCE_SECRET": "own"}
    settings = resolved(tmp_path, command={"emulator": True}, env=env, ini={"team": "tm_ini"})
    assert settings.source_secrets == {}
    assert settings.api_url == ""


def test_the_other_settings_hold_for_the_emulator_too(tmp_path: Path) -> None:
    assert resolved(tmp_path, command={"emulator": True, "timeout": "5s"}).timeout_s == 5.0
    with pytest.raises(SettingsError, match="--fasthook-timeout"):
        resolved(tmp_path, command={"emulator": True, "timeout": "soon"})


# -- what goes together ----------------------------------------------------------------------------------------


def test_a_source_and_a_connection_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^--fasthook-source and --fasthook-connection contradict each other"
    ):
        resolved(tmp_path, command={"source": "src_a", "connection": ["conn_a"]})


def test_matching_needs_something_to_wait_for(tmp_path: Path) -> None:
    command = {"match": ["body.type=paid"]}
    with pytest.raises(SettingsError, match=r"^--fasthook-match chooses among real requests"):
        resolved(tmp_path, command=command)
    settings = resolved(tmp_path, command=command, env={"FASTHOOK_MODE": "wait"})
    assert settings.match == (Match("body", ("type",), "paid"),)


def test_waiting_sends_no_payload(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"^--fasthook-payload and --fasthook-mode wait contradict"):
        resolved(tmp_path, command={"mode": "wait", "payload": "a.json"})


def test_a_plan_is_asked_for_on_the_command_line_alone(tmp_path: Path) -> None:
    assert resolved(tmp_path, command={"plan": True}).plan
    assert not resolved(tmp_path).plan


def test_teeth_are_asked_for_on_the_command_line_and_need_something_to_send(tmp_path: Path) -> None:
    assert resolved(tmp_path, command={"teeth": True}).teeth
    assert not resolved(tmp_path).teeth
    for other in ({"plan": True}, {"mode": "wait"}):
        with pytest.raises(SettingsError, match="--fasthook-teeth"):
            resolved(tmp_path, command={"teeth": True, **other})


# -- going on with an earlier run -------------------------------------------------------------------------------


def report(folder: Path, **changed: Any) -> str:
    """A report as a run leaves it behind; gives the file's name."""
    sent = {
        "sent_at": "2026-05-29T11:59:00Z",
        "window_start": "2026-05-29T11:00:00Z",
        "body_sha256": "0" * 64,
    }
    connections: list[dict[str, Any]] = [
        {"connection_id": "conn_a", "source_id": "src_1", "probe_id": "probe_1", "sending": sent},
        {"connection_id": "conn_b", "source_id": None, "probe_id": None, "sending": None},
    ]
    content = {
        "mode": "send",
        "api": {"url": DEFAULT_API_URL, "team_id": TEAM},
        "connections": [{**one, "ids": {"request_id": None}} for one in connections],
        **changed,
    }
    (folder / "gate.json").write_text(json.dumps(content))
    return "gate.json"


def test_a_resumed_run_is_about_what_the_earlier_one_was(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"resume": report(tmp_path, mode="wait")})
    assert (settings.connections, settings.mode) == (("conn_a", "conn_b"), "wait")
    assert settings.resumed is not None
    assert list(settings.resumed.probes) == ["conn_a"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"api": {"url": DEFAULT_API_URL, "team_id": "tm_other"}}, "that run was for team tm_other"),
        ({"api": {"url": "http://other.test", "team_id": TEAM}}, "that run was for API http://other.test"),
        ({"connections": []}, "nothing was sent in the run"),
        ({"connections": None}, "is not a JSON report of this gate"),
    ],
)
def test_a_run_that_cannot_be_resumed_is_refused(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"^--fasthook-resume: .*{re.escape(says)}"):
        resolved(tmp_path, command={"resume": report(tmp_path, **changed)})


def test_a_report_of_any_name_is_refused_in_one_clean_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb\x1b[31m").write_text("{}")
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path, command={"resume": "a\nb\x1b[31m"})
    assert one_clean_line(str(caught.value))


def test_no_report_is_no_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--fasthook-resume: cannot read .*nowhere\.json"):
        resolved(tmp_path, command={"resume": "nowhere.json"})


# -- what follows from the settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(("timeout", "limit"), [("120s", 30.0), ("30s", 30.0), ("5s", 5.0)])
def test_preflight_has_the_smaller_of_30_seconds_and_the_timeout(
    timeout: str, limit: float, tmp_path: Path
) -> None:
    assert resolved(tmp_path, command={"timeout": timeout}).preflight_limit_s == limit


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = resolved(tmp_path)
    for one in fields(settings):
        with pytest.raises(AttributeError):
            setattr(settings, one.name, None)


# -- whatever a user writes ------------------------------------------------------------------------------------

WORDS = st.text(max_size=12) | st.sampled_from(
    [
        "5s",
        "0",
        "-1",
        "tm_a",
        "conn_a",
        "keep",
        "metrics",
        "a: 1",
        "now-1m",
        "http://a.test",
        "~",
        "\x00",
        "0.5",
    ]
)
ENVIRONMENT_TEXT = st.text(st.characters(blacklist_characters="\x00"), max_size=12)
NAMED = sorted(str(option.env) for option in OPTIONS if option.env)


def commanded(option: Option) -> st.SearchStrategy[Any]:
    one = st.lists(WORDS, max_size=3) if option.action == "append" else WORDS
    return st.booleans() if option.action == "store_true" else st.none() | one


COMMANDS = st.fixed_dictionaries(
    {}, optional={option.name: commanded(option) for option in OPTIONS if option.on_command_line}
)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from([*NAMED, "FASTHOOK_SOURCE_SECRET_SRC_1", "FASTHOOK_CONFIG"]), ENVIRONMENT_TEXT, max_size=4
)
INI = st.dictionaries(st.sampled_from([option.name for option in OPTIONS if option.ini]), WORDS, max_size=3)


def refusal(given: Spoken, env: Mapping[str, str]) -> str | None:
    """Why these settings are refused; ``None`` when they are taken."""
    nowhere = Path("no such folder")
    try:
        resolve(given, {**ACCOUNT, **env}, home=nowhere, folder=nowhere, now=START)
    except SettingsError as error:
        return str(error)
    return None


@settings(deadline=None)
@given(COMMANDS, ENVIRONMENTS, INI)
def test_whatever_is_written_is_taken_or_refused_in_one_clean_line(
    command: dict[str, Any], env: dict[str, str], ini: dict[str, str]
) -> None:
    refused = refusal(Spoken(command, ini), env)
    if refused is not None:
        assert one_clean_line(refused)
        assert re.search(r"fasthook|FASTHOOK|FastHook", refused)
