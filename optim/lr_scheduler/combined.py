"""Schedules of schedules: one after the other, or all at the same time."""

# ruff: noqa: D102 - factor, rates and momenta are described by LRScheduler

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from ..options import per_group, whole
from .base import LRScheduler

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Combined(LRScheduler):
    """Schedules of one optimizer. Only their formulas are used; do not step them."""

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None, last_epoch: int
    ) -> None:
        self._schedulers = self._list("schedulers", schedulers)
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
    """One schedule after another, each counting its steps from 0.

    Parameters
    ----------
    schedulers
        of the same optimizer. Step this one, not them.
    milestones
        the steps at which the second, third, ... begins.

    Raises
    ------
    TypeError, ValueError
        no schedules; something else among them, such as `ReduceLROnPlateau`; one of another
        optimizer; too few or too many milestones, or not in order.
    """

    expected = LRScheduler.expected | {"milestones": per_group(whole())}

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self.milestones = self._list("milestones", milestones)
        self._check(milestones=self.milestones)
        schedulers = self._list("schedulers", schedulers)
        n = len(schedulers) - 1
        if schedulers and (len(self.milestones) != n or self.milestones != sorted(self.milestones)):
            raise ValueError(
                f"{self._name}: milestones: got {milestones!r}, expected {n} of them, rising"
            )
        super().__init__(schedulers, optimizer, last_epoch)

    def _now(self, t: float) -> tuple[LRScheduler, float]:
        """The schedule in effect after `t` steps, and its own count of steps."""
        i = bisect_right(self.milestones, t)
        return self._schedulers[i], t - (0, *self.milestones)[i]

    def rates(self, t: float) -> list[float]:
        scheduler, t = self._now(t)
        return scheduler.rates(t)

    def momenta(self, t: float) -> list[float] | None:
        scheduler, t = self._now(t)
        return scheduler.momenta(t)


class ChainedScheduler(_Combined):
    """All schedules at the same time: their factors of the initial learning rate are multiplied.

    In PyTorch `LambdaLR`, cosines with `eta_min` and those that restart do not multiply, and give
    other numbers.

    Parameters
    ----------
    schedulers
        of the same optimizer. Step this one, not them.

    Raises
    ------
    TypeError, ValueError
        as for `SequentialLR`.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        super().__init__(schedulers, optimizer, last_epoch=-1)

    def rates(self, t: float) -> list[float]:
        rates = self.base_lrs
        for scheduler in self._schedulers:
            bases = scheduler.base_lrs
            triples = zip(rates, scheduler.rates(t), bases, strict=True)
            rates = [rate * (new / base) if base else new for rate, new, base in triples]
        return rates

    def momenta(self, t: float) -> list[float] | None:
        """Those of the last schedule that has them."""
        given = [momenta for s in self._schedulers if (momenta := s.momenta(t)) is not None]
        return given[-1] if given else None
