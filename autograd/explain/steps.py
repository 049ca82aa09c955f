"""The backward pass one op at a time.

The engine walks from the youngest value to the oldest. At each the gradient is complete, for all
that uses the value is younger; its op's rules turn that into a contribution to each of its inputs,
and contributions to one value add up.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections import ChainMap, Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from types import FrameType
from typing import Any, overload

import numpy as np

from ..core.checks import node_of, starting_gradient
from ..core.engine import walk
from ..core.fit import fit
from ..core.node import Node
from ..core.results import Parts
from ..core.tensor import Tensor
from ..core.watch import Watcher, active, watching
from ..errors import GraphFreedError
from .graph import Graph, Value, short
from .places import ours
from .rules import SEE_SOURCE, Rule, in_brackets, numbers_in, renamed, rules
from .story import Story, read

__all__ = ["Contribution", "Step", "Steps", "show", "steps"]

WIDEST = 44  # characters of a column of the table
SMALL = 16  # elements of an array that is shown whole
FORMATS = ".html, .gif, .txt"
MOST = 1000  # steps of a player that a notebook shows by itself


@dataclass(frozen=True)
class Contribution:
    """What an op gives to the gradient of one of its inputs."""

    to: str  #: the name of the input
    id: int  #: its place in the graph
    position: int  #: which of the op's inputs it is, counted from 0
    argument: str  #: and what the op calls it
    rule: Rule  #: as the op has it
    formula: str  #: the same in the names of the program
    numbers: str  #: the same with the numbers put in, "" if they are not single ones
    operands: tuple[tuple[str, Any], ...]  #: what its names stand for, where that is remembered
    raw: Any  #: the array that the op's closure gave
    gradient: Any  #: and as it is added: summed over the axes that broadcasting stretched
    total: Any  #: the sum of all contributions to the input so far
    nth: int  #: which contribution to the input it is, counted from 1 (a start counts too)
    of: int  #: how many there will be

    @property
    def complete(self) -> bool:
        """Whether the input's gradient is complete now."""
        return self.nth == self.of

    @property
    def fitted(self) -> bool:
        """Whether broadcasting had stretched the input, so that the gradient was summed."""
        return np.shape(self.raw) != np.shape(self.gradient)

    @property
    def state(self) -> str:
        """In words, what the engine did with it."""
        added = {1: "the first: taken as it is", 2: "the second: a fresh sum"}
        return added.get(self.nth, f"number {self.nth}: added in place") + (
            "; complete" if self.complete else f"; {self.of - self.nth} more to come"
        )


@dataclass(frozen=True)
class Step:
    """An op on the way back: its gradient has come, and goes on to its inputs."""

    number: int  #: counted from 1
    op: str  #: the name of the op
    name: str  #: that of the value it made
    id: int  #: its place in the graph
    config: str  #: the op's other arguments, as "axis=0"
    place: str  #: the user's line, as "train.py:12", if it is known
    source: str  #: and its text
    incoming: Any  #: the gradient of the value, complete
    contributions: tuple[Contribution, ...]  #: one for each input that has a gradient

    @property
    def rule(self) -> str:
        """The op's rules as formulas, one for each input that has a gradient."""
        if len(self.contributions) == 1:
            return str(self.contributions[0].rule)
        return "; ".join(f"{c.argument}: {c.rule}" for c in self.contributions)

    def __str__(self) -> str:
        made = f"{self.op}({self.config})" if self.config else self.op
        lines = [f"{self.number}. {self.name} = {made}: g = {show(self.incoming)}"]
        for c in self.contributions:
            told = c.formula + (f" = {c.numbers}" if c.numbers else "")
            total = "" if c.nth == 1 else f", together {show(c.total)}"
            lines.append(f"   to {c.to}: {told} = {show(c.gradient)}{total}")
        return "\n".join(lines)


