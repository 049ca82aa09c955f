"""Complex numbers: their parts and conjugates, and the convention for complex gradients.

The gradient of a real loss L by a complex z = x + iy is

    dL/dx - i * dL/dy,

the number g for which a small step dz changes L by the real part of g * dz. It is the convention of
HIPS autograd and JAX; PyTorch's is the conjugate. Rules need no conjugation: a holomorphic f passes
g * f'(z) back, just as a real function does, and the closure of a linear map is its transpose.
Elsewhere the same reading of g gives the rule: w = conj(z) passes conj(g) back, w = |z| passes
g * conj(z) / |z|.

- The loss falls fastest along the conjugate: `z.data -= lr * np.conj(z.grad)`.
- A real tensor among complex ones gets the real part of what arrives: its gradient is real.
- From a complex result, `backward()` starts from 1 and gives the gradient of its real part, which
  for a holomorphic f is f'(z).
"""

from __future__ import annotations

import numpy as np

from ..core.op import op
from .common import same

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.real, constant_slope=True)
def real(val):
    return np.real(val), same  # the engine gives a gradient its tensor's dtype


@op(np.imag, constant_slope=True)
def imag(val):
    return np.imag(val), lambda g: g * -1j


@op(np.conjugate, constant_slope=True)
def conjugate(x):
    return np.conjugate(x), lambda g: np.conjugate(g)


@op(np.real_if_close, constant_slope=True)
def real_if_close(a, tol=100):
    return np.real_if_close(a, tol), same


@op(np.angle)
def angle(z, deg=False):
    """The angle of z: the imaginary part of log z. Its derivative at 0 is 0.

    Gradient: `g * unit / z` where `unit = -180j / pi if deg else -1j`.
    """
    if z.dtype.kind != "c":
        return np.angle(z, deg), lambda g: 0 * g
    unit = -180j / np.pi if deg else -1j
    return np.angle(z, deg), lambda g: g * (z != 0) * unit / np.where(z == 0, 1, z)
