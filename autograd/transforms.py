"""Functions of functions: `grad(f)` is the gradient of f, `jacobian(f)` its Jacobian, and so on.

They take functions of arrays, or of tuples, lists and dicts of arrays, written with NumPy, and they
nest: `grad(grad(f))`, `jacobian(grad(f))`. Python numbers are float64 here, as in NumPy. Given
arrays they return arrays; given Tensors (or a function that uses a tracked Tensor from outside)
they return Tensors, which can be differentiated further.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .core.arrays import refuse_masked
from .core.backward import gradients
from .core.engine import reachable
from .core.tensor import Tensor
from .errors import GradientShapeError, IntegerGradientError, NotScalarError
from .modes import enable_grad

__all__ = [
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]

Argnum = int | Sequence[int]


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of nested tuples, lists and dicts, and a function that puts others in their place.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3])})
    >>> leaves, rebuild([10, 20, 30])
    ([1, 2, 3], {'a': 10, 'b': (20, [30])})
    """
    if isinstance(tree, dict):
        keys, items = list(tree), list(tree.values())
    elif isinstance(tree, tuple | list):
        keys, items = None, list(tree)
    else:
        return [tree], lambda leaves: leaves[0]
    parts = [flatten(item) for item in items]
    leaves = [leaf for part, _ in parts for leaf in part]

    def rebuild(new: Sequence[Any]) -> Any:
        rebuilt, start = [], 0
        for part, make in parts:
            rebuilt.append(make(new[start : start + len(part)]))
            start += len(part)
        if keys is not None:
            return dict(zip(keys, rebuilt, strict=True))
        if hasattr(tree, "_fields"):  # a namedtuple
            return type(tree)(*rebuilt)
        return type(tree)(rebuilt)

    return leaves, rebuild


class _Trace:
    """A call of a function with some of its arguments as fresh inputs of a graph."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: Any, argnum: Argnum):
        name = getattr(f, "__name__", "f")
        chosen = [argnum] if isinstance(argnum, int) else list(argnum)
        for n in chosen:
            if not -len(args) <= n < len(args):
                raise TypeError(f"{name}: argnum {n}, but it was called with {len(args)} arguments")
        tree = args[argnum] if isinstance(argnum, int) else tuple(args[n] for n in chosen)
        given, self.rebuild = flatten(tree)
        self.inputs = [_input(x, name) for x in given]
        self.as_tensor = [isinstance(x, Tensor) for x in given]
        inside = self.rebuild(self.inputs)
        changed = list(args)
        for n, value in zip(chosen, [inside] if isinstance(argnum, int) else inside, strict=True):
            changed[n] = value
        with enable_grad():
            out = f(*changed, **kwargs)
        self.outputs, self.rebuild_output = flatten(out)
        # Where anything tracked comes in from outside, the derivatives must be differentiable too.
        mine = {id(x._node) for x in self.inputs}
        nodes = reachable([o._node for o in self.outputs if _tracked(o)])
        # (The inputs of inner traces that have ended are dead, and ask for nothing.)
        self.outer = any(
            n.op is None and id(n) not in mine and n.owner() is not None  # type: ignore[attr-defined]
            for n in nodes
        )

    def pull(self, pairs: Sequence[tuple[Any, Any]], retain: bool = False) -> list[Any]:
        """The gradients of the inputs, from pairs of an output and its gradient."""
        pairs = [(out, g) for out, g in pairs if _tracked(out)]
        found: Sequence[Any] = [None] * len(self.inputs)
        further = self.outer or any(_tracked(g) for _, g in pairs)
        if pairs:
            found = gradients(
                [out for out, _ in pairs], self.inputs, [g for _, g in pairs],
                create_graph=further, retain_graph=retain or further,
            )  # fmt: skip
        return [
            self._result(np.zeros(x.shape, x.dtype) if g is None else g, i)
            for i, (x, g) in enumerate(zip(self.inputs, found, strict=True))
        ]

    def _result(self, g: Any, i: int) -> Any:
        if isinstance(g, Tensor):
            return g if self.outer or self.as_tensor[i] or g.requires_grad else g.numpy()[()]
        return Tensor(g) if self.as_tensor[i] else g[()]

    def value(self) -> Any:
        """What the function returned; plain, unless something outside tracks it."""
        return self.rebuild_output([self.plain(o) for o in self.outputs])

    def plain(self, out: Any) -> Any:
        """A result as the caller expects it: an array if all it gave were arrays."""
        if not isinstance(out, Tensor):
            return out[()] if isinstance(out, np.ndarray) else out
        if self.outer:
            return out
        return out.detach() if any(self.as_tensor) else out.detach().numpy()[()]

    def scalar(self, name: str) -> Tensor:
        """The output, which must be a single number."""
        if len(self.outputs) != 1 or np.size(self.outputs[0]) != 1:
            shapes = ", ".join(str(np.shape(o)) for o in self.outputs)
            raise NotScalarError(
                f"{name}: the function returned {shapes or 'nothing'}, expected a single number. "
                "Reduce it first, as with .sum(); or use jacobian or elementwise_grad."
            )
        return self.outputs[0]


def _tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _input(x: Any, name: str) -> Tensor:
    if _tracked(x):
        return x.copy()  # a node of its own: what f takes from outside is another variable
    refuse_masked(x)
    array = x._array if isinstance(x, Tensor) else np.asarray(x)
    if array.dtype.kind not in "fc":
        raise IntegerGradientError(
            f"{name}: differentiated by an argument of {array.dtype}: only floats have gradients. "
            "Write 1.0 for 1, or choose another argnum."
        )
    return Tensor(array, requires_grad=True)


def _ones(x: Any) -> Any:
    return np.ones(np.shape(x), x.dtype) if isinstance(x, Tensor) else None


def value_and_grad(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The function that returns both f's value and its gradient.

    Parameters
    ----------
    f
        function that returns a single number.
    argnum
        the position of the argument to differentiate by, or several. An argument may be an array,
        or a tuple, list or dict of arrays; the gradient has the same form.

    Raises
    ------
    NotScalarError
        f returned something other than a single number.
    IntegerGradientError
        the argument holds integers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    @functools.wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, argnum)
        out = trace.scalar("grad")
        value = trace.value()
        return value, trace.rebuild(trace.pull([(out, _ones(out))]))

    return value_and_gradient


def grad(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The gradient of a function that returns a single number. See `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> float(grad(grad(np.sin))(0.5)), float(-np.sin(0.5))
    (-0.479425538604203, -0.479425538604203)
    >>> grad(lambda p: p["w"] ** 2 + 3 * p["b"])({"w": 2.0, "b": 1.0})
    {'w': np.float64(4.0), 'b': np.float64(3.0)}
    """
    if isinstance(f, Tensor):
        raise TypeError(
            "grad: expected a function, got a Tensor. PyTorch's grad(loss, params) is "
            "gradients(loss, params) here."
        )
    both = value_and_grad(f, argnum)
    return functools.wraps(f)(lambda *args, **kwargs: both(*args, **kwargs)[1])


