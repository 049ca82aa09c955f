"""`python -m nn profile`: where the time of a training step goes."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..losses.classification import CrossEntropyLoss
from ..machine import settle
from ..random import generator, manual_seed
from ..training.profile import profile
from ..training.progress import say
from .arguments import count, is_sizes, svg
from .optimizers import optimizer_of
from .tasks import TASKS
from .tasks.perceptron import perceptron_of
from .train import add_common, fill_in

__all__ = ["add", "profile_steps"]


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "profile",
        help="say where the time of a training step goes, by layer and op",
        description="Take training steps of a multilayer perceptron on random numbers, and print "
        "where their time went: by module and by op, forward and backward.",
    )
    parser.set_defaults(command=profile_steps, command_name="profile")
    names = [name for name, task in TASKS.items() if task.sizes]
    parser.add_argument(
        "dataset", choices=names, metavar="dataset", help=", ".join(names), nargs="?",
        default="digits",
    )  # fmt: skip
    add_common(parser)
    parser.add_argument("--picture", type=svg, metavar="FILE.svg", help="draw it, too")
    parser.add_argument("--steps", type=count, metavar="N", default=200, help="default: 200")


def profile_steps(args: argparse.Namespace) -> int:
    """Take some training steps on random numbers, print where their time went; return 0."""
    task = TASKS[args.dataset]
    args.model = args.model or task.defaults["sizes"]
    fill_in(args)
    if args.batch_size == "all":
        raise ValueError("argument --batch-size: expected a whole number above 0, got 'all'")
    task.check(args)
    if not is_sizes(args.model):
        raise ValueError(f"argument --model: expected sizes like 64-32-10, got {args.model!r}")
    manual_seed(args.seed)
    model, loss = perceptron_of(args), CrossEntropyLoss()
    optimizer, sizes = optimizer_of(args.optimizer, model, args.lr), args.model.split("-")
    x = generator().standard_normal((args.batch_size, int(sizes[0])), np.float32)
    y = generator().integers(int(sizes[-1]), size=args.batch_size)

    def steps(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()

    settled = [settle()] if args.ours else []
    steps(10)  # the first ones are slower
    with profile() as measured:
        steps(args.steps)
    each = measured.seconds / args.steps * 1e3
    say(
        f"{args.model} with {args.activation}, {args.optimizer}, batches of {args.batch_size:,}: "
        f"{args.steps:,} steps, {each:.2f} ms each",
        *settled,
        "",
        measured,
        "",
        "The same of your own code: with nn.profile() as p: ... and then print(p)",
    )
    if args.picture:
        measured.save(args.picture)
        say(args.picture)
    return 0
