"""The strategies that users' tests may import."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from autograd import GradcheckError, gradcheck, op
from autograd.testing import arrays, arrays_that_broadcast, axes, indices, shapes


@given(arrays_that_broadcast(2))
@settings(max_examples=25, deadline=None)
def test_arrays_broadcast_and_check_an_op(xs: Any) -> None:
    np.broadcast_shapes(*(x.shape for x in xs))
    assert gradcheck(lambda x, y: x * np.exp(y), *xs)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_axes_and_indices_are_valid(data: Any) -> None:
    x = data.draw(arrays())
    assert x.sum(axis=data.draw(axes(x.ndim))) is not None
    assert x[data.draw(indices(x.shape))] is not None
    if x.ndim:
        assert x.cumsum(axis=data.draw(axes(x.ndim, single=True))).shape == x.shape


@pytest.mark.parametrize(
    "wanted",
    [
        lambda x: x.ndim == 0,
        lambda x: x.size == 0,
        lambda x: not x.flags.c_contiguous and x.size > 3,
        lambda x: any(stride < 0 for stride in x.strides),
    ],
)
def test_corners_are_drawn(wanted: Any) -> None:
    assert wanted(find(arrays(), wanted))


def test_options_hold() -> None:
    x = find(arrays(shapes(2, 2, 1, 2), np.float32, 1.0, 2.0), lambda x: x.size == 4)
    assert x.shape == (2, 2)
    assert x.dtype == np.float32
    assert x.min() >= 1
    assert x.max() <= 2


def test_a_wrong_op_is_found() -> None:
    @op
    def single(x, y):  # wrong for a single element
        return x + y, lambda g: g if g.size != 1 else 2 * g, lambda g: g

    @given(arrays_that_broadcast(2))
    @settings(max_examples=200, deadline=None, database=None)
    def check(xs: Any) -> None:
        gradcheck(single, *xs)

    with pytest.raises(GradcheckError):
        check()
