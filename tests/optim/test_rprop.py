"""Rprop against numbers worked out by hand."""

import numpy as np
import pytest

from autograd import Tensor
from optim import Rprop


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def path(optimizer, w, gradients):
    places = []
    for g in gradients:
        w.grad = g
        optimizer.step()
        places.append(w.data.tolist())
    return places


def test_steps_by_hand():
    """Grow while the sign stays; at a change shrink and wait, then go on as at the start."""
    w = leaf(0.0)
    optimizer = Rprop([w], lr=1.0, etas=(0.5, 2.0))
    gradients = [[1e-3], [5.0], [-7.0], [-7.0], [-0.1], [0.0], [1.0]]
    assert path(optimizer, w, gradients) == [[-1], [-3], [-3], [-2], [0], [0], [-2]]
    assert optimizer.state[w]["step_size"] == 2
    assert optimizer.state[w]["prev"] == 1


def test_the_size_of_the_gradient_does_not_matter():
    """Not even where a product of two gradients underflows."""
    one, tiny = leaf(0.0, dtype=np.float32), leaf(0.0, dtype=np.float32)
    gradients = np.random.default_rng(0).standard_normal((20, 1))
    expected = path(Rprop([one]), one, gradients)
    assert path(Rprop([tiny]), tiny, gradients * 1e-30) == expected


def test_step_sizes_stay_within_limits():
    w = leaf(0.0, 0.0)
    optimizer = Rprop([w], lr=1.0, step_sizes=(0.5, 3.0))
    path(optimizer, w, [[1.0, (-1.0) ** (i // 2)] for i in range(20)])
    assert optimizer.state[w]["step_size"][0] == 3.0
    assert 0.5 <= optimizer.state[w]["step_size"][1] < 1.0


def test_maximize_climbs():
    w = leaf(0.0)
    assert path(Rprop([w], lr=1.0, maximize=True), w, [[2.0]]) == [[1.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"etas": (0.5, 1.0)}, r"etas\[1\]: got 1.0, expected a number > 1"),
        ({"etas": (0.0, 1.2)}, r"etas\[0\]: got 0.0, expected a number > 0 and < 1"),
        ({"etas": (1.0, 1.2)}, r"etas\[0\]: got 1.0, expected a number > 0 and < 1"),
        ({"etas": (0.5,)}, r"etas: got \(0.5,\), expected a tuple of two values"),
        ({"step_sizes": (1.0, 0.5)}, "step_sizes: .* expected the smallest first"),
        ({"step_sizes": (-1.0, 0.5)}, r"step_sizes\[0\]: got -1.0, expected a number >= 0"),
        ({"lr": -1}, "lr: got -1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Rprop([leaf(1.0)], **options)
