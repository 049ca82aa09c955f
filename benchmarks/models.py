"""Whole training steps of the models in nn.models, beside PyTorch's: `make bench`.

A step is the loss of a batch of noise, its gradient and a step of Adam, in float32. The two
libraries take turns, as the machine may be busy with other things; the last column is the median
of the ratios of neighbours: 2 says that PyTorch takes half of the time. Without PyTorch there is
only our column.

Both have one thread, if OPENBLAS_NUM_THREADS=1 is set, as `make bench` does. Arguments are names
of models, all if there are none: python benchmarks/models.py LeNet GPT
"""

import sys
from statistics import median
from time import perf_counter

import numpy as np

import nn
import nn.functional as F
import optim
from nn import models

try:
    import torch
    import torch_models  # the file beside this one
except ModuleNotFoundError:
    torch = None

SECONDS = 4  # for each model

rng = np.random.default_rng(0)


def noise(*shape):
    return rng.random(shape, np.float32)


def integers(high, *shape):
    return rng.integers(high, size=shape)


class CharGRU(models.CharLSTM):
    def __init__(self, vocab_size):
        super().__init__(vocab_size)
        self.lstm = nn.GRU(128, 128, 2, batch_first=True)


images, text = noise(32, 1, 28, 28), integers(65, 16, 65)
colours, pixels = noise(16, 3, 32, 32), noise(64, 784)
labels = integers(10, 64)
# The class, here and in torch_models; its arguments; a batch of inputs and targets.
MODELS = {
    "MLP": (models.MLP, ([784, 128, 64, 10],), pixels, labels),
    "LeNet": (models.LeNet, (), images, labels[:32]),
    "ResNet-8": (models.ResNet, (8,), colours, labels[:16]),
    "ResNet-20": (models.ResNet, (20,), colours, labels[:16]),
    "ConvAutoencoder": (models.ConvAutoencoder, (), images, images),
    "VAE": (models.VAE, (), pixels, None),
    "CharLSTM": (models.CharLSTM, (65,), text[:, :-1], text[:, 1:]),
    "CharGRU": (CharGRU, (65,), text[:, :-1], text[:, 1:]),
    "GPT": (models.GPT, (65,), text[:8, :-1], text[:8, 1:]),
}


def training(model, adam, F, x, y):
    """A function that takes one step."""
    optimizer = adam(model.parameters())

    def step():
        if hasattr(model, "loss"):
            loss = model.loss(x, y)
        else:
            loss = (F.mse_loss if x.shape == y.shape else F.cross_entropy)(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def seconds(step, times):
    start = perf_counter()
    for _ in range(times):
        step()
    return (perf_counter() - start) / times


def compared(steps):
    """Seconds for each of the functions, in turns, so many times that it takes SECONDS."""
    for step in steps:
        seconds(step, 3)  # to warm up
    once = sum(seconds(step, 1) for step in steps)
    times = max(1, int(0.02 / once))
    rounds = max(5, int(SECONDS / (times * once)))
    return [[seconds(step, times) for step in steps] for _ in range(rounds)]


def main():
    if torch:
        torch.set_num_threads(1)
    print("milliseconds per step" + " " * 4 + "plaingrad" + "   torch  ratio" * bool(torch))
    for name in sys.argv[1:] or MODELS:
        cls, arguments, *batch = MODELS[name]
        steps = [training(cls(*arguments), optim.Adam, F, *batch)]
        if torch:
            twin = getattr(torch_models, cls.__name__)(*arguments)
            x, y = (a if a is None else torch.tensor(a) for a in batch)
            steps.append(training(twin, torch.optim.Adam, torch.nn.functional, x, y))
        times = compared(steps)
        row = [f"{1000 * median(column):10.2f}" for column in zip(*times, strict=True)]
        if torch:
            row.append(f"{median(ours / theirs for ours, theirs in times):7.2f}")
        print(f"{name:24}", *row)


if __name__ == "__main__":
    main()
