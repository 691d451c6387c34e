"""The commands that are measured: the gate, and its twin without it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import Measured, run
from paced_fasthook import KEY, TEAM

BARE = ("-p", "no:fasthook")


@dataclass(frozen=True, slots=True)
class Pytest:
    """pytest in the gate's environment, in an empty folder."""

    interpreter: Path
    folder: Path

    def run(self, *arguments: str, api_url: str = "") -> Measured:
        """Run it; an API URL comes with an account."""
        account = {"FASTHOOK_API_KEY": KEY, "FASTHOOK_TEAM_ID": TEAM, "FASTHOOK_API_URL": api_url}
        words = [str(self.interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        return run(words, folder=self.folder, variables=account if api_url else {})

    def gate(self, connections: Sequence[str], api_url: str, *arguments: str) -> Measured:
        """Gate connections; all of them must pass.

        Raises:
            RuntimeError: one did not.
        """
        named = f"--fasthook-connection={','.join(connections)}"
        measured = self.run(named, *arguments, api_url=api_url)
        if measured.exit_code != 0:
            raise RuntimeError(f"the gate ended with {measured.exit_code}:\n{measured.output[-4000:]}")
        return measured

    def forget_rewritten(self) -> None:
        """Throw away what pytest wrote beside our modules, as a fresh container has it not."""
        (package,) = (self.interpreter.parents[1] / "lib").glob("python*/site-packages/pytest_fasthook")
        for cached in package.rglob("*-pytest-*.py[co]"):
            cached.unlink()

    def fresh_folder(self) -> None:
        """Begin with an empty folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
