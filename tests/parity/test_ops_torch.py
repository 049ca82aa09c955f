"""Every op of the table that PyTorch has too, against PyTorch in float64: the value, the first and
the second derivatives, for shapes and arguments as its row draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tables.ops import ROWS, Row

from autograd import Tensor, gradients

torch = pytest.importorskip("torch")

F, L = torch.nn.functional, torch.linalg
eye = partial(torch.eye, dtype=torch.float64)

# What rows do with the numbers drawn before they call the op, in PyTorch.


def near(x: Any) -> Any:
    return 0.3 * torch.tanh(x)


def in_turn(x: Any, *values: float) -> Any:
    """`values` in turn, in the shape of `x`."""
    return torch.tensor(np.resize(np.array(values, float), x.shape))


def spread(x: Any) -> Any:
    return near(x) + in_turn(x, 0, 1.5, -1.5)


def in_order(f: Any) -> Any:
    return lambda x, order, **config: f(order + near(x), **config)


def skipping(f: Any, fill: float = nan) -> Any:
    return lambda x, where, **config: f(torch.where(where, x, fill), **config)


def with_holes(x: Any, *holes: float) -> Any:
    return torch.where((h := in_turn(x, *holes)) == 0, x, h)


def joined(parts: Any) -> Any:
    return torch.cat([part.ravel() * (k + 1) for k, part in enumerate(parts)])


def flat(*parts: Any) -> Any:
    real = [p.real.ravel() for p in parts]
    return torch.cat(real + [p.imag.ravel() for p in parts if p.is_complex()])


def columns(v: Any) -> Any:
    return v * v[..., :1, :].conj()


def regular(x: Any) -> Any:
    return torch.tanh(x) / max(x.shape[-1], 1) + 1.5 * eye(x.shape[-1])


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


def list_of(x: Any, dim: Any) -> list[int]:
    """None, a number or several as a list of axes of `x`."""
    return list(range(x.ndim)) if dim is None else [int(d) % x.ndim for d in np.ravel(dim)]


def over(f: Any) -> Any:
    """`f`, which takes one `dim`, over one axis, several, none or all."""

    def call(x: Any, dim: Any = None, keepdim: bool = False, **config: Any) -> Any:
        away = list_of(x, dim)
        kept = [d for d in range(x.ndim) if d not in away]
        sides = [x.shape[d] for d in kept]
        y = x.permute((*kept, *away)).reshape(*sides, math.prod(x.shape[d] for d in away))
        y = f(y, dim=-1, **config)
        if keepdim:
            sides = [1 if d in away else n for d, n in enumerate(x.shape)]
        return y.reshape((*y.shape[: y.ndim - len(kept)], *sides))

    return call


def flattened(f: Any) -> Any:
    return lambda *xs, **config: f(*(x.ravel() for x in xs), **config)


def or_flat(f: Any) -> Any:
    """`f` along `dim`, or of the flattened tensors if it is None."""
    return lambda *xs, dim=None, **config: (
        flattened(f)(*xs, dim=0, **config) if dim is None else f(*xs, dim=dim, **config)
    )


def as_tuple(f: Any) -> Any:
    return lambda *xs, **config: f(xs, **config)


def extreme(f: Any, worst: float) -> dict[str, Any]:
    """The rows of `torch.amax` or `torch.amin`."""

    def initially(x: Any, dim: int, initial: float) -> Any:
        return f(torch.cat([x, torch.full_like(x.sum(dim, keepdim=True), initial)], dim), dim)

    return {
        f.__name__[1:]: in_order(over(f)),
        f"{f.__name__[1:]} initial": in_order(over(initially)),
        f"{f.__name__[1:]} where": in_order(skipping(over(initially), worst)),
        f"nan{f.__name__[1:]}": in_order(skipping(over(f), worst)),
    }


def initially(f: Any, initial: float) -> Any:
    def call(x: Any, dim: int, include_initial: bool) -> Any:
        first = torch.full_like(x.sum(dim, keepdim=True), initial)
        return torch.cat([first] * include_initial + [f(x, dim=dim)], dim)

    return or_flat(call)


def quantile(f: Any, scale: float = 1) -> Any:
    def reduce(x: Any, dim: int, q: Any, method: str = "linear") -> Any:
        assume(method in ("linear", "lower", "higher", "midpoint", "nearest"))
        q = torch.tensor(q, dtype=torch.float64) / scale
        y = f(x, q.ravel(), dim=dim, interpolation=method)
        return y.reshape((*q.shape, *y.shape[1:]))

    return over(reduce)


def masked(f: Any) -> Any:
    def call(x: Any, dim: Any, keepdim: bool, where: Any, ddof: float) -> Any:
        assume(ddof == 0 and dim != ())
        return varied(f(x, list_of(x, dim), unbiased=False, keepdim=keepdim, mask=where))

    return call


def varied(y: Any) -> Any:
    """`y`, unless it is a deviation of 0, where PyTorch's second derivative is NaN."""
    assume(bool((y > 0).all()))
    return y


