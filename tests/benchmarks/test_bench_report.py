"""The benchmarks' tables, pictures and ratios, from measurements whose answers are known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import pytest

from benchmarks import charts, report, rows

ROOT = Path(__file__).parents[2]


def entry(row: str, peer: str, times: list[float], threads: int = 1) -> dict[str, Any]:
    return {
        "row": row, "peer": peer, "threads": threads, "rounds": len(times), "times_ms": times,
        "median_ms": float(np.median(times)), "best_ms": min(times), "peak_mb": 12.5,
    }  # fmt: skip


@pytest.fixture
def results() -> dict[str, Any]:
    """Our step takes half of PyTorch's in every round, though the machine got slower and slower."""
    busy = [1.0, 2.0, 4.0, 8.0, 16.0]
    steps = [
        entry("mlp", "pytorch", [2 * t for t in busy]),
        entry("mlp", "plaingrad", busy),
        entry("mlp", "pytorch-fused", [0.5 * t for t in busy]),
        entry("mlp", "pytorch-compile", [4 * t for t in busy]),
        entry("mlp", "by-hand", [0.25 * t for t in busy]),
        entry("mlp", "plaingrad-kept", [1.2 * t for t in busy]),
        entry("mlp", "tinygrad", [2000 * t for t in busy]),
        entry("toy", "plaingrad", [3.0, 3.0, 3.0], threads=2),
        entry("toy", "pytorch", [1.0, 2.0, 3.0], threads=2),
        entry("gru", "plaingrad", [5.0]),
        entry("gru", "pytorch", [4.0]),
    ]
    growth = [
        {"what": "batch", "size": n, "peer": peer, "ms": 7 + scale * n**power, "threads": 1}
        for peer, scale, power in (("plaingrad", 3.0, 2), ("pytorch", 1e3, 1))
        for n in (1024, 1, 4, 16, 4096, 64, 256)
    ]
    return {
        "date": "2026-12-01",
        "machine": {"cpu": "Abacus", "cores": 2, "memory_gb": 8.0, "system": "Linux 6.1-abc",
                    "python": "3.13.1", "blas": "OpenBLAS", "kernel": "Zen"},
        "versions": {"numpy": "2.4.6", "torch": "2.13.0", "jax": "0.8"},
        "steps": steps,
        "startup": [{"peer": "plaingrad", "threads": 1, "import_ms": 60.0, "cold_ms": 75.0,
                     "epoch_s": 0.05},
                    {"peer": "mygrad", "threads": 1, "import_ms": 400.0, "cold_ms": 1234.0}],
        "growth": growth,
        "skipped": [{"peer": "hips", "row": row, "why": why} for row, why in
                    (("cnn", "it takes minutes"), ("gpt", "too large"),
                     ("lenet", "it takes minutes"), ("cnn", "it takes minutes"))],
    }  # fmt: skip


def cells(table: str, row: str) -> dict[str, str]:
    """The cells of a Markdown table's row, by column."""
    head, _, *body = [[c.strip() for c in line.strip("|").split("|")] for line in table.split("\n")]
    (found,) = [line for line in body if line[0] == row]
    return dict(zip(head, found, strict=True))


def test_ratio_is_round_by_round() -> None:
    slow, fast = entry("a", "x", [9.0, 1.0, 5.0]), entry("a", "y", [3.0, 1.0, 1.0])
    assert report.ratio(slow, fast) == (3, 2, 4)  # of the ratios 3, 1, 5; the medians' is 5
    assert report.ratio(fast, fast) == (1, 1, 1)


def test_rounds_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        report.ratio(entry("a", "x", [1.0, 2.0]), entry("a", "y", [1.0, 2.0, 3.0]))


def test_slope_is_that_of_the_larger_half() -> None:
    sizes = [4096, 1, 2, 1024, 3, 2048]
    assert report.slope(sizes, [n**1.5 if n > 99 else 50 for n in sizes]) == pytest.approx(1.5)


def test_table_against_pytorch(results: dict[str, Any]) -> None:
    table = report.against(results)
    mlp = cells(table, "mlp")
    assert mlp["plaingrad ms"] == "4.00"
    assert mlp["over PyTorch eager"] == "0.50"
    assert (mlp["over its best"], mlp["which"]) == ("2.00", "fused")
    assert mlp["over by hand"] == "4.00"
    assert mlp["kept ms"] == "4.80"
    toy = cells(table, "toy")
    assert toy["threads"] == "2"
    assert toy["over PyTorch eager"] == "1.50 (1.25-2.25)"
    assert toy["fastest steps"] == "3.00"
    assert toy["which"] == "eager"
    assert toy["over by hand"] == toy["kept ms"] == ""
    # In the order of the chart, and what is not in it last.
    assert [line.split("|")[1].strip() for line in table.split("\n")[2:]] == ["toy", "mlp", "gru"]


