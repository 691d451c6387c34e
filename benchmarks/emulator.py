"""The emulator's speed, side by side with an empty handler: ``python benchmarks/emulator.py [--help]``.

Three questions: how many webhooks a second a source takes in with everything stored in an SQLite file, how long
lists and metrics take with many requests stored, and how much memory that needs. The servers take turns in one
run, so the ratios hold on a busy machine too; the absolute figures are those of the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator_load import Load, Target, flood, pace, target
from emulator_servers import (
    HEADERS,
    SPAN_S,
    Server,
    Stored,
    empty_handler,
    emulator,
    fill,
    message,
    source_url,
)

CONNECTIONS = 16
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks-emulator.md"
EMPTY, MEASURED = "empty handler", "branched"
KINDS = {
    EMPTY: "the same Starlette and uvicorn, an answer of the same size",
    "alone": "a source without a connection: request and payload are stored",
    MEASURED: "a source with one paused connection: its event is stored too",
    "delivered": "a source with one connection, whose deliveries to another process go on meanwhile",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: turns that each server gets.
        seconds: of one turn.
        stored: requests in the large database; the small one holds a tenth.
        looks: calls of one list.
        others: the load average before the start: what else the machine had to do.
    """

    rounds: int
    seconds: float
    stored: int
    looks: int
    others: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one turn.

    Attributes:
        processor_us: processor time of the server for one answer, in microseconds.
        memory_mib: the most memory the server had.
    """

    load: Load
    processor_us: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Ingress:
    """The turns of each kind at full speed, and one at half the speed that each kind can do."""

    turns: Mapping[str, Sequence[Turn]]
    halves: Mapping[str, Turn]

    def rate(self, kind: str) -> float:
        """Answers per second, the median of the turns."""
        return statistics.median(turn.load.rate for turn in self.turns[kind])

    def processor_us(self, kind: str) -> float:
        """Processor time for one answer, the median of the turns."""
        return statistics.median(turn.processor_us for turn in self.turns[kind])

    def share(self, kind: str) -> float:
        """The part of the empty handler's rate, the median of the rounds."""
        pairs = zip(self.turns[kind], self.turns[EMPTY], strict=True)
        return statistics.median(turn.load.rate / empty.load.rate for turn, empty in pairs)


@dataclass(frozen=True, slots=True)
class Lists:
    """Latencies of lists and metrics: with few stored, with many outside the window, with many inside it."""

    rows: Mapping[str, tuple[Load, Load, Load]]
    memory: Mapping[str, float]


def measure_ingress(plan: Plan) -> Ingress:
    """Let the servers take turns, each time with a fresh process and a fresh database."""
    turns: dict[str, list[Turn]] = {kind: [] for kind in KINDS}
    for _ in range(plan.rounds):
        for kind, done in turns.items():
            done.append(_turn(kind, lambda asked: _flood(asked, plan)))
    found = Ingress(turns, {})
    halves = {kind: _turn(kind, _pacing(plan, found.rate(kind) / 2)) for kind in KINDS}
    return Ingress(turns, halves)


def _flood(asked: Target, plan: Plan) -> Load:
    return flood(asked, connections=CONNECTIONS, seconds=plan.seconds, most=100_000)


def _pacing(plan: Plan, rate: float) -> Callable[[Target], Load]:
    return lambda asked: pace(asked, connections=CONNECTIONS, seconds=plan.seconds * 2, rate=rate)


def _turn(kind: str, load: Callable[[Target], Load]) -> Turn:
    with tempfile.TemporaryDirectory() as folder, empty_handler() as empty:
        if kind == EMPTY:
            return _measured(empty, f"{empty.url}/hook/", load)
        with emulator(Path(folder) / "ingress.db") as served:
            return _measured(served, source_url(served, kind, receiver=f"{empty.url}/hook/"), load)


