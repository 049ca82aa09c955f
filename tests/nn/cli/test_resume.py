"""`train --resume`: a run that was killed comes to the end that it would have come to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nn
from nn.cli import main
from nn.cli import train as training

OPTIONS = "digits --epochs 6 --dropout 0.2 --schedule cosine --l2 0.0001 --save-every 0.001"


def run(arguments):
    return main(arguments.split())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def same(a, b):
    a, b = nn.load(f"{a}/model.npz"), nn.load(f"{b}/model.npz")
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name])


@pytest.mark.slow
def test_a_killed_run_comes_to_the_same_end(capsys):
    assert main(["train", *OPTIONS.split(), "--out", "whole"]) == 0
    arguments = [sys.executable, "-m", "nn", "train", *OPTIONS.split(), "--out", "killed"]
    environment = {
        **os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"
    }  # fmt: skip
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL) as program:
        path = Path("killed", "checkpoint.npz")
        for _ in range(1000):
            if path.exists() or program.poll() is not None:
                break
            time.sleep(0.02)
        program.send_signal(signal.SIGKILL)
    assert path.exists()
    assert not Path("killed", "model.npz").exists()
    capsys.readouterr()
    assert main(["train", "digits", "--resume", "--out", "killed"]) == 0
    assert "goes on after epoch" in capsys.readouterr().out
    same("whole", "killed")
    assert not path.exists()  # there is nothing to go on with
    assert training.report.read(Path("killed"))["command"] == (
        "python -m nn train digits --schedule cosine --epochs 6 --dropout 0.2 --l2 0.0001 "
        "--out killed"
    )


def interrupted(monkeypatch, options=""):
    """A run that Ctrl-C ended, after the third epoch."""

    class Watch:
        def __call__(self, history):
            if len(history["epoch"]) == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.TASKS["digits"], "watch", lambda run: Watch(), raising=False)
        assert main(["train", *OPTIONS.split(), *options.split()]) == 130


@pytest.mark.slow
def test_ctrl_c_can_be_taken_up(monkeypatch, capsys):
    interrupted(monkeypatch)
    assert Path("runs/digits/model.npz").exists()
    assert run("train digits --resume") == 0
    assert "goes on after epoch 2 of 6" in capsys.readouterr().out
    assert main(["train", *OPTIONS.split(), "--out", "whole"]) == 0
    same("runs/digits", "whole")
    capsys.readouterr()
    assert run("train digits --resume") == 2
    assert "no runs/digits/checkpoint.npz to go on from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--lr 0.5", "argument --lr: runs/digits/checkpoint.npz is of a run with 0.002, got 0.5."),
        ("--model 64-5-10", "argument --model: runs/digits/checkpoint.npz is of a run with mlp, "),
        ("--epochs 7", "argument --epochs: runs/digits/checkpoint.npz is of a run with 6, got 7."),
    ],
)
def test_what_is_not_the_same_run_is_refused(option, said, monkeypatch, capsys):
    interrupted(monkeypatch)
    capsys.readouterr()
    assert main(["train", "digits", "--resume", *option.split()]) == 2
    assert said in capsys.readouterr().err


def test_without_a_schedule_there_may_be_more_epochs(monkeypatch, capsys):
    interrupted(monkeypatch, "--schedule none")
    assert run("train digits --resume --epochs 8") == 0
    out = capsys.readouterr().out
    assert "goes on after epoch 2 of 8" in out
    assert "epoch 8/8" in out


def test_ctrl_c_in_the_first_epoch_says_what_there_is(monkeypatch, capsys):
    class Loss(nn.CrossEntropyLoss):
        calls = 0

        def forward(self, *args):
            self.calls += 1
            if self.calls == 40:
                raise KeyboardInterrupt
            return super().forward(*args)

    with monkeypatch.context() as patch:
        patch.setattr(training.TASKS["digits"], "loss", lambda args: Loss(), raising=False)
        assert run(f"train {OPTIONS}") == 130
    said = "plaingrad: stopped, but runs/digits/checkpoint.npz is there for --resume\n"
    assert capsys.readouterr().err == said
    assert run("train digits --resume") == 0
    out = capsys.readouterr().out
    assert "goes on after epoch 0 of 6 and " in out


def test_another_file_is_no_checkpoint(capsys):
    Path("runs/digits").mkdir(parents=True)
    nn.save(nn.Linear(2, 2), "runs/digits/checkpoint.npz")
    assert run("train digits --resume") == 2
    assert "is no checkpoint of `train`" in capsys.readouterr().err


def test_a_short_run_writes_no_checkpoint(monkeypatch):
    saved = []
    monkeypatch.setattr(training.Checkpoint, "save", lambda checkpoint: saved.append(checkpoint))
    assert run("train digits --epochs 2") == 0
    assert not saved


def test_a_new_run_says_what_it_replaces(monkeypatch, capsys):
    assert run("train digits --epochs 1") == 0
    assert "replaces" not in capsys.readouterr().out
    interrupted(monkeypatch)
    out = capsys.readouterr().out
    assert "runs/digits: it replaces the run of 64-256-64-10 with relu, test accuracy " in out
    assert "--resume" not in out
    assert run("train digits --epochs 1") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "replaces" in line)
    assert line.endswith(" that could go on, with --resume")
