"""Plots: how training went, what a classifier learned, which images it got wrong, and its weights.

Each returns a Matplotlib Figure. Matplotlib is imported only when a plot is made, and pyplot not
at all: no window opens, no figure stays open, no setting changes.
"""

from __future__ import annotations

import functools
import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import no_grad

from .files import replacing
from .module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix", "decision_regions", "history", "images", "weights"]

Array = NDArray[Any]
INK, GREY, AXIS, RULE = "#1f2933", "#616e7c", "#9aa5b1", "#e4e7eb"
RIGHT, WRONG = "#4b7a63", "#c8281e"
# Okabe and Ito's palette, made to be told apart by colour-blind readers; strongest contrasts first.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f6a00", "#4d4d4d")
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 9.5, "borderpad": 0, "handletextpad": 0.5}


def history(
    history: Mapping[str, Sequence[float | None]],
    *,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw the metrics of a training run, one panel each, validation beside training.

    Parameters
    ----------
    history
        for each column a number an epoch, None or nan where not measured. "validation_x" goes with
        "x"; "epoch" numbers the epochs, else they are 1, 2, ...
    title
        what to print above all panels of a new figure.
    ax
        Axes to draw into, one a panel, instead of a new figure.
    path
        where to save the figure as a PNG.

    Raises
    ------
    ValueError
        the columns differ in length or hold no number, or `ax` are not one a panel.
    """
    columns = {name: np.array(values, dtype=np.float64) for name, values in history.items()}
    epochs = columns.pop("epoch", np.arange(1.0, 1 + max(map(len, columns.values()), default=0)))
    for name, values in columns.items():
        if len(values) != len(epochs):
            raise ValueError(f'history: "{name}" has {len(values)} values for {len(epochs)} epochs')
    columns = {name: values for name, values in columns.items() if np.isfinite(values).any()}
    if not columns:
        raise ValueError(f"history: no finite number in {list(history)}, nothing to draw")
    metrics = list(dict.fromkeys(name.removeprefix("validation_") for name in columns))
    wide, high = min(len(metrics), 3), math.ceil(len(metrics) / 3)
    with _style():
        if ax is None:
            figure = _figure(4.6 * wide, 3.5 * high + 0.35 * bool(title))
            if title:
                _head(figure, title)
            ax = [figure.add_subplot(high, wide, i + 1) for i in range(len(metrics))]
        panels = list(np.ravel(np.asarray(ax, dtype=object)))
        if len(panels) != len(metrics):
            raise ValueError(f"history: got {len(panels)} Axes, expected one for each of {metrics}")
        for panel, metric in zip(panels, metrics, strict=True):
            _draw_metric(panel, metric, epochs, columns)
    return _saved(panels[0], path)


def _draw_metric(ax: Any, metric: str, epochs: Array, columns: dict[str, Array]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator

    # Rings below dots, so that both are seen where the curves meet.
    dot = {"label": "training", "color": PALETTE[0], "markersize": 4.5, "zorder": 4}
    ring = {"label": "validation", "color": PALETTE[1], "markersize": 7.5, "zorder": 3}
    ring |= {"markerfacecolor": "white", "markeredgewidth": 1.6, "linestyle": (0, (3.2, 1.3))}
    low, high = math.inf, -math.inf
    for name, look in ((metric, dot), (f"validation_{metric}", ring)):
        if name in columns:
            # The line runs across gaps: with validation every tenth epoch there would be none.
            known = np.isfinite(columns[name])
            values, marker = columns[name][known], "o" if known.sum() <= 12 else ""
            ax.plot(epochs[known], values, marker=marker, linewidth=2, **look)
            low, high = min(low, values.min()), max(high, values.max())
    log = metric.endswith("loss") and low > 0 and high / low > 10**1.5
    if log:
        ax.set_yscale("log")
        # Two decades hold too few powers of ten to read values by: label 2 and 5 as well.
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    elif metric.startswith("seconds"):
        ax.set_ylim(0, 1.1 * high or 1)
    elif len(epochs) == 1:  # a hair's breadth between two points must not fill the panel
        room = 0.1 * abs(high) or 1
        ax.set_ylim(low - room, high + room)
    if metric.endswith("accuracy"):
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
        bottom, top = ax.get_ylim()
        ax.set_ylim(max(bottom, -0.02), min(top, max(1, high) + 0.03 * (top - bottom)))
    elif not log:  # an offset or a power of ten would stand where the legend is
        ax.ticklabel_format(axis="y", style="plain", useOffset=False)
    ax.set_xlim(max(ax.get_xlim()[0], epochs[0] - 0.9))  # no tick at epoch 0
    ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    name, both = metric.replace("_", " "), f"validation_{metric}" in columns
    label = f"{name} (log scale)" if log else name
    _dress(ax, name[:1].upper() + name[1:], 27 if both else 9, "epoch", label)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color=AXIS, alpha=0.28, linewidth=0.8)
    if both:  # between title and data, where it covers neither
        ax.legend(loc=(0, 1.05), ncols=2, handlelength=2.6, labelcolor=GREY, **LEGEND)


def decision_regions(
    model: Callable[[Any], Any],
    x: ArrayLike,
    y: ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    resolution: int = 200,
    margin: float = 0.1,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Colour the plane by the class a model gives each point; ring the data it gets wrong.

    With two classes the colour fades to white where the model is unsure. An `nn.Module` is in
    evaluation mode during the call.

    Parameters
    ----------
    model
        from (n, 2) float32 to scores (n, k), or to logits (n,) or (n, 1) of class 1 of two.
    x, y
        the points, (n, 2), and their classes, (n,) or (n, 1), from 0 to k - 1.
    classes
        the k names of the classes.
    resolution
        how many points to ask the model about along each axis.
    margin
        room around the data, as a share of its extent.
    title, path
        what to print above; where to save the figure as a PNG.
    ax
        Axes to draw into, instead of a new figure.

    Raises
    ------
    ValueError
        shapes, classes or names do not fit, or the model returns nan or infinity.
    """
    points, truth = np.asarray(x), np.asarray(y)
    n = len(points)
    if points.shape != (n, 2) or n == 0 or not np.isfinite(points).all():
        raise ValueError(f"decision_regions: x has shape {points.shape}, expected (n, 2), finite")
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * np.where(high > low, high - low, 1)
    across, up = np.linspace(low - room, high + room, resolution).T
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    scores = _scores(model, np.concatenate([points, plane]).astype(np.float32))
    field, count = scores[n:].reshape(resolution, resolution, -1), scores.shape[1]
    if truth.shape not in ((n,), (n, 1)) or not np.isin(truth, np.arange(count)).all():
        got = f"y has shape {truth.shape} and holds {np.unique(truth)[:9]}"
        raise ValueError(f"decision_regions: {got}, expected ({n},), from 0 to {count - 1}")
    labels = [f"class {i}" for i in range(count)] if classes is None else list(classes)
    if len(labels) != count:
        raise ValueError(f"decision_regions: {len(labels)} classes named, expected {count}")
    truth = truth.reshape(n).astype(np.intp)
    wrong = scores[:n].argmax(axis=1) != truth
    labels += [f"misclassified ({wrong.sum():,})"] if wrong.any() else []
    # In inches. Both axes have the same scale, unless that made a sliver.
    stretch = math.sqrt((up[-1] - up[0]) / (across[-1] - across[0]))
    wide, tall = np.clip([4.6 / stretch, 4.6 * stretch], 3, 6.2)
    lines = math.ceil(sum(0.07 * len(label) + 0.5 for label in labels) / (wide + 0.5))
    with _style():
        from matplotlib import colormaps
        from matplotlib.colors import to_rgba_array

        height = tall + 1.1 + 0.2 * lines + 0.24 * bool(title)
        axes: Any = ax or _figure(wide + 0.95, height).add_subplot()
        axes.set(xlim=across[[0, -1]], ylim=up[[0, -1]], box_aspect=tall / wide)
        _dress(axes, title or "", 24, "x1", "x2")
        note = _verdict(wrong)
        axes.text(0, 1 + 0.1 / tall, note, transform=axes.transAxes, color=GREY)
        many = colormaps["turbo"](np.linspace(0.05, 0.95, count))
        colours = to_rgba_array(PALETTE[:count] if count <= len(PALETTE) else many)[:, :3]
        leads = [field[..., i] - np.delete(field, i, -1).max(axis=-1) for i in range(count)]
        # Of two classes |2p - 1|, where p is the sigmoid of the lead: tanh does not overflow.
        sure = np.abs(np.tanh(leads[1] / 2))[..., None] if count == 2 else 0.83
        tints = 1 - 0.36 * sure * (1 - colours[field.argmax(axis=-1)])
        axes.pcolormesh(across, up, tints, shading="gouraud")
        for lead in leads[1:]:  # each border of class 0 is one of another class too
            axes.contour(across, up, lead, levels=[0], colors=[INK], linewidths=1.3)
        size = min(max(9000 / n, 9), 50)
        axes.scatter(*points.T, size, colours[truth], ec="white", lw=0.35 + size / 110, zorder=4)
        axes.scatter(*points[wrong].T, 3 * size, "none", ec=INK, lw=0.8 + size / 80, zorder=5)
        # The legend has dots of its own, of one size.
        dots = [axes.plot([], [], "o", color=c, ms=7.5, mec="white")[0] for c in colours]
        dots += axes.plot([], [], "o", mec=INK, ms=9, mew=1.3, mfc="none")
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 4.2}
        below |= {"ncols": math.ceil(len(labels) / lines), "handlelength": 1.2, **LEGEND}
        axes.legend(dots[: len(labels)], labels, labelcolor=INK, **below)
    return _saved(axes, path)


