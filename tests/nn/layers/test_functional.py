"""The functions of nn.functional: formulas, finite differences, edges, dtypes."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients, op
from nn.layers.linear import _linear

RNG = np.random.default_rng(0)
SHAPES = [(), (1,), (5,), (2, 3), (2, 1, 3), (0,), (0, 3)]


def values(shape: tuple[int, ...]) -> np.ndarray:
    """Away from the kink at 0."""
    x = np.random.default_rng(1).standard_normal(shape)
    return np.asarray(x + 0.1 * np.sign(x))


def slope(f: Callable[..., Any], x: Any) -> np.ndarray:
    x = Tensor(np.asarray(x, np.float64), requires_grad=True)
    return gradients(np.sum(f(x)), x)[0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("f", "formula"),
    [
        (F.relu, lambda x: np.where(x > 0, x, 0)),
        (F.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        (F.tanh, lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
        (F.log_sigmoid, lambda x: np.log(1 / (1 + np.exp(-x)))),
        (F.softplus, lambda x: np.log(1 + np.exp(x))),
        (lambda x: F.softplus(x, 3.0), lambda x: np.log(1 + np.exp(3 * x)) / 3),
    ],
    ids=["relu", "sigmoid", "tanh", "log_sigmoid", "softplus", "softplus beta"],
)
def test_elementwise(
    f: Callable[..., Any], formula: Callable[..., Any], shape: tuple[int, ...]
) -> None:
    x = values(shape)
    np.testing.assert_allclose(f(x), formula(x), rtol=1e-12, atol=1e-14)
    assert not isinstance(f(x), Tensor)  # arrays in, arrays out
    gradcheck(f, x)
    gradgradcheck(f, x)
    wide = np.asfortranarray(np.stack([x, x], axis=-1))[..., ::-1]
    gradcheck(f, wide)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5,), 0), ((2, 3), -1), ((2, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), (0, 2)), ((2, 3), None)],
)
def test_along_an_axis(shape: tuple[int, ...], axis: Any) -> None:
    x = values(shape)
    total = np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(F.softmax(x, axis), np.exp(x) / total)
    np.testing.assert_allclose(F.log_softmax(x, axis), x - np.log(total))
    np.testing.assert_allclose(F.logsumexp(x, axis, True), np.log(total))
    np.testing.assert_allclose(F.logsumexp(x, axis), np.log(np.exp(x).sum(axis=axis)))
    for f in (F.softmax, F.log_softmax, F.logsumexp, lambda x, a: F.logsumexp(x, a, True)):
        gradcheck(lambda x, f=f: f(x, axis), x)
        gradgradcheck(lambda x, f=f: f(x, axis), x)


def test_softmax_without_rows_or_columns() -> None:
    for shape in [(0, 3), (3, 0)]:
        assert F.softmax(np.zeros(shape)).shape == shape
    assert F.log_softmax(np.zeros((0, 3))).shape == (0, 3)
    np.testing.assert_array_equal(F.logsumexp(np.zeros((3, 0)), 1), np.full(3, -np.inf))
    assert F.logsumexp(np.array(2.0)) == 2


def test_softmax_subtracts_the_maximum_of_each_row() -> None:
    rows = F.softmax(np.array([[0.0, 1.0], [1000.0, 1001.0]]), -1)
    np.testing.assert_allclose(rows[0], rows[1])
    np.testing.assert_allclose(F.softmax(np.array([[0, 1], [200, 201]], np.uint8)), rows)


def test_log_softmax_keeps_small_probabilities() -> None:
    assert F.log_softmax(np.array([0.0, -1e3]))[1] == -1e3


def test_logsumexp_far_out() -> None:
    assert F.logsumexp(np.array([1e3, 1e3])) == 1e3 + np.log(2)
    nothing = np.full((2, 3), -np.inf)
    np.testing.assert_array_equal(F.logsumexp(nothing, 1), [-np.inf, -np.inf])  # and no warning
    np.testing.assert_array_equal(slope(lambda x: F.logsumexp(x, 1)[0], nothing), np.zeros((2, 3)))
    half = np.array([-np.inf, 0.0])
    np.testing.assert_array_equal(slope(F.logsumexp, half), [0, 1])


def test_sigmoid_far_out() -> None:
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(F.sigmoid(np.array([-1e3, 1e3])), [0, 1])
        np.testing.assert_array_equal(F.sigmoid(np.array([-1e3, 1e3], np.float32)), [0, 1])
        np.testing.assert_array_equal(slope(F.sigmoid, [-1e3, 1e3]), [0, 0])
    assert F.sigmoid(np.array([1], np.uint8))[0] == F.sigmoid(np.array([1.0]))[0]


@pytest.mark.parametrize("x", [-700.0, -100.0, -30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0])
def test_sigmoid_has_all_digits(x: float) -> None:
    exact = np.exp(np.longdouble(x)) / (1 + np.exp(np.longdouble(x)))
    np.testing.assert_allclose(F.sigmoid(np.array(x)), float(exact), rtol=4e-16)
    if x > -80:
        np.testing.assert_allclose(F.sigmoid(np.float32(x)), float(exact), rtol=4e-7)


def test_sigmoid_bends_nowhere_to_nan() -> None:
    x = Tensor([-1e3, -30.0, 0.0, 1e3], requires_grad=True, dtype=np.float64)
    (first,) = gradients(F.sigmoid(x).sum(), x, create_graph=True)
    (second,) = gradients(first.sum(), x)
    np.testing.assert_allclose(second, [0, np.exp(-30), 0, 0], rtol=1e-12)


def test_log_sigmoid_far_out() -> None:
    assert F.log_sigmoid(np.array(-1e3)) == -1e3
    np.testing.assert_allclose(F.log_sigmoid(np.array(40.0)), -np.exp(-40.0))
    np.testing.assert_array_equal(slope(F.log_sigmoid, [-1e3, 1e3]), [1, 0])


def test_softplus_far_out() -> None:
    x = np.array([-1e3, -40.0, 40.0, 1e3])
    np.testing.assert_allclose(F.softplus(x), [0, np.exp(-40.0), 40, 1e3], rtol=1e-15)


def test_relu_at_its_kink_and_beyond_numbers() -> None:
    np.testing.assert_array_equal(slope(F.relu, [-1.0, 0.0, 1.0]), [0, 0, 1])
    np.testing.assert_array_equal(F.relu(np.array([-np.inf, np.inf, np.nan])), [0, np.inf, np.nan])


# linear


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (2, 1, 5, 3), (0, 3), (2, 0, 3)])
def test_linear(shape: tuple[int, ...]) -> None:
    x, w, b = values(shape), RNG.standard_normal((4, 3)), RNG.standard_normal(4)
    np.testing.assert_allclose(F.linear(x, w, b), np.einsum("...i,oi->...o", x, w) + b)
    np.testing.assert_allclose(F.linear(x, w), np.einsum("...i,oi->...o", x, w), atol=1e-15)
    gradcheck(F.linear, x, w, b)
    gradgradcheck(F.linear, x, w, b)
    gradgradcheck(F.linear, x, w)


def test_linear_of_odd_memory_layouts() -> None:
    x, w = RNG.standard_normal((3, 2, 5)).T, RNG.standard_normal((3, 4)).T
    assert not x.flags.c_contiguous
    gradcheck(F.linear, x[::-1], w[:, ::-1], np.zeros(4))


@pytest.mark.parametrize("tracked", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_linear_differentiates_what_it_is_asked_to(tracked: tuple[int, ...]) -> None:
    arrays = [RNG.standard_normal(s) for s in [(5, 3), (4, 3), (4,)]]
    args = [Tensor(a, requires_grad=True) if i in tracked else a for i, a in enumerate(arrays)]
    inputs = [args[i] for i in tracked]
    first = gradients((F.linear(*args) ** 2).sum(), inputs, create_graph=True)
    d = 2 * (arrays[0] @ arrays[1].T + arrays[2])
    expected = [d @ arrays[1], d.T @ arrays[0], d.sum(axis=0)]
    for i, g in zip(tracked, first, strict=True):
        np.testing.assert_allclose(g.detach().numpy(), expected[i])
    second = gradients(sum((g * g).sum() for g in first), inputs)
    assert all(np.isfinite(g).all() for g in second)


# dropout


def test_dropout_keeps_the_mean_and_scales_what_it_keeps() -> None:
    y = F.dropout(np.ones((100, 100), np.float32), 0.2, generator=0)
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {0, np.float32(1.25)}
    assert (y == 0).mean() == pytest.approx(0.2, abs=0.02)  # 10,000 draws: standard error 0.004


def test_dropout_limits() -> None:
    x = np.array([1.0, np.inf])
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    np.testing.assert_array_equal(F.dropout(np.ones(3), 1.0), np.zeros(3))
    for p in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            F.dropout(x, p)


def test_dropout_gradient_has_the_mask_of_the_value() -> None:
    x = Tensor(np.ones(1000), requires_grad=True)
    y = F.dropout(x, 0.5)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.detach().numpy())
    gradgradcheck(lambda x: F.dropout(x, 0.5, generator=0) ** 2, values((7,)))


def test_dropout_follows_the_seed() -> None:
    def masks() -> np.ndarray:
        nn.manual_seed(3)
        return np.stack([F.dropout(np.ones(50)) for _ in range(2)])

    a, b = masks(), masks()
    np.testing.assert_array_equal(a, b)
    assert (a[0] != a[1]).any()


# flatten and one_hot


def test_flatten() -> None:
    x = values((2, 3, 4, 5))
    assert F.flatten(x).shape == (120,)
    assert F.flatten(x, 1).shape == (2, 60)
    assert F.flatten(x, 1, 2).shape == (2, 12, 5)
    assert F.flatten(x, -2, -1).shape == (2, 3, 20)
    assert F.flatten(np.zeros((0, 3, 4)), 1).shape == (0, 12)
    assert F.flatten(np.array(1.0)).shape == (1,)
    for axes in [(2, 1), (0, 4), (-5, 0)]:
        with pytest.raises(ValueError, match="no axes"):
            F.flatten(x, *axes)
    gradcheck(lambda x: F.flatten(x, 1) ** 2, x)


def test_one_hot() -> None:
    y = F.one_hot([[0, 2], [1, 1]])
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, np.eye(3)[[[0, 2], [1, 1]]])
    assert F.one_hot(np.array(1, np.uint8), 4).tolist() == [0, 1, 0, 0]
    assert F.one_hot(np.zeros(0, int), 4).shape == (0, 4)
    assert F.one_hot(Tensor(np.array([1, 0]))).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(IndexError, match=r"label 4 at position \(1, 0\).*0 to 3"):
        F.one_hot([[0, 1], [4, 9]], 4)
    with pytest.raises(IndexError, match="label -1 at position 1"):
        F.one_hot([0, -1])
    with pytest.raises(TypeError, match="float64"):
        F.one_hot([0.0])
    with pytest.raises(ValueError, match="num_classes"):
        F.one_hot(np.zeros(0, int))


# dtype


OPS = [
    (F.relu, 1),
    (F.sigmoid, 1),
    (F.tanh, 1),
    (F.log_sigmoid, 1),
    (F.softplus, 1),
    (F.softmax, 1),
    (F.log_softmax, 1),
    (F.logsumexp, 1),
    (_linear, 3),
]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("op", "inputs"), OPS, ids=[op.__name__ for op, _ in OPS])
def test_dtype_stays(op: Any, inputs: int, dtype: Any) -> None:
    array = RNG.standard_normal((3, 3)).astype(dtype)
    # The body itself: the engine would cast a gradient of another dtype, at a cost nobody sees.
    arrays = [array] * (inputs - 1) + [array[0] if op is _linear else array]  # a bias is a vector
    out, *closures = inspect.unwrap(op)(*arrays)
    assert out.dtype == dtype
    assert len(closures) == inputs
    for closure in closures:
        assert closure(np.ones(out.shape, dtype)).dtype == dtype
    out, *_ = inspect.unwrap(op)(*[array] * (inputs - 1), array[:, 0])
    assert out.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays_in_dropout(dtype: Any) -> None:
    x = Tensor(np.ones(5, dtype), requires_grad=True)
    y = F.dropout(x, 0.5)
    assert y.dtype == dtype
    assert F.dropout(np.ones(5, dtype), 1.0).dtype == dtype


def test_flatten_of_a_single_axis_and_from_the_first_by_its_negative_number() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    assert F.flatten(x, 1, 1).shape == (2, 3, 4)
    assert F.flatten(x, -3).shape == (24,)
    assert F.flatten(x, 0, -3).shape == (2, 3, 4)
    for axes in ((-4,), (0, -4), (3,), (0, 3), (2, 1)):
        with pytest.raises(ValueError, match="flatten: no axes"):
            F.flatten(x, *axes)


# Beyond their thresholds (blocks of attention and of windows, gathers of embeddings, the order in
# memory of pooling) the rules meet gradients of any layout.


def layouts(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Gradients of this shape, each another view of memory."""
    rng = np.random.default_rng(5)
    whole = rng.standard_normal(shape)
    fixed = whole.copy()
    fixed.flags.writeable = False
    twice = rng.standard_normal((*shape[:-1], 2 * shape[-1]))
    return {
        "broadcast": np.broadcast_to(whole[..., :1], shape),
        "one number": np.broadcast_to(np.float64(0.7), shape),
        "reversed": whole[(slice(None, None, -1),) * len(shape)],
        "transposed": rng.standard_normal(shape[::-1]).T,
        "strided": twice[..., ::2],
        "read-only": fixed,
        "real part": (whole + 1j).real,
    }


