"""The programs of docs/guides/parallel.md for Dask and MPI run, on real workers and ranks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ranks import mpiexec

import nn

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "guides" / "parallel.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r'^```py(?:thon)? title="(.+?)"\n(.*?)^```$', TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, code in BLOCKS:
        Path(name).write_text(code)
    return dict(BLOCKS)


@pytest.fixture(scope="module")
def expected():
    """What the page says that sweep.py prints."""
    said = re.search(r"^```text\n(\{'lr'.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return re.findall(r"(\d+)%", said[1])


def shares(printed):
    numbers = re.findall(r"float64\(([\d.]+)\)", printed)
    return [f"{float(x):.0%}".rstrip("%") for x in numbers]


@pytest.mark.slow
@pytest.mark.skipif(
    not find_spec("distributed"), reason="Dask is not installed: plaingrad[parallel]"
)
def test_dask(programs, expected):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}."}
    done = subprocess.run(
        [sys.executable, "dask_sweep.py"], env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert shares(done.stdout) == expected


@pytest.mark.slow
def test_mpi(programs, expected):
    assert shares(mpiexec(3, "-m", "mpi4py.futures", "mpi_sweep.py")) == expected


@pytest.mark.slow
def test_training_on_ranks(programs):
    said = re.search(r"^```py title=\"train.py\".*?^```text\n(.*?)^```$", TEXT, re.M | re.S)[1]
    states = []
    for ranks in (1, 2, 4):
        assert mpiexec(ranks, "-m", "mpi4py", "train.py") == said
        states.append(nn.load("model.npz"))
    for state in states[1:]:
        for name, x in states[0].items():
            assert np.allclose(x, state[name], rtol=1e-3, atol=1e-4), name
