"""What arguments may be: types for argparse, whose errors say what was expected."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

__all__ = [
    "Parser",
    "batch",
    "count",
    "is_sizes",
    "number",
    "rate",
    "seed",
    "share",
    "svg",
    "valid",
]


class Parser(argparse.ArgumentParser):
    """A parser whose errors `main` prints, in one line."""

    def error(self, message: str) -> NoReturn:
        """Let `main` say it."""
        raise ValueError(message)


def valid(convert: Callable[[str], Any], fits: Callable[[Any], Any], expected: str) -> Any:
    """What argparse calls a type: from the text of an argument to its value."""

    def parse(text: str) -> Any:
        with suppress(ValueError):
            if fits(value := convert(text)):
                return value
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")

    return parse


def is_sizes(text: str) -> bool:
    """Whether it is the sizes of layers, like 64-32-10."""
    return re.fullmatch("[1-9][0-9]*(-[1-9][0-9]*)+", text) is not None


rate = valid(float, lambda x: 0 < x < math.inf, "a number above 0")
number = valid(float, lambda x: 0 <= x < math.inf, "a number, 0 or more")
share = valid(float, lambda x: 0 <= x < 1, "a number from 0 to below 1")
count = valid(int, lambda n: n >= 1, "a whole number above 0")
seed = valid(int, lambda n: n >= 0, "a whole number, 0 or more")
svg = valid(Path, lambda path: path.suffix == ".svg", "a name that ends in .svg")
batch = valid(
    lambda text: text if text == "all" else int(text),
    lambda n: n == "all" or n >= 1,
    "a whole number above 0, or all",
)
