"""A run that was interrupted, in whatever way and whenever, ends as the one that never was."""

from __future__ import annotations

import errno
import importlib.util
import os
import random
from pathlib import Path

import numpy as np
import pytest

import nn
import optim
from nn.data import DataLoader

spec = importlib.util.spec_from_file_location("survive", Path(__file__).with_name("survive.py"))
survive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(survive)

EPOCHS = 3


class Killed(BaseException):
    """What nothing in the library catches."""


def nothing(*args):
    pass


def run(
    path, *, resume=True, epochs=EPOCHS, steps=None, stop=nothing, patience=2, accumulate=3,
    callback=nothing,
):  # fmt: skip
    """A run with all that has a state; `stop` is called in every step and at every epoch's end."""
    nn.manual_seed(0)
    x, y = nn.datasets.circles(60)
    model = nn.Sequential(
        nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 2, generator=1)
    )

    class Optimizer(optim.Adam):
        def step(self, closure=None):
            loss = super().step(closure)
            stop()  # the parameters have changed, and nothing else
            return loss

    def at_the_end(history):
        nn.generator().spawn(1)
        stop()
        return callback(history)

    optimizer = Optimizer(model.parameters(), lr=0.05)
    average = nn.AveragedModel(model)
    history = nn.fit(
        model, nn.CrossEntropyLoss(), optimizer,
        DataLoader((x, y), 8, shuffle=True), DataLoader((x, y), 32, shuffle=True), epochs,
        scheduler=optim.lr_scheduler.ExponentialLR(optimizer, 0.7), accumulate=accumulate,
        average=average, patience=patience, callback=at_the_end,
        checkpoint=nn.Checkpoint(path, steps=steps), resume=resume, progress=False,
    )  # fmt: skip
    history.pop("seconds", None)
    return {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": dict(history),
        "best": history.best_epoch,
        "drawn": nn.generator().random(4),
        "spawned": nn.generator().spawn(1)[0].random(4),
    }


def at(number, action):
    """A function that does it at its call of this number, counted from 1."""
    calls = iter(range(1, 10**6))

    def step(*args):
        if next(calls) == number:
            action()

    return step


def die():
    raise Killed


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("accumulate", [2, 3])  # 8 batches make 4 steps, or 2 and a small one
@pytest.mark.parametrize("steps", [None, 1, 2])
def test_it_may_die_at_any_moment_and_ends_as_if_it_had_not(tmp_path, steps, accumulate):
    whole = run(tmp_path / "whole.npz", steps=steps, accumulate=accumulate)
    moments = 5 if accumulate == 2 else 4  # in an epoch
    for number in range(1, EPOCHS * moments + 1):
        path = tmp_path / f"{number}.npz"
        with pytest.raises(Killed):
            run(path, steps=steps, accumulate=accumulate, stop=at(number, die))
        assert path.exists() == (number > (steps or moments))
        end = run(path, steps=steps, accumulate=accumulate)
        assert survive.difference(whole, end) is None, number


def test_it_may_die_again_and_again(tmp_path):
    whole = run(tmp_path / "whole.npz", steps=1)
    deaths = 0
    while True:
        try:
            end = run(tmp_path / "again.npz", steps=1, stop=at(3, die))
            break
        except Killed:
            deaths += 1
    assert deaths >= EPOCHS
    assert survive.difference(whole, end) is None


@pytest.mark.parametrize("steps", [None, 1])
def test_ctrl_c_leaves_the_last_good_checkpoint(tmp_path, steps):
    whole = run(tmp_path / "whole.npz", steps=steps)
    path = tmp_path / "run.npz"
    stopped = run(path, steps=steps, stop=at(5, interrupt))
    assert stopped["history"]["epoch"] == [1]
    assert survive.difference(whole, run(path, steps=steps)) is None


@pytest.mark.parametrize("moment", ["write", "fsync", "replace"])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch, moment, number):
    whole = run(tmp_path / "whole.npz", steps=1)
    path = tmp_path / "run" / "run.npz"
    path.parent.mkdir()

    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner = np.lib.format if moment == "write" else os
    name, count = ("write_array", number * 30) if moment == "write" else (moment, number)
    real, fail = getattr(owner, name), at(count, full)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, lambda *args, **kw: (fail(), real(*args, **kw))[1])
        with pytest.raises(OSError, match="No space left"):
            run(path, steps=1)
    assert [file.name for file in path.parent.iterdir()] == ["run.npz"] * path.exists()
    assert path.exists() == (number > 1) or moment == "write"
    assert survive.difference(whole, run(path, steps=1)) is None


def test_a_run_that_is_over_stays_as_it_ended(tmp_path):
    whole = run(tmp_path / "run.npz")
    content = (tmp_path / "run.npz").read_bytes()
    assert survive.difference(whole, run(tmp_path / "run.npz", stop=die)) is None
    assert (tmp_path / "run.npz").read_bytes() == content


def test_a_run_that_a_callback_stopped_stays_so(tmp_path):
    stopped = run(tmp_path / "run.npz", callback=lambda history: len(history["epoch"]) == 2)
    assert stopped["history"]["epoch"] == [1, 2]
    assert survive.difference(stopped, run(tmp_path / "run.npz", stop=die)) is None


def test_a_run_goes_on_for_more_epochs_from_its_last_weights_not_the_best(tmp_path):
    whole = run(tmp_path / "whole.npz", epochs=5, patience=5)
    for epochs in (2, 3, 5):
        end = run(tmp_path / "run.npz", epochs=epochs, patience=5)
    assert survive.difference(whole, end) is None


def test_without_resume_it_begins_anew_and_from_another_file_it_goes_on(tmp_path):
    whole = run(tmp_path / "whole.npz", epochs=2, patience=None)
    run(tmp_path / "run.npz", epochs=1, patience=None)
    again = run(tmp_path / "run.npz", resume=False, epochs=2, patience=None)
    assert survive.difference(whole, again) is None
    run(tmp_path / "one.npz", epochs=1, patience=None)
    end = run(tmp_path / "two.npz", resume=tmp_path / "one.npz", epochs=2, patience=None)
    assert survive.difference(whole, end) is None
    assert len(nn.load(tmp_path / "one.npz")["history"]["epoch"]) == 1
    assert len(nn.load(tmp_path / "two.npz")["history"]["epoch"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("way", survive.WAYS)
def test_sigkill_at_random_moments(tmp_path, way):
    """Of 5 moments here; `survive.py --kills 50` takes as many as one likes."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "run").mkdir()
    survive.finish(survive.start(way, tmp_path / "whole"))
    rng = random.Random(0)
    kills = survive.killed(way, tmp_path / "run", [rng.uniform(0.0, 0.3) for _ in range(5)])
    assert kills
    whole, end = (nn.load(tmp_path / name / survive.RESULT) for name in ("whole", "run"))
    assert survive.difference(whole, end) is None


def test_a_difference_of_one_bit_would_be_seen(tmp_path):
    a = run(tmp_path / "a.npz", epochs=1)
    b = run(tmp_path / "b.npz", epochs=1)
    assert survive.difference(a, b) is None
    weight = b["average"]["module.0.weight"]
    weight[0, 0] = np.nextafter(weight[0, 0], np.float32(9))
    assert survive.difference(a, b) == "/average/module.0.weight"
