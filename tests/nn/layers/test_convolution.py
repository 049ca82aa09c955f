"""Convolution: the formula by loops, the three ops as each other's gradients, layers, errors."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import LeafChangedError, Tensor, gradcheck, gradgradcheck, gradients
from nn.layers import convolution, folding, windows

RNG = np.random.default_rng(0)
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def by_loops(
    x: np.ndarray, w: np.ndarray, stride: Any, pads: Any, dilation: Any, groups: int
) -> np.ndarray:
    """The formula, one number at a time; `pads` are pairs."""
    x = np.pad(x, ((0, 0), (0, 0), *pads))
    kernel, (outs, each) = w.shape[2:], w.shape[:2]
    size = [
        (m - d * (k - 1) - 1) // s + 1
        for m, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    ]
    y = np.zeros((len(x), outs, *size))
    for n, o, *p in np.ndindex(y.shape):
        first = o // (outs // groups) * each
        for c, *k in np.ndindex(each, *kernel):
            at = [s * i + d * j for s, i, d, j in zip(stride, p, dilation, k, strict=True)]
            y[(n, o, *p)] += w[(o, c, *k)] * x[(n, first + c, *at)]
    return y


# x, weight, stride, padding, dilation, groups
CASES: list[Any] = [
    ((2, 3, 7), (4, 3, 3), (1,), (0,), (1,), 1),
    ((1, 2, 9), (4, 1, 3), (2,), (1,), (2,), 2),
    ((3, 1, 4), (1, 1, 4), (3,), (0,), (1,), 1),
    ((2, 2, 5), (3, 2, 1), (1,), (0,), (1,), 1),
    ((2, 2, 5), (3, 2, 2), (3,), (2,), (1,), 1),
    ((2, 3, 5, 6), (2, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((2, 4, 6, 5), (6, 2, 2, 3), (2, 1), (1, 2), (2, 1), 2),
    ((1, 3, 4, 4), (6, 1, 3, 3), (1, 1), (1, 1), (1, 1), 3),
    ((2, 2, 5, 4), (3, 2, 1, 1), (2, 3), (0, 1), (1, 1), 1),
    ((2, 3, 6, 5), (3, 1, 3, 2), (2, 3), (1, 0), (1, 2), 3),
    ((2, 3, 8), (3, 1, 2), (3,), (0,), (1,), 3),
    ((0, 2, 5, 4), (3, 2, 2, 2), (1, 1), (1, 0), (1, 1), 1),
    ((2, 2, 3, 4, 3), (2, 2, 2, 3, 2), (1, 2, 1), (0, 1, 1), (2, 1, 1), 1),
    ((1, 2, 3, 3, 2), (2, 1, 3, 2, 1), (1, 1, 2), (1, 0, 0), (1, 2, 1), 2),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_formula_and_derivatives(case: Any) -> None:
    shape, weight, stride, padding, dilation, groups = case
    x, w, b = normal(*shape), normal(*weight), normal(weight[0])
    n = x.ndim - 2

    def f(x: Any, w: Any, b: Any = None) -> Any:
        return CONV[n](x, w, b, stride, padding, dilation, groups)

    expected = by_loops(x, w, stride, [(p, p) for p in padding], dilation, groups)
    y = f(x, w)
    assert isinstance(y, np.ndarray)
    np.testing.assert_allclose(y, expected, atol=1e-12)
    np.testing.assert_allclose(f(x, w, b), expected + b.reshape(-1, *[1] * n), atol=1e-12)
    gradcheck(f, x, w, b, mode="projection")
    gradgradcheck(f, x, w, b, mode="projection")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_transpose(case: Any) -> None:
    shape, weight, stride, padding, dilation, groups = case
    n = len(shape) - 2
    x, w, b = normal(*shape), normal(*weight), normal(weight[1] * groups)
    y = CONV[n](x, w, None, stride, padding, dilation, groups)
    config = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    # the size of x that gives the size of y is not unique: output_padding says which
    least = [
        (m - 1) * s - 2 * p + d * (k - 1) + 1
        for m, s, p, d, k in zip(y.shape[2:], stride, padding, dilation, weight[2:], strict=True)
    ]
    more = tuple(m - a for m, a in zip(shape[2:], least, strict=True))

    def f(y: Any, w: Any, b: Any = None) -> Any:
        return TRANSPOSE[n](y, w, b, output_padding=more, **config)

    v = normal(*y.shape)
    back = f(v, w)
    assert back.shape == x.shape
    # <v, conv(x)> = <conv_transpose(v), x>, for every x
    np.testing.assert_allclose((v * y).sum(), (back * x).sum(), atol=1e-12)
    (g,) = gradients((CONV[n](t := Tensor(x, requires_grad=True), w, None, **config) * v).sum(), t)
    np.testing.assert_allclose(back, g, atol=1e-12)
    np.testing.assert_allclose(f(v, w, b), back + b.reshape(-1, *[1] * n), atol=1e-12)
    gradcheck(f, v, w, b, mode="projection")
    gradgradcheck(f, v, w, b, mode="projection")


@pytest.mark.parametrize("case", CASES[1::4], ids=str)
def test_the_form_of_three_arrays(case: Any) -> None:
    shape, weight, *config, groups = case
    stride, padding, dilation = config
    at = windows.windows_of("f", shape[2:], weight[2:], stride, padding, dilation, groups)
    x, w = normal(*shape), normal(*weight)
    y = normal(shape[0], weight[0], *at.out)
    form = (y * convolution._conv(x, w, None, windows=at)).sum()
    np.testing.assert_allclose(
        (x * convolution._conv_transpose(y, w, None, windows=at)).sum(), form
    )
    np.testing.assert_allclose((w * convolution._conv_weight(x, y, windows=at)).sum(), form)
    ops = [
        (lambda x, w, windows: convolution._conv(x, w, None, windows=windows), x, w),
        (lambda y, w, windows: convolution._conv_transpose(y, w, None, windows=windows), y, w),
        (convolution._conv_weight, x, y),
    ]
    for op, a, b in ops:
        gradcheck(lambda a, b, op=op: op(a, b, windows=at), a, b, mode="projection")
        gradgradcheck(lambda a, b, op=op: op(a, b, windows=at), a, b, mode="projection")


def test_third_derivative() -> None:
    x, w = normal(1, 2, 4), normal(2, 2, 2)

    def slope(x: Any, w: Any) -> Any:
        (first,) = gradients((F.conv1d(x, w) ** 3).sum(), x, create_graph=True)
        return first

    gradgradcheck(slope, x, w)


@pytest.mark.parametrize("config", [{"stride": (1, 2), "padding": 1}, {"dilation": (2, 1)}])
@pytest.mark.parametrize(
    ("slab", "small", "narrow", "counts"),
    [
        (1, 0, 1, {3, 6, 7, 14}),  # one row of windows at a time
        (300, 0, 1, {2, 3, 4, 6, 7}),
        (10**9, 0, 10**9, {1}),  # all at once, by copies of whole windows
        (10**9, 200, 2, {1}),  # and multiplied in parts
    ],
)
def test_slabs_change_nothing(
    config: Any, slab: int, small: int, narrow: int, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w = normal(3, 4, 7, 5), normal(6, 2, 3, 2)

    def results() -> list[Any]:
        xs = [Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)]
        y = F.conv2d(*xs, groups=2, **config)
        return [y.detach().numpy(), *gradients((y * y).sum(), xs)]

    whole = results()
    monkeypatch.setattr(windows, "SLAB", slab)
    monkeypatch.setattr(windows, "SMALL", small)
    monkeypatch.setattr(windows, "NARROW", narrow)
    counted = []
    for name in ("slabs", "matrices"):
        f = getattr(windows.Windows, name)
        monkeypatch.setattr(
            windows.Windows, name, lambda *a, f=f: counted.append(n := list(f(*a))) or n
        )
    for a, b in zip(results(), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    assert len(counted) == 3
    assert {len(n) for n in counted} <= counts


@pytest.mark.parametrize(
    ("shape", "weight", "config"),
    [
        ((32, 16, 32, 32), (16, 16, 3, 3), {"padding": 1}),  # several slabs of 600,000 numbers
        ((64, 1, 28, 28), (16, 1, 3, 3), {"padding": 1}),  # several of a small product
        ((16, 8, 32, 32), (8, 8, 1, 1), {}),
        ((8, 32, 32, 32), (32, 1, 3, 3), {"padding": 1, "groups": 32}),
        ((4, 3, 64, 64), (16, 3, 7, 7), {"stride": 2, "padding": 3}),
        ((4, 3, 64, 64), (16, 3, 4, 4), {"stride": 4}),
    ],
    ids=str,
)
def test_large(shape: Any, weight: Any, config: Any) -> None:
    x, w = (normal(*s).astype(np.float32) for s in (shape, weight))
    groups, stride, p = (
        config.get(k, d) for k, d in (("groups", 1), ("stride", 1), ("padding", 0))
    )
    wide = np.pad(x.astype(float), ((0, 0), (0, 0), (p, p), (p, p)))
    seen = np.lib.stride_tricks.sliding_window_view(wide, weight[2:], (2, 3))
    seen = seen[:, :, ::stride, ::stride]
    seen = seen.reshape(len(x), groups, -1, *seen.shape[2:])
    kernel = w.reshape(groups, -1, *weight[1:])
    expected = np.einsum("ngcpqij,gocij->ngopq", seen, kernel, optimize=True)
    g = normal(*expected.shape)
    w_grad = np.einsum("ngcpqij,ngopq->gocij", seen, g, optimize=True).reshape(w.shape)
    x_grad = np.zeros_like(wide)
    for i, j in np.ndindex(*weight[2:]):
        rows, columns = (
            slice(k, k + stride * n, stride) for k, n in zip((i, j), g.shape[3:], strict=True)
        )
        part = np.einsum("ngopq,goc->ngcpq", g, kernel[..., i, j], optimize=True)
        x_grad[:, :, rows, columns] += part.reshape(len(x), -1, *g.shape[3:])
    x_grad = x_grad[:, :, p : p + shape[2], p : p + shape[3]]
    xt, wt = Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)
    y = F.conv2d(xt, wt, **config)
    y.backward(g.reshape(y.shape).astype(np.float32))
    for got, exact in [
        (y.detach().numpy(), expected.reshape(y.shape)),
        (wt.grad, w_grad),
        (xt.grad, x_grad),
    ]:
        assert got is not None
        np.testing.assert_allclose(got, exact, atol=3e-6 * abs(exact).max())


@pytest.mark.parametrize(
    ("config", "turned"),
    [
        ({"padding": 1}, True),
        ({"groups": 2, "dilation": (2, 1), "output_padding": (1, 0)}, True),
        ({"stride": (1, 2)}, False),
        ({"padding": (2, 3), "dilation": 2}, False),  # the output of the other would be padded
    ],
    ids=str,
)
def test_turned_kernel_changes_nothing(
    config: Any, turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, w = normal(3, 4, 7, 9), normal(4, 5, 3, 2)
    found, ways = [], windows.Windows.as_convolution
    monkeypatch.setattr(
        windows.Windows, "as_convolution", lambda *a: found.append(way := ways(*a)) or way
    )
    x = F.conv_transpose2d(y, w, **config)
    monkeypatch.setattr(windows.Windows, "as_convolution", lambda *_: None)
    np.testing.assert_allclose(x, F.conv_transpose2d(y, w, **config), atol=1e-12)
    assert [way is not None for way in found] == [turned]


def test_cross_correlation() -> None:
    y = F.conv1d(np.array([[0.0, 1, 0]]), np.array([[[1.0, 2, 3]]]), padding=1)
    np.testing.assert_array_equal(y, [[3, 2, 1]])


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_same(k: int, d: int) -> None:
    x, w = normal(2, 3, 9), normal(2, 3, k)
    total = d * (k - 1)
    y = F.conv1d(x, w, padding="same", dilation=d)
    assert y.shape == (2, 2, 9)
    pads = [(total // 2, total - total // 2)]
    np.testing.assert_allclose(y, by_loops(x, w, (1,), pads, (d,), 1), atol=1e-12)
    gradcheck(lambda x, w: F.conv1d(x, w, padding="same", dilation=d), x, w)


def test_same_has_its_odd_zero_on_the_right() -> None:
    y = F.conv1d(np.array([[1.0, 2, 3]]), np.array([[[10.0, 1]]]), padding="same")
    np.testing.assert_array_equal(y, [[12, 23, 30]])


def test_valid_is_no_padding() -> None:
    x, w = normal(2, 3, 5, 5), normal(4, 3, 2, 3)
    np.testing.assert_array_equal(
        F.conv2d(x, w, padding="valid", stride=2), F.conv2d(x, w, stride=2)
    )


def test_unbatched() -> None:
    x, w, b = normal(3, 5, 6), normal(4, 3, 2, 2), normal(4)
    np.testing.assert_array_equal(F.conv2d(x, w, b), F.conv2d(x[None], w, b)[0])
    gradgradcheck(F.conv2d, x, w, b, mode="projection")
    v = w.swapaxes(0, 1)
    np.testing.assert_array_equal(F.conv_transpose2d(x, v, b), F.conv_transpose2d(x[None], v, b)[0])
    np.testing.assert_array_equal(F.unfold(x, 2), F.unfold(x[None], 2)[0])
    columns = normal(12, 20)
    np.testing.assert_array_equal(F.fold(columns, (5, 6), 2), F.fold(columns[None], (5, 6), 2)[0])


def test_odd_memory_layouts() -> None:
    x, w = normal(6, 5, 3, 2), normal(2, 2, 3, 4)
    transposed, turned = x.T, w.T[:, :, ::-1]
    y = F.conv2d(transposed, turned, padding=1)
    np.testing.assert_allclose(y, F.conv2d(transposed.copy(), turned.copy(), padding=1))
    wide = np.broadcast_to(normal(1, 3, 5, 5), (2, 3, 5, 5))  # read-only
    np.testing.assert_allclose(F.conv2d(wide, turned), F.conv2d(wide.copy(), turned))
    gradcheck(F.conv2d, transposed, turned, mode="projection")
    # a 1x1 kernel on one example copies nothing: its result must not be a view of the input
    one = normal(1, 2, 3, 3)
    assert not np.shares_memory(F.conv2d(one, normal(2, 2, 1, 1)), one)


def test_complex() -> None:
    x, w = normal(1, 2, 5) + 1j * normal(1, 2, 5), normal(2, 2, 3) + 1j * normal(2, 2, 3)
    parts = [F.conv1d(a, b) for a in (x.real, x.imag) for b in (w.real, w.imag)]
    expected = parts[0] - parts[3] + 1j * (parts[1] + parts[2])
    np.testing.assert_allclose(F.conv1d(x, w), expected)
    gradcheck(F.conv1d, x, w)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_stays(dtype: Any) -> None:
    at = windows.windows_of("f", (4, 4), (3, 2), 1, 1, 1)
    x, w = normal(2, 3, 4, 4).astype(dtype), normal(5, 3, 3, 2).astype(dtype)
    y = convolution._conv(x, w, None, windows=at)
    columns = folding._unfold(x, windows=at)
    for op, *arrays in [
        (convolution._conv, x, w, normal(5).astype(dtype)),
        (convolution._conv_transpose, y, w, normal(3).astype(dtype)),
        (convolution._conv_weight, x, y),
        (folding._unfold, x),
        (folding._fold, columns),
    ]:
        # The body itself: the engine would cast a gradient of another dtype.
        out, *closures = op.__wrapped__(*arrays, windows=at)
        assert out.dtype == dtype
        for closure, array in zip(closures, arrays, strict=True):
            g = closure(np.ones(out.shape, dtype))
            assert (g.dtype, g.shape) == (dtype, array.shape)
    b = normal(5).astype(dtype)
    assert F.conv2d(x, w, b).dtype == dtype
    wide = F.conv2d(x, w, b.astype(float))
    assert wide.dtype == (dtype if dtype == np.float16 else np.float64)
    np.testing.assert_allclose(wide, F.conv2d(x, w) + b.reshape(5, 1, 1), rtol=1e-2)
    assert F.conv_transpose2d(x, w.swapaxes(0, 1), b).dtype == dtype


@pytest.mark.parametrize("tracked", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_differentiates_what_it_is_asked_to(tracked: tuple[int, ...]) -> None:
    arrays = [normal(2, 3, 5, 5), normal(4, 3, 3, 3), normal(4)]
    every = [Tensor(a, requires_grad=True) for a in arrays]
    some = [t if i in tracked else a for i, (t, a) in enumerate(zip(every, arrays, strict=True))]
    asked = [every[i] for i in tracked]
    full = gradients((F.conv2d(*every) ** 2).sum(), asked)
    first = gradients((F.conv2d(*some) ** 2).sum(), asked, create_graph=True)
    for a, b in zip(first, full, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b)
    second = gradients(sum((g * g).sum() for g in first), asked)
    assert all(np.isfinite(g).all() and g.any() for g in second)


def test_a_weight_updated_too_early_is_noticed() -> None:
    x, w = Tensor(normal(1, 1, 5), requires_grad=True), Tensor(normal(1, 1, 2), requires_grad=True)
    loss = F.conv1d(x, w).sum()
    w.data -= 1
    with pytest.raises(LeafChangedError, match="conv"):
        loss.backward()


# unfold and fold


@pytest.mark.parametrize(
    ("shape", "kernel", "config"),
    [
        ((2, 3, 5, 6), 2, {}),
        ((2, 3, 5, 6), (3, 2), {"dilation": (1, 2), "padding": (1, 0), "stride": (2, 1)}),
        ((1, 2, 7), (3,), {"stride": 2, "padding": 1}),
        ((2, 1, 3, 4, 3), (2, 2, 2), {"padding": 1}),
        ((2, 1, 4, 4), 2, {"padding": "same"}),
        ((0, 2, 3, 3), 2, {}),
    ],
)
def test_unfold_and_fold(shape: Any, kernel: Any, config: Any) -> None:
    x = normal(*shape)
    columns = F.unfold(x, kernel, **config)
    n = x.ndim - 2
    kernels = (kernel,) * n if isinstance(kernel, int) else kernel
    # a convolution is a product with the columns
    w = normal(4, shape[1], *kernels)
    y = CONV[n](x, w, **config)
    np.testing.assert_allclose((w.reshape(4, -1) @ columns).reshape(y.shape), y, atol=1e-12)
    # fold is the transpose
    v = normal(*columns.shape)
    back = F.fold(v, shape[2:], kernel, **config)
    assert back.shape == x.shape
    np.testing.assert_allclose((v * columns).sum(), (back * x).sum(), atol=1e-12)
    gradcheck(lambda x: F.unfold(x, kernel, **config) ** 2, x, mode="projection")
    gradgradcheck(lambda x: F.unfold(x, kernel, **config) ** 2, x, mode="projection")
    gradgradcheck(lambda v: F.fold(v, shape[2:], kernel, **config) ** 2, v, mode="projection")


def test_the_layers_have_the_defaults_of_the_functions() -> None:
    for layer, function in [(nn.Unfold, F.unfold), (nn.Fold, F.fold)]:
        _, *options = inspect.signature(function).parameters.values()
        assert list(inspect.signature(layer).parameters.values()) == options


def test_fold_of_unfold_counts_the_windows() -> None:
    x = np.ones((1, 1, 4))
    np.testing.assert_array_equal(F.fold(F.unfold(x, (2,)), (4,), (2,)), [[[1, 2, 2, 1]]])
    square = np.arange(16.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(F.fold(F.unfold(square, 2, stride=2), 4, 2, stride=2), square)


# Layers


LAYERS: list[Any] = [
    (nn.Conv1d(2, 4, 3, 2, 1, 2, 2), (2, 2, 9)),
    (nn.Conv2d(2, 3, 3, bias=False), (2, 2, 4, 5)),
    (nn.Conv2d(2, 3, (3, 2), padding="same"), (2, 2, 4, 5)),
    (nn.Conv2d(2, 3, (3, 2), padding=(1, 2), padding_mode="reflect"), (2, 2, 4, 5)),
    (nn.Conv2d(2, 3, (2, 3), padding="same", padding_mode="replicate"), (2, 4, 5)),
    (nn.Conv2d(2, 3, 3, 2, (2, 1), padding_mode="circular"), (1, 2, 4, 5)),
    (nn.Conv3d(2, 2, (1, 2, 3), stride=(1, 2, 1), padding=1), (1, 2, 2, 3, 3)),
    (nn.ConvTranspose1d(2, 4, 3, 2, 1, 1, 2), (2, 2, 4)),
    (nn.ConvTranspose2d(2, 3, (3, 2), 2, 1, (1, 0), bias=False), (2, 3, 4)),
    (nn.ConvTranspose3d(1, 2, 2, 2, dilation=(1, 2, 1)), (1, 1, 2, 2, 3)),
]


@pytest.mark.parametrize(
    ("layer", "shape"), LAYERS, ids=lambda x: str(x) if type(x) is tuple else type(x).__name__
)
def test_layers(layer: Any, shape: Any) -> None:
    x = normal(*shape)
    gradcheck(layer, x, mode="projection")
    gradgradcheck(layer, x, mode="projection")
    single = x.astype(np.float32)
    y = layer(single)
    assert y.dtype == np.float32
    y.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())
    batched = x.ndim == layer.axes + 2
    one = layer(single[:1]).detach().numpy() if batched else layer(single[None]).detach().numpy()[0]
    np.testing.assert_allclose(
        y.detach().numpy()[:1] if batched else y.detach().numpy(), one, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("mode", "padded"),
    [
        ("zeros", [0, 0, 1, 2, 3, 0, 0]),
        ("reflect", [3, 2, 1, 2, 3, 2, 1]),
        ("replicate", [1, 1, 1, 2, 3, 3, 3]),
        ("circular", [2, 3, 1, 2, 3, 1, 2]),
    ],
)
def test_padding_modes(mode: str, padded: list[int]) -> None:
    layer = nn.Conv1d(1, 1, 1, padding=2, bias=False, padding_mode=mode)
    layer.weight.data[...] = 1
    y = layer(np.array([[1.0, 2, 3]], np.float32))
    np.testing.assert_array_equal(y.detach().numpy(), [padded])


def test_output_size() -> None:
    down, up = nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ConvTranspose2d(2, 1, 3, 2, 1)
    for size in [(7, 8), (8, 7), (8, 8)]:
        x = normal(1, 1, *size).astype(np.float32)
        assert up(down(x), output_size=size).shape == x.shape
        assert up(down(x), output_size=x.shape).shape == x.shape
    with pytest.raises(ValueError, match=r"output_size=\(9, 8\), expected \(7, 7\) to \(8, 8\)"):
        up(down(x), output_size=(9, 8))
    with pytest.raises(ValueError, match="output_size"):
        up(down(x), output_size=(8,))


def test_initial_values() -> None:
    layer = nn.Conv2d(16, 64, 3, groups=4, generator=0)
    bound = 1 / (4 * 9) ** 0.5
    for p in layer.parameters():
        assert bound * 0.9 < abs(p.data).max() <= bound
    up = nn.ConvTranspose2d(16, 64, 3, groups=4, generator=0)
    assert up.weight.shape == (16, 16, 3, 3)
    bound = 1 / (16 * 9) ** 0.5
    for p in up.parameters():
        assert bound * 0.9 < abs(p.data).max() <= bound
    again = nn.Conv2d(16, 64, 3, groups=4, generator=0)
    np.testing.assert_array_equal(layer.weight.data, again.weight.data)


def test_training_or_not_is_the_same() -> None:
    layer, x = nn.Conv1d(1, 2, 2), normal(1, 1, 4).astype(np.float32)
    np.testing.assert_array_equal(layer(x).data, layer.eval()(x).data)


def test_repr() -> None:
    def text(layer: Any) -> str:
        return layer.extra_repr()

    assert text(nn.Conv2d(1, 2, 3)) == "1, 2, 3"
    assert text(nn.Conv1d(2, 2, 3, 2, 1, 2, 2, False, "reflect")) == (
        "2, 2, 3, stride=2, padding=1, dilation=2, groups=2, bias=False, padding_mode='reflect'"
    )
    assert text(nn.Conv2d(1, 2, 3, padding="same")) == "1, 2, 3, padding='same'"
    assert text(nn.ConvTranspose1d(1, 2, 3, 2, output_padding=1)) == (
        "1, 2, 3, stride=2, output_padding=1"
    )


# Errors


X, W = np.ones((2, 4, 5, 5)), np.ones((6, 4, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.conv2d(X, W[0]), r"weight of shape \(4, 3, 3\), expected 4 axes"),
        (lambda: F.conv1d(X[0, 0], W[0]), r"conv1d: got input of shape \(5, 5\).*\(3, length\)"),
        (lambda: F.conv2d(X[:, :3], W), r"got input of shape \(2, 3, 5, 5\), expected \(batch, 4"),
        (lambda: F.conv2d(X[None], W), "expected"),
        (lambda: F.conv2d(X, W[:, :2]), r"expected \(batch, 2"),
        (lambda: F.conv2d(X, W[:5, :2], groups=2), "groups=2, expected a divisor of 5"),
        (lambda: F.conv2d(X, W, groups=0), "groups=0"),
        (lambda: F.conv2d(X, W, np.ones(4)), r"bias of shape \(4,\), expected \(6,\)"),
        (lambda: F.conv2d(X, W, np.ones((6, 1, 1))), "bias of shape"),
        (lambda: F.conv2d(X, W, stride=0), "stride=0, expected an int of at least 1, or 2 of them"),
        (lambda: F.conv2d(X, W, stride=(1, 1, 1)), "stride"),
        (lambda: F.conv2d(X, W, stride=1.5), "stride=1.5"),
        (lambda: F.conv2d(X, W, padding=-1), "padding=-1"),
        (lambda: F.conv2d(X, W, dilation=0), "dilation=0"),
        (lambda: F.conv2d(X, W, dilation=3), r"conv2d: the kernel, \(3, 3\) with dilation \(3"),
        (lambda: F.conv2d(X[:, :, :0], W), "does not fit into an input of size"),
        (lambda: F.conv2d(X, W, padding="same", stride=2), "padding='same'"),
        (lambda: F.conv2d(X, W, padding="same", stride=(1, 2)), r"'same' with stride=\(1, 2\)"),
        (lambda: F.conv2d(X, W, stride=(1, 1.5)), r"stride=\(1, 1.5\), expected an int"),
        (lambda: F.conv2d(X, W, padding="full"), "padding='full', expected ints, 'same' or"),
        (lambda: F.conv_transpose2d(X, W), r"conv_transpose2d: got input.*expected \(batch, 6"),
        (lambda: F.conv_transpose2d(X, W[:4], np.ones(3)), r"bias.*expected \(4,\)"),
        (lambda: F.conv_transpose2d(X, W[:4], stride=2, output_padding=2), "output_padding=2"),
        (lambda: F.conv_transpose2d(X, W[:4], padding=4), "cuts off all of the output"),
        (lambda: F.conv_transpose2d(X, W[:4], padding="same"), "padding='same', expected an int"),
        (lambda: F.unfold(X, (3,)), "unfold: got input of shape"),
        (lambda: F.unfold(X, 6), "does not fit"),
        (lambda: F.fold(np.ones((2, 9, 4)), 5, 3), r"expected \(batch, channels \* 9, 9\)"),
        (lambda: F.fold(np.ones((2, 8, 9)), 5, 3), "fold: got input"),
        (lambda: F.fold(np.ones(9), 5, 3), "fold: got input"),
        (lambda: nn.Conv2d(4, 6, 3, groups=4), "Conv2d: got groups=4, expected a divisor of in_"),
        (lambda: nn.Conv2d(4, 6, (3,)), "Conv2d: got kernel_size"),
        (lambda: nn.Conv2d(4, 6, 3, padding="same", stride=2), "Conv2d: got padding='same' with"),
        (
            lambda: nn.Conv2d(4, 6, 3, padding=5, padding_mode="reflect")(X),
            r"Conv2d: got \(5, 5\) for axis 2, which is 5 long, expected at most 4",
        ),
        (lambda: nn.Conv2d(4, 6, 7)(X), r"Conv2d: the kernel, \(7, 7\) .* does not fit"),
        (lambda: nn.Conv2d(4, 6, 3, padding_mode="edge"), "padding_mode='edge', expected 'zeros'"),
        (lambda: nn.ConvTranspose2d(4, 6, 3, padding_mode="reflect"), "expected 'zeros'"),
        (
            lambda: nn.Conv2d(3, 6, 3)(X),
            r"Conv2d\(3, 6, 3\): got input of shape \(2, 4, 5, 5\), "
            r"expected \(batch, 3, height, width\) or \(3, height, width\)",
        ),
        (lambda: nn.Conv1d(4, 6, 3)(X), r"\(batch, 4, length\)"),
        (lambda: nn.ConvTranspose3d(4, 6, 3)(X[0]), r"\(batch, 4, depth, height, width\)"),
    ],
)  # fmt: skip
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_type_errors() -> None:
    with pytest.raises(TypeError, match="got int64, expected floats"):
        nn.Conv2d(4, 6, 3)(X.astype(np.int64))
    with pytest.raises(TypeError, match="got a list"):
        nn.Conv2d(4, 6, 3)([1.0])


@pytest.mark.parametrize("n", [2, 3])
def test_one_number_in_a_tuple_is_for_all_axes(n: int) -> None:
    x, w = np.ones((1, 2, *(9,) * n), "f"), np.ones((2, 2, *(3,) * n), "f")
    conv, transposed = getattr(F, f"conv{n}d"), getattr(F, f"conv_transpose{n}d")
    for option in ("stride", "padding", "dilation"):
        for f in (conv, transposed):
            np.testing.assert_array_equal(f(x, w, **{option: (2,)}), f(x, w, **{option: 2}))
    y = transposed(x, w, stride=[2], output_padding=(1,))
    np.testing.assert_array_equal(y, transposed(x, w, stride=2, output_padding=1))
    layer = getattr(nn, f"Conv{n}d")(2, 2, 3, stride=(2,), padding=[1], dilation=(2,))
    for name, number in [("stride", 2), ("padding", 1), ("dilation", 2)]:
        assert getattr(layer, name) == (number,) * n
    for mode in ("reflect", "zeros"):
        same = getattr(nn, f"Conv{n}d")(2, 2, 3, padding=(1,), padding_mode=mode)
        assert same(x).shape == x.shape
    with pytest.raises(ValueError, match=rf"stride=\(2, 2, 2, 2\), expected an int .* or {n} of"):
        conv(x, w, stride=(2, 2, 2, 2))