def observed(f: Any) -> Any:
    def call(*xs: Any, rowvar: bool, ddof: Any = None, **config: Any) -> Any:
        if config:
            config["correction"] = 1 if ddof is None else ddof
        rows = [torch.atleast_2d(x if rowvar or x.ndim == 1 else x.T) for x in xs]
        return f(torch.cat(rows).squeeze(), **config)

    return call


def fortran(x: Any) -> Any:
    return x.permute(tuple(reversed(range(x.ndim))))


def reshaped(x: Any, shape: Any, order: str) -> Any:
    back = tuple(np.atleast_1d(shape).tolist())[::-1]
    return x.reshape(shape) if order == "C" else fortran(fortran(x).reshape(back))


def meshgrid(*xs: Any, indexing: str, sparse: bool) -> Any:
    assume(not sparse)
    return joined(torch.meshgrid(*xs, indexing=indexing))


def padded(x: Any, pad_width: Any, mode: str, constant_values: Any = 0) -> Any:
    """One axis after the other: PyTorch has most modes for the last axes only."""
    mode = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    assume(np.ndim(constant_values) == 0)
    for d, widths in enumerate(np.broadcast_to(pad_width, (x.ndim, 2)).tolist()):
        rows = x.movedim(d, -1)
        lines = rows.reshape(1, math.prod(rows.shape[:-1]), x.shape[d])
        wide = F.pad(lines, widths, mode, constant_values or None)
        x = wide.reshape(*rows.shape[:-1], wide.shape[-1]).movedim(-1, d)
    return x


def windows(x: Any, window_shape: Any, dim: Any = None) -> Any:
    for d, n in zip(list_of(x, dim), np.ravel(window_shape).tolist(), strict=True):
        x = x.unfold(d, n, 1)
    return x


def place(index: Any) -> Any:
    """An index as PyTorch reads it: for NumPy an integer next to arrays is one more array."""
    index = index if isinstance(index, tuple) else (index,)
    assume(all(i.step is None or i.step > 0 for i in index if isinstance(i, slice)))
    arrays = any(torch.is_tensor(i) and i.ndim for i in index)
    return tuple(torch.tensor([i]) if arrays and isinstance(i, int) else i for i in index)


def written(x: Any, value: Any, index: Any) -> Any:
    index, y = place(index), x.clone()
    places = torch.arange(x.numel()).reshape(x.shape)[index]
    assume(places.numel() == len(places.unique()))  # which of two stays is open in PyTorch
    y[index] = value
    return y


def taken(x: Any, indices: Any, dim: int, mode: str) -> Any:
    i, n = torch.as_tensor(indices), x.shape[dim]
    i = i.clamp(0, n - 1) if mode == "clip" else i % n
    return x[(slice(None),) * (dim % x.ndim) + (i,)]


def cycled(v: Any, n: int) -> Any:
    return v.ravel()[torch.arange(n) % v.numel()]


def put(x: Any, v: Any, ind: Any) -> Any:
    assume(len((ind % x.numel()).unique()) == len(ind))
    return x.put(ind % x.numel(), cycled(v, len(ind)))


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
    pairs = dim if isinstance(dim, int) else [np.ravel(d).tolist() for d in dim]
    return torch.tensordot(a, b, pairs)


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1) -> Any:
    a, b = torch.broadcast_tensors(a.movedim(axisa, -1), b.movedim(axisb, -1))
    return L.cross(a, b).movedim(-1, axisc)


