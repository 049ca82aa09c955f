"""Run random programs: `python -m fuzz --programs 20000 --seed 1`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from . import STEPS, printed, search

AT_ONCE = 1000
MOST = 20  # mismatches are enough


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    parser.add_argument("--differences", action="store_true", help="and no PyTorch")
    parser.add_argument("--steps", action="store_true", help="print how often each step was taken")
    parser.add_argument("--only", nargs="+", default=(), choices=STEPS, help="these steps")
    options = parser.parse_args()
    peer = None
    if not options.differences:
        try:
            from .peer import peer as pytorch

            peer = pytorch()
        except ImportError:
            print("PyTorch is not installed: make .venv/compare")
    start, end = time.perf_counter(), options.seed + options.programs
    programs = mismatches = alone = 0
    used: Counter[str] = Counter()
    for first in range(options.seed, end, AT_ONCE):
        report = search(
            range(first, min(first + AT_ONCE, end)), None, peer, MOST, only=options.only
        )
        for program, mismatch in report.found:
            print(printed(program, mismatch), end="\n\n", flush=True)
        for text in report.alone:
            print(f"not run by PyTorch, {text:.300}", flush=True)
        programs, mismatches = programs + report.programs, mismatches + len(report.found)
        if first + AT_ONCE < end:
            print(f"{programs} programs", file=sys.stderr, flush=True)
        alone, used = alone + len(report.alone), used + report.used
        if mismatches >= MOST:
            break
    if options.steps:
        print("\n".join(f"{used[name]:7} {name}" for name in STEPS))
    against = f"PyTorch ({alone} that it cannot run)" if peer else "finite differences"
    print(f"{programs} programs of {used.total()} steps, against plain arrays and {against}")
    print(f"{mismatches} mismatches, {time.perf_counter() - start:.0f} s")
    return bool(mismatches)


if __name__ == "__main__":
    sys.exit(main())
