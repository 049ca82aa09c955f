"""The walk back through the graph.

A node stands for a value an op made; its edges hold, for each input that needs a gradient, the op's
closure from the output's gradient to that input's and the node that made the input. Walking the
nodes from the youngest to the oldest, and adding up what arrives at each, is reverse-mode
differentiation (Linnainmaa 1970; Griewank and Walther, *Evaluating Derivatives*, 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from operator import attrgetter
from typing import Any

from ..errors import GraphFreedError
from .fit import fit
from .hooks import hooked
from .node import NOT_KEPT, Leaf, Node
from .ownership import refuse_changed_leaves
from .watch import watching

__all__ = ["reachable", "walk"]


def reachable(roots: Iterable[Node], stop: Container[Node] = ()) -> list[Node]:
    """All nodes the roots depend on, oldest first; those in `stop`, but nothing before them."""
    seen = set(roots)
    stack = [node for node in seen if node not in stop]
    while stack:
        node = stack.pop()
        if node.edges is None:
            raise GraphFreedError.behind(node)
        for edge in node.edges:
            parent = edge[1]
            if parent not in seen:
                seen.add(parent)
                if parent not in stop:
                    stack.append(parent)
    return sorted(seen, key=attrgetter("number"))


def _between(order: list[Node], targets: set[Node], ends: Container[Node]) -> set[Node]:
    """The targets, and of `order` the nodes that were made from any of them."""
    needed = set(targets)
    for node in order:
        if node not in ends and any(edge[1] in needed for edge in node.edges or ()):
            needed.add(node)
    return needed


def walk(
    grads: dict[Node, Any],
    targets: set[Node] | None = None,
    *,
    beyond: bool = True,
    retain_graph: bool = False,
    closures_of: Callable[[Node], dict[int, Callable[[Any], Any]]] | None = None,
) -> dict[Node, Any]:
    """Carry `grads`, a gradient for each output node, back to `targets`, and return theirs.

    grads: emptied. targets: if None, all nodes that keep their gradient: leaves, and tensors that
    were told to by `retain_grad`. One that no output depends on is missing in the result.
    beyond: whether to go on from a target to others that it was made from.
    retain_graph: keep the closures for another walk; else they are freed as the walk goes.
    closures_of: gives a node's closures by argument position, where not those on its edges. The
    gradients are then Tensors, and are added without writing into any.
    """
    ends: Container[Node] = () if beyond or targets is None else targets
    order = reachable(grads, ends)
    grads = hooked(grads, order)
    if any(type(node) is Leaf and node.touched for node in order):
        refuse_changed_leaves(order)
    needed = None if targets is None else _between(order, targets, ends)
    watcher = watching.get()
    found: dict[Node, Any] = {}
    owned: set[Node] = set()  # nodes whose entry in `grads` is a sum made here, ours to write into
    while order:
        node = order.pop()
        if node not in grads:
            continue
        g = grads.pop(node)
        if node in targets if targets is not None else node.grad is not NOT_KEPT:
            found[node] = g
        edges: Any = () if node in ends else node.edges
        if needed is not None:
            edges = [edge for edge in edges if edge[1] in needed]
        if not edges:
            continue
        closures = closures_of(node) if closures_of else None
        for closure, parent, i in edges:
            gx = closures[i](g) if closures else closure(g)
            if watcher is not None:
                watcher.arrived(node, i, g, gx)
            try:
                dtype = gx.dtype  # as a rule the very object, unless it was pickled
                fits = gx.shape == parent.shape and (dtype is parent.dtype or dtype == parent.dtype)
            except AttributeError:  # a Python number
                fits = False
            if not fits:
                gx = fit(gx, node, parent, i)
            # A first gradient is borrowed, a second makes a fresh sum, later ones add in place.
            if parent not in grads:
                grads[parent] = gx
            elif parent in owned:
                total = grads[parent]
                total += gx
                grads[parent] = total  # a NumPy scalar adds out of place
            else:
                grads[parent] = grads[parent] + gx
                if closures is None:
                    owned.add(parent)
        if not retain_graph:
            node.edges = node.inputs = None
    return found
