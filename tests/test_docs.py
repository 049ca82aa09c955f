"""The pages that are made from tables are what the tables say now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

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
