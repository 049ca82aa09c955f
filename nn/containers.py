"""Modules made of modules: Sequential, and lists and dicts whose names are as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar, overload

from autograd import Tensor

from .module import Buffer, Module, Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]

T = TypeVar("T")
L = TypeVar("L", bound="_List[Any]")


class _Container(Module, Generic[T]):
    """Holds items as attributes, in order. The names of attributes are those in the state."""

    _kind: ClassVar[type[Any]] = Module
    _holds_anything = True
    # The number of items, and whether they are named "0", "1", ... in order. To look through all
    # attributes for that takes too long where there are many. Kept by the next two methods.
    _n_items, _numbered = 0, True

    def _items(self) -> dict[str, T]:
        kind = self._kind
        return {name: x for name, x in vars(self).items() if isinstance(x, kind)}

    def _fit(self, name: str, item: Any) -> Any:
        """`item` as it will be held under this name, or an error."""
        if self._kind is Module and not isinstance(item, Module):
            raise TypeError(f"{type(self).__name__}: {_argument(name)} is {_what(item)}")
        if self._kind is Parameter and not isinstance(item, Parameter):
            if isinstance(item, Buffer) or not hasattr(item, "__array__"):
                raise TypeError(
                    f"{type(self).__name__}: {_argument(name)} is of type {type(item).__name__}; "
                    "expected a Parameter, Tensor or array"
                )
            return Parameter(item.detach() if isinstance(item, Tensor) else item)
        return item

    def _put(self, name: str, item: Any) -> None:
        item = self._fit(name, item)
        if self._has(name):
            setattr(self, name, item)
        else:
            self._register(name, item, self._kind)

    def _has(self, name: Any) -> bool:
        return isinstance(vars(self).get(name), self._kind)

    def __setattr__(self, name: str, value: Any) -> None:
        known, before = name in vars(self), self._has(name)
        super().__setattr__(name, value)
        if self._has(name) != before:
            last = name == str(self._n_items) and not known  # a new one stands behind all others
            self._recount(self._n_items + 1 - 2 * before, last)

    def __delattr__(self, name: str) -> None:
        before = self._has(name)
        super().__delattr__(name)
        if before:
            self._recount(self._n_items - 1, name == str(self._n_items - 1))

    def _recount(self, size: int, last: bool) -> None:
        vars(self).update(_n_items=size, _numbered=(self._numbered and last) or not size)

    def __len__(self) -> int:
        return self._n_items

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Raise: there is nothing to compute."""
        raise NotImplementedError(
            f"{type(self).__name__} only holds its items. Call them in the forward of your own "
            "module; or use Sequential, which calls one after the other"
        )


# Lists


class _List(_Container[T]):
    def __init__(self, items: Iterable[Any] = ()) -> None:
        for i, item in enumerate(items):
            self._put(str(i), item)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items().values())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self: L, index: slice) -> L: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._part(list(self._items().items())[index])
        return getattr(self, self._name_of(index))

    def _part(self, items: list[tuple[str, T]]) -> Any:
        return type(self)(item for _, item in items)

    def __setitem__(self, index: int, item: Any) -> None:
        self._put(self._name_of(index), item)

    def __delitem__(self, index: int | slice) -> None:
        if not isinstance(index, slice):
            name = self._name_of(index)
            if self._numbered and name == str(len(self) - 1):  # no other gets a new name
                return delattr(self, name)
        items = list(self)
        del items[index]
        self._renew(items)

    def __add__(self: L, others: Iterable[Any]) -> L:
        return self[:].extend(others)

    def __iadd__(self: L, others: Iterable[Any]) -> L:
        return self.extend(others)

    def append(self: L, item: Any) -> L:
        """Add an item at the end; returns the container."""
        # A part of a Sequential may have the name already.
        self._put(next(name for i in count(len(self)) if not self._has(name := str(i))), item)
        return self

    def extend(self: L, items: Iterable[Any]) -> L:
        """Add items at the end; returns the container."""
        for item in list(items):
            self.append(item)
        return self

    def insert(self: L, index: int, item: Any) -> L:
        """Add an item before `index`; those behind it get new names. Returns the container."""
        items = list(self)
        items.insert(index, item)
        self._renew(items)
        return self

    def pop(self, index: int = -1) -> T:
        """Take an item out; those behind it get new names."""
        item = self[index]
        del self[index]
        return item

    def _name_of(self, index: int) -> str:
        try:
            return str((range(len(self)) if self._numbered else list(self._items()))[index])
        except IndexError:
            raise IndexError(
                f"{type(self).__name__}: got index {index}, but it has {len(self)} items"
            ) from None

    def _renew(self, items: Iterable[Any]) -> None:
        """Hold these instead, with names from "0"."""
        new = [self._fit(str(i), item) for i, item in enumerate(items)]  # before anything changes
        # A name that was set to None, too, has a place that its next item is not to get.
        for name in [name for name in vars(self) if self._has(name) or name.isdecimal()]:
            delattr(self, name)
        for i, item in enumerate(new):
            self._put(str(i), item)


