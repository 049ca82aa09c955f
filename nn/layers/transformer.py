"""The transformer: encoder and decoder layers, stacks of them, and the two together.

A layer is a chain of sublayers, attention and a small network that works on each step by itself.
Around each there is a residual connection and a normalization: of the sum, norm(x + sublayer(x)),
or, with norm_first, of the sublayer's input, x + sublayer(norm(x)).

Sources: Vaswani et al., "Attention is all you need", NeurIPS 2017; for norm_first Xiong et al., "On
layer normalization in the transformer architecture", ICML 2020.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from autograd import default_dtype

from .. import init
from ..module import Module
from ..random import generator as _generator
from .activations import gelu
from .attention import MultiheadAttention, causal_mask
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm
from .rectifiers import relu

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Any], Any]
ACTIVATIONS: dict[Any, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu}
Rng: TypeAlias = "np.random.Generator | int | None"


class _Layer(Module):
    """What encoder and decoder layers have in common: all but the order of the sublayers."""

    _attentions: tuple[str, ...] = ("self_attn",)

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        generator: Rng = None,
    ) -> None:
        if isinstance(activation, str) and activation not in ACTIVATIONS:
            raise ValueError(
                f"{type(self).__name__}: got activation {activation!r}, expected 'relu', 'gelu' or "
                "a function"
            )
        self.d_model, self.nhead, self.dim_feedforward = d_model, nhead, dim_feedforward
        self.norm_first, self.batch_first = norm_first, batch_first
        rng = None if generator is None else _generator(generator)
        for name in self._attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, generator=rng
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, generator=rng)
        self.dropout = Dropout(dropout, generator=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, generator=rng)
        for i in range(len(self._attentions) + 1):
            setattr(self, f"norm{i + 1}", LayerNorm(d_model, layer_norm_eps, bias=bias))
        self.activation: Any = ACTIVATIONS.get(activation, activation)

    def _around(self, sublayer: Callable[[Any], Any], norm: Module, x: Any) -> Any:
        """`sublayer` of `x`, with the residual connection and the normalization."""
        try:
            if self.norm_first:
                return x + self.dropout(sublayer(norm(x)))
            return norm(x + self.dropout(sublayer(x)))
        except (TypeError, ValueError) as error:  # they know what does not fit, not where
            error.args = (f"{type(self).__name__}: {error}",)
            raise

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention, then a feed-forward network, linear2(activation(linear1(x))).

    Parameters
    ----------
    d_model
        the length of the last axis of input and output.
    nhead
        how many heads the attention has; a divisor of d_model.
    dim_feedforward
        the width of the network.
    dropout
        probability of it after each sublayer, on the attention's weights, and inside the network,
        in training.
    activation
        "relu", "gelu", or a function or module.
    layer_norm_eps
        `eps` of the normalizations.
    batch_first
        the first axis is the batch, the second the time; else the reverse.
    norm_first
        normalize the input of each sublayer, not the sum with its output.
    bias
        False for none, in linear maps and normalizations.
    generator
        where initial values and dropout come from: a generator, or a seed for one; the library's
        own if None.

    Attributes
    ----------
    self_attn
        MultiheadAttention.
    linear1, linear2
        Linear.
    norm1, norm2
        LayerNorm.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16)
    >>> layer(np.ones((5, 3, 8), np.float32)).shape
    (5, 3, 8)
    """

    self_attn: MultiheadAttention
    norm1: LayerNorm
    norm2: LayerNorm

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """Map `src`, (time, batch, d_model), to the same shape.

        With batch_first it is (batch, time, d_model); or there is no batch. The masks are those of
        MultiheadAttention, of shapes (time, time) and (batch, time).
        """

        def attend(x: Any) -> Any:
            masks = src_key_padding_mask, False, src_mask
            return self.self_attn(x, x, x, *masks, is_causal=is_causal)[0]

        x = self._around(attend, self.norm1, src)
        return self._around(self._feed_forward, self.norm2, x)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's output, then a feed-forward network.

    Arguments and attributes are those of TransformerEncoderLayer; there are also multihead_attn,
    the second attention, and norm3.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16)
    >>> layer(np.ones((4, 3, 8), np.float32), memory=np.ones((5, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    _attentions = ("self_attn", "multihead_attn")
    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention
    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Map `tgt`, (L, batch, d_model), and the encoder's output, (S, batch, d_model).

        The result has the shape of `tgt`. With batch_first the batch comes first; or there is none.
        The masks of `tgt` are for the first attention, (L, L) and (batch, L), those of `memory` for
        the second, (L, S) and (batch, S); see MultiheadAttention.
        """

        def attend(x: Any) -> Any:
            masks = tgt_key_padding_mask, False, tgt_mask
            return self.self_attn(x, x, x, *masks, is_causal=tgt_is_causal)[0]

        def attend_to_memory(x: Any) -> Any:
            masks = memory_key_padding_mask, False, memory_mask
            return self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)[0]

        x = self._around(attend, self.norm1, tgt)
        x = self._around(attend_to_memory, self.norm2, x)
        return self._around(self._feed_forward, self.norm3, x)


class _Stack(Module):
    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        if num_layers < 1:
            raise ValueError(
                f"{type(self).__name__}: num_layers is {num_layers}, expected at least 1"
            )
        # One generator for all copies: with copies of it they would drop the same elements.
        given = (vars(module).get("generator") for module in layer.modules())
        rngs = [rng for rng in given if rng is not None]
        self.layers = [
            copy.deepcopy(layer, {id(rng): rng for rng in rngs}) for _ in range(num_layers)
        ]
        self.num_layers, self.norm = num_layers, norm


class TransformerEncoder(_Stack):
    """Encoder layers, each on the output of the one before.

    Parameters
    ----------
    encoder_layer
        the layer, which is copied. The copies start from the same values, as in PyTorch; initialize
        them anew, as Transformer does, where that matters.
    num_layers
        how many copies.
    norm
        a module for the output of the last; None for none.

    Attributes
    ----------
    layers
        the list of copies.

    Examples
    --------
    >>> import numpy as np, nn
    >>> encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), num_layers=3)
    >>> encoder(np.ones((5, 3, 8), np.float32), is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        """Apply the layers to `src`; the masks go to each of them."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(_Stack):
    """Decoder layers, each on the output of the one before, and all on the encoder's output.

    Arguments and attributes are those of TransformerEncoder, but the first is decoder_layer.
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Apply the layers to `tgt` and `memory`; the masks go to each of them."""
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
                bool(tgt_is_causal), memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of the source, and a decoder of the target that looks at its output.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps
        as for TransformerEncoderLayer.
    batch_first, norm_first, bias, generator
        the same.
    num_encoder_layers, num_decoder_layers
        how many layers.
    custom_encoder, custom_decoder
        modules to take instead.

    Attributes
    ----------
    encoder, decoder
        TransformerEncoder and TransformerDecoder, each with a LayerNorm at the end.

    Notes
    -----
    All weights (parameters of two axes or more) are Xavier-uniform at first.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16)
    >>> source, target = np.ones((5, 3, 8), np.float32), np.ones((4, 3, 8), np.float32)
    >>> model(source, target, tgt_is_causal=True).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        generator: Rng = None,
    ) -> None:
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        rng = None if generator is None else _generator(generator)
        settings: Any = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias,
        )  # fmt: skip
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*settings, generator=rng),
            num_encoder_layers,
            LayerNorm(d_model, layer_norm_eps, bias=bias),
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*settings, generator=rng),
            num_decoder_layers,
            LayerNorm(d_model, layer_norm_eps, bias=bias),
        )
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p, generator=rng)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Decode `tgt`, (L, batch, d_model), in view of `src`, (S, batch, d_model).

        The result has the shape of `tgt`. With batch_first the batch comes first; or there is none.
        For the masks see TransformerEncoderLayer and TransformerDecoderLayer.
        """
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
            tgt_is_causal, memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: Any = None) -> Any:
        """A causal mask, (sz, sz): 0, and -inf above the diagonal. `is_causal=True` does the same.

        dtype : the default dtype if None.
        """
        return causal_mask(sz, sz, default_dtype.get() if dtype is None else dtype)
