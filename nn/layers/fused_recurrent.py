"""The loop of LSTM and GRU once more, for speed: features first, and in place.

It computes what `linear` and `_loop` in recurrent.py do; read the formulas there. Three things make
it faster. The features come first and the batch last, so that a gate of all examples is one block
of memory, and OpenBLAS is faster and divides the product among threads. The input, a one and the
state of an example form one column, for one product with all weights and biases. And the steps
write into arrays made beforehand.

sigmoid(a) is (1 + tanh(a / 2)) / 2 here, so that one tanh serves all gates of an LSTM: the halves
are in the weights. Its error is absolute, not relative, which is enough for a factor between 0
and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd import shared

from ..machine import OpenBLAS
from .windows import SMALL

__all__ = ["GRU", "LSTM", "Gradients", "Kind", "fused_loop"]


class Kind(NamedTuple):
    """How LSTM and GRU differ. A block has hidden_size rows, as a gate has.

    Attributes
    ----------
    blocks
        how many the products make. The first are from the input, the last from the state; those
        from both are sums.
    x, h
        the blocks of the weights, of input and of state, in their order here.
    halved
        the first block of which a sigmoid is taken, and the one after the last.
    kept
        how many blocks a step keeps for the way back. The first are the products, overwritten.
    forward
        (kept, states, next states): the next states from the products, in place.
    back
        (kept, states, gradients, slopes): from the gradients of the next states those of the
        products, in `slopes`, and those that reach the states directly, in `gradients`.
    carries
        whether h is reached directly.
    """

    blocks: int
    x: tuple[int, ...]
    h: tuple[int, ...]
    halved: tuple[int, int]
    kept: int
    forward: Callable[[Any, Any, Any], None]
    back: Callable[[Any, Any, Any, Any], None]
    carries: bool


class Gradients(NamedTuple):
    """What backpropagation through time gives.

    Attributes
    ----------
    x, z
        of the shares of input and state, at all steps.
    h, c
        of the initial state; None if there is no c.
    hs
        of h after each step, if a projection makes it.
    """

    x: Any
    z: Any
    h: Any
    c: Any = None
    hs: Any = None


def _sigmoids(a: Any) -> None:
    """sigmoid(a) = (1 + tanh(a / 2)) / 2, in place of tanh(a / 2)."""
    a *= 0.5
    a += 0.5


def _slope_of_sigmoid(y: Any, out: Any) -> None:
    """(1 - y) * y, where y is the sigmoid."""
    np.subtract(1, y, out=out)
    out *= y


def _slope_of_tanh(y: Any, out: Any) -> None:
    """1 - y * y, where y is the tanh."""
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)


def _lstm_forward(kept: Any, states: Any, following: Any) -> None:
    """c' = f * c + i * g, t = tanh(c'), h' = o * t."""
    np.tanh(kept[:4], out=kept[:4])
    _sigmoids(kept[:3])
    (i, f, o, g, t), (_, c), (y, c_next) = kept, states, following
    np.multiply(f, c, out=c_next)
    c_next += np.multiply(i, g, out=t)
    np.tanh(c_next, out=t)
    np.multiply(o, t, out=y)


def _lstm_back(kept: Any, states: Any, gradients: Any, slopes: Any) -> None:
    """Of c' also gh * o * (1 - t²); then of i, f, o: gc * g, gc * c, gh * t, of g: gc * i.

    Each times the slope of its sigmoid or tanh; and of c: gc * f.
    """
    (i, f, o, g, t), (gi, gf, go, gg) = kept, slopes
    (_, c), (gh, gc) = states, gradients
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


def _gru_forward(kept: Any, states: Any, following: Any) -> None:
    """n = tanh(x_n + r * z), h' = n + u * (h - n)."""
    np.tanh(kept[1:3], out=kept[1:3])
    _sigmoids(kept[1:3])
    (n, r, u, z), (h,), (y,) = kept, states, following
    n += np.multiply(r, z, out=y)
    np.tanh(n, out=n)
    np.subtract(h, n, out=y)
    y *= u
    y += n


def _gru_back(kept: Any, states: Any, gradients: Any, slopes: Any) -> None:
    """Of n: gh * (1 - u), of u: gh * (h - n), each times the slope of its tanh or sigmoid.

    Then of r: gn * z, times its slope; of z: gn * r; of h: gh * u.
    """
    (n, r, u, z), (gn, gr, gu, gz) = kept, slopes
    (h,), (gh,) = states, gradients
    _slope_of_sigmoid(kept[1:3], out=slopes[1:3])
    np.subtract(h, n, out=gz)
    gu *= gz
    gu *= gh
    _slope_of_tanh(n, out=gn)
    np.subtract(1, u, out=gz)
    gn *= gz
    gn *= gh
    gr *= z
    gr *= gn
    np.multiply(gn, r, out=gz)
    gh *= u


# The blocks i, f, g, o in the order i, f, o, g: the three sigmoids lie side by side.
LSTM = Kind(4, (0, 1, 3, 2), (0, 1, 3, 2), (0, 3), 5, _lstm_forward, _lstm_back, False)
# The blocks r, u, n as n, r, u, z: n of the input lies apart from z, n of the state, which r
# multiplies.
GRU = Kind(4, (2, 0, 1), (0, 1, 2), (1, 3), 4, _gru_forward, _gru_back, True)


