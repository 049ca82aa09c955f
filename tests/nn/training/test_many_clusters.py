"""train_many on a real cluster of Dask's and on real MPI ranks, of this machine: the same bits."""

from __future__ import annotations

import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import many_jobs as jobs
import pytest
from ranks import mpiexec

import nn

ROOT = Path(__file__).parents[3]
quietly = partial(nn.train_many, progress=False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own
@pytest.mark.skipif(
    not find_spec("distributed"), reason="Dask is not installed: plaingrad[parallel]"
)
def test_dask(monkeypatch):
    from dask.distributed import Client, LocalCluster

    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    monkeypatch.setenv("PYTHONPATH", path)  # of the workers
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        results = quietly(jobs.JOBS, client.get_executor())
        pids = quietly([jobs.pid] * 8, client.get_executor())
        with pytest.warns(UserWarning, match="3 of 5 jobs failed"):
            failed = quietly(
                [(jobs.fail, {"how": how}) for how in ("raise", "fine", "own", "exit", "good")],
                client.get_executor(),
            )
    assert [str(x) for x in failed] == [
        "lr: got -1", "fine", "OwnError: 1 and 2", "SystemExit: 3", "good",
    ]  # fmt: skip
    assert os.getpid() not in pids
    assert jobs.same(results, quietly(jobs.JOBS, workers=0))


SCRIPT = """
import warnings
from mpi4py.futures import MPIPoolExecutor
import many_jobs, nn

def own():  # of the script itself, as a user has it
    return many_jobs.draw()

if __name__ == "__main__":
    with MPIPoolExecutor() as pool:
        results = nn.train_many(many_jobs.JOBS, pool, progress=False)
        pids = nn.train_many([many_jobs.pid] * 8, pool, progress=False)
        draws = nn.train_many([own] * 2, pool, progress=False)
        kinds = ["raise", "fine", "own", "exit", "lambda", "good"]
        jobs = [(many_jobs.fail, {"how": how}) for how in kinds]
        with warnings.catch_warnings(record=True) as told:
            failed = nn.train_many(jobs, pool, progress=False)
    assert many_jobs.same(results, nn.train_many(many_jobs.JOBS, workers=0, progress=False))
    assert draws == nn.train_many([own] * 2, workers=0, progress=False)
    print(len(set(pids)), "processes,", len(told), "warning,", [str(x) for x in failed])
"""


@pytest.mark.slow
def test_mpi(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    told = mpiexec(3, "-m", "mpi4py.futures", str(script)).strip()
    assert told.startswith(
        "2 processes, 1 warning, ['lr: got -1', 'fine', 'OwnError: 1 and 2', 'SystemExit: 3', "
    )
    assert told.endswith(", 'good']")
