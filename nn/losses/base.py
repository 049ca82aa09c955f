"""What the losses share: inputs and targets that fit, reductions, and the layer."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import AutogradError, Tensor, stop_gradient

from ..inputs import given
from ..module import Buffer, Module

__all__ = [
    "Array",
    "Loss",
    "LossShapeError",
    "broadcast_hint",
    "check_range",
    "constant",
    "first_true",
    "float_input",
    "in_dtype_of",
    "matched_pair",
    "reduced",
    "reduction_factor",
    "scaled_sum",
    "weighted",
]

Array = Tensor | ArrayLike


class LossShapeError(AutogradError, ValueError):
    """The input and the target of a loss have shapes that do not belong together.

    Examples
    --------
    >>> nn.functional.mse_loss(pred, y)             # (32, 1) and (32,): wrong # doctest: +SKIP
    >>> nn.functional.mse_loss(pred.squeeze(1), y)  # right                    # doctest: +SKIP
    >>> nn.functional.mse_loss(pred, y[:, None])    # right                    # doctest: +SKIP
    """


def float_input(who: str, x: Any, called: str = "input", target: Any = None) -> Any:
    """`x` as an array or Tensor of floats."""
    x = given(who, called, x)
    if x.dtype.kind != "f":
        swapped = getattr(getattr(target, "dtype", None), "kind", "") == "f"
        way = (
            "the target has them: the input goes first" if swapped else "write x.astype(np.float32)"
        )
        raise TypeError(f"{who}: {called} is {x.dtype}, expected floats; {way}")
    return x


def in_dtype_of(x: Any, y: Any) -> Any:
    """`y` as an array or Tensor with the dtype of `x`."""
    if isinstance(y, Tensor):
        return y if y.dtype == x.dtype else y.astype(x.dtype)
    return np.asarray(y, x.dtype)


def constant(x: Any) -> NDArray[Any]:
    """`x` as an array; a Tensor that requires gradients, which would be lost, is refused."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def matched_pair(
    who: str, x: Any, y: Any, called: tuple[str, str] = ("input", "target")
) -> tuple[Any, Any]:
    """Input and target of one shape and dtype."""
    x = float_input(who, x, called[0])
    y = in_dtype_of(x, given(who, called[1], y))
    if x.shape != y.shape:
        hint = broadcast_hint(x, y, called)
        raise LossShapeError(
            f"{who}: {called[0]} has shape {x.shape}, {called[1]} {y.shape}: {hint}"
        )
    return x, y


def broadcast_hint(x: Any, y: Any, called: tuple[str, str]) -> str:
    """What two unequal shapes would have come to, and what to write."""
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return "they must be equal"
    size = max(x.size, y.size)
    text = f"they would broadcast to {shape}"
    if math.prod(shape) > size:
        text += f" and average {math.prod(shape)} terms instead of {size}"
    for long, short, names in (x, y, called), (y, x, called[::-1]):
        for axis, n in enumerate(long.shape):
            if n == 1 and long.shape[:axis] + long.shape[axis + 1 :] == short.shape:
                new = ", ".join([":"] * axis + ["None"])
                return f"{text}. Write {names[0]}.squeeze({axis}) or {names[1]}[{new}]"
    return f"{text}. Make them equal"


def reduction_factor(who: str, reduction: str, count: float, **counts: float) -> float | None:
    """What to multiply the sum of the terms by; None to leave the terms as they are.

    `counts`: the names of further means, with what they divide by.
    """
    if reduction == "none":
        return None
    if reduction == "sum":
        return 1.0
    counts = {"mean": count, **counts}
    if reduction not in counts:
        means = ", ".join(map(repr, counts))
        raise ValueError(f"{who}: reduction must be {means}, 'sum' or 'none', got {reduction!r}")
    if counts[reduction] == 0:
        warnings.warn(f"{who}: the mean of no terms is nan", RuntimeWarning, stacklevel=3)
        return math.nan
    return 1 / counts[reduction]


def scaled_sum(terms: Any, factor: float | None) -> Any:
    """sum(terms) * factor; the terms themselves if the factor is None."""
    return terms if factor is None else terms.sum() * factor


def reduced(who: str, reduction: str, terms: Any) -> Any:
    """The mean of all terms, their sum, or the terms themselves."""
    return scaled_sum(terms, reduction_factor(who, reduction, terms.size))


def weighted(who: str, terms: Any, weight: Any) -> Any:
    """terms * weight, which broadcasts to their shape; None for no weight."""
    if weight is None:
        return terms
    weight = in_dtype_of(terms, weight)
    try:
        fits = np.broadcast_shapes(weight.shape, terms.shape) == terms.shape
    except ValueError:
        fits = False
    if not fits:
        raise LossShapeError(
            f"{who}: weight of shape {weight.shape} does not broadcast to {terms.shape}"
        )
    return terms * weight


def check_range(who: str, y: Any, most: float = math.inf) -> None:
    """Refuse a target below 0, above `most`, or NaN; beyond by a rounding error is all right."""
    values = stop_gradient(y)
    slack = 8 * float(np.finfo(values.dtype).eps)
    if not values.size or (values.min() >= -slack and values.max() <= most + slack):
        return
    at = first_true(~((values >= -slack) & (values <= most + slack)))
    expected = "0 to 1" if most == 1 else "0 or more"
    if most == 1 and (abs(values) == 1).all():
        expected += "; for labels of -1 and 1 write (target + 1) / 2"
    raise ValueError(f"{who}: target {values[at]:g} at position {at}: expected {expected}")


def first_true(wrong: NDArray[Any]) -> Any:
    """The position of the first True: a number along one axis, else a tuple."""
    where = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
    return where[0] if len(where) == 1 else where


class Loss(Module):
    """A loss as a layer: its arguments are attributes of the same names."""

    def __init__(self, reduction: str, *others: str) -> None:
        reduction_factor(type(self).__name__, reduction, 1, **dict.fromkeys(others, 1))  # refuses
        self.reduction = reduction

    def _weight_buffer(self, weight: Any, called: str = "weight", of_classes: bool = False) -> Any:
        """A weight as a Buffer, which `state_dict` has, or None."""
        if weight is None:
            return None
        shape, who = np.shape(weight), type(self).__name__
        if of_classes and len(shape) != 1:
            raise LossShapeError(
                f"{who}: got {called} of shape {shape}, expected a number for each class. If these "
                f"are data, write nn.{who}()(input, target)"
            )
        return Buffer(weight)
