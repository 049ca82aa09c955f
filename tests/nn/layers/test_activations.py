"""Activations: their formulas on known numbers, kinks, far out, errors. And erf."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import LeafInPlaceError, Tensor, gradcheck, gradgradcheck, gradients, no_grad
from nn.layers.rectifiers import LARGE

INF = math.inf
PIECES = ["relu", "relu6", "leaky_relu", "rrelu", "elu", "selu", "celu", "hardtanh"]
PIECES += ["hardsigmoid", "hardswish", "hardshrink", "softshrink"]
SMOOTH = ["sigmoid", "logsigmoid", "tanh", "softplus", "silu", "mish", "gelu", "softsign"]
SMOOTH += ["tanhshrink"]


def slope(f: Any, x: Any) -> np.ndarray:
    """f'(x), elementwise."""
    t = Tensor(np.array(x, float), requires_grad=True)
    (g,) = gradients(f(t).sum(), t)
    return g


# erf


GRID = np.concatenate(
    [
        np.linspace(-6.5, 6.5, 40_001),
        np.linspace(-0.01, 0.01, 10_001),  # where digits of the small result could be lost
        np.geomspace(1e-300, 0.1, 5_000),
        [5.0, 6.0, 30.0, 1e300, INF, -INF, 0.0],
    ]
)


@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 5e-16), (np.float32, 3e-7)])
def test_erf_has_all_digits(dtype: Any, digits: float) -> None:
    x = GRID if dtype == np.float64 else GRID[(np.abs(GRID) > 1e-36) & (np.abs(GRID) < 1e36)]
    x = x.astype(dtype)
    y = F.erf(x)
    assert y.dtype == dtype
    exact = np.array([math.erf(v) for v in x.tolist()])
    np.testing.assert_allclose(y.astype(float), exact, rtol=digits)


def test_erf_of_zero_nan_and_the_smallest() -> None:
    np.testing.assert_array_equal(F.erf(np.array([0.0, INF, -INF, np.nan])), [0, 1, -1, np.nan])
    np.testing.assert_allclose(F.erf(np.array([1e-300])), [2e-300 / math.sqrt(math.pi)])


