"""Dropout of elements, of channels, and for SELU: what is drawn, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradgradcheck, gradients

FLOOR = F.selu(np.array(-1e3))  # what alpha dropout puts in the place of dropped elements


@pytest.mark.parametrize(
    ("f", "shape", "kept"),  # kept: the shape of what is drawn
    [
        (F.dropout, (40, 50), (40, 50)),
        (F.dropout1d, (40, 50, 3), (40, 50, 1)),
        (F.dropout1d, (2000, 3), (2000, 1)),
        (F.dropout2d, (40, 50, 2, 3), (40, 50, 1, 1)),
        (F.dropout2d, (40, 50, 3), (40, 50, 1)),
        (F.dropout3d, (40, 50, 2, 1, 3), (40, 50, 1, 1, 1)),
        (F.dropout3d, (2000, 2, 1, 3), (2000, 1, 1, 1)),
    ],
)
def test_whole_channels(f: Any, shape: tuple[int, ...], kept: tuple[int, ...]) -> None:
    y = f(np.ones(shape, np.float32), 0.25, generator=0)
    assert y.dtype == np.float32
    first = y[tuple(slice(0, n) for n in kept)]
    np.testing.assert_array_equal(y, np.broadcast_to(first, shape))
    np.testing.assert_allclose(np.unique(first), [0, 4 / 3], rtol=1e-6)
    assert abs((first == 0).mean() - 0.25) < 0.04  # of 2000: four standard deviations


@pytest.mark.parametrize(
    ("f", "shape"),
    [(F.alpha_dropout, (400, 500)), (F.feature_alpha_dropout, (4000, 50, 2))],
)
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(f: Any, shape: tuple[int, ...], p: float) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    y = f(x, p, True, generator=1)
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - 1) < 0.03
    a = ((1 - p) * (1 + p * FLOOR**2)) ** -0.5
    dropped = np.isclose(y, a * (FLOOR - p * FLOOR), rtol=1e-12)
    np.testing.assert_allclose(dropped.mean(), p, atol=0.005)
    np.testing.assert_allclose(y[~dropped], a * (x[~dropped] - p * FLOOR))


def test_feature_alpha_dropout_drops_channels() -> None:
    y = F.feature_alpha_dropout(np.ones((30, 20, 3)), 0.5, True, generator=0)
    assert (y == y[:, :, :1]).all()
    assert len(np.unique(y)) == 2


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Dropout, (5,)),
        (nn.Dropout1d, (2, 3, 4)),
        (nn.Dropout2d, (2, 3, 4, 1)),
        (nn.Dropout3d, (2, 3, 1, 1, 2)),
        (nn.AlphaDropout, (7,)),
        (nn.FeatureAlphaDropout, (2, 3, 4)),
    ],
)
def test_layers(layer: Any, shape: tuple[int, ...]) -> None:
    t = Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)
    drop = layer(0.5, generator=3)
    outs = [drop(t).detach().numpy() for _ in range(8)]
    assert any((outs[0] != y).any() for y in outs)  # one mask after the other
    np.testing.assert_array_equal(layer(0.5, generator=3)(t).detach().numpy(), outs[0])
    assert drop.eval()(t) is t
    assert not layer(1.0)(t).detach().numpy().any()
    assert layer(0.0)(t) is t
    single = layer(0.5)(t.detach().numpy().astype(np.float32))
    assert type(single) is np.ndarray
    assert single.dtype == np.float32
    gradgradcheck(lambda x: layer(0.5, generator=0)(x) ** 2, t.detach().numpy())


def test_alpha_dropout_gradient() -> None:
    t = Tensor(np.ones(1000), requires_grad=True)
    y = F.alpha_dropout(t, 0.5, True)
    (g,) = gradients(y.sum(), t)
    low, high = np.unique(y.detach().numpy())
    a = (0.5 * (1 + 0.5 * FLOOR**2)) ** -0.5
    np.testing.assert_allclose(g, np.where(y.detach().numpy() == high, a, 0))
    np.testing.assert_allclose(high - low, a * (1 - FLOOR))


@pytest.mark.parametrize("f", [F.alpha_dropout, F.feature_alpha_dropout])
def test_alpha_functions_do_nothing_unless_told(f: Any) -> None:
    x = np.ones((2, 3))
    assert f(x) is x


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_integers_are_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"^{name}: got int64, expected floats"):
        getattr(F, name)(np.ones(3, int), 0.5, True)


@pytest.mark.parametrize("name", [n for n in F.__all__ if "dropout" in n])
def test_pytorchs_inplace_is_not_taken_for_a_seed(name: str) -> None:
    with pytest.raises(TypeError, match="positional"):
        getattr(F, name)(np.ones((2, 3, 4)), 0.5, True, False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: F.dropout1d(np.ones(3)),
            r"dropout1d: got input of shape \(3,\), expected \(batch",
        ),
        (lambda: F.dropout2d(np.ones((3, 4))), r"dropout2d: got input of shape \(3, 4\)"),
        (lambda: F.dropout3d(np.ones((1, 3, 4))), r"dropout3d: got input of shape \(1, 3, 4\)"),
        (lambda: nn.Dropout2d()(np.ones((3, 4))), r"dropout2d: got input of shape \(3, 4\)"),
        (lambda: F.feature_alpha_dropout(np.ones(3)), r"feature_alpha_dropout: got .* \(3,\)"),
        (
            lambda: F.dropout2d(np.ones((1, 1, 1, 1)), 1.5),
            r"dropout2d: got p=1.5, expected a probability",
        ),
        (lambda: F.alpha_dropout(np.ones(3), -0.5), r"alpha_dropout: got p=-0.5, expected"),
        (lambda: nn.FeatureAlphaDropout(2.0), r"FeatureAlphaDropout: got p=2.0, expected"),
        (lambda: nn.Dropout3d(-1), r"Dropout3d: got p=-1, expected"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
