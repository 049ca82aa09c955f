"""The command line: what it prints and writes, and what it says when something is wrong."""

from __future__ import annotations

import argparse
import csv
import errno
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import no_grad
from nn import plot
from nn.cli import main, optimizers, profile, schedules
from nn.cli import train as training
from nn.cli.tasks import TASKS, digits
from nn.cli.tasks.base import Task
from nn.cli.tasks.perceptron import perceptron

PICTURES = find_spec("matplotlib") is not None
WRITTEN = ("model.npz", "history.csv", "run.json", "report.html")
OF_POINTS = ("history.png", "regions.png", "boundary.gif")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pictures(monkeypatch):
    """As if Matplotlib were not installed."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def run(arguments):
    return main(arguments.split())


def contents(folder="."):
    """All files below a folder, hidden ones too, with what is in them."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def accuracies(out):
    """Training and test accuracy, as printed."""
    line = r"^train accuracy ([\d.]+) %, test accuracy ([\d.]+) %, [\d.]+ s$"
    (found,) = re.findall(line, out, re.MULTILINE)
    return [float(x) for x in found]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write_mnist(folder, part, n):
    """A pair of files as MNIST's: each digit is a bright bar at a place of its own."""
    folder.mkdir(exist_ok=True)
    labels = np.arange(n) % 10
    images = np.random.default_rng(n).integers(0, 50, (n, 28, 28))
    images[np.arange(n), 2 * labels] = 255
    for name, array in ("images-idx3", images), ("labels-idx1", labels):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        Path(folder, f"{part}-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())


# -------------------------------------------------------------------------------- ordinary runs


@pytest.mark.slow
def test_digits_as_they_come(capsys):
    assert run("train digits") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[:3] == [
        "digits: 1,348 samples to learn from, 449 to test on",
        "64-256-64-10 with relu: 33,738 parameters",
        "adam, lr 0.002, batches of 16, 40 epochs, seed 0",
    ]
    train, test = accuracies(out)
    assert train >= 99.5
    assert test >= 97

    drawn = ["history.png", "predictions.png", "confusion.png", "weights.png"]
    names = ["model.npz", "history.csv", *drawn * PICTURES, "report.html"]
    assert lines[-len(names) :] == [str(Path("runs", "digits", name)) for name in names]
    assert sorted(contents("runs/digits")) == sorted([*names, "run.json"])
    table = rows("runs/digits/history.csv")
    assert [row["epoch"] for row in table] == [str(i) for i in range(1, 41)]
    assert 100 * float(table[-1]["validation_accuracy"]) == pytest.approx(test, abs=0.1)

    # The saved model is the one whose accuracy was printed.
    layers = nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)
    model = nn.Sequential(*layers)
    model.load_state_dict(nn.load("runs/digits/model.npz"))
    nn.manual_seed(0)
    images, labels = nn.datasets.digits()
    _, images, _, labels = nn.data.train_test_split(images, labels, stratify=labels)
    with no_grad():
        right = model(images.reshape(-1, 64)).data.argmax(axis=1) == labels
    assert 100 * right.mean() == pytest.approx(test, abs=0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("model", "said", "least"),
    [
        ("seed --epochs 60", "seed network 64-16-16-10 with sigmoid: 1,482 parameters\ngd, ", 85),
        ("lenet --epochs 2", "LeNet: 61,706 parameters\nadam, lr 0.002 with cosine, ", 90),
        ("resnet --epochs 1", "ResNet-8: 77,754 parameters\n", 30),
    ],
)
def test_networks_by_name(model, said, least, capsys):
    assert run(f"train digits --model {model}") == 0
    out = capsys.readouterr().out
    assert said in out
    assert min(accuracies(out)) > least


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("dataset", ["moons", "spirals", "blobs"])
def test_more_points(dataset, capsys):
    assert run(f"train {dataset} --epochs 250 --lr 0.03") == 0
    assert min(accuracies(capsys.readouterr().out)) >= 85


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("optimizer", optimizers.RATES)
def test_every_optimizer_learns(optimizer):
    assert run(f"train moons --optimizer {optimizer} --epochs 20") == 0
    losses = [float(row["loss"]) for row in rows("runs/moons/history.csv")]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_schedules_lower_the_rate(name):
    model = nn.Linear(1, 1)
    model(np.ones((1, 1), np.float32)).sum().backward()
    optimizer = optimizers.optimizer_of("gd", model, 0.1)
    schedule = schedules.schedule_of(name, optimizer, 6)
    for _ in range(6):
        optimizer.step()
        if schedule is not None:
            schedule.step(*([1.0] if name == "plateau" else []))
    assert (optimizer.param_groups[0]["lr"] < 0.05) == (name != "none")


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--l1 0.5", {"l1": 0.5}), ("--l2 0.25", {"l2": 0.25}), ("--clip 2", {"clip_norm": 2.0}),
        ("--accumulate 3", {"accumulate": 3}), ("--patience 4", {"patience": 4}),
        ("--batch-size all", {"batch_size": None}), ("--batch-size 1", {"batch_size": 1}),
    ],
)  # fmt: skip
def test_options_reach_fit(option, given, monkeypatch):
    seen = {}

    def fit(*args, **kwargs):
        seen.update(kwargs)
        raise ValueError

    monkeypatch.setattr(training, "fit", fit)
    run(f"train digits {option}")
    assert {name: seen[name] for name in given} == given


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["circles", "squares"])
def test_points_as_they_come(dataset, capsys):
    assert run(f"train {dataset}") == 0
    out = capsys.readouterr().out
    assert "750 samples to learn from, 250 to test on\n2-3-2 with tanh: 17 parameters\n" in out
    assert min(accuracies(out)) >= 95
    assert set(contents(Path("runs", dataset))) == {*WRITTEN, *OF_POINTS * PICTURES}


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("activation", "optimizer"), [("relu", "sgd"), ("tanh", "adam"), ("sigmoid", "adamw")]
)
def test_options(activation, optimizer, capsys):
    options = f"--model 64-32-10 --activation {activation} --optimizer {optimizer} --lr 0.01"
    assert run(f"train digits {options} --batch-size 16 --epochs 5 --seed 3 --out deep/down") == 0
    out = capsys.readouterr().out
    assert f"64-32-10 with {activation}: 2,410 parameters\n" in out
    assert f"{optimizer}, lr 0.01, batches of 16, 5 epochs, seed 3\n" in out
    assert min(accuracies(out)) > 85
    assert len(rows("deep/down/history.csv")) == 5
    assert nn.load("deep/down/model.npz")["0.weight"].shape == (32, 64)


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("dataset", ["digits", "circles"])
def test_sgd_has_a_learning_rate_of_its_own(dataset, capsys):
    assert run(f"train {dataset} --optimizer sgd") == 0
    out = capsys.readouterr().out
    assert "sgd, lr 0.03, " in out
    assert min(accuracies(out)) >= 95


