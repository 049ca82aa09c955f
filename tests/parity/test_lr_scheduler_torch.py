"""The schedules give the learning rates (and momenta) of PyTorch's, in two groups, step by step."""

import copy
import inspect
import math
import warnings

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import lr_scheduler

torch = pytest.importorskip("torch")
peers = torch.optim.lr_scheduler

STEPS = 40


def half(t):
    return 0.5**t


def wave(t):
    return 1.1 + math.sin(t)


class Decay:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, t):
        return 1 / (1 + self.rate * t)


CASES = [
    ("LambdaLR", {"lr_lambda": half}),
    ("LambdaLR", {"lr_lambda": [wave, Decay(0.3)]}),
    ("MultiplicativeLR", {"lr_lambda": [wave, Decay(0.01)]}),
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.9}),
    ("MultiStepLR", {"milestones": [3, 10, 11]}),
    ("MultiStepLR", {"milestones": [20, 5, 5], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.7, "total_iters": 12}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 30}),
    ("LinearLR", {"start_factor": 0.01, "total_iters": 1}),
    ("ExponentialLR", {"gamma": 0.93}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 33, "power": 2.0}),
    ("PolynomialLR", {"total_iters": 50, "power": 0.5}),
    ("CosineAnnealingLR", {"T_max": 40}),
    ("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.02}),  # up and down again
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 1e-3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 8}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 41}),
    ("OneCycleLR", {"max_lr": [0.5, 2.0], "epochs": 6, "steps_per_epoch": 7, "pct_start": 0.25}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 50, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 45, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 45, "three_phase": True, "pct_start": 0.1,
                    "anneal_strategy": "linear", "div_factor": 10.0, "final_div_factor": 5.0}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 44, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 44, "base_momentum": [0.7, 0.6],
                    "max_momentum": 0.99, "pct_start": 0.0}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": [0.01, 0.2], "max_lr": [0.1, 0.9], "step_size_up": 3,
                  "step_size_down": 8, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5, "mode": "exp_range",
                  "gamma": 0.97, "base_momentum": 0.5, "max_momentum": 0.95}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5, "scale_fn": Decay(0.5),
                  "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5, "scale_fn": half,
                  "scale_mode": "iterations"}),
]  # fmt: skip


def optimizers(name="SGD"):
    """Ours and PyTorch's, with two groups; a step taken, so that neither warns."""
    a, b = (Tensor(np.ones(1), requires_grad=True) for _ in "ab")
    c, d = (torch.ones(1, dtype=torch.float64, requires_grad=True) for _ in "cd")
    ours = getattr(optim, name)([{"params": [a]}, {"params": [b], "lr": 0.3}], lr=0.05)
    theirs = getattr(torch.optim, name)([{"params": [c]}, {"params": [d], "lr": 0.3}], lr=0.05)
    for param, other in ((a, c), (b, d)):
        param.grad, other.grad = np.ones(1), torch.ones(1, dtype=torch.float64)
    return ours, theirs


def assert_same(optimizer, peer):
    for group, other in zip(optimizer.param_groups, peer.param_groups, strict=True):
        for name in ("lr", "momentum", "betas"):
            if name in other:
                np.testing.assert_allclose(group[name], other[name], rtol=1e-12, atol=1e-16)


def run(optimizer, scheduler, peer, other, steps=STEPS):
    assert_same(optimizer, peer)
    for _ in range(steps):
        optimizer.step()
        peer.step()
        scheduler.step()
        other.step()
        assert_same(optimizer, peer)
        np.testing.assert_allclose(
            scheduler.get_last_lr(), other.get_last_lr(), rtol=1e-12, atol=1e-16
        )
        assert scheduler.last_epoch == getattr(other, "last_epoch", scheduler.last_epoch)


@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda x: str(x)[:60])
def test_schedule(name, options):
    optimizer, peer = optimizers()
    with warnings.catch_warnings():  # of PyTorch
        warnings.simplefilter("ignore")
        other = getattr(peers, name)(peer, **copy.deepcopy(options))
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    assert scheduler.base_lrs == pytest.approx(other.base_lrs, rel=1e-15)
    run(optimizer, scheduler, peer, other)


