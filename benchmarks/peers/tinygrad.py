"""The rows in tinygrad, each step compiled by TinyJit; it needs clang."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

from tinygrad import Tensor, TinyJit, nn
from tinygrad.helpers import Context

from ..rows import Problem
from . import NotRunError

Step = Callable[[], Any]
WHY = dict.fromkeys(("scalars", "chain-small"), "it takes minutes to compile so many operations")


def training(problem: Problem, loss: Callable[[Any, Any], Any]) -> Step:
    """`loss` is a function of weights and data, by name."""
    if not shutil.which(os.environ.get("CC", "clang")):
        raise NotRunError("it needs clang")
    weights = {name: Tensor(w).realize() for name, w in problem.weights.items()}
    data = {name: Tensor(a).realize() for name, a in problem.data.items()}
    optimizer = getattr(nn.optim, problem.optimizer)(list(weights.values()), **problem.options)

    @TinyJit
    def compiled() -> Any:
        optimizer.zero_grad()
        value = loss(weights, data)
        value.backward()
        return value.realize(*optimizer.schedule_step())

    def step() -> Any:
        with Context(TRAINING=1):
            return compiled().item()  # it waits for the result

    return step


def linear(w: Any, name: str, x: Any) -> Any:
    return x.linear(w[f"{name}.weight"].T, w[f"{name}.bias"])


def dense(problem: Problem, activation: Any) -> Callable[[Any, Any], Any]:
    names = [name[:-7] for name in problem.weights if name.endswith("weight")]

    def scores(w: Any, x: Any) -> Any:
        for i, name in enumerate(names):
            x = linear(w, name, activation(x) if i else x)
        return x

    return scores


def chain(problem: Problem, _: str) -> Step:
    def loss(w: Any, data: Any) -> Any:
        y, a, b = w["y"], data["a"], data["b"]
        for _ in range(problem.sizes["rounds"]):
            y = (y + b).tanh() - b
            y = y * a / a
        return (y * y).sum()

    return training(problem, loss)


def toy(problem: Problem, _: str) -> Step:
    scores = dense(problem, Tensor.tanh)
    return training(problem, lambda w, data: (scores(w, data["x"]) - data["y"]).square().mean())


def seed(problem: Problem, _: str) -> Step:
    scores = dense(problem, Tensor.sigmoid)
    return training(
        problem, lambda w, data: (scores(w, data["x"]).sigmoid() - data["y"]).square().mean()
    )


def mlp(problem: Problem, _: str) -> Step:
    scores = dense(problem, Tensor.relu)
    return training(
        problem, lambda w, data: scores(w, data["x"]).sparse_categorical_crossentropy(data["y"])
    )


def vae(problem: Problem, _: str) -> Step:
    def loss(w: Any, data: Any) -> Any:
        x, layer = data["x"], partial(linear, w)
        h = layer("encoder", x).relu()
        mean, log_var = layer("mean", h), layer("log_var", h)
        z = mean + (0.5 * log_var).exp() * data["noise"]
        logits = layer("decoder.2", layer("decoder.0", z).relu())
        bits = logits.binary_crossentropy_logits(x, reduction="sum")
        kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum()
        return (bits + kl) / len(x)

    return training(problem, loss)


def squared_norm(problem: Problem, _: str) -> Step:
    scores = dense(problem, Tensor.tanh)

    def loss(w: Any, data: Any) -> Any:
        inner = scores(w, data["x"]).sparse_categorical_crossentropy(data["y"])
        return sum((g.square().sum() for g in inner.gradient(*w.values())), Tensor(0.0))

    return training(problem, loss)


def cnn(problem: Problem, _: str) -> Step:
    def loss(w: Any, data: Any) -> Any:
        h = data["x"]
        for name in ("0", "3"):
            h = h.conv2d(w[f"{name}.weight"], w[f"{name}.bias"], padding=1).relu().max_pool2d()
        return linear(w, "7", h.flatten(1)).sparse_categorical_crossentropy(data["y"])

    return training(problem, loss)


def resnet(problem: Problem, _: str) -> Step:
    def loss(w: Any, data: Any) -> Any:
        def conv(name: str, x: Any, stride: int = 1) -> Any:
            weight = w[f"{name}.weight"]
            return x.conv2d(weight, stride=stride, padding=weight.shape[2] // 2)

        def bn(name: str, x: Any) -> Any:
            mean = x.mean(axis=(0, 2, 3))
            centred = x - mean.reshape(1, -1, 1, 1)
            invstd = (centred.square().mean(axis=(0, 2, 3)) + 1e-5).rsqrt()
            return x.batchnorm(w[f"{name}.weight"], w[f"{name}.bias"], mean, invstd)

        h = bn("bn1", conv("conv1", data["x"])).relu()
        for name in (k[:-13] for k in problem.weights if k.endswith(".conv1.weight")):
            short, stride = h, 1
            if f"{name}.downsample.0.weight" in w:
                stride = 2
                short = bn(f"{name}.downsample.1", conv(f"{name}.downsample.0", h, stride))
            y = bn(f"{name}.bn1", conv(f"{name}.conv1", h, stride)).relu()
            h = (bn(f"{name}.bn2", conv(f"{name}.conv2", y)) + short).relu()
        z = linear(w, "fc", h.mean(axis=(2, 3)))
        return z.sparse_categorical_crossentropy(data["y"])

    return training(problem, loss)


def lstm(problem: Problem, _: str) -> Step:
    def loss(w: Any, data: Any) -> Any:
        x = data["x"]
        bias = w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
        inputs = x @ w["rnn.weight_ih_l0"].T + bias
        h = c = Tensor.zeros(x.shape[1], bias.shape[0] // 4)
        for t in range(x.shape[0]):
            i, f, g, o = (inputs[t] + h @ w["rnn.weight_hh_l0"].T).chunk(4, dim=1)
            c = (f.sigmoid() * c + i.sigmoid() * g.tanh()).contiguous()
            h = (o.sigmoid() * c.tanh()).contiguous()
        return linear(w, "linear", h).sparse_categorical_crossentropy(data["y"])

    return training(problem, loss)


def gpt(problem: Problem, _: str) -> Step:
    heads, layers = problem.sizes["heads"], problem.sizes["layers"]

    def loss(w: Any, data: Any) -> Any:
        batch, time = data["x"].shape

        def norm(name: str, x: Any) -> Any:
            return x.layernorm(eps=1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

        def attention(name: str, x: Any) -> Any:
            q, k, v = (
                part.reshape(batch, time, heads, -1).transpose(1, 2)
                for part in linear(w, f"{name}.c_attn", x).chunk(3, dim=-1)
            )
            y = q.scaled_dot_product_attention(k, v, is_causal=True)
            return linear(w, f"{name}.c_proj", y.transpose(1, 2).reshape(batch, time, -1))

        x = w["transformer.wte.weight"][data["x"]] + w["transformer.wpe.weight"]
        for i in range(layers):
            name = f"transformer.h.{i}"
            x = x + attention(f"{name}.attn", norm(f"{name}.ln_1", x))
            h = linear(w, f"{name}.mlp.c_fc", norm(f"{name}.ln_2", x)).gelu()
            x = x + linear(w, f"{name}.mlp.c_proj", h)
        logits = norm("transformer.ln_f", x) @ w["transformer.wte.weight"].T
        return logits.flatten(0, 1).sparse_categorical_crossentropy(data["y"].flatten())

    return training(problem, loss)


ROWS: dict[str, Callable[[Problem, str], Step]] = {
    "chain-large": chain,
    "toy": toy,
    "seed": seed,
    "mlp": mlp,
    "wide": mlp,
    "vae": vae,
    "squared-norm": squared_norm,
    "cnn": cnn,
    "resnet": resnet,
    "lstm": lstm,
    "gpt": gpt,
}
