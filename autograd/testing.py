"""Hypothesis strategies for tests of ops: shapes that broadcast, arrays, axes, indices.

Needs hypothesis, which nothing else in the library does.

    @given(arrays_that_broadcast(2))
    def test_my_op(xs):
        assert gradcheck(my_op, *xs)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

try:
    import hypothesis.extra.numpy as hnp
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("autograd.testing needs hypothesis: pip install hypothesis") from error

__all__ = ["arrays", "arrays_that_broadcast", "axes", "indices", "shapes"]

Shape = tuple[int, ...]


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 3
) -> st.SearchStrategy[Shape]:
    """Shapes, 0-d and empty ones among them."""
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


@st.composite
def arrays(
    draw: st.DrawFn,
    /,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: DTypeLike = np.float64,
    low: float = -3.0,
    high: float = 3.0,
) -> NDArray[Any]:
    """Arrays of random numbers, contiguous or not.

    The numbers come from a drawn seed, so that ties and kinks do not come up by chance, and a
    failure shrinks to a small shape and a plain layout rather than to zeros.

    Parameters
    ----------
    shape
        a shape, or a strategy for one; `shapes()` if None.
    low, high
        the numbers are uniform between.
    """
    wanted = shape if isinstance(shape, tuple) else draw(shapes() if shape is None else shape)
    layout = draw(st.sampled_from(["plain", "transposed", "reversed", "strided"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.uniform(low, high, wanted).astype(dtype)
    if layout == "transposed":
        return values.T.copy().T
    if layout == "reversed" and values.ndim:
        return values[::-1].copy()[::-1]
    if layout == "strided" and values.ndim:
        return np.repeat(values, 2, axis=-1)[..., ::2]
    return values


@st.composite
def arrays_that_broadcast(
    draw: st.DrawFn, /, count: int, max_dims: int = 3, max_side: int = 3, **options: Any
) -> tuple[NDArray[Any], ...]:
    """`count` arrays whose shapes broadcast together; options are those of `arrays`."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(
            num_shapes=count, min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side
        )
    )
    return tuple(draw(arrays(shape, **options)) for shape in drawn.input_shapes)


def axes(ndim: int, *, single: bool = False) -> st.SearchStrategy[Any]:
    """An `axis` argument for `ndim` dimensions: None, an int of either sign, or a tuple of ints."""
    one = st.integers(-ndim, ndim - 1) if ndim else st.nothing()
    if single:
        return one
    some = st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim) if ndim else st.just([])
    return st.none() | one | some.map(tuple)


def indices(shape: Shape) -> st.SearchStrategy[Any]:
    """An index into an array of `shape`: slices and numbers, integer arrays, or a mask."""
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    mask = hnp.arrays(bool, shape)
    if not shape or 0 in shape:
        return basic | mask
    first = hnp.arrays(int, st.integers(0, 4), elements=st.integers(-shape[0], shape[0] - 1))
    return basic | mask | hnp.integer_array_indices(shape) | st.tuples(first, st.just(Ellipsis))
