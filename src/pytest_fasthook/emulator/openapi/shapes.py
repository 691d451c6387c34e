"""Words for JSON Schema, so that models read as lists of fields."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
MAYBE_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
MAYBE_NUMBER: Schema = {"type": ["number", "null"], "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
ANY: Schema = {}
OBJECT: Schema = {"type": "object"}
MAYBE_OBJECT: Schema = {"type": ["object", "null"]}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MAYBE_MOMENT: Schema = {"type": ["string", "null"], "format": "date-time"}
BINS: Schema = {"type": "array", "items": COUNT, "minItems": 6, "maxItems": 6}


def closed(optional: dict[str, Schema] | None = None, /, **fields: Schema) -> Schema:
    """Return an object with exactly these fields, all required but the optional ones."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def given(required: tuple[str, ...] = (), /, **fields: Schema) -> Schema:
    """Return a request body: an object of these fields, of which only some are required."""
    schema: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def array(items: Schema, **limits: Any) -> Schema:
    """Return an array of one kind of item."""
    return {"type": "array", "items": items, **limits}


def map_of(values: Schema) -> Schema:
    """Return an object whose values are of one kind."""
    return {"type": "object", "additionalProperties": values}


def one_of(*values: str) -> Schema:
    """Return one of a few texts."""
    return {"type": "string", "enum": list(values)}


def maybe_one_of(*values: str) -> Schema:
    """Return one of a few texts, or null."""
    return {"enum": [*values, None]}


def maybe(schema: Schema) -> Schema:
    """Return a schema or null."""
    return {"anyOf": [schema, NULL]}


def model(name: str) -> Schema:
    """Return a reference to a model."""
    return {"$ref": f"#/components/schemas/{name}"}


def pattern(regex: str, **limits: Any) -> Schema:
    """Return a text of a form."""
    return {"type": "string", "pattern": regex, **limits}
