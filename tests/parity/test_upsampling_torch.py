"""interpolate against PyTorch in float64: every mode over random sizes and scales."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn.functional as F  # noqa: E402

MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}
SCALES = [0.5, 0.7, 1.0, 1.1, 1.5, 2.0, 2.1, 2.5, 3.0]  # some give back the size, or its double


@pytest.mark.parametrize(("n", "mode"), [(n, mode) for n, modes in MODES.items() for mode in modes])
def test_interpolate(n: int, mode: str) -> None:
    rng = np.random.default_rng(0)
    corners = [None, False, True] if mode.endswith(("linear", "cubic")) else [None]
    for trial in range(60):
        x = rng.standard_normal((2, 2, *rng.integers(2, 8, n)))
        config = {"mode": mode, "align_corners": corners[trial % len(corners)]}
        if trial % 4 == 0:
            config["size"] = tuple(rng.integers(1, 15, n).tolist())
        else:
            config["scale_factor"] = tuple(rng.choice(SCALES, n).tolist())
            config["recompute_scale_factor"] = [None, True, False][trial % 4 - 1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of scales whose size is rounded
            theirs = torch.nn.functional.interpolate(torch.tensor(x), **config).numpy()
        ours = F.interpolate(x, **config)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, err_msg=str(config))


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_same_neighbours(mode: str) -> None:
    for n in (1, 2, 3, 5, 7, 12, 29, 49):
        x = np.arange(float(n)).reshape(1, 1, n)
        for m in range(1, 60):
            theirs = torch.nn.functional.interpolate(torch.tensor(x), m, mode=mode).numpy()
            np.testing.assert_array_equal(F.interpolate(x, m, mode=mode), theirs)
