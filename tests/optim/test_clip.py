"""Clipping gradients, against numbers worked out by hand and against PyTorch."""

import math

import numpy as np
import pytest

import nn
from autograd import Tensor
from optim import clip_grad_norm_, clip_grad_value_


def leaf(*gradient, dtype=np.float64):
    w = Tensor(np.zeros(len(gradient), dtype), requires_grad=True)
    w.grad = np.array(gradient, dtype)
    return w


def test_one_norm_for_all():
    a, b = leaf(3.0, 0.0), leaf(4.0)
    assert clip_grad_norm_([a, b], 1.0) == 5.0
    np.testing.assert_allclose(a.grad, [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(b.grad, [0.8], rtol=1e-6)


def test_within_the_norm_nothing_changes():
    a, b = leaf(3.0, 0.0), leaf(4.0)
    assert clip_grad_norm_([a, b], 5.1) == 5.0
    assert (a.grad.tolist(), b.grad.tolist()) == ([3, 0], [4])


@pytest.mark.parametrize("max_norm", [0.0, 1.0])
def test_zero_gradients_stay_zero(max_norm):
    w = leaf(0.0, 0.0)
    assert clip_grad_norm_(w, max_norm) == 0
    assert w.grad.tolist() == [0, 0]


def test_max_norm_zero_gives_zeros():
    w = leaf(3.0, 4.0)
    clip_grad_norm_(w, 0.0)
    assert w.grad.tolist() == [0, 0]


@pytest.mark.parametrize(("p", "norm"), [(1, 7), (2, 5), (3, 91 ** (1 / 3)), (math.inf, 4)])
def test_norm_types(p, norm):
    a, b = leaf(-3.0), leaf(0.0, 4.0)
    assert clip_grad_norm_([a, b], norm / 2, norm_type=p) == pytest.approx(norm)
    np.testing.assert_allclose([*a.grad, *b.grad], [-1.5, 0, 2], rtol=1e-6)


@pytest.mark.parametrize(("p", "norm"), [(1, 0.75), (2, math.sqrt(0.3125)), (math.inf, 0.5)])
def test_norms_of_small_gradients(p, norm):
    assert clip_grad_norm_([leaf(0.25, -0.5), leaf()], 1, p) == pytest.approx(norm)


def test_gradients_change_in_place_and_keep_their_dtype():
    a, b = leaf(3.0, dtype=np.float32), leaf(4.0)
    grads = a.grad, b.grad
    clip_grad_norm_([a, b], np.float64(1))
    clip_grad_value_([a, b], np.float64(0.5))
    assert a.grad is grads[0]
    assert b.grad is grads[1]
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_a_large_gradient_is_cut_into_blocks():
    w = Tensor(np.zeros((300, 400), np.float32), requires_grad=True)
    w.grad = np.random.default_rng(0).standard_normal((300, 400)).astype(np.float32)
    before = w.grad.copy()
    norm = clip_grad_norm_(w, 1.0)
    assert norm == pytest.approx(np.linalg.norm(before.astype(float)), rel=1e-9)
    np.testing.assert_allclose(w.grad, before / norm, rtol=1e-5)
    w.grad = before
    assert clip_grad_norm_(w, 1.0, math.inf) == abs(before).max()


def test_an_explosion_does_not_overflow():
    w = leaf(3e30, 4e30, dtype=np.float32)
    assert clip_grad_norm_(w, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(w.grad, [0.6, 0.8], rtol=1e-6)


def test_what_has_no_gradient_is_passed_over():
    w, other = leaf(3.0, 4.0), Tensor([1.0], requires_grad=True)
    assert clip_grad_norm_([other, w], 10.0) == 5
    clip_grad_value_([other, w], 3.5)
    assert w.grad.tolist() == [3, 3.5]
    assert other.grad is None
    assert clip_grad_norm_([other], 1.0) == clip_grad_norm_([], 1.0) == 0


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_model_is_not_its_parameters(clip):
    class Model:
        def parameters(self):
            return [leaf(3.0)]

    with pytest.raises(TypeError, match=rf"{clip.__name__}: got Model, .*model\.parameters\(\)"):
        clip(Model(), 1.0)


def test_a_shared_parameter_counts_once():
    w = leaf(3.0, 4.0)
    assert clip_grad_norm_([w, w], 2.5) == 5
    np.testing.assert_allclose(w.grad, [1.5, 2], rtol=1e-6)


def test_shapes():
    empty = Tensor(np.zeros((0, 3)), requires_grad=True)
    empty.grad = np.zeros((0, 3))
    scalar = Tensor(np.array(1.0), requires_grad=True)
    scalar.grad = np.array(-8.0)
    assert clip_grad_norm_([empty, scalar], 4.0) == 8
    assert scalar.grad == pytest.approx(-4)
    assert clip_grad_norm_([empty, scalar], 2.0, math.inf) == pytest.approx(4)
    clip_grad_value_([empty, scalar], 1.0)
    assert scalar.grad == -1


@pytest.mark.parametrize(("bad", "after"), [(math.inf, [0, math.nan]), (math.nan, [math.nan] * 2)])
def test_not_finite(bad, after):
    fine, w = leaf(1.0), leaf(1.0, bad)
    with pytest.raises(FloatingPointError, match=r"gradients \[1\] of 2"):
        clip_grad_norm_([fine, w], 1.0, error_if_nonfinite=True)
    assert fine.grad.tolist() == [1]
    with np.errstate(invalid="ignore"):
        norm = clip_grad_norm_([fine, w], 1.0)
    np.testing.assert_equal(norm, bad)
    np.testing.assert_equal(w.grad, after)


def test_values():
    w = leaf(-3.0, -0.5, 0.0, 2.0, math.nan)
    assert clip_grad_value_(w, 1.0) is None
    np.testing.assert_equal(w.grad, [-1, -0.5, 0, 1, math.nan])


def test_refusals():
    w = leaf(1.0)
    for clip, name in (clip_grad_norm_, "max_norm"), (clip_grad_value_, "clip_value"):
        for value in (-1.0, math.nan):
            with pytest.raises(ValueError, match=f"{name}: got {value}, expected a number >= 0"):
                clip(w, value)
        with pytest.raises(TypeError, match="parameter 0 is a str, expected a Tensor"):
            clip(nn.Linear(2, 2).state_dict(), 1.0)
    with pytest.raises(ValueError, match="norm_type: got 0, expected a number > 0"):
        clip_grad_norm_(w, 1.0, 0)
    z = Tensor(np.array([1j]), requires_grad=True)
    z.grad = np.array([3 + 4j])
    assert clip_grad_norm_(z, 10.0) == 5
    with pytest.raises(TypeError, match="complex"):
        clip_grad_value_(z, 1.0)


def test_an_iterator_that_is_used_up():
    parameters = nn.Linear(2, 2).parameters()
    list(parameters)
    with pytest.warns(UserWarning, match="clip_grad_norm_: got an iterator with nothing left"):
        assert clip_grad_norm_(parameters, 1.0) == 0


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("limit", [0.1, 3.0, 1e9])
def test_as_pytorch(p, limit):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for shape in [(4, 3), (5,), (), (150, 200)]:
        g = rng.standard_normal(shape)
        w, t = Tensor(np.zeros(shape), requires_grad=True), torch.zeros(shape, dtype=torch.float64)
        w.grad, t.grad = g, torch.tensor(g)
        ours.append(w)
        theirs.append(t)
    norm = clip_grad_norm_(ours, limit, p)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, limit, p).item(), rel=1e-9)
    for w, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(w.grad, t.grad.numpy(), rtol=1e-9)
    clip_grad_value_(ours, limit / 5)
    torch.nn.utils.clip_grad_value_(theirs, limit / 5)
    for w, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(w.grad, t.grad.numpy(), rtol=1e-9)
