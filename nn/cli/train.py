"""`python -m nn train`: train a network, print how well it does, write the results."""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import plot
from ..machine import settle
from ..random import manual_seed
from ..training import History, fit
from ..training.checkpoint import Checkpoint
from ..training.progress import say
from ..training.saving import load, save
from . import report
from .arguments import batch, count, number, rate, seed, share
from .files import check_writable, write
from .optimizers import RATES, optimizer_of
from .schedules import SCHEDULES, schedule_of
from .tasks import TASKS
from .tasks.base import Picture, Run, Task
from .tasks.perceptron import ACTIVATIONS

__all__ = ["add", "add_common", "check", "fill_in", "learn", "train"]

#: The arguments that say what a run is, as its report and `runs` tell them.
SETTINGS = (
    "model", "activation", "optimizer", "lr", "schedule", "batch_size", "epochs", "dropout", "l1",
    "l2", "clip", "accumulate", "patience", "seed",
)  # fmt: skip
CHECKPOINT = "checkpoint.npz"


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "train",
        help="train a small network; `plaingrad train --help` tells how",
        description="Train a network; write model.npz, history.csv, pictures and report.html.\n"
        "What is not given is chosen to suit the dataset and the model.",
        epilog="Ctrl-C ends the training early and keeps what was learned; with --resume it goes "
        "on.\n\n" + _models(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=train, command_name="train")
    names = ", ".join(TASKS)
    parser.add_argument("dataset", choices=TASKS, metavar="dataset", help=names)
    add_common(parser)
    add_training(parser)
    add = parser.add_argument
    add("--out", metavar="FOLDER", help="of results; default: runs/<dataset>")
    add("--resume", action="store_true", help="go on with the run there that was stopped or killed")
    every = "from one checkpoint to the next; default: 5"
    add("--save-every", type=rate, metavar="SECONDS", default=5.0, help=every)


def _models() -> str:
    """What can be trained, and with which models."""
    lines = ["what can be trained, and the names that --model takes:"]
    for task in TASKS.values():
        lines.append(f"  {task.name:12}{task.summary}")
        lines += [f"    --model {name:8}{what}" for name, what in task.models.items()]
    return "\n".join(lines)


def add_common(parser: argparse.ArgumentParser) -> None:
    """The arguments that `profile` has, too."""
    add = parser.add_argument
    add("--model", help="a name, or sizes of layers such as 64-32-10")
    add("--activation", choices=ACTIVATIONS, help="between the layers")
    add("--optimizer", choices=RATES, metavar="NAME", help=f"{', '.join(RATES)}; default: adam")
    add("--batch-size", type=batch, metavar="N", help="samples in a batch, or all")
    add("--seed", type=seed, metavar="N", help="of all randomness; default: 0")


def add_training(parser: argparse.ArgumentParser) -> None:
    """The arguments of a training, and those that belong to some tasks alone."""
    add = parser.add_argument
    add("--lr", type=rate, metavar="X", help="learning rate")
    add("--schedule", choices=SCHEDULES, help="of the learning rate, over the epochs")
    add("--epochs", type=count, metavar="N", help="times to go through the data")
    add("--dropout", type=share, metavar="P", help="the share of units left out in a step")
    add("--l1", type=number, metavar="X", help="weight of the penalty on absolute values")
    add("--l2", type=number, metavar="X", help="weight of the penalty on squares")
    add("--clip", type=rate, metavar="X", help="limit of the norm of the gradients")
    add("--accumulate", type=count, metavar="N", help="batches that make one step")
    add("--patience", type=count, metavar="N", help="epochs without a better test loss, then stop")
    for flag, users in _owners().items():
        of = ", ".join(task.name for task in users)
        keywords = dict(users[0].options[flag])
        keywords["help"] = f"{keywords.get('help', '')} (for {of})".strip()
        add(flag, **keywords)


def _owners() -> dict[str, list[Task]]:
    """The flags that belong to some tasks alone, with these."""
    flags = dict.fromkeys(flag for task in TASKS.values() for flag in task.options)
    return {flag: [t for t in TASKS.values() if flag in t.options] for flag in flags}