def test_erf_keeps_shape_and_dtype() -> None:
    assert F.erf(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert F.erf(np.array(0.5)).shape == ()
    assert F.erf(np.ones((3, 4))[:, ::2]).shape == (3, 2)
    np.testing.assert_allclose(F.erf(np.array([1])), math.erf(1))  # integers
    half = F.erf(np.array([0.5], np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, math.erf(0.5), rtol=1e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_erf_longer_than_a_block(dtype: Any) -> None:
    x = np.linspace(-3, 3, 600_000, dtype=dtype).reshape(2, -1)
    np.testing.assert_array_equal(F.erf(x)[1, -7:], F.erf(x[1, -7:]))
    np.testing.assert_array_equal(F.erf(x)[0, :7], F.erf(x[0, :7]))


def test_erf_of_float32_far_out() -> None:  # where the polynomial overflows
    x = np.array([4.2, 4.5, 40.0, 1e19, 3e38, INF], np.float32)
    np.testing.assert_array_equal(F.erf(np.concatenate((x, -x))), [1] * 6 + [-1] * 6)
    tiny = np.array([1e-38, 1e-44], np.float32)  # the second has no digits to speak of
    np.testing.assert_allclose(F.erf(tiny), tiny * np.float32(2 / math.sqrt(math.pi)), 3e-7)
    assert np.isnan(F.erf(np.array(np.nan, np.float32)))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_gelu_in_place_is_its_plain_twin(approximate: str, dtype: Any, digits: float) -> None:
    x = np.random.default_rng(0).normal(0, 3, (40, 50)).astype(dtype)
    for values in (x, x.T, x[::-1, ::2], x[0, 0], x[:0]):
        t = Tensor(values, requires_grad=True)
        y = F.gelu(t, approximate)
        (fused,) = gradients(y.sum(), t, retain_graph=True)
        (plain,) = gradients(y.sum(), t, create_graph=True)
        assert fused.dtype == plain.dtype == dtype
        np.testing.assert_allclose(fused, plain.detach().numpy(), rtol=digits, atol=digits)
    gradcheck(lambda x: F.gelu(x, approximate), x[:3, :4].astype(float))
    gradgradcheck(lambda x: F.gelu(x, approximate), x[:3, :4].astype(float))


def test_erf_gradients() -> None:
    x = np.random.default_rng(0).uniform(-3, 3, 7)
    gradcheck(F.erf, x)
    gradgradcheck(F.erf, x)
    np.testing.assert_allclose(slope(F.erf, [0.0, 30.0]), [2 / math.sqrt(math.pi), 0])


# Kinks: the values PyTorch has


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.relu, [0.0], [0]),
        (F.relu6, [0.0, 6.0, 7.0], [0, 0, 0]),
        (F.leaky_relu, [0.0], [0.01]),
        (lambda x: F.prelu(x, np.array([0.25])), [0.0], [0.25]),
        (lambda x: F.rrelu(x, 0.2, 0.4), [0.0], [0.3]),
        (lambda x: F.elu(x, 2.0), [0.0], [2]),
        (lambda x: F.celu(x, 2.0), [0.0], [1]),
        (F.selu, [0.0], [1.0507009873554805 * 1.6732632423543772]),
        (F.hardtanh, [-1.0, 0.0, 1.0], [0, 1, 0]),
        (F.hardsigmoid, [-3.0, 0.0, 3.0], [0, 1 / 6, 0]),
        (F.hardswish, [-3.0, 0.0, 3.0], [0, 0.5, 1]),
        (lambda x: F.threshold(x, 0.5, 2.0), [0.5, 0.6], [0, 1]),
        (F.hardshrink, [-0.5, 0.0, 0.5, 0.6], [0, 0, 0, 1]),
        (F.softshrink, [-0.5, 0.0, 0.5, 0.6], [0, 0, 0, 1]),
        (lambda x: F.softshrink(x, 0.0), [-0.1, 0.0, 0.1], [1, 0, 1]),
        (F.softsign, [0.0], [1]),
        (lambda x: F.softplus(x, 1.0, 2.0), [1.0, 2.0, 2.1], [0.7310585786, 0.8807970780, 1]),
    ],
)
def test_slope_at_kinks(f: Any, x: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(slope(f, x), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_relu_of_many_is_that_of_each(dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-50, 50, (3, 40, 90)).astype(dtype)
    if dtype != np.int8:
        x.flat[:5] = np.nan, -INF, INF, -0.0, 0.0
    assert x.size > LARGE
    each = np.array([F.relu(row) for row in x.reshape(-1, 9)]).reshape(x.shape)
    for turned in (x, x.T.copy().T, x[:, ::-1], np.asfortranarray(x)):
        y = F.relu(turned)
        assert (y.dtype, y.strides) == (dtype, np.positive(turned).strides)
        np.testing.assert_array_equal(y, each[:, ::-1] if turned.base is x else each)
    if dtype == np.float64:
        t = Tensor(np.where(x == 0, 1, np.nan_to_num(x, posinf=1, neginf=-1)), requires_grad=True)
        (g,) = gradients((F.relu(t) ** 3).sum(), t, create_graph=True)
        (gg,) = gradients(g.sum(), t)
        np.testing.assert_array_equal(gg, np.where(t.data > 0, 6 * t.data, 0))


def test_values_at_kinks() -> None:
    np.testing.assert_array_equal(F.threshold(np.array([0.5, 0.6]), 0.5, 2.0), [2, 0.6])
    np.testing.assert_array_equal(F.hardshrink(np.array([-0.5, 0.5, 0.6])), [0, 0, 0.6])
    np.testing.assert_allclose(F.softshrink(np.array([-0.7, -0.5, 0.7])), [-0.2, 0, 0.2])
    np.testing.assert_array_equal(F.hardswish(np.array([-3.0, 3.0, 4.0])), [0, 3, 4])


# Far out


@pytest.mark.parametrize(
    ("f", "x", "value", "derivative"),
    [
        (F.silu, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (F.mish, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (F.gelu, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (lambda x: F.gelu(x, "tanh"), [-1e3, 1e3], [0, 1e3], [0, 1]),
        (F.elu, [-1e3, 1e3], [-1, 1e3], [0, 1]),
        (F.celu, [-1e3, 1e3], [-1, 1e3], [0, 1]),
        (F.selu, [-1e3], [-1.7580993408473766], [0]),
        (F.softplus, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (F.tanhshrink, [-1e3, 1e3], [-999, 999], [1, 1]),
        (F.logsigmoid, [-1e3, 1e3], [-1e3, 0], [1, 0]),
    ],
)
def test_far_out(f: Any, x: list[float], value: list[float], derivative: list[float]) -> None:
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(f(np.array(x)), value, atol=1e-300)
        np.testing.assert_allclose(slope(f, x), derivative, atol=1e-300)


@pytest.mark.parametrize(
    "name",
    [*PIECES, *SMOOTH],
)
def test_nan_stays_nan(name: str) -> None:
    assert np.isnan(getattr(F, name)(np.array([np.nan]))).all()
    assert np.isnan(F.threshold(np.array([np.nan]), 0.0, 1.0)).all()


def test_second_derivative_of_elu_does_not_overflow() -> None:
    t = Tensor([-1e3, -1.0, 1e3], requires_grad=True, dtype=np.float64)
    (first,) = gradients(F.elu(t).sum(), t, create_graph=True)
    (second,) = gradients(first.sum(), t)
    np.testing.assert_allclose(second, [0, math.exp(-1), 0])


# Formulas


def test_gelu_of_known_numbers() -> None:
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x]
    np.testing.assert_allclose(F.gelu(x), exact, rtol=1e-15)
    near = F.gelu(np.linspace(-6, 6, 1001), "tanh") - F.gelu(np.linspace(-6, 6, 1001))
    assert 1e-4 < np.abs(near).max() < 5e-4  # as the docstring says


def test_selu_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal(1_000_000)
    y = F.selu(x)
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.01


def test_softplus_and_its_threshold() -> None:
    x = np.array([19.9, 20.0, 20.1, 35.0])
    np.testing.assert_array_equal(F.softplus(x), np.logaddexp(0, x))  # more exact than x
    np.testing.assert_array_equal(F.softplus(x, 1.0, 20.0), F.softplus(x, 1.0, 1e9))
    np.testing.assert_allclose(F.softplus(np.array([1.0, 1.01]), 2.0, 2.0), [1.0634640055, 1.01])


def test_glu_is_gated_by_its_second_half() -> None:
    a, b = np.array([1.0, 2.0]), np.array([0.0, 1e3])
    np.testing.assert_array_equal(F.glu(np.concatenate([a, b])), [0.5, 2.0])


def test_prelu_has_a_slope_for_each_channel() -> None:
    layer = nn.PReLU(2, 0.5)
    layer.weight.data[1] = 3.0
    y = layer(-np.ones((1, 2, 1), np.float32))
    np.testing.assert_array_equal(y.detach().numpy()[0, :, 0], [-0.5, -3])


def test_rrelu_draws_in_training() -> None:
    layer = nn.RReLU(0.2, 0.6, generator=0)
    x = np.concatenate([-np.ones(20_000), [5.0]])
    y = layer(x)
    assert y[-1] == 5
    slopes = -y[:-1]
    assert slopes.min() >= 0.2
    assert slopes.max() <= 0.6
    np.testing.assert_allclose(slopes.mean(), 0.4, atol=0.005)
    np.testing.assert_allclose(slopes.std(), 0.4 / math.sqrt(12), atol=0.005)
    assert (layer(x) != y).any()
    np.testing.assert_allclose(layer.eval()(x), np.where(x > 0, x, 0.4 * x))
    again = nn.RReLU(0.2, 0.6, generator=0)
    np.testing.assert_array_equal(again(x), y)


def test_rrelu_does_not_take_pytorchs_inplace_for_a_seed() -> None:
    with pytest.raises(TypeError, match="positional"):
        F.rrelu(np.ones(2), 0.1, 0.3, True, False)


def test_rrelu_gradient_has_the_slopes_of_the_value() -> None:
    t = Tensor(-np.ones(9), requires_grad=True)
    y = F.rrelu(t, training=True)
    np.testing.assert_array_equal(gradients(y.sum(), t)[0], -y.detach().numpy())
    gradgradcheck(lambda x: F.rrelu(x, training=True, generator=0) ** 2, np.arange(-3.5, 4))
    x = np.ones(3, np.float32)
    assert F.rrelu(x, training=True).dtype == np.float32


def test_softmin_and_softmax2d() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(F.softmin(x, 1), F.softmax(-x, 1))
    np.testing.assert_allclose(F.softmin(x), F.softmax(-x, -1))
    np.testing.assert_allclose(nn.Softmax2d()(x).sum(axis=1), 1)
    np.testing.assert_allclose(nn.Softmax2d()(x[0]), F.softmax(x, 1)[0])
    small, large = F.softmin(np.array([1, 2], np.uint8))
    assert small > large


@pytest.mark.parametrize(
    "name",
    [*PIECES, *SMOOTH, "softmin", "glu", "erf"],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_in_arrays_out(name: str, dtype: Any) -> None:
    y = getattr(F, name)(np.linspace(-2, 2, 6, dtype=dtype))
    assert type(y) is np.ndarray
    assert y.dtype == dtype


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.GELU("erf"), r"GELU: got approximate='erf', expected 'none' or 'tanh'"),
        (lambda: F.gelu(np.ones(2), "fast"), r"gelu: got approximate='fast'"),
        (lambda: F.glu(np.ones((2, 3))), r"glu: got input of shape \(2, 3\), .* along axis -1"),
        (lambda: F.glu(np.array(1.0)), r"glu: got input of shape \(\)"),
        (lambda: F.glu(np.ones(4), 1), r"glu: got input of shape \(4,\), .* along axis 1"),
        (lambda: nn.PReLU(3)(np.ones((2, 4))), r"prelu: got 3 weights and input of shape \(2, 4\)"),
        (lambda: nn.PReLU(3)(np.ones(3)), r"prelu: got 3 weights and input of shape \(3,\)"),
        (lambda: nn.RReLU(0.5, 0.1), r"RReLU: got lower=0.5, which is more than upper=0.1"),
        (lambda: F.rrelu(np.ones(2), 0.5, 0.1), r"rrelu: got lower=0.5"),
        (lambda: nn.Hardtanh(1.0, -1.0), r"Hardtanh: got min_val=1.0, which is more than max_val"),
        (lambda: F.hardtanh(np.ones(2), 1, 0), r"hardtanh: got min_val=1"),
        (lambda: nn.Softshrink(-1.0), r"Softshrink: got lambd=-1.0, expected 0 or more"),
        (lambda: F.softshrink(np.ones(2), -1), r"softshrink: got lambd=-1"),
        (lambda: F.celu(np.ones(2), 0.0), r"celu: got alpha=0"),
        (lambda: nn.Softmax2d()(np.ones((2, 3))), r"Softmax2d: got input of shape \(2, 3\)"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_gumbel_softmax_samples_the_classes() -> None:
    logits = np.log(np.tile([0.2, 0.5, 0.3], (4000, 1)))
    hard = F.gumbel_softmax(logits, hard=True, generator=0)
    assert set(np.unique(hard)) == {0, 1}
    np.testing.assert_array_equal(hard.sum(axis=-1), 1)
    np.testing.assert_allclose(hard.mean(axis=0), [0.2, 0.5, 0.3], atol=0.03)
    soft = F.gumbel_softmax(logits, tau=0.5, generator=0)
    np.testing.assert_array_equal(soft.argmax(axis=-1), hard.argmax(axis=-1))


def test_gumbel_softmax_goes_straight_through() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3))
    gradcheck(lambda x: F.gumbel_softmax(x, tau=2.0, axis=0, generator=1), x)
    soft, hard = (
        slope(lambda x, hard=hard: F.gumbel_softmax(x, hard=hard, generator=1) * [1.0, 2, 3], x)
        for hard in (False, True)
    )
    np.testing.assert_allclose(hard, soft)
    with pytest.raises(ValueError, match="tau"):
        F.gumbel_softmax(x, tau=0)


IN_PLACE = [
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.Hardtanh,
    nn.Hardsigmoid, nn.Hardswish, nn.SiLU, nn.Mish, nn.Dropout, nn.AlphaDropout,
    lambda **k: nn.Threshold(0.1, 3.0, **k),
]  # fmt: skip


@pytest.mark.parametrize("make", IN_PLACE)
def test_in_place_the_input_becomes_the_result(make: Any) -> None:
    seed = {"generator": 0} if make in (nn.RReLU, nn.Dropout, nn.AlphaDropout) else {}
    apart, layer = make(**seed), make(inplace=True, **seed)
    x = Tensor(np.array([-1.0, 2.0, 0.5, -0.2]), requires_grad=True)
    h = x * 3
    before = h * h  # keeps the old value
    y = layer(h)
    assert y is h
    (before + h + y).sum().backward()
    got = x.grad
    x.grad = None
    expected = apart(x * 3)
    np.testing.assert_array_equal(y.detach(), expected.detach())
    ((x * 3) ** 2 + 2 * expected).sum().backward()
    np.testing.assert_allclose(got, x.grad)
    assert repr(layer).endswith("inplace=True)")


def test_in_place_what_cannot_be_changed_is_refused() -> None:
    layer = nn.ReLU(inplace=True)
    leaf = Tensor([-1.0, 2.0], requires_grad=True)
    with pytest.raises(LeafInPlaceError):
        layer(leaf)
    with no_grad():
        assert layer(leaf) is leaf
    np.testing.assert_array_equal(leaf.data, [0, 2])
    with pytest.raises(TypeError, match=r"^ReLU\(inplace=True\): got a plain array"):
        layer(np.array([-1.0, 2.0]))
    x = np.array([-1.0, 2.0])
    assert nn.Dropout(inplace=True).eval()(x) is x  # nothing to change
    t = Tensor([-1.0, 2.0])
    assert layer(t) is t
    np.testing.assert_array_equal(t, [0, 2])