@pytest.mark.parametrize("name", ["OneCycleLR", "CyclicLR"])
def test_betas_cycle_too(name):
    optimizer, peer = optimizers("Adam")
    options = {"base_lr": 0.1, "step_size_up": 9} if name == "CyclicLR" else {"total_steps": 50}
    scheduler = getattr(lr_scheduler, name)(optimizer, max_lr=0.4, **options)
    run(optimizer, scheduler, peer, getattr(peers, name)(peer, max_lr=0.4, **options))


SEQUENCES = [
    ([("LinearLR", {"start_factor": 0.1}), ("CosineAnnealingLR", {"T_max": 30})], [5]),
    ([("ConstantLR", {}), ("ExponentialLR", {"gamma": 0.9}), ("StepLR", {"step_size": 3})],
     [4, 20]),
    ([("LambdaLR", {"lr_lambda": wave}), ("MultiStepLR", {"milestones": [2, 9]}),
      ("CosineAnnealingWarmRestarts", {"T_0": 4}), ("PolynomialLR", {"total_iters": 9})],
     [1, 14, 30]),
    ([("StepLR", {"step_size": 2}),
      ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 3, "cycle_momentum": False})],
     [10]),
    ([("LinearLR", {"total_iters": 4}), ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2}),
      ("StepLR", {"step_size": 5})],  # of the optimizer's learning rate, not of base_lr
     [4, 16]),
    ([("ConstantLR", {}), ("LinearLR", {"start_factor": 0.5, "total_iters": 8})], [0]),
    ([("ExponentialLR", {"gamma": 0.8})], []),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "milestones"), SEQUENCES)
