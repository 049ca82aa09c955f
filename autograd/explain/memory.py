"""memory: what a graph keeps alive until its backward pass, by op, by line and by module."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from ..core.engine import reachable
from ..core.node import Node
from ..core.tensor import Tensor
from ..errors import GraphFreedError, UntrackedError
from .story import Story, watch

__all__ = ["Memory", "MemoryRow", "memory"]


class MemoryRow(NamedTuple):
    """What some nodes of a graph keep alive."""

    name: str  #: the op; or the line, or the path of the module, "" where it is not known
    nodes: int  #: how many ops there were
    arrays: int  #: how many buffers they keep that nobody else does
    nbytes: int  #: of these


class Memory:
    """What a graph keeps alive; prints as a table.

    Attributes
    ----------
    nbytes
        of the arrays that live for this graph alone: what dropping the loss, or walking back,
        frees.
    held
        bytes of arrays that somebody else holds as well: parameters, data, tensors in variables.
    overhead
        about how many bytes the nodes and closures themselves take.
    by_op, by_line, by_module
        a `MemoryRow` for each, the largest first. Lines and modules are known if the ops were
        made while a story was told, see `memory`; else these are empty.
    """

    def __init__(self, order: list[Node], found: _Found, story: Story | None) -> None:
        self.nodes, self.overhead = sum(node.op is not None for node in order), found.overhead
        owners = found.owners()
        held = found.held_elsewhere()
        self.held = sum(found.arrays[root].nbytes for root in owners if root in held)
        kept: dict[Node, list[int]] = {}
        for root, node in owners.items():
            if root not in held:
                kept.setdefault(node, []).append(found.arrays[root].nbytes)
        self.nbytes = sum(map(sum, kept.values()))
        known = dict(story._of) if story is not None else {}
        lines, modules = {}, {}
        for node, value in known.items():
            lines[node] = f"{value.place}  {value.source}".strip()
            modules[node] = value.modules[-1].path if value.modules else ""
        made = [node for node in order if node.op is not None]
        self.by_op = _rows(made, kept, lambda node: node.op.__name__)
        self.by_line = _rows(made, kept, lambda node: lines.get(node, "")) if known else []
        self.by_module = _rows(made, kept, lambda node: modules.get(node, "")) if known else []
        if not any(row.name for row in self.by_module):
            self.by_module = []

    def _tables(self) -> Iterable[tuple[str, list[MemoryRow]]]:
        for name, rows in (
            ("by op", self.by_op), ("by line", self.by_line), ("by module", self.by_module),
        ):  # fmt: skip
            if rows := [row for row in rows if row.nbytes]:
                yield name, rows

    def _told(self) -> list[str]:
        arrays = sum(row.arrays for row in self.by_op)
        idle = sum(row.nodes for row in self.by_op if not row.nbytes)
        return [
            f"{_memory(self.nbytes)} in {_count(arrays, 'array')}, kept alive by "
            f"{_count(self.nodes, 'op')}" + (f", {idle:,} of kinds that keep nothing" * bool(idle)),
            f"{_memory(self.held)} that the graph uses and somebody else holds too",
            f"about {_memory(self.overhead)} of nodes and closures",
        ]

    def __str__(self) -> str:
        tables = []
        for name, rows in self._tables():
            lines = [[name, "ops", "arrays", "memory", "share"]]
            for row in rows:
                share = f"{100 * row.nbytes / (self.nbytes or 1):.1f} %"
                cells = [f"{row.nodes:,}", f"{row.arrays:,}", _memory(row.nbytes), share]
                lines.append([_label(row), *cells])
            first, *rest = [max(map(len, column)) for column in zip(*lines, strict=True)]
            form = "   ".join([f"{{:{first}}}", *(f"{{:>{n}}}" for n in rest)])
            head, *body = (form.format(*line) for line in lines)
            tables.append("\n".join([head, "-" * len(head), *body]))
        return "\n\n".join([*tables, "\n".join(self._told())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The tables in a notebook, with a bar for each share."""
        html = ""
        for name, rows in self._tables():
            body = _HTML.format(name, "ops", "arrays", "memory", "")
            for row in rows:
                share = row.nbytes / (self.nbytes or 1)
                bar = (
                    f'<div style="width: {120 * share:.1f}px; height: 10px; display: inline-block; '
                    f'background: #2b8cc4; opacity: 0.8"></div> {100 * share:.1f} %'
                )
                cells = (f"{row.nodes:,}", f"{row.arrays:,}", _memory(row.nbytes), bar)
                body += _HTML.format(escape(_label(row)), *cells)
            html += f'<table style="{_STYLE}">{body}</table>'
        told = "<br>".join(map(escape, self._told()))
        return f'<div style="overflow-x: auto; {_FONT}">{html}{told}</div>'


_FONT = "font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px"
_STYLE = f"{_FONT}; border-collapse: collapse; border: 0; margin: 0 0 8px; color: inherit"
_HTML = (
    '<tr style="background: none; border-bottom: 1px solid rgba(128, 128, 128, 0.3)">'
    '<td style="text-align: left; white-space: pre; padding: 2px 12px 2px 0">{}</td>'
    '<td style="text-align: right; padding: 2px 12px">{}</td>'
    '<td style="text-align: right; padding: 2px 12px">{}</td>'
    '<td style="text-align: right; white-space: nowrap; padding: 2px 12px">{}</td>'
    '<td style="text-align: left; white-space: nowrap; padding: 2px 12px">{}</td></tr>'
)


