"""Hooks on tensors, and what `gradients` does about inputs that are not used."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from autograd import GradientShapeError, Tensor, UntrackedError, gradients


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def test_a_hook_sees_the_whole_gradient_once() -> None:
    x = leaf(1.0, 2.0)
    seen: list[Any] = []
    y = x * 3
    z = (y * 2 + y * 5).sum()  # two ways: the hook sees their sum
    y.register_hook(lambda g: seen.append(g))  # after its uses, as in PyTorch
    z.backward()
    assert len(seen) == 1
    assert type(seen[0]) is np.ndarray
    np.testing.assert_array_equal(seen[0], [7, 7])
    np.testing.assert_array_equal(x.grad, [21, 21])


def test_what_a_hook_returns_goes_on_from_there() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)  # in the order of registration
    (y * 2).sum().backward()
    np.testing.assert_array_equal(y.grad, [21, 21])
    np.testing.assert_array_equal(x.grad, [63, 63])


def test_of_a_leaf_it_comes_before_grad_is_added_to() -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: -g)
    for _ in range(2):
        (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [-4, -8])


def test_a_handle_takes_it_away() -> None:
    x, seen = leaf(1.0), []
    with x.register_hook(seen.append):
        (x * 2).sum().backward()
    handle = x.register_hook(seen.append)
    handle.remove()
    handle.remove()
    (x * 2).sum().backward()
    assert len(seen) == 1


@pytest.mark.parametrize("beyond", [True, False])
def test_gradients_call_it_too(beyond: bool) -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    y.register_hook(lambda g: g * 10)
    inputs = [x, y] if beyond else [y]
    found = gradients((y * y).sum(), inputs, retain_graph=True)
    np.testing.assert_array_equal(found[-1], [60, 120])
    if beyond:
        np.testing.assert_array_equal(found[0], [180, 360])


def test_under_create_graph_it_gets_tensors_and_is_differentiated() -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g * x)  # so the "gradient" of x**2 is 2 x²
    (g,) = gradients((x**2).sum(), x, create_graph=True)
    np.testing.assert_array_equal(g.data, [2, 8])
    x2 = leaf(1.0, 2.0)
    x2.register_hook(lambda g: g * g)
    (g,) = gradients((x2**2).sum(), x2, create_graph=True)  # 4 x², whose slope is 8 x
    x3 = leaf(1.0)
    x3.register_hook(lambda g: g.data)  # an array, a constant
    constant = gradients((x3**2).sum(), x3, create_graph=True)
    with pytest.raises(UntrackedError):
        gradients(constant, x3)
    (second,) = gradients(g.sum(), x2)
    np.testing.assert_array_equal(second, (8 * x2.data) ** 2)  # through the hook again


def test_a_hook_cannot_write_to_what_others_may_hold() -> None:
    x = leaf(1.0, 2.0)
    kept: list[Any] = []

    def write(g: Any) -> None:
        g *= 2

    (x * 1).register_hook(kept.append)
    with x.register_hook(write), pytest.raises(ValueError, match="read-only"):
        x.sum().backward()
    assert x.grad is None
    x.register_hook(kept.append)
    x.sum().backward()
    assert not np.shares_memory(x.grad, kept[0])
    x.register_hook(lambda g: g[::-1])  # a view
    x.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2])
    x.grad[0] = 5  # its own


def test_numbers_keep_shape_and_dtype() -> None:
    x = Tensor(2.0, requires_grad=True)
    seen: list[Any] = []
    x.register_hook(seen.append)
    x.register_hook(lambda g: np.float64(g * 3))
    (x * x).backward()
    assert seen[0].shape == ()
    assert type(seen[0]) is np.ndarray
    assert (x.grad.dtype, x.grad.shape, x.grad.item()) == (np.float32, (), 12)


@pytest.mark.parametrize("wrong", [0.0, np.zeros(3), "no", np.zeros((2, 2))])
def test_another_shape_is_refused(wrong: Any) -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: wrong)
    with pytest.raises(GradientShapeError, match=r"of shape \(2,\) and returned"):
        x.sum().backward()
    assert x.grad is None


def test_what_cannot_have_a_hook() -> None:
    with pytest.raises(ValueError, match="requires_grad=True"):
        Tensor([1.0]).register_hook(print)
    with pytest.raises(TypeError, match="expected a function"):
        leaf(1.0).register_hook(None)  # type: ignore[arg-type]


def test_the_tensor_is_freed_with_its_hook() -> None:
    def hooked() -> weakref.ref[Tensor]:
        x = leaf(1.0)
        x.register_hook(lambda g: print(x.shape))  # the hook holds the tensor
        return weakref.ref(x)

    gone = hooked()
    gc.collect()
    assert gone() is None


def test_unused_inputs() -> None:
    x, y = leaf(1.0), leaf(2.0)
    _, none = gradients((x * x).sum(), [x, y], only_inputs=True)
    assert none is None
    assert gradients((x * x).sum(), [x, y], allow_unused=True)[1] is None
    for create in (True, False):
        for no in (False, None):
            with pytest.raises(UntrackedError, match=r"inputs \[1\] of 2.*allow_unused=True"):
                gradients((x * x).sum(), [x, y], allow_unused=no, create_graph=create)
    assert gradients((x * x).sum(), x, allow_unused=False)[0] == 2
    with pytest.raises(ValueError, match=r"outputs\.backward\(\)"):
        gradients((x * x).sum(), x, only_inputs=False)
