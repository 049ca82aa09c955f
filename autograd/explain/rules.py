"""The rule of an op as a formula: `g * (1 - y**2)` for tanh.

A closure of an elementwise op is its formula already, so it is read from the source: NumPy's prefix
taken off, the result called y, local names filled in or explained. An op whose closure is written
for speed, or of many steps, says its rule in its docstring, as anybody's op may:

    Gradient: `y * (g - sum(g * y, axis=axis, keepdims=True))`

with `Gradient by x: ...`, a line for each, where there are several inputs. What stands between
backquotes is a formula of NumPy, in which g is the gradient of the result, y the result (`out`, if
y is an input) and all else an argument of the op; further ones, as `s = 1 + abs(x)`, say what a
name in it means. Text without a formula before it describes the rule in words.

Examples
--------
>>> import numpy as np
>>> from autograd import explain, op
>>> explain.rule(np.tanh)
'g * (1 - y**2)'
>>> explain.rule(np.multiply)
'x: g * y; y: g * x'
>>> @op
... def swish(x):
...     s = 1 / (1 + np.exp(-x))
...     return x * s, lambda g: g * s * (1 + x * (1 - s))
>>> explain.rule(swish)
'g * s * (1 + x * (1 - s)) where s = 1 / (1 + exp(-x))'
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..core.dispatch import RULES
from .graph import short

__all__ = ["Rule", "rule", "rules"]

LONGEST = 60  # characters of a formula that is derived; what is longer should be told by its author
MOST_NAMES = 3  # explained after "where"
SEE_SOURCE = "see the source"
LIBRARIES = ("np", "numpy", "math", "linalg", "fft")  # whose names need no prefix


@dataclass(frozen=True)
class Rule:
    """From the gradient of an op's result to that of one of its inputs.

    Attributes
    ----------
    formula
        an expression of NumPy; "" if there is none.
    where
        what names in it stand for: pairs of a name and an expression, in an order to compute them.
    note
        the rule in words, or what there is to say of the formula.
    """

    formula: str
    where: tuple[tuple[str, str], ...] = ()
    note: str = ""

    def __str__(self) -> str:
        if not self.formula:
            return self.note
        names = ", ".join(f"{name} = {text}" for name, text in self.where)
        return self.formula + (f" where {names}" if names else "")


def rule(function: Any) -> str:
    """The rule of an op as a formula: how the gradient g of its result becomes those of its inputs.

    Parameters
    ----------
    function
        an op, or a function of NumPy or of `nn.functional` that stands for one.

    Returns
    -------
    str
        NumPy's notation, y for the result (`out`, if an input has that name); of several inputs, a
        formula for each after its name.

    Raises
    ------
    TypeError
        for what is no op and has no rule.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import explain
    >>> explain.rule(np.divide)
    'x: g / y; y: -g * out / y'
    """
    op = op_of(function)
    if op is None:
        name = getattr(function, "__name__", repr(function))
        known = RULES.get(function) if callable(function) else None
        if known is not None and not getattr(known, "differentiable", True):
            return "no gradient: the result is a plain array"
        module = str(getattr(function, "__module__", "")).partition(".")[0]
        if known is not None or (callable(function) and module in ("autograd", "nn")):
            return "made of other ops"
        raise TypeError(
            f"explain.rule: {name} is no op: give one made by @op, or a function of NumPy or "
            "nn.functional that has a gradient"
        )
    found = rules(op)
    if not found:
        return "no gradient"
    if op.inputs == 1:
        return str(next(iter(found.values())))
    return "; ".join(f"{name}: {r}" for name, r in found.items())


def op_of(function: Any) -> Any:
    """The op that a function is, stands for or wraps; None if there is none."""
    try:
        function = RULES.get(function, function)
    except TypeError:  # no key
        return None
    found = None
    while function is not None:
        found = function if hasattr(function, "input_names") else found
        function = getattr(function, "__wrapped__", None)
    return found


_known: WeakKeyDictionary[Any, dict[str, Rule]] = WeakKeyDictionary()


def rules(op: Any) -> dict[str, Rule]:
    """The rule of each input of an op that has a gradient."""
    if op not in _known:
        body = inspect.unwrap(op)
        told = declared(body.__doc__ or "")
        try:
            read = derived(body, op.input_names)
        except (OSError, TypeError, SyntaxError, _UnreadableError):
            read = dict.fromkeys(op.input_names, Rule("", note=SEE_SOURCE))
        if set(told) == {""}:
            told = dict.fromkeys(op.input_names, told[""])
        both = {name: told.get(name, read.get(name)) for name in op.input_names}
        _known[op] = {name: r for name, r in both.items() if r is not None}
    return _known[op]


# Rules that an op tells in its docstring

TOLD = re.compile(r"^Gradient(?: by (\w+))?:\s(.*?)(?=\n\s*\n|\nGradient\b|\Z)", re.M | re.S)


def declared(doc: str) -> dict[str, Rule]:
    """The rules that a docstring tells, by input; "" for the only one."""
    found = {}
    for name, text in TOLD.findall(inspect.cleandoc(doc)):
        text = " ".join(text.split()).rstrip(".")
        first, *others = re.findall(r"`([^`]*)`", text) or [""]
        if not text.startswith("`"):
            found[name] = Rule("", note=text.replace("`", ""))
            continue
        where = tuple(tuple(o.split(" = ", 1)) for o in others if re.match(r"\w+ = ", o))
        note = re.sub(r"^`[^`]*`|,? (where |and )?`\w+ = [^`]*`", "", text).replace("`", "")
        found[name] = Rule(first, where, note.strip(" ,:;"))
    return found


# Rules that are read from the source


class _UnreadableError(Exception):
    """The source of an op gives no formula."""


def derived(body: Any, inputs: tuple[str, ...]) -> dict[str, Rule]:
    """The rules in the source of a body; an input whose closure is None has none."""
    function = _parsed(body)
    returned = _only_return(function)
    if not isinstance(returned, ast.Tuple) or any(
        isinstance(e, ast.Starred) for e in returned.elts
    ):
        raise _UnreadableError
    out, *closures = returned.elts
    if len(closures) != len(inputs):
        raise _UnreadableError
    parameters = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    names = _Names(parameters, function, body.__globals__, out)
    found = {}
    for name, closure in zip(inputs, closures, strict=True):
        if isinstance(closure, ast.Constant) and closure.value is None:
            continue
        try:
            found[name] = names.rule(closure)
        except _UnreadableError:
            found[name] = Rule("", note=SEE_SOURCE)
    return found


def _parsed(body: Any) -> Any:
    """The definition of a function, or the lambda, in its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body)))
    kind = ast.Lambda if body.__name__ == "<lambda>" else ast.FunctionDef
    wanted = list(inspect.signature(body).parameters)
    for node in ast.walk(tree):
        if (
            isinstance(node, kind)
            and [a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)] == wanted
        ):
            return node
    raise _UnreadableError


