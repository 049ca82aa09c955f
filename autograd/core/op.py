"""`op`: turns a function of arrays that returns its result and one closure per input into an op."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np
from numpy import ndarray

from ..errors import ArrayLikeError
from ..modes import recording
from .arrays import AS_THEY_ARE, own
from .checks import MISSING, as_input, by_name, checked, refuse_tensors, say_where
from .dispatch import RULES
from .node import NOT_KEPT, Node
from .results import like_of, of_tuple, split
from .tensor import Tensor, wrap
from .watch import active, watching

__all__ = ["next_number", "op", "record", "replay"]

_NO_CONFIG: Any = (), {}
next_number = itertools.count().__next__
_new = object.__new__
OBJECT = np.dtype(object)
NO_TENSOR: Any = object()  # in place of the node of an input that is no Tensor
NUMBERS = frozenset({bool, int, float, complex})
OURS = "autograd", "nn"  # packages whose ops the tests have checked; a user's are at every call
_is_recording = recording.get
Constant: TypeAlias = bool | tuple[int, ...]


def op(
    *functions: Any,
    constant_slope: Constant = False,
    closures: Callable[..., Any] | None = None,
) -> Any:
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
    *functions : the NumPy functions the op stands for: `np.exp(tensor)` then calls it.
    constant_slope : the closures hold no array that depends on the inputs in a differentiable way,
        only shapes, indices, masks: they serve every order as they are, and the graph need not keep
        the inputs. Or the positions of inputs of which that is true where no other has a gradient,
        as of both factors of a product.
    closures : a function of the same arguments that returns the closures alone (of one input, its
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
        configured = variadic or len(parameters) > len(inputs)
        make = _unary if count == 1 else _binary if count == 2 and not configured else _nary
        run = body
        if str(body.__module__).partition(".")[0] not in OURS:  # None, in a bare exec
            run = checked(body, count)
        wrapper = make(run, constant_slope, count)
        functools.update_wrapper(wrapper, body)
        wrapper.__name__ = body.__name__.lstrip("_")
        wrapper.inputs = count
        wrapper.input_names = tuple(p.name for p in inputs)
        wrapper.configurable = configured
        wrapper.body, wrapper.closures = run, closures
        for function in functions:
            RULES[function] = wrapper
        return wrapper

    if len(functions) == 1 and not _is_library(functions[0]):
        body, functions = functions[0], ()
        return decorate(body)
    return decorate


def _is_library(f: Any) -> bool:
    """Whether a function is one that an op can stand for."""
    name = getattr(f, "__module__", None) or ""
    return isinstance(f, np.ufunc) or (name.startswith("numpy") and callable(f))


# The wrapper is written out for one, two and many inputs: it runs at every op, and a loop over the
# arguments costs as much as a small NumPy call. All three do the same.


def _unary(body: Callable[..., Any], constant: Constant, _: int | None) -> Any:
    def call(x: Any = MISSING, /, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            if x is MISSING:
                return call(*by_name(call, (), kwargs), **kwargs)
            refuse_tensors(call, args, kwargs)
        if not isinstance(x, Tensor):
            return _on_arrays(call, body, (x,), args, kwargs)
        a = x._keep() if x._lent else x._array
        try:
            out, fx = body(a, *args, **kwargs)
        except Exception as error:
            say_where(error, call, (a,))
            raise
        node = x._node
        if node is None or fx is None or not _is_recording():
            return _results(call, out, node)
        return record(call, ((fx, node, 0),), (a,), constant is True, (args, kwargs), out)

    return call


def _binary(body: Callable[..., Any], constant: Constant, _: int | None) -> Any:
    in_both = constant is True
    in_x, in_y = (in_both or (constant and i in constant) for i in (0, 1))  # type: ignore[operator]

    def call(x: Any = MISSING, y: Any = MISSING, /, **kwargs: Any) -> Any:
        if kwargs:
            given = tuple(v for v in (x, y) if v is not MISSING)
            return call(*by_name(call, given, kwargs), **kwargs)
        nx = ny = None
        if isinstance(x, Tensor):
            a = x._keep() if x._lent else x._array
            nx = x._node
            if isinstance(y, Tensor):
                b = y._keep() if y._lent else y._array
                ny = y._node
            else:
                b = y if type(y) in AS_THEY_ARE else as_input(call, y, 1)
        elif isinstance(y, Tensor):
            a = x if type(x) in AS_THEY_ARE else as_input(call, x, 0)
            b = y._keep() if y._lent else y._array
            ny = y._node
        else:
            return _on_arrays(call, body, (x, y), (), {})
        try:
            out, fx, fy = body(a, b)
        except Exception as error:
            say_where(error, call, (a, b))
            raise
        if nx is None or fx is None:
            if ny is None or fy is None:
                return _results(call, out, nx, ny)
            edges: Any = ((fy, ny, 1),)
            free = in_y
        elif ny is None or fy is None:
            edges = ((fx, nx, 0),)
            free = in_x
        else:
            edges = ((fx, nx, 0), (fy, ny, 1))
            free = in_both
        if _is_recording():
            return record(call, edges, (a, b), free, _NO_CONFIG, out)
        return _results(call, out, nx, ny)

    return call


def _nary(body: Callable[..., Any], constant: Constant, count: int | None) -> Any:
    alone = () if isinstance(constant, bool) else constant

    def call(*inputs: Any, **kwargs: Any) -> Any:
        args: Any = ()
        if count is not None and len(inputs) != count:
            if len(inputs) < count:
                inputs = by_name(call, inputs, kwargs)
            inputs, args = inputs[:count], inputs[count:]
        if args or kwargs:
            refuse_tensors(call, args, kwargs)
        arrays, nodes = [], []
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x._keep() if x._lent else x._array)
                nodes.append(x._node)
            else:
                fits = type(x) in AS_THEY_ARE or x is None
                arrays.append(x if fits else as_input(call, x, len(arrays)))
                nodes.append(NO_TENSOR)
        if nodes.count(NO_TENSOR) == len(nodes):
            return _on_arrays(call, body, inputs, args, kwargs)
        try:
            out, *closures = body(*arrays, *args, **kwargs)
        except Exception as error:
            say_where(error, call, tuple(arrays))
            raise
        edges = []
        for i, node in enumerate(nodes):
            if node is not None and node is not NO_TENSOR and closures[i] is not None:
                edges.append((closures[i], node, i))
        if not edges or not _is_recording():
            return _results(call, out, *(n for n in nodes if n is not NO_TENSOR))
        free = constant is True or (len(edges) == 1 and edges[0][2] in alone)
        return record(call, tuple(edges), tuple(arrays), free, (args, kwargs), out)

    return call


def _on_arrays(call: Any, body: Any, inputs: Any, args: Any, kwargs: Any) -> Any:
    """The result of an op that no Tensor went into: a plain array."""
    optional = len(inputs) > 2  # an input that is left out, as a bias
    arrays = [
        x if type(x) in AS_THEY_ARE or (x is None and optional) else as_input(call, x, i)
        for i, x in enumerate(inputs)
    ]
    if arrays and all(type(x) in NUMBERS for x in arrays):  # as NumPy's functions take them
        arrays = [np.asarray(x) for x in arrays]
    try:
        return body(*arrays, *args, **kwargs)[0]
    except Exception as error:
        say_where(error, call, tuple(arrays))
        raise


def record(call: Any, edges: Any, inputs: Any, free: Any, config: Any, out: Any) -> Any:
    """The result of an op as a Tensor with a node, or a tuple of them."""
    node = _new(Node)
    node.op, node.edges, node.config = call, edges, config
    node.inputs = None if free else inputs
    node.number, node.grad = next_number(), NOT_KEPT
    if active[0] and (watcher := watching.get()) is not None:
        watcher.made(node, inputs, out)
    if type(out) is not ndarray:
        if type(out) is tuple:
            return split(node, out, record)
        if not isinstance(out, np.generic):  # see `quick`
            out = np.asarray(out)
    node.shape, node.dtype = out.shape, out.dtype
    if node.dtype is OBJECT:
        raise ArrayLikeError(
            f"{call.__name__}: got an array of objects, expected an array of numbers: convert it, "
            "as in np.asarray(x, float), or np.stack(x.tolist()) for one of Tensors"
        )
    tensor = _new(Tensor)
    tensor._array, tensor._node, tensor._lent = out, node, False
    return tensor


def _results(call: Any, out: Any, *nodes: Node | None) -> Any:
    """The result of an op as a Tensor without a node, or a tuple of them."""
    if active[0] and (watcher := watching.get()) is not None:
        why = "which has no slope" if _is_recording() else "under no_grad()"
        for node in filter(None, nodes):
            watcher.cut(node, f"{call.__name__}, {why}")
    if type(out) is not tuple:
        return wrap(np.asarray(out))
    outs = map(np.asarray, out)
    return tuple(wrap(o) if o.dtype.kind in "fc" else own(o) for o in outs)  # as `split` does


def replay(node: Node) -> dict[int, Callable[[Any], Any]]:
    """A node's closures, by argument, as differentiable functions of Tensors.

    Running the op's body on Tensors instead of arrays records every step it takes: that is all
    there is to derivatives of derivatives. A constant op's closures hold no input and serve as
    they are.
    """
    if node.inputs is None:
        return {i: closure for closure, _, i in node.edges or ()}
    inputs = list(node.inputs)
    for _, parent, i in node.edges or ():
        inputs[i] = wrap(inputs[i], parent)
    args, kwargs = node.config
    like = None
    try:
        if node.op.closures is None:
            out, *closures = node.op.body(*inputs, *args, **kwargs)
            like = like_of(out) if type(out) is tuple else None
        else:
            closures = node.op.closures(*inputs, *args, **kwargs)
            closures = closures if isinstance(closures, tuple) else (closures,)
            if node.shape is None and node.edges:  # several results
                like = node.edges[0][0].like  # type: ignore[attr-defined]
        for _, _, i in node.edges or ():
            if i >= len(closures) or not callable(closures[i]):
                raise TypeError(f"op {node.op.__name__}: run on Tensors, no closure for input {i}")
    except Exception as error:
        error.add_note(
            f"while differentiating op {node.op.__name__} a second time: its body is run on "
            "Tensors, so it may use only NumPy calls with a gradient rule, operators and other "
            "ops; or give op(closures=...) a function that does."
        )
        raise
    if like is not None:
        return {i: of_tuple(f, like) for i, f in enumerate(closures)}
    return dict(enumerate(closures))
