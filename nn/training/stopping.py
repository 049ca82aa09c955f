"""Early stopping: the best epoch so far, and how long ago it was."""

from __future__ import annotations

import math
from typing import Any

from ..module import Module

__all__ = ["Stopping"]


class Stopping:
    """Whether the training is to end before its last epoch, and with which weights.

    Prechelt, "Early stopping - but when?", 1998.
    """

    def __init__(self, model: Module, patience: int | None) -> None:
        self._model, self._patience = model, patience
        self.loss, self.epoch, self.waited = math.inf, 0, 0
        self.weights: dict[str, Any] = {}  # and buffers, of the best epoch
        self.asked = False  # a callback did, by True

    def add(self, epoch: int, loss: float) -> None:
        """Take in the loss of an epoch."""
        if self._patience is None:
            return
        self.waited += 1
        if loss < self.loss:
            self.loss, self.epoch, self.waited = loss, epoch, 0
            self.weights = self._model.state_dict()

    @property
    def over(self) -> bool:
        """Whether no epoch is to follow."""
        return self.asked or (self._patience is not None and self.waited >= self._patience)

    def take_best(self) -> int | None:
        """Give the model what it had in the best epoch; return which it was."""
        if self._patience is None or not self.weights:
            return None
        self._model.load_state_dict(self.weights)
        return self.epoch

    def state_dict(self) -> dict[str, Any]:
        """All but the model and the patience, which may be another after a break."""
        return {name: x for name, x in vars(self).items() if not name.startswith("_")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict()` was taken."""
        vars(self).update(state)
