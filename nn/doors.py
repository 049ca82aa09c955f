"""What functions and layers do with what they are given, before they compute.

`door` stands before each function of `functional`: it takes numbers and lists as NumPy's functions
do, computes in float32 what would overflow in float16, and says what PyTorch's arguments are called
here. `check_options` stands before each constructor of a layer or loss.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy import ndarray

from autograd import Tensor

__all__ = ["HALF", "door", "given", "like", "single", "total"]

F = TypeVar("F", bound=Callable[..., Any])

HALF = np.dtype(np.float16)
ARRAYS = Tensor, ndarray

# Half precision: beyond 65504 there is only infinity, and from 2048 on 1 more is nothing. So, as in
# PyTorch, what adds up or counts does so in float32, and only its result is of float16.


def single(x: Any) -> Any:
    """`x`, in float32 if it is an array or Tensor of float16."""
    return x.astype(np.float32) if getattr(x, "dtype", None) == HALF else x


def like(y: Any, x: Any) -> Any:
    """`y`, in float16 again if `x` is."""
    return y.astype(HALF) if x.dtype == HALF else y


def total(x: Any, axis: Any) -> Any:
    """The sum along `axis`, added up in float32 if `x` is of float16."""
    return like(single(x).sum(axis=axis), x)


# Functions

HINTS = {
    "dim": "dim and keepdim are axis and keepdims here, as in NumPy",
    "keepdim": "dim and keepdim are axis and keepdims here, as in NumPy",
    "start_dim": "start_dim and end_dim are start_axis and end_axis here",
    "end_dim": "start_dim and end_dim are start_axis and end_axis here",
    "size_average": "for size_average and reduce write reduction='mean', 'sum' or 'none'",
    "reduce": "for size_average and reduce write reduction='mean', 'sum' or 'none'",
    "inplace": "functions have no inplace, they return a new array: write x = f(x)",
    "device": "there are no devices, arrays live in memory; for another dtype, .astype(np.float64)",
    "dtype": "there are no devices, arrays live in memory; for another dtype, .astype(np.float64)",
}


def door(function: F | None = None, *, wide: bool = False) -> Any:
    """`function`, which takes for its first arguments, data, what NumPy's own functions take.

    wide: it adds up or counts; of float16 it is computed in float32, and the result is float16.
    """
    if function is None:
        return functools.partial(door, wide=wide)
    names = _data(function)
    n, who = len(names), function.__name__

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        while kwargs and len(args) < n and names[len(args)] in kwargs:
            args = (*args, kwargs.pop(names[len(args)]))
        if not _are_arrays(args[:n]):
            args = (*map(given, [who] * n, names, args), *args[n:])
        try:
            if wide and args and (x := args[0]).dtype == HALF:
                kwargs = {k: single(v) for k, v in kwargs.items()}
                return like(function(*map(single, args), **kwargs), x)
            return function(*args, **kwargs)
        except TypeError as error:
            _explain(error)
            raise

    return call


def _are_arrays(data: tuple[Any, ...]) -> bool:
    for x in data:  # noqa: SIM110 - at each call of each function; a generator takes twice as long
        if not isinstance(x, ARRAYS):
            return False
    return True


def _data(function: Any) -> list[str]:
    """The names of the arguments that a function begins with and that are data, no options."""
    names = []
    for p in inspect.signature(function).parameters.values():
        if p.default is not p.empty or p.annotation not in (p.empty, "Any", "Array"):
            break
        if p.kind is p.POSITIONAL_OR_KEYWORD:
            names.append(p.name)
    return names


def given(who: str, name: str, x: Any) -> Any:
    """`x` as an array or Tensor of numbers; TypeError if it is neither that nor a list of them."""
    if isinstance(x, ARRAYS):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        none = ". Does the function that made it return something?" if x is None else ""
        raise TypeError(
            f"{who}: {name} is {_what(x)}, expected an array, a Tensor, or numbers{none}"
        )
    return array


def _what(x: Any) -> str:
    if x is None:
        return "None"
    if isinstance(x, ARRAYS):
        return f"a {type(x).__name__} of shape {x.shape}"
    return f"a {type(x).__name__}" if hasattr(x, "__len__") or callable(x) else repr(x)


def _explain(error: TypeError) -> None:
    """Add to an error of the arguments what PyTorch's names of them are here."""
    for name, hint in HINTS.items():
        if f"unexpected keyword argument '{name}'" in str(error):
            if hint not in getattr(error, "__notes__", ()):
                error.add_note(hint)
            return
