"""Schedules: the learning rate as a function of the count of steps.

A schedule is one formula, `factor(t)`, what to multiply the initial learning rate by after t steps;
or, where that does not say it, `rates(t)`, the learning rates of all groups. `LRScheduler` does the
rest. Step the optimizer first, then the schedule, after each epoch or after each batch, as you like
to count::

    for epoch in range(epochs):
        for x, y in batches:
            ...
            optimizer.step()
        scheduler.step()

Warm-up is a rising schedule before the one proper. The second counts from 0 where it begins:

>>> from autograd import Tensor
>>> from optim import SGD
>>> from optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
>>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
>>> warmup = LinearLR(optimizer, start_factor=0.25, total_iters=3)
>>> cosine = CosineAnnealingLR(optimizer, T_max=4)
>>> scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[3])
>>> [round(scheduler.rates(t)[0], 3) for t in range(8)]
[0.25, 0.5, 0.75, 1.0, 0.854, 0.5, 0.146, 0.0]

Schedules multiply: what somebody else (you, `ReduceLROnPlateau`, a second schedule that is stepped
too) has made of a learning rate since the last step stays in it as a factor.
"""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ..optimizer import Optimizer
from ..options import (
    Check,
    check,
    check_state,
    choice,
    function,
    number,
    optional,
    per_group,
    shown,
    switch,
    whole,
)

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

Function = Callable[[Any], float]


