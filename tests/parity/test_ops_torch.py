"""Every op of the table that PyTorch has too, against PyTorch in float64: the value, the first and
the second derivatives, for shapes and arguments as its row draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from op_table import ROWS, Row

from autograd import Tensor, gradients

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
    return list(range(x.ndim)) if dim is None else [int(d) % x.ndim for d in np.ravel(dim)]


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
    return convolved(a, v.flip(0), mode)


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
    left, right = eye(u.shape[-2]) - u @ u.mT, eye(vh.shape[-1]) - vh.mT @ vh
    together = u[..., :1, :] * vh[..., :, :1].mT
    return flat(columns(u), full * left, s, columns(vh.mT), full * right, together)


def spectral(w: Any, v: Any) -> Any:
    return flat(w, columns(v))


def transforms() -> dict[str, Callable[..., Any]]:
    names = "fft ifft rfft irfft hfft ihfft fftn ifftn rfftn irfftn fft2 ifft2 rfft2 irfft2"
    made: dict[str, Callable[..., Any]] = {}
    for name in names.split():
        f = getattr(torch.fft, name)
        made[name] = lambda x, f=f, **config: flat(f(x, **config))
        made[f"{name} of complex"] = lambda x, y, f=f, **config: flat(f(x + 1j * y, **config))
    return {name: f for name, f in made.items() if name in BY_NAME}


def same(names: str) -> dict[str, Callable[..., Any]]:
    """Functions that PyTorch calls by the same name."""
    return {name: getattr(torch, name) for name in names.split()}


BY_NAME = {row.name: row for row in ROWS}

TORCH: dict[str, Callable[..., Any]] = {
    **same("add subtract multiply divide reciprocal negative positive float_power square sqrt"),
    **same("exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sinc hypot arctan2"),
    **same("sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh"),
    **same("deg2rad rad2deg absolute copysign fliplr flipud inner kron matmul"),
    **same("diff trapezoid ravel moveaxis atleast_1d atleast_2d atleast_3d"),
    "remainder": apart(torch.remainder),
    "fmod": apart(torch.fmod),
    "floor_divide": apart(lambda x, y: torch.div(x, y, rounding_mode="floor")),
    "divmod": apart(
        lambda x, y: torch.div(x, y, rounding_mode="floor") + 2 * torch.remainder(x, y)
    ),
    "power": torch.pow,
    "power 2": lambda x: x**2,
    "power -1": lambda x: x**-1,
    "power 2.5": lambda x: x**2.5,
    "2.5 power": lambda y: 2.5**y,
    "float_power 2": lambda x: torch.float_power(x, 2),
    "ldexp": lambda x, n: torch.ldexp(x, n),
    "frexp": lambda x: torch.frexp(x).mantissa,
    "radians": torch.deg2rad,
    "degrees": torch.rad2deg,
    "sinc at 0": lambda x: torch.sinc(x * 0),
    **{name: larger(f) for name, f in same("maximum minimum fmax fmin").items()},
    "fmax of NaN": lambda x, y: torch.fmax(x, with_holes(4 + torch.tanh(y), 0, nan)),
    "clip": lambda x, low, high: torch.clip(spread(x), near(low) - 0.7, near(high) + 0.7),
    "clip above": lambda x: torch.clip(spread(x), None, 0.7),
    "clip below": lambda x: torch.clip(spread(x), 0.7),
    "where": lambda x, y, condition: torch.where(condition, x, y),
    **{name: stepped(f) for name, f in same("floor ceil trunc fix sign round").items()},
    "rint": stepped(torch.round),
    "around": stepped(torch.round),
    "round to 1": lambda x: torch.round(1.53 + 0.01 * torch.tanh(x), decimals=1),
    "round to -1": lambda x: torch.round(13 + torch.tanh(x), decimals=-1),
    "modf": lambda x: torch.frac(x) + 2 * torch.trunc(x),
    "fabs": torch.abs,
    "nan_to_num": lambda x, **c: torch.nan_to_num(with_holes(x, 0, nan, inf, -inf, 0), **c),
    # reductions
    **{f"{name}{how}": over(f) for name, f in same("sum mean prod").items()
       for how in ("", " in float64")},
    "sum where": lambda x, initial, **c: skipping(over(torch.nansum))(x, **c) + initial,
    "nansum": skipping(over(torch.nansum)),
    "mean where": skipping(over(torch.nanmean)),
    "nanmean": skipping(over(torch.nanmean)),
    "prod where": lambda x, initial, **c: skipping(over(torch.prod), 1)(x, **c) * initial,
    "nanprod": skipping(over(torch.prod), 1),
    "prod of zeros": lambda x, **c: over(torch.prod)(some_zeros(x), **c),
    **{
        f"{how}{name}{rest}": in_order(f)
        for name, reduce, clamp, end in
        (("max", torch.amax, "min", -inf), ("min", torch.amin, "max", inf))
        for how, rest, f in (
            ("", "", over(reduce)),
            ("nan", "", skipping(over(reduce), end)),
            ("", " where", skipping(over(lambda x, dim, initial, f=reduce, c=clamp:
                f(x, dim).clamp(**{c: initial})), end)),
            ("", " initial", over(lambda x, dim, initial, f=reduce:
                f(torch.cat([x, torch.full_like(x.sum(dim, keepdim=True), initial)], dim), dim))),
        )
    },
    "cumsum": or_flat(torch.cumsum),
    "cumprod": or_flat(torch.cumprod),
    "cumprod of zeros": lambda x, dim: or_flat(torch.cumprod)(some_zeros(x), dim=dim),
    "cumprod of 9": lambda x: torch.cumprod(torch.cat([x.ravel()] * 3)[:9], 0),
    "nancumsum": skipping(or_flat(torch.cumsum), 0),
    "nancumprod": skipping(or_flat(torch.cumprod), 1),
    "cumulative_sum": initially(torch.cumsum, 0),
    "cumulative_prod": initially(torch.cumprod, 1),
    "diff with ends": lambda x, start, end, n, dim: torch.diff(
        x, n, dim, start, end.expand_as(x.sum(dim, keepdim=True))
    ),
    "ediff1d": flattened(torch.diff),
    "ediff1d with ends": flattened(lambda x, a, b: torch.cat([a, torch.diff(x), b])),
    "trapezoid over x": torch.trapezoid,
    "trapezoid over a vector": torch.trapezoid,
    "gradient": lambda f, **c: torch.gradient(f, **c)[0],
    "gradient, even coordinates": lambda f, **c: torch.gradient(f, spacing=0.5, **c)[0],
    "gradient, uneven coordinates": lambda f, h, **c: torch.gradient(
        f, spacing=(torch.arange(len(h)) + near(h),), **c
    )[0],
    "gradient, all axes": lambda f: sum(
        part * i for i, part in enumerate(torch.gradient(f, spacing=(2.0, 0.5)), 1)
    ),
    "average": over(torch.mean),
    "ptp": in_order(over(lambda x, dim: x.amax(dim) - x.amin(dim))),
    "var": over(lambda x, dim: torch.var(x, dim, correction=0)),
    "std": over(lambda x, dim: torch.std(x, dim, correction=0)),
    **{name: masked(torch.masked.var) for name in ("var where", "nanvar")},
    **{name: masked(torch.masked.std) for name in ("std where", "nanstd")},
    "median": in_order(over(lambda x, dim: torch.quantile(x, 0.5, dim))),
    "nanmedian": in_order(skipping(over(lambda x, dim: torch.nanquantile(x, 0.5, dim)))),
    "quantile": in_order(quantile(torch.quantile)),
    "percentile": in_order(quantile(torch.quantile, 100)),
    "nanquantile": in_order(skipping(quantile(torch.nanquantile))),
    "nanpercentile": in_order(skipping(quantile(torch.nanquantile, 100))),
    "quantile, a matrix of them": in_order(
        lambda x, **c: quantile(torch.quantile)(x, q=[[0.25], [0.9]], **c)
    ),
    **{name: observed(torch.cov) for name in ("cov", "cov of two", "cov with weights")},
    **{name: observed(torch.corrcoef) for name in ("corrcoef", "corrcoef of two")},
    # shapes
    "reshape": reshaped,
    "ravel": lambda x, order: reshaped(x, -1, order),
    "transpose": lambda x, dim: fortran(x) if dim is None else torch.permute(x, dim),
    "swapaxes": lambda x, axis1, axis2: torch.swapaxes(x, axis1, axis2),
    "matrix_transpose": lambda x: x.mT,
    "expand_dims": lambda x, dim: (
        x.unsqueeze(dim) if isinstance(dim, int) else x.unsqueeze(0).unsqueeze(-1)
    ),
    "squeeze": lambda x, dim: x[None].squeeze() if dim is None else x[None].squeeze(dim),
    "broadcast_to": torch.broadcast_to,
    "broadcast_arrays": lambda *xs: joined(torch.broadcast_tensors(*xs)),
    "atleast_2d of several": lambda *xs: joined(torch.atleast_2d(*xs)),
    "meshgrid": meshgrid,
    **dict.fromkeys(("astype", "astype method"), lambda x: x.to(torch.float64)),
    **dict.fromkeys(("copy", "copy method"), torch.clone),
    "concatenate": lambda *xs, dim: torch.cat(xs, dim),
    "concatenate flat": flattened(lambda *xs: torch.cat(xs)),
    "concatenate to float64": lambda *xs, dim: torch.cat(xs, dim),
    "append": lambda *xs, dim: torch.cat(xs, dim),
    "append flat": flattened(lambda *xs: torch.cat(xs)),
    **{name: as_tuple(f) for name, f in same("stack hstack vstack dstack column_stack").items()},
    "hstack of scalars": as_tuple(torch.hstack),
    "vstack of vectors": as_tuple(torch.vstack),
    "dstack of matrices": as_tuple(torch.dstack),
    "split": lambda x, where, dim: joined(torch.tensor_split(x, where, dim)),
    "array_split": lambda x, where, dim: joined(torch.tensor_split(x, where, dim)),
    "hsplit": lambda x, where: joined(torch.hsplit(x, where)),
    "vsplit": lambda x, where: joined(torch.vsplit(x, where)),
    "dsplit": lambda x, where: joined(torch.dsplit(x, where)),
    "split, one piece used": lambda x: torch.tensor_split(x, [1, 2])[1] * 2,
    "unstack": lambda x, dim: joined(torch.unbind(x, dim)),
    "flip": lambda x, dim: torch.flip(x, list_of(x, dim)),
    "rot90": lambda x, k, dim: torch.rot90(x, k, dim),
    "roll": lambda x, shift, dim: torch.roll(x, shift, dim),
    "repeat": lambda x, repeats, dim: torch.repeat_interleave(x, torch.tensor(repeats), dim),
    "tile": lambda x, reps: torch.tile(x, tuple(np.ravel(reps).tolist())),
    "pad constant": padded_constant,
    "pad edge": padded("replicate"),
    "pad reflect": padded("reflect"),
    "pad wrap": padded("circular"),
    "tril": torch.tril,
    "triu": torch.triu,
    "diag": torch.diag,
    "diagflat": torch.diagflat,
    "diagonal": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2),
    "trace": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2).sum(-1),
    "linalg.diagonal": L.diagonal,
    "linalg.trace": lambda x, offset: L.diagonal(x, offset=offset).sum(-1),
    "sliding_window_view": windows,
    # indexing, selecting
    "getitem": lambda x, index: x[indices_of(index)],
    "setitem": written,
    "take": or_flat(taken),
    "take_along_axis": lambda x, indices, dim: or_flat(torch.take_along_dim)(
        x, indices=indices % (x.numel() if dim is None else x.shape[dim]), dim=dim
    ),
    "compress": or_flat(
        lambda x, condition, dim: x.index_select(dim, torch.tensor(condition).nonzero().ravel())
    ),
    "extract": lambda x, condition: torch.masked_select(x, condition),
    "sort": or_flat(lambda x, dim, kind: torch.sort(x, dim).values),
    "partition": or_flat(lambda x, dim, kth: torch.kthvalue(x, kth + 1, dim).values),
    "put": put,
    "put_along_axis": scattered,
    "place": lambda x, v, mask: x.masked_scatter(mask, cycled(v, x.numel())),
    "putmask": lambda x, v, mask: torch.where(mask, cycled(v, x.numel()).reshape(x.shape), x),
    "copyto": lambda x, v, where: torch.where(torch.as_tensor(where), v, x),
    # products
    "dot": dot,
    "outer": flattened(torch.outer),
    "linalg.outer": torch.outer,
    "vdot": flattened(torch.vdot),
    "vecdot": L.vecdot,
    "linalg.vecdot": L.vecdot,
    "tensordot": tensordot,
    "linalg.tensordot": tensordot,
    "cross": cross,
    "cross along": L.cross,
    "linalg.cross": L.cross,
    "multi_dot": as_tuple(L.multi_dot),
    "matrix_power": L.matrix_power,
    "vander": vander,
    "convolve": convolved,
    "correlate": correlated,
    "matvec": lambda a, x: torch.matmul(a, x[..., None])[..., 0],
    "vecmat": lambda x, a: torch.matmul(x[..., None, :], a)[..., 0, :],
    **{name: einsum for name in ("einsum", "einsum ...", "einsum optimize")},
    "einsum lists": einsum_lists,
    # linalg
    "inv": lambda x: L.inv(regular(x)),
    "solve": solve,
    "tensorsolve": tensorsolve,
    "tensorinv": lambda x, ind: L.tensorinv(
        regular(x).reshape((2, 3, 6) if ind == 2 else (6, 3, 2)), ind
    ),
    "pinv": lambda x: L.pinv(distinct(x)),
    "pinv of a lower rank": lambda x, y, **_: L.pinv(x[:, None] * (2 + torch.tanh(y))),
    "lstsq": lstsq,
    "det": L.det,
    "slogdet": lambda x: flat(*L.slogdet(regular(x))),
    "cholesky": lambda x, upper: L.cholesky(positive(x), upper=upper),
    "qr": lambda x: flat(*L.qr(distinct(x))),
    "qr r": lambda x: L.qr(distinct(x)).R,
    "eigh": lambda x, UPLO: spectral(*L.eigh(symmetric(x), UPLO)),
    "eigvalsh": lambda x, UPLO: L.eigvalsh(symmetric(x), UPLO),
    "eig": lambda x: spectral(*(part.real for part in L.eig(distinct(x)))),
    "eig complex": lambda x: spectral(*L.eig(turning(x))),
    "eigvals": lambda x: flat(L.eigvals(turning(x))),
    "svd": lambda x, **c: svd(distinct(x), **c),
    "svd hermitian": lambda x: svd(symmetric(x), True),
    "svd values": lambda x, hermitian: L.svdvals(symmetric(x)),
    "svdvals": lambda x: L.svdvals(distinct(x)),
    "norm": L.norm,
    "norm of all": L.norm,
    "norm of matrices": L.norm,
    "vector_norm": over(lambda x, dim, ord: L.vector_norm(x, 2 if ord is None else ord, dim)),
    "matrix_norm": lambda x, ord, keepdim: L.matrix_norm(
        distinct(x), ord or "fro", keepdim=keepdim
    ),
    "cond": lambda x, p: L.cond(distinct(x), p),
    **transforms(),
    "fftshift": lambda x, dim: torch.fft.fftshift(x, list_of(x, dim)),
    "ifftshift": lambda x, dim: torch.fft.ifftshift(x, list_of(x, dim)),
    # complexes
    "real": lambda x, y: torch.real(x + 1j * y) * x,
    "imag": lambda x, y: torch.imag(x + 1j * y) * y,
    "conjugate": lambda x, y: flat(torch.conj(x + 1j * y)),
    "conjugate of real": torch.conj,
    "angle": lambda x, y, deg: (torch.rad2deg if deg else torch.positive)(torch.angle(x + 1j * y)),
    "angle of real": lambda x, deg: (torch.rad2deg if deg else torch.positive)(torch.angle(x)),
}  # fmt: skip

NOT_IN_TORCH: dict[str, str] = {
    **dict.fromkeys(("fill_diagonal",), "with a number that has no gradient only"),
    "real of real": "torch.imag refuses real tensors",
}


# The arguments of a row reach its function here by these names, with tensors for arrays.
NAMES = {"axis": "dim", "axes": "dim", "keepdims": "keepdim"}


def for_torch(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.tensor(value.astype(int) if value.dtype.kind in "iu" else value)
    if isinstance(value, np.integer):
        return int(value)
    return type(value)(map(for_torch, value)) if isinstance(value, tuple) else value


def filled(grads: Any, like: Any) -> Any:
    return [
        np.zeros(x.shape) if g is None else (g.detach() if hasattr(g, "detach") else g)
        for g, x in zip(grads, like, strict=True)
    ]


def ours(f: Any, arrays: Any, v: Any, ws: Any) -> list[Any]:
    """The value, <v, df>, and what <<v, df>, w> depends on by the arrays and by v."""
    xs, v = [Tensor(a, requires_grad=True) for a in arrays], Tensor(v, requires_grad=True)
    y = f(*xs)
    first = gradients(y, xs, v, create_graph=True)
    plain = gradients(f(*xs), xs, v.detach().numpy())
    s = sum((g * w).sum() for g, w in zip(first, ws, strict=True) if g is not None)
    tracked = getattr(s, "requires_grad", False)
    second = gradients(s, [*xs, v]) if tracked else [None] * (len(xs) + 1)
    return [y.detach(), *filled(first, xs), *filled(plain, xs), *filled(second, [*xs, v])]


def theirs(f: Any, arrays: Any, v: Any, ws: Any) -> list[Any]:
    xs, v = [torch.tensor(a, requires_grad=True) for a in arrays], torch.tensor(v)
    y = f(*xs)
    v.requires_grad_()
    options = {"allow_unused": True}
    first = torch.autograd.grad(y, xs, v, create_graph=True, **options)
    s = sum((g * torch.tensor(w)).sum() for g, w in zip(first, ws, strict=True) if g is not None)
    tracked = getattr(s, "requires_grad", False)
    second = torch.autograd.grad(s, [*xs, v], **options) if tracked else [None] * (len(xs) + 1)
    first = filled(first, xs)
    return [y.detach(), *first, *first, *filled(second, [*xs, v])]


@pytest.mark.parametrize("row", [r for r in ROWS if r.name in TORCH], ids=lambda row: row.name)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(data=st.data())
def test_agrees_with_torch(row: Row, data: Any) -> None:
    shapes, config = data.draw(row.shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [row.domain(i)(np.array(rng.standard_normal(s))) for i, s in enumerate(shapes)]
    value = np.asarray(row.call(*arrays, **config))
    v, *ws = [np.array(rng.standard_normal(s)) for s in (value.shape, *shapes)]
    t_config = {NAMES.get(k, k): for_torch(c) for k, c in config.items()}
    expected = theirs(lambda *xs: TORCH[row.name](*xs, **t_config), arrays, v, ws)
    got = ours(lambda *xs: row.call(*xs, **config), arrays, v, ws)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == tuple(b.shape)
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-8, atol=1e-10)


def test_every_row_is_compared_or_has_a_reason() -> None:
    assert not TORCH.keys() & NOT_IN_TORCH.keys()
    assert BY_NAME.keys() - TORCH.keys() - NOT_IN_TORCH.keys() == set()
