"""Checkpoint: a run in one file, whole or not at all; nothing is loaded that does not fit."""

from __future__ import annotations

import time

import numpy as np
import pytest

import nn
import optim
from nn.data import DataLoader
from nn.random import restore, state_of
from optim import lr_scheduler

KINDS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


def parts(seed=0):
    nn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5, generator=seed), nn.Linear(3, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    return {
        "model": model,
        "optimizer": optimizer,
        "scheduler": lr_scheduler.StepLR(optimizer, 2),
        "rng": np.random.default_rng(seed),
        "run": {"epoch": seed, "best": np.array([1.5, seed])},
        "losses": [0.1 * seed],
    }


def draws(parts):
    """What comes next out of all generators, and out of those they spawn."""
    own = parts["model"][1].generator
    return [
        [*rng.random(3), *rng.spawn(1)[0].random(3)] for rng in (nn.generator(), parts["rng"], own)
    ]


def test_everything_comes_back_in_place(tmp_path):
    path = tmp_path / "run.npz"
    first = parts(1)
    nn.generator().spawn(3)
    first["rng"].spawn(2)
    first["model"](np.ones((4, 2), np.float32)).sum().backward()
    first["optimizer"].step()
    first["scheduler"].step()
    nn.Checkpoint(path, **first).save()
    expected = draws(first)

    second = parts(2)
    held = nn.generator()  # by somebody, such as a loader
    run, losses = second["run"], second["losses"]
    assert nn.Checkpoint(path, **second).load() is True
    assert nn.generator() is held
    assert draws(second) == expected
    for name in ("model", "optimizer", "scheduler"):
        a, b = (str(p[name].state_dict()) for p in (first, second))
        assert a == b
    assert run is second["run"]
    assert run["epoch"] == 1
    assert run["best"].tolist() == [1.5, 1]
    assert losses == [0.1]


def test_without_a_file_nothing_changes(tmp_path):
    mine, twin = parts(1), parts(1)
    assert nn.Checkpoint(tmp_path / "run.npz", **mine).load() is False
    assert mine["run"]["epoch"] == 1
    for name, x in twin["model"].state_dict().items():
        assert np.array_equal(x, mine["model"].state_dict()[name])
    with pytest.raises(FileNotFoundError):
        nn.Checkpoint(tmp_path / "run.npz", **mine).load(tmp_path / "other.npz")


def test_the_file_is_an_ordinary_one(tmp_path):
    mine = parts()
    nn.Checkpoint(tmp_path / "run.npz", **mine).save()
    nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.Linear(3, 1)).load_state_dict(
        nn.load(tmp_path / "run.npz")["model"]
    )
    assert "model/0.weight" in np.load(tmp_path / "run.npz")


def test_it_saves_after_so_many_steps(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "run.npz", steps=3, run={})
    assert [checkpoint.step() for _ in range(7)] == [False, False, True] * 2 + [False]
    checkpoint.save()  # from which it counts
    assert [checkpoint.step() for _ in range(3)] == [False, False, True]


def test_it_saves_after_so_many_seconds_whichever_comes_first(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    checkpoint = nn.Checkpoint(tmp_path / "run.npz", steps=3, seconds=10, run={})
    now = 109.0
    assert checkpoint.step() is False
    now = 110.0
    assert checkpoint.step() is True
    assert [checkpoint.step() for _ in range(3)] == [False, False, True]
    assert nn.Checkpoint(tmp_path / "run.npz", run={}).step() is False


def test_all_schedules_and_optimizers_go_through_a_file(tmp_path):
    for name in lr_scheduler.__all__:
        made = {
            "LRScheduler": None, "SequentialLR": None, "ChainedScheduler": None,
            "LambdaLR": {"lr_lambda": lambda t: 1 / (1 + t)},
            "MultiplicativeLR": {"lr_lambda": lambda _: 0.9},
            "StepLR": {"step_size": 2}, "MultiStepLR": {"milestones": [1, 3]},
            "ExponentialLR": {"gamma": 0.9}, "CosineAnnealingLR": {"T_max": 5},
            "CosineAnnealingWarmRestarts": {"T_0": 3},
            "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1},
            "OneCycleLR": {"max_lr": 0.1, "total_steps": 9},
        }.get(name, {})  # fmt: skip
        if made is None:
            continue
        rates = []
        for again in (False, True):
            p = nn.Parameter(np.zeros(2))
            optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
            scheduler = getattr(lr_scheduler, name)(optimizer, **made)
            checkpoint = nn.Checkpoint(tmp_path / name, optimizer=optimizer, scheduler=scheduler)
            arguments = [1.0] if name == "ReduceLROnPlateau" else []
            p.grad = np.ones(2)
            optimizer.step()
            for _ in range(0 if again else 3):
                scheduler.step(*arguments)
            if again:
                checkpoint.load()
            else:
                checkpoint.save()
            scheduler.step(*arguments)
            rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        assert rates[0] == rates[1], name


OPTIMIZERS = [
    name
    for name in optim.__all__
    if isinstance(x := getattr(optim, name), type) and issubclass(x, optim.Optimizer)
]


@pytest.mark.parametrize(
    "name", [name for name in OPTIMIZERS if name not in ("Optimizer", "AllReduce")]
)
def test_every_optimizer_goes_on_bit_by_bit(tmp_path, name):
    def make():
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False))
        return model, getattr(optim, name)(model.parameters(), lr=0.01)

    def steps(model, optimizer, n):
        x = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)

        def closure():
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            return loss

        for _ in range(n):
            optimizer.step(closure)
        return [p.data.tobytes() for p in model.parameters()]

    model, optimizer = make()
    steps(model, optimizer, 3)
    nn.Checkpoint(tmp_path / "run.npz", model=model, optimizer=optimizer).save()
    expected = steps(model, optimizer, 3)
    model, optimizer = make()
    nn.Checkpoint(tmp_path / "run.npz", model=model, optimizer=optimizer).load()
    assert steps(model, optimizer, 3) == expected
    model, optimizer = make()
    assert steps(model, optimizer, 3) != expected


