"""Answers of sources: verification calls, custom and dynamic responses (FastHook docs, custom source responses).

The layout of a rule's conditions is not stated anywhere readable: they are taken from ``match`` (or ``conditions``),
each part by the same syntax as a filter.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.ingress.signatures import provider_of
from pytest_fasthook.emulator.payload import Payload, envelope, parsed_query, serialize_body
from pytest_fasthook.emulator.rules.filters import TARGETS, check_condition, matches
from pytest_fasthook.emulator.rules.rules import as_int
from pytest_fasthook.emulator.store.records import Source

CONTENT_TYPES = {"json": "application/json", "text": "text/plain; charset=utf-8", "xml": "application/xml"}
_MATCH_KEYS = ("match", "conditions")
_NO_HEADER = re.compile(r"[\x00-\x1f\x7f]")
_OF_CONNECTION = ("content-length", "transfer-encoding", "connection", "upgrade", "trailer")
_TEMPLATE = re.compile(r"\{\{\s*([A-Za-z0-9_.$-]+)\s*\}\}")


MAX_RULES = 100
MAX_TEMPLATE = 100_000
MAX_REPLY = 10_000_000
"""Characters of an answer that is made from a template."""
MAX_HEADER = 8_000


class _TooLargeError(Exception):
    """A template has become larger than an answer may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a source answers instead of the default."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def custom_reply(config: Mapping[str, Any] | None, payload: Payload, *, request_id: str) -> Reply | None:
    """Return the configured answer to an accepted message, if there is one.

    The first enabled rule that matches wins; without one the fallback body counts.
    """
    custom = (config or {}).get("custom_response")
    if not custom:
        return None
    seen = envelope(payload)
    rule = next((item for item in custom.get("rules") or () if _applies(item, seen)), None)
    chosen = custom if rule is None else {**rule, **(rule.get("response") or {})}
    try:
        return _reply(chosen, {**seen, "request": {"id": request_id}})
    except _TooLargeError:
        body = json.dumps({"error": f"the custom response is over {MAX_REPLY} characters"}).encode()
        return Reply(status=500, body=body, headers={"content-type": "application/json"})


def check_custom_response(custom: Any) -> None:
    """Refuse a custom response that could not be answered with.

    Raises:
        BadRequest: a part has the wrong form.
    """
    if custom is None:
        return
    if not isinstance(custom, Mapping):
        raise BadRequest("config.custom_response must be an object or null")
    _check_answer(custom)
    rules = custom.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MAX_RULES or not all(map(_is_rule, rules)):
        raise BadRequest(f"config.custom_response.rules must be an array of at most {MAX_RULES} objects")
    for rule in rules:
        _check_answer({**rule, **(rule.get("response") or {})})
        _check_match(_match_of(rule))


def _is_rule(rule: Any) -> bool:
    parts = ("response", *_MATCH_KEYS)
    return isinstance(rule, Mapping) and all(isinstance(rule.get(part) or {}, Mapping) for part in parts)


