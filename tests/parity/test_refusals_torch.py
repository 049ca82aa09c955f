"""What PyTorch's layers refuse, ours refuse too, with an error that names the layer.

Each row of the table of layers is called on inputs that are wrong in one way.
"""

from __future__ import annotations

import copy
import re
import warnings
from typing import Any

import numpy as np
import pytest
from tables.layers import ROWS, Layer

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import AutogradError, Tensor, default_dtype  # noqa: E402


def longer(axis: int) -> Any:
    """One more along an axis."""
    return lambda x: np.concatenate([x, x.take([0], axis)], axis)


BROKEN = {
    "0-d": lambda x: x.reshape(-1)[0],
    "an axis more": lambda x: x[None],
    "two axes more": lambda x: x[None, None],
    "an axis less": lambda x: x[0],
    "a longer last axis": longer(-1),
    "a longer axis of channels": longer(1),
    "a longer batch": longer(0),
    "no batch": lambda x: x[:0],
    "labels too large": lambda x: x + 1000 if x.dtype.kind == "i" else None,
    "labels below 0": lambda x: x - 1000 if x.dtype.kind == "i" else None,
    "integers": lambda x: x.astype(int) if x.dtype.kind == "f" else None,
}


def simple(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


BEHIND = {  # the function that does it, where its name is not that of the class
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Softmin": "softmax",
}


def names(row: Layer) -> set[str]:
    """What an error may call the layer: its class or the function behind it."""
    name = simple(row.name)
    return {name, name.removesuffix("loss"), simple(BEHIND.get(row.name, name))}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_pytorch_refuses_is_refused_by_name(row: Layer, broken: str) -> None:
    arrays = row.arrays()
    for i, x in enumerate(arrays):
        try:
            wrong = BROKEN[broken](x) if isinstance(x, np.ndarray) else None
        except (IndexError, ValueError):  # there is no such axis to change
            continue
        if wrong is None:
            continue
        args = [*arrays[:i], wrong, *arrays[i + 1 :]]
        if not refused_by_pytorch(row, args):
            continue
        with default_dtype(np.float64):
            layer = getattr(nn, row.name)(*row.args, **row.kwargs).train(row.train)
        message = complaint(layer, args, row.call)
        if message is not None:  # else we can do more than PyTorch
            assert any(name in simple(message) for name in names(row)), message


def complaint(layer: nn.Module, args: list[Any], call: dict[str, Any]) -> str | None:
    """What the layer's error says, and the notes on it; None if there is none."""
    inputs = [
        Tensor(a, requires_grad=True) if getattr(a, "dtype", None) == np.float64 else a
        for a in args
    ]
    try:
        layer(*inputs, **call)
    except (AutogradError, ValueError, TypeError, IndexError) as error:
        return " ".join([repr(error), *getattr(error, "__notes__", ())])
    return None


def refused_by_pytorch(row: Layer, args: list[Any]) -> bool:
    torch.set_default_dtype(torch.float64)
    try:
        cls = getattr(torch.nn, row.name)
        layer = cls(**row.torch) if row.torch is not None else cls(*row.args, **row.kwargs)
        layer.train(row.train)
    finally:
        torch.set_default_dtype(torch.float32)
    call = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in row.call.items()}
    tensors = [torch.tensor(a) if isinstance(a, np.ndarray | np.generic) else a for a in args]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer(*tensors, **copy.copy(call))
    except Exception:
        return True
    return False
