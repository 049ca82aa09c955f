"""One row for every op: how to call it, and on what. `tests/autograd/test_ops.py` checks each row.

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

from autograd import Tensor

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

    def domain(self, i: int) -> Callable[[np.ndarray], np.ndarray]:
        return DOMAINS[self.domains[min(i, len(self.domains) - 1)]]


def shape(min_dims: int = 0, max_dims: int = 3, min_side: int = 0) -> st.SearchStrategy[Shape]:
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=3)


def broadcasting(count: int) -> st.SearchStrategy[Any]:
    """Shapes that broadcast together, 0-d and empty ones among them."""
    return hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_dims=0, max_dims=3, min_side=0, max_side=3
    ).map(lambda drawn: (drawn.input_shapes, {}))


@st.composite
def axes_of(draw: Any, ndim: int, *, single: bool = False) -> Any:
    """An `axis` argument: None, an int of either sign, or a tuple of them."""
    one = st.integers(-ndim, ndim - 1) if ndim else st.nothing()
    if single:
        return draw(one)
    several = st.lists(st.integers(0, max(ndim - 1, 0)), unique=True, max_size=ndim).map(tuple)
    return draw(st.none() | one | several if ndim else st.none() | st.just(()))


@st.composite
def reduction(draw: Any, min_side: int = 0) -> Any:
    s = draw(shape(min_side=min_side))
    return (s,), {"axis": draw(axes_of(len(s))), "keepdims": draw(st.booleans())}


@st.composite
def one(draw: Any, config: Callable[[Any, Shape], dict[str, Any]], **limits: int) -> Any:
    s = draw(shape(**limits))
    return (s,), config(draw, s)


def unary(name: str, domain: str = "real", **options: Any) -> Row:
    f = getattr(np, name)
    return Row(name, f, shape().map(lambda s: ((s,), {})), (domain,), (f,), **options)


def binary(name: str, *domains: str, **options: Any) -> Row:
    f = getattr(np, name)
    return Row(name, f, broadcasting(2), domains or ("real",), (f,), **options)


@st.composite
def chosen(draw: Any) -> Any:
    shapes, _ = draw(broadcasting(3))
    return shapes[:2], {"condition": draw(hnp.arrays(bool, shapes[2]))}


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
def products(draw: Any) -> Any:
    """Operands of matmul at every rank: vectors, matrices, and stacks that broadcast."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(
            signature=np.matmul.signature, min_dims=0, max_dims=2, min_side=0, max_side=3
        )
    )
    return drawn.input_shapes, {}


@st.composite
def joins(draw: Any, *, same: bool) -> Any:
    s = draw(shape(min_dims=0 if same else 1))
    axis = draw(st.integers(-len(s) - same, len(s) - 1 + same))
    sides = [s] * 3
    if not same:
        lengths = draw(st.lists(st.integers(0, 3), min_size=3, max_size=3))
        sides = [(*s[: axis % len(s)], n, *s[axis % len(s) :][1:]) for n in lengths]
    return tuple(sides), {"axis": axis}


@st.composite
def indexed(draw: Any) -> Any:
    """A shape and an index into it: basic, advanced with repeats, boolean, or a mixture."""
    s = draw(shape(min_side=1))
    index = draw(
        hnp.basic_indices(s, allow_newaxis=True, allow_ellipsis=True)
        | hnp.arrays(bool, s)
        | (hnp.integer_array_indices(s) if s else st.just(()))
        | st.tuples(
            hnp.arrays(int, st.integers(0, 4), elements=st.integers(-s[0], s[0] - 1)),
            st.just(Ellipsis),
        )
        if s
        else st.sampled_from([(), Ellipsis, None, np.array(True), np.array(False)])
    )
    return (s,), {"index": index}


@st.composite
def assigned(draw: Any) -> Any:
    """As `indexed`, with a value that broadcasts into what the index picks."""
    (s,), config = draw(indexed())
    picked = np.zeros(s)[config["index"]].shape
    kept = picked[draw(st.integers(0, len(picked))) :]
    value = tuple(1 if draw(st.booleans()) else n for n in kept)
    return (s, value), config


def _set(x: Any, value: Any, index: Any) -> Any:
    y = Tensor(x) if isinstance(value, Tensor) and not isinstance(x, Tensor) else x.copy()
    y[index] = value
    return y


def _axes(draw: Any, s: Shape) -> dict[str, Any]:
    return {"axes": draw(st.none() | st.permutations(range(len(s))).map(tuple))}


ROWS = [
    binary("add"),
    binary("subtract"),
    binary("multiply"),
    binary("divide", "real", "nonzero"),
    binary("power", "positive", "real"),
    Row("power 2", lambda x: x**2, shape().map(lambda s: ((s,), {})), exact=False),
    Row("power -1", lambda x: x**-1, shape().map(lambda s: ((s,), {})), ("nonzero",), exact=False),
    Row("power 2.5", lambda x: x**2.5, shape().map(lambda s: ((s,), {})), ("positive",), exact=False),
    Row("2.5 power", lambda y: 2.5**y, shape().map(lambda s: ((s,), {})), exact=False),
    binary("maximum"),
    binary("minimum"),
    unary("negative"),
    unary("positive"),
    unary("absolute", "nonzero"),
    unary("square"),
    unary("sqrt", "positive"),
    unary("exp"),
    unary("expm1"),
    unary("log", "positive"),
    unary("log1p", "above -1"),
    unary("sin"),
    unary("cos"),
    unary("tanh"),
    Row(
        "where",
        lambda x, y, condition: np.where(condition, x, y),
        chosen(),
        covers=(np.where,),
    ),
    Row(
        "clip",
        lambda x, low, width: np.clip(x, low, low + width),
        broadcasting(3),
        ("real", "real", "positive"),
        covers=(np.clip,),
    ),
    Row("clip above", lambda x: np.clip(x, None, 0.3), shape().map(lambda s: ((s,), {}))),
    Row("clip below", lambda x: np.clip(x, min=0.3), shape().map(lambda s: ((s,), {}))),
    Row("sum", np.sum, reduction(), covers=(np.sum,)),
    Row("mean", np.mean, reduction(min_side=1), covers=(np.mean,)),
    Row("max", np.max, reduction(min_side=1), covers=(np.max,)),
    Row("min", np.min, reduction(min_side=1), covers=(np.min,)),
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
    Row("astype", lambda x: x.astype(np.float64), shape().map(lambda s: ((s,), {}))),
    Row("copy", lambda x: x.copy(), shape().map(lambda s: ((s,), {}))),
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
    Row("getitem", lambda x, index: x[index], indexed()),
    Row("setitem", _set, assigned()),
    Row("matmul", np.matmul, products(), covers=(np.matmul,), exact=False),
]
