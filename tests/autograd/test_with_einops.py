"""einops takes Tensors, and gives what it gives of arrays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, gradcheck, gradgradcheck

einops = pytest.importorskip("einops")

autograd.use_einops()
X = np.arange(1.0, 25.0).reshape(2, 3, 2, 2)

CALLS: list[Callable[[Any], Any]] = [
    lambda x: einops.rearrange(x, "b c h w -> b (h w) c"),
    lambda x: einops.rearrange(x, "b c (h s) w -> (b s) c h w 1", s=2),
    lambda x: einops.rearrange([x, x * x], "n b ... -> b n ..."),
    lambda x: einops.repeat(x, "b c h w -> b (c r) h w k", r=2, k=3),
    lambda x: einops.reduce(x, "b c h w -> b c", "mean"),
    lambda x: einops.reduce(x, "b c h w -> c 1", "sum"),
    lambda x: einops.reduce(x, "b c h w -> b", "max"),
    lambda x: einops.reduce(x, "b c h w -> w", "min"),
    lambda x: einops.reduce(x / 10, "b c h w -> b h", "prod"),
    lambda x: einops.einsum(x, x, "b c h w, b d h w -> b c d"),
    lambda x: einops.pack([x, x[..., 0]], "b c *")[0],
    lambda x: einops.unpack(x, [[1], [2]], "b * h w")[1],
]


@pytest.mark.parametrize("call", CALLS)
def test_the_same_as_of_arrays(call: Callable[[Any], Any]) -> None:
    out = call(Tensor(X, requires_grad=True))
    assert isinstance(out, Tensor)
    np.testing.assert_allclose(out.data, call(X))
    assert gradcheck(call, X)
    assert gradgradcheck(call, X)


def test_what_is_no_float() -> None:
    truth = einops.reduce(Tensor(X > 3), "b c h w -> b", "any")
    np.testing.assert_array_equal(truth, [True, True])


@pytest.mark.parametrize(
    "first", ["import einops, autograd", "import autograd, einops; autograd.use_einops()"]
)
def test_the_order_of_imports(first: str) -> None:
    code = f"{first}; print(einops.rearrange(autograd.Tensor([[1., 2.]]), 'a b -> b a').shape)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "(2, 1)", run.stderr


def test_it_is_not_imported_by_us() -> None:
    code = "import sys, autograd, nn, optim; print('einops' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
