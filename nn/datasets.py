"""Data to learn from: real digits that ship with the library, made-up points, and MNIST."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import replacing
from .random import generator as _generator

__all__ = [
    "blobs", "circles", "digits", "mnist", "moons", "read_idx", "spirals", "squares",
]  # fmt: skip


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """1,797 real handwritten digits of 8 x 8 pixels, which come with the library.

    Returns
    -------
    images : array
        (1797, 8, 8) float32 in [0, 1]; a pixel is the share of ink in a 4 x 4 block of the scan, in
        sixteenths.
    labels : array
        (1797,) int64, 0 to 9.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits (the test set, by 13
    writers), UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0.

    Examples
    --------
    >>> from nn.datasets import digits
    >>> images, labels = digits()
    >>> images.shape, labels[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4]))
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        return file["images"].astype(np.float32) / 16, file["labels"].astype(np.int64)


def circles(
    n: int = 1000, *, noise: float = 0.0, generator: np.random.Generator | int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points in a disc (label 1) and in a ring around it (label 0): no line divides them.

    The disc has radius 0.4, the ring radii 0.7 and 1; points are uniform within each.

    Parameters
    ----------
    n
        number of points; half are in the disc (one less than half if `n` is odd).
    noise
        standard deviation of Gaussian noise added to the points after labelling.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    points : array
        (n, 2) float32, in [-1, 1] without noise. labels : (n,) int64, in random order.

    Examples
    --------
    >>> from nn.datasets import circles
    >>> points, labels = circles(200, generator=0)
    >>> points.shape, int(labels.sum())
    ((200, 2), 100)
    """
    _check(n, noise)
    rng = _generator(generator)
    angle = rng.uniform(0, 2 * np.pi, n)
    return _nested(np.stack([np.cos(angle), np.sin(angle)], axis=1), noise, rng)


def squares(
    n: int = 1000, *, noise: float = 0.0, generator: np.random.Generator | int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points in a square (label 1) and in a frame around it (label 0): no line divides them.

    The square is |x|, |y| < 0.4, the frame lies between 0.7 and 1. Parameters and results are
    those of `circles`.

    Examples
    --------
    >>> from nn.datasets import squares
    >>> points, labels = squares(200, generator=0)
    >>> bool((abs(points[labels == 1]) < 0.4).all())
    True
    """
    _check(n, noise)
    rng = _generator(generator)
    direction = rng.uniform(-1, 1, (n, 2))
    return _nested(direction / np.abs(direction).max(axis=1, keepdims=True), noise, rng)


def moons(
    n: int = 1000, *, noise: float = 0.05, generator: np.random.Generator | int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points on two half circles that reach into one another: the upper is 0, the lower 1.

    Half circles of radius 2/3 around (-1/3, -1/6) and (1/3, 1/6); points are uniform in angle.

    Parameters
    ----------
    n
        number of points; half are of each (one less of the lower if `n` is odd).
    noise
        standard deviation of Gaussian noise added to the points.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    points : array
        (n, 2) float32, in [-1, 1] without noise. labels : (n,) int64, in random order.

    Examples
    --------
    >>> from nn.datasets import moons
    >>> points, labels = moons(200, generator=0)
    >>> points.shape, int(labels.sum())
    ((200, 2), 100)
    """
    _check(n, noise)
    rng = _generator(generator)
    labels = rng.permutation(n) % 2
    side = 1 - 2 * labels  # the lower is the upper, turned by 180 degrees about the middle
    angle = rng.uniform(0, np.pi, n)
    upper = np.stack([2 * np.cos(angle) - 1, 2 * np.sin(angle) - 0.5], axis=1) / 3
    return _noisy(upper * side[:, None], labels, noise, rng)


def spirals(
    n: int = 1000,
    classes: int = 2,
    *,
    turns: float = 1.0,
    noise: float = 0.02,
    generator: np.random.Generator | int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points on spirals that wind about one another, one for each class.

    On the arm of class k, the angle at radius r is 2π (k / classes + turns r); r is uniform from
    0.1 to 1.

    Parameters
    ----------
    n
        number of points; as many of each class, to within one.
    classes
        number of arms.
    turns
        how often each goes round, from the centre to radius 1: the more, the harder.
    noise
        standard deviation of Gaussian noise added to the points.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    points : array
        (n, 2) float32, in [-1, 1] without noise. labels : (n,) int64, in random order.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.datasets import spirals
    >>> points, labels = spirals(300, 3, generator=0)
    >>> np.bincount(labels)
    array([100, 100, 100])
    """
    _check(n, noise, classes)
    rng = _generator(generator)
    labels = rng.permutation(n) % classes
    radius = rng.uniform(0.1, 1, n)
    angle = 2 * np.pi * (labels / classes + turns * radius)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _noisy(points, labels, noise, rng)


def blobs(
    n: int = 1000,
    classes: int = 3,
    *,
    noise: float = 0.15,
    generator: np.random.Generator | int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points in round clouds, one for each class: straight lines divide them, if noise is small.

    The centre of class k is at the angle 2π k / classes on the circle of radius 0.7.

    Parameters
    ----------
    n
        number of points; as many of each class, to within one.
    classes
        number of clouds.
    noise
        standard deviation of the points of a cloud, along each axis.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    points : array
        (n, 2) float32. labels : (n,) int64, in random order.

    Examples
    --------
    >>> from nn.datasets import blobs
    >>> points, labels = blobs(300, 4, generator=0)
    >>> points[labels == 1].mean(axis=0).round(1)
    array([-0. ,  0.7], dtype=float32)
    """
    _check(n, noise, classes)
    rng = _generator(generator)
    labels = rng.permutation(n) % classes
    angle = 2 * np.pi * labels / classes
    return _noisy(0.7 * np.stack([np.cos(angle), np.sin(angle)], axis=1), labels, noise, rng)


def _check(n: int, noise: float, classes: int = 2) -> None:
    if n < 1:
        raise ValueError(f"n: got {n}, expected at least 1 point")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise: got {noise}, expected a standard deviation, 0.0 or more")
    if not isinstance(classes, int | np.integer) or classes < 1:
        raise ValueError(f"classes: got {classes!r}, expected a positive int")


def _nested(
    outline: NDArray[np.float64], noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Shrink points on the outline of a shape into its core (label 1) or its rim (label 0).

    A gap parts the two, and each has half of the points. With both, a 2-3-2 network finds the
    three edges it needs nearly always; with a bare border it often rests on two parallel ones.
    """
    n = len(outline)
    labels = rng.permutation(n) % 2
    low = np.where(labels == 1, 0.0, 0.7)
    high = np.where(labels == 1, 0.4, 1.0)
    # The area within a scale s grows as its square, so uniform points have a uniform square.
    scale = np.sqrt(rng.uniform(low**2, high**2))
    return _noisy(outline * scale[:, None], labels, noise, rng)


def _noisy(
    points: NDArray[np.float64], labels: NDArray[Any], noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    # Drawn even without noise, so that one seed gives the same points at every level of it.
    points = points + noise * rng.standard_normal(points.shape)
    return points.astype(np.float32), labels.astype(np.int64)


# MNIST: Y. LeCun, C. Cortes and C. Burges, http://yann.lecun.com/exdb/mnist/

_MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
]
_SHA256 = {  # of the .gz files
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}


def mnist(
    folder: str | os.PathLike[str], train: bool = True, *, download: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The MNIST handwritten digits: 60,000 to train on, 10,000 to test on.

    Parameters
    ----------
    folder
        where the four files are, gzipped or not: `train-images-idx3-ubyte.gz`,
        `train-labels-idx1-ubyte.gz`, `t10k-images-idx3-ubyte.gz`, `t10k-labels-idx1-ubyte.gz`.
    train
        True reads the training pair, False the `t10k` test pair.
    download
        fetch missing files into `folder`, which is made if need be (10 MB for training, 2 MB for
        testing), from a public mirror, and check their SHA-256.

    Returns
    -------
    images : array
        (n, 28, 28) float32 in [0, 1]. labels : (n,) int64, 0 to 9.

    Raises
    ------
    FileNotFoundError
        a file is missing, and `download` is False.
    ValueError
        a file is damaged, or is not what its name says.
    TypeError
        `train` is not a bool.
    ConnectionError
        no mirror could be reached, or none gave the right file.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.
    """
    if not isinstance(train, bool):  # "test" would count as true
        raise TypeError(f"train: got {train!r}, expected True or False")
    part = "train" if train else "t10k"
    images_path = _find(Path(folder), f"{part}-images-idx3-ubyte", download)
    labels_path = _find(Path(folder), f"{part}-labels-idx1-ubyte", download)
    pixels, labels = read_idx(images_path), read_idx(labels_path)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[1:] != (28, 28):
        raise ValueError(
            f"{images_path}: holds {pixels.dtype} of shape {pixels.shape}, expected uint8 images "
            "of shape (n, 28, 28)"
        )
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise ValueError(
            f"{labels_path}: holds {labels.dtype} of shape {labels.shape}, expected uint8 labels "
            "of shape (n,)"
        )
    if len(pixels) != len(labels):
        raise ValueError(
            f"{labels_path}: holds {len(labels)} labels for the {len(pixels)} images of "
            f"{images_path.name}, expected as many"
        )
    if np.any(labels > 9):
        raise ValueError(f"{labels_path}: holds the label {labels.max()}, expected 0 to 9")
    images = pixels.astype(np.float32)
    images /= 255
    return images, labels.astype(np.int64)


def _find(folder: Path, name: str, download: bool) -> Path:
    """The path of an MNIST file, under any of the names it goes by."""
    dotted = name.replace("-idx", ".idx")
    for candidate in (f"{name}.gz", name, f"{dotted}.gz", dotted):
        if (folder / candidate).is_file():
            return folder / candidate
    if download:
        return _download(folder, name)
    raise FileNotFoundError(
        f"{folder}: no {name}.gz or {name} there; pass download=True, or get it from {_MIRRORS[0]}"
    )


def _download(folder: Path, name: str) -> Path:
    import hashlib  # only here: they take longer to import than NumPy
    import http.client
    import urllib.request

    problems = []
    for mirror in _MIRRORS:
        try:
            with urllib.request.urlopen(f"{mirror}{name}.gz", timeout=30) as response:
                data = response.read()
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{mirror}: {error}")
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest == _SHA256[name]:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / f"{name}.gz") as file:
                file.write(data)
            return folder / f"{name}.gz"
        problems.append(f"{mirror}: {len(data)} bytes with SHA-256 {digest}, not {_SHA256[name]}")
    raise ConnectionError(
        f"{name}.gz: no mirror gave it ({'; '.join(problems)}); check the network, or put the "
        f"file into {folder} by hand"
    )


_IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in a file of the IDX format, which MNIST and its kin use; gzipped or not.

    The format: two zero bytes, one byte for the type, one for the number of dimensions, each
    dimension as a big-endian 32-bit number, and then the values, big-endian.

    Returns
    -------
    ndarray
        An array of the file's type, in this machine's byte order: uint8 for images and labels.

    Raises
    ------
    FileNotFoundError
        there is no such file.
    ValueError
        the file is damaged or not IDX; the message says what is wrong with it.
    """
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: damaged gzip data ({error}); delete it and fetch it again"
            ) from None
    try:
        return _parse_idx(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _parse_idx(data: bytes) -> NDArray[Any]:
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_DTYPES or data[3] == 0:
        raise ValueError(
            f"not an IDX file: it starts with bytes [{data[:4].hex(' ')}], expected 00 00, a type "
            "(08 for unsigned bytes) and a number of dimensions"
        )
    dtype, ndim = np.dtype(_IDX_DTYPES[data[2]]), data[3]
    start = 4 + 4 * ndim
    if len(data) < start:
        raise ValueError(f"truncated: {len(data)} bytes, but the header alone takes {start}")
    shape = tuple(int.from_bytes(data[i : i + 4], "big") for i in range(4, start, 4))
    expected = math.prod(shape) * dtype.itemsize
    if len(data) - start != expected:
        problem = "truncated" if len(data) - start < expected else "trailing bytes"
        raise ValueError(
            f"{problem}: {len(data) - start} bytes after the header, expected {expected} for "
            f"{dtype.name} of shape {shape}"
        )
    values = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))  # a copy: the bytes read are not writable
