"""The problems: weights, data and hyperparameters as plain arrays, the same for every peer.

A row is a function of its sizes, which may be changed: problem("mlp", batch=512). Weights have
PyTorch's names, shapes and usual initial values. What the network is stands in each peer's own
words; here is what all of them are given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass
class Problem:
    """What a peer is given: it copies the weights, and may use the data as they are."""

    weights: dict[str, Array]
    data: dict[str, Array]
    optimizer: str = "SGD"  # a class of torch.optim, with its defaults but for:
    options: dict[str, float] = field(default_factory=lambda: {"lr": 0.1})
    sizes: dict[str, Any] = field(default_factory=dict)  # what the shapes do not say
    name: str = ""


Row = Callable[..., Problem]
GROUPS: dict[str, dict[str, Row]] = {"main": {}, "ported": {}, "models": {}}


def row(name: str, group: str = "main") -> Callable[[Row], Row]:
    def register(make: Row) -> Row:
        GROUPS[group][name] = make
        return make

    return register


def names(group: str | None = None) -> list[str]:
    """The rows of a group, or all."""
    return [name for key, rows in GROUPS.items() if group in (None, key) for name in rows]


def problem(name: str, **sizes: Any) -> Problem:
    """The problem of a row, at its usual or at the given sizes; always the same numbers."""
    for rows in GROUPS.values():
        if name in rows:
            made = rows[name](**sizes)
            made.name = name
            return made
    raise ValueError(f"no row {name!r}; there are {', '.join(names())}")


class Draw:
    """Weights and data of float32, from one seed."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def uniform(self, low: float, high: float, *shape: int) -> Array:
        return self.rng.uniform(low, high, shape).astype(np.float32)

    def noise(self, *shape: int) -> Array:
        return self.rng.random(shape, np.float32)

    def normal(self, *shape: int) -> Array:
        return self.rng.standard_normal(shape, np.float32)

    def integers(self, high: int, *shape: int) -> Array:
        return self.rng.integers(high, size=shape)

    def linear(self, name: str, n_in: int, n_out: int, *kernel: int, bias: bool = True) -> Any:
        """Weight and bias of a linear layer, or of a convolution with this kernel."""
        bound = 1 / math.sqrt(n_in * math.prod(kernel))
        weights = {f"{name}.weight": self.uniform(-bound, bound, n_out, n_in, *kernel)}
        return weights | ({f"{name}.bias": self.uniform(-bound, bound, n_out)} if bias else {})

    def dense(self, sizes: tuple[int, ...], every: int = 2) -> dict[str, Array]:
        """Linear layers of a Sequential, `every` how many modules; activations between them."""
        weights: dict[str, Array] = {}
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            weights |= self.linear(str(every * i), n_in, n_out)
        return weights

    def recurrent(self, name: str, gates: int, n_in: int, hidden: int, layers: int = 1) -> Any:
        bound, weights = 1 / math.sqrt(hidden), {}
        for i in range(layers):
            shapes = {"weight_ih": (n_in if i == 0 else hidden,), "weight_hh": (hidden,)}
            for kind, rest in (shapes | {"bias_ih": (), "bias_hh": ()}).items():
                shape = (gates * hidden, *rest)
                weights[f"{name}.{kind}_l{i}"] = self.uniform(-bound, bound, *shape)
        return weights


def norm(name: str, size: int) -> dict[str, Array]:
    """Weight and bias of a batch norm or layer norm."""
    return {
        f"{name}.weight": np.ones(size, np.float32),
        f"{name}.bias": np.zeros(size, np.float32),
    }


ADAM: dict[str, Any] = {"optimizer": "Adam", "options": {"lr": 1e-3}}
MOMENTUM: dict[str, Any] = {"options": {"lr": 0.05, "momentum": 0.9}}


# Graphs of many small operations


@row("scalars")
def scalars(rounds: int = 1428) -> Problem:
    """10,000 operations on single numbers. With a = b = 1, `rounds` times, k going around:

    a = relu(a * w[k] + b * v[k]);  b = (a + b) * 0.5 + x[k];  the loss is a * b.
    """
    draw = Draw()
    weights = {"w": draw.uniform(0.3, 0.5, 8), "v": draw.uniform(0.3, 0.5, 8)}
    return Problem(
        weights, {"x": draw.uniform(0, 0.2, 8)}, options={"lr": 0.01}, sizes={"rounds": rounds}
    )


