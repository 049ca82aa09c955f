"""Every Python block of the README runs, in order, as a reader would type them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.core.dispatch import RULES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_code_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(RULES, np.multiply, RULES[np.multiply])  # one block makes another
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
        printed = re.findall(r"^print\(.*# (.+)$", block, flags=re.MULTILINE)
        assert capsys.readouterr().out.splitlines()[: len(printed)] == printed
    history = namespace["history"]
    assert history["validation_accuracy"][-1] > 0.9
    assert Path("model.npz").exists()


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"(?:\]\(|src=\")(?!http)([^)\"]+)", README)
    assert links
    for link in links:
        assert (Path(__file__).parents[2] / link).exists(), link
