"""Rows of the table: joining and splitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row, Shape, one
from .shapes import joined


def like(draw: Any, s: Shape, axis: int) -> Shape:
    """`s` with another length along `axis`."""
    axis %= len(s)
    return (*s[:axis], draw(st.integers(0, 3)), *s[axis + 1 :])


@st.composite
def joins(draw: Any, *, same: bool) -> Any:
    s = draw(shapes(min_dims=0 if same else 1))
    axis = draw(st.integers(-len(s) - same, len(s) - 1 + same))
    sides = [s if same else like(draw, s, axis) for _ in range(3)]
    return tuple(sides), {"axis": axis}


@st.composite
def along(draw: Any, axis: int, min_dims: int) -> Any:
    """Three shapes that differ along one axis."""
    s = draw(shapes(min_dims=min_dims))
    return tuple(like(draw, s, min(axis, len(s) - 1)) for _ in range(3)), {}


@st.composite
def equal(draw: Any, max_dims: int) -> Any:
    return (draw(shapes(max_dims=max_dims)),) * 3, {}


@st.composite
def columns(draw: Any) -> Any:
    n = draw(st.integers(0, 3))
    return tuple(draw(st.sampled_from([(n,), (n, draw(st.integers(0, 3)))])) for _ in range(3)), {}


def cut(axis: int | None = None, **limits: int) -> st.SearchStrategy[Any]:
    """Where to split: any indices, or a number of equal pieces."""

    def config(draw: Any, s: Shape) -> dict[str, Any]:
        given = draw(axes(len(s), single=True)) if axis is None else min(axis, len(s) - 1)
        n = s[given]
        pieces = st.sampled_from([d for d in (1, 2, 3) if n % d == 0])
        where = draw(st.lists(st.integers(-n - 1, n + 1), max_size=3) | pieces)
        return {"where": where} | ({"axis": given} if axis is None else {})

    return one(config, **{"min_dims": 1, **limits})


def _split(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, where, **config: joined(f(x, where, **config))


def _block(a: Any, b: Any, c: Any) -> Any:
    return np.block([[a, b], [c]])


@st.composite
def blocks(draw: Any) -> Any:
    """[[a, b], [c]]: matrices, vectors as rows, and stacks of matrices."""
    height, left, right, below = (draw(st.integers(0, 3)) for _ in range(4))
    lead = draw(st.sampled_from([(), (2,)]))
    if draw(st.booleans()):
        return ((left,), (right,), (below, left + right)), {}
    return ((*lead, height, left), (*lead, height, right), (*lead, below, left + right)), {}


ROWS = [
    Row(
        "concatenate",
        lambda *xs, axis: np.concatenate(xs, axis=axis),
        joins(same=False),
        covers=(np.concatenate, np.concat),
    ),
    Row(
        "concatenate flat",
        lambda *xs: np.concatenate(xs, axis=None),
        joins(same=False).map(lambda drawn: (drawn[0], {})),
    ),
    Row(
        "concatenate to float64",
        lambda *xs, axis: np.concatenate(xs, axis, dtype=np.float64),
        joins(same=False),
    ),
    Row("stack", lambda *xs, axis: np.stack(xs, axis=axis), joins(same=True), covers=(np.stack,)),
    Row("hstack", lambda *xs: np.hstack(xs), along(1, 1), covers=(np.hstack,)),
    Row("hstack of scalars", lambda *xs: np.hstack(xs), equal(0)),
    Row("vstack", lambda *xs: np.vstack(xs), along(0, 2), covers=(np.vstack,)),
    Row("vstack of vectors", lambda *xs: np.vstack(xs), equal(1)),
    Row("dstack", lambda *xs: np.dstack(xs), along(2, 3), covers=(np.dstack,)),
    Row("dstack of matrices", lambda *xs: np.dstack(xs), equal(2)),
    Row("column_stack", lambda *xs: np.column_stack(xs), columns(), covers=(np.column_stack,)),
    Row("block", _block, blocks(), covers=(np.block,)),
    Row("block of vectors", lambda a, b: np.block([a, b]), st.just((((), (2,)), {}))),
    Row(
        "append",
        lambda a, b, axis: np.append(a, b, axis),
        joins(same=False).map(lambda d: (d[0][:2], d[1])),
        covers=(np.append,),
    ),
    Row(
        "append flat",
        np.append,
        st.tuples(shapes(), shapes()).map(lambda shapes: (shapes, {})),
    ),
    Row("split", _split(np.split), cut(), covers=(np.split,)),
    Row(
        "array_split",
        _split(np.array_split),
        one(
            lambda draw, s: {
                "where": draw(st.integers(1, 4)),
                "axis": draw(axes(len(s), single=True)),
            },
            min_dims=1,
        ),
        covers=(np.array_split,),
    ),
    Row("hsplit", _split(np.hsplit), cut(1), covers=(np.hsplit,)),
    Row("vsplit", _split(np.vsplit), cut(0, min_dims=2), covers=(np.vsplit,)),
    Row("dsplit", _split(np.dsplit), cut(2, min_dims=3), covers=(np.dsplit,)),
    Row(
        "split, one piece used",
        lambda x: np.split(x, [1, 2])[1] * 2,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=4).map(lambda s: ((s,), {})),
    ),
]

if hasattr(np, "unstack"):
    ROWS.append(
        Row(
            "unstack",
            lambda x, axis: joined(np.unstack(x, axis=axis)),
            one(
                lambda draw, s: {"axis": draw(axes(len(s), single=True))},
                min_dims=1,
                min_side=1,
            ),
            covers=(np.unstack,),
        )
    )
