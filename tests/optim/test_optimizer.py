"""What all optimizers share: groups, the loop, state, saving and loading, blocks."""

import contextlib
import copy
import pickle
import re
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from autograd import LeafChangedError, Tensor, no_grad
from optim import LBFGS, SGD, Adam, AdamW, Optimizer, RMSprop, blocks


def kind(name, *extra, **options):
    def make(params):
        return getattr(optim, name)(params, lr=0.1, **options)

    return pytest.param(make, id="-".join([name.lower(), *extra]))


# Every rule, with the options that add to its state. (Muon and LBFGS need files of their own: the
# one takes matrices only, the other a closure.)
ELEMENTWISE = [
    kind("SGD", weight_decay=0.1),
    kind("SGD", "nesterov", momentum=0.9, nesterov=True),
    kind("Adam", weight_decay=0.1),
    kind("AdamW", "amsgrad", amsgrad=True),
    kind("NAdam", weight_decay=0.1),
    kind("RAdam", "plain-then-adaptive", betas=(0.5, 0.9), decoupled_weight_decay=True),
    kind("Adamax", weight_decay=0.1),
    kind("Adagrad", lr_decay=0.1, initial_accumulator_value=0.1),
    kind("Adadelta", weight_decay=0.1),
    kind("RMSprop"),
    kind("RMSprop", "centered-momentum", centered=True, momentum=0.9),
    kind("Rprop"),
    kind("ASGD", "averaging", t0=1, lambd=0.1),
]
every_kind = pytest.mark.parametrize("make", [*ELEMENTWISE, kind("Adafactor", weight_decay=0.1)])
every_elementwise_kind = pytest.mark.parametrize("make", ELEMENTWISE)


class Recorder(Optimizer):
    """A rule that moves nothing and writes down what it is given."""

    def __init__(self, params, **options):
        self.seen = []
        super().__init__(params, {"lr": 1.0, "flavour": "plain", **options})

    def update(self, param, grad, state, group):
        assert type(param) is type(grad) is np.ndarray
        self.seen.append((param.shape, grad.copy(), state["step"], group["lr"]))


def leaf(*shape, dtype=np.float32, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape)
    return Tensor(np.asarray(values, dtype), requires_grad=True)


def give_grads(params, seed):
    rng = np.random.default_rng([1, seed])
    for param in params:
        param.grad = rng.standard_normal(param.shape)


# Parameters and groups


def test_parameters_come_as_tensors_pairs_or_groups():
    a, b, c = leaf(2), leaf(3), leaf()
    assert Recorder([a, b]).param_groups[0]["params"] == [a, b]
    assert Recorder(iter([a, b])).param_groups[0]["params"] == [a, b]
    named = Recorder({"a": a, "b": b}.items()).param_groups[0]
    assert named["params"] == [a, b]
    assert named["param_names"] == ["a", "b"]
    groups = Recorder(
        [{"params": a}, {"params": (t for t in [b]), "lr": 5.0}, {"params": [("c", c)]}], lr=2.0
    ).param_groups
    assert [group["params"] for group in groups] == [[a], [b], [c]]
    assert [group["lr"] for group in groups] == [2.0, 5.0, 2.0]
    assert ["param_names" in group for group in groups] == [False, False, True]


def test_the_callers_group_is_not_written_to():
    a = leaf(2)
    group = {"params": [a], "lr": 5.0}
    Recorder([group]).param_groups[0]["lr"] = 7.0
    assert group == {"params": [a], "lr": 5.0}


def test_each_group_steps_with_its_options_of_the_moment():
    a, b, late = leaf(2), leaf(3), leaf(4)
    optimizer = Recorder([{"params": [a]}, {"params": [b], "lr": 5.0}])
    optimizer.param_groups[0]["lr"] *= 0.5
    optimizer.add_param_group({"params": [late], "lr": 9.0})
    give_grads([a, b, late], 0)
    optimizer.step()
    assert [(shape, lr) for shape, _, _, lr in optimizer.seen] == [
        ((2,), 0.5), ((3,), 5.0), ((4,), 9.0),
    ]  # fmt: skip


class Model:
    def parameters(self):
        return []


class IterableModel(Model):
    def __iter__(self):
        return iter([Model()])


def used_up(*items):
    """A generator with nothing left."""
    generator = (item for item in items)
    list(generator)
    return generator


