"""The table of ops: rows for every op, in the file of its chapter of `autograd/ops/`.

`tests/autograd/ops/test_ops.py` checks the same properties of every row, and fails for a NumPy
function with a rule that no row `covers=`. A new file is found: there is no list to add it to.
"""

from __future__ import annotations

import importlib
import pkgutil

from .base import Row

__all__ = ["BY_FILE", "ROWS", "Row"]

#: Rows by the name of their file, and all in one list.
BY_FILE: dict[str, list[Row]] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}").ROWS
    for module in pkgutil.iter_modules(__path__)
    if module.name != "base"
}
ROWS: list[Row] = [row for rows in BY_FILE.values() for row in rows]
