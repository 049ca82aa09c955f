"""What holds samples: arrays side by side, a part of them, several parts at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..inputs import way_for
from ..random import generator as _generator

__all__ = ["Dataset", "Subset", "TensorDataset", "random_split"]

T = TypeVar("T")


class Dataset(Protocol):
    """What a DataLoader can read, besides arrays: `len(dataset)` samples, `dataset[i]` is one.

    Any class with these two methods will do; to derive it from this one changes nothing.
    """

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
        common_length("dataset", tensors)
        self.tensors = tensors

    def __len__(self) -> int:
        return common_length("dataset", self.tensors)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(x[index] for x in self.tensors)


class Subset:
    """A part of a dataset: its sample i is `dataset[indices[i]]`.

    Parameters
    ----------
    dataset
        what a DataLoader takes; a tuple of arrays is short for their `TensorDataset`.
    indices
        (m,) integers, in any order, also several times the same; or (n,) booleans, a mask.

    Raises
    ------
    TypeError, IndexError
        indices that are no integers, or that the dataset does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import Subset
    >>> labels = np.array([3, 1, 4, 1, 5])
    >>> ones = Subset(labels, labels == 1)
    >>> len(ones), ones.indices
    (2, array([1, 3]))
    """

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset = as_dataset(dataset)
        n = len(self.dataset)
        chosen = np.asarray(indices)
        if chosen.dtype == bool and chosen.shape == (n,):
            chosen = np.flatnonzero(chosen)
        if not chosen.size:
            chosen = chosen.astype(np.int64)
        if chosen.dtype.kind not in "iu" or chosen.ndim != 1:
            raise TypeError(
                f"indices: got {chosen.dtype} of shape {chosen.shape}, expected integers (m,), or "
                f"booleans ({n},)"
            )
        if chosen.size and not -n <= chosen.min() <= chosen.max() < n:
            raise IndexError(
                f"indices: got {chosen.min()} to {chosen.max()}, expected 0 to {n - 1}: the "
                f"dataset has {n} samples"
            )
        chosen = chosen.astype(np.int64)
        self.indices: NDArray[np.int64] = np.where(chosen < 0, n + chosen, chosen)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        chosen = self.indices[index]
        return self.dataset[int(chosen) if np.ndim(chosen) == 0 else chosen]

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {len(self.dataset)} samples)"


def random_split(
    dataset: Any,
    lengths: Sequence[float],
    generator: np.random.Generator | int | None = None,
) -> list[Subset]:
    """Divide a dataset at random into parts without overlap.

    Of arrays, `train_test_split` makes arrays, and can keep the proportions of the classes.

    Parameters
    ----------
    dataset
        what a DataLoader takes; a tuple of arrays is short for their `TensorDataset`.
    lengths
        a number of samples for each part, n in all; or shares that add up to 1, which are rounded
        down, and what is left over goes to the parts one by one.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Raises
    ------
    ValueError
        lengths that do not add up, or are negative.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import random_split
    >>> random_split(np.arange(10), [0.75, 0.25], generator=0)
    [Subset(8 of 10 samples), Subset(2 of 10 samples)]
    """
    dataset = as_dataset(dataset)
    n = len(dataset)
    if min(lengths, default=0) < 0:
        raise ValueError(f"lengths: got {list(lengths)}, expected none below 0")
    if math.isclose(sum(lengths), 1) and sum(lengths) <= n:
        sizes = [math.floor(n * share) for share in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
    elif all(isinstance(size, int | np.integer) for size in lengths) and sum(lengths) == n:
        sizes = [int(size) for size in lengths]
    else:
        raise ValueError(
            f"lengths: got {list(lengths)}, expected numbers of samples that add up to {n}, the "
            "length of the dataset, or shares that add up to 1"
        )
    order = _generator(generator).permutation(n)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def as_dataset(dataset: Any) -> Any:
    """`dataset`, or if it is a tuple or list of arrays, their TensorDataset."""
    if reads_as(dataset, list) and dataset and all(isinstance(x, tuple | dict) for x in dataset):
        return dataset  # of samples, as PyTorch's users have it
    if reads_as(dataset, tuple) or reads_as(dataset, list):
        return TensorDataset(*dataset)
    return dataset


def is_array(value: Any) -> bool:
    """Whether it answers NumPy's functions: an ndarray or a Tensor, not a list."""
    return hasattr(value, "__array_function__")


def reads_as(dataset: Any, kind: type[T]) -> TypeGuard[T]:
    """Whether it is of this kind, and gives its samples as that does."""
    own, known = (getattr(cls, "__getitem__", None) for cls in (type(dataset), kind))
    return isinstance(dataset, kind) and own is known


def count(dataset: Any) -> int:
    """The number of samples in what a DataLoader was given."""
    if is_array(dataset):
        n = common_length("dataset", [dataset])
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


def common_length(name: str, arrays: Sequence[Any]) -> int:
    for i, array in enumerate(arrays):
        if not is_array(array):
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


def rows(array: Any, index: NDArray[np.int64]) -> Any:
    """A copy of these rows; indexing alone would keep the strange strides of a transposed array."""
    taken = array[index]
    if not isinstance(taken, np.ndarray):
        return taken
    # Of the same class: what a masked array hides must not come to light.
    return np.array(taken, order="C", copy=None, subok=True)
