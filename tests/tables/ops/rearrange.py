"""Rows of the table: moving, repeating, sorting, dropping and inserting elements."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from autograd.testing import axes, shapes

from .base import Row, Shape, one, plain

SMALL = st.integers(-4, 4)


def axis_or_none(draw: Any, s: Shape) -> Any:
    return draw(st.none() | axes(len(s), single=True) if s else st.none())


def length(s: Shape, axis: Any) -> int:
    return int(np.prod(s)) if axis is None else s[axis]


def rolled(draw: Any, s: Shape) -> dict[str, Any]:
    """A shift for one axis, for several or for all in one go."""
    axis = draw(axes(len(s))) or None  # NumPy does not take ()
    if isinstance(axis, tuple):
        return {"shift": tuple(draw(SMALL) for _ in axis), "axis": axis}
    return {"shift": draw(SMALL), "axis": axis}


def turned(draw: Any, s: Shape) -> dict[str, Any]:
    a, b = draw(st.permutations(range(len(s))))[:2]
    return {"k": draw(SMALL), "axes": (a, b - len(s))}


def repeated(draw: Any, s: Shape) -> dict[str, Any]:
    axis = axis_or_none(draw, s)
    n = length(s, axis)
    each = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    return {"repeats": draw(st.integers(0, 3) | each if n > 1 else st.integers(0, 3)), "axis": axis}


def tiled(draw: Any, _: Shape) -> dict[str, Any]:
    return {"reps": draw(st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=4).map(tuple))}


def padded(mode: str) -> st.SearchStrategy[Any]:
    def config(draw: Any, s: Shape) -> dict[str, Any]:
        width = st.integers(0, 4)
        pairs = st.lists(st.tuples(width, width), min_size=len(s), max_size=len(s)).map(tuple)
        drawn = {"pad_width": draw(width | st.tuples(width, width) | pairs if s else width)}
        if mode == "constant" and draw(st.booleans()):
            drawn["constant_values"] = draw(st.sampled_from([0, 1.5, (1, 2)]))
        return {**drawn, "mode": mode}

    return one(config, min_side=0 if mode == "constant" else 1)


def deleted(draw: Any, s: Shape) -> dict[str, Any]:
    axis = draw(st.none() | axes(len(s), single=True))
    n = int(np.prod(s)) if axis is None else s[axis]
    number = st.integers(-n, n - 1)
    return {
        "axis": axis,
        "obj": draw(
            number | st.lists(number, max_size=3) | st.slices(n) | hnp.arrays(bool, n).map(list)
        ),
    }


@st.composite
def inserted(draw: Any) -> Any:
    """A shape, values to insert, and where: one place or several."""
    s = draw(shapes(min_dims=1))
    axis = draw(st.none() | axes(len(s), single=True))
    n = int(np.prod(s)) if axis is None else s[axis]
    number = st.integers(-n, n)
    obj = draw(number | st.lists(number, min_size=2, max_size=3))
    if axis is None or isinstance(obj, int):
        value = () if axis is not None or draw(st.booleans()) else (np.size(obj),)
    else:
        axis %= len(s)
        value = draw(st.sampled_from([(), (*s[:axis], len(obj), *s[axis + 1 :])]))
    return (s, value), {"obj": obj, "axis": axis}


def diagonals(draw: Any, s: Shape) -> dict[str, Any]:
    a, b = draw(st.permutations(range(len(s))))[:2]
    return {"offset": draw(SMALL), "axis1": a, "axis2": b - len(s)}


def offset(name: str = "k") -> Any:
    return lambda draw, _: {name: draw(SMALL)}


@st.composite
def windowed(draw: Any) -> Any:
    s = draw(shapes(min_dims=1, min_side=1))
    if draw(st.booleans()):
        return (s,), {"window_shape": tuple(draw(st.integers(0, n)) for n in s)}
    axis = draw(axes(len(s), single=True))
    return (s,), {"window_shape": draw(st.integers(1, s[axis])), "axis": axis}


def sorted_along(draw: Any, s: Shape) -> dict[str, Any]:
    return {"axis": axis_or_none(draw, s), "kind": draw(st.sampled_from([None, "stable"]))}


def parted(draw: Any, s: Shape) -> dict[str, Any]:
    axis = axis_or_none(draw, s)
    return {"kth": draw(st.integers(0, length(s, axis) - 1)), "axis": axis}


def _kth(x: Any, kth: int, axis: int | None) -> Any:
    return np.take(np.partition(x, kth, axis), kth, axis)  # the only place that is laid down


ROWS = [
    Row("flip", np.flip, one(lambda draw, s: {"axis": draw(axes(len(s)))}), covers=(np.flip,)),
    Row("fliplr", np.fliplr, plain(min_dims=2), covers=(np.fliplr,)),
    Row("flipud", np.flipud, plain(min_dims=1), covers=(np.flipud,)),
    Row("rot90", np.rot90, one(turned, min_dims=2), covers=(np.rot90,)),
    Row("roll", np.roll, one(rolled), covers=(np.roll,)),
    Row("repeat", np.repeat, one(repeated), covers=(np.repeat,)),
    Row("tile", np.tile, one(tiled), covers=(np.tile,)),
    Row(
        "resize",
        np.resize,
        one(lambda draw, _: {"new_shape": draw(st.integers(0, 9) | shapes())}),
        covers=(np.resize,),
    ),
    *(
        Row(f"pad {mode}", np.pad, padded(mode), covers=(np.pad,))
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap")
    ),
    Row("delete", np.delete, one(deleted, min_dims=1, min_side=1), covers=(np.delete,)),
    Row(
        "insert",
        lambda x, values, obj, axis: np.insert(x, obj, values, axis),
        inserted(),
        covers=(np.insert,),
    ),
    Row("tril", np.tril, one(offset(), min_dims=1), covers=(np.tril,)),
    Row("triu", np.triu, one(offset(), min_dims=1), covers=(np.triu,)),
    Row("diagonal", np.diagonal, one(diagonals, min_dims=2), covers=(np.diagonal,)),
    Row(
        "linalg.diagonal",
        np.linalg.diagonal,
        one(offset("offset"), min_dims=2),
        covers=(np.linalg.diagonal,),
    ),
    Row("diag", np.diag, one(offset(), min_dims=1, max_dims=2), covers=(np.diag,)),
    Row("diagflat", np.diagflat, one(offset()), covers=(np.diagflat,)),
    Row("trace", np.trace, one(diagonals, min_dims=2), covers=(np.trace,)),
    Row(
        "linalg.trace",
        lambda x, offset: np.linalg.trace(x, offset=offset, dtype=np.float64),
        one(offset("offset"), min_dims=2),
        covers=(np.linalg.trace,),
    ),
    Row("sort", np.sort, one(sorted_along), covers=(np.sort,)),
    Row("partition", _kth, one(parted, min_side=1), covers=(np.partition,)),
    Row("sliding_window_view", sliding_window_view, windowed(), covers=(sliding_window_view,)),
]
