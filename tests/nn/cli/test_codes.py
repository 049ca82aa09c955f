"""Autoencoders on the command line: what they measure, draw and say."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
from nn.cli import main
from nn.cli.tasks import TASKS, codes
from nn.cli.tasks.base import Run

PICTURES = find_spec("matplotlib") is not None
DRAWN = ["reconstructions.png", "samples.png", "plane.png", "manifold.png"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def run(arguments):
    return main(arguments.split())


def rows(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def parsed(arguments):
    """Arguments as the command line has them when the training begins."""
    from nn.cli import _parser
    from nn.cli.train import check, fill_in

    args = _parser().parse_args(arguments.split())
    fill_in(args)
    check(args)
    return args


@pytest.mark.parametrize(
    "arguments",
    [
        "train vae --epochs 2",
        "train vae --epochs 2 --code 3 --beta 0.5 --out runs/vae",
        "train autoencoder --epochs 2",
        "train autoencoder --epochs 2 --model conv",
    ],
)
def test_a_run_has_its_pictures(arguments, capsys):
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "neighbour accuracy" in out
    folder = Path("runs", arguments.split()[1])
    for name in DRAWN if PICTURES else []:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert name in (folder / "run.json").read_text()


def test_the_two_terms_of_the_loss_add_up():
    assert run("train vae --epochs 3 --beta 0.5") == 0
    for row in rows("runs/vae/history.csv"):
        for part in "", "validation_":
            terms = float(row[f"{part}reconstruction"]) + 0.5 * float(row[f"{part}KL"])
            assert float(row[f"{part}loss"]) == pytest.approx(terms, rel=1e-5)


def test_the_loss_is_that_of_the_model():
    args = parsed("train vae")
    (x, _), _ = codes.labelled(args)
    task = TASKS["vae"]
    nn.manual_seed(0)
    model = task.model(args)
    ours = task.loss(args)(model(x[:20], generator=1), x[:20])
    assert ours.item() == pytest.approx(model.loss(x[:20], generator=1).item(), rel=1e-6)


def test_what_was_learned_fits_the_model_of_the_library():
    assert run("train vae --epochs 2") == 0
    nn.models.VAE(64, 256, 2, num_layers=2).load_state_dict(nn.load("runs/vae/model.npz"))


@pytest.mark.slow
def test_a_vae_puts_the_classes_apart():
    assert run("train vae --epochs 100") == 0
    args = parsed("train vae")
    (x, y), (x_test, y_test) = codes.labelled(args)
    model = TASKS["vae"].model(args)
    model.load_state_dict(nn.load("runs/vae/model.npz"))
    done = Run(args, model, (x, x), (x_test, x_test))
    plane = [TASKS["vae"].codes(done, part) for part in (x, x_test)]
    # The best plane of a linear one, for comparison: principal components.
    centre = x.mean(axis=0)
    axes = np.linalg.svd(x - centre, full_matrices=False)[2][:2]
    linear = codes.neighbours((x - centre) @ axes.T, y, (x_test - centre) @ axes.T, y_test)
    ours = codes.neighbours(plane[0], y, plane[1], y_test)
    assert ours > 0.75 > 0.7 > linear


def test_the_split_is_the_same_whenever_it_is_asked_for():
    first, again = (codes.labelled(parsed("train vae --seed 3")) for _ in range(2))
    other = codes.labelled(parsed("train vae --seed 4"))
    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert (first[0][0] != other[0][0]).any()
    assert len(first[0][0]) + len(first[1][0]) == 1797


def test_neighbours_against_a_loop():
    rng = np.random.default_rng(0)
    points, asked = rng.standard_normal((60, 2)), rng.standard_normal((25, 2))
    y, y_asked = rng.integers(3, size=60), rng.integers(3, size=25)
    right = 0
    for point, truth in zip(asked, y_asked, strict=True):
        near = sorted(range(60), key=lambda i: np.linalg.norm(points[i] - point))[:10]
        right += np.bincount(y[near], minlength=3).argmax() == truth
    assert codes.neighbours(points, y, asked, y_asked) == right / 25


def test_the_error_of_principal_components():
    x = np.random.default_rng(0).standard_normal((50, 4)) * [3, 2, 0.5, 0.1]
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    expected = (singular[2:] ** 2).sum() / x.size
    assert codes.principal_error(x, x, 2) == pytest.approx(expected)


def test_the_plane_holds_the_most_spread():
    x = np.random.default_rng(0).standard_normal((200, 3)) * [0.1, 5, 2]
    centre, axes = codes.plane(x)
    np.testing.assert_allclose(centre, x.mean(axis=0))
    np.testing.assert_allclose(abs(axes), [[0, 1, 0], [0, 0, 1]], atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            "train vae --code 1",
            "argument --code: expected a whole number above 1, for a plane, got",
        ),
        ("train vae --beta -1", "argument --beta: expected a number, 0 or more, got '-1'"),
        ("train vae --download", "argument --download: expected --data FOLDER with it"),
        ("train vae --model lenet", "argument --model: expected one of mlp, got 'lenet'"),
        ("train digits --code 3", "argument --code: for autoencoder, vae alone, not for digits"),
        ("train vae --dropout 0.1", "argument --dropout: vae has no use for it"),
        ("train vae --data nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_done(arguments, told, capsys):
    assert run(arguments) == 2
    assert told in capsys.readouterr().err
    assert not Path("runs").exists()
