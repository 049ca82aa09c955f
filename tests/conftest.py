"""For all tests: what can only be compared with a newer NumPy than the oldest we run on."""

from __future__ import annotations

import numpy as np
import pytest

NEWER = (  # where NumPy itself was otherwise before
    "[piecewise: clip below]", "[shapes: reshape]",
    "[statistics: quantile with weights]", "test_every_keyword_of_numpys[np.fix]",
    "test_every_keyword_of_numpys[np.gcd]", "test_every_keyword_of_numpys[np.linalg.matrix_norm]",
    "test_every_keyword_of_numpys[np.linalg.norm]",
    "test_every_keyword_of_numpys[np.linalg.vector_norm]", "::test_take_and_its_mistakes",
    "::test_norm_gives_what_numpy_gives_or_raises_where_it_does",
    "::test_what_cannot_be_is_refused[<lambda>-ValueError-mode]",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        return
    for item in items:
        if any(name in item.nodeid for name in NEWER):
            item.add_marker(pytest.mark.skip(reason=f"NumPy {np.__version__} differs here"))
