"""LBFGS: what is known of quasi-Newton methods, saving and loading, errors."""

import pickle

import numpy as np
import pytest

from autograd import Tensor
from optim import LBFGS

SEARCH = {"line_search_fn": "strong_wolfe"}


def leaf(values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def rosenbrock(w, v):
    return (1 - w) ** 2 + 100 * (v - w**2) ** 2


def closure_of(optimizer, loss):
    params = optimizer.param_groups[0]["params"]

    def closure():
        optimizer.zero_grad()
        value = loss(*params)
        value.backward()
        return value

    return closure


def test_two_steps_by_hand():
    """In one dimension the second direction is the secant method's: it hits a parabola's bottom."""
    w = leaf([3.0])
    optimizer = LBFGS([w], max_iter=1)
    closure = closure_of(optimizer, lambda w: (2 * w * w).sum())
    assert optimizer.step(closure).item() == 18
    assert w.data.tolist() == [2.0]  # t = 1 / 12: the first step's length is 1
    assert optimizer.step(closure).item() == 8
    np.testing.assert_allclose(w.data, [0.0], atol=1e-15)
    assert (optimizer.state[w]["n_iter"], optimizer.state[w]["func_evals"]) == (2, 2)


def test_without_search_the_first_direction_is_the_gradient_times_lr():
    w = leaf([[0.25], [-0.125]])
    optimizer = LBFGS([w], lr=0.5, max_iter=1)
    optimizer.step(closure_of(optimizer, lambda w: (w * w).sum() / 2))
    assert w.data.tolist() == [[0.125], [-0.0625]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rosenbrock_in_few_evaluations(dtype):
    w, v = leaf(-1.5, dtype), leaf(2.0, dtype)
    optimizer = LBFGS([w, v], max_iter=100, **SEARCH)
    optimizer.step(closure_of(optimizer, rosenbrock))
    np.testing.assert_allclose([w.data, v.data], 1, rtol=1e-5 if dtype is np.float64 else 2e-2)
    assert w.dtype == v.dtype == dtype
    assert optimizer.state[w]["func_evals"] < 70


def test_every_step_of_the_search_is_strong_wolfe():
    """On a function with bumps: lower than a tenth of a thousandth of the slope, and flat."""

    def loss(w):
        return (w**4 / 4 - w**2 + 0.3 * np.sin(5 * w)).sum()

    w = leaf(np.linspace(-2, 2, 7))
    optimizer = LBFGS([w], max_iter=1, max_eval=25, **SEARCH)
    closure = closure_of(optimizer, loss)
    for _ in range(5):
        before = optimizer.step(closure).item()
        state = optimizer.state[w]
        slope = state["prev_flat_grad"] @ state["d"]
        after = closure().item()
        assert after <= before + 1e-4 * state["t"] * slope
        assert abs(w.grad @ state["d"]) <= 0.9 * abs(slope)


def test_the_history_is_limited():
    w = leaf(np.linspace(-1, 1, 10))
    optimizer = LBFGS([w], history_size=3, max_iter=8, lr=0.1)
    optimizer.step(closure_of(optimizer, lambda w: (w**4 + w**2).sum()))
    state = optimizer.state[w]
    assert [len(state[name]) for name in ("old_dirs", "old_stps", "ro")] == [3, 3, 3]
    assert all(y.shape == (10,) for y in state["old_dirs"])


def test_evaluations_and_iterations_are_limited():
    w = leaf([5.0, -7.0])
    optimizer = LBFGS([w], lr=1e-3, max_iter=10, max_eval=4)
    optimizer.step(closure_of(optimizer, lambda w: (w**2).sum()))
    assert optimizer.state[w]["func_evals"] == 4
    assert optimizer.defaults["max_eval"] == 4
    assert LBFGS([leaf([1.0])], max_iter=20).defaults["max_eval"] == 25


def test_at_the_minimum_nothing_moves():
    w = leaf([0.0, 0.0])
    optimizer = LBFGS([w])
    optimizer.step(closure_of(optimizer, lambda w: (w**2).sum()))
    assert w.data.tolist() == [0, 0]
    assert optimizer.state[w] == {"func_evals": 1, "n_iter": 0}


@pytest.mark.parametrize("options", [SEARCH, {"lr": 0.1}])
def test_maximize_is_minimizing_the_negative(options):
    up, down = leaf([0.5, 0.3]), leaf([0.5, 0.3])
    climber, other = LBFGS([up], maximize=True, **options), LBFGS([down], **options)
    first = climber.step(closure_of(climber, lambda w: -(w**4 + w**2).sum()))
    second = other.step(closure_of(other, lambda w: (w**4 + w**2).sum()))
    assert first.item() == -second.item()
    assert np.array_equal(up.data, down.data)


def test_a_parameter_without_gradient_stays():
    w, other = leaf([2.0]), leaf([3.0])
    optimizer = LBFGS([w, other], **SEARCH)
    optimizer.step(closure_of(optimizer, lambda w, other: (w**2).sum()))
    assert other.data.tolist() == [3.0]
    np.testing.assert_allclose(w.data, [0], atol=1e-7)


def test_an_exception_in_the_search_leaves_the_parameters_where_they_were():
    w = leaf([2.0])
    optimizer = LBFGS([w], **SEARCH)
    calls = []

    def closure():
        calls.append(w.data.copy())
        if len(calls) == 2:
            raise KeyboardInterrupt
        w.grad = w.data.copy()
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(closure)
    assert calls[1] != calls[0]
    assert w.data.tolist() == [2.0]


@pytest.mark.parametrize("options", [SEARCH, {"lr": 0.05}])
def test_the_step_after_loading_is_bit_identical(options):
    def go_on(optimizer, count):
        for _ in range(count):
            optimizer.step(closure_of(optimizer, rosenbrock))

    params = [leaf(-1.5, np.float32), leaf(2.0, np.float32)]
    optimizer = LBFGS(params, max_iter=3, history_size=4, **options)
    go_on(optimizer, 3)
    copies = [leaf(p.data.copy(), np.float32) for p in params]
    other = LBFGS(copies)
    other.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    go_on(optimizer, 2)
    go_on(other, 2)
    assert [p.data.tolist() for p in params] == [p.data.tolist() for p in copies]
    assert optimizer.state[params[0]]["func_evals"] == other.state[copies[0]]["func_evals"]


def test_a_state_of_other_parameters_is_refused():
    w = leaf([1.0, 2.0])
    optimizer = LBFGS([w])
    optimizer.step(closure_of(optimizer, lambda w: (w**4).sum()))
    other = LBFGS([leaf([1.0, 2.0, 3.0])])
    with pytest.raises(ValueError, match=r"parameter 0: d of shape \(2,\), expected \(3,\)"):
        other.load_state_dict(optimizer.state_dict())
    assert other.state == {}


def test_errors():
    w = leaf([1.0])
    optimizer = LBFGS([w])
    with pytest.raises(TypeError, match=r"LBFGS.step: expected a function that calls zero_grad"):
        optimizer.step()
    with pytest.raises(TypeError, match="the closure returned None, expected the loss"):
        optimizer.step(lambda: None)
    with pytest.warns(UserWarning, match=r"LBFGS.step\(\): no parameter has a gradient"):
        optimizer.step(lambda: 1.0)
    with pytest.raises(ValueError, match="got a second parameter group, expected only one"):
        LBFGS([{"params": [w]}, {"params": [leaf([2.0])]}])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 0}, "max_iter: got 0, expected a whole number, at least 1"),
        ({"max_iter": 2.5}, "max_iter: got 2.5"),
        ({"max_eval": 0}, "max_eval: got 0"),
        ({"history_size": 0}, "history_size: got 0"),
        ({"tolerance_grad": -1}, "tolerance_grad: got -1"),
        ({"tolerance_change": -1}, "tolerance_change: got -1"),
        ({"line_search_fn": "armijo"}, "line_search_fn: got 'armijo', expected 'strong_wolfe'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LBFGS([leaf([1.0])], **options)
