"""What becomes of each of NumPy's public functions when it meets a Tensor."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd  # noqa: F401 - fills the tables
from autograd.core.dispatch import REFUSED, RULES

NAMESPACES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}


@dataclass
class Entry:
    name: str
    function: Any
    status: str  # differentiable, plain, refused, not dispatched; or forgotten
    detail: str = ""


def entries() -> Iterator[Entry]:
    """Every public function of the three namespaces, classes and modules left out."""
    for prefix, namespace in NAMESPACES.items():
        for name in sorted(dir(namespace)):
            function = getattr(namespace, name)
            if name.startswith("_") or not callable(function):
                continue
            if not isinstance(function, type | types.ModuleType):
                yield Entry(f"{prefix}.{name}", function, *status(function))


def status(function: Any) -> tuple[str, str]:
    rule = RULES.get(function)
    if rule is not None:
        if not getattr(rule, "differentiable", True):
            return "plain", ""
        return "differentiable", rule.__module__.removeprefix("autograd.").replace(".", "/") + ".py"
    if function in REFUSED:
        return "refused", REFUSED[function]
    if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
        return "forgotten", ""
    return "not dispatched", ""  # NumPy asks no argument: np.zeros, np.load, np.asarray
