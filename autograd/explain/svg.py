"""The picture: a laid out scene as SVG, which follows the page from light to dark."""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections.abc import Iterable
from html import escape

from .folding import Arrow, Item, Scene
from .graph import Box
from .labels import Line, card, kind_of, lines_of, title_of
from .layout import Frame, Link, Place, Placed, Tile, lay_out

__all__ = ["placed_of", "style_of", "svg_of"]

CHARACTER, ROW, BESIDE, ABOVE = 7.4, 16.0, 12.0, 8.0  # of a letter; room in a box
SMALL = 6.8  # width of a letter in titles and the legend
EDGE = 16.0  # around the whole
BEHIND = 4.0  # how far the second rectangle of a folded module shows
FOLD = "click a module to fold or unfold it"
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

LIGHT = {
    "paper": "#ffffff", "ink": "#1d2733", "soft": "#5d6975", "edge": "#7d8995",
    "box": "#ffffff", "rim": "#93a0ad", "leaf": "#e6f0fd", "leafrim": "#3a78d0",
    "plain": "#f5f6f7", "plainrim": "#a0aab4", "fold": "#f1ecfb", "foldrim": "#7a5bc0",
    "later": "#fdf2e3", "laterrim": "#bd7a22", "frame": "rgba(90,110,135,0.06)",
    "framerim": "#b7c1cb", "value": "#13724a", "gradient": "#bb2f27",
}  # fmt: skip
DARK = {
    "paper": "#15191e", "ink": "#e8edf2", "soft": "#a3aeb9", "edge": "#8b97a3",
    "box": "#1f252c", "rim": "#5f6b78", "leaf": "#172a42", "leafrim": "#5c9df2",
    "plain": "#22272d", "plainrim": "#6c7784", "fold": "#29223d", "foldrim": "#a78ceb",
    "later": "#35280f", "laterrim": "#d99a45", "frame": "rgba(160,180,205,0.07)",
    "framerim": "#46515d", "value": "#63d69d", "gradient": "#ff8f86",
}  # fmt: skip
#: Pages that say by themselves whether they are light or dark: Material for MkDocs, JupyterLab,
#: Visual Studio Code, Colab.
PAGES = {
    "light": "[data-md-color-scheme=default] {0},[data-jp-theme-light=true] {0},.vscode-light {0},"
    "[theme=light] {0}",
    "dark": "[data-md-color-scheme=slate] {0},[data-jp-theme-light=false] {0},.vscode-dark {0},"
    "[theme=dark] {0}",
}
RULES = """\
{0}{{{light};font:12px {font};max-width:100%;height:auto}}
@media(prefers-color-scheme:dark){{{0}{{{dark}}}}}
{on_light}{{{light}}}
{on_dark}{{{dark}}}
{0} text{{fill:var(--ink);white-space:pre}}
{0} .paper{{fill:var(--paper)}}
{0} .b{{fill:var(--box);stroke:var(--rim)}}
{0} .leaf .b{{fill:var(--leaf);stroke:var(--leafrim)}}
{0} .constant .b{{fill:var(--plain);stroke:var(--plainrim);stroke-dasharray:4 3}}
{0} .output .b{{stroke:var(--ink);stroke-width:2}}
{0} .module .b,{0} .run .b{{fill:var(--fold);stroke:var(--foldrim)}}
{0} .later .b{{fill:var(--later);stroke:var(--laterrim)}}
{0} .n{{font-weight:700}}
{0} .value{{fill:var(--value)}}
{0} .gradient{{fill:var(--gradient)}}
{0} .note,{0} .t,{0} .legend{{fill:var(--soft);font-size:11px}}
{0} .frame{{fill:var(--frame);stroke:var(--framerim)}}
{0} .e{{fill:none;stroke:var(--edge);stroke-width:1.4}}
{0} .h{{fill:var(--edge);stroke:none}}
{0} .untracked .e{{stroke-dasharray:4 4;stroke:var(--plainrim)}}
{0} .untracked .h{{fill:var(--plainrim)}}
{0} [data-fold]{{cursor:pointer}}
{0} [data-fold]:hover .b,{0} [data-fold]:hover .frame,{0} [data-fold]:focus-visible .b,\
{0} [data-fold]:focus-visible .frame{{stroke:var(--foldrim);stroke-width:2;outline:none}}
"""


