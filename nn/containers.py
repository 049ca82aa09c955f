"""Modules made of modules: Sequential."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from .module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """Modules one after the other: each is called on the output of the one before.

    It can be indexed, sliced (which gives a Sequential of the same modules) and iterated over.
    Parameters are named "0.weight", "2.weight", ...

    Raises
    ------
    TypeError : an argument is not a Module.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 10))
    >>> model
    Sequential(              12,730 parameters
      (0): Linear(784, 16)   12,560
      (1): Sigmoid()
      (2): Linear(16, 10)       170
    )
    >>> model[0]
    Linear(784, 16)   12,560 parameters
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(f"Sequential: argument {i} is {_what(module)}")
            setattr(self, str(i), module)

    def _layers(self) -> list[Module]:
        # Not children(): a module without state may well stand in several places.
        return [module for name, module in vars(self).items() if name.isdigit()]

    def forward(self, x: Any) -> Any:
        """The modules' composition, applied to `x`."""
        for i, layer in enumerate(self._layers()):
            try:
                x = layer(x)
            except Exception as error:
                error.add_note(f"in layer {i} of Sequential, {type(layer).__name__}")
                raise
        return x

    def __len__(self) -> int:
        return len(self._layers())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        layers = self._layers()
        return Sequential(*layers[index]) if isinstance(index, slice) else layers[index]


def _what(x: Any) -> str:
    """What was given in place of a Module, and what to write."""
    if isinstance(x, list | tuple):
        return f"a {type(x).__name__}; unpack it: Sequential(*layers)"
    if isinstance(x, type) and issubclass(x, Module):
        return f"the class {x.__name__}; call it: {x.__name__}()"
    if callable(x):
        name = getattr(x, "__name__", type(x).__name__)
        return f"the function {name}; use a layer such as nn.ReLU(), or call it in a forward"
    return f"of type {type(x).__name__}; expected a Module"
