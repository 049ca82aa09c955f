"""Rows of the table: elementwise."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from .base import Row, binary, broadcasting, plain, unary


@st.composite
def chosen(draw: Any) -> Any:
    shapes, _ = draw(broadcasting(3))
    return shapes[:2], {"condition": draw(hnp.arrays(bool, shapes[2]))}


ROWS = [
    binary("add"),
    binary("subtract"),
    binary("multiply"),
    binary("divide", "real", "nonzero"),
    binary("power", "positive", "real"),
    Row("power 2", lambda x: x**2, plain(), exact=False),
    Row("power -1", lambda x: x**-1, plain(), ("nonzero",), exact=False),
    Row("power 2.5", lambda x: x**2.5, plain(), ("positive",), exact=False),
    Row("2.5 power", lambda y: 2.5**y, plain(), exact=False),
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
    Row("clip above", lambda x: np.clip(x, None, 0.3), plain()),
    Row("clip below", lambda x: np.clip(x, min=0.3), plain()),
]
