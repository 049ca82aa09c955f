"""The table of what a line of a random program can be, and the generator that draws from it.

A step draws operands from the values there are, and writes a line. The generator runs it on plain
arrays at once, so a step sees values: it keeps away from kinks, ties and bounds, where conventions
differ (tests/test_traps.py has those), and what NumPy refuses becomes an expression that must
raise.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .programs import Line, Program, World, needed, run

STEPS: dict[str, tuple[int, Callable[[Generator], None]]] = {}
LARGEST = 1e3  # in magnitude: rounding stays far below what is compared
MOST = 6000  # elements


class SkipError(Exception):
    """This step does not fit these values."""


def step(weight: int = 1) -> Callable[[Any], Any]:
    def register(f: Any) -> Any:
        STEPS[f.__name__] = weight, f
        return f

    return register


def require(condition: Any) -> None:
    if not condition:
        raise SkipError


class Generator:
    """A program in the making: its lines, and the values on plain arrays."""

    def __init__(self, seed: int, wide: bool, only: Sequence[str]) -> None:
        self.seed, self.rng, self.wide = seed, np.random.default_rng(seed), wide
        self.only = list(only or STEPS)
        self.names = World().names
        self.leaves: list[Line] = []
        self.lines: list[Line] = []
        self.tracked: list[str] = []  # values that gradients flow through, oldest first
        self.others: list[str] = []
        self.tensors: set[str] = set()  # those that are no plain arrays
        self.used: list[str] = []
        self.count = 0

    # Drawing

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, items: Any) -> Any:
        items = list(items)
        require(items)
        return items[self.integer(0, len(items) - 1)]

    def shape(self, least: int = 0, most: int = 4) -> tuple[int, ...]:
        sides = self.rng.choice([0, 1, 2, 3, 4, 5], size=self.integer(least, most),
                                p=[0.03, 0.2, 0.27, 0.25, 0.15, 0.1])  # fmt: skip
        return tuple(int(n) for n in sides)

    def dtype(self) -> str:
        kinds = ["float64", "complex128"] if self.wide else ["float64", "complex128", "float32",
                                                             "complex64"]  # fmt: skip
        return str(self.rng.choice(kinds, p=[0.85, 0.15] if self.wide else [0.7, 0.13, 0.12, 0.05]))

    def noise(self, shape: tuple[int, ...], dtype: Any = "float64") -> str:
        """Text for an array of random numbers of this shape and dtype, in any memory layout."""
        dtype = np.dtype(dtype)

        def of(s: tuple[int, ...]) -> str:
            text = f"rng({self.integer(0, 9999)}).standard_normal({s})"
            if dtype.kind == "c":
                text = f"({text} + 1j * rng({self.integer(0, 9999)}).standard_normal({s}))"
            return text if dtype in ("f8", "c16") else f"{text}.astype(np.{dtype})"

        layout = self.integer(0, 9)
        if layout == 0:
            return f"{of(shape[::-1])}.T"
        if layout == 1 and shape:
            return f"{of(shape)}[::-1]"
        if layout == 2 and shape:
            return f"{of((*shape[:-1], 2 * shape[-1]))}[..., ::2]"
        if layout == 3:
            kept = tuple(n if self.chance(0.5) else 1 for n in shape)
            return f"np.broadcast_to({of(kept)}, {shape})"
        if layout == 4 and dtype.kind == "f":
            real, imaginary = (of(shape) for _ in "ab")
            return f"({real} + np.complex64(1j) * {imaginary}).real"
        if layout == 5 and len(shape) > 1:
            return f"np.moveaxis({of((shape[-1], *shape[:-1]))}, 0, -1)"
        if layout == 6:
            return f"np.asfortranarray({of(shape)})" if shape else of(shape)
        return of(shape)

    def value(self, name: str) -> Any:
        return self.names[name]

    def evaluated(self, expression: str) -> Any:
        try:
            return eval(expression, self.names)
        except IndexError as error:
            raise SkipError from error

    def pick(
        self,
        kinds: str = "fc",
        test: Callable[[Any], Any] = lambda v: True,
        tracked: float = 1.0,
    ) -> str:
        """The name of a value, rather a new one, of a kind of dtype and with a property."""
        pool = self.tracked if self.chance(tracked) else self.others
        found = [
            n for n in pool if self.value(n).dtype.kind in kinds and test(self.value(n))
        ]  # fmt: skip
        require(found)
        if self.chance(0.5):
            return found[-1 - min(int(self.rng.exponential(1.5)), len(found) - 1)]
        return self.choice(found)

    def like(self, x: str, shape: tuple[int, ...], p: float = 0.6) -> str:
        """A value of this shape and of the dtype of x: made of one that is there, or constant."""
        dtype = self.value(x).dtype
        if self.chance(p):
            for _ in range(4):
                other = self.choice(self.tracked)
                v = self.value(other)
                if v.dtype == dtype and v.size and v.shape != shape:
                    at = f"rng({self.integer(0, 9999)}).integers(0, {v.size}, {shape})"
                    return self.let(f"np.take({other}, {at}) + {self.noise(shape, dtype)}")
                if v.dtype == dtype and v.shape == shape:
                    return other
        return self.let(self.noise(shape, dtype))

    def partner(self, x: str) -> str:
        """Something that broadcasts with x: a value, a constant, or a Python number."""
        shape = self.value(x).shape
        if self.chance(0.1):
            return self.choice(["2", "0.5", "-1.5", "3", "np.float64(0.7)"])
        if self.chance(0.6):

            def fits(v: Any) -> bool:
                try:
                    return math.prod(np.broadcast_shapes(v.shape, shape)) <= MOST
                except ValueError:
                    return False

            try:
                return self.pick(test=fits, tracked=0.8)
            except SkipError:
                pass
        sides = [n if self.chance(0.6) else 1 for n in shape]
        sides = sides[self.integer(0, len(sides)) :] if self.chance(0.4) else sides
        if self.chance(0.2):
            sides = [self.integer(1, 3), *[n if self.chance(0.7) else 1 for n in shape]]
        sides = tuple(sides)
        kind = self.integer(0, 9)
        if kind == 0:
            return self.let(f"rng({self.integer(0, 9999)}).integers(-3, 4, {sides})")
        if kind == 1:
            return self.let(f"rng({self.integer(0, 9999)}).integers(0, 2, {sides}) > 0")
        return self.like(x, sides)

    def axis(self, ndim: int) -> int:
        require(ndim)
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> Any:
        """None, an axis, or several."""
        how = self.integer(0, 3)
        if how == 0 or not ndim:
            return None
        if how == 1:
            several = self.rng.permutation(ndim)[: self.integer(1, ndim)]
            return tuple(int(a) for a in several)
        return self.axis(ndim)

    def kept(self) -> str:
        return ", keepdims=True" if self.chance(0.4) else ""

    # Writing

    def let(self, expression: str, frozen: str = "", names: int = 1) -> str:
        """A line that gives this value, and its name."""
        name = f"t{self.count}"
        text = f"{name} = {expression}"
        if frozen == "detach":
            text = f"{name} = detach({expression})"
        elif frozen == "no_grad":
            text = f"with no_grad(): {text}"
        self.write(Line(name, text, bool(frozen)))
        self.count += 1
        return name

    def write(self, line: Line) -> None:
        before = self.names.get(line.target)
        before = None if before is None else before.copy()
        try:
            try:
                run(line.text, self.names)
            except Exception as error:
                raise SkipError(f"{line.text}: {error}") from error
            v = self.names[line.target]
            require(isinstance(v, np.ndarray | np.generic))
            require(v.size <= MOST and v.ndim <= 6 and not (self.wide and v.dtype in ("f4", "c8")))
            require(v.dtype.kind in "biu" or np.all(np.abs(v) < LARGEST))
        except SkipError:
            if before is not None:
                self.names[line.target] = before
            raise
        if line.reads:
            self.names[line.target] = np.array(v)
        self.lines.append(line)
        flows = v.dtype.kind in "fc" and not line.reads.isdisjoint(self.tensors)
        if flows:
            self.tensors.add(line.target)
        flows = not line.frozen and v.dtype.kind in "fc" and not line.reads.isdisjoint(self.tracked)
        self.others = [n for n in self.others if n != line.target]
        if line.target not in self.tracked:
            (self.tracked if flows else self.others).append(line.target)

    def draw(self) -> None:
        """One step; nothing, if it does not fit."""
        weights = np.array([STEPS[name][0] for name in self.only], float)
        name = str(self.rng.choice(self.only, p=weights / weights.sum()))
        lines, tracked, others = list(self.lines), list(self.tracked), list(self.others)
        try:
            STEPS[name][1](self)
            self.used.append(name)
        except SkipError:
            self.lines, self.tracked, self.others = lines, tracked, others


def generate(
    seed: int, wide: bool = False, only: Sequence[str] = (), length: int = 24
) -> tuple[Program, list[str]]:
    """The program of this seed, and the steps in it.

    `wide`: no single precision. `only`: from these steps. `length`: how many are tried at most.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        g = Generator(seed, wide, only)
        for k in range(g.integer(1, 3)):
            name = f"a{k}"
            shape = (g.integer(1, 4), g.integer(257, 300)) if g.chance(0.03) else g.shape()
            line = Line(name, f"{name} = {g.noise(shape, g.dtype())}")
            run(line.text, g.names)
            g.leaves.append(line)
            g.tracked.append(name)
            g.tensors.add(name)
        for _ in range(g.integer(2, length)):
            g.draw()
        return finished(g), g.used


