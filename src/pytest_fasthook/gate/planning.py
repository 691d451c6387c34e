"""What a run would do, for ``--fasthook-plan``: the event it would send, what it would check, and its time budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pytest_fasthook.causes import Outcome
from pytest_fasthook.clock import Clock
from pytest_fasthook.evidence.expect import Limits, ServerClock
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.probe.probe import Plan, Probe, Stamp, probe_for
from pytest_fasthook.probe.route import Route
from pytest_fasthook.probe.sharing import grouped
from pytest_fasthook.redact import one_line
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import Stage

PLACEHOLDER_ID = "probe_(made when sent)"
BODY_SHOWN = 400


def plans_of(gate: Gate, connections: Sequence[str]) -> Iterator[str]:
    """The plan for each of these connections whose preflight passed."""
    routes = [(route, Plan.of(gate.settings.of(name))) for name, route in _open_routes(gate, connections)]
    for group in grouped(routes):
        for route in group.routes:
            settings = gate.settings.of(route.connection_id)
            yield from plan_lines(route, settings, gate.server_clock(), gate.clock, sharing=group.routes)


def _open_routes(gate: Gate, connections: Sequence[str]) -> Iterator[tuple[str, Route]]:
    for name in connections:
        route, result = gate.route(name), gate.board.of(name).get(Stage.PREFLIGHT)
        if route is not None and result is not None and result.outcome is Outcome.PASSED:
            yield name, route


def plan_lines(
    route: Route,
    settings: Settings,
    server_clock: ServerClock,
    clock: Clock,
    *,
    sharing: Sequence[Route] = (),
) -> list[str]:
    """The plan for one connection, redacted: credentials are named, never shown.

    Args:
        route: the connection's route.
        settings: its settings.
        server_clock: the server's clock, for what is filled in.
        clock: time.
        sharing: the routes that one probe is for, this one among them; none: this one alone.
    """
    show = settings.redactor.show
    stamp = Stamp(probe_id=PLACEHOLDER_ID, at=server_clock.at(clock.monotonic()))
    lines = [f"plan for {route.connection_id}:"]
    if settings.mode == "wait":
        wanted = " and ".join(map(str, settings.match)) or "any real request"
        lines.append(f"  send     nothing; wait for {wanted}")
    else:
        probe = probe_for(sharing or (route,), Plan.of(settings), stamp)
        lines += (
            _sending(probe, show) if isinstance(probe, Probe) else [f"  send     nothing: {probe.message}"]
        )
        others = [one.connection_id for one in sharing if one.connection_id != route.connection_id]
        lines += [f"  shared   the same probe is for {', '.join(others)}"] if others else []
    lines += [*_checks(settings), *_budget(route, settings)]
    return [show(line) for line in lines]


def _sending(probe: Probe, show: Callable[[str], str]) -> Iterator[str]:
    body = show(probe.body.decode("utf-8", "replace"))  # masked before it is cut
    yield f"  send     {probe.method} {probe.url}"
    yield f"  headers  {', '.join(name for name, _ in probe.headers)}"
    yield f"  body     {one_line(body, limit=BODY_SHOWN) or '(none)'}"
    yield from (f"  note     {note}" for note in probe.notes)


def _checks(settings: Settings) -> Iterator[str]:
    limits = Limits.of(settings)
    yield f"  check    {', '.join(_named(stage, limits) for stage in Stage)}"
    yield f"  limits   attempts {limits.attempts}, failure rate at most {limits.max_failure_rate:g}" + (
        f", latency at most {limits.max_latency_s:g} s" if limits.max_latency_s is not None else ""
    )
    if limits.rules is not None:
        yield f"  rules    must be the {len(limits.rules)} of the rules file"
    if limits.response_body is not None:
        yield f"  release  the answer's body must have {', '.join(limits.response_body)}"


def _named(stage: Stage, limits: Limits) -> str:
    return f"{stage} (advisory)" if stage in limits.advisory else str(stage)


def _budget(route: Route, settings: Settings) -> Iterator[str]:
    """Where each second of the budget comes from."""
    delay, retry = route.rules.delay_s, route.rules.retry
    yield (
        f"  budget   {settings.timeout_s + delay:g} s = {settings.timeout_s:g} s time-out + {delay:g} s delay rule; "
        f"preflight has {settings.preflight_limit_s:g} s of its own"
    )
    if retry is not None:
        pauses = [pause for n in range(1, retry.count + 1) if (pause := retry.pause_before(n)) is not None]
        total, inside = 0.0, 0
        for pause in pauses:
            total += pause
            inside += total <= settings.timeout_s
        yield f"  retries  {len(pauses)} by the rule ({retry.strategy}), {inside} of them inside the time-out"
