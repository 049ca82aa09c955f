"""Watching the engine at work: what `detect_anomaly`, `why_no_grad` and other guides stand on."""

from __future__ import annotations

import linecache
import sys
from contextvars import ContextVar, Token
from typing import Any

__all__ = ["Watcher", "active", "cut", "user_line", "watching"]

watching: ContextVar[Watcher | None] = ContextVar("watching", default=None)
active = [0]  # how many watchers there are: ops look here first, which costs them nothing


class Watcher:
    """A `with` block in which the engine tells what it does. Overwrite what you want to know."""

    def __init__(self) -> None:
        self._tokens: list[Token[Watcher | None]] = []

    def made(self, node: Any, inputs: tuple[Any, ...], out: Any) -> None:
        """An op was recorded."""

    def arrived(self, node: Any, position: int, incoming: Any, gradient: Any) -> None:
        """A closure of `node` made the gradient of the argument at `position`."""

    def cut(self, node: Any, by: str) -> None:
        """The value of `node` went on without its graph."""

    def __enter__(self) -> Any:
        self._tokens.append(watching.set(self))
        active[0] += 1
        return self

    def __exit__(self, *_: object) -> None:
        watching.reset(self._tokens.pop())
        active[0] -= 1


def cut(tensor: Any, by: str) -> None:
    """Tell the watcher, if there is one, that a tensor's graph ends here."""
    if tensor._node is not None and (watcher := watching.get()) is not None:
        watcher.cut(tensor._node, by)


def user_line() -> str:
    """The line outside of this library that is being run: its place and its text."""
    frame = sys._getframe(1)
    while frame.f_back and _root(frame) in ("autograd", "nn", "optim", "numpy", "contextlib"):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number, frame.f_globals).strip()
    return f"{name}:{number}" + (f" `{text}`" if text else "")


def _root(frame: Any) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
