"""What to do next, for each cause: a sentence or two, then the exact calls that show or mend it.

The calls are given twice, for ``curl`` and for FastHook's own CLI, with the ids filled in. They take the key
and the team from ``$FASTHOOK_API_KEY`` and ``$FASTHOOK_TEAM_ID``, so nothing here holds a secret. They are
suggestions; the gate runs none of them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from pytest_fasthook.causes import Cause
from pytest_fasthook.settings.values import secret_variable

DEFAULT_API_URL = "https://api.fasthook.io/v1"

Ids = Mapping[str, str | None]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")


def next_step(cause: Cause, ids: Ids) -> str:
    """Return what to do about ``cause``.

    The first line is for people. Each line after it is either ``# what the calls below do`` or ``$ a call``.

    Args:
        cause: the code that decided the verdict.
        ids: any of ``connection_id``, ``source_id``, ``destination_id``, ``request_id``, ``event_id``,
            ``api_url`` and ``stage``. What is missing is left out of the words, and a call that needs it is
            not given.
    """
    step, known = _STEPS[cause], _known(ids)
    lines = [step.words.format_map(_names(known))]
    for call in step.calls:
        lines.extend(_shown(call, known))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the API, and the same in the words of FastHook's CLI."""

    purpose: str
    path: str
    cli: str
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    words: str
    calls: tuple[_Call, ...] = ()


def _known(ids: Ids) -> dict[str, str]:
    """The ids that are given and look like ids: nothing else has a place in a command that people paste."""
    return {
        name: value for name, value in ids.items() if value and (name == "api_url" or _ID.fullmatch(value))
    }


def _shown(call: _Call, known: Mapping[str, str]) -> Iterator[str]:
    """The call's lines; none where an id it needs is missing."""
    try:
        url = _url(call, known)
        cli = call.cli.format_map(known)
    except KeyError:
        return
    yield f"# {call.purpose}"
    method = "" if call.method == "GET" else f"-X {call.method} "
    credentials = '-H "Authorization: Bearer $FASTHOOK_API_KEY" -H "x-team-id: $FASTHOOK_TEAM_ID"'
    yield f"$ curl -sS {method}{credentials} {shlex.quote(url)}"
    if _is_hosted(url):
        yield f"$ fasthook {cli}"


def _url(call: _Call, known: Mapping[str, str]) -> str:
    path = call.path.format_map(known)
    query = urlencode([(name, value.format_map(known)) for name, value in call.query], safe=",")
    return f"{known.get('api_url', DEFAULT_API_URL).rstrip('/')}{path}" + (f"?{query}" if query else "")


def _is_hosted(url: str) -> bool:
    """Whether the call goes to FastHook itself, the only place its CLI is known to talk to."""
    host = urlsplit(url).hostname or ""
    return host == "fasthook.io" or host.endswith(".fasthook.io")


def _names(known: Mapping[str, str]) -> dict[str, str]:
    """Each thing in words: with its id where that is known."""
    things = ("connection", "source", "destination", "request", "event")
    names = {thing: _named(thing, known.get(f"{thing}_id")) for thing in things}
    source_id = known.get("source_id")
    return names | {
        "api": known.get("api_url", "the FastHook API"),
        "stage": known.get("stage", "every stage"),
        "secret_name": secret_variable(source_id),
    }


def _named(thing: str, known_id: str | None) -> str:
    return f"{thing} {known_id}" if known_id else f"the {thing}"


