"""The rows in HIPS autograd, which has its own environment: its import name is also ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
from autograd import grad, value_and_grad

from ..rows import Problem
from .functional import Loss, Networks
from .optimizers import optimizer

WHY = dict.fromkeys(("cnn", "resnet"), "its convolution, by scipy.signal, takes seconds")


class Autograd(Networks):
    def gradient(self, function: Loss) -> Loss:
        return grad(function)


def training(problem: Problem, _: str) -> Callable[[], Any]:
    weights = {name: w.copy() for name, w in problem.weights.items()}
    gradient = value_and_grad(Autograd(anp).loss(problem))
    update = optimizer(problem)

    def step() -> Any:
        loss, grads = gradient(weights, problem.data)
        update(weights, grads)
        return loss

    return step


ROWS = dict.fromkeys(
    (
        "scalars", "chain-small", "chain-large", "toy", "seed", "mlp", "wide", "vae",
        "squared-norm", "lstm", "gpt",
    ),
    training,
)  # fmt: skip
