"""A scripted FastHook over real HTTP: the independent judge of the gate.

It shares no code with the package under test. A test writes down what one route does (``RouteScript``) and
how the API behaves (``ApiScript``), runs the real command against ``StandIn``, and reads afterwards what was
asked and what was sent.
"""

from standin.listener import refused_url
from standin.receipts import Receipt
from standin.script import (
    API_KEY,
    DEMO_TEAM,
    SOURCE_SECRET,
    TEAM,
    ApiScript,
    AttemptScript,
    AuthScript,
    BranchScript,
    Fault,
    ForeignTraffic,
    IngressScript,
    LatestInputScript,
    MetricsScript,
    ReplayScript,
    ReplaySign,
    RequestScript,
    RouteScript,
    SourceScript,
)
from standin.server import StandIn
from standin.world import Call

__all__ = [
    "API_KEY",
    "DEMO_TEAM",
    "SOURCE_SECRET",
    "TEAM",
    "ApiScript",
    "AttemptScript",
    "AuthScript",
    "BranchScript",
    "Call",
    "Fault",
    "ForeignTraffic",
    "IngressScript",
    "LatestInputScript",
    "MetricsScript",
    "Receipt",
    "ReplayScript",
    "ReplaySign",
    "RequestScript",
    "RouteScript",
    "SourceScript",
    "StandIn",
    "refused_url",
]
