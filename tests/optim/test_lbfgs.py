"""LBFGS: what is known of quasi-Newton methods, saving and loading, errors."""

import pickle

import numpy as np
import pytest

from autograd import Tensor
from optim import LBFGS
from optim.lbfgs import Point, _cubic, _strong_wolfe

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


# Where a call of step ends


def constant(w, slope, loss=1.0):
    """A closure whose gradient never changes."""

    def closure():
        w.grad = np.full(w.shape, slope)
        return loss

    return closure


@pytest.mark.parametrize(("slope", "steps"), [(0.25, 0), (0.2500001, 1)])
def test_a_gradient_within_tolerance_ends_it(slope, steps):
    w = leaf([1.0, 1.0])
    LBFGS([w], tolerance_grad=0.25, max_iter=1).step(constant(w, slope))
    assert (w.data != 1.0).sum() == 2 * steps
    w = leaf([1.0, 1.0])  # and the negative is as large
    optimizer = LBFGS([w], tolerance_grad=0.25, max_iter=1)
    optimizer.step(constant(w, -slope))
    assert optimizer.state[w]["n_iter"] == steps


def test_a_loss_that_stays_ends_it_and_without_tolerance_it_goes_on():
    w = leaf([1.0, 1.0])
    optimizer = LBFGS([w])
    optimizer.step(constant(w, 2.0))
    assert (optimizer.state[w]["n_iter"], optimizer.state[w]["func_evals"]) == (1, 2)
    w = leaf([1.0, 1.0])
    optimizer = LBFGS([w], tolerance_change=0.0, max_iter=7)
    optimizer.step(constant(w, 2.0))
    # The first step is of length 1 in the sum of sizes; none after it tells of a curvature.
    assert (optimizer.state[w]["n_iter"], optimizer.state[w]["func_evals"]) == (7, 7)
    assert optimizer.state[w]["old_dirs"] == []
    assert optimizer.state[w]["H_diag"] == 1
    np.testing.assert_allclose(w.data, 1 - 0.25 * 2 - 6 * 2, rtol=1e-12)


def test_a_short_first_step_for_a_long_gradient_and_a_small_slope():
    for slope, first in [(4.0, 0.5 / 8), (0.125, 0.5)]:
        w = leaf([0.0, 0.0])
        LBFGS([w], lr=0.5, max_iter=1).step(constant(w, slope))
        np.testing.assert_allclose(w.data, -first * slope, rtol=1e-12)
    w = leaf([1.0])  # the slope along the line, -1 / 64, is within the tolerance
    LBFGS([w], tolerance_change=1 / 64).step(constant(w, 0.125))
    assert w.data == 1
    LBFGS([w], tolerance_change=0.0156, max_iter=1).step(constant(w, 0.125))
    assert w.data == 0.875


def test_a_short_step_ends_it():
    losses = iter(range(9, 0, -1))
    w = leaf([1.0])

    def closure():
        w.grad = np.array([1.0])
        return float(next(losses))

    optimizer = LBFGS([w], lr=0.01, tolerance_change=0.01)
    optimizer.step(closure)
    assert optimizer.state[w]["n_iter"] == 1
    optimizer = LBFGS([w], lr=0.01, tolerance_change=0.009, max_iter=3, max_eval=9)
    optimizer.step(closure)
    assert optimizer.state[w]["n_iter"] == 3


def test_the_count_of_evaluations_is_of_each_call():
    w = leaf([5.0, -7.0])
    optimizer = LBFGS([w], lr=1e-3, max_iter=10, max_eval=4)
    for calls in (1, 2, 3):
        optimizer.step(closure_of(optimizer, lambda w: (w**2).sum()))
        assert optimizer.state[w]["func_evals"] == 4 * calls


