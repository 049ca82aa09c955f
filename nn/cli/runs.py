"""`python -m nn runs`: what was trained, in a table; or some runs side by side."""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import plot
from ..training.progress import say
from . import report
from .table import table

__all__ = ["add", "compare", "draw", "find", "history_of", "runs"]


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "runs",
        help="list what was trained; `plaingrad runs NAME NAME` compares",
        description="List the runs below a folder, the newest last; or compare some of them: what "
        "they have of their own, how they did, and in a picture their curves.",
    )
    parser.set_defaults(command=runs, command_name="runs")
    names = "of runs to compare: their names in the list, or their folders"
    parser.add_argument("names", nargs="*", metavar="name", help=names)
    parser.add_argument("--folder", default="runs", help="where to look; default: runs")
    parser.add_argument(
        "--picture", metavar="FILE.png", help="their curves over one another; default: runs.png"
    )


def runs(args: argparse.Namespace) -> int:
    """Print the list, or the comparison; return the exit status."""
    if args.picture and not args.names:
        raise ValueError("argument --picture: expected names of runs to compare, got none")
    if args.picture and Path(args.picture).suffix != ".png":
        raise ValueError(f"argument --picture: expected a name in .png, got {args.picture!r}")
    found = find(Path(args.folder))
    if not args.names:
        if not found:
            raise ValueError(f"no runs in {args.folder}; python -m nn train circles makes one")
        say(listed(found))
        return 0
    chosen = {}
    for name in args.names:
        record = found.get(name) or report.read(Path(name))
        if record is None:
            known = ", ".join(found) or "none"
            raise ValueError(f"argument name: no run {name!r}; in {args.folder} there are: {known}")
        chosen[name] = record
    say(compare(chosen))
    folders = {name: Path(args.folder, name) if name in found else Path(name) for name in chosen}
    histories = {name: history_of(folder) for name, folder in folders.items()}
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        say('no picture without Matplotlib; to install it: pip install "plaingrad[plot]"')
        return 0
    path = Path(args.picture or Path(args.folder, "runs.png"))
    if args.picture or path.parent.is_dir():
        draw(histories, path, "Runs side by side: " + ", ".join(chosen))
        say("", path)
    return 0


def find(folder: Path) -> dict[str, dict[str, Any]]:
    """All runs below a folder, by their places in it, the newest last."""
    paths = sorted(Path(folder).rglob(report.RECORD))
    records = {
        path.parent.relative_to(folder).as_posix(): report.read(path.parent) for path in paths
    }
    known = {name: record for name, record in records.items() if record}
    return dict(sorted(known.items(), key=lambda item: str(item[1]["date"])))


def listed(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each."""
    rows = []
    for name, record in found.items():
        numbers = {k: v for k, v in record["numbers"].items() if k.startswith("test")}
        well = next((report.figure(k, v) for k, v in numbers.items()), "")
        what = next((k for k in numbers), "")
        rows.append([
            name, record["dataset"], record["model"], f"{record['parameters']:,}",
            f"{record['epochs']:,}", report.duration(record["seconds"]), well, what,
            report.date(record["date"]),
        ])  # fmt: skip
    heads = ["run", "data", "model", "parameters", "epochs", "time", "result", "", "when"]
    return table(heads, rows, right=(3, 4, 5, 6))


def compare(chosen: Mapping[str, Mapping[str, Any]]) -> str:
    """What differs, and how they did: a column for each."""
    rows = [["data", *(r["dataset"] for r in chosen.values())]]
    rows += [["model", *(r["model"] for r in chosen.values())]]
    settings = dict.fromkeys(
        key for r in chosen.values() for key in r["settings"] if key != "model"
    )
    for key in settings:
        values = [str(r["settings"].get(key, "-")) for r in chosen.values()]
        if len(set(values)) > 1:
            rows.append([key.replace("_", " "), *values])
    for key in "parameters", "epochs", "seconds", "seconds per epoch":
        name = {"seconds": "time", "seconds per epoch": "time per epoch"}.get(key, key)
        rows.append([name, *(report.figure(name, r[key]) for r in chosen.values())])
    for key in dict.fromkeys(key for r in chosen.values() for key in r["numbers"]):
        values = [r["numbers"].get(key) for r in chosen.values()]
        rows.append([key, *("-" if x is None else report.figure(key, x) for x in values)])
    return table(["", *chosen], rows, right=range(1, len(chosen) + 1))


def history_of(folder: Path) -> dict[str, list[float]]:
    """The numbers in its history.csv; without a file, none."""
    try:
        with open(Path(folder, "history.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {k: [float(row[k]) for row in rows] for k in rows[0]} if rows else {}
    except (OSError, ValueError, TypeError):
        return {}


def _colours(count: int) -> list[Any]:
    """Of the palette; more than it has, from dark to light, in the order of the runs."""
    if count <= len(plot.PALETTE):
        return list(plot.PALETTE[:count])
    from matplotlib import colormaps

    return [colormaps["viridis"](0.95 * i / (count - 1)) for i in range(count)]


def draw(histories: Mapping[str, Mapping[str, Sequence[float]]], path: Path, title: str) -> None:
    """The curves of some runs over one another: a panel for each quantity, by the epoch.

    What was measured in validation is drawn as a line, what in training as dots.
    """
    names = dict.fromkeys(
        k.removeprefix("validation_") for h in histories.values() for k in h
        if k not in ("epoch", "seconds")
    )  # fmt: skip
    if not names:
        raise ValueError("no history.csv in any of these runs: there are no curves to draw")
    with plot._style():
        from matplotlib.ticker import MaxNLocator

        colours = _colours(len(histories))
        rows = math.ceil(len(histories) / 3)
        figure = plot._figure(5.2 * len(names), 4.3 + 0.25 * rows)
        plot._head(figure, title)
        for i, name in enumerate(names):
            axes = figure.add_subplot(1, len(names), i + 1)
            shown = []
            for (run, history), colour in zip(histories.items(), colours, strict=True):
                for prefix, look in (("", ":"), ("validation_", "-")):
                    values = history.get(f"{prefix}{name}")
                    if values is None:
                        continue
                    label = run if prefix or f"validation_{name}" not in history else None
                    axes.plot(history["epoch"], values, look, color=colour, lw=1.8, label=label)
                    shown += [x for x in values if math.isfinite(x)]
            if name.endswith("loss") and shown and 0 < min(shown) < max(shown) / 30:
                axes.set_yscale("log")
                axes.yaxis.set_major_formatter("{x:g}")
            if name.endswith("accuracy"):
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
            axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10], integer=True))
            heading = name.replace("_", " ")
            heading = heading[:1].upper() + heading[1:]
            plot._dress(axes, heading, 9, "epoch", name.replace("_", " "))
            axes.grid(axis="y", color=plot.AXIS, alpha=0.28, linewidth=0.8)
            axes.spines[["top", "right"]].set_visible(False)
        handles, labels = axes.get_legend_handles_labels()
        lines = [axes.plot([], [], look, color=plot.GREY)[0] for look in ("-", ":")]
        figure.legend(
            [*handles, *lines], [*labels, "(validation)", "(training)"],
            loc="outside lower left", ncols=4, labelcolor=plot.INK, **plot.LEGEND,
        )  # fmt: skip
    plot._saved(axes, path)
