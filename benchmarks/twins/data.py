"""What the twins learn from, in files that any language reads without a library.

`images` holds 784 bytes an image, each 0 to 255; `labels` a byte an image, 0 to 9; `weights` a
number a line, layer by layer, the matrix W (in, out) row by row and then the bias b.
"""

from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np

from nn import datasets

SIZES = [784, 16, 16, 10]


def images(folder=None, count=None):
    """Bytes (n, 784), labels (n,) and their name: of MNIST in `folder`, or the bundled digits.

    `count` of them, from the start again where there are fewer.
    """
    if folder is None:
        name, (pixels, labels) = "bundled digits", datasets.digits()
        # Each of the 8 x 8 pixels becomes 3 x 3, and a margin makes 24 x 24 of them 28 x 28.
        pixels = np.pad(pixels.repeat(3, axis=1).repeat(3, axis=2), [(0, 0), (2, 2), (2, 2)])
    else:
        try:
            name, (pixels, labels) = "MNIST", datasets.mnist(folder)
        except FileNotFoundError:
            name, (pixels, labels) = "MNIST's test images", datasets.mnist(folder, train=False)
    order = list(islice(cycle(range(len(labels))), count or len(labels)))
    pixels = np.rint(255 * pixels).astype(np.uint8).reshape(-1, 784)
    return pixels[order], labels[order].astype(np.uint8), name


def weights(seed=0):
    """The numbers that every twin starts from: W of variance 1 / n with n inputs, b = 0."""
    rng = np.random.default_rng(seed)
    layers = [(rng.standard_normal((n, m)) / n**0.5, np.zeros(m)) for n, m in pairwise(SIZES)]
    return np.concatenate([p.ravel() for layer in layers for p in layer])


def write(folder, pixels, labels, numbers):
    """Write the three files; a float is written such that it is read as the same number."""
    Path(folder, "images").write_bytes(pixels.tobytes())
    Path(folder, "labels").write_bytes(labels.tobytes())
    Path(folder, "weights").write_text("\n".join(repr(float(w)) for w in numbers))
