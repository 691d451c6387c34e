"""What may be shown: text from outside made harmless, secrets made unreadable.

Two rules, applied once, at the edge, to everything that leaves the process:

* ``clean``: a receiver's answer may hold terminal escapes, characters XML cannot hold, or commands that a
  CI system would obey (``::error``, ``##[``, ``##vso[``, ``##teamcity[``). They become visible, inert text.
* ``Redactor``: a secret, as it is and base64-, URL- and hex-encoded, becomes ``***``, also where it is part of
  a longer encoded text (``Authorization: Basic …``). Encoders differ in what they leave alone, and a receiver may
  echo JSON within JSON or HTML, so a secret is recognised character by character, however each one is written.
"""

from __future__ import annotations

import base64
import html
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MASK = "***"
MIN_SECRET = 4
"""Shorter texts cannot be told from ordinary words; masking them would blot out the report."""

_COLOURS = re.compile(r"\x1b\[[0-?]*[@-~]")
_INERT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_NONCHARACTER = re.compile(
    "["
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_MOST_BITS = 8192
"""Python refuses to write a much larger number in decimal digits."""
_COLON_COMMAND = re.compile(r"::(?=[A-Za-z])")
_HASH_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")


def clean(text: str) -> str:
    """Make text from outside inert; newlines and tabs stay, everything else unprintable becomes visible.

    Colours go. No other escape does: one that takes text with it (a title, a link) could hide words of ours
    that stand behind it.
    """
    text = _COLOURS.sub("", text)
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
        # Of two secrets that begin alike the longer one must be tried first.
        patterns = [form for value in sorted(values, key=_longest_first) for form in _patterns(value)]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

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
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._shown_number(value)
        if isinstance(value, Mapping):
            return self._shown_mapping(value, depth=depth, items=items, chars=chars)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return self._shown_sequence(value, depth=depth, items=items, chars=chars)
        return _cut(self.show(value if isinstance(value, str) else str(value)), chars)

    def _shown_number(self, value: float) -> Any:
        """A number as it is, unless it is the secret or nothing that JSON or Python can write."""
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            return f"a number of {value.bit_length()} bits"
        text = str(value)
        writable = isinstance(value, int) or math.isfinite(value)
        return value if writable and not self.finds(text) else self.show(text)

    def _shown_mapping(self, value: Mapping[Any, Any], *, depth: int, items: int, chars: int) -> Any:
        if depth <= 0:
            return "{…}"
        kept = list(value.items())[:items]
        shown = {
            _cut(self.show(str(key)), chars): self.shown(item, depth=depth - 1, items=items, chars=chars)
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


def _longest_first(value: str) -> tuple[int, str]:
    return -len(value), value


def _patterns(value: str) -> Iterator[str]:
    """Patterns for a secret: written in any way, as cleaning would leave it, in hex, inside base64."""
    yield from dict.fromkeys(map(_spelled, (value, clean(value))))
    raw = value.encode("utf-8", "surrogatepass")
    yield raw.hex()
    yield from dict.fromkeys("".join(map(_in_base64, core)) for core in _base64_cores(raw))


def _spelled(text: str) -> str:
    runs = itertools.groupby(text, key=lambda character: character == "\\")
    return "".join(
        _backslashes(len(list(run))) if are else "".join(map(_character, run)) for are, run in runs
    )


# Every repetition is bounded, so that no text, however hostile, makes matching slow.
_ESCAPED = r"\\{0,8}+"
"""The backslashes that JSON puts before a character, once or nested."""
_PERCENT = r"%(?:25){0,2}"
"""A percent sign, itself encoded or not."""
_CONTROLS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


def _backslashes(count: int) -> str:
    return rf"(?:\\{{{count},{8 * count}}}+|(?:{_PERCENT}5c){{{count}}})"


def _character(character: str) -> str:
    """A pattern for one character as itself or as JSON, URLs and HTML write it."""
    in_url = "".join(f"{_PERCENT}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    if character.isascii() and character.isalnum():
        return f"(?:{character}|{in_url})"
    ways = [in_url]  # the longer ones first, so that nothing of them is left
    ways += [_in_html(character)] if html.escape(character) != character else []
    ways += [_in_json(character)] if not character.isascii() or not character.isprintable() else []
    ways += [f"{_ESCAPED}{_CONTROLS[character]}"] if character in _CONTROLS else []
    ways += [r"\+"] if character == " " else []
    ways += [f"{_ESCAPED}{re.escape(character)}"]
    return f"(?:{'|'.join(ways)})"


def _in_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"{_ESCAPED}u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _in_html(character: str) -> str:
    name = html.escape(character).strip("&;")
    return f"&(?:amp;){{0,2}}(?:{name}|#0?{ord(character)}|#x{ord(character):x});"


def _in_base64(character: str) -> str:
    """A pattern for a character of base64's ordinary alphabet, also as its URL-safe one has it."""
    ways = {"+": rf"(?:[+-]|{_PERCENT}2b)", "/": rf"(?:{_ESCAPED}/|_|{_PERCENT}2f)"}
    return ways.get(character, character)


def _base64_cores(raw: bytes) -> Iterator[str]:
    """The secret inside any base64 text: its three alignments, without the characters it shares with neighbours."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        body = encoded[(0, 2, 3)[offset] :].rstrip("=")
        core = body[:-1] if (len(raw) + offset) % 3 else body
        if len(core) >= MIN_SECRET:
            yield core
