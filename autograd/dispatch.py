"""NumPy's functions on Tensors: which op stands for which, and what is refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NoGradientRuleError
from .tensor import Tensor
from .watch import cut

__all__ = ["REFUSED", "RULES", "implements", "untracked", "unwrap"]

#: NumPy function -> what to call when a Tensor is among its arguments.
RULES: dict[Any, Callable[..., Any]] = {}
#: NumPy function -> why it is refused.
REFUSED: dict[Any, str] = {}


def implements(*functions: Any) -> Callable[[Any], Any]:
    """Register a function that calls ops (an argument order, a list of inputs) for NumPy's."""

    def decorate(adapter: Any) -> Any:
        for function in functions:
            RULES[function] = adapter
        return adapter

    return decorate


def unwrap(x: Any) -> Any:
    """`x` with arrays in place of Tensors, also in tuples, lists and dicts."""
    if isinstance(x, Tensor):
        cut(x, "a function without derivative")
        return x._data
    if isinstance(x, dict):
        return {key: unwrap(item) for key, item in x.items()}
    return type(x)(unwrap(item) for item in x) if isinstance(x, tuple | list) else x


def untracked(*functions: Any) -> None:
    """Declare NumPy functions without a derivative: on Tensors they give plain arrays."""

    def declare(function: Any) -> None:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*unwrap(args), **unwrap(kwargs))

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
        return _written(ufunc, rule, inputs, **kwargs) if kwargs else rule(*inputs)
    if not getattr(rule, "differentiable", True):
        return getattr(ufunc, method)(*unwrap(inputs), **unwrap(kwargs))
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


def _written(
    ufunc: Any, rule: Any, inputs: Any, out: Any = (None,), where: Any = True, **rest: Any
) -> Any:
    """A ufunc's result written into `out`, a Tensor, and only `where` that holds."""
    name = f"np.{ufunc.__name__}"
    if rest:
        raise _refusal(None, name, f"its keyword {', '.join(rest)} has no gradient rule")
    if len(out) > 1 or not isinstance(out[0], Tensor):
        why = "out= must be a Tensor for a Tensor's result (`array += tensor` asks for it: write "
        why += "array = array + tensor)" if where is True else "where= needs out=, a Tensor)"
        raise _refusal(None, name, why)
    if where is True:
        return out[0]._move(rule(*inputs))
    mask = np.broadcast_to(np.asarray(unwrap(where)), out[0].shape)
    result = out[0].copy()
    result[mask] = rule(*(np.broadcast_to(x, out[0].shape)[mask] for x in inputs))
    return out[0]._move(result)


def _array_function(_: Any, func: Any, __: Any, args: Any, kwargs: Any) -> Any:
    rule = RULES.get(func)
    if rule is None:
        raise _refusal(func, f"{func.__module__}.{func.__name__}".replace("numpy", "np"))
    count = getattr(rule, "inputs", None)
    if count and len(args) < count:  # an input by NumPy's name for it, as in np.sum(a=tensor)
        names = list(inspect.signature(func).parameters)[len(args) : count]
        args = (*args, *(kwargs.pop(name) for name in names if name in kwargs))
    return rule(*args, **kwargs)


def _refusal(function: Any, name: str, why: str | None = None) -> NoGradientRuleError:
    why = why or REFUSED.get(function, "there is no gradient rule for it (@autograd.op makes one)")
    return NoGradientRuleError(f"{name} on a Tensor: {why}. On values: t.detach().numpy().")


Tensor.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _array_function  # type: ignore[attr-defined]
