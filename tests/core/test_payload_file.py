"""Files that settings name: regular, of a sane size, and what their name says."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from core_world import Spoken, one_clean_line, resolved

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.settings.given import LARGEST_FILE, Resolver
from pytest_fasthook.settings.payload_file import read_payload

WHERE = "--fasthook-payload"


def payload(path: Path) -> bytes:
    return read_payload(Resolver(Spoken(), {}, home=path.parent, folder=path.parent), path, WHERE)


def refused(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        payload(path)
    assert str(caught.value).startswith(f"{WHERE}: ")
    assert "s3cr3t" not in str(caught.value)
    assert one_clean_line(str(caught.value))
    return str(caught.value)


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "it is not a regular file" in refused(tmp_path / "pipe")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/stdin"])
def test_a_device_is_refused(device: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(device)
    for path in (Path(device), tmp_path / "link"):
        assert "cannot read" in refused(path)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        assert "it is not a regular file" in refused(tmp_path / "s")


def test_a_file_may_have_10_mb_and_no_byte_more(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE)
    assert len(payload(path)) == LARGEST_FILE
    with path.open("ab") as file:
        file.write(b"x")
    assert "it is larger than 10 MB" in refused(path)


@pytest.mark.parametrize("content", ['{"a": "s3cr3t', "", "{{probe_id}}", '{"a": NaN}', "<s3cr3t/>", "{}x"])
@pytest.mark.parametrize("name", ["event.json", "event.JSON"])
def test_a_file_named_json_is_json(content: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert "is not JSON, as its name says" in refused(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("event.json", b'{"id": "{{uuid}}", "at": {{unix}}}'),
        ("event.json", b'\xef\xbb\xbf{"id": 1}'),
        ("event.json", b"[" * 5000 + b"]" * 5000),
        ("event.txt", b'{"a": '),
        ("event", b"\xff\x00"),
    ],
)
def test_what_is_whole_is_kept_byte_for_byte(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert payload(tmp_path / name) == content


def test_a_byte_order_mark_is_accepted_wherever_text_is_read(tmp_path: Path) -> None:
    for name, text in {
        "fasthook.toml": "[connections.conn_a]\ntimeout = '7s'\nrules_file = 'rules.json'\n",
        "rules.json": '[{"type": "retry"}]',
        "key": "fhp_1\n",
        "cli.json": '{"teamId": "tm_1"}',
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    env = {"FASTHOOK_API_KEY_FILE": "key", "FASTHOOK_CONFIG": "cli.json"}
    settings = resolved(tmp_path, command={"connection": ["conn_a"], "team": None}, env=env).of("conn_a")
    assert (settings.timeout_s, settings.expected_rules) == (7.0, ({"type": "retry"},))


@pytest.mark.parametrize(
    "text",
    [
        "[connections.conn_a]\npayload = 'pipe'\n",
        "[connections.conn_a]\nrules_file = 'pipe'\n",
        "[defaults]\npayload = 'pipe'\n",
    ],
)
def test_files_that_the_settings_file_names_are_read_in_the_same_way(text: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "fasthook.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"fasthook\.toml, line 2: .*it is not a regular file"):
        resolved(tmp_path)


@pytest.mark.parametrize("option", ["payload", "config", "resume"])
def test_every_option_that_names_a_file_reads_it_in_the_same_way(option: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match=rf"--fasthook-{option}: .*it is not a regular file"):
        resolved(tmp_path, command={option: "pipe", "connection": None})


def test_a_settings_file_that_is_present_and_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fasthook.toml")
    with pytest.raises(SettingsError, match="it is not a regular file"):
        resolved(tmp_path)
