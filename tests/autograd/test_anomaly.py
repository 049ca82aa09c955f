"""detect_anomaly names the first NaN; why_no_grad names the line where a path was cut."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import nn.functional as F
from autograd import (
    ArrayChangedError,
    NonFiniteError,
    Tensor,
    detect_anomaly,
    gradients,
    no_grad,
    op,
    why_no_grad,
)

pytestmark = pytest.mark.filterwarnings("error")


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def message(f: Any, **options: Any) -> str:
    with pytest.raises(NonFiniteError) as raised, detect_anomaly(**options):
        f()
    return str(raised.value)


def test_the_first_nan_of_the_forward_pass_is_named_with_line_operands_and_remedy() -> None:
    x = leaf(1.0, 0.0, 3.0)
    text = message(lambda: (np.log(x * 2) * 0).sum())
    assert text.startswith("log: the result has 1 infinite element of 3")
    assert "test_anomaly.py:" in text
    assert "np.log(x * 2)" in text
    assert "float64[3], from 0 to 6, 1 zero" in text
    assert "log_softmax" in text


def test_the_first_nan_of_the_backward_pass_is_named() -> None:
    x = leaf(0.0, 4.0)

    def f() -> None:
        safe = np.where(x > 0, np.sqrt(x), 0.0)  # the where comes too late
        (safe * 1).sum().backward()

    text = message(f)
    assert text.startswith("sqrt: the gradient of argument 0 has 1 NaN element of 2")
    assert "np.sqrt(x)" in text
    assert x.grad is None


def test_a_nan_that_came_with_the_data_is_told_apart() -> None:
    for x in (leaf(1.0, np.nan), leaf(1.0, np.inf)):
        remedy = message(lambda: x * 2).splitlines()[-1]  # noqa: B023 - called here and now
        assert remedy.startswith("  An operand came in with it")


def test_infinities_can_be_allowed() -> None:
    x = leaf(0.0)
    with detect_anomaly(inf=False):
        assert np.isinf((1 / x).item())
    assert message(lambda: x / x, inf=False).startswith("divide: the result has 1 NaN element of 1")


def test_second_order_and_ops_of_several_results_are_watched() -> None:
    x = leaf(0.0)

    def f() -> None:
        (g,) = gradients(x * np.sqrt(x + 1) * 1, x, create_graph=True)
        gradients(np.sqrt(g - 1), x)

    assert message(f).startswith("sqrt: the gradient of argument 0 has 1 infinite element of 1")

    @op
    def pair(x):
        return (x, x / 0), lambda g: g[0]

    assert message(lambda: pair(leaf(1.0))).startswith("pair: the result")


def test_nothing_is_watched_outside_of_the_block() -> None:
    with detect_anomaly():
        (leaf(1.0) * 2).backward()
    with np.errstate(all="ignore"):
        assert np.isinf((1 / leaf(0.0)).item())


def test_why_no_grad_names_the_line_of_a_detach() -> None:
    x, w = leaf(1.0), leaf(2.0)

    def loss() -> Tensor:
        h = np.exp(x).detach()
        return (h * w).sum()

    text = why_no_grad(x, loss)
    assert "by .detach(), at" in text
    assert "h = np.exp(x).detach()" in text
    assert "other leaves: (1,)" in text
    assert "The gradient reaches x" in why_no_grad(w, loss)


@pytest.mark.parametrize(
    ("cut", "by"),
    [
        (lambda x: x.argmax() + 0.0, "a function without derivative"),
        (lambda x: x.astype(int) * 1.0, ".astype(int64)"),
        (lambda x: x[0].item(), ".item()"),
        (lambda x: np.array(x.tolist()), ".tolist()"),
        (lambda x: quiet(x), "multiply, under no_grad()"),
    ],
)
def test_why_no_grad_knows_every_way_out(cut: Any, by: str) -> None:
    x, w = leaf(1.5), leaf(2.0)
    text = why_no_grad(x, lambda: (w * cut(x)).sum())
    assert by in text
    assert "test_anomaly.py:" in text
    untracked = why_no_grad(x, lambda: Tensor([1.0]) * cut(x))
    assert untracked.startswith("The loss has no graph at all")


@no_grad()
def quiet(x: Tensor) -> Tensor:
    return x * 3


def test_why_no_grad_without_a_cut() -> None:
    x, w = leaf(1.0), leaf(2.0)
    y = x * 2
    assert "x does not require gradients" in why_no_grad(Tensor([1.0]), y)
    assert "retain_grad" in why_no_grad(y, y * 3)
    assert "pass the function" in why_no_grad(w, y)
    assert "Nothing that was computed from x" in why_no_grad(w, lambda: x * 2)
    assert "plain float64" in why_no_grad(x, lambda: np.float64(2))
    y.backward()
    assert "freed" in why_no_grad(x, y)


def test_a_plain_array_that_is_written_to_is_found() -> None:
    def array() -> np.ndarray:
        return np.array([3.0, 4.0])

    for name, f, x in [
        ("multiply", lambda w, x: w * x, array()),
        ("multiply", lambda w, x: x * w, array()),
        ("multiply", lambda w, x: w * x[::-1], array()),
        ("matmul", lambda w, x: w @ x, array()),
        ("where", lambda w, x: np.where(x, w, 0.0), np.array([True, False])),
        ("sum", lambda w, x: np.sum(w, where=x), np.array([True, False])),
        ("conv", lambda w, x: F.conv1d(x[None, None], w[None, None]), array()),
    ]:
        w = leaf(1.0, 2.0)
        with detect_anomaly():
            loss = f(w, x).sum()
            x[...] = 0
            with pytest.raises(
                ArrayChangedError, match=f"^{name}: its argument .* written to"
            ) as e:
                loss.backward()
        assert "test_anomaly.py" in str(e.value)
        assert w.grad is None

    @op(constant_slope=True)
    def stretched_and_moved(x, y, by=1.0):
        return x * by + y, lambda g: g * by, lambda g: g

    w, by = leaf(1.0, 2.0), array()
    with detect_anomaly():  # held by the first of two closures
        loss = stretched_and_moved(w, leaf(0.0, 0.0), by=by).sum()
        by[0] = 0
        with pytest.raises(ArrayChangedError, match=r"its argument by, an array of shape \(2,\)"):
            loss.backward()

    w, x, index = leaf(1.0, 2.0), array(), np.array([0, 1])
    with detect_anomaly():  # what the way back does not need may change
        loss = (w + x)[index].sum() + np.stack([w, x]).sum()
        x[:], index[:] = 0, 0
        loss.backward()
    assert w.grad.tolist() == [2, 2]


def test_nothing_outlives_its_graph() -> None:
    with detect_anomaly():
        for _ in range(3):
            x = np.ones(1000)
            alive = weakref.ref(x)
            (leaf(1.0) * x).sum().backward()
            del x
            assert alive() is None


def test_the_logarithm_of_a_negative_number_is_called_so() -> None:
    with detect_anomaly(), pytest.raises(NonFiniteError, match="or of a negative number"):
        np.log(Tensor([-3.0], requires_grad=True))


def test_operands_are_told_with_the_range_of_what_is_finite_in_them() -> None:
    x = leaf(1.0, np.nan, 2.0, np.inf)
    assert "float64[4], from 1 to 2, 1 NaN, 1 inf\n" in message(lambda: np.exp(x))
    text = message(lambda: leaf(1.0, 2.0) / np.array([0, 2]))
    assert "argument 1: int64[2], from 0 to 2, 1 zero\n" in text
    z = Tensor(np.array([1 + 2j, 3j]), requires_grad=True)  # complex numbers have no order
    assert "argument 0: complex128[2]\n" in message(lambda: z / np.array([0.0, 2.0]))