@pytest.mark.usefixtures("no_pictures")
def test_a_seed_makes_a_run_reproducible():
    for seed, out in (1, "a"), (1, "b"), (2, "c"):
        assert run(f"train digits --epochs 2 --seed {seed} --out {out}") == 0
    a, b, c = (nn.load(f"{out}/model.npz") for out in "abc")
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name])
        assert name.endswith("bias") or (value != c[name]).all()
    a, b, c = (rows(f"{out}/history.csv") for out in "abc")
    for row in (*a, *b, *c):
        del row["seconds"]
    assert a == b
    assert a != c


def test_mnist_with_both_pairs(here, capsys):
    write_mnist(here / "data", "train", 60)
    write_mnist(here / "data", "t10k", 20)
    assert run("train mnist --data data --model 784-16-10 --lr 0.01 --epochs 20") == 0
    out = capsys.readouterr().out
    assert out.startswith("mnist: 60 samples to learn from, 20 to test on\n784-16-10 with")
    assert min(accuracies(out)) == 100
    for name in "predictions", "confusion", "weights":
        assert (f"runs/mnist/{name}.png" in contents()) == PICTURES


def test_mnist_without_the_training_pair(here, capsys):
    write_mnist(here / "data", "t10k", 100)
    assert run("train mnist --data data --epochs 1") == 0
    assert capsys.readouterr().out.startswith(
        "no training files in data: learning from 90 % of the test files instead\n"
        "mnist: 90 samples to learn from, 10 to test on\n"
    )


def test_the_two_parts_hold_each_digit_alike(here):
    write_mnist(here / "data", "t10k", 100)
    for dataset, n in ("mnist", 1), ("circles", 125):
        args = argparse.Namespace(data="data", download=False, points=1000, noise=None)
        _, (_, y_test) = TASKS[dataset].data(args)
        assert set(np.bincount(y_test)) == {n}


