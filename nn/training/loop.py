"""`fit`: the loop that everybody writes."""

from __future__ import annotations

import inspect
import itertools
import math
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from autograd import no_grad

from ..data import DataLoader
from ..module import Module
from .averaging import AveragedModel
from .checkpoint import Checkpoint
from .history import History
from .means import Means, Metrics
from .progress import bar as progress_bar
from .progress import say
from .step import Optimizer, Step
from .stopping import Stopping

__all__ = ["fit"]

Callback = Callable[[History], Any]
Path = str | os.PathLike[str]


def fit(
    model: Module,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    train: Any,
    validation: Any = None,
    epochs: int = 10,
    *,
    batch_size: int | None = 32,
    metrics: Metrics | None = None,
    scheduler: Any = None,
    schedule_by: Literal["epoch", "batch"] = "epoch",
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    accumulate: int = 1,
    average: AveragedModel | None = None,
    patience: int | None = None,
    callback: Callback | Iterable[Callback] | None = None,
    checkpoint: Path | Checkpoint | None = None,
    resume: bool | Path = False,
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
        for tuples of arrays: None takes all samples at once, which is gradient descent; 1 takes one
        after the other, stochastic gradient descent; what lies between are mini-batches.
    metrics
        what else to measure: by name, functions of the arrays (outputs, targets) of a batch.
        Accuracy is measured unasked, if outputs are scores (n, k) and targets integers (n,). A
        target that is none of the k classes, or is the `ignore_index` of the loss, does not count.
    scheduler
        a schedule of the learning rate. One whose `step` takes `metrics`, as that of
        `ReduceLROnPlateau`, gets the loss in validation, or if there is none in training.
    schedule_by
        when to step it: after each "epoch", or after each "batch" (each step of the optimizer).
    l1, l2
        weights of penalties on all parameters that are trained, `nn.l1_penalty` and
        `nn.l2_penalty`. They are part of what is minimised, not of the loss in the history, which
        stays comparable with that of validation.
    clip_norm, clip_value
        limits of the joint norm of all gradients, and of each number in them, as of
        `optim.clip_grad_norm_` and `optim.clip_grad_value_`; numbers first.
    accumulate
        how many batches make one step: their gradients are averaged, weighted by size, as if they
        were one batch that did not fit into memory.
    average
        its `update_parameters` is called after each step. Validation is of the model itself.
    patience
        early stopping: how many epochs in a row the loss in validation (if there is none, in
        training) may fail to fall. At the end the model has the weights and buffers of the best
        epoch, the `best_epoch` of the history.
    callback
        a function, or several, called with the history so far after each epoch; if one returns
        True, training ends.
    checkpoint
        a file to save to after each epoch: all that the training needs to go on to the same end,
        bit by bit, after whatever killed it. Or a `Checkpoint`, which can save within epochs too
        (`steps`, `seconds`), and takes along what else draws or counts; then `train` must have a
        state, as a DataLoader does.
    resume
        True goes on from the checkpoint if the file exists, and else begins; so the same command
        starts a run and goes on with it. A path goes on from that file. All else is to be as it
        was; `epochs` counts from the first start.
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
    and the model keeps what it has learned. The checkpoint is the last one that was saved.

    Raises
    ------
    FloatingPointError
        the loss of a batch or a gradient is nan or infinite: the parameters, the buffers and the
        optimizer stay as they were before that batch. Or, at the end of an epoch, a parameter is.
    OSError
        the checkpoint cannot be written, as on a full disk; the last one is as it was.
    ValueError, TypeError
        the checkpoint is damaged, or of another run; there are no batches, or they are no pairs; an
        argument out of range; arguments in another order, or an optimizer whose `step` does not
        call the function that it gets.

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
    _check_numbers(l1=l1, l2=l2, clip_norm=clip_norm, clip_value=clip_value)
    _check_counts(accumulate=accumulate, patience=patience)
    by_loss = scheduler is not None and "metrics" in inspect.signature(scheduler.step).parameters
    by_batch = _by_batch(schedule_by, scheduler, by_loss)
    train = _batches(train, batch_size, shuffle=True)
    validation = _batches(validation, batch_size, shuffle=False)
    callbacks = [] if callback is None else [callback] if callable(callback) else [*callback]
    ignored = getattr(loss, "ignore_index", None)
    history, stopping = History(), Stopping(model, patience)
    means = Means("", metrics, ignored)
    step = Step(
        model, loss, optimizer, means, l1=l1, l2=l2, clip_norm=clip_norm, clip_value=clip_value
    )
    saved = _checkpoint(
        checkpoint, resume,
        model=model, loss=loss, optimizer=optimizer, scheduler=scheduler, average=average,
        train=train, validation=validation, history=history, measured=means, stopping=stopping,
    )  # fmt: skip
    modes = [(module, module.training) for module in model.modules()]
    epoch = _done(history)
    bar: Any = None
    if progress:
        if epoch or means.batches:
            batches = f" and {means.batches} batches" if means.batches else ""
            say(f"goes on after epoch {epoch} of {epochs}{batches}")
        sized = len(train) if hasattr(train, "__len__") else None
        bar = progress_bar(None if sized is None else sized * epochs)
        if bar is not None and (epoch or means.batches):
            bar.update((sized or 0) * epoch + means.batches)
    try:
        while epoch < epochs and not stopping.over:
            epoch += 1
            start = time.perf_counter()
            model.train()
            step.begin()
            pairs = _pairs("train", train, epoch, begun=means.batches > 0)
            while group := list(itertools.islice(pairs, accumulate)):
                step(group)
                if average is not None:
                    average.update_parameters(model)
                if by_batch:
                    scheduler.step()
                # An incomplete group is the last; the loader has left the epoch, which ends now.
                if saved is not None and len(group) == accumulate:
                    saved.step()
                for _ in group if bar is not None else ():
                    bar.update()
            for name, p in step.params:
                means.check(name, p.data, "The last step was too large: lower the learning rate")
            row = {"epoch": epoch} | means.result()
            if validation is not None:
                row |= _validate(
                    model, loss, validation, Means("validation_", metrics, ignored), epoch
                )
            judged = row.get("validation_loss", row["loss"])
            if scheduler is not None and not by_batch:
                scheduler.step(*([judged] if by_loss else []))
            row["seconds"] = time.perf_counter() - start
            for name, value in row.items():
                history.setdefault(name, []).append(value)
            stopping.add(epoch, judged)
            # Not merely something true, such as the figure that history.plot() returns.
            stopping.asked = True in [call(history) is True for call in callbacks]
            means.begin(epoch + 1)
            if saved is not None:
                saved.save()
            if progress and (
                stopping.over or epoch == epochs or epoch % math.ceil(epochs / 10) == 0
            ):
                say(f"epoch {epoch:{len(str(epochs))}}/{epochs}: {history._last()}", above=bar)
    except KeyboardInterrupt:
        history.interrupted = True
        if progress:
            say(f"stopped in epoch {epoch} of {epochs}", above=bar)
    finally:
        for module, mode in modes:
            module.training = mode
        if bar is not None:
            bar.close()
    history.best_epoch = stopping.take_best()
    return history


def _validate(model: Module, loss: Any, validation: Any, means: Means, epoch: int) -> Any:
    model.eval()
    means.begin(epoch)
    with no_grad():
        for x, y in _pairs("validation", validation, epoch):
            output = model(x)
            means.add(loss(output, y), output, y)
    return means.result()


def _done(history: History) -> int:
    """How many epochs are completed."""
    return len(history.get("epoch", ()))


def _checkpoint(
    checkpoint: Path | Checkpoint | None, resume: bool | Path, **parts: Any
) -> Checkpoint | None:
    """The checkpoint of all parts, which have their saved state already if they are to go on."""
    if checkpoint is None and resume is False:
        return None
    if checkpoint is None and resume is True:
        raise ValueError("resume: got True without checkpoint=, expected the file to go on from")
    given = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint or "")
    for name in ("model", "optimizer", "scheduler", "average"):
        if parts[name] is not None and not hasattr(parts[name], "state_dict"):
            raise TypeError(
                f"checkpoint: {name}: a {type(parts[name]).__name__} has no state_dict and "
                "load_state_dict, without which it cannot go on where it was"
            )
    within = given.steps or given.seconds
    if within and not hasattr(parts["train"], "state_dict"):
        raise TypeError(
            "checkpoint: to save within an epoch (steps, seconds) train must be a DataLoader, "
            "a tuple of arrays, or something else with state_dict and load_state_dict, got "
            f"{type(parts['train']).__name__}"
        )
    own = {name: x for name, x in parts.items() if isinstance(x, dict) or hasattr(x, "state_dict")}
    for name, part in given.parts.items():
        if part is not own.get(name, part):
            raise ValueError(f"checkpoint: a part is called {name}, as one of fit's own is")
    whole = type(given)(given.path, steps=given.steps, seconds=given.seconds, **given.parts | own)
    if resume is not False:
        whole.load(None if resume is True else resume)
    return None if checkpoint is None else whole


