"""Recurrent networks: cells that take one step, layers that take many, and one loop for both.

A step makes the next state from two shares, x @ W_ihᵀ + b_ih of its input and h @ W_hhᵀ + b_hh of
its state. The inputs of all steps are known beforehand, so that their shares are one product; only
those of the state, and the step itself, are left to the loop.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import default_dtype, op, shared

from .. import init
from ..inputs import expect, lengths, name_of, total
from ..module import Module, Parameter
from ..random import generator as _generator
from . import fused_recurrent
from .activations import sigmoid
from .dropout import dropout as _dropout
from .fused_recurrent import Gradients
from .linear import linear
from .packed import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]

# The steps. Each takes x and z, the shares of its input and its state, of shape (batch, gates *
# hidden_size), and the state; it returns the next state, and `back`: from the gradients of the next
# state to those of x, of z, and of what else of the state the step uses.


def _tanh_step(x, z, _):
    """h' = tanh(x + z). Source: Elman, Cognitive Science 14, 1990."""
    y = np.tanh(x + z)

    def back(gh: Any) -> Any:
        gz = gh * (1 - y * y)
        return gz, gz, 0.0

    return (y,), back


def _relu_step(x, z, _):
    """h' = max(x + z, 0)."""
    y = np.maximum(x + z, 0)

    def back(gh: Any) -> Any:
        gz = gh * (y > 0)
        return gz, gz, 0.0

    return (y,), back


def _lstm_step(x, z, _, c):
    """c' = f * c + i * g, h' = o * tanh(c'), where i, f, g, o are the blocks of x + z.

    Of g the tanh is taken, of the others the sigmoid. Source: Hochreiter and Schmidhuber, Neural
    Computation 9, 1997.
    """
    a, n = x + z, c.shape[-1]
    s = sigmoid(a)  # of all blocks, for one call
    i, f, g, o = s[:, :n], s[:, n : 2 * n], np.tanh(a[:, 2 * n : 3 * n]), s[:, 3 * n :]
    c_next = f * c + i * g
    y = np.tanh(c_next)
    h_next = o * y

    def back(gh: Any, gc: Any) -> Any:
        gc = gc + gh * o * (1 - y * y)
        gi, gf = gc * g * (i * (1 - i)), gc * c * (f * (1 - f))
        gg, go = gc * i * (1 - g * g), gh * y * (o * (1 - o))
        gz = np.concatenate((gi, gf, gg, go), axis=1)
        return gz, gz, 0.0, gc * f

    return (h_next, c_next), back


def _gru_step(x, z, h):
    """h' = (1 - u) * n + u * h, n = tanh(x_n + r * z_n), where r, u, n are the blocks of x and z.

    r and u are the sigmoids of theirs in x + z. As in PyTorch r multiplies z_n, the linear map of
    h; in the paper, Cho et al., EMNLP 2014, it multiplies h itself.
    """
    k = h.shape[-1]
    s = sigmoid(x[:, : 2 * k] + z[:, : 2 * k])
    r, u, z_n = s[:, :k], s[:, k:], z[:, 2 * k :]
    n = np.tanh(x[:, 2 * k :] + r * z_n)
    h_next = n + u * (h - n)

    def back(gh: Any) -> Any:
        gn = gh * (1 - u) * (1 - n * n)
        gr, gu = gn * z_n * (r * (1 - r)), gh * (h - n) * (u * (1 - u))
        gx = np.concatenate((gr, gu, gn), axis=1)
        gz = np.concatenate((gr, gu, gn * r), axis=1)
        return gx, gz, gh * u

    return (h_next,), back