class Sequential(_List[Module]):
    """Modules one after the other: each is called on the output of the one before.

    It can be indexed, sliced (which gives a Sequential of the same modules, with the same names)
    and iterated over, and changed with `append`, `extend`, `insert`, `pop`, `del` and `+=`.
    Parameters are named "0.weight", "2.weight", ...; or by the names in a dict, which are
    attributes too.

    Parameters
    ----------
    modules
        the modules; or one dict of them by name.

    Raises
    ------
    TypeError
        an argument is not a Module.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 10))
    >>> model
    Sequential(              12,730 parameters
      (0): Linear(784, 16)   12,560
      (1): Sigmoid()
      (2): Linear(16, 10)       170
    )
    >>> model[0]
    Linear(784, 16)   12,560 parameters
    >>> nn.Sequential({"hidden": nn.Linear(784, 16), "act": nn.Sigmoid()}).hidden
    Linear(784, 16)   12,560 parameters
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        first = modules[0] if len(modules) == 1 else None
        if isinstance(first, Mapping) and not isinstance(first, Module):
            for name, module in first.items():
                self._put(name, module)
        else:
            super().__init__(modules)

    def _part(self, items: list[tuple[str, Module]]) -> Sequential:
        return Sequential(dict(items))

    def forward(self, x: Any) -> Any:
        """The modules' composition, applied to `x`."""
        for i, layer in enumerate(self):
            try:
                x = layer(x)
            except Exception as error:
                error.add_note(f"in layer {i} of Sequential, {type(layer).__name__}")
                raise
        return x


class ModuleList(_List[Module]):
    """A list of modules, to be called as you like; a plain list in an attribute does as well.

    Parameters
    ----------
    modules
        an iterable of modules.

    Raises
    ------
    TypeError
        one of them is not a Module.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__(() if modules is None else modules)


class ParameterList(_List[Parameter]):
    """A list of parameters; a plain list in an attribute does as well.

    Parameters
    ----------
    values
        an iterable of Parameters; a Tensor or an array is copied into one.

    Raises
    ------
    TypeError
        something else is among them.
    """

    _kind = Parameter

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__(() if values is None else values)


# Dicts


class _Dict(_Container[T], MutableMapping[str, T]):
    __hash__, __eq__ = object.__hash__, object.__eq__  # a Module is what it is, not what it holds

    def __init__(self, items: Any = None) -> None:
        self.update({} if items is None else items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __getitem__(self, key: str) -> T:
        if not self._has(key):
            raise KeyError(key)
        return vars(self)[key]

    def __setitem__(self, key: str, item: Any) -> None:
        self._put(key, item)

    def __delitem__(self, key: str) -> None:
        self[key]  # raises KeyError
        delattr(self, key)

    def popitem(self) -> tuple[str, T]:
        """Take out the last item, as of a dict."""
        key = next(filter(self._has, reversed(vars(self))), "")
        return key, self.pop(key)


class ModuleDict(_Dict[Module]):
    """A dict of modules by name, to be called as you like; a plain dict does as well.

    Parameters
    ----------
    modules
        a dict, or an iterable of pairs (name, module).

    Raises
    ------
    TypeError
        one of them is not a Module.
    ValueError
        a name is no string, has a dot in it, or is that of a method.
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__(modules)


class ParameterDict(_Dict[Parameter]):
    """A dict of parameters by name; a plain dict in an attribute does as well.

    Parameters
    ----------
    parameters
        a dict, or an iterable of pairs (name, Parameter); a Tensor or an array is copied into a
        Parameter.

    Raises
    ------
    TypeError, ValueError
        as for `ModuleDict`.
    """

    _kind = Parameter

    def __init__(self, parameters: Any = None) -> None:
        super().__init__(parameters)


def _argument(name: str) -> str:
    return f"argument {name}" if name.isdigit() else repr(name)


def _what(x: Any) -> str:
    """What was given in place of a Module, and what to write."""
    if isinstance(x, list | tuple):
        return f"a {type(x).__name__}; unpack it: Sequential(*layers)"
    if isinstance(x, type) and issubclass(x, Module):
        return f"the class {x.__name__}; call it: {x.__name__}()"
    if callable(x):
        name = getattr(x, "__name__", type(x).__name__)
        return f"the function {name}; use a layer such as nn.ReLU(), or call it in a forward"
    return f"of type {type(x).__name__}; expected a Module"
