"""What of a transcript may leave the process, and whether a verdict could still be based on it.

All of it is redacted, cleaned and cut like the rest of a report. Where that changed something that a verdict can depend
on, the part is marked as altered, so that nobody judges by it again.
"""

from __future__ import annotations

from typing import Any

from pytest_fasthook.redact import Redactor

Json = dict[str, Any]

WORDS = frozenset(
    {
        "name", "url", "rejection_cause", "failure_message", "ignored_reason", "error_code", "requested_url",
        "message", "call", "source_url",
    }
)  # fmt: skip
"""Texts that are only repeated; no verdict depends on more than whether there is one."""
VERBATIM = frozenset({"rules", "config", "body", "response_body"})
"""What other people's words are in, so that no name in there means one of ours."""
DEPTH, ITEMS, CHARS = 24, 1000, 20_000


def fit_to_keep(plain: Json, show: Redactor) -> Json:
    """A part as it may leave the process, marked where that changed what a verdict can depend on."""
    fit: Json = show.shown(plain, depth=DEPTH, items=ITEMS, chars=CHARS)
    if _counted(fit) == _counted(plain):
        return fit
    uncut = _with_configs(fit, Redactor(()).shown(plain, depth=DEPTH, items=ITEMS, chars=CHARS))
    return fit if _counted(uncut) == _counted(plain) else {**fit, "altered": True}


def _with_configs(fit: Any, cut: Any) -> Any:
    """What is compared: a source's config as it was cut, but not masked, since masks there change no verdict."""
    if isinstance(fit, list):
        return [_with_configs(one, other) for one, other in zip(fit, cut, strict=True)]
    if not isinstance(fit, dict) or not isinstance(cut, dict):
        return fit
    return {
        name: cut["config"] if name == "config" else _with_configs(value, cut.get(name))
        for name, value in fit.items()
    }


def _counted(value: Any) -> Any:
    """What a verdict can depend on: of mere words, whether there are any."""
    if isinstance(value, list):
        return [_counted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: bool(item) if name in WORDS else item if name in VERBATIM else _counted(item)
        for name, item in value.items()
    }
