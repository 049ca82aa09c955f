"""What the tasks that learn from sequences have in common: models, losses, pairs, a picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad

from ... import plot
from ...losses.classification import cross_entropy
from ...module import Module
from ..arguments import number
from .base import Run, Task, refuse

__all__ = ["NOTHING", "Language", "Pairs", "draw_surprise", "loss", "losses"]

Array = NDArray[Any]
NOTHING = -100  #: A target where nothing is asked: what `cross_entropy` ignores.


def scores(output: Any) -> Any:
    """What a model says may come next, (batch, time, characters): an LSTM also gives its state."""
    return output[0] if isinstance(output, tuple) else output


def loss(output: Any, y: Array) -> Any:
    """The mean loss of a character."""
    logits = scores(output)
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), ignore_index=NOTHING)


def losses(model: Module, x: Array, y: Array, size: int = 200) -> Array:
    """The loss of each character, (n, time), 0 where nothing is asked; in evaluation mode."""
    parts = []
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            for i in range(0, len(x), size):
                asked = y[i : i + size]
                logits = scores(model(x[i : i + size]))
                each = cross_entropy(
                    logits.reshape(-1, logits.shape[-1]), asked.reshape(-1),
                    ignore_index=NOTHING, reduction="none",
                )  # fmt: skip
                parts.append(each.data.reshape(asked.shape))
    finally:
        for module, mode in modes:
            module.training = mode
    return np.concatenate(parts)


def mean_loss(each: Array, y: Array) -> float:
    """The mean over the characters that were asked for, in nats."""
    return float(each[y != NOTHING].mean())


class Pairs:
    """The bigram model: how often each character follows each, counted.

    A tenth of an occurrence is added to each pair, so that none is impossible.
    """

    def __init__(self, data: tuple[Array, Array], vocab_size: int) -> None:
        x, y = data
        counts = np.full((vocab_size, vocab_size), 0.1)
        asked = y != NOTHING
        np.add.at(counts, (x[asked], y[asked]), 1)
        self.log_p = np.log(counts / counts.sum(axis=1, keepdims=True))

    def losses(self, x: Array, y: Array) -> Array:
        """The loss of each character, 0 where nothing is asked."""
        return np.where(y == NOTHING, 0.0, -self.log_p[x, np.maximum(y, 0)])


class Language(Task):
    """A model of characters, by `--model`; a subclass says which, and from what they come."""

    options = {  # noqa: RUF012
        "--temperature": {
            "type": number, "metavar": "X",
            "help": "of the samples: below 1 likelier ones, above 1 stranger ones",
        },
    }  # fmt: skip

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError also if there is an activation, which these models have of their own."""
        super().check(args)
        refuse(args, args.model, "activation")

    def network(
        self, args: argparse.Namespace, vocab_size: int, block: int, embedding: int, layers: int
    ) -> Module:
        """An LSTM or a GPT."""
        from ... import models  # here alone: they are written as a user writes them, of nn

        dropout = args.dropout or 0.0
        if args.model == "lstm":
            return models.CharLSTM(vocab_size, embedding, layers, dropout)
        return models.GPT(vocab_size, block, layers, 4, embedding, dropout)

    def title(self, args: argparse.Namespace) -> str:
        """Its name."""
        return {"lstm": "LSTM", "gpt": "GPT"}[args.model]

    def loss(self, args: argparse.Namespace) -> Any:  # noqa: ARG002
        """Cross-entropy, in nats a character."""
        return loss

    def generate(self, run: Run, start: Array, length: int) -> Array:
        """Draw what comes after `start`, at the temperature that was asked for."""
        model: Any = run.model
        modes = [(module, module.training) for module in model.modules()]
        model.eval()
        try:
            return np.asarray(model.generate(start, length, temperature=run.args.temperature))
        finally:
            for module, mode in modes:
                module.training = mode


def draw_surprise(
    rows: Sequence[str], panels: Sequence[tuple[str, Sequence[Array]]], title: str, path: Path
) -> None:
    """Draw texts with each character shaded by its loss: dark is what a model did not expect.

    `panels` are models: the name, and for each text the loss of each of its characters.
    """
    wide, step = max(len(row) for row in rows), 0.24
    beside = wide <= 30
    with plot._style():
        from matplotlib import colormaps

        width, height = step * wide, step * len(rows)
        across = len(panels) if beside else 1
        figure = plot._figure(
            across * (width + 0.35) + 1.0, (height + 0.45) * (len(panels) // across) + 0.55
        )
        shape = (1, len(panels)) if beside else (len(panels), 1)
        axes = np.ravel(figure.subplots(*shape))
        shades = colormaps["Oranges"]
        for ax, (name, values) in zip(axes, panels, strict=True):
            table = np.full((len(rows), wide), np.nan)
            for i, (row, value) in enumerate(zip(rows, values, strict=True)):
                table[i, : len(row)] = value
                for j, character in enumerate(row):
                    ink = "white" if value[j] > 4.2 else plot.INK
                    ax.text(
                        j, i, character, ha="center", va="center", size=9.5, family="monospace",
                        color=ink, parse_math=False,
                    )  # fmt: skip
            image = ax.imshow(table, cmap=shades, vmin=0, vmax=6, aspect="equal")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.set_title(name, loc="left", size=10, color=plot.GREY)
        bar = figure.colorbar(image, ax=list(axes), fraction=0.03, pad=0.02, extend="max")
        bar.set_label("loss of the character, nats", color=plot.GREY, size=9.5)
        bar.ax.tick_params(labelsize=9, color=plot.AXIS, labelcolor=plot.GREY)
        bar.outline.set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", size=11, weight="bold", color=plot.INK)
    plot._saved(axes[0], path)
