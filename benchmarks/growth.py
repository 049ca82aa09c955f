"""How a step's cost grows with what a network is made of, in plaingrad and in PyTorch.

`python -m benchmarks.growth` prints the exponents. Each size is a row of rows.py made larger, so
the losses are compared here too before anything is timed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from . import report, rows, steps
from .worker import Worker

Sizes = dict[str, Any]


def counted(sizes: Sizes) -> int:
    """The parameters of a GPT."""
    return sum(weight.size for weight in rows.problem("gpt", **sizes).weights.values())


#: What grows: its row, the arguments of the row, and the size that these have in the chart.
GROWING: dict[str, tuple[str, list[Sizes], Callable[[Sizes], int]]] = {
    "batch (MLP 784-128-64-10)": (
        "mlp",
        [{"batch": 4**i} for i in range(7)],
        lambda sizes: sizes["batch"],
    ),
    "width (MLP n-n-n-10)": (
        "mlp",
        [{"batch": 64, "sizes": (2**i, 2**i, 2**i, 10)} for i in range(5, 12)],
        lambda sizes: sizes["sizes"][1],
    ),
    "depth (MLP of n layers of 128)": (
        "mlp",
        [{"batch": 64, "sizes": (*[128] * 2**i, 10)} for i in range(1, 8)],
        lambda sizes: len(sizes["sizes"]) - 1,
    ),
    "sequence length (LSTM 64→128)": (
        "lstm",
        [{"steps": 2**i} for i in range(2, 9)],
        lambda sizes: sizes["steps"],
    ),
    "parameters (GPT of 4 layers)": (
        "gpt",
        [{"batch": 4, "width": 2**i} for i in range(4, 10)],
        counted,
    ),
    "ops (on 10-vectors)": (
        "chain-small",
        [{"rounds": 2 * 5**i} for i in range(6)],
        lambda sizes: 5 * sizes["rounds"],
    ),
}
PEERS = ("plaingrad", "pytorch")


def measure(
    threads: int = 1,
    rounds: int = 5,
    seconds: float = 0.03,
    peers: Sequence[str] = PEERS,
    growing: dict[str, tuple[str, list[Sizes], Callable[[Sizes], int]]] = GROWING,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries of results.json's "growth" and of its "skipped"; see `steps.measure`."""
    entries, skipped = [], []
    for what, (row, all, size) in growing.items():
        with ExitStack() as stack:
            workers = {peer: stack.enter_context(Worker(peer, threads)) for peer in peers}
            for sizes in all:
                _, paces, why = steps.prepared(workers, row, sizes, seconds)
                skipped += [
                    {"row": f"{what}, {size(sizes)}", "peer": peer, "threads": threads, "why": why}
                    for peer, why in why.items()
                ]
                for peer, turns in steps.in_turns(workers, paces, rounds).items():
                    middle, _, _ = report.quartiles([average for average, _ in turns])
                    entries.append(
                        {"what": what, "size": size(sizes), "peer": peer, "threads": threads,
                         "ms": middle}
                    )  # fmt: skip
    return entries, skipped


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    entries, skipped = measure(given.threads, given.rounds)
    for entry in entries:
        print(f"{entry['what']:34}{entry['size']:12,}  {entry['peer']:10}{entry['ms']:12.3f} ms")
    print(report.growth({"growth": entries}))
    for entry in skipped:
        print(f"{entry['peer']}, {entry['row']}: {entry['why']}")


if __name__ == "__main__":
    main()
