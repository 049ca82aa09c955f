"""Parameters as one long vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """All numbers of all parameters, one parameter after the other.

    Differentiable: `(parameters_to_vector(model.parameters()) ** 2).sum()` is an L2 penalty.

    Returns
    -------
    array or Tensor
        Tensor of shape (n,).

    Raises
    ------
    ValueError
        there are none.
    """
    flat = [p.reshape(-1) for p in parameters]
    if not flat:
        raise ValueError("parameters_to_vector: no parameters, expected at least one")
    return np.concatenate(flat)


def vector_to_parameters(vec: Any, parameters: Iterable[Tensor]) -> None:
    """Copy the numbers of a vector into parameters: the inverse of `parameters_to_vector`.

    Raises
    ------
    ValueError
        there are more or fewer numbers than the parameters have; nothing is copied.
    """
    numbers = vec.detach().numpy() if isinstance(vec, Tensor) else np.asarray(vec)
    params = list(parameters)
    sizes = [p.size for p in params]
    if numbers.shape != (sum(sizes),):
        raise ValueError(
            f"vector_to_parameters: got a vector of shape {numbers.shape}, expected "
            f"({sum(sizes)},), as many as the {len(params)} parameters have"
        )
    for p, piece in zip(params, np.split(numbers, np.cumsum(sizes[:-1])), strict=True):
        p.data[...] = piece.reshape(p.shape)
