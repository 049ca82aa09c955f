"""The picture of a profile: a block for each module and op, as wide as it took time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

from autograd.html import live_or_still

from ..files import replacing

__all__ = ["Flames", "Stretch"]

WIDTH, ROW = 960, 24  # of the picture, and the height of a row
LETTER = 6.7  # how wide one is at 11 px, in a font where all are
COLOURS = {"forward": "#2b8cc4", "backward": "#e0701a", "": "#8a8a8a"}
#: A file of its own has no page around it to take its colours from.
ALONE = (
    "<style>svg{color:#1a1a1a;background:#fff}"
    "@media(prefers-color-scheme:dark){svg{color:#e6e6e6;background:#1a1a1a}}</style>"
)


class Stretch(NamedTuple):
    """What took time, and what ran within it."""

    label: str
    told: str  #: more of it, for who points at it
    phase: str  #: "forward", "backward" or, where it is neither, ""
    milliseconds: float
    below: list[Stretch]


class Flames:
    """A profile as a picture: time from left to right, what runs within what from top to bottom.

    Blue is forward, orange backward, grey neither. A block says more when pointed at. It shows
    itself in a notebook.

    Attributes
    ----------
    svg
        the picture's source.
    """

    def __init__(self, whole: Stretch) -> None:
        self.whole = whole

    @property
    def svg(self) -> str:
        """As it stands in a page, whose colour its text takes."""
        return self._drawn("")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an SVG file; it has light and dark colours of its own."""
        if not os.fspath(path).endswith(".svg"):
            raise ValueError(f"save: got {os.fspath(path)!r}, expected a name that ends in .svg")
        with replacing(path) as file:
            file.write(self._drawn(ALONE).encode())

    def __repr__(self) -> str:
        return f"Flames({_time(self.whole.milliseconds)})"

    def _repr_html_(self) -> str:
        """The picture; where a page is narrower than its text can bear, it scrolls."""
        live = f'<div style="overflow-x: auto"><div style="min-width: 640px">{self.svg}</div></div>'
        return live_or_still(live, self._drawn(ALONE), f"{self!r}, by module and op")

    def _drawn(self, style: str) -> str:
        blocks = list(_blocks(self.whole, 0.0, WIDTH, 0, self.whole.milliseconds or 1.0))
        height = ROW * (1 + max(row for row, _ in blocks)) + 30
        legend, x = "", 2
        for phase, colour in COLOURS.items():
            label = phase or "neither"
            legend += (
                f'<rect x="{x}" y="{height - 17}" width="11" height="11" rx="2" fill="{colour}" '
                f'fill-opacity="0.6"/><text x="{x + 16}" y="{height - 8}">{label}</text>'
            )
            x += 32 + round(LETTER * len(label))
        legend += f'<text x="{WIDTH - 2}" y="{height - 8}" text-anchor="end">width is time</text>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'style="width: 100%; max-width: {WIDTH}px; height: auto" fill="currentColor" '
            'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11" role="img">'
            f"{style}<title>Where {escape(_time(self.whole.milliseconds))} went, by module and op"
            f"</title>{''.join(text for _, text in blocks)}{legend}</svg>"
        )


def _blocks(
    part: Stretch, left: float, width: float, row: int, whole: float
) -> Iterator[tuple[int, str]]:
    """The blocks of a stretch and of what ran in it, each with its row."""
    if width < 0.3:  # less than a hair
        return
    time, share = _time(part.milliseconds), f"{100 * part.milliseconds / whole:.1f} %"
    letters = math.floor((width - 9) / LETTER)
    kind = part.label.rpartition("): ")[2].partition("(")[0]  # Linear, of "(0): Linear(64, 16)"
    fitting = [x for x in (f"{part.label}  {time}", part.label, kind) if len(x) <= letters]
    text = fitting[0] if fitting else f"{kind[: letters - 1]}…" if letters >= 4 else ""
    told = "\n".join(filter(None, (part.label, part.told, part.phase, f"{time}, {share}")))
    label = f'<text x="{left + 4:.2f}" y="{ROW * row + 16}">{escape(text)}</text>' if text else ""
    yield (
        row,
        f'<g><title>{escape(told)}</title><rect x="{left + 0.25:.2f}" y="{ROW * row + 1}" '
        f'width="{max(width - 0.5, 0.25):.2f}" height="{ROW - 2}" rx="{min(2, width / 4):.2g}" '
        f'fill="{COLOURS[part.phase]}" fill-opacity="{0.55 if row % 2 else 0.4}"/>{label}</g>',
    )
    for inner in part.below:
        wide = width * inner.milliseconds / (part.milliseconds or 1.0)
        yield from _blocks(inner, left, wide, row + 1, whole)
        left += wide


def _time(milliseconds: Any) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.3g} ms" if milliseconds >= 1 else f"{1000 * milliseconds:.3g} µs"
