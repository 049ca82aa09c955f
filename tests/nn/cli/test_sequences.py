"""Names, addition and text on the command line."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.cli import main
from nn.cli.tasks import TASKS, addition, names, sequences, text
from nn.cli.tasks.base import Run

PICTURES = find_spec("matplotlib") is not None


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def run(arguments):
    return main(arguments.split())


def record(task):
    return json.loads(Path("runs", task, "run.json").read_text())


# ---------------------------------------------------------------------------------------- names


def test_names_are_those_of_the_library():
    found = names.identifiers()
    assert found == sorted(set(found))
    assert {"append", "deepcopy", "lambda", "zoneinfo", "from_iterable", "maxsplit"} <= set(found)
    assert all(3 <= len(name) <= 16 and set(name) <= set(names.ALPHABET[1:]) for name in found)
    assert 3500 < len(found) < 6000


def test_names_do_not_depend_on_what_was_imported():
    """Another process, which has loaded other modules, finds the same."""
    others = "ctypes.macholib, email.quoprimime, html.entities, json.tool, multiprocessing.dummy"
    code = f"import {others}, nn.cli.tasks.names as n; print(*n.identifiers())"
    root = Path(nn.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.stdout.split() == names.identifiers(), done.stderr


def test_names_go_there_and_back():
    x, y = names.encode(["abc", "a_sixteen_letter"])
    assert names.decode(x[:, 1:]) == ["abc", "a_sixteen_letter"]
    asked = [y[i][y[i] != sequences.NOTHING] for i in (0, 1)]
    assert ["".join(names.ALPHABET[c] for c in row) for row in asked] == [
        "abc.",
        "a_sixteen_letter.",
    ]


def test_pairs_are_counted():
    """By hand: of "aab" and "ab", a is followed by a, b, b, with a tenth for each of three."""
    x = np.array([[0, 0, 1], [0, 1, 0]])  # a = 0, b = 1; what is read last is not asked for
    y = np.array([[0, 1, -100], [1, -100, -100]])
    pairs = sequences.Pairs((x, y), 3)
    expected = [[-math.log(1.1 / 3.3), -math.log(2.1 / 3.3), 0], [-math.log(2.1 / 3.3), 0, 0]]
    np.testing.assert_allclose(pairs.losses(x, y), expected)
    assert sequences.mean_loss(pairs.losses(x, y), y) == pytest.approx(np.sum(expected) / 3)


def test_losses_are_those_of_the_loss():
    x, y = names.encode(names.identifiers()[:30])
    nn.manual_seed(0)
    for model in nn.models.GPT(28, 17, 1, 2, 8, dropout=0.5), nn.models.CharLSTM(28, 8):
        each = sequences.losses(model, x, y, size=7)
        assert all(module.training for module in model.modules())
        model.eval()
        whole = sequences.loss(model(x), y).item()
        assert sequences.mean_loss(each, y) == pytest.approx(whole, rel=1e-5)
        assert not each[y == sequences.NOTHING].any()


@pytest.mark.parametrize("model", ["lstm", "gpt"])
def test_a_run_of_names(model, capsys):
    assert run(f"train names --model {model} --epochs 1 --temperature 0.5") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "of 1,000 samples are none of the names that it learned from\n" in out
    assert "surprise.png" in record("names")["pictures"]
    assert Path("runs/names/surprise.png").exists() == PICTURES


@pytest.mark.slow
def test_names_beat_the_pairs():
    assert run("train names --epochs 5") == 0
    numbers = record("names")["numbers"]
    assert numbers["test loss"] < 2.1 < 2.5 < numbers["bigram loss"]


# ------------------------------------------------------------------------------------- addition


def test_sums_as_characters():
    x, y = addition.questions(np.array([37, 5]), np.array([85, 0]), 2)
    assert x.tolist() == [[3, 7, 10, 8, 5, 11, 2, 2], [0, 5, 10, 0, 0, 11, 5, 0]]
    assert y[:, 5:].tolist() == [[2, 2, 1], [5, 0, 0]]  # 122 and 5, units first
    assert (y[:, :5] == sequences.NOTHING).all()
    a, b = addition.terms(x, 2)
    assert (a.tolist(), b.tolist()) == ([37, 5], [85, 0])
    carried = addition.carries(np.array([1, 99, 50, 9]), np.array([2, 1, 50, 1]), 2)
    assert carried.tolist() == [0, 2, 1, 1]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_sums_that_are_asked_were_never_seen(n):
    args = type("Args", (), {"seed": 0, "digits": n})
    parts = [set(zip(*addition.terms(x, n), strict=True)) for x, _ in TASKS["addition"].data(args)]
    assert not parts[0] & parts[1]
    assert len(parts[0]) == len(parts[1]) <= 50_000


class Adds(nn.Module):
    """Scores as those of a model that adds, apart from sums of 100 and more."""

    def forward(self, x):
        out = np.zeros((*x.shape, 12), np.float32)
        if x.shape[1] > 5:
            a, b = addition.terms(x, 2)
            answer = np.where(a + b < 100, a + b, 0)
            for t in range(5, x.shape[1]):
                out[np.arange(len(x)), t, answer // 10 ** (t - 5) % 10] = 1
        return Tensor(out)

    generate = nn.models.GPT.generate
    block_size = 8


def test_exact_is_what_it_writes_by_itself():
    args = type("Args", (), {"seed": 0, "digits": 2, "model": "gpt"})
    train, (x, y) = TASKS["addition"].data(args)
    a, b = addition.terms(x, 2)
    share = np.mean(a + b < 100)
    done = Run(args, Adds(), train, (x, y))
    assert TASKS["addition"].numbers(done)["test exact accuracy"] == pytest.approx(share)
    assert addition.exact(Adds()(x).data, y) == pytest.approx(share)
    assert f"2: {100 * 0:.1f} %" in TASKS["addition"].lines(done)[0]


def test_a_run_of_addition(capsys):
    assert run("train addition --digits 1 --epochs 2 --batch-size 10") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "addition: 50 samples to learn from, 50 to test on\nGPT, numbers of 1 digit: " in out
    assert Path("runs/addition/sums.png").exists() == PICTURES


@pytest.mark.slow
def test_it_learns_to_add():
    assert run("train addition") == 0
    assert record("addition")["numbers"]["test exact accuracy"] > 0.95


# ----------------------------------------------------------------------------------------- text


def write(content, path="a.txt"):
    Path(path).write_bytes(content.encode())


@pytest.mark.parametrize("model", ["gpt", "lstm"])
def test_a_run_of_text(model, capsys):
    write("The cat sat on the mat. Et alors\r\nça va, π and \u2028 more?\n" * 60)
    assert run(f"train text --data a.txt --model {model} --epochs 1 --block 16") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{model.upper()} on a.txt: " in out
    assert "what it writes after the first 16 characters of the file:" in out
    assert Path("runs/text/surprise.png").exists() == PICTURES
    assert {"test loss", "bigram loss"} < set(record("text")["numbers"])


def test_text_as_numbers():
    write("ba\r\nab")
    numbers, alphabet = text.read("a.txt")
    assert alphabet == "\nab"
    assert numbers.tolist() == [2, 1, 0, 1, 2]
    x, y = text.pieces(np.arange(9), 4, 2)
    assert x.tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert (y == x + 1).all()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("train text", "argument --data: expected a file of text, got none"),
        ("train text --data .", "argument --data: expected a file, got the folder ."),
        ("train text --data none.txt", "none.txt"),
        ("train text --data short.txt", "short.txt has 5 characters, expected at least 1,300"),
        (
            "train text --data latin.txt",
            "latin.txt, line 2: expected text in UTF-8, got the byte 0xe9",
        ),
        (
            "train addition --digits 7",
            "argument --digits: expected a whole number from 1 to 6, got",
        ),
        ("train names --activation relu", "argument --activation: lstm has no use for it"),
        ("train names --temperature -1", "argument --temperature: expected a number, 0 or more"),
        ("train names --model mlp", "argument --model: expected one of lstm, gpt, got 'mlp'"),
    ],
)
def test_what_cannot_be_done(arguments, told, capsys):
    write("short", "short.txt")
    Path("latin.txt").write_bytes(b"fine\ncaf\xe9\n" * 300)
    assert run(arguments) == 2
    assert told in capsys.readouterr().err
    assert not Path("runs").exists()
