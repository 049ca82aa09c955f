"""The gradient of a squared gradient norm: each step of the way back has itself a way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Array, Problem
from .parameters import Parameters


def like(arrays: list[Array]) -> list[Array]:
    return [np.empty_like(array) for array in arrays]


def squared_norm(problem: Problem, _: str) -> Callable[[], Any]:
    """a are the inputs of the layers, d the gradients of what they give, G and h of w and b.

    The sum of the squares of G and h has the gradients 2 G and 2 h. Through them, `up` is the
    gradient of d, from the first layer to the scores, and `at` that of a; then down again.
    """
    p, x, y = Parameters(problem), problem.data["x"], problem.data["y"]
    w, b = ([v for k, v in p.w.items() if k.endswith(end)] for end in ("weight", "bias"))
    gw, gb = ([v for k, v in p.g.items() if k.endswith(end)] for end in ("weight", "bias"))
    n, last = len(x), len(w) - 1
    outs = [np.empty((n, len(weight)), np.float32) for weight in w]
    a, scores = [x, *outs[:-1]], outs[-1]
    d, ups, G, h, spare = like(outs), like(outs), like(w), like(b), like(w)
    slope, e, at, t = ([x[:0], *like(outs[:-1])] for _ in range(4))  # there is none for x
    ones, rows = np.ones(n, np.float32), np.arange(n)

    def step() -> float:
        for i in range(last):
            out = np.dot(a[i], w[i].T, out=outs[i])
            out += b[i]
            np.tanh(out, out=out)
            np.multiply(out, out, out=slope[i + 1])
            np.subtract(1, slope[i + 1], out=slope[i + 1])
        z = np.dot(a[last], w[last].T, out=scores)
        z += b[last]
        z -= z.max(axis=1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=1, keepdims=True)
        d[last][:] = z
        d[last][rows, y] -= 1
        d[last] *= 1 / n
        loss = 0.0
        for i in range(last, -1, -1):
            np.dot(d[i].T, a[i], out=G[i])
            np.dot(ones, d[i], out=h[i])
            loss += float(np.vdot(G[i], G[i])) + float(np.vdot(h[i], h[i]))
            G[i] *= 2
            h[i] *= 2
            if i:
                np.dot(d[i], w[i], out=e[i])
                np.multiply(e[i], slope[i], out=d[i - 1])

        up = np.dot(a[0], G[0].T, out=ups[0])
        up += h[0]
        gw[0][:] = 0
        for i in range(1, last + 1):
            np.dot(d[i], G[i], out=at[i])
            np.multiply(e[i], up, out=t[i])  # the gradient of 1 - a²
            t[i] *= a[i]
            t[i] *= 2
            at[i] -= t[i]
            up *= slope[i]
            np.dot(d[i].T, up, out=gw[i])
            through = np.dot(up, w[i].T, out=ups[i])
            through += h[i]
            through += np.dot(a[i], G[i].T, out=d[i])  # d[i] is not needed any more
            up = through

        z *= 1 / n  # probabilities (up - their mean of up)
        mean = n * np.einsum("ij,ij->i", z, up)
        up -= mean[:, None]
        up *= z
        for i in range(last, -1, -1):
            gw[i] += np.dot(up.T, a[i], out=spare[i])
            np.dot(ones, up, out=gb[i])
            if i:
                up = np.dot(up, w[i], out=t[i])
                up += at[i]
                up *= slope[i]
        p.update()
        return loss

    return step
