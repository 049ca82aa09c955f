"""Schedules that are one formula for a factor of the initial learning rate."""

# ruff: noqa: D102 - factor, rates and momenta are described by LRScheduler

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from ..optimizer import Optimizer
from ..options import function, number, per_group, whole
from .base import Function, LRScheduler, linear

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]


class LambdaLR(LRScheduler):
    """`lr = initial * lr_lambda(t)`.

    Parameters
    ----------
    lr_lambda
        a function of the count of steps, or a list of one for each group. It is not saved.
    """

    expected = LRScheduler.expected | {"lr_lambda": per_group(function)}

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1
    ) -> None:
        self._attach(optimizer)
        self._lambdas: list[Function] = self._each("lr_lambda", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        return [base * f(t) for base, f in zip(self.base_lrs, self._lambdas, strict=True)]


class MultiplicativeLR(LambdaLR):
    """`lr = initial * lr_lambda(1) * ... * lr_lambda(t)`; parameters as for `LambdaLR`.

    In a `SequentialLR` too it begins at `initial`; PyTorch's goes on from the last learning rate.
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1
    ) -> None:
        self._products: list[list[float]] = []  # after 0, 1, 2, ... steps
        super().__init__(optimizer, lr_lambda, last_epoch)

    def rates(self, t: float) -> list[float]:
        products = self._products or [[1.0] * len(self.base_lrs)]
        while len(products) <= t:
            pairs = zip(products[-1], self._lambdas, strict=True)
            products.append([product * f(len(products)) for product, f in pairs])
        self._products = products
        return [base * p for base, p in zip(self.base_lrs, products[int(t)], strict=True)]


class StepLR(LRScheduler):
    """`lr = initial * gamma**(t // step_size)`."""

    expected = LRScheduler.expected | {"step_size": whole(1), "gamma": number()}

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self._check(step_size=step_size, gamma=gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """`lr = initial * gamma**(how many of the milestones t has reached)`."""

    expected = LRScheduler.expected | {"milestones": per_group(whole()), "gamma": number()}

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones, self.gamma = self._list("milestones", milestones), gamma
        self._check(milestones=self.milestones, gamma=gamma)
        self.milestones.sort()
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return self.gamma ** bisect_right(self.milestones, t)


class ConstantLR(LRScheduler):
    """`lr = initial * factor` for the first `total_iters` steps, then `initial`."""

    expected = LRScheduler.expected | {
        **dict.fromkeys(("factor", "start_factor"), number(0, 1)),  # `factor` is the method
        "total_iters": whole(),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self._check(factor=factor, total_iters=total_iters)
        self.start_factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return self.start_factor if t < self.total_iters else 1.0


class LinearLR(LRScheduler):
    """Straight from `initial * start_factor` to `initial * end_factor`, in `total_iters` steps."""

    expected = LRScheduler.expected | {
        **dict.fromkeys(("start_factor", "end_factor"), number(0, 1)),
        "total_iters": whole(1),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self._check(start_factor=start_factor, end_factor=end_factor, total_iters=total_iters)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return linear(self.start_factor, self.end_factor, min(t / self.total_iters, 1.0))


class ExponentialLR(LRScheduler):
    """`lr = initial * gamma**t`."""

    expected = LRScheduler.expected | {"gamma": number()}

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self._check(gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return self.gamma**t


class PolynomialLR(LRScheduler):
    """`lr = initial * (1 - t / total_iters)**power`, and 0 after `total_iters` steps."""

    expected = LRScheduler.expected | {"total_iters": whole(1), "power": number()}

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self._check(total_iters=total_iters, power=power)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        return (1 - min(t / self.total_iters, 1.0)) ** self.power
