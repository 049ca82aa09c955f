"""Pictures of what was measured, to be shown 900 pixels wide, and saved at twice that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from .. import report as numbers
from ..charts import BEST, GREY, INK, OURS, RULE, _caption, _title
from . import report

FLOOR = 1e-17  # where a difference of 0 is drawn, on an axis of logarithms
COLORS = {"digits": INK, "circles": "#009e73", "float64": INK, "float32": "#009e73"}
Results = dict[str, Any]


def write(results: Results, folder: Path) -> list[Path]:
    """Draw the pictures into `folder`; the paths of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    draw: dict[str, Callable[[Results], Figure]] = {
        "side_by_side": curves, "side_by_side_time": times, "side_by_side_swing": swing,
    }  # fmt: skip
    paths = []
    with matplotlib.style.context("default"):
        for name, make in draw.items():
            paths.append(folder / f"{name}.png")
            make(results).savefig(paths[-1], dpi=200)
    return paths


def grid(high: float, rows: int, columns: int, **options: Any) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9, high))
    given = {"left": 0.085, "right": 0.985, "top": 1 - 0.78 / high, "bottom": 0.95 / high,
             "wspace": 0.1, "hspace": 0.42} | options  # fmt: skip
    return figure, figure.subplots(rows, columns, squeeze=False, gridspec_kw=given)


def quiet(ax: Any, title: str) -> None:
    ax.set_title(title, loc="left", color=INK, size=10, weight="bold", pad=6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#9aa5b1")
    ax.tick_params(which="both", color="#9aa5b1", labelcolor=GREY, labelsize=9)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)


def pair(ax: Any, entry: dict[str, Any]) -> None:
    """PyTorch's losses as a broad band, and ours as a thin line on it."""
    losses = entry["losses"]
    epochs = range(1, len(losses["PyTorch"]) + 1)
    ax.plot(epochs, losses["PyTorch"], color=BEST, alpha=0.45, linewidth=6, label="PyTorch",
            solid_capstyle="butt")  # fmt: skip
    ax.plot(epochs, losses["plaingrad"], color=OURS, linewidth=1.4, label="plaingrad")


def difference(ax: Any, entry: dict[str, Any], color: str) -> Any:
    """|our loss - PyTorch's|, epoch by epoch; 0 stands at the foot."""
    a, b = (np.array(entry["losses"][side]) for side in ("plaingrad", "PyTorch"))
    gap = np.maximum(np.abs(a - b), FLOOR)
    ax.plot(range(1, len(gap) + 1), gap, color=color, linewidth=1.1)
    return gap


def foot(ax: Any, top: float, ticks: list[float]) -> None:
    ax.set_yscale("log")
    ax.set_ylim(FLOOR / 2, top)
    ax.set_yticks([FLOOR, *ticks], ["0", *("1" if t == 1 else f"{t:.0e}" for t in ticks)])
    ax.minorticks_off()
    ax.set_xlabel("epoch", color=GREY, size=9, labelpad=2)


def legend(figure: Figure, ax: Any) -> None:
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(
        handles[::-1], labels[::-1], loc="upper right", ncols=2, frameon=False, fontsize=10,
        labelcolor=INK, bbox_to_anchor=(0.99, 1 - 0.02 / figure.get_figheight()),
    )  # fmt: skip


def curves(results: Results) -> Figure:
    """The losses over one another, a row for each network, and below them their difference."""
    entries = [e for e in report.usual(results) if e["dtype"] == "float64"]
    problems = list(dict.fromkeys(e["problem"] for e in entries))
    methods = list(dict.fromkeys(e["method"] for e in entries))
    by = {(e["problem"], e["method"]): e for e in entries}
    figure, axes = grid(8.2, len(problems) + 1, len(methods))
    for row, problem in zip(axes, problems, strict=False):
        high = max(max(by[problem, m]["losses"]["PyTorch"]) for m in methods)
        for ax, method in zip(row, methods, strict=True):
            entry = by[problem, method]
            pair(ax, entry)
            batch = f"batches of {entry['batch']}" if entry["batch"] else "all data"
            quiet(ax, f"{problem}: {method}")
            ax.text(0.97, 0.95, f"{report.sizes(entry)}\n{batch}, lr {entry['lr']:g}", ha="right",
                    va="top", transform=ax.transAxes, size=9, color=GREY)  # fmt: skip
            ax.set_ylim(0, 1.3 * high)
            if ax is not row[0]:
                ax.tick_params(labelleft=False)
        row[0].set_ylabel("loss (cross-entropy)", color=GREY, size=9)
    for ax, method in zip(axes[-1], methods, strict=True):
        quiet(ax, f"difference: {method}")
        gaps = {p: difference(ax, by[p, method], COLORS[p]) for p in problems}
        foot(ax, 1e-12, [1e-15, 1e-13])
        for place, problem in enumerate(problems):
            worst = float(np.max(gaps[problem]))
            words = f"{problem}: largest {worst:.0e}" if worst > FLOOR else f"{problem}: always 0"
            ax.text(0.03, 0.95 - 0.13 * place, words, transform=ax.transAxes, va="top", size=9.5,
                    color=COLORS[problem], weight="bold")  # fmt: skip
        if ax is not axes[-1][0]:
            ax.tick_params(labelleft=False)
    axes[-1][0].set_ylabel("|difference of losses|", color=GREY, size=9)
    legend(figure, axes[0][0])
    _title(figure, "The same training in plaingrad and in PyTorch, float64")
    _caption(figure, "Same network, data, initial weights and batches; tanh between layers. "
             + numbers.where(results))  # fmt: skip
    return figure


