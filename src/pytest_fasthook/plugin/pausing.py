"""``--fasthook-on-fail pause``: hold the events of a connection that failed its gate, and say how to undo it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import FastHookError
from pytest_fasthook.gate.opening import open_transport
from pytest_fasthook.judge.verdict import Verdict
from pytest_fasthook.reports.document import ConnectionRun
from pytest_fasthook.settings.config import Settings


def pause_failing(runs: Sequence[ConnectionRun], settings: Settings, clock: Clock) -> list[ConnectionRun]:
    """Pause every connection whose verdict is fail; the verdicts stay, what was done becomes a warning of the run.

    A plan changes nothing, and what is paused already needs no pause.
    """
    return [_paused(run, settings, clock) if _is_to_pause(run, settings) else run for run in runs]


def _is_to_pause(run: ConnectionRun, settings: Settings) -> bool:
    deciding = run.decision.deciding
    paused = deciding is not None and deciding.cause is Cause.CONNECTION_PAUSED
    return run.decision.verdict is Verdict.FAIL and not paused and not settings.plan


def _paused(run: ConnectionRun, settings: Settings, clock: Clock) -> ConnectionRun:
    connection_id = run.connection_id
    try:
        with open_transport(settings, clock) as transport:
            FastHookClient.over(transport).pause_connection(connection_id)
        note = (
            f"PAUSED by --fasthook-on-fail pause: connection {connection_id} now holds its events; undo it with "
            f"PUT {settings.api_url}/connections/{connection_id}/unpause, or with the FastHook CLI: "
            f"fasthook connections unpause {connection_id}"
        )
    except FastHookError as error:
        note = f"NOT PAUSED, although --fasthook-on-fail pause was given: {error}"
    return replace(run, notes=(*run.notes, note))
