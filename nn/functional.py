"""The functions that NumPy lacks. Each stands in the file of its layer; this is the list.

All take arrays or Tensors, or, as NumPy's functions do, numbers and lists of them, and return an
array if no argument is a Tensor. They are ops: to any order differentiable, in the dtype they are
given. What adds up or counts does so in float32 if that is float16, as in PyTorch.
"""

from typing import TYPE_CHECKING

from autograd.core.hints import no_attribute

from . import layers as _layers
from . import losses as _losses
from .layers import *
from .losses import *
from .public import name_after as _name_after

if not TYPE_CHECKING:
    __all__ = sorted(name for name in (*_layers.__all__, *_losses.__all__) if name[0].islower())
    for _name in {*_layers.__all__, *_losses.__all__} - {*__all__}:  # the classes are in nn
        del globals()[_name]
    _name_after(__name__, [globals()[_name] for _name in __all__])
    __getattr__ = no_attribute(__name__, __all__)  # a type checker finds a misspelt name by itself
