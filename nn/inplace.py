"""What PyTorch's layers call `inplace`."""

from __future__ import annotations

from .module import Module

__all__ = ["InPlace"]


class InPlace(Module):
    """A layer that takes PyTorch's argument `inplace`, so that its scripts run here.

    It has no effect: the result is a new array, as the gradient may need the old one.
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace
