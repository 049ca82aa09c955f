"""What a Tensor is: construction, dtypes, its arrays, its manners with NumPy, its looks."""

from __future__ import annotations

import copy
import math
import pickle
import re
import traceback
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from autograd import (
    IntegerGradientError,
    LeafChangedError,
    LeafInPlaceError,
    NoGradientRuleError,
    Tensor,
    TrackedArrayError,
    default_dtype,
    gradcheck,
    no_grad,
    op,
)
from autograd.core.hints import HINTS


def tracked(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True) * 1


# Construction and dtype


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.0, np.float32),
        ([1.0, 2.0], np.float32),
        ([[1, 2.5], [3, 4]], np.float32),
        ([1, 2], np.int64),
        (True, np.bool_),
        (1j, np.complex64),
        ([], np.float32),
        (np.float64(1), np.float64),
        (np.ones(2), np.float64),
        (np.ones(2, np.float16), np.float16),
        ([np.float64(1)], np.float64),
        ([np.ones(2), np.zeros(2)], np.float64),
    ],
)
def test_dtypes(data: Any, dtype: Any) -> None:
    assert Tensor(data).dtype == dtype
    assert Tensor(data, dtype=np.float64).dtype == np.float64 if dtype != np.complex64 else True


def test_default_dtype_can_be_set_for_good_or_for_a_block() -> None:
    with default_dtype("float64") as dtype:
        assert Tensor([1.0]).dtype == dtype == np.float64
        assert Tensor(1j).dtype == np.complex128
        default_dtype(np.float16)
        assert Tensor([1.0]).dtype == np.float16
    assert Tensor([1.0]).dtype == default_dtype.get() == np.float32
    with pytest.raises(TypeError, match="got int64"):
        default_dtype(int)


def test_python_numbers_are_weak() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (x * 2.0, 2 / x, x**2, x - 1, x @ x, np.where(x > 1, x, 0.0), np.maximum(x, 0.0)):
        assert y.dtype == np.float32


def test_the_data_is_copied() -> None:
    array = np.ones(2)
    x = Tensor(array)
    array[0] = 5
    assert x.data[0] == 1


@pytest.mark.parametrize("data", [None, "abc", [1.0, None], [{}]])
def test_only_numbers_make_a_tensor(data: Any) -> None:
    with pytest.raises(TypeError, match="expected numbers, got"):
        Tensor(data)


@pytest.mark.parametrize("data", [[1, 2], True, np.arange(3)])
def test_only_floats_have_gradients(data: Any) -> None:
    with pytest.raises(IntegerGradientError, match="only float and complex"):
        Tensor(data, requires_grad=True)
    x = Tensor(data)
    with pytest.raises(IntegerGradientError):
        x.requires_grad = True


@pytest.mark.parametrize("value", [4.0, 1, np.float32, "float32", None, np.ones(2)])
def test_requires_grad_is_a_bool(value: Any) -> None:
    with pytest.raises(TypeError, match=r"requires_grad: got .*True or False.*dtype="):
        Tensor([1.0], value)  # as in torch.Tensor(3, 4), or np.array([1.0], np.float32)
    x = Tensor([1.0])
    with pytest.raises(TypeError, match=r"requires_grad: got .*True or False"):
        x.requires_grad = value
    assert not x.requires_grad
    assert Tensor([1.0], np.True_).requires_grad


def test_requires_grad_can_be_switched_on_a_leaf_only() -> None:
    x = Tensor([1.0])
    assert x.is_leaf
    x.requires_grad = True
    y = x * 2
    x.requires_grad = False
    assert not (x * 2).requires_grad
    assert y.requires_grad
    assert not y.is_leaf
    with pytest.raises(ValueError, match="detach"):
        y.requires_grad = False


# Its arrays


def test_data_of_a_result_is_read_only() -> None:
    y = tracked(1.0, 2.0)
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 7
    with pytest.raises(LeafInPlaceError, match="result of multiply"):
        y.data = np.zeros(2)
    assert y.data.tolist() == [1, 2]


