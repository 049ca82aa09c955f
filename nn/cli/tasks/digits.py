"""Handwritten digits: those that come with the library, and MNIST."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import datasets, init, plot
from ...containers import Sequential
from ...data import train_test_split
from ...layers.activations import Sigmoid
from ...layers.convolution import Conv2d
from ...layers.flatten import Unflatten
from ...layers.linear import Linear
from ...layers.upsampling import Upsample
from ...module import Module
from ...training.progress import say
from ..report import figure
from .base import Picture, Run, Task, classes
from .perceptron import perceptron_of

__all__ = ["TASKS", "Digits", "SquaredError", "draw_digits"]

# Batches of digits are small enough for BLAS to leave its products to one thread: several would
# wait for each other whenever the machine is busy.
DEFAULTS = {"activation": "relu", "lr": 0.002, "batch_size": 16, "epochs": 40}
SEED = {"activation": "sigmoid", "optimizer": "gd", "lr": 1.0, "batch_size": 32}
CONVOLUTIONAL = {"activation": None, "schedule": "cosine"}


class SquaredError(Module):
    """Half the squared distance of outputs to 1 for the class and 0 elsewhere; the mean over n."""

    def forward(self, output: Any, target: NDArray[Any]) -> Any:
        """The loss of outputs (n, k) and classes (n,)."""
        wanted = np.eye(output.shape[1], dtype=output.dtype)[target]
        return ((output - wanted) ** 2).sum() / (2 * len(target))


class Digits(Task):
    """The 1,797 digits of 8 x 8 pixels."""

    name = "digits"
    summary = "1,797 handwritten digits of 8 x 8 pixels, which come with the library"
    sizes = True
    side = 8
    defaults = {"model": "mlp", "sizes": "64-256-64-10", **DEFAULTS}  # noqa: RUF012
    models = {  # noqa: RUF012
        "mlp": "a perceptron of the default sizes",
        "seed": "the network that many begin with: two layers of 16, sigmoids, squared error",
        "lenet": "LeNet-5, a small convolutional network",
        "resnet": "a residual network of eight layers",
    }
    by_model = {  # noqa: RUF012
        "seed": {**SEED, "epochs": 200},
        "lenet": {"lr": 0.002, "batch_size": 32, "epochs": 20, **CONVOLUTIONAL},
        "resnet": {"lr": 0.01, "batch_size": 32, "epochs": 20, **CONVOLUTIONAL},
    }

    def sizes_of(self, args: argparse.Namespace) -> str | None:
        """The sizes of the layers, of a perceptron."""
        if args.model == "seed":
            return f"{self.side**2}-16-16-10"
        if args.model == "mlp":
            return str(self.defaults["sizes"])
        return None if args.model in self.models else str(args.model)

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError also if an argument is for perceptrons alone."""
        super().check(args)
        for flag in "activation", "dropout":
            if self.sizes_of(args) is None and getattr(args, flag, None) is not None:
                raise ValueError(
                    f"argument --{flag}: for perceptrons alone, {args.model} has its own"
                )

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:  # noqa: ARG002
        """Three quarters to learn from, one to test on."""
        x, y = datasets.digits()
        x, x_test, y, y_test = train_test_split(x.reshape(len(x), -1), y, stratify=y)
        return (x, y), (x_test, y_test)

    def model(self, args: argparse.Namespace) -> Module:
        """A network for rows of pixels."""
        from ... import models  # here alone: they are written as a user writes them, of nn

        if sizes := self.sizes_of(args):
            network = perceptron_of(args, sizes)
            if args.model == "seed":
                network.append(Sigmoid())
                for layer in network:
                    if isinstance(layer, Linear):
                        init.xavier_uniform_(layer.weight, init.calculate_gain("sigmoid"))
            return network
        parts: list[Module] = [Unflatten(1, (1, self.side, self.side))]
        if args.model == "lenet":
            parts += [Upsample(size=28, mode="bilinear")] * (self.side != 28)
            return Sequential(*parts, models.LeNet())
        return Sequential(*parts, models.ResNet(8, in_channels=1))

    def title(self, args: argparse.Namespace) -> str:
        """Its name, or sizes and activation."""
        name = {"seed": "seed network ", "lenet": "LeNet", "resnet": "ResNet-8"}
        sizes = self.sizes_of(args)
        return name.get(args.model, "") + (f"{sizes} with {args.activation}" if sizes else "")

    def loss(self, args: argparse.Namespace) -> Any:
        """Squared error for the seed network, else cross-entropy."""
        return SquaredError() if args.model == "seed" else super().loss(args)

    def pictures(self, run: Run) -> dict[str, Picture]:
        """What it reads, what it mixes up, and what its first layer looks for."""
        x, y = run.test
        guess = classes(run.model, x)
        title = f"{self.name}: {self.title(run.args)}"
        shown, what = first_weights(run.model, self.side)
        return {
            "predictions.png": Picture(
                lambda path: draw_digits(x, y, guess, path, title),
                "Test digits, with what it reads: those it gets wrong come first.",
            ),
            "confusion.png": Picture(
                lambda path: plot.confusion_matrix(y, guess, title=title, path=path),
                "The test digits: a row for what they are, a column for what they are read as, "
                "and at the right how many of a row are right.",
            ),
            "weights.png": Picture(
                lambda path: plot.weights(shown, title=f"{title}\n{what}", path=path),
                f"What its first layer looks for: {what}. Blue speaks for it, red against.",
            ),
        }


