"""What is done to a whole model, from outside: training, averaging, saving, summing up."""

from .loop import History, fit

__all__ = ["History", "fit"]
