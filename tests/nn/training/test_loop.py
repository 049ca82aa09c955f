"""fit does what the loop written out does, and measures what it says; History keeps it."""

from __future__ import annotations

import csv
import os
import sys
import types

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor, is_recording, no_grad
from nn.data import DataLoader
from nn.training import History, fit

cross_entropy = nn.CrossEntropyLoss()


def data(n=50, seed=0):
    """Points and the number of the quadrant they lie in, 0 to 3."""
    x = np.random.default_rng(seed).uniform(-1, 1, (n, 2)).astype(np.float32)
    return x, (x[:, 0] > 0) + 2 * (x[:, 1] > 0)


def net(outputs=4, seed=0):
    rng = np.random.default_rng(seed)
    first, last = nn.Linear(2, 8, generator=rng), nn.Linear(8, outputs, generator=rng)
    return nn.Sequential(first, nn.Tanh(), last)


def quiet(model, *args, loss=cross_entropy, lr=0.1, **kwargs):
    """`fit` with plain gradient descent, without a word."""
    return fit(model, loss, optim.SGD(model.parameters(), lr), *args, progress=False, **kwargs)


class Probe(nn.Module):
    """Keeps a record of how it was called."""

    def __init__(self):
        self.inner = net()
        self.calls = []

    def forward(self, x):
        self.calls.append((self.training, is_recording(), x))
        return self.inner(x)


# ------------------------------------------------------------------------------------ the numbers


def test_it_does_and_measures_what_the_loop_written_out_does():
    x, y = data(50)
    x_val, y_val = data(30, seed=1)
    model, twin = net(), net()
    history = quiet(
        model,
        DataLoader((x, y), 16),  # batches of 16, 16, 16 and 2: their weights differ
        DataLoader((x_val, y_val), 16),
        epochs=3,
    )

    expected = {name: [] for name in history if name not in ("epoch", "seconds")}
    for _ in range(3):
        losses, right = [], []
        for i in range(0, 50, 16):
            out = twin(x[i : i + 16])
            value = cross_entropy(out, y[i : i + 16])
            twin.zero_grad()
            value.backward()
            losses += [value.item()] * len(out)
            right += list(out.data.argmax(axis=1) == y[i : i + 16])
            for p in twin.parameters():
                p.data -= 0.1 * p.grad
        with no_grad():
            out = twin(x_val)
            expected["validation_loss"].append(cross_entropy(out, y_val).item())
        expected["validation_accuracy"].append(np.mean(out.data.argmax(axis=1) == y_val))
        expected["loss"].append(np.mean(losses))
        expected["accuracy"].append(np.mean(right))

    names = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"]
    assert list(history) == names
    assert history["epoch"] == [1, 2, 3]
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-5), name
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-5, atol=1e-6)


def test_the_history_holds_plain_numbers():
    history = quiet(net(), data(), data(), epochs=2)
    assert isinstance(history, dict)
    assert {len(column) for column in history.values()} == {2}
    assert {type(x) for x in history.pop("epoch")} == {int}
    assert {type(x) for column in history.values() for x in column} == {float}


def test_a_tuple_is_cut_and_shuffled_to_train():
    x, y = data(64)
    model = Probe()
    quiet(model, (x, y), epochs=2, batch_size=24)
    batches = [xb for _, _, xb in model.calls]
    assert [len(xb) for xb in batches] == [24, 24, 16] * 2
    first, second = np.concatenate(batches[:3]), np.concatenate(batches[3:])
    for order in (first, second):
        assert not np.array_equal(order, x)
        np.testing.assert_array_equal(np.sort(order, axis=0), np.sort(x, axis=0))
    assert not np.array_equal(first, second)


def test_a_tuple_is_cut_but_not_shuffled_to_validate():
    x, y = data(33)  # a single sample is left over, of which DataLoader would warn
    model = Probe()
    quiet(model, data(), (x, y), epochs=1)
    batches = [xb for training, _, xb in model.calls if not training]
    assert [len(xb) for xb in batches] == [32, 1]
    np.testing.assert_array_equal(np.concatenate(batches), x)


def test_batches_may_come_from_anything_that_can_be_gone_through_again():
    class Batches:
        def __iter__(self):
            yield [data(20)[0], data(20)[1]]
            yield Tensor(data(10)[0]), Tensor(data(10)[1])

    history = quiet(net(), Batches(), [data(7)], epochs=2)
    assert len(history["accuracy"]) == len(history["validation_accuracy"]) == 2


