from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from pytest_fasthook.leaks import SecretNet
from pytest_fasthook.reports.files import (
    RevealingError,
    UnwritablePathError,
    append,
    check_apart,
    check_writable,
    write_whole,
)

NO_SECRETS = SecretNet(())


def test_a_new_path_is_writable_and_its_folders_are_made(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "deep" / "run.json"

    check_writable(target)

    assert list(target.parent.iterdir()) == []


def test_checking_leaves_an_existing_file_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    target.write_bytes(b"old")

    check_writable(target)

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnwritablePathError, match=r"cannot be written: it is a folder$"):
        check_writable(tmp_path)


def test_a_parent_that_is_a_file_is_refused_and_named(tmp_path: Path) -> None:
    parent = tmp_path / "file"
    parent.write_bytes(b"")

    for target in (parent / "run.json", parent / "deep" / "run.json"):
        with pytest.raises(UnwritablePathError, match=r"file is not a folder$"):
            check_writable(target)
        with pytest.raises(UnwritablePathError, match=r"file is not a folder$"):
            write_whole(target, b"data", net=NO_SECRETS)


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a device file")
def test_a_device_is_refused_as_renaming_would_replace_it() -> None:
    for refuse in (check_writable, lambda path: write_whole(path, b"", net=NO_SECRETS)):
        with pytest.raises(UnwritablePathError, match="not a regular file"):
            refuse(Path("/dev/null"))

    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write everywhere"
)
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(UnwritablePathError, match="permission denied"):
            check_writable(tmp_path / "run.json")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_missing_permission_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(UnwritablePathError, match=r"run\.json cannot be written: permission denied$"):
        check_writable(tmp_path / "run.json")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_loop_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(UnwritablePathError, match="cannot be written"):
        check_writable(loop)


def test_data_is_written_and_replaces_an_older_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "run.json"
    write_whole(target, b"old and much longer", net=NO_SECRETS)

    write_whole(target, b"new", net=NO_SECRETS)

    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_older_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "run.json"
    target.write_bytes(b"old")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)

    with pytest.raises(UnwritablePathError, match="no space left on device"):
        write_whole(target, b"new", net=NO_SECRETS)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    link = tmp_path / "link.json"
    link.symlink_to(real)

    write_whole(link, b"data", net=NO_SECRETS)

    assert link.is_symlink()
    assert real.read_bytes() == b"data"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permission bits")
def test_a_report_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """An upload step may run as another user, so the private mode of temporary files hides it."""
    ordinary = tmp_path / "ordinary"
    ordinary.touch()

    write_whole(tmp_path / "run.json", b"data", net=NO_SECRETS)

    assert (tmp_path / "run.json").stat().st_mode == ordinary.stat().st_mode


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250 + ".json")

    write_whole(target, b"data", net=NO_SECRETS)

    assert target.read_bytes() == b"data"


def test_a_report_with_a_secret_is_not_written_and_the_older_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    target.write_bytes(b"old")
    net = SecretNet(["s3cret-of-the-source"])

    with pytest.raises(
        RevealingError, match=r"run\.json was not written: it would have shown a secret"
    ) as raised:
        write_whole(target, b'{"said": "s3cret-of-the-source"}', net=net)
    assert "s3cret-of-the-source" not in str(raised.value)
    assert target.read_bytes() == b"old"
    write_whole(target, b'{"said": "s3cret-of-the-sours"}', net=net)
    assert target.read_bytes() == b'{"said": "s3cret-of-the-sours"}'


def test_words_are_added_to_a_file_of_others_unless_they_hold_a_secret(tmp_path: Path) -> None:
    target = tmp_path / "summary.md"
    net = SecretNet(["s3cret-of-the-source"])
    append(target, "one\n", net=net)

    with pytest.raises(RevealingError):
        append(target, "s3cret-of-the-source\n", net=net)
    append(target, "two\n", net=net)
    assert target.read_text() == "one\ntwo\n"


def test_what_cannot_be_added_is_said_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UnwritablePathError, match="cannot be written: is a directory"):
        append(tmp_path, "one\n", net=NO_SECRETS)


@pytest.mark.parametrize(
    "spelling", ["run.json", "./run.json", "sub/../run.json", "RUN.json", "soft", "hard"]
)
def test_no_report_takes_the_place_of_another_file_of_the_run(spelling: str, tmp_path: Path) -> None:
    """Also where some file systems take two names for one, and the report does not exist yet."""
    run = tmp_path / "run.json"
    (tmp_path / "sub").mkdir()
    if spelling in {"soft", "hard"}:
        run.write_text("kept")
        (tmp_path / "soft").symlink_to(run)
        (tmp_path / "hard").hardlink_to(run)
    with pytest.raises(UnwritablePathError, match=r"--b: .* is already the file of --a"):
        check_apart({"--a": run, "--b": tmp_path / spelling}, [])
    with pytest.raises(UnwritablePathError, match=r"--b: .* is already the file of the payload"):
        check_apart({"--b": tmp_path / spelling}, [(run, "the payload")])


def test_reports_of_their_own_are_fine(tmp_path: Path) -> None:
    check_apart({"--a": tmp_path / "a", "--b": tmp_path / "b"}, [(tmp_path / "c", "the payload")])
    assert list(tmp_path.iterdir()) == []
