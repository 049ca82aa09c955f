"""NAdam, RAdam and Adamax: three second thoughts about Adam."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Array, Optimizer, Options, Params, State, blocks
from .options import number, switch

__all__ = ["Adamax", "NAdam", "RAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: the step looks one gradient ahead.

    With g the gradient plus `weight_decay * p`, m and v as for `Adam`, and t the count of steps::

        mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        M_t = mu_1 * ... * mu_t
        ahead = mu_(t+1) * m / (1 - M_(t+1)) + (1 - mu_t) * g / (1 - M_t)
        p = p - lr * ahead / (sqrt(v / (1 - beta2**t)) + eps)

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate, about the largest change of a number in one step.
    betas : how much of m and of v stays at each step.
    eps : added to the root mean square, against division by 0.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    momentum_decay : how fast mu rises from about beta1 / 2 to beta1; at 0 it stays.
    decoupled_weight_decay : shrink the parameter itself instead, as `AdamW` does.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`.

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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The moments m and v, 0, and the product of all mu so far, 1."""
        return {
            "mu_product": 1.0,
            "exp_avg": np.zeros_like(param),
            "exp_avg_sq": np.zeros_like(param),
        }

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        t, psi, decoupled = state["step"], group["momentum_decay"], group["decoupled_weight_decay"]
        mu, next_mu = (beta1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product = state["mu_product"] = state["mu_product"] * mu
        root = math.sqrt(1 - beta2**t)  # the last line is multiplied through by it, as in Adam
        rate_g = lr * root * (1 - mu) / (1 - product)
        rate_m = lr * root * next_mu / (1 - product * next_mu)
        eps = group["eps"] * root
        for p, g, m, v in blocks(param, grad, state["exp_avg"], state["exp_avg_sq"]):
            if decay and decoupled:
                p *= 1 - lr * decay
            elif decay:
                g = g + decay * p
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            p -= (rate_g * g + rate_m * m) / (np.sqrt(v) + eps)


class RAdam(Optimizer):
    """Adam that warms itself up: it divides by v only once v has seen enough gradients.

    With g the gradient plus `weight_decay * p`, m and v as for `Adam`, and t the count of steps::

        rho_max = 2 / (1 - beta2) - 1,  rho = rho_max - 2 * t * beta2**t / (1 - beta2**t)
        r = sqrt((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho))
        scale = r * sqrt(1 - beta2**t) / (sqrt(v) + eps) if rho > 5 else 1
        p = p - lr * m / (1 - beta1**t) * scale

    rho is about the number of gradients that v averages: under 5 its variance is not known.

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate.
    betas : how much of m and of v stays at each step.
    eps : added to the root of v, against division by 0.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    decoupled_weight_decay : shrink the parameter itself instead, as `AdamW` does.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`.

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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The moments m and v: 0."""
        return {"exp_avg": np.zeros_like(param), "exp_avg_sq": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        t, eps, decoupled = state["step"], group["eps"], group["decoupled_weight_decay"]
        rate = lr / (1 - beta1**t)
        longest = 2 / (1 - beta2) - 1
        rho = longest - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
            rate *= math.sqrt(r * (1 - beta2**t))
        for p, g, m, v in blocks(param, grad, state["exp_avg"], state["exp_avg_sq"]):
            if decay and decoupled:
                p *= 1 - lr * decay
            elif decay:
                g = g + decay * p
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            p -= rate * m / (np.sqrt(v) + eps) if rho > 5 else rate * m


class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, in place of the root mean square.

    With g the gradient plus `weight_decay * p`, and t the count of steps::

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        p = p - lr * m / (1 - beta1**t) / u

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate, the largest change of a number in one step.
    betas : how much of m and of u stays at each step.
    eps : added to the size of the gradient, against division by 0.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`.

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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The mean m and the largest gradient u: 0."""
        return {"exp_avg": np.zeros_like(param), "exp_inf": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        (beta1, beta2), eps, decay = group["betas"], group["eps"], group["weight_decay"]
        rate = group["lr"] / (1 - beta1 ** state["step"])
        for p, g, m, u in blocks(param, grad, state["exp_avg"], state["exp_inf"]):
            if decay:
                g = g + decay * p
            m *= beta1
            m += (1 - beta1) * g
            u *= beta2
            np.maximum(u, np.abs(g) + eps, out=u)
            p -= rate * m / u
