"""Padding: more around the last axes, made of a constant or of the input itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..inputs import door, given
from ..module import Module
from .sizes import is_int

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "pad",
]

# NumPy's names of PyTorch's modes
MODES: dict[str, Any] = {
    "constant": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}


@door
def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Any:
    """`x` with more around its last axes, or less where a number of `pad` is negative.

    Of 1 2 3, padded by 2 on both sides, the modes make

    | constant | 0 0 | 1 2 3 | 0 0 |
    | reflect | 3 2 | 1 2 3 | 2 1 |
    | replicate | 1 1 | 1 2 3 | 3 3 |
    | circular | 2 3 | 1 2 3 | 1 2 |

    Parameters
    ----------
    x
        any shape; for all modes but "constant" (batch, channels, *size) or (channels, *size), of
        which all axes of size are padded.
    pad
        (left, right), then (top, bottom), then (front, back), ...: pairs of how much goes before
        and after an axis, the *last* axis first. A negative number cuts off as much.
    mode
        "constant"; "reflect", the inside, without the edge itself; "replicate", the edge;
        "circular", the other side.
    value
        the constant.

    Raises
    ------
    ValueError
        an unknown mode; not pairs of ints, or more than there are axes; more to cut off than there
        is; more to reflect or repeat than there is.
    """
    pairs = tuple(pad) if isinstance(pad, Sequence | np.ndarray) else (pad,)
    return padded("pad", x, pairs, mode, value)


def padded(who: str, x: Any, pad: tuple[int, ...], mode: str, value: float = 0.0) -> Any:
    """`pad`. `who` is the function or layer that complains."""
    if mode not in MODES:
        raise ValueError(f"{who}: got mode={mode!r}, expected one of {', '.join(map(repr, MODES))}")
    if mode != "constant" and value != 0:
        raise ValueError(f"{who}: got value={value!r}, expected none with mode={mode!r}")
    if len(pad) % 2 or not all(map(is_int, pad)):
        raise ValueError(f"{who}: got pad={pad!r}, expected a pair of ints for each axis")
    x = given(who, "", x)
    shape, n = x.shape, len(pad) // 2
    if len(shape) < n or (mode != "constant" and len(shape) - n not in (1, 2)):
        axes = f"at least {n} axes" if mode == "constant" else f"{n + 1} or {n + 2} axes"
        raise ValueError(f"{who}: got input of shape {shape}, expected {axes} for pad={pad}")
    pairs = [(0, 0)] * (len(shape) - n) + list(zip(pad[-2::-2], pad[::-2], strict=True))
    inner = tuple(
        slice(max(-a, 0), size - max(-b, 0)) for size, (a, b) in zip(shape, pairs, strict=True)
    )
    for axis, (size, pair, keep) in enumerate(zip(shape, pairs, inner, strict=True)):
        left = keep.stop - keep.start
        if left < 0:
            raise ValueError(f"{who}: got {pair} for axis {axis}, expected {size} at most to cut")
        # What is put there is taken from the input. (From one element any number is replicated.)
        most = {"reflect": max(left - 1, 0), "circular": left, "replicate": left and max(pair)}
        if mode in most and max(pair) > most[mode]:
            raise ValueError(
                f"{who}: got {pair} for axis {axis}, which is {left} long, expected at most "
                f"{most[mode]} with mode={mode!r}"
            )
    if min(pad, default=0) < 0:
        x = x[inner]
    widths = [(max(a, 0), max(b, 0)) for a, b in pairs]
    if mode == "constant":
        return np.pad(x, widths, constant_values=value)
    return np.pad(x, widths, MODES[mode])


# Layers


class _Pad(Module):
    """What the layers share: `pad` in a mode, with a pair of numbers for each axis."""

    axes: ClassVar[int]
    mode: ClassVar[str] = "constant"
    value: float = 0.0

    def __init__(self, padding: int | Sequence[int]) -> None:
        n = 2 * self.axes
        numbers = tuple(padding) if isinstance(padding, Sequence) else (padding,) * n
        if len(numbers) != n or not all(map(is_int, numbers)):
            raise ValueError(
                f"{type(self).__name__}: got padding={padding!r}, expected an int or {n} of them, "
                "a pair for each axis, the last axis first"
            )
        self.padding = numbers

    def forward(self, x: Any) -> Any:
        """Apply `functional.pad`."""
        return padded(type(self).__name__, x, self.padding, self.mode, self.value)


class _ConstantPad(_Pad):
    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value


class ZeroPad1d(_Pad):
    """Put zeros around the last axis.

    Parameters
    ----------
    padding
        (left, right), or an int for both; a negative number cuts off.

    Notes
    -----
    The input has any shape.

    Raises
    ------
    ValueError
        padding and input do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ZeroPad1d((2, 1))(np.array([[1, 2, 3]]))
    array([[0, 0, 1, 2, 3, 0]])
    """

    axes = 1


class ZeroPad2d(_Pad):
    """`ZeroPad1d` of the last 2 axes; padding is (left, right, top, bottom)."""

    axes = 2


class ZeroPad3d(_Pad):
    """`ZeroPad1d` of the last 3 axes; padding is (left, right, top, bottom, front, back)."""

    axes = 3


class ConstantPad1d(_ConstantPad):
    """Put `value` around the last axis.

    Parameters
    ----------
    padding
        (left, right), or an int for both; a negative number cuts off.
    value
        the constant.

    Notes
    -----
    The input has any shape.

    Raises
    ------
    ValueError
        padding and input do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConstantPad1d((2, 1), 7)(np.array([[1, 2, 3]]))
    array([[7, 7, 1, 2, 3, 7]])
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """`ConstantPad1d` of the last 2 axes; padding is (left, right, top, bottom)."""

    axes = 2


