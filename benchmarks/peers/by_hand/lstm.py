"""An LSTM with features first in memory, (features, batch): one product a step.

x, ones and the state stand below each other, and beside each other the weights that each of them
meets. The sigmoid is a tanh, 1/2 + 1/2 tanh(z/2), so that one call serves all gates: the rows of i,
f and o come first, halved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Problem
from .images import Scores
from .parameters import Parameters


def lstm(problem: Problem, _: str) -> Callable[[], Any]:
    p, x, y = Parameters(problem), problem.data["x"], problem.data["y"]
    steps, n, n_in = x.shape
    w_ih, w_hh, b_ih, b_hh = (
        p.w[f"rnn.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = w_hh.shape[1]
    sources = [(0, 0), (1, 1), (3, 2), (2, 3)]  # blocks of PyTorch's i f g o; of i f o g here

    def empty(*shape: int) -> Any:
        return np.empty(shape, np.float32)

    def block(i: int) -> slice:
        return slice(i * hidden, (i + 1) * hidden)

    weight, halved = empty(2, 4 * hidden, n_in + 1 + hidden)
    into = np.ones((steps + 1, n_in + 1 + hidden, n), np.float32)
    into[0, n_in + 1 :] = 0
    gates, c, tanh_c = (
        empty(steps, 4 * hidden, n),
        empty(steps + 1, hidden, n),
        empty(steps, hidden, n),
    )
    gz = empty(steps, 4 * hidden, n)
    c[0] = 0
    gh, gc, t, back = empty(4, hidden, n)
    slopes = empty(3 * hidden, n)
    scores = Scores(p, "linear")

    def step() -> float:
        for theirs, ours in sources:
            weight[block(ours), :n_in] = w_ih[block(theirs)]
            np.add(b_ih[block(theirs)], b_hh[block(theirs)], out=weight[block(ours), n_in])
            weight[block(ours), n_in + 1 :] = w_hh[block(theirs)]
        np.copyto(halved, weight)
        halved[: 3 * hidden] *= 0.5
        np.copyto(into[:steps, :n_in], x.swapaxes(1, 2))
        for k in range(steps):
            z = np.dot(halved, into[k], out=gates[k])
            np.tanh(z, out=z)
            s = z[: 3 * hidden]
            s *= 0.5
            s += 0.5
            i, f, o, g = z[block(0)], z[block(1)], z[block(2)], z[block(3)]
            np.multiply(f, c[k], out=c[k + 1])
            np.multiply(i, g, out=t)
            np.add(c[k + 1], t, out=c[k + 1])
            np.tanh(c[k + 1], out=tanh_c[k])
            np.multiply(o, tanh_c[k], out=into[k + 1, n_in + 1 :])
        loss, last = scores(into[steps, n_in + 1 :], y)
        np.copyto(gh, last)
        gc[:] = 0
        recurrent = weight[:, n_in + 1 :].T
        for k in range(steps - 1, -1, -1):
            z, out = gates[k], gz[k]
            i, f, o, g = z[block(0)], z[block(1)], z[block(2)], z[block(3)]
            np.multiply(gh, tanh_c[k], out=out[block(2)])
            np.multiply(tanh_c[k], tanh_c[k], out=t)
            np.subtract(1, t, out=t)
            np.multiply(gh, o, out=back)
            np.multiply(back, t, out=back)
            np.add(gc, back, out=gc)
            np.multiply(gc, g, out=out[block(0)])
            np.multiply(gc, c[k], out=out[block(1)])
            np.multiply(gc, i, out=out[block(3)])
            np.multiply(g, g, out=t)
            np.subtract(1, t, out=t)
            out[block(3)] *= t
            np.subtract(1, z[: 3 * hidden], out=slopes)
            np.multiply(slopes, z[: 3 * hidden], out=slopes)
            out[: 3 * hidden] *= slopes
            np.multiply(gc, f, out=gc)
            if k:
                np.dot(recurrent, out, out=gh)
        # All steps' outer products in one
        g = np.tensordot(gz, into[:steps], ((0, 2), (0, 2)))
        for theirs, ours in sources:
            rows = block(theirs)
            p.g["rnn.weight_ih_l0"][rows] = g[block(ours), :n_in]
            p.g["rnn.bias_ih_l0"][rows] = p.g["rnn.bias_hh_l0"][rows] = g[block(ours), n_in]
            p.g["rnn.weight_hh_l0"][rows] = g[block(ours), n_in + 1 :]
        p.update()
        return loss

    return step
