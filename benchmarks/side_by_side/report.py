"""What was measured, as tables and as the page of the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import report
from .problems import SWING

HERE = Path(__file__).parent
RESULTS = Path("benchmarks/side_by_side/results.json")
PICTURES = Path("docs/images")
SHOWN = {
    "side_by_side": "Loss of plaingrad and of PyTorch over a hundred epochs, and their difference",
    "side_by_side_time": "Time of an epoch in plaingrad over the time of an epoch in PyTorch",
    "side_by_side_swing": "A learning rate that is too large: a difference of rounding grows",
}


def compact(results: dict[str, Any]) -> str:
    """As JSON, an entry a line."""
    head = {key: value for key, value in results.items() if key != "entries"}
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in results["entries"])
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "entries": [\n{lines}\n]}}\n'


def usual(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries without those that swing."""
    return [entry for entry in results["entries"] if entry["method"] != SWING[1]]


def swing(results: dict[str, Any], dtype: str) -> dict[str, Any]:
    return next(
        e for e in results["entries"] if e["method"] == SWING[1] and e["dtype"] == dtype
    )  # fmt: skip


def sizes(entry: dict[str, Any]) -> str:
    return "-".join(map(str, entry["sizes"]))


def tiny(value: float) -> str:
    """A difference: 0, or 2e-16."""
    return f"{value:.0e}" if value else "0"


def curves(results: dict[str, Any]) -> str:
    """The settings, the last loss, and the largest differences."""
    rows = [
        [f"{e['problem']}: {e['method']}", e["lr"], e["batch"] or "all", e["dtype"],
         f"{e['losses']['plaingrad'][-1]:.6f}", f"{e['losses']['PyTorch'][-1]:.6f}",
         tiny(e["loss_difference"]), tiny(e["weight_difference"])]
        for e in usual(results)
    ]  # fmt: skip
    return report.markdown(
        ["training", "lr", "batch", "dtype", "last loss", "PyTorch's",
         "losses differ by", "weights by"], rows
    )  # fmt: skip


def times(results: dict[str, Any]) -> str:
    """Milliseconds of an epoch, and the ratio of the sides."""
    rows = [
        [f"{e['problem']}: {e['method']}", e["dtype"], steps(e),
         *(report.number(e["epoch_ms"][side]) for side in ("plaingrad", "PyTorch")),
         report.spread(e["ratio"])]
        for e in usual(results)
    ]  # fmt: skip
    head = ["training", "dtype", "steps an epoch", "plaingrad ms", "PyTorch ms", "ratio"]
    return report.markdown(head, rows)


def steps(entry: dict[str, Any]) -> int:
    return -(-entry["examples"] // (entry["batch"] or entry["examples"]))


def tables(results: dict[str, Any]) -> str:
    return f"{report.where(results)}\n\n{curves(results)}\n\n{times(results)}"


def figure(name: str) -> str:
    """A picture that opens at its full size."""
    path = f"../images/{name}.png"
    alt = SHOWN[name]
    return f'<a class="figure" href="{path}"><img src="{path}" alt="{alt}" title="{alt}"></a>'


def worst(entries: list[dict[str, Any]], dtype: str) -> str:
    return tiny(max(e["loss_difference"] for e in entries if e["dtype"] == dtype))


def page(results: dict[str, Any], source: str) -> str:
    """The page, in Markdown; `source` is where the repository's files are to be read."""
    entries = usual(results)
    epochs = len(entries[0]["losses"]["PyTorch"])
    nets = {e["problem"]: (sizes(e), e["examples"]) for e in entries}
    ratios = [e["ratio"][0] for e in entries]
    doubled, single = (swing(results, dtype) for dtype in ("float64", "float32"))
    programs = "\n\n".join(
        f"### {title}\n\n```python\n{(HERE / name).read_text(encoding='utf-8')}```"
        for title, name in (("In plaingrad", "in_plaingrad.py"), ("In PyTorch", "in_pytorch.py"))
    )
    return f"""# Beside PyTorch

The same training twice: the same network, data, initial weights and batches, once in plaingrad and
once in PyTorch. {epochs} epochs with gradient descent (all data in one step), with stochastic
gradient descent and with Adam (batches of 32). Two networks, with tanh between their layers and
cross-entropy as loss: {nets["digits"][0]} on the {nets["digits"][1]:,} handwritten digits that come
with the library, and {nets["circles"][0]} on {nets["circles"][1]:,} points of `datasets.circles`.

*{report.where(results)}*

## The curves are the same

{figure("side_by_side")}

The largest difference between the two losses of an epoch is {worst(entries, "float64")} in float64,
and {worst(entries, "float32")} in float32. That is rounding: the libraries add the same numbers in
different orders. The table has the largest differences, of the losses in any epoch and
of the weights after the last.

The loss of an epoch is the mean over all data, each example as its batch met it. Gradient descent
takes one step an epoch, and so learns slowest here: the methods with batches of 32 take
{steps(next(e for e in entries if e["problem"] == "digits" and e["batch"]))} and
{steps(next(e for e in entries if e["problem"] == "circles" and e["batch"]))}.

{curves(results)}

## Time per epoch

{figure("side_by_side_time")}

{times(results)}

The ratio is plaingrad's time over PyTorch's: below 1 plaingrad is faster. Here it lies between
{min(ratios):.2f} and {max(ratios):.2f}. In networks as small as these, with batches of 32, most of
the time goes to calls, not to arithmetic, and that is what is compared;
[Benchmarks](benchmarks.md) has large ones, and other kinds of work.

The machine was shared with other work, so trust the ratios more than the milliseconds. Both sides
ran in one process on one thread, PyTorch as it comes (eager, on the CPU). They took turns after
every epoch, and in who goes first: what else the machine did, it did to both. A ratio is of two
epochs, in which each side went first once; the table has the median of {epochs // 2} of them
(quartiles in brackets). Milliseconds are medians of {epochs} epochs, of the process's CPU time.

## Where the curves part, and nobody is wrong

{figure("side_by_side_swing")}

With a learning rate of {doubled["lr"]} gradient descent on the digits takes steps that are too
large: the loss jumps up and down. Such training magnifies any difference, also the one in the last
digit. In float64 it grows to {tiny(doubled["loss_difference"])}, in float32 to
{report.number(single["loss_difference"])}, which is a different curve. Both sides compute the same
formulas. When your numbers and PyTorch's part, try float64 and a smaller learning rate first: what
remains then is more likely a mistake.

## The two programs

They differ in the imports, and in how an array and a dtype are given.
[benchmarks/side_by_side/run.py]({source}/benchmarks/side_by_side/run.py) trains them in turn.
To repeat it, in about a minute:

    python -m benchmarks.side_by_side     # needs PyTorch: pip install "plaingrad[compare]"

{programs}
"""
