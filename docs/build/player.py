"""For the documentation: the backward pass that one can step through on the landing page.

A hook of mkdocs. The same lines are on the landing page; what they make is a page of its own,
player.html, which the landing page shows in a frame.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]


def code() -> str:
    """The landing page's example, without the line that opens it in a browser."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```$", index, re.MULTILINE | re.DOTALL)
    return blocks[0]


def player() -> str:
    """The page that `explain.steps(loss).save("steps.html")` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "steps.html")
        example = code().replace('"steps.html"', repr(str(path)))
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(example, "docs/index.md", "exec"), {})
        return path.read_text(encoding="utf-8")


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs with the files of docs/: here is one more."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "player.html", content=player()))
    return files
