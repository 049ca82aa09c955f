"""RMSprop: the gradient divided by its root mean square."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number, switch
from .rule import Array, Options, State, decayed, kept, options_of

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divide each number's gradient by its root mean square of late.

    With g the gradient plus `weight_decay * p`:

        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g                        (centered; else a = 0)
        scaled = g / (sqrt(v - a**2) + eps)
        buffer = momentum * buffer + scaled
        p = p - lr * buffer                                    (without momentum: lr * scaled)

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate.
    alpha
        the share of the means that each step keeps, at least 0 and less than 1.
    eps
        added to the root, to avoid division by 0.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    momentum
        the share of the buffer that each step keeps; 0 for none.
    centered
        divide by the standard deviation instead of the root mean square.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; `alpha` out of range.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera, 2012; `centered`: Graves, "Generating
    sequences with recurrent neural networks", 2013.
    """

    expected = Optimizer.expected | {"alpha": number(0, 1, below=True), "centered": switch}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:
        """The mean square, and what `momentum` and `centered` need: 0."""
        state = {"square_avg": np.zeros_like(param)}
        if group["momentum"]:
            state["momentum_buffer"] = np.zeros_like(param)
        if group["centered"]:
            state["grad_avg"] = np.zeros_like(param)
        return state

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, alpha, eps, momentum = group["lr"], group["alpha"], group["eps"], group["momentum"]
        mean = kept(state, "grad_avg", param) if group["centered"] else None
        buffer = kept(state, "momentum_buffer", param) if momentum else None
        for p, g, v, a, b in decayed(group, param, grad, state["square_avg"], mean, buffer):
            v *= alpha
            v += (1 - alpha) * g * g
            variance = v
            if a is not None:
                a *= alpha
                a += (1 - alpha) * g
                variance = np.maximum(v - a * a, 0)  # rounding may leave a little less than 0
            step = g / (np.sqrt(variance) + eps)
            if b is not None:
                b *= momentum
                b += step
                step = b
            p -= lr * step
