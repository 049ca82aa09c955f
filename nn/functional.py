"""The functions that NumPy lacks. Each stands in the file of its layer; this is the list.

All take arrays or Tensors, or, as NumPy's functions do, numbers and lists of them, and return an
array if no argument is a Tensor. They are ops: to any order differentiable, in the dtype they are
given. What adds up or counts does so in float32 if that is float16, as in PyTorch.
"""

from typing import TYPE_CHECKING

from autograd.names import name_after as _name_after

from .layers.public import *
from .losses.public import *

if not TYPE_CHECKING:
    for _name in [name for name in globals() if name[0].isupper()]:
        del globals()[_name]  # the classes are in nn
    __all__ = sorted(name for name in globals() if name[0] != "_")
    _name_after(__name__, [globals()[_name] for _name in __all__])