# ---------------------------------------------------------------------------------------- refusals


def test_of_other_parts_nothing_is_loaded(tmp_path):
    path = tmp_path / "run.npz"
    saved = parts(1)
    del saved["scheduler"]
    nn.Checkpoint(path, other=[1], **saved).save()
    mine = parts(2)
    with pytest.raises(ValueError, match=r"run.npz: a checkpoint of other parts: it lacks schedul"):
        nn.Checkpoint(path, **mine).load()
    with pytest.raises(ValueError, match="only it has other"):
        nn.Checkpoint(path, **mine).load()
    assert mine["run"]["epoch"] == 2


def test_if_one_part_does_not_fit_none_is_loaded(tmp_path):
    path = tmp_path / "run.npz"
    saved, mine, twin = parts(1), parts(2), parts(2)
    saved["optimizer"] = optim.SGD(saved["model"].parameters(), lr=0.1)
    nn.Checkpoint(path, **saved).save()
    with pytest.raises(ValueError, match="does not fit this Adam") as error:
        nn.Checkpoint(path, **mine).load()
    assert "nothing was loaded" in error.value.__notes__[-1]
    for name, x in twin["model"].state_dict().items():
        assert np.array_equal(x, mine["model"].state_dict()[name])
    assert mine["run"]["epoch"] == 2
    assert mine["losses"] == [0.2]
    assert mine["optimizer"].param_groups[0]["betas"] == (0.9, 0.999)


def test_files_of_another_kind(tmp_path):
    nn.save(nn.Linear(2, 1), tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"model.npz: no checkpoint, though nn.load can read it"):
        nn.Checkpoint(tmp_path / "model.npz", run={}).load()
    (tmp_path / "half.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"half.npz: .*damaged"):
        nn.Checkpoint(tmp_path / "half.npz", run={}).load()


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"epoch": 3}, TypeError, r"epoch: got int, expected something with state_dict .*run={"),
        ({"model": nn.Linear}, TypeError, "model: got the class Linear"),
        ({"generators": {}}, ValueError, "no part can be called generators"),
        ({"steps": 0}, ValueError, "steps: got 0, expected more than 0"),
        ({"seconds": -1}, ValueError, "seconds: got -1"),
    ],
)
def test_what_is_no_part(given, kind, message):
    with pytest.raises(kind, match=message):
        nn.Checkpoint("run.npz", **given)


def test_a_folder_that_is_missing_is_made(tmp_path):
    run = {"epoch": 1}
    nn.Checkpoint(tmp_path / "new" / "run.npz", run=run).save()
    run["epoch"] = 0
    assert nn.Checkpoint(tmp_path / "new" / "run.npz", run=run).load()
    assert run == {"epoch": 1}


def test_what_no_file_can_hold_is_told_and_the_old_file_stays(tmp_path):
    run = {"epoch": 1}
    checkpoint = nn.Checkpoint(tmp_path / "run.npz", run=run)
    checkpoint.save()
    run["when"] = object()
    with pytest.raises(TypeError, match="cannot save run/when, a object"):
        checkpoint.save()
    assert nn.load(tmp_path / "run.npz")["run"] == {"epoch": 1}


