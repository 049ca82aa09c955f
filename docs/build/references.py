"""For the documentation: a public name in running text is a link to its entry.

A hook of mkdocs. `nn.Linear`, `functional.relu`, `optim.Adam` and `autograd.gradcheck` are found as
they are written; classes (`Linear`, `GraphFreedError`) and what is in autograd by the name alone.
"""

from __future__ import annotations

import inspect
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]
#: Where no link is wanted: in code blocks, in headings, in links, and in what is drawn.
SKIP = re.compile(
    r"<(pre|a|h\d|svg|math|iframe|summary|autoref)\b.*?</\1>|<code>([A-Za-z_][\w.]*(?:\(\))?)</code>",
    re.DOTALL,
)


@cache
def identifiers() -> dict[str, str]:
    """{a name as it is written: the anchor of its entry}."""
    import autograd
    import nn
    import optim

    found: dict[str, str] = {}

    def entry(module: Any, name: str) -> str:
        """The anchor of a public name, which may be that of its file, too."""
        path = f"{module.__name__}.{name}"
        return f"{path}.{name}" if path in sys.modules else path

    for module in (optim.lr_scheduler, optim, nn.functional, nn, autograd):
        for name in module.__all__:
            if inspect.ismodule(getattr(module, name)):
                continue
            schedule = module is optim and name in optim.lr_scheduler.__all__
            anchor = entry(optim.lr_scheduler if schedule else module, name)
            found[f"{module.__name__}.{name}"] = anchor
            if module is nn.functional:
                found[f"functional.{name}"] = found[f"F.{name}"] = anchor
            elif name[0].isupper() or (module is autograd and name not in ("op", "grad", "shared")):
                found[name] = anchor
    for module in (autograd.explain, nn.data, nn.datasets, nn.init, nn.models, nn.plot):
        for name in module.__all__:
            found[f"{module.__name__}.{name}"] = entry(module, name)
            found[f"{module.__name__.removeprefix('autograd.')}.{name}"] = entry(module, name)
    for name in ("state_dict", "load_state_dict", "named_parameters"):
        found[name] = f"nn.Module.{name}"
    return found


def linked(content: str) -> str:
    """A page's HTML with its names as links."""

    def link(match: re.Match[str]) -> str:
        anchor = identifiers().get((match[2] or "").removesuffix("()"))
        if anchor is None:
            return match[0]
        return f'<autoref identifier="{anchor}" optional>{match[0]}</autoref>'

    return SKIP.sub(link, content)


def on_page_content(content: str, **_: Any) -> str:
    """Called by mkdocs with the HTML of each page; the search does not look into sources."""
    source = 'class="mkdocstrings-source"'
    content = content.replace(f"<details {source}", f"<details data-search-exclude {source}")
    return linked(content)