class MNIST(Digits):
    """The digits of 28 x 28 pixels, from files."""

    name = "mnist"
    summary = "MNIST's 70,000 handwritten digits of 28 x 28 pixels, from its files"
    side = 28
    defaults = {  # noqa: RUF012
        **DEFAULTS, "model": "mlp", "sizes": "784-512-128-10", "lr": 0.001, "batch_size": 128,
        "epochs": 10,
    }  # fmt: skip
    by_model = {  # noqa: RUF012
        "mlp": {"epochs": 30, "dropout": 0.3, "schedule": "cosine"},
        "seed": {**SEED, "epochs": 30},
        "lenet": {"lr": 0.002, "batch_size": 64, "epochs": 12, **CONVOLUTIONAL},
        "resnet": {"lr": 0.01, "batch_size": 64, "epochs": 6, **CONVOLUTIONAL},
    }
    options = {  # noqa: RUF012
        "--data": {"metavar": "PATH", "help": "the folder of MNIST's files; for text the file"},
        "--download": {"action": "store_true", "help": "fetch them, if not there"},
    }

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError also if there is no folder of files."""
        super().check(args)
        if args.command_name == "profile":
            return
        if not args.data:
            raise ValueError("argument --data: expected the folder of mnist's files, got none")
        if Path(args.data).is_file():
            raise ValueError(f"argument --data: expected a folder, got the file {args.data}")

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """The 60,000 and the 10,000; of these alone, nine in ten and the rest."""
        x_test, y_test = datasets.mnist(args.data, train=False, download=args.download)
        x_test = x_test.reshape(len(x_test), -1)
        try:
            x, y = datasets.mnist(args.data, train=True, download=args.download)
        except FileNotFoundError:
            say(f"no training files in {args.data}: learning from 90 % of the test files instead")
            x, x_test, y, y_test = train_test_split(x_test, y_test, test_size=0.1, stratify=y_test)
        return (x.reshape(len(x), -1), y), (x_test, y_test)


def first_weights(model: Module, side: int) -> tuple[NDArray[Any], str]:
    """The weights of the first layer as images, of 32 units at most, and what they are."""
    layer = next(m for m in model.modules() if isinstance(m, Linear | Conv2d))
    values = layer.weight.data
    if isinstance(layer, Conv2d):
        values = values[:, 0]
        return values, f"its {len(values)} first filters of {values.shape[1]} x {values.shape[2]}"
    order = np.argsort(-np.linalg.norm(values, axis=1))[:32]
    images = values[np.sort(order)].reshape(-1, side, side)
    if len(images) < len(values):
        return images, f"the {len(images)} strongest of {len(values)} units of its first layer"
    return images, f"the {len(images)} units of its first layer"


def draw_digits(
    x: NDArray[Any], y: NDArray[Any], guess: NDArray[Any], path: Path, name: str = ""
) -> None:
    """Draw 40 digits with their predictions: wrong ones first, 20 at most, then right ones."""
    wrong, right = np.flatnonzero(guess != y), np.flatnonzero(guess == y)
    shown = np.concatenate([wrong[:20], right])[:40]
    title = f"Test accuracy {figure('accuracy', np.mean(guess == y))}"
    if len(wrong):
        first = "the" if len(wrong) <= 20 else "20 of the"
        title += f": {first} {len(wrong):,} it got wrong come first"
    title = f"{name}\n{title}" if name else title
    side = math.isqrt(x[0].size)
    digits = x[shown].reshape(-1, side, side)
    plot.images(digits, y[shown], guess[shown], columns=8, title=title, path=path)


TASKS = (Digits(), MNIST())