def _applies(rule: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    if rule.get("enabled") is False:
        return False
    conditions = _match_of(rule)
    methods = conditions.get("method")
    wanted = [methods] if isinstance(methods, str) else methods
    return (wanted is None or seen["method"] in wanted) and matches(conditions, seen)


def _match_of(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next((rule[key] for key in _MATCH_KEYS if rule.get(key)), {})
    return found


def _reply(answer: Mapping[str, Any], values: Mapping[str, Any]) -> Reply:
    name = str(answer.get("content_type") or "json")
    content_type = CONTENT_TYPES.get(name, name)
    body = _filled(str(answer.get("body") or ""), values, is_json="json" in content_type)
    given = {
        key.lower(): _one_line(_filled(str(text), values))
        for key, text in (answer.get("headers") or {}).items()
    }
    headers = {"content-type": content_type, **given}
    headers = {name: text for name, text in headers.items() if name not in _OF_CONNECTION}
    return Reply(
        status=int(answer.get("status") or 200), body=body.encode("utf-8", "replace"), headers=headers
    )


def _filled(text: str, values: Mapping[str, Any], *, is_json: bool = False) -> str:
    """Put values into ``{{…}}``; inside JSON a text is escaped, so that it cannot break out of its quotes."""
    parts, room, end = [], MAX_REPLY - len(text), 0
    for found in _TEMPLATE.finditer(text):
        value = _value(_at(values, found[1].split(".")), is_json=is_json)
        room -= len(value)
        if room < 0:
            raise _TooLargeError
        parts += [text[end : found.start()], value]
        end = found.end()
    return "".join([*parts, text[end:]])


def _value(result: Any, *, is_json: bool) -> str:
    if not isinstance(result, str):
        return "" if result is None else json.dumps(result)
    return json.dumps(result)[1:-1] if is_json else result


def _at(value: Any, steps: list[str]) -> Any:
    for index, step in enumerate(steps):
        if isinstance(value, Mapping):
            rest = ".".join(steps[index:])
            if rest in value:
                return value[rest]
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _one_line(text: str) -> str:
    if len(text) > MAX_HEADER:
        raise _TooLargeError
    return " ".join(_NO_HEADER.sub(" ", text).split()).encode("latin-1", "replace").decode("latin-1")


def _check_answer(answer: Mapping[str, Any]) -> None:
    status = answer.get("status")
    if status is not None and not 200 <= (as_int(status) or 0) <= 599:
        raise BadRequest("a custom response's status must be from 200 to 599")
    body = answer.get("body")
    if body is not None and not (isinstance(body, str) and len(body) <= MAX_TEMPLATE):
        raise BadRequest(f"a custom response's body must be a text of at most {MAX_TEMPLATE} characters")
    headers = answer.get("headers")
    if headers is not None and not (isinstance(headers, Mapping) and all(map(_is_token, headers))):
        raise BadRequest("a custom response's headers must be an object of header names")
    content_type = answer.get("content_type")
    if content_type is not None and not (isinstance(content_type, str) and _is_content_type(content_type)):
        raise BadRequest(
            f"a custom response's content_type must be {', '.join(CONTENT_TYPES)} or a media type"
        )


def _is_token(name: Any) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is not None


def _is_content_type(text: str) -> bool:
    return (
        text in CONTENT_TYPES
        or re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w-]+)*", text, re.ASCII) is not None
    )


def _check_match(conditions: Mapping[str, Any]) -> None:
    if not set(conditions) <= {"method", *TARGETS}:
        raise BadRequest(f"a custom response's rule matches method, {', '.join(TARGETS)}")
    for target in TARGETS:
        check_condition(conditions.get(target))


def subscription_reply(source: Source, payload: Payload) -> Reply | None:
    """Answer Meta's ``hub.challenge``, or refuse it; ``None`` where the message is nothing of the kind."""
    query = parsed_query(payload.query)
    if payload.method != "GET" or "hub.challenge" not in query or _provider(source) != "META":
        return None
    wanted = str(_auth(source).get("verify_token") or "")
    given = str(query.get("hub.verify_token", ""))
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        body = json.dumps({"error": "verify token does not match"}).encode()
        return Reply(status=403, body=body, headers={"content-type": "application/json"})
    return Reply(body=str(query["hub.challenge"]).encode(), headers={"content-type": "text/plain"})


def url_verification_reply(source: Source, payload: Payload) -> Reply | None:
    """Answer Slack's ``url_verification``, which was signed and has been verified like any other message."""
    body = serialize_body(payload.body) if _provider(source) == "SLACK" else None
    if not isinstance(body, Mapping) or body.get("type") != "url_verification":
        return None
    challenge = json.dumps({"challenge": body.get("challenge")}).encode()
    return Reply(body=challenge, headers={"content-type": "application/json"})


def _auth(source: Source) -> Mapping[str, Any]:
    auth = (source.config or {}).get("auth")
    return auth if isinstance(auth, Mapping) else {}


def _provider(source: Source) -> str:
    return provider_of(source.type, _auth(source))
