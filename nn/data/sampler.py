"""Which samples, in which order: what a DataLoader's `sampler` and `batch_sampler` may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..random import generator as _generator
from ..random import restore, state_of

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class SequentialSampler:
    """All samples, from the first to the last.

    Parameters
    ----------
    data_source
        the dataset; only its length counts.
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))


class _Random:
    """A sampler that draws from a generator, which is its state."""

    def __init__(self, generator: np.random.Generator | int | None) -> None:
        # As a loader's: the draws of a sampler disturb no others.
        self.generator = _generator().spawn(1)[0] if generator is None else _generator(generator)

    def __len__(self) -> int:
        raise NotImplementedError

    def _draw(self) -> NDArray[np.int64]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        return iter(self._draw().tolist())

    def state_dict(self) -> dict[str, Any]:
        """Where its generator is; a DataLoader keeps it with its own state."""
        return {"generator": state_of(self.generator)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as the sampler whose state it is would have."""
        restore(self.generator, state["generator"])


class RandomSampler(_Random):
    """Samples in random order, anew each time.

    Parameters
    ----------
    data_source
        the dataset; only its length counts.
    replacement
        draw each anew from all, so that some come several times and others not at all.
    num_samples
        how many in all, by default as many as there are; of more than these without replacement,
        everyone comes once before anyone comes again.
    generator
        a `numpy.random.Generator`, or a seed; by default one of its own, from the library's.

    Examples
    --------
    >>> from nn.data import RandomSampler
    >>> sorted(RandomSampler(range(5)))
    [0, 1, 2, 3, 4]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        super().__init__(generator)
        if num_samples is not None:
            _positive("num_samples", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int:
        """How many it gives; without an own number, as many as the dataset has by now."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __len__(self) -> int:
        return self.num_samples

    def _draw(self) -> NDArray[np.int64]:
        n, m = len(self.data_source), self.num_samples
        if self.replacement:
            return self.generator.integers(n, size=m)
        rounds = [self.generator.permutation(n) for _ in range(-(-m // n) if n else 0)]
        return np.concatenate([*rounds, np.empty(0, np.int64)])[:m]


class SubsetRandomSampler(_Random):
    """These samples, in random order.

    Parameters
    ----------
    indices
        which.
    generator
        a `numpy.random.Generator`, or a seed; by default one of its own, from the library's.
    """

    def __init__(
        self, indices: Sequence[int], generator: np.random.Generator | int | None = None
    ) -> None:
        super().__init__(generator)
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def _draw(self) -> NDArray[np.int64]:
        return self.generator.permutation(np.asarray(self.indices, np.int64))


class WeightedRandomSampler(_Random):
    """Samples drawn with probabilities in proportion to weights, as for rare classes.

    Parameters
    ----------
    weights
        (n,) numbers, 0 or more; they need not add up to 1.
    num_samples
        how many to draw.
    replacement
        False draws nobody twice.
    generator
        a `numpy.random.Generator`, or a seed; by default one of its own, from the library's.

    Raises
    ------
    ValueError
        a weight that is negative or not finite, all of them 0, or fewer above 0 than samples that
        are to be drawn without replacement.

    Examples
    --------
    Each class as often as the other, though one is rare:

    >>> import numpy as np
    >>> from nn.data import WeightedRandomSampler
    >>> labels = np.array([0] * 90 + [1] * 10)
    >>> weights = 1 / np.bincount(labels)[labels]
    >>> drawn = list(WeightedRandomSampler(weights, 1000, generator=0))
    >>> bool(400 < labels[drawn].sum() < 600)
    True
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        super().__init__(generator)
        _positive("num_samples", num_samples)
        p = np.asarray(weights, np.float64)
        if p.ndim != 1:
            raise ValueError(f"weights: got shape {p.shape}, expected (n,), one for each sample")
        if not np.isfinite(p).all() or (p < 0).any() or not p.sum() > 0:
            raise ValueError(
                "weights: expected numbers of 0 or more, not all 0, "
                f"got {p.min() if p.size else 'none'} to {p.max() if p.size else 'none'}"
            )
        if not replacement and num_samples > np.count_nonzero(p):
            raise ValueError(
                f"num_samples: got {num_samples}, expected at most {np.count_nonzero(p)} without "
                "replacement, the number of weights above 0"
            )
        self.weights = p
        self.num_samples = num_samples
        self.replacement = replacement

    def __len__(self) -> int:
        return self.num_samples

    def _draw(self) -> NDArray[np.int64]:
        p = self.weights / self.weights.sum()
        return self.generator.choice(len(p), self.num_samples, self.replacement, p)


class BatchSampler:
    """The samples of another sampler in lists, a list for each batch.

    Parameters
    ----------
    sampler
        gives indices.
    batch_size
        how many in a list; the last one is shorter if they do not divide the samples.
    drop_last
        leave out a last list that would be shorter.

    Examples
    --------
    >>> from nn.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _positive("batch_size", batch_size)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """That of its sampler, or nothing if it has none."""
        return self.sampler.state_dict() if hasattr(self.sampler, "state_dict") else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as the sampler whose state it is would have."""
        if hasattr(self.sampler, "load_state_dict"):
            self.sampler.load_state_dict(state)


def _positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}: got {value!r}, expected a positive int")
