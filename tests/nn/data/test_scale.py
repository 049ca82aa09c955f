"""One scale for all columns."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.data import Standardize

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_training_part_has_mean_0_and_deviation_1(dtype):
    x = (RNG.normal(size=(500, 3)) * [1, 1e-3, 100] + [0, 5, -1e4]).astype(dtype)
    test = x[:7] + 1
    standardize = Standardize(x)
    z = standardize(x)
    assert z.dtype == standardize(test).dtype == dtype
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=3e-2 if dtype == np.float32 else 1e-9)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-3)
    expected = (test - x.mean(axis=0, dtype=np.float64)) / x.std(axis=0, dtype=np.float64)
    np.testing.assert_allclose(standardize(test), expected, rtol=1e-3, atol=3e-2)
    np.testing.assert_allclose(standardize.inverse(z), x, rtol=1e-5)


def test_each_channel_of_images_by_itself():
    x = RNG.normal(size=(20, 3, 4, 5)) * np.array([1, 2, 3])[:, None, None] + 7
    z = Standardize(x, axis=(0, 2, 3))(x)
    np.testing.assert_allclose(z.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=(0, 2, 3)), 1)
    assert Standardize(x, axis=(0, 2, 3)).mean.shape == (1, 3, 1, 1)
    assert Standardize(x, axis=None)(x).std() == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1, 1e9])
def test_a_column_of_equal_values_becomes_0(value):
    x = np.full((7, 1), value, np.float32)
    assert np.all(Standardize(x)(x) == 0)


def test_integers_become_floats_and_tensors_stay_tensors():
    x = np.array([[1], [3]])
    assert Standardize(x)(x).tolist() == [[-1], [1]]
    t = Tensor(np.array([[1.0], [3.0]]), requires_grad=True)
    z = Standardize(t)(t)
    z.sum().backward()
    assert z.data.tolist() == [[-1], [1]]
    assert t.grad.tolist() == [[1], [1]]


def test_it_is_saved_with_the_model(tmp_path):
    x = RNG.normal(size=(9, 2)).astype(np.float32)
    nn.save({"scale": Standardize(x).state_dict()}, tmp_path / "a.npz")
    again = Standardize.from_state(nn.load(tmp_path / "a.npz")["scale"])
    np.testing.assert_array_equal(again(x), Standardize(x)(x))
    assert repr(again) == "Standardize(2 means and standard deviations)"


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([[1.0]], TypeError, "got a list, expected an array of floats or integers"),
        (np.array([["a"]]), TypeError, "got an array of <U1"),
        (np.zeros((0, 2)), ValueError, r"got shape \(0, 2\), expected some values"),
        (np.array([[1, 2], [3, np.nan]]), ValueError, r"x\[1, 1\] is nan"),
        (np.array([[1, np.inf]]), ValueError, r"x\[0, 1\] is inf"),
    ],
)
def test_what_cannot_be_measured(x, error, words):
    with pytest.raises(error, match=f"Standardize: {words}"):
        Standardize(x)


@pytest.mark.parametrize("shape", [(5, 3), (2,), (5, 2, 1), (5, 1)])
def test_data_of_another_shape_is_refused(shape):
    standardize = Standardize(np.eye(2))
    for apply in (standardize, standardize.inverse):
        with pytest.raises(ValueError, match=r"got shape .*which has means of shape \(1, 2\)"):
            apply(np.zeros(shape))
