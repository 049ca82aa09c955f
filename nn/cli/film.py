"""A film of the border that a network draws between points, while it learns."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad

from .. import plot
from ..module import Module
from ..training import History

__all__ = ["Film"]

FRAMES, RESOLUTION, LEVELS = 40, 120, 6  #: A film of some hundred kilobytes, drawn in seconds.


class Film:
    """Frames of the plane, taken before the first epoch and, more and more rarely, after others.

    Called with the history after each epoch, as `fit` calls its `callback`.
    """

    def __init__(self, model: Module, x: NDArray[Any], y: NDArray[Any], epochs: int) -> None:
        self.model, self.x, self.y = model, x, y
        # At first it changes fast: as squares, 1, 2, 5, 10, ...
        self.wanted = {round(1 + (epochs - 1) * (i / FRAMES) ** 2) for i in range(FRAMES + 1)}
        low, high = x.min(axis=0), x.max(axis=0)
        room = 0.1 * (high - low)
        self.across, self.up = np.linspace(low - room, high + room, RESOLUTION).T
        self.plane = np.stack(np.meshgrid(self.across, self.up), axis=-1).reshape(-1, 2)
        self.frames: list[tuple[int, NDArray[Any], float]] = []
        self._take(0)

    def __call__(self, history: History) -> None:
        """Take a frame, if this is an epoch to be shown."""
        if int(history["epoch"][-1]) in self.wanted:
            self._take(int(history["epoch"][-1]))

    def _take(self, epoch: int) -> None:
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with no_grad():
                points = np.concatenate([self.x, self.plane]).astype(np.float32)
                scores = self.model(points).data
        finally:
            for module, mode in modes:
                module.training = mode
        right = scores[: len(self.x)].argmax(axis=1) == self.y
        self.frames.append((epoch, scores[len(self.x) :], float(right.mean())))

    def save(self, path: Path, title: str) -> None:
        """Write it as a GIF."""
        from matplotlib.animation import PillowWriter
        from matplotlib.colors import to_rgba_array

        colours = to_rgba_array(plot.PALETTE)[:, :3]
        extent = (*self.across[[0, -1]], *self.up[[0, -1]])
        with plot._style():
            figure = plot._figure(4.6, 5.0)
            axes = figure.add_subplot()
            figure.set_layout_engine("none")
            axes.set_position((0.11, 0.08, 0.86, 0.79))
            plot._dress(axes, title, 22, "", "")
            image = axes.imshow(
                np.ones((RESOLUTION, RESOLUTION, 3)), extent=extent, origin="lower",
                interpolation="nearest", aspect="auto",
            )  # fmt: skip
            axes.scatter(*self.x.T, 14, colours[self.y], ec="white", lw=0.4, zorder=4)
            axes.locator_params(nbins=5)  # more would touch, so small as it is
            note = axes.text(0, 1.025, "", transform=axes.transAxes, color=plot.GREY)
            writer = PillowWriter(fps=8)
            with tempfile.TemporaryDirectory(prefix=".draft-", dir=path.parent) as draft:
                whole = Path(draft, path.name)
                with writer.saving(figure, str(whole), dpi=80):
                    for epoch, scores, accuracy in self.frames:
                        image.set_data(_tints(scores, colours).reshape(RESOLUTION, RESOLUTION, 3))
                        note.set_text(f"epoch {epoch:,}: accuracy {plot.percent(accuracy)}")
                        writer.grab_frame()
                    for _ in range(16):  # two seconds to look at the last
                        writer.grab_frame()
                os.replace(whole, path)


def _tints(scores: NDArray[Any], colours: NDArray[Any]) -> NDArray[Any]:
    """The colour of the class that leads, lighter where its lead is small, in a few steps."""
    ordered = np.sort(scores, axis=1)
    sure = np.abs(np.tanh((ordered[:, -1] - ordered[:, -2]) / 2))
    steps = (np.floor(sure * LEVELS).clip(0, LEVELS - 1) + 0.5) / LEVELS
    return 1 - 0.5 * steps[:, None] * (1 - colours[scores.argmax(axis=1)])