def _only_return(function: Any) -> Any:
    if isinstance(function, ast.Lambda):
        return function.body
    returns = [node for node in _own(function) if isinstance(node, ast.Return)]
    if len(returns) != 1:
        raise _UnreadableError
    return returns[0].value


def _own(function: Any) -> Iterator[Any]:
    """What is in a function, but for the functions in it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            yield from _own(node)


class _Names:
    """What the names in a body stand for."""

    def __init__(self, parameters: set[str], function: Any, around: Any, out: Any) -> None:
        self.parameters, self.around = parameters, around
        self.result = "out" if "y" in parameters else "y"
        self.results = {out.id} if isinstance(out, ast.Name) else set()
        self.values: dict[str, Any] = {}
        self.changed: set[str] = set()
        self._read(function)

    def _read(self, function: Any) -> None:
        """Names that are assigned once; those that change are of no use, but for the result's."""
        for node in () if isinstance(function, ast.Lambda) else _own(function):
            if isinstance(node, ast.FunctionDef):
                self._assign(ast.Name(node.name), node)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                self._assign(node.target, None)
            elif isinstance(node, ast.For | ast.With | ast.comprehension):
                for name in ast.walk(node):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        self.changed.add(name.id)

    def _assign(self, target: Any, value: Any) -> None:
        if isinstance(target, ast.Tuple):
            same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            for i, t in enumerate(target.elts):
                self._assign(t, value.elts[i] if same else None)
        elif isinstance(target, ast.Name):
            if target.id in self.parameters and _is_conversion(value, target.id):
                return
            if target.id in self.values or target.id in self.parameters or value is None:
                self.changed.add(target.id)
            self.values[target.id] = value

    def rule(self, closure: Any) -> Rule:
        """The rule that a closure is: a name, a lambda, or a local function of one `return`."""
        if isinstance(closure, ast.Name):
            if closure.id == "same":
                return Rule("g")
            if closure.id == "zero":
                return Rule("0")
            if closure.id in self.changed or closure.id not in self.values:
                raise _UnreadableError
            closure = self.values[closure.id]
        if isinstance(closure, ast.Call) and getattr(closure.func, "id", "") == "shared":
            (closure,) = closure.args
        if not isinstance(closure, ast.FunctionDef | ast.Lambda) or len(closure.args.args) != 1:
            raise _UnreadableError
        inner = _Names(self.parameters, closure, self.around, ast.Constant(0))
        inner.result, inner.results = self.result, self.results
        inner.values = {**self.values, **inner.values}
        inner.changed |= self.changed
        return inner._written(_only_return(closure), closure.args.args[0].arg)

    def _written(self, expression: Any, g: str) -> Rule:
        where: dict[str, str] = {}
        formula = self._text(expression, g, where)
        for name in [*where]:  # one that is used once is filled in where that stays short
            rest = {k: v for k, v in where.items() if k != name}
            places = [k for k, v in {"": formula, **rest}.items() if _count(name, v)]
            if len(places) == 1:
                into = rest.get(places[0], formula)
                filled = _filled(into, name, where[name])
                if _count(name, into) == 1 and len(filled) <= LONGEST:
                    formula, where = (formula, rest) if places[0] else (filled, rest)
                    if places[0]:
                        where[places[0]] = filled
        if len(formula) > LONGEST or len(where) > MOST_NAMES:
            raise _UnreadableError
        return Rule(formula, tuple(where.items()))

    def _text(self, expression: Any, g: str, where: dict[str, str]) -> str:
        """An expression as text; what its names stand for is added to `where`."""
        plain = _Plain(self, g).visit(ast.parse(ast.unparse(expression), mode="eval").body)
        tree = _products(plain)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id in where:
                continue
            name = node.id
            if name in ("g", self.result) or name in self.parameters - self.changed:
                continue
            if name in self.values and name not in self.changed:
                value = self.values[name]
                if isinstance(value, ast.FunctionDef | ast.Lambda) or (
                    isinstance(value, ast.Call) and getattr(value.func, "id", "") == "shared"
                ):
                    raise _UnreadableError
                text = self._text(value, g, where)
                if len(text) > LONGEST:
                    raise _UnreadableError
                where[name] = text
            elif name in self.values or name.startswith("_") or not self._is_known(name):
                raise _UnreadableError
        return tidy(ast.unparse(tree))

    def _is_known(self, name: str) -> bool:
        return name in self.around or hasattr(np, name) or hasattr(builtins, name)


