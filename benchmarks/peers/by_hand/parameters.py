"""All weights in one array and their gradients in another: an optimizer is then a few calls."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...rows import Array, Problem

BLOCK = 16384  # numbers that stay in the cache from one call to the next


class Parameters:
    """`w` and `g`, by name, are views of what `update()` changes and reads."""

    def __init__(self, problem: Problem) -> None:
        self.all = np.concatenate([weight.ravel() for weight in problem.weights.values()])
        self.gradient = np.zeros_like(self.all)
        self.w: dict[str, Array] = {}
        self.g: dict[str, Array] = {}
        start = 0
        for name, weight in problem.weights.items():
            end = start + weight.size
            self.w[name] = self.all[start:end].reshape(weight.shape)
            self.g[name] = self.gradient[start:end].reshape(weight.shape)
            start = end
        self.update = {"SGD": self._sgd, "Adam": self._adam, "AdamW": self._adam}[
            problem.optimizer
        ](problem)

    def _blocks(self, *arrays: Array) -> list[list[Array]]:
        """Pieces of the parameters, the gradient, a scratch array, and others as long as these."""
        scratch = np.empty(min(BLOCK, self.all.size), np.float32)
        return [
            [a[i : i + BLOCK] for a in (self.all, self.gradient)]
            + [scratch[: min(BLOCK, self.all.size - i)]]
            + [a[i : i + BLOCK] for a in arrays]
            for i in range(0, self.all.size, BLOCK)
        ]

    def _sgd(self, problem: Problem) -> Callable[[], None]:
        lr, momentum = problem.options["lr"], problem.options.get("momentum", 0.0)
        blocks = self._blocks(np.zeros_like(self.all)) if momentum else self._blocks()

        def update() -> None:
            for p, g, t, *rest in blocks:
                if momentum:
                    (m,) = rest
                    m *= momentum
                    m += g
                    g = m
                np.multiply(g, lr, out=t)
                p -= t

        return update

    def _adam(self, problem: Problem) -> Callable[[], None]:
        # m and v without their factors 1 - beta, which go into the numbers of the last lines.
        lr, beta1, beta2, eps = problem.options["lr"], 0.9, 0.999, 1e-8
        decay = 0.01 if problem.optimizer == "AdamW" else 0.0
        blocks = self._blocks(np.zeros_like(self.all), np.zeros_like(self.all))
        steps = 0

        def update() -> None:
            nonlocal steps
            steps += 1
            root = math.sqrt((1 - beta2) / (1 - beta2**steps))
            rate = lr * (1 - beta1) / (1 - beta1**steps) / root
            for p, g, t, m, v in blocks:
                if decay:
                    p *= 1 - lr * decay
                m *= beta1
                m += g
                v *= beta2
                np.multiply(g, g, out=t)
                v += t
                np.sqrt(v, out=t)
                t += eps / root
                np.divide(m, t, out=t)
                t *= rate
                p -= t

        return update
