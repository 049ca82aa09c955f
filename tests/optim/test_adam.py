"""Adam and AdamW against numbers worked out by hand and against the sums they stand for."""

import pickle

import numpy as np
import pytest

from autograd import Tensor
from optim import Adam, AdamW


def adam_by_sums(w, gradients, lr, beta1, beta2, eps, decoupled=0.0, amsgrad=False):
    """Adam from the definition: each moment is a weighted mean of all the gradients so far."""
    w = np.array(w, np.float64)
    gradients = np.asarray(gradients, np.float64)
    largest = 0.0
    for t in range(1, len(gradients) + 1):
        age = np.arange(t - 1, -1, -1)
        weights1, weights2 = beta1**age, beta2**age
        m = np.tensordot(weights1 / weights1.sum(), gradients[:t], 1)
        v = np.tensordot((1 - beta2) * weights2, gradients[:t] ** 2, 1)
        largest = np.maximum(largest, v) if amsgrad else v
        w -= lr * decoupled * w
        w -= lr * m / (np.sqrt(largest / (1 - beta2**t)) + eps)
    return w


def run(optimizer, w, gradients):
    for g in gradients:
        w.grad = g
        optimizer.step()
    return w.data


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)  # float64


GRADIENTS = np.random.default_rng(0).standard_normal((40, 5)) * [1e-3, 1, 1e3, 1, 1]
GRADIENTS += [0, 1, 0, 0, 9]


def test_defaults_are_pytorchs():
    group = Adam([leaf(1.0)]).param_groups[0]
    del group["params"]
    assert group == {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False,
        "maximize": False, "decoupled_weight_decay": False,
    }  # fmt: skip
    group_w = AdamW([leaf(1.0)]).param_groups[0]
    del group_w["params"]
    assert group_w == {**group, "weight_decay": 1e-2, "decoupled_weight_decay": True}


@pytest.mark.parametrize("make", [Adam, lambda *a, **k: AdamW(*a, weight_decay=0.0, **k)])
def test_the_first_step_is_lr_whatever_the_gradient(make):
    w = leaf(0.0, 0.0, 0.0)
    run(make([w], lr=0.1), w, [[1e-3, -5.0, 1e6]])
    np.testing.assert_allclose(w.data, [-0.1, 0.1, -0.1], rtol=2e-5)


def test_eps_is_outside_the_root():
    w = leaf(0.0)
    np.testing.assert_allclose(run(Adam([w], lr=0.1), w, [[1e-8]]), [-0.05], rtol=1e-12)


def test_two_steps_by_hand():
    w = leaf(0.0)
    run(Adam([w], lr=1.0, betas=(0.5, 0.75), eps=0.0), w, [[1.0], [3.0]])
    # m: 0.5, then 1.75, over 1 - 0.25; v: 0.25, then 0.1875 + 2.25, over 1 - 0.5625.
    second = (1.75 / 0.75) / np.sqrt(2.4375 / 0.4375)
    np.testing.assert_allclose(w.data, [-1 - second], rtol=1e-14)


def test_a_zero_gradient_moves_nothing():
    w = leaf(1.0)
    assert run(Adam([w], lr=0.1), w, [[0.0]] * 3).tolist() == [1.0]


def test_adam_puts_the_decay_into_the_gradient_adamw_into_the_weight():
    w = leaf(1.0)
    run(Adam([w], lr=0.1, weight_decay=0.1), w, [[0.0]])
    np.testing.assert_allclose(w.data, [0.9], rtol=1e-6)
    w = leaf(1.0)
    run(AdamW([w], lr=0.1, weight_decay=0.1), w, [[0.0]])
    np.testing.assert_allclose(w.data, [0.99], rtol=1e-15)


def test_adam_with_decoupled_decay_is_adamw_and_adamw_is_never_adam():
    w, other = leaf(1.0), leaf(1.0)
    adam = Adam([w], lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)
    adamw = AdamW([other], lr=0.1, weight_decay=0.1)
    run(adam, w, [[0.5], [-1.0]])
    run(adamw, other, [[0.5], [-1.0]])
    assert np.array_equal(w.data, other.data)
    with pytest.raises(ValueError, match="decoupled_weight_decay: got False: AdamW without"):
        adamw.load_state_dict(Adam([w]).state_dict())


def test_adam_is_its_definition():
    w = Tensor(np.ones(5), requires_grad=True)
    run(Adam([w], lr=0.1, betas=(0.8, 0.95), eps=1e-3), w, GRADIENTS)
    expected = adam_by_sums(np.ones(5), GRADIENTS, 0.1, 0.8, 0.95, 1e-3)
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)


