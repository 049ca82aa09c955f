"""Recurrent cells and layers: formulas, finite differences, layouts, refusals."""

from __future__ import annotations

import copy
import gc
import weakref
from typing import Any

import numpy as np
import pytest

import nn
from autograd import LeafChangedError, Tensor, gradcheck, gradgradcheck, gradients, no_grad

# Inputs in float64 through weights in float32: the formulas by hand are followed to 12 digits.
pytestmark = pytest.mark.filterwarnings("ignore:.*got float64, the parameters:UserWarning")

RNG = np.random.default_rng(0)
CELLS = [
    nn.RNNCell(3, 4, generator=0),
    nn.RNNCell(3, 4, False, "relu", generator=1),
    nn.LSTMCell(3, 4, generator=0),
    nn.LSTMCell(3, 4, False, generator=0),
    nn.GRUCell(3, 4, generator=0),
    nn.GRUCell(3, 4, False, generator=0),
]
LAYERS = [
    nn.RNN(3, 4, generator=0),
    nn.RNN(3, 4, 2, "relu", False, bidirectional=True, generator=0),
    nn.LSTM(3, 4, generator=0),
    nn.LSTM(3, 4, 2, False, True, bidirectional=True, generator=0),
    nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2, generator=0),
    nn.GRU(3, 4, generator=0),
    nn.GRU(3, 4, 2, False, True, bidirectional=True, generator=0),
]


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def label(module: nn.Module) -> str:
    return repr(module).split("   ")[0]


def flat(result: Any) -> list[Any]:
    """The tensors of a result such as (output, (h, c))."""
    return [x for r in result for x in flat(r)] if isinstance(result, tuple) else [result]


class Flat(nn.Module):
    """A module with its states as further inputs and its results as one tuple, to be checked."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def forward(self, x: Any, *states: Any) -> Any:
        hx = (states if len(states) > 1 else states[0]) if states else None
        return tuple(flat(self.module(x, hx)))


def states_of(module: Any, lead: tuple[int, ...]) -> list[np.ndarray]:
    h = normal(*lead, module.proj_size or module.hidden_size)
    return [h, normal(*lead, 4)] if isinstance(module, nn.LSTM | nn.LSTMCell) else [h]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


# The cells as in the papers, of arrays or Tensors. x and z are the shares of input and state.


def plain_rnn(x: Any, z: Any, h: Any, nonlinearity: str) -> Any:
    return np.tanh(x + z) if nonlinearity == "tanh" else np.maximum(x + z, 0)


def plain_lstm(x: Any, z: Any, h: Any, c: Any) -> Any:
    i, f, g, o = np.split(x + z, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, c


def plain_gru(x: Any, z: Any, h: Any) -> Any:
    (x_r, x_u, x_n), (z_r, z_u, z_n) = np.split(x, 3, -1), np.split(z, 3, -1)
    r, u = sigmoid(x_r + z_r), sigmoid(x_u + z_u)
    n = np.tanh(x_n + r * z_n)
    return (1 - u) * n + u * h


def plain_step(module: Any, p: dict[str, Any], x: Any, h: Any, c: Any = None) -> Any:
    """The next state by the formulas, with the parameters `p` of a cell, or of a layer's first."""
    p = {name.removesuffix("_l0"): value for name, value in p.items()}
    x = x @ p["weight_ih"].T + p.get("bias_ih", 0)
    z = h @ p["weight_hh"].T + p.get("bias_hh", 0)
    if isinstance(module, nn.RNN | nn.RNNCell):
        return plain_rnn(x, z, h, module.nonlinearity)
    if isinstance(module, nn.GRU | nn.GRUCell):
        return plain_gru(x, z, h)
    h, c = plain_lstm(x, z, h, c)
    return h @ p["weight_hr"].T if "weight_hr" in p else h, c


