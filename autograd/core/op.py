"""`op`: turns a function of arrays that returns its result and one closure per input into an op."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias

from ..modes import recording
from .arrays import AS_THEY_ARE
from .checks import as_input, by_name, checked, on_arrays, refuse_tensors, say_where
from .dispatch import RULES, is_library
from .fast import FAST
from .ownership import keep
from .record import record, unrecorded
from .tensor import Tensor

__all__ = ["op"]

OURS = "autograd", "nn"  # packages whose ops the tests have checked; a user's are at every call
Constant: TypeAlias = bool | tuple[int, ...]


def op(*functions: Any, constant_slope: Constant = False, closures: Any = None) -> Any:
    """Make a differentiable op of a function of arrays.

    The function returns its result and, for each input, a closure from the gradient of the result
    to the gradient of that input (None for an input that has no gradient). Its parameters without
    a default are the inputs, which may be Tensors; those with a default are configuration.
    Called with no Tensor among its inputs, the op returns a plain array. An input of shape () may
    come as NumPy's scalar, as NumPy's own functions return it.

    Rules: the function is pure and uses only NumPy calls, operators and other ops, so that it can
    be run on Tensors for derivatives of derivatives; a closure never writes into `g`; sums over
    broadcast axes are left to the engine. For several results return them as a tuple first; the
    closures then take the tuple of their gradients. Closures that share work call one function
    wrapped in `shared`.

    Parameters
    ----------
    *functions
        the NumPy functions the op stands for: `np.exp(tensor)` then calls it.
    constant_slope
        the closures hold no array that depends on the inputs in a differentiable way, only shapes,
        indices, masks: they serve every order as they are, and the graph need not keep the inputs.
        Or the positions of inputs of which that is true where no other has a gradient, as of both
        factors of a product.
    closures
        a function of the same arguments that returns the closures alone (of one input, its
        closure), made by what runs on Tensors; for a body that does not, as one with `out=`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor, op
    >>> @op
    ... def swish(x):
    ...     s = 1 / (1 + np.exp(-x))
    ...     return x * s, lambda g: g * s * (1 + x * (1 - s))
    >>> x = Tensor([0.0, 1.0], requires_grad=True)
    >>> swish(x).sum().backward()
    >>> x.grad
    array([0.5       , 0.92767054], dtype=float32)
    """

    def decorate(body: Callable[..., Any]) -> Any:
        if not isinstance(body, FunctionType):
            raise TypeError(
                f"op: got {body!r:.60}, expected a function, made by def or lambda; in a class "
                "write @staticmethod above @op"
            )
        parameters = list(inspect.signature(body).parameters.values())
        inputs = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
        variadic = any(p.kind is p.VAR_POSITIONAL for p in inputs)
        count = None if variadic else len(inputs)
        configurable = variadic or len(parameters) > len(inputs)
        ours = str(body.__module__).partition(".")[0] in OURS  # str: None, in a bare exec
        run = body if ours else checked(body, count)
        make = FAST.get((count, configurable), any_number)
        call: Any = functools.update_wrapper(make(run, constant_slope, count), body)
        call.__name__ = body.__name__.lstrip("_")
        call.body, call.closures, call.constant_slope = run, closures, constant_slope
        call.inputs, call.input_names = count, tuple(p.name for p in inputs)
        call.configurable = configurable
        for function in functions:
            RULES[function] = call
        return call

    if len(functions) == 1 and not is_library(functions[0]):
        body, functions = functions[0], ()
        return decorate(body)
    return decorate


def any_number(body: Callable[..., Any], constant: Constant, count: int | None) -> Any:
    """The op of `body`; `fast` has the same written out, for one input and for two."""
    alone = () if isinstance(constant, bool) else constant

    def call(*inputs: Any, **kwargs: Any) -> Any:
        args: Any = ()
        if count is not None and len(inputs) != count:
            if len(inputs) < count:
                inputs = by_name(call, inputs, kwargs)
            inputs, args = inputs[:count], inputs[count:]
        if args or kwargs:
            refuse_tensors(call, args, kwargs)
        arrays, nodes, with_tensor = [], [], False
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(keep(x) if x._lent else x._array)
                nodes.append(x._node)
                with_tensor = True
            else:
                fits = type(x) in AS_THEY_ARE or x is None
                arrays.append(x if fits else as_input(call, x, len(arrays)))
                nodes.append(None)
        if not with_tensor:
            return on_arrays(call, body, inputs, args, kwargs)
        try:
            out, *closures = body(*arrays, *args, **kwargs)
        except Exception as error:
            say_where(error, call, tuple(arrays))
            raise
        edges = []
        for i, node in enumerate(nodes):
            if node is not None and closures[i] is not None:
                edges.append((closures[i], node, i))
        if not edges or not recording.get():
            return unrecorded(call, out, *nodes)
        is_constant = constant is True or (len(edges) == 1 and edges[0][2] in alone)
        return record(call, tuple(edges), tuple(arrays), is_constant, (args, kwargs), out)

    return call
