"""Ops that reshape, reorder axes, broadcast and convert: the elements stay. All linear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements
from ..core.op import op
from ..core.tensor import wrap
from ..core.watch import cut
from ..errors import NoGradientRuleError
from .common import same

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.reshape, constant_slope=True)
def reshape(x, shape=None, order="C"):
    """Gradient: `g.reshape(x.shape)`, in the same order."""
    old = x.shape
    if order != "C":
        _refuse_memory_order("reshape", order)
    return x.reshape(shape, order=order), lambda g: g.reshape(old, order=order)


@op(np.ravel, constant_slope=True)
def ravel(x, order="C"):
    """Gradient: `g.reshape(x.shape)`, in the same order."""
    shape = x.shape
    if order != "C":
        _refuse_memory_order("ravel", order)
    return x.ravel(order), lambda g: g.reshape(shape, order=order)


def _refuse_memory_order(name: str, order: Any) -> None:
    if order not in ("C", "F"):
        raise NoGradientRuleError(
            f"np.{name} on a Tensor: order={order!r} asks for the order in memory, which is no "
            "part of a tensor's value: use 'C' or 'F'."
        )


# Axes


@op(np.transpose, np.permute_dims, constant_slope=True)
def transpose(x, axes=None):
    """Gradient: `transpose(g, argsort(axes))`, g.T where no axes are given."""
    if axes is None:
        return x.transpose(), lambda g: g.transpose()
    axes = np.atleast_1d(axes).tolist()
    out = x.transpose(axes)
    axes = [a % x.ndim for a in axes]
    back = sorted(range(x.ndim), key=axes.__getitem__)
    return out, lambda g: g.transpose(back)


@op(np.swapaxes, constant_slope=True)
def swapaxes(x, axis1=0, axis2=1):
    return np.swapaxes(x, axis1, axis2), lambda g: np.swapaxes(g, axis1, axis2)


def _permuting(function: Callable[..., Any], *aliases: Any) -> Callable[..., Any]:
    """`transpose` by the axes that `function` gives to an array of lengths 0, 1, 2, ..."""

    @implements(function, *aliases)
    def permuted(a: Any, *args: Any, **kwargs: Any) -> Any:
        return transpose(a, function(np.empty(tuple(range(a.ndim))), *args, **kwargs).shape)

    return permuted


moveaxis = _permuting(np.moveaxis)
rollaxis = _permuting(np.rollaxis)
matrix_transpose = _permuting(np.matrix_transpose, np.linalg.matrix_transpose)


@op(np.expand_dims, constant_slope=True)
def expand_dims(x, axis=0):
    shape = x.shape
    return np.expand_dims(x, axis), lambda g: g.reshape(shape)


@op(np.squeeze, constant_slope=True)
def squeeze(x, axis=None):
    shape = x.shape
    return np.squeeze(x, axis), lambda g: g.reshape(shape)


def _atleast(function: Callable[..., Any], wanted: Callable[..., tuple[int, ...]]) -> Any:
    """Reshape each array that has too few axes to the shape `wanted(*its shape)`."""
    ndim = len(wanted())

    def grown(a: Any) -> Any:
        a = as_array(a)
        return np.reshape(a, a.shape if a.ndim >= ndim else wanted(*a.shape))

    @implements(function)
    def atleast(*arys: Any) -> Any:
        return grown(arys[0]) if len(arys) == 1 else tuple(map(grown, arys))

    return atleast


atleast_1d = _atleast(np.atleast_1d, lambda: (1,))
atleast_2d = _atleast(np.atleast_2d, lambda n=1: (1, n))
atleast_3d = _atleast(np.atleast_3d, lambda *s: (1, *(s or (1,)), 1)[-3:])


# Broadcasting


@op(np.broadcast_to, constant_slope=True)
def broadcast_to(x, shape=(), subok=False):  # noqa: ARG001 - there are no subclasses to keep
    return np.broadcast_to(x, shape), same  # the engine sums over the broadcast axes


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:  # noqa: ARG001
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@implements(np.meshgrid)
def meshgrid(
    *xi: Any,
    copy: bool = True,  # noqa: ARG001 - a Tensor is a value of its own either way
    sparse: bool = False,
    indexing: str = "xy",
) -> Any:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    lengths = [[-1 if i == axis else 1 for i in range(len(xi))] for axis in axes]
    grids = tuple(np.reshape(x, shape) for x, shape in zip(xi, lengths, strict=True))
    return grids if sparse else broadcast_arrays(*grids)


# The same elements


@op(constant_slope=True)
def astype(x, dtype=None):
    return x.astype(dtype), same  # the engine gives a gradient its tensor's dtype


@op(np.copy, constant_slope=True)
def copy(a, order="K", subok=False):  # noqa: ARG001
    return np.array(a, order=order), same


if hasattr(np, "astype"):  # NumPy 2.1

    @implements(np.astype)
    def cast(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
        if np.dtype(dtype).kind not in "fc":  # integers have no gradient
            cut(x, f"np.astype(..., {np.dtype(dtype)})")
            return wrap(x._array.astype(dtype))
        return x if not copy and x.dtype == dtype else astype(x, dtype)
