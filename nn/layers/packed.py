"""Sequences of several lengths, packed: what recurrent layers take, and `nn.utils.rnn` makes."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

__all__ = ["PackedSequence"]


class PackedSequence(NamedTuple):
    """Sequences of several lengths without padding: the first steps of all, then the second, ...

    Made by `pack_padded_sequence` and `pack_sequence`. An RNN, LSTM or GRU takes it, computes no
    step that is padding, gives another, and the states after the last step of each sequence.

    Attributes
    ----------
    data
        (sum of lengths, features), of each step the longest sequence first.
    batch_sizes
        for each step, how many sequences have it; it never grows.
    sorted_indices
        the sequences in the order in which they are packed; None if they came in it.
    unsorted_indices
        where each is in that order; None likewise.
    """

    data: Any
    batch_sizes: NDArray[Any]
    sorted_indices: NDArray[Any] | None = None
    unsorted_indices: NDArray[Any] | None = None
