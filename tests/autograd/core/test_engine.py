"""The graph and the walk: accumulation, ownership, freeing, order, modes, several results."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import gc
import re
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

from autograd import (
    GradientShapeError,
    GraphFreedError,
    LeafChangedError,
    NotScalarError,
    Tensor,
    UntrackedError,
    enable_grad,
    gradcheck,
    gradgradcheck,
    gradients,
    is_recording,
    no_grad,
    op,
    scatter_add,
    shared,
    stop_gradient,
)
from autograd.core.backward import _adding
from autograd.core.ownership import sole_owner
from autograd.core.results import Parts


def leaf(*values: float, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


# Accumulation


def test_both_branches_of_a_diamond_add() -> None:
    x = Tensor(3.0, requires_grad=True)
    y = x * 3
    (y * 2 + y * 5).backward()
    assert x.grad == 21


def test_leaves_accumulate_over_calls_and_a_retained_walk_doubles() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad, [4, 8])


def test_a_leaf_is_its_own_derivative() -> None:
    x = leaf(2.0)
    x.backward()
    np.testing.assert_array_equal(x.grad, [1])


def test_a_gradient_accumulated_keeps_the_array_the_user_holds() -> None:
    x = leaf(1.0)
    x.backward()
    held = x.grad
    x.backward()
    assert held == [1]
    assert x.grad == [2]


def test_reuse_costs_nodes_not_paths() -> None:
    x = Tensor(np.float64(1.0), requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()  # 2**60 paths
    assert x.grad == 2.0**60


def test_halving_a_doubled_value_ten_thousand_times_is_linear() -> None:
    calls = []

    @op
    def half(x):
        def closure(g):
            calls.append(1)
            return g / 2

        return x / 2, closure

    x = y = leaf(1.0)
    for _ in range(10_000):
        y = half(y + y)
    y.backward()
    np.testing.assert_array_equal(x.grad, [1])
    assert len(calls) == 10_000


@pytest.mark.slow
def test_a_chain_of_a_million_additions_runs_and_is_freed() -> None:
    x, one = leaf(0.0), np.ones(1)
    y = x
    for _ in range(1_000_000):
        y = y + one
    assert y.item() == 1_000_000
    y.backward()
    np.testing.assert_array_equal(x.grad, [1])
    for _ in range(1_000_000):
        y = y + x
    del y  # no recursion here either


# One closure per input, none in vain


def test_a_closure_whose_input_needs_no_gradient_is_not_called() -> None:
    called = []

    @op
    def product(x, y):
        return x * y, lambda g: called.append("x") or g * y, lambda g: called.append("y") or g * x

    w = leaf(2.0)
    product(np.ones(1), w).backward()
    assert called == ["y"]
    called.clear()
    product(w, Tensor(np.ones(1))).backward()
    assert called == ["x"]


def test_gradients_walks_only_between_outputs_and_inputs() -> None:
    called = []

    @op
    def tell(x, name=""):
        return x * 1, lambda g: called.append(name) or g

    a, b = leaf(1.0), leaf(2.0)
    y = tell(a, name="a") * tell(b, name="b")
    gradients(y, a)
    assert called == ["a"]


def test_gradients_by_an_interior_tensor_stop_there() -> None:
    x = leaf(3.0)
    y = x * x
    z = y * y
    (gy,) = gradients(z, y, retain_graph=True)
    assert gy == [18]
    gy, gx = gradients(z, [y, x])
    assert gy == [18]
    assert gx == [108]


def test_gradients_gives_none_for_what_the_output_does_not_use() -> None:
    x, y = leaf(1.0), leaf(1.0)
    assert gradients(x * 2, [y, x]) == (None, np.array([2.0]))
    assert x.grad is None


def test_gradients_of_several_outputs_add() -> None:
    x = leaf(1.0, 2.0)
    y, z = x * 2, (x * x).sum()
    (g,) = gradients([y, z], x, [np.array([1.0, 10.0]), None])
    np.testing.assert_array_equal(g, [2 + 2, 20 + 4])
    (g,) = gradients([x, x], [x], [np.ones(2), np.ones(2)])
    np.testing.assert_array_equal(g, [2, 2])
    with pytest.raises(ValueError, match="2 outputs, but 1"):
        gradients([x, x], x, [np.ones(2)])


# Ownership


def test_no_two_grads_share_memory() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).sum().backward()
    assert not np.shares_memory(a.grad, b.grad)
    a.grad += 1  # writable
    np.testing.assert_array_equal(b.grad, [1, 1])


def test_a_grad_does_not_share_memory_with_what_a_closure_returned() -> None:
    kept = np.array([1.0, 2.0])

    @op
    def constant_slope(x):
        return x * kept, lambda g: kept

    x = leaf(1.0, 1.0)
    constant_slope(x).backward(np.ones(2))
    assert not np.shares_memory(x.grad, kept)


def test_a_starting_gradient_is_neither_kept_nor_changed() -> None:
    x = leaf(1.0, 2.0)
    g = np.array([1.0, 1.0])
    (x + 0).backward(g)
    x.grad *= 5
    np.testing.assert_array_equal(g, [1, 1])


def test_an_incoming_gradient_used_three_times_is_summed_once_each() -> None:
    x = leaf(1.0, 2.0)
    ((x + x) + (x + x) + x).backward(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(x.grad, [5, 10])
    s = Tensor(np.float64(1.0), requires_grad=True)  # 0-d: NumPy's sums are scalars
    ((s + s) + (s + s) + s).backward()
    assert type(s.grad) is np.ndarray
    assert s.grad == 5


# Un-broadcasting, dtype, refusal


def test_gradients_of_broadcast_inputs_have_the_inputs_shapes() -> None:
    a = Tensor(np.ones((3, 1)), requires_grad=True)
    b = Tensor(np.ones(4), requires_grad=True)
    (a * b).sum().backward()
    np.testing.assert_array_equal(a.grad, np.full((3, 1), 4.0))
    np.testing.assert_array_equal(b.grad, np.full(4, 3.0))


@pytest.mark.parametrize("shape", [(2,), (3, 2), (), (1,)])
def test_a_gradient_broadcasting_could_not_have_made_is_refused(shape: tuple[int, ...]) -> None:
    @op
    def wrong(x, y):
        return x + y, lambda g: g, lambda g: np.ones(shape)

    with pytest.raises(GradientShapeError, match=r"wrong: .*argument 1 .*\(3,\)"):
        wrong(leaf(1, 2, 3), leaf(1, 2, 3)).backward(np.ones(3))


@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_closure_without_return_is_told(shape: tuple[int, ...]) -> None:
    @op
    def forgetful(x):
        def closure(g):
            g * 2

        return x * 2, closure

    x = Tensor(np.ones(shape), requires_grad=True)
    with pytest.raises(GradientShapeError, match=r"forgetful: .*argument 0 is None.*`return`"):
        forgetful(x).sum().backward()
    assert x.grad is None


def test_a_gradient_takes_its_tensors_dtype() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * np.float64(2)).sum().backward()
    assert x.grad.dtype == np.float32

    @op
    def number(x):
        return x * 1.0, lambda g: 3.0  # a Python number is a gradient too

    s = Tensor(1.0, requires_grad=True)
    number(s).backward()
    assert s.grad == 3
    assert s.grad.dtype == np.float32


# Freeing


def test_a_second_walk_over_a_freed_graph_says_so() -> None:
    x = leaf(1.0)
    y = np.exp(x)
    y.backward()
    with pytest.raises(GraphFreedError, match=r"exp of shape \(1,\).*retain_graph"):
        y.backward()
    with pytest.raises(GraphFreedError):
        (y * 2).backward()
    np.testing.assert_array_equal(x.grad, np.exp([1.0]))
    first, second = np.split(x * np.ones(2), 2)  # one op with two results, and no one shape
    first.backward()
    with pytest.raises(GraphFreedError, match="behind this pieces was freed"):
        second.backward()


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("walked", [False, True])
def test_dropping_a_loss_frees_every_array_of_its_graph(walked: bool) -> None:
    w = Tensor(np.ones((3, 3)), requires_grad=True)
    refs = []
    h = w
    for _ in range(5):
        a, b = np.tanh(h @ w), np.sin(h)
        h = a * b + h[:, ::-1].T
        refs += [weakref.ref(array) for array in (a._array, b._array, h._array)]
        refs += [weakref.ref(t._node.edges[0][0]) for t in (a, b)]
    loss = h.sum()
    if walked:
        loss.backward()
    del h, loss, a, b
    assert [r for r in refs if r() is not None] == []


@pytest.mark.usefixtures("no_collector")
def test_a_differentiable_gradient_is_freed_by_reference_counts_too() -> None:
    x = leaf(1.0, 2.0)
    (g,) = gradients((np.exp(x) * x).sum(), x, create_graph=True)
    ref = weakref.ref(g._array)
    w = weakref.ref(x._array)
    del g, x
    assert ref() is None
    assert w() is None


def test_the_walk_frees_closures_as_it_goes() -> None:
    seen = []

    @op
    def look(x):
        return x * 1, lambda g: seen.append(ref() is None) or g

    big = np.exp(look(leaf(1.0)))  # its closure holds its result
    ref = weakref.ref(big._array)
    y = big * 1
    del big
    assert ref() is not None
    y.backward()
    assert seen == [True]


# Exceptions


def test_an_exception_half_way_leaves_every_grad_as_it_was() -> None:
    @op
    def fails(x):
        def closure(g):
            raise ZeroDivisionError

        return x * 1, closure

    a, b = leaf(1.0), leaf(1.0)
    b.grad = np.array([7.0])
    with pytest.raises(ZeroDivisionError):
        (b * 2 + fails(a * 1)).backward()
    assert a.grad is None
    assert b.grad == [7]


def test_backward_says_why_it_cannot_start() -> None:
    with pytest.raises(UntrackedError, match="has no graph"):
        Tensor([1.0]).sum().backward()
    with pytest.raises(NotScalarError, match=r"shape \(2,\)"):
        leaf(1.0, 2.0).backward()
    with pytest.raises(GradientShapeError, match=r"\(3,\) for \(2,\)"):
        leaf(1.0, 2.0).backward(np.ones(3))
    with pytest.raises(TypeError, match="expected a Tensor, got ndarray"):
        gradients(leaf(1.0), [np.ones(1)])


def test_an_error_in_an_op_names_the_op_and_the_shapes() -> None:
    with pytest.raises(ValueError) as raised:
        leaf(1, 2, 3) @ Tensor(np.ones((2, 4)))
    assert raised.value.__notes__ == [
        "in matmul(float64[3], float64[2, 4])",
        "matmul: (3,) @ (2, 4): inner 3 and 2 differ",
    ]
    with pytest.raises(ValueError) as raised:
        Tensor(np.ones((32, 784))) @ Tensor(np.ones((10, 784)))
    assert raised.value.__notes__[1] == (
        "matmul: (32, 784) @ (10, 784): inner 784 and 10 differ; did you mean x @ y.T?"
    )


# Leaves that change between forward and backward


def update(w: Tensor, how: str) -> None:
    if how == "augmented":
        w.data -= 1
    elif how == "item":
        w.data[0] = 5
    elif how == "out":
        np.multiply(w.data, 2, out=w.data)
    elif how == "new array":
        w.data = np.array([7.0, 8.0])
    else:
        with no_grad():
            if how == "no_grad":
                w -= 1
            else:
                w[1] = 9.0


UPDATES = ["augmented", "item", "out", "new array", "no_grad", "no_grad item"]


@pytest.mark.parametrize("how", UPDATES)
@pytest.mark.parametrize("held", [False, True], ids=["", "array held"])
def test_a_leaf_updated_before_backward_is_reported(how: str, held: bool) -> None:
    w = leaf(1.0, 2.0)
    alias = w.data if held else None
    loss = (w * w).sum()
    update(w, how)
    assert alias is None or how == "new array" or np.array_equal(alias, w.data)
    with pytest.raises(LeafChangedError, match=r"multiply: its argument 0.*shape \(2,\)"):
        loss.backward()
    assert w.grad is None
    (w * w).sum().backward()  # with the new value
    np.testing.assert_array_equal(w.grad, 2 * w.data)


@pytest.mark.parametrize("how", UPDATES)
def test_a_leaf_may_change_where_no_closure_needs_its_old_value(how: str) -> None:
    w, x = leaf(1.0, 2.0), np.array([3.0, 4.0])
    loss = (w * x).sum() + w.sum()
    update(w, how)
    loss.backward()
    np.testing.assert_array_equal(w.grad, x + 1)


def test_writing_through_an_array_taken_before_the_forward_pass_is_caught() -> None:
    w = leaf(1.0, 2.0)
    array = w.data
    loss = np.exp(w * w).sum()
    array[0] = 100
    assert w.data[0] == 100
    with pytest.raises(LeafChangedError):
        loss.backward()


def test_an_update_that_changes_nothing_is_no_error() -> None:
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    w.data[...] = [1.0, 2.0]
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_a_plain_optimizer_loop_copies_nothing() -> None:
    w = leaf(1.0, 2.0)
    where = w.data.ctypes.data
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        w.data -= 0.1 * w.grad
    assert w.data.ctypes.data == where
    np.testing.assert_allclose(w.data, np.array([1.0, 2.0]) * 0.8**3)


# Changing handles


def test_augmented_assignment_moves_the_handle_and_differentiates() -> None:
    x = leaf(1.0, 2.0)
    y = np.exp(x)
    y += 1  # exp's closure keeps the value from before
    y *= x
    y.sum().backward()
    e = np.exp([1.0, 2.0])
    np.testing.assert_allclose(x.grad, e * [1, 2] + e + 1)


def test_item_assignment_is_differentiable_by_both() -> None:
    def f(x: Tensor, v: Tensor) -> Tensor:
        y = x * 1
        y[1:, 0] = v
        y[0] *= 2
        y[y.detach().numpy() > 1] = 0.5
        return np.exp(y)

    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((3, 4)), rng.standard_normal(2)
    gradcheck(f, *inputs)
    gradgradcheck(f, *inputs)


def test_assigning_a_tracked_value_into_a_plain_tensor_tracks_it() -> None:
    x = leaf(3.0)
    buffer = Tensor(np.zeros((2, 1)))
    before = buffer * 1
    buffer[1] = x * 2
    (buffer * [[1.0], [5.0]]).sum().backward()
    assert x.grad == [10]
    np.testing.assert_array_equal(before.numpy(), [[0], [0]])


def test_where_an_index_repeats_the_last_value_gets_the_gradient() -> None:
    v = leaf(1.0, 2.0, 3.0)
    y = Tensor(np.zeros(2))
    y[[0, 0, 1]] = v
    np.testing.assert_array_equal(y.detach().numpy(), [2, 3])
    y.backward(np.array([10.0, 20.0]))
    np.testing.assert_array_equal(v.grad, [0, 10, 20])


def test_in_place_results_must_fit() -> None:
    y = leaf(1.0, 2.0) * 1
    with pytest.raises(ValueError, match=r"\(3, 2\) in place of \(2,\)"):
        y += np.ones((3, 2))
    n = Tensor([1, 2])
    with pytest.raises(TypeError, match="float64 in place of int64"):
        n += np.array([0.5, 0.5])


def test_no_grad_changes_a_value_and_leaves_its_history() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    with no_grad():
        y += 1
    np.testing.assert_array_equal(y.detach().numpy(), [4, 7])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


# retain_grad


def test_retain_grad_keeps_the_gradient_of_an_op_result() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * 3
    with pytest.warns(UserWarning, match="result of multiply.*retain_grad"):
        assert y.grad is None
    y.retain_grad()
    z.backward()
    assert y.grad == [3]
    assert not np.shares_memory(y.grad, x.grad)


# Modes


def test_no_grad_and_enable_grad_nest_and_survive_exceptions() -> None:
    x = leaf(1.0)
    with no_grad():
        assert not (x * 2).requires_grad
        with enable_grad():
            assert (x * 2).requires_grad
        assert not is_recording()
    with pytest.raises(IndexError), no_grad():
        x[5]
    assert is_recording()


def test_one_no_grad_object_can_be_entered_again() -> None:
    block = no_grad()
    with block, block:
        assert not is_recording()
    assert is_recording()


def test_no_grad_belongs_to_its_thread() -> None:
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_recording()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_no_grad_belongs_to_its_context() -> None:
    context = contextvars.copy_context()
    with no_grad():
        assert context.run(is_recording) is True  # as another asyncio task would see it
        assert contextvars.copy_context().run(is_recording) is False


def test_no_grad_decorates_functions() -> None:
    @no_grad()
    def f() -> bool:
        return is_recording()

    assert f() is False
    assert is_recording()


def test_no_grad_decorates_without_brackets_too() -> None:
    @no_grad
    def f() -> bool:
        return is_recording()

    @no_grad
    def numbers() -> Any:
        yield is_recording()

    assert f() is False
    assert list(numbers()) == [False]
    assert is_recording()
    with no_grad():
        assert enable_grad(lambda: is_recording())() is True


def test_no_grad_decorates_coroutines_for_as_long_as_they_run() -> None:
    seen = []

    @no_grad()
    async def quiet() -> None:
        for _ in range(2):
            await asyncio.sleep(0)
            seen.append(("quiet", is_recording()))

    async def both() -> None:
        task = asyncio.create_task(quiet())
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(("outside", is_recording()))
        await task
        await quiet()
        assert is_recording()

    asyncio.run(both())
    assert set(seen) == {("quiet", False), ("outside", True)}


def test_no_grad_decorates_generators_without_leaking_between_yields() -> None:
    closed = []

    @no_grad()
    def numbers() -> Any:
        try:
            got = yield is_recording()
            try:
                yield (got, is_recording())
            except KeyError:
                yield ("caught", is_recording())
            return "end"
        finally:
            closed.append(is_recording())

    running = numbers()
    assert next(running) is False
    assert is_recording()
    assert running.send("hello") == ("hello", False)
    assert running.throw(KeyError()) == ("caught", False)
    assert is_recording()
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "end"
    unfinished = numbers()
    next(unfinished)
    unfinished.close()
    assert closed == [False, False]
    assert is_recording()


# Writing ops


def test_an_op_on_arrays_gives_arrays() -> None:
    @op
    def double(x):
        return x * 2, lambda g: g * 2

    assert type(double(np.ones(2))) is np.ndarray
    assert double(3) == 6
    assert isinstance(double(Tensor([1.0])), Tensor)


def test_ops_of_one_two_three_and_any_number_of_inputs_agree_with_differences() -> None:
    @op
    def three(x, y, z):
        return x * y * z, lambda g: g * y * z, lambda g: g * x * z, lambda g: g * x * y

    @op
    def scaled(x, y, by=1.0):
        return by * x * y, lambda g: by * g * y, lambda g: by * g * x

    @op
    def total(*xs, power=2):
        value = xs[0] ** power
        for x in xs[1:]:
            value = value + x**power
        return value, *((lambda g, x=x: g * power * x ** (power - 1)) for x in xs)

    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((3, 1)), rng.standard_normal(4), rng.standard_normal((2, 1, 1))
    for check in (gradcheck, gradgradcheck):
        check(three, a, b, c)
        check(lambda x, y: scaled(x, y, 3.0), a, b)
        check(lambda x, y: scaled(x, y, by=3.0), a, b)
        check(lambda *xs: total(*xs, power=3), a, b, c)


def test_an_op_of_several_results_is_differentiable_by_each_and_all() -> None:
    runs = []

    @op
    def polar(x, y):
        r = np.sqrt(x * x + y * y)

        @shared
        def both(g):
            runs.append(1)
            gr, gs = g
            return gr * x / r + gs * y, gr * y / r + gs * x

        return (r, x * y), lambda g: both(g)[0], lambda g: both(g)[1]

    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, 1)) + 3, rng.standard_normal(4) + 3
    for check in (gradcheck, gradgradcheck):
        check(polar, a, b)
        check(lambda x, y: polar(x, y)[0], a, b)
        check(lambda x, y: polar(x, y)[1] * polar(x, y)[0], a, b)
    x, y = leaf(1.0), leaf(2.0)
    runs.clear()
    r, s = polar(x, y)
    (r + s).backward()
    assert runs == [1]  # closures that share work do it once
    plain = polar(np.ones(1), np.ones(1))
    assert type(plain[0]) is np.ndarray


def test_the_gradients_of_many_results_are_gathered_without_a_copy_for_each() -> None:
    parts = gathered = Parts({0: 1.0})
    gathered += Parts({1: 2.0})  # as the walk adds what arrives at a node
    assert gathered is parts
    assert parts == {0: 1.0, 1: 2.0}


def test_a_result_without_gradient_and_an_input_without_gradient() -> None:
    @op
    def pick(x, k):
        i = int(np.argmax(x))
        return (x[i] * 2, np.array(i)), lambda g: np.eye(len(x))[i] * 2 * g[0], None

    x, k = leaf(1.0, 5.0), leaf(1.0)
    value, place = pick(x, k)
    assert place == 1
    assert not isinstance(place, Tensor) or not place.requires_grad
    assert gradients(value, [x, k])[1] is None


def test_a_body_that_cannot_run_on_tensors_needs_closures_that_can() -> None:
    def fused(x):
        out = np.empty_like(x)
        np.multiply(x, x, out=out)
        return out, lambda g: 2 * g * x

    bare, twinned = op(fused), op(closures=lambda x: lambda g: 2 * g * x)(fused)
    assert gradcheck(bare, [1.0, 2.0])
    assert gradgradcheck(twinned, [1.0, 2.0])
    with pytest.raises(TypeError) as raised:
        gradgradcheck(bare, [1.0, 2.0])
    assert any("closures=" in note for note in raised.value.__notes__)


def no_closure(x):
    return 2 * x


def a_number_for_a_closure(x):
    return x * 2, 2.0


def one_short(x, y):
    return x + y, lambda g: g


def a_list(x):
    return [x]


def one_short_of_three(x, y, z):
    return x + y + z, lambda g: g, lambda g: g


def one_too_many(*arrays):
    return arrays[0] + 0, *[lambda g: g] * (len(arrays) + 1)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (3,), (2, 3), (3, 0)])
@pytest.mark.parametrize("how", ["arrays", "tensors", "leaves", "no_grad"])
@pytest.mark.parametrize(
    ("body", "count", "returned"),
    [
        (no_closure, 1, ""),
        (a_number_for_a_closure, 1, "a float for a closure"),
        (one_short, 2, "a tuple of 2"),
        (a_list, 1, "a list of 1"),
        (one_short_of_three, 3, "a tuple of 3"),
        (one_too_many, 2, "a tuple of 4"),
    ],
)
def test_a_body_that_forgets_a_closure_is_refused(body, count, returned, how, shape) -> None:
    x = np.ones(shape)
    inputs = [x if how == "arrays" else Tensor(x, requires_grad=how == "leaves")] * count
    with no_grad() if how == "no_grad" else enable_grad(), pytest.raises(TypeError) as raised:
        op(body)(*inputs)
    text = str(raised.value)
    line = body.__code__.co_firstlineno
    assert f"op {body.__name__} (line {line} of {__file__}) returned {returned}" in text
    assert f"`return y, {', '.join(['lambda g: ...'] * count)}`" in text


class Called:
    def __call__(self, x): ...


@pytest.mark.parametrize(
    "thing", [functools.partial(no_closure), staticmethod(no_closure), Called(), Called, 3]
)
def test_what_is_no_function_is_no_body(thing) -> None:
    for make in (op, op(constant_slope=True), op(np.frompyfunc(no_closure, 1, 1))):
        with pytest.raises(TypeError, match=r"op: got .*, expected a function, made by def"):
            make(thing)


@pytest.mark.parametrize("given", [lambda x: x**3, lambda x: None, lambda x: (), lambda x: (None,)])
def test_closures_that_are_none_on_tensors_are_refused(given) -> None:
    def cube(x):
        return x**3, lambda g: g * 3 * x**2

    x = leaf(2.0)
    with pytest.raises(
        TypeError, match="op cube: run on Tensors, no closure for input 0"
    ) as raised:
        gradients(op(closures=given)(cube)(x).sum(), x, create_graph=True)
    assert "a second time" in raised.value.__notes__[0]


def test_closures_of_several_results_that_run_on_tensors() -> None:
    def square_and_cube(x, y):
        out = np.empty_like(x)
        np.multiply(x, x, out=out)
        return (out, out * y), lambda g: 2 * g[0] * x + 2 * g[1] * x * y, lambda g: g[1] * out

    fused = op(
        closures=lambda x, y: (lambda g: 2 * g[0] * x + 2 * g[1] * x * y, lambda g: g[1] * x * x)
    )(square_and_cube)
    assert gradgradcheck(lambda x, y: fused(x, y)[1] * fused(x, y)[0], [2.0, 0.5], [0.5, 3.0])
    assert gradgradcheck(lambda x, y: fused(x, y)[0], [2.0, 0.5], [0.5, 3.0])


def test_inputs_by_name() -> None:
    @op
    def scaled(x, factor=1.0):
        return x * factor, lambda g: g * factor

    @op
    def less(big, small):
        return big - small, lambda g: g, lambda g: -g

    @op
    def mix(a, b, c):
        return a * b * c, lambda g: g * b * c, lambda g: g * a * c, lambda g: g * a * b

    for values in (np.array([2.0]), Tensor([2.0], requires_grad=True)):
        one = np.array([1.0])
        for got, expected in [
            (scaled(x=values), 2),
            (scaled(x=values, factor=3.0), 6),
            (less(big=values, small=one), 1),
            (less(small=values, big=one), -1),
            (less(values, small=one), 1),
            (mix(values, c=one, b=3 * one), 6),
        ]:
            assert type(got) is type(values)
            assert got.item() == expected
            if isinstance(got, Tensor):
                values.grad = None
                got.sum().backward()
                assert values.grad is not None
    for wrong, text in [
        (lambda: less(), "less: the input 'big' is missing; its inputs are big, small"),
        (lambda: less(one), "less: the input 'small' is missing"),
        (lambda: less(one, big=one), "less: got 'big' twice"),
        (lambda: less(one, one, axis=0), "less: got an unexpected argument 'axis'"),
        (lambda: scaled(), "scaled: the input 'x' is missing"),
        (lambda: mix(one, one), "mix: the input 'c' is missing"),
    ]:
        with pytest.raises(TypeError, match=re.escape(text)):
            wrong()


def test_a_tensor_as_configuration_is_refused() -> None:
    with pytest.raises(TypeError, match="sum: a Tensor where configuration is expected"):
        np.sum(leaf(1.0), axis=Tensor(0))


# Higher order


def test_derivatives_of_every_order() -> None:
    x = Tensor(np.float64(0.7), requires_grad=True)
    y = np.sin(x)
    expected = [np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7)] * 2
    for value in expected:
        (y,) = gradients(y, x, create_graph=True)
        np.testing.assert_allclose(y.item(), value)


def test_gradient_of_a_gradient_norm_flows_to_the_weights() -> None:
    rng = np.random.default_rng(0)
    w1, w2, x = (
        rng.standard_normal((3, 4)),
        rng.standard_normal((4, 1)),
        rng.standard_normal((5, 3)),
    )

    def penalty(a: Tensor, b: Tensor) -> Tensor:
        inner = Tensor(x, requires_grad=True)
        (g,) = gradients(np.tanh(inner @ a) @ b, inner, np.ones((5, 1)), create_graph=True)
        return (g * g).sum()

    assert gradcheck(enable_grad()(penalty), w1, w2)


def test_create_graph_leaves_the_graph_for_another_walk() -> None:
    x = leaf(2.0)
    y = x * x * x
    (g,) = gradients(y, x, create_graph=True)
    (g + y).backward()
    assert x.grad == [12 + 12]


def test_create_graph_inside_no_grad_still_records_the_gradients() -> None:
    x = leaf(2.0)
    y = x * x * x
    with no_grad():
        (g,) = gradients(y, x, create_graph=True)
    assert gradients(g, x)[0] == [12]


# Freezing


def test_freezing_loses_neither_the_path_nor_what_grad_held() -> None:
    p, q = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (p * q).sum()
    p.requires_grad = False
    p.requires_grad = True
    loss.backward()
    assert p.grad.tolist() == [3, 4]
    p.requires_grad = False
    assert p.grad.tolist() == [3, 4]
    assert not (p * 2).requires_grad
    (p * q).sum().backward()
    assert p.grad.tolist() == [3, 4]
    p.grad = None
    assert p.grad is None
    p.requires_grad = True
    (p * q).sum().backward()
    assert p.grad.tolist() == [3, 4]


def test_a_frozen_leaf_gets_no_gradient_from_an_older_graph_as_in_pytorch() -> None:
    p, q = leaf(1.0), leaf(3.0)
    loss = (p * q).sum()
    p.requires_grad = False
    loss.backward()
    assert p.grad is None
    assert q.grad.tolist() == [1]


def test_a_leaf_updated_while_frozen_is_noticed() -> None:
    def assigned(p: Tensor) -> None:
        p.data = [5.0]

    def written(p: Tensor) -> None:
        p.data[...] = 5.0

    def in_place(p: Tensor) -> None:
        p += 4.0

    def indexed(p: Tensor) -> None:
        p[0] = 5.0

    for update in (assigned, written, in_place, indexed):
        p, q = leaf(1.0), leaf(3.0)
        loss = (p * q).sum()
        p.requires_grad = False
        update(p)
        assert p.tolist() == [5]
        p.requires_grad = True
        with pytest.raises(LeafChangedError):
            loss.backward()


def test_a_new_start_forgets_that_it_was_frozen() -> None:
    p = leaf(1.0, 2.0)
    p.requires_grad = False
    Tensor.__init__(p, [1.0], True, np.float32)
    (p * 2).sum().backward()
    assert p.grad.dtype == np.float32
    assert p.grad.shape == (1,)


# Values of their own


def test_differentiable_gradients_are_values_of_their_own() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    one = Tensor(np.ones(2), requires_grad=True)
    ga, gb = gradients(a + b, [a, b], one, create_graph=True)
    assert ga is not gb
    assert ga is not one
    ga += 1.0
    assert gb.tolist() == one.tolist() == [1, 1]
    assert ga.tolist() == [2, 2]
    ga, gb = gradients((a + b).sum(), [a, b], create_graph=True)
    ga.data[...] = 7.0 if ga.is_leaf else ga.data
    assert gb.tolist() == [1, 1]
    y = a * b
    (g,) = gradients(y * 1.0, y, one, create_graph=True)
    g *= 3.0
    assert one.tolist() == [1, 1]


def test_nothing_to_do_gives_a_value_of_its_own() -> None:
    for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d, lambda t: np.diff(t, n=0),
              lambda t: np.fft.fftn(t, axes=()), lambda t: np.fft.ifftn(t, axes=())):  # fmt: skip
        x = Tensor(np.ones((1, 1, 2)), requires_grad=True)
        with no_grad():
            y = f(x)
            y += 1.0
        assert x.tolist() == [[[1, 1]]]
        h = x * 1.0
        y = f(h)
        y -= 3.0
        assert h.tolist() == [[[1, 1]]]


@pytest.mark.parametrize(
    "parts",
    [
        lambda t: np.split(t, 2)[0],
        lambda t: np.array_split(t, 2)[0],
        lambda t: np.unstack(t)[0] if hasattr(np, "unstack") else np.zeros(1),
        lambda t: np.ix_(t)[0],
    ],
)
def test_plain_results_share_no_memory_with_what_a_graph_holds(parts: Any) -> None:
    w, held = leaf(1.0, 2.0), Tensor([2, 3])
    loss = (w * held).sum()
    parts(held)[...] = 9
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 3])


def test_threads_add_to_a_shared_leaf_without_losing_any() -> None:
    w, n = leaf(*np.zeros(50)), 200
    xs = [np.full(50, float(i)) for i in range(4)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work(x: np.ndarray) -> None:
        for _ in range(n):
            (w * x).sum().backward()

    try:
        threads = [threading.Thread(target=work, args=(x,)) for x in xs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    np.testing.assert_array_equal(w.grad, np.full(50, n * 6.0))


def test_backward_may_interrupt_backward() -> None:
    """As a signal handler does, or what the garbage collector calls."""
    w, v = leaf(1.0), leaf(1.0)

    def interrupted() -> None:
        with _adding:
            (v * 2.0).sum().backward()
        (w * 3.0).sum().backward()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert (w.grad, v.grad) == (3, 2)


# Modes of what yields and awaits


async def seen_by(agen: Any) -> list[Any]:
    return [(inside, is_recording()) async for inside in agen]


def test_no_grad_on_asynchronous_generators() -> None:
    @no_grad()
    async def talk() -> Any:
        try:
            got = yield is_recording()
        except ValueError:
            got = "thrown"
        await asyncio.sleep(0)
        yield got, is_recording()

    async def main() -> None:
        assert await seen_by(talk()) == [(False, True), ((None, False), True)]
        running = talk()
        assert await running.asend(None) is False
        assert is_recording()
        assert await running.asend("hello") == ("hello", False)
        with pytest.raises(StopAsyncIteration):
            await running.asend(None)
        running = talk()
        await running.asend(None)
        assert await running.athrow(ValueError()) == ("thrown", False)
        await running.aclose()
        assert is_recording()

    asyncio.run(main())


def test_an_event_loop_ends_what_was_left_open_once() -> None:
    seen: list[Any] = []

    @no_grad
    async def talk() -> Any:
        try:
            yield is_recording()
        finally:
            await asyncio.sleep(0)
            seen.append(is_recording())

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: seen.append(what))
        running.append(talk())
        assert await anext(running[0]) is False

    running: list[Any] = []
    asyncio.run(main())
    assert seen == [False]


@pytest.mark.parametrize("make", [contextlib.contextmanager, contextlib.asynccontextmanager])
def test_no_grad_above_a_context_manager_is_refused(make: Any) -> None:
    def body() -> Any:
        yield is_recording()

    with pytest.raises(TypeError, match="put @no_grad below @contextmanager"):
        no_grad(make(body))()
    with contextlib.contextmanager(no_grad(body))() as inside:
        assert not inside


def test_no_grad_on_what_returns_something_that_runs_later() -> None:
    def numbers(n: int) -> Any:
        for _ in range(n):
            yield is_recording()

    async def later() -> Any:
        first = is_recording()
        await asyncio.sleep(0)
        return first, is_recording()

    async def each() -> Any:
        yield is_recording()

    assert list(no_grad(functools.partial(numbers, 2))()) == [False, False]
    assert list(no_grad(lambda: numbers(2))()) == [False, False]

    async def main() -> None:
        assert await no_grad(lambda: later())() == (False, False)
        assert await no_grad(functools.partial(later))() == (False, False)
        assert await seen_by(no_grad(lambda: each())()) == [(False, True)]
        assert is_recording()

    asyncio.run(main())


def test_a_coroutine_under_no_grad_that_waits_leaves_others_recording() -> None:
    @no_grad
    async def slow() -> bool:
        await asyncio.sleep(0)
        return is_recording()

    step = slow().__await__()  # driven by hand, in this very context
    next(step)
    assert is_recording()
    with pytest.raises(StopIteration) as stopped:
        next(step)
    assert stopped.value.value is False


@pytest.mark.parametrize("thing", [int, property(abs), classmethod(abs), staticmethod(abs), 3])
def test_no_grad_refuses_what_is_no_function(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"@no_grad: got .*, expected a function; for a class"):
        no_grad()(thing)


def test_every_leaf_is_before_the_first_op_of_a_process() -> None:
    x = Tensor(2.0, requires_grad=True)
    assert x._node.number < 0 < (x * 3.0)._node.number + 1  # ops are numbered from 0


def test_whether_an_array_is_held_by_nobody_else_is_known() -> None:
    class Holder:
        __slots__ = ("array",)
        array: Any

    holder = Holder()
    holder.array = np.ones(3)
    assert sole_owner(holder, "array")
    other = holder.array
    assert not sole_owner(holder, "array")
    del other
    assert sole_owner(holder, "array")
    holder.array = np.ones(3)[:2]  # a view
    assert not sole_owner(holder, "array")


LINEAR = {
    "add": lambda x: x + 1.0,
    "subtract": lambda x: 1.0 - x,
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(),
    "getitem": lambda x: x[[0, 0]],
    "reshape": lambda x: x.reshape(-1),
    "transpose": lambda x: x.T,
    "concatenate": lambda x: np.concatenate([x, x]),
    "where": lambda x: np.where([True, False, True], x, 0.0),
    "cumsum": lambda x: np.cumsum(x, 0),
    "pad": lambda x: np.pad(x, 1),
    "repeat": lambda x: np.repeat(x, 2, 0),
    "fft": np.fft.fft,
    "real": np.real,
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)),
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_op_keeps_no_input_alive(name: str) -> None:
    x = Tensor(np.ones((2, 3)), requires_grad=True) * 2.0
    kept = weakref.ref(x._array)
    y = LINEAR[name](x).copy()
    del x
    assert kept() is None
    assert y.requires_grad


# Ops that are linear in one input while the others are constant


ONE_BY_ONE = [
    (np.multiply, 0, (5,), (5,)),
    (np.multiply, 1, (5,), (3, 5)),
    (np.divide, 0, (3, 5), (5,)),
    (np.matmul, 0, (3, 4), (4, 2)),
    (np.matmul, 1, (3, 4), (4, 2)),
    (np.matmul, 0, (6, 3, 4), (4,)),
    (np.matmul, 1, (4,), (6, 4, 2)),
    (np.outer, 0, (3,), (4,)),
    (np.outer, 1, (3,), (4,)),
]


@pytest.mark.parametrize(("f", "at", "first", "second"), ONE_BY_ONE)
def test_a_factor_without_gradient_keeps_nothing_of_the_other(
    f: Any, at: int, first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.5, 2, shape) for shape in (first, second)]
    x = Tensor(arrays[at], requires_grad=True)
    inside = x * 1  # no leaf: a leaf keeps its array itself
    inputs = [inside if i == at else Tensor(a) for i, a in enumerate(arrays)]
    y = f(*inputs)
    assert y._node.inputs is None
    if f in (np.multiply, np.divide):
        kept = weakref.ref(inside._array)
        del inside, inputs
        gc.collect()
        assert kept() is None, "the graph keeps the array of the input"
    y.sum().backward()
    # Two inputs that have gradients need each other; and every order is right.
    both = [Tensor(a, requires_grad=True) for a in arrays]
    assert f(*both)._node.inputs is not None
    only = [a if i != at else Tensor(a, requires_grad=True) for i, a in enumerate(arrays)]
    assert gradcheck(lambda t: f(*(t if i == at else a for i, a in enumerate(arrays))), only[at])
    assert gradgradcheck(
        lambda t: f(*(np.sin(t) if i == at else a for i, a in enumerate(arrays))), only[at]
    )


def test_a_denominator_is_not_linear() -> None:
    x = Tensor([2.0], requires_grad=True)
    assert (1 / x)._node.inputs is not None
    (slope,) = gradients((1 / x).sum(), x, create_graph=True)
    assert gradients(slope.sum(), x)[0] == 2 / 8


def test_stop_gradient_is_a_constant_on_arrays_and_on_tensors() -> None:
    def scaled(x):  # x / c, with c = max(x) held constant: c of the second derivative, too
        c = stop_gradient(np.max(x))
        return x * x / c, lambda g: 2 * g * x / c

    x = leaf(1.0, 2.0, 4.0)
    assert type(stop_gradient(x)) is np.ndarray
    assert type(stop_gradient(np.ones(2))) is np.ndarray
    assert [type(v) for v in stop_gradient((x, {"a": x})[:1])] == [np.ndarray]
    (slope,) = gradients(op(scaled)(x).sum(), x, create_graph=True)
    np.testing.assert_array_equal(slope.detach().numpy(), [0.5, 1, 2])
    np.testing.assert_array_equal(gradients(slope.sum(), x)[0], [0.5, 0.5, 0.5])


def test_scatter_add_is_the_transpose_of_reading() -> None:
    index = np.array([0, 2, 0])
    v = leaf(1.0, 2.0, 3.0)
    out = scatter_add(v, (4,), index)
    np.testing.assert_array_equal(out.detach().numpy(), [4, 0, 2, 0])
    np.testing.assert_array_equal(scatter_add(np.ones(3), (4,), index), [2, 0, 1, 0])
    w = np.array([1.0, 10, 100, 1000])
    assert (w * scatter_add(v.detach().numpy(), (4,), index)).sum() == (w[index] * v.data).sum()
    assert gradgradcheck(lambda v: scatter_add(v, (4,), index) ** 3, [1.0, 2.0, 3.0])
