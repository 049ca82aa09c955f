"""Break the code on purpose, one place at a time, and see that the tests notice: `make mutants`.

Each mutant changes one thing in a file of autograd, nn or optim: the sign or a factor of what a
closure gives, a transpose or a sum that is dropped, an axis, a comparison, a plus for a minus,
`and` for `or`, a number, True for False, a keyword that is left out, the branches of an `if`. It
lives in a process of its own, which imports the packages with the changed source in place of the
file; there the tests that go with the file are run until one fails: the rows of the tables of ops
and layers, then the tests by name. None of them needs PyTorch. A mutant nothing fails on survived.
(What a test runs in yet another process is the file itself: such a test notices no mutant.)

    python tests/mutants.py [--all] [--count N] [--seed N] [FILE ...]   # such as nn/pooling

Without `--all` a sample is tried, spread over the files: all of the packages, if none is named.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.util
import io
import os
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
COMPLEX = "elementwise complex"
HEART = "tensor engine anomaly transforms arrays"
TARGETED = {  # where a file's tests are not in tests/<package>/test_<file>.py
    "autograd/ops/common": "reductions complex",
    "autograd/ops/trigonometric": COMPLEX,
    "autograd/ops/piecewise": COMPLEX,
    "autograd/ops/elementwise": COMPLEX,
    "autograd/ops/cumulative": "reductions complex",
    "autograd/ops/statistics": "reductions complex",
    "autograd/ops/reductions": "reductions complex",
    "autograd/ops/not_differentiable": "numpy_functions",
    "autograd/ops/methods": "methods tensor engine",
    "autograd/ops/products": "products complex",
    "autograd/ops/selecting": "indexing",
    "autograd/ops/rearrange": "indexing",
    "autograd/ops/joining": "indexing",
    "autograd/ops/shapes": "indexing tensor",
    "autograd/ops/einsum": "products",
    "autograd/ops/linalg_decompositions": "linalg complex",
    "autograd/ops/linalg_norms": "linalg complex",
    "autograd/ops/linalg": "linalg complex",
    "autograd/ops/complex_numbers": "complex",
    "autograd/ops/creation": "tensor",
    "autograd/checkpoint": "transforms",
    "autograd/ops/indexing": "indexing layouts",
    "autograd/core/dispatch": "tensor arrays numpy_functions numpy_keywords",
    "autograd/core/hints": "tensor anomaly",
    "autograd/core/engine": HEART,
    "autograd/core/tensor": HEART,
    "nn/layers/batch_norm": "normalization",
    "nn/layers/local_response": "normalization",
    "nn/losses/labels": "losses margins",
    "nn/losses/classification": "losses",
    "nn/losses/base": "losses margins distances",
    "nn/losses/regression": "losses distances",
    "nn/losses/margins": "margins distances",
    "nn/layers/rectifiers": "activations functional",
    "nn/layers/activations": "activations functional",
    "nn/layers/softmax": "activations functional",
    "nn/layers/erf": "activations init",
    "nn/layers/flatten": "functional layers linear",
    "nn/layers/windows": "convolution pooling",
    "nn/layers/folding": "convolution functional",
    "nn/layers/sizes": "convolution pooling shuffle",
    "nn/layers/families": "families convolution pooling dropout",
    "nn/layers/inplace": "activations",
    "nn/random": "checkpoint loader state dropout init",
    "nn/data/loader": "loader state sampler",
    "nn/data/dataset": "loader sampler",
    "nn/data/sampler": "sampler state",
    "nn/data/columns": "tables",
    "nn/training/vectors": "summary",
    "nn/training/workers": "many",
    "nn/inputs": "refusals functional half module linear normalization",
    "nn/training/progress": "loop train",
    "nn/files": "saving datasets train",
    "nn/layers/pool_windows": "pooling",
    "nn/cli/__init__": "train",
    "nn/cli/arguments": "train",
    "nn/cli/doctor": "doctor",
    "nn/cli/files": "train",
    "nn/cli/film": "report",
    "nn/cli/optimizers": "train",
    "nn/cli/profile": "train",
    "nn/cli/schedules": "train",
    "nn/cli/table": "report",
    "nn/cli/runs": "report",
    "nn/cli/train": "train resume",
    "nn/cli/tasks/base": "train",
    "nn/cli/tasks/digits": "train",
    "nn/cli/tasks/perceptron": "train",
    "nn/cli/tasks/points": "train",
    "nn/machine": "doctor",
    "nn/training/loop": "loop fit_options survival checkpoint",
    "nn/training/step": "loop fit_options",
    "nn/training/means": "loop survival",
    "nn/training/stopping": "fit_options survival",
    "nn/training/history": "loop fit_options",
    "nn/training/checkpoint": "checkpoint survival",
    "nn/module": "module containers summary averaging",
}
ROWS = {  # where a file's rows are not in the table of its own name
    "autograd/ops/common": "reductions",
    "autograd/ops/linalg_decompositions": "linalg",
    "autograd/ops/linalg_norms": "linalg",
}
PART = {  # of a test file that takes long, what is enough here (pytest's -k)
    "numpy_keywords": "add or maximum or mod or sum or mean or concatenate or clip or where",
}
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
# Changes that change nothing, by file, what ("" for any) and line: no test can notice them.
EQUIVALENT = {
    (
        "autograd/core/op",
        "< is <=",
        "if len(inputs) < count:",
    ): "where they are as many, it is not asked",
    (
        "autograd/ops/cumulative",
        "sign",
        "return np.concatenate([_part(a, axis, d, None), np.zeros_",
    ): ("the sign of both `run` and what is ahead of h cancels in run * ahead(h)"),
    (
        "autograd/ops/joining",
        "factor",
        "return [x for p in part for x in leaves(p)] if isinstance(pa",
    ): ("a list twice as long has the same largest number of axes"),
    ("autograd/ops/products", "factor", "return min(ways, default=(0, i))"): (
        "a pair of cost and place: twice as long, of which the first two are taken"
    ),
    (
        "autograd/ops/linalg",
        "factor",
        "@op(np.linalg.det, closures=lambda a: _det_closure(a, np.linal",
    ): ("of a tuple of result and closure: twice as long, of which the first two are taken"),
    ("autograd/core/engine", "not if", "if closures is None:"): (
        "who owns a sum saves copies: where nobody does, each sum is a fresh one"
    ),
    ("autograd/core/results", "0 is 1", "edge = (lambda g: Parts({k: g})), node, 0"): (
        "the number of an only argument, which is looked up under the same number"
    ),
    ("nn/losses/labels", "> is >=", "if x.ndim > 2:"): "inside of `if x.ndim != 2`",
    ("nn/layers/rectifiers", "", "def _clipped(x, low=-1.0, high=1.0):"): (
        "defaults that only say what is configuration: all callers give both"
    ),
    ("nn/init", "< is <=", "if inside[1] - inside[0] < 1e-3:"): "a float that is 1e-3 exactly",
    ("nn/init", "> is >=", "while (outside := (values < a) | (values > b)).any():"): (
        "a draw that is `b` exactly, which never comes"
    ),
    ("nn/init", "< is <=", "while (outside := (values < a) | (values > b)).any():"): "or `a`",
    ("nn/module", "min is max", "name = min(wrong - known.keys())"): (
        "which of several wrong options is named"
    ),
    ("autograd/core/node", "1 is 2", "self.number, self.grad, self.moved = -1,"): (
        "any number below 0 is before all nodes"
    ),
    ("nn/module", "1 is 0", "frame, outermost = sys._getframe(1), self"): (
        "from one frame further in, which is not a call of a module"
    ),
    ("nn/module", "1 is 2", "frame, outermost = sys._getframe(1), self"): (
        "from one further out: the one left out is that of `self`, which `outermost` is already"
    ),
    ("autograd/core/ownership", "1 is 2", "_holder.array = np.empty(1)"): (
        "an array of any size to count references to"
    ),
    ("autograd/anomaly", "factor", "self._bad = (lambda x: ~np.isfinite(x)) if inf else"): (
        "twice what is true, of which is asked whether any is"
    ),
    ("autograd/checkpoint", "< is <=", "if node.number < first:"): (
        "a node of that number, which none has: it was drawn to part older from younger"
    ),
    ("autograd/ops/indexing", "is is is not", "whole = [i is Ellipsis or (isinstance(i, slice)"): (
        "a faster way that is not taken: an axis that seems not whole"
    ),
    ("autograd/ops/indexing", "or is and", "if not isinstance(parts[k], np.ndarray) or parts[k]"): (
        "what is no array of integers picks nothing twice, and never comes here"
    ),
    ("autograd/ops/indexing", "1000 is 0", "if axis == 0 and width > 1000:"): "which way is faster",
    ("autograd/ops/indexing", "1000 is 1001", "if axis == 0 and width > 1000:"): "the same",
    ("autograd/ops/indexing", "> is >=", "if axis == 0 and width > 1000:"): "the same",
    ("autograd/ops/linalg_norms", "1 is 2", "slope = (size / np.where(flat, 1, y)) ** (p - 1)"): (
        "what stands for y where the slope is multiplied by 0"
    ),
    ("nn/files", "no src_dir_fd=", "os.link(f"): "the link fails, and the file is copied instead",
    ("nn/inputs", "any is all", "if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p"): (
        "no layer of this library, but containers, takes any number of arguments beside others"
    ),
    ("nn/inputs", "True is False", "return True"): (
        "a shortcut: arrays come back as they are from `given` too"
    ),
}
#: Files whose numbers and keywords are sizes, colours and seconds: looked at, not tested.
LOOKS = ("nn/plot", "nn/doctor")
SECONDS = 240  # of the processor: a mutant that wants more is taken as killed, it does not end;
WAITING = 900  # nor does one that waits so long, on the busiest machine
MEMORY = 8 << 30  # bytes, and so is one that wants more


class Mutant(NamedTuple):
    """A place in a file, what is changed there, and which of the file's changes it is."""

    path: Path
    number: int
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.what}"

    @property
    def name(self) -> str:
        """Such as nn/pooling."""
        return self.path.relative_to(ROOT).with_suffix("").as_posix()

    def code(self) -> Any:
        """The changed file."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        if self.number >= 0:
            parent, field, position, _, new = list(replacements(tree))[self.number]
            place = getattr(parent, field)
            node = place[position] if position >= 0 else place
            ast.copy_location(new, node if hasattr(node, "lineno") else parent)
            if position >= 0:
                place[position] = copy.deepcopy(new)
            else:
                setattr(parent, field, copy.deepcopy(new))
            ast.fix_missing_locations(tree)
        return compile(tree, str(self.path), "exec")


# What may be changed

COMPARED = {
    ast.Lt: (ast.LtE, "< is <="), ast.LtE: (ast.Lt, "<= is <"), ast.Gt: (ast.GtE, "> is >="),
    ast.GtE: (ast.Gt, ">= is >"), ast.Eq: (ast.NotEq, "== is !="), ast.NotEq: (ast.Eq, "!= is =="),
    ast.Is: (ast.IsNot, "is is is not"), ast.IsNot: (ast.Is, "is not is is"),
    ast.In: (ast.NotIn, "in is not in"), ast.NotIn: (ast.In, "not in is in"),
}  # fmt: skip
COMPUTED = {
    ast.Add: (ast.Sub, "+ is -"), ast.Sub: (ast.Add, "- is +"), ast.Mult: (ast.Div, "* is /"),
    ast.Div: (ast.Mult, "/ is *"), ast.FloorDiv: (ast.Mult, "// is *"),
    ast.Mod: (ast.Mult, "% is *"),
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
         "all": "any", "floor": "ceil", "ceil": "floor"}  # fmt: skip
# Keywords that change no value: `strict` guards against our own mistakes, `optimize` is for speed.
UNSEEN = ("stacklevel", "strict", "optimize", "prefix")


def replacements(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int, str, ast.AST]]:
    """(parent, field, position, what, new node) of every change there is."""
    inside = {id(n) for closure in _closures(tree) for n in ast.walk(closure)}
    for closure in dict.fromkeys(_closures(tree)):
        results = (
            [(closure, "body", closure.body)]
            if isinstance(closure, ast.Lambda)
            else [(r, "value", r.value) for r in ast.walk(closure) if isinstance(r, ast.Return)]
        )
        for parent, field, value in results:
            if value is None or isinstance(value, _NOT_SIGNED) or _is_zero(value):
                continue
            yield parent, field, -1, "sign", ast.UnaryOp(ast.USub(), value)
            yield parent, field, -1, "factor", ast.BinOp(ast.Constant(2), ast.Mult(), value)
    for parent, field, position, node in _places(tree):
        if id(node) in inside:
            for what, new in _of_closures(node):
                yield parent, field, position, what, new
        for what, new in _anywhere(node):
            yield parent, field, position, what, new


_NOT_SIGNED = ast.Tuple | ast.Lambda | ast.Compare | ast.BoolOp | ast.JoinedStr | ast.Constant


def _closures(tree: ast.Module) -> Iterator[ast.Lambda | ast.FunctionDef]:
    """The closures of ops: lambdas and functions inside of functions that are ops or give them."""
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef):
            for inner in ast.walk(outer):
                if inner is not outer and isinstance(inner, ast.Lambda | ast.FunctionDef):
                    yield inner


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int, ast.AST]]:
    """(parent, field, position, node) of all that computes: not types, texts of errors, docs."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_comment", "bases"):
            continue
        for position, child in enumerate(value) if isinstance(value, list) else [(-1, value)]:
            if not isinstance(child, ast.AST) or _is_text(child) or _is_the_rest(node, child):
                continue
            yield node, field, position, child
            yield from _places(child)


