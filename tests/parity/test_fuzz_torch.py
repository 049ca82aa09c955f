"""Random programs against PyTorch: a few of those that `make fuzz` runs."""

from __future__ import annotations

from typing import Any

import pytest
from fuzz import printed, search

torch = pytest.importorskip("torch")

from fuzz.peer import peer  # noqa: E402 - it needs torch
from test_fuzz import FAULTS, faulty, small  # noqa: E402, F401 - a fixture


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_programs(first: int) -> None:
    report = search(range(first, first + 100), None, peer())
    assert not report.found, "\n\n".join(printed(*found) for found in report.found)
    assert report.programs - len(report.alone) > 95


@pytest.mark.parametrize("faulty", FAULTS, indirect=True)
def test_a_fault_is_found(faulty: Any) -> None:  # noqa: F811
    name, world, options = faulty
    program = small(search(range(1000), world, peer(), **options))
    assert any(f"np.{name}" in x for x in (*program.refused, *(y.text for y in program.lines)))
