"""Samplers, parts of datasets, and batches made in one's own way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor
from nn.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from nn.random import generator, manual_seed

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)

# ------------------------------------------------------------------------------------ samplers


def test_a_sequence_is_in_order_and_grows_with_its_dataset():
    data = [3, 4]
    sampler = SequentialSampler(data)
    assert list(sampler) == [0, 1]
    data.append(5)
    assert (list(sampler), len(sampler)) == ([0, 1, 2], 3)


@given(st.integers(1, 9), st.integers(1, 30))
def test_without_replacement_everyone_comes_once_before_anyone_comes_again(n, m):
    sampler = RandomSampler(range(n), num_samples=m, generator=0)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == m
    assert all(type(i) is int for i in drawn)
    for start in range(0, m - m % n, n):
        assert sorted(drawn[start : start + n]) == list(range(n))
    assert len(set(drawn[m - m % n :])) == m % n


def test_a_random_sampler_is_what_shuffle_does():
    sampler = RandomSampler(X, generator=0)
    loader = DataLoader(Y, 5, shuffle=True, generator=0)
    for _ in range(2):
        assert list(sampler) == np.concatenate(list(loader)).tolist()
    few, rng = RandomSampler(X, num_samples=3, generator=0), np.random.default_rng(0)
    for _ in range(2):
        assert list(few) == rng.permutation(10)[:3].tolist()


def test_with_replacement_each_draw_is_from_all():
    drawn = np.array(list(RandomSampler(range(4), True, 40_000, generator=0)))
    assert np.bincount(drawn) / 40_000 == pytest.approx([0.25] * 4, abs=0.01)
    pairs = np.bincount(4 * drawn[::2] + drawn[1::2]) / 20_000  # of neighbours
    assert pairs == pytest.approx([1 / 16] * 16, abs=0.01)


@pytest.mark.parametrize("replacement", [False, True])
def test_weights_are_probabilities(replacement):
    weights = np.array([0.0, 1, 3, 6])
    sampler = WeightedRandomSampler(weights, 2, replacement, generator=0)
    drawn = np.array([list(sampler) for _ in range(20_000)])
    expected = np.outer(weights, weights) / 100
    if not replacement:  # the second draw is from those that are left
        expected = np.outer(weights, weights) / np.outer(10 * (10 - weights), np.ones(4))
        np.fill_diagonal(expected, 0)
    seen = np.zeros((4, 4))
    np.add.at(seen, tuple(drawn.T), 1)
    np.testing.assert_allclose(seen / 20_000, expected, atol=0.012)


def test_a_subset_in_random_order():
    sampler = SubsetRandomSampler([7, 7, 2], generator=0)
    orders = {tuple(sampler) for _ in range(50)}
    assert orders == {(7, 7, 2), (7, 2, 7), (2, 7, 7)}
    assert len(sampler) == 3


@pytest.mark.parametrize("drop_last", [False, True])
def test_lists_of_another_sampler(drop_last):
    sampler = BatchSampler(iter(range(5)), 2, drop_last)
    assert list(sampler) == [[0, 1], [2, 3], [4]][: 3 - drop_last]
    assert len(BatchSampler(range(5), 2, drop_last)) == 3 - drop_last


def test_a_samplers_draws_follow_the_seed_and_disturb_no_others():
    manual_seed(0)
    expected = generator().random()
    orders = []
    for _ in range(2):
        manual_seed(0)
        sampler = RandomSampler(range(50))
        orders.append([list(sampler), list(sampler)])
        assert generator().random() == expected
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomSampler(range(3), num_samples=0), "num_samples: got 0, expected a positive"),
        (lambda: WeightedRandomSampler([1, 2], 2.0), "num_samples: got 2.0"),
        (lambda: WeightedRandomSampler([1, -2], 2), r"got -2.0 to 1.0"),
        (lambda: WeightedRandomSampler([0, 0], 2), r"not all 0, got 0.0 to 0.0"),
        (lambda: WeightedRandomSampler([1, np.nan], 2), "weights: expected numbers"),
        (lambda: WeightedRandomSampler([], 2), "got none to none"),
        (lambda: WeightedRandomSampler([[1]], 2), r"weights: got shape \(1, 1\), expected \(n,\)"),
        (lambda: WeightedRandomSampler([1, 0], 2, False), "at most 1 without replacement"),
        (lambda: BatchSampler([1], 0, False), "batch_size: got 0"),
    ],
)
def test_wrong_use_of_samplers(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# ------------------------------------------------------------------------- samplers in a loader


@pytest.mark.filterwarnings("ignore:the last batch")
def test_the_sampler_decides_which_and_in_which_order():
    loader = DataLoader((X, Y), 2, sampler=[9, 0, 9, -1, 3])
    assert [y.tolist() for _, y in loader] == [[9, 0], [9, 9], [3]]
    assert len(loader) == 3
    np.testing.assert_array_equal(next(iter(loader))[0], X[[9, 0]])
    loader = DataLoader(Y, 2, drop_last=True, sampler=[9, 0, 9, 9, 3])
    assert [y.tolist() for y in loader] == [[9, 0], [9, 9]]
    assert "batch_size=2, sampler=list, drop_last=True" in repr(loader)


def test_the_batch_sampler_decides_what_a_batch_is():
    loader = DataLoader((X, Y), batch_sampler=[[1, 2, 3], (4,), np.array([0, 9])])
    assert [y.tolist() for _, y in loader] == [[1, 2, 3], [4], [0, 9]]
    assert len(loader) == 3
    assert repr(loader) == "DataLoader(10 samples, 3 batches, batch_sampler=list)"


def test_a_sampler_without_a_length_is_read_to_its_end():
    class Odd:
        def __iter__(self):
            return iter(range(1, 10, 2))

    loader = DataLoader(Y, 2, sampler=Odd())
    assert [y.tolist() for y in loader] == [[1, 3], [5, 7], [9]]
    with pytest.raises(TypeError, match="has no len"):
        len(loader)


def test_the_samples_are_those_that_weights_prefer():
    weights = [0] * 9 + [1]
    loader = DataLoader((X, Y), 4, sampler=WeightedRandomSampler(weights, 8))
    for x, y in loader:
        assert y.tolist() == [9] * 4
        np.testing.assert_array_equal(x, X[[9] * 4])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"sampler": [0], "shuffle": True}, ValueError, "sampler: it decides the order"),
        ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "leave out batch_size, shuffle"),
        ({"batch_sampler": [[0]], "sampler": [0]}, ValueError, "leave out batch_size, shuffle"),
        ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "leave out batch_size, shuffle"),
        ({"batch_size": 4, "drop_last": True, "sampler": [0]}, ValueError, "1 samples make no fu"),
        ({"drop_last": [0, 1]}, TypeError, "drop_last: got a list, .* sampler=..."),
    ],
)
def test_a_loader_is_told_once_what_to_do(options, error, words):
    with pytest.raises(error, match=words):
        DataLoader(Y, **options)


@pytest.mark.parametrize(
    ("sampler", "error", "words"),
    [
        ([3, 10], IndexError, "sampler: gave 3 to 10, expected 0 to 9: the dataset has 10 samples"),
        ([-11], IndexError, "sampler: gave -11 to -11"),
        ([0.5], TypeError, "sampler: gave 0.5, expected the numbers of samples"),
        ([[0, 1]], TypeError, r"sampler: gave \[0, 1\]"),
        (["a"], TypeError, "sampler: gave 'a'"),
    ],
)
def test_a_sampler_of_something_else(sampler, error, words):
    with pytest.raises(error, match=words):
        iter(DataLoader(Y, sampler=sampler))


# ---------------------------------------------------------------------------------- collate_fn


@pytest.mark.parametrize("data", [(X, Y), TensorDataset(X, Y), Subset((X, Y), range(10))])
def test_collate_fn_gets_the_samples_and_makes_the_batch(data):
    def collate(samples):
        assert isinstance(samples, list)
        x, y = default_collate(samples)
        return {"x": x * 2, "n": len(samples), "y": y}

    first, second = DataLoader(data, 5, collate_fn=collate)
    np.testing.assert_array_equal(second["x"], 2 * X[5:])
    assert first["n"] == 5
    assert second["y"].tolist() == [5, 6, 7, 8, 9]


def test_sequences_of_several_lengths_can_be_padded():
    words = [np.array([1, 2, 3]), np.array([4]), np.array([5, 6]), np.array([7, 8, 9, 9])]

    class Words(Dataset):
        def __len__(self):
            return len(words)

        def __getitem__(self, i):
            return words[i]

    def pad(samples):
        out = np.zeros((len(samples), max(map(len, samples))), int)
        for row, sample in zip(out, samples, strict=True):
            row[: len(sample)] = sample
        return out

    first, second = DataLoader(Words(), 2, collate_fn=pad)
    assert first.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert second.tolist() == [[5, 6, 0, 0], [7, 8, 9, 9]]


# --------------------------------------------------------------------------------------- parts


@pytest.mark.parametrize("indices", [[7, 0, 7, -1], (7, 0, 7, 9), np.array([7, 0, 7, 9], np.uint8)])
def test_a_part_has_the_samples_of_its_indices(indices):
    part = Subset(TensorDataset(X, Y), indices)
    assert len(part) == 4
    assert [int(y) for _, y in part] == [7, 0, 7, 9]
    np.testing.assert_array_equal(part[1:3][0], X[[0, 7]])
    np.testing.assert_array_equal(part[[3, 0]][1], [9, 7])
    ((x, y),) = DataLoader(part, 4)
    np.testing.assert_array_equal(x, X[[7, 0, 7, 9]])
    assert y.tolist() == [7, 0, 7, 9]


def test_indices_of_few_bits_in_a_long_dataset():
    assert list(Subset(range(1000), np.array([7, 255], np.uint8))) == [7, 255]
    assert list(Subset(range(1000), np.array([7, -1], np.int8))) == [7, 999]
    assert next(iter(DataLoader(range(1000), 2, sampler=np.array([7, -1], np.int8)))).tolist() == [
        7,
        999,
    ]


def test_a_part_of_a_part_of_what_is_no_array():
    class Squares:
        def __len__(self):
            return 10

        def __getitem__(self, i):
            assert type(i) is int
            return i * i

    part = Subset(Subset(Squares(), range(1, 10, 2)), [0, 4])
    assert list(part) == [1, 81]
    assert next(iter(DataLoader(part, 2))).tolist() == [1, 81]


def test_a_mask_picks_where_it_is_true():
    assert Subset(Y, Y > 6).indices.tolist() == [7, 8, 9]
    assert Subset(Y, np.zeros(10, bool)).indices.tolist() == []
    assert len(Subset(Y, [])) == 0
    (batch,) = DataLoader(Subset(Tensor(X), Y > 7), 2)
    assert isinstance(batch, Tensor)
    np.testing.assert_array_equal(batch.data, X[8:])


@pytest.mark.parametrize(
    ("indices", "error", "words"),
    [
        ([10], IndexError, "indices: got 10 to 10, expected 0 to 9"),
        ([-11], IndexError, "indices: got -11"),
        ([0.0], TypeError, r"indices: got float64 of shape \(1,\), expected integers \(m,\)"),
        ([[1]], TypeError, r"of shape \(1, 1\)"),
        ([True, False], TypeError, r"got bool of shape \(2,\), .* or booleans \(10,\)"),
    ],
)
def test_indices_that_are_none(indices, error, words):
    with pytest.raises(error, match=words):
        Subset(Y, indices)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 9))
def test_random_split_takes_everyone_once(sizes, seed):
    n = sum(sizes)
    if n == 1 and len(sizes) > 1:
        return  # 1 and zeros are shares, too: everything goes to the one
    parts = random_split(np.arange(n), sizes, seed)
    assert [len(part) for part in parts] == sizes
    assert sorted(itertools.chain(*parts)) == list(range(n))


def test_random_split_is_random_and_follows_the_seed():
    first, again, other = (random_split(range(100), [1.0], seed)[0] for seed in (0, 0, 1))
    assert list(first) == list(again) != list(other)
    assert list(first) != sorted(first)
    parts = random_split((X, Y), [0.8, 0.2], generator=0)
    for part in parts:
        for x, y in DataLoader(part, 2):
            np.testing.assert_array_equal(x, X[y])


@pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [11, -1], [5.0, 5.0], [0.5, 0.6], []])
def test_parts_that_do_not_add_up(lengths):
    with pytest.raises(ValueError, match=r"lengths: got \["):
        random_split(Y, lengths)
