"""A process in which one peer runs one row, and the object that drives it by pipes.

Each library has its own process, so that none sees another's threads, memory or settings. They
are asked in turns, and one that is not asked waits. A process is for a single row: what a library
kept from the row before would be in the way of the peak of memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HIPS_PYTHON = ROOT / ".venv-hips" / "bin" / "python"
COUNTS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "NUM_CPU_THREADS")
# What would change the figures; the last would have imports compile our files every time.
DROPPED = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONPATH", "PLAINGRAD_KEEP_MEMORY",
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
LIMIT = 180  # seconds for an answer: torch.compile takes a minute
SLOW = 5  # seconds: a peer with a step as long as this would hold up all others


class WorkerError(Exception):
    """What went wrong in a worker, in one line."""


def environment(threads: int, more: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment with the number of threads: libraries read it as they load."""
    env = {name: value for name, value in os.environ.items() if name not in DROPPED}
    env |= dict.fromkeys(COUNTS, str(threads))
    env["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return env | (more or {})


class Worker:
    """A process for `peer`. As a context it ends with its block.

    `root` is where plaingrad lies: this repository, or another commit's files.
    """

    def __init__(self, peer: str, threads: int, root: Path = ROOT) -> None:
        from .peers import OWN_ENVIRONMENT, PEERS

        python = str(HIPS_PYTHON) if peer == OWN_ENVIRONMENT else sys.executable
        self.peer, self.errors = peer, tempfile.TemporaryFile("w+")  # noqa: SIM115 - see close
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", peer, str(root)],
            cwd=ROOT,
            env=environment(threads, PEERS[peer].environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            start_new_session=True,  # with the processes that it starts, to end them all
        )

    def ask(self, request: str, **arguments: Any) -> Any:
        """The answer to a request, the name of a method of `Session`.

        Raises
        ------
        WorkerError : there is none, or it is an error.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        timer = threading.Timer(LIMIT, self.kill)
        timer.start()
        try:
            print(json.dumps([request, arguments]), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        late = not timer.is_alive()
        timer.cancel()
        if not line:
            self.errors.seek(0)
            last = self.errors.read().strip().rpartition("\n")[2]
            raise WorkerError(f"no answer in {LIMIT} s" if late else f"{self.peer} ended: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["answer"]

    def kill(self) -> None:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def close(self) -> None:
        if not self.errors.closed:  # else its number may by now be another process's
            self.kill()
            self.process.communicate()
            self.errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Session:
    """What a worker does, on its side of the pipe."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.step: Any = None

    def prepare(self, row: str, sizes: dict[str, Any]) -> list[float]:
        """Make the row, and take five steps: their losses."""
        from . import rows
        from .peers import NotRunError, prepare

        self.problem = rows.problem(row, **sizes)
        # Libraries load a part of themselves at the first step: not memory of this row.
        try:
            step = prepare(self.peer, rows.problem("mlp", batch=2, sizes=(2, 2, 2)), plain=True)
            step(), step()
        except Exception:
            step = None
        del step
        self.before = memory_now()
        forget_peak()
        self.step = prepare(self.peer, self.problem)
        losses = [number(self.step()) for _ in range(2)]  # what compiles is ready by then
        start = perf_counter()
        losses.append(number(self.step()))
        once = perf_counter() - start
        if once > SLOW:
            raise NotRunError(f"a step takes {once:.0f} s")
        return losses + [number(self.step()) for _ in range(2)]

    def pace(self, seconds: float) -> int:
        """How many steps take as long, at least one, after some to warm up."""
        start, n = perf_counter(), 0
        while n < 2 or (perf_counter() - start < 0.1 and n < 1000):
            last = perf_counter()
            self.step()
            once, n = perf_counter() - last, n + 1
        return max(1, round(seconds / once))

    def turn(self, steps: int) -> list[float]:
        """Milliseconds a step, on the average of so many, and of the fastest."""
        self.step()  # another process had the caches
        times = []
        for _ in range(steps):
            start = perf_counter()
            self.step()
            times.append(1000 * (perf_counter() - start))
        return [sum(times) / steps, min(times)]

    def peak(self) -> float:
        """MB at most in use since the row was made, beyond the library's and the data's."""
        return round(memory_peak() - self.before, 2)


def number(loss: object) -> float:
    """A loss as a number: of most libraries' arrays by `item`, which cuts no graph by mistake."""
    return float(loss.item() if hasattr(loss, "item") else loss)  # type: ignore[arg-type]


def memory_now() -> float:
    return _status("VmRSS") if sys.platform == "linux" else memory_peak()


def memory_peak() -> float:
    if sys.platform == "linux":
        return _status("VmHWM")
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return 0.0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e3)


def forget_peak() -> None:
    """Let the peak be what is in use now; where that cannot be, a row must exceed the import."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def main() -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the errors
    peer, root = sys.argv[1:]
    # In place of this repository, whose `autograd` HIPS's users would get.
    sys.path[0:1] = [root] if peer.startswith("plaingrad") else []
    # An editable install would give modules of its own where another commit has none.
    sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "")]
    session = Session(peer)
    for line in sys.stdin:
        request, arguments = json.loads(line)
        try:
            answer = {"answer": getattr(session, request)(**arguments)}
        except Exception as error:
            kind = "" if type(error).__name__ == "NotRunError" else f"{type(error).__name__}: "
            answer = {"error": kind + (str(error).strip().splitlines() or [""])[0]}
        print(json.dumps(answer), file=channel, flush=True)


if __name__ == "__main__":
    main()