def _key(flag: str) -> str:
    return flag.strip("-").replace("-", "_")


def fill_in(args: argparse.Namespace) -> None:
    """What was not given, as it suits the dataset, the model and the optimizer."""
    task = TASKS[args.dataset]
    model = args.model or task.defaults["model"]
    defaults = {"optimizer": "adam", "schedule": "none", "seed": 0, **task.defaults}
    defaults |= task.by_model.get(model, {})
    defaults |= task.suits(args)
    chosen = args.optimizer or defaults["optimizer"]
    if RATES[chosen] and chosen != defaults["optimizer"]:
        defaults["lr"] = RATES[chosen]
    if chosen == "lbfgs":  # it is made for one function, not for one that changes with the batch
        defaults["batch_size"] = "all"
    for name, default in defaults.items():
        if getattr(args, name, None) is None:
            setattr(args, name, default)


def check(args: argparse.Namespace) -> None:
    """Raise ValueError if an argument is for other tasks, or the task says that it does not fit."""
    for flag, users in _owners().items():
        given = getattr(args, _key(flag), None)
        if given not in (None, False) and args.dataset not in [task.name for task in users]:
            of = ", ".join(task.name for task in users)
            raise ValueError(f"argument {flag}: for {of} alone, not for {args.dataset}")
    if args.optimizer == "lbfgs" and args.batch_size != "all":
        raise ValueError("argument --batch-size: lbfgs wants all samples in a batch: leave it out")
    TASKS[args.dataset].check(args)


def train(args: argparse.Namespace) -> int:
    """Train a network, print how well it does, write the results; return the exit status."""
    out = Path(args.out or Path("runs", args.dataset))
    if args.resume:
        take_up(args, out / CHECKPOINT)
    fill_in(args)
    check(args)
    check_writable(out)
    old = report.read(out)
    run = learn(args, out / CHECKPOINT, replaces=_replaces(out, old))
    if not run.history:  # stopped by Ctrl-C before the end of the first epoch
        path = out / CHECKPOINT
        raise KeyboardInterrupt(*[f"but {path} is there for --resume"] * path.exists())

    record = record_of(run)
    results: dict[str, Callable[[Path], object]] = {
        "model.npz": lambda path: save(run.model, path),
        "history.csv": run.history.save,
        report.RECORD: lambda path: report.save(path, record),
    }
    try:
        write(out, results)  # at once: what follows may fail, or be interrupted
        if not run.history.interrupted:
            Path(out, CHECKPOINT).unlink(missing_ok=True)  # there is nothing to go on with
        show(run, record, out, (old or {}).get("pictures", ()))
    except KeyboardInterrupt:
        write(out, results)  # it may have been this that was interrupted
        raise KeyboardInterrupt(f"but what was learned is in {out / 'model.npz'}") from None
    return 130 if run.history.interrupted else 0


def _replaces(out: Path, old: dict[str, Any] | None) -> str:
    """What is there already."""
    begun = Path(out, CHECKPOINT).exists()
    if not begun and old is None:
        return ""
    what = f"the run of {report.told(old)}" if old else "a run"
    return f"{out}: it replaces {what}{' that could go on, with --resume' * begun}"


