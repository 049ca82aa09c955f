"""Every row of the table of layers: gradients by inputs and parameters against finite differences,
dtypes, and that a layer has rows."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tables.layers import ROWS, Layer, results

import nn
from autograd import Tensor, default_dtype, gradcheck, gradgradcheck

# Classes of nn that torch.nn does not have, or that compute nothing of their own.
OURS = {
    "Ensemble",
    "Module",
    "Parameter",
    "Buffer",
    "Sequential",
    "AveragedModel",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
}
# Layers of many steps, whose gradients take long to check.
LONG = ("GRU", "LSTM", "RNN", "Transformer")


def made(row: Layer) -> nn.Module:
    nn.manual_seed(0)
    with default_dtype(np.float64):
        layer = getattr(nn, row.name)(*row.args, **row.kwargs)
    rng = np.random.default_rng(1)
    for x in layer.parameters():  # no zeros and ones, behind which an error could hide
        x.data += rng.uniform(-0.1, 0.1, x.shape)
    return layer.train(row.train)


class Checked(nn.Module):
    """A row's layer as `gradcheck` wants it: one flat tuple out, and nothing left from call to
    call (such as running means)."""

    def __init__(self, row: Layer, layer: nn.Module, arrays: list[Any]) -> None:
        self.layer, self.call = layer, row.call
        self.fixed = {i: x for i, x in enumerate(arrays) if i in row.fixed}
        self.free = [x for i, x in enumerate(arrays) if i not in row.fixed]

    def forward(self, *free: Any) -> Any:
        before = self.layer.state_dict()
        rest = iter(free)
        count = len(free) + len(self.fixed)
        inputs = [self.fixed[i] if i in self.fixed else next(rest) for i in range(count)]
        out = results(self.layer(*inputs, **self.call))
        for name, buffer in self.layer.named_buffers():
            buffer.data = before[name]
        return tuple(y for y in out if isinstance(y, Tensor) and y.dtype.kind == "f")


SIMPLE = bool | int | float | str | tuple | None


@pytest.mark.parametrize("row", [r for r in ROWS if not r.name.startswith("Transformer")], ids=str)
def test_what_a_layer_prints_makes_the_same_layer(row: Layer) -> None:
    layer = getattr(nn, row.name)(*row.args, **row.kwargs)
    written = layer.extra_repr()
    if " of shape " in written or "distance_function" in written:
        return  # it prints shortly what is not to be written in one line
    again = eval(f"nn.{row.name}({written})", {"nn": nn, "inf": np.inf})
    settings = {k: x for k, x in vars(layer).items() if isinstance(x, SIMPLE) and k[0] != "_"}
    assert {k: vars(again)[k] for k in settings} == settings
    assert [p.shape for p in again.parameters()] == [p.shape for p in layer.parameters()]


def test_every_layer_has_a_row() -> None:
    classes = {
        name
        for name in nn.__all__
        if inspect.isclass(c := getattr(nn, name)) and issubclass(c, nn.Module)
    }
    assert classes - OURS <= {row.name for row in ROWS}


@pytest.mark.parametrize(
    "row",
    [pytest.param(r, marks=pytest.mark.slow) if r.name.startswith(LONG) else r for r in ROWS],
    ids=str,
)
def test_gradients(row: Layer) -> None:
    checked = Checked(row, made(row), row.arrays())
    size = sum(np.size(x) for x in checked.free) + checked.num_parameters()
    gradcheck(checked, *checked.free, mode="projection" if size > 60 else "exhaustive")
    if row.smooth:
        gradgradcheck(checked, *checked.free, mode="projection")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_float32_stays(row: Layer) -> None:
    def single(x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.dtype == np.float64:
            return x.astype(np.float32)
        return x

    nn.manual_seed(0)
    layer = getattr(nn, row.name)(*row.args, **row.kwargs).train(row.train)
    inputs = [
        Tensor(y, requires_grad=True) if getattr(y, "dtype", None) == np.float32 else y
        for y in map(single, row.arrays())
    ]
    outs = results(layer(*inputs, **{k: single(v) for k, v in row.call.items()}))
    floats = [y for y in outs if y.dtype.kind == "f"]
    assert floats
    assert {y.dtype for y in floats} == {np.dtype(np.float32)}
    tracked = [y for y in floats if isinstance(y, Tensor) and y.requires_grad]
    if tracked:
        sum(y.sum() for y in tracked).backward()
    for x in [*inputs, *layer.parameters()]:
        if isinstance(x, Tensor) and x.grad is not None:
            assert x.grad.dtype == np.float32


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_prints_its_arguments(row: Layer) -> None:
    assert repr(getattr(nn, row.name)(*row.args, **row.kwargs)).startswith(f"{row.name}(")
