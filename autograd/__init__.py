"""Reverse-mode automatic differentiation in plain NumPy.

Examples
--------
>>> from autograd import Tensor
>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
array([2., 4.], dtype=float32)
"""

import importlib as _importlib
import sys as _sys
from typing import Any as _Any

from . import ops  # noqa: F401 - give Tensor its operators, NumPy its rules
from .anomaly import detect_anomaly, why_no_grad
from .checkpoint import checkpoint, draws_from
from .core.backward import backward, gradients
from .core.dispatch import implements, stop_gradient, untracked
from .core.op import op
from .core.results import shared
from .core.tensor import Tensor
from .errors import *  # noqa: F403
from .errors import __all__ as _errors
from .gradcheck import gradcheck, gradgradcheck
from .instrument import instrument
from .memory import keep_memory
from .modes import default_dtype, enable_grad, is_recording, no_grad
from .names import name_after as _name_after
from .ops.indexing import scatter_add
from .transforms import *  # noqa: F403
from .transforms import __all__ as _transforms
from .with_einops import use_einops

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "backward",
    "checkpoint",
    "default_dtype",
    "detect_anomaly",
    "draws_from",
    "enable_grad",
    "gradcheck",
    "gradgradcheck",
    "gradients",
    "implements",
    "instrument",
    "is_recording",
    "keep_memory",
    "no_grad",
    "op",
    "scatter_add",
    "shared",
    "stop_gradient",
    "untracked",
    "use_einops",
    "why_no_grad",
    *_errors,
    *_transforms,
]

_name_after(__name__, [globals()[_name] for _name in {*__all__} - {*_errors}])

if "einops" in _sys.modules:
    use_einops()


def __getattr__(name: str) -> _Any:
    """`autograd.explain`, which few programs need, is loaded when it is asked for."""
    if name == "explain":
        return _importlib.import_module(".explain", __name__)
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text, name=name, obj=_sys.modules[__name__])
