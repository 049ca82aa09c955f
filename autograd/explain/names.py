"""Names for values, given by the user."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np

from ..core.node import Node
from ..core.tensor import Tensor
from .graph import printable

__all__ = ["listeners", "name", "name_of_array", "name_of_node"]

T = TypeVar("T")

#: Blocks under way, which are told of a name at once.
listeners: list[Callable[[Node, str], None]] = []

_of_nodes: weakref.WeakKeyDictionary[Node, str] = weakref.WeakKeyDictionary()
#: Of what has no node, by the array's id: who holds the array, and the name.
_of_arrays: dict[int, tuple[weakref.ref[Any], str]] = {}


@overload
def name(value: T, text: str) -> T: ...
@overload
def name(**values: Any) -> None: ...
def name(value: Any = None, text: str = "", /, **values: Any) -> Any:
    """Give a value a name, which pictures and steps then use.

    `name(t, "h")` returns t, so it can stand within a formula; `name(x=x, w=w)` names several. A
    name ends with its value: nothing is kept alive.

    Parameters
    ----------
    value
        a Tensor, or an array that is used beside Tensors.
    text
        its name.

    Raises
    ------
    TypeError
        the value is no Tensor or array (a Python number cannot be told from another), or the name
        is no text.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor, explain
    >>> x = explain.name(Tensor(0.5, requires_grad=True), "x")
    >>> np.exp(x).backward()
    """
    if values:
        if value is not None:
            raise TypeError('name: write name(t, "h") or name(h=t, ...), not both at once')
        for key, item in values.items():
            _give(item, key)
        return None
    _give(value, text)
    return value


def _give(value: Any, text: str) -> None:
    if not isinstance(text, str) or not text.strip():
        raise TypeError(f'name: got {text!r:.50} as the name, expected a text, as in name(t, "h")')
    text = printable(text)
    if isinstance(value, Tensor):
        if value._node is not None:
            _of_nodes[value._node] = text
            for listener in listeners:
                listener(value._node, text)
            return
        array: Any = value._array
    elif isinstance(value, np.ndarray):
        array = value
    else:
        raise TypeError(
            f"name: {text!r} for a {type(value).__name__}, expected a Tensor or an array"
        )
    key = id(array)
    _of_arrays[key] = weakref.ref(value, lambda _: _of_arrays.pop(key, None)), text


def name_of_node(node: Node) -> str:
    """The name the user gave, or ""."""
    return _of_nodes.get(node, "")


def name_of_array(array: Any) -> str:
    """The name the user gave to an array that no gradient reaches, or ""."""
    holder, text = _of_arrays.get(id(array), (None, ""))
    held = holder() if holder is not None else None
    if isinstance(held, Tensor):
        held = held._array
    return text if held is array and held is not None else ""
