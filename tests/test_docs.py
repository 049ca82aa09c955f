"""The pages made from tables are what the tables say now; the page for PyTorch's users runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert spec is not None
assert spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_page_is_current(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    if name == "numpy.md" and f"# NumPy {np.__version__[:3]} on" not in text:
        pytest.skip("the committed page is of another NumPy")
    assert text == generate.PAGES[name](), "run `make docs`"


def test_the_page_for_pytorchs_users_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "from_pytorch.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "from_pytorch.md", "exec"), namespace)
    assert (tmp_path / "checkpoint.npz").exists()
