"""Request bodies, as strict as the emulator reads them."""

from __future__ import annotations

from pytest_fasthook.emulator.ingress.signatures import KINDS
from pytest_fasthook.emulator.openapi.shapes import (
    ANY,
    MAYBE_OBJECT,
    MAYBE_TEXT,
    OBJECT,
    TEXT,
    Schema,
    array,
    given,
    map_of,
    maybe,
    model,
    one_of,
    pattern,
)
from pytest_fasthook.emulator.openapi.traffic import EVENT_STATUS, REQUEST_STATUS
from pytest_fasthook.emulator.replay import HEADER_NAME
from pytest_fasthook.emulator.replay import METHODS as REPLAY_METHODS
from pytest_fasthook.emulator.resources.destinations import AUTH_TYPES, METHODS, PERIODS, TYPES, URL
from pytest_fasthook.emulator.resources.keys import GRANTS, SCOPES
from pytest_fasthook.emulator.resources.secrets import KINDS as SECRET_KINDS
from pytest_fasthook.emulator.resources.sources import HOOK_URL
from pytest_fasthook.emulator.resources.sources import METHODS as SOURCE_METHODS
from pytest_fasthook.emulator.rules.rules import FIELD, MAX_DELAY_MS, ORDER

TIME = pattern(
    r"^(now([+-][0-9]{1,4}[smhdw])?"
    r"|20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?Z)$"
)
"""An ISO 8601 timestamp (the emulator reads more forms than are generated from this) or relative to now."""
NAME = pattern(r"^[A-Za-z0-9_-]+$", minLength=1, maxLength=155)
_FREE_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_SHORT: Schema = {"type": "string", "maxLength": 2048}
_STATUS = one_of("enabled", "disabled")
_DURATION: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_DELAY_MS}
_CODE: Schema = {"type": "string", "minLength": 1, "maxLength": 262_144}

CONDITION: Schema = {
    "description": "A value means equality, an object follows the payload, operators may carry a dollar sign.",
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        array(model("Condition")),
        {
            "type": "object",
            "properties": {
                **{
                    f"${name}": ANY
                    for name in ("eq", "neq", "gt", "gte", "lt", "lte", "contains", "startsWith", "endsWith")
                },
                "$exists": {"type": "boolean"},
                "$in": array(ANY),
                "$nin": array(ANY),
                "$or": array(model("Condition")),
                "$and": array(model("Condition")),
                "$not": model("Condition"),
            },
            "patternProperties": {"^([^$]|$)": model("Condition")},
            "additionalProperties": False,
        },
    ],
}
_TARGETS: dict[str, Schema] = {name: model("Condition") for name in ("headers", "body", "query", "path")}
CONDITIONS: Schema = {**given(**_TARGETS), "minProperties": 1}

_FIELDS = array(pattern(f"^{FIELD.pattern}$"))


def _open(required: tuple[str, ...], /, **fields: Schema) -> Schema:
    """A config: these fields, and others that are stored as they are."""
    schema = given(required, **fields)
    return {name: part for name, part in schema.items() if name != "additionalProperties"}


RULE: Schema = {
    "anyOf": [
        _open(
            ("type", "window"), type={"const": "deduplicate"}, window=_DURATION, include_fields=maybe(_FIELDS)
        ),
        _open(
            ("type", "window", "exclude_fields"),
            type={"const": "deduplicate"},
            window=_DURATION,
            exclude_fields=_FIELDS,
        ),
        _open(
            ("type", "transformation_id"),
            type={"const": "transform"},
            transformation_id=pattern("^trs_[A-Za-z0-9_-]+$"),
        ),
        {**_open(("type",), type={"const": "filter"}, **_TARGETS), "minProperties": 2},
        _open(("type", "filter_id"), type={"const": "filter"}, filter_id=pattern("^flt_[0-9a-f]+$")),
        _open(
            ("type", "delay"),
            type={"const": "delay"},
            delay={"type": "integer", "minimum": 0, "maximum": MAX_DELAY_MS},
        ),
        _open(
            ("type", "strategy", "interval", "count"),
            type={"const": "retry"},
            strategy=one_of("linear", "exponential"),
            interval=_DURATION,
            count={"type": "integer", "minimum": 0, "maximum": 50},
            response_status_codes=maybe(
                array(pattern(r"^!?([1-5][0-9]{2}(-[1-5][0-9]{2})?|(>=|<=|>|<)[1-5][0-9]{2})$"))
            ),
        ),
    ]
}

