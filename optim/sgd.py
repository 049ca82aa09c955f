"""Stochastic gradient descent: plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number, switch
from .rule import Array, Options, State, decayed, options_of

__all__ = ["SGD"]


class SGD(Optimizer):
    """Step against the gradient, or against a decaying sum of the gradients so far.

    With g the gradient plus `weight_decay * p`:

        buffer = momentum * buffer + (1 - dampening) * g        (at first: buffer = g)
        p = p - lr * buffer                                     (Nesterov: g + momentum * buffer)

    The learning rate stays out of the buffer, so a new one acts at once on the whole step.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the learning rate.
    momentum
        the share of the buffer that each step keeps; 0 for no buffer.
    dampening
        the share of each gradient, after the first, that does not enter the buffer.
    weight_decay
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    nesterov
        look one step ahead along the buffer; with momentum and without dampening.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; `nesterov` without momentum, or with dampening.

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
        super().__init__(params, options_of(locals()))

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
        lr, momentum, buffer, share = group["lr"], group["momentum"], None, 1
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:  # the first gradient enters as it is
                buffer = state["momentum_buffer"] = np.zeros_like(param)
            else:
                share = 1 - group["dampening"]
        for p, g, b in decayed(group, param, grad, buffer):
            if b is not None:
                b *= momentum
                b += g if share == 1 else share * g
                g = g + momentum * b if group["nesterov"] else b
            p -= lr * g
