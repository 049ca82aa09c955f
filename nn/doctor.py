"""`python -m nn doctor`: what this machine does with NumPy, and what a setting would gain."""

from __future__ import annotations

import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, __version__

from .containers import Sequential
from .layers.linear import Linear
from .layers.rectifiers import ReLU
from .losses.classification import CrossEntropyLoss
from .machine import OpenBLAS, choose_threads, cores, is_glibc, load, quota, set_by
from .training.progress import say

__all__ = ["Setting", "doctor", "serve", "settings"]

PAYS = 1.1  # A gain that is worth a setting, and that noise rarely feigns.
ROUNDS = 7
WORKS = {
    "network": "a step of 784-512-10, batches of 128",
    "arrays": "40 ops on arrays of a million numbers",
}


class Setting(NamedTuple):
    """An environment variable that may gain something, and the work that would show it."""

    name: str
    value: str
    work: str


def settings(
    threads: int | None,
    choice: int | None,
    kernel: str,
    avx512: bool,
    keeps: bool,
    environment: Mapping[str, str],
) -> list[Setting]:
    """What to try.

    Parameters
    ----------
    threads
        how many OpenBLAS has; None if NumPy has another BLAS.
    choice
        how many `python -m nn` would take; None if the environment says how many.
    kernel
        the kind of CPU that OpenBLAS takes this one for.
    avx512
        whether the CPU has AVX-512.
    keeps
        whether the C library is one that `keep_memory` is about.
    """
    found = []
    if threads is not None:
        counts = sorted({1, choice or 1} - {threads})
        found += [Setting("OPENBLAS_NUM_THREADS", str(count), "network") for count in counts]
        if avx512 and kernel in ("Haswell", "Zen") and "OPENBLAS_CORETYPE" not in environment:
            found.append(Setting("OPENBLAS_CORETYPE", "SkylakeX", "network"))
    if keeps and not environment.get("PLAINGRAD_KEEP_MEMORY"):
        found.append(Setting("PLAINGRAD_KEEP_MEMORY", "1e9", "arrays"))
    return found


def doctor() -> int:
    """Print all there is to say, as it is found; return the exit status."""
    blas, (total, allowed), empty = OpenBLAS.find(), cores(), [""]
    choice = choose_threads(total, allowed, quota(), load(), os.environ)
    threads, kernel = (blas.threads, blas.kernel) if blas else (None, "")
    tried = settings(threads, choice, kernel, _avx512(), is_glibc(), os.environ)
    measured = _products(blas), empty, _memory(), _small_ops()
    for line in chain(_versions(blas), _cores(blas), empty, *measured, empty, _gains(tried)):
        say(line)
    if load() > 0.75 * total:
        say("", f"The machine is busy (load {load():.1f}): these figures are not what it can do.")
    return 0


# What is there


def _versions(blas: OpenBLAS | None) -> Iterator[str]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libc = " ".join(platform.libc_ver())
    system = " ".join(filter(None, (platform.system(), platform.machine(), libc)))
    yield f"versions   plaingrad {__version__}, NumPy {np.__version__}, {python}, {system}"
    if blas:
        also = "; the CPU has AVX-512" if _avx512() else ""
        yield f"BLAS       {blas.version}, kernels for {blas.kernel}{also}"
    else:
        with suppress(Exception):  # the layout of this is not promised
            found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
            yield f"BLAS       {found['name']} {found['version']}, which tells no more"


def _avx512() -> bool:
    with suppress(Exception):
        found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
        return any(name.startswith("AVX512") or name == "X86_V4" for name in found)
    return False


def _cores(blas: OpenBLAS | None) -> Iterator[str]:
    total, allowed = cores()
    text = f"cores      {allowed} of {total}"
    if quota() < np.inf:
        text += f", and a container's quota of {quota():g}"
    yield f"{text}; load in the last minute {load():.1f}"
    name = set_by(os.environ)
    why = f"{name}={os.environ[name]}" if name else "no variable says how many"
    choice = choose_threads(total, allowed, quota(), load(), os.environ)
    ours = f"; python -m nn train would take {choice}" if choice else ""
    yield f"threads    {blas.threads if blas else 'as BLAS chooses'}: {why}{ours}"
    if is_glibc():
        keep = os.environ.get("PLAINGRAD_KEEP_MEMORY")
        kept = f"PLAINGRAD_KEEP_MEMORY={keep} bytes" if keep else "up to 64 MiB"
        yield f"memory     {kept} of what is freed stays for the next step"
    else:
        yield "memory     freed as the C library likes: keep_memory is about glibc"


# What it does


def _best(f: Callable[[], object], seconds: float) -> float:
    """The shortest time of a call, in seconds."""
    f()
    best, end = math.inf, perf_counter() + seconds
    while (start := perf_counter()) < end:
        f()
        best = min(best, perf_counter() - start)
    return best


