"""Tables of the measurements: `python -m benchmarks.report results.json` prints them.

With `--charts FOLDER` the pictures are drawn there as well. Every ratio says of which PyTorch, on
how many threads, on which machine; it is the median of the ratios round by round, as all libraries
take turns in a round, and so share what else the machine is doing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .peers import PEERS

Results = dict[str, Any]  # results.json
Entry = dict[str, Any]  # one of its "steps"

#: The rows of the chart, in its order, and what they are called there. Other rows are in a table.
ROWS = {
    "scalars": "graph of 10,000 scalar ops",
    "chain-small": "1,000 ops on 10-vectors",
    "chain-large": "100 ops on 1e6-vectors",
    "toy": "toy 2-3-2, SGD",
    "seed": "784-16-16-10, SGD",
    "mlp": "MLP 784-128-64-10, Adam",
    "wide": "MLP 784-2048-2048-10, Adam",
    "cnn": "CNN 16-32 on 28x28, Adam",
    "resnet": "ResNet-8 on 32x32, SGD",
    "vae": "VAE 784-400-20, Adam",
    "lstm": "LSTM 64→128, 32 steps, Adam",
    "gpt": "GPT 4x128, 64 tokens, AdamW",
    "squared-norm": "grad of a squared grad norm",
}
EAGER = "pytorch"
#: What PyTorch offers beyond its defaults: its best is the fastest of these.
VARIANTS = (EAGER, "pytorch-fused", "pytorch-channels-last", "pytorch-compile")

STEP = """## A training step

Milliseconds, medians. Ratios are medians of the rounds (quartiles), and of the fastest steps; below
1 plaingrad is faster.
PyTorch eager: its defaults; its best: the fastest of eager, fused optimizer, channels_last and
torch.compile, whichever were run. kept: with PLAINGRAD_KEEP_MEMORY=1e9. MB: what the process grew
by at its peak."""
START = """## Starting

import: in a fresh process, without Python's own start. first step: from the same moment to the end
of a first training step (784-128-64-10, batch 128, Adam). epoch: 60,000 images of 784 numbers in a
new order from the library's loader, in batches of 128 with which nothing is done."""
GROWTH = """## How cost grows

The exponent p of time ~ size^p, over the larger half of the sizes."""


def cases(results: Results) -> dict[tuple[str, int], dict[str, Entry]]:
    """{(row, threads): {peer: its entry of `steps`}}, rows of the chart first."""
    order = list(ROWS)
    found: dict[tuple[str, int], dict[str, Entry]] = {}
    for entry in results["steps"]:
        found.setdefault((entry["row"], entry["threads"]), {})[entry["peer"]] = entry

    def place(case: tuple[str, int]) -> tuple[int, str, int]:
        row, threads = case
        return order.index(row) if row in order else len(order), row, threads

    return {case: found[case] for case in sorted(found, key=place)}


def quartiles(values: Any) -> tuple[float, float, float]:
    """The median of `values` and their quartiles: (median, low, high)."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float(middle), float(low), float(high)


def ratio(mine: Entry, other: Entry) -> tuple[float, float, float]:
    """The time of one entry over another's, round by round: (median, low, high)."""
    return quartiles(np.divide(mine["times_ms"], other["times_ms"]))


def best(peers: dict[str, Entry]) -> Entry | None:
    """The entry of the fastest PyTorch among `peers`, None if there is none."""
    variants = [peers[name] for name in VARIANTS if name in peers]
    return min(variants, key=lambda entry: entry["median_ms"], default=None)


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The exponent p of time ~ size**p, fitted to the larger half of the sizes.

    At small sizes a step costs what its ops cost however little they do: that half would show the
    overhead, not the growth.
    """
    order = np.argsort(sizes)[len(sizes) // 2 :]
    x, y = (np.log(np.asarray(a, dtype=float)[order]) for a in (sizes, times))
    return float(np.polyfit(x, y, 1)[0])


def growths(results: Results) -> dict[str, dict[str, tuple[Any, ...]]]:
    """{what grows: {peer: (sizes, milliseconds)}}, sizes ascending."""
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for entry in results.get("growth", []):
        points = found.setdefault(entry["what"], {}).setdefault(entry["peer"], [])
        points.append((entry["size"], entry["ms"]))
    return {
        what: {peer: tuple(zip(*sorted(points), strict=True)) for peer, points in peers.items()}
        for what, peers in found.items()
    }


def where(results: Results, others: bool = True) -> str:
    """The line that every table and chart carries: date, machine, versions (of `others` too)."""
    m, versions = results["machine"], dict(results["versions"])
    numpy, torch = versions.pop("numpy", None), versions.pop("torch", None)
    memory = m.get("memory_gb")
    blas = " ".join(str(m[key]) for key in ("blas", "kernel") if m.get(key))
    parts = [
        results["date"],
        f"{m['cpu']}, {m['cores']} cores" + (f", {memory:.0f} GB" if memory else ""),
        f"{m['system'].partition('-')[0]}, Python {m['python']}",  # without the kernel's build
        f"NumPy {numpy}" + (f" ({blas})" if blas else ""),
        f"PyTorch {torch}" if torch else "no PyTorch",
        *(f"{name} {version}" for name, version in versions.items() if others),
    ]
    return "; ".join(parts)


def number(value: float | None) -> str:
    """Three digits, as people write them: 0.012, 1.23, 12.3, 1,234."""
    if value is None:
        return ""
    for least, form in ((99.95, ",.0f"), (9.995, ".1f"), (0.0995, ".2f")):
        if value >= least:
            return format(value, form)
    return format(value, ".2g")


def measured(entry: Entry | None, key: str) -> str:
    """A number of an entry, empty if there is none."""
    return number(None if entry is None else entry.get(key))


def spread(values: Sequence[float] | None) -> str:
    """A median with its quartiles, empty if there are none."""
    if values is None:
        return ""
    middle, low, high = map(number, values)
    return middle if low == middle == high else f"{middle} ({low}-{high})"


def markdown(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown that also reads well as plain text: numbers stand to the right."""
    cells = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: list[str]) -> str:
        first, *rest = (f"{c:<{w}}" if i == 0 else f"{c:>{w}}"
                        for i, (c, w) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        return "| " + " | ".join([first, *rest]) + " |"

    rule = ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line(cells[0]), line(rule), *map(line, cells[1:])])


