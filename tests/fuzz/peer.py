"""PyTorch under NumPy's names: the same text of a program runs on it.

What only moves elements (an index, `np.roll`, ...) moves their numbers in NumPy, and gathers
with these in PyTorch. Gradients of complex numbers are the conjugates of PyTorch's.
"""

# ruff: noqa: N815, SIM905 - NumPy's names, of which a list reads better as text
from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import nn.functional

from .programs import World

try:
    import torch
except ImportError:  # pytest reads this file to look for doctests
    torch = None  # type: ignore[assignment]


class Peer:
    """A tensor of PyTorch that answers as an array does."""

    __array_ufunc__ = None  # let ndarray + Peer come to us
    __slots__ = ("start", "t")

    def __init__(self, t: Any) -> None:
        self.t = t

    def array(self) -> np.ndarray:
        return self.t.numpy(force=True)

    shape = property(lambda self: tuple(self.t.shape))
    dtype = property(lambda self: np.dtype(str(self.t.dtype).split(".")[1]))
    ndim = property(lambda self: self.t.ndim)
    size = property(lambda self: self.t.numel())
    T = property(lambda self: Peer(self.t.permute(tuple(range(self.t.ndim))[::-1])))
    mT = property(lambda self: Peer(self.t.mT))
    real = property(lambda self: numpy.real(self))
    imag = property(lambda self: numpy.imag(self))

    @property
    def grad(self) -> Any:
        return None if self.t.grad is None else Peer(self.t.grad.conj())

    def detach(self) -> Peer:
        return Peer(self.t.detach().clone())

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        g = None if gradient is None else tensor(gradient).to(self.t.dtype).conj()
        self.t.backward(g, retain_graph=retain_graph)

    def astype(self, dtype: Any) -> Peer:
        return Peer(self.t.to(of_torch(dtype), copy=True))

    def copy(self) -> Peer:
        return Peer(self.t.clone())

    def reshape(self, *shape: Any) -> Peer:
        return Peer(self.t.reshape(shape[0] if isinstance(shape[0], tuple) else shape))

    def transpose(self, *axes: Any) -> Any:
        return numpy.transpose(self, axes or None)

    def __getitem__(self, index: Any) -> Any:
        return picked(self, numbers(self.shape)[index])

    def __setitem__(self, index: Any, v: Any) -> None:
        n, spots = self.size, numbers(self.shape)[index]
        v = tensor(v).to(self.t.dtype)
        v = v.reshape(v.shape[max(0, v.ndim - spots.ndim) :]).expand(spots.shape).reshape(-1)
        writer = np.full(n, -1)
        writer[spots.reshape(-1)] = np.arange(spots.size)  # the last one, as NumPy
        both = torch.cat([self.t.reshape(-1), v])
        source = np.where(writer < 0, np.arange(n), n + writer)
        self.t = both[torch.tensor(source)].reshape(self.t.shape)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(getattr(numpy, name), self)


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(math.prod(shape)).reshape(shape)


def picked(x: Peer, spots: Any) -> Peer:
    """The elements with these numbers."""
    return Peer(x.t.reshape(-1)[torch.from_numpy(np.array(spots, np.int64, order="C"))])


def of_torch(dtype: Any) -> Any:
    return getattr(torch, np.dtype(dtype).name)


def tensor(x: Any) -> Any:
    if isinstance(x, Peer):
        return x.t
    return torch.from_numpy(np.array(x, copy=True, order="C"))


def alike(*xs: Any) -> list[Any]:
    """Tensors of the dtype that NumPy computes in."""
    kinds = [x if isinstance(x, int | float | complex) else x.dtype for x in xs]
    dtype = of_torch(np.result_type(*kinds))
    return [tensor(x).to(dtype) for x in xs]


def has_peer(x: Any) -> bool:
    return isinstance(x, Peer) or (isinstance(x, list | tuple) and any(map(has_peer, x)))


def wrapped(y: Any) -> Any:
    return type(y)(map(wrapped, y)) if type(y) in (list, tuple) else Peer(y)


def floats(f: Callable[..., Any]) -> Callable[..., Any]:
    """An elementwise function of the common dtype."""
    return lambda *xs: Peer(f(*alike(*xs)))


def decided(name: str) -> Callable[..., Any]:
    """A function whose result has no gradient: NumPy's own."""

    def call(*xs: Any, **config: Any) -> Any:
        return getattr(np, name)(*(x.array() if isinstance(x, Peer) else x for x in xs), **config)

    return call


