"""Batches: cut a dataset into mini-batches, or into a training and a test part."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import default_dtype

from .inputs import way_for
from .random import generator as _generator

__all__ = ["DataLoader", "TensorDataset", "train_test_split"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Dataset(Protocol):
    """What a DataLoader can read, besides arrays: `len(dataset)` samples, `dataset[i]` is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class TensorDataset:
    """Equally long arrays as one dataset: its sample i is the tuple of their rows i.

    Parameters
    ----------
    tensors
        arrays or Tensors; axis 0 of each counts the samples.

    Notes
    -----
    A subclass with a `__getitem__` of its own, as for augmentation, is asked for each sample.

    Raises
    ------
    TypeError, ValueError
        something that is no array, or arrays of uneven lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import TensorDataset
    >>> dataset = TensorDataset(np.zeros((10, 3)), np.arange(10))
    >>> len(dataset), dataset[4]
    (10, (array([0., 0., 0.]), np.int64(4)))
    """

    def __init__(self, *tensors: Any) -> None:
        _common_length("dataset", tensors)
        self.tensors = tensors

    def __len__(self) -> int:
        return _common_length("dataset", self.tensors)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(x[index] for x in self.tensors)


ONE_TUPLE = "inputs and labels go in as one tuple: DataLoader((x, y), batch_size=...)"

#: Arguments of PyTorch's DataLoader that there are none of here.
HERE = "leave it out: batches are made here, in this process"
HINTS = {
    **dict.fromkeys(("num_workers", "persistent_workers", "prefetch_factor", "timeout"), HERE),
    **dict.fromkeys(("pin_memory", "pin_memory_device"), "leave it out, arrays live in memory"),
    **dict.fromkeys(("sampler", "batch_sampler"), "shuffle the dataset, or index it, before"),
    "collate_fn": "batches are stacked samples: do it to each batch in the loop, or to the dataset",
}