def against(results: Results) -> str:
    """plaingrad beside PyTorch as it comes, PyTorch at its best, and NumPy by hand."""
    head = ["step", "threads", "plaingrad ms", "kept ms", "PyTorch ms", "over PyTorch eager",
            "fastest steps", "over its best", "which", "over by hand", "MB",
            "PyTorch MB"]  # fmt: skip
    rows = []
    for (row, threads), peers in cases(results).items():
        ours = peers.get("plaingrad")
        if ours is None:
            continue
        eager, top, kept = peers.get(EAGER), best(peers), peers.get("plaingrad-kept")
        to_eager, to_top, to_hand = (
            None if other is None else ratio(ours, other)
            for other in (eager, top, peers.get("by-hand"))
        )
        which = top["peer"].removeprefix("pytorch").strip("-") or "eager" if top else ""
        rows.append([
            row, threads, measured(ours, "median_ms"), measured(kept, "median_ms"),
            measured(eager, "median_ms"), spread(to_eager),
            number(eager and ours["best_ms"] / eager["best_ms"]), number(to_top and to_top[0]),
            which, number(to_hand and to_hand[0]), measured(ours, "peak_mb"),
            measured(eager, "peak_mb"),
        ])  # fmt: skip
    return markdown(head, rows)


def everyone(results: Results, threads: int, base: str = EAGER) -> str:
    """Every library's time over that of `base`, on so many threads."""
    table = {row: peers for (row, n), peers in cases(results).items() if n == threads}
    names = [name for name in PEERS if any(name in peers for peers in table.values())]
    rows = [
        [row, *(number(ratio(peers[n], peers[base])[0]) if n in peers else "" for n in names)]
        for row, peers in table.items()
        if base in peers
    ]
    return markdown(["step", *names], rows)


def startup(results: Results) -> str:
    """Milliseconds and seconds until a library is of use."""
    rows = [
        [entry["peer"], entry["threads"], *map(number, (entry["import_ms"], entry["cold_ms"])),
         number(entry.get("epoch_s"))]
        for entry in results["startup"]
    ]  # fmt: skip
    return markdown(["library", "threads", "import ms", "first step ms", "epoch s"], rows)


def growth(results: Results) -> str:
    """The exponents of what grows."""
    table = growths(results)
    names = list(dict.fromkeys(name for peers in table.values() for name in peers))
    rows = [
        [what, f"{next(iter(peers.values()))[0][0]:,}-{next(iter(peers.values()))[0][-1]:,}",
         *(f"{slope(*peers[n]):.2f}" if n in peers else "" for n in names)]
        for what, peers in table.items()
    ]  # fmt: skip
    return markdown(["what grows", "from-to", *names], rows)


def skipped(results: Results) -> str:
    """What was not run, and why: a line for each reason of each library."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for entry in results["skipped"]:
        found.setdefault((entry["peer"], entry["why"]), {})[entry["row"]] = None
    return "\n".join(f"- {peer}, {', '.join(all)}: {why}" for (peer, why), all in found.items())


def text(results: Results) -> str:
    """All tables, as Markdown."""
    parts = [f"# Benchmarks\n\n{where(results)}"]
    if results.get("steps"):
        base = EAGER if any(e["peer"] == EAGER for e in results["steps"]) else "plaingrad"
        name = "PyTorch eager" if base == EAGER else base
        parts.append(STEP)
        parts.append(against(results))
        for threads in sorted({entry["threads"] for entry in results["steps"]}):
            s = "" if threads == 1 else "s"
            parts.append(f"## Every library's step over {name}'s, {threads} thread{s}")
            parts.append(everyone(results, threads, base))
    if results.get("startup"):
        parts.append(START)
        parts.append(startup(results))
    if results.get("growth"):
        parts.append(GROWTH)
        parts.append(growth(results))
    if results.get("skipped"):
        parts.append("## Not run")
        parts.append(skipped(results))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", type=Path, help="what python -m benchmarks wrote")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="draw the pictures there")
    args = parser.parse_args()
    results = json.loads(args.results.read_text(encoding="utf-8"))
    print(text(results), end="")
    if args.charts:
        from . import charts  # needs Matplotlib, the tables do not

        for path in charts.write(results, args.charts):
            print(path)


if __name__ == "__main__":
    main()
