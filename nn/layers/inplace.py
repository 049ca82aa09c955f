"""What PyTorch's layers call `inplace`."""

from __future__ import annotations

from typing import Any

from autograd import Tensor

from ..module import Module

__all__ = ["InPlace"]


class InPlace(Module):
    """A layer that with `inplace=True` changes its input, as in PyTorch, and returns it.

    It saves nothing here: as with `x += y`, the Tensor comes to stand for the result, and arrays
    that a recorded op holds stay as they are. It is there so that scripts written for PyTorch give
    the same numbers: after it, all that reads the input reads the result.

    Raises
    ------
    LeafInPlaceError
        the input is a leaf that requires gradients.
    TypeError
        the input is a plain array, which a recorded op or a dataset may hold.
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def _put(self, x: Any, y: Any) -> Any:
        """What `forward` returns, of the input and the result."""
        if not self.inplace or y is x:
            return y
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{type(self).__name__}(inplace=True): got a plain array, expected a Tensor; write "
                "inplace=False, for it saves nothing here"
            )
        x[...] = y
        return x
