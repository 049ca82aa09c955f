"""`python -m nn study circles`: is a network too large for its problem?

Networks of one hidden layer of several widths learn the same few, noisy points, each from several
starts. A table and pictures tell the loss on these points and on others, and how many of the hidden
units do anything: a unit does nothing if the loss stays when its output is replaced by its mean.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad

from .. import datasets, plot
from ..containers import Sequential
from ..losses.classification import CrossEntropyLoss
from ..machine import settle
from ..random import manual_seed
from ..training import fit
from ..training.progress import say
from . import report
from .arguments import count, number, seed, valid
from .files import check_writable
from .optimizers import optimizer_of
from .table import table
from .tasks import TASKS
from .tasks.perceptron import ACTIVATIONS, perceptron
from .tasks.points import Points

__all__ = ["Fitted", "add", "needed", "study"]

UNSEEN = 2000  #: Points to test on: as many as it takes for chance to play no part.
MATTERS = 0.01  #: What the loss has to rise by for a unit to count as one that does something.


class Fitted(NamedTuple):
    """A network that has learned, and how it does."""

    width: int
    start: int
    parameters: int
    train_loss: float
    test_loss: float
    train_accuracy: float
    test_accuracy: float
    rises: NDArray[Any]  # of the training loss, without each unit
    kept: list[float]  # the training accuracy with 0, 1, 2, ... units, the most useful ones
    model: Sequential

    @property
    def useful(self) -> int:
        """How many units do anything."""
        return int((self.rises > MATTERS).sum())


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "study",
        help="find out whether a network is too large for its problem",
        description=" ".join((__doc__ or "").partition("\n\n")[2].split()),
    )
    parser.set_defaults(command=study, command_name="study")
    names = [name for name, task in TASKS.items() if isinstance(task, Points)]
    widths = valid(
        lambda text: [int(part) for part in text.split(",")],
        lambda found: len(found) > 1 and min(found) > 0,
        "widths like 1,2,3,4,8,16",
    )
    add = parser.add_argument
    add("dataset", choices=names, metavar="dataset", help=", ".join(names))
    default = [1, 2, 3, 4, 6, 8, 16, 32, 64]
    add("--widths", type=widths, default=default, metavar="N,N", help="of the hidden layer")
    add("--starts", type=count, default=3, metavar="N", help="networks of each width; default: 3")
    add("--points", type=count, default=80, metavar="N", help="to learn from; default: 80")
    add("--noise", type=number, default=0.2, metavar="X", help="of the points; default: 0.2")
    add("--activation", choices=ACTIVATIONS, default="tanh", help="default: tanh")
    add("--epochs", type=count, default=1000, metavar="N", help="default: 1000")
    add("--seed", type=seed, default=0, metavar="N", help="of all randomness; default: 0")
    add("--out", metavar="FOLDER", help="of results; default: runs/study-<dataset>")


def study(args: argparse.Namespace) -> int:
    """Train them all, print the table, write pictures and a report; return the exit status."""
    out = Path(args.out or Path("runs", f"study-{args.dataset}"))
    check_writable(out)
    task = TASKS[args.dataset]
    classes = int(task.defaults["sizes"].split("-")[-1])
    options = {"classes": classes} if args.dataset in ("spirals", "blobs") else {}
    made = getattr(datasets, args.dataset)
    data = made(args.points, noise=args.noise, generator=args.seed, **options)
    others = made(UNSEEN, noise=args.noise, generator=args.seed + 10_000, **options)
    widths = sorted(set(args.widths))
    say(
        f"{args.dataset}: {args.points:,} points with noise of {args.noise:g} to learn from, "
        f"{UNSEEN:,} others to test on",
        f"2-w-{classes} with {args.activation}, w = {', '.join(map(str, widths))}; "
        f"{args.starts} of each, {args.epochs:,} epochs",
        *([settle()] if args.ours else []),
    )
    began, fitted = time.perf_counter(), []
    for width in widths:
        for start in range(args.starts):
            manual_seed(args.seed + start)
            model = perceptron(f"2-{width}-{classes}", args.activation)
            fitted.append(_fitted(model, width, start, data, others, args.epochs))
        say(f"w = {width}: {_few([f for f in fitted if f.width == width])}")
    seconds = time.perf_counter() - began
    answer = verdict(fitted, args.dataset)
    say("", _table(fitted), "", answer, f"{report.duration(seconds)} in all")

    out.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(fitted, data, args, out)
    best, wide = needed(fitted), widths[-1]
    report.page(
        out / "report.html",
        f"{args.dataset}: is the network too large?",
        answer,
        numbers={
            "hidden units suffice": best,
            f"units of {wide} that do anything": _median(fitted, wide, "useful"),
            f"test accuracy of {best}": _median(fitted, best, "test_accuracy"),
            f"test accuracy of {wide}": _median(fitted, wide, "test_accuracy"),
            "time": seconds,
        },
        blocks={"The networks, the median of each width": f"<pre>{_table(fitted)}</pre>"},
        pictures=pictures,
        settings={
            "data": f"{args.points:,} points of {args.dataset}, noise {args.noise:g}; {UNSEEN:,} "
            "others to test on",
            "networks": f"2-w-{classes} with {args.activation}, {args.starts} of each width",
            "training": f"adam, lr {task.defaults['lr']:g}, all points in a batch, {args.epochs:,} "
            "epochs",
            "seed": args.seed,
        },
        again=_again(args),
    )
    say(*(path for path, _ in pictures), out / "report.html")
    return 0


def _again(args: argparse.Namespace) -> str:
    words = ["study", args.dataset, "--widths", ",".join(map(str, args.widths))]
    for name in "starts", "points", "noise", "activation", "epochs", "seed":
        words += [f"--{name}", str(getattr(args, name))]
    return report.command(words + (["--out", args.out] if args.out else []))


def _fitted(
    model: Sequential, width: int, start: int, data: Any, others: Any, epochs: int
) -> Fitted:
    loss = CrossEntropyLoss()
    optimizer = optimizer_of("adam", model, 0.03)
    history = fit(
        model, loss, optimizer, data, epochs=epochs, batch_size=len(data[0]), progress=False
    )
    if history.interrupted:
        raise KeyboardInterrupt
    with no_grad():
        outputs = [model(x).data for x, _ in (data, others)]
        train, test = (loss(z, y).item() for z, (_, y) in zip(outputs, (data, others), strict=True))
    right, right_others = (
        float(np.mean(z.argmax(axis=1) == y))
        for z, (_, y) in zip(outputs, (data, others), strict=True)
    )
    rises, kept = without(model, *data)
    size = model.num_parameters()
    return Fitted(width, start, size, train, test, right, right_others, rises, kept, model)


def without(
    model: Sequential, x: NDArray[Any], y: NDArray[Any]
) -> tuple[NDArray[Any], list[float]]:
    """What each hidden unit is good for: how the loss rises if it always gives its mean.

    Returns
    -------
    rises : array
        of the loss, without each unit alone. kept : list
        of the accuracies with 0, 1, 2, ... units, where those left out are, one after the other,
        the ones that are missed least.
    """
    loss, outer = CrossEntropyLoss(), model[2]
    with no_grad():
        hidden = model[1](model[0](x)).data
    mean = hidden.mean(axis=0)

    def results(units: Sequence[int]) -> tuple[float, float]:
        changed = np.tile(mean, (len(hidden), 1))
        changed[:, list(units)] = hidden[:, list(units)]
        with no_grad():
            scores = outer(changed)
            return float(loss(scores, y).item()), float(np.mean(scores.data.argmax(axis=1) == y))

    units = list(range(hidden.shape[1]))
    whole, accuracy = results(units)
    rises = np.array([results([u for u in units if u != k])[0] - whole for k in units])
    kept = [accuracy]
    while units:
        found = {k: results([u for u in units if u != k]) for k in units}
        least = min(found, key=found.__getitem__)
        units.remove(least)
        kept.append(found[least][1])
    return rises, kept[::-1]


def _median(fitted: Sequence[Fitted], width: int, name: str) -> float:
    return statistics.median(getattr(f, name) for f in fitted if f.width == width)


def needed(fitted: Sequence[Fitted]) -> int:
    """The fewest units whose test accuracy (the median of its starts) is within 1 % of the best."""
    widths = sorted({f.width for f in fitted})
    accuracy = {w: _median(fitted, w, "test_accuracy") for w in widths}
    return next(w for w in widths if accuracy[w] >= max(accuracy.values()) - 0.01)


def verdict(fitted: Sequence[Fitted], name: str) -> str:
    """The answer, in two or three sentences."""
    widths = sorted({f.width for f in fitted})
    enough, widest = needed(fitted), widths[-1]
    loss = {w: _median(fitted, w, "test_loss") for w in widths}
    used = _median(fitted, widest, "useful")
    text = (
        f"For these points of {name} {enough} hidden unit{'s' * (enough > 1)} "
        f"suffice{'s' * (enough == 1)}: no width has a test accuracy more than 1 % above theirs. "
    )
    if loss[widest] > 1.2 * loss[enough]:
        text += (
            f"With {widest} the loss on new points is {loss[widest] / loss[enough]:.1f} times as "
            "high, while that on the points learned from is lower: it learns their noise. "
        )
    else:
        text += f"With {widest} new points fare no worse: more units than needed do no harm here. "
    return text + (
        f"Of the {widest} units {used:g} do anything: without another the loss rises by less than "
        f"{MATTERS:g}."
    )


def _few(some: Sequence[Fitted]) -> str:
    return ", ".join(f"test accuracy {report.figure('accuracy', f.test_accuracy)}" for f in some)


def _table(fitted: Sequence[Fitted]) -> str:
    rows = []
    for w in sorted({f.width for f in fitted}):
        values = {
            name: _median(fitted, w, name)
            for name in (
                "parameters", "train_loss", "test_loss", "train_accuracy", "test_accuracy", "useful"
            )
        }  # fmt: skip
        cells = [report.figure(name.replace("_", " "), x) for name, x in values.items()]
        rows.append([str(w), *cells])
    heads = ["units", "parameters", "train loss", "test loss", "train accuracy", "test accuracy"]
    return table([*heads, "units that do anything"], rows, right=range(7))


def _pictures(
    fitted: Sequence[Fitted], data: Any, args: argparse.Namespace, out: Path
) -> list[tuple[Path, str]]:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        say('no pictures without Matplotlib; to install it: pip install "plaingrad[plot]"')
        return []
    title = f"{args.dataset}, {args.points:,} points with noise of {args.noise:g}"
    made = []
    for name, draw, caption in (
        ("size.png", _draw_size, "Loss and accuracy by the number of parameters: a dot for each "
         "network, a line through the medians. Left: the points learned from pass below those "
         "never seen where a network is larger than its problem."),
        ("widths.png", _draw_widths, "The regions that networks of each width learned, the best of "
         "its starts, with the points they learned from."),
        ("units.png", _draw_units, "Left: how much the loss rises without each hidden unit, the "
         "most useful first. Right: the accuracy with the most useful units alone, while the "
            "others give their mean."),
    ):  # fmt: skip
        draw(fitted, data, title, out / name)
        made.append((out / name, caption))
    return made


def _draw_size(fitted: Sequence[Fitted], data: Any, title: str, path: Path) -> None:  # noqa: ARG001
    widths = sorted({f.width for f in fitted})
    sizes = [_median(fitted, w, "parameters") for w in widths]
    with plot._style():
        figure = plot._figure(10.4, 4.7)
        plot._head(figure, f"{title}: loss and accuracy by size")
        for i, kind in enumerate(("loss", "accuracy")):
            axes = figure.add_subplot(1, 2, i + 1)
            for part, colour, look in (
                ("train", plot.PALETTE[0], "-"), ("test", plot.PALETTE[1], "--"),
            ):  # fmt: skip
                name = f"{part}_{kind}"
                dots = [(f.parameters, getattr(f, name)) for f in fitted]
                axes.scatter(*zip(*dots, strict=True), 14, colour, alpha=0.55, ec="none")
                middle = [_median(fitted, w, name) for w in widths]
                label = "points learned from" if part == "train" else "points never seen"
                axes.plot(sizes, middle, look, color=colour, lw=2, label=label)
            axes.set_xscale("log")
            axes.set_xticks(sizes, [f"{int(s)}\n{w}" for s, w in zip(sizes, widths, strict=True)])
            axes.xaxis.set_minor_formatter("")
            axes.minorticks_off()
            if kind == "accuracy":
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
            else:
                axes.set_ylim(0, None)
            plot._dress(
                axes, kind.capitalize(), 26, "parameters, and below them hidden units", kind
            )
            axes.grid(axis="y", color=plot.AXIS, alpha=0.28, linewidth=0.8)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(loc=(0, 1.03), ncols=2, labelcolor=plot.GREY, **plot.LEGEND)
    plot._saved(axes, path)


def _draw_widths(fitted: Sequence[Fitted], data: Any, title: str, path: Path) -> None:
    widths = sorted({f.width for f in fitted})
    columns = min(3, len(widths))
    rows = -(-len(widths) // columns)
    with plot._style():
        figure = plot._figure(3.5 * columns, 3.85 * rows + 0.65)
        plot._head(figure, f"{title}\nregions by width; ringed are points on the wrong side")
        for i, w in enumerate(widths):
            best = min((f for f in fitted if f.width == w), key=lambda f: f.train_loss)
            axes = figure.add_subplot(rows, columns, i + 1)
            plot.decision_regions(best.model, *data, ax=axes, resolution=140)
            axes.get_legend().remove()
            for text in list(axes.texts):
                text.remove()
            s = "s" * (w > 1)
            plot._dress(axes, f"{w} unit{s}", 20, "", "")
            axes.text(
                0, 1.025, f"test accuracy {report.figure('accuracy', best.test_accuracy)}",
                transform=axes.transAxes, color=plot.GREY, size=9.5,
            )  # fmt: skip
            axes.set(xticks=[], yticks=[])
    plot._saved(axes, path)


def _draw_units(fitted: Sequence[Fitted], data: Any, title: str, path: Path) -> None:  # noqa: ARG001
    from matplotlib import colormaps

    widths = [w for w in sorted({f.width for f in fitted}) if w > 1]
    colours = colormaps["viridis"](np.linspace(0.05, 0.88, len(widths)))
    with plot._style():
        figure = plot._figure(10.4, 4.9)
        plot._head(figure, f"{title}: what the hidden units do")
        left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
        for w, colour in zip(widths, colours, strict=True):
            best = min((f for f in fitted if f.width == w), key=lambda f: f.train_loss)
            rises = np.maximum(np.sort(best.rises)[::-1], 1e-4)
            left.plot(range(1, w + 1), rises, ".-", color=colour, lw=1.4, label=str(w))
            right.plot(range(w + 1), best.kept, ".-", color=colour, lw=1.4, label=str(w))
        left.axhline(MATTERS, color=plot.WRONG, lw=1, ls=":")
        left.text(
            1,
            MATTERS / 1.15,
            "below it does nothing",
            va="top",
            color=plot.WRONG,
            size=9.5,
        )
        left.set_yscale("log")
        left.yaxis.set_major_formatter("{x:g}")
        for axes, head, below, side in (
            (left, "Without one unit", "hidden units, the most useful first", "rise of the loss"),
            (right, "With the most useful alone", "units that are left", "training accuracy"),
        ):
            axes.set_xscale("symlog" if axes is right else "log", base=2)
            ticks = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
            axes.set_xticks([x for x in ticks[axes is left :] if x <= widths[-1]])
            axes.minorticks_off()
            axes.xaxis.set_major_formatter("{x:g}")
            plot._dress(axes, head, 9, below, side)
            axes.grid(axis="y", color=plot.AXIS, alpha=0.28, linewidth=0.8)
            axes.spines[["top", "right"]].set_visible(False)
        right.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
        right.legend(title="units", labelcolor=plot.INK, **plot.LEGEND)
    plot._saved(right, path)
