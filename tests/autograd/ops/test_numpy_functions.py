"""No function of NumPy is forgotten: each has a rule, gives plain arrays, or is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tables.numpy_functions import entries

from autograd import NoGradientRuleError, Tensor
from autograd.core.dispatch import REFUSED, RULES

ENTRIES = list(entries())


def test_none_is_forgotten() -> None:
    assert [e.name for e in ENTRIES if e.status == "forgotten"] == []
    counts = Counter(e.status for e in ENTRIES)
    assert counts["differentiable"] > 250, counts


def test_no_function_is_in_two_tables() -> None:
    assert not set(RULES) & set(REFUSED)


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if e.status == "refused"], ids=lambda e: e.name
)
def test_a_refusal_gives_its_reason(entry: object) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    arguments = {"np.save": ("f", x), "np.savetxt": ("f", x), "np.savez": ("f", x)}
    arguments["np.savez_compressed"] = ("f", x)
    with pytest.raises(NoGradientRuleError) as raised:
        _call(entry.function, arguments.get(entry.name, (x,)))
    assert str(raised.value).startswith(entry.name)
    assert REFUSED[entry.function] in str(raised.value)


def _call(function: object, args: tuple[object, ...]) -> None:
    for count in (0, 1, 2):  # some want more arguments
        try:
            function(*args, *[args[-1]] * count)
        except TypeError as error:
            if isinstance(error, NoGradientRuleError) or count == 2:
                raise


def test_plain_functions_give_plain_results() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    skipped = set()
    for entry in ENTRIES:
        if entry.status != "plain":
            continue
        try:
            result = entry.function(x)
        except (TypeError, ValueError):  # more arguments, or integers, are wanted
            skipped.add(entry.name)
            continue
        parts = result if isinstance(result, tuple | list) else [result]
        assert not any(isinstance(part, Tensor) for part in parts), entry.name
    assert len(skipped) < 45, sorted(skipped)
    assert isinstance(np.argmax(x), np.integer)


def test_a_ufunc_that_is_not_numpys_is_refused_by_its_own_name() -> None:
    foreign = np.frompyfunc(abs, 1, 1)
    with pytest.raises(NoGradientRuleError, match=r"^abs .* \(@autograd.op makes one\)"):
        foreign(Tensor([1.0], requires_grad=True))
