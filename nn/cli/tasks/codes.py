"""Images through a few numbers and back: what the autoencoders have in common."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad

from ... import datasets, plot
from ...data import train_test_split
from ...module import Module
from ...random import generator
from ..arguments import valid
from ..report import figure
from .base import Picture, Run, Task, refuse

__all__ = ["Coder", "labelled", "neighbours", "numbers_of", "principal_error"]

Array = NDArray[Any]
length = valid(int, lambda n: n >= 2, "a whole number above 1, for a plane")
#: Ten colours for ten digits: Okabe and Ito's, and two more.
COLOURS = (*plot.PALETTE, "#7b3294", "#a50026")


def labelled(args: argparse.Namespace) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The images to learn from and to test on, as rows of pixels, each with their classes.

    The same whenever it is asked for, of one seed.
    """
    if not args.data:
        x, y = datasets.digits()
        part = 0.25
    else:
        x, y = datasets.mnist(args.data, train=False, download=args.download)
        part = 0.1
        try:
            x_train, y_train = datasets.mnist(args.data, train=True, download=args.download)
            return (_rows(x_train), y_train), (_rows(x), y)
        except FileNotFoundError:
            pass  # of the test files alone nine in ten are to learn from
    x, x_test, y, y_test = train_test_split(
        _rows(x), y, test_size=part, stratify=y, generator=args.seed
    )
    return (x, y), (x_test, y_test)


def _rows(x: Array) -> Array:
    return x.reshape(len(x), -1)


class Coder(Task):
    """A network with an `encode`, to codes, and a `decode`: its target is its own input."""

    options = {  # noqa: RUF012
        "--data": {"metavar": "PATH", "help": "the folder of MNIST's files"},
        "--download": {"action": "store_true", "help": "fetch them, if not there"},
        "--code": {
            "type": length,
            "metavar": "N",
            "help": "how many numbers an image goes through",
        },
    }

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError also if the folder of images is none."""
        super().check(args)
        refuse(args, self.name, "activation", "dropout")
        if args.download and not args.data:
            raise ValueError("argument --download: expected --data FOLDER with it, to write to")
        if args.data and Path(args.data).is_file():
            raise ValueError(f"argument --data: expected a folder, got the file {args.data}")

    def suits(self, args: argparse.Namespace) -> Mapping[str, Any]:
        """Of MNIST there are more images, and larger ones."""
        if not getattr(args, "data", None):
            return {}
        return {"lr": 0.002, "batch_size": 128, "epochs": 15 if args.model == "conv" else 60}

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """Pairs of the images and themselves."""
        (x, _), (x_test, _) = labelled(args)
        return (x, x), (x_test, x_test)

    def encode(self, run: Run, x: Array) -> Array:
        """The codes of images: rows (n, pixels) to (n, code)."""
        raise NotImplementedError

    def decode(self, run: Run, code: Array) -> Array:
        """The images of codes, as rows of pixels from 0 to 1."""
        raise NotImplementedError

    def samples(self, run: Run, n: int) -> Array:
        """New images, as rows."""
        raise NotImplementedError

    #: What to say of the samples.
    how = ""

    def codes(self, run: Run, x: Array) -> Array:
        """As `encode`, in evaluation mode, a part at a time."""
        return _quietly(run.model, lambda part: self.encode(run, part), x)

    def images(self, run: Run, code: Array) -> Array:
        """As `decode`, in evaluation mode, a part at a time."""
        return _quietly(run.model, lambda part: self.decode(run, part), code)

    def known(self, run: Run) -> float:
        """The share of test images whose class the neighbours of their codes tell."""
        if run.film is None:  # it takes seconds, of MNIST
            (x, y), (x_test, y_test) = labelled(run.args)
            run.film = neighbours(self.codes(run, x), y, self.codes(run, x_test), y_test)
        return float(run.film)

    def pictures(self, run: Run) -> dict[str, Picture]:
        """What comes back, what is new, and where in the plane of codes things are."""
        (x, _), (x_test, y_test) = labelled(run.args)
        codes, codes_test = self.codes(run, x), self.codes(run, x_test)
        centre, axes = plane(codes)
        flat, flat_test = ((c - centre) @ axes.T for c in (codes, codes_test))
        low, high = np.quantile(flat, [0.02, 0.98], axis=0)
        title = f"{self.name}: {self.title(run.args)}"
        known = figure("accuracy", self.known(run))
        names = axis_names(codes.shape[1])

        def reconstructions(path: Path) -> None:
            chosen = np.array([np.flatnonzero(y_test == k)[:3] for k in np.unique(y_test)])
            shown = x_test[chosen]  # (class, 3, pixels)
            back = self.images(run, self.codes(run, shown.reshape(-1, shown.shape[-1])))
            pairs = np.stack([shown, back.reshape(shown.shape)], axis=2)
            rows = pairs.transpose(1, 2, 0, 3).reshape(-1, shown.shape[-1])
            draw_pairs(rows, len(chosen), title, path)

        def manifold(path: Path) -> None:
            side = 17
            across, up = (np.linspace(low[i], high[i], side) for i in (0, 1))
            places = np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)
            made = self.images(run, (places @ axes + centre).astype(np.float32))
            half = (high - low) / (side - 1) / 2  # an image stands around its place
            extent = np.stack([low - half, high + half], axis=1).reshape(-1)
            draw_manifold(made, side, extent, names, title, path)

        def scatter(path: Path) -> None:
            head = f"{title}\n{len(x_test):,} test images, by class"
            note = f"the ten nearest neighbours tell the class of {known} of them"
            draw_codes(flat_test, y_test, (low, high), names, head, note, path)

        def new(path: Path) -> None:
            made = _quietly(run.model, lambda part: self.samples(run, len(part)), np.zeros(60))
            draw_tiles(made, 12, f"{title}\n{self.how}", path)

        among = "" if codes.shape[1] == 2 else " Of its codes the two main axes are shown."
        return {
            "reconstructions.png": Picture(
                reconstructions,
                f"Test images, and below each what comes back from {numbers_of(codes.shape[1])}.",
            ),
            "samples.png": Picture(new, f"New images: {self.how}."),
            "plane.png": Picture(
                scatter,
                f"Where the encoder puts test images. It was never told what digit they are; yet "
                f"the ten nearest neighbours tell the class of {known} of them.{among}",
            ),
            "manifold.png": Picture(
                manifold, "What the decoder makes of places in the frame of the picture before."
            ),
        }


def numbers_of(n: int) -> str:
    """How much an image goes through."""
    return f"{n:,} numbers"


def axis_names(n: int) -> tuple[str, str]:
    """What to call the axes of the plane of codes of `n` numbers."""
    if n == 2:
        return "first number of the code", "second number of the code"
    return "first main axis of the codes", "second main axis of the codes"


def _quietly(model: Module, call: Any, x: Array, size: int = 500) -> Array:
    """`call` on parts of `x`, in evaluation mode and without a graph."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            parts = [np.asarray(call(x[i : i + size])) for i in range(0, len(x), size)]
    finally:
        for module, mode in modes:
            module.training = mode
    return np.concatenate(parts)


