"""Every op of the table: its value, its derivatives, its dtypes, and what it must not touch."""

from __future__ import annotations

import ast
import gc
import math
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables.ops import BY_FILE, Row

import autograd.ops
from autograd import Tensor, gradcheck, gradgradcheck, gradients
from autograd.core.dispatch import RULES
from autograd.core.engine import reachable

LAYOUTS = ("plain", "reversed", "transposed", "strided")
IDS = {id(row): f"{file}: {row.name}" for file, rows in BY_FILE.items() for row in rows}
ROWS = [row for rows in BY_FILE.values() for row in rows]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: IDS[id(row)])


def draw_inputs(data: Any, row: Row, dtype: Any = np.float64) -> tuple[Any, dict[str, Any]]:
    """Arrays for a row, each with a function that gives it its memory layout."""
    shapes, config = data.draw(row.shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [row.domain(i)(x).astype(dtype) for i, x in enumerate(normal_numbers(rng, shapes))]
    layouts = [data.draw(st.sampled_from(LAYOUTS)) for _ in arrays]
    return [(laid_down(x, how), how) for x, how in zip(arrays, layouts, strict=True)], config


def normal_numbers(rng: np.random.Generator, shapes: Any) -> list[np.ndarray]:
    """Numbers of a normal distribution, no two of which are so close that a step of finite
    differences leads from one past the other, or past 0: there sorting, say, has a kink."""
    sizes = [math.prod(shape) for shape in shapes]
    count = sum(sizes)
    x = np.round(rng.standard_normal(count), 2) + 0.01 * (rng.permutation(count) + 1) / (count + 1)
    pieces = np.split(x, np.cumsum(sizes)[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]


def laid_down(x: np.ndarray, how: str) -> np.ndarray:
    """An array that `picked_up` turns into `x`, as a view that is not contiguous."""
    if how == "reversed" and x.ndim:
        return x[::-1].copy()
    if how == "transposed":
        return x.T.copy()
    if how == "strided" and x.ndim:
        return np.repeat(x, 2, axis=-1)
    return x


def picked_up(x: Any, how: str) -> Any:
    if how == "reversed" and x.ndim:
        return x[::-1]
    if how == "transposed":
        return x.T
    if how == "strided" and x.ndim:
        return x[..., ::2]
    return x


def as_function(row: Row, inputs: Any, config: dict[str, Any]) -> Any:
    def f(*values: Any) -> Any:
        laid = [picked_up(v, how) for v, (_, how) in zip(values, inputs, strict=True)]
        return row.call(*laid, **config)

    return f


@each_row
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_value_is_numpys(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row, data.draw(st.sampled_from([np.float32, np.float64])))
    f, arrays = as_function(row, inputs, config), [x for x, _ in inputs]
    expected = np.asarray(f(*arrays))
    got = f(*(Tensor(x, requires_grad=True) for x in arrays))
    assert isinstance(got, Tensor)
    assert got.requires_grad
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    floats = [x.dtype for x in (got, *arrays) if x.dtype.kind in "fc"]
    eps = max(np.finfo(dtype).eps for dtype in floats)  # NumPy may add up in float32
    np.testing.assert_allclose(got.detach().numpy(), expected, rtol=0 if row.exact else 10 * eps)


@each_row
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_gradient_agrees_with_finite_differences(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row)
    assert gradcheck(as_function(row, inputs, config), *(x for x, _ in inputs))


@each_row
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_second_derivative_agrees_with_finite_differences(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row)
    f = as_function(row, inputs, config)
    assert gradgradcheck(f, *(x for x, _ in inputs), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("row", [r for r in ROWS if r.smooth], ids=lambda r: IDS[id(r)])
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_third_derivative_agrees_with_finite_differences(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row)
    f = as_function(row, inputs, config)

    def slope(*xs: Any) -> Any:
        out = f(*xs)
        v = np.cos(np.arange(out.size)).reshape(out.shape)
        return tuple(g for g in gradients(out, xs, v, create_graph=True) if g is not None)

    assert gradgradcheck(slope, *(x for x, _ in inputs), rtol=1e-3, atol=1e-5)


@each_row
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_subset_of_inputs_may_need_gradients(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row)
    f = as_function(row, inputs, config)
    everything = [Tensor(x, requires_grad=True) for x, _ in inputs]
    out = f(*everything)
    v = np.random.default_rng(0).standard_normal(out.shape)
    out.backward(v)
    needed = data.draw(st.lists(st.booleans(), min_size=len(inputs), max_size=len(inputs)))
    plain = data.draw(st.booleans())  # those that need none: constant Tensors, or arrays
    some = [
        Tensor(x, requires_grad=need) if need or not plain else x
        for need, (x, _) in zip(needed, inputs, strict=True)
    ]
    out = f(*some)
    if not any(needed):
        assert not getattr(out, "requires_grad", False)
        return
    out.backward(v)
    for need, ours, full in zip(needed, some, everything, strict=True):
        if need:
            np.testing.assert_array_equal(ours.grad, full.grad)
        else:
            assert getattr(ours, "grad", None) is None


@each_row
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_gradients_keep_dtype_and_share_no_memory(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row, np.float32)
    tensors = [Tensor(x, requires_grad=True) for x, _ in inputs]
    before = [t.data.copy() for t in tensors]
    out = as_function(row, inputs, config)(*tensors)
    g = np.ones(out.shape, out.dtype)
    g.flags.writeable = False  # writing into the incoming gradient would raise
    out.backward(g)
    grads = [t.grad for t in tensors if t.grad is not None]
    for grad in grads:
        assert grad.dtype == np.float32
        assert grad.flags.writeable
        assert not np.shares_memory(grad, g)
    for i, grad in enumerate(grads):
        assert not any(np.shares_memory(grad, other) for other in grads[:i])
        assert not any(np.shares_memory(grad, t.data) for t in tensors)
    for t, old in zip(tensors, before, strict=True):
        np.testing.assert_array_equal(t.data, old)
        assert t.grad is None or t.grad.shape == t.shape


@each_row
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_dropping_the_result_frees_the_graph(row: Row, data: Any) -> None:
    inputs, config = draw_inputs(data, row)
    tensors = [Tensor(x, requires_grad=True) for x, _ in inputs]
    gc.disable()  # by reference counts alone: no cycles
    try:
        out = as_function(row, inputs, config)(*tensors)
        refs: list[Any] = [weakref.ref(t) for t in (out, *tensors)]
        for node in reachable([out._node]):
            refs += [weakref.ref(f) for f, *_ in node.edges if f.__closure__]
            del node
        del out, tensors
        assert [ref() for ref in refs if ref() is not None] == []
    finally:
        gc.enable()


def test_every_registered_numpy_function_has_a_row() -> None:
    covered = {f for row in ROWS for f in row.covers}
    differentiable = {f for f, rule in RULES.items() if getattr(rule, "differentiable", True)}
    assert {f.__name__ for f in differentiable - covered} == set()


def test_no_two_rows_have_one_name() -> None:
    assert len(set(IDS.values())) == len(ROWS)


FILES = sorted(Path(autograd.ops.__path__[0]).glob("[!_]*.py"))


@pytest.mark.parametrize("file", [f for f in FILES if f.stem != "methods"], ids=lambda f: f.stem)
def test_a_file_of_ops_can_be_read_alone(file: Path) -> None:
    imported = {
        node.module or alias.name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert imported <= {"common", "indexing", "shapes"}
