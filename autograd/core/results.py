"""Ops of several results: one node whose gradient is a tuple, and one more for each result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import own
from .node import Node

__all__ = ["Parts", "of_tuple", "shared", "split"]


class Parts(dict[int, Any]):
    """The gradient of a tuple of results, as far as it has arrived: result number -> gradient."""

    shape = dtype = None  # as the node of the tuple has
    whole: tuple[Any, ...] | None = None

    def __add__(self, other: Parts) -> Parts:
        return Parts({**self, **other})

    def __iadd__(self, other: Parts) -> Parts:  # each part arrives once: no copy for every one
        self.update(other)
        return self


def split(node: Node, outs: tuple[Any, ...], record: Callable[..., Any]) -> tuple[Any, ...]:
    """The Tensors of the results of one node: floats tracked, anything else as plain arrays."""
    node.shape = node.dtype = None
    outs = tuple(np.asarray(out) for out in outs)
    like = tuple((out.shape, out.dtype) for out in outs)
    node.edges = tuple((of_tuple(f, like), parent, i) for f, parent, i in node.edges or ())

    def part(k: int) -> Any:
        def call() -> None: ...

        call.__name__ = f"{node.op.__name__}[{k}]"
        edge = (lambda g: Parts({k: g})), node, 0
        return record(call, (edge,), (), True, ((), {}), outs[k])

    return tuple(part(k) if out.dtype.kind in "fc" else own(out) for k, out in enumerate(outs))


Like = tuple[tuple[Any, Any], ...]


def of_tuple(closure: Callable[[Any], Any], like: Like) -> Callable[[Any], Any]:
    """`closure`, which takes the tuple of gradients, as a closure over `Parts`."""

    def call(parts: Parts) -> Any:
        if parts.whole is None:  # made once, so that `shared` knows it again
            parts.whole = tuple(parts.get(k, np.zeros(*a)) for k, a in enumerate(like))
        return closure(parts.whole)

    call.like = like  # type: ignore[attr-defined]
    return call


def shared(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Remember the last result, for closures that share work: one call serves them all.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import op, shared
    >>> @op
    ... def polar(r, angle):
    ...     @shared
    ...     def both(g):        # run once for the two closures
    ...         return g * np.exp(-r) * np.cos(angle), g * np.exp(-r) * np.sin(angle)
    ...     out = -np.exp(-r) * np.cos(angle)
    ...     return out, lambda g: both(g)[0], lambda g: both(g)[1]
    """
    last: list[Any] = [None, None]

    def call(g: Any) -> Any:
        if last[0] is not g:
            last[:] = g, function(g)
        return last[1]

    return call
