"""What is done to a whole model, from outside: training, averaging, saving, summing up."""

from .history import History
from .loop import fit

__all__ = ["History", "fit"]
