"""A schedule that depends on a metric."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from ..optimizer import Optimizer
from ..options import choice, number, per_group, shown, whole
from .base import Scheduler

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Scheduler):
    """`lr = lr * factor` after more than `patience` steps without improvement of a metric.

    Parameters
    ----------
    optimizer
        its learning rates are set.
    mode
        'min' if less is better, as for a loss; 'max' if more is.
    factor
        less than 1.
    patience
        how many steps in a row may bring no improvement.
    threshold
        how much better than the best so far a metric must be to count as improvement.
    threshold_mode
        'rel', relative to the size of the best (PyTorch: to the best itself, so that a negative
        metric is always better than itself); 'abs', absolute.
    cooldown
        how many steps after a reduction are not counted.
    min_lr
        the lowest learning rate; one number, or a list of one for each group.
    eps
        reductions by no more than this are skipped.

    Raises
    ------
    TypeError, ValueError
        `optimizer` is not an Optimizer; a setting out of range.

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

    expected = Scheduler.expected | {
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
        """Record a metric, one number, such as the validation loss.

        Raises
        ------
        TypeError
            it is not one number.
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
        """Whether it is better than the best by the threshold. NaN never is."""
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
