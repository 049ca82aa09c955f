"""The rows in PyTorch, in eager mode; the variants are its fused optimizers, its memory order of
images with the channels last, and torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ..rows import Problem
from . import NotRunError

Step = Callable[[], Any]


def tensor(array: Any) -> torch.Tensor:
    return torch.from_numpy(array)


def compiled(function: Any, variant: str) -> Any:
    return torch.compile(function) if variant == "compile" else function


def training(problem: Problem, variant: str, model: Any, loss: Any, *data: torch.Tensor) -> Step:
    """Give the model the weights of the problem; a step takes loss(*data)."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensor(problem.weights[name]))
    if variant == "channels-last":
        if data[0].ndim != 4:
            raise NotRunError("no images")
        model.to(memory_format=torch.channels_last)
        data = (data[0].to(memory_format=torch.channels_last), *data[1:])
    options: dict[str, Any] = dict(problem.options)
    if variant == "fused":
        options["fused"] = True
    optimizer = getattr(torch.optim, problem.optimizer)(model.parameters(), **options)
    loss = compiled(loss, variant)

    def step() -> Any:
        value = loss(*data)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.detach()

    return step


def classifier(problem: Problem, variant: str, model: Any) -> Step:
    x, y = tensor(problem.data["x"]), tensor(problem.data["y"])
    return training(problem, variant, model, lambda x, y: F.cross_entropy(model(x), y), x, y)


def dense(problem: Problem, activation: Any) -> nn.Sequential:
    """The linear layers that the weights say, and activations between them."""
    layers: list[Any] = []
    for weight in (w for name, w in problem.weights.items() if name.endswith("weight")):
        layers += [nn.Linear(*weight.shape[::-1]), activation()]
    return nn.Sequential(*layers[:-1])


def no_optimizer(variant: str) -> None:
    if variant in ("fused", "channels-last"):
        raise NotRunError("no optimizer" if variant == "fused" else "no images")


def scalars(problem: Problem, variant: str) -> Step:
    no_optimizer(variant)
    if variant == "compile":
        raise NotRunError("torch.compile takes minutes for 10,000 operations")
    w, v = ([torch.tensor(n, requires_grad=True) for n in problem.weights[k]] for k in ("w", "v"))
    x, rounds = problem.data["x"].tolist(), problem.sizes["rounds"]
    lr = problem.options["lr"]

    def step() -> Any:
        a = b = torch.tensor(1.0)
        for i in range(rounds):
            k = i % 8
            a = F.relu(a * w[k] + b * v[k])
            b = (a + b) * 0.5 + x[k]
        loss = a * b
        loss.backward()
        with torch.no_grad():
            for p in (*w, *v):
                p -= lr * p.grad
                p.grad = None
        return loss.detach()

    return step


def chain(problem: Problem, variant: str) -> Step:
    no_optimizer(variant)
    start = torch.tensor(problem.weights["y"], requires_grad=True)
    a, b = tensor(problem.data["a"]), tensor(problem.data["b"])
    rounds, lr = problem.sizes["rounds"], problem.options["lr"]

    def forward(y: Any) -> Any:
        for _ in range(rounds):
            y = torch.tanh(y + b) - b
            y = y * a / a
        return (y * y).sum()

    forward = compiled(forward, variant)

    def step() -> Any:
        loss = forward(start)
        loss.backward()
        with torch.no_grad():
            start.sub_(lr * start.grad)
            start.grad = None
        return loss.detach()

    return step


def squared_error(problem: Problem, variant: str, model: Any) -> Step:
    x, y = tensor(problem.data["x"]), tensor(problem.data["y"])
    return training(problem, variant, model, lambda x, y: F.mse_loss(model(x), y), x, y)


def toy(problem: Problem, variant: str) -> Step:
    return squared_error(problem, variant, dense(problem, nn.Tanh))


def seed(problem: Problem, variant: str) -> Step:
    model = nn.Sequential(*dense(problem, nn.Sigmoid), nn.Sigmoid())
    return squared_error(problem, variant, model)


def mlp(problem: Problem, variant: str) -> Step:
    return classifier(problem, variant, dense(problem, nn.ReLU))