def finished(g: Generator) -> Program:
    made = [n for n in g.tracked if n.startswith("t")] or g.tracked
    outputs = [made[-1]]
    outputs.extend(g.choice(made) for _ in range(g.integer(0, 2)))
    if g.chance(0.9):
        outputs = list(dict.fromkeys(outputs))
    starts, weights = [], []
    for k, o in enumerate(outputs):
        starts.append(Line(f"g{k}", f"g{k} = {g.noise(g.value(o).shape, g.value(o).dtype)}"))
    for k, line in enumerate(g.leaves):
        v = g.value(line.target)
        weights.append(Line(f"w{k}", f"w{k} = {g.noise(v.shape, v.dtype)}"))
    program = Program(
        g.seed,
        tuple(g.leaves),
        tuple(g.lines),
        tuple(outputs),
        tuple(starts),
        tuple(weights),
        g.choice(["backward", "gradients"]),
        tuple(g.choice(made) for _ in range(g.integer(0, 1))),
        g.choice([1, 1, 1, 1, 1, 1, 1, 2, 2, 3] if g.chance(0.8) else [2]),
        2 if g.chance(0.15) else 1,
        tuple(wrong(g)) if g.chance(0.3) else (),
        g.chance(0.4),
    )
    return needed(program) if g.chance(0.3) else program


# Elementwise

#: A function, and what is done first to reach its domain and stay away from kinks.
UNARY = {
    "exp": "{}", "expm1": "{}", "exp2": "{}", "sin": "{}", "cos": "{}", "tanh": "{}",
    "sinh": "np.tanh({})", "cosh": "{}", "arctan": "{}", "arcsinh": "{}", "square": "{}",
    "negative": "{}", "tan": "np.sin({})", "arcsin": "0.9 * np.sin({})", "sinc": "{} + 0.1",
    "arccos": "0.9 * np.sin({})", "arctanh": "0.9 * np.sin({})", "log": "1.5 + np.sin({})",
    "log1p": "0.9 * np.cos({})", "log2": "1.5 + np.sin({})", "log10": "1.5 + np.sin({})",
    "sqrt": "1.2 + np.sin({})", "reciprocal": "1.3 + np.sin({})", "arccosh": "2.5 + np.sin({})",
    "absolute": "{}", "sign": "{}", "floor": "{}", "conj": "{}", "real": "{}", "imag": "{}",
}  # fmt: skip
COMPLEX = ["exp", "sin", "cos", "tanh", "square", "negative", "conj", "real", "imag", "absolute",
           "reciprocal", "angle", "arctan"]  # fmt: skip


def apart(v: Any, gap: float = 2e-3) -> bool:
    """Whether all values differ by more than `gap`."""
    flat = np.sort(np.ravel(v))
    return bool(np.all(np.diff(flat) > gap))


def clear_of(v: Any, *points: float) -> bool:
    """Whether no value is close to these."""
    return all(bool(np.all(np.abs(v - p) > 2e-3)) for p in points)


def steady(x: Any) -> bool:
    """Whether values are small enough for functions that bend fast."""
    return bool(np.all(np.abs(x) < 4))


@step(14)
def unary(g: Generator) -> None:
    x = g.pick()
    v = g.value(x)
    if v.dtype.kind == "c":
        name, inner = g.choice(COMPLEX), x
        require(steady(v.real) and steady(v.imag))
        if name in ("absolute", "angle", "reciprocal"):
            require(np.all(np.abs(v) > 0.05))
            require(name != "angle" or np.all((v.real > 0) | (np.abs(v.imag) > 2e-3)))
        if name == "tanh":
            require(np.all(np.abs(np.cosh(v)) > 0.1))
        if name == "arctan":
            inner = f"0.5 * np.sin(np.real({x}))"
    else:
        name = g.choice(UNARY)
        inner = UNARY[name].format(x)
        require(steady(v) or name not in ("exp", "expm1", "exp2", "cosh", "square"))
        if name in ("absolute", "sign"):
            require(clear_of(v, 0))
        if name == "floor":
            require(clear_of(v - np.round(v), 0))
        if name == "sinc":
            require(clear_of(v, -0.1))
    g.let(f"np.{name}({inner})")


@step(12)
def binary(g: Generator) -> None:
    x = g.pick()
    y = g.partner(x)
    if g.chance(0.3):
        x, y = y, x
    text = g.choice(["{} + {}", "{} - {}", "{} * {}", "{} * {}", "np.add({}, {})",
                     "np.subtract({}, {})", "np.multiply({}, {})"])  # fmt: skip
    if "sub" in text or "-" in text:
        require(not any(n in g.names and g.value(n).dtype == bool for n in (x, y)))
    g.let(text.format(x, y))


