"""Run the notebooks of the course from top to bottom: `make notebooks`.

    python run.py                     run all, and write their outputs into them
    python run.py 03 07               some of them, by the beginning of the name
    python run.py --check             run, write nothing, fail where an output has changed
    python run.py --check --short     the same in the short form, as continuous integration does
    python run.py --pictures FOLDER   write the figures that are in the notebooks, as files

Each notebook runs in a kernel of its own, with one thread. Outputs are the same at every run: what
differs (times) stands in cells with the tag "times", and is not compared. Cells with the tag "long"
depend on how long was trained: they are not compared in the short form, and roughly in the full
one. A notebook may print nothing on stderr: warnings are faults here. After the last cell, the
solution of each exercise is put in the place of its stub, and has to be found right.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
UNSEEN = re.compile(r"<(style|script|noscript|head)\b.*?</\1>|<[^>]*>", re.DOTALL)
STILL = re.compile(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]*)"[^>]*>')
SOLUTION = re.compile(r"<details>\s*<summary>Solution.*?```python\n(.*?)```", re.DOTALL)
CLOSE, ROUGH = 1e-4, 0.1  # how far a number may be from the committed one; in a cell tagged "long"
PALETTE = 255


def tags(cell: Any) -> list[str]:
    """The tags of a cell."""
    return cell["metadata"].get("tags", [])


def text(value: Any) -> str:
    """A text that may have come as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def exercises(cells: list[Any]) -> Iterator[tuple[str, Any, str]]:
    """The number of each exercise, the cell that looks at its answer, and its solution."""
    stub = answer = None
    for cell in cells:
        if "exercise" in tags(cell):
            if stub is not None:
                raise ValueError(f"no solution follows the exercise:\n{text(stub['source'])}")
            stub = cell
        elif "answer" in tags(cell):
            answer = cell
        elif cell["cell_type"] == "markdown" and (found := SOLUTION.search(text(cell["source"]))):
            if stub is None or answer is None:
                raise ValueError(f"a solution without an exercise:\n{found[1]}")
            number = re.search(r"exercise\(\s*\"([\d.]+\w*)\"", text(answer["source"]))
            yield number[1] if number else "?", answer, found[1]
            stub = answer = None
    if stub is not None:
        raise ValueError(f"no solution follows the exercise:\n{text(stub['source'])}")


