"""How an answer becomes a record, and what is said where it cannot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Model(BaseModel):
    """Anything FastHook answers: unknown fields are passed over, values do not change.

    ``model_fields_set`` holds the fields that the answer had; what any other says is not known. Two records are
    equal if they say the same, whether they say it by null or by leaving a field out.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # an answer may hold what a sender meant for FastHook alone
        defer_build=True,  # a run uses few of the models
    )


M = TypeVar("M", bound=Model)


def read_records(model: type[M], values: Iterable[object]) -> tuple[tuple[M, ...], int]:
    """Read every record that can be read.

    Returns:
        The records in their order, and how many could not be read.
    """
    read = [_read_or_none(model, value) for value in values]
    records = tuple(record for record in read if record is not None)
    return records, len(read) - len(records)


def describe_error(error: ValidationError) -> tuple[str, str]:
    """The first field that could not be read, and what is wrong with it; its value is not told.

    Returns:
        The field's name, after those of the fields around it, with dots (empty where the record is no object);
        and ``is missing`` or ``cannot be read``.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return path, "is missing" if first["type"] == "missing" else "cannot be read"


def _read_or_none(model: type[M], value: object) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