def test_data_keeps_shape_and_dtype() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.data = [3, 4]
    assert x.data.dtype == np.float32
    with pytest.raises(ValueError, match=r"got shape \(3,\), expected \(2,\)"):
        x.data = np.ones(3)
    x.data = np.broadcast_to(np.float32(1), (2,))  # read-only
    x.data += 1
    assert x.tolist() == [2, 2]


def test_writing_to_one_tensor_never_shows_in_another() -> None:
    x = Tensor([1.0, 2.0])
    flipped, same, view = x[::-1], x.detach(), x.reshape(2, 1)
    x.data[0] = 5
    x += 1
    x[1] = 9
    assert x.tolist() == [6, 9]
    assert flipped.tolist() == [2, 1]
    assert same.tolist() == [1, 2]
    assert view.tolist() == [[1], [2]]


def test_what_is_assigned_is_copied() -> None:
    x, y = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    array = np.float32([5, 6])
    x.data = y.data
    x.grad = y.grad = array
    y.data[0] = array[0] = 9
    assert x.tolist() == [3, 4]
    assert x.grad.tolist() == y.grad.tolist() == [5, 6]
    assert not np.shares_memory(x.grad, y.grad)


def test_grad_can_be_set_and_is_checked() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.grad = [1, 2]
    assert x.grad.dtype == np.float32
    with pytest.raises(ValueError, match=r"got shape \(3,\)"):
        x.grad = np.ones(3)
    with pytest.raises(ValueError, match="only a tensor"):
        Tensor([1.0]).grad = [1.0]
    x.grad = None
    assert x.grad is None
    assert Tensor([1.0]).grad is None


def test_leaves_refuse_changes_in_place_while_recording() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for change in ("x += 1", "x *= 2", "x[0] = 3", "x @= x"):
        with pytest.raises(LeafInPlaceError, match="no_grad"):
            exec(change, {"x": x})
    with no_grad():
        x -= 1
        x[0] = 5
    assert x.tolist() == [5, 1]
    assert x.requires_grad


# Out of the graph


def test_ways_out_of_the_graph() -> None:
    y = tracked(1.0, 2.0)
    assert not y.detach().requires_grad
    assert type(y.detach().numpy()) is np.ndarray
    assert y[0].item() == 1.0
    assert float(y.detach()[1]) == 2.0
    assert int(Tensor(2.5)) == 2
    assert complex(Tensor(2.5)) == 2.5
    assert f"{y[1]:.2f}" == "2.00"
    assert y.tolist() == [1, 2]
    assert bool(y[0])
    assert [10, 20, 30][Tensor(2)] == 30
    with pytest.raises(ValueError, match=r"one element|size 1|scalar"):
        y.item()


@pytest.mark.parametrize(
    "convert", [np.asarray, np.array, lambda t: t.numpy(), lambda t: list(map(np.asarray, t))]
)
def test_a_tracked_tensor_refuses_to_become_an_array(convert: Any) -> None:
    with pytest.raises(TrackedArrayError, match=r"\.detach\(\)\.numpy\(\)"):
        convert(tracked(1.0, 2.0))


@pytest.mark.parametrize("number", [float, int, complex, math.sin, round, math.floor])
@pytest.mark.parametrize("make", [lambda: tracked(1.0)[0], lambda: Tensor(1.0, requires_grad=True)])
def test_a_tracked_tensor_becomes_a_number_by_item_alone(number: Any, make: Any) -> None:
    t = make()
    if number is round:  # which is NumPy's
        assert round(t).requires_grad
        return
    with pytest.raises(TrackedArrayError, match=r"Use t\.item\(\) for its value.* np\.sin"):
        number(t)
    assert number(t.item()) == number(1.0) == number(t.detach())


