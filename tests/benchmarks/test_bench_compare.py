"""The benchmarks that start processes: two commits side by side, growth, start-up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks import compare, growth, rows, startup

ROOT = Path(__file__).parents[2]


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, "one" and "two", of a file that says so; "three" is not committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for name in ("one", "two"):
        (folder / "which").write_text(name)
        git(folder, "add", "which")
        git(folder, "commit", "--quiet", "-m", name)
        git(folder, "tag", name)
    (folder / "which").write_text("three")
    return folder


def test_commits_are_checked_out_and_leave_no_trace(repository: Path) -> None:
    with (
        compare.checked_out("one", repository) as one,
        compare.checked_out("two", repository) as two,
        compare.checked_out(".", repository) as here,
    ):
        assert [(path / "which").read_text() for path in (one, two, here)] == [
            "one", "two", "three",
        ]  # fmt: skip
    assert not one.exists()
    assert not two.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert (repository / "which").read_text() == "three"


def test_unknown_commit(repository: Path) -> None:
    with (
        pytest.raises(SystemExit, match="no commit 'four'"),
        compare.checked_out("four", repository),
    ):
        pass


def test_both_take_as_many_rounds() -> None:
    times, peaks, why = compare.measure("toy", {"before": ROOT, "after": ROOT}, 1, 4, 0.001)
    assert why == {}
    assert [len(values) for values in times.values()] == [4, 4]
    assert all(0 < best <= average for turns in times.values() for average, best in turns)
    assert list(peaks) == ["before", "after"]


def test_other_commit_is_what_runs_and_is_refused_if_it_learns_otherwise(tmp_path: Path) -> None:
    for package in ("autograd", "nn", "optim"):
        shutil.copytree(ROOT / package, tmp_path / package)
    with (tmp_path / "optim" / "__init__.py").open("a") as file:
        file.write(
            "\n_init = SGD.__init__\n"
            "def _twice(self, params, lr):\n    _init(self, params, lr=2 * lr)\n"
            "SGD.__init__ = _twice\n"
        )
    _, _, why = compare.measure("toy", {"before": ROOT, "after": tmp_path}, 1, 3, 0.001)
    assert list(why) == ["after"]
    assert "toy: the loss of step 2 is" in why["after"]


def test_commit_without_a_module_does_not_get_that_of_another(tmp_path: Path) -> None:
    for package in ("autograd", "nn", "optim"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.rmtree(tmp_path / "nn" / "models")
    _, _, why = compare.measure("toy", {"before": tmp_path, "after": ROOT}, 1, 3, 0.001)
    assert list(why) == ["before"]
    assert "nn" in why["before"]
    assert "models" in why["before"]


@pytest.mark.parametrize(
    ("after", "best", "ratio", "verdict"),
    [
        ([1.0, 2, 4, 8], 0.5, "0.500 (0.500-0.500)", "faster"),
        ([3.0, 6, 12, 24], 1.5, "1.500 (1.500-1.500)", "slower"),
        ([1.0, 6, 8, 24], 0.5, "1.250 (0.875-1.500)", ""),
        ([3.0, 6, 12, 24], 0.5, "1.500 (1.500-1.500)", ""),  # a busy machine: no verdict
        ([1.0, 2, 4, 8], 1.5, "0.500 (0.500-0.500)", ""),
    ],
)
def test_line(after: list[float], best: float, ratio: str, verdict: str) -> None:
    times = {
        "before": [(2.0, 1.0), (4.0, 3.0), (8.0, 3.0), (16.0, 3.0)],
        "after": list(zip(after, [5.0, 5.0, best, 5.0], strict=True)),
    }
    cells = compare.line("mlp", 2, times, {"before": 20.0, "after": 10.0})
    assert cells[:3] == ["mlp", 2, "6.00"]
    assert cells[4:] == [ratio, f"{best:.3f}", verdict, "20.0", "10.0"]


@pytest.mark.parametrize("what", growth.GROWING)
def test_sizes_grow_and_are_those_of_their_row(what: str) -> None:
    row, all, size = growth.GROWING[what]
    numbers = [size(sizes) for sizes in all]
    assert len(numbers) >= 5
    assert numbers == sorted(set(numbers))
    for sizes in all[:2]:
        assert rows.problem(row, **sizes).weights


def test_parameters_are_counted() -> None:
    small = {"layers": 1, "width": 4, "vocab": 7, "context": 3, "heads": 1}
    # Two tables; 12 matrices' worth and their biases, two norms; the last norm.
    expected = 4 * (7 + 3) + 12 * 4 * 4 + 4 * (3 + 1 + 4 + 1) + 2 * 8 + 8
    assert growth.counted(small) == expected


def test_growth_has_an_entry_for_each_size() -> None:
    growing = {"batch": ("toy", [{"batch": 2}, {"batch": 4}], lambda sizes: sizes["batch"])}
    entries, skipped = growth.measure(1, 1, 0.001, ["plaingrad"], growing)
    assert skipped == []
    assert [(e["what"], e["size"], e["peer"]) for e in entries] == [
        ("batch", 2, "plaingrad"), ("batch", 4, "plaingrad"),
    ]  # fmt: skip
    assert all(entry["ms"] > 0 for entry in entries)


def test_startup_of_plaingrad_contains_its_import() -> None:
    (entry,), skipped = startup.measure(1, 1, ["plaingrad"])
    assert skipped == []
    assert entry["import_ms"] > 0
    assert entry["cold_ms"] > 0
    assert entry["epoch_s"] > 0


def test_startup_says_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(startup.IMPORTS, "mygrad", "import no_such_library")
    entries, skipped = startup.measure(1, 1, ["mygrad"])
    assert entries == []
    assert [(s["peer"], s["row"]) for s in skipped] == [("mygrad", "import")]
    assert skipped[0]["why"] == "ModuleNotFoundError: No module named 'no_such_library'"
