"""Sequences of several lengths in one batch: padded to the longest, or packed without padding.

Examples
--------
>>> import numpy as np, nn
>>> from nn.utils.rnn import pack_sequence, pad_packed_sequence
>>> a, b = np.ones((5, 3), np.float32), np.ones((2, 3), np.float32)
>>> packed = pack_sequence([b, a], enforce_sorted=False)
>>> output, h = nn.GRU(3, 4)(packed)            # no step of padding is computed
>>> padded, lengths = pad_packed_sequence(output, batch_first=True)
>>> padded.shape, lengths
((2, 5, 4), array([2, 5]))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor
from autograd.names import name_after as _name_after

from ..inputs import given
from ..layers.packed import PackedSequence

__all__ = [
    "PackedSequence",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def pad_sequence(
    sequences: Sequence[Any],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Arrays of several lengths as one, (time, batch, ...), filled up to the longest.

    Parameters
    ----------
    sequences
        arrays or Tensors (length, ...), that differ in their lengths alone.
    batch_first
        (batch, time, ...) instead.
    padding_value
        to fill up with.
    padding_side
        "right", after each sequence, or "left", before it.

    Raises
    ------
    ValueError
        there are none; their shapes differ after the first axis.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.utils.rnn import pad_sequence
    >>> pad_sequence([np.array([1, 2, 3]), np.array([4])], batch_first=True, padding_value=-1)
    array([[ 1,  2,  3],
           [ 4, -1, -1]])
    """
    rows = _rows("pad_sequence", sequences)
    if padding_side not in ("right", "left"):
        raise ValueError(f"pad_sequence: got padding_side={padding_side!r}, expected right or left")
    longest = max(len(row) for row in rows)
    padded = []
    for row in rows:
        rest = longest - len(row)
        before = rest if padding_side == "left" else 0
        width = [(before, rest - before), *[(0, 0)] * (row.ndim - 1)]
        padded.append(np.pad(row, width, constant_values=padding_value) if rest else row)
    return np.stack(padded, axis=0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The inverse of `pad_sequence`: a list of arrays, each of its length.

    Parameters
    ----------
    padded_sequences
        (time, batch, ...), or (batch, time, ...) with batch_first.
    lengths
        an int for each sequence.
    """
    x = given("unpad_sequence", "padded_sequences", padded_sequences)
    x = x if batch_first else np.swapaxes(x, 0, 1)
    return [x[i, :n] for i, n in enumerate(_lengths("unpad_sequence", lengths, *x.shape[:2]))]


def pack_padded_sequence(
    x: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Sequences that were padded at their ends, packed for a recurrent layer.

    Parameters
    ----------
    x
        (time, batch, ...), or (batch, time, ...) with batch_first.
    lengths
        an int, at least 1, for each sequence.
    enforce_sorted
        refuse sequences that do not come longest first; False to have them sorted, and the results
        in their own order again.

    Raises
    ------
    ValueError
        the lengths do not fit `x`, or are not sorted.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.utils.rnn import pack_padded_sequence
    >>> pack_padded_sequence(np.array([[1, 4], [2, 0], [3, 0]]), [3, 1]).data
    array([1, 4, 2, 3])
    """
    who = "pack_padded_sequence"
    x = given(who, "x", x)
    if x.ndim < 2:
        raise ValueError(f"{who}: got x of shape {x.shape}, expected (time, batch, ...)")
    x = np.swapaxes(x, 0, 1) if batch_first else x
    found = _lengths(who, lengths, x.shape[1], x.shape[0])
    if not found.size or found.min() < 1:
        raise ValueError(f"{who}: got lengths {found.tolist()}, expected at least 1 for each")
    order = back = None
    if not enforce_sorted:
        order = np.argsort(-found, kind="stable")
        back = np.argsort(order)
        found = found[order]
    elif (np.diff(found) > 0).any():
        raise ValueError(
            f"{who}: got lengths {found.tolist()}, expected the longest sequence first; or write "
            "enforce_sorted=False"
        )
    sizes = (found > np.arange(found[0])[:, None]).sum(axis=1)
    times = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.concatenate([np.arange(n) for n in sizes])
    return PackedSequence(x[times, rows if order is None else order[rows]], sizes, order, back)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Arrays of several lengths, packed for a recurrent layer.

    Parameters
    ----------
    sequences
        arrays or Tensors (length, ...).
    enforce_sorted
        as for `pack_padded_sequence`.
    """
    rows = _rows("pack_sequence", sequences)
    return pack_padded_sequence(
        pad_sequence(rows), [len(row) for row in rows], enforce_sorted=enforce_sorted
    )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, NDArray[Any]]:
    """The inverse of `pack_padded_sequence`: an array (time, batch, ...), and the lengths.

    Parameters
    ----------
    sequence
        as a recurrent layer gave it.
    batch_first
        (batch, time, ...) instead.
    padding_value
        to fill up with.
    total_length
        how many steps the array is to have; those of the longest if None.

    Raises
    ------
    TypeError
        `sequence` is no PackedSequence.
    ValueError
        `total_length` is less than the longest.
    """
    who = "pad_packed_sequence"
    if not isinstance(sequence, PackedSequence):
        raise TypeError(
            f"{who}: got a {type(sequence).__name__}, expected a PackedSequence: output, state = "
            "lstm(packed), then pad_packed_sequence(output)"
        )
    x, sizes = sequence.data, np.asarray(sequence.batch_sizes)
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            f"{who}: got total_length={total_length}, expected at least {len(sizes)}, the length "
            "of the longest sequence"
        )
    # Where in the packed array each step of each sequence is; for padding, one row past its end.
    place = np.full((steps, sizes[0]), len(x))
    ends = np.cumsum(sizes)
    for t, (n, end) in enumerate(zip(sizes, ends, strict=True)):
        place[t, :n] = np.arange(end - n, end)
    lengths = (place < len(x)).sum(axis=0)
    if sequence.unsorted_indices is not None:
        place, lengths = place[:, sequence.unsorted_indices], lengths[sequence.unsorted_indices]
    blank = np.full((1, *x.shape[1:]), padding_value, x.dtype)
    return np.concatenate([x, blank])[place.T if batch_first else place], lengths


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The inverse of `pack_sequence`: a list of arrays, each of its length.

    Parameters
    ----------
    packed_sequences
        as a recurrent layer gave it.
    """
    return unpad_sequence(
        *pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True
    )


def _rows(who: str, sequences: Sequence[Any]) -> list[Any]:
    """The sequences, checked: arrays of one shape, but for their lengths."""
    if isinstance(sequences, Tensor | np.ndarray) and not sequences.ndim:
        raise ValueError(f"{who}: got a single number, expected a list of arrays")
    rows = [given(who, f"sequence {i}", row) for i, row in enumerate(sequences)]
    if not rows:
        raise ValueError(f"{who}: got no sequences, expected at least one")
    for i, row in enumerate(rows):
        if not row.ndim or row.shape[1:] != rows[0].shape[1:]:
            raise ValueError(
                f"{who}: sequence {i} has shape {row.shape}, sequence 0 has {rows[0].shape}; "
                "expected (length, ...), equal after the first axis"
            )
    return rows


def _lengths(who: str, lengths: Any, batch: int, longest: int) -> NDArray[Any]:
    """The lengths as an array of ints, one for each sequence."""
    found = lengths.detach().numpy() if isinstance(lengths, Tensor) else np.asarray(lengths)
    if found.shape != (batch,) or found.dtype.kind not in "iu":
        raise ValueError(
            f"{who}: got lengths {lengths!r:.60}, expected {batch} ints, one for each sequence; is "
            "the batch the first axis? Then write batch_first=True"
        )
    if found.size and (found.max() > longest or found.min() < 0):
        raise ValueError(
            f"{who}: got lengths {found.tolist()}, expected at most {longest}, the steps there are"
        )
    return found


_name_after(__name__, [globals()[name] for name in __all__])
