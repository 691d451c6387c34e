"""The connections of a run on their way through the stages, and which of them are looked at in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.judge.sequence import Progress
from pytest_fasthook.stages import Stage, StageResult


@dataclass(slots=True, eq=False)
class Track:
    """One connection on its way through the stages; only the collector writes it.

    Attributes:
        results: finished stages with their times and evidence.
        asked: the questions asked for each stage so far.
        alone: whether its next look must not be shared, since the last one could not answer it.
        fresh: whether its next look is the first one at a stage.
    """

    expect: Expectations
    progress: Progress = field(default_factory=lambda: Progress({}, ()))
    results: dict[Stage, StageResult] = field(default_factory=dict)
    asked: dict[Stage, list[Question]] = field(default_factory=dict)
    began: tuple[float, datetime] | None = None
    waited_from: float = 0.0
    next_look: float = 0.0
    looking: bool = False
    alone: bool = False
    fresh: bool = True

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What the undecided stages wait for."""
        return self.progress.waiting

    @property
    def needs(self) -> tuple[tuple[Waiting, Question], ...]:
        """What to ask in the next look, in this order, and for whom."""
        return tuple((waiting, question) for waiting in self.waiting for question in waiting.questions)


class Sharing(Protocol):
    """What knows which questions one look can answer for many."""

    def size(self, kinds: Sequence[Ask], count: int) -> int:
        """How many of ``count`` different tracks that need answers of these kinds one look is for."""


@dataclass(frozen=True, slots=True)
class Party:
    """Tracks that need answers of the same kinds in the same order, so that one look serves them all."""

    tracks: tuple[Track, ...]

    @property
    def due_at(self) -> float:
        """Monotonic seconds when the first of them is due."""
        return min(track.next_look for track in self.tracks)

    @property
    def fresh(self) -> bool:
        """Whether nobody has been looked at yet in this stage."""
        return all(track.fresh for track in self.tracks)


def parties(tracks: Iterable[Track], sharing: Sharing) -> Iterator[Party]:
    """Who is looked at together: whoever asks the very same, and as many as a shared look is for.

    Who is due first comes first; one that is not due yet joins a look that is made anyway.
    """
    alike: dict[tuple[tuple[Ask, ...], bool], dict[tuple[Question, ...], list[Track]]] = {}
    for track in tracks:
        questions = tuple(question for _, question in track.needs)
        kinds = tuple(question.ask for question in questions)
        alike.setdefault((kinds, track.alone), {}).setdefault(questions, []).append(track)
    for (kinds, alone), those in alike.items():
        size = 1 if alone else sharing.size(kinds, len(those))
        same = sorted(those.values(), key=lambda group: min(track.next_look for track in group))
        for first in range(0, len(same), size):
            yield Party(tuple(track for group in same[first : first + size] for track in group))
