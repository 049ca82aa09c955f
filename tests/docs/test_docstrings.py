"""Public docstrings are as NumPy writes them, and speak of the arguments that there are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import autograd
import autograd.testing
import nn
import nn.functional
import optim
from autograd import errors

MODULES = [
    autograd, autograd.explain, errors, autograd.testing, nn, nn.functional, nn.data, nn.datasets,
    nn.init, nn.plot, nn.models, nn.distributions, nn.utils, nn.utils.rnn, optim,
    optim.lr_scheduler,
]  # fmt: skip
SECTIONS = [
    "Parameters", "Attributes", "Returns", "Raises", "Warns", "Notes", "References", "Examples",
]  # fmt: skip


def documented() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, ModuleType) or not callable(thing):
                continue
            yield f"{module.__name__}.{name}", thing
            for method, f in vars(thing).items() if isinstance(thing, type) else ():
                numpys = getattr(f, "__module__", "").startswith("numpy")  # by functools.wraps
                if not method.startswith("_") and inspect.isfunction(f) and not numpys:
                    yield f"{module.__name__}.{name}.{method}", f


THINGS = dict(documented())


def sections(doc: str) -> dict[str, list[str]]:
    """The lines of each section; those before the first as ""."""
    found: dict[str, list[str]] = {"": []}
    now, lines = "", inspect.cleandoc(doc).splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if re.fullmatch(r"-{3,}", below) and re.fullmatch(r"[A-Z]\w+( [A-Z]\w+)?", line):
            assert len(line) == len(below), line
            now = line
            found[now] = []
        elif not re.fullmatch(r"-{3,}", line):
            found[now].append(line)
    return found


def faults(thing: Any) -> list[str]:
    found = []
    parts = sections(inspect.getdoc(thing) or "")
    found += [f"an unknown section, {title}" for title in parts if title and title not in SECTIONS]
    known = signature_of(thing)
    for title in {"Parameters", "Attributes", "Raises", "Warns"} & set(parts):
        lines = [line for line in parts[title] if line.strip()]
        for line, below in zip(lines, [*lines[1:], ""], strict=True):
            if line.startswith(" "):
                continue
            if not re.fullmatch(r"\*{0,2}[\w.]+(, \*{0,2}[\w.]+)*", line):
                found.append(f"{title}: {line!r} is no name")
            elif not below.startswith("    "):
                found.append(f"{title}: {line} is not told about")
            elif title == "Parameters" and known is not None:
                names = [name.strip("* ") for name in line.split(",")]
                found += [f"{name} is no argument" for name in names if name not in known]
    return found


def signature_of(thing: Any) -> set[str] | None:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:
        return None
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
        return None
    return {p.name for p in parameters}


@pytest.mark.parametrize("name", THINGS)
def test_docstring(name: str) -> None:
    assert inspect.getdoc(THINGS[name]), "no docstring"
    assert faults(THINGS[name]) == []


def test_faults_are_found() -> None:
    def f(x):
        """The square.

        Parameters
        ----------
        y
            a number.
        x : a number.
        """

    assert faults(f) == ["y is no argument", "Parameters: 'x : a number.' is no name"]