def chain(size: int, rounds: int) -> Problem:
    """y = tanh(y + b) - b;  y = y * a / a;  `rounds` times; the loss is the sum of y * y.

    The gradient neither vanishes nor grows: tanh of what is near 0 is nearly itself.
    """
    draw = Draw()
    data = {"b": draw.uniform(-0.2, 0.2, size), "a": draw.uniform(0.5, 2, size)}
    return Problem({"y": draw.normal(size)}, data, sizes={"rounds": rounds})


@row("chain-small")
def chain_small(size: int = 10, rounds: int = 200) -> Problem:
    return chain(size, rounds)


@row("chain-large")
def chain_large(size: int = 1_000_000, rounds: int = 20) -> Problem:
    return chain(size, rounds)


# Linear layers


@row("toy")
def toy(batch: int = 32, sizes: tuple[int, ...] = (2, 3, 2)) -> Problem:
    """Tanh after the hidden layers; mean squared error."""
    draw = Draw()
    data = {"x": draw.normal(batch, sizes[0]), "y": draw.noise(batch, sizes[-1])}
    return Problem(draw.dense(sizes), data)


@row("seed")
def seed(batch: int = 32, sizes: tuple[int, ...] = (784, 16, 16, 10)) -> Problem:
    """Sigmoid after every layer, also the last; mean squared error to one-hot targets."""
    draw = Draw()
    targets = np.eye(sizes[-1], dtype=np.float32)[draw.integers(sizes[-1], batch)]
    data = {"x": draw.noise(batch, sizes[0]), "y": targets}
    return Problem(draw.dense(sizes), data, options={"lr": 1.0})


def classified(batch: int, sizes: tuple[int, ...], **how: Any) -> Problem:
    """An activation after the hidden layers; cross-entropy."""
    draw = Draw()
    data = {"x": draw.noise(batch, sizes[0]), "y": draw.integers(sizes[-1], batch)}
    return Problem(draw.dense(sizes), data, **how)


@row("mlp")
def mlp(batch: int = 128, sizes: tuple[int, ...] = (784, 128, 64, 10)) -> Problem:
    return classified(batch, sizes, **ADAM)


@row("wide")
def wide(batch: int = 256, sizes: tuple[int, ...] = (784, 2048, 2048, 10)) -> Problem:
    return classified(batch, sizes, **ADAM)


@row("vae")
def vae(batch: int = 128, pixels: int = 784, hidden: int = 400, code: int = 20) -> Problem:
    """The noise is data, as otherwise no two losses would be alike."""
    draw = Draw()
    weights = draw.linear("encoder", pixels, hidden)
    weights |= draw.linear("mean", hidden, code) | draw.linear("log_var", hidden, code)
    weights |= draw.linear("decoder.0", code, hidden) | draw.linear("decoder.2", hidden, pixels)
    data = {"x": draw.noise(batch, pixels), "noise": draw.normal(batch, code)}
    return Problem(weights, data, **ADAM)


@row("squared-norm")
def squared_norm(batch: int = 128, sizes: tuple[int, ...] = (784, 128, 64, 10)) -> Problem:
    """The sum of squares of the gradient of the cross-entropy is what gets smaller; tanh."""
    return classified(batch, sizes, options={"lr": 0.1})


# Images


def images(batch: int, channels: int, size: int, weights: Any, **how: Any) -> Problem:
    draw = Draw()
    x, y = draw.normal(batch, channels, size, size), draw.integers(10, batch)
    return Problem(weights(draw), {"x": x, "y": y}, **how)


