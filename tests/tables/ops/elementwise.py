"""Rows of the table: arithmetic, powers, exponentials, logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .base import Row, binary, broadcasting, one, plain, unary


def two(config: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    return st.tuples(broadcasting(2), config).map(lambda drawn: (drawn[0][0], drawn[1]))


whole = two(st.integers(-3, 3).map(lambda n: {"n": n}))


def apart(f: Any) -> Any:
    """`f(x, y)` with x / y at least 0.1 away from a whole number, where f jumps."""
    return lambda u, y, n: f((n + 0.5 + 0.4 * np.tanh(u)) * y, y)


def remainder(name: str, **options: Any) -> Row:
    f = getattr(np, name)
    return Row(name, apart(f), whole, ("real", "nonzero"), (f,), **options)


ROWS = [
    binary("add"),
    binary("subtract"),
    binary("multiply"),
    binary("divide", "real", "nonzero"),
    unary("reciprocal", "nonzero"),
    unary("negative"),
    unary("positive"),
    remainder("remainder"),
    remainder("fmod"),
    remainder("floor_divide"),
    Row(
        "divmod",
        apart(lambda x, y: sum(part * i for i, part in enumerate(np.divmod(x, y), 1))),
        whole,
        ("real", "nonzero"),
        (np.divmod,),
    ),
    binary("power", "positive", "real", exact=False),  # its scalars go another way than arrays
    Row("power 2", lambda x: x**2, plain(), exact=False),
    Row("power -1", lambda x: x**-1, plain(), ("nonzero",), exact=False),
    Row("power 2.5", lambda x: x**2.5, plain(), ("positive",), exact=False),
    Row("2.5 power", lambda y: 2.5**y, plain(), exact=False),
    binary("float_power", "positive", "real", exact=False),
    Row("float_power 2", lambda x: np.float_power(x, 2), plain(), exact=False),
    unary("square"),
    unary("sqrt", "positive"),
    unary("cbrt", "nonzero"),
    Row("frexp", lambda x: np.frexp(x)[0], plain(), ("nonzero",), (np.frexp,)),
    Row(
        "ldexp",
        lambda x, n: np.ldexp(x, n),
        one(lambda draw, s: {"n": np.resize(np.arange(-2, 3), s)}),
        covers=(np.ldexp,),
    ),
    unary("exp"),
    unary("exp2"),
    unary("expm1"),
    unary("log", "positive"),
    unary("log2", "positive"),
    unary("log10", "positive"),
    unary("log1p", "above -1"),
    binary("logaddexp"),
    binary("logaddexp2"),
]
