"""Adamax: Adam with the largest gradient instead of the root mean square."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .rule import Array, Options, State, decayed, options_of

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, instead of the root mean square.

    With g the gradient plus `weight_decay * p`, and t the count of steps:

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        p = p - lr * m / (1 - beta1**t) / u

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate, the largest change of a number in one step.
    betas
        the decay rates of m and u: the share that each step keeps.
    eps
        added to the size of the gradient, to avoid division by 0.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.1.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The mean m and the largest gradient u: 0."""
        return {"exp_avg": np.zeros_like(param), "exp_inf": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        (beta1, beta2), eps = group["betas"], group["eps"]
        rate = group["lr"] / (1 - beta1 ** state["step"])
        for p, g, m, u in decayed(group, param, grad, state["exp_avg"], state["exp_inf"]):
            m *= beta1
            m += (1 - beta1) * g
            u *= beta2
            np.maximum(u, np.abs(g) + eps, out=u)
            p -= rate * m / u
