"""Build the twins, run each in a process of its own, and see that they agree."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from platform import machine
from statistics import median_low

HERE = Path(__file__).parent
TWINS = {
    "pure Python": HERE / "in_python.py",
    "NumPy by hand": HERE / "in_numpy.py",
    "C++17": HERE / "in_cpp.cpp",
    "plaingrad": HERE / "in_plaingrad.py",
    "PyTorch": HERE / "in_pytorch.py",
}
COMPILER = os.environ.get("CXX", "c++")
NATIVE = "-mcpu=native" if machine() in ("arm64", "aarch64") else "-march=native"
FLAGS = ["-O3", NATIVE, "-std=c++17"]
TOLERANCE = 1e-9  # of the losses, relative: float64 in all twins, sums in different orders


class LossesDifferError(AssertionError):
    """Twins with the same data and weights have different losses: one of them is wrong."""


def missing(twin):
    """Why the twin cannot run here; "" if it can."""
    if twin.suffix == ".cpp" and not shutil.which(COMPILER):
        return f"no C++ compiler: {COMPILER} is not there (the variable CXX names another)"
    if "pytorch" in twin.stem and not find_spec("torch"):
        return "PyTorch is not installed"
    return ""


def built(twin, folder):
    """The command that starts the twin; C++ is compiled into `folder`."""
    if twin.suffix == ".py":
        return [sys.executable, str(twin)]
    program = str(Path(folder, twin.stem + ".exe").absolute())
    _output([COMPILER, *FLAGS, "-o", program, str(twin)])
    return [program]


def run(command, folder, epochs, batch):
    """The loss and the CPU seconds of each epoch, on one thread."""
    output = _output([*command, str(folder), str(epochs), str(batch)])
    losses, seconds = zip(*(map(float, line.split()) for line in output.splitlines()), strict=True)
    return losses, seconds


def _output(command):
    threads = dict.fromkeys(["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"], "1")
    paths = [str(HERE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | threads | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def check(losses):
    """Raise LossesDifferError, naming the twins whose losses are not those of most.

    `losses` holds for each twin a number an epoch.
    """
    for number, epoch in enumerate(zip(*losses.values(), strict=True), 1):
        middle = median_low(epoch)
        wrong = [
            f"{name} has {loss!r}"
            for name, loss in zip(losses, epoch, strict=True)
            if not abs(loss - middle) <= TOLERANCE * abs(middle)  # nan is wrong, too
        ]
        if wrong:
            raise LossesDifferError(
                f"loss of epoch {number}: {', '.join(wrong)}, expected {middle!r} "
                f"to {TOLERANCE:g}, as the others have"
            )