BAD_PARAMS = [
    ([], ValueError, r"model.parameters\(\) is empty"),
    ([{"params": []}], ValueError, r"model.parameters\(\) is empty"),
    (leaf(2), TypeError, r"got Tensor, expected .*\[tensor\]"),
    ({"w": leaf(2)}, TypeError, r"got dict, .*params.items\(\)"),
    ({leaf(2)}, TypeError, r"got set, expected Tensors in order"),
    (Model(), TypeError, r"got Model, expected .*; here Model's: model.parameters\(\)$"),
    (IterableModel(), TypeError, r"parameter 0: got Model, .*; of a model, model.parameters\(\)$"),
    (used_up(leaf(2)), ValueError, r"params: got a generator with nothing in it.*list\(model.par"),
    (iter([]), ValueError, r"params: got a list_iterator with nothing in it, or nothing left"),
    ([{"params": leaf(2)}, {"params": used_up(leaf(2))}], ValueError, r"generator with nothing"),
    (0.1, TypeError, r"params: got float, expected Tensors in order"),
    ("w", TypeError, r"parameter 0: got str, expected a Tensor"),
    ({"w": np.ones(2)}.items(), TypeError, r"parameter w: got ndarray, .*a state_dict\(\) are not"),
    (Model().parameters, TypeError, r"got method, .*call it\? model.parameters\(\)"),
    ([leaf(2), np.ones(3)], TypeError, r"parameter 1: got ndarray, expected a Tensor"),
    ([("w", leaf(2)), ("b", 1.0)], TypeError, r"parameter b: got float, .* and a Tensor\)$"),
    ([leaf(2), ("b", leaf(2))], ValueError, r"names for some parameters of a group, not for all"),
    ([leaf(2) * 2], ValueError, r"parameter 0, of shape \(2,\), is the result of an op"),
    ([("w", Tensor([1.0]))], ValueError, r"none of the parameters requires gradients"),
    ([Tensor([1j], requires_grad=True)], TypeError, r"complex"),
    ([leaf(2), {"params": [leaf(2)]}], TypeError, r"groups and bare parameters together"),
    ([{"lr": 1.0}], ValueError, r"without \"params\", got \['lr'\]"),
    ([{"params": {leaf(2)}}], TypeError, r"got set"),
    ([{"params": [leaf(2)], "lrr": 1.0}], ValueError, r"unknown option 'lrr' .* maximize, lr"),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD_PARAMS)
def test_wrong_parameters_are_refused(params, error, message):
    with pytest.raises(error, match=f"Recorder: .*{message}"):
        Recorder(params)


def test_some_groups_may_be_empty_and_some_parameters_frozen():
    frozen = leaf(2)
    frozen.requires_grad = False
    optimizer = Recorder([{"params": []}, {"params": [frozen, leaf(3)]}])
    assert [len(group["params"]) for group in optimizer.param_groups] == [0, 2]


def test_a_group_is_a_dict():
    optimizer = Recorder([leaf(2)])
    with pytest.raises(
        TypeError, match=r"Recorder: a parameter group: got .*a Tensor, expected a d"
    ):
        optimizer.add_param_group(leaf(3))


MIXED = r"of 3 parameters 2 are float32 and 1 float64 \(parameter 1, of shape \(3,\), is float64\)"


@pytest.mark.parametrize(
    ("cls", "mixed"),
    [(cls, mixed) for cls in (SGD, Adam, AdamW, LBFGS) for mixed in ("parameters", "groups")],
)
def test_float32_beside_float64_is_said_once(cls, mixed):
    params = [leaf(2), leaf(3, dtype=np.float64), leaf(4)]
    groups = mixed == "groups" and cls is not LBFGS
    with pytest.warns(UserWarning, match=MIXED + r".* model.astype\(np.float32\)$") as said:
        optimizer = cls([{"params": [p]} for p in params] if groups else params, lr=0.1)
    assert len(said) == 1
    assert said[0].filename == __file__ or cls is AdamW  # which is two constructors deep
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(2):
            give_grads(params, seed)
            optimizer.step(*[lambda: 1.0] * (cls is LBFGS))
        optimizer.load_state_dict(copy.deepcopy(optimizer).state_dict())
        if cls is not LBFGS:
            optimizer.add_param_group({"params": [leaf(2, dtype=np.float64), leaf(5)]})
    assert [p.dtype for p in params] == [np.float32, np.float64, np.float32]