def moved(name: str) -> Callable[..., Any]:
    """A function that only moves elements."""

    def call(x: Peer, *args: Any, **config: Any) -> Any:
        spots = getattr(np, name)(numbers(x.shape), *args, **config)
        return [picked(x, s) for s in spots] if type(spots) in (list, tuple) else picked(x, spots)

    return call


def joined(f: str) -> Callable[..., Any]:
    """A function of several tensors, in their common dtype."""
    return lambda xs, axis=0: Peer(getattr(torch, f)(alike(*xs), dim=axis))


def along(x: Any, axis: Any) -> Any:
    """x with the axes to reduce flattened into its last, the shape of the rest, and that kept."""
    away = (
        range(x.ndim) if axis is None else [a % x.ndim for a in np.ravel(axis).astype(int).tolist()]
    )
    rest = [a for a in range(x.ndim) if a not in away]
    left = [x.shape[a] for a in rest]
    y = x.permute((*rest, *away)).reshape(*left, math.prod(x.shape[a] for a in away))
    return y, [1 if a in away else n for a, n in enumerate(x.shape)]


def reduced(f: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Peer, axis: Any = None, keepdims: bool = False, **config: Any) -> Peer:
        rows, kept = along(x.t, axis)
        y = f(rows, dim=-1, **config)
        return Peer(y.reshape(kept) if keepdims else y)

    return call


def gathered(f: Callable[..., Any]) -> Callable[..., Any]:
    """A running or sorting function along one axis."""

    def call(x: Peer, axis: Any = -1) -> Peer:
        return Peer(f(x.t.reshape(-1), dim=0) if axis is None else f(x.t, dim=axis))

    return call


def deviation(f: Callable[..., Any]) -> Callable[..., Any]:
    return reduced(lambda x, dim, ddof=0: f(x, dim=dim, correction=ddof))


def clip(x: Any, low: Any, high: Any) -> Peer:
    y = alike(*(v for v in (x, low, high) if v is not None))
    lower = None if low is None else y[1]
    return Peer(torch.clamp(y[0], lower, None if high is None else y[-1]))


def where(mask: Any, x: Any, y: Any) -> Peer:
    return Peer(torch.where(tensor(mask), *alike(x, y)))


def dot(x: Any, y: Any) -> Peer:
    x, y = alike(x, y)
    if 0 in (x.ndim, y.ndim):
        return Peer(x * y)
    return Peer(torch.tensordot(x, y, dims=([x.ndim - 1], [max(0, y.ndim - 2)])))


def inner(x: Any, y: Any) -> Peer:
    x, y = alike(x, y)
    return Peer(torch.tensordot(x, y, dims=([x.ndim - 1], [y.ndim - 1])))


def tensordot(x: Any, y: Any, axes: Any) -> Peer:
    return Peer(torch.tensordot(*alike(x, y), dims=axes))


def outer(x: Any, y: Any) -> Peer:
    x, y = alike(x, y)
    return Peer(x.reshape(-1)[:, None] * y.reshape(-1))


def power(x: Any, y: Any) -> Peer:
    if type(y) in (int, float):
        return Peer(torch.pow(tensor(x), y))
    return Peer(torch.pow(*alike(x, y)))


def average(x: Any, axis: Any, weights: Any) -> Peer:
    x, w = alike(x, weights)
    return Peer((x * w).sum(axis) / w.sum(axis))


def pad(x: Peer, widths: Any, constant_values: Any = 0.0) -> Peer:
    flat = [n for pair in reversed(widths) for n in pair]
    return Peer(torch.nn.functional.pad(x.t, flat, value=constant_values))


def slopes(outputs: Any, inputs: Any, starts: Any, create_graph=False, retain_graph=False) -> Any:
    gs = [tensor(g).to(o.t.dtype).conj() for o, g in zip(outputs, starts, strict=True)]
    found = torch.autograd.grad(
        [o.t for o in outputs],
        [x.t for x in inputs],
        gs,
        create_graph=create_graph,
        retain_graph=create_graph or retain_graph,
        allow_unused=True,
    )
    return tuple(None if g is None else Peer(g.conj()) for g in found)


