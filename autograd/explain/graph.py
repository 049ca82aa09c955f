"""What a computation was, as plain data: values, the edges between them, the modules around them.

Drawing and stepping both read this. Nothing here holds on to the engine's graph, so it outlives a
backward pass and keeps no array alive but copies of small ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Box", "Edge", "Graph", "Sketch", "Value", "printable", "short"]

SMALL = 64  # elements of an array that is copied whole


@dataclass(frozen=True)
class Sketch:
    """What is remembered of an array: all of a small one, a few numbers of a large one."""

    shape: tuple[int, ...]
    dtype: str
    array: Any = None  #: a copy of it, if it has at most 64 elements; else None
    least: float | None = None  #: the least, the mean, the most of the finite elements
    mean: float | None = None
    most: float | None = None
    norm: float | None = None  #: the root of the sum of squares, of all elements
    odd: int = 0  #: how many are NaN or infinite

    @classmethod
    def of(cls, x: Any) -> Sketch:
        """That of an array or a number."""
        x = np.asarray(x)
        copy = x.copy() if x.size <= SMALL else None
        if not x.size or x.dtype.kind not in "biufc":
            return cls(x.shape, str(x.dtype), copy)
        wide = np.abs(x) if x.dtype.kind == "c" else x.astype(np.float64)
        finite = wide[np.isfinite(wide)]
        odd = wide.size - finite.size
        with np.errstate(all="ignore"):
            largest = np.abs(wide).max()  # NaN if any is: no gradient looks sound that is not
            scale = largest if 0 < largest < np.inf else 1.0  # so that no square overflows
            norm = float(scale * np.sqrt(((wide / scale) ** 2).sum()))
            if x.dtype.kind == "c" or not finite.size:
                return cls(x.shape, str(x.dtype), copy, norm=norm, odd=odd)
            mean = float(finite.mean())
        return cls(x.shape, str(x.dtype), copy, finite.min(), mean, finite.max(), norm, odd)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=int))


@dataclass(frozen=True)
class Box:
    """A call of a module. Called twice, a module has two, which differ in `call`."""

    path: str  #: such as "MLP.layers.0": the class of the outermost module, then attributes
    kind: str  #: its class
    call: int = 1  #: which of its calls, counted from 1
    parameters: int = 0  #: how many numbers it holds, with the modules inside

    @property
    def name(self) -> str:
        """The attribute it is, such as "layers.0"; of the outermost module, its class."""
        return self.path.partition(".")[2] or self.path


@dataclass(eq=False)
class Value:
    """A value: a leaf, a constant, or the result of an op."""

    id: int  #: its place in the order of making
    kind: str  #: "leaf", "result" or "constant" (no gradient reaches it)
    op: str = ""  #: the name of the op that made it
    config: str = ""  #: the op's other arguments, as "axis=0"
    rule: str = ""  #: the op's, as `explain.rule` tells it
    name: str = ""
    named_by: str = ""  #: "user", "module", "variable" or "gradient": where the name is from
    shape: tuple[int, ...] | None = ()  #: None for a tuple of several results
    dtype: str = ""
    data: Sketch | None = None
    gradient: Sketch | None = None  #: after a backward pass
    modules: tuple[Box, ...] = ()  #: those it was made in, the outermost first
    place: str = ""  #: the user's line: file and number
    source: str = ""  #: and its text
    backward: bool = False  #: made by a backward pass, as under `create_graph`
    number: int = 1  #: which of the results of this op, counted from 1
    only: bool = True  #: no other result of this op is without a name

    @property
    def label(self) -> str:
        """What to call it: its name, or its op with a number if there are several."""
        if self.name:
            return self.name
        if self.kind == "result":
            return self.op if self.only else f"{self.op} {self.number}"
        if self.kind == "constant" and self.data is not None and self.data.size == 1:
            return short(self.data.array)
        if self.kind == "constant" and self.data is None:
            return "not kept"
        return self.kind if self.only else f"{self.kind} {self.number}"


@dataclass(frozen=True)
class Edge:
    """A value is an input of an op."""

    source: int  #: id of the input
    target: int  #: id of the op's result
    position: int  #: which of the op's inputs
    tracked: bool = True  #: whether a gradient goes back along it


@dataclass(eq=False)
class Graph:
    """Values in the order of making, and the edges between them."""

    values: list[Value]
    edges: list[Edge]
    outputs: list[int] = field(default_factory=list)  #: ids of what nothing else was made of
    by_id: dict[int, Value] = field(init=False)
    _into: dict[int, list[Edge]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.by_id = {value.id: value for value in self.values}
        self._into = {}
        for edge in self.edges:
            self._into.setdefault(edge.target, []).append(edge)
        if not self.outputs:
            used = {edge.source for edge in self.edges}
            self.outputs = [v.id for v in self.values if v.kind == "result" and v.id not in used]
        self._number()

    def _number(self) -> None:
        groups: dict[tuple[str, str], list[Value]] = {}
        for value in self.values:
            if not value.name:
                groups.setdefault((value.kind, value.op), []).append(value)
        for group in groups.values():
            for i, value in enumerate(group):
                value.number, value.only = i + 1, len(group) == 1

    def inputs(self, id: int) -> list[Edge]:
        """The edges into a value, by position."""
        return sorted(self._into.get(id, ()), key=lambda e: e.position)

    def behind(self, outputs: Iterable[int]) -> Graph:
        """The part that these outputs were made from."""
        outputs = list(outputs)
        kept, stack = set(outputs), list(outputs)
        while stack:
            for edge in self._into.get(stack.pop(), ()):
                if edge.source not in kept:
                    kept.add(edge.source)
                    stack.append(edge.source)
        return Graph(
            [v for v in self.values if v.id in kept],
            [e for e in self.edges if e.source in kept and e.target in kept],
            outputs,
        )


def printable(text: str) -> str:
    """A text that any file and any page can hold, in one line."""
    good = "\N{ZERO WIDTH JOINER}"  # of emoji
    return "".join(
        " " if c.isspace() else c if c.isprintable() or c == good else "\N{REPLACEMENT CHARACTER}"
        for c in text.strip()
    )


def short(x: Any, digits: int = 4) -> str:
    """A number as short as it can be read."""
    x = np.asarray(x).reshape(-1)[0]
    if x.dtype.kind == "c":
        sign = "" if x.imag < 0 else "+"
        return f"{short(x.real, digits)}{sign}{short(x.imag, digits)}j"
    if x.dtype.kind != "f":
        return str(x)
    text = f"{float(x):.{digits}g}"
    return "0" if text == "-0" else text.replace("-", "\N{MINUS SIGN}")