def times(results: Results) -> Figure:
    """The ratio of the times of an epoch, with quartiles, and the milliseconds in words."""
    entries = report.usual(results)
    cases = list(dict.fromkeys((e["problem"], e["method"]) for e in entries))
    high = 1.75 + 0.62 * len(cases)
    figure, axes = grid(high, 1, 1, left=0.22, right=0.75, bottom=1.05 / high, top=1 - 0.7 / high)
    ax = axes[0][0]
    for e in entries:
        single = e["dtype"] == "float32"
        y = cases.index((e["problem"], e["method"])) + (0.19 if single else -0.19)
        middle, low, top = e["ratio"]
        ax.plot([low, top], [y, y], color=OURS, linewidth=2.2, alpha=0.5)
        ax.plot(
            middle, y, "o", color=OURS, markersize=8, markerfacecolor="white" if single else OURS
        )
        ours, theirs = (numbers.number(e["epoch_ms"][s]) for s in ("plaingrad", "PyTorch"))
        ax.annotate(f"{e['dtype']}: {ours} and {theirs} ms", (1.02, y), va="center", size=9,
                    xycoords=("axes fraction", "data"), color=INK)  # fmt: skip
        ax.annotate(f"{middle:.2f}", (low, y), xytext=(-9, 0), textcoords="offset points",
                    va="center", ha="right", size=9, color=INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    ax.axvline(1, color=BEST, linewidth=2)
    ax.annotate("PyTorch", (1, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), ha="center",
                textcoords="offset points", size=9.5, color=BEST, weight="bold")  # fmt: skip
    ax.annotate("plaingrad and PyTorch", (1.02, 1), xycoords="axes fraction", xytext=(0, 4),
                textcoords="offset points", color=INK, size=9.5, weight="bold")  # fmt: skip
    quiet(ax, "")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=RULE, linewidth=0.8)
    ax.spines["left"].set_visible(False)
    ax.set_yticks(range(len(cases)), [f"{p}: {m}" for p, m in cases])
    ax.tick_params(axis="y", labelcolor=INK, labelsize=10, length=0)
    ax.set_ylim(len(cases) - 0.4, -0.6)
    ax.set_xlim(0, max(1.15, 1.08 * max(e["ratio"][2] for e in entries)))
    ax.set_xlabel("time of an epoch over PyTorch's; left of the line plaingrad is faster",
                  color=GREY, size=9)  # fmt: skip
    _title(figure, "Time of an epoch, one thread, taking turns with PyTorch")
    _caption(figure, "Filled: float64; open: float32. Ratios: median and quartiles of pairs of "
             "epochs; milliseconds: medians, CPU time; the machine was shared. "
             + numbers.where(results))  # fmt: skip
    return figure


def swing(results: Results) -> Figure:
    """Steps too large: the losses in float32, and the difference in both dtypes."""
    figure, axes = grid(3.9, 1, 2, wspace=0.2)
    left, right = axes[0]
    single = report.swing(results, "float32")
    pair(left, single)
    quiet(left, f"digits, gradient descent, lr {single['lr']:g}, float32")
    left.set_ylim(bottom=0)
    left.set_xlabel("epoch", color=GREY, size=9, labelpad=2)
    left.set_ylabel("loss (cross-entropy)", color=GREY, size=9)
    quiet(right, "difference of the losses")
    for dtype in ("float64", "float32"):
        gap = difference(right, report.swing(results, dtype), COLORS[dtype])
        right.annotate(dtype, (len(gap), np.median(gap[-10:])), xytext=(5, 0), va="center",
                       textcoords="offset points", size=9.5, color=COLORS[dtype], weight="bold",
                       annotation_clip=False)  # fmt: skip
    right.set_xticks(left.get_xticks()[1:-1])
    right.set_xlim(right=1.2 * len(gap))
    foot(right, 10, [1e-15, 1e-10, 1e-5, 1])
    legend(figure, left)
    _title(figure, "Steps that are too large magnify a difference of rounding")
    _caption(figure, "The network, data and initial weights are those of the other pictures. "
             + numbers.where(results))  # fmt: skip
    return figure
