"""The twins agree with each other and with finite differences; one that is wrong is found."""

from __future__ import annotations

import ast
import importlib.util
import re
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks.twins import __main__ as command
from benchmarks.twins import data, report, run

EPOCHS, BATCH = 2, 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of 70 images: two batches of 32, and one of 6."""
    path = tmp_path_factory.mktemp("twins")
    pixels, labels, _ = data.images(count=70)
    data.write(path, pixels, labels, data.weights())
    return path


@pytest.fixture(scope="module")
def losses(folder: Path) -> dict[str, tuple[float, ...]]:
    twins = {name: twin for name, twin in run.TWINS.items() if not run.missing(twin)}
    return {
        name: run.run(run.built(twin, folder), folder, EPOCHS, BATCH)[0]
        for name, twin in twins.items()
    }


@pytest.fixture(scope="module")
def pure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("in_python", run.TWINS["pure Python"])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_losses_agree(losses: dict[str, tuple[float, ...]]) -> None:
    assert {"pure Python", "NumPy by hand", "plaingrad"} <= set(losses)
    first, *others = losses.values()
    assert len(first) == EPOCHS
    assert 0 < first[1] < first[0]
    for name, other in zip(list(losses)[1:], others, strict=True):
        np.testing.assert_allclose(other, first, rtol=1e-9, err_msg=name)
    run.check(losses)


def test_losses_agree_one_image_at_a_time(folder: Path) -> None:
    fast = ["NumPy by hand", "plaingrad"]
    first, second = (run.run(run.built(run.TWINS[n], folder), folder, 1, 1)[0] for n in fast)
    np.testing.assert_allclose(first, second, rtol=1e-9)


def test_pure_python_has_the_slopes_of_its_loss(pure: ModuleType, folder: Path) -> None:
    net, images, targets = pure.read(folder)
    x, y = images[:3], targets[:3]

    def loss() -> float:
        return pure.loss(pure.forward(net, x)[-1], y)

    gradients = pure.backward(net, pure.forward(net, x), y)
    inked = max(range(784), key=lambda i: sum(image[i] for image in x))  # others have no slope
    rows = [(inked, 0, 3), (inked, 0, 15), (0, 1, 2), (15, 1, 15), (7, 2, 0), (15, 2, 9)]
    for row, layer, column in rows:
        for weights, slopes, i in (
            (net[layer][0][row], gradients[layer][0][row], column),
            (net[layer][1], gradients[layer][1], column),
        ):
            old, step = weights[i], 1e-5
            weights[i] = old + step
            above = loss()
            weights[i] = old - step
            below = loss()
            weights[i] = old
            assert slopes[i] != 0
            assert slopes[i] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9)


def test_pure_python_needs_no_library() -> None:
    tree = ast.parse(run.TWINS["pure Python"].read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    # What computes is math; the others read the files, the arguments and the clock.
    assert names == {"math", "sys", "time", "pathlib", "itertools"}


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("pure Python", "da * a * (1 - a)", "da * a * (1.001 - a)"),
        ("NumPy by hand", "da * a * (1 - a)", "da * a * (1.001 - a)"),
        ("C++17", "* a[i][j] * (1 - a[i][j])", "* a[i][j] * (1.001 - a[i][j])"),
        ("plaingrad", "** 2).sum() / 2", "** 2).sum() / 2.001"),
    ],
)
def test_a_wrong_gradient_is_found(
    name: str,
    right: str,
    wrong: str,
    losses: dict[str, tuple[float, ...]],
    folder: Path,
    tmp_path: Path,
) -> None:
    twin = run.TWINS[name]
    if reason := run.missing(twin):
        pytest.skip(reason)
    text = twin.read_text(encoding="utf-8")
    assert text.count(right) == 1
    mutant = tmp_path / twin.name
    mutant.write_text(text.replace(right, wrong), encoding="utf-8")
    got, _ = run.run(run.built(mutant, tmp_path), folder, EPOCHS, BATCH)
    with pytest.raises(run.LossesDifferError, match=rf"^loss of epoch \d: {re.escape(name)} has"):
        run.check(losses | {name: got})


def test_the_command_names_the_wrong_twin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = {name: run.TWINS[name] for name in ("pure Python", "NumPy by hand", "plaingrad")}
    monkeypatch.setattr(command, "TWINS", twins)
    picture = tmp_path / "twins.png"
    arguments = ["--images", "40", "--epochs", "1", "--rounds", "1", "--picture", str(picture)]
    monkeypatch.setattr(sys, "argv", ["twins", *arguments])
    command.main()
    table = capsys.readouterr().out
    for name, twin in twins.items():
        assert re.search(rf"^{name} +{report.lines(twin)} +[\d.,]+ ", table, re.MULTILINE)
    assert picture.read_bytes().startswith(b"\x89PNG")

    mutant = tmp_path / "in_numpy.py"
    text = twins["NumPy by hand"].read_text(encoding="utf-8")
    mutant.write_text(text.replace("RATE = 0.1", "RATE = 0.11"), encoding="utf-8")
    monkeypatch.setitem(twins, "NumPy by hand", mutant)
    with pytest.raises(SystemExit, match="NumPy by hand has"):  # a text: the status is 1
        command.main()


def test_nan_differs_and_a_missing_epoch_is_no_agreement() -> None:
    with pytest.raises(run.LossesDifferError, match="b has nan"):
        run.check({"a": [1.0], "b": [float("nan")], "c": [1.0]})
    with pytest.raises(ValueError, match="shorter"):
        run.check({"a": [1.0, 2.0], "b": [1.0]})
    run.check({"a": [1.0], "b": [1.0 + 1e-12], "c": [1.0 - 1e-12]})


def test_all_have_the_same_parts_in_the_same_order() -> None:
    parts = ["read", "sigmoid", "forward", "loss", "backward", "update", "epoch", "main"]
    for name, twin in run.TWINS.items():
        text = twin.read_text(encoding="utf-8")
        found = re.findall(r"^\w[\w:<>, ]* (\w+)\(", text, re.MULTILINE)  # def f(, double f(
        given = ["sigmoid"] if name in ("plaingrad", "PyTorch") else []  # by the library
        assert [f for f in found if f in parts] == [p for p in parts if p not in given], name
        assert re.search(r"784, 16, 16, 10\b", text), name
        assert "RATE = 0.1" in text, name


def test_no_compiler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "COMPILER", "no-such-compiler")
    assert "no-such-compiler" in run.missing(run.TWINS["C++17"])
    assert run.missing(run.TWINS["pure Python"]) == ""


def test_a_twin_that_fails_is_no_result(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "in_numpy.py"
    broken.write_text("raise ValueError('it broke')")
    with pytest.raises(RuntimeError, match="it broke"):
        run.run(run.built(broken, tmp_path), folder, 1, 32)


def test_lines_of_cpp_are_those_with_code(tmp_path: Path) -> None:
    path = tmp_path / "x.cpp"
    path.write_text(
        '// a comment\n\n/* two\n   lines */\nint a;  // one\nauto s = "// no comment";\n'
        'auto t = "/*";\nint b; /* and\n */ int c;\n'
    )
    assert report.lines(path) == 5


def test_data(folder: Path, tmp_path: Path) -> None:
    pixels, labels, _ = data.images()
    assert (pixels.shape, pixels.dtype, labels.shape) == ((1797, 784), np.uint8, (1797,))
    assert pixels.min() == 0
    assert pixels.max() == 255
    more, again, _ = data.images(count=1800)
    assert np.array_equal(more[1797:], pixels[:3])
    assert np.array_equal(again[1797:], labels[:3])

    numbers = data.weights()
    assert len(numbers) == 13_002
    assert [float(line) for line in (folder / "weights").read_text().split()] == list(numbers)
    assert (folder / "images").read_bytes() == pixels[:70].tobytes()

    # A file of the MNIST kind, of two images.
    image: Any = np.arange(2 * 784, dtype=np.uint8)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(
        struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + image.tobytes()
    )
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(
        struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([7, 1])
    )
    pixels, labels, name = data.images(tmp_path)
    assert np.array_equal(pixels.ravel(), image)
    assert labels.tolist() == [7, 1]
    assert name == "MNIST's test images"
