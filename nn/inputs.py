"""What functions and layers do with what they are given, before they compute.

`door` stands before each function of `functional`: it takes numbers and lists as NumPy's functions
do, computes in float32 what would overflow in float16, and says what PyTorch's arguments are called
here. `check_options` stands before each constructor of a layer or loss.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, overload

import numpy as np
from numpy import ndarray

from autograd import Tensor

__all__ = [
    "HALF",
    "check_options",
    "door",
    "expect",
    "floats",
    "given",
    "is_ours",
    "lengths",
    "like",
    "name_of",
    "refuse",
    "single",
    "total",
    "way_for",
]

F = TypeVar("F", bound=Callable[..., Any])

HALF = np.dtype(np.float16)
ARRAYS = Tensor, ndarray
ARRAYS_OR_NONE = *ARRAYS, type(None)

# Half precision: beyond 65504 there is only infinity, and from 2048 on 1 more is nothing. So, as in
# PyTorch, what adds up or counts does so in float32, and only its result is of float16.


def single(x: Any) -> Any:
    """`x`, in float32 if it is an array or Tensor of float16."""
    return x.astype(np.float32) if getattr(x, "dtype", None) == HALF else x


def like(y: Any, x: Any) -> Any:
    """`y`, in float16 again if `x` is."""
    return y.astype(HALF) if x.dtype == HALF else y


def floats(x: Any) -> Any:
    """`x`, in float64 if it is of integers or booleans, whose differences would wrap around."""
    return x.astype(np.float64) if x.dtype.kind in "iub" else x


def total(x: Any, axis: Any) -> Any:
    """The sum along `axis`, added up in float32 if `x` is of float16."""
    wide = single(x)
    if axis == 0 and isinstance(wide, ndarray) and wide.ndim == 2 and wide.flags.c_contiguous:
        return like(np.ones(len(wide), wide.dtype) @ wide, x)  # half of the time of a sum
    return like(wide.sum(axis=axis), x)


# Functions

#: What PyTorch calls an argument, and what to write here.
HINTS = {
    "dim": "write axis=, as in NumPy",
    "keepdim": "write keepdims=, as in NumPy",
    "start_dim": "write start_axis=",
    "end_dim": "write end_axis=",
    "size_average": "write reduction='mean' or 'sum'",
    "reduce": "write reduction='none', 'mean' or 'sum'",
    "device": "leave it out, arrays live in memory",
    "dtype": "leave it out, and write module.astype(dtype) afterwards",
}


@overload
def door(function: F) -> F: ...
@overload
def door(*, wide: bool) -> Callable[[F], F]: ...
def door(function: F | None = None, *, wide: bool = False) -> Any:
    """`function`, which takes for its data, arrays, what NumPy's own functions take.

    wide: it adds up or counts; of float16 it is computed in float32, and the result is float16.
    """
    if function is None:
        return functools.partial(door, wide=wide)
    names, optional, order = _data(function)
    n, who = len(names), function.__name__

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        while kwargs and len(args) < n and names[len(args)] in kwargs:
            args = (*args, kwargs.pop(names[len(args)]))
        for x in args[:n]:
            if not isinstance(x, ARRAYS):
                args = (*map(given, [who] * n, names, args), *args[n:])
                break
        if optional and (kwargs or len(args) > n):
            for name, i in optional.items():
                if i < len(args):
                    if not isinstance(args[i], ARRAYS_OR_NONE):
                        args = (*args[:i], given(who, name, args[i]), *args[i + 1 :])
                elif not isinstance(x := kwargs.get(name), ARRAYS_OR_NONE):
                    kwargs[name] = given(who, name, x)
        try:
            if wide and args and (x := args[0]).dtype == HALF:
                kwargs = {k: single(v) for k, v in kwargs.items()}
                return like(function(*map(single, args), **kwargs), x)
            return function(*args, **kwargs)
        except (AttributeError, TypeError, ValueError) as error:
            if not str(error).startswith(who):
                _say_whose(error, who, [*zip(order, args, strict=False), *kwargs.items()])
            _explain(error)
            raise

    return call


def _data(function: Any) -> tuple[list[str], dict[str, int], list[str]]:
    """The arguments that are data: those it begins with; those that may be None, and where; all.

    What is neither is an option.
    """
    parameters = inspect.signature(function).parameters.values()
    order = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    needed = itertools.takewhile(
        lambda p: p.default is p.empty and p.annotation in (p.empty, "Any", "Array"), parameters
    )
    optional = {
        p.name: i
        for i, p in enumerate(parameters)
        if p.default is None and p.annotation in ("Any", "Array | None")
    }
    return [p.name for p in needed if p.name in order], optional, order


def _say_whose(error: Exception, who: str, arguments: list[tuple[str, Any]]) -> None:
    """Raise in the function's name what NumPy says of something inside."""
    if isinstance(error, np.exceptions.AxisError):
        raise np.exceptions.AxisError(f"{who}: {error}") from error
    for name, x in arguments:
        if isinstance(x, ARRAYS) and x.dtype.kind not in "biufc":
            raise TypeError(f"{who}: got {x.dtype} for {name}, expected numbers") from error


