"""Schedules: formulas on known numbers, combinations, going on from a state, refusals."""

import copy
import itertools
import json
import math
import warnings

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import SGD, Adam, Optimizer, lr_scheduler
from optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


def make(lr=1.0, cls=SGD, groups=1, **options):
    """An optimizer that has taken a step."""
    params = [Tensor(np.ones(1), requires_grad=True) for _ in range(groups)]
    optimizer = cls([{"params": [p]} for p in params], lr=lr, **options)
    for p in params:
        p.grad = [1.0]
    optimizer.step()
    return optimizer


def path(scheduler, steps):
    """The learning rates of the first group, from now on."""
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.step()
    return pytest.approx(rates, rel=1e-14)


def test_formulas():
    cos = [(1 + math.cos(math.pi * t / 4)) / 2 for t in range(5)]
    for make_one, expected in [
        (lambda o: LambdaLR(o, lambda t: 1 / (1 + t)), [1, 1 / 2, 1 / 3, 1 / 4]),
        (lambda o: MultiplicativeLR(o, lambda t: t / 2), [1, 1 / 2, 1 / 2, 3 / 4]),
        (lambda o: StepLR(o, 2), [1, 1, 0.1, 0.1, 0.01]),
        (lambda o: MultiStepLR(o, [3, 1], gamma=0.5), [1, 0.5, 0.5, 0.25, 0.25]),
        (lambda o: ConstantLR(o, 0.5, 2), [0.5, 0.5, 1, 1]),
        (lambda o: ConstantLR(o, 0.0, 2), [0, 0, 1, 1]),
        (lambda o: LinearLR(o, 0.2, 1.0, 4), [0.2, 0.4, 0.6, 0.8, 1, 1]),
        (lambda o: LinearLR(o, 0.0, 1.0, 2), [0, 0.5, 1, 1]),
        (lambda o: ExponentialLR(o, 0.5), [1, 0.5, 0.25]),
        (lambda o: PolynomialLR(o, 4, 2.0), [1, 9 / 16, 1 / 4, 1 / 16, 0, 0]),
        (lambda o: CosineAnnealingLR(o, 4), [*cos, cos[3]]),
        (lambda o: CosineAnnealingLR(o, 1, 0.2), [1, 0.2, 1, 0.2]),
        (lambda o: CosineAnnealingWarmRestarts(o, 1, 4), [1, *cos[:4], 1]),
    ]:
        assert path(make_one(make()), len(expected)) == expected


def test_one_cycle():
    optimizer = make(momentum=0.5)
    scheduler = OneCycleLR(
        optimizer, 1.0, 9, pct_start=5 / 9, anneal_strategy="linear", div_factor=5.0,
        final_div_factor=10.0,
    )  # fmt: skip
    rates, momenta = [], []
    for _ in range(9):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        scheduler.step()
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 0.755, 0.51, 0.265, 0.02])
    up = [0.95, 0.925, 0.9, 0.875]
    assert momenta == pytest.approx([*up, 0.85, *up[::-1]])
    assert scheduler.get_last_lr() == [pytest.approx(0.02)]  # and stays there for one more
    with pytest.raises(ValueError, match="OneCycleLR: step 10 of 9; is total_steps"):
        scheduler.step()
    assert scheduler.last_epoch == 9


def test_cyclic():
    optimizer = make(cls=Adam)
    scheduler = CyclicLR(optimizer, 1.0, 3.0, 2, 1, mode="triangular2")
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)
    assert path(scheduler, 7) == [1, 2, 3, 1, 1.5, 2, 1]
    assert optimizer.param_groups[0]["betas"] == (pytest.approx(0.9 - 0.1 / 8), 0.999)
    odd = CyclicLR(make(), 1.0, 3.0, 1, scale_fn=lambda cycle: cycle % 2, cycle_momentum=False)
    assert path(odd, 6) == [1, 3, 1, 1, 1, 3]


