"""Hooks on tensors: functions that see a gradient on its way back, and may replace it.

They are kept on the node, in a slot that is unset as long as there are none, so that recording an
op costs the same; and the walk asks once, not at each node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy import ndarray

from ..errors import GradientShapeError
from .node import Node

__all__ = ["HookHandle", "hook_on", "hooked"]

_nodes: WeakSet[Node] = WeakSet()  # those with hooks


class HookHandle:
    """A hook of a tensor: `remove()` takes it away, as the end of a `with` block does."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def remove(self) -> None:
        """Take the hook away; it does no harm to do so twice."""
        self._node.hooks.pop(self, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def hook_on(node: Node | None, hook: Callable[[Any], Any]) -> HookHandle:
    """Have `hook` called with the gradient that arrives at `node`."""
    if node is None:
        raise ValueError(
            "register_hook: no gradient reaches a tensor that does not require one; make it with "
            "requires_grad=True, or register on what is made of one that has"
        )
    if not callable(hook):
        raise TypeError(f"register_hook: got {hook!r:.50}, expected a function of a gradient")
    if node not in _nodes:
        _nodes.add(node)
        node.hooks = {}
    handle = HookHandle(node)
    node.hooks[handle] = hook
    return handle


def hooked(grads: dict[Node, Any], order: list[Node]) -> dict[Node, Any]:
    """The gradients of a walk over `order`: a dict that runs the hooks as it gives one out."""
    if not _nodes or not any(node in _nodes for node in order):
        return grads
    with_hooks = _Hooked(grads)
    grads.clear()
    return with_hooks


class _Hooked(dict[Node, Any]):
    """Gradients by node. A gradient is complete when the walk takes it out."""

    def pop(self, node: Node) -> Any:  # type: ignore[override]
        g = super().pop(node)
        for hook in tuple(node.hooks.values()) if node in _nodes else ():
            if (new := hook(_shown(g))) is not None:
                g = _instead(new, g, node)
        return g


def _shown(g: Any) -> Any:
    """A gradient for a hook to look at: an array that it cannot write to, or a Tensor."""
    if hasattr(g, "_node"):
        return g
    view = np.asarray(g).view()
    view.flags.writeable = False  # others may hold it, and use it
    return view


def _instead(new: Any, g: Any, node: Node) -> Any:
    """What a hook gave in place of `g`, in the dtype of the node's value."""
    if not isinstance(new, ndarray) and not hasattr(new, "_node"):
        new = np.asarray(new)
    if new.shape != g.shape or new.dtype.kind not in "biufc":
        got = f"shape {new.shape}" if new.dtype.kind in "biufc" else f"{new.dtype}"
        raise GradientShapeError(
            f"register_hook: a hook was given a gradient of shape {g.shape} and returned {got}; "
            "expected an array of the same shape, such as 0.5 * g, or None to leave it as it is"
        )
    if hasattr(new, "_node") and not hasattr(g, "_node"):  # this walk is of arrays
        new = new.detach().numpy()
    if new.dtype.kind == "c" and node.dtype.kind != "c":
        new = new.real
    return new if new.dtype == node.dtype else new.astype(node.dtype)