# ------------------------------------------------------------------------------------- in nn.fit


def fitted(path, train, **kwargs):
    model = nn.Linear(2, 1)
    return nn.fit(
        model, nn.MSELoss(), kwargs.pop("optimizer", None) or optim.SGD(model.parameters(), 0.1),
        train, epochs=2, progress=False, checkpoint=path, **kwargs,
    )  # fmt: skip


def test_parts_of_ones_own_go_along(tmp_path):
    x = np.ones((8, 2), np.float32)
    rng, seen = np.random.default_rng(0), {"epochs": 0}

    def count(history):
        seen["epochs"] += 1
        rng.random()

    given = nn.Checkpoint(tmp_path / "run.npz", rng=rng, seen=seen)
    fitted(given, (x, x[:, :1]), callback=count)
    after, seen["epochs"] = rng.random(), 0
    fitted(given, (x, x[:, :1]), resume=True)
    assert seen == {"epochs": 2}
    assert rng.random() == after


def test_batches_in_a_list_are_saved_by_epochs(tmp_path):
    x = np.ones((8, 2), np.float32)
    batches = [(x, x[:, :1])] * 3
    fitted(tmp_path / "run.npz", batches)
    assert nn.load(tmp_path / "run.npz")["history"]["epoch"] == [1, 2]
    with pytest.raises(
        TypeError, match=r"within an epoch .* train must be a DataLoader.* got list"
    ):
        fitted(nn.Checkpoint(tmp_path / "run.npz", steps=1), batches)


def test_an_optimizer_without_a_state_cannot_go_on(tmp_path):
    class Own:
        def zero_grad(self):
            pass

        def step(self, closure):
            return closure()

    x = np.ones((8, 2), np.float32)
    with pytest.raises(TypeError, match="checkpoint: optimizer: a Own has no state_dict"):
        fitted(tmp_path / "run.npz", [(x, x[:, :1])], optimizer=Own())


def test_a_part_of_ones_own_cannot_have_the_name_of_one_of_fits(tmp_path):
    x = np.ones((8, 2), np.float32)
    with pytest.raises(ValueError, match="a part is called history, as one of fit's own is"):
        fitted(nn.Checkpoint(tmp_path / "run.npz", history={}), [(x, x[:, :1])])


def test_a_loader_of_another_dataset_is_refused(tmp_path):
    x = np.ones((8, 2), np.float32)
    checkpoint = nn.Checkpoint(tmp_path / "run.npz", loader=DataLoader(x, 2))
    for _ in checkpoint.parts["loader"]:
        checkpoint.save()
    with pytest.raises(ValueError, match="of an epoch of at least 8 samples"):
        nn.Checkpoint(tmp_path / "run.npz", loader=DataLoader(x[:4], 2)).load()


def test_it_says_where_it_goes_on(tmp_path, capsys):
    x = np.ones((8, 2), np.float32)
    fitted(tmp_path / "run.npz", [(x, x[:, :1])])
    model = nn.Linear(2, 1)
    nn.fit(
        model, nn.MSELoss(), optim.SGD(model.parameters(), 0.1), [(x, x[:, :1])], epochs=3,
        checkpoint=tmp_path / "run.npz", resume=True,
    )  # fmt: skip
    assert "goes on after epoch 2 of 3" in capsys.readouterr().out


# -------------------------------------------------------------------------- the generator's state


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_generator_goes_on_with_its_numbers_and_its_children(kind, tmp_path):
    rng = np.random.Generator(kind(7))
    rng.random(5, np.float32)  # leaves half a number in the buffer of some
    rng.spawn(2)
    child = rng.spawn(1)[0]
    for one in (rng, child):
        nn.save(state_of(one), tmp_path / "state.npz")
        expected = [*one.random(5, np.float32), *one.random(3), *one.spawn(2)[1].random(3)]
        other = np.random.Generator(kind(8))
        other.spawn(9)  # more than the other had
        restore(other, nn.load(tmp_path / "state.npz"))
        got = [*other.random(5, np.float32), *other.random(3), *other.spawn(2)[1].random(3)]
        assert got == expected


def test_the_state_of_another_kind_changes_nothing():
    rng, twin = np.random.default_rng(0), np.random.default_rng(0)
    with pytest.raises(ValueError, match="the state is of a Philox, expected of a PCG64"):
        restore(rng, state_of(np.random.Generator(np.random.Philox(1))))
    assert rng.random() == twin.random()
