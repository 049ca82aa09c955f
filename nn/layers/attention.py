"""Attention: the function, and the layer that applies it in many heads.

Each query looks at all keys, and takes the mean of their values, weighted by how well they match:

    attention(Q, K, V) = softmax(Q @ Kᵀ / sqrt(d) + mask) @ V

Source: Vaswani et al., "Attention is all you need", NeurIPS 2017.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import default_dtype, op, shared

from .. import init
from ..inputs import door, expect, name_of
from ..module import Module, Parameter
from ..random import generator as _generator
from .dropout import dropout as _dropout
from .linear import Linear, linear
from .softmax import row_max, shifted_exp

__all__ = ["MultiheadAttention", "scaled_dot_product_attention"]

# How many scores are worked on at a time: as many as fit into the cache of a core.
BLOCK = 2**16


@door(wide=True)
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    generator: np.random.Generator | int | None = None,
) -> Any:
    """softmax(query @ keyᵀ * scale + mask) @ value.

    Parameters
    ----------
    query
        shape (..., L, E).
    key, value
        shapes (..., S, E) and (..., S, D).
    attn_mask
        broadcasts to (..., L, S). Booleans: True where a query may look at a key (in
        MultiheadAttention it is the reverse, both as in PyTorch). Floats: added to the scores.
    dropout_p
        probability of dropout on the weights; there is no evaluation mode here.
    is_causal
        query i may look at the keys up to i only, besides what `attn_mask` forbids.
    scale
        1/sqrt(E) if None.
    enable_gqa
        there are fewer heads (axis -3) of key and value; each serves several of query.
    generator
        where dropout comes from; the library's own if None.

    Returns
    -------
    array
        shape (..., L, D). A query that may look at nothing gets 0.

    Raises
    ------
    ValueError
        the shapes do not fit.
    TypeError
        query or mask is of integers.
    """
    if enable_gqa:
        key, value = (_for_each_head(query.shape, x) for x in (key, value))
    scores = _scores_shape(query, key, value)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    mask = _added_mask("scaled_dot_product_attention", attn_mask, False, query.dtype)
    if mask is not None and not _fits(mask.shape, scores):
        raise ValueError(
            f"scaled_dot_product_attention: attn_mask of shape {mask.shape} does not broadcast to "
            f"the scores, {scores}"
        )
    if is_causal:
        mask = _add_masks(mask, causal_mask(scores[-2], scores[-1], query.dtype))
    kept = None
    if dropout_p:
        kept = _dropout(np.ones(scores, query.dtype), dropout_p, generator=generator)
    return _attend(query, key, value, mask, kept=kept, scale=scale)


def causal_mask(queries: int, keys: int, dtype: Any) -> Any:
    """What to add to scores so that query i sees the keys up to i: 0, and -inf above the diagonal.

    Examples
    --------
    >>> causal_mask(2, 3, "float32").tolist()
    [[0.0, -inf, -inf], [0.0, 0.0, -inf]]
    """
    return np.triu(np.full((queries, keys), -np.inf, dtype), 1)


def _scores_shape(query: Any, key: Any, value: Any) -> tuple[int, ...]:
    """The shape of the scores, (..., L, S)."""
    q, k, v = query.shape, key.shape, value.shape
    expect("scaled_dot_product_attention", query, True, "", "fc", name="query")
    try:
        np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
        fits = min(len(q), len(k), len(v)) > 1 and q[-1] == k[-1] and k[-2] == v[-2]
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"scaled_dot_product_attention: got query {q}, key {k}, value {v}, expected "
            "(..., L, E), (..., S, E), (..., S, D)"
        )
    return *np.broadcast_shapes(q[:-2], k[:-2]), q[-2], k[-2]


def _added_mask(who: str, mask: Any, forbids: bool, dtype: Any) -> Any:
    """A mask as what is added to the scores: -inf where a boolean one is equal to `forbids`."""
    if mask is None:
        return None
    if mask.dtype.kind in "iu":  # 0 and 1 would be added, and forbid nothing
        raise TypeError(
            f"{who}: got a mask of {mask.dtype}, expected booleans or floats; write "
            "mask.astype(bool)"
        )
    if mask.dtype == bool:
        return np.where(mask == forbids, -np.inf, 0.0).astype(dtype)
    return mask if mask.dtype == dtype else mask.astype(dtype)


def _add_masks(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to `whole`."""
    pairs = zip(reversed(shape), reversed(whole), strict=False)
    return len(shape) <= len(whole) and all(m in (1, n) for m, n in pairs)


