"""What layers say of an input that does not fit: who they are, what came, what was expected."""

from __future__ import annotations

from typing import Any

from .module import Module

__all__ = ["expect", "lengths", "name_of"]


def expect(who: Module | str, x: Any, fits: bool, expected: str, kinds: str = "f") -> None:
    """Raise unless `x` is an array or Tensor of a dtype of these `kinds`, and `fits`."""
    if fits and getattr(getattr(x, "dtype", None), "kind", "?") in kinds:
        return
    name = name_of(who)
    if not hasattr(x, "shape"):
        raise TypeError(f"{name}: got a {type(x).__name__}, expected an array or a Tensor")
    if fits:
        raise TypeError(f"{name}: got {x.dtype}, expected floats; write x.astype(np.float32)")
    raise ValueError(f"{name}: got input of shape {x.shape}, expected {expected}")


def name_of(who: Module | str) -> str:
    """A function by its name, a layer with its arguments."""
    return who if isinstance(who, str) else f"{type(who).__name__}({who.extra_repr()})"


def lengths(x: Any) -> tuple[int, ...]:
    """The shape of `x`, if it is an array or Tensor: np.shape, which lists have too, is slower."""
    return getattr(x, "shape", ())