def table() -> dict[str, Callable[..., Any]]:
    """NumPy's functions, by name."""
    t = torch
    names = """exp expm1 exp2 sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh
        arctanh sqrt log log1p log2 log10 square negative reciprocal conj absolute sign floor sinc
        real imag angle add subtract multiply true_divide maximum minimum arctan2 hypot logaddexp
        logaddexp2 matmul kron tril triu"""
    found = {n: floats(getattr(t, n)) for n in names.split()}
    found["logaddexp"] = floats(lambda x, y: t.logsumexp(t.stack(t.broadcast_tensors(x, y)), 0))
    found["conj"] = floats(lambda x: t.conj_physical(x) if x.is_complex() else x.clone())
    found["real"] = floats(lambda x: x.real if x.is_complex() else x.clone())
    found["imag"] = floats(lambda x: x.imag if x.is_complex() else x * 0)
    found["tril"], found["triu"] = ((lambda x, k=0, f=f: Peer(f(x.t, k))) for f in (t.tril, t.triu))
    for name in """transpose moveaxis swapaxes squeeze expand_dims broadcast_to ravel flip roll
        rot90 repeat tile diagonal take delete split array_split unstack take_along_axis
        fliplr reshape atleast_1d atleast_2d""".split():
        found[name] = moved(name)
    for name in """greater less greater_equal less_equal not_equal argmax argmin argsort""".split():
        found[name] = decided(name)
    found |= {
        "sum": reduced(t.sum),
        "mean": reduced(t.mean),
        "prod": reduced(t.prod),
        "max": reduced(t.amax),
        "min": reduced(t.amin),
        "var": deviation(t.var),
        "std": deviation(t.std),
        "linalg.norm": reduced(lambda x, dim: t.linalg.vector_norm(x, dim=dim)),
        "trace": lambda x: Peer(t.trace(x.t)),
        "cumsum": gathered(t.cumsum),
        "cumprod": gathered(t.cumprod),
        "sort": gathered(lambda x, dim: t.sort(x, dim=dim).values),
        "diff": lambda x, n=1, axis=-1: Peer(t.diff(x.t, n=n, dim=axis)),
        "concatenate": joined("cat"),
        "stack": joined("stack"),
        "clip": clip,
        "where": where,
        "dot": dot,
        "inner": inner,
        "outer": outer,
        "tensordot": tensordot,
        "vdot": floats(lambda x, y: t.vdot(x.reshape(-1), y.reshape(-1))),
        "einsum": lambda spec, *xs: Peer(t.einsum(spec, *alike(*xs))),
        "power": power,
        "hstack": lambda xs: Peer(t.hstack(alike(*xs))),
        "vstack": lambda xs: Peer(t.vstack(alike(*xs))),
        "dstack": lambda xs: Peer(t.dstack(alike(*xs))),
        "append": lambda *xs: Peer(t.cat([x.reshape(-1) for x in alike(*xs)])),
        "diag": lambda x, k=0: Peer(t.diag(x.t, k)),
        "average": average,
        "median": reduced(lambda x, dim: t.median(x, dim=dim).values),
        "quantile": lambda x, q, axis, keepdims=False: Peer(
            t.quantile(x.t, q, dim=axis, keepdim=keepdims)
        ),
        "ptp": reduced(lambda x, dim: t.amax(x, dim) - t.amin(x, dim)),
        "gradient": lambda x, axis: Peer(t.gradient(x.t, dim=axis)[0]),
        "trapezoid": lambda x, axis: Peer(t.trapezoid(x.t, dim=axis)),
        "linalg.slogdet": lambda x: tuple(map(Peer, t.linalg.slogdet(x.t))),
        "linalg.cholesky": lambda x: Peer(t.linalg.cholesky(x.t)),
        "linalg.eigvalsh": lambda x: Peer(t.linalg.eigvalsh(x.t)),
        "linalg.svdvals": lambda x: Peer(t.linalg.svdvals(x.t)),
        "linalg.matrix_power": lambda x, n: Peer(t.linalg.matrix_power(x.t, n)),
        "linalg.pinv": lambda x: Peer(t.linalg.pinv(x.t)),
        "pad": pad,
        "linalg.inv": lambda x: Peer(t.linalg.inv(x.t)),
        "linalg.det": lambda x: Peer(t.linalg.det(x.t)),
        "linalg.solve": floats(t.linalg.solve),
        "fft.fft": lambda x, n=None, axis=-1: Peer(t.fft.fft(x.t, n, axis)),
        "fft.ifft": lambda x, n=None, axis=-1: Peer(t.fft.ifft(x.t, n, axis)),
        "fft.rfft": lambda x, n=None, axis=-1: Peer(t.fft.rfft(x.t, n, axis)),
    }
    return found


class Spelling:
    """`np` or one of its modules: PyTorch where a Peer comes in, NumPy else."""

    def __init__(self, module: Any, known: dict[str, Any], prefix: str = "") -> None:
        self.module, self.known, self.prefix = module, known, prefix

    def __getattr__(self, name: str) -> Any:
        of_numpy = getattr(self.module, name)
        if name in ("linalg", "fft") and not self.prefix:
            return Spelling(of_numpy, self.known, name + ".")
        if not callable(of_numpy) or isinstance(of_numpy, type):
            return of_numpy

        def call(*args: Any, **config: Any) -> Any:
            if any(map(has_peer, (*args, *config.values()))):
                return self.known[self.prefix + name](*args, **config)
            return of_numpy(*args, **config)

        return call