def one_cycle(t, total, top, pct, shape, div, final, three_phase):
    """The rate after t steps: through the corners, by the text of PyTorch's documentation."""

    def between(a, b, share):
        if shape == "linear":
            return (b - a) * share + a
        return b + (a - b) / 2 * (math.cos(math.pi * share) + 1)

    low, peak = top / div, pct * total - 1  # the step at which the top is reached
    least = low / final
    corners = [(0, low), (peak, top), (total - 1, least)]
    if three_phase:
        corners = [(0, low), (peak, top), (2 * peak, low), (total - 1, least)]
    for (start, a), (end, b) in itertools.pairwise(corners):
        if t <= end:
            return between(a, b, (t - start) / (end - start))
    return least


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("shape", ["cos", "linear"])
@pytest.mark.parametrize(("total", "pct"), [(20, 0.3), (10, 0.4), (31, 0.45)])
def test_one_cycle_by_its_corners(total, pct, shape, three_phase):
    optimizer = make(momentum=0.5, groups=2)
    scheduler = OneCycleLR(
        optimizer, [2.0, 3.0], epochs=1, steps_per_epoch=total, pct_start=pct, div_factor=8.0,
        anneal_strategy=shape, final_div_factor=50.0, three_phase=three_phase, base_momentum=0.7,
        max_momentum=[0.9, 0.8],
    )  # fmt: skip
    for t in range(total):
        args = total, pct, shape
        for i, (top, high) in enumerate([(2.0, 0.9), (3.0, 0.8)]):
            group = optimizer.param_groups[i]
            rate = one_cycle(t, total, top, pct, shape, 8.0, 50.0, three_phase)
            assert group["lr"] == pytest.approx(rate, rel=1e-12)
            up = one_cycle(t, *args[:1], 1.0, *args[1:], math.inf, 1.0, three_phase)  # from 0 to 1
            assert group["momentum"] == pytest.approx(high + (0.7 - high) * up, rel=1e-12)
        scheduler.step()


def test_one_cycle_without_a_way_up():
    optimizer = make(momentum=0.5)
    scheduler = OneCycleLR(optimizer, 2.0, 5, pct_start=0.0, anneal_strategy="linear")
    assert scheduler.get_last_lr()[0] > 1.2  # from the top, at step -1, down
    assert OneCycleLR(make(momentum=0.5), 2.0, 1).get_last_lr()[0] <= 2.0


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
@pytest.mark.parametrize(("up", "down"), [(3, None), (2, 5), (4, 1)])
def test_cyclic_by_its_corners(mode, up, down):
    optimizer = make(momentum=0.5, groups=2)
    scheduler = CyclicLR(
        optimizer, [0.1, 0.2], 1.0, up, down, mode, 0.9, base_momentum=0.6, max_momentum=[0.8, 0.9]
    )
    down = down or up
    for t in range(25):
        cycle, at = t // (up + down), t % (up + down)
        height = np.interp(at, [0, up, up + down], [0, 1, 0])
        height *= {"triangular": 1, "triangular2": 0.5**cycle, "exp_range": 0.9**t}[mode]
        for group, low, high in zip(optimizer.param_groups, (0.1, 0.2), (0.8, 0.9), strict=True):
            assert group["lr"] == pytest.approx(low + (1 - low) * height, rel=1e-12)
            assert group["momentum"] == pytest.approx(high - (high - 0.6) * height, rel=1e-12)
        scheduler.step()


@pytest.mark.parametrize("by", ["cycle", "iterations"])
def test_cyclic_by_a_function_of_ones_own(by):
    seen = []

    def scale(x):
        seen.append(x)
        return 1 / (1 + x)

    scheduler = CyclicLR(
        make(), 0.5, 1.5, 2, 1, scale_fn=scale, scale_mode=by, mode="mine", cycle_momentum=False
    )
    for t in range(7):
        x = t // 3 + 1 if by == "cycle" else t
        assert scheduler.get_last_lr() == [pytest.approx(0.5 + [0, 0.5, 1][t % 3] / (1 + x))]
        assert type(seen[-1]) is int
        scheduler.step()
    assert scheduler.optimizer.param_groups[0]["momentum"] == 0


@pytest.mark.parametrize(
    "build", [lambda o: OneCycleLR(o, 1.0, 9), lambda o: CyclicLR(o, 1.0, 2.0)]
)
@pytest.mark.parametrize("cycle", [True, False])
def test_momentum_or_the_first_of_the_betas(build, cycle):
    sgd, adam = make(momentum=0.5), make(cls=Adam, betas=(0.5, 0.7))
    for optimizer in (sgd, adam):
        scheduler = build(optimizer)
        high = scheduler.max_momentum[0]
    assert sgd.param_groups[0]["momentum"] == high
    assert "betas" not in sgd.param_groups[0]
    assert adam.param_groups[0]["betas"] == (high, 0.7)
    assert "momentum" not in adam.param_groups[0]


