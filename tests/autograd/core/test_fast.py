"""Every op gives the same through its written-out call as through the general one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tables.layers import ROWS as LAYERS
from tables.layers import results
from tables.ops import BY_FILE

import nn
from autograd import Tensor, gradients
from autograd.core import fast
from autograd.core.dispatch import RULES
from autograd.core.op import any_number


def written_out() -> list[Any]:
    """All ops whose call is one of `fast`."""
    return [
        f
        for f in gc.get_objects()
        if type(f) is FunctionType
        and f.__code__.co_filename == fast.__file__
        and hasattr(f, "body")
    ]


def is_fast(f: Any) -> bool:
    return f.__code__.co_filename == fast.__file__


@contextmanager
def general_calls() -> Iterator[list[str]]:
    """Every op is called by `any_number`, wherever it is known by name; yields who was called."""
    called: list[str] = []
    replaced: dict[Any, Any] = {}
    for op in written_out():

        def body(*args: Any, op: Any = op, **kwargs: Any) -> Any:
            called.append(op.__name__)
            return op.body(*args, **kwargs)

        replaced[op] = call = any_number(body, op.constant_slope, op.inputs)
        vars(call).update(vars(op))
        call.__name__ = op.__name__
    places: list[tuple[Any, Any, Any]] = []
    spaces = [
        vars(m) for n, m in list(sys.modules.items()) if n.split(".")[0] in ("autograd", "nn")
    ]
    for space in [RULES, *spaces]:
        places += [(space, k, v) for k, v in space.items() if type(v) is FunctionType]
    for kind in (Tensor,):
        places += [(kind, k, v) for k, v in vars(kind).items() if type(v) is FunctionType]
    cells = [
        (cell, cell.cell_contents)
        for f in gc.get_objects()
        if type(f) is FunctionType and f not in replaced
        for cell in f.__closure__ or ()
        if cell_of_op(cell, replaced)
    ]

    def put(to: Any) -> None:
        for place, key, op in places:
            if op in replaced:
                if isinstance(place, dict):
                    place[key] = to(op)
                else:
                    setattr(place, key, to(op))
        for cell, op in cells:
            cell.cell_contents = to(op)

    put(replaced.__getitem__)
    try:
        yield called
    finally:
        put(lambda op: op)


def cell_of_op(cell: Any, ops: dict[Any, Any]) -> bool:
    try:
        content = cell.cell_contents
    except ValueError:  # empty
        return False
    return type(content) is FunctionType and content in ops


def value_and_slopes(call: Any, inputs: list[Any]) -> list[Any]:
    """What `call` gives, and gradients of first and second order by the float inputs."""
    tensors = [
        Tensor(x, requires_grad=True) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in inputs
    ]
    leaves = [t for t in tensors if isinstance(t, Tensor)]
    outs = [y for y in results(call(*tensors)) if isinstance(y, Tensor) and y.requires_grad]
    found = [y.detach().numpy() for y in outs]
    if outs:
        total = sum((np.abs(y) ** 2).sum() for y in outs)
        first = gradients(total, leaves, create_graph=True)
        found += [g if g is None else g.detach().numpy() for g in first]
        tracked = [g for g in first if g is not None and g.requires_grad]
        if tracked:
            found += gradients(sum((np.abs(g) ** 2).sum() for g in tracked), leaves)
    return found


def same(got: list[Any], expected: list[Any]) -> None:
    assert len(got) == len(expected)
    for x, y in zip(got, expected, strict=True):
        np.testing.assert_array_equal(x, y)
        assert x is None or x.dtype == y.dtype


@pytest.mark.parametrize("file", BY_FILE)
@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
@given(data=st.data())
def test_ops(file: str, data: Any) -> None:
    runs = []
    for row in BY_FILE[file]:
        shapes, config = data.draw(row.shapes)
        rng = np.random.default_rng(0)
        inputs = [row.domain(i)(rng.standard_normal(s)) for i, s in enumerate(shapes)]
        if row.smooth:
            runs.append((lambda *x, row=row, config=config: row.call(*x, **config), inputs))
    with np.errstate(all="ignore"):
        expected = [value_and_slopes(call, inputs) for call, inputs in runs]
        with general_calls() as called:
            got = [value_and_slopes(call, inputs) for call, inputs in runs]
    assert called or file == "einsum"  # which has any number of inputs
    for x, y in zip(got, expected, strict=True):
        same(x, y)


def test_layers() -> None:
    runs = []
    for row in LAYERS:
        if row.smooth and not row.name.startswith(("Transformer", "GRU", "LSTM", "RNN")):
            nn.manual_seed(0)
            layer = getattr(nn, row.name)(*row.args, **row.kwargs).astype(np.float64)
            layer.train(row.train)
            runs.append((layer, row))

    def values() -> list[Any]:
        found = []
        for layer, row in runs:
            before = layer.state_dict()
            nn.manual_seed(1)
            found.append(value_and_slopes(lambda *x, r=row, m=layer: m(*x, **r.call), row.arrays()))
            layer.load_state_dict(before)
        return found

    with np.errstate(all="ignore"):
        expected = values()
        with general_calls() as called:
            got = values()
    assert len(set(called)) > 60
    for x, y in zip(got, expected, strict=True):
        same(x, y)


def test_few_ops_are_not_reached() -> None:
    assert len(written_out()) > 150
    with general_calls():
        assert (Tensor(2.0) * 3).item() == 6
        assert np.multiply(Tensor(2.0), 3).item() == 6


def test_a_difference_is_noticed() -> None:
    with pytest.raises(AssertionError), general_calls():
        same(value_and_slopes(np.sin, [np.ones(2)]), value_and_slopes(np.cos, [np.ones(2)]))