def learn(
    args: argparse.Namespace, checkpoint: Path | None = None, *, replaces: str = "",
    progress: bool = True, watch: Callable[[History], object] | None = None,
) -> Run:  # fmt: skip
    """Do the training that filled-in arguments ask for, and say what is done.

    Parameters
    ----------
    args
        what `fill_in` has filled in.
    checkpoint
        a file for it; None for none.
    replaces
        what to say of an older run.
    progress
        say what is done.
    watch
        called with the history after each epoch.
    """
    task = TASKS[args.dataset]
    manual_seed(args.seed)
    data, test = task.data(args)
    run = Run(args, task.model(args), data, test)
    n, n_test = len(data[0]), len(test[0])
    args.size = n if args.batch_size == "all" else min(args.batch_size, n)
    resume = getattr(args, "resume", False)
    if progress:
        say(
            f"{task.name}: {n:,} samples to learn from, {n_test:,} to test on",
            f"{task.title(args)}: {run.model.num_parameters():,} parameters",
            f"{args.optimizer}, lr {args.lr:g}{_schedule(args)}, batches of {args.size:,}, "
            f"{args.epochs:,} epochs, seed {args.seed}",
            *([settle()] if getattr(args, "ours", False) else []),
            *([replaces] if replaces and not resume else []),
        )
    optimizer = optimizer_of(args.optimizer, run.model, args.lr)
    saved = None
    if checkpoint is not None:
        saved = Sparing(checkpoint, seconds=args.save_every, settings=settings_of(args))
    with warnings.catch_warnings():
        # If numbers overflow, fit says so; a batch of a single sample is fine without batch norm.
        warnings.simplefilter("ignore")
        run.history = fit(
            run.model,
            task.loss(args),
            optimizer,
            data,
            test,
            args.epochs,
            batch_size=None if args.batch_size == "all" else args.size,
            metrics=task.metrics(args),
            scheduler=schedule_of(args.schedule, optimizer, args.epochs),
            l1=args.l1 or 0.0,
            l2=args.l2 or 0.0,
            clip_norm=args.clip,
            accumulate=args.accumulate or 1,
            patience=args.patience,
            callback=_each(task.watch(run), watch),
            checkpoint=saved,
            resume=resume,
            progress=progress,
        )
    return run


def _each(*callbacks: Callable[[History], object] | None) -> Callable[[History], object]:
    """One callback of `fit` that calls those there are; any of them may end the training."""

    def call(history: History) -> bool:
        ends = [found(history) is True for found in callbacks if found is not None]
        return any(ends)  # when all have been called

    return call


class Sparing(Checkpoint):
    """A checkpoint that is not saved after each epoch, but when some seconds have passed.

    The epochs of a small network are shorter than the writing of a file.
    """

    def save(self) -> None:
        """Save, if it is time."""
        if time.monotonic() - self._since >= (self.seconds or 0):
            super().save()


def take_up(args: argparse.Namespace, path: Path) -> None:
    """What was not given, as it is in the run to go on with; raise ValueError if it differs.

    Of all that makes a run, the number of epochs alone may be another.
    """
    if not path.exists():
        raise ValueError(f"argument --resume: no {path} to go on from; leave --resume out")
    saved = load(path).get("settings")
    if not isinstance(saved, dict) or "dataset" not in saved:
        raise ValueError(f"argument --resume: {path} is no checkpoint of `train`")
    for name, was in saved.items():
        given = getattr(args, name, None)
        ends = name == "epochs" and saved.get("schedule") in ("none", "plateau")
        if given in (None, False):
            setattr(args, name, was)
        elif given != was and not ends:
            flag = "dataset" if name == "dataset" else f"--{name.replace('_', '-')}"
            raise ValueError(
                f"argument {flag}: {path} is of a run with {was}, got {given}. Leave it out to go "
                "on, or leave out --resume to begin anew"
            )


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """What makes the run what it is: dataset, model, learning rate and so on."""
    values = {name: getattr(args, name, None) for name in _names(args)}
    return {name: x for name, x in values.items() if x is not None and x is not False}


def _names(args: argparse.Namespace) -> list[str]:
    return ["dataset", *SETTINGS, *map(_key, TASKS[args.dataset].options)]


def _schedule(args: argparse.Namespace) -> str:
    return "" if args.schedule == "none" else f" with {args.schedule}"


