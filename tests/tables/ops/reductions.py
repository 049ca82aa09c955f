"""Rows of the table: reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from .base import Row, reduction


@st.composite
def masked(draw: Any, **config: st.SearchStrategy[Any]) -> Any:
    """As `reduction`, with a mask `where` that leaves something in each, and more options."""
    (s,), options = draw(reduction(min_side=1))
    where = draw(hnp.arrays(bool, s))
    axes = (
        range(len(s))
        if options["axis"] is None
        else np.atleast_1d(options["axis"]) % max(len(s), 1)
    )
    where[tuple(0 if i in axes else slice(None) for i in range(len(s)))] = True
    return (s,), {**options, "where": where, **{k: draw(v) for k, v in config.items()}}


@st.composite
def ordered(draw: Any, base: Any, config: Callable[[Any], dict[str, Any]] | None = None) -> Any:
    """What `base` draws, with an order for the elements of the array: see `in_order`."""
    (s,), options = draw(base)
    order = draw(st.permutations(range(int(np.prod(s)))))
    return (s,), {**options, "order": np.reshape(order, s), **(config(draw) if config else {})}


def in_order(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` of elements in a given order, far enough apart to keep it: a change of it is a kink."""
    return lambda x, order, **options: f(order.astype(x.dtype) + 0.3 * np.tanh(x), **options)


def skipping(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` of an array with NaN where `where` is False."""
    return lambda x, where, **options: f(np.where(where, x, np.nan), **options)


def some_zeros(x: Any) -> Any:
    """`x` with 0 for two elements of every five."""
    return x * np.resize([1, 0, 1, 0, 1], np.shape(x)).astype(x.dtype)


def summing(name: str, **options: Any) -> list[Row]:
    f, skip = getattr(np, name), getattr(np, f"nan{name}")
    return [
        Row(name, f, reduction(min_side=name == "mean"), covers=(f,)),
        Row(f"{name} where", f, masked(**options)),
        Row(
            f"{name} in float64",
            lambda x, **config: f(x, dtype=np.float64, **config),
            reduction(min_side=1),
        ),
        Row(f"nan{name}", skipping(skip), masked(), covers=(skip,)),
    ]


def extreme(name: str, initial: st.SearchStrategy[float]) -> list[Row]:
    f, skip = getattr(np, name), getattr(np, f"nan{name}")
    from_half = reduction().map(lambda drawn: (drawn[0], {**drawn[1], "initial": 0.5}))
    return [
        Row(name, in_order(f), ordered(reduction(min_side=1)), covers=(f, getattr(np, f"a{name}"))),
        Row(f"{name} where", in_order(f), ordered(masked(initial=initial))),
        Row(f"{name} initial", in_order(f), ordered(from_half)),
        Row(f"nan{name}", in_order(skipping(skip)), ordered(masked()), covers=(skip,)),
    ]


number = st.floats(-1, 1)

ROWS = [
    *summing("sum", initial=number),
    *summing("mean"),
    *summing("prod", initial=number),
    Row("prod of zeros", lambda x, **config: np.prod(some_zeros(x), **config), reduction()),
    *extreme("max", st.floats(-3, -2)),
    *extreme("min", st.floats(30, 40)),
]
