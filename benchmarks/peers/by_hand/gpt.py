"""The GPT, in rows of tokens, (batch * time, width); attention is (batch, heads, time, size)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Array, Problem
from .dense import Layer, cross_entropy, empty
from .parameters import Parameters

CUBIC, ROOT = 0.044715, math.sqrt(2 / math.pi)


class LayerNorm:
    def __init__(self, p: Parameters, name: str, rows: int) -> None:
        self.w, self.b = p.w[f"{name}.weight"], p.w[f"{name}.bias"]
        self.gw, self.gb = p.g[f"{name}.weight"], p.g[f"{name}.bias"]
        self.normal, self.out, self.back, self.spare = empty(4, rows, self.w.size)
        self.mean, self.ones = (
            np.full(self.w.size, 1 / self.w.size, np.float32),
            np.ones(rows, np.float32),
        )

    def forward(self, x: Array) -> Array:
        z = np.subtract(x, (x @ self.mean)[:, None], out=self.normal)
        np.multiply(z, z, out=self.spare)
        self.factor = (1 / np.sqrt(self.spare @ self.mean + 1e-5))[:, None]
        z *= self.factor
        np.multiply(z, self.w, out=self.out)
        np.add(self.out, self.b, out=self.out)
        return self.out

    def backward(self, g: Array) -> Array:
        np.dot(self.ones, g, out=self.gb)
        t = np.multiply(g, self.normal, out=self.spare)
        np.dot(self.ones, t, out=self.gw)
        back = np.multiply(g, self.w, out=self.back)
        np.multiply(back, self.normal, out=t)
        along = t @ self.mean
        np.multiply(self.normal, along[:, None], out=t)
        along = back @ self.mean
        back -= along[:, None]
        back -= t
        back *= self.factor
        return back


class Attention:
    """The heads' part, between the two linear layers."""

    def __init__(self, batch: int, time: int, heads: int, size: int, mask: Array) -> None:
        self.shape, self.scale, self.mask = (batch, time, 3, heads, size), 1 / math.sqrt(size), mask
        self.weights, self.g = empty(2, batch, heads, time, time)
        self.out, self.back = empty(batch, time, heads, size), empty(*self.shape)
        self.ones = np.ones((time, 1), np.float32)

    def parts(self, qkv: Array) -> Any:
        """Views of q, k and v, each (batch, heads, time, size)."""
        return qkv.reshape(self.shape).transpose(2, 0, 3, 1, 4)

    def forward(self, qkv: Array) -> Array:
        q, k, v = self.q, self.k, self.v = self.parts(qkv)
        q *= self.scale
        a = np.matmul(q, k.swapaxes(2, 3), out=self.weights)
        a += self.mask
        a -= a.max(axis=-1, keepdims=True)
        np.exp(a, out=a)
        a *= 1 / (a @ self.ones)
        np.matmul(a, v, out=self.out.swapaxes(1, 2))
        return self.out.reshape(-1, self.shape[3] * self.shape[4])

    def backward(self, g: Array) -> Array:
        batch, time, _, heads, size = self.shape
        g, a = g.reshape(batch, time, heads, size).swapaxes(1, 2), self.weights
        gq, gk, gv = self.parts(self.back)
        np.matmul(a.swapaxes(2, 3), g, out=gv)
        ga = np.matmul(g, self.v.swapaxes(2, 3), out=self.g)
        ga *= a
        along = ga @ self.ones
        a *= along
        ga -= a
        np.matmul(ga.swapaxes(2, 3), self.q, out=gk)
        np.matmul(ga, self.k, out=gq)
        gq *= self.scale
        return self.back.reshape(batch * time, -1)


