"""Rows of the table: einsum."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .base import Row

PLAIN = st.just(False)


def letters(max_size: int) -> st.SearchStrategy[str]:
    return st.text("ijk", max_size=max_size)


@st.composite
def sums(draw: Any, *, ellipsis: bool = False, optimize: Any = PLAIN) -> Any:
    """Terms of up to three letters, which may repeat, and a result with some of them or none."""
    length = {c: draw(st.integers(0, 3)) for c in "ijk"}
    terms = draw(st.lists(letters(3), min_size=1, max_size=3))
    shapes = []
    broadcast = draw(st.booleans())
    for k, term in enumerate(terms):
        ones = {c for c in term if broadcast and draw(st.booleans())}
        sides = [1 if c in ones else length[c] for c in term]
        if ellipsis:
            place = draw(st.integers(0, len(term)))
            terms[k] = term[:place] + "..." + term[place:]
            sides[place:place] = draw(st.sampled_from([(), (2,), (1,), (3, 1), (1, 2)]))
        shapes.append(tuple(sides))
    text = ",".join(terms)
    if draw(st.booleans()):
        used = sorted({*"".join(terms)} - {"."})
        output = "".join(draw(st.permutations(used))[: draw(st.integers(0, 3))])
        place = draw(st.integers(0, len(output)))
        text += "->" + output[:place] + "..." * ellipsis + output[place:]
    return tuple(shapes), {"subscripts": text, "optimize": draw(optimize)}


def _einsum(*xs: Any, subscripts: str, **config: Any) -> Any:
    return np.einsum(subscripts, *xs, **config)


def _by_lists(*xs: Any, subscripts: str, optimize: bool) -> Any:
    """The other form of calling: each array followed by the list of its letters as numbers."""
    inputs, arrow, output = subscripts.replace("...", ".").partition("->")
    lists = [[Ellipsis if c == "." else ord(c) - ord("a") for c in t] for t in inputs.split(",")]
    pairs = [item for pair in zip(xs, lists, strict=True) for item in pair]
    last = [[Ellipsis if c == "." else ord(c) - ord("a") for c in output]] if arrow else []
    return np.einsum(*pairs, *last, optimize=optimize)


def row(name: str, call: Any, shapes: Any, *covers: Any) -> Row:
    return Row(name, call, shapes, ("positive",), covers, exact=False)  # nothing cancels


ROWS = [
    row("einsum", _einsum, sums(), np.einsum),
    row("einsum ...", _einsum, sums(ellipsis=True)),
    row("einsum lists", _by_lists, sums(ellipsis=True)),
    row("einsum optimize", _einsum, sums(optimize=st.sampled_from([True, "greedy", "optimal"]))),
]