def test_float64_that_comes_later_is_said_once():
    optimizer = SGD([leaf(2), leaf(2)], lr=1.0)
    optimizer.add_param_group({"params": [leaf(2)]})
    with pytest.warns(UserWarning, match=r"4 parameters 3 are float32 and 1 float64") as said:
        optimizer.add_param_group({"params": [leaf(2, dtype=np.float64)]})
    assert [w.filename for w in said] == [__file__]
    optimizer.add_param_group({"params": [leaf(2)]})
    with pytest.warns(UserWarning, match=r"\(parameter 0, of shape \(3,\), is float32\)"):
        SGD([leaf(3), leaf(3, dtype=np.float64), leaf(3, dtype=np.float64)], lr=1.0)


@pytest.mark.parametrize("dtypes", [[np.float64] * 2, [np.float16, np.float32]])
def test_other_dtypes_are_not_said(dtypes):
    SGD([leaf(2, dtype=dtype) for dtype in dtypes], lr=1.0)


def test_a_parameter_given_twice_is_refused():
    a = leaf(2)
    with pytest.raises(ValueError, match=r"parameter 1, of shape \(2,\), is given twice"):
        Recorder([a, a])
    with pytest.raises(ValueError, match="given twice"):
        Recorder([{"params": [a]}, {"params": [a]}])


def test_a_refused_group_is_not_added():
    a = leaf(2)
    optimizer = Recorder([a])
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": [leaf(3), a]})
    with pytest.raises(ValueError, match="lr: got -1"):
        optimizer.add_param_group({"params": [leaf(3)], "lr": -1})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("make", "options", "error", "message"),
    [
        (SGD, {"lr": -0.1}, ValueError, "SGD: lr: got -0.1, expected a number >= 0"),
        (SGD, {"lr": float("nan")}, ValueError, "lr: got nan"),
        (SGD, {"lr": "0.1"}, TypeError, "lr: got '0.1', a str, expected a number"),
        (SGD, {"lr": leaf(1)}, TypeError, "lr: got .* a Tensor, expected a number"),
        (SGD, {"momentum": -1}, ValueError, "momentum: got -1"),
        (SGD, {"weight_decay": -1e-4}, ValueError, "weight_decay: got -0.0001"),
        (Adam, {"eps": -1e-8}, ValueError, "eps: got -1e-08"),
        (Adam, {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\]: got 1.0, .* >= 0 and < 1"),
        (Adam, {"betas": (-0.1, 0.9)}, ValueError, r"betas\[0\]: got -0.1"),
        (
            Adam,
            {"betas": 0.9},
            TypeError,
            "betas: got 0.9, a float, expected a tuple of two values",
        ),
        (Adam, {"betas": (0.9, 0.99, 0.999)}, ValueError, "betas: got .* a tuple of two values"),
        (Adam, {"betas": ("0.9", 0.99)}, TypeError, r"betas\[0\]: got '0.9'"),
        (AdamW, {"weight_decay": -1}, ValueError, "weight_decay: got -1"),
    ],
)
def test_options_out_of_range_are_refused(make, options, error, message):
    with pytest.raises(error, match=message):
        make([leaf(2)], **options)
    with pytest.raises(error, match=message):
        make([{"params": [leaf(2)], **options}])


@pytest.mark.parametrize("groups", [False, True])
def test_many_parameters_are_counted_a_few_times_only(groups, monkeypatch):
    """Whatever goes over all parameters does so once, not once for each."""
    counts = []
    plain = Optimizer._all_params

    def counting(self):
        params = plain(self)
        counts.append(len(params))
        return params

    monkeypatch.setattr(Optimizer, "_all_params", counting)
    params = [leaf() for _ in range(300)]
    optimizer = Adam([{"params": [p]} for p in params] if groups else params)
    give_grads(params, 0)
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad()
    repr(optimizer)
    assert sum(counts) < 20 * 300


# The loop


def test_an_optimizer_of_ones_own_is_five_lines():
    class SignDescent(Optimizer):
        def update(self, param, grad, state, group):
            param -= group["lr"] / state["step"] * np.sign(grad)

    w = Tensor([3.0, -3.0], requires_grad=True)
    optimizer = SignDescent([w], {"lr": 1.0})
    for _ in range(2):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    assert w.data.tolist() == [3 - 1 - 0.5, -3 + 1 + 0.5]


