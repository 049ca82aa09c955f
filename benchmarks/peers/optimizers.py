"""SGD and Adam on dicts of arrays, as users of libraries without optimizers write them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..rows import Array, Problem

Arrays = dict[str, Array]


def optimizer(problem: Problem) -> Callable[[Arrays, Arrays], None]:
    """A function that changes the weights, given their gradients."""
    return sgd(problem) if problem.optimizer == "SGD" else adam(problem)


def sgd(problem: Problem) -> Callable[[Arrays, Arrays], None]:
    lr, momentum = problem.options["lr"], problem.options.get("momentum", 0.0)
    velocity = {name: np.zeros_like(w) for name, w in problem.weights.items()}

    def update(weights: Arrays, grads: Arrays) -> None:
        for name, w in weights.items():
            if momentum:
                velocity[name] = momentum * velocity[name] + grads[name]
                w -= lr * velocity[name]
            else:
                w -= lr * grads[name]

    return update


def adam(problem: Problem) -> Callable[[Arrays, Arrays], None]:
    lr, beta1, beta2, eps = problem.options["lr"], 0.9, 0.999, 1e-8
    decay = 0.01 if problem.optimizer == "AdamW" else 0.0
    m = {name: np.zeros_like(w) for name, w in problem.weights.items()}
    v = {name: np.zeros_like(w) for name, w in problem.weights.items()}
    steps = 0

    def update(weights: Arrays, grads: Arrays) -> None:
        nonlocal steps
        steps += 1
        rate, root = lr / (1 - beta1**steps), math.sqrt(1 - beta2**steps)
        for name, w in weights.items():
            g = grads[name]
            m[name] = beta1 * m[name] + (1 - beta1) * g
            v[name] = beta2 * v[name] + (1 - beta2) * g * g
            if decay:
                w *= 1 - lr * decay
            w -= rate * m[name] / (np.sqrt(v[name]) / root + eps)

    return update
