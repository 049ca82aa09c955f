"""The pages made from tables are what the tables say now, and every public name has its entry."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import autograd
import nn
import nn.functional
import optim

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "build" / "generate.py")
assert spec is not None
assert spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_page_is_current(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    if name == "tables/numpy.md" and f"# NumPy {np.__version__[:3]} on" not in text:
        pytest.skip("the committed page is of another NumPy")
    assert text == generate.PAGES[name](), "run `make docs`"


def blocks_of(page: str, language: str = "python") -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_page_on_speed_shows_the_table_that_it_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (block,) = [block for block in blocks_of("guides/speed.md") if "nn.profile" in block]
    exec(compile(block, "guides/speed.md", "exec"), {})
    (shown,) = [block for block in blocks_of("guides/speed.md", "text") if "by op" in block]
    cuts = [text.partition("by op")[0].splitlines() for text in (capsys.readouterr().out, shown)]
    names, expected = ([line[:40] for line in lines if "-" not in line] for lines in cuts)
    assert names[:-2] == expected[:-2]  # names and calls; the last is the time of the whole


def test_how_it_works_tells_of_every_file_of_the_core() -> None:
    text = (ROOT / "docs" / "guides" / "how_it_works.md").read_text(encoding="utf-8")
    for path in (ROOT / "autograd" / "core").glob("[a-z]*.py"):
        assert f"`{path.name}`" in text
        assert f"`{path.stem}`" in (ROOT / "autograd" / "core" / "__init__.py").read_text()


def test_every_public_name_has_its_place_in_the_reference() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").rglob("*.md")]
    shown = re.findall(r"^::: ([\w.]+)$", "\n".join(pages), re.MULTILINE)
    assert len(shown) == len(set(shown))
    for module in (
        autograd,
        autograd.explain,
        nn,
        nn.functional,
        nn.models,
        nn.data,
        nn.distributions,
        nn.utils,
        nn.utils.rnn,
        optim,
        optim.lr_scheduler,
    ):
        for name in module.__all__:
            thing, path = getattr(module, name), f"{module.__name__}.{name}"
            if isinstance(thing, ModuleType):
                continue
            elsewhere = [
                f"{path}.{name}",
                f"optim.lr_scheduler.{name}",
                f"{thing.__module__}.{name}",  # where it is at home
            ]  # of a file called as it is
            if isinstance(thing, type) and issubclass(thing, autograd.AutogradError):
                continue  # these have a page of their own
            assert path in shown or set(elsewhere) & set(shown), path
