"""The checks of the course, checked: a wrong number must be noticed, a right one accepted."""

from __future__ import annotations

import course
import numpy as np
import pytest

from autograd import Tensor


def test_what_agrees_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    course.agree("the slope", Tensor([1.0, 2.0], requires_grad=True), [1.0, 2.0])
    assert capsys.readouterr().out == "the slope: agree (within 1e-06)\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ([1.0, 2.0], [1.0, 2.1], r"at \[1\] 2.0 and 2.1"),
        (1.0, np.nan, "1.0 and nan"),
        (np.nan, np.nan, "nan and nan"),
        ([1.0], [[1.0]], "shapes differ"),
        ([1e6, 0.0], [1e6, 2.0], r"at \[1\] 0.0 and 2.0"),
    ],
)
def test_what_differs_stops_the_notebook(ours: object, theirs: object, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        course.agree("the slope", ours, theirs)


def fails() -> float:
    raise ValueError("a mistake")


def todo() -> float:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (6.0, "right"),
        (lambda: 6.0, "right"),
        (lambda: Tensor(6.0, requires_grad=True), "right"),
        (..., "nothing yet"),
        (None, "nothing yet"),
        ((1.0, ...), "nothing yet"),
        (lambda: None, "nothing yet"),
        (todo, "nothing yet"),
        (lambda: None + 1, "nothing yet"),  # the stub's result, used by what is around it
        (5.0, "5.0 is too small"),
        (7.0, "7.0 is too large"),
        (np.nan, "not yet"),
        ([6.0], r"not yet: the shape is (1,), it should be ()"),
        (fails, "not yet: it stops with ValueError: a mistake"),
    ],
)
def test_an_exercise_tells_right_from_wrong(
    answer: object, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    course.exercise("1.1", answer, 6.0)
    assert f"1.1: {verdict}" in capsys.readouterr().out.replace("not yet: 5", "5").replace(
        "not yet: 7", "7"
    )


def test_an_exercise_that_is_wrong_in_places_says_where_and_not_what_is_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    course.exercise("1.2", [1.0, 2.0, 9.0], [1.0, 3.0, 4.0])
    assert capsys.readouterr().out == (
        "1.2: not yet: 2 of 3 numbers are off, the most at [2]: you have 9.\n"
    )
    course.exercise("1.2", [1.0, 2.0, 4.0], [1.0, 3.0, 4.0])
    assert capsys.readouterr().out == ("1.2: not yet: 1 of 3 numbers is off, at [1]: you have 2.\n")


def test_an_exercise_may_be_looked_at_by_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    course.exercise("1.3", 4, lambda n: "" if n % 2 else "it is even")
    course.exercise("1.3", 5, lambda n: "" if n % 2 else "it is even")
    assert capsys.readouterr().out == "1.3: not yet: it is even\n1.3: right.\n"
