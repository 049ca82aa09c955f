"""Elementwise ops where the table of ops does not look: at kinks, ties and singular points."""

from __future__ import annotations

from math import inf, log, nan, pi
from typing import Any

import numpy as np
import pytest

from autograd import NoGradientRuleError, Tensor, gradients
from autograd.core.dispatch import RULES


def leaves(*xs: Any) -> list[Tensor]:
    return [Tensor(np.asarray(x, np.float64), requires_grad=True) for x in xs]


def derivatives(f: Any, x: float, order: int) -> list[float]:
    """f'(x), f''(x), ..., each as the derivative of the one before."""
    (x,) = leaves(x)
    y, found = f(x), []
    for _ in range(order):
        (y,) = gradients(y, x, create_graph=True)
        found.append(y.item())
    return found


AT_A_POINT = [
    (np.hypot, (0.0, 0.0), (0.0, 0.0)),
    (np.hypot, (3.0, -4.0), (0.6, -0.8)),
    (np.hypot, (1e200, 1e200), (0.5**0.5, 0.5**0.5)),
    (np.arctan2, (0.0, 0.0), (0.0, 0.0)),
    (np.arctan2, (1.0, 0.0), (0.0, -1.0)),
    (np.arctan2, (1e200, 1e200), (0.5e-200, -0.5e-200)),
    (np.fabs, (0.0,), (0.0,)),
    (np.reciprocal, (-2.0,), (-0.25,)),
    (np.copysign, (0.0, -1.0), (0.0, 0.0)),
    (np.copysign, (2.0, -1.0), (-1.0, 0.0)),
    (np.copysign, (-2.0, -0.0), (1.0, 0.0)),
    (np.remainder, (-3.5, 2.0), (1.0, 2.0)),
    (np.fmod, (-3.5, 2.0), (1.0, 1.0)),
    (np.fmod, (3.5, -2.0), (1.0, 1.0)),
    (np.floor_divide, (3.5, 2.0), (0.0, 0.0)),
    (np.heaviside, (0.0, 0.5), (0.0, 1.0)),
    (np.heaviside, (1.0, 0.5), (0.0, 0.0)),
    (np.sign, (0.0,), (0.0,)),
    (np.floor, (2.0,), (0.0,)),
    (np.maximum, (1.0, 1.0), (0.5, 0.5)),
    (np.fmax, (1.0, 1.0), (0.5, 0.5)),
    (np.fmin, (1.0, 1.0), (0.5, 0.5)),
    (np.fmax, (nan, 1.0), (0.0, 1.0)),
    (np.fmin, (1.0, nan), (1.0, 0.0)),
    (np.fmin, (nan, nan), (0.5, 0.5)),
    (np.logaddexp, (1e3, 0.0), (1.0, 0.0)),
    (np.logaddexp, (inf, inf), (0.5, 0.5)),
    (np.logaddexp, (-inf, -inf), (0.5, 0.5)),
    (np.logaddexp, (inf, 0.0), (1.0, 0.0)),
    (np.logaddexp, (-inf, 0.0), (0.0, 1.0)),
    (np.logaddexp, (-inf, inf), (0.0, 1.0)),
    (np.logaddexp, (0.0, 100.0), (np.exp(-100), 1.0)),
    (np.logaddexp2, (-inf, -inf), (0.5, 0.5)),
    (np.nan_to_num, (nan,), (0.0,)),
    (np.nan_to_num, (inf,), (0.0,)),
    (np.float_power, (-2.0, 3.0), (12.0, None)),
    (np.float_power, (0.0, 0.0), (0.0, 0.0)),
]


@pytest.mark.parametrize(("f", "at", "expected"), AT_A_POINT)
def test_derivative_at_a_point(f: Any, at: Any, expected: Any) -> None:
    needed = [x for x, e in zip(at, expected, strict=True) if e is not None]
    xs = leaves(*needed)
    f(*xs, *at[len(xs) :]).backward()  # a warning would be an error
    np.testing.assert_allclose([x.grad for x in xs], expected[: len(xs)], rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.cbrt, 0.0, inf), (np.arcsin, 1.0, inf), (np.arcsin, -1.0, inf),
        (np.arccos, 1.0, -inf), (np.arccosh, 1.0, inf), (np.arctanh, 1.0, inf),
    ],
)  # fmt: skip
def test_infinite_derivative(f: Any, x: float, expected: float) -> None:
    (x,) = leaves(x)
    with np.errstate(divide="ignore"):
        f(x).backward()
    assert x.grad == expected