def style_of(prefix: str) -> str:
    """The style sheet, for elements of one class."""

    def variables(colours: dict[str, str]) -> str:
        return ";".join(f"--{name}:{colour}" for name, colour in colours.items())

    name = f".{prefix}"
    return RULES.format(
        name,
        font=FONT,
        light=variables(LIGHT),
        dark=variables(DARK),
        on_light=PAGES["light"].format(name),
        on_dark=PAGES["dark"].format(name),
    )


def placed_of(scene: Scene, across: bool = False) -> Placed:
    """The layout of a scene: tiles by the keys of items, frames by `frame_key`."""
    root = Frame("")
    frames: dict[tuple[Box, ...], Frame] = {(): root}
    for item in scene.items:
        for depth in range(len(item.inside)):
            chain = item.inside[: depth + 1]
            if chain not in frames:
                title = title_of(chain[-1], chain[:-1])
                frames[chain] = Frame(frame_key(chain[-1]), letters(title.text) * SMALL + 8)
                frames[chain[:-1]].inside.append(frames[chain])
        width, height = size_of(lines_of(item))
        behind = BEHIND if item.box is not None or item.summary else 0.0
        order = item.values[0].id
        frames[item.inside].inside.append(Tile(item.key, width + behind, height + behind, order))
    links = [
        Link(a.source.key, a.target.key, a.edges[0].position)
        for a in sorted(scene.arrows, key=lambda a: (a.edges[0].target, a.edges[0].position))
    ]
    return lay_out(root, links, across)


def frame_key(box: Box) -> str:
    """The key of the frame around a call of a module."""
    return f"f{box.path}:{box.call}"


def size_of(lines: list[Line]) -> tuple[float, float]:
    """Width and height of a box with these lines."""
    longest = max(letters(line.text) for line in lines)
    return max(44.0, longest * CHARACTER + 2 * BESIDE), len(lines) * ROW + 2 * ABOVE


def letters(text: str) -> int:
    """How many letters wide a text is; some, as of Chinese, are two wide."""
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text)


def svg_of(
    scene: Scene,
    across: bool = False,
    *,
    prefix: str = "",
    foldable: dict[Box, int] | None = None,
    styled: bool = True,
) -> str:
    """A scene as an SVG element.

    Parameters
    ----------
    prefix
        a class for the style to hang on; by default one made from the content.
    foldable
        calls of modules to fold at a click, each with a number.
    styled
        whether the style sheet is in it.
    """
    placed = placed_of(scene, across)
    arrows = sorted(scene.arrows, key=lambda a: (a.edges[0].target, a.edges[0].position))
    outputs = set(scene.graph.outputs)
    parts: list[str] = []
    boxes = {
        frame_key(box): (box, item.inside[:i])
        for item in scene.items
        for i, box in enumerate(item.inside)
    }
    for key, place in placed.frames.items():
        parts.append(_frame(*boxes[key], place, placed.titles[key], foldable or {}))
    parts += [
        _arrow(arrow, points, across) for arrow, points in zip(arrows, placed.arrows, strict=True)
    ]
    parts += [_item(item, placed.tiles[item.key], outputs, foldable or {}) for item in scene.items]
    width = max(placed.width, 120.0)
    legend, wide, high = _legend(scene, max(width, 330.0), bool(foldable))
    width = max(width, wide)
    note = ""
    top = 0.0
    if scene.summarised:
        top = 22.0
        text = f"A summary: {len(scene.graph.values):,} values in {len(scene.items):,} boxes."
        note = f'<text class="legend" x="0" y="10">{text}</text>'
        width = max(width, len(text) * SMALL)
    shift = (width - placed.width) / 2
    height = top + placed.height + 26 + high
    names = [scene.graph.by_id[i].label for i in scene.graph.outputs[:3]]
    title = f"The graph of {', '.join(names)}: {len(scene.graph.values):,} values"
    body = (
        f'<title>{escape(title)}</title><rect class="paper" width="{_n(width + 2 * EDGE)}" '
        f'height="{_n(height + 2 * EDGE)}" rx="6"/>'
        f'<g transform="translate({_n(EDGE)} {_n(EDGE)})">{note}'
        f'<g transform="translate({_n(shift)} {_n(top)})">{"".join(parts)}</g>'
        f'<g transform="translate(0 {_n(top + placed.height + 26)})">{legend}</g></g>'
    )
    prefix = prefix or "pg" + hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()[:10]
    w, h = _n(width + 2 * EDGE), _n(height + 2 * EDGE)
    style = f"<style>{style_of(prefix)}</style>" if styled else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{prefix}" role="img" '
        f'viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        f'style="min-width:{_n(0.6 * width)}px">{style}{body}</svg>'
    )


