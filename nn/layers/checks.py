"""What layers say of an input that does not fit: who they are, what came, what was expected."""

from __future__ import annotations

from typing import Any

from ..inputs import name_of, refuse
from ..module import Module

__all__ = ["expect", "lengths", "name_of"]


def expect(
    who: Module | str, x: Any, fits: bool, expected: str, kinds: str = "f", name: str = ""
) -> None:
    """Raise unless `x` is an array or Tensor of a dtype of these `kinds`, and `fits`.

    name: of the argument, where there are several.
    """
    if fits and getattr(getattr(x, "dtype", None), "kind", "?") in kinds:
        return
    if not hasattr(x, "shape"):
        refuse(who, name, x)
    if fits:
        role = f" for {name}" if name else ""
        raise TypeError(
            f"{name_of(who)}: got {x.dtype}{role}, expected floats; write "
            f"{name or 'x'}.astype(np.float32)"
        )
    raise ValueError(
        f"{name_of(who)}: got {name or 'input'} of shape {x.shape}, expected {expected}"
    )


def lengths(x: Any) -> tuple[int, ...]:
    """The shape of `x`, if it is an array or Tensor: np.shape, which lists have too, is slower."""
    return getattr(x, "shape", ())
