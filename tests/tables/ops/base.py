"""What a row of the table of ops is, and the strategies that rows draw from.

A row calls NumPy itself, so the same row gives the reference (on arrays) and our result (on
Tensors). Shapes come from hypothesis; values from a seeded generator, so that ties and kinks, which
have rules of their own in `test_traps.py`, do not come up by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

Shape = tuple[int, ...]

DOMAINS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "real": lambda x: x,
    "positive": lambda x: np.exp(x / 2),
    "nonzero": lambda x: x + np.copysign(0.5, x),
    "above -1": lambda x: np.exp(x / 2) - 0.9,
}


@dataclass
class Row:
    """An op: `call(*arrays_or_tensors, **config)`, and how to draw shapes and config for it."""

    name: str
    call: Callable[..., Any]
    shapes: st.SearchStrategy[tuple[tuple[Shape, ...], dict[str, Any]]]
    domains: tuple[str, ...] = ("real",)
    covers: tuple[Any, ...] = ()  # the NumPy functions this row stands for
    exact: bool = True  # NumPy's own result to the last bit; else to rounding
    smooth: bool = True  # whether the third derivative exists, and is checked too

    def domain(self, i: int) -> Callable[[np.ndarray], np.ndarray]:
        return DOMAINS[self.domains[min(i, len(self.domains) - 1)]]


def broadcasting(count: int) -> st.SearchStrategy[Any]:
    """Shapes that broadcast together, 0-d and empty ones among them."""
    return hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_dims=0, max_dims=3, min_side=0, max_side=3
    ).map(lambda drawn: (drawn.input_shapes, {}))


@st.composite
def reduction(draw: Any, min_side: int = 0) -> Any:
    s = draw(shapes(min_side=min_side))
    return (s,), {"axis": draw(axes(len(s))), "keepdims": draw(st.booleans())}


@st.composite
def one(draw: Any, config: Callable[[Any, Shape], dict[str, Any]], **limits: int) -> Any:
    s = draw(shapes(**limits))
    return (s,), config(draw, s)


def unary(name: str, domain: str = "real", **options: Any) -> Row:
    f = getattr(np, name)
    return Row(name, f, plain(), (domain,), (f,), **options)


def binary(name: str, *domains: str, **options: Any) -> Row:
    f = getattr(np, name)
    return Row(name, f, broadcasting(2), domains or ("real",), (f,), **options)


def plain(**limits: int) -> st.SearchStrategy[Any]:
    """One input of any shape, and no configuration."""
    return shapes(**limits).map(lambda s: ((s,), {}))
