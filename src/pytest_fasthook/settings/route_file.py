"""``fasthook.toml``: what each connection needs that others do not, checked with the line each error is on.

::

    [defaults]                      # for every connection
    timeout = "90s"

    [connections.conn_invoices]
    payload = "payloads/invoice.json"
    headers = { x-env = "staging" }
    max_latency = "5s"
    advisory = ["metrics"]
    secret_env = "INVOICES_SECRET"  # the name of a variable, never the secret
    rules_file = "routes/connection.json"
    expect.response.body.release = "${GIT_SHA}"

The command line and the environment are stronger than this file, the ini file is weaker.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret, clean, one_line
from pytest_fasthook.settings import options, values
from pytest_fasthook.settings.given import Resolver
from pytest_fasthook.settings.options import Option
from pytest_fasthook.settings.payload_file import read_payload
from pytest_fasthook.settings.toml_lines import line_of
from pytest_fasthook.settings.values import Value
from pytest_fasthook.stages import Stage

DEFAULT_NAME = "fasthook.toml"
LONGEST_NUMBER = 64
"""Bits that a whole number of TOML has at most; Python reads longer ones, but cannot write all of them."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")

Fields = Mapping[str, Any]
"""Settings by the name of their field."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the file says, for every connection and for single ones."""

    defaults: Fields = field(default_factory=dict, repr=False)
    connections: Mapping[str, Fields] = field(default_factory=dict, repr=False)

    def of(self, connection_id: str) -> dict[str, Any]:
        """The fields that differ for one connection."""
        return {**self.defaults, **self.connections.get(connection_id, {})}

    def unused(self, gated: Sequence[str]) -> tuple[str, ...]:
        """A line where the file has settings for connections, and a run gates none of them: an id may be misspelt."""
        if not self.connections or not set(gated).isdisjoint(self.connections):
            return ()
        named = ", ".join(self.connections)
        return (f"the route file has settings for {named}, none of which this run gates",)

    def secrets(self) -> Iterator[Mapping[str, Secret]]:
        """Every source secret that the file names a variable for."""
        for fields in (self.defaults, *self.connections.values()):
            yield fields.get("source_secrets", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in the file a table is, for its values' errors."""

    file: Path
    text: str
    table: tuple[str, ...]
    source: Resolver
    secrets: Mapping[str, Secret] = field(repr=False)

    def where(self, *key: str) -> str:
        name = one_line(clean(".".join((*self.table, *key))), limit=120)
        line = line_of(self.text, (*self.table, *key))
        return f"{self.file.name}, line {line}: {name}" if line else f"{self.file.name}: {name}"

    def value(self, key: str, raw: Any) -> Value:
        return Value(raw, self.where(key))


def read_overrides(source: Resolver, secrets: Mapping[str, Secret]) -> Overrides:
    """Read the file that ``--fasthook-config`` names, or ``fasthook.toml`` where it is present.

    Args:
        source: where settings come from.
        secrets: the source secrets of the environment, which a connection's own one is put before.

    Raises:
        SettingsError: the file cannot be read, or holds something unknown or wrong; the message names the line.
    """
    named = source.value(options.CONFIG)
    file = source.path(str(named.text) if named else DEFAULT_NAME)
    source.inputs[file] = named.where if named else DEFAULT_NAME
    if named is None and not file.exists():
        return Overrides()
    text = source.read_text(file, named.where if named else DEFAULT_NAME)
    loaded = _parsed(text, file)
    _refuse_unknown(loaded, ("defaults", "connections"), _place(file, text, (), source, secrets))
    tables = _table(loaded, "connections", _place(file, text, (), source, secrets))
    return Overrides(
        defaults=_fields(loaded.get("defaults", {}), _place(file, text, ("defaults",), source, secrets)),
        connections={
            name: _fields(table, _place(file, text, ("connections", name), source, secrets))
            for name, table in tables.items()
        },
    )


def _place(
    file: Path, text: str, table: tuple[str, ...], source: Resolver, secrets: Mapping[str, Secret]
) -> _Place:
    return _Place(file=file, text=text, table=table, source=source, secrets=secrets)


def _parsed(text: str, file: Path) -> Mapping[str, Any]:
    try:
        loaded = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise SettingsError(f"{file.name}: not TOML: {one_line(clean(str(error)))}") from None
    if any(isinstance(value, int) and value.bit_length() > LONGEST_NUMBER for value in _within(loaded)):
        raise SettingsError(f"{file.name}: not TOML: a number has more than {LONGEST_NUMBER} bits")
    return loaded


def _within(table: Mapping[str, Any]) -> Iterator[Any]:
    """Every value inside a table, however deep; walked without recursion."""
    todo: list[Any] = [table]
    while todo:
        value = todo.pop()
        yield value
        todo += value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def _table(parent: Mapping[str, Any], key: str, place: _Place) -> Mapping[str, Any]:
    found = parent.get(key, {})
    if not isinstance(found, Mapping):
        raise place.value(key, found).wrong("a table")
    return found


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], place: _Place) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise SettingsError(f"{place.where(key)} is not known{hint}")


def _fields(table: Any, place: _Place) -> Fields:
    """The fields that one table sets; those that the command line or the environment sets are left to them."""
    if not isinstance(table, Mapping):
        raise SettingsError(f"{replace(place, table=()).where(*place.table)} is not a table")
    _refuse_unknown(table, tuple(_READERS), place)
    fields: dict[str, Any] = {}
    for key, raw in table.items():
        option, read = _READERS[key]
        found = read(place, key, raw)
        if not (option and _is_stronger(place.source, option)):
            fields |= found
    return fields


