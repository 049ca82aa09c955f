"""Rows of the table: running sums and products, differences, slopes, integrals."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row, Shape, one, plain
from .reductions import skipping, some_zeros


def _axis(draw: Any, s: Shape) -> dict[str, Any]:
    return {"axis": draw(st.none() | axes(len(s), single=True) if s else st.none())}


def _one_axis(draw: Any, s: Shape) -> dict[str, Any]:
    return {"axis": draw(axes(len(s), single=True))}


running = one(_axis)


@st.composite
def with_holes(draw: Any) -> Any:
    (s,), config = draw(running)
    return (s,), {**config, "where": draw(hnp.arrays(bool, s))}


def with_initial(draw: Any, s: Shape) -> dict[str, Any]:
    axis = {} if len(s) == 1 and draw(st.booleans()) else _one_axis(draw, s)
    return {**axis, "include_initial": draw(st.booleans())}


def cumulative(name: str) -> list[Row]:
    if not hasattr(np, name):  # before NumPy 2.1
        return []
    f = getattr(np, name)
    return [Row(name, f, one(with_initial, min_dims=1), covers=(f,))]


@st.composite
def differences(draw: Any, *, ends: bool = False) -> Any:
    s = draw(shapes(min_dims=1))
    config = {**_one_axis(draw, s), "n": draw(st.integers(1 if ends else 0, 4))}
    if not ends:
        return (s,), config
    axis = config["axis"] % len(s)
    side = draw(st.integers(0, 2))
    return (s, (*s[:axis], side, *s[axis + 1 :]), ()), config


@st.composite
def slopes(draw: Any, *, uneven: bool = False) -> Any:
    edge_order = draw(st.sampled_from([1, 2]))
    s = draw(shapes(min_dims=1, min_side=edge_order + 1))
    config = {**_one_axis(draw, s), "edge_order": edge_order}
    return ((s, (s[config["axis"]],)) if uneven else (s,)), config


def along(h: Any) -> Any:
    """Coordinates that grow, by steps of at least 0.4."""
    return np.arange(len(h)) + 0.3 * np.tanh(h)


@st.composite
def integrals(draw: Any, *, vector: bool = False) -> Any:
    s = draw(shapes(min_dims=1))
    config = _one_axis(draw, s)
    return (s, (s[config["axis"]],) if vector else s), config


ROWS = [
    Row("cumsum", np.cumsum, running, covers=(np.cumsum,)),
    Row("cumprod", np.cumprod, running, covers=(np.cumprod,)),
    Row("cumprod of zeros", lambda x, axis: np.cumprod(some_zeros(x), axis), running),
    Row("cumprod of 9", lambda x: np.cumprod(np.concatenate([np.ravel(x)] * 3)[:9]), plain()),
    Row("nancumsum", skipping(np.nancumsum), with_holes(), covers=(np.nancumsum,)),
    Row("nancumprod", skipping(np.nancumprod), with_holes(), covers=(np.nancumprod,)),
    *cumulative("cumulative_sum"),
    *cumulative("cumulative_prod"),
    Row("diff", np.diff, differences(), covers=(np.diff,)),
    Row(
        "diff with ends",
        lambda x, start, end, n, axis: np.diff(x, n, axis, start, end),
        differences(ends=True),
    ),
    Row("ediff1d", np.ediff1d, plain(), covers=(np.ediff1d,)),
    Row(
        "ediff1d with ends",
        lambda x, start, end: np.ediff1d(x, end, to_begin=start),
        st.tuples(shapes(), shapes(), shapes()).map(lambda shapes: (shapes, {})),
    ),
    Row(
        "trapezoid",
        lambda y, axis, dx: np.trapezoid(y, dx=dx, axis=axis),
        one(
            lambda draw, s: {**_one_axis(draw, s), "dx": draw(st.sampled_from([1.0, 0.5]))},
            min_dims=1,
        ),
        covers=(np.trapezoid,),
    ),
    Row(
        "trapezoid over x",
        lambda y, x, axis: np.trapezoid(y, x, axis=axis),
        integrals(),
        smooth=False,
    ),
    Row(
        "trapezoid over a vector",
        lambda y, x, axis: np.trapezoid(y, x, axis=axis),
        integrals(vector=True),
    ),
    Row(
        "gradient",
        lambda f, axis, edge_order: np.gradient(f, axis=axis, edge_order=edge_order),
        slopes(),
        covers=(np.gradient,),
    ),
    Row(
        "gradient, even coordinates",
        lambda f, axis, edge_order: np.gradient(
            f, np.arange(f.shape[axis]) * 0.5, axis=axis, edge_order=edge_order
        ),
        slopes(),
    ),
    Row(
        "gradient, uneven coordinates",
        lambda f, h, axis, edge_order: np.gradient(f, along(h), axis=axis, edge_order=edge_order),
        slopes(uneven=True),
    ),
    Row(
        "gradient, all axes",
        lambda f: sum(part * i for i, part in enumerate(np.gradient(f, 2.0, 0.5), 1)),
        plain(min_dims=2, max_dims=2, min_side=2),
    ),
]