@step(4)
def quotient(g: Generator) -> None:
    x = g.pick()
    y = g.partner(x)
    if y in g.names and g.value(y).dtype.kind == "f":
        y = f"(1.5 + np.sin({y}))"
    elif y in g.names:
        require(np.all(np.abs(g.value(y)) > 0.1))
    if g.chance(0.3):
        y2 = f"(1.5 + np.cos({x}))" if g.value(x).dtype.kind == "f" else None
        require(y2)
        x, y = y, y2
    g.let(f"{x} / {y}")


@step(4)
def power(g: Generator) -> None:
    x = g.pick("f", steady)
    how = g.integer(0, 4)
    if how == 0:
        g.let(f"{x} ** {g.choice([2, 3, 2.0, 1, 0])}")
    elif how == 1:
        g.let(f"(1.5 + np.sin({x})) ** {g.choice([0.5, -1, -0.5, 2.5])}")
    elif how == 2:
        g.let(f"{g.choice([2.0, 0.5, 1.7])} ** {x}")
    elif how == 3:
        y = g.partner(x)
        require(y not in g.names or (g.value(y).dtype.kind == "f" and steady(g.value(y))))
        g.let(f"np.power(1.5 + np.sin({x}), {y})")
    else:
        y = g.pick("f", lambda v: v.shape == g.value(x).shape)
        g.let(f"np.{g.choice(['logaddexp', 'logaddexp2', 'logaddexp'])}({x}, {y})")


@step(4)
def either(g: Generator) -> None:
    """maximum, minimum, hypot, arctan2, away from ties and the origin."""
    x = g.pick("f")
    y = g.partner(x)
    b = g.evaluated(y)
    require(np.asarray(b).dtype.kind == "f")
    name = g.choice(["maximum", "minimum", "hypot", "arctan2"])
    a = g.value(x)
    if name in ("maximum", "minimum"):
        require(clear_of(a - b, 0))
    else:
        require(np.all(np.hypot(a, b) > 0.05))
        require(name == "hypot" or np.all((np.abs(a + 0 * b) > 2e-3) | (b > 0)))
    g.let(f"np.{name}({x}, {y})")


@step(4)
def clipped(g: Generator) -> None:
    x = g.pick("f")
    low, high = g.choice([(-0.5, 0.8), (None, 0.3), (-0.2, None), (-1, 1)])
    require(clear_of(g.value(x), *(b for b in (low, high) if b is not None)))
    g.let(f"np.clip({x}, {low}, {high})" if g.chance(0.6) else f"{x}.clip({low}, {high})")


@step(4)
def compared(g: Generator) -> None:
    x = g.pick("f")
    y = g.choice(["0", "0.3", "-0.4"]) if g.chance(0.5) else g.pick(
        "f", lambda v: v.shape == g.value(x).shape and clear_of(v - g.value(x), 0)
    )  # fmt: skip
    if y not in g.names:
        require(clear_of(g.value(x), float(y)))
    g.let(f"{x} {g.choice('<>')} {y}")


@step(5)
def where(g: Generator) -> None:
    x = g.pick()
    y = g.partner(x)
    require(y not in g.names or g.value(y).dtype.kind in "fc")
    if g.chance(0.5):
        mask = g.pick("b", tracked=0)
    else:
        shape = tuple(n if g.chance(0.7) else 1 for n in g.value(x).shape)
        mask = f"rng({g.integer(0, 99)}).random({shape}) > 0.5"
    if g.chance(0.3):
        x, y = y, x
    g.let(f"np.where({mask}, {x}, {y})")


@step(3)
def cast(g: Generator) -> None:
    x = g.pick()
    kinds = ["float64", "complex128"] + ["float32", "complex64"] * (not g.wide)
    to = g.choice([k for k in kinds if g.value(x).dtype.kind in ("f", np.dtype(k).kind)])
    g.let(f"{x}.astype(np.{to})")


# Reductions and running functions


@step(10)
def reduction(g: Generator) -> None:
    x = g.pick()
    v = g.value(x)
    axis = g.axes(v.ndim)
    name = g.choice(["sum", "mean", "sum", "mean", "prod", "var", "std", "max", "min", "norm"])
    counted = math.prod(v.shape[a] for a in (range(v.ndim) if axis is None else np.ravel(axis)))
    if name != "sum" and name != "prod":
        require(counted)
    require(v.dtype.kind == "f" or name in ("sum", "mean", "prod"))
    extra = ""
    if name in ("max", "min"):
        require(apart(v))
    if name in ("var", "std", "norm"):
        require(counted > 1)
        spread = np.linalg.norm(v, axis=axis) if name == "norm" and np.ndim(axis) == 0 and (
            axis is not None) else np.std(v, axis=axis)  # fmt: skip
        require(np.all(spread > 0.05))
        extra = g.choice(["", ", ddof=1"]) if name != "norm" else ""
    if name == "norm":
        require(axis is None or isinstance(axis, int))
        require(axis is not None or v.ndim)
        g.let(f"np.linalg.norm({x}, axis={axis}{g.kept()})")
        return
    if g.chance(0.3):
        g.let(f"{x}.{name}(axis={axis}{extra}{g.kept()})")
    else:
        g.let(f"np.{name}({x}, axis={axis}{extra}{g.kept()})")


@step(5)
def running(g: Generator) -> None:
    x = g.pick()
    v = g.value(x)
    name = g.choice(["cumsum", "cumprod", "sort", "diff", "logsumexp"])
    axis = g.axis(v.ndim) if g.chance(0.85) else None
    if name == "sort":
        require(v.dtype.kind == "f" and v.ndim and apart(v))
    if name == "diff":
        require(axis is not None)
        g.let(f"np.diff({x}, n={g.integer(1, 2)}, axis={axis})")
    elif name == "logsumexp":
        require(v.dtype.kind == "f" and v.size)
        g.let(f"F.logsumexp({x}, axis={g.axes(v.ndim)}{g.kept()})")
    else:
        g.let(f"np.{name}({x}, axis={axis})")


@step(2)
def position(g: Generator) -> None:
    """argmax, argsort: integers to index with."""
    x = g.pick("f", lambda v: v.ndim and v.size and apart(v))
    name = g.choice(["argmax", "argmin", "argsort"])
    axis = g.axis(g.value(x).ndim)
    g.let(f"np.{name}({x}, axis={axis})")
    if name == "argsort":
        at = g.others[-1]
        g.let(f"np.take_along_axis({x}, {at}, axis={axis})")


@step(4)
def statistic(g: Generator) -> None:
    x = g.pick("f", lambda v: v.ndim and v.size)
    v = g.value(x)
    axis = g.axis(v.ndim)
    name = g.choice(["average", "ptp", "quantile", "gradient", "trapezoid", "median"])
    if name == "average":
        weights = g.let(f"1.5 + np.sin({g.like(x, v.shape)})")
        g.let(f"np.average({x}, axis={axis}, weights={weights})")
    elif name == "gradient":
        require(v.shape[axis] > 1)
        g.let(f"np.gradient({x}, axis={axis})")
    elif name == "trapezoid":
        g.let(f"np.trapezoid({x}, axis={axis})")
    else:
        require(apart(v))
        require(name != "median" or v.shape[axis] % 2)
        at = f", {g.choice([0.1, 0.37, 0.81])}" if name == "quantile" else ""
        g.let(f"np.{name}({x}{at}, axis={axis}{g.kept()})")


