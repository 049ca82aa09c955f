"""How a Tensor shows itself in a notebook: its numbers as shaded cells, and where it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .node import NOT_KEPT, Leaf

__all__ = ["html_of"]

LARGEST = 12  # rows and columns of a table; what is larger is summed up
#: Positive and negative: colours that stay apart for the colour blind, on light pages and dark.
COLOURS = {True: "0, 114, 178", False: "213, 94, 0"}
_FONT = "font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px"


def html_of(tensor: Any) -> str:
    """The values, the gradient if there is one, and a line that says what the tensor is."""
    array, grad = np.asarray(tensor._array), gradient_of(tensor)
    parts = [_captioned("", array) if grad is None else _captioned("values", array)]
    if grad is not None:
        parts.append(_captioned("gradient", np.asarray(grad)))
    text = f"{type(tensor).__name__} · shape {array.shape} · {array.dtype} · {_origin(tensor)}"
    return (
        f'<div style="{_FONT}; line-height: 1.5; overflow-x: auto">'
        f'<div style="display: flex; flex-wrap: wrap; gap: 4px 24px">{"".join(parts)}</div>'
        f'<div style="opacity: 0.75; margin-top: 2px">{_escaped(text)}</div></div>'
    )


def gradient_of(tensor: Any) -> Any:
    """`.grad` without its warning."""
    node = getattr(tensor, "_frozen", None) if tensor._node is None else tensor._node
    return None if node is None or node.grad is NOT_KEPT else node.grad


def _origin(tensor: Any) -> str:
    if tensor._node is None:
        return "no graph"
    if type(tensor._node) is Leaf:
        return "a leaf that requires gradients"
    return f"made by {tensor._node.op.__name__}"


def _captioned(caption: str, array: ndarray[Any, Any]) -> str:
    head = f'<div style="opacity: 0.75">{caption}</div>' if caption else ""
    small = 1 <= array.ndim <= 2 and array.size and max(array.shape) <= LARGEST
    if array.ndim == 0:
        body = f'<b style="font-size: 14px">{_number(array[()])}</b>'
    else:
        body = _table(np.atleast_2d(array)) if small else _summed_up(array)
    return f"<div>{head}{body}</div>"


def _table(array: ndarray[Any, Any]) -> str:
    """A cell for each number, the darker the larger it is."""
    sizes = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    largest = np.max(sizes, where=np.isfinite(sizes), initial=0) or 1
    rows = []
    for values, row in zip(array, sizes, strict=True):
        cells = ""
        for value, size in zip(values, row, strict=True):
            if np.isfinite(size):
                depth = 0.55 * float(size / largest)
                shade = f"background: rgba({COLOURS[bool(value.real >= 0)]}, {depth:.2f})"
            else:
                shade = "outline: 2px solid #d03030; outline-offset: -2px"
            cells += (
                f'<td style="text-align: right; padding: 2px 6px; {shade}">{_number(value)}</td>'
            )
        rows.append(f'<tr style="background: none">{cells}</tr>')
    style = f"{_FONT}; border-collapse: collapse; border: 0; margin: 0; color: inherit"
    return f'<table style="{style}">{"".join(rows)}</table>'


def _summed_up(array: ndarray[Any, Any]) -> str:
    """Range and mean, and NumPy's own short form to unfold."""
    text = f"{array.size:,} numbers"
    if array.size and array.dtype.kind in "fiu":
        finite = array[np.isfinite(array)].astype(np.float64)
        if finite.size:
            spread = (finite.min(), finite.mean(), finite.max())
            text += " from {}, mean {}, to {}".format(*map(_number, spread))
        if bad := array.size - finite.size:
            text += f"; {bad:,} nan or infinite"
    short = np.array2string(array, threshold=100, precision=4)
    pre = f'<pre style="{_FONT}; margin: 4px 0; color: inherit; background: none">{_escaped(short)}'
    return f"<details><summary>{_escaped(text)}</summary>{pre}</pre></details>"


def _number(value: Any) -> str:
    if isinstance(value, np.bool_ | np.integer):
        return str(value)
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
