"""Recurrent cells and layers against PyTorch in float64: values, gradients, names of state."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import Tensor, default_dtype, gradients  # noqa: E402

Config = dict[str, Any]


def layers() -> list[tuple[str, Config]]:
    options = itertools.product([1, 3], [True, False], [True, False], [True, False])
    configs = [
        {"num_layers": n, "bias": b, "batch_first": f, "bidirectional": d} for n, b, f, d in options
    ]
    rows = [(kind, config) for kind in ("RNN", "LSTM", "GRU") for config in configs]
    rows += [("RNN", {**config, "nonlinearity": "relu"}) for config in configs]
    rows += [("LSTM", {**config, "proj_size": 2}) for config in configs]
    return rows


def cells() -> list[tuple[str, Config]]:
    rows: list[tuple[str, Config]] = [
        (kind, {"bias": bias})
        for kind in ("RNNCell", "LSTMCell", "GRUCell")
        for bias in (True, False)
    ]
    return [*rows, ("RNNCell", {"nonlinearity": "relu"})]


def pair(kind: str, config: Config, inputs: int = 3, hidden: int = 5) -> tuple[Any, Any]:
    """Ours, and theirs with our weights."""
    with default_dtype("float64"):
        ours = getattr(nn, kind)(inputs, hidden, **config)
    theirs = getattr(torch.nn, kind)(inputs, hidden, **config).double()
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    return ours, theirs


def flat(result: Any) -> list[Any]:
    return [x for r in result for x in flat(r)] if isinstance(result, tuple) else [result]


def close(ours: Any, theirs: Any) -> None:
    theirs = theirs.detach().numpy()
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-10)


def compare(ours: Any, theirs: Any, x: np.ndarray, states: list[np.ndarray]) -> None:
    """Results, first and second derivatives, by input, states and parameters."""
    rng = np.random.default_rng(1)

    def hx(states: list[Any]) -> Any:
        return (tuple(states) if len(states) > 1 else states[0]) if states else None

    xs = [Tensor(a, requires_grad=True) for a in (x, *states)]
    ts = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
    outs, t_outs = flat(ours(xs[0], hx(xs[1:]))), flat(theirs(ts[0], hx(ts[1:])))
    vs = [rng.standard_normal(out.shape) for out in outs]
    xs += ours.parameters()
    ts += theirs.parameters()
    starts = [rng.standard_normal(a.shape) for a in xs]
    for out, t_out in zip(outs, t_outs, strict=True):
        close(out.data, t_out)

    loss = sum((out * out * v).sum() for out, v in zip(outs, vs, strict=True))
    first = gradients(loss, xs, create_graph=True)
    plain = gradients(loss, xs, retain_graph=True)
    second = gradients(sum((g * s).sum() for g, s in zip(first, starts, strict=True)), xs)

    t_loss = sum((t * t * torch.tensor(v)).sum() for t, v in zip(t_outs, vs, strict=True))
    t_first = torch.autograd.grad(t_loss, ts, create_graph=True)
    t_second = torch.autograd.grad(
        sum((g * torch.tensor(s)).sum() for g, s in zip(t_first, starts, strict=True)), ts
    )
    for g, array, t in zip(first, plain, t_first, strict=True):
        close(g.data, t)
        close(array, t)
    for array, t in zip(second, t_second, strict=True):
        close(array, t)


@pytest.mark.parametrize(("kind", "config"), layers(), ids=str)
def test_layer(kind: str, config: Config) -> None:
    ours, theirs = pair(kind, config)
    rng = np.random.default_rng(0)
    rows = config["num_layers"] * (1 + config["bidirectional"])
    for lead in [(7, 4), (4, 1), (1, 2), (6,)]:
        batch = () if len(lead) == 1 else (lead[0 if config["batch_first"] else 1],)
        x = rng.standard_normal((*lead, 3))
        sizes = [config.get("proj_size", 5), 5][: 2 if kind == "LSTM" else 1]
        compare(ours, theirs, x, [rng.standard_normal((rows, *batch, size)) for size in sizes])
    compare(ours, theirs, rng.standard_normal((2, 3, 3)), [])  # from zeros


@pytest.mark.parametrize(("kind", "config"), cells(), ids=str)
def test_cell(kind: str, config: Config) -> None:
    ours, theirs = pair(kind, config)
    rng = np.random.default_rng(0)
    for lead in [(4,), (1,), ()]:
        states = rng.standard_normal((2 if kind == "LSTMCell" else 1, *lead, 5))
        compare(ours, theirs, rng.standard_normal((*lead, 3)), list(states))
        compare(ours, theirs, rng.standard_normal((*lead, 3)), [])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_odd_sizes_and_memory_layouts(kind: str) -> None:
    rng = np.random.default_rng(0)
    for inputs, hidden in [(1, 1), (1, 6), (9, 2)]:
        ours, theirs = pair(kind, {"num_layers": 2}, inputs, hidden)
        compare(ours, theirs, rng.standard_normal((5, 3, inputs)), [])
    x = rng.standard_normal((9, 3, 10)).T[::2, ::-1]
    assert not x.flags.c_contiguous
    compare(ours, theirs, x.copy(), [])
    np.testing.assert_array_equal(ours(x)[0].data, ours(x.copy())[0].data)


def test_dropout_is_where_theirs_is() -> None:
    # With p = 1 nothing is left to chance.
    ours, theirs = pair("LSTM", {"num_layers": 2, "dropout": 1.0, "bidirectional": True})
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    compare(ours, theirs, x, [])
    compare(ours.eval(), theirs.eval(), x, [])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_initial_values_are_theirs(kind: str) -> None:
    ours = getattr(nn, kind)(200, 100, generator=0).state_dict()
    torch.manual_seed(0)
    for key, theirs in getattr(torch.nn, kind)(200, 100).state_dict().items():
        assert ours[key].shape == tuple(theirs.shape)
        assert abs(ours[key]).max() == pytest.approx(abs(theirs.numpy()).max(), rel=0.05)
        assert ours[key].std() == pytest.approx(theirs.numpy().std(), rel=0.2)