def _frame(
    box: Box,
    around: tuple[Box, ...],
    place: Place,
    title: tuple[float, float],
    fold: dict[Box, int],
) -> str:
    """A frame around the inside of a module."""
    line = title_of(box, around)
    x, y = title
    return (
        f'<g{_fold(box, fold, "Fold")}><rect class="frame" x="{_n(place.x)}" y="{_n(place.y)}" '
        f'width="{_n(place.width)}" height="{_n(place.height)}" rx="8"/>'
        f'<text class="t" x="{_n(x)}" y="{_n(y + 4)}">{_text(line)}</text></g>'
    )


def _fold(box: Box, fold: dict[Box, int], what: str) -> str:
    if box not in fold:
        return ""
    return (
        f' data-fold="{fold[box]}" tabindex="0" role="button" '
        f'aria-label="{what} {escape(box.path, quote=True)}"'
    )


def _text(line: Line) -> str:
    name, rest = escape(line.text[: line.bold]), escape(line.text[line.bold :])
    return f'<tspan class="n">{name}</tspan>{rest}' if name else rest


def _item(item: Item, place: Place, outputs: set[int], fold: dict[Box, int]) -> str:
    kind = kind_of(item, outputs)
    later = " later" if item.box is None and item.out.backward and kind != "output" else ""
    attributes = f' data-id="{item.values[0].id}"' if len(item.values) == 1 else ""
    if item.box is not None:
        attributes = _fold(item.box, fold, "Unfold")
    behind = BEHIND if kind in ("module", "run") else 0.0
    width, height = place.width - behind, place.height - behind
    radius = {"leaf": 12, "module": 8, "run": 8}.get(kind, 4)
    size = f'width="{_n(width)}" height="{_n(height)}" rx="{radius}"/>'
    shape = f'<rect class="b" x="{_n(place.x)}" y="{_n(place.y)}" {size}'
    if behind:
        shape = f'<rect class="b" x="{_n(place.x + 4)}" y="{_n(place.y + 4)}" {size}{shape}'
    middle = _n(place.x + width / 2)
    rows = []
    for i, line in enumerate(lines_of(item)):
        y = _n(place.y + ABOVE + (i + 0.75) * ROW)
        role = "" if line.role in ("name", "op") else f' class="{line.role}"'
        rows.append(f'<text{role} x="{middle}" y="{y}" text-anchor="middle">{_text(line)}</text>')
    return (
        f'<g class="v {kind}{later}"{attributes}><title>{escape(card(item))}</title>'
        f"{shape}{''.join(rows)}</g>"
    )