def record_of(run: Run) -> dict[str, Any]:
    """What is to be known of a run: run.json."""
    task, args, seconds = TASKS[run.args.dataset], run.args, run.history["seconds"]
    settings = settings_of(args)
    del settings["dataset"]
    if args.size == len(run.train[0]):
        settings["batch_size"] = "all"
    return {
        "dataset": task.name,
        "model": task.title(args),
        "parameters": run.model.num_parameters(),
        "samples": [len(run.train[0]), len(run.test[0])],
        "epochs": len(seconds),
        "seconds": sum(seconds),
        **({"best epoch": best} if (best := run.history.best_epoch) else {}),
        "seconds per epoch": statistics.median(seconds),
        "numbers": task.numbers(run),
        "lines": list(task.lines(run)),
        "settings": settings,
        "command": command_of(args),
        "date": report.now(),
        "versions": report.versions(),
        "pictures": ["history.png", *task.pictures(run)],
    }


def command_of(args: argparse.Namespace) -> str:
    """The command that does this run again: what is not as `fill_in` would make it."""
    settings = settings_of(args)
    usual = argparse.Namespace(**dict.fromkeys(_names(args)))
    usual.dataset = settings.pop("dataset")
    words, decide = ["train", args.dataset], ("model", "optimizer", "data")
    for name in sorted(settings, key=lambda name: name not in decide):
        filled, x = argparse.Namespace(**vars(usual)), settings[name]
        fill_in(filled)
        if getattr(filled, name) != x:
            flag = f"--{name.replace('_', '-')}"
            short = isinstance(x, float) and float(f"{x:g}") == x
            words += [flag] if x is True else [flag, f"{x:g}" if short else str(x)]
            if name in decide:  # on which defaults of others depend
                setattr(usual, name, x)
    return report.command([*words, *(["--out", args.out] if args.out else [])])


def show(run: Run, record: dict[str, Any], out: Path, old: Sequence[str]) -> None:
    """Print how well it does and where the results are; draw pictures of it, write its report."""
    task = TASKS[run.args.dataset]
    numbers = [f"{name} {report.figure(name, x)}" for name, x in record["numbers"].items()]
    say(", ".join([*numbers, f"{record['seconds']:.1f} s"]), *record["lines"])

    title = f"{task.name}: {record['model']}"
    pictures = {
        "history.png": Picture(
            lambda path: plot.history(_timed(run.history), title=title, path=path),
            "What it measured after each epoch, and how long the epoch took.",
        ),
        **task.pictures(run),
    }
    for name in {*pictures, *old, "report.html"}:
        Path(out, Path(name).name).unlink(missing_ok=True)  # it would be of another model
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        say('no pictures without Matplotlib; to install it: pip install "plaingrad[plot]"')
        pictures = {}
    say(out / "model.npz", out / "history.csv")
    for name, picture in pictures.items():
        picture.draw(out / name)
        say(out / name)
    shown = [(out / n, picture.caption) for n, picture in pictures.items() if n != "history.png"]
    write_report(out / "report.html", run, record, shown)
    say(out / "report.html")


def _timed(history: History) -> dict[str, list[float]]:
    """It, with a name for the seconds that says of what."""
    return {"seconds per epoch" if k == "seconds" else k: v for k, v in history.items()}


def write_report(
    path: Path, run: Run, record: dict[str, Any], pictures: list[tuple[Path, str]]
) -> None:
    """The run's own page."""
    task, (n, n_test) = TASKS[record["dataset"]], record["samples"]
    stopped = " It was stopped early, by Ctrl-C." if run.history.interrupted else ""
    report.page(
        path,
        f"{record['dataset']}: {record['model']}",
        f"{task.summary[:1].upper()}{task.summary[1:]}. {record['parameters']:,} parameters "
        f"learned from {n:,} samples and were tested on {n_test:,} others.{stopped}",
        numbers={
            **record["numbers"],
            "parameters": record["parameters"],
            "epochs": record["epochs"],
            **({"best epoch": record["best epoch"]} if "best epoch" in record else {}),
            "time": record["seconds"],
            "time per epoch": record["seconds per epoch"],
        },
        blocks=report.details(record, run.history),
        pictures=pictures,
        settings={name.replace("_", " "): x for name, x in record["settings"].items()},
        again=record["command"],
        made=record["date"],
    )
