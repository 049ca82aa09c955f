"""The table of ops: one row for every op, by the file of `autograd/` it lives in.

`tests/autograd/test_ops.py` checks the same properties of every row, and fails if an op has none.
"""

from . import elementwise, indexing, products, reductions, shapes
from .base import Row

ROWS: list[Row] = [
    *elementwise.ROWS,
    *reductions.ROWS,
    *shapes.ROWS,
    *indexing.ROWS,
    *products.ROWS,
]

__all__ = ["ROWS", "Row"]
