"""What stands beside a Tensor: array-likes, lists, numbers; and half precision."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd.core.dispatch as d
import nn
from autograd import ArrayLikeError, NoGradientRuleError, Tensor, grad, op, stop_gradient

X = np.array([[1.0, 2.0], [3.0, 4.0]])
MATRIX = np.array([[1.0, 10.0], [100.0, 1000.0]]).view(np.matrix)
MASKED = np.ma.array([3.0, 4.0], mask=[False, True])


class Series:
    """What pandas has: converts to an array, and has operators of its own."""

    __array_priority__ = 1000
    __pandas_priority__ = 3000

    def __init__(self, values: Any) -> None:
        self.values = np.array(values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype)

    def __mul__(self, other: Any) -> Any:
        if getattr(other, "__pandas_priority__", 0) > self.__pandas_priority__:
            return NotImplemented  # as pandas does
        return Series(self.values * np.asarray(other))

    __rmul__ = __add__ = __radd__ = __sub__ = __mul__


class Sparse:
    """What scipy has: does not convert, but says how."""

    def toarray(self) -> Any: ...


class Quantity(np.ndarray):
    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


class Mapped(np.ndarray):
    """A subclass that computes as ndarray does, such as np.memmap."""


ELEMENTWISE = [np.multiply, np.add, np.maximum, np.arctan2, lambda a, b: a * b, lambda a, b: b * a,
               lambda a, b: a @ b, lambda a, b: np.power(a, b / 100)]  # fmt: skip


def leaf(values: Any = X) -> Tensor:
    return Tensor(values, requires_grad=True)


@pytest.mark.parametrize("f", ELEMENTWISE)
def test_what_converts_is_taken_as_the_plain_array(f: Callable[..., Any]) -> None:
    values = np.array([[1.0, 10.0], [100.0, 1000.0]])
    plain = leaf()
    expected = f(plain, values)
    expected.sum().backward()
    for other in (values.view(Mapped), values.tolist(), tuple(map(tuple, values.tolist()))):
        if f is not ELEMENTWISE[-1] or isinstance(other, np.ndarray):
            x = leaf()
            y = f(x, other)
            y.sum().backward()
            assert type(y) is Tensor
            np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy())
            np.testing.assert_array_equal(x.grad, plain.grad)
    for product in (lambda x: x * Series(values), lambda x: Series(values) * x):
        x = leaf()
        product(x).sum().backward()
        np.testing.assert_array_equal(x.grad, values)


@pytest.mark.parametrize("f", ELEMENTWISE)
@pytest.mark.parametrize("other", [MATRIX, MASKED, X.view(Quantity)], ids=["matrix", "mask", "m"])
def test_arrays_with_operators_of_their_own_are_refused(f: Callable[..., Any], other: Any) -> None:
    with pytest.raises(TypeError):
        f(leaf(), other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x * MATRIX, "multiply: got a matrix, whose operators are its own"),
        (lambda x: x + MASKED, r"add: got a masked array, whose mask would be lost: use x.filled"),
        (lambda x: np.sum((x - MASKED) ** 2), "subtract: got a masked array"),
        (lambda x: x * Sparse(), r"multiply: got a Sparse.* as in x.toarray\(\)"),
        (lambda x: x + None, "add: got a NoneType, None, expected an array of numbers"),
        (lambda x: x + "text", "add: got a str, 'text', expected an array of numbers"),
        (lambda x: np.concatenate([x, MATRIX]), "np.concatenate: got a matrix"),
        (lambda x: np.where(MASKED, x, 0.0), "where: got a masked array"),
        (lambda x: np.einsum("ij,ij", x, MATRIX), "np.einsum: got a matrix"),
        (lambda _: nn.functional.relu(MASKED), "relu: got a masked array"),
        (lambda _: nn.functional.softmax(MATRIX), "softmax: got a matrix"),
        (lambda _: Tensor(MASKED), "got a masked array"),
        (lambda _: Tensor(Sparse()), "Tensor: expected numbers"),
        (lambda _: Tensor(np.array(["2020"], "M8[D]")), "Tensor: expected numbers, got datetime64"),
        (lambda _: Tensor(np.zeros(2, [("a", "f8")])), r"Tensor: expected numbers, got \["),
        (lambda x: x * np.array([[1, 2], [3, 4]], object), "multiply: got an array of objects"),
        (lambda x: np.fromiter(x, object) * x, "multiply: got an array of objects"),
        (lambda x: x.backward(MASKED), "got a masked array"),
        (lambda x: setattr(x, "grad", MASKED), "got a masked array"),
        (lambda x: setattr(x, "data", MASKED), "got a masked array"),
        (lambda _: grad(np.sum)(MASKED), "got a masked array"),
    ],
)
def test_refusals_name_the_op_and_the_way_out(call: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(leaf())


def test_masked_arrays_on_the_left_lose_no_gradient() -> None:
    for f in (lambda x: MASKED * x, np.ma.exp, lambda x: np.ma.where([True, False], x, 0.0)):
        with pytest.raises(TypeError):
            f(leaf())


def test_a_matrix_as_data_is_its_array() -> None:
    assert type(Tensor(MATRIX).numpy()) is np.ndarray
    assert Tensor(MATRIX).shape == (2, 2)


def test_comparison_with_what_is_no_number() -> None:
    x, array = Tensor([1.0, 2.0]), np.array([1.0, 2.0])
    for other in ("mean", None, object(), "1.0", b"1"):
        np.testing.assert_array_equal(x == other, array == other)
        np.testing.assert_array_equal(x != other, array != other)
    assert 2.0 in x
    assert 3.0 not in x
    assert 5.0 not in Tensor(X)
    with pytest.raises(TypeError):
        x < "text"  # noqa: B015


def test_conversions_to_python_numbers_are_numpys() -> None:
    for convert in (float, int, complex):
        assert convert(Tensor(2.0)) == 2
        with pytest.raises(TypeError, match=r"only (0-dimensional|length-1) arrays"):
            convert(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="reshape: got no shape"):
        Tensor([1.0, 2.0]).reshape()


def test_powers_of_tuples_work_both_ways() -> None:
    x = leaf([2.0, 3.0])
    (x ** (1.0, 2.0)).sum().backward()
    np.testing.assert_allclose(x.grad, [1, 6])


def test_an_op_of_numbers_alone_gives_a_number() -> None:
    assert nn.functional.relu(-2) == 0
    assert nn.functional.sigmoid(0) == 0.5
    twice = op(lambda x: (2 * x, lambda g: 2 * g))
    assert twice([1, 2]).tolist() == [2, 4]
    with pytest.raises(ArrayLikeError, match="expected an array of numbers"):
        twice(None)


# Options of ufuncs that only the output is a Tensor for; the rest is in test_numpy_keywords.py


def test_a_tensor_as_output_of_plain_inputs() -> None:
    out = Tensor([0.0, 0.0])
    assert np.add(np.ones(2), 1.0, out=out) is out
    assert out.tolist() == [2, 2]
    flags = Tensor([5.0, 5.0])
    assert np.isnan(np.array([1.0, np.nan]), out=flags) is flags
    assert flags.tolist() == [0, 1]
    assert np.argmax(Tensor(X), axis=0, out=np.zeros(2, int)).tolist() == [1, 1]


def test_output_that_a_graph_holds_is_not_written_to() -> None:
    w = leaf([1.0, 2.0])
    held = w * 3.0
    loss = (held * held).sum()
    np.isfinite(np.array([np.inf, 1.0]), out=held)
    loss.backward()
    np.testing.assert_array_equal(w.grad, [18, 36])
    held = w * 3.0
    loss = (held * held).sum()
    w.grad = None
    np.any(np.eye(2), 0, held)  # by position
    loss.backward()
    np.testing.assert_array_equal(w.grad, [18, 36])
    assert held.tolist() == [1, 1]


def test_functions_that_do_not_tell_their_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those written in C, before NumPy 2.4."""
    silent = {np.where, np.concatenate, np.dot, np.inner, np.bincount, np.copyto, np.result_type}
    signature, caches = inspect.signature, (d._parameters, d._takes)

    def older(function: Any) -> Any:
        if inspect.unwrap(function) in {inspect.unwrap(f) for f in silent}:
            raise ValueError("no signature found for builtin")
        return signature(function)

    monkeypatch.setattr(inspect, "signature", older)
    for cache in caches:
        cache.cache_clear()
    x, out = leaf(), Tensor(np.zeros((4, 2))) * 1.0
    assert np.concatenate([x, x], 0, out) is out
    np.testing.assert_array_equal(out.detach().numpy(), np.concatenate([X, X]))
    out = Tensor(np.zeros((2, 2)))
    assert np.dot(x, x, out) is out
    np.testing.assert_array_equal(np.dot(x, X, out=Tensor(X)).detach().numpy(), X @ X)
    np.testing.assert_array_equal(np.where(X > 1, x, 0.0).detach().numpy(), np.where(X > 1, X, 0))
    np.testing.assert_array_equal(np.inner(x, X).detach().numpy(), np.inner(X, X))
    assert np.bincount([0, 1], weights=x[0]).tolist() == [1, 2]
    assert np.result_type(x, 1.0) == np.float64
    held = Tensor(X) * x
    np.copyto(held, 3.0, where=X > 1)
    assert held.tolist() == [[1, 3], [3, 3]]
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(
    "write",
    [
        lambda c: np.logical_or.reduce(np.ones((2, 2)), axis=0, out=c),
        lambda c: np.logical_and.reduce(Tensor([[False] * 2] * 2), axis=0, out=c),
        lambda c: np.bitwise_or.accumulate(np.array([4, 8]), out=c),
    ],
)
def test_methods_of_ufuncs_write_no_array_that_a_graph_holds(write: Any) -> None:
    w, held = leaf([1.0, 2.0]), Tensor([2, 3])
    loss = (w * held).sum()
    assert write(held) is held
    assert held.tolist() != [2, 3]
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 3])


