"""The graph of scalars in micrograd, the only row it is made for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from micrograd.engine import Value

from ..rows import Problem, names


def scalars(problem: Problem, _: str) -> Callable[[], Any]:
    w, v = ([Value(n) for n in problem.weights[k].tolist()] for k in ("w", "v"))
    x, rounds, lr = problem.data["x"].tolist(), problem.sizes["rounds"], problem.options["lr"]
    sys.setrecursionlimit(100 + 20 * rounds)  # it sorts its graph by recursion

    def step() -> Any:
        a = b = Value(1.0)
        for i in range(rounds):
            k = i % 8
            a = (a * w[k] + b * v[k]).relu()
            b = (a + b) * 0.5 + x[k]
        loss = a * b
        for p in (*w, *v):
            p.grad = 0
        loss.backward()
        for p in (*w, *v):
            p.data -= lr * p.grad
        return loss.data

    return step


ROWS = {"scalars": scalars}
WHY = dict.fromkeys(names(), "it has single numbers, no arrays")
