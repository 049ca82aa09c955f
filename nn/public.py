"""Names that stay when files move: what is public is called after the package it is taken from."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

__all__ = ["name_after"]


def name_after(package: str, things: Iterable[Any]) -> None:
    """Set the `__module__` of classes, with their methods, and of functions: for pickles, reprs."""
    for x in things:
        if not isinstance(x, type | FunctionType):
            continue
        methods = vars(x).values() if isinstance(x, type) else ()
        for f in (x, *(f for f in methods if isinstance(f, FunctionType))):
            f.__module__ = package
