"""One run: preflight of all, one probe where one is enough, then watching; and how a run ends early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from core_world import START, FakeClock, connection_json, resolved
from fake_route import FakeRoute, event

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.models import Attempt, Connection, LatestInputAnswer, Request
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import RefusedError, UnreachableError
from pytest_fasthook.evidence.log import Ask, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen
from pytest_fasthook.gate import run as gate_module
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.gate.turns import Turns
from pytest_fasthook.probe.probe import Probe
from pytest_fasthook.stages import Stage, StageResult

ALL = frozenset(Stage)
HMAC = {"auth_type": "HMAC", "auth": {"signature_header": "x-signature"}}


@dataclass
class FakeFastHook:
    """Routes on which everything goes well at once, for every probe that is sent."""

    clock: FakeClock
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[Probe] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    before: Callable[[Question], None] = lambda question: None  # noqa: ARG005 - a seam
    sending: Callable[[Probe], None] = lambda probe: None  # noqa: ARG005 - a seam
    server_ahead_s: float = 0.0
    _request_of: dict[str, str] = field(default_factory=dict)

    def ask(self, question: Question, *, deadline: float) -> Observation:
        assert deadline > 0
        self.asked.append(question)
        self.before(question)
        value, error = None, None
        try:
            value = self._value(question)
        except RefusedError as refused:
            error = refused
        return self._seen(question, value, error)

    def send(self, probe: Probe, *, deadline: float) -> Observation:
        assert deadline > 0
        self.sent.append(probe)
        self.sending(probe)
        reply = IngressReply(
            status=200,
            headers={},
            body=b"",
            complete=True,
            request_id=f"req_{probe.probe_id}",
            asked_at=self.clock.time,
            seen_at=self.clock.time,
            server_date=None,
        )
        return self._seen(Question(ask=Ask.INGRESS, probe_id=probe.probe_id), reply, None)

    def _seen(self, question: Question, value: Any, error: RefusedError | None) -> Observation:
        now = self.clock.monotonic()
        date = self.clock.now() + timedelta(seconds=self.server_ahead_s)
        return Observation(
            question=question,
            asked_at=now,
            seen_at=now,
            asked_on=self.clock.now(),
            value=value,
            error=error,
            server_date=date.replace(microsecond=0),
        )

    def _value(self, question: Question) -> Any:
        connection_id = question.connection_id or ""
        match question.ask:
            case Ask.CONNECTION if connection_id in self.connections:
                return Connection.model_validate(self.connections[connection_id])
            case Ask.CONNECTION:
                raise RefusedError("404", call="GET /connections", status=404)
            case Ask.REQUEST:
                facts = {"status": "accepted", "source_id": question.source_id, "verified": True}
                found = Request.model_validate({"id": question.request_id, **facts})
                return RequestSeen(request=found, looked_through=1, complete=True)
            case Ask.EVENTS:
                request_id = self._request_of[connection_id] = question.request_id or ""
                own = event("SUCCESSFUL", id=f"evt_{connection_id}", request_id=request_id)
                return EventsSeen(events=(own,), looked_through=1)
            case Ask.ATTEMPTS:
                answered = {"status": "SUCCESSFUL", "response_status": 200}
                return (Attempt.model_validate({"id": "att_1", "event_id": question.event_id, **answered}),)
            case Ask.LATEST_INPUT:
                return self._latest_input(self._request_of[connection_id])
        return FakeRoute(self.clock)._value(question)

    def _latest_input(self, request_id: str) -> LatestInputAnswer:
        body = next(probe.body for probe in self.sent if request_id == f"req_{probe.probe_id}")
        newest = {"request_id": request_id, "input": {"headers": {}, "body": body.decode()}}
        return LatestInputAnswer.model_validate({"latest_input": newest})


@dataclass
class Scene:
    """A gate on a FastHook that plays along."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(50.0))
    results: list[tuple[str, StageResult]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fasthook = FakeFastHook(self.clock)

    def route(self, connection_id: str = "conn_a", **facts: Any) -> Scene:
        self.fasthook.connections[connection_id] = connection_json(connection_id, **facts)
        return self

    def gate(self, *, env: dict[str, str] | None = None, **command: Any) -> Gate:
        given = {name.replace("_", "-"): value for name, value in command.items()}
        ids = iter(range(100))
        return Gate(
            settings=resolved(self.folder, command=given, env=env),
            reader=self.fasthook,  # type: ignore[arg-type]  # it answers and sends as a reader does
            clock=self.clock,
            new_id=lambda: f"probe_{next(ids)}",
            on_result=lambda connection_id, result: self.results.append((connection_id, result)),
        )

    def run(
        self, *, env: dict[str, str] | None = None, stages: frozenset[Stage] = ALL, **command: Any
    ) -> Gate:
        gate = self.gate(env=env, **command)
        gate.run(dict.fromkeys(self.fasthook.connections, stages))
        if gate.problem is not None:
            raise gate.problem
        return gate


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def outcomes(gate: Gate, connection_id: str = "conn_a") -> list[Outcome]:
    return [result.outcome for result in gate.board.of(connection_id).values()]


# -- one probe where one is enough -----------------------------------------------------------------------------


def test_a_good_route_passes_all_stages_with_one_probe(scene: Scene) -> None:
    gate = scene.route().run()
    assert outcomes(gate) == [Outcome.PASSED] * 6
    assert [result.stage for _, result in scene.results] == list(Stage)
    assert len(scene.fasthook.sent) == 1
    assert gate.board.closed


def test_routes_of_one_source_share_one_probe(scene: Scene) -> None:
    gate = scene.route("conn_a").route("conn_b").run()
    assert outcomes(gate, "conn_a") == outcomes(gate, "conn_b") == [Outcome.PASSED] * 6
    (probe,) = scene.fasthook.sent
    for name in ("conn_a", "conn_b"):
        sending = gate.sending(name)
        assert sending is not None
        assert sending.probe is probe


def test_routes_of_two_sources_get_a_probe_each(scene: Scene) -> None:
    scene.route("conn_a").route("conn_b", source_id="src_b", url="https://hook-b.test/").run()
    assert {probe.source_id for probe in scene.fasthook.sent} == {"src_orders", "src_b"}
    assert len({probe.probe_id for probe in scene.fasthook.sent}) == 2


def test_filters_that_exclude_each_other_get_a_probe_each(scene: Scene) -> None:
    for name in ("conn_a", "conn_b"):
        scene.route(name, rules=[{"type": "filter", "headers": {"x-only": name}}])
    scene.run()
    assert sorted(dict(probe.headers)["x-only"] for probe in scene.fasthook.sent) == ["conn_a", "conn_b"]


# -- nothing is sent where nothing may be ----------------------------------------------------------------------


def test_nothing_is_sent_before_preflight_has_passed(scene: Scene) -> None:
    gate = scene.route(paused_at="2026-05-29T11:00:00Z").run()
    assert gate.board.of("conn_a")[Stage.PREFLIGHT].cause is Cause.CONNECTION_PAUSED
    assert outcomes(gate)[1:] == [Outcome.BLOCKED] * 5
    assert scene.fasthook.sent == []
    assert gate.sending("conn_a") is None


def test_a_closed_route_keeps_no_other_from_its_probe(scene: Scene) -> None:
    gate = scene.route("conn_a", paused_at="2026-05-29T11:00:00Z").route("conn_b").run()
    assert outcomes(gate, "conn_b") == [Outcome.PASSED] * 6
    assert len(scene.fasthook.sent) == 1


def test_an_unknown_connection_is_an_error(scene: Scene) -> None:
    gate = scene.gate()
    gate.run({"conn_unknown": ALL})
    assert gate.board.of("conn_unknown")[Stage.PREFLIGHT].cause is Cause.CONNECTION_NOT_FOUND
    assert scene.fasthook.sent == []


def test_a_plan_reads_and_sends_nothing(scene: Scene) -> None:
    gate = scene.route().run(plan=True)
    assert outcomes(gate) == [Outcome.PASSED]
    assert scene.fasthook.sent == []
    assert gate.board.closed
    route = gate.route("conn_a")
    assert route is not None
    assert route.connection_id == "conn_a"


def test_wait_mode_sends_nothing(scene: Scene) -> None:
    scene.route()
    gate = scene.gate(mode="wait")
    gate.start({"conn_a": ALL})
    gate.collect()
    gate.send_probes()
    sending = gate.sending("conn_a")
    assert sending is not None
    assert sending.probe is None
    assert scene.fasthook.sent == []


def test_deselected_stages_are_not_run_and_nothing_is_sent_without_preflight(scene: Scene) -> None:
    gate = scene.route().run(stages=ALL - {Stage.PREFLIGHT})
    assert gate.board.of("conn_a")[Stage.PREFLIGHT].cause is Cause.STAGE_NOT_RUN
    assert scene.fasthook.sent == []


def test_a_probe_that_turns_out_to_be_refused_is_not_sent(scene: Scene) -> None:
    """Preflight tried it with an id of its own; the one to be sent is another."""
    (scene.folder / "payload.json").write_text('{"id": "{{probe_id}}"}')
    scene.route(rules=[{"type": "filter", "body": {"id": "probe_trial"}}])
    gate = scene.run(payload="payload.json")
    assert gate.board.of("conn_a")[Stage.INGRESS].cause is Cause.PAYLOAD_FILTERED
    assert outcomes(gate) == [Outcome.PASSED, Outcome.FAILED, *[Outcome.BLOCKED] * 4]
    assert scene.fasthook.sent == []


# -- budgets and clocks ----------------------------------------------------------------------------------------


def test_the_budget_is_the_timeout_and_the_delay_rule(scene: Scene) -> None:
    gate = scene.route(rules=[{"type": "delay", "delay": 7000}]).run(timeout="60s")
    sending = gate.sending("conn_a")
    assert sending is not None
    assert (sending.sent_at, sending.deadline) == (50.0, 50.0 + 60.0 + 7.0)
    assert gate.time_left("conn_a") == 67.0
    scene.clock.sleep(100.0)
    assert gate.time_left("conn_a") == 0.0
    assert gate.time_left("conn_unknown") is None


def test_the_window_opens_on_the_servers_clock(scene: Scene) -> None:
    scene.fasthook.server_ahead_s = 600.0
    gate = scene.route().run(deploy_start="now-15m")
    sending = gate.sending("conn_a")
    assert sending is not None
    assert sending.clock.measured
    assert sending.window_start == START + timedelta(seconds=50 + 600 - 900)
    assert sending.clock.at(50.0) == START + timedelta(seconds=650)


@pytest.mark.parametrize(
    ("server_ahead_s", "opens_at"), [(0.0, 50.7), (-0.5, 50.7), (0.5, 51.0), (600.0, 650.0), (-600.0, -550.0)]
)
def test_a_local_clock_that_can_be_right_tells_the_start_exactly(
    server_ahead_s: float, opens_at: float, scene: Scene
) -> None:
    """A ``Date`` says 50 for 50.7, and what failed in between was not in the window; one that is off says nothing."""
    scene.clock.time, scene.fasthook.server_ahead_s = 50.7, server_ahead_s
    sending = scene.route().run().sending("conn_a")
    assert sending is not None
    assert sending.window_start == START + timedelta(seconds=opens_at)


def test_the_window_of_an_awaited_request_opens_no_second_too_late(scene: Scene) -> None:
    scene.clock.time = 50.7
    gate = scene.route().gate(mode="wait")
    gate.start({"conn_a": ALL})
    gate.collect()
    gate.send_probes()
    sending = gate.sending("conn_a")
    assert sending is not None
    assert sending.window_start == START + timedelta(seconds=50)


def test_of_all_dates_the_best_bound_counts(scene: Scene) -> None:
    """A date has whole seconds, so of several readings the latest start of the server's clock is the closest."""
    gate = scene.gate()
    for seen_at, seconds in ((10.0, 10), (10.9, 10), (12.1, 12)):
        gate.evidence.append(
            Observation(
                question=Question(ask=Ask.CONNECTION),
                asked_at=seen_at,
                seen_at=seen_at,
                asked_on=START,
                server_date=START + timedelta(seconds=seconds),
            )
        )
    assert gate.server_clock().at(0.0) == START


def test_without_any_date_the_local_clock_must_do(scene: Scene) -> None:
    clock = scene.gate().server_clock()
    assert not clock.measured
    assert clock.at(50.0) == START + timedelta(seconds=50)


def test_the_probe_is_announced_before_it_is_sent(scene: Scene) -> None:
    """What is announced is saved, so that a killed run is not begun anew with a second probe."""
    announced: list[int] = []
    gate = scene.route().gate()
    gate.on_sent = lambda: announced.append(len(scene.fasthook.sent))
    gate.run({"conn_a": ALL})
    assert announced == [0]
    assert len(scene.fasthook.sent) == 1


# -- what can be asked of a running gate -----------------------------------------------------------------------


def test_what_is_awaited_is_told_in_words(scene: Scene) -> None:
    gate = scene.route().gate()
    told: list[str] = []
    scene.fasthook.before = lambda _: told.append(gate.awaited("conn_a"))
    gate.run({"conn_a": ALL})
    assert "connection conn_a could not be read" in told[0]
    assert gate.awaited("conn_a") == ""
    assert gate.awaited("conn_unknown") == ""


# -- early ends ------------------------------------------------------------------------------------------------


def test_a_stopped_gate_sends_nothing_more(scene: Scene) -> None:
    gate = scene.route().gate()
    scene.fasthook.before = lambda _: gate.stop()
    gate.run({"conn_a": ALL})
    assert gate.problem is None
    assert scene.fasthook.sent == []
    assert gate.board.closed


@pytest.mark.parametrize("stops", [True, False])
def test_a_probe_whose_run_is_stopped_while_it_waits_for_its_turn_is_not_sent(
    stops: bool,  # noqa: FBT001 - a column of the table
    scene: Scene,
) -> None:
    gate, gone = scene.route().gate(), threading.Event()

    class Door(Turns):
        @contextmanager
        def to(self, source: str) -> Iterator[None]:
            if stops:
                gate.stop()
            with super().to(source):
                yield
            gone.set()

    gate._turns = Door()
    gate.run({"conn_a": ALL})
    assert gone.wait(10)
    assert len(scene.fasthook.sent) == (0 if stops else 1)


def test_stopping_does_not_wait_for_a_source_that_hangs(scene: Scene) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(_: Probe) -> None:
        hangs.set()
        goes_on.wait(20)

    gate = scene.route().gate()
    scene.fasthook.sending = hang
    runner = threading.Thread(target=gate.run, args=({"conn_a": ALL},), daemon=True)
    runner.start()
    assert hangs.wait(10)
    gate.stop()
    runner.join(5)
    assert not runner.is_alive()
    assert gate.board.closed
    goes_on.set()


def test_a_source_that_hangs_keeps_no_other_route_from_its_verdict(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "TOGETHER_S", 0.0)
    passed, slow = threading.Event(), "https://hook-b.test/"
    seen_before: list[bool] = []

    def hang(probe: Probe) -> None:
        if probe.url == slow:
            seen_before.append(passed.wait(20))

    gate = scene.route("conn_a").route("conn_b", source_id="src_b", url=slow).gate()
    gate.on_result = lambda name, result: (
        passed.set() if (name, result.stage) == ("conn_a", Stage.METRICS) else None
    )
    scene.fasthook.sending = hang
    gate.run({"conn_a": ALL, "conn_b": ALL})
    assert seen_before == [True]
    assert outcomes(gate, "conn_a") == outcomes(gate, "conn_b") == [Outcome.PASSED] * 6


@pytest.mark.parametrize("breaks", ["asking", "sending", "announcing"])
def test_what_breaks_the_gate_itself_is_kept_and_ends_it(breaks: str, scene: Scene) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    gate = scene.route().gate()
    if breaks == "asking":
        scene.fasthook.before = broken
    elif breaks == "sending":
        scene.fasthook.sending = broken
    else:
        gate.on_sent = broken
    gate.run({"conn_a": ALL})
    assert isinstance(gate.problem, ZeroDivisionError)
    assert gate.board.closed
    found = gate.board.of("conn_a")
    causes = [result.cause for result in found.values() if result.cause]
    assert causes == [Cause.INTERNAL_ERROR]
    assert any("ZeroDivisionError: a bug" in result.message for result in found.values())
    assert found[Stage.METRICS].outcome is Outcome.BLOCKED


def test_closing_ends_the_run_and_closes_its_resources(scene: Scene) -> None:
    gate, closed = scene.route().gate(), list[bool]()
    gate.resources.callback(lambda: closed.append(True))
    gate.close()
    gate.close()
    assert closed == [True]
    gate.run({"conn_a": ALL})
    assert scene.fasthook.sent == []


def test_each_connection_has_settings_of_its_own(scene: Scene) -> None:
    scene.route("conn_a").route("conn_b", source_id="src_b", url="https://hook-b.test/")
    (scene.folder / "fasthook.toml").write_text('[connections.conn_b]\ntimeout = "5s"\n')
    gate = scene.run()
    first, second = gate.sending("conn_a"), gate.sending("conn_b")
    assert first is not None
    assert second is not None
    assert (first.deadline - first.sent_at, second.deadline - second.sent_at) == (120.0, 5.0)


def test_an_unreachable_source_is_evidence_like_any_other(scene: Scene) -> None:
    lost = UnreachableError("POST https://hook-abc123.test/: refused", call="POST", reason="connect")
    gate = scene.route().gate()
    original = scene.fasthook.send

    def send(probe: Probe, *, deadline: float) -> Observation:
        return replace(original(probe, deadline=deadline), value=None, error=lost)

    scene.fasthook.send = send  # type: ignore[method-assign]  # one answer of it is bent
    original_value = scene.fasthook._value

    def value(question: Question) -> Any:
        nothing = RequestSeen(request=None, looked_through=0, complete=True)
        return nothing if question.ask is Ask.REQUEST else original_value(question)

    scene.fasthook._value = value  # type: ignore[method-assign]  # as above
    gate.run({"conn_a": ALL})
    assert gate.board.of("conn_a")[Stage.INGRESS].cause is Cause.INGRESS_UNREACHABLE
