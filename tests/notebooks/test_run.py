"""The runner of the notebooks, on notebooks with one fault each: every fault must be told."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("loss 0.5000", "loss 0.5001", True),  # rounding
        ("loss 0.5000", "loss 0.5003", False),
        ("loss 0.5000 at 3", "loss 0.5000 at 4", False),
        ("13,002 numbers", "13,003 numbers", True),  # 8e-5 of it
        ("130 numbers", "131 numbers", False),
        ("x: agree (within 1e-06)", "x: agree (within 1e-05)", False),
        ("a word", "another word", False),
        ("a line", "a line\nand one more", False),
        ("1e-7", "1.00001e-7", True),
        ("1e-7", "2e-7", False),
        ("1.2e-07", "1.3e-07", True),
        ("1.2e-07", "1.4e-07", False),
        ("-0.25", "0.25", False),
    ],
)
def test_numbers_may_differ_in_the_last_digit_only(old: str, new: str, same: bool) -> None:
    assert (run.difference(old, new, run.CLOSE) == "") == same


def code(source: str, *tags: str, said: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": said}] if said else []
    return {
        "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": outputs,
        "execution_count": None, "id": f"c{abs(hash(source))}",
    }  # fmt: skip


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, "id": "m"}


def solution(source: str) -> dict[str, Any]:
    return markdown(
        f"<details><summary>Solution</summary>\n\n```python\n{source}\n```\n\n</details>"
    )


def test_a_changed_output_is_found_and_times_and_long_cells_are_let_be() -> None:
    cells = [code("a", said="1"), code("b", "times", said="2 s"), code("c", "long", said="0.50")]
    now = [code("a", said="2"), code("b", "times", said="3 s"), code("c", "long", said="0.70")]
    found = run.changes({"cells": cells}, {"cells": now}, short=True)
    assert found == ["cell 1 (a):\n- 1\n+ 2"]
    assert len(run.changes({"cells": cells}, {"cells": now}, short=False)) == 2


STUB = code("def f(x):\n    ...", "exercise")
ANSWER = code('import course\ncourse.exercise("1.1", lambda: f(2), 4)', "answer")


def test_an_exercise_has_a_solution() -> None:
    assert [n for n, _, _ in run.exercises([STUB, ANSWER, solution("def f(x): return 4")])] == [
        "1.1"
    ]
    for cells in ([STUB, ANSWER], [STUB, ANSWER, STUB], [solution("f = 1")]):
        with pytest.raises(ValueError, match="solution"):
            list(run.exercises(cells))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([code("print(1 + 1)")], ""),
        ([code("1 / 0")], "ZeroDivisionError"),
        ([code("import warnings; warnings.warn('beware')")], "stderr"),
        ([STUB, ANSWER, solution("def f(x):\n    return x * x")], ""),
        ([STUB, ANSWER, solution("def f(x):\n    return x + 3")], "solution of 1.1"),
    ],
)
def test_what_is_wrong_with_a_notebook(cells: list[Any], told: str, tmp_path: Path) -> None:
    pytest.importorskip("nbclient", reason="needs the extra `notebooks`: make notebooks-check")
    path = tmp_path / "01_test.ipynb"
    path.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    _, wrong = run.run(path, short=True)
    assert (told in wrong[0]) if told else wrong == []


NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_form_of_each_notebook(path: Path) -> None:
    """It was run to its end, checks numbers, asks, and says where things are in the source."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    ran = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert ran == list(range(1, len(ran) + 1))
    told = "".join(run.said(o) for cell in cells for o in cell.get("outputs", []))
    assert told.count(": agree (within") >= 3
    assert "Traceback" not in told
    found = list(run.exercises(cells))
    assert len(found) >= 2
    for _, answer, _ in found:  # what looks at the answer is there when it is looked at
        last = ast.parse(run.text(answer["source"])).body[-1]
        assert "exercise(" in ast.unparse(last).partition("\n")[0]
    first, last = (run.text(cells[i]["source"]) for i in (0, -1))
    assert first.startswith(f"# {int(path.stem[:2])}. ")
    assert "## Where this is in the source" in last
    for link in run.links(cells):
        assert (path.parent / link).exists(), link
