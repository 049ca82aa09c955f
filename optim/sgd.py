"""Stochastic gradient descent: plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

import numpy as np

from .optimizer import Array, Optimizer, Options, Params, State, blocks
from .options import number, switch

__all__ = ["SGD"]


class SGD(Optimizer):
    """Step against the gradient, or against a decaying sum of the gradients so far.

    With g the gradient plus `weight_decay * p`::

        buffer = momentum * buffer + (1 - dampening) * g        (at first: buffer = g)
        p = p - lr * buffer                                     (Nesterov: g + momentum * buffer)

    The learning rate stays out of the buffer, so a new one acts at once on the whole step.

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate.
    momentum : how much of the buffer stays at each step; 0 for none, and then no buffer is kept.
    dampening : how much of each gradient but the first is kept out of the buffer.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    nesterov : look one step ahead along the buffer; with momentum and without dampening.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`; `nesterov` without momentum, or with dampening.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
    learning", ICML 2013; in the form of PyTorch.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     w.grad = [1.0]
    ...     optimizer.step()          # 1 - 0.1 * 1 - 0.1 * (0.9 * 1 + 1)
    >>> w.data
    array([0.71], dtype=float32)
    """

    counts = False
    expected = Optimizer.expected | {"dampening": number(0, 1), "nesterov": switch}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, options: Options) -> None:
        """Refuse `nesterov` without momentum or with dampening, and what `Optimizer` refuses."""
        super().check(options)
        if options["nesterov"] and not (options["momentum"] > 0 and options["dampening"] == 0):
            raise ValueError(
                "nesterov: expected momentum > 0 and dampening = 0, got momentum="
                f"{options['momentum']!r}, dampening={options['dampening']!r}"
            )

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
        keep, buffer = 1 - group["dampening"], grad  # a stand-in, not looked at without momentum
        if momentum and "momentum_buffer" not in state:
            state["momentum_buffer"], keep = np.zeros_like(param), 1
        if momentum:
            buffer = state["momentum_buffer"]
        for p, g, b in blocks(param, grad, buffer):
            if decay:
                g = g + decay * p
            if momentum:
                b *= momentum
                b += g if keep == 1 else keep * g
                g = g + momentum * b if group["nesterov"] else b
            p -= lr * g
