"""The checker is checked: a wrong gradient must make it fail, and say where."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograd import GradcheckError, Tensor, gradcheck, gradgradcheck, no_grad, op

rng = np.random.default_rng(0)
A, B = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))


@op
def right(x, y):
    return x @ y, lambda g: g @ y.T, lambda g: x.T @ g


@op
def factor(x, y):
    return x @ y, lambda g: g @ y.T, lambda g: 1.001 * (x.T @ g)


@op
def sign(x, y):
    return x @ y, lambda g: -(g @ y.T), lambda g: x.T @ g


@op
def transposed(x, y):
    return x @ y, lambda g: (g @ y.T).T, lambda g: x.T @ g


@op
def transposed_operand(x, y):
    return x @ y, lambda g: g @ y, lambda g: x.T @ g


@op
def missing_sum(x, y):
    # A hand-made broadcast (as in a layer's bias) whose closure takes one row for the sum of all.
    return x + y.reshape(1, 3), lambda g: g, lambda g: g[0]


@op
def unused(x, y):
    return x @ y, lambda g: g @ y.T, lambda g: 0 * y


@op
def one_element(x, y):
    def for_y(g):
        gy = x.T @ g
        gy[2, 1] *= 1.01
        return gy

    return x @ y, lambda g: g @ y.T, for_y


@op
def second_order(x, y):
    # The value and first derivatives are right; the gradient hides that it depends on x.
    fixed = np.array(x.detach() if isinstance(x, Tensor) else x)
    return x * x * y, lambda g: g * 2 * fixed * y, lambda g: g * fixed * fixed


def test_a_right_op_passes() -> None:
    assert gradcheck(right, A, B)
    assert gradgradcheck(right, A, B)
    assert gradcheck(lambda x, b: x + b, A, B[0])


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (factor, "input 1 at index"),
        (sign, "input 0 at index"),
        (transposed, "input 0 at index"),
        (transposed_operand, "input 0 at index"),
        (unused, "input 1 at index"),
        (one_element, r"input 1 at index \(2, 1\)"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_wrong_closure_fails(wrong: object, place: str) -> None:
    with pytest.raises(GradcheckError, match=place):
        gradcheck(wrong, A, B)  # type: ignore[arg-type]


def test_a_missing_broadcast_sum_fails() -> None:
    with pytest.raises(GradcheckError, match=r"input 1 at index \(0,\)"):
        gradcheck(missing_sum, A, B[0])


def test_a_wrong_second_derivative_fails_only_the_second_check() -> None:
    assert gradcheck(second_order, A, B)
    with pytest.raises(GradcheckError):
        gradgradcheck(second_order, A, B)


def test_the_message_tells_both_numbers() -> None:
    with pytest.raises(GradcheckError) as raised:
        gradcheck(half_as_much_again, 1.0)
    got, expected = re.findall(r"(?:is|give) (-?[\d.]+\d)", str(raised.value))
    np.testing.assert_allclose(float(got) / float(expected), 1.5, rtol=1e-6)


@op
def half_as_much_again(x):
    return x * 2, lambda g: g * 3


def test_a_gradient_lost_on_the_way_fails() -> None:
    with pytest.raises(GradcheckError, match="no graph leads to this input"):
        gradcheck(lambda x: Tensor(x.data) * 2, [1.0, 2.0])
    with pytest.raises(GradcheckError, match="returned ndarray"):
        gradcheck(lambda x: x.detach().numpy(), [1.0])
    with pytest.raises(GradcheckError, match="no input"):
        gradcheck(lambda n: n, 3)


def test_one_result_cannot_hide_another() -> None:
    @op
    def swapped(x):  # the sum of the gradient is right, its places are not
        return x * 1.0, lambda g: g[::-1]

    with pytest.raises(GradcheckError):
        gradcheck(swapped, [1.0, 2.0])


def test_float32_inputs_are_checked_in_float64_and_left_alone() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert gradcheck(lambda t: np.exp(t) if t.dtype == np.float64 else 1 / 0, x)
    assert x.grad is None
    np.testing.assert_array_equal(x.data, [1, 2])


def test_integers_and_options_are_passed_on() -> None:
    assert gradcheck(lambda x, i, name: x[i] * len(name), [1.0, 2.0], np.array([0, 0, 1]), "abc")


def test_several_results_and_no_grad_around() -> None:
    with no_grad():
        assert gradcheck(lambda x: (x * 2, np.exp(x)), [1.0, 2.0])
        assert gradgradcheck(lambda x: (x * 2, np.exp(x)), [1.0, 2.0])
