"""NumPy's functions on Tensors: which op stands for which, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .errors import NoGradientRuleError
from .tensor import Tensor
from .watch import cut

__all__ = ["RULES", "implements", "untracked"]

#: NumPy function -> what to call when a Tensor is among its arguments.
RULES: dict[Any, Callable[..., Any]] = {}


def implements(*functions: Any) -> Callable[[Any], Any]:
    """Register a function that calls ops (an argument order, a list of inputs) for NumPy's."""

    def decorate(adapter: Any) -> Any:
        for function in functions:
            RULES[function] = adapter
        return adapter

    return decorate


def untracked(*functions: Any) -> None:
    """Declare NumPy functions without a derivative: on Tensors they give plain arrays."""

    def unwrap(x: Any) -> Any:
        if isinstance(x, Tensor):
            cut(x, "a function without derivative")
            return x._data
        return type(x)(unwrap(item) for item in x) if isinstance(x, tuple | list) else x

    def declare(function: Any) -> None:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*unwrap(args), **{k: unwrap(v) for k, v in kwargs.items()})

        call.differentiable = False  # type: ignore[attr-defined]
        RULES[function] = call

    for function in functions:
        declare(function)


def _array_ufunc(_: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    rule = RULES.get(ufunc) if method == "__call__" else None
    if rule is None or kwargs:
        if "out" in kwargs:
            why = "out= cannot take a Tensor's result (`array += tensor` asks for it); use "
            why += "array = array + tensor"
        elif rule is not None:
            why = f"keyword {', '.join(kwargs)} has no gradient rule"
        else:
            why = "no gradient rule; on plain values use t.detach().numpy()"
        raise NoGradientRuleError(f"np.{name} on a Tensor: {why}.")
    return rule(*inputs)


def _array_function(_: Any, func: Any, __: Any, args: Any, kwargs: Any) -> Any:
    rule = RULES.get(func)
    if rule is None:
        name = f"{func.__module__}.{func.__name__}".replace("numpy", "np")
        raise NoGradientRuleError(
            f"{name} on a Tensor: no gradient rule; on plain values use t.detach().numpy()."
        )
    return rule(*args, **kwargs)


Tensor.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _array_function  # type: ignore[attr-defined]
