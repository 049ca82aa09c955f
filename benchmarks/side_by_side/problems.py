"""What both sides are given, as plain arrays: data, initial weights, the batches of each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import datasets

Array = NDArray[Any]


@dataclass(frozen=True)
class Method:
    """A class of `optim` and of `torch.optim`, with its defaults but for the learning rate."""

    optimizer: str
    lr: float
    batch: int | None  # None: all data in one


@dataclass(frozen=True)
class Problem:
    title: str
    sizes: tuple[int, ...]
    x: Array  # (n, sizes[0]), of the dtype to compute in
    y: Array  # (n,) int64, the classes
    methods: dict[str, Method]

    def weights(self) -> dict[str, Array]:
        """Uniform within ±1/sqrt(inputs), as both libraries start, by the names of a state_dict."""
        rng, found = np.random.default_rng(0), {}
        for i, (n, m) in enumerate(pairwise(self.sizes)):
            for name, shape in (("weight", (m, n)), ("bias", (m,))):
                numbers = rng.uniform(-(n**-0.5), n**-0.5, shape)
                found[f"{2 * i}.{name}"] = numbers.astype(self.x.dtype)  # 2 i + 1: an activation
        return found

    def epochs(self, batch: int | None) -> Iterator[list[Any]]:
        """The batches of each epoch, as indices in a new order: slice(None) for all data."""
        rng, n = np.random.default_rng(1), len(self.x)
        while True:
            if batch is None:
                yield [slice(None)]
            else:
                order = rng.permutation(n)
                yield [order[i : i + batch] for i in range(0, n, batch)]


def digits(dtype: str) -> Problem:
    images, labels = datasets.digits()
    x = images.reshape(len(images), -1).astype(dtype)
    return Problem("digits", (64, 16, 16, 10), x, labels, {
        "gradient descent": Method("SGD", 0.2, None),
        "SGD": Method("SGD", 0.1, 32),
        "Adam": Method("Adam", 0.003, 32),
    })  # fmt: skip


def circles(dtype: str) -> Problem:
    points, labels = datasets.circles(1000, generator=0)
    return Problem("circles", (2, 3, 2), points.astype(dtype), labels, {
        "gradient descent": Method("SGD", 1.0, None),
        "SGD": Method("SGD", 0.1, 32),
        "Adam": Method("Adam", 0.03, 32),
    })  # fmt: skip


#: A step so large that gradient descent swings: there a difference of rounding grows.
SWING = ("digits", "gradient descent, steps too large", Method("SGD", 0.5, None))
PROBLEMS = {"digits": digits, "circles": circles}
