"""Shuffles: the formulas, inverses, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor


def test_formulas() -> None:
    x = np.random.default_rng(0).standard_normal((2, 12, 3, 4))
    y = F.pixel_shuffle(x, 2)
    assert y.shape == (2, 3, 6, 8)
    for c, a, b in np.ndindex(3, 2, 2):
        np.testing.assert_array_equal(y[:, c, a::2, b::2], x[:, (c * 2 + a) * 2 + b])
    np.testing.assert_array_equal(F.pixel_unshuffle(y, 2), x)

    z = F.channel_shuffle(x, 3)
    for i, g in np.ndindex(4, 3):
        np.testing.assert_array_equal(z[:, i * 3 + g], x[:, g * 4 + i])
    np.testing.assert_array_equal(F.channel_shuffle(z, 4), x)


def test_arrays_and_dtypes() -> None:
    for f, shape in [
        (nn.PixelShuffle(2), (4, 1, 2)),
        (nn.PixelUnshuffle(2), (1, 2, 4)),
        (nn.ChannelShuffle(2), (0, 4)),
    ]:
        for dtype in (np.float32, np.int64):
            x = np.zeros(shape, dtype)
            assert type(f(x)) is np.ndarray
            assert f(x).dtype == f(Tensor(x)).dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.PixelShuffle(0), "PixelShuffle: got upscale_factor=0, expected an int of at"),
        (lambda: nn.PixelUnshuffle(2.0), "PixelUnshuffle: got downscale_factor=2.0"),
        (lambda: nn.ChannelShuffle(-1), "ChannelShuffle: got groups=-1"),
        (
            lambda: F.pixel_shuffle(np.ones((1, 6, 2, 2)), 2),
            r"pixel_shuffle: got input of shape \(1, 6, 2, 2\), .* multiple of 4 along axis -3",
        ),
        (lambda: F.pixel_shuffle(np.ones((4, 2)), 2), "expected at least 3 axes"),
        (lambda: F.pixel_unshuffle(np.ones((1, 3, 4)), 2), "multiple of 2 along axis -2"),
        (lambda: F.pixel_unshuffle(np.ones((1, 4, 3)), 2), "multiple of 2 along axis -1"),
        (lambda: F.channel_shuffle(np.ones((1, 4, 2)), 3), "channel_shuffle: .* of 3 along axis 1"),
        (lambda: F.channel_shuffle(np.ones(4), 2), "expected at least 2 axes"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_repr() -> None:
    assert repr(nn.PixelShuffle(3)) == "PixelShuffle(3)"
