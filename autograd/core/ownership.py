"""Who holds an array. Arrays that closures hold never change; no two `.grad` share memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import LeafChangedError
from .node import Leaf, Node


def alone(holder: Any, slot: str) -> bool:
    """Whether `holder.slot` is the only reference to an array that owns its memory.

    An array a closure holds must never change, and no two `.grad` may share memory. The reference
    count tells exactly when nobody else holds an array, so that no copy is made in vain. Where
    Python does not count references the answer is False, and copies are made.
    """
    array = getattr(holder, slot)
    mine = array.base is None and array.flags.writeable if type(array) is np.ndarray else True
    return mine and _references(array) <= _ALONE


class _Holder:
    __slots__ = ("array",)
    array: np.ndarray[Any, Any]


_holder = _Holder()
_holder.array = np.empty(1)
_references: Callable[[Any], int] = getattr(sys, "getrefcount", lambda _: 2)
_ALONE = 0
while not alone(_holder, "array") and _ALONE < 8:  # what the check itself holds: measured, once
    _ALONE += 1
if _references is not getattr(sys, "getrefcount", None):
    _ALONE = 0


def refuse_changed_leaves(order: list[Node]) -> None:
    """Raise if a closure holds the old value of a leaf that has since been updated.

    Closures hold arrays that never change (a leaf that is written to moves to a copy of its own),
    so the gradient would be that of the old value: hardly ever what was meant.
    """
    for node in order:
        if node.inputs is None or node.edges is None:
            continue
        for _, leaf, i in node.edges:
            tensor: Any = leaf.owner() if isinstance(leaf, Leaf) and leaf.moved else None
            if tensor is None:
                continue
            old = node.inputs[i]
            if old is tensor._array or np.array_equal(old, tensor._array, equal_nan=True):
                continue
            if any(holds(edge[0], old) for edge in node.edges):
                raise LeafChangedError(
                    f"{node.op.__name__}: its argument {i}, a leaf of shape {leaf.shape}, was "
                    "updated after the forward pass, and the backward pass needs its old value. "
                    "Call backward() before the update (optimizer.step(), `w.data -= ...`), or "
                    "compute the loss again after it."
                )


def holds(thing: Any, array: Any) -> bool:
    """Whether a closure, or what it holds, reaches the memory of `array`."""
    if isinstance(thing, np.ndarray):
        return bool(np.may_share_memory(thing, array))
    if isinstance(thing, tuple | list):
        return any(holds(item, array) for item in thing)
    cells = getattr(thing, "__closure__", None) or ()
    return any(holds(cell.cell_contents, array) for cell in cells)
