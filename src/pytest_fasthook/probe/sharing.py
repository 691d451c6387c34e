"""Which routes share one probe: as few probes as needed, since each is a real event at a real destination."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_fasthook.probe.probe import TRIAL, Draft, Plan, compose
from pytest_fasthook.probe.route import Route


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that share one probe: same source, same plan, and one payload passes all their filters."""

    routes: tuple[Route, ...]
    plan: Plan

    def takes(self, route: Route, plan: Plan) -> bool:
        """Whether one more route fits."""
        same = route.source_id == self.routes[0].source_id and route.source_url == self.routes[0].source_url
        return same and self.plan.sends_like(plan, route.source_id) and _fit((*self.routes, route), plan)


def grouped(routes: Iterable[tuple[Route, Plan]]) -> list[Group]:
    """As few groups as can be."""
    groups: list[Group] = []
    for route, plan in routes:
        home = next((index for index, group in enumerate(groups) if group.takes(route, plan)), None)
        if home is None:
            groups.append(Group((route,), plan))
        else:
            groups[home] = Group((*groups[home].routes, route), plan)
    return groups


def _fit(routes: Sequence[Route], plan: Plan) -> bool:
    return isinstance(compose(routes, plan, TRIAL), Draft)
