"""Copy on write: when a Tensor may hand out or write to its array, and when it takes a copy.

A closure holds arrays of the forward pass, so those must not change before the backward pass; and
`w.data -= lr * w.grad` is to write in place, without a copy. Python's reference counts tell the
two apart, as long as four rules are kept:

1. An array that a graph took from a Tensor never changes. (A plain array among an op's arguments
   is the user's, who may write to it: `detect_anomaly` finds that.)
2. `lend`: `x.data` is the Tensor's own array if nobody else holds it, and it then counts as lent:
   whoever has it may write to it at any time. If a graph holds it, the graph keeps it and the
   Tensor gets a copy to lend.
3. `keep`: an op that reads a lent array takes it back if nobody outside holds it any more; else
   the graph gets a copy.
4. A leaf whose array was lent or replaced is `touched`. The backward pass compares such a leaf
   with what the graph holds of it, and raises if they differ.

Examples
--------
>>> import numpy as np
>>> from autograd import Tensor
>>> w = Tensor([1.0, 2.0], requires_grad=True)
>>> loss = (w * w).sum()        # the graph holds w's array
>>> w.data -= 1                 # so w gets a copy, and the copy is written to
>>> loss.backward()                                              # doctest: +ELLIPSIS
Traceback (most recent call last):
autograd.errors.LeafChangedError: multiply: its argument 0, a leaf of shape (2,), was updated ...
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..errors import LeafChangedError, LeafInPlaceError
from ..modes import recording
from .node import Leaf, Node

__all__ = ["become", "keep", "lend", "quick", "refuse_changed_leaves", "replace", "sole_owner"]


def sole_owner(holder: Any, slot: str) -> bool:
    """Whether `holder.slot` is the only reference to an array that owns its memory.

    Where Python does not count references the answer is False, and copies are made.
    """
    array = getattr(holder, slot)
    mine = array.base is None and array.flags.writeable if type(array) is ndarray else True
    return mine and _references(array) <= _OF_ONE


class _Holder:
    __slots__ = ("array",)
    array: ndarray[Any, Any]


# What the count is for an array with one owner depends on how Python makes the calls above: it is
# measured once, as the least count at which an array that surely has one owner is told to have one.
_holder = _Holder()
_holder.array = np.empty(1)
_references: Callable[[Any], int] = getattr(sys, "getrefcount", lambda _: sys.maxsize)
_OF_ONE = 0
while not sole_owner(_holder, "array") and _OF_ONE < 8:
    _OF_ONE += 1


def quick(array: ndarray[Any, Any]) -> Any:
    """Of shape () NumPy's scalar instead, which computes four times as fast; nobody can lend it."""
    return array if array.ndim else array[()]


def lend(tensor: Any) -> ndarray[Any, Any]:
    """The array, for somebody outside to read and write."""
    if not tensor._lent:
        if sole_owner(tensor, "_array"):
            tensor._array = np.asarray(tensor._array)
        else:
            replace(tensor, np.array(tensor._array))
        tensor._lent = True
    return tensor._array


def keep(tensor: Any) -> Any:
    """The array, for a graph to hold."""
    if tensor._lent:
        if not sole_owner(tensor, "_array"):
            _touch(tensor)
            return tensor._array.copy()
        tensor._lent, tensor._array = False, quick(tensor._array)
    return tensor._array


def replace(tensor: Any, array: Any) -> None:
    """Give a Tensor another array, which is its own."""
    tensor._array, tensor._lent = array, False
    _touch(tensor)


def _touch(tensor: Any) -> None:
    leaf = tensor._node or tensor._frozen
    if type(leaf) is Leaf:
        leaf.touched = True


def become(tensor: Any, result: Any) -> Any:
    """Make a Tensor stand for the result of an op: what `x += y` and `x[i] = v` do."""
    leaf = type(tensor._node) is Leaf
    if leaf and recording.get():
        raise LeafInPlaceError.of_leaf(tensor.shape)
    if result.shape != tensor.shape:
        raise ValueError(f"in place: a result of shape {result.shape} in place of {tensor.shape}")
    if not np.can_cast(result.dtype, tensor.dtype, "same_kind"):
        raise TypeError(f"in place: a result of {result.dtype} in place of {tensor.dtype}")
    if result.dtype != tensor.dtype:
        result = result.astype(tensor.dtype)
    if leaf:
        lend(tensor)[...] = result._array
    else:
        replace(tensor, result._array)
        if recording.get():
            tensor._node = result._node
    return tensor


def refuse_changed_leaves(order: list[Node]) -> None:
    """Raise if an op that needs its inputs was given a leaf that has another value by now.

    The gradient would be that of the old value: hardly ever what was meant.
    """
    for node in order:
        if node.inputs is None or node.edges is None:
            continue
        for _, leaf, i in node.edges:
            tensor: Any = leaf.owner() if isinstance(leaf, Leaf) and leaf.touched else None
            if tensor is None:
                continue
            old = node.inputs[i]
            if old is tensor._array or np.array_equal(old, tensor._array, equal_nan=True):
                continue
            raise LeafChangedError.of(node, i, leaf.shape)
