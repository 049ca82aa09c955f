"""What networks are made of: a file for each kind, with its layers and their functions.

What stands in the `__all__` of these files is public: classes in `nn`, functions in
`nn.functional`.
"""

from typing import TYPE_CHECKING

from .activations import *
from .attention import *
from .batch_norm import *
from .convolution import *
from .distance import *
from .dropout import *
from .embedding import *
from .erf import *
from .flatten import *
from .folding import *
from .linear import *
from .local_response import *
from .normalization import *
from .padding import *
from .pooling import *
from .rectifiers import *
from .recurrent import *
from .shuffle import *
from .softmax import *
from .transformer import *
from .upsampling import *

if not TYPE_CHECKING:  # the classes and functions, without the files
    __all__ = [name for name, x in globals().items() if callable(x)]
