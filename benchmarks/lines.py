"""Lines of code by file, without blank lines, comments and docstrings: `make lines`."""

import ast
import io
import tokenize
from pathlib import Path

HEART = [
    "autograd/core/tensor.py", "autograd/core/op.py", "autograd/core/node.py",
    "autograd/core/engine.py", "autograd/core/backward.py",
]  # fmt: skip
SKIPPED = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


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


def main() -> None:
    root = Path(__file__).parents[1]
    for package in ("autograd", "nn", "optim"):
        counts = {path: count(path) for path in sorted((root / package).rglob("*.py"))}
        for path, lines in counts.items():
            print(f"{lines:6}  {path.relative_to(root)}")
        print(f"{sum(counts.values()):6}  {package}\n")
    print(f"{sum(count(root / path) for path in HEART):6}  the heart: {', '.join(HEART)}")


if __name__ == "__main__":
    main()
