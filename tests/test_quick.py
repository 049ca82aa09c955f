"""What `make quick` runs: it finds files by name, and its selection is not empty."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import EXAMPLES, Few, main, sources


def test_a_file_has_many_names() -> None:
    for name in "cumulative", "cumulative.py", "ops/cumulative", "autograd/ops/cumulative.py":
        assert sources(name) == ["autograd/ops/cumulative"]
    assert sources("tive") == []


def test_a_name_of_no_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no_such_file"]) == 2
    assert "got FILE=no_such_file" in capsys.readouterr().out


def test_of_many_rows_some_are_taken_and_of_a_property_few_examples() -> None:
    seen: list[int] = []

    @settings(max_examples=50)
    @given(st.integers())
    def prop(x: int) -> None:
        seen.append(x)

    names = ["a::one", *(f"a::many[{i}]" for i in range(100))]
    items = [SimpleNamespace(nodeid=name, obj=prop) for name in names]
    Few(40).pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [item.nodeid for item in items[:3]] == ["a::one", "a::many[0]", "a::many[3]"]
    assert len(items) == 1 + 34
    prop()
    assert len(seen) == EXAMPLES

    every = [SimpleNamespace(nodeid=name, obj=None) for name in names]
    Few(sys.maxsize).pytest_collection_modifyitems(every)  # type: ignore[arg-type]
    assert len(every) == 101
