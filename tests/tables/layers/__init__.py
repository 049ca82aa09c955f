"""The table of layers: every class of `nn` that `torch.nn` has, over a spread of settings.

To add a layer: write rows in the file of its idea. The tests fail for a layer without a row.
"""

from __future__ import annotations

import importlib
import pkgutil

from .base import Layer, results

__all__ = ["ROWS", "Layer", "results"]

BY_FILE: dict[str, list[Layer]] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}").ROWS
    for module in pkgutil.iter_modules(__path__)
    if module.name != "base"
}
ROWS: list[Layer] = [row for rows in BY_FILE.values() for row in rows]
