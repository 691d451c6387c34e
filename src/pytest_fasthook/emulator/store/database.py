"""One SQLite connection behind one lock.

The serving thread commits in groups: what is written while others wait for their turn shares one commit. Whoever
promises that something is stored waits for that commit first.

Write-ahead logging with ``synchronous=NORMAL``: a committed transaction is in the operating system's hands,
so a killed process loses nothing; only a crash of the machine itself may lose the last moments.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, EmulatorError, StorageFull
from pytest_fasthook.emulator.store.schema import SCHEMA, SCHEMA_VERSION

_NO_ROOM = "nothing can be stored: the disk is full or fails"
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_OUTERMOST = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
_NESTED = ("SAVEPOINT step", "RELEASE step", "ROLLBACK TO step")


class Database:
    """Transactions and queries, safe from any thread.

    Args:
        path: the file; ``None`` keeps everything in memory.

    Raises:
        EmulatorError: the file is in use by another emulator, is no database, or is from another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._is_group_open = False
        self._group_error: StorageFull | None = None
        self._schedule: Callable[[], None] | None = None
        self._grouping = 0
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", check_same_thread=False, isolation_level=None, timeout=0.5
            )
            self._prepare_or_close()
        except sqlite3.Error as error:
            raise EmulatorError(f"cannot use {path} as the emulator's database: {error}") from error

    def _prepare_or_close(self) -> None:
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        for pragma in (
            "locking_mode=EXCLUSIVE",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "temp_store=MEMORY",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"made by another version of the emulator (schema {version})")
        self._connection.executescript(f"BEGIN;{SCHEMA};PRAGMA user_version={SCHEMA_VERSION};COMMIT;")

    def group_writes(self, schedule: Callable[[], None]) -> None:
        """Commit this thread's transactions in groups from now on.

        Args:
            schedule: called when a group begins; it must see to it that ``commit_group`` is called soon.
        """
        self._schedule, self._grouping = schedule, threading.get_ident()

    def commit_group(self) -> None:
        """Commit the group that is open, if one is.

        Raises:
            StorageFull: there is no room; nothing of the group is stored.
        """
        with self._lock:
            if not self._is_group_open:
                return
            error, self._is_group_open, self._group_error = self._group_error, False, None
            if error:
                self._undo("ROLLBACK")
                raise error
            try:
                self._run("COMMIT")
            except BaseException:
                self._undo("ROLLBACK")
                raise

    def has_room(self) -> bool:
        """Whether something can be stored, found out by doing it."""
        try:
            with self.transaction():
                self.execute(
                    "INSERT INTO bulk_targets (operation_id, target_id) VALUES ('', zeroblob(262144))"
                )
            self.commit_group()
            with self.transaction():
                self.execute("DELETE FROM bulk_targets WHERE operation_id = ''")
            self.commit_group()
        except StorageFull:
            return False
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Put statements together: all of them happen, or none. Transactions nest."""
        with self._lock:
            if (
                self._schedule
                and self._grouping == threading.get_ident()
                and not self._connection.in_transaction
            ):
                if self._group_error:
                    raise self._group_error
                self._run("BEGIN IMMEDIATE")
                self._is_group_open = True
                self._schedule()
            begin, end, undo = _NESTED if self._connection.in_transaction else _OUTERMOST
            self._run(begin)
            try:
                yield
                self._run(end)
            except BaseException as error:
                self._undo(undo)
                if self._is_group_open and not self._connection.in_transaction:
                    # SQLite itself undid everything: what others have written in this group is lost too.
                    self._group_error = error if isinstance(error, StorageFull) else StorageFull(_NO_ROOM)
                raise

    def _undo(self, undo: str) -> None:
        if self._connection.in_transaction:
            self._connection.execute(undo)
            if undo != "ROLLBACK":
                self._connection.execute(_NESTED[1])

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement and return how many rows it changed."""
        with self._lock:
            return self._run(sql, parameters).rowcount

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement.

        Raises:
            BadRequest: a value from outside is no text or number that can be stored.
            StorageFull: there is no room for it, or the disk fails.
        """
        try:
            return self._connection.execute(sql, parameters)
        except UnicodeEncodeError as error:
            raise BadRequest("a text holds half of a surrogate pair, which is no text") from error
        except OverflowError as error:
            raise BadRequest("a number is too large") from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _FULL:
                raise StorageFull(_NO_ROOM) from error
            raise

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a query and return its rows."""
        with self._lock:
            return self._run(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Run a query and return its first row, if any."""
        with self._lock:
            found: sqlite3.Row | None = self._run(sql, parameters).fetchone()
            return found

    def number(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a query that gives one number."""
        found = self.row(sql, parameters)
        return int(found[0] or 0) if found else 0

    def size(self) -> int:
        """Return how many bytes are in use; what was freed does not count."""
        pages, free, bytes_each = (
            self.number(f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * bytes_each

    def close(self) -> None:
        """Commit what is open and close the database; safe to call twice."""
        with self._lock:
            self.commit_group()
            self._connection.close()


class GroupCommit:
    """Commits a database's groups at the end of each turn of the event loop that it is attached to.

    Args:
        database: whose groups.
        on_full: called where a group could not be stored.
    """

    def __init__(self, database: Database, *, on_full: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._on_full = on_full
        self._open: asyncio.Future[None] | None = None

    def attach(self) -> None:
        """Group what the running event loop's thread writes from now on."""
        self._database.group_writes(self._begin)

    async def stored(self) -> None:
        """Wait until everything written so far is committed.

        Raises:
            StorageFull: it could not be.
        """
        if self._open is not None:
            await asyncio.shield(self._open)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._open = loop.create_future()
        loop.call_soon(self._commit, self._open)

    def _commit(self, group: asyncio.Future[None]) -> None:
        self._open = None
        try:
            self._database.commit_group()
        except StorageFull as error:
            group.set_exception(error)
            group.exception()  # read: it is no error where nobody waits
            self._on_full()
        else:
            group.set_result(None)
