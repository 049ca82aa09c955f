"""Adadelta: steps as large as the mean of the last steps."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number
from .rule import Array, Options, State, decayed, options_of

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps as large as the mean of the last steps, times the gradient over its own mean.

    With g the gradient plus `weight_decay * p`:

        v = rho * v + (1 - rho) * g**2
        step = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * step**2
        p = p - lr * step

    The step has the unit of the parameter, so the learning rate has none and can stay at 1.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        a factor on all steps.
    rho
        the share of both means that each step keeps, from 0 to 1.
    eps
        added to both means; it sets the size of the first steps.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; `rho` out of range.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    expected = Optimizer.expected | {"rho": number(0, 1)}

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The means of squared gradients and of squared steps: 0."""
        return {"square_avg": np.zeros_like(param), "acc_delta": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        for p, g, v, u in decayed(group, param, grad, state["square_avg"], state["acc_delta"]):
            v *= rho
            v += (1 - rho) * g * g
            step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
            u *= rho
            u += (1 - rho) * step * step
            p -= lr * step
