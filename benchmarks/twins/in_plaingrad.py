"""The seed network in plaingrad: the gradient comes from the library. Its twins: in_*."""
# ruff: noqa: B905 (zip without strict=True, for shorter lines)

import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np

from autograd import Tensor
from nn.functional import sigmoid

SIZES = [784, 16, 16, 10]
RATE = 0.1


def read(folder):
    """The network, a (W, b) for each layer; the images (n, 784); the targets (n, 10)."""
    numbers = np.loadtxt(Path(folder, "weights"))
    net = []
    for n, m in pairwise(SIZES):
        W, b, numbers = np.split(numbers, [n * m, n * m + m])
        W = Tensor(W.reshape(n, m), requires_grad=True)
        net.append((W, Tensor(b, requires_grad=True)))
    images = np.fromfile(Path(folder, "images"), np.uint8).reshape(-1, 784) / 255
    targets = np.eye(10)[np.fromfile(Path(folder, "labels"), np.uint8)]
    return net, images, targets


def forward(net, x):
    """The activations of the last layer, from the images x."""
    a = x
    for W, b in net:
        a = sigmoid(a @ W + b)
    return a


def loss(output, y):
    """Half the squared error, summed over the batch."""
    return ((output - y) ** 2).sum() / 2


def backward(net, error):
    """The gradients of the loss, a (dW, db) for each layer."""
    for W, b in net:
        W.grad = b.grad = None
    error.backward()
    return [(W.grad, b.grad) for W, b in net]


def update(net, gradients):
    """A step of gradient descent."""
    for (W, b), (dW, db) in zip(net, gradients):
        W.data -= RATE * dW
        b.data -= RATE * db


def epoch(net, images, targets, batch):
    """Learn from all images, a batch at a time; return their mean loss."""
    total = 0.0
    for i in range(0, len(images), batch):
        x, y = images[i : i + batch], targets[i : i + batch]
        error = loss(forward(net, x), y)
        total += error.item()
        update(net, backward(net, error))
    return total / len(images)


def main(folder, epochs, batch):
    """Print the loss and the seconds of each epoch, of this process alone."""
    net, images, targets = read(folder)
    for _ in range(int(epochs)):
        start = process_time()
        mean = epoch(net, images, targets, int(batch))
        print(mean, process_time() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