@op(constant_slope=True)
def _weighed(y, g=None):
    return np.zeros(()), lambda _: g  # not g * 1, which would be an array of its own


LARGE = np.random.default_rng(6)
LARGE_ROWS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "attention": (F.scaled_dot_product_attention, [LARGE.standard_normal((40, 2, 48, 8))] * 3),
    "attention mask": (
        F.scaled_dot_product_attention,
        [LARGE.standard_normal((40, 2, 48, 8))] * 3 + [LARGE.standard_normal((40, 1, 48, 48))],
    ),
    "conv2d": (
        lambda x, w: F.conv2d(x, w, padding=1),
        [LARGE.standard_normal((20, 3, 40, 40)), LARGE.standard_normal((4, 3, 3, 3))],
    ),
    "conv2d stride": (
        lambda x, w: F.conv2d(x, w, stride=2, groups=2),
        [LARGE.standard_normal((20, 4, 60, 60)), LARGE.standard_normal((4, 2, 3, 3))],
    ),
    "conv_transpose2d": (
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        [LARGE.standard_normal((20, 3, 30, 30)), LARGE.standard_normal((3, 4, 3, 3))],
    ),
    "unfold": (lambda x: F.unfold(x, 3), [LARGE.standard_normal((8, 3, 40, 40))]),
    "fold": (lambda x: F.fold(x, 40, 3), [LARGE.standard_normal((8, 27, 1444))]),
    "embedding": (lambda w: F.embedding(LARGE_INDEX, w), [LARGE.standard_normal((50, 64))]),
    "embedding by frequency": (
        lambda w: F.embedding(LARGE_INDEX, w, padding_idx=3, scale_grad_by_freq=True),
        [LARGE.standard_normal((50, 64))],
    ),
    "embedding_bag": (
        lambda w, f: F.embedding_bag(LARGE_INDEX, w, mode="sum", per_sample_weights=f),
        [LARGE.standard_normal((50, 64)), LARGE.standard_normal((40, 60))],
    ),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2, 1), [LARGE.standard_normal((8, 4, 40, 40))]),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1), [LARGE.standard_normal((8, 4, 40, 40))]),
    "lp_pool2d": (lambda x: F.lp_pool2d(x, 2, 3), [LARGE.standard_normal((8, 4, 40, 40))]),
    "adaptive_avg_pool2d": (
        lambda x: F.adaptive_avg_pool2d(x, 7),
        [LARGE.standard_normal((8, 4, 40, 40))],
    ),
    "interpolate": (
        lambda x: F.interpolate(x, 30, mode="bilinear"),
        [LARGE.standard_normal((8, 4, 40, 40))],
    ),
    "nearest": (lambda x: F.interpolate(x, 90), [LARGE.standard_normal((4, 2, 40, 40))]),
    "pad": (lambda x: F.pad(x, (3, 3), "reflect"), [LARGE.standard_normal((8, 40, 40))]),
    "gelu": (F.gelu, [LARGE.standard_normal((9, 4000))]),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, 500, w, b),
        [LARGE.standard_normal((40, 500))] + [LARGE.random(500)] * 2,
    ),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [LARGE.standard_normal((40, 5, 99)), LARGE.random(5), LARGE.random(5)],
    ),
    "linear": (
        F.linear,
        [LARGE.standard_normal((9, 50, 30)), LARGE.random((20, 30)), LARGE.random(20)],
    ),
    "bilinear": (
        F.bilinear,
        [LARGE.random((9, 50, 3)), LARGE.random((9, 50, 4)), LARGE.random((6, 3, 4))],
    ),
    "softmax": (F.softmax, [LARGE.standard_normal((40, 500))]),
    "cross_entropy": (
        lambda x: F.cross_entropy(x, LARGE_INDEX, reduction="none"),
        [LARGE.standard_normal((40, 50, 60))],
    ),
    "LSTM": (lambda x: LSTM(x)[0], [LARGE.standard_normal((20, 8, 6))]),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), [LARGE.standard_normal((8, 12, 20, 20))]),
    "local_response_norm": (
        lambda x: F.local_response_norm(x, 3),
        [LARGE.standard_normal((8, 9, 200))],
    ),
    "prelu": (F.prelu, [LARGE.standard_normal((8, 9, 200)), LARGE.random(9)]),
}
LARGE_INDEX = LARGE.integers(0, 50, (40, 60))
LSTM = nn.LSTM(6, 7, 2, bidirectional=True).double()


