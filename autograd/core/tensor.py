"""Tensor: an array, and the node that says how it was made."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from ..errors import IntegerGradientError, LeafInPlaceError
from .arrays import check_flag, copy_like, new_array
from .hints import not_kept
from .node import NOT_KEPT, Leaf, Node
from .ownership import keep, lend, quick, replace
from .watch import cut

__all__ = ["Tensor", "wrap"]

if TYPE_CHECKING:
    from .declarations import Declared as Values  # with the operators and methods
else:
    from .values import Values  # operators and methods are attached in ops/methods.py


class Tensor(Values):
    """An array that remembers how it was made, so that `backward()` can differentiate it.

    Parameters
    ----------
    data
        array_like, copied. An array keeps its dtype; Python floats and lists of them become the
        default dtype (float32, see `default_dtype`).
    requires_grad
        make it a leaf, whose `.grad` `backward()` fills.
    dtype
        convert to this.

    Notes
    -----
    A Tensor answers NumPy: `np.exp(t)`, `np.sum(t, axis=0)`, `t @ w`, `array * t`, `t[1:]`. Each is
    a value of its own: `x += y` and `x[i] = v` change what the handle `x` stands for, never an
    array that another tensor or a recorded op still uses. A plain array among an op's arguments is
    used as it is: do not write to it before the backward pass.

    Raises
    ------
    IntegerGradientError
        `requires_grad` with integers or booleans.
    TypeError
        the data are objects or text.

    Examples
    --------
    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4., 6.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_frozen", "_lent", "_node")
    _array: ndarray[Any, Any]  # or, of shape () and not lent, a NumPy scalar
    _lent: bool  # see `ownership`
    _node: Node | None
    _frozen: Leaf | None  # the leaf it was before `requires_grad = False`

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        self._array, self._node, self._lent = quick(new_array(data, dtype)), None, False
        self._frozen = None
        if requires_grad is not False:
            self.requires_grad = requires_grad

    # What it is

    @property
    def data(self) -> ndarray[Any, Any]:
        """The array: writable, except that of an op's result.

        Writing to it is a change the graph does not see; the backward pass refuses to use a leaf
        that was changed since the forward pass.
        """
        if self.is_leaf:
            return lend(self)
        view = np.asarray(self._array).view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: Any) -> None:
        if not self.is_leaf:
            raise LeafInPlaceError.of_result(self._node)
        if value is not self._array:  # as it is at the end of `w.data -= ...`
            replace(self, quick(copy_like("data", value, self)))

    @property
    def grad(self) -> ndarray[Any, Any] | None:
        """The gradient that `backward()` added up, for a leaf or after `retain_grad()`; or None."""
        if self._node is None:
            return None if self._frozen is None else self._frozen.grad
        if self._node.grad is NOT_KEPT:
            warnings.warn(not_kept(self._node), stacklevel=2)
            return None
        return self._node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self._frozen if self._node is None else self._node
        if node is None or node.grad is NOT_KEPT:
            raise ValueError("grad: only a tensor that requires gradients and keeps them has one")
        node.grad = None if value is None else copy_like("grad", value, self)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients reach this tensor. Set it on a tensor that no op made.

        A frozen leaf (set to False, as GANs do in turn) keeps its `.grad`, which no backward pass
        adds to while it is frozen.
        """
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        check_flag(value)
        if value == self.requires_grad:
            return
        if not value and type(self._node) is not Leaf:
            raise ValueError("requires_grad: this tensor is an op's result; use x.detach()")
        if self._array.dtype.kind not in "fc":
            raise IntegerGradientError.of(self.dtype)
        if not value:
            self._frozen, self._node = self._node, None  # type: ignore[assignment]
            self._frozen.frozen = True  # type: ignore[union-attr]
        else:
            leaf = self._frozen or Leaf(self)
            self._frozen, self._node, leaf.frozen = None, leaf, False

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        return self._node is None or type(self._node) is Leaf

    def retain_grad(self) -> None:
        """Keep this op result's gradient in `.grad` too, as leaves do."""
        if self._node is None:
            raise ValueError("retain_grad: no gradient reaches a tensor that does not require one")
        if self._node.grad is NOT_KEPT:
            self._node.grad = None

    def detach(self) -> Tensor:
        """The same value without the graph: no gradient flows through the result."""
        cut(self, ".detach()")
        return wrap(np.asarray(keep(self)))


def wrap(array: ndarray[Any, Any], node: Node | None = None) -> Tensor:
    """A Tensor around an array (not copied) and the node that made it."""
    tensor = object.__new__(Tensor)
    tensor._array, tensor._node, tensor._lent = array, node, False
    return tensor