@op
def _loop(x, weight, bias, projection, h, c, step=_tanh_step):
    """For each t: z = h @ weightᵀ + bias; h, c = step(x[t], z, h, c); h = h @ projectionᵀ.

    Gradient by x: the slopes of the step, back through time.
    Gradient by weight: the slopes of the step, back through time, .T @ the states before.
    Gradient by bias: the slopes of the step, summed over time and batch.
    Gradient by projection: what arrives at each state, .T @ the states before the projection.
    Gradient by h: what arrives at the first state, back through time.
    Gradient by c: what arrives at the first cell, back through time.

    Parameters
    ----------
    x
        the share of the input, (time, batch, gates * hidden_size).
    weight
        (gates * hidden_size, size of h).
    bias, projection, c
        None for none; without a projection h has hidden_size.

    Returns
    -------
    tuple
        h after each step, (time, batch, size of h); the last h; the last c, if there is one.
    """
    # One step of backpropagation through time is `back` and two products. That for the weight can
    # wait for the end, where it is one for all steps; an op for each step could not do that.
    first, state = h, () if c is None else (c,)
    # OpenBLAS takes 2/3 of the time for a product with the transpose in memory.
    weight_t = weight.T.copy() if len(x) > 4 else weight.T
    hs, before_projection, backs = [], [], []
    for x_t in x:
        z = h @ weight_t
        if bias is not None:
            z = z + bias
        (h, *state), back = step(x_t, z, h, *state)
        backs.append(back)
        if projection is not None:
            before_projection.append(h)
            h = h @ projection.T
        hs.append(h)
    out = np.stack(hs)

    @shared
    def through_time(g: Any) -> Gradients:
        g_out, gh, *gc = g
        gxs, gzs, ghs = [], [], []
        for g_t, back in zip(g_out[::-1], backs[::-1], strict=True):
            gh = gh + g_t
            ghs.append(gh)
            if projection is not None:
                gh = gh @ projection
            gx, gz, gh, *gc = back(gh, *gc)
            gh = gh + gz @ weight
            gxs.append(gx)
            gzs.append(gz)
        gz = np.stack(gzs[::-1])
        gx = gz if gxs[0] is gzs[0] else np.stack(gxs[::-1])
        return Gradients(gx, gz, gh, gc[0] if gc else None, ghs[::-1])

    def rows(a: Any) -> Any:
        return a.reshape(-1, a.shape[-1])

    def for_weight(g: Any) -> Any:
        gz = through_time(g).z
        return rows(gz[1:]).T @ rows(out[:-1]) + gz[0].T @ first

    def for_projection(g: Any) -> Any:
        return np.concatenate(through_time(g).hs).T @ np.concatenate(before_projection)

    return (
        (out, h, *state),
        lambda g: through_time(g).x,
        for_weight,
        lambda g: total(rows(through_time(g).z), 0),
        for_projection,
        lambda g: through_time(g).h,
        lambda g: through_time(g).c,
    )


# LSTM and GRU have a faster loop, whose plain formula is `_loop`. An RNN, whose only gate is its
# state, would gain nothing, nor would sequences shorter than FUSED_FROM.

_FUSED = {_lstm_step: fused_recurrent.LSTM, _gru_step: fused_recurrent.GRU}
_STEPS = {kind: step for step, kind in _FUSED.items()}
FUSED_FROM = 3


def _fused_loop_closures(x, w_ih, b_ih, w_hh, b_hh, h, c, kind=fused_recurrent.LSTM):
    """The closures of `fused_loop`, by `linear` and `_loop`, which run on Tensors."""
    _, for_share, for_w_hh, for_b_hh, _, for_h, for_c = _loop.body(
        linear(x, w_ih, b_ih), w_hh, b_hh, None, h, c, step=_STEPS[kind]
    )
    return (
        lambda g: for_share(g) @ w_ih,
        lambda g: np.tensordot(for_share(g), x, ((0, 1), (0, 1))),
        lambda g: for_share(g).sum(axis=(0, 1)),
        for_w_hh,
        for_b_hh,
        for_h,
        for_c,
    )


_fused_loop = op(closures=_fused_loop_closures)(fused_recurrent.fused_loop)


