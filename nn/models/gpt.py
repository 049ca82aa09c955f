"""GPT (Radford et al., 2018 and 2019), in the spirit of Karpathy's nanoGPT and with its names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
import nn.functional as F
from autograd import no_grad

from .sampling import draw, prompt


class CausalSelfAttention(nn.Module):
    """Each token looks at itself and those before it (Vaswani et al., 2017), `n_head` times."""

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool) -> None:
        if n_embd % n_head:
            raise ValueError(f"GPT: n_embd={n_embd} is not a multiple of n_head={n_head}")
        self.n_head, self.dropout = n_head, dropout
        self.c_attn = nn.Linear(n_embd, 3 * n_embd, bias=bias)  # queries, keys and values
        self.c_proj = nn.Linear(n_embd, n_embd, bias=bias)
        self.resid_dropout = nn.Dropout(dropout)

    def forward(self, x: Any) -> Any:
        """(batch, time, n_embd) to the same."""
        *lead, n_embd = x.shape
        heads = *lead, self.n_head, n_embd // self.n_head
        parts = np.split(self.c_attn(x), 3, axis=-1)
        q, k, v = (part.reshape(heads).swapaxes(-3, -2) for part in parts)  # (..., time, size)
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        y = y.swapaxes(-3, -2).reshape(x.shape)  # the heads side by side
        return self.resid_dropout(self.c_proj(y))


class MLP(nn.Module):
    """What each token does by itself: linear, GELU, linear."""

    def __init__(self, n_embd: int, dropout: float, bias: bool) -> None:
        self.c_fc = nn.Linear(n_embd, 4 * n_embd, bias=bias)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * n_embd, n_embd, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Any) -> Any:
        """(batch, time, n_embd) to the same."""
        return self.dropout(self.c_proj(self.gelu(self.c_fc(x))))


class Block(nn.Module):
    """x + attention, then x + mlp, each of what LayerNorm makes of x."""

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool) -> None:
        self.ln_1 = nn.LayerNorm(n_embd, bias=bias)
        self.attn = CausalSelfAttention(n_embd, n_head, dropout, bias)
        self.ln_2 = nn.LayerNorm(n_embd, bias=bias)
        self.mlp = MLP(n_embd, dropout, bias)

    def forward(self, x: Any) -> Any:
        """(batch, time, n_embd) to the same."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Reads tokens, integers, and scores what may come next after each, from all so far.

      (batch, time)              tokens
      (batch, time, n_embd)      embeddings of the tokens plus those of their positions
      (batch, time, n_embd)      n_layer blocks, LayerNorm
      (batch, time, vocab_size)  scores of the next token, by the matrix of the embeddings again

    809,856 parameters for 65 tokens; 124,439,808 as GPT-2: GPT(50257, 1024, 12, 12, 768).

    Parameters
    ----------
    vocab_size
        how many different tokens there are.
    block_size
        how many tokens it can look back at.
    n_layer, n_head, n_embd
        of blocks, of heads in each, and the length of a token's vector.
    dropout
        the probability of dropping, in four places.
    bias
        False for none in linear layers and LayerNorms.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.GPT(vocab_size=65)
    >>> model(np.zeros((3, 10), int)).shape, model.generate([[1, 2]], length=5).shape
    ((3, 10, 65), (1, 7))
    """

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 64,
        n_layer: int = 4,
        n_head: int = 4,
        n_embd: int = 128,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        self.block_size = block_size
        self.transformer: dict[str, Any] = {
            "wte": nn.Embedding(vocab_size, n_embd),
            "wpe": nn.Embedding(block_size, n_embd),
            "drop": nn.Dropout(dropout),
            "h": [Block(n_embd, n_head, dropout, bias) for _ in range(n_layer)],
            "ln_f": nn.LayerNorm(n_embd, bias=bias),
        }
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight  # one Parameter at two places
        for name, p in self.named_parameters():
            if p.ndim == 2:
                last = name.endswith("c_proj.weight")  # in a branch; 2 n_layer of them are summed
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * n_layer) if last else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, tokens: Any) -> Any:
        """Scores (batch, time, vocab_size) of what follows `tokens`, (batch, time)."""
        time = np.shape(tokens)[-1]
        if time > self.block_size:
            raise ValueError(
                f"GPT: got {time} tokens, expected block_size={self.block_size} at most"
            )
        part = self.transformer
        x = part["drop"](part["wte"](tokens) + part["wpe"](np.arange(time)))
        for block in part["h"]:
            x = block(x)
        return self.lm_head(part["ln_f"](x))

    def loss(self, x: Any, y: Any) -> Any:
        """The mean cross-entropy of the scores of `x` and the true next tokens `y`."""
        logits = self(x)
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), np.reshape(y, -1))

    @no_grad()
    def generate(
        self,
        start: Any,
        length: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: np.random.Generator | int | None = None,
    ) -> NDArray[Any]:
        """`start`, (time,) or (batch, time), and `length` drawn tokens after it.

        For `temperature` and `top_k` see `draw`. With dropout, call `model.eval()` before.
        """
        text, rng = prompt("GPT", start, length), nn.generator(generator)
        for _ in range(length):
            logits = self(text[..., -self.block_size :]).numpy()[..., -1, :]
            new = draw(logits, temperature, top_k, rng)
            text = np.concatenate((text, new[..., None]), axis=-1)
        return text
