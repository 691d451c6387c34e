"""The only module with a socket or a thread: serving one emulator, from bind to join."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pytest_fasthook.emulator import replay
from pytest_fasthook.emulator.delivery.outgoing import HttpTransport, Transport
from pytest_fasthook.emulator.delivery.pacing import Inflow
from pytest_fasthook.emulator.delivery.transport import Sender
from pytest_fasthook.emulator.delivery.tunnels import Tunnels, TunnelTransport
from pytest_fasthook.emulator.delivery.worker import Worker
from pytest_fasthook.emulator.errors import EmulatorError, PortTaken
from pytest_fasthook.emulator.http.exchange import Dependencies
from pytest_fasthook.emulator.http.front import App
from pytest_fasthook.emulator.retention import Retention
from pytest_fasthook.emulator.store.database import GroupCommit
from pytest_fasthook.emulator.world import AppState

START_LIMIT_S = 10.0
STOP_LIMIT_S = 10.0
REQUEST_LIMIT_S = 10.0
"""How long a request may take to come in whole, head and body."""
_GRACE_S = 1

T = TypeVar("T")


def bind(host: str, port: int) -> socket.socket:
    """Bind the listening socket in the caller's thread.

    Raises:
        PortTaken: the address cannot be bound; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise PortTaken(error.errno, f"cannot listen on {host}:{port}: {reason}") from error


def origin_of(listener: socket.socket) -> str:
    """Return the URL of a bound socket; an address that means any host is reached on loopback."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared, not bound
    return f"http://{reachable}:{port}"


class Notifier:
    """Wakes the delivery worker from any thread; silent until it is connected and after it is cut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Callable[[], None] | None = None
        self._thread: int | None = None

    def connect(self, loop: asyncio.AbstractEventLoop, listener: Callable[[], None]) -> None:
        """Ring at ``listener``, on ``loop``, from now on; to be called by the thread that runs the loop."""
        with self._lock:
            self._loop, self._listener, self._thread = loop, listener, threading.get_ident()

    def cut(self) -> None:
        """Ring no more."""
        with self._lock:
            self._loop = self._listener = None

    def ring(self) -> None:
        """Wake the listener."""
        with self._lock:
            if self._listener and self._thread == threading.get_ident():
                self._listener()
            elif self._loop and self._listener:
                self._loop.call_soon_threadsafe(self._listener)