def convolved(a: Any, v: Any, mode: str) -> Any:
    a, v = (a, v) if len(a) >= len(v) else (v, a)
    full = F.conv1d(a[None, None], v.flip(0)[None, None], padding=len(v) - 1)[0, 0]
    drop = {"full": 0, "same": len(v) - 1, "valid": 2 * len(v) - 2}[mode]
    return full[drop // 2 : len(full) - drop + drop // 2]


def lstsq(a: Any, b: Any, rcond: Any) -> Any:
    a = distinct(a)
    x = L.lstsq(a, b).solution
    return flat(x, (b - a @ x).square().sum(0) if len(a) > a.shape[1] else x[:0], L.svdvals(a))


def svd(x: Any, full_matrices: bool = False) -> Any:
    u, s, vh = L.svd(x, full_matrices=False)
    left, right = eye(u.shape[-2]) - u @ u.mT, eye(vh.shape[-1]) - vh.mT @ vh
    rest = float(full_matrices)  # PyTorch has no gradient of the vectors that make it full
    together = u[..., :1, :] * vh[..., :, :1].mT
    return flat(columns(u), rest * left, s, columns(vh.mT), rest * right, together)


def cond(x: Any, p: Any) -> Any:
    x = distinct(x)
    if p in (None, 2, -2, "nuc"):
        return L.cond(x, p)
    return L.matrix_norm(x, p) * L.matrix_norm(L.inv(x), p)  # L.cond fails in its derivative


def transform(name: str) -> Any:
    f = getattr(torch.fft, name.removesuffix(" of complex"))
    return lambda *xs, **config: flat(f(torch.complex(*xs) if xs[1:] else xs[0], **config))


def same(names: str) -> dict[str, Callable[..., Any]]:
    """Functions that PyTorch calls by the same name."""
    return {name: getattr(torch, name) for name in names.split()}


FFT = (
    "fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fftn", "ifftn", "rfftn", "irfftn",
    "fft2", "ifft2", "rfft2", "irfft2",
)  # fmt: skip
JOINS = same("stack hstack vstack dstack column_stack")
STEPS = {**same("floor ceil trunc fix sign round"), "rint": torch.round, "around": torch.round}


def floor_divide(x: Any, y: Any) -> Any:
    return torch.div(x, y, rounding_mode="floor")


TORCH: dict[str, Callable[..., Any]] = {
    # elementwise, trigonometric, choices
    **same("add subtract multiply divide reciprocal negative positive float_power square sqrt"),
    **same("exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 hypot arctan2 copysign sinc"),
    **same("sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh absolute"),
    **same("deg2rad rad2deg"), "radians": torch.deg2rad, "degrees": torch.rad2deg,
    **{name: lambda u, y, n, f=f: f((n + 0.5 + 0.4 * torch.tanh(u)) * y, y) for name, f in {
        **same("remainder fmod"), "floor_divide": floor_divide,
        "divmod": lambda x, y: floor_divide(x, y) + 2 * torch.remainder(x, y),
    }.items()},
    "power": torch.pow,
    "power 2": lambda x: x**2,
    "power -1": lambda x: x**-1,
    "power 2.5": lambda x: x**2.5,
    "2.5 power": lambda y: 2.5**y,
    "float_power 2": lambda x: torch.float_power(x, 2),
    "ldexp": lambda x, n: torch.ldexp(x, n.double()),  # of whole n < 0 the gradient is 0
    "frexp": lambda x: torch.frexp(x).mantissa,
    "modf": lambda x: torch.frac(x) + 2 * torch.trunc(x),
    "fabs": torch.abs,
    **{name: lambda x, y, f=f: f(near(x), spread(y) + 0.7)
       for name, f in same("maximum minimum fmax fmin").items()},
    "fmax of NaN": lambda x, y: torch.fmax(x, with_holes(4 + torch.tanh(y), 0, nan)),
    "clip": lambda x, low, high: torch.clip(spread(x), near(low) - 0.7, near(high) + 0.7),
    "clip above": lambda x: torch.clip(spread(x), None, 0.7),
    "clip below": lambda x: torch.clip(spread(x), 0.7),
    "where": lambda x, y, condition: torch.where(condition, x, y),
    **{name: lambda x, f=f: f(3.25 + 0.2 * torch.tanh(x)) for name, f in STEPS.items()},
    "round to 1": lambda x: torch.round(1.53 + 0.01 * torch.tanh(x), decimals=1),
    "round to -1": lambda x: torch.round(13 + torch.tanh(x), decimals=-1),
    "nan_to_num": lambda x, **c: torch.nan_to_num(with_holes(x, 0, nan, inf, -inf, 0), **c),
    # reductions, cumulative, statistics
    **{name: over(f) for name, f in same("sum mean prod").items()},
    **{f"{name} in float64": over(f) for name, f in same("sum mean prod").items()},
    "sum where": lambda x, initial, **c: skipping(over(torch.nansum))(x, **c) + initial,
    "prod where": lambda x, initial, **c: skipping(over(torch.prod), 1)(x, **c) * initial,
    "nansum": skipping(over(torch.nansum)),
    "nanprod": skipping(over(torch.prod), 1),
    **dict.fromkeys(("nanmean", "mean where"), skipping(over(torch.nanmean))),
    "prod of zeros": lambda x, **c: over(torch.prod)(x * in_turn(x, 1, 0, 1, 0, 1), **c),
    **extreme(torch.amax, -inf),
    **extreme(torch.amin, inf),
    "ptp": in_order(over(lambda x, dim: x.amax(dim) - x.amin(dim))),
    **{name: or_flat(f) for name, f in same("cumsum cumprod").items()},
    "cumprod of zeros": lambda x, dim: or_flat(torch.cumprod)(
        x * in_turn(x, 1, 0, 1, 0, 1), dim=dim),
    "cumprod of 9": lambda x: torch.cumprod(torch.cat([x.ravel()] * 3)[:9], 0),
    "nancumsum": skipping(or_flat(torch.cumsum), 0),
    "nancumprod": skipping(or_flat(torch.cumprod), 1),
    "cumulative_sum": initially(torch.cumsum, 0),
    "cumulative_prod": initially(torch.cumprod, 1),
    "diff": torch.diff,
    "diff with ends": lambda x, start, end, n, dim: torch.diff(
        x, n, dim, start, end.expand_as(x.sum(dim, keepdim=True))),
    "ediff1d": flattened(torch.diff),
    "ediff1d with ends": flattened(lambda x, a, b: torch.cat([a, torch.diff(x), b])),
    **dict.fromkeys(("trapezoid", "trapezoid over x", "trapezoid over a vector"), torch.trapezoid),
    "gradient": lambda f, **c: torch.gradient(f, **c)[0],
    "gradient, even coordinates": lambda f, **c: torch.gradient(f, spacing=0.5, **c)[0],
    "gradient, uneven coordinates": lambda f, h, **c: torch.gradient(
        f, spacing=(torch.arange(len(h)) + near(h),), **c)[0],
    "gradient, all axes": lambda f: sum(
        part * i for i, part in enumerate(torch.gradient(f, spacing=(2.0, 0.5)), 1)),
    "average": over(torch.mean),
    "var": over(lambda x, dim: torch.var(x, dim, correction=0)),
    "std": over(lambda x, dim: varied(torch.std(x, dim, correction=0))),
    **dict.fromkeys(("var where", "nanvar"), masked(torch.masked.var)),
    **dict.fromkeys(("std where", "nanstd"), masked(torch.masked.std)),
    "median": in_order(over(lambda x, dim: torch.quantile(x, 0.5, dim))),
    "nanmedian": in_order(skipping(over(lambda x, dim: torch.nanquantile(x, 0.5, dim)))),
    "quantile": in_order(quantile(torch.quantile)),
    "percentile": in_order(quantile(torch.quantile, 100)),
    "nanquantile": in_order(skipping(quantile(torch.nanquantile))),
    "nanpercentile": in_order(skipping(quantile(torch.nanquantile, 100))),
    "quantile, a matrix of them": in_order(
        lambda x, **c: quantile(torch.quantile)(x, q=[[0.25], [0.9]], **c)),
    **dict.fromkeys(("cov", "cov of two", "cov with weights"), observed(torch.cov)),
    **dict.fromkeys(("corrcoef", "corrcoef of two"), observed(torch.corrcoef)),
    # shapes, joins, rearrange
    **same("moveaxis atleast_1d atleast_2d atleast_3d fliplr flipud"),
    "reshape": reshaped,
    "ravel": lambda x, order: reshaped(x, -1, order),
    "transpose": lambda x, dim: fortran(x) if dim is None else torch.permute(x, dim),
    "swapaxes": lambda x, axis1, axis2: torch.swapaxes(x, axis1, axis2),
    "matrix_transpose": lambda x: x.mT,
    "expand_dims": lambda x, dim: (
        x.unsqueeze(dim) if isinstance(dim, int) else x.unsqueeze(0).unsqueeze(-1)),
    "squeeze": lambda x, dim: x[None].squeeze() if dim is None else x[None].squeeze(dim),
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
    "full_like": lambda x, dtype: torch.broadcast_to(x, (2, 3)),
    "broadcast_arrays": lambda *xs: joined(torch.broadcast_tensors(*xs)),
    "atleast_2d of several": lambda *xs: joined(torch.atleast_2d(*xs)),
    "meshgrid": meshgrid,
    **dict.fromkeys(("astype", "astype method"), lambda x: x.to(torch.float64)),
    **dict.fromkeys(("copy", "copy method"), torch.clone),
    **dict.fromkeys(("concatenate", "concatenate to float64", "append"), as_tuple(torch.cat)),
    **dict.fromkeys(("concatenate flat", "append flat"), flattened(as_tuple(torch.cat))),
    **{name: as_tuple(f) for name, f in JOINS.items()},
    "hstack of scalars": as_tuple(torch.hstack),
    "vstack of vectors": as_tuple(torch.vstack),
    "dstack of matrices": as_tuple(torch.dstack),
    **dict.fromkeys(("split", "array_split"), lambda x, where, dim: joined(
        torch.tensor_split(x, where, dim))),
    **{name: lambda x, where, f=f: joined(f(x, where))
       for name, f in same("hsplit vsplit dsplit").items()},
    "split, one piece used": lambda x: torch.tensor_split(x, [1, 2])[1] * 2,
    "unstack": lambda x, dim: joined(torch.unbind(x, dim)),
    "flip": lambda x, dim: torch.flip(x, list_of(x, dim)),
    "rot90": lambda x, k, dim: torch.rot90(x, k, dim),
    "roll": lambda x, shift, dim: torch.roll(x, shift, dim),
    "repeat": lambda x, repeats, dim: torch.repeat_interleave(x, torch.tensor(repeats), dim),
    "tile": lambda x, reps: torch.tile(x, tuple(np.ravel(reps).tolist())),
    **dict.fromkeys(("pad constant", "pad edge", "pad reflect", "pad wrap"), padded),
    **{name: lambda x, k, f=f: f(x, k) for name, f in same("tril triu diag diagflat").items()},
    "diagonal": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2),
    "trace": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2).sum(-1),
    "linalg.diagonal": L.diagonal,
    "linalg.trace": lambda x, offset: L.diagonal(x, offset=offset).sum(-1),
    "sliding_window_view": windows,
    # indexing, selecting
    "getitem": lambda x, index: x[place(index)],
    "setitem": written,
    "take": or_flat(taken),
    "take_along_axis": or_flat(lambda x, indices, dim: torch.take_along_dim(
        x, indices % x.shape[dim], dim)),
    "compress": or_flat(lambda x, condition, dim: x.index_select(
        dim, torch.tensor(condition).nonzero().ravel())),
    "extract": lambda x, condition: torch.masked_select(x, condition),
    "sort": or_flat(lambda x, dim, kind: torch.sort(x, dim).values),
    "partition": or_flat(lambda x, dim, kth: torch.kthvalue(x, kth + 1, dim).values),
    "put": put,
    "put_along_axis": scattered,
    "place": lambda x, v, mask: x.masked_scatter(mask, cycled(v, x.numel())),
    "putmask": lambda x, v, mask: torch.where(mask, cycled(v, x.numel()).reshape(x.shape), x),
    "copyto": lambda x, v, where: torch.where(torch.as_tensor(where), v, x),
    # products, einsum
    **same("inner kron matmul"),
    "dot": dot,
    "outer": flattened(torch.outer),
    "linalg.outer": torch.outer,
    "vdot": flattened(torch.vdot),
    **dict.fromkeys(("vecdot", "linalg.vecdot"), L.vecdot),
    **dict.fromkeys(("tensordot", "linalg.tensordot"), tensordot),
    "cross": cross,
    **dict.fromkeys(("cross along", "linalg.cross"), L.cross),
    "multi_dot": as_tuple(L.multi_dot),
    "matrix_power": L.matrix_power,
    "vander": lambda x, N, increasing: L.vander(x, N=N or len(x)).flip([-1] * (not increasing)),
    "convolve": convolved,
    "correlate": lambda a, v, mode: (
        convolved(a, v.flip(0), mode) if len(a) >= len(v)
        else convolved(v, a.flip(0), mode).flip(0)),
    "matvec": lambda a, x: torch.matmul(a, x[..., None])[..., 0],
    "vecmat": lambda x, a: torch.matmul(x[..., None, :], a)[..., 0, :],
    **dict.fromkeys(("einsum", "einsum ...", "einsum optimize", "einsum lists"),
                    lambda *xs, subscripts, optimize: torch.einsum(subscripts, *xs)),
    # linalg
    "inv": lambda x: L.inv(regular(x)),
    "solve": lambda a, b: L.solve(regular(a), b.expand(*a.shape[:-1], *b.shape[1:][-1:])),
    "tensorsolve": lambda x, b, dim: L.tensorsolve(
        regular(x).reshape(2, 3, 6).permute((0, 1, 2) if dim is None else (2, 0, 1)), b, dim),
    "tensorinv": lambda x, ind: L.tensorinv(
        regular(x).reshape((2, 3, 6) if ind == 2 else (6, 3, 2)), ind),
    "pinv": lambda x: L.pinv(distinct(x)),
    "pinv of a lower rank": lambda x, y, **_: L.pinv(x[:, None] * (2 + torch.tanh(y))),
    "lstsq": lstsq,
    "det": L.det,
    "slogdet": lambda x: flat(*L.slogdet(regular(x))),
    "cholesky": lambda x, upper: L.cholesky(x @ x.mT + eye(x.shape[-2]), upper=upper),
    "qr": lambda x: flat(*L.qr(distinct(x))),
    "qr r": lambda x: L.qr(distinct(x)).R,
    "eigh": lambda x, UPLO: flat((e := L.eigh(symmetric(x), UPLO))[0], columns(e[1])),
    "eigvalsh": lambda x, UPLO: L.eigvalsh(symmetric(x), UPLO),
    "eig": lambda x: flat((e := L.eig(distinct(x)))[0].real, columns(e[1]).real),
    "eig complex": lambda x: flat((e := L.eig(turning(x)))[0], columns(e[1])),
    "eigvals": lambda x: flat(L.eigvals(turning(x))),
    "svd": lambda x, full_matrices: svd(distinct(x), full_matrices),
    "svd hermitian": lambda x: svd(symmetric(x)),
    "svd values": lambda x, hermitian: L.svdvals(symmetric(x)),
    "svdvals": lambda x: L.svdvals(distinct(x)),
    **dict.fromkeys(("norm", "norm of all", "norm of matrices"), L.norm),
    "vector_norm": over(lambda x, dim, **c: L.vector_norm(
        x, 2 if c["ord"] is None else c["ord"], dim)),
    "matrix_norm": lambda x, keepdim, **c: L.matrix_norm(
        distinct(x), c["ord"] or "fro", keepdim=keepdim),
    "cond": cond,
    # fft, complexes
    **{name: transform(name) for name in FFT},
    **{f"{name} of complex": transform(name) for name in FFT if name[0] != "r" and name != "ihfft"},
    "fftshift": lambda x, dim: torch.fft.fftshift(x, list_of(x, dim)),
    "ifftshift": lambda x, dim: torch.fft.ifftshift(x, list_of(x, dim)),
    "real": lambda x, y: torch.real(torch.complex(x, y)) * x,
    "imag": lambda x, y: torch.imag(torch.complex(x, y)) * y,
    "conjugate": lambda x, y: flat(torch.conj(torch.complex(x, y))),
    "conjugate of real": torch.conj,
    "angle": lambda x, y, deg: torch.angle(torch.complex(x, y)) * (180 / math.pi if deg else 1),
    "angle of real": lambda x, deg: torch.angle(x) * (180 / math.pi if deg else 1),
}  # fmt: skip

