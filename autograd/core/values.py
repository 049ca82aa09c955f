"""What a Tensor is to Python and to NumPy: an array, a number, text, a pickle."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from ..errors import TrackedArrayError
from ..modes import default_dtype
from .hints import no_method
from .hooks import HookHandle, hook_on
from .node import Leaf
from .ownership import lend
from .watch import cut

__all__ = ["Values"]


class Values:
    """The values of a Tensor, without their graph.

    A tensor that requires gradients becomes a number by `.item()` and `.tolist()`, and an array by
    `.detach().numpy()`. `float(t)`, `math.sin(t)`, `np.asarray(t)` and `array[i] = t` raise: no
    gradient is lost that nobody meant to leave behind.
    """

    __slots__ = ()
    _array: Any
    _node: Any

    __pandas_priority__ = 10_000  # so that `series * tensor` is left to the tensor

    shape = property(lambda self: self._array.shape, doc="The lengths of the axes.")
    ndim = property(lambda self: self._array.ndim, doc="The number of axes.")
    size = property(lambda self: self._array.size, doc="The number of elements.")
    dtype = property(lambda self: self._array.dtype, doc="The element type.")

    def numpy(self) -> ndarray[Any, Any]:
        """The array of a tensor without a graph; `t.detach().numpy()` for any tensor."""
        return self.__array__()

    def register_hook(self, hook: Callable[[Any], Any]) -> HookHandle:
        """Call `hook(g)` with the gradient of this tensor in each backward pass.

        The gradient is complete by then. It is a plain array that cannot be written to; under
        `create_graph=True` a Tensor. Hooks are called in the order in which they were registered,
        before `.grad` is added to and before `gradients` returns. After `x += y` or `x[i] = v` a
        hook is still on the value that `x` was before.

        Parameters
        ----------
        hook
            returns None, or an array to take the place of the gradient from here on.

        Returns
        -------
        HookHandle
            A handle, to `remove()` the hook, or to be used in a `with` block.

        Raises
        ------
        ValueError
            this tensor does not require gradients.
        GradientShapeError
            in the backward pass: a hook returned another shape.

        Examples
        --------
        >>> from autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = x * x
        >>> handle = y.register_hook(lambda g: g / 2)
        >>> y.sum().backward()
        >>> x.grad
        array([1., 2.], dtype=float32)
        """
        return hook_on(self._node, hook)

    def item(self) -> Any:
        """The value as a Python number, if there is exactly one."""
        cut(self, ".item()")
        return self._array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        cut(self, ".tolist()")
        return self._array.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray[Any, Any]:
        if self._node is not None:
            raise TrackedArrayError.array()
        return np.array(lend(self), dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def _number(self, kind: str) -> Any:
        """The array, for Python's own functions, which know no gradient."""
        if self._node is not None:
            raise TrackedArrayError.number(kind)
        return self._array.item() if self.size == 1 else self._array  # else it raises, as NumPy's

    def __index__(self) -> int:
        return operator.index(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        return len(self._array)

    __hash__ = object.__hash__  # `==` compares elementwise; a tensor in a set is itself

    def __repr__(self) -> str:
        text = np.array2string(self._array, separator=", ", prefix=f"{type(self).__name__}(")
        if self.size == 0 and self.shape != (0,):
            text += f", shape={self.shape}"
        if self.dtype.kind not in "ib" and self.dtype != default_dtype.get():
            text += f", dtype={self.dtype}"
        if type(self._node) is Leaf:
            text += ", requires_grad=True"
        elif self._node is not None:
            text += f", op={self._node.op.__name__}"
        return f"{type(self).__name__}({text})"

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from .display import html_of  # nobody else needs it: not at import

        return html_of(self)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.size != 1:
            raise TypeError(
                f"format {spec!r} of a tensor of shape {self.shape}: expected one number"
            )
        return format(self._array.item(), spec)

    def __reduce__(self) -> Any:
        if self._node is not None and type(self._node) is not Leaf:
            raise TypeError(
                f"a tensor with a graph (the result of {self._node.op.__name__}) cannot be copied "
                "or pickled. Use .detach(), or .copy() for a differentiable copy."
            )
        return type(self), (self._array, self._node is not None)

    if not TYPE_CHECKING:  # a type checker is to find what there is not by itself

        def __getattr__(self, name: str) -> Any:
            if name == "_frozen":
                return None  # never set: never frozen
            raise no_method(self, name)
