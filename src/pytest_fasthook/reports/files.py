"""Writing a report file: whole or not at all, and refused early where it cannot be written.

Readers such as TeamCity start on half-written files, and a run that ends with a report nobody can open has
lost its evidence. So a report gets its name only once it is complete, and a path that cannot be written is
found before anything is sent.
"""

from __future__ import annotations

import os
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_fasthook.leaks import SecretNet, reveals


class UnwritablePathError(ValueError):
    """A report cannot be written where it was asked for; the text names the path and the reason."""


class RevealingError(UnwritablePathError):
    """A report holds a secret of the run, so it was not written; the text names the path, never the secret."""


def check_writable(path: Path) -> None:
    """Make sure that a report can be written to ``path``, making its parent folders.

    An existing file is left exactly as it is.

    Raises:
        UnwritablePathError: the path is a folder or a device, its parent is a file, or permission is missing.
    """
    try:
        target = path.resolve()
        _refuse_what_cannot_be_a_report(path, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _probe(target)
    except (OSError, RuntimeError) as error:
        raise UnwritablePathError(f"{path} cannot be written: {_reason(error)}") from error


def check_apart(reports: Mapping[str, Path], taken: Iterable[tuple[Path, str]]) -> None:
    """Make sure that no report replaces another one, nor a file that the run needs; touches nothing.

    Args:
        reports: where each goes, by the option that asks for it.
        taken: the other files of the run, with what names each.

    Raises:
        UnwritablePathError: one would; the text names both.
    """
    others = list(taken)
    for option, path in reports.items():
        for other, what in others:
            if _same_file(path, other):
                raise UnwritablePathError(
                    f"{option}: {path} is already the file of {what}; give it a path of its own"
                )
        others.append((path, option))


def _same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file: by links, or by spellings that some file systems take for the same."""
    try:
        return _spelling(one) == _spelling(other) or one.samefile(other)
    except OSError:  # one of the two does not exist, or leads nowhere: then they can only be spelled alike
        return False


def _spelling(path: Path) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def write_whole(path: Path, data: bytes, *, net: SecretNet) -> None:
    """Write ``data`` to ``path``: under another name in the same folder first, then renamed.

    Links are followed, so that the file they point at is replaced and not the link.

    Args:
        path: where to.
        data: the whole file.
        net: knows what must not be in it.

    Raises:
        RevealingError: it holds a secret.
        UnwritablePathError: nothing was written, an older file is still there as it was.
    """
    _refuse_secrets(path, data.decode("utf-8", "replace"), net)
    try:
        target = path.resolve()
        _refuse_what_cannot_be_a_report(path, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_and_rename(target, data)
    except (OSError, RuntimeError) as error:
        raise UnwritablePathError(f"{path} cannot be written: {_reason(error)}") from error


def append(path: Path, text: str, *, net: SecretNet) -> None:
    """Add ``text`` to a file that others write to as well.

    Raises:
        RevealingError: it holds a secret; nothing was added.
        UnwritablePathError: it could not be added.
    """
    _refuse_secrets(path, text, net)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise UnwritablePathError(f"{path} cannot be written: {_reason(error)}") from error


def _refuse_secrets(path: Path, text: str, net: SecretNet) -> None:
    form = net.form_in(text)
    if form is not None:
        raise RevealingError(f"{path} was not written: {reveals(form)}")


def _write_and_rename(target: Path, data: bytes) -> None:
    part = _part_name(target)
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _probe(target: Path) -> None:
    """Do what writing will do, up to the rename: the folder decides whether that works, not the old file."""
    part = _part_name(target)
    try:
        part.open("xb").close()
    finally:
        part.unlink(missing_ok=True)


def _part_name(target: Path) -> Path:
    """A short name of its own, as the report's name may already be as long as names can be."""
    return target.with_name(f".fasthook-{secrets.token_hex(8)}.part")


def _refuse_what_cannot_be_a_report(path: Path, target: Path) -> None:
    """Renaming over a device such as ``/dev/null`` would replace the device."""
    if target.is_symlink():  # resolved, and still one: newer Pythons do not refuse such a loop by themselves
        raise UnwritablePathError(
            f"{path} cannot be written: it is a symbolic link that leads back to itself"
        )
    if target.is_dir():
        raise UnwritablePathError(f"{path} cannot be written: it is a folder")
    if target.exists() and not target.is_file():
        raise UnwritablePathError(f"{path} cannot be written: it is not a regular file")
    for parent in target.parents:
        if parent.exists() and not parent.is_dir():
            raise UnwritablePathError(f"{path} cannot be written: {parent} is not a folder")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
