"""The backward pass as a page to click and key through: one file, no network, no framework.

Beside the graph stands the step: the gradient that arrived, and for each input the rule, the
numbers put in, the contribution and the sum so far. The page is `player.html`, filled in here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..html import live_or_still
from .folding import Item, Scene, scene
from .graph import Graph, Sketch, short
from .labels import gradient_text
from .svg import DARK, LIGHT, svg_of

if TYPE_CHECKING:
    from .steps import Contribution, Step, Steps

__all__ = ["Player", "framed", "known_at", "made_by", "page", "scene_of"]

PACE = 1800  # milliseconds of a step while playing
WHOLE = 36  # elements of an array whose rows are written
TOLD = 200  # steps of a table, for who has no JavaScript


def page(steps: Steps, start: int = 0, ask: bool = False) -> str:
    """The player as a page of its own.

    In its address `#step=5&ask=1&theme=dark` says where it begins and how.

    Parameters
    ----------
    steps
        the backward pass.
    start
        the step to begin at.
    ask
        whether each step hides what it gives until it is asked for, so that one can say it first.
    """
    shown = scene_of(steps)
    arrows = sorted(shown.arrows, key=lambda a: (a.edges[0].target, a.edges[0].position))
    ids = [id for id, _ in steps.start]
    states: list[dict[str, Any]] = [{"ids": ids, "html": _start(steps), "name": "start"}]
    states += [
        {
            "ids": [step.id],
            "id": step.id,
            "to": [[c.id, c.position] for c in step.contributions],
            "html": _told(step) + (_end(steps) if step.number == len(steps) else ""),
            "name": step.name,
        }
        for step in steps
    ]
    if not len(steps):
        states[0]["html"] += _end(steps)
    known = known_at(steps)
    when = {step.id: step.number for step in steps}
    data = {
        "steps": states,
        "items": [_ids(item) for item in shown.items],
        "arrows": [[[e.source, e.target, e.position] for e in a.edges] for a in arrows],
        "known": known,
        "when": when,
        "jump": {**{id: texts[-1][0] for id, texts in known.items()}, **when},
        "start": start,
        "ask": ask,
    }
    filled = {
        "title": escape(f"The backward pass from {', '.join(steps._names(steps.start))}"),
        "light": _variables(LIGHT),
        "dark": _variables(DARK),
        # Without the gradients in its tooltips: they are not known yet.
        "svg": re.sub(r"\ngradient: [^\n<]*", "", svg_of(shown, prefix="pgplayer")),
        "table": escape(steps.table()) if len(steps) <= TOLD else "They are too many for one.",
        "pace": str(PACE),
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    }
    # In one go, for a name that the user gave may look like a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], _template())


class Player(str):
    """The player's HTML, which a notebook shows as such; where it may not, the graph."""

    _steps: Steps

    def __new__(cls, steps: Steps, start: int = 0, ask: bool = False, height: int = 0) -> Player:
        """The player of these steps, as `framed` has it."""
        made = super().__new__(cls, framed(steps, start, ask, height))
        made._steps = steps
        return made

    def __repr__(self) -> str:
        return str(self._steps)

    def _repr_html_(self) -> str:
        told = f"The graph whose backward pass has {len(self._steps)} steps"
        return live_or_still(str(self), svg_of(scene_of(self._steps)), told)


def framed(steps: Steps, start: int = 0, ask: bool = False, height: int = 0) -> str:
    """The player in a frame of its own, to stand in another page or a notebook.

    The styles and keys of the page around it do not reach it, so several can stand on one page.

    Parameters
    ----------
    steps
        the backward pass.
    start, ask
        as of `page`.
    height
        of the frame in pixels; by default as the graph needs.
    """
    text = page(steps, start, ask)
    if not height:
        high = float(text.split('class="pgplayer"', 1)[1].split('height="', 1)[1].split('"', 1)[0])
        height = int(min(700, max(520, high + 24)))
    return (
        f'<iframe title="{escape(f"Steps of the backward pass: {len(steps)} ops")}" '
        f'srcdoc="{escape(text)}" loading="lazy" style="width:100%;height:{height}px;'
        f'border:1px solid rgba(128,128,128,.35);border-radius:8px;display:block"></iframe>'
    )


@cache
def _template() -> str:
    return Path(__file__).with_suffix(".html").read_text(encoding="utf-8")


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


def scene_of(steps: Steps) -> Scene:
    """The picture, with room for the gradients, and numbers where names are alike."""
    widest: dict[int, Sketch] = {}
    for id, g in _gradients(steps):
        sketch = Sketch.of(g)
        if id not in widest or len(gradient_text(sketch)) > len(gradient_text(widest[id])):
            widest[id] = sketch
    values = [replace(v, gradient=widest.get(v.id)) for v in steps.graph.values]
    whole = scene(Graph(values, steps.graph.edges, steps.graph.outputs))
    if not whole.summarised:
        for v in whole.graph.values:
            if not v.name and v.kind == "result":
                v.op = v.label
    return whole


def _ids(item: Item) -> list[int]:
    """The values in a box; last the one whose gradient is written in it."""
    return [v.id for v in item.values if v is not item.out] + [item.out.id]


