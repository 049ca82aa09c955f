"""Embeddings: a table of vectors, looked up by number, one by one or in bags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, default_dtype, op, scatter_add

from .. import init
from ..inputs import door, like, single
from ..module import Module, Parameter
from ..random import generator as _generator

__all__ = ["Embedding", "EmbeddingBag", "embedding", "embedding_bag"]

MODES = "sum", "mean", "max"


@op(constant_slope=True)
def _rows(weight, *, index, factor=None):
    """weight[index]; `factor` is for the gradient of each row, before the rows are added up.

    Gradient: `scatter_add(g, weight.shape, index)`, the rows of g times the factor, if there is
    one.
    """
    shape = weight.shape

    def for_weight(g: Any) -> Any:
        rows = single(g) if factor is None else single(g) * factor
        return like(scatter_add(rows, shape, index), g)

    return weight[index], for_weight


@door
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Any:
    """weight[input]: the rows with these numbers.

    Parameters
    ----------
    input
        integers from 0 to n - 1, any shape.
    weight
        shape (n, d).
    padding_idx
        the row with this number gets no gradient.
    max_norm
        rows that are longer are first shortened to this, in `weight` itself.
    norm_type
        the p of the p-norm in which they are measured.
    scale_grad_by_freq
        divide the gradient of a row by how often it occurs in `input`.

    Returns
    -------
    array or Tensor
        shape (*input.shape, d); a Tensor if `weight` is one.

    Raises
    ------
    IndexError
        a number is not in the table. (A negative one does not count from the end.)
    TypeError
        `input` is not of integers.
    """
    n = _length("embedding", weight)
    index = _checked("embedding", input, n)
    if max_norm is not None:
        _shorten(weight, index, max_norm, norm_type)
    factor = None
    if padding_idx is not None:
        factor = index != _padding("embedding", padding_idx, n)
    if scale_grad_by_freq:
        count = np.bincount(index.reshape(-1), minlength=n)
        factor = (1 if factor is None else factor) / count[index]
    if factor is not None:
        factor = factor[..., None].astype(np.result_type(weight.dtype, np.float32))
    return _rows(weight, index=index, factor=factor)


@door
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """The sum, mean or maximum of the rows of each bag.

    Parameters
    ----------
    input
        integers from 0 to n - 1: (bags, size), or of bags of any sizes, one after the other.
    weight
        shape (n, d).
    offsets
        where in `input` each bag begins, if that has one axis: from 0, never falling.
    max_norm, norm_type, scale_grad_by_freq
        as for `embedding`.
    mode
        "sum", "mean" or "max".
    per_sample_weights
        factors for the rows of a sum, of the shape of `input`.
    include_last_offset
        the last of `offsets` is no bag but the end of the last one.
    padding_idx
        this number is left out of the bags.

    Returns
    -------
    array
        shape (bags, d); 0 for an empty bag.

    Raises
    ------
    IndexError
        a number is not in the table.
    ValueError, TypeError
        the arguments do not fit.
    """
    who, shape = "embedding_bag", np.shape(input)
    n = _length(who, weight)
    if mode not in MODES:
        raise ValueError(f"{who}: got mode {mode!r}, expected 'sum', 'mean' or 'max'")
    if per_sample_weights is not None and (mode != "sum" or per_sample_weights.shape != shape):
        raise ValueError(
            f"{who}: per_sample_weights of shape {per_sample_weights.shape} with mode {mode!r}, "
            f"expected the shape of the input, {shape}, and 'sum'"
        )
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(f"{who}: scale_grad_by_freq is not for mode 'max'")
    index = _checked(who, input, n)
    sizes = _sizes(who, index, offsets, include_last_offset)
    # From here on: which row of the table, and into which bag.
    index, bag = index.reshape(-1), np.repeat(np.arange(len(sizes)), sizes)
    factors = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    if padding_idx is not None:
        kept = index != _padding(who, padding_idx, n)
        index, bag = index[kept], bag[kept]
        factors = None if factors is None else factors[kept]
        sizes = np.bincount(bag, minlength=len(sizes))

    rows = embedding(index, weight, None, max_norm, norm_type, scale_grad_by_freq)
    if mode == "max":
        return _bag_max(rows, sizes)
    rows = single(rows)
    if factors is not None:
        rows = rows * factors[:, None]
    # As gradients of rows are added up.
    total = scatter_add(rows, (len(sizes), weight.shape[1]), bag)
    if mode == "mean":
        total = total / np.maximum(sizes, 1)[:, None].astype(total.dtype)
    return like(total, weight)


def _bag_max(rows: Any, sizes: NDArray[Any]) -> Any:
    """The elementwise maximum over the bags, the first `sizes[0]` rows, the next, ..."""
    inside = np.arange(max(sizes, default=0)) < sizes[:, None]
    place = np.zeros(inside.shape, int)
    place[inside] = np.arange(len(rows))
    values = rows.detach().numpy() if isinstance(rows, Tensor) else rows
    if not len(rows):
        return np.sum(rows) + np.zeros((len(sizes), rows.shape[1]), rows.dtype)
    best = np.where(inside[:, :, None], values[place], -np.inf).argmax(axis=1)
    winners = np.take_along_axis(place, best, axis=1)
    return np.take_along_axis(rows, winners, axis=0) * (sizes > 0)[:, None]


def _length(who: str, weight: Any) -> int:
    """How many rows the table has."""
    shape = weight.shape
    if len(shape) != 2:
        raise ValueError(f"{who}: got a weight of shape {shape}, expected (rows, size)")
    n: int = shape[0]
    return n


def _checked(who: str, input: Any, n: int) -> NDArray[Any]:
    """A copy of `input`, all of whose numbers are rows of the table."""
    index = np.array(input)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{who}: got {index.dtype}, expected integers; write x.astype(int)")
    wrong = (index < 0) | (index >= n)
    if wrong.any():
        position = tuple(np.argwhere(wrong)[0].tolist())
        raise IndexError(
            f"{who}: got index {index[position]} at position {position} of the input, expected 0 "
            f"to {n - 1}: the table has {n} rows"
        )
    return index


def _padding(who: str, padding_idx: int, n: int) -> int:
    if not -n <= padding_idx < n:
        raise ValueError(f"{who}: got padding_idx {padding_idx}, expected one of the {n} rows")
    return padding_idx % n


def _sizes(who: str, index: Any, offsets: Any, include_last: bool) -> NDArray[Any]:
    """How many rows go into each bag."""
    if index.ndim == 2 and offsets is None:
        return np.full(len(index), index.shape[1])
    if index.ndim != 1 or offsets is None:
        raise ValueError(
            f"{who}: got input of shape {index.shape} and {'no' if offsets is None else 'some'} "
            "offsets, expected (bags, size), or one axis and offsets"
        )
    starts = np.asarray(offsets)
    ends = starts if include_last else np.append(starts, len(index))
    sizes = np.diff(ends)
    if starts.ndim != 1 or not len(starts) or starts[0] != 0 or (sizes < 0).any():
        raise ValueError(f"{who}: got offsets {starts}, expected some from 0, never falling")
    if ends[-1] != len(index):
        raise ValueError(
            f"{who}: the last offset is {ends[-1]}, expected the length of the input, {len(index)}"
        )
    return sizes


def _shorten(weight: Any, index: NDArray[Any], max_norm: float, norm_type: float) -> None:
    """Bring the rows that will be used to `max_norm`: an update, no part of the function."""
    table = weight.data if isinstance(weight, Tensor) else weight
    used = np.unique(index)
    norms = np.linalg.norm(single(table[used]), norm_type, axis=1, keepdims=True)
    long = norms[:, 0] > max_norm
    if long.any():
        table[used[long]] *= max_norm / (norms[long] + 1e-7)


class Embedding(Module):
    """A table of vectors: maps the number i to row i of `weight`.

    Parameters
    ----------
    num_embeddings
        how many rows.
    embedding_dim
        how long they are.
    padding_idx
        a row that starts as 0 and gets no gradient; negative to count from the end.
    max_norm
        rows that are longer are shortened to this when they are used.
    norm_type
        the p of the p-norm in which they are measured.
    scale_grad_by_freq
        divide the gradient of a row by how often it occurs in the input.
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight
        Parameter (num_embeddings, embedding_dim), normal(0, 1) at first.

    Raises
    ------
    IndexError
        a number of the input is not from 0 to num_embeddings - 1.

    Examples
    --------
    >>> import nn
    >>> nn.Embedding(10, 3)([[1, 2], [4, 5]]).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.weight = _table(num_embeddings, embedding_dim, generator)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.padding_idx = _padding("Embedding", padding_idx, num_embeddings)
            self.weight.data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
    ) -> Embedding:
        """One with the rows of `embeddings`, (n, d), copied; `freeze`: not to be trained."""
        rows = _given("Embedding", embeddings)
        layer = cls(len(rows), rows.shape[1], padding_idx, max_norm, norm_type, scale_grad_by_freq)
        layer.weight = Parameter(rows, requires_grad=not freeze)
        return layer

    def forward(self, input: Any) -> Any:
        """Look up `input`, integers of any shape: the result has one axis more."""
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq,
        )  # fmt: skip


