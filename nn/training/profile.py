"""profile: where the time of a training step went, by module and op, forward and backward.

Everything that is timed, a module's call, an op's body, a closure, an optimizer's step, is a
stretch that may lie within another. What a stretch took, less the stretches within it, is its own
time; so own times add up to the whole, and nothing counts twice.

While no profile runs nothing is measured, and nothing costs a thing: the first one puts functions
that read the clock in the place of those they call, and the last one takes them out again.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial, wraps
from time import perf_counter_ns as clock
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import instrument

from ..data import DataLoader
from ..module import Module

if TYPE_CHECKING:
    from .flames import Flames, Stretch

__all__ = ["ProfileRow", "profile"]

FORWARD, BACKWARD, OTHER = range(3)
WALK = "backward(), without the closures"
REST = "Python, and recording the graph"


class ProfileRow(NamedTuple):
    """A line of a profile. Times are in milliseconds, with what ran inside."""

    module: str  #: the path of the module, such as "Net.layers.0"; "" outside of modules
    op: str  #: the op, or what else it is; "" for the module as a whole
    calls: int
    forward: float
    backward: float
    total: float  #: forward and backward; of what is neither, its time
    own: float  #: of the total, what no row below this one accounts for
    share: float  #: total / the time of the block


class _Entry:
    """A module, an op in a module, or something else that takes time."""

    def __init__(self, thing: Any, above: _Entry | None) -> None:
        self.thing, self.above = thing, above  # a Module, an op, or a text
        self.calls, self.own = 0, [0, 0, 0]  # nanoseconds
        self.below: dict[Any, _Entry] = {}
        self.is_module = isinstance(thing, Module)
        self.is_op = not self.is_module and callable(thing)

    def entry(self, key: Any, thing: Any) -> _Entry:
        """The one below of this key, a new one if it is the first time."""
        if key not in self.below:
            self.below[key] = _Entry(thing, self)
        return self.below[key]

    def times(self) -> list[int]:
        """Forward, backward and other time, with all below."""
        parts = [entry.times() for entry in self.below.values()]
        return [sum(column) for column in zip(self.own, *parts, strict=True)]

    @property
    def model(self) -> _Entry | None:
        """The module that it is called in."""
        above = self.above
        while above is not None and not above.is_module:
            above = above.above
        return above

    @property
    def name(self) -> str:
        """Of a module, that in the module it is called in."""
        if not self.is_module:
            return getattr(self.thing, "__name__", self.thing)
        model = self.model
        names = model.thing.named_modules() if model else ()
        return next((name for name, x in names if x is self.thing), type(self.thing).__name__)

    @property
    def path(self) -> str:
        """Of the module, from the outermost that was called."""
        if not self.is_module:
            return self.model.path if self.model else ""
        return f"{self.model.path}.{self.name}" if self.model else self.name

    @property
    def label(self) -> str:
        """Of a module, as it prints in a model."""
        kind, arguments = type(self.thing).__name__, self.thing.extra_repr()
        leaf = arguments or not any(True for _ in self.thing.children())
        layer = f"{kind}({arguments})" if leaf else kind
        return f"({self.name}): {layer}" if self.name != kind else layer


class profile:  # noqa: N801 (used like a function, and named as in PyTorch)
    """Measure where time goes in a `with` block; `print` it as a table, or see it as a picture.

    A module's time is that of its forward call, and of the closures of the ops called in it, in the
    backward pass; with all modules inside, and, under "own", without. An op's is that of its body
    and its closures, with ops that these call. What runs in a backward pass is backward, even the
    second run of a checkpoint. A module that is shared is listed where it was first called.

    Besides there are the walk back through the graph without the closures, `step` of optimizers,
    the batches of `DataLoader`; the rest is Python's, the recording of ops, and what is not known
    of here. Measuring costs about 2 µs for each module, op and closure that is called; they count
    as what is around it.

    Only the thread that entered the block is measured. What ran before the block costs nothing in
    it: the first steps of a training are often slower, so take some before.

    Attributes
    ----------
    rows
        a `ProfileRow` for each line of the table.
    by_op
        the same by op, over all modules, the most expensive first.
    seconds
        the time of the block.

    Raises
    ------
    RuntimeError
        the block is entered a second time within itself.

    Examples
    --------
    >>> import numpy as np
    >>> import nn, optim
    >>> model, loss = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), nn.MSELoss()
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> with nn.profile() as p:
    ...     for _ in range(3):
    ...         optimizer.zero_grad()
    ...         loss(model(np.ones((5, 4), np.float32)), np.zeros((5, 2))).backward()
    ...         optimizer.step()
    >>> for row in p.rows:                                      # print(p) shows the times
    ...     print(f"{row.module:14} {row.op:32} {row.calls}".rstrip())
    Sequential                                      3
    Sequential.0                                    3
    Sequential.0   linear                           3
    Sequential.1                                    3
    Sequential.1   tanh                             3
    Sequential.2                                    3
    Sequential.2   linear                           3
    MSELoss                                         3
    MSELoss        squared_error                    3
                   backward(), without the closures 3
                   SGD.step                         3
                   Python, and recording the graph  0
    """

    def __init__(self) -> None:
        self._root = self._place = _Entry(REST, None)
        self._modules: dict[int, _Entry] = {}  # by id: a module need not be hashable
        self._models: list[Module] = []  # what was called from outside, kept: an id is used again
        self._parts: set[int] = set()  # all modules of these
        self._inside: list[int] = []  # of the stretches that run: the time of those within
        self._start, self._phase = 0, FORWARD

    def __enter__(self) -> profile:
        if self._inside:
            raise RuntimeError("profile: this one runs already; take another, nn.profile()")
        _switch(+1)
        self._before, _here.profile = _here.profile, self
        self._inside.append(0)
        self._start = clock()
        return self

    def __exit__(self, *_: object) -> None:
        whole = clock() - self._start
        _here.profile = self._before
        _switch(-1)
        self._root.own[OTHER] += whole - self._inside.pop()

    # What it measures

    def _run(self, entry: _Entry, phase: int, f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """`f(*args, **kwargs)`, whose time is the entry's but for that of stretches within."""
        inside, place, outer = self._inside, self._place, self._phase
        if phase != OTHER:  # a model that is called by an optimizer's step is no part of it
            self._place = entry
            self._phase = phase = max(phase, outer)  # all that a backward pass does is backward
        inside.append(0)
        start = clock()
        try:
            return f(*args, **kwargs)
        finally:
            spent = clock() - start
            entry.own[phase] += spent - inside.pop()
            inside[-1] += spent
            self._place, self._phase = place, outer

    def _other(self, name: str, phase: int, f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The same of what belongs to no module."""
        entry = self._root.entry(name, name)
        entry.calls += 1
        return self._run(entry, phase, f, args, kwargs)

    def _entry_of(self, module: Module) -> _Entry:
        """Where the module was first called."""
        key: Any = id(module)
        if key in self._modules:
            return self._modules[key]
        if key not in self._parts:
            parts = list(module.modules())
            if len(parts) == 1 and not any(True for _ in module.parameters()):
                # A loss or an activation, perhaps made anew for each call: one row for its kind.
                return self._place.entry(type(module), module)
            self._models.append(module)
            self._parts.update(map(id, parts))
        entry = self._modules[key] = self._place.entry(key, module)
        return entry

    # What it tells

    @property
    def seconds(self) -> float:
        """Of the block."""
        return sum(self._root.times()) / 1e9

    @property
    def rows(self) -> list[ProfileRow]:
        """A row for each module, each op in it, and what is neither."""
        return [row for _, row in self._lines()]

    @property
    def by_op(self) -> list[ProfileRow]:
        """A row for each op; what runs within another op counts for itself alone."""
        sums: dict[str, tuple[int, list[int]]] = {}
        for _, entry in _walk(self._root):
            if entry.is_op:
                calls, own = sums.get(entry.name, (0, [0, 0, 0]))
                own = [x + y for x, y in zip(own, entry.own, strict=True)]
                sums[entry.name] = calls + entry.calls, own
        rows = [self._row("", op, calls, own, own) for op, (calls, own) in sums.items()]
        return sorted(rows, key=lambda row: -row.total)

    def _lines(self) -> Iterator[tuple[str, ProfileRow]]:
        """The rows, each with what stands before its numbers."""
        for depth, entry in _walk(self._root):
            op = "" if entry.is_module else entry.name
            row = self._row(entry.path, op, entry.calls, entry.times(), entry.own)
            yield "  " * depth + (entry.label if entry.is_module else op), row
        yield REST, self._row("", REST, 0, self._root.own, self._root.own)

    def _row(
        self, module: str, op: str, calls: int, times: list[int], own: list[int]
    ) -> ProfileRow:
        whole, total = sum(self._root.times()) or 1, sum(times)
        forward, backward, both, rest = (n / 1e6 for n in (*times[:OTHER], total, sum(own)))
        return ProfileRow(module, op, calls, forward, backward, both, rest, total / whole)

    def flames(self) -> Flames:
        """The picture of it: a block for each module and op, as wide as it took time.

        Examples
        --------
        >>> import nn, numpy as np
        >>> with nn.profile() as p:
        ...     out = nn.Linear(3, 2)(np.ones((5, 3), np.float32))
        >>> p.flames().svg[:4]                      # a notebook shows it; p.save("step.svg")
        '<svg'
        """
        from .flames import Flames, Stretch  # nobody else needs it: not at import

        forward, backward, other = (
            _stretches(self._root, phase, name)
            for phase, name in enumerate(("forward", "backward", ""))
        )
        rest = Stretch(REST, "", "", self._root.own[OTHER] / 1e6, [])
        parts = (
            forward._replace(label="forward"),
            backward._replace(label="backward"),
            *other.below,
            rest,
        )
        below = [part for part in parts if part.milliseconds]
        return Flames(Stretch("the whole block", "", "", self.seconds * 1e3, below))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture, `flames`, to a file that ends in .svg."""
        self.flames().save(path)

    def _repr_html_(self) -> str:
        """The picture, with the table to unfold."""
        from html import escape

        table = f"<pre>{escape(str(self))}</pre>"
        return f"{self.flames()._repr_html_()}<details><summary>table</summary>{table}</details>"

    def __str__(self) -> str:
        lines = [["time in ms", "calls", "forward", "backward", "total", "own", "share"]]
        lines += [_cells(label, row) for label, row in self._lines()]
        cut, by_op = len(lines), self.by_op
        lines += [["by op", *lines[0][1:]], *(_cells(row.op, row) for row in by_op)]
        first, *rest = [max(map(len, column)) for column in zip(*lines, strict=True)]
        form = "   ".join([f"{{:{first}}}", *(f"{{:>{n}}}" for n in rest)])
        text = [form.format(*line) for line in lines]
        rule = "-" * len(text[0])
        whole = f"{'the whole block':{first}}   {self.seconds * 1e3:,.2f} ms"
        parts = [text[0], rule, *text[1:cut], rule, whole]
        return "\n".join([*parts, "", text[cut], rule, *text[cut + 1 :]] if by_op else parts)

    __repr__ = __str__


def _walk(entry: _Entry, depth: int = 0) -> Iterator[tuple[int, _Entry]]:
    """All entries below, those above before those below, and how deep each lies."""
    for part in list(entry.below.values()):
        yield depth, part
        yield from _walk(part, depth + 1)


def _stretches(entry: _Entry, phase: int, name: str) -> Stretch:
    """What an entry took of one phase, and in it those below, in the order they came first."""
    from .flames import Stretch

    label = entry.label if entry.is_module else entry.name
    below = [_stretches(part, phase, name) for part in entry.below.values()]
    time = entry.own[phase] / 1e6 + sum(part.milliseconds for part in below)
    told = ", ".join(filter(None, (entry.path, f"{entry.calls:,} calls")))
    return Stretch(label, told, name, time, [part for part in below if part.milliseconds])


def _cells(label: str, row: ProfileRow) -> list[str]:
    times = [f"{x:,.2f}" if x else "" for x in (row.forward, row.backward, row.total, row.own)]
    return [label, f"{row.calls:,}" if row.calls else "", *times, f"{100 * row.share:.1f} %"]


# What is put in the place of what it measures


class _Here(threading.local):
    profile: profile | None = None  # the one that measures this thread


_here = _Here()
_lock = threading.Lock()
_running = 0
_undo: list[Callable[[], None]] = []


def _switch(step: int) -> None:
    """Count the profiles of all threads; the first puts the clocks in, the last takes them out."""
    global _running
    with _lock:
        _running += step
        if _running == step == 1:
            try:
                _put_in()
            except BaseException:
                _running = 0
                _take_out()
                raise
        elif not _running:
            _take_out()


def _take_out() -> None:
    while _undo:
        _undo.pop()()


def _put_in() -> None:
    _undo.append(instrument(_timed_op, _timed_walk))
    _replace(Module, "__call__", _timed_module)
    _replace(DataLoader, "__iter__", _timed_batches)
    if optim := sys.modules.get("optim"):  # nn does not know it
        kinds = [optim.Optimizer]
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            if "step" in vars(kind):
                _replace(kind, "step", _timed_step)


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    old = getattr(owner, name)
    _undo.append(partial(setattr, owner, name, old))
    setattr(owner, name, wraps(old)(wrap(old)))


def _timed_op(op: Any, body: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        here = _here.profile
        if here is None:
            return body(*args, **kwargs)
        entry = here._place.entry(op, op)
        entry.calls += 1
        result = here._run(entry, FORWARD, body, args, kwargs)
        if isinstance(result, tuple | list) and result:
            return (result[0], *(_timed_closure(here, entry, f) for f in result[1:]))
        return result

    return call


def _timed_closure(profile: profile, entry: _Entry, closure: Any) -> Any:
    if not callable(closure):
        return closure

    def call(g: Any) -> Any:
        if _here.profile is not profile:  # after the block
            return closure(g)
        return profile._run(entry, BACKWARD, closure, (g,), {})

    return call


def _timed_module(old: Any) -> Any:
    def call(self: Module, *args: Any, **kwargs: Any) -> Any:  # `self`: a warning looks for it
        here = _here.profile
        if here is None:
            return old(self, *args, **kwargs)
        entry = here._entry_of(self)
        entry.calls += 1
        return here._run(entry, FORWARD, old, (self, *args), kwargs)

    return call


def _timed_walk(old: Any) -> Any:
    def walk(*args: Any, **kwargs: Any) -> Any:
        here = _here.profile
        return (
            old(*args, **kwargs) if here is None else here._other(WALK, BACKWARD, old, args, kwargs)
        )

    return walk


def _timed_step(old: Any) -> Any:
    def step(*args: Any, **kwargs: Any) -> Any:
        here, name = _here.profile, f"{type(args[0]).__name__}.step"
        return old(*args, **kwargs) if here is None else here._other(name, OTHER, old, args, kwargs)

    return step


def _timed_batches(old: Any) -> Any:
    def batches(self: DataLoader) -> Iterator[Any]:
        made, end = old(self), object()
        while True:
            here, batch = _here.profile, end
            if here is None:
                batch = next(made, end)
            else:
                entry = here._root.entry("DataLoader", "DataLoader")
                batch = here._run(entry, OTHER, next, (made, end), {})
                entry.calls += batch is not end
            if batch is end:
                return
            yield batch

    return batches