def test_assigning_a_tracked_tensor_into_an_array_is_refused() -> None:
    buffer = np.zeros((2, 2))
    with pytest.raises(TrackedArrayError):
        buffer[0] = tracked(1.0, 2.0)
    with pytest.raises(ValueError, match="array element") as raised:
        buffer[0, 1] = tracked(1.0, 2.0)[0]  # of a single number NumPy asks a float
    assert isinstance(raised.value.__cause__, TrackedArrayError)
    with pytest.raises(NoGradientRuleError, match="would lose their gradient"):
        np.full_like(buffer, tracked(1.0)[0])
    buffer[1, 1] = tracked(0.0)[0].item()
    buffer[1, 0] = Tensor(0.0)
    with pytest.raises(TypeError, match=r"array = array \+ tensor"):
        buffer += tracked(1.0, 2.0)
    assert (buffer == 0).all()


def test_an_untracked_tensor_becomes_an_array_freely() -> None:
    x = Tensor([1.0, 2.0])
    assert np.asarray(x).tolist() == [1, 2]
    assert np.array(x, np.float64).dtype == np.float64
    copied = np.array(x)
    copied[0] = 7
    assert x.tolist() == [1, 2]


def test_copies_and_pickles_of_leaves_work_and_of_graphs_are_refused() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.tolist() == [1, 2]
        assert y.requires_grad
        assert not np.shares_memory(y.data, x.data)
    for clone in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="result of multiply"):
            clone(tracked(1.0))
    c = x.copy()
    c.sum().backward()
    assert x.grad.tolist() == [1, 1]


# NumPy's manners


def test_numpy_functions_ufuncs_and_operators_give_tensors() -> None:
    x, a = tracked(1.0, 2.0), np.array([3.0, 4.0])
    for y in (
        np.exp(x), np.sum(x, axis=0), np.add(a, x), np.concatenate([a, x]), np.stack([x, a]),
        np.where(a > 3, x, a), np.reshape(x, (2, 1)), np.transpose(x), np.clip(x, 0, 1),
        a * x, x * a, a @ x, a - x, a / x, a**x, 2.0**x, np.float64(2) * x, -x, +x, abs(x),
        x.T, x.reshape(2, 1), x.reshape((1, 2)), x.mean(), x.max(axis=0), x.astype(np.float32),
        x.swapaxes(0, 0), x[None].squeeze(0), x.clip(0, 1), x.transpose(0), x.ravel(), x.copy(),
        x.exp().log().sqrt().tanh().abs(),
    ):  # fmt: skip
        assert type(y) is Tensor
        assert y.requires_grad
    assert all(type(t) is Tensor and t.requires_grad for t in x)
    m = Tensor(np.arange(24.0).reshape(2, 3, 4))
    assert m.mT.shape == (2, 4, 3)
    assert m.T.shape == (4, 3, 2)
    assert m.transpose(1, 0, 2).shape == m.transpose((1, 0, 2)).shape == (3, 2, 4)
    assert (len(m), m.ndim, m.size) == (2, 3, 24)


def test_comparisons_and_the_like_give_plain_arrays() -> None:
    x = tracked(1.0, 2.0)
    for y in (
        x > 1, x == x, x != 1, x <= Tensor([1.0, 1.0]), np.array([1.0, 3.0]) < x, x.any(),
        np.isnan(x), np.zeros_like(x), np.logical_and(x > 1, x),
    ):  # fmt: skip
        assert isinstance(y, np.ndarray | np.bool_)
    assert x.argmax() == np.argmax(x) == 1
    assert (x > 1).tolist() == [False, True]
    assert np.shape(x) == (2,)
    assert len({x, x}) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: np.unique(t), "np.unique on a Tensor"),
        (lambda t: np.add.at(t, [0], 1.0), "np.add.at on a Tensor"),
        (lambda t: np.add.reduceat(t, [0]), "np.add.reduceat on a Tensor"),
        (lambda t: np.hypot.reduce(t), "np.hypot.reduce on a Tensor"),
        (lambda t: np.exp(t, where=np.array([True, False])), "np.exp.*where= needs out="),
    ],
)
def test_what_has_no_rule_is_refused_by_name(call: Any, message: str) -> None:
    for t in (tracked(1.0, 2.0), Tensor([1.0, 2.0])):
        with pytest.raises(NoGradientRuleError, match=message):
            call(t)


