"""Time the steps of one row: all peers on the same problem, their losses compared, in turns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from time import sleep
from typing import Any

from .peers import PEERS
from .report import quartiles
from .worker import Worker, WorkerError

TOLERANCE = 1e-4  # of losses after five steps in float32, relative
PAUSE = 0.03  # seconds between turns: OpenBLAS's threads go on spinning for as long after a product
TRUSTED = ("pytorch", "by-hand", "plaingrad")  # whose losses the others' must be, if present


def disagreements(losses: Mapping[str, Sequence[float]], row: str) -> dict[str, str]:
    """The peers whose losses are not those of the first of TRUSTED that is there, and why."""
    reference = next((name for name in TRUSTED if name in losses), next(iter(losses), None))
    found = {}
    for name, values in losses.items():
        for i, (own, other) in enumerate(zip(values, losses[reference or name], strict=True), 1):
            if not math.isclose(own, other, rel_tol=TOLERANCE, abs_tol=1e-12):
                found[name] = f"{row}: the loss of step {i} is {own!r}, {reference} has {other!r}"
                break
    return found


def prepared(
    workers: Mapping[str, Worker], row: str, sizes: dict[str, Any], seconds: float
) -> tuple[dict[str, list[float]], dict[str, int], dict[str, str]]:
    """Make the row in all workers: their losses, how many steps take `seconds`, who failed why."""
    losses, paces, failed = {}, {}, {}
    for name, worker in workers.items():
        try:
            losses[name] = worker.ask("prepare", row=row, sizes=sizes)
        except WorkerError as error:
            failed[name] = str(error)
    refused = disagreements(losses, row)
    for name in losses.keys() - refused.keys():
        paces[name] = workers[name].ask("pace", seconds=seconds)
    return losses, {name: paces[name] for name in workers if name in paces}, failed | refused


def in_turns(
    workers: Mapping[str, Worker], paces: Mapping[str, int], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """(average, best) milliseconds a step of each worker in each round, one after the other."""
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in paces}
    for i in range(rounds):
        for name in list(paces)[:: 1 if i % 2 else -1]:  # no one always comes after the same one
            average, best = workers[name].ask("turn", steps=paces[name])
            turns[name].append((average, best))
            sleep(PAUSE)
    return turns


def measure(
    row: str,
    peers: Sequence[str],
    threads: int,
    rounds: int = 7,
    seconds: float = 0.04,
    sizes: dict[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An entry of results.json's "steps" for each peer, and of "skipped" for those without one.

    Parameters
    ----------
    rounds : how often each peer has its turn.
    seconds : how long a turn is about, one step at least.
    sizes : arguments of the row.
    """
    with ExitStack() as stack:
        workers = {peer: stack.enter_context(Worker(peer, threads)) for peer in peers}
        losses, paces, why = prepared(workers, row, sizes or {}, seconds)
        for peer in why:
            workers[peer].close()  # its threads, if it has any that spin
        turns = in_turns(workers, paces, rounds)
        peaks = {peer: workers[peer].ask("peak") for peer in paces}
    times = {peer: [average for average, _ in turn] for peer, turn in turns.items()}
    entries = []
    for peer, own in times.items():
        middle, low, high = quartiles(own)
        entry: dict[str, Any] = {
            "row": row,
            "peer": peer,
            "variant": PEERS[peer].variant,
            "threads": threads,
            "rounds": rounds,
            "median_ms": middle,
            "best_ms": min(best for _, best in turns[peer]),
            "low_ms": low,
            "high_ms": high,
            "times_ms": own,
            "peak_mb": peaks[peer],
            "losses": losses[peer],
        }
        if "pytorch" in times:
            pairs = [a / b for a, b in zip(own, times["pytorch"], strict=True)]
            entry |= dict(zip(("ratio", "ratio_low", "ratio_high"), quartiles(pairs), strict=True))
        entries.append(entry)
    skipped = [{"row": row, "peer": p, "threads": threads, "why": why[p]} for p in why]
    return entries, skipped


def table(entries: Sequence[dict[str, Any]]) -> str:
    """The entries of one row and number of threads, in plain columns."""
    lines = [f"{'':23}{'ms':>10}{'to':>10}{'best':>10}{'/ pytorch':>11}{'MB':>9}"]
    for e in entries:
        ratio = f"{e['ratio']:11.2f}" if "ratio" in e else " " * 11
        numbers = f"{e['low_ms']:10.3f}{e['high_ms']:10.3f}{e['best_ms']:10.3f}"
        lines.append(f"  {e['peer']:21}{numbers}{ratio}{e['peak_mb']:9.1f}")
    return "\n".join(lines)
