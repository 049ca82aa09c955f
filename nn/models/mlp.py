"""The multilayer perceptron (Rumelhart, Hinton and Williams, Nature 323, 1986)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import nn


class MLP(nn.Module):
    """Linear layers with an activation after each but the last.

    Parameters
    ----------
    sizes
        the lengths of the layers, from the input to the output.
    activation
        a class of layers, or a function that makes one.
    dropout
        the probability of `nn.Dropout` after each activation; without one there is none.

    Notes
    -----
    Shapes: (..., sizes[0]) to (..., sizes[-1]); `nn.Flatten()` makes rows of images.

    Raises
    ------
    ValueError
        there are fewer than two sizes.

    Examples
    --------
    >>> import nn
    >>> nn.models.MLP([784, 16, 16, 10])
    MLP(                       13,002 parameters
      (layers): Sequential(    13,002
        (0): Linear(784, 16)   12,560
        (1): ReLU()
        (2): Linear(16, 16)       272
        (3): ReLU()
        (4): Linear(16, 10)       170
      )
    )
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], nn.Module] = nn.ReLU,
        dropout: float = 0.0,
    ) -> None:
        if len(sizes) < 2:
            raise ValueError(f"MLP: got sizes {sizes}, expected those of input and output at least")
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            if layers:
                layers.append(activation())
                layers += [nn.Dropout(dropout)] if dropout else []
            layers.append(nn.Linear(n_in, n_out))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        """Scores (..., sizes[-1])."""
        return self.layers(x)
