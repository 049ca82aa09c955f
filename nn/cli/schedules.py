"""The schedules that --schedule takes: what the learning rate does over the epochs."""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEDULES", "schedule_of"]

SCHEDULES = ("none", "cosine", "exponential", "linear", "onecycle", "plateau", "step")


def schedule_of(name: str, optimizer: Any, epochs: int) -> Any:
    """A schedule to be stepped after each epoch, or None."""
    from optim import lr_scheduler as schedules  # here alone: nn does not know optim

    if name == "none":
        return None
    if name == "plateau":
        return schedules.ReduceLROnPlateau(optimizer, factor=0.3, patience=max(epochs // 20, 2))
    if name == "step":  # a tenth after each third
        return schedules.StepLR(optimizer, max(epochs // 3, 1), 0.1)
    if name == "onecycle":  # up for a fifth of the epochs, and down to nothing
        return schedules.OneCycleLR(
            optimizer,
            optimizer.param_groups[0]["lr"],
            epochs + 1,
            pct_start=0.2,
            cycle_momentum=False,
        )
    if name == "linear":
        return schedules.LinearLR(optimizer, 1.0, 0.01, epochs)
    if name == "exponential":  # down to a hundredth
        return schedules.ExponentialLR(optimizer, 0.01 ** (1 / epochs))
    return schedules.CosineAnnealingLR(optimizer, epochs)
