"""ASGD: stochastic gradient descent that also averages the parameters."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number
from .rule import Array, Options, State, decayed, options_of

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """SGD with a falling learning rate, and the average of the parameters beside it.

    With g the gradient plus `weight_decay * p`, t the count of steps, and eta at first `lr`:

        p = p * (1 - lambd * eta) - eta * g
        average = average + (p - average) * mu           (mu = 1 / max(1, t - 1 - t0), at first 1)
        eta = lr / (1 + lambd * lr * t)**alpha

    The average, `optimizer.state[p]["ax"]`, starts at step t0. It is not put into the parameters:
    at the end, write `p.data = optimizer.state[p]["ax"]`.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the first learning rate.
    lambd
        how much each step shrinks the parameters, and how fast the learning rate falls.
    alpha
        the power with which the learning rate falls.
    t0
        the step at which averaging starts.
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
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control
    and Optimization 30, 1992; in the form of Bottou's SGD code and of PyTorch.
    """

    expected = Optimizer.expected | {"lambd": number(), "alpha": number(), "t0": number()}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:
        """The learning rate and the weight of the next step, and the average."""
        return {"eta": float(group["lr"]), "mu": 1.0, "ax": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, lambd, t = group["lr"], group["lambd"], state["step"]
        eta, mu = state["eta"], state["mu"]
        for p, g, average in decayed(group, param, grad, state["ax"]):
            p *= 1 - lambd * eta
            p -= eta * g
            if mu == 1:
                average[...] = p
            else:
                average += mu * (p - average)
        state["eta"] = lr / (1 + lambd * lr * t) ** group["alpha"]
        state["mu"] = 1 / max(1, t - group["t0"])
