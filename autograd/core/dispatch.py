"""NumPy's functions on Tensors: which op stands for which, and what is refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArrayLikeError, NoGradientRuleError
from .arrays import own, plain
from .ownership import become
from .tensor import Tensor
from .watch import cut

__all__ = ["REFUSED", "RULES", "as_array", "implements", "is_library", "stop_gradient", "untracked"]

#: NumPy function -> what to call when a Tensor is among its arguments.
RULES: dict[Any, Callable[..., Any]] = {}
#: NumPy function -> why it is refused.
REFUSED: dict[Any, str] = {}


def is_library(f: Any) -> bool:
    """Whether a function is one that an op can stand for."""
    name = getattr(f, "__module__", None) or ""
    return isinstance(f, np.ufunc) or (name.startswith("numpy") and callable(f))


def implements(*functions: Any) -> Callable[[Any], Any]:
    """Register a function that calls ops (an argument order, a list of inputs) for NumPy's."""

    def decorate(adapter: Any) -> Any:
        for function in functions:
            RULES[function] = adapter
        return adapter

    return decorate


def as_array(x: Any) -> Any:
    """A Tensor as it is, anything else as a plain array."""
    return x if isinstance(x, Tensor) else np.asarray(plain(x))


def operand(x: Any) -> Any:
    """A Python number as it is, for it takes the dtype of what it meets; else `as_array`."""
    return x if type(x) in (bool, int, float, complex) else as_array(x)


def stop_gradient(x: Any) -> Any:
    """The value of `x` as a plain array: a constant to every derivative.

    For the body of an op, which sees arrays first and Tensors when it is differentiated again: by
    what goes through here it is not. `x` may also be a tuple, list or dict of Tensors and arrays.

    Examples
    --------
    >>> from autograd import Tensor, stop_gradient
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * stop_gradient(x)).sum().backward()
    >>> x.grad
    array([1., 2.], dtype=float32)
    """
    if isinstance(x, Tensor):
        cut(x, "a function without derivative")
        return np.asarray(x._array)
    if isinstance(x, dict):
        return {key: stop_gradient(item) for key, item in x.items()}
    return type(x)(map(stop_gradient, x)) if isinstance(x, tuple | list) else x


def untracked(*functions: Any) -> None:
    """Declare NumPy functions without a derivative: on Tensors they give plain arrays."""

    def declare(function: Any) -> None:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*stop_gradient(args), **stop_gradient(kwargs))
            return tuple(map(own, result)) if type(result) is tuple else own(result)

        call.differentiable = False  # type: ignore[attr-defined]
        RULES[function] = call

    for function in functions:
        declare(function)


# What a ufunc's methods are called as functions.
REDUCED: dict[Any, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
}
ACCUMULATED: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


