"""Module: what holds parameters and computes with them. Parameter and Buffer: what it holds."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor
from autograd.names import did_you_mean, nearest

from .inputs import check_options, is_ours, way_for

__all__ = ["Buffer", "IncompatibleKeys", "Module", "Parameter", "RemovableHandle"]

M = TypeVar("M", bound="Module")
T = TypeVar("T")
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Parameter(Tensor):
    """A tensor that training changes: a Module finds it, an optimizer updates it.

    Parameters
    ----------
    data
        array_like, copied. Python floats become the default dtype; an array keeps its own.
    requires_grad
        False for one that is frozen.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)


class Buffer(Tensor):
    """A tensor that is saved with a Module but not trained, such as a running mean.

    To update it: `self.running_mean.data[...] = new`, or assign a Tensor that requires no
    gradient, which becomes the Buffer.

    Parameters
    ----------
    data
        array_like, copied, as for `Parameter`.
    persistent
        False for one that `state_dict` leaves out.
    """

    __slots__ = ("persistent",)
    persistent: bool

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: Any = None, persistent: bool = True
    ) -> None:
        super().__init__(data, requires_grad, dtype)
        self.persistent = persistent

    def __reduce__(self) -> Any:
        kind, arguments = super().__reduce__()
        return kind, (*arguments, None, self.persistent)


class IncompatibleKeys(NamedTuple):
    """The names that a state did not have, and those that the module did not know."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class _Hook:
    def __init__(self, function: Callable[..., Any], before: bool, with_kwargs: bool) -> None:
        self.function, self.with_kwargs = function, with_kwargs
        self.before = before  # forward, else after it


class RemovableHandle:
    """A hook of a Module: `remove()` takes it away, as the end of a `with` block does."""

    def __init__(self, module: Module, hook: _Hook) -> None:
        self.module, self.hook = module, hook

    def remove(self) -> None:
        """Take the hook away; it does no harm to do so twice."""
        self.module._hooks = tuple(h for h in self.module._hooks if h is not self.hook)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class _Own(dict[str, Any]):
    """A module's own members: a dict to read from. Writing to it would change nothing."""

    def __init__(self, module: Module, members: dict[str, Any]) -> None:
        super().__init__(members)
        self._kind = type(module).__name__

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            f"{self._kind}: _parameters, _buffers and _modules are made to be read. Write "
            "setattr(module, name, x), or delattr(module, name); the names are those of attributes"
        )

    __setitem__ = __delitem__ = update = pop = popitem = setdefault = clear = __ior__ = _refuse


