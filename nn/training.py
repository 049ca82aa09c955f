"""Training: `fit` is the loop that everybody writes, `History` the numbers that come out of it."""

from __future__ import annotations

import csv
import functools
import inspect
import io
import math
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd import Tensor, no_grad

from .data import DataLoader
from .files import replacing
from .module import Module

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History", "fit"]

Metrics = Mapping[str, Callable[[Any, Any], float]]


class Optimizer(Protocol):
    """What `fit` needs of an optimizer."""

    def zero_grad(self) -> None: ...

    def step(self, closure: Callable[[], Any], /) -> Any: ...


class History(dict[str, list[float]]):
    """What `fit` measured: lists of numbers by name, each with one entry an epoch.

    "epoch" counts from 1; "loss" and "accuracy" are those of training, "validation_loss" and
    "validation_accuracy" those of validation; "seconds" is how long the epoch took. Before the
    first epoch there are no lists. `pandas.DataFrame(history)` makes a table.

    Attributes
    ----------
    interrupted : whether Ctrl-C ended the training.
    """

    interrupted = False

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw all but the seconds, with `nn.plot.history`; saved as a PNG if there is a path."""
        from .plot import history

        return history({k: v for k, v in self.items() if k != "seconds"}, path=path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file, whole or not at all; its first line holds the names."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self)
        writer.writerows(zip(*self.values(), strict=True))
        with replacing(path) as file:
            file.write(text.getvalue().encode())

    def __repr__(self) -> str:
        return f"History({len(self['epoch'])} epochs; {self._last()})" if self else "History()"

    def _last(self) -> str:
        """The numbers of the last epoch; those of validation have the order of the others."""
        last = {name: f"{column[-1]:#.4g}" for name, column in self.items() if name != "epoch"}
        validation = [last.pop(name) for name in list(last) if name.startswith("validation_")]
        text = ", ".join(f"{name} {x}" for name, x in last.items())
        return text + (f"; validation {', '.join(validation)}" if validation else "")


def fit(
    model: Module,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    train: Any,
    validation: Any = None,
    epochs: int = 10,
    *,
    batch_size: int = 32,
    metrics: Metrics | None = None,
    scheduler: Any = None,
    callback: Callable[[History], Any] | None = None,
    progress: bool = True,
) -> History:
    """Train a model, and measure how it does after each epoch.

    Parameters
    ----------
    model : what to train, in place. Its parts are back in their modes (`training`) afterwards.
    loss : a function of outputs and targets to their mean loss, such as `nn.CrossEntropyLoss()`.
    optimizer : of the model's parameters, such as `optim.Adam(model.parameters())`. Its `step` gets
        a function that computes the loss of the batch and its gradients; LBFGS calls it several
        times, and wants all samples in one batch.
    train : a DataLoader, or something else that gives batches (x, y), afresh in each epoch; or a
        tuple of two arrays (x, y), to be shuffled and cut into batches.
    validation : the same, but not shuffled; seen in evaluation mode, and without gradients.
    epochs : how many times to go through `train`.
    batch_size : for tuples of arrays.
    metrics : what else to measure: by name, functions of the arrays (outputs, targets) of a batch.
        Accuracy is measured unasked, if outputs are scores (n, k) and targets integers (n,).
    scheduler : a schedule of the learning rate, to be stepped after each epoch. One whose `step`
        takes `metrics`, as that of `ReduceLROnPlateau`, gets the loss in validation, or if there is
        none in training. For one that counts batches, write the loop yourself.
    callback : called with the history so far after each epoch; if it returns True, training ends.
    progress : print about ten lines in all, and show a bar in a terminal, if there is tqdm.

    Returns
    -------
    The history. Its numbers are means over samples: the mean of the batches, weighted by size.
    Those of training are taken on the way, from a model that gets better meanwhile.

    Ctrl-C ends the training, not the program: the history holds the epochs that were completed,
    and the model keeps what it has learned.

    Raises
    ------
    FloatingPointError : the loss is nan or infinite. The model stays as it was before that batch.
    ValueError, TypeError : there are no batches, or they are no pairs.

    Examples
    --------
    >>> import nn, optim
    >>> x, y = nn.datasets.circles(200, generator=0)
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> optimizer = optim.Adam(model.parameters(), lr=0.03)
    >>> history = nn.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=3, progress=False)
    >>> list(history)
    ['epoch', 'loss', 'accuracy', 'seconds']
    """
    if not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"epochs: got {epochs!r}, expected an int, 0 or more")
    train = _batches(train, batch_size, shuffle=True)
    validation = _batches(validation, batch_size, shuffle=False)
    by_loss = scheduler is not None and "metrics" in inspect.signature(scheduler.step).parameters
    history = History()
    modes = [(module, module.training) for module in model.modules()]
    bar = _bar(train, epochs) if progress else None
    say = functools.partial(print, flush=True) if bar is None else bar.write
    try:
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            model.train()
            means = _Means("", epoch, metrics)
            for x, y in _pairs("train", train, epoch):
                _step(model, loss, optimizer, x, y, means)
                if bar is not None:
                    bar.update()
            row = {"epoch": epoch} | means.result()

            if validation is not None:
                model.eval()
                means = _Means("validation_", epoch, metrics)
                with no_grad():
                    for x, y in _pairs("validation", validation, epoch):
                        output = model(x)
                        means.add(loss(output, y), output, y)
                row |= means.result()

            if scheduler is not None:
                scheduler.step(*([row.get("validation_loss", row["loss"])] if by_loss else []))
            row["seconds"] = time.perf_counter() - start
            for name, value in row.items():
                history.setdefault(name, []).append(value)
            # Not merely something true, such as the figure that history.plot() returns.
            stop = callback is not None and callback(history) is True
            if progress and (stop or epoch == epochs or epoch % math.ceil(epochs / 10) == 0):
                say(f"epoch {epoch:{len(str(epochs))}}/{epochs}: {history._last()}")
            if stop:
                break
    except KeyboardInterrupt:
        history.interrupted = True
        if progress:
            say(f"stopped in epoch {epoch} of {epochs}")
    finally:
        for module, mode in modes:
            module.training = mode
        if bar is not None:
            bar.close()
    return history


def _step(model: Module, loss: Any, optimizer: Optimizer, x: Any, y: Any, means: _Means) -> None:
    """One step of the optimizer, which computes the loss of the batch as often as it likes."""
    first = True

    def closure() -> Any:
        nonlocal first
        optimizer.zero_grad()
        output = model(x)
        cost = loss(output, y)
        cost.backward()
        if first:
            means.add(cost, output, y)  # raises if the loss is nan, before anything has changed
            first = False
        return cost

    optimizer.step(closure)


class _Means:
    """The means over the samples of an epoch, named "loss", "accuracy" and as the metrics are."""

    def __init__(self, prefix: str, epoch: int, metrics: Metrics | None) -> None:
        self.prefix, self.epoch, self.metrics = prefix, epoch, metrics or {}
        self.sums: defaultdict[str, float] = defaultdict(float)
        self.batches = self.samples = 0

    def add(self, cost: Any, output: Any, y: Any) -> None:
        """Measure a batch."""
        self.batches += 1
        numbers = {"loss": float(cost)}
        if not math.isfinite(numbers["loss"]):
            raise FloatingPointError(
                f"fit: {self.prefix}loss is {numbers['loss']} in epoch {self.epoch}, batch "
                f"{self.batches}. Lower the learning rate; scale the inputs to about -1 to 1; "
                "look for nan in the data"
            )
        output, y = (x.data if isinstance(x, Tensor) else x for x in (output, y))
        scores = isinstance(output, np.ndarray) and output.ndim == 2 and output.shape[1] > 1
        labels = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu"
        if scores and labels:
            numbers["accuracy"] = float((output.argmax(axis=1) == y).mean())
        numbers |= {name: float(metric(output, y)) for name, metric in self.metrics.items()}
        for name, number in numbers.items():
            self.sums[name] += len(y) * number
        self.samples += len(y)

    def result(self) -> dict[str, float]:
        """The means by name."""
        return {self.prefix + name: total / self.samples for name, total in self.sums.items()}


def _batches(data: Any, batch_size: int, shuffle: bool) -> Any:
    """A DataLoader, if `data` is a tuple of arrays."""
    if not isinstance(data, tuple) or not all(hasattr(item, "shape") for item in data):
        return data
    with warnings.catch_warnings():
        if not shuffle:  # a last batch of one sample does no harm in evaluation mode
            warnings.simplefilter("ignore")
        return DataLoader(data, batch_size, shuffle)


def _pairs(name: str, batches: Iterable[Any], epoch: int) -> Iterator[Any]:
    """The batches of an epoch, once they are known to be pairs."""
    empty = True
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise TypeError(
                f"{name}: got a batch that is no pair but a {type(batch).__name__}, expected "
                f"(x, y). Arrays go in as a tuple: {name}=(x, y), or DataLoader((x, y))"
            )
        empty = False
        yield batch
    if empty:
        raise ValueError(
            f"{name}: no batches in epoch {epoch}, expected at least one. A generator can be gone "
            "through only once: make it a list, or a DataLoader"
        )


def _bar(batches: Any, epochs: int) -> Any:
    """A tqdm bar; None if there is no tqdm, or no terminal to draw it in."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    total = len(batches) * epochs if hasattr(batches, "__len__") else None
    bar = tqdm(total=total, unit=" batches", leave=False, dynamic_ncols=True, disable=None)
    return None if bar.disable else bar  # it disables itself where there is no terminal
