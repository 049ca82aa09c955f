"""Pooling: what the table of layers does not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients
from nn.layers import pool_windows

INF, NAN = np.inf, np.nan


def test_numbers_by_hand() -> None:
    x = np.arange(16.0).reshape(1, 4, 4)
    assert F.max_pool2d(x, 2).tolist() == [[[5, 7], [13, 15]]]
    assert F.avg_pool2d(x, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    assert F.lp_pool1d(np.array([[3.0, 4.0, 5.0, 12.0]]), 2, 2).tolist() == [[5, 13]]
    # Five numbers in three windows: 0 1, 1 2 3, 3 4.
    assert F.adaptive_avg_pool1d(np.arange(5.0)[None], 3).tolist() == [[0.5, 2, 3.5]]
    assert F.adaptive_max_pool1d(np.arange(5.0)[None], 3).tolist() == [[1, 3, 4]]


@pytest.mark.parametrize("size", [1, 2, 5, 8])
@pytest.mark.parametrize("out", [1, 2, 3, 5, 7, 10])
def test_adaptive_windows_are_those_of_the_formula(size: int, out: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, size))
    spans = [(j * size // out, -(-(j + 1) * size // out)) for j in range(out)]
    means = np.stack([x[:, a:b].mean(1) for a, b in spans], 1)
    np.testing.assert_allclose(F.adaptive_avg_pool1d(x, out), means, rtol=1e-12)
    most = np.stack([x[:, a:b].max(1) for a, b in spans], 1)
    np.testing.assert_array_equal(F.adaptive_max_pool1d(x, out), most)
    gradcheck(lambda t: F.adaptive_avg_pool1d(t, out), x)
    gradcheck(lambda t: F.adaptive_max_pool1d(t, out), x)


def test_ceil_mode_wants_a_window_to_start_before_the_right_padding() -> None:
    x = np.arange(5.0)[None]
    assert F.max_pool1d(x, 2, 2).shape == (1, 2)
    assert F.max_pool1d(x, 2, 2, ceil_mode=True).tolist() == [[1, 3, 4]]
    # Windows at -1 and 2; one at 5 would see nothing but padding.
    assert F.max_pool1d(x, 3, 3, 1, ceil_mode=True).tolist() == [[1, 4]]
    assert F.avg_pool1d(x, 2, 2, ceil_mode=True).tolist() == [[0.5, 2.5, 4]]


def test_what_the_mean_counts() -> None:
    x = np.ones((1, 4))
    assert F.avg_pool1d(x, 2, 2, 1).tolist() == [[0.5, 1, 0.5]]
    assert F.avg_pool1d(x, 2, 2, 1, count_include_pad=False).tolist() == [[1, 1, 1]]
    assert F.avg_pool1d(x, 2, 2, 1, divisor_override=4).tolist() == [[0.25, 0.5, 0.25]]


def test_of_equal_numbers_the_first_row_by_row_counts() -> None:
    x = Tensor(np.array([[[1.0, 2.0], [2.0, 0.0]]]), requires_grad=True)
    _, at = F.max_pool2d(x, 2, return_indices=True)
    assert at.tolist() == [[[1]]]
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[0, 1], [0, 0]]]


def test_nan_is_the_largest_and_gets_the_gradient() -> None:
    x = Tensor(np.array([[1.0, NAN, 5.0, 2.0, 3.0, NAN]]), requires_grad=True)
    y = F.max_pool1d(x, 3)
    assert np.isnan(y.data).all()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 1, 0, 0, 0, 1]]


def test_infinities_stay_in_their_windows() -> None:
    x = np.array([[-INF, -INF, 1.0, INF, 2.0, -INF]])
    y, at = F.max_pool1d(x, 2, 2, 1, return_indices=True)
    assert y.tolist() == [[-INF, 1, INF, -INF]]
    assert at.tolist() == [[0, 2, 3, 5]]  # in the input, not in the padding
    t = Tensor(np.arange(4.0)[None], requires_grad=True)
    (g,) = gradients((F.max_pool1d(t, 2) * np.array([[INF, 1.0]])).sum(), [t])
    assert np.asarray(g).tolist() == [[0, INF, 0, 1]]  # no 0 times infinity
    assert F.adaptive_avg_pool1d(np.array([[INF, 1.0, 2.0]]), 3).tolist() == [[INF, 1, 2]]


def test_max_pooling_of_integers() -> None:
    x = np.array([[3, -7, -9, -8]], np.int8)
    y = F.max_pool1d(x, 2, 2, 1)
    assert (y.tolist(), y.dtype) == ([[3, -7, -8]], np.int8)


@pytest.mark.parametrize("window", [(2,), (3, 2, 1), (3, 1, 1), (2, 3), (2, 1, 1, 2, True)])
def test_with_indices_or_without_is_the_same(window: tuple[Any, ...]) -> None:
    # Few different numbers, so that many are equal.
    x = np.random.default_rng(0).integers(0, 3, (2, 3, 7, 6)).astype(float)
    t = Tensor(x, requires_grad=True)
    y, (pooled, at) = F.max_pool2d(t, *window), F.max_pool2d(t, *window, return_indices=True)
    np.testing.assert_array_equal(y.data, pooled.data)
    flat = np.take_along_axis(x.reshape(2, 3, 42), at.reshape(2, 3, -1), -1)
    np.testing.assert_array_equal(flat.reshape(y.shape), y.data)
    v = np.random.default_rng(1).standard_normal(y.shape)
    (a,), (b,) = gradients((y * v).sum(), [t]), gradients((pooled * v).sum(), [t])
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)
    expected = np.zeros((6, 42))
    np.add.at(expected, (np.arange(6)[:, None], at.reshape(6, -1)), v.reshape(6, -1))
    np.testing.assert_allclose(np.asarray(a).reshape(6, 42), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ((2, 3, 8, 6), (2,)),
        ((2, 3, 7, 9), (2, 3)),  # some numbers are in no window
        ((2, 3, 7, 6), (2, 2, 1)),  # windows begin in the padding
        ((2, 3, 7, 5), (3, None, 1, True)),  # and end there
        ((2, 2, 5, 6), ((1, 2), (2, 3))),
        ((3, 2, 4, 6, 2), (2,)),
        ((2, 1, 1, 1), (200, None, 100)),  # the number of a place takes two bytes
        ((0, 2, 4, 4), (2,)),
    ],
    ids=str,
)
def test_all_axes_at_once_or_one_by_one(
    shape: Any, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    kernel, stride, padding, hanging = (*window, *(None, 0, False)[len(window) - 1 :])
    n = len(shape) - 2
    settings = {"stride": stride, "padding": padding, "ceil_mode": hanging}
    x = rng.integers(0, 3, shape).astype(float)  # many are equal
    counted: list[int] = []

    def results() -> list[Any]:
        got = []
        for name in ("max", "avg"):
            pool = getattr(F, f"{name}_pool{n}d")
            for last in (False, True):
                t = Tensor(
                    np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if last else x,
                    requires_grad=True,
                )
                y = pool(t, kernel, **settings)
                v = np.random.default_rng(1).standard_normal(y.shape)
                (g,) = gradients((y**2 * v).sum(), t, create_graph=True)
                (gg,) = gradients((g**2).sum(), t)
                got += [y.detach().numpy(), g.detach().numpy(), gg]
        return got

    steps = pool_windows._steps
    monkeypatch.setattr(pool_windows, "_steps", lambda a: counted.append(len(s := steps(a))) or s)
    at_once = results()
    assert set(counted) == {1}
    monkeypatch.setattr(
        pool_windows, "_steps", lambda a: [(-i, (w,)) for i, w in enumerate(reversed(a), 1)]
    )
    for a, b in zip(at_once, results(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_overlapping_windows_and_large_ones_go_one_axis_after_the_other() -> None:
    for kernel, stride in [(3, 2), (4, 4)]:
        along = pool_windows.strided_windows("f", 8, kernel, stride, 0, 1, False)
        assert len(pool_windows._steps([along, along])) == 2


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_any_order_in_memory(name: str) -> None:
    """A convolution's result has the batch last."""
    x = np.random.default_rng(0).standard_normal((4, 2, 5, 6))
    pool = getattr(F, name)
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    np.testing.assert_array_equal(pool(last, 3, 2, 1), pool(x, 3, 2, 1))
    v = np.random.default_rng(1).standard_normal((4, 2, 3, 3))
    (a,), (b,) = (
        gradients((pool(t, 3, 2, 1) * v).sum(), [t])
        for t in (Tensor(x, requires_grad=True), Tensor(last, requires_grad=True))
    )
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)