def _scores(model: Callable[[Any], Any], points: Array) -> Array:
    """What the model gives the points, as (n, k)."""
    # Module by module: a frozen one may be in evaluation mode while the one around it trains.
    modes = [(m, m.training) for m in model.modules()] if isinstance(model, Module) else []
    try:
        for module, _ in modes:
            module.training = False
        with no_grad():
            scores = np.asarray(model(points)).astype(np.float64)
    finally:
        for module, mode in modes:
            module.training = mode
    n, got = len(points), f"the model made shape {scores.shape} of {points.shape}"
    if scores.shape in ((n,), (n, 1)):  # a logit is by how much class 1 is ahead of class 0
        scores = np.stack([np.zeros(n), scores.reshape(n)], axis=1)
    if scores.ndim != 2 or len(scores) != n:
        raise ValueError(f"decision_regions: {got}, expected ({n}, k) or ({n},)")
    if not np.isfinite(scores).all():
        raise ValueError("decision_regions: the model returned nan or infinity")
    return scores


def images(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    predictions: ArrayLike | None = None,
    *,
    rows: int | None = None,
    columns: int | None = None,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Show images in a grid, with their classes; a wrong prediction is red and reads "8 (is 3)".

    Parameters
    ----------
    images
        (n, h, w) of any range, all on one scale, or (n, h, w, 3) from 0 to 1.
    labels, predictions
        n classes each.
    rows, columns
        of the grid; by default for at most 50 images, and twice as wide as high.
    class_names
        what to print for classes 0, 1, ...; cut after 12 letters.
    title, path
        what to print above; where to save the figure as a PNG.

    Raises
    ------
    ValueError
        the shapes or lengths do not fit, or there is no image.
    """
    pixels = np.asarray(images)
    if pixels.ndim < 3 or pixels.shape[3:] not in ((), (3,)) or pixels.size == 0:
        raise ValueError(f"images: got shape {pixels.shape}, expected (n, h, w) or (n, h, w, 3)")
    total, limit = len(pixels), min(len(pixels), 50)
    # Labels, then predictions. Of one alone, first and last are the same, and nothing is wrong.
    given = [np.asarray(values) for values in (labels, predictions) if values is not None]
    for values in given:
        if values.shape != (total,):
            raise ValueError(f"images: got classes of shape {values.shape}, expected ({total},)")
    rows = rows or (math.ceil(limit / columns) if columns else round(math.sqrt(limit / 2)))
    columns = columns or math.ceil(limit / rows)
    shown = min(total, rows * columns)
    low, high = pixels[:shown].min(), pixels[:shown].max()
    wrong = given[0][:shown] != given[-1][:shown] if given else np.zeros(shown, dtype=bool)
    note = f"{wrong.sum():,} of these {shown:,} wrong" if len(given) == 2 else ""
    # In inches, since constrained layout leaves gaps. An image is about one square inch.
    wide = math.sqrt(pixels.shape[2] / pixels.shape[1])
    tall, cell = 1 / wide, max(wide, 1.1 if class_names else 0.8) + 0.14
    row = tall + 0.12 + 0.165 * (bool(given) + bool(class_names and wrong.any()))
    head = title.split("\n") if title else []
    top = 0.12 + 0.26 * len(head) + 0.26 * bool(note)
    width = max(
        min(columns, shown) * cell + 0.2, 0.12 * max(map(len, head), default=0), 0.09 * len(note)
    )
    height = top + math.ceil(shown / columns) * row + 0.08
    left, gap = 0.1 + (cell - wide) / 2, "\n" if class_names else " "
    with _style():
        figure = _figure(width, height)
        figure.set_layout_engine("none")
        write = functools.partial(figure.text, left / width, va="top")
        write(1 - 0.11 / height, title, size=12, weight="bold", color=INK)
        write(1 - (top - 0.26) / height, note, color=GREY)
        for i in range(shown):
            x, y = left + i % columns * cell, height - top - i // columns * row - tall
            ax = figure.add_axes((x / width, y / height, wide / width, tall / height))
            ax.imshow(pixels[i], cmap="gray", vmin=low, vmax=high)
            ax.set(xticks=[], yticks=[])
            names = [class_names[v[i]][:12] if class_names else str(v[i]) for v in given]
            caption = f"{names[-1]}{gap}(is {names[0]})" if wrong[i] else "".join(names[-1:])
            ink = WRONG if wrong[i] else RIGHT if len(given) == 2 else INK
            ax.set_xlabel(caption, color=ink, size=9.5, labelpad=4, parse_math=False)
            ax.spines[:].set(color=WRONG if wrong[i] else RULE, linewidth=2.6 if wrong[i] else 0.6)
    return _saved(ax, path)


def confusion_matrix(
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Count what each class was read as: a row for each true class, with the share that is right.

    Parameters
    ----------
    labels, predictions
        n classes each, from 0.
    class_names
        the names of classes 0, 1, ...
    title, path
        what to print above; where to save the figure as a PNG.

    Raises
    ------
    ValueError
        the lengths do not fit, or there is no label.
    """
    truth, guess = np.asarray(labels), np.asarray(predictions)
    if truth.ndim != 1 or truth.shape != guess.shape or truth.size == 0:
        got = f"{truth.shape} labels and {guess.shape} predictions"
        raise ValueError(f"confusion_matrix: got {got}, expected n of each")
    if min(truth.min(), guess.min()) < 0 or {truth.dtype.kind, guess.dtype.kind} - {*"iu"}:
        raise ValueError("confusion_matrix: expected whole numbers from 0, the classes")
    count = max(int(max(truth.max(), guess.max())) + 1, len(class_names or ()))
    names = list(class_names or map(str, range(count)))
    if len(names) != count:
        raise ValueError(f"confusion_matrix: {len(names)} classes named, expected {count}")
    table = np.zeros((count, count), dtype=int)
    np.add.at(table, (truth, guess), 1)
    side = max(0.5 * count, 2.6)
    with _style():
        figure = _figure(side + 1.5, side + 1.2 + 0.3 * bool(title))
        if title:
            _head(figure, title)
        axes = figure.add_subplot()
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        tints = np.empty((count, count, 3))
        for right, colour in ((True, RIGHT), (False, WRONG)):
            ink = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
            # A mistake is rare: what is one in five of a row is as strong as can be.
            depth = np.clip(share * (0.75 if right else 4), 0, 0.8)[..., None]
            here = np.eye(count, dtype=bool) == right
            tints[here] = (1 - depth * (1 - ink))[here]
        axes.imshow(tints)
        for i, j in np.argwhere(table):
            light = tints[i, j].mean() < 0.62
            axes.text(
                j, i, f"{table[i, j]:,}", ha="center", va="center", size=9.5,
                color="white" if light else INK, weight="bold" if i == j else "normal",
            )  # fmt: skip
        _dress(axes, "", 9, "what it reads", "what it is")
        axes.set_title(_verdict(truth != guess, "samples"), loc="left", size=10, color=GREY)
        axes.set_xticks(range(count), [name[:12] for name in names], rotation=45 * (count > 10))
        axes.set_yticks(range(count), [name[:12] for name in names])
        axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=RULE, linewidth=0.8)
        axes.tick_params(which="minor", length=0)
        axes.spines[:].set_visible(False)
        for i, (row, right) in enumerate(zip(table, table.diagonal(), strict=True)):
            if row.sum():
                place = {"ha": "left", "va": "center", "color": GREY, "size": 9.5}
                axes.text(count - 0.35, i, percent(right / row.sum()), **place)
    return _saved(axes, path)