def plane(codes: Array) -> tuple[Array, Array]:
    """The plane that most of the codes' spread lies in: a point of it, and two axes (2, code)."""
    n = codes.shape[1]
    if n == 2:
        return np.zeros(2, codes.dtype), np.eye(2, dtype=codes.dtype)
    centre = codes.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(codes - centre, rowvar=False))
    return centre, axes[:, :-3:-1].T.astype(codes.dtype)


def neighbours(codes: Array, y: Array, codes_test: Array, y_test: Array, k: int = 10) -> float:
    """The share of test codes whose class is that of most of their `k` nearest neighbours."""
    right = 0
    squares = (codes**2).sum(axis=1)
    for i in range(0, len(codes_test), 500):
        far = squares - 2 * codes_test[i : i + 500] @ codes.T
        near = y[np.argpartition(far, min(k, len(codes)) - 1, axis=1)[:, :k]]
        votes = (near[..., None] == np.arange(y.max() + 1)).sum(axis=1)
        right += int((votes.argmax(axis=1) == y_test[i : i + 500]).sum())
    return right / len(codes_test)


def principal_error(x: Array, x_test: Array, n: int) -> float:
    """The mean squared error of principal components: the best of all linear autoencoders."""
    centre = x.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(x - centre, rowvar=False))
    axes, far = axes[:, ::-1][:, :n], x_test - centre
    return float(np.mean((far - far @ axes @ axes.T) ** 2))


# ------------------------------------------------------------------------------------- drawing


def _sheet(rows: Array, columns: int, gap: int = 1) -> Array:
    """Images side by side in one, with gaps of nan."""
    side = math.isqrt(rows.shape[1])
    images = rows.reshape(-1, columns, side, side)
    wide = np.pad(images, ((0, 0), (0, 0), (gap, gap), (gap, gap)), constant_values=np.nan)
    return wide.transpose(0, 2, 1, 3).reshape(len(images) * (side + 2 * gap), -1)


