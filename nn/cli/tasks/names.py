"""Names: a model of characters learns what identifiers of Python's standard library are like."""

from __future__ import annotations

import argparse
import builtins
import importlib
import keyword
import re
import sys
import textwrap
import types
import warnings
from contextlib import suppress
from typing import Any

import numpy as np

from ...module import Module
from .base import Picture, Run
from .sequences import NOTHING, Array, Language, Pairs, draw_surprise, losses, mean_loss

__all__ = ["TASKS", "Names", "identifiers"]

ALPHABET = (
    "._abcdefghijklmnopqrstuvwxyz"  # the dot is before the first character and after the last
)
LONGEST = 16
SAMPLES = 1000
#: Modules whose import does nothing but define names, on every system.
MODULES = """
abc argparse array ast asyncio base64 bisect calendar cmath codecs collections contextlib copy csv
ctypes dataclasses datetime decimal difflib dis email enum fileinput fnmatch fractions ftplib
functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html http imaplib
importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox math
mimetypes mmap multiprocessing numbers operator optparse os pathlib pdb pickle pickletools pkgutil
platform plistlib poplib pprint profile pstats pydoc queue quopri random re reprlib sched secrets
select selectors shelve shlex shutil signal smtplib socket socketserver sqlite3 ssl stat
statistics string struct subprocess symtable sys sysconfig tarfile tempfile textwrap threading
time timeit token tokenize trace traceback tracemalloc types typing unicodedata unittest
urllib.parse urllib.request uuid venv warnings wave weakref webbrowser xml.dom.minidom
xml.etree.ElementTree xmlrpc.client zipfile zipimport zlib zoneinfo
""".split()  # noqa: SIM905


def identifiers() -> list[str]:
    """Names of Python's standard library, in order: the same for one version of Python.

    Keywords, built-in names and types with what they have, the modules' names, and for `MODULES`
    what they define, what their classes have, and what their functions call their arguments. Only
    small letters with single underscores between them, 3 to 16 characters.
    """
    names = {*keyword.kwlist, *dir(builtins), *sys.stdlib_module_names}
    found = [vars(builtins)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some modules say that they are old
        for module in MODULES:
            with suppress(ImportError):  # a Python may have been built without sqlite3, say
                found.append(vars(importlib.import_module(module)))
    for names_of in found:
        for name, value in list(names_of.items()):
            # A submodule is there only if somebody has imported it.
            if isinstance(value, types.ModuleType):
                continue
            names |= {name, *_arguments(value)}
            if isinstance(value, type):
                names.update(dir(value))
                for method in list(vars(value).values()):
                    names |= _arguments(method)
    fits = re.compile("[a-z]+(_[a-z]+)*")
    return sorted(n for n in names if 3 <= len(n) <= LONGEST and fits.fullmatch(n))


def _arguments(value: Any) -> set[str]:
    """What a function written in Python calls its arguments."""
    code = getattr(getattr(value, "__func__", value), "__code__", None)
    if not isinstance(code, types.CodeType):
        return set()
    return set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def encode(names: list[str]) -> tuple[Array, Array]:
    """What is read, (names, 17), and what follows it; behind the last dot nothing is asked."""
    x = np.zeros((len(names), LONGEST + 1), np.int64)
    y = np.full_like(x, NOTHING)
    for row, name in enumerate(names):
        numbers = [ALPHABET.index(c) for c in f".{name}."]
        x[row, : len(name) + 1], y[row, : len(name) + 1] = numbers[:-1], numbers[1:]
    return x, y


def decode(rows: Array) -> list[str]:
    """The names in rows of characters, each up to its first dot."""
    return ["".join(ALPHABET[i] for i in row).split(".")[0] for row in rows]


class Names(Language):
    """Identifiers, a character at a time."""

    name = "names"
    summary = "identifiers of Python's standard library, to make up new ones"
    models = {  # noqa: RUF012
        "lstm": "two LSTMs of 128",
        "gpt": "a GPT of two blocks of 64",
    }
    defaults = {  # noqa: RUF012
        "model": "lstm", "optimizer": "adamw", "lr": 0.01, "batch_size": 64, "epochs": 14,
        "dropout": 0.3, "schedule": "onecycle", "temperature": 0.8,
    }  # fmt: skip
    by_model = {"gpt": {"dropout": 0.1, "epochs": 50}}  # noqa: RUF012

    def data(self, args: argparse.Namespace) -> tuple[Any, Any]:
        """Nine in ten of the names to learn from, and the others."""
        names = identifiers()
        order = np.random.default_rng(args.seed).permutation(len(names))
        x, y = encode([names[i] for i in order])
        n = len(names) * 9 // 10
        return (x[:n], y[:n]), (x[n:], y[n:])

    def model(self, args: argparse.Namespace) -> Module:
        """An LSTM or a GPT."""
        size = 128 if args.model == "lstm" else 64
        return self.network(args, len(ALPHABET), LONGEST + 1, size, 2)

    def numbers(self, run: Run) -> dict[str, float]:
        """The loss of a character beside that of pairs."""
        x, y = run.test
        x_train, y_train = run.train
        pairs = Pairs(run.train, len(ALPHABET))
        return {
            "train loss": mean_loss(losses(run.model, x_train, y_train), y_train),
            "test loss": mean_loss(losses(run.model, x, y), y),
            "bigram loss": mean_loss(pairs.losses(x, y), y),
        }

    def lines(self, run: Run) -> list[str]:
        """Names that it makes up, and how many of them are new."""
        seen, unseen = (set(decode(x[:, 1:])) for x, _ in (run.train, run.test))
        start = np.zeros((SAMPLES, 1), np.int64)
        made = decode(self.generate(run, start, LONGEST + 1)[:, 1:])
        new = [name for name in made if name not in seen]
        right = [name for name in new if name in unseen]
        own = list(dict.fromkeys(name for name in new if name not in unseen and len(name) > 2))
        told = textwrap.wrap(f"made up: {', '.join(own[:40])}", 88)
        share = f"{len(new):,} of {SAMPLES:,} samples are none of the names that it learned from"
        lines = ["loss: in nats a character, of names it never saw; bigram: counts of pairs", share]
        if right:
            some = ", ".join(dict.fromkeys(right[:8]))
            lines.append(f"{len(right)} of these are names of the library, held back: {some}")
        return [*lines, *told]

    def pictures(self, run: Run) -> dict[str, Picture]:
        """Where it hesitates."""
        x, y = run.test
        pairs = Pairs(run.train, len(ALPHABET))
        words = decode(x[:, 1:])
        some = [i for i, word in enumerate(words) if 6 <= len(word) <= 14][:18]
        rows = [words[i] + "." for i in some]
        panels = []
        for name, each in (
            (self.title(run.args), losses(run.model, x, y)),
            ("counts of pairs", pairs.losses(x, y)),
        ):
            cut = [each[i, : len(row)] for i, row in zip(some, rows, strict=True)]
            panels.append((f"{name}: {mean_loss(each, y):.2f} nats a character", cut))
        title = f"names: {self.title(run.args)}. What it did not expect, in names it never saw"

        return {
            "surprise.png": Picture(
                lambda path: draw_surprise(rows, panels, title, path),
                "Names it never saw, each character shaded by its loss; the dot is the end. "
                "Whoever knows only the character before is surprised more often.",
            )
        }


TASKS = (Names(),)