class VAE(nn.Module):
    def __init__(self, pixels: int, hidden: int, code: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(pixels, hidden)
        self.mean, self.log_var = nn.Linear(hidden, code), nn.Linear(hidden, code)
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def loss(self, x: Any, noise: Any) -> Any:
        h = F.relu(self.encoder(x))
        mean, log_var = self.mean(h), self.log_var(h)
        logits = self.decoder(mean + torch.exp(0.5 * log_var) * noise)
        bits = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        return bits + 0.5 * (mean**2 + torch.exp(log_var) - 1 - log_var).sum(dim=-1).mean()


def vae(problem: Problem, variant: str) -> Step:
    code, hidden = problem.weights["mean.weight"].shape
    x, noise = tensor(problem.data["x"]), tensor(problem.data["noise"])
    model = VAE(x.shape[1], hidden, code)
    return training(problem, variant, model, model.loss, x, noise)


def squared_norm(problem: Problem, variant: str) -> Step:
    if variant == "compile":
        raise NotRunError("torch.compile does not differentiate twice")
    model, x, y = dense(problem, nn.Tanh), tensor(problem.data["x"]), tensor(problem.data["y"])
    parameters = list(model.parameters())

    def loss(x: Any, y: Any) -> Any:
        grads = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)
        return sum((g * g).sum() for g in grads)

    return training(problem, variant, model, loss, x, y)


def cnn(problem: Problem, variant: str) -> Step:
    first, second = (problem.weights[f"{i}.bias"].size for i in (0, 3))
    model = nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(problem.weights["7.weight"].shape[1], 10),
    )  # fmt: skip
    return classifier(problem, variant, model)


class BasicBlock(nn.Module):
    def __init__(self, in_planes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x: Any) -> Any:
        shortcut = x if self.downsample is None else self.downsample(x)
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + shortcut)


class ResNet(nn.Module):
    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        planes = width
        for layer, new in enumerate((width, 2 * width, 4 * width), 1):
            blocks = []
            for _ in range((depth - 2) // 6):
                blocks.append(BasicBlock(planes, new, 1 if planes == new else 2))
                planes = new
            setattr(self, f"layer{layer}", nn.Sequential(*blocks))
        self.fc = nn.Linear(planes, 10)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(dim=(2, 3)))


def resnet(problem: Problem, variant: str) -> Step:
    return classifier(problem, variant, ResNet(**problem.sizes))


class LastState(nn.Module):
    def __init__(self, layer: Any, n_in: int, hidden: int) -> None:
        super().__init__()
        self.rnn, self.linear = layer(n_in, hidden), nn.Linear(hidden, 10)

    def forward(self, x: Any) -> Any:
        return self.linear(self.rnn(x)[0][-1])


def recurrent(layer: Any) -> Callable[[Problem, str], Step]:
    def row(problem: Problem, variant: str) -> Step:
        hidden = problem.weights["linear.weight"].shape[1]
        return classifier(problem, variant, LastState(layer, problem.data["x"].shape[2], hidden))

    return row


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Any) -> Any:
        batch, time, width = x.shape
        q, k, v = (
            part.view(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.c_attn(x).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)}
        )

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.ln_1(x))
        h = F.gelu(self.mlp.c_fc(self.ln_2(x)), approximate="tanh")
        return x + self.mlp.c_proj(h)


class GPT(nn.Module):
    def __init__(self, vocab: int, context: int, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocab, width),
                "wpe": nn.Embedding(context, width),
                "h": nn.ModuleList(Block(width, heads) for _ in range(layers)),
                "ln_f": nn.LayerNorm(width),
            }
        )

    def loss(self, x: Any, y: Any) -> Any:
        part = self.transformer
        h = part.wte(x) + part.wpe(torch.arange(x.shape[1]))
        for block in part.h:
            h = block(h)
        logits = F.linear(part.ln_f(h), part.wte.weight)
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


def gpt(problem: Problem, variant: str) -> Step:
    vocab, width = problem.weights["transformer.wte.weight"].shape
    x, y, sizes = tensor(problem.data["x"]), tensor(problem.data["y"]), problem.sizes
    model = GPT(vocab, x.shape[1], sizes["layers"], sizes["heads"], width)
    return training(problem, variant, model, model.loss, x, y)


