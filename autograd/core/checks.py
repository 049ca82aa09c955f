"""What ops and `backward` ask of their callers, and what they say where that fails."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..errors import (
    ArrayLikeError,
    GradientShapeError,
    NoGradientRuleError,
    NotScalarError,
    UntrackedError,
)
from .arrays import NUMBERS, plain, refuse_masked
from .node import Node
from .tensor import Tensor

__all__ = [
    "MISSING", "as_input", "by_name", "checked", "node_of", "on_arrays", "refuse_tensors",
    "refuse_unused", "say_where", "starting_gradient", "starting_gradients",
]  # fmt: skip

MISSING: Any = object()  # an input that was not given, or by name


def by_name(call: Any, given: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The inputs of an op: those `given` by position, the rest out of `kwargs`."""
    names = call.input_names
    twice = [name for name in names[: len(given)] if name in kwargs]
    missing = [name for name in names[len(given) :] if name not in kwargs]
    if twice or missing:
        what = f"got {twice[0]!r} twice" if twice else f"the input {missing[0]!r} is missing"
        raise TypeError(f"{call.__name__}: {what}; its inputs are {', '.join(names)}")
    inputs = (*given, *(kwargs.pop(name) for name in names[len(given) :]))
    if kwargs and not call.configurable:
        error = TypeError(f"{call.__name__}: got an unexpected argument {next(iter(kwargs))!r}")
        say_where(error, call, inputs)
        raise error
    return inputs


def as_input(call: Any, x: Any, i: int) -> Any:
    """Input `i` of an op as what its body takes."""
    if x is MISSING:
        by_name(call, (None,) * i, {})
    try:
        return plain(x)
    except ArrayLikeError as error:
        raise ArrayLikeError(f"{call.__name__}: {error}") from None


def checked(body: Any, count: int | None) -> Any:
    """The body of an op, that raises unless it returns what it has to."""

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        result = body(*args, **kwargs)
        _check_result(body, result, len(args) if count is None else count)
        return result

    return run


def _check_result(body: Any, result: Any, count: int) -> None:
    if isinstance(result, tuple | list) and len(result) == count + 1:
        for f in result[1:]:
            if f is not None and not callable(f):
                got = f"a {type(f).__name__} for a closure"
                break
        else:
            return
    elif isinstance(result, tuple | list):
        got = f"a {type(result).__name__} of {len(result)}"
    else:
        got = f"a {type(result).__name__}"
    code = body.__code__
    raise TypeError(
        f"op {body.__name__.lstrip('_')} (line {code.co_firstlineno} of {code.co_filename}) "
        f"returned {got}, expected a tuple of the result and a closure for each input, or None for "
        f"one without a gradient: `return y, {', '.join(['lambda g: ...'] * count)}`"
    )


def say_where(error: Exception, call: Any, inputs: tuple[Any, ...]) -> None:
    """Add to a traceback which op it was, and on what; an op may know more (`explain`)."""
    shapes = [f"{x.dtype}{list(x.shape)}" if hasattr(x, "shape") else repr(x) for x in inputs]
    error.add_note(f"in {call.__name__}({', '.join(shapes)})")
    if hasattr(call, "explain") and (more := call.explain(*inputs)):
        error.add_note(more)
    for name, numpys in ("dim", "axis"), ("keepdim", "keepdims"):
        if isinstance(error, TypeError) and f"'{name}'" in str(error):
            error.add_note(f"got {name}=; write {numpys}=, as in NumPy")


def refuse_tensors(call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise for a Tensor among an op's configuration."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            raise NoGradientRuleError(
                f"{call.__name__}: a Tensor where configuration is expected: no gradient would "
                "flow through it. Pass a plain value, such as t.detach().numpy()."
            )


def on_arrays(call: Any, body: Any, inputs: Any, args: Any, kwargs: Any) -> Any:
    """The result of an op that no Tensor went into: a plain array."""
    optional = len(inputs) > 2  # an input that is left out, as a bias
    arrays = [x if x is None and optional else as_input(call, x, i) for i, x in enumerate(inputs)]
    if arrays and all(type(x) in NUMBERS for x in arrays):  # as NumPy's functions take them
        arrays = [np.asarray(x) for x in arrays]
    try:
        return body(*arrays, *args, **kwargs)[0]
    except Exception as error:
        say_where(error, call, tuple(arrays))
        raise


# What `backward` and `gradients` ask of theirs


def node_of(x: Any, caller: str) -> Node:
    """The node of `x`, which must be a Tensor that has one."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{caller}: expected a Tensor, got {type(x).__name__}")
    if x._node is None:
        raise UntrackedError.of(caller, x.shape)
    return x._node


def starting_gradient(x: Tensor, g: Any, caller: str, create_graph: bool = False) -> Any:
    """The gradient to start from at `x`: ones, or what the caller gave, checked."""
    if g is None:
        if x.size != 1:
            raise NotScalarError.of(caller, x.shape)
        g = np.ones(x.shape, x.dtype)
    elif isinstance(g, Tensor):
        g = g if create_graph else g._array
    else:
        refuse_masked(g)
        g = np.asarray(g)
    if g.shape != x.shape:
        raise GradientShapeError(f"{caller}: got a gradient of shape {g.shape} for {x.shape}")
    g = g.astype(x.dtype)
    return Tensor(g) if create_graph and not isinstance(g, Tensor) else g


def starting_gradients(outputs: Any, grad_outputs: Any, create_graph: bool) -> dict[Node, Any]:
    """The gradient to start from for the node of each output of `gradients`."""
    if isinstance(outputs, Tensor):
        outputs, grad_outputs = [outputs], [grad_outputs]
    outs = list(outputs)
    given = [None] * len(outs) if grad_outputs is None else list(grad_outputs)
    if len(given) != len(outs):
        raise ValueError(f"gradients: {len(outs)} outputs, but {len(given)} grad_outputs")
    start: dict[Node, Any] = {}
    for out, g in zip(outs, given, strict=True):
        node, g = node_of(out, "gradients"), starting_gradient(out, g, "gradients", create_graph)
        start[node] = start[node] + g if node in start else g
    return start


def refuse_unused(
    targets: list[Node], found: dict[Node, Any], only_inputs: bool, allow_unused: bool | None
) -> None:
    """Raise for what `gradients` cannot do, and for inputs that got no gradient."""
    if not only_inputs:
        raise ValueError(
            "gradients: got only_inputs=False; no other tensor gets a gradient here. Call "
            "outputs.backward(), which adds to .grad of every leaf"
        )
    unused = [i for i, node in enumerate(targets) if node not in found]
    if unused and not allow_unused:
        raise UntrackedError(
            f"gradients: the outputs do not depend on inputs {unused} of {len(targets)}, counted "
            "from 0. Leave allow_unused=True to get None for them"
        )
