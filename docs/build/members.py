"""For the documentation: what griffe does not see, and what nobody looks for.

How a module is called stands in its `forward`, which readers of the page of `Linear` do not look
for: it becomes a paragraph of the class. A Tensor's operators and methods are attached to it when
autograd is imported (ops/methods.py): they become methods, as core/declarations.pyi declares them.
And every op's docstring says its rule.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import griffe

sys.path[:0] = [str(Path(__file__).parents[2])]

from autograd import Tensor  # noqa: E402
from autograd.explain.rules import SEE_SOURCE, op_of, rules  # noqa: E402
from nn import functional  # noqa: E402

MODULE = "nn.module.Module"
TENSOR, DECLARED = "core.tensor.Tensor", "core.declarations.Declared"


class Members(griffe.Extension):
    """Merges `forward` into the classes of nn, and adds to Tensor what is attached to it."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called by griffe when it has read a package."""
        if pkg.name == "autograd":
            attach(pkg[TENSOR], pkg[DECLARED])
        elif pkg.name == "nn":
            for found in list(classes(pkg)):
                call_of(found)
            for name in functional.__all__:
                say_rule(pkg[f"functional.{name}"], getattr(functional, name))
            for found in list(classes(pkg)):
                if found.path != MODULE:
                    found.members.pop("forward", None)


def classes(module: Any) -> Any:
    """The classes that are written in a package."""
    for member in module.members.values():
        if member.is_alias:
            continue
        if member.is_module:
            yield from classes(member)
        elif member.is_class:
            yield member


def call_of(found: Any) -> None:
    """Say in a class's docstring what its `forward` says."""
    if found.path == MODULE or not found.docstring:
        return
    owner = next((c for c in [found, *mro(found)] if "forward" in c.members), None)
    forward = owner and owner.members["forward"]
    if not forward or owner.path == MODULE or not forward.docstring:
        return
    arguments = [p for p in forward.parameters if p.name != "self"]
    shown = ", ".join(
        ("*" if p.kind is griffe.ParameterKind.var_positional else "")
        + p.name
        + ("" if p.default is None or p.name.startswith("*") else f"={p.default}")
        for p in arguments
    )
    text = inspect.cleandoc(forward.docstring.value)
    first, *sections = re.split(r"\n\n?(\w+)\n-{3,}\n", text)
    lines = [f"Called with `({shown})`: {first[:1].lower()}{first[1:]}", ""]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        if title == "Parameters":
            for item in re.split(r"\n(?=\S)", body.strip("\n")):
                name, _, told = item.partition("\n")
                lines.append(f"- `{name}`: {' '.join(told.split())}")
        elif title == "Returns":
            items = [i.partition("\n") for i in re.split(r"\n(?=\S)", body.strip("\n"))]
            for name, _, told in items:
                named = f"`{name.partition(' : ')[0]}`: " if " : " in name else ""
                lines.append(f"- gives {named}{' '.join(told.split())}")
    doc = inspect.cleandoc(found.docstring.value)
    before, mark, after = split_at_section(doc)
    found.docstring.value = (
        f"{before.rstrip()}\n\n" + "\n".join(lines).rstrip() + f"\n\n{mark}{after}"
    )


def rule_text(function: Any) -> str:
    """The rule of an op, a line for each of its inputs; empty if there is none to show."""
    op = op_of(function)
    told = []
    for name, rule in rules(op).items() if op else ():
        if rule.formula or rule.note not in ("", SEE_SOURCE):
            where = " and ".join(f"`{n} = {text}`" for n, text in rule.where)
            parts = [f"`{rule.formula}`" if rule.formula else rule.note, where and f"where {where}"]
            note = f"; {rule.note}" if rule.formula and rule.note else ""
            told.append(f"- by `{name}`: {' '.join(filter(None, parts))}{note}")
    if len(told) == 1:
        return f"Gradient {told[0].removeprefix('- ')}"
    return "\n".join(["Gradient", "", *told]) if told else ""


def say_rule(found: Any, function: Any) -> None:
    """Say an op's rule in its docstring, before the first section."""
    text = rule_text(function)
    found = found.final_target if found.is_alias else found
    if not text or not found.docstring:
        return
    doc = re.sub(
        r"^Gradient( by \w+)?: .*\n?", "", inspect.cleandoc(found.docstring.value), flags=re.M
    )
    before, mark, after = split_at_section(doc)
    doc = f"{before.rstrip()}\n\n{text}\n\n{mark}{after}"
    found.docstring = griffe.Docstring(doc, parent=found, parser="numpy")


def mro(found: Any) -> list[Any]:
    """The classes that a class inherits from, those that griffe has read."""
    try:
        return list(found.mro())
    except Exception:  # one of another package
        return []


def split_at_section(doc: str) -> tuple[str, str, str]:
    """A docstring at its first section: what comes before, the section's name, the rest."""
    match = re.search(r"^\w+\n-{3,}\n", doc, re.MULTILINE)
    return (doc, "", "") if not match else (doc[: match.start()], match[0], doc[match.end() :])


def attach(tensor: Any, declared: Any) -> None:
    """The methods that are attached to Tensor become its members, each with its docstring."""
    for name in declared.members:
        thing = inspect.getattr_static(Tensor, name, None)
        if name.startswith("_") or thing is None or name in tensor.members:
            continue
        doc = inspect.getdoc(thing) or ""
        if (getattr(thing, "__module__", None) or "").startswith("numpy"):
            doc = f"`np.{name}` of the values: plain arrays, without a gradient."
        elif rule := rule_text(thing):
            doc = doc if not doc.startswith("Gradient") else f"`np.{name}`, on Tensors."
            doc += f"\n\n{rule}"
        made: Any
        if isinstance(thing, property):
            made = griffe.Attribute(name, annotation="Tensor", parent=tensor)
            made.labels = {"property"}
        else:
            made = function(name, declared, tensor)
        made.docstring = griffe.Docstring(doc, parent=made, parser="numpy")
        tensor.set_member(name, made)


def function(name: str, declared: Any, tensor: Any) -> Any:
    """A method as it is declared: by itself, or as `mean = sum`."""
    found = declared.members[name]
    while found.is_attribute:
        found = declared.members[str(found.value).rpartition(" = ")[2].strip()]
    return griffe.Function(
        name,
        parameters=griffe.Parameters(*found.parameters),
        returns=found.returns,
        parent=tensor,
        lineno=None,
    )