def test_a_perceptron_starts_with_xavier_weights_and_without_biases():
    model = perceptron("100-200-10", "tanh")
    kinds = [type(layer) for layer in model]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear]
    for layer, fans in (model[0], 300), (model[2], 210):
        assert not layer.bias.data.any()
        bound = 5 / 3 * np.sqrt(6 / fans)
        assert 0.95 * bound < abs(layer.weight.data).max() <= bound


def test_download_is_passed_on(monkeypatch, capsys):
    calls = []

    def mnist(folder, train=True, *, download=False):
        calls.append((folder, train, download))
        raise ConnectionError("no network,\nand more")

    monkeypatch.setattr(nn.datasets, "mnist", mnist)
    assert run("train mnist --data data --download") == 2
    assert calls == [("data", False, True)]
    assert capsys.readouterr().err == "plaingrad: no network, and more\n"


@pytest.mark.usefixtures("no_pictures")
def test_without_matplotlib_there_are_no_pictures(capsys):
    assert run("train circles --epochs 2") == 0
    assert 'pip install "plaingrad[plot]"' in capsys.readouterr().out
    assert set(contents("runs/circles")) == {*WRITTEN}


@pytest.mark.parametrize("n_wrong", [0, 3, 30])
def test_wrong_digits_are_shown_first(monkeypatch, n_wrong):
    calls = []
    monkeypatch.setattr(plot, "images", lambda *args, **kwargs: calls.append((args, kwargs)))
    x = np.arange(100.0)[:, None] * np.ones(64)  # an image tells its number
    y = np.arange(100) % 10
    guess = y.copy()
    guess[100 - n_wrong :] += 1
    digits.draw_digits(x, y, guess, Path("p.png"))

    [((images, labels, predictions), options)] = calls
    assert images.shape == (40, 8, 8)
    picked = images[:, 0, 0].astype(int)
    assert len(set(picked)) == 40
    np.testing.assert_array_equal(labels, y[picked])
    np.testing.assert_array_equal(predictions, guess[picked])
    shown = min(n_wrong, 20)
    np.testing.assert_array_equal(labels != predictions, np.arange(40) < shown)
    first = "the" if n_wrong <= 20 else "20 of the"
    rest = f": {first} {n_wrong} it got wrong come first" if n_wrong else ""
    assert options["title"] == f"Test accuracy {100 - n_wrong}.0 %{rest}"


def test_only_all_is_100_percent():
    right = np.ones(3000, dtype=bool)
    assert plot.percent(right.mean()) == "100.0 %"
    right[0] = False
    assert plot.percent(right.mean()) == "99.9 %"


def table(out):
    """The rows of a profile, by what they begin with."""
    lines = [re.split("   +", line.strip()) for line in out.splitlines()]
    return {first: rest for first, *rest in lines}


def test_profile_as_it_comes(capsys):
    assert run("profile --steps 3") == 0
    out = capsys.readouterr().out
    first = r"64-256-64-10 with relu, adam, batches of 16: 3 steps, [\d.]+ ms each\n\ntime in ms "
    assert re.match(first, out)
    found = table(out)
    for name in (
        *("Sequential", "(0): Linear(64, 256)", "(1): ReLU()", "(2): Linear(256, 64)"),
        *("(3): ReLU()", "(4): Linear(64, 10)", "CrossEntropyLoss()", "Adam.step"),
    ):
        assert found[name][0] == "3", name
    assert found["linear"][0] == "9"  # the last one: by op
    assert "nn.profile() as p" in out.splitlines()[-1]
    assert contents() == {}


def test_profile_draws_a_picture(capsys, tmp_path):
    path = tmp_path / "step.svg"
    assert run(f"profile circles --steps 2 --picture {path}") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    assert path.read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize("dataset", [name for name, task in TASKS.items() if task.sizes])
def test_profile_of_what_can_be_trained(dataset, capsys):
    ends = TASKS[dataset].defaults["sizes"].split("-")
    model = f"{ends[0]}-5-{ends[-1]}"
    options = f"--model {model} --activation sigmoid --optimizer sgd --batch-size 7 --seed 2"
    assert run(f"profile {dataset} {options} --steps 2") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{model} with sigmoid, sgd, batches of 7: 2 steps, ")
    found = table(out)
    assert found["SGD.step"][0] == "2"
    assert found[f"(2): Linear(5, {ends[-1]})"][0] == "2"
    assert found["sigmoid"][0] == "2"


