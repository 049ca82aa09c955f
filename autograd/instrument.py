"""instrument: other functions in the place of every op's body and of the walk back, for a while.

What measures or watches all ops at once is built on this, as `nn.profile` is. While nothing is
instrumented, nothing is asked at a call.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .core import backward

__all__ = ["instrument"]


def instrument(
    body_of: Callable[[Any, Callable[..., Any]], Callable[..., Any]],
    walk_of: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[[], None]:
    """Put `body_of(op, body)` in the place of every op's body, `walk_of(walk)` in that of the walk.

    Parameters
    ----------
    body_of
        gets an op and its body, which returns the result and a closure for each input; returns a
        function of the same arguments that returns such a tuple too.
    walk_of
        gets the function that carries gradients back, and returns one like it.

    Returns
    -------
    function
        The function that puts all back.

    Examples
    --------
    >>> from autograd import Tensor, instrument
    >>> calls = []
    >>> def counted(op, body):
    ...     return lambda *args, **kwargs: calls.append(op.__name__) or body(*args, **kwargs)
    >>> undo = instrument(counted, lambda walk: walk)
    >>> x = Tensor([1.0, 2.0], requires_grad=True) * 3 + 1
    >>> undo()
    >>> calls
    ['multiply', 'add']
    """
    # The body of an op is a variable of the function that calls it, and Python lets it be set. It
    # is looked for among all objects: of the ops that users write there is no list.
    changed, walk = [], backward.walk
    try:
        for thing in gc.get_objects():
            if type(thing) is FunctionType and hasattr(thing, "input_names"):
                cells = dict(zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True))
                if cell := cells.get("body"):
                    changed.append((cell, cell.cell_contents))
                    cell.cell_contents = body_of(thing, cell.cell_contents)
        backward.walk = walk_of(walk)
    except BaseException:
        _put_back(changed, walk)
        raise
    return lambda: _put_back(changed, walk)


def _put_back(changed: list[tuple[Any, Any]], walk: Any) -> None:
    backward.walk = walk
    while changed:
        cell, body = changed.pop()
        cell.cell_contents = body
