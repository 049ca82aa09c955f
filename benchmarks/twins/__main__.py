"""One network, five ways: train all twins, see that their losses agree, time them: `make twins`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from . import data, report
from .run import COMPILER, FLAGS, TOLERANCE, TWINS, LossesDifferError, built, check, missing, run

SLOW = 1.0  # seconds an epoch, from which a twin has one round only
TICK = time.get_clock_info("process_time").resolution  # no epoch is known to be shorter


def measured(commands, folder, epochs, rounds, batch):
    """The CPU seconds of each twin's fastest epoch. Losses are compared after the first round.

    CPU time, as others may use the machine: with one thread it is what a quiet machine takes.
    """
    losses, best = {}, {}
    for number in range(rounds):  # twins take turns, as the machine may do other things as well
        for name, command in commands.items():
            if number == 0 or best[name] < SLOW:
                losses[name], seconds = run(command, folder, epochs, batch)
                best[name] = max(min(*seconds, best.get(name, seconds[0])), TICK)
        if number == 0:
            check(losses)
            last = next(iter(losses.values()))[-1]
            print(f"batches of {batch}: losses agree to {TOLERANCE:g}, the last is {last:.6f}")
    return best


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twins", description=__doc__)
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="of MNIST's files; default: the digits of nn, 28 x 28")
    add("--images", type=_count, metavar="N", help="how many images; default: all there are")
    add("--epochs", type=_count, default=3, metavar="N", help="of each run; default: 3")
    add("--rounds", type=_count, default=5, metavar="N", help="runs of each twin; default: 5")
    add("--batch", type=_count, nargs="+", default=[32, 1], metavar="N", help="default: 32 1")
    add("--picture", default="runs/twins.png", metavar="FILE", help="default: runs/twins.png")
    args = parser.parse_args()

    reasons = {name: missing(twin) for name, twin in TWINS.items()}
    for name, reason in reasons.items():
        if reason:
            print(f"{name}: skipped, {reason}")
    pixels, labels, source = data.images(args.data, args.images)
    with tempfile.TemporaryDirectory() as folder:
        data.write(folder, pixels, labels, data.weights())
        commands = {name: built(twin, folder) for name, twin in TWINS.items() if not reasons[name]}
        if "C++17" in commands:
            print("C++17: compiled by", COMPILER, *FLAGS)
        try:
            times = {
                batch: measured(commands, folder, args.epochs, args.rounds, batch)
                for batch in args.batch
            }
        except LossesDifferError as error:
            sys.exit(str(error))
    lines = {name: report.lines(TWINS[name]) for name in commands}
    what = f"{len(labels):,} images ({source})"
    print(f"\nOne epoch of {what}, float64, one thread; CPU time,")
    print(f"the fastest of {args.epochs} epochs in each of {args.rounds} runs (of 1 where slow)")
    print(report.table(lines, times))
    print(report.machine())
    try:
        report.picture(lines, times, what, Path(args.picture))
        print(args.picture)
    except ImportError:
        print('no picture without Matplotlib; to install it: pip install "plaingrad[plot]"')


if __name__ == "__main__":
    main()