def by_hand(cell: Any, x: np.ndarray, h: np.ndarray, c: Any = None) -> Any:
    p = {k: v.astype(np.float64) for k, v in cell.state_dict().items()}
    return plain_step(cell, p, x, h, c)


@pytest.mark.parametrize("cell", CELLS, ids=label)
def test_cell(cell: Any) -> None:
    x, states = normal(5, 3), states_of(cell, (5,))
    hx = tuple(states) if len(states) > 1 else states[0]
    for got, expected in zip(flat(cell(x, hx)), flat(by_hand(cell, x, *states)), strict=True):
        np.testing.assert_allclose(got.data, expected, rtol=1e-6)  # biases are summed in float32
    none = [np.zeros_like(s) for s in states]
    for got, expected in zip(flat(cell(x)), flat(by_hand(cell, x, *none)), strict=True):
        np.testing.assert_allclose(got.data, expected, rtol=1e-6)
    one = cell(x[2], tuple(s[2] for s in states) if len(states) > 1 else states[0][2])
    for got, expected in zip(flat(one), flat(cell(x, hx)), strict=True):
        assert got.shape == (4,)
        np.testing.assert_allclose(got.data, expected.data[2], rtol=1e-12)


@pytest.mark.parametrize("lead", [(2,), (), (1,)])
@pytest.mark.parametrize("cell", CELLS, ids=label)
def test_cell_gradients(cell: Any, lead: tuple[int, ...]) -> None:
    x, states = normal(*lead, 3), states_of(cell, lead)
    gradcheck(Flat(cell), x, *states)
    gradgradcheck(Flat(cell), x, *states)


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS, ids=label)
@pytest.mark.parametrize(
    "time", [1, 2, 3, 6]
)  # from 3 on LSTM and GRU are fused; from 5 on the weight is transposed
def test_layer_gradients(layer: Any, time: int) -> None:
    x = normal(2, time, 3) if layer.batch_first else normal(time, 2, 3)
    states = states_of(layer, (layer.num_layers * (1 + layer.bidirectional), 2))
    gradcheck(Flat(layer), x, *states)
    gradgradcheck(Flat(layer), x, *states, mode="projection")


@pytest.mark.parametrize("layer", [LAYERS[0], nn.LSTM(3, 4, proj_size=2), LAYERS[5]], ids=label)
def test_every_second_derivative(layer: Any) -> None:
    gradgradcheck(Flat(layer), normal(2, 1, 3), mode="exhaustive")


