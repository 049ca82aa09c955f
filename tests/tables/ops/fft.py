"""Rows of the table: Fourier transforms. Complex results come as real and imaginary parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row
from .linalg import flat

NORMS = st.sampled_from([None, "backward", "ortho", "forward"])


@st.composite
def along_one(draw: Any, inputs: int, min_side: int = 1) -> Any:
    s = draw(shapes(min_dims=1, min_side=min_side))
    config = {"axis": draw(axes(len(s), single=True)), "norm": draw(NORMS)}
    if draw(st.booleans()):
        config["n"] = draw(st.integers(1, 5))
    return (s,) * inputs, config


@st.composite
def along_several(draw: Any, inputs: int, min_dims: int = 1, min_side: int = 1) -> Any:
    s = draw(shapes(min_dims=min_dims, min_side=min_side))
    config = {"norm": draw(NORMS)}
    axis = st.integers(-len(s), len(s) - 1)
    if min_dims == 2:
        axes = draw(st.tuples(axis, axis))
    else:
        axes = draw(st.lists(axis, min_size=1, max_size=3).map(tuple))
    if draw(st.booleans()):
        config["axes"] = axes
        if draw(st.booleans()):
            lengths = st.integers(2, 4) | (st.just(-1) if min_side == 1 else st.nothing())
            config["s"] = draw(st.lists(lengths, min_size=len(axes), max_size=len(axes)))
    return (s,) * inputs, config


@st.composite
def shifted(draw: Any) -> Any:
    s = draw(shapes(min_dims=1))
    return (s,), {"axes": draw(axes(len(s)))}


def real_input(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, **config: flat(f(x, **config))


def complex_input(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y, **config: flat(f(x + 1j * y, **config))


def _rows(name: str, one: bool, *, half: bool = False, real: bool = False) -> list[Row]:
    """Of a transform along one axis or several. `half` is read from half a spectrum, which has two
    elements or more; `real` takes real input only.
    """
    f = getattr(np.fft, name)
    limits = {"min_side": 2 if half else 1}
    if not one:
        limits["min_dims"] = 2 if name.endswith("2") else 1
    draw = along_one if one else along_several
    rows = [Row(name, real_input(f), draw(1, **limits), covers=(f,))]
    if not real:
        rows.append(Row(f"{name} of complex", complex_input(f), draw(2, **limits)))
    return rows


ROWS = [
    *_rows("fft", True),
    *_rows("ifft", True),
    *_rows("rfft", True, real=True),
    *_rows("irfft", True, half=True),
    *_rows("hfft", True, half=True),
    *_rows("ihfft", True, real=True),
    *_rows("fftn", False),
    *_rows("ifftn", False),
    *_rows("rfftn", False, real=True),
    *_rows("irfftn", False, half=True),
    *_rows("fft2", False),
    *_rows("ifft2", False),
    *_rows("rfft2", False, real=True),
    *_rows("irfft2", False, half=True),
    Row("fftshift", np.fft.fftshift, shifted(), covers=(np.fft.fftshift,)),
    Row("ifftshift", np.fft.ifftshift, shifted(), covers=(np.fft.ifftshift,)),
]
