"""Modules that explain themselves: `optim.adam(...)`, `optim.ADAM`, `lr_scheduler.stepLR`."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

__all__ = ["Explained"]


class Explained(ModuleType):
    """A module that tells the nearest name, of one that it does not have or when it is called.

    Python's own suggestions do not see that `optim.adam` is a file, and `optim.Adam` was meant.
    """

    def __getattr__(self, name: str) -> NoReturn:
        near = None if name.startswith("_") else _nearest(name, self)  # others ask for these
        hint = f". Did you mean {self.__name__}.{near}?" if near else ""
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}{hint}", name=name)

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Say which of its names may have been meant."""
        package, _, name = self.__name__.rpartition(".")
        names = vars(self)["__all__"]
        listed = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        raise TypeError(
            f"{self.__name__} is a module, the place of {listed}, and cannot be called. Did you "
            f"mean {package or self.__name__}.{_nearest(name, self) or names[0]}(...)?"
        )


def _nearest(name: str, module: ModuleType) -> str | None:
    import difflib

    names = {known.casefold(): known for known in vars(module)["__all__"]}
    close = difflib.get_close_matches(name.casefold(), names, 1)
    return names[close[0]] if close else None