class Gelu:
    """x/2 (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x³)"""

    def __init__(self, rows: int, width: int) -> None:
        self.tanh, self.out, self.spare = empty(3, rows, width)

    def forward(self, x: Array) -> Array:
        self.x = x
        u = np.multiply(x, x, out=self.tanh)
        u *= ROOT * CUBIC
        u += ROOT
        u *= x
        np.tanh(u, out=u)
        out = np.add(u, 1, out=self.out)
        out *= x
        out *= 0.5
        return out

    def backward(self, g: Array) -> Array:
        """In place: 1/2 (1 + tanh) + x/2 (1 - tanh²) du."""
        x, tanh, du, t = self.x, self.tanh, self.out, self.spare
        np.multiply(x, x, out=du)
        du *= 1.5 * ROOT * CUBIC
        du += 0.5 * ROOT
        du *= x
        np.multiply(tanh, tanh, out=t)
        np.subtract(1, t, out=t)
        du *= t
        tanh *= 0.5
        tanh += 0.5
        du += tanh
        g *= du
        return g


class Block:
    def __init__(self, p: Parameters, name: str, heads: int, shape: Any, mask: Array) -> None:
        batch, time, width = shape
        rows = batch * time
        self.ln_1, self.ln_2 = (LayerNorm(p, f"{name}.ln_{i}", rows) for i in (1, 2))
        self.to_heads = Layer(p, f"{name}.attn.c_attn", rows)
        self.attention = Attention(batch, time, heads, width // heads, mask)
        self.from_heads = Layer(p, f"{name}.attn.c_proj", rows)
        self.widen, self.narrow = (Layer(p, f"{name}.mlp.{c}", rows) for c in ("c_fc", "c_proj"))
        self.gelu = Gelu(rows, 4 * width)

    def forward(self, x: Array) -> None:
        """In place: x changes as it passes through."""
        h = self.to_heads.forward(self.ln_1.forward(x))
        x += self.from_heads.forward(self.attention.forward(h))
        h = self.widen.forward(self.ln_2.forward(x))
        x += self.narrow.forward(self.gelu.forward(h))

    def backward(self, g: Array) -> None:
        """In place."""
        back = self.gelu.backward(self.narrow.backward(g))
        g += self.ln_2.backward(self.widen.backward(back))
        back = self.attention.backward(self.from_heads.backward(g))
        g += self.ln_1.backward(self.to_heads.backward(back))


def gpt(problem: Problem, _: str) -> Callable[[], Any]:
    p, tokens, y = Parameters(problem), problem.data["x"], problem.data["y"]
    (batch, time), wte, wpe = (
        tokens.shape,
        *(p.w[f"transformer.{name}.weight"] for name in ("wte", "wpe")),
    )
    g_wte, g_wpe = (p.g[f"transformer.{name}.weight"] for name in ("wte", "wpe"))
    vocab, width = wte.shape
    rows = batch * time
    mask = np.triu(np.full((time, time), -np.inf, np.float32), 1)
    blocks = [
        Block(p, f"transformer.h.{i}", problem.sizes["heads"], (batch, time, width), mask)
        for i in range(problem.sizes["layers"])
    ]
    ln_f, flat = LayerNorm(p, "transformer.ln_f", rows), y.reshape(-1)
    x, g = empty(2, rows, width)
    logits, one_hot = empty(2, rows, vocab)
    by_position, spare = x.reshape(batch, time, width), np.empty_like(wte)

    def step() -> float:
        np.take(wte, tokens, axis=0, out=by_position, mode="clip")
        by_position[:] += wpe
        for block in blocks:
            block.forward(x)
        z = np.dot(ln_f.forward(x), wte.T, out=logits)
        loss = cross_entropy(z, flat)
        np.dot(z.T, ln_f.out, out=g_wte)
        np.dot(z, wte, out=g)
        np.copyto(g, ln_f.backward(g))
        for block in blocks[::-1]:
            block.backward(g)
        np.sum(g.reshape(batch, time, width), axis=0, out=g_wpe)
        # Of a small table, the sums of rows by token are a product.
        one_hot[:] = 0
        one_hot[np.arange(rows), tokens.reshape(-1)] = 1
        np.add(g_wte, np.dot(one_hot.T, g, out=spare), out=g_wte)
        p.update()
        return loss

    return step
