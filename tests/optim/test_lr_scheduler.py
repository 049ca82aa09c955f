"""Schedules: formulas on known numbers, combinations, going on from a state, refusals."""

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


ALL = [
    lambda o: LambdaLR(o, lambda t: 1 / (1 + t)),
    lambda o: MultiplicativeLR(o, lambda t: 1 - 1 / (1 + t) ** 2),
    lambda o: StepLR(o, 3),
    lambda o: MultiStepLR(o, [3, 8]),
    lambda o: ConstantLR(o),
    lambda o: LinearLR(o, total_iters=8),
    lambda o: ExponentialLR(o, 0.9),
    lambda o: PolynomialLR(o, 20),
    lambda o: CosineAnnealingLR(o, 9),
    lambda o: CosineAnnealingWarmRestarts(o, 2, 2),
    lambda o: OneCycleLR(o, 1.0, 30),
    lambda o: CyclicLR(o, 0.1, 1.0, 3),
    lambda o: SequentialLR(o, [ConstantLR(o), LinearLR(o)], [4]),
    lambda o: ChainedScheduler([ConstantLR(o), ExponentialLR(o, 0.9)]),
]


@pytest.mark.parametrize("make_one", ALL)
def test_going_on_from_a_state(make_one):
    optimizer = make(0.3, momentum=0.5, groups=2)
    scheduler = make_one(optimizer)
    for _ in range(5):
        scheduler.step()
    state = json.loads(json.dumps(scheduler.state_dict()))  # plain enough for any file
    saved = optimizer.state_dict()

    other = make(0.7, momentum=0.5, groups=2)  # another rate, which the state replaces
    later = make_one(other)
    other.load_state_dict(saved)
    later.load_state_dict(state)
    assert later.last_epoch == 5
    for _ in range(12):
        assert later.get_last_lr() == scheduler.get_last_lr()
        momenta = [[g["momentum"] for g in o.param_groups] for o in (optimizer, other)]
        assert momenta[0] == momenta[1]
        scheduler.step()
        later.step()


@pytest.mark.parametrize("make_one", ALL[:10])
def test_going_on_by_last_epoch(make_one):
    optimizer = make(0.3)
    scheduler = make_one(optimizer)
    for _ in range(5):
        scheduler.step()
    other = make(0.7)
    other.load_state_dict(optimizer.state_dict())
    cls, settings = type(scheduler), {}
    if isinstance(scheduler, LambdaLR):
        settings["lr_lambda"] = scheduler._lambdas
    settings |= {
        name: x
        for name, x in scheduler.state_dict().items()
        if name not in ("base_lrs", "last_epoch")
    }
    if cls is ConstantLR:
        settings["factor"] = settings.pop("start_factor")
    later = cls(other, **settings, last_epoch=4)
    for _ in range(9):
        assert later.get_last_lr() == scheduler.get_last_lr()
        scheduler.step()
        later.step()


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


def test_states_that_do_not_fit():
    step, exponential = StepLR(make(), 3), ExponentialLR(make(), 0.9)
    with pytest.raises(ValueError, match=r"does not fit this StepLR: it differs in step_size;"):
        step.load_state_dict(exponential.state_dict())
    with pytest.raises(ValueError, match="differs in base_lrs"):
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
        (lambda o: StepLR(o, 0), ValueError, r"StepLR: got step_size=0, expected an int of at"),
        (lambda o: LinearLR(o, 2.0), ValueError, r"LinearLR: got start_factor=2\.0"),
        (lambda o: LinearLR(o, total_iters=0), ValueError, "total_iters=0"),
        (lambda o: ConstantLR(o, -1), ValueError, "ConstantLR: got factor=-1, expected a number"),
        (lambda o: CosineAnnealingLR(o, 2.5), ValueError, r"T_max=2\.5"),
        (lambda o: CosineAnnealingWarmRestarts(o, 3, 0), ValueError, "T_mult=0"),
        (lambda o: LambdaLR(o, [len, len]), ValueError, "LambdaLR: .* each of the 1 parameter"),
        (lambda o: OneCycleLR(o, 1.0), ValueError, "OneCycleLR: got total_steps=None"),
        (lambda o: OneCycleLR(o, 1.0, 9, pct_start=2), ValueError, "pct_start=2"),
        (lambda o: OneCycleLR(o, 1.0, 9, anneal_strategy="sin"), ValueError, "expected cos or li"),
        (lambda o: CyclicLR(o, 1.0, 2.0, mode="square"), ValueError, "mode='square', expected one"),
        (lambda o: CyclicLR(o, 1.0, 2.0, scale_mode="x"), ValueError, "scale_mode='x'"),
        (lambda o: SequentialLR(o, [], []), ValueError, "no schedules, expected at least one"),
        (lambda o: SequentialLR(o, [StepLR(o, 2)], [3]), ValueError, "expected 0 of them"),
        (
            lambda o: SequentialLR(o, [StepLR(o, 2)] * 3, [4, 3]), ValueError,
            r"milestones=\[4, 3\], expected 2 of them, rising",
        ),
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), TypeError,
            "scheduler 0 is a ReduceLROnPlateau, expected a schedule that depends on the count",
        ),
        (
            lambda o: ChainedScheduler([StepLR(o, 2), StepLR(make(), 2)]), ValueError,
            "ChainedScheduler: scheduler 1 is of another optimizer",
        ),
        (lambda o: ReduceLROnPlateau(o, "least"), ValueError, "mode='least', expected min or max"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, r"factor=1\.0"),
        (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "expected rel or abs"),
        (lambda o: ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, r"min_lr=\[1, 2\]"),
        (lambda o: StepLR(o, 2, last_epoch=3), ValueError, "group 0 has no 'initial_lr'"),
        (lambda o: StepLR(o, 2).step(-1), ValueError, "epoch=-1"),
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
    optimizer.add_param_group({"params": [Tensor([1.0], requires_grad=True)]})
    with pytest.raises(ValueError, match="has 2 parameter groups, and had 1 when"):
        scheduler.step()