def _products(blas: OpenBLAS | None) -> Iterator[str]:
    as_it_is = blas.threads if blas else 0
    counts = sorted({1, as_it_is}) if blas else [0]
    heads = [f"{n} thread{'s' * (n != 1)}" if n else "as it is" for n in counts]
    yield f"{'GFLOP/s of float32 products':30}" + "".join(f"{head:>12}" for head in heads)
    rng = np.random.default_rng(0)
    try:
        for n in (64, 256, 1024):
            a, b = rng.random((2, n, n), np.float32)
            product, rates = partial(np.matmul, a, b, np.empty_like(a)), []
            for count in counts:
                if blas:
                    blas.threads = count
                rates.append(2 * n**3 / _best(product, 0.25) / 1e9)
            yield f"{f'  {n} x {n}':30}" + "".join(f"{rate:12.1f}" for rate in rates)
    finally:
        if blas:
            blas.threads = as_it_is


def _memory() -> Iterator[str]:
    a = np.ones(2**24, np.float32)  # 64 MiB
    b, out = np.ones_like(a), np.empty_like(a)
    copied = 2 * a.nbytes / _best(partial(np.copyto, out, a), 0.3) / 1e9
    added = 3 * a.nbytes / _best(partial(np.add, a, b, out), 0.3) / 1e9
    yield f"GB/s of memory, arrays of 64 MB, read and written: copy {copied:.1f}, add {added:.1f}"


def _small_ops() -> Iterator[str]:
    a, b = np.ones((2, 10), np.float32)
    x, n = Tensor(a, requires_grad=True), 200

    def numpy() -> None:
        for _ in range(n):
            a + b

    def recorded() -> Any:
        y = x
        for _ in range(n):
            y = y + b
        return y

    ways = numpy, recorded, lambda: recorded().backward(a)
    times = [_best(way, 0.1) / n * 1e6 for way in ways]
    yield (
        "µs of a + b on 10 numbers: {:.2f} in NumPy, {:.2f} recorded in a graph, "
        "{:.2f} with its way back".format(*times)
    )


# What a setting gains


def _gains(tried: list[Setting]) -> Iterator[str]:
    if not tried:
        yield "Nothing to set: there is no setting to try here."
        return
    yield "What a setting changes here (measured in turns with and without):"
    worth = []
    for setting, gain in zip(tried, _measured(tried), strict=True):
        name = f"{setting.name}={setting.value}"
        if gain >= PAYS:
            worth.append(name)
            verdict = f"{gain:.1f} times as fast"
        elif gain > 1 / PAYS:
            verdict = "no difference"
        else:
            verdict = f"{1 / gain:.1f} times as slow"
        yield f"  {name:28}{verdict:22}{WORKS[setting.work]}"
    if not worth:
        yield "Nothing to set: things are well as they are."
        return
    pairs = ", ".join(f'{name}="{value}"' for name, value in (x.split("=") for x in worth))
    yield f"Worth setting:  {' '.join(worth)} python script.py"
    yield f"  or at the top of the script, before NumPy is imported:  os.environ.update({pairs})"


def _measured(tried: list[Setting]) -> list[float]:
    """How many times as fast each makes its work: the median over the rounds."""
    with ExitStack() as stack:
        plain = {work: stack.enter_context(_Server(work)) for work in {s.work for s in tried}}
        others = [stack.enter_context(_Server(s.work, {s.name: s.value})) for s in tried]
        ratios: list[list[float]] = [[] for _ in tried]
        for _ in range(ROUNDS):
            before = {work: server.time() for work, server in plain.items()}
            for setting, server, found in zip(tried, others, ratios, strict=True):
                found.append(before[setting.work] / server.time())
    return [statistics.median(found) for found in ratios]


class _Server:
    """A process with an environment of its own that does a piece of work when asked."""

    def __init__(self, work: str, variables: Mapping[str, str] | None = None) -> None:
        paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        found = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from nn.doctor import serve; serve({work!r})"],
            env={**os.environ, **found, **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def time(self) -> float:
        """Seconds of a step, now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        if not (answer := self._process.stdout.readline()):
            raise OSError("doctor: a process that was to measure a setting has ended; see above")
        return float(answer)

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def serve(work: str) -> None:
    """Do the work for a moment for each line of stdin, and print how long a step took."""
    step = {"network": _network, "arrays": _arrays}[work]()
    step()
    for _ in sys.stdin:
        count, start = 0, perf_counter()
        while (spent := perf_counter() - start) < 0.12:
            step()
            count += 1
        print(spent / count, flush=True)  # the mean: now and then a slow one is what waiting is


def _network() -> Callable[[], object]:
    import optim  # here alone: nn does not know optim

    model, loss = Sequential(Linear(784, 512), ReLU(), Linear(512, 10)), CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters())
    x, y = np.ones((128, 784), np.float32), np.arange(128) % 10

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step


def _arrays() -> Callable[[], object]:
    x = Tensor(np.ones(10**6, np.float32), requires_grad=True)

    def step() -> None:
        x.grad, y = None, x
        for _ in range(20):
            y = (y + x).tanh()
        y.sum().backward()

    return step
