"""ASGD against numbers worked out by hand."""

import numpy as np
import pytest

from autograd import Tensor
from optim import ASGD


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)  # float64


def test_three_steps_by_hand():
    w = leaf(1.0)
    optimizer = ASGD([w], lr=0.5, lambd=0.1, alpha=1.0, t0=0)
    expected, average, eta, mu = 1.0, 0.0, 0.5, 1.0
    for t, g in enumerate([2.0, -1.0, 3.0], 1):
        w.grad = [g]
        optimizer.step()
        expected = expected * (1 - 0.1 * eta) - eta * g
        average += mu * (expected - average)
        eta, mu = 0.5 / (1 + 0.1 * 0.5 * t), 1 / max(1, t)
        assert w.data.tolist() == [pytest.approx(expected, rel=1e-13)]
        assert optimizer.state[w]["ax"].tolist() == [pytest.approx(average, rel=1e-13)]
        assert optimizer.state[w]["eta"] == pytest.approx(eta)


def test_the_average_is_the_mean_since_t0():
    w = leaf(1.0, -1.0)
    optimizer = ASGD([w], lr=0.1, t0=3)
    rng = np.random.default_rng(0)
    places = []
    for _ in range(10):
        w.grad = rng.standard_normal(2)
        optimizer.step()
        places.append(w.data.copy())
    np.testing.assert_allclose(optimizer.state[w]["ax"], np.mean(places[4:], axis=0), rtol=1e-12)
    early = ASGD([w], t0=100)
    early.step()
    early.step()
    assert np.array_equal(early.state[w]["ax"], w.data)


def test_decay_and_maximize():
    w, other = leaf(2.0), leaf(2.0)
    w.grad, other.grad = [3.0], [-2.0]
    ASGD([w], weight_decay=0.5, maximize=True).step()
    ASGD([other]).step()
    assert np.array_equal(w.data, other.data)


@pytest.mark.parametrize("name", ["lambd", "alpha", "t0", "weight_decay"])
def test_negative_options_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}: got -1, expected a number >= 0"):
        ASGD([leaf(1.0)], **{name: -1})