def _measured(server: Server, url: str, load: Callable[[Target], Load]) -> Turn:
    sent = message(1)
    headers = [(name, value) for name, value in sent.headers if name not in ("host", "content-length")]
    before = server.processor_s()
    done = load(target("POST", url, headers=headers, body=sent.body))
    used_us = (server.processor_s() - before) * 1e6 / len(done.latencies)
    return Turn(done, used_us, server.memory_mib(peak=True))


def measure_lists(plan: Plan, folder: Path) -> Lists:
    """Ask two servers in turn, whose newest records are equally many in the same span of time."""
    every_s = SPAN_S / plan.stored
    near = f"from=now-{round(plan.stored // 10 * every_s)}s"
    small = fill(folder / "small.db", requests=plan.stored // 10, every_s=every_s)
    large = fill(folder / "large.db", requests=plan.stored, every_s=every_s)
    with emulator(folder / "small.db") as few, emulator(folder / "large.db") as many:
        rows = {
            name: (
                _looks(few, _filled(call, small, near), plan),
                _looks(many, _filled(call, large, near), plan),
                _looks(many, _filled(call, large, "from=now-24h"), plan),
            )
            for name, call in _calls().items()
        }
        memory = {
            f"with {plan.stored // 10:,} requests stored, while they are listed": few.memory_mib(peak=True),
            f"with {plan.stored:,} requests stored, while they are listed": many.memory_mib(peak=True),
        }
    return Lists(rows, memory)


def _calls() -> dict[str, str]:
    """The calls by the name of their row; names in braces stand for the window and for ids."""
    named = (
        "/requests?{window}",
        "/requests?{window}&include=data&limit=20",
        "/requests?{window}&source_id={source}",
        "/requests?{window}&connection_id={connection}",
        "/requests?{window}&status=rejected",
        "/requests/count?{window}",
        "/requests?{window}&q={request}",
        "/requests?{window}&q=nowhere",
        "/events?{window}",
        "/events?{window}&connection_id={connection}&limit=20",
        "/events?{window}&status=FAILED",
        "/events/count?{window}&connection_id={connection}",
        "/events?{window}&q=nowhere",
        "/attempts?{window}&limit=100",
        "/attempts?{window}&status=FAILED&limit=100",
        "/attempts?event_id={event}",
        "/requests/{request}/trace",
        "/connections/{connection}/latest-input",
        "/metrics/events?{window}&measures=count,delivered_count,failed_count&granularity=1h&connection_id={connection}",
        "/metrics/events?{window}&measures=count,ignored_count",
        "/metrics/requests?{window}&measures=count,rejected_count",
        "/metrics/connections",
    )
    return {name.replace("{window}", "…").replace("{", "").replace("}", ""): name for name in named}


def _filled(call: str, stored: Stored, window: str) -> str:
    route = stored.route
    return call.format(
        window=window,
        source=route.source_id,
        connection=route.connection_id,
        request=stored.request_id,
        event=stored.event_id,
    )


def _looks(server: Server, call: str, plan: Plan) -> Load:
    asked = target("GET", f"{server.url}/v1{call}", headers=HEADERS)
    return flood(asked, connections=1, seconds=10.0, most=plan.looks)


def page(plan: Plan, ingress: Ingress, lists: Lists) -> str:
    """Return the page in Markdown."""
    memory = {
        f"while webhooks come in ({kind})": max(turn.memory_mib for turn in turns)
        for kind, turns in ingress.turns.items()
    }
    lines = [*_head(plan), *_ingress_lines(ingress), *_list_lines(plan, lists)]
    return "\n".join([*lines, *_memory({**memory, **lists.memory})])


def _head(plan: Plan) -> Iterator[str]:
    yield "# The emulator's speed"
    yield ""
    yield "Made by `python benchmarks/emulator.py`. The ratios count; the rest is this machine's:"
    yield (
        f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores that servers, receiver and load client "
        f"share, {platform.python_implementation()} {platform.python_version()}; "
        f"{plan.rounds} rounds of {plan.seconds:g} s, {plan.looks} calls of each list; "
        f"load average {plan.others:.1f} before the start."
    )
    yield ""


def _ingress_lines(found: Ingress) -> Iterator[str]:
    yield "## Webhooks in"
    yield ""
    yield f"{CONNECTIONS} connections, `--db FILE`. At full speed, the median of the rounds, slowest and fastest:"
    yield ""
    yield "| source | what is done | per second | of the empty handler | processor time each |"
    yield "| --- | --- | --- | --- | --- |"
    for kind, what in KINDS.items():
        rates = [turn.load.rate for turn in found.turns[kind]]
        middle = f"{found.rate(kind):.0f} ({min(rates):.0f} to {max(rates):.0f})"
        yield f"| {kind} | {what} | {middle} | {found.share(kind):.2f} | {found.processor_us(kind):.0f} µs |"
    yield ""
    yield "At half of its own full speed, counted from the moment a webhook was due:"
    yield ""
    yield "| source | per second | median | p99 |"
    yield "| --- | --- | --- | --- |"
    for kind, turn in found.halves.items():
        load = turn.load
        yield f"| {kind} | {load.rate:.0f} | {load.median:.1f} ms | {load.milliseconds(0.99):.1f} ms |"
    yield ""
    yield from _ingress_verdicts(found)
    yield ""


def _ingress_verdicts(found: Ingress) -> Iterator[str]:
    share, p99 = found.share(MEASURED), found.halves[MEASURED].load.milliseconds(0.99)
    yield _verdict("aim: a third of the empty handler's rate", f"{share:.2f}", is_met=share >= 1 / 3)
    yield _verdict("aim: p99 under 50 ms at half the load", f"{p99:.1f} ms", is_met=p99 < 50)


def _list_lines(plan: Plan, found: Lists) -> Iterator[str]:
    few, many = f"{plan.stored // 10:,}", f"{plan.stored:,}"
    yield "## Lists and metrics"
    yield ""
    yield "The median in milliseconds, over HTTP, and in brackets the fastest call."
    yield ""
    yield f"| call | {few} stored, all in the window | {many}, {few} in the window | {many}, all in the window |"
    yield "| --- | --- | --- | --- |"
    for name, loads in found.rows.items():
        cells = " | ".join(f"{load.median:.1f} ({load.milliseconds(0):.1f})" for load in loads)
        yield f"| `{name}` | {cells} |"
    yield ""
    slow = [name for name, (_, _, whole) in found.rows.items() if whole.median >= 20]
    over = ", ".join(f"`{name}`" for name in slow)
    yield _verdict(
        f"aim: under 20 ms with {many} stored", f"over it {over}" if slow else "all", is_met=not slow
    )
    yield ""


def _memory(found: Mapping[str, float]) -> Iterator[str]:
    yield "## Memory"
    yield ""
    yield "| the server's resident memory, at most | MiB |"
    yield "| --- | --- |"
    for when, mib in found.items():
        yield f"| {when} | {mib:.0f} |"
    yield ""


def _verdict(aim: str, found: str, *, is_met: bool) -> str:
    return f"- {aim}: {'met' if is_met else '**missed**'} ({found})"


def main() -> None:
    """Measure, print the page and write it."""
    parser = argparse.ArgumentParser(description="Measure the emulator side by side with an empty handler.")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each server gets")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    parser.add_argument("--stored", type=int, default=100_000, help="requests in the large database")
    parser.add_argument("--looks", type=int, default=30, help="calls of each list")
    parser.add_argument("--output", type=Path, default=PAGE, help="where the page is written")
    options = parser.parse_args()
    others = os.getloadavg()[0]
    plan = Plan(
        rounds=options.rounds,
        seconds=options.seconds,
        stored=options.stored,
        looks=options.looks,
        others=others,
    )
    with tempfile.TemporaryDirectory() as folder:
        ingress, lists = measure_ingress(plan), measure_lists(plan, Path(folder))
    text = page(plan, ingress, lists)
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
