"""The checker is checked: a wrong gradient must make it fail, and say where."""

from __future__ import annotations

import re
from typing import Any

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
    with pytest.raises(GradcheckError, match=r"input 1 at index \(0,\).*broadcast axis is missing"):
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
    with pytest.raises(GradcheckError, match="Unused: no graph leads to this input"):
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


# The diagnosis


def diagnosis(f: Any, *inputs: Any, **options: Any) -> str:
    with pytest.raises(GradcheckError) as raised:
        gradcheck(f, *inputs, **options)
    return str(raised.value)


def test_a_factor_a_sign_and_a_transpose_are_recognised() -> None:
    assert "Wrong by a factor of 1.001" in diagnosis(factor, A, B)
    assert "Wrong by its sign" in diagnosis(sign, A, B)
    assert "Transposed" in diagnosis(transposed, A, B)
    assert "The closure is wrong" in diagnosis(transposed_operand, A, B)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_missing_sum_is_recognised_on_every_axis(axis: int) -> None:
    @op
    def scaled(x, y):  # one number for each row or column
        spread = y.reshape((1, -1) if axis == 0 else (-1, 1))
        return x * spread, lambda g: g * spread, lambda g: (g * x).take(-1, axis)

    text = diagnosis(scaled, A, B[0])
    assert "sum over a broadcast axis is missing: it is the gradient of one slice" in text
    assert f"axis {axis} (length 3)" in text


def test_a_kink_is_told_apart_from_a_wrong_closure() -> None:
    @op
    def relu(x):
        return np.maximum(x, 0), lambda g: g * (x > 0)

    text = diagnosis(relu, [1.0, 0.0])
    assert "(value 0): the gradient is 0, finite differences give" in text
    assert "A kink or tie at this point: the slope is 0 from below" in text
    assert gradcheck(abs, 0.0)  # here the middle of both slopes is the convention
    assert gradcheck(np.max, [1.0, 1.0])
    assert "A kink" in diagnosis(lambda x: np.clip(x, 0, 1), [0.5, 1.0])
    assert "factor of 1.5" in diagnosis(half_as_much_again, [1.0, 0.0])


def test_float32_inside_is_recognised() -> None:
    assert "Too little precision: the function returns float32" in diagnosis(
        lambda x: np.exp(x.astype(np.float32)), [1.0, 2.0]
    )


def test_noise_is_recognised() -> None:
    noisy = lambda x: x + 1e-4 * np.floor(1e6 * np.sin(1e9 * x.detach().numpy()))  # noqa: E731
    assert "Too little precision: with steps twice as long" in diagnosis(noisy, [1.0])


def test_randomness_is_recognised() -> None:
    generator = np.random.default_rng(0)
    text = diagnosis(lambda x: x * generator.random(2), [1.0, 2.0])
    assert "not deterministic" in text


def test_a_modified_input_is_recognised() -> None:
    def f(x: Any) -> Any:
        y = x * 1
        x.data[0] += 1
        return y

    assert "modified its input 0 in place" in diagnosis(f, [1.0, 2.0])


@op
def doubles_in_place(x):
    def closure(g):
        g *= 2
        return g

    return x * 2, closure


@op
def masks_in_place(x):
    def closure(g):
        g[x < 0] = 0
        return g

    return np.maximum(x, 0), closure


@pytest.mark.parametrize("wrong", [doubles_in_place, masks_in_place])
@pytest.mark.parametrize("f", [lambda y: y, np.sum, lambda y: y.reshape(2, 1)])
def test_a_closure_that_writes_into_its_gradient_is_recognised(wrong: Any, f: Any) -> None:
    assert "writes into the gradient" in diagnosis(lambda x: f(wrong(x)), [1.0, -2.0])


# Modes


def test_projection_finds_one_wrong_element_among_many() -> None:
    @op
    def nearly(x):
        def closure(g):
            g = g * 2 * x
            g[7, 123] *= 1.01
            return g

        return x * x, closure

    x = rng.standard_normal((40, 500))
    assert gradcheck(lambda x: x * x, x)
    assert r"input 0 at index (7, 123)" in diagnosis(nearly, x)
    assert r"input 0 at index (7, 123)" in diagnosis(nearly, x[:, :130], mode="projection")
    calls = []
    gradcheck(lambda x: calls.append(1) or x * x, x, mode="projection")
    assert len(calls) < 15


def test_complex_step_is_exact_where_differences_are_not() -> None:
    def f(x: Any) -> Any:
        return np.exp(x) / np.sqrt(np.sin(x) ** 3 + np.cos(x) ** 3)

    assert gradcheck(f, [0.3, 1.1], reference="complex step", rtol=1e-13, atol=1e-13)
    with pytest.raises(GradcheckError):
        gradcheck(f, [0.3, 1.1], rtol=1e-14, atol=1e-14)
    with pytest.raises(GradcheckError, match=r"factor of 1\.5"):
        gradcheck(half_as_much_again, [1.0], reference="complex step")


def test_modules_are_checked_with_their_parameters_on_a_copy() -> None:
    class Layer:
        def __init__(self, wrong: float) -> None:
            self.w = Tensor(A.astype(np.float32), requires_grad=True)
            self.wrong = wrong

        def named_parameters(self) -> Any:
            return [("w", self.w)]

        def __call__(self, x: Any) -> Any:
            return np.tanh(scaled(x, self.w, self.wrong))

    @op
    def scaled(x, w, wrong=1.0):
        return x @ w, lambda g: g @ w.T, lambda g: wrong * (x.T @ g)

    layer = Layer(1.0)
    assert gradcheck(layer, B)
    assert gradgradcheck(layer, B)
    assert layer.w.dtype == np.float32
    assert layer.w.grad is None
    text = diagnosis(Layer(2.0), B)
    assert "parameter w at index (0, 0)" in text
    assert "factor of 2" in text
    with pytest.raises(GradcheckError):
        gradgradcheck(Layer(2.0), B)


def test_complex_functions_are_checked_in_both_directions() -> None:
    z = A[0] + 1j * B[0]
    assert gradcheck(lambda z: z * z + 1 / z, z)
    assert gradgradcheck(lambda z: z * z, z)

    @op
    def conjugated(z):
        return z * z, lambda g: g * 2 * np.conj(z)

    assert "gradient is" in diagnosis(conjugated, z)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="mode: got 'all'"):
        gradcheck(np.sin, [1.0], mode="all")
    with pytest.raises(ValueError, match="reference"):
        gradcheck(np.sin, [1.0], reference="forward")
    with pytest.raises(ValueError, match="second derivatives"):
        gradgradcheck(np.sin, [1.0], reference="complex step")