def _by_batch(schedule_by: str, scheduler: Any, by_loss: bool) -> bool:
    if schedule_by not in ("epoch", "batch"):
        raise ValueError(f"schedule_by: got {schedule_by!r}, expected 'epoch' or 'batch'")
    if schedule_by == "batch" and by_loss:
        raise ValueError(
            f"schedule_by: 'batch' is not for {type(scheduler).__name__}, which goes by the loss "
            "of an epoch"
        )
    return schedule_by == "batch" and scheduler is not None


def _check_numbers(**numbers: Any) -> None:
    for name, x in numbers.items():
        if x is not None and not (isinstance(x, int | float) and 0 <= x < math.inf):
            raise ValueError(f"{name}: got {x!r}, expected a number, 0 or more")


def _check_counts(**counts: Any) -> None:
    for name, n in counts.items():
        if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
            raise ValueError(f"{name}: got {n!r}, expected an int, 1 or more")


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


def _batches(data: Any, batch_size: int | None, shuffle: bool) -> Any:
    """A DataLoader, if `data` is a tuple of arrays; of them all at once, if there is no size."""
    if not isinstance(data, tuple) or not all(hasattr(item, "shape") for item in data):
        return data
    if batch_size is None:  # in their order, of which a sum does not depend
        batch_size, shuffle = max([1, *(len(x) for x in data[:1] if x.shape)]), False
    with warnings.catch_warnings():
        if not shuffle:  # a last batch of one sample does no harm in evaluation mode
            warnings.simplefilter("ignore")
        return DataLoader(data, batch_size, shuffle)


def _pairs(
    name: str, batches: Iterable[Any], epoch: int, begun: bool = False
) -> Iterator[tuple[Any, Any]]:
    """The batches of an epoch, or what is left of one; raise at one that is not a pair."""
    empty = not begun
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise TypeError(
                f"{name}: got a batch that is no pair but a {type(batch).__name__}, expected "
                f"(x, y). Arrays go in as a tuple: {name}=(x, y), or DataLoader((x, y))"
            )
        empty = False
        yield batch[0], batch[1]
    if empty:
        raise ValueError(
            f"{name}: no batches in epoch {epoch}, expected at least one. A generator can be gone "
            "through only once: make it a list, or a DataLoader"
        )