class ServerThread:
    """Serves one world in a daemon thread.

    Args:
        listener: a bound socket; the service closes it.
        world: what is served.
        bell: rung by the world when something may be due.
    """

    def __init__(self, listener: socket.socket, world: AppState, bell: Notifier) -> None:
        self._listener = listener
        self._world = world
        self._bell = bell
        self._transports: dict[Any, BufferedTransport] = {}
        self._sender = Sender()
        self._tunnels = Tunnels()
        self._journal = GroupCommit(world.database, on_full=self._pause)
        self._inflow = Inflow(time.monotonic)
        self._ready = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._run, name="fasthook-emulator", daemon=True)

    def start(self) -> None:
        """Start, and return once a real connection has been answered.

        Raises:
            EmulatorError: it did not start in time; other errors of the thread are raised as they are.
        """
        self._thread.start()
        if not self._ready.wait(START_LIMIT_S):
            raise EmulatorError(f"the emulator did not start within {START_LIMIT_S:g} s")
        self._world.failures.raise_first()
        _wait_ready(self._listener.getsockname())

    def stop(self) -> None:
        """Stop and join; deliveries under way are broken off and stay owed.

        Raises:
            EmulatorError: it did not stop in time; an error of the serving thread is raised as it is.
        """
        if self._loop and self._stopping and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop may end between the check and the call
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_LIMIT_S)
        if self._thread.is_alive():
            raise EmulatorError(f"the emulator did not stop within {STOP_LIMIT_S:g} s")
        self._world.failures.raise_first()

    def call(self, work: Callable[[Worker], Coroutine[Any, Any, T]], *, timeout: float = STOP_LIMIT_S) -> T:
        """Run something on the event loop, from another thread, and return its result.

        Raises:
            TimeoutError: it took longer than ``timeout`` seconds, and was broken off.
        """
        if self._loop is None or self._worker is None:
            raise EmulatorError("the emulator is not serving")
        running = asyncio.run_coroutine_threadsafe(work(self._worker), self._loop)
        try:
            return running.result(timeout)
        except TimeoutError:
            running.cancel()
            raise TimeoutError(f"still not done after {timeout:g} s") from None

    def _run(self) -> None:
        config = self._config()
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(self._serve(config))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._world.failures.add(error, during="serving")
        finally:
            self._bell.cut()
            self._listener.close()
            self._ready.set()

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            App(
                Dependencies(self._world, self._journal, self._inflow, self._break),
                self._sender,
                self._tunnels,
            ),
            http=_tracked(self._transports),
            lifespan="off",
            log_config=None,
            log_level=logging.CRITICAL,  # errors of the application are answered and logged by itself
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the client's own address leads to its connection
            date_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )

    async def _serve(self, config: uvicorn.Config) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        transports: dict[str, Transport] = {
            "HTTP": HttpTransport(self._world, self._sender),
            "CLI": TunnelTransport(self._world, self._tunnels),
        }
        self._journal.attach()
        self._worker = Worker(self._world, transports, self._inflow, jobs=(replay.bulk_step, Retention()))
        self._bell.connect(self._loop, self._worker.wake)
        delivering = asyncio.create_task(self._worker.run())
        delivering.add_done_callback(lambda _task: self._stopping.set() if self._stopping else None)
        try:
            await _Server(
                config, ready=self._ready, stopping=self._stopping, before_exit=delivering.cancel
            ).serve(sockets=[self._listener])
        finally:
            delivering.cancel()
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await delivering
            finally:
                # Also where deliveries ended with an error, which is raised on.
                self._sender.close()
                await self._hang_up()

    def _pause(self) -> None:
        if self._worker is not None:
            self._worker.pause()
            self._worker.wake()

    async def _hang_up(self) -> None:
        """Close the connections that are still open, and let the loop see to it: none may outlive it."""
        for transport in list(self._transports.values()):
            transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    def _break(self, scope: Scope, reset: bool) -> None:  # noqa: FBT001 - the shape of a Breaker
        transport = self._transports.get(tuple(scope["client"]))
        if transport is None:
            return
        if not reset:
            transport.close()
            return
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()


class _Server(uvicorn.Server):
    """Uvicorn's server, told by events instead of looking at a flag ten times a second."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        ready: threading.Event,
        stopping: asyncio.Event,
        before_exit: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._before_exit = before_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        await self._stopping.wait()
        self._before_exit()


def _tracked(transports: dict[Any, BufferedTransport]) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol, remembering which transport belongs to which client address."""

    class Tracked(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by uvicorn at run time
        _too_slow: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            # Without this a second write waits 40 ms for a delayed ACK.
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transports[transport.get_extra_info("peername")[:2]] = gathered = BufferedTransport(transport)
            super().connection_made(gathered)
            self._limit_time()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._limit_time()

        def _limit_time(self) -> None:
            """Close the connection where a request that has begun does not come in whole in time."""
            is_upgraded = self.transport.get_protocol() is not self
            is_whole = self.cycle is not None and not (self.cycle.response_complete or self.cycle.more_body)
            if is_upgraded or is_whole or self.flow.read_paused:
                self._end_limit()
            elif self._too_slow is None:
                loop = asyncio.get_running_loop()
                self._too_slow = loop.call_later(REQUEST_LIMIT_S, self.transport.abort)

        def _end_limit(self) -> None:
            if self._too_slow is not None:
                self._too_slow.cancel()
                self._too_slow = None

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_limit()
            transports.pop(self.transport.get_extra_info("peername")[:2], None)
            super().connection_lost(exc)

    return Tracked


def _wait_ready(address: tuple[Any, ...]) -> None:
    """Ask for the health route over a connection of its own."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])  # noqa: S104 - compared, not bound
    with socket.create_connection((host, address[1]), timeout=START_LIMIT_S) as connection:
        connection.sendall(
            b"GET /__emulator__/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        if not connection.recv(64).startswith(b"HTTP/1.1 200"):
            raise EmulatorError("the emulator does not answer")


class BufferedTransport:
    """A transport that holds what is written until the end of a turn of the event loop.

    The server writes an answer's head and body one after the other; each write is a system call that wakes the
    client, and the two of them cost as much as storing the request.

    Args:
        transport: what everything goes to in the end; all but writing and closing is left to it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write soon."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        """Write what is held, and close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is held is lost."""
        self._held.clear()
        self._transport.abort()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