class Module:
    """A part of a network, made of Parameters, Buffers and other Modules.

    A subclass assigns them to attributes, on their own or in lists, tuples and dicts, and defines
    `forward`. Nothing has to be registered: they are found by looking through the attributes, in
    the order of assignment. Names are paths of attributes, as in PyTorch: "layers.0.weight". What
    is shared counts once, under its first name; only `state_dict` has it under each. For code that
    comes from PyTorch `_parameters`, `_buffers` and `_modules` can be read.

    Attributes
    ----------
    training
        whether layers such as Dropout act as in training; see `train` and `eval`.

    Raises
    ------
    TypeError
        on assigning something that would make a parameter disappear without a word.

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

    # Of the class, so that a subclass need not call super().__init__().
    training: bool = True
    _hooks: tuple[_Hook, ...] = ()
    _holds_anything = False  # a container, which checks by itself what it is made of
    _same: ClassVar[dict[str, str]] = {}  # arguments that are None for the value of another
    _float64_settled: bool = False  # float64 came in, and it was fitting, or has been said

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """The module, before `__init__`: data among the options of a layer are refused."""
        check_options(cls, args, kwargs)
        return super().__new__(cls)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Defined by each subclass; called as `module(x)`."""
        # Not abstract: a Module without a forward is of use as a bag of parameters.
        raise NotImplementedError(
            f"{type(self).__name__}: no forward. Define `def forward(self, x):` in the class."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, and the hooks."""
        x: Any = args[0] if args else None
        try:
            out = self._with_hooks(args, kwargs) if self._hooks else self.forward(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            if args:
                self._say_what_came(x, error)
            raise
        if getattr(x, "dtype", _FLOAT32) == _FLOAT64 and not self._float64_settled:
            self._settle_float64()
        return out

    def _settle_float64(self) -> None:
        """Say once, for the model that is being called, that float64 came among narrower floats."""
        self._float64_settled = True
        narrow = next((p for p in self.parameters() if p.dtype in (np.float32, np.float16)), None)
        if narrow is None:
            return
        frame, outermost = sys._getframe(1), self
        while frame is not None:  # a model calls its layers: it has been said for all of them
            if frame.f_code is Module.__call__.__code__:
                outermost = frame.f_locals["self"]
            frame = frame.f_back  # type: ignore[assignment]
        for module in outermost.modules():
            module._float64_settled = True
        where = "" if outermost is self else f" in {type(outermost).__name__}"
        warnings.warn(
            f"{type(self).__name__}({self.extra_repr()}){where}: got float64, the parameters are "
            f"{narrow.dtype}. The result is right, but at half the speed. Write "
            f"x.astype(np.{narrow.dtype}), for NumPy's own floats are float64; or, where these are "
            "wanted, model.astype(np.float64). Said once for a model.",
            stacklevel=3,
        )

    def _say_what_came(self, x: Any, error: Exception) -> None:
        """Add to a traceback that this module got what is no array, if that may be why."""
        if any(str(note).startswith("got ") for note in getattr(error, "__notes__", ())):
            return
        if x is None:
            way = "does a `forward` before it end without `return`?"
        elif isinstance(x, list | tuple) and is_ours(type(self)):
            way = way_for(x).removeprefix("; ") or "write np.array(x, np.float32)"
            if isinstance(x, tuple):
                way = "output and state come as a tuple, take out[0]"
        elif hasattr(x, "to_numpy") and is_ours(type(self)):
            way = way_for(x).removeprefix("; ")
        else:
            return
        what = "None" if x is None else f"a {type(x).__name__}"
        error.add_note(
            f"got {what}: {type(self).__name__}({self.extra_repr()}) takes an array; {way}"
        )

    # Hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before each `forward`.

        Parameters
        ----------
        hook
            returns None, or what is to take the place of `args`.
        prepend
            call it before the other hooks, not after them.
        with_kwargs
            call `hook(module, args, kwargs)`, which returns None or a pair.

        Returns
        -------
        RemovableHandle
            A handle, to `remove()` the hook, or to be used in a `with` block.
        """
        return self._add_hook(_Hook(hook, True, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after each `forward`.

        Parameters
        ----------
        hook
            returns None, or what is to take the place of the output.
        prepend, with_kwargs
            as for `register_forward_pre_hook`; `hook(module, args, kwargs, output)`.

        Returns
        -------
        RemovableHandle
            A handle, to `remove()` the hook, or to be used in a `with` block.

        Examples
        --------
        >>> import numpy as np
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
        >>> with model[0].register_forward_hook(lambda m, args, out: print(out.shape)):
        ...     y = model(np.ones((2, 3), np.float32))
        (2, 5)
        """
        return self._add_hook(_Hook(hook, False, with_kwargs), prepend)

    def _add_hook(self, hook: _Hook, prepend: bool) -> RemovableHandle:
        self._hooks = (hook, *self._hooks) if prepend else (*self._hooks, hook)
        return RemovableHandle(self, hook)

    def _with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hooks = self._hooks  # a hook may remove itself
        for hook in hooks:
            if not hook.before:
                continue
            if hook.with_kwargs:
                args, kwargs = hook.function(self, args, kwargs) or (args, kwargs)
            elif (new := hook.function(self, args)) is not None:
                args = new if isinstance(new, tuple) else (new,)
        out = self.forward(*args, **kwargs)
        for hook in hooks:
            if not hook.before:
                given = (args, kwargs, out) if hook.with_kwargs else (args, out)
                new = hook.function(self, *given)
                out = out if new is None else new
        return out

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

    def get_submodule(self, target: str) -> Module:
        """The module of this name, such as "layers.0"; AttributeError if there is none."""
        return self._get(target, Module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of this name, such as "layers.0.weight"; AttributeError if none."""
        return self._get(target, Parameter)

    def get_buffer(self, target: str) -> Buffer:
        """The buffer of this name; AttributeError if there is none."""
        return self._get(target, Buffer)

    def _get(self, target: str, kind: type[T]) -> T:
        found = self._at(target)
        if not isinstance(found, kind):
            names = [name for name, x in self._walk() if isinstance(x, kind)]
            close = nearest(target, names) or (names[-1] if names else "")
            raise AttributeError(
                f"{type(self).__name__} has no {kind.__name__} {target!r}"
                + (f"; there is {close!r}" if close else "")
            )
        return found

    def _at(self, path: Any) -> Any:
        """What is at a path of attributes, or None."""
        x: Any = self
        try:
            for name in str(path).split(".") if path else ():
                if isinstance(x, dict):
                    x = next(value for key, value in x.items() if str(key) == name)
                else:
                    x = x[int(name)] if isinstance(x, list | tuple) else vars(x)[name]
        except (LookupError, StopIteration, TypeError, ValueError):
            return None
        return x

    # PyTorch's names for the module's own members, for code that comes from there. To be read: a
    # member is added by assigning it to an attribute.

    @property
    def _parameters(self) -> Mapping[str, Parameter]:
        """The Parameters that are the module's own, by name."""
        return _Own(self, {key: x for key, x in self._members() if isinstance(x, Parameter)})

    @property
    def _buffers(self) -> Mapping[str, Buffer]:
        """The Buffers that are the module's own, by name."""
        return _Own(self, {key: x for key, x in self._members() if isinstance(x, Buffer)})

    @property
    def _modules(self) -> Mapping[str, Module]:
        """The Modules directly in this one, by name."""
        return _Own(self, {key: x for key, x in self._members() if isinstance(x, Module)})

    def num_parameters(self) -> int:
        """How many numbers the parameters hold, shared ones counted once."""
        return sum(p.size for p in self.parameters())

    # Adding to it, by names that are not known before

    def add_module(self, name: str, module: Module | None) -> None:
        """`self.<name> = module`; raises if that would hide an attribute of the class."""
        self._register(name, module, Module)

    register_module = add_module

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """`self.<name> = param`; raises if that would hide an attribute of the class."""
        self._register(name, param, Parameter)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """`self.<name> = Buffer(tensor)`, or None; `state_dict` has it only if `persistent`."""
        if tensor is not None and not isinstance(tensor, Buffer):
            tensor = Buffer(tensor)
        if tensor is not None:
            tensor.persistent = persistent
        self._register(name, tensor, Buffer)

    def _register(self, name: str, value: Any, kind: type) -> None:
        which = f"{type(self).__name__}: {kind.__name__.lower()} {name!r}"
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(f"{which}: expected a name that is a string without dots")
        if hasattr(type(self), name):
            raise ValueError(
                f"{which}: the class has an attribute of this name, which it would hide; choose "
                "another"
            )
        if not isinstance(value, kind | None):
            raise TypeError(f"{which}: got a {type(value).__name__}, expected a {kind.__name__}")
        setattr(self, name, value)

    # Saving and loading

    def _state(self, seen: set[int], above: tuple[Module, ...] = ()) -> dict[str, Tensor]:
        """The tensors to save, by name.

        What is shared is there under each of its names, as in PyTorch; but a list, tuple or dict
        of what was found before gives no names.
        """
        state: dict[str, Tensor] = {}
        for key, value in self._members():
            if "." in key and id(value) in seen:
                continue
            seen.add(id(value))
            found = {key: value}
            if isinstance(value, Module):
                loop = any(value is other for other in (*above, self))
                inner = {} if loop else value._state(seen, (*above, self))
                found = {f"{key}.{name}": x for name, x in inner.items()}
            elif isinstance(value, Buffer) and not value.persistent:
                continue
            if twice := found.keys() & state.keys():
                raise ValueError(f"state_dict: two tensors are named {min(twice)!r}; rename one")
            state |= found
        return state

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The parameters and buffers as copied arrays, by name: what `nn.save` writes."""
        return {name: x.data.copy() for name, x in self._state(set()).items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy arrays, by name, into the parameters and buffers, which keep their dtypes.

        Parameters
        ----------
        state_dict
            what `state_dict()` or `nn.load` gave; PyTorch's own fits too.
        strict
            the names must be the same; else only those in both are loaded.

        Returns
        -------
        IncompatibleKeys
            (missing_keys, unexpected_keys), the names that are only in one of the two.

        Raises
        ------
        TypeError
            `state_dict` is no dict, as a path is not.
        ValueError
            names, shapes or dtypes do not fit. All problems are listed, nothing is loaded.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict: got a {type(state_dict).__name__}, expected a dict of arrays: "
                + (
                    f"load_state_dict(nn.load({str(state_dict)!r}))"
                    if isinstance(state_dict, str | PathLike)
                    else "what model.state_dict() or nn.load(path) gives"
                )
            )
        own = self._state(set())
        given = {
            name: x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
            for name, x in state_dict.items()
            if name in own
        }
        first = {id(own[name]): name for name in reversed(given)}
        missing = [name for name, x in own.items() if id(x) not in first]  # one name is enough
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict:
            problems += [f"{name}: missing" for name in missing]
            problems += [f"{name}: not in this module" for name in unexpected]
        for name, array in given.items():
            x = own[name]
            same = first[id(x)]
            if same != name and not np.array_equal(given[same], array):
                problems.append(f"{name}: differs from {same}, and they are one tensor here")
            elif array.shape != x.shape:
                problems.append(f"{name}: shape {array.shape}, expected {x.shape}")
            elif not np.can_cast(array.dtype, x.dtype, "same_kind"):
                problems.append(f"{name}: dtype {array.dtype}, expected {x.dtype}")
        if problems:
            raise ValueError(
                f"load_state_dict: this state does not fit this {type(self).__name__}, nothing was "
                "loaded:\n" + "\n".join(f"- {problem}" for problem in sorted(problems))
            )
        for name, array in given.items():
            own[name].data[...] = array
        return IncompatibleKeys(missing, unexpected)

    # Training

    def train(self: M, mode: bool = True) -> M:
        """Set `training` here and in all modules below; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Set `training` to False here and in all modules below; returns the module."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the `.grad` of every parameter to None; with `set_to_none=False`, to zeros."""
        for p in self.parameters():
            if p.grad is not None:
                p.grad = None if set_to_none else np.zeros_like(p.grad)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze (False) or unfreeze all parameters from here down; returns the module."""
        for p in self.parameters():
            p.requires_grad = requires_grad
        return self

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call `fn` with every module, those below before those above; returns the module."""
        seen: set[int] = set()

        def visit(module: Module) -> None:
            seen.add(id(module))
            for child in module.children():
                if id(child) not in seen:
                    visit(child)
            fn(module)

        visit(self)
        return self

    def astype(self: M, dtype: Any) -> M:
        """Give all floats another dtype, forget gradients and their hooks; returns the module.

        Parameters and buffers stay the same objects, which an optimizer may hold. Do it before
        its first step, and not between a forward and a backward pass.
        """
        for x in (*self.parameters(), *self.buffers()):
            if x.dtype.kind == "f" and x.dtype != dtype:
                Tensor.__init__(x, x.data, x.requires_grad, dtype)  # a new start
        for module in self.modules():
            module._float64_settled = False
        return self

    def double(self: M) -> M:
        """`astype(np.float64)`, as for finite differences."""
        return self.astype(np.float64)

    def float(self: M) -> M:
        """`astype(np.float32)`."""
        return self.astype(np.float32)

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        known = vars(Module).get(name)
        layer = isinstance(value, Module) and name != "forward"
        if callable(known) and (layer or not callable(value)):
            raise TypeError(
                f"{type(self).__name__}.{name} is a method, which {value!r:.50} would replace. "
                "Call it, as in model.eval() or model.train(False), or take another name."
            )
        if name == "requires_grad" and not hasattr(self, name):  # it would freeze nothing
            raise TypeError(
                f"{type(self).__name__}.requires_grad: a module has none, its parameters have. "
                f"Write requires_grad_({value!r:.50})."
            )
        old = vars(self).get(name)
        if isinstance(old, Buffer) and type(value) is Tensor and not value.requires_grad:
            value = Buffer(value, persistent=old.persistent)
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
        if isinstance(value, _NOT_SEARCHED):
            _refuse(f"{type(self).__name__}.{name}", value)
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # a type checker is to find the misspelt attribute by itself

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property that failed for want of something else
                return object.__getattribute__(self, name)  # which its own error names
            hint = ""
            if name in ("to", "cuda", "cpu", "half", "flatten_parameters"):
                hint = ". Here: nothing to do, arrays live in memory; to change dtypes, astype"
            elif not name.startswith("__"):  # copy and pickle ask for these
                hint = did_you_mean(name, dir(self))
            text = f"{type(self).__name__} has no attribute {name!r}{hint}"
            raise AttributeError(text, name=name)  # without obj: Python adds no guess of its own

    # How it prints

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's line: its arguments.

        Of a layer of this library those without a default by value, the others where they differ
        from it. Of a class of yours nothing, unless you define this.
        """
        texts = []
        for p in _kept_arguments(self):
            x, default = vars(self)[p.name], p.default
            if isinstance(default, bool) and isinstance(x, Tensor | None):  # a bias
                x = x is not None or vars(self).get("weight") is None
            text, usual = _text(x, p.annotation), _text(default, p.annotation)
            same = vars(self)[self._same[p.name]] if p.name in self._same else default
            if default is p.empty:
                texts.append(text)
            elif text != usual and not (isinstance(x, int | float | tuple) and x == same):
                texts.append(f"{p.name}={text}")
        return ", ".join(texts)

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


# What `help` shows of a layer without options of its own: none, not those that __new__ looks at.
_CLS = inspect.Parameter("cls", inspect.Parameter.POSITIONAL_ONLY)
Module.__new__.__signature__ = inspect.Signature([_CLS])  # type: ignore[attr-defined]


def _found(name: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """`value` if a Module is to find it, else what is in it if it is a list, tuple or dict."""
    if isinstance(value, Parameter | Buffer | Module):
        yield name, value
    elif isinstance(value, list | tuple | dict) and id(value) not in seen:
        seen.add(id(value))  # a list may hold itself
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _found(f"{name}.{key}", item, seen)
    elif isinstance(value, _NOT_SEARCHED):  # filled after it was assigned, or within a list
        _refuse(name, value)


_VIEWS = map(type, ({}.keys(), {}.values(), {}.items()))
_NOT_SEARCHED: tuple[type[Collection[Any]], ...] = (set, frozenset, deque, *_VIEWS)


def _refuse(name: str, value: Collection[Any]) -> None:
    """Raise if there is anything in it that a Module is to find."""
    for item in value:
        if isinstance(item, Parameter | Buffer | Module):
            raise TypeError(
                f"{name} is a {type(value).__name__} with a {type(item).__name__} in it, which is "
                "neither trained nor saved: only lists, tuples and dicts are searched. Write "
                "list(...)"
            )


def _kept_arguments(module: Module) -> list[inspect.Parameter]:
    """The arguments of a layer of this library, if all of them, but `generator`, are attributes."""
    for owner in type(module).__mro__:
        if "__init__" in vars(owner) and is_ours(owner):
            parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
            kept = [p for p in parameters if p.name != "generator"]
            return kept if all(p.name in vars(module) for p in kept) else []
    return []


def _text(x: Any, kind: str) -> str:
    """An argument, of the annotation `kind`, as it is written; arrays and functions shortly."""
    if isinstance(x, Tensor | np.ndarray) and x.ndim:
        return f"{type(x).__name__} of shape {x.shape}"
    all_axes = "Size" in kind or ("Shape" in kind and np.size(x) == 1)
    if isinstance(x, tuple) and len(set(x)) == 1 and all_axes:
        x = x[0]
    return getattr(x, "__name__", None) or (repr(x) if isinstance(x, str | tuple) else str(x))


def _tree(
    module: Module, label: str, counted: set[int], above: tuple[Module, ...]
) -> Iterator[tuple[str, str]]:
    """The lines of a module's repr: texts, and how many parameters were not counted before."""
    indent, kind, arguments = "  " * len(above), type(module).__name__, module.extra_repr()
    if any(module is other for other in above):
        yield f"{indent}{label}{kind}(...)", ""
        return
    sizes = {id(p): p.size for p in module.parameters()}
    count = _count(sum(n for key, n in sizes.items() if key not in counted), any(sizes.values()))
    # Tensors get a line of their own where no arguments tell of them.
    told = arguments or _kept_arguments(module)
    lines = [(k, x) for k, x in module._members() if isinstance(x, Module) or not told]
    end = ("," if arguments else "") if lines else ")"
    yield f"{indent}{label}{kind}({arguments}{end}", count
    for name, x in lines:
        if isinstance(x, Module):
            yield from _tree(x, f"({name}): ", counted, (*above, module))
        else:
            new = x.size if isinstance(x, Parameter) and id(x) not in counted else 0
            counted.add(id(x))
            text = f"{indent}  ({name}): {type(x).__name__} of shape {x.shape}"
            yield text, _count(new, isinstance(x, Parameter) and x.size > 0)
    if lines:
        yield f"{indent})", ""
    counted.update(sizes)


def _count(new: int, any_at_all: bool) -> str:
    return f"{new:,}" if new else "shared" if any_at_all else ""
