"""Files and headers of any content: taken, or refused in one clean line that shows no secret.

How many are tried: ``FASTHOOK_FUZZ``, 100 by default.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from core_world import STAMP, one_clean_line, plan_of, resolved, route_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_fasthook.client.addresses import header_lines
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.probe.probe import Probe, Refusal, probe_for
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.route_file import KEYS
from pytest_fasthook.settings.values import header

EXAMPLES = int(os.environ.get("FASTHOOK_FUZZ", "100"))
HIDDEN = "whsec_7f3a9c01d2e4"
ENV = {"FASTHOOK_SOURCE_SECRET": HIDDEN, "OTHER_SECRET": HIDDEN}
FOLDER = [HealthCheck.function_scoped_fixture]
NOT_JSON_AFTER_ALL = [
    b"[" * 100_000,
    b"9" * 100_000,
    b'{"a":' * 3000,
    b"\xff\xfe{\x00}\x00",
    b"NaN",
    b'"\\ud800"',
]

WORDS = st.sampled_from(
    [
        *("", "5s", "-1", "0.5", "first", "metrics", "src/a.json", "body.a=1", "http://a.test/?key=1", "~/x"),
        *(
            "OTHER_SECRET",
            "${OTHER_SECRET}",
            "${NOT_SET}",
            "\x1b[31m::error::",
            "\x00",
            "ä\u202e",
            "x: y\r\nz: a",
        ),
    ]
)
PLAIN = WORDS | st.text(max_size=8) | st.booleans() | st.integers() | st.floats()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
TABLES = st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(max_size=6), VALUES, max_size=3)
EXPECTED = st.fixed_dictionaries(
    {"expect": st.fixed_dictionaries({"response": st.fixed_dictionaries({"body": VALUES})})}
)


def toml(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value) if isinstance(value, str) else str(value)


def table(name: str, values: dict[str, Any]) -> str:
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def taken(folder: Path, **files: bytes) -> Settings | str:
    """The settings of a folder with these files, or why they are refused."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    try:
        return resolved(folder, command={"connection": ["conn_a"]}, env=ENV)
    except SettingsError as error:
        return str(error)


def check_refusal(refused: str) -> None:
    assert one_clean_line(refused), refused
    assert "fasthook.toml" in refused
    assert HIDDEN not in refused
    assert len(refused) < 1000


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(defaults=TABLES | EXPECTED, own=TABLES | EXPECTED)
def test_any_table_is_taken_or_refused(defaults: dict[str, Any], own: dict[str, Any], tmp_path: Path) -> None:
    text = table("defaults", defaults) + table("connections.conn_a", own)
    found = taken(tmp_path, fasthook_toml=text.encode("utf-8", "surrogatepass"))
    if isinstance(found, str):
        check_refusal(found)
        return
    mine = found.of("conn_a")
    assert mine.timeout_s > 0
    assert HIDDEN not in repr(mine)


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(
    content=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))
)
@example(content=b"a = " + b"[" * 5000)
@example(content=b"a." * 5000 + b"b = 1")
@example(content=b'connections = {"' + b"x" * 5000 + b'" = 1}')
@example(content=b"[connections]\nconn_a = 9" + b"9" * 5000)
@example(content=b"[connections.conn_a]\ntimeout = 0x" + b"f" * 5000)
@example(content=b"[connections.conn_a]\nmatch = [[[[0x" + b"f" * 5000 + b"]]]]")
def test_a_file_of_any_bytes_is_taken_or_refused(content: bytes, tmp_path: Path) -> None:
    found = taken(tmp_path, fasthook_toml=content)
    if isinstance(found, str):
        check_refusal(found)


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(content=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
@example(content=NOT_JSON_AFTER_ALL[0])
@example(content=NOT_JSON_AFTER_ALL[1])
def test_a_rules_file_of_any_content_is_taken_or_refused(content: bytes, tmp_path: Path) -> None:
    named = table("connections.conn_a", {"rules_file": "rules.json"})
    found = taken(tmp_path, fasthook_toml=named.encode(), rules_json=content)
    if isinstance(found, str):
        check_refusal(found)
        return
    assert isinstance(found.of("conn_a").expected_rules, tuple)


@settings(max_examples=EXAMPLES)
@given(
    payload=st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.lists(
        st.sampled_from(
            ["{{probe_id}}", "{{uuid}}", "{{now}}", "{{unix}}", "{{", "}}", "{{{{now}}}}", '"', "\\"]
        )
    )
    .map("".join)
    .map(str.encode)
)
def test_a_payload_of_any_bytes_is_sent_or_refused(payload: bytes) -> None:
    check_payload(payload)


@pytest.mark.parametrize("payload", NOT_JSON_AFTER_ALL, ids=lambda payload: repr(payload[:8]))
def test_a_payload_that_is_no_json_after_all_is_sent_or_refused(payload: bytes) -> None:
    check_payload(payload)


def check_payload(payload: bytes) -> None:
    """With a filter and a deduplicate rule, which look into it, and with neither."""
    ruled = [{"type": "filter", "body": {"a": 1}}, {"type": "deduplicate", "include_fields": ["body.id"]}]
    for rules in ([], ruled):
        made = probe_for([route_of(rules=rules)], plan_of(payload), STAMP)
        assert isinstance(made, Probe | Refusal)
        if isinstance(made, Refusal):
            assert made.message.strip()


@settings(max_examples=EXAMPLES)
@given(
    text=st.text(st.characters(), max_size=40)
    | st.tuples(st.text(max_size=10), st.text(max_size=20)).map(": ".join)
)
def test_a_header_that_is_taken_can_be_sent(text: str) -> None:
    """Refused when it is read, not when the probe is on its way."""
    try:
        pair = header(text, "--fasthook-header")
    except SettingsError as error:
        said = str(error)
        assert one_clean_line(said)
        return
    assert header_lines([pair])
