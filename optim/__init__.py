"""Optimizers: how parameters move, once the gradients are known.

Examples
--------
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

try:
    from autograd.names import explain as _explain
    from autograd.names import name_after as _name_after
except ImportError as _error:  # HIPS autograd is there, or what its removal left of ours
    if not (_error.name or "").startswith("autograd"):
        raise
    raise ImportError(
        "optim: the package `autograd` that Python finds is not plaingrad's; run: "
        "pip uninstall -y autograd plaingrad; pip install plaingrad"
    ) from _error

from . import lr_scheduler
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .all_reduce import AllReduce
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
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .rule import blocks
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
    "AllReduce",
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

_name_after(__name__, [globals()[_name] for _name in {*__all__} - {*lr_scheduler.__all__}])
_explain(__name__)
