"""Ensemble: many small networks of one shape, trained as one."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd import op

from .containers import Sequential
from .layers.linear import Linear
from .module import Module, Parameter

__all__ = ["Ensemble"]


class Ensemble(Module):
    """Networks of one shape side by side, all of their products in one call.

    Small networks spend most of their time between the products. Here member k's weights are
    weight[k] of a stack (k, out, in), so that there are as many ops as in a single network. Each
    member trains as it would alone, to rounding, with an optimizer that treats every number by
    itself, as SGD and the Adams do (not LBFGS, Muon or Adafactor, and no clipping by norm).

    Parameters
    ----------
    members
        Sequentials, alike but for the numbers in them; they are copied. Parameters are those of
        `Linear` layers alone. Other layers must treat each sample by itself, as activations,
        `Flatten` and pooling do. A Dropout draws another mask for each member.

    Raises
    ------
    TypeError
        a member is not a Sequential, or has a layer with other parameters or buffers.
    ValueError
        there are none, or they differ.

    Examples
    --------
    Ten networks, that differ in their first weights, at once:

    >>> import nn, optim
    >>> x, y = nn.datasets.circles(200, generator=0)
    >>> _ = nn.manual_seed(0)
    >>> model = nn.Ensemble(
    ...     nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)) for _ in range(10)
    ... )
    >>> optimizer, loss = optim.Adam(model.parameters(), 0.05), model.loss(nn.CrossEntropyLoss())
    >>> history = nn.fit(model, loss, optimizer, (x, y), epochs=20, progress=False)
    >>> model(x).shape
    (10, 200, 2)
    >>> right = (model(x).data.argmax(axis=2) == y).mean(axis=1)       # of each
    >>> best = model.member(right.argmax())
    >>> best(x).shape
    (200, 2)
    """

    def __init__(self, members: Iterable[Sequential]) -> None:
        models = list(members)
        if not models:
            raise ValueError("Ensemble: no members, expected at least one")
        for k, model in enumerate(models):
            if not isinstance(model, Sequential):
                raise TypeError(
                    f"Ensemble: member {k}: got a {type(model).__name__}, expected an "
                    "nn.Sequential of Linear layers and activations"
                )
            if (shape := _shape(model)) != (first := _shape(models[0])):
                differ = [i for i, (a, b) in enumerate(zip(shape, first, strict=False)) if a != b]
                i = differ[0] if differ else min(len(shape), len(first))
                own, other = (" ".join(x[i : i + 1]) or "no layer" for x in (shape, first))
                raise ValueError(
                    f"Ensemble: member {k} has {own} as layer {i}, member 0 {other}; expected "
                    "members of one shape"
                )
        self.layers = [_stacked(i, layers) for i, layers in enumerate(zip(*models, strict=True))]
        self._count = len(models)

    def forward(self, x: Any, *, each: bool = False) -> Any:
        """The outputs (k, n, ...) of all members.

        Parameters
        ----------
        x
            shape (n, ...): samples for all members.
        each
            `x` has shape (k, n, ...): samples for each member.
        """
        split = each  # whether there is an axis of members
        if each and x.shape[:1] != (self._count,):
            raise ValueError(
                f"Ensemble: each: got an x of shape {x.shape}, expected ({self._count}, n, ...), "
                "samples for each member"
            )
        for layer in self.layers:
            if isinstance(layer, _Linears):
                x, split = layer(x), True
            elif split:
                y = layer(_merged(x))
                x = y.reshape(*x.shape[:2], *y.shape[1:])
            else:
                x = layer(x)
        if not split:
            return np.broadcast_to(x, (self._count, *x.shape))
        return x

    def loss(
        self, criterion: Callable[[Any, Any], Any], *, each: bool = False
    ) -> Callable[[Any, Any], Any]:
        """A function of outputs and targets: the sum of the members' losses.

        Its gradient is, for each member, that of its own loss. Divided by `len(ensemble)` it is
        their mean.

        Parameters
        ----------
        criterion
            a mean over samples, such as `nn.CrossEntropyLoss()`.
        each
            targets have shape (k, n, ...), one set for each member; else (n, ...), the same for
            all.

        Raises
        ------
        ValueError
            the criterion's `reduction` is not "mean".
        """
        if (reduction := getattr(criterion, "reduction", "mean")) != "mean":
            raise ValueError(
                f"Ensemble.loss: got a criterion with reduction={reduction!r}, expected 'mean'"
            )

        def sum_of_losses(output: Any, target: Any) -> Any:
            if not each:
                target = np.broadcast_to(target, (self._count, *np.shape(target)))
            return self._count * criterion(_merged(output), _merged(target))

        return sum_of_losses

    def member(self, k: int) -> Sequential:
        """A copy of member `k`, a network of its own."""
        if not -self._count <= k < self._count:
            raise IndexError(f"Ensemble: member {k}: there are {self._count}, counted from 0")
        return Sequential(
            *(
                layer.member(k) if isinstance(layer, _Linears) else copy.deepcopy(layer)
                for layer in self.layers
            )
        )

    def __len__(self) -> int:
        return self._count

    def extra_repr(self) -> str:
        """How many members there are."""
        return f"{self._count} members"


class _Linears(Module):
    """Linear layers side by side: y[k] = x[k] weight[k]ᵀ + bias[k]."""

    def __init__(self, layers: tuple[Linear, ...]) -> None:
        self.weight = Parameter(np.stack([layer.weight.data for layer in layers]))
        biases = [layer.bias for layer in layers]
        stack = [b.data for b in biases if b is not None]
        self.bias = Parameter(np.stack(stack)) if stack else None

    def forward(self, x: Any) -> Any:
        return _linears(x, self.weight, self.bias)

    def member(self, k: int) -> Linear:
        _, outputs, inputs = self.weight.shape
        layer = Linear(inputs, outputs, bias=self.bias is not None)
        layer.weight = Parameter(self.weight.data[k])
        if self.bias is not None:
            layer.bias = Parameter(self.bias.data[k])
        return layer

    def extra_repr(self) -> str:
        count, outputs, inputs = self.weight.shape
        return f"{count} x {inputs}, {outputs}" + (", bias=False" if self.bias is None else "")


def _linears_closures(x: Any, weight: Any, bias: Any) -> Any:
    return (
        lambda g: g @ weight,
        lambda g: np.swapaxes(g, 1, 2) @ x,
        None if bias is None else lambda g: g.sum(1),
    )


@op(constant_slope=(0, 1, 2), closures=_linears_closures)
def _linears(x, weight, bias):
    """Gradient by x: `g @ weight`.
    Gradient by weight: `swapaxes(g, 1, 2) @ x`.
    Gradient by bias: `sum(g, axis=1)`.
    """
    if x.shape[-1] != weight.shape[2]:
        raise ValueError(
            f"Ensemble: got samples of shape {x.shape}, expected {weight.shape[2]} as the last axis"
        )
    y = np.matmul(x, np.swapaxes(weight, 1, 2))
    if bias is not None:
        y += bias[:, None]
    return y, *_linears_closures(x, weight, bias)


def _merged(x: Any) -> Any:
    """Members and samples as one axis."""
    return x.reshape(math.prod(x.shape[:2]), *x.shape[2:])


def _shape(model: Sequential) -> list[str]:
    """The layers without their numbers."""
    return [f"{type(layer).__name__}({layer.extra_repr()})" for layer in model]


def _stacked(i: int, layers: tuple[Any, ...]) -> Module:
    if all(isinstance(layer, Linear) for layer in layers):
        return _Linears(layers)
    for layer in layers[:1]:
        for kind, held in (("parameter", layer.parameters()), ("buffer", layer.buffers())):
            if any(True for _ in held):
                raise TypeError(
                    f"Ensemble: layer {i}, {type(layer).__name__}, has a {kind}; expected Linear "
                    "layers, and others without parameters and buffers. nn.train_many trains "
                    "networks of any kind side by side"
                )
    return copy.deepcopy(layers[0])
