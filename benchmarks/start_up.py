"""What the plugin costs when it is installed and not used: ``python benchmarks/start_up.py [ROUNDS]``.

Both commands run in turn in an empty folder, in one environment, and differ in ``-p no:fasthook`` alone. Processor
time is compared, not wall time, so that a busy machine changes little; the ratio of the minima is the figure.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile

COMMAND = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
WITHOUT = ("-p", "no:fasthook")


def seconds(command: tuple[str, ...], folder: str) -> float:
    """Processor time of one run, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603 - our own interpreter
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int) -> None:
    """Measure and print."""
    used, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            used.append(seconds(COMMAND, folder))
            bare.append(seconds((*COMMAND, *WITHOUT), folder))
    lowest, middle = (min(used), min(bare)), (statistics.median(used), statistics.median(bare))
    print(f"installed, unused   min {lowest[0]:.3f} s  median {middle[0]:.3f} s")
    print(f"without the plugin  min {lowest[1]:.3f} s  median {middle[1]:.3f} s")
    print(f"ratio               min {lowest[0] / lowest[1]:.3f}    median {middle[0] / middle[1]:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
