"""A payload file: raw bytes with placeholders, which one named ``.json`` must make JSON of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.settings.given import Resolver, named

_TRIAL: Mapping[str, str] = {
    "probe_id": "probe_trial",
    "uuid": "00000000-0000-5000-8000-000000000000",
    "now": "1970-01-01T00:00:00Z",
    "unix": "0",
}
"""Every placeholder with a value of its kind, to try a payload with before anything is sent."""


def read_payload(source: Resolver, path: Path, where: str) -> bytes:
    """The payload of a file that a setting names; its content is never shown.

    Raises:
        SettingsError: it cannot be read, or is named ``.json`` and is no JSON, as where it was cut off.
    """
    payload = source.read_file(path, where)
    if path.suffix.lower() == ".json":
        try:
            json.loads(fill(payload, _TRIAL), parse_constant=_refuse_constant)
        except RecursionError:
            pass  # JSON, only deeper than Python reads; it is sent as it is
        except ValueError:
            raise SettingsError(
                f"{where}: {named(path)} is not JSON, as its name says; raw bytes need another ending"
            ) from None
    return payload


def fill(payload: bytes, placeholders: Mapping[str, str]) -> bytes:
    """The payload with its placeholders filled in; bytes that are no text are left alone."""
    for name, value in placeholders.items():
        payload = payload.replace(b"{{%s}}" % name.encode(), value.encode())
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
