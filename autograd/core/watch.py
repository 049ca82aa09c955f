"""Watching the engine at work: what `detect_anomaly`, `why_no_grad` and other guides stand on."""

from __future__ import annotations

import linecache
import sys
from contextvars import ContextVar
from typing import Any

__all__ = ["Watcher", "active", "cut", "user_line", "watching"]

watching: ContextVar[Watcher | None] = ContextVar("watching", default=None)
active = [0]  # how many watchers there are: ops look here first, which costs them nothing


class Watcher:
    """A `with` block in which the engine tells what it does. Overwrite what you want to know.

    In a block within another both are told, the outer first.
    """

    def made(self, node: Any, inputs: tuple[Any, ...], out: Any) -> None:
        """An op was recorded."""

    def arrived(self, node: Any, position: int, incoming: Any, gradient: Any) -> None:
        """A closure of `node` made the gradient of the argument at `position`."""

    def cut(self, node: Any, by: str) -> None:
        """The value of `node` went on without its graph."""

    def __enter__(self) -> Any:
        outer = watching.get()
        watching.set(self if outer is None else _Both(outer, self))
        active[0] += 1
        return self

    def __exit__(self, *_: object) -> None:
        # Not a reset: blocks in generators need not end in the order in which they began.
        watching.set(_without(watching.get(), self))
        active[0] -= 1


class _Both(Watcher):
    """Two watchers, of a block and of one within it."""

    def __init__(self, outer: Watcher, inner: Watcher) -> None:
        self.outer, self.inner = outer, inner

    def made(self, node: Any, inputs: tuple[Any, ...], out: Any) -> None:
        self.outer.made(node, inputs, out)
        self.inner.made(node, inputs, out)

    def arrived(self, node: Any, position: int, incoming: Any, gradient: Any) -> None:
        self.outer.arrived(node, position, incoming, gradient)
        self.inner.arrived(node, position, incoming, gradient)

    def cut(self, node: Any, by: str) -> None:
        self.outer.cut(node, by)
        self.inner.cut(node, by)


def _without(watcher: Watcher | None, gone: Watcher) -> Watcher | None:
    if watcher is gone:
        return None
    if not isinstance(watcher, _Both):
        return watcher
    if watcher.inner is gone:
        return watcher.outer
    outer = _without(watcher.outer, gone)
    return watcher.inner if outer is None else _Both(outer, watcher.inner)


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
