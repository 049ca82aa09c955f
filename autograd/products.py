"""Products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .op import op

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.matmul)
def matmul(x, y):
    if x.ndim == 2 and y.ndim == 2:
        return x @ y, lambda g: g @ y.T, lambda g: x.T @ g
    # A vector is a row on the left and a column on the right; `rows(g)` gives g those axes back.
    X, Y = x[None] if x.ndim == 1 else x, y[:, None] if y.ndim == 1 else y

    def rows(g: Any) -> Any:
        g = g[..., None] if y.ndim == 1 else g
        return g[..., None, :] if x.ndim == 1 else g

    def for_x(g: Any) -> Any:
        gx = rows(g) @ np.swapaxes(Y, -1, -2)
        return gx[..., 0, :] if x.ndim == 1 else gx

    def for_y(g: Any) -> Any:
        if y.ndim <= 2 < x.ndim:  # a stack of matrices times one matrix is one long product
            n = math.prod(X.shape[:-1])
            gy = X.reshape(n, X.shape[-1]).T @ rows(g).reshape(n, Y.shape[-1])
        else:
            gy = np.swapaxes(X, -1, -2) @ rows(g)
        return gy[..., 0] if y.ndim == 1 else gy

    return x @ y, for_x, for_y
