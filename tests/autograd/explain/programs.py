"""Computations to draw: those that lectures show, and random ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import nn
from autograd import Tensor, explain, gradients

Story = explain.Story
rng = np.random.default_rng


def leaf(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(rng(seed).normal(size=shape), requires_grad=True)


def neuron() -> Story:
    x1, x2, w1, w2 = (Tensor(v, requires_grad=True) for v in (2.0, 0.0, -3.0, 1.0))
    b = Tensor(6.8813735870195432, requires_grad=True)
    with explain.watch() as story:
        n = x1 * w1 + x2 * w2 + b
        o = np.tanh(n)
        o.backward()
    return story


def mlp() -> Story:
    model, criterion = nn.models.MLP([4, 3, 2]), nn.CrossEntropyLoss()
    X, y = rng(0).normal(size=(5, 4)).astype(np.float32), np.array([0, 1, 0, 1, 1])
    with explain.watch() as story:
        loss = criterion(model(X), y)
        loss.backward()
    return story


def residual() -> Story:
    block, x = nn.models.BasicBlock(4, 8, 2), np.ones((2, 4, 8, 8), np.float32)
    with explain.watch() as story:
        y = block(x)
        (y * y).mean().backward()
    return story


def head() -> Story:
    x, Wq, Wk, Wv = leaf(4, 8), leaf(8, 4, seed=1), leaf(8, 4, seed=2), leaf(8, 4, seed=3)
    mask = np.triu(np.full((4, 4), -np.inf), 1)
    with explain.watch() as story:
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        weights = nn.functional.softmax(q @ k.T / 2 + mask, -1)
        (weights @ v).sum().backward()
    return story


def attention() -> Story:
    layer, x = nn.MultiheadAttention(8, 2), np.ones((4, 3, 8), np.float32)
    with explain.watch() as story:
        layer(x, x, x)[0].sum().backward()
    return story


def double() -> Story:
    x = Tensor(0.5, requires_grad=True)
    with explain.watch() as story:
        y = np.tanh(x)
        (slope,) = gradients(y, x, create_graph=True)
        (slope**2).backward()
    return story


def recurrent() -> Story:
    cell, h, x = nn.RNNCell(3, 4), None, np.ones((4, 2, 3), np.float32)
    with explain.watch() as story:
        for t in range(4):
            h = cell(x[t], h)
        h.sum().backward()
    return story


def transformer() -> Story:
    model = nn.models.GPT(vocab_size=10, block_size=8, n_layer=2, n_head=2, n_embd=8)
    with explain.watch() as story:
        model(np.zeros((1, 5), int)).sum().backward()
    return story


def several() -> Story:
    m, e = leaf(2, 2), leaf(0, 3)
    with explain.watch() as story:
        a, b = np.split(m.ravel(), 2)
        logdet = np.linalg.slogdet(m @ m.T + np.eye(2))[1]
        ((a * b).sum() + logdet + e.sum()).backward()
    return story


def square() -> Story:
    x = Tensor(3.0, requires_grad=True)
    with explain.watch() as story:
        (x * x * x).backward()
    return story


def alone() -> Story:
    with explain.watch() as story:
        np.exp(Tensor(3.0, requires_grad=True))
    return story


def tangle(n: int, seed: int) -> Callable[[], Story]:
    """Ops on random earlier values."""

    def make() -> Story:
        g = rng(seed)
        values = [Tensor(v, requires_grad=True) for v in g.normal(size=4)]
        with explain.watch() as story:
            for _ in range(n):
                a, b = (values[i] for i in g.integers(len(values), size=2))
                values.append(
                    a * b if g.random() < 0.5 else np.sin(a) if g.random() < 0.8 else a + 1
                )
            sum(values[-3:]).backward()
        return story

    return make


def nest(seed: int) -> Callable[[], Story]:
    """Random modules within modules, with values that skip over them."""
    g = rng(seed)

    class Node(nn.Module):
        def __init__(self, depth: int) -> None:
            self.inner = [Node(depth - 1) for _ in range(g.integers(1, 4))] if depth else []
            self.w = nn.Parameter(np.float32(g.normal()))
            self.ways = g.integers(0, 2**31, size=8)

        def forward(self, *xs: Tensor) -> Tensor:
            values = [*xs, xs[0] * self.w]
            for way, module in zip(self.ways, self.inner, strict=False):
                values.append(module(values[way % len(values)], values[way // 7 % len(values)]))
                values.append(values[way // 5 % len(values)] + values[-1])
            return values[-1]

    model, x = Node(3), Tensor(0.5, requires_grad=True)

    def make() -> Story:
        with explain.watch() as story:
            (model(x) + x).backward()
        return story

    return make


LECTURES = (
    neuron, mlp, residual, head, attention, double, recurrent, transformer, several, square, alone,
)  # fmt: skip
PROGRAMS: dict[str, Callable[[], Story]] = {
    **{make.__name__: make for make in LECTURES},
    **{f"tangle{n}": tangle(n, n) for n in (10, 40, 160)},
    **{f"nest{seed}": nest(seed) for seed in range(6)},
}
