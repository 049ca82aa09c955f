"""Training: `fit` is the loop that everybody writes, `History` the numbers that come out of it."""

from __future__ import annotations

import csv
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

from ..data import DataLoader
from ..files import replacing
from ..module import Module, Parameter
from .progress import bar as progress_bar
from .progress import say

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
    interrupted
        whether Ctrl-C ended the training.
    """

    interrupted = False

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw all but the seconds, with `nn.plot.history`; saved as a PNG if there is a path."""
        from ..plot import history

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
    model
        what to train, in place. Its parts are back in their modes (`training`) afterwards.
    loss
        a function of outputs and targets to their mean loss, such as `nn.CrossEntropyLoss()`.
    optimizer
        of the model's parameters, such as `optim.Adam(model.parameters())`. Its `step` gets a
        function that computes the loss of the batch and its gradients; LBFGS calls it several
        times, and wants all samples in one batch.
    train
        a DataLoader, or something else that gives batches (x, y), afresh in each epoch; or a tuple
        of two arrays (x, y), to be shuffled and cut into batches.
    validation
        the same, but not shuffled; seen in evaluation mode, and without gradients.
    epochs
        how many times to go through `train`.
    batch_size
        for tuples of arrays.
    metrics
        what else to measure: by name, functions of the arrays (outputs, targets) of a batch.
        Accuracy is measured unasked, if outputs are scores (n, k) and targets integers (n,). A
        target that is none of the k classes, or is the `ignore_index` of the loss, does not count.
    scheduler
        a schedule of the learning rate, to be stepped after each epoch. One whose `step` takes
        `metrics`, as that of `ReduceLROnPlateau`, gets the loss in validation, or if there is none
        in training. For one that counts batches, write the loop yourself.
    callback
        called with the history so far after each epoch; if it returns True, training ends.
    progress
        print about ten lines in all, and show a bar in a terminal or a notebook, if there is tqdm.

    Returns
    -------
    History
        The history. Its numbers are means over samples: the mean of the batches, weighted by size.
        Those of training are taken on the way, from a model that gets better meanwhile.

    Notes
    -----
    Ctrl-C ends the training, not the program: the history holds the epochs that were completed,
    and the model keeps what it has learned.

    Raises
    ------
    FloatingPointError
        the loss of a batch or a gradient is nan or infinite: the parameters, the buffers and the
        optimizer stay as they were before that batch. Or, at the end of an epoch, a parameter is.
    ValueError, TypeError
        there are no batches, or they are no pairs; arguments in another order, or an optimizer
        whose `step` does not call the function that it gets.

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
    _check(model, loss, optimizer)
    train = _batches(train, batch_size, shuffle=True)
    validation = _batches(validation, batch_size, shuffle=False)
    by_loss = scheduler is not None and "metrics" in inspect.signature(scheduler.step).parameters
    history, ignored = History(), getattr(loss, "ignore_index", None)
    modes = [(module, module.training) for module in model.modules()]
    bar: Any = None
    if progress:
        bar = progress_bar(len(train) * epochs if hasattr(train, "__len__") else None)
    try:
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            model.train()
            means = _Means("", epoch, metrics, ignored)
            params = _trained(model, optimizer)
            buffered = any(True for _ in model.buffers())
            for x, y in _pairs("train", train, epoch):
                before = _copies(model) if buffered else {}
                _step(model, loss, optimizer, x, y, means, params, before)
                if bar is not None:
                    bar.update()
            for name, p in params:
                means.check(name, p.data, "The last step was too large: lower the learning rate")
            row = {"epoch": epoch} | means.result()

            if validation is not None:
                model.eval()
                means = _Means("validation_", epoch, metrics, ignored)
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
                say(f"epoch {epoch:{len(str(epochs))}}/{epochs}: {history._last()}", above=bar)
            if stop:
                break
    except KeyboardInterrupt:
        history.interrupted = True
        if progress:
            say(f"stopped in epoch {epoch} of {epochs}", above=bar)
    finally:
        for module, mode in modes:
            module.training = mode
        if bar is not None:
            bar.close()
    return history


def _check(model: Any, loss: Any, optimizer: Any) -> None:
    """Raise if one of the three is something else, such as another of them."""
    can_step = hasattr(optimizer, "step") and hasattr(optimizer, "zero_grad")
    for name, value, fits, expected in (
        ("model", model, isinstance(model, Module), "a Module"),
        ("loss", loss, callable(loss), "a function of outputs and targets: nn.CrossEntropyLoss()"),
        ("optimizer", optimizer, can_step, "such as optim.Adam(model.parameters())"),
    ):
        if isinstance(value, type) or not fits:
            got = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
            raise TypeError(
                f"fit: {name}: got {got}, expected {expected}. The order is fit(model, loss, "
                "optimizer, train)"
            )