def test_an_optimizer_without_a_rule_says_what_to_write():
    optimizer = Optimizer([leaf(2)], {})
    give_grads(optimizer.param_groups[0]["params"], 0)
    with pytest.raises(NotImplementedError, match="Optimizer: write update"):
        optimizer.step()


@pytest.mark.parametrize("around", [contextlib.nullcontext, no_grad])
def test_a_closure_is_called_once_before_the_step_and_its_loss_returned(around):
    w = Tensor([1.0], requires_grad=True)
    optimizer = SGD([w], lr=0.25)
    losses = []

    def closure():
        optimizer.zero_grad()
        losses.append((w * w).sum())
        losses[-1].backward()
        return losses[-1]

    with around():
        assert optimizer.step(closure) is losses[0]
    assert len(losses) == 1
    assert w.data.tolist() == [0.5]
    assert optimizer.step() is None


@pytest.mark.parametrize("cls", [SGD, LBFGS])
def test_what_is_no_closure(cls):
    w = leaf(2)
    optimizer = cls([w], lr=1.0)
    loss = (w * w).sum()
    loss.backward()
    before = w.data.copy()
    for wrong in (loss, 0.5, "loss"):
        with pytest.raises(
            TypeError, match=rf"{cls.__name__}.step: closure: got .*a function that"
        ):
            optimizer.step(wrong)
    assert np.array_equal(w.data, before)


def test_zero_grad_forgets_the_gradients():
    a, b, frozen = leaf(2), leaf(2), leaf(2)
    optimizer = SGD([a, b, frozen], lr=1.0)
    frozen.requires_grad = False
    give_grads([a], 0)
    optimizer.zero_grad()
    assert a.grad is None
    assert b.grad is None
    give_grads([a], 0)
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0, 0]
    assert b.grad is None


def test_a_parameter_without_gradient_is_skipped():
    a, b = leaf(2), leaf(3)
    optimizer = Adam([a, b], lr=0.1)
    before = b.data.copy()
    give_grads([a], 0)
    optimizer.step()
    optimizer.step()
    assert np.array_equal(b.data, before)
    assert b not in optimizer.state
    give_grads([b], 0)
    optimizer.step()
    assert (optimizer.state[a]["step"], optimizer.state[b]["step"]) == (3, 1)
    assert np.allclose(b.data, before - 0.1 * np.sign(b.grad), atol=1e-6)  # as any first step


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_parameter_can_be_frozen_and_thawed(when):
    a, b = leaf(2, seed=1), leaf(2, seed=2)
    b.requires_grad = when == "after"
    optimizer = SGD([a, b], lr=1.0)
    b.requires_grad = False
    before = b.data.copy()
    (a * b).sum().backward()
    optimizer.step()
    assert np.array_equal(b.data, before)
    b.requires_grad = True
    (a * b).sum().backward()
    optimizer.step()
    assert not np.array_equal(b.data, before)


def test_a_step_without_any_gradient_warns_once():
    a = leaf(2)
    optimizer = SGD([a], lr=1.0)
    with pytest.warns(UserWarning, match=r"SGD.step\(\): no parameter has a gradient.*backward"):
        optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()


@every_kind
def test_maximize_is_minimizing_the_negative(make):
    up, down = leaf(5), leaf(5)
    climber, other = make([up]), make([down])
    climber.param_groups[0]["maximize"] = True
    for seed in range(4):
        give_grads([up], seed)
        down.grad = -up.grad
        climber.step()
        other.step()
    assert np.array_equal(up.data, down.data)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_rule_gets_arrays_even_of_single_numbers(maximize):
    scalar = leaf()
    optimizer = Recorder([scalar], maximize=maximize)
    scalar.grad = 3.0
    optimizer.step()
    ((shape, grad, step, lr),) = optimizer.seen
    assert (shape, grad, step, lr) == ((), -3.0 if maximize else 3.0, 1, 1.0)


@every_kind
@pytest.mark.parametrize("maximize", [False, True])
def test_gradients_are_only_read(make, maximize):
    a, scalar = leaf(4, 3), leaf()
    optimizer = make([{"params": [a, scalar], "maximize": maximize}])
    give_grads([a, scalar], 0)
    before = [a.grad.copy(), scalar.grad.copy()]
    for _ in range(3):
        optimizer.step()
    assert np.array_equal(a.grad, before[0])
    assert np.array_equal(scalar.grad, before[1])