class _Recurrent(Module):
    """What cells and layers have in common: parameters, checks, and a run of the loop."""

    _step: Callable[..., Any]
    _gates: int
    _states: tuple[str, ...] = ("h",)
    proj_size = 0

    def __init__(self, input_size: int, hidden_size: int, bias: bool, generator: Any) -> None:
        if hidden_size < 1:
            raise ValueError(
                f"{type(self).__name__}: hidden_size is {hidden_size}, expected at least 1"
            )
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        # A seed makes one generator here: in forward it would make the same mask every time.
        self.generator = None if generator is None else _generator(generator)

    def _set_parameters(self, suffix: str, inputs: int) -> None:
        """The parameters of one layer in one direction: uniform within ±1/sqrt(hidden_size)."""
        hidden, rows = self.hidden_size, self._gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, self.proj_size or hidden),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, hidden)
        bound, rng = 1 / math.sqrt(hidden), _generator(self.generator)
        for name, shape in shapes.items():
            p = Parameter(np.empty(shape, default_dtype.get()))
            setattr(self, name + suffix, init.uniform_(p, -bound, bound, rng))

    def _run(self, suffix: str, x: Any, h: Any, c: Any = None) -> Any:
        """The loop over `x`, of shape (time, batch, in), with the parameters of this suffix."""
        names = "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"
        w_ih, w_hh, b_ih, b_hh, w_hr = (vars(self).get(name + suffix) for name in names)
        if b_ih is not None and self._step is not _gru_step:  # only r tells one from the other
            b_ih, b_hh = b_ih + b_hh, None
        kind = _FUSED.get(self._step)
        if kind and w_hr is None and len(x) >= FUSED_FROM and x.dtype.char in "fd":
            return _fused_loop(x, w_ih, b_ih, w_hh, b_hh, h, c, kind=kind)
        return _loop(linear(x, w_ih, b_ih), w_hh, b_hh, w_hr, h, c, step=self._step)

    def _run_packed(
        self, suffix: str, x: Any, sizes: list[int], back: bool, h: Any, c: Any = None
    ) -> Any:
        """The loop over sequences of several lengths, one after the other in time, as packed.

        While no sequence ends (or, backwards, begins) it is a loop over an array: so many pieces
        as there are lengths.
        """
        start = [s for s in (h, c) if s is not None]
        pieces, at = [], 0  # where each begins, how many steps it has, and sequences
        for batch, same in itertools.groupby(sizes):
            n = len(list(same))
            pieces.append((at, n, batch))
            at += n * batch
        states = [s[:0] if back else s for s in start]
        outs: list[Any] = []
        ended: list[list[Any]] = []
        for at, n, batch in reversed(pieces) if back else pieces:
            now = len(states[0])
            if batch < now:  # forwards: the last rows have ended
                ended.append([s[batch:] for s in states])
                states = [s[:batch] for s in states]
            elif batch > now:  # backwards: more begin
                more = [s[now:batch] for s in start]
                states = [np.concatenate(pair) for pair in zip(states, more, strict=True)]
            steps = x[at : at + n * batch].reshape(n, batch, x.shape[-1])
            out, *states = self._run(suffix, np.flip(steps, 0) if back else steps, *states)
            out = np.flip(out, 0) if back else out
            outs.append(out.reshape(n * batch, -1))
        last = [states, *ended[::-1]]
        return (
            np.concatenate(outs[::-1] if back else outs),
            *(np.concatenate(rows) for rows in zip(*last, strict=True)),
        )

    def _check_input(self, x: Any, layouts: dict[int, str]) -> None:
        """Refuse what is not of floats, or fits none of `layouts`, by its number of axes."""
        shape = lengths(x)
        fits = len(shape) in layouts and shape[-1] == self.input_size
        expected = () if fits else (f"({axes}{self.input_size})" for axes in layouts.values())
        expect(self, x, fits, " or ".join(expected), "fc")

    def _start(self, x: Any, hx: Any, lead: tuple[int, ...]) -> list[Any]:
        """The initial states, each of shape (*lead, size): `hx`, checked, or zeros."""
        sizes = [self.proj_size or self.hidden_size, self.hidden_size]
        shapes = {key: (*lead, n) for key, n in zip(self._states, sizes, strict=False)}
        if hx is None:
            return [np.zeros(shape, x.dtype) for shape in shapes.values()]
        pair = len(shapes) == 2
        if pair and not (isinstance(hx, tuple | list) and len(hx) == 2):
            raise TypeError(
                f"{name_of(self)}: hx is a {type(hx).__name__}, expected a tuple (h, c)"
            )
        states = list(hx) if pair else [hx]
        for (key, shape), state in zip(shapes.items(), states, strict=True):
            expect(self, state, lengths(state) == shape, f"{shape}", "fc", name=key)
        return states