def _explained(init: F) -> F:
    """A constructor of a DataLoader, whose errors of arguments say what to write instead."""

    @functools.wraps(init)
    def explained(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            if "multiple values for argument 'batch_size'" in str(error):
                error.add_note(ONE_TUPLE)
            for name in kwargs.keys() & HINTS:
                if f"unexpected keyword argument '{name}'" in str(error):
                    error.add_note(f"got {name}=; {HINTS[name]}")
            raise

    return explained  # type: ignore[return-value]


class DataLoader:
    """Iterate over a dataset in mini-batches; each `for` loop over it is one epoch.

    Parameters
    ----------
    dataset
        one array (batches are arrays), a tuple or list of equally long arrays, short for their
        `TensorDataset` (batches are tuples of arrays), or any object with `__len__` and
        `__getitem__(int)` whose samples are arrays or numbers (batches are arrays) or tuples, lists
        or dicts of them, also nested (batches are tuples or dicts of arrays; named tuples stay what
        they are). It may grow: an epoch has the samples that are there at its start.
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

    Notes
    -----
    Batches are always fresh arrays: changing one in place leaves the dataset as it is.

    Raises
    ------
    TypeError, ValueError
        a dataset that is empty, of uneven lengths or of another kind; a `batch_size` that is not a
        positive int; `drop_last` when there is not one full batch.

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
        shuffle: bool = False,
        drop_last: bool = False,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if _reads_as(dataset, tuple) or _reads_as(dataset, list):
            dataset = TensorDataset(*dataset)
        samples = _count(dataset)
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
            got, hint = f"{batch_size!r:.50}", "for the whole dataset at once give its length"
            if np.ndim(batch_size):
                got, hint = f"values of shape {np.shape(batch_size)}", ONE_TUPLE
            raise TypeError(f"batch_size: got {got}, expected a positive int; {hint}")
        if batch_size < 1:
            raise ValueError(f"batch_size: got {batch_size}, expected at least 1")
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
        self.shuffle = shuffle
        self.drop_last = drop_last
        # Spawning takes no number from the library's generator: whether and when a loader
        # shuffles cannot change the weights and dropout masks drawn elsewhere.
        self.generator = _generator().spawn(1)[0] if generator is None else _generator(generator)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(_count(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        """Start an epoch. Epochs are independent: two may be under way at the same time."""
        n = _count(self.dataset)
        order = self.generator.permutation(n) if self.shuffle else np.arange(n)
        return self._batches(order[: len(self) * self.batch_size])

    def _batches(self, order: NDArray[np.int64]) -> Iterator[Any]:
        for start in range(0, len(order), self.batch_size):
            index = order[start : start + self.batch_size]
            if _is_array(self.dataset):
                yield _rows(self.dataset, index)
            elif _reads_as(self.dataset, TensorDataset):
                yield tuple(_rows(array, index) for array in self.dataset.tensors)
            else:
                yield _collate([self.dataset[int(i)] for i in index])

    def __repr__(self) -> str:
        return (
            f"DataLoader({len(self.dataset)} samples, {len(self)} batches, "
            f"batch_size={self.batch_size}, shuffle={self.shuffle}, drop_last={self.drop_last})"
        )


def train_test_split(
    *arrays: Any,
    test_size: float = 0.25,
    shuffle: bool = True,
    stratify: Any = None,
    generator: np.random.Generator | int | None = None,
) -> list[Any]:
    """Split arrays at random into a training and a test part, all in the same way.

    Parameters
    ----------
    arrays
        one or more equally long arrays.
    test_size
        the share of the test part, between 0 and 1, or the number of its samples.
    shuffle
        False takes the test part from the end and keeps the order.
    stratify
        (n,) labels. Each class is then divided as the whole is, to within one sample.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    list[Any]
        The training and the test part (copies) of the first array, then those of the next, and so
        on.

    Raises
    ------
    TypeError, ValueError
        no arrays, uneven lengths, a `test_size` that leaves a part empty, or `stratify` with a
        class of one sample, with a part smaller than the number of classes, or with
        `shuffle=False`.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import train_test_split
    >>> x, y = np.zeros((10, 3)), np.arange(10) % 2
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, stratify=y)
    >>> x_train.shape, x_test.shape, np.bincount(y_test)
    ((6, 3), (4, 3), array([2, 2]))
    """
    if not arrays:
        raise TypeError("train_test_split: got no arrays, expected at least one, as in (x, y)")
    n = _common_length("arrays", arrays)
    n_test = _test_count(test_size, n)
    if stratify is not None:
        if not shuffle:
            raise ValueError("stratify: needs shuffle=True, because it picks within each class")
        train, test = _stratified(np.asarray(stratify), n, n_test, _generator(generator))
    else:
        order = _generator(generator).permutation(n) if shuffle else np.arange(n)
        train, test = order[: n - n_test], order[n - n_test :]
    return [_rows(array, part) for array in arrays for part in (train, test)]


def _test_count(test_size: float, n: int) -> int:
    if n < 2:
        raise ValueError(f"arrays: got {n} sample(s), expected at least 2, one for each part")
    if isinstance(test_size, (int, np.integer)) and not isinstance(test_size, bool):
        if not 0 < test_size < n:
            raise ValueError(
                f"test_size: got {test_size} of {n} samples, expected a count from 1 to {n - 1} "
                "or a share between 0.0 and 1.0"
            )
        return int(test_size)
    if not isinstance(test_size, (float, np.floating)):
        raise TypeError(f"test_size: got {test_size!r}, expected a share (float) or a count (int)")
    if not 0 < test_size < 1:
        raise ValueError(
            f"test_size: got {test_size}, expected a share between 0.0 and 1.0, such as 0.25; "
            "a count of samples is an int"
        )
    return min(max(round(test_size * n), 1), n - 1)


def _stratified(
    labels: NDArray[Any], n: int, n_test: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the training and of the test part, by systematic sampling."""
    if labels.shape != (n,):
        raise ValueError(
            f"stratify: got shape {labels.shape}, expected ({n},): one label for each sample"
        )
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"stratify: class {classes[counts.argmin()]} has a single sample, expected at least 2 "
            "in each class; leave that class out, or stratify=None"
        )
    if min(n_test, n - n_test) < len(classes):
        raise ValueError(
            f"stratify: {n - n_test} training and {n_test} test samples, expected at least "
            f"{len(classes)} of each, the number of classes; change test_size"
        )
    # Line the shuffled samples up by class and take n_test of them at even distances: any run of
    # the line, so each class too, holds its share of them, rounded down or up.
    order = rng.permutation(n)
    order = order[np.argsort(labels[order], kind="stable")]
    picked = np.diff(np.arange(n + 1) * n_test // n) == 1
    return rng.permutation(order[~picked]), rng.permutation(order[picked])


def _is_array(value: Any) -> bool:
    """Whether it answers NumPy's functions: an ndarray or a Tensor, not a list."""
    return hasattr(value, "__array_function__")


def _reads_as(dataset: Any, kind: type[T]) -> TypeGuard[T]:
    """Whether it is of this kind, and gives its samples as that does."""
    own, known = (getattr(cls, "__getitem__", None) for cls in (type(dataset), kind))
    return isinstance(dataset, kind) and own is known


def _count(dataset: Any) -> int:
    """The number of samples in what a DataLoader was given."""
    if _is_array(dataset):
        n = _common_length("dataset", [dataset])
    elif hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        n = len(dataset)
    else:
        raise TypeError(
            f"dataset: got {type(dataset).__name__}, expected an array, a tuple of arrays, or an "
            "object with __len__ and __getitem__"
        )
    if n == 0:
        raise ValueError("dataset: it is empty, expected at least one sample")
    return n


def _common_length(name: str, arrays: Sequence[Any]) -> int:
    for i, array in enumerate(arrays):
        if not _is_array(array):
            raise TypeError(
                f"{name}: item {i} is a {type(array).__name__}, expected an array: one array "
                "holds all inputs, one all labels"
                + (way_for(array) or "; np.array makes one of a list")
            )
        if array.ndim == 0:
            raise ValueError(f"{name}: item {i} is 0-d, expected an array with samples on axis 0")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{name}: got lengths {', '.join(map(str, lengths))}, expected equal ones: axis 0 of "
            "each array counts the samples"
        )
    return lengths[0] if lengths else 0


def _rows(array: Any, index: NDArray[np.int64]) -> Any:
    """A copy of these rows; indexing alone would keep the strange strides of a transposed array."""
    rows = array[index]
    # Of the same class: what a masked array hides must not come to light.
    return (
        np.array(rows, order="C", copy=None, subok=True) if isinstance(rows, np.ndarray) else rows
    )


def _collate(samples: list[Any]) -> Any:
    first = samples[0]
    if isinstance(first, dict):
        return {key: _collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        columns = [_collate(list(column)) for column in zip(*samples, strict=True)]
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