def test_adam_with_l2_is_adam_on_the_penalized_gradient():
    w, plain = Tensor(np.ones(5), requires_grad=True), Tensor(np.ones(5), requires_grad=True)
    decayed, optimizer = Adam([w], lr=0.1, weight_decay=0.5), Adam([plain], lr=0.1)
    for g in GRADIENTS:
        w.grad, plain.grad = g, g + 0.5 * plain.data
        decayed.step()
        optimizer.step()
    np.testing.assert_allclose(w.data, plain.data, rtol=1e-13)


def test_adamw_is_its_definition():
    w = Tensor(np.ones(5), requires_grad=True)
    run(AdamW([w], lr=0.1, weight_decay=0.3), w, GRADIENTS)
    expected = adam_by_sums(np.ones(5), GRADIENTS, 0.1, 0.9, 0.999, 1e-8, decoupled=0.3)
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)


@pytest.mark.parametrize(("make", "decay"), [(Adam, 0.0), (AdamW, 0.1)])
def test_amsgrad_divides_by_the_largest_so_far(make, decay):
    gradients = np.concatenate([100 * GRADIENTS[:5], GRADIENTS[5:]])
    w = Tensor(np.ones(5), requires_grad=True)
    optimizer = make([w], lr=0.1, betas=(0.9, 0.9), weight_decay=decay, amsgrad=True)
    run(optimizer, w, gradients)
    expected = adam_by_sums(np.ones(5), gradients, 0.1, 0.9, 0.9, 1e-8, decay, amsgrad=True)
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)
    assert np.all(optimizer.state[w]["max_exp_avg_sq"] > optimizer.state[w]["exp_avg_sq"])


def test_the_moments_are_never_reset():
    """Ten epochs of a training loop, saved and resumed half way: one Adam over all gradients."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((12, 3)), rng.standard_normal(12)
    w = Tensor(np.ones(3), requires_grad=True)
    optimizer = Adam([("w", w)], lr=0.01)
    gradients, last = [], 0
    for epoch in range(10):
        for batch in np.split(rng.permutation(12), 4):
            optimizer.zero_grad()
            loss = ((x[batch] @ w - y[batch]) ** 2).mean()
            loss.backward()
            gradients.append(w.grad.copy())
            optimizer.step()
            assert optimizer.state[w]["step"] == last + 1
            last += 1
        w.data = w.data.copy()
        if epoch == 4:
            state = pickle.loads(pickle.dumps(optimizer.state_dict()))
            w = Tensor(w.data, requires_grad=True)
            optimizer = Adam([("w", w)], lr=0.01)
            optimizer.load_state_dict(state)
    expected = adam_by_sums(np.ones(3), gradients, 0.01, 0.9, 0.999, 1e-8)
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)


def test_a_large_parameter_is_stepped_like_small_ones():
    """300 x 300 numbers are cut into blocks; every number must step once, with its own state."""
    gradients = np.random.default_rng(2).standard_normal((3, 300, 300))
    w = Tensor(np.ones((300, 300)), requires_grad=True)
    run(AdamW([w], lr=0.1, amsgrad=True), w, gradients)
    expected = adam_by_sums(
        np.ones((300, 300)), gradients, 0.1, 0.9, 0.999, 1e-8, decoupled=0.01, amsgrad=True
    )
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)


def test_float32_stays_near_float64_over_many_steps():
    gradients = np.random.default_rng(3).standard_normal((2000, 4)) + 0.1
    single = Tensor(np.ones(4, np.float32), requires_grad=True)
    double = Tensor(np.ones(4), requires_grad=True)
    run(Adam([single], lr=1e-3), single, gradients)
    run(Adam([double], lr=1e-3), double, gradients)
    np.testing.assert_allclose(single.data, double.data, rtol=1e-4)


def test_a_gradient_too_large_to_square_stops_only_its_own_number():
    """v becomes inf, which must not turn into inf - inf at the next step."""
    w = Tensor(np.ones(2, np.float32), requires_grad=True)
    optimizer = Adam([w], lr=0.1)
    with np.errstate(over="ignore"):
        run(optimizer, w, np.array([[1e30, 1.0], [1.0, 1.0], [1.0, 1.0]], np.float32))
    np.testing.assert_allclose(w.data, [1.0, 0.7], rtol=1e-5)