def given(who: Any, name: str, x: Any) -> Any:
    """`x` as an array or Tensor of numbers; TypeError if it is neither that nor a list of them."""
    if isinstance(x, ARRAYS):
        return x
    expected = "an array, a Tensor, or numbers"
    try:
        array = np.asarray(x)
    except ValueError:  # lists of several lengths
        refuse(who, name, x, expected)
    # A tuple of arrays is an output with a state, and not to be stacked.
    several = isinstance(x, tuple) and any(isinstance(item, ARRAYS) for item in x)
    if several or array.dtype.kind not in "biufc":
        refuse(who, name, x, expected)
    return array


def refuse(who: Any, name: str, x: Any, expected: str = "an array or a Tensor") -> NoReturn:
    """Raise a TypeError for what is no data."""
    role = f" for {name}" if name else ""
    way = way_for(x) if isinstance(who, str) else ""  # a layer says it below its error
    raise TypeError(f"{name_of(who)}: got {_what(x)}{role}, expected {expected}{way}")


def expect(who: Any, x: Any, fits: bool, expected: str, kinds: str = "f", name: str = "") -> None:
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


def way_for(x: Any) -> str:
    """What to do about `x`, which is no array, as the end of an error's text, or ""."""
    if hasattr(x, "to_numpy"):  # a table of pandas or polars
        numbers = np.asarray(x).dtype.kind in "biuf"
        return "; write x.to_numpy()" if numbers else "; it has more in it than numbers"
    if x is None:
        return "; does a function before it end without `return`?"
    if isinstance(x, list) and any(isinstance(item, Tensor) for item in x):
        return "; write np.stack(x)"
    return ""


def name_of(who: Any) -> str:
    """A function by its name, a layer with its arguments."""
    return who if isinstance(who, str) else f"{type(who).__name__}({who.extra_repr()})"


def _what(x: Any) -> str:
    if isinstance(x, ARRAYS):
        kind = "a Tensor" if isinstance(x, Tensor) else "an array"
        return f"{kind} of shape {x.shape}"
    return f"{x!r:.50}" if isinstance(x, int | float | str | None) else f"a {type(x).__name__}"


def _explain(error: Exception) -> None:
    """Add to an error of the arguments what PyTorch's names of them are here."""
    hints = {**HINTS, "inplace": "write x = f(x), for a function returns a new array"}
    for name, hint in hints.items():
        if f"unexpected keyword argument '{name}'" in str(error):
            note = f"got {name}=; {hint}"
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
            return


# Constructors

#: Arguments of constructors that may be arrays; the others are options.
MAY_BE_ARRAYS = {"weight", "pos_weight", "normalized_shape", "unflattened_size"}

#: What an argument is to be, by its annotation; in others only a bool for a number is refused.
KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "int": ("an int", (int, np.integer)),
    "float": ("a number", (int, float, complex, np.number, ndarray)),
    "str": ("a string", (str,)),
    "bool": ("True or False", (int, np.integer, np.bool_, type(None))),
}
NUMBERS = "int", "float", "Size", "Shape", "Scale"


