"""Batches of a dataset, an epoch a loop; and where in an epoch a loader is, to be saved."""

# ruff: noqa: ARG002 - a loader takes arguments of PyTorch's that have no effect here

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import default_dtype

from ..random import generator as _generator
from ..random import restore, state_of
from .dataset import Dataset, Subset, TensorDataset, as_dataset, count, is_array, reads_as, rows

__all__ = ["DataLoader", "default_collate"]

F = TypeVar("F", bound=Callable[..., Any])

ONE_TUPLE = "inputs and labels go in as one tuple: DataLoader((x, y), batch_size=...)"


def _explained(init: F) -> F:
    """A constructor of a DataLoader, whose errors of arguments say what to write instead."""

    @functools.wraps(init)
    def explained(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            if "multiple values for argument 'batch_size'" in str(error):
                error.add_note(ONE_TUPLE)
            raise

    return explained  # type: ignore[return-value]


class DataLoader:
    """Iterate over a dataset in mini-batches; each `for` loop over it is one epoch.

    Parameters
    ----------
    dataset
        one array (batches are arrays), a tuple or list of equally long arrays, short for their
        `TensorDataset` (batches are tuples of arrays), or any object with `__len__` and
        `__getitem__(int)`, such as a list of tuples, whose samples are arrays or numbers (batches
        are arrays) or tuples, lists or dicts of them, also nested (batches are tuples or dicts of
        arrays; named tuples stay what they are). It may grow: an epoch has the samples that are
        there at its start.
    batch_size
        samples in a batch; the last one is smaller if they do not divide the dataset.
    shuffle
        visit the samples in a new random order each epoch.
    drop_last
        leave out a last batch that would be smaller.
    generator
        what shuffles: a `numpy.random.Generator`, or a seed. By default the loader gets one of its
        own, derived from the library's when the loader is made: `nn.manual_seed` before that makes
        the order reproducible, and shuffling disturbs no other draw.
    sampler
        which samples, in which order, instead of `shuffle`: anything to loop over that gives their
        numbers, such as `WeightedRandomSampler`. It is asked for all at the start of an epoch.
    batch_sampler
        the same, but gives a list of numbers for each batch; instead of `batch_size`, `shuffle`,
        `sampler` and `drop_last`.
    collate_fn
        makes the batch: gets the list of its samples. By default `default_collate`, or faster.

    Notes
    -----
    Batches are always fresh arrays: changing one in place leaves the dataset as it is.

    What PyTorch's scripts pass besides is taken without effect, for batches are made in this
    process, and there is no other device: `num_workers`, `persistent_workers`, `prefetch_factor`,
    `timeout`, `worker_init_fn`, `multiprocessing_context`, `in_order`, `pin_memory` and
    `pin_memory_device`.

    Raises
    ------
    TypeError, ValueError
        a dataset that is empty, of uneven lengths or of another kind; a `batch_size` that is not a
        positive int; `drop_last` when there is not one full batch; a sampler besides what it is
        there instead of.
    IndexError
        in an epoch, if a sampler gives the number of a sample that there is not.

    Warns
    -----
    UserWarning
        the last batch would be a single sample, on which batch norm fails in training.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import DataLoader
    >>> x, y = np.zeros((10, 3)), np.arange(10)
    >>> for xb, yb in DataLoader((x, y), batch_size=4):
    ...     print(xb.shape, yb)
    (4, 3) [0 1 2 3]
    (4, 3) [4 5 6 7]
    (2, 3) [8 9]
    """

    @_explained
    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool | None = False,
        drop_last: bool = False,
        generator: np.random.Generator | int | None = None,
        *,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        persistent_workers: bool = False,
        prefetch_factor: int | None = None,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        dataset = as_dataset(dataset)
        samples = count(dataset)
        _check_batch_size(batch_size)
        if not isinstance(drop_last, bool | np.bool_ | int):
            raise TypeError(
                f"drop_last: got a {type(drop_last).__name__}, expected True or False; a sampler "
                "goes in by its name, sampler=..."
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler: it decides the order; leave shuffle out")
        if batch_sampler is not None and (
            batch_size != 1 or shuffle or drop_last or sampler is not None
        ):
            raise ValueError(
                "batch_sampler: it decides which samples make a batch; leave out batch_size, "
                "shuffle, sampler and drop_last"
            )
        if isinstance(sampler, Sized):
            samples = len(sampler)
        if drop_last and samples < batch_size:
            raise ValueError(
                f"drop_last: {samples} samples make no full batch of {batch_size}, so there "
                "would be no batch at all; take a smaller batch_size or drop_last=False"
            )
        if not drop_last and batch_size > 1 and samples % batch_size == 1:
            warnings.warn(
                f"the last batch will hold a single sample ({samples} samples in batches of "
                f"{batch_size}), on which batch norm in training mode fails; pass drop_last=True "
                "or another batch_size",
                UserWarning,
                stacklevel=3,  # past `explained`
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = bool(shuffle)
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn
        # Spawning takes no number from the library's generator: whether and when a loader
        # shuffles cannot change the weights and dropout masks drawn elsewhere.
        self.generator = _generator().spawn(1)[0] if generator is None else _generator(generator)
        self._epoch: _Epoch | None = None  # the one that began last, until it ends
        self._loaded: _Epoch | None = None  # the one that the next loop ends

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]
        samples = count(self.dataset) if self.sampler is None else len(self.sampler)  # type: ignore[arg-type]
        full, rest = divmod(samples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        """Start an epoch. Epochs are independent: two may be under way at the same time."""
        epoch, self._loaded = self._loaded, None
        if epoch is None:
            epoch = self._new_epoch()
        self._epoch = epoch
        return self._batches(epoch)

    def _new_epoch(self) -> _Epoch:
        n = count(self.dataset)
        if self.batch_sampler is not None:
            batches = [list(batch) for batch in self.batch_sampler]
            order = _numbers("batch_sampler", [i for batch in batches for i in batch], n)
            return _Epoch(order, np.cumsum([len(batch) for batch in batches], dtype=np.int64))
        if self.sampler is not None:
            order = _numbers("sampler", list(self.sampler), n)
        else:
            order = self.generator.permutation(n) if self.shuffle else np.arange(n)
        full, rest = divmod(len(order), self.batch_size)
        ends = np.arange(1, full + 1) * self.batch_size
        if rest and not self.drop_last:
            ends = np.append(ends, len(order))
        return _Epoch(order, ends)

    def _batches(self, epoch: _Epoch) -> Iterator[Any]:
        try:
            for start, end in zip([0, *epoch.ends], epoch.ends, strict=False):
                if end <= epoch.given:
                    continue
                batch = self._batch(epoch.order[start:end])
                epoch.given = int(end)  # before it is given, so that the state says so
                yield batch
        finally:
            if self._epoch is epoch:
                self._epoch = None

    def _batch(self, index: NDArray[np.int64]) -> Any:
        if self.collate_fn is not None:
            return self.collate_fn([self.dataset[int(i)] for i in index])
        return _take(self.dataset, index)

    def state_dict(self) -> dict[str, Any]:
        """Where the loader is: its random numbers and, within an epoch, its order and position.

        Taken in a loop over the loader, it counts the batches that the loop has got so far. After
        `load_state_dict`, the next loop goes through the rest of that epoch. A `sampler` that has a
        `state_dict`, as those here, is in it.

        Returns
        -------
        dict[str, Any]
            For `nn.save`: "generator" and "sampler", and within an epoch "order" (the numbers of
            its samples), "ends" (where in it each batch ends) and "given" (where the last one that
            was given ends).

        Examples
        --------
        >>> import numpy as np
        >>> from nn.data import DataLoader
        >>> loader = DataLoader(np.arange(6), batch_size=2, shuffle=True, generator=0)
        >>> for batch in loader:
        ...     state = loader.state_dict()
        ...     break
        >>> again = DataLoader(np.arange(6), batch_size=2, shuffle=True)
        >>> again.load_state_dict(state)
        >>> [*batch, *(int(i) for b in again for i in b)] == [*state["order"]]
        True
        """
        state: dict[str, Any] = {"generator": state_of(self.generator)}
        sampler: Any = self.sampler if self.batch_sampler is None else self.batch_sampler
        if hasattr(sampler, "state_dict"):
            state["sampler"] = sampler.state_dict()
        epoch = self._epoch or self._loaded
        if epoch is not None:
            state |= {"order": epoch.order, "ends": epoch.ends, "given": epoch.given}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another loader, made in the same way, was when its state was taken.

        Raises
        ------
        ValueError, KeyError
            a state of something else: another dataset, another kind of generator.
        """
        epoch, n = None, count(self.dataset)
        if "order" in state:
            order, ends = (np.array(state[name], np.int64) for name in ("order", "ends"))
            if order.size and order.max() >= n:
                raise ValueError(
                    f"order: the state is of an epoch of at least {order.max() + 1} samples, but "
                    f"the dataset has {n}; it has to be the same"
                )
            epoch = _Epoch(order, ends, int(state["given"]))
        sampler: Any = self.sampler if self.batch_sampler is None else self.batch_sampler
        if hasattr(sampler, "load_state_dict"):
            sampler.load_state_dict(state["sampler"])
        restore(self.generator, state["generator"])
        self._loaded, self._epoch = epoch, None

    def __repr__(self) -> str:
        samples, batches = len(self.dataset), len(self)
        if self.batch_sampler is not None:
            how = f"batch_sampler={type(self.batch_sampler).__name__}"
        elif self.sampler is not None:
            how = f"batch_size={self.batch_size}, sampler={type(self.sampler).__name__}"
        else:
            how = f"batch_size={self.batch_size}, shuffle={self.shuffle}"
        if self.batch_sampler is None:
            how += f", drop_last={self.drop_last}"
        return f"DataLoader({samples} samples, {batches} batches, {how})"


@dataclass
class _Epoch:
    order: NDArray[np.int64]
    ends: NDArray[np.int64]  # of each batch, in `order`
    given: int = 0  # where the last batch that was given ends


def _check_batch_size(batch_size: Any) -> None:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer):
        got, hint = f"{batch_size!r:.50}", "for the whole dataset at once give its length"
        if np.ndim(batch_size):
            got, hint = f"values of shape {np.shape(batch_size)}", ONE_TUPLE
        raise TypeError(f"batch_size: got {got}, expected a positive int; {hint}")
    if batch_size < 1:
        raise ValueError(f"batch_size: got {batch_size}, expected at least 1")


def _numbers(name: str, given: list[Any], n: int) -> NDArray[np.int64]:
    """What a sampler gave, as the numbers of samples."""
    order = np.array(given) if given else np.empty(0, np.int64)
    if order.dtype.kind not in "iu" or order.ndim != 1:
        raise TypeError(f"{name}: gave {given[0]!r:.50}, expected the numbers of samples, ints")
    if order.size and not -n <= order.min() <= order.max() < n:
        raise IndexError(
            f"{name}: gave {order.min()} to {order.max()}, expected 0 to {n - 1}: the dataset has "
            f"{n} samples"
        )
    return order.astype(np.int64) % n


def _take(dataset: Any, index: NDArray[np.int64]) -> Any:
    """The batch of these samples: in one go of arrays, and else one by one."""
    if is_array(dataset):
        return rows(dataset, index)
    if reads_as(dataset, TensorDataset):
        return tuple(rows(array, index) for array in dataset.tensors)
    if reads_as(dataset, Subset):
        return _take(dataset.dataset, dataset.indices[index])
    return default_collate([dataset[int(i)] for i in index])


def default_collate(samples: list[Any]) -> Any:
    """Stack samples into a batch: arrays and numbers, or tuples, lists and dicts of them.

    Examples
    --------
    >>> from nn.data import default_collate
    >>> default_collate([([1, 2], 0), ([3, 4], 1)])
    ((array([1, 3]), array([2, 4])), array([0, 1]))
    """
    first = samples[0]
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        columns = [default_collate(list(column)) for column in zip(*samples, strict=True)]
        return first._make(columns) if hasattr(first, "_make") else tuple(columns)
    return _stack(samples)


def _stack(values: Any) -> Any:
    if type(values[0]) is float:
        return np.array(values, default_dtype.get())
    masked = any(hasattr(value, "mask") for value in values)
    try:
        batch = np.ma.stack(values) if masked else np.stack(values)  # which drops the mask
    except ValueError:
        shapes = sorted({np.shape(value) for value in values})
        raise ValueError(
            f"dataset: samples of shapes {', '.join(map(str, shapes))} cannot be stacked into a "
            "batch; crop or pad them to one shape in __getitem__"
        ) from None
    if batch.dtype == object:
        raise TypeError(
            f"dataset: a sample holds a {type(values[0]).__name__}, expected arrays or numbers, "
            "or a tuple or dict of them"
        )
    return batch
