"""Makes the pictures of the docs from real runs: ``python docs/pictures.py``.

Each run is the gate against the embedded emulator, over real HTTP. Needs the packages ``ansi2html`` and
``pytest-fasthook[emulator]``, and a headless Chromium (Debian: ``apt-get install chromium``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ansi2html import Ansi2HTMLConverter

from pytest_fasthook.emulator import Emulator, Route

FOLDER = Path(__file__).parent / "pictures"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One run to be pictured."""

    name: str
    answers: tuple[int, ...]
    rules: tuple[dict[str, object], ...] = ()


RETRY = {
    "type": "retry",
    "strategy": "linear",
    "interval": 600,
    "count": 3,
    "response_status_codes": ["500-599"],
}
SCENES = (
    Scene("pass", (200,)),
    Scene("retried", (503, 200), (RETRY,)),
    Scene("fail", (500,)),
)


def main() -> None:
    """Make every picture."""
    FOLDER.mkdir(exist_ok=True)
    with Emulator() as emulator, tempfile.TemporaryDirectory() as scratch:
        for scene in SCENES:
            emulator.reset()
            emulator.receiver.script(*scene.answers)
            route = emulator.add_route(name="invoices", rules=scene.rules)
            picture(scene, route, emulator, Path(scratch))


def picture(scene: Scene, route: Route, emulator: Emulator, scratch: Path) -> None:
    """Run the gate and picture its terminal and its page."""
    page = scratch / f"{scene.name}.html"
    printed = run_gate(route, emulator, page, scratch)
    terminal = scratch / f"{scene.name}-terminal.html"
    terminal.write_text(Ansi2HTMLConverter(dark_bg=True, scheme="osx").convert(printed), encoding="utf-8")
    shoot(terminal, FOLDER / f"terminal-{scene.name}.png", width=900, height=90 + 19 * printed.count("\n"))
    shoot(page, FOLDER / f"page-{scene.name}.png", width=1100, height=1100)


def run_gate(route: Route, emulator: Emulator, page: Path, scratch: Path) -> str:
    """The gate's terminal output, in colour."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pytest", "--color=yes", "--no-header"),
            *("-p", "no:cacheprovider", "-p", "no:randomly"),
            *(
                "--fasthook-connection",
                route.connection_id,
                "--fasthook-timeout",
                "10s",
                "--fasthook-html",
                str(page),
            ),
        ],
        cwd=scratch,
        env={
            **os.environ,
            "COLUMNS": "100",
            "FASTHOOK_API_URL": emulator.api_url,
            "FASTHOOK_API_KEY": emulator.api_key,
            "FASTHOOK_TEAM_ID": emulator.team_id,
            **({"FASTHOOK_SOURCE_SECRET": route.secret} if route.secret else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.replace(f"{scratch}/", "")


def shoot(page: Path, target: Path, *, width: int, height: int) -> None:
    """A picture of a page."""
    if CHROMIUM is None:
        raise SystemExit("no chromium found; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603 - the browser found above
            [
                CHROMIUM,
                *QUIET,
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                f"--screenshot={target}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


if __name__ == "__main__":
    main()
