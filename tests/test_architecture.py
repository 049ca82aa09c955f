"""What may import what: the arrows between the folders point one way."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parents[1]
GROUND = {"autograd.errors", "autograd.html", "autograd.modes", "autograd.names"}
#: Public modules of autograd. All else that nn and optim use of it is in `autograd.__all__`.
PUBLIC = {"autograd.errors", "autograd.html", "autograd.names", "autograd.testing"}
#: The folder, or the file, that comes first in this list and what it may import of ours.
RULES = {
    **{name: set() for name in GROUND},
    "autograd.memory": set(),
    "autograd.core": {*GROUND, "autograd.core"},
    "autograd.ops": {*GROUND, "autograd.core", "autograd.ops"},
    "autograd.explain": {*GROUND, "autograd.core", "autograd.explain"},
    "autograd.__init__": {"autograd"},
    "autograd": {*GROUND, "autograd"},
    "nn.inputs": PUBLIC,
    "nn.random": PUBLIC,
    "nn.files": PUBLIC,
    "nn.machine": PUBLIC,
    "nn.module": {*PUBLIC, "nn.inputs"},
    "nn.init": {*PUBLIC, "nn.random"},
    "nn.containers": {*PUBLIC, "nn.module", "nn.inputs"},
    "nn.ensemble": {*PUBLIC, "nn.containers", "nn.layers", "nn.module"},
    "nn.layers": {
        *PUBLIC, "nn.layers", "nn.module", "nn.containers", "nn.inputs", "nn.init", "nn.random",
        "nn.machine",
    },
    "nn.losses": {*PUBLIC, "nn.losses", "nn.layers", "nn.module", "nn.inputs"},
    "nn.functional": {*PUBLIC, "nn.layers", "nn.losses"},
    "nn.data": {*PUBLIC, "nn.data", "nn.inputs", "nn.random"},
    "nn.datasets": {*PUBLIC, "nn.files", "nn.random"},
    "nn.plot": {*PUBLIC, "nn.files", "nn.module"},
    "nn.training.workers": {*PUBLIC, "nn.machine", "nn.training"},
    "nn.training.many": {*PUBLIC, "nn.training", "nn.machine", "nn.random"},
    "nn.training": {
        *PUBLIC, "nn.training", "nn.module", "nn.data", "nn.files", "nn.plot", "nn.inputs",
        "nn.random", "optim.clip",
    },
    "nn.distributions": {
        *PUBLIC, "nn.distributions", "nn.layers", "nn.inputs", "nn.random",
    },
    # A place for what PyTorch keeps there; nothing imports it, and clipping is optim's.
    "nn.utils": {
        *PUBLIC, "nn.utils", "nn.layers", "nn.training", "nn.module", "nn.inputs", "nn.random",
        "optim",
    },
    "nn.models": {*PUBLIC, "nn.models", "nn.__init__", "nn.functional"},  # as a user writes them
    "nn.cli": {*PUBLIC, "nn", "optim"},  # these two train with an optimizer, as a user does
    "nn.doctor": {*PUBLIC, "nn", "optim"},
    "nn": {*PUBLIC, "nn"},
    "optim": {*PUBLIC, "optim"},
}  # fmt: skip
#: The only files of ops that another may import.
SHARED_OPS = {"autograd.ops.common", "autograd.ops.indexing", "autograd.ops.shapes"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


FILES = {
    name_of(path): path
    for package in ("autograd", "nn", "optim")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imports(name: str, source: str) -> Iterator[tuple[str, str]]:
    """The modules of ours that are imported, each with the name that is taken from it."""
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield resolved(alias.name), ""
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            place = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                whole = f"{place}.{alias.name}"
                if is_module(whole) and not (
                    place == "autograd" and alias.name in autograd.__all__
                ):
                    yield resolved(whole), ""
                else:
                    yield resolved(place), alias.name


def is_module(name: str) -> bool:
    return name in FILES or f"{name}.__init__" in FILES


def resolved(name: str) -> str:
    """A package as the file that stands for it."""
    return f"{name}.__init__" if f"{name}.__init__" in FILES else name


def rule_of(name: str) -> set[str]:
    return next(rule for place, rule in RULES.items() if f"{name}.".startswith(f"{place}."))


def breaches(name: str, source: str) -> list[str]:
    found = []
    for module, taken in imports(name, source):
        package = module.split(".")[0]
        if package not in ("autograd", "nn", "optim"):
            continue
        if package == "autograd" != name.split(".")[0] and module == "autograd.__init__":
            if taken and taken not in (*autograd.__all__, "__version__"):
                found.append(f"{name} takes {taken}, which is not public, from autograd")
        elif not any(f"{module}.".startswith(f"{place}.") for place in rule_of(name)):
            found.append(f"{name} imports {module}")
    return found


@pytest.mark.parametrize("name", FILES)
def test_what_may_import_what(name: str) -> None:
    assert breaches(name, FILES[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("autograd.core.engine", "from ..ops.shapes import reshape", "autograd.ops.shapes"),
        ("autograd.core.engine", "def f():\n    import nn", "imports nn.__init__"),
        ("autograd.ops.shapes", "from ..gradcheck import gradcheck", "autograd.gradcheck"),
        ("autograd.errors", "from .core import node", "autograd.core.node"),
        ("nn.layers.linear", "from autograd.core.node import Leaf", "autograd.core.node"),
        ("nn.layers.linear", "from autograd import op, wrap", "takes wrap"),
        ("nn.layers.linear", "from ..losses import ctc", "nn.losses.ctc"),
        ("nn.layers.linear", "import optim", "optim.__init__"),
        ("nn.losses.ctc", "from ..training.loop import fit", "nn.training.loop"),
        ("nn.training.loop", "from ..layers.linear import Linear", "nn.layers.linear"),
        ("optim.adam", "from nn import Module", "nn.__init__"),
    ],
)
def test_a_breach_is_found(name: str, source: str, told: str) -> None:
    (breach,) = breaches(name, source)
    assert told in breach
    assert breaches(name, "import numpy as np\nfrom typing import Any") == []


def test_nothing_imports_explain() -> None:
    """It is loaded on first use of `autograd.explain`; so nobody pays who does not look."""
    users = [
        name
        for name, path in FILES.items()
        if not name.startswith("autograd.explain.")
        and any(
            module.startswith("autograd.explain.") or (module, taken) == ("autograd", "explain")
            for module, taken in imports(name, path.read_text(encoding="utf-8"))
        )
    ]
    assert users == []
    code = "import sys, autograd, nn, optim; print([m for m in sys.modules if 'explain' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip() == "[]", run.stderr


def test_a_file_of_ops_can_be_read_alone() -> None:
    """An op file needs no other but those of all; where an op is made of others, it calls NumPy."""
    arrows = [
        (name, module)
        for name, path in FILES.items()
        if name.startswith("autograd.ops.") and name.split(".")[-1] not in ("__init__", "methods")
        for module in {m for m, _ in imports(name, path.read_text(encoding="utf-8"))}
        if module.startswith("autograd.ops.") and module not in SHARED_OPS
    ]
    assert arrows == []


def test_the_modules_of_the_ground_are_public() -> None:
    for name in PUBLIC:
        assert importlib.import_module(name).__all__
