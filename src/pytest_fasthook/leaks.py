"""The second net for secrets: what is about to be written is read once more, as whoever gets it would read it.

``redact.py`` masks secrets where text comes in. This module shares nothing with that: it takes a finished artefact,
resolves entities, escapes and percent signs, joins broken lines, and looks for every secret of the run as it is, in hex
and inside base64. What it finds must not be written; that it found anything is a fault of this package.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from pytest_fasthook.redact import Secret

SHORTEST = 8
"""Shorter texts, such as a word that reports are written in, cannot be told from a secret that got out."""
LONGEST_WORD = 16
"""A shorter secret may be an ordinary word, as reports hold; then it is looked for in its encodings only."""
ROUNDS = 2
"""How often an escaped text is read again: JSON within JSON, a URL within a URL."""
ALIGNMENTS = 3
"""Base64 writes three bytes as four characters, so a secret has three spellings by where it begins."""
KEY, SOURCE_SECRET = "FASTHOOK_API_KEY", "FASTHOOK_SOURCE_SECRET"

_UNITS = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_KEPT = "\0"
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class SecretNet:
    """Finds the secrets of a run in a text; its repr shows none."""

    __slots__ = ("_needles", "_signs")

    def __init__(self, secrets: Iterable[Secret | str]) -> None:
        values = {part for secret in secrets for part in _parts(_text(secret))}
        self._needles = tuple(pair for value in sorted(values) for pair in _needles(value))
        self._signs = frozenset(sign for sign in _RESOLVERS if any(sign in value for value in values))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> SecretNet:
        """The net for the secrets that a shell holds for the gate."""
        return cls(
            value
            for name, value in environment.items()
            if name in {KEY, SOURCE_SECRET} or name.startswith(f"{SOURCE_SECRET}_")
        )

    def form_in(self, text: str) -> str | None:
        """How a secret is written in ``text`` (``raw``, ``escaped``, ``hex``, ``base64``); ``None`` where none is."""
        for reading, words in self._readings(text) if self._needles else ():
            joined = _joined(words)
            for form, needle in self._needles:
                if needle in joined:
                    return reading if form == "raw" else form
        return None

    def _readings(self, text: str) -> Iterator[tuple[str, str]]:
        """The text as it is, and as HTML or XML, JSON and URLs mean it, one within the other.

        A sign that a secret holds itself, such as its own percent sign, may have to stay as it is: then the text is
        read without resolving that one, too.
        """
        yield "raw", text
        for number in range(len(self._signs) + 1):
            for left_out in itertools.combinations(sorted(self._signs), number):
                yield from _resolved(text, [_RESOLVERS[sign] for sign in _RESOLVERS if sign not in left_out])

    def held_back(self, text: str) -> str:
        """``text`` itself, or the sentence that stands for it where it holds a secret."""
        form = self.form_in(text)
        return text if form is None else f"withheld: {reveals(form)}"


def reveals(form: str) -> str:
    """What is wrong with a text that holds a secret in this form, and what to do."""
    return f"it would have shown a secret of this run ({form}); this is a fault of the gate, please report it"


def _text(secret: Secret | str) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


def _parts(value: str) -> Iterator[str]:
    """A secret whole, its lines where it is a key file, and the password of ``user:password``."""
    for part in (_joined(value), *map(str.strip, value.splitlines()), value.partition(":")[2].strip()):
        if len(part) >= SHORTEST:
            yield part


def _is_word(value: str) -> bool:
    return (
        value.isalpha()
        and len(value) < LONGEST_WORD
        and value in {value.lower(), value.upper(), value.title()}
    )


def _needles(value: str) -> Iterator[tuple[str, str]]:
    raw = value.encode("utf-8", "surrogatepass")
    if not _is_word(value):
        yield from (("raw", way) for way in dict.fromkeys((value, value.replace(" ", "+"))))
    yield from (("hex", digits) for digits in dict.fromkeys((raw.hex(), raw.hex().upper())))
    for start in range(ALIGNMENTS):
        whole = raw[start:]
        inside = base64.b64encode(whole[: len(whole) // ALIGNMENTS * ALIGNMENTS]).decode()
        yield from (("base64", way) for way in dict.fromkeys((inside, inside.translate(_URL_SAFE))))


_URL_SAFE = str.maketrans("+/", "-_")


def _resolved(text: str, resolvers: Sequence[Callable[[str], str]]) -> Iterator[tuple[str, str]]:
    for _ in range(ROUNDS):
        for resolve in resolvers:
            resolved = resolve(text)
            if resolved != text:
                text = resolved
                yield "escaped", text


def _unescaped(text: str) -> str:
    """What a text means where backslashes escape; in whole replacements, as reports are large and full of them."""
    if "\\" not in text:
        return text
    text = text.replace("\\\\", _KEPT)
    for letter, character in _ESCAPED.items():
        text = text.replace(f"\\{letter}", character)
    text = _UNITS.sub(lambda match: str(json.loads(f'"{match.group()}"')), text)
    return text.replace("\\", "").replace(_KEPT, "\\")


_RESOLVERS: Mapping[str, Callable[[str], str]] = {"&": html.unescape, "\\": _unescaped, "%": unquote}
"""What reads a text again, by the sign that it looks for."""


def _joined(text: str) -> str:
    """A text whose lines were broken to fit somewhere, in one."""
    return "".join(line.strip() for line in text.splitlines())
