"""What is installed: the version is one, and another package called autograd is noticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd
from nn.cli import main

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert "version" not in PYPROJECT["project"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "autograd.__version__"}
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"plaingrad {autograd.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+(rc\d+)?", autograd.__version__)
    assert f"\n## {autograd.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def import_error(package: str, *places: Path, options: tuple[str, ...] = ()) -> str:
    """The last line of stderr of a process that imports `package`, with `places` on its path."""
    done = subprocess.run(
        [sys.executable, *options, "-c", f"import {package}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
        cwd=places[0],
        capture_output=True,
        text=True,
    )
    return done.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize("package", ["nn", "optim"])
def test_another_autograd_is_named_with_its_cure(package: str, tmp_path: Path) -> None:
    assert import_error(package, ROOT) == ""
    theirs = tmp_path / "autograd"
    theirs.mkdir()
    shutil.copytree(ROOT / package, tmp_path / package)
    # What a removal left; the other package; its __init__ among our files, which come first.
    for init in None, "def grad(f): ...\n", "from .core import make_vjp\n":
        if init is not None:
            (theirs / "__init__.py").write_text(init)
        if init and "core" in init:
            shutil.copytree(ROOT / "autograd" / "core", theirs / "core")
            (theirs / "core" / "__init__.py").write_text("")
        error = import_error(package, tmp_path, options=("-S",))  # nor is ours installed
        assert error.startswith(f"ImportError: {package}: the package `autograd` ")
        assert "pip uninstall -y autograd plaingrad; pip install plaingrad" in error


@pytest.mark.parametrize("package", ["nn", "optim"])
def test_an_import_that_fails_for_another_reason_says_its_own(package: str, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('broken', name='numpy')\n")
    assert import_error(package, tmp_path, ROOT) == "ImportError: broken"


def test_pre_commit_has_the_versions_of_ci() -> None:
    pinned = dict(pin.split("==") for pin in PYPROJECT["project"]["optional-dependencies"]["dev"])
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"ruff-pre-commit\n *rev: v(\S+)", hooks) == [pinned["ruff"]]
    assert "mypy" in pinned
    assert "entry: make types" in hooks  # its mypy is the pinned one
