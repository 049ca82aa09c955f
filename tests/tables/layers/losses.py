"""Losses, with every reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .base import Input, Layer, Shape, integers, uniform

REDUCTIONS = ("mean", "sum", "none")


def signs(shape: Shape) -> Callable[[np.random.Generator], Any]:
    """1 and -1."""
    return lambda rng: rng.choice([-1, 1], shape)


def of(values: Any) -> Callable[[np.random.Generator], Any]:
    """The numbers themselves."""
    return lambda _: np.array(values)


def normalized(shape: Shape, log: bool = False) -> Callable[[np.random.Generator], Any]:
    """(Logs of) probabilities, along the last axis."""

    def make(rng: np.random.Generator) -> Any:
        p = rng.random(shape) + 0.1
        p /= p.sum(axis=-1, keepdims=True)
        return np.log(p) if log else p

    return make


def some_ignored(high: int, shape: Shape) -> Callable[[np.random.Generator], Any]:
    """Labels, the second of which is to be ignored."""

    def make(rng: np.random.Generator) -> Any:
        labels = rng.integers(0, high, shape)
        labels.flat[1] = -100
        return labels

    return make


def rows(name: str, *inputs: Input, fixed: tuple[int, ...] = (), **kwargs: Any) -> list[Layer]:
    """One for each reduction."""
    return [Layer(name, (), {**kwargs, "reduction": r}, inputs, fixed=fixed) for r in REDUCTIONS]


def distances() -> list[Layer]:
    found = []
    for shape in [(2, 3), (5,), ()]:
        found += rows("MSELoss", shape, shape)
        found += rows("L1Loss", shape, shape)
        found += rows("HuberLoss", shape, shape)
        found += rows("SmoothL1Loss", shape, shape)
    pair = (3, 1, 4), (3, 1, 4)
    found += rows("HuberLoss", *pair, delta=0.3)
    found += rows("SmoothL1Loss", *pair, beta=0.3)
    found += rows("SmoothL1Loss", *pair, beta=0.0)
    return found


def distributions() -> list[Layer]:
    found = rows("PoissonNLLLoss", (2, 3), uniform((2, 3), 0, 4))
    found += rows("PoissonNLLLoss", (2, 3), integers(5, (2, 3)), full=True)
    found += rows("PoissonNLLLoss", (4,), uniform((4,), 1.1, 4), full=True)
    mean = uniform((2, 3), 0.5, 2)
    found += rows("PoissonNLLLoss", mean, uniform((2, 3), 0, 4), log_input=False, eps=0.1)
    pair = (2, 3, 4), (2, 3, 4)
    for var in [(2, 3, 4), (2, 3, 1), (2, 1, 4), (2, 3)]:
        found += rows("GaussianNLLLoss", *pair, uniform(var, 0.5, 2))
    found += rows("GaussianNLLLoss", (5,), (5,), uniform((1,), 0.5, 2), full=True)
    found += rows("GaussianNLLLoss", (5,), (5,), lambda _: 0.7, full=True, eps=0.1)
    for r in "batchmean", "sum", "none":  # for "mean" PyTorch warns: see test_losses_torch.py
        for log in False, True:
            y, options = normalized((3, 4), log), {"reduction": r, "log_target": log}
            found += [Layer("KLDivLoss", (), options, ((3, 4), y))]
        found += [
            Layer("KLDivLoss", (), {"reduction": r}, inputs=((1, 2, 3), normalized((1, 2, 3))))
        ]
        found += [
            Layer(
                "KLDivLoss",
                (),
                {"reduction": r},
                inputs=((1, 3), of([[0.0, 0.4, 0.6]])),
                fixed=(1,),
            )
        ]
    return found


def classification() -> list[Layer]:
    found = []
    for shape in [(2, 3), (4,), ()]:
        found += rows("BCEWithLogitsLoss", shape, uniform(shape))
        found += rows("BCELoss", uniform(shape, 0.1, 0.9), uniform(shape))
    for shape in [(4, 3), (1, 3), (3,), (2, 3, 2), (2, 3, 2, 1)]:
        labels = shape[:1] + shape[2:] if len(shape) > 1 else ()
        found += rows("CrossEntropyLoss", shape, integers(3, labels))
        found += rows("CrossEntropyLoss", shape, normalized(shape), label_smoothing=0.2)
        found += rows("CrossEntropyLoss", shape, integers(3, labels), label_smoothing=0.2)
        found += rows("NLLLoss", shape, integers(3, labels))
    for shape in [(4, 3), (2, 3, 2)]:
        labels = shape[:1] + shape[2:]
        found += rows("CrossEntropyLoss", shape, some_ignored(3, labels), label_smoothing=0.1)
        found += rows("CrossEntropyLoss", shape, some_ignored(3, labels))
        found += rows("NLLLoss", shape, some_ignored(3, labels))
    found += rows("CrossEntropyLoss", (6, 3), integers(3, (6,)), ignore_index=1)
    found += rows("NLLLoss", (6, 3), integers(3, (6,)), ignore_index=1)
    return found


def margins() -> list[Layer]:
    found = []
    for shape in [(2, 3), (4,), ()]:
        target = signs(shape)
        found += rows("HingeEmbeddingLoss", shape, target)
        found += rows("HingeEmbeddingLoss", shape, target, margin=0.3)
        found += rows("SoftMarginLoss", shape, target)
        found += rows("MarginRankingLoss", shape, shape, target)
        found += rows("MarginRankingLoss", shape, shape, target, margin=0.5)
    for x, y in [((4, 3), (4,)), ((1, 3), (1,)), ((5,), ())]:
        labels = integers(3, y)
        found += rows("MultiMarginLoss", x, labels)
        found += rows("MultiMarginLoss", x, labels, p=2, margin=0.7)
        target = signs(y)
        found += rows("CosineEmbeddingLoss", x, x, target)
        found += rows("CosineEmbeddingLoss", x, x, target, margin=0.2)
    lists = of([[2, 0, -1, 3], [-1, 1, 2, 3], [3, 1, 2, 0], [1, -1, -1, 2]])
    found += rows("MultiLabelMarginLoss", (4, 4), lists)
    found += rows("MultiLabelMarginLoss", (1, 3), of([[1, 1, -1]]))
    found += rows("MultiLabelMarginLoss", (4,), of([3, 0, -1, 1]))
    for shape in [(2, 3), (4,), (2, 3, 2)]:
        found += rows("MultiLabelSoftMarginLoss", shape, uniform(shape))
    three = (3, 4), (3, 4), (3, 4)
    found += rows("TripletMarginLoss", *three)
    found += rows("TripletMarginLoss", *three, margin=0.5, p=3.0, swap=True)
    found += rows("TripletMarginLoss", *three, p=1.0, eps=0.1)
    found += rows("TripletMarginLoss", (4,), (4,), (4,), swap=True)
    found += rows("TripletMarginLoss", (2, 3, 2), (2, 3, 2), (2, 3, 2))
    found += rows("TripletMarginWithDistanceLoss", *three)
    found += rows("TripletMarginWithDistanceLoss", *three, margin=2.0, swap=True)
    return found


def sequences() -> list[Layer]:
    # PyTorch's gradient by log_probs has exp(log_probs) too much, unless log_softmax follows, which
    # takes that away again. Here it is next to nothing.
    def log_probs(*shape: int) -> Callable[[np.random.Generator], Any]:
        return lambda rng: rng.standard_normal(shape) - 40

    found = []
    for targets in of([[1, 1, 2], [2, 1, 0], [3, 0, 0]]), of([1, 1, 2, 2, 1, 3]):
        lengths = of([6, 4, 5]), of([3, 2, 1])
        found += rows("CTCLoss", log_probs(6, 3, 4), targets, *lengths)
    impossible = of([[0, 0], [1, 3]]), of([2, 3]), of([2, 2])
    found += rows("CTCLoss", log_probs(3, 2, 4), *impossible, blank=2, zero_infinity=True)
    found += rows("CTCLoss", log_probs(2, 1, 2), of([[1]]), of([1]), of([0]))
    found += rows("CTCLoss", log_probs(4, 3), of([1, 2]), of(3), of(2))
    return found


ROWS = [*distances(), *distributions(), *classification(), *margins(), *sequences()]