@pytest.mark.parametrize("row", LARGE_ROWS)
def test_gradients_of_any_layout(row: str) -> None:
    f, arrays = LARGE_ROWS[row]

    def slopes(g: np.ndarray) -> list[Any]:
        tensors = [Tensor(x, requires_grad=True) for x in arrays]
        LSTM.zero_grad()
        _weighed(f(*tensors), g).backward()
        return [t.grad for t in (*tensors, *(LSTM.parameters() if row == "LSTM" else ()))]

    for name, g in layouts(f(*arrays).shape).items():
        for got, expected in zip(slopes(g), slopes(g.copy("C")), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9, err_msg=name)


# What is taken: numbers, lists, integers and booleans, as by NumPy's own functions

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    name: getattr(F, name)
    for name in (
        "celu", "elu", "erf", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
        "leaky_relu", "log_sigmoid", "logsigmoid", "mish", "relu", "relu6", "rrelu", "selu",
        "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    )
}  # fmt: skip
ELEMENTWISE |= {
    "gelu tanh": lambda x: F.gelu(x, "tanh"),
    "prelu": lambda x: F.prelu(x, [0.25]),
    "threshold": lambda x: F.threshold(x, 0.5, 7.0),
    "dropout": lambda x: F.dropout(x, training=False),
    "alpha_dropout": F.alpha_dropout,
    "softmax": F.softmax,
    "softmin": F.softmin,
    "log_softmax": F.log_softmax,
    "logsumexp": F.logsumexp,
    "gumbel_softmax": lambda x: F.gumbel_softmax(x, generator=0),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_numbers_and_lists_are_taken_as_arrays(name: str) -> None:
    f = ELEMENTWISE[name]
    whole = ("soft" in name and "max" in name) or "exp" in name or "softmin" in name
    for x in ([0.7, -0.3], [2, -1], [True, False], (0.5, 2), [[1.5, 2], [3, 4]]):
        expected = f(np.asarray(x, float))
        np.testing.assert_allclose(f(x), expected, rtol=2e-3, atol=1e-3)  # tanh(True) is float16
        assert isinstance(f(x), np.ndarray | np.generic)
    for x in () if whole else (0.7, -3, True, np.float32(0.5)):
        np.testing.assert_allclose(f(x), f(np.asarray(x, float)), rtol=2e-3, atol=1e-3)
    if not whole:
        assert isinstance(f(0.5), float | np.ndarray)
        assert np.ndim(f(0.5)) == 0


def test_data_by_name_are_taken_as_those_by_position() -> None:
    assert F.mse_loss(input=[1.0, 2.0], target=[0.0, 0.0]) == 2.5
    assert F.mse_loss([1.0, 2.0], target=[0.0, 0.0], reduction="sum") == 5
    with pytest.raises(TypeError, match="mse_loss: got None for target, expected an array"):
        F.mse_loss([1.0], target=None)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'target'"):
        F.mse_loss([1.0], reduction="sum")


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.bool_])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_integers_do_not_wrap_around(name: str, dtype: Any) -> None:
    f = ELEMENTWISE[name]
    limits = [0, 1] if dtype is np.bool_ else [np.iinfo(dtype).max, np.iinfo(dtype).min]
    x = np.array([0, 1, 2, 3, *limits]).astype(dtype)
    np.testing.assert_allclose(f(x), f(x.astype(float)), rtol=2e-3, atol=1e-3)


def test_distances_of_small_integers() -> None:
    for dtype in (np.uint8, np.int8, bool):
        a, b = np.array([[0, 1, 1]], dtype), np.array([[1, 1, 0]], dtype)
        a, b = (x if dtype is bool else x * dtype(100) for x in (a, b))
        for f in (F.pairwise_distance, F.cosine_similarity):
            np.testing.assert_allclose(f(a, b), f(a.astype(float), b.astype(float)))
        np.testing.assert_allclose(F.normalize(a), F.normalize(a.astype(float)))


@pytest.mark.parametrize("name", F.__all__)
def test_functions_can_be_pickled(name: str) -> None:
    f = getattr(F, name)
    assert pickle.loads(pickle.dumps(f)) is f