SOURCE_CONFIG: Schema = {
    "type": ["object", "null"],
    "properties": {
        "auth_type": {"enum": [*KINDS, None]},
        "auth": MAYBE_OBJECT,
        "allowed_http_methods": maybe(array(one_of(*SOURCE_METHODS))),
        "mode": {"enum": ["default", None]},
        "custom_response": maybe(
            _open(
                (),
                body=MAYBE_TEXT,
                status=maybe({"type": "integer", "minimum": 200, "maximum": 599}),
                content_type={"enum": ["json", "text", "xml", None]},
            )
        ),
    },
}


_RATE: dict[str, Schema] = {
    "rate_limit": maybe({"type": "integer", "minimum": 1}),
    "rate_limit_period": {"enum": [*PERIODS, None]},
}
HTTP_CONFIG = _open(
    ("url",),
    url=pattern(f"^{URL.pattern}$"),
    http_method=one_of(*METHODS),
    auth_type={"enum": [kind for kind in AUTH_TYPES if kind != "CUSTOM_HEADER"] + [None]},
    auth=MAYBE_OBJECT,
    path_forwarding_disabled={"type": "boolean"},
    **_RATE,
)
CLI_CONFIG = _open((), path=TEXT, http_method=one_of(*METHODS), **_RATE)
_ENDS: dict[str, Schema] = {
    "source_id": pattern("^src_[A-Za-z0-9]+$"),
    "destination_id": pattern("^des_[A-Za-z0-9_-]+$"),
}
_CONNECTION_ID = pattern("^web_[A-Za-z0-9_-]{1,40}$")


def _at_most_one(kind: str) -> Schema:
    """No two rules of one type."""
    of_kind = {"type": "object", "properties": {"type": {"const": kind}}, "required": ["type"]}
    return {"contains": of_kind, "minContains": 0, "maxContains": 1}


_ROUTE: dict[str, Schema] = {
    "name": _FREE_NAME,
    "description": maybe(_SHORT),
    "disabled_at": maybe(TIME),
    "paused_at": maybe(TIME),
    "rules": {**array(model("Rule"), maxItems=len(ORDER)), "allOf": [_at_most_one(kind) for kind in ORDER]},
}
_ENV = maybe(map_of(TEXT))
_PARTS: dict[str, Schema] = {
    "method": one_of(*REPLAY_METHODS),
    "path": {"type": "string", "maxLength": 2048},
    "query": {"anyOf": [TEXT, OBJECT]},
    "headers": {
        "type": "object",
        "propertyNames": {"pattern": f"^{HEADER_NAME.pattern}$"},
        "additionalProperties": pattern(r"^[^\r\n]*$"),
    },
    "body": ANY,
}
_ENVELOPE = given(headers=ANY, body=ANY, query=ANY, path=ANY, method=ANY)
_KEY: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 100},
    "rate_limit_per_minute": {"type": "integer", "minimum": 1, "maximum": 10_000},
}


_ID = TEXT
_SPAN: dict[str, Schema] = {"from": TIME, "to": TIME}
_SHARED_FILTER: dict[str, Schema] = {"source_id": _ID, "q": {"type": "string", "minLength": 1}}


def _destination(required: tuple[str, ...], **more: Schema) -> Schema:
    """An HTTP destination, whose config has a URL, or a CLI destination."""
    http = given(required, name=NAME, type={"const": "HTTP"}, config=HTTP_CONFIG, **more)
    cli = given(
        tuple(dict.fromkeys((*required, "type"))), name=NAME, type={"const": "CLI"}, config=CLI_CONFIG, **more
    )
    older_cli = given(
        ("name", "type"),
        name=NAME,
        type={"const": "cli"},
        path=CLI_CONFIG["properties"]["path"],
        config=CLI_CONFIG,
        **more,
    )
    return {"anyOf": [http, cli, older_cli]}


