"""Text: a model of characters learns from a file, and writes on in its manner."""

from __future__ import annotations

import argparse
import functools
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from ...module import Module
from ..arguments import count
from .base import Picture, Run
from .sequences import Array, Language, Pairs, draw_surprise, losses, mean_loss

__all__ = ["TASKS", "Text"]


def read(path: str) -> tuple[Array, str]:
    """The characters of a file as numbers, and its alphabet, in order."""
    return _read(Path(path).absolute(), Path(path).stat().st_mtime_ns)


@functools.lru_cache(1)  # it is asked for several times in a run
def _read(path: Path, time: int) -> tuple[Array, str]:  # noqa: ARG001
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"argument --data: {path}, line {line}: expected text in UTF-8, got the byte "
            f"{error.object[error.start]:#04x}"
        ) from None
    codes = np.frombuffer(text.replace("\r\n", "\n").encode("utf-32-le"), np.uint32)
    alphabet, numbers = np.unique(codes, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), "".join(map(chr, alphabet))


class Text(Language):
    """A file, a character at a time."""

    name = "text"
    summary = "a text of your own, from --data FILE, to write on in its manner"
    models = {  # noqa: RUF012
        "lstm": "two LSTMs of 128",
        "gpt": "a GPT of three blocks of 96, slower to learn",
    }
    defaults = {  # noqa: RUF012
        "model": "lstm", "optimizer": "adamw", "lr": 0.005, "batch_size": 32, "epochs": 5,
        "dropout": 0.2, "schedule": "onecycle", "temperature": 0.8, "block": 64,
    }  # fmt: skip
    by_model = {"gpt": {"lr": 0.003, "dropout": 0.1}}  # noqa: RUF012
    options = {  # noqa: RUF012
        "--data": {"metavar": "PATH", "help": "the file"},
        "--block": {"type": count, "metavar": "N", "help": "how many characters it sees at once"},
        **Language.options,
    }

    def check(self, args: argparse.Namespace) -> None:
        """Raise ValueError also if there is no file, or it is too short."""
        super().check(args)
        if not args.data:
            raise ValueError("argument --data: expected a file of text, got none")
        if Path(args.data).is_dir():
            raise ValueError(f"argument --data: expected a file, got the folder {args.data}")
        numbers, _ = read(args.data)
        least = 20 * (args.block + 1)
        if len(numbers) < least:
            raise ValueError(
                f"argument --data: {args.data} has {len(numbers):,} characters, expected at least "
                f"{least:,}, which is twenty times a --block of {args.block} and one"
            )

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """Pieces of the first nine tenths to learn from, each half over the next; of the rest."""
        numbers, _ = read(args.data)
        n = len(numbers) * 9 // 10
        step = max(args.block // 2, 1)
        return pieces(numbers[:n], args.block, step), pieces(numbers[n:], args.block, args.block)

    def model(self, args: argparse.Namespace) -> Module:
        """An LSTM or a GPT."""
        _, alphabet = read(args.data)
        size, layers = (128, 2) if args.model == "lstm" else (96, 3)
        return self.network(args, len(alphabet), args.block, size, layers)

    def title(self, args: argparse.Namespace) -> str:
        """Its name, and that of the file."""
        return f"{super().title(args)} on {Path(args.data).name}"

    def numbers(self, run: Run) -> dict[str, float]:
        """The loss of a character beside that of pairs."""
        x, y = run.test
        pairs = Pairs(run.train, len(read(run.args.data)[1]))
        return {
            "train loss": run.history["loss"][-1],
            "test loss": mean_loss(losses(run.model, x, y), y),
            "bigram loss": mean_loss(pairs.losses(x, y), y),
        }

    def lines(self, run: Run) -> list[str]:
        """What it writes."""
        numbers, alphabet = read(run.args.data)
        start = numbers[: run.args.block]
        made = self.generate(run, start, 800)[len(start) :]
        text = "".join(
            alphabet[i] if alphabet[i].isprintable() or alphabet[i] == "\n" else " " for i in made
        )
        lines = [
            w
            for line in text.split("\n")
            for w in textwrap.wrap(line, 88, replace_whitespace=False, drop_whitespace=False)
            or [""]
        ]
        return [
            "loss: in nats a character, of the last tenth of the file; bigram: counts of pairs",
            f"what it writes after the first {len(start)} characters of the file:",
            "",
            *(line.rstrip() for line in lines),
        ]

    def pictures(self, run: Run) -> dict[str, Picture]:
        """Where it hesitates."""
        x, y = run.test
        alphabet = read(run.args.data)[1]
        pairs = Pairs(run.train, len(alphabet))
        some = np.linspace(0, len(x) - 1, min(len(x), 8)).astype(int)
        shown = ["".join(_visible(alphabet[i]) for i in row) for row in y[some]]
        each = (
            (self.title(run.args), losses(run.model, x[some], y[some])),
            ("counts of pairs", pairs.losses(x[some], y[some])),
        )
        panels = [(name, list(values)) for name, values in each]
        title = "text: what it did not expect, in the part of the file it never saw"
        return {
            "surprise.png": Picture(
                lambda path: draw_surprise(shown, panels, title, path),
                "Pieces of the part of the file that it never saw, each character shaded by its "
                "loss; ↵ ends a line.",
            )
        }


def pieces(numbers: Array, block: int, step: int) -> tuple[Array, Array]:
    """What is read, (n, block), and what follows each character of it."""
    windows = np.lib.stride_tricks.sliding_window_view(numbers, block + 1)[::step]
    return windows[:, :-1].copy(), windows[:, 1:].copy()


def _visible(character: str) -> str:
    if character == "\n":
        return "↵"
    return character if character.isprintable() else " "


TASKS = (Text(),)
