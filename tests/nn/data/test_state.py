"""A loader that goes on from its state gives what the one that never stopped gives."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from nn.data import BatchSampler, DataLoader, RandomSampler, WeightedRandomSampler

X = np.arange(23)
KINDS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


def plain(seed):
    return DataLoader(X, 4, shuffle=True, generator=seed)


def dropping(seed):
    return DataLoader(X, 4, shuffle=True, drop_last=True, generator=seed)


def in_order(seed):
    return DataLoader(X, 4, generator=seed)


def sampled(seed):
    return DataLoader(X, 5, sampler=WeightedRandomSampler(1 + X, 31, generator=seed))


def in_lists(seed):
    return DataLoader(X, batch_sampler=BatchSampler(RandomSampler(X, generator=seed), 4, False))


def batches(loader, epochs):
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]


@pytest.mark.filterwarnings("ignore:the last batch")
@pytest.mark.parametrize("make", [plain, dropping, in_order, sampled, in_lists])
def test_from_every_batch_on_it_is_as_if_nothing_had_happened(make, tmp_path):
    expected = batches(make(0), 4)
    for stop in range(len(expected[1]) + 1):
        loader = make(0)
        batches(loader, 1)
        for number, _ in enumerate(loader, 1):
            if number == stop:
                state = loader.state_dict()
        if stop == 0:  # between two epochs, of which the second has not begun
            loader = make(0)
            batches(loader, 1)
            state = loader.state_dict()
        nn.save(state, tmp_path / "state.npz")
        again = make(99)
        again.load_state_dict(nn.load(tmp_path / "state.npz"))
        assert batches(again, 3) == [expected[1][stop:], *expected[2:]]


def test_an_epoch_is_over_when_its_loop_is():
    loader = plain(0)
    assert "order" not in loader.state_dict()
    for _ in loader:
        assert "order" in loader.state_dict()
    assert "order" not in loader.state_dict()
    for _ in loader:
        break
    assert "order" not in loader.state_dict()  # nobody will go on with it


def test_the_last_batch_given_leaves_an_empty_rest():
    """Of which a training knows that the epoch's end, such as validation, is still to come."""
    loader, again = plain(0), plain(1)
    for _ in loader:
        state = loader.state_dict()
    again.load_state_dict(state)
    assert list(again) == []
    assert batches(again, 1) == batches(loader, 1)


def test_a_state_does_not_change_when_the_loader_goes_on():
    loader = plain(0)
    epoch = iter(loader)
    first = next(epoch)
    state = loader.state_dict()
    rest = [batch.tolist() for batch in epoch]
    batches(loader, 2)
    again = plain(1)
    again.load_state_dict(state)
    assert sorted([*first, *(i for batch in batches(again, 1)[0] for i in batch)]) == X.tolist()
    again.load_state_dict(state)
    assert batches(again, 1)[0] == rest


def test_a_loaded_state_can_be_saved_again_before_it_is_used():
    loader = plain(0)
    iterator = iter(loader)
    next(iterator)
    between, again = plain(1), plain(2)
    between.load_state_dict(loader.state_dict())
    again.load_state_dict(between.state_dict())
    assert batches(again, 2) == [[batch.tolist() for batch in iterator], *batches(loader, 1)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_generator_of_numpy_has_a_state(kind, tmp_path):
    def make(seed):
        rng = np.random.Generator(kind(seed))
        rng.integers(10, size=3, dtype=np.uint32)  # leaves half a number in the buffer of some
        return DataLoader(X, 8, shuffle=True, generator=rng)

    loader, again = make(0), make(1)
    batches(loader, 1)
    nn.save(loader.state_dict(), tmp_path / "state.npz")
    again.load_state_dict(nn.load(tmp_path / "state.npz"))
    assert batches(again, 3) == batches(loader, 3)


def test_a_state_of_something_else_is_refused_and_changes_nothing():
    loader = DataLoader(np.arange(100), 4, shuffle=True, generator=0)
    iter(loader)
    small, fresh = plain(0), plain(0)
    with pytest.raises(ValueError, match="of an epoch of at least 100 samples, but the dataset ha"):
        small.load_state_dict(loader.state_dict())
    other = DataLoader(X, 4, generator=np.random.Generator(np.random.Philox(0)))
    with pytest.raises(ValueError, match="the state is of a Philox, expected of a PCG64"):
        small.load_state_dict(other.state_dict())
    assert batches(small, 2) == batches(fresh, 2)
