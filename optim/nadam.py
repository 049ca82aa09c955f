"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, Params
from .options import number, switch
from .rule import Array, Options, State, decayed, options_of

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: the step looks one gradient ahead.

    With g the gradient plus `weight_decay * p`, m and v as for `Adam`, and t the count of steps:

        mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        M_t = mu_1 * ... * mu_t
        ahead = mu_(t+1) * m / (1 - M_(t+1)) + (1 - mu_t) * g / (1 - M_t)
        p = p - lr * ahead / (sqrt(v / (1 - beta2**t)) + eps)

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate, about the largest change of a number in one step.
    betas
        the decay rates of m and v: the share that each step keeps.
    eps
        added to the root mean square, to avoid division by 0.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    momentum_decay
        how fast mu rises from about beta1 / 2 to beta1; at 0 it stays.
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
    Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop.
    """

    expected = Optimizer.expected | {
        "momentum_decay": number(),
        "decoupled_weight_decay": switch,
    }

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The moments m and v, 0, and the product of all mu so far, 1."""
        return {
            "mu_product": 1.0,
            "exp_avg": np.zeros_like(param),
            "exp_avg_sq": np.zeros_like(param),
        }

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above, its last line multiplied through as in `Adam`."""
        lr, (beta1, beta2), t = group["lr"], group["betas"], state["step"]
        mu, next_mu = (
            beta1 * (1 - 0.5 * 0.96 ** (i * group["momentum_decay"])) for i in (t, t + 1)
        )
        product = state["mu_product"] = state["mu_product"] * mu
        root = math.sqrt(1 - beta2**t)
        rate_g = lr * root * (1 - mu) / (1 - product)
        rate_m = lr * root * next_mu / (1 - product * next_mu)
        eps, moments = group["eps"] * root, (state["exp_avg"], state["exp_avg_sq"])
        for p, g, m, v in decayed(group, param, grad, *moments):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            p -= (rate_g * g + rate_m * m) / (np.sqrt(v) + eps)
