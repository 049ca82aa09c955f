"""Write the pages of the documentation that come out of tables: `make docs` runs this first.

In docs/tables, numpy.md tells what the engine has registered for each of NumPy's functions;
pytorch.md what PyTorch has; traps.md shows the tests of tests/test_traps.py; errors.md comes from
the docstrings of the error classes; rules.md has the rules of ops as formulas; benchmarks.md tells
what `make bench` measured last, side_by_side.md what `python -m benchmarks.side_by_side` did. In
docs/api, layers and losses have a page for each family.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from tables.numpy_functions import NAMESPACES, entries  # noqa: E402
from tables.torch_names import DIFFERENT, ELSEWHERE, MISSING, PYTORCH  # noqa: E402

from autograd import errors  # noqa: E402
from autograd.core.dispatch import RULES  # noqa: E402
from autograd.explain.rules import op_of, rules  # noqa: E402
from benchmarks import report  # noqa: E402
from benchmarks.side_by_side import report as side_by_side  # noqa: E402
from nn import LossShapeError, functional  # noqa: E402

SOURCE = "https://github.com/plaingrad/plaingrad/blob/main"
NOTE = "<!-- Written by docs/build/generate.py: do not edit. -->\n"


def numpy_page() -> str:
    """Every public function of NumPy, and what becomes of it."""
    table = list(entries())
    counts = Counter(entry.status for entry in table)
    lines = [
        NOTE,
        f"# NumPy {'.'.join(np.__version__.split('.')[:2])} on Tensors\n",
        "Call NumPy itself. Each of its functions is one of four things:\n",
        "| it is | which means |",
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
        lines += ["| function | it is | its rule, or why not |", "|---|---|---|"]
        for entry in mine:
            if entry.status != "not dispatched":
                differentiable = entry.status == "differentiable"
                detail = source_link(rule_file(entry)) if differentiable else entry.detail
                known = differentiable and op_of(entry.function) is not None
                what = f"[{entry.status}](rules.md#{entry.name})" if known else entry.status
                lines.append(f"| {numpy_link(entry.name)} | {what} | {detail} |")
        rest = [f"`{e.name}`" for e in mine if e.status == "not dispatched"]
        lines += ["", f"Not dispatched: {', '.join(rest)}.\n"] if rest else [""]
    return "\n".join(lines)


def numpy_link(name: str) -> str:
    """One of NumPy's functions, by its page in NumPy's manual."""
    path = name.replace("np.", "numpy.", 1)
    return f"[`{name}`](https://numpy.org/doc/stable/reference/generated/{path}.html)"


def rule_file(entry: Any) -> str:
    """Where the rule of one of NumPy's functions is written."""
    code = inspect.unwrap(RULES[entry.function]).__code__
    return Path(code.co_filename).relative_to(ROOT).as_posix()


def source_link(path: str) -> str:
    """A file of the sources, where one can read it."""
    assert (ROOT / path).is_file(), path
    return f"[`{path}`]({SOURCE}/{path})"


def file_of(name: str, found: Any, module: str) -> str:
    """Where a class or function is written: its `__module__` may be the package it is found in."""
    for folder in FAMILIES if module.startswith("nn") else ():
        for file in public_files(folder):
            if name in importlib.import_module(f"nn.{folder}.{file}").__all__:
                return f"nn/{folder}/{file}.py"
    bodies = vars(found).values() if isinstance(found, type) else [inspect.unwrap(found)]
    for body in bodies:
        path = Path(getattr(getattr(body, "__code__", None), "co_filename", ""))
        if path.is_relative_to(ROOT):
            return path.relative_to(ROOT).as_posix()
    return getattr(found, "__module__", module).replace(".", "/") + ".py"


