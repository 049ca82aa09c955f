"""Rows of the table: trigonometric and hyperbolic."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes

from .base import DOMAINS, Row, binary, one, unary

DOMAINS["within 1"] = lambda x: 0.9 * np.tanh(x)
DOMAINS["above 1"] = lambda x: 1.1 + np.exp(x / 2)

ROWS = [
    unary("sin"),
    unary("cos"),
    unary("tan", "within 1"),
    unary("arcsin", "within 1"),
    unary("arccos", "within 1"),
    unary("arctan"),
    unary("sinh"),
    unary("cosh"),
    unary("tanh"),
    unary("arcsinh"),
    unary("arccosh", "above 1"),
    unary("arctanh", "within 1"),
    binary("hypot", "nonzero"),
    binary("arctan2", "nonzero"),
    unary("deg2rad"),
    unary("radians"),
    unary("rad2deg"),
    unary("degrees"),
    unary("sinc"),
    Row("sinc at 0", lambda x: np.sinc(x * 0), one(lambda *_: {})),
    Row(
        "unwrap",
        lambda p, **config: np.unwrap(0.2 * np.tanh(p) + np.resize([0, 4.5], p.shape), **config),
        one(
            lambda draw, s: {
                "axis": draw(axes(len(s), single=True)),
                "period": draw(st.sampled_from([2 * np.pi, 5.0])),
            },
            min_dims=1,
        ),
        covers=(np.unwrap,),
    ),
]