@every_kind
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_everything_stays_in_the_parameters_dtype(make, dtype):
    params = [leaf(4, 3, dtype=dtype), leaf(dtype=dtype), leaf(0, dtype=dtype)]
    optimizer = make(params)
    optimizer.param_groups[0]["lr"] = np.float64(0.01)  # as a schedule with np.cos sets it
    for seed in range(3):
        give_grads(params, seed)
        optimizer.step()
    for param in params:
        assert param.data.dtype == dtype
        for value in optimizer.state[param].values():
            assert isinstance(value, int | float) or value.dtype == dtype
    assert type(optimizer.param_groups[0]["lr"]) is float


def test_numpy_numbers_in_pairs_become_pythons():
    w = leaf(3)
    optimizer = Adam([w], lr=0.1)
    optimizer.param_groups[0]["betas"] = (np.float64(0.8), 0.99)  # as a schedule sets it
    give_grads([w], 0)
    optimizer.step()
    assert [type(beta) for beta in optimizer.param_groups[0]["betas"]] == [float, float]


def test_a_numpy_learning_rate_changes_no_bit():
    a, b = leaf(100), leaf(100)
    plain, numpy = SGD([a], lr=0.1), SGD([b], lr=np.float64(0.1))
    give_grads([a], 0)
    b.grad = a.grad
    plain.step()
    numpy.step()
    assert np.array_equal(a.data, b.data)