def _arrow(arrow: Arrow, points: list[tuple[float, float]], across: bool) -> str:
    """An arrow: straight along the flow, or in an S, from point to point."""
    (*way, tip) = points
    x, y = tip
    neck = (x - 7, y) if across else (x, y - 7)
    line = f"M{_n(way[0][0])} {_n(way[0][1])}{path_of([*way, neck], across)}"
    if across:
        head = f"M{_n(x)} {_n(y)}l-8 -3.6v7.2z"
    else:
        head = f"M{_n(x)} {_n(y)}l-3.6 -8h7.2z"
    edge = arrow.edges[0]
    return (
        f'<g class="a{"" if arrow.tracked else " untracked"}" data-from="{edge.source}" '
        f'data-to="{edge.target}" data-position="{edge.position}">'
        f'<path class="e" d="{line}"/><path class="h" d="{head}"/></g>'
    )


def path_of(points: list[tuple[float, float]], across: bool) -> str:
    """SVG's commands from the first point to the others."""
    parts: list[str] = []
    flow = 1 if across else 0
    straight = [points[0]]  # points in the middle of a straight line are left out
    for point, after in itertools.pairwise(points[1:]):
        if abs(straight[-1][flow] - point[flow]) > 0.05 or abs(point[flow] - after[flow]) > 0.05:
            straight.append(point)
    for (x0, y0), (x1, y1) in itertools.pairwise([*straight, points[-1]]):
        if abs(y0 - y1 if across else x0 - x1) < 0.05:
            parts.append(f"L{_n(x1)} {_n(y1)}")
        elif across:
            m = (x0 + x1) / 2
            parts.append(f"C{_n(m)} {_n(y0)} {_n(m)} {_n(y1)} {_n(x1)} {_n(y1)}")
        else:
            m = (y0 + y1) / 2
            parts.append(f"C{_n(x0)} {_n(m)} {_n(x1)} {_n(m)} {_n(x1)} {_n(y1)}")
    return "".join(parts)


def _legend(scene: Scene, width: float, foldable: bool) -> tuple[str, float, float]:
    """What the looks mean, those that occur; with its width and height."""
    outputs = set(scene.graph.outputs)
    kinds = {kind_of(item, outputs) for item in scene.items}
    values = [v for item in scene.items for v in item.values]
    entries: list[tuple[str, str]] = [
        (f'<g class="{kind}"><rect class="b" y="1" width="16" height="11" rx="{r}"/></g>', text)
        for kind, text, r in (
            ("leaf", "leaf, gets a gradient", 5),
            ("constant", "constant", 2),
            ("module", "folded module", 3),
            ("run", "ops in a row", 3),
            ("output", "output", 2),
        )
        if kind in kinds
    ]
    if any(v.backward for v in values):
        mark = '<g class="later"><rect class="b" y="1" width="16" height="11" rx="2"/></g>'
        entries.append((mark, "made by a backward pass"))
    entries.append(('<text class="value" y="11">ab</text>', "value or shape"))
    if any(v.gradient is not None for v in values):
        entries.append(('<text class="gradient" y="11">ab</text>', "gradient"))
    if any(not arrow.tracked for arrow in scene.arrows):
        dashed = '<g class="untracked"><path class="e" d="M0 7H18"/></g>'
        entries.append((dashed, "no gradient goes back"))
    if foldable:
        entries.append(('<g><rect class="frame" y="1" width="16" height="11" rx="3"/></g>', FOLD))
    return _rows(entries, width)


def _rows(entries: Iterable[tuple[str, str]], width: float) -> tuple[str, float, float]:
    x, y, widest, parts = 0.0, 0.0, 0.0, []
    for mark, text in entries:
        long = 22 + len(text) * SMALL
        if x and x + long > width:
            x, y = 0.0, y + 18
        parts.append(
            f'<g transform="translate({_n(x)} {_n(y)})">{mark}'
            f'<text class="legend" x="22" y="11">{text}</text></g>'
        )
        x += long + 18
        widest = max(widest, x - 18)
    return "".join(parts), widest, y + 14


def _n(x: float) -> str:
    """A coordinate, to a tenth."""
    text = f"{x:.1f}"
    return text[:-2] if text.endswith(".0") else text
