"""What all schedules share."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ..optimizer import Optimizer
from ..options import Check, check, check_state, number, optional, per_group, shown, whole

__all__ = ["LRScheduler"]

Function = Callable[[Any], float]


class Scheduler:
    """What `ReduceLROnPlateau` has too: an optimizer, and a state: all public attributes."""

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
        """The optimizer whose learning rates are set."""
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
        """A copy of what a later run needs to continue: counts and settings, but no functions.

        Also the current learning rates ("last_lr") and, if the schedule sets it, the current
        momentum ("last_momentum").
        """
        own = {name: x for name, x in vars(self).items() if not name.startswith("_")}
        now = {"last_lr": self.get_last_lr(), "last_momentum": self._momenta_now()}
        return copy.deepcopy({**own, **now})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict()` was taken, before or after the optimizer loads its state.

        The learning rates, and the momentum if the schedule sets it, become those of the state,
        whatever has changed them since, such as creating this schedule.

        Raises
        ------
        TypeError
            it is not a state, but a file's name, for example.
        ValueError
            it belongs to another kind of schedule, or to other groups; a value in it is out of
            range. Nothing is loaded then.
        """
        self._fits(state_dict)
        state = copy.deepcopy(dict(state_dict))
        for group, lr in zip(self.optimizer.param_groups, state.pop("last_lr"), strict=True):
            group["lr"] = lr
        self._set_momenta(state.pop("last_momentum"))
        vars(self).update(state)

    def _fits(self, state_dict: Any) -> None:
        """Raise unless it is a state of this kind of schedule."""
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

    def _list(self, name: str, values: Any) -> list[Any]:
        if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
            raise TypeError(f"{self._name}: {name}: got {shown(values)}, expected a list")
        return list(values)


class LRScheduler(Scheduler):
    """What all schedules share; a subclass writes `factor(t)`, or `rates(t)`.

    Parameters
    ----------
    optimizer
        its learning rates are set, now and at every `step`.
    last_epoch
        the last step of an earlier run; -1 to begin. To continue, first load the optimizer's state,
        which has each group's "initial_lr".

    Attributes
    ----------
    base_lrs
        the initial learning rate of each group.
    last_epoch
        the number of steps taken, with which `factor` and `rates` are called.

    Raises
    ------
    TypeError
        `optimizer` is not an Optimizer; a setting of the wrong type.
    ValueError
        `last_epoch` is given, but a group has no "initial_lr"; a setting out of range.

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

    expected = Scheduler.expected | {"base_lrs": per_group(number())}

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
        """The factor of the initial learning rates after `t` steps."""
        raise NotImplementedError(f"{self._name}: write factor(self, t), or rates(self, t)")

    def rates(self, t: float) -> list[float]:
        """The learning rate of each group after `t` steps, if nothing else changes it."""
        factor = self.factor(t)
        return [base * factor for base in self.base_lrs]

    def momenta(self, t: float) -> list[float] | None:  # noqa: ARG002
        """The momentum (or first of the betas) of each group after `t` steps; None to leave it."""
        return None

    def step(self, epoch: float | None = None) -> None:
        """Take one step, or go to `epoch`: set the learning rate of each group.

        Warns
        -----
        UserWarning
            the first step comes before the optimizer's, which then never uses the initial learning
            rate.
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
            # A change by something else stays, as a factor. (At 0 it is lost.)
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


def linear(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