def test_methods_of_ufuncs() -> None:
    array = np.arange(1.0, 7).reshape(2, 3)
    for call in (
        np.add.reduce,
        np.maximum.reduce,
        np.minimum.reduce,
        lambda t: np.add.reduce(t, axis=1, keepdims=True),
        lambda t: np.add.reduce(t, None),
        lambda t: np.multiply.outer(t, array[0]),
        lambda t: np.subtract.outer(array[0], t),
    ):
        assert gradcheck(call, array)
        np.testing.assert_array_equal(call(Tensor(array)).numpy(), call(array))
    x = Tensor(array)
    assert np.logical_and.reduce(x > 0, axis=None)
    assert np.greater.outer(x, x).shape == (2, 3, 2, 3)


def test_ufuncs_write_into_tensors_and_only_where_told() -> None:
    def into(x: Any, y: Any) -> Any:
        out = y * 1
        result = np.multiply(x, 3.0, out=out)
        assert result is out
        return out + y

    def masked(x: Any, y: Any) -> Any:
        out = y * 1
        np.log(x, out=out, where=np.array([True, False, True]))
        return out

    assert gradcheck(into, np.ones(3), np.arange(3.0))
    x = Tensor(np.array([1.0, 0.0, 2.0]), requires_grad=True)  # log 0 is not evaluated
    masked(x, Tensor(np.zeros(3))).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 0, 0.5])
    assert gradcheck(masked, np.array([1.0, 5.0, 2.0]), np.arange(3.0))


def test_indexing_takes_tensors_lists_and_keeps_a_copy_of_the_index() -> None:
    x, index = Tensor(np.arange(4.0), requires_grad=True), np.array([1, 1, 3])
    y = x[index]
    index[:] = 0
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 0, 1]
    assert x[[3, 0]].tolist() == x[Tensor([3, 0])].tolist() == [3, 0]
    assert x[[]].tolist() == []
    assert x[x > 1].tolist() == [2, 3]
    assert x[Tensor([True, False, False, True])].tolist() == [0, 3]


def test_an_integer_cast_has_no_graph_and_astype_gives_a_new_handle() -> None:
    x = tracked(1.5, 2.5)
    assert not x.astype(int).requires_grad
    y = x.astype(np.float64)
    y += 1
    assert x.tolist() == [1.5, 2.5]


def test_inputs_by_numpys_names() -> None:
    x = tracked(1.0, 2.0)
    assert np.sum(a=x).item() == 3
    assert np.roll(a=x, shift=1).tolist() == [2, 1]
    assert np.tensordot(a=x, b=x, axes=1).item() == 5
    assert np.clip(a=x, a_min=0, a_max=1.5).tolist() == [1, 1.5]


def test_lists_of_numbers_are_arrays() -> None:
    x = tracked(1.0, 2.0)
    assert (
        (x @ [3.0, 4.0]).item() == ([3.0, 4.0] @ x).item() == np.matmul(x, [3.0, 4.0]).item() == 11
    )
    assert np.tensordot(x, [3.0, 4.0], 1).item() == 11
    assert (x * [3.0, 4.0]).tolist() == ([3.0, 4.0] * x).tolist() == [3, 8]
    with pytest.raises(TrackedArrayError, match=r"np\.stack"):
        x @ [x[0], x[1]]


