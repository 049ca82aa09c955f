"""The four bugs of notebook 4: each makes its check fail, and what mends it makes the check pass.

The checks stand here once more, each a function that asserts. `BUGS` pairs every check with the
program that is wrong and with the one that is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd import GradcheckError, Tensor, gradcheck, op

Function = Callable[..., Any]


# 1. A softmax differentiated as if it were elementwise


def _probabilities(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@op
def elementwise_softmax(z):
    p = _probabilities(z)
    return p, lambda g: g * p * (1 - p)


@op
def softmax(z):
    p = _probabilities(z)
    return p, lambda g: p * (g - (g * p).sum(axis=-1, keepdims=True))


def check_softmax(softmax: Function) -> None:
    assert gradcheck(softmax, np.random.default_rng(0).normal(size=(2, 3)))


# 2. A one-hot that broadcasts where it should not


def broadcast_error(prediction: Any, labels: Any) -> Any:
    return ((prediction - np.eye(10)[labels]) ** 2).mean()


def squared_error(prediction: Any, labels: Any) -> Any:
    return ((prediction - np.eye(10)[labels.reshape(-1)]) ** 2).mean()


def check_loss(loss: Function) -> None:
    assert loss(np.eye(10)[[3, 1, 4]], np.array([[3], [1], [4]])) == 0, "perfect predictions cost"


# 3. An Adam whose clock restarts every epoch


class Adam:
    """Adam for one parameter."""

    def __init__(self, w: Tensor, lr: float) -> None:
        self.w, self.lr, self.t = w, lr, 0
        self.m, self.v = np.zeros_like(w.data), np.zeros_like(w.data)

    def clock(self, batch: int) -> int:
        self.t += 1
        return self.t

    def step(self, batch: int) -> None:
        t, g = self.clock(batch), self.w.grad
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        root = np.sqrt(self.v / (1 - 0.999**t)) + 1e-8
        self.w.data -= self.lr * self.m / (1 - 0.9**t) / root


class RestartingAdam(Adam):
    """The number of the batch for the number of the step."""

    def clock(self, batch: int) -> int:
        return batch + 1


class OurAdam:
    """The library's, called in the same way."""

    def __init__(self, w: Tensor, lr: float) -> None:
        self.adam = optim.Adam([w], lr=lr)

    def step(self, batch: int) -> None:
        self.adam.step()


def check_adam(adam: Function, epochs: int = 2) -> None:
    """Under a constant gradient each step is lr."""
    w = Tensor([0.0], requires_grad=True, dtype=np.float64)
    optimizer, places = adam(w, lr=1.0), [0.0]
    for _ in range(epochs):
        for batch in range(20):
            w.grad = np.array([0.3])
            optimizer.step(batch)
            places.append(w.item())
    np.testing.assert_allclose(np.diff(places), -1, rtol=1e-6)


# 4. A batch loop that uses % for //, and two that are right


def batches_by_remainder(n: int, size: int) -> list[Any]:
    return [np.arange(n)[i * size : (i + 1) * size] for i in range(n % size)]


def batches_by_division(n: int, size: int) -> list[Any]:
    return [np.arange(n)[i * size : (i + 1) * size] for i in range(n // size)]


def batches(n: int, size: int) -> list[Any]:
    return [np.arange(n)[i : i + size] for i in range(0, n, size)]


def loaded_batches(n: int, size: int) -> list[Any]:
    return list(nn.data.DataLoader(np.arange(n), batch_size=size, shuffle=True, generator=0))


def check_batches(batches: Function) -> None:
    """Each example exactly once, in no empty batch."""
    for n, size in (11, 3), (11, 4), (12, 4), (12, 12):
        parts = batches(n, size)
        visits = np.bincount(np.concatenate([*parts, np.arange(0)]).astype(int), minlength=n)
        assert (visits == 1).all(), f"{n} by {size}: visits {visits}"
        assert all(len(part) for part in parts), f"{n} by {size}: an empty batch"


BUGS: list[tuple[Function, Function, Function]] = [
    (check_softmax, elementwise_softmax, softmax),
    (check_softmax, elementwise_softmax, nn.functional.softmax),
    (check_loss, broadcast_error, squared_error),
    (check_adam, RestartingAdam, Adam),
    (check_adam, RestartingAdam, OurAdam),
    (check_batches, batches_by_remainder, batches),
    (check_batches, batches_by_division, batches),
    (check_batches, batches_by_remainder, loaded_batches),
]


@pytest.mark.parametrize(
    ("check", "wrong", "right"), BUGS, ids=[f"{w.__name__}-{r.__name__}" for _, w, r in BUGS]
)
def test_the_check_catches_the_bug_and_lets_the_mended_pass(
    check: Function, wrong: Function, right: Function
) -> None:
    with pytest.raises((GradcheckError, AssertionError)):
        check(wrong)
    check(right)


def test_what_some_checks_cannot_see() -> None:
    """A right gradient of a wrong function; a clock in its first epoch."""
    z = np.random.default_rng(0).normal(size=(3, 10))
    assert gradcheck(lambda p: broadcast_error(p, np.array([[3], [1], [4]])), z)
    check_adam(RestartingAdam, epochs=1)


def test_our_loss_refuses_the_one_hot_that_would_broadcast() -> None:
    prediction = np.eye(10)[[3, 1, 4]]
    with pytest.raises(nn.LossShapeError, match=r"they would broadcast to \(3, 3, 10\)"):
        nn.functional.mse_loss(prediction, np.eye(10)[[[3], [1], [4]]])


def test_the_wrong_softmax_still_learns() -> None:
    """Why it needs a check: on two points its loss falls, with a gradient that is not p - y."""
    w, x, y = np.zeros((2, 2)), np.eye(2), np.array([0, 1])
    losses = []
    for _ in range(20):
        t = Tensor(w, requires_grad=True)
        loss = -np.log(elementwise_softmax(x @ t)[np.arange(2), y]).mean()
        loss.backward()
        w = w - t.grad
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
