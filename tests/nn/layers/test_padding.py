"""Padding: the order of the pairs, cutting off, limits. (The rest is in the table of layers.)"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradients

X = np.array([[1.0, 2, 3]])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("constant", [0, 0, 1, 2, 3, 0, 0]),
        ("reflect", [3, 2, 1, 2, 3, 2, 1]),
        ("replicate", [1, 1, 1, 2, 3, 3, 3]),
        ("circular", [2, 3, 1, 2, 3, 1, 2]),
    ],
)
def test_modes(mode: str, expected: list[int]) -> None:
    np.testing.assert_array_equal(F.pad(X, (2, 2), mode), [expected])
    # each number's gradient is how often it was used
    x = Tensor(X, requires_grad=True)
    (g,) = gradients(F.pad(x, (2, 2), mode).sum(), x)
    np.testing.assert_array_equal(g, [[expected.count(i) for i in (1, 2, 3)]])


def test_the_last_axis_comes_first() -> None:
    x = np.zeros((2, 3, 4, 5))
    assert F.pad(x, (1, 2, 3, 4, 5, 6)).shape == (2, 3 + 11, 4 + 7, 5 + 3)
    y = F.pad(np.ones((1, 1)), (0, 1, 2, 0), value=7)
    np.testing.assert_array_equal(y, [[7, 7], [7, 7], [1, 7]])


def test_a_negative_number_cuts_off() -> None:
    np.testing.assert_array_equal(F.pad(X, (-1, 0)), [[2, 3]])
    np.testing.assert_array_equal(F.pad(X, (-1, 1), "circular"), [[2, 3, 2]])
    np.testing.assert_array_equal(F.pad(X, (-1, 1, 0, 1), value=9), [[2, 3, 9], [9, 9, 9]])
    assert F.pad(X, (-2, -1)).shape == (1, 0)


def test_arrays_tensors_and_dtypes() -> None:
    for dtype in (np.float32, np.int64, np.bool_):
        y = F.pad(X.astype(dtype), (1, 1), value=1)
        assert type(y) is np.ndarray
        assert y.dtype == dtype
    assert isinstance(F.pad(Tensor(X), (1, 1), "reflect"), Tensor)
    assert nn.ReflectionPad1d(1)(np.zeros((0, 2, 3))).shape == (0, 2, 5)
    assert F.pad(np.zeros((1, 0)), (1, 1)).shape == (1, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.pad(X, (1, 1), "edge"), "pad: got mode='edge', expected one of 'constant', "),
        (lambda: F.pad(X, (1, 1), "reflect", 1.0), "value=1.0, expected none with mode='reflect'"),
        (lambda: F.pad(X, (1,)), r"pad: got pad=\(1,\), expected a pair of ints"),
        (lambda: F.pad(X, (1, 1.5)), "expected a pair of ints"),
        (lambda: F.pad(X, (1,) * 6), r"shape \(1, 3\), expected at least 3 axes"),
        (lambda: F.pad(X[0], (1, 1), "circular"), r"shape \(3,\), expected 2 or 3 axes"),
        (lambda: F.pad(X, (1, 1, 1, 1), "replicate"), r"shape \(1, 3\), expected 3 or 4 axes"),
        (lambda: F.pad(X, (-2, -2)), r"got \(-2, -2\) for axis 1, expected 3 at most to cut"),
        (lambda: F.pad(X, (-4, 2)), "expected . at most to cut"),
        (lambda: F.pad(X, (3, 0), "reflect"), r"\(3, 0\) for axis 1, which is 3 long, .* most 2"),
        (lambda: F.pad(X, (0, 4), "circular"), "which is 3 long, expected at most 3"),
        (lambda: F.pad(X[:, :0], (0, 1), "replicate"), "which is 0 long, expected at most 0"),
        (lambda: nn.ReflectionPad1d(3)(X), r"ReflectionPad1d: got \(3, 3\) for axis 1"),
        (lambda: nn.CircularPad2d(1)(X), r"CircularPad2d: got input of shape \(1, 3\), expected 3"),
        (lambda: nn.ZeroPad2d((1, 2)), r"ZeroPad2d: got padding=\(1, 2\), expected an int or 4 of"),
        (lambda: nn.ConstantPad1d(1.5, 0.0), "ConstantPad1d: got padding=1.5"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_repr() -> None:
    assert repr(nn.ZeroPad2d((1, 2, 0, 1))) == "ZeroPad2d((1, 2, 0, 1))"
    assert repr(nn.ConstantPad1d(2, 0.5)) == "ConstantPad1d((2, 2), 0.5)"
