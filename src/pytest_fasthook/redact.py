"""What may be shown: text from outside made harmless, secrets made unreadable.

Two rules, applied once, at the edge, to everything that leaves the process:

* ``clean``: a receiver's answer may hold terminal escapes, characters XML cannot hold, or commands that a
  CI system would obey (``::error``, ``##[``, ``##vso[``, ``##teamcity[``). They become visible, inert text.
* ``Redactor``: a secret, as it is and base64-, URL- and hex-encoded, becomes ``***``, also where it is part of
  a longer encoded text (``Authorization: Basic …``).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_SECRET = 4
"""Shorter texts cannot be told from ordinary words; masking them would blot out the report."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_INERT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_NONCHARACTER = re.compile(
    "["
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_COLON_COMMAND = re.compile(r"::(?=[A-Za-z])")
_HASH_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")


def clean(text: str) -> str:
    """Make text from outside inert; newlines and tabs stay, everything else unprintable becomes visible."""
    text = _ANSI.sub("", text)
    text = _INERT.sub(_visible, text)
    text = _NONCHARACTER.sub(_visible, text)
    return _HASH_COMMAND.sub("# #", _COLON_COMMAND.sub(": :", text))


def one_line(text: str, *, limit: int = 300) -> str:
    """Fold text to a single line of at most ``limit`` characters."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


class Secret:
    """A text that must not be shown: its repr, str and format are the mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the wire only."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Redactor:
    """Replaces every known secret, in every form it may be echoed in, by ``***``."""

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        values = {value for secret in secrets for value in _parts(secret)}
        forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE) if forms else None

    def redact(self, text: str) -> str:
        """Mask every secret in ``text``."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def finds(self, text: str) -> bool:
        """Whether ``text`` holds a secret in any known form."""
        return bool(self._pattern and self._pattern.search(text))

    def show(self, text: str) -> str:
        """Redact and clean: what may leave the process.

        Redaction comes before and after cleaning, since cleaning could change a secret or put one together.
        """
        return self.redact(clean(self.redact(text)))

    def shown(self, value: Any, *, depth: int = 12, items: int = 60, chars: int = 2000) -> Any:
        """Return ``value`` as JSON that may leave the process: redacted, cleaned and cut to a sane size."""
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, Mapping):
            return self._shown_mapping(value, depth=depth, items=items, chars=chars)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return self._shown_sequence(value, depth=depth, items=items, chars=chars)
        return _cut(self.show(value if isinstance(value, str) else str(value)), chars)

    def _shown_mapping(self, value: Mapping[Any, Any], *, depth: int, items: int, chars: int) -> Any:
        if depth <= 0:
            return "{…}"
        kept = list(value.items())[:items]
        shown = {
            self.show(str(key)): self.shown(item, depth=depth - 1, items=items, chars=chars)
            for key, item in kept
        }
        if len(value) > items:
            shown["…"] = f"{len(value) - items} more"
        return shown

    def _shown_sequence(self, value: Sequence[Any], *, depth: int, items: int, chars: int) -> Any:
        if depth <= 0:
            return "[…]"
        shown = [self.shown(item, depth=depth - 1, items=items, chars=chars) for item in value[:items]]
        return [*shown, f"… {len(value) - items} more"] if len(value) > items else shown


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[:chars]}… ({len(text) - chars} more characters)"


def _visible(match: re.Match[str]) -> str:
    """Spell a character in a way that no reader takes for an escape: ``<U+001B>``."""
    return f"<U+{ord(match.group()):04X}>"


def _parts(secret: Secret | str) -> Iterable[str]:
    """The secret, and what it is made of: lines of a key file, the password of ``user:password``."""
    value = secret.reveal() if isinstance(secret, Secret) else secret
    candidates = [value, value.strip(), *value.splitlines(), value.partition(":")[2]]
    return (candidate for candidate in candidates if len(candidate) >= MIN_SECRET)


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value, json.dumps(value)[1:-1], raw.hex(), quote(raw, safe=""), quote_plus(raw), quote(raw)}
    forms.update(_base64_forms(raw))
    return {form for form in forms if len(form) >= MIN_SECRET}


def _base64_forms(raw: bytes) -> set[str]:
    """The secret inside any base64 text: its three alignments, without the characters it shares with neighbours."""
    forms = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        body = encoded[(0, 2, 3)[offset] :].rstrip("=")
        shared = (len(raw) + offset) % 3 != 0
        core = body[:-1] if shared else body
        forms.update({core, core.replace("+", "-").replace("/", "_")})
    return {form for form in forms if len(form) >= MIN_SECRET}
