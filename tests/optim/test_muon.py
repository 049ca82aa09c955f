"""Muon: orthogonal steps, their size, errors, saving and loading."""

import pickle

import numpy as np
import pytest

from autograd import Tensor
from optim import Muon
from optim.muon import orthogonal

EXACT = {"ns_coefficients": (1.875, -1.25, 0.375), "ns_steps": 60}  # these converge to 1


def leaf(*shape, dtype=np.float64, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape)
    return Tensor(values.astype(dtype), requires_grad=True)


def nearest(matrix):
    u, _, vt = np.linalg.svd(matrix, full_matrices=False)
    return u @ vt


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (1, 5), (5, 1)])
def test_the_step_is_orthogonal(shape):
    g = np.random.default_rng(1).standard_normal(shape)
    exact = orthogonal(g, (1.875, -1.25, 0.375), 60, 1e-7)
    np.testing.assert_allclose(exact, nearest(g), atol=1e-10)
    quick = orthogonal(g, (3.4445, -4.775, 2.0315), 5, 1e-7)
    sizes = np.linalg.svd(quick, compute_uv=False)
    assert np.all((sizes > 0.6) & (sizes < 1.3))


def test_two_steps_by_hand():
    w = leaf(3, 2)
    start = w.data.copy()
    first, second = np.random.default_rng(2).standard_normal((2, 3, 2))
    optimizer = Muon([w], lr=0.1, weight_decay=0.5, momentum=0.75, **EXACT)
    w.grad = first
    optimizer.step()
    scale, shrink = 0.1 * np.sqrt(3 / 2), 1 - 0.1 * 0.5
    expected = start * shrink - scale * nearest(first)
    np.testing.assert_allclose(w.data, expected, rtol=1e-9)
    w.grad = second
    optimizer.step()
    buffer = 0.75 * 0.25 * first + 0.25 * second
    expected = expected * shrink - scale * nearest(0.75 * buffer + 0.25 * second)
    np.testing.assert_allclose(w.data, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("shape", "rule", "size"),
    [
        ((8, 2), None, 2.0), ((8, 2), "original", 2.0), ((2, 8), "original", 1.0),
        ((9, 4), "match_rms_adamw", 0.6), ((4, 9), "match_rms_adamw", 0.6),
    ],
)  # fmt: skip
def test_the_size_of_a_step(shape, rule, size):
    w = leaf(*shape)
    start = w.data.copy()
    w.grad = np.random.default_rng(3).standard_normal(shape)
    optimizer = Muon([w], lr=1.0, weight_decay=0.0, adjust_lr_fn=rule, nesterov=False, **EXACT)
    optimizer.step()
    steps = np.linalg.svd(start - w.data, compute_uv=False)
    np.testing.assert_allclose(steps, size, rtol=1e-9)


def test_a_zero_gradient_only_decays_and_dtype_stays():
    w = leaf(2, 3, dtype=np.float32)
    start = w.data.copy()
    w.grad = np.zeros((2, 3))
    Muon([w], lr=0.5, weight_decay=0.5).step()
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.data, start * 0.75, rtol=1e-6)


def test_maximize_is_minimizing_the_negative():
    up, down = leaf(3, 2), leaf(3, 2)
    climber, other = Muon([up], maximize=True), Muon([down])
    up.grad = np.ones((3, 2))
    down.grad = -np.ones((3, 2))
    climber.step()
    other.step()
    assert np.array_equal(up.data, down.data)


def test_what_no_optimizer_takes_is_refused():
    w = leaf(3, 2)
    with pytest.raises(ValueError, match="given twice"):
        Muon([w, w])
    with pytest.raises(TypeError, match=r"parameter 0: got float"):
        Muon([0.1])


def test_a_state_needs_no_count():
    """PyTorch's has none: the rule does not ask for it."""
    w = leaf(3, 2)
    optimizer = Muon([w])
    state = {**optimizer.state_dict(), "state": {0: {"momentum_buffer": np.ones((3, 2))}}}
    optimizer.load_state_dict(state)
    assert optimizer.state[w]["step"] == 0


def test_the_step_after_loading_is_bit_identical():
    w = leaf(5, 3, dtype=np.float32)
    optimizer = Muon([("w", w)], lr=0.1)
    gradients = np.random.default_rng(4).standard_normal((4, 5, 3))
    for g in gradients[:2]:
        w.grad = g
        optimizer.step()
    copy = Tensor(w.data.copy(), requires_grad=True)
    other = Muon([("w", copy)])
    other.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for g in gradients[2:]:
        w.grad = copy.grad = g
        optimizer.step()
        other.step()
    assert np.array_equal(w.data, copy.data)


def test_other_than_matrices_are_refused():
    with pytest.raises(ValueError, match=r"Muon: parameter bias, of shape \(3,\), is not a matrix"):
        Muon([("weight", leaf(3, 2)), ("bias", leaf(3))])
    optimizer = Muon([leaf(3, 2)])
    with pytest.raises(ValueError, match=r"is not a matrix: .* the others to AdamW"):
        optimizer.add_param_group({"params": [leaf(3, 2, 2)]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"ns_coefficients": (1.0, 2.0)},
            r"ns_coefficients: got \(1.0, 2.0\), expected a tuple of three",
        ),
        ({"ns_steps": 100}, "ns_steps: got 100, expected a whole number from 0 to 99"),
        ({"ns_steps": 2.0}, "ns_steps: got 2.0"),
        ({"adjust_lr_fn": "none"}, "adjust_lr_fn: got 'none', expected 'original', 'match"),
        ({"momentum": -1}, "momentum: got -1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Muon([leaf(3, 2)], **options)