# Shapes


def factored(g: Generator, n: int) -> tuple[int, ...]:
    """A shape of n elements."""
    if n == 0:
        return g.choice([(0,), (2, 0), (0, 3, 1)])
    sides = []
    while n > 1 and len(sides) < 3:
        side = g.choice([d for d in range(1, n + 1) if n % d == 0])
        sides.append(side)
        n //= side
    return (*sides, n) if n > 1 else tuple(sides)


@step(12)
def reshaped(g: Generator) -> None:
    x = g.pick(tracked=0.95)
    v = g.value(x)
    n = v.ndim
    how = g.choice(["reshape", "T", "transpose", "moveaxis", "swapaxes", "broadcast_to", "ravel",
                    "expand_dims", "squeeze", "flip", "roll", "rot90", "repeat", "tile", "method",
                    "diagonal", "pad", "tril", "atleast_2d", "copy"])  # fmt: skip
    if how == "reshape":
        shape = factored(g, v.size)
        if v.size and shape and g.chance(0.3):
            k = g.integer(0, len(shape) - 1)
            shape = (*shape[:k], -1, *shape[k + 1 :])
        g.let(f"np.reshape({x}, {shape})" if g.chance(0.5) else f"{x}.reshape({shape})")
    elif how == "T":
        g.let(f"{x}.T")
    elif how in ("transpose", "method"):
        order = tuple(int(a) for a in g.rng.permutation(n))
        require(order)
        inside = ", ".join(map(str, order))
        g.let(f"np.transpose({x}, {order})" if how == "transpose" else f"{x}.transpose({inside})")
    elif how == "moveaxis" or how == "swapaxes":
        g.let(f"np.{how}({x}, {g.axis(n)}, {g.axis(n)})")
    elif how == "broadcast_to":
        shape = tuple(g.integer(1, 3) if k == 1 else k for k in v.shape)
        if g.chance(0.4):
            shape = (g.integer(0, 3), *shape)
        g.let(f"np.broadcast_to({x}, {shape})")
    elif how in ("ravel", "atleast_2d"):
        g.let(f"np.{how}({x})")
    elif how == "expand_dims":
        g.let(f"np.expand_dims({x}, {g.integer(-n - 1, n)})")
    elif how == "squeeze":
        g.let(f"np.squeeze({x})" if g.chance(0.5) else
              f"np.squeeze({x}, {g.choice([a for a in range(n) if v.shape[a] == 1])})")  # fmt: skip
    elif how == "flip":
        g.let(f"np.flip({x}, {g.axes(n)})")
    elif how == "roll":
        axis = g.axes(n)
        by = g.integer(-3, 3) if np.ndim(axis) == 0 else tuple(g.integer(-3, 3) for _ in axis)
        g.let(f"np.roll({x}, {by}, {axis})")
    elif how == "rot90":
        require(n >= 2)
        g.let(f"np.rot90({x}, {g.integer(-1, 3)})")
    elif how == "repeat":
        axis = g.choice([None, g.axis(n)])
        length = v.size if axis is None else v.shape[axis]
        counts = g.integer(0, 3) if g.chance(0.5) else [g.integer(0, 2) for _ in range(length)]
        g.let(f"np.repeat({x}, {counts}, axis={axis})")
    elif how == "tile":
        g.let(f"np.tile({x}, {tuple(g.integer(1, 2) for _ in range(g.integer(1, 3)))})")
    elif how == "diagonal":
        require(n >= 2)
        g.let(f"np.diagonal({x}, {g.integer(-1, 1)})")
    elif how == "pad":
        widths = [(g.integer(0, 2), g.integer(0, 2)) for _ in range(n)]
        require(widths)
        g.let(f"np.pad({x}, {widths}, constant_values={g.choice([0.0, 1.5])})")
    elif how == "tril":
        require(n >= 2)
        g.let(f"np.{g.choice(['tril', 'triu'])}({x}, {g.integer(-1, 1)})")
    else:
        g.let(f"{x}.copy()")


@step(6)
def joined(g: Generator) -> None:
    x = g.pick()
    shape = g.value(x).shape
    if g.chance(0.4):
        others = [g.like(x, shape) for _ in range(g.integer(0, 2))]
        axis = g.integer(-len(shape) - 1, len(shape))
        g.let(f"np.stack([{', '.join([x, *others])}], axis={axis})")
        return
    axis = g.axis(len(shape))
    parts = [x]
    for _ in range(g.integer(0, 2)):
        sides = list(shape)
        sides[axis] = g.integer(0, 3)
        parts.append(g.like(x, tuple(sides)))
    if g.chance(0.3):
        parts.append(x)
    order = [parts[i] for i in g.rng.permutation(len(parts))]
    g.let(f"np.concatenate([{', '.join(order)}], axis={axis})")


@step(3)
def stacked(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim)
    v = g.value(x)
    name = g.choice(["hstack", "vstack", "dstack", "append", "delete", "diag", "trace"])
    if name in ("hstack", "vstack", "dstack"):
        g.let(f"np.{name}([{x}, {g.like(x, v.shape)}])")
    elif name == "append":
        g.let(f"np.append({x}, {g.like(x, g.shape(0, 2))})")
    elif name == "delete":
        axis = g.axis(v.ndim)
        require(v.shape[axis])
        g.let(f"np.delete({x}, {g.integer(0, v.shape[axis] - 1)}, axis={axis})")
    elif name == "diag":
        require(v.ndim <= 2)
        g.let(f"np.diag({x}, {g.integer(-1, 1)})")
    else:
        require(v.ndim == 2)
        g.let(f"np.trace({x})")


@step(4)
def cut(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim and v.size)
    v = g.value(x)
    axis = g.axis(v.ndim)
    n = v.shape[axis]
    how = g.integer(0, 2)
    if how == 0:
        k = g.integer(1, n)
        g.let(f"np.array_split({x}, {k}, axis={axis})[{g.integer(0, k - 1)}]")
    elif how == 1:
        a, b = sorted((g.integer(0, n), g.integer(0, n)))
        g.let(f"np.split({x}, [{a}, {b}], axis={axis})[{g.integer(0, 2)}]")
    else:
        require(v.shape[0] > 1)
        g.let(f"sum(row * (i + 1) for i, row in enumerate({x}))")


# Indexing


def one_index(g: Generator, n: int) -> str:
    """An index of one axis of n elements."""
    how = g.integer(0, 5)
    if how == 0:
        require(n)
        return str(g.integer(-n, n - 1))
    if how <= 2:
        a, b, s = (g.choice(["", "", g.integer(-n - 1, n + 1)]) for _ in "abc")
        s = g.choice(["", "", "-1", "2", "-2"])
        return f"{a}:{b}:{s}" if s else f"{a}:{b}"
    if how == 3:
        require(n)
        return str([g.integer(-n, n - 1) for _ in range(g.integer(1, 4))])
    if how == 4:
        require(n)
        return f"rng({g.integer(0, 99)}).integers({-n}, {n}, {g.shape(1, 2)})"
    return f"rng({g.integer(0, 99)}).random({n}) > 0.4"


