"""Transformers: what the table of layers does not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd import default_dtype

X = np.random.default_rng(0).standard_normal((5, 2, 4)).astype(np.float32)  # time, batch, features


def encoder_layer(**options: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(4, 2, **({"dim_feedforward": 8, "dropout": 0.0} | options))


def test_a_layer_is_two_sublayers_with_residuals() -> None:
    for norm_first in (False, True):
        layer = encoder_layer(norm_first=norm_first)

        def attend(x: Any, layer: Any = layer) -> Any:
            return layer.self_attn(x, x, x)[0]

        def feed(x: Any, layer: Any = layer) -> Any:
            return layer.linear2(nn.functional.relu(layer.linear1(x)))

        if norm_first:
            y = X + attend(layer.norm1(X))
            y = y + feed(layer.norm2(y))
        else:
            y = layer.norm1(X + attend(X))
            y = layer.norm2(y + feed(y))
        np.testing.assert_allclose(layer(X).data, y.data, atol=1e-5)


def test_causal_looks_back_only() -> None:
    model = nn.TransformerEncoder(encoder_layer(), 2)
    changed = X.copy()
    changed[3:] += 1
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    for call in ({"is_causal": True}, {"mask": mask}):
        one, other = model(X, **call).data, model(changed, **call).data
        np.testing.assert_array_equal(one[:3], other[:3])
        assert (one[3:] != other[3:]).any()
    np.testing.assert_array_equal(model(X, mask).data, model(X, is_causal=True).data)


def test_without_a_mask_the_order_of_the_steps_does_not_count() -> None:
    model, order = nn.TransformerEncoder(encoder_layer(), 2), [3, 0, 4, 1, 2]
    np.testing.assert_allclose(model(X[order]).data, model(X).data[order], atol=1e-5)


def test_what_is_padding_does_not_count() -> None:
    model = nn.Transformer(4, 2, 1, 1, 8, 0.0)
    padding = np.zeros((2, 5), bool)
    padding[:, 3:] = True
    call = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    np.testing.assert_allclose(model(X, X, **call).data, model(X[:3], X).data, atol=1e-5)


def test_the_mask_of_the_next_step() -> None:
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    assert mask.dtype == default_dtype.get()
    inf = np.inf
    np.testing.assert_array_equal(mask, [[0, -inf, -inf], [0, 0, -inf], [0, 0, 0]])
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype=np.float64).dtype == np.float64


def test_a_stack_copies_its_layer() -> None:
    layer = encoder_layer()
    model = nn.TransformerEncoder(layer, 3, nn.LayerNorm(4))
    assert model.num_parameters() == 3 * layer.num_parameters() + 8
    first, second = (model.layers[i].linear1.weight for i in (0, 1))
    np.testing.assert_array_equal(first.data, second.data)
    first.data += 1
    assert (first.data != second.data).all()
    assert (layer.linear1.weight.data == second.data).all()


def test_the_copies_do_not_drop_the_same() -> None:
    layer = encoder_layer(dropout=0.5, generator=0)
    for module in nn.TransformerEncoder(layer, 2).layers:
        assert module.dropout.generator is layer.dropout.generator
    model = nn.Transformer(4, 2, 2, 2, 8, 0.5, generator=0)
    masks = [module.dropout(np.ones(100, np.float32)) for module in model.encoder.layers]
    assert (masks[0] != masks[1]).any()


def test_a_seed_gives_the_same_again() -> None:
    one, other = (nn.Transformer(4, 2, 2, 1, 8, 0.3, generator=7) for _ in range(2))
    np.testing.assert_array_equal(one(X, X).data, other(X, X).data)


def test_dropout_in_training_only() -> None:
    model = nn.Transformer(4, 2, 1, 1, 8, 0.5)
    assert (model(X, X).data != model(X, X).data).any()
    model.eval()
    np.testing.assert_array_equal(model(X, X).data, model(X, X).data)


def test_a_transformer_starts_xavier_uniform_and_each_layer_different() -> None:
    model = nn.Transformer(32, 4, 2, 2, 64, generator=0)
    for name, p in model.named_parameters():
        if p.ndim > 1:
            bound = np.sqrt(6 / sum(p.shape))
            assert bound * 0.95 < abs(p.data).max() <= bound, name
    a, b = (layer.linear1.weight.data for layer in model.encoder.layers)
    assert (a != b).any()


def test_custom_parts_and_activations() -> None:
    class Same(nn.Module):
        def forward(self, src: Any, *_: Any) -> Any:
            return src

    model = nn.Transformer(4, 2, 1, 1, 8, 0.0, custom_encoder=Same())
    np.testing.assert_array_equal(model(X, X).data, model.decoder(X, X).data)
    one, other = (encoder_layer(activation=a) for a in ("gelu", nn.GELU()))
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(one(X).data, other(X).data)


def test_errors_say_where() -> None:
    with pytest.raises(ValueError, match="TransformerEncoderLayer: got activation 'swish'"):
        encoder_layer(activation="swish")
    with pytest.raises(ValueError, match="TransformerEncoder: num_layers is 0"):
        nn.TransformerEncoder(encoder_layer(), 0)
    with pytest.raises(ValueError, match=r"TransformerEncoderLayer: MultiheadAttention.*got query"):
        encoder_layer()(X[..., :3])
    with pytest.raises(ValueError, match=r"TransformerDecoderLayer: .*attn_mask of shape"):
        nn.TransformerDecoderLayer(4, 2, 8)(X, X, tgt_mask=np.zeros((2, 2)))