BODIES: dict[str, Schema] = {
    "SourceCreate": given(
        ("name",),
        name=_FREE_NAME,
        type=pattern("^[A-Z][A-Z0-9_]{0,39}$"),
        status=_STATUS,
        url=pattern(f"^{HOOK_URL.pattern}$"),
        config=SOURCE_CONFIG,
        description=maybe(_SHORT),
        input_type={"const": "webhook"},
    ),
    "SourceUpdate": given(
        name=_FREE_NAME, type=pattern("^[A-Z][A-Z0-9_]{0,39}$"), status=_STATUS, config=SOURCE_CONFIG
    ),
    "DestinationCreate": _destination(("name", "config")),
    "DestinationReplace": _destination(("name", "type", "config"), status=_STATUS),
    "DestinationUpdate": given(name=NAME, status=_STATUS),
    "ConnectionCreate": given(("name", "source_id", "destination_id"), id=_CONNECTION_ID, **_ENDS, **_ROUTE),
    "ConnectionUpsert": {
        "anyOf": [
            given(("name", "source_id", "destination_id"), **_ENDS, **_ROUTE),
            given(("id", "name"), id=_CONNECTION_ID, **_ENDS, **_ROUTE),
        ]
    },
    "ConnectionUpdate": given(**_ENDS, **_ROUTE),
    "FilterCreate": {
        "anyOf": [
            given(("name", "conditions"), name=NAME, conditions=CONDITIONS),
            {**given(("name",), name=NAME, **_TARGETS), "minProperties": 2},
        ]
    },
    "FilterUpdate": given(name=NAME, conditions=CONDITIONS),
    "FilterTest": given(
        ("filter",), filter=CONDITIONS, input=given(headers=OBJECT, body=ANY, query=OBJECT, path=TEXT)
    ),
    "TransformationCreate": given(("name", "code"), name=_FREE_NAME, code=_CODE, env=_ENV),
    "TransformationUpdate": given(name=_FREE_NAME, code=_CODE, env=_ENV),
    "TransformationValidate": given(("code",), code=_CODE, code_hash=maybe(_SHORT)),
    "TransformationRun": given(
        ("code",), code=_CODE, env=_ENV, request=_ENVELOPE, timestamp=maybe(_SHORT), context=MAYBE_OBJECT
    ),
    "ProjectSecretsSet": {
        **given(**dict.fromkeys(SECRET_KINDS, pattern("^[!-~]+$", minLength=16, maxLength=255))),
        "minProperties": 1,
    },
    "ProjectSecretsRotate": given(rotate=array(one_of(*SECRET_KINDS), minItems=1)),
    "ProjectApiKeyCreate": {
        "anyOf": [
            given(("name",), scopes=array(one_of(*SCOPES)), execute_grants=array(ANY, maxItems=0), **_KEY),
            given(
                ("name", "scopes", "execute_grants"),
                scopes=array({"const": "control:execute"}, minItems=1),
                execute_grants=array(one_of(*GRANTS)),
                **_KEY,
            ),
        ]
    },
    "ProjectApiKeyUpdate": given(status=one_of("active", "disabled"), **_KEY),
    "RequestRetry": {"anyOf": [given(**_PARTS), given(("modifications",), modifications=given(**_PARTS))]},
    "EventBulk": given(
        **_SPAN, status=EVENT_STATUS, connection_id=_ID, webhook_id=_ID, destination_id=_ID, **_SHARED_FILTER
    ),
    "RequestBulk": given(**_SPAN, status=REQUEST_STATUS, **_SHARED_FILTER),
}
"""Request bodies by name."""

SHARED: dict[str, Schema] = {"Condition": CONDITION, "Rule": RULE}
"""What several bodies refer to; destination types besides HTTP and CLI are stored, not delivered to."""

DELIVERED_TYPES = tuple(kind for kind in TYPES if kind in ("HTTP", "CLI"))