def _array_ufunc(_: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    rule = RULES.get(ufunc)
    if rule is None:
        numpys = getattr(np, ufunc.__name__, None) is ufunc
        raise _refusal(ufunc, f"np.{ufunc.__name__}" if numpys else ufunc.__name__)
    if method == "__call__":
        return _with_options(ufunc, rule, inputs, **kwargs) if kwargs else rule(*inputs)
    if not getattr(rule, "differentiable", True) and method != "at":
        (out,) = kwargs.pop("out", (None,))
        result = getattr(ufunc, method)(*stop_gradient(inputs), **stop_gradient(kwargs))
        return result if out is None else _write(out, np.asarray(result), name=ufunc.__name__)
    table = {"reduce": REDUCED, "accumulate": ACCUMULATED}.get(method, {})
    if method == "outer" and not kwargs:
        a, b = inputs
        return rule(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b)
    if ufunc in table and kwargs.pop("out", None) is None:
        return RULES[table[ufunc]](inputs[0], **{"axis": 0, **kwargs})
    raise _refusal(
        None, f"np.{ufunc.__name__}.{method}", "add, multiply, maximum and minimum have reduce, "
        "add and multiply accumulate, all have outer; nothing has at, reduceat or out=",
    )  # fmt: skip


# A ufunc's options: what to compute in, along which axes, and what to write where


def _with_options(
    ufunc: Any, rule: Any, inputs: Any, *, out: Any = (), where: Any = True, dtype: Any = None,
    signature: Any = None, casting: Any = "same_kind",
    order: str = "K", subok: bool = True,  # noqa: ARG001 - they say nothing about values
    **axes: Any,
) -> Any:  # fmt: skip
    """`ufunc(*inputs)` with NumPy's options."""
    outs = [x for x in out if x is not None]
    if not getattr(rule, "differentiable", True):
        rule, inputs = ufunc, stop_gradient(inputs)
    if dtype is not None or signature is not None or casting != "same_kind":
        inputs = _cast(ufunc, inputs, dtype, signature, casting)
    mask: Any = np.asarray(stop_gradient(where)).astype(bool, casting="safe")
    shapes = [x.shape for x in outs] if ufunc.nout > 1 else []  # all results have the shape of all
    if mask.all():
        shapes += [mask.shape] if mask.ndim else []
        mask = None
    elif not outs:
        raise _refusal(None, f"np.{ufunc.__name__}", "where= needs out=, for what it leaves out")
    else:  # what is left out is not computed either: it may have no value, or no slope
        mask, shapes = np.broadcast_to(mask, outs[0].shape), []
        inputs = [
            np.broadcast_to(x, mask.shape)[mask] if hasattr(x, "dtype") else x
            for x in map(operand, inputs)
        ]
    if shapes:
        shape = np.broadcast_shapes(*shapes, np.shape(inputs[0]))
        inputs = (np.broadcast_to(as_array(inputs[0]), shape), *inputs[1:])
    results = _along_axes(ufunc, rule, inputs, **axes) if axes else rule(*inputs)
    if not outs:
        return results
    results = results if isinstance(results, tuple) else (results,)
    written = tuple(
        result if into is None else _write(into, result, mask, casting, ufunc.__name__)
        for into, result in zip(out, results, strict=True)
    )
    return written[0] if len(written) == 1 else written


def _cast(ufunc: Any, inputs: Any, dtype: Any, signature: Any, casting: Any) -> Any:
    """The inputs in the types that NumPy would compute with; as NumPy, or it raises."""
    if signature is None and dtype is not None:
        signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    arrays = [as_array(x) for x in inputs]
    weak = [type(x) if type(x) in (int, float, complex) else None for x in inputs]
    given = [w or x.dtype for w, x in zip(weak, arrays, strict=True)]
    options = {} if signature is None else {"signature": signature}
    types = ufunc.resolve_dtypes((*given, *(None,) * ufunc.nout), casting=casting, **options)
    for x, t in zip(inputs, types, strict=False):
        if isinstance(x, Tensor) and x.requires_grad and t.kind not in "fc":
            raise _refusal(None, f"np.{ufunc.__name__}", f"computed in {t} it has no gradient")
    return [x if x.dtype == t else x.astype(t) for x, t in zip(arrays, types, strict=False)]


def _along_axes(ufunc: Any, rule: Any, inputs: Any, **given: Any) -> Any:
    """A function of vectors or matrices, such as np.matmul, that lie along the given axes."""
    inputs = [as_array(x) for x in inputs]
    ufunc(*(np.zeros(x.shape) for x in inputs), **given)  # raises if they do not fit
    axis, keepdims = given.get("axis", -1), given.get("keepdims", False)
    axes = given.get("axes", [axis] * len(inputs))  # one axis of each input, none of the result
    axes = [tuple(np.atleast_1d(np.array(a, int))) for a in axes]
    pairs = zip(inputs, axes, strict=False)
    result = rule(*(np.moveaxis(x, a, range(-len(a), 0)) for x, a in pairs))
    if keepdims:
        return np.expand_dims(result, axes[0])
    for a in axes[len(inputs) :]:
        result = np.moveaxis(result, range(-len(a), 0), a)
    return result


def _write(
    out: Any, result: Any, mask: Any = None, casting: Any = "same_kind", name: str = ""
) -> Any:
    """`out`, with the result, stretched to its shape, in it; where there is a mask, only there."""
    if not np.can_cast(result.dtype, out.dtype, casting):
        raise TypeError(f"np.{name}: cannot cast {result.dtype} to {out.dtype} by rule {casting!r}")
    tracked = isinstance(result, Tensor) and result.requires_grad
    if not tracked and not np.can_cast(result.dtype, out.dtype, "same_kind"):
        result = np.asarray(stop_gradient(result)).astype(out.dtype)
    if not isinstance(out, Tensor):
        if tracked:
            raise _refusal(
                None, f"np.{name}", "out= must be a Tensor for a Tensor's result (array += tensor "
                "asks for it: write array = array + tensor)",
            )  # fmt: skip
        out[... if mask is None else mask] = stop_gradient(result)
        return out
    if mask is None:
        result = np.broadcast_to(result, out.shape)
    else:
        masked, result = result, out.copy()
        result[mask] = masked
    return become(out, result if isinstance(result, Tensor) else Tensor(result))


def _array_function(_: Any, func: Any, __: Any, args: Any, kwargs: Any) -> Any:
    rule = RULES.get(func)
    if rule is None:
        raise _refusal(func, _name(func))
    count = getattr(rule, "inputs", None)
    if count and len(args) < count:  # an input by NumPy's name for it, as in np.sum(a=tensor)
        names = list(_parameters(func))[len(args) : count]
        args = (*args, *(kwargs.pop(name) for name in names if name in kwargs))
    most, known, at = _takes(func)
    if most is not None and most < len(args) <= len(_parameters(func)):
        names = list(_parameters(func))[most : len(args)]
        args, kwargs = args[:most], {**dict(zip(names, args[most:], strict=True)), **kwargs}
    out = None
    if len(args) > at:
        out, args = args[at], (*args[:at], None, *args[at + 1 :])
    if kwargs:
        out = kwargs.pop("out", out)
        for name in [name for name in kwargs if known is not None and name not in known]:
            value, parameter = kwargs.pop(name), _parameters(func).get(name)
            if parameter is None or value is not parameter.default:
                raise _refusal(None, _name(func), f"its keyword {name}= has no gradient rule")
    try:
        result = rule(*args, **kwargs)
    except ArrayLikeError as error:
        if str(error).startswith("got "):
            raise ArrayLikeError(f"{_name(func)}: {error}") from None
        raise
    if out is None:
        return result
    result = as_array(result)
    if isinstance(out, Tensor) and out.shape != result.shape and func not in STRETCHED:
        raise ValueError(f"{_name(func)}: out= of {out.shape} for a result of {result.shape}")
    return _write(out, result, name=func.__name__)


#: NumPy's functions that stretch their result into out=, as ufuncs do.
STRETCHED = {np.clip, np.fix, np.isposinf, np.isneginf}


@functools.cache
def _parameters(function: Any) -> Any:
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return inspect.signature(UNTOLD.get(function, lambda: None)).parameters


#: Before NumPy 2.4 its functions that are written in C do not tell their arguments. Of these rules
#: take fewer:
UNTOLD: dict[Any, Any] = {
    np.concatenate: lambda arrays, axis=0, out=None, *, dtype=None, casting="same_kind": None,  # noqa: ARG005
    np.dot: lambda a, b, out=None: None,  # noqa: ARG005
}


@functools.cache
def _takes(function: Any) -> tuple[int | None, set[str] | None, float]:
    """What the rule of a NumPy function takes, and where the function takes its output.

    Returns
    -------
    tuple
        How many arguments by position, and which by name; None if any number. And the position of
        the function's argument `out`; inf if it has none.
    """
    kind = inspect.Parameter
    by_position = [
        p.name
        for p in _parameters(function).values()
        if p.kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD)
    ]
    at = by_position.index("out") if "out" in by_position else np.inf
    try:
        parameters = inspect.signature(RULES[function]).parameters.values()
    except ValueError:  # one that is written in C, called as it is
        return None, None, at
    kinds = [p.kind for p in parameters]
    positional = sum(k in (k.POSITIONAL_ONLY, k.POSITIONAL_OR_KEYWORD) for k in kinds)
    most = None if kind.VAR_POSITIONAL in kinds else positional
    names = None if kind.VAR_KEYWORD in kinds else {p.name for p in parameters}
    return most, names, at


def _name(function: Any) -> str:
    return f"{function.__module__}.{function.__name__}".replace("numpy", "np")


def _refusal(function: Any, name: str, why: str | None = None) -> NoGradientRuleError:
    why = why or REFUSED.get(function, "there is no gradient rule for it (@autograd.op makes one)")
    return NoGradientRuleError(f"{name} on a Tensor: {why}. On values: t.detach().numpy().")


Tensor.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _array_function  # type: ignore[attr-defined]
