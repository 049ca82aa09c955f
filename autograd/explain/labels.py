"""What is written in the boxes of a picture, and on the cards behind them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .folding import Item, content_of
from .graph import Box, Sketch, Value, short

__all__ = ["Line", "card", "kind_of", "lines_of", "title_of"]

WIDE = 30  # characters in a line


class Line(NamedTuple):
    """A line in a box."""

    text: str
    role: str  #: "name", "op", "value" or "gradient"
    bold: int = 0  #: how many characters of it are the name


def lines_of(item: Item) -> list[Line]:
    """The lines of a box."""
    if item.box is not None:
        return _module(item, item.box)
    if item.summary:
        return _run(item)
    value = item.values[0]
    name = relative(value, item.inside)
    lines = [_head(value, name)]
    if value.shape is None:
        lines.append(Line("several results" if value.kind == "result" else "", "value"))
    elif not (value.kind == "constant" and not name and value.data and value.data.size == 1):
        lines.append(Line(value_text(value), "value"))
    if value.gradient is not None:
        lines.append(Line(gradient_text(value.gradient), "gradient"))
    return [line for line in lines if line.text]


def relative(value: Value, inside: tuple[Box, ...]) -> str:
    """A name without the path of the frame that is drawn around it."""
    name = value.name
    if value.named_by == "module":
        for box in reversed(inside):
            if name.startswith(box.name + "."):
                return name[len(box.name) + 1 :]
    return name


def _head(value: Value, name: str) -> Line:
    if value.kind != "result":
        text = cut(name or (value.label if value.kind == "constant" else "leaf"))
        return Line(text, "name", len(text) if name else 0)
    text = value.op
    if value.config and value.config != f"shape={value.shape}":
        space = " " if not value.config.startswith("[") else ""
        longer = f"{text}{space}{value.config}"
        text = longer if len(longer) + len(name) < WIDE - 2 else text
    if not name:
        return Line(cut(text), "op")
    if len(name) > WIDE - 4:  # cut anyway: so that the op can be read, too
        name = cut(name, max(WIDE // 2, WIDE - 3 - len(text)))
    return Line(cut(f"{name} = {text}"), "op", len(name))


def _module(item: Item, box: Box) -> list[Line]:
    name = last = box.name
    for around in reversed(item.inside):
        if name.startswith(around.name + "."):
            last = name[len(around.name) + 1 :]
            break
    head = last if last == box.kind else f"{last} {box.kind}"
    again = f" (call {box.call})" if box.call > 1 else ""
    lines = [Line(cut(head + again), "op", len(last))]
    count = f"{box.parameters:,} parameters" if box.parameters else "no parameters"
    lines.append(Line("1 parameter" if box.parameters == 1 else count, "note"))
    return lines + _result(item.out)


def _run(item: Item) -> list[Line]:
    ops = sum(v.kind == "result" for v in item.values)
    head = "1 op" if ops == 1 else f"{ops:,} ops"
    return [
        Line(head, "op", len(head)),
        Line(cut(content_of(item)), "note"),
        Line(cut(item.summary), "note"),
        *_result(item.out),
    ]


def _result(out: Value) -> list[Line]:
    lines = []
    if out.shape is not None:
        lines.append(Line(f"\N{RIGHTWARDS ARROW} {value_text(out)}", "value"))
    if out.gradient is not None:
        lines.append(Line(gradient_text(out.gradient), "gradient"))
    return lines


def title_of(box: Box, inside: tuple[Box, ...]) -> Line:
    """The title of a frame."""
    return _module(Item("", [Value(0, "leaf")], box, inside), box)[0]


def value_text(value: Value) -> str:
    """A small value itself, of another the shape."""
    if value.data is not None and (text := small(value.data)):
        return text
    dtype = "" if value.dtype[:5] == "float" else f" {value.dtype}"
    return f"{value.shape}{dtype}"


def gradient_text(gradient: Sketch) -> str:
    """A small gradient itself, of another its norm."""
    if text := small(gradient):
        return f"grad {text}"
    if gradient.norm is None:
        return f"grad {gradient.shape}"
    return f"grad norm {short(np.float64(gradient.norm), 3)}"


def small(sketch: Sketch) -> str:
    """The elements of an array of at most four, or ""."""
    if sketch.array is None or not 1 <= sketch.size <= 4:
        return ""
    if sketch.size == 1:
        return short(sketch.array)
    if len(sketch.shape) > 2:
        return ""
    text = _nested(sketch.array)
    return text if len(text) <= WIDE - 6 else ""


def _nested(x: object) -> str:
    x = np.asarray(x)
    if x.ndim == 0:
        return short(x)
    return "[" + ", ".join(map(_nested, x)) + "]"


def cut(text: str, width: int = WIDE) -> str:
    """A text no longer than a box is wide."""
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def kind_of(item: Item, outputs: set[int]) -> str:
    """How a box looks: "leaf", "constant", "result", "output", "module" or "run"."""
    if item.box is not None:
        return "module"
    if item.summary:
        return "run"
    value = item.values[0]
    return "output" if value.id in outputs and value.kind == "result" else value.kind


def card(item: Item) -> str:
    """All that is known of a box, in lines."""
    if item.box is not None or item.summary:
        ops = content_of(item)
        head = f"{item.box.path}: {item.box.kind}" if item.box else item.summary
        return f"{head}\n{len(item.values)} values: {ops}" if ops else head
    value = item.values[0]
    made = f"{value.label} = {value.op}" if value.op and value.name else value.label
    if value.config:
        made += f"({value.config})" if not value.config.startswith("[") else value.config
    lines = [made]
    if value.shape is not None:
        lines.append(f"{value.kind}, {value.dtype} {value.shape}")
    for what, sketch in (("value", value.data), ("gradient", value.gradient)):
        if sketch is not None:
            lines.append(f"{what}: {described(sketch)}")
    if value.rule:
        lines.append(
            f"gradient of {value.rule}" if ": " in value.rule else f"gradient {value.rule}"
        )
    if value.modules:
        lines.append(f"in {value.modules[-1].path}, a {value.modules[-1].kind}")
    if value.place:
        lines.append(f"{value.place}  {value.source}".rstrip())
    return "\n".join(lines)


def described(sketch: Sketch) -> str:
    """An array in a line."""
    if sketch.array is not None and sketch.size <= 9:
        return _nested(sketch.array)
    if sketch.least is None or sketch.mean is None or sketch.most is None or sketch.norm is None:
        told = f"{sketch.dtype} {sketch.shape}"
        return told if sketch.norm is None else f"{told}, norm {short(np.float64(sketch.norm))}"
    least, mean, most, norm = (
        short(np.float64(x)) for x in (sketch.least, sketch.mean, sketch.most, sketch.norm)
    )
    odd = f", {sketch.odd:,} not finite" if sketch.odd else ""
    return f"from {least} to {most}, mean {mean}, norm {norm}{odd}"
