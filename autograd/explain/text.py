"""The graph as text, a line a value: for a terminal."""

from __future__ import annotations

from .folding import Item, Scene, content_of
from .graph import Value
from .labels import cut, gradient_text, value_text

__all__ = ["text_of"]

LONGEST = 48  # characters of a name
MOST = 8  # inputs that are told


def text_of(scene: Scene) -> str:
    """A table in the order of making, with the modules as headings."""
    if not scene.items:
        return "Nothing: no op was recorded."
    inputs: dict[Item, list[str]] = {}
    for arrow in scene.arrows:
        inputs.setdefault(arrow.target, []).append(called(arrow.source))
    rows: list[tuple[str, str, str]] = []
    open_: tuple[object, ...] = ()
    for item in scene.items:
        for depth, box in enumerate(item.inside):
            if depth >= len(open_) or open_[depth] is not box:
                open_ = item.inside[: depth + 1]
                kind = "" if box.name == box.kind else f" {box.kind}"
                again = f" (call {box.call})" if box.call > 1 else ""
                rows.append(("  " * depth + f"{box.name}{kind}{again}", "", ""))
        open_ = item.inside
        rows.append(_row(item, inputs.get(item, [])))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
    lines = [
        f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows
    ]  # fmt: skip
    if scene.summarised:
        lines.append(f"A summary: {len(scene.graph.values):,} values in {len(scene.items):,} rows.")
    return "\n".join(lines)


def called(item: Item) -> str:
    """What an item is called in the rows of others."""
    if item.box is not None:
        return item.box.name + (f" ({item.box.call})" if item.box.call > 1 else "")
    return cut(item.out.label, LONGEST)


def _row(item: Item, inputs: list[str]) -> tuple[str, str, str]:
    indent, out = "  " * len(item.inside), item.out
    gradient = "" if out.gradient is None else gradient_text(out.gradient)
    value = "" if out.shape is None else value_text(out)
    if item.box is not None:
        text = f"{called(item)} = {item.box.kind}({_listed([*dict.fromkeys(inputs)])})"
        text = text.replace(f"{item.box.kind} = ", "", 1)
    elif item.summary:
        text = f"{content_of(item)}, {item.summary}"
    elif out.kind == "result":
        text = f"{called(item)} = {_call(out, inputs)}"
    else:
        text = called(item)
        value = "" if out.kind == "constant" and value == text else value
    return indent + text, value, gradient


def _call(value: Value, inputs: list[str]) -> str:
    if value.op == "getitem" and inputs:
        return f"{inputs[0]}{value.config}"
    told = _listed(inputs) or "..."  # made before the block began
    return f"{value.op}({told}, {value.config})" if value.config else f"{value.op}({told})"


def _listed(inputs: list[str]) -> str:
    if len(inputs) > MOST:
        inputs = [*inputs[: MOST - 2], f"... {len(inputs) - MOST + 2:,} more"]
    return ", ".join(inputs)
