"""Checking gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .backward import gradients
from .errors import GradcheckError
from .modes import enable_grad, no_grad
from .tensor import Tensor

__all__ = ["gradcheck", "gradgradcheck"]


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
) -> bool:
    """Compare the gradients of `f(*inputs)` with central differences, element by element.

    With v random, the derivative of sum(v * f(x)) by each element of x must be
    (sum(v * f(x + h)) - sum(v * f(x - h))) / 2h, with h = step * max(1, abs(x)). A random v keeps
    one element of the result from hiding the error of another.

    Parameters
    ----------
    f : function of Tensors that returns a Tensor or a tuple of them.
    *inputs : arrays, Tensors, numbers or lists; those of floats are checked, on float64 copies;
        anything else is passed on as it is.
    step : h for numbers up to 1.
    rtol, atol : the largest difference allowed is atol + rtol * abs(the finite difference).
    seed : for v.

    Returns
    -------
    True. A gradient that is off raises.

    Raises
    ------
    GradcheckError : says which input, at which index, and both numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradcheck
    >>> gradcheck(lambda x, y: np.exp(x) / y, [1.0, 2.0], [[3.0], [4.0]])
    True
    """
    args = [_leaf(x) for x in inputs]
    leaves = {number: x for number, x in enumerate(args) if isinstance(x, Tensor)}
    if not leaves:
        raise GradcheckError("gradcheck: no input is a float array, so there is nothing to check")
    with enable_grad():
        outs = _tuple(f(*args))
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal(out.shape) for out in outs]
    graph = [(out, v) for out, v in zip(outs, weights, strict=True) if out.requires_grad]
    found: tuple[Any, ...] = (None,) * len(leaves)
    if graph:
        found = gradients([out for out, _ in graph], list(leaves.values()), [v for _, v in graph])

    def weighted() -> float:
        with no_grad():
            return sum(
                float(np.sum(v * out.detach().numpy()))
                for v, out in zip(weights, _tuple(f(*args)), strict=True)
            )

    for (number, x), g in zip(leaves.items(), found, strict=True):
        for index in np.ndindex(x.shape):
            here = float(x.data[index])
            h = step * max(1.0, abs(here))
            x.data[index] = here + h
            above = weighted()
            x.data[index] = here - h
            below = weighted()
            x.data[index] = here
            expected = (above - below) / (2 * h)
            got = 0.0 if g is None else float(g[index])
            if not abs(got - expected) <= atol + rtol * abs(expected):
                raise GradcheckError(
                    f"gradcheck: input {number} at index {index} (value {here:.6g}): the gradient "
                    f"is {got:.9g}, finite differences give {expected:.9g}"
                    + (", and no graph leads to this input" if g is None else "")
                    + "."
                )
    return True


def gradgradcheck(f: Callable[..., Any], *inputs: Any, **options: Any) -> bool:
    """Compare the second derivatives of `f(*inputs)` with central differences: `gradcheck` of its
    gradients, by the inputs and by the gradient they start from.

    Parameters, result and errors are those of `gradcheck`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradgradcheck
    >>> gradgradcheck(lambda x, y: np.exp(x) / y, [1.0, 2.0], [[3.0], [4.0]])
    True
    """
    args = [_leaf(x) for x in inputs]
    positions = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
    outs = _tuple(f(*args))
    rng = np.random.default_rng(options.get("seed", 0))
    starts = [rng.standard_normal(out.shape) for out in outs]

    def first(*values: Any) -> tuple[Any, ...]:
        xs, vs = values[: len(args)], values[len(args) :]
        graph = [(o, v) for o, v in zip(_tuple(f(*xs)), vs, strict=True) if o.requires_grad]
        found = gradients(
            [o for o, _ in graph], [xs[i] for i in positions], [v for _, v in graph],
            create_graph=True,
        )  # fmt: skip
        return tuple(g for g in found if g is not None)

    return gradcheck(enable_grad()(first), *args, *starts, **options)


def _leaf(x: Any) -> Any:
    """A float64 leaf holding the values of a float array, tensor or number; else `x` itself."""
    values = x.detach().numpy() if isinstance(x, Tensor) else x
    if isinstance(values, float | list | ndarray | np.floating):
        array = np.asarray(values)
        if array.dtype.kind == "f":
            return Tensor(array, requires_grad=True, dtype=np.float64)
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
