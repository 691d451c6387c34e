"""Where a setting may be written, and which place wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from core_world import Spoken, one_clean_line

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.settings import options
from pytest_fasthook.settings.given import Resolver, home_folder, read_file


def resolver(
    folder: Path, spoken: Spoken | None = None, *, env: dict[str, str] | None = None, home: Path | None = None
) -> Resolver:
    return Resolver(spoken or Spoken(), env or {}, home=home or folder, folder=folder)


def test_an_empty_variable_counts_as_not_given(tmp_path: Path) -> None:
    found = resolver(tmp_path, env={"FASTHOOK_TIMEOUT": "  "}).value(options.TIMEOUT)
    assert found is None


def test_an_empty_command_line_value_is_given(tmp_path: Path) -> None:
    """Somebody wrote it, so it must be refused rather than replaced by what is written elsewhere."""
    source = resolver(tmp_path, Spoken({"timeout": ""}), env={"FASTHOOK_TIMEOUT": "5s"})
    found = source.value(options.TIMEOUT)
    assert found is not None
    assert (found.text, found.where) == ("", "--fasthook-timeout")


def test_an_empty_ini_value_counts_as_not_given(tmp_path: Path) -> None:
    assert resolver(tmp_path, Spoken(ini_file={"timeout": ""})).value(options.TIMEOUT) is None


def test_a_flag_that_is_not_set_counts_as_not_given(tmp_path: Path) -> None:
    assert resolver(tmp_path).value(options.EMULATOR) is None
    assert resolver(tmp_path, Spoken({"emulator": True})).value(options.EMULATOR) is not None


def test_a_secret_is_never_read_from_the_command_line_or_the_ini_file(tmp_path: Path) -> None:
    spoken = Spoken({"api-key": "fhp_1", "source-secret": "s"}, {"api-key": "fhp_1", "source-secret": "s"})
    source = resolver(tmp_path, spoken)
    assert source.value(options.API_KEY) is None
    assert source.value(options.SOURCE_SECRET) is None


def test_every_found_value_leaves_its_origin(tmp_path: Path) -> None:
    spoken = Spoken({"team": "tm_1"}, {"timeout": "5s"})
    source = resolver(tmp_path, spoken, env={"FASTHOOK_API_URL": "http://a"})
    for option in (options.TEAM, options.TIMEOUT, options.API_URL, options.PAYLOAD):
        source.value(option)
    assert source.origins == {
        "team": "--fasthook-team",
        "timeout": "fasthook_timeout in the ini file",
        "api-url": "FASTHOOK_API_URL",
    }


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.json", "work/a.json"),
        ("./a.json", "work/a.json"),
        ("../a.json", "work/../a.json"),
        ("~", "home"),
        ("~/a.json", "home/a.json"),
        ("~\\a.json", "home/a.json"),
        ("~backup.json", "work/~backup.json"),
    ],
)
def test_a_path_is_relative_to_where_pytest_was_called(text: str, path: str, tmp_path: Path) -> None:
    source = resolver(tmp_path / "work", home=tmp_path / "home")
    assert source.path(text) == tmp_path / path


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    assert resolver(tmp_path / "work").path(str(tmp_path / "a.json")) == tmp_path / "a.json"


def test_a_file_is_read_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00\xff\r\n")
    assert read_file(tmp_path / "a", "--fasthook-payload") == b"\x00\xff\r\n"


def test_an_unreadable_file_is_named_with_its_setting_and_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_file(tmp_path / "a.json", "--fasthook-payload")
    line = f"--fasthook-payload: cannot read {tmp_path / 'a.json'}: No such file or directory"
    assert str(caught.value) == line
    with pytest.raises(SettingsError, match=r": Is a directory$"):
        read_file(tmp_path, "--fasthook-payload")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\udc80b", "a\x00b", "::error::a"])
def test_an_unreadable_file_is_one_clean_line_whatever_its_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_file(tmp_path / name, "--fasthook-payload")
    assert one_clean_line(str(caught.value))
    assert "::error" not in str(caught.value)


def written(folder: Path, content: object) -> Path:
    file = folder / ".fasthook" / "config.json"
    file.parent.mkdir(parents=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_the_cli_config_is_found_in_the_home_folder(tmp_path: Path) -> None:
    written(tmp_path, {"apiKey": "fhp_1", "teamId": "tm_1"})
    found = resolver(tmp_path).from_cli_config("teamId")
    assert found is not None
    assert (found.text, found.where) == ("tm_1", "teamId in the FastHook CLI's config file")


def test_a_home_that_cannot_be_entered_holds_no_cli_config(tmp_path: Path) -> None:
    """A name that is too long stands for every folder that the system refuses to look into."""
    assert resolver(tmp_path, home=tmp_path / ("x" * 300)).from_cli_config("teamId") is None


def test_a_user_without_a_home_has_no_cli_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert resolver(tmp_path, home=home_folder()).from_cli_config("teamId") is None


def test_the_cli_config_may_be_elsewhere(tmp_path: Path) -> None:
    written(tmp_path, {"teamId": "tm_home"})
    (tmp_path / "mine.json").write_text('{"teamId": "tm_mine"}')
    found = resolver(tmp_path, env={"FASTHOOK_CONFIG": "mine.json"}).from_cli_config("teamId")
    assert found is not None
    assert found.text == "tm_mine"


def test_no_cli_config_is_an_empty_one(tmp_path: Path) -> None:
    assert resolver(tmp_path).cli_config() == {}
    assert resolver(tmp_path).from_cli_config("teamId") is None


def test_a_cli_config_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"the FastHook CLI's config file: cannot read .*nowhere\.json"):
        resolver(tmp_path, env={"FASTHOOK_CONFIG": "nowhere.json"}).cli_config()


@pytest.mark.parametrize("content", ["{", "", "{} {}", "[" * 100_000])
def test_a_cli_config_that_is_not_json_is_refused(content: str, tmp_path: Path) -> None:
    written(tmp_path, content)
    with pytest.raises(SettingsError, match=r"the FastHook CLI's config file: .* is not JSON$"):
        resolver(tmp_path).cli_config()


def test_a_cli_config_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    written(tmp_path, '\ufeff{"teamId": "tm_1"}')
    assert resolver(tmp_path).cli_config() == {"teamId": "tm_1"}


@pytest.mark.parametrize("content", [[], "3", "null", '"a"'])
def test_a_cli_config_must_be_an_object(content: object, tmp_path: Path) -> None:
    written(tmp_path, content)
    with pytest.raises(SettingsError, match=r"does not hold a JSON object$"):
        resolver(tmp_path).cli_config()


@pytest.mark.parametrize("value", [None, 7, "", [], {}])
def test_only_a_text_in_the_cli_config_is_a_value(value: object, tmp_path: Path) -> None:
    written(tmp_path, {"teamId": value})
    assert resolver(tmp_path).from_cli_config("teamId") is None
