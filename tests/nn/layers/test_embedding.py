"""Embeddings: what the table of layers does not show."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.functional import embedding, embedding_bag

TABLE = np.arange(12.0).reshape(4, 3)


def test_rows_by_number_and_a_row_twice_gets_both_gradients() -> None:
    weight = Tensor(TABLE, requires_grad=True)
    y = embedding([[1, 1], [3, 0]], weight)
    np.testing.assert_array_equal(y.data, TABLE[[[1, 1], [3, 0]]])
    (y * np.arange(4.0).reshape(2, 2, 1)).sum().backward()
    np.testing.assert_array_equal(weight.grad[:, 0], [3, 1, 0, 2])
    assert type(embedding([1], TABLE)) is np.ndarray


@pytest.mark.parametrize("index", [4, -1, 1000])
def test_a_number_that_is_not_in_the_table(index: int) -> None:
    message = rf"got index {index} at position \(1, 0\) of the input, expected 0 to 3"
    for who, layer in ("embedding", nn.Embedding(4, 3)), ("embedding_bag", nn.EmbeddingBag(4, 3)):
        with pytest.raises(IndexError, match=f"^{who}: {message}"):
            layer(np.array([[0, 1], [index, 2]]))


def test_floats_are_no_numbers_of_rows() -> None:
    with pytest.raises(TypeError, match="embedding: got float64, expected integers"):
        nn.Embedding(4, 3)(np.array([1.0]))
    with pytest.raises(TypeError, match="embedding: got bool"):
        nn.Embedding(4, 3)(np.array([True]))


def test_an_index_changed_after_the_call_does_not_matter() -> None:
    layer, index = nn.Embedding(4, 3), np.array([0, 0])
    y = layer(index)
    index[:] = 3
    y.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [2, 0, 0, 0])


def test_padding_starts_as_0_and_stays() -> None:
    layer = nn.Embedding(4, 3, padding_idx=-3)
    assert layer.padding_idx == 1
    np.testing.assert_array_equal(layer.weight.data[1], 0)
    layer(np.array([1, 2, 1])).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [0, 0, 1, 0])
    with pytest.raises(ValueError, match="got padding_idx 4, expected one of the 4 rows"):
        nn.Embedding(4, 3, padding_idx=4)


def test_max_norm_shortens_the_rows_that_are_used() -> None:
    layer = nn.Embedding.from_pretrained(TABLE, max_norm=1.0)
    layer(np.array([0, 2]))
    norms = np.linalg.norm(layer.weight.data, axis=1)
    np.testing.assert_allclose(norms[[0, 2]], [1, 1], rtol=1e-6)
    np.testing.assert_array_equal(layer.weight.data[[1, 3]], TABLE[[1, 3]])


def test_initial_values_and_given_ones() -> None:
    assert nn.Embedding(200, 50, generator=0).weight.data.std() == pytest.approx(1, rel=0.02)
    layer = nn.Embedding.from_pretrained(TABLE)
    assert not layer.weight.requires_grad
    assert nn.EmbeddingBag.from_pretrained(TABLE, freeze=False).weight.requires_grad
    layer.weight.data[0] = 7
    assert TABLE[0, 0] == 0
    with pytest.raises(ValueError, match=r"Embedding.from_pretrained: got shape \(3,\)"):
        nn.Embedding.from_pretrained(TABLE[0])


def test_bags() -> None:
    index, offsets = [0, 3, 1, 1, 2], [0, 2, 2]  # {0, 3}, {}, {1, 1, 2}
    expected = {"sum": [9, 0, 12], "mean": [4.5, 0, 4], "max": [9, 0, 6]}
    for mode, column in expected.items():
        y = embedding_bag(index, TABLE, offsets, mode=mode)
        np.testing.assert_array_equal(y[:, 0], column)
    weighted = embedding_bag(
        index, TABLE, offsets, mode="sum", per_sample_weights=np.array([1.0, 2, 3, 4, 5])
    )
    np.testing.assert_array_equal(weighted[:, 0], [18, 0, 51])
    without = embedding_bag(index, TABLE, offsets, padding_idx=1)
    np.testing.assert_array_equal(without[:, 0], [4.5, 0, 6])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_nothing_but_empty_bags(mode: str) -> None:
    weight = Tensor(TABLE, requires_grad=True)
    y = embedding_bag(np.zeros(0, int), weight, [0, 0], mode=mode)
    np.testing.assert_array_equal(y.data, np.zeros((2, 3)))
    y.sum().backward()
    np.testing.assert_array_equal(weight.grad, 0)


def test_the_largest_of_negative_rows() -> None:
    y = embedding_bag([[0, 1]], -TABLE - 1, mode="max")
    np.testing.assert_array_equal(y, [[-1, -2, -3]])


def test_the_gradient_by_how_often_a_row_occurs() -> None:
    # PyTorch 2.13's embedding_bag divides by other rows' counts (its issue 190063, since mended).
    index = np.array([[0, 2, 2, 3], [1, 2, 0, 3]])
    count = np.bincount(index.reshape(-1))[:, None]
    for name in ("embedding", "embedding_bag"):
        grads = []
        for scale in (False, True):
            weight = Tensor(TABLE, requires_grad=True)
            y = getattr(nn.functional, name)(index, weight, scale_grad_by_freq=scale)
            (y * y).sum().backward()
            grads.append(weight.grad)
        np.testing.assert_allclose(grads[1], grads[0] / count)


def test_errors_of_bags() -> None:
    flat = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="EmbeddingBag: got mode 'min'"):
        nn.EmbeddingBag(4, 3, mode="min")
    with pytest.raises(ValueError, match=r"shape \(3,\) and no offsets"):
        embedding_bag(flat, TABLE)
    with pytest.raises(ValueError, match=r"shape \(1, 3\) and some offsets"):
        embedding_bag(flat[None], TABLE, [0])
    for offsets in ([1, 2], [0, 3, 2], []):
        with pytest.raises(ValueError, match="expected some from 0, never falling"):
            embedding_bag(flat, TABLE, offsets)
    with pytest.raises(ValueError, match="the last offset is 2, expected the length"):
        embedding_bag(flat, TABLE, [0, 2], include_last_offset=True)
    with pytest.raises(ValueError, match="per_sample_weights of shape"):
        embedding_bag(flat, TABLE, [0], per_sample_weights=np.ones(3))
    with pytest.raises(ValueError, match="not for mode 'max'"):
        embedding_bag(flat, TABLE, [0], mode="max", scale_grad_by_freq=True)


def test_repr() -> None:
    assert "Embedding(4, 3, padding_idx=1)" in repr(nn.Embedding(4, 3, padding_idx=1))
    assert "EmbeddingBag(4, 3, mode='sum')" in repr(nn.EmbeddingBag(4, 3, mode="sum"))