NOT_IN_TORCH: dict[str, str] = {
    **dict.fromkeys((
        "cbrt", "unwrap", "select", "piecewise", "interp", "interp, periodic", "choose", "resize",
        "delete", "insert", "rollaxis", "block", "block of vectors", "polyval", "pad symmetric",
        "real_if_close", "real_if_close dropped", "real_if_close kept", "logspace", "geomspace",
        "apply_along_axis", "apply_over_axes",
    ), "no such function"),
    **dict.fromkeys(("average with weights", "average, returned", "quantile with weights"),
                    "takes no weights"),
    **dict.fromkeys(("var about a mean", "std about a mean"), "does not take the mean"),
    **dict.fromkeys(("heaviside", "heaviside at 0", "bincount", "linspace",
                     "linspace and its step", "histogram by weights", "histogram2d by weights",
                     "histogramdd by weights"), "has no gradient"),
    "fill_diagonal": "takes one number, which has no gradient",
    "sinc at 0": "the second derivative is NaN",
    "real of real": "torch.imag refuses real tensors",
}  # fmt: skip

# The arguments of a row reach its function here by these names, with tensors for arrays.
NAMES = {"axis": "dim", "axes": "dim", "keepdims": "keepdim"}
# What PyTorch says of some shapes and arguments that NumPy takes; such draws are left out.
REFUSALS = (
    "FFT dims must be unique", "`shifts` required", "doesn't match the broadcast shape",
    "does not require grad", "must have at least 2 dimensions", "N must be greater than 1",
    "Padding size should be less than", "Padding value causes wrapping around more than once",
)  # fmt: skip


