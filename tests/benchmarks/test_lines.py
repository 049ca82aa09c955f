"""The heart is to be read in one sitting: it does not grow unnoticed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import lines


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["lines.py", *arguments])
    lines.main()


def test_the_heart_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "--check")


def test_a_heart_that_has_grown_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    length = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in lines.HEART)
    monkeypatch.setattr(lines, "HEART_LIMIT", length)
    run(monkeypatch, "--check")
    monkeypatch.setattr(lines, "HEART_LIMIT", length - 1)
    with pytest.raises(SystemExit, match=f"has {length} lines, and may have {length - 1}"):
        run(monkeypatch, "--check")


def test_every_folder_is_shown_with_its_sum(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch)
    out = capsys.readouterr().out
    for folder in "autograd/", "autograd/core/", "autograd/ops/", "nn/layers/", "optim/":
        assert f"  {folder}\n" in out


def test_code_is_without_docstrings_comments_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text('"""A\ndocstring."""\n\n# a comment\nx = [\n    1,  # one\n]\n')
    assert (lines.count(path), lines.whole(path)) == (3, 7)