def index(g: Generator, shape: tuple[int, ...]) -> str:
    """Text between the brackets, in any form that NumPy has."""
    how = g.integer(0, 9)
    if how == 0 and shape:
        return f"rng({g.integer(0, 99)}).random({shape}) > 0.5"
    if how == 1 and shape:
        first = f"{one_index(g, shape[0])}, " if len(shape) > 1 else ""
        return f"{first}..., {one_index(g, shape[-1])}"
    if how == 2 and len(shape) > 1:  # integer arrays that broadcast with each other
        require(shape[0] and shape[1])
        rows = f"rng({g.integer(0, 99)}).integers(0, {shape[0]}, ({g.integer(1, 3)}, 1))"
        columns = f"rng({g.integer(0, 99)}).integers({-shape[1]}, {shape[1]}, {g.integer(1, 4)})"
        return f"{rows}, {columns}"
    if how == 3 and len(shape) > 2:  # integer arrays with a slice between: their axis moves ahead
        require(shape[0] and shape[2])
        picked = [f"[{g.integer(0, n - 1)}, {g.integer(-n, -1)}]" for n in (shape[0], shape[2])]
        return f"{picked[0]}, :, {picked[1]}"
    if how == 4:
        return g.choice(["...", "None", "()", "..., None", "None, ..."])
    parts = []
    for n in shape[: g.integer(0, len(shape))]:
        if g.chance(0.1):
            parts.append("None")
        part = one_index(g, n)
        simple = part.lstrip("-").isdigit() or ":" in part
        if not simple and any(p.startswith(("[", "rng")) for p in parts):
            part = ":"  # one array; several that broadcast are above
        parts.append(part)
    return ", ".join(parts) or "..."


@step(14)
def indexed(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim, tracked=0.97)
    if g.chance(0.15):
        v = g.value(x)
        mask = g.pick("b", lambda m: m.ndim and m.shape == v.shape[: m.ndim], tracked=0)
        g.let(f"{x}[{mask}]")
    else:
        g.let(f"{x}[{index(g, g.value(x).shape)}]")