def fused_loop(
    x: Any, w_ih: Any, b_ih: Any, w_hh: Any, b_hh: Any, h: Any, c: Any, kind: Kind = LSTM
) -> Any:
    """For each t: a, z = x[t] @ w_ihᵀ + b_ih, h @ w_hhᵀ + b_hh; h, c = step(a, z, h, c).

    Fused are the two products of a step, its bias, its gates and its state. The plain formula is
    `_loop` in recurrent.py, with `_lstm_step` or `_gru_step` for `step`.

    Gradient by x: the slopes of the gates, back through time, @ w_ih.
    Gradient by w_ih: the slopes of the gates, back through time, .T @ x.
    Gradient by b_ih: the slopes of the gates, summed over time and batch.
    Gradient by w_hh: the slopes of the gates, back through time, .T @ the states before.
    Gradient by b_hh: the slopes of the gates, summed over time and batch.
    Gradient by h: what arrives at the first state, back through time.
    Gradient by c: what arrives at the first cell, back through time.

    Parameters
    ----------
    x
        (time, batch, input_size).
    w_ih, b_ih, w_hh, b_hh
        the layer's parameters; a bias is None for none.
    h, c
        the initial state, each (batch, hidden_size); of a GRU c is None.

    Returns
    -------
    tuple
        h after each step, (time, batch, hidden_size); the last h; the last c, if there is one.
    """
    (times, batch, size), n = x.shape, h.shape[-1]
    dtype = np.result_type(*(a for a in (x, w_ih, b_ih, w_hh, b_hh, h, c) if a is not None))
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
        weight[:stop, size] = _in_order(b_ih, kind.x, n)
    if b_hh is not None:
        weight[start:, size] += _in_order(b_hh, kind.h, n)
    weight[kind.halved[0] * n : kind.halved[1] * n] *= 0.5
    # In n and z of a GRU, each from one of the two alone, no product is taken with the zeros.
    parts: Any = (
        (slice(start), slice(below)),
        (slice(start, stop), slice(None)),
        (slice(stop, rows), slice(size, None)),
    )
    products = [
        (_pieces(weight[r, k], batch), r, k) for r, k in parts if r.start != rows and r.stop
    ]

    columns, kept = empty(times + 1, below + n), empty(times, kind.kept, n)
    columns[:-1, :size], columns[:, size:below] = x.swapaxes(1, 2), 1
    states = [columns[:, below:], *([] if c is None else [empty(times + 1, n)])]
    for state, first in zip(states, (h, c), strict=False):
        state[0] = first.T
    for t in range(times):
        made = kept[t].reshape(kind.kept * n, batch)
        for pieces, r, k in products:
            np.matmul(pieces, columns[t, k], out=made[r].reshape(*pieces.shape[:2], batch))
        kind.forward(kept[t], [s[t] for s in states], [s[t + 1] for s in states])
    hs = np.ascontiguousarray(states[0].swapaxes(1, 2))
    # The last states are copies: keeping them for the next sequence keeps nothing else alive.
    last = [state[-1].T.copy() for state in states]

    @shared
    def through_time(g: Any) -> Gradients:
        """Those of the shares are (rows, time * batch)."""
        g_out, gs = g[0].swapaxes(1, 2), [end.T.astype(dtype, "C") for end in g[1:]]
        pieces = _pieces(weight_h.T.copy(), batch)
        slopes, slope = empty(rows, times), empty(kind.blocks, n)
        product = empty(n) if kind.carries else gs[0]
        flat, into = slope.reshape(rows, batch), product.reshape(*pieces.shape[:2], batch)
        for t in reversed(range(times)):
            gs[0] += g_out[t]
            kind.back(kept[t], [s[t] for s in states], gs, slope)
            slopes[:, t] = flat
            np.matmul(pieces, flat[start:], out=into)
            if kind.carries:
                gs[0] += product
        slopes = slopes.reshape(rows, times * batch)
        return Gradients(slopes[:stop], slopes[start:], *(end.T for end in gs))

    def flat_times(a: Any) -> Any:
        return a.reshape(times * batch, a.shape[-1])

    def for_weight(share: Any, order: tuple[int, ...], a: Any) -> Any:
        return _back_in_order(share @ flat_times(a), order, n)

    def for_bias(share: Any, order: tuple[int, ...]) -> Any:
        return _back_in_order(share @ np.ones(times * batch, dtype), order, n)

    return (
        (hs[1:], *last),
        lambda g: (through_time(g).x.T @ weight_x).reshape(x.shape),
        lambda g: for_weight(through_time(g).x, kind.x, x),
        lambda g: for_bias(through_time(g).x, kind.x),
        lambda g: for_weight(through_time(g).z, kind.h, hs[:-1]),
        lambda g: for_bias(through_time(g).z, kind.h),
        lambda g: through_time(g).h,
        lambda g: through_time(g).c,
    )


def _pieces(weight: Any, batch: int) -> Any:
    """The weight in pieces of rows, (pieces, rows, columns), for one small product each.

    OpenBLAS would copy all weights at each step for a larger one. With one thread pieces take 0.8
    of the time; more threads would not divide small products.
    """
    rows, columns = weight.shape
    piece = rows
    while piece % 2 == 0 and piece > 16 and piece * columns * batch > SMALL:
        piece //= 2
    if piece * columns * batch > SMALL or not _has_one_thread():
        piece = rows
    return weight.reshape(rows // piece, piece, columns)


def _has_one_thread() -> bool:
    blas = OpenBLAS.find()
    return blas is not None and blas.threads == 1


def _in_order(a: Any, order: tuple[int, ...], n: int) -> Any:
    """The blocks of `a`, of n rows each, in this order."""
    return a.reshape(-1, n, *a.shape[1:])[[*order]].reshape(a.shape)


def _back_in_order(a: Any, order: tuple[int, ...], n: int) -> Any:
    return _in_order(a, tuple(map(order.index, range(len(order)))), n)
