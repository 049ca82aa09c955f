"""Both sides learn the same from the same; a side that is wrong is found; what the page says."""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.side_by_side import __main__ as command
from benchmarks.side_by_side import in_plaingrad, pictures, problems, report, run

ROOT = Path(__file__).parents[2]
EPOCHS = 6
METHODS = ("gradient descent", "SGD", "Adam")
CASES = [(name, method) for name in problems.PROBLEMS for method in METHODS]


@pytest.fixture
def results() -> dict[str, Any]:
    return json.loads((ROOT / report.RESULTS).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "label"), CASES)
def test_curves_and_weights_agree_to_rounding(name: str, label: str) -> None:
    pytest.importorskip("torch")
    problem = problems.PROBLEMS[name]("float64")
    method = problem.methods[label]
    found = run.train(problem, method, EPOCHS, run.sides())
    ours, theirs = found["plaingrad"], found["PyTorch"]
    assert len(ours["losses"]) == len(ours["seconds"]) == EPOCHS
    assert ours["losses"][-1] < ours["losses"][0]
    np.testing.assert_allclose(ours["losses"], theirs["losses"], rtol=1e-12, atol=0)
    starts = problem.weights().values()
    for start, a, b in zip(starts, ours["weights"], theirs["weights"], strict=True):
        assert a.dtype == b.dtype == np.float64
        assert not np.array_equal(a, start)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    run.check(run.compare(problem, method, 2, run.sides()) | {"problem": name, "method": label})


def beside(source: str) -> dict[str, Any]:
    """The entry of ours beside another program, so that it needs no PyTorch."""
    other: dict[str, Any] = {}
    exec(source, other)
    both = {"plaingrad": in_plaingrad, "PyTorch": SimpleNamespace(**other)}
    problem = problems.circles("float64")
    entry = run.compare(problem, problem.methods["Adam"], 3, both)
    return entry | {"problem": "circles", "method": "Adam"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("lr=lr", "lr=1.0001 * lr"), ("nn.Tanh()", "nn.Sigmoid()"), ("array(w)", "array(w) * 1.001")],
)
def test_a_wrong_side_is_found(right: str, wrong: str) -> None:
    source = inspect.getsource(in_plaingrad)
    same = beside(source)
    run.check(same)
    assert same["loss_difference"] == same["weight_difference"] == 0
    assert source.count(right) == 1
    with pytest.raises(run.CurvesDifferError, match=r"^circles, Adam: the losses differ by \d"):
        run.check(beside(source.replace(right, wrong)))
    with pytest.raises(run.CurvesDifferError, match="by nan"):
        run.check(same | {"relative_difference": float("nan")})


def test_times_are_of_pairs_of_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who goes second takes three times as long: a ratio of pairs of epochs does not show it."""
    clock = iter(np.cumsum([0, 1, 0, 3] * 4).tolist())
    monkeypatch.setattr(run, "process_time", lambda: next(clock))
    problem = problems.circles("float64")
    both = {"plaingrad": in_plaingrad, "PyTorch": in_plaingrad}
    entry = run.compare(problem, problem.methods["gradient descent"], 4, both)
    assert entry["ratio"] == [1, 1, 1]
    assert entry["epoch_ms"] == {"plaingrad": 2000, "PyTorch": 2000}


def test_batches_are_all_the_data_in_a_new_order() -> None:
    problem = problems.digits("float32")
    epochs = problem.epochs(32)
    first, second = next(epochs), next(epochs)
    for batches in (first, second):
        assert [len(b) for b in batches] == [32] * 56 + [5]
        assert sorted(np.concatenate(batches)) == list(range(1797))
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(next(problem.epochs(32))[0], first[0])  # the same for both dtypes
    assert next(problem.epochs(None)) == [slice(None)]
    assert {w.dtype for w in problem.weights().values()} == {np.dtype("float32")}


def test_the_two_programs_differ_in_few_lines() -> None:
    ours, theirs = (
        (report.HERE / f"{name}.py").read_text(encoding="utf-8").splitlines()
        for name in run.SIDES.values()
    )
    assert len(ours) == len(theirs)
    assert sum(a != b for a, b in zip(ours, theirs, strict=True)) == 5


def test_the_page_says_what_was_measured(results: dict[str, Any]) -> None:
    entries = [e for e in report.usual(results) if e["dtype"] == "float64"]
    assert [(e["problem"], e["method"]) for e in entries] == CASES
    for entry in entries:
        run.check(entry)
        gap = np.abs(np.subtract(entry["losses"]["plaingrad"], entry["losses"]["PyTorch"]))
        assert gap.max() == entry["loss_difference"] < 1e-12
    results["entries"][0]["loss_difference"] = 7e-7
    results["entries"][0]["ratio"] = [0.123, 0.1, 0.2]
    page = report.page(results, "SOURCE")
    assert "of an epoch is 7e-07 in float64," in page
    assert re.search(r"between\n0\.12 and \d\.\d\d\. ", page)
    assert "| 0.12 (0.10-0.20) |" in page
    for name in report.SHOWN:
        assert (ROOT / report.PICTURES / f"{name}.png").exists()


def test_the_command_draws_what_a_file_holds(
    tmp_path: Path,
    results: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert json.loads(report.compact(results)) == results
    arguments = ["side_by_side", "--redraw", "--pictures", str(tmp_path)]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    out = capsys.readouterr().out
    for name in report.SHOWN:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"{name}.png" in out
    monkeypatch.setattr(sys, "argv", ["side_by_side", "--epochs", "1"])
    with pytest.raises(SystemExit):
        command.main()
    assert "expected a whole number above 1, got '1'" in capsys.readouterr().err


def test_the_curves_of_a_picture_are_those_measured(results: dict[str, Any]) -> None:
    axes = pictures.curves(results).axes
    assert [ax.get_title(loc="left") for ax in axes[:6]] == [": ".join(case) for case in CASES]
    for ax, entry in zip(axes, report.usual(results)[:6], strict=False):
        drawn = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
        assert drawn == entry["losses"]


def test_without_pytorch_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["side_by_side"])
    with pytest.raises(SystemExit, match="PyTorch is not installed"):
        command.main()


def test_a_run_that_fails_tells_its_last_line() -> None:
    with pytest.raises(RuntimeError, match="invalid literal"):
        run.on_one_thread("no number")  # type: ignore[arg-type]