class _Scheduler:
    """Of an optimizer; with a state, which is all public attributes."""

    #: What settings and what is in a state must be, by name; a subclass adds its own.
    expected: ClassVar[dict[str, Check]] = {
        "last_lr": per_group(number()),
        "last_momentum": optional(per_group(number())),
        "last_epoch": number(),
    }

    def _attach(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{self._name}: got a {type(optimizer).__name__}, expected an Optimizer"
            )
        self._optimizer = optimizer

    @property
    def optimizer(self) -> Optimizer:
        """Whose learning rates these are."""
        return self._optimizer

    @property
    def _name(self) -> str:
        return type(self).__name__

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group as it is now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _momenta_now(self) -> list[float] | None:
        """The momentum of each group as it is now, if it is this schedule's."""
        return None

    def state_dict(self) -> dict[str, Any]:
        """What a later run needs to go on, copied: counts and settings, but no functions.

        With the learning rates ("last_lr") and, if the schedule sets it, the momentum
        ("last_momentum") of the moment.
        """
        own = {name: x for name, x in vars(self).items() if not name.startswith("_")}
        now = {"last_lr": self.get_last_lr(), "last_momentum": self._momenta_now()}
        return copy.deepcopy({**own, **now})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict()` was taken, before or after the optimizer loads its state.

        The learning rates, and the momentum that the schedule sets, become those of that moment,
        whatever has happened to them since, such as the making of this schedule.

        Raises
        ------
        TypeError : it is no state, but a file's name, for example.
        ValueError : it is the state of another kind of schedule, or of other groups; a value in it
            is out of range. Nothing is loaded then.
        """
        self._fits(state_dict)
        state = copy.deepcopy(dict(state_dict))
        for group, lr in zip(self.optimizer.param_groups, state.pop("last_lr"), strict=True):
            group["lr"] = lr
        self._set_momenta(state.pop("last_momentum"))
        vars(self).update(state)

    def _fits(self, state_dict: Any) -> None:
        """Raise unless it is a state of such a schedule."""
        check_state(self._name, state_dict)
        own = self.state_dict()
        different = list(own.keys() ^ state_dict.keys())
        for name in own.keys() & state_dict.keys():
            mine, new = own[name], state_dict[name]
            if isinstance(mine, list) != isinstance(new, list | tuple) or (
                isinstance(mine, list) and len(mine) != len(new)
            ):
                different.append(name)
        if different:
            raise ValueError(
                f"load_state_dict: this state does not fit this {self._name}: it differs in "
                f"{', '.join(sorted(different))}; expected {', '.join(own)}, for as many groups"
            )
        check(f"{self._name}.load_state_dict", self.expected, state_dict)

    def _set_momenta(self, momenta: Sequence[float] | None) -> None:
        for group, momentum in zip(self.optimizer.param_groups, momenta or (), strict=False):
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

    def _check(self, **settings: Any) -> None:
        check(self._name, self.expected, settings)

    def _each(self, name: str, value: Any) -> list[Any]:
        """One for each group."""
        n = len(self.optimizer.param_groups)
        values = list(value) if isinstance(value, list | tuple) else [value] * n
        if len(values) != n:
            raise ValueError(
                f"{self._name}: {name}: got {value!r}, expected one for each of the {n} parameter "
                "groups"
            )
        self._check(**{name: values})
        return values


class LRScheduler(_Scheduler):
    """What all schedules share; a subclass writes `factor(t)`, or `rates(t)`.

    Parameters
    ----------
    optimizer : whose learning rates to set, at once and at every `step`.
    last_epoch : the last step that an earlier run took; -1 to begin. To go on, let the optimizer
        load its state first, which has each group's "initial_lr".

    Attributes
    ----------
    base_lrs : the initial learning rate of each group.
    last_epoch : how many steps were taken; what `factor` and `rates` are given.

    Raises
    ------
    TypeError : `optimizer` is no Optimizer; a setting of the wrong type.
    ValueError : `last_epoch` is given, but a group has no "initial_lr"; a setting out of range.

    Examples
    --------
    A schedule of your own:

    >>> from autograd import Tensor
    >>> from optim import SGD
    >>> from optim.lr_scheduler import LRScheduler
    >>> class Harmonic(LRScheduler):
    ...     def factor(self, t):
    ...         return 1 / (1 + t)
    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=0.5)
    >>> Harmonic(optimizer).rates(4)
    [0.1]
    """

    expected = _Scheduler.expected | {"base_lrs": per_group(number())}

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        check(self._name, {"last_epoch": whole(-1)}, {"last_epoch": last_epoch})
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch != -1 and "initial_lr" not in group:
                raise ValueError(
                    f"{self._name}: got last_epoch={last_epoch}, but parameter group {i} has no "
                    "'initial_lr'. Call optimizer.load_state_dict first; or begin anew, with "
                    "last_epoch=-1, and call load_state_dict of the schedule"
                )
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self._go(last_epoch + 1, self.base_lrs if last_epoch == -1 else self.get_last_lr())

    def factor(self, t: float) -> float:
        """What to multiply the initial learning rates by after `t` steps."""
        raise NotImplementedError(f"{self._name}: write factor(self, t), or rates(self, t)")

    def rates(self, t: float) -> list[float]:
        """The learning rate of each group after `t` steps, if nobody else changes it."""
        factor = self.factor(t)
        return [base * factor for base in self.base_lrs]

    def momenta(self, t: float) -> list[float] | None:  # noqa: ARG002
        """The momentum (or first of the betas) of each group after `t` steps; None to leave it."""
        return None

    def step(self, epoch: float | None = None) -> None:
        """Go one step on, or to `epoch`: set the learning rate of each group.

        Warns
        -----
        UserWarning : the first step comes before the optimizer's, which so never uses the initial
            learning rate.
        """
        if self.last_epoch == 0 and not self.optimizer.state:
            warnings.warn(
                f"{self._name}.step() before optimizer.step(): the first learning rate is skipped. "
                "Step the optimizer first",
                stacklevel=2,
            )
        if epoch is not None:
            check(f"{self._name}.step", {"epoch": number()}, {"epoch": epoch})
        t = self.last_epoch + 1 if epoch is None else epoch
        self._go(t, before=self.rates(self.last_epoch))

    def _go(self, t: float, before: list[float]) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise ValueError(
                f"{self._name}: the optimizer has {len(groups)} parameter groups, and had "
                f"{len(self.base_lrs)} when the schedule was made. Make it after add_param_group"
            )
        for group, old, new in zip(groups, before, self.rates(t), strict=True):
            # Others may have changed it: that stays, as a factor. (At 0 it is lost.)
            group["lr"] = new * (group["lr"] / old) if old and group["lr"] != old else new
        self._set_momenta(self.momenta(t))
        self.last_epoch = t

    def _sets_momenta(self) -> bool:
        return self.momenta(self.last_epoch) is not None

    def _momenta_now(self) -> list[float] | None:
        if not self._sets_momenta():
            return None
        groups = self.optimizer.param_groups
        return [g["betas"][0] if "betas" in g else g["momentum"] for g in groups]

    def _can_cycle_momentum(self) -> None:
        if not {"momentum", "betas"} & self.optimizer.defaults.keys():
            raise ValueError(
                f"{self._name}: got cycle_momentum=True, but {type(self.optimizer).__name__} has "
                "neither momentum nor betas; pass cycle_momentum=False"
            )


# Factors


class LambdaLR(LRScheduler):
    """`lr = initial * lr_lambda(t)`.

    Parameters
    ----------
    lr_lambda : a function of the count of steps, or a list of one for each group. It is not saved.
    """

    expected = LRScheduler.expected | {"lr_lambda": per_group(function)}

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1
    ) -> None:
        self._attach(optimizer)
        self._lambdas: list[Function] = self._each("lr_lambda", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        """As above."""
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
        """As above."""
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
        """As above."""
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
        self.milestones, self.gamma = _listed(self, "milestones", milestones), gamma
        self._check(milestones=self.milestones, gamma=gamma)
        self.milestones.sort()
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        """As above."""
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
        """As above."""
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
        """As above."""
        return _linear(self.start_factor, self.end_factor, min(t / self.total_iters, 1.0))


class ExponentialLR(LRScheduler):
    """`lr = initial * gamma**t`."""

    expected = LRScheduler.expected | {"gamma": number()}

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self._check(gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: float) -> float:
        """As above."""
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
        """As above."""
        return (1 - min(t / self.total_iters, 1.0)) ** self.power


# Cosines


class CosineAnnealingLR(LRScheduler):
    """`lr = eta_min + (initial - eta_min) * (1 + cos(pi * t / T_max)) / 2`.

    Half a wave down in `T_max` steps; if it goes on, up again.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    """

    expected = LRScheduler.expected | {"T_max": whole(1), "eta_min": number()}

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self._check(T_max=T_max, eta_min=eta_min)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        """As above."""
        return [_cosine(base, self.eta_min, t / self.T_max) for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a wave of a cosine down from `initial` to `eta_min`, again and again.

    The first takes `T_0` steps, and each next one `T_mult` times as many. `step(epoch + i / n)`
    after each batch i of n moves on within an epoch.

    References
    ----------
    As for `CosineAnnealingLR`.
    """

    expected = LRScheduler.expected | {
        "T_0": whole(1),
        "T_mult": whole(1),
        "eta_min": number(),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self._check(T_0=T_0, T_mult=T_mult, eta_min=eta_min)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        """As above."""
        length = self.T_0
        if self.T_mult == 1:
            t %= length
        while t >= length:
            t -= length
            length *= self.T_mult
        return [_cosine(base, self.eta_min, t / length) for base in self.base_lrs]


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _linear(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


# Cycles, of the momentum too

_SHAPES = {"cos": _cosine, "linear": _linear}


class OneCycleLR(LRScheduler):
    """Up from `max_lr / div_factor` to `max_lr`, then down to far below the start.

    The end is `max_lr / (div_factor * final_div_factor)`. Momentum goes the other way: down from
    `max_momentum` to `base_momentum`, and up again. To be stepped after each batch. The initial
    learning rates of the optimizer do not count.

    Parameters
    ----------
    max_lr : the top; one number, or a list of one for each group.
    total_steps : of the whole cycle; or `epochs` and `steps_per_epoch`, whose product it is.
    pct_start : the share of the steps that go up.
    anneal_strategy : 'cos' or 'linear'.
    cycle_momentum : whether to set the momentum, or the first of the betas, too.
    base_momentum, max_momentum : one number, or a list of one for each group.
    three_phase : down to the start in as many steps as up, and only then to the end.

    Raises
    ------
    ValueError : a setting out of range, or none that gives the steps; more steps than these.

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2018.
    """

    expected = LRScheduler.expected | {
        "max_lr": per_group(number()),
        **dict.fromkeys(("total_steps", "epochs", "steps_per_epoch"), optional(whole(1))),
        "pct_start": number(0, 1),
        "anneal_strategy": choice(*_SHAPES),
        **dict.fromkeys(("cycle_momentum", "three_phase"), switch),
        **dict.fromkeys(("base_momentum", "max_momentum"), per_group(number(0, 1, below=True))),
        **dict.fromkeys(("div_factor", "final_div_factor"), number(above=True)),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self._check(
            total_steps=total_steps,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            pct_start=pct_start,
            anneal_strategy=anneal_strategy,
            cycle_momentum=cycle_momentum,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
            three_phase=three_phase,
        )
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    f"{self._name}: expected total_steps, or epochs and steps_per_epoch"
                )
            total_steps = epochs * steps_per_epoch
        self.total_steps, self.pct_start, self.three_phase = total_steps, pct_start, three_phase
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.max_lr = self._each("max_lr", max_lr)
        self.base_momentum = self._each("base_momentum", base_momentum)
        self.max_momentum = self._each("max_momentum", max_momentum)
        if cycle_momentum:
            self._can_cycle_momentum()
        for group, top in zip(optimizer.param_groups, self.max_lr, strict=True):
            if last_epoch == -1:
                group["lr"] = group["initial_lr"] = top / div_factor
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        """As above."""
        bases = [top / self.div_factor for top in self.max_lr]
        ends = [base / self.final_div_factor for base in bases]
        return self._between(t, [bases, self.max_lr, bases, ends])

    def momenta(self, t: float) -> list[float] | None:
        """As above."""
        low, high = self.base_momentum, self.max_momentum
        return self._between(t, [high, low, high, high]) if self.cycle_momentum else None

    def _between(self, t: float, corners: list[list[float]]) -> list[float]:
        """Where the way from corner to corner is after `t` steps."""
        if t > self.total_steps:
            raise ValueError(
                f"{self._name}: step {t} of {self.total_steps}; is total_steps the number of "
                "batches times the number of epochs?"
            )
        # The steps at which a phase ends.
        up = self.pct_start * self.total_steps - 1
        ends = [up, 2 * up, self.total_steps - 1]
        if not self.three_phase:
            del ends[1], corners[2]
        i = min(sum(t > end for end in ends), len(ends) - 1)
        start, end = (0.0, *ends)[i : i + 2]
        share = min((t - start) / (end - start), 1.0) if end > start else 1.0
        anneal, pairs = _SHAPES[self.anneal_strategy], zip(*corners[i : i + 2], strict=True)
        return [anneal(a, b, share) for a, b in pairs]


class CyclicLR(LRScheduler):
    """Up and down in straight lines between `base_lr` and `max_lr`, momentum the other way.

    To be stepped after each batch. The initial learning rates of the optimizer do not count.

    Parameters
    ----------
    base_lr, max_lr : the bottom and the top; one number, or a list of one for each group.
    step_size_up, step_size_down : how many steps it goes up, and down (as many as up if None).
    mode : what becomes of the height of the triangle: 'triangular', it stays; 'triangular2', it is
        halved after each cycle; 'exp_range', it is `gamma**t` of what it was.
    gamma : for 'exp_range'.
    scale_fn : a function that gives the share of the height, in place of `mode`. It is not saved.
    scale_mode : what `scale_fn` is a function of: 'cycle', which counts from 1, or 'iterations'.
    cycle_momentum : whether to set the momentum, or the first of the betas, too.
    base_momentum, max_momentum : one number, or a list of one for each group.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", WACV 2017.
    """

    expected = LRScheduler.expected | {
        **dict.fromkeys(("base_lr", "max_lr"), per_group(number())),
        "step_size_up": whole(1),
        "step_size_down": optional(whole(1)),
        "mode": choice("triangular", "triangular2", "exp_range"),
        "gamma": number(),
        "scale_fn": optional(function),
        "scale_mode": choice("cycle", "iterations"),
        "cycle_momentum": switch,
        **dict.fromkeys(("base_momentum", "max_momentum"), per_group(number(0, 1, below=True))),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Function | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self._check(
            step_size_up=step_size_up,
            step_size_down=step_size_down,
            **({"mode": mode} if scale_fn is None else {}),
            gamma=gamma,
            scale_fn=scale_fn,
            scale_mode=scale_mode,
            cycle_momentum=cycle_momentum,
        )
        self.mode, self.gamma, self.scale_mode = mode, gamma, scale_mode
        self._scale_fn, self.cycle_momentum = scale_fn, cycle_momentum
        self.step_size_up = step_size_up
        self.step_size_down = step_size_up if step_size_down is None else step_size_down
        self.base_lr = self._each("base_lr", base_lr)
        self.max_lr = self._each("max_lr", max_lr)
        self.base_momentum = self._each("base_momentum", base_momentum)
        self.max_momentum = self._each("max_momentum", max_momentum)
        if cycle_momentum:
            self._can_cycle_momentum()
        for group, low in zip(optimizer.param_groups, self.base_lr, strict=True):
            if last_epoch == -1:  # the initial rate of other schedules in a sequence stays theirs
                group["lr"] = group.setdefault("initial_lr", low)
        super().__init__(optimizer, last_epoch)

    def _height(self, t: float) -> float:
        """How far up it is after `t` steps."""
        up, down = self.step_size_up, self.step_size_down
        cycle, t_in = divmod(t, up + down)
        height = t_in / up if t_in <= up else 1 - (t_in - up) / down
        if self._scale_fn is not None:
            return height * self._scale_fn(int(cycle) + 1 if self.scale_mode == "cycle" else t)
        if self.mode == "triangular2":
            height *= 0.5**cycle
        elif self.mode == "exp_range":
            height *= self.gamma**t
        return height

    def rates(self, t: float) -> list[float]:
        """As above."""
        height = self._height(t)
        pairs = zip(self.base_lr, self.max_lr, strict=True)
        return [_linear(low, high, height) for low, high in pairs]

    def momenta(self, t: float) -> list[float] | None:
        """As above."""
        if not self.cycle_momentum:
            return None
        height = self._height(t)
        pairs = zip(self.base_momentum, self.max_momentum, strict=True)
        return [_linear(high, low, height) for low, high in pairs]


# Schedules of schedules


def _listed(scheduler: _Scheduler, name: str, values: Any) -> list[Any]:
    if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
        raise TypeError(f"{scheduler._name}: {name}: got {shown(values)}, expected a list")
    return list(values)


class _Combined(LRScheduler):
    """Schedules of one optimizer. Only their formulas are used: they are not to be stepped."""

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None, last_epoch: int
    ) -> None:
        self._schedulers = _listed(self, "schedulers", schedulers)
        if not self._schedulers:
            raise ValueError(f"{self._name}: no schedules, expected at least one")
        for i, scheduler in enumerate(self._schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(
                    f"{self._name}: scheduler {i} is a {type(scheduler).__name__}, expected a "
                    "schedule that depends on the count of steps alone"
                )
            if scheduler.optimizer is not (optimizer or self._schedulers[0].optimizer):
                raise ValueError(f"{self._name}: scheduler {i} is of another optimizer")
        optimizer = self._schedulers[0].optimizer
        if last_epoch == -1:
            for group in optimizer.param_groups:  # each has already set its own
                group["lr"] = group["initial_lr"]
        super().__init__(optimizer, last_epoch)

    def _sets_momenta(self) -> bool:
        return any(scheduler._sets_momenta() for scheduler in self._schedulers)

    def state_dict(self) -> dict[str, Any]:
        """As for `LRScheduler`; with the states of the schedules."""
        return {**super().state_dict(), "schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As for `LRScheduler`."""
        self._fits(state_dict)
        for scheduler, state in zip(self._schedulers, state_dict["schedulers"], strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict(state_dict)
        del vars(self)["schedulers"]

    def _fits(self, state_dict: Any) -> None:
        super()._fits(state_dict)
        for scheduler, state in zip(self._schedulers, state_dict["schedulers"], strict=True):
            scheduler._fits(state)


class SequentialLR(_Combined):
    """One schedule after the other, each counting its steps from 0.

    Parameters
    ----------
    schedulers : of the same optimizer. Step this one, not them.
    milestones : the steps at which the second, third, ... begins.

    Raises
    ------
    TypeError, ValueError : no schedules; something else among them, such as `ReduceLROnPlateau`;
        one of another optimizer; too few or too many milestones, or not in order.
    """

    expected = LRScheduler.expected | {"milestones": per_group(whole())}

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self.milestones = _listed(self, "milestones", milestones)
        self._check(milestones=self.milestones)
        schedulers = _listed(self, "schedulers", schedulers)
        n = len(schedulers) - 1
        if schedulers and (len(self.milestones) != n or self.milestones != sorted(self.milestones)):
            raise ValueError(
                f"{self._name}: milestones: got {milestones!r}, expected {n} of them, rising"
            )
        super().__init__(schedulers, optimizer, last_epoch)

    def _now(self, t: float) -> tuple[LRScheduler, float]:
        """The schedule whose turn it is, and its count of steps."""
        i = bisect_right(self.milestones, t)
        return self._schedulers[i], t - (0, *self.milestones)[i]

    def rates(self, t: float) -> list[float]:
        """As above."""
        scheduler, t = self._now(t)
        return scheduler.rates(t)

    def momenta(self, t: float) -> list[float] | None:
        """As above."""
        scheduler, t = self._now(t)
        return scheduler.momenta(t)


class ChainedScheduler(_Combined):
    """All schedules at the same time: their factors of the initial learning rate are multiplied.

    In PyTorch `LambdaLR`, cosines with `eta_min` and those that restart do not multiply, and give
    other numbers.

    Parameters
    ----------
    schedulers : of the same optimizer. Step this one, not them.

    Raises
    ------
    TypeError, ValueError : as for `SequentialLR`.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        super().__init__(schedulers, optimizer, last_epoch=-1)

    def rates(self, t: float) -> list[float]:
        """As above."""
        rates = self.base_lrs
        for scheduler in self._schedulers:
            bases = scheduler.base_lrs
            triples = zip(rates, scheduler.rates(t), bases, strict=True)
            rates = [rate * (new / base) if base else new for rate, new, base in triples]
        return rates

    def momenta(self, t: float) -> list[float] | None:
        """As above: those of the last schedule that has them."""
        given = [momenta for s in self._schedulers if (momenta := s.momenta(t)) is not None]
        return given[-1] if given else None


# By results


class ReduceLROnPlateau(_Scheduler):
    """`lr = lr * factor` after more than `patience` steps in which a metric has not got better.

    Parameters
    ----------
    optimizer : whose learning rates to set.
    mode : 'min' if less is better, as for a loss; 'max' if more is.
    factor : less than 1.
    patience : how many such steps in a row are put up with.
    threshold : by how much a metric must differ from the best so far to be better.
    threshold_mode : 'rel', that is a share of the size of the best (PyTorch: of the best itself, so
        that a negative metric is always better than itself); 'abs', it is the difference itself.
    cooldown : how many steps after a reduction do not count.
    min_lr : no lower than this; one number, or a list of one for each group.
    eps : a reduction by no more than this is left out.

    Raises
    ------
    TypeError, ValueError : `optimizer` is no Optimizer; a setting out of range.

    Examples
    --------
    >>> from autograd import Tensor
    >>> from optim import SGD
    >>> from optim.lr_scheduler import ReduceLROnPlateau
    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.5]:
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    expected = _Scheduler.expected | {
        "mode": choice("min", "max"),
        "factor": number(0, 1, below=True),
        "threshold_mode": choice("rel", "abs"),
        **dict.fromkeys(("patience", "cooldown", "num_bad_epochs", "cooldown_counter"), whole()),
        **dict.fromkeys(("threshold", "eps"), number()),
        "min_lr": per_group(number()),
        "best": number(-math.inf, finite=False),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self._attach(optimizer)
        self._check(
            mode=mode,
            factor=factor,
            patience=patience,
            threshold=threshold,
            threshold_mode=threshold_mode,
            cooldown=cooldown,
            eps=eps,
        )
        self.mode, self.factor, self.patience, self.cooldown = mode, factor, patience, cooldown
        self.threshold, self.threshold_mode, self.eps = threshold, threshold_mode, eps
        self.min_lr = self._each("min_lr", min_lr)
        self.best = math.inf if mode == "min" else -math.inf
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0

    def step(self, metrics: Any) -> None:
        """Take note of a metric, one number, such as the loss in validation.

        Raises
        ------
        TypeError : it is no number, or several.
        """
        value = _metric(f"{self._name}.step", metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self._is_better(value):
            self.best, self.num_bad_epochs = value, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            groups = self.optimizer.param_groups
            for group, least in zip(groups, self._each("min_lr", self.min_lr), strict=True):
                new = max(group["lr"] * self.factor, least)
                if group["lr"] - new > self.eps:
                    group["lr"] = new

    def _is_better(self, value: float) -> bool:
        """Whether it is beyond the best by the threshold. NaN never is."""
        sign, best, margin = (1 if self.mode == "max" else -1), self.best, self.threshold
        if math.isinf(best):  # at first
            return value * sign > best * sign
        if self.threshold_mode == "rel":
            return value * sign > best * (sign + math.copysign(margin, best))
        return value * sign > best * sign + margin


def _metric(owner: str, value: Any) -> float:
    if not isinstance(value, str | bool):
        with contextlib.suppress(TypeError, ValueError):
            return float(value)
    raise TypeError(f"{owner}: metrics: got {shown(value)}, expected a number")
