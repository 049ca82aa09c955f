"""Module: what holds parameters and computes with them. Parameter and Buffer: what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor

__all__ = ["Buffer", "Module", "Parameter"]

M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that training changes: a Module finds it, an optimizer updates it.

    Parameters
    ----------
    data : array_like, copied. Python floats become the default dtype; an array keeps its own.
    requires_grad : False for one that is frozen.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)


class Buffer(Tensor):
    """A tensor that is saved with a Module but not trained, such as a running mean.

    To update it: `self.running_mean.data[...] = new`.
    """

    __slots__ = ()


class Module:
    """A part of a network, made of Parameters, Buffers and other Modules.

    A subclass assigns them to attributes, on their own or in lists, tuples and dicts, and defines
    `forward`. Nothing has to be registered: they are found by looking through the attributes, in
    the order of assignment. Names are paths of attributes, as in PyTorch: "layers.0.weight". What
    is shared counts once, under its first name.

    Attributes
    ----------
    training : whether layers such as Dropout act as in training; see `train` and `eval`.

    Raises
    ------
    TypeError : on assigning something that would make a parameter disappear without a word.

    Examples
    --------
    >>> import nn
    >>> class Residual(nn.Module):
    ...     def __init__(self, features):
    ...         self.inner = [nn.Linear(features, 8), nn.Linear(8, features)]
    ...     def forward(self, x):
    ...         return x + self.inner[1](nn.functional.relu(self.inner[0](x)))
    >>> Residual(4)
    Residual(                   76 parameters
      (inner.0): Linear(4, 8)   40
      (inner.1): Linear(8, 4)   36
    )
    """

    training: bool = True  # of the class, so that a subclass need not call super().__init__()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Defined by each subclass; called as `module(x)`."""
        # Not abstract: a Module without a forward is of use as a bag of parameters.
        raise NotImplementedError(
            f"{type(self).__name__}: no forward. Define `def forward(self, x):` in the class."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`."""
        return self.forward(*args, **kwargs)

    # What it holds

    def _members(self) -> Iterator[tuple[str, Any]]:
        """The Parameters, Buffers and Modules that are the module's own, with their names."""
        seen: set[int] = set()
        for name, value in vars(self).items():
            yield from _found(name, value, seen)

    def _walk(self, name: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
        """The module, then all that it and the modules below it hold, each once, with names."""
        seen = set() if seen is None else seen
        seen.add(id(self))
        yield name, self
        for key, value in self._members():
            path = f"{name}.{key}" if name else key
            if id(value) in seen:
                continue
            if isinstance(value, Module):
                yield from value._walk(path, seen)
            else:
                seen.add(id(value))
                yield path, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module and those below it, with their names."""
        return ((name, x) for name, x in self._walk() if isinstance(x, Parameter))

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers of this module and those below it, with their names."""
        return ((name, x) for name, x in self._walk() if isinstance(x, Buffer))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """The module itself, named "", and those below it, with their names."""
        return ((name, x) for name, x in self._walk() if isinstance(x, Module))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly in this one, with their names."""
        seen: set[int] = set()
        for name, x in self._members():
            if isinstance(x, Module) and id(x) not in seen:
                seen.add(id(x))
                yield name, x

    def parameters(self) -> Iterator[Parameter]:
        """The parameters of this module and those below it: what an optimizer takes."""
        return (x for _, x in self.named_parameters())

    def buffers(self) -> Iterator[Buffer]:
        """The buffers of this module and those below it."""
        return (x for _, x in self.named_buffers())

    def modules(self) -> Iterator[Module]:
        """The module itself and those below it."""
        return (x for _, x in self.named_modules())

    def children(self) -> Iterator[Module]:
        """The modules directly in this one."""
        return (x for _, x in self.named_children())

    def num_parameters(self) -> int:
        """How many numbers the parameters hold, shared ones counted once."""
        return sum(p.size for p in self.parameters())

    # Saving and loading

    def _state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {}
        for name, x in self._walk():
            if isinstance(x, Module):
                continue
            if name in state:
                raise ValueError(f"state_dict: two tensors are named {name!r}; rename one")
            state[name] = x
        return state

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The parameters and buffers as copied arrays, by name: what `nn.save` writes."""
        return {name: x.data.copy() for name, x in self._state().items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Copy arrays, by name, into the parameters and buffers, which keep their dtypes.

        Parameters
        ----------
        state_dict : what `state_dict()` or `nn.load` gave; PyTorch's own fits too.
        strict : the names must be the same; else only those in both are loaded.

        Raises
        ------
        ValueError : names, shapes or dtypes do not fit. All problems are listed, nothing is loaded.
        """
        own = self._state()
        given = {
            name: x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
            for name, x in state_dict.items()
        }
        problems = []
        if strict:
            problems += [f"{name}: missing" for name in own if name not in given]
            problems += [f"{name}: not in this module" for name in given if name not in own]
        for name in own.keys() & given.keys():
            x, array = own[name], given[name]
            if array.shape != x.shape:
                problems.append(f"{name}: shape {array.shape}, expected {x.shape}")
            elif not np.can_cast(array.dtype, x.dtype, "same_kind"):
                problems.append(f"{name}: dtype {array.dtype}, expected {x.dtype}")
        if problems:
            raise ValueError(
                f"load_state_dict: this state does not fit this {type(self).__name__}, nothing was "
                "loaded:\n" + "\n".join(f"- {problem}" for problem in sorted(problems))
            )
        for name in own.keys() & given.keys():
            own[name].data[...] = given[name]

    # Training

    def train(self: M, mode: bool = True) -> M:
        """Set `training` here and in all modules below; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Set `training` to False here and in all modules below; returns the module."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to None."""
        for p in self.parameters():
            if p.requires_grad:
                p.grad = None

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze (False) or unfreeze all parameters from here down; returns the module."""
        for p in self.parameters():
            p.requires_grad = requires_grad
        return self

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        old = vars(self).get(name)
        if isinstance(old, Parameter | Buffer) and not isinstance(value, type(old) | None):
            kind = type(old).__name__
            raise TypeError(
                f"{type(self).__name__}.{name} is a {kind}, got {type(value).__name__}: that is "
                f"neither trained nor saved. To change values: module.{name}.data[...] = new. "
                f"To replace it: module.{name} = nn.{kind}(new)."
            )
        if type(value) is Tensor and value.requires_grad and value.is_leaf:
            raise TypeError(
                f"{type(self).__name__}.{name}: a Tensor that requires gradients; no optimizer "
                f"would see it. Write self.{name} = nn.Parameter(...)."
            )
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # a type checker is to find the misspelt attribute by itself

        def __getattr__(self, name: str) -> Any:
            hint = ""
            if not name.startswith("__"):  # copy and pickle ask for these
                import difflib

                close = difflib.get_close_matches(name, dir(self), 1)
                hint = f". Did you mean {close[0]!r}?" if close else ""
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    # How it prints

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's line: its arguments."""
        return ""

    def __repr__(self) -> str:
        rows = list(_tree(self, "", set(), ()))
        total = rows[0][1]
        if not total:
            return "\n".join(text for text, _ in rows)
        left = max(len(text) for text, count in rows if count)
        right = len(total)
        lines = [f"{text:{left}}   {count:>{right}}".rstrip() for text, count in rows]
        lines[0] += " parameter" + "s" * (total != "1")
        return "\n".join(lines)


def _found(name: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """`value` if a Module is to find it, else what is in it if it is a list, tuple or dict."""
    if isinstance(value, Parameter | Buffer | Module):
        yield name, value
    elif isinstance(value, list | tuple | dict) and id(value) not in seen:
        seen.add(id(value))  # a list may hold itself
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _found(f"{name}.{key}", item, seen)


def _tree(
    module: Module, label: str, counted: set[int], above: tuple[Module, ...]
) -> Iterator[tuple[str, str]]:
    """The lines of a module's repr: texts, and how many parameters were not counted before."""
    indent, kind, arguments = "  " * len(above), type(module).__name__, module.extra_repr()
    if any(module is other for other in above):
        yield f"{indent}{label}{kind}(...)", ""
        return
    sizes = {id(p): p.size for p in module.parameters()}
    count = _count(sum(n for key, n in sizes.items() if key not in counted), bool(sizes))
    # Tensors get a line of their own where no arguments tell of them.
    lines = [(k, x) for k, x in module._members() if isinstance(x, Module) or not arguments]
    end = "" if lines else ")"
    yield f"{indent}{label}{kind}({arguments}{end}", count
    for name, x in lines:
        if isinstance(x, Module):
            yield from _tree(x, f"({name}): ", counted, (*above, module))
        else:
            new = x.size if isinstance(x, Parameter) and id(x) not in counted else 0
            counted.add(id(x))
            text = f"{indent}  ({name}): {type(x).__name__} of shape {x.shape}"
            yield text, _count(new, isinstance(x, Parameter))
    if lines:
        yield f"{indent})", ""
    counted.update(sizes)


def _count(new: int, any_at_all: bool) -> str:
    return f"{new:,}" if new else "shared" if any_at_all else ""
