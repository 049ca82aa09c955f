"""The affine map x Wᵀ + b, and the bilinear one: functions and layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import default_dtype, op

from .. import init
from ..inputs import door, expect, given, lengths, name_of, total
from ..module import Module, Parameter
from ..random import generator as _generator

__all__ = ["Bilinear", "Linear", "bilinear", "linear"]


@door
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """The affine map x Wᵀ + b along the last axis of `x`.

    Parameters
    ----------
    x
        shape (..., in).
    weight
        shape (out, in).
    bias
        shape (out,), or None.

    Returns
    -------
    array or Tensor
        shape (..., out); a Tensor if any argument is one.

    Raises
    ------
    ValueError
        the shapes are other than that.
    """
    return _linear(x, weight, bias)


def _check_bias(who: str, weight: Any, bias: Any) -> None:
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"{who}: got a bias of shape {bias.shape}, expected {weight.shape[:1]}: the weight is "
            f"{weight.shape}"
        )


def _rows(x: Any) -> Any:
    """All axes but the last as one: one long product is the fastest."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _linear_closures(x: Any, weight: Any, _: Any) -> Any:
    return (
        lambda g: g @ weight if x.ndim == 2 else (_rows(g) @ weight).reshape(x.shape),
        lambda g: _rows(g).T @ _rows(x),
        lambda g: total(_rows(g), 0),
    )


@op(constant_slope=(0, 1, 2), closures=_linear_closures)
def _linear(x, weight, bias):
    """Gradient by x: `g @ weight`.
    Gradient by weight: `g.T @ x`, leading axes taken as one.
    Gradient by bias: `sum(g, axis=0)`, leading axes taken as one.
    """
    # The checks are here, where they look at arrays: a Tensor's shape takes three times as long.
    if x.shape[-1:] != weight.shape[1:]:
        raise ValueError(
            f"linear: got input of shape {x.shape} and weight of shape {weight.shape}, expected "
            "(..., in) and (out, in)"
        )
    y = _rows(x).dot(weight.T)  # takes two thirds of the time of @, of small matrices
    if bias is not None:
        _check_bias("linear", weight, bias)
        if bias.dtype == y.dtype:
            y += bias  # in place: a third of the time
        else:
            y = y + bias
    y = y if x.ndim == 2 else y.reshape(*x.shape[:-1], weight.shape[0])
    return y, *_linear_closures(x, weight, bias)


@door(wide=True)
def bilinear(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Any:
    """y_o = x1ᵀ W_o x2 + b_o along the last axes of `x1` and `x2`.

    Parameters
    ----------
    x1, x2
        shapes (..., in1) and (..., in2), alike but for the last axis.
    weight
        shape (out, in1, in2).
    bias
        shape (out,), or None.

    Returns
    -------
    array or Tensor
        shape (..., out); a Tensor if any argument is one.

    Raises
    ------
    ValueError
        the shapes are other than that.
    """
    if weight.ndim != 3:
        raise ValueError(f"bilinear: got a weight of shape {weight.shape}, expected 3 axes")
    _check_bilinear("bilinear", x1.shape, x2.shape, *weight.shape[1:])
    _check_bias("bilinear", weight, bias)
    y = np.einsum("...i,oij,...j->...o", x1, weight, x2, optimize=True)
    return y if bias is None else y + bias


def _check_bilinear(who: Module | str, shape1: Any, shape2: Any, in1: int, in2: int) -> None:
    if (*shape1[:-1], in1) != shape1 or (*shape1[:-1], in2) != shape2:
        raise ValueError(
            f"{name_of(who)}: got inputs of shapes {shape1} and {shape2}, expected "
            f"(..., {in1}) and (..., {in2}), alike but for the last axis"
        )


def drawn(
    shape: tuple[int, ...], outs: int, bias: bool, fan_in: int, generator: Any
) -> tuple[Parameter, Parameter | None]:
    """A weight and a bias, or None for none, uniform within ±1/sqrt(fan_in)."""
    rng, bound = _generator(generator), 1 / math.sqrt(fan_in) if fan_in else 0.0
    shapes = [shape, (outs,)] if bias else [shape]
    made = [Parameter(np.empty(s, default_dtype.get())) for s in shapes]
    for p in made:
        init.uniform_(p, -bound, bound, rng)
    return made[0], made[1] if bias else None


class Linear(Module):
    """y = x Wᵀ + b.

    Parameters
    ----------
    in_features, out_features
        the lengths of the last axis of input and output.
    bias
        False for none.
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight
        Parameter of shape (out_features, in_features).
    bias
        Parameter of shape (out_features,), or None.

    Notes
    -----
    Both start uniform within ±1/sqrt(in_features), in the default dtype, as in PyTorch.

    Raises
    ------
    ValueError
        the last axis of the input is not in_features long.
    TypeError
        the input is of integers, which would make the result float64.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Linear(3, 2)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if min(in_features, out_features) < 0:
            raise ValueError(
                f"Linear: got in_features={in_features}, out_features={out_features}, expected 0 "
                "or more"
            )
        self.in_features, self.out_features = in_features, out_features
        shape = out_features, in_features
        self.weight, self.bias = drawn(shape, out_features, bias, in_features, generator)

    def forward(self, x: Any) -> Any:
        """Map `x` of shape (..., in_features) to (..., out_features)."""
        if getattr(x, "shape", ())[-1:] != (self.in_features,) or x.dtype.kind not in "fc":
            self._refuse(x)
        return _linear(x, self.weight, self.bias)

    def _refuse(self, x: Any) -> None:
        shape = lengths(x)
        flat = len(shape) > 2 and math.prod(shape[1:]) == self.in_features
        hint = "; put nn.Flatten() before it" if flat else ""
        fits = shape[-1:] == (self.in_features,)
        expect(self, x, fits, f"(..., {self.in_features}){hint}", "fc")


class Bilinear(Module):
    """y_o = x1ᵀ W_o x2 + b_o.

    Parameters
    ----------
    in1_features, in2_features, out_features
        the lengths of the last axes of inputs and output.
    bias
        False for none.
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight
        Parameter of shape (out_features, in1_features, in2_features).
    bias
        Parameter of shape (out_features,), or None.

    Notes
    -----
    Both start uniform within ±1/sqrt(in1_features), in the default dtype, as in PyTorch.

    Raises
    ------
    ValueError
        the last axes of the inputs are of other lengths, or the axes before differ.
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if in1_features <= 0:
            raise ValueError(f"Bilinear: got in1_features={in1_features}, expected at least 1")
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        shape = out_features, in1_features, in2_features
        self.weight, self.bias = drawn(shape, out_features, bias, in1_features, generator)

    def forward(self, x1: Any, x2: Any) -> Any:
        """Map shapes (..., in1_features) and (..., in2_features) to (..., out_features)."""
        x1, x2 = given(self, "x1", x1), given(self, "x2", x2)
        _check_bilinear(self, x1.shape, x2.shape, self.in1_features, self.in2_features)
        return bilinear(x1, x2, self.weight, self.bias)
