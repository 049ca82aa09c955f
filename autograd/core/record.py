"""The result of an op: a Tensor with a node in the graph, or one without; and replay.

`replay` is all there is to derivatives of derivatives: the body of an op, run on Tensors instead of
arrays, records every step that it takes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..errors import ArrayLikeError
from ..modes import recording
from .arrays import own
from .node import NOT_KEPT, Node
from .results import of_tuple, split
from .tensor import Tensor, wrap
from .watch import active, watching

__all__ = ["next_number", "record", "replay", "unrecorded"]

next_number = itertools.count().__next__
_new = object.__new__
_OBJECT = np.dtype(object)


def record(op: Any, edges: Any, inputs: Any, constant: bool, config: Any, out: Any) -> Any:
    """The result of an op as a Tensor with a node, or a tuple of them.

    The node keeps `inputs`, the op's arrays, for replay; not if its slope is `constant`.
    """
    node = _new(Node)
    node.op, node.edges, node.config = op, edges, config
    node.inputs = None if constant else inputs
    node.number, node.grad = next_number(), NOT_KEPT
    if active[0] and (watcher := watching.get()) is not None:
        watcher.made(node, inputs, out)
    if type(out) is not ndarray:
        if type(out) is tuple:
            return split(node, out, record)
        if not isinstance(out, np.generic):  # a scalar stays one: see `quick`
            out = np.asarray(out)
    node.shape, node.dtype = out.shape, out.dtype
    if node.dtype is _OBJECT:
        raise ArrayLikeError.of_objects(op)
    tensor = _new(Tensor)
    tensor._array, tensor._node, tensor._lent = out, node, False
    return tensor


def unrecorded(op: Any, out: Any, *nodes: Node | None) -> Any:
    """The result of an op as a Tensor without a node, or a tuple of them."""
    if active[0] and (watcher := watching.get()) is not None:
        why = "which has no slope" if recording.get() else "under no_grad()"
        for node in filter(None, nodes):
            watcher.cut(node, f"{op.__name__}, {why}")
    if type(out) is not tuple:
        out = np.asarray(out)
        if out.dtype is _OBJECT:
            raise ArrayLikeError.of_objects(op)
        return wrap(out)
    outs = map(np.asarray, out)
    return tuple(wrap(o) if o.dtype.kind in "fc" else own(o) for o in outs)  # as `split` does


def replay(node: Node) -> dict[int, Callable[[Any], Any]]:
    """A node's closures, by argument, as differentiable functions of Tensors.

    Closures of constant slope hold no input and serve as they are.
    """
    if node.inputs is None:
        return {i: closure for closure, _, i in node.edges or ()}
    inputs = list(node.inputs)
    for _, parent, i in node.edges or ():
        inputs[i] = wrap(inputs[i], parent)
    args, kwargs = node.config
    try:
        if node.op.closures is None:
            _, *closures = node.op.body(*inputs, *args, **kwargs)
        else:
            closures = node.op.closures(*inputs, *args, **kwargs)
            closures = closures if isinstance(closures, tuple) else (closures,)
        again = {}
        for old, _, i in node.edges or ():
            if i >= len(closures) or not callable(closures[i]):
                raise TypeError(f"op {node.op.__name__}: run on Tensors, no closure for input {i}")
            again[i] = closures[i] if node.shape is not None else of_tuple(closures[i], old.like)  # type: ignore[attr-defined]
        return again
    except Exception as error:
        error.add_note(
            f"while differentiating op {node.op.__name__} a second time: its body is run on "
            "Tensors, so it may use only NumPy calls with a gradient rule, operators and other "
            "ops; or give op(closures=...) a function that does."
        )
        raise