def test_fractions_of_an_epoch_and_going_back():
    scheduler = CosineAnnealingWarmRestarts(make(), 2, 3, eta_min=0.25)
    for epoch, at, length in [(0.5, 0.5, 2), (1.99, 1.99, 2), (2, 0, 2), (5, 3, 6), (7.9, 5.9, 6),
                              (8, 0, 6), (17, 9, 18), (3, 1, 6), (0, 0, 2)]:  # fmt: skip
        scheduler.step(epoch)
        expected = 0.25 + 0.75 * (1 + math.cos(math.pi * at / length)) / 2
        assert scheduler.get_last_lr() == [pytest.approx(expected, rel=1e-12)]
        assert scheduler.last_epoch == epoch
    plain = CosineAnnealingWarmRestarts(make(), 4)
    assert [plain.rates(t)[0] for t in (0, 3, 4, 7, 8)] == pytest.approx(
        [(1 + math.cos(math.pi * t / 4)) / 2 for t in (0, 3, 0, 3, 0)]
    )


def test_the_rates_at_the_ends_of_ramps():
    """At, before and after the step at which a schedule ends, and of more than one step."""
    for build, rates in [
        (lambda o: LinearLR(o, 0.5, 0.1, 4), {0: 0.5, 1: 0.4, 3: 0.2, 4: 0.1, 5: 0.1, 99: 0.1}),
        (lambda o: PolynomialLR(o, 4), {0: 1, 1: 0.75, 3: 0.25, 4: 0, 5: 0}),
        (lambda o: PolynomialLR(o, 4, 0.0), {0: 1, 4: 1}),
        (lambda o: ConstantLR(o, 0.25, 3), {0: 0.25, 2: 0.25, 3: 1, 4: 1}),
        (lambda o: ConstantLR(o, 0.25, 0), {0: 1}),
        (lambda o: StepLR(o, 3, 0.5), {2: 1, 3: 0.5, 5: 0.5, 6: 0.25}),
        (lambda o: MultiStepLR(o, [5, 2], 0.5), {1: 1, 2: 0.5, 4: 0.5, 5: 0.25}),
        (lambda o: CosineAnnealingLR(o, 2, 0.5), {0: 1, 1: 0.75, 2: 0.5, 3: 0.75, 4: 1}),
        (lambda o: MultiplicativeLR(o, lambda i: i + 1), {3: 24, 2: 6, 0: 1, 4: 120, 2.5: 6}),
    ]:
        scheduler = build(make())
        assert {t: pytest.approx(scheduler.rates(t)[0]) for t in rates} == rates


def test_a_chain_multiplies_what_each_makes_of_its_own_initial_rate():
    optimizer = make(0.5)
    parts = [ConstantLR(optimizer, 0.25, 2), CosineAnnealingLR(optimizer, 4, eta_min=0.1)]
    chain = ChainedScheduler(parts)
    for t in range(6):
        cosine = 0.1 + 0.4 * (1 + math.cos(math.pi * t / 4)) / 2
        expected = 0.5 * (0.25 if t < 2 else 1) * cosine / 0.5
        assert chain.get_last_lr() == [pytest.approx(expected)]
        chain.step()
    nothing = make(0.0)
    chain = ChainedScheduler([ExponentialLR(nothing, 0.5), ExponentialLR(nothing, 0.5)])
    chain.step()
    assert chain.get_last_lr() == [0.0]


def test_a_rate_of_0_forgets_what_others_did():
    optimizer = make()
    scheduler = LambdaLR(optimizer, lambda t: abs(2 - t))
    rates = []
    for t in range(4):
        if t == 1:
            optimizer.param_groups[0]["lr"] *= 0.5
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    assert rates == [1, 0, 1, 2]


def test_each_group_has_its_own_rate():
    optimizer = make(groups=2)
    optimizer.param_groups[1]["lr"] = 10.0
    scheduler = LambdaLR(optimizer, [lambda t: 0.5**t, lambda t: 1 - t / 10])
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5, 9.0]
    assert scheduler.base_lrs == [1.0, 10.0]


