"""pad against PyTorch, for random shapes and paddings: values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn.functional as F  # noqa: E402


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(mode: str, cut: bool) -> None:
    rng = np.random.default_rng(0)
    agreed = 0
    for _ in range(300):
        ndim = int(rng.integers(1, 6))
        x = rng.standard_normal(rng.integers(1, 6, ndim))
        pad = rng.integers(0, 4, 2 * int(rng.integers(1, min(ndim, 3) + 1)))
        if cut:
            pad = -pad // 2 if mode == "constant" else np.where(pad == 3, -1, 0)
        pad = tuple(pad.tolist())
        value = {"value": 2.5} if mode == "constant" else {}
        try:
            theirs = torch.nn.functional.pad(torch.tensor(x), pad, mode, **value).numpy()
        except (RuntimeError, NotImplementedError, ValueError):
            # an empty result is not refused here
            if min(np.array(x.shape[::-1][: len(pad) // 2]) + np.reshape(pad, (-1, 2)).sum(1)) > 0:
                with pytest.raises(ValueError):
                    F.pad(x, pad, mode, **value)
        else:
            np.testing.assert_array_equal(F.pad(x, pad, mode, **value), theirs, strict=True)
            agreed += 1
    assert agreed > 30
