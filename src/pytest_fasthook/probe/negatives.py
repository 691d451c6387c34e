"""Negative probes: what a source must refuse and a filter must ignore, as like the real probe as can be.

A negative probe differs from one that would pass in the one fact that it is about, so that what keeps it out is the
source's check or the connection's filter and nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.probe.probe import Draft, Plan, Probe, Stamp, address, compose, probe_for
from pytest_fasthook.probe.route import Route
from pytest_fasthook.redact import Secret
from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.satisfying import NotUnderstood, Unsatisfiable, satisfy

DEPTH = 16
"""How deep in a filter something is looked for that it excludes."""
METHODS = ("PUT", "PATCH", "DELETE", "POST", "GET")


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeProbe:
    """A probe that must not get through.

    Attributes:
        why: what is wrong with it, in words that follow "with".
        routes: the routes it is about.
    """

    probe: Probe
    why: str
    routes: tuple[Route, ...]


def refusable(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> NegativeProbe | None:
    """A probe that the routes' source must refuse; ``None`` where the source is known to check nothing."""
    return _wrongly_signed(routes, plan, stamp) or _of_wrong_method(routes, plan, stamp)


def _wrongly_signed(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> NegativeProbe | None:
    route, secret = routes[0], plan.secret(routes[0].source_id)
    right = probe_for(routes, plan, stamp)
    if not route.has_auth or secret is None or not isinstance(right, Probe):
        return None
    for wrong in _wrong_secrets(secret.reveal(), stamp.probe_id):
        found = probe_for(routes, replace(plan, secrets={"": Secret(wrong)}), stamp)
        if isinstance(found, Probe) and found.headers != right.headers:
            return NegativeProbe(
                probe=found, why=f"a wrong {route.auth_type} credential", routes=tuple(routes)
            )
    return None


def _wrong_secrets(secret: str, probe_id: str) -> Iterator[str]:
    """Secrets of the same form as the right one, in which nothing of it is left but a user name or a prefix."""
    made_up = base64.b64encode(f"{probe_id} is no secret".encode()).decode()
    user, colon, _ = secret.partition(":")
    if colon:
        yield f"{user}:{probe_id}"
    if secret.startswith("whsec_"):
        yield f"whsec_{made_up}"
    yield from (probe_id, made_up, made_up.encode().hex())


def _of_wrong_method(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> NegativeProbe | None:
    allowed = routes[0].allowed_methods
    method = next((one for one in METHODS if one not in allowed), None)
    draft = compose(routes, plan, stamp)
    if not allowed or method is None or not isinstance(draft, Draft):
        return None
    found = address(replace(draft, message=replace(draft.message, method=method)), routes[0], plan)
    if not isinstance(found, Probe):
        return None
    return NegativeProbe(
        probe=found, why=f"the method {method}, which it does not take", routes=tuple(routes)
    )


def ignorable(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> NegativeProbe | None:
    """A probe that the source takes and that filters refuse for certain: those of as many of the routes as can be."""
    draft = compose(routes, plan, stamp)
    if not isinstance(draft, Draft):
        return None
    message = draft.message
    for route in routes:
        message = _refused_too(route, routes, message, draft)
    if message.body != draft.message.body:
        draft = replace(draft, raw=None)
    found = address(replace(draft, message=message), routes[0], plan)
    about = tuple(route for route in routes if _refuses(route, message))
    if not about or not isinstance(found, Probe):
        return None
    return NegativeProbe(probe=found, why="a payload that the filter refuses", routes=about)


def _refused_too(route: Route, routes: Sequence[Route], message: Message, draft: Draft) -> Message:
    """The message changed so that this route's filter refuses it too, where those that do so already still do."""
    if route.rules.filter is None or _refuses(route, message):
        return message
    so_far = [one for one in routes if _refuses(one, message)]
    for other in _opposites(route.rules.filter, message):
        if (draft.form == "json" or other.body == message.body) and all(
            _refuses(one, other) for one in (*so_far, route)
        ):
            return other
    return message


def _opposites(one: Filter, message: Message) -> Iterator[Message]:
    """The message changed as little as needed to miss one target of the filter."""
    for target, condition in one.conditions.items():
        for opposite in ({"$not": condition}, *_excluded(condition)):
            try:
                yield satisfy(Filter(conditions={target: opposite}), message, plain_arrays=False)
            except (Unsatisfiable, NotUnderstood):
                continue


def _excluded(condition: Any, *, depth: int = DEPTH) -> Iterator[Any]:
    """What a condition wants not to be there, as a condition of its own: that is missed by being there."""
    for name, value in condition.items() if isinstance(condition, Mapping) and depth else ():
        match name.removeprefix("$"):
            case "neq":
                yield {"$eq": value}
            case "nin":
                yield {"$in": value}
            case _:
                yield from ({name: inner} for inner in _excluded(value, depth=depth - 1))


def _refuses(route: Route, message: Message) -> bool:
    """Whether the route's filter refuses the message for certain."""
    return route.rules.filter is not None and evaluate(route.rules.filter, message).matched is False
