"""Sizes as layers are given them: one number, or one for each axis."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Ints", "Size", "ints", "is_int", "padding_pairs"]

Ints = tuple[int, ...]
Size = int | tuple[int, ...]

# One number in a tuple is for all axes of these, as in PyTorch.
FOR_ALL_AXES = "stride", "padding", "dilation", "output_padding"


def is_int(x: Any) -> bool:
    """Whether `x` is an int, and not True or False."""
    return isinstance(x, int | np.integer) and not isinstance(x, bool)


def ints(who: str, name: str, n: int, value: Any, least: int = 1, alone: bool = False) -> Ints:
    """`value` for each of `n` axes. `alone`: one number in a tuple is for all of them."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,)
    if len(given) == 1 and (given[0] is value or name in FOR_ALL_AXES or alone):
        given *= n
    if len(given) != n or not all(map(is_int, given)) or min(given) < least:
        raise ValueError(
            f"{who}: got {name}={value!r}, expected an int of at least {least}"
            + (f", or {n} of them" if n > 1 else "")
        )
    return given


def padding_pairs(
    who: str, padding: Any, kernel: Ints, stride: Ints, dilation: Ints
) -> tuple[tuple[int, int], ...]:
    """How much padding goes before and after each axis."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(
                f"{who}: got padding='same' with stride={stride}, expected stride 1: another does "
                "not keep the size"
            )
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ValueError(f"{who}: got padding={padding!r}, expected ints, 'same' or 'valid'")
    return tuple((p, p) for p in ints(who, "padding", len(kernel), padding, 0))
