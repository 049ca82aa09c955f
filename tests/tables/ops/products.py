"""Rows of the table: products."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row, broadcasting

SIDE = st.integers(0, 3)


@st.composite
def products(draw: Any, signature: str = np.matmul.signature, max_dims: int = 2) -> Any:
    """Operands at every rank that the signature allows, in stacks that broadcast."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(
            signature=signature, min_dims=0, max_dims=max_dims, min_side=0, max_side=3
        )
    )
    return drawn.input_shapes, {}


@st.composite
def contracted(draw: Any, *where: int) -> Any:
    """Two shapes with the same length at the last axis of one and at axis `where` of the other."""
    n = draw(SIDE)
    a, b = draw(shapes(max_dims=2)), draw(shapes(max_dims=2))
    place = max(0, len(b) + 1 + where[0]) if where else 0
    return draw(st.sampled_from([((*a, n), (*b[:place], n, *b[place:])), ((), b), (a, ())])), {}


@st.composite
def tensors(draw: Any) -> Any:
    """Two tensors and `axes` as a number, or as a pair of axes or of lists of them."""
    common = draw(shapes(max_dims=2))
    a, b = draw(shapes(max_dims=2)), draw(shapes(max_dims=2))
    if draw(st.booleans()):
        return ((*a, *common), (*common, *b)), {"axes": len(common)}
    order_a = draw(st.permutations(range(len(a) + len(common))))
    order_b = draw(st.permutations(range(len(b) + len(common))))
    axes_a, axes_b = order_a[: len(common)], [i - len(order_b) for i in order_b[: len(common)]]
    free_a, free_b = iter(a), iter(b)
    shape_a = tuple(
        common[axes_a.index(i)] if i in axes_a else next(free_a) for i in range(len(order_a))
    )
    shape_b = tuple(
        common[axes_b.index(i - len(order_b))] if i - len(order_b) in axes_b else next(free_b)
        for i in range(len(order_b))
    )
    single = len(common) == 1
    return (shape_a, shape_b), {
        "axes": (axes_a[0], axes_b[0]) if single else (tuple(axes_a), tuple(axes_b))
    }


def with_vectors(s: Any, axis: int) -> Any:
    axis %= len(s) + 1
    return (*s[:axis], 3, *s[axis:])


@st.composite
def crossed(draw: Any) -> Any:
    (a, b), _ = draw(broadcasting(2))
    last = max(len(a), len(b))
    if draw(st.booleans()):
        return ((*a, 3), (*b, 3)), {"axisc": draw(st.integers(-last - 1, last))}
    axisa, axisb = draw(st.integers(0, len(a))), draw(st.integers(-len(b) - 1, -1))
    return (with_vectors(a, axisa), with_vectors(b, axisb)), {"axisa": axisa, "axisb": axisb}


@st.composite
def crossed_along(draw: Any) -> Any:
    s = draw(shapes(max_dims=2))
    axis = draw(st.integers(-len(s) - 1, len(s)))
    return (with_vectors(s, axis),) * 2, {"axis": axis}


@st.composite
def along(draw: Any) -> Any:
    s = draw(shapes(min_dims=1))
    return (s, s), {"axis": draw(axes(len(s), single=True))}


@st.composite
def chains(draw: Any) -> Any:
    """Matrices to multiply, two to five; the first and the last may be vectors."""
    n = draw(st.lists(SIDE, min_size=3, max_size=6))
    shapes = list(pairwise(n))
    first, last = draw(st.booleans()), draw(st.booleans())
    if first:
        shapes[0] = shapes[0][1:]
    if last:
        shapes[-1] = shapes[-1][:1]
    return tuple(shapes), {}


@st.composite
def powers(draw: Any) -> Any:
    n = draw(st.integers(1, 3))
    return ((*draw(shapes(max_dims=1)), n, n),), {"n": draw(st.integers(1, 7))}


@st.composite
def vectors(draw: Any) -> Any:
    """Two vectors to convolve."""
    side = st.integers(1, 5)
    return ((draw(side),), (draw(side),)), {
        "mode": draw(st.sampled_from(["full", "same", "valid"]))
    }


def rounding(name: str, f: Any, shapes: Any, *covers: Any, domain: str = "positive") -> Row:
    """A row of a function whose sums we may take in another order: of positive terms, as nothing
    is known of the digits where others cancel."""
    return Row(name, f, shapes, (domain,), covers=covers or (f,), exact=False)


two_shapes = st.tuples(shapes(max_dims=2), shapes(max_dims=2)).map(lambda shapes: (shapes, {}))

ROWS = [
    rounding("matmul", np.matmul, products(), np.matmul, np.linalg.matmul, domain="real"),
    rounding("dot", np.dot, contracted(-2)),
    rounding("inner", np.inner, contracted(-1)),
    Row("outer", np.outer, two_shapes, covers=(np.outer,)),
    Row(
        "linalg.outer",
        np.linalg.outer,
        st.tuples(SIDE, SIDE).map(lambda n: (((n[0],), (n[1],)), {})),
        covers=(np.linalg.outer,),
    ),
    rounding("vdot", np.vdot, shapes().map(lambda s: ((s, (int(np.prod(s)),)), {}))),
    rounding("vecdot", np.vecdot, products(np.vecdot.signature)),
    rounding("linalg.vecdot", np.linalg.vecdot, along()),
    rounding("tensordot", np.tensordot, tensors()),
    rounding(
        "linalg.tensordot",
        lambda a, b, axes: np.linalg.tensordot(a, b, axes=axes),
        tensors(),
        np.linalg.tensordot,
    ),
    Row("kron", np.kron, two_shapes, covers=(np.kron,)),
    rounding("cross", np.cross, crossed(), domain="real"),
    rounding("cross along", np.cross, crossed_along(), domain="real"),
    rounding("linalg.cross", np.linalg.cross, crossed_along(), domain="real"),
    rounding("multi_dot", lambda *xs: np.linalg.multi_dot(xs), chains(), np.linalg.multi_dot),
    rounding("matrix_power", np.linalg.matrix_power, powers()),
    rounding(
        "vander",
        lambda x, **config: np.vander(x, **config),
        st.tuples(SIDE, st.fixed_dictionaries({"N": st.none() | SIDE, "increasing": st.booleans()}))
        .filter(lambda drawn: drawn[1]["N"] != 0)
        .map(lambda drawn: (((drawn[0],),), drawn[1])),
        np.vander,
    ),
    rounding(
        "polyval",
        np.polyval,
        st.tuples(st.integers(1, 4), shapes()).map(lambda drawn: (((drawn[0],), drawn[1]), {})),
    ),
    rounding("convolve", np.convolve, vectors()),
    rounding("correlate", np.correlate, vectors()),
]

ROWS += [  # new in NumPy 2.2
    rounding(name, getattr(np, name), products(getattr(np, name).signature))
    for name in ("matvec", "vecmat")
    if hasattr(np, name)
]
