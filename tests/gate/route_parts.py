"""Parts from which the tables build their routes."""

from __future__ import annotations

from typing import Any

from standin import (
    SOURCE_SECRET,
    AttemptScript,
    ForeignTraffic,
    IngressScript,
    RequestScript,
    RouteScript,
    SourceScript,
)

SECRET = {"FASTHOOK_SOURCE_SECRET": SOURCE_SECRET}
LAG_S = 0.7
LATE_S = 60.0
SHORT_S = 2.5
FAILED = AttemptScript(status="FAILED", response_status=503)
UNMARKED = IngressScript(body='{"received": true}')
UNRECORDED = RequestScript(recorded=False)
GUIDE_RULES: tuple[dict[str, Any], ...] = (
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id"]},
    {"type": "filter", "body": {"type": "invoice.paid"}},
    {
        "type": "retry",
        "strategy": "exponential",
        "interval": 30000,
        "count": 5,
        "response_status_codes": ["429", "500-599", "!501"],
    },
)


def source(**facts: Any) -> RouteScript:
    """A route that is special only in its source."""
    return RouteScript(source=SourceScript(**facts))


def foreign(*traffic: ForeignTraffic, **facts: Any) -> RouteScript:
    """A route with other people's traffic on its source; ``source`` holds further facts of the source."""
    return RouteScript(source=SourceScript(foreign=traffic, **facts.pop("source", {})), **facts)
