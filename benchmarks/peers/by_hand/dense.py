"""Networks of linear layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...rows import Array, Problem
from .parameters import Parameters

Step = Callable[[], Any]


def empty(*shape: int) -> Array:
    return np.empty(shape, np.float32)


def cross_entropy(z: Array, y: Array) -> float:
    """The loss of the scores z, in whose place their gradient comes."""
    n = np.arange(len(y))
    z -= z.max(axis=1, keepdims=True)
    chosen = z[n, y]
    np.exp(z, out=z)
    sums = z.sum(axis=1, keepdims=True)
    z *= 1 / (len(y) * sums)
    z[n, y] -= np.float32(1 / len(y))
    return float(np.log(sums).sum() - chosen.sum()) / len(y)


def squared_error(z: Array, y: Array) -> float:
    z -= y
    flat = z.reshape(-1)
    loss = float(np.dot(flat, flat)) / z.size
    z *= 2 / z.size
    return loss


# Activations in place, and in place the gradient's way back, given what the activation gave.


def relu(z: Array, zeros: Array) -> None:
    np.maximum(z, zeros, out=z)  # of two arrays it is three times as fast as with a number


def relu_back(g: Array, a: Array, t: Array) -> None:
    t[:] = a > 0
    g *= t


def tanh(z: Array, _: Array) -> None:
    np.tanh(z, out=z)


def tanh_back(g: Array, a: Array, t: Array) -> None:
    np.multiply(a, a, out=t)
    np.subtract(1, t, out=t)
    g *= t


def sigmoid(z: Array, _: Array) -> None:
    z *= 0.5
    np.tanh(z, out=z)
    z *= 0.5
    z += 0.5


def sigmoid_back(g: Array, a: Array, t: Array) -> None:
    np.subtract(1, a, out=t)
    t *= a
    g *= t


class Layer:
    """One linear layer for `batch` rows: its weights, gradients and buffers."""

    def __init__(self, parameters: Parameters, name: str, batch: int) -> None:
        self.w, self.b = (parameters.w[f"{name}.{kind}"] for kind in ("weight", "bias"))
        self.gw, self.gb = (parameters.g[f"{name}.{kind}"] for kind in ("weight", "bias"))
        n_out, n_in = self.w.shape
        self.out, self.spare, self.zeros = (np.zeros((batch, n_out), np.float32) for _ in range(3))
        self.back, self.ones = empty(batch, n_in), np.ones(batch, np.float32)

    def forward(self, x: Array) -> Array:
        self.x = x
        np.dot(x, self.w.T, out=self.out)
        np.add(self.out, self.b, out=self.out)
        return self.out

    def for_weights(self, g: Array) -> None:
        np.dot(g.T, self.x, out=self.gw)
        np.dot(self.ones, g, out=self.gb)

    def backward(self, g: Array) -> Array:
        self.for_weights(g)
        return np.dot(g, self.w, out=self.back)


def layers(problem: Problem, parameters: Parameters) -> list[Layer]:
    names = [name.removesuffix(".weight") for name in problem.weights if name.endswith("weight")]
    return [Layer(parameters, name, len(problem.data["x"])) for name in names]


def training(problem: Problem, activation: Any, slope: Any, loss: Any, last: bool = False) -> Step:
    """Layers with an activation after each, after the last one only if `last`."""
    p, x, y = Parameters(problem), problem.data["x"], problem.data["y"]
    *hidden, top = layers(problem, p)
    given = np.empty_like(top.out)

    def step() -> float:
        h = x
        for layer in hidden:
            h = layer.forward(h)
            activation(h, layer.zeros)
        g = top.forward(h)
        if last:
            activation(g, top.zeros)
            np.copyto(given, g)
        value = loss(g, y)
        if last:
            slope(g, given, top.spare)
        for layer, below in zip([top, *hidden[::-1]], hidden[::-1], strict=False):
            g = layer.backward(g)
            slope(g, below.out, below.spare)
        (hidden or [top])[0].for_weights(g)
        p.update()
        return value

    return step


def toy(problem: Problem, _: str) -> Step:
    return training(problem, tanh, tanh_back, squared_error)


def seed(problem: Problem, _: str) -> Step:
    return training(problem, sigmoid, sigmoid_back, squared_error, last=True)


def mlp(problem: Problem, _: str) -> Step:
    return training(problem, relu, relu_back, cross_entropy)


def vae(problem: Problem, _: str) -> Step:
    p, x, noise = Parameters(problem), problem.data["x"], problem.data["noise"]
    names = "encoder", "mean", "log_var", "decoder.0", "decoder.2"
    encoder, to_mean, to_log_var, first, second = (Layer(p, name, len(x)) for name in names)
    z, scale, t = (empty(*noise.shape) for _ in range(3))
    e, s = (empty(*x.shape) for _ in range(2))
    zeros = np.zeros_like(e)
    n = len(x)

    def step() -> float:
        h = encoder.forward(x)
        relu(h, encoder.zeros)
        mean, log_var = to_mean.forward(h), to_log_var.forward(h)
        np.multiply(log_var, 0.5, out=scale)
        np.exp(scale, out=scale)  # the standard deviation
        np.multiply(scale, noise, out=z)
        np.add(z, mean, out=z)
        d = first.forward(z)
        relu(d, first.zeros)
        logits = second.forward(d)
        # log(1 + exp(logits)) - x logits, without an overflow: with e = exp(-|logits|)
        np.abs(logits, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.log1p(e, out=s)
        loss = float(s.sum()) - float(np.vdot(x, logits))
        np.maximum(logits, zeros, out=s)
        loss += float(s.sum())
        # The sigmoid, less x, is the gradient.
        np.multiply(logits, 0.5, out=e)
        np.tanh(e, out=e)
        np.add(e, 1, out=e)
        np.multiply(e, 0.5, out=e)
        np.subtract(e, x, out=e)
        np.multiply(e, 1 / n, out=e)
        np.multiply(scale, scale, out=t)  # the variance
        loss += 0.5 * float(np.vdot(mean, mean) + t.sum() - log_var.sum() - log_var.size)

        g = second.backward(e)
        relu_back(g, d, first.spare)
        gz = first.backward(g)
        # mean: gz + mean / n; log_var: gz noise scale / 2 + (variance - 1) / 2n
        np.subtract(t, 1, out=t)
        np.multiply(t, 1 / n, out=t)
        np.multiply(gz, noise, out=to_log_var.spare)
        to_log_var.spare *= scale
        np.add(t, to_log_var.spare, out=t)
        np.multiply(t, 0.5, out=t)
        np.multiply(mean, 1 / n, out=to_mean.spare)
        to_mean.spare += gz
        g = to_mean.backward(to_mean.spare)
        g += to_log_var.backward(t)
        relu_back(g, h, encoder.spare)
        encoder.for_weights(g)
        p.update()
        return loss / n

    return step