def for_torch(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.tensor(value.astype(int) if value.dtype.kind in "iu" else value)
    return tuple(map(for_torch, value)) if isinstance(value, tuple) else value


def derivatives(grad: Any, f: Any, xs: list[Any], v: Any, ws: list[Any]) -> list[Any]:
    """The value y, the gradients of <y, v> by xs, and those of <them, ws> by xs and by v."""
    y = f(*xs)
    first = grad(y, xs, v, create_graph=True)
    total = sum((g * w).sum() for g, w in zip(first, ws, strict=True) if g is not None)
    tracked = getattr(total, "requires_grad", False)
    second = grad(total, [*xs, v]) if tracked else [None] * (len(xs) + 1)
    found = zip([y, *first, *second], [y, *xs, *xs, v], strict=True)
    return [as_array(x * 0 if g is None else g) for g, x in found]


def as_array(x: Any) -> np.ndarray:
    if isinstance(x, np.ndarray):
        return x
    return x.numpy(force=True) if torch.is_tensor(x) else x.detach().numpy()


@pytest.mark.parametrize("row", [r for r in ROWS if r.name in TORCH], ids=lambda row: row.name)
@settings(
    max_examples=8, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_agrees_with_torch(row: Row, data: Any) -> None:
    shapes, config = data.draw(row.shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [row.domain(i)(np.array(rng.standard_normal(s))) for i, s in enumerate(shapes)]

    def f(*xs: Any) -> Any:
        return row.call(*xs, **config)

    def f_torch(*xs: Any) -> Any:
        return TORCH[row.name](*xs, **{NAMES.get(k, k): for_torch(c) for k, c in config.items()})

    xs = [Tensor(a, requires_grad=True) for a in arrays]
    v, *ws = (np.array(rng.standard_normal(s)) for s in (f(*xs).shape, *shapes))
    ts = [torch.tensor(a, requires_grad=True) for a in (*arrays, v)]
    try:
        grad = partial(torch.autograd.grad, allow_unused=True)
        expected = derivatives(grad, f_torch, ts[:-1], ts[-1], list(map(torch.tensor, ws)))
    except RuntimeError as error:
        assume(not any(text in str(error) for text in REFUSALS))
        raise
    got = derivatives(gradients, f, xs, Tensor(v, requires_grad=True), ws)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    for ours, by_arrays in zip(got[1:], gradients(f(*xs), xs, v), strict=False):
        assert by_arrays is None or np.allclose(ours, by_arrays, rtol=1e-12, atol=1e-12)


def test_every_row_is_compared_or_has_a_reason() -> None:
    names = {row.name for row in ROWS}
    newer = {"cumulative_sum", "cumulative_prod", "unstack", "astype", "matvec", "vecmat"}
    assert not TORCH.keys() & NOT_IN_TORCH.keys()
    assert names <= TORCH.keys() | NOT_IN_TORCH.keys() <= names | newer  # of NumPy 2.1 and 2.2


def test_how_many_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    compared = sum(row.name in TORCH for row in ROWS)
    with capsys.disabled():
        print(f"{compared} ops of {len(ROWS)} compared with PyTorch", end=" ")
    assert compared >= 0.85 * len(ROWS)
