"""Convolutional networks, with images as (channels, height, width, batch) in memory.

With the batch last, a window of all images is a copy of long rows, and one product makes many
outputs; channels first make each a row of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Array, Problem
from .dense import cross_entropy
from .parameters import Parameters

Step = Callable[[], Any]
PIECE = 600_000  # numbers of a piece of the window matrix: about what the cache holds


def empty(*shape: int) -> Array:
    return np.empty(shape, np.float32)


class Windows:
    """The windows of padded images, as a matrix with a column for each, piece by piece."""

    def __init__(self, shape: tuple[int, ...], kernel: int, stride: int, padding: int) -> None:
        c, height, width, n = shape
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.padded = np.zeros((c, height + 2 * padding, width + 2 * padding, n), np.float32)
        self.inner = self.padded[:, padding : padding + height, padding : padding + width]
        self.height, self.width = (
            (size + 2 * padding - kernel) // stride + 1 for size in (height, width)
        )
        s = self.padded.strides
        self.all = np.lib.stride_tricks.as_strided(
            self.padded,
            (c, kernel, kernel, self.height, self.width, n),
            (s[0], s[1], s[2], s[1] * stride, s[2] * stride, s[3]),
        )
        k = c * kernel**2
        rows = max(1, min(self.height, PIECE // (k * self.width * n)))
        columns = rows * self.width * n
        # Rows a little longer than a power of two: else they get into each other's way in the cache
        self.matrix = empty(k, columns + 16)[:, :columns]
        self.pieces = [(i, min(i + rows, self.height)) for i in range(0, self.height, rows)]
        self.n = n

    def __iter__(self) -> Any:
        """First and last row of the output, and the piece of the matrix."""
        for start, stop in self.pieces:
            windows = self.all[:, :, :, start:stop]
            columns = (stop - start) * self.width * self.n
            piece = self.matrix[:, :columns]
            np.copyto(piece.reshape(windows.shape), windows)
            yield start, stop, piece


class Convolution:
    """A convolution of images of one shape, with its buffers."""

    def __init__(
        self, p: Parameters, name: str, shape: tuple[int, ...], stride: int = 1, first: bool = False
    ) -> None:
        self.w, self.gw = p.w[f"{name}.weight"], p.g[f"{name}.weight"]
        self.b, self.gb = p.w.get(f"{name}.bias"), p.g.get(f"{name}.bias")
        m, c, kernel, _ = self.w.shape
        padding = kernel // 2
        self.windows = Windows(shape, kernel, stride, padding)
        self.out = empty(m, self.windows.height, self.windows.width, shape[3])
        self.stride, self.shape = stride, shape
        self.small = empty(m, c * kernel**2)
        if first:
            return
        if stride == 1:
            # The gradient of the images is a convolution with the kernels turned around.
            self.turned = empty(c, m, kernel, kernel)
            self.back_windows = Windows(self.out.shape, kernel, 1, kernel - 1 - padding)
            self.back = empty(*shape)
        else:
            self.back = np.zeros_like(self.windows.padded)
            self.parts = empty(*self.windows.matrix.shape)

    def forward(self, x: Array) -> Array:
        np.copyto(self.windows.inner, x)
        w = self.w.reshape(len(self.w), -1)
        for start, stop, matrix in self.windows:
            out = self.out[:, start:stop]
            np.matmul(w, matrix, out=out.reshape(len(w), -1))
        if self.b is not None:
            np.add(self.out, self.b[:, None, None, None], out=self.out)
        return self.out

    def for_weights(self, g: Array) -> None:
        gw = self.gw.reshape(len(self.gw), -1)
        gw[:] = 0
        for start, stop, matrix in self.windows:
            piece = g[:, start:stop].reshape(len(gw), -1)
            gw += np.matmul(piece, matrix.T, out=self.small)
        if self.gb is not None:
            np.sum(g.reshape(len(gw), -1), axis=1, out=self.gb)

    def backward(self, g: Array) -> Array:
        self.for_weights(g)
        if self.stride == 1:
            np.copyto(self.turned, self.w[:, :, ::-1, ::-1].swapaxes(0, 1))
            w = self.turned.reshape(len(self.turned), -1)
            np.copyto(self.back_windows.inner, g)
            for start, stop, matrix in self.back_windows:
                out = self.back[:, start:stop]
                np.matmul(w, matrix, out=out.reshape(len(w), -1))
            return self.back
        w, s, k = self.w.reshape(len(self.w), -1), self.stride, self.w.shape[2]
        width, padding = self.windows.width, self.windows.padding
        self.back[:] = 0
        for start, stop in self.windows.pieces:
            piece = g[:, start:stop].reshape(len(w), -1)
            parts = np.matmul(w.T, piece, out=self.parts[:, : piece.shape[1]])
            parts = parts.reshape(self.windows.all[:, :, :, start:stop].shape)
            for i in range(k):
                rows = slice(s * start + i, s * (stop - 1) + i + 1, s)
                for j in range(k):
                    self.back[:, rows, j : j + s * (width - 1) + 1 : s] += parts[:, i, j]
        return self.back[:, padding : padding + self.shape[1], padding : padding + self.shape[2]]


class ReluPool:
    """relu and the maxima of 2 x 2: in the other order, relu has a quarter of the work."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        c, height, width, n = shape
        self.out, self.spare = (empty(c, height // 2, width // 2, n) for _ in range(2))
        self.zeros, self.equal = np.zeros_like(self.out), np.empty(self.out.shape, bool)
        self.back = np.empty(shape, np.float32)

    def forward(self, x: Array) -> Array:
        self.pieces = [(x[:, i::2, j::2], self.back[:, i::2, j::2]) for i in (0, 1) for j in (0, 1)]
        (a, _), (b, _), (c, _), (d, _) = self.pieces
        out = np.maximum(a, b, out=self.out)
        np.maximum(c, d, out=self.spare)
        np.maximum(out, self.spare, out=out)
        return np.maximum(out, self.zeros, out=out)

    def backward(self, g: Array) -> Array:
        g *= np.greater(self.out, 0, out=self.equal)
        for x, back in self.pieces:
            np.equal(x, self.out, out=self.equal)
            np.multiply(g, self.equal, out=back)
        return self.back


class Scores:
    """The last linear layer and the cross-entropy, of columns (features, batch)."""

    def __init__(self, p: Parameters, name: str) -> None:
        self.w, self.b = p.w[f"{name}.weight"], p.w[f"{name}.bias"]
        self.gw, self.gb = p.g[f"{name}.weight"], p.g[f"{name}.bias"]

    def __call__(self, h: Array, y: Array) -> tuple[float, Array]:
        """The loss, and the gradient of h."""
        z = np.ascontiguousarray((self.w @ h).T)
        z += self.b
        loss = cross_entropy(z, y)
        np.dot(z.T, h.T, out=self.gw)
        np.sum(z, axis=0, out=self.gb)
        return loss, np.dot(self.w.T, z.T)


def cnn(problem: Problem, _: str) -> Step:
    p, x, y = Parameters(problem), problem.data["x"], problem.data["y"]
    n, _channels, height, width = x.shape
    first = Convolution(p, "0", (1, height, width, n), first=True)
    pool = ReluPool(first.out.shape)
    second = Convolution(p, "3", pool.out.shape)
    again = ReluPool(second.out.shape)
    scores = Scores(p, "7")

    def step() -> float:
        h = pool.forward(first.forward(x.transpose(1, 2, 3, 0)))
        h = again.forward(second.forward(h))
        loss, g = scores(h.reshape(-1, n), y)
        g = second.backward(again.backward(g.reshape(h.shape)))
        first.for_weights(pool.backward(g))
        p.update()
        return loss

    return step


class BatchNorm:
    def __init__(self, p: Parameters, name: str, shape: tuple[int, ...]) -> None:
        self.w, self.b = p.w[f"{name}.weight"], p.w[f"{name}.bias"]
        self.gw, self.gb = p.g[f"{name}.weight"], p.g[f"{name}.bias"]
        self.shape, self.flat = shape, (shape[0], shape[1] * shape[2] * shape[3])
        self.normal, self.out, self.spare = (empty(*self.flat) for _ in range(3))
        self.ones = np.ones(self.flat[1], np.float32)
        self.mean, self.var = np.zeros(shape[0], np.float32), np.ones(shape[0], np.float32)

    def forward(self, x: Array) -> Array:
        x, m = x.reshape(self.flat), self.flat[1]
        mean = x @ self.ones / m
        z = np.subtract(x, mean[:, None], out=self.normal)
        var = np.einsum("ij,ij->i", z, z) / m
        for running, new in ((self.mean, mean), (self.var, var * (m / (m - 1)))):
            running *= 0.9
            running += 0.1 * new
        self.factor = 1 / np.sqrt(var + 1e-5)
        z *= self.factor[:, None]
        np.multiply(z, self.w[:, None], out=self.out)
        np.add(self.out, self.b[:, None], out=self.out)
        return self.out.reshape(self.shape)

    def backward(self, g: Array) -> Array:
        g, m = g.reshape(self.flat), self.flat[1]
        np.dot(g, self.ones, out=self.gb)
        np.einsum("ij,ij->i", g, self.normal, out=self.gw)
        out = np.multiply(self.normal, (-self.gw / m)[:, None], out=self.spare)
        out += g
        out -= (self.gb / m)[:, None]
        out *= (self.factor * self.w)[:, None]
        return out.reshape(self.shape)


class Relu:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.zeros, self.mask = np.zeros(shape, np.float32), np.empty(shape, bool)

    def forward(self, x: Array) -> Array:
        """In place."""
        self.out = np.maximum(x, self.zeros, out=x)
        return x

    def backward(self, g: Array) -> Array:
        """In place."""
        g *= np.greater(self.out, 0, out=self.mask)
        return g


class Block:
    """relu(x + f(x)), f being conv, bn, relu, conv, bn; x by a 1 x 1 where the shape changes."""

    def __init__(self, p: Parameters, name: str, shape: tuple[int, ...], stride: int) -> None:
        self.conv1 = Convolution(p, f"{name}.conv1", shape, stride)
        out = self.conv1.out.shape
        self.bn1, self.relu1 = BatchNorm(p, f"{name}.bn1", out), Relu(out)
        self.conv2 = Convolution(p, f"{name}.conv2", out)
        self.bn2, self.relu2 = BatchNorm(p, f"{name}.bn2", out), Relu(out)
        self.shape, self.short = out, f"{name}.downsample.0.weight" in p.w
        if self.short:
            self.conv3 = Convolution(p, f"{name}.downsample.0", shape, stride)
            self.bn3 = BatchNorm(p, f"{name}.downsample.1", out)

    def forward(self, x: Array) -> Array:
        h = self.relu1.forward(self.bn1.forward(self.conv1.forward(x)))
        h = self.bn2.forward(self.conv2.forward(h))
        h += self.bn3.forward(self.conv3.forward(x)) if self.short else x
        return self.relu2.forward(h)

    def backward(self, g: Array) -> Array:
        g = self.relu2.backward(g)
        back = self.relu1.backward(self.conv2.backward(self.bn2.backward(g)))
        back = self.conv1.backward(self.bn1.backward(back))
        back += self.conv3.backward(self.bn3.backward(g)) if self.short else g
        return back


def resnet(problem: Problem, _: str) -> Step:
    p, x, y = Parameters(problem), problem.data["x"], problem.data["y"]
    n, _channels, height, width = x.shape
    stem = Convolution(p, "conv1", (3, height, width, n), first=True)
    bn, relu = BatchNorm(p, "bn1", stem.out.shape), Relu(stem.out.shape)
    blocks, shape = [], stem.out.shape
    for layer in (1, 2, 3):
        for i in range((problem.sizes["depth"] - 2) // 6):
            stride = 2 if layer > 1 and i == 0 else 1
            blocks.append(Block(p, f"layer{layer}.{i}", shape, stride))
            shape = blocks[-1].shape
    scores, pixels = Scores(p, "fc"), shape[1] * shape[2]
    back = empty(*shape)

    def step() -> float:
        h = relu.forward(bn.forward(stem.forward(x.transpose(1, 2, 3, 0))))
        for block in blocks:
            h = block.forward(h)
        mean = h.reshape(len(h), pixels, n).sum(axis=1)
        mean *= 1 / pixels
        loss, g = scores(mean, y)
        g *= 1 / pixels
        np.copyto(back, g[:, None, None])
        g = back
        for block in blocks[::-1]:
            g = block.backward(g)
        stem.for_weights(bn.backward(relu.backward(g)))
        p.update()
        return loss

    return step
