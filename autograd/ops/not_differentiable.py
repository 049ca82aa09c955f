"""NumPy functions that do not take Tensors, and why; those that give plain arrays."""

from __future__ import annotations

import numpy as np

from ..core.dispatch import REFUSED, untracked

untracked(
    np.array2string, np.array_repr, np.array_str, np.bitwise_count, np.common_type,
    np.histogram_bin_edges, np.min_scalar_type, np.packbits,
    np.unpackbits,
)  # fmt: skip

for names, why in {
    "poly polyadd polyder polydiv polyfit polyint polymul polysub roots": (
        "of NumPy's old polynomials only polyval has a rule; np.convolve multiplies them"
    ),
    "save savetxt savez savez_compressed": "a file holds values",
    "sort_complex unique_all unique_counts unique_inverse": (
        "which elements are picked may jump; np.sort(t) and t[index] are differentiable"
    ),
    "busday_count busday_offset datetime_as_string is_busday isnat": "dates have no gradient",
}.items():
    for name in names.split():
        REFUSED[getattr(np, name)] = why

if hasattr(np, "in1d"):  # until NumPy 2.4
    untracked(np.in1d)  # noqa: NPY201
