"""The gate for test authors: send an event or await a real one, then prove hop by hop what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pytest_fasthook.causes import Outcome
from pytest_fasthook.client.models import Attempt, Event, LatestInput, Request
from pytest_fasthook.clock import SystemClock
from pytest_fasthook.errors import SettingsError, StageFailed, StageNotPassed, StageUndecided
from pytest_fasthook.evidence.seen import WindowSeen
from pytest_fasthook.gate.opening import open_gate
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.gate.tracks import Track
from pytest_fasthook.judge import chain, metrics
from pytest_fasthook.judge.success import succeeded
from pytest_fasthook.reports.notices import notice_of
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.route_file import Overrides
from pytest_fasthook.settings.values import Match, header, payload_bytes, request_match
from pytest_fasthook.stages import Stage, StageResult

T = TypeVar("T")

Matching = str | Iterable[str] | Mapping[str, Any]
"""``"body.type=paid"``, several of them, or ``{"body.type": "paid", "body.lines.0.count": 2}``."""


class Handle:
    """One connection, ready to be sent to or watched. Given by the ``fasthook`` fixture."""

    def __init__(
        self, settings: Settings, connection_id: str, *, supply: Callable[[str], Any] = lambda _: None
    ) -> None:
        """Get ready; nothing is asked or sent yet.

        Args:
            settings: of the run.
            connection_id: the connection.
            supply: gives a payload for it where neither a test nor the settings do, or ``None``.
        """
        self.connection_id = connection_id
        self._supply = supply
        self._settings = replace(settings.of(connection_id), overrides=Overrides(), resumed=None, teeth=False)
        self._clock = SystemClock()
        self._opened_at = self._clock.monotonic()
        self._gates: list[Gate] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection_id})"

    def send(self, payload: Any = None, headers: Mapping[str, str] | None = None) -> SentProbe:
        """Check the route, then send one event through it.

        Args:
            payload: bytes or text are sent as they are, anything else as JSON; placeholders are filled in. Without
                it, ``--fasthook-payload``, what ``pytest_fasthook_payload`` supplies, or a body made from the
                connection's rules is sent.
            headers: sent with it, on top of ``--fasthook-header``.

        Raises:
            StageFailed: the route is closed, or its filter refuses the payload; nothing was sent.
            StageUndecided: the route could not be read, or a secret is missing; nothing was sent.
            SettingsError: the payload or a header cannot be sent.
        """
        given = tuple(header(f"{name}: {value}", "headers") for name, value in (headers or {}).items())
        settings = replace(self._settings, mode="send", match=(), headers=(*self._settings.headers, *given))
        if payload is None and settings.payload is None:
            payload = self._supply(self.connection_id)
        if payload is not None:
            settings = replace(settings, payload=payload_bytes(payload, "send()"), payload_file=None)
        gate, track = self._open(settings)
        probe = SentProbe(gate, track)
        probe.preflight()
        gate.send_probes()
        return probe

    def wait(self, match: Matching | None = None) -> AwaitedProbe:
        """Check the route, then follow the first real request that matches; nothing is sent.

        Requests count from ``--fasthook-deploy-start``, or from the start of the test. Probes of a gate and replays are
        never taken for real requests. This returns at once: the probe's methods wait, for as long as
        ``--fasthook-timeout`` from now on.

        Args:
            match: what the request must look like, as in ``--fasthook-match``: one condition, several, or a mapping of
                places to values. Without it ``--fasthook-match`` counts, else any real request.

        Raises:
            StageFailed: the route is closed.
            StageUndecided: the route could not be read.
            SettingsError: a condition cannot be read.
        """
        wanted = self._settings.match if match is None else _conditions(match)
        gate, track = self._open(replace(self._settings, mode="wait", match=wanted))
        # Somebody may have made the event before waiting for it: the window opens with the test.
        gate.began = self._opened_at
        probe = AwaitedProbe(gate, track)
        probe.preflight()
        gate.send_probes()
        return probe

    def _open(self, settings: Settings) -> tuple[Gate, Track]:
        gate = open_gate(settings, clock=self._clock)
        self._gates.append(gate)
        gate.start({self.connection_id: frozenset(Stage)})
        return gate, gate.tracks[0]

    def close(self) -> None:
        """Stop watching and close the connections to the API."""
        for gate in self._gates:
            gate.close()


class FollowedRequest:
    """An event on its way. Each method waits for its stage, and for those before it, and returns what proves it.

    Every method raises ``StageFailed`` where evidence contradicts an expectation, and ``StageUndecided`` where the
    gate could not observe or the evidence was still missing when the budget (``--fasthook-timeout``) ended.
    """

    def __init__(self, gate: Gate, track: Track) -> None:
        self._gate = gate
        self._track = track

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection_id})"

    @property
    def connection_id(self) -> str:
        """The connection it goes through."""
        return self._track.expect.connection_id

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


class SentProbe(FollowedRequest):
    """A probe that was sent."""

    @property
    def probe_id(self) -> str:
        """Its marker, also in the header ``x-fasthook-probe``."""
        return _found(self._track.expect.sent.probe).probe_id


class AwaitedProbe(FollowedRequest):
    """The first real request that matches, which somebody else sends or has sent."""


def _found(value: T | None) -> T:
    if value is None:
        raise LookupError("a stage passed without leaving its evidence behind")
    return value


def _conditions(match: Matching) -> tuple[Match, ...]:
    if isinstance(match, Mapping):
        return tuple(request_match(f"{path}={_text(value)}", "match") for path, value in match.items())
    texts = [match] if isinstance(match, str) else match
    return tuple(request_match(text, "match") for text in texts)


def _text(value: Any) -> str:
    """A value as a condition spells it: a text as it is, true, 7 and null as JSON."""
    if value is not None and not isinstance(value, str | bool | int | float):
        kind = type(value).__name__
        raise SettingsError(
            f"match: a value of type {kind} is not valid; expected a text, number, true, false or None"
        )
    return value if isinstance(value, str) else json.dumps(value)
