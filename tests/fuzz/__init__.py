"""Random programs, run on Tensors and on something independent: `make fuzz`.

A program is text: lines of NumPy and `nn.functional`, one value each. The same text runs three
times: on plain arrays (its values must be the same), on our Tensors, and on PyTorch, spelled as
NumPy (`peer.py`). Without PyTorch, gradients are held against finite differences. `steps.py` is the
table of what a line can be; `programs.py` says what a program is, runs it in each world, compares,
and makes small what fails; `search.py` does so for many.
"""

from . import steps
from .programs import Program, check, ours, printed
from .search import Report, search
from .steps import STEPS, generate

__all__ = ["STEPS", "Program", "Report", "check", "generate", "ours", "printed", "search", "steps"]
