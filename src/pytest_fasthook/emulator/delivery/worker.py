"""The delivery worker: takes what is due, sends it concurrently, records what came of it, waits for the next.

What is owed is read from the database, never from memory, so a restarted emulator goes on where it was
killed: a delivery whose answer was not recorded is sent again, under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pytest_fasthook.emulator.delivery.attempt import fail_without_attempt, hold, record_attempt
from pytest_fasthook.emulator.delivery.outgoing import Transport
from pytest_fasthook.emulator.delivery.pacing import OVERLOADED_S, Inflow, RateLimiter
from pytest_fasthook.emulator.delivery.transformation import record_execution, transform
from pytest_fasthook.emulator.errors import StorageFull
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Destination, Event
from pytest_fasthook.emulator.store.tables import (
    CONNECTIONS,
    DESTINATIONS,
    EVENTS,
    TRANSFORMATIONS,
    load_payload,
)
from pytest_fasthook.emulator.world import AppState

FULL_PAUSE_S = 1.0
"""How long nothing is sent after something could not be recorded; each time in a row it doubles."""
LONGEST_PAUSE_S = 16.0
BESIDE_INFLOW = 2
"""Deliveries under way while webhooks press: they share one thread, and taking webhooks in comes first."""

BackgroundJob = Callable[[AppState], int | None]
"""Does what is due of it, and returns when it is due again; ``None`` until something wakes the worker."""


class Worker:
    """Delivers due events until it is cancelled; made and used on the server's event loop.

    Args:
        world: whose events are delivered.
        transports: what delivers, by the destination's type.
        inflow: the webhooks that are being taken in; deliveries give way to them.
        jobs: what else falls due by the same clock.
    """

    def __init__(
        self,
        world: AppState,
        transports: Mapping[str, Transport],
        inflow: Inflow,
        *,
        jobs: Sequence[BackgroundJob] = (),
    ) -> None:
        self._world = world
        self._transports = transports
        self._inflow = inflow
        self._chores = jobs
        self._pacer = RateLimiter()
        self._next_job_ms: int | None = None
        self._due = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._full_until: float | None = None
        self._last_pause = float("-inf")
        self._pause_s = FULL_PAUSE_S

    def wake(self) -> None:
        """Look again at what is due; to be called on the event loop."""
        self._due.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._due.clear()
                await self._step()
                await self._wait(self._until_next_s())
        finally:
            await self.drop()

    def pause(self) -> None:
        """Send nothing for a while, because something could not be recorded."""
        now = asyncio.get_running_loop().time()
        if self._full_until is None:
            is_again = now - self._last_pause < 2 * LONGEST_PAUSE_S
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2) if is_again else FULL_PAUSE_S
            self._full_until = self._last_pause = now + self._pause_s

    async def _step(self) -> bool:
        """Do what is due, unless nothing can be recorded; whether more is due at once."""
        # Others get their turn, also where the next step is due at once.
        await asyncio.sleep(0)
        if not self._can_record():
            return True
        try:
            has_more = self._do_jobs()
            self._start_due()
        except StorageFull:
            self.pause()
            return True
        return has_more

    def _can_record(self) -> bool:
        if self._full_until is None:
            return True
        if asyncio.get_running_loop().time() < self._full_until:
            return False
        self._full_until = None
        if self._world.database.has_room():
            return True
        self.pause()
        return False

    async def settle(self) -> None:
        """Wait until nothing is due and nothing is under way."""
        while True:
            has_more = await self._step()
            if self._under_way:
                await asyncio.wait(self._under_way.values())
            elif self._full_until is not None:
                await asyncio.sleep(0.05)
            elif not has_more:
                return

    async def drop(self) -> list[str]:
        """Break off every delivery under way, recording nothing for them; return their events' ids."""
        dropped = dict(self._under_way)
        for task in dropped.values():
            task.cancel()
        await asyncio.gather(*dropped.values(), return_exceptions=True)
        return list(dropped)

    def _do_jobs(self) -> bool:
        """Do one step of every job; whether one of them is due again at once."""
        due = [moment for job in self._chores if (moment := job(self._world)) is not None]
        self._next_job_ms = min(due, default=None)
        return self._next_job_ms is not None and self._next_job_ms <= self._world.clock.elapsed_ms()

    def _start_due(self) -> None:
        free = self._free()
        if free <= 0:
            return
        marks = ", ".join("?" * len(self._under_way))
        due = EVENTS.select(
            self._world.database,
            f"WHERE due_ms <= ? AND id NOT IN ({marks}) ORDER BY due_ms, seq LIMIT ?",
            (self._world.clock.elapsed_ms(), *self._under_way, free),
        )
        for event in due:
            self._start(event)

    def _free(self) -> int:
        """How many more deliveries may go on now."""
        most = self._world.settings.max_concurrent
        if self._inflow.overloaded:
            most = min(most, BESIDE_INFLOW)
        return most - len(self._under_way)

    def _start(self, event: Event) -> None:
        task = asyncio.create_task(self._deliver(event))
        self._under_way[event.id] = task
        # A callback, not a finally: a task that is cancelled before its first step runs no finally.
        task.add_done_callback(lambda _task: self._finish(event.id))

    def _finish(self, event_id: str) -> None:
        del self._under_way[event_id]
        self._due.set()

    def _until_next_s(self) -> float | None:
        """Seconds until something can be done; ``None`` when only a wake-up can change anything."""
        if self._full_until is not None:
            return max(0.0, self._full_until - asyncio.get_running_loop().time())
        if self._inflow.overloaded:
            return OVERLOADED_S
        moments = [moment for moment in (self._next_job_ms, self._next_event_ms()) if moment is not None]
        if not moments:
            return None
        seconds = max(0.0, (min(moments) - self._world.clock.elapsed_ms()) / 1000)
        return None if seconds and self._world.clock.frozen else seconds

    def _next_event_ms(self) -> int | None:
        if self._free() <= 0:
            return None
        marks = ", ".join("?" * len(self._under_way))
        row = self._world.database.row(
            f"SELECT min(due_ms) FROM events WHERE due_ms IS NOT NULL AND id NOT IN ({marks})",  # noqa: S608 - only marks
            list(self._under_way),
        )
        return None if row is None or row[0] is None else int(row[0])

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._due.wait()
        except TimeoutError:
            return

    async def _deliver(self, event: Event) -> None:
        try:
            await self._attempt(event)
        except StorageFull:
            # It stays owed, as after a kill.
            self.pause()
        except Exception as error:  # noqa: BLE001 - kept, and raised in the caller's thread when the emulator stops
            self._world.failures.add(error, during=f"the delivery of {event.id}")
            fail_without_attempt(self._world, event, code="UNKNOWN", message="the emulator failed")

    async def _attempt(self, event: Event) -> None:
        connection = CONNECTIONS.find(self._world.database, "id = ?", (event.connection_id,))
        if connection and connection.paused_ms is not None:
            hold(self._world, event)
            return
        destination = DESTINATIONS.find(self._world.database, "id = ?", (event.destination_id,))
        payload = load_payload(self._world.database, event.data_id)
        obstacle = self._obstacle(destination)
        if destination is None or payload is None or obstacle:
            reason = obstacle or "the payload no longer exists"
            fail_without_attempt(self._world, event, code="CANCELLED", message=reason)
            return
        later = self._pacer.reserve(destination.id, destination.config, now_ms=self._world.clock.elapsed_ms())
        if later is not None:
            EVENTS.update(self._world.database, event.id, due_ms=later)
            return
        ready = await self._transformed(event, payload) if event.transformation_id else payload
        if ready is None:
            return
        outcome = await self._transports[destination.type].carry(event, destination, ready)
        record_attempt(self._world, event, connection, outcome)

    async def _transformed(self, event: Event, payload: Payload) -> Payload | None:
        """The branch's own payload; ``None`` where there is none and the event has failed."""
        found = TRANSFORMATIONS.find(self._world.database, "id = ?", (event.transformation_id,))
        if found is None:
            message = "the transformation no longer exists"
            fail_without_attempt(self._world, event, code="TRANSFORMATION_FAILED", message=message)
            return None
        result = await transform(self._world, found, payload)
        data_id = record_execution(self._world, event, found, payload, result)
        if result.request is None:
            message = f"transformation failed: {result.message}"
            fail_without_attempt(self._world, event, code="TRANSFORMATION_FAILED", message=message)
            return None
        return load_payload(self._world.database, data_id)

    def _obstacle(self, destination: Destination | None) -> str | None:
        """Why nothing can be sent there, if so."""
        if destination is None:
            return "the destination no longer exists"
        if destination.disabled_ms is not None:
            return "the destination is disabled"
        if destination.type not in self._transports:
            return f"the emulator does not deliver to destinations of type {destination.type}"
        return None
