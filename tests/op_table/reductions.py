"""Rows of the table: reductions."""

from __future__ import annotations

import numpy as np

from .base import Row, reduction

ROWS = [
    Row("sum", np.sum, reduction(), covers=(np.sum,)),
    Row("mean", np.mean, reduction(min_side=1), covers=(np.mean,)),
    Row("max", np.max, reduction(min_side=1), covers=(np.max,)),
    Row("min", np.min, reduction(min_side=1), covers=(np.min,)),
]
