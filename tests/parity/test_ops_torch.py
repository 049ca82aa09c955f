"""Every op of the table that PyTorch has too, against PyTorch in float64: the value, the first and
the second derivatives, for shapes and arguments as its row draws them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume

torch = pytest.importorskip("torch")

F, L = torch.nn.functional, torch.linalg
inf, nan = math.inf, math.nan

# What rows do with the numbers drawn before they call the op, in PyTorch.


def near(x: Any) -> Any:
    return 0.3 * torch.tanh(x)


def in_turn(x: Any, *values: float) -> Any:
    """`values` in turn, in the shape of `x`."""
    return torch.tensor(np.resize(np.array(values, float), x.shape))


def spread(x: Any) -> Any:
    return near(x) + in_turn(x, 0, 1.5, -1.5)


def apart(f: Any) -> Any:
    return lambda u, y, n: f((n + 0.5 + 0.4 * torch.tanh(u)) * y, y)


def larger(f: Any) -> Any:
    return lambda x, y: f(near(x), spread(y) + 0.7)


def stepped(f: Any) -> Any:
    return lambda x: f(3.25 + 0.2 * torch.tanh(x))


def in_order(f: Any) -> Any:
    return lambda x, order, **config: f(order + near(x), **config)


def skipping(f: Any, fill: float = nan) -> Any:
    return lambda x, where, **config: f(torch.where(where, x, fill), **config)


def some_zeros(x: Any) -> Any:
    return x * in_turn(x, 1, 0, 1, 0, 1)


def with_holes(x: Any, *holes: float) -> Any:
    return torch.where((h := in_turn(x, *holes)) == 0, x, h)


def joined(parts: Any) -> Any:
    return torch.cat([part.ravel() * (k + 1) for k, part in enumerate(parts)])


def flat(*parts: Any) -> Any:
    real = [p.real.ravel() for p in parts]
    return torch.cat(real + [p.imag.ravel() for p in parts if p.is_complex()])


def columns(v: Any) -> Any:
    return v * v[..., :1, :].conj()


def eye(*sides: int) -> Any:
    return torch.eye(*sides, dtype=torch.float64)


def regular(x: Any) -> Any:
    return torch.tanh(x) / max(x.shape[-1], 1) + 1.5 * eye(x.shape[-1])


def positive(x: Any) -> Any:
    return x @ x.mT + eye(x.shape[-2])


def distinct(x: Any) -> Any:
    m, n = x.shape[-2:]
    return torch.tanh(x) / max(m, n, 1) + 2.5 * eye(m, n) * torch.arange(1, n + 1)


def symmetric(x: Any) -> Any:
    x = distinct(x)
    return (x + x.mT) / 2 - 3.7 * eye(x.shape[-1])


def turning(x: Any) -> Any:
    n, turn = x.shape[-1], torch.tensor([[1.0, -2], [2, 1]], dtype=torch.float64)
    return torch.tanh(x) / n / 2 + F.pad(turn, (0, n - 2, 0, n - 2))


# NumPy's ways of calling, in PyTorch.


def over(f: Any) -> Any:
    """`f`, which takes one `dim`, over one axis, several, none or all."""

    def call(x: Any, dim: Any = None, keepdim: bool = False, **config: Any) -> Any:
        away = list_of(x, dim)
        kept = [d for d in range(x.ndim) if d not in away]
        sides = [x.shape[d] for d in kept]
        rows = x.permute(*kept, *away).reshape(*sides, math.prod(x.shape[d] for d in away))
        y = f(rows, dim=-1, **config)
        if keepdim:
            sides = [1 if d in away else n for d, n in enumerate(x.shape)]
        return y.reshape(*y.shape[: y.ndim - len(kept)], *sides)

    return call


def list_of(x: Any, dim: Any) -> list[int]:
    """None, a number or several as a list of axes of `x`."""
    return list(range(x.ndim)) if dim is None else [d % x.ndim for d in np.ravel(dim).astype(int)]


def flattened(f: Any) -> Any:
    return lambda *xs, **config: f(*(x.ravel() for x in xs), **config)


def or_flat(f: Any) -> Any:
    """`f` along `dim`, or of the flattened tensors if it is None."""

    def call(*xs: Any, dim: Any = None, **config: Any) -> Any:
        return flattened(f)(*xs, dim=0, **config) if dim is None else f(*xs, dim=dim, **config)

    return call


def as_tuple(f: Any) -> Any:
    return lambda *xs, **config: f(xs, **config)


def initially(f: Any, initial: float) -> Any:
    def call(x: Any, dim: int, include_initial: bool) -> Any:
        y = f(x, dim=dim)
        first = torch.full_like(y.sum(dim, keepdim=True), initial)
        return torch.cat([first, y], dim) if include_initial else y

    return or_flat(call)


def quantile(f: Any, scale: float = 1) -> Any:
    def reduce(x: Any, dim: int, q: Any, method: str = "linear") -> Any:
        assume(method in ("linear", "lower", "higher", "midpoint", "nearest"))
        q = torch.tensor(q, dtype=torch.float64) / scale
        y = f(x, q.ravel(), dim=dim, interpolation=method)
        return y.reshape(*q.shape, *y.shape[1:])

    return over(reduce)


def masked(f: Any) -> Any:
    def call(x: Any, dim: Any, keepdim: bool, where: Any, ddof: float) -> Any:
        assume(ddof == 0)
        dims = list_of(x, dim)
        return f(x, dims, unbiased=False, keepdim=keepdim, mask=where)

    return call


def observed(f: Any) -> Any:
    def call(*xs: Any, rowvar: bool, ddof: Any = 1, **config: Any) -> Any:
        if config:
            config["correction"] = 1 if ddof is None else ddof
        return f(
            torch.cat([torch.atleast_2d(x if rowvar else x.T) for x in xs]).squeeze(), **config
        )

    return call


def reshaped(x: Any, shape: Any, order: str) -> Any:
    if order == "C":
        return x.reshape(shape)
    return fortran(fortran(x).reshape(tuple(np.atleast_1d(shape))[::-1]))


def fortran(x: Any) -> Any:
    return x.permute(*reversed(range(x.ndim)))


def meshgrid(*xs: Any, indexing: str, sparse: bool) -> Any:
    assume(not sparse)
    return joined(torch.meshgrid(*xs, indexing=indexing))


def padded(mode: str) -> Any:
    """One axis after the other: PyTorch has these modes for the last axes only."""

    def call(x: Any, pad_width: Any, **_: Any) -> Any:
        for d, widths in enumerate(np.broadcast_to(pad_width, (x.ndim, 2)).tolist()):
            n = x.shape[d]
            assume(mode == "replicate" or max(widths) <= n - (mode == "reflect"))
            rows = x.movedim(d, -1)
            wide = F.pad(rows.reshape(1, -1, n), widths, mode)
            x = wide.reshape(*rows.shape[:-1], -1).movedim(-1, d)
        return x

    return call


def padded_constant(x: Any, pad_width: Any, mode: str, constant_values: Any = 0) -> Any:
    assume(np.ndim(constant_values) == 0)
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))[::-1].ravel().tolist()
    return F.pad(x, pairs, mode, constant_values)


def windows(x: Any, window_shape: Any, dim: Any = None) -> Any:
    for d, n in zip(list_of(x, dim), np.atleast_1d(window_shape).tolist(), strict=True):
        x = x.unfold(d, n, 1)
    return x


def indices_of(index: Any) -> Any:
    """An index as PyTorch reads it: for NumPy an integer next to arrays is one more array."""
    index = index if isinstance(index, tuple) else (index,)
    assume(all(i.step is None or i.step > 0 for i in index if isinstance(i, slice)))
    if any(torch.is_tensor(i) and i.ndim for i in index):
        return tuple(torch.tensor([i]) if isinstance(i, int) else i for i in index)
    return index


def written(x: Any, value: Any, index: Any) -> Any:
    index = indices_of(index)
    places = torch.arange(x.numel()).reshape(x.shape)[index]
    assume(places.numel() == len(places.unique()))  # which of two stays is open in PyTorch
    y = x.clone()
    y[index] = value
    return y


def taken(x: Any, indices: Any, dim: int, mode: str) -> Any:
    i, n = torch.as_tensor(indices), x.shape[dim]
    i = i.clamp(0, n - 1) if mode == "clip" else i % n
    return x[(slice(None),) * (dim % x.ndim) + (i,)]


def put(x: Any, v: Any, ind: Any) -> Any:
    ind = ind % x.numel()
    assume(len(ind.unique()) == len(ind))
    return x.put(ind, cycled(v, len(ind)))


def cycled(v: Any, n: int) -> Any:
    return v.ravel()[torch.arange(n) % v.numel()]


def scattered(x: Any, v: Any, indices: Any, dim: Any) -> Any:
    if dim is None:
        return scattered(x.ravel(), v, indices, 0).reshape(x.shape)
    sides = [*x.shape]
    sides[dim] = indices.shape[dim]
    i = (indices % x.shape[dim]).expand(sides)
    assume(bool(i.sort(dim).values.diff(dim=dim).all()))
    return x.scatter(dim, i, v.expand(sides))


def dot(a: Any, b: Any) -> Any:
    if not (a.ndim and b.ndim):
        return a * b
    return torch.tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)]))


def tensordot(a: Any, b: Any, dim: Any) -> Any:
    return torch.tensordot(
        a, b, dim if isinstance(dim, int) else [np.ravel(d).tolist() for d in dim]
    )


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1) -> Any:
    return L.cross(a.movedim(axisa, -1), b.movedim(axisb, -1)).movedim(-1, axisc)


def convolved(a: Any, v: Any, mode: str) -> Any:
    a, v = (a, v) if len(a) >= len(v) else (v, a)
    full = F.conv1d(a[None, None], v.flip(0)[None, None], padding=len(v) - 1)[0, 0]
    drop = {"full": 0, "same": len(v) - 1, "valid": 2 * len(v) - 2}[mode]
    return full[drop // 2 : len(full) - drop + drop // 2]


def correlated(a: Any, v: Any, mode: str) -> Any:
    assume(len(a) >= len(v) or mode != "same")
    y = convolved(a, v.flip(0), mode)
    return y


def vander(x: Any, N: Any, increasing: bool) -> Any:
    N = len(x) if N is None else N
    assume(N > 1)
    return L.vander(x, N=N).flip(*[()] if increasing else [-1])


def einsum(*xs: Any, subscripts: str, optimize: Any) -> Any:
    return torch.einsum(subscripts, *xs)


def einsum_lists(*xs: Any, subscripts: str, optimize: Any) -> Any:
    def numbers(term: str) -> list[Any]:
        return [... if c == "." else ord(c) - ord("a") for c in term]

    inputs, arrow, output = subscripts.replace("...", ".").partition("->")
    pairs = [i for x, t in zip(xs, inputs.split(","), strict=True) for i in (x, numbers(t))]
    return torch.einsum(*pairs, *[numbers(output)] * bool(arrow))


def solve(a: Any, b: Any) -> Any:
    sides = a.shape[:-1] if b.ndim == 1 else (*a.shape[:-1], b.shape[-1])
    return L.solve(regular(a), b.expand(sides))


def tensorsolve(x: Any, b: Any, dim: Any) -> Any:
    a = regular(x).reshape(2, 3, 6)
    return L.tensorsolve(a, b) if dim is None else L.tensorsolve(a.permute(2, 0, 1), b, dim)


def lstsq(a: Any, b: Any, rcond: Any) -> Any:
    a = distinct(a)
    x = L.lstsq(a, b).solution
    residuals = (b - a @ x).square().sum(0)
    return flat(x, residuals if len(a) > a.shape[1] else residuals[:0], L.svdvals(a))


def svd(x: Any, full_matrices: bool = False) -> Any:
    u, s, vh = L.svd(x, full_matrices=False)
    full = float(full_matrices)  # PyTorch has no gradient of the vectors that are left
    left, right = eye(len(u.mT)) - u @ u.mT, eye(vh.shape[-1]) - vh.mT @ vh
    together = u[..., :1, :] * vh[..., :, :1].mT
    return flat(columns(u), full * left, s, columns(vh.mT), full * right, together)


def spectral(w: Any, v: Any) -> Any:
    return flat(w, columns(v))