def weights(
    weights: ArrayLike,
    shape: tuple[int, int] | None = None,
    *,
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Show the weights of a first layer as images, one a unit, all on one scale around 0.

    Parameters
    ----------
    weights
        (n, h, w), one image a unit; or (n, h * w), as a Linear's.
    shape
        (h, w), of the latter; by default as a square.
    columns
        of the grid; by default it is twice as wide as high.
    captions
        what to write below each.
    title, path
        what to print above; where to save the figure as a PNG.

    Raises
    ------
    ValueError
        the shapes do not fit, or there is no weight.
    """
    values = np.asarray(weights, dtype=np.float64)
    side = math.isqrt(values.shape[1]) if values.ndim == 2 else 0
    if values.ndim == 2 and math.prod(shape or (side, side)) == values.shape[1]:
        values = values.reshape(len(values), *(shape or (side, side)))
    if values.ndim != 3 or values.size == 0:
        expected = f"(n, h, w), or (n, h * w) and the shape, here {shape}"
        raise ValueError(f"weights: got shape {values.shape}, expected {expected}")
    n = len(values)
    columns = columns or max(math.ceil(math.sqrt(2 * n)), 1)
    rows = math.ceil(n / columns)
    tall = 0.9 * values.shape[1] / values.shape[2]
    head = title.split("\n") if title else []
    width = max(0.98 * columns + 0.9, 0.115 * max(map(len, head), default=0) + 0.2)
    height = (tall + 0.1 + 0.2 * bool(captions)) * rows + 0.4 + 0.27 * len(head)
    most = float(np.quantile(np.abs(values), 0.999)) or 1.0
    with _style():
        figure = _figure(width, height)
        if title:
            _head(figure, title)
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
        grid = [figure.add_subplot(rows, columns, i + 1) for i in range(n)]
        for i, axes in enumerate(grid):
            shown = axes.imshow(values[i], cmap="RdBu", vmin=-most, vmax=most)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(color=RULE, linewidth=0.6)
            if captions:
                axes.set_xlabel(captions[i], color=GREY, size=9, labelpad=3)
        bar = figure.colorbar(shown, ax=grid, fraction=0.03, pad=0.01, aspect=24, shrink=0.9)
        bar.outline.set_visible(False)
        bar.ax.tick_params(color=AXIS, labelcolor=GREY, labelsize=9)
        bar.set_label("weight", color=GREY, size=9.5)
    return _saved(grid[0], path)


def _head(figure: Any, title: str) -> None:
    """A title above all panels, at the left."""
    figure.suptitle(title, x=0.012, ha="left", size=13, weight="bold", color=INK)


def _style() -> Any:
    """Matplotlib's own look, whatever the user has set, until the `with` ends."""
    try:
        import matplotlib.style
    except ImportError as error:
        raise ImportError('plots need Matplotlib: pip install "plaingrad[plot]"') from error
    return matplotlib.style.context("default")


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12, wspace=0.03)
    # Notebooks know how to show a figure only once pyplot is imported; with this, always.
    figure._repr_png_ = functools.partial(_png, figure)
    return figure


