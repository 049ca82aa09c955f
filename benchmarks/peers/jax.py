"""The rows in JAX: each operation by itself, or the whole step compiled by jax.jit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..rows import Problem
from . import NotRunError
from .functional import Loss, Networks

convolution = partial(lax.conv_general_dilated, dimension_numbers=("NCHW", "OIHW", "NCHW"))


class Jax(Networks):
    def gradient(self, function: Loss) -> Loss:
        return jax.grad(function)

    def relu(self, z: Any) -> Any:
        return jax.nn.relu(z)

    def sigmoid(self, z: Any) -> Any:
        return jax.nn.sigmoid(z)

    def cross_entropy(self, z: Any, y: Any) -> Any:
        scores = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - scores)

    def lstm(self, _: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            x = data["x"]
            bias = w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
            inputs = x @ w["rnn.weight_ih_l0"].T + bias

            def step(state: Any, z: Any) -> Any:
                h, c = state
                return self.lstm_step(z + h @ w["rnn.weight_hh_l0"].T, c), None

            zeros = jnp.zeros((x.shape[1], len(bias) // 4), jnp.float32)
            (h, _), _ = lax.scan(step, (zeros, zeros), inputs)
            return self.cross_entropy(h @ w["linear.weight"].T + w["linear.bias"], data["y"])

        return loss

    def cnn(self, _: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            h = data["x"]
            for name in ("0", "3"):
                h = convolution(h, w[f"{name}.weight"], (1, 1), "SAME")
                h = jax.nn.relu(h + w[f"{name}.bias"][:, None, None])
                h = lax.reduce_window(h, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            z = h.reshape(len(h), -1) @ w["7.weight"].T + w["7.bias"]
            return self.cross_entropy(z, data["y"])

        return loss

    def resnet(self, problem: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            def conv(name: str, x: Any, stride: int = 1) -> Any:
                weight = w[f"{name}.weight"]
                p = weight.shape[2] // 2
                return convolution(x, weight, (stride, stride), ((p, p), (p, p)))

            def bn(name: str, x: Any) -> Any:
                mean = jnp.mean(x, axis=(0, 2, 3), keepdims=True)
                var = jnp.var(x, axis=(0, 2, 3), keepdims=True)
                weight, bias = (w[f"{name}.{kind}"][:, None, None] for kind in ("weight", "bias"))
                return (x - mean) * lax.rsqrt(var + 1e-5) * weight + bias

            h = jax.nn.relu(bn("bn1", conv("conv1", data["x"])))
            for name in (k[:-13] for k in problem.weights if k.endswith(".conv1.weight")):
                short, stride = h, 1
                if f"{name}.downsample.0.weight" in w:
                    stride = 2
                    short = bn(f"{name}.downsample.1", conv(f"{name}.downsample.0", h, stride))
                y = jax.nn.relu(bn(f"{name}.bn1", conv(f"{name}.conv1", h, stride)))
                h = jax.nn.relu(bn(f"{name}.bn2", conv(f"{name}.conv2", y)) + short)
            z = jnp.mean(h, axis=(2, 3)) @ w["fc.weight"].T + w["fc.bias"]
            return self.cross_entropy(z, data["y"])

        return loss


def optimizer(problem: Problem) -> Callable[[Any, Any, Any], Any]:
    """A function from weights, gradients and state to new weights and state."""
    lr, momentum = problem.options["lr"], problem.options.get("momentum", 0.0)
    decay, beta1, beta2, eps = 0.01 * (problem.optimizer == "AdamW"), 0.9, 0.999, 1e-8
    each = jax.tree.map

    def sgd(weights: Any, grads: Any, state: Any) -> Any:
        if not momentum:
            return each(lambda w, g: w - lr * g, weights, grads), state
        m = each(lambda m, g: momentum * m + g, state["m"], grads)
        return each(lambda w, m: w - lr * m, weights, m), {**state, "m": m}

    def adam(weights: Any, grads: Any, state: Any) -> Any:
        t = state["t"] + 1
        m = each(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
        v = each(lambda v, g: beta2 * v + (1 - beta2) * g * g, state["v"], grads)
        rate, root = lr / (1 - beta1**t), jnp.sqrt(1 - beta2**t)
        weights = each(
            lambda w, m, v: w * (1 - lr * decay) - rate * m / (jnp.sqrt(v) / root + eps),
            weights,
            m,
            v,
        )
        return weights, {"t": t, "m": m, "v": v}

    return sgd if problem.optimizer == "SGD" else adam


def training(problem: Problem, variant: str) -> Callable[[], Any]:
    if problem.name == "scalars":
        why = "jax.jit takes minutes for 10,000 operations"
        raise NotRunError(why if variant else "10,000 operations take 10 s and more")
    gradient = jax.value_and_grad(Jax(jnp).loss(problem))
    update = optimizer(problem)

    def new(weights: Any, state: Any, data: Any) -> Any:
        loss, grads = gradient(weights, data)
        return loss, *update(weights, grads, state)

    if variant == "jit":
        new = jax.jit(new, donate_argnums=(0, 1))
    data = {name: jnp.asarray(a) for name, a in problem.data.items()}
    weights = {name: jnp.array(w) for name, w in problem.weights.items()}
    state: Any = {}
    if problem.optimizer != "SGD" or "momentum" in problem.options:
        state = {"t": jnp.float32(0), **{k: jax.tree.map(jnp.zeros_like, weights) for k in "mv"}}

    def step() -> Any:
        nonlocal weights, state
        loss, weights, state = new(weights, state, data)
        return jax.block_until_ready((loss, weights))[0]

    return step


ROWS = dict.fromkeys(
    (
        "scalars", "chain-small", "chain-large", "toy", "seed", "mlp", "wide", "vae",
        "squared-norm", "cnn", "resnet", "lstm", "gpt",
    ),
    training,
)  # fmt: skip