def test_no_method_of_a_ufunc_writes_into_a_tensor_at_indices() -> None:
    held = Tensor([2, 3])
    with pytest.raises(NoGradientRuleError, match="nothing has at"):
        np.bitwise_or.at(held, [0], 4)


@pytest.mark.parametrize(
    ("f", "out"),
    [
        (lambda t, o: np.sum(t, out=o), np.zeros(2)),
        (lambda t, o: np.mean(t, axis=0, out=o), np.zeros((3, 2))),
        (lambda t, o: np.concatenate([t, t], out=o), np.zeros((2, 4, 2))),
        (lambda t, o: np.round(t, out=o), np.zeros((2, 2, 2))),
    ],
)
def test_output_of_another_shape_is_refused_where_numpy_does_not_stretch(f: Any, out: Any) -> None:
    with pytest.raises(ValueError):
        f(X, out)
    with pytest.raises(ValueError, match=r"out= of .* for a result of"):
        f(leaf(), Tensor(out))


@pytest.mark.parametrize("a", [X.astype("u1"), X.astype("f2"), X.astype("f4")])
@pytest.mark.parametrize("f", [np.add, np.hypot, np.maximum, np.arctan2, np.remainder])
def test_numbers_are_weak_under_a_mask_too(f: Any, a: Any) -> None:
    mask = np.array([True, False])
    for kind in (a.dtype, np.float64):
        if np.can_cast(f(a, 2).dtype, kind, "same_kind"):
            expected = f(a, 2, where=mask, out=np.zeros((2, 2), kind))
            got = f(Tensor(a), 2, where=mask, out=Tensor(np.zeros((2, 2), kind)))
            np.testing.assert_array_equal(got.numpy(), expected)


