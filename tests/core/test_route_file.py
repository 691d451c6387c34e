"""``fasthook.toml``: what it says of each connection, how strong it is, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from core_world import one_clean_line, resolved

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import Stage

HIDDEN = "whsec_7f3a9c01d2"


def read(
    folder: Path,
    text: str,
    *,
    command: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    ini: Mapping[str, str] | None = None,
) -> Settings:
    (folder / "fasthook.toml").write_text(text, encoding="utf-8")
    return resolved(folder, command=command, env=env, ini=ini)


def of_a(folder: Path, line: str, **given: Any) -> Settings:
    """The settings of conn_a, of which the file says one line."""
    return read(folder, f"[connections.conn_a]\n{line}\n", **given).of("conn_a")


def refusal(folder: Path, text: str, **given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        read(folder, text, **given)
    return str(caught.value)


def test_a_connection_has_its_own_settings_and_the_defaults(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        '[defaults]\ntimeout = "90s"\nattempts = "first"\n[connections.conn_a]\ntimeout = 5\nmax_latency = "2s"\n',
    )
    a, b = settings.of("conn_a"), settings.of("conn_b")
    assert (a.timeout_s, a.attempts, a.max_latency_s) == (5.0, "first", 2.0)
    assert (b.timeout_s, b.attempts, b.max_latency_s) == (90.0, "first", None)


def test_without_the_file_nothing_differs(tmp_path: Path) -> None:
    settings = resolved(tmp_path)
    assert settings.of("conn_a").timeout_s == settings.timeout_s


@pytest.mark.parametrize(
    ("gated", "said"), [(("conn_a", "conn_c"), False), (("conn_c",), True), (("conn_A",), True)]
)
def test_a_file_for_other_connections_alone_is_told(
    gated: tuple[str, ...], tmp_path: Path, *, said: bool
) -> None:
    """A misspelt id would leave a connection without the checks that were asked for."""
    settings = read(tmp_path, "[connections.conn_a]\ntimeout = 5\n[connections.conn_b]\ntimeout = 5\n")
    assert any("conn_a, conn_b" in line for line in settings.overrides.unused(gated)) is said


def test_a_file_with_defaults_alone_suits_every_run(tmp_path: Path) -> None:
    assert read(tmp_path, "[defaults]\ntimeout = 5\n").overrides.unused(("conn_a",)) == ()


STRENGTH = [
    ({}, {}, {}, 5.0),
    ({}, {}, {"timeout": "7s"}, 5.0),
    ({}, {"FASTHOOK_TIMEOUT": "8s"}, {}, 8.0),
    ({"timeout": "9s"}, {"FASTHOOK_TIMEOUT": "8s"}, {"timeout": "7s"}, 9.0),
]


@pytest.mark.parametrize(
    ("command", "env", "ini", "timeout_s"), STRENGTH, ids=["file", "ini", "environment", "command_line"]
)
def test_the_file_is_stronger_than_the_ini_and_weaker_than_the_rest(
    command: dict[str, str], env: dict[str, str], ini: dict[str, str], timeout_s: float, tmp_path: Path
) -> None:
    assert of_a(tmp_path, 'timeout = "5s"', command=command, env=env, ini=ini).timeout_s == timeout_s


def test_every_setting_can_be_its_own(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "event.json").write_text('{"id": 1}')
    (tmp_path / "files" / "connection.json").write_text('{"name": "a", "rules": [{"type": "delay"}]}')
    settings = of_a(
        tmp_path,
        'payload = "files/event.json"\nheaders = { x-env = "staging" }\nmax_failure_rate = 0.25\n'
        'advisory = ["metrics"]\nsource_url = "https://hook-abc123.test/in?a=1"\nmatch = ["body.id=1", "path=/"]\n'
        'secret_env = "OWN"\nrules_file = "files/connection.json"\nexpect.response.body.release = "${SHA}-${N}"\n',
        env={"OWN": f"{HIDDEN}\n", "SHA": " f00d ", "N": "7"},
    )
    assert settings.payload == b'{"id": 1}'
    assert settings.headers == (("x-env", "staging"),)
    assert settings.max_failure_rate == 0.25
    assert settings.advisory == {Stage.METRICS}
    assert settings.source_url == "https://hook-abc123.test/in?a=1"
    assert [str(match) for match in settings.match] == ["body.id=1", "path=/"]
    assert settings.source_secrets == {"": Secret(HIDDEN)}
    assert settings.expected_rules == ({"type": "delay"},)
    assert settings.expected_body == {"release": "f00d-7"}


def test_paths_begin_where_the_file_lies(tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "gate.toml").write_text('[defaults]\npayload = "event.json"\n')
    (tmp_path / "ci" / "event.json").write_text("{}")
    assert resolved(tmp_path, command={"config": "ci/gate.toml"}).of("conn_a").payload == b"{}"


def test_rules_may_be_a_list_alone(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(json.dumps([{"type": "retry"}]))
    assert of_a(tmp_path, 'rules_file = "rules.json"').expected_rules == ({"type": "retry"},)


def test_variables_are_filled_in_wherever_a_text_stands(tmp_path: Path) -> None:
    line = 'expect.response.body = { app = { tags = ["v${N}", 1], "is ${N}" = true } }'
    assert of_a(tmp_path, line, env={"N": "7"}).expected_body == {"app": {"tags": ["v7", 1], "is ${N}": True}}


def test_a_secret_of_one_source_is_stronger_than_that_of_a_connection(tmp_path: Path) -> None:
    settings = of_a(
        tmp_path, 'secret_env = "OWN"', env={"OWN": HIDDEN, "FASTHOOK_SOURCE_SECRET_SRC_1": "other"}
    )
    assert settings.source_secrets == {"": Secret(HIDDEN), "SRC_1": Secret("other")}


def test_a_connections_secret_is_redacted_in_the_whole_run(tmp_path: Path) -> None:
    text = '[connections.conn_a]\nsecret_env = "OWN"\n'
    settings = read(tmp_path, text, env={"OWN": HIDDEN})
    assert HIDDEN not in settings.redactor.show(f"x {HIDDEN} y")
    assert HIDDEN not in repr(settings)


WRONG = [
    ("[connections.conn_a]\ntimeout = 'soon'\n", 2, "'soon'"),
    ("[connections.conn_a]\ntimeout = true\n", 2, "True"),
    ("[connections.conn_a]\n\ntime_out = '5s'\n", 3, "did you mean timeout?"),
    ("[connections.conn_a]\ncolour = 'red'\n", 2, "known are payload, "),
    ("[connection.conn_a]\ntimeout = '5s'\n", 1, "did you mean connections?"),
    ("[connections.conn_a]\nadvisory = ['branch']\n", 2, "'branch'"),
    ("[connections.conn_a]\nadvisory = 'metrics'\n", 2, "a list of texts"),
    ("[connections.conn_a]\nmatch = ['body=1']\n", 2, "'body=1'"),
    ("[connections.conn_a]\npayload = 'nowhere.json'\n", 2, "nowhere.json"),
    ("[connections.conn_a]\nrules_file = 'fasthook.toml'\n", 2, "is not JSON"),
    ("[connections.conn_a]\nexpect.status = 200\n", 2, "expect.response.body"),
    ("[connections.conn_a.expect.response.body]\nname = 'x'\nrelease = '${NOT_SET}'\n", 3, "'${NOT_SET}'"),
    ("[connections.conn_a]\nexpect.response.body.day = 2026-05-29\n", 2, "2026-05-29"),
    ("[connections]\nconn_a = { attempts = 'twice' }\n", 2, "eventual or first"),
    ("[connections]\nconn_a = 7\n", 2, "not a table"),
    ("connections = 7\n", 1, "a table"),
    ("[connections.conn_a]\nsource_url = 'ftp://x'\n", 2, "ftp://x"),
    ("[connections.conn_a]\nmax_failure_rate = 2\n", 2, "from 0 to 1"),
    ("[connections.conn_a\n", 1, "not TOML"),
]


@pytest.mark.parametrize(("text", "line", "says"), WRONG)
def test_what_is_wrong_is_one_line_with_its_place(text: str, line: int, says: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, text)
    assert one_clean_line(message)
    assert message.startswith("fasthook.toml")
    assert f"line {line}" in message
    assert says in message


@pytest.mark.parametrize(
    "line",
    [
        f'secret_env = "{HIDDEN}"',
        f'secret_env = ["{HIDDEN}"]',
        f'headers = "authorization: {HIDDEN}"',
        f'headers = {{ authorization = ["{HIDDEN}"] }}',
        f'headers = {{ "bad name" = "{HIDDEN}" }}',
        f'headers = {{ x-key = "{HIDDEN}\\u2028x" }}',
    ],
)
def test_what_may_be_a_secret_is_not_shown_when_it_stands_in_the_wrong_place(
    line: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, f"[connections.conn_a]\n{line}\n")
    assert HIDDEN not in message
    assert "line 2" in message


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--fasthook-config: cannot read .*gate\.toml"):
        resolved(tmp_path, command={"config": "gate.toml"})
