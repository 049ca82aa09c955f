"""For the documentation: our short docstrings as Markdown."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe


def markdown(text: str) -> str:
    """Sections as bold lines, arguments as a list, drawings and examples as code."""
    text = re.sub(r"(?<=\n\n)(?: +\S.*\n?)+", _drawing, text.replace("::\n", ":\n"))
    text = re.sub(r" *# doctest: .*", "", text)
    text = re.sub(r"(?<=\n\n)(\|.*\n)", _head, text)
    lines: list[str] = []
    section, code = "", False
    for line in text.splitlines():
        if re.fullmatch(r"-{3,}", line.strip()) and lines:
            section = lines.pop()
            lines += ["", f"**{section}**", ""]
            continue
        if line.startswith(">>> ") and not code:
            lines += ["", "```python"]
            code = True
        elif code and not line.strip():
            lines.append("```")
            code = False
        if not code and section in ("Parameters", "Raises", "Returns", "Attributes", "Warns"):
            if found := re.match(r"(\*{0,2}\w[\w*, ]*) : (.*)", line):
                line = f"- `{found[1]}`: {found[2]}"
            elif line and not line.startswith(" ") and lines and not lines[-1]:
                lines.append("")
        lines.append(line)
    return "\n".join([*lines, "```"] if code else lines)


def _drawing(match: re.Match[str]) -> str:
    """An indented paragraph, as it is: Markdown asks for at least four spaces."""
    return f"```text\n{textwrap.dedent(match[0]).rstrip()}\n```\n"


def _head(match: re.Match[str]) -> str:
    """A table without a head, to which Markdown asks one."""
    columns = match[0].count("|") - 1
    return "| " * columns + "|\n" + "|---" * columns + "|\n" + match[0]


class Docstrings(griffe.Extension):
    """Rewrites every docstring that mkdocstrings is about to show."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for each object it has read."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)
