"""The table of ops: one row for every op, by the file of `autograd/ops/` it lives in.

`tests/autograd/ops/test_ops.py` checks the same properties of every row, and fails if an op has
none.
"""

from . import complex_numbers as complexes
from . import (
    creation,
    cumulative,
    einsum,
    elementwise,
    fft,
    indexing,
    linalg,
    products,
    rearrange,
    reductions,
    selecting,
    shapes,
    statistics,
    trigonometric,
)
from . import joining as joins
from . import piecewise as choices
from .base import Row

MODULES = (
    elementwise, trigonometric, choices, reductions, cumulative, statistics, shapes, joins,
    rearrange, indexing, selecting, products, einsum, linalg, fft, complexes, creation,
)  # fmt: skip

#: Rows by the name of their file, and all in one list.
BY_FILE: dict[str, list[Row]] = {m.__name__.rpartition(".")[2]: m.ROWS for m in MODULES}
ROWS: list[Row] = [row for rows in BY_FILE.values() for row in rows]

__all__ = ["BY_FILE", "ROWS", "Row"]