def check_options(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse what is no option of a layer or loss of this library; of others, PyTorch's names.

    Raises
    ------
    TypeError
        data, as in `nn.MSELoss(pred, y)`; what is no number or string where one is expected; a
        keyword that PyTorch has, but not this library.
    ValueError
        a bool for a number, as in `nn.Conv2d(3, 8, 3, True)`; a float for an int.
    """
    who = cls.__name__
    for name in kwargs.keys() & HINTS:
        known = _parameters(cls)
        if not any(p.name == name or p.kind is p.VAR_KEYWORD for p in known):
            raise TypeError(f"{who}: got {name}=; {HINTS[name]}")
    kinds = _kinds(cls) if args or kwargs else None
    if kinds is None:
        return
    if kwargs and cls.__init__ is object.__init__:  # which would take it without a word
        name = next(iter(kwargs))
        raise TypeError(f"{who} takes no options, got {name}=; for data write {_called(cls)}")
    if extra := len(args) > len(kinds):
        names = [*kinds, *[""] * (len(args) - len(kinds))]
    else:
        names = [*kinds][: len(args)]
    for name, x in (*zip(names, args, strict=True), *kwargs.items()):
        tracked = isinstance(x, Tensor) and x.requires_grad
        if isinstance(x, Tensor) or (isinstance(x, ndarray) and x.ndim):
            if name not in MAY_BE_ARRAYS or tracked:
                what = f"{_what(x)} for {name}" if name else _what(x)
                raise TypeError(f"{who} takes options, got {what}; write {_called(cls)}")
        elif name in kinds:
            _check_option(cls, name, x, kinds[name])
    if extra:
        raise TypeError(
            f"{who} takes {len(kinds) or 'no'} options, got {len(args)}; for data write "
            f"{_called(cls)}"
        )


def _check_option(cls: Any, name: str, x: Any, kind: str) -> None:
    some = kind.removesuffix(" | None")
    if some in KINDS:
        expected, types = KINDS[some]
        wrong = not isinstance(x, types) and not (x is None and some != kind)
    else:
        expected, wrong = "a number", False
    is_bool = isinstance(x, bool | np.bool_)
    if wrong or (is_bool and "bool" not in kind and any(k in kind for k in NUMBERS)):
        error = ValueError if isinstance(x, int | float | np.number) or is_bool else TypeError
        data = f"; for data write {_called(cls)}" if isinstance(x, list) else ""
        got = f"{name}={x!r}" if error is ValueError else f"{_what(x)} for {name}"
        raise error(f"{cls.__name__}: got {got}, expected {expected}{data}")


def _parameters(cls: Any) -> list[inspect.Parameter]:
    if cls.__init__ is object.__init__:  # which would take anything
        return []
    return _parameters_of(cls.__init__)


def _parameters_of(method: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())[1:]


def _kinds(cls: Any) -> dict[str, str] | None:
    """The arguments of a constructor of this library, and their annotations; else None."""
    if cls.__init__ is object.__init__:
        return {}
    owner = next(c for c in cls.__mro__ if "__init__" in vars(c))
    if not is_ours(owner) or cls._holds_anything:
        return None
    return _annotations(cls.__init__)


@functools.cache
def _annotations(method: Any) -> dict[str, str] | None:
    """The arguments of a method, without `self`, and their annotations; None if it takes any."""
    parameters = _parameters_of(method)
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    return {p.name: str(p.annotation) for p in parameters}


def _called(cls: Any) -> str:
    """How to write it: `nn.Layer(options)(data)`."""
    inside = []
    for parameters in (_parameters(cls), _parameters_of(cls.forward)):
        plain = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        inside.append(", ".join(p.name for p in plain if p.default is p.empty))
    home = f"{cls.__module__}." if is_ours(cls) else ""
    return f"{home}{cls.__name__}({inside[0]})({inside[1]})"


def is_ours(cls: type) -> bool:
    """Whether it is a class of this library."""
    return cls.__module__.split(".")[0] == __package__
