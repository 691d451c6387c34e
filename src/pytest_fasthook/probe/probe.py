"""The probe: an event that the route would really accept, marked so that it can be told from real traffic.

The route's rules are read first: the body satisfies the filters, the fields that a deduplicate rule looks at get
fresh values, the method is one that the source takes, and the signature is made over the exact bytes sent.
"""

from __future__ import annotations

import json
import mimetypes
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.wire import as_sent
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.iso import write_iso
from pytest_fasthook.probe.route import BODY_METHODS, Route
from pytest_fasthook.redact import Secret
from pytest_fasthook.rules.dedupe import Freshened, freshen
from pytest_fasthook.rules.matching import evaluate, spoken
from pytest_fasthook.rules.message import Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.satisfying import NotUnderstood, Unsatisfiable, satisfy
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.payload_file import fill
from pytest_fasthook.settings.saved_run import SavedProbe
from pytest_fasthook.settings.values import secret_variable
from pytest_fasthook.signing.requirement import NotKnown, requirement
from pytest_fasthook.signing.sign import SignedRequest, prepare, sign

MARKER = "x-fasthook-probe"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the user wants to be sent, before it meets a route.

    Attributes:
        payload: the bytes of the payload file; ``None`` means: make one from the rules.
        content_type: what the payload file's name says it is; ``None``: to be seen from its content.
        headers: headers to send as given.
        source_url: where to send it; ``None``: to the source's own URL.
        secrets: source secrets, by source id as a variable's name spells it; ``""`` is for every source.
    """

    payload: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    source_url: str | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Plan:
        """What the settings ask for."""
        return cls(
            payload=settings.payload,
            content_type=_named_type(settings.payload_file),
            headers=settings.headers,
            source_url=settings.source_url,
            secrets=settings.source_secrets,
        )

    def secret(self, source_id: str | None) -> Secret | None:
        """The secret for one source: its own, else the general one."""
        if source_id is None:
            return self.secrets.get("")
        spelled = re.sub(r"[^A-Z0-9]", "_", source_id.upper())
        own = (self.secrets.get(name) for name in (source_id, spelled))
        return next(filter(None, own), self.secrets.get(""))

    def sends_like(self, other: Plan, source_id: str | None) -> bool:
        """Whether both plans send the same to one source."""
        same = replace(self, secrets={}) == replace(other, secrets={})
        return same and self.secret(source_id) == other.secret(source_id)


def _named_type(file: Path | None) -> str | None:
    """The content type that goes with a file's name, by the same table on every machine."""
    known = mimetypes.MimeTypes()
    known.add_type("application/xml", ".xml")
    found, encoding = known.guess_type(file.name) if file else (None, None)
    return None if encoding else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What makes one probe unlike any other.

    Attributes:
        probe_id: the marker, in the header ``x-fasthook-probe`` and in a body made by the gate.
        at: the time of sending, on the server's clock.
    """

    probe_id: str
    at: datetime

    @property
    def values(self) -> Mapping[str, str]:
        """The placeholders of a payload file."""
        moment = write_iso(self.at)
        return {
            "probe_id": self.probe_id,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, self.probe_id)),
            "now": moment,
            "unix": str(int(self.at.timestamp())),
        }


TRIAL = Stamp(probe_id="probe_trial", at=datetime.fromtimestamp(0, UTC))
"""Stands for a real stamp where a probe is only tried on a route, never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A probe before it is signed.

    Attributes:
        message: what the rules see of it.
        raw: the body's bytes where they are not made from ``message``.
        form: what a body made from ``message`` is; ``bytes`` are no text, so nothing else can be made of them.
        notes: what was changed in the user's payload, one line each.
    """

    stamp: Stamp
    message: Message
    raw: bytes | None = None
    form: Literal["json", "text", "bytes"] = "json"
    notes: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """The exact bytes to send."""
        if self.raw is not None:
            return self.raw
        if self.message.body is None:
            return b""
        return str(self.message.body).encode() if self.form == "text" else _json(self.message.body)


def _json(value: Any) -> bytes:
    """JSON as short as it can be; lone surrogates, which JSON can hold and UTF-8 cannot, stay escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why no probe can be made for a route."""

    cause: Cause
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What goes over the wire, and to which source."""

    probe_id: str
    source_id: str | None
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    notes: tuple[str, ...] = ()


def saved_probe(saved: SavedProbe) -> Probe | None:
    """The probe of an earlier run, as far as its records go; it is never sent again."""
    if saved.probe_id is None:
        return None
    return Probe(probe_id=saved.probe_id, source_id=saved.source_id, method="", url="", headers=(), body=b"")


