"""`python -m nn sweep digits --lr 0.1,0.01 --hidden 16,32`: train every combination, and compare.

Each training is a run of its own, in a folder below that of the sweep. What is there already is not
trained again, so a sweep that was stopped, or killed, goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import itertools
import json
import math
import os
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Any

from ..files import replacing
from ..machine import cores, quota
from ..training import History
from ..training.many import train_many
from ..training.progress import bar as progress_bar
from ..training.progress import say
from ..training.saving import load, save
from . import report, runs, train
from .arguments import Parser, count, rate
from .files import check_writable, write
from .table import table
from .tasks import TASKS

__all__ = ["Training", "add", "sweep"]

PROGRESS = "progress.json"  #: Where a training says how far it is.


def add(commands: Any) -> None:
    """Add its parser."""
    parser = commands.add_parser(
        "sweep",
        help="train with every combination of some settings, several at a time",
        description="Train with every combination of the settings given, several at a time; print "
        "a table, the best first, and draw all curves in one figure. Settings are those of "
        "`train`, with commas: --lr 0.1,0.01 --hidden 16,32",
        epilog="A sweep that was stopped, or killed, goes on when it is started again.",
    )
    parser.set_defaults(command=sweep, command_name="sweep")
    names = ", ".join(TASKS)
    parser.add_argument("dataset", choices=TASKS, metavar="dataset", help=names)
    add = parser.add_argument
    add("--hidden", metavar="N,N", help="widths of the hidden layer; of several layers 64-32,16")
    for action in _settings():
        more = {"action": "store_true"} if action.nargs == 0 else {"metavar": _metavar(action)}
        add(action.option_strings[0], help=action.help, **more)
    add("--jobs", type=count, metavar="N", help="trainings at a time; default: one a core")
    add("--out", metavar="FOLDER", help="of results; default: runs/sweep-<dataset>")
    every = "from one checkpoint of a training to the next; default: 5"
    add("--save-every", type=rate, metavar="SECONDS", default=5.0, help=every)
    add("--fresh", action="store_true", help="train again what is there already")


def _settings() -> list[Any]:
    """The arguments that make a training what it is."""
    parser = Parser(add_help=False)
    train.add_common(parser)
    train.add_training(parser)
    return [action for action in parser._actions if action.option_strings]


def _metavar(action: Any) -> str:
    name = action.metavar or action.dest.upper()
    return name if _is_single(action.dest) else f"{name},{name}"


def _is_single(name: str) -> bool:
    """Whether it is of some tasks alone: a folder, say, whose name may have a comma."""
    return any(f"--{name.replace('_', '-')}" in task.options for task in TASKS.values())


@dataclasses.dataclass(frozen=True)
class Training:
    """One training of a sweep: a job, for another process.

    Attributes
    ----------
    name
        what is its own, such as "lr=0.1 hidden=16".
    words
        the arguments of `train`.
    folder
        where its results go.
    """

    name: str
    words: tuple[str, ...]
    folder: Path

    def arguments(self) -> argparse.Namespace:
        """What its words mean, filled in; raises ValueError if they cannot be."""
        parser = Parser(prog="plaingrad")
        train.add(parser.add_subparsers())
        args = parser.parse_args(self.words)
        train.fill_in(args)
        train.check(args)
        return args

    def record(self) -> dict[str, Any] | None:
        """What there is of it, if it is done, and with these settings."""
        record = report.read(self.folder)
        asked = train.settings_of(self.arguments())
        return record if record is not None and record.get("asked") == _plain(asked) else None

    def __call__(self) -> dict[str, Any]:
        """Train, write model, history and what came of it; go on if it was begun."""
        args = self.arguments()
        self.folder.mkdir(parents=True, exist_ok=True)
        checkpoint, asked = self.folder / train.CHECKPOINT, _plain(train.settings_of(args))
        with suppress(FileNotFoundError):
            args.resume = _plain(load(checkpoint).get("settings")) == asked
        told = 0.0

        def tell(history: History) -> None:
            nonlocal told
            if time.monotonic() > told + 0.2:
                told = time.monotonic()
                _replace(self.folder / PROGRESS, [len(history["epoch"]), history["loss"][-1]])

        run = train.learn(args, checkpoint, progress=False, watch=tell)
        if run.history.interrupted:
            raise KeyboardInterrupt
        record = {**train.record_of(run), "asked": asked, "pictures": []}
        at = run.history.best_epoch - 1 if run.history.best_epoch else -1
        last = {name: values[at] for name, values in run.history.items()}
        record["last"] = {k: v for k, v in last.items() if k not in ("epoch", "seconds")}
        write(
            self.folder,
            {
                "model.npz": lambda path: save(run.model, path),
                "history.csv": run.history.save,
                report.RECORD: lambda path: report.save(path, record),
            },
        )
        for name in (train.CHECKPOINT, PROGRESS):
            Path(self.folder, name).unlink(missing_ok=True)
        return record


def _plain(x: Any) -> Any:
    """As JSON has it."""
    return json.loads(json.dumps(x, default=str))


def _replace(path: Path, value: Any) -> None:
    """Write quickly: whole, but not to last."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(value))
    os.replace(draft, path)