@row("cnn")
def cnn(batch: int = 64, channels: tuple[int, int] = (16, 32), size: int = 28) -> Problem:
    """Twice: 3 x 3 convolution, padded; relu; maxima of 2 x 2. Then a linear layer."""
    first, second = channels

    def weights(draw: Draw) -> dict[str, Array]:
        flat = second * (size // 4) ** 2
        convolutions = draw.linear("0", 1, first, 3, 3) | draw.linear("3", first, second, 3, 3)
        return convolutions | draw.linear("7", flat, 10)

    return images(batch, 1, size, weights, **ADAM)


def residual(batch: int, depth: int, width: int, size: int, **how: Any) -> Problem:
    """The ResNet of nn.models, with its names."""

    def weights(draw: Draw) -> dict[str, Array]:
        all = draw.linear("conv1", 3, width, 3, 3, bias=False) | norm("bn1", width)
        planes = width
        for layer, new in enumerate((width, 2 * width, 4 * width), 1):
            for i in range((depth - 2) // 6):
                name = f"layer{layer}.{i}"
                all |= draw.linear(f"{name}.conv1", planes, new, 3, 3, bias=False)
                all |= norm(f"{name}.bn1", new)
                all |= draw.linear(f"{name}.conv2", new, new, 3, 3, bias=False)
                all |= norm(f"{name}.bn2", new)
                if planes != new:
                    all |= draw.linear(f"{name}.downsample.0", planes, new, 1, 1, bias=False)
                    all |= norm(f"{name}.downsample.1", new)
                planes = new
        return all | draw.linear("fc", planes, 10)

    return images(batch, 3, size, weights, sizes={"depth": depth, "width": width}, **how)


@row("resnet")
def resnet(batch: int = 32, width: int = 16, size: int = 32) -> Problem:
    return residual(batch, 8, width, size, **MOMENTUM)


# Sequences


def sequence(gates: int, batch: int, steps: int, n_in: int, hidden: int) -> Problem:
    """Scores are a linear map of the last state; cross-entropy. x is (time, batch, n_in)."""
    draw = Draw()
    weights = draw.recurrent("rnn", gates, n_in, hidden) | draw.linear("linear", hidden, 10)
    data = {"x": draw.normal(steps, batch, n_in), "y": draw.integers(10, batch)}
    return Problem(weights, data, **ADAM)


@row("lstm")
def lstm(batch: int = 32, steps: int = 32, n_in: int = 64, hidden: int = 128) -> Problem:
    return sequence(4, batch, steps, n_in, hidden)


@row("gpt")
def gpt(
    batch: int = 16,
    context: int = 64,
    layers: int = 4,
    heads: int = 4,
    width: int = 128,
    vocab: int = 65,
) -> Problem:
    """As nanoGPT, with its names: the head is the embedding again, gelu is that by tanh."""
    draw = Draw()

    def linear(name: str, n_in: int, n_out: int, std: float = 0.02) -> dict[str, Array]:
        return {
            f"{name}.weight": np.float32(std) * draw.normal(n_out, n_in),
            f"{name}.bias": np.zeros(n_out, np.float32),
        }

    weights = {
        "transformer.wte.weight": np.float32(0.02) * draw.normal(vocab, width),
        "transformer.wpe.weight": np.float32(0.02) * draw.normal(context, width),
    }
    last = 0.02 / math.sqrt(2 * layers)
    for i in range(layers):
        name = f"transformer.h.{i}"
        weights |= norm(f"{name}.ln_1", width)
        weights |= linear(f"{name}.attn.c_attn", width, 3 * width)
        weights |= linear(f"{name}.attn.c_proj", width, width, last)
        weights |= norm(f"{name}.ln_2", width)
        weights |= linear(f"{name}.mlp.c_fc", width, 4 * width)
        weights |= linear(f"{name}.mlp.c_proj", 4 * width, width, last)
    weights |= norm("transformer.ln_f", width)
    text = draw.integers(vocab, batch, context + 1)
    return Problem(
        weights,
        {"x": text[:, :-1].copy(), "y": text[:, 1:].copy()},
        optimizer="AdamW",
        options={"lr": 1e-3},
        sizes={"layers": layers, "heads": heads},
    )


# What programs written for PyTorch use and the rows above do not


@row("depthwise", "ported")
def depthwise(batch: int = 16, channels: int = 64, size: int = 32) -> Problem:
    """As in MobileNet: a stem, then twice a 3 x 3 of each channel by itself and a 1 x 1 of all."""

    def weights(draw: Draw) -> dict[str, Array]:
        all = draw.linear("0", 3, channels, 3, 3, bias=False) | norm("1", channels)
        for i in (3, 9):
            all |= draw.linear(str(i), 1, channels, 3, 3, bias=False) | norm(str(i + 1), channels)
            all |= draw.linear(str(i + 3), channels, channels, 1, 1, bias=False)
            all |= norm(str(i + 4), channels)
        return all | draw.linear("17", channels, 10)

    return images(batch, 3, size, weights, sizes={"channels": channels}, **MOMENTUM)


@row("strided", "ported")
def strided(batch: int = 8, channels: int = 64, size: int = 112) -> Problem:
    """The stem of large ResNets: 7 x 7 with stride 2, batch norm, relu, maxima of 3 x 3."""

    def weights(draw: Draw) -> dict[str, Array]:
        all = draw.linear("0", 3, channels, 7, 7, bias=False) | norm("1", channels)
        return all | draw.linear("6", channels, 10)

    return images(batch, 3, size, weights, sizes={"channels": channels}, **MOMENTUM)


@row("inception", "ported")
def inception(batch: int = 16, size: int = 16) -> Problem:
    """The InceptionBlock of nn.models, from 64 channels to 120."""

    def weights(draw: Draw) -> dict[str, Array]:
        shapes = {
            "branch1": (64, 32, 1), "branch2.0": (64, 32, 1), "branch2.1": (32, 48, 3),
            "branch3.0": (64, 8, 1), "branch3.1": (8, 24, 5), "branch4.1": (64, 16, 1),
        }  # fmt: skip
        all: dict[str, Array] = {}
        for name, (n_in, n_out, kernel) in shapes.items():
            all |= draw.linear(f"0.{name}.0", n_in, n_out, kernel, kernel, bias=False)
            all |= norm(f"0.{name}.1", n_out)
        return all | draw.linear("3", 120, 10)

    return images(batch, 64, size, weights, **MOMENTUM)


@row("embedding", "ported")
def embedding(batch: int = 32, words: int = 32, table: int = 1000, width: int = 128) -> Problem:
    """The mean of the vectors of each sample's words, and a linear layer."""
    draw = Draw()
    weights = {"embedding.weight": draw.normal(table, width)} | draw.linear("linear", width, 10)
    data = {"x": draw.integers(table, batch, words), "y": draw.integers(10, batch)}
    return Problem(weights, data)


@row("many-small", "ported")
def many_small(batch: int = 16, layers: int = 100, width: int = 16) -> Problem:
    """h = h + tanh(linear(h)), `layers` times; the mean of squares. Two parameters a layer."""
    draw = Draw()
    weights = draw.dense((width,) * (layers + 1), every=1)
    return Problem(weights, {"x": draw.normal(batch, width)}, **ADAM)


@row("gru", "ported")
def gru(batch: int = 32, steps: int = 32, n_in: int = 64, hidden: int = 128) -> Problem:
    return sequence(3, batch, steps, n_in, hidden)


@row("rnn", "ported")
def rnn(batch: int = 32, steps: int = 32, n_in: int = 64, hidden: int = 128) -> Problem:
    return sequence(1, batch, steps, n_in, hidden)


# Models of nn.models


@row("lenet", "models")
def lenet(batch: int = 32) -> Problem:
    def weights(draw: Draw) -> dict[str, Array]:
        all = draw.linear("conv1", 1, 6, 5, 5) | draw.linear("conv2", 6, 16, 5, 5)
        all |= draw.linear("fc1", 400, 120) | draw.linear("fc2", 120, 84)
        return all | draw.linear("fc3", 84, 10)

    return images(batch, 1, 28, weights, **ADAM)


@row("resnet-20", "models")
def resnet_20(batch: int = 16) -> Problem:
    """In small steps: in large ones its losses show the rounding of each library."""
    return residual(batch, 20, 16, 32, options={"lr": 0.001, "momentum": 0.9})


@row("autoencoder", "models")
def autoencoder(batch: int = 32) -> Problem:
    """ConvAutoencoder: the mean squared error of images as they come back."""
    draw = Draw()
    weights = draw.linear("encoder.0", 1, 16, 3, 3) | draw.linear("encoder.2", 16, 32, 3, 3)
    weights |= draw.linear("encoder.4", 32, 32, 7, 7)
    for name, n_in, n_out, kernel in (("0", 32, 32, 7), ("2", 32, 16, 3), ("4", 16, 1, 3)):
        name, bound = f"decoder.{name}", 1 / math.sqrt(n_out * kernel**2)
        weights[f"{name}.weight"] = draw.uniform(-bound, bound, n_in, n_out, kernel, kernel)
        weights[f"{name}.bias"] = draw.uniform(-bound, bound, n_out)
    return Problem(weights, {"x": draw.noise(batch, 1, 28, 28)}, **ADAM)


def characters(gates: int, batch: int, steps: int, vocab: int, hidden: int) -> Problem:
    """Two recurrent layers between an embedding and a linear layer: each character's next."""
    draw = Draw()
    weights = {"embedding.weight": draw.normal(vocab, hidden)}
    weights |= draw.recurrent("lstm", gates, hidden, hidden, layers=2)
    weights |= draw.linear("linear", hidden, vocab)
    text = draw.integers(vocab, batch, steps + 1)
    return Problem(weights, {"x": text[:, :-1].copy(), "y": text[:, 1:].copy()}, **ADAM)


@row("char-lstm", "models")
def char_lstm(batch: int = 16, steps: int = 64, vocab: int = 65, hidden: int = 128) -> Problem:
    return characters(4, batch, steps, vocab, hidden)


@row("char-gru", "models")
def char_gru(batch: int = 16, steps: int = 64, vocab: int = 65, hidden: int = 128) -> Problem:
    return characters(3, batch, steps, vocab, hidden)
