"""The command line: `python -m nn train digits` trains a small network and shows what it does.

`python -m nn profile` says where the time of its steps goes, `python -m nn doctor` what the machine
does and what a setting would gain.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from autograd import __version__, no_grad

from . import datasets, init, plot
from .containers import Sequential
from .data import train_test_split
from .layers.activations import Sigmoid, Tanh
from .layers.linear import Linear
from .layers.rectifiers import ReLU
from .losses.classification import CrossEntropyLoss
from .machine import settle
from .module import Module
from .random import generator, manual_seed
from .training import History, fit
from .training.profile import profile
from .training.progress import say
from .training.saving import save

ACTIVATIONS = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
LR_OF_SGD = 0.03

# What is used where nothing else is asked for. Those of digits are small enough for BLAS to leave
# its products to one thread: several would wait for each other whenever the machine is busy.
IMAGES = {"activation": "relu", "lr": 0.002, "batch_size": 16, "epochs": 40}
POINTS = {"activation": "tanh", "lr": 0.03, "batch_size": 1000, "epochs": 1000}
RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"model": "64-256-64-10", **IMAGES},
    "circles": {"model": "2-3-2", **POINTS},
    "squares": {"model": "2-3-2", **POINTS},
    "mnist": {"model": "784-128-64-10", **IMAGES, "lr": 0.001, "batch_size": 128, "epochs": 10},
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say (by default those of the command line); return the exit status.

    0 : done.
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


def train(args: argparse.Namespace) -> int:
    """Train a perceptron, print how well it does, write the results; return the exit status."""
    _fill_in(args)
    _check(args)
    out = Path(args.out or Path("runs", args.dataset))
    _check_writable(out)

    manual_seed(args.seed)
    x, x_test, y, y_test = _data(args)
    model = _model(args)
    batches = f"batches of {min(args.batch_size, len(x)):,}"
    say(
        f"{args.dataset}: {len(x):,} samples to learn from, {len(x_test):,} to test on",
        f"{args.model} with {args.activation}: {model.num_parameters():,} parameters",
        f"{args.optimizer}, lr {args.lr:g}, {batches}, {args.epochs:,} epochs, seed {args.seed}",
        *([settle()] if args.ours else []),
    )
    data, test, optimizer = (x, y), (x_test, y_test), _optimizer(args.optimizer, model, args.lr)
    with warnings.catch_warnings():
        # If numbers overflow, fit says so; a batch of a single sample is fine without batch norm.
        warnings.simplefilter("ignore")
        loss, epochs, batch_size = CrossEntropyLoss(), args.epochs, args.batch_size
        history = fit(model, loss, optimizer, data, test, epochs, batch_size=batch_size)
    if not history:  # stopped by Ctrl-C before the end of the first epoch
        raise KeyboardInterrupt

    results: dict[str, Callable[[Path], object]] = {
        "model.npz": lambda path: save(model, path),
        "history.csv": history.save,
    }
    try:
        _write(out, results)  # at once: what follows may fail, or be interrupted
        _show(args.dataset, model, history, data, test, out)
    except KeyboardInterrupt:
        _write(out, results)  # it may have been this that was interrupted
        raise KeyboardInterrupt(f"but what was learned is in {out / 'model.npz'}") from None
    return 130 if history.interrupted else 0


def profile_steps(args: argparse.Namespace) -> int:
    """Take some training steps on random numbers, print where their time went; return 0."""
    _fill_in(args)
    _check_model(args)
    manual_seed(args.seed)
    model, loss = _model(args), CrossEntropyLoss()
    optimizer, sizes = _optimizer(args.optimizer, model, args.lr), args.model.split("-")
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
    return 0


def check_machine(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Print what the machine does, and what a setting would gain; return 0."""
    from .doctor import doctor  # here alone: a training has no need of it

    return doctor()


def _fill_in(args: argparse.Namespace) -> None:
    """What was not given, as it suits the dataset."""
    recipe = RECIPES[args.dataset] | ({"lr": LR_OF_SGD} if args.optimizer == "sgd" else {})
    for name, default in recipe.items():
        if getattr(args, name, None) is None:
            setattr(args, name, default)


