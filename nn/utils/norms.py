"""Weights divided by a norm of theirs: trained are a direction and a length, or what has norm 1.

Before each `forward` a hook makes the weight anew of the parameters in its place. Their names are
those of torch.nn.utils.weight_norm and spectral_norm, so that states move across.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from autograd import Tensor, no_grad

from ..layers.convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..module import Buffer, Module, Parameter
from ..random import generator as _generator

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _Made(Tensor):
    """A weight made of others. A copy of the module has its value, until its next forward."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return Tensor, (self.detach().numpy(),)


class _Norm:
    """The hook: makes the weight of what is in its place. An object, to be copied and pickled."""

    kind = ""  # of the function that adds it

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any, _: Any = None) -> None:
        """Set the weight, from what it is made of now."""
        made = self.make(module)
        if isinstance(made, Tensor):
            made.__class__ = _Made
        vars(module)[self.name] = made

    def make(self, module: Any) -> Any:
        """The weight."""
        raise NotImplementedError

    def part(self, module: Any, suffix: str) -> Any:
        """One of what the weight is made of."""
        return getattr(module, self.name + suffix)


def weight_norm(module: M, name: str = "weight", axis: int | None = 0) -> M:
    """Replace a weight w by a length g and a direction v: w = g * v / norm(v).

    The parameters are then `weight_g` and `weight_v`, for an optimizer that is made afterwards; the
    weight is made of them before each forward, and stays to be read.

    Parameters
    ----------
    module
        a layer.
    name
        of its weight.
    axis
        of the outputs, each of which has a length of its own; None for one length of all.

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        there is no Parameter of this name, or it is normed already; the axis is not one of its.

    References
    ----------
    Salimans and Kingma, "Weight normalization", NeurIPS 2016.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> {name: p.shape for name, p in layer.named_parameters()}
    {'bias': (2,), 'weight_g': (2, 1), 'weight_v': (2, 3)}
    """
    weight = _weight("weight_norm", module, name)
    if axis is not None and not 0 <= axis < weight.ndim:
        raise ValueError(
            f"weight_norm: got axis={axis}, expected 0 to {weight.ndim - 1}, or None for one norm "
            "of the whole weight"
        )
    hook = _WeightNorm(name, axis)
    v = weight.data.copy()
    length = hook.length(v)
    delattr(module, name)
    setattr(module, f"{name}_g", Parameter(length, weight.requires_grad))
    setattr(module, f"{name}_v", Parameter(v, weight.requires_grad))
    return _hooked(module, hook)


class _WeightNorm(_Norm):
    kind = "weight_norm"

    def __init__(self, name: str, axis: int | None) -> None:
        super().__init__(name)
        self.axis = axis

    def length(self, v: Any) -> Any:
        """The norm of each output's weights, to be broadcast."""
        if self.axis is None:
            return np.linalg.vector_norm(v)
        axes = tuple(i for i in range(v.ndim) if i != self.axis)
        return np.linalg.vector_norm(v, axis=axes, keepdims=True)

    def make(self, module: Any) -> Any:
        """g * v / norm(v)."""
        v = self.part(module, "_v")
        return v * (self.part(module, "_g") / self.length(v))


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    axis: int | None = None,
    *,
    generator: np.random.Generator | int | None = None,
) -> M:
    """Divide a weight by its largest singular value, so that no input grows by it.

    The value is u @ w @ v, of two vectors that each forward in training brings nearer to the
    singular ones. The parameter is then `weight_orig`; `weight_u` and `weight_v` are buffers.

    Parameters
    ----------
    module
        a layer.
    name
        of its weight, which is taken as a matrix: one axis by all others.
    n_power_iterations
        steps towards the singular vectors in each forward in training; at least 1.
    eps
        a vector is divided by its length, or this if larger.
    axis
        of the outputs; None for 0, and 1 for transposed convolutions.
    generator
        where u and v begin; the library's own if None.

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        there is no Parameter of this name, or it is normed already; it is no matrix;
        `n_power_iterations` is less than 1.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, "Spectral normalization for generative adversarial
    networks", ICLR 2018.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=50)
    >>> y = layer(np.ones((1, 4), np.float32))
    >>> np.linalg.norm(layer.weight.detach().numpy(), 2).round(4)
    np.float32(1.0)
    """
    weight = _weight("spectral_norm", module, name)
    if n_power_iterations < 1:
        raise ValueError(
            f"spectral_norm: got n_power_iterations={n_power_iterations}, expected at least 1"
        )
    if axis is None:
        transposed = isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d)
        axis = 1 if transposed else 0
    if weight.ndim < 2 or not 0 <= axis < weight.ndim:
        raise ValueError(
            f"spectral_norm: got a weight of shape {weight.shape} and axis={axis}, expected two "
            "axes or more, and one of them"
        )
    hook = _SpectralNorm(name, axis, n_power_iterations, eps)
    rows, columns = hook.matrix(weight.data).shape
    rng = _generator(generator)
    u, v = (hook.unit(rng.standard_normal(n).astype(weight.dtype)) for n in (rows, columns))
    delattr(module, name)
    setattr(module, f"{name}_orig", weight)
    setattr(module, f"{name}_u", Buffer(u))
    setattr(module, f"{name}_v", Buffer(v))
    return _hooked(module, hook)


