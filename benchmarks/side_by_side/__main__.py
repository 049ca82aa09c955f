"""The same training in plaingrad and in PyTorch: loss curves over one another, and time per epoch.

Two networks, three methods, float64 and float32; the same data, initial weights and batches. The
numbers go to a file, from which the page of the documentation is made, and the pictures are drawn.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..machine import machine
from . import report, run


def _count(text):
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"expected a whole number above 1, got {text!r}")
    return int(text)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    add = parser.add_argument
    add("--epochs", type=_count, default=run.EPOCHS, metavar="N", help="default: %(default)s")
    add("--out", type=Path, default=report.RESULTS, metavar="FILE", help="default: %(default)s")
    add("--pictures", type=Path, default=report.PICTURES, metavar="FOLDER",
        help="default: %(default)s")  # fmt: skip
    add("--redraw", action="store_true", help="measure nothing; draw what FILE holds")
    args = parser.parse_args()

    if args.redraw:
        results = json.loads(args.out.read_text(encoding="utf-8"))
    else:
        if not find_spec("torch"):
            sys.exit('PyTorch is not installed; to install it: pip install "plaingrad[compare]"')
        try:
            entries = run.on_one_thread(args.epochs)
        except RuntimeError as error:  # curves that differ, too
            sys.exit(str(error))
        results = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": {name: version(name) for name in ("numpy", "torch")},
            "entries": entries,
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(report.compact(results), encoding="utf-8", newline="\n")
        print(args.out)
    print(report.tables(results))
    try:
        from . import pictures
    except ModuleNotFoundError:
        print('no pictures without Matplotlib; to install it: pip install "plaingrad[plot]"')
    else:
        for path in pictures.write(results, args.pictures):
            print(path)


if __name__ == "__main__":
    main()
