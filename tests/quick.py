"""The tests one wants while working: `make quick`, and `make quick FILE=cumulative` of one file.

Of all tests those that take long and those that need PyTorch are left out, and of long tables some
rows taken. Of a file run its doctests and the tests that tests/mutants.py knows to go with it, with
every row. Of a property either tries few examples; `make test` tries all.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from mutants import OPTIONS, Run, command, runs

import autograd
import nn
import optim

ROOT = Path(__file__).parents[1]
EXAMPLES = 3  # of a property; the first is the simplest there is, such as an empty array
ROWS = 16  # of a test with more, spread over them
# What draws pictures, trains, or searches; each by itself is there: make quick FILE=plot
LONG = (
    "parity", "benchmarks", "autograd/core/test_fast.py", "nn/test_plot.py", "nn/cli",
    "nn/test_models.py", "nn/training/test_profile.py", "test_fuzz.py",
)  # fmt: skip


class Few:
    """A plugin of pytest that takes few examples, and of a test with many rows some."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        tests = defaultdict(list)
        for item in items:
            tests[item.nodeid.partition("[")[0]].append(item)
        items[:] = [item for rows in tests.values() for item in rows[:: -(-len(rows) // self.rows)]]
        for test in {getattr(item, "obj", None) for item in items}:
            if hasattr(test, "hypothesis"):  # its own @settings are above every profile
                full = test._hypothesis_internal_use_settings or settings.default
                few = settings(full, max_examples=min(EXAMPLES, full.max_examples))
                test._hypothesis_internal_use_settings = few


def sources(name: str) -> list[str]:
    """The files that `name` may mean: "cumulative" and "autograd/ops/cumulative.py" are one."""
    # Of packages that are imported: else pytest would import a file a second time for its doctests.
    folders = [package.__path__[0] for package in (autograd, nn, optim)]
    paths = [path for folder in folders for path in Path(folder).rglob("*.py")]
    found = [path.relative_to(ROOT).with_suffix("").as_posix() for path in paths]
    return sorted(file for file in found if f"/{file}".endswith(f"/{name.removesuffix('.py')}"))


def main(names: list[str]) -> int:
    os.chdir(ROOT)
    if not names:
        most = ["tests", *(f"--ignore=tests/{place}" for place in LONG), *OPTIONS]
        return pytest.main([*most, "--maxfail=10", "-m", "not slow"], [Few(ROWS)])
    for name in names:
        if not (files := sources(name)):
            print(f"quick: got FILE={name}, expected a file of autograd, nn or optim: cumulative")
            return 2
        for run in dict.fromkeys(r for f in files for r in (Run((f"{f}.py",)), *runs(f))):
            shown = (os.path.relpath(file, ROOT) for file in run.files)
            print(*shown, *run.rows or (), flush=True)
            arguments, plugins = command(run)
            status = pytest.main([*arguments, "-m", "not slow"], [*plugins, Few(sys.maxsize)])
            if status not in (0, 5):  # 5: there are none
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
