"""What the files of this folder make public: what stands in their `__all__`.

Classes are names of `nn`, functions of `nn.functional`. A new file needs its line here.
"""

from .base import LossShapeError as LossShapeError
from .classification import *
from .ctc import *
from .margins import *
from .regression import *