def _show(name: str, model: Module, history: History, data: Any, test: Any, out: Path) -> None:
    """Print how well it does and where the results are, and draw pictures of it."""
    (x, y), (x_test, y_test) = data, test
    guess = _guess(model, x_test)
    learned, tested = _percent(_guess(model, x) == y), _percent(guess == y_test)
    seconds = sum(history["seconds"])
    say(f"train accuracy {learned}, test accuracy {tested}, {seconds:.1f} s")

    pictures: dict[str, Callable[[Path], object]] = {"history.png": history.plot}
    if x.shape[1] == 2:
        title = f"{name}: the test points"
        pictures["regions.png"] = lambda path: plot.decision_regions(
            model, x_test, y_test, title=title, path=path
        )
    else:
        pictures["predictions.png"] = lambda path: _draw_digits(x_test, y_test, guess, path)
    for picture in pictures:
        Path(out, picture).unlink(missing_ok=True)  # it would be of another model
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        say('no pictures without Matplotlib; to install it: pip install "plaingrad[plot]"')
        pictures = {}
    say(out / "model.npz", out / "history.csv")
    for picture, draw in pictures.items():
        draw(out / picture)
        say(out / picture)


def _data(args: argparse.Namespace) -> list[NDArray[Any]]:
    """Inputs (n, k) to learn from and to test on, and their labels (n,)."""
    if args.dataset != "mnist":
        x, y = getattr(datasets, args.dataset)()
        return train_test_split(x.reshape(len(x), -1), y, stratify=y)
    x_test, y_test = datasets.mnist(args.data, train=False, download=args.download)
    x_test = x_test.reshape(len(x_test), -1)
    try:
        x, y = datasets.mnist(args.data, train=True, download=args.download)
    except FileNotFoundError:
        say(f"no training files in {args.data}: learning from 80 % of the test files instead")
        return train_test_split(x_test, y_test, test_size=0.2, stratify=y_test)
    return [x.reshape(len(x), -1), x_test, y, y_test]


def _perceptron(sizes: str, activation: str) -> Sequential:
    """Linear layers with activations between them, scaled such that signals keep their size."""
    layers: list[Module] = []
    for inputs, outputs in itertools.pairwise(int(size) for size in sizes.split("-")):
        layers += [Linear(inputs, outputs), ACTIVATIONS[activation]()]
    model = Sequential(*layers[:-1])
    for p in model.parameters():
        if p.ndim == 2:
            init.xavier_uniform_(p, init.calculate_gain(activation))
        else:
            init.zeros_(p)
    return model


def _model(args: argparse.Namespace) -> Sequential:
    """The perceptron that was asked for."""
    try:
        return _perceptron(args.model, args.activation)
    except (MemoryError, ValueError) as error:  # NumPy counts no further than its largest int
        raise MemoryError(f"argument --model: {args.model} is too large: {error}") from None


def _optimizer(name: str, model: Module, lr: float) -> Any:
    import optim  # here alone: nn does not know optim

    if name == "sgd":
        return optim.SGD(model.parameters(), lr, momentum=0.9)
    return {"adam": optim.Adam, "adamw": optim.AdamW}[name](model.parameters(), lr)


def _guess(model: Module, x: NDArray[Any]) -> Any:
    """The class of the highest score."""
    with no_grad():
        return model(x).data.argmax(axis=1)


def _percent(right: NDArray[np.bool_]) -> str:
    """The share of True, rounded down: only all is 100 %."""
    tenths = 1000 * int(right.sum()) // len(right)
    return f"{tenths // 10}.{tenths % 10} %"


def _draw_digits(x: NDArray[Any], y: NDArray[Any], guess: NDArray[Any], path: Path) -> None:
    """Draw 40 digits with their predictions: wrong ones first, 20 at most, then right ones."""
    wrong, right = np.flatnonzero(guess != y), np.flatnonzero(guess == y)
    shown = np.concatenate([wrong[:20], right])[:40]
    title = f"Test accuracy {_percent(guess == y)}"
    if len(wrong):
        first = "the" if len(wrong) <= 20 else "20 of the"
        title += f": {first} {len(wrong):,} it got wrong come first"
    side = math.isqrt(x.shape[1])
    digits = x[shown].reshape(-1, side, side)
    plot.images(digits, y[shown], guess[shown], columns=8, title=title, path=path)


def _check_writable(out: Path) -> None:
    """Find out before the training whether its results can be written."""
    folder = next(f for f in (out, *out.parents) if f.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"argument --out: cannot write to {folder}: {error.strerror}") from None


