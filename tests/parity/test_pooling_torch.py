"""Pooling against PyTorch where the table of layers does not go: a sweep over windows, ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn.functional as F  # noqa: E402
from autograd import Tensor, gradients  # noqa: E402

WINDOWS = [
    (kernel, stride, padding, dilation, ceil)
    for kernel in (1, 2, 3, 4)
    for stride in (1, 2, 3)
    for padding in range(kernel // 2 + 1)
    for dilation in (1, 2)
    for ceil in (False, True)
]


def same(name: str, x: Any, *args: Any, **kwargs: Any) -> None:
    """Values, indices and gradients."""
    ours, t = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        expected = getattr(torch.nn.functional, name)(t, *args, **kwargs)
    except RuntimeError:
        with pytest.raises(ValueError, match=name):
            getattr(F, name)(ours, *args, **kwargs)
        return
    y = getattr(F, name)(ours, *args, **kwargs)
    if isinstance(expected, tuple):
        (y, at), (expected, theirs) = y, expected
        np.testing.assert_array_equal(at, theirs.numpy())
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-12)
    v = np.random.default_rng(1).standard_normal(y.shape)
    (got,) = gradients((y * v).sum(), [ours])
    (want,) = torch.autograd.grad((expected * torch.tensor(v)).sum(), [t])
    np.testing.assert_allclose(np.asarray(got), want.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_max_pool(window: tuple[Any, ...]) -> None:
    kernel, stride, padding, dilation, ceil = window
    rng = np.random.default_rng(0)
    for size in (3, 4, 7):
        # Few different numbers: it shows which of several equal ones is taken.
        x = rng.integers(0, 3, (2, 1, size, 6)).astype(float)
        options = {"ceil_mode": ceil, "return_indices": True}
        same("max_pool2d", x, kernel, stride, padding, dilation, **options)


@pytest.mark.parametrize("window", [w for w in WINDOWS if w[3] == 1], ids=str)
@pytest.mark.parametrize("count", [True, False])
def test_avg_pool(window: tuple[Any, ...], count: bool) -> None:
    kernel, stride, padding, _, ceil = window
    for size in (2, 4, 7):
        x = np.random.default_rng(0).standard_normal((2, 1, size, 6))
        same("avg_pool2d", x, kernel, stride, padding, ceil, count)


@pytest.mark.parametrize("out", [1, 2, 3, 4, 6, 9, (2, None)])
def test_adaptive(out: Any) -> None:
    rng = np.random.default_rng(0)
    same("adaptive_avg_pool2d", rng.standard_normal((2, 1, 5, 6)), out)
    x = rng.integers(0, 3, (2, 1, 5, 6)).astype(float)
    same("adaptive_max_pool2d", x, out, return_indices=True)


@pytest.mark.parametrize("norm", [1, 2, 3.5, np.inf])
@pytest.mark.parametrize("ceil", [False, True])
def test_lp_pool(norm: float, ceil: bool) -> None:
    x = np.random.default_rng(0).uniform(0, 1, (2, 1, 5, 4))
    x[0, 0, :2, :2] = 0
    same("lp_pool2d", x, norm, 2, 2, ceil)
    same("lp_pool1d", x[0, 0], norm, 3, 2, ceil)
    same("lp_pool3d", x, norm, (1, 3, 2), None, ceil)


def test_nan() -> None:
    x = np.random.default_rng(0).standard_normal((1, 1, 6, 6))
    x[0, 0, 1, 2] = x[0, 0, 4, 4] = np.nan
    same("max_pool2d", x, 3, 2, 1, return_indices=True)
    same("adaptive_max_pool2d", x, 4, return_indices=True)
    same("avg_pool2d", x, 3, 2, 1)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_pooled_and_unpooled(n: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 6, 4)[: n + 2])
    window = 2, None, 0
    y, at = getattr(F, f"max_pool{n}d")(x, *window, return_indices=True)
    back = getattr(F, f"max_unpool{n}d")(y, at, *window, output_size=x.shape)
    expected = getattr(torch.nn.functional, f"max_unpool{n}d")(
        torch.tensor(y), torch.tensor(at), *window, output_size=x.shape
    )
    np.testing.assert_array_equal(back, expected.numpy())