@pytest.mark.parametrize("time", [2, 6])  # fused from 3 on
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("kind", "config"),
    [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("GRU", {}),
     ("LSTM", {"proj_size": 2})],
)  # fmt: skip
def test_values_and_gradients_are_those_of_the_plain_cell(
    kind: str, config: dict[str, Any], bias: bool, time: int
) -> None:
    layer = getattr(nn, kind)(3, 4, bias=bias, **config).astype(np.float64)
    p, states = dict(layer.named_parameters()), states_of(layer, (1, 2))
    leaves = [Tensor(a, requires_grad=True) for a in (normal(time, 2, 3), *states)]
    x, *start = leaves
    outs, state = [], [s[0] for s in start]
    for t in range(time):
        state = flat(plain_step(layer, p, x[t], *state))
        outs.append(state[0])
    expected = [np.stack(outs), *(s[None] for s in state)]
    got = flat(layer(x, tuple(start) if len(start) > 1 else start[0]))
    weights = [normal(*r.shape) for r in expected]
    gradients_of = []
    for results in (got, expected):
        loss = sum((r * w).sum() for r, w in zip(results, weights, strict=True))
        gradients_of.append(gradients(loss, [*leaves, *p.values()]))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-12, atol=1e-14)
    for a, b in zip(*gradients_of, strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_layer_is_its_cell_for_each_step(kind: str) -> None:
    layer, cell = getattr(nn, kind)(3, 4, 2, bidirectional=True), getattr(nn, f"{kind}Cell")
    x = normal(6, 2, 3)
    output, last = layer(x)
    seen, ends = x, []
    for number in range(2):
        outs = []
        for suffix in (f"_l{number}", f"_l{number}_reverse"):
            one = cell(seen.shape[-1], 4)
            own = {k.removesuffix(suffix): v for k, v in layer.state_dict().items()}
            one.load_state_dict({k: own[k] for k in one.state_dict()})
            state, hs = None, []
            for x_t in seen[::-1] if "reverse" in suffix else seen:
                state = one(x_t, state)
                hs.append(flat(state)[0].data)
            outs.append(np.stack(hs[::-1] if "reverse" in suffix else hs))
            ends.append([s.data for s in flat(state)])
        seen = np.concatenate(outs, axis=-1)
    np.testing.assert_allclose(output.data, seen, rtol=1e-6, atol=1e-8)
    for got, expected in zip(flat(last), zip(*ends, strict=True), strict=True):
        np.testing.assert_allclose(got.data, np.stack(expected), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", LAYERS, ids=label)
def test_layouts(layer: Any) -> None:
    """Batch first, without a batch, an empty batch, float32."""
    other = copy.deepcopy(layer)
    other.batch_first = not layer.batch_first
    first, second = (layer, other) if layer.batch_first else (other, layer)
    x = normal(7, 2, 3).astype(np.float32)
    results = flat(second(x))
    swapped = flat(first(x.swapaxes(0, 1)))
    np.testing.assert_array_equal(swapped[0].data, results[0].data.swapaxes(0, 1))
    for a, b in zip(swapped[1:], results[1:], strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    for a, b in zip(flat(layer(x[:, 0])), results, strict=True):
        np.testing.assert_allclose(a.data, b.data[:, 0], rtol=1e-4, atol=1e-6)
    empty = flat(second(x[:, :0]))
    assert [e.shape for e in empty] == [(*r.shape[:1], 0, *r.shape[2:]) for r in results]
    sum(r.sum() for r in results).backward()
    assert {r.dtype for r in results} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in second.parameters()} == {np.dtype(np.float32)}
    with no_grad():
        assert not second(x)[0].requires_grad


@pytest.mark.parametrize("module", [*CELLS, *LAYERS], ids=label)
def test_dtype_stays_on_the_way(module: Any, monkeypatch: Any) -> None:
    # The engine would cast a gradient of another dtype, at a cost nobody sees.
    names = nn.GRU._run.__globals__  # the module may have been imported twice, by doctest too
    closures = []

    def spied(loop: Any) -> Any:
        def spy(*arrays: Any, **config: Any) -> Any:
            arrays = tuple(a.data if isinstance(a, Tensor) else a for a in arrays)
            outs, *rest = loop.__wrapped__(*arrays, **config)
            assert {out.dtype for out in outs} == {np.dtype(np.float32)}
            g = tuple(np.ones_like(out) for out in outs)
            closures.extend((f, a, g) for f, a in zip(rest, arrays, strict=True) if a is not None)
            return loop(*arrays, **config)

        return spy

    for name in ("_loop", "_fused_loop"):
        monkeypatch.setitem(names, name, spied(names[name]))
    x = normal(2, 3) if module in CELLS else normal(6, 2, 3)
    module(x.astype(np.float32))
    assert closures
    for f, a, g in closures:
        assert (f(g).dtype, f(g).shape) == (np.float32, a.shape)


def test_large_gates_do_not_overflow() -> None:
    x = Tensor(1e4 * normal(6, 2, 3), requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        for layer in LAYERS[2:]:
            layer.zero_grad()
            sum(r.sum() for r in flat(layer(x))).backward()
            assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_only_what_is_asked_for_gets_a_gradient() -> None:
    layer = nn.LSTM(3, 4, proj_size=2)
    layer.weight_hh_l0.requires_grad = False
    layer(normal(6, 2, 3))[1][1].sum().backward()  # the last c alone
    assert layer.weight_hh_l0.grad is None
    assert abs(layer.weight_ih_l0.grad).max() > 0
    assert abs(layer.weight_hr_l0.grad).max() > 0


@pytest.mark.parametrize("time", [1, 6])
@pytest.mark.parametrize("name", ["weight_hh_l0", "weight_hr_l0"])
def test_an_update_between_forward_and_backward_is_noticed(name: str, time: int) -> None:
    layer = nn.LSTM(3, 4, proj_size=2)
    out = layer(normal(time, 2, 3), tuple(states_of(layer, (1, 2))))[0].sum()
    getattr(layer, name).data += 1
    with pytest.raises(LeafChangedError):
        out.backward()


def test_reference_counts_free_the_graph() -> None:
    gc.collect()
    gc.disable()
    try:
        out = nn.LSTM(3, 4)(normal(6, 2, 3))[0]
        ref, loss = weakref.ref(out._array), (out * out).sum()
        loss.backward(retain_graph=True)
        del out, loss
        assert ref() is None
    finally:
        gc.enable()


def test_names_shapes_and_initial_values() -> None:
    layer = nn.LSTM(3, 400, 2, bidirectional=True, proj_size=5, generator=0)
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
    suffixes = ["l0", "l0_reverse", "l1", "l1_reverse"]
    state = layer.state_dict()
    assert list(state) == [f"{name}_{suffix}" for suffix in suffixes for name in names]
    assert [state[f"{name}_l1"].shape for name in names] == [
        (1600, 10), (1600, 5), (1600,), (1600,), (5, 400)
    ]  # fmt: skip
    for array in state.values():
        assert 0.049 < abs(array).max() <= 0.05  # 1 / sqrt(400)
    assert list(nn.GRUCell(3, 4).state_dict()) == names[:4]
    bare = nn.GRUCell(3, 4, bias=False)
    assert bare.bias_ih is bare.bias_hh is None
    assert list(nn.GRU(3, 4, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]
    same = nn.LSTM(3, 400, 2, bidirectional=True, proj_size=5, generator=0)
    np.testing.assert_array_equal(same.weight_ih_l0.data, layer.weight_ih_l0.data)


def test_dropout_between_layers_in_training() -> None:
    def layer(p: float, layers: int = 2) -> nn.RNN:
        return nn.RNN(3, 4, layers, "relu", dropout=p, generator=0)

    x = normal(6, 5, 3).astype(np.float32)
    half, none, all_ = layer(0.5), layer(0.0), layer(1.0)
    assert (half(x)[0].data != half(x)[0].data).any()  # another mask each time
    np.testing.assert_array_equal(layer(0.5)(x)[0].data, layer(0.5)(x)[0].data)
    np.testing.assert_array_equal(half.eval()(x)[0].data, none(x)[0].data)
    # The second layer sees zeros, the state of the first layer is as ever.
    np.testing.assert_array_equal(all_(x)[1].data[0], none(x)[1].data[0])
    np.testing.assert_array_equal(all_(x)[0].data, all_(2 * x)[0].data)
    with pytest.warns(UserWarning, match=r"RNN: dropout=0.5 acts between layers.*nothing"):
        layer(0.5, 1)


def test_repr() -> None:
    assert repr(nn.LSTM(3, 4, 2, batch_first=True, proj_size=2)).startswith(
        "LSTM(3, 4, num_layers=2, batch_first=True, proj_size=2)   224 parameters"
    )
    assert repr(CELLS[1]).startswith("RNNCell(3, 4, bias=False, nonlinearity='relu')   28")
    assert repr(nn.GRU(3, 4)) == "GRU(3, 4)   108 parameters"


def test_refuses_arguments() -> None:
    for f, match in [
        (lambda: nn.GRU(3, 0), "GRU: hidden_size is 0, expected at least 1"),
        (lambda: nn.RNNCell(3, 0), "RNNCell: hidden_size is 0"),
        (lambda: nn.LSTM(3, 4, 0), "LSTM: num_layers is 0, expected at least 1"),
        (lambda: nn.LSTM(3, 4, 2, dropout=1.5), "LSTM: dropout is a probability.*got 1.5"),
        (lambda: nn.LSTM(3, 4, proj_size=4), "LSTM: proj_size is 4.*less than hidden_size, 4"),
        (lambda: nn.LSTM(3, 4, proj_size=-1), "LSTM: proj_size is -1"),
        (lambda: nn.RNN(3, 4, 1, "gelu"), "RNN: got nonlinearity 'gelu', expected 'tanh' or"),
        (lambda: nn.RNNCell(3, 4, nonlinearity="Tanh"), "RNNCell: got nonlinearity 'Tanh'"),
    ]:
        with pytest.raises(ValueError, match=match):
            f()


@pytest.mark.parametrize(
    ("module", "args", "error", "match"),
    [
        (nn.GRU(3, 4), ((7, 2, 5),), ValueError,
         r"GRU\(3, 4\): got input of shape \(7, 2, 5\), expected \(time, batch, 3\) or \(time,"),
        (nn.GRU(3, 4, batch_first=True), ((3,),), ValueError, r"expected \(batch, time, 3\) or"),
        (nn.GRU(3, 4), ((2, 2, 2, 3),), ValueError, "got input of shape"),
        (nn.GRU(3, 4), ((0, 2, 3),), ValueError, "without a time step"),
        (nn.GRU(3, 4), ((0, 3),), ValueError, "without a time step"),
        (nn.GRUCell(3, 4), ((7, 2, 3),), ValueError, r"expected \(batch, 3\) or \(3\)"),
        (nn.GRU(3, 4), ((7, 2, 3), (2, 4)), ValueError,
         r"GRU\(3, 4\): got h of shape \(2, 4\), expected \(1, 2, 4\)"),
        (nn.GRU(3, 4), ((7, 3), (1, 2, 4)), ValueError, r"got h of .*expected \(1, 4\)"),
        (nn.LSTM(3, 4, proj_size=2), ((7, 2, 3), ((1, 2, 4), (1, 2, 4))), ValueError,
         r"got h of shape \(1, 2, 4\), expected \(1, 2, 2\)"),
        (nn.LSTM(3, 4, bidirectional=True), ((7, 2, 3), ((2, 2, 4), (1, 2, 4))), ValueError,
         r"got c of shape \(1, 2, 4\), expected \(2, 2, 4\)"),
        (nn.LSTM(3, 4), ((7, 2, 3), (1, 2, 4)), TypeError,
         r"LSTM\(3, 4\): hx is a ndarray, expected a tuple \(h, c\)"),
        (nn.LSTMCell(3, 4), ((2, 3), (2, 4)), TypeError, "hx is a ndarray"),
        (nn.GRUCell(3, 4), ((2, 3), ((2, 4), (2, 4))), TypeError, "got a tuple for h, expected"),
    ],
)  # fmt: skip
def test_refuses_shapes(module: Any, args: Any, error: type[Exception], match: str) -> None:
    def zeros(shape: Any) -> Any:
        if isinstance(shape[0], tuple):
            return tuple(map(zeros, shape))
        return np.zeros(shape, np.float32)

    with pytest.raises(error, match=match):
        module(*map(zeros, args))


def test_refuses_other_types() -> None:
    layer, x = nn.GRU(3, 4), np.zeros((7, 2, 3))
    with pytest.raises(TypeError, match="got a list, expected an array or a Tensor"):
        layer(x.tolist())
    with pytest.raises(TypeError, match=r"got int64, expected floats; write x.astype"):
        layer(x.astype(np.int64))
    with pytest.raises(TypeError, match=r"got int64 for h, expected floats"):
        layer(x, np.zeros((1, 2, 4), np.int64))