def test_unpooling_undoes_pooling() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 7))
    y, at = nn.MaxPool2d(2, return_indices=True)(x)
    back = nn.MaxUnpool2d(2)(y, at, output_size=x.shape)
    assert back.shape == x.shape
    np.testing.assert_array_equal(back[back != 0], x[back != 0])
    np.testing.assert_array_equal(nn.MaxPool2d(2)(np.where(back == 0, -INF, back)), y)


def test_unpooling_to_one_place_twice_counts_the_last() -> None:
    at = np.array([[1, 1]])
    x = np.array([[3.0, 4.0]])
    assert F.max_unpool1d(x, at, 2).tolist() == [[0, 4, 0, 0]]
    gradcheck(lambda t: F.max_unpool1d(t, at, 2), x)
    gradgradcheck(lambda t: F.max_unpool1d(t, at, 2) ** 2, x)


def test_lp_pool_of_zeros_has_no_slope() -> None:
    x = Tensor(np.array([[0.0, 0.0, 3.0, 4.0]]), requires_grad=True)
    y = F.lp_pool1d(x, 2, 2)
    y.sum().backward()
    assert y.data.tolist() == [[0, 5]]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, [[0, 0, 0.6, 0.8]], rtol=1e-12)


def test_empty_batch() -> None:
    x = np.ones((0, 2, 4, 4), np.float32)
    assert F.max_pool2d(x, 2).shape == F.avg_pool2d(x, 2).shape == (0, 2, 2, 2)
    y, at = F.adaptive_max_pool2d(x, 3, return_indices=True)
    assert y.shape == at.shape == (0, 2, 3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.max_pool2d(x[0, 0], 2), r"max_pool2d: got input of shape \(4, 5\), expected"),
        (lambda x: F.max_pool2d(x, 3, 1, 2), "padding=2, expected at most half of kernel_size=3"),
        (lambda x: F.avg_pool2d(x, 6), "kernel_size=6 .* does not fit into an axis of length 4"),
        (lambda x: F.avg_pool2d(x, (2, 0)), r"avg_pool2d: got kernel_size=\(2, 0\), expected an"),
        (lambda x: F.avg_pool2d(x, 2, divisor_override=0), "divisor_override=0"),
        (
            lambda x: F.max_pool1d(x[0, 0, :, :2], 2, 1, 1, 3),
            "max_pool1d: a window sees only padding",
        ),
        (lambda x: F.lp_pool2d(x, 0, 2), "norm_type=0, expected a number larger than 0"),
        (lambda x: F.adaptive_avg_pool2d(x, (1, 2, 3)), r"output_size=\(1, 2, 3\)"),
        (lambda x: F.adaptive_max_pool2d(x[..., :0], 1), "axis of length 0"),
        (lambda x: F.max_unpool2d(x, np.zeros((1, 2), int), 2), r"int64, shape \(1, 2\), expected"),
        (lambda x: F.max_unpool2d(x, np.full(x.shape, 80), 2), "from 80 to 80, expected 0 to 79"),
        (lambda x: F.max_unpool2d(x, x, 2), "float64.*expected integers"),
        (
            lambda x: F.max_unpool2d(x, np.zeros(x.shape, int), 2, output_size=(6, 10)),
            r"output_size=\(6, 10\), expected \(8, 10\), .* less than the stride",
        ),
        (lambda x: nn.MaxPool2d(0), "MaxPool2d: got kernel_size=0"),
        (lambda x: nn.LPPool1d(-1, 2), "LPPool1d: got norm_type=-1"),
    ],
)
def test_wrong_use(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.zeros((1, 1, 4, 5)))


