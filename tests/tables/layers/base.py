"""What a row of the table of layers is.

A row names a class of `nn`, with the arguments it is made of and the inputs it is called on. It is
checked against finite differences (tests/nn/layers/test_layer_table.py) and, if `torch.nn` has that
class too, against PyTorch (tests/parity/test_layer_table_torch.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Input = Shape | Callable[[np.random.Generator], Any] | None


@dataclass
class Layer:
    """`nn.<name>(*args, **kwargs)`, called on `inputs`.

    inputs: for each argument a shape, for numbers of a normal distribution that gradients are
        taken by; or a function of a generator that returns an array (one of floats has a gradient,
        one of integers or booleans none), a number or a string; or None.
    call: keywords of the call; arrays become tensors for PyTorch.
    torch: the arguments of the constructor by PyTorch's names, where they are other than ours.
    smooth: whether second derivatives exist.
    train: the layer is in training mode; False for what would draw at random.
    fixed: positions of float inputs that no gradient is taken by.
    rtol: how near to PyTorch, relatively.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ((2, 3),)
    call: dict[str, Any] = field(default_factory=dict)
    torch: dict[str, Any] | None = None
    smooth: bool = True
    train: bool = True
    fixed: tuple[int, ...] = ()
    rtol: float = 1e-6

    def __str__(self) -> str:
        options = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        shapes = ["x".join(map(str, i)) or "()" for i in self.inputs if isinstance(i, tuple)]
        call = [f"{k}={v!r}" for k, v in self.call.items() if not hasattr(v, "shape")]
        return f"{self.name}({', '.join(options)}) on {' '.join([*shapes, *call])}"

    def arrays(self, seed: int = 0) -> list[Any]:
        """The inputs, in float64."""
        rng = np.random.default_rng(seed)
        return [
            rng.standard_normal(i) if isinstance(i, tuple) else i if i is None else i(rng)
            for i in self.inputs
        ]


def integers(high: int, shape: Shape, low: int = 0) -> Callable[[np.random.Generator], Any]:
    """An input of integers from `low` to `high` - 1, as labels are."""
    return lambda rng: rng.integers(low, high, shape)


def uniform(shape: Shape, low: float = 0.0, high: float = 1.0) -> Callable[..., Any]:
    """An input of floats from `low` to `high`."""
    return lambda rng: rng.uniform(low, high, shape)


def results(out: Any) -> list[Any]:
    """The tensors or arrays of a layer's result, however it nests them."""
    if isinstance(out, tuple | list):
        return [x for item in out for x in results(item)]
    return [] if out is None else [out]
