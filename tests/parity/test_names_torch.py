"""The page on PyTorch is true: each name is here, or missing for a reason; arguments are alike."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
from tables.torch_names import DIFFERENT, ELSEWHERE, MISSING, PYTORCH

torch = pytest.importorskip("torch")

# Names that import into PyTorch's modules without being of them.
NOT_THEIRS = {"Optional", "assert_int_or_pair", "boolean_dispatch", "handle_torch_function"}
DROPPED = {  # arguments of PyTorch's that have no meaning here
    "device", "dtype", "size_average", "reduce", "foreach", "fused", "capturable",
    "differentiable", "sparse", "enable_nested_tensor", "_weight", "_freeze", "_stacklevel",
    "verbose", "mask_check", "min_value", "max_value", "out", "antialias",
    "validate_args",
}  # fmt: skip
RENAMED = {"dim": "axis", "keepdim": "keepdims", "start_dim": "start_axis", "end_dim": "end_axis",
           "input": "x"}  # fmt: skip


def names(module: str) -> list[str]:
    """The public classes and functions of one of PyTorch's modules."""
    there = importlib.import_module(f"torch.{module}")
    if module == "optim":
        return [n for n in there.__all__ if inspect.isclass(getattr(there, n))]
    if module in ("optim.lr_scheduler", "nn.utils.rnn", "distributions"):
        return list(there.__all__)
    found = [n for n in dir(there) if not n.startswith("_") and callable(getattr(there, n))]
    if module == "nn":
        return [
            n
            for n in found
            if inspect.isclass(c := getattr(there, n)) and issubclass(c, torch.nn.Module)
        ]
    if module == "nn.init":
        return [n for n in found if n.endswith("_")]
    return [
        n
        for n in found
        if not inspect.isclass(getattr(there, n))
        and not n.startswith("has_torch_function")
        and (module == "nn.utils" or not n.endswith("_"))  # in place
        and n not in NOT_THEIRS
    ]


EVERY = [(module, name) for module, listed in PYTORCH.items() for name in listed]


@pytest.mark.parametrize("module", PYTORCH)
def test_the_list_is_pytorchs(module: str) -> None:
    assert sorted(PYTORCH[module]) == sorted(names(module))


def ours(module: str, name: str) -> Any:
    place, _, last = ELSEWHERE.get(f"{module}.{name}", f"{module}.{name}").rpartition(".")
    place = "nn.distributions" if place == "distributions" else place
    return getattr(importlib.import_module(place), last, None)


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_a_name_is_here_or_missing_for_a_reason(module: str, name: str) -> None:
    assert (ours(module, name) is not None) != (name in MISSING[module])


def test_nothing_is_called_missing_that_pytorch_has_not() -> None:
    for module, missing in MISSING.items():
        assert missing.keys() <= set(PYTORCH[module])


def arguments(f: Any) -> list[inspect.Parameter]:
    if inspect.isclass(f):
        parameters = list(inspect.signature(f.__init__).parameters.values())[1:]
    else:
        parameters = list(inspect.signature(f).parameters.values())
    return [p.replace(name=RENAMED.get(p.name, p.name)) for p in parameters]


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, name in EVERY if ours(module, name)],
)
def test_it_takes_pytorchs_arguments(module: str, name: str) -> None:
    try:
        theirs = arguments(getattr(importlib.import_module(f"torch.{module}"), name))
    except ValueError:
        pytest.skip("a function in C, whose signature cannot be asked for")
    if any(p.kind is p.VAR_POSITIONAL for p in theirs):
        pytest.skip("PyTorch's signature does not say them")
    dropped = DROPPED | ({"eps"} if name == "gumbel_softmax" else set())  # it has no effect
    dropped |= {"inplace"} if module == "nn.functional" else set()
    theirs = [p for p in theirs if p.name not in dropped]
    mine = [p for p in arguments(ours(module, name)) if p.kind is not p.KEYWORD_ONLY]
    only = {p.name: p for p in arguments(ours(module, name)) if p.kind is p.KEYWORD_ONLY}
    positional = [p.name for p in theirs if p.name not in only]
    assert [p.name for p in mine][: len(positional)] == positional  # any of our own come last
    by_name = {p.name: p for p in mine} | only
    for p in theirs:
        if p.default is not p.empty and not callable(p.default):
            expected = DIFFERENT.get(f"{module}.{name}.{p.name}", (p.default,))[0]
            assert by_name[p.name].default == expected, p.name
