"""The graph: nodes, and edges from each to the nodes its value was made from."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

__all__ = ["NOT_KEPT", "Leaf", "Node"]


class Node:
    """How a value was made."""

    __slots__ = (
        "__weakref__", "config", "dtype", "edges", "grad", "hooks", "inputs", "number", "op",
        "shape",
    )  # fmt: skip
    #: For each input that needs a gradient: closure, parent node, position; None once freed.
    edges: tuple[tuple[Callable[[Any], Any], Node, int], ...] | None
    number: int  # grows with every node made: parents come before children
    op: Any  # that made the value; None for a leaf
    inputs: tuple[Any, ...] | None  # its arrays; None if its slope is constant: no need for them
    config: tuple[tuple[Any, ...], dict[str, Any]]  # (args, kwargs), the rest of its arguments
    shape: Any  # the value's, as dtype is; None for a tuple of several (see `results`)
    dtype: Any
    grad: Any  # the gradient kept for the user, None if there is none yet, or NOT_KEPT
    hooks: dict[Any, Callable[[Any], Any]]  # unset if there are none (see `hooks`)


class Leaf(Node):
    """A tensor the user made with `requires_grad=True`.

    `owner`: a weak reference to it. `touched`: its array was lent or replaced, and may be another
    by now (see `ownership`). `frozen`: it was told not to require gradients for now.
    """

    __slots__ = ("frozen", "owner", "touched")

    def __init__(self, tensor: Any) -> None:
        self.config, self.edges, self.inputs, self.op = ((), {}), (), None, None
        self.shape, self.dtype = tensor._array.shape, tensor._array.dtype
        self.number, self.grad, self.touched, self.frozen = -1, None, False, False
        self.owner = weakref.ref(tensor)


class _NotKept:
    def __repr__(self) -> str:
        return "NOT_KEPT"


NOT_KEPT = _NotKept()  # an op's result keeps no gradient, unless it was told to: `retain_grad`
