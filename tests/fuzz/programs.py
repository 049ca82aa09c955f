"""What a program is, how it runs in each world, what must agree, and how it shrinks."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any

import numpy as np

import nn.functional as F
from autograd import Tensor, gradients, no_grad

NAME = re.compile(r"\b[agctw]\d+\b")
CODE: dict[str, CodeType] = {}
#: How much is computed at a time; with less, small programs go through several blocks.
BLOCKS = {
    ("nn.layers.attention", "BLOCK"): 8,
    ("nn.layers.erf", "BLOCK"): 8,
    ("nn.layers.windows", "SLAB"): 64,
    ("nn.layers.windows", "SMALL"): 200,
    ("nn.layers.windows", "NARROW"): 2,
}


@dataclass(frozen=True)
class Line:
    """A line of a program: it makes the value `target`, or changes it in place."""

    target: str
    text: str
    frozen: bool = False  # detach(), or under no_grad: no gradient flows through it

    @property
    def reads(self) -> set[str]:
        return set(NAME.findall(self.text)) - (set() if self.in_place else {self.target})

    @property
    def in_place(self) -> bool:
        return not re.search(rf"\b{self.target} = ", self.text)


@dataclass(frozen=True)
class Program:
    """Leaves, lines, and how gradients are asked for.

    Each of `outputs` has a name g0, g1, ... for the gradient that its backward pass starts from,
    and each leaf w0, w1, ... for what its first gradient is multiplied with before the second
    backward pass, if `order` is 2 (and so on, if it is more).
    """

    seed: int
    leaves: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()
    outputs: tuple[str, ...] = ()
    starts: tuple[Line, ...] = ()  # "g0 = ...", one for each output
    weights: tuple[Line, ...] = ()  # "w0 = ...", one for each leaf
    style: str = "backward"  # or "gradients"
    also: tuple[str, ...] = ()  # results that gradients() is asked for, besides the leaves
    order: int = 1
    times: int = 1  # how often the backward pass runs, on a retained graph
    refused: tuple[str, ...] = ()  # expressions that must raise
    blocks: bool = False  # compute in small BLOCKS

    def ending(self) -> list[str]:
        """The lines that ask for gradients."""
        if not self.outputs:
            return []
        leaves, outputs, starts, weights = (
            ", ".join(names)
            for names in (
                [line.target for line in self.leaves],
                self.outputs,
                [line.target for line in self.starts],
                [line.target for line in self.weights],
            )
        )
        inputs = ", ".join([line.target for line in self.leaves] + list(self.also))
        asked = f"grads = gradients([{outputs}], [{inputs}], [{starts}]"
        if self.order > 1:
            total = [
                f"pairs = [(h, w) for h, w in zip(grads, [{weights}]) if h is not None]",
                f"first = np.sum(np.real({self.leaves[0].target}))",
                "total = sum((np.sum(np.real(h * w)) for h, w in pairs), first)",
            ]
            again = [f"grads = gradients([total], [{leaves}], [1.0], create_graph=True)", *total]
            first = [f"{asked}, create_graph=True)", *total]
            return [*first, *again * (self.order - 2), "total.backward()"]
        if self.style == "gradients":
            return [f"{asked}, retain_graph=True)"] * (self.times - 1) + [f"{asked})"]
        calls = [f"{o}.backward({g.target}" for o, g in zip(self.outputs, self.starts, strict=True)]
        calls *= self.times
        return [f"{c}, retain_graph=True)" for c in calls[:-1]] + [f"{calls[-1]})"]


# The worlds that a program runs in.


def plain(array: Any) -> np.ndarray:
    return np.array(array)


@dataclass
class World:
    """What the names of a program stand for."""

    leaf: Callable[[Any], Any] = plain
    np: Any = np
    F: Any = F
    gradients: Any = None
    no_grad: Any = nullcontext
    detach: Callable[[Any], Any] = plain
    names: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        common = {"rng": np.random.default_rng, "array": np.array}
        own = {k: getattr(self, k) for k in ("np", "F", "gradients", "no_grad", "detach")}
        self.names = common | own


def ours(numpy: Any = np, functional: Any = F) -> World:
    """Our world; `numpy` and `functional` may be others, with a fault."""

    def leaf(array: Any) -> Tensor:
        return Tensor(array, requires_grad=True)

    return World(leaf, numpy, functional, gradients, no_grad, Tensor.detach)


def value(x: Any) -> np.ndarray:
    """The value of anything, as an array of its own."""
    while type(x).__name__ == "Peer":
        x = x.array()
    return np.array(x.detach().numpy() if isinstance(x, Tensor) else x)


def run(text: str, names: dict[str, Any]) -> None:
    if text not in CODE:
        CODE[text] = compile(text, text, "exec")
        if len(CODE) > 20_000:
            CODE.clear()
            CODE[text] = compile(text, text, "exec")
    exec(CODE[text], names)


class LineError(Exception):
    """A line raised."""


class PeerError(Exception):
    """A line raised in PyTorch: nothing to compare with."""


@dataclass
class Run:
    """Values after each line, and all at the end."""

    values: list[np.ndarray]
    names: dict[str, Any]

    def final(self, name: str) -> np.ndarray:
        return value(self.names[name])

    def grad(self, name: str) -> np.ndarray | None:
        g = getattr(self.names[name], "grad", None)
        return None if g is None else value(g)


def execute(
    program: Program,
    world: World,
    shifted: dict[str, np.ndarray] | None = None,
    recorded: list[np.ndarray] | None = None,
) -> Run:
    """Run the lines. `shifted`: values for leaves; `recorded`: values of lines that are frozen."""
    names = dict(world.names)
    unshifted = World().names
    for line in program.leaves:
        run(line.text, unshifted)
        start = unshifted[line.target] if shifted is None else shifted[line.target]
        names[line.target] = world.leaf(start)
    values = []
    for k, line in enumerate(program.lines):
        try:
            if line.frozen and recorded is not None:
                names[line.target] = recorded[k].copy()
            else:
                run(line.text, names)
        except Exception as error:
            raise LineError(f"`{line.text}` raised {type(error).__name__}: {error}") from error
        if world.leaf is plain and line.reads:  # a view of an array is not a value of its own
            names[line.target] = np.array(names[line.target])
        values.append(value(names[line.target]))
    return Run(values, names)


def finish(program: Program, result: Run) -> None:
    """Ask for the gradients."""
    for line in (*program.starts, *program.weights):
        run(line.text, result.names)
    for text in program.ending():
        try:
            run(text, result.names)
        except Exception as error:
            raise LineError(f"`{text}` raised {type(error).__name__}: {error}") from error


# What must agree.


@dataclass
class Mismatch:
    """What differs: a name of the program, in what world it is otherwise, and what was found."""

    what: str
    against: str
    name: str = ""
    got: Any = None
    expected: Any = None

    @property
    def kind(self) -> str:
        """What raised, or nothing: a small program is to fail as the large one did."""
        raised = re.search(r" raised (\w+)", self.what)
        return raised[1] if raised else ""

    def __str__(self) -> str:
        return f"{self.what}, against {self.against}" if self.against else self.what


#: Relative to the largest element: values, and gradients, of wide and of single precision.
TOLERANCE = {"f8": 1e-9, "c16": 1e-9, "f4": 1e-3, "c8": 1e-3}


def differs(got: np.ndarray, expected: np.ndarray, precision: str, slack: float = 1) -> str:
    """How two arrays differ, or an empty string."""
    if got.shape != expected.shape:
        return f"shape {got.shape} instead of {expected.shape}"
    if got.dtype != expected.dtype:
        return f"{got.dtype} instead of {expected.dtype}"
    if got.dtype.kind not in "fc":
        return "" if np.array_equal(got, expected) else "other values"
    bound = TOLERANCE[precision] * slack * max(1.0, float(np.max(np.abs(expected), initial=0)))
    with np.errstate(all="ignore"):
        apart = np.abs(got - expected)
    if np.all(apart <= bound) or np.array_equal(got, expected, equal_nan=True):
        return ""
    return f"values apart by {np.max(apart):.3g}"


def check(
    program: Program, world: World | None = None, peer: World | None = None
) -> Mismatch | None:
    """The first thing that is not as it must be: against plain arrays, and `peer` if given, else
    finite differences.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"), small_blocks(program.blocks):
        warnings.simplefilter("ignore")
        return next(mismatches(program, world or ours(), peer), None)


