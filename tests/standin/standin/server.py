"""A scripted FastHook, running: one listener for the API and one for each source URL."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

from standin.answers import Answer, Ask, Incoming, Refusal
from standin.api import Api, find_endpoint
from standin.faults import current_fault, spoiled
from standin.ingress import answer_probe
from standin.listener import Listener, refused_url
from standin.receipts import Receipt
from standin.script import ApiScript, RouteScript, SourceScript
from standin.world import Call, World


class StandIn:
    """A scripted FastHook over real HTTP, from ``with`` to its end.

    Args:
        routes: the connections it has.
        api: how the API behaves.
    """

    def __init__(self, *routes: RouteScript, api: ApiScript | None = None) -> None:
        self.world = World(routes, api=api or ApiScript(), clock=time.time)
        self._listeners: list[Listener] = []
        self._urls: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for source in self.world.sources:
            self._urls[source.id] = f"{self._open_source(source)}/"
        team = Api(world=self.world, source_url=self.source_url)
        demo = Api(world=World((), api=self.world.api, clock=time.time), source_url=self.source_url)
        self._urls["api"] = f"{self._listen(partial(_answer_api, self.world, team, demo)).url}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        errors = [problem for listener in self._listeners for problem in listener.errors]
        if errors and error is None:
            raise ExceptionGroup("the stand-in itself broke", errors)

    @property
    def api_url(self) -> str:
        """The API's base URL, with ``/v1``."""
        return self._urls["api"]

    @property
    def calls(self) -> list[Call]:
        """Every API call so far."""
        return self.world.calls

    @property
    def probes(self) -> list[Receipt]:
        """Everything the source URLs received."""
        return self.world.probes

    def source_url(self, source_id: str) -> str:
        """A source's public URL."""
        return self._urls[source_id]

    def _open_source(self, source: SourceScript) -> str:
        if source.ingress.behaviour == "refused":
            return self._stack.enter_context(refused_url())
        return self._listen(partial(answer_probe, self.world, source)).url

    def _listen(self, app: partial[Answer]) -> Listener:
        listener = Listener(app, clock=self.world.now)
        self._listeners.append(listener)
        self._stack.callback(listener.stop)
        return listener


def _answer_api(world: World, team: Api, demo: Api, incoming: Incoming) -> Answer:
    endpoint, ids = find_endpoint(incoming.method, incoming.path)
    world.note_call(
        Call(
            endpoint=endpoint,
            method=incoming.method,
            path=incoming.path,
            query=incoming.query,
            at=time.monotonic(),
            headers=incoming.headers,
        )
    )
    fault = current_fault(world, endpoint)
    ask = Ask(endpoint=endpoint, ids=ids, query=incoming.query, now=world.now())
    api = team if incoming.headers.get("x-team-id") == world.api.team_id else demo
    answer = _authorised(api, ask, incoming)
    return answer if fault is None else spoiled(answer, fault)


def _authorised(api: Api, ask: Ask, incoming: Incoming) -> Answer:
    if incoming.headers.get("authorization") != f"Bearer {api.world.api.key}":
        return Refusal(401, "not authenticated").answer()
    try:
        return api.answer(ask)
    except Refusal as refusal:
        return refusal.answer()
