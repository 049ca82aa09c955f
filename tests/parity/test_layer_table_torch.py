"""Every row of the table of layers against PyTorch, in float64: values and all gradients.

The weights go over by name, which checks the names and shapes of the state as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables.layers import ROWS, Layer, results

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import Tensor, default_dtype, gradients  # noqa: E402

THEIRS = [row for row in ROWS if hasattr(torch.nn, row.name)]  # PyTorch has them, too
SAMPLES = 2  # of each row, with other numbers


def theirs(row: Layer) -> Any:
    torch.manual_seed(0)
    cls = getattr(torch.nn, row.name)
    # Not all of torch's layers take a dtype.
    torch.set_default_dtype(torch.float64)
    try:
        layer = cls(**row.torch) if row.torch is not None else cls(*row.args, **row.kwargs)
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        for p in layer.parameters():
            p += torch.empty_like(p).uniform_(-0.1, 0.1)
    return layer.train(row.train)


def ours(row: Layer, peer: Any) -> nn.Module:
    with default_dtype(np.float64):
        layer = getattr(nn, row.name)(*row.args, **row.kwargs)
    state = peer.state_dict()
    assert {k: tuple(v.shape) for k, v in state.items()} == {
        k: v.shape for k, v in layer.state_dict().items()
    }
    assert list(state) == list(layer.state_dict())
    layer.load_state_dict({k: v.numpy() for k, v in state.items()})
    return layer.train(row.train)


def tensors(arrays: list[Any], fixed: tuple[int, ...], make: Any, keep: Any) -> list[Any]:
    return [
        x
        if not isinstance(x, np.ndarray)
        else make(x)
        if x.dtype.kind == "f" and i not in fixed
        else keep(x)
        for i, x in enumerate(arrays)
    ]


def close(actual: Any, expected: Any, rtol: float) -> None:
    actual = actual.detach().numpy() if isinstance(actual, Tensor) else np.asarray(actual)
    expected = expected.detach().numpy()
    assert actual.shape == expected.shape
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0) if expected.size else 0
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * max(scale, 1e-6))


@pytest.mark.parametrize("row", THEIRS, ids=str)
def test_value_and_gradients(row: Layer) -> None:
    peer = theirs(row)
    layer = ours(row, peer)
    for seed in range(SAMPLES):
        arrays = row.arrays(seed)
        xs = tensors(arrays, row.fixed, lambda a: Tensor(a, requires_grad=True), lambda a: a)
        ts = tensors(arrays, row.fixed, lambda a: torch.tensor(a, requires_grad=True), torch.tensor)
        call = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in row.call.items()}
        outs, expected = results(layer(*xs, **row.call)), results(peer(*ts, **call))
        assert len(outs) == len(expected)
        for y, t in zip(outs, expected, strict=True):
            close(y, t, row.rtol)

        rng = np.random.default_rng(10 + seed)
        pairs = [
            (y, t, rng.standard_normal(y.shape))
            for y, t in zip(outs, expected, strict=True)
            if isinstance(y, Tensor) and y.requires_grad
        ]
        if not pairs:
            assert not any(t.requires_grad for t in expected)
            continue
        leaves = [x for x in xs if isinstance(x, Tensor)] + list(layer.parameters())
        others = [t for t in ts if torch.is_tensor(t) and t.requires_grad]
        others += list(peer.parameters())
        got = gradients(sum((y * v).sum() for y, _, v in pairs), leaves)
        want = torch.autograd.grad(
            sum((t * torch.tensor(v)).sum() for _, t, v in pairs), others, allow_unused=True
        )
        for g, w in zip(got, want, strict=True):
            if w is None or g is None:
                assert g is None or not np.asarray(g).any()
                assert w is None or not w.detach().numpy().any()
            else:
                close(g, w, row.rtol)
        for (key, a), (_, b) in zip(
            layer.state_dict().items(), peer.state_dict().items(), strict=True
        ):  # buffers, such as running means, too
            np.testing.assert_allclose(a, b.numpy(), rtol=row.rtol, atol=1e-9, err_msg=key)