@contextmanager
def small_blocks(small: bool) -> Iterator[None]:
    usual = {key: getattr(sys.modules[key[0]], key[1]) for key in BLOCKS}
    try:
        for (module, name), size in (BLOCKS if small else {}).items():
            setattr(sys.modules[module], name, size)
        yield
    finally:
        for (module, name), size in usual.items():
            setattr(sys.modules[module], name, size)


def mismatches(program: Program, world: World, peer: World | None) -> Iterator[Mismatch]:
    narrow = any("float32" in x.text or "complex64" in x.text for x in whole(program))
    precision = "f4" if narrow else "f8"
    arrays = execute(program, World())
    try:
        mine = execute(program, world)
    except LineError as error:
        yield Mismatch(str(error), "plain arrays")
        return
    yield from values_apart(program, mine, arrays, "plain arrays", precision)
    for text in program.refused:
        try:
            run(f"refused = {text}", mine.names)
        except Exception:
            continue
        yield Mismatch(f"`{text}` is refused by NumPy, and gave a result", "plain arrays")
    theirs = None
    if peer is not None:
        try:
            theirs = execute(program, peer)
        except LineError as error:
            raise PeerError(error) from error
        yield from values_apart(program, mine, theirs, "PyTorch", precision)
    if not program.outputs:
        return
    try:
        finish(program, mine)
    except LineError as error:
        yield Mismatch(str(error), "")
        return
    for k, line in enumerate(program.lines):  # a backward pass changes no value
        if all(later.target != line.target for later in program.lines[k + 1 :]):
            got = mine.final(line.target)
            if text := differs(got, mine.values[k], precision):
                what = f"{line.target} after the backward pass: {text}"
                yield Mismatch(what, "before", line.target, got, mine.values[k])
    for line in program.starts:
        unused = dict(world.names)
        run(line.text, unused)
        if text := differs(mine.final(line.target), value(unused[line.target]), precision):
            yield Mismatch(f"{line.target} was written to: {text}", "before")
    if peer is not None:
        try:
            finish(program, theirs)
        except LineError as error:
            raise PeerError(error) from error
        yield from gradients_apart(program, mine, theirs, precision)
    elif not narrow:
        yield from slopes_apart(program, world, mine, arrays)


