"""Every block of Python in the guides runs, in order, and prints what the text below it says."""

from __future__ import annotations

import doctest
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from autograd.core.dispatch import RULES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: speed.md is in test_docs.py, weights.md, which needs PyTorch, in tests/parity.
ELSEWHERE = {"speed.md", "weights.md"}
PAGES = [DOCS / "index.md", *(p for p in sorted((DOCS / "guides").glob("*.md")))]
HERE = [page for page in PAGES if page.name not in ELSEWHERE]
BLOCK = re.compile(
    r"^```python([^\n]*)\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?%?")


def same(got: str, said: str) -> bool:
    """Equal, where ... stands for anything, and numbers to rounding; percentages to a few."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if doctest.OutputChecker().check_output(said, got, flags):
        return True
    if NUMBER.sub("#", got).split() != NUMBER.sub("#", said).split():
        return False
    return all(
        math.isclose(float(a[:-1]), float(b[:-1]), abs_tol=4)
        if a.endswith("%") and b.endswith("%")
        else math.isclose(float(a.rstrip("%")), float(b.rstrip("%")), rel_tol=1e-3, abs_tol=1e-6)
        for a, b in zip(NUMBER.findall(got), NUMBER.findall(said), strict=True)
    )


def script(name: str, code: str) -> str:
    """What a file prints that is run by itself, as processes of its own need it."""
    Path(name).write_text(code, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, name], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in ELSEWHERE], ids=lambda p: p.stem
)
def test_a_guide_runs(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert blocks
    monkeypatch.chdir(tmp_path)
    rules = dict(RULES)
    namespace: dict[str, Any] = {}
    try:
        for info, code, said in blocks:
            if title := re.search(r'title="(.+?)"', info):
                got = script(title[1], code)
            else:
                exec(compile(code, page.name, "exec"), namespace)
                got = capsys.readouterr().out
            said = said or "".join(f"{line}\n" for line in re.findall(r"^# (\[.*\])$", code, re.M))
            assert not said or same(got, said), f"{code}\nprinted\n{got}\nsaid to be\n{said}"
    finally:
        RULES.clear()  # a guide gives rules to functions of NumPy
        RULES.update(rules)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_page_it_links_to_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    made = {"course/index.md", "player.html"}  # when the site is built
    for link in re.findall(r"(?:\]\(|src=\")(?!http|#)([^)\"#]+)", text):
        target = (page.parent / link).resolve()
        assert target.is_file() or target.relative_to(DOCS).as_posix() in made, link


def test_same_is_not_blind() -> None:
    assert same("[1. 2.]\n", "[1.  2.]\n")
    assert same("88% of 449\n", "90% of 449\n")
    assert same("op f (line 7 of x)\n", "op f (line 1 of ...)\n") is False
    assert same("op f (line 1 of x)\n", "op f (line 1 of ...)\n")
    for got in ("[1. 2.1]\n", "[1. 2. 3.]\n", "", "one\n"):
        assert not same(got, "[1. 2.]\n")
    assert not same("70% of 449\n", "90% of 449\n")


LOGGERS = {
    "torch.utils.tensorboard": ("SummaryWriter().add_scalar", 3 * 3),  # of each number by itself
    "wandb": ("log", 3),
    "mlflow": ("log_metrics", 3),
}


@pytest.mark.parametrize("package", LOGGERS)
def test_a_callback_tells_a_logger_the_numbers(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the package replaced by one that takes note of its calls."""
    import nn
    import optim

    text = (DOCS / "guides" / "training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(LOGGERS)
    (block,) = [block for block in blocks if package in block]
    logger = MagicMock()
    names = package.split(".")
    for i in range(len(names)):
        monkeypatch.setitem(sys.modules, ".".join(names[: i + 1]), logger)
    namespace: dict[str, Any] = {}
    exec(compile(block, "training.md", "exec"), namespace)
    x = np.ones((4, 2), np.float32)
    model = nn.Linear(2, 2)
    history = nn.fit(
        model, nn.MSELoss(), optim.SGD(model.parameters()), [(x, x)], epochs=3, progress=False,
        callback=namespace["callback"],
    )  # fmt: skip
    method, count = LOGGERS[package]
    calls = [call for call in logger.mock_calls if call[0] == method]
    assert len(calls) == count
    assert str(history["loss"][-1]) in str(calls)
    assert calls[-1].kwargs.get("step", calls[-1].args[-1:]) in (3, (3,))
