"""MPI ranks of this machine, for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def mpiexec(ranks, *arguments):
    """Run Python on so many ranks of this machine."""
    launcher = shutil.which("mpiexec")
    if launcher is None or find_spec("mpi4py") is None:
        pytest.skip("mpiexec or mpi4py is not installed: plaingrad[parallel], and an MPI")
    version = subprocess.run([launcher, "--version"], capture_output=True, text=True).stdout
    ours = ["--allow-run-as-root", "--oversubscribe"] if "Open" in version else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [launcher, *ours, "-n", str(ranks), sys.executable, *arguments], env=environment,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
