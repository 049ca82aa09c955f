"""draw: the picture of a computation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from ..core.tensor import Tensor
from ..errors import UntrackedError
from ..html import live_or_still
from .folding import Scene, scene
from .graph import Graph
from .page import html_of, page_of
from .places import variables
from .sources import dot_of, mermaid_of
from .story import Story, read, told
from .svg import svg_of
from .text import text_of

__all__ = ["Picture", "draw"]


class Picture:
    """A graph as a picture, which shows itself in a notebook; `print` it in a terminal.

    Attributes
    ----------
    graph
        what is drawn, as a `Graph`.
    svg, dot, mermaid, text, html
        the picture as SVG, as source for Graphviz and for Mermaid, as text, and as HTML in which
        modules fold at a click.
    """

    def __init__(self, graph: Graph, depth: int | None, direction: str) -> None:
        self.graph, self._depth, self._across = graph, depth, direction == "right"

    @cached_property
    def _scene(self) -> Scene:
        depth = self._depth
        return scene(self.graph, None if depth is None else lambda _, at: at >= depth)

    @cached_property
    def svg(self) -> str:
        """An SVG element, complete in itself."""
        return svg_of(self._scene, self._across)

    @cached_property
    def dot(self) -> str:
        """Source for Graphviz."""
        return dot_of(self._scene, self._across)

    @cached_property
    def mermaid(self) -> str:
        """Source for Mermaid."""
        return mermaid_of(self._scene, self._across)

    @cached_property
    def text(self) -> str:
        """A line for each value, in the order of making."""
        return text_of(self._scene)

    @cached_property
    def html(self) -> str:
        """HTML in which modules fold and unfold at a click, or by the Enter key."""
        return html_of(self._scene, self._across)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a file of the kind that its name ends with: .svg .html .dot .mmd .txt.

        Raises
        ------
        ValueError
            the name ends with something else.
        """
        path = Path(path)
        kinds: dict[str, Callable[[], str]] = {
            ".svg": lambda: self.svg + "\n",
            ".html": lambda: page_of(self.html),
            ".dot": lambda: self.dot,
            ".mmd": lambda: self.mermaid,
            ".txt": lambda: self.text + "\n",
        }
        if path.suffix.lower() not in kinds:
            raise ValueError(
                f"save: {path.name!r} ends with {path.suffix!r}, expected one of {', '.join(kinds)}"
            )
        path.write_text(kinds[path.suffix.lower()](), encoding="utf-8")

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return live_or_still(self.html, self.svg, f"A graph of {len(self.graph.values)} values")


def draw(
    what: Story | Tensor | Iterable[Tensor] | Graph | Callable[[], Any],
    model: Any = None,
    *,
    depth: int | None = None,
    direction: str = "down",
) -> Picture:
    """Draw a computation: values, ops, shapes, and after a backward pass the gradients.

    Parameters
    ----------
    what
        the story of a block that watched, which may have run `backward()`; a Tensor, or several,
        whose graph is there yet; or a function of no arguments, which is run and watched.
    model
        to name parameters by their paths, where there is no story to know the modules from.
    depth
        how many modules deep to look; those below are folded, each into one box. 0 folds all. By
        default none is, up to 300 boxes in the picture; beyond, it is a summary.
    direction
        "down", or "right" for long chains of small boxes.

    Returns
    -------
    Picture
        which shows itself in a notebook; `print(picture)`, `picture.save("graph.svg")`.

    Raises
    ------
    GraphFreedError
        the graph of a Tensor is gone after its backward pass: draw before, or watch a block.
    UntrackedError
        it never had one; or the function recorded no op.
    TypeError, ValueError
        what is no such thing, or no direction or depth.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor, explain
    >>> x, w = Tensor(2.0, requires_grad=True), Tensor(-0.5, requires_grad=True)
    >>> with explain.watch() as story:
    ...     h = np.tanh(w * x)
    ...     h.backward()
    >>> print(explain.draw(story))
    w                          −0.5     grad 0.8399
    x                          2        grad −0.21
    multiply = multiply(w, x)  −1       grad 0.42
    h = tanh(multiply)         −0.7616  grad 1
    """
    if direction not in ("down", "right"):
        raise ValueError(f'direction: got {direction!r}, expected "down" or "right"')
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth: got {depth!r}, expected None or a number of levels from 0")
    return Picture(graph_of(what, model, variables(sys._getframe(1))), depth, direction)


def graph_of(what: Any, model: Any, local: dict[str, Any]) -> Graph:
    """The graph of whatever `draw` takes."""
    if isinstance(what, Graph):
        return what
    if isinstance(what, Story):
        return what.graph
    if isinstance(what, Tensor):
        return read(what, local, model)[0]
    if hasattr(what, "named_modules"):
        name = type(what).__name__
        raise TypeError(
            f"draw: got {name}, a module: write draw(lambda: module(x)), or watch a block"
        )
    if callable(what):
        graph = told(what).graph
        if not graph.values:
            raise UntrackedError(
                "draw: the function recorded no op. Does anything it computes with require "
                "gradients (requires_grad=True, an nn.Parameter), outside of no_grad()?"
            )
        return graph
    if isinstance(what, tuple | list) and all(isinstance(x, Tensor) for x in what):
        return read(what, local, model)[0]
    raise TypeError(
        f"draw: got {type(what).__name__}, expected a story (with explain.watch() as story: ...), "
        "a Tensor, several of them, or a function that computes one"
    )