@pytest.mark.parametrize("f", [np.hypot, np.arctan2])
def test_second_derivatives_at_the_origin_are_0(f: Any) -> None:
    x, y = leaves(0.0, 0.0)
    gx, gy = gradients(f(x, y), (x, y), create_graph=True)
    for g in (gx, gy):
        assert all(h == 0 for h in gradients(g, (x, y), retain_graph=True))


def test_second_derivative_of_logaddexp_at_a_tie() -> None:
    x, y = leaves(2.0, 2.0)
    (gx,) = gradients(np.logaddexp(x, y), x, create_graph=True)
    np.testing.assert_allclose(gradients(gx, (x, y)), [0.25, -0.25])


def sinc_derivative(x: float, order: int) -> float:
    """From sinc(x) = integral of cos(pi t x) for t in (0, 1), by Gauss's rule."""
    t, w = np.polynomial.legendre.leggauss(80)
    t, w = (t + 1) / 2, w / 2
    return float(np.sum(w * (pi * t) ** order * np.cos(pi * t * x + order * pi / 2)))


@pytest.mark.parametrize("x", [0.0, 1e-12, -1e-8, 1e-4, 0.1, -0.6, 0.7, 1.0, 1.3, 1.6, 5.5, 20.0])
def test_derivatives_of_sinc_near_0_and_far(x: float) -> None:
    expected = [sinc_derivative(x, k) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(derivatives(np.sinc, x, 4), expected, rtol=1e-12, atol=1e-12)


def test_smooth_functions_to_fourth_order() -> None:
    x = 0.3
    np.testing.assert_allclose(
        derivatives(np.sin, x, 4), [np.cos(x), -np.sin(x), -np.cos(x), np.sin(x)]
    )
    np.testing.assert_allclose(
        derivatives(np.exp2, x, 4), [2**x * log(2) ** k for k in (1, 2, 3, 4)]
    )
    np.testing.assert_allclose(derivatives(np.reciprocal, x, 3), [-(x**-2), 2 * x**-3, -6 * x**-4])
    np.testing.assert_allclose(
        derivatives(np.arctanh, x, 2), [1 / (1 - x * x), 2 * x / (1 - x * x) ** 2]
    )


NAMES = """sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh deg2rad rad2deg sinc
    reciprocal square sqrt cbrt exp exp2 expm1 log log2 log10 log1p absolute fabs floor
    nan_to_num negative positive"""
TWO_NAMES = """add subtract multiply divide power remainder fmod floor_divide logaddexp logaddexp2
    hypot arctan2 maximum minimum fmax fmin copysign heaviside"""


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", [*NAMES.split(), *TWO_NAMES.split()])
def test_closures_keep_the_dtype(name: str, dtype: Any) -> None:
    """The engine would cast a float64 gradient back; the time and the memory would be lost."""
    x = np.array([0.25, 0.5], dtype)
    for inputs in ([x],) if name in NAMES.split() else ([x, x[::-1]], [x, 0.5], [0.5, x]):
        out, *closures = RULES[getattr(np, name)].body(*inputs)
        assert out.dtype == dtype
        for v, closure in zip(inputs, closures, strict=True):
            if isinstance(v, np.ndarray):
                assert closure(np.ones_like(out)).dtype == dtype


def test_results_of_several() -> None:
    (x,) = leaves([5.5, -5.5])
    quotient, remainder = np.divmod(x, 2)
    whole = np.modf(x)
    m, n = np.frexp(x)
    np.testing.assert_array_equal(quotient.data, [2, -3])
    np.testing.assert_array_equal(remainder.data, [1.5, 0.5])
    np.testing.assert_array_equal([part.data for part in whole], np.modf(x.data))
    assert type(n) is np.ndarray
    np.testing.assert_array_equal(np.ldexp(m, n).data, x.data)
    np.ldexp(m, n).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 1])


