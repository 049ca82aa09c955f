"""Rows of the table: shapes."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from .base import Row, Shape, axes_of, one, plain, shape


@st.composite
def factorisation(draw: Any, s: Shape) -> Any:
    """A shape to reshape `s` into, at times with a -1."""
    size = int(np.prod(s))
    if size == 0:
        return (*s, 1)
    divisor = draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0]))
    new = (divisor, size // divisor)
    return draw(st.sampled_from([new, (-1, divisor), (size,), (1, *new)]))


@st.composite
def joins(draw: Any, *, same: bool) -> Any:
    s = draw(shape(min_dims=0 if same else 1))
    axis = draw(st.integers(-len(s) - same, len(s) - 1 + same))
    sides = [s] * 3
    if not same:
        lengths = draw(st.lists(st.integers(0, 3), min_size=3, max_size=3))
        sides = [(*s[: axis % len(s)], n, *s[axis % len(s) :][1:]) for n in lengths]
    return tuple(sides), {"axis": axis}


def _axes(draw: Any, s: Shape) -> dict[str, Any]:
    return {"axes": draw(st.none() | st.permutations(range(len(s))).map(tuple))}


ROWS = [
    Row(
        "reshape",
        np.reshape,
        one(
            lambda draw, s: {"shape": draw(factorisation(s)), "order": draw(st.sampled_from("CF"))}
        ),
        covers=(np.reshape,),
    ),
    Row(
        "ravel",
        np.ravel,
        one(lambda draw, _: {"order": draw(st.sampled_from("CF"))}),
        covers=(np.ravel,),
    ),
    Row("transpose", np.transpose, one(_axes), covers=(np.transpose, np.permute_dims)),
    Row(
        "swapaxes",
        np.swapaxes,
        one(
            lambda draw, s: {f"axis{i}": draw(axes_of(len(s), single=True)) for i in (1, 2)},
            min_dims=1,
        ),
        covers=(np.swapaxes,),
    ),
    Row(
        "expand_dims",
        np.expand_dims,
        one(lambda draw, s: {"axis": draw(st.sampled_from([0, -1, (0, -1), len(s)]))}),
        covers=(np.expand_dims,),
    ),
    Row(
        "squeeze",
        lambda x, axis: np.squeeze(np.expand_dims(x, 0), axis),
        one(lambda draw, _: {"axis": draw(st.sampled_from([0, None, (0,)]))}),
        covers=(np.squeeze,),
    ),
    Row(
        "broadcast_to",
        np.broadcast_to,
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3).map(
            lambda d: ((d.input_shapes[0],), {"shape": d.result_shape})
        ),
        covers=(np.broadcast_to,),
    ),
    Row("astype", lambda x: x.astype(np.float64), plain()),
    Row("copy", lambda x: x.copy(), plain()),
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
        "stack",
        lambda *xs, axis: np.stack(xs, axis=axis),
        joins(same=True),
        covers=(np.stack,),
    ),
]