@pytest.mark.parametrize(
    ("outputs", "target", "loss"),
    [
        (4, lambda y: np.eye(4, dtype=np.float32)[y], cross_entropy),
        (1, lambda y: y.astype(np.float32)[:, None], nn.MSELoss()),
        (1, lambda y: y[:, None], nn.MSELoss()),
        (1, lambda y: y, lambda out, y: ((out[:, 0] - y) ** 2).mean()),
        (4, lambda y: y.astype(np.float32), lambda out, y: ((out[:, 0] - y) ** 2).mean()),
    ],
)
def test_without_classes_there_is_no_accuracy(outputs, target, loss):
    x, y = data()
    history = quiet(net(outputs), (x, target(y)), epochs=1, loss=loss)
    assert list(history) == ["epoch", "loss", "seconds"]


def test_metrics_are_means_over_samples_of_functions_of_arrays():
    x, y = data(30)

    def first_class(output, target):
        assert isinstance(output, np.ndarray)
        assert output.shape == (len(target), 4)
        return np.mean(target == 0)

    validation = DataLoader(data(7, seed=1), 4)
    history = quiet(net(), DataLoader((x, y), 20), validation, 2, metrics={"zeros": first_class})
    assert history["zeros"] == pytest.approx([np.mean(y == 0)] * 2)
    assert history["validation_zeros"] == pytest.approx([np.mean(data(7, seed=1)[1] == 0)] * 2)
    assert "accuracy" in history


def test_a_schedule_is_stepped_after_each_epoch():
    model, rates = net(), []
    optimizer = optim.SGD(model.parameters(), 0.1)
    schedule = optim.StepLR(optimizer, 2, gamma=0.5)

    def callback(history):
        rates.extend(schedule.get_last_lr())

    fit(model, cross_entropy, optimizer, DataLoader(data(), 10), epochs=5, scheduler=schedule,
        callback=callback, progress=False)  # fmt: skip
    assert rates == [0.1, 0.05, 0.05, 0.025, 0.025]


@pytest.mark.parametrize("validation", [None, data(30, seed=1)])
def test_a_schedule_that_goes_by_results_gets_the_loss_in_validation(validation):
    model, best = net(), []
    optimizer = optim.SGD(model.parameters(), 0.1)
    plateau = optim.ReduceLROnPlateau(optimizer, threshold=0)

    def callback(history):
        best.append(plateau.best)

    history = fit(model, cross_entropy, optimizer, data(), validation, 3, scheduler=plateau,
                  callback=callback, progress=False)  # fmt: skip
    losses = history["validation_loss" if validation else "loss"]
    assert best == list(np.minimum.accumulate(losses))


def test_lbfgs_computes_the_loss_as_often_as_it_likes():
    x = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    y = x @ np.float32([[1], [-2], [3]]) + 0.5
    model, twin = nn.Linear(3, 1, generator=0), nn.Linear(3, 1, generator=0)
    start = nn.MSELoss()(twin(x), y).item()
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    history = fit(model, nn.MSELoss(), optimizer, [(x, y)], epochs=2, progress=False)
    assert history["loss"][0] == pytest.approx(start)  # measured once in a step, at its start
    assert history["loss"][1] < 1e-6
    np.testing.assert_allclose(model.weight.data, [[1, -2, 3]], atol=1e-3)


def test_an_optimizer_may_try_where_there_is_no_loss():
    class Search(optim.SGD):
        def step(self, closure):
            cost = closure()
            w = model.inner[0].weight
            kept = w.data.copy()
            w.data[...] = np.nan
            assert np.isnan(closure().item())
            w.data[...] = kept
            return cost

    model = Count()
    optimizer = Search(model.parameters(), 0.1)
    history = fit(model, cross_entropy, optimizer, data(), epochs=2, progress=False)
    assert len(history["loss"]) == 2


def test_no_epochs_is_fine():
    model = net()
    before = model.state_dict()
    history = quiet(model, data(), epochs=0)
    assert history == {}
    assert repr(history) == "History()"
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


# -------------------------------------------------------------------------------------- the modes


def test_training_records_in_training_mode_and_validation_does_neither():
    model = Probe().eval()
    quiet(model, data(20), data(10), epochs=2)
    assert [call[:2] for call in model.calls] == [(True, True), (False, False)] * 2
    assert is_recording()


