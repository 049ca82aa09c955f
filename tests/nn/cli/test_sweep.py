"""A sweep: every combination, as `train` would do each; what was killed goes on."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
from nn.cli import main
from nn.cli import sweep as sweeping

ROOT = Path(__file__).parents[3]
OUT = Path("runs", "sweep-circles")
PICTURES = find_spec("matplotlib") is not None


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # of new processes


def run(arguments):
    return main(arguments.split())


def rows():
    with open(OUT / "table.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_each_is_what_train_does_alone(capsys):
    assert run("sweep circles --lr 0.1,0.01 --hidden 3,8-4 --jobs 2 --epochs 20 --dropout 0.1") == 0
    out = capsys.readouterr().out
    assert "circles: 4 trainings; 2 at a time" in out
    assert {row["lr"] + " " + row["hidden"] for row in rows()} == {
        "0.1 3", "0.1 8-4", "0.01 3", "0.01 8-4",
    }  # fmt: skip
    shares = [float(row["test accuracy"].split()[0]) for row in rows()]
    assert shares == sorted(shares, reverse=True)
    assert run("train circles --lr 0.01 --model 2-8-4-2 --epochs 20 --dropout 0.1 --out alone") == 0
    alone, swept = (nn.load(f / "model.npz") for f in (Path("alone"), OUT / "lr=0.01,hidden=8-4"))
    assert alone.keys() == swept.keys()
    assert all(np.array_equal(alone[name], swept[name]) for name in alone)
    names = {path.name for path in OUT.iterdir() if path.is_file()}
    assert names == {"table.csv", "report.html", *(["curves.png"] if PICTURES else [])}
    page = (OUT / "report.html").read_text()
    assert "--lr 0.1,0.01" in page
    assert "All of them, the best first" in page

    # What is there is not trained again, unless something else was asked for.
    before = {path: path.stat().st_mtime_ns for path in OUT.rglob("run.json")}
    capsys.readouterr()
    assert run("sweep circles --lr 0.1,0.01 --hidden 3,8-4 --epochs 20 --dropout 0.1") == 0
    assert "4 trainings, 4 of them done before" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in OUT.rglob("run.json")}
    assert run("sweep circles --lr 0.1,0.01 --hidden 3,8-4 --epochs 2 --jobs 1") == 0
    assert "done before" not in capsys.readouterr().out
    assert run("sweep circles --lr 0.1,0.01 --hidden 3,8-4 --epochs 2 --jobs 1 --fresh") == 0
    assert "done before" not in capsys.readouterr().out


@pytest.mark.slow
def test_what_fails_is_reported_and_the_others_go_on(capsys):
    bad = OUT / "lr=0.2"
    bad.mkdir(parents=True)
    (bad / "model.npz").mkdir()  # where a file is to be
    assert run("sweep circles --lr 0.1,0.2,0.3 --epochs 3 --jobs 1") == 1
    out = capsys.readouterr().out
    assert "2/3 lr=0.2: failed: " in out
    assert "3/3 lr=0.3: train accuracy" in out
    assert rows()[-1]["train loss"] == "failed"
    assert len(rows()) == 3
    assert "What failed" in (OUT / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_was_killed_goes_on_where_it_was(monkeypatch):
    words = "sweep circles --hidden 3,4,5 --epochs 400 --batch-size 50 --dropout 0.1 --jobs 2"
    command = [sys.executable, "-m", "nn", *words.split(), "--save-every", "0.1"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE)
    end = time.monotonic() + 60
    while not list(OUT.rglob("checkpoint.npz")) and first.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()  # the pipe closes when the last of its processes is gone
    begun = list(OUT.rglob("checkpoint.npz"))
    assert begun
    # Goes on in a process, and ends as one that was never stopped.
    folder = begun[0].parent
    hidden = folder.name.partition("=")[2]
    words = f"train circles --epochs 400 --batch-size 50 --dropout 0.1 --model 2-{hidden}-2"
    seen = []
    learn = sweeping.train.learn

    def watched(args, checkpoint, **keywords):
        keywords["watch"] = lambda history: seen.append(len(history["epoch"]))
        return learn(args, checkpoint, **keywords)

    monkeypatch.setattr(sweeping.train, "learn", watched)
    sweeping.Training("stopped", tuple(words.split()), folder)()
    assert seen[0] > 1
    assert seen[-1] == 400
    sweeping.Training("whole", tuple(words.split()), Path("whole"))()
    a, b = (nn.load(f / "model.npz") for f in (folder, Path("whole")))
    assert all(np.array_equal(a[key], b[key]) for key in a)
    assert not (folder / "checkpoint.npz").exists()


def test_ctrl_c_says_how_to_go_on(capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping, "train_many", stopped)
    assert run("sweep circles --lr 0.1,0.2") == 130
    told = capsys.readouterr().err
    assert told == ("plaingrad: stopped, with 0 of 2 trainings done; the same command goes on\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("circles --lr 0.1,x", "argument --lr: expected a number above 0, got 'x'"),
        ("circles --lr 0.1,0.1", "argument --lr: expected values like 1,2,3, each once"),
        ("circles --lr 0.1,", "argument --lr: expected values like 1,2,3, each once"),
        ("circles --hidden 3,a", "argument --model: expected sizes like"),
        ("circles --hidden 3 --model 2-4-2", "argument --hidden: .*use one of them"),
        ("circles --optimizer adam,atom", "argument --optimizer: invalid choice: 'atom'"),
        ("circles --data x", "argument --data: for .*mnist.* alone"),
        ("circles --jobs 0", "argument --jobs: expected a whole number above 0"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(capsys, arguments, told):
    assert run(f"sweep {arguments}") == 2
    assert re.search(told, capsys.readouterr().err)
    assert not Path("runs").exists()
