"""The operators and methods of Tensor: NumPy's names, each the op that stands for the function.

For type checkers they are declared again in core/declarations.pyi.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.backward import backward
from ..core.dispatch import RULES
from ..core.ownership import become
from ..core.tensor import Tensor
from ..core.watch import cut
from ..modes import recording
from . import shapes as s
from .indexing import getitem, plain_index, setitem
from .joining import unstack

#: All that is attached to Tensor, by name.
ATTACHED: dict[str, Any] = {}

# Operators


def _swapped(op: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: op(other, self)


def _in_place(op: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: become(self, op(self, other))


for name, function in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "mod": np.remainder, "floordiv": np.floor_divide, "matmul": np.matmul,
}.items():  # fmt: skip
    ATTACHED[f"__{name}__"] = RULES[function]
    ATTACHED[f"__r{name}__"] = _swapped(RULES[function])
    ATTACHED[f"__i{name}__"] = _in_place(RULES[function])


def _compared(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda self, other: operation(self._array, plain_index(other))


for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    ATTACHED[f"__{name}__"] = _compared(getattr(operator, name))

# Methods that are NumPy's functions

for name, function in {
    "__neg__": np.negative, "__pos__": np.positive, "__abs__": np.absolute, "abs": np.absolute,
    "__divmod__": np.divmod, "conj": np.conjugate,
}.items():  # fmt: skip
    ATTACHED[name] = RULES[function]

for name in (
    "all", "any", "argmax", "argmin", "argsort", "clip", "conjugate", "cos", "cumprod",
    "cumsum", "diagonal", "dot", "exp", "log", "max", "mean", "min", "nonzero", "prod", "ravel",
    "repeat", "sin", "sqrt", "squeeze", "std", "sum", "swapaxes", "take", "tanh", "trace", "var",
):  # fmt: skip
    ATTACHED[name] = RULES[getattr(np, name)]

# Methods that take other arguments than NumPy's functions


def _reshape(self: Tensor, *shape: Any, order: str = "C") -> Tensor:
    """`np.reshape`; the lengths as one tuple or one by one."""
    if not shape:
        raise TypeError("reshape: got no shape, expected x.reshape(2, 3) or x.reshape((2, 3))")
    return s.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)


def _flatten(self: Tensor, order: str = "C") -> Tensor:
    """All elements in one axis."""
    if isinstance(order, int):
        raise TypeError(
            f"flatten: got {order}, expected an order, 'C' or 'F'. All but the first axes: "
            "nn.functional.flatten(x, 1), or x.reshape(len(x), -1)"
        )
    return s.ravel(self, order).copy()


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """`np.transpose`; the axes as one tuple or one by one."""
    return s.transpose(
        self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    )


def _astype(self: Tensor, dtype: Any) -> Tensor:
    """A copy in another dtype. Integers and booleans have no gradient: it ends there."""
    if np.dtype(dtype) == self.dtype:
        return s.copy(self)
    if np.dtype(dtype).kind not in "fc":
        cut(self, f".astype({np.dtype(dtype)})")
        return Tensor(self._array, dtype=dtype)
    return s.astype(self, dtype)


def _compress(self: Tensor, condition: Any, axis: int | None = None) -> Tensor:
    """`np.compress`: the elements, along an axis, where a condition holds."""
    return RULES[np.compress](condition, self, axis)


def _round(self: Tensor, decimals: int | None = None) -> Tensor:
    """`np.round`, whose derivative is 0."""
    return RULES[np.round](self, decimals or 0)


# Indexing


def _getitem(self: Tensor, index: Any) -> Tensor:
    return getitem(self, plain_index(index))


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    index = plain_index(index)
    tracked = self.requires_grad or (isinstance(value, Tensor) and value.requires_grad)
    if not tracked or (self.is_leaf and not recording.get()):
        self.data[index] = plain_index(value)
    else:
        become(self, setitem(self, value, index))


def _iter(self: Tensor) -> Iterator[Tensor]:
    rows = range(len(self))
    # Tracked, as one op: with one for each row, the way back would take quadratic time.
    return iter(unstack(self)) if self.requires_grad else (self[i] for i in rows)


def _contains(self: Tensor, value: Any) -> bool:
    return bool((self == value).any())


ATTACHED |= {
    "reshape": _reshape, "flatten": _flatten, "transpose": _transpose, "astype": _astype,
    "compress": _compress, "round": _round, "__round__": _round,
    "__rdivmod__": _swapped(RULES[np.divmod]),
    "__getitem__": _getitem, "__setitem__": _setitem, "__iter__": _iter, "__contains__": _contains,
    "copy": s.copy, "backward": backward,
    "T": property(_transpose, doc="The tensor with its axes reversed."),
    "mT": property(lambda self: s.swapaxes(self, -1, -2), doc="Its matrices transposed."),
    "real": property(lambda self: np.real(self), doc="The real part."),
    "imag": property(lambda self: np.imag(self), doc="The imaginary part."),
}  # fmt: skip

for name, method in ATTACHED.items():
    if not (method.__doc__ or name.startswith("_")):  # NumPy documents what it does
        method.__doc__ = f"`np.{method.__name__}`, on Tensors."
    setattr(Tensor, name, method)