def _write(out: Path, files: Mapping[str, Callable[[Path], object]]) -> None:
    """Write all files into the folder `out`, or none: they move there when the last is whole."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=out) as draft:
            for name, write in files.items():
                write(Path(draft, name))
            for name in files:
                os.replace(Path(draft, name), out / name)
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Let `main` say it, in one line."""
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="plaingrad", description="Neural networks. The same as: python -m nn")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="train | profile | doctor")
    training = commands.add_parser(
        "train",
        help="train a small network; `plaingrad train --help` tells how",
        description="Train a multilayer perceptron; write model.npz, history.csv and pictures. "
        "What is not given is chosen to suit the dataset.",
        epilog="Ctrl-C ends the training early and keeps what was learned.",
    )
    profiling = commands.add_parser(
        "profile",
        help="say where the time of a training step goes, by layer and op",
        description="Take training steps of a multilayer perceptron on random numbers, and print "
        "where their time went: by module and by op, forward and backward.",
    )
    examining = commands.add_parser(
        "doctor",
        help="say what this machine does with NumPy, and what a setting would gain",
        description="Print versions, BLAS, cores, threads and load, measure products, memory and "
        "small ops, and try whether a setting would gain anything here. Takes some 15 seconds.",
    )
    training.set_defaults(command=train)
    profiling.set_defaults(command=profile_steps)
    examining.set_defaults(command=check_machine)

    sizes = _valid(str, re.compile("[1-9][0-9]*(-[1-9][0-9]*)+").fullmatch, "sizes like 64-32-10")
    rate = _valid(float, lambda x: 0 < x < math.inf, "a number above 0")
    count = _valid(int, lambda n: n >= 1, "a whole number above 0")
    seed = _valid(int, lambda n: n >= 0, "a whole number, 0 or more")
    names: dict[str, Any] = {"choices": RECIPES, "metavar": "dataset", "help": ", ".join(RECIPES)}
    training.add_argument("dataset", **names)
    profiling.add_argument("dataset", **names, nargs="?", default="digits")
    training.add_argument("--data", metavar="FOLDER", help="where the files of mnist are")
    training.add_argument("--download", action="store_true", help="fetch them, if not there")
    for command in training, profiling:
        add = command.add_argument
        add("--model", type=sizes, metavar="SIZES", help="of the layers, such as 64-32-10")
        add("--activation", choices=ACTIVATIONS, help="between the layers")
        add("--optimizer", choices=["adam", "adamw", "sgd"], default="adam", help="default: adam")
        add("--batch-size", type=count, metavar="N", help="samples in a batch")
        add("--seed", type=seed, metavar="N", default=0, help="of all randomness; default: 0")
    training.add_argument("--lr", type=rate, metavar="X", help="learning rate")
    training.add_argument("--epochs", type=count, metavar="N", help="times to go through the data")
    training.add_argument("--out", metavar="FOLDER", help="of results; default: runs/<dataset>")
    profiling.add_argument("--steps", type=count, metavar="N", default=200, help="default: 200")
    return parser


def _valid(convert: Callable[[str], Any], fits: Callable[[Any], Any], expected: str) -> Any:
    """What argparse calls a type: from the text of an argument to its value."""

    def parse(text: str) -> Any:
        with suppress(ValueError):
            if fits(value := convert(text)):
                return value
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")

    return parse


def _check_model(args: argparse.Namespace) -> None:
    """Its ends have to fit the dataset."""
    sizes, got = RECIPES[args.dataset]["model"].split("-"), args.model.split("-")
    if (got[0], got[-1]) != (sizes[0], sizes[-1]):
        raise ValueError(
            f"argument --model: {args.dataset} has {sizes[0]} inputs and {sizes[-1]} classes, so "
            f"expected {sizes[0]}-...-{sizes[-1]}, got {args.model}"
        )


def _check(args: argparse.Namespace) -> None:
    """What has to do with more than one argument."""
    _check_model(args)
    if args.dataset == "mnist" and not args.data:
        raise ValueError("argument --data: expected the folder of mnist's files, got none")
    if args.data and Path(args.data).is_file():
        raise ValueError(f"argument --data: expected a folder, got the file {args.data}")
    if args.dataset != "mnist" and (args.data or args.download):
        raise ValueError(f"arguments --data, --download: for mnist alone, not for {args.dataset}")
