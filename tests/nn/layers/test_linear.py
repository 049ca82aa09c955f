"""Bilinear and unflatten: on known numbers, their limits, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients


def test_bilinear_of_known_numbers() -> None:
    weight = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]]])  # x1 · x2; x1_0 x2_1
    x1, x2 = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    y = F.bilinear(x1, x2, weight, np.array([0.0, 0.5]))
    np.testing.assert_array_equal(y, [[17, 6.5], [53, 24.5]])
    assert type(y) is np.ndarray


def test_bilinear_starts_within_its_bound() -> None:
    layer = nn.Bilinear(25, 3, 8, generator=0)
    assert layer.weight.dtype == np.float32
    for x in layer.parameters():
        assert 0.1 < np.abs(x.data).max() <= 0.2  # 1/sqrt(25)
    np.testing.assert_array_equal(nn.Bilinear(25, 3, 8, generator=0).weight.data, layer.weight.data)


def plain_linear(x: Any, weight: Any, bias: Any) -> Any:
    return (x[..., None, :] * weight).sum(-1) + bias


def test_linear_beside_its_formula() -> None:
    rng = np.random.default_rng(0)
    for shape in (4,), (3, 4), (2, 3, 4), (0, 4):
        arrays = rng.normal(size=shape), rng.normal(size=(5, 4)), rng.normal(size=5)
        np.testing.assert_allclose(F.linear(*arrays), plain_linear(*arrays))
        gradcheck(F.linear, *arrays)
        gradgradcheck(F.linear, *arrays)
        # Differentiating again takes the closures alone, without the product: of the same values.
        ours, formula = ([Tensor(a, requires_grad=True) for a in arrays] for _ in range(2))
        for f, tensors in (F.linear, ours), (plain_linear, formula):
            slopes = gradients((f(*tensors) ** 3).sum(), tensors, create_graph=True)
            sum((g * g).sum() for g in slopes).backward()
        for a, b in zip(ours, formula, strict=True):
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-9, atol=1e-9)


def test_the_bias_is_added_in_place_only_where_the_dtype_stays() -> None:
    x, weight = np.ones((3, 4), np.float32), np.ones((2, 4), np.float32)
    wide = Tensor(np.full(2, 1e-9), requires_grad=True)
    y = F.linear(x, weight, wide)
    np.testing.assert_array_equal(y.detach().numpy(), 4 + 1e-9)
    assert y.dtype == np.float64
    y.sum().backward()
    np.testing.assert_array_equal(wide.grad, 3)
    assert F.linear(x, weight, np.ones(2, np.float16)).dtype == np.float32


def test_unflatten_undoes_flatten() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(nn.Unflatten(1, (3, 4))(nn.Flatten()(x)), x)
    assert F.unflatten(x, -1, (2, 1, -1)).shape == (2, 3, 2, 1, 2)
    assert F.unflatten(x, 0, (2,)).shape == x.shape
    assert F.unflatten(np.zeros((2, 0)), 1, (0, 5)).shape == (2, 0, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: nn.Bilinear(2, 3, 4)(np.ones((5, 3)), np.ones((5, 3))),
            r"Bilinear\(2, 3, 4\): got inputs of shapes \(5, 3\) and \(5, 3\), expected \(..., 2\)",
        ),
        (lambda: nn.Bilinear(2, 3, 4)(np.ones((5, 2)), np.ones((1, 3))), "alike but for the last"),
        (lambda: F.bilinear(np.ones(2), np.ones(2), np.ones((4, 2, 3))), r"bilinear: got inputs"),
        (
            lambda: F.bilinear(np.ones(2), np.ones(3), np.ones((4, 2, 3)), np.ones(1)),
            r"bilinear: got a bias of shape \(1,\), expected \(4,\)",
        ),
        (
            lambda: F.linear(np.ones((2, 3)), np.ones((4, 5))),
            r"linear: got input of shape \(2, 3\) and weight of shape \(4, 5\), expected",
        ),
        (
            lambda: F.linear(np.ones((2, 3)), np.ones((4, 3)), np.ones((2, 4))),
            r"linear: got a bias of shape \(2, 4\), expected \(4,\)",
        ),
        (lambda: nn.Bilinear(0, 3, 4), "Bilinear: got in1_features=0, expected at least 1"),
        (lambda: F.unflatten(np.ones((2, 6)), 1, (4, 2)), r"6 long, which sizes \(4, 2\) do not"),
        (lambda: F.unflatten(np.ones((2, 6)), 1, (4, -1)), r"sizes \(4, -1\) do not multiply"),
        (lambda: F.unflatten(np.ones((2, 6)), 1, (-1, -1)), r"2 are -1; one may be"),
        (lambda: F.unflatten(np.ones((2, 6)), 1, (-2, -3)), r"sizes \(-2, -3\) do not multiply"),
        (lambda: F.unflatten(np.ones((2, 6)), 1, ()), r"sizes \(\) do not multiply"),
        (lambda: nn.Unflatten(2, (2, 3))(np.ones((2, 6))), r"no axis 2 in shape \(2, 6\)"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_with_one_gradient_it_is_linear_and_keeps_no_inputs(at: int) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((2, 6, 4), (3, 4), (3,))]

    def f(t: Any) -> Any:
        return F.linear(*(np.sin(t) if i == at else a for i, a in enumerate(arrays)))

    assert f(Tensor(arrays[at], requires_grad=True))._node.inputs is None
    assert F.linear(*(Tensor(a, requires_grad=True) for a in arrays))._node.inputs is not None
    assert gradcheck(f, arrays[at])
    assert gradgradcheck(f, arrays[at])
