"""What training makes small: a file for each kind, with its losses as layers and as functions."""

from typing import TYPE_CHECKING

from .base import LossShapeError as LossShapeError
from .classification import *
from .ctc import *
from .margins import *
from .regression import *

if not TYPE_CHECKING:  # the classes and functions, without the files
    __all__ = [name for name, x in globals().items() if callable(x)]
