"""A run's own page, report.html: self-contained, for a screen or a phone, by day or night.

Other files of the command line write theirs with `page`; `write` is what `train` does.
"""

from __future__ import annotations

import base64
import datetime
import json
import platform
import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from autograd import __version__

from .. import plot
from ..files import replacing
from ..training.curves import curves

__all__ = ["command", "date", "details", "duration", "figure", "page", "read", "told", "versions"]

RECORD = "run.json"  #: What a run's folder says of it, for `runs` and for the run after it.
_TYPES = {".png": "image/png", ".gif": "image/gif", ".svg": "image/svg+xml"}


def figure(name: str, x: Any) -> str:
    """A number as it is told: a share, such as an accuracy, as a percentage; seconds as a time."""
    if isinstance(x, str):
        return x
    if "accuracy" in name:
        return plot.percent(x)
    if name.endswith("seconds") or name.startswith("time"):
        return duration(x)
    if isinstance(x, int) or float(x).is_integer():
        return f"{int(x):,}"
    return f"{x:.4g}"


def duration(seconds: float) -> str:
    """A time as people say it: 4.1 ms, 2.3 s, 3 min 20 s."""
    if seconds < 1:
        return f"{1000 * seconds:.2g} ms" if seconds < 0.01 else f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def date(iso: str) -> str:
    """A moment as people write it: 1 December 2026, 16:05."""
    moment = datetime.datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def now() -> str:
    """What `date` takes, of this moment."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def command(arguments: Sequence[str]) -> str:
    """The command that does the same again."""
    return shlex.join(["python", "-m", "nn", *arguments])


def versions() -> dict[str, str]:
    """What ran it: the library, NumPy, Python, and the machine."""
    try:
        drawn = metadata.version("matplotlib")
    except metadata.PackageNotFoundError:
        drawn = "not installed"
    return {
        "plaingrad": __version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "Matplotlib": drawn,
        "machine": f"{platform.system()} {platform.machine()}",
    }


def told(record: Mapping[str, Any]) -> str:
    """A run in a few words: what, how well, when."""
    numbers = {k: v for k, v in record["numbers"].items() if k.startswith("test")}
    well = "".join(f", {name} {figure(name, x)}" for name, x in list(numbers.items())[:1])
    return f"{record['model']}{well}, of {date(record['date'])}"


def read(folder: Path) -> dict[str, Any] | None:
    """What a run's folder says of it; None if it says nothing that we understand."""
    try:
        record = json.loads(Path(folder, RECORD).read_text(encoding="utf-8"))
        told(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(record)


def save(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all."""
    with replacing(path) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def details(record: Mapping[str, Any], history: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """The blocks of a report of a training, by their headings: for `page`."""
    blocks = {}
    if record.get("lines"):
        blocks["What it makes"] = f"<pre>{escape(chr(10).join(record['lines']))}</pre>"
    if len(history.get("epoch", ())):
        blocks["While it learned"] = f'<div class="curves">{_curves(history)}</div>' + _epochs(
            history
        )
    return blocks


def _curves(history: Mapping[str, Sequence[float]]) -> str:
    """A picture for each quantity, so that they stand below one another on a phone."""
    names = dict.fromkeys(k.removeprefix("validation_") for k in history)
    drawn = []
    for name in names:
        if name not in ("epoch", "seconds"):
            own = ("epoch", name, f"validation_{name}")
            drawn.append(curves({k: history[k] for k in own if k in history}))
    return "".join(drawn)


def _epochs(history: Mapping[str, Sequence[float]]) -> str:
    """The numbers of about a dozen epochs, with the first and the last."""
    n = len(history["epoch"])
    some = sorted({round(i) for i in np.linspace(0, n - 1, min(n, 12))})
    names = list(history)
    heads = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{figure(name, history[name][i])}</td>" for name in names) + "</tr>"
        for i in some
    )
    each = duration(statistics.median(history["seconds"]))
    return (
        f"<details><summary>{n:,} epochs, {each} each (the median): the numbers</summary>"
        f'<div class="wide"><table class="numbers"><tr>{heads}</tr>{rows}</table></div></details>'
    )


def page(
    path: Path,
    title: str,
    summary: str,
    *,
    numbers: Mapping[str, Any],
    blocks: Mapping[str, str] | None = None,
    pictures: Iterable[tuple[Path, str]] = (),
    settings: Mapping[str, Any] | None = None,
    again: str = "",
    made: str = "",
) -> None:
    """Write a report.

    Parameters
    ----------
    path
        of the file.
    title, summary
        what was done, as a heading and in a sentence or two.
    numbers
        the few that matter most, by name, shown large.
    blocks
        what else there is, as HTML, by heading.
    pictures
        files of pictures, to be put into the page, each with what it shows.
    settings
        what was chosen, by name.
    again
        the command that repeats it.
    made
        when, as `date` takes it; by default now.
    """
    tiles = "".join(
        f"<div><b>{escape(figure(name, x))}</b><span>{escape(name)}</span></div>"
        for name, x in numbers.items()
    )
    parts = [f'<section class="tiles">{tiles}</section>'] if tiles else []
    parts += [
        f"<section><h2>{escape(h)}</h2>{body}</section>" for h, body in (blocks or {}).items()
    ]
    shown = "".join(_picture(file, caption) for file, caption in pictures)
    if shown:
        parts.append(f'<section><h2>Pictures</h2><div class="pictures">{shown}</div></section>')
    if settings:
        parts.append(f"<section><h2>What was chosen</h2>{_pairs(settings)}</section>")
    if again:
        shown = f'<pre class="command">{escape(again)}</pre>'
        parts.append(f"<section><h2>To repeat it</h2>{shown}</section>")
    parts.append(f"<section><h2>What ran it</h2>{_pairs(versions())}</section>")
    text = _PAGE.format(
        title=escape(title), summary=escape(summary), style=_STYLE, body="\n".join(parts),
        made=date(made or now()), version=__version__,
    )  # fmt: skip
    with replacing(path) as file:
        file.write(text.encode())


def _picture(file: Path, caption: str) -> str:
    content = Path(file).read_bytes()
    data = base64.b64encode(content).decode()
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))  # of a PNG
    wide = ' class="whole"' if file.suffix == ".png" and width > 1.35 * height else ""
    source = f"data:{_TYPES[Path(file).suffix]};base64,{data}"
    return (
        f'<figure{wide}><img src="{source}" alt="{escape(caption)}" loading="lazy">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _pairs(values: Mapping[str, Any]) -> str:
    rows = (
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in values.items()
    )
    return f"<dl>{''.join(rows)}</dl>"


_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --grey: #566270; --rule: #dde2e7;
  --page: #ffffff; --card: #f5f7f9; --accent: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --grey: #a3aeb9; --rule: #37424d;
  --page: #14191e; --card: #1e252c; --accent: #6fb7e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .7rem; }
p { margin: 0 0 1rem; max-width: 46rem; } header p { color: var(--grey); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .7rem;
  margin-top: 1.4rem; }
.tiles div { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; }
.tiles b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--grey); font-size: .88rem; }
.curves { display: flex; flex-wrap: wrap; gap: .8rem 2rem; }
.curves svg { max-width: 100%; height: auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr));
  gap: 1.1rem; align-items: start; }
figure { margin: 0; } .whole { grid-column: 1 / -1; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto;
  background: #fff; border: 1px solid var(--rule); border-radius: .5rem; padding: .4rem; }
figcaption { color: var(--grey); font-size: .9rem; margin-top: .4rem; }
pre { background: var(--card); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto;
  font: .88rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: 0; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.4rem; margin: 0; }
dt { color: var(--grey); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: .8rem; } summary { cursor: pointer; color: var(--accent); }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin-top: .6rem; }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--rule); text-align: left; }
.numbers th, .numbers td { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
th { color: var(--grey); font-weight: 500; font-size: .9rem; }
footer { color: var(--grey); font-size: .88rem; margin-top: 2.5rem; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<main>
<header><h1>{title}</h1><p>{summary}</p></header>
{body}
<footer>Written by plaingrad {version}, {made}.</footer>
</main>
</html>
"""
