"""The loop of recurrent networks once more, for speed: features first, and in place.

It computes what `linear` and the loop in recurrent.py do, which is the place to read the formulas.
Three things make it faster. The features come first and the batch last, so that a gate of all
examples is one block of memory, and OpenBLAS is faster and shares the product out among threads.
The input, a row of ones and the state lie below each other in one column per example, for one
product with all weights and biases. And the steps write into arrays made beforehand.

sigmoid(a) is (1 + tanh(a / 2)) / 2 here, so that one tanh serves all gates of an LSTM: the halves
are in the weights. Its error is absolute, not relative, which for a factor between 0 and 1 will do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd import shared

__all__ = ["GRU", "LSTM", "RELU", "TANH", "Kind", "fused_loop"]

#: Up to so many multiplications OpenBLAS takes the numbers of a product from where they are, on one
#: thread; above, it first copies them, here all weights at each step, and may use more threads.
SMALL = 1_000_000


class Kind(NamedTuple):
    """What sets one network apart from the others. A block has hidden_size rows, as a gate has.

    Attributes
    ----------
    blocks : how many the products make. The first are from the input, the last from the state;
        those from both are sums.
    x, h : the blocks of the weights, of input and of state, in the order in which they lie here.
    halved : from which to which block a sigmoid is taken.
    kept : how many blocks a step keeps for the way back, besides the states.
    forward : (kept blocks, h, c, next h, next c): makes the next states, in place, from the
        products, which lie in the first kept blocks, or in the next h if none are kept.
    back : (kept blocks, h, next h, c, gh, gc, slopes): from gh and gc, the gradients of the next
        states, those of the products into `slopes`, and what else reaches h and c into gh and gc.
    carries : whether something else reaches h.
    """

    blocks: int
    x: tuple[int, ...]
    h: tuple[int, ...]
    halved: tuple[int, int]
    kept: int
    forward: Callable[..., None]
    back: Callable[..., None]
    carries: bool = False


def _sigmoids(a: Any) -> None:
    """From tanh(a / 2)."""
    a *= 0.5
    a += 0.5


def _slope_of_tanh(y: Any, out: Any) -> None:
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)


def _slope_of_sigmoid(y: Any, out: Any) -> None:
    np.subtract(1, y, out=out)
    out *= y


def _tanh_forward(kept: Any, h: Any, c: Any, y: Any, following: Any) -> None:
    np.tanh(y, out=y)


def _tanh_back(kept: Any, h: Any, y: Any, c: Any, gh: Any, gc: Any, slopes: Any) -> None:
    _slope_of_tanh(y, out=slopes[0])
    slopes[0] *= gh


def _relu_forward(kept: Any, h: Any, c: Any, y: Any, following: Any) -> None:
    np.maximum(y, 0, out=y)


def _relu_back(kept: Any, h: Any, y: Any, c: Any, gh: Any, gc: Any, slopes: Any) -> None:
    np.multiply(gh, y > 0, out=slopes[0])


def _lstm_forward(kept: Any, h: Any, c: Any, y: Any, following: Any) -> None:
    np.tanh(kept[:4], out=kept[:4])
    _sigmoids(kept[:3])
    i, f, o, g, t = kept
    np.multiply(f, c, out=following)
    following += np.multiply(i, g, out=t)
    np.tanh(following, out=t)
    np.multiply(o, t, out=y)


def _lstm_back(kept: Any, h: Any, y: Any, c: Any, gh: Any, gc: Any, slopes: Any) -> None:
    (i, f, o, g, t), (gi, gf, go, gg) = kept, slopes
    _slope_of_tanh(t, out=gg)
    gg *= o
    gg *= gh
    gc += gg
    _slope_of_sigmoid(kept[:3], out=slopes[:3])
    gi *= g
    gf *= c
    slopes[:2] *= gc
    go *= t
    go *= gh
    _slope_of_tanh(g, out=gg)
    gg *= i
    gg *= gc
    gc *= f


def _gru_forward(kept: Any, h: Any, c: Any, y: Any, following: Any) -> None:
    n, r, u, z = kept
    np.tanh(kept[1:3], out=kept[1:3])
    _sigmoids(kept[1:3])
    n += np.multiply(r, z, out=y)
    np.tanh(n, out=n)
    np.subtract(h, n, out=y)
    y *= u
    y += n


def _gru_back(kept: Any, h: Any, y: Any, c: Any, gh: Any, gc: Any, slopes: Any) -> None:
    (n, r, u, z), (gn, gr, gu, gz) = kept, slopes
    _slope_of_sigmoid(kept[1:3], out=slopes[1:3])
    np.subtract(h, n, out=gz)
    gu *= gz
    gu *= gh
    np.subtract(1, u, out=gz)
    _slope_of_tanh(n, out=gn)
    gn *= gz
    gn *= gh
    gr *= z
    gr *= gn
    np.multiply(gn, r, out=gz)
    gh *= u


_IFOG = 0, 1, 3, 2  # of i, f, g, o: the sigmoids side by side

TANH = Kind(1, (0,), (0,), (0, 0), 0, _tanh_forward, _tanh_back)
RELU = Kind(1, (0,), (0,), (0, 0), 0, _relu_forward, _relu_back)
LSTM = Kind(4, _IFOG, _IFOG, (0, 3), 5, _lstm_forward, _lstm_back)
# n, r, u, z, of r, u, n: the input's share of n lies apart from the state's, which r multiplies.
GRU = Kind(4, (2, 0, 1), (0, 1, 2), (1, 3), 4, _gru_forward, _gru_back, carries=True)


def fused_loop(
    x: Any, w_ih: Any, b_ih: Any, w_hh: Any, b_hh: Any, h: Any, c: Any, kind: Kind = TANH
) -> Any:
    """For each t: a = x[t] w_ihᵀ + b_ih, z = h w_hhᵀ + b_hh; h, c = step(a, z, h, c).

    Parameters
    ----------
    x : (time, batch, input_size).
    w_ih, b_ih, w_hh, b_hh : as of the layers; each bias may be None for none.
    h, c : the state to start from, (batch, hidden_size) each; c None for none.

    Returns
    -------
    h after each step, (time, batch, hidden_size); the last h; the last c, if there is one.
    """
    (times, batch, size), n = x.shape, h.shape[-1]
    dtype = np.result_type(x, w_ih, w_hh, h)
    ones = int(b_ih is not None or b_hh is not None)
    below, rows = size + ones, kind.blocks * n
    stop, start = len(kind.x) * n, rows - len(kind.h) * n  # of the rows from x, from h

    def empty(*shape: int) -> Any:
        return np.empty((*shape, batch), dtype)

    # The weights: columns for the input, for the ones, for the state.
    weight_x, weight_h = _in_order(w_ih, kind.x, n), _in_order(w_hh, kind.h, n)
    weight = np.zeros((rows, below + n), dtype)
    weight[:stop, :size], weight[start:, below:] = weight_x, weight_h
    if b_ih is not None:
        weight[:stop, size] += _in_order(b_ih, kind.x, n)
    if b_hh is not None:
        weight[start:, size] += _in_order(b_hh, kind.h, n)
    weight[kind.halved[0] * n : kind.halved[1] * n] *= 0.5
    # In a GRU's n and z, each from one of the two alone, the zeros are not multiplied.
    parts = (slice(start), slice(below)), (slice(start, stop), slice(None))
    parts += ((slice(stop, None), slice(size, None)),)
    products = [(_pieces(weight[r, k], batch), r, k) for r, k in parts if len(weight[r])]

    columns, kept = empty(times + 1, below + n), empty(times, kind.kept, n)
    columns[:-1, :size], columns[:, size:below] = x.swapaxes(1, 2), 1
    hs, cs = columns[:, below:], [None] * (times + 1) if c is None else empty(times + 1, n)
    hs[0] = h.T
    if c is not None:
        cs[0] = c.T
    for t in range(times):
        made = kept[t].reshape(kind.kept * n, batch) if kind.kept else hs[t + 1]
        for pieces, r, k in products:
            into = made[:rows][r].reshape(*pieces.shape[:2], batch)
            np.matmul(pieces, columns[t, k], out=into)
        kind.forward(kept[t], hs[t], cs[t], hs[t + 1], cs[t + 1])
    states = np.ascontiguousarray(hs.swapaxes(1, 2))
    # The last states are copies: who keeps them for the next sequence keeps no more than that.
    last = states[-1].copy(), *([] if c is None else [cs[-1].T.copy()])

    @shared
    def through_time(g: Any) -> Any:
        g_out, gh = g[0].swapaxes(1, 2), g[1].T.astype(dtype, "C")
        gc = None if c is None else g[2].T.astype(dtype, "C")
        pieces = _pieces(weight_h.T.copy(), batch)
        # All times of a row side by side: one product for each weight.
        slopes, slope, product = empty(rows, times), empty(kind.blocks, n), empty(n)
        flat, into = slope.reshape(rows, batch), product.reshape(*pieces.shape[:2], batch)
        for t in reversed(range(times)):
            gh += g_out[t]
            kind.back(kept[t], hs[t], hs[t + 1], cs[t], gh, gc, slope)
            slopes[:, t] = flat
            np.matmul(pieces, flat[start:], out=into)
            if kind.carries:
                gh += product
            else:
                gh[...] = product
        slopes = slopes.reshape(rows, times * batch)
        return slopes[:stop], slopes[start:], gh.T, gc if c is None else gc.T

    def for_bias(g: Any, k: int) -> Any:
        return through_time(g)[k] @ np.ones(times * batch, dtype)

    def rows_of(a: Any) -> Any:
        return a.reshape(times * batch, a.shape[-1])

    return (
        (states[1:], *last),
        lambda g: (through_time(g)[0].T @ weight_x).reshape(x.shape),
        lambda g: _back_in_order(through_time(g)[0] @ rows_of(x), kind.x, n),
        lambda g: _back_in_order(for_bias(g, 0), kind.x, n),
        lambda g: _back_in_order(through_time(g)[1] @ rows_of(states[:-1]), kind.h, n),
        lambda g: _back_in_order(for_bias(g, 1), kind.h, n),
        lambda g: through_time(g)[2],
        lambda g: through_time(g)[3],
    )


def _pieces(weight: Any, batch: int) -> Any:
    """The weight in pieces of rows, (pieces, rows, columns), for one small product each.

    With one thread that takes 0.8 of the time; more would not share small products out.
    """
    rows, columns = weight.shape
    piece = rows
    while piece % 2 == 0 and piece > 16 and piece * columns * batch > SMALL:
        piece //= 2
    if piece * columns * batch > SMALL or not _has_one_thread():
        piece = rows
    return weight.reshape(rows // piece, piece, columns)


def _has_one_thread() -> bool:
    """Whether OpenBLAS was told to use one thread, or finds one core."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if name in os.environ:
            return os.environ[name] == "1"
    return os.cpu_count() == 1


def _in_order(a: Any, order: tuple[int, ...], n: int) -> Any:
    """The blocks of `a`, of n rows each, in this order."""
    return a.reshape(-1, n, *a.shape[1:])[[*order]].reshape(a.shape)


def _back_in_order(a: Any, order: tuple[int, ...], n: int) -> Any:
    return _in_order(a, tuple(map(order.index, range(len(order)))), n)
