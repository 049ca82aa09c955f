"""What the files of this folder make public: what stands in their `__all__`.

Classes are names of `nn`, functions of `nn.functional`. A new file needs its line here. (Not in the
`__init__` of the package, where `linear` is the file.)
"""

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
