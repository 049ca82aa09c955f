"""Names that are nearly right: which one was meant, and modules that say so.

A misspelt attribute or keyword is answered with the nearest name there is:

Examples
--------
>>> from autograd.names import did_you_mean, nearest
>>> nearest("RELU", ["Sigmoid", "relu"])
'relu'
>>> did_you_mean("wieght", ["weight", "bias"])
". Did you mean 'weight'?"

A package whose `__init__` ends with `explain(__name__)` answers so too: to `optim.ADAM`, and to
`optim.adam(...)`, where `optim.adam` is a file and `optim.Adam` was meant.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any, NoReturn

__all__ = ["did_you_mean", "explain", "name_after", "nearest"]


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that is most like `name`, in upper or lower case; "" if none is."""
    import difflib

    folded: dict[str, str] = {}
    for known in names:  # of names that differ in case alone, the first
        folded.setdefault(known.casefold(), known)
    close = difflib.get_close_matches(name.casefold(), folded, 1)
    return folded[close[0]] if close else ""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`. Did you mean 'x'?`, as the end of an error's text, or ""."""
    close = nearest(name, names)
    return f". Did you mean {close!r}?" if close else ""


def explain(package: str, ways: Mapping[str, str] | None = None) -> None:
    """Make a package and its modules tell the nearest name: of one they lack, or when called.

    Parameters
    ----------
    package
        its name; of its modules, those that are imported by now.
    ways
        names that the package does not have, and what to do instead.
    """
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(package + "."):
            module.__class__ = _Module
            # Not in the class: there it makes every look-up of a name three times as slow.
            vars(module)["__getattr__"] = _missing(module, ways if ways and name == package else {})


def name_after(package: str, things: Iterable[Any]) -> None:
    """Call classes and functions after the package that users take them from.

    So pickles outlive a move of files, and `repr`, tracebacks and `help` show the public name. (The
    price: `inspect.getsource` looks for a class in the package's `__init__`, and does not find it.)
    """
    for x in things:
        if not isinstance(x, type | FunctionType):
            continue
        methods = vars(x).values() if isinstance(x, type) else ()
        for f in (x, *(f for f in methods if isinstance(f, FunctionType))):
            if str(f.__module__).split(".")[0] == package.split(".")[0]:  # not one of NumPy's
                f.__module__ = package


def _missing(module: ModuleType, ways: Mapping[str, str]) -> Callable[[str], Any]:
    own = vars(module).get("__getattr__")  # as of a module that loads a name on first use

    def missing(name: str) -> Any:
        if own is not None:
            try:
                return own(name)
            except AttributeError:
                pass
        hint = ""
        if name in ways:
            hint = f". {ways[name]}"
        elif not name.startswith("_"):  # Python, pytest and others ask for these
            hint = did_you_mean(name, _names(module))
        text = f"module {module.__name__!r} has no attribute {name!r}{hint}"
        raise AttributeError(text, name=name)  # without obj: Python adds no guess of its own

    return missing


class _Module(ModuleType):
    """A module that can say what is in it when it is called, and be pickled by name."""

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        parts, names = self.__name__.split("."), _names(self)
        listed = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        hint = ""
        if near := nearest(parts[-1], names):
            places = (".".join(parts[: i + 1]) for i in range(len(parts)))
            place = next(p for p in places if hasattr(sys.modules.get(p), near))  # the shortest
            hint = f". Did you mean {place}.{near}(...)?"
        raise TypeError(
            f"{self.__name__} is a module, the place of {listed}, and cannot be called{hint}"
        )

    def __reduce__(self) -> Any:  # cloudpickle knows modules by their exact type
        return importlib.import_module, (self.__name__,)


def _names(module: ModuleType) -> list[str]:
    """The public names."""
    return list(getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]))