def _for_each_head(query: tuple[int, ...], x: Any) -> Any:
    heads, given = query[-3:][0], x.shape[-3:][0]
    if min(len(query), x.ndim) < 3 or heads % given:
        raise ValueError(
            f"scaled_dot_product_attention: enable_gqa: {given} heads of key or value cannot serve "
            f"{heads} of query; expected (..., heads, time, size), with a divisor"
        )
    return np.repeat(x, heads // given, axis=-3)


# The ops. A row of scores that are all -inf has the weights 0: without the two steps marked (*),
# which change no other row, it would have -inf - -inf and 0/0.


def _weights(scores: Any) -> Any:
    """softmax(scores), 0 where a query may look at nothing."""
    top = row_max(scores, -1)
    _, e, total = shifted_exp(scores, -1, np.where(top == -np.inf, 0, top))  # (*)
    return e / (total + (total == 0))  # (*)


@door(wide=True)
@op
def _softmax(scores):
    """The weights as a result of their own, for those who want to see them.

    Gradient: `y * (g - sum(g * y, axis=-1, keepdims=True))`.
    """
    y = _weights(scores)
    return y, lambda g: y * (g - (g * y).sum(axis=-1, keepdims=True))


def _attend_closures(q, k, v, mask, kept=None, scale=1.0):
    """The formula: (w * kept) @ v, where w = softmax(q @ kᵀ * scale + mask), with its gradients."""
    scores = (q * scale) @ k.mT
    w = _weights(scores if mask is None else scores + mask)

    @shared
    def for_scores(g: Any) -> Any:
        gw = g @ v.mT
        gw = gw if kept is None else gw * kept
        return w * (gw - (gw * w).sum(axis=-1, keepdims=True))

    return (
        lambda g: (for_scores(g) @ k) * scale,
        lambda g: for_scores(g).mT @ (q * scale),
        lambda g: (w if kept is None else w * kept).mT @ g,
        for_scores,
    )


@op(closures=_attend_closures)
def _attend(q, k, v, mask, kept=None, scale=1.0):
    """(softmax(q @ kᵀ * scale + mask) * kept) @ v, where `kept` is a dropout mask.

    One block of examples after the other, whose scores stay in the cache: half the time.

    Gradient by q: `scale * s @ k` where
    `w = softmax(scale * q @ k.mT + (0 if mask is None else mask))`, `gw = g @ v.mT`,
    `s = w * (gw - sum(w * gw, axis=-1, keepdims=True))`, without dropout.
    Gradient by k: `scale * s.mT @ q` where
    `w = softmax(scale * q @ k.mT + (0 if mask is None else mask))`, `gw = g @ v.mT`,
    `s = w * (gw - sum(w * gw, axis=-1, keepdims=True))`, without dropout.
    Gradient by v: `w.mT @ g` where
    `w = softmax(scale * q @ k.mT + (0 if mask is None else mask))`, without dropout.
    Gradient by mask: `w * (gw - sum(w * gw, axis=-1, keepdims=True))` where
    `w = softmax(scale * q @ k.mT + mask)`, `gw = g @ v.mT`, without dropout.
    """
    mask = None if mask is None else np.ascontiguousarray(np.atleast_2d(mask).mT)
    kept = None if kept is None else kept.mT
    step = max(1, BLOCK // max(1, math.prod(q.shape[1:-1]) * k.shape[-2]))
    alike = q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    blocks: list[Any] = [...]
    if alike and q.ndim > 2 and len(q) > step:
        blocks = [slice(i, i + step) for i in range(0, len(q), step)]

    def of_block(x: Any, at: Any) -> Any:  # a mask may be the same for all examples
        return x if x is None or x.ndim < q.ndim or len(x) == 1 else x[at]

    def room(x: Any, size: int) -> Any:  # in the order of x: heads part and join without copies
        dtype = np.result_type(q, k, v)
        return np.empty_like(x, dtype, shape=(*x.shape[:-1], size)) if alike else None

    out = room(q, v.shape[-1])
    cores = [_core(scale, *(of_block(x, at) for x in (q, k, v, mask, kept, out))) for at in blocks]

    @shared
    def back(g: Any) -> Any:
        into = [room(x, x.shape[-1]) for x in (q, k, v)]
        for (_, back), at in zip(cores, blocks, strict=True):
            grads = back(g[at], *(of_block(x, at) for x in into))
        return into if alike else grads

    def for_mask(g: Any) -> Any:  # hardly ever wanted, and large
        return np.concatenate([back(g[at])[3] for (_, back), at in zip(cores, blocks, strict=True)])

    return out if alike else cores[0][0], *(lambda g, i=i: back(g)[i] for i in range(3)), for_mask


def _core(
    scale: float, q: Any, k: Any, v: Any, mask: Any, kept: Any, out: Any = None
) -> tuple[Any, Any]:
    """The result for a block, in `out` if that is given, and the way back.

    The formula is that of `_attend_closures`. There are L x S scores, far more than anything else:
    each pass over them counts, and what can be done on the smaller arrays is done there. Not the
    weights are divided by their sums but the result is. The sum in softmax's gradient, Σ_j w_j *
    (g · v_j), is g · Σ_j w_j * v_j = g · out. The scores, `mask` and `kept` are transposed, a
    column for each query: NumPy is slow at the maxima of short rows.
    """
    columns = np.multiply(q.mT, scale, order="C")  # in order for the product
    e = np.asarray(k @ columns)
    if mask is not None:
        e += mask
    top = _column_max(e)
    e -= np.where(top == -np.inf, 0, top)  # (*)
    np.exp(e, out=e)
    total = (np.ones(e.shape[-2], e.dtype) @ e)[..., None]
    total += total == 0  # (*)
    w = e if kept is None else e * kept
    out = np.matmul(w.mT, v, out=out)
    out /= total

    def back(g: Any, gq: Any = None, gk: Any = None, gv: Any = None) -> tuple[Any, Any, Any, Any]:
        """The gradients of q, k, v and the mask, the first three in arrays that may be given."""
        g = g / total
        gs = v @ np.ascontiguousarray(g.mT)
        if kept is not None:
            gs *= kept
        gs -= np.einsum("...i,...i->...", g, out)[..., None, :]
        gs *= e
        gq, gk = np.matmul(gs.mT, k, out=gq), np.matmul(gs, q, out=gk)
        gq *= scale
        gk *= scale
        return gq, gk, np.matmul(w, g, out=gv), gs.mT

    return out, back


def _column_max(x: Any) -> Any:
    """The largest value of each column, by halves: a few long steps instead of many short ones."""
    while (n := x.shape[-2]) > 1:
        x = np.maximum(x[..., : (n + 1) // 2, :], x[..., n // 2 :, :])
    return x


class MultiheadAttention(Module):
    """Attention in several heads side by side, each in a space of its own.

    output = concat(head_1, ..., head_n) @ W_outᵀ + b_out, where head_i is the attention of the i-th
    parts, embed_dim / num_heads long, of query @ W_qᵀ + b_q, key @ W_kᵀ + b_k, value @ W_vᵀ + b_v.

    Parameters
    ----------
    embed_dim
        the length of the last axis of query and output.
    num_heads
        how many; a divisor of embed_dim.
    dropout
        probability of it on the weights, in training.
    bias
        False for no biases b.
    add_bias_kv
        append a learned key and value to those given.
    add_zero_attn
        append a key and a value of zeros.
    kdim, vdim
        the length of the last axis of key and value; embed_dim if None.
    batch_first
        the first axis of all is the batch, the second the time; else the reverse.
    generator
        where initial values and dropout come from: a generator, or a seed for one; the library's
        own if None.

    Attributes
    ----------
    in_proj_weight
        Parameter (3 * embed_dim, embed_dim), the blocks W_q, W_k, W_v. With other kdim or vdim
        instead q_proj_weight, k_proj_weight, v_proj_weight. Xavier-uniform at first.
    in_proj_bias
        Parameter (3 * embed_dim,), 0 at first; or None.
    out_proj
        a Linear layer; its bias is 0 at first.
    bias_k, bias_v
        Parameters (1, 1, embed_dim), what add_bias_kv appends; or None.

    Raises
    ------
    ValueError
        num_heads does not divide embed_dim; shapes of inputs or masks do not fit.
    TypeError
        an input or a mask is of integers.

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np, nn
    >>> attention, x = nn.MultiheadAttention(8, num_heads=2), np.ones((5, 3, 8), np.float32)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((5, 3, 8), (3, 5, 5))
    """

    _same: ClassVar = {"kdim": "embed_dim", "vdim": "embed_dim"}
    in_proj_weight: Parameter
    q_proj_weight: Parameter
    k_proj_weight: Parameter
    v_proj_weight: Parameter

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: embed_dim {embed_dim} cannot be parted into num_heads "
                f"{num_heads}; expected positive numbers, the first a multiple of the second"
            )
        if not 0 <= dropout <= 1:
            raise ValueError(
                f"MultiheadAttention: dropout is a probability, from 0 to 1; got {dropout}"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.bias, self.add_bias_kv = bias, add_bias_kv
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.add_zero_attn, self.batch_first = add_zero_attn, batch_first
        # A seed makes one generator here: in forward it would make the same mask every time.
        self.generator = None if generator is None else _generator(generator)
        rng = _generator(self.generator)

        def parameter(*shape: int) -> Parameter:
            return Parameter(np.zeros(shape, default_dtype.get()))

        if self.kdim == self.vdim == embed_dim:
            weights = {"in_proj_weight": parameter(3 * embed_dim, embed_dim)}
        else:
            sizes = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
            weights = {f"{x}_proj_weight": parameter(embed_dim, n) for x, n in sizes.items()}
        for name, weight in weights.items():
            setattr(self, name, init.xavier_uniform_(weight, generator=rng))
        self.in_proj_bias = parameter(3 * embed_dim) if bias else None
        self.bias_k: Parameter | None = None
        self.bias_v: Parameter | None = None
        if add_bias_kv:
            self.bias_k = init.xavier_normal_(parameter(1, 1, embed_dim), generator=rng)
            self.bias_v = init.xavier_normal_(parameter(1, 1, embed_dim), generator=rng)
        self.out_proj = Linear(embed_dim, embed_dim, bias, generator=rng)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Attend.

        Parameters
        ----------
        query
            (L, batch, embed_dim); with batch_first (batch, L, embed_dim); or (L, embed_dim).
        key, value
            the same with S for L, and kdim and vdim for embed_dim.
        key_padding_mask
            (batch, S), or (S,). Booleans: True where a key is to be ignored. Floats: added to the
            scores.
        need_weights
            False is faster, and gives None for the weights.
        attn_mask
            (L, S), or (batch * num_heads, L, S). Booleans: True where a query must *not* look at a
            key. Floats: added to the scores.
        average_attn_weights
            the mean over the heads of the weights, or all of them.
        is_causal
            query i may look at the keys up to i only, besides what the masks forbid. In PyTorch it
            is a hint that `attn_mask` says this; here there need not be one.

        Returns
        -------
        output : array
            as query. A query that may look at nothing gets out_proj's bias.
        weights : array
            (batch, L, S), or (batch, num_heads, L, S), or without batch; or None.
        """
        self._check_inputs(query, key, value)
        time = 1 if self.batch_first and query.ndim == 3 else 0
        heads = [self._heads(x, time) for x in self._projections(query, key, value)]
        q, k, v = heads  # (batch, heads, time, embed_dim / num_heads), or without batch
        mask = self._mask(q, k, attn_mask, key_padding_mask, is_causal)
        if self.bias_k is not None:
            k, v = (self._append(x, b) for x, b in ((k, self.bias_k), (v, self.bias_v)))
        if self.add_zero_attn:
            k, v = (self._append(x, np.zeros(self.embed_dim, x.dtype)) for x in (k, v))
        if mask is not None and (more := k.shape[-2] - mask.shape[-1]):
            mask = np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, more)])  # these all may see

        p, weights = self.dropout if self.training else 0.0, None
        if need_weights:
            scores = (q / math.sqrt(q.shape[-1])) @ k.mT
            weights = _softmax(scores if mask is None else scores + mask)
            weights = _dropout(weights, p, True, generator=self.generator)
            out = weights @ v
            weights = weights.mean(axis=-3) if average_attn_weights else weights
        else:
            out = scaled_dot_product_attention(q, k, v, mask, p, generator=self.generator)
        return self.out_proj(np.moveaxis(out, -2, time).reshape(query.shape)), weights

    def _projections(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Query, key and value, each by a linear map of its own."""
        packed = vars(self).get("in_proj_weight")
        if packed is not None and query is key is value:  # one long product
            return np.split(linear(query, packed, self.in_proj_bias), 3, axis=-1)
        weights: list[Any]
        if packed is not None:
            weights = np.split(packed, 3)
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None] * 3 if self.in_proj_bias is None else np.split(self.in_proj_bias, 3)
        return [linear(*args) for args in zip((query, key, value), weights, biases, strict=True)]

    def _heads(self, x: Any, time: int) -> Any:
        """The last axis parted into heads, with the axis of time after that of the heads."""
        parts = x.reshape(*x.shape[:-1], self.num_heads, self.embed_dim // self.num_heads)
        return np.moveaxis(parts, time, -2)

    def _append(self, x: Any, row: Any) -> Any:
        """`x`, (..., heads, S, size), and one more key or value, the same in all examples."""
        row = row.reshape(self.num_heads, 1, self.embed_dim // self.num_heads)
        return np.concatenate([x, np.broadcast_to(row, (*x.shape[:-2], 1, x.shape[-1]))], axis=-2)

    def _mask(self, q: Any, k: Any, attn: Any, padding: Any, is_causal: bool) -> Any:
        """The sum of all masks, to be added to the scores (batch, heads, L, S); or None."""
        scores = *q.shape[:-1], k.shape[-2]
        *batch, heads, queries, keys = scores
        examples = math.prod(batch)
        for name, mask, expected in (
            ("attn_mask", attn, [(queries, keys), (examples * heads, queries, keys)]),
            ("key_padding_mask", padding, [(*batch, keys)]),
        ):
            if mask is not None and mask.shape not in expected:
                raise ValueError(
                    f"{name_of(self)}: got {name} of shape {mask.shape}, expected "
                    + " or ".join(map(str, expected))
                )
        who = "MultiheadAttention"
        attn, padding = (_added_mask(who, mask, True, q.dtype) for mask in (attn, padding))
        if attn is not None and attn.ndim == 3:
            attn = attn.reshape(scores)
        if padding is not None and batch:
            padding = padding[:, None, None]
        causal = causal_mask(queries, keys, q.dtype) if is_causal else None
        return _add_masks(_add_masks(attn, padding), causal)

    def _check_inputs(self, query: Any, key: Any, value: Any) -> None:
        for name, x in (("query", query), ("key", key), ("value", value)):
            expect(self, x, True, "", "fc", name=name)
        q, k, v = query.shape, key.shape, value.shape
        sizes = self.embed_dim, self.kdim, self.vdim
        batch = slice(0, 1) if self.batch_first else slice(1, 2)
        fits = (
            len(q) in (2, 3)
            and len(q) == len(k)
            and k[:-1] == v[:-1]
            and (len(q) == 2 or q[batch] == k[batch])
            and (q[-1], k[-1], v[-1]) == sizes
        )
        if not fits:
            lead = (
                ("batch, L, ", "batch, S, ") if self.batch_first else ("L, batch, ", "S, batch, ")
            )
            expected = [f"({a}{n})" for a, n in zip((*lead, lead[1]), sizes, strict=True)]
            raise ValueError(
                f"{name_of(self)}: got query {q}, key {k}, value {v}, expected "
                f"{', '.join(expected)}, or all without batch"
            )