@pytest.mark.parametrize("end", [None, RuntimeError, KeyboardInterrupt])
def test_every_part_is_back_in_its_mode(end):
    model = net().train()
    model[1].eval()

    def callback(history):
        if end:
            raise end

    if end is RuntimeError:
        with pytest.raises(RuntimeError):
            quiet(model, data(), data(), callback=callback)
    else:
        quiet(model, data(), data(), epochs=1, callback=callback)
    assert [part.training for part in model.modules()] == [True, True, False, True]


# ------------------------------------------------------------------------------- stopping early


def test_the_callback_sees_every_epoch_and_can_stop():
    seen = []

    def callback(history):
        seen.append({len(column) for column in history.values()})
        return len(seen) == 3

    history = quiet(net(), data(), epochs=10, callback=callback)
    assert seen == [{1}, {2}, {3}]
    assert history["epoch"] == [1, 2, 3]


def test_only_true_stops():
    history = quiet(net(), data(), epochs=3, callback=lambda history: "a figure, say")
    assert history["epoch"] == [1, 2, 3]


def test_the_callback_sees_the_last_epoch_too():
    seen = []
    quiet(net(), data(), epochs=2, callback=lambda history: seen.append(history["epoch"][-1]))
    assert seen == [1, 2]


@pytest.mark.parametrize("progress", [True, False])
def test_ctrl_c_leaves_the_epochs_that_were_completed(progress, capsys):
    calls = 0

    def loss(output, y):
        nonlocal calls
        calls += 1
        if calls == 6:  # the second batch of the third epoch
            raise KeyboardInterrupt
        return cross_entropy(output, y)

    model = net()
    optimizer = optim.SGD(model.parameters(), 0.1)
    history = fit(model, loss, optimizer, DataLoader(data(), 25), epochs=9, progress=progress)
    assert history["epoch"] == [1, 2]
    assert history.interrupted
    out = capsys.readouterr().out
    assert out.splitlines()[-1:] == (["stopped in epoch 3 of 9"] if progress else [])


def test_nobody_interrupted_an_ordinary_run():
    assert not quiet(net(), data(), epochs=1).interrupted


def test_a_loss_that_is_not_finite_stops_before_the_step():
    x, y = data(40)
    model, states = net(), []

    def loss(output, target):
        states.append(model.state_dict())
        return cross_entropy(output, target) * (np.nan if len(states) == 6 else 1.0)

    with pytest.raises(FloatingPointError) as error:
        quiet(model, DataLoader((x, y), 10), loss=loss)
    assert "loss is nan in epoch 2, batch 2" in str(error.value)
    assert "learning rate" in str(error.value)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, states[-1][name])
        assert np.isfinite(value).all()


def states(model, optimizer):
    """What a batch may change, as text that is equal for equal bits, nan too."""
    buffers = [b.data.tobytes() for b in model.buffers()]
    return [p.data.tobytes() for p in model.parameters()], buffers, repr(optimizer.state_dict())


class Count(nn.Module):
    """Keeps a memory in each of the ways that there are."""

    def __init__(self):
        self.inner, self.norm = net(), nn.BatchNorm1d(2)
        self.written, self.assigned, self.listed = nn.Buffer(0.0), nn.Buffer(0.0), [nn.Buffer(0.0)]

    def forward(self, x):
        self.written.data += 1
        self.assigned = self.assigned + 1
        self.listed[0].data[...] += 1
        return self.inner(self.norm(x))


def nan_loss(model):
    return lambda output, target: cross_entropy(output, target) * np.nan


def nan_gradient(model):
    def loss(output, target):  # the square root of 0 has no derivative
        root = np.sqrt(model.inner[0].bias * 0.0).sum()
        return cross_entropy(output, target) + root

    return loss


def error(model):
    return lambda output, target: cross_entropy(output, target + 4)


