"""`study`: what hidden units are good for, and how many suffice."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
import optim
from autograd import no_grad
from nn.cli import main, study
from nn.cli.tasks.perceptron import perceptron


def run(arguments):
    return main(arguments.split())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_a_unit_that_is_not_used_the_loss_stays():
    nn.manual_seed(0)
    model = perceptron("2-3-2", "tanh")
    model[2].weight.data[:, 1] = 0  # nobody listens to the second
    x, y = nn.datasets.circles(50, generator=0)
    rises, kept = study.without(model, x, y)
    assert rises[1] == 0
    assert abs(rises[[0, 2]]).min() > 1e-4

    # By hand: the first always gives its mean.
    with no_grad():
        hidden = np.tanh(x @ model[0].weight.data.T + model[0].bias.data)
    changed = hidden.copy()
    changed[:, 0] = hidden[:, 0].mean()

    def loss(hidden):
        scores = (hidden @ model[2].weight.data.T + model[2].bias.data).astype(np.float64)
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y])

    assert rises[0] == pytest.approx(loss(changed) - loss(hidden), abs=1e-5)
    right = (hidden @ model[2].weight.data.T + model[2].bias.data).argmax(axis=1) == y
    assert kept[-1] == pytest.approx(right.mean())
    assert kept[0] == 0.5  # the same answer for all points


def test_the_units_that_are_kept_are_the_useful_ones():
    nn.manual_seed(0)
    x, y = nn.datasets.circles(100, generator=0)
    small, model = perceptron("2-3-2", "tanh"), perceptron("2-5-2", "tanh")
    adam = optim.Adam(small.parameters(), lr=0.03)
    nn.fit(small, nn.CrossEntropyLoss(), adam, (x, y), epochs=300, batch_size=100, progress=False)
    for k in (0, 2):
        for name in "weight", "bias":
            getattr(model[k], name).data[...] = 0 if k else getattr(model[k], name).data
    model[0].weight.data[1:4], model[0].bias.data[1:4] = small[0].weight.data, small[0].bias.data
    model[2].weight.data[:, 1:4], model[2].bias.data[:] = small[2].weight.data, small[2].bias.data
    rises, kept = study.without(model, x, y)  # its first and last unit are heard by nobody
    assert (rises[[0, 4]] == 0).all()
    assert rises[1:4].min() > study.MATTERS
    assert kept[3:] == [1.0, 1.0, 1.0]
    assert max(kept[:3]) < 1


def fitted(width, test_accuracy, test_loss=0.5, useful=1):
    rises = np.zeros(width)
    rises[:useful] = 1
    model = perceptron(f"2-{width}-2", "tanh")
    return study.Fitted(
        width, 0, 5 * width + 2, 0.1, test_loss, 1.0, test_accuracy, rises, [], model
    )


def test_the_fewest_units_that_are_as_good_as_any():
    some = [fitted(1, 0.6), fitted(2, 0.892), fitted(4, 0.9), fitted(8, 0.85, 0.9, 5)]
    assert study.needed(some) == 2
    text = study.verdict(some, "circles")
    assert "2 hidden units suffice:" in text
    assert "1.8 times as high" in text
    assert "Of the 8 units 5 do anything" in text
    assert "1 hidden unit suffices:" in study.verdict([fitted(1, 0.9), fitted(2, 0.9)], "moons")


@pytest.mark.slow
def test_a_study_of_circles(capsys):
    options = "--widths 1,3 --starts 2 --points 60 --epochs 150"
    assert main(["study", "circles", *options.split()]) == 0
    out = capsys.readouterr().out
    assert "3 hidden units suffice" in out
    assert "    3          17  " in out
    names = {path.name for path in Path("runs/study-circles").iterdir()}
    pictures = {"size.png", "widths.png", "units.png"} if find_spec("matplotlib") else set()
    assert names == {"report.html", *pictures}
    text = Path("runs/study-circles/report.html").read_text(encoding="utf-8")
    assert "python -m nn study circles --widths 1,3 --starts 2 --points 60" in text


def test_a_study_without_pictures(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run("study blobs --widths 1,2 --starts 1 --epochs 5 --out s") == 0
    assert [path.name for path in Path("s").iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("digits", "argument dataset: invalid choice: 'digits'"),
        ("circles --widths 3", "expected widths like 1,2,3,4,8,16, got '3'"),
        ("circles --widths 0,3", "expected widths like"),
    ],
)
def test_wrong_use(arguments, said, capsys):
    assert main(["study", *arguments.split()]) == 2
    assert said in capsys.readouterr().err
