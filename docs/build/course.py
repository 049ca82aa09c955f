"""For the documentation: the course, a page for each of the notebooks.

A hook of mkdocs. The pages are made when the site is built, of the notebooks as they are committed,
with their outputs: nothing is run. notebooks/README.md, the syllabus, is the first of them.

Markdown stays Markdown; what is no Markdown (outputs, and the boxes around exercises and solutions)
is kept aside behind a comment, `<!--course 7-->`, and put in its place in the finished page.
"""

from __future__ import annotations

import base64
import html
import json
import re
import struct
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
BLOB = "https://github.com/plaingrad/plaingrad/blob/main"
#: A formula with a space before its dollar: mathematics to Jupyter, prices to the site.
SPACED = re.compile(r"(?<![\\$])\$ *([^$\n`]*\\[^$\n`]*?) *\$(?!\$)")
Notebook = dict[str, Any]


def text_of(value: str | list[str] | None) -> str:
    """What a notebook keeps as one string or as a list of lines."""
    return "".join(value or [])


def notebooks(folder: Path = NOTEBOOKS) -> dict[str, Notebook]:
    """{01_name: the notebook}, in the order of the course."""
    paths = sorted(folder.glob("[0-9]*.ipynb"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def title_of(notebook: Notebook) -> str:
    """The heading of the first cell."""
    for cell in notebook["cells"]:
        if match := re.search(r"^# (.+)$", text_of(cell["source"]), re.MULTILINE):
            return match[1].strip()
    return "Untitled"


def relink(text: str, names: list[str]) -> str:
    """Links as they are from a page in course/ instead of from a file in notebooks/."""

    def link(match: re.Match[str]) -> str:
        path, hash, anchor = match[1].partition("#")
        if re.match(r"\w+:|#", match[1]) or not match[1]:
            return match[0]
        if path.removesuffix(".ipynb") in names:
            path = path.removesuffix(".ipynb") + ".md"
        elif path.startswith("../docs/"):
            path = "../" + path.removeprefix("../docs/")
        elif path == "README.md":
            path = "index.md"
        else:
            path = f"{BLOB}/" + (
                path.removeprefix("../") if path[:3] == "../" else f"notebooks/{path}"
            )
        return f"]({path}{hash}{anchor})"

    return re.sub(r"\]\(([^)\s]+)\)", link, text)


class Page:
    """One notebook as a page: its Markdown, the HTML kept aside for it, and its pictures."""

    def __init__(self, name: str, notebook: Notebook, names: list[str]) -> None:
        self.name, self.names = name, names
        self.aside: list[str] = []
        self.pictures: dict[str, bytes] = {}
        self.heading, self.in_exercise = title_of(notebook), False
        lines = [self.cell(cell) for cell in notebook["cells"]]
        if self.in_exercise:
            lines.append(self.put("</div>"))
        self.markdown = "\n\n".join(lines)

    def put(self, what: str) -> str:
        """Keep HTML aside; the comment that stands for it."""
        self.aside.append(what)
        return f"\n\n<!--course {len(self.aside) - 1}-->\n\n"

    def restore(self, content: str) -> str:
        """The finished page, with all that was kept aside in its place."""
        return re.sub(r"<!--course (\d+)-->", lambda m: self.aside[int(m[1])], content)

    def cell(self, cell: Any) -> str:
        """A cell, and what it gave."""
        source = text_of(cell["source"])
        if cell["cell_type"] == "markdown":
            parts = re.split(r"(?m)^(?=#+ +Exercise\b)", source)
            return "\n\n".join(map(self.prose, parts))
        if cell["cell_type"] != "code" or not source.strip():
            return ""
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", source)), default=0))
        made = "".join(self.output(output) for output in cell.get("outputs", []))
        code = f"{fence}python\n{source.rstrip()}\n{fence}"
        return code + (
            self.put(f'<div class="made" data-search-exclude>{made}</div>') if made else ""
        )

    def prose(self, source: str) -> str:
        """A cell of Markdown; an exercise goes into a box, which ends with its solution."""
        before = after = ""
        exercise = re.match(r"#+ +Exercise\b", source)
        if self.in_exercise and (exercise or re.match(r"##? ", source)):
            before, self.in_exercise = self.put("</div>"), False
        if exercise:
            before, self.in_exercise = before + self.put('<div class="exercise">'), True
        if self.in_exercise and "</details>" in source:
            head, end, rest = source.rpartition("</details>")
            source, after, self.in_exercise = head + end, self.put("</div>") + rest, False

        def open_(match: re.Match[str]) -> str:
            return self.put(f'<details class="solution"><summary>{match[1].strip()}</summary>')

        source = re.sub(
            r"<details[^>]*>\s*<summary>(.*?)</summary>", open_, source, flags=re.DOTALL
        )
        source = re.sub(SPACED, r"$\1$", source)
        source = re.sub(r"</details>", lambda _: self.put("</details>"), source)
        source = re.sub(r"^# .+\n", lambda m: m[0] + self.links(), source + "\n", count=1)
        return before + relink(source, self.names) + relink(after, self.names)

    def links(self) -> str:
        """Under the title: where the notebook itself is."""
        return self.put(
            f'<p class="notebook"><a href="{self.name}.ipynb" download>Download the notebook</a> '
            f'<a href="{BLOB}/notebooks/{self.name}.ipynb">On GitHub</a></p>'
        )

    def output(self, output: Any) -> str:
        """One output of a cell, as HTML."""
        kind = output["output_type"]
        if kind == "stream":
            return pre(text_of(output["text"]), output["name"])
        if kind == "error":
            return pre("\n".join(output["traceback"]), "stderr")
        data = output.get("data", {})
        if "text/html" in data:
            return frame_or_html(text_of(data["text/html"]))
        if "image/svg+xml" in data:
            return f'<div class="drawing">{text_of(data["image/svg+xml"])}</div>'
        for kind in ("image/png", "image/jpeg", "image/gif"):
            if kind in data:
                return self.picture(base64.b64decode(text_of(data[kind])), kind.partition("/")[2])
        return pre(text_of(data.get("text/plain")), "stdout")

    def picture(self, content: bytes, kind: str) -> str:
        """A picture becomes a file beside the page."""
        path = f"{self.name}/{len(self.pictures) + 1}.{kind}"
        self.pictures[path] = content
        alt = f"Figure {len(self.pictures)} of {self.heading}"
        return f'<img src="{path}" alt="{html.escape(alt)}"{size(content)} loading="lazy">'


def size(content: bytes) -> str:
    """Width and height of a PNG, so that a page keeps its place while pictures come."""
    if content[:4] != b"\x89PNG" or len(content) < 24:
        return ""
    width, height = struct.unpack(">II", content[16:24])
    return f' width="{width}" height="{height}"'


def pre(text: str, name: str) -> str:
    """Text as a terminal shows it, without its colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip("\n")
    return f'<pre class="{name}">{html.escape(text)}</pre>' if text else ""


def frame_or_html(text: str) -> str:
    """HTML of an output as it is; a whole document in a frame of its own."""
    if not re.search(r"(?i)<(!doctype|html|body)\b", re.sub(r"(?s)srcdoc=\"[^\"]*\"", "", text)):
        return f'<div class="shown">{text}</div>'
    frame = f'<iframe class="fits" srcdoc="{html.escape(text)}" title="To step through"></iframe>'
    return f'<div class="shown">{frame}</div>'


def syllabus(folder: Path, names: list[str]) -> str:
    """The first page of the course."""
    path = folder / "README.md"
    if path.exists():
        return relink(path.read_text(encoding="utf-8"), names)
    return "# Course\n\nThe notebooks are in the making.\n"


PAGES: dict[str, Page] = {}


def on_config(config: Any) -> Any:
    """Called by mkdocs first: the course's pages take their place in the navigation."""
    PAGES.clear()
    found = notebooks()
    PAGES.update({name: Page(name, notebook, list(found)) for name, notebook in found.items()})
    pages = [{page.heading: f"course/{name}.md"} for name, page in PAGES.items()]
    for entry in config.nav or []:
        if entry.get("Course") == "course":
            entry["Course"] = ["course/index.md", *pages]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs with the files of docs/: here are more."""
    from mkdocs.structure.files import File

    def add(path: str, content: str | bytes) -> None:
        files.append(File.generated(config, f"course/{path}", content=content))

    add("index.md", syllabus(NOTEBOOKS, list(PAGES)))
    for name, page in PAGES.items():
        add(f"{name}.md", page.markdown)
        add(f"{name}.ipynb", (NOTEBOOKS / f"{name}.ipynb").read_bytes())
        for path, content in page.pictures.items():
            add(path, content)
    return files


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Called by mkdocs with the HTML of each page."""
    folder, _, name = page.file.src_uri.removesuffix(".md").rpartition("/")
    return PAGES[name].restore(content) if folder == "course" and name in PAGES else content
