"""Checking gradients against finite differences, with a diagnosis when they disagree."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .core.backward import gradients
from .core.op import op
from .core.tensor import Tensor
from .errors import GradcheckError
from .modes import enable_grad, no_grad

__all__ = ["gradcheck", "gradgradcheck"]

MANY = 1000  # elements from which "auto" checks along random directions
Function = Callable[..., Any]


def gradcheck(
    f: Function,
    *inputs: Any,
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
    mode: str = "auto",
    reference: str = "central",
) -> bool:
    """Compare the gradients of `f(*inputs)` with finite differences.

    With v random, the derivative of sum(v * f(x)) by each element of x must be
    (sum(v * f(x + h)) - sum(v * f(x - h))) / 2h, with h = step * max(1, abs(x)). A random v keeps
    one element of the result from hiding the error of another.

    Parameters
    ----------
    f
        function of Tensors that returns a Tensor or a tuple of them; or a module, an object with
        `named_parameters()`: a float64 copy of it is checked, its parameters too.
    *inputs
        arrays, Tensors, numbers or lists; those of floats are checked, on float64 copies; anything
        else is passed on as it is.
    step
        h for numbers up to 1.
    rtol, atol
        the largest difference allowed is atol + rtol * abs(the finite difference).
    seed
        for v, and for the directions.
    mode
        "exhaustive" looks at every element; "projection" at three random directions for each input,
        at a cost that does not grow with its size; "auto" decides by the size.
    reference
        "central" differences; or "complex step", Im f(x + ih) / h, which is exact to rounding,
        where f can be evaluated on complex arrays and is analytic (no abs, no maximum).

    Returns
    -------
    bool
        True. A gradient that is off raises.

    Raises
    ------
    GradcheckError
        says which input, at which index, both numbers, and what is probably wrong: a factor, a
        transpose, a missing sum over a broadcast axis, a kink or tie at this point, too little
        precision, a function that is not deterministic or changes its input, a closure that writes
        into the gradient it was given, or an input that no graph leads to.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradcheck
    >>> gradcheck(lambda x, y: np.exp(x) / y, [1.0, 2.0], [[3.0], [4.0]])
    True
    """
    if mode not in ("auto", "exhaustive", "projection"):
        raise ValueError(f"mode: got {mode!r}, expected 'auto', 'exhaustive' or 'projection'")
    if reference not in ("central", "complex step"):
        raise ValueError(f"reference: got {reference!r}, expected 'central' or 'complex step'")
    f, args, leaves = _prepared(f, inputs)
    check = _Check(f, args, leaves, step, rtol, atol, np.random.default_rng(seed))
    check.run(mode, reference == "complex step")
    return True


def gradgradcheck(f: Function, *inputs: Any, **options: Any) -> bool:
    """Compare the second derivatives of `f(*inputs)` with finite differences.

    It is `gradcheck` of the gradients of f, by the inputs and by the gradient they start from.
    Parameters, result and errors are those of `gradcheck`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradgradcheck
    >>> gradgradcheck(lambda x, y: np.exp(x) / y, [1.0, 2.0], [[3.0], [4.0]])
    True
    """
    f, args, leaves = _prepared(f, inputs)
    rng = np.random.default_rng(options.pop("seed", 0))
    starts = [Tensor(_random(rng, out), requires_grad=True) for out in _tuple(f(*args))]
    targets = list(leaves.values())

    def first(*values: Any) -> tuple[Any, ...]:
        outs = zip(_tuple(f(*values)), starts, strict=True)
        graph = [(out, v) for out, v in outs if out.requires_grad]
        found = gradients(
            [out for out, _ in graph], targets, [v for _, v in graph], create_graph=True
        )
        return tuple(g for g in found if g is not None)

    mode, complex_step = options.pop("mode", "auto"), options.pop("reference", "central")
    if complex_step != "central":
        raise ValueError("reference: only 'central' differences check second derivatives")
    leaves = {**leaves, **{f"starting gradient {i}": v for i, v in enumerate(starts)}}
    settings = {"step": 1e-5, "rtol": 1e-5, "atol": 1e-7, **options}
    _Check(enable_grad()(first), args, leaves, rng=rng, **settings).run(mode, False)
    return True


@op(constant_slope=True)
def _unwritable(y):
    """`y`, whose gradient is passed on such that a closure that writes into it is found out."""

    def back(g):
        g = np.array(g)
        g.flags.writeable = False
        return g

    return y, back


class _Check:
    """A function, its leaves by label, its gradients, and finite differences of it."""

    def __init__(
        self,
        f: Function,
        args: list[Any],
        leaves: dict[str, Tensor],
        step: float,
        rtol: float,
        atol: float,
        rng: np.random.Generator,
    ) -> None:
        self.f, self.args, self.leaves, self.rng = f, args, leaves, rng
        self.step, self.rtol, self.atol = step, rtol, atol
        before = {label: x._array.copy() for label, x in leaves.items()}
        with enable_grad():
            self.outs = _tuple(f(*args))
        for label, x in leaves.items():
            if not np.array_equal(before[label], x._array, equal_nan=True):
                raise GradcheckError(f"gradcheck: the function modified its {label} in place.")
        self.weights = [_random(rng, out) for out in self.outs]
        here, again = self.value(), self.value()
        if here != again and here == here:
            raise GradcheckError(
                f"gradcheck: the function is not deterministic: it gave {here!r}, then {again!r} "
                "for the same input. Fix its random numbers: a seeded generator made inside."
            )
        graph = [(o, v) for o, v in zip(self.outs, self.weights, strict=True) if o.requires_grad]
        found: tuple[Any, ...] = (None,) * len(leaves)
        if graph:
            with enable_grad():
                outs = [_unwritable(o) for o, _ in graph]
            try:
                found = gradients(outs, [*leaves.values()], [v for _, v in graph])
            except ValueError as error:
                if "read-only" in str(error):
                    raise GradcheckError(
                        "gradcheck: a closure writes into the gradient that it was given, and that "
                        "is read elsewhere too. Return a new array: g * 2, and not g *= 2."
                    ) from error
                raise
        self.found = dict(zip(leaves, found, strict=True))

    def value(self, weights: list[Any] | None = None) -> float:
        """The number whose derivatives are checked: the real part of sum(v * f)."""
        with no_grad():
            outs = _tuple(self.f(*self.args))
        return sum(
            float(np.sum(v * out._array).real)
            for v, out in zip(weights or self.weights, outs, strict=True)
        )

    def slope(self, x: Tensor, direction: Any, h: float, weights: Any = None) -> float:
        """The central difference along an array, or at an index, of steps h."""
        above, below = self.beside(x, direction, h, weights), self.beside(x, direction, -h, weights)
        return (above - below) / (2 * h)

    def beside(self, x: Tensor, direction: Any, h: complex, weights: Any = None) -> float:
        """The value with x moved by h along an array, or at an index."""
        here = x._array.copy()
        if isinstance(direction, ndarray):
            x.data[...] = here + h * direction
        else:
            x.data[direction] = here[direction] + h
        try:
            return self.value(weights)
        finally:
            x.data[...] = here

    def element(self, x: Tensor, index: Any, weights: Any = None, scale: float = 1.0) -> Any:
        """The derivative by one element; for a complex one, by its real - i by its imaginary."""
        h = scale * self.step * max(1.0, abs(x._array[index]))
        if x.dtype.kind != "c":
            return self.slope(x, index, h, weights)
        above, below = self.beside(x, index, 1j * h), self.beside(x, index, -1j * h)
        return self.slope(x, index, h, weights) - 1j * (above - below) / (2 * h)

    def complex_step(self, x: Tensor, index: Any) -> float:
        """Im f(x + ih) / h with f on plain complex arrays, h far below rounding."""
        moved = np.array(x._array, complex)
        moved[index] += 1e-30j
        args = [moved if a is x else a._array if isinstance(a, Tensor) else a for a in self.args]
        outs = self.f(*args)
        outs = outs if isinstance(outs, tuple | list) else (outs,)
        return sum(
            float(np.sum(v * np.imag(o))) / 1e-30 for v, o in zip(self.weights, outs, strict=True)
        )

    def off(self, got: Any, expected: Any) -> bool:
        return not abs(got - expected) <= self.atol + self.rtol * abs(expected)

    def run(self, mode: str, complex_step: bool) -> None:
        total = sum(x.size for x in self.leaves.values())
        for label, x in self.leaves.items():
            g = np.zeros(x.shape, x.dtype) if self.found[label] is None else self.found[label]
            if mode == "projection" or (mode == "auto" and total > MANY and x.dtype.kind != "c"):
                self.directions(label, x, g)
                continue
            for index in np.ndindex(x.shape):
                expected = self.complex_step(x, index) if complex_step else self.element(x, index)
                if self.off(g[index], expected):
                    self.fail(label, x, g, index, expected)

    def directions(self, label: str, x: Tensor, g: ndarray[Any, Any]) -> None:
        """Compare along random directions; halve a direction that is off down to one element."""
        for _ in range(3 if x.size else 0):
            u = self.rng.choice([-1.0, 1.0], x.shape)
            if not self.off(np.sum(g * u), self.slope(x, u, self.step)):
                continue
            places = np.arange(x.size)
            while len(places) > 1:
                half = np.zeros(x.size)
                half[places[: len(places) // 2]] = u.ravel()[places[: len(places) // 2]]
                half = half.reshape(x.shape)
                wrong = self.off(np.sum(g * half), self.slope(x, half, self.step))
                places = places[: len(places) // 2] if wrong else places[len(places) // 2 :]
            index = tuple(int(i) for i in np.unravel_index(places[0], x.shape))
            self.fail(label, x, g, index, self.element(x, index))

    # What is wrong

    def fail(self, label: str, x: Tensor, g: Any, index: Any, expected: Any) -> None:
        raise GradcheckError(
            f"gradcheck: {label} at index {index} (value {x._array[index]:.6g}): the gradient is "
            f"{g[index] + 0:.9g}, finite differences give {expected:.9g}. "
            + self.diagnosis(label, x, g, index, expected)
        )

    def diagnosis(self, label: str, x: Tensor, g: Any, index: Any, expected: Any) -> str:
        if self.found[label] is None:
            return (
                "Unused: no graph leads to this input, though the value depends on it. Was it left "
                "behind by .detach(), .data, or under no_grad()?"
            )
        small = {str(o.dtype) for o in self.outs if o.dtype in (np.float16, np.float32)}
        if small:
            return f"Too little precision: the function returns {small.pop()}, whatever comes in."
        if x.dtype.kind != "c":
            if kink := self.kink(x, index):
                return kink
            twice = self.element(x, index, scale=2.0)
            if abs(twice - expected) > 0.5 * abs(g[index] - expected):
                return (
                    f"Too little precision: with steps twice as long the differences give "
                    f"{twice:.9g}. Is the function noisy, or very steep here? Try another step."
                )
        if x.size > MANY:
            return "The closure is wrong."
        numeric = np.array([self.element(x, i) for i in np.ndindex(x.shape)]).reshape(x.shape)
        return self.pattern(x, g, numeric)

    def kink(self, x: Tensor, index: Any) -> str:
        """Whether the slopes from both sides differ, and do so however small the step."""
        here = self.value()
        h = self.step * max(1.0, abs(x._array[index]))
        sides = [
            ((self.beside(x, index, s) - here) / s, (here - self.beside(x, index, -s)) / s)
            for s in (h, h / 10)
        ]
        (above, below), gap = sides[1], abs(sides[1][0] - sides[1][1])
        settled = all(abs(a - b) < 0.1 * gap for a, b in zip(*sides, strict=True))
        if not settled or gap < 1e-4 * max(abs(above), abs(below), 1e-3):
            return ""
        return (
            f"A kink or tie at this point: the slope is {below:.6g} from below and {above:.6g} "
            "from above. Any number between is a subgradient; check at a point beside it."
        )

    def pattern(self, x: Tensor, g: Any, numeric: Any) -> str:
        """What the whole gradient looks like beside the right one."""
        size = np.sum(abs(numeric) ** 2)
        factor = np.sum(g * np.conj(numeric)) / size if size else 0.0
        if _close(g, factor * numeric):
            if _close(factor, -1.0):
                return "Wrong by its sign."
            return f"Wrong by a factor of {factor:.6g}."
        swaps = {tuple(reversed(range(x.ndim))), (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)}
        for axes in swaps if x.ndim >= 2 else ():
            swapped = numeric.transpose(axes)
            if swapped.shape == g.shape and _close(g, swapped):
                return "Transposed: it is the right gradient with its axes swapped."
        for k, out in enumerate(self.outs):
            for axis in range(out.ndim):
                for place in (0, -1):
                    mask = np.zeros(out.shape)
                    mask[(slice(None),) * axis + (place,)] = 1.0
                    only = [v * mask if i == k else v for i, v in enumerate(self.weights)]
                    part = [self.element(x, i, only) for i in np.ndindex(x.shape)]
                    if out.shape[axis] > 1 and _close(g, np.array(part).reshape(x.shape)):
                        return (
                            f"The sum over a broadcast axis is missing: it is the gradient of one "
                            f"slice of the result's axis {axis} (length {out.shape[axis]})."
                        )
        return "The closure is wrong."


def _close(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-6 * (np.max(np.abs(b), initial=0) + 1e-300)))


def _random(rng: np.random.Generator, out: Tensor) -> ndarray[Any, Any]:
    v = rng.standard_normal(out.shape)
    return v + 1j * rng.standard_normal(out.shape) if out.dtype.kind == "c" else v


def _prepared(f: Any, inputs: tuple[Any, ...]) -> tuple[Function, list[Any], dict[str, Tensor]]:
    """f, its arguments with float64 leaves in place of floats, and all leaves by label."""
    args = [_leaf(x) for x in inputs]
    changed = [x for x, given in zip(args, inputs, strict=True) if x is not given]
    leaves = {f"input {i}": x for i, x in enumerate(args) if any(x is c for c in changed)}
    if hasattr(f, "named_parameters"):
        f = copy.deepcopy(f)
        for name, p in f.named_parameters():
            if p.requires_grad and p.dtype.kind == "f":
                Tensor.__init__(p, p._array, requires_grad=True, dtype=np.float64)
                leaves[f"parameter {name}"] = p
    if not leaves:
        raise GradcheckError("gradcheck: no input is a float array, so there is nothing to check")
    return f, args, leaves


def _leaf(x: Any) -> Any:
    """A float64 (complex128) leaf with the values of a float array or number; else `x` itself."""
    values = x._array if isinstance(x, Tensor) else x
    if isinstance(values, float | complex | list | ndarray | np.inexact):
        array = np.asarray(values)
        if array.dtype.kind in "fc":
            dtype = np.float64 if array.dtype.kind == "f" else np.complex128
            return Tensor(array, requires_grad=True, dtype=dtype)
    return x


def _tuple(out: Any) -> tuple[Tensor, ...]:
    outs = tuple(out) if isinstance(out, tuple | list) else (out,)
    for o in outs:
        if not isinstance(o, Tensor):
            raise GradcheckError(
                f"gradcheck: the function returned {type(o).__name__}, expected a Tensor: was the "
                "graph left behind by .numpy(), a comparison or an integer cast?"
            )
    return outs
