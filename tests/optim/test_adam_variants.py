"""NAdam, RAdam and Adamax against numbers worked out by hand."""

import math

import numpy as np
import pytest

from autograd import Tensor
from optim import Adam, Adamax, NAdam, RAdam


def run(optimizer, w, gradients):
    for g in gradients:
        w.grad = g
        optimizer.step()
    return w.data.tolist()


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)  # float64


def near(value):
    return [pytest.approx(value, rel=1e-13)]


def test_nadam_two_steps_by_hand():
    w = leaf(0.0)
    optimizer = NAdam([w], lr=1.0, betas=(0.8, 0.75), eps=0.0, momentum_decay=0.5)
    mu1, mu2, mu3 = (0.8 * (1 - 0.5 * 0.96 ** (t / 2)) for t in (1, 2, 3))
    # g = 1: m = 0.2, v = 0.25, and v over its correction 1 - 0.75 is 1.
    first = mu2 * 0.2 / (1 - mu1 * mu2) + (1 - mu1) / (1 - mu1)
    assert run(optimizer, w, [[1.0]]) == near(-first)
    # g = 3: m = 0.16 + 0.6, v = 0.1875 + 2.25, over 1 - 0.5625.
    ahead = mu3 * 0.76 / (1 - mu1 * mu2 * mu3) + (1 - mu2) * 3 / (1 - mu1 * mu2)
    assert run(optimizer, w, [[3.0]]) == near(-first - ahead / math.sqrt(2.4375 / 0.4375))
    assert optimizer.state[w]["mu_product"] == pytest.approx(mu1 * mu2)


def test_nadam_without_momentum_is_adam():
    one, other = leaf(1.0, -2.0), leaf(1.0, -2.0)
    gradients = np.random.default_rng(0).standard_normal((10, 2))
    nadam = run(NAdam([one], lr=0.1, betas=(0.0, 0.9)), one, gradients)
    np.testing.assert_allclose(
        nadam, run(Adam([other], lr=0.1, betas=(0.0, 0.9)), other, gradients), rtol=1e-13
    )


def test_radam_is_momentum_until_it_knows_the_variance():
    """With beta2 = 0.9, rho_max is 19: rho is over 5 from the sixth step on."""
    w = leaf(0.0)
    optimizer = RAdam([w], lr=0.5, betas=(0.5, 0.9), eps=0.0)
    gradients = [1.0, 2.0, -3.0, 1.0, 4.0, 2.0]
    expected = m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g * g
        rho = 19 - 2 * t * 0.9**t / (1 - 0.9**t)
        assert (rho > 5) == (t > 5)
        step = m / (1 - 0.5**t)
        if t > 5:
            r = math.sqrt((rho - 4) * (rho - 2) * 19 / (15 * 17 * rho))
            step *= r / math.sqrt(v / (1 - 0.9**t))
        expected -= 0.5 * step
        assert run(optimizer, w, [[g]]) == near(expected)


def test_radam_ends_as_adam():
    optimizer, peer = (make([leaf(0.0)], lr=1e-3) for make in (RAdam, Adam))
    steps = []
    for one in (optimizer, peer):
        (w,) = one.param_groups[0]["params"]
        run(one, w, [[1.0]] * 20_000)
        before = w.data[0]
        steps.append(before - run(one, w, [[1.0]])[0])
    assert steps[0] == pytest.approx(steps[1], rel=1e-4)


def test_adamax_two_steps_by_hand():
    w = leaf(0.0)
    optimizer = Adamax([w], lr=1.0, betas=(0.5, 0.9), eps=0.0)
    # m = 1, over 1 - 0.5; u = 2. Then m = 0.5 - 0.5, but the largest is still 1.8.
    assert run(optimizer, w, [[2.0]]) == near(-1.0)
    assert run(optimizer, w, [[1.0]]) == near(-1.0 - (1.0 / 0.75) / 1.8)
    assert optimizer.state[w]["exp_inf"].tolist() == near(1.8)


def test_adamax_adds_eps_to_the_size_of_the_gradient():
    w = leaf(0.0)
    assert run(Adamax([w], lr=1.0, eps=1.0), w, [[1.0]]) == near(-0.5)


@pytest.mark.parametrize("make", [NAdam, RAdam])
def test_decoupled_decay_shrinks_the_weight_and_not_the_gradient(make):
    w, other = leaf(2.0), leaf(2.0 * (1 - 0.1 * 0.5))
    decayed = make([w], lr=0.1, weight_decay=0.5, decoupled_weight_decay=True)
    assert run(decayed, w, [[3.0]]) == run(make([other], lr=0.1), other, [[3.0]])
    assert decayed.state[w]["exp_avg"].tolist() == near(0.3)


@pytest.mark.parametrize("make", [NAdam, RAdam, Adamax])
def test_l2_decay_joins_the_gradient(make):
    w, other = leaf(2.0), leaf(2.0)
    decayed = run(make([w], lr=0.1, weight_decay=0.5), w, [[3.0]])
    assert decayed == run(make([other], lr=0.1), other, [[4.0]])


def test_a_negative_momentum_decay_is_refused():
    with pytest.raises(ValueError, match="momentum_decay: got -1, expected a number >= 0"):
        NAdam([leaf(1.0)], momentum_decay=-1)
    with pytest.raises(TypeError, match="momentum_decay: got None"):
        NAdam([{"params": [leaf(1.0)], "momentum_decay": None}])
