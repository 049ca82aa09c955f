"""The files of ops, imported so that NumPy's functions know them."""

from . import (
    elementwise,
    indexing,
    products,
    reductions,
    shapes,
)

__all__ = ["elementwise", "indexing", "products", "reductions", "shapes"]
