"""SGD against numbers worked out by hand and against its closed form."""

import numpy as np
import pytest

from autograd import Tensor
from optim import SGD


def run(optimizer, w, gradients):
    """The values of `w` after each gradient."""
    path = []
    for g in gradients:
        w.grad = g
        optimizer.step()
        path.append(w.data.tolist())
    return path


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)  # float64


def test_plain():
    w = leaf(1.0, 2.0)
    assert run(SGD([w], lr=0.5), w, [[1.0, 2.0], [0.0, 4.0]]) == [[0.5, 1.0], [0.5, -1.0]]


def test_defaults_are_pytorchs():
    group = SGD([leaf(1.0)]).param_groups[0]
    del group["params"]
    assert group == {
        "lr": 1e-3, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False,
        "maximize": False,
    }  # fmt: skip


def test_momentum_twice():
    w = leaf(0.0)
    assert run(SGD([w], lr=1.0, momentum=0.9), w, [[1.0], [1.0]]) == [[-1.0], [pytest.approx(-2.9)]]


def test_nesterov_looks_ahead():
    w = leaf(0.0)
    assert run(SGD([w], lr=1.0, momentum=0.9, nesterov=True), w, [[1.0]]) == [[pytest.approx(-1.9)]]


def test_dampening_spares_the_first_gradient():
    w = leaf(0.0)
    path = run(SGD([w], lr=1.0, momentum=0.5, dampening=0.75), w, [[1.0], [2.0]])
    assert path == [[-1.0], [-1 - (0.5 + 0.25 * 2)]]


def test_the_learning_rate_is_outside_the_buffer():
    w = leaf(0.0)
    optimizer = SGD([w], lr=1.0, momentum=0.5)
    run(optimizer, w, [[1.0]])
    optimizer.param_groups[0]["lr"] = 0.1
    assert run(optimizer, w, [[0.0]]) == [[pytest.approx(-1 - 0.1 * 0.5)]]


def test_weight_decay_is_the_gradient_of_the_penalty():
    w = leaf(2.0)
    assert run(SGD([w], lr=0.5, weight_decay=0.5), w, [[1.0]]) == [[2 - 0.5 * (1 + 0.5 * 2)]]


def test_weight_decay_goes_into_the_buffer():
    w = leaf(2.0)
    optimizer = SGD([w], lr=0.5, weight_decay=0.5, momentum=0.5)
    first = 2 - 0.5 * 1.0  # buffer 0.5 * 2
    second = first - 0.5 * (0.5 * 1.0 + 0.5 * first)
    assert run(optimizer, w, [[0.0], [0.0]]) == [[first], [second]]


def test_maximize_climbs_and_still_decays():
    w = leaf(2.0)
    path = run(SGD([w], lr=0.5, weight_decay=0.5, maximize=True), w, [[1.0]])
    assert path == [[2 - 0.5 * (-1 + 0.5 * 2)]]


def test_momentum_is_a_decaying_sum_of_all_gradients():
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((30, 3))
    w = Tensor(np.zeros(3), requires_grad=True)
    run(SGD([w], lr=0.1, momentum=0.8), w, gradients)
    # Gradient i is in every later step, each time 0.8 as much: a geometric sum.
    weights = (1 - 0.8 ** np.arange(30, 0, -1)) / (1 - 0.8)
    np.testing.assert_allclose(w.data, -0.1 * weights @ gradients, rtol=1e-12)


def test_without_momentum_nothing_is_kept_but_the_count():
    w = leaf(1.0)
    optimizer = SGD([w], lr=0.1)
    run(optimizer, w, [[1.0], [1.0]])
    assert optimizer.state[w] == {"step": 2}


def test_momentum_can_be_switched_on_and_off():
    w = leaf(0.0)
    optimizer = SGD([w], lr=1.0, dampening=0.5)
    run(optimizer, w, [[1.0]])
    optimizer.param_groups[0]["momentum"] = 0.5
    assert run(optimizer, w, [[1.0], [1.0]]) == [[-2.0], [-2 - (0.5 + 0.5)]]
    optimizer.param_groups[0]["momentum"] = 0.0
    assert run(optimizer, w, [[1.0]]) == [[-4.0]]


def test_the_buffer_is_not_the_gradient_itself():
    w = leaf(0.0)
    optimizer = SGD([w], lr=1.0, momentum=0.5)
    w.grad = [1.0]
    optimizer.step()
    assert not np.shares_memory(optimizer.state[w]["momentum_buffer"], w.grad)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(options):
    with pytest.raises(ValueError, match="nesterov: expected momentum > 0 and dampening = 0"):
        SGD([leaf(1.0)], nesterov=True, **options)
    with pytest.raises(ValueError, match="nesterov"):
        SGD([{"params": [leaf(1.0)], "nesterov": True, **options}])


def test_it_finds_the_minimum_of_a_quadratic():
    a = np.array([[3.0, 1.0], [1.0, 2.0]])
    b = np.array([1.0, -1.0])
    w = Tensor(np.zeros(2), requires_grad=True)
    optimizer = SGD([w], lr=0.1, momentum=0.5, nesterov=True)
    for _ in range(300):
        optimizer.zero_grad()
        (w @ (a @ w) / 2 - (b * w).sum()).backward()
        optimizer.step()
    np.testing.assert_allclose(w.data, np.linalg.solve(a, b), rtol=1e-10)
