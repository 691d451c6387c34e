"""Records: what FastHook answered, read field by field into objects that do not change.

A record is made only by reading an answer. So what it says and which fields the answer had cannot come apart,
and nothing is generated while a run starts: the classes cost it next to no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView, Mapping
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, ClassVar, NoReturn, TypeVar, cast

T = TypeVar("T")
MISSING, UNREADABLE = "is missing", "cannot be read"


class FieldError(ValueError):
    """A field that a record cannot do without is not there, or says what nobody can read; its value is not told.

    Attributes:
        path: the field's name, after those of the fields around it, with dots; empty where the record is no object.
        what: ``is missing`` or ``cannot be read``.
    """

    def __init__(self, what: str, *path: str) -> None:
        self.what = what
        self.path = ".".join(filter(None, path))
        super().__init__(f"{self.path or 'the record'} {what}")


@dataclass(frozen=True, slots=True)
class _Field:
    read: Callable[[object], Any]
    required: bool
    shown: bool


def read_by(reader: Callable[[object], T], *, required: bool = False, shown: bool = True) -> T:
    """Declare a field of a record.

    Args:
        reader: makes the field's value of what the answer has there; a ``ValueError`` of it is the record's. A field
            that is absent is what the reader makes of null.
        required: without the field, the record cannot be read.
        shown: whether the field is in the record's repr.
    """
    return cast("T", _Field(reader, required, shown))  # the class swaps it for the value of an absent field


class Answered:
    """Anything FastHook answers: unknown fields are passed over, values do not change.

    Two records are equal if they say the same, whether they say it by null or by leaving a field out.
    """

    _fields: ClassVar[Mapping[str, _Field]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, _Field)}
        cls._fields = {**cls._fields, **own}
        for name, field in own.items():
            setattr(cls, name, None if field.required else field.read(None))

    def __init__(self, answer: object) -> None:
        """Read a JSON object.

        Raises:
            FieldError: it is none, or lacks a required field, or one of its fields cannot be read.
        """
        if not isinstance(answer, Mapping):
            raise FieldError(UNREADABLE)
        said = vars(self)
        for name, field in self._fields.items():
            if name in answer:
                said[name] = _read(name, field.read, answer[name])
            elif field.required:
                raise FieldError(MISSING, name)

    @property
    def told(self) -> KeysView[str]:
        """The fields that the answer had; what any other says is not known."""
        return vars(self).keys()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(tuple(self._values().values()))

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._values().items() if self._fields[name].shown)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._fields}


M = TypeVar("M", bound=Answered)


def read_records(model: type[M], values: Iterable[object]) -> tuple[tuple[M, ...], int]:
    """Read every record that can be read.

    Returns:
        The records in their order, and how many could not be read.
    """
    read = [_read_or_none(model, value) for value in values]
    records = tuple(record for record in read if record is not None)
    return records, len(read) - len(records)


def every(model: type[M]) -> Callable[[object], tuple[M, ...]]:
    """The reader of an array of records, each of which must be readable."""

    def read_every(value: object) -> tuple[M, ...]:
        if not isinstance(value, list | tuple):
            raise FieldError(UNREADABLE)
        return tuple(_read(str(place), model, item) for place, item in enumerate(value))

    return read_every


def readable(model: type[M]) -> Callable[[object], tuple[M, ...]]:
    """The reader of an array of records that leaves out those that cannot be read; null and all else is empty."""
    return lambda value: read_records(model, value)[0] if isinstance(value, list | tuple) else ()


def or_null(model: type[M]) -> Callable[[object], M | None]:
    """The reader of a record, or of null."""
    return lambda value: None if value is None else model(value)


def _read_or_none(model: type[M], value: object) -> M | None:
    try:
        return model(value)
    except FieldError:
        return None


def _read(name: str, reader: Callable[[object], T], value: object) -> T:
    try:
        return reader(value)
    except FieldError as error:
        raise FieldError(error.what, name, error.path) from None
    except ValueError:
        raise FieldError(UNREADABLE, name) from None
