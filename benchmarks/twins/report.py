"""What was measured, as a table and as a picture."""

import platform
import re
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import lines as python_lines
from nn.plot import GREY, INK, PALETTE

from .run import COMPILER

BASE = "NumPy by hand"


def lines(path):
    """Lines of code: neither blank nor of comments or docstrings alone."""
    if path.suffix == ".py":
        return python_lines.count(path)
    # A string is matched first, so that // within one starts no comment. Ends of lines stay.
    pattern = r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/'
    code = re.sub(
        pattern,
        lambda found: found[1] or "\n" * found[0].count("\n"),
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    return sum(bool(line.strip()) for line in code.splitlines())


def table(lines, times):
    """A row for each twin; `times` holds the seconds of an epoch, by batch and twin."""
    head = f"{'':15}{'lines of code':>14}"
    for batch in times:
        head += f"{f'batch {batch}: ms':>17}{'/ NumPy':>10}"
    rows = [head]
    for name, count in lines.items():
        row = f"{name:15}{count:14}"
        for seconds in times.values():
            row += f"{1000 * seconds[name]:17,.1f}{seconds[name] / seconds[BASE]:10.3g}"
        rows.append(row)
    return "\n".join(rows)


def machine():
    """The processor, the versions and the day."""
    parts = [_processor(), platform.system(), f"Python {platform.python_version()}"]
    for name, package in (("NumPy", "numpy"), ("PyTorch", "torch")):
        try:
            parts.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            continue
    try:
        done = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True)
        parts.append(done.stdout.splitlines()[0])
    except (OSError, subprocess.CalledProcessError):
        pass
    return ", ".join([*parts, str(date.today())])


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*: (.*)", cpuinfo.read_text())):
        return found[1]
    return platform.processor() or platform.machine()


def picture(lines, times, what, path):
    """Seconds of an epoch on a log axis, and lines of code beside them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 0.72 * len(lines) + 1.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    names, thick = list(lines), 0.8 / len(times)
    for k, (batch, seconds) in enumerate(times.items()):
        places = [i + thick * (k - (len(times) - 1) / 2) for i in range(len(names))]
        values = [seconds[name] for name in names]
        bars = left.barh(
            places, values, 0.92 * thick, color=PALETTE[k], label=f"batches of {batch}", log=True
        )
        left.bar_label(bars, [_duration(s) for s in values], padding=4, color=INK, fontsize=9)
    bars = right.barh(names, list(lines.values()), 0.5, color=GREY)
    right.bar_label(bars, padding=4, color=INK, fontsize=9)

    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    low, high = left.get_xlim()
    left.set_xlim(low / 1.5, high * 3)
    right.set_xlim(0, 1.25 * max(lines.values()))
    left.xaxis.set_major_formatter(lambda s, _: _duration(s))
    left.set_title(f"Time of an epoch of {what}, log scale", loc="left", fontsize=10, color=INK)
    right.set_title("Lines of code", loc="left", fontsize=10, color=INK)
    left.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=GREY)
    for ax in (left, right):
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(colors=GREY, labelsize=9, length=0, which="both")
    left.tick_params(axis="y", labelsize=11, labelcolor=INK)
    right.set_xticks([])
    right.spines["bottom"].set_visible(False)
    figure.suptitle(
        "One network, 784-16-16-10, five ways: the same losses to nine digits",
        x=0.01, ha="left", color=INK, weight="bold",
    )  # fmt: skip
    figure.supxlabel(
        f"float64, one thread, CPU time; {machine()}", x=0.01, ha="left", color=GREY, size=7.5
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def _duration(seconds):
    """1.2 s, or 34 ms."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
