"""What options must be: a number in a range, a whole one, a switch, one of several names.

Each function gives a check, a function of an option's name and value that raises if it is wrong. An
optimizer or a schedule has a table of them, `expected`, by the names of its options:

Examples
--------
>>> from optim.options import number, switch
>>> expected = {"alpha": number(0, 1, below=True), "centered": switch}
>>> expected["alpha"]("alpha", 1.5)
Traceback (most recent call last):
ValueError: alpha: got 1.5, expected a number >= 0 and < 1
>>> expected["centered"]("centered", "no")
Traceback (most recent call last):
TypeError: centered: got 'no', a str, expected True or False

The wrong type is a TypeError, out of range a ValueError. True and False are not numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Check", "check", "check_state", "choice", "function", "number", "optional", "per_group",
    "several", "shown", "switch", "whole",
]  # fmt: skip

Check: TypeAlias = Callable[[str, Any], None]


def check(owner: str, expected: Mapping[str, Check], options: Mapping[str, Any]) -> None:
    """Raise, in the name of `owner`, at the first option that is not what `expected` says."""
    for name, value in options.items():
        if name in expected:
            try:
                expected[name](name, value)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{owner}: {error}" if owner else str(error)) from None


def check_state(owner: str, state_dict: Any) -> None:
    """Raise unless it is a dict, as `state_dict()` gives."""
    if not isinstance(state_dict, Mapping):
        hint = ""
        if isinstance(state_dict, str | PathLike):
            hint = f"; a file is read by nn.load({str(state_dict)!r})"
        elif callable(state_dict):
            hint = "; call it? state_dict()"
        raise TypeError(
            f"{owner}.load_state_dict: got {shown(state_dict)}, expected a dict, what "
            f"{owner}.state_dict() gave{hint}"
        )


def number(
    low: float = 0.0,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    finite: bool = True,
) -> Check:
    """A number from `low` to `high`; `above`, `below`: but not these; not NaN, nor infinite."""
    signs = (">" if above else ">=", low), ("<" if below else "<=", high)
    limits = " and ".join(f"{sign} {limit:g}" for sign, limit in signs if abs(limit) < math.inf)

    def test(name: str, value: Any) -> None:
        if not _is(value, int | float | np.integer | np.floating):
            raise TypeError(f"{name}: got {shown(value)}, expected a number {limits}".rstrip())
        inside = (low < value if above else low <= value) and (
            value < high if below else value <= high
        )
        if not inside or (finite and not abs(value) < math.inf):
            kind = "number" if abs(value) < math.inf else "finite number" if finite else "number"
            raise ValueError(f"{name}: got {value!r}, expected a {kind} {limits}".rstrip())

    return test


def whole(low: int = 0, high: int | None = None) -> Check:
    """A whole number from `low` to `high`."""
    limits = f", at least {low}" if high is None else f" from {low} to {high}"
    limits = f"a whole number{limits}"

    def test(name: str, value: Any) -> None:
        if not _is(value, int | float | np.integer | np.floating):
            raise TypeError(f"{name}: got {shown(value)}, expected {limits}")
        if not _is(value, int | np.integer) or value < low or (high is not None and value > high):
            raise ValueError(f"{name}: got {value!r}, expected {limits}")

    return test


def switch(name: str, value: Any) -> None:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: got {shown(value)}, expected True or False")


def choice(*values: str | None) -> Check:
    """One of these."""
    *most, last = map(repr, values)
    listed = f"{', '.join(most)} or {last}"

    def test(name: str, value: Any) -> None:
        if not isinstance(value, str | None):
            raise TypeError(f"{name}: got {shown(value)}, expected {listed}")
        if value not in values:
            raise ValueError(f"{name}: got {value!r}, expected {listed}")

    return test


def function(name: str, value: Any) -> None:
    """Something to be called."""
    if not callable(value):
        raise TypeError(f"{name}: got {shown(value)}, expected a function")


def optional(test: Check) -> Check:
    """None, or what `test` lets pass."""
    return lambda name, value: None if value is None else test(name, value)


def several(*tests: Check) -> Check:
    """A tuple or list with one value for each of `tests`."""
    words = {2: "two", 3: "three"}

    def test(name: str, value: Any) -> None:
        expected = f"a tuple of {words.get(len(tests), len(tests))} values"
        if not isinstance(value, tuple | list):
            raise TypeError(f"{name}: got {shown(value)}, expected {expected}")
        if len(value) != len(tests):
            raise ValueError(f"{name}: got {value!r}, expected {expected}")
        for i, (one, item) in enumerate(zip(tests, value, strict=True)):
            one(f"{name}[{i}]", item)

    return test


def per_group(test: Check) -> Check:
    """One value for all parameter groups, or a tuple or list of one for each."""

    def each(name: str, value: Any) -> None:
        if isinstance(value, tuple | list):
            for i, item in enumerate(value):
                test(f"{name}[{i}]", item)
        else:
            test(name, value)

    return each


def shown(value: Any) -> str:
    """A value of the wrong type, shortened, and its type."""
    text = " ".join(repr(value).split())
    text = text if len(text) <= 60 else text[:57] + "..."
    kind = type(value).__name__
    return text if value is None else f"{text}, {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _is(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)
