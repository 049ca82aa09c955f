"""Rows of the table: choices between values, interpolation, rounding, signs."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd.testing import shapes

from .base import Row, binary, broadcasting, one, plain, unary


@st.composite
def chosen(draw: Any, count: int = 1) -> Any:
    shapes, _ = draw(broadcasting(2 + count))
    conditions = [draw(hnp.arrays(bool, s)) for s in shapes[2:]]
    return shapes[:2], {"condition": conditions[0] if count == 1 else conditions}


@st.composite
def interpolated(draw: Any) -> Any:
    """Points x, each in an interval of the knots or outside, and the number of knots."""
    s, n = draw(shapes()), draw(st.integers(1, 4))
    ends = st.none() | st.floats(-1, 1)
    config = {"k": draw(hnp.arrays(int, s, elements=st.integers(-1, n - 1)))}
    return (s, (n,), (n,)), {**config, "left": draw(ends), "right": draw(ends)}


def interp(x: Any, xp: Any, fp: Any, k: Any, **ends: Any) -> Any:
    """`np.interp` with x at least 0.1 away from the knots, where the slope jumps."""
    knots = np.arange(len(xp)) + 0.3 * np.tanh(xp)
    return np.interp(k + 0.5 + 0.1 * np.tanh(x), knots, fp, **ends)


def near(x: Any) -> Any:
    """Numbers within 0.3 of 0."""
    return 0.3 * np.tanh(x)


def spread(x: Any) -> Any:
    """Numbers within 0.3 of 0, 1.5 and -1.5 in turn, so that no kink in between comes near."""
    return near(x) + np.resize([0, 1.5, -1.5], np.shape(x)).astype(x.dtype)


def larger(name: str) -> Row:
    f = getattr(np, name)
    return Row(name, lambda x, y: f(near(x), spread(y) + 0.7), broadcasting(2), covers=(f,))


def pieces(x: Any) -> Any:
    return x + np.piecewise(x, [x < -0.7, x > 0.7], [np.sin, 0.5, lambda v: v * v])


def stepped(name: str, **config: Any) -> Row:
    """A function of steps at whole or half numbers, called away from them."""
    f = getattr(np, name)
    return Row(name, lambda x: f(3.25 + 0.2 * np.tanh(x), **config), plain(), covers=(f,))


def with_holes(x: Any, holes: Any = (0.0, np.nan, np.inf, -np.inf, 0.0)) -> Any:
    """`x` with NaN, inf and -inf among its elements."""
    holes = np.resize(holes, np.shape(x)).astype(x.dtype)
    return np.where(holes == 0, x, holes)


ROWS = [
    larger("maximum"),
    larger("minimum"),
    larger("fmax"),
    larger("fmin"),
    Row(
        "fmax of NaN",
        lambda x, y: np.fmax(x, with_holes(4 + np.tanh(y), [0.0, np.nan])),
        broadcasting(2),
    ),
    Row(
        "clip",
        lambda x, low, high: np.clip(spread(x), near(low) - 0.7, near(high) + 0.7),
        broadcasting(3),
        covers=(np.clip,),
    ),
    Row("clip above", lambda x: np.clip(spread(x), None, 0.7), plain()),
    Row("clip below", lambda x: np.clip(spread(x), min=0.7), plain()),
    Row(
        "where",
        lambda x, y, condition: np.where(condition, x, y),
        chosen(),
        covers=(np.where,),
    ),
    Row(
        "select",
        lambda x, y, condition: np.select(condition, [x, y, 2.0], x + y),
        chosen(3),
        covers=(np.select,),
    ),
    Row(
        "piecewise",
        lambda x: pieces(spread(x)),
        plain(),
        covers=(np.piecewise,),
    ),
    Row("interp", interp, interpolated(), covers=(np.interp,)),
    Row(
        "interp, periodic",
        lambda x, fp: np.interp(
            0.4 + 0.1 * np.tanh(x), [1.5, 0.2, 3.1], fp * np.ones(3, fp.dtype), period=1.0
        ),
        plain().map(lambda drawn: ((drawn[0][0], ()), {})),
    ),
    stepped("floor"),
    stepped("ceil"),
    stepped("trunc"),
    stepped("fix"),
    stepped("rint"),
    stepped("sign"),
    stepped("round"),
    stepped("around", decimals=0),
    Row("round to 1", lambda x: np.round(1.53 + 0.01 * np.tanh(x), 1), plain()),
    Row("round to -1", lambda x: np.round(13 + np.tanh(x), decimals=-1), plain()),
    Row(
        "modf",
        lambda x: sum(part * i for i, part in enumerate(np.modf(x), 1)),
        plain(),
        ("within 1",),
        (np.modf,),
    ),
    unary("absolute", "nonzero"),
    unary("fabs", "nonzero"),
    binary("copysign", "nonzero"),
    binary("heaviside", "nonzero"),
    Row(
        "heaviside at 0",
        lambda x, y: np.heaviside(np.floor(0.5 + 0.1 * np.tanh(x)), y),
        broadcasting(2),
    ),
    Row(
        "nan_to_num",
        lambda x, **config: np.nan_to_num(with_holes(x), **config),
        one(
            lambda draw, _: draw(
                st.sampled_from(
                    [{"posinf": 1.0, "neginf": -1.0}, {"nan": 2.0, "posinf": 3.0, "neginf": 4.0}]
                )
            )
        ),
        covers=(np.nan_to_num,),
    ),
]
