"""Fourier transforms where the table of ops does not look: their algebra, dtypes, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, gradients
from autograd.errors import NoGradientRuleError

F = np.fft
RNG = np.random.default_rng(0)


def matrix(f: Any, size: int, **config: Any) -> np.ndarray:
    """The matrix of a linear function: its columns are the transforms of unit vectors."""
    return np.stack([f(row, **config) for row in np.eye(size)], axis=1)


@pytest.mark.parametrize("f", [F.fft, F.ifft])
@pytest.mark.parametrize("n", [None, 3, 7])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_the_gradient_is_the_transpose_without_conjugation(f: Any, n: Any, norm: str) -> None:
    z = Tensor(RNG.standard_normal(5) + 0j, requires_grad=True)
    out = f(z, n, norm=norm)
    v = RNG.standard_normal(out.size) + 1j * RNG.standard_normal(out.size)
    (got,) = gradients(out, z, v)
    np.testing.assert_allclose(got, matrix(f, 5, n=n, norm=norm).T @ v)


@pytest.mark.parametrize("n", [4, 5])
def test_a_filter_in_the_frequency_domain(n: int) -> None:
    """irfft(rfft(x) * w) is a circular convolution: its gradient is a circular correlation."""
    x, kernel = Tensor(RNG.standard_normal(n), requires_grad=True), RNG.standard_normal(n)
    y = F.irfft(F.rfft(x) * F.rfft(kernel), n)
    circulant = np.stack([np.roll(kernel, i) for i in range(n)], axis=1)
    np.testing.assert_allclose(y.detach().numpy(), circulant @ x.data)
    v = RNG.standard_normal(n)
    (got,) = gradients(y, x, v)
    np.testing.assert_allclose(got, circulant.T @ v)


def test_parseval() -> None:
    """sum |fft(x)|^2 = n sum x^2, so the gradient is 2 n x."""
    x = Tensor(RNG.standard_normal(6), requires_grad=True)
    y = F.fft(x)
    np.sum(np.real(y * np.conj(y))).backward()
    np.testing.assert_allclose(x.grad, 12 * x.data)


def test_single_precision_stays_single() -> None:
    x = Tensor(RNG.standard_normal((4, 4)).astype(np.float32), requires_grad=True)
    for f in (F.fft, F.ifft, F.rfft, F.ihfft, F.fft2, F.rfft2):
        y = f(x)
        assert y.dtype == np.complex64
        np.sum(np.real(y)).backward()
        assert x.grad.dtype == np.float32
    for f in (F.irfft, F.hfft, F.irfft2):
        assert f(x).dtype == np.float32


def test_axes_that_repeat_are_transformed_again_as_numpy_does() -> None:
    x = RNG.standard_normal((3, 4))
    np.testing.assert_array_equal(
        F.fftn(Tensor(x), (5, -1, 2), (0, 1, 0)).numpy(), F.fftn(x, (5, -1, 2), (0, 1, 0))
    )


def test_refusals() -> None:
    x = Tensor(RNG.standard_normal(4))
    with pytest.raises(ValueError, match="2 lengths for 1 axes"):
        F.fftn(x, (4, 4), (0,))
    with pytest.raises(TypeError, match="out="):
        F.fft(Tensor(x, requires_grad=True), out=np.empty(4, complex))
    with pytest.raises(NoGradientRuleError, match="fft"):
        F.fft(x, Tensor(4))
    with pytest.raises(TypeError):
        F.rfft(Tensor([1j, 2]))
    with pytest.raises(ValueError, match="norm"):
        F.rfft(x, norm="nonsense")
