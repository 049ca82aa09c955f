"""What every notebook of the course uses: checks, exercises, figures.

`agree` compares a number with one from elsewhere, and stops the notebook if they differ. `exercise`
looks at a reader's answer, and never stops it. `scaled` makes the short form that continuous
integration runs, with the environment variable PLAINGRAD_SHORT=1.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

T = TypeVar("T")

SHORT = os.environ.get("PLAINGRAD_SHORT", "") not in ("", "0")

# Colours that the colour-blind can tell apart (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, GREY = "#CC79A7", "#7F7F7F"

STYLE = {
    "figure.figsize": (7, 3.6),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GREY]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 11,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "image.cmap": "viridis",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "font.size": 11,
}


def style() -> None:
    """Set how figures look, twice as sharp as the screen; importing `course` does it."""
    plt.rcParams.update(STYLE)
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # a plain script
        return
    set_matplotlib_formats("retina")


def scaled(full: T, short: T) -> T:
    """`full`; in the short form `short`."""
    return short if SHORT else full


def agree(what: str, ours: Any, theirs: Any, tol: float = 1e-6) -> None:
    """Say that two results are the same, or stop and show both.

    Parameters
    ----------
    tol
        how far each number may be from the other, relative to the larger of 1 and the largest.
    """
    a, b = _array(ours), _array(theirs)
    if a.shape != b.shape:
        raise AssertionError(f"{what}: shapes differ, {a.shape} and {b.shape}")
    limit = tol * max(1.0, float(np.abs(b).max(initial=0)))
    if not np.all(np.abs(a - b) <= limit):
        i = _worst(a, b)
        raise AssertionError(f"{what}: {_at(i)}{a[i]} and {b[i]} differ by more than {limit:.0e}")
    print(f"{what}: agree (within {tol:.0e})")


def exercise(number: str, answer: Any, expected: Any, tol: float = 1e-6) -> None:
    """Look at a reader's answer, and say how far it is, not what is right.

    Parameters
    ----------
    answer
        a value, or a function without arguments that computes it; `...` or None, returned or given,
        is no answer yet.
    expected
        the right value; or a function that gets the answer and returns "" if it is right, else
        what to look at.
    """
    print(f"{number}: {_verdict(answer, expected, tol)}")


def _verdict(answer: Any, expected: Any, tol: float) -> str:
    try:
        answer = answer() if callable(answer) else answer
        if _nothing(answer):
            return "nothing yet. Write your answer above, and run both cells again."
        if callable(expected):
            complaint = expected(answer)
            return f"not yet: {complaint}" if complaint else "right."
        got, want = _array(answer), _array(expected)
    except NotImplementedError:
        return "nothing yet. Write your answer above, and run both cells again."
    except Exception as error:
        if "ellipsis" in str(error).lower() or "NoneType" in str(error):
            return "nothing yet. Write your answer above, and run both cells again."
        return f"not yet: it stops with {type(error).__name__}: {error}"
    if got.shape != want.shape:
        return f"not yet: the shape is {got.shape}, it should be {want.shape}."
    limit = tol * max(1.0, float(np.abs(want).max(initial=0)))
    wrong = ~(np.abs(got - want) <= limit)
    if not wrong.any():
        return "right."
    if got.ndim == 0:
        return f"not yet: {got} is too {'small' if got < want else 'large'}."
    i = _worst(got, want)
    off = int(wrong.sum())
    where = "is off," if off == 1 else "are off, the most"
    return f"not yet: {off} of {wrong.size} numbers {where} at {list(i)}: you have {got[i]:.6g}."


def _nothing(answer: Any) -> bool:
    if isinstance(answer, tuple | list):
        return any(_nothing(part) for part in answer)
    return answer is None or answer is ...


def _array(x: Any) -> Any:
    """Numbers as an array; a Tensor's values, whether it has a graph or not."""
    x = x.detach() if hasattr(x, "detach") else x
    if isinstance(x, tuple | list):
        x = [_array(part) for part in x]
    a = np.asarray(x)
    return a if a.dtype.kind == "c" else a.astype(np.float64)


def _worst(a: Any, b: Any) -> tuple[int, ...]:
    off = np.nan_to_num(np.abs(a - b), nan=np.inf)
    return tuple(int(i) for i in np.unravel_index(off.argmax(), a.shape))


def _at(i: tuple[int, ...]) -> str:
    return f"at {list(i)} " if i else ""


style()
