"""How NumPy says what PyTorch has a method for: what a Tensor without that method answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..names import did_you_mean

__all__ = ["hint", "no_method", "not_kept"]

#: Names of PyTorch's methods, and what to write here for x.name(...).
ELSEWHERE = {
    "view view_as reshape_as": "x.reshape(shape)",
    "unsqueeze": "x[:, None] or np.expand_dims(x, axis)",
    "permute": "x.transpose(axes)",
    "t": "x.T",
    "H mH adjoint": "np.conj(x.mT)",
    "expand expand_as": "np.broadcast_to(x, shape)",
    "repeat_interleave": "x.repeat(n, axis)",
    "dim ndimension": "x.ndim",
    "numel nelement": "x.size",
    "element_size": "x.dtype.itemsize",
    "contiguous is_contiguous cuda cpu to device is_cuda pin_memory": (
        "nothing to do, arrays live in memory; for another dtype, x.astype(np.float64)"
    ),
    "float double half long int bool type type_as": "x.astype(np.float32), or another dtype",
    "is_floating_point": "x.dtype.kind == 'f'",
    "clone": "x.copy()",
    "add sub mul div neg": "an operator, such as x + y",
    "eq ne lt le gt ge": "an operator, such as x < y",
    "pow": "x ** y",
    "mm bmm matmul": "x @ y",
    "clamp": "x.clip(low, high)",
    "amax amin": "x.max(axis), x.min(axis)",
    "norm": "np.linalg.norm(x)",
    "chunk split": "np.split(x, n, axis), for n parts",
    "unbind": "iterate: `for row in x`",
    "sort": "np.sort(x, axis)",
    "topk": "i = np.flip(x.argsort(-1), -1)[..., :k], then np.take_along_axis(x, i, -1)",
    "multinomial": "nn.distributions.Categorical(probs=x).sample(n)",
    "gather": "np.take_along_axis(x, indices, axis)",
    "index_select": "x[index] or x.take(indices, axis)",
    "masked_fill": "np.where(mask, value, x)",
    "masked_select": "x[mask]",
    "scatter scatter_ scatter_add scatter_add_ index_add index_add_ masked_fill_": (
        "x = x.copy(), then x[index] = value"
    ),
    "new_zeros new_ones new_full new_tensor": "np.zeros(shape, x.dtype)",
    "relu sigmoid softmax log_softmax logsumexp softplus": "nn.functional.{name}(x)",
    "requires_grad_": "x.requires_grad = True, or False",
    "zero_ fill_ copy_": "x.data[...] = value",
    "normal_ uniform_": "nn.init.normal_(x), nn.init.uniform_(x)",
    "detach_": "x = x.detach()",
}
HINTS = {name: way for names, way in ELSEWHERE.items() for name in names.split()}


def hint(name: str) -> str:
    """How to write x.name(...), as the end of an error's text, or ""."""
    if name.startswith("_"):
        return ""
    way, function = HINTS.get(name), getattr(np, name, None)
    if way is None and callable(function) and not isinstance(function, type):
        way = "np.{name}(x)"
    if way is None and name.endswith("_"):
        way = "x = f(x), for no method works in place"
    return f". Here: {way.format(name=name)}" if way else ""


def no_method(tensor: Any, name: str) -> AttributeError:
    """The error for an attribute that a Tensor lacks; it tells what to write instead."""
    way = hint(name)
    if not way and not name.startswith("_"):
        way = did_you_mean(name, [n for n in dir(tensor) if not n.startswith("_")])
    text = f"{type(tensor).__name__} has no attribute {name!r}{way}"
    return AttributeError(text, name=name)  # without obj: Python adds no guess of its own


def not_kept(node: Any) -> str:
    """The warning for `.grad` of an op's result."""
    return (
        f"reading .grad of the result of {node.op.__name__}: only leaves keep their gradient. Call "
        ".retain_grad() on this tensor before backward()."
    )
