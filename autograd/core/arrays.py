"""What may stand beside a Tensor: an op's other inputs as the plain arrays that its body sees."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy import ndarray

from ..errors import ArrayLikeError
from ..modes import default_dtype

__all__ = [
    "AS_THEY_ARE", "NUMBERS", "check_flag", "copy_like", "new_array", "over", "own", "plain",
    "refuse_masked", "wide",
]  # fmt: skip

#: Python's numbers.
NUMBERS = frozenset({bool, int, float, complex})
#: The types that NumPy's arithmetic takes by NumPy's rules. Python's numbers among them stay weak.
AS_THEY_ARE = frozenset(
    {ndarray, bool, int, float, complex}
    | {t for t in np.sctypeDict.values() if issubclass(t, np.number | np.bool_)}
)


def plain(x: Any) -> Any:
    """`x`, which is no Tensor, as a number or a plain array.

    Lists, tuples and whatever else converts to numbers (a pandas Series, say) become arrays: an op
    means NumPy's arithmetic, by position.

    Raises
    ------
    ArrayLikeError
        an array with operators of its own (np.matrix, a masked array, a quantity), by which the
        body would compute something else; or what is no array at all.
    """
    if type(x) in AS_THEY_ARE:
        return x
    if isinstance(x, ndarray) and _own_operators(type(x)):  # type: ignore[arg-type]
        refuse_masked(x)
        raise ArrayLikeError(
            f"got {_a(x)}, whose operators are its own and not NumPy's: convert it, as in "
            "np.asarray(x)"
        )
    array = np.asarray(x)
    if array.dtype.kind not in "biufc" and not isinstance(x, ndarray):
        way = "x.toarray()" if hasattr(x, "toarray") else "np.asarray(x, float)"
        raise ArrayLikeError(
            f"got {_a(x)}, {x!r:.50}, expected an array of numbers: convert it, as in {way}"
        )
    return array


def new_array(data: Any, dtype: Any = None) -> ndarray[Any, Any]:
    """The data of a new Tensor, copied; Python's floats in the default dtype.

    Raises
    ------
    TypeError
        what is neither numbers nor booleans.
    """
    if type(data) is not ndarray:
        refuse_masked(data)
    array = np.array(data, dtype)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"Tensor: expected numbers, got {array.dtype} from {data!r:.50}")
    if dtype is None and array.dtype.kind in "fc" and _is_python(data):
        real = default_dtype.get()
        return array.astype(real if array.dtype.kind == "f" else np.result_type(real, np.complex64))
    return array


def _is_python(data: Any) -> bool:
    """Whether `data` is a Python number or nested lists of them, going by the first element."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return not (isinstance(data, ndarray | np.generic) or hasattr(data, "_node"))  # a Tensor


def copy_like(name: str, value: Any, tensor: Any) -> ndarray[Any, Any]:
    """A copy of `value`, the `name` of a Tensor to be, in its dtype, if it has its shape."""
    refuse_masked(value)
    array = np.array(value, tensor.dtype)
    if array.shape != tensor.shape:
        raise ValueError(f"{name}: got shape {array.shape}, expected {tensor.shape}")
    return array


def check_flag(value: Any) -> None:
    """Raise unless `value` may be set as `requires_grad`."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"requires_grad: got {value!r:.50}, expected True or False. A Tensor takes its "
            "values at once, Tensor([3.0, 4.0]), and a dtype by name, dtype=np.float64."
        )


def refuse_masked(x: Any) -> None:
    """Raise for a masked array: its mask would be lost, and what lies under it would count."""
    if isinstance(x, ndarray) and type(x) is not ndarray and isinstance(x, np.ma.MaskedArray):
        raise ArrayLikeError(
            "got a masked array, whose mask would be lost: use x.filled(0) or another value, or "
            "np.where(mask, value, t) on plain arrays and Tensors"
        )


@cache
def _own_operators(kind: Any) -> bool:
    """Whether a subclass of ndarray changes what its operators or NumPy's functions do."""
    names = ("__add__", "__mul__", "__matmul__", "__pow__", "__array_ufunc__", "__array_function__")
    return any(getattr(kind, name) is not getattr(ndarray, name) for name in names)


def _a(x: Any) -> str:
    name = type(x).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def own(x: Any) -> Any:
    """A plain array as one of its own: a view of a Tensor's array could be written to."""
    return x.copy() if isinstance(x, ndarray) and x.base is not None else x


def wide(dtype: Any) -> Any:
    """The dtype in which to count and to add up: float32 for float16, whose largest is 65504."""
    return FLOAT32 if dtype.char == "e" else dtype


FLOAT32: np.dtype[Any] = np.dtype(np.float32)


def over(g: Any, n: Any) -> Any:
    """`g / n`, for a count n that float16 may not hold."""
    return g / np.asarray(n, np.float32) if g.dtype.char == "e" else g / n
