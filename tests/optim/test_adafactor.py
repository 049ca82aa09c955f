"""Adafactor against numbers worked out by hand."""

import math

import numpy as np
import pytest

from autograd import Tensor
from optim import Adafactor


def leaf(values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


def test_two_steps_of_a_vector_by_hand():
    w = leaf([4.0])
    optimizer = Adafactor([w], lr=0.5, beta2_decay=-1.0, d=1.25)
    w.grad = [3.0]
    optimizer.step()  # the first gradient alone: u = 1; relative to the size of w
    assert w.data.tolist() == [4 - 0.5 * 4]
    w.grad = [1.0]
    optimizer.step()  # v = 9 / 2 + 1 / 2
    assert w.data.tolist() == [pytest.approx(2 - 0.5 * 2 / math.sqrt(5), rel=1e-13)]
    w.grad = [100.0]
    optimizer.step()  # u would be 100 / sqrt(10 / 3 + 10_000 / 3), but is cut to d
    size = 2 - 1 / math.sqrt(5)
    assert w.data.tolist() == [pytest.approx(size - 0.5 * size * 1.25, rel=1e-13)]


def test_a_matrix_of_rank_one_is_scaled_as_number_by_number():
    """Row and column means tell all of squares that are a product of rows and columns."""
    g = np.outer([1.0, -2.0, 5.0], [3.0, 0.1])
    w = leaf(np.ones((3, 2)))
    w.grad = g
    optimizer = Adafactor([w], lr=0.25)
    optimizer.step()
    np.testing.assert_allclose(w.data, 1 - 0.25 * np.sign(g), rtol=1e-12)
    assert {k: np.shape(v) for k, v in optimizer.state[w].items()} == {
        "step": (), "row_var": (3, 1), "col_var": (1, 2),
    }  # fmt: skip


def test_more_axes_are_a_stack_of_matrices():
    rng = np.random.default_rng(0)
    gradients, start = rng.standard_normal((3, 2, 4, 5)), rng.standard_normal((2, 4, 5))
    w = leaf(start)
    optimizer = Adafactor([w], d=1e6)  # the cut and the size are of the whole parameter
    for g in gradients:
        w.grad = g
        optimizer.step()
    slices = [leaf(s) for s in start]
    for i, part in enumerate(slices):
        one = Adafactor([part], d=1e6)
        for g in gradients:
            part.grad = g[i]
            one.step()
        row, whole = one.state[part]["row_var"], optimizer.state[w]["row_var"][i]
        np.testing.assert_allclose(row, whole, rtol=1e-12)


def test_small_parameters_step_by_eps2_and_decay_is_decoupled():
    w = leaf([0.0])
    w.grad = [1e-3]
    Adafactor([w], lr=0.5, eps=(None, 0.125)).step()
    assert w.data.tolist() == [-0.5 * 0.125]
    w = leaf([2.0])
    w.grad = [0.0]
    Adafactor([w], lr=0.5, weight_decay=0.5).step()
    assert w.data.tolist() == [2 * (1 - 0.25)]


def test_an_empty_parameter_stays_empty():
    w = leaf(np.ones((3, 0)))
    w.grad = np.ones((3, 0))
    Adafactor([w]).step()
    assert w.shape == (3, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta2_decay": 0.5}, "beta2_decay: got 0.5, expected a number <= 0"),
        ({"eps": (1e-8,)}, r"eps: got \(1e-08,\), expected a tuple of two values"),
        ({"eps": (-1.0, 1e-3)}, r"eps\[0\]: got -1.0, expected a number >= 0"),
        ({"eps": (None, -1.0)}, r"eps\[1\]: got -1.0"),
        ({"d": 0.5}, "d: got 0.5, expected a number >= 1"),
        ({"weight_decay": -1}, "weight_decay: got -1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Adafactor([leaf([1.0])], **options)