def sweep(args: argparse.Namespace) -> int:
    """Train all combinations that are not there yet, print the table, draw; return the status."""
    out = Path(args.out or Path("runs", f"sweep-{args.dataset}"))
    trainings = _combinations(args, out)
    for training in trainings:
        training.arguments()  # what is wrong with one of them is said before the first begins
    check_writable(out)
    done = {} if args.fresh else {t: r for t in trainings if (r := t.record()) is not None}
    rest = [t for t in trainings if t not in done]
    jobs = args.jobs or max(1, int(min(cores()[1], quota())))
    began = f", {len(done):,} of them done before" if done else ""
    at_once = f"; {min(jobs, len(rest)):,} at a time, with a thread of BLAS each" if rest else ""
    say(f"{args.dataset}: {len(trainings):,} trainings{began}{at_once}; in {out}")
    if args.fresh:
        for training in rest:
            Path(training.folder, train.CHECKPOINT).unlink(missing_ok=True)
    failed = _train(rest, done, jobs, len(trainings))
    _show(trainings, done, failed, out, args)
    return 1 if failed else 0


def _combinations(args: argparse.Namespace, out: Path) -> list[Training]:
    """Every combination of the values, with names of what differs."""
    values: dict[str, list[str]] = {}
    fixed: list[str] = []
    for action in _settings():
        flag, given = action.option_strings[0], getattr(args, action.dest)
        if given is True:
            fixed.append(flag)
        elif given and _is_single(action.dest):
            fixed += [flag, given]
        elif given:
            values[flag] = _parts(flag, given)
    if args.hidden:
        sizes = TASKS[args.dataset].defaults.get("sizes")
        if not sizes or "--model" in values:
            why = "use one of them" if sizes else f"{args.dataset} has no sizes of layers"
            raise ValueError(f"argument --hidden: it makes the sizes that --model gives: {why}")
        values["--hidden"] = _parts("--hidden", args.hidden)
    found = []
    for combination in itertools.product(*values.values()):
        chosen = dict(zip(values, combination, strict=True))
        own = [f"{k.strip('-')}={v}" for k, v in chosen.items() if len(values[k]) > 1]
        words = ["train", args.dataset, *fixed, "--save-every", str(args.save_every)]
        for flag, text in chosen.items():
            if flag == "--hidden":
                ends = TASKS[args.dataset].defaults["sizes"].split("-")
                flag, text = "--model", "-".join((ends[0], text, ends[-1]))
            words += [flag, text]
        name = " ".join(own) or args.dataset
        found.append(Training(name, tuple(words), out / name.replace(" ", ",").replace("/", "-")))
    return found


def _parts(flag: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts) or len(set(parts)) < len(parts):
        raise ValueError(f"argument {flag}: expected values like 1,2,3, each once, got {text!r}")
    return parts


def _train(
    rest: Sequence[Training], done: dict[Training, Any], jobs: int, total: int
) -> dict[Training, Exception]:
    """Train them; put what came of each into `done`, and return what failed."""
    failed: dict[Training, Exception] = {}
    bar = progress_bar(sum(t.arguments().epochs for t in rest), " epochs") if rest else None

    def tell(k: int, result: Any) -> None:
        training = rest[k]
        if isinstance(result, Exception):
            failed[training] = result
            what = f"failed: {type(result).__name__}: {_first_line(result)}"
        else:
            done[training] = result
            what = ", ".join([*_results(result), report.duration(result["seconds"])])
        number = len(done) + len(failed)
        say(f"{number:{len(str(total))}}/{total} {training.name}: {what}", above=bar)

    try:
        with _watching(rest, done, failed, bar), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the table tells what failed
            train_many(rest, workers=min(jobs, max(len(rest), 1)), callback=tell, progress=False)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"with {len(done)} of {total} trainings done; the same command goes on"
        ) from None
    finally:
        if bar is not None:
            bar.close()
    return failed


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


@contextmanager
def _watching(
    rest: Sequence[Training], done: Mapping[Training, Any], failed: Mapping[Training, Any], bar: Any
) -> Iterator[None]:
    """Let the bar show how far each training is that is under way, until the block ends."""
    if bar is None:
        yield
        return
    over = threading.Event()
    epochs = {t: t.arguments().epochs for t in rest}

    def look() -> None:
        while not over.wait(0.3):
            count, told = 0, []
            for t in rest:
                if t in done or t in failed:
                    count += epochs[t]
                    continue
                with suppress(OSError, ValueError):
                    n, loss = json.loads(Path(t.folder, PROGRESS).read_text())
                    count += n
                    told.append(f"{t.name}: {n}/{epochs[t]}, loss {loss:.3g}")
            bar.n = count
            bar.set_postfix_str(" | ".join(told))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# ------------------------------------------------------------------------------------ what is shown


def _results(record: Mapping[str, Any]) -> list[str]:
    return [f"{k} {report.figure(k, v)}" for k, v in record["numbers"].items()]


