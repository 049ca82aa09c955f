"""Attention in several heads, with all its masks, and on other shapes of key and value."""

from typing import Any

import numpy as np

from .base import Layer

L, S, N, E = 3, 4, 2, 4  # queries, keys, examples, features
RNG = np.random.default_rng(7)
# Each leaves a key to each query: what becomes of one without is in
# tests/nn/layers/test_attention.py.
CAUSAL = np.triu(np.ones((L, S), bool), 1)
HEADS = RNG.random((N * 2, L, S)) < 0.4
HEADS[..., 0] = False
PADDING = np.array([[False, False, True, True], [False] * S])
FLOATS = RNG.standard_normal((L, S))
NUMBERS = RNG.standard_normal((N, S))


def attention(
    inputs: Any = ((L, N, E), (S, N, E), (S, N, E)), call: Any = None, **kwargs: Any
) -> Any:
    heads = kwargs.pop("num_heads", 2)
    return Layer("MultiheadAttention", (E, heads), kwargs, inputs, call or {})


ROWS = [
    attention(),
    attention(call={"need_weights": False}),
    attention(call={"average_attn_weights": False}),
    attention(bias=False, num_heads=1),
    attention(num_heads=4, dropout=0.0, batch_first=True, inputs=((N, L, E), (N, S, E), (N, S, E))),
    attention(inputs=((L, E), (S, E), (S, E))),
    attention(inputs=((L, E), (S, E), (S, E)), call={"need_weights": False}, batch_first=True),
    attention(inputs=((1, 1, E),) * 3),
    attention(inputs=((L, 1, E), (S, 1, E), (S, 1, E)), call={"need_weights": False}),
    attention(inputs=((L, N, E), (S, N, 3), (S, N, 5)), kdim=3, vdim=5),
    attention(inputs=((L, N, E), (S, N, 3), (S, N, E)), kdim=3, bias=False, add_bias_kv=True),
    attention(add_bias_kv=True),
    attention(add_zero_attn=True),
    attention(add_bias_kv=True, add_zero_attn=True,
              call={"attn_mask": CAUSAL, "need_weights": False}),
    attention(add_bias_kv=True, call={"attn_mask": HEADS, "key_padding_mask": PADDING}),
    attention(add_zero_attn=True, batch_first=True, inputs=((N, L, E), (N, S, E), (N, S, E)),
              call={"key_padding_mask": PADDING}),
    attention(call={"attn_mask": CAUSAL}),
    attention(call={"attn_mask": FLOATS, "need_weights": False}),
    attention(call={"attn_mask": FLOATS, "key_padding_mask": NUMBERS}),
    attention(call={"attn_mask": np.where(CAUSAL, -np.inf, 0.0), "is_causal": True}),
    attention(call={"attn_mask": CAUSAL, "is_causal": True, "need_weights": False}),
    attention(call={"attn_mask": HEADS}, inputs=((L, N, E), (S, N, E), (S, N, E))),
    attention(call={"attn_mask": HEADS[:2], "key_padding_mask": PADDING[0]},
              inputs=((L, E), (S, E), (S, E))),
]  # fmt: skip
