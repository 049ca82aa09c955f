"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"`([\w/]+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["Add an op", "Add a layer"])
def test_a_recipe_works(recipe: str, tmp_path: Path) -> None:
    for folder in "autograd", "nn", "optim", "tests":
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    section = TEXT.partition(f"## {recipe}\n")[2].partition("\n## ")[0]
    files = BLOCK.findall(section)
    assert len(files) == 2
    for name, code in files:
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(code, encoding="utf-8")
    if lines := re.findall(r"^from \.softcap import \*$", section, re.MULTILINE):
        with (tmp_path / "nn/layers/public.py").open("a", encoding="utf-8") as public:
            public.write(f"{lines[0]}\n")
    assert len(lines) == ("layer" in recipe)

    def run(*arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    out = run("tests/quick.py", Path(files[0][0]).stem)
    (rows,) = re.findall(r"^tests/\S+/test_(?:ops|layer_table)\.py .*\n(\.+)", out, re.MULTILINE)
    assert len(rows) >= 6  # the new rows went through the checks
    run("-m", "pytest", "tests/autograd/ops/test_ops.py", "-k", "every_registered")
    run("-m", "pytest", "tests/autograd/ops/test_numpy_functions.py")
    run("-c", "import nn; nn.Softcap, nn.functional.softcap" if "layer" in recipe else "import nn")
