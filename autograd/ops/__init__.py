"""Ops, one chapter of NumPy's manual a file. A new file is found: there is no list to add it to.

Each file can be read alone: of the others it imports at most `common`, `indexing` and `shapes`.
"""

import importlib
import pkgutil

from ..core.dispatch import REFUSED, RULES

for module in pkgutil.iter_modules(__path__):
    if module.name != "methods":  # which attaches to Tensor what the others have registered
        importlib.import_module(f"{__name__}.{module.name}")

from . import methods  # noqa: E402, F401

for _function in RULES:
    REFUSED.pop(_function, None)  # a rule goes before a refusal
