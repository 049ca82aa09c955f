"""Many trainings at the same time: the same bits as one after the other, whatever fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import many_jobs as jobs
import numpy as np
import pytest

import nn

ROOT = Path(__file__).parents[3]
quietly = partial(nn.train_many, progress=False)


def one_after_the_other():
    """The independent source: a plain loop, in this process."""
    results = []
    for k, (function, arguments) in enumerate(jobs.JOBS):
        nn.manual_seed(k)
        results.append(function(**arguments))
    return results


@pytest.fixture(scope="module")
def expected():
    return one_after_the_other()


# ------------------------------------------------------------------------------- the same results


@pytest.mark.slow
def test_processes_give_the_same_bits(expected):
    assert jobs.same(quietly(jobs.JOBS, workers=2), expected)
    assert jobs.same(quietly(jobs.JOBS[:3], workers=3), expected[:3])


def test_here_too(expected):
    assert jobs.same(quietly(jobs.JOBS, workers=0), expected)


@pytest.mark.slow
def test_an_executor_of_the_standard_library(expected):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        assert jobs.same(quietly(jobs.JOBS, pool), expected)


def test_threads_take_turns(expected):
    with ThreadPoolExecutor(4) as pool:
        assert jobs.same(quietly(jobs.JOBS, pool), expected)


def test_a_seed_for_each_job_and_none_for_the_caller():
    nn.manual_seed(5)
    five = nn.generator().random()
    nn.manual_seed(7)
    draws = quietly([jobs.draw] * 3, workers=0, seed=4)
    assert draws[1] == five
    assert len(set(draws)) == 3
    seven = nn.generator().random()
    nn.manual_seed(7)
    assert seven == nn.generator().random()  # the jobs took nothing from our generator


@pytest.mark.slow
def test_each_process_has_its_share_of_threads_and_we_keep_ours(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert quietly([jobs.threads] * 2, workers=2, threads=2) == [(2, "2")] * 2
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_the_threads_of_this_process_come_back(monkeypatch):
    before = jobs.OpenBLAS.find().threads
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert quietly([jobs.threads], workers=0, threads=2) == [(2, "1")]
    assert jobs.OpenBLAS.find().threads == before


@pytest.mark.slow
def test_in_order_and_at_the_same_time(tmp_path):
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    slow, fast = {"own": a, "other": b, "then": 0.3}, {"own": b, "other": a}
    assert quietly([(jobs.meet, slow), (jobs.meet, fast)], workers=2) == [a, b]
    first, second = quietly([jobs.pid] * 2, workers=1)
    assert first == second != os.getpid()


def test_of_nothing_comes_nothing():
    assert nn.train_many([]) == []
    assert nn.train_many([], workers=0) == []


# -------------------------------------------------------------------------------------- failures


@pytest.mark.slow
def test_a_job_that_fails_does_not_take_the_others_along():
    kinds = ["raise", "fine", "kill", "own", "exit", "lambda", "good"]
    with pytest.warns(UserWarning, match="5 of 7 jobs failed") as told:
        got = quietly([(jobs.fail, {"how": how}) for how in kinds], workers=2)
    assert [got[1], got[6]] == ["fine", "good"]
    assert isinstance(got[0], ValueError)
    assert "many_jobs.py" in got[0].__notes__[0]  # the traceback came along
    assert "ended by SIGKILL: is there memory enough?" in str(got[2])
    assert str(got[3]) == "OwnError: 1 and 2"
    assert str(got[4]) == "SystemExit: 3"
    assert isinstance(got[5], Exception)
    assert "job 2, fail(how='kill'): RuntimeError" in str(told[0].message)
    assert told[0].filename == __file__


@pytest.mark.parametrize("how", ["here", "threads"])
def test_failures_in_this_process(how):
    executor = ThreadPoolExecutor(2) if how == "threads" else None
    workers = None if executor else 0
    with pytest.warns(UserWarning, match="2 of 3 jobs failed"):
        got = quietly(
            [(jobs.fail, {"how": h}) for h in ("exit", "fine", "raise")], executor, workers=workers
        )
    assert [type(got[0]), got[1], type(got[2])] == [RuntimeError, "fine", ValueError]


def test_progress_is_told(capsys):
    with pytest.warns(UserWarning, match="1 of 3 jobs failed"):
        nn.train_many(
            [partial(jobs.fail, "raise"), (jobs.fail, {"how": "fine"}), jobs.draw], workers=0
        )
    assert capsys.readouterr().out.splitlines() == [
        "1/3 fail('raise') failed: ValueError: lr: got -1",
        "2/3 fail(how='fine') done",
        "3/3 draw(): 0.261612",
    ]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals")
def test_no_process_is_left_behind(tmp_path):
    """Also after Ctrl-C in the midst of long jobs."""
    note = tmp_path / "note"
    main = threading.main_thread().ident

    def interrupt():
        while not note.exists():
            time.sleep(0.02)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        quietly([(jobs.leave_a_note, {"path": str(note)})] * 3, workers=2)
    assert time.perf_counter() - start < 30
    thread.join()
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_processes_end_with_the_one_that_started_them(tmp_path):
    note = tmp_path / "note"
    code = (
        "import nn, many_jobs\n"
        "if __name__ == '__main__':\n"
        f"    nn.train_many([(many_jobs.leave_a_note, {{'path': {str(note)!r}}})], workers=1)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    started = subprocess.Popen(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while not note.exists() and time.monotonic() < end:
        time.sleep(0.02)
    started.kill()
    began = time.monotonic()
    started.communicate()  # the pipe closes with the last process that has it
    assert note.exists()
    assert time.monotonic() - began < 20  # the job would take a minute


@pytest.mark.slow
def test_a_script_without_its_guard_is_told(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import nn, many_jobs\nnn.train_many([many_jobs.draw] * 4, workers=1)\n")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": path}, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert "train_many: called while script.py is imported" in done.stderr
    assert done.stderr.count("Traceback") == 1  # one process was tried, not one a job
    assert 'if __name__ == "__main__":' in done.stderr


# -------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        ([jobs.draw], TypeError, "got function, expected a list of functions"),
        ([[3]], TypeError, "job 0: got a int, expected a function"),
        ([[(jobs.draw, 3)]], TypeError, r"job 0: got a tuple \(function, int\)"),
        ([[lambda: 0]], TypeError, "cannot be sent to a process.*not as a lambda.*workers=0"),
        ([[jobs.draw], 2], TypeError, "executor: got int, .* workers=2"),
        ([[jobs.draw], ThreadPoolExecutor], TypeError, "got the class ThreadPoolExecutor"),
    ],
)
def test_what_cannot_be_is_refused(arguments, kind, told):
    with pytest.raises(kind, match=f"^train_many: .*{told}"):
        nn.train_many(*arguments)


@pytest.mark.parametrize(
    ("keywords", "kind", "told"),
    [
        ({"workers": -1}, ValueError, "workers: got -1, expected 0 or more"),
        ({"workers": 1.5}, TypeError, "workers: got 1.5, a float, expected a whole number"),
        ({"threads": 0}, ValueError, "threads: got 0, expected 1 or more"),
        ({"seed": True}, TypeError, "seed: got True, a bool"),
        ({"executor": ThreadPoolExecutor(1), "workers": 2}, ValueError, "expected one of them"),
    ],
)
def test_keywords_that_cannot_be(keywords, kind, told):
    with pytest.raises(kind, match=told):
        nn.train_many([jobs.draw], **keywords)


def test_a_client_of_dask_is_not_its_executor():
    class Client:
        def submit(self): ...
        def get_executor(self): ...

    with pytest.raises(TypeError, match=r"expected client.get_executor\(\)"):
        nn.train_many([jobs.draw], Client())


def test_a_notebook_is_told(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(jobs.draw, "__module__", "__main__")
    with pytest.raises(TypeError, match=r"job 0, draw.*written in a notebook.*Write it in a file"):
        nn.train_many([jobs.draw])


def test_same_is_not_blind(expected):
    other = [(loss, {name: x.copy() for name, x in state.items()}) for loss, state in expected]
    assert jobs.same(other, expected)
    first = next(iter(other[0][1].values()))
    first.flat[0] = np.nextafter(first.flat[0], np.float32(np.inf))
    assert not jobs.same(other, expected)
