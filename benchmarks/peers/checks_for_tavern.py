"""What tavern cannot say in YAML: conditions on lists."""

from __future__ import annotations

from typing import Any


def request_is_accepted(response: Any, request_id: str) -> None:
    """Our request is on the list, and accepted."""
    assert _named(response, "id", request_id)["status"] == "accepted"


def event_exists(response: Any, request_id: str) -> dict[str, str]:
    """Our event is on the list; its id is kept."""
    return {"event_id": _named(response, "request_id", request_id)["id"]}


def attempt_succeeded(response: Any) -> None:
    """The newest attempt was successful."""
    assert response.json()["models"][0]["status"] == "SUCCESSFUL"


def counted_without_failure(response: Any) -> None:
    """The window counts something, and nothing failed in it."""
    series = response.json()["series"]
    assert sum(point["count"] for point in series) >= 1
    assert sum(point["failed_count"] for point in series) == 0


def _named(response: Any, field: str, value: str) -> dict[str, str]:
    found: dict[str, str] = next(one for one in response.json()["models"] if one[field] == value)
    return found
