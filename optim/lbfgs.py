"""LBFGS: a quasi-Newton method that does not store the Hessian, with an optional line search."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, enable_grad

from .optimizer import Closure, Optimizer, Params
from .options import choice, number, shown, whole
from .rule import Array, Options, State, options_of

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Several steps of a quasi-Newton method at each call, for smooth losses of all the data.

    With g the gradient of all parameters as one vector, each step is:

        d = -H @ g               H: the inverse Hessian, estimated from the last steps
        p = p + t * d            t: lr, at first min(1, 1 / sum(abs(g))) * lr; or by line search

    H is never formed: from the last `history_size` pairs of a step s and a change y of the
    gradient, H @ g is two loops of inner products. The loss is computed several times in a call of
    `step`, so it must be given as a function, and be the same function each time: no dropout.

    Parameters
    ----------
    params
        Tensors, or (name, Tensor) pairs; or one group of them.
    lr
        the step length t, or the first that the line search tries.
    max_iter
        the most steps in a call of `step`.
    max_eval
        the most evaluations of the loss in a call; None for 5 / 4 of `max_iter`.
    tolerance_grad
        stop when no number in the gradient is larger.
    tolerance_change
        stop when no parameter changes by more, or the loss does not.
    history_size
        how many pairs are kept; each needs twice the memory of the parameters.
    line_search_fn
        None, or "strong_wolfe": search for a t at which the loss has fallen enough and its slope
        along d is small enough.
    maximize
        follow the gradient up instead of down (PyTorch's LBFGS has no such option).

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; more than one group; an option out of range.

    References
    ----------
    Nocedal and Wright, "Numerical optimization", 2nd edition, 2006, algorithms 7.4 and 3.5; the
    rules for stopping and the line search's safeguards are those of Schmidt's minFunc and PyTorch.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([-1.0, 2.0], requires_grad=True)
    >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> w.data.round(3)
    array([1., 1.], dtype=float32)
    """

    expected = Optimizer.expected | {
        "max_iter": whole(1),
        "max_eval": whole(1),
        "tolerance_grad": number(),
        "tolerance_change": number(),
        "history_size": whole(1),
        "line_search_fn": choice("strong_wolfe", None),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        if max_eval is None and isinstance(max_iter, int | np.integer):
            max_eval = max_iter * 5 // 4
        super().__init__(params, options_of(locals()))

    def _add(self, group: Options, seen: set[int]) -> None:
        if self.param_groups:  # the steps and the options are of all parameters together
            raise ValueError(f"{self._name}: got a second parameter group, expected only one")
        super()._add(group, seen)

    def step(self, closure: Closure | None = None) -> Any:
        """Take up to `max_iter` steps.

        Parameters
        ----------
        closure
            a function that computes the loss and its gradients: `zero_grad()`, the loss,
            `backward()`, and it returns the loss.

        Returns
        -------
        array
            What `closure` returned at its first call: the loss before the step.

        Raises
        ------
        TypeError
            there is no closure, or it does not return a number.

        Warns
        -----
        UserWarning
            no parameter has a gradient; once.
        """
        if closure is None:
            raise TypeError(
                f"{self._name}.step: expected a function that calls zero_grad() and backward() and "
                "returns the loss, which is computed several times in a step"
            )
        self._check_closure(closure)
        self._settle()
        (group,) = self.param_groups
        params, lr, max_iter = group["params"], float(group["lr"]), group["max_iter"]
        smallest, little = group["tolerance_grad"], group["tolerance_change"]
        state = self.state.setdefault(params[0], {"func_evals": 0, "n_iter": 0})
        most = state["func_evals"] + group["max_eval"]
        result, loss, g = self._evaluate(closure, state)
        if all(param.grad is None for param in params):
            self._warn_idle()
        if _largest(g) <= smallest:
            return result
        for i in range(1, max_iter + 1):
            state["n_iter"] += 1
            d = state["d"] = _direction(g, state, group["history_size"])
            state["t"] = lr if state["n_iter"] > 1 else lr * min(1.0, 1 / float(np.abs(g).sum()))
            state["prev_flat_grad"], state["prev_loss"] = g, loss
            slope = float(g @ d)
            if slope >= -little:
                break
            if group["line_search_fn"]:
                start, evals = Point(0.0, loss, g, slope), most - state["func_evals"]
                at = self._along(d, closure, state)
                state["t"], loss, g, _ = _strong_wolfe(
                    at, start, state["t"], little / _largest(d), evals
                )
                self._move(state["t"] * d)
            else:
                self._move(state["t"] * d)
                if i < max_iter:  # else the next call of step computes it
                    _, loss, g = self._evaluate(closure, state)
            if (
                state["func_evals"] >= most
                or _largest(g) <= smallest
                or _largest(state["t"] * d) <= little
                or abs(loss - state["prev_loss"]) < little
            ):
                break
        return result

    def _evaluate(self, closure: Closure, state: State) -> tuple[Any, float, Array]:
        """What the closure returns, that as a number to minimize, and its gradient."""
        state["func_evals"] += 1
        with enable_grad():
            result = closure()
        try:
            loss = result.item() if isinstance(result, Tensor) else float(result)
        except (TypeError, ValueError):
            raise TypeError(
                f"{self._name}.step: the closure returned {shown(result)}, expected the loss, one "
                "number"
            ) from None
        params, sign = self._all_params(), -1 if self.param_groups[0]["maximize"] else 1
        grads = [np.zeros_like(p.data) if p.grad is None else p.grad for p in params]
        return result, sign * loss, sign * np.concatenate([g.reshape(-1) for g in grads])

    def _move(self, step: Array) -> None:
        """Add `step`, a vector, to all parameters."""
        end = 0
        for param in self._all_params():
            begin, end = end, end + param.size
            data = param.data
            data += step[begin:end].reshape(param.shape)

    def _along(self, d: Array, closure: Closure, state: State) -> Callable[[float], Point]:
        """The loss along the line `p + t * d`, as a function of t that leaves p as it is."""
        params = self._all_params()
        before = [param.data.copy() for param in params]

        def at(t: float) -> Point:
            self._move(t * d)
            try:
                _, loss, g = self._evaluate(closure, state)
            finally:
                for param, old in zip(params, before, strict=True):
                    param.data[...] = old
            return Point(t, loss, g, float(g @ d))

        return at

    def _read(self, saved: State, param: Tensor, group: Options) -> tuple[State, list[str]]:  # noqa: ARG002
        """A copy of the state: numbers, vectors as long as all parameters, and lists of them."""
        params = self._all_params()
        size, dtype = sum(p.size for p in params), np.result_type(*[p.dtype for p in params])
        problems = [f"no {name}" for name in ("func_evals", "n_iter") if name not in saved]

        def read(name: str, value: Any) -> Any:
            if isinstance(value, list):
                return [read(name, item) for item in value]
            if np.ndim(value) == 0:
                return value if isinstance(value, int) else float(value)
            if np.shape(value) != (size,):
                problems.append(f"{name} of shape {np.shape(value)}, expected {(size,)}")
            return np.asarray(value).astype(dtype)  # a copy

        # "al" is where PyTorch keeps numbers for the length of a loop.
        return {name: read(name, v) for name, v in saved.items() if name != "al"}, problems


def _direction(g: Array, state: State, history_size: int) -> Array:
    """-H @ g, with the last step added to H: the two loops of algorithm 7.4."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
        return -g
    memory = state["old_dirs"], state["old_stps"], state["ro"]
    y, s = g - state["prev_flat_grad"], state["t"] * state["d"]
    product = float(y @ s)
    if product > 1e-10:  # else H would not be positive, and d might lead up
        for kept, new in zip(memory, (y, s, 1 / product), strict=True):
            kept.append(new)
            del kept[:-history_size]
        state["H_diag"] = product / float(y @ y)
    d, weights = -g, []
    for y, s, ro in zip(*map(reversed, memory), strict=True):
        weights.append(ro * float(s @ d))
        d -= weights[-1] * y
    d *= state["H_diag"]
    for y, s, ro in zip(*memory, strict=True):
        d += (weights.pop() - ro * float(y @ d)) * s
    return d


# The line search


class Point(NamedTuple):
    """A place on the line: how far along, the loss, its gradient, and its slope along the line."""

    t: float
    loss: float
    grad: Array
    slope: float


def _strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, shortest: float, evals: int
) -> Point:
    """A point whose loss is low enough and whose slope is flat enough; else the best so far.

    First go on until such points must lie between two tried ones, then close in on one. The place
    to try next is where the cubic through two points, with their slopes, has its minimum.

    Parameters
    ----------
    at
        the point at any t.
    start
        that at t = 0.
    t
        the first to try.
    shortest
        intervals shorter than this are not searched.
    evals
        the most points to try after the first.
    """

    def high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    before, new, count = start, at(t), 0
    while count < evals:
        if high(new) or (count > 1 and new.loss >= before.loss):
            break
        if flat(new):
            return new
        if new.slope >= 0:
            break
        t = _cubic(before, new, new.t + 0.01 * (new.t - before.t), 10 * new.t)
        before, new, count = new, at(t), count + 1
    else:
        before = start
    ends, stuck = [before, new], False
    low = _lower(ends)
    while count < evals and abs(ends[1].t - ends[0].t) >= shortest:
        left, right = sorted((ends[0].t, ends[1].t))
        t, margin = _cubic(ends[0], ends[1], left, right), 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (stuck or not left < t < right):  # twice at an end is no progress
            t, near = right - margin if right - t < t - left else left + margin, False
        stuck = near
        new, count = at(t), count + 1
        if high(new) or new.loss >= ends[low].loss:
            ends[1 - low] = new
            low = _lower(ends)
            continue
        if flat(new):
            return new
        if new.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = new
    return ends[low]


def _lower(ends: list[Point]) -> int:
    return 0 if ends[0].loss <= ends[1].loss else 1


def _cubic(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points has its minimum, within bounds; if nowhere, their middle.

    Nocedal and Wright, equation 3.59.
    """
    a, b = sorted((a, b), key=lambda point: point.t)
    t, width = math.nan, b.t - a.t
    if width:
        d1 = a.slope + b.slope + 3 * (a.loss - b.loss) / width
        square = d1 * d1 - a.slope * b.slope
        d2 = math.sqrt(square) if square >= 0 else math.nan
        bottom = b.slope - a.slope + 2 * d2
        t = b.t - width * (b.slope + d2 - d1) / bottom if bottom else math.nan
    return (low + high) / 2 if math.isnan(t) else min(max(t, low), high)


def _largest(x: Array) -> float:
    return float(np.abs(x).max(initial=0))
