"""What it costs to start: the import, the first step, an epoch of MNIST-sized data from the loader.

`python -m benchmarks.startup` prints the table. All is measured in fresh processes, in which the
libraries take turns; the first turn, which reads from the disk, is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from statistics import median
from typing import Any

from . import report
from .peers import OWN_ENVIRONMENT
from .worker import HIPS_PYTHON, ROOT, environment

#: What a program in each library begins with.
IMPORTS = {
    "plaingrad": "import autograd, nn, optim",
    "pytorch": "import torch",
    "jax-jit": "import jax, jax.numpy",
    "hips": "import autograd, autograd.numpy",
    "mygrad": "import mygrad",
    "tinygrad": "import tinygrad",
    "micrograd": "import micrograd.engine, micrograd.nn",
    "by-hand": "import numpy",
}
#: (images, labels), from the arrays x and y, in batches of 128 and in a new order each epoch.
LOADERS = {
    "plaingrad": """
from nn.data import DataLoader
loader = DataLoader((x, y), batch_size=128, shuffle=True)
""",
    "pytorch": """
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
loader = DataLoader(data, batch_size=128, shuffle=True)
""",
    "by-hand": """
class Loader:
    def __iter__(self):
        order = numpy.random.default_rng().permutation(len(x))
        for i in range(0, len(x), 128):
            chosen = order[i : i + 128]
            yield x.take(chosen, axis=0), y.take(chosen)
loader = Loader()
""",
}
# HIPS's autograd must not find ours, which lies where the benchmarks do.
IMPORT = f"""
import sys
from time import perf_counter
sys.path[0:1] = {{path}}
start = perf_counter()
{{imports}}
seconds = perf_counter() - start
sys.path.insert(0, {str(ROOT)!r})
"""
# The problem's numbers are the user's, not the library's: their time is taken off.
FIRST_STEP = """
from benchmarks import rows
from benchmarks.peers import prepare
before = perf_counter()
problem = rows.problem("mlp")
start += perf_counter() - before
step = prepare({peer!r}, problem)
loss = step()
float(loss.item() if hasattr(loss, "item") else loss)
seconds = perf_counter() - start
"""
# Nothing is done with a batch: a step's time is in another table.
EPOCH = """
import numpy
rng = numpy.random.default_rng(0)
x, y = rng.random((60_000, 784), numpy.float32), rng.integers(10, size=60_000)
{loader}
seconds = 1e9
for _ in range(4):
    start = perf_counter()
    n = sum(len(labels) for images, labels in loader)
    seconds = min(seconds, perf_counter() - start)
    assert n == len(x), n
"""


class FailedError(Exception):
    """The last line of what a program wrote as it ended."""


def seconds(peer: str, program: str, threads: int) -> float:
    """The variable `seconds` at the end of the peer's import and `program`, in a fresh process."""
    python = str(HIPS_PYTHON) if peer == OWN_ENVIRONMENT else sys.executable
    path = [str(ROOT)] if peer == "plaingrad" else []
    source = IMPORT.format(path=path, imports=IMPORTS[peer]) + program
    try:
        done = subprocess.run(
            [python, "-c", f"{source}\nprint('seconds:', seconds)"],
            env=environment(threads), capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise FailedError(f"there is no {python}") from None
    if done.returncode:
        raise FailedError(done.stderr.strip().rpartition("\n")[2])
    return float(done.stdout.rpartition("seconds:")[2])


def measure(
    threads: int = 1, times: int = 3, peers: Iterable[str] = IMPORTS
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries of results.json's "startup", medians of so many processes, and of "skipped"."""
    peers = [peer for peer in IMPORTS if peer in set(peers)]
    skipped: dict[tuple[str, str], str] = {}
    programs = {
        (peer, what): program
        for peer in peers
        for what, program in (
            ("import", ""),
            ("first step", FIRST_STEP.format(peer=peer)),
            *([("epoch", EPOCH.format(loader=LOADERS[peer]))] if peer in LOADERS else []),
        )
    }
    found: dict[tuple[str, str], list[float]] = {key: [] for key in programs}
    for _ in range(1 + times):
        for (peer, what), program in programs.items():
            if (peer, what) in skipped or (peer, "import") in skipped:
                continue
            try:
                found[peer, what].append(seconds(peer, program, threads))
            except FailedError as error:
                skipped[peer, what] = str(error)
    medians = {key: median(values[1:]) for key, values in found.items() if len(values) > 1}
    entries = [
        {
            "peer": peer,
            "threads": threads,
            "import_ms": 1000 * medians[peer, "import"],
            "cold_ms": _thousand(medians.get((peer, "first step"))),
            "epoch_s": medians.get((peer, "epoch")),
        }
        for peer in peers
        if (peer, "import") in medians
    ]
    return entries, [
        {"peer": peer, "row": what, "threads": threads, "why": why}
        for (peer, what), why in skipped.items()
    ]


def _thousand(value: float | None) -> float | None:
    return None if value is None else 1000 * value


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--times", type=int, default=3, help="processes of each kind")
    given = parser.parse_args()
    entries, skipped = measure(given.threads, given.times)
    print(report.startup({"startup": entries}))
    for entry in skipped:
        print(f"{entry['peer']}, {entry['row']}: {entry['why']}")


if __name__ == "__main__":
    main()