class EmbeddingBag(Module):
    """The sum, mean or maximum of rows of a table, as of the words of a text.

    Parameters
    ----------
    num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, generator
        as for Embedding.
    mode
        "mean", "sum" or "max".
    include_last_offset
        the last of `offsets` is no bag but the end of the last one.
    padding_idx
        a row that starts as 0 and is left out of the bags.

    Attributes
    ----------
    weight
        Parameter (num_embeddings, embedding_dim), normal(0, 1) at first.

    Raises
    ------
    IndexError
        a number of the input is not from 0 to num_embeddings - 1.

    Examples
    --------
    >>> import nn
    >>> bag = nn.EmbeddingBag(10, 3, mode="sum")
    >>> bag([1, 2, 4, 5, 4], offsets=[0, 2]).shape  # 1, 2 and 4, 5, 4
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"EmbeddingBag: got mode {mode!r}, expected 'sum', 'mean' or 'max'")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.mode = scale_grad_by_freq, mode
        self.include_last_offset = include_last_offset
        self.weight = _table(num_embeddings, embedding_dim, generator)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.padding_idx = _padding("EmbeddingBag", padding_idx, num_embeddings)
            self.weight.data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """One with the rows of `embeddings`, (n, d), copied; `freeze`: not to be trained."""
        rows = _given("EmbeddingBag", embeddings)
        layer = cls(
            len(rows), rows.shape[1], max_norm, norm_type, scale_grad_by_freq, mode,
            include_last_offset, padding_idx,
        )  # fmt: skip
        layer.weight = Parameter(rows, requires_grad=not freeze)
        return layer

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """Apply `functional.embedding_bag`: the result is (bags, embedding_dim)."""
        return embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip


def _table(n: int, d: int, generator: Any) -> Parameter:
    return init.normal_(
        Parameter(np.empty((n, d), default_dtype.get())), 0, 1, _generator(generator)
    )


def _given(who: str, embeddings: Any) -> Any:
    rows = embeddings.detach().numpy() if isinstance(embeddings, Tensor) else np.array(embeddings)
    if rows.ndim != 2:
        raise ValueError(f"{who}.from_pretrained: got shape {rows.shape}, expected (rows, size)")
    return rows
