"""einops on Tensors: the backend that its functions ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.tensor import Tensor

__all__ = ["use_einops"]

_backends: list[type] = []  # einops finds them by weak references


def use_einops() -> None:
    """Make `einops` take Tensors: `rearrange`, `reduce`, `repeat`, `einsum`, `pack`, `unpack`.

    Where einops was imported before autograd this has been done. It does no harm to do so twice.

    Raises
    ------
    ImportError
        einops is not installed.

    Examples
    --------
    >>> import autograd
    >>> autograd.use_einops()                                   # doctest: +SKIP
    >>> images = autograd.Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> einops.rearrange(images, "b c h w -> b (h w) c").shape  # doctest: +SKIP
    (1, 4, 1)
    """
    from einops._backends import AbstractBackend  # where einops looks for subclasses of it

    if _backends:
        return

    class Backend(AbstractBackend):  # type: ignore[misc]
        framework_name = "autograd"  # einops looks whether this module is loaded

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Tensor)

        def from_numpy(self, x: Any) -> Tensor:
            return Tensor(x)

        def to_numpy(self, x: Any) -> Any:
            return x.detach().numpy()

        def arange(self, start: int, stop: int) -> Any:
            return np.arange(start, stop)

        def reduce(self, x: Any, operation: str, axes: Any) -> Any:
            return getattr(np, operation)(x, axis=tuple(axes))  # np.any, which Tensors lack

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return np.stack(tensors)

        def add_axis(self, x: Any, new_position: int) -> Any:
            return np.expand_dims(x, new_position)

        def tile(self, x: Any, repeats: Any) -> Any:
            return np.tile(x, repeats)

        def concat(self, tensors: Any, axis: int) -> Any:
            return np.concatenate(tensors, axis=axis)

        def is_float_type(self, x: Any) -> bool:
            return x.dtype.kind in "fc"

        def einsum(self, pattern: str, *x: Any) -> Any:
            return np.einsum(pattern, *x)

    _backends.append(Backend)
