"""Connectionist temporal classification: labels for a sequence, without their positions.

Graves et al., Connectionist Temporal Classification, ICML 2006. A path gives one class to each
frame. It spells the labels if these remain when repeats are merged and then blanks dropped. The
loss is -log of the total probability of all paths that do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import op

from ..inputs import door
from ..layers.softmax import logsumexp
from .base import (
    Array,
    Loss,
    LossShapeError,
    constant,
    first_true,
    float_input,
    reduction_factor,
    scaled_sum,
)
from .labels import integer_labels

__all__ = ["CTCLoss", "ctc_loss"]


@door(wide=True)
def ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """-log of the probability that the classes of the frames spell the labels; reduced.

    Parameters
    ----------
    log_probs
        shape (T, N, C): T frames, N sequences, C classes, one of them the blank; from log_softmax.
        Or (T, C), one sequence.
    targets
        integer labels, shape (N, S), of which the first `target_lengths` count; or all that count
        one after the other, shape (sum(target_lengths),).
    input_lengths, target_lengths
        how many frames and labels count; shape (N,), or () for one sequence.
    blank
        the class that separates labels, and is none itself.
    reduction
        the mean is of each loss divided by its number of labels.
    zero_infinity
        count a sequence that is too short for its labels as 0, not inf. It needs a frame for each
        label, and one for the blank between two that are equal.

    Notes
    -----
    The gradient is that of `log_probs`, not of the logits before log_softmax (PyTorch's function
    mixes the two; through log_softmax both are the same). Where the loss is inf it is 0.

    Raises
    ------
    IndexError
        a label is out of range, or is the blank.
    LossShapeError
        the shapes do not fit.
    ValueError
        lengths that are larger than what they count.
    """
    who = "ctc_loss"
    x = float_input(who, log_probs, "log_probs")
    if x.ndim not in (2, 3) or x.shape[0] == 0:
        raise LossShapeError(
            f"{who}: log_probs has shape {x.shape}, expected (T, N, C) or (T, C), T at least 1"
        )
    batched = x.ndim == 3
    x = x if batched else x[:, None, :]
    n_frames, n, n_classes = x.shape
    if not 0 <= blank < n_classes:
        raise IndexError(f"{who}: blank={blank}, expected a class from 0 to {n_classes - 1}")
    frames = _lengths(who, "input_lengths", input_lengths, n, n_frames)
    counts = _lengths(who, "target_lengths", target_lengths, n, None)
    labels = _spelt(who, targets, counts, blank, n_classes)

    states = np.full((2 * labels.shape[1] + 1, n), blank)  # before, between and after labels
    states[1::2] = labels.T
    emit = np.take_along_axis(np.swapaxes(x, 1, 2), states[None], axis=1)
    loss = _ctc(emit, states=states, frames=frames, ends=2 * counts + 1)
    if (frames == 0).any():  # they spell nothing, which is right if there are no labels
        loss = np.where(frames > 0, loss, np.where(counts > 0, np.inf, 0.0).astype(x.dtype))
    if zero_infinity:
        loss = np.where(loss == np.inf, 0, loss)
    if reduction == "mean":
        loss = loss / np.maximum(counts, 1).astype(x.dtype)
    loss = scaled_sum(loss, reduction_factor(who, reduction, n))
    return loss if batched or reduction != "none" else loss[0]


def _lengths(who: str, called: str, lengths: Any, n: int, most: int | None) -> NDArray[Any]:
    a = constant(lengths)
    if a.dtype.kind not in "iu" and a.size:
        raise TypeError(f"{who}: {called} are {a.dtype}, expected integers")
    a = a.reshape(1) if n == 1 and a.ndim == 0 else a
    if a.shape != (n,):
        raise LossShapeError(
            f"{who}: {called} has shape {a.shape}, expected one for each of {n} sequences"
        )
    a = a.astype(np.intp)
    if (wrong := (a < 0) | (a > (a if most is None else most))).any():
        at = first_true(wrong)
        limit = "at least 0" if most is None else f"0 to {most}, as many as log_probs has frames"
        raise ValueError(f"{who}: {called} {a[at]} at position {at}: expected {limit}")
    return a


def _spelt(
    who: str, targets: Any, counts: NDArray[Any], blank: int, n_classes: int
) -> NDArray[Any]:
    """The labels in rows, (N, largest count), with the blank for those that do not count."""
    y = constant(targets)
    y = integer_labels(who, y) if y.size else y.astype(int)  # [] is of floats
    given = np.arange(counts.max(initial=0)) < counts[:, None]
    if y.ndim == 1 and y.size == counts.sum():
        rows = np.full(given.shape, blank)
        rows[given] = y
    elif y.ndim == 2 and len(y) == len(counts) and y.shape[1] >= given.shape[1]:
        rows = np.where(given, y[:, : given.shape[1]], blank)
    else:
        raise LossShapeError(
            f"{who}: targets has shape {y.shape}, expected ({len(counts)}, at least "
            f"{given.shape[1]}) or ({counts.sum()},), as target_lengths say"
        )
    if (wrong := given & ((rows < 0) | (rows >= n_classes) | (rows == blank))).any():
        at = first_true(wrong)
        raise IndexError(
            f"{who}: label {rows[at]} of sequence {at[0]}, place {at[1]}: expected labels from 0 "
            f"to {n_classes - 1} other than the blank, {blank}"
        )
    return rows


@op
def _ctc(emit, states=None, frames=None, ends=None):
    """-log(sum over the paths of exp(sum of emit along the path)).

    Gradient: -g times the probability of being in a state at a frame, among the paths that read
    the targets.

    Parameters
    ----------
    emit
        log of the probability of each state at each frame, (T, states, N). The sequences are last,
        so that a step works on long runs.
    states
        the class of each state, (states, N).
    frames, ends
        how many frames and states of each sequence count, (N,).
    """
    t, s, n = np.ogrid[tuple(map(slice, emit.shape))]
    before = _arrivals(emit, states)
    last = (before + emit)[frames - 1, s[0], n[0]]
    is_end = (ends - 2 <= s[0]) & (s[0] < ends)  # the last label, or the blank after it
    total = logsumexp(np.where(is_end, last, -np.inf), axis=0)

    def closure(g: Any) -> Any:
        # The paths on from a state are the paths to it when frames and states are read backwards.
        back = (frames - 1 - t) % len(t), (ends - 1 - s) % emit.shape[1], n
        after = _arrivals(emit[back], states[back[1][0], n[0]])[back]
        possible = (t < frames) & (s < ends) & (total > -np.inf)
        through = before + emit + after - np.where(total > -np.inf, total, 0)
        return -g * np.exp(np.where(possible, through, -np.inf))

    return -total, closure


def _arrivals(emit: Any, states: NDArray[Any]) -> Any:
    """For each frame and state, the log of the probability of all paths to it.

    From frame to frame a path stays, goes to the next state, or skips the blank between two labels
    that are not equal. It starts in one of the first two states.
    """
    start = np.full(states.shape, -np.inf, emit.dtype)
    start[:2] = 0
    closed = np.full_like(start, -np.inf)  # to skips
    closed[2:][states[2:] != states[:-2]] = 0
    wall = np.full((2, states.shape[1]), -np.inf, emit.dtype)
    arrivals: Any = [start]
    for e in emit[:-1]:
        here = np.concatenate([wall, arrivals[-1] + e])
        two = np.logaddexp(here[1:-1], here[:-2] + closed)
        arrivals.append(np.logaddexp(here[2:], two))
    return np.stack(arrivals)


class CTCLoss(Loss):
    """The loss of a sequence of labels without their places: see `functional.ctc_loss`."""

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array
    ) -> Any:
        """The loss of log-probabilities (T, N, C), labels (N, S), and lengths (N,) of both."""
        return ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
