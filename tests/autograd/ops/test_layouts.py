"""Gradients of every memory layout, beyond every threshold of size: the same numbers come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, op

RNG = np.random.default_rng(0)


def layouts(g: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers of `g`, or of as many that are all alike, as they may lie in memory."""
    wide = np.repeat(g, 2, axis=-1) if g.ndim else g
    frozen = g.copy()
    frozen.flags.writeable = False
    return {
        "broadcast": np.broadcast_to(g.flat[0], g.shape),
        "broadcast rows": np.broadcast_to(g[:1], g.shape) if g.ndim else g,
        "reversed": g[::-1] if g.ndim else g,
        "transposed": g.T.copy().T,
        "strided": wide[..., ::2],
        "strided first": np.repeat(g, 2, axis=0)[::2] if g.ndim else g,
        "read-only": frozen,
        "real part": (g + 1j * RNG.standard_normal(g.shape)).real,
        "big-endian": g.astype(g.dtype.newbyteorder(">")).astype(g.dtype),
    }


@op
def passing(x, how=None):
    """x itself; its gradient comes in the memory layout `how`."""
    return x + 0, lambda g: how


INDEX = RNG.integers(0, 50, 600)
PAIR = RNG.integers(0, 50, (30, 40))
IMAGES = 24, 4, 13, 16


