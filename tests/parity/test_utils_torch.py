"""nn.utils beside torch.nn.utils: sequences through recurrent layers, and normed weights."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from nn import utils  # noqa: E402

RNG = np.random.default_rng(0)
LENGTHS = [3, 6, 1, 6, 2]
ROWS = [RNG.standard_normal((n, 3)) for n in LENGTHS]
theirs_rnn = torch.nn.utils.rnn


def same(a: Any, b: Any) -> None:
    a = a.data if hasattr(a, "_node") else a
    np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("side", ["right", "left"])
def test_sequences(first: bool, side: str) -> None:
    ts = [torch.tensor(row) for row in ROWS]
    padded = utils.rnn.pad_sequence(ROWS, first, 2.0, side)
    t_padded = theirs_rnn.pad_sequence(ts, first, 2.0, side)
    same(padded, t_padded)
    packed = utils.rnn.pack_padded_sequence(padded, LENGTHS, first, enforce_sorted=False)
    t_packed = theirs_rnn.pack_padded_sequence(t_padded, LENGTHS, first, enforce_sorted=False)
    assert packed._fields == t_packed._fields
    same(packed.data, t_packed.data)
    same(packed.batch_sizes, t_packed.batch_sizes)
    order = packed.sorted_indices
    assert sorted(order.tolist()) == sorted(t_packed.sorted_indices.tolist())  # ties may differ
    for a, b in zip(
        utils.rnn.pad_packed_sequence(packed, first, 3.0, 8),
        theirs_rnn.pad_packed_sequence(t_packed, first, 3.0, 8),
        strict=True,
    ):
        same(a, b)
    for a, b in zip(
        utils.rnn.unpad_sequence(padded, LENGTHS, first),
        theirs_rnn.unpad_sequence(t_padded, torch.tensor(LENGTHS), first),
        strict=True,
    ):
        same(a, b)


@pytest.mark.parametrize(
    ("kind", "layers", "both", "options"),
    [
        *itertools.product(["RNN", "LSTM", "GRU"], [1, 2], [False, True], [{}]),
        ("LSTM", 2, True, {"proj_size": 2, "batch_first": True}),
    ],
)
def test_recurrent_layers_take_packed_sequences(
    kind: str, layers: int, both: bool, options: Any
) -> None:
    ours = getattr(nn, kind)(3, 4, layers, bidirectional=both, **options).double()
    theirs = getattr(torch.nn, kind)(3, 4, layers, bidirectional=both, **options).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    sizes = [options.get("proj_size", 4), 4][: 2 if kind == "LSTM" else 1]
    states = [RNG.standard_normal((layers * (1 + both), 5, n)) for n in sizes]
    for start in (states, None):
        packed = utils.rnn.pack_sequence(ROWS, enforce_sorted=False)
        t_packed = theirs_rnn.pack_sequence([torch.tensor(r) for r in ROWS], enforce_sorted=False)
        hx = t_hx = None
        if start:
            hx = tuple(start) if len(start) > 1 else start[0]
            t_hx = tuple(map(torch.tensor, start)) if len(start) > 1 else torch.tensor(start[0])
        out, end = ours(packed, hx)
        t_out, t_end = theirs(t_packed, t_hx)
        same(out.data, t_out.data)
        padded = utils.rnn.pad_packed_sequence(out)[0]
        t_padded = theirs_rnn.pad_packed_sequence(t_out)[0]
        same(padded, t_padded)
        ends, t_ends = (end, t_end) if kind == "LSTM" else ((end,), (t_end,))
        loss, t_loss = (padded**2).sum(), (t_padded**2).sum()
        for a, b in zip(ends, t_ends, strict=True):
            same(a, b)
            loss, t_loss = loss + (a**3).sum(), t_loss + (b**3).sum()
        ours.zero_grad()
        theirs.zero_grad()
        loss.backward()
        t_loss.backward()
        for p, t in zip(ours.parameters(), theirs.parameters(), strict=True):
            same(p.grad, t.grad)


@pytest.mark.parametrize(
    ("kind", "arguments", "shape"),
    [("Linear", (4, 3), (5, 4)), ("Conv2d", (2, 3, 2), (2, 2, 4, 4)),
     ("ConvTranspose2d", (2, 3, 2), (2, 2, 4, 4))],
)  # fmt: skip
@pytest.mark.parametrize("norm", ["weight_norm", "spectral_norm", "whole"])
def test_normed_weights(kind: str, arguments: Any, shape: Any, norm: str) -> None:
    ours, theirs = getattr(nn, kind)(*arguments).double(), getattr(torch.nn, kind)(*arguments)
    theirs.double()
    name = "weight_norm" if norm == "whole" else norm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # theirs has a second way by now
        getattr(utils, name)(ours, **({"axis": None} if norm == "whole" else {}))
        getattr(torch.nn.utils, name)(theirs, **({"dim": None} if norm == "whole" else {}))
    state = ours.state_dict()
    assert {k: v.shape for k, v in state.items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
    x = RNG.standard_normal(shape)
    for training in (True, True, False):  # the power iteration goes on
        ours.train(training)
        theirs.train(training)
        out, t_out = ours(x), theirs(torch.tensor(x))
        same(out, t_out)
        ours.zero_grad()
        theirs.zero_grad()
        (out**2).sum().backward()
        (t_out**2).sum().backward()
        for (a, p), (b, t) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            assert a == b
            same(p.grad, t.grad)
    for k, v in theirs.state_dict().items():
        same(ours.state_dict()[k], v)