def _count(name: str, text: str) -> int:
    return sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(ast.parse(text)))


def _filled(text: str, name: str, value: str) -> str:
    """An expression with another in place of a name."""
    inner = ast.parse(value, mode="eval").body

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: Any) -> Any:
            return inner if node.id == name else node

    return tidy(ast.unparse(_products(Fill().visit(ast.parse(text, mode="eval").body))))


def _products(tree: Any) -> Any:
    """a * (b * c) as a * b * c, and b * b as b**2."""

    class Products(ast.NodeTransformer):
        def visit_BinOp(self, node: Any) -> Any:
            node = self.generic_visit(node)
            if not isinstance(node.op, ast.Mult):
                return node
            left, right = node.left, node.right
            if (
                isinstance(right, ast.BinOp)
                and isinstance(right.op, ast.Mult)
                and not isinstance(right.left, ast.Constant)
            ):
                first = self.visit(ast.BinOp(left, ast.Mult(), right.left))
                return self.visit_BinOp(ast.BinOp(first, ast.Mult(), right.right))
            if isinstance(right, ast.Name):
                if isinstance(left, ast.Name) and left.id == right.id:
                    return ast.BinOp(left, ast.Pow(), ast.Constant(2))
                if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
                    last = left.right
                    if isinstance(last, ast.Name) and last.id == right.id:
                        square = ast.BinOp(right, ast.Pow(), ast.Constant(2))
                        return ast.BinOp(left.left, ast.Mult(), square)
            return node

    return Products().visit(tree)


