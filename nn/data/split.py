"""Cutting arrays at random into parts to train, to validate and to test with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..random import generator as _generator
from .dataset import common_length, rows

__all__ = ["train_test_split", "train_validation_test_split"]


def train_test_split(
    *arrays: Any,
    test_size: float = 0.25,
    shuffle: bool = True,
    stratify: Any = None,
    generator: np.random.Generator | int | None = None,
) -> list[Any]:
    """Split arrays at random into a training and a test part, all in the same way.

    Parameters
    ----------
    arrays
        one or more equally long arrays.
    test_size
        the share of the test part, between 0 and 1, or the number of its samples.
    shuffle
        False takes the test part from the end and keeps the order.
    stratify
        (n,) labels. Each class is then divided as the whole is, to within one sample.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    list[Any]
        The training and the test part (copies) of the first array, then those of the next, and so
        on.

    Raises
    ------
    TypeError, ValueError
        no arrays, uneven lengths, a `test_size` that leaves a part empty, or `stratify` with a
        class of one sample, with a part smaller than the number of classes, or with
        `shuffle=False`.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import train_test_split
    >>> x, y = np.zeros((10, 3)), np.arange(10) % 2
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, stratify=y)
    >>> x_train.shape, x_test.shape, np.bincount(y_test)
    ((6, 3), (4, 3), array([2, 2]))
    """
    if not arrays:
        raise TypeError("train_test_split: got no arrays, expected at least one, as in (x, y)")
    n = common_length("arrays", arrays)
    n_test = _test_count(test_size, n)
    if stratify is not None:
        if not shuffle:
            raise ValueError("stratify: needs shuffle=True, because it picks within each class")
        train, test = _stratified(np.asarray(stratify), n, n_test, _generator(generator))
    else:
        order = _generator(generator).permutation(n) if shuffle else np.arange(n)
        train, test = order[: n - n_test], order[n - n_test :]
    return [rows(array, part) for array in arrays for part in (train, test)]


def train_validation_test_split(
    *arrays: Any,
    validation_size: float = 0.15,
    test_size: float = 0.15,
    shuffle: bool = True,
    stratify: Any = None,
    generator: np.random.Generator | int | None = None,
) -> list[Any]:
    """Split arrays at random into three parts: to train, to choose by, and to report.

    The test part is that of `train_test_split` from the same seed.

    Parameters
    ----------
    arrays
        one or more equally long arrays.
    validation_size
        the share of the validation part in the whole, or the number of its samples.
    test_size
        the same of the test part.
    shuffle
        False takes the validation part and then the test part from the end, and keeps the order.
    stratify
        (n,) labels. Each class is then divided as the whole is, to within two samples.
    generator
        a `numpy.random.Generator`, or a seed; by default the library's own.

    Returns
    -------
    list[Any]
        The training, validation and test parts (copies) of the first array, then those of the next,
        and so on.

    Raises
    ------
    TypeError, ValueError
        as `train_test_split`; and sizes that leave nothing to train on.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import train_validation_test_split
    >>> x, y = np.zeros((20, 3)), np.arange(20) % 2
    >>> x_train, x_val, x_test, y_train, y_val, y_test = train_validation_test_split(
    ...     x, y, validation_size=0.2, test_size=4, stratify=y
    ... )
    >>> len(x_train), len(x_val), len(x_test), np.bincount(y_val)
    (12, 4, 4, array([2, 2]))
    """
    if not arrays:
        raise TypeError("train_validation_test_split: got no arrays, expected at least one")
    n = common_length("arrays", arrays)
    n_test = _test_count(test_size, n)
    n_validation = _test_count(validation_size, n, "validation_size")
    if n_test + n_validation >= n:
        raise ValueError(
            f"validation_size, test_size: {n_validation} and {n_test} of {n} samples, expected "
            "some that are left to train on"
        )
    labels = None if stratify is None else np.asarray(stratify)
    options: dict[str, Any] = {"shuffle": shuffle, "generator": _generator(generator)}
    rest, test = train_test_split(np.arange(n), test_size=n_test, stratify=labels, **options)
    train, validation = train_test_split(
        rest,
        test_size=n_validation,
        stratify=None if labels is None else labels[rest],
        **options,
    )
    return [rows(array, part) for array in arrays for part in (train, validation, test)]


def _test_count(test_size: float, n: int, name: str = "test_size") -> int:
    if n < 2:
        raise ValueError(f"arrays: got {n} sample(s), expected at least 2, one for each part")
    if isinstance(test_size, (int, np.integer)) and not isinstance(test_size, bool):
        if not 0 < test_size < n:
            raise ValueError(
                f"{name}: got {test_size} of {n} samples, expected a count from 1 to {n - 1} "
                "or a share between 0.0 and 1.0"
            )
        return int(test_size)
    if not isinstance(test_size, (float, np.floating)):
        raise TypeError(f"{name}: got {test_size!r}, expected a share (float) or a count (int)")
    if not 0 < test_size < 1:
        raise ValueError(
            f"{name}: got {test_size}, expected a share between 0.0 and 1.0, such as 0.25; "
            "a count of samples is an int"
        )
    return min(max(round(test_size * n), 1), n - 1)


def _stratified(
    labels: NDArray[Any], n: int, n_test: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the training and of the test part, by systematic sampling."""
    if labels.shape != (n,):
        raise ValueError(
            f"stratify: got shape {labels.shape}, expected ({n},): one label for each sample"
        )
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"stratify: class {classes[counts.argmin()]} has a single sample, expected at least 2 "
            "in each class; leave that class out, or stratify=None"
        )
    if min(n_test, n - n_test) < len(classes):
        raise ValueError(
            f"stratify: {n - n_test} training and {n_test} test samples, expected at least "
            f"{len(classes)} of each, the number of classes; change test_size"
        )
    # Line the shuffled samples up by class and take n_test of them at even distances: any run of
    # the line, so each class too, holds its share of them, rounded down or up.
    order = rng.permutation(n)
    order = order[np.argsort(labels[order], kind="stable")]
    picked = np.diff(np.arange(n + 1) * n_test // n) == 1
    return rng.permutation(order[~picked]), rng.permutation(order[picked])
