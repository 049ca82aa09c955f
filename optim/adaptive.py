"""Adagrad, Adadelta and RMSprop: a learning rate for each number, from its past gradients."""

from __future__ import annotations

import numpy as np

from .optimizer import Array, Optimizer, Options, Params, State, blocks
from .options import number, switch

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Divide each number's gradient by the root of the sum of all its squares so far.

    With g the gradient plus `weight_decay * p`, and t the count of steps::

        sum = sum + g**2                              (at first: initial_accumulator_value)
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(sum) + eps)

    Rare features thus keep a large learning rate. The sum never shrinks, so all steps do.

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate.
    lr_decay : how much of the learning rate's divisor each step adds.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    initial_accumulator_value : where the sum starts.
    eps : added to the root, against division by 0.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`.

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
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Array, group: Options) -> State:
        """The sum of squares."""
        return {"sum": np.full_like(param, group["initial_accumulator_value"])}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        eps, decay = group["eps"], group["weight_decay"]
        for p, g, total in blocks(param, grad, state["sum"]):
            if decay:
                g = g + decay * p
            total += g * g
            p -= rate * g / (np.sqrt(total) + eps)


class Adadelta(Optimizer):
    """Steps as large as the mean of the last steps, times the gradient over its own mean.

    With g the gradient plus `weight_decay * p`::

        v = rho * v + (1 - rho) * g**2
        step = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * step**2
        p = p - lr * step

    The step has the unit of the parameter, so the learning rate has none and can stay at 1.

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : a factor on all steps.
    rho : how much of both means stays at each step, from 0 to 1.
    eps : added to both means; it sets the size of the first steps.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`; `rho` out of range.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    expected = Optimizer.expected | {"rho": number(0, 1)}

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The means of squared gradients and of squared steps: 0."""
        return {"square_avg": np.zeros_like(param), "acc_delta": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, rho, eps, decay = (group[name] for name in ("lr", "rho", "eps", "weight_decay"))
        for p, g, v, u in blocks(param, grad, state["square_avg"], state["acc_delta"]):
            if decay:
                g = g + decay * p
            v *= rho
            v += (1 - rho) * g * g
            step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
            u *= rho
            u += (1 - rho) * step * step
            p -= lr * step


class RMSprop(Optimizer):
    """Divide each number's gradient by its root mean square of late.

    With g the gradient plus `weight_decay * p`::

        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g                        (centered; else a = 0)
        scaled = g / (sqrt(v - a**2) + eps)
        buffer = momentum * buffer + scaled
        p = p - lr * buffer                                    (without momentum: lr * scaled)

    Parameters
    ----------
    params : Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr : the learning rate.
    alpha : how much of the means stays at each step, at least 0 and less than 1.
    eps : added to the root, against division by 0.
    weight_decay : the weight of an L2 penalty, `weight_decay / 2 * (p * p).sum()`.
    momentum : how much of the buffer stays at each step; 0 for none.
    centered : divide by the standard deviation instead of the root mean square.
    maximize : go up instead of down.

    Raises
    ------
    ValueError, TypeError : as for `Optimizer`; `alpha` out of range.

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
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

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
        lr, alpha, eps, decay = (group[name] for name in ("lr", "alpha", "eps", "weight_decay"))
        momentum, centered, square = group["momentum"], group["centered"], state["square_avg"]
        for name, on in (("grad_avg", centered), ("momentum_buffer", momentum)):
            if on and name not in state:  # it has been switched on since
                state[name] = np.zeros_like(param)
        mean = state["grad_avg"] if centered else square  # stand-ins are not looked at
        buffer = state["momentum_buffer"] if momentum else square
        for p, g, v, a, b in blocks(param, grad, square, mean, buffer):
            if decay:
                g = g + decay * p
            v *= alpha
            v += (1 - alpha) * g * g
            variance = v
            if centered:
                a *= alpha
                a += (1 - alpha) * g
                variance = np.maximum(v - a * a, 0)  # rounding may leave a little less than 0
            scaled = g / (np.sqrt(variance) + eps)
            if momentum:
                b *= momentum
                b += scaled
                scaled = b
            p -= lr * scaled
