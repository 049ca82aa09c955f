"""Rows of the table: ranges, and functions applied along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes

from .base import Row, broadcasting, one


@st.composite
def ranges(draw: Any, *, positive: bool = False) -> Any:
    shapes, _ = draw(broadcasting(2))
    ndim = len(np.broadcast_shapes(*shapes))
    return shapes, {
        "num": draw(st.integers(1, 4)),
        "endpoint": draw(st.booleans()),
        "axis": draw(st.integers(-ndim - 1, ndim)) if not positive else 0,
    }


def _along(draw: Any, s: Any) -> dict[str, Any]:
    return {
        "axis": draw(axes(len(s), single=True)),
        "to": draw(st.sampled_from(["sum", "row", "pair"])),
    }


def _applied(x: Any, axis: int, to: str) -> Any:
    function = {"sum": np.sum, "row": lambda r: r * r, "pair": lambda r: np.multiply.outer(r, r)}
    return np.apply_along_axis(function[to], axis, x)


ROWS = [
    Row("linspace", np.linspace, ranges(), covers=(np.linspace,), exact=False),
    Row(
        "linspace and its step",
        lambda a, b, **c: sum(np.linspace(a, b, 4, retstep=True)),
        ranges(positive=True),
        exact=False,
    ),
    Row("logspace", np.logspace, ranges(), covers=(np.logspace,), exact=False),
    Row(
        "geomspace",
        np.geomspace,
        ranges(),
        ("positive",),
        covers=(np.geomspace,),
        exact=False,
    ),
    Row(
        "apply_along_axis",
        _applied,
        one(_along, min_dims=1, min_side=1),
        covers=(np.apply_along_axis,),
        exact=False,
    ),
    Row(
        "apply_over_axes",
        lambda x, axes: np.apply_over_axes(np.sum, x, axes),
        one(lambda draw, s: {"axes": draw(st.sampled_from([0, (0, -1)]))}, min_dims=1),
        covers=(np.apply_over_axes,),
        exact=False,
    ),
    Row(
        "full_like",
        lambda x, **config: np.full_like(np.broadcast_to(x, (2, 3)), x, **config),
        one(
            lambda draw, s: {"dtype": draw(st.sampled_from([None, np.float64]))},
            max_dims=0,
        ),
        covers=(np.full_like,),
    ),
]