_SINCE = ("from", "now-24h")
_WHO_AM_I = _Call("see who the key belongs to", "/auth/me", "auth me")
_CONNECTIONS = _Call("list the team's connections", "/connections", "connections list")
_CONNECTION = _Call(
    "see the connection, its state and its rules",
    "/connections/{connection_id}",
    "connections get {connection_id}",
)
_UNPAUSE = _Call(
    "unpause the connection",
    "/connections/{connection_id}/unpause",
    "connections unpause {connection_id}",
    "PUT",
)
_ENABLE_CONNECTION = _Call(
    "enable the connection",
    "/connections/{connection_id}/enable",
    "connections enable {connection_id}",
    "PUT",
)
_LATEST_INPUT = _Call(
    "see the latest input",
    "/connections/{connection_id}/latest-input",
    "connections latest-input {connection_id}",
)
_SOURCE = _Call("see the source and its URL", "/sources/{source_id}", "sources get {source_id}")
_ENABLE_SOURCE = _Call(
    "enable the source", "/sources/{source_id}/enable", "sources enable {source_id}", "PUT"
)
_ENABLE_DESTINATION = _Call(
    "enable the destination",
    "/destinations/{destination_id}/enable",
    "destinations enable {destination_id}",
    "PUT",
)
_REQUEST = _Call(
    "see the request, its state and its payload", "/requests/{request_id}", "requests get {request_id}"
)
_IGNORED = _Call(
    "see which branches were ignored, and why",
    "/requests/{request_id}/ignored_events",
    "requests ignored-events {request_id}",
)
_BRANCHES = _Call("see the request's events", "/requests/{request_id}/events", "requests events {request_id}")
_RECENT_REQUESTS = _Call(
    "see what the source received",
    "/requests",
    "requests list --source_id {source_id} --from now-24h --include data --limit 20",
    query=(("source_id", "{source_id}"), _SINCE, ("include", "data"), ("limit", "20")),
)
_EVENT = _Call("see the event", "/events/{event_id}", "events get {event_id}")
_ATTEMPTS = _Call(
    "see the attempts and what the receiver answered",
    "/attempts",
    "attempts list --event_id {event_id}",
    query=(("event_id", "{event_id}"),),
)
_RETRY = _Call(
    "deliver this one event again, by one of the two",
    "/events/{event_id}/retry",
    "events retry {event_id}",
    "POST",
)
_FAILED_EVENTS = _Call(
    "see the failed events",
    "/events",
    "events list --connection_id {connection_id} --status FAILED --from now-24h --limit 20",
    query=(("connection_id", "{connection_id}"), ("status", "FAILED"), _SINCE, ("limit", "20")),
)
_METRICS = _Call(
    "see what is counted",
    "/metrics/events",
    "metrics events --connection_id {connection_id} --from now-24h --measures "
    "count,delivered_count,failed_count",
    query=(
        ("connection_id", "{connection_id}"),
        _SINCE,
        ("measures", "count,delivered_count,failed_count"),
    ),
)