def kernel(x: Any, *shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(x.dtype)


RULES: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "rows of an even width": ((50, 8), lambda x: x[INDEX]),
    "rows of an odd width": ((50, 7), lambda x: x[INDEX]),
    "rows of width 1": ((50, 1), lambda x: x[PAIR.ravel()]),
    "long rows": ((50, 300), lambda x: x[INDEX[:20]]),
    "longer rows": ((50, 1100), lambda x: x[INDEX[:20]]),
    "numbers": ((50,), lambda x: x[PAIR]),
    "a middle axis": ((3, 50, 4), lambda x: x[:, INDEX]),
    "the last axis": ((7, 50), lambda x: x[:, INDEX]),
    "negative indices": ((50, 8), lambda x: x[INDEX - 50]),
    "an index of two axes": ((50, 8), lambda x: x[PAIR]),
    "two indices": ((50, 50), lambda x: x[PAIR.ravel(), PAIR.ravel()[::-1]]),
    "few numbers": ((50, 8), lambda x: x[INDEX[:5]]),
    "take": ((50, 8), lambda x: np.take(x, INDEX, axis=0)),
    "take wrapped": ((50, 8), lambda x: np.take(x, INDEX + 50, axis=0, mode="wrap")),
    "repeat each": ((50, 8), lambda x: np.repeat(x, np.full(50, 12), axis=0)),
    "repeat often": ((50, 8), lambda x: np.repeat(x, 12, axis=0)),
    "repeat 8 times": ((50, 8), lambda x: np.repeat(x, 8, axis=0)),
    "tile": ((50, 8), lambda x: np.tile(x, (3, 2))),
    "resize": ((50, 8), lambda x: np.resize(x, (70, 20))),
    "pad": ((50, 30), lambda x: np.pad(x, 3, mode="wrap")),
    "take along": ((50, 8), lambda x: np.take_along_axis(x, INDEX[:400].reshape(50, 8) % 8, 1)),
    "windows": ((50, 8), lambda x: np.lib.stride_tricks.sliding_window_view(x, (5, 3))),
    "diagonal": ((60, 60), lambda x: np.diagonal(x, 2)),
    "sum": ((50, 8), lambda x: x.sum(0)),
    "mean": ((50, 8), lambda x: x.mean(1, keepdims=True)),
    "max": ((50, 8), lambda x: x.max(0)),
    "cumsum": ((50, 8), lambda x: np.cumsum(x, 1)),
    "sort": ((50, 8), lambda x: np.sort(x, 0)),
    "product": ((5, 50, 8), lambda x: x @ np.ones((8, 3))),
    "product of stacks": ((5, 50, 8), lambda x: x @ np.ones((5, 8, 3))),
    "linear": ((5, 50, 8), lambda x: nn.functional.linear(x, np.ones((3, 8)), np.ones(3))),
    "linear's bias": ((60,), lambda b: nn.functional.linear(np.ones((70, 2)), np.ones((60, 2)), b)),
    "binary cross-entropy": (
        (50, 8),
        lambda x: nn.functional.binary_cross_entropy_with_logits(
            x, np.full((50, 8), 0.3), reduction="none"
        ),
    ),
    "gelu": ((50, 80), nn.functional.gelu),
    "gelu by tanh": ((50, 80), lambda x: nn.functional.gelu(x, "tanh")),
    "attention": ((9, 4, 50, 8), lambda x: nn.functional.scaled_dot_product_attention(x, x, x)),
    "attention of parted heads": (
        (9, 50, 4, 8),
        lambda x: nn.functional.scaled_dot_product_attention(
            *[x.swapaxes(1, 2)] * 3, is_causal=True
        ).swapaxes(1, 2),
    ),
    "tensordot": ((5, 50, 8), lambda x: np.tensordot(x, np.ones((8, 50)), ([2, 1], [0, 1]))),
    "einsum": ((5, 50, 8), lambda x: np.einsum("ijk,k->ji", x, np.ones(8))),
    "rfft": ((50, 8), lambda x: np.fft.irfft(np.fft.rfft(x, axis=0), axis=0)),
    "reshape": ((50, 8), lambda x: x.T.reshape(20, 20)),
    "concatenate": ((50, 8), lambda x: np.concatenate([x, x[::-1]], 1)),
    "convolution": (IMAGES, lambda x: F.conv2d(x, kernel(x, 8, 4, 3, 3), padding=1)),
    "convolution, stride": (IMAGES, lambda x: F.conv2d(x, kernel(x, 8, 4, 3, 3), stride=2)),
    "convolution, one by one": (IMAGES, lambda x: F.conv2d(x, kernel(x, 8, 4, 1, 1))),
    "depthwise": (IMAGES, lambda x: F.conv2d(x, kernel(x, 4, 1, 3, 3), padding=1, groups=4)),
    "depthwise, stride": (IMAGES, lambda x: F.conv2d(x, kernel(x, 4, 1, 3, 3), None, 2, groups=4)),
    "transposed": (IMAGES, lambda x: F.conv_transpose2d(x, kernel(x, 4, 3, 3, 3), stride=2)),
    "max pooling": (IMAGES, lambda x: F.max_pool2d(x, 2)),
    "max pooling, overlapping": (IMAGES, lambda x: F.max_pool2d(x, 3, 2, 1)),
    "mean pooling": (IMAGES, lambda x: F.avg_pool2d(x, 2)),
    "batch norm": (IMAGES, lambda x: F.batch_norm(x, None, None, training=True)),
    "relu": (IMAGES, F.relu),
    "relu6": (IMAGES, F.relu6),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_of_any_layout_gives_the_same(rule: str, dtype: Any) -> None:
    shape, f = RULES[rule]
    rng = np.random.default_rng(0)  # of its own: the same numbers whichever tests ran before
    values = rng.standard_normal(shape).astype(dtype)
    y = f(Tensor(values))
    for how, g in layouts(rng.standard_normal(y.shape).astype(dtype)).items():
        plain, given = (Tensor(values, requires_grad=True) for _ in range(2))
        f(plain).backward(np.array(g))
        before = np.array(g)
        passing(f(given), how=g).sum().backward()
        np.testing.assert_array_equal(g, before, err_msg=f"{how}: written to")
        np.testing.assert_allclose(
            given.grad, plain.grad, rtol=1e-5, atol=1e-5, err_msg=f"{rule}, {how}"
        )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_repeated_reads_add_up(dtype: Any) -> None:
    for width in (1, 2, 7, 8, 300, 1001):
        x = Tensor(np.ones((50, width), dtype), requires_grad=True)
        x[INDEX].backward(np.ones((600, width)))
        np.testing.assert_array_equal(
            x.grad, np.repeat(np.bincount(INDEX, minlength=50)[:, None], width, 1)
        )


def test_the_gradient_of_an_embedding_comes_in_any_layout() -> None:
    table, tokens = nn.Embedding(100, 64), RNG.integers(0, 100, (4, 10))
    for f, g in [
        (lambda y: y.sum(), lambda s: np.ones(s)),
        (lambda y: y.mean(), lambda s: np.full(s, 1 / np.prod(s))),
        (lambda y: (y * y.T.shape[0]).max(axis=2).sum(), None),
        (lambda y: np.flip(y, -1)[..., ::2].sum(), None),
    ]:
        table.zero_grad()
        y = table(tokens)
        f(y).backward()
        expected = np.zeros((100, 64))
        leaf = Tensor(y.detach().numpy().astype(float), requires_grad=True)
        f(leaf).backward()
        np.add.at(expected, tokens, leaf.grad)
        np.testing.assert_allclose(table.weight.grad, expected, rtol=1e-5, atol=1e-6)
        if g is not None:
            np.testing.assert_allclose(leaf.grad, g(y.shape), rtol=1e-6)
