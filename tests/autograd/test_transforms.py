"""grad, jacobian and the rest: against formulas and finite differences, nested, over trees."""

from __future__ import annotations

import math
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
import nn.functional as F
from autograd import (
    AutogradError,
    GradientShapeError,
    IntegerGradientError,
    LeafChangedError,
    NotScalarError,
    Tensor,
    TrackedArrayError,
    checkpoint,
    elementwise_grad,
    grad,
    gradcheck,
    gradgradcheck,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd.checkpoint import draws_from

X = np.array([1.0, 2.0, 3.0])


def same(got: Any, expected: Any) -> None:
    assert type(got) is type(expected) or isinstance(got, np.ndarray | np.floating)
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


# grad


def test_grad_of_grad_to_the_fifth_order() -> None:
    f, x = np.tanh, 0.5
    t = np.tanh(x)
    s = 1 - t**2  # the derivatives of tanh, as polynomials in tanh
    expected = [s, -2 * t * s, s * (6 * t**2 - 2), s * (16 * t - 24 * t**3)]
    for value in expected:
        f = grad(f)
        same(f(x), value)


def test_an_array_in_gives_an_array_out_and_a_tensor_a_tensor() -> None:
    square = lambda x: (x * x).sum()  # noqa: E731
    same(grad(square)(X), 2 * X)
    out = grad(square)(Tensor([1.0, 2.0]))
    assert type(out) is Tensor
    assert out.tolist() == [2, 4]
    assert type(grad(square)(np.float32(1))) is np.float32
    value, slope = value_and_grad(square)(X)
    assert value == 14
    assert type(value) is np.float64
    same(slope, 2 * X)


def test_argnum_and_trees() -> None:
    f = lambda a, b: a * b**2  # noqa: E731
    assert grad(f, 1)(2.0, 3.0) == 12
    assert grad(f, (0, 1))(2.0, 3.0) == (9, 12)
    assert grad(f, -1)(2.0, 3.0) == 12
    with pytest.raises(TypeError, match="argnum 2"):
        grad(f, 2)(2.0, 3.0)

    def loss(params: Any, scale: float) -> Any:
        return scale * ((params["w"][0] ** 3).sum() + params["b"] * params["w"][1])

    params = {"w": (X, 4.0), "b": 5.0}
    got = grad(loss)(params, 2.0)
    assert list(got) == ["w", "b"]
    same(got["w"][0], 6 * X**2)
    assert (got["w"][1], got["b"]) == (10, 8)
    assert params["b"] == 5.0


def test_keyword_arguments_pass_through() -> None:
    assert grad(lambda x, power: x**power)(2.0, power=3) == 12


def test_a_constant_has_gradient_zero() -> None:
    assert grad(lambda x: 5.0)(1.0) == 0
    assert grad(lambda x: np.floor(5.5))(1.0) == 0
    same(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))


@pytest.mark.parametrize(
    "f", [math.sin, lambda x: float(x) ** 2, lambda x: int(x), lambda x: np.sin(float(x))]
)
def test_a_value_that_would_lose_its_gradient_is_refused(f: Any) -> None:
    for transform in (grad, jacobian):
        with pytest.raises(TrackedArrayError, match=r"np\.sin"):
            transform(f)(3.0)


def test_a_value_may_be_looked_at() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(x.item())
        return np.sin(x) if x > 0 else 0.0

    assert grad(f)(3.0) == np.cos(3.0)
    assert seen == [3.0]
    same(hessian(lambda x: x.sum() * 2)(X), np.zeros((3, 3)))  # constant, without a word


def test_what_cannot_be_differentiated_is_told() -> None:
    with pytest.raises(NotScalarError, match=r"returned \(3,\)"):
        grad(lambda x: x * 2)(X)
    with pytest.raises(IntegerGradientError, match="int64"):
        grad(lambda x: x * 2)(3)


def test_inner_and_outer_variables_are_not_confused() -> None:
    # d/dx x * (d/dy (x + y) at y) = 1, and with y = x itself too
    assert grad(lambda x: x * grad(lambda y: x + y)(2.0))(3.0) == 1
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(3.0) == 1
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6


def test_a_tracked_tensor_from_outside_keeps_its_graph() -> None:
    w = Tensor(np.array([2.0]), requires_grad=True)
    g = grad(lambda y: (w * y * y).sum())(np.array([3.0]))
    assert type(g) is Tensor
    g.sum().backward()
    same(w.grad, [6.0])


def test_a_gradient_inside_a_gradient_gives_plain_numbers() -> None:
    def learned(rate: Any) -> Any:  # gradient descent, differentiated by its learning rate
        w = np.zeros(2)
        for _ in range(3):
            w = w - rate * grad(lambda w: np.sum((w - 1.0) ** 2))(w)
        return np.sum((w - 1.0) ** 2)

    value, slope = value_and_grad(learned)(0.1)
    assert type(value) is type(slope) is np.float64
    same(slope, -12 * 2 * (1 - 0.2) ** 5)
    got = grad(lambda a: grad(lambda b: a * b**2)(3.0))(2.0)
    assert type(got) is np.float64
    assert got == 6