_ACTIVATIONS = {"tanh": _tanh_step, "relu": _relu_step}


def _step_of(name: str, nonlinearity: str) -> Callable[..., Any]:
    if nonlinearity not in _ACTIVATIONS:
        raise ValueError(f"{name}: got nonlinearity {nonlinearity!r}, expected 'tanh' or 'relu'")
    return _ACTIVATIONS[nonlinearity]


# Cells


class _Cell(_Recurrent):
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, generator)
        self._set_parameters("", input_size)
        if not bias:
            self.bias_ih = self.bias_hh = None

    def forward(self, x: Any, hx: Any = None) -> Any:
        """Take a step.

        Parameters
        ----------
        x
            (batch, input_size), or (input_size,).
        hx
            the state h, (batch, hidden_size) or (hidden_size,), of an LSTMCell a tuple (h, c) of
            two such; zeros if None.

        Returns
        -------
        Tensor or tuple
            the new state, laid out as `hx`.
        """
        self._check_input(x, {2: "batch, ", 1: ""})
        start = self._start(x, hx, x.shape[:-1])
        batched = x.ndim == 2
        if not batched:
            x, start = x[None], [s[None] for s in start]
        _, *end = self._run("", x[None], *start)
        if not batched:
            end = [s[0] for s in end]
        return end[0] if len(end) == 1 else tuple(end)


