"""The rows in plaingrad, as one writes them with nn and optim."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import nn
import nn.functional as F
import optim
from autograd import Tensor, gradients
from nn import models

from ..rows import Problem

Step = Callable[[], Any]


def training(problem: Problem, model: Any, loss: Callable[[], Any]) -> Step:
    """Give the model the weights of the problem; a step takes the loss of all data."""
    for name, parameter in model.named_parameters():
        parameter.data = problem.weights[name].copy()
    optimizer = getattr(optim, problem.optimizer)(model.parameters(), **problem.options)

    def step() -> Any:
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    return step


def classifier(problem: Problem, model: Any) -> Step:
    x, y = problem.data["x"], problem.data["y"]
    return training(problem, model, lambda: F.cross_entropy(model(x), y))


def dense(problem: Problem, activation: Any) -> Any:
    """The linear layers that the weights say, and activations between them."""
    layers: list[Any] = []
    for weight in (w for name, w in problem.weights.items() if name.endswith("weight")):
        layers += [nn.Linear(*weight.shape[::-1]), activation()]
    return nn.Sequential(*layers[:-1])


def scalars(problem: Problem, _: str) -> Step:
    w, v = ([Tensor(n, requires_grad=True) for n in problem.weights[k]] for k in ("w", "v"))
    x, rounds, lr = list(problem.data["x"]), problem.sizes["rounds"], problem.options["lr"]

    def step() -> Any:
        a = b = Tensor(np.float32(1))
        for i in range(rounds):
            k = i % 8
            a = F.relu(a * w[k] + b * v[k])
            b = (a + b) * 0.5 + x[k]
        loss = a * b
        loss.backward()
        for p in (*w, *v):
            p.data -= lr * p.grad
            p.grad = None
        return loss

    return step


def chain(problem: Problem, _: str) -> Step:
    start = Tensor(problem.weights["y"].copy(), requires_grad=True)
    a, b = problem.data["a"], problem.data["b"]
    rounds, lr = problem.sizes["rounds"], problem.options["lr"]

    def step() -> Any:
        y = start
        for _ in range(rounds):
            y = (y + b).tanh() - b
            y = y * a / a
        loss = (y * y).sum()
        loss.backward()
        start.data -= lr * start.grad
        start.grad = None
        return loss

    return step


def toy(problem: Problem, _: str) -> Step:
    model, x, y = dense(problem, nn.Tanh), problem.data["x"], problem.data["y"]
    return training(problem, model, lambda: F.mse_loss(model(x), y))


def seed(problem: Problem, _: str) -> Step:
    layers, x, y = dense(problem, nn.Sigmoid), problem.data["x"], problem.data["y"]
    model = nn.Sequential(*layers, nn.Sigmoid())
    return training(problem, model, lambda: F.mse_loss(model(x), y))


def mlp(problem: Problem, _: str) -> Step:
    return classifier(problem, dense(problem, nn.ReLU))


class VAE(nn.Module):
    def __init__(self, pixels: int, hidden: int, code: int) -> None:
        self.encoder = nn.Linear(pixels, hidden)
        self.mean, self.log_var = nn.Linear(hidden, code), nn.Linear(hidden, code)
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def loss(self, x: Any, noise: Any) -> Any:
        h = F.relu(self.encoder(x))
        mean, log_var = self.mean(h), self.log_var(h)
        logits = self.decoder(mean + np.exp(0.5 * log_var) * noise)
        bits = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        return bits + 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=-1).mean()


def vae(problem: Problem, _: str) -> Step:
    code, hidden = problem.weights["mean.weight"].shape
    x, noise = problem.data["x"], problem.data["noise"]
    model = VAE(x.shape[1], hidden, code)
    return training(problem, model, lambda: model.loss(x, noise))


def squared_norm(problem: Problem, _: str) -> Step:
    model, x, y = dense(problem, nn.Tanh), problem.data["x"], problem.data["y"]
    parameters = list(model.parameters())

    def loss() -> Any:
        grads = gradients(F.cross_entropy(model(x), y), parameters, create_graph=True)
        return sum((g * g).sum() for g in grads)

    return training(problem, model, loss)


def cnn(problem: Problem, _: str) -> Step:
    first, second = (problem.weights[f"{i}.bias"].size for i in (0, 3))
    model = nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(problem.weights["7.weight"].shape[1], 10),
    )  # fmt: skip
    return classifier(problem, model)


def resnet(problem: Problem, _: str) -> Step:
    return classifier(problem, models.ResNet(**problem.sizes))


class LastState(nn.Module):
    def __init__(self, layer: Any, n_in: int, hidden: int) -> None:
        self.rnn, self.linear = layer(n_in, hidden), nn.Linear(hidden, 10)

    def forward(self, x: Any) -> Any:
        return self.linear(self.rnn(x)[0][-1])


def recurrent(layer: Any) -> Callable[[Problem, str], Step]:
    def row(problem: Problem, _: str) -> Step:
        hidden = problem.weights["linear.weight"].shape[1]
        return classifier(problem, LastState(layer, problem.data["x"].shape[2], hidden))

    return row


def gpt(problem: Problem, _: str) -> Step:
    vocab, width = problem.weights["transformer.wte.weight"].shape
    x, y, sizes = problem.data["x"], problem.data["y"], problem.sizes
    model = models.GPT(vocab, x.shape[1], sizes["layers"], sizes["heads"], width)
    for block in model.transformer["h"]:
        block.mlp.gelu = nn.GELU("tanh")
    return training(problem, model, lambda: model.loss(x, y))


class Mean(nn.Module):
    """The mean over height and width."""

    def forward(self, x: Any) -> Any:
        return x.mean(axis=(2, 3))


def depthwise(problem: Problem, _: str) -> Step:
    n = problem.sizes["channels"]

    def convolution(n_in: int, kernel: int, groups: int = 1) -> list[Any]:
        layer = nn.Conv2d(n_in, n, kernel, padding=kernel // 2, groups=groups, bias=False)
        return [layer, nn.BatchNorm2d(n), nn.ReLU()]

    block = [*convolution(n, 3, n), *convolution(n, 1)]
    again = [*convolution(n, 3, n), *convolution(n, 1)]
    model = nn.Sequential(*convolution(3, 3), *block, *again, nn.Identity(), Mean())
    model.append(nn.Linear(n, 10))
    return classifier(problem, model)


def strided(problem: Problem, _: str) -> Step:
    n = problem.sizes["channels"]
    model = nn.Sequential(
        nn.Conv2d(3, n, 7, 2, padding=3, bias=False), nn.BatchNorm2d(n), nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1), Mean(), nn.Identity(), nn.Linear(n, 10),
    )  # fmt: skip
    return classifier(problem, model)


def inception(problem: Problem, _: str) -> Step:
    block = models.InceptionBlock(64, 32, (32, 48), (8, 24), 16)
    return classifier(problem, nn.Sequential(block, Mean(), nn.Identity(), nn.Linear(120, 10)))


class Bag(nn.Module):
    def __init__(self, table: int, width: int) -> None:
        self.embedding, self.linear = nn.Embedding(table, width), nn.Linear(width, 10)

    def forward(self, x: Any) -> Any:
        return self.linear(self.embedding(x).mean(axis=1))


def embedding(problem: Problem, _: str) -> Step:
    return classifier(problem, Bag(*problem.weights["embedding.weight"].shape))


def many_small(problem: Problem, _: str) -> Step:
    sizes = [len(w) for w in problem.weights.values()][::2]
    x = problem.data["x"]
    model = nn.Sequential(*(nn.Linear(*pair) for pair in pairwise([x.shape[1], *sizes])))

    def loss() -> Any:
        h = x
        for layer in model:
            h = h + np.tanh(layer(h))
        return (h * h).mean()

    return training(problem, model, loss)


def lenet(problem: Problem, _: str) -> Step:
    return classifier(problem, models.LeNet())


def autoencoder(problem: Problem, _: str) -> Step:
    model, x = models.ConvAutoencoder(), problem.data["x"]
    return training(problem, model, lambda: F.mse_loss(model(x), x))


def characters(layer: Any) -> Callable[[Problem, str], Step]:
    def row(problem: Problem, _: str) -> Step:
        vocab, hidden = problem.weights["embedding.weight"].shape
        model, x, y = models.CharLSTM(vocab, hidden), problem.data["x"], problem.data["y"]
        model.lstm = layer(hidden, hidden, 2, batch_first=True)
        return training(problem, model, lambda: model.loss(x, y))

    return row


ROWS: dict[str, Callable[[Problem, str], Step]] = {
    "scalars": scalars,
    "chain-small": chain,
    "chain-large": chain,
    "toy": toy,
    "seed": seed,
    "mlp": mlp,
    "wide": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "vae": vae,
    "lstm": recurrent(nn.LSTM),
    "gpt": gpt,
    "squared-norm": squared_norm,
    "depthwise": depthwise,
    "strided": strided,
    "inception": inception,
    "embedding": embedding,
    "many-small": many_small,
    "gru": recurrent(nn.GRU),
    "rnn": recurrent(nn.RNN),
    "lenet": lenet,
    "resnet-20": resnet,
    "autoencoder": autoencoder,
    "char-lstm": characters(nn.LSTM),
    "char-gru": characters(nn.GRU),
}
