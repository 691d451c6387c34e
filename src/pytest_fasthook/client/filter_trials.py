"""Asking FastHook itself what a filter makes of an input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError, UnreadableError

TARGETS = frozenset({"headers", "body", "query", "path"})


class FilterTrials:
    """FastHook's own judgement of filters."""

    transport: Transport

    def filter_matches(self, conditions: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """Whether an input passes a filter.

        Args:
            conditions: by target: ``headers``, ``body``, ``query``, ``path``; at least one.
            given: the input, by the same targets.

        Raises:
            SettingsError: no target, or an unknown one.
        """
        if not conditions or not set(conditions) | set(given) <= TARGETS:
            raise SettingsError(f"a filter and its input are given by {', '.join(sorted(TARGETS))}")
        body = {"filter": dict(conditions), "input": dict(given)}
        reply = self.transport.write("POST", path_of("filters", "test"), body)
        matched = reply.value.get("matched") if isinstance(reply.value, Mapping) else None
        if not isinstance(matched, bool):
            text = f"{reply.call}: the answer does not say whether the filter matched"
            raise UnreadableError(text, call=reply.call, field="matched")
        return matched
