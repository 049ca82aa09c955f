"""Lines by folder and file, of code and with docstrings: `make lines`.

Code is what is left without blank lines, comments and docstrings. `--check` fails if the heart,
which is to be read in one sitting, has become longer than it may.
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from functools import cache
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = "node", "tensor", "op", "record", "engine", "backward"  # in the order to read them
HEART = [path for name in FILES if (path := ROOT / f"autograd/core/{name}.py").exists()]
HEART_LIMIT = 707  # lines with docstrings: what a reader goes through
SKIPPED = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


@cache
def count(path: Path) -> int:
    """The number of lines of `path` that hold code."""
    source = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SKIPPED:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def whole(path: Path) -> int:
    """The number of its lines, docstrings and all."""
    return len(path.read_text(encoding="utf-8").splitlines())


def show(paths: list[Path], name: str) -> None:
    print(f"{sum(map(count, paths)):7} {sum(map(whole, paths)):7}  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only see whether the heart fits")
    if not parser.parse_args().check:
        print(f"{'code':>7} {'whole':>7}")
        for package in "autograd", "nn", "optim":
            paths = sorted((ROOT / package).rglob("*.py"), key=lambda path: (path.parent, path))
            for folder, files in groupby(paths, lambda path: path.parent):
                inside = list(files)
                for path in inside:
                    show([path], f"  {path.name}")
                show(inside, f"{folder.relative_to(ROOT)}/\n")
            show(paths, f"{package}, all\n")
    show(HEART, f"the heart, autograd/core/: {', '.join(path.stem for path in HEART)}")
    if (lines := sum(map(whole, HEART))) > HEART_LIMIT:
        raise SystemExit(
            f"The heart has {lines} lines, and may have {HEART_LIMIT}: move what a first reading "
            "does not need out of it, into a file beside it."
        )


if __name__ == "__main__":
    main()
