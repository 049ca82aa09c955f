"""Measure plaingrad and whatever other libraries are installed: `python -m benchmarks`.

Each row is the same problem for all peers (rows.py), whose losses must be the same over five steps
before any time is taken. Each peer has its own process, and they take turns (steps.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import growth, report, rows, startup, steps
from .machine import cores, machine
from .peers import OWN_ENVIRONMENT, PEERS
from .worker import HIPS_PYTHON, WorkerError

QUICK = ("plaingrad", "by-hand", "pytorch")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    option = parser.add_argument
    option("--quick", action="store_true", help=f"two minutes: three rounds of {', '.join(QUICK)}")
    option("--threads", type=int, nargs="+", help="1 and the number of cores; if quick, the latter")
    option("--rows", nargs="+", help="names of rows or groups, or all; then only these are run")
    option("--peers", nargs="+", choices=PEERS, help="those that are installed")
    option("--rounds", type=int, help="turns of each peer; 11, if quick 3")
    option("--seconds", type=float, default=0.08, help="the length of a turn, at least one step")
    option("--out", type=Path, default=Path("runs/bench/results.json"), help="%(default)s")
    given = parser.parse_args()
    given.rounds = given.rounds or (3 if given.quick else 11)
    given.threads = given.threads or ([cores()] if given.quick else sorted({1, cores()}))
    given.peers = given.peers or list(QUICK if given.quick else PEERS)
    given.whole = not (given.quick or given.rows)
    given.rows = chosen(given.rows or ["main"])
    return given


def chosen(wanted: list[str]) -> list[str]:
    """The rows that names of rows and groups stand for.

    Raises
    ------
    SystemExit : there is no such name.
    """
    found: list[str] = []
    for name in wanted:
        if name in rows.names():
            found.append(name)
        elif name in rows.GROUPS or name == "all":
            found += rows.names(None if name == "all" else name)
        else:
            known = ", ".join(["all", *rows.GROUPS, *rows.names()])
            raise SystemExit(f"no row or group {name!r}; there are {known}")
    return list(dict.fromkeys(found))


def version(peer: str) -> str | None:
    """Of the library a peer needs; None if it is not installed."""
    python = str(HIPS_PYTHON) if peer == OWN_ENVIRONMENT else sys.executable
    code = f"from importlib.metadata import version as v; print(v({PEERS[peer].library!r}))"
    try:
        return subprocess.run(
            [python, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def save(results: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def add(results: dict[str, Any], key: str, measured: tuple[list[Any], list[Any]]) -> None:
    entries, skipped = measured
    results[key] += entries
    results["skipped"] += skipped


def pictures(results: dict[str, Any], folder: Path) -> list[Path]:
    """The charts, in this folder, if Matplotlib is installed."""
    try:
        from . import charts
    except ModuleNotFoundError:
        return []
    return charts.write(results, folder)


def main() -> None:
    given = arguments()
    versions = {PEERS[peer].library: version(peer) for peer in given.peers}
    missing = [peer for peer in given.peers if versions[PEERS[peer].library] is None]
    peers = [peer for peer in given.peers if peer not in missing]
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {name: value for name, value in versions.items() if value},
        "steps": [],
        "startup": [],
        "growth": [],
        "skipped": [
            {"row": "all", "peer": p, "why": f"{PEERS[p].library} is not installed"}
            for p in missing
        ],
    }
    for entry in results["skipped"]:
        print(f"{entry['peer']} is left out: {entry['why']}")
    for row in given.rows:
        for threads in given.threads:
            try:
                entries, skipped = steps.measure(row, peers, threads, given.rounds, given.seconds)
            except WorkerError as error:  # a peer that ended half way, for want of memory
                entries, skipped = [], [{"row": row, "peer": "all", "why": str(error)}]
            results["steps"] += entries
            results["skipped"] += skipped
            print(f"\n{row}, threads: {threads}\n{steps.table(entries)}", flush=True)
            for entry in skipped:
                print(f"  {entry['peer']:21}  {entry['why']}", flush=True)
            save(results, given.out)
    if given.whole:
        for threads in given.threads:
            add(results, "startup", startup.measure(threads, peers=peers))
        add(results, "growth", growth.measure(peers=[p for p in growth.PEERS if p in peers]))
        save(results, given.out)
    print("\n" + report.text(results))
    print(given.out, *pictures(results, given.out.parent), sep="\n")


if __name__ == "__main__":
    main()