def values_apart(
    program: Program, mine: Run, other: Run, against: str, precision: str
) -> Iterator[Mismatch]:
    for line, got, expected in zip(program.lines, mine.values, other.values, strict=True):
        if text := differs(got, expected, precision):
            yield Mismatch(f"value of {line.target}: {text}", against, line.target, got, expected)
    for name in {line.target for line in (*program.leaves, *program.lines)}:
        got, expected = mine.final(name), other.final(name)
        if text := differs(got, expected, precision):
            yield Mismatch(f"{name} at the end: {text}", against, name, got, expected)


def gradients_apart(program: Program, mine: Run, theirs: Run, precision: str) -> Iterator[Mismatch]:
    pairs = [(f"{x.target}.grad", x.target, *(r.grad(x.target) for r in (mine, theirs)))
             for x in program.leaves]  # fmt: skip
    names = [*(line.target for line in program.leaves), *program.also]
    both = zip(names, *(r.names.get("grads", ()) for r in (mine, theirs)), strict=False)
    for i, (name, got, expected) in enumerate(both):
        pair = [None if g is None else value(g) for g in (got, expected)]
        pairs.append((f"grads[{i}]", name, *pair))
    for what, name, got, expected in pairs:
        got, expected = (np.zeros_like(mine.final(name)) if g is None else g
                         for g in (got, expected))  # fmt: skip
        if text := differs(got, expected, precision, slack=100):
            yield Mismatch(f"{what}: {text}", "PyTorch", what, got, expected)


