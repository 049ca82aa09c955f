"""The curves of a training as a picture for a notebook, drawn without Matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from autograd.html import live_or_still

from ..plot import percent

__all__ = ["curves", "shown"]

WIDTH, HEIGHT = 400, 230  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 58, 96, 26, 34  # of it around the curves
COLOURS = ("#2b8cc4", "#e0701a")  # of training and of validation, on light pages and dark


def curves(columns: Mapping[str, Sequence[float]]) -> str:
    """An SVG with a panel for each quantity, training and validation in one, over the epochs."""
    epochs = columns["epoch"]
    names = [n for n in columns if n not in ("epoch", "seconds") and not _of_validation(n, columns)]
    panels = []
    for k, name in enumerate(names):
        pair = {"training": columns[name], "validation": columns.get(f"validation_{name}", ())}
        if name.startswith("validation_"):  # of it alone
            pair = {"training": (), "validation": columns[name]}
        place = f"translate({WIDTH * (k % 2)} {HEIGHT * (k // 2)})"
        panels.append(f'<g transform="{place}">{_panel(name, epochs, pair)}</g>')
    width, height = WIDTH * min(len(names), 2), HEIGHT * math.ceil(len(names) / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        'style="max-width: 100%; height: auto; font: 12px system-ui, sans-serif" '
        f'fill="currentColor" role="img"><title>{escape(", ".join(names))} by epoch</title>'
        f"{''.join(panels)}</svg>"
    )


def shown(columns: Mapping[str, Sequence[float]]) -> str:
    """The picture for a notebook, in the page's colours where it may be a part of the page."""
    svg = curves(columns)
    style = "<style>svg{color:#1a1a1a;background:#fff}</style>"
    still = svg.replace("<title>", f"{style}<title>", 1)
    return live_or_still(svg, still, "The curves of a training")


def _of_validation(name: str, columns: Mapping[str, Sequence[float]]) -> bool:
    """Whether it is drawn with that of training."""
    return name.startswith("validation_") and name.removeprefix("validation_") in columns


def _panel(name: str, epochs: Sequence[float], pair: Mapping[str, Sequence[float]]) -> str:
    finite = [y for ys in pair.values() for y in ys if math.isfinite(y)] or [0.0]
    ticks = _ticks(min(finite), max(finite))
    share = name.endswith("accuracy")
    low, high = ticks[0], ticks[-1]
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)

    def x(epoch: float) -> float:
        return LEFT + (epoch - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{LEFT}" y="16" font-weight="600">{escape(name.replace("_", " "))}</text>']
    parts += [
        f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="currentColor" '
        f'stroke-opacity="0.18"/><text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" '
        f'text-anchor="end" opacity="0.75">{_told(tick, share)}</text>'
        for tick in ticks
    ]
    for epoch, anchor in {first: "start", epochs[-1]: "end"}.items():
        parts.append(
            f'<text x="{x(epoch):.1f}" y="{HEIGHT - 14}" text-anchor="{anchor}" opacity="0.75">'
            f"{'epoch ' if epoch == first else ''}{epoch:g}</text>"
        )
    ends: list[tuple[float, float, str]] = []  # where the curves end, and their labels
    for (label, values), colour in zip(pair.items(), COLOURS, strict=True):
        points = [(x(e), y(v)) for e, v in zip(epochs, values, strict=False) if math.isfinite(v)]
        if not points:
            continue
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        right, height = points[-1]
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{right:.1f}" cy="{height:.1f}" r="2.5" fill="{colour}"/>'
        )
        text = percent(values[-1]) if share else f"{values[-1]:.4g}"
        value = f'<tspan x="{right + 7:.1f}" dy="13" font-weight="600">{text}</tspan>'
        ends.append((height, right + 7, f'fill="{colour}">{label}{value}</text>'))
    ends.sort()
    if len(ends) == 2 and ends[1][0] - ends[0][0] < 28:  # the labels would overlap
        middle = min(max((ends[0][0] + ends[1][0]) / 2, TOP + 14), HEIGHT - BOTTOM - 14)
        ends = [(middle - 14, *ends[0][1:]), (middle + 14, *ends[1][1:])]
    parts += [f'<text x="{right:.1f}" y="{height:.1f}" {text}' for height, right, text in ends]
    return "".join(parts)


def _told(tick: float, share: bool) -> str:
    return f"{100 * tick:.4g} %" if share else f"{tick:.6g}"


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers around the range."""
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= 4.5)
    start = math.floor(low / step + 1e-9)
    count = max(math.ceil(high / step - 1e-9) - start, 1)
    return [(start + k) * step for k in range(count + 1)]
