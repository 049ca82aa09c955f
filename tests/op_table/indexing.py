"""Rows of the table: indexing."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd import Tensor

from .base import Row, shape


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


ROWS = [
    Row("getitem", lambda x, index: x[index], indexed()),
    Row("setitem", _set, assigned()),
]