def test_warm_up_then_decay():
    optimizer = make()
    warmup = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    main = CosineAnnealingLR(optimizer, T_max=4)
    scheduler = SequentialLR(optimizer, [warmup, main], milestones=[3])
    half = math.sqrt(0.5) / 2
    assert path(scheduler, 8) == [0.25, 0.5, 0.75, 1, 0.5 + half, 0.5, 0.5 - half, 0]


def test_sequences_of_sequences_and_of_chains():
    optimizer = make()
    inner = SequentialLR(optimizer, [ConstantLR(optimizer, 0.5, 9), StepLR(optimizer, 1, 0.5)], [2])
    chain = ChainedScheduler([ConstantLR(optimizer, 0.5, 1), ExponentialLR(optimizer, 0.1)])
    scheduler = SequentialLR(optimizer, [chain, inner], [2])
    assert path(scheduler, 7) == [0.5, 0.1, 0.5, 0.5, 1, 0.5, 0.25]


def test_momentum_in_a_sequence():
    optimizer = make(momentum=0.5)
    parts = [ConstantLR(optimizer, 0.5), CyclicLR(optimizer, 1.0, 3.0, 2)]
    scheduler = SequentialLR(optimizer, parts, [1])
    scheduler.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 2
    assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.85)
    chain = ChainedScheduler([ConstantLR(optimizer, 0.5), OneCycleLR(optimizer, 1.0, 9)])
    assert chain.momenta(0) == [0.95]


def test_what_others_do_stays_as_a_factor():
    optimizer = make()
    schedule, plateau = StepLR(optimizer, 2, 0.1), ReduceLROnPlateau(optimizer, factor=0.5)
    plateau.patience = 0
    for metric in (3, 3, 2, 2):  # no better at the second and fourth
        schedule.step()
        plateau.step(metric)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1**2 * 0.5**2)
    schedule.step(0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5**2)


def test_alone_it_is_the_formula_to_the_last_bit():
    scheduler = ExponentialLR(make(0.3), 0.97)
    for t in range(200):
        assert scheduler.get_last_lr() == [0.3 * 0.97**t]
        scheduler.step()


END = 16
ALL = {
    "LambdaLR": lambda o, e=-1: LambdaLR(o, lambda t: 1 / (2 + t), e),
    "LambdaLR-each": lambda o, e=-1: LambdaLR(o, [lambda t: 0.9**t, lambda t: t / 9], e),
    "MultiplicativeLR": lambda o, e=-1: MultiplicativeLR(o, lambda t: 1 - 1 / (1 + t) ** 2, e),
    "StepLR": lambda o, e=-1: StepLR(o, 3, last_epoch=e),
    "MultiStepLR": lambda o, e=-1: MultiStepLR(o, [3, 8], last_epoch=e),
    "ConstantLR": lambda o, e=-1: ConstantLR(o, last_epoch=e),
    "LinearLR": lambda o, e=-1: LinearLR(o, 0.25, 0.9, 8, e),
    "LinearLR-from-0": lambda o, e=-1: LinearLR(o, 0.0, 1.0, 8, e),
    "ExponentialLR": lambda o, e=-1: ExponentialLR(o, 0.9, e),
    "PolynomialLR": lambda o, e=-1: PolynomialLR(o, 9, 2.0, e),
    "CosineAnnealingLR": lambda o, e=-1: CosineAnnealingLR(o, 9, 0.01, e),
    "CosineAnnealingWarmRestarts": lambda o, e=-1: CosineAnnealingWarmRestarts(o, 2, 2, 0.01, e),
    "OneCycleLR": lambda o, e=-1: OneCycleLR(o, 1.0, END, last_epoch=e),
    "OneCycleLR-three-phases": lambda o, e=-1: OneCycleLR(
        o, [1.0, 3.0], END, three_phase=True, anneal_strategy="linear", last_epoch=e
    ),
    "CyclicLR": lambda o, e=-1: CyclicLR(o, 0.1, [1.0, 2.0], 3, mode="triangular2", last_epoch=e),
    "CyclicLR-no-momentum": lambda o, e=-1: CyclicLR(
        o, 0.1, 1.0, 3, 4, cycle_momentum=False, last_epoch=e
    ),
    "SequentialLR": lambda o, e=-1: SequentialLR(
        o, [LinearLR(o, 0.25, total_iters=4), CosineAnnealingLR(o, 12)], [4], e
    ),
    "SequentialLR-momentum-last": lambda o, e=-1: SequentialLR(
        o, [ConstantLR(o), CyclicLR(o, 0.1, 1.0, 3)], [4], e
    ),
}
# These have no `last_epoch`, or parts that cannot be told of it.
BY_STATE_ALONE = {
    "SequentialLR-momentum-first": lambda o: SequentialLR(
        o, [CyclicLR(o, 0.1, 1.0, 3), StepLR(o, 2)], [5]
    ),
    "SequentialLR-nested": lambda o: SequentialLR(
        o,
        [
            ChainedScheduler([ConstantLR(o, 0.5, 1), ExponentialLR(o, 0.8)]),
            SequentialLR(o, [ConstantLR(o, 0.5, 9), OneCycleLR(o, 0.3, 9)], [2]),
        ],
        [6],
    ),
    "ChainedLR": lambda o: ChainedScheduler([ConstantLR(o), ExponentialLR(o, 0.9)]),
    "ChainedLR-momentum": lambda o: ChainedScheduler([LinearLR(o), OneCycleLR(o, 0.3, END)]),
    "ReduceLROnPlateau": lambda o: ReduceLROnPlateau(o, patience=1, factor=0.5, cooldown=1),
}
ORDERS = {
    "build, optimizer, schedule": "bos",
    "optimizer, build, schedule": "obs",
    "build, schedule, optimizer": "bso",
    "optimizer, build, schedule, optimizer": "obso",
}


