"""The choice of threads, OpenBLAS's own functions, and what `python -m nn doctor` prints."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import doctor, machine
from nn.cli import main
from nn.doctor import Setting, settings
from nn.machine import OpenBLAS, choose_threads

ONE, NETWORK, ARRAYS = "OPENBLAS_NUM_THREADS", "network", "arrays"
needs_openblas = pytest.mark.skipif(OpenBLAS.find() is None, reason="NumPy has another BLAS")


# ----------------------------------------------------------------------------------------- threads


@pytest.mark.parametrize(
    ("total", "allowed", "quota", "load", "threads"),
    [
        (2, 2, math.inf, 0.0, 2),
        (2, 2, math.inf, 0.4, 2),
        (2, 2, math.inf, 0.6, 1),  # one core is taken
        (2, 2, math.inf, 9.3, 1),  # never less than one
        (1, 1, math.inf, 0.0, 1),
        (64, 64, math.inf, 0.0, 4),  # nor more than four
        (64, 64, math.inf, 30.0, 4),  # enough are idle
        (64, 64, math.inf, 61.7, 2),
        (64, 64, math.inf, 64.0, 1),
        (64, 1, math.inf, 0.0, 1),  # taskset -c 0
        (64, 3, math.inf, 10.0, 3),
        (64, 64, 2.0, 0.0, 2),  # docker --cpus 2
        (64, 64, 2.5, 0.0, 2),
        (64, 64, 0.5, 0.0, 1),
        (8, 8, 3.0, 6.0, 2),
    ],
)
def test_threads_are_as_many_as_idle_cores(
    total: int, allowed: int, quota: float, load: float, threads: int
) -> None:
    assert choose_threads(total, allowed, quota, load, {}) == threads
    assert choose_threads(total, allowed, quota, load, {"OMP_NUM_THREADS": ""}) == threads


@pytest.mark.parametrize("name", [ONE, "OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_who_has_said_how_many_is_obeyed(name: str) -> None:
    assert choose_threads(8, 8, math.inf, 0.0, {name: "7"}) is None


def test_cores_and_load_are_those_of_this_machine(monkeypatch: Any) -> None:
    total, allowed = machine.cores()
    assert 1 <= allowed <= total
    assert total == os.cpu_count()
    assert machine.load() >= 0
    monkeypatch.setattr(os, "sched_getaffinity", {0: {3, 5, 6}}.get, raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 7.0, 9.0), raising=False)
    assert machine.cores() == (total, 3)
    assert machine.load() == 0.5
    monkeypatch.delattr(os, "getloadavg", raising=False)  # as on Windows
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.load() == 0
    assert machine.cores() == (total, total)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.cores() == (1, 1)


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, 1.5),  # as a container sees it
        ("0::/", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/", {}, math.inf),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2.0),
        ("0::/a/b", {"a/b/cpu.max": "100000 100000", "a/cpu.max": "200000 100000"}, 1.0),
        ("2:cpu:/x\n0::/a", {"a/cpu.max": "50000 100000"}, 0.5),
        ("2:cpu:/x", {"cpu.max": "50000 100000"}, math.inf),  # version 1, which has no such file
        ("0::/a", {"a/cpu.max": "nonsense"}, math.inf),
    ],
)
def test_the_quota_of_a_container(own: str, files: Any, expected: float, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(own + "\n")
    (tmp_path / "cpu.max").write_text("10000 100000")  # above the root: none of ours
    root = tmp_path / "root"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    assert machine.quota(str(root), str(tmp_path / "own")) == expected


def test_without_cgroups_there_is_no_quota(tmp_path: Path) -> None:
    assert machine.quota(str(tmp_path), str(tmp_path / "none")) == math.inf


def test_glibc_is_told_by_its_name(monkeypatch: Any) -> None:
    for found, expected in (("glibc", "2.36"), True), (("", ""), False), (("musl", "glibc"), False):
        monkeypatch.setattr(machine.platform, "libc_ver", lambda found=found: found)
        assert machine.is_glibc() == expected


@needs_openblas
def test_openblas_says_and_takes_its_threads() -> None:
    blas = OpenBLAS.find()
    assert blas is not None
    before = blas.threads
    try:
        blas.threads = 1
        assert blas.threads == 1
    finally:
        blas.threads = before
    assert blas.threads == before
    assert re.fullmatch(r"OpenBLAS [\d.]+(dev)?", blas.version)
    assert blas.kernel.isidentifier()


@needs_openblas
@pytest.mark.skipif(sys.platform == "win32", reason="looks in the library itself alone")
def test_openblas_is_found_by_its_file_or_through_what_numpy_is_linked_to(
    monkeypatch: Any, tmp_path: Path
) -> None:
    find: Any = OpenBLAS.find
    assert find.__wrapped__().kernel == find().kernel
    monkeypatch.setattr(machine.np, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    assert find.__wrapped__().kernel == find().kernel
    monkeypatch.delitem(sys.modules, "numpy._core._multiarray_umath")
    assert find.__wrapped__() is None


@needs_openblas
def test_openblas_agrees_with_the_variable() -> None:
    code = "from nn.machine import OpenBLAS; print(OpenBLAS.find().threads)"
    assert python("-c", code, OPENBLAS_NUM_THREADS="1") == "1\n"


@pytest.fixture
def settled(monkeypatch: Any) -> Any:
    """What `settle` does, and does not do to the process of the tests."""
    for name in (*machine.VARIABLES, "PLAINGRAD_KEEP_MEMORY"):
        monkeypatch.delenv(name, raising=False)

    class Blas:
        threads = 8
        kept: float | None = None

    blas = Blas()
    monkeypatch.setattr(OpenBLAS, "find", lambda: blas)
    monkeypatch.setattr(machine, "keep_memory", lambda size: setattr(blas, "kept", size))
    monkeypatch.setattr(machine, "is_glibc", lambda: True)
    monkeypatch.setattr(machine, "cores", lambda: (8, 8))
    monkeypatch.setattr(machine, "quota", lambda: math.inf)
    monkeypatch.setattr(machine, "load", lambda: 6.2)
    return blas


KEPT = "; up to 1 GB of freed memory is kept"


def test_a_process_of_ours_is_settled(settled: Any, monkeypatch: Any) -> None:
    assert machine.settle() == "2 threads of BLAS (8 cores, load 6.2)" + KEPT
    assert (settled.threads, settled.kept) == (2, 1e9)
    monkeypatch.setattr(machine, "quota", lambda: 1.5)
    assert machine.settle() == "1 thread of BLAS (1.5 cores, load 6.2)" + KEPT
    assert settled.threads == 1


def test_what_the_user_has_set_stays(settled: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.settle() == "OMP_NUM_THREADS=3" + KEPT
    monkeypatch.setenv("PLAINGRAD_KEEP_MEMORY", "0")
    settled.kept = None
    assert machine.settle() == "OMP_NUM_THREADS=3"
    assert (settled.threads, settled.kept) == (8, None)


@pytest.mark.usefixtures("settled")
def test_elsewhere_it_does_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(OpenBLAS, "find", lambda: None)
    monkeypatch.setattr(machine, "is_glibc", lambda: False)
    assert machine.settle() == "threads as BLAS chooses"


# -------------------------------------------------------------------------------- what might gain


MEMORY = Setting("PLAINGRAD_KEEP_MEMORY", "1e9", ARRAYS)
CORE = Setting("OPENBLAS_CORETYPE", "SkylakeX", NETWORK)


@pytest.mark.parametrize(
    ("threads", "choice", "kernel", "avx512", "keeps", "environment", "expected"),
    [
        (2, 2, "SkylakeX", True, True, {}, [Setting(ONE, "1", NETWORK), MEMORY]),
        (16, 4, "Haswell", False, False, {}, [Setting(ONE, n, NETWORK) for n in "14"]),
        (2, 1, "Haswell", True, False, {}, [Setting(ONE, "1", NETWORK), CORE]),
        (1, None, "Zen", True, True, {ONE: "1"}, [CORE, MEMORY]),
        (1, None, "Zen", True, True, {ONE: "1", "OPENBLAS_CORETYPE": "Zen"}, [MEMORY]),
        (1, 1, "Zen", False, True, {"PLAINGRAD_KEEP_MEMORY": "0"}, []),
        (None, 2, "", True, False, {}, []),  # another BLAS
    ],
)
def test_only_what_may_gain_is_tried(
    threads: Any,
    choice: Any,
    kernel: str,
    avx512: bool,
    keeps: bool,
    environment: Any,
    expected: Any,
) -> None:
    assert settings(threads, choice, kernel, avx512, keeps, environment) == expected


def test_gains_are_said(monkeypatch: Any) -> None:
    tried = [Setting(ONE, "1", NETWORK), CORE, MEMORY]
    monkeypatch.setattr(doctor, "_measured", lambda _: [7.96, 0.5, 1.04])
    lines = list(doctor._gains(tried))
    assert [line.split("  ")[1].strip() for line in lines[1:4]] == [
        *(f"{s.name}={s.value}" for s in tried)
    ]
    assert "8.0 times as fast" in lines[1]
    assert "2.0 times as slow" in lines[2]
    assert "no difference" in lines[3]
    assert lines[4] == "Worth setting:  OPENBLAS_NUM_THREADS=1 python script.py"
    assert lines[5].endswith('os.environ.update(OPENBLAS_NUM_THREADS="1")')
    monkeypatch.setattr(doctor, "_measured", lambda _: [2.0, 1.0, 3.0])
    *_, shell, script = doctor._gains(tried)
    assert shell.endswith("  OPENBLAS_NUM_THREADS=1 PLAINGRAD_KEEP_MEMORY=1e9 python script.py")
    assert script.endswith('(OPENBLAS_NUM_THREADS="1", PLAINGRAD_KEEP_MEMORY="1e9")')
    monkeypatch.setattr(doctor, "_measured", lambda _: [1.0, 1.0, 1.0])
    assert list(doctor._gains(tried))[-1] == "Nothing to set: things are well as they are."
    assert list(doctor._gains([])) == ["Nothing to set: there is no setting to try here."]


@pytest.mark.slow
def test_work_is_done_with_the_setting_and_without() -> None:
    """Each process has its own environment, and says how long a step of its work takes."""
    for work in doctor.WORKS:
        with doctor._Server(work) as server:
            assert 0 < server.time() < 60
            assert server.time() > 0
        assert server._process.poll() is not None


@needs_openblas
def test_a_setting_reaches_the_process_that_does_the_work(monkeypatch: Any) -> None:
    seen: list[Any] = []

    class Popen:
        def __init__(self, command: list[str], env: dict[str, str], **_: Any) -> None:
            seen.append((command, env))

        def kill(self) -> None: ...

        def communicate(self) -> None: ...

    monkeypatch.setattr(doctor.subprocess, "Popen", Popen)
    monkeypatch.setattr(doctor._Server, "time", lambda self: 1.0)
    assert doctor._measured([Setting(ONE, "1", NETWORK)]) == [1.0]
    (_, plain), (command, tried) = seen
    assert {k: v for k, v in tried.items() if plain.get(k) != v} in ({ONE: "1"}, {})
    assert tried[ONE] == "1"
    assert "serve('network')" in command[-1]


def test_a_process_that_ends_is_said() -> None:
    ended = pytest.raises(OSError, match="a process that was to measure a setting has ended")
    with doctor._Server("nothing of the kind") as server, ended:  # a KeyError, which it prints
        server.time()


def test_the_gain_is_how_many_times_as_fast(monkeypatch: Any) -> None:
    times = {None: iter([3.0, 8.0, 4.0]), "1": iter([1.5, 2.0, 0.5])}

    class Server:
        def __init__(self, work: str, variables: Any = None) -> None:
            self.times = times[variables[ONE] if variables else None]

        def time(self) -> float:
            return next(self.times)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(doctor, "_Server", Server)
    monkeypatch.setattr(doctor, "ROUNDS", 3)
    assert doctor._measured([Setting(ONE, "1", NETWORK)]) == [4.0]  # of 2, 4 and 8


@pytest.mark.parametrize("work", ["_network", "_arrays"])
def test_the_work_is_a_training_step(work: str) -> None:
    step = getattr(doctor, work)()
    with nn.profile() as p:
        step()
    found = {row.op: row for row in p.rows}
    if work == "_network":
        assert found["linear"].calls == found["Adam.step"].calls == 1  # of the last layer
    else:
        assert found["tanh"].calls + found["add"].calls == 40
    assert all(row.backward > 0 for row in p.by_op)


# -------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("quota", "said"), [(math.inf, ";"), (1.5, ", and a container's quota of 1.5;")]
)
def test_cores_threads_and_memory_are_told(quota: float, said: str, monkeypatch: Any) -> None:
    for name in (*machine.VARIABLES, "PLAINGRAD_KEEP_MEMORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "cores", lambda: (8, 3))
    monkeypatch.setattr(doctor, "load", lambda: 2.04)
    monkeypatch.setattr(doctor, "quota", lambda: quota)
    monkeypatch.setattr(doctor, "is_glibc", lambda: True)
    cores, threads, memory = doctor._cores(None)
    assert cores == f"cores      3 of 8{said} load in the last minute 2.0"
    assert threads.startswith("threads    as BLAS chooses: no variable says how many; python -m nn")
    assert threads.endswith(f" {1 if quota < 3 else 3}")
    assert memory == "memory     up to 64 MiB of what is freed stays for the next step"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.setenv("PLAINGRAD_KEEP_MEMORY", "2e8")
    _, threads, memory = doctor._cores(None)
    assert threads == "threads    as BLAS chooses: OMP_NUM_THREADS=5"
    assert memory.startswith("memory     PLAINGRAD_KEEP_MEMORY=2e8 bytes of what is freed")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["X86_V3", "X86_V4"], True),  # as NumPy 2.4 calls it
        (["AVX2", "AVX512F", "AVX512_SKX"], True),  # and before
        (["X86_V3", "AVX2"], False),
        (None, False),
    ],
)
def test_avx512_is_what_numpy_found(found: Any, expected: bool, monkeypatch: Any) -> None:
    config = {"SIMD Extensions": {"found": found}} if found else {}
    monkeypatch.setattr(np, "show_config", lambda mode: config)
    assert doctor._avx512() == expected


@pytest.mark.parametrize("avx512", [True, False])
@needs_openblas
def test_versions_are_told(avx512: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(doctor, "_avx512", lambda: avx512)
    versions, blas = doctor._versions(OpenBLAS.find())
    assert f"NumPy {np.__version__}" in versions
    assert "plaingrad " in versions
    assert "kernels for " in blas
    assert blas.endswith("; the CPU has AVX-512") == avx512


def test_the_command(monkeypatch: Any, capsys: Any) -> None:
    def called(f: Any, _: float) -> float:
        f()
        return 1e-3

    monkeypatch.setattr(doctor, "_best", called)
    monkeypatch.setattr(doctor, "_measured", lambda tried: [2.0] * len(tried))
    monkeypatch.setattr(doctor, "load", lambda: 1e4)
    blas = OpenBLAS.find()
    before = blas.threads if blas else None
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    names = ["versions", "BLAS", "cores", "threads", "memory"]
    assert [line.split()[0] for line in out.splitlines()[:5]] == names
    assert re.search(r"1024 x 1024 +2147\.5", out)  # 2 * 1024**3 operations in a millisecond
    assert "copy 134.2, add 201.3" in out  # two and three times 64 MiB in a millisecond
    assert "5.00 in NumPy, 5.00 recorded in a graph, 5.00 with its way back" in out
    assert "The machine is busy (load 10000.0)" in out
    assert max(map(len, out.splitlines()[:12])) <= 100
    assert (blas.threads if blas else None) == before


def test_the_command_without_openblas(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(doctor, "_best", lambda f, _: 1e-3)
    monkeypatch.setattr(OpenBLAS, "find", lambda: None)
    monkeypatch.setattr(doctor, "is_glibc", lambda: False)
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "which tells no more" in out
    assert "threads    as BLAS chooses" in out
    assert "Nothing to set: there is no setting to try here." in out


def python(*arguments: str, **environment: str) -> str:
    """What a Python prints that has these variables, too."""
    root = str(Path(doctor.__file__).parents[1])
    variables = {**os.environ, "PYTHONPATH": root, **environment}
    done = subprocess.run(
        [sys.executable, *arguments], env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