_STEPS: Mapping[Cause, _Step] = {
    Cause.API_UNAUTHORIZED: _Step(
        "Put a valid key into FASTHOOK_API_KEY, from the pipeline's secret store: this one is unknown, "
        "revoked or not whole.",
        (_WHO_AM_I,),
    ),
    Cause.API_FORBIDDEN: _Step(
        "Give the gate a credential that may make this call, or set the team (--fasthook-team, FASTHOOK_TEAM_ID) "
        "to one that the key reaches. Where only {connection} may not be read, "
        "--fasthook-source-url does without reading it.",
        (_WHO_AM_I, _CONNECTION),
    ),
    Cause.CONNECTION_NOT_FOUND: _Step(
        "Compare the id with the team's connections: {connection} is not among them. Either the id or "
        "FASTHOOK_TEAM_ID is another environment's.",
        (_CONNECTIONS,),
    ),
    Cause.WRONG_TEAM: _Step(
        "Set FASTHOOK_TEAM_ID to the team that owns {connection}, and check that the key may act for it.",
        (_WHO_AM_I,),
    ),
    Cause.SOURCE_SECRET_MISSING: _Step(
        "Put the credential that senders to {source} use into {secret_name} (user:password for basic "
        "auth), or judge a real request with --fasthook-mode wait.",
        (_SOURCE,),
    ),
    Cause.API_UNREACHABLE: _Step(
        "Nothing is known about the route. Make this call from the machine the gate ran on: where it "
        "works, run the gate again; where it does not, mend name resolution, proxy or TLS between there "
        "and {api}.",
        (_CONNECTION,),
    ),
    Cause.API_RATE_LIMITED: _Step(
        "Run the gate again in a few minutes. Where it recurs, lower --fasthook-rate-limit, gate fewer "
        "connections at once or give the gate a key of its own."
    ),
    Cause.API_BAD_RESPONSE: _Step(
        "Look at what really answers under {api}: a page of a proxy or a login in place of JSON means that "
        "--fasthook-api-url leads elsewhere.",
        (_CONNECTION,),
    ),
    Cause.INGRESS_UNREACHABLE: _Step(
        "Check that the machine the gate ran on reaches the URL of {source}, and that the URL is the "
        "source's.",
        (_SOURCE,),
    ),
    Cause.CONNECTION_PAUSED: _Step(
        "Unpause {connection}, unless it is paused on purpose, and run the gate again. What it held back is "
        "delivered then.",
        (_CONNECTION, _UNPAUSE),
    ),
    Cause.CONNECTION_DISABLED: _Step(
        "Enable {connection}, unless it is disabled on purpose, and run the gate again.",
        (_CONNECTION, _ENABLE_CONNECTION),
    ),
    Cause.SOURCE_DISABLED: _Step(
        "Enable {source} and run the gate again. Disabling it has disabled its connections too, so look at "
        "{connection} afterwards.",
        (_ENABLE_SOURCE, _CONNECTION),
    ),
    Cause.DESTINATION_DISABLED: _Step(
        "Enable {destination}, unless it is disabled on purpose, and run the gate again.",
        (_ENABLE_DESTINATION,),
    ),
    Cause.RULES_DRIFT: _Step(
        "Decide which rules are right: deploy those of the rules file to {connection}, or take the live "
        "ones into the file.",
        (_CONNECTION,),
    ),
    Cause.PAYLOAD_FILTERED: _Step(
        "Change the file of --fasthook-payload so that the filter of {connection} lets it through, or "
        "leave the option out and have the gate make one. If the payload is right, the filter is wrong.",
        (_CONNECTION,),
    ),
    Cause.INGRESS_REJECTED: _Step(
        "Compare the rejection cause with the method, the headers and the credential that {source} asks "
        "for. The secret in {secret_name} may be another one than the source's; where it is right, a real sender is "
        "refused in the same way.",
        (_REQUEST, _SOURCE),
    ),
    Cause.REQUEST_NOT_SEEN: _Step(
        "Look whether the request has arrived by now: if so, allow more time with --fasthook-timeout; if "
        "not, it went elsewhere than to {source}, or in wait mode nothing that matches was sent.",
        (_RECENT_REQUESTS, _SOURCE),
    ),
    Cause.BRANCH_IGNORED: _Step(
        "Compare the cause with the rules of {connection}: it ignores {request}, and so it does real "
        "requests like it.",
        (_IGNORED, _CONNECTION),
    ),
    Cause.EVENT_HELD: _Step(
        "Unpause {connection}: it was paused while the gate ran. The event it holds is delivered then; run "
        "the gate again to prove it.",
        (_EVENT, _UNPAUSE),
    ),
    Cause.BRANCH_NOT_SEEN: _Step(
        "Look whether {request} has an event by now: if so, allow more time with --fasthook-timeout; if "
        "not, check that {connection} belongs to the source.",
        (_BRANCHES, _IGNORED, _CONNECTION),
    ),
    Cause.DELIVERY_FAILED: _Step(
        "Mend the receiver behind {destination}, then deliver {event} again and run the gate again.",
        (_ATTEMPTS, _RETRY),
    ),
    Cause.DELIVERY_SLOW: _Step(
        "Look where the time went: attempts that failed first, a slow receiver behind {destination}, or "
        "its rate limit. If it is right so, raise --fasthook-max-latency.",
        (_ATTEMPTS,),
    ),
    Cause.DELIVERY_PENDING: _Step(
        "Look whether {event} has been delivered by now: if so, allow more time with --fasthook-timeout; "
        "if not, look at its attempts and at the rate limit of {destination}.",
        (_EVENT, _ATTEMPTS),
    ),
    Cause.WRONG_VERSION: _Step(
        "Check which release runs behind {destination}: an older one still answers there. Run the gate "
        "again once the rollout is through.",
        (_ATTEMPTS,),
    ),
    Cause.LATEST_INPUT_MISMATCH: _Step(
        "Compare the two bodies: something between the sender and {source} changed what was sent.",
        (_LATEST_INPUT, _REQUEST),
    ),
    Cause.LATEST_INPUT_STALE: _Step(
        "Look whether the latest input of {connection} has caught up by now: if so, allow more time with "
        "--fasthook-timeout, or make the stage advisory.",
        (_LATEST_INPUT,),
    ),
    Cause.METRICS_FAILURES: _Step(
        "Look at the failed events of {connection} in the window: they are real traffic, or the gate's own "
        "event. If some are expected, raise --fasthook-max-failure-rate.",
        (_FAILED_EVENTS,),
    ),
    Cause.METRICS_LAG: _Step(
        "Look whether {event} is counted by now: if so, allow more time with --fasthook-timeout, or make "
        "the stage advisory with --fasthook-advisory metrics.",
        (_METRICS,),
    ),
    Cause.STAGE_NOT_RUN: _Step(
        "Run {stage} as well: look for -k, --lf, --deselect, -x or a session time-out that kept it from "
        "running."
    ),
    Cause.INTERNAL_ERROR: _Step(
        "This is a fault of pytest-fasthook, and says nothing of the deploy. Please report it with the lines that "
        "the summary shows, then run the gate again."
    ),
    Cause.NEGATIVE_ACCEPTED: _Step(
        "Check the authentication of {source} and the filter of {connection}: one of them lets through "
        "what it must keep out.",
        (_SOURCE, _CONNECTION, _REQUEST),
    ),
}
