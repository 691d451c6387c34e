"""Things to send, many on their way at the same time; whoever waits sees one after the other arrive."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable


class Dispatch:
    """Runs jobs in daemon threads, so that Ctrl-C never waits for one that hangs.

    Attributes:
        problem: what broke a job, if anything did; the jobs that had not begun are left then.
    """

    def __init__(
        self,
        jobs: Iterable[Callable[[], object]],
        *,
        most: int,
        stopped: Callable[[], bool],
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin.

        Args:
            jobs: each sends one thing and waits for what comes of it.
            most: how many run at the same time.
            stopped: whether nothing more is to be begun or waited for.
            on_news: told, in the job's thread, that one more has ended.
        """
        self.problem: BaseException | None = None
        self._todo = deque(jobs)
        self._awaited = len(self._todo)
        self._ended: deque[Callable[[], object]] = deque()
        self._stopped = stopped
        self._on_news = on_news
        self._news = threading.Event()
        for _ in range(min(most, self._awaited)):
            threading.Thread(target=self._run, daemon=True).start()

    @property
    def ended(self) -> int:
        """How many have ended."""
        return len(self._ended)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.ended == self._awaited or self.problem is not None or self._stopped()

    def wait(self) -> None:
        """Wait a moment for one more to end."""
        self._news.wait(0.1)
        self._news.clear()

    def finish(self, *, between: Callable[[], None] = lambda: None) -> None:
        """Wait until it is over, doing something else in between.

        Raises:
            BaseException: what broke a job.
        """
        while not self.over:
            between()
            self.wait()
        if self.problem is not None:
            raise self.problem

    def _run(self) -> None:
        try:
            while not self._stopped() and self.problem is None and (job := self._next()):
                job()
                self._tell(job)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self.problem = error
            self._news.set()
            self._on_news()

    def _next(self) -> Callable[[], object] | None:
        try:
            return self._todo.popleft()
        except IndexError:
            return None

    def _tell(self, job: Callable[[], object]) -> None:
        self._ended.append(job)
        self._news.set()
        self._on_news()
