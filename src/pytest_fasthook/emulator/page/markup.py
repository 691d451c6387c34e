"""Small pieces of HTML; every text from outside is escaped here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from pytest_fasthook.emulator.times import iso

_TONES = {
    "accepted": "good",
    "SUCCESSFUL": "good",
    "rejected": "bad",
    "FAILED": "bad",
    "CANCELLED": "quiet",
    "HOLD": "wait",
    "QUEUED": "wait",
    "SCHEDULED": "wait",
    "enabled": "good",
    "paused": "wait",
    "disabled": "quiet",
}


def document(title: str, body: str) -> str:
    """Return a whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/ui/page.css"><link rel="icon" href="data:,">'
        '<script src="/ui/page.js" defer></script></head>'
        '<body><a class="skip" href="#live">Skip to content</a>'
        '<header><a class="home" href="/">FastHook emulator</a>'
        '<button type="button" id="pause" aria-pressed="false">Pause updates</button></header>'
        f"{body}</body></html>"
    )


def badge(state: str, *, label: str | None = None) -> str:
    """Return a state as a coloured word; the word says it without the colour."""
    return f'<span class="badge {_TONES.get(state, "quiet")}">{escape(label or state)}</span>'


def time_of(ms: int | None) -> str:
    """Return a moment, short, with the whole of it for machines and on hover."""
    whole = iso(ms)
    if whole is None:
        return "&ndash;"
    return f'<time datetime="{whole}" title="{whole}">{whole[11:23]}</time>'


def request_link(request_id: str) -> str:
    """Return the address of a request's page."""
    return f"/ui/requests/{quote(request_id, safe='')}"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a list of names and values; the values are HTML already."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="facts">{rows}</dl>'


def code(value: Any) -> str:
    """Return a value as text in a box: JSON indented, text as it is."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f'<pre tabindex="0">{escape(text)}</pre>'


def folded(summary: str, content: str, *, key: str, is_open: bool = False) -> str:
    """Return a part that can be folded; ``key`` keeps it open over updates."""
    state = " open" if is_open else ""
    return f'<details id="{escape(key)}"{state}><summary>{escape(summary)}</summary>{content}</details>'


def select(name: str, label: str, options: Mapping[str, str], *, chosen: str) -> str:
    """Return a labelled choice whose first option is any."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{escape(label)}<select name="{escape(name)}"><option value="">any</option>{items}</select></label>'
