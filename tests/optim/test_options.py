"""Options: each of every optimizer and schedule, with values of the wrong type and out of range."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import LBFGS, SGD, Optimizer, lr_scheduler
from optim.lr_scheduler import LRScheduler, StepLR
from optim.options import (
    check,
    choice,
    function,
    number,
    optional,
    per_group,
    several,
    shown,
    switch,
    whole,
)

INF, NAN = math.inf, math.nan
NO_NUMBER = ["1", None, True, False, np.True_, [0.5], (0.5,), 1j, np.array(0.5), Tensor(0.5), min]

# What each kind of option takes, and what it does not.
KINDS = {
    ">= 0": ([0, 0.0, 1, 2.5, np.float32(0.5), np.int64(2)], [*NO_NUMBER, NAN, INF, -INF, -1e-9]),
    "> 0": ([1e-9, 1, 25.0], [*NO_NUMBER, NAN, INF, 0, 0.0, -1]),
    ">= 1": ([1, 1.0, 3], [*NO_NUMBER, NAN, INF, 0.999, -1]),
    "<= 0": ([0, -0.8, -3], [*NO_NUMBER, NAN, -INF, 1e-9]),
    "0 to 1": ([0, 0.3, 1, 1.0], [*NO_NUMBER, NAN, INF, -INF, -0.1, 1.001]),
    "0 to below 1": ([0, 0.3, 0.999], [*NO_NUMBER, NAN, INF, -0.1, 1, 1.0]),
    "switch": ([True, False, np.False_], ["no", "", None, 0, 1, 0.0, NAN, [], np.array(True)]),
    "whole >= 0": ([0, 1, np.int32(7)], [*NO_NUMBER, NAN, INF, -1, 0.5, 2.0]),
    "whole >= 1": ([1, 7, np.int32(7)], [*NO_NUMBER, NAN, INF, 0, -1, 2.5, 2.0]),
    "whole to 99": ([0, 99], [*NO_NUMBER, NAN, -1, 100, 2.0]),
    "betas": (
        [(0, 0), (0.9, 0.999), [0.5, np.float32(0.5)]],
        [0.9, None, "ab", (0.9,), (0.9, 0.9, 0.9), (0.9, 1.0), (-0.1, 0.9), (NAN, 0.9), (0.9, True),
         ("0.9", 0.9), np.array([0.9, 0.9]), {0.9: 1, 0.8: 2}],
    ),
    "etas": ([(0.5, 1.2)], [0.5, (0.0, 2), (1.0, 1.2), (0.5, 1.0), (0.5, INF), (NAN, 2), (1, 2)]),
    "step sizes": (
        [(0, 1), (0.5, 0.5)], [1, (1.0, 0.5), (-1, 1), (0, INF), (NAN, 1), (False, 1), (0, 1, 2)],
    ),
    "eps of Adafactor": (
        [(None, 0.1), (0, 0), (1e-3, 1)],
        [1e-8, None, (None, None), (0.1, None), (NAN, 0.1), (None, -1), (True, 1), (-1, 0), (1,)],
    ),
    "three": ([(1, -2.0, 0)], [1.0, (1, 2), (1, 2, 3, 4), (1, 2, NAN), (INF, 0, 0), (1, 2, True)]),
    "line search": ([None, "strong_wolfe"], ["armijo", True, 1, "", NAN, ["strong_wolfe"]]),
    "adjust": ([None, "original", "match_rms_adamw"], ["none", False, 0, NAN]),
    "last epoch": ([-1], [*NO_NUMBER, NAN, -2, 0.5, -1.0]),
    "steps or None": ([12, None], [*[x for x in NO_NUMBER if x is not None], NAN, 0, 2.5]),
    "anneal": (["cos", "linear"], ["sin", None, 1, True]),
    "mode of cycles": (["triangular", "triangular2", "exp_range"], ["square", None, 0, True]),
    "scale mode": (["cycle", "iterations"], ["x", None, 1]),
    "min or max": (["min", "max"], ["least", None, 1, True]),
    "rel or abs": (["rel", "abs"], ["x", None, 1, True]),
    "function or None": ([None, abs], [1, "abs", True]),
    "each >= 0": (
        [0, 0.5, [0.5], (1,)],
        ["1", None, True, 1j, Tensor(0.5), NAN, INF, -1, [-1], [None], [True], [NAN], [0.5, 1], [],
         {0: 0.5}],
    ),
    "each below 1": ([0, 0.5, [0.5]], ["1", None, True, NAN, 1, -0.1, [1.0], ["1"], [0.5, 0.5]]),
    "functions": ([abs, [abs]], [1, None, 0.9, "abs", [1], [abs, abs], []]),
    "milestones": ([[1, 2], (3,), range(3), []], [30, None, "12", [1.5], [-1], [None], [True]]),
}  # fmt: skip

SHARED = {
    "lr": ">= 0", "momentum": ">= 0", "eps": ">= 0", "weight_decay": ">= 0", "betas": "betas",
    "maximize": "switch", "amsgrad": "switch", "nesterov": "switch", "centered": "switch",
    "decoupled_weight_decay": "switch", "dampening": "0 to 1", "rho": "0 to 1", "lr_decay": ">= 0",
    "initial_accumulator_value": ">= 0", "momentum_decay": ">= 0", "lambd": ">= 0", "t0": ">= 0",
    "alpha": ">= 0", "d": ">= 1", "beta2_decay": "<= 0", "etas": "etas", "step_sizes": "step sizes",
    "ns_coefficients": "three", "ns_steps": "whole to 99", "adjust_lr_fn": "adjust",
    "max_iter": "whole >= 1", "max_eval": "whole >= 1", "history_size": "whole >= 1",
    "tolerance_grad": ">= 0", "tolerance_change": ">= 0", "line_search_fn": "line search",
}  # fmt: skip
OF_ONE = {("RMSprop", "alpha"): "0 to below 1", ("Adafactor", "eps"): "eps of Adafactor"}
OPTIMIZERS = [
    name
    for name in optim.__all__
    if isinstance(getattr(optim, name), type)
    and issubclass(getattr(optim, name), Optimizer)
    and name not in ("Optimizer", "AllReduce")  # which has the options of another
]
#: (class, option, kind), from the signatures: an option that is new needs a kind.
OPTIONS = [
    (name, option, OF_ONE.get((name, option)) or SHARED[option])
    for name in OPTIMIZERS
    for option in inspect.signature(getattr(optim, name)).parameters
    if option != "params"
]


def leaf():
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    w.grad = np.ones((2, 2))
    return w


def same(a, b):
    return pickle.dumps(a) == pickle.dumps(b)


@pytest.mark.parametrize(("name", "option", "kind"), OPTIONS)
def test_what_an_option_of_an_optimizer_takes(name, option, kind):
    """When it is made, in a group, in a state, and by hand."""
    cls = getattr(optim, name)
    for value in KINDS[kind][0]:
        with_it = {option: value}
        if value and option == "nesterov" and name == "SGD":
            with_it["momentum"] = 0.9
        if not value and option == "decoupled_weight_decay" and name == "AdamW":
            continue
        optimizer = cls([leaf()], **with_it)
        group = optimizer.param_groups[0]
        np.testing.assert_equal(group[option], value)
        assert cls([{"params": [leaf()], **with_it}]).param_groups[0][option] == value
        optimizer.step(*[lambda: 1.0] * (name == "LBFGS"))
        assert not isinstance(group[option], np.generic)


@pytest.mark.parametrize(("name", "option", "kind"), OPTIONS)
def test_what_an_option_of_an_optimizer_does_not_take(name, option, kind):
    cls = getattr(optim, name)
    optimizer = cls([leaf()])
    step = [lambda: 1.0] * (name == "LBFGS")
    (w,) = optimizer.param_groups[0]["params"]
    state = optimizer.state_dict()
    for value in KINDS[kind][1]:
        if (option, value) == ("max_eval", None):
            continue  # of its own accord 5 / 4 of max_iter
        message = rf"^{name}: {option}(\[\d\])?: got .*expected "
        for make in (
            lambda value=value: cls([leaf()], **{option: value}),
            lambda value=value: cls([{"params": [leaf()], option: value}]),
        ):
            with pytest.raises((TypeError, ValueError), match=message):
                make()
        if name != "LBFGS":
            with pytest.raises((TypeError, ValueError), match=message):
                optimizer.add_param_group({"params": [leaf()], option: value})
        changed = copy.deepcopy(state)
        changed["param_groups"][0][option] = value
        with pytest.raises(ValueError, match=rf"nothing was loaded:\n- group 0: {option}.*: got"):
            optimizer.load_state_dict(changed)
        assert same(optimizer.state_dict(), state)
        if (name, option, value) == ("Rprop", "step_sizes", (1.0, 0.5)):
            continue  # how two go together is looked at when they are given
        before = optimizer.param_groups[0][option]
        optimizer.param_groups[0][option] = value
        with pytest.raises((TypeError, ValueError), match=message):
            optimizer.step(*step)
        assert w.data.tolist() == [[1, 1], [1, 1]]
        optimizer.param_groups[0][option] = before
    optimizer.step(*step)


def test_an_option_changed_by_hand_is_looked_at_once():
    looked = []

    class Looking(SGD):
        expected = SGD.expected | {"lr": lambda _name, value: looked.append(value)}

    optimizer = Looking([{"params": [leaf()]}, {"params": [leaf()], "lr": 2.0}], lr=1.0)
    looked.clear()
    optimizer.step()
    optimizer.step()
    assert looked == [1.0, 2.0]
    optimizer.param_groups[1]["lr"] = 3.0
    optimizer.step()
    optimizer.step()
    assert looked == [1.0, 2.0, 3.0]
    optimizer.param_groups[1]["initial_lr"] = 3.0
    optimizer.step()
    assert looked == [1.0, 2.0, 3.0, 3.0]


def test_an_optimizer_of_ones_own_has_its_own_table():
    class Own(Optimizer):
        expected = Optimizer.expected | {"beta": number(0, 1, below=True)}

    assert Own([leaf()], {"beta": 0.5, "lr": 1}).param_groups[0]["beta"] == 0.5
    with pytest.raises(ValueError, match="Own: beta: got 1, expected a number >= 0 and < 1"):
        Own([leaf()], {"beta": 1})
    with pytest.raises(TypeError, match="Own: maximize: got 0, an int, expected True or False"):
        Own([leaf()], {"beta": 0.5, "maximize": 0})


#: As PyTorch documents them.
DEFAULTS = {
    "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False},
    "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False,
             "decoupled_weight_decay": False},
    "AdamW": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2,
              "amsgrad": False},
    "NAdam": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0,
              "momentum_decay": 4e-3, "decoupled_weight_decay": False},
    "RAdam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0,
              "decoupled_weight_decay": False},
    "Adamax": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0},
    "Adagrad": {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0,
                "eps": 1e-10},
    "Adadelta": {"lr": 1, "rho": 0.9, "eps": 1e-6, "weight_decay": 0},
    "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0,
                "centered": False},
    "Rprop": {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50)},
    "ASGD": {"lr": 1e-2, "lambd": 1e-4, "alpha": 0.75, "t0": 1e6, "weight_decay": 0},
    "LBFGS": {"lr": 1, "max_iter": 20, "max_eval": None, "tolerance_grad": 1e-7,
              "tolerance_change": 1e-9, "history_size": 100, "line_search_fn": None},
    "Adafactor": {"lr": 1e-2, "beta2_decay": -0.8, "eps": (None, 1e-3), "d": 1, "weight_decay": 0},
    "Muon": {"lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "nesterov": True,
             "ns_coefficients": (3.4445, -4.7750, 2.0315), "eps": 1e-7, "ns_steps": 5,
             "adjust_lr_fn": None},
    "LambdaLR": {}, "MultiplicativeLR": {}, "StepLR": {"gamma": 0.1}, "MultiStepLR": {"gamma": 0.1},
    "ConstantLR": {"factor": 1 / 3, "total_iters": 5},
    "LinearLR": {"start_factor": 1 / 3, "end_factor": 1, "total_iters": 5},
    "ExponentialLR": {}, "PolynomialLR": {"total_iters": 5, "power": 1},
    "CosineAnnealingLR": {"eta_min": 0}, "CosineAnnealingWarmRestarts": {"T_mult": 1, "eta_min": 0},
    "OneCycleLR": {"total_steps": None, "epochs": None, "steps_per_epoch": None, "pct_start": 0.3,
                   "anneal_strategy": "cos", "cycle_momentum": True, "base_momentum": 0.85,
                   "max_momentum": 0.95, "div_factor": 25, "final_div_factor": 1e4,
                   "three_phase": False},
    "CyclicLR": {"step_size_up": 2000, "step_size_down": None, "mode": "triangular", "gamma": 1,
                 "scale_fn": None, "scale_mode": "cycle", "cycle_momentum": True,
                 "base_momentum": 0.8, "max_momentum": 0.9},
    "SequentialLR": {}, "ChainedScheduler": {"optimizer": None}, "LRScheduler": {},
    "ReduceLROnPlateau": {"mode": "min", "factor": 0.1, "patience": 10, "threshold": 1e-4,
                          "threshold_mode": "rel", "cooldown": 0, "min_lr": 0, "eps": 1e-8},
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_pytorch(name):
    parameters = inspect.signature(getattr(optim, name)).parameters.values()
    given = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert given.pop("last_epoch", -1) == -1
    assert given.pop("maximize", False) is False
    assert given == DEFAULTS[name]
    if name in OPTIMIZERS:
        options = {**getattr(optim, name)([leaf()]).param_groups[0]}
        assert {key: options[key] for key in given} == given | (
            {"max_eval": 25} if name == "LBFGS" else {}
        )


def test_the_table_of_defaults_is_complete():
    assert DEFAULTS.keys() == {*OPTIMIZERS, *lr_scheduler.__all__}


# Schedules

ARGUMENTS = {
    "last_epoch": "last epoch", "lr_lambda": "functions", "step_size": "whole >= 1",
    "gamma": ">= 0", "milestones": "milestones", "factor": "0 to 1", "total_iters": "whole >= 1",
    "power": ">= 0",
    "start_factor": "0 to 1", "end_factor": "0 to 1", "T_max": "whole >= 1", "eta_min": ">= 0",
    "T_0": "whole >= 1", "T_mult": "whole >= 1", "max_lr": "each >= 0", "base_lr": "each >= 0",
    "total_steps": "steps or None", "epochs": "steps or None", "steps_per_epoch": "steps or None",
    "pct_start": "0 to 1", "anneal_strategy": "anneal", "cycle_momentum": "switch",
    "base_momentum": "each below 1", "max_momentum": "each below 1", "div_factor": "> 0",
    "final_div_factor": "> 0", "three_phase": "switch", "step_size_up": "whole >= 1",
    "step_size_down": "steps or None", "mode": "mode of cycles", "scale_fn": "function or None",
    "scale_mode": "scale mode", "patience": "whole >= 0", "threshold": ">= 0",
    "threshold_mode": "rel or abs", "cooldown": "whole >= 0", "min_lr": "each >= 0", "eps": ">= 0",
}  # fmt: skip
OF_ONE_SCHEDULE = {
    ("ConstantLR", "total_iters"): "whole >= 0",
    ("ReduceLROnPlateau", "mode"): "min or max",
    ("ReduceLROnPlateau", "factor"): "0 to below 1",
}
NEEDED = {
    "LambdaLR": {"lr_lambda": abs}, "MultiplicativeLR": {"lr_lambda": abs},
    "StepLR": {"step_size": 2}, "MultiStepLR": {"milestones": [2]}, "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 3},
    "CosineAnnealingWarmRestarts": {"T_0": 3}, "OneCycleLR": {"max_lr": 1.0, "total_steps": 9},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 1.0},
}  # fmt: skip
SETTINGS = [
    (name, option, OF_ONE_SCHEDULE.get((name, option)) or ARGUMENTS[option])
    for name in lr_scheduler.__all__
    if name not in ("LRScheduler", "SequentialLR", "ChainedScheduler")
    for option in inspect.signature(getattr(lr_scheduler, name)).parameters
    if option != "optimizer"
]


def optimizer():
    return SGD([leaf()], lr=0.1, momentum=0.9)


@pytest.mark.parametrize(("name", "option", "kind"), SETTINGS)
def test_what_a_setting_of_a_schedule_takes(name, option, kind):
    cls, needed = getattr(lr_scheduler, name), NEEDED.get(name, {})
    good, bad = KINDS[kind]
    for value in good:
        if option == "total_steps" and value is None:
            continue  # then both others are needed
        of = optimizer()
        cls(of, **{**needed, option: value})
        of.step()  # the rate and the momentum are fine, too
    for value in bad:
        with pytest.raises(
            (TypeError, ValueError), match=rf"^{name}: {option}(\[\d\])?: got .*expe"
        ):
            cls(optimizer(), **{**needed, option: value})


@pytest.mark.parametrize("name", sorted({name for name, _, _ in SETTINGS}))
def test_what_a_state_of_a_schedule_may_have_in_it(name):
    scheduler = getattr(lr_scheduler, name)(optimizer(), **NEEDED.get(name, {}))
    state = scheduler.state_dict()
    assert state.keys() <= scheduler.expected.keys() | {"pct_start"}
    for key, value in state.items():
        for wrong in ("x", {}, [math.nan], math.nan, min):
            if value is None or (isinstance(value, str) and wrong == value):
                continue
            with pytest.raises((TypeError, ValueError), match=key):
                scheduler.load_state_dict({**state, key: wrong})
    assert scheduler.state_dict() == state
    scheduler.load_state_dict(state)
    assert scheduler.state_dict() == state


def test_settings_of_schedules_of_schedules():
    of = optimizer()
    one = StepLR(of, 2)
    for make, message in [
        (lambda: lr_scheduler.SequentialLR(of, one, []), "SequentialLR: schedulers: got .*a list"),
        (
            lambda: lr_scheduler.SequentialLR([one], of, []),
            "SequentialLR: schedulers: got .*a list",
        ),
        (lambda: lr_scheduler.SequentialLR(of, [one, one], 3), "milestones: got 3, an int, expec"),
        (lambda: lr_scheduler.SequentialLR(of, [one, one], [2.5]), r"milestones\[0\]: got 2.5"),
        (lambda: lr_scheduler.SequentialLR(of, [one], [], 0.5), "last_epoch: got 0.5"),
        (
            lambda: lr_scheduler.SequentialLR(of, [one, 3], [3]),
            "scheduler 1 is a int, expected a s",
        ),
        (lambda: lr_scheduler.ChainedScheduler(one), "ChainedScheduler: schedulers: got .*a list"),
        (lambda: lr_scheduler.ChainedScheduler([of]), "scheduler 0 is a SGD, expected a schedule"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            make()


@pytest.mark.parametrize("epoch", [x for x in NO_NUMBER if x is not None] + [NAN, INF, -1, -0.5])
def test_an_epoch_is_a_number(epoch):
    """A loss, for example, is for ReduceLROnPlateau."""
    scheduler = StepLR(optimizer(), 2)
    scheduler.optimizer.step()
    with pytest.raises((TypeError, ValueError), match=r"StepLR\.step: epoch: got .*expected"):
        scheduler.step(epoch)
    assert scheduler.last_epoch == 0
    scheduler.step(0)
    scheduler.step(np.int64(3))
    assert scheduler.last_epoch == 3


def test_a_rate_that_a_schedule_makes_impossible_is_found_at_the_step():
    of = optimizer()
    scheduler = lr_scheduler.LambdaLR(of, lambda t: 1 - t)
    of.step()
    scheduler.step()
    scheduler.step()
    with pytest.raises(ValueError, match=r"SGD: lr: got -0\.1, expected a number >= 0"):
        of.step()


# States that are none


@pytest.mark.parametrize("state", ["m.npz", None, 3, [1, 2], SGD, leaf])
def test_what_is_no_state(state):
    of = optimizer()
    for one, name in (of, "SGD"), (StepLR(of, 3), "StepLR"), (LBFGS([leaf()]), "LBFGS"):
        with pytest.raises(
            TypeError, match=rf"^{name}\.load_state_dict: got .*{name}\.state_dict\(\)"
        ):
            one.load_state_dict(state)
    with pytest.raises(TypeError, match=r"a file is read by nn.load\('m.npz'\)$"):
        of.load_state_dict("m.npz")
    with pytest.raises(TypeError, match=r"call it\? state_dict\(\)$"):
        of.load_state_dict(of.state_dict)


@pytest.mark.parametrize(
    "state",
    [
        {"state": 3, "param_groups": []},
        {"state": {}, "param_groups": 3},
        {"state": {0: 1}, "param_groups": [{}]},
        {"state": {}, "param_groups": ["lr"]},
    ],
)
def test_a_state_of_another_form(state):
    with pytest.raises(
        TypeError, match=r"expected a dict of dicts as \"state\", and a list of dic"
    ):
        optimizer().load_state_dict(state)


def test_numbers_and_arrays_in_the_state_of_a_parameter():
    adam = optim.NAdam([leaf()])
    adam.step()
    state = adam.state_dict()
    before = copy.deepcopy(state)
    for name, value, message in [
        ("step", "3", "step: got '3', a str, expected a number"),
        ("step", True, "step: got True"),
        ("step", NAN, "step: got nan, expected a finite number"),
        ("step", np.ones(2), "step: got array"),
        ("step", -1, "step: got -1, expected a number >= 0"),
        ("mu_product", [0.5], r"mu_product: got \[0.5\], a list"),
        ("exp_avg", [[0.0, 0.0], [0.0, 0.0]], "exp_avg: got .*, a list, expected an array"),
        ("exp_avg", 0.0, "exp_avg: got 0.0, a float, expected an array"),
        ("exp_avg", np.zeros(4), r"exp_avg of shape \(4,\), expected \(2, 2\)"),
    ]:
        with pytest.raises(ValueError, match=f"- parameter 0: {message}"):
            adam.load_state_dict({**state, "state": {0: {**state["state"][0], name: value}}})
    assert same(adam.state_dict(), before)
    adam.load_state_dict({**state, "state": {0: {**state["state"][0], "step": np.array([4.0])}}})
    (entry,) = adam.state.values()
    assert entry["step"] == 4
    assert type(entry["step"]) is int


# The checks themselves


def refused(test, value):
    try:
        test("x", value)
    except (TypeError, ValueError) as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        (number(), 0, None),
        (number(), -1, (ValueError, "x: got -1, expected a number >= 0")),
        (number(), NAN, (ValueError, "x: got nan, expected a finite number >= 0")),
        (number(), INF, (ValueError, "x: got inf, expected a finite number >= 0")),
        (number(), 10**400, None),
        (number(finite=False), INF, None),
        (number(finite=False), NAN, (ValueError, "x: got nan, expected a number >= 0")),
        (number(-INF), -INF, (ValueError, "x: got -inf, expected a finite number")),
        (number(-INF, finite=False), -INF, None),
        (number(-INF, 0), 0, None),
        (number(-INF, 0), 1, (ValueError, "x: got 1, expected a number <= 0")),
        (number(-INF, 0, below=True), 0, (ValueError, "x: got 0, expected a number < 0")),
        (number(1, 2), 1, None),
        (number(1, 2), 2, None),
        (number(1, 2, above=True), 1, (ValueError, "x: got 1, expected a number > 1 and <= 2")),
        (number(1, 2, below=True), 2, (ValueError, "x: got 2, expected a number >= 1 and < 2")),
        (number(), "1", (TypeError, "x: got '1', a str, expected a number >= 0")),
        (number(-INF), None, (TypeError, "x: got None, expected a number")),
        (number(), [0] * 99, (TypeError, "x: got [" + "0, " * 18 + "0,..., a list, expected a n"
                                         "umber >= 0")),
        (whole(), 0, None),
        (whole(1, 2), 2, None),
        (whole(1, 2), 1, None),
        (whole(1, 2), 3, (ValueError, "x: got 3, expected a whole number from 1 to 2")),
        (whole(), -1, (ValueError, "x: got -1, expected a whole number, at least 0")),
        (whole(), 1.0, (ValueError, "x: got 1.0, expected a whole number, at least 0")),
        (whole(), True, (TypeError, "x: got True, a bool, expected a whole number, at least 0")),
        (switch, 1, (TypeError, "x: got 1, an int, expected True or False")),
        (choice("a", "b", None), None, None),
        (choice("a", "b", None), "c", (ValueError, "x: got 'c', expected 'a', 'b' or None")),
        (choice("a", "b"), None, (ValueError, "x: got None, expected 'a' or 'b'")),
        (choice("a", "b"), 1, (TypeError, "x: got 1, an int, expected 'a' or 'b'")),
        (function, 1, (TypeError, "x: got 1, an int, expected a function")),
        (optional(number()), None, None),
        (optional(number()), -1, (ValueError, "x: got -1, expected a number >= 0")),
        (several(number(), switch), (1, True), None),
        (several(number(), switch), [1, 1], (TypeError, "x[1]: got 1, an int, expected True or F"
                                                        "alse")),
        (several(switch, switch), [1], (ValueError, "x: got [1], expected a tuple of two values")),
        (several(number()), 1, (TypeError, "x: got 1, an int, expected a tuple of 1 values")),
        (per_group(number()), (1, -1), (ValueError, "x[1]: got -1, expected a number >= 0")),
        (per_group(number()), -1, (ValueError, "x: got -1, expected a number >= 0")),
    ],
)  # fmt: skip
def test_checks(test, value, expected):
    assert refused(test, value) == expected


def test_check_tells_the_owner_and_passes_over_what_it_does_not_know():
    check("Own", {"a": number()}, {"a": 1, "b": -1})
    with pytest.raises(ValueError, match=r"^Own: a: got -1"):
        check("Own", {"a": number()}, {"b": -1, "a": -1})
    with pytest.raises(ValueError, match=r"^a: got -1"):
        check("", {"a": number()}, {"a": -1})


def test_every_schedule_is_in_the_table():
    assert {name for name, _, _ in SETTINGS} | {"SequentialLR", "ChainedScheduler"} == {
        name for name in lr_scheduler.__all__ if name != "LRScheduler"
    }
    assert len(OPTIMIZERS) == 14
    assert issubclass(StepLR, LRScheduler)


def test_numbers_of_a_state_may_be_tensors_of_others():
    """PyTorch's have a method `size`, where NumPy's have a number."""

    class Foreign:
        shape = ()

        def size(self):
            return self.shape

        def item(self):
            return 3.0

        def __array__(self, dtype=None, copy=None):
            return np.array(3.0, dtype)

    adam = optim.Adam([leaf()])
    adam.step()
    state = adam.state_dict()
    adam.load_state_dict({**state, "state": {0: {**state["state"][0], "step": Foreign()}}})
    (entry,) = adam.state.values()
    assert entry["step"] == 3


@pytest.mark.parametrize(
    ("length", "told"), [(60, "[" + "1" * 58 + "]"), (61, "[" + "1" * 56 + "...")]
)
def test_a_wrong_value_is_shown_whole_up_to_60_letters(length, told):
    assert shown([int("1" * (length - 2))]) == f"{told}, a list"
