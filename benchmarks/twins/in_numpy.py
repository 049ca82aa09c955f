"""The seed network in NumPy: the gradient by hand. Its twins: in_*."""
# ruff: noqa: B905 (zip without strict=True, for shorter lines)

import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np

SIZES = [784, 16, 16, 10]
RATE = 0.1


def read(folder):
    """The network, a (W, b) for each layer; the images (n, 784); the targets (n, 10)."""
    numbers = np.loadtxt(Path(folder, "weights"))
    net = []
    for n, m in pairwise(SIZES):
        W, b, numbers = np.split(numbers, [n * m, n * m + m])
        net.append((W.reshape(n, m), b))
    images = np.fromfile(Path(folder, "images"), np.uint8).reshape(-1, 784) / 255
    targets = np.eye(10)[np.fromfile(Path(folder, "labels"), np.uint8)]
    return net, images, targets


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(net, x):
    """The activations of all layers, from the images x to the output."""
    activations = [x]
    for W, b in net:
        activations.append(sigmoid(activations[-1] @ W + b))
    return activations


def loss(output, y):
    """Half the squared error, summed over the batch."""
    return ((output - y) ** 2).sum() / 2


def backward(net, activations, y):
    """The gradients of the loss, a (dW, db) for each layer: the chain rule, last layer first."""
    da = activations[-1] - y
    gradients = []
    for i in reversed(range(len(net))):
        W, a, x = net[i][0], activations[i + 1], activations[i]
        dz = da * a * (1 - a)
        gradients.insert(0, (x.T @ dz, dz.sum(axis=0)))
        if i > 0:  # the images need no gradient
            da = dz @ W.T
    return gradients


def update(net, gradients):
    """A step of gradient descent."""
    for (W, b), (dW, db) in zip(net, gradients):
        W -= RATE * dW
        b -= RATE * db


def epoch(net, images, targets, batch):
    """Learn from all images, a batch at a time; return their mean loss."""
    total = 0.0
    for i in range(0, len(images), batch):
        x, y = images[i : i + batch], targets[i : i + batch]
        activations = forward(net, x)
        total += loss(activations[-1], y)
        update(net, backward(net, activations, y))
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