def _show(ax: Any, sheet: Array, **options: Any) -> None:
    from matplotlib import colormaps

    ax.imshow(sheet, cmap=colormaps["gray_r"].with_extremes(bad="white"), vmin=0, vmax=1, **options)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw_tiles(rows: Array, columns: int, title: str, path: Path) -> None:
    """Images in a grid."""
    with plot._style():
        figure = plot._figure(0.62 * columns + 0.3, 0.62 * len(rows) / columns + 0.75)
        axes = figure.add_subplot()
        _show(axes, _sheet(rows, columns))
        _head(axes, title)
    plot._saved(axes, path)


def draw_pairs(rows: Array, columns: int, title: str, path: Path) -> None:
    """Rows of images, and below each row what came back."""
    with plot._style():
        height = len(rows) // columns
        figure = plot._figure(0.62 * columns + 1, 0.66 * height + 0.75)
        panels = figure.subplots(height // 2, 1)
        for i, ax in enumerate(np.ravel(panels)):
            pair = rows[2 * i * columns : 2 * (i + 1) * columns]
            sheet = _sheet(pair, columns)
            _show(ax, sheet)
            ax.set_yticks([len(sheet) / 4, 3 * len(sheet) / 4], ["image", "back"])
            ax.tick_params(length=0, labelcolor=plot.GREY, labelsize=9.5)
        _head(np.ravel(panels)[0], f"{title}\nTest images, and what comes back")
    plot._saved(np.ravel(panels)[0], path)


def _head(ax: Any, title: str) -> None:
    ax.set_title(title, loc="left", pad=9, color=plot.INK, size=11, weight="bold")


def draw_manifold(
    rows: Array, side: int, extent: Array, names: tuple[str, str], title: str, path: Path
) -> None:
    """Images at their places in the plane of codes."""
    from matplotlib.ticker import AutoLocator

    with plot._style():
        figure = plot._figure(7.2, 7.6)
        axes = figure.add_subplot()
        _show(axes, _sheet(rows, side), extent=extent, aspect="auto")
        plot._dress(axes, f"{title}\nWhat the plane of codes decodes to", 9, *names)
        axes.spines[:].set_visible(True)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(AutoLocator())
        axes.set_box_aspect(1)
    plot._saved(axes, path)


def draw_codes(
    codes: Array,
    y: Array,
    frame: tuple[Array, Array],
    names: tuple[str, str],
    title: str,
    note: str,
    path: Path,
) -> None:
    """Codes in their plane, coloured by class; the frame is what `draw_manifold` shows."""
    from matplotlib import patheffects
    from matplotlib.patches import Rectangle

    with plot._style():
        figure = plot._figure(7.2, 7.7)
        axes = figure.add_subplot()
        plot._dress(axes, title, 24, *names)
        axes.text(0, 1.015, note, transform=axes.transAxes, color=plot.GREY)
        size = float(np.clip(9000 / len(codes), 4, 24))
        taken: list[Array] = []
        for k in np.unique(y):
            here, colour = codes[y == k], COLOURS[int(k) % len(COLOURS)]
            axes.scatter(*here.T, s=size, color=colour, alpha=0.75, lw=0)
            taken.append(_crowd(here, taken, 0.05 * np.ptp(codes, axis=0)))
            axes.text(
                *taken[-1], str(k), size=17, weight="bold", color=colour, ha="center",
                va="center", path_effects=[patheffects.withStroke(linewidth=4, foreground="white")],
            )  # fmt: skip
        low, high = frame
        axes.add_patch(Rectangle((low[0], low[1]), *(high - low), fill=False, ec=plot.AXIS, ls=":"))
        axes.set_box_aspect(1)
    plot._saved(axes, path)


def _crowd(points: Array, taken: list[Array], room: Array) -> Array:
    """The point of the densest place, that with the least distance to its nearest fifth.

    Of those that leave room around what is taken, if there are any.
    """
    some = points[:1000]
    far = np.sort(np.linalg.norm(some[:, None] - some[None], axis=-1), axis=1)
    order = far[:, : max(len(some) // 5, 2)].mean(axis=1).argsort()
    for point in some[order]:
        if all((abs(point - other) > room).any() for other in taken):
            return np.asarray(point)
    return np.asarray(some[order[0]])


def noise(n: int, size: int) -> Array:
    """Draws from N(0, 1), of the library's generator."""
    return generator().standard_normal((n, size)).astype(np.float32)
