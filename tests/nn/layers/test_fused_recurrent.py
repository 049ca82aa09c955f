"""The fused loop against the plain one, its twin, and against finite differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, gradcheck, gradgradcheck, gradients, no_grad
from nn.layers import fused_recurrent
from nn.machine import OpenBLAS

KINDS = ["LSTM", "GRU"]
NAMES = nn.GRU._run.__globals__  # the module may have been imported twice, by doctest too
RNG = np.random.default_rng(0)


def layer_of(kind: str, inputs: int = 3, hidden: int = 4, **options: Any) -> Any:
    return getattr(nn, kind)(inputs, hidden, **options, generator=0)


def normal(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return RNG.standard_normal(shape).astype(dtype)


def flat(result: Any) -> list[Any]:
    return [x for r in result for x in flat(r)] if isinstance(result, tuple) else [result]


def states_of(kind: str, *shape: int, dtype: Any = np.float64) -> list[np.ndarray]:
    return [normal(*shape, dtype=dtype) for _ in range(2 if kind == "LSTM" else 1)]


def joined(states: list[Any]) -> Any:
    return (tuple(states) if len(states) > 1 else states[0]) if states else None


def results(layer: Any, x: Any, states: list[Any], gs: list[Any]) -> list[np.ndarray]:
    """The outputs, and the gradients of input, states and parameters for these of the outputs."""
    xs = [Tensor(a, requires_grad=True) for a in (x, *states)]
    outs = flat(layer(xs[0], joined(xs[1:])))
    found = gradients(outs, [*xs, *layer.parameters()], gs)
    return [*(out.data for out in outs), *found]


def both(layer: Any, x: Any, states: list[Any], gs: list[Any], monkeypatch: Any) -> Any:
    """The results of the fused loop, and of the plain one."""
    ran = []

    def spy(*args: Any, **config: Any) -> Any:
        ran.append(config["kind"])
        return fused(*args, **config)

    with monkeypatch.context() as patch:
        fused = NAMES["_fused_loop"]
        patch.setitem(NAMES, "_fused_loop", spy)
        patch.setitem(NAMES, "FUSED_FROM", 1)
        fast = results(layer, x, states, gs)
        assert ran
        patch.setitem(NAMES, "FUSED_FROM", 10**9)
        count = len(ran)
        plain = results(layer, x, states, gs)
        assert len(ran) == count
    return fast, plain


def close(fast: list[Any], plain: list[Any]) -> None:
    for got, expected in zip(fast, plain, strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        digits = 2e-5 if got.dtype == np.float32 else 1e-12
        scale = abs(expected).max(initial=0)
        np.testing.assert_allclose(got, expected, rtol=digits, atol=digits * scale)


@pytest.mark.parametrize("batch", [0, 1, 2, 33])
@pytest.mark.parametrize("time", [1, 2, 5, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_is_the_plain_loop(kind: str, dtype: str, time: int, batch: int, monkeypatch: Any) -> None:
    for bias, given in itertools.product([True, False], repeat=2):
        layer = layer_of(kind, bias=bias).astype(dtype)
        x = normal(time, batch, 3, dtype=dtype)
        states = states_of(kind, 1, batch, 4, dtype=dtype)
        gs = [normal(time, batch, 4, dtype=dtype), *states_of(kind, 1, batch, 4, dtype=dtype)]
        fast, plain = both(layer, x, states if given else [], gs, monkeypatch)
        close(fast, plain)


@pytest.mark.parametrize(("inputs", "hidden"), [(1, 1), (1, 6), (9, 2), (64, 96)])
@pytest.mark.parametrize("kind", KINDS)
def test_sizes_layers_and_directions(kind: str, inputs: int, hidden: int, monkeypatch: Any) -> None:
    layer = layer_of(kind, inputs, hidden, num_layers=2, bidirectional=True, batch_first=True)
    layer.astype(np.float64)
    gs = [normal(3, 6, 2 * hidden), *states_of(kind, 4, 3, hidden)]
    states = states_of(kind, 4, 3, hidden)
    close(*both(layer, normal(3, 6, inputs), states, gs, monkeypatch))


def threads_are(count: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(fused_recurrent, "_has_one_thread", lambda: count == 1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_products_in_pieces(kind: str, threads: int, monkeypatch: Any) -> None:
    """Beyond the size from which a thread takes the weights in pieces, and where it cannot."""
    threads_are(threads, monkeypatch)
    for hidden, batch in [(128, 64), (129, 70), (64, 2000)]:
        layer = layer_of(kind, 60, hidden)
        x = normal(6, batch, 60, dtype=np.float32)
        gs = [normal(6, batch, hidden, dtype=np.float32)]
        gs += states_of(kind, 1, batch, hidden, dtype=np.float32)
        close(*both(layer, x, [], gs, monkeypatch))


def test_pieces_are_all_of_the_weight(monkeypatch: Any) -> None:
    weight = normal(512, 193)
    monkeypatch.setattr(fused_recurrent, "SMALL", 64 * 193 * 32)
    threads_are(1, monkeypatch)
    for batch, shape in [(32, (8, 64, 193)), (33, (16, 32, 193)), (10**6, (1, 512, 193))]:
        pieces = fused_recurrent._pieces(weight, batch)
        assert pieces.shape == shape
        np.testing.assert_array_equal(pieces.reshape(weight.shape), weight)
    threads_are(2, monkeypatch)
    assert fused_recurrent._pieces(weight, 32).shape == (1, 512, 193)


@pytest.mark.skipif(OpenBLAS.find() is None, reason="NumPy has another BLAS")
def test_the_number_of_threads_is_asked_of_openblas() -> None:
    blas: Any = OpenBLAS.find()
    before = blas.threads
    try:
        for count in 2, 1:
            blas.threads = count
            assert fused_recurrent._has_one_thread() == (blas.threads == 1)
        assert blas.threads == 1
    finally:
        blas.threads = before


# Layouts of memory: how an array of any shape may lie.
LAYOUTS = {
    "reversed": lambda a: a[::-1].copy()[::-1],
    "transposed": lambda a: a.T.copy().T,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "batch first": lambda a: a.swapaxes(0, 1).copy().swapaxes(0, 1),
    "read-only": lambda a: np.lib.stride_tricks.as_strided(a.copy(), writeable=False),
    "one number": lambda a: np.broadcast_to(a[:1, :1, :1], a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_layouts_of_memory(kind: str, layout: str, monkeypatch: Any) -> None:
    change = LAYOUTS[layout]
    layer = layer_of(kind).astype(np.float64)
    for p in layer.parameters():
        if p.ndim == 2:
            p.data = p.data.T.copy().T  # in Fortran's order
    x, *states = map(change, (normal(7, 5, 3), *states_of(kind, 1, 5, 4)))
    gs = [*map(change, (normal(7, 5, 4), *states_of(kind, 1, 5, 4)))]
    kept = [a.copy() for a in (x, *states, *gs, *(p.data for p in layer.parameters()))]
    close(*both(layer, x, states, gs, monkeypatch))
    for a, b in zip((x, *states, *gs, *(p.data for p in layer.parameters())), kept, strict=True):
        np.testing.assert_array_equal(a, b)  # nothing was written into


@pytest.mark.parametrize("dtypes", ["fd", "df", "ef", "fe", "ed", "ee"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:.*the parameters:UserWarning")
def test_other_dtypes(kind: str, dtypes: str, monkeypatch: Any) -> None:
    """Of input and parameters: the results are of those the plain loop gives."""
    layer = layer_of(kind).astype(dtypes[1])
    x = normal(6, 5, 3, dtype=dtypes[0])
    out = layer(x)[0]
    monkeypatch.setitem(NAMES, "FUSED_FROM", 10**9)
    plain = layer(x)[0]
    assert out.dtype == plain.dtype
    np.testing.assert_allclose(out.data, plain.data, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_finite_differences(kind: str, bias: bool) -> None:
    layer = layer_of(kind, bias=bias).astype(np.float64)

    class Flat(nn.Module):
        def __init__(self) -> None:
            self.module = layer

        def forward(self, x: Any, *states: Any) -> Any:
            return tuple(flat(self.module(x, joined(list(states)))))

    x, states = normal(6, 2, 3), states_of(kind, 1, 2, 4)
    gradcheck(Flat(), x, *states)
    gradgradcheck(Flat(), x, *states, mode="projection")


@pytest.mark.parametrize("kind", KINDS)
def test_differentiates_again_as_the_plain_loop(kind: str, monkeypatch: Any) -> None:
    layer = layer_of(kind).astype(np.float64)
    arrays, found = [normal(6, 2, 3), *states_of(kind, 1, 2, 4)], []
    for start in (1, 10**9):
        monkeypatch.setitem(NAMES, "FUSED_FROM", start)
        xs = [Tensor(a, requires_grad=True) for a in arrays]
        outs = flat(layer(xs[0], joined(xs[1:])))
        xs += layer.parameters()
        first = gradients(sum((out * out).sum() for out in outs), xs, create_graph=True)
        second = gradients(sum((g * g).sum() for g in first), xs)
        found.append([*(g.data for g in first), *second])
    close(*found)


@pytest.mark.parametrize("kind", KINDS)
def test_closures_may_run_again(kind: str) -> None:
    layer = layer_of(kind)
    x = Tensor(normal(6, 2, 3, dtype=np.float32), requires_grad=True)
    loss = sum((out * out).sum() for out in flat(layer(x)))
    for p in (x, *layer.parameters()):
        p.grad = None
    loss.backward(retain_graph=True)
    first = [p.grad.copy() for p in (x, *layer.parameters())]
    loss.backward()
    for p, g in zip((x, *layer.parameters()), first, strict=True):
        np.testing.assert_array_equal(p.grad, 2 * g)


@pytest.mark.parametrize("kind", KINDS)
def test_results_share_no_memory_with_each_other(kind: str) -> None:
    with no_grad():
        arrays = [out.data for out in flat(layer_of(kind)(normal(6, 2, 3, dtype=np.float32)))]
    for a, b in itertools.combinations(arrays, 2):
        assert not np.shares_memory(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_only_products_asked_for_are_made(kind: str, monkeypatch: Any) -> None:
    layer, made = layer_of(kind), []
    in_order = NAMES["fused_recurrent"]._back_in_order

    def spy(a: Any, *rest: Any) -> Any:
        made.append(a.shape)
        return in_order(a, *rest)

    monkeypatch.setattr(NAMES["fused_recurrent"], "_back_in_order", spy)
    x = Tensor(normal(6, 2, 3, dtype=np.float32), requires_grad=True)
    for asked, expected in [(x, []), (layer.weight_ih_l0, [3]), (layer.weight_hh_l0, [4])]:
        made.clear()
        gradients(layer(x)[0].sum(), [asked])
        assert [shape[1] for shape in made] == expected
