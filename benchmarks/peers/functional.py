"""The rows as functions of a dict of weights, for libraries that bring a NumPy of their own.

HIPS autograd, JAX and MyGrad all do: their users write a network in these words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy

from ..rows import Problem

Loss = Callable[[Any, Any], Any]  # of the weights and the data


class Networks:
    """The losses of the rows, in the words of `np`; a library changes what it has better."""

    def __init__(self, np: ModuleType) -> None:
        self.np = np

    def loss(self, problem: Problem) -> Loss:
        """The row's function of weights and data."""
        return getattr(self, problem.name.replace("-", "_"))(problem)

    # What networks are made of

    def relu(self, z: Any) -> Any:
        return self.np.maximum(z, 0)

    def sigmoid(self, z: Any) -> Any:
        return 1 / (1 + self.np.exp(-z))

    def cross_entropy(self, z: Any, y: Any) -> Any:
        np = self.np
        z = z - np.max(z, axis=1, keepdims=True)
        scores = z[numpy.arange(len(y)), y]
        return np.mean(np.log(np.sum(np.exp(z), axis=1)) - scores)

    def dense(self, problem: Problem, activation: Any) -> Callable[[Any, Any], Any]:
        names = [name[:-7] for name in problem.weights if name.endswith("weight")]

        def scores(w: Any, x: Any) -> Any:
            for i, name in enumerate(names):
                x = (activation(x) if i else x) @ w[f"{name}.weight"].T + w[f"{name}.bias"]
            return x

        return scores

    # The rows

    def scalars(self, problem: Problem) -> Loss:
        rounds = problem.sizes["rounds"]

        def loss(weights: Any, data: Any) -> Any:
            w, v = ([weights[name][k] for k in range(8)] for name in ("w", "v"))
            x = data["x"]
            a = b = numpy.float32(1)
            for i in range(rounds):
                k = i % 8
                a = self.relu(a * w[k] + b * v[k])
                b = (a + b) * 0.5 + x[k]
            return a * b

        return loss

    def chain(self, problem: Problem) -> Loss:
        np, rounds = self.np, problem.sizes["rounds"]

        def loss(weights: Any, data: Any) -> Any:
            y, a, b = weights["y"], data["a"], data["b"]
            for _ in range(rounds):
                y = np.tanh(y + b) - b
                y = y * a / a
            return np.sum(y * y)

        return loss

    chain_small = chain_large = chain

    def toy(self, problem: Problem) -> Loss:
        scores = self.dense(problem, self.np.tanh)

        def loss(w: Any, data: Any) -> Any:
            return self.np.mean((scores(w, data["x"]) - data["y"]) ** 2)

        return loss

    def seed(self, problem: Problem) -> Loss:
        scores = self.dense(problem, self.sigmoid)

        def loss(w: Any, data: Any) -> Any:
            return self.np.mean((self.sigmoid(scores(w, data["x"])) - data["y"]) ** 2)

        return loss

    def mlp(self, problem: Problem) -> Loss:
        scores = self.dense(problem, self.relu)
        return lambda w, data: self.cross_entropy(scores(w, data["x"]), data["y"])

    wide = mlp

    def vae(self, _: Problem) -> Loss:
        np = self.np

        def loss(w: Any, data: Any) -> Any:
            def linear(name: str, x: Any) -> Any:
                return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

            x = data["x"]
            h = self.relu(linear("encoder", x))
            mean, log_var = linear("mean", h), linear("log_var", h)
            z = mean + np.exp(0.5 * log_var) * data["noise"]
            logits = linear("decoder.2", self.relu(linear("decoder.0", z)))
            bits = np.sum(self.relu(logits) - x * logits + np.log1p(np.exp(-np.abs(logits))))
            kl = 0.5 * np.sum(mean**2 + np.exp(log_var) - 1 - log_var)
            return (bits + kl) / len(x)

        return loss

    def squared_norm(self, problem: Problem) -> Loss:
        scores = self.dense(problem, self.np.tanh)

        def inner(w: Any, data: Any) -> Any:
            return self.cross_entropy(scores(w, data["x"]), data["y"])

        gradient = self.gradient(inner)

        def loss(w: Any, data: Any) -> Any:
            grads = gradient(w, data)
            return sum(self.np.sum(grads[name] ** 2) for name in problem.weights)

        return loss

    def gradient(self, function: Loss) -> Loss:
        """The gradient of a function for its first argument, to differentiate again."""
        raise NotImplementedError

    def lstm_step(self, z: Any, c: Any) -> tuple[Any, Any]:
        n = c.shape[1]
        i, f, o = (self.sigmoid(z[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
        c = f * c + i * self.np.tanh(z[:, 2 * n : 3 * n])
        return o * self.np.tanh(c), c

    def lstm(self, _: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            x = data["x"]
            bias = w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
            inputs = x @ w["rnn.weight_ih_l0"].T + bias
            h = c = numpy.zeros((x.shape[1], len(bias) // 4), numpy.float32)
            for t in range(len(x)):
                h, c = self.lstm_step(inputs[t] + h @ w["rnn.weight_hh_l0"].T, c)
            return self.cross_entropy(h @ w["linear.weight"].T + w["linear.bias"], data["y"])

        return loss

    def gpt(self, problem: Problem) -> Loss:
        np, sizes = self.np, problem.sizes
        heads = sizes["heads"]
        (batch, time), width = (
            problem.data["x"].shape,
            problem.weights["transformer.ln_f.bias"].size,
        )
        mask = numpy.triu(numpy.full((time, time), -numpy.inf, numpy.float32), 1)

        def loss(w: Any, data: Any) -> Any:
            def linear(name: str, x: Any) -> Any:
                return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

            def layer_norm(name: str, x: Any) -> Any:
                x = x - np.mean(x, axis=-1, keepdims=True)
                x = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-5)
                return x * w[f"{name}.weight"] + w[f"{name}.bias"]

            def attention(name: str, x: Any) -> Any:
                qkv = linear(f"{name}.c_attn", x)
                q, k, v = (
                    np.swapaxes(
                        np.reshape(
                            qkv[:, i * width : (i + 1) * width],
                            (batch, time, heads, width // heads),
                        ),
                        1,
                        2,
                    )
                    for i in range(3)
                )
                a = q @ np.swapaxes(k, 2, 3) / math.sqrt(width // heads) + mask
                a = np.exp(a - np.max(a, axis=-1, keepdims=True))
                y = (a / np.sum(a, axis=-1, keepdims=True)) @ v
                return linear(f"{name}.c_proj", np.reshape(np.swapaxes(y, 1, 2), (-1, width)))

            def gelu(x: Any) -> Any:
                u = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
                return 0.5 * x * (1 + np.tanh(u))

            x = w["transformer.wte.weight"][data["x"]] + w["transformer.wpe.weight"]
            x = np.reshape(x, (batch * time, width))
            for i in range(sizes["layers"]):
                name = f"transformer.h.{i}"
                x = x + attention(f"{name}.attn", layer_norm(f"{name}.ln_1", x))
                h = gelu(linear(f"{name}.mlp.c_fc", layer_norm(f"{name}.ln_2", x)))
                x = x + linear(f"{name}.mlp.c_proj", h)
            x = layer_norm("transformer.ln_f", x)
            return self.cross_entropy(x @ w["transformer.wte.weight"].T, data["y"].reshape(-1))

        return loss
