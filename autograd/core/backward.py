"""Two ways to ask for gradients: `backward` fills `.grad` of leaves, `gradients` returns them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..modes import enable_grad
from .checks import node_of, refuse_unused, starting_gradient, starting_gradients
from .engine import walk
from .node import Leaf, Node
from .ownership import keep, sole_owner
from .record import replay
from .tensor import Tensor, wrap

__all__ = ["backward", "gradients"]


def backward(self: Tensor, gradient: Any = None, *, retain_graph: bool = False) -> None:
    """Add the derivative of this tensor to `.grad` of every leaf it depends on.

    Leaves are written at the end, all together: an exception on the way leaves every `.grad` as
    it was. The graph is freed as the walk goes.

    Parameters
    ----------
    gradient
        array of this tensor's shape, the gradient of something with respect to it; may be left out
        for a single number, whose gradient is 1.
    retain_graph
        keep the graph for another walk.

    Raises
    ------
    UntrackedError
        this tensor has no graph and is not a leaf that requires gradients.
    NotScalarError
        `gradient` is missing and this is not a single number.
    GraphFreedError, LeafChangedError
        as `help` of each tells.
    """
    start = {node_of(self, "backward"): starting_gradient(self, gradient, "backward")}
    found = walk(start, retain_graph=retain_graph)
    with _adding:
        _add(found)


# Other threads may add to the same leaves; so may what interrupts this one, as a signal handler.
_adding = threading.RLock()


def _add(found: dict[Node, Any]) -> None:
    """Add gradients to `.grad`, and see that no two share memory."""
    while found:
        node, g = found.popitem()
        if type(node) is Leaf and node.frozen:
            continue
        node.grad = np.asarray(g) if node.grad is None else node.grad + g
        del g  # here as in `popitem`: a reference that is left would count
        if not isinstance(node.grad, ndarray):  # a sum of 0-d arrays is a NumPy scalar
            node.grad = np.asarray(node.grad)
        elif not sole_owner(node, "grad"):
            node.grad = node.grad.copy()


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    *,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    only_inputs: bool = True,
    allow_unused: bool | None = True,
) -> tuple[Any, ...]:
    """The derivatives of (the sum of) `outputs` with respect to each of `inputs`, as a tuple.

    Nothing is written to any `.grad`.

    Parameters
    ----------
    outputs, inputs
        a Tensor or a sequence of them; inputs may be leaves or results of ops.
    grad_outputs
        the gradient of each output, of its shape; None for single numbers.
    create_graph
        return Tensors that can themselves be differentiated.
    retain_graph
        keep the graph for another walk; `create_graph` if None.
    only_inputs
        True, as it always is.
    allow_unused
        False or None, PyTorch's default: raise if the outputs do not depend on one of `inputs`.

    Returns
    -------
    tuple
        for each input, an array of its shape and dtype (a Tensor under `create_graph`),
        or None if the outputs do not depend on it.

    Raises
    ------
    UntrackedError, NotScalarError, GraphFreedError, LeafChangedError
        as for `backward`; UntrackedError also for an unused input that is not allowed.

    Examples
    --------
    >>> from autograd import Tensor, gradients
    >>> x = Tensor(3.0, requires_grad=True)
    >>> (slope,) = gradients(x**3, x, create_graph=True)
    >>> gradients(slope, x)
    (array(18., dtype=float32),)
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else inputs
    targets = [node_of(x, "gradients") for x in inputs]
    start = starting_gradients(outputs, grad_outputs, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    if create_graph:
        with enable_grad():
            found = walk(start, set(targets), retain_graph=retain, closures_of=replay)
        refuse_unused(targets, found, only_inputs, allow_unused)
        return tuple(None if node not in found else _own(found[node]) for node in targets)
    found = walk(start, set(targets), retain_graph=retain)
    refuse_unused(targets, found, only_inputs, allow_unused)
    return tuple(None if node not in found else np.array(found[node]) for node in targets)


def _own(g: Any) -> Tensor:
    """A gradient as a handle of the caller's own: another of the same value may be another's."""
    return wrap(keep(g), g._node) if isinstance(g, Tensor) else Tensor(g)
