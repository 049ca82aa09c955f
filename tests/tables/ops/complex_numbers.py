"""Rows of the table: complex numbers, made of two real inputs each."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import shapes

from .base import Row, one, plain
from .linalg import flat

pairs = shapes().map(lambda s: ((s, s), {}))
DEG = st.booleans()


@st.composite
def angles(draw: Any) -> Any:
    s = draw(shapes())
    return (s, s), {"deg": draw(DEG)}


ROWS = [
    Row("real", lambda x, y: np.real(x + 1j * y) * x, pairs, covers=(np.real,)),
    Row("imag", lambda x, y: np.imag(x + 1j * y) * y, pairs, covers=(np.imag,)),
    Row("real of real", lambda x: np.real(x) + np.imag(x), plain()),
    Row("conjugate", lambda x, y: flat(np.conj(x + 1j * y)), pairs, covers=(np.conjugate,)),
    Row("conjugate of real", np.conj, plain()),
    Row(
        "angle",
        lambda x, y, deg: np.angle(x + 1j * y, deg),
        angles(),
        ("nonzero",),
        covers=(np.angle,),
    ),
    Row("angle of real", np.angle, one(lambda draw, _: {"deg": draw(DEG)}), ("nonzero",)),
    Row("real_if_close", np.real_if_close, plain(), covers=(np.real_if_close,)),
    Row("real_if_close dropped", lambda x, y: np.real_if_close(x + 1e-30j * y), pairs),
    Row("real_if_close kept", lambda x, y: flat(np.real_if_close(x + 1j * (2 + y * y))), pairs),
]