def compose(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> Draft | Refusal:
    """Make one probe for routes that share a source, or say why none fits them all."""
    draft = _start(routes[0], plan, stamp)
    filters = [route.rules.filter for route in routes if route.rules.filter is not None]
    try:
        draft = replace(draft, message=_satisfying(filters, draft.message, given=plan.payload is not None))
    except Unsatisfiable as unsatisfiable:
        return _filtered(routes, str(unsatisfiable))
    draft = _fresh(routes, draft, given=plan.payload is not None)
    draft = replace(draft, message=_with_headers(draft.message, plan.headers))
    for route in routes:
        match = evaluate(route.rules.filter, draft.message) if route.rules.filter else None
        if match is not None and match.matched is False:
            return _filtered([route], "; ".join(spoken(match)))
    return draft


def _filtered(routes: Sequence[Route], why: str) -> Refusal:
    names = ", ".join(route.connection_id for route in routes)
    message = f"the payload cannot pass the filter of {names}: {why}, expected one that it lets through"
    return Refusal(cause=Cause.PAYLOAD_FILTERED, message=message)


def _start(route: Route, plan: Plan, stamp: Stamp) -> Draft:
    """The probe before it meets the rules: the user's payload, or a small body that names the probe."""
    method = route.method
    message = Message(
        method=method,
        path=_path_of(route.source_url or "", _base(route, plan)),
        query=_query_of(route.source_url or ""),
        headers={"content-type": JSON_TYPE, MARKER: stamp.probe_id},
    )
    if plan.payload is None:
        body = {"fasthook_probe": stamp.probe_id} if method in BODY_METHODS else None
        return Draft(stamp=stamp, message=_with_headers(replace(message, body=body), plan.headers))
    draft = _given(plan.payload, message, plan.content_type, stamp)
    return replace(draft, message=_with_headers(draft.message, plan.headers))


def _given(payload: bytes, message: Message, named_type: str | None, stamp: Stamp) -> Draft:
    """The user's payload: JSON where it can be read as such, else text, else bytes."""
    filled = fill(payload, stamp.values)
    try:
        message = replace(message, body=json.loads(filled, parse_constant=_no_json))
        return Draft(stamp=stamp, message=_of_type(message, named_type or JSON_TYPE), raw=filled)
    except (ValueError, RecursionError):
        pass  # it is not JSON
    form: Literal["text", "bytes"] = "text" if _is_text(filled) else "bytes"
    body = filled.decode("utf-8", "replace")
    message = _of_type(replace(message, body=body), named_type or _raw_type(filled, form))
    return Draft(stamp=stamp, message=message, raw=filled, form=form)


def _no_json(constant: str) -> Any:
    """Python alone reads ``NaN`` and ``Infinity``."""
    raise ValueError(f"{constant} is no JSON")


def _of_type(message: Message, content_type: str) -> Message:
    """The message as what its body is; the gate writes text as UTF-8 and says so."""
    charset = "; charset=utf-8" if content_type.startswith("text/") else ""
    return replace(message, headers={**message.headers, "content-type": f"{content_type}{charset}"})


def _base(route: Route, plan: Plan) -> str:
    """What of the URL's path is the source's address: all of it, unless the user gave the URL to send to."""
    return "" if plan.source_url else urlsplit(route.source_url or "").path.rstrip("/")


def _path_of(url: str, base: str) -> str:
    """The path that rules see: what follows the source's address."""
    return urlsplit(url).path[len(base) :] or "/"


def _query_of(url: str) -> Mapping[str, Any]:
    """The parameters that the source's own URL has, as rules see them: a repeated one is a list."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _raw_type(body: bytes, form: Literal["text", "bytes"]) -> str:
    if form == "bytes":
        return "application/octet-stream"
    return "application/xml" if body.lstrip().startswith(b"<") else "text/plain"


def _with_headers(message: Message, headers: Iterable[tuple[str, str]]) -> Message:
    given = {name.lower(): value for name, value in headers}
    return replace(message, headers={**message.headers, **given}) if given else message


def _satisfying(filters: Sequence[Filter], message: Message, *, given: bool) -> Message:
    """The message with whatever the filters want of it; a body that the user gave is left as it is."""
    asked = [_without_body(one) if given else one for one in filters]
    wanted = [one for one in asked if one.conditions]
    together = _together(wanted, message) if len(wanted) > 1 else None
    if together is not None:
        return together
    for one in wanted:
        try:
            message = satisfy(one, message)
        except NotUnderstood as doubt:
            message = doubt.best or message
    return message


def _together(filters: Sequence[Filter], message: Message) -> Message | None:
    """A message that passes all filters, as far as they are understood; ``None`` where none was found."""
    targets = dict.fromkeys(target for one in filters for target in one.conditions)
    joined = {
        target: {"$and": [f.conditions[target] for f in filters if target in f.conditions]}
        for target in targets
    }
    try:
        return satisfy(Filter(conditions=joined), message, plain_arrays=False)
    except (Unsatisfiable, NotUnderstood):
        return None


def _without_body(one: Filter) -> Filter:
    return replace(one, conditions={name: c for name, c in one.conditions.items() if name != "body"})


def _fresh(routes: Sequence[Route], draft: Draft, *, given: bool) -> Draft:
    """Fresh values in the fields that a deduplicate rule looks at, so that two runs in its window both pass."""
    message, notes = draft.message, list(draft.notes)
    for route in routes:
        if route.rules.deduplicate is None:
            continue
        fresh = _freshened(route, message, draft)
        message = fresh.message
        if given and fresh.changed:
            notes.append(
                f"fresh values for the deduplicate rule of {route.connection_id}: {', '.join(fresh.changed)}"
            )
        notes += [f"deduplicate rule of {route.connection_id}: {fresh.warning}"] if fresh.warning else []
    same_body = message.body == draft.message.body
    return replace(draft, message=message, raw=draft.raw if same_body else None, notes=tuple(notes))


def _freshened(route: Route, message: Message, draft: Draft) -> Freshened:
    assert route.rules.deduplicate is not None
    fresh = freshen(route.rules.deduplicate, message, token=draft.stamp.probe_id, keep=route.rules.filter)
    if draft.form != "bytes" or fresh.message.body == message.body:
        return fresh
    return Freshened(
        message=message, warning="the body is no text and stays as it is; it may count as repeated"
    )


def unsendable(route: Route, plan: Plan) -> Refusal | None:
    """Why no probe could be sent that the route would accept; ``None`` when one can."""
    probe = _unsignable(route, plan) or probe_for((route,), plan, TRIAL)
    return probe if isinstance(probe, Refusal) else None


def doubts(route: Route, plan: Plan) -> tuple[str, ...]:
    """What about the route's filter and auth could not be settled here and is left to the service."""
    needed = requirement(route.source_type, route.source_config)
    notes = needed.notes if needed is not None and not isinstance(needed, NotKnown) else ()
    draft = compose((route,), plan, TRIAL)
    match = (
        evaluate(route.rules.filter, draft.message)
        if route.rules.filter and isinstance(draft, Draft)
        else None
    )
    open_questions = match.doubts if match is not None and match.matched is None else ()
    return (
        *notes,
        *(f"filter of {route.connection_id}: {doubt}; left to the service" for doubt in open_questions),
    )


def _unsignable(route: Route, plan: Plan) -> Refusal | None:
    """Why the source's signature or credential cannot be made; ``None`` when it can, or none is needed."""
    needed = requirement(route.source_type, route.source_config)
    if needed is None:
        return None
    if isinstance(needed, NotKnown):
        message = f"source {route.source_id} demands {needed}, expected an auth that this version can make"
        return Refusal(cause=Cause.SOURCE_SECRET_MISSING, message=message)
    if plan.secret(route.source_id) is not None:
        return None
    message = (
        f"source {route.source_id} demands {needed.kind} auth and no secret was given, expected one in "
        f"FASTHOOK_SOURCE_SECRET or {secret_variable(route.source_id)}"
    )
    return Refusal(cause=Cause.SOURCE_SECRET_MISSING, message=message)


def address(draft: Draft, route: Route, plan: Plan) -> Probe | Refusal:
    """The signed probe for one source; every route of a group has the same one."""
    if not route.source_url:
        why = f"source {route.source_id} has no URL to send to, expected one (or give --fasthook-source-url)"
        return Refusal(cause=Cause.INGRESS_UNREACHABLE, message=why)
    message = draft.message
    request = SignedRequest(
        method=message.method,
        url=_url(route.source_url, message, base=_base(route, plan)),
        body=draft.body,
        content_type=message.headers.get("content-type", JSON_TYPE),
    )
    try:
        request, signature = _signed(request, draft.stamp, route, plan)
    except SettingsError as error:
        return Refusal(cause=Cause.SOURCE_SECRET_MISSING, message=f"source {route.source_id}: {error}")
    return Probe(
        probe_id=draft.stamp.probe_id,
        source_id=route.source_id,
        method=request.method,
        url=request.url,
        headers=tuple({**message.headers, **signature}.items()),
        body=request.body,
        notes=draft.notes,
    )


def probe_for(routes: Sequence[Route], plan: Plan, stamp: Stamp) -> Probe | Refusal:
    """The signed probe for routes that share a source, or why there can be none."""
    draft = compose(routes, plan, stamp)
    return draft if isinstance(draft, Refusal) else address(draft, routes[0], plan)


def _signed(
    request: SignedRequest, stamp: Stamp, route: Route, plan: Plan
) -> tuple[SignedRequest, Mapping[str, str]]:
    needed = requirement(route.source_type, route.source_config)
    secret = plan.secret(route.source_id)
    if needed is None or isinstance(needed, NotKnown) or secret is None:
        return request, {}
    request = prepare(needed, request)
    return request, sign(needed, secret, request, now=stamp.at, message_id=stamp.probe_id)


def _url(source_url: str, message: Message, *, base: str) -> str:
    """The source's URL with the path and query that the rules want, as it is sent: a signature may cover it."""
    parts = urlsplit(source_url)
    path = parts.path if message.path == _path_of(source_url, base) else f"{base}{message.path}"
    as_it_is = message.query == _query_of(source_url)
    query = (
        parts.query
        if as_it_is
        else urlencode(_pairs(message.query), encoding="utf-8", errors="surrogatepass")
    )
    return as_sent(urlunsplit(parts._replace(path=path or "/", query=query)))


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    listed = [(name, value if isinstance(value, list) else [value]) for name, value in query.items()]
    return [(name, str(item)) for name, items in listed for item in items]
