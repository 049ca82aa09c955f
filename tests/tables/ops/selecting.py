"""Rows of the table: selecting elements, and writing into them."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import shapes

from .base import Row, Shape, broadcasting, one
from .indexing import written
from .rearrange import axis_or_none, length


def taken(draw: Any, s: Shape) -> dict[str, Any]:
    axis, mode = axis_or_none(draw, s), draw(st.sampled_from(["raise", "wrap", "clip"]))
    n = length(s, axis)
    number = st.integers(-n, n - 1) if mode == "raise" else st.integers(-9, 9)
    indices = hnp.arrays(int, shapes(max_dims=2), elements=number) | number
    return {"indices": draw(indices), "axis": axis, "mode": mode}


def taken_along(draw: Any, s: Shape) -> dict[str, Any]:
    """Indices of any length along the axis, and of the array's length or 1 along the others."""
    axis = axis_or_none(draw, s)
    n = length(s, axis)
    sides = [1 if draw(st.booleans()) else m for m in s] if axis is not None else [0]
    sides[axis or 0] = draw(st.integers(0, 3))
    return {
        "indices": draw(hnp.arrays(int, sides, elements=st.integers(-n, n - 1))),
        "axis": axis,
    }


def compressed(draw: Any, s: Shape) -> dict[str, Any]:
    axis = axis_or_none(draw, s)
    n = length(s, axis)
    return {"condition": draw(st.lists(st.booleans(), max_size=n)), "axis": axis}


@st.composite
def chosen(draw: Any) -> Any:
    shapes, _ = draw(broadcasting(3))
    mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
    number = st.integers(0, 1) if mode == "raise" else st.integers(-3, 3)
    return shapes[:2], {"a": draw(hnp.arrays(int, shapes[2], elements=number)), "mode": mode}


@st.composite
def into(draw: Any, config: Any, **limits: int) -> Any:
    """A shape to write into, a shape of values, and where."""
    s = draw(shapes(**{"min_side": 1, **limits}))
    value, drawn = config(draw, s)
    return (s, value), drawn


def numbers(draw: Any, s: Shape) -> Any:
    n = int(np.prod(s))
    ind = st.lists(st.integers(-n, n - 1), max_size=4).map(lambda x: np.array(x, int))
    return draw(shapes(max_dims=2, min_side=1)), {"ind": draw(ind)}


def masked(draw: Any, s: Shape) -> Any:
    return draw(shapes(max_dims=1, min_side=1)), {"mask": draw(hnp.arrays(bool, s))}


def along(draw: Any, s: Shape) -> Any:
    drawn = taken_along(draw, s)
    sides = drawn["indices"].shape
    return draw(st.sampled_from([(), (1,) * len(sides), sides])), drawn


def copied(draw: Any, s: Shape) -> Any:
    kept = s[draw(st.integers(0, len(s))) :]
    value = tuple(1 if draw(st.booleans()) else n for n in kept)
    return value, {"where": draw(st.just(True) | hnp.arrays(bool, s))}


@st.composite
def diagonals(draw: Any) -> Any:
    n = draw(st.integers(1, 3))
    s = draw(st.sampled_from([(n, draw(st.integers(1, 5))), (5, n), (n, n, n)]))
    return (s, draw(shapes(max_dims=1, min_side=1))), {"wrap": draw(st.booleans())}


ROWS = [
    Row("take", np.take, one(taken, min_side=1), covers=(np.take,)),
    Row(
        "take_along_axis",
        np.take_along_axis,
        one(taken_along, min_dims=1, min_side=1),
        covers=(np.take_along_axis,),
    ),
    Row(
        "compress",
        lambda x, condition, axis: np.compress(condition, x, axis),
        one(compressed, min_dims=1),
        covers=(np.compress,),
    ),
    Row(
        "extract",
        lambda x, condition: np.extract(condition, x),
        one(lambda draw, s: {"condition": draw(hnp.arrays(bool, s))}),
        covers=(np.extract,),
    ),
    Row(
        "choose",
        lambda x, y, a, mode: np.choose(a, [x, y], mode=mode),
        chosen(),
        covers=(np.choose,),
    ),
    Row(
        "put",
        written(lambda y, v, ind: np.put(y, ind, v)),
        into(numbers),
        covers=(np.put,),
    ),
    Row(
        "put_along_axis",
        written(lambda y, v, indices, axis: np.put_along_axis(y, indices, v, axis)),
        into(along, min_dims=1),
        covers=(np.put_along_axis,),
    ),
    Row(
        "place", written(lambda y, v, mask: np.place(y, mask, v)), into(masked), covers=(np.place,)
    ),
    Row(
        "putmask",
        written(lambda y, v, mask: np.putmask(y, mask, v)),
        into(masked),
        covers=(np.putmask,),
    ),
    Row("copyto", written(np.copyto), into(copied), covers=(np.copyto,)),
    Row("fill_diagonal", written(np.fill_diagonal), diagonals(), covers=(np.fill_diagonal,)),
]
