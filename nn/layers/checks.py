"""What layers say of an input that does not fit: who they are, what came, what was expected."""

from __future__ import annotations

from typing import Any

from ..inputs import name_of, refuse
from ..module import Module

__all__ = ["expect", "lengths", "name_of"]


def expect(who: Module | str, x: Any, fits: bool, expected: str, kinds: str = "f") -> None:
    """Raise unless `x` is an array or Tensor of a dtype of these `kinds`, and `fits`."""
    if fits and getattr(getattr(x, "dtype", None), "kind", "?") in kinds:
        return
    if not hasattr(x, "shape"):
        refuse(who, "", x)
    name = name_of(who)
    if fits:
        raise TypeError(f"{name}: got {x.dtype}, expected floats; write x.astype(np.float32)")
    raise ValueError(f"{name}: got input of shape {x.shape}, expected {expected}")


def lengths(x: Any) -> tuple[int, ...]:
    """The shape of `x`, if it is an array or Tensor: np.shape, which lists have too, is slower."""
    return getattr(x, "shape", ())
