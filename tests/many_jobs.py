"""Jobs for train_many, in a file that processes, Dask's workers and MPI's ranks can import."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

import nn
import optim
from nn.machine import OpenBLAS


def train(lr: float, hidden: int = 8):
    """Draws weights, shuffles and dropout masks; returns all that could differ in a bit."""
    points, labels = nn.datasets.circles(200)
    model = nn.Sequential(
        nn.Linear(2, hidden), nn.Tanh(), nn.Dropout(0.2), nn.Linear(hidden, 40), nn.Linear(40, 2)
    )
    optimizer = optim.Adam(model.parameters(), lr)
    history = nn.fit(
        model, nn.CrossEntropyLoss(), optimizer, (points, labels), epochs=3, progress=False
    )
    return history["loss"], model.state_dict()


JOBS = [(train, {"lr": lr, "hidden": hidden}) for lr in (0.1, 0.01) for hidden in (8, 64)]


def same(results, others) -> bool:
    """Whether they are equal, bit for bit."""
    return len(results) == len(others) and all(
        a[0] == b[0] and all(np.array_equal(x, b[1][name]) for name, x in a[1].items())
        for a, b in zip(results, others, strict=True)
    )


def draw():
    return nn.generator().random()


def meet(own: str, other: str, then: float = 0):
    """Wait for a job that waits for this one."""
    Path(own).touch()
    end = time.monotonic() + 60
    while not Path(other).exists():
        if time.monotonic() > end:
            return "alone"
        time.sleep(0.01)
    time.sleep(then)
    return own


def pid():
    return os.getpid()


def leave_a_note(path: str):
    Path(path).write_text("here")
    time.sleep(60)


def threads():
    return OpenBLAS.find().threads, os.environ["OPENBLAS_NUM_THREADS"]


class OwnError(Exception):
    """Cannot be pickled and unpickled: it takes two arguments."""

    def __init__(self, one, two) -> None:
        super().__init__(f"{one} and {two}")


def fail(how: str):
    if how == "raise":
        raise ValueError("lr: got -1")
    if how == "own":
        raise OwnError(1, 2)
    if how == "exit":
        sys.exit(3)
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how == "lambda":
        return lambda: 0
    return how