def test_sequential(parts, milestones):
    optimizer, peer = optimizers()
    ours = [getattr(lr_scheduler, name)(optimizer, **options) for name, options in parts]
    theirs = [getattr(peers, name)(peer, **options) for name, options in parts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own use of what it deprecates
        other = peers.SequentialLR(peer, theirs, milestones)
        run(optimizer, lr_scheduler.SequentialLR(optimizer, ours, milestones), peer, other)


CHAINS = [
    [("ConstantLR", {"factor": 0.1, "total_iters": 2}), ("ExponentialLR", {"gamma": 0.9})],
    [("LinearLR", {"start_factor": 0.1, "total_iters": 10}),
     ("CosineAnnealingLR", {"T_max": 60}),
     ("MultiStepLR", {"milestones": [4, 17]}),
     ("MultiplicativeLR", {"lr_lambda": Decay(0.01)})],
    [("PolynomialLR", {"total_iters": 50, "power": 2.0}), ("StepLR", {"step_size": 6})],
]  # fmt: skip


@pytest.mark.parametrize("parts", CHAINS)
@pytest.mark.parametrize("chained", [True, False])
def test_chained_or_stepped_one_by_one(parts, chained):
    optimizer, peer = optimizers()
    ours = [getattr(lr_scheduler, name)(optimizer, **options) for name, options in parts]
    theirs = [getattr(peers, name)(peer, **options) for name, options in parts]
    if chained:
        scheduler = lr_scheduler.ChainedScheduler(ours)
        run(optimizer, scheduler, peer, peers.ChainedScheduler(theirs))
        return
    for _ in range(STEPS):
        optimizer.step()
        peer.step()
        for scheduler, other in zip(ours, theirs, strict=True):
            scheduler.step()
            other.step()
        assert_same(optimizer, peer)


def builders():
    """Every schedule above, alone, in a sequence or in a chain, of ours and of PyTorch's."""
    for name, options in CASES:
        yield pytest.param(
            lambda module, optimizer, name=name, options=options: getattr(module, name)(
                optimizer, **copy.deepcopy(options)
            ),
            id=f"{name}-{options}"[:60],
        )
    for i, (parts, milestones) in enumerate(SEQUENCES):
        yield pytest.param(
            lambda module, optimizer, parts=parts, milestones=milestones: module.SequentialLR(
                optimizer,
                [getattr(module, name)(optimizer, **options) for name, options in parts],
                milestones,
            ),
            id=f"sequence-{i}",
        )
    for i, parts in enumerate(CHAINS):
        yield pytest.param(
            lambda module, optimizer, parts=parts: module.ChainedScheduler(
                [getattr(module, name)(optimizer, **options) for name, options in parts]
            ),
            id=f"chain-{i}",
        )


@pytest.mark.filterwarnings("ignore")  # PyTorch's own use of what it deprecates
@pytest.mark.parametrize("order", ["bos", "obs", "bso"])
@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("build", [*builders()])
def test_interrupted_runs_go_on_as_pytorchs_that_is_not(build, name, order):
    """Broken off at several points; b: build the schedule, o, s: load the state of each."""
    optimizer, peer = optimizers(name)
    scheduler, other = build(lr_scheduler, optimizer), build(peers, peer)
    for t in range(STEPS + 1):
        assert_same(optimizer, peer)
        if t in (0, 1, 5, 20, STEPS):
            saved, state = optimizer.state_dict(), scheduler.state_dict()
            optimizer, _ = optimizers(name)
            for group in optimizer.param_groups:
                group["lr"] = 0.7
            for action in order:
                if action == "b":
                    scheduler = build(lr_scheduler, optimizer)
                elif action == "o":
                    optimizer.load_state_dict(saved)
                else:
                    scheduler.load_state_dict(state)
            assert_same(optimizer, peer)
        if t < STEPS:
            optimizer.step()
            peer.step()
            scheduler.step()
            other.step()


@pytest.mark.parametrize("name", ["StepLR", "LinearLR", "PolynomialLR", "ExponentialLR"])
def test_a_learning_rate_changed_in_between_stays_changed(name):
    options = dict(next(options for other, options in CASES if other == name and options))
    optimizer, peer = optimizers()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    other = getattr(peers, name)(peer, **options)
    run(optimizer, scheduler, peer, other, 3)
    for group in [*optimizer.param_groups, *peer.param_groups]:
        group["lr"] *= 0.25
    run(optimizer, scheduler, peer, other)


@pytest.mark.parametrize("T_mult", [1, 2])
def test_restarts_go_to_any_fraction_of_an_epoch(T_mult):
    optimizer, peer = optimizers()
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, T_mult)
    other = peers.CosineAnnealingWarmRestarts(peer, 3, T_mult)
    optimizer.step()
    peer.step()
    for i in range(1, 100):
        scheduler.step(i / 7)
        other.step(i / 7)
        assert_same(optimizer, peer)


@pytest.mark.parametrize("options", [
    {},
    {"patience": 2, "factor": 0.5},
    {"mode": "max", "patience": 1, "cooldown": 2},
    {"patience": 0, "threshold": 0.05, "threshold_mode": "abs", "min_lr": [0.01, 0.1]},
    {"mode": "max", "patience": 0, "threshold": 0.1, "threshold_mode": "abs", "min_lr": 0.02},
    {"patience": 0, "threshold": 0.2, "cooldown": 1, "factor": 0.9, "eps": 1e-2},
], ids=str)  # fmt: skip
def test_plateau(options):
    optimizer, peer = optimizers()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    other = peers.ReduceLROnPlateau(peer, **options)
    rng = np.random.default_rng(0)
    for i in range(60):
        metric = 3 / (1 + i) + rng.uniform(0, 0.3) if i != 7 else math.nan
        scheduler.step(metric)
        other.step(metric)
        assert_same(optimizer, peer)
        for name in ("best", "num_bad_epochs", "cooldown_counter", "last_epoch"):
            assert getattr(scheduler, name) == getattr(other, name)


def test_signatures():
    for name in lr_scheduler.__all__:
        ours = inspect.signature(getattr(lr_scheduler, name)).parameters
        theirs = inspect.signature(getattr(peers, name)).parameters
        assert [(p.name, p.default) for p in ours.values()] == [
            (p.name, p.default) for p in theirs.values()
        ]


def test_nothing_is_missing():
    missing = {n for n in peers.__all__ if n not in lr_scheduler.__all__}
    assert not missing
