"""The benchmarks compare like with like: equal losses, each peer in its own words, or no time."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import report, rows, steps
from benchmarks.peers import PEERS, NotRunError, prepare
from benchmarks.worker import Worker, WorkerError, environment, number

ROOT = Path(__file__).parents[2]
# Sizes at which a step takes a millisecond, no two of them alike where the shapes allow it.
SMALL: dict[str, dict[str, Any]] = {
    "scalars": {"rounds": 30},
    "chain-small": {"rounds": 20},
    "chain-large": {"size": 20_000, "rounds": 3},  # three blocks, the last not full
    "toy": {"batch": 5},
    "seed": {"batch": 5, "sizes": (7, 6, 4, 3)},
    "mlp": {"batch": 5, "sizes": (7, 6, 4, 3)},
    "wide": {"batch": 5, "sizes": (7, 9, 8, 3)},
    "vae": {"batch": 5, "pixels": 11, "hidden": 7, "code": 3},
    "squared-norm": {"batch": 5, "sizes": (7, 6, 4, 3)},
    "cnn": {"batch": 3, "channels": (4, 5), "size": 8},
    "resnet": {"batch": 3, "width": 4, "size": 12},
    "lstm": {"batch": 3, "steps": 6, "n_in": 5, "hidden": 4},
    "gpt": {"batch": 3, "context": 5, "layers": 2, "heads": 2, "width": 8, "vocab": 11},
    "depthwise": {"batch": 3, "channels": 4, "size": 6},
    "strided": {"batch": 3, "channels": 4, "size": 15},
    "inception": {"batch": 3, "size": 5},
    "embedding": {"batch": 3, "words": 4, "table": 6, "width": 5},
    "many-small": {"batch": 3, "layers": 5, "width": 4},
    "gru": {"batch": 3, "steps": 6, "n_in": 5, "hidden": 4},
    "rnn": {"batch": 3, "steps": 6, "n_in": 5, "hidden": 4},
    "lenet": {"batch": 3},
    "resnet-20": {"batch": 2},
    "autoencoder": {"batch": 3},
    "char-lstm": {"batch": 2, "steps": 5, "vocab": 7, "hidden": 6},
    "char-gru": {"batch": 2, "steps": 5, "vocab": 7, "hidden": 6},
}


def losses(peer: str, row: str) -> list[float]:
    step = prepare(peer, rows.problem(row, **SMALL[row]))
    return [number(step()) for _ in range(5)]


def test_there_are_small_sizes_of_every_row() -> None:
    assert list(SMALL) == rows.names()


@pytest.mark.parametrize("row", rows.names("main"))
def test_plaingrad_and_numpy_by_hand_have_the_same_losses(row: str) -> None:
    found = {peer: losses(peer, row) for peer in ("by-hand", "plaingrad")}
    assert steps.disagreements(found, row) == {}
    # A step that leaves the weights as they are would agree with any gradient.
    assert not math.isclose(found["by-hand"][0], found["by-hand"][4], rel_tol=0.001)


@pytest.mark.parametrize("row", rows.names())
def test_plaingrad_and_pytorch_have_the_same_losses(row: str) -> None:
    pytest.importorskip("torch")
    found = {peer: losses(peer, row) for peer in ("pytorch", "plaingrad")}
    assert steps.disagreements(found, row) == {}
    assert not math.isclose(found["pytorch"][0], found["pytorch"][4], rel_tol=0.0001)


def test_numpy_by_hand_is_independent_of_us() -> None:
    code = """
