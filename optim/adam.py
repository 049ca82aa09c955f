"""Adam, and AdamW: the same with weight decay apart from the gradient."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, Params
from .options import switch
from .rule import Array, Options, State, decayed, kept, options_of

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Steps of about `lr` for each number: the mean gradient over its root mean square.

    With g the gradient plus `weight_decay * p`, and t the count of steps:

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    m and v start at 0; the divisions by 1 - beta**t correct the bias of that.

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
        the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`. It is scaled like the rest
        of the gradient; `AdamW` decays all weights alike.
    amsgrad
        divide by the largest v so far (Reddi, Kale and Kumar, ICLR 2018).
    maximize
        follow the gradient up instead of down.
    decoupled_weight_decay
        shrink the parameter itself, as `AdamW` does.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> w.grad = [100.0, -0.01]       # the first step goes by the sign
    >>> optimizer.step()
    >>> w.data.round(4)
    array([0.9, 1.1], dtype=float32)
    """

    expected = Optimizer.expected | {"amsgrad": switch, "decoupled_weight_decay": switch}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def init(self, param: Array, group: Options) -> State:
        """The moments m and v, and under `amsgrad` the largest v: all 0."""
        state = {"exp_avg": np.zeros_like(param), "exp_avg_sq": np.zeros_like(param)}
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = np.zeros_like(param)
        return state

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above, in the order of section 2 of the paper.

        The last line is multiplied through by sqrt(1 - beta2**t), so that only numbers, not arrays,
        are divided by 1 - beta**t:

            p = p - rate * m / (sqrt(v) + eps)
        """
        lr, (beta1, beta2), t = group["lr"], group["betas"], state["step"]
        root = math.sqrt(1 - beta2**t)
        rate, eps = lr * root / (1 - beta1**t), group["eps"] * root
        largest = kept(state, "max_exp_avg_sq", param) if group["amsgrad"] else None
        for p, g, m, v, v_max in decayed(
            group, param, grad, state["exp_avg"], state["exp_avg_sq"], largest
        ):
            term = np.asarray(g * (1 - beta1))  # the only new array, even if it has no axes
            m *= beta1
            m += term  # m = beta1 * m + (1 - beta1) * g
            np.multiply(g, g, out=term)
            term *= 1 - beta2
            v *= beta2
            v += term  # v = beta2 * v + (1 - beta2) * g**2
            np.sqrt(v if v_max is None else np.maximum(v, v_max, out=v_max), out=term)
            term += eps
            np.divide(m, term, out=term)
            term *= rate
            p -= term


class AdamW(Adam):
    """Adam with decoupled weight decay: `p = p * (1 - lr * weight_decay)`, then Adam's step.

    The decay is not part of the gradient, so large gradients do not weaken it.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize
        as for `Adam`.
    weight_decay
        each step shrinks a weight by `lr * weight_decay` of its size.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.1)
    >>> w.grad = [0.0]
    >>> optimizer.step()
    >>> w.data
    array([0.99], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(**options_of(locals()), params=params, decoupled_weight_decay=True)

    def check(self, options: Options) -> None:
        """Refuse Adam's own form, which a state of Adam has; and what `Optimizer` refuses."""
        super().check(options)
        if not options["decoupled_weight_decay"]:
            raise ValueError("decoupled_weight_decay: got False: AdamW without it is Adam")