class RNNCell(_Cell):
    """One step of an RNN: h' = tanh(x @ W_ihᵀ + b_ih + h @ W_hhᵀ + b_hh).

    Parameters
    ----------
    input_size, hidden_size
        the lengths of the last axis of input and state.
    bias
        False for none.
    nonlinearity
        "tanh" or "relu".
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight_ih, weight_hh
        Parameters, (hidden_size, input_size) and (hidden_size, hidden_size).
    bias_ih, bias_hh
        Parameters of shape (hidden_size,), or None.

    Notes
    -----
    All start uniform within ±1/sqrt(hidden_size).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.RNNCell(3, 4)(np.ones((5, 3), np.float32)).shape
    (5, 4)
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        self.nonlinearity, self._step = nonlinearity, _step_of("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, generator=generator)


class LSTMCell(_Cell):
    """One step of an LSTM: c' = f * c + i * g, h' = o * tanh(c').

    i, f, o = sigmoid and g = tanh of the blocks i, f, g, o of x @ W_ihᵀ + b_ih + h @ W_hhᵀ +
    b_hh. Arguments and attributes are those of RNNCell, but the parameters have 4 * hidden_size
    rows, and the state is a tuple (h, c).

    Source: Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; with
    the forget gate of Gers, Schmidhuber and Cummins, 2000.

    Examples
    --------
    >>> import numpy as np, nn
    >>> h, c = nn.LSTMCell(3, 4)(np.ones((5, 3), np.float32))
    """

    _gates, _states, _step = 4, ("h", "c"), staticmethod(_lstm_step)


class GRUCell(_Cell):
    """One step of a GRU: h' = (1 - u) * n + u * h, n = tanh(x_n + r * z_n).

    r, u, n are the blocks of the shares x @ W_ihᵀ + b_ih and z = h @ W_hhᵀ + b_hh; r and u are the
    sigmoids of theirs in x + z. Arguments and attributes are those of RNNCell, but the parameters
    have 3 * hidden_size rows.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014;
    there r multiplies h, before the linear map.
    """

    _gates, _step = 3, staticmethod(_gru_step)


# Layers


class _Layers(_Recurrent):
    weight_ih_l0: Parameter
    weight_hh_l0: Parameter
    bias_ih_l0: Parameter
    bias_hh_l0: Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        name = type(self).__name__
        if num_layers < 1:
            raise ValueError(f"{name}: num_layers is {num_layers}, expected at least 1")
        if not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout is a probability, from 0 to 1; got {dropout}")
        if dropout and num_layers == 1:
            warnings.warn(
                f"{name}: dropout={dropout} acts between layers, and there is one: it does nothing",
                stacklevel=3,
            )
        super().__init__(input_size, hidden_size, bias, generator)
        self.num_layers, self.batch_first = num_layers, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        width = (self.proj_size or hidden_size) * (2 if bidirectional else 1)
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                self._set_parameters(suffix, width if layer else input_size)

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: 2 if self.bidirectional else 1]

    def forward(self, x: Any, hx: Any = None) -> Any:
        """Take a step for each time of `x`, in each layer and direction.

        Parameters
        ----------
        x
            (time, batch, input_size); with batch_first (batch, time, input_size); or without a
            batch (time, input_size). Or a PackedSequence, of sequences of several lengths.
        hx
            the initial state, zeros if None: h, (layers * directions, batch, hidden_size), or
            without batch; of an LSTM a tuple (h, c) of two such. The order is layer 0 forward,
            layer 0 backward, layer 1 forward, ... With proj_size h has that size, and c does not.

        Returns
        -------
        output : array
            h of the last layer after each step, both directions side by side, laid out as `x`; of
            a PackedSequence another.
        hx : array
            the last state, laid out as the argument `hx`; of a PackedSequence that after the last
            step of each sequence.
        """
        if isinstance(x, PackedSequence):
            return self._forward_packed(x, hx)
        self._check_input(
            x, {3: "batch, time, " if self.batch_first else "time, batch, ", 2: "time, "}
        )
        batched = x.ndim == 3
        if not batched:
            x = x[:, None]
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        if not len(x):
            raise ValueError(
                f"{name_of(self)}: got input without a time step, expected at least one"
            )
        rows = self.num_layers * len(self._suffixes(0))
        start = self._start(x, hx, (rows, x.shape[1]) if batched else (rows,))
        if not batched:
            start = [s[:, None] for s in start]

        def run(suffix: str, x: Any, back: bool, *states: Any) -> Any:
            out, *end = self._run(suffix, np.flip(x, 0) if back else x, *states)
            return np.flip(out, 0) if back else out, *end

        x, last = self._through_layers(x, start, run)
        if not batched:
            x, last = x[:, 0], [s[:, 0] for s in last]
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        return x, last[0] if len(last) == 1 else tuple(last)

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        """`forward` of sequences of several lengths."""
        self._check_input(packed.data, {2: "all steps, "})
        sizes = [int(n) for n in packed.batch_sizes]
        rows = self.num_layers * len(self._suffixes(0))
        start = self._start(packed.data, hx, (rows, sizes[0]))
        if hx is not None and packed.sorted_indices is not None:
            start = [s[:, packed.sorted_indices] for s in start]

        def run(suffix: str, x: Any, back: bool, *states: Any) -> Any:
            return self._run_packed(suffix, x, sizes, back, *states)

        x, last = self._through_layers(packed.data, start, run)
        if packed.unsorted_indices is not None:
            last = [s[:, packed.unsorted_indices] for s in last]
        return packed._replace(data=x), last[0] if len(last) == 1 else tuple(last)

    def _through_layers(
        self, x: Any, start: list[Any], run: Callable[..., Any]
    ) -> tuple[Any, list[Any]]:
        """The output of the last layer, and the last states; `run` is one layer, one direction."""
        ends: list[list[Any]] = []
        for layer in range(self.num_layers):
            if layer:
                x = _dropout(x, self.dropout, self.training, generator=self.generator)
            outs = []
            for back, suffix in enumerate(self._suffixes(layer)):
                out, *end = run(suffix, x, bool(back), *(s[len(ends)] for s in start))
                outs.append(out)
                ends.append(end)
            x = np.concatenate(outs, axis=-1) if len(outs) > 1 else outs[0]
        return x, [np.stack(states) for states in zip(*ends, strict=True)]


class RNN(_Layers):
    """Layers of `RNNCell`: for each time h = tanh(x @ W_ihᵀ + b_ih + h @ W_hhᵀ + b_hh).

    Parameters
    ----------
    input_size, hidden_size
        the lengths of the last axis of input and state.
    num_layers
        the number of layers, each on all h of the one below.
    nonlinearity
        "tanh" or "relu".
    bias
        False for none.
    batch_first
        the first axis of input and output is the batch, the second the time.
    dropout
        probability of it between layers, in training.
    bidirectional
        also run from the last step to the first, with parameters of its own.
    generator
        where initial values and dropout come from: a generator, or a seed for one; the library's
        own if None.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0
        Parameters, (hidden_size, in) and (hidden_size, hidden_size), where `in` is input_size, and
        directions * hidden_size in later layers.
    bias_ih_l0, bias_hh_l0
        Parameters of shape (hidden_size,), unless bias=False.
    weight_ih_l1, ..., weight_ih_l0_reverse, ...
        those of later layers and the other direction.

    Notes
    -----
    All start uniform within ±1/sqrt(hidden_size).

    Raises
    ------
    ValueError, TypeError
        the input or the state does not fit; there is no time step.

    Examples
    --------
    >>> import numpy as np, nn
    >>> output, h = nn.RNN(3, 4, num_layers=2)(np.ones((7, 5, 3), np.float32))
    >>> output.shape, h.shape
    ((7, 5, 4), (2, 5, 4))
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        self.nonlinearity, self._step = nonlinearity, _step_of("RNN", nonlinearity)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            generator=generator,
        )  # fmt: skip


