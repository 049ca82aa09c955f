"""Parts to train, to validate and to test with: everyone once, in fair shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nn.data import train_test_split, train_validation_test_split
from nn.random import manual_seed


def test_the_results_come_in_scikit_learns_order():
    x, y = np.repeat(np.arange(8.0), 2).reshape(8, 2), np.arange(8)
    x_train, x_test, y_train, y_test = train_test_split(x, y, generator=0)
    assert (len(x_train), len(x_test), len(y_train), len(y_test)) == (6, 2, 6, 2)
    np.testing.assert_array_equal(x_train[:, 0], y_train)
    np.testing.assert_array_equal(x_test[:, 0], y_test)
    assert sorted([*y_train, *y_test]) == list(range(8))


@given(st.integers(2, 60), st.floats(0.001, 0.999), st.booleans())
def test_a_share_is_rounded_and_leaves_no_part_empty(n, share, shuffle):
    train, test = train_test_split(np.arange(n), test_size=share, shuffle=shuffle, generator=0)
    assert sorted([*train, *test]) == list(range(n))
    assert len(train) >= 1
    assert len(test) >= 1
    assert abs(len(test) - share * n) <= (0.5 if 1 <= share * n <= n - 1 else 1)


def test_a_count_and_no_shuffling():
    train, test = train_test_split(np.arange(7), test_size=3, shuffle=False)
    assert train.tolist() == [0, 1, 2, 3]
    assert test.tolist() == [4, 5, 6]


def test_the_parts_are_copies():
    x = np.arange(8)
    for part in train_test_split(x, shuffle=False):
        part[:] = -1
    assert x.tolist() == list(range(8))


def test_the_seed_decides_the_split():
    x = np.arange(50)
    first, again, other = (train_test_split(x, generator=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other
    manual_seed(5)
    first = train_test_split(x)[1].tolist()
    assert train_test_split(x)[1].tolist() != first
    manual_seed(5)
    assert train_test_split(x)[1].tolist() == first


@given(st.lists(st.integers(2, 30), min_size=1, max_size=6), st.floats(0.05, 0.95), st.integers(0))
def test_stratify_keeps_the_proportions_to_within_one_sample(counts, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    n = len(labels)
    n_test = min(max(round(share * n), 1), n - 1)
    assume(min(n_test, n - n_test) >= len(counts))
    index = np.arange(n)
    train, test, y_train, y_test = train_test_split(
        index, labels, test_size=share, stratify=labels, generator=seed
    )
    assert sorted([*train, *test]) == list(range(n))
    assert len(test) == n_test
    np.testing.assert_array_equal(labels[train], y_train)
    np.testing.assert_array_equal(labels[test], y_test)
    fair = np.array(counts) * n_test / n
    assert (np.abs(np.bincount(y_test, minlength=len(counts)) - fair) < 1).all()


def test_stratified_parts_are_shuffled_and_every_sample_may_be_picked():
    labels = np.array(["b"] * 50 + ["a"] * 50)
    index = np.arange(100)
    train, test, y_train, y_test = train_test_split(index, labels, stratify=labels, generator=0)
    for part in (train, test, y_train, y_test):
        assert part.tolist() not in (sorted(part), sorted(part, reverse=True))
    picked = {
        i
        for seed in range(60)
        for i in train_test_split(index, stratify=labels, generator=seed)[1].tolist()
    }
    assert picked == set(range(100))  # by chance one is left out with probability 3e-6
    assert len(train) == 75


@pytest.mark.parametrize(
    ("arrays", "options", "error", "words"),
    [
        ((), {}, TypeError, "got no arrays"),
        ((np.zeros(3), np.zeros(4)), {}, ValueError, "arrays: got lengths 3, 4"),
        (([1, 2, 3],), {}, TypeError, "arrays: item 0 is a list"),
        ((np.zeros(1),), {}, ValueError, r"arrays: got 1 sample\(s\), expected at least 2"),
        ((np.zeros(0),), {}, ValueError, r"arrays: got 0 sample\(s\)"),
        ((np.zeros(9),), {"test_size": 0}, ValueError, "test_size: got 0 of 9 samples"),
        ((np.zeros(9),), {"test_size": 9}, ValueError, "a count from 1 to 8"),
        ((np.zeros(9),), {"test_size": 1.0}, ValueError, "a share between 0.0 and 1.0"),
        ((np.zeros(9),), {"test_size": -0.1}, ValueError, "test_size: got -0.1"),
        ((np.zeros(9),), {"test_size": float("nan")}, ValueError, "test_size: got nan"),
        ((np.zeros(9),), {"test_size": True}, TypeError, "test_size: got True"),
        ((np.zeros(9),), {"test_size": "a"}, TypeError, "test_size: got 'a'"),
        (
            (np.zeros(4),),
            {"stratify": [0, 0, 1, 1], "shuffle": False},
            ValueError,
            "needs shuffle=True",
        ),
        ((np.zeros(4),), {"stratify": [0, 0, 1]}, ValueError, r"got shape \(3,\), expected \(4,\)"),
        ((np.zeros(4),), {"stratify": [0, 0, 0, 7]}, ValueError, "class 7 has a single sample"),
        ((np.zeros(6),), {"stratify": [0, 0, 1, 1, 2, 2]}, ValueError, "at least 3 of each"),
    ],
)
def test_wrong_use_of_the_split(arrays, options, error, words):
    with pytest.raises(error, match=words):
        train_test_split(*arrays, **options)


# ---------------------------------------------------------------------------------- three parts


@given(st.integers(3, 60), st.floats(0.05, 0.6), st.floats(0.05, 0.6), st.booleans())
def test_three_parts_hold_every_sample_once(n, validation, test, shuffle):
    sizes = [min(max(round(share * n), 1), n - 1) for share in (validation, test)]
    assume(sum(sizes) < n)
    parts = train_validation_test_split(
        np.arange(n), validation_size=validation, test_size=test, shuffle=shuffle, generator=0
    )
    assert [len(part) for part in parts] == [n - sum(sizes), *sizes]
    together = np.concatenate(parts).tolist()
    assert sorted(together) == list(range(n))
    if not shuffle:
        assert together == list(range(n))


def test_rows_stay_together_and_the_test_part_is_that_of_two():
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    parts = train_validation_test_split(x, y, test_size=4, generator=3)
    assert [len(part) for part in parts] == [13, 3, 4, 13, 3, 4]
    for xs, ys in zip(parts[:3], parts[3:], strict=True):
        np.testing.assert_array_equal(xs, x[ys])
        assert xs.base is None or not np.shares_memory(xs, x)
    assert parts[5].tolist() == train_test_split(y, test_size=4, generator=3)[1].tolist()


@given(st.lists(st.integers(10, 40), min_size=1, max_size=5), st.integers(0, 5))
def test_each_class_is_divided_as_the_whole(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    n = len(labels)
    parts = train_validation_test_split(
        labels, validation_size=0.2, test_size=0.2, stratify=labels, generator=seed
    )
    for part in parts:
        fair = np.array(counts) * len(part) / n
        assert (np.abs(np.bincount(part, minlength=len(counts)) - fair) < 2).all()


@pytest.mark.parametrize(
    ("arrays", "options", "error", "words"),
    [
        ((), {}, TypeError, "train_validation_test_split: got no arrays"),
        ((np.zeros(9),), {"validation_size": 9}, ValueError, "validation_size: got 9 of 9 samples"),
        ((np.zeros(9),), {"validation_size": "a"}, TypeError, "validation_size: got 'a'"),
        (
            (np.zeros(9),),
            {"validation_size": 0.5, "test_size": 5},
            ValueError,
            "4 and 5 of 9 samples, expected some",
        ),
        ((np.zeros(9), np.zeros(8)), {}, ValueError, "arrays: got lengths 9, 8"),
        ((np.zeros(9),), {"stratify": [0] * 8}, ValueError, r"stratify: got shape \(8,\)"),
    ],
)
def test_wrong_use_of_three_parts(arrays, options, error, words):
    with pytest.raises(error, match=words):
        train_validation_test_split(*arrays, **options)
