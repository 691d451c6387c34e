"""Group commit on the event loop: many writers, one commit, and a way to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pytest_fasthook.emulator.errors import StorageFull
from pytest_fasthook.emulator.store.database import Database


class Journal:
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