def _rank(record: Mapping[str, Any]) -> float:
    """What is best has the lowest: by test accuracy, or by the test loss where there is none."""
    numbers, last = record["numbers"], record["last"]
    loss = last.get("validation_loss", last["loss"])
    accuracy = numbers.get("test accuracy", -loss)
    return math.inf if math.isnan(accuracy) else -accuracy


def _table(
    trainings: Sequence[Training], done: Mapping[Training, Any], failed: Mapping[Training, Any]
) -> tuple[list[str], list[list[str]]]:
    """Heads and rows, the best first and what failed last."""
    best = sorted((t for t in trainings if t in done), key=lambda t: _rank(done[t]))
    measured = list(dict.fromkeys(k for t in best for k in done[t]["last"] if "loss" in k))
    numbers = list(dict.fromkeys(k for t in best for k in done[t]["numbers"]))
    named = "=" in trainings[0].name
    own = [p.split("=", 1)[0] for p in trainings[0].name.split()] if named else ["training"]
    losses = [k.replace("_", " ").replace("validation", "test") for k in measured]
    if "test loss" in losses:
        losses = ["train loss" if k == "loss" else k for k in losses]
    heads = [*own, *losses, *(k for k in numbers if k not in losses), "parameters", "time"]
    rows = []
    for t in best:
        record = done[t]
        cells = [part.split("=", 1)[-1] for part in t.name.split()]
        cells += [f"{record['last'].get(k, math.nan):.4g}" for k in measured]
        cells += [
            report.figure(k, record["numbers"].get(k, math.nan)) for k in numbers if k not in losses
        ]
        rows.append([*cells, f"{record['parameters']:,}", report.duration(record["seconds"])])
    for t in trainings:
        if t in failed:
            cells = [part.split("=", 1)[-1] for part in t.name.split()]
            rows.append([*cells, "failed", *[""] * (len(heads) - len(cells) - 1)])
    return heads, rows


def _show(
    trainings: Sequence[Training],
    done: Mapping[Training, Any],
    failed: Mapping[Training, Any],
    out: Path,
    args: argparse.Namespace,
) -> None:
    """Print the table and write it, a figure and a report."""
    heads, rows = _table(trainings, done, failed)
    text = table(heads, rows, right=range(len(heads)))
    say("", text, "")
    out.mkdir(parents=True, exist_ok=True)
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([heads, *rows])
    with replacing(out / "table.csv") as file:
        file.write(lines.getvalue().encode())
    written = [out / "table.csv"]
    if not done:
        say(*written)
        return
    best = sorted((t for t in trainings if t in done), key=lambda t: _rank(done[t]))
    pictures = _pictures(best, [done[t]["model"] for t in best], out, args.dataset)
    first, record = best[0], done[best[0]]
    blocks = {"All of them, the best first": f"<pre>{escape(text)}</pre>"}
    if failed:
        told = "\n".join(f"{t.name}: {_first_line(error)}" for t, error in failed.items())
        blocks["What failed"] = f"<pre>{escape(told)}</pre>"
    report.page(
        out / "report.html",
        f"{args.dataset}: a sweep of {len(trainings):,} trainings",
        f"{TASKS[args.dataset].summary}. The best is {first.name}; these numbers are its own. "
        f"Its model is in the folder {first.folder.name}.",
        numbers={
            **record["numbers"],
            "trainings": len(done),
            **({"failed": len(failed)} if failed else {}),
            "time of them all": sum(r["seconds"] for r in done.values()),
        },
        blocks=blocks,
        pictures=pictures,
        settings={k.strip("-"): v for k, v in _given(args).items()},
        again=_again(args),
    )
    say(*written, *(path for path, _ in pictures), out / "report.html", first.folder / "model.npz")


def _given(args: argparse.Namespace) -> dict[str, Any]:
    names = ["hidden", *(action.dest for action in _settings())]
    given = {f"--{name.replace('_', '-')}": getattr(args, name) for name in names}
    return {flag: x for flag, x in given.items() if x}


def _again(args: argparse.Namespace) -> str:
    words = ["sweep", args.dataset]
    for flag, x in {**_given(args), "--jobs": args.jobs, "--out": args.out}.items():
        if x:
            words += [flag] if x is True else [flag, str(x)]
    return report.command(words)


def _pictures(
    best: Sequence[Training], models: Sequence[str], out: Path, dataset: str
) -> list[tuple[Path, str]]:
    histories = {t.name: h for t in best if (h := runs.history_of(t.folder))}
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        say('no picture without Matplotlib; to install it: pip install "plaingrad[plot]"')
        return []
    path = out / "curves.png"
    differ = " and ".join(part.partition("=")[0] for part in best[0].name.split() if "=" in part)
    by = f" by {differ}" if differ else ""
    models = list(dict.fromkeys(models))
    what = models[0] if len(models) == 1 else f"{len(models)} networks"
    runs.draw(histories, path, f"{dataset}: {what}, {len(best)} trainings{by}, the best first")
    return [(path, "The curves of all trainings: lines of the test samples, dots of training.")]
