"""Where an op was called from, and how: the user's line, and the op's arguments as text."""

from __future__ import annotations

import inspect
import linecache
import sys
from functools import cache
from pathlib import PurePath
from types import FrameType
from typing import Any

import numpy as np

from ..core.node import Node
from .graph import printable

__all__ = ["config_of", "ours", "place_of", "variables"]

OURS = frozenset({"autograd", "nn", "optim", "numpy", "contextlib"})


def variables(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame."""
    found = frame.f_locals
    copy = dict(found)
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        found.clear()  # a copy that the frame keeps, and with it values that the user lets go
    return copy


def ours(frame: FrameType) -> bool:
    """Whether a frame is one of this library's, not of the user's program."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in OURS


def place_of(frame: FrameType) -> tuple[str, str]:
    """The line that is being run: its place, "train.py:12", and its text."""
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = printable(linecache.getline(file, line, frame.f_globals))
    name = PurePath(file).name
    cell = "ipykernel" in file or file.startswith(("<ipython", "<stdin", "<python-input"))
    return f"cell:{line}" if cell else f"{name}:{line}", text


def config_of(node: Node) -> str:
    """The op's arguments that are no inputs, where they are not the default: "axis=0"."""
    args, kwargs = node.config
    names, defaults = _options(node.op)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if node.op.__name__ in ("getitem", "setitem"):
        return f"[{_index(given.get('index', ()))}]"
    shown = [
        f"{name}={_text(x)}"
        for name, x in given.items()
        if not (defaults.get(name) is x or _same(defaults.get(name), x))
    ]
    return ", ".join(shown)


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, int | float | str | tuple) and type(a) is type(b) and a == b


@cache
def _options(op: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Names of an op's configuration, and the defaults."""
    try:
        parameters = inspect.signature(op).parameters.values()
    except (TypeError, ValueError):
        return (), {}
    options = [
        p for p in parameters if p.name not in op.input_names and p.kind is not p.VAR_KEYWORD
    ]
    return tuple(p.name for p in options), {p.name: p.default for p in options}


def _index(index: Any) -> str:
    return ", ".join(map(_text, index if isinstance(index, tuple) else (index,)))


def _text(x: Any) -> str:
    """An argument in a few characters, the same in every run."""
    if isinstance(x, slice):
        parts = ["" if part is None else str(part) for part in (x.start, x.stop)]
        return ":".join(parts) + ("" if x.step is None else f":{x.step}")
    if x is Ellipsis:
        return "..."
    if isinstance(x, np.ndarray):
        return _text(x.item()) if x.ndim == 0 else f"{x.dtype}{list(x.shape)}"
    if isinstance(x, float | np.floating):
        return f"{float(x):.4g}"
    if isinstance(x, tuple | list):
        inner = ", ".join(map(_text, x))
        text = f"({inner},)" if len(x) == 1 else f"({inner})"
    elif callable(x):
        text = getattr(x, "__name__", type(x).__name__)
    else:
        text = repr(x)
        if " at 0x" in text:
            text = type(x).__name__
    return text if len(text) <= 32 else text[:29] + "..."