def slopes_apart(program: Program, world: World, mine: Run, arrays: Run) -> Iterator[Mismatch]:
    """Along a random direction: our gradients, and differences of the values (of gradients
    of the order before, from the second on).
    """
    rng = np.random.default_rng(program.seed)
    at = {line.target: mine.final(line.target) for line in program.leaves}
    way = {}
    for name, x in at.items():
        v = rng.standard_normal(x.shape)
        way[name] = v + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else v
    starts = [mine.final(line.target) for line in program.starts]

    def loss(h: float) -> float:
        there = {name: at[name] + h * way[name] for name in at}
        if program.order > 1:
            result = execute(program, world, there)
            finish(program, result)
            return float(value(result.names["total"]))
        result = execute(program, World(), there, arrays.values)
        outs = [result.final(o) for o in program.outputs]
        return float(sum(np.sum(g * o).real for g, o in zip(starts, outs, strict=True)))

    if program.order > 1 and any(line.frozen for line in program.lines):
        return  # what is frozen would move
    once = program.style == "gradients" and program.order == 1
    slope = size = 0.0
    for i, name in enumerate(at):
        g = mine.names["grads"][i] if once else mine.grad(name)
        if g is not None:
            slope += float(np.sum(value(g) * way[name]).real)
            size += float(np.abs(np.vdot(np.abs(value(g)), np.abs(way[name]))))
    expected = np.nan
    for h in (1e-4, 1e-5, 1e-3, 1e-6):  # a step may cross a kink, or drown in rounding
        near, far = loss(h) - loss(-h), loss(2 * h) - loss(-2 * h)
        expected = (8 * near - far) / (12 * h)
        if program.order == 1 and not once:
            expected *= program.times
        if abs(slope - expected) <= 1e-5 * max(1.0, size):
            return
    what = f"slope along a random direction: {slope:.9g} instead of {expected:.9g}"
    yield Mismatch(what, "finite differences", "slope", slope, expected)


# Making a program small.


def whole(program: Program) -> list[Line]:
    return [*program.leaves, *program.lines, *program.starts, *program.weights]


def needed(program: Program) -> Program:
    """Without the lines that no output needs."""
    keep, wanted = [], {*program.outputs, *program.also}
    for line in reversed(program.lines):
        if line.target in wanted:
            keep.append(line)
            wanted |= line.reads
    return replace(program, lines=tuple(reversed(keep)))


def written(x: np.ndarray) -> str:
    """Text for this array."""
    if x.size > 40:
        text = f"rng(0).standard_normal({x.shape})"
        if x.dtype.kind == "c":
            text += f" + 1j * rng(1).standard_normal({x.shape})"
        return f"({text}).astype('{x.dtype}')"
    if x.size == 0:
        return f"np.zeros({x.shape}, '{x.dtype}')"
    return f"array({x.tolist()}, '{x.dtype}')"