def test_quadratic_in_as_many_steps_as_dimensions():
    """With exact line searches it is the conjugate gradient method: here the search is near it."""
    rng = np.random.default_rng(0)
    q = rng.standard_normal((4, 4))
    a, b = q @ q.T + np.eye(4), rng.standard_normal(4)
    w = leaf(np.zeros(4))
    optimizer = LBFGS([w], max_iter=30, tolerance_grad=1e-10, tolerance_change=1e-14, **SEARCH)
    optimizer.step(closure_of(optimizer, lambda w: (w @ (a @ w)) / 2 - (b * w).sum()))
    np.testing.assert_allclose(w.data, np.linalg.solve(a, b), atol=1e-8)
    assert optimizer.state[w]["n_iter"] <= 14


def test_the_direction_is_that_of_bfgs_on_the_pairs():
    """H from the update formula (Nocedal and Wright, 6.17) as a matrix, from H_diag on."""
    w = leaf([1.0, -0.5, 2.0])
    optimizer = LBFGS([w], lr=0.1, max_iter=5, history_size=3)
    closure = closure_of(optimizer, lambda w: (w**4 + w**2 + w * w[0]).sum())
    optimizer.step(closure)
    state = optimizer.state[w]
    h = state["H_diag"] * np.eye(3)
    for y, s, ro in zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True):
        assert ro == pytest.approx(1 / (y @ s))
        left = np.eye(3) - ro * np.outer(s, y)
        h = left @ h @ left.T + ro * np.outer(s, s)
    assert state["H_diag"] == pytest.approx((y @ s) / (y @ y))
    np.testing.assert_allclose(state["d"], -h @ state["prev_flat_grad"], rtol=1e-10)


# The line search, by itself


@pytest.mark.parametrize("turned", [False, True])
def test_the_minimum_of_a_cubic(turned):
    def point(t):  # of t**3 - 3 * t
        return Point(t, t**3 - 3 * t, np.zeros(1), 3 * t * t - 3)

    for left, right in [(0.0, 2.0), (0.5, 1.5), (-0.5, 3.0), (2.0, 5.0)]:
        a, b = map(point, (right, left) if turned else (left, right))
        assert _cubic(a, b, -9.0, 9.0) == pytest.approx(1)
        assert _cubic(a, b, 1.25, 9.0) == 1.25
        assert _cubic(a, b, -9.0, 0.75) == 0.75


@pytest.mark.parametrize(
    ("slopes", "loss", "width"),
    [((1.0, 1.0), 2 / 3, 1.0), ((1.0, 1.0), 1.0, 1.0), ((1.0, 1.0), 0.0, 0.0), ((-1, -1), -1, 1)],
)
def test_the_middle_where_a_cubic_has_no_minimum(slopes, loss, width):
    a = Point(0.0, 0.0, np.zeros(1), slopes[0])
    b = Point(width, loss, np.zeros(1), slopes[1])
    assert _cubic(a, b, 2.0, 5.0) == 3.5