def test_grad_records_under_no_grad() -> None:
    with no_grad():
        same(grad(lambda x: (x**3).sum())(X), 3 * X**2)


# Jacobians, Hessians, products


def test_jacobian_has_the_shape_of_output_then_input() -> None:
    rng = np.random.default_rng(0)
    m = rng.standard_normal((4, 2, 3))
    got = jacobian(lambda x: m @ x)(X)
    same(got, m)
    assert jacobian(lambda x: m * 0.0 + x.sum())(np.ones((5, 1))).shape == (4, 2, 3, 5, 1)
    tree = jacobian(lambda p: {"prod": p[0] * p[1], "sum": p[1].sum()})((X, 2 * X))
    same(tree["prod"][0], np.diag(2 * X))
    same(tree["sum"][1], np.ones(3))
    assert jacobian(lambda x: x[:0])(X).shape == (0, 3)


def test_hessian_hvp_and_jvp_agree_with_formulas() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((3, 3))
    v = rng.standard_normal(3)

    def f(x: Any) -> Any:
        return 0.5 * x @ a @ x + np.sum(np.sin(x))

    expected = 0.5 * (a + a.T) - np.diag(np.sin(X))
    same(hessian(f)(X), expected)
    same(hvp(f)(X, v), expected @ v)
    same(jvp(grad(f), (X,), (v,))[1], expected @ v)
    same(jacobian(grad(f))(X), expected)
    value, slope = jvp(f, (X,), (v,))
    same(value, f(X))
    same(slope, grad(f)(X) @ v)
    both = hvp(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0}, {"a": 1.0, "b": 10.0})
    assert both == {"a": 6 + 40, "b": 4}


def test_hessian_over_two_arguments_has_blocks() -> None:
    h = hessian(lambda a, b: a * b**2, (0, 1))(2.0, 3.0)
    assert h == ((0, 6), (6, 4))


def test_third_derivatives_by_nesting_jacobians() -> None:
    third = jacobian(jacobian(jacobian(lambda x: np.prod(x) if False else x[0] * x[1] * x[2])))(X)
    assert third[0, 1, 2] == third[2, 0, 1] == 1
    assert third[0, 0, 1] == 0


def test_vjp_can_pull_many_times_and_nest() -> None:
    value, pull = vjp(lambda a, b: (a * b, np.sum(a)), X, 2.0)
    same(value[0], 2 * X)
    for scale in (1.0, 2.0):
        ga, gb = pull((scale * np.ones(3), 0.0 * scale))
        same(ga, scale * 2 * np.ones(3))
        same(gb, scale * 6.0)
    assert grad(lambda x: vjp(np.sin, x)[1](1.0)[0])(0.3) == -np.sin(0.3)
    assert grad(lambda x: jvp(np.sin, (x,), (1.0,))[1])(0.3) == -np.sin(0.3)


def test_jvp_over_several_arguments_and_outputs() -> None:
    value, tangent = jvp(lambda a, b: (a * b, np.sum(a), 7.0), (X, 2.0), (np.ones(3), 10.0))
    same(value[1], 6.0)
    same(tangent[0], 2 + 10 * X)
    same(tangent[1], 3.0)
    assert tangent[2] == 0


def test_elementwise_grad_nests() -> None:
    same(elementwise_grad(elementwise_grad(np.sin))(X), -np.sin(X))


# checkpoint


def block(x: Any, w: Any) -> Any:
    return np.tanh(x @ w) * np.exp(x @ w)


def test_checkpoint_gives_the_same_gradients_at_every_order() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    outside = Tensor(rng.standard_normal(3), requires_grad=True)
    f = checkpoint(lambda a, b: block(block(a, b), b) + outside)
    plain = lambda a, b: block(block(a, b), b) + outside  # noqa: E731
    same(grad(lambda a: f(a, w).sum())(x).data, grad(lambda a: plain(a, w).sum())(x).data)
    assert gradcheck(f, x, w)
    assert gradgradcheck(f, x, w)
    f(x, Tensor(w)).sum().backward()
    same(outside.grad, np.full(3, 2.0))


def test_checkpoint_over_trees_and_results_it_does_not_make() -> None:
    f = checkpoint(lambda p, n: {"sum": p["a"] + p["b"], "n": n, "prod": p["a"] * p["b"]})
    a, b = (Tensor(np.array(v), requires_grad=True) for v in (2.0, 3.0))
    out = f({"a": a, "b": b}, 5)
    assert out["n"] == 5
    (out["sum"] + out["prod"] * 10).backward()
    assert (a.grad, b.grad) == (31, 21)


def test_checkpoint_keeps_nothing_of_the_inside() -> None:
    refs = []

    def f(x: Any) -> Any:
        inner = np.exp(x)
        refs.append(weakref.ref(inner._array))
        return np.sin(inner)

    x = Tensor(X, requires_grad=True)
    out = checkpoint(f)(x)
    assert refs[0]() is None
    out.sum().backward()
    assert len(refs) == 2
    assert refs[1]() is None
    same(x.grad, np.cos(np.exp(X)) * np.exp(X))