@pytest.mark.parametrize("trouble", [nan_loss, nan_gradient, error])
@pytest.mark.parametrize("make", [optim.Adam, optim.Adafactor, optim.SGD])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_batch_that_fails_changes_nothing_at_all(trouble, make):
    model = Count()
    optimizer = make(model.parameters(), lr=0.1)
    loss, before = trouble(model), []

    def fail_in_the_last(output, target):
        if len(before) == 3:
            return loss(output, target)
        return cross_entropy(output, target)

    class Batches(DataLoader):
        def __iter__(self):
            for batch in super().__iter__():
                before.append(states(model, optimizer))
                yield batch

    batches = Batches(data(30), 10)
    with pytest.raises(IndexError if trouble is error else FloatingPointError) as caught:
        fit(model, fail_in_the_last, optimizer, batches, epochs=1, progress=False)
    if trouble is nan_gradient:
        assert "the gradient of inner.0.bias is nan in epoch 1, batch 3" in str(caught.value)
        assert "detect_anomaly" in str(caught.value)
    assert states(model, optimizer) == before[2] != before[1]


def test_a_step_into_infinity_is_reported_even_if_it_is_the_last():
    model = net()

    class Wild(optim.SGD):
        def update(self, param, grad, state, group):
            param += np.float32(np.inf)

    with pytest.raises(FloatingPointError, match=r"0.weight is inf in epoch 1, batch 1.*too large"):
        fit(model, cross_entropy, Wild(model.parameters(), 0.1), DataLoader(data(), 50), epochs=1)


def test_a_frozen_parameter_may_be_infinite():
    model = net()
    model.mask = nn.Parameter([0.0, -np.inf], requires_grad=False)
    assert len(quiet(model, data(), epochs=2)["loss"]) == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_the_optimizer_does_not_change_may_have_any_gradient():
    model = Count()
    optimizer = optim.SGD(model.inner[2].parameters(), 0.1)
    loss = nan_gradient(model)  # of inner.0.bias
    assert len(fit(model, loss, optimizer, data(), epochs=2, progress=False)["loss"]) == 2


# The labels are those of quadrants 0 to 3; some of them are to be ignored.
@pytest.mark.parametrize(
    ("loss", "ignored"),
    [
        (nn.CrossEntropyLoss(ignore_index=2), 2),
        (nn.CrossEntropyLoss(), -100),
        (nn.CrossEntropyLoss(ignore_index=9), 9),
        (lambda output, y: nn.functional.cross_entropy(output, y, ignore_index=-1), -1),
        (nn.NLLLoss(ignore_index=2), 2),
        (lambda output, y: nn.functional.cross_entropy(output, y, ignore_index=9), 9),
    ],
)
def test_labels_that_the_loss_ignores_do_not_count_in_the_accuracy(loss, ignored):
    x, y = data(60)
    y[y == 2] = ignored
    y[:16] = ignored  # whole parts of a batch; the batches have different numbers that count
    y[15] = y[14] = 1
    model = net()
    output = model(x).data
    counted = y != ignored
    expected = (output.argmax(axis=1) == y)[counted].mean()
    history = quiet(model, DataLoader((x, y), 16), DataLoader((x, y), 16), 1, loss=loss, lr=0.0)
    assert history["accuracy"] == history["validation_accuracy"] == [pytest.approx(expected)]


def test_where_nothing_counts_the_accuracy_is_nan():
    x, y = data(20)
    history = quiet(
        net(), (x, np.full_like(y, -1)), epochs=1, loss=lambda output, y: (output**2).mean()
    )
    assert np.isnan(history["accuracy"]).all()


def test_a_validation_loss_that_is_not_finite_stops_too():
    x, y = data()
    bad = x.copy()
    bad[3] = np.inf
    with (
        pytest.raises(FloatingPointError, match="validation_loss is nan in epoch 1, batch 1"),
        np.errstate(invalid="ignore"),
    ):
        quiet(nn.Sequential(nn.Linear(2, 4)), (x, y), (bad, y))


# ---------------------------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize("epochs", [-1, 2.0, "3", None])
def test_epochs_must_be_a_count(epochs):
    with pytest.raises(ValueError, match=r"epochs: got .*, expected an int, 0 or more"):
        quiet(net(), data(), epochs=epochs)


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        ([], None, "train: no batches in epoch 1"),
        ((batch for batch in [data()]), None, "train: no batches in epoch 2, .* only once"),
        (data(), [], "validation: no batches in epoch 1"),
    ],
)
def test_no_batches(train, validation, message):
    with pytest.raises(ValueError, match=message):
        quiet(net(), train, validation)


@pytest.mark.parametrize("train", [data(2)[0], DataLoader(data()[0], 2), [(1, 2, 3)]])
def test_batches_that_are_no_pairs(train):
    with pytest.raises(TypeError, match=r"train: got a batch that is no pair .* train=\(x, y\)"):
        quiet(net(), train)