def test_select_gives_each_choice_what_it_was_chosen_for() -> None:
    x, y, z = leaves([1.0, 2, 3], [4.0, 5, 6], [inf, nan, 0.0])
    np.select([x.data > 2, x.data > 1], [x, y], z).sum().backward()
    for t, expected in ((x, [0, 0, 1]), (y, [0, 1, 0]), (z, [1, 0, 0])):
        np.testing.assert_array_equal(t.grad, expected)
    with pytest.raises(TypeError, match="booleans"):
        np.select([np.array([1, 0, 1])], [x])
    with pytest.raises(ValueError, match="2 conditions, 1 choices"):
        np.select([x.data > 2, x.data > 1], [x])


def test_piecewise_calls_each_function_with_its_own_elements() -> None:
    (x,) = leaves([-1.0, 0.0, 4.0])
    y = np.piecewise(x, [x >= 0], [np.sqrt, lambda v: -v])  # no root of -1
    np.testing.assert_array_equal(y.data, [1, 0, 2])
    with np.errstate(divide="ignore"):
        y.sum().backward()
    np.testing.assert_array_equal(x.grad, [-1, inf, 0.25])


def test_interp_at_and_beyond_the_ends() -> None:
    x, xp, fp = leaves([-inf, -1.0, 0, 1, 1.5, 2, 3], [0.0, 1, 2], [5.0, 7, 8])
    y = np.interp(x, xp, fp)
    np.testing.assert_array_equal(y.data, np.interp(x.data, xp.data, fp.data))
    gx, gfp = gradients(y, (x, fp), np.ones(7))
    np.testing.assert_array_equal(gx, [0, 0, 0, 1, 1, 0, 0])
    np.testing.assert_allclose(gfp, [3, 1.5, 2.5])
    np.testing.assert_array_equal(
        np.interp(x, xp, fp, left=0, right=1).data, np.interp(x.data, xp.data, fp.data, 0, 1)
    )
    assert np.isnan(np.interp(leaves(nan)[0], xp, fp).item())
    with pytest.raises(ValueError, match="period"):
        np.interp(x, xp, fp, period=0)


def test_interp_with_repeated_knots_is_numpys() -> None:
    x = np.array([-1.0, 0, 0.5, 1, 1.5, 2, 3])
    (fp,) = leaves([1.0, 2, 5, 7, 9])
    xp = np.array([0.0, 1, 1, 2, 2])
    y = np.interp(x, xp, fp)
    np.testing.assert_array_equal(y.data, np.interp(x, xp, fp.data))
    y.sum().backward()
    assert fp.grad is not None
    assert fp.grad.sum() == pytest.approx(7)


def test_what_is_refused() -> None:
    (x,) = leaves([1.0, 2.0])
    with pytest.raises(NoGradientRuleError, match="I1"):
        np.i0(x)
    with pytest.raises(NoGradientRuleError, match="nextafter"):
        np.nextafter(x, 0)
    with pytest.raises(NoGradientRuleError, match="out="):
        np.round(x, out=np.zeros(2))
    with pytest.raises(NoGradientRuleError, match="copy="):
        np.nan_to_num(x, copy=False)
    with pytest.raises(NoGradientRuleError, match="configuration"):
        np.round(x, Tensor(1))


def test_newer_names_are_the_same_functions() -> None:
    (x,) = leaves([0.5])
    for new, old in (
        ("acos", "arccos"),
        ("atan2", "arctan2"),
        ("pow", "power"),
        ("abs", "absolute"),
    ):
        f = getattr(np, new)
        args = (x,) * f.nin
        np.testing.assert_array_equal(f(*args).data, getattr(np, old)(*args).data)


def test_a_step_passes_an_infinite_gradient_as_0() -> None:
    (x,) = leaves([0.0])
    with np.errstate(divide="ignore"):
        (np.sqrt(np.floor(x)) + x).backward(np.ones(1))
    assert x.grad == 1
