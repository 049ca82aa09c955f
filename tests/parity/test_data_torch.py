"""Loaders, parts and samplers beside torch.utils.data, where nothing is random."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from nn import data

torch = pytest.importorskip("torch")
utils = pytest.importorskip("torch.utils.data")

X, Y = np.arange(22.0, dtype=np.float32).reshape(11, 2), np.arange(11)
T = utils.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
OURS = data.TensorDataset(X, Y)


def same(ours, theirs):
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs)
    for batch, expected in zip(ours, theirs, strict=True):
        for a, b in zip(batch, expected, strict=True):
            np.testing.assert_array_equal(a, b.numpy())
            assert a.dtype == b.numpy().dtype


@pytest.mark.filterwarnings("ignore:the last batch", "ignore:'pin_memory'", "ignore:This DataLoad")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "drop_last": True},
        {"batch_size": 3, "sampler": [5, 5, 0, 10, 2, 3, 4]},
        {"batch_size": 3, "sampler": [5, 5, 0, 10, 2, 3, 4], "drop_last": True},
        {"batch_sampler": [[0, 3], [10], [5, 5, 5]]},
        {"batch_size": 5, "shuffle": None},
        {"batch_size": 4, "num_workers": 0, "pin_memory": False, "persistent_workers": False},
    ],
)
def test_batches_are_pytorchs(options):
    ours, theirs = data.DataLoader(OURS, **options), utils.DataLoader(T, **options)
    same(ours, theirs)
    assert len(ours) == len(theirs)


@pytest.mark.filterwarnings("ignore:the last batch")
def test_batches_of_other_samples_are_pytorchs():
    samples = [{"x": X[i], "pair": (i, [float(i), X[i] * 2])} for i in range(5)]
    ours = list(data.DataLoader(data.Subset(samples, [4, 0, 3, 3, 1]), 2))
    theirs = list(utils.DataLoader(utils.Subset(samples, [4, 0, 3, 3, 1]), 2))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a["x"], b["x"].numpy())
        np.testing.assert_array_equal(a["pair"][0], b["pair"][0].numpy())
        np.testing.assert_array_equal(a["pair"][1][0], b["pair"][1][0].numpy())
        np.testing.assert_array_equal(a["pair"][1][1], b["pair"][1][1].numpy())


class Listed(data.Dataset):
    def __init__(self, samples):
        super().__init__()
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


def test_a_script_of_pytorchs_runs():
    """Custom dataset, random_split, collate_fn, weights: with the names as they are there."""
    lengths = []
    for lib in (data, utils):
        whole = Listed([[i] * (1 + i % 3) for i in range(20)])
        train, test = lib.random_split(whole, [0.75, 0.25])
        sampler = lib.WeightedRandomSampler(weights=[1.0] * len(train), num_samples=30)
        loader = lib.DataLoader(
            train, batch_size=8, sampler=sampler, collate_fn=list, num_workers=0, pin_memory=False
        )
        seen = [sample for batch in loader for sample in batch]
        assert all(isinstance(sample, list) for sample in seen)
        lengths.append((len(train), len(test), len(loader), len(seen)))
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("n", [10, 11, 97])
@pytest.mark.parametrize("shares", [[0.8, 0.2], [0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3], [1.0]])
def test_shares_are_rounded_as_there(n, shares):
    ours = data.random_split(np.arange(n), shares)
    theirs = utils.random_split(range(n), shares)
    assert [len(part) for part in ours] == [len(part) for part in theirs]


@pytest.mark.parametrize("m", [None, 3, 25])
@pytest.mark.parametrize("replacement", [False, True])
def test_a_random_sampler_has_as_many(m, replacement):
    ours = data.RandomSampler(OURS, replacement=replacement, num_samples=m)
    theirs = utils.RandomSampler(T, replacement=replacement, num_samples=m)
    assert len(ours) == len(theirs) == len(list(ours)) == len(list(theirs))
    if not replacement:  # in 25 of 11, everyone twice and three of them once more
        counts = [sorted(np.bincount(list(s), minlength=11)) for s in (ours, theirs)]
        assert counts[0] == counts[1]


def test_the_arguments_are_pytorchs():
    for name in (
        "BatchSampler", "RandomSampler", "SequentialSampler", "Subset", "SubsetRandomSampler",
        "WeightedRandomSampler", "random_split",
    ):  # fmt: skip
        ours, theirs = (
            [p.name for p in inspect.signature(getattr(lib, name)).parameters.values()]
            for lib in (data, utils)
        )
        assert ours == theirs, name
    ours, theirs = (set(inspect.signature(lib.DataLoader).parameters) for lib in (data, utils))
    assert ours == theirs
