"""RAdam: Adam that warms itself up."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, Params
from .options import switch
from .rule import Array, Options, State, decayed, options_of

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam that warms itself up: it divides by v only once v has seen enough gradients.

    With g the gradient plus `weight_decay * p`, m and v as for `Adam`, and t the count of steps:

        rho_max = 2 / (1 - beta2) - 1,  rho = rho_max - 2 * t * beta2**t / (1 - beta2**t)
        r = sqrt((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho))
        scale = r * sqrt(1 - beta2**t) / (sqrt(v) + eps) if rho > 5 else 1
        p = p - lr * m / (1 - beta1**t) * scale

    rho is about the number of gradients that v averages: under 5 its variance is not known.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate.
    betas
        the decay rates of m and v: the share that each step keeps.
    eps
        added to the root of v, to avoid division by 0.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    decoupled_weight_decay
        shrink the parameter itself instead, as `AdamW` does.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`.

    References
    ----------
    Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020.
    """

    expected = Optimizer.expected | {"decoupled_weight_decay": switch}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The moments m and v: 0."""
        return {"exp_avg": np.zeros_like(param), "exp_avg_sq": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        (beta1, beta2), eps, t = group["betas"], group["eps"], state["step"]
        rate = group["lr"] / (1 - beta1**t)
        longest = 2 / (1 - beta2) - 1
        rho = longest - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
            rate *= math.sqrt(r * (1 - beta2**t))
        for p, g, m, v in decayed(group, param, grad, state["exp_avg"], state["exp_avg_sq"]):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            p -= rate * m / (np.sqrt(v) + eps) if rho > 5 else rate * m
