"""The graphs of many small operations, without a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Problem

Step = Callable[[], Any]
BLOCK = 8192  # numbers: those that 20 rounds keep stay in the cache


def scalars(problem: Problem, _: str) -> Step:
    """Of single numbers, Python's are the fastest."""
    w, v = problem.weights["w"].tolist(), problem.weights["v"].tolist()
    x, rounds, lr = problem.data["x"].tolist(), problem.sizes["rounds"], problem.options["lr"]

    def step() -> float:
        a = b = 1.0
        before, sums = [], []
        for i in range(rounds):
            k = i % 8
            before.append((a, b))
            a = a * w[k] + b * v[k]
            sums.append(a)
            a = max(a, 0.0)
            b = (a + b) * 0.5 + x[k]
        loss = a * b
        ga, gb = b, a
        gw, gv = [0.0] * 8, [0.0] * 8
        for i in range(rounds - 1, -1, -1):
            k = i % 8
            gb *= 0.5
            ga = ga + gb if sums[i] > 0 else 0.0
            a, b = before[i]
            gw[k] += ga * a
            gv[k] += ga * b
            gb += ga * v[k]
            ga *= w[k]
        for k in range(8):
            w[k] -= lr * gw[k]
            v[k] -= lr * gv[k]
        return loss

    return step


def chain(problem: Problem, _: str) -> Step:
    """Piece by piece from the beginning to the end: each number depends on itself alone."""
    start, a, b = problem.weights["y"].copy(), problem.data["a"], problem.data["b"]
    rounds, lr = problem.sizes["rounds"], problem.options["lr"]
    size = min(BLOCK, start.size)
    kept, y, t = np.empty((rounds, size), np.float32), *np.empty((2, size), np.float32)
    blocks = [
        [c[i : i + size] for c in (start, a, b)]
        + [list(kept[:, : start.size - i]), y[: start.size - i], t[: start.size - i]]
        for i in range(0, start.size, size)
    ]

    def step() -> float:
        loss = 0.0
        for p, a, b, kept, y, t in blocks:
            y[:] = p
            for tanh in kept:
                np.add(y, b, out=tanh)
                np.tanh(tanh, out=tanh)
                np.subtract(tanh, b, out=y)
                y *= a
                y /= a
            loss += float(np.dot(y, y))
            y += y
            for tanh in kept[::-1]:
                y /= a
                y *= a
                np.multiply(tanh, tanh, out=t)
                np.subtract(1, t, out=t)
                y *= t
            y *= lr
            p -= y
        return loss

    return step