def test_division_with_rest_and_rounding() -> None:
    x = tracked(7.5, -7.5)
    assert (x % 2).tolist() == [1.5, 0.5]
    assert (x // 2).tolist() == [3, -4]
    assert (20 % x).tolist() == [5, -2.5]
    assert [t.tolist() for t in divmod(x, 2)] == [[3, -4], [1.5, 0.5]]
    assert [t.tolist() for t in divmod(20, x)] == [[2, -3], [5, -2.5]]
    assert round(x).tolist() == x.round().tolist() == [8, -8]
    assert x.round(1).tolist() == [7.5, -7.5]
    x %= 2
    assert x.tolist() == [1.5, 0.5]


def test_methods_are_numpys_functions() -> None:
    array = np.arange(6.0).reshape(2, 3)
    x = Tensor(array)
    for name in ("std", "var", "prod", "cumsum", "cumprod", "flatten", "trace", "diagonal", "dot",
                 "nonzero", "conj"):  # fmt: skip
        args = (array.T,) if name == "dot" else ()
        np.testing.assert_allclose(getattr(x, name)(*args), getattr(array, name)(*args))
    np.testing.assert_array_equal(x.take([0, 0], axis=1), array.take([0, 0], axis=1))
    np.testing.assert_array_equal(x.repeat(2, axis=0), array.repeat(2, axis=0))
    np.testing.assert_array_equal(x.real, array)
    np.testing.assert_array_equal(x.imag, 0 * array)


# Its looks


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (Tensor([1.0, 2.5]), "Tensor([1. , 2.5])"),
        (Tensor(3.0), "Tensor(3.)"),
        (Tensor([1, 2]), "Tensor([1, 2])"),
        (Tensor([True]), "Tensor([ True])"),
        (Tensor(np.ones(1)), "Tensor([1.], dtype=float64)"),
        (Tensor([1.0], requires_grad=True), "Tensor([1.], requires_grad=True)"),
        (Tensor([1.0], requires_grad=True) + 1, "Tensor([2.], op=add)"),
        (Tensor([[1.0], [2.0]]), "Tensor([[1.],\n        [2.]])"),
        (Tensor(np.zeros((0, 2), np.float32)), "Tensor([], shape=(0, 2))"),
    ],
    ids=str,
)
def test_repr(tensor: Tensor, text: str) -> None:
    assert repr(tensor) == text


def test_a_single_number_formats_as_one() -> None:
    loss = Tensor(0.5, requires_grad=True) * 2
    assert f"{loss:.3f}" == "1.000"
    assert f"{Tensor([[2.0]]):>6.1f}" == "   2.0"
    assert f"{loss}" == str(loss)
    with pytest.raises(TypeError, match="format"):
        f"{Tensor([1.0, 2.0]):.3f}"


def test_iteration_is_one_op() -> None:
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    rows = list(x)
    assert len({row._node.edges[0][1] for row in rows}) == 1
    sum((i * row * row).sum() for i, row in enumerate(rows)).backward()
    np.testing.assert_array_equal(x.grad, [[0, 0], [4, 6], [16, 20]])
    assert [int(i) for i in Tensor([3, 4])] == [3, 4]
    with pytest.raises(TypeError, match="no len"):
        iter(x.sum())


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("view", "x.reshape(shape)"), ("unsqueeze", "x[:, None] or np.expand_dims(x, axis)"),
        ("numel", "x.size"), ("square", "np.square(x)"), ("relu", "nn.functional.relu(x)"),
        ("add_", "x = f(x)"), ("cuda", "nothing to do"), ("requires_grad_", "x.requires_grad = "),
    ],
)  # fmt: skip
def test_a_method_of_pytorchs_is_an_error_that_says_numpys_way(name: str, way: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(f"no attribute {name!r}. Here: {way}")):
        getattr(Tensor([1.0]), name)


@pytest.mark.parametrize("name", ["xyzzy", "float32", "_x", "__x__"])
def test_of_other_names_the_error_says_no_more(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"^Tensor has no attribute '{name}'$"):
        getattr(Tensor([1.0]), name)


def test_what_errors_propose_is_there_and_the_methods_are_not() -> None:
    for name, way in HINTS.items():
        assert not hasattr(Tensor, name)
        for function in re.findall(r"\bnp\.([\w.]+)\(", way):
            assert callable(attrgetter(function)(np))
        for method in re.findall(r"\bx\.(\w+)", way):
            assert hasattr(Tensor, method)


