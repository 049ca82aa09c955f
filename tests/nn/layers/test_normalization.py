"""Normalization: formulas, derivatives, running statistics, refusals."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients, no_grad
from nn.layers.local_response import _local_response
from nn.layers.normalization import normalize

RNG = np.random.default_rng(0)
Shape = tuple[int, ...]


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape) * 2 + 1


def formula(x: np.ndarray, axes: Any, weight: Any = 1.0, bias: Any = 0.0, eps: float = 1e-5) -> Any:
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axes, keepdims=True) + eps) * weight + bias


def groups(x: Any, w: Any = None, b: Any = None) -> Any:
    return F.group_norm(x, 2, w, b)


def batches(x: Any, w: Any = None, b: Any = None) -> Any:
    return F.batch_norm(x, None, None, w, b, training=True)


def instances(x: Any, w: Any = None, b: Any = None) -> Any:
    return F.instance_norm(x, None, None, w, b)


def frozen(x: Any, w: Any = None, b: Any = None) -> Any:
    mean, var = np.linspace(-1, 1, 4), np.linspace(0.5, 2, 4)
    return F.batch_norm(x, mean, var, w, b)


def last(n: int) -> Callable[..., Any]:
    return lambda x, w=None, b=None: F.layer_norm(x, x.shape[-n:], w, b)


CASES: list[tuple[str, Callable[..., Any], Shape, Shape]] = [
    ("batch, rows", batches, (5, 4), (4,)),
    ("batch, images", batches, (2, 4, 3, 2), (4,)),
    ("batch of one", batches, (1, 4, 3), (4,)),
    ("running statistics", frozen, (3, 4, 2), (4,)),
    ("instance", instances, (2, 4, 3, 2), (4,)),
    ("group", groups, (3, 4, 2), (4,)),
    ("group, rows", groups, (3, 4), (4,)),
    ("layer", last(1), (3, 2, 4), (4,)),
    ("layer, two axes", last(2), (3, 2, 4), (2, 4)),
    ("layer, no batch", last(1), (4,), (4,)),
    ("rms", lambda x, w=None: F.rms_norm(x, x.shape[-1], w), (3, 2, 4), (4,)),
]


@pytest.mark.parametrize(("f", "shape", "side"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_two_orders_of_derivatives(f: Any, shape: Shape, side: Shape) -> None:
    x, w, b = values(*shape), values(*side) + 3, RNG.standard_normal(side)
    settings: list[tuple[Any, ...]] = [(x,), (x, w)]
    if f is not CASES[-1][1]:
        settings.append((x, w, b))
        lone = lambda x, b: f(x, None, b)  # noqa: E731
        gradcheck(lone, x, b)
        gradgradcheck(lone, x, b)
    for args in settings:
        assert not isinstance(f(*args), Tensor)
        gradcheck(f, *args)
        gradgradcheck(f, *args)
    wide = np.asfortranarray(np.stack([x, x], axis=-1))[..., ::-1][..., 0]
    np.testing.assert_allclose(f(wide, w), f(x, w), rtol=1e-12)
    gradcheck(f, wide, w)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["batch", "instance"])
def test_batch_norm_is_normalize_in_every_layout(name: str, dtype: Any) -> None:
    f, axes = (batches, (0, 2, 3)) if name == "batch" else (instances, (2, 3))
    x, g = (values(*shape).astype(dtype) for shape in [(16, 4, 9, 7), (16, 4, 9, 7)])
    g = g[::-1] ** 2
    w, b = (values(8).astype(dtype).reshape(2, 4, 1, 1))[:, None]
    exact = [Tensor(a.astype(float), requires_grad=True) for a in (x, w, b)]
    normalize(*exact, axes=axes, apart=True).backward(g.astype(float))
    turns = {
        "as it is": lambda a: a,
        "batch last": lambda a: np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0),
        "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        "reversed": lambda a: a[::-1].copy()[::-1],
        "channels last": lambda a: np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1),
    }
    share = 1e-13 if dtype == np.float64 else 2e-6
    for turned, (how, turn) in itertools.product(turns.values(), turns.items()):
        given = [Tensor(turned(x), requires_grad=True)]
        given += [Tensor(a.reshape(4), requires_grad=True) for a in (w, b)]
        before = given[0].data.copy()
        y = f(*given)
        y.backward(turn(g))
        np.testing.assert_array_equal(given[0].data, before)
        for t, e in zip(given, exact, strict=True):
            assert t.grad is not None
            assert t.grad.dtype == dtype
            expected = e.grad.reshape(t.shape)
            within = share * abs(expected).max()
            np.testing.assert_allclose(t.grad, expected, rtol=0, atol=within, err_msg=how)


def test_batch_norm_in_float32_is_that_in_float64() -> None:
    x = np.moveaxis(values(4, 32, 32, 32), -1, 0) * 5 + 100  # 32,768 numbers each
    g = np.random.default_rng(2).standard_normal(x.shape)
    single = Tensor(x.astype(np.float32), requires_grad=True)
    exact = Tensor(single.data.astype(float), requires_grad=True)
    y, y_exact = batches(single), batches(exact)
    y.backward(g.astype(np.float32))
    y_exact.backward(g)
    np.testing.assert_allclose(y.detach().numpy(), y_exact.detach().numpy(), atol=1e-5)
    assert single.grad is not None
    np.testing.assert_allclose(single.grad, exact.grad, atol=2e-6)


def test_formulas() -> None:
    x, w, b = values(2, 4, 3, 5), RNG.standard_normal(4), RNG.standard_normal(4)
    side = w.reshape(4, 1, 1), b.reshape(4, 1, 1)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12)  # noqa: E731
    close(batches(x, w, b), formula(x, (0, 2, 3), *side))
    close(instances(x, w, b), formula(x, (2, 3), *side))
    grouped = formula(x.reshape(2, 2, 2, 3, 5), (2, 3, 4)).reshape(x.shape)
    close(groups(x, w, b), grouped * side[0] + side[1])
    close(F.layer_norm(x, 5), formula(x, 3))
    close(F.layer_norm(x, [3, 5], eps=0.1), formula(x, (2, 3), eps=0.1))
    rms = np.sqrt((x * x).mean(-1, keepdims=True) + 0.1)
    close(F.rms_norm(x, (5,), eps=0.1), x / rms)
    close(F.rms_norm(x, (5,)), x / np.sqrt((x * x).mean(-1, keepdims=True) + 2.0**-52))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_local_response(size: int) -> None:
    x = values(2, 5, 3)
    y = F.local_response_norm(x, size, alpha=0.5, beta=0.6, k=1.5)
    for c in range(5):
        near = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        d = 1.5 + 0.5 / size * (near**2).sum(axis=1)
        np.testing.assert_allclose(y[:, c], x[:, c] / d**0.6, rtol=1e-12)
    f = nn.LocalResponseNorm(size, 0.5, 0.6, 1.5)
    assert gradcheck(f, x)
    assert gradgradcheck(f, x)


def test_constant_rows() -> None:
    x = Tensor(np.full((2, 3), 3.0), requires_grad=True)
    y = F.layer_norm(x, 3)
    np.testing.assert_array_equal(y.detach().numpy(), 0)
    (g,) = gradients((y * [1.0, 2, 3]).sum(), x)
    np.testing.assert_allclose(g, np.tile([-1, 0, 1], (2, 1)) / 1e-5**0.5, rtol=1e-12)


def test_far_from_zero() -> None:
    x = values(4, 64)
    far = (x + 1e4).astype(np.float32)
    # each number has lost all but 1e-3 of itself; the formula is to lose no more
    np.testing.assert_allclose(F.layer_norm(far, 64), formula(x, 1), atol=2e-3)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm1d(4), (5, 4)),
        (nn.BatchNorm1d(4, affine=False), (5, 4, 3)),
        (nn.BatchNorm2d(4, track_running_stats=False, bias=False), (2, 4, 3, 2)),
        (nn.BatchNorm3d(2), (2, 2, 2, 1, 3)),
        (nn.BatchNorm1d(4).eval(), (1, 4)),
        (nn.InstanceNorm1d(4, affine=True), (4, 3)),
        (nn.InstanceNorm2d(4, affine=True, bias=False), (2, 4, 3, 2)),
        (nn.InstanceNorm3d(2, track_running_stats=True), (2, 2, 2, 1, 3)),
        (nn.InstanceNorm1d(4, track_running_stats=True, affine=True).eval(), (4, 3)),
        (nn.GroupNorm(2, 4), (3, 4)),
        (nn.GroupNorm(1, 4, affine=False), (3, 4, 2)),
        (nn.LayerNorm((2, 3), bias=False), (2, 2, 3)),
        (nn.LayerNorm(3), (3,)),
        (nn.RMSNorm(3, eps=0.1), (2, 3)),
    ],
    ids=str,
)
def test_layers(layer: nn.Module, shape: Shape) -> None:
    for p in layer.parameters():
        p.data[...] = RNG.standard_normal(p.shape) + 2
    x = values(*shape)
    gradcheck(layer, x)
    gradgradcheck(layer, x)
    x32 = Tensor(x.astype(np.float32), requires_grad=True)
    y = layer(x32)
    assert (y.shape, y.dtype) == (shape, np.float32)
    y.sum().backward()
    assert {p.grad.dtype for p in [x32, *layer.parameters()]} == {np.dtype(np.float32)}


# Running statistics


def test_running_statistics() -> None:
    layer = nn.BatchNorm1d(2, momentum=0.25)
    x = values(6, 2, 5).astype(np.float32)
    mean, var = np.zeros(2), np.ones(2)
    for i in range(3):
        y = layer(x + i)
        mean = 0.75 * mean + 0.25 * (x + i).mean((0, 2))
        var = 0.75 * var + 0.25 * x.var((0, 2), ddof=1)
        np.testing.assert_allclose(y.detach().numpy(), formula(x, (0, 2)), atol=1e-5)
    np.testing.assert_allclose(layer.running_mean.data, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.data, var, rtol=1e-5)
    assert layer.num_batches_tracked.item() == 3
    assert layer.running_mean.dtype == np.float32

    before = layer.state_dict()
    y = layer.eval()(x)
    expected = (x - mean[:, None]) / np.sqrt(var[:, None] + 1e-5)
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-4, atol=1e-5)
    assert all((layer.state_dict()[k] == before[k]).all() for k in before)

    layer.reset_running_stats()
    state = [b.tolist() for b in layer.buffers()]
    assert state == [[0, 0], [1, 1], 0]


def test_a_plain_mean_of_all_batches() -> None:
    layer = nn.BatchNorm1d(1, momentum=None)
    for value in [1.0, 2.0, 6.0]:
        layer(np.array([[value - 1], [value + 1]], np.float32))
    assert layer.running_mean.item() == pytest.approx(3)
    assert layer.running_var.item() == pytest.approx(2)


def test_without_running_statistics() -> None:
    layer = nn.BatchNorm1d(2, track_running_stats=False).double()
    assert list(layer.state_dict()) == ["weight", "bias"]
    x = values(6, 2)
    for mode in (True, False):
        y = layer.train(mode)(x)
        np.testing.assert_allclose(y.detach().numpy(), formula(x, 0), rtol=1e-12)


def test_instance_norm_tracks_the_mean_over_samples() -> None:
    layer = nn.InstanceNorm1d(2, track_running_stats=True)
    x = values(3, 2, 5)
    layer(x)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean((0, 2)), rtol=1e-5)
    var = x.var(2, ddof=1).mean(0)
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * var, rtol=1e-5)
    np.testing.assert_allclose(
        layer.eval()(x),
        (x - layer.running_mean.data[:, None]) / np.sqrt(layer.running_var.data[:, None] + 1e-5),
    )


def test_running_statistics_are_not_tracked() -> None:
    layer = nn.BatchNorm1d(2).double()
    x = Tensor(values(4, 2), requires_grad=True)
    for _ in range(3):
        x = layer(x)
    assert not any(b.requires_grad for b in layer.buffers())
    with no_grad():
        layer(x)
    assert layer.num_batches_tracked.item() == 4


def test_updates_leave_recorded_graphs_alone() -> None:
    layer = nn.BatchNorm1d(2).double()
    layer(values(5, 2))
    x = Tensor(values(4, 2), requires_grad=True)
    (expected,) = gradients((layer.eval()(x) ** 2).sum(), x)
    y = layer(x)  # in evaluation
    layer.train()(values(7, 2) * 9)  # the buffers move before the walk
    (g,) = gradients((y**2).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), expected, rtol=1e-12)


def test_running_arrays_change_in_place() -> None:
    mean, var = np.zeros(1), np.ones(1)
    F.batch_norm(np.array([[0.0], [2.0]]), mean, var, training=True)
    assert (mean[0], var[0]) == (pytest.approx(0.1), pytest.approx(1.1))


def test_a_second_derivative_moves_nothing() -> None:
    layer = nn.BatchNorm1d(2).double()
    x = Tensor(values(4, 2), requires_grad=True)
    y = layer(x)
    before = layer.state_dict()
    (g,) = gradients((y**3).sum(), x, create_graph=True)
    gradients((g**2).sum(), x)
    assert all((layer.state_dict()[k] == before[k]).all() for k in before)


# dtypes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_stays(dtype: Any) -> None:
    x = (100 * values(4, 6, 5)).astype(dtype)
    per_channel, per_element = np.ones((6, 1), dtype), np.ones(5, dtype)
    settings: list[tuple[np.ndarray, Any]] = [
        (per_channel, {"axes": (0, 2), "apart": True}),
        (per_element, {"axes": (2,)}),
        (per_element, {"axes": (2,), "centre": False}),
    ]
    for side, config in settings:
        y, *closures = normalize.__wrapped__(x, side, side, **config)
        assert y.dtype == dtype
        if dtype != np.float16:  # computed in float32
            assert {c(np.ones(y.shape, dtype)).dtype for c in closures} == {np.dtype(dtype)}
    y, for_x = _local_response.__wrapped__(x / 100, size=3)
    assert y.dtype == for_x(y).dtype == dtype
    t = Tensor(x, requires_grad=True)
    (F.layer_norm(t, 5) ** 2).sum().backward()
    assert t.grad.dtype == dtype


def test_float16_does_not_overflow() -> None:
    x = np.array([[-1000.0, 0, 1000]], np.float16)
    np.testing.assert_allclose(F.layer_norm(x, 3), [[-1.2247, 0, 1.2247]], rtol=1e-3)
    np.testing.assert_allclose(F.rms_norm(x, 3), [[-1.2247, 0, 1.2247]], rtol=1e-3)


def test_empty() -> None:
    assert F.layer_norm(np.zeros((0, 3)), 3).shape == (0, 3)
    assert F.group_norm(np.zeros((0, 4, 2)), 2).shape == (0, 4, 2)
    assert nn.InstanceNorm1d(4, track_running_stats=True)(np.zeros((0, 4, 2))).shape == (0, 4, 2)
    layer = nn.BatchNorm1d(4).eval()
    assert layer(np.zeros((0, 4), np.float32)).shape == (0, 4)


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.BatchNorm2d(4)(np.zeros((2, 3, 5, 5))),
            ValueError,
            r"BatchNorm2d\(4\): got input of shape \(2, 3, 5, 5\), expected \(N, 4, height, ",
        ),
        (
            lambda: nn.BatchNorm1d(4)(np.zeros((2, 4, 5, 5))),
            ValueError,
            r"expected \(N, 4\) or \(N, 4, length\)",
        ),
        (
            lambda: nn.InstanceNorm2d(4)(np.zeros((4, 5))),
            ValueError,
            r"InstanceNorm2d\(4\): .*expected \(4, height, width\) or \(N, 4, height, width\)",
        ),
        (
            lambda: nn.BatchNorm1d(4)(np.zeros((1, 4))),
            ValueError,
            r"BatchNorm1d\(4\): got input of shape \(1, 4\), expected at least 2 values per chann",
        ),
        (
            lambda: nn.BatchNorm2d(4)(np.zeros((0, 4, 2, 2))),
            ValueError,
            r"BatchNorm2d\(4\): got input of shape \(0, 4, 2, 2\), expected at least 2 values",
        ),
        (
            lambda: F.batch_norm(np.zeros((1, 4)), None, None, training=True),
            ValueError,
            r"batch_norm: got input of shape \(1, 4\), expected at least 2 values per channel",
        ),
        (
            lambda: nn.InstanceNorm1d(4)(np.zeros((2, 4, 1))),
            ValueError,
            "at least 2 values per sample and channel",
        ),
        (
            lambda: nn.LayerNorm((3, 4))(np.zeros((2, 4))),
            ValueError,
            r"LayerNorm\(\(3, 4\)\): got input of shape \(2, 4\), expected \(..., 3, 4\)",
        ),
        (lambda: nn.RMSNorm(3)(np.zeros(())), ValueError, r"RMSNorm\(3\): got input"),
        (lambda: nn.LayerNorm(3)(np.zeros(3, int)), TypeError, "got int64, expected floats"),
        (lambda: nn.LayerNorm(3)([0.0, 1, 2]), TypeError, "got a list, expected an array"),
        (lambda: nn.GroupNorm(2, 4)(np.zeros((2, 6))), ValueError, r"expected \(N, 4, ...\)"),
        (lambda: nn.GroupNorm(3, 4), ValueError, "num_groups is 3, expected a divisor .* 4"),
        (lambda: F.group_norm(np.zeros((2, 4)), 0), ValueError, "num_groups is 0"),
        (
            lambda: F.layer_norm(np.zeros((2, 4)), 4, np.ones(3)),
            ValueError,
            r"layer_norm: got weight of shape \(3,\), expected \(4,\)",
        ),
        (
            lambda: F.batch_norm(np.zeros((2, 4)), np.ones(1), np.ones(1)),
            ValueError,
            r"batch_norm: got running_mean of shape \(1,\), expected \(4,\)",
        ),
        (
            lambda: F.batch_norm(np.zeros((2, 4)), None, None),
            ValueError,
            "expected running_mean and running_var.*got None and None",
        ),
        (
            lambda: F.instance_norm(np.zeros((2, 4, 3)), np.zeros(4), None),
            ValueError,
            r"got shape \(4,\) and None",
        ),
        (lambda: F.instance_norm(np.zeros((2, 4))), ValueError, "instance_norm: got input"),
        (lambda: F.local_response_norm(np.zeros((2, 4)), 2), ValueError, "3 axes or more"),
        (
            lambda: nn.LocalResponseNorm(0),
            ValueError,
            "LocalResponseNorm: got size=0, expected an int",
        ),
        (lambda: F.local_response_norm(np.zeros((2, 4, 3)), 0), ValueError, "got size=0"),
    ],
)
def test_refusals(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_refused_batch_is_not_counted() -> None:
    layer = nn.BatchNorm1d(2)
    with pytest.raises(ValueError):
        layer(np.zeros((1, 2)))
    assert layer.num_batches_tracked.item() == 0
    np.testing.assert_array_equal(layer.running_mean.data, 0)


@pytest.mark.parametrize(
    "text",
    [
        "BatchNorm1d(3)",
        "BatchNorm2d(3, momentum=None, bias=False)",
        "BatchNorm3d(3, eps=0.1, affine=False, track_running_stats=False)",
        "InstanceNorm1d(3)",
        "InstanceNorm2d(3, affine=True, track_running_stats=True)",
        "GroupNorm(2, 4, affine=False)",
        "LayerNorm((3, 4), bias=False)",
        "RMSNorm(3, eps=0.1)",
        "LocalResponseNorm(5, k=2.0)",
    ],
)
def test_repr(text: str) -> None:
    name, _, arguments = text.partition("(")
    layer = eval(f"nn.{text}")
    assert type(layer).__name__ == name
    assert repr(layer).split("   ")[0] == f"{name}({arguments}"


def test_second_derivative_where_only_the_bias_is_trained() -> None:
    layer = nn.LayerNorm(3)
    layer.weight.requires_grad = False
    y = layer(np.array([[1.0, 2, 4]], np.float32))
    (g,) = gradients((y**3).sum(), layer.bias, create_graph=True)
    np.testing.assert_allclose(gradients(g.sum(), layer.bias)[0], 6 * y.data[0], rtol=1e-5)
