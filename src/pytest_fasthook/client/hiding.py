"""Secrets that are written to FastHook: found in what is sent, hidden in what is said about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_fasthook.redact import Redactor, Secret

_SECRET_NAME = re.compile(r"secret|password|passphrase|token|credential|key|value", re.IGNORECASE)
_NOT_SECRET = re.compile(r"(?:header|name|prefix|type)$", re.IGNORECASE)


class Hiding(Redactor):
    """Masks some more secrets than another redactor knows."""

    def __init__(self, inner: Redactor, secrets: Iterable[Secret | str]) -> None:
        super().__init__(secrets)
        self._inner = inner

    def redact(self, text: str) -> str:
        """Mask what either of the two knows."""
        return self._inner.redact(super().redact(text))

    def finds(self, text: str) -> bool:
        """Whether ``text`` holds a secret that either of the two knows."""
        return super().finds(text) or self._inner.finds(text)


def secrets_in(body: Any) -> tuple[Secret, ...]:
    """The texts in a JSON body whose field's name says that they are secrets."""
    return tuple(Secret(text) for text in _secret_texts(body))


def _secret_texts(value: Any, *, named: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if named else []
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secret_texts(item, named=named or _is_secret(str(name)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secret_texts(item, named=named)


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.search(name)
