"""Optimizers: how parameters move, once the gradients are known.

>>> from autograd import Tensor
>>> from optim import SGD
>>> w = Tensor([4.0, -2.0], requires_grad=True)
>>> optimizer = SGD([w], lr=0.25)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w * w).sum().backward()
...     optimizer.step()
>>> w.data
array([ 0.5 , -0.25], dtype=float32)
"""

import sys as _sys

try:
    from autograd import Tensor as _Tensor  # noqa: F401
except ImportError as _error:  # HIPS autograd is there, or what its removal left of ours
    if not (_error.name or "").startswith("autograd"):
        raise
    raise ImportError(
        "optim: the package `autograd` that Python finds is not plaingrad's; run: "
        "pip uninstall -y autograd plaingrad; pip install plaingrad"
    ) from _error

from . import lr_scheduler
from .adafactor import Adafactor
from .adam import Adam, AdamW
from .adam_variants import Adamax, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .asgd import ASGD
from .clip import clip_grad_norm_, clip_grad_value_
from .lbfgs import LBFGS
from .lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from .muon import Muon
from .names import Explained as _Explained
from .optimizer import Optimizer, blocks
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "Muon",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "Rprop",
    "SequentialLR",
    "StepLR",
    "blocks",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
]

# `optim.adam` is a file and `optim.Adam` an optimizer: who takes one for the other is told.
for _name in [__name__, *(name for name in _sys.modules if name.startswith(__name__ + "."))]:
    _sys.modules[_name].__class__ = _Explained