import sys
import benchmarks.peers.by_hand
print(sorted({"autograd", "nn", "optim", "torch"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_row_is_the_same_every_time_and_peers_leave_it_as_it_was() -> None:
    problem = rows.problem("mlp", **SMALL["mlp"])
    for peer in ("plaingrad", "by-hand"):
        prepare(peer, problem)()
    again = rows.problem("mlp", **SMALL["mlp"])
    for name, array in (problem.weights | problem.data).items():
        assert (array == (again.weights | again.data)[name]).all(), name


def test_a_row_that_a_peer_does_not_have() -> None:
    with pytest.raises(NotRunError, match="not written"):
        prepare("by-hand", rows.problem("rnn", **SMALL["rnn"]))
    with pytest.raises(ValueError, match=r"no row 'mpl'; there are scalars, .*, mlp, "):
        rows.problem("mpl")


# Losses


def test_other_losses_are_refused_with_both_numbers() -> None:
    found = {"pytorch": [2.0, 1.5], "plaingrad": [2.0, 1.50001], "jax": [2.0, 1.501]}
    assert steps.disagreements(found, "mlp") == {
        "jax": "mlp: the loss of step 2 is 1.501, pytorch has 1.5"
    }


def test_no_number_agrees_with_nothing() -> None:
    assert set(steps.disagreements({"pytorch": [math.nan], "jax": [1.0]}, "mlp")) == {
        "pytorch",
        "jax",
    }


class Fake:
    """Answers as a worker would whose turns take these milliseconds."""

    def __init__(self, losses: list[float], times: list[float]) -> None:
        self.losses, self.times, self.asked = losses, iter(times), set[str]()

    def ask(self, request: str, **_: Any) -> Any:
        self.asked.add(request)
        if request == "turn":
            time = next(self.times)
            return [time, time / 2]
        return {"prepare": self.losses, "pace": 3, "peak": 7.5}[request]

    def close(self) -> None:
        pass

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_ratios_are_those_of_each_round_and_the_refused_are_not_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fakes = {
        "pytorch": Fake([1.0] * 5, [1.0, 2.0, 4.0]),
        "plaingrad": Fake([1.0] * 5, [2.0, 2.0, 2.0]),
        "jax": Fake([1.01] * 5, []),
    }
    monkeypatch.setattr(steps, "Worker", lambda peer, _threads: fakes[peer])
    entries, skipped = steps.measure("mlp", list(fakes), threads=2, rounds=3)
    by_peer = {entry["peer"]: entry for entry in entries}
    assert list(by_peer) == ["pytorch", "plaingrad"]
    own = by_peer["plaingrad"]
    assert (own["ratio"], own["ratio_low"], own["ratio_high"]) == (1.0, 0.75, 1.5)  # 2, 1, 1/2
    assert (own["median_ms"], own["best_ms"], own["times_ms"]) == (2.0, 1.0, [2.0, 2.0, 2.0])
    assert (own["peak_mb"], own["threads"], own["rounds"]) == (7.5, 2, 3)
    assert fakes["jax"].asked == {"prepare"}
    (refused,) = skipped
    assert (refused["peer"], refused["row"]) == ("jax", "mlp")
    assert "1.01" in refused["why"]


def test_quartiles_are_median_and_quartiles() -> None:
    assert report.quartiles([5.0, 1.0, 3.0, 2.0, 4.0]) == (3.0, 2.0, 4.0)
    assert report.quartiles([5.0]) == (5.0, 5.0, 5.0)


# Workers


def test_a_worker_runs_a_row_in_its_own_process() -> None:
    with Worker("plaingrad", 1) as worker:
        own = worker.ask("prepare", row="lstm", sizes=SMALL["lstm"])
        found = {"by-hand": losses("by-hand", "lstm"), "plaingrad": own}
        assert steps.disagreements(found, "lstm") == {}
        assert worker.ask("pace", seconds=0) == 1
        average, best = worker.ask("turn", steps=3)
        assert 0 < best <= average
        with pytest.raises(WorkerError, match="no row 'mpl'"):
            worker.ask("prepare", row="mpl", sizes={})


@pytest.mark.skipif(sys.platform != "linux", reason="the peak since a moment is Linux's to tell")
def test_the_peak_is_that_of_the_row() -> None:
    with Worker("by-hand", 1) as worker:
        worker.ask("prepare", row="chain-small", sizes={"rounds": 2})
        small = worker.ask("peak")
        worker.ask("prepare", row="wide", sizes={"batch": 2, "sizes": (1000, 5000, 10)})
        # Weights, gradients, m and v, of 4 * 5,000 * 1,000 bytes each
        assert 80 < worker.ask("peak") < 130
    assert 0 <= small < 5


def test_a_worker_that_ends_says_why() -> None:
    with Worker("plaingrad", 1, ROOT / "nowhere") as worker, pytest.raises(WorkerError) as error:
        worker.ask("prepare", row="toy", sizes={})
    assert "ModuleNotFoundError" in str(error.value)


def test_a_closed_worker_has_ended_and_may_be_closed_again() -> None:
    worker = Worker("by-hand", 1)
    worker.ask("prepare", row="toy", sizes={})
    worker.close()
    assert worker.process.returncode is not None
    worker.close()


def test_the_environment_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    env = environment(2, {"PLAINGRAD_KEEP_MEMORY": "1e9"})
    assert "OPENBLAS_CORETYPE" not in env
    assert env["OMP_NUM_THREADS"] == env["OPENBLAS_NUM_THREADS"] == env["MKL_NUM_THREADS"] == "2"
    assert env["PLAINGRAD_KEEP_MEMORY"] == "1e9"


# The command


def test_names_of_rows_and_groups() -> None:
    assert command.chosen(["main"]) == rows.names("main")
    assert len(rows.names("main")) == 13
    assert command.chosen(["mlp", "ported", "mlp"]) == ["mlp", *rows.names("ported")]
    assert command.chosen(["all"]) == rows.names()
    with pytest.raises(SystemExit, match="no row or group 'mpl'"):
        command.chosen(["mpl"])


def test_a_library_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "HIPS_PYTHON", ROOT / "nowhere")
    assert command.version("hips") is None
    assert command.version("plaingrad") is not None
    monkeypatch.setitem(PEERS, "jax", type(PEERS["jax"])("jax", library="no-such-library"))
    assert command.version("jax") is None
