"""What the command line wants to know of a thing to train."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad

from ...losses.classification import CrossEntropyLoss
from ...module import Module
from ...training import History
from ..arguments import is_sizes

__all__ = ["Picture", "Run", "Task", "accuracies", "classes", "refuse"]


class Picture(NamedTuple):
    """How to draw a picture to a path, and what it shows."""

    draw: Callable[[Path], object]
    caption: str


@dataclasses.dataclass
class Run:
    """A training that is done, or under way: what was asked for, and what came of it."""

    args: argparse.Namespace
    model: Module
    train: Any
    test: Any
    history: History = dataclasses.field(default_factory=History)
    film: Any = None  # what a task keeps, such as what its `watch` has seen


class Task:
    """A thing to train: `python -m nn train NAME`. A class, of which `tasks` lists an object.

    Attributes
    ----------
    name
        of the task, on the command line.
    summary
        what it is, in a line.
    defaults
        of the arguments, by their names in `args`: "model", "lr", "batch_size", "epochs" at least.
    models
        the names that --model takes, and in a line what each is. Beside them, if `sizes` is True,
        it takes sizes of layers, of which the first and last are those of `defaults["sizes"]`.
    by_model
        defaults that are others with some of the models.
    options
        arguments of its own: for each flag, keywords of argparse's `add_argument`. Their default
        is None; another goes into `defaults`.
    """

    name = ""
    summary = ""
    defaults: Mapping[str, Any] = {}
    models: Mapping[str, str] = {}
    sizes = False
    by_model: Mapping[str, Mapping[str, Any]] = {}
    options: Mapping[str, Mapping[str, Any]] = {}

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError if arguments do not fit: here of --model alone."""
        if args.model in self.models:
            return
        names = ", ".join(self.models)
        if not self.sizes:
            raise ValueError(f"argument --model: expected one of {names}, got {args.model!r}")
        default = self.defaults["sizes"]
        if not is_sizes(args.model):
            among = f", or one of {names}" if names else ""
            raise ValueError(
                f"argument --model: expected sizes like 64-32-10{among}, got {args.model!r}"
            )
        ends, got = default.split("-"), args.model.split("-")
        if (got[0], got[-1]) != (ends[0], ends[-1]):
            raise ValueError(
                f"argument --model: {self.name} has {ends[0]} inputs and {ends[-1]} classes, so "
                f"expected {ends[0]}-...-{ends[-1]}, got {args.model}"
            )

    def suits(self, args: argparse.Namespace) -> Mapping[str, Any]:  # noqa: ARG002
        """Defaults that are others with other arguments, which may be None still."""
        return {}

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """What to learn from and what to test on: what `fit` takes, pairs of arrays (x, y)."""
        raise NotImplementedError

    def model(self, args: argparse.Namespace) -> Module:
        """The network that was asked for."""
        raise NotImplementedError

    def title(self, args: argparse.Namespace) -> str:
        """The network in a few words, as pictures and reports name it."""
        return str(args.model)

    def loss(self, args: argparse.Namespace) -> Any:  # noqa: ARG002
        """A function of outputs and targets."""
        return CrossEntropyLoss()

    def metrics(self, args: argparse.Namespace) -> Mapping[str, Callable[[Any, Any], float]]:  # noqa: ARG002
        """What else to measure after each epoch: `metrics` of `fit`."""
        return {}

    def watch(self, run: Run) -> Callable[[History], Any] | None:  # noqa: ARG002
        """A callback of `fit`, such as one that keeps pictures for a film."""
        return None

    def numbers(self, run: Run) -> dict[str, float]:
        """What came of it, by name; a name that ends in "accuracy" is that of a share."""
        return accuracies(run)

    def lines(self, run: Run) -> Sequence[str]:  # noqa: ARG002
        """What else to print, and to show in the report: samples of text, say."""
        return ()

    def pictures(self, run: Run) -> dict[str, Picture]:  # noqa: ARG002
        """Pictures of it, by the names of their files."""
        return {}


def refuse(args: argparse.Namespace, model: str, *flags: str) -> None:
    """Raise ValueError if one of the flags was given, which `model` has no use for."""
    for flag in flags:
        if getattr(args, flag, None) is not None:
            raise ValueError(f"argument --{flag}: {model} has no use for it; leave it out")


def classes(model: Module, x: NDArray[Any], size: int = 1000) -> NDArray[Any]:
    """The class of the highest score, of each of `x`; in evaluation mode, `size` at a time."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            parts = [model(x[i : i + size]).data.argmax(axis=1) for i in range(0, len(x), size)]
    finally:
        for module, mode in modes:
            module.training = mode
    return np.concatenate(parts)


def accuracies(run: Run) -> dict[str, float]:
    """The shares of samples it gets right, of those it learned from and of the others."""
    return {
        f"{name} accuracy": float(np.mean(classes(run.model, x) == y))
        for name, (x, y) in (("train", run.train), ("test", run.test))
    }