# PyTorch's own kernels of these give a wrong third derivative.


def standard(x: Any, axes: tuple[int, ...], weight: Any, bias: Any, eps: float = 1e-5) -> Any:
    """x less its mean, over its deviation along `axes`; weight and bias are by channel."""
    y = x - x.mean(axes, keepdim=True)
    y = y / torch.sqrt((y * y).mean(axes, keepdim=True) + eps)
    by_channel = (-1, *(1,) * (x.ndim - 2))
    y = y if weight is None else y * weight.reshape(by_channel)
    return y if bias is None else y + bias.reshape(by_channel)


def batch_norm(x: Any, _: Any, __: Any, weight: Any, bias: Any, training: bool) -> Any:
    return standard(x, (0, *range(2, x.ndim)), weight, bias)


def instance_norm(x: Any, weight: Any, bias: Any) -> Any:
    return standard(x, tuple(range(2, x.ndim)), weight, bias)


def layer_norm(x: Any, shape: tuple[int, ...], weight: Any, bias: Any) -> Any:
    y = standard(x, tuple(range(x.ndim - len(shape), x.ndim)), None, None)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def hardsigmoid(x: Any) -> Any:  # its own has no second derivative
    return torch.nn.functional.relu6(x + 3) / 6


def celu(x: Any, alpha: float = 1.0) -> Any:  # its own rounds alpha to float32
    return torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0) / alpha))


OTHERWISE = {f.__name__: f for f in (batch_norm, instance_norm, layer_norm, hardsigmoid, celu)}


class Functional:
    """`nn.functional` in PyTorch."""

    def __getattr__(self, name: str) -> Any:
        f = OTHERWISE.get(name) or getattr(
            torch.nn.functional, {"log_sigmoid": "logsigmoid"}.get(name, name), None
        )
        if name == "logsumexp":
            return reduced(torch.logsumexp)
        if name == "erf":
            f = torch.erf

        def call(*args: Any, **config: Any) -> Any:
            if not any(map(has_peer, (*args, *config.values()))):
                return getattr(nn.functional, name)(*args, **config)
            if "axis" in config:
                config["dim"] = config.pop("axis")
            args, config = unwrapped(args), {k: unwrapped(v) for k, v in config.items()}
            return wrapped(f(*args, **config))

        return call


def unwrapped(x: Any) -> Any:
    if isinstance(x, Peer | np.ndarray):
        return tensor(x)
    if isinstance(x, tuple) and any(isinstance(v, Peer | np.ndarray) for v in x):
        return tuple(map(unwrapped, x))
    return x


for _name, _function in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "pow": "power",
    "matmul": "matmul", "gt": "greater", "lt": "less", "ge": "greater_equal", "le": "less_equal",
    "ne": "not_equal",
}.items():  # fmt: skip

    def _forward(self: Any, other: Any, f: str = _function) -> Any:
        return getattr(numpy, f)(self, other)

    def _swapped(self: Any, other: Any, f: str = _function) -> Any:
        return getattr(numpy, f)(other, self)

    def _in_place(self: Any, other: Any, f: str = _function) -> Any:
        y = getattr(numpy, f)(self, other)
        self.t = y.t.to(self.t.dtype)
        return self

    setattr(Peer, f"__{_name}__", _forward)
    if _name not in ("gt", "lt", "ge", "le", "ne"):
        setattr(Peer, f"__r{_name}__", _swapped)
        setattr(Peer, f"__i{_name}__", _in_place)

Peer.__neg__ = lambda self: numpy.negative(self)  # type: ignore[attr-defined]
Peer.__abs__ = lambda self: numpy.absolute(self)  # type: ignore[attr-defined]
Peer.__iter__ = lambda self: iter([self[i] for i in range(len(self.t))])  # type: ignore[attr-defined]


def leaf(array: Any) -> Peer:
    return Peer(tensor(array).requires_grad_())


def peer() -> World:
    """The world in which Tensors are PyTorch's."""
    import torch

    torch.set_num_threads(1)
    torch.backends.cuda.enable_flash_sdp(False)  # it has no second derivative, on a CPU too
    return World(leaf, numpy, Functional(), slopes, torch.no_grad, Peer.detach)


numpy = Spelling(np, table() if torch else {})
