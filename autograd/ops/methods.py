"""The operators and methods of Tensor: NumPy's names, each the op that stands for the function."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.backward import backward
from ..core.dispatch import RULES
from ..core.tensor import Tensor
from ..core.watch import cut
from ..modes import recording
from . import shapes as s
from .indexing import getitem, plain_index, setitem
from .joining import unstack


def _swapped(op: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: op(other, self)


def _in_place(op: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: self._move(op(self, other))


for name, function in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "mod": np.remainder, "floordiv": np.floor_divide, "matmul": np.matmul,
}.items():  # fmt: skip
    setattr(Tensor, f"__{name}__", RULES[function])
    setattr(Tensor, f"__r{name}__", _swapped(RULES[function]))
    setattr(Tensor, f"__i{name}__", _in_place(RULES[function]))


def _compared(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda self, other: operation(self._array, plain_index(other))


for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Tensor, f"__{name}__", _compared(getattr(operator, name)))


def _reshape(self: Tensor, *shape: Any, order: str = "C") -> Tensor:
    if not shape:
        raise TypeError("reshape: got no shape, expected x.reshape(2, 3) or x.reshape((2, 3))")
    return s.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)


def _flatten(self: Tensor, order: str = "C") -> Tensor:
    if isinstance(order, int):
        raise TypeError(
            f"flatten: got {order}, expected an order, 'C' or 'F'. All but the first axes: "
            "nn.functional.flatten(x, 1), or x.reshape(len(x), -1)"
        )
    return s.ravel(self, order).copy()


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    return s.transpose(
        self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    )


def _astype(self: Tensor, dtype: Any) -> Tensor:
    if np.dtype(dtype) == self.dtype:
        return s.copy(self)
    if np.dtype(dtype).kind not in "fc":  # integers have no gradient
        cut(self, f".astype({np.dtype(dtype)})")
        return Tensor(self._array, dtype=dtype)
    return s.astype(self, dtype)


def _getitem(self: Tensor, index: Any) -> Tensor:
    return getitem(self, plain_index(index))


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    index = plain_index(index)
    tracked = self.requires_grad or (isinstance(value, Tensor) and value.requires_grad)
    if not tracked or (self.is_leaf and not recording.get()):
        self.data[index] = plain_index(value)
    else:
        self._move(setitem(self, value, index))


def _iter(self: Tensor) -> Iterator[Tensor]:
    rows = range(len(self))
    # Tracked, as one op: with one for each row, the way back would take quadratic time.
    return iter(unstack(self)) if self.requires_grad else (self[i] for i in rows)


def _contains(self: Tensor, value: Any) -> bool:
    return bool((self == value).any())


def _round(self: Tensor, decimals: int | None = None) -> Tensor:
    return RULES[np.round](self, decimals or 0)


for name, function in {
    "__neg__": np.negative, "__pos__": np.positive, "__abs__": np.absolute, "abs": np.absolute,
    "__divmod__": np.divmod, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "conj": np.conjugate, "conjugate": np.conjugate,
}.items():  # fmt: skip
    setattr(Tensor, name, RULES[function])

for name in (
    "all", "any", "argmax", "argmin", "argsort", "clip", "compress", "cumprod", "cumsum",
    "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "squeeze",
    "std", "sum", "swapaxes", "take", "trace", "var",
):  # fmt: skip
    setattr(Tensor, name, RULES[getattr(np, name)])

for name, method in {
    "__getitem__": _getitem, "__setitem__": _setitem, "__iter__": _iter,
    "__contains__": _contains,
    "__round__": _round, "round": _round, "__rdivmod__": _swapped(RULES[np.divmod]),
    "reshape": _reshape, "transpose": _transpose, "astype": _astype, "copy": s.copy,
    "flatten": _flatten,
    "T": property(_transpose, doc="The tensor with its axes reversed."),
    "mT": property(lambda self: s.swapaxes(self, -1, -2), doc="Its matrices transposed."),
    "real": property(lambda self: np.real(self), doc="The real part."),
    "imag": property(lambda self: np.imag(self), doc="The imaginary part."),
    "backward": backward,
}.items():  # fmt: skip
    setattr(Tensor, name, method)
