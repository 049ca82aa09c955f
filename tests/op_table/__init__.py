"""The table of ops: one row for every op, by the file of `autograd/` it lives in.

`tests/autograd/test_ops.py` checks the same properties of every row, and fails if an op has none.
"""

from . import (
    choices,
    complexes,
    cumulative,
    einsum,
    elementwise,
    fft,
    indexing,
    joins,
    linalg,
    products,
    rearrange,
    reductions,
    selecting,
    shapes,
    statistics,
    trigonometric,
)
from .base import Row

ROWS: list[Row] = [
    *elementwise.ROWS,
    *reductions.ROWS,
    *trigonometric.ROWS,
    *choices.ROWS,
    *cumulative.ROWS,
    *statistics.ROWS,
    *shapes.ROWS,
    *indexing.ROWS,
    *products.ROWS,
    *einsum.ROWS,
    *selecting.ROWS,
    *rearrange.ROWS,
    *joins.ROWS,
    *linalg.ROWS,
    *fft.ROWS,
    *complexes.ROWS,
]

__all__ = ["ROWS", "Row"]
