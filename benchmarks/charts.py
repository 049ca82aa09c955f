"""Pictures of the measurements, for the README: steps beside PyTorch's, and how cost grows.

Both are drawn to be shown 900 pixels wide, and saved at twice that.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from . import report

INK, GREY, RULE = "#1f2933", "#616e7c", "#e4e7eb"
# Okabe and Ito's palette, made to be told apart by colour-blind readers; shapes differ as well.
OURS, BEST = "#0072b2", "#d55e00"
#: Peer: its name in the legend, and its marker. What is first in the table is drawn on top.
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "plaingrad": ("plaingrad", {"marker": "o", "color": OURS, "s": 62}),
    "plaingrad-kept": (
        "plaingrad, keeping 1 GB",
        {"marker": "o", "facecolor": "white", "edgecolor": OURS, "s": 44, "linewidth": 1.5},
    ),
    "by-hand": ("NumPy by hand", {"marker": "|", "color": INK, "s": 130, "linewidth": 2.2}),
    "best": ("PyTorch at its best", {"marker": "D", "color": BEST, "s": 34}),
    "jax-jit": ("JAX jit", {"marker": "^", "color": "#009e73", "s": 44}),
    "jax": (
        "JAX",
        {"marker": "^", "facecolor": "white", "edgecolor": "#009e73", "s": 40, "linewidth": 1.3},
    ),
    "hips": ("HIPS autograd", {"marker": "s", "color": "#cc79a7", "s": 30}),
    "mygrad": ("MyGrad", {"marker": "X", "color": "#e69f00", "s": 44}),
    "tinygrad": ("tinygrad", {"marker": "v", "color": "#56b4e9", "s": 44}),
    "micrograd": ("micrograd", {"marker": "*", "color": "#7f6a00", "s": 80}),
}
OWN = ("plaingrad", "plaingrad-kept", "by-hand")  # on the row's line; the others below it
RIGHT_END = 30  # what is slower than so many times PyTorch eager is drawn at the edge


def write(results: report.Results, folder: Path) -> list[Path]:
    """Draw what there is in `results` into `folder`; the paths of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {"steps.png": steps(results), "growth.png": growth(results)}
    paths = []
    for name, figure in drawn.items():
        if figure is not None:
            with matplotlib.style.context("default"):
                figure.savefig(folder / name, dpi=200)
            paths.append(folder / name)
    return paths


def steps(results: report.Results) -> Figure | None:
    """Each row's step time over PyTorch eager's, a panel for each number of threads."""
    cases = {
        case: peers
        for case, peers in report.cases(results).items()
        if case[0] in report.ROWS and report.EAGER in peers
    }
    if not cases:
        return None
    threads = sorted({n for _, n in cases})
    rows = [row for row in report.ROWS if any((row, n) in cases for n in threads)]
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(9, 2.25 + 0.36 * len(rows)))
        top, bottom = 1 - 1.35 / figure.get_figheight(), 1.0 / figure.get_figheight()
        panels = figure.subplots(
            1, len(threads), sharey=True, squeeze=False,
            gridspec_kw={"left": 0.238, "right": 0.945, "top": top, "bottom": bottom,
                         "wspace": 0.19},
        )[0]  # fmt: skip
        shown: dict[str, Any] = {}
        for ax, n in zip(panels, threads, strict=True):
            _panel(ax, [cases.get((row, n), {}) for row in rows], shown)
            ax.set_title(_threads(n), loc="left", color=INK, size=10, weight="bold", pad=17)
            ax.tick_params(axis="y", labelcolor=INK, labelsize=9.5, length=0)
        panels[0].set_yticks(range(len(rows)), [report.ROWS[row] for row in rows])
        panels[0].set_ylim(len(rows) - 0.3, -0.6)
        torch = results["versions"]["torch"]
        _title(figure, f"Time of a training step over PyTorch {torch} eager's, float32")
        handles = [shown[peer] for peer in LOOKS if peer in shown]
        figure.legend(
            handles, [handle.get_label() for handle in handles], loc="upper left", ncols=5,
            bbox_to_anchor=(0.008, 1 - 0.3 / figure.get_figheight()), frameon=False, fontsize=9,
            labelcolor=INK, handletextpad=0.2, columnspacing=1.4, labelspacing=0.35,
        )  # fmt: skip
        beyond = any(
            entry["median_ms"] > RIGHT_END * peers[report.EAGER]["median_ms"]
            for peers in cases.values()
            for peer, entry in peers.items()
            if peer in LOOKS
        )
        rounds = sorted({entry["rounds"] for peers in cases.values() for entry in peers.values()})
        many = "-".join(map(str, dict.fromkeys((rounds[0], rounds[-1]))))
        note = (
            f"Medians of {many} rounds in which all take turns; blue line: the middle half of "
            "them; figures: plaingrad's"
            f"{f'; at the right edge: {RIGHT_END} and more' if beyond else ''}. "
        )
        _caption(figure, note + report.where(results))
    return figure