LINES = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "quartic": (lambda t: (t - 2) ** 4 + t, lambda t: 4 * (t - 2) ** 3 + 1),
    "narrow": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "wall": (lambda t: np.exp(5 * t) - 9 * t, lambda t: 5 * np.exp(5 * t) - 9),
}  # fmt: skip
ODD = {
    **LINES,
    "bumps": (
        lambda t: (t - 3) ** 2 / 4 + np.cos(4 * t), lambda t: (t - 3) / 2 - 4 * np.sin(4 * t),
    ),
    "ripples": (
        lambda t: 0.05 * (t - 4) ** 2 + np.cos(15 * t),
        lambda t: 0.1 * (t - 4) - 15 * np.sin(15 * t),
    ),
    "kink": (lambda t: abs(t - 1) ** 1.1, lambda t: np.sign(t - 1) * 1.1 * abs(t - 1) ** 0.1),
    "power": (lambda t: t**40 - t, lambda t: 40 * t**39 - 1),
    "liar": (lambda t: (t - 1) ** 2, lambda t: -2 + 0.05 * t),  # a gradient that is wrong
    "cliff": (
        lambda t: -t + 30 * max(0.0, t - 0.7) ** 0.5,
        lambda t: -1 + (15 / max(1e-3, t - 0.7) ** 0.5 if t > 0.7 else 0),
    ),
}  # fmt: skip
#: What PyTorch 2.13 tries: the line, the first point, the shortest interval, the most evaluations;
#: the points in turn, and the one that it takes.
TRIED = [
    ("bumps", 1.7, 1e-9, 25, [1.7, 9.3585, 3.968574925], 3.968574925),
    ("bumps", 2.5, 1e-9, 1, [2.5, 2.121145958], 2.5),
    ("bumps", 40.0, 1e-9, 25, [40, 2.817635007, 2.116187314, 2.350155559], 2.350155559),
    ("bumps", 1.7, 1e-9, 1, [1.7, 9.3585], 0.0),
    ("bumps", 9.0, 1e-9, 3, [9, 4.926602377, 6.250603669, 5.160859948], 5.160859948),
    ("narrow", 300.0, 1e-9, 25, [300, 100.0055557], 100.0055557),
    ("quartic", 0.01, 1e-9, 25, [0.01, 0.05505, 0.30300025], 0.30300025),
    ("kink", 300.0, 1e-9, 25, [300, 32.3545565, 4.212684388, 0.9451050109], 0.9451050109),
    ("power", 3.0, 1e-9, 25, [3, 1.947368421, 1.264081256, 0.8205458067, 1.091667731, 0.9786727484,
                              0.9102127514], 0.9102127514),
    ("ripples", 1.0, 1e-9, 25, [1, 1.01, 1.046229481, 1.048446433], 1.048446433),
    ("ripples", 9.0, 1e-9, 25, [9, 9.09, 9.003289736], 9.003289736),
    ("liar", 1.7, 1e-9, 25, [1.7, 1.717, 1.71717, 1.717018131, 1.717001934, 1.717000206,
                             1.717000022, 1.717000002, 1.717], 1.717),
    ("liar", 9.0, 0.05, 25, [9, 0.3526868122, 1.217418131, 1.476861744, 1.2546495], 1.217418131),
    ("cliff", 9.0, 0.05, 25, [9, 0.1943880125, 1.074949211, 0.2060523103, 0.2929420004,
                              0.3015155321, 0.3788589, 0.3852705648, 0.4542384294, 0.459096759,
                              0.5206820042, 0.5244013689, 0.5794561531, 0.5823271111, 0.6315893211,
                              0.6338203275, 0.6779332159, 0.6796765748, 0.7192038384],
     0.6796765748),
]  # fmt: skip


@pytest.mark.parametrize(("name", "first", "shortest", "evals", "points", "end"), TRIED)
def test_a_search_tries_what_pytorchs_tries(name, first, shortest, evals, points, end):
    f, slope = ODD[name]
    tried = []

    def at(t):
        tried.append(t)
        return Point(t, float(f(t)), np.zeros(1), float(slope(t)))

    found = _strong_wolfe(at, at(0.0), first, shortest, evals)
    assert tried[1:] == pytest.approx(points, rel=1e-8)
    assert found.t == pytest.approx(end, rel=1e-8)


@pytest.mark.parametrize("first", [1e-3, 0.05, 0.3, 1.0, 2.0, 4.0, 20.0, 60.0])
@pytest.mark.parametrize("name", LINES)
def test_a_search_ends_at_a_point_that_is_low_and_flat(name, first):
    f, slope = LINES[name]
    tried = []

    def at(t):
        tried.append(t)
        return Point(t, float(f(t)), np.zeros(1), float(slope(t)))

    start = at(0.0)
    end = _strong_wolfe(at, start, first, 1e-12, 25)
    assert end.t in tried[1:]
    assert end.loss <= start.loss + 1e-4 * end.t * start.slope
    assert abs(end.slope) <= 0.9 * abs(start.slope)
    assert len(tried) <= 2 + 25
    if tried[1] == end.t:
        assert len(tried) == 2  # good enough at once