def _is_text(node: ast.AST) -> bool:
    """Whether a node only makes a message, or is there for the type checker."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.keyword) and node.arg in UNSEEN:
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and ast.unparse(node).startswith("__"):
        return True  # __slots__, __all__
    if isinstance(node, ast.If | ast.IfExp) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return called.endswith(("warnings.warn", "add_note", "TypeVar", "Error")) or (
        isinstance(node, ast.FunctionDef)
        and any(ast.unparse(d).endswith("overload") for d in node.decorator_list)
    )


def _is_the_rest(node: ast.AST, child: ast.AST) -> bool:
    """Whether `child` is the -1 of x.reshape(-1), for which NumPy takes any negative number."""
    return ast.unparse(child) == "-1" and "reshape" in ast.unparse(getattr(node, "func", child))


def _of_closures(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What `node` may become inside of a closure."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, called = node.func.attr, node.func.value
        of_numpy = isinstance(called, ast.Name) and called.id == "np"
        target = (node.args[0] if node.args else None) if of_numpy else called
        droppable = name in ("swapaxes", "transpose", "sum", "conj", "flip")
        if droppable and target is not None:
            yield f"no {name}", target
    if isinstance(node, ast.keyword) and node.arg == "axis":
        for axis in (0, -1):
            if ast.unparse(node.value) != str(axis):
                yield f"axis={axis}", ast.keyword("axis", ast.Constant(axis))


def _anywhere(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What `node` may become wherever it stands."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield f"no .{node.attr}", node.value
    if isinstance(node, ast.Attribute) and node.attr in NAMES and ast.unparse(node.value) == "np":
        new = NAMES[node.attr]
        yield f"{node.attr} is {new}", ast.Attribute(node.value, new, ast.Load())
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
        new = NAMES[node.func.id]
        call = ast.Call(ast.Name(new, ast.Load()), node.args, node.keywords)
        if new not in ("ceil", "floor"):
            yield f"{node.func.id} is {new}", call
    if isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            if keyword.arg and keyword.arg not in UNSEEN:
                rest = node.keywords[:i] + node.keywords[i + 1 :]
                yield f"no {keyword.arg}=", ast.Call(node.func, node.args, rest)
    if (
        isinstance(node, ast.BinOp)
        and type(node.op) in COMPUTED
        and not (_about_shapes(node) or _is_zero(node))
    ):
        swap, what = COMPUTED[type(node.op)]
        yield what, ast.BinOp(node.left, swap(), node.right)
    if isinstance(node, ast.AugAssign) and type(node.op) in COMPUTED:
        swap, what = COMPUTED[type(node.op)]
        yield what, ast.AugAssign(node.target, swap(), node.value)
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            if type(operator) in COMPARED:
                swap, what = COMPARED[type(operator)]
                ops = [*node.ops[:i], swap(), *node.ops[i + 1 :]]
                yield what, ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BoolOp):
        both = isinstance(node.op, ast.And)
        what = "and is or" if both else "or is and"
        yield what, ast.BoolOp(ast.Or() if both else ast.And(), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "no not", node.operand
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "no minus", node.operand
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            yield f"{value} is {not value}", ast.Constant(not value)
        elif isinstance(value, int | float):
            yield f"{value} is {value + 1}", ast.Constant(value + 1)
            if value:
                yield f"{value} is 0", ast.Constant(type(value)(0))
    if isinstance(node, ast.IfExp):
        yield "branches", ast.IfExp(node.test, node.orelse, node.body)
    if isinstance(node, ast.If):
        negated = ast.UnaryOp(ast.Not(), node.test)
        yield "not if", ast.If(negated, node.body, node.orelse)


def _is_zero(node: ast.AST) -> bool:
    """Whether an expression is zero whatever comes in, and its sign and factors mean nothing."""
    return ast.unparse(node).startswith(("0 * ", "np.zeros", "zeros("))


def _about_shapes(node: ast.AST) -> bool:
    """Whether an expression computes with shapes or text, where a change only makes an error."""
    return any(
        isinstance(n, ast.Tuple | ast.List | ast.JoinedStr)
        or (isinstance(n, ast.Attribute) and n.attr in ("shape", "ndim", "size"))
        or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in ast.walk(node)
    )


def mutants(path: Path) -> list[Mutant]:
    source = path.read_text(encoding="utf-8")
    lines, found = source.splitlines(), []
    for i, (parent, field, position, what, _) in enumerate(replacements(ast.parse(source))):
        place = getattr(parent, field)
        node = place[position] if position >= 0 else place
        line = getattr(node, "lineno", getattr(parent, "lineno", 0))
        mutant, text = Mutant(path, i, line, what), lines[line - 1].strip()
        known = (key for key in EQUIVALENT if key[0] == mutant.name and key[1] in (what, ""))
        looks = mutant.name in LOOKS and isinstance(node, ast.Constant | ast.BinOp | ast.Call)
        if not looks and not any(text.startswith(key[2]) for key in known):
            found.append(mutant)
    return found


# Trying one


class Run(NamedTuple):
    """A call of pytest: test files, which rows of the tables, and which tests; all if None."""

    files: tuple[str, ...]
    rows: tuple[str, ...] | None = None
    part: str | None = None


class OnlyRows:
    """A plugin of pytest that leaves the tests of other rows out."""

    def __init__(self, rows: tuple[str, ...]) -> None:
        self.rows = rows

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        def name(item: Any) -> str:
            row = getattr(item, "callspec", None) and item.callspec.params.get("row")
            return getattr(row, "name", "")

        items[:] = [item for item in items if name(item) in self.rows]


def runs(name: str) -> list[Run]:
    """What is run for a file, the nearest first. Imports nothing of the packages."""
    package, *_, stem = name.split("/")
    words = TARGETED.get(name, "").split()
    tests = {path.stem: path for path in (ROOT / "tests" / package).rglob("test_*.py")}
    if not words and f"test_{stem}" in tests:
        words = [stem]
    if not words and package == "nn":
        words = ["models", "train"] if "/models/" in name else ["layers", "functional"]
    found = []
    source = (ROOT / f"{name}.py").read_text(encoding="utf-8")
    table = ROWS.get(name, stem)
    if package == "autograd" and (ROOT / f"tests/tables/ops/{table}.py").exists():
        found.append(Run((str(tests["test_ops"]),), (f"{table}:",)))
    if package == "nn":
        bodies = ast.parse(source).body
        classes = tuple(c.name for c in bodies if isinstance(c, ast.ClassDef))
        if classes:
            found.append(Run((str(tests["test_layer_table"]),), classes))
    if package == "autograd" and not words and not found:
        words = HEART.split()
    found += [Run((str(tests[f"test_{word}"]),), part=PART.get(word)) for word in words]
    if package == "optim":  # where every optimizer is tested by what all have in common
        found.append(Run((str(ROOT / "tests" / package),)))
    if package == "nn" and "wide=True" in source:  # of half precision it is computed in single
        found.append(Run((str(tests["test_half"]),)))
    if package == "autograd":
        found.append(Run((str(ROOT / "tests/test_traps.py"),)))
    return found


def command(run: Run) -> tuple[list[str], list[Any]]:
    """What pytest.main takes for a run: arguments and plugins."""
    arguments = [*run.files, *OPTIONS, "-k", run.part or "not a_million"]  # that takes long
    if run.rows and run.rows[0].endswith(":"):
        return [*arguments[:-1], run.rows[0]], []
    return arguments, [OnlyRows(run.rows)] if run.rows else []


class Changed(SourceFileLoader):
    """Loads one module from code that is not what the file says."""

    def __init__(self, name: str, path: Path, code: Any) -> None:
        super().__init__(name, str(path))
        self.code = code

    def get_code(self, fullname: str) -> Any:
        return self.code

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> Any:
        if fullname != self.name:
            return None
        places = [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=places
        )


def failing(mutant: Mutant, which: list[Run]) -> str:
    """The first test file that fails, in this process, with the mutant in place of the file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    module = mutant.name.replace("/", ".").removesuffix(".__init__")
    sys.meta_path.insert(0, Changed(module, mutant.path, mutant.code()))
    import pytest

    try:
        import nn
        import optim  # noqa: F401
    except Exception as error:
        return f"import: {error!r}"
    assert nn.Module
    for run in which:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = pytest.main(*command(run))
        if status not in (0, 5):
            return Path(run.files[0]).name
    return ""