def _trained(model: Module, optimizer: Any) -> list[tuple[str, Parameter]]:
    """The parameters that the optimizer changes, with their names; all if it does not tell."""
    groups = getattr(optimizer, "param_groups", [{"params": model.parameters()}])
    own = {id(p) for group in groups for p in group["params"]}
    return [(k, p) for k, p in model.named_parameters() if p.requires_grad and id(p) in own]


def _copies(model: Module) -> dict[str, Any]:
    return {name: buffer.data.copy() for name, buffer in model.named_buffers()}


def _step(
    model: Module,
    loss: Any,
    optimizer: Optimizer,
    x: Any,
    y: Any,
    means: _Means,
    params: list[tuple[str, Parameter]],
    buffers: dict[str, Any],
) -> None:
    """One step of the optimizer, which computes the loss of the batch as often as it likes.

    If the first time fails, nothing else has changed by then, and the buffers are put back.
    """
    calls = 0

    def closure() -> Any:
        nonlocal calls
        calls += 1
        first = calls == 1  # before the optimizer has changed anything
        try:
            optimizer.zero_grad()
            output = model(x)
            cost = loss(output, y)
            if first:
                means.add(cost, output, y)
            cost.backward()
            for name, p in params if first else ():
                if p.grad is not None:
                    means.check(f"the gradient of {name}", p.grad, _FIND)
        except BaseException:
            for name, buffer in model.named_buffers():
                if name in buffers:
                    buffer.data[...] = buffers[name]
            raise
        return cost

    try:
        optimizer.step(closure)
    except (TypeError, AttributeError) as error:
        if calls:
            raise
        raise TypeError(f"{_not_called(optimizer)}. It failed: {error}") from error
    if not calls:
        raise TypeError(_not_called(optimizer))


_FIND = "with autograd.detect_anomaly(): finds the op; often it is a root, norm or logarithm of 0"


def _not_called(optimizer: Any) -> str:
    return (
        f"fit: {type(optimizer).__name__}.step does not call the function that it gets, which "
        "computes the loss of the batch and the gradients. Derive it from optim.Optimizer and "
        "write update; or begin with def step(self, closure): loss = closure()"
    )


class _Means:
    """The means over the samples of an epoch, named "loss", "accuracy" and as the metrics are."""

    def __init__(self, prefix: str, epoch: int, metrics: Metrics | None, ignored: Any) -> None:
        self.prefix, self.epoch, self.metrics = prefix, epoch, metrics or {}
        self.ignored = ignored  # a target that does not count in the accuracy
        self.sums: defaultdict[str, float] = defaultdict(float)
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.batches = 0

    def check(self, name: str, numbers: Any, advice: str) -> None:
        """Raise if one of the numbers is nan or infinite."""
        if not np.isfinite(numbers).all():
            kind = "nan" if np.isnan(numbers).any() else "inf"
            raise FloatingPointError(
                f"fit: {name} is {kind} in epoch {self.epoch}, batch {self.batches}. {advice}"
            )

    def add(self, cost: Any, output: Any, y: Any) -> None:
        """Measure a batch."""
        self.batches += 1
        value = cost.item() if isinstance(cost, Tensor) else float(cost)
        advice = "Lower the learning rate; scale the inputs to about -1 to 1; look for nan in them"
        self.check(f"{self.prefix}loss", value, advice)
        output, y = (x.data if isinstance(x, Tensor) else x for x in (output, y))
        scores = isinstance(output, np.ndarray) and output.ndim == 2 and output.shape[1] > 1
        labels = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu"
        self._count("loss", len(y) * value, len(y))
        if scores and labels:
            counted = (y >= 0) & (y < output.shape[1]) & (y != self.ignored)
            right = output.argmax(axis=1) == y
            self._count("accuracy", (right & counted).sum(), counted.sum())
        for name, metric in self.metrics.items():
            self._count(name, len(y) * float(metric(output, y)), len(y))

    def _count(self, name: str, total: float, count: int) -> None:
        self.sums[name] += float(total)
        self.counts[name] += int(count)

    def result(self) -> dict[str, float]:
        """The means by name."""
        sums, counts = self.sums, self.counts
        return {self.prefix + k: sums[k] / counts[k] if counts[k] else math.nan for k in sums}


def _batches(data: Any, batch_size: int, shuffle: bool) -> Any:
    """A DataLoader, if `data` is a tuple of arrays."""
    if not isinstance(data, tuple) or not all(hasattr(item, "shape") for item in data):
        return data
    with warnings.catch_warnings():
        if not shuffle:  # a last batch of one sample does no harm in evaluation mode
            warnings.simplefilter("ignore")
        return DataLoader(data, batch_size, shuffle)


def _pairs(name: str, batches: Iterable[Any], epoch: int) -> Iterator[Any]:
    """The batches of an epoch; raise at one that is not a pair."""
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
