"""Rows of the table: indexing."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd import Tensor
from autograd.testing import indices, shapes

from .base import Row, Shape


@st.composite
def mixtures(draw: Any, s: Shape) -> Any:
    """Slices, integers, arrays of integers, masks, new axes and an ellipsis, in one tuple."""
    count = draw(st.integers(0, 3))  # the arrays of a mixture broadcast together
    index: list[Any] = []
    for n in s:
        mask = st.permutations(range(n)).map(lambda p, n=n: np.isin(np.arange(n), p[:count]))
        picked = st.sampled_from([(count,), (1,), (2, count), (2, 1)]).flatmap(
            lambda sides, n=n: hnp.arrays(int, sides, elements=st.integers(-n, n - 1))
        )
        index.append(
            draw(st.slices(n) | st.integers(-n, n - 1) | picked | (mask if count <= n else picked))
        )
    if draw(st.booleans()):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(s))] * 2)))
        index[start:stop] = [Ellipsis]
    for _ in range(draw(st.integers(0, 2))):
        index.insert(draw(st.integers(0, len(index))), None)
    return tuple(index)


@st.composite
def indexed(draw: Any) -> Any:
    """A shape and an index into it: basic, advanced with repeats, boolean, or a mixture."""
    s = draw(shapes(min_side=1))
    index = draw(
        indices(s)
        | mixtures(s)
        | st.integers(0, len(s) - 1).flatmap(
            lambda axis: st.tuples(
                *[st.just(slice(None))] * axis,
                hnp.arrays(
                    st.sampled_from([int, np.int8, np.uint8]),
                    shapes(max_dims=2),
                    elements=st.integers(0, s[axis] - 1),
                ),
            )
        )
        if s
        else indices(s)
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


def written(write: Any) -> Any:
    """A function that writes into its first argument, as one that returns what it wrote into."""

    def call(x: Any, value: Any, **config: Any) -> Any:
        y = Tensor(x) if isinstance(value, Tensor) and not isinstance(x, Tensor) else x.copy()
        write(y, value, **config)
        return y

    return call


def _set(y: Any, value: Any, index: Any) -> None:
    y[index] = value


ROWS = [
    Row("getitem", lambda x, index: x[index], indexed()),
    Row("setitem", written(_set), assigned()),
]