def memory(loss: Tensor | Callable[[], Tensor], story: Story | None = None) -> Memory:
    """Say what the graph of `loss` keeps alive until the backward pass, and for which op.

    Each buffer counts once: views of one array share it, and if several ops keep it, it is put
    down to the first. An array that is alive anyway, for a variable, a parameter or a tensor holds
    it too, is told apart: dropping the loss does not free it.

    Parameters
    ----------
    loss
        a Tensor; or better the function that computes it, which is then run and watched, so that
        the lines and the modules are known.
    story
        of the `explain.watch()` block in which the loss was made: it knows the lines, too.

    Raises
    ------
    UntrackedError
        the loss has no graph.
    GraphFreedError
        a backward pass has freed it.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor, explain
    >>> w = Tensor(np.ones((100, 100)), requires_grad=True)
    >>> def loss():
    ...     return np.tanh(w @ w).sum()
    >>> found = explain.memory(loss)
    >>> found.by_op[0]                              # tanh keeps its result and its input
    MemoryRow(name='tanh', nodes=1, arrays=2, nbytes=160000)
    >>> found.held                                  # w, which matmul needs
    80000
    """
    if not isinstance(loss, Tensor):
        if not callable(loss) or hasattr(loss, "named_modules"):
            raise TypeError(
                f"memory: got {type(loss).__name__}, expected a Tensor, or a function that "
                "computes one"
            )
        with watch() as story:
            loss = loss()
    if not isinstance(loss, Tensor) or loss._node is None:
        raise UntrackedError.of("memory", np.shape(loss))
    try:
        order = reachable([loss._node])
    except GraphFreedError as error:
        error.add_note("It keeps nothing alive any more: ask before backward().")
        raise
    found = _Found()
    for node in order:
        if node.op is not None:  # a leaf lives as long as its tensor
            found.look_through(node, node.edges, node.inputs, node.config)
            found.overhead += sys.getsizeof(node)
    found.look_through(loss._node, loss)  # its own array goes when it goes
    return Memory(order, found, story)


class _Found:
    """The arrays that can be reached from closures and inputs of nodes, and how often they are."""

    def __init__(self) -> None:
        self.arrays: dict[int, Any] = {}  # by id: this is our only reference to each
        self.uses: dict[int, int] = {}  # references to an array from within the graph
        self.roots: dict[int, int] = {}  # to the array whose memory it is a view of
        self.overhead = 0
        self._first: dict[int, Node] = {}  # who was the first to keep it
        self._seen: dict[int, Any] = {}

    def look_through(self, node: Node, *things: Any) -> None:
        """Count the arrays in `things`, which belong to `node`."""
        stack = list(things)
        while stack:
            thing = stack.pop()
            if isinstance(thing, np.ndarray):
                self._use(thing, node)
            elif id(thing) not in self._seen and (parts := _parts(thing)) is not None:
                self._seen[id(thing)] = thing
                self.overhead += sys.getsizeof(thing)
                stack += parts

    def _use(self, array: Any, node: Node) -> int:
        key = id(array)
        self.uses[key] = self.uses.get(key, 0) + 1
        if key not in self.arrays:
            self.arrays[key], self._first[key] = array, node
            base = array.base
            self.roots[key] = self._use(base, node) if isinstance(base, np.ndarray) else key
        return self.roots[key]

    def owners(self) -> dict[int, Node]:
        """For each buffer the node that it is put down to."""
        return {root: self._first[root] for root in self.roots.values()}

    def held_elsewhere(self) -> set[int]:
        """Buffers that somebody outside of the graph holds, or holds a view of."""
        return {
            root
            for key, root in self.roots.items()
            if _references(self.arrays, key) > self.uses[key] + _OWN
        }


def _parts(thing: Any) -> Iterable[Any] | None:
    """What it holds, if it is a thing that closures are made of; else None."""
    if isinstance(thing, FunctionType):
        if "<locals>" not in thing.__qualname__:
            return None  # a module's own, not made for this graph
        return [*(thing.__closure__ or ()), thing.__defaults__, thing.__kwdefaults__]
    if isinstance(thing, CellType):
        try:
            return [thing.cell_contents]
        except ValueError:  # empty
            return []
    if isinstance(thing, tuple | list | set | frozenset):
        return thing
    if isinstance(thing, dict):
        return thing.values()
    if isinstance(thing, partial):
        return [thing.func, thing.args, thing.keywords]
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    if isinstance(thing, Tensor):
        return [thing._array]
    return None


def _references(arrays: dict[int, Any], key: int) -> int:
    count = getattr(sys, "getrefcount", None)  # not every Python counts
    return count(arrays[key]) if count else 0


_OWN = _references({0: np.empty(0)}, 0)  # of an array that only a dict holds


def _rows(
    made: list[Node], kept: dict[Node, list[int]], name: Callable[[Node], str]
) -> list[MemoryRow]:
    sums: dict[str, list[int]] = {}
    for node in made:
        row, sizes = sums.setdefault(name(node), [0, 0, 0]), kept.get(node, [])
        row[:] = row[0] + 1, row[1] + len(sizes), row[2] + sum(sizes)
    rows = [MemoryRow(name, *numbers) for name, numbers in sums.items()]
    return sorted(rows, key=lambda row: -row.nbytes)


def _label(row: MemoryRow) -> str:
    name = row.name or "(elsewhere)"
    return name if len(name) <= 72 else f"{name[:71]}…"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + "s" * (n != 1)


def _memory(nbytes: int) -> str:
    power = min(len(str(nbytes)) - 1, 11) // 3
    return f"{nbytes / 1000**power:.4g} {('bytes', 'kB', 'MB', 'GB')[power]}"
