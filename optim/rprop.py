"""Rprop: steps from the sign of the gradient, not its size."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, Params
from .options import number, several
from .rule import Array, Options, State, blocks, options_of

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Each number has a step size: it grows while the gradient keeps its sign, else it shrinks.

    With g the gradient, and eta_minus and eta_plus the two `etas`:

        size = size * eta_plus                 where g * previous > 0
        size = size * eta_minus, and g = 0     where g * previous < 0
        size = clip(size, *step_sizes)
        p = p - sign(g) * size
        previous = g

    For gradients of all the data: those of batches change their sign by chance.

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`.
    lr
        the first step size.
    etas
        what a step size is multiplied by after a change of sign (0 to 1), and without (above 1).
    step_sizes
        the smallest and the largest step size.
    maximize
        follow the gradient up instead of down.

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; `etas` or `step_sizes` out of range.

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning", ICNN 1993;
    without going back after a change of sign.
    """

    expected = Optimizer.expected | {
        "etas": several(number(0, 1, above=True, below=True), number(1, above=True)),
        "step_sizes": several(number(), number()),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def check(self, options: Options) -> None:
        """Refuse a smallest step above the largest, and what `Optimizer` refuses."""
        super().check(options)
        smallest, largest = options["step_sizes"]
        if smallest > largest:
            raise ValueError(
                f"step_sizes: got {options['step_sizes']!r}, expected the smallest first"
            )

    def init(self, param: Array, group: Options) -> State:
        """The gradient before, 0, and the step sizes, `lr`."""
        return {"prev": np.zeros_like(param), "step_size": np.full_like(param, group["lr"])}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        (minus, plus), (smallest, largest) = group["etas"], group["step_sizes"]
        for p, g, before, size in blocks(param, grad, state["prev"], state["step_size"]):
            agree = np.sign(g) * np.sign(before)  # a product of the gradients may underflow
            new = np.where(agree > 0, plus * size, np.where(agree < 0, minus * size, size))
            np.clip(new, smallest, largest, out=size)
            before[...] = np.where(agree < 0, 0.0, g)
            p -= np.sign(before) * size
