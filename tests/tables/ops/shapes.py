"""Rows of the table: shapes."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row, Shape, broadcasting, one, plain


@st.composite
def factorisation(draw: Any, s: Shape) -> Any:
    """A shape to reshape `s` into, at times with a -1."""
    size = int(np.prod(s))
    if size == 0:
        return (*s, 1)
    divisor = draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0]))
    new = (divisor, size // divisor)
    return draw(st.sampled_from([new, (-1, divisor), (size,), (1, *new)]))


def order(draw: Any) -> str:
    return draw(st.sampled_from("CF"))


def permuted(draw: Any, s: Shape) -> dict[str, Any]:
    """Axes in any order, in each of the forms that `transpose` takes."""
    chosen = draw(st.permutations(range(len(s))))
    return {
        "axes": draw(
            st.sampled_from([None, tuple(chosen), list(chosen), tuple(a - len(s) for a in chosen)])
        )
    }


def moved(draw: Any, s: Shape) -> dict[str, Any]:
    """Source and destination of `moveaxis`: a pair of axes, or of lists of them."""
    n = len(s)
    if draw(st.booleans()):
        return {k: draw(axes(n, single=True)) for k in ("source", "destination")}
    count = draw(st.integers(0, n))
    return {k: draw(st.permutations(range(n)))[:count] for k in ("source", "destination")}


def joined(parts: Any) -> Any:
    """Several results as one array in which no two can be confused."""
    return np.concatenate([np.ravel(part) * (k + 1) for k, part in enumerate(parts)])


def several(*ndims: int) -> st.SearchStrategy[Any]:
    return st.tuples(*(shapes(max_dims=n) for n in ndims)).map(lambda shapes: (shapes, {}))


ROWS = [
    Row(
        "reshape",
        np.reshape,
        one(lambda draw, s: {"shape": draw(factorisation(s)), "order": order(draw)}),
        covers=(np.reshape,),
    ),
    Row("ravel", np.ravel, one(lambda draw, _: {"order": order(draw)}), covers=(np.ravel,)),
    Row("transpose", np.transpose, one(permuted), covers=(np.transpose, np.permute_dims)),
    Row(
        "swapaxes",
        np.swapaxes,
        one(
            lambda draw, s: {f"axis{i}": draw(axes(len(s), single=True)) for i in (1, 2)},
            min_dims=1,
        ),
        covers=(np.swapaxes,),
    ),
    Row("moveaxis", np.moveaxis, one(moved, min_dims=1), covers=(np.moveaxis,)),
    Row(
        "rollaxis",
        np.rollaxis,
        one(
            lambda draw, s: {
                "axis": draw(axes(len(s), single=True)),
                "start": draw(st.integers(-len(s), len(s))),
            },
            min_dims=1,
        ),
        covers=(np.rollaxis,),
    ),
    Row(
        "matrix_transpose",
        np.matrix_transpose,
        plain(min_dims=2),
        covers=(np.matrix_transpose, np.linalg.matrix_transpose),
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
    Row(
        "broadcast_arrays",
        lambda *xs: joined(np.broadcast_arrays(*xs)),
        broadcasting(3),
        covers=(np.broadcast_arrays,),
    ),
    Row("atleast_1d", np.atleast_1d, plain(), covers=(np.atleast_1d,)),
    Row("atleast_2d", np.atleast_2d, plain(), covers=(np.atleast_2d,)),
    Row("atleast_3d", np.atleast_3d, plain(), covers=(np.atleast_3d,)),
    Row("atleast_2d of several", lambda *xs: joined(np.atleast_2d(*xs)), several(2, 1)),
    Row(
        "meshgrid",
        lambda *xs, **config: joined(np.meshgrid(*xs, **config)),
        several(1, 1, 1)
        .map(lambda drawn: drawn[0])
        .flatmap(
            lambda shapes: st.tuples(
                st.sampled_from([shapes[:k] for k in (1, 2, 3)]),
                st.fixed_dictionaries(
                    {"indexing": st.sampled_from(["xy", "ij"]), "sparse": st.booleans()}
                ),
            )
        ),
        covers=(np.meshgrid,),
    ),
    Row("astype method", lambda x: x.astype(np.float64), plain()),
    Row("copy", np.copy, plain(), covers=(np.copy,)),
    Row("copy method", lambda x: x.copy(), plain()),
]

if hasattr(np, "astype"):  # NumPy 2.1
    ROWS.append(Row("astype", lambda x: np.astype(x, np.float64), plain(), covers=(np.astype,)))
