"""Schedules: the learning rate as a function of the count of steps.

A schedule is one formula: `factor(t)`, by which the initial learning rate is multiplied after t
steps; or, where that is not enough, `rates(t)`, the learning rates of all groups. `LRScheduler`
does the rest. Step the optimizer first, then the schedule, once per epoch or once per batch:

    for epoch in range(epochs):
        for x, y in batches:
            ...
            optimizer.step()
        scheduler.step()

Warm-up is a rising schedule before the main one, which counts its steps from 0:

Examples
--------
>>> from autograd import Tensor
>>> from optim import SGD
>>> from optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
>>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
>>> warmup = LinearLR(optimizer, start_factor=0.25, total_iters=3)
>>> cosine = CosineAnnealingLR(optimizer, T_max=4)
>>> scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[3])
>>> [round(scheduler.rates(t)[0], 3) for t in range(8)]
[0.25, 0.5, 0.75, 1.0, 0.854, 0.5, 0.146, 0.0]

Schedules multiply: if something else (you, `ReduceLROnPlateau`, a second schedule) has changed a
learning rate since the last step, the change stays in it as a factor.
"""

# ruff: noqa: F403
from autograd.names import name_after as _name_after

from . import combined, cycles, factors, plateau
from .base import LRScheduler
from .combined import *
from .cycles import *
from .factors import *
from .plateau import *

__all__ = ["LRScheduler"]
__all__ += factors.__all__
__all__ += cycles.__all__
__all__ += combined.__all__
__all__ += plateau.__all__

_name_after(__name__, [globals()[_name] for _name in __all__])
