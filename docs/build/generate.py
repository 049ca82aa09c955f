"""Write the pages of the documentation that come out of tables: `make docs` runs this first.

docs/index.md is the README. In docs/tables, numpy.md tells what the engine has registered for each
of NumPy's functions; traps.md shows the tests of tests/test_traps.py; errors.md comes from the
docstrings of the error classes; benchmarks.md tells what `make bench` measured last.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from tables.numpy_functions import NAMESPACES, entries  # noqa: E402
from tables.torch_names import DIFFERENT, ELSEWHERE, MISSING, PYTORCH  # noqa: E402

from autograd import errors  # noqa: E402
from benchmarks import report  # noqa: E402
from nn import LossShapeError  # noqa: E402

NOTE = "<!-- Written by docs/build/generate.py: do not edit. -->\n"


def numpy_page() -> str:
    """Every public function of NumPy, and what becomes of it."""
    table = list(entries())
    counts = Counter(entry.status for entry in table)
    lines = [
        NOTE,
        f"# NumPy {'.'.join(np.__version__.split('.')[:2])} on Tensors\n",
        "Call NumPy itself. Each of its functions is one of four things:\n",
        "| | |",
        "|---|---|",
        f"| **differentiable** ({counts['differentiable']}) | gives a Tensor; its rule is in the "
        "file named |",
        f"| **plain** ({counts['plain']}) | has no derivative (comparisons, `argmax`), and gives "
        "plain arrays |",
        f"| **refused** ({counts['refused']}) | raises `NoGradientRuleError`, with the reason |",
        f"| **not dispatched** ({counts['not dispatched']}) | NumPy asks no Tensor: it makes "
        "arrays, or converts them, and a tracked Tensor refuses to be converted |",
        "",
        "Of a ufunc's methods, `outer` works for all; `reduce` for add, multiply, maximum and "
        "minimum; `accumulate` for add and multiply. `out=` of every function may be a Tensor, "
        "whose handle then moves; a plain array, if the result has no gradient. ufuncs take "
        "`where=`, `dtype=`, `casting=`, `axes=`, `axis=` and `keepdims=` as NumPy's.\n",
        "Array-likes beside a Tensor (lists, tuples, a pandas Series) are taken as plain arrays; "
        "those with operators of their own (np.matrix, masked arrays, quantities) are refused by "
        "name. Of histograms the counts are differentiable by the weights; the edges are values.\n",
    ]
    for prefix in NAMESPACES:
        lines += [f"## {prefix}\n"]
        mine = [e for e in table if e.name.rpartition(".")[0] == prefix]
        lines += ["| function | | |", "|---|---|---|"]
        for entry in mine:
            if entry.status != "not dispatched":
                detail = f"`{entry.detail}`" if entry.status == "differentiable" else entry.detail
                lines.append(f"| `{entry.name}` | {entry.status} | {detail} |")
        rest = [f"`{e.name}`" for e in mine if e.status == "not dispatched"]
        lines += ["", f"Not dispatched: {', '.join(rest)}.\n"] if rest else [""]
    return "\n".join(lines)


def file_of(found: Any, module: str) -> str:
    """Where a class or function is written: its `__module__` may be the package it is found in."""
    bodies = vars(found).values() if isinstance(found, type) else [inspect.unwrap(found)]
    for body in bodies:
        path = Path(getattr(getattr(body, "__code__", None), "co_filename", ""))
        if path.is_relative_to(ROOT):
            return path.relative_to(ROOT).as_posix()
    return getattr(found, "__module__", module).replace(".", "/") + ".py"


def pytorch_page() -> str:
    """What PyTorch has in torch.nn and torch.optim: where it is here, or why it is not."""
    lines = [
        NOTE,
        "# What PyTorch has\n",
        "Names, arguments, their order and defaults are those of PyTorch 2.13, with `axis` and "
        "`keepdims` for `dim` and `keepdim`, and without what is about devices, dtypes, fusing and "
        "anti-aliasing. (`inplace` layers take; functions do not.) The tests "
        "compare the two lists, the arguments, the values and the gradients.\n",
        "| | PyTorch | here | missing |",
        "|---|---|---|---|",
    ]
    for module, names in PYTORCH.items():
        missing = MISSING.get(module, {})
        lines.append(
            f"| `{module}` | {len(names)} | {len(names) - len(missing)} | {len(missing)} |"
        )
    for module, names in PYTORCH.items():
        missing = MISSING.get(module, {})
        files: dict[str, list[str]] = {}
        for name in names:
            if name not in missing:
                place = ELSEWHERE.get(f"{module}.{name}", f"{module}.{name}").rpartition(".")
                found = getattr(importlib.import_module(place[0]), place[2])
                files.setdefault(file_of(found, module), []).append(f"`{name}`")
        lines += [f"\n## {module}\n", "| file | |", "|---|---|"]
        lines += [f"| `{file}` | {' '.join(found)} |" for file, found in sorted(files.items())]
        if missing:
            lines += ["\n| missing | why |", "|---|---|"]
            reasons: dict[str, list[str]] = {}
            for name, why in sorted(missing.items()):
                reasons.setdefault(why, []).append(f"`{name}`")
            lines += [f"| {' '.join(found)} | {why} |" for why, found in reasons.items()]
    lines += ["\n## Other defaults\n", "| argument | here | |", "|---|---|---|"]
    lines += [f"| `{name}` | {value!r} | {why} |" for name, (value, why) in DIFFERENT.items()]
    return "\n".join(lines) + "\n"


def traps_page() -> str:
    """The tests of the traps: a docstring tells trap and convention, the code shows it."""
    source = (ROOT / "tests" / "test_traps.py").read_text(encoding="utf-8")
    rows, end = source.splitlines(), 0
    page = [
        NOTE,
        "# Traps and conventions\n",
        "What a from-scratch engine most often gets wrong, what is right here, and the test that "
        "shows it, from `tests/test_traps.py`. `F` is `nn.functional`.",
    ]
    for node in ast.parse(source).body:
        between, end = rows[end : node.lineno - 1], node.end_lineno
        page += [f"\n## {row[2:]}" for row in between if row.startswith("# ")]
        name, start = getattr(node, "name", ""), node.lineno
        if not isinstance(node, ast.FunctionDef | ast.Assign) or name.startswith("_"):
            continue
        if name.startswith("test_"):
            docstring = ast.get_docstring(node).replace("**", r"\*\*")
            trap, _, convention = docstring.partition("\n")
            page.append(f"\n**{trap}**: {' '.join(convention.split())}")
            start = node.body[0].end_lineno + 1
        code = dedent("\n".join(rows[start - 1 : end])).strip("\n")
        page += ["\n```python", code, "```"]
    return "\n".join(page) + "\n"


def errors_page() -> str:
    """The error classes, with their wrong and right code."""
    lines = [NOTE, "# Errors\n", "One class for each kind of mistake, all under `AutogradError`.\n"]
    for error in [*(getattr(errors, name) for name in errors.__all__), LossShapeError]:
        name, doc = error.__name__, inspect.cleandoc(error.__doc__)
        code = [
            re.sub(r"\s*# doctest: \+SKIP", "", line.removeprefix(">>> "))
            for line in doc.splitlines()
            if line.startswith(">>> ")
        ]
        text = doc.split("Examples\n--")[0].strip()
        lines += [f"## {name}\n", text, ""]
        lines += ["```python", *code, "```", ""] if code else []
    return "\n".join(lines)


def index_page() -> str:
    """The README, with its links as they are from here."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = text.replace("](docs/", "](").replace("docs/images/", "images/")
    # What is no page here, such as the source, loses its link.
    return NOTE + "\n" + re.sub(r"\[([^\]]+)\]\((?!http|[a-z_/]+\.md\))[^)]+\)", r"\1", text)


def benchmarks_page() -> str:
    """What `make bench` measured last, from benchmarks/results.json."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    title, rest = report.text(results).split("\n\n", 1)
    pictures = (
        "![Time of a training step over PyTorch eager's](../images/steps.png)\n\n"
        "![How the milliseconds of a step grow](../images/growth.png)"
    )
    return f"{NOTE}\n{title}\n\n{pictures}\n\n{rest}"


#: The files of layers and losses, as their pages show them; what is not named here comes last.
SECTIONS = {
    "layers": {
        "Linear, and shapes": "linear flatten",
        "Activations": "activations rectifiers softmax erf",
        "Convolution": "convolution folding",
        "Pooling": "pooling",
        "Padding, upsampling, shuffling": "padding upsampling shuffle",
        "Normalization": "normalization batch_norm local_response",
        "Dropout": "dropout",
        "Sequences": "recurrent embedding attention transformer",
        "Distances": "distance",
    },
    "losses": {"Losses": "regression classification margins ctc"},
}


def api_page(folder: str, intro: str) -> str:
    """All that the files of a folder of nn make public, under its public names."""
    public = (ROOT / "nn" / folder / "public.py").read_text(encoding="utf-8")
    files = re.findall(r"^from \.(\w+) import \*$", public, re.MULTILINE)
    sections = {title: names.split() for title, names in SECTIONS[folder].items()}
    listed = [name for names in sections.values() for name in names]
    assert set(listed) <= set(files), set(listed) - set(files)
    if rest := [name for name in files if name not in listed]:
        sections["More"] = rest
    lines = [NOTE, f"# {folder.capitalize()}\n", f"{intro}\n"]
    for title, names in sections.items():
        lines += [f"## {title}\n"]
        for name in names:
            file = importlib.import_module(f"nn.{folder}.{name}")
            lines += [inspect.cleandoc(file.__doc__), ""]
            for n in file.__all__:
                lines += [f"::: nn.{n}" if n[0].isupper() else f"::: nn.functional.{n}"]
            lines += [""]
    return "\n".join(lines)


PAGES = {
    "api/layers.md": lambda: api_page(
        "layers",
        "What networks are made of: as classes of `nn`, and as functions of `nn.functional`.",
    ),
    "api/losses.md": lambda: api_page(
        "losses", "As classes of `nn`, and as functions of `nn.functional`."
    ),
    "tables/benchmarks.md": benchmarks_page,
    "index.md": index_page,
    "tables/numpy.md": numpy_page,
    "tables/pytorch.md": pytorch_page,
    "tables/traps.md": traps_page,
    "tables/errors.md": errors_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8", newline="\n")
        print(f"docs/{name}")
