"""The seed network in pure Python: `math` is all that computes. Its twins: in_*."""
# ruff: noqa: B905 (zip without strict=True, for shorter lines)

import math
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

SIZES = [784, 16, 16, 10]
RATE = 0.1


def read(folder):
    """The network, a (W, b) for each layer; the images (n, 784); the targets (n, 10)."""
    numbers = map(float, Path(folder, "weights").read_text().split())
    net = []
    for n, m in pairwise(SIZES):
        W = [[next(numbers) for _ in range(m)] for _ in range(n)]
        b = [next(numbers) for _ in range(m)]
        net.append((W, b))
    pixels = [byte / 255 for byte in Path(folder, "images").read_bytes()]
    images = [pixels[i : i + 784] for i in range(0, len(pixels), 784)]
    targets = [[float(i == k) for i in range(10)] for k in Path(folder, "labels").read_bytes()]
    return net, images, targets


def transposed(A):
    return list(zip(*A))


def product(A, B):
    """The matrix product: each row of A with each column of B, number by number."""
    columns = transposed(B)
    return [[sum([x * y for x, y in zip(row, column)]) for column in columns] for row in A]


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def forward(net, x):
    """The activations of all layers, from the images x to the output."""
    activations = [x]
    for W, b in net:
        z = product(activations[-1], W)
        activations.append([[sigmoid(z + b) for z, b in zip(row, b)] for row in z])
    return activations


def loss(output, y):
    """Half the squared error, summed over the batch."""
    pairs = [pair for rows in zip(output, y) for pair in zip(*rows)]
    return sum([(a - y) ** 2 for a, y in pairs]) / 2


def backward(net, activations, y):
    """The gradients of the loss, a (dW, db) for each layer: the chain rule, last layer first."""
    da = [[a - y for a, y in zip(*rows)] for rows in zip(activations[-1], y)]
    gradients = []
    for i in reversed(range(len(net))):
        W, a, x = net[i][0], activations[i + 1], activations[i]
        dz = [[da * a * (1 - a) for da, a in zip(*rows)] for rows in zip(da, a)]
        gradients.insert(0, (product(transposed(x), dz), [sum(dz) for dz in transposed(dz)]))
        if i > 0:  # the images need no gradient
            da = product(dz, transposed(W))
    return gradients


def update(net, gradients):
    """A step of gradient descent."""
    for (W, b), (dW, db) in zip(net, gradients):
        for row, drow in zip([*W, b], [*dW, db]):
            row[:] = [w - RATE * dw for w, dw in zip(row, drow)]


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
