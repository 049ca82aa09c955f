"""Gradients of complex functions, transforms and linear algebra: the conjugates of PyTorch's.

For a real loss L and z = x + iy ours is dL/dx - i dL/dy, PyTorch's dL/dx + i dL/dy; for real
tensors they are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import Tensor

torch = pytest.importorskip("torch")

L = np.linalg
RNG = np.random.default_rng(0)


def draw(*shape: int) -> Any:
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def columns(v: Any) -> Any:
    return v * v[..., :1, :].conj()


def spectral(result: Any) -> Any:
    return result[0], columns(result[1])


def decomposed(u: Any, s: Any, vh: Any) -> Any:
    v = vh.mT.conj()
    return columns(u), s, columns(v), u[..., :1, :] * v[..., :1, :].conj()


def hermitian(a: Any) -> Any:
    return a @ a.mT.conj() + np.eye(a.shape[-1])


def hermitian_torch(a: Any) -> Any:
    return a @ a.mH + torch.eye(a.shape[-1])


CASES: dict[str, tuple[Any, ...]] = {
    **{
        name: (getattr(np, name), getattr(torch, name), draw(2, 3))
        for name in (
            "abs", "angle", "conj", "real", "imag", "exp", "log", "sqrt", "sin", "tanh", "square",
            "reciprocal", "sum", "mean", "prod",
        )
    },
    **{
        name: (getattr(np, name), getattr(torch, name), draw(3), draw(3))
        for name in ("multiply", "divide", "float_power", "matmul", "vdot")
    },
    "real times complex": (np.multiply, torch.multiply, draw(3).real, draw(3)),
    **{
        name: (getattr(np.fft, name), getattr(torch.fft, name), draw(3, 4))
        for name in ("fft", "ifft", "irfft", "hfft", "fft2", "ifftn", "irfft2", "fftshift")
    },
    **{
        name: (getattr(np.fft, name), getattr(torch.fft, name), draw(3, 5).real)
        for name in ("fft", "rfft", "ihfft", "rfft2", "rfftn")
    },
    "cropped fft": (
        lambda z: np.fft.fft(z, 3, 0, "ortho"), lambda z: torch.fft.fft(z, 3, 0, "ortho"),
        draw(5, 2),
    ),
    **{
        f"{name} {kind}": (getattr(L, name), getattr(torch.linalg, name), a)
        for name in ("inv", "det", "pinv", "cond", "norm")
        for kind, a in {"complex": draw(2, 3, 3), "real": draw(2, 3, 3).real}.items()
    },
    "solve": (L.solve, torch.linalg.solve, draw(2, 3, 3), draw(2, 3, 1)),
    "lstsq": (
        lambda a, b: L.lstsq(a, b)[0], lambda a, b: torch.linalg.lstsq(a, b).solution,
        draw(4, 3), draw(4, 2),
    ),
    "slogdet": (
        lambda a: tuple(L.slogdet(a)), lambda a: tuple(torch.linalg.slogdet(a)), draw(3, 3),
    ),
    "cholesky": (
        lambda a: L.cholesky(hermitian(a)),
        lambda a: torch.linalg.cholesky(hermitian_torch(a)), draw(3, 3),
    ),
    "eigh": (
        lambda a: spectral(L.eigh(hermitian(a))),
        lambda a: spectral(torch.linalg.eigh(hermitian_torch(a))), draw(3, 3),
    ),
    **{
        f"eig {kind}": (
            lambda a: spectral(L.eig(a)), lambda a: spectral(torch.linalg.eig(a)), a,
        )
        for kind, a in {
            "complex": draw(3, 3), "real": np.array([[1.0, -2.0], [3.0, 0.5]]),
        }.items()
    },
    **{
        f"qr {m}x{n}": (lambda a: tuple(L.qr(a)), lambda a: tuple(torch.linalg.qr(a)), draw(m, n))
        for m, n in ((3, 3), (4, 3), (2, 3))
    },
    **{
        f"svd {m}x{n}": (
            lambda a: decomposed(*L.svd(a, full_matrices=False)),
            lambda a: decomposed(*torch.linalg.svd(a, full_matrices=False)), draw(m, n),
        )
        for m, n in ((3, 3), (4, 3), (2, 3))
    },
    **{
        f"norm {p}": (
            lambda a, p=p: L.norm(a, p, axis=(-2, -1)),
            lambda a, p=p: torch.linalg.norm(a, p, dim=(-2, -1)), draw(2, 3, 3),
        )
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    **{
        f"vector norm {p}": (
            lambda a, p=p: L.norm(a, p, axis=1), lambda a, p=p: torch.linalg.norm(a, p, dim=1),
            draw(3, 4),
        )
        for p in (0.5, 1, 2, 3, np.inf, -np.inf)
    },
}  # fmt: skip


def tuple_of(out: Any) -> tuple[Any, ...]:
    return out if type(out) is tuple else tuple(out) if hasattr(out, "_fields") else (out,)


@pytest.mark.parametrize(
    ("f", "f_torch", "inputs"), [(f, t, xs) for f, t, *xs in CASES.values()], ids=CASES
)
def test_gradients_are_the_conjugates_of_pytorchs(f: Any, f_torch: Any, inputs: Any) -> None:
    ours = [Tensor(x, requires_grad=True) for x in inputs]
    theirs = [torch.tensor(x, requires_grad=True) for x in inputs]
    outs, outs_torch = tuple_of(f(*ours)), tuple_of(f_torch(*theirs))
    loss, loss_torch = 0.0, 0.0
    for out, other in zip(outs, outs_torch, strict=True):
        np.testing.assert_allclose(
            out.detach().numpy(), other.detach().resolve_conj().numpy(), atol=1e-12
        )
        v = draw(*out.shape)
        loss = loss + np.sum(np.real(v * out))
        loss_torch = loss_torch + torch.sum(torch.real(torch.tensor(v) * other))
    loss.backward()
    loss_torch.backward()
    for x, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            x.grad, other.grad.resolve_conj().numpy().conj(), rtol=1e-8, atol=1e-10
        )
