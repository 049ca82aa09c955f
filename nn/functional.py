"""The functions that NumPy lacks. Each stands in the file of its layer; this is the list.

All take arrays or Tensors, or, as NumPy's functions do, numbers and lists of them, and return an
array if no argument is a Tensor. They are ops: to any order differentiable, in the dtype they are
given. What adds up or counts does so in float32 if that is float16, as in PyTorch.
"""

from typing import TYPE_CHECKING

from . import layers as _layers
from . import losses as _losses
from .layers import *
from .losses import *

if not TYPE_CHECKING:
    __all__ = sorted(name for name in (*_layers.__all__, *_losses.__all__) if name[0].islower())
    for _name in {*_layers.__all__, *_losses.__all__} - {*__all__}:  # the classes are in nn
        del globals()[_name]
