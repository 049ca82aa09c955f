"""What update rules are written with."""

import numpy as np
import pytest

from optim.rule import BLOCK_BYTES, blocks, decayed, kept, options_of

LARGE = BLOCK_BYTES // 8 * 3 + 5  # of float64: three blocks and a bit


def test_options_of_a_constructor():
    class Base:
        def __init__(self, params, options):
            self.options = options

    class Own(Base):
        def __init__(self, params, lr=0.1, *, maximize=False):
            super().__init__(params, options_of(locals()))

    assert Own([]).options == {"lr": 0.1, "maximize": False}
    assert Own([], 0.5, maximize=True).options == {"lr": 0.5, "maximize": True}


@pytest.mark.parametrize("size", [3, LARGE])
def test_none_among_the_arrays_stays_none(size):
    x = np.zeros(size)
    pieces = list(blocks(x, None, x))
    assert len(pieces) == (1 if size == 3 else 4)
    assert all(piece[1] is None for piece in pieces)
    assert sum(len(piece[0]) for piece in pieces) == sum(len(piece[2]) for piece in pieces) == size


def test_rows_that_are_larger_than_a_block_come_one_by_one():
    x = np.zeros((3, LARGE), order="F")
    assert [piece.shape for (piece,) in blocks(x)] == 3 * [(1, LARGE)]


@pytest.mark.parametrize("shape", [(3,), (), (LARGE,), (5, LARGE // 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_weight_decay(shape, order):
    rng = np.random.default_rng(0)
    p, g, m = (np.asarray(rng.standard_normal(shape), order=order) for _ in range(3))
    for group, factor, added in [
        ({"lr": 0.5, "weight_decay": 0.0}, 1.0, 0.0),
        ({"lr": 0.5, "weight_decay": 0.1}, 1.0, 0.1),
        ({"lr": 0.5, "weight_decay": 0.1, "decoupled_weight_decay": False}, 1.0, 0.1),
        ({"lr": 0.5, "weight_decay": 0.1, "decoupled_weight_decay": True}, 0.95, 0.0),
    ]:
        param, state = p.copy(), np.zeros_like(p)
        for _, grad, kept_m, s, nothing in decayed(group, param, g, m, state, None):
            assert kept_m.shape == np.shape(grad)
            assert nothing is None
            s += grad
        np.testing.assert_array_equal(param, p * factor)
        np.testing.assert_array_equal(state, g + added * p)


def test_state_that_is_kept_on_demand():
    state, param = {}, np.ones(3, np.float32)
    first = kept(state, "m", param)
    assert first.tolist() == [0, 0, 0]
    assert first.dtype == np.float32
    assert kept(state, "m", param) is first is state["m"]
