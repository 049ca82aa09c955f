"""The backward pass as a film: a picture for each step, with the gradients that are known by then.

It needs Matplotlib, whose writer of GIFs is Pillow's.
"""

from __future__ import annotations

import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .folding import Item
from .labels import kind_of, lines_of
from .layout import Place
from .player import known_at, made_by, scene_of
from .steps import show
from .svg import LIGHT, placed_of

if TYPE_CHECKING:
    from .steps import Step, Steps

__all__ = ["film"]

SECONDS, LAST = 1.6, 3  # of a step; how many times as long the last one stays
MOST = 300  # steps: eight minutes
DPI, POINT = 100, 72 / 100  # a unit of the layout is a pixel
LARGEST = 1600  # pixels
HOT, HOTFILL = "#bb2f27", "#fdecea"
FONT = {"family": "DejaVu Sans Mono"}
LETTER = 12.0 * POINT  # whose width is that of the boxes' text
#: What a caption has room for: lines, and characters of each.
LINES, WIDE = 5, 76


def film(steps: Steps, path: Path) -> None:
    """Write a GIF of the steps."""
    if len(steps) > MOST:
        raise ValueError(
            f"steps.save: a film of {len(steps):,} steps, expected no more than {MOST}: "
            'save("steps.html") has room for all, or take a smaller network'
        )
    try:
        import matplotlib as mpl
        from matplotlib.animation import PillowWriter
    except ImportError as error:
        raise ImportError('a film needs Matplotlib: pip install "plaingrad[plot]"') from error
    with mpl.rc_context():
        mpl.rcdefaults()
        frames = _Frames(steps)
        writer = PillowWriter(fps=1 / SECONDS)  # type: ignore[arg-type]  # it divides by it
        dpi = DPI * min(1, LARGEST / max(frames.width, frames.height))
        with writer.saving(frames.figure, str(path), dpi):
            for k in range(len(steps) + 1):
                frames.draw(k)
                for _ in range(LAST if k == len(steps) else 1):
                    writer.grab_frame()


