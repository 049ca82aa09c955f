"""Trade computation for memory: run a function again in the backward pass, keep nothing of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np

from .core.engine import walk
from .core.node import Leaf, Node
from .core.ownership import keep
from .core.record import next_number, record, replay
from .core.results import shared
from .core.tensor import Tensor, wrap
from .errors import AutogradError, LeafChangedError
from .modes import enable_grad, recording
from .transforms import flatten

__all__ = ["checkpoint", "draws_from"]


class _Draws:
    """The generators that a function drew from, call by call, as they were at its start."""

    def __init__(self) -> None:
        self._states: dict[np.random.Generator, Any] = {}
        self._calls: list[np.random.Generator] = []

    def note(self, rng: np.random.Generator) -> np.random.Generator:
        """In the first run: `rng` itself."""
        if rng not in self._states:
            self._states[rng] = rng.bit_generator.state
        self._calls.append(rng)
        return rng

    def again(self) -> Callable[[np.random.Generator], np.random.Generator]:
        """For a second run: in place of each generator a copy of the one that was drawn from."""
        copies = {}
        for rng, state in self._states.items():
            bits = type(rng.bit_generator)()
            bits.state = state
            copies[rng] = np.random.Generator(bits)
        calls = iter(self._calls)

        def next_one(_: np.random.Generator) -> np.random.Generator:
            for rng in calls:
                return copies[rng]
            raise AutogradError("checkpoint: run again, the function drew more random numbers")

        return next_one


Draw: TypeAlias = "Callable[[np.random.Generator], np.random.Generator]"
_drawn: ContextVar[tuple[Draw, ...]] = ContextVar("drawn", default=())


def draws_from(rng: np.random.Generator) -> np.random.Generator:
    """The generator to draw from in place of `rng`: in a checkpoint's second run, a copy."""
    for draw in _drawn.get():
        rng = draw(rng)
    return rng


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, which keeps nothing for the backward pass but is then run a second time.

    Between the two passes only the results live, and what f took from outside. The gradients are
    the same, to every order, for f's arguments and for tracked tensors it uses besides. Random
    numbers that nn draws (dropout) are the same in the second run.

    Parameters
    ----------
    f
        function of Tensors that returns Tensors, also in tuples, lists and dicts. It must do the
        same each time it runs, so what it takes from outside without a graph (arrays, frozen
        weights) must not change before the backward pass; what it changes outside changes twice.

    Raises
    ------
    AutogradError
        in the backward pass, if the second run used other tensors.

    References
    ----------
    T. Chen et al., "Training deep nets with sublinear memory cost", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor, checkpoint
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: np.exp(np.sin(x)))(x).sum().backward()
    >>> np.allclose(x.grad, np.exp(np.sin(x.data)) * np.cos(x.data))
    True
    """

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        if not recording.get():
            return f(*args, **kwargs)
        # Handles of our own: those of the caller may move before the second run.
        leaves, rebuild = flatten((args, kwargs))
        inputs = rebuild([wrap(keep(x), x._node) if isinstance(x, Tensor) else x for x in leaves])
        draws = _Draws()
        outs, arrange, outside = _run(f, inputs, draws.note)
        made = [i for i, out in enumerate(outs) if isinstance(out, Tensor) and out.requires_grad]
        if not made:
            return arrange(outs)
        owners = [(node, node.owner()) for node in outside if isinstance(node, Leaf)]
        values = {node: keep(tensor) for node, tensor in owners if tensor is not None}

        @shared
        def gradients_again(g: Any) -> dict[Node, Any]:
            gs = g if type(g) is tuple else (g,)
            _refuse_changes(values)
            further = any(isinstance(g, Tensor) for g in gs)
            with enable_grad():
                results, _, now = _run(f, inputs, draws.again())
            if now != outside:
                raise AutogradError(
                    "checkpoint: the function used other tensors when it was run again, or "
                    "requires_grad of one was set in between; it must do the same each time"
                )
            start: dict[Node, Any] = {}
            for i, g in zip(made, gs, strict=True):
                node = results[i]._node
                g = Tensor(g) if further and not isinstance(g, Tensor) else g
                start[node] = start[node] + g if node in start else g
            closures_of = replay if further else None
            return walk(start, now, beyond=False, retain_graph=further, closures_of=closures_of)

        def closure(node: Node) -> Callable[[Any], Any]:
            return lambda g: gradients_again(g).get(node, np.zeros(node.shape, node.dtype))

        def checkpoint() -> None: ...  # the op, by name

        edges = tuple((closure(node), node, i) for i, node in enumerate(outside))
        arrays = tuple(outs[i]._array for i in made)
        single = len(made) == 1
        out = record(checkpoint, edges, (), True, ((), {}), arrays[0] if single else arrays)
        for i, tensor in zip(made, (out,) if single else out, strict=True):
            outs[i] = tensor
        return arrange(outs)

    return run


def _run(
    f: Callable[..., Any], inputs: tuple[tuple[Any, ...], dict[str, Any]], draw: Draw
) -> tuple[list[Any], Callable[[Any], Any], set[Node]]:
    """F's results, how they were arranged, and the nodes from outside that it used."""
    first = next_number()
    token = _drawn.set((*_drawn.get(), draw))
    try:
        outs, arrange = flatten(f(*inputs[0], **inputs[1]))
    finally:
        _drawn.reset(token)
    stack = [out._node for out in outs if isinstance(out, Tensor) and out._node is not None]
    seen, outside = set(stack), set()
    while stack:
        node = stack.pop()
        if node.number < first:
            outside.add(node)
            continue
        for _, parent, _ in node.edges or ():
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return outs, arrange, outside


def _refuse_changes(values: dict[Any, Any]) -> None:
    for node, old in values.items():
        tensor = node.owner()
        if tensor is not None and not np.array_equal(tensor._array, old, equal_nan=True):
            raise LeafChangedError(
                f"checkpoint: a leaf of shape {node.shape} that the function uses was updated "
                "after the forward pass. Call backward() before the update."
            )
