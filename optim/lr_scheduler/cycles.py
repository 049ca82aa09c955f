"""Schedules that rise and fall: cosines, with restarts, and cycles, of the momentum too."""

# ruff: noqa: D102 - factor, rates and momenta are described by LRScheduler

from __future__ import annotations

import math

from ..optimizer import Optimizer
from ..options import choice, function, number, optional, per_group, switch, whole
from .base import Function, LRScheduler, linear

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"]


class CosineAnnealingLR(LRScheduler):
    """`lr = eta_min + (initial - eta_min) * (1 + cos(pi * t / T_max)) / 2`.

    Down in `T_max` steps; after that, up again.

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
        return [_cosine(base, self.eta_min, t / self.T_max) for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing from `initial` to `eta_min`, restarted again and again.

    The first takes `T_0` steps, and each later one `T_mult` times as many as the one before. To
    step within an epoch, call `step(epoch + i / n)` after batch i of n.

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
        length = self.T_0
        if self.T_mult == 1:
            t %= length
        while t >= length:
            t -= length
            length *= self.T_mult
        return [_cosine(base, self.eta_min, t / length) for base in self.base_lrs]


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


_SHAPES = {"cos": _cosine, "linear": linear}


class OneCycleLR(LRScheduler):
    """Up from `max_lr / div_factor` to `max_lr`, then down to far below the start.

    The end is `max_lr / (div_factor * final_div_factor)`. Momentum goes the other way: down from
    `max_momentum` to `base_momentum`, and up again. Step it after each batch. The optimizer's own
    learning rates are not used.

    Parameters
    ----------
    max_lr
        the top; one number, or a list of one for each group.
    total_steps
        the number of steps of the cycle; or give `epochs` and `steps_per_epoch`.
    pct_start
        the share of the steps that go up.
    anneal_strategy
        'cos' or 'linear'.
    cycle_momentum
        whether to set the momentum, or the first of the betas, too.
    base_momentum, max_momentum
        one number, or a list of one for each group.
    three_phase
        go down to the start in as many steps as up, and only then to the end.

    Raises
    ------
    ValueError
        a setting out of range; no number of steps given; more steps taken than that.

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
            _check_momentum(self)
        for group, top in zip(optimizer.param_groups, self.max_lr, strict=True):
            if last_epoch == -1:
                group["lr"] = group["initial_lr"] = top / div_factor
        super().__init__(optimizer, last_epoch)

    def rates(self, t: float) -> list[float]:
        bases = [top / self.div_factor for top in self.max_lr]
        ends = [base / self.final_div_factor for base in bases]
        return self._between(t, [bases, self.max_lr, bases, ends])

    def momenta(self, t: float) -> list[float] | None:
        low, high = self.base_momentum, self.max_momentum
        return self._between(t, [high, low, high, high]) if self.cycle_momentum else None

    def _between(self, t: float, corners: list[list[float]]) -> list[float]:
        """The value after `t` steps on the way from corner to corner."""
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

    Step it after each batch. The optimizer's own learning rates are not used.

    Parameters
    ----------
    base_lr, max_lr
        the bottom and the top; one number, or a list of one for each group.
    step_size_up, step_size_down
        how many steps it goes up, and down (as many as up if None).
    mode
        the height of the triangle: 'triangular', constant; 'triangular2', halved after each cycle;
        'exp_range', multiplied by `gamma**t`.
    gamma
        for 'exp_range'.
    scale_fn
        a function that gives the factor of the height, instead of `mode`. It is not saved.
    scale_mode
        the argument of `scale_fn`: 'cycle', which counts from 1, or 'iterations'.
    cycle_momentum
        whether to set the momentum, or the first of the betas, too.
    base_momentum, max_momentum
        one number, or a list of one for each group.

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
            _check_momentum(self)
        for group, low in zip(optimizer.param_groups, self.base_lr, strict=True):
            if last_epoch == -1:  # other schedules in a sequence keep their initial rate
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
        height = self._height(t)
        pairs = zip(self.base_lr, self.max_lr, strict=True)
        return [linear(low, high, height) for low, high in pairs]

    def momenta(self, t: float) -> list[float] | None:
        if not self.cycle_momentum:
            return None
        height = self._height(t)
        pairs = zip(self.base_momentum, self.max_momentum, strict=True)
        return [linear(high, low, height) for low, high in pairs]


def _check_momentum(schedule: LRScheduler) -> None:
    optimizer = schedule.optimizer
    if not {"momentum", "betas"} & optimizer.defaults.keys():
        raise ValueError(
            f"{schedule._name}: got cycle_momentum=True, but {type(optimizer).__name__} has "
            "neither momentum nor betas; pass cycle_momentum=False"
        )
