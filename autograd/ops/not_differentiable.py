"""NumPy functions without a gradient rule: those that give plain arrays, and those refused, why."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import REFUSED, untracked

# Plain arrays come out: what is asked has steps, or is no number, or does not depend on the values.

untracked(  # comparisons and logic
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.isclose, np.allclose, np.array_equal, np.array_equiv, np.any, np.all, np.isin,
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit,
    np.iscomplex, np.isreal, np.iscomplexobj, np.isrealobj,
)  # fmt: skip

untracked(  # places and orders
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort,
    np.nonzero, np.flatnonzero, np.argwhere, np.searchsorted, np.digitize,
    np.ix_, np.unravel_index, np.ravel_multi_index,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from,
)  # fmt: skip

untracked(  # counts, whole numbers and bits
    np.count_nonzero, np.linalg.matrix_rank, np.gcd, np.lcm,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert,
    np.left_shift, np.right_shift, np.packbits, np.unpackbits,
)  # fmt: skip

untracked(  # shapes, types, memory, text
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like,
    np.result_type, np.common_type, np.min_scalar_type, np.can_cast,
    np.shares_memory, np.may_share_memory, np.array2string, np.array_repr, np.array_str,
    np.histogram_bin_edges, np.einsum_path,
)  # fmt: skip


# An error comes out, with the reason.


def _refused(why: str, *functions: Any) -> None:
    REFUSED.update(dict.fromkeys(functions, why))


_refused(
    "what it drops depends on the values; pick by index, t[i]",
    np.unique, np.unique_values, np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d,
    np.trim_zeros,
)  # fmt: skip
_refused(
    "which elements are picked may jump; np.sort(t) and t[index] are differentiable",
    np.sort_complex, np.unique_all, np.unique_counts, np.unique_inverse,
)  # fmt: skip
_refused(
    "of NumPy's old polynomials only polyval has a rule; np.convolve multiplies them",
    np.poly, np.polyadd, np.polyder, np.polydiv, np.polyfit, np.polyint, np.polymul, np.polysub,
    np.roots,
)  # fmt: skip
_refused("steps between floating-point numbers", np.nextafter, np.spacing)
_refused("its derivative, the Bessel function I1, is not in NumPy", np.i0)
_refused("a file holds values", np.save, np.savetxt, np.savez, np.savez_compressed)
_refused(
    "dates have no gradient",
    np.busday_count, np.busday_offset, np.datetime_as_string, np.is_busday, np.isnat,
)  # fmt: skip

if hasattr(np, "in1d"):  # until NumPy 2.4
    untracked(np.in1d)  # noqa: NPY201