class Own:
    """An optimizer of somebody's own."""

    def __init__(self, parameters):
        self.parameters = list(parameters)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None


class OfParameters(Own):
    def step(self, parameters):
        for p in parameters:
            p.data -= 0.1 * p.grad


class OfGradients(Own):
    def step(self, parameters, gradients):
        pass


class OfNothing(Own):
    def step(self):
        pass


class Deaf(Own):
    def step(self, parameters=None):
        pass


class Right(Own):
    def step(self, closure):
        loss = closure()
        for p in self.parameters:
            p.data -= 0.1 * p.grad
        return loss


@pytest.mark.parametrize("make", [OfParameters, OfGradients, OfNothing, Deaf])
def test_an_optimizer_that_does_not_call_the_closure(make):
    model = net()
    words = (
        rf"{make.__name__}.step does not call the function that it gets.*def step\(self, closure"
    )
    with pytest.raises(TypeError, match=words):
        fit(model, cross_entropy, make(model.parameters()), data(), progress=False)


def test_an_optimizer_of_ones_own_that_does():
    model, twin = net(), net()
    batches = DataLoader(data(), 10)
    history = fit(model, cross_entropy, Right(model.parameters()), batches, epochs=2)
    assert history["loss"] == quiet(twin, batches, epochs=2)["loss"]


def test_an_error_in_the_step_stays_what_it_is():
    def loss(output, target):
        raise AttributeError("mine")

    with pytest.raises(AttributeError, match="mine"):
        quiet(net(), data(), loss=loss)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda m, o: (m, o, cross_entropy), "loss: got SGD, expected a function of outputs"),
        (lambda m, o: (o, cross_entropy, m), "model: got SGD, expected a Module"),
        (lambda m, o: (m, nn.CrossEntropyLoss, o), "loss: got the class CrossEntropyLoss"),
        (lambda m, o: (m, cross_entropy, optim.SGD), "optimizer: got the class SGD, expected such"),
        (lambda m, o: (m, cross_entropy, m.parameters()), "optimizer: got generator, expected"),
        (lambda m, o: (m, data(), o), "loss: got tuple, expected a function"),
        (lambda m, o: (nn.Linear, cross_entropy, o), "model: got the class Linear"),
    ],
)
def test_arguments_in_the_wrong_places(arguments, message):
    model = net()
    arguments = arguments(model, optim.SGD(model.parameters(), 0.1))
    with pytest.raises(
        TypeError, match=message + r".*The order is fit\(model, loss, optimizer, tr"
    ):
        fit(*arguments, data(), progress=False)


# ---------------------------------------------------------------------------------- what it prints


def told(capsys, **kwargs):
    model = net()
    fit(model, cross_entropy, optim.SGD(model.parameters(), 0.1), data(), **kwargs)
    out, err = capsys.readouterr()
    assert err == ""  # without a terminal there is no bar
    return out.splitlines()


