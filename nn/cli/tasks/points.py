"""Points of the plane: what region of it does a network learn?"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ... import datasets, plot
from ...data import train_test_split
from ...module import Module
from ...training import History
from ..arguments import count, number
from ..film import Film
from .base import Picture, Run, Task
from .perceptron import perceptron_of

__all__ = ["TASKS", "Points"]

DEFAULTS = {"activation": "tanh", "lr": 0.03, "batch_size": 1000, "epochs": 1000}


class Points(Task):
    """Points (n, 2) of a few classes, from a function of `nn.datasets`."""

    sizes = True
    options = {  # noqa: RUF012
        "--points": {"type": count, "metavar": "N", "help": "how many there are; default: 1000"},
        "--noise": {"type": number, "metavar": "X", "help": "by which they are off their place"},
    }

    def __init__(self, name: str, summary: str, model: str, **defaults: Any) -> None:
        self.name, self.summary = name, summary
        self.defaults = {"model": model, "sizes": model, **DEFAULTS, "points": 1000, **defaults}

    def check(self, args: argparse.Namespace) -> None:
        """Raise also if there are too few points to split."""
        super().check(args)
        if getattr(args, "points", 1000) < 20:
            raise ValueError(f"argument --points: expected at least 20, got {args.points}")

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """Three quarters to learn from, one to test on."""
        make = getattr(datasets, self.name)
        options = {} if args.noise is None else {"noise": args.noise}
        if "classes" in inspect.signature(make).parameters:
            options["classes"] = int(self.defaults["sizes"].split("-")[-1])
        x, y = make(args.points, **options)
        x, x_test, y, y_test = train_test_split(x, y, stratify=y)
        return (x, y), (x_test, y_test)

    def model(self, args: argparse.Namespace) -> Module:
        """A perceptron."""
        return perceptron_of(args)

    def title(self, args: argparse.Namespace) -> str:
        """Sizes and activation."""
        return f"{args.model} with {args.activation}"

    def watch(self, run: Run) -> Callable[[History], Any]:
        """A film of the border."""
        x, y = run.test
        run.film = Film(run.model, x, y, run.args.epochs)
        return run.film

    def pictures(self, run: Run) -> dict[str, Picture]:
        """The regions it learned, and the film."""
        title = f"{self.name}: {self.title(run.args)}"
        pictures = {
            "regions.png": Picture(
                lambda path: _draw(run, title, path),
                "The regions it learned, with the points it learned from and those it never saw.",
            )
        }
        if run.film is not None:
            film = run.film
            pictures["boundary.gif"] = Picture(
                lambda path: film.save(path, f"{title}, test points"),
                "The regions and the test points while it learned, from before the first epoch.",
            )
        return pictures


def _draw(run: Run, title: str, path: Path) -> None:
    """The regions twice, with the points to learn from and those to test on."""
    every = np.concatenate([run.train[0], run.test[0]])
    low, high = every.min(axis=0), every.max(axis=0)
    room = 0.08 * (high - low)
    with plot._style():
        figure = plot._figure(10.4, 6.1)
        plot._head(figure, title)
        for i, (name, (x, y)) in enumerate((("training", run.train), ("test", run.test))):
            axes = figure.add_subplot(1, 2, i + 1)
            named = f"{len(x):,} {name} points"
            # As much of the plane as the points of both take.
            span = np.maximum(np.ptp(x, axis=0), 1e-9)
            ends = x.min(axis=0) - low + room, high + room - x.max(axis=0)
            margin = float(np.max(ends / span))
            plot.decision_regions(run.model, x, y, title=named, margin=margin, ax=axes)
            axes.set(
                xlim=(low[0] - room[0], high[0] + room[0]),
                ylim=(low[1] - room[1], high[1] + room[1]),
                box_aspect=1,
            )
            axes.locator_params(nbins=6)
    plot._saved(axes, path)


TASKS = (
    Points("circles", "a disc and the ring around it", "2-3-2"),
    Points("squares", "a square and the frame around it", "2-3-2"),
    Points("moons", "two half moons, one in the arm of the other", "2-8-2"),
    Points("spirals", "three arms of a spiral", "2-32-32-3", lr=0.01),
    Points("blobs", "clouds around four centres", "2-8-4", epochs=200, noise=0.3),
)
