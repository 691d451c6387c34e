"""Reading and writing frozen records, without a word of SQL per field."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.store.database import Database

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)
else:
    R = TypeVar("R")


class Table(Generic[R]):
    """One table and the record class of its rows.

    Args:
        record: a frozen dataclass whose fields are the columns.
        name: the table.
        noun: what one row is called in messages.
    """

    def __init__(self, record: type[R], name: str, *, noun: str) -> None:
        self._record = record
        self.name = name
        self.noun = noun
        self.columns = tuple(item.name for item in fields(record))
        self._written = tuple(column for column in self.columns if column != "seq")
        self._json = frozenset(item.name for item in fields(record) if item.metadata.get("json"))
        self._bool = frozenset(item.name for item in fields(record) if item.type == "bool")
        marks = ", ".join("?" * len(self._written))
        self._insert = f"INSERT INTO {name} ({', '.join(self._written)}) VALUES ({marks})"  # noqa: S608 - names from the record class
        self._select = f"SELECT {', '.join(self.columns)} FROM {name}"  # noqa: S608 - names from the record class

    def insert(self, database: Database, record: R) -> R:
        """Store a new record and return it."""
        database.execute(self._insert, [self._write(name, getattr(record, name)) for name in self._written])
        return record

    def find(self, database: Database, where: str, parameters: Sequence[Any] = ()) -> R | None:
        """Return the first record that satisfies a condition, if any."""
        row = database.row(f"{self._select} WHERE {where} LIMIT 1", parameters)
        return self._read(row) if row else None

    def get(self, database: Database, team_id: str, id: str) -> R:  # noqa: A002 - named as the field is
        """Return one record of a team.

        Raises:
            NotFound: the team has no such record.
        """
        found = self.find(database, "id = ? AND team_id = ?", (id, team_id))
        if found is None:
            raise NotFound(f"{self.noun} not found")
        return found

    def select(self, database: Database, clause: str, parameters: Sequence[Any] = ()) -> list[R]:
        """Return the records of ``SELECT … clause``; the clause starts with WHERE or ORDER BY."""
        return [self._read(row) for row in database.rows(f"{self._select} {clause}", parameters)]

    def update(self, database: Database, id: str, **changes: Any) -> None:  # noqa: A002 - named as the field is
        """Change some fields of one record."""
        settings = ", ".join(f"{name} = ?" for name in changes)
        values = [self._write(name, value) for name, value in changes.items()]
        database.execute(f"UPDATE {self.name} SET {settings} WHERE id = ?", [*values, id])  # noqa: S608 - names from code

    def delete(self, database: Database, where: str, parameters: Sequence[Any] = ()) -> int:
        """Delete the records that satisfy a condition and return how many they were."""
        return database.execute(f"DELETE FROM {self.name} WHERE {where}", parameters)  # noqa: S608 - conditions from code

    def _write(self, name: str, value: Any) -> Any:
        return json.dumps(value) if name in self._json else value

    def _read(self, row: sqlite3.Row) -> R:
        values = dict(zip(self.columns, row, strict=True))
        for name in self._json:
            values[name] = json.loads(values[name]) if values[name] is not None else None
        for name in self._bool:
            values[name] = bool(values[name])
        return self._record(**values)
