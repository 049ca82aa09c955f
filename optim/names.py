"""Modules that explain themselves: `optim.adam(...)`, `optim.ADAM`, `lr_scheduler.stepLR`."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

from autograd.core.hints import nearest

__all__ = ["Explained"]


class Explained(ModuleType):
    """A module that tells the nearest name, of one that it does not have or when it is called.

    Python's own suggestions do not see that `optim.adam` is a file, and `optim.Adam` was meant.
    """

    def __getattr__(self, name: str) -> NoReturn:
        near = (
            "" if name.startswith("_") else nearest(name, vars(self)["__all__"])
        )  # others ask for these
        hint = f". Did you mean {self.__name__}.{near}?" if near else ""
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}{hint}", name=name)

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Say which of its names may have been meant."""
        package, _, name = self.__name__.rpartition(".")
        names = vars(self)["__all__"]
        meant = nearest(name, names) or names[0]
        listed = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        raise TypeError(
            f"{self.__name__} is a module, the place of {listed}, and cannot be called. Did you "
            f"mean {package or self.__name__}.{meant}(...)?"
        )