def _gradients(steps: Steps) -> Iterator[tuple[int, Any]]:
    """All that gradients are on the way, by the id of the value; of a tuple there is none."""
    yield from steps.start
    for step in steps:
        for c in step.contributions:
            if steps.graph.by_id[c.id].shape is not None:
                yield c.id, c.total


def known_at(steps: Steps) -> dict[int, list[tuple[int, str, bool]]]:
    """What is known of each gradient: from which step on, as text, and whether it is complete."""
    found: dict[int, list[tuple[int, str, bool]]] = {}
    for id, g in steps.start:
        later = any(c.id == id for step in steps for c in step.contributions)
        found[id] = [(0, gradient_text(Sketch.of(g)), not later)]
    for step in steps:
        for c in step.contributions:
            text = gradient_text(Sketch.of(c.total))
            found.setdefault(c.id, []).append((step.number, text, c.complete))
    return found


# What the page says


def _start(steps: Steps) -> str:
    rows = "".join(
        f"<dt>{_code(steps.graph.by_id[id].label)}</dt><dd class=g>{_array(g)}</dd>"
        for id, g in steps.start
    )
    ops = "1 op" if len(steps) == 1 else f"{len(steps)} ops"
    return (
        "<h2>The start</h2><p>The gradient of the output; that of a loss by itself is 1. From here "
        f"the engine walks back, from the youngest value to the oldest: {ops}.</p>"
        f"<dl>{rows}</dl>"
    )


def _told(step: Step) -> str:
    line = ""
    if step.source or step.place:
        line = f'<p class="line m">{escape(step.place)}&ensp;{escape(step.source)}</p>'
    arrived = f"<dl><dt>arrived</dt><dd class=g>{_array(step.incoming, 'g = ')}</dd></dl>"
    cards = "".join(map(_card, step.contributions))
    return f"<h2>{step.number}. <code>{escape(made_by(step))}</code></h2>{line}{arrived}{cards}"


def made_by(step: Step) -> str:
    """A value and its op: "h = tanh", "sum(axis=0)"."""
    made = step.op + (f"({step.config})" if step.config else "")
    unnamed = re.fullmatch(rf"{re.escape(step.op)}( \d+)?", step.name)
    return step.name + made[len(step.op) :] if unnamed else f"{step.name} = {made}"


def _card(c: Contribution) -> str:
    rows = [("rule", f"<pre>{escape(c.formula)}</pre>", "wraps")]
    if c.rule.note:
        rows.append(("", f'<span class="soft">{escape(c.rule.note)}</span>', "wraps"))
    if c.numbers:
        rows.append(("numbers", f"<pre>{escape(c.numbers)}</pre>", "wraps answer"))
    else:
        rows += [
            ("with" if i == 0 else "", _array(x, f"{name} = "), "")
            for i, (name, x) in enumerate(c.operands)
        ]
    if c.fitted:
        rows.append(("stretched", _array(c.raw), "answer"))
        stretched = f"from {_shape(c.gradient)} to {_shape(c.raw)} by broadcasting, so it is summed"
        rows.append(("", f'<span class="soft">{stretched}</span>', "wraps"))
    rows.append(("gives", _array(c.gradient), "g answer"))
    if c.nth > 1:
        rows.append(("sum", _array(c.total), "g sum answer"))
    body = "".join(f'<dt>{a}</dt><dd class="{k}">{b}</dd>' for a, b, k in rows)
    mark = ' class="ok"' if c.complete else ' class="soft"'
    return (
        f"<div class=card><h3>to {_code(c.to)}</h3><dl>{body}</dl>"
        f"<p style='margin:6px 0 0;font-size:13px'{mark}>{_state(c)}</p></div>"
    )


def _state(c: Contribution) -> str:
    if c.of == 1:
        return "the only contribution: complete"
    text = f"contribution {c.nth} of {c.of}"
    return text + (": complete" if c.complete else ", waits for the others")


def _end(steps: Steps) -> str:
    rows = "".join(
        f"<dt>{_code(name)}</dt><dd class=g>{_array(g)}</dd>" for name, g in steps.gradients.items()
    )
    return (
        "<div class=end><h2>All leaves are known</h2><p>This is what <code>backward()</code> adds "
        f"to <code>.grad</code>:</p><dl>{rows}</dl></div>"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _shape(x: Any) -> str:
    return str(np.shape(x))


def _array(x: Any, name: str = "") -> str:
    """An array as rows; of a large one what `show` says."""
    from .steps import show

    if isinstance(x, tuple) or np.ndim(x) != 2 or not 1 < np.size(x) <= WHOLE:
        return f'<pre class="wrap">{escape(name + show(x))}</pre>'
    digits = {1: 4, 2: 4, 3: 3, 4: 3}.get(np.shape(x)[1], 2)
    cells = [[short(v, digits) for v in row] for row in np.asarray(x)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [" ".join(v.rjust(w) for v, w in zip(row, widths, strict=True)) for row in cells]
    ends = ["]" if i < len(rows) - 1 else "]]" for i in range(len(rows))]
    starts = ["[["] + [" ["] * (len(rows) - 1)
    pad = " " * len(name)
    lines = [a + row + b for a, row, b in zip(starts, rows, ends, strict=True)]
    return f"<pre>{escape(name + (chr(10) + pad).join(lines))}</pre>"
