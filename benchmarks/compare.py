"""Two commits of plaingrad side by side: `python -m benchmarks.compare BEFORE [AFTER]`.

The commits, or anything else that git knows, are checked out into a temporary folder; `.` stands
for the files as they are here, and is AFTER if there is none. The benchmarks are those of here for
both, so a commit may be older than they are. Both take turns; the ratio is AFTER's time over
BEFORE's, the median of the rounds with the quartiles, and beside it that of the fastest steps,
which is steadier if the machine is busy. Below 1, it became faster.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import report, steps
from .__main__ import chosen
from .machine import cores
from .worker import ROOT, Worker

#: The rounds are spread over so many processes of each: a process keeps for its life where its
#: memory happened to come to lie, which alone can be worth some percent.
STARTS = 3

Turns = dict[str, list[tuple[float, float]]]


@contextmanager
def checked_out(commit: str, repository: Path = ROOT) -> Iterator[Path]:
    """A folder with the files of a commit, as long as the context lasts.

    Raises
    ------
    SystemExit : git does not know the commit.
    """
    if commit == ".":
        yield repository
        return
    git = ["git", "-C", str(repository), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plaingrad"
        made = subprocess.run(
            [*git, "add", "--detach", str(path), commit], capture_output=True, text=True
        )
        if made.returncode:
            raise SystemExit(f"no commit {commit!r}: {made.stderr.strip()}")
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True)


def measure(
    row: str, roots: Mapping[str, Path], threads: int, rounds: int = 15, seconds: float = 0.04
) -> tuple[Turns, dict[str, float], dict[str, str]]:
    """(average, best) milliseconds of each round, the peaks of memory, and why one was not run."""
    times: Turns = {name: [] for name in roots}
    peaks = dict.fromkeys(roots, 0.0)
    for start in range(STARTS):
        with ExitStack() as stack:
            workers = {
                name: stack.enter_context(Worker("plaingrad", threads, root))
                for name, root in roots.items()
            }
            _, paces, why = steps.prepared(workers, row, {}, seconds)
            if why:
                return {}, {}, why
            # As many steps for both: what grows with them is then no difference.
            paces = dict.fromkeys(paces, max(paces.values()))
            turns = steps.in_turns(workers, paces, len(range(start, rounds, STARTS)))
            for name, worker in workers.items():
                times[name] += turns[name]
                peaks[name] = max(peaks[name], worker.ask("peak"))
    return times, peaks, {}


def line(row: str, threads: int, times: Turns, peaks: dict[str, float]) -> list[Any]:
    """The cells of a row: medians, AFTER's time over BEFORE's, a verdict, peaks.

    There is a verdict if three quarters of the rounds and the fastest steps agree.
    """
    (before, fastest_before), (after, fastest_after) = (
        np.transpose(turns) for turns in times.values()
    )
    middle, low, high = report.quartiles(after / before)
    fastest = float(fastest_after.min() / fastest_before.min())
    verdict = "faster" if max(high, fastest) < 1 else "slower" if min(low, fastest) > 1 else ""
    return [
        row, threads, *(report.number(float(np.median(t))) for t in (before, after)),
        f"{middle:.3f} ({low:.3f}-{high:.3f})", f"{fastest:.3f}", verdict,
        *map(report.number, peaks.values()),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks/compare", description=__doc__)
    add = parser.add_argument
    add("before", help="a commit, branch or tag")
    add("after", nargs="?", default=".", help="another; the files as they are, if left out")
    add("--rows", nargs="+", default=["main"], help="names of rows or of groups, or all")
    add("--threads", type=int, nargs="+", default=sorted({1, cores()}))
    add("--rounds", type=int, default=15)
    add("--seconds", type=float, default=0.04, help="the length of a turn, at least one step")
    given = parser.parse_args()
    table = []
    with checked_out(given.before) as before, checked_out(given.after) as after:
        for row in chosen(given.rows):
            for threads in given.threads:
                times, peaks, why = measure(
                    row, {"before": before, "after": after}, threads, given.rounds, given.seconds
                )
                if why:
                    reasons = "; ".join(f"{name}: {words}" for name, words in why.items())
                    print(f"{row}, threads: {threads}, is left out: {reasons}", flush=True)
                    continue
                table.append(line(row, threads, times, peaks))
                print(*table[-1], sep="  ", flush=True)
    head = ["step", "threads", "before ms", "after ms", "after / before", "of the fastest", "",
            "before MB", "after MB"]  # fmt: skip
    print(f"\n{given.before} before, {given.after} after, {given.rounds} rounds\n")
    print(report.markdown(head, table))


if __name__ == "__main__":
    main()