def links(cells: list[Any]) -> list[str]:
    """The files of the project that the text links to."""
    written = "\n".join(text(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    written = re.sub(
        r"```.*?```|`[^`]*`", "", written.replace("[`", "[").replace("`]", "]"), flags=re.DOTALL
    )
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", written)
    return [link for link in found if "://" not in link]


# What is compared


def said(output: Any) -> str:
    """An output as one reads it; of a picture, that there is one."""
    data = output.get("data", {})
    if output["output_type"] == "stream":
        return text(output["text"])
    if "image/png" in data:
        return "[picture]"
    if "text/html" in data:
        whole = STILL.sub(_drawn, html.unescape(text(data["text/html"])))
        seen = html.unescape(UNSEEN.sub("\n", whole))
        return re.sub(r"\s*\n\s*", "\n", seen)
    return text(data.get("text/plain", ""))


def _drawn(still: re.Match[str]) -> str:
    """The source of a picture that stands in a page."""
    return base64.b64decode(still[1]).decode()


def difference(old: str, new: str, tol: float) -> str:
    """Where two texts differ by more than the last digits of their numbers; "" if nowhere."""
    old_lines, new_lines = old.splitlines(), new.splitlines()
    for before, after in zip(old_lines, new_lines, strict=False):
        if NUMBER.sub("#", before) != NUMBER.sub("#", after):
            return f"- {before}\n+ {after}"
        for x, y in zip(NUMBER.findall(before), NUMBER.findall(after), strict=True):
            a, b = (float(z.replace(",", "")) for z in (x, y))
            digits, _, power = x.lower().partition("e")
            unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
            last = 1.01 * unit if "." in x else 0  # rounding may fall to either side
            if abs(a - b) > max(tol * max(abs(a), abs(b)), last):
                return f"- {before}\n+ {after}"
    if len(old_lines) != len(new_lines):
        return f"{len(old_lines)} lines before, {len(new_lines)} now"
    return ""


def changes(old: Any, new: Any, short: bool) -> list[str]:
    """What a run says differently from the committed notebook."""
    found = []
    for i, (before, after) in enumerate(zip(old["cells"], new["cells"], strict=True), 1):
        if before["cell_type"] != "code" or "times" in tags(before):
            continue
        if "long" in tags(before) and short:
            continue
        told = ["\n".join(map(said, cell["outputs"])) for cell in (before, after)]
        if told[0] != told[1]:
            where = difference(*told, ROUGH if "long" in tags(before) else CLOSE)
            if where:
                found.append(f"cell {i} ({text(before['source']).splitlines()[0]}):\n{where}")
    return found


# Running


def run(path: Path, short: bool) -> tuple[Any, list[str]]:
    """The notebook with new outputs, and what is wrong with it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    os.environ.update(one, PYTHONHASHSEED="0", PLAINGRAD_SHORT="1" if short else "0")
    os.environ.pop("MPLBACKEND", None)
    above = str(FOLDER.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [above, os.environ.get("PYTHONPATH")]))
    where = {"metadata": {"path": str(FOLDER)}}
    quiet = ["--log-level=ERROR"]  # it warns that it listens on a port
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=600, resources=where, extra_arguments=quiet
    )
    wrong = []
    try:
        with client.setup_kernel():
            for i, cell in enumerate(notebook.cells):
                client.execute_cell(cell, i)
            normalise(notebook)
            for number, answer, solution in exercises(notebook.cells):
                verdict = ""
                for code in (solution, text(answer["source"])):
                    cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
                    notebook.cells.append(cell)
                    client.execute_cell(cell, len(notebook.cells) - 1)
                    notebook.cells.pop()
                    verdict = "".join(map(said, cell.outputs))
                if f"{number}: right." not in verdict:
                    wrong.append(f"the solution of {number} is not found right: {verdict}")
    except (CellExecutionError, ValueError) as error:
        return notebook, [str(error)]
    for i, cell in enumerate(notebook.cells, 1):
        outputs = [o for o in cell.get("outputs", []) if o.get("name") == "stderr"]
        wrong += [f"cell {i} prints on stderr: {text(output['text'])}" for output in outputs]
    return notebook, wrong


def normalise(notebook: Any) -> None:
    """Leave nothing in it that differs from run to run, and make the pictures small."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    count = 0
    for i, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{i}"
        cell["metadata"] = {"tags": tags(cell)} if tags(cell) else {}
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            cell["outputs"] = _joined(cell["outputs"])
            for output in cell["outputs"]:
                if "execution_count" in output:
                    output["execution_count"] = count
                if "image/png" in output.get("data", {}):
                    output["data"]["image/png"] = _smaller(output["data"]["image/png"])


def _joined(outputs: list[Any]) -> list[Any]:
    """Neighbouring pieces of one stream as one: how they come in pieces is chance."""
    joined: list[Any] = []
    for output in outputs:
        if output["output_type"] == "stream" and joined:
            last = joined[-1]
            if last["output_type"] == "stream" and last["name"] == output["name"]:
                last["text"] = text(last["text"]) + text(output["text"])
                continue
        joined.append(output)
    return joined


def _smaller(png: str) -> str:
    """A picture with a palette, as far as one is enough: a third of the bytes."""
    from PIL import Image

    picture: Any = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture = picture.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def pictures(path: Path, folder: Path) -> None:
    """Write the figures of a notebook as files, and its pages of HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            count += 1
            name = folder / f"{path.stem}-{count:02}"
            if "image/png" in data:
                name.with_suffix(".png").write_bytes(base64.b64decode(text(data["image/png"])))
            elif "text/html" in data:
                name.with_suffix(".html").write_text(text(data["text/html"]), encoding="utf-8")


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of names; all, if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing, compare the outputs")
    parser.add_argument("--short", action="store_true", help="train less; only with --check")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="write the figures there")
    chosen = parser.parse_args()
    if chosen.short and not chosen.check:
        parser.error("--short only with --check: what is committed is the full form")
    paths = sorted(FOLDER.glob("[0-9]*.ipynb"))
    if chosen.names:
        paths = [path for path in paths if path.name.startswith(tuple(chosen.names))]
    if not paths:
        parser.error(f"no notebook begins with {' or '.join(chosen.names) or 'a number'}")
    failed = 0
    for path in paths:
        if chosen.pictures:
            pictures(path, chosen.pictures)
            continue
        start = time.perf_counter()
        notebook, wrong = run(path, chosen.short)
        if chosen.check and not wrong:
            old = json.loads(path.read_text(encoding="utf-8"))
            wrong = changes(old, notebook, chosen.short)
        print(f"{path.stem:32} {time.perf_counter() - start:5.1f} s  {'FAILED' if wrong else 'ok'}")
        for line in wrong:
            print(f"  {line}", file=sys.stderr)
        failed += bool(wrong)
        if not chosen.check and not wrong:
            import nbformat

            nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
