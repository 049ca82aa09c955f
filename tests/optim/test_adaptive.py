"""Adagrad, Adadelta and RMSprop against numbers worked out by hand."""

import math

import numpy as np
import pytest

from autograd import Tensor
from optim import Adadelta, Adagrad, RMSprop


def run(optimizer, w, gradients):
    for g in gradients:
        w.grad = g
        optimizer.step()
    return w.data.tolist()


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def near(value):
    return [pytest.approx(value, rel=1e-13)]


def test_adagrad_two_steps_by_hand():
    w = leaf(0.0)
    optimizer = Adagrad([w], lr=1.0, lr_decay=0.5, eps=0.0)
    assert run(optimizer, w, [[3.0]]) == near(-1.0)
    assert run(optimizer, w, [[4.0]]) == near(-1.0 - (1 / 1.5) * 4 / 5)


def test_adagrads_sum_can_start_above_zero_in_each_group():
    a, b = leaf(0.0), leaf(0.0)
    optimizer = Adagrad([{"params": [a], "initial_accumulator_value": 16.0}, {"params": b}], lr=1.0)
    a.grad = b.grad = [3.0]
    optimizer.step()
    assert a.data.tolist() == near(-3 / (5 + 1e-10))
    assert b.data.tolist() == near(-3 / (3 + 1e-10))


def test_adadelta_two_steps_by_hand():
    w = leaf(0.0)
    optimizer = Adadelta([w], lr=2.0, rho=0.75, eps=1.0)
    first = 1 / math.sqrt(0.25 * 4 + 1) * 2  # u = 0, v = 1
    assert run(optimizer, w, [[2.0]]) == near(-2 * first)
    u, v = 0.25 * first**2, 0.75 + 0.25
    assert run(optimizer, w, [[1.0]]) == near(-2 * first - 2 * math.sqrt((u + 1) / (v + 1)))


def test_rmsprop_two_steps_by_hand():
    w = leaf(0.0)
    optimizer = RMSprop([w], lr=1.0, alpha=0.75, eps=0.5)
    first = 2 / (math.sqrt(0.25 * 4) + 0.5)
    assert run(optimizer, w, [[2.0]]) == near(-first)
    assert run(optimizer, w, [[-3.0]]) == near(-first + 3 / (math.sqrt(0.75 + 0.25 * 9) + 0.5))


def test_rmsprop_momentum_adds_up_scaled_gradients_and_centered_takes_off_the_mean():
    w = leaf(0.0)
    optimizer = RMSprop([w], lr=0.1, alpha=0.5, eps=0.0, momentum=0.5, centered=True)
    first = 2 / math.sqrt(0.5 * 4 - 1)
    assert run(optimizer, w, [[2.0]]) == near(-0.1 * first)
    second = 4 / math.sqrt(0.5 * 2 + 0.5 * 16 - 2.5**2)
    assert run(optimizer, w, [[4.0]]) == near(-0.1 * first - 0.1 * (0.5 * first + second))


def test_rmsprop_survives_a_variance_that_rounds_to_less_than_zero():
    """A constant gradient: the mean square less the squared mean is 0 but for rounding."""
    w = leaf(*np.linspace(0.1, 1, 50), dtype=np.float32)
    start = w.data.copy()
    optimizer = RMSprop([w], lr=1e-9, alpha=0.5, centered=True)
    run(optimizer, w, [start] * 100)
    state = optimizer.state[w]
    assert np.any(state["square_avg"] < state["grad_avg"] ** 2)
    assert np.all(np.isfinite(w.data))


@pytest.mark.parametrize("make", [Adagrad, Adadelta, RMSprop])
def test_decay_joins_the_gradient_and_maximize_turns_it(make):
    w, other = leaf(2.0), leaf(2.0)
    decayed = run(make([w], weight_decay=0.5, maximize=True), w, [[3.0]])
    assert decayed == run(make([other]), other, [[-2.0]])


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (Adagrad, {"lr_decay": -1}, "lr_decay: got -1, expected a number >= 0"),
        (Adagrad, {"initial_accumulator_value": -0.1}, "initial_accumulator_value: got -0.1"),
        (Adadelta, {"rho": 1.1}, "rho: got 1.1, expected a number >= 0 and <= 1"),
        (Adadelta, {"rho": -0.1}, "rho: got -0.1, expected a number >= 0"),
        (RMSprop, {"alpha": 1.0}, "alpha: got 1.0, expected a number >= 0 and < 1"),
        (RMSprop, {"alpha": -1}, "alpha: got -1"),
        (RMSprop, {"momentum": -1}, "momentum: got -1"),
    ],
)
def test_options_out_of_range_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        make([leaf(1.0)], **options)
    with pytest.raises(ValueError, match=message):
        make([{"params": [leaf(1.0)], **options}])