def of_two_groups(cls, lr=0.3):
    params = [Tensor(np.array([1.0, -2.0]), requires_grad=True) for _ in "ab"]
    options = {"momentum": 0.5} if cls is SGD else {"betas": (0.7, 0.99)}
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 2 * lr}]
    return cls(groups, lr=lr, **options)


def values(optimizer):
    """All that a schedule may set, and where the parameters are."""
    told = [[g["lr"], g.get("momentum"), g.get("betas")] for g in optimizer.param_groups]
    return told, [p.data.tolist() for g in optimizer.param_groups for p in g["params"]]


def train(optimizer, scheduler, start, stop):
    """What is true before each step, and after the last."""
    history = []
    for t in range(start, stop):
        if t == 2:  # somebody's own wish, which is to stay
            optimizer.param_groups[1]["lr"] *= 0.5
        history.append(values(optimizer))
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = np.cos(p.data + t)
        optimizer.step()
        plateau = isinstance(scheduler, ReduceLROnPlateau)
        scheduler.step(*[(7 - t) ** 2] * plateau)
    return [*history, values(optimizer)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("at", [0, 1, 4, 5, 11, END])
@pytest.mark.parametrize("cls", [SGD, Adam])
@pytest.mark.parametrize("name", [*ALL, *BY_STATE_ALONE])
def test_going_on_from_a_state_in_any_order(name, cls, at, order):
    build = {**ALL, **BY_STATE_ALONE}[name]
    optimizer = of_two_groups(cls)
    whole = train(optimizer, build(optimizer), 0, END)

    optimizer = of_two_groups(cls)
    scheduler = build(optimizer)
    train(optimizer, scheduler, 0, at)
    saved = copy.deepcopy(optimizer.state_dict())
    state = json.loads(json.dumps(scheduler.state_dict()))  # plain enough for any file

    other, later = of_two_groups(cls, lr=0.7), None  # another rate, which the state replaces
    for old, new in zip(optimizer.param_groups, other.param_groups, strict=True):
        new["params"][0].data = old["params"][0].data.copy()
    for action in ORDERS[order]:
        if action == "b":
            later = build(other)
        elif action == "o":
            other.load_state_dict(saved)
        else:
            later.load_state_dict(state)
    assert later.last_epoch == at
    assert train(other, later, at, END) == whole[at:]


@pytest.mark.parametrize("at", [1, 5, 11, END])  # at 0 it begins anew
@pytest.mark.parametrize("cls", [SGD, Adam])
@pytest.mark.parametrize("name", ALL)
def test_going_on_by_last_epoch(name, cls, at):
    def run(optimizer, scheduler, steps):
        history = []
        for _ in range(steps):
            history.append(values(optimizer)[0])
            scheduler.step()
        return [*history, values(optimizer)[0]]

    optimizer = of_two_groups(cls)
    optimizer.state[None] = {}  # as if it had stepped
    whole = run(optimizer, ALL[name](optimizer), END)
    optimizer = of_two_groups(cls)
    optimizer.state[None] = {}
    run(optimizer, ALL[name](optimizer), at)
    other = of_two_groups(cls, 0.7)
    other.load_state_dict({**optimizer.state_dict(), "state": {}})
    other.state[None] = {}
    later = ALL[name](other, at - 1)
    assert later.last_epoch == at
    assert run(other, later, END - at) == whole[at:]


def test_the_state_of_a_schedule_alone_restores_the_rates():
    """The optimizer begins anew, with another learning rate."""
    optimizer = make(0.3, momentum=0.5)
    scheduler = OneCycleLR(optimizer, 1.0, 9)
    for _ in range(5):
        scheduler.step()
    later = OneCycleLR(make(0.7, momentum=0.1), 2.0, 9, anneal_strategy="linear")
    later.load_state_dict(scheduler.state_dict())  # with all settings
    for _ in range(4):
        assert later.get_last_lr() == scheduler.get_last_lr()
        one, other = (s.optimizer.param_groups[0]["momentum"] for s in (later, scheduler))
        assert one == other
        scheduler.step()
        later.step()


def test_a_schedule_that_sets_no_momentum_restores_none():
    state = StepLR(make(momentum=0.5), 3).state_dict()
    assert state["last_momentum"] is None
    optimizer = make(momentum=0.1)
    StepLR(optimizer, 3).load_state_dict(state)
    assert optimizer.param_groups[0]["momentum"] == 0.1


def test_two_schedules_that_step_in_turn_go_on_from_their_states():
    def build(optimizer):
        return StepLR(optimizer, 4), ReduceLROnPlateau(optimizer, patience=0, factor=0.5)

    def run(optimizer, schedules, start, stop):
        rates = []
        for t in range(start, stop):
            schedules[0].step()
            schedules[1].step([3, 2, 2][t % 3])
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    optimizer = make()
    whole = run(optimizer, build(optimizer), 0, 9)
    optimizer = make()
    schedules = build(optimizer)
    run(optimizer, schedules, 0, 5)
    for order in ("ob10", "b01o", "b10o", "ob01", "bo10"):
        other, later = make(), None
        for action in order:
            if action == "b":
                later = build(other)
            elif action == "o":
                other.load_state_dict(optimizer.state_dict())
            else:
                later[int(action)].load_state_dict(schedules[int(action)].state_dict())
        assert run(other, later, 5, 9) == whole[5:]


def test_plateau_goes_on_from_a_state():
    metrics = np.random.default_rng(0).uniform(1, 2, 40)
    optimizer = make()
    whole = ReduceLROnPlateau(optimizer, patience=2, cooldown=1)
    for m in metrics[:20]:
        whole.step(m)
    other = make()
    later = ReduceLROnPlateau(other)
    other.load_state_dict(optimizer.state_dict())
    later.load_state_dict(whole.state_dict())
    for m in metrics[20:]:
        whole.step(Tensor(m))
        later.step(m)
        assert later.get_last_lr() == whole.get_last_lr()
        assert later.state_dict() == whole.state_dict()
    assert whole.get_last_lr()[0] < 1e-2


@pytest.mark.parametrize("threshold", [0.0, 0.1, 1.0, 2.0])
@pytest.mark.parametrize("form", ["rel", "abs"])
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("best", [-10.0, -0.5, 0.0, 0.5, 10.0])
def test_what_is_better_by_a_threshold(best, mode, form, threshold):
    """Further than the threshold beyond the best: of its size, whatever its sign, or as it is."""
    margin = threshold * (abs(best) if form == "rel" else 1)
    limit = best + (margin if mode == "max" else -margin)
    beyond = np.nextafter(limit, math.inf if mode == "max" else -math.inf)
    further = limit + (1e-9 if mode == "max" else -1e-9)
    for metric, better in [(best, False), (limit, False), (beyond, None), (further, True)]:
        scheduler = ReduceLROnPlateau(make(), mode, threshold=threshold, threshold_mode=form)
        scheduler.step(best)
        assert (scheduler.best, scheduler.num_bad_epochs) == (best, 0)
        scheduler.step(metric)
        if better is not None:
            assert scheduler.num_bad_epochs == (0 if better else 1)
            assert scheduler.best == (metric if better else best)


@pytest.mark.parametrize(
    ("metrics", "options", "rate", "best"),
    [
        ([-1.0] * 10, {}, 0.125, -1),
        ([-10 + 0.5 * i for i in range(10)], {"threshold": 0.1}, 0.125, -10),
        ([-10 - 0.5 * i for i in range(10)], {"threshold": 0.1, "mode": "max"}, 0.125, -10),
        ([-1.0 - i for i in range(10)], {}, 1.0, -10),
        ([math.nan] * 4, {}, 0.5, math.inf),
        ([math.inf] * 4, {}, 0.5, math.inf),
        ([-math.inf] * 5, {}, 0.5, -math.inf),  # the first was better
        ([-math.inf] * 4, {"mode": "max"}, 0.5, -math.inf),
    ],
)
def test_plateau_of_negative_and_odd_metrics(metrics, options, rate, best):
    scheduler = ReduceLROnPlateau(make(), patience=2, factor=0.5, **options)
    for metric in metrics:
        scheduler.step(metric)
    assert scheduler.get_last_lr() == [rate]
    assert scheduler.best == best


def test_plateau_by_hand():
    optimizer = make(groups=2)
    scheduler = ReduceLROnPlateau(
        optimizer, factor=0.5, patience=1, cooldown=2, min_lr=[0.0, 0.3], eps=0.05
    )
    rates, counts = [], []
    for _ in range(14):
        scheduler.step(1.0)
        rates.append(scheduler.get_last_lr())
        counts.append((scheduler.num_bad_epochs, scheduler.cooldown_counter))
    # The first is better. Two bad ones, then two that do not count; 0.125 - 0.0625 is over eps, and
    # 0.3 is the least.
    assert [r[0] for r in rates] == [1, 1] + [0.5] * 4 + [0.25] * 4 + [0.125] * 4
    assert [r[1] for r in rates] == [1, 1] + [0.5] * 4 + [0.3] * 8
    assert counts[:7] == [(0, 0), (1, 0), (0, 2), (0, 1), (0, 0), (1, 0), (0, 2)]
    for _ in range(3):
        scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.0625, 0.3]
    for _ in range(9):
        scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.0625, 0.3]  # to 0.03125 would be less than eps
    assert scheduler.last_epoch == 26


