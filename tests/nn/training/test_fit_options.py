"""What fit does beyond the plain loop: descent of three kinds, penalties, clipping, stopping."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import optim
from autograd import no_grad
from nn.data import DataLoader
from nn.training import fit

cross_entropy = nn.CrossEntropyLoss()
mse = nn.MSELoss()


def data(n=24, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, x @ np.array([[1.0], [-2.0], [0.5]]) + 0.1 * rng.normal(size=(n, 1))


def net():
    return nn.Sequential(nn.Linear(3, 1, generator=0)).astype(np.float64)


def quiet(model, *args, loss=mse, optimizer=None, lr=0.05, **kwargs):
    optimizer = optimizer or optim.SGD(model.parameters(), lr)
    return fit(model, loss, optimizer, *args, progress=False, **kwargs)


def gradients(weight, bias, x, y):
    """Of the mean squared error of a linear model, by hand."""
    error = x @ weight.T + bias - y
    return 2 * error.T @ x / len(x), 2 * error.mean(axis=0)


def descend(model, batches, lr=0.05, change=lambda p, g: g):
    """Steps with the gradients of `gradients`, each changed by a function of parameter and it."""
    w, b = (p.data.copy() for p in model.parameters())
    for x, y in batches:
        gw, gb = gradients(w, b, x, y)
        w, b = w - lr * change(w, gw), b - lr * change(b, gb)
    return w, b


def same(model, expected):
    for p, q in zip(model.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.data, q, rtol=1e-10, atol=1e-12)


# -------------------------------------------------------------------------------- kinds of descent


def test_without_a_batch_size_it_is_gradient_descent():
    x, y = data()
    model = net()
    expected = descend(model, [(x, y)] * 5)
    quiet(model, (x, y), (x, y), epochs=5, batch_size=None)
    same(model, expected)


def test_with_a_size_of_one_it_is_stochastic_descent_in_an_order_of_its_own():
    x, y = data(10)
    nn.manual_seed(3)
    loader = DataLoader((x, y), 1, shuffle=True)
    model = net()
    expected = descend(model, [batch for _ in range(2) for batch in loader])
    nn.manual_seed(3)
    quiet(model, (x, y), epochs=2, batch_size=1)
    same(model, expected)


# ------------------------------------------------------------------------- penalties and clipping


def test_penalties_are_in_the_gradient_but_not_in_the_loss_that_is_told():
    x, y = data()
    model, plain = net(), net()
    expected = descend(model, [(x, y)] * 3, change=lambda p, g: g + 0.1 * np.sign(p) + 0.2 * p)
    history = quiet(model, (x, y), epochs=3, batch_size=None, l1=0.1, l2=0.2)
    same(model, expected)
    first = quiet(plain, (x, y), epochs=1, batch_size=None)
    assert history["loss"][0] == first["loss"][0]


def test_l2_is_the_weight_decay_of_sgd():
    x, y = data()
    model, twin = net(), net()
    quiet(model, (x, y), batch_size=None, l2=0.3)
    quiet(
        twin, (x, y), batch_size=None,
        optimizer=optim.SGD(twin.parameters(), 0.05, weight_decay=0.3),
    )  # fmt: skip
    same(model, [p.data for p in twin.parameters()])


def test_what_is_not_trained_is_not_penalised():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)).astype(np.float64)
    model[0].requires_grad_(False)
    quiet(model, data(), epochs=1, l1=0.1)
    assert model[0].weight.grad is None
    with no_grad():
        x, y = data()
    model[1].requires_grad_(False)
    with pytest.raises(Exception, match="grad"):  # there is nothing to train, as without penalty
        quiet(model, (x, y), epochs=1, l1=0.1)


def test_gradients_are_clipped_by_their_norm():
    x, y = data()
    model = net()
    w, b = (p.data.copy() for p in model.parameters())
    gw, gb = gradients(w, b, x, y)
    norm = np.sqrt((gw**2).sum() + (gb**2).sum())
    assert norm > 1.0
    quiet(model, (x, y), epochs=1, batch_size=None, clip_norm=0.5)
    factor = 0.5 / (norm + 1e-6)
    same(model, [w - 0.05 * factor * gw, b - 0.05 * factor * gb])


def test_gradients_are_clipped_by_value_before_the_norm():
    x, y = data()
    model = net()
    expected = descend(model, [(x, y)] * 2, change=lambda p, g: np.clip(g, -0.2, 0.2))
    quiet(model, (x, y), epochs=2, batch_size=None, clip_value=0.2, clip_norm=100.0)
    same(model, expected)


# ----------------------------------------------------------------------------------- accumulation


def test_several_batches_make_a_step_as_if_they_were_one():
    x, y = data(23)  # batches of 5, 5, 5, 5 and 3: a step with three, and one with two
    model = net()
    expected = descend(model, [(x[:15], y[:15]), (x[15:], y[15:])], change=lambda p, g: g + 0.1 * p)
    history = quiet(model, DataLoader((x, y), 5), epochs=1, accumulate=3, l2=0.1)
    same(model, expected)
    assert len(history["loss"]) == 1


def test_lbfgs_takes_a_step_with_all_the_batches():
    x, y = data(20)
    whole, pieces = net(), net()
    for model, size, accumulate in ((whole, 20, 1), (pieces, 5, 4)):
        optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
        quiet(model, DataLoader((x, y), size), epochs=2, optimizer=optimizer, accumulate=accumulate)
    for p, q in zip(whole.parameters(), pieces.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-6)


# ------------------------------------------------------------------------- schedules and averages


@pytest.mark.parametrize(("by", "steps"), [("epoch", 3), ("batch", 3 * 2)])
def test_a_schedule_goes_by_epochs_or_by_steps(by, steps):
    model = net()
    optimizer = optim.SGD(model.parameters(), 0.05)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    quiet(
        model, DataLoader(data(20), 5), epochs=3, accumulate=2, optimizer=optimizer,
        scheduler=scheduler, schedule_by=by,
    )  # fmt: skip
    assert scheduler.last_epoch == steps
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05 * 0.9**steps)


def test_an_average_is_of_the_weights_after_each_step():
    x, y = data(20)
    model = net()
    seen = []

    class Watched(optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            seen.append(model[0].weight.data.copy())

    average = nn.AveragedModel(model)
    quiet(
        model, DataLoader((x, y), 5), epochs=2, average=average,
        optimizer=Watched(model.parameters(), 0.05),
    )  # fmt: skip
    assert len(seen) == 8
    np.testing.assert_allclose(average.module[0].weight.data, np.mean(seen, axis=0), rtol=1e-12)


# ---------------------------------------------------------------------------------- early stopping


class Given(nn.Module):
    """Its loss in evaluation mode is as it is told, epoch by epoch, whatever it has learned."""

    def __init__(self, losses):
        self.weight = nn.Parameter(np.zeros(1))
        self.count = nn.Buffer(np.zeros(1))
        self.losses = [*losses]

    def forward(self, x):
        if self.training:
            self.count.data += 1
            return self.weight - 1e6 + 0 * x
        return 0 * x + self.losses.pop(0)


def mean(out, y):
    return out.mean()


@pytest.mark.parametrize(
    ("losses", "patience", "epochs", "best"),
    [
        ([3, 2, 1, 4, 5, 0, 0], 2, 5, 3),
        ([3, 2, 2, 2, 0, 0, 0], 2, 4, 2),  # the same again is no better
        ([3, 4, 2, 4, 1, 4, 4], 2, 7, 5),
        ([1, 2, 0, 0, 0, 0, 0], 1, 2, 1),
        ([7, 6, 5, 4, 3, 2, 1], 1, 7, 7),
        ([1, 2, 3, 4, 5, 6, 7], 9, 7, 1),  # the epochs end first, and it still takes the best
    ],
)
def test_early_stopping_takes_the_best_weights_and_buffers(losses, patience, epochs, best):
    model = Given(losses)
    x = np.zeros((4, 1))
    history = quiet(
        model, [(x, x)], [(x, x)], epochs=7, loss=mean, lr=1.0, patience=patience, callback=None
    )
    assert history["validation_loss"] == losses[:epochs]
    assert history.best_epoch == best
    assert model.weight.item() == -best  # it falls by one an epoch
    assert model.count.item() == best


def test_without_validation_it_goes_by_the_loss_in_training():
    x, y = data()
    model = net()
    history = quiet(model, (x, y), epochs=50, batch_size=None, lr=1.05, patience=3)
    assert len(history["loss"]) < 50
    assert history.best_epoch == len(history["loss"]) - 3 == 1 + np.argmin(history["loss"])


def test_without_patience_there_is_no_best_epoch():
    assert quiet(net(), data(), epochs=2).best_epoch is None


def test_after_ctrl_c_too_the_model_has_the_best_weights():
    model = Given([1, 2, 3, 4])
    x = np.zeros((4, 1))

    def stop(history):
        if len(history["epoch"]) == 3:
            raise KeyboardInterrupt

    history = quiet(
        model, [(x, x)], [(x, x)], epochs=7, loss=mean, lr=1.0, patience=5, callback=stop
    )
    assert history.interrupted
    assert (history.best_epoch, model.weight.item()) == (1, -1)


# --------------------------------------------------------------------------------------- callbacks


def test_several_callbacks_are_all_called_and_each_can_stop():
    calls = []
    history = quiet(
        net(), data(), epochs=5,
        callback=[
            lambda history: len(history["epoch"]) == 2,
            lambda history: calls.append(history.last()),
        ],
    )  # fmt: skip
    assert [row["epoch"] for row in calls] == [1, 2] == history["epoch"]
    assert calls[-1] == {name: column[1] for name, column in history.items()}


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1": -0.1}, "l1: got -0.1, expected a number, 0 or more"),
        ({"l2": np.nan}, "l2: got nan"),
        ({"clip_norm": "1"}, "clip_norm: got '1'"),
        ({"clip_value": -1}, "clip_value: got -1"),
        ({"accumulate": 0}, "accumulate: got 0, expected an int, 1 or more"),
        ({"accumulate": 1.5}, "accumulate: got 1.5"),
        ({"patience": 0}, "patience: got 0"),
        ({"patience": True}, "patience: got True"),
        ({"schedule_by": "step"}, "schedule_by: got 'step', expected 'epoch' or 'batch'"),
        ({"resume": True}, "resume: got True without checkpoint="),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        quiet(net(), data(), **options)


def test_a_schedule_that_goes_by_results_cannot_go_by_batches():
    model = net()
    optimizer = optim.SGD(model.parameters(), 0.05)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    with pytest.raises(ValueError, match="'batch' is not for ReduceLROnPlateau"):
        quiet(model, data(), optimizer=optimizer, scheduler=scheduler, schedule_by="batch")
