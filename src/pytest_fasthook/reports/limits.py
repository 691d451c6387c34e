"""The limits and policies that ``python -m pytest_fasthook judge`` takes, spelled and read as the gate does."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.reports.rejudging import Changes
from pytest_fasthook.settings.options import (
    ATTEMPTS,
    MAX_FAILURE_RATE,
    MAX_LATENCY,
    ON_ERROR,
    ON_INCONCLUSIVE,
    Option,
)
from pytest_fasthook.settings.values import Value, choice, duration, rate

_READERS: Mapping[Option, tuple[str, Callable[[Value], Any]]] = {
    ATTEMPTS: ("attempts", lambda value: choice(value, ATTEMPTS.choices)),
    MAX_FAILURE_RATE: ("max_failure_rate", rate),
    MAX_LATENCY: ("max_latency_s", duration),
    ON_INCONCLUSIVE: ("on_inconclusive", lambda value: choice(value, ON_INCONCLUSIVE.choices)),
    ON_ERROR: ("on_error", lambda value: choice(value, ON_ERROR.choices)),
}


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Give a command the options; one that is not given stays as the run had it."""
    for option in _READERS:
        parser.add_argument(
            option.flag,
            dest=option.dest,
            metavar=option.metavar or "|".join(option.choices),
            help=f"{option.help} (default: as the run had it)".replace("%", "%%"),
        )


def changes(given: argparse.Namespace) -> Changes:
    """What the options say.

    Raises:
        SettingsError: a value is wrong; the message names option, value and what is valid.
    """
    texts = {option: getattr(given, option.dest) for option in _READERS}
    read = {option: _READERS[option] for option, text in texts.items() if text is not None}
    return Changes(
        **{name: reader(Value(texts[option], option.flag)) for option, (name, reader) in read.items()}
    )