class Mean(nn.Module):
    """The mean over height and width."""

    def forward(self, x: Any) -> Any:
        return x.mean(dim=(2, 3))


def depthwise(problem: Problem, variant: str) -> Step:
    n = problem.sizes["channels"]

    def convolution(n_in: int, kernel: int, groups: int = 1) -> list[Any]:
        layer = nn.Conv2d(n_in, n, kernel, padding=kernel // 2, groups=groups, bias=False)
        return [layer, nn.BatchNorm2d(n), nn.ReLU()]

    block = [*convolution(n, 3, n), *convolution(n, 1)]
    again = [*convolution(n, 3, n), *convolution(n, 1)]
    model = nn.Sequential(
        *convolution(3, 3), *block, *again, nn.Identity(), Mean(), nn.Linear(n, 10)
    )
    return classifier(problem, variant, model)


def strided(problem: Problem, variant: str) -> Step:
    n = problem.sizes["channels"]
    model = nn.Sequential(
        nn.Conv2d(3, n, 7, 2, padding=3, bias=False), nn.BatchNorm2d(n), nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1), Mean(), nn.Identity(), nn.Linear(n, 10),
    )  # fmt: skip
    return classifier(problem, variant, model)


class InceptionBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()

        def convolution(n_in: int, n_out: int, kernel: int) -> nn.Sequential:
            layer = nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2, bias=False)
            return nn.Sequential(layer, nn.BatchNorm2d(n_out), nn.ReLU())

        self.branch1 = convolution(64, 32, 1)
        self.branch2 = nn.Sequential(convolution(64, 32, 1), convolution(32, 48, 3))
        self.branch3 = nn.Sequential(convolution(64, 8, 1), convolution(8, 24, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), convolution(64, 16, 1))

    def forward(self, x: Any) -> Any:
        branches = self.branch1, self.branch2, self.branch3, self.branch4
        return torch.cat([branch(x) for branch in branches], dim=1)


def inception(problem: Problem, variant: str) -> Step:
    model = nn.Sequential(InceptionBlock(), Mean(), nn.Identity(), nn.Linear(120, 10))
    return classifier(problem, variant, model)


class Bag(nn.Module):
    def __init__(self, table: int, width: int) -> None:
        super().__init__()
        self.embedding, self.linear = nn.Embedding(table, width), nn.Linear(width, 10)

    def forward(self, x: Any) -> Any:
        return self.linear(self.embedding(x).mean(dim=1))


def embedding(problem: Problem, variant: str) -> Step:
    return classifier(problem, variant, Bag(*problem.weights["embedding.weight"].shape))


def many_small(problem: Problem, variant: str) -> Step:
    sizes = [len(w) for w in problem.weights.values()][::2]
    x = tensor(problem.data["x"])
    model = nn.Sequential(*(nn.Linear(*pair) for pair in pairwise([x.shape[1], *sizes])))

    def loss(h: Any) -> Any:
        for layer in model:
            h = h + torch.tanh(layer(h))
        return (h * h).mean()

    return training(problem, variant, model, loss, x)


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Any) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def lenet(problem: Problem, variant: str) -> Step:
    return classifier(problem, variant, LeNet())


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 7),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 32, 7), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def loss(self, x: Any) -> Any:
        return F.mse_loss(self.decoder(self.encoder(x)), x)


def autoencoder(problem: Problem, variant: str) -> Step:
    model = Autoencoder()
    return training(problem, variant, model, model.loss, tensor(problem.data["x"]))


class Characters(nn.Module):
    def __init__(self, layer: Any, vocab: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.lstm = layer(hidden, hidden, 2, batch_first=True)
        self.linear = nn.Linear(hidden, vocab)

    def loss(self, x: Any, y: Any) -> Any:
        logits = self.linear(self.lstm(self.embedding(x))[0])
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


def characters(layer: Any) -> Callable[[Problem, str], Step]:
    def row(problem: Problem, variant: str) -> Step:
        model = Characters(layer, *problem.weights["embedding.weight"].shape)
        x, y = tensor(problem.data["x"]), tensor(problem.data["y"])
        return training(problem, variant, model, model.loss, x, y)

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
