"""Einstein summation: `np.einsum`. Its gradients are Einstein sums too."""

from __future__ import annotations

from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements
from ..core.op import op

Terms = tuple[str, ...]


@op
def _einsum(*operands, terms=(), output="", optimize=False):
    """`terms`: the letters of each operand, none of them twice; `output`: those of the result.

    Gradient: the einsum of g with the other operands, to the letters of this one.
    """
    shapes = tuple(x.shape for x in operands)

    def gradient(k: int) -> Any:
        """Of operand k: g times the other operands, summed over the letters k does not have."""

        def closure(g: Any) -> Any:
            subscripts, kept = _subscripts_back(terms, output, shapes, k)
            others = (*operands[:k], *operands[k + 1 :])
            g = np.einsum(subscripts, g, *others, optimize=bool(optimize))
            if len(kept) < len(terms[k]):
                sides = dict(zip(kept, g.shape, strict=True))
                g = np.reshape(g, [sides.get(c, 1) for c in terms[k]])
            return g if g.shape == shapes[k] else np.broadcast_to(g, shapes[k])

        return closure

    out = np.einsum(",".join(terms) + "->" + output, *operands, optimize=optimize)
    return out, *map(gradient, range(len(operands)))


@lru_cache
def _subscripts_back(
    terms: Terms, output: str, shapes: tuple[tuple[int, ...], ...], k: int
) -> tuple[str, str]:
    """The sum that gives the gradient of operand k, and the letters of k that it has.

    Missing are those along which k was summed alone, or stretched by broadcasting.
    """
    length: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for c, n in zip(term, shape, strict=True):
            length[c] = n if length.get(c, 1) == 1 else length[c]
    others = [output, *terms[:k], *terms[k + 1 :]]
    mine = zip(terms[k], shapes[k], strict=True)
    kept = "".join(c for c, n in mine if c in "".join(others) and n == length[c])
    return ",".join(others) + "->" + kept, kept


@implements(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """Both forms: a string and arrays, or each array followed by the list of its letters."""
    text, *arrays = operands if isinstance(operands[0], str) else _as_text(operands)
    arrays = [as_array(x) for x in arrays]
    terms, output = _parsed(text, tuple(x.ndim for x in arrays))
    if any(len(set(term)) < len(term) for term in terms):
        pairs = [_diagonal(x, term) for x, term in zip(arrays, terms, strict=True)]
        arrays, terms = [x for x, _ in pairs], tuple(term for _, term in pairs)
    return _einsum(*arrays, terms=terms, output=output, optimize=optimize)


def _as_text(operands: Any) -> list[Any]:
    """`einsum(x, [0, 1], y, [1, 2])` in the form `einsum("AB,BC", x, y)`."""
    letters = ascii_uppercase + ascii_lowercase  # NumPy's order
    *pairs, output = operands if len(operands) % 2 else (*operands, None)
    names = [
        "".join("..." if i is Ellipsis else letters[i] for i in one)
        for one in (*pairs[1::2], output or ())
    ]
    text = ",".join(names[:-1]) + ("" if output is None else "->" + names[-1])
    return [text, *pairs[::2]]


@lru_cache
def _parsed(text: str, ndims: tuple[int, ...]) -> tuple[Terms, str]:
    """The letters of each operand and of the result, with letters for the axes of `...`."""
    inputs, arrow, output = text.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"np.einsum: {len(terms)} terms in {text!r}, but {len(ndims)} operands")
    if not arrow:
        alone = [c for c in sorted(inputs) if c.isalpha() and inputs.count(c) == 1]
        output = "..." * ("..." in inputs) + "".join(alone)
    extra = [
        max(0, n + 3 - len(term)) if "..." in term else 0
        for n, term in zip(ndims, terms, strict=True)
    ]
    if any(extra) and "..." not in output:
        raise ValueError(
            f"np.einsum: the result of {text!r} has no '...' for axes that inputs have"
        )
    free = [c for c in ascii_letters if c not in text][: max(extra)]
    dots = ["".join(free[len(free) - n :]) for n in extra]
    terms = [term.replace("...", d) for term, d in zip(terms, dots, strict=True)]
    return tuple(terms), output.replace("...", "".join(free))


def _diagonal(x: Any, term: str) -> tuple[Any, str]:
    """`x` along its diagonal, where a letter comes twice."""
    for c in dict.fromkeys(term):
        while term.count(c) > 1 and len(term) == x.ndim:
            i, j = term.index(c), term.rindex(c)
            if x.shape[i] != x.shape[j]:
                raise ValueError(
                    f"np.einsum: {c!r} stands for axes of length {x.shape[i]} and {x.shape[j]} of "
                    "one operand"
                )
            x, term = (
                np.diagonal(x, axis1=i, axis2=j),
                term[:i] + term[i + 1 : j] + term[j + 1 :] + c,
            )
    return x, term