def test_table_of_everyone(results: dict[str, Any]) -> None:
    mlp = cells(report.everyone(results, threads=1), "mlp")
    assert (mlp["plaingrad"], mlp["pytorch"], mlp["tinygrad"]) == ("0.50", "1.00", "1,000")
    assert list(mlp)[1:4] == ["plaingrad", "plaingrad-kept", "by-hand"]  # ours, then the others
    gru = cells(report.everyone(results, threads=1), "gru")
    assert (gru["plaingrad"], gru["by-hand"]) == ("1.25", "")
    assert "toy" not in report.everyone(results, threads=1)


def test_text_names_pytorch_threads_and_machine(results: dict[str, Any]) -> None:
    text = report.text(results)
    assert "6.1-abc" not in text
    for words in ("PyTorch 2.13.0", "Abacus", "2026-12-01", "jax 0.8", "Linux 6.1,",
                  "1 thread\n", "2 threads\n",
                  "- hips, cnn, lenet: it takes minutes\n- hips, gpt: too large\n"):  # fmt: skip
        assert words in text
    growth = cells(report.growth(results), "batch")
    assert growth["from-to"] == "1-4,096"
    assert growth["plaingrad"] == "2.00"
    assert growth["pytorch"] == "1.00"
    mygrad = cells(report.startup(results), "mygrad")
    assert mygrad["first step ms"] == "1,234"
    assert mygrad["epoch s"] == ""


def test_text_without_pytorch(results: dict[str, Any]) -> None:
    results["steps"] = [e for e in results["steps"] if not e["peer"].startswith("pytorch")]
    del results["versions"]["torch"]
    text = report.text(results)
    assert "no PyTorch" in text
    assert cells(report.everyone(results, 1, base="plaingrad"), "mlp")["by-hand"] == "0.25"
    assert charts.steps(results) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0123, "0.012"), (0.5, "0.50"), (1, "1.00"), (9.999, "10.0"), (12.34, "12.3"),
     (99.96, "100"), (1234.5, "1,234"), (None, "")],
)  # fmt: skip
def test_number(value: float | None, words: str) -> None:
    assert report.number(value) == words


def drawn(figure: matplotlib.figure.Figure) -> str:
    """All that is written on a figure."""
    texts = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return "\n".join(artist.get_text() for artist in texts).replace("\n", " ")


def test_chart_of_steps(results: dict[str, Any]) -> None:
    figure = charts.steps(results)
    left, right = figure.axes
    text = drawn(figure)
    for words in ("PyTorch 2.13.0 eager", "1 thread", "2 threads", "as fast as PyTorch eager",
                  "2026-12-01", "Abacus", "NumPy 2.4.6", "tinygrad",
                  "PyTorch at its best"):  # fmt: skip
        assert words in text
    assert "GRU" not in text
    assert "JAX jit" not in text, "the legend names who is not there"
    places = {c.get_label(): c.get_offsets()[0] for c in left.collections}
    assert tuple(places["plaingrad"]) == (0.5, 1)  # mlp stands below toy
    assert places["PyTorch at its best"][0] == 0.25
    assert places["NumPy by hand"][0] == 0.125
    assert places["tinygrad"][0] == charts.RIGHT_END
    assert [t.get_text() for t in right.texts if t.get_weight() == "bold"] == ["1.50"]


def test_chart_of_growth(results: dict[str, Any]) -> None:
    text = drawn(charts.growth(results))
    for words in ("n^{2.00}", "n^{1.00}", "batch", "PyTorch 2.13.0 eager", "1 thread", "Abacus"):
        assert words in text


def test_files(results: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.report", str(path), "--charts", str(tmp_path / "made")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(report.text(results))
    for name in ("steps.png", "growth.png"):
        image = (tmp_path / "made" / name).read_bytes()
        assert image.startswith(b"\x89PNG")
        assert int.from_bytes(image[16:20]) == 1800  # twice as wide as it is shown
    del results["growth"]
    assert [p.name for p in charts.write(results, tmp_path / "other")] == ["steps.png"]


def test_the_charts_rows_are_those_of_the_main_group() -> None:
    assert sorted(report.ROWS) == sorted(rows.names("main"))