# -------------------------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train", "the following arguments are required: dataset"),
        ("train letters", "argument dataset: invalid choice: 'letters'"),
        ("learn digits", "invalid choice: 'learn'"),
        ("train digits --speed 3", "unrecognized arguments: --speed 3"),
        ("train digits --epochs", "argument --epochs: expected one argument"),
        ("train digits --epochs 0", "argument --epochs: expected a whole number above 0, got '0'"),
        ("train digits --epochs 1.5", "argument --epochs: expected a whole number above 0"),
        ("train digits --batch-size 0", "argument --batch-size: expected a whole number above 0"),
        ("train digits --seed -1", "argument --seed: expected a whole number, 0 or more, got '-1'"),
        ("train digits --lr 0", "argument --lr: expected a number above 0, got '0'"),
        ("train digits --lr nan", "argument --lr: expected a number above 0, got 'nan'"),
        ("train digits --lr inf", "argument --lr: expected a number above 0, got 'inf'"),
        ("train digits --lr fast", "argument --lr: expected a number above 0, got 'fast'"),
        ("train digits --optimizer lion", "argument --optimizer: invalid choice: 'lion'"),
        ("train digits --activation step", "argument --activation: invalid choice: 'step'"),
        (
            "train digits --model 64",
            "--model: expected sizes like 64-32-10, or one of mlp, seed, lenet, resnet, got '64'",
        ),
        ("train digits --model 64-0-10", "argument --model: expected sizes like 64-32-10"),
        ("train digits --model 64x10", "argument --model: expected sizes like 64-32-10"),
        (
            "train digits --model 784-16-10",
            "--model: digits has 64 inputs and 10 classes, so expected 64-...-10, got 784-16-10",
        ),
        ("train circles --model 2-3-1", "expected 2-...-2, got 2-3-1"),
        ("profile circles --model 2-3-1", "expected 2-...-2, got 2-3-1"),
        ("profile letters", "argument dataset: invalid choice: 'letters'"),
        ("profile --picture step.png", "expected a name that ends in .svg, got 'step.png'"),
        ("profile --steps 0", "argument --steps: expected a whole number above 0, got '0'"),
        ("profile digits --epochs 3", "unrecognized arguments: --epochs 3"),
        ("profile --model 64-99999999999999-10", "is too large: Unable to allocate"),
        ("doctor digits", "unrecognized arguments: digits"),
        ("train digits --data somewhere", " alone, not for digits"),
        ("train circles --download", " alone, not for circles"),
        (
            "train digits --points 9",
            "argument --points: for circles, squares, moons, spirals, blobs ",
        ),
        ("train circles --points 9", "argument --points: expected at least 20, got 9"),
        ("train circles --model lenet", "expected sizes like 64-32-10, got 'lenet'"),
        ("train digits --model lenet --dropout 0.1", "--dropout: for perceptrons alone, lenet has"),
        ("train digits --model seed --dropout 1", "a number from 0 to below 1, got '1'"),
        ("train digits --batch-size few", "a whole number above 0, or all, got 'few'"),
        ("train digits --optimizer lbfgs --batch-size 8", "lbfgs wants all samples in a batch"),
        ("train digits --resume", "no runs/digits/checkpoint.npz to go on from"),
        ("profile digits --model lenet", "expected sizes like 64-32-10, got 'lenet'"),
        ("train mnist", "argument --data: expected the folder of mnist's files, got none"),
        ("train mnist --data nowhere", "nowhere: no t10k-images-idx3-ubyte.gz or"),
        ("train mnist --data nowhere", "add --download"),
        (
            "train digits --model 64-99999999999999-10",
            "--model: 64-99999999999999-10 is too large: Unable to allocate",
        ),
        ("train digits --model 64-99999999999999999999-10", "99-10 is too large: Maximum allowed"),
        (
            f"train mnist --data {__file__}",
            f"argument --data: expected a folder, got the file {__file__}",
        ),
    ],
)
def test_a_wrong_argument_gives_one_line(arguments, message, capsys):
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("plaingrad: ")
    assert err.count("\n") == 1
    assert message in err
    assert contents() == {}


