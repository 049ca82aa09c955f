"""Addition: a GPT that learns to add from examples, and is asked sums it never saw."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from autograd import no_grad

from ... import plot
from ...module import Module
from ..arguments import valid
from ..report import figure
from .base import Picture, Run
from .sequences import NOTHING, Array, Language, scores

__all__ = ["TASKS", "Addition", "questions"]

PLUS, EQUALS = 10, 11
MOST = 100_000  # of sums, if there are more
digits = valid(int, lambda n: 1 <= n <= 6, "a whole number from 1 to 6")


def questions(a: Array, b: Array, n: int) -> tuple[Array, Array]:
    """Sums as characters: what is read, and what follows; only the answer is asked for.

    For 37 + 85 it reads 3 7 + 8 5 = 2 2, and is asked for 2 2 1: the answer begins with the units,
    as one adds on paper, so that the carry is known when it is needed.
    """
    powers = 10 ** np.arange(n + 1)
    sign = np.ones((len(a), 1), np.int64)
    first, second, answer = (x[:, None] // powers % 10 for x in (a, b, a + b))
    left, right = first[:, n - 1 :: -1], second[:, n - 1 :: -1]
    text = np.concatenate([left, PLUS * sign, right, EQUALS * sign, answer], axis=1)
    x, y = text[:, :-1], text[:, 1:].copy()
    y[:, : 2 * n + 1] = NOTHING
    return x, y


def exact(output: Any, y: Array) -> float:
    """The share of answers all of whose digits are the likeliest ones.

    Digits before are the true ones here; where all are right this is what it writes by itself.
    """
    guess = np.asarray(scores(output)).argmax(axis=-1)
    return float(((guess == y) | (y == NOTHING)).all(axis=1).mean())


class Addition(Language):
    """Sums, a digit at a time."""

    name = "addition"
    summary = "sums of two numbers of two digits, half of them never seen"
    models = {"gpt": "a GPT of two blocks of 64"}  # noqa: RUF012
    defaults = {  # noqa: RUF012
        "model": "gpt", "optimizer": "adamw", "lr": 0.005, "batch_size": 128, "epochs": 30,
        "schedule": "onecycle", "digits": 2,
    }  # fmt: skip
    options = {  # noqa: RUF012
        "--digits": {"type": digits, "metavar": "N", "help": "of the numbers to add"},
    }

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """Half of all sums, at most 50,000, to learn from; as many others."""
        rng, n = np.random.default_rng(args.seed), args.digits
        total = 10 ** (2 * n)
        if total <= MOST:
            chosen = rng.permutation(total)
        else:  # as many with few digits as with many would be too many of few
            chosen = rng.permutation(np.unique(rng.integers(0, total, MOST)))
        a, b = np.divmod(chosen, 10**n)
        x, y = questions(a, b, n)
        half = len(x) // 2
        return (x[:half], y[:half]), (x[half : 2 * half], y[half : 2 * half])

    def model(self, args: argparse.Namespace) -> Module:
        """A GPT."""
        return self.network(args, 12, 3 * args.digits + 2, 64, 2)

    def title(self, args: argparse.Namespace) -> str:
        """What it adds."""
        return f"GPT, numbers of {args.digits} digit{'s' * (args.digits > 1)}"

    def metrics(self, args: argparse.Namespace) -> dict[str, Any]:  # noqa: ARG002
        """The share of sums that are right in all digits."""
        return {"exact_accuracy": exact}

    def answers(self, run: Run, x: Array) -> Array:
        """What it writes by itself after "=", the likeliest digit each time, as numbers."""
        model: Any = run.model
        n = run.args.digits
        start, powers = x[:, : 2 * n + 2], 10 ** np.arange(n + 1)
        made = []
        model.eval()
        with no_grad():
            for i in range(0, len(start), 1000):
                text = model.generate(start[i : i + 1000], n + 1, temperature=0)
                # A sign among the digits makes a number that is too large for any sum.
                made.append((text[:, -n - 1 :] * powers).sum(axis=1))
                signs = (text[:, -n - 1 :] >= PLUS).any(axis=1)
                made[-1][signs] = -1
        return np.concatenate(made)

    def numbers(self, run: Run) -> dict[str, float]:
        """The shares of sums that are right."""
        return {
            f"{name} exact accuracy": float(
                np.mean(self.answers(run, x) == np.add(*terms(x, run.args.digits)))
            )
            for name, (x, _) in (("train", run.train), ("test", run.test))
        }

    def lines(self, run: Run) -> list[str]:
        """Some sums, wrong ones first, and how many are right by the number of carries."""
        x, _ = run.test
        n = run.args.digits
        a, b = terms(x, n)
        guess = self.answers(run, x)
        right = guess == a + b
        order = np.argsort(right[:2000], kind="stable")[:10]
        told = [
            f"  {a[i]:>{n}} + {b[i]:>{n}} = {_said(guess[i]):>{n + 1}}"
            + ("" if right[i] else f"  (is {a[i] + b[i]})")
            for i in order
        ]
        carried = carries(a, b, n)
        by = ", ".join(
            f"{k}: {figure('accuracy', right[carried == k].mean())}" for k in np.unique(carried)
        )
        head = f"exact: all digits are right. By the number of carries: {by}"
        return [
            head,
            "sums it never saw" + (", wrong ones first:" if not right.all() else ":"),
            *told,
        ]

    def pictures(self, run: Run) -> dict[str, Picture]:
        """The sums it saw, and the others, right and wrong."""
        n = run.args.digits

        def draw(path: Path) -> None:
            a, b = terms(run.test[0], n)
            right = self.answers(run, run.test[0]) == a + b
            draw_sums(
                terms(run.train[0], n), (a, b), right, n, f"addition: {self.title(run.args)}", path
            )

        return {
            "sums.png": Picture(
                draw,
                "Each place is a sum: white ones it learned from, the others it never saw.",
            )
        }


def terms(x: Array, n: int) -> tuple[Array, Array]:
    """The two numbers that are to be added."""
    powers = 10 ** np.arange(n)[::-1]
    return x[:, :n] @ powers, x[:, n + 1 : 2 * n + 1] @ powers


def carries(a: Array, b: Array, n: int) -> Array:
    """How often one carries."""
    powers = 10 ** np.arange(1, n + 1)
    return ((a[:, None] % powers + b[:, None] % powers) >= powers).sum(axis=1)


def _said(guess: int) -> str:
    return "no number" if guess < 0 else str(guess)


def draw_sums(
    seen: tuple[Array, Array],
    asked: tuple[Array, Array],
    right: Array,
    n: int,
    title: str,
    path: Path,
) -> None:
    """The plane of sums: as tiles if there are 10,000 at most, else as dots."""
    shown = f"{title}\nSums it never saw: {figure('accuracy', right.mean())} right"
    with plot._style():
        figure_ = plot._figure(6.2, 6.9)
        axes = figure_.add_subplot()
        side = 10**n
        size = 1.0 if n <= 2 else 2.0
        if n <= 2:
            tiles = np.ones((side, side, 3))
            for colour, (a, b) in (
                (plot.PALETTE[5], (asked[0][right], asked[1][right])),
                (plot.WRONG, (asked[0][~right], asked[1][~right])),
            ):
                ink = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
                tiles[b, a] = ink
            axes.imshow(tiles, origin="lower", interpolation="nearest")
        else:
            axes.scatter(*(t[right][:20_000] for t in asked), s=size, color=plot.PALETTE[5], lw=0)
            axes.scatter(*(t[~right] for t in asked), s=9, color=plot.WRONG, lw=0)
            axes.set(xlim=(0, side), ylim=(0, side))
        plot._dress(axes, shown, 26, "first number", "second number")
        labels = (
            (f"never seen, right ({right.sum():,})", plot.PALETTE[5]),
            (f"never seen, wrong ({(~right).sum():,})", plot.WRONG),
            (f"learned from ({len(seen[0]):,})", "white"),
        )
        marks = [
            axes.plot([], [], "s", color=c, mec=plot.AXIS, ms=8, label=name)[0]
            for name, c in labels
        ]
        look: dict[str, Any] = {"columnspacing": 1, "handlelength": 1, **plot.LEGEND}
        axes.legend(handles=marks, loc=(0, 1.01), ncols=3, labelcolor=plot.GREY, **look)
        axes.set_box_aspect(1)
    plot._saved(axes, path)


TASKS = (Addition(),)
