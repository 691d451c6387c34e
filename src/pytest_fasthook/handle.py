"""The gate for test authors: send an event, then prove hop by hop what became of it, inside a test of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pytest_fasthook.causes import Outcome
from pytest_fasthook.client.models import Attempt, Event, LatestInput, Request
from pytest_fasthook.collect import Track
from pytest_fasthook.config import Settings
from pytest_fasthook.errors import StageFailed, StageNotPassed, StageUndecided
from pytest_fasthook.gate import Gate
from pytest_fasthook.judge import chain, metrics
from pytest_fasthook.judge.success import succeeded
from pytest_fasthook.notices import notice_of
from pytest_fasthook.opening import open_gate
from pytest_fasthook.seen import WindowSeen
from pytest_fasthook.stages import Stage, StageResult
from pytest_fasthook.values import header

T = TypeVar("T")


class Handle:
    """One connection, ready to be sent to. Given by the ``fasthook`` fixture."""

    def __init__(self, settings: Settings, connection_id: str) -> None:
        self.connection_id = connection_id
        self._settings = settings
        self._gates: list[Gate] = []

    def __repr__(self) -> str:
        return f"Handle({self.connection_id})"

    def send(self, payload: Any = None, headers: Mapping[str, str] | None = None) -> SentProbe:
        """Check the route, then send one event through it.

        Args:
            payload: bytes or text are sent as they are, anything else as JSON; placeholders are filled in. Without
                it, ``--fasthook-payload`` or a body made from the connection's rules is sent.
            headers: sent with it, on top of ``--fasthook-header``.

        Raises:
            StageFailed: the route is closed, or its filter refuses the payload; nothing was sent.
            StageUndecided: the route could not be read, or a secret is missing; nothing was sent.
            SettingsError: a header cannot be sent.
        """
        gate = open_gate(self._with(payload, headers))
        self._gates.append(gate)
        gate.start({self.connection_id: frozenset(Stage)})
        probe = SentProbe(gate, gate.tracks[0])
        probe.preflight()
        gate.send_probes()
        return probe

    def _with(self, payload: Any, headers: Mapping[str, str] | None) -> Settings:
        given = tuple(header(f"{name}: {value}", "headers") for name, value in (headers or {}).items())
        settings = replace(self._settings, headers=(*self._settings.headers, *given))
        return settings if payload is None else replace(settings, payload=_bytes(payload))

    def close(self) -> None:
        """Stop watching and close the connections to the API."""
        for gate in self._gates:
            gate.close()


class SentProbe:
    """An event on its way. Each method waits for its stage, and for those before it, and returns what proves it.

    Every method raises ``StageFailed`` where evidence contradicts an expectation, and ``StageUndecided`` where the
    gate could not observe or the evidence was still missing when the budget (``--fasthook-timeout``) ended.
    """

    def __init__(self, gate: Gate, track: Track) -> None:
        self._gate = gate
        self._track = track

    def __repr__(self) -> str:
        return f"SentProbe({self.connection_id})"

    @property
    def connection_id(self) -> str:
        """The connection it was sent for."""
        return self._track.expect.connection_id

    @property
    def probe_id(self) -> str:
        """Its marker, also in the header ``x-fasthook-probe``."""
        return _found(self._track.expect.sent.probe).probe_id

    @property
    def results(self) -> Mapping[Stage, StageResult]:
        """What is decided so far."""
        return dict(self._track.results)

    def preflight(self) -> StageResult:
        """The route: enabled, not paused, under the given team."""
        return self._passed(Stage.PREFLIGHT)

    def ingress(self) -> Request:
        """The request record, accepted by the source."""
        self._passed(Stage.INGRESS)
        return _found(chain.request(self._gate.evidence, self._track.expect))

    def branch(self) -> Event:
        """The event of this connection."""
        self._passed(Stage.BRANCH)
        return _found(chain.event(self._gate.evidence, self._track.expect))

    def delivery(self) -> Attempt:
        """The attempt that the destination answered successfully."""
        self._passed(Stage.DELIVERY)
        event = _found(chain.event(self._gate.evidence, self._track.expect))
        return next(a for a in chain.attempts(self._gate.evidence, event) if succeeded(a))

    def latest_input(self) -> LatestInput:
        """The connection's latest input: this request's, or a newer one."""
        self._passed(Stage.LATEST_INPUT)
        observation = _found(self._gate.evidence.answered(chain.latest_input_question(self._track.expect)))
        newest: LatestInput = _found(observation.value.latest_input)
        return newest

    def metrics(self) -> WindowSeen:
        """The deploy window's counts, this event among them."""
        self._passed(Stage.METRICS)
        question = metrics.window_question(self._gate.evidence, self._track.expect)
        seen: WindowSeen = _found(self._gate.evidence.answered(question)).value
        return seen

    def verify(self) -> Mapping[Stage, StageResult]:
        """Wait for every stage; an advisory one may end as it likes."""
        for stage in Stage:
            if stage not in self._track.expect.limits.advisory:
                self._passed(stage)
        self._gate.collect()
        return self.results

    def _passed(self, stage: Stage) -> StageResult:
        self._gate.collect(until=lambda: stage in self._track.results)
        result = self._track.results[stage]
        if result.outcome is Outcome.PASSED:
            return result
        deciding = self._track.results[result.blocked_by] if result.blocked_by else result
        raise self._error(deciding)

    def _error(self, result: StageResult) -> StageNotPassed:
        notice = notice_of(self.connection_id, result, self._track.results, self._gate.settings)
        kind = StageFailed if result.outcome is Outcome.FAILED else StageUndecided
        return kind(f"{result.stage}: {notice.text}", result=result)


def _found(value: T | None) -> T:
    if value is None:
        raise LookupError("a stage passed without leaving its evidence behind")
    return value


def _bytes(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
