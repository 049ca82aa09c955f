"""Ops that rearrange: reshape, transpose, broadcast, join. All linear."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from .dispatch import implements, untracked
from .elementwise import same
from .op import op

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.reshape, linear=True)
def reshape(x, shape=None, order="C"):
    old = x.shape
    return x.reshape(shape, order=order), lambda g: g.reshape(old, order=order)


@op(np.transpose, np.permute_dims, linear=True)
def transpose(x, axes=None):
    if axes is None:
        return x.transpose(), lambda g: g.transpose()
    back = tuple(np.argsort([a % x.ndim for a in axes]))
    return x.transpose(axes), lambda g: g.transpose(back)


@op(np.swapaxes, linear=True)
def swapaxes(x, axis1=0, axis2=1):
    return np.swapaxes(x, axis1, axis2), lambda g: np.swapaxes(g, axis1, axis2)


@op(np.expand_dims, linear=True)
def expand_dims(x, axis=0):
    shape = x.shape
    return np.expand_dims(x, axis), lambda g: g.reshape(shape)


@op(np.squeeze, linear=True)
def squeeze(x, axis=None):
    shape = x.shape
    return np.squeeze(x, axis), lambda g: g.reshape(shape)


@op(np.ravel, linear=True)
def ravel(x, order="C"):
    shape = x.shape
    return x.ravel(order), lambda g: g.reshape(shape, order=order)


@op(np.broadcast_to, linear=True)
def broadcast_to(x, shape=()):
    return np.broadcast_to(x, shape), same  # the engine sums over the broadcast axes


@op(linear=True)
def astype(x, dtype=None):
    return x.astype(dtype), same  # the engine gives a gradient its tensor's dtype


@op(linear=True)
def copy(x):
    return x.copy(), same


@op(linear=True)
def _concatenate(*arrays, axis=0):
    ends = list(accumulate(a.shape[axis] for a in arrays))
    lead = (slice(None),) * (axis % arrays[0].ndim)

    def part(start: int, end: int) -> Any:
        return lambda g: g[(*lead, slice(start, end))]

    return np.concatenate(arrays, axis=axis), *map(part, [0, *ends], ends)


@implements(np.concatenate, np.concat)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    if axis is None:
        arrays, axis = [np.reshape(a, -1) for a in arrays], 0
    return _concatenate(*(a if hasattr(a, "shape") else np.asarray(a) for a in arrays), axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    return concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis)


untracked(np.shape, np.ndim, np.size)
