"""The picture as source for others to draw: DOT for Graphviz, Mermaid for Markdown."""

from __future__ import annotations

from collections.abc import Callable

from .folding import Item, Scene
from .graph import Box
from .labels import kind_of, lines_of, title_of

__all__ = ["dot_of", "mermaid_of"]

Tree = dict[Box, "Tree"]


def _nest(scene: Scene, write: Callable[[Item], str], frame: Callable[..., list[str]]) -> list[str]:
    """Lines for all items, with those of a module in its frame."""

    def inside(items: list[Item], around: tuple[Box, ...]) -> list[str]:
        lines: list[str] = []
        deeper: dict[Box, list[Item]] = {}
        for item in items:
            if len(item.inside) > len(around):
                deeper.setdefault(item.inside[len(around)], []).append(item)
            else:
                lines.append(write(item))
        for box, those in deeper.items():
            count[0] += 1
            number = count[0]
            body = inside(those, (*around, box))
            lines += frame(number, title_of(box, around).text, ["  " + line for line in body])
        return lines

    count = [0]
    return ["  " + line for line in inside(scene.items, ())]


def dot_of(scene: Scene, across: bool = False) -> str:
    """Source for `dot -Tsvg`."""
    outputs = set(scene.graph.outputs)
    styles = {
        "leaf": 'style="rounded,filled", fillcolor="#e8f1fd"',
        "constant": 'style="dashed"',
        "output": "penwidth=2",
        "module": 'style="rounded,filled", fillcolor="#f3effc"',
        "run": 'style="rounded,filled", fillcolor="#f3effc"',
    }
    ids = {item: f"n{i}" for i, item in enumerate(scene.items)}

    def write(item: Item) -> str:
        label = "\\n".join(_dot(line.text) for line in lines_of(item))
        style = styles.get(kind_of(item, outputs), "")
        return f'{ids[item]} [label="{label}"' + (f", {style}" if style else "") + "];"

    def frame(number: int, title: str, body: list[str]) -> list[str]:
        head = f'  label="{_dot(title)}"; style="rounded"; color="#b9c3cd";'
        return [f"subgraph cluster_{number} {{", head, *body, "}"]

    lines = [
        "digraph {",
        f"  rankdir={'LR' if across else 'TB'};",
        '  node [shape=box, fontname="monospace", fontsize=11];',
        *_nest(scene, write, frame),
    ]
    for arrow in scene.arrows:
        style = "" if arrow.tracked else ' [style=dashed, color="#8a96a3"]'
        lines.append(f"  {ids[arrow.source]} -> {ids[arrow.target]}{style};")
    return "\n".join([*lines, "}", ""])


def _dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def mermaid_of(scene: Scene, across: bool = False) -> str:
    """Source for a ```mermaid block."""
    outputs = set(scene.graph.outputs)
    ids = {item: f"n{i}" for i, item in enumerate(scene.items)}
    shapes = {"leaf": ("([", "])"), "constant": ("(", ")"), "module": ("[[", "]]")}

    def write(item: Item) -> str:
        begin, end = shapes.get(kind_of(item, outputs), ("[", "]"))
        label = "<br/>".join(_mermaid(line.text) for line in lines_of(item))
        return f'{ids[item]}{begin}"{label}"{end}'

    def frame(number: int, title: str, body: list[str]) -> list[str]:
        return [f'subgraph s{number}["{_mermaid(title)}"]', *body, "end"]

    lines = [f"flowchart {'LR' if across else 'TD'}", *_nest(scene, write, frame)]
    for arrow in scene.arrows:
        line = "-->" if arrow.tracked else "-.->"
        lines.append(f"  {ids[arrow.source]} {line} {ids[arrow.target]}")
    return "\n".join([*lines, ""])


def _mermaid(text: str) -> str:
    for sign, name in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, name)
    return text
