"""Layers: shapes, initial values, refusals, training and evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


def seed_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 10)
    )


def test_the_seed_network() -> None:
    net = seed_network()
    assert net.num_parameters() == 13_002
    assert repr(net) == (
        "Sequential(              13,002 parameters\n"
        "  (0): Linear(784, 16)   12,560\n"
        "  (1): Sigmoid()\n"
        "  (2): Linear(16, 16)       272\n"
        "  (3): Sigmoid()\n"
        "  (4): Linear(16, 10)       170\n"
        ")"
    )
    y = net(np.zeros((32, 784), np.float32))
    assert y.shape == (32, 10)
    assert y.dtype == np.float32


# Linear


def test_linear() -> None:
    layer = nn.Linear(3, 2)
    w, b = layer.weight.data, layer.bias.data
    assert (w.shape, b.shape, w.dtype, b.dtype) == ((2, 3), (2,), np.float32, np.float32)
    np.testing.assert_allclose(layer(X).detach().numpy(), X @ w.T + b, rtol=1e-6)
    assert layer(X[0]).shape == (2,)
    assert layer(Tensor(X[None])).shape == (1, 5, 2)
    assert layer(X[:0]).shape == (0, 2)
    layer(X).sum().backward()
    assert layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32
    np.testing.assert_allclose(layer.bias.grad, [5, 5])
    np.testing.assert_allclose(layer.weight.grad, np.tile(X.sum(axis=0), (2, 1)), rtol=1e-5)

    bare = nn.Linear(3, 2, bias=False)
    assert bare.bias is None
    np.testing.assert_allclose(bare(X).detach().numpy(), X @ bare.weight.data.T, rtol=1e-6)


def test_linear_differentiates_its_input() -> None:
    gradcheck(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), X.astype(np.float64))


def test_linear_starts_uniform_within_a_bound() -> None:
    layer = nn.Linear(100, 1000, generator=0)
    for p in layer.parameters():
        assert abs(p.data).max() <= 0.1
        assert abs(p.data).max() > 0.099
        assert p.data.std() == pytest.approx(0.1 / 3**0.5, rel=0.05)
    assert nn.Linear(0, 2)(np.zeros((4, 0), np.float32)).tolist() == [[0, 0]] * 4


def test_linear_follows_the_seed() -> None:
    def weights(**config: Any) -> list[Any]:
        layers = [nn.Linear(3, 3, **config) for _ in range(2)]
        return [layer.weight.tolist() for layer in layers]

    nn.manual_seed(0)
    a = weights()
    nn.manual_seed(0)
    assert weights() == a
    assert a[0] != a[1]
    assert weights(generator=5)[0] == weights(generator=5)[1]


def test_linear_refuses() -> None:
    layer = nn.Linear(784, 16)
    with pytest.raises(ValueError) as caught:
        layer(np.zeros((32, 28, 28), np.float32))
    assert str(caught.value) == (
        "Linear(784, 16): got input of shape (32, 28, 28), expected (..., 784); put nn.Flatten() "
        "before it"
    )
    for shape in [(784, 5), (28, 28), ()]:
        with pytest.raises(ValueError, match="got input of shape") as caught:
            layer(np.zeros(shape, np.float32))
        assert "Flatten" not in str(caught.value)
    for dtype in (np.uint8, np.int64, bool):
        with pytest.raises(TypeError, match=r"expected floats; write x.astype\(np.float32\)"):
            layer(np.zeros((2, 784), dtype))
    with pytest.raises(TypeError, match="got a list, expected an array or a Tensor"):
        layer([[0.0] * 784])


# Sequential


def test_sequential() -> None:
    a, act, b = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4)
    net = nn.Sequential(a, act, b, act)
    assert len(net) == 4
    assert list(net) == [a, act, b, act]
    assert net[0] is a
    assert net[-1] is act
    assert isinstance(net[:2], nn.Sequential)
    assert list(net[1:3]) == [act, b]
    with pytest.raises(IndexError):
        net[4]
    np.testing.assert_array_equal(net(X).detach().numpy(), F.relu(b(F.relu(a(X)))).detach().numpy())
    assert [name for name, _ in net.named_parameters()] == [
        "0.weight", "0.bias", "2.weight", "2.bias"
    ]  # fmt: skip
    assert nn.Sequential()(X) is X


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ([nn.ReLU()], r"a list; unpack it: Sequential\(\*layers\)"),
        (nn.ReLU, r"the class ReLU; call it: ReLU\(\)"),
        (F.relu, "the function relu; use a layer"),
        (np.tanh, "the function tanh"),
        (3, "of type int; expected a Module"),
    ],
)
def test_sequential_refuses(argument: Any, hint: str) -> None:
    with pytest.raises(TypeError, match=f"Sequential: argument 1 is {hint}"):
        nn.Sequential(nn.ReLU(), argument)


def test_sequential_says_which_layer_failed() -> None:
    with pytest.raises(ValueError) as caught:
        nn.Sequential(nn.ReLU(), nn.Linear(4, 4))(X)
    assert caught.value.__notes__ == ["in layer 1 of Sequential, Linear"]


# The others


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.Identity(), lambda x: x),
        (nn.ReLU(), F.relu),
        (nn.Sigmoid(), F.sigmoid),
        (nn.Tanh(), np.tanh),
        (nn.Softmax(), F.softmax),
        (nn.Softmax(axis=0), lambda x: F.softmax(x, 0)),
        (nn.LogSoftmax(), F.log_softmax),
        (nn.LogSoftmax(axis=0), lambda x: F.log_softmax(x, 0)),
        (nn.Flatten(), lambda x: F.flatten(x, 1)),
        (nn.Flatten(0), F.flatten),
    ],
    ids=repr,
)
def test_layer_is_its_function(layer: nn.Module, function: Any) -> None:
    y = layer(X)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, function(X))
    assert isinstance(layer(Tensor(X)), Tensor)
    assert list(layer.state_dict()) == []


def test_layers_print_their_arguments() -> None:
    layers = [nn.Softmax(), nn.LogSoftmax(axis=0), nn.Flatten(), nn.Flatten(2, 3)]
    assert [repr(layer) for layer in layers] == [
        "Softmax()", "LogSoftmax(axis=0)", "Flatten()", "Flatten(start_axis=2, end_axis=3)",
    ]  # fmt: skip


def test_a_class_of_your_own_prints_what_it_says_itself() -> None:
    class Square(nn.Linear):
        def __init__(self, n: int) -> None:
            super().__init__(n, n, bias=False)

    class Scaled(nn.Module):
        def __init__(self, factor: float) -> None:
            self.factor, self.offset = factor, nn.Parameter([1.0])

    assert repr(Square(3)).startswith("Square(3, 3, bias=False)")
    assert "Parameter of shape (1,)" in repr(Scaled(2.0))
    assert "2.0" not in repr(Scaled(2.0))


def test_dropout_acts_in_training_only() -> None:
    layer, x = nn.Dropout(0.5, generator=0), np.ones(1000, np.float32)
    first, second = layer(x), layer(x)
    assert set(np.unique(first)) == {0, 2}
    assert (first != second).any()
    layer.eval()
    assert layer(x) is x
    np.testing.assert_array_equal(nn.Dropout(0.5, generator=0)(x), first)
    np.testing.assert_array_equal(nn.Dropout(1.0)(x), 0)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="from 0 to 1"):
            nn.Dropout(p)


def test_the_first_layer_s_input_gradient_is_never_computed() -> None:
    y = nn.Linear(3, 2)(X)
    assert len(y._node.edges) == 2  # weight and bias