class Steps(Sequence[Step]):
    """A backward pass, step by step: a sequence for code, a table as text, a player in a notebook.

    Attributes
    ----------
    graph
        the values and edges that it walks.
    start
        the gradient of each output, which it starts from: pairs of the output's id and an array.
    """

    def __init__(self, graph: Graph, start: list[tuple[int, Any]], steps: list[Step]) -> None:
        self.graph, self.start, self._steps = graph, start, steps

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        return self._steps[index]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    @property
    def gradients(self) -> dict[str, Any]:
        """The gradients of the leaves, by name: what `backward()` adds to `.grad`."""
        found = {id: g for id, g in self.start if self.graph.by_id[id].kind == "leaf"}
        for step in self:
            for c in step.contributions:
                if self.graph.by_id[c.id].kind == "leaf":
                    found[c.id] = c.total
        return {self.graph.by_id[id].label: g for id, g in found.items()}

    def table(self) -> str:
        """The steps as a table of text, a row for each contribution.

        Examples
        --------
        >>> from autograd import Tensor, explain
        >>> x = explain.name(Tensor(3.0, requires_grad=True), "x")
        >>> print(explain.steps(x * x + x).table())
        step  value     g  to        rule           contribution  sum
        1     add       1  multiply  g              1             1
                           x         g              1             1, 2 more to come
        2     multiply  1  x         g * x = 1 * 3  3             4, 1 more to come
                           x         g * x = 1 * 3  3             7
        """
        rows = [("step", "value", "g", "to", "rule", "contribution", "sum")]
        for step in self:
            made = step.name if step.name == step.op else f"{step.name} = {step.op}"
            first = (str(step.number), made, show(step.incoming))
            for c in step.contributions:
                told = c.formula + (f" = {c.numbers}" if c.numbers not in ("", c.formula) else "")
                total = show(c.total)
                if not c.complete:
                    total += f", {c.of - c.nth} more to come"
                rows.append((*first, c.to, told, show(c.gradient), total))
                first = ("", "", "")
        cells = [[wrap(cell, WIDEST) or [""] for cell in row] for row in rows]
        widths = [
            max(len(line) for cell in column for line in cell)
            for column in zip(*cells, strict=True)
        ]
        return "\n".join(
            "  ".join(map(str.ljust, line, widths)).rstrip()
            for row in cells
            for line in zip_longest(*row, fillvalue="")
        )

    __str__ = table

    def __repr__(self) -> str:
        ops = "1 op" if len(self) == 1 else f"{len(self)} ops"
        return f"<Steps: {ops} from {', '.join(self._names(self.start))}>"

    def _names(self, pairs: list[tuple[int, Any]]) -> list[str]:
        return [self.graph.by_id[id].label for id, _ in pairs]

    def html(self) -> str:
        """The player, a page that needs nothing else: click, slide, or use the arrow keys."""
        from .player import page

        return page(self)

    def player(self, start: int = 0, *, ask: bool = False, height: int = 0) -> Any:
        """The player for a notebook, which shows it of itself too: this one can be told how.

        Parameters
        ----------
        start
            the step to begin at.
        ask
            each step hides what it gives until one has said what it will be.
        height
            of its frame in pixels; by default as the graph needs.
        """
        from .player import Player

        return Player(self, start, ask, height)

    def _repr_html_(self) -> str:
        from .player import Player

        if len(self) > MOST:
            return (
                f"<p>{len(self):,} steps are too many for a player in a notebook: "
                '<code>s.save("steps.html")</code> makes a page of them, and '
                "<code>s[:20]</code> are the first. Those of a smaller network say as much.</p>"
            )
        return Player(self)._repr_html_()

    def save(self, path: Any) -> None:
        """Write the player, a film or the table, by the path's suffix.

        Parameters
        ----------
        path
            ends in .html (the player: open it in a browser; `#step=5&ask=1` in the address starts
            it there, each step asked for first), .gif (a film, by Matplotlib) or .txt.

        Raises
        ------
        ValueError
            for another suffix.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".gif":
            from .film import film

            film(self, path)
        elif suffix in (".html", ".txt"):
            text = self.html() if suffix == ".html" else self.table() + "\n"
            path.write_text(text, encoding="utf-8", newline="\n")
        else:
            raise ValueError(
                f"steps.save: got {path.name!r}, expected a name that ends in one of {FORMATS}"
            )


def steps(
    outputs: Tensor | Sequence[Tensor] | Callable[[], Any],
    gradient: Any = None,
    *,
    model: Any = None,
    story: Story | None = None,
) -> Steps:
    """The backward pass from a loss, one op at a time, as the engine walks it.

    No `.grad` is written and the graph is kept, so `loss.backward()` works afterwards.

    Parameters
    ----------
    outputs
        a Tensor with a graph, several of them, or a function of no arguments that returns such;
        of what a function does the lines and modules are known too.
    gradient
        the gradient to start from, of the output's shape, a list of them for several outputs; may
        be left out for single numbers, whose gradient is 1.
    model
        a module, to take names of parameters from.
    story
        of a `with explain.watch()` block that the outputs were made in: lines and modules are then
        known.

    Returns
    -------
    Steps
        a sequence of `Step`, one for each op; prints as a table, shows itself in a notebook as a
        player to click and key through, and saves as a page or a film.

    Raises
    ------
    UntrackedError, GraphFreedError, NotScalarError, LeafChangedError
        as for `backward`.

    Examples
    --------
    >>> from autograd import Tensor, explain
    >>> x = explain.name(Tensor(3.0, requires_grad=True), "x")
    >>> s = explain.steps(x * x + x)
    >>> for step in s:
    ...     print(step)
    1. add = add: g = 1
       to multiply: g = 1
       to x: g = 1
    2. multiply = multiply: g = 1
       to x: g * x = 1 * 3 = 3, together 4
       to x: g * x = 1 * 3 = 3, together 7
    >>> s.gradients["x"]
    array(7., dtype=float32)
    """
    if story is not None and not isinstance(story, Story):
        raise TypeError(
            f"steps: story: got {type(story).__name__}, expected that of a watch() block"
        )
    if hasattr(outputs, "named_modules"):
        raise TypeError(
            f"steps: got {type(outputs).__name__}, a module: write steps(lambda: module(x).sum())"
        )
    title = ""
    if not isinstance(outputs, Tensor) and callable(outputs):
        story, title = Story(), getattr(outputs, "__name__", "")
        with story:
            _made = outputs()  # a name of ours is none of the program's
        if _made is None:
            raise TypeError("steps: the function returned None, expected it to return the loss")
        outputs = _made
    outs: list[Any] = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    given = gradient if isinstance(outputs, list | tuple) else [gradient]
    given = [None] * len(outs) if given is None else list(given)
    if len(given) != len(outs):
        raise ValueError(f"steps: {len(outs)} outputs, but {len(given)} gradients")
    start: dict[Node, Any] = {}
    for out, g in zip(outs, given, strict=True):
        node, g = node_of(out, "steps"), starting_gradient(out, g, "steps")
        start[node] = start[node] + g if node in start else g
    graph, values = _graph_of(outs, model, story)
    if len(outs) == 1 and title.isidentifier() and not values[outs[0]._node].name:
        values[outs[0]._node].name = title  # the function's
    watcher = _Steps(values, totals=dict(start), counts=Counter(start.keys()))
    first = [(values[node].id, np.array(g)) for node, g in start.items()]
    with watcher, _advised():
        walk(start, retain_graph=True)
    return Steps(graph, first, watcher.steps(graph))


@contextmanager
def _advised() -> Iterator[None]:
    try:
        yield
    except GraphFreedError as error:
        error.add_note(
            "Steps walk the graph itself: call explain.steps before backward(), or keep the graph "
            "by backward(retain_graph=True). draw(story) shows gradients afterwards, too."
        )
        raise


def _graph_of(outs: list[Any], model: Any, story: Story | None) -> tuple[Graph, Any]:
    if story is not None:
        found = [story.value_of(out) for out in outs]
        if all(value is not None for value in found):
            whole = story.graph
            return whole.behind([value.id for value in found if value is not None]), story._of
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    with _advised():
        return read(outs, frame.f_locals if frame else None, model)


@dataclass
class _Arrival:
    """A closure that was called."""

    node: Node
    position: int
    parent: Node
    incoming: Any
    raw: Any
    gradient: Any = None
    total: Any = None
    nth: int = 0


@dataclass
class _Steps(Watcher):
    """Notes each closure the engine calls, and adds up what they give as the engine does."""

    values: Mapping[Node, Value]
    arrivals: list[_Arrival] = field(default_factory=list)
    totals: dict[Node, Any] = field(default_factory=dict)
    counts: Counter[Node] = field(default_factory=Counter)

    def __enter__(self) -> Any:
        self._outer = watching.get()
        watching.set(self)  # alone: of this walk no story is to tell
        active[0] += 1
        return self

    def __exit__(self, *_: object) -> None:
        watching.set(self._outer)
        active[0] -= 1

    def arrived(self, node: Node, position: int, incoming: Any, gradient: Any) -> None:
        if node not in self.values:  # of a pass within an op, as a checkpoint's
            return
        parent = next(p for _, p, i in node.edges or () if i == position)
        self.counts[parent] += 1
        found = _Arrival(node, position, parent, incoming, gradient, nth=self.counts[parent])
        if isinstance(gradient, Parts):  # of one result of several
            found.gradient = found.total = found.raw = next(iter(gradient.values()))
        else:
            g = gradient
            if getattr(g, "shape", None) != parent.shape or g.dtype != parent.dtype:
                g = fit(g, node, parent, position)
            found.gradient, old = g, self.totals.get(parent)
            found.total = self.totals[parent] = np.array(g if old is None else old + g)
        self.arrivals.append(found)

    def steps(self, graph: Graph) -> list[Step]:
        """What was noted, op by op."""
        found: list[Step] = []
        last: Node | None = None
        for arrival in self.arrivals:
            if arrival.node is not last:
                last = arrival.node
                value = self.values[last]
                incoming = arrival.incoming
                if isinstance(incoming, Parts):
                    incoming = incoming.whole
                step = Step(
                    len(found) + 1, value.op, value.label, value.id, value.config, value.place,
                    value.source, incoming, (),
                )  # fmt: skip
                found.append(step)
            contribution = self._contribution(arrival, graph, found[-1])
            object.__setattr__(step, "contributions", (*step.contributions, contribution))
        return found

    def _contribution(self, a: _Arrival, graph: Graph, step: Step) -> Contribution:
        target, op = self.values[a.parent], a.node.op
        argument, rule = "", Rule("", note=SEE_SOURCE)
        if names := getattr(op, "input_names", None):
            argument = names[min(a.position, len(names) - 1)]
            rule = rules(op).get(argument, rule)
        elif found := re.search(
            r"\[(\d+)\]$", step.op
        ):  # "svd[0]" gives to svd, of several results
            rule = Rule("g", note=f"as result {found[1]} of {target.op}")
        else:  # a checkpoint
            rule = Rule("", note="by running it again, and back")
        formula, numbers, operands = _told(rule, argument, a.position, a.node, step, graph, a.raw)
        return Contribution(
            target.label, target.id, a.position, argument, rule, formula, numbers,
            operands, a.raw, a.gradient, a.total, a.nth, self.counts[a.parent],
        )  # fmt: skip


def _told(
    rule: Rule, argument: str, position: int, node: Node, step: Step, graph: Graph, raw: Any
) -> tuple[str, str, tuple[tuple[str, Any], ...]]:
    """A rule in the names of the program, with its numbers, and what the names stand for."""
    op: Any = node.op
    if not rule.formula or not argument:
        return str(rule), "", ()
    if op.inputs is None:
        return renamed(rule.formula, {"i": str(position)}), "", ()
    inputs = {op.input_names[e.position]: graph.by_id[e.source] for e in graph.inputs(step.id)}
    result = "out" if "y" in op.input_names else "y"
    values = {**inputs, result: graph.by_id[step.id]}
    options = _options(node)
    nothing = {name for name, x in options.items() if x is None} | {*op.input_names} - {*inputs}
    names = {name: _short(v, inputs.values()) for name, v in inputs.items()}
    taken = {*names.values(), "g"}
    own = values[result].name.rpartition(".")[2]
    names[result] = own if own not in ("", *taken) else "y" if "y" not in taken else "out"
    names |= {
        name: repr(x)
        for name, x in options.items()
        if isinstance(x, int | float | str | tuple | None) and len(repr(x)) < 20
    }
    formula = renamed(rule.formula, names, nothing)
    where = [f"{name} = {renamed(text, names, nothing)}" for name, text in rule.where]
    told = formula + (" where " + ", ".join(where) if where else "")
    used = set(re.findall(r"\w+", str(rule)))
    arrays = {
        name: v.data.array
        for name, v in values.items()
        if name in used and v.data is not None and v.data.array is not None
    }
    operands = tuple((names[name], x) for name, x in arrays.items() if x.size and x.ndim)
    if formula == "g":
        return told, "", ()
    numbers = {name: x.reshape(-1)[0] for name, x in arrays.items() if x.size == 1}
    if not isinstance(step.incoming, tuple) and np.size(step.incoming) == 1:
        numbers["g"] = np.reshape(step.incoming, -1)[0]
    numbers |= {k: x for k, x in options.items() if isinstance(x, int | float)}
    for name, text in rule.where:
        try:
            x = eval(text, {**vars(np), **inspect.unwrap(op).__globals__, **options, **numbers})
        except Exception:  # it needs more than single numbers
            continue
        if np.size(x) == 1:
            numbers[name] = np.reshape(x, -1)[0]
    plain = renamed(rule.formula, {}, nothing)
    known = ChainMap(vars(np), inspect.unwrap(op).__globals__)
    for digits in (4, 6, 9, 17):  # of 1 - y**2 near 1 few are not enough
        filled = numbers_in(plain, numbers, digits)
        if not filled or filled == formula or _gives(filled, known, raw):
            break
    return told, filled if filled != formula else "", operands


def _gives(numbers: str, known: Mapping[str, Any], wanted: Any) -> bool:
    """Whether a formula of numbers has a value, to what one can see of it; True if unknown."""
    if np.size(wanted) != 1:
        return True
    try:
        with np.errstate(all="ignore"):
            found = eval(numbers.replace("\N{MINUS SIGN}", "-"), {}, known)
        return bool(np.isclose(found, np.reshape(wanted, ()), 0.01, 0, equal_nan=True).all())
    except Exception:  # a function of the op's own, or no number
        return True


def _short(value: Value, among: Collection[Value]) -> str:
    """What to call a value in a formula: the last part of "layers.0.weight" will do, if it can."""
    last = value.label.rpartition(".")[2] if value.named_by == "module" else value.label
    alike = sum(v.label.rpartition(".")[2] == last for v in among if v is not value)
    text = value.label if alike else last
    if text == "g":  # which is the gradient
        return "(value g)"
    if value.name and not re.fullmatch(r"[\w.'\[\]<>∂]+", text):  # "a + b" is a name, too
        return f"({text})"
    return in_brackets(text).replace(" ", "_")


def _options(node: Node) -> dict[str, Any]:
    """The arguments of an op that are no inputs."""
    args, kwargs = node.config
    parameters = inspect.signature(inspect.unwrap(node.op)).parameters.values()
    options = [p for p in parameters if p.name not in node.op.input_names]
    given = zip([p.name for p in options], args, strict=False)
    return {**{p.name: p.default for p in options}, **dict(given), **kwargs}


def show(x: Any) -> str:
    """An array in a few characters: a small one whole, of a large one shape, norm and the first."""
    if isinstance(x, tuple):
        return "(" + ", ".join(map(show, x)) + ")"
    x = np.asarray(x)
    if x.size == 1:
        return "[" * x.ndim + short(x) + "]" * x.ndim
    if x.size == 0:
        return f"{x.shape}, no elements"
    if x.size <= SMALL:
        return _rows(x)
    first = ", ".join(short(v) for v in x.reshape(-1)[:3])
    return f"{x.shape}, norm {short(np.linalg.norm(x.reshape(-1)))}: {first}, ..."


def _rows(x: Any) -> str:
    if x.ndim == 0:
        return short(x)
    return "[" + ", ".join(map(_rows, x)) + "]"
