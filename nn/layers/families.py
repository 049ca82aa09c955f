"""Families: what is written once for n axes, and known by a name for 1, 2 and 3 of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..inputs import door

__all__ = ["image_shapes", "per_axes"]

P = ParamSpec("P")
R = TypeVar("R")


def per_axes(
    function: Callable[Concatenate[int, P], R],
) -> tuple[Callable[P, R], Callable[P, R], Callable[P, R]]:
    """`_name_nd(n, x, ...)` as three functions of (x, ...): name1d, name2d and name3d."""
    signature = inspect.signature(function)
    _, *parameters = signature.parameters.values()

    def along(n: int) -> Any:
        bound: Any = functools.update_wrapper(functools.partial(function, n), function)
        bound.__name__ = bound.__qualname__ = function.__name__[1:].replace("_nd", f"{n}d")
        bound.__annotations__ = {k: v for k, v in function.__annotations__.items() if k != "n"}
        bound.__signature__ = signature.replace(parameters=parameters)
        return door(bound)

    return along(1), along(2), along(3)


@functools.cache
def image_shapes(n: int, channels: int | str = "channels") -> str:
    """The two shapes that a layer of n axes takes, for its errors."""
    size = ("length", "height, width", "depth, height, width")[n - 1]
    return f"(batch, {channels}, {size}) or ({channels}, {size})"
