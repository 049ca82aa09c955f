"""Penalties: their values, gradients, and what they have to do with weight decay."""

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor, gradcheck


def leaf(values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def test_known_values_and_gradients():
    w, b = leaf([[1.0, -2.0], [0.0, 3.0]]), leaf(-4.0)
    l1, l2 = nn.l1_penalty([w, b]), nn.l2_penalty([w, b])
    assert (l1.item(), l2.item()) == (10, 15)
    l1.backward()
    assert w.grad.tolist() == [[1, -1], [0, 1]]
    assert b.grad == -1
    w.grad = b.grad = None
    l2.backward()
    assert w.grad.tolist() == w.data.tolist()
    assert b.grad == -4


@pytest.mark.parametrize("penalty", [nn.l1_penalty, nn.l2_penalty])
def test_what_may_be_given(penalty):
    model = nn.Linear(3, 2)
    expected = penalty([model.weight, model.bias]).item()
    assert penalty(model.parameters()).item() == expected
    assert penalty(model.named_parameters()).item() == expected
    assert penalty(model.weight).item() == penalty([model.weight]).item()
    assert not isinstance(penalty([model.weight.data, np.ones(2)]), Tensor)
    assert penalty(np.array([3.0, -3.0])) == (6 if penalty is nn.l1_penalty else 9)
    assert penalty([leaf([1.0], np.float32), leaf([2.0], np.float32)]).dtype == np.float32
    assert gradcheck(lambda a, b: penalty([a, b]), leaf([1.0, -2.0]), leaf([[3.0]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_l2_penalty_is_the_weight_decay_of_sgd_to_the_last_bit(dtype):
    rng = np.random.default_rng(0)
    start, x = rng.standard_normal((2, 50)).astype(dtype)
    one, other = leaf(start, dtype), leaf(start, dtype)
    decayed, plain = optim.SGD([one], lr=0.1, weight_decay=0.3), optim.SGD([other], lr=0.1)
    (one * x).sum().backward()
    ((other * x).sum() + 0.3 * nn.l2_penalty([other])).backward()
    decayed.step()
    plain.step()
    assert not np.array_equal(one.data, start)
    assert np.array_equal(one.data, other.data)


def test_the_l1_penalty_drives_small_numbers_to_zero():
    """The lasso of orthogonal features moves each number towards 0 by the weight, not beyond."""
    target = np.array([2.0, 0.3, -0.1, -1.0])
    w = leaf(np.ones(4))
    optimizer = optim.SGD([w], lr=0.01)
    for _ in range(2000):
        optimizer.zero_grad()
        (0.5 * ((w - target) ** 2).sum() + 0.5 * nn.l1_penalty([w])).backward()
        optimizer.step()
    np.testing.assert_allclose(w.data, [1.5, 0, 0, -0.5], atol=0.011)


@pytest.mark.parametrize("name", ["l1_penalty", "l2_penalty"])
def test_errors(name):
    penalty = getattr(nn, name)
    with pytest.raises(ValueError, match=f"{name}: there are no parameters. Was a generator"):
        penalty(iter([]))
    with pytest.raises(TypeError, match=f"{name}: parameter 1 is a float, expected a Tensor"):
        penalty([leaf([1.0]), 2.0])
