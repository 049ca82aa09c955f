"""Transformers: layers, stacks of them, and the whole."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .base import Layer

D, T, S, N = 4, 3, 2, 2  # features, steps of target and source, examples
CAUSAL = np.triu(np.ones((T, T), bool), 1)
PADDING = np.array([[False, False, True], [False, False, False]])
SMALL = {"dim_feedforward": 3, "dropout": 0.0}


class Made(tuple[Any, ...]):
    """Arguments that are modules, made at each call, in the dtype of that moment."""

    def __iter__(self) -> Iterator[Any]:
        return (x() if callable(x) else x for x in super().__iter__())


class MadeByName(Mapping[str, Any]):
    """The same for keywords."""

    def __init__(self, **items: Any) -> None:
        self.items_ = items

    def __getitem__(self, key: str) -> Any:
        x = self.items_[key]
        return x() if callable(x) else x

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_)

    def __len__(self) -> int:
        return len(self.items_)


class Stack(Layer):
    """A stack of `layers` layers of this kind, with or without a norm at the end."""

    def __str__(self) -> str:
        return f"{self.name} of {tuple.__len__(self.args)} arguments on {self.inputs}"


def stack(
    kind: str, layers: int, norm: bool, inputs: Any, call: Any = None, **options: Any
) -> Layer:
    def made(library: str) -> list[Any]:
        def layer() -> Any:
            there = importlib.import_module(library)
            return getattr(there, f"Transformer{kind}Layer")(D, 2, **SMALL, **options)

        def last() -> Any:
            return importlib.import_module(library).LayerNorm(D)

        return [layer, layers, last] if norm else [layer, layers]

    names = f"{kind.lower()}_layer", "num_layers", "norm"
    row: Any = Stack(f"Transformer{kind}", Made(made("nn")), {}, inputs, call or {})
    row.torch = MadeByName(**dict(zip(names, made("torch.nn"), strict=False)))
    if kind == "Encoder":
        row.torch.items_["enable_nested_tensor"] = False
    return row


def layer(kind: str, inputs: Any, call: Any = None, **options: Any) -> Layer:
    smooth = options.get("activation", "relu") == "gelu"
    return Layer(
        f"Transformer{kind}Layer", (D, 2), SMALL | options, inputs, call or {}, smooth=smooth
    )


def transformer(inputs: Any, call: Any = None, **options: Any) -> Layer:
    sizes = {"num_encoder_layers": 1, "num_decoder_layers": 2, "activation": "gelu"}
    row: Any = Layer("Transformer", (D, 2), sizes | SMALL | options, inputs, call or {}, rtol=1e-5)

    def encoder() -> Any:  # the same as by itself, without a warning about nested tensors
        there = importlib.import_module("torch.nn")
        layer = there.TransformerEncoderLayer(D, 2, **SMALL, activation="gelu", **options)
        given = {"eps": options.get("layer_norm_eps", 1e-5), "bias": options.get("bias", True)}
        norm = there.LayerNorm(D, **given)
        return there.TransformerEncoder(layer, 1, norm, enable_nested_tensor=False)

    row.torch = MadeByName(d_model=D, nhead=2, **row.kwargs, custom_encoder=encoder)
    return row


BOTH = ((T, N, D), (S, N, D))
ROWS = [
    layer("Encoder", ((T, N, D),)),
    layer("Encoder", ((T, D),), activation="gelu"),
    layer("Encoder", ((N, T, D),), {"src_key_padding_mask": PADDING}, batch_first=True),
    layer("Encoder", ((T, N, D),), {"src_mask": CAUSAL, "is_causal": True}, activation=abs),
    layer("Encoder", ((T, 1, D),), norm_first=True, bias=False, activation="gelu"),
    layer("Encoder", ((1, T, D),), layer_norm_eps=0.1, norm_first=True, batch_first=True),
    layer("Decoder", BOTH),
    layer("Decoder", ((T, D), (S, D)), activation="gelu", norm_first=True),
    layer("Decoder", BOTH, {"tgt_mask": CAUSAL, "memory_mask": CAUSAL[:, 1:]}, bias=False),
    layer(
        "Decoder", ((N, S, D), (N, T, D)), {"memory_key_padding_mask": PADDING},
        batch_first=True, layer_norm_eps=0.1, activation="gelu",
    ),
    layer("Decoder", BOTH, {"tgt_key_padding_mask": PADDING, "tgt_mask": CAUSAL}),
    stack("Encoder", 2, True, ((T, N, D),), {"mask": CAUSAL}, activation="gelu"),
    stack("Encoder", 1, False, ((T, D),), activation="gelu", norm_first=True),
    stack("Encoder", 2, False, ((1, T, D),), batch_first=True, activation="gelu"),
    stack("Decoder", 2, True, BOTH, {"tgt_mask": CAUSAL, "tgt_is_causal": True}, activation="gelu"),
    stack("Decoder", 1, False, ((T, D), (S, D)), activation="gelu", bias=False),
    transformer(((S, N, D), (T, N, D)), {"tgt_mask": CAUSAL}),
    transformer(((S, D), (T, D)), norm_first=True, bias=False),
    transformer(
        ((N, T, D), (N, S, D)), {"src_key_padding_mask": PADDING}, batch_first=True,
        layer_norm_eps=0.1,
    ),
]  # fmt: skip