class _Frames:
    """A figure, and what is in each picture."""

    def __init__(self, steps: Steps) -> None:
        from matplotlib.figure import Figure

        self.steps, self.known = steps, known_at(steps)
        self.scene = scene_of(steps)
        self.placed = placed_of(self.scene)
        self.arrows = sorted(
            self.scene.arrows, key=lambda a: (a.edges[0].target, a.edges[0].position)
        )
        self.width = max(self.placed.width + 40, WIDE * 7.3 + 30)
        self.caption = 58 + LINES * 17
        self.height = self.placed.height + 40 + self.caption
        self.figure: Any = Figure(figsize=(self.width / DPI, self.height / DPI))
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1))

    def draw(self, k: int) -> None:
        """The picture after step k."""
        self.axes.clear()
        self.axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        self.axes.set_axis_off()
        step = self.steps[k - 1] if k else None
        self._tell(k, step)
        self.left = (self.width - self.placed.width) / 2
        self.top = self.caption + 20
        titles = {f"f{b.path}:{b.call}": b.name for i in self.scene.items for b in i.inside}
        for key, place in self.placed.frames.items():
            self._box(place, "#5a6e87", LIGHT["framerim"], alpha=0.06, radius=8)
            x, y = self.placed.titles[key]
            self._text(x, y, titles[key], LIGHT["soft"], ha="left", va="center")
        for arrow, points in zip(self.arrows, self.placed.arrows, strict=True):
            lit = step is not None and any(
                c.id == e.source and c.position == e.position and step.id == e.target
                for c in step.contributions
                for e in arrow.edges
            )
            self._arrow(points, lit, arrow.tracked)
        now = {step.id} if step else {id for id, _ in self.steps.start}
        fed = {c.id for c in step.contributions} if step else set()
        for item in self.scene.items:
            self._item(item, self.placed.tiles[item.key], k, now, fed)

    def _tell(self, k: int, step: Step | None) -> None:
        count = len(self.steps)
        self.axes.text(15, 26, f"step {k} of {count}", color=LIGHT["soft"], fontsize=9, **FONT)
        bar = {"solid_capstyle": "butt", "linewidth": 4}
        right, left = self.width - 15, 135
        self.axes.plot([left, right], [22, 22], color=LIGHT["framerim"], alpha=0.6, **bar)
        done = left + (right - left) * k / max(1, count)
        self.axes.plot([left, done], [22, 22], color=HOT, **bar)
        if step is None:
            names = ", ".join(self.steps._names(self.steps.start))
            title, lines = (
                f"the start: the gradient of {names}",
                [f"g = {show(g)}" for _, g in self.steps.start],
            )
        else:
            title = f"{made_by(step)}:  g = {show(step.incoming)}"
            lines = []
            for c in step.contributions:
                numbers = f" = {c.numbers}" if c.numbers else ""
                sums = "" if c.nth == 1 else f",  sum {show(c.total)}"
                lines.append(f"to {c.to}:  {c.formula}{numbers} = {show(c.gradient)}{sums}")
        lines = [part for line in lines for part in textwrap.wrap(line, WIDE)]
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], "..."]
        title = textwrap.shorten(title, WIDE - 6, placeholder=" ...")
        self.axes.text(15, 52, title, color=LIGHT["ink"], fontsize=10, weight="bold", **FONT)
        for i, line in enumerate(lines):
            self.axes.text(15, 72 + 17 * i, line, color=LIGHT["ink"], fontsize=8.6, **FONT)

    def _box(self, p: Place, fill: str, rim: str, **look: Any) -> None:
        from matplotlib.patches import FancyBboxPatch

        radius, alpha = look.pop("radius", 4), look.pop("alpha", 1)
        corner = p.x + self.left, p.y + self.top
        style = f"round,pad=0,rounding_size={min(radius, p.height / 2)}"
        look = {"linewidth": 1, "edgecolor": rim, "alpha": alpha} | look
        self.axes.add_patch(
            FancyBboxPatch(corner, p.width, p.height, boxstyle=style, facecolor=fill, **look)
        )

    def _text(self, x: float, y: float, text: str, colour: str, **look: Any) -> None:
        look = {"ha": "center", "va": "baseline", "fontsize": LETTER} | look
        self.axes.text(x + self.left, y + self.top, text, color=colour, **look, **FONT)

    def _arrow(self, points: list[tuple[float, float]], lit: bool, tracked: bool) -> None:
        """Forward as it was computed; the other way, in red, where a gradient goes just now."""
        from matplotlib.patches import PathPatch, Polygon
        from matplotlib.path import Path as Curve

        at = [(x + self.left, y + self.top) for x, y in points]
        half, long = (4.5, 10) if lit else (3.6, 8)
        tip, turn = (at[0], 1) if lit else (at[-1], -1)
        neck = tip[0], tip[1] + turn * (long - 1)
        head = [tip, (tip[0] - half, tip[1] + turn * long), (tip[0] + half, tip[1] + turn * long)]
        at[0 if lit else -1] = neck
        corners, codes = [at[0]], [Curve.MOVETO]
        for (x0, y0), (x1, y1) in pairwise(at):
            middle = (y0 + y1) / 2
            corners += [(x0, middle), (x1, middle), (x1, y1)]
            codes += [Curve.CURVE4] * 3
        colour = HOT if lit else LIGHT["edge"] if tracked else LIGHT["plainrim"]
        look: Any = {"linewidth": 2.2 if lit else 1.1, "linestyle": "-" if tracked else (0, (3, 3))}
        over = 3 if lit else 1
        self.axes.add_patch(
            PathPatch(Curve(corners, codes), fill=False, edgecolor=colour, zorder=over, **look)
        )
        self.axes.add_patch(Polygon(head, closed=True, facecolor=colour, linewidth=0, zorder=over))

    def _item(self, item: Item, place: Place, k: int, now: set[int], fed: set[int]) -> None:
        ids = {v.id for v in item.values}
        kind = kind_of(item, set(self.scene.graph.outputs))
        names = {"leaf": "leaf", "constant": "plain", "module": "fold", "run": "fold"}
        look = names.get(kind, "box")
        fill, rim, width = LIGHT[look], LIGHT["rim" if look == "box" else look + "rim"], 1.0
        if kind == "output":
            rim, width = LIGHT["ink"], 1.6
        if ids & now:
            fill, rim, width = HOTFILL, HOT, 2.4
        elif ids & fed:
            rim, width = HOT, 1.8
        dashes = (0, (4, 3)) if kind == "constant" else "-"
        radius = {"leaf": 12, "module": 8, "run": 8}.get(kind, 4)
        self._box(place, fill, rim, linewidth=width, linestyle=dashes, radius=radius, zorder=2)
        seen = [t for t in self.known.get(item.out.id, ()) if t[0] <= k]
        for i, line in enumerate(lines_of(item)):
            text, colour = line.text, LIGHT["ink"]
            if line.role == "gradient":
                text, colour = seen[-1][1] if seen else "", LIGHT["gradient"]
            elif line.role in ("value", "note"):
                colour = LIGHT["value" if line.role == "value" else "soft"]
            middle = place.x + place.width / 2
            weight = "bold" if line.bold and line.bold == len(text) else "normal"
            self._text(middle, place.y + 8 + (i + 0.75) * 16, text, colour, weight=weight, zorder=4)
