"""Rows of the table: products."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from .base import Row


@st.composite
def products(draw: Any) -> Any:
    """Operands of matmul at every rank: vectors, matrices, and stacks that broadcast."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(
            signature=np.matmul.signature, min_dims=0, max_dims=2, min_side=0, max_side=3
        )
    )
    return drawn.input_shapes, {}


ROWS = [
    Row("matmul", np.matmul, products(), covers=(np.matmul,), exact=False),
]
