"""Break the ops on purpose, one place at a time, and see that the tests notice: `make mutants`.

Each mutant changes one thing in a file of ops: the sign or a factor of a closure's result, a
transpose or a sum that is dropped, an axis that is another, a plus for a minus, a times for a
division. It lives in a process of its own, where the rows of the table of ops for this file, and
then the tests that go with it, are run until one fails. A mutant nothing fails on has survived.

    python tests/mutants.py [FILE ...]     # such as reductions; all files of ops if none is named
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import io
import os
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
TESTS = ROOT / "tests/autograd"
TARGETED = {  # where a file's targeted tests are not in test_<file>.py
    "trigonometric": [TESTS / "test_elementwise.py", TESTS / "test_complex.py"],
    "choices": [TESTS / "test_elementwise.py", TESTS / "test_complex.py"],
    "cumulative": [TESTS / "test_reductions.py", TESTS / "test_complex.py"],
    "statistics": [TESTS / "test_reductions.py", TESTS / "test_complex.py"],
    "reductions": [TESTS / "test_reductions.py", TESTS / "test_complex.py"],
    "products": [TESTS / "test_products.py", TESTS / "test_complex.py"],
    "selecting": [TESTS / "test_indexing.py"],
    "rearrange": [TESTS / "test_indexing.py"],
    "joins": [TESTS / "test_indexing.py"],
    "shapes": [TESTS / "test_indexing.py", TESTS / "test_tensor.py"],
    "einsum": [TESTS / "test_products.py"],
    "convolve": [TESTS / "test_products.py"],
    "decompositions": [TESTS / "test_linalg.py", TESTS / "test_complex.py"],
    "norms": [TESTS / "test_linalg.py", TESTS / "test_complex.py"],
    "linalg": [TESTS / "test_linalg.py", TESTS / "test_complex.py"],
    "complexes": [TESTS / "test_complex.py"],
    "elementwise": [TESTS / "test_elementwise.py", TESTS / "test_complex.py"],
}
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
EQUIVALENT = {  # changes that change nothing, by file, what and line: no test can notice them
    ("cumulative", "sign", "return np.concatenate([_part(a, axis, d, None), np.zeros_like("): (
        "the sign of both `run` and what is ahead of h cancels in run * ahead(h)"
    ),
    ("joins", "factor", "return [x for p in part for x in leaves(p)] if isinstance(part, list)"): (
        "a list twice as long has the same largest number of axes"
    ),
    ("products", "factor", "return min(ways, default=(0, i))"): (
        "a pair of cost and place: twice as long, of which the first two are taken"
    ),
    ("linalg", "factor", "@op(np.linalg.det, plain=lambda a: _det(a, _cofactors_by_polynomial))"): (
        "of a tuple of result and closure: twice as long, of which the first two are taken"
    ),
}
SECONDS = 240  # a mutant that runs longer is taken as killed: it does not end


class Mutant:
    """A place in a file, and what is changed there."""

    def __init__(self, path: Path, tree: ast.Module, node: ast.AST, what: str) -> None:
        self.path, self.tree, self.line, self.what = path, tree, getattr(node, "lineno", 0), what

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.what}"


def closures(tree: ast.Module) -> Iterator[ast.AST]:
    """The closures of ops: lambdas and functions inside of functions."""
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef):
            for inner in ast.walk(outer):
                if isinstance(inner, ast.Lambda) or (
                    isinstance(inner, ast.FunctionDef) and inner is not outer
                ):
                    yield inner


def replacements(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int, str, ast.AST]]:
    """(parent, field, position, what, new node) of every change there is."""
    seen: set[int] = set()
    for closure in closures(tree):
        if id(closure) in seen:
            continue
        seen.add(id(closure))
        results = (
            [(closure, "body", closure.body)]
            if isinstance(closure, ast.Lambda)
            else [(r, "value", r.value) for r in ast.walk(closure) if isinstance(r, ast.Return)]
        )
        for parent, field, value in results:
            if value is None or isinstance(value, ast.Tuple | ast.Lambda) or _is_zero(value):
                continue
            yield parent, field, -1, "sign", ast.UnaryOp(ast.USub(), value)
            two = ast.BinOp(ast.Constant(2), ast.Mult(), value)
            yield parent, field, -1, "factor", two
    inside = {id(n) for closure in closures(tree) for n in ast.walk(closure)}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for position, node in enumerate(value) if isinstance(value, list) else [(-1, value)]:
                if not isinstance(node, ast.AST):
                    continue
                for what, new in changed(node, id(node) in inside):
                    yield parent, field, position, what, new


def changed(node: ast.AST, inside: bool) -> Iterator[tuple[str, ast.AST]]:
    """What `node` may become."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield f"no .{node.attr}", node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, called = node.func.attr, node.func.value
        of_numpy = isinstance(called, ast.Name) and called.id == "np"
        target = (node.args[0] if node.args else None) if of_numpy else called
        droppable = name in ("swapaxes", "transpose", "sum", "conj", "flip")
        if droppable and target is not None and inside:
            yield f"no {name}", target
    if isinstance(node, ast.keyword) and node.arg == "axis" and inside:
        for axis in (0, -1):
            if ast.unparse(node.value) != str(axis):
                yield f"axis={axis}", ast.keyword("axis", ast.Constant(axis))
    if isinstance(node, ast.BinOp) and inside and not (_about_shapes(node) or _is_zero(node)):
        swap = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
        new = swap.get(type(node.op))
        if new is not None:
            symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
            what = f"{symbol[type(node.op)]} is {symbol[new]}"
            yield what, ast.BinOp(node.left, new(), node.right)


