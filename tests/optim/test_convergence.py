"""Every optimizer finds the minimum of a small convex problem."""

import numpy as np
import pytest

import optim
from autograd import Tensor

# The options suit the problem; the tolerance is of the loss, over what it is at first.
CASES = [
    ("SGD", {"lr": 0.1, "momentum": 0.9}, 1e-9),
    ("Adam", {"lr": 0.1}, 1e-6),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0}, 1e-6),
    ("NAdam", {"lr": 0.1}, 1e-6),
    ("RAdam", {"lr": 0.1}, 1e-6),
    ("Adamax", {"lr": 0.1}, 1e-6),
    ("Adagrad", {"lr": 0.5}, 1e-6),
    ("Adadelta", {}, 1e-3),
    ("RMSprop", {"lr": 0.005}, 1e-4),
    ("RMSprop", {"lr": 0.001, "momentum": 0.9, "centered": True}, 1e-4),
    ("Rprop", {}, 1e-9),
    ("ASGD", {"lr": 0.3}, 1e-3),
    ("Adafactor", {"lr": 0.03, "eps": (None, 0.1)}, 1e-3),
    ("Muon", {"lr": 0.01, "weight_decay": 0.0}, 1e-3),
    ("LBFGS", {"max_iter": 10, "line_search_fn": "strong_wolfe"}, 1e-9),
]


@pytest.mark.parametrize(("name", "options", "tolerance"), CASES)
def test_it_finds_the_minimum(name, options, tolerance):
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((20, 4)) * [1, 0.5, 1.5, 1], rng.standard_normal((4, 3))
    y = x @ target
    w = Tensor(np.zeros((4, 3)), requires_grad=True)
    optimizer = getattr(optim, name)([w], **options)

    def closure():
        optimizer.zero_grad()
        loss = ((x @ w - y) ** 2).sum(-1).mean()
        loss.backward()
        return loss

    first = optimizer.step(closure).item()
    for _ in range(500):
        loss = optimizer.step(closure).item()
    assert loss < tolerance * first