def pytorch_page() -> str:
    """What PyTorch has for networks: where it is here, or why it is not."""
    lines = [
        NOTE,
        "# What PyTorch has\n",
        "Names, arguments, their order and defaults are those of PyTorch 2.13, with `axis` and "
        "`keepdims` for `dim` and `keepdim`, and without what is about devices, dtypes, fusing and "
        "anti-aliasing. (`inplace` layers take; functions do not.) The tests "
        "compare the two lists, the arguments, the values and the gradients.\n",
        "| module | in PyTorch | here | missing |",
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
                path = ELSEWHERE.get(f"{module}.{name}", f"{module}.{name}")
                place = path.rpartition(".")
                found = getattr(importlib.import_module(place[0]), place[2])
                file = file_of(name, found, module)
                files.setdefault(file, []).append(f"[`{name}`][{path}]")
        lines += [f"\n## {module}\n", "| written in | names |", "|---|---|"]
        rows = sorted(files.items())
        lines += [f"| {source_link(file)} | {' '.join(found)} |" for file, found in rows]
        if missing:
            lines += ["\n| missing | why |", "|---|---|"]
            reasons: dict[str, list[str]] = {}
            for name, why in sorted(missing.items()):
                reasons.setdefault(why, []).append(f"`{name}`")
            lines += [f"| {' '.join(found)} | {why} |" for why, found in reasons.items()]
    lines += ["\n## Other defaults\n", "| argument | here | why |", "|---|---|---|"]
    lines += [f"| `{name}` | {value!r} | {why} |" for name, (value, why) in DIFFERENT.items()]
    return "\n".join(lines) + "\n"


def traps_page() -> str:
    """The tests of the traps: a docstring tells trap and convention, the code shows it."""
    source = (ROOT / "tests" / "test_traps.py").read_text(encoding="utf-8")
    rows, end = source.splitlines(), 0
    page = [
        NOTE,
        "# Traps and conventions\n",
        "What a from-scratch engine most often gets wrong, and what is right here. Each row leads "
        "to the test that shows it, from `tests/test_traps.py`. `F` is `nn.functional`.",
    ]
    table: list[str] = []
    tests: list[str] = []

    def section() -> None:
        if table:
            page.extend(["\n| trap | here |", "|---|---|", *table])
        page.extend(tests)
        table.clear()
        tests.clear()

    for node in ast.parse(source).body:
        between, end = rows[end : node.lineno - 1], node.end_lineno
        for row in between:
            if row.startswith("# "):
                section()
                page.append(f"\n## {row[2:]}")
        name, start = getattr(node, "name", ""), node.lineno
        if not isinstance(node, ast.FunctionDef | ast.Assign) or name.startswith("_"):
            continue
        if name.startswith("test_"):
            docstring = ast.get_docstring(node).replace("**", r"\*\*").replace("|", r"\|")
            trap, _, convention = docstring.partition("\n")
            anchor = name.removeprefix("test_").replace("_", "-")
            table.append(f"| [{trap}](#{anchor}) | {' '.join(convention.split())} |")
            tests.append(f'\n<a id="{anchor}"></a>**{trap}**')
            start = node.body[0].end_lineno + 1
        code = dedent("\n".join(rows[start - 1 : end])).strip("\n")
        tests += ["\n```python", code, "```"]
    section()
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
        module = "nn" if error is LossShapeError else "autograd"
        lines += [f"## {name} {{ #{module}.{name} }}\n", text, ""]
        lines += ["```python", *code, "```", ""] if code else []
    return "\n".join(lines)


def rule_link(name: str) -> str:
    """A function on the page of rules: of NumPy, in its manual; of ours, in the reference."""
    return f"[`{name}`][{name}]" if name.startswith("nn.") else numpy_link(name)


def rules_page() -> str:
    """The rule of every op as a formula, by the file that it is in."""
    named: dict[Any, set[str]] = {}
    for prefix, space in (*NAMESPACES.items(), ("nn.functional", functional)):
        for name in dir(space):
            if not name.startswith("_") and (op := op_of(getattr(space, name))) is not None:
                named.setdefault(op, set()).add(f"{prefix}.{name}")
    modules = [m for n, m in sys.modules.items() if n.startswith(("autograd.ops.", "nn."))]
    ours = [op_of(f) for m in modules for f in vars(m).values() if callable(f)]
    files: dict[str, dict[Any, int]] = {}
    for op in {*named, *filter(None, ours)}:
        code = inspect.unwrap(op).__code__
        if (path := Path(code.co_filename)).is_relative_to(ROOT):
            files.setdefault(path.relative_to(ROOT).as_posix(), {})[op] = code.co_firstlineno
    lines = [
        NOTE,
        "# The rules\n",
        "How the gradient g of an op's result becomes those of its inputs, as formulas of NumPy: y "
        "is the result (`out`, if an input is called y), all else an argument of the op. What "
        "broadcasting stretched is summed afterwards. `explain.rule(np.tanh)` gives a rule, also "
        "that of an op of your own. Most are read from the op's source, the others are told in its "
        "docstring, and a test computes each formula and compares it with the closure.\n",
        "`expand(g, shape, axis)` repeats g along the axes that were reduced; `scatter_add(g, "
        "shape, index)` is zeros with g added at the index; `setitem(g, 0, index)` is g with zeros "
        "there; `resized(x, n, axis)` crops, or continues with zeros, to length n; `conj` is the "
        "conjugate, of a real number the number itself.\n",
    ]
    for file, found in sorted(files.items()):
        lines += [f"## {source_link(file)}\n", "| op | input | gradient |", "|---|---|---|"]
        for op in sorted(found, key=lambda op: (found[op], sorted(named.get(op, ())))):
            anchors = "".join(f'<a id="{n}"></a>' for n in sorted(named.get(op, ())))
            title = anchors + ", ".join(map(rule_link, sorted(named.get(op, ())))) or op.__name__
            for name, r in rules(op).items():
                where = ", ".join(f"`{n} = {text}`" for n, text in r.where)
                told = f"`{r.formula}`" if r.formula else r.note
                told += f" where {where}" if where else ""
                told += f"; {r.note}" if r.formula and r.note else ""
                lines.append(f"| {title} | `{name}` | {told.replace('|', chr(92) + '|')} |")
                title = ""
        lines.append("")
    return "\n".join(lines)


def benchmarks_page() -> str:
    """What `make bench` measured last, from benchmarks/results.json."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    title, rest = report.text(results).split("\n\n", 1)
    shown = {
        "steps": "Time of a training step over PyTorch eager's, for thirteen kinds of work",
        "growth": "How the milliseconds of a step grow",
        "twins": "One network five ways: in Python, NumPy, C++, plaingrad and PyTorch",
    }
    pictures = "\n\n".join(
        f'<a class="figure" href="../images/{name}.png"><img src="../images/{name}.png" '
        f'alt="{alt}" title="{alt}"></a>'
        for name, alt in shown.items()
    )
    page = f"{SOURCE}/benchmarks/twins/README.md"
    twins = f"The third picture is of [one network, written five ways]({page})."
    return f"{NOTE}\n{title}\n\n{pictures}\n\n{twins}\n\n{rest}"


def side_by_side_page() -> str:
    """The same training beside PyTorch, from benchmarks/side_by_side/results.json."""
    results = json.loads((ROOT / side_by_side.RESULTS).read_text(encoding="utf-8"))
    return f"{NOTE}\n{side_by_side.page(results, SOURCE)}"


#: The pages of layers and losses, a family each, and the files of `nn` that are on them.
FAMILIES = {
    "layers": {
        "linear": ("Linear, and shapes", "linear flatten"),
        "activations": ("Activations", "activations rectifiers softmax erf"),
        "convolution": ("Convolution", "convolution folding"),
        "pooling": ("Pooling", "pooling"),
        "padding": ("Padding and upsampling", "padding upsampling shuffle"),
        "normalisation": ("Normalisation", "normalization batch_norm local_response"),
        "dropout": ("Dropout", "dropout"),
        "recurrent": ("Recurrent", "recurrent"),
        "embedding": ("Embedding", "embedding"),
        "attention": ("Attention and transformers", "attention transformer"),
        "distances": ("Distances", "distance"),
    },
    "losses": {
        "regression": ("Losses of regression", "regression"),
        "classification": ("Losses of classification", "classification"),
        "margins": ("Losses with margins", "margins"),
        "sequences": ("Losses of sequences", "ctc"),
    },
}
#: What the files are called where several are on a page.
TITLES = {
    "linear": "Linear",
    "flatten": "Flatten",
    "activations": "Smooth functions",
    "rectifiers": "Functions made of pieces",
    "softmax": "Softmax",
    "erf": "The error function",
    "convolution": "Convolution and its transpose",
    "folding": "Windows as columns",
    "padding": "Padding",
    "upsampling": "Upsampling",
    "shuffle": "Shuffles",
    "normalization": "Layers, groups, root mean squares",
    "batch_norm": "Batches and instances",
    "local_response": "Local response",
    "attention": "Attention",
    "transformer": "Transformer",
}
INTRO = {
    "layers": "What networks are made of, a family a page: as classes of `nn`, and as functions of "
    "`nn.functional`. Names, arguments and their order are PyTorch's; where it says `dim`, it is "
    "`axis` here. A layer is called with arrays or Tensors, and gives a Tensor.",
    "losses": "How wrong a network is, a family a page: as classes of `nn`, and as functions of "
    "`nn.functional`. All take `reduction='mean'`, `'sum'` or `'none'`, and refuse an input and a "
    "target whose shapes would only broadcast.",
}


def public_files(folder: str) -> list[str]:
    """The files of a folder of nn that make something public."""
    public = (ROOT / "nn" / folder / "public.py").read_text(encoding="utf-8")
    return re.findall(r"^from \.(\w+) import \*$", public, re.MULTILINE)


def place(name: str) -> str:
    """The public name of what a file of layers or losses defines."""
    return f"nn.{name}" if name[0].isupper() else f"nn.functional.{name}"


def summary(name: str) -> str:
    """The first sentence of the docstring of a public name, for a table."""
    module, _, last = name.rpartition(".")
    thing = getattr(importlib.import_module(module), last)
    text = " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split())
    return re.sub(r"([*|<_])", r"\\\1", text) if "`" not in text else text.replace("|", r"\|")


def table_of(names: list[str]) -> list[str]:
    """A table of public names, each a link to its entry, and what it is."""
    rows = [f"| [`{n.removeprefix('nn.')}`][{n}] | {summary(n)} |" for n in names]
    return ["| name | what it is |", "|---|---|", *rows, ""]


def family_page(folder: str, family: str) -> str:
    """All that the files of a family make public, under its public names."""
    title, files = FAMILIES[folder][family]
    modules = [importlib.import_module(f"nn.{folder}.{name}") for name in files.split()]
    lines = [NOTE, f"# {title}\n"]
    if len(modules) == 1:
        lines += [inspect.cleandoc(modules[0].__doc__), ""]
    lines += table_of([place(name) for module in modules for name in module.__all__])
    for module in modules:
        if len(modules) > 1:
            title = TITLES[module.__name__.rpartition(".")[2]]
            lines += [f"## {title}\n", inspect.cleandoc(module.__doc__), ""]
        lines += [f"::: {place(name)}" for name in module.__all__] + [""]
    return "\n".join(lines)


def families_page(folder: str) -> str:
    """The families of layers or losses, and the names in each."""
    files = public_files(folder)
    listed = [f for _, names in FAMILIES[folder].values() for f in names.split()]
    assert sorted(listed) == sorted(files), {*listed} ^ {*files}
    lines = [f"# {folder.capitalize()}\n", NOTE, f"{INTRO[folder]}\n"]
    for family, (title, names) in FAMILIES[folder].items():
        modules = [importlib.import_module(f"nn.{folder}.{name}") for name in names.split()]
        found = [name for module in modules for name in module.__all__]
        lines += [f"## [{title}]({family}.md)\n"]
        for upper in (True, False):
            if links := [f"[`{n}`][{place(n)}]" for n in found if n[0].isupper() is upper]:
                lines += [" ".join(links) + "\n"]
    return "\n".join(lines)


PAGES = {
    "tables/benchmarks.md": benchmarks_page,
    "tables/numpy.md": numpy_page,
    "tables/pytorch.md": pytorch_page,
    "tables/traps.md": traps_page,
    "tables/errors.md": errors_page,
    "tables/rules.md": rules_page,
    "tables/side_by_side.md": side_by_side_page,
}
for _folder, _families in FAMILIES.items():
    PAGES[f"api/{_folder}/index.md"] = partial(families_page, _folder)
    for _family in _families:
        PAGES[f"api/{_folder}/{_family}.md"] = partial(family_page, _folder, _family)

if __name__ == "__main__":
    for name, page in PAGES.items():
        path = ROOT / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8", newline="\n")
        print(f"docs/{name}")