def _png(figure: Any, dpi: int = 100) -> bytes:
    buffer = io.BytesIO()
    with _style():
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def _saved(ax: Any, path: str | os.PathLike[str] | None) -> Figure:
    """The figure of `ax`, saved if there is a path: no one ever sees half a file."""
    figure: Figure = ax.figure.figure  # the whole one, should the axes be in a subfigure
    if path is not None:
        with replacing(path) as file:
            file.write(_png(figure, 150))
    return figure


def _verdict(wrong: Array, things: str = "points") -> str:
    total, bad = len(wrong), int(wrong.sum())
    return f"accuracy {percent((total - bad) / total)}, {bad:,} of {total:,} {things} wrong"


def percent(share: float) -> str:
    """A share as we write it everywhere: 0.9996 is 99.9 %, rounded down, for only all is 100 %."""
    if not math.isfinite(share):
        return "nan"
    tenths = math.floor(1000 * float(share) + 1e-6)
    return f"{tenths // 10}.{tenths % 10} %"


def _dress(ax: Any, title: str, pad: int, x: str, y: str) -> None:
    """Quiet axes; all is said outright, because axes passed in were made before our style."""
    ax.set_title(title, loc="left", pad=pad, color=INK, size=12, weight="bold", wrap=True)
    ax.set_xlabel(x, color=GREY, size=10)
    ax.set_ylabel(y, color=GREY, size=10)
    ax.spines[:].set(color=AXIS, linewidth=0.8)
    ax.tick_params(which="both", color=AXIS, labelcolor=GREY, labelsize=9.5, width=0.8)