def test_a_mask_is_of_booleans_and_takes_part_in_the_shape() -> None:
    with pytest.raises(TypeError, match="safe"):
        np.add(X, 1.0, where=np.array([1, 0]), out=np.zeros((2, 2)))
    with pytest.raises(TypeError, match="safe"):
        np.add(leaf(), 1.0, where=np.array([1, 0]), out=Tensor(np.zeros((2, 2))))
    assert np.add(leaf([1.0, 2.0]), 1.0, where=np.ones((3, 2), bool)).shape == (3, 2)


def test_computing_in_integers_loses_no_gradient_in_silence() -> None:
    with pytest.raises(NoGradientRuleError, match="computed in int64 it has no gradient"):
        np.add(leaf(), 1.0, dtype=np.int64, casting="unsafe")
    out = Tensor(np.zeros((2, 2), int))
    np.add(Tensor(X), 0.7, out=out, casting="unsafe")
    assert out.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(TypeError, match="in place of int64"):
        np.add(leaf(), 0.7, out=out, casting="unsafe")


def test_output_of_any_function_is_differentiable() -> None:
    for f, inputs in [
        (np.sum, (X, 0)), (np.concatenate, ([X[0], X[1]],)), (np.clip, (X, 1.5, 3.0)),
        (np.cumsum, (X, 1)), (np.max, (X, 1)), (np.stack, ([X, X],)), (np.round, (X,)),
    ]:  # fmt: skip
        tensors = tuple([Tensor(a, requires_grad=True) for a in x] if isinstance(x, list) else
                        leaf(x) if isinstance(x, np.ndarray) else x for x in inputs)  # fmt: skip
        expected = f(*inputs)
        out = Tensor(np.zeros(expected.shape)) * 1.0
        assert f(*tensors, out=out) is out
        np.testing.assert_array_equal(out.detach().numpy(), expected)
        assert out.requires_grad
        with pytest.raises(TypeError, match="out= must be a Tensor"):
            f(*tensors, out=np.zeros(expected.shape))


# Half precision: counts and sums in a wider type


N = 70_000  # more than float16 can count to


