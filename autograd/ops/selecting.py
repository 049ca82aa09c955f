"""Selecting elements by index or condition, and NumPy's functions that write in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..core.dispatch import as_array, implements, stop_gradient
from ..core.tensor import Tensor
from ..errors import NoGradientRuleError
from .indexing import along_axis, numbered, read
from .shapes import atleast_1d

# ruff: noqa: D103 - a function here is documented by NumPy, whose function it stands for

# By index and by condition


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, *, mode: Any = "raise") -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    a = atleast_1d(a)
    axis = normalize_axis_index(axis, a.ndim)
    indices = np.asarray(stop_gradient(indices))
    if indices.dtype.kind == "f" and indices.size:
        raise TypeError(f"np.take: got indices of {indices.dtype}, expected whole numbers")
    places = np.take(np.arange(a.shape[axis]), indices.astype(np.intp, copy=False), mode=mode)
    return a[(slice(None),) * axis + (places,)]


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    return arr[along_axis(arr.shape, stop_gradient(indices), axis)]


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return take(a, np.flatnonzero(condition), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return compress(np.ravel(stop_gradient(condition)), arr)


@implements(np.choose)
def choose(a: Any, choices: Any, *, mode: Any = "raise") -> Any:
    choices = list(choices)
    return read(np.choose(stop_gradient(a), numbered(*choices), mode=mode), *choices)


# In place: what the function would write where, it tells by writing numbers. Then a[i] = v does it.


def _write(name: str, a: Any, values: Any, write: Callable[..., None]) -> None:
    if not isinstance(a, Tensor):
        raise NoGradientRuleError(
            f"np.{name}: values from a Tensor would lose their gradient in a plain array. Make "
            "the array a Tensor first: t = Tensor(array)."
        )
    values = as_array(values)
    source = np.full(a.shape, -1)
    write(source, *numbered(values))
    written = source >= 0
    a[written] = read(source[written], values)


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    _write("put", a, v, lambda x, v: np.put(x, stop_gradient(ind), v, mode))


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    _write(
        "put_along_axis", arr, values,
        lambda x, v: np.put_along_axis(x, stop_gradient(indices), v, axis),
    )  # fmt: skip


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    _write("place", arr, vals, lambda x, v: np.place(x, stop_gradient(mask), v))


@implements(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    _write("putmask", a, values, lambda x, v: np.putmask(x, stop_gradient(mask), v))


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    if hasattr(src, "dtype") and not np.can_cast(src.dtype, dst.dtype, casting):
        raise TypeError(f"np.copyto: cannot cast {src.dtype} to {dst.dtype} by rule {casting!r}")
    _write("copyto", dst, src, lambda x, v: np.copyto(x, v, where=stop_gradient(where)))


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    _write("fill_diagonal", a, val, lambda x, v: np.fill_diagonal(x, v, wrap))
