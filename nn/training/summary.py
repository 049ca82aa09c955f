"""summary: a table of a model's layers, with the shapes of what comes out of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from autograd import default_dtype, no_grad

from ..module import Module, Parameter

__all__ = ["Row", "Summary", "summary"]


class Row(NamedTuple):
    """A module of a model."""

    name: str  #: as in `named_modules`
    layer: str  #: its class and its arguments
    output: Any  #: the shape of what it returned first; nested as that was; None if not called
    trainable: int  #: how many numbers its own parameters hold, not counted before
    frozen: int


class Summary:
    """What `summary` found; prints as a table.

    Attributes
    ----------
    rows
        a `Row` for each module, the model itself first.
    trainable, frozen
        how many numbers the parameters hold, shared ones counted once.
    nbytes
        the memory of the parameters.
    """

    def __init__(self, rows: list[Row], nbytes: int) -> None:
        self.rows, self.nbytes = rows, nbytes

    @property
    def trainable(self) -> int:
        """Of all rows."""
        return sum(row.trainable for row in self.rows)

    @property
    def frozen(self) -> int:
        """Of all rows."""
        return sum(row.frozen for row in self.rows)

    def _labels(self) -> Iterator[tuple[int, str, Row]]:
        """The rows, each with how deep it lies and what it is called there."""
        depths = {"": 0}
        for row in self.rows:
            parent = row.name
            while parent not in depths:  # what is in a list has no row of the list above it
                parent = parent.rpartition(".")[0]
            depths[row.name] = depths[parent] + bool(row.name)
            label = f"({row.name.removeprefix(parent + '.')}): " if row.name else ""
            yield depths[row.name], label + row.layer, row

    def __str__(self) -> str:
        lines = [["layer", "output", "trainable", "frozen"]]
        for depth, label, row in self._labels():
            counts = (f"{n:,}" if n else "" for n in (row.trainable, row.frozen))
            lines.append(["  " * depth + label, _text(row.output), *counts])
        lines.append(["total", "", f"{self.trainable:,}", f"{self.frozen:,}"])
        if not self.frozen:
            lines = [[*line[:3], ""] for line in lines]
        a, b, c, d = (max(map(len, column)) for column in zip(*lines, strict=True))
        text = [f"{w:{a}}   {x:{b}}   {y:>{c}}   {z:>{d}}".rstrip() for w, x, y, z in lines]
        rule = "-" * max(map(len, text))
        memory = f"memory of parameters: {_memory(self.nbytes)}"
        return "\n".join([text[0], rule, *text[1:-1], rule, text[-1], memory])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table in a notebook, with a bar for each layer's share of the parameters."""
        from html import escape  # nobody else needs it: not at import

        whole = self.trainable + self.frozen
        lines = [_HTML.format("", "layer", "output", "parameters", "", "share")]
        for depth, label, row in self._labels():
            numbers, text, bar, share = row.trainable + row.frozen, "", "", ""
            if numbers:
                text, part = f"{numbers:,}", numbers / whole
                bar = _BAR.format(120 * part, 0.8 if row.trainable else 0.4)
                share = f"{100 * part:.1f} %"
            if row.frozen:
                text += f", of which {row.frozen:,} frozen" if row.trainable else " frozen"
            indent = f"padding-left: {8 + 20 * depth}px"
            cells = (escape(label), escape(_text(row.output)), text, bar, share)
            lines.append(_HTML.format(indent, *cells))
        total = f"{whole:,} parameters, {_memory(self.nbytes)}"
        if self.frozen:
            total += f"; {self.frozen:,} of them are frozen"
        style = f"{_FONT}; border-collapse: collapse; border: 0; margin: 0; color: inherit"
        return (
            f'<div style="overflow-x: auto"><table style="{style}">{"".join(lines)}</table>'
            f'<div style="{_FONT}; padding: 4px 8px">{total}</div></div>'
        )


_FONT = "font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px"
_HTML = (
    '<tr style="background: none; border-bottom: 1px solid rgba(128, 128, 128, 0.3)">'
    '<td style="text-align: left; white-space: nowrap; padding: 2px 8px; {}">{}</td>'
    '<td style="text-align: left; white-space: nowrap; padding: 2px 8px">{}</td>'
    '<td style="text-align: right; white-space: nowrap; padding: 2px 8px">{}</td>'
    '<td style="text-align: left; padding: 2px 0; min-width: 120px">{}</td>'
    '<td style="text-align: right; white-space: nowrap; padding: 2px 8px">{}</td></tr>'
)
_BAR = '<div style="width: {:.1f}px; height: 10px; background: #2b8cc4; opacity: {}"></div>'


def summary(model: Module, *inputs: Any) -> Summary:
    """Call a model once, and tell what each layer returned and which parameters it has.

    The call is in evaluation mode and without gradients; the model is left as it was.

    Parameters
    ----------
    inputs
        what to call the model on: arrays, Tensors, or shapes, tuples of ints, for zeros. Without
        any, it is not called, and there are no shapes.

    Raises
    ------
    TypeError
        `model` is no Module. What the model raises is raised.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    >>> nn.summary(model, (32, 784))
    layer                    output     trainable
    ---------------------------------------------
    Sequential               (32, 10)
      (0): Linear(784, 16)   (32, 16)      12,560
      (1): ReLU()            (32, 16)
      (2): Linear(16, 10)    (32, 10)         170
    ---------------------------------------------
    total                                  12,730
    memory of parameters: 50.92 kB
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: got a {type(model).__name__}, expected a Module")
    outputs: dict[Module, Any] = {}
    if inputs:
        modes = [(module, module.training) for module in model.modules()]

        def note(module: Module, _args: Any, out: Any) -> None:
            outputs.setdefault(module, _shape(out))

        try:
            with ExitStack() as hooks, no_grad():
                for module, _ in modes:
                    hooks.enter_context(module.register_forward_hook(note))
                model.eval()
                model(*(_array(model, x) for x in inputs))
        finally:
            for module, mode in modes:
                module.training = mode

    rows, seen = [], set()
    for name, module in model.named_modules():
        counts = {True: 0, False: 0}
        for _, p in module._members():
            if isinstance(p, Parameter) and p not in seen:
                seen.add(p)
                counts[p.requires_grad] += p.size
        kind, arguments = type(module).__name__, module.extra_repr()
        leaf = arguments or not any(True for _ in module.children())
        layer = f"{kind}({arguments})" if leaf else kind
        rows.append(Row(name, layer, outputs.get(module), counts[True], counts[False]))
    return Summary(rows, sum(p.data.nbytes for p in model.parameters()))


def _array(model: Module, x: Any) -> Any:
    if not isinstance(x, tuple) or not all(isinstance(n, int | np.integer) for n in x):
        return x
    floats = (p.dtype for p in model.parameters() if p.dtype.kind == "f")
    return np.zeros(x, next(floats, default_dtype.get()))


def _shape(out: Any) -> Any:
    if isinstance(out, dict):
        return {key: _shape(x) for key, x in out.items()}
    if isinstance(out, tuple | list):
        return [_shape(x) for x in out]
    return getattr(out, "shape", None)


def _text(shape: Any) -> str:
    if isinstance(shape, dict):
        return ", ".join(f"{key}: {_text(x)}" for key, x in shape.items())
    if isinstance(shape, list):
        return ", ".join(_text(x) for x in shape if x is not None)
    return "" if shape is None else str(shape)


def _memory(nbytes: int) -> str:
    power = min(len(str(nbytes)) - 1, 11) // 3
    return f"{nbytes / 1000**power:.4g} {('bytes', 'kB', 'MB', 'GB')[power]}"
