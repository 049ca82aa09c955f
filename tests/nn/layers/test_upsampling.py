"""Interpolation: known numbers, what it keeps, dtypes, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck

MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}
ALL = [(n, mode) for n, modes in MODES.items() for mode in modes]


def row(*numbers: float) -> np.ndarray:
    return np.array([[numbers]], float)


@pytest.mark.parametrize(
    ("x", "config", "expected"),
    [
        (row(1, 2, 3), {"scale_factor": 2}, [1, 1, 2, 2, 3, 3]),
        (row(1, 2, 3), {"size": 2}, [1, 2]),
        (row(1, 2, 3), {"size": 2, "mode": "nearest-exact"}, [1, 3]),
        (row(0, 4), {"size": 4, "mode": "linear"}, [0, 1, 3, 4]),
        (row(0, 3), {"size": 4, "mode": "linear", "align_corners": True}, [0, 1, 2, 3]),
        (row(7, 3), {"size": 1, "mode": "linear", "align_corners": True}, [7]),
        (row(1, 2, 3, 4), {"scale_factor": 0.5, "mode": "linear"}, [1.5, 3.5]),
        (row(1, 2, 3, 4), {"size": 3, "mode": "area"}, [1.5, 2.5, 3.5]),
    ],
)
def test_known_numbers(x: Any, config: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(F.interpolate(x, **config)[0, 0], expected, rtol=1e-14, atol=1e-14)


def test_rounded_sizes() -> None:
    # three numbers become floor(3 * 1.5) = 4, and number i lies at (i + 1/2) / 1.5 - 1/2, or at
    # (i + 1/2) 3/4 - 1/2
    x = row(0, 1, 2)
    places = (np.arange(4) + 0.5) / 1.5 - 0.5
    y = F.interpolate(x, scale_factor=1.5, mode="linear")
    np.testing.assert_allclose(y[0, 0], places.clip(0, 2), atol=1e-15)
    y = F.interpolate(x, scale_factor=1.5, mode="linear", recompute_scale_factor=True)
    np.testing.assert_allclose(y, F.interpolate(x, 4, mode="linear"), rtol=1e-14)
    np.testing.assert_allclose(y[0, 0], ((np.arange(4) + 0.5) * 0.75 - 0.5).clip(0, 2), atol=1e-15)


@pytest.mark.parametrize(("n", "mode"), ALL)
def test_constants_stay(n: int, mode: str) -> None:
    x = np.full((2, 1, *range(2, 2 + n)), 3.5)
    for config in [{"size": 7}, {"scale_factor": 0.6}, {"scale_factor": 2.3}]:
        y = F.interpolate(x, mode=mode, **config)
        np.testing.assert_allclose(y, 3.5, rtol=1e-14)


def test_what_lies_on_a_line_stays_on_it() -> None:
    i, j = np.mgrid[:4, :5]
    x = (2.0 * i - j)[None, None]
    a, b = np.linspace(0, 3, 9)[:, None], np.linspace(0, 4, 7)
    y = F.interpolate(x, (9, 7), mode="bilinear", align_corners=True)
    np.testing.assert_allclose(y[0, 0], 2 * a - b, atol=1e-14)


@pytest.mark.parametrize(("n", "mode"), ALL)
def test_dtypes_and_derivatives(n: int, mode: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 1, *range(3, 3 + n)))
    single = x.astype(np.float32)
    assert type(F.interpolate(x, 4, mode=mode)) is np.ndarray
    assert F.interpolate(single, 4, mode=mode).dtype == np.float32
    assert F.interpolate(Tensor(single), 4, mode=mode).dtype == np.float32
    assert F.interpolate(x[:0], 4, mode=mode).shape == (0, 1, *(4,) * n)
    gradcheck(lambda x: F.interpolate(x, 4, mode=mode) ** 2, x)
    gradgradcheck(lambda x: F.interpolate(x, 4, mode=mode) ** 3, x)


def test_choosing_modes_take_any_dtype() -> None:
    labels = np.array([[[1, 2]]], np.uint8)
    y = F.interpolate(labels, 3)
    np.testing.assert_array_equal(y, np.array([[[1, 1, 2]]], np.uint8), strict=True)
    y = F.interpolate(row(np.nan, 1, np.inf), scale_factor=2)  # and no number touches its neighbour
    np.testing.assert_array_equal(y, row(np.nan, np.nan, 1, 1, np.inf, np.inf))


IMAGE = np.ones((1, 1, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.interpolate(IMAGE), "interpolate: got size=None and scale_factor=None, exp"),
        (lambda: F.interpolate(IMAGE, 2, 2), "got size=2 and scale_factor=2, expected one of them"),
        (lambda: F.interpolate(IMAGE, 2, mode="cubic"), "got mode='cubic', expected one of 'near"),
        (
            lambda: F.interpolate(IMAGE, 2, mode="linear"),
            r"shape \(1, 1, 2, 2\), .* 3 axes for mode='linear'; for 4 axes there are .*'bilinear'",
        ),
        (lambda: F.interpolate(IMAGE[0, 0], 2), r"shape \(2, 2\), .* 3 or 4 or 5 axes"),
        (lambda: F.interpolate(IMAGE, (2, 2, 2)), "interpolate: got size=.*or 2 of them"),
        (lambda: F.interpolate(IMAGE, 0), "size=0, expected an int of at least 1"),
        (lambda: F.interpolate(IMAGE, 2.5), "size=2.5, expected an int"),
        (lambda: F.interpolate(IMAGE, None, (2, 2, 2)), "scale_factor=.*or 2 of them"),
        (lambda: F.interpolate(IMAGE, None, -1.0), "scale_factor=-1.0, expected a positive number"),
        (lambda: F.interpolate(IMAGE, None, 0.4), r"got \(2, 2\) to make \(0, 0\) of"),
        (lambda: F.interpolate(IMAGE[:, :, :0], 2), r"got \(0, 2\) to make \(2, 2\) of"),
        (lambda: F.interpolate(IMAGE, 2, align_corners=True), "align_corners=True, expected none"),
        (lambda: F.interpolate(IMAGE, 2, None, "nearest", None, True), "recompute_scale_factor"),
        (lambda: nn.Upsample(), "Upsample: got size=None and scale_factor=None"),
        (lambda: nn.Upsample(2, mode="area", align_corners=False), "Upsample: got align_corners"),
        (lambda: nn.UpsamplingBilinear2d(2)(IMAGE[0]), "UpsamplingBilinear2d: got input of shape"),
    ],
)  # fmt: skip
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_type_errors() -> None:
    with pytest.raises(TypeError, match="interpolate: got int64, expected floats"):
        F.interpolate(IMAGE.astype(np.int64), 3, mode="bilinear")


def test_repr() -> None:
    assert repr(nn.Upsample(3)) == "Upsample(size=3)"
    text = repr(nn.UpsamplingBilinear2d(scale_factor=2))
    assert text == "UpsamplingBilinear2d(scale_factor=2)"


@pytest.mark.parametrize("mode", ["nearest", "linear", "area"])
def test_interpolation_to_the_same_size_is_a_value_of_its_own(mode: str) -> None:
    x = Tensor(np.ones((1, 1, 2)), requires_grad=True) * 1.0
    y = F.interpolate(x, size=(2,), mode=mode)
    y += 1.0
    assert x.tolist() == [[[1, 1]]]
    assert y.tolist() == [[[2, 2]]]