def elementwise_grad(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The derivative of a function that works element by element: that of its sum.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise_grad
    >>> elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    @functools.wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, argnum)
        return trace.rebuild(trace.pull([(out, _ones(out)) for out in trace.outputs]))

    return derivative


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The value of `f(*args)`, and the function from a gradient of it to those of the arguments.

    Returns
    -------
    value, pull
        `pull(g)`, with g of the form of the value, is the tuple of g @ df/darg for each argument;
        it can be called any number of times.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vjp
    >>> value, pull = vjp(np.multiply, np.array([1.0, 2.0]), 3.0)
    >>> value, pull(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    trace = _Trace(f, args, {}, range(len(args)))

    def pull(g: Any) -> Any:
        pairs = list(zip(trace.outputs, flatten(g)[0], strict=True))
        return trace.rebuild(trace.pull(pairs, retain=True))

    return trace.value(), pull


def jvp(f: Callable[..., Any], args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `f(*args)`, and its derivative along `tangents`.

    The gradient g @ J is linear in g; its derivative by g along t is J @ t, so two reverse passes
    make a forward one (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).

    Parameters
    ----------
    args, tangents
        tuples of the same form.

    Raises
    ------
    GradientShapeError
        a tangent has another shape than its argument.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jvp
    >>> jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    trace = _Trace(f, tuple(args), {}, range(len(args)))
    directions = flatten(tuple(tangents))[0]
    expected, got = ([np.shape(x) for x in xs] for xs in (trace.inputs, directions))
    if got != expected:
        raise GradientShapeError(f"jvp: tangents of shapes {got} for arguments of {expected}")
    starts = [Tensor(np.zeros(np.shape(o), getattr(o, "dtype", float))) for o in trace.outputs]
    for start, out in zip(starts, trace.outputs, strict=True):
        start.requires_grad = _tracked(out)
    pulled = trace.pull(list(zip(trace.outputs, starts, strict=True)))
    pairs = [(g, t) for g, t in zip(pulled, directions, strict=True) if _tracked(g)]
    along = [start.detach() for start in starts]  # zero where no path leads
    live = [i for i, start in enumerate(starts) if start.requires_grad]
    if pairs:
        found = gradients(
            [g for g, _ in pairs], [starts[i] for i in live], [t for _, t in pairs],
            create_graph=trace.outer,
        )  # fmt: skip
        for i, g in zip(live, found, strict=True):
            along[i] = along[i] if g is None else g
    return trace.value(), trace.rebuild_output([trace.plain(t) for t in along])


def jacobian(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The derivatives of every element of the output by every element of the argument.

    For an output of shape s and an argument of shape t it has shape s + t; for nested outputs or
    arguments it has the form of the output, with the form of the argument at each leaf.

    Parameters and errors are those of `value_and_grad`, except that f may return any arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, argnum)
        blocks = []
        for out in trace.outputs:
            shape, size = np.shape(out), np.size(out)
            units = np.eye(size, dtype=getattr(out, "dtype", float)).reshape(size, *shape)
            rows = [trace.pull([(out, unit)], retain=True) for unit in units]
            columns = zip(*rows, strict=True) if rows else [()] * len(trace.inputs)
            blocks.append(
                trace.rebuild(
                    [
                        np.stack(column).reshape((*shape, *x.shape))
                        if column
                        else np.zeros(shape + x.shape)
                        for x, column in zip(trace.inputs, columns, strict=True)
                    ]
                )
            )
        return trace.rebuild_output(blocks)

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The second derivatives: `jacobian(jacobian(f))`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(jacobian(f, argnum), argnum)


def hvp(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """The product of the Hessian with a vector, without the Hessian: `hvp(f)(*args, v)`.

    The gradient of (gradient of f) . v; v has the form of the argument (Pearlmutter 1994).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, v = args
        vector = flatten(v)[0]

        def slope(*values: Any) -> Any:
            gradient = flatten(grad(f, argnum)(*values, **kwargs))[0]
            return sum(np.sum(g * u) for g, u in zip(gradient, vector, strict=True))

        return grad(slope, argnum)(*rest)

    return product
