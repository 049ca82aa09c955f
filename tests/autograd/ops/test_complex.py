"""Complex gradients: the convention dL/dx - i dL/dy, for holomorphic functions and others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, gradcheck, gradgradcheck, gradients

L = np.linalg
RNG = np.random.default_rng(0)


def draw(*shape: int) -> Any:
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def by_differences(loss: Any, z: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """dL/dx - i dL/dy, from the definition."""
    grad = np.empty(z.shape, complex)
    for i in np.ndindex(z.shape):
        step = np.zeros(z.shape)
        step[i] = h
        dx = loss(z + step) - loss(z - step)
        dy = loss(z + 1j * step) - loss(z - 1j * step)
        grad[i] = (dx - 1j * dy) / (2 * h)
    return grad


LOSSES = {
    "of a holomorphic function": lambda z: np.sum(np.real(z**3 * (1 + 2j))),
    "of the distance": lambda z: np.sum(np.abs(z - 2)),
    "of the square of the distance": lambda z: np.sum(np.real(z * np.conj(z))),
    "of both": lambda z: np.sum(np.abs(np.exp(z) + np.conj(z) * 1j)),
    "of the angle": lambda z: np.sum(np.angle(z * z)),
    "of parts": lambda z: np.sum(np.real(z) ** 2 * np.imag(z)),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_gradient_is_the_derivative_by_x_minus_i_times_that_by_y(loss: Any) -> None:
    z = Tensor(draw(2, 3), requires_grad=True)
    loss(z).backward()
    assert z.grad.dtype == np.complex128
    np.testing.assert_allclose(z.grad, by_differences(loss, z.data), rtol=1e-6, atol=1e-8)


def test_a_loss_falls_along_the_conjugate() -> None:
    z = Tensor([1 + 1j, -2j], requires_grad=True)
    for _ in range(60):
        z.grad = None
        d = z - np.array([3j, 4 - 1j], np.complex64)
        np.sum(np.real(d * np.conj(d))).backward()
        z.data -= 0.2 * np.conj(z.grad)
    np.testing.assert_allclose(z.data, [3j, 4 - 1j], atol=1e-5)


def test_from_a_complex_result_backward_gives_the_holomorphic_derivative() -> None:
    z = Tensor(0.5 + 1j, requires_grad=True, dtype=np.complex128)
    np.sin(z).backward()
    np.testing.assert_allclose(z.grad, np.cos(0.5 + 1j))


def test_a_real_tensor_among_complex_ones_gets_a_real_gradient() -> None:
    x, z = Tensor([2.0, 3.0], requires_grad=True), draw(2)
    y = x * z
    assert y.dtype == np.complex128
    np.sum(np.imag(y)).backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad, z.imag, rtol=1e-6)


def test_second_derivatives_of_a_real_tensor_through_complex_ones() -> None:
    x = Tensor(np.array([0.3, -0.7]), requires_grad=True)
    (slope,) = gradients(np.sum(np.real(np.exp(1j * x))), x, create_graph=True)
    np.testing.assert_allclose(slope.detach().numpy(), -np.sin(x.data))
    (curve,) = gradients(slope.sum(), x)
    np.testing.assert_allclose(curve, -np.cos(x.data))


def test_at_zero() -> None:
    for f in (np.abs, np.angle, L.norm):
        z = Tensor(np.zeros(2, complex), requires_grad=True)
        np.sum(f(z)).backward()
        np.testing.assert_array_equal(z.grad, [0, 0])
    assert gradients(np.sum(np.angle(Tensor([-1.0], requires_grad=True))), []) == ()


def test_parts_of_tensors_as_attributes_and_methods() -> None:
    z = draw(3)
    t = Tensor(z, requires_grad=True)
    for ours, numpys in ((t.real, z.real), (t.imag, z.imag), (t.conj(), z.conj())):
        assert isinstance(ours, Tensor)
        np.testing.assert_array_equal(ours.detach().numpy(), numpys)
    x = Tensor([1.0, -1.0])
    np.testing.assert_array_equal(x.imag.numpy(), [0, 0])
    assert not np.iscomplex(x).any()


def columns(v: Any) -> Any:
    """Column vectors without their phase."""
    return v * np.conj(v[..., :1, :])


def hermitian(a: Any) -> Any:
    return a @ np.conj(a.mT) + np.eye(3)


def parts_of_svd(a: Any, **config: Any) -> Any:
    u, s, vh = L.svd(a, **config)
    k = s.shape[-1]
    u, u2, v, v2 = u[..., :k], u[..., k:], np.conj(vh[..., :k, :].mT), np.conj(vh[..., k:, :].mT)
    together = u[..., :1, :] * np.conj(v[..., :1, :])
    return columns(u), s, columns(v), together, u2 @ np.conj(u2.mT), v2 @ np.conj(v2.mT)


Z, W = draw(3), draw(3)
SQUARE, TALL, WIDE = draw(2, 3, 3), draw(2, 4, 3), draw(2, 3, 4)
CASES: dict[str, tuple[Any, ...]] = {
    **{
        name: (getattr(np, name), draw(2, 3))
        for name in (
            "negative", "positive", "square", "sqrt", "exp", "expm1", "log", "log2", "log10",
            "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
            "arcsinh", "arccosh", "arctanh", "reciprocal", "absolute", "conjugate", "real", "imag",
            "angle", "sum", "mean", "prod", "cumsum", "cumprod", "ravel", "transpose", "diff",
        )
    },
    **{name: (getattr(np, name), Z, W) for name in (
        "add", "subtract", "multiply", "divide", "power", "matmul", "dot", "vdot", "inner", "outer",
        "convolve",
    )},
    "real times complex": (np.multiply, Z.real, W),
    "complex over real": (np.divide, Z, W.real),
    "whole powers": (lambda z: z**3 + z**-1, Z),
    "complex powers": (lambda z: z ** (1 + 2j), Z),
    "powers of a number": (lambda z: (1 + 2j) ** z, Z),
    "where": (lambda x, z: np.where([True, False, True], x, z), Z.real, W),
    "concatenate": (lambda x, z: np.concatenate([x, z]), Z.real, W),
    "setitem": (lambda z, x: _set(z * 1, x), Z, np.array(1.5)),
    "astype": (lambda x: x.astype(complex) ** 2, Z.real),
    "matmul of matrices": (np.matmul, draw(2, 3), draw(3, 2)),
    "einsum": (lambda a, b: np.einsum("ij,jk->ik", a, b), draw(2, 3), draw(3, 2)),
    **{name: (getattr(np.fft, name), draw(3, 4)) for name in (
        "fft", "ifft", "irfft", "hfft", "fft2", "ifft2", "irfft2", "fftshift",
    )},
    "inv": (L.inv, SQUARE),
    "solve": (L.solve, SQUARE, draw(2, 3, 2)),
    "solve for a vector": (L.solve, SQUARE.real, draw(3)),
    "det": (L.det, SQUARE),
    "det of singular": (L.det, np.outer(Z, W)),
    "slogdet": (lambda a: tuple(L.slogdet(a)), SQUARE),
    "cholesky": (lambda a: L.cholesky(hermitian(a)), SQUARE),
    "cholesky upper": (lambda a: L.cholesky(hermitian(a), upper=True), SQUARE),
    "eigh": (lambda a: _values_and_columns(L.eigh(hermitian(a))), SQUARE),
    "eigvalsh": (lambda a: L.eigvalsh(hermitian(a), "U"), SQUARE),
    "eig": (lambda a: _values_and_columns(L.eig(a)), SQUARE),
    "svd hermitian": (
        lambda a: parts_of_svd(hermitian(a) - 3 * np.eye(3), hermitian=True), SQUARE
    ),
    "pinv tall": (L.pinv, TALL),
    "pinv wide": (L.pinv, WIDE),
    "lstsq": (lambda a, b: tuple(L.lstsq(a, b)[i] for i in (0, 1, 3)), TALL[0], draw(4, 2)),
    "qr tall": (lambda a: tuple(L.qr(a)), TALL),
    "qr wide": (lambda a: tuple(L.qr(a)), WIDE),
    "svd tall": (parts_of_svd, TALL),
    "svd wide": (parts_of_svd, WIDE),
    "svd reduced": (lambda a: parts_of_svd(a, full_matrices=False), TALL),
    **{
        f"norm {ord}": (lambda a, p=ord: L.norm(a, p, axis=(-2, -1)), WIDE)
        for ord in (None, "nuc", 1, -1, 2, -2, np.inf)
    },
    **{
        f"vector norm {ord}": (lambda a, p=ord: L.norm(a, p, axis=1), WIDE)
        for ord in (None, 0, 1, 3, 0.5, -1, np.inf)
    },
    "cond": (L.cond, SQUARE),
}  # fmt: skip


def _set(z: Any, value: Any) -> Any:
    z[0] = value
    return z


def _values_and_columns(result: Any) -> Any:
    return result.eigenvalues, columns(result.eigenvectors)


@pytest.mark.parametrize(("f", "inputs"), [(f, xs) for f, *xs in CASES.values()], ids=CASES)
def test_first_and_second_derivatives_agree_with_finite_differences(f: Any, inputs: Any) -> None:
    assert gradcheck(f, *inputs)
    assert gradgradcheck(f, *inputs, rtol=1e-4, atol=1e-6)


def test_single_precision_stays_single() -> None:
    for f in (np.exp, np.angle, np.conj, np.real, np.imag, np.abs, L.inv, L.det, L.norm):
        z = Tensor(draw(3, 3).astype(np.complex64), requires_grad=True)
        y = f(z)
        assert y.dtype in (np.complex64, np.float32)
        np.sum(np.real(y)).backward()
        assert z.grad.dtype == np.complex64


def test_the_variance_is_real_whatever_dtype_it_is_kept_in() -> None:
    z = np.array([1 + 2j, -0.5j, 3 - 1j])
    for f in (np.var, np.std, np.nanvar):
        assert gradcheck(lambda z, f=f: f(z, dtype=np.complex128), z)


def test_spread_and_powers_of_complex_numbers() -> None:
    rng = np.random.default_rng(3)
    z = rng.standard_normal(4) + 1j * rng.standard_normal(4)
    for f in (np.var, np.std, lambda z: np.var(z, mean=np.mean(z, keepdims=True))):
        np.testing.assert_allclose(f(Tensor(z)).item(), f(z))
        assert gradcheck(f, z)
        assert gradgradcheck(f, z)
    assert gradcheck(lambda w: np.power(np.array([-2.0, 3.0]), w), z[:2])