@pytest.mark.parametrize(
    "f",
    [
        np.mean, np.max, np.min, np.nanmax, np.nanmin, np.nanmean, np.var, np.std, np.nanvar,
        np.nanstd, np.linalg.norm, np.linalg.vector_norm, np.average,
        lambda t: np.mean(t, where=np.arange(N) % 7 != 0),
        lambda t: np.average(t, weights=np.ones(N, np.float16)),
        lambda t: np.var(t, mean=np.float16(0.5)),
        lambda t: t.reshape(N, 1).mean(0).sum(),
        lambda t: np.linalg.norm(t.reshape(2, -1), axis=1).sum(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["alike", "spread"])
def test_half_precision_counts_and_adds_up_in_single(f: Callable[..., Any], kind: str) -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.5, 1.5, N) if kind == "spread" else np.full(N, 0.75)
    half, double = (Tensor(spread.astype(np.float16).astype(t), True) for t in ("f2", "f8"))
    with warnings.catch_warnings(action="error"):
        y = f(half)
    expected = f(double)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.item(), expected.item(), rtol=2e-3, atol=1e-3)
    y.backward()
    expected.backward()
    assert half.grad.dtype == np.float16
    # Gradients of one in N lie where float16 has steps of 6e-8.
    np.testing.assert_allclose(half.grad, double.grad, rtol=5e-3, atol=7e-8)


def test_half_precision_gradients_of_what_was_stretched_add_up_in_single() -> None:
    b = Tensor(np.zeros(2, np.float16), requires_grad=True)
    (np.ones((9000, 2), np.float16) * np.float16(0.5) + b).sum().backward()
    np.testing.assert_array_equal(b.grad, [9000, 9000])  # added in float16, it stops at 2048
    table = Tensor(np.zeros((3, 2), np.float16), requires_grad=True)
    table[np.zeros(9000, int)].sum().backward()
    np.testing.assert_array_equal(table.grad[0], [9000, 9000])


def test_numbers_and_lists_that_a_function_passes_on() -> None:
    x, some = Tensor(np.array([1.0, 2.0], np.float32)), np.array([True, False])
    for choices in ([x, 2.5], [2.5, x], [2, x]):  # Python's numbers take the dtype of the rest
        y, expected = (np.select([some, ~some], c) for c in (choices, stop_gradient(choices)))
        assert y.dtype == expected.dtype == np.float32
        np.testing.assert_array_equal(y.numpy(), expected)
    y = np.select([some, ~some], [x, [3, 4]])
    assert y.dtype == np.float64  # as NumPy's, of float32 and int64
    np.testing.assert_array_equal(y.numpy(), [1, 4])
    np.testing.assert_array_equal(np.linspace(x, [3, 4], 2).numpy(), [[1, 2], [3, 4]])


def test_select_is_differentiable_by_its_default() -> None:
    x, some = Tensor([1.0, 2.0], requires_grad=True), np.array([True, False])
    y = np.select([some], [x * 3], x * x)
    np.testing.assert_array_equal(y.detach().numpy(), [3, 4])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 4])


def test_several_results_stretched_into_their_outputs() -> None:
    x = np.array([1.5, -2.25])
    expected = np.modf(x)
    outs = Tensor(np.zeros((3, 2))), Tensor(np.zeros((3, 2)))
    np.modf(Tensor(x), out=outs)
    for out, values in zip(outs, expected, strict=True):
        np.testing.assert_array_equal(out.numpy(), np.broadcast_to(values, (3, 2)))
    quotient, rest = Tensor(np.zeros((3, 2))), Tensor(np.zeros((3, 2)))
    np.divmod(Tensor(x), 0.5, out=(quotient, rest))
    np.testing.assert_array_equal(quotient.numpy(), np.broadcast_to(x // 0.5, (3, 2)))
    np.testing.assert_array_equal(rest.numpy(), np.broadcast_to(x % 0.5, (3, 2)))


def test_only_an_op_of_three_inputs_or_more_may_lack_one() -> None:
    @op
    def ignoring(x, y):
        return x * 2, lambda g: g * 2, None

    @op
    def with_bias(x, w, b):
        y = x * w
        return y if b is None else y + b, lambda g: g * w, lambda g: g * x, lambda g: g

    for x in (np.ones(2), Tensor(np.ones(2))):
        with pytest.raises(ArrayLikeError, match=r"^ignoring: got a NoneType, None, expected"):
            ignoring(x, None)
        assert with_bias(x, 3.0, None).tolist() == [3, 3]


def test_a_result_that_was_stretched_can_be_written_to() -> None:
    out = Tensor(np.zeros((3, 2)))
    np.add(Tensor(np.ones(2)), 1.0, out=out)
    out.data[0] = 7
    np.testing.assert_array_equal(out.numpy(), [[7, 7], [2, 2], [2, 2]])


@pytest.mark.parametrize("tracked", [True, False])
def test_an_array_of_objects_makes_no_tensor(tracked: bool) -> None:
    objects = np.empty(1, object)
    objects[0] = Tensor(1.0, requires_grad=True) * 2
    t = Tensor([1.0], requires_grad=tracked)
    for call in (lambda: t * objects, lambda: np.concatenate([t, objects])):
        with pytest.raises(ArrayLikeError, match="an array of objects, expected"):
            call()