class ConstantPad3d(_ConstantPad):
    """`ConstantPad1d` of the last 3 axes; padding is (left, right, top, bottom, front, back)."""

    axes = 3


class ReflectionPad1d(_Pad):
    """Continue the last axis with its own numbers, mirrored at the edge.

    Parameters
    ----------
    padding
        (left, right), or an int for both; a negative number cuts off.

    Notes
    -----
    The input has shape (batch, channels, length) or (channels, length).

    Raises
    ------
    ValueError
        padding and input do not fit, or there is less than `padding` + 1 to mirror.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReflectionPad1d((2, 1))(np.array([[1, 2, 3]]))
    array([[3, 2, 1, 2, 3, 2]])
    """

    axes, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """`ReflectionPad1d` of the last 2 axes; padding is (left, right, top, bottom)."""

    axes, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """`ReflectionPad1d` of the last 3 axes; padding is (left, right, top, bottom, front, back)."""

    axes, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Continue the last axis with its edge.

    Parameters
    ----------
    padding
        (left, right), or an int for both; a negative number cuts off.

    Notes
    -----
    The input has shape (batch, channels, length) or (channels, length).

    Raises
    ------
    ValueError
        padding and input do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReplicationPad1d((2, 1))(np.array([[1, 2, 3]]))
    array([[1, 1, 1, 2, 3, 3]])
    """

    axes, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """`ReplicationPad1d` of the last 2 axes; padding is (left, right, top, bottom)."""

    axes, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """`ReplicationPad1d` of the last 3 axes; padding is (left, right, top, bottom, front, back)."""

    axes, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Continue the last axis with its other side.

    Parameters
    ----------
    padding
        (left, right), or an int for both; a negative number cuts off.

    Notes
    -----
    The input has shape (batch, channels, length) or (channels, length).

    Raises
    ------
    ValueError
        padding and input do not fit, or there is less than `padding` to take from.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CircularPad1d((2, 1))(np.array([[1, 2, 3]]))
    array([[2, 3, 1, 2, 3, 1]])
    """

    axes, mode = 1, "circular"


class CircularPad2d(_Pad):
    """`CircularPad1d` of the last 2 axes; padding is (left, right, top, bottom)."""

    axes, mode = 2, "circular"


class CircularPad3d(_Pad):
    """`CircularPad1d` of the last 3 axes; padding is (left, right, top, bottom, front, back)."""

    axes, mode = 3, "circular"
