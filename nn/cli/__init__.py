"""The command line: `python -m nn train digits` trains a small network and shows what it does.

Each command is a file of this folder; what can be trained is in `tasks`, a file for each kind.

    train    train a network, write its weights, its history and pictures
    sweep    train every combination of some settings, several at a time
    study    whether a network is too large for its problem
    runs     what was trained, and some of it side by side
    profile  where the time of a training step goes
    doctor   what the machine does, and what a setting would gain

A command has a function `add(commands)`, which adds its parser to argparse's, and a function that
does it and returns the exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from autograd import __version__

from ..training.progress import say
from . import doctor, profile, runs, study, sweep, train
from .arguments import Parser

__all__ = ["main"]

COMMANDS = (train, sweep, study, runs, profile, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say (by default those of the command line); return the exit status.

    0 : done.
    1 : done, but of a sweep some trainings failed.
    2 : it cannot be done; one line on stderr says why. Nothing was written, unless it is pictures
        that failed.
    130 : stopped by Ctrl-C. If an epoch was complete by then, what was learned was written.
    """
    try:
        try:
            parser = _parser()
            args = parser.parse_args(argv)
            if "command" not in args:
                parser.print_help(sys.stderr)
                return 2
            args.ours = argv is None  # the process: it may be set up as suits us
            return int(args.command(args))
        finally:
            say()  # what argparse printed, too, may be read by nobody, or be too much for a disk
    except (OSError, ValueError, ArithmeticError, MemoryError) as error:
        message = str(error).replace("pass download=True", "add --download")
        print("plaingrad:", *message.split(), file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("plaingrad: stopped,", str(stop) or "nothing was written", file=sys.stderr)
        return 130


def _parser() -> Parser:
    parser = Parser(prog="plaingrad", description="Neural networks. The same as: python -m nn")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    names = " | ".join(command.__name__.rpartition(".")[2] for command in COMMANDS)
    commands = parser.add_subparsers(metavar=names)
    for command in COMMANDS:
        command.add(commands)
    return parser
