"""What is measured in an epoch: means over its samples."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import Tensor

__all__ = ["Means", "Metrics"]

Metrics = Mapping[str, Callable[[Any, Any], float]]


class Means:
    """The means over the samples of an epoch, named "loss", "accuracy" and as the metrics are."""

    def __init__(self, prefix: str, metrics: Metrics | None, ignored: Any) -> None:
        self.prefix, self.metrics = prefix, metrics or {}
        self.ignored = ignored  # a target that does not count in the accuracy
        self.begin(1)

    def begin(self, epoch: int) -> None:
        """Forget what was measured: an epoch begins."""
        self.epoch = epoch
        self.sums: defaultdict[str, float] = defaultdict(float)
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.batches = 0

    def state_dict(self) -> dict[str, Any]:
        """What was measured so far, of an epoch that is under way."""
        return {name: getattr(self, name) for name in ("epoch", "batches", "sums", "counts")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on in the epoch in which `state_dict()` was taken."""
        self.begin(state["epoch"])
        self.batches = state["batches"]
        self.sums.update(state["sums"])
        self.counts.update(state["counts"])

    def check(self, name: str, numbers: Any, advice: str) -> None:
        """Raise if one of the numbers is nan or infinite."""
        if not np.isfinite(numbers).all():
            kind = "nan" if np.isnan(numbers).any() else "inf"
            raise FloatingPointError(
                f"fit: {name} is {kind} in epoch {self.epoch}, batch {self.batches}. {advice}"
            )

    def add(self, cost: Any, output: Any, y: Any) -> None:
        """Measure a batch."""
        self.batches += 1
        value = cost.item() if isinstance(cost, Tensor) else float(cost)
        advice = "Lower the learning rate; scale the inputs to about -1 to 1; look for nan in them"
        self.check(f"{self.prefix}loss", value, advice)
        output, y = (x.data if isinstance(x, Tensor) else x for x in (output, y))
        scores = isinstance(output, np.ndarray) and output.ndim == 2 and output.shape[1] > 1
        labels = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu"
        self._count("loss", len(y) * value, len(y))
        if scores and labels:
            counted = (y >= 0) & (y < output.shape[1]) & (y != self.ignored)
            right = output.argmax(axis=1) == y
            self._count("accuracy", (right & counted).sum(), counted.sum())
        for name, metric in self.metrics.items():
            self._count(name, len(y) * float(metric(output, y)), len(y))

    def _count(self, name: str, total: float, count: int) -> None:
        self.sums[name] += float(total)
        self.counts[name] += int(count)

    def result(self) -> dict[str, float]:
        """The means by name."""
        sums, counts = self.sums, self.counts
        return {self.prefix + k: sums[k] / counts[k] if counts[k] else math.nan for k in sums}