@step(3)
def large_gather(g: Generator) -> None:
    """More than 1000 elements, with repeats; then often a sum, whose gradient is broadcast."""
    x = g.pick(test=lambda v: v.ndim and v.size)
    shape = g.value(x).shape
    k = g.integer(0, len(shape) - 1)
    others = math.prod(shape) // shape[k]
    count = 1001 // others + g.integer(1, 300)
    form = g.choice([(count,), (count // 4 + 1, 4), (2, count // 2 + 1)])
    at = f"rng({g.integer(0, 99)}).integers({-shape[k]}, {shape[k]}, {form})"
    how = g.integer(0, 3)
    if how == 0:
        y = g.let(f"np.take({x}, {at}, axis={k})")
    elif how == 1 and g.value(x).dtype.kind == "f" and len(shape) == 2 and k == 0:
        at = at.replace(f"({-shape[k]},", "(0,")
        y = g.let(f"F.embedding({at}, {x})")
    else:
        y = g.let(f"{x}[{':, ' * k}{at}]")
    ndim = g.value(y).ndim
    how = g.integer(0, 4)
    if how == 0:
        g.let(f"np.mean({y}, axis={g.axes(ndim)})")
    elif how == 1:
        g.let(f"{y}.T * {g.noise(g.value(y).shape[::-1], g.value(y).dtype)}")
    elif how == 2:
        g.let(f"{y}[::-1]")
    elif how == 3:
        g.let(f"np.sum({y}[::{g.choice([-1, 2, 3])}], axis=0)")


@step(2)
def along_axis(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim and v.size)
    v = g.value(x)
    k = g.integer(0, v.ndim - 1)
    form = (*v.shape[:k], g.integer(1, 5), *v.shape[k + 1 :])
    at = f"rng({g.integer(0, 99)}).integers(0, {v.shape[k]}, {form})"
    g.let(f"np.take_along_axis({x}, {at}, axis={k})")


# In place


def handle(g: Generator, kinds: str = "fc", **options: Any) -> str:
    """A value that may change: a Tensor, and no leaf."""
    free = g.tensors - {line.target for line in g.leaves}
    x = g.pick(kinds, tracked=0.85, **options)
    require(x in free)
    return x


@step(8)
def changed(g: Generator) -> None:
    x = handle(g)
    v = g.value(x)
    y = g.partner(x)
    if y in g.names:
        require(y != x or g.chance(0.3))
        other = g.value(y)
        require(np.broadcast_shapes(v.shape, other.shape) == v.shape)
        require(np.can_cast(np.result_type(v, other), v.dtype, "same_kind"))
    operator = g.choice(["+", "-", "*", "+"])
    require(operator != "-" or y not in g.names or g.value(y).dtype != bool)
    g.write(Line(x, f"{x} {operator}= {y}"))


@step(8)
def assigned(g: Generator) -> None:
    x = handle(g)
    v = g.value(x)
    where = index(g, v.shape)
    shape = np.shape(g.evaluated(f"{x}[{where}]"))
    sides = tuple(n if g.chance(0.7) else 1 for n in shape)
    sides = sides[g.integer(0, len(sides)) :] if g.chance(0.4) else sides
    if g.chance(0.2):
        y = g.choice(["0", "1.5", "-2.0"])
    elif g.chance(0.3):
        y = g.like(x, (1, *sides))
    else:
        y = g.like(x, sides)
    operator = g.choice(["=", "=", "=", "+=", "*="])
    g.write(Line(x, f"{x}[{where}] {operator} {y}"))


# Products


@step(8)
def product(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim)
    a = g.value(x)
    how = g.integer(0, 6)
    if how <= 2:
        n, k = a.shape[-1], g.integer(1, 4)
        right = g.choice([(n,), (n, k), (*(1 if g.chance(0.5) else s for s in a.shape[:-2]), n, k),
                          (2, *([1] * max(0, a.ndim - 2)), n, k)])  # fmt: skip
        y = g.like(x, right)
        if g.chance(0.3) and a.ndim >= 2:
            y = g.like(x, (*right[:-2], k, a.shape[-2]) if len(right) > 1 else (a.shape[-2],))
            x, y = y, x
        g.let(f"{x} @ {y}" if g.chance(0.6) else f"np.matmul({x}, {y})")
    elif how == 3:
        y = g.like(x, (*g.shape(0, 1), a.shape[-1], g.integer(1, 3)))
        g.let(f"np.dot({x}, {y})")
    elif how == 4:
        y = g.like(x, (*g.shape(0, 2), a.shape[-1]))
        g.let(f"np.inner({x}, {y})")
    elif how == 5:
        k = g.integer(0, min(2, a.ndim))
        y = g.like(x, (*a.shape[a.ndim - k :], *g.shape(0, 2)))
        g.let(f"np.tensordot({x}, {y}, axes={k})")
    else:
        y = g.pick(test=lambda v: v.size * a.size <= MOST)
        g.let(f"np.outer({x}, {y})")


@step(7)
def summed_products(g: Generator) -> None:
    """einsum, of one to three operands."""
    size = {letter: g.integer(1, 4) for letter in "abcde"}
    specs, operands = [], []
    for k in range(g.integer(1, 3)):
        x = g.pick(test=lambda v: v.ndim <= 4)
        letters = ""
        if k == 0:
            letters = "".join(str(c) for c in g.rng.permutation(list("abcde"))[: g.value(x).ndim])
            size |= dict(zip(letters, g.value(x).shape, strict=True))
            operands.append(x)
        else:
            letters = "".join(g.choice("abcde") for _ in range(g.integer(0, 3)))
            sides = tuple(1 if g.chance(0.08) and letters.count(c) == 1 else size[c]
                          for c in letters)  # fmt: skip
            operands.append(g.like(operands[0], sides, 0.7))
        specs.append(letters)
    present = sorted(set("".join(specs)))
    kept = g.rng.permutation(present)[: g.integer(0, min(3, len(present)))] if present else []
    out = "->" + "".join(str(c) for c in kept) if g.chance(0.8) else ""
    g.let(f"np.einsum('{','.join(specs)}{out}', {', '.join(operands)})")


@step(2)
def matrix(g: Generator) -> None:
    x = g.pick("f", lambda v: v.size)
    n = g.integer(1, 3)
    shape = (*g.shape(0, 1), n, n)
    require(0 not in shape)
    y = g.like(x, shape)
    eye = f"np.eye({n}, dtype=np.{g.value(x).dtype})"
    regular = g.let(f"0.3 * np.tanh({y}) + 2 * {eye}")
    how = g.integer(0, 8)
    if how == 0:
        g.let(f"np.linalg.inv({regular})")
    elif how == 3:
        g.let(f"np.linalg.slogdet({regular})[1]")
    elif how == 4:
        g.let(f"np.linalg.cholesky({regular} @ {regular}.mT)")
    elif how == 5:
        name = g.choice(["eigvalsh", "svdvals"])
        spread = f"np.diag(np.arange({n}) * np.{g.value(x).dtype}(2))"
        m = g.let(f"{regular} + {regular}.mT + {spread}")
        g.let(f"np.linalg.{name}({m})")
    elif how == 6:
        g.let(f"np.linalg.matrix_power({regular}, {g.choice([-2, -1, 2, 3])})")
    elif how == 7:
        g.let(f"np.linalg.pinv({regular})")
    elif how == 1:
        g.let(f"np.linalg.det({regular})")
    else:
        g.let(f"np.linalg.solve({regular}, {g.like(x, (*shape[:-1], 2))})")


@step(2)
def fourier(g: Generator) -> None:
    x = g.pick(test=lambda v: v.ndim and v.size)
    axis = g.axis(g.value(x).ndim)
    name = g.choice(["fft", "ifft", "rfft"])
    require(g.value(x).dtype.kind == "f" or name != "rfft")
    g.let(f"np.fft.{name}({x}, n={g.choice([None, 3, 6])}, axis={axis})")


# nn.functional

#: Activations, and where their kinks are.
ACTIVATIONS: dict[str, tuple[float, ...]] = {
    "relu({})": (0,), "leaky_relu({}, 0.1)": (0,), "elu({}, 0.7)": (0,), "celu({}, 2.0)": (0,),
    "selu({})": (0,), "gelu({})": (), "gelu({}, approximate='tanh')": (), "silu({})": (),
    "mish({})": (), "softplus({})": (), "softplus({}, 2.0)": (), "softsign({})": (0,),
    "sigmoid({})": (), "tanh({})": (), "tanhshrink({})": (), "log_sigmoid({})": (),
    "hardtanh({})": (-1, 1), "relu6({})": (0, 6), "hardsigmoid({})": (-3, 3),
    "hardswish({})": (-3, 3), "hardshrink({})": (-0.5, 0.5), "softshrink({})": (-0.5, 0.5),
    "threshold({}, 0.2, 0.7)": (0.2,), "erf({})": (), "rrelu({})": (0,),
}  # fmt: skip


@step(7)
def activation(g: Generator) -> None:
    x = g.pick("f", steady)
    text, kinks = g.choice(ACTIVATIONS.items())
    require(clear_of(g.value(x), *kinks))
    g.let(f"F.{text.format(x)}")


@step(5)
def over_axis(g: Generator) -> None:
    x = g.pick("f", lambda v: v.ndim and v.size)
    v = g.value(x)
    axis = g.axis(v.ndim)
    name = g.choice(["softmax", "log_softmax", "softmin", "glu", "normalize"])
    if name == "glu":
        require(v.shape[axis] % 2 == 0)
    if name == "normalize":
        require(np.all(np.linalg.norm(v, axis=axis) > 0.05))
    g.let(f"F.{name}({x}, axis={axis})")


def volume(g: Generator, least: int = 2, most: int = 6, dims: int = 0) -> tuple[str, int]:
    """A value of shape (batch, channels, *sizes), and how many sizes there are."""
    n = dims or g.choice([1, 1, 2, 2, 3])
    if g.chance(0.3):
        try:
            fits = lambda v: v.ndim == n + 2 and min(v.shape) > 0 and min(v.shape[2:]) >= least  # noqa: E731
            return g.pick("f", fits), n
        except SkipError:
            pass
    x = g.pick("f", lambda v: v.size)
    most = most if n < 3 else 4
    sizes = tuple(g.integer(least, max(least, most)) for _ in range(n))
    return g.like(x, (g.integer(1, 3), g.choice([1, 2, 3, 4]), *sizes), p=1.0), n


@step(5)
def convolution(g: Generator) -> None:
    x, n = volume(g)
    channels = g.value(x).shape[1]
    groups = g.choice([d for d in (1, 1, channels, 2) if channels % d == 0])
    out = groups * g.integer(1, 2)
    kernel = tuple(g.integer(1, 3) for _ in range(n))
    bias = g.like(x, (out,)) if g.chance(0.5) else "None"
    stride, dilation = g.integer(1, 2), g.choice([1, 1, 2])
    if g.chance(0.7):
        w = g.like(x, (out, channels // groups, *kernel))
        padding = g.choice([0, 1, 2, (1, 0, 2)[:n]])
        if stride == 1 and g.chance(0.15):
            padding = "'same'"
        g.let(f"F.conv{n}d({x}, {w}, {bias}, stride={stride}, padding={padding}, "
              f"dilation={dilation}, groups={groups})")  # fmt: skip
    else:
        w = g.like(x, (channels, out // groups, *kernel))
        extra = g.choice([0, 1]) if stride == 2 or dilation == 2 else 0
        g.let(f"F.conv_transpose{n}d({x}, {w}, {bias}, stride={stride}, padding={g.choice([0, 1])}"
              f", output_padding={extra}, groups={groups}, dilation={dilation})")  # fmt: skip


@step(5)
def pooled(g: Generator) -> None:
    x, n = volume(g)
    kernel = g.integer(1, 3)
    stride = g.choice([None, 1, 2, 3])
    padding = g.integer(0, kernel // 2)
    ceil = g.choice([True, False])
    how = g.integer(0, 6)
    if how == 5:
        require(n < 3)
        g.let(f"F.lp_pool{n}d(1.5 + np.sin({x}), {g.choice([2.0, 3.0])}, {kernel}, stride={stride}"
              f", ceil_mode={ceil})")  # fmt: skip
    elif how == 6:
        require(n == 2 and apart(g.value(x), 5e-4))
        g.let(f"F.max_unpool2d(*F.max_pool2d({x}, 2, return_indices=True), 2)")
    elif how <= 1:
        require(apart(g.value(x), 5e-4))
        dilation = g.choice([1, 1, 2])
        g.let(f"F.max_pool{n}d({x}, {kernel}, stride={stride}, padding={padding}, "
              f"dilation={dilation}, ceil_mode={ceil})")  # fmt: skip
    elif how == 2:
        require(n < 3 or min(g.value(x).shape[2:]) >= kernel)  # PyTorch's limit in 3d
        g.let(f"F.avg_pool{n}d({x}, {kernel}, stride={stride}, padding={padding}, "
              f"ceil_mode={ceil}, count_include_pad={g.choice([True, False])})")  # fmt: skip
    else:
        if g.choice([True, False]):
            require(apart(g.value(x), 5e-4))
            name = "max"
        else:
            name = "avg"
        sizes = tuple(g.integer(1, 5) for _ in range(n))
        g.let(f"F.adaptive_{name}_pool{n}d({x}, {sizes})")


@step(5)
def normalised(g: Generator) -> None:
    x, n = volume(g)
    v = g.value(x)
    c = v.shape[1]
    how = g.choice(["batch", "layer", "group", "instance", "rms", "local"])
    scale, shift = (g.like(x, (c,)), g.like(x, (c,))) if g.chance(0.6) else ("None",) * 2
    if how == "batch":
        require(v.size // c > 1 and np.all(v.std(axis=(0, *range(2, n + 2))) > 0.05))
        g.let(f"F.batch_norm({x}, None, None, {scale}, {shift}, training=True)")
    elif how in ("layer", "rms"):
        k = g.integer(1, n + 1)
        shape = v.shape[-k:]
        away = tuple(range(v.ndim - k, v.ndim))
        require(math.prod(shape) > 1 and np.all(v.std(axis=away) > 0.05))
        if g.chance(0.6):
            scale, shift = g.like(x, shape), g.like(x, shape)
        else:
            scale = shift = "None"
        shift = f", {shift}" if how == "layer" else ""
        g.let(f"F.{how}_norm({x}, {shape}, {scale}{shift})")
    elif how == "group":
        groups = g.choice([d for d in (1, 2, 3, 4) if c % d == 0])
        split = v.reshape(v.shape[0], groups, -1)
        require(split.shape[-1] > 1 and np.all(split.std(axis=-1) > 0.05))
        g.let(f"F.group_norm({x}, {groups}, {scale}, {shift})")
    elif how == "instance":
        away = tuple(range(2, n + 2))
        require(math.prod(v.shape[2:]) > 1 and np.all(v.std(axis=away) > 0.05))
        g.let(f"F.instance_norm({x}, weight={scale}, bias={shift})")
    else:
        require(v.dtype == "f8" and n <= 2)
        g.let(f"F.local_response_norm({x}, {g.integer(1, 3)}, alpha=0.1)")


@step(6)
def loss(g: Generator) -> None:
    x = g.pick("f", lambda v: v.ndim and v.size and np.all(np.abs(v) < 20))
    v = g.value(x)
    y = g.like(x, v.shape)
    reduction = g.choice(["mean", "sum", "none"])
    how = g.choice(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "bce", "logits", "kl",
                    "class", "soft_margin", "poisson", "cosine"])  # fmt: skip
    apart_by = v - g.value(y)
    end = f", reduction='{reduction}')"
    if how.endswith("_loss"):
        require(how == "mse_loss" or clear_of(apart_by, 0))
        require(("1_" not in how and how != "huber_loss") or clear_of(np.abs(apart_by), 1))
        g.let(f"F.{how}({x}, {y}{end}")
    elif how == "bce":
        p, target = g.let(f"0.5 + 0.4 * np.sin({x})"), g.let(f"0.5 + 0.4 * np.cos({y})")
        g.let(f"F.binary_cross_entropy({p}, {target}{end}")
    elif how == "logits":
        target = g.let(f"0.5 + 0.4 * np.cos({y})")
        g.let(f"F.binary_cross_entropy_with_logits({x}, {target}{end}")
    elif how == "kl":
        target = g.let(f"F.softmax({y}, axis=-1)")
        end = f", reduction='{g.choice(['sum', 'none', 'batchmean'])}')"
        g.let(f"F.kl_div(F.log_softmax({x}, axis=-1), {target}{end}")
    elif how == "class":
        require(v.ndim >= 2)
        labels = f"rng({g.integer(0, 99)}).integers(0, {v.shape[1]}, {(v.shape[0], *v.shape[2:])})"
        if g.chance(0.3):
            labels = f"{g.let(f'F.softmax({y}, axis=1)')}"
        elif g.chance(0.3):
            g.let(f"F.nll_loss({x}, {labels}{end}")
            return
        smooth = f", label_smoothing={g.choice([0.0, 0.1])}"
        weight = f", weight={g.let(g.noise((v.shape[1],), v.dtype) + ' * 0.1 + 2')}"
        g.let(f"F.cross_entropy({x}, {labels}{g.choice(['', weight])}{smooth}{end}")
    elif how == "soft_margin":
        target = g.let(f"np.sign({g.noise(v.shape, v.dtype)})")
        g.let(f"F.soft_margin_loss({x}, {target}{end}")
    elif how == "poisson":
        require(steady(v))
        g.let(f"F.poisson_nll_loss({x}, np.square({y}){end}")
    else:
        require(v.ndim >= 2)
        require(all(np.all(np.linalg.norm(g.value(n), axis=1) > 0.05) for n in (x, y)))
        g.let(f"F.cosine_similarity({x}, {y}, axis=1)")


@step(4)
def margin(g: Generator) -> None:
    """Losses that compare pairs."""
    x = g.pick("f", lambda v: v.ndim == 2 and v.size and np.all(np.abs(v) < 20))
    v = g.value(x)
    y, z = g.like(x, v.shape), g.like(x, v.shape)
    a, b, c = v, g.value(y), g.value(z)
    end = f", reduction='{g.choice(['mean', 'sum', 'none'])}')"
    how = g.choice(["triplet", "pair", "ranking", "gaussian", "multi", "soft"])
    near, far = (np.linalg.norm(a - d + 1e-6, axis=1) for d in (b, c))
    if how == "triplet":
        require(clear_of(near - far + 1, 0) and np.all((near > 0.05) & (far > 0.05)))
        g.let(f"F.triplet_margin_loss({x}, {y}, {z}{end}")
    elif how == "pair":
        require(np.all(near > 0.05))
        g.let(f"F.pairwise_distance({x}, {y})")
    elif how == "ranking":
        sign = np.sign(c)
        require(np.all(sign != 0) and clear_of(0.3 - sign * (a - b), 0))
        target = g.let(f"np.sign({z})", frozen="no_grad")
        g.let(f"F.margin_ranking_loss({x}, {y}, {target}, margin=0.3{end}")
    elif how == "gaussian":
        g.let(f"F.gaussian_nll_loss({x}, {y}, 1.5 + np.sin({z}){end}")
    elif how == "multi":
        labels = np.random.default_rng(seed := g.integer(0, 99)).integers(0, v.shape[1], v.shape[0])
        require(clear_of(1 - np.take_along_axis(a, labels[:, None], 1) + a + (
            9 * (np.arange(v.shape[1]) == labels[:, None])), 0))  # fmt: skip
        labels = f"rng({seed}).integers(0, {v.shape[1]}, {v.shape[0]})"
        g.let(f"F.multi_margin_loss({x}, {labels}, p={g.choice([1, 2])}{end}")
    else:
        target = f"(rng({g.integer(0, 99)}).random({v.shape}) > 0.5).astype(np.{v.dtype})"
        g.let(f"F.multilabel_soft_margin_loss({x}, {target}{end}")


@step(4)
def layer(g: Generator) -> None:
    how = g.choice(["linear", "bilinear", "attention", "interpolate", "unfold", "shuffle", "pad",
                    "prelu", "bag", "fold"])  # fmt: skip
    if how == "linear":
        x = g.pick("f", lambda v: v.ndim)
        k = g.integer(1, 4)
        bias = g.like(x, (k,)) if g.chance(0.5) else "None"
        g.let(f"F.linear({x}, {g.like(x, (k, g.value(x).shape[-1]))}, {bias})")
    elif how == "bilinear":
        x = g.pick("f", lambda v: v.ndim > 1 and v.size)
        a, b, k = g.value(x).shape[-1], g.integer(1, 3), g.integer(1, 3)
        y = g.like(x, (*g.value(x).shape[:-1], b))
        g.let(f"F.bilinear({x}, {y}, {g.like(x, (k, a, b))})")
    elif how == "attention":
        x = g.pick("f", lambda v: v.size)
        lead = (g.integer(1, 2), g.integer(1, 2))
        length, keys, width = g.integer(1, 4), g.integer(1, 4), g.integer(1, 3)
        q = g.like(x, (*lead, length, width))
        k, v = g.like(x, (*lead, keys, width)), g.like(x, (*lead, keys, g.integer(1, 3)))
        causal = g.choice([True, False])
        g.let(f"F.scaled_dot_product_attention({q}, {k}, {v}, is_causal={causal})")
    elif how == "interpolate":
        x, n = volume(g)
        mode = g.choice(["nearest", {1: "linear", 2: "bilinear", 3: "trilinear"}[n]])
        sizes = tuple(g.integer(1, 6) for _ in range(n))
        align = "" if mode == "nearest" else f", align_corners={g.choice([True, False])}"
        g.let(f"F.interpolate({x}, size={sizes}, mode='{mode}'{align})")
    elif how == "prelu":
        x, n = volume(g)
        require(clear_of(g.value(x), 0))
        g.let(f"F.prelu({x}, {g.like(x, (g.choice([1, g.value(x).shape[1]]),))})")
    elif how == "bag":
        x = g.pick("f", lambda v: v.ndim == 2 and v.size)
        rows, shape = g.value(x).shape[0], (g.integer(1, 3), g.integer(1, 4))
        at = f"rng({g.integer(0, 99)}).integers(0, {rows}, {shape})"
        mode = g.choice(["mean", "sum"])
        weights = f", per_sample_weights={g.like(x, shape)}" if mode == "sum" else ""
        g.let(f"F.embedding_bag({at}, {x}, mode='{mode}'{weights})")
    elif how == "fold":
        x = g.pick("f", lambda v: v.size)
        c, k, (h, w) = g.integer(1, 2), g.integer(1, 2), (g.integer(2, 4), g.integer(2, 4))
        columns = g.like(x, (g.integer(1, 2), c * k * k, (h - k + 1) * (w - k + 1)), p=1.0)
        g.let(f"F.fold({columns}, ({h}, {w}), {k})")
    elif how == "unfold":
        x, n = volume(g, 2, 5, dims=2)
        g.let(f"F.unfold({x}, {g.integer(1, 2)}, padding={g.integer(0, 1)}, "
              f"stride={g.integer(1, 2)})")  # fmt: skip
    elif how == "shuffle":
        x, n = volume(g, 2, 4, dims=2)
        v = g.value(x)
        if v.shape[1] == 4:
            g.let(f"F.pixel_shuffle({x}, 2)")
        else:
            g.let(f"F.channel_shuffle({x}, {v.shape[1]})")
    else:
        x, n = volume(g, 3, 6)
        widths = tuple(g.integer(0, 2) for _ in range(2 * n))
        mode = g.choice(["constant", "reflect", "replicate", "circular"])
        g.let(f"F.pad({x}, {widths}, mode='{mode}')")


# Leaving the graph


@step(3)
def detached(g: Generator) -> None:
    g.let(g.pick(), frozen="detach")


@step(3)
def not_recorded(g: Generator) -> None:
    x = g.pick()
    text = g.choice(["np.sin({})", "{} * 2.0", "{}[...]", "np.sum({}, axis=None)", "{}.T"])
    g.let(text.format(x), frozen="no_grad")


# What must raise


def wrong(g: Generator) -> list[str]:
    """Expressions on values of the program that NumPy refuses."""
    x, y = g.choice(g.tracked), g.choice(g.tracked + g.others)
    n = g.value(x).ndim
    tries = [f"{x} + {y}", f"{x} * {y}", f"{x} @ {y}", f"np.dot({x}, {y})",
             f"np.concatenate([{x}, {y}], axis=0)", f"np.stack([{x}, {y}])",
             f"np.reshape({x}, (7, 11))", f"np.sum({x}, axis={n})", f"{x}[{'0, ' * (n + 1)}]",
             f"np.transpose({x}, {tuple(range(n + 1))})", f"np.broadcast_to({x}, (7, 11))",
             f"np.where({y} > 0, {x}, {y})", f"np.einsum('ab,bc->ac', {x}, {y})",
             f"{x}[[9]]", f"{x}[..., 9]", f"np.squeeze({x}, {n - 1})", f"np.moveaxis({x}, 0, {n})",
             f"F.linear({x}, {y})", f"np.clip({x}, {y}, None)", f"np.take({x}, 9999)",
             f"np.max({x}, axis=0)", f"np.split({x}, 7)", f"np.roll({x}, 1, {n})",
             f"F.softmax({x}, axis={n})", f"np.cumsum({x}, axis={n})", f"np.tensordot({x}, {y}, 1)",
             f"F.layer_norm({x}, (7,))", f"F.mse_loss({x}, {y})", f"F.conv1d({x}, {y})",
             f"F.conv2d({x}, {y})", f"F.max_pool2d({x}, 3)", f"np.linalg.inv({x})",
             f"np.diagonal({x})", f"np.outer({x}, {y}).reshape(7, 11)"]  # fmt: skip
    found = []
    for text in g.rng.permutation(tries)[:8].tolist():
        names = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in g.names.items()}
        try:
            run(f"refused = {text}", names)
        except Exception:
            found.append(text)
    return found