def _is_zero(node: ast.AST) -> bool:
    """Whether an expression is zero whatever comes in, and its sign and factors mean nothing."""
    text = ast.unparse(node)
    return text.startswith(("0 * ", "np.zeros", "zeros("))


def _about_shapes(node: ast.AST) -> bool:
    """Whether an expression computes with shapes, where a change only makes an error."""
    return any(
        isinstance(n, ast.Tuple | ast.List)
        or (isinstance(n, ast.Attribute) and n.attr in ("shape", "ndim", "size"))
        for n in ast.walk(node)
    )


def mutants(path: Path) -> Iterator[Mutant]:
    source = path.read_text(encoding="utf-8")
    for i in range(len(list(replacements(ast.parse(source))))):
        tree = ast.parse(source)
        parent, field, position, what, new = list(replacements(tree))[i]
        place = getattr(parent, field)
        node = place[position] if position >= 0 else place
        ast.copy_location(new, node if hasattr(node, "lineno") else parent)
        if position >= 0:
            place[position] = copy.deepcopy(new)
        else:
            setattr(parent, field, copy.deepcopy(new))
        ast.fix_missing_locations(tree)
        mutant = Mutant(path, tree, node if hasattr(node, "lineno") else parent, what)
        line = source.splitlines()[mutant.line - 1].strip()
        if not any((path.stem, what) == key[:2] and line.startswith(key[2]) for key in EQUIVALENT):
            yield mutant


def killed_by(mutant: Mutant) -> str:
    """The first check that fails, in this process, with the mutant in place of the file."""
    import autograd

    name = mutant.path.stem
    module = importlib.import_module(f"autograd.{name}")
    try:
        exec(compile(mutant.tree, str(mutant.path), "exec"), module.__dict__)
        importlib.reload(autograd.methods)
    except Exception as error:
        return f"import: {error!r}"
    import op_table
    import pytest

    runs = [[str(path)] for path in TARGETED.get(name, [ROOT / f"tests/autograd/test_{name}.py"])]
    if name in op_table.BY_FILE:
        runs.insert(0, [str(ROOT / "tests/autograd/test_ops.py"), "-k", f"{name}:"])
    runs.append([str(ROOT / "tests/test_traps.py")])
    for run in runs:
        if not Path(run[0]).exists():
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = pytest.main([*run, *OPTIONS])
        if status not in (0, 5):
            return Path(run[0]).name
    return ""


def trial(mutant: Mutant) -> tuple[Mutant, str]:
    """Fork, and see whether the child's tests fail."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        verdict = "crash"
        try:
            warnings.simplefilter("ignore")
            verdict = killed_by(mutant)
        except BaseException as error:
            verdict = f"exception {error!r}"
        finally:
            os.write(write, verdict.encode()[:500])
            os._exit(0)
    os.close(write)
    start = time.monotonic()
    while time.monotonic() - start < SECONDS:
        done, _ = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(read)
        return mutant, "time"
    verdict = os.read(read, 1000).decode()
    os.close(read)
    return mutant, verdict


def tried(mutant: Mutant) -> tuple[Mutant, str]:
    """A trial, once more if it broke down by itself."""
    result = trial(mutant)
    return trial(mutant) if result[1].startswith(("exception", "crash")) else result


def main(names: list[str]) -> int:
    import op_table  # noqa: F401

    from autograd import ops

    names = names or list(ops.__all__)
    every = [m for name in names for m in mutants(ROOT / "autograd" / f"{name}.py")]
    print(f"{len(every)} mutants of {', '.join(names)}", flush=True)
    for name in names:  # the tests pass on what is not changed, or nothing here means anything
        path = ROOT / "autograd" / f"{name}.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if verdict := tried(Mutant(path, tree, tree.body[0], "no change"))[1]:
            print(f"{name}.py fails as it is: {verdict}")
            return 2
    survivors = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, (mutant, verdict) in enumerate(pool.map(tried, every), 1):
            if not verdict:
                survivors.append(mutant)
                print(f"SURVIVED {mutant}", flush=True)
            if i % 50 == 0:
                print(f"  {i} tried, {len(survivors)} survived", flush=True)
    print(f"{len(every)} mutants tried, {len(survivors)} survived")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
