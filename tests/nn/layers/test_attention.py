"""Attention: what the table of layers does not show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, default_dtype, gradcheck, gradgradcheck, gradients
from nn.functional import scaled_dot_product_attention as sdpa
from nn.functional import softmax
from nn.layers import attention


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def test_it_is_the_formula() -> None:
    q, k, v, mask = arrays((2, 3, 4), (2, 5, 4), (2, 5, 6), (3, 5))
    weights = softmax(q @ k.transpose(0, 2, 1) / 2 + mask)
    np.testing.assert_allclose(sdpa(q, k, v, mask), weights @ v)


def test_equal_scores_give_the_mean_and_large_ones_a_lookup() -> None:
    q, k, v = arrays((1, 2), (3, 2), (3, 2))
    np.testing.assert_allclose(sdpa(q, 0 * k, v), v.mean(0, keepdims=True))
    k = np.array([[1e4, 0.0], [0.0, 1e4], [0.0, -1e4]])
    np.testing.assert_array_equal(sdpa(np.array([[0.0, 1.0]]), k, v), v[1:2])


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = (5, 2, 3, 4), (5, 2, 6, 4), (5, 2, 6, 2)
    numbers = np.random.default_rng(1).standard_normal((5, 2, 3, 2))
    for mask_shape in [(3, 6), (5, 1, 3, 6), (1, 2, 3, 6), (2, 1, 6)]:
        for dropout in (0.0, 0.5):

            def run(
                block: int, shape: tuple[int, ...] = mask_shape, p: float = dropout
            ) -> list[Any]:
                monkeypatch.setattr(attention, "BLOCK", block)
                xs = [Tensor(a, requires_grad=True) for a in arrays(*shapes, shape)]
                y = sdpa(*xs, dropout_p=p, generator=3)
                return [y.data, *gradients((y * numbers).sum(), xs)]

            for one, other in zip(run(10**9), run(80), strict=True):
                np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("keys", [1, 2, 3, 7, 64])
def test_beside_the_plain_formula_however_many_keys(keys: int) -> None:
    rng = np.random.default_rng(keys)
    q, k, v = (rng.standard_normal((30, n, 2, 8)).swapaxes(1, 2) for n in (40, keys, keys))
    mask = np.where(rng.random((30, 2, 40, keys)) < 0.3, -np.inf, rng.standard_normal(keys))
    mask[0, 0, 3] = -np.inf  # sees nothing
    xs = [Tensor(a, requires_grad=True) for a in (q, k, v, mask)]
    y = sdpa(*xs)
    with np.errstate(invalid="ignore"):
        weights = np.nan_to_num(softmax(q @ k.swapaxes(-1, -2) / math.sqrt(8) + mask))
    np.testing.assert_allclose(y.data, weights @ v, rtol=1e-10, atol=1e-12)
    g = rng.standard_normal(y.shape)
    for dropout in (0.0, 0.5):
        y = sdpa(*xs, dropout_p=dropout, generator=3)
        ours = gradients(y, xs, g, retain_graph=True)
        plain = gradients(y, xs, Tensor(g), create_graph=True)  # by the twin
        for a, b in zip(ours, plain, strict=True):
            np.testing.assert_allclose(a, b.detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("tracked", [(0, 1, 2, 3), (0,), (1,), (2,), (3,)], ids=str)
@pytest.mark.parametrize("block", [1, 10**9])
def test_derivatives(block: int, tracked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "BLOCK", block)
    given = arrays((3, 2, 2), (3, 4, 2), (3, 4, 2), (2, 4))

    def f(*xs: Any) -> Any:
        return sdpa(*[xs[tracked.index(i)] if i in tracked else x for i, x in enumerate(given)])

    xs = [Tensor(given[i], requires_grad=True) for i in tracked]
    gradcheck(f, *xs)
    gradgradcheck(f, *xs)


def test_a_true_lets_look_in_the_function_and_forbids_in_the_layer() -> None:
    q, k, v = arrays((2, 4), (3, 4), (3, 4))
    may = np.array([[True, False, True], [True, True, False]])
    np.testing.assert_allclose(
        sdpa(q, k, v, may)[0], sdpa(q[:1], k[[0, 2]], v[[0, 2]])[0], rtol=1e-12
    )
    with default_dtype("float64"):
        layer = nn.MultiheadAttention(4, 1)
    _, weights = layer(q, k, v, attn_mask=~may)
    np.testing.assert_array_equal(weights.data > 0, may)


def test_causal_is_the_mask_of_that_name() -> None:
    q, k, v = arrays((2, 3, 4), (2, 5, 4), (2, 5, 4))
    lower = np.tril(np.ones((3, 5), bool))
    np.testing.assert_array_equal(sdpa(q, k, v, is_causal=True), sdpa(q, k, v, lower))
    with default_dtype("float64"):
        layer = nn.MultiheadAttention(4, 2, batch_first=True)
    for need in (True, False):
        one = layer(q, k, v, is_causal=True, need_weights=need)[0]
        other = layer(q, k, v, attn_mask=~lower, need_weights=need)[0]
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize("floats", [True, False])
def test_who_may_look_at_nothing_gets_nothing(floats: bool) -> None:
    may = np.array([[True, True, False], [False, False, False]])
    q, k, v = (Tensor(a, requires_grad=True) for a in arrays((2, 4), (3, 4), (3, 4)))
    y = sdpa(q, k, v, np.where(may, 0.0, -np.inf) if floats else may)
    np.testing.assert_array_equal(y.data[1], 0)
    gq, gk, gv = gradients(y.sum(), [q, k, v])
    assert all(np.isfinite(g).all() for g in (gq, gk, gv))
    np.testing.assert_array_equal(gq[1], 0)

    with default_dtype("float64"):
        layer = nn.MultiheadAttention(4, 2)
    for need in (True, False):  # PyTorch's has NaN if weights are wanted, else 0
        out, weights = layer(q, k, v, attn_mask=~may, need_weights=need)
        np.testing.assert_array_equal(out.data[1], layer.out_proj.bias.data)
        assert weights is None or (weights.data[1] == 0).all()
        out.sum().backward()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters() if p.grad is not None)


@pytest.mark.parametrize("need", [True, False])
def test_self_attention_is_attention_to_oneself(need: bool) -> None:
    # One product for query, key and value together, or three.
    (x,) = arrays((3, 2, 4))
    with default_dtype("float64"):
        layer = nn.MultiheadAttention(4, 2)
    one = layer(x, x, x, need_weights=need)[0]
    other = layer(x, x.copy(), x.copy(), need_weights=need)[0]
    np.testing.assert_allclose(one.data, other.data)
    gradcheck(lambda x: layer(x, x, x, need_weights=need)[0], Tensor(x, requires_grad=True))


def test_dropout_is_on_the_weights_in_training_only() -> None:
    (x,) = arrays((50, 2, 4))
    x = x.astype(np.float32)
    layer = nn.MultiheadAttention(4, 2, dropout=0.25, generator=0)
    _, weights = layer(x, x, x, average_attn_weights=False)
    assert np.mean(weights.data == 0) == pytest.approx(0.25, abs=0.02)
    quick = layer(x, x, x, need_weights=False)[0].data
    assert not np.array_equal(quick, layer(x, x, x, need_weights=False)[0].data)
    layer.eval()
    _, weights = layer(x, x, x)
    np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        layer(x, x, x)[0].data, layer(x, x, x, need_weights=False)[0].data, atol=1e-6
    )


def test_both_paths_drop_the_same() -> None:
    (x,) = arrays((5, 2, 4))
    with default_dtype("float64"):
        outs = [
            nn.MultiheadAttention(4, 2, dropout=0.5, generator=0)(x, x, x, need_weights=need)[0]
            for need in (True, False)
        ]
    np.testing.assert_allclose(outs[0].data, outs[1].data)


def test_arrays_give_arrays_and_keep_their_dtype() -> None:
    q = np.ones((2, 3, 4), np.float32)
    y = sdpa(q, q, q, np.zeros((3, 3)), is_causal=True)
    assert type(y) is np.ndarray
    assert y.dtype == np.float32


def test_nothing_to_attend_to_and_no_examples() -> None:
    q, k = np.ones((2, 3, 4)), np.ones((2, 0, 4))
    np.testing.assert_array_equal(sdpa(q, k, k), np.zeros((2, 3, 4)))
    assert sdpa(q[:0], q[:0], q[:0]).shape == (0, 3, 4)


def test_initial_values() -> None:
    layer = nn.MultiheadAttention(64, 4, add_bias_kv=True, generator=0)
    bound = np.sqrt(6 / (64 + 3 * 64))
    assert abs(layer.in_proj_weight.data).max() == pytest.approx(bound, rel=0.01)
    assert not layer.in_proj_bias.data.any()
    assert not layer.out_proj.bias.data.any()
    assert layer.bias_k.data.std() == pytest.approx(0.125, rel=0.3)
    again = nn.MultiheadAttention(64, 4, add_bias_kv=True, generator=0)
    for a, b in zip(layer.parameters(), again.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_an_empty_batch_keeps_its_dtype() -> None:
    x = np.ones((3, 0, 4), np.float32)
    output, weights = nn.MultiheadAttention(4, 2)(x, x, x)
    assert output.shape == x.shape
    assert output.dtype == weights.dtype == np.float32


def test_errors_say_what_does_not_fit() -> None:
    q = np.ones((2, 3, 4), np.float32)
    with pytest.raises(ValueError, match=r"cannot be parted into num_heads 3"):
        nn.MultiheadAttention(4, 3)
    with pytest.raises(ValueError, match=r"dropout is a probability"):
        nn.MultiheadAttention(4, 2, dropout=1.5)
    layer = nn.MultiheadAttention(4, 2)
    with pytest.raises(ValueError, match=r"got query \(2, 3, 5\).*expected \(L, batch, 4\)"):
        layer(np.ones((2, 3, 5), np.float32), q, q)
    with pytest.raises(ValueError, match=r"attn_mask of shape \(2, 3\), expected \(2, 2\) or \(6,"):
        layer(q, q, q, attn_mask=np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"key_padding_mask of shape \(2, 3\), expected \(3, 2\)"):
        layer(q, q, q, key_padding_mask=np.zeros((2, 3)))
    with pytest.raises(TypeError, match=r"got int64 for (query|value), expected floats"):
        layer(q, q, np.ones((2, 3, 4), int))
    with pytest.raises(ValueError, match=r"expected \(\.\.\., L, E\)"):
        sdpa(q, q[..., :3], q)
    with pytest.raises(ValueError, match=r"got query \(2, 3, 4\), key \(3, 3, 4\)"):
        sdpa(q, np.ones((3, 3, 4)), np.ones((3, 3, 4)))
    with pytest.raises(TypeError, match=r"got int64 for (query|value), expected floats"):
        sdpa(q.astype(int), q, q)
    with pytest.raises(ValueError, match=r"attn_mask of shape \(4, 3\) does not broadcast"):
        sdpa(q, q, q, np.zeros((4, 3)))
    with pytest.raises(TypeError, match="MultiheadAttention: got a mask of int64, expected bool"):
        layer(q, q, q, attn_mask=np.tri(2, dtype=int))
    with pytest.raises(TypeError, match="attention: got a mask of int64, expected booleans"):
        sdpa(q, q, q, np.tri(3, dtype=int))
    with pytest.raises(ValueError, match="3 heads of key or value cannot serve 4"):
        sdpa(np.ones((4, 2, 2)), np.ones((3, 2, 2)), np.ones((3, 2, 2)), enable_gqa=True)


def test_repr() -> None:
    layer = nn.MultiheadAttention(4, 2, dropout=0.5, bias=False, kdim=3)
    assert "MultiheadAttention(4, 2, dropout=0.5, bias=False, kdim=3" in repr(layer)