def trial(mutant: Mutant, which: list[Run] | None = None) -> tuple[Mutant, str]:
    """Fork, and see whether the child's tests fail."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        verdict = "crash"
        try:
            warnings.simplefilter("ignore")
            verdict = failing(mutant, runs(mutant.name) if which is None else which)
        except BaseException as error:
            verdict = f"exception {error!r}"
        finally:
            os.write(write, verdict.encode()[:500])
            os._exit(0)
    os.close(write)
    end, done, status = time.monotonic() + WAITING, 0, 0
    while not done and time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.05)
    if not done:
        os.kill(child, 9)
        _, status = os.waitpid(child, 0)
    verdict = os.read(read, 1000).decode()
    os.close(read)
    if os.WIFSIGNALED(status):  # ended by us, by the limit, or by a fault in memory
        timed = os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU)
        verdict = "time" if timed else f"signal {os.WTERMSIG(status)}"
    return mutant, verdict


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="such as nn/layers/pooling; or a package"
    )
    parser.add_argument("--all", action="store_true", help="every mutant, not a sample")
    parser.add_argument("--count", type=int, default=150, help="how many to try (default 150)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (default 0)")
    options = parser.parse_args()

    os.chdir(ROOT)
    import hypothesis  # noqa: F401 - here, once, for all children
    import matplotlib  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401

    paths: list[Path] = []
    for name in options.files or ["autograd", "nn", "optim"]:
        place = ROOT / name
        paths += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    every = [mutants(path) for path in paths]
    total = sum(map(len, every))
    if not options.all:  # one of each file, and again, until there are enough
        rng = random.Random(options.seed)
        for of_file in every:
            rng.shuffle(of_file)
        rng.shuffle(every)
        longest = max(map(len, every))
        turns = [m[i] for i in range(longest) for m in every if i < len(m)]
        chosen = turns[: options.count]
    else:
        chosen = [m for of_file in every for m in of_file]
    print(f"{len(chosen)} of the {total} mutants of {len(paths)} files", flush=True)

    survivors, slow, workers = [], 0, os.cpu_count()
    with ThreadPoolExecutor(workers) as pool:
        # The tests pass on what is not changed, or nothing here means anything.
        plain = {run: m for m in chosen for run in runs(m.name)}
        unchanged = [(m._replace(number=-1, what="no change"), [run]) for run, m in plain.items()]
        for mutant, verdict in pool.map(lambda pair: trial(*pair), unchanged):
            if verdict:
                print(f"{mutant.name} fails as it is: {verdict}")
                return 2
        for i, (mutant, verdict) in enumerate(pool.map(trial, chosen), 1):
            slow += verdict == "time"
            if not verdict:
                survivors.append(mutant)
                print(f"SURVIVED {mutant}", flush=True)
            if i % 50 == 0:
                print(f"  {i} tried, {len(survivors)} survived", flush=True)
    late = f", {slow} ran out of time" if slow else ""
    print(f"{len(chosen)} mutants tried, {len(survivors)} survived{late}")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