def test_flatten_takes_no_axis() -> None:
    with pytest.raises(TypeError, match=r"flatten: got 1, .*nn\.functional\.flatten\(x, 1\)"):
        Tensor([[1.0]]).flatten(1)  # type: ignore[arg-type]


@pytest.mark.parametrize(("keyword", "numpys"), [("dim", "axis"), ("keepdim", "keepdims")])
def test_pytorchs_keywords_point_to_numpys(keyword: str, numpys: str) -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'") as raised:
        x.sum(**{keyword: 1})
    assert f"got {keyword}=; write {numpys}=, as in NumPy" in raised.value.__notes__


def test_all_rows_of_a_tracked_tensor_hang_on_one_node_and_not_on_the_tensor() -> None:
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    (parent,) = {row._node.edges[0][1] for row in x}
    assert parent is not x._node
    assert [row.requires_grad for row in x.detach()] == [False] * 3


def test_out_is_written_where_it_is_said_and_nowhere_if_that_is_false() -> None:
    x = tracked(1.0, 2.0)
    for where, expected in ((True, [2, 3]), (False, [7, 8]), ([True, False], [2, 8])):
        out = Tensor([7.0, 8.0])
        np.add(x, 1.0, out=out, where=where)
        assert out.tolist() == expected


def test_a_misspelt_method_is_answered_with_the_nearest_and_once() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'reshap'. Did you mean 'reshape'\?$"):
        Tensor([1.0]).reshap  # noqa: B018
    for name in ("view", "backwards", "__array_struct__", "_ipython_display_"):
        with pytest.raises(AttributeError) as raised:
            getattr(Tensor([1.0]), name)
        printed = "".join(traceback.format_exception(raised.value))
        assert printed.count("Did you mean") == (name == "backwards")


def test_linspace_ends_at_its_end() -> None:
    for num in (2, 3):  # 1e16 + (1 - 1e16) is 0
        points = np.linspace(Tensor(np.float64(1e16)), 1.0, num)
        assert (points[0].item(), points[-1].item()) == (1e16, 1)


# Of shape (): inside a graph they are NumPy's scalars, outside always arrays


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8"])
def test_a_number_is_an_array_wherever_it_can_be_seen(dtype: str) -> None:
    x = Tensor(np.array(0.5, dtype), requires_grad=True)
    y = x * x
    z = np.tanh(y) + x
    z.backward()
    for t in (x, y, z, y.detach(), x.detach(), Tensor(np.array(3))):
        assert type(t.data) is np.ndarray, t
        assert t.data.shape == t.shape == ()
        assert t.data.dtype == t.dtype
        assert t.data.flags.writeable == t.is_leaf
    assert type(y.detach().numpy()) is type(x.grad) is np.ndarray
    assert {t.dtype for t in (y, z)} == {np.dtype(dtype)} == {x.grad.dtype}
    inside = []
    op(lambda a: (inside.append(type(a)), (+a, lambda g: g))[1])(y)
    assert issubclass(inside[0], np.generic), "a scalar computes four times as fast"
    assert np.array_str(y) == np.array_str(y.data)
    with pytest.raises(TypeError, match="integer"):
        [1, 2][y]


def test_a_leaf_of_one_number_is_written_to_in_place() -> None:
    w = Tensor(2.0, requires_grad=True)
    for _ in range(3):
        w.grad = None
        (w * w).backward()
        w.data -= 0.25 * w.grad
    assert w.item() == 0.25
    assert not w._node.touched, "nobody else held its array, so no backward pass need look"
    array = w.data
    array[...] = 7.0
    assert w.item() == 7.0
    loss = w * w
    array[...] = 8.0  # the graph has the old value, and the handle the old array
    with pytest.raises(LeafChangedError):
        loss.backward()
    loss = w * w
    w.data[...] = 9.0
    with pytest.raises(LeafChangedError):
        loss.backward()