class _SpectralNorm(_Norm):
    kind = "spectral_norm"

    def __init__(self, name: str, axis: int, steps: int, eps: float) -> None:
        super().__init__(name)
        self.axis, self.steps, self.eps = axis, steps, eps

    def matrix(self, w: Any) -> Any:
        """The weight as a matrix, a row for each output."""
        w = np.moveaxis(w, self.axis, 0)
        return w.reshape(len(w), -1)

    def unit(self, x: Any) -> Any:
        """A vector of length 1 in the direction of `x`."""
        return x / np.maximum(np.linalg.norm(x), self.eps)

    def __call__(self, module: Any, _: Any = None) -> None:
        """Set the weight; in training, after some steps of the power iteration."""
        if module.training:
            w = self.matrix(self.part(module, "_orig").detach().numpy())
            u, v = self.part(module, "_u"), self.part(module, "_v")
            for _step in range(self.steps):
                v.data[...] = self.unit(w.T @ u.data)
                u.data[...] = self.unit(w @ v.data)
        super().__call__(module)

    def make(self, module: Any) -> Any:
        """w / (u @ w @ v), where u and v are constants."""
        w = self.part(module, "_orig")
        u, v = self.part(module, "_u").data.copy(), self.part(module, "_v").data.copy()
        return w / (u @ (self.matrix(w) @ v))


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make a Parameter of a weight again, of the value that it has under `weight_norm`.

    Raises
    ------
    ValueError
        the weight is not normed.
    """
    return _removed("weight_norm", module, name, ("_g", "_v"))


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make a Parameter of a weight again, of the value that it has under `spectral_norm`.

    Raises
    ------
    ValueError
        the weight is not normed.
    """
    return _removed("spectral_norm", module, name, ("_orig", "_u", "_v"))


def _weight(who: str, module: Any, name: str) -> Parameter:
    """The parameter to replace."""
    if not isinstance(module, Module):
        raise TypeError(f"{who}: got a {type(module).__name__}, expected a Module")
    weight = vars(module).get(name)
    if isinstance(weight, Parameter):
        return weight
    if _norms(module, name):
        raise ValueError(f"{who}: {name!r} of this {type(module).__name__} is normed already")
    known = [key for key, x in vars(module).items() if isinstance(x, Parameter)]
    raise ValueError(
        f"{who}: this {type(module).__name__} has no Parameter {name!r} of its own; there "
        + (f"is {', '.join(known)}" if known else "is none: norm the layers in it, one by one")
    )


def _norms(module: Module, name: str) -> list[Any]:
    """The hooks that make the weight of this name."""
    return [
        hook
        for hook in module._hooks
        if isinstance(hook.function, _Norm) and hook.function.name == name
    ]


def _hooked(module: M, hook: _Norm) -> M:
    module.register_forward_pre_hook(hook)
    with no_grad():
        vars(module)[hook.name] = hook.make(module)  # to be read before the first forward
    return module


def _removed(who: str, module: M, name: str, suffixes: tuple[str, ...]) -> M:
    found = [hook for hook in _norms(module, name) if hook.function.kind == who]
    if not found:
        raise ValueError(f"remove_{who}: {name!r} of this {type(module).__name__} is not normed")
    with no_grad():
        value = found[0].function.make(module)
    trained = getattr(module, name + suffixes[0]).requires_grad
    for key in (name, *(name + suffix for suffix in suffixes)):
        delattr(module, key)
    module._hooks = tuple(hook for hook in module._hooks if hook is not found[0])
    setattr(module, name, Parameter(value.detach().numpy(), trained))
    return module