def test_an_epoch_a_line_with_the_numbers_of_the_history(capsys):
    model = net()
    optimizer = optim.SGD(model.parameters(), 0.1)
    history = fit(model, cross_entropy, optimizer, data(), data(), epochs=3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for i, line in enumerate(lines):
        loss, accuracy, seconds = (history[k][i] for k in ("loss", "accuracy", "seconds"))
        v_loss, v_accuracy = (history["validation_" + k][i] for k in ("loss", "accuracy"))
        assert line == (
            f"epoch {i + 1}/3: loss {loss:#.4g}, accuracy {accuracy:#.4g}, seconds {seconds:#.4g}; "
            f"validation {v_loss:#.4g}, {v_accuracy:#.4g}"
        )
    assert repr(history) == f"History(3 epochs; {lines[-1].removeprefix('epoch 3/3: ')})"


def test_about_ten_lines_however_many_epochs(capsys):
    lines = told(capsys, epochs=48)
    starts = [line.split(":")[0] for line in lines]
    assert starts == [f"epoch {i:2}/48" for i in (*range(5, 48, 5), 48)]
    assert "validation" not in lines[-1]


def test_the_last_epoch_is_told_if_the_callback_stops(capsys):
    lines = told(capsys, epochs=100, callback=lambda history: len(history["epoch"]) == 13)
    assert [line.split(":")[0] for line in lines] == ["epoch  10/100", "epoch  13/100"]


def test_silence(capsys):
    assert told(capsys, epochs=3, progress=False) == []


def test_without_tqdm_there_are_lines_alone(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert len(told(capsys, epochs=3)) == 3


@pytest.mark.parametrize("sized", [True, False])
def test_a_bar_over_all_batches_with_the_lines_above_it(capsys, monkeypatch, sized):
    bars = []

    class Bar:
        disable = False

        def __init__(self, total, disable, **kwargs):
            assert disable is None  # it finds out by itself whether there is a terminal
            self.total, self.updates, self.lines, self.closed = total, 0, [], False
            bars.append(self)

        def __bool__(self):  # as tqdm does
            if self.total is None:
                raise TypeError("bool() undefined when iterable == total == None")
            return self.total > 0

        def update(self):
            self.updates += 1

        def write(self, line):
            self.lines.append(line)

        def close(self):
            self.closed = True

    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Bar))
    model = net()
    optimizer = optim.SGD(model.parameters(), 0.1)
    batches = DataLoader(data(50), 16)  # four of them
    train = batches if sized else types.SimpleNamespace()
    if not sized:
        train = type("Unsized", (), {"__iter__": lambda self: iter(batches)})()
    fit(model, cross_entropy, optimizer, train, epochs=3)
    (bar,) = bars
    assert bar.total == (12 if sized else None)
    assert bar.updates == 12
    assert [line.split(":")[0] for line in bar.lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert bar.closed
    assert capsys.readouterr() == ("", "")


TQDM = """
import types, warnings
warnings.warn("IProgress not found. Please update jupyter and ipywidgets.")
def tqdm(total, disable, **kwargs):
    return types.SimpleNamespace(disable=disable is None or disable, total=total, **kwargs)
"""


@pytest.mark.parametrize("shell", [types.SimpleNamespace(kernel=1), types.SimpleNamespace(), None])
def test_in_a_notebook_a_bar_needs_no_terminal(monkeypatch, tmp_path, shell):
    package = tmp_path / "tqdm"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "auto.py").write_text(TQDM)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("tqdm", "tqdm.auto"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    bar = nn.training.progress.bar(3)
    if hasattr(shell, "kernel"):
        assert (bar.total, bar.unit) == (3, " batches")
        assert bar.dynamic_ncols  # a terminal may be resized
        assert not bar.leave  # the lines of the epochs stay, and tell all
    else:
        assert bar is None
    for name in ("tqdm", "tqdm.auto"):
        del sys.modules[name]


def test_what_is_said_is_there_at_once_and_nowhere_if_nobody_reads(monkeypatch):
    read, write = os.pipe()
    with open(write, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        nn.training.progress.say("epoch 1", 2)
        os.set_blocking(read, False)
        assert os.read(read, 100) == b"epoch 1\n2\n"
        os.close(read)
        nn.training.progress.say("epoch 2")
        nn.training.progress.say("epoch 3")
        out.flush()


# ------------------------------------------------------------------------------------- the history


def example():
    return History(
        epoch=[1, 2], loss=[1 / 3, 1e-17], accuracy=[0.5, 1.0], lr=[0.1, 0.05], seconds=[1.5, 2.5]
    )


def test_a_csv_file_gives_every_number_back(tmp_path):
    path = tmp_path / "history.csv"
    example().save(path)
    assert path.read_bytes().startswith(b"epoch,loss,accuracy,lr,seconds\n1,0.333")
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
    assert columns == example()


def test_saving_replaces_the_old_file(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("something longer than the history " * 20)
    example().save(path)
    assert len(path.read_text().splitlines()) == 3
    assert os.listdir(tmp_path) == ["history.csv"]


@pytest.mark.parametrize("broken", ["columns", "move"])
def test_saving_is_all_or_nothing(tmp_path, monkeypatch, broken):
    path = tmp_path / "history.csv"
    path.write_text("old")
    history = example()
    if broken == "columns":
        history["loss"].append(0.0)
    else:
        monkeypatch.setattr(os, "replace", lambda *args: 1 / 0)
    with pytest.raises((ValueError, ZeroDivisionError)):
        history.save(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["history.csv"]


def test_a_plot_shows_all_but_the_seconds(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "history.png"
    figure = example().plot(path)
    assert len(figure.axes) == 3  # loss, accuracy, lr
    assert path.read_bytes().startswith(b"\x89PNG")
