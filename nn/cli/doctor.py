"""`python -m nn doctor`: see `nn.doctor`."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add", "check_machine"]


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "doctor",
        help="say what this machine does with NumPy, and what a setting would gain",
        description="Print versions, BLAS, cores, threads and load, measure products, memory and "
        "small ops, and try whether a setting would gain anything here. Takes some 15 seconds.",
    )
    parser.set_defaults(command=check_machine)


def check_machine(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Print what the machine does, and what a setting would gain; return 0."""
    from ..doctor import doctor  # here alone: a training has no need of it

    return doctor()
