"""Train both sides an epoch at a time, in turn; the losses, the weights and the time of each."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from time import process_time
from typing import Any

import numpy as np

from ..worker import ROOT, environment
from .problems import PROBLEMS, SWING, Method, Problem

SIDES = {"plaingrad": "in_plaingrad", "PyTorch": "in_pytorch"}
EPOCHS = 100
DTYPES = ("float64", "float32")
TOLERANCE = 1e-10  # of the losses in float64, relative: sums are made in different orders


class CurvesDifferError(AssertionError):
    """The same data, weights and batches gave different losses: one of the sides is wrong."""


def sides() -> dict[str, Any]:
    """The modules of both sides, by name.

    Raises
    ------
    ImportError
        PyTorch is not installed.
    """
    return {name: importlib.import_module(f"{__package__}.{file}") for name, file in SIDES.items()}


def train(problem: Problem, method: Method, epochs: int, sides: dict[str, Any]) -> dict[str, Any]:
    """{side: {"losses", "seconds", "weights"}}, the first two a number an epoch.

    The sides take turns after each epoch, and in who goes first. So they share what else the
    machine is doing, and the ratio of an epoch's two times says more than the times do. Seconds
    are of this process's CPU.
    """
    dtype, running, found = str(problem.x.dtype), {}, {}
    for name, side in sides.items():
        model = side.network(problem.sizes, problem.weights(), dtype)
        running[name] = (
            model,
            side.optimizer(model, method.optimizer, method.lr),
            side.array(problem.x),
            side.array(problem.y),
        )
        found[name] = {"losses": [], "seconds": []}
    for number, batches in enumerate(islice(problem.epochs(method.batch), epochs)):
        for name in sorted(sides, reverse=number % 2 == 1):
            own = [b if isinstance(b, slice) else sides[name].array(b) for b in batches]
            start = process_time()
            loss = sides[name].epoch(*running[name], own)
            found[name]["seconds"].append(process_time() - start)
            found[name]["losses"].append(loss)
    for name, (model, *_) in running.items():
        found[name]["weights"] = [np.asarray(w) for w in model.state_dict().values()]
    return found


def compare(problem: Problem, method: Method, epochs: int, sides: dict[str, Any]) -> dict[str, Any]:
    """What `train` found, as numbers to be kept: curves, differences, times and their ratio."""
    found = train(problem, method, epochs, sides)
    ours, theirs = found["plaingrad"], found["PyTorch"]
    a, b = np.array(ours["losses"]), np.array(theirs["losses"])
    pairs = zip(ours["weights"], theirs["weights"], strict=True)
    whole = epochs // 2 * 2  # in two epochs, each side went first once
    times = {n: np.reshape(found[n]["seconds"][:whole], (-1, 2)).sum(axis=1) for n in sides}
    ratios = times["plaingrad"] / times["PyTorch"]
    return {
        "losses": {name: found[name]["losses"] for name in sides},
        "loss_difference": float(np.abs(a - b).max()),
        "relative_difference": float((np.abs(a - b) / np.abs(b)).max()),
        "weight_difference": max(float(np.abs(v - w).max()) for v, w in pairs),
        "epoch_ms": {name: 1000 * float(np.median(found[name]["seconds"])) for name in sides},
        "ratio": [float(r) for r in np.percentile(ratios, [50, 25, 75])],  # median, quartiles
    }


def check(entry: dict[str, Any]) -> None:
    """Raise CurvesDifferError if the losses of an entry of float64 differ by more than rounding."""
    if not entry["relative_difference"] <= TOLERANCE:  # nan is a difference, too
        raise CurvesDifferError(
            f"{entry['problem']}, {entry['method']}: the losses differ by "
            f"{entry['relative_difference']:.1e} of themselves, expected {TOLERANCE:g} at most in "
            "float64; one of the sides computes something else"
        )


def cases(dtype: str) -> Iterator[tuple[Problem, str, Method]]:
    """Each problem with each of its methods; last, the one that swings."""
    problems = {name: make(dtype) for name, make in PROBLEMS.items()}
    for problem in problems.values():
        for label, method in problem.methods.items():
            yield problem, label, method
    name, label, method = SWING
    yield problems[name], label, method


def everything(epochs: int = EPOCHS) -> list[dict[str, Any]]:
    """An entry for each case and dtype. Those of float64 are checked, unless they swing."""
    both, entries = sides(), []
    for dtype in DTYPES:
        for problem, label, method in cases(dtype):
            facts = {"problem": problem.title, "method": label, "dtype": dtype, **vars(method)}
            facts |= {"sizes": problem.sizes, "examples": len(problem.x)}
            entries.append(facts | compare(problem, method, epochs, both))
            if dtype == "float64" and method is not SWING[2]:
                check(entries[-1])
    return entries


def on_one_thread(epochs: int) -> list[dict[str, Any]]:
    """`everything`, in a process of its own: libraries read the number of threads as they load.

    Raises
    ------
    RuntimeError
        it failed; with what it said last.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(epochs)],
        env=environment(1), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    return json.loads(done.stdout)


if __name__ == "__main__":
    print(json.dumps(everything(int(sys.argv[1]))))
