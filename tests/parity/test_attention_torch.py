"""scaled_dot_product_attention, and self-attention, against PyTorch in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import Tensor, default_dtype, gradients  # noqa: E402

RNG = np.random.default_rng(0)
LOWER = np.tril(np.ones((3, 5), bool))
KNOWN = RNG.random((2, 1, 3, 5)) < 0.5  # some rows may be all False


def compare(ours: Any, theirs: Any, arrays: list[Any]) -> None:
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, t = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=1e-6, atol=1e-10)
    v = np.random.default_rng(1).standard_normal(y.shape)
    got = gradients((y * v).sum(), xs)
    want = torch.autograd.grad((t * torch.tensor(v)).sum(), ts)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(
    ("shapes", "options"),
    [
        (((2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 6)), {}),
        (((3, 4), (5, 4), (5, 6)), {}),
        (((1, 1, 1), (1, 1, 1), (1, 1, 1)), {}),
        (((2, 3, 4), (2, 5, 4), (2, 5, 1)), {"is_causal": True}),
        (((2, 3, 4), (2, 2, 4), (2, 2, 4)), {"is_causal": True, "scale": 0.3}),
        (((2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 6)), {"attn_mask": LOWER}),
        (((2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 6)), {"attn_mask": KNOWN}),
        (((2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 6)), {"attn_mask": ~LOWER}),  # rows see nothing
        (((2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 6)), {"attn_mask": RNG.standard_normal((3, 5))}),
        (((2, 4, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6)), {"enable_gqa": True}),
        (((2, 4, 3, 4), (2, 1, 5, 4), (2, 1, 5, 6)), {"enable_gqa": True, "is_causal": True}),
    ],
    ids=str,
)
def test_function(shapes: Any, options: dict[str, Any]) -> None:
    theirs = {k: torch.tensor(v) if hasattr(v, "shape") else v for k, v in options.items()}
    compare(
        lambda *xs: nn.functional.scaled_dot_product_attention(*xs, **options),
        lambda *ts: torch.nn.functional.scaled_dot_product_attention(*ts, **theirs),
        [RNG.standard_normal(shape) for shape in shapes],
    )


def test_gradient_of_the_mask() -> None:
    compare(
        nn.functional.scaled_dot_product_attention,
        torch.nn.functional.scaled_dot_product_attention,
        [RNG.standard_normal(shape) for shape in ((2, 3, 4), (2, 5, 4), (2, 5, 4), (3, 5))],
    )


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_self_attention(batch_first: bool, need_weights: bool) -> None:
    theirs = torch.nn.MultiheadAttention(4, 2, batch_first=batch_first).double()
    with default_dtype("float64"):
        ours = nn.MultiheadAttention(4, 2, batch_first=batch_first)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    compare(
        lambda x: ours(x, x, x, need_weights=need_weights)[0],
        lambda x: theirs(x, x, x, need_weights=need_weights)[0],
        [RNG.standard_normal((3, 2, 4))],
    )


def test_initial_values_are_theirs() -> None:
    torch.manual_seed(0)
    for options in ({"add_bias_kv": True}, {"kdim": 60, "vdim": 300}):
        ours = nn.MultiheadAttention(200, 4, **options, generator=0).state_dict()
        for key, theirs in torch.nn.MultiheadAttention(200, 4, **options).state_dict().items():
            assert ours[key].std() == pytest.approx(theirs.numpy().std(), rel=0.3, abs=1e-9), key
