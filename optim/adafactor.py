"""Adafactor: Adam's second moment from the means of rows and columns, and relative steps."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, Params
from .options import number, optional, several
from .rule import Array, Options, State, options_of

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's scaling with little memory: for n * m numbers, n + m are kept.

    With g the gradient, t the count of steps, and rms the root mean square of all numbers:

        keep = 1 - t**beta2_decay
        rows = keep * rows + (1 - keep) * mean(g**2, axis=-1)          (columns alike, axis=-2)
        v = rows * columns / max(mean(rows), eps1)     (of vectors: keep * v + (1 - keep) * g**2)
        u = g / max(sqrt(v), eps1)
        p = p * (1 - lr * weight_decay)
        p = p - min(lr, 1 / sqrt(t)) * max(eps2, rms(p)) * u / max(1, rms(u) / d)

    In the last line rms(p) is that from before the decay.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the largest step, relative to the size of the parameter.
    beta2_decay
        the weight of a new gradient is `t**beta2_decay`; at most 0.
    eps
        eps1, to avoid division by 0 (None: the precision of the parameter's dtype), and eps2, the
        smallest size of a parameter that its steps are scaled by.
    d
        the largest rms(u): larger ones are scaled down to it; at least 1.
    weight_decay
        each step shrinks a weight by `lr * weight_decay` of its size.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; `beta2_decay`, `eps` or `d` out of range.

    References
    ----------
    Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", ICML 2018;
    with the learning rate, and the place of eps1, of PyTorch.
    """

    expected = Optimizer.expected | {
        "eps": several(optional(number()), number()),
        "d": number(1),
        "beta2_decay": number(-math.inf, 0),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The means of g**2: over the last axis and over the one before; of vectors, no means."""
        if param.ndim < 2:
            return {"variance": np.zeros_like(param)}
        rows, columns = param[..., :1], param[..., :1, :]
        return {"row_var": np.zeros_like(rows), "col_var": np.zeros_like(columns)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        if not param.size:
            return
        lr, t, (eps1, eps2) = group["lr"], state["step"], group["eps"]
        eps1 = float(np.finfo(param.dtype).eps) if eps1 is None else eps1
        rate = min(lr, t**-0.5) * max(eps2, _rms(param))
        new = t ** group["beta2_decay"]  # 1 - keep
        square = grad * grad
        if param.ndim < 2:
            variance = state["variance"]
            variance += new * (square - variance)
        else:
            rows, columns = state["row_var"], state["col_var"]
            rows += new * (square.mean(-1, keepdims=True) - rows)
            columns += new * (square.mean(-2, keepdims=True) - columns)
            variance = rows / np.maximum(rows.mean(-2, keepdims=True), eps1) * columns
        step = grad / np.sqrt(np.maximum(variance, eps1 * eps1))
        if group["weight_decay"]:
            param *= 1 - lr * group["weight_decay"]
        param -= rate / max(1.0, _rms(step) / group["d"]) * step


def _rms(x: Array) -> float:
    x = x.astype(np.float32) if x.dtype == np.float16 else x  # its squares overflow
    return float(np.linalg.norm(x)) / math.sqrt(x.size)