@every_elementwise_kind
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (200, 300), (1, 70_000), (3, 50_000)])
def test_any_shape_and_layout_steps_as_its_numbers_do(make, shape):
    """Large arrays are cut into blocks, by the layout; a 1-d array a number at a time is not."""
    size = int(np.prod(shape))
    layouts = [leaf(*shape), leaf(*shape), leaf(*shape)]
    layouts[1].data = layouts[1].data.copy(order="F")
    layouts[2].data = np.repeat(layouts[2].data[..., None], 2, -1)[..., 0]
    pieces = [
        Tensor(piece, requires_grad=True)
        for piece in np.array_split(layouts[0].data.reshape(-1), max(1, size // 1000))
    ]
    optimizer = make([*layouts, *pieces])
    rng = np.random.default_rng(1)
    for _ in range(3):
        g = np.asarray(rng.standard_normal(shape), np.float32)
        layouts[0].grad, layouts[1].grad, layouts[2].grad = g, g, g.copy(order="F")
        for piece, part in zip(pieces, np.array_split(g.reshape(-1), len(pieces)), strict=True):
            piece.grad = part
        optimizer.step()
    expected = np.concatenate([piece.data for piece in pieces]).reshape(shape)
    for param in layouts:
        np.testing.assert_allclose(param.data, expected, rtol=1e-6, atol=1e-7)


# Ownership


@every_kind
def test_training_never_copies_the_parameters(make):
    w, b = leaf(3, 4), leaf(3)
    optimizer = make([w, b])
    x = np.ones((5, 4), np.float32)
    addresses = set()
    for _ in range(5):
        optimizer.zero_grad()
        loss = ((x @ w.T + b) ** 2).sum()
        loss.backward()
        optimizer.step()
        addresses.add((w.data.ctypes.data, b.data.ctypes.data))
    assert len(addresses) == 1


@every_kind
def test_nothing_of_a_step_is_kept(make):
    w = leaf(3)
    optimizer = make([w])
    array, g = np.ones(3, np.float32), np.ones(3, np.float32)
    w.data, w.grad = array, g
    optimizer.step()
    kept = weakref.ref(array), weakref.ref(g)
    w.data = np.zeros(3)
    optimizer.zero_grad()
    del array, g
    assert kept[0]() is None
    assert kept[1]() is None


@every_kind
def test_a_step_under_a_live_graph_is_found_out(make):
    """The second network of a GAN: its loss was computed before the first one's step."""
    w = leaf(3)
    optimizer = make([w])
    first, second = (w**2).sum(), (w**3).sum()
    first.backward()
    optimizer.step()
    with pytest.raises(LeafChangedError, match=r"optimizer\.step"):
        second.backward()


# State


@every_kind
def test_state_lives_as_long_as_the_optimizer(make):
    """Epochs, new graphs, replaced arrays, skipped steps: nothing starts the state anew."""
    w, reference = leaf(4), leaf(4)
    optimizer, straight = make([w]), make([reference])
    x = np.random.default_rng(3).standard_normal((6, 4)).astype(np.float32)
    count, states = 0, set()
    for _epoch in range(3):
        for batch in np.split(x, 3):
            optimizer.zero_grad()
            loss = ((batch @ w) ** 2).sum()
            loss.backward()
            reference.grad = w.grad
            optimizer.step()
            straight.step()
            count += 1
            assert optimizer.state[w]["step"] == count
            states.add(id(optimizer.state[w]))
        w.data = w.data.copy()  # a checkpoint is loaded into the model
        optimizer.zero_grad()
        (w.sum() * 2).detach()  # an evaluation
    assert len(states) == 1
    assert np.array_equal(w.data, reference.data)


@pytest.mark.parametrize(
    ("cls", "option", "value"),
    [(Adam, "amsgrad", True), (RMSprop, "momentum", 0.9), (RMSprop, "centered", True),
     (SGD, "momentum", 0.9)],
)  # fmt: skip
def test_what_is_switched_on_later_begins_at_0(cls, option, value):
    """As if it had been on all the time, but nothing had been added to its own state."""
    late, early = leaf(3), leaf(3)
    optimizer, other = cls([late], lr=0.1), cls([early], lr=0.1, **{option: value})
    for seed in range(4):
        if seed == 2:
            optimizer.param_groups[0][option] = value
            early.data = late.data.copy()
            for name, array in other.state[early].items():
                if name != "step":
                    array[...] = optimizer.state[late].get(name, 0)
        give_grads([late], seed)
        early.grad = late.grad
        optimizer.step()
        other.step()
    np.testing.assert_array_equal(late.data, early.data)


def test_a_new_learning_rate_keeps_the_state():
    w = leaf(4)
    optimizer = Adam([w], lr=0.1)
    give_grads([w], 0)
    optimizer.step()
    moments = optimizer.state[w]["exp_avg"]
    optimizer.param_groups[0]["lr"] = 0.01
    optimizer.step()
    assert optimizer.state[w]["step"] == 2
    assert optimizer.state[w]["exp_avg"] is moments


def trained(make, seed=0, names=False):
    params = [leaf(4, 3, seed=seed), leaf(3, seed=seed), leaf(seed=seed)]
    named = list(zip(("weight", "bias", "scale"), params, strict=True))
    optimizer = make([{"params": named[:2] if names else params[:2]},
                      {"params": named[2:] if names else params[2:], "lr": 0.2}])  # fmt: skip
    for step in range(3):
        give_grads(params[: 2 if step == 1 else 3], 10 + seed + step)
        optimizer.step()
        optimizer.zero_grad()
    return params, optimizer


def pickled(state):
    return pickle.loads(pickle.dumps(state))


@every_kind
@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("names", [False, True])
def test_the_step_after_loading_is_bit_identical(make, through, names):
    params, optimizer = trained(make, names=names)
    optimizer.param_groups[0]["lr"] = 0.05
    state = through(optimizer.state_dict())
    others, other = trained(make, seed=5, names=names)
    for param, theirs in zip(params, others, strict=True):
        theirs.data = param.data.copy()
    other.load_state_dict(state)
    assert other.param_groups[0]["lr"] == 0.05
    for seed in (20, 21):
        give_grads(params, seed)
        give_grads(others, seed)
        optimizer.step()
        other.step()
    for param, theirs in zip(params, others, strict=True):
        assert np.array_equal(param.data, theirs.data)
        assert optimizer.state[param]["step"] == other.state[theirs]["step"]


def test_the_form_of_a_state_is_pytorchs():
    w, b = leaf(2), leaf(3)
    optimizer = Adam([("w", w), ("b", b)], lr=0.1)
    give_grads([b], 0)
    optimizer.step()
    state = optimizer.state_dict()
    assert set(state) == {"state", "param_groups"}
    assert list(state["state"]) == [1]  # the second parameter; the first has not stepped yet
    assert set(state["state"][1]) == {"step", "exp_avg", "exp_avg_sq"}
    assert state["state"][1]["step"] == 1
    assert np.array_equal(state["state"][1]["exp_avg"], optimizer.state[b]["exp_avg"])
    assert state["param_groups"] == [
        {
            "params": [0, 1], "param_names": ["w", "b"], "lr": 0.1, "betas": (0.9, 0.999),
            "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False, "maximize": False,
            "decoupled_weight_decay": False,
        }
    ]  # fmt: skip


def test_a_state_is_a_copy_both_ways():
    params, optimizer = trained(lambda p: Adam(p, lr=0.1, betas=[0.9, 0.99]))
    state = optimizer.state_dict()
    before = copy.deepcopy(state)
    give_grads(params, 0)
    optimizer.step()
    optimizer.param_groups[0]["betas"][0] = 0.5
    assert np.array_equal(state["state"][0]["exp_avg"], before["state"][0]["exp_avg"])
    optimizer.load_state_dict(state)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 7.0
    optimizer.param_groups[0]["betas"][0] = 0.5
    assert np.array_equal(state["state"][0]["exp_avg"], before["state"][0]["exp_avg"])
    assert state["state"][0]["step"] == before["state"][0]["step"]
    assert state["param_groups"] == before["param_groups"]


def test_loading_forgets_what_the_optimizer_did_before():
    params, optimizer = trained(lambda p: Adam(p, lr=0.1))
    fresh = Adam([{"params": params[:2]}, {"params": params[2:]}]).state_dict()
    optimizer.load_state_dict(fresh)
    assert optimizer.state == {}
    assert optimizer.param_groups[1]["lr"] == 1e-3


def problems_of(optimizer, state):
    """The lines of the error; checks that the optimizer is as before."""
    before = pickle.dumps(optimizer.state_dict())
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        optimizer.load_state_dict(state)
    assert pickle.dumps(optimizer.state_dict()) == before
    return re.findall(r"^- (.*)$", str(error.value), re.MULTILINE)


def test_all_problems_of_a_state_are_listed_and_nothing_is_loaded():
    _, optimizer = trained(lambda p: Adam(p, lr=0.1), names=True)
    state = optimizer.state_dict()
    state["param_groups"][0]["param_names"] = ["weight", "gain"]
    state["param_groups"][1]["lr"] = -1.0
    state["state"][0]["exp_avg"] = np.zeros((3, 4))
    del state["state"][1]["exp_avg_sq"]
    assert problems_of(optimizer, state) == [
        "group 0: parameter 'gain' in place of 'bias'",
        "group 1: lr: got -1.0, expected a number >= 0",
        "parameter 0: exp_avg of shape (3, 4), expected (4, 3)",
        "parameter 1: no exp_avg_sq",
    ]


def test_a_state_of_other_groups_or_another_optimizer_is_refused():
    params, optimizer = trained(lambda p: Adam(p, lr=0.1))
    one_group = Adam(params)
    assert problems_of(one_group, optimizer.state_dict()) == [
        "2 groups, expected 1", "group 0: 2 parameters, expected 3",
    ]  # fmt: skip
    two_params = Adam([{"params": params[:1]}, {"params": params[2:]}]).state_dict()
    assert problems_of(optimizer, two_params) == ["group 0: 1 parameters, expected 2"]
    _, sgd = trained(lambda p: SGD(p, lr=0.1))
    problems = problems_of(optimizer, sgd.state_dict())
    assert "group 0: no option betas, eps: is it another optimizer's?" in problems
    state = optimizer.state_dict()
    state["state"][9] = {}
    (problem,) = problems_of(optimizer, state)
    assert problem == "parameter 9: a state, but no such parameter in any group"
    with pytest.raises(ValueError, match="no param_groups and no state in it"):
        optimizer.load_state_dict({"weight": 1})


def test_a_buffer_of_the_wrong_shape_is_refused_though_init_knows_none():
    _, optimizer = trained(lambda p: SGD(p, lr=0.1, momentum=0.9))
    state = optimizer.state_dict()
    state["state"][0]["momentum_buffer"] = np.zeros(3)
    assert problems_of(optimizer, state) == [
        "parameter 0: momentum_buffer of shape (3,), expected (4, 3)"
    ]


def test_loaded_arrays_take_the_parameters_dtype_and_other_state_is_kept():
    class Odd(Optimizer):
        def init(self, param, group):
            return {"total": np.zeros(param.shape[:1], param.dtype), "product": 1.0, "past": []}

        def update(self, param, grad, state, group):
            state["total"] += grad.sum(1)
            state["product"] *= 0.5
            state["past"].append(grad.copy())

    w, wide = leaf(4, 3), leaf(4, 3, dtype=np.float64)
    optimizer, other = Odd([w], {"lr": 1.0}), Odd([wide], {"lr": 1.0})
    give_grads([w], 0)
    optimizer.step()
    saved = optimizer.state_dict()
    other.load_state_dict(saved)
    assert other.state[wide]["total"].dtype == np.float64
    assert np.array_equal(other.state[wide]["total"], optimizer.state[w]["total"])
    assert other.state[wide]["product"] == 0.5
    assert np.array_equal(other.state[wide]["past"], optimizer.state[w]["past"])
    assert other.state[wide]["past"] is not saved["state"][0]["past"]


def test_a_state_may_lack_switches_and_a_count_that_nobody_asks_for():
    """PyTorch's state of SGD has no count, and None for a buffer there is none of."""
    w = leaf(2)
    optimizer = SGD([w], lr=0.1)
    state = optimizer.state_dict()
    state["state"][0] = {"momentum_buffer": None}
    del state["param_groups"][0]["maximize"]
    optimizer.load_state_dict(state)
    assert optimizer.state[w] == {"step": 0}
    assert optimizer.param_groups[0]["maximize"] is False
    optimizer.param_groups[0]["momentum"] = 0.9
    give_grads([w], 0)
    optimizer.step()
    assert optimizer.state[w]["step"] == 1
    adam = Adam([w])
    with pytest.raises(ValueError, match="- parameter 0: no step"):
        adam.load_state_dict(
            {**adam.state_dict(), "state": {0: {"exp_avg": w.data, "exp_avg_sq": w.data}}}
        )


@every_kind
def test_an_optimizer_copied_with_its_parameters_goes_on_alike(make):
    params, optimizer = trained(make)
    others, other = copy.deepcopy((params, optimizer))
    before = [param.data.copy() for param in others]
    give_grads(params, 3)
    give_grads(others, 3)
    for _ in range(2):  # Rprop waits for a step where the sign has changed
        optimizer.step()
    assert all(np.array_equal(param.data, old) for param, old in zip(others, before, strict=True))
    for _ in range(2):
        other.step()
    for param, theirs, old in zip(params, others, before, strict=True):
        assert np.array_equal(param.data, theirs.data)
        assert not np.array_equal(theirs.data, old)


def test_repr_tells_the_groups():
    groups = [{"params": [leaf(40, 30), leaf(30)]}, {"params": [leaf(2)], "lr": 0.5}]
    optimizer = SGD(groups, lr=0.1)
    lines = repr(optimizer).splitlines()
    assert lines[0] == "SGD of 3 parameters"
    assert lines[1].startswith("  2 (1,230 numbers): maximize=False, lr=0.1, momentum=0.0")
    assert "1 (2 numbers)" in lines[2]
    assert "lr=0.5" in lines[2]


# Blocks


@given(
    shape=st.lists(st.integers(0, 60), max_size=3).map(tuple)
    | st.sampled_from([(100_000,), (1, 70_000), (70_000, 1), (3, 40_000), (3, 4, 9000)]),
    order=st.sampled_from(["C", "F"]),
    other=st.sampled_from(["C", "F"]),
    stride=st.sampled_from([1, 2]),
)
def test_blocks_cover_every_number_once(shape, order, other, stride):
    size = int(np.prod(shape))
    first = np.arange(size, dtype=np.float64).reshape(shape).copy(order=order)
    second = first.copy(order=other)
    counts = np.zeros((*shape, stride), np.int64)[..., 0]
    for a, b, count in blocks(first, second, counts):
        assert np.array_equal(a, b)
        count += 1
        a += 1
    assert np.all(counts == 1)
    assert np.array_equal(first, second + 1)


def test_blocks_are_small_and_small_arrays_are_left_whole():
    sizes = [p.size for (p,) in blocks(np.zeros((30, 10_000), np.float32))]
    assert sum(sizes) == 300_000
    assert max(sizes) < 70_000
    small = np.zeros((3, 4))
    ((piece,),) = blocks(small)
    assert piece is small