@pytest.mark.parametrize("metric", [None, "0.5", True, np.ones(2), [1.0], 1j])
def test_a_metric_is_one_number(metric):
    scheduler = ReduceLROnPlateau(make())
    with pytest.raises(TypeError, match=r"ReduceLROnPlateau\.step: metrics: got .*a number"):
        scheduler.step(metric)
    assert scheduler.last_epoch == 0
    scheduler.step(np.float32(0.5))
    assert scheduler.best == 0.5


def test_states_that_do_not_fit():
    step, exponential = StepLR(make(), 3), ExponentialLR(make(), 0.9)
    with pytest.raises(ValueError, match=r"does not fit this StepLR: it differs in step_size;"):
        step.load_state_dict(exponential.state_dict())
    with pytest.raises(ValueError, match="differs in base_lrs, last_lr;"):
        step.load_state_dict(StepLR(make(groups=2), 3).state_dict())
    assert (step.last_epoch, step.base_lrs) == (0, [1.0])


def test_a_state_is_a_copy():
    scheduler = MultiStepLR(make(), [1, 2])
    state = scheduler.state_dict()
    state["milestones"].clear()
    assert scheduler.milestones == [1, 2]


def test_the_first_step_is_the_optimizers():
    w = Tensor(np.ones(1), requires_grad=True)
    optimizer = SGD([w], lr=0.1)
    scheduler = SequentialLR(optimizer, [StepLR(optimizer, 2), StepLR(optimizer, 2)], [3])
    with pytest.warns(UserWarning, match=r"SequentialLR\.step\(\) before optimizer\.step\(\)"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()  # it says so once


def test_all_are_in_optim():
    for name in lr_scheduler.__all__:
        assert getattr(optim, name) is getattr(lr_scheduler, name)


class NoMomentum(Optimizer):
    pass


@pytest.mark.parametrize(
    ("make_one", "error", "message"),
    [
        (lambda o: StepLR([], 3), TypeError, "StepLR: got a list, expected an Optimizer"),
        (lambda o: LambdaLR(None, len), TypeError, "LambdaLR: got a NoneType"),
        (lambda o: StepLR(o, 0), ValueError, "StepLR: step_size: got 0, expected a whole"),
        (lambda o: LinearLR(o, 2.0), ValueError, r"LinearLR: start_factor: got 2\.0"),
        (lambda o: LinearLR(o, total_iters=0), ValueError, "total_iters: got 0"),
        (lambda o: ConstantLR(o, -1), ValueError, "ConstantLR: factor: got -1, expected a number"),
        (lambda o: CosineAnnealingLR(o, 2.5), ValueError, r"T_max: got 2\.5"),
        (lambda o: CosineAnnealingWarmRestarts(o, 3, 0), ValueError, "T_mult: got 0"),
        (lambda o: LambdaLR(o, [len, len]), ValueError, "LambdaLR: .* each of the 1 parameter"),
        (lambda o: OneCycleLR(o, 1.0), ValueError, "OneCycleLR: expected total_steps, or"),
        (lambda o: OneCycleLR(o, 1.0, 9, pct_start=2), ValueError, "pct_start: got 2"),
        (lambda o: OneCycleLR(o, 1.0, 9, anneal_strategy="sin"), ValueError, "'cos' or 'linear'"),
        (lambda o: CyclicLR(o, 1.0, 2.0, mode="square"), ValueError, "mode: got 'square', expec"),
        (lambda o: CyclicLR(o, 1.0, 2.0, scale_mode="x"), ValueError, "scale_mode: got 'x'"),
        (lambda o: SequentialLR(o, [], []), ValueError, "no schedules, expected at least one"),
        (lambda o: SequentialLR(o, [StepLR(o, 2)], [3]), ValueError, "expected 0 of them"),
        (
            lambda o: SequentialLR(o, [StepLR(o, 2)] * 3, [4, 3]), ValueError,
            r"milestones: got \[4, 3\], expected 2 of them, rising",
        ),
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), TypeError,
            "scheduler 0 is a ReduceLROnPlateau, expected a schedule that depends on the count",
        ),
        (
            lambda o: ChainedScheduler([StepLR(o, 2), StepLR(make(), 2)]), ValueError,
            "ChainedScheduler: scheduler 1 is of another optimizer",
        ),
        (lambda o: ReduceLROnPlateau(o, "least"), ValueError, "mode: got 'least', expe"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, r"factor: got 1\.0"),
        (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "expected 'rel' or 'abs'"),
        (lambda o: ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, r"min_lr: got \[1, 2\], "),
        (lambda o: StepLR(o, 2, last_epoch=3), ValueError, "group 0 has no 'initial_lr'"),
        (lambda o: StepLR(o, 2).step(-1), ValueError, "epoch: got -1"),
        (lambda o: LRScheduler(o), NotImplementedError, r"write factor\(self, t\)"),
    ],
)  # fmt: skip
def test_refusals(make_one, error, message):
    with pytest.raises(error, match=message):
        make_one(make())


@pytest.mark.parametrize(
    "make_one", [lambda o: OneCycleLR(o, 1.0, 9), lambda o: CyclicLR(o, 1.0, 2.0)]
)
def test_no_momentum_to_cycle(make_one):
    w = Tensor(np.ones(1), requires_grad=True)
    with pytest.raises(ValueError, match="NoMomentum has neither momentum nor betas; pass cycle"):
        make_one(NoMomentum([w], {"lr": 0.1}))


def test_a_group_that_came_later():
    optimizer = make()
    scheduler = StepLR(optimizer, 3)
    optimizer.add_param_group({"params": [Tensor(np.ones(1), requires_grad=True)]})
    with pytest.raises(ValueError, match="has 2 parameter groups, and had 1 when"):
        scheduler.step()