def _panel(ax: Any, table: list[dict[str, report.Entry]], shown: dict[str, Any]) -> None:
    """One panel; the first marker of each peer goes to `shown`, for the legend."""
    ax.set_xscale("log")
    ax.axvline(1, color=INK, linewidth=1.1, zorder=1)
    ends = [1.0]
    for y, peers in enumerate(table):
        ax.axhline(y, color=RULE, linewidth=0.8, zorder=0)
        if not peers:
            continue
        eager, top = peers[report.EAGER], report.best(peers)
        entries: dict[str, Any] = dict(peers)
        if len(peers.keys() & set(report.VARIANTS)) > 1:
            entries["best"] = top
        for depth, (peer, (label, look)) in enumerate(LOOKS.items()):
            if peer not in entries:
                continue
            middle, low, high = report.ratio(entries[peer], eager)
            ends.append(min(middle, RIGHT_END))
            zorder = 30 - depth
            if peer == "plaingrad":
                ax.plot([low, high], [y, y], color=OURS, linewidth=2.4, zorder=zorder - 0.5)
                ax.annotate(
                    report.number(middle), (1, y), (5, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", size=9.5, color=OURS, weight="bold",
                )  # fmt: skip
            lane = y if peer in OWN else y + 0.26
            drawn = ax.scatter(
                min(middle, RIGHT_END), lane, label=label, zorder=zorder, clip_on=False, **look
            )
            shown.setdefault(peer, drawn)
    ax.set_xlim(0.7 * min(ends), 1.25 * max(3, *ends))
    ax.xaxis.set_major_locator(LogLocator(10))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.annotate(
        "as fast as PyTorch eager", (1, 1), (0, 4), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="center", size=8.5, color=INK,
    )  # fmt: skip
    ax.set_xlabel("← faster     slower →", color=GREY, size=9, labelpad=2)
    _quiet(ax)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=RULE, linewidth=0.7, zorder=0)


def growth(results: report.Results) -> Figure | None:
    """Milliseconds of a step as one size grows, a panel for each; slopes in the legends."""
    table = report.growths(results)
    if not table:
        return None
    with matplotlib.style.context("default"):
        columns = min(3, len(table))
        lines = -(-len(table) // columns)
        figure = Figure(figsize=(9, 1.05 + 2.35 * lines))
        high = figure.get_figheight()
        grid = figure.subplots(
            lines, columns, squeeze=False,
            gridspec_kw={"left": 0.06, "right": 0.985, "top": 1 - 0.72 / high, "bottom": 0.8 / high,
                         "wspace": 0.22, "hspace": 0.4},
        ).ravel()  # fmt: skip
        for ax in grid[len(table) :]:
            ax.remove()
        for ax, (what, peers) in zip(grid, table.items(), strict=False):
            _growth_panel(ax, what, peers)
        torch = results["versions"].get("torch")
        beside = f": plaingrad beside PyTorch {torch} eager" if torch else ""
        _title(figure, f"How the milliseconds of a step grow{beside}")
        note = (
            f"Medians, {_threads(results['growth'][0].get('threads', 1))}, float32. "
            "The exponent of the size n is fitted to the larger half of the sizes (dashed). "
        )
        _caption(figure, note + report.where(results, others=False))
    return figure


def _growth_panel(ax: Any, what: str, peers: dict[str, tuple[Any, ...]]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    for peer, (sizes, times) in peers.items():
        name, color = ("plaingrad", OURS) if peer == "plaingrad" else ("PyTorch", BEST)
        marker = "o" if peer == "plaingrad" else "D"
        p = report.slope(sizes, times)
        larger = np.array(sizes[len(sizes) // 2 :], dtype=float)
        middle = np.exp(np.mean(np.log(times[len(sizes) // 2 :])))
        fitted = middle * (larger / np.exp(np.mean(np.log(larger)))) ** p
        label = f"{name} $\\sim n^{{{p:.2f}}}$"
        ax.plot(sizes, times, marker, color=color, markersize=4.5, label=label)
        ax.plot(sizes, times, color=color, linewidth=0.9, alpha=0.35)
        ax.plot(larger, fitted, "--", color=color, linewidth=1.4)
    ticks = sizes if len(sizes) <= 5 else sizes[:: -(-len(sizes) // 5)]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FuncFormatter(_short))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_title(what, loc="left", color=INK, size=9.5, weight="bold", pad=6)
    ax.legend(
        frameon=False, fontsize=9, labelcolor=INK, loc="upper left", borderpad=0, handletextpad=0.1,
        handlelength=1.2, labelspacing=0.25,
    )  # fmt: skip
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.25)  # room for the legend
    _quiet(ax)
    ax.grid(color=RULE, linewidth=0.7)


def _short(value: float, _: int | None = None) -> str:
    """A size as a tick: 512, 2048, 80k, 1.3M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size and value >= 1e4:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"


def _threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"


def _quiet(ax: Any) -> None:
    ax.spines[:].set(color="#9aa5b1", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(which="both", color="#9aa5b1", labelcolor=GREY, labelsize=9)


def _title(figure: Figure, words: str) -> None:
    high = figure.get_figheight()
    figure.text(0.012, 1 - 0.12 / high, words, size=12, weight="bold", color=INK, va="top")


def _caption(figure: Figure, words: str) -> None:
    """Small lines at the foot: what was measured, where and when."""
    lines = "\n".join(textwrap.wrap(words, 150))
    figure.text(0.012, 0.08 / figure.get_figheight(), lines, size=8, color=GREY, va="bottom")