def test_a_damaged_file_gives_one_line(here, capsys):
    write_mnist(here / "data", "t10k", 20)
    path = here / "data" / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    assert run("train mnist --data data") == 2
    assert capsys.readouterr().err.startswith(f"plaingrad: {Path('data', path.name)}: truncated")
    assert not Path("runs").exists()


def test_a_learning_rate_that_is_too_high_gives_one_line(capsys):
    assert run("train digits --optimizer sgd --lr 1e30") == 2
    err = capsys.readouterr().err
    assert re.fullmatch(r"plaingrad: fit: loss is (nan|inf) in epoch 1, batch .*\n", err)
    assert contents() == {}


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_in_the_way_is_found_before_the_training(out, capsys):
    Path("file").write_text("precious")
    assert run(f"train digits --out {out}") == 2
    out, err = capsys.readouterr()
    assert err == "plaingrad: argument --out: cannot write to file: Not a directory\n"
    assert out == ""
    assert contents() == {"file": b"precious"}


def test_a_locked_folder_is_found_before_the_training(monkeypatch, capsys):
    # Not by chmod, which does not stop root.
    def locked(dir):
        assert Path(dir) == Path("there")
        raise PermissionError(errno.EACCES, "Permission denied", "some temporary name")

    Path("there").mkdir()
    monkeypatch.setattr(tempfile, "TemporaryFile", locked)
    assert run("train digits --out there/is/a/folder") == 2
    out, err = capsys.readouterr()
    assert err == "plaingrad: argument --out: cannot write to there: Permission denied\n"
    assert out == ""


# ---------------------------------------------------------------------- all files or none of them


def fail(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def half_a_model(model, path):
    Path(path).write_bytes(b"half")
    fail()


def test_a_failure_while_writing_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(training, "save", half_a_model)
    assert run("train circles --epochs 2") == 2
    assert capsys.readouterr().err.endswith("No space left on device\n")
    assert os.listdir() == []


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        (fail, 2, "plaingrad: [Errno 28] No space left on device\n"),
        (interrupt, 130, "plaingrad: stopped, but what was learned is in runs/circles/model.npz\n"),
    ],
)
@pytest.mark.parametrize("picture", ["history", "decision_regions"])
def test_a_failure_while_drawing_loses_nothing_else(picture, failure, status, said, capsys):
    pytest.importorskip("matplotlib")
    assert run("train circles --epochs 3") == 0
    old = contents("runs/circles")
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plot, picture, failure)
        assert run("train circles --epochs 2") == status
    out, err = capsys.readouterr()
    assert err == said
    new = contents("runs/circles")
    left = ["history.csv", "model.npz", *["history.png"] * (picture == "decision_regions")]
    assert sorted(new) == sorted([*left, "run.json"])  # no picture of the old model
    assert all(new[name] != old[name] for name in left)
    assert len(rows("runs/circles/history.csv")) == 2
    told = [line for line in out.splitlines() if line.startswith("runs") and ": " not in line]
    assert "runs/circles: it replaces the run of 2-3-2 with tanh" in out
    assert sorted(told) == [f"runs/circles/{name}" for name in sorted(left)]


def test_a_failure_while_writing_leaves_the_old_files(monkeypatch):
    assert run("train circles --epochs 2") == 0
    before = contents()
    monkeypatch.setattr(training, "save", half_a_model)
    assert run("train circles --epochs 3") == 2
    assert contents() == before


@pytest.mark.slow
def test_a_new_run_replaces_the_files_of_the_old_one_and_no_others():
    Path("mine").mkdir()
    Path("mine", "notes.txt").write_text("precious")
    for epochs in 5, 3:
        assert run(f"train circles --epochs {epochs} --out mine") == 0
    assert len(rows("mine/history.csv")) == 3
    assert Path("mine", "notes.txt").read_text() == "precious"
    assert set(os.listdir("mine")) == {
        *("notes.txt", *WRITTEN),
        *OF_POINTS * PICTURES,
    }


class Interrupted(nn.CrossEntropyLoss):
    """Ctrl-C at the n-th call."""

    calls, n = 0, 0

    def forward(self, input, target):
        self.calls += 1
        if self.calls == self.n:
            raise KeyboardInterrupt
        return super().forward(input, target)