class LSTM(_Layers):
    """Layers of LSTMCell, each on all h of the one below. The state is a tuple (h, c).

    Arguments and attributes are those of RNN, but there is no nonlinearity to choose, and the
    parameters have 4 * hidden_size rows.

    Parameters
    ----------
    proj_size
        if not 0, each h is multiplied by weight_hr_l0, (proj_size, hidden_size), and becomes this
        short (Sak, Senior and Beaufays, arXiv:1402.1128, 2014).

    Examples
    --------
    >>> import numpy as np, nn
    >>> output, (h, c) = nn.LSTM(3, 4, bidirectional=True)(np.ones((7, 5, 3), np.float32))
    >>> output.shape, h.shape, c.shape
    ((7, 5, 8), (2, 5, 4), (2, 5, 4))
    """

    _gates, _states, _step = 4, ("h", "c"), staticmethod(_lstm_step)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"LSTM: proj_size is {proj_size}, expected 0 for none, or less than hidden_size, "
                f"{hidden_size}"
            )
        self.proj_size = proj_size
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            generator=generator,
        )  # fmt: skip


class GRU(_Layers):
    """Layers of GRUCell, each on all h of the one below.

    Arguments and attributes are those of RNN, but there is no nonlinearity to choose, and the
    parameters have 3 * hidden_size rows.

    Examples
    --------
    >>> import numpy as np, nn
    >>> output, h = nn.GRU(3, 4, batch_first=True)(np.ones((5, 7, 3), np.float32))
    >>> output.shape, h.shape
    ((5, 7, 4), (1, 5, 4))
    """

    _gates, _step = 3, staticmethod(_gru_step)
