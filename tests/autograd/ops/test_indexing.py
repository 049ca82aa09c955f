"""Indexing, selecting and rearranging where the table of ops does not look: many repeats, ties,
writes in place, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from autograd import (
    IntegerGradientError,
    LeafInPlaceError,
    NoGradientRuleError,
    Tensor,
    TrackedArrayError,
    gradcheck,
    gradients,
    no_grad,
)

RNG = np.random.default_rng(0)


def leaf(*shape: int, dtype: Any = np.float64) -> Tensor:
    return Tensor(RNG.standard_normal(shape).astype(dtype), requires_grad=True)


def grad(f: Callable[..., Any], *xs: Any) -> Any:
    """The gradient of the sum of f, by each of its float64 inputs."""
    tensors = [Tensor(np.asarray(x, float), requires_grad=True) for x in xs]
    f(*tensors).sum().backward()
    return tensors[0].grad if len(xs) == 1 else [t.grad for t in tensors]


# Repeated indices


@pytest.mark.parametrize(
    ("shape", "lead", "picked"),
    [
        ((7,), 0, (2000,)),  # one dimension
        ((9, 40), 0, (60,)),  # short rows
        ((9, 41), 0, (60,)),  # of odd length
        ((9, 300), 0, (40,)),  # long rows
        ((9, 5, 60), 0, (3, 7)),
        ((30, 9, 4), 1, (25,)),  # whole axes before
        ((8, 30, 9), 2, (3, 5)),  # and none after
        ((9, 2), 0, (3,)),  # few
        ((9, 0), 0, (600,)),  # none
    ],
)
@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.float16])
def test_repeated_indices_add_up(shape: Any, lead: int, picked: Any, kind: Any, dtype: Any) -> None:
    n = shape[lead]
    rows = RNG.integers(0 if kind == np.uint8 else -n, n, picked).astype(kind)
    x = leaf(*shape, dtype=dtype)
    whole, after = [slice(None)] * lead, [slice(None)] * (len(shape) - lead - 1)
    for index in [(*whole, rows), (*whole, rows, Ellipsis), (Ellipsis, rows, *after)]:
        y = x[index]
        g = RNG.integers(-9, 9, y.shape).astype(dtype)  # integers add exactly
        expected = np.zeros(shape, dtype)
        np.add.at(expected, index, g)
        (got,) = gradients(y, x, g)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, expected)


def test_repeated_indices_beside_a_part_of_an_axis() -> None:
    x, rows = leaf(5, 40), RNG.integers(0, 40, 500)
    for index in [(slice(1, None), rows), (slice(None, None, 2), rows)]:
        g = np.ones(x[index].shape)
        expected = np.zeros((5, 40))
        np.add.at(expected, index, g)
        np.testing.assert_array_equal(gradients(x[index], x, g)[0], expected)


@pytest.mark.parametrize("width", [1, 50, 300])
def test_adding_float32_does_not_lose_digits(width: int) -> None:
    x = leaf(3, width, dtype=np.float32)
    rows = RNG.integers(0, 3, 1000)
    g = RNG.standard_normal((1000, width)).astype(np.float32)
    expected = np.zeros((3, width))
    np.add.at(expected, rows, g)
    (got,) = gradients(x[rows], x, g)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_reading_keeps_its_own_index() -> None:
    x, rows, where = leaf(4), np.array([0, 1, 1]), [2, 3]
    y = x[rows].sum() + x[where].sum()
    rows[:], where[:] = 3, [0, 0]
    y.backward()
    assert x.grad.tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize(
    "index",
    [
        [],
        np.array([], int),
        np.zeros((0, 2), int),
        np.zeros(3, bool),
        slice(0, 0),
        (slice(None), np.zeros(4, bool)),
        ([], Ellipsis),
        (np.zeros((3, 4), bool), None),
    ],
    ids=repr,
)
def test_an_empty_selection_has_a_gradient_of_zeros(index: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    assert grad(lambda t: t[index], x).tolist() == np.zeros((3, 4)).tolist()


def test_an_index_may_be_a_tensor() -> None:
    x, mask, numbers = leaf(3), Tensor([True, False, True]), Tensor([1, 1])
    (x[mask].sum() + x[numbers].sum() + x[Tensor(2)]).backward()
    assert x.grad.tolist() == [1, 2, 2]


@pytest.mark.parametrize("index", [5, (0, 0), np.array([3]), np.zeros(2, bool), 0.5, "a"])
def test_a_wrong_index_is_numpys_error(index: Any) -> None:
    with pytest.raises(IndexError):
        leaf(3)[index]


# Assignment


def test_the_last_of_several_values_stays_and_gets_the_gradient() -> None:
    def f(x: Tensor, v: Tensor) -> Tensor:
        y = x * 1
        y[[2, 0, 2]] = v
        return y * np.array([1, 2, 3])

    assert [g.tolist() for g in grad(f, [0, 0, 0], [4, 5, 6])] == [[0, 2, 0], [0, 1, 3]]


@pytest.mark.parametrize("index", [1, [1], [1, 1], np.array([False, True, False])], ids=repr)
def test_what_is_overwritten_gets_exactly_zero(index: Any) -> None:
    def f(x: Tensor) -> Tensor:
        y = x * 1
        y[index] = 1.0
        return np.log(y) / y  # at x = 0 its slope is infinite

    assert grad(f, [1, 0, 1]).tolist() == [1, 0, 1]


def test_an_integer_tensor_takes_no_tracked_value() -> None:
    counts = Tensor([1, 2, 3])
    with pytest.raises(IntegerGradientError, match="int64"):
        counts[0] = leaf()
    counts[0] = Tensor(2.0)
    assert counts.tolist() == [2, 2, 3]


# NumPy's functions that write in place


def mask() -> Any:
    return np.array([[True, False, True], [False, False, True]])


WRITERS: dict[str, Callable[[Any, Any], None]] = {
    "put": lambda a, v: np.put(a, [4, -1, 4], v),
    "put clip": lambda a, v: np.put(a, [40, 0], v, mode="clip"),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([[2], [0]]), v, axis=1),
    "put_along_axis flat": lambda a, v: np.put_along_axis(a, np.array([2, 1]), v, axis=None),
    "place": lambda a, v: np.place(a, mask(), v),
    "putmask": lambda a, v: np.putmask(a, mask(), v),
    "copyto": lambda a, v: np.copyto(a, v, where=mask()),
    "fill_diagonal": lambda a, v: np.fill_diagonal(a, v),
}
each_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@each_writer
def test_writing_moves_the_handle(write: Any) -> None:
    x, v = leaf(2, 3), leaf(1)
    y = old = x * 1
    y = y.copy()
    write(y, v)
    expected = x.data.copy()
    write(expected, v.data)
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    np.testing.assert_array_equal(old.detach().numpy(), x.data)
    y.sum().backward()
    kept = expected == x.data
    np.testing.assert_array_equal(x.grad, kept)
    assert v.grad.tolist() == [(~kept).sum()]


@each_writer
def test_writing_where_there_is_no_graph(write: Any) -> None:
    x = Tensor(np.zeros((2, 3)))
    write(x, 1.5)
    expected = np.zeros((2, 3))
    write(expected, 1.5)
    np.testing.assert_array_equal(x.numpy(), expected)
    w = leaf(2, 3)
    with pytest.raises(LeafInPlaceError):
        write(w, 1.5)
    with no_grad():
        write(w, 1.5)
    assert (w.data == 1.5).sum() == (expected == 1.5).sum()


@each_writer
def test_writing_a_tensor_into_an_array_is_refused(write: Any) -> None:
    with pytest.raises((NoGradientRuleError, TrackedArrayError), match="plain array"):
        write(np.zeros((2, 3)), leaf(1))


def test_copyto_asks_whether_it_may_cast() -> None:
    with pytest.raises(TypeError, match="same_kind"):
        np.copyto(Tensor(np.zeros(2)), leaf(2) * 1j)
    np.copyto(Tensor(np.zeros(2, np.float32)), leaf(2))
    with pytest.raises(TypeError, match="safe"):
        np.copyto(Tensor(np.zeros(2, np.float32)), leaf(2), casting="safe")


# Selecting


def test_take_reads_booleans_as_numbers() -> None:
    assert grad(lambda x: np.take(x, [True, False, True]), [1, 2, 3]).tolist() == [1, 2, 0]


def test_take_and_its_mistakes() -> None:
    x = leaf(2, 3)
    with pytest.raises(IndexError):
        np.take(x, [3], axis=1)
    with pytest.raises(np.exceptions.AxisError):
        np.take(x, [0], axis=2)
    with pytest.raises(ValueError, match="mode"):
        np.take(x, [0], mode="round")
    with pytest.raises(TypeError, match="float64"):
        np.take(x, [0.5])
    with pytest.raises(ValueError, match="axes"):
        np.take_along_axis(x, np.array([0]), 1)


def test_sorting_ties_keeps_their_order() -> None:
    def f(x: Tensor) -> Tensor:
        return np.sort(x, kind="stable") * np.array([1, 2, 3, 4])

    assert grad(f, [2, 1, 2, 1]).tolist() == [3, 1, 4, 2]


def test_sorting_puts_nan_last() -> None:
    x = Tensor([np.nan, 2.0, 1.0], requires_grad=True)
    np.sort(x).backward(np.array([1, 2, 3]))
    assert x.grad.tolist() == [3, 2, 1]


@pytest.mark.parametrize("axis", [-1, 0, None])
def test_a_partition_gives_every_element_its_gradient_back(axis: Any) -> None:
    x = leaf(5, 4)
    y = np.partition(x, (1, 3), axis)
    np.testing.assert_array_equal(
        np.take(y.detach().numpy(), [1, 3], axis), np.take(np.sort(x.data, axis), [1, 3], axis)
    )
    (y * y.detach()).sum().backward()
    np.testing.assert_array_equal(x.grad, x.data)


@pytest.mark.parametrize(
    "f",
    [np.argpartition, np.flatnonzero, np.argwhere, np.lexsort, np.ravel_multi_index, np.ix_],
    ids=lambda f: f.__name__,
)
def test_results_that_are_indices_are_plain_arrays(f: Any) -> None:
    args = {np.argpartition: (leaf(3), 1), np.ravel_multi_index: (Tensor([[1], [2]]), (3, 3))}
    out = f(*args.get(f, (Tensor([1, 0, 2]),) if f is np.ix_ else (leaf(2, 3),)))
    assert all(type(o) is np.ndarray for o in (out if isinstance(out, tuple) else [out]))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: np.unique(x), r"np\.unique .* t\[i\]"),
        (lambda x: np.trim_zeros(x), "trim_zeros"),
        (lambda x: np.pad(x, 1, "mean"), "'mean'"),
        (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), "'odd'"),
        (lambda x: np.ravel(x, "K"), "'K'"),
        (lambda x: np.reshape(x, -1, "A"), "'A'"),
        (lambda x: sliding_window_view(x, 2, writeable=True), "writeable"),
        (lambda x: np.roll(x, x), "roll"),
        (lambda x: np.concatenate([x, x], out=np.ones(6)), "out"),
        (lambda x: np.take(x, 0, out=np.ones(())), "out"),
        (lambda x: np.sort(x, order="name"), "order"),
        (lambda x: np.repeat(x, Tensor([1, 2, 3])), "repeat"),
    ],
)
def test_what_has_no_gradient_is_refused_by_name(call: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        call(leaf(3))


# Rearranging


def test_split_into_overlapping_pieces() -> None:
    def f(x: Tensor) -> Tensor:
        a, b, c = np.split(x, [3, 1])
        assert (a.size, b.size, c.size) == (3, 0, 3)
        return np.concatenate([a, b, 10 * c])

    assert grad(f, [1, 2, 3, 4]).tolist() == [1, 11, 11, 10]


def test_splits_and_their_mistakes() -> None:
    with pytest.raises(ValueError, match="equal"):
        np.split(leaf(5), 2)
    with pytest.raises(ValueError, match="dsplit"):
        np.dsplit(leaf(2, 2), 2)
    assert [p.shape for p in np.array_split(leaf(5), 3)] == [(2,), (2,), (1,)]
    assert isinstance(np.hsplit(leaf(4), 2), list)


@pytest.mark.parametrize("arrays", [[[]], [[[1.0]]], [2.0], [[[1.0]], []]])
def test_block_wants_lists_of_one_depth(arrays: Any) -> None:
    with pytest.raises(ValueError):
        np.block([[leaf(1)], *arrays])


def test_joining_promotes_and_each_part_keeps_its_dtype() -> None:
    a, b, c = leaf(2), leaf(2, dtype=np.float32), leaf(2, dtype=np.complex64)
    y = np.concatenate([a, b, c, [1, 2]])
    assert y.dtype == np.complex128
    (y * 1j).sum().backward()
    assert [t.grad.dtype for t in (a, b, c)] == [np.float64, np.float32, np.complex64]
    assert a.grad.tolist() == [0, 0]
    assert c.grad.tolist() == [1j, 1j]
    assert np.stack([b, b], dtype=np.float64).dtype == np.float64
    with pytest.raises(TypeError):
        np.concatenate([a, b], dtype=int)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.tile(x, 3), [3, 3, 3]),
        (lambda x: np.repeat(x, [0, 1, 2]), [0, 1, 2]),
        (lambda x: np.repeat(x, 20), [20, 20, 20]),
        (lambda x: np.resize(x, 7), [3, 2, 2]),
        (lambda x: np.pad(x, 1, "edge"), [2, 1, 2]),
        (lambda x: np.pad(x, 2, "reflect"), [2, 3, 2]),
        (lambda x: np.pad(x, 2, "symmetric"), [2, 3, 2]),
        (lambda x: np.pad(x, (0, 4), "wrap"), [3, 2, 2]),
        (lambda x: np.pad(x, {0: (1, 2)}), [1, 1, 1]),
        (lambda x: np.delete(x, [0, -1]), [0, 1, 0]),
        (lambda x: np.insert(x, 1, 5.0), [1, 1, 1]),
        (lambda x: sliding_window_view(x, 2), [1, 2, 1]),
        (lambda x: np.broadcast_to(x, (4, 3)), [4, 4, 4]),
        (lambda x: np.meshgrid(x, np.ones(2))[0], [2, 2, 2]),
    ],
)
def test_copies_count(f: Any, expected: Any) -> None:
    assert grad(f, [1.0, 2.0, 4.0]).tolist() == expected


def test_resizing_nothing_gives_zeros() -> None:
    assert grad(lambda x: np.resize(x, (2, 2)), []).tolist() == []
    assert np.resize(leaf(0), 3).tolist() == [0, 0, 0]


def test_repeating_nothing_by_an_empty_list() -> None:
    assert grad(lambda x: np.repeat(x, []), []).tolist() == []


def test_insert_casts_to_the_array() -> None:
    a, v = leaf(2, dtype=np.float32), leaf(2)
    y = np.insert(a, [0, 2], v)
    assert y.dtype == np.float32
    y.sum().backward()
    assert v.grad.dtype == np.float64
    assert v.grad.tolist() == [1, 1]


def test_astype_to_integers_ends_the_graph() -> None:
    x = leaf(3)
    if hasattr(np, "astype"):
        assert not np.astype(x, int).requires_grad
        assert np.astype(x, x.dtype) is not x
        assert np.astype(x, x.dtype, copy=False) is x


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_complex_elements_move_as_real_ones_do(data: Any) -> None:
    f = data.draw(
        st.sampled_from(
            [
                lambda z: z[[0, 1, 1]],
                lambda z: np.roll(z, 1, 0),
                lambda z: np.pad(z, 1, "wrap"),
                lambda z: np.repeat(z, 2, 1),
                lambda z: np.tril(z),
                lambda z: np.insert(z, 1, z[0], 0),
                lambda z: np.diagonal(z),
                lambda z: sliding_window_view(z, 2, 0),
                lambda z: np.concatenate([z, z.real]),
                lambda z: np.choose([[0, 1, 1]], [z, 2 * z]),
            ]
        )
    )
    w = np.random.default_rng(0).standard_normal(200) + 1j

    def loss(x: Any, y: Any) -> Any:
        z = np.ravel(f(x + 1j * y))
        return (z * z * w[: z.size]).real.sum()

    assert gradcheck(loss, RNG.standard_normal((2, 3)), RNG.standard_normal((2, 3)))