def test_checkpoint_stops_at_what_came_from_outside() -> None:
    x = Tensor(X, requires_grad=True)
    h = x * 2
    (checkpoint(lambda a: a * h)(h) + h).sum().backward()  # h**2 + h, once each
    same(x.grad, 2 * (2 * 2 * X) + 2)


def test_checkpoint_of_what_comes_from_each_other_outside() -> None:
    x = Tensor(X, requires_grad=True)
    h = x * x
    (checkpoint(lambda a, b: a * b)(x, h) + h).sum().backward()  # the way from h to x once
    same(x.grad, 3 * X**2 + 2 * X)


def test_checkpoint_draws_the_same_random_numbers_again() -> None:
    rng = np.random.default_rng(0)
    masks = []

    def dropped(x: Any) -> Any:
        masks.append(draws_from(rng).integers(0, 2, 3).astype(float))
        return x * masks[-1]

    x = Tensor(X, requires_grad=True)
    out = checkpoint(dropped)(x)
    after = rng.bit_generator.state
    rng.random(5)
    moved = rng.bit_generator.state
    out.sum().backward()
    same(masks[1], masks[0])
    same(x.grad, masks[0])
    assert rng.bit_generator.state == moved != after


def test_the_state_of_the_generator_belongs_to_the_checkpoint() -> None:
    nn.manual_seed(0)
    x = Tensor(np.ones(1000), requires_grad=True)
    nested = checkpoint(lambda a: checkpoint(lambda b: F.dropout(b, 0.5, True))(a) * 2.0)
    twice = checkpoint(lambda a: F.dropout(a, 0.5, True) + F.dropout(a, 0.5, True))
    for f in (checkpoint(lambda a: F.dropout(a, 0.5, True)), nested, twice):
        y = f(x)
        nn.manual_seed(123)
        before = nn.random.generator().bit_generator.state
        x.grad = None
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, y.detach().numpy())
        assert nn.random.generator().bit_generator.state == before  # the caller's is not drawn from


def test_a_checkpoint_that_draws_more_when_run_again_is_told() -> None:
    rng, runs = np.random.default_rng(0), []

    def f(x: Any) -> Any:
        runs.append(1)
        return x * sum(draws_from(rng).random() for _ in runs)

    with pytest.raises(AutogradError, match="drew more random numbers"):
        checkpoint(f)(Tensor(X, requires_grad=True)).sum().backward()


def test_checkpoint_keeps_handles_given_by_keyword_as_they_were() -> None:
    w = Tensor(np.ones(3), requires_grad=True)
    h, k = w * 1.0, w * 1.0
    y = checkpoint(lambda a, b: np.exp(a * b["k"]))(h, b={"k": k})
    h += 100.0
    k += 100.0
    y.sum().backward()
    np.testing.assert_allclose(w.grad, 2 * np.exp(1) * np.ones(3))


def test_checkpoint_notices_an_updated_leaf_and_another_run() -> None:
    w = Tensor(X, requires_grad=True)
    out = checkpoint(lambda a: a * w * w)(Tensor(X)).sum()
    w.data -= 1
    with pytest.raises(LeafChangedError, match="checkpoint"):
        out.backward()
    calls: list[int] = []

    def fickle(a: Any) -> Any:
        calls.append(1)
        return a * 2 if len(calls) == 1 else w * 2

    out = checkpoint(fickle)(Tensor(X, requires_grad=True))
    with pytest.raises(autograd.AutogradError, match="other tensors"):
        out.sum().backward()


def test_checkpoints_nest_and_do_nothing_without_recording() -> None:
    inner = checkpoint(np.sin)
    outer = checkpoint(lambda x: inner(x) * x)
    x = Tensor(X, requires_grad=True)
    (g,) = gradients(outer(x).sum(), x)
    same(g, np.cos(X) * X + np.sin(X))
    with no_grad():
        assert not outer(x).requires_grad


def test_pytorchs_grad_of_a_tensor_is_called_gradients() -> None:
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"grad: expected a function.* gradients\(loss, params\)"):
        grad((x * x).sum(), [x])  # type: ignore[arg-type]


@pytest.mark.parametrize("tangents", [(1.0, 2.0), (np.ones(3),), ()])
def test_jvp_wants_a_tangent_for_each_argument(tangents: Any) -> None:
    with pytest.raises(GradientShapeError, match=r"jvp: tangents .* for arguments of \[\(2,\)\]"):
        jvp(np.sin, (np.ones(2),), tangents)


def test_a_namedtuple_comes_back_as_one() -> None:
    class Line(NamedTuple):
        slope: Any
        offset: Any

    g = grad(lambda line: line.slope * line.slope * line.offset)(Line(2.0, 3.0))
    assert type(g) is Line
    assert g == Line(12.0, 4.0)


def test_a_checkpoint_that_returns_one_tensor_twice_adds_up_both_gradients() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)

    def twice(x: Any) -> Any:
        y = x * x
        return y, y

    a, b = checkpoint(twice)(x)
    (a + 3 * b).sum().backward()
    assert x.grad.tolist() == [8, 16]