def _is_stronger(source: Resolver, option: Option) -> bool:
    return source.given_on_command_line(option) or bool(option.env and source.environment(option.env))


def _text(place: _Place, key: str, raw: Any) -> Value:
    if not isinstance(raw, str) or not raw.strip():
        raise place.value(key, raw).wrong("a text")
    return place.value(key, raw)


def _plain(name: str, read: Callable[[Value], Any]) -> Callable[[_Place, str, Any], Fields]:
    """A field whose value is spelled as on the command line; numbers may stand without quotes."""

    def reader(place: _Place, key: str, raw: Any) -> Fields:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise place.value(key, raw).wrong("a text or a number")
        return {name: read(place.value(key, str(raw)))}

    return reader


def _payload(place: _Place, key: str, raw: Any) -> Fields:
    file = _beside(place, _text(place, key, raw))
    return {"payload": read_payload(place.source, file, place.where(key)), "payload_file": file}


def _beside(place: _Place, value: Value) -> Path:
    """A path as the file's author meant it: from where the file lies."""
    return place.file.parent / str(value.text)


def _headers(place: _Place, key: str, raw: Any) -> Fields:
    if not isinstance(raw, Mapping) or not all(isinstance(value, str) for value in raw.values()):
        # A header may be a credential, so what was given is not shown.
        raise SettingsError(f'{place.where(key)}: expected a table of texts such as {{ x-env = "staging" }}')
    return {
        "headers": tuple(values.header(f"{name}: {value}", place.where(key)) for name, value in raw.items())
    }


def _texts(place: _Place, key: str, raw: Any) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise place.value(key, raw).wrong("a list of texts")
    return raw


def _advisory(place: _Place, key: str, raw: Any) -> Fields:
    known = options.ADVISORY.choices
    names = [values.choice(place.value(key, item), known) for item in _texts(place, key, raw)]
    return {"advisory": frozenset(Stage(name) for name in names)}


def _match(place: _Place, key: str, raw: Any) -> Fields:
    return {"match": tuple(values.request_match(item, place.where(key)) for item in _texts(place, key, raw))}


def _secret(place: _Place, key: str, raw: Any) -> Fields:
    value = place.source.environment(raw) if isinstance(raw, str) else None
    if value is None:
        # Somebody may have put the secret itself here, so what was given is not shown.
        raise SettingsError(f"{place.where(key)}: expected the name of an environment variable that is set")
    return {"source_secrets": {**place.secrets, "": Secret(values.source_secret(value))}}


def _rules(place: _Place, key: str, raw: Any) -> Fields:
    """A JSON list of rules, or the connection file of the FastHook CLI with ``rules`` in it."""
    file = _beside(place, _text(place, key, raw))
    loaded = place.source.read_json(file, place.where(key))
    rules = loaded.get("rules") if isinstance(loaded, Mapping) else loaded
    if not isinstance(rules, list):
        raise place.value(key, raw).wrong(
            "a JSON file with a list of rules, or with an object that has rules"
        )
    return {"expected_rules": tuple(rules)}


def _expect(place: _Place, key: str, raw: Any) -> Fields:
    """``expect.response.body``: fields of the receiver's answer, with variables filled in."""
    response = raw.get("response") if isinstance(raw, Mapping) and set(raw) == {"response"} else None
    body = response.get("body") if isinstance(response, Mapping) and set(response) == {"body"} else None
    if not isinstance(body, Mapping) or not body:
        raise place.value(key, raw).wrong('expect.response.body with fields, such as release = "${GIT_SHA}"')
    return {"expected_body": _filled(body, place, (key, "response", "body"))}


def _filled(value: Any, place: _Place, at: tuple[str, ...]) -> Any:
    """A value with its variables filled in, which must be one that JSON has."""
    if isinstance(value, Mapping):
        return {name: _filled(item, place, (*at, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, place, at) for item in value]
    if isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        raise Value(value, place.where(*at)).wrong("a text, number, true, false, list or table")
    return _VARIABLE.sub(lambda match: _variable(match[1], place, at), value)


def _variable(name: str, place: _Place, at: tuple[str, ...]) -> str:
    value = place.source.environment(name)
    if value is None:
        raise Value("${" + name + "}", place.where(*at)).wrong("an environment variable that is set")
    return str(value.text).strip()


_READERS: Mapping[str, tuple[Option | None, Callable[[_Place, str, Any], Fields]]] = {
    "payload": (options.PAYLOAD, _payload),
    "headers": (options.HEADER, _headers),
    "timeout": (options.TIMEOUT, _plain("timeout_s", values.duration)),
    "attempts": (
        options.ATTEMPTS,
        _plain("attempts", lambda value: values.choice(value, options.ATTEMPTS.choices)),
    ),
    "max_failure_rate": (options.MAX_FAILURE_RATE, _plain("max_failure_rate", values.rate)),
    "max_latency": (options.MAX_LATENCY, _plain("max_latency_s", values.duration)),
    "advisory": (options.ADVISORY, _advisory),
    "source_url": (options.SOURCE_URL, _plain("source_url", values.source_url)),
    "match": (options.MATCH, _match),
    "secret_env": (None, _secret),
    "rules_file": (None, _rules),
    "expect": (None, _expect),
}

KEYS: Mapping[str, Option | None] = {key: option for key, (option, _) in _READERS.items()}
"""The keys of one table, with the option that sets the same for every connection, where there is one."""