def _is_conversion(value: Any, name: str) -> bool:
    """Whether a value is that of a name, as an array: `x = floats(x)`."""
    return value is not None and ast.unparse(value) in (f"floats({name})", f"np.asarray({name})")


class _Plain(ast.NodeTransformer):
    """An expression as one would write it on a board."""

    def __init__(self, names: _Names, g: str) -> None:
        self.names, self.g = names, g

    def visit_Name(self, node: Any) -> Any:
        if node.id in self.names.results:
            return ast.Name(self.names.result)
        value = self.names.values.get(node.id)
        if node.id == self.g:
            return ast.Name("g")
        if isinstance(value, ast.Attribute) and node.id not in self.names.changed:
            return self.visit(value)  # shape = x.shape
        return node

    def visit_Attribute(self, node: Any) -> Any:
        path = ast.unparse(node).split(".")
        if path[0] in LIBRARIES[:3] and path[-1] not in (
            self.names.parameters | self.names.values.keys()
        ):
            return ast.Name(path[-1])
        return self.generic_visit(node)

    def visit_Call(self, node: Any) -> Any:
        if getattr(node.func, "attr", "") == "astype" and not isinstance(node.func.value, ast.Name):
            return self.visit(node.func.value)  # (x > 0).astype(x.dtype)
        return self.generic_visit(node)


def tidy(text: str) -> str:
    """Source text as it is written by hand: y**2, not y ** 2."""
    return text.replace(" ** ", "**")


def renamed(formula: str, names: Mapping[str, str], nothing: Collection[str] = ()) -> str:
    """A formula with other texts for its names; a function's name stays.

    nothing: arguments that are None, which decide `1 if scale is None else scale`.
    """
    try:
        tree = ast.parse(formula, mode="eval").body
    except SyntaxError:
        return formula
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    marks = {name: f"_{i}_" for i, name in enumerate(names)}  # a new name may be an old one

    class Renamed(ast.NodeTransformer):
        def visit_IfExp(self, node: Any) -> Any:
            test = node.test
            if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
                name, operator = test.left.id, test.ops[0]
                if isinstance(operator, ast.Is | ast.IsNot) and ast.unparse(test).endswith("None"):
                    yes = (name in nothing) == isinstance(operator, ast.Is)
                    return self.visit(node.body if yes else node.orelse)
            return self.generic_visit(node)

        def visit_BinOp(self, node: Any) -> Any:
            node = self.generic_visit(node)
            if isinstance(node.op, ast.Mult) and getattr(node.right, "value", None) == 1:
                return node.left
            return node

        def visit_Name(self, node: Any) -> Any:
            return node if id(node) in called else ast.Name(marks.get(node.id, node.id))

    text = tidy(ast.unparse(_products(Renamed().visit(tree))))
    for name, mark in marks.items():
        text = re.sub(rf"(?<!\w){mark}(?!\w)", lambda _, new=names[name]: new, text)  # type: ignore[misc]
    # The exponent of a power of one less, told: x**2 for x**(3 - 1), x for x**(2 - 1).
    text = re.sub(r"\*\*\((\d+) - 1\)", lambda found: f"**{int(found[1]) - 1}", text)
    return re.sub(r"\*\*1(?![\d.])", "", text)


def numbers_in(formula: str, values: Mapping[str, Any], digits: int = 4) -> str:
    """A formula with numbers in place of its names; "" if one stands for no number."""
    try:
        tree = ast.parse(formula, mode="eval").body
    except SyntaxError:
        return ""
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript | ast.keyword):
            return ""
        if isinstance(node, ast.Name) and id(node) not in called and node.id not in values:
            return ""
    return renamed(formula, {name: in_brackets(short(x, digits)) for name, x in values.items()})


def in_brackets(number: str) -> str:
    """A number as it stands within a formula."""
    bare = number.startswith(("-", "\N{MINUS SIGN}")) or re.fullmatch(r"[\d.].*j", number)
    return f"({number})" if bare else number