@pytest.mark.usefixtures("no_pictures")
def test_ctrl_c_writes_what_was_learned(monkeypatch, capsys):
    monkeypatch.setattr(Interrupted, "n", 7)  # an epoch takes two calls: training and validation
    monkeypatch.setattr(Task, "loss", lambda task, args: Interrupted())
    assert run("train circles") == 130
    assert len(rows("runs/circles/history.csv")) == 3
    assert "runs/circles/model.npz" in contents()
    assert "stopped in epoch 4 of 1000\n" in capsys.readouterr().out


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("where", ["save", "write", "show"])
def test_ctrl_c_after_the_training_loses_nothing(where, monkeypatch, capsys):
    real, calls = getattr(training, where), []

    def once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(training, where, once)
    assert run("train circles --epochs 2") == 130
    assert len(rows("runs/circles/history.csv")) == 2
    assert nn.load("runs/circles/model.npz")["0.weight"].shape == (3, 2)
    assert capsys.readouterr().err.endswith("what was learned is in runs/circles/model.npz\n")


def test_ctrl_c_in_the_first_epoch_writes_nothing(monkeypatch, capsys):
    monkeypatch.setattr(Interrupted, "n", 1)
    monkeypatch.setattr(Task, "loss", lambda task, args: Interrupted())
    assert run("train circles") == 130
    assert capsys.readouterr().err == "plaingrad: stopped, nothing was written\n"
    assert contents() == {}


# ------------------------------------------------------------------------------------- as a program


def python(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_it_runs_as_a_module():
    done = python("-m", "nn", "train", "squares", "--epochs", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows("runs/squares/history.csv")) == 2
    done = python("-m", "nn", "train", "squares", "--epochs", "two")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("plaingrad: argument --epochs: ")


@pytest.mark.slow
def test_a_process_of_its_own_is_settled_and_says_so(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    for arguments, line in ("train squares --epochs 1", 3), ("profile --steps 1", 1):
        done = python("-m", "nn", *arguments.split())
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[line].startswith("OPENBLAS_NUM_THREADS=1")


@pytest.mark.slow
def test_a_process_of_others_is_left_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(training, "settle", fail)
    monkeypatch.setattr(profile, "settle", fail)
    assert run("profile --steps 1") == run("train squares --epochs 1") == 0
    monkeypatch.setattr(sys, "argv", ["plaingrad", "profile", "--steps", "1"])
    assert main() == 2  # of its own arguments: as a program
    assert capsys.readouterr().err.endswith("No space left on device\n")


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_ends_no_training():
    environment = {**os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1])}
    arguments = [sys.executable, "-m", "nn", "train", "squares", "--epochs", "20"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, env=environment, **pipes) as program:
        assert program.stdout.readline().startswith(b"squares: 750 samples")
        program.stdout.close()  # as `head -1` does
        assert program.stderr.read() == b""
    assert program.returncode == 0
    assert len(rows("runs/squares/history.csv")) == 20
    assert ("runs/squares/regions.png" in contents()) == PICTURES


def test_nor_does_it_make_an_error_of_help():
    environment = {**os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1])}
    reader, writer = os.pipe()
    os.close(reader)
    arguments = [sys.executable, "-m", "nn", "train", "--help"]
    done = subprocess.run(arguments, env=environment, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is full")
@pytest.mark.parametrize("options", [["--help"], ["squares", "--epochs", "2"]])
def test_output_onto_a_full_disk_gives_one_line(options):
    environment = {**os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1])}
    arguments = [sys.executable, "-m", "nn", "train", *options]
    with open("/dev/full", "w") as full:
        done = subprocess.run(arguments, env=environment, stdout=full, stderr=subprocess.PIPE)
    said = f"plaingrad: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}\n"
    assert (done.returncode, done.stderr.decode()) == (2, said)


def test_nn_knows_optim_only_when_a_network_is_trained():
    code = "import sys, nn.__main__; sys.exit('optim' in sys.modules)"
    assert python("-c", code).returncode == 0


def test_without_arguments_it_explains_itself(capsys):
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: plaingrad")


@pytest.mark.parametrize("arguments", ["--help", "train --help", "profile --help", "doctor --help"])
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        run(arguments)
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: plaingrad")
    if arguments[:5] in ("train", "profi"):
        for name, task in TASKS.items():
            assert name in out or (arguments[0] == "p" and not task.sizes)
