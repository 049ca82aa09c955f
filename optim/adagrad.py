"""Adagrad: a learning rate for each number, from the sum of its squared gradients."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number
from .rule import Array, Options, State, decayed, options_of

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divide each number's gradient by the root of the sum of all its squares so far.

    With g the gradient plus `weight_decay * p`, and t the count of steps:

        sum = sum + g**2                              (at first: initial_accumulator_value)
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(sum) + eps)

    Rare features thus keep a large learning rate. The sum never shrinks, so all steps do.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate.
    lr_decay
        each step adds this to the divisor of the learning rate, which is 1 at first.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    initial_accumulator_value
        where the sum starts.
    eps
        added to the root, to avoid division by 0.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12, 2011.
    """

    expected = Optimizer.expected | {
        "lr_decay": number(),
        "initial_accumulator_value": number(),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:
        """The sum of squares."""
        return {"sum": np.full_like(param, group["initial_accumulator_value"])}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        for p, g, total in decayed(group, param, grad, state["sum"]):
            total += g * g
            p -= rate * g / (np.sqrt(total) + group["eps"])
