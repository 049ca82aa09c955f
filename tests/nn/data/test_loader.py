"""DataLoader: every sample exactly once, rows kept together, no surprises."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Tensor, default_dtype
from nn.data import DataLoader, TensorDataset, train_test_split
from nn.random import generator, manual_seed


class Samples:
    """A dataset that is no array: sample i is whatever `make(i)` returns."""

    def __init__(self, n, make):
        self.n, self.make = n, make

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        assert type(i) is int
        return self.make(i)


def pair(n):
    """Rows that carry their number, and that number as label."""
    y = np.arange(n)
    return np.stack([y, -y], axis=1).astype(np.float32), y


# ---------------------------------------------------------------------------------- DataLoader


@pytest.mark.filterwarnings("ignore:the last batch")
@given(st.integers(1, 40), st.integers(1, 12), st.booleans(), st.booleans(), st.booleans())
def test_an_epoch_holds_every_sample_once(n, batch_size, shuffle, drop_last, as_object):
    assume(not drop_last or batch_size <= n)
    x, y = pair(n)
    dataset = Samples(n, lambda i: (x[i], y[i])) if as_object else (x, y)
    loader = DataLoader(dataset, batch_size, shuffle, drop_last, generator=0)
    batches = list(loader)
    assert len(loader) == len(batches)
    sizes = [len(yb) for _, yb in batches]
    assert sizes[:-1] == [batch_size] * (len(batches) - 1)
    seen = np.concatenate([yb for _, yb in batches])
    assert len(seen) == (n - n % batch_size if drop_last else n)
    assert len(set(seen.tolist())) == len(seen)
    if not shuffle:
        assert seen.tolist() == list(range(len(seen)))
    for xb, yb in batches:
        assert isinstance(xb, np.ndarray)
        assert xb.dtype == np.float32
        assert yb.dtype == y.dtype
        np.testing.assert_array_equal(xb[:, 0], yb)
        np.testing.assert_array_equal(xb[:, 1], -yb)


def test_one_array_gives_arrays_and_a_list_gives_tuples():
    x, y = pair(4)
    (batch,) = DataLoader(x, batch_size=4)
    assert isinstance(batch, np.ndarray)
    np.testing.assert_array_equal(batch, x)
    (batch,) = DataLoader([x, y], batch_size=4)
    assert isinstance(batch, tuple)
    assert len(batch) == 2


def test_object_samples_are_collated():
    (batch,) = DataLoader(Samples(3, lambda i: 10 * i), batch_size=3)
    np.testing.assert_array_equal(batch, [0, 10, 20])
    assert batch.dtype.kind == "i"
    images, labels = next(iter(DataLoader(Samples(3, lambda i: (np.full((2, 5), i), i)), 3)))
    assert images.shape == (3, 2, 5)
    assert labels.tolist() == [0, 1, 2]


def test_python_floats_become_the_default_dtype_and_numpy_ones_keep_theirs():
    python = DataLoader(Samples(2, lambda i: (0.1, i)), 2)
    assert next(iter(python))[0].dtype == np.float32
    with default_dtype("float64"):
        assert next(iter(python))[0].dtype == np.float64
    assert next(iter(DataLoader(Samples(2, np.float64), 2))).dtype == np.float64
    assert next(iter(DataLoader(Samples(2, np.float16), 2))).dtype == np.float16


def test_tensors_are_arrays_too():
    x, y = pair(5)
    for xb, yb in DataLoader((Tensor(x), y), batch_size=2, shuffle=True, drop_last=True):
        assert isinstance(xb, Tensor)
        np.testing.assert_array_equal(xb.data[:, 0], yb)


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_are_fresh_contiguous_copies(shuffle):
    images = np.arange(4 * 3 * 2.0).reshape(4, 3, 2).transpose(0, 2, 1)
    fortran = np.asfortranarray(images[:, 0])
    kept = images.copy(), fortran.copy()
    for batch in DataLoader((images, fortran), batch_size=2, shuffle=shuffle):
        for array in batch:
            assert array.flags.c_contiguous
            assert array.flags.writeable
            array[...] = -1
    np.testing.assert_array_equal(images, kept[0])
    np.testing.assert_array_equal(fortran, kept[1])


def test_each_epoch_is_shuffled_anew():
    loader = DataLoader(np.arange(100), batch_size=100, shuffle=True, generator=0)
    (first,), (second,) = loader, loader
    assert first.tolist() != second.tolist()
    assert sorted(first) == sorted(second) == list(range(100))


def test_the_seed_decides_the_order():
    def order(seed):
        return np.concatenate(list(DataLoader(np.arange(50), 10, shuffle=True, generator=seed)))

    np.testing.assert_array_equal(order(3), order(3))
    np.testing.assert_array_equal(order(3), order(np.random.default_rng(3)))
    assert order(3).tolist() != order(4).tolist()


def test_manual_seed_makes_loaders_reproducible_but_not_equal():
    def orders():
        manual_seed(0)
        loaders = [DataLoader(np.arange(50), 50, shuffle=True) for _ in range(2)]
        return [next(iter(loader)).tolist() for loader in loaders]

    a, b = orders()
    assert a != b
    assert orders() == [a, b]


def test_a_loader_does_not_disturb_other_draws():
    manual_seed(0)
    expected = generator().random(3)
    manual_seed(0)
    loader = DataLoader(np.arange(10), 2, shuffle=True)
    list(loader)
    np.testing.assert_array_equal(generator().random(3), expected)


def test_simultaneous_epochs_are_independent():
    one_by_one = DataLoader(np.arange(12), 12, shuffle=True, generator=0)
    first, second = next(iter(one_by_one)), next(iter(one_by_one))
    loader = DataLoader(np.arange(12), 4, shuffle=True, generator=0)
    left, right = zip(*zip(loader, loader, strict=True), strict=True)  # batch by batch, in turn
    np.testing.assert_array_equal(np.concatenate(left), first)
    np.testing.assert_array_equal(np.concatenate(right), second)


def test_a_last_batch_of_one_is_warned_of_once_when_the_loader_is_made():
    with pytest.warns(
        UserWarning, match=r"single sample \(9 samples in batches of 4\).*drop_last"
    ) as caught:
        loader = DataLoader(np.zeros(9), batch_size=4)
    assert caught[0].filename == __file__
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(loader)
        DataLoader(np.zeros(9), batch_size=4, drop_last=True)
        DataLoader(np.zeros(9), batch_size=1)
        DataLoader(np.zeros(8), batch_size=4)
        DataLoader(np.zeros(10), batch_size=4)


def test_the_length_of_a_dataset_is_its_number_of_samples():
    x, y = np.zeros((10, 2)), np.arange(10)
    for loader in (DataLoader((x, y), 4), DataLoader(TensorDataset(x, y), 4)):
        assert len(loader.dataset) == 10  # not 2, the number of arrays
        assert loader.dataset[1][1] == 1
        np.testing.assert_array_equal(next(iter(loader))[1], y[:4])


def test_samples_may_be_lists_dicts_and_nested():
    x = np.arange(8.0).reshape(4, 2)
    first, second = next(iter(DataLoader(Samples(4, lambda i: [x[i], -x[i]]), 2)))
    np.testing.assert_array_equal(first, x[:2])
    np.testing.assert_array_equal(second, -x[:2])
    (a, b), label = next(iter(DataLoader(Samples(4, lambda i: ((x[i], -x[i]), i)), 2)))
    np.testing.assert_array_equal(b, -a)
    np.testing.assert_array_equal(label, [0, 1])
    batch = next(iter(DataLoader(Samples(4, lambda i: {"x": x[i], "label": i}), 2)))
    np.testing.assert_array_equal(batch["x"], x[:2])
    np.testing.assert_array_equal(batch["label"], [0, 1])


class Plus(TensorDataset):
    def __getitem__(self, i):
        return tuple(a + 100 for a in super().__getitem__(i))


class Doubled(list):
    def __getitem__(self, i):
        return 2 * super().__getitem__(i)


class Numbered(tuple):
    def __getitem__(self, i):
        return i, super().__getitem__(i)


def test_what_has_a_getitem_of_its_own_is_asked_for_its_samples():
    x, y = pair(4)
    first, second = next(iter(DataLoader(Plus(x, y), 4)))
    np.testing.assert_array_equal(first, x + 100)
    np.testing.assert_array_equal(second, y + 100)
    np.testing.assert_array_equal(next(iter(DataLoader(Doubled(x), 4))), 2 * x)
    np.testing.assert_array_equal(next(iter(DataLoader(Numbered(x), 4)))[1], x)


def test_a_subclass_that_only_is_shorter_is_read_as_its_arrays_are():
    class Half(TensorDataset):
        def __len__(self):
            return super().__len__() // 2

    x, y = pair(8)
    ((xb, yb),) = DataLoader(Half(x, y), 4)
    np.testing.assert_array_equal(xb, x[:4])
    np.testing.assert_array_equal(yb, y[:4])


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_has_the_samples_that_are_there_at_its_start(shuffle):
    samples = Samples(4, int)
    loader = DataLoader(samples, 4, shuffle)
    epoch = iter(loader)
    samples.n = 8
    assert len(list(epoch)) == 1  # it started with four
    assert len(loader) == 2
    assert sorted(np.concatenate(list(loader))) == list(range(8))
    assert "8 samples, 2 batches" in repr(loader)
    samples.n = 0
    with pytest.raises(ValueError, match="it is empty"):
        iter(loader)


def test_the_arrays_of_a_dataset_may_be_replaced():
    dataset = TensorDataset(*pair(4))
    loader = DataLoader(dataset, 4)
    dataset.tensors = pair(8)
    assert len(dataset) == 8
    np.testing.assert_array_equal(np.concatenate([yb for _, yb in loader]), np.arange(8))
    dataset.tensors = np.zeros(3), np.zeros(4)
    with pytest.raises(ValueError, match="got lengths 3, 4"):
        list(loader)


def test_a_list_of_tuples_or_dicts_is_one_of_samples():
    x, y = pair(4)
    (batch,) = DataLoader([*zip(x, y, strict=True)], 4)
    np.testing.assert_array_equal(batch[0], x)
    np.testing.assert_array_equal(batch[1], y)
    (batch,) = DataLoader([{"x": a} for a in x], 4)
    np.testing.assert_array_equal(batch["x"], x)
    with pytest.raises(TypeError, match="dataset: item 0 is a list, expected an array"):
        DataLoader([[1, 2], [0, 1]])  # inputs and labels, or two samples? nobody knows
    with pytest.raises(ValueError, match="dataset: it is empty"):
        DataLoader([])


def test_named_tuples_stay_what_they_are():
    class Pair(NamedTuple):
        x: object
        y: object

    x, y = pair(4)
    batch = next(iter(DataLoader(Samples(4, lambda i: Pair(x[i], y[i])), 2)))
    assert type(batch) is Pair
    np.testing.assert_array_equal(batch.x, x[:2])
    np.testing.assert_array_equal(batch.y, y[:2])


def test_masks_are_not_lost():
    x = np.ma.masked_equal(np.arange(8.0).reshape(4, 2).T.copy().T, 3.0)
    y = np.arange(4)
    batch, _ = next(iter(DataLoader((x, y), 4)))
    assert batch.tolist() == [[0, 1], [2, None], [4, 5], [6, 7]]
    assert next(iter(DataLoader(Samples(4, x.__getitem__), 4))).tolist() == batch.tolist()
    first, _ = train_test_split(x, test_size=2, shuffle=False)
    assert first.tolist() == [[0, 1], [2, None]]


def test_attributes_and_repr():
    x = np.zeros((10, 2))
    loader = DataLoader(x, batch_size=np.int64(4), shuffle=True, drop_last=True, generator=1)
    assert loader.dataset is x
    assert loader.batch_size == 4
    assert type(loader.batch_size) is int
    assert loader.shuffle is True
    assert loader.drop_last is True
    assert isinstance(loader.generator, np.random.Generator)
    text = "DataLoader(10 samples, 2 batches, batch_size=4, shuffle=True, drop_last=True)"
    assert repr(loader) == text


@pytest.mark.parametrize(
    ("dataset", "options", "error", "words"),
    [
        ((np.zeros(3), np.zeros(4)), {}, ValueError, "dataset: got lengths 3, 4, expected equal"),
        (np.zeros((0, 2)), {}, ValueError, "dataset: it is empty"),
        ((), {}, ValueError, "dataset: it is empty"),
        (Samples(0, int), {}, ValueError, "dataset: it is empty"),
        (np.array(1.0), {}, ValueError, "dataset: item 0 is 0-d"),
        ((np.zeros(2), [0, 1]), {}, TypeError, "dataset: item 1 is a list, expected an array"),
        (iter([1, 2]), {}, TypeError, "dataset: got list_iterator, expected an array"),
        (np.zeros(3), {"batch_size": 0}, ValueError, "batch_size: got 0, expected at least 1"),
        (np.zeros(3), {"batch_size": -1}, ValueError, "batch_size: got -1"),
        (np.zeros(3), {"batch_size": 2.0}, TypeError, "batch_size: got 2.0, expected a pos"),
        (np.zeros(3), {"batch_size": True}, TypeError, "batch_size: got True"),
        (np.zeros(3), {"batch_size": None}, TypeError, "batch_size: got None"),
        (np.zeros(3), {"batch_size": 4, "drop_last": True}, ValueError, "no full batch of 4"),
    ],
)
def test_wrong_use_of_the_loader(dataset, options, error, words):
    with pytest.raises(error, match=words):
        DataLoader(dataset, **options)


def test_inputs_and_labels_apart_are_told_to_go_in_as_one():
    x, y = pair(8)
    with pytest.raises(TypeError, match=r"batch_size: got values of shape \(8,\), .*one tuple"):
        DataLoader(x, y)
    with pytest.raises(TypeError, match="multiple values for argument 'batch_size'") as raised:
        DataLoader(x, y, batch_size=4)
    assert "one tuple: DataLoader((x, y), batch_size=...)" in raised.value.__notes__[-1]


def test_arguments_of_pytorch_without_effect_are_taken():
    taken = {
        "num_workers": 4,
        "pin_memory": True,
        "persistent_workers": True,
        "prefetch_factor": 2,
        "timeout": 3.0,
        "worker_init_fn": print,
        "multiprocessing_context": "spawn",
        "pin_memory_device": "cuda",
        "in_order": False,
    }
    ((x, _), _) = DataLoader(pair(8), batch_size=4, **taken)
    np.testing.assert_array_equal(x, pair(8)[0][:4])
    for name in taken:
        assert name in DataLoader.__doc__
    with pytest.raises(TypeError, match="unexpected keyword argument 'workers'"):
        DataLoader(pair(8), batch_size=4, workers=2)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda i: np.zeros(i + 1), ValueError, r"shapes \(1,\), \(2,\) cannot be stacked"),
        (lambda i: {i}, TypeError, "a sample holds a set, expected arrays or numbers"),
    ],
)
def test_samples_that_cannot_be_collated(make, error, words):
    with pytest.raises(error, match=words):
        next(iter(DataLoader(Samples(2, make), batch_size=2)))


def test_one_example_is_a_batch_if_no_size_is_given():
    loader = DataLoader(TensorDataset(np.arange(3)))
    assert len(loader) == 3
    assert [x.tolist() for (x,) in loader] == [[0], [1], [2]]