def smaller(program: Program) -> Iterator[Program]:
    """Programs with a little less in them."""
    if program.order > 1:
        yield replace(program, order=program.order - 1)
    if program.also:
        yield replace(program, also=program.also[1:])
    if program.times > 1:
        yield replace(program, times=program.times - 1)
    if program.blocks:
        yield replace(program, blocks=False)
    if program.style == "gradients":
        yield replace(program, style="backward")
    for k in range(len(program.refused)):
        yield replace(program, refused=program.refused[:k] + program.refused[k + 1 :])
    yield replace(program, outputs=(), starts=())
    for k in range(len(program.outputs)):
        if len(program.outputs) > 1:
            rest = [x[:k] + x[k + 1 :] for x in (program.outputs, program.starts)]
            yield replace(program, outputs=rest[0], starts=rest[1])
    yield needed(program)
    arrays = execute(program, World())
    for k in reversed(range(len(program.lines))):  # end at another value
        line, x = program.lines[k], arrays.values[k]
        if x.dtype.kind in "fc" and program.outputs and line.target not in program.outputs:
            start = Line("g0", f"g0 = {written(np.ones_like(x))}")
            ended = replace(program, outputs=(line.target,), starts=(start,))
            yield replace(ended, lines=program.lines[: k + 1])
    for k, line in enumerate(program.lines):  # drop a line
        rest = program.lines[:k] + program.lines[k + 1 :]
        yield replace(program, lines=rest)
        if not line.in_place and line.reads:  # or give its value instead
            given = Line(line.target, f"{line.target} = {written(arrays.values[k])}")
            if arrays.values[k].dtype.kind in "fc" and len(program.leaves) == len(program.weights):
                weight = f"w{line.target[1:]}9"
                yield replace(
                    program,
                    leaves=(*program.leaves, given),
                    lines=rest,
                    weights=(*program.weights, Line(weight, f"{weight} = 1.0")),
                )
            yield replace(program, lines=(*program.lines[:k], given, *program.lines[k + 1 :]))
    for k, line in enumerate(program.leaves):
        if len(program.leaves) > 1:
            fewer = program.leaves[:k] + program.leaves[k + 1 :]
            lighter = program.weights[:k] + program.weights[k + 1 :]
            yield replace(program, leaves=fewer, weights=lighter)
            yield replace(program, leaves=fewer, weights=lighter, lines=(line, *program.lines))
    for k, line in enumerate(program.starts):
        x = World().names
        run(line.text, x)
        plainer = f"{line.target} = {written(np.ones_like(value(x[line.target])))}"
        if plainer != line.text:
            starts = (*program.starts[:k], Line(line.target, plainer), *program.starts[k + 1 :])
            yield replace(program, starts=starts)


def sensible(program: Program) -> bool:
    """Whether every name is made before it is read, gradients can reach the outputs, and only
    results change in place: a leaf must not, and a view of an array changes with it.
    """
    values = execute(program, World()).values
    leaves = {line.target for line in program.leaves}
    known, tensors, tracked = set(leaves), set(leaves), set(leaves)
    for line, x in zip(program.lines, values, strict=True):
        if line.in_place and line.target not in tensors - leaves:
            return False
        known.add(line.target)
        if x.dtype.kind in "fc":
            tensors |= {line.target} if line.reads & tensors else set()
            tracked |= {line.target} if line.reads & tracked and not line.frozen else set()
    asked = {n for text in program.refused for n in NAME.findall(text)}
    ends = {*program.outputs, *program.also}
    return bool(program.leaves) and asked <= known and ends <= tracked


def shrink(program: Program, failing: Callable[[Program], Any], tries: int = 2000) -> Program:
    """A small program that `failing` is still true of."""
    tried = {program}
    improved = True
    while improved:
        improved = False
        for candidate in smaller(program):
            if candidate in tried or tries == 0:
                continue
            tried.add(candidate)
            tries -= 1
            try:
                fails = sensible(candidate) and failing(candidate)
            except Exception:  # it is no program any more
                continue
            if fails:
                program, improved = candidate, True
                break
    return program


def printed(program: Program, mismatch: Mismatch) -> str:
    """The program as Python, with what it must give."""
    used = program.weights if program.order > 1 else ()
    blocks = BLOCKS if program.blocks else {}
    tracked = [f"{x.target} = Tensor({x.target}, requires_grad=True)" for x in program.leaves]
    out = [
        f"# seed {program.seed}: {mismatch}",
        "import numpy as np",
        "import nn.functional as F",
        "from autograd import Tensor, gradients, no_grad",
        "rng, array, detach = np.random.default_rng, np.array, Tensor.detach",
        *(f"import {m}, sys; sys.modules['{m}'].{n} = {size}" for (m, n), size in blocks.items()),
        *(line.text for line in program.leaves),
        *tracked,
        *(line.text for line in program.lines),
        *(f"{text}  # must raise" for text in program.refused),
        *(line.text for line in (*program.starts, *used)),
        *program.ending(),
    ]
    if isinstance(mismatch.expected, np.ndarray):
        for name, x in (("got", mismatch.got), ("expected", mismatch.expected)):
            shown = np.array2string(x, threshold=40, precision=9).replace("\n", "\n#     ")
            out.append(f"# {mismatch.name}, {name}: {x.dtype}{x.shape}\n#     {shown}")
    return "\n".join(out)