def test_a_mean_of_integers() -> None:
    with pytest.raises(TypeError, match="avg_pool1d: got int64, expected floats; write"):
        F.avg_pool1d(np.ones((1, 4), np.int64), 2)


def test_how_layers_print() -> None:
    assert repr(nn.MaxPool2d(3, 2, 1)) == "MaxPool2d(3, stride=2, padding=1)"
    assert repr(nn.LPPool1d(2, 3)) == "LPPool1d(2, 3)"
    assert repr(nn.AdaptiveMaxPool2d((3, None))) == "AdaptiveMaxPool2d((3, None))"
    assert repr(nn.MaxPool2d(2)) == repr(nn.MaxPool2d(2, 2)) == "MaxPool2d(2)"
    assert repr(nn.Fold(4, 2, stride=2)) == "Fold(4, 2, stride=2)"


@pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.Unfold(2), nn.Fold(4, 2)])
def test_repr_does_not_tell_of_hooks(layer: nn.Module) -> None:
    before = repr(layer)
    layer.register_forward_hook(lambda *_: None).remove()
    assert repr(layer) == before


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_functions_for_each_number_of_axes(n: int) -> None:
    x = np.random.default_rng(n).standard_normal((2, 3, *(4, 6, 2)[:n]))
    blocks = x.reshape(2, 3, *(m for size in x.shape[2:] for m in (2, size // 2)))
    inner = tuple(range(3, 3 + 2 * n, 2))  # half of each axis
    most, means = blocks.max(inner), blocks.mean(inner)
    np.testing.assert_array_equal(getattr(F, f"adaptive_max_pool{n}d")(x, 2), most)
    np.testing.assert_allclose(getattr(F, f"adaptive_avg_pool{n}d")(x, 2), means, rtol=1e-12)
    y, at = getattr(F, f"adaptive_max_pool{n}d")(x, 2, True)
    np.testing.assert_array_equal(np.take_along_axis(x.reshape(2, 3, -1), at.reshape(2, 3, -1), -1),
                                  y.reshape(2, 3, -1))  # fmt: skip
    window = tuple(size // 2 for size in x.shape[2:])
    np.testing.assert_array_equal(getattr(F, f"max_pool{n}d")(x, window), most)
    np.testing.assert_allclose(getattr(F, f"avg_pool{n}d")(x, window), means, rtol=1e-12)
    y, at = getattr(F, f"max_pool{n}d")(x, window, return_indices=True)
    back = getattr(F, f"max_unpool{n}d")(y, at, window)
    np.testing.assert_array_equal(back, np.where(np.isin(x, most), x, 0))
    if n < 3:  # the root of the sum of the third powers
        thirds = (abs(blocks) ** 3).sum(inner) ** (1 / 3)
        pooled = getattr(F, f"lp_pool{n}d")(abs(x), 3, window)
        np.testing.assert_allclose(pooled, thirds, rtol=1e-12)


def test_lp_pool_with_a_small_power_and_with_the_largest() -> None:
    x = np.array([[1.0, 4.0, 9.0, 16.0]])
    np.testing.assert_allclose(F.lp_pool1d(x, 0.5, 2), [[9, 49]])
    np.testing.assert_allclose(F.lp_pool1d(x, 1, 2), [[5, 25]])
    assert F.lp_pool1d(-x, INF, 2).tolist() == [[4, 16]]
    with pytest.raises(ValueError, match="LPPool1d"):
        nn.LPPool1d(0, 2)
    assert nn.LPPool1d(0.5, 2)(x).shape == (1, 2)


def test_the_sizes_that_unpooling_can_give() -> None:
    x, at = np.array([[1.0, 2.0]]), np.array([[0, 2]])
    for size in (3, 4, 5):  # 4, give or take less than the stride, 2
        assert F.max_unpool1d(x, at, 2, output_size=(size,)).tolist() == [[1, 0, 2, 0, 0][:size]]
        assert F.max_unpool1d(x, at, 2, output_size=(9, 9, size)).shape == (1, size)
    for wrong in ((2,), (6,), (9, 4), (9, 9, 9, 4)):
        with pytest.raises(ValueError, match="less than the stride"):
            F.max_unpool1d(x, at, 2, output_size=wrong)
    with pytest.raises(ValueError, match="leaves nothing: the output's size is"):
        F.max_unpool1d(x[:, :1], at[:, :1], 2, padding=1)
    assert F.max_unpool1d(x[:, :1], at[:, :1], 3, padding=1).tolist() == [[1]]
    for wrong in ([[0, 4]], [[-1, 2]]):
        with pytest.raises(ValueError, match="expected 0 to 3"):
            F.max_unpool1d(x, np.array(wrong), 2)
    assert F.max_unpool1d(x, np.array([[0, 3]]), 2).tolist() == [[1, 0, 0, 2]]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max_pool", "avg_pool", "lp_pool"])
def test_what_is_left_over_is_left_out_unless_asked_for(kind: str, n: int) -> None:
    x, pool = np.ones((1, *(5,) * n)), getattr(F, f"{kind}{n}d")
    p = (1,) if kind == "lp_pool" else ()
    assert pool(x, *p, 2).shape == (1, *(2,) * n)
    assert pool(x, *p, 2, ceil_mode=True).shape == (1, *(3,) * n)
    assert pool(x, *p, 2, 1).shape == (1, *(4,) * n)
    if kind == "avg_pool":
        assert pool(x, 3, 3, 1)[(0,) * (n + 1)] == pytest.approx((2 / 3) ** n)  # padding counts
        assert pool(x, 3, 3, 1, False, False)[(0,) * (n + 1)] == 1
        assert pool(x, 3, 3, 1, False, True, 2)[(0,) * (n + 1)] == 2 ** (n - 1)


@pytest.mark.parametrize("n", [2, 3])
def test_one_number_in_a_tuple_is_for_all_axes(n: int) -> None:
    x = np.random.default_rng(0).standard_normal((1, 2, *(8,) * n))
    largest, mean = getattr(F, f"max_pool{n}d"), getattr(F, f"avg_pool{n}d")
    np.testing.assert_array_equal(largest(x, (3,), (2,), (1,), (2,)), largest(x, 3, 2, 1, 2))
    np.testing.assert_array_equal(mean(x, [3], [2], [1]), mean(x, 3, 2, 1))
    layer = getattr(nn, f"MaxPool{n}d")((3,), (2,))
    assert (layer.kernel_size, layer.stride) == ((3,) * n, (2,) * n)
    with pytest.raises(ValueError, match="output_size"):  # nor in PyTorch
        getattr(F, f"adaptive_avg_pool{n}d")(x, (2,))
