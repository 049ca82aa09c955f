"""Optimizer: parameters in groups, the state kept for each, and the loop around an update rule."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import is_
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autograd import Tensor, enable_grad

from .options import Check, check, check_state, number, several, shown, switch
from .rule import Array, Options, State

__all__ = ["Closure", "Optimizer", "Params"]

Closure: TypeAlias = Callable[[], Any]  #: computes the loss and its gradients, returns the loss

#: What an optimizer takes: Tensors, (name, Tensor) pairs, or groups of either.
Params: TypeAlias = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, Any]]


class Optimizer:
    """What every optimizer shares; a subclass writes the rule for one parameter, `update`.

    Parameters
    ----------
    params
        the Tensors to optimize, as `model.parameters()` gives them; or (name, Tensor) pairs, as
        `model.named_parameters()` does, whose names are then kept in the state; or groups with
        options of their own, such as `{"params": model.head.parameters(), "lr": 0.1}`.
    defaults
        the options of groups that do not set them. Every optimizer has the option `maximize`, False
        by default: follow the gradient up instead of down.

    Attributes
    ----------
    param_groups
        list of dicts, each the options of a group and its "params". Change them as you like, at any
        time: `optimizer.param_groups[0]["lr"] *= 0.5`.
    state
        dict from parameter to its state, a dict with the number of its steps as "step" and what the
        rule keeps. It is created at the parameter's first step.

    Raises
    ------
    TypeError
        a parameter that is not a Tensor, or not a real one; an option of the wrong type.
    ValueError
        no parameters, or none that requires a gradient (some may be frozen: they are left as they
        are); one that is given twice or is not a leaf; an iterator with nothing left; an unknown
        option in a group; an option out of range.

    Warns
    -----
    UserWarning
        there are parameters of float32 and of float64; once.

    Examples
    --------
    An optimizer of your own. `param` and `grad` are plain arrays: write to `param` in place, and
    only read `grad`. `init` is for what the rule keeps; a rule that keeps nothing needs none.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> from optim import Optimizer
    >>> class Lion(Optimizer):                                  # Chen et al., NeurIPS 2023
    ...     def init(self, param, group):
    ...         return {"m": np.zeros_like(param)}
    ...     def update(self, param, grad, state, group):
    ...         param -= group["lr"] * np.sign(0.9 * state["m"] + 0.1 * grad)
    ...         state["m"] += 0.01 * (grad - state["m"])
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = Lion([w], {"lr": 0.25})
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([ 0.75, -0.75], dtype=float32)
    """

    #: Whether the rule uses the number of steps. If not, a state without one loads as well, such
    #: as PyTorch's of SGD.
    counts: ClassVar[bool] = True

    #: What the options must be, by name; a subclass adds its own. They are checked when they are
    #: given, loaded, and, if they have changed, at the next step.
    expected: ClassVar[dict[str, Check]] = {
        "lr": number(),
        "momentum": number(),
        "eps": number(),
        "weight_decay": number(),
        "betas": several(number(0, 1, below=True), number(0, 1, below=True)),
        "maximize": switch,
    }

    def __init__(self, params: Params, defaults: Options) -> None:
        self.defaults: Options = {"maximize": False, **defaults}
        self.param_groups: list[Options] = []
        self.state: dict[Tensor, State] = {}
        self._warned = False
        self._settled: dict[int, list[Any]] = {}  # by group, the values that have been checked
        self._checked(self.defaults)
        seen: set[int] = set()
        for group in self._groups(params):
            self._add(group, seen)
        if not seen:
            raise ValueError(
                f"{self._name}: model.parameters() is empty: there is nothing to optimize. Are the "
                "layers attributes of the model, and not in a plain list or dict? Was a generator "
                "used up before?"
            )
        self._warn_mixed([], stacklevel=4)
        if not any(param.requires_grad for param in self._all_params()):
            raise ValueError(
                f"{self._name}: none of the parameters requires gradients: there is nothing to "
                "optimize. Set requires_grad = True on those that are to change"
            )

    # The rule, for a subclass to write

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """What the rule keeps for a parameter, as it is before the first step."""
        return {}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """Take one step with one parameter: the rule.

        Parameters
        ----------
        param
            the parameter's array, to be written to in place.
        grad
            its gradient, of the same shape and dtype, only to be read.
        state
            what `init` returned, to be kept up to date, and "step": 1 at the first step.
        group
            the options, by name.
        """
        raise NotImplementedError(f"{self._name}: write update(self, param, grad, state, group)")

    def check(self, options: Options) -> None:
        """Raise if an option is not as `expected`. A subclass adds how its own go together."""
        check("", self.expected, options)

    def _checked(self, options: Options) -> None:
        try:
            self.check(options)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self._name}: {error}") from None

    # The loop

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, so that `backward()` does not add to those of the last step.

        With `set_to_none=False` they become zeros: `step` then moves these parameters too.
        """
        for param in self._all_params():
            if param.grad is not None:
                param.grad = None if set_to_none else np.zeros_like(param.grad)

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient; the others stay, and so does their state.

        Parameters
        ----------
        closure
            a function to be called first, that computes the loss and its gradients: `zero_grad()`,
            the loss, `backward()`, and it returns the loss.

        Returns
        -------
        array
            What `closure` returned; else None.

        Raises
        ------
        TypeError, ValueError
            `closure` is not a function; an option has been changed to a wrong value. No parameter
            has changed then.

        Warns
        -----
        UserWarning
            no parameter has a gradient; once.
        """
        loss = None
        if closure is not None:
            self._check_closure(closure)
            with enable_grad():
                loss = closure()
        self._settle()
        idle, states, update = True, self.state, self.update
        for group in self.param_groups:
            maximize = group["maximize"]
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                idle = False
                # The array is asked for once, and not kept: while anybody holds a reference to it,
                # the graph must take a copy. (If a graph holds it now, this is a copy.)
                data = param.data
                state = states.get(param)
                if state is None:
                    state = states[param] = {"step": 0, **self.init(data, group)}
                state["step"] += 1
                if maximize:
                    grad = np.asarray(-grad)
                update(data, grad, state, group)
        if idle:
            self._warn_idle()
        return loss

    def _check_closure(self, closure: Any) -> None:
        if not callable(closure):
            raise TypeError(
                f"{self._name}.step: closure: got {shown(closure)}, expected a function that calls "
                "zero_grad() and backward() and returns the loss. Without one: loss.backward(), "
                "then step()"
            )

    def _settle(self) -> None:
        """Check the options that have changed since the last step, by a schedule or by hand."""
        for i, group in enumerate(self.param_groups):
            values, seen = group.values(), self._settled.get(i, ())
            if len(values) != len(seen) or not all(map(is_, values, seen)):
                _plain_numbers(group)
                check(self._name, self.expected, group)
                self._settled[i] = list(values)

    def _warn_idle(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self._name}.step(): no parameter has a gradient, so nothing changed. Was "
                "loss.backward() called, and zero_grad() not in between? Are these the parameters "
                "that the loss depends on?",
                stacklevel=3,
            )

    # The groups

    def add_param_group(self, group: Options) -> None:
        """Add parameters with options of their own, such as layers that were frozen until now.

        Parameters
        ----------
        group
            "params", Tensors or (name, Tensor) pairs, and any options that are to differ.

        Raises
        ------
        TypeError, ValueError
            as for the constructor; nothing is added then.

        Warns
        -----
        UserWarning
            with these there are parameters of float32 and of float64.
        """
        before = self._all_params()
        self._add(group, set(map(id, before)))
        self._warn_mixed(before, stacklevel=3)

    def _add(self, group: Options, seen: set[int]) -> None:
        """Add a group; `seen` has the ids of the parameters of the others, and then of these."""
        if not isinstance(group, dict):
            raise TypeError(
                f"{self._name}: a parameter group: got {shown(group)}, expected a dict with "
                '"params" and options'
            )
        if "params" not in group:
            raise ValueError(f'{self._name}: a parameter group without "params", got {list(group)}')
        options = _options(group)
        if unknown := options.keys() - self.defaults.keys() - {"initial_lr"}:  # a schedule's
            raise ValueError(
                f"{self._name}: unknown option {', '.join(sorted(map(repr, unknown)))} in a "
                f"parameter group, expected some of {', '.join(self.defaults)}"
            )
        options = {**self.defaults, **options}
        self._checked(options)
        items = group["params"]
        items = [items] if isinstance(items, Tensor) else self._listed(items)
        named = [_is_named(item) for item in items]
        params = [item[1] if _is_named(item) else item for item in items]
        for i, param in enumerate(params):
            self._check_param(param, f"parameter {items[i][0] if named[i] else i}", seen)
            seen.add(id(param))
        if any(named):
            if not all(named):
                raise ValueError(f"{self._name}: names for some parameters of a group, not for all")
            options["param_names"] = [name for name, _ in items]
        self.param_groups.append({"params": params, **options})

    def _warn_mixed(self, before: list[Tensor], stacklevel: int) -> None:
        """Say once that float32 and float64 have met; `before`: the parameters until now."""
        both = {np.dtype(np.float32), np.dtype(np.float64)}
        if both <= {p.dtype for p in before} or not both <= {p.dtype for p in self._all_params()}:
            return
        dtypes = [str(p.dtype) for p in self._all_params()]
        rare = min("float64", "float32", key=dtypes.count)
        first = dtypes.index(rare)
        warnings.warn(
            f"{self._name}: of {len(dtypes)} parameters {dtypes.count('float32')} are float32 and "
            f"{dtypes.count('float64')} float64 (parameter {first}, of shape "
            f"{self._all_params()[first].shape}, is {rare}). That is right, but what float64 meets "
            "becomes float64, and takes twice the time and memory. If it was not meant, make all "
            "alike before the optimizer: model.astype(np.float32)",
            stacklevel=stacklevel,
        )

    def _groups(self, params: Any) -> list[Options]:
        items = self._listed(params)
        groups = [isinstance(item, dict) for item in items]
        if any(groups) and not all(groups):
            raise TypeError(f"{self._name}: parameter groups and bare parameters together")
        return items if any(groups) else [{"params": items}]

    def _listed(self, params: Any) -> list[Any]:
        # Sets have no order, which the state needs; a Tensor and a dict have one of another kind.
        if isinstance(params, Tensor | dict | set | frozenset) or not isinstance(params, Iterable):
            hint = ""
            if isinstance(params, Tensor):
                hint = "; for a single one, [tensor]"
            elif isinstance(params, dict):
                hint = "; for a single group, [group]; for named parameters, params.items()"
            elif hasattr(params, "parameters"):
                hint = f"; here {type(params).__name__}'s: model.parameters()"
            elif callable(params):
                hint = "; call it? model.parameters()"
            raise TypeError(
                f"{self._name}: params: got {type(params).__name__}, expected Tensors in order, "
                f"such as model.parameters() or a list{hint}"
            )
        items = list(params)
        if not items and isinstance(params, Iterator):
            raise ValueError(
                f"{self._name}: params: got a {type(params).__name__} with nothing in it, or "
                "nothing left. If it was used before, call model.parameters() anew, or keep "
                "list(model.parameters()); a group that may be empty is to be a list"
            )
        return items

    def _check_param(self, param: Any, which: str, seen: set[int]) -> None:
        if not isinstance(param, Tensor):
            hint = ""
            if hasattr(param, "parameters"):
                hint = "; of a model, model.parameters()"
            elif isinstance(param, np.ndarray):
                hint = "; the arrays of a state_dict() are not what the model learns"
            raise TypeError(
                f"{self._name}: {which}: got {type(param).__name__}, expected a Tensor (or a pair "
                f"of its name and a Tensor){hint}"
            )
        which = f"{self._name}: {which}, of shape {param.shape},"
        if not param.is_leaf:
            raise ValueError(
                f"{which} is the result of an op: only a leaf can be optimized, a tensor that was "
                "made with requires_grad=True"
            )
        if param.dtype.kind == "c":
            raise TypeError(f"{which} is complex: optimize its real and imaginary part instead")
        if id(param) in seen:
            raise ValueError(f"{which} is given twice: it would take two steps at once")

    # Saving and loading

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that a later run needs to continue, in PyTorch's form.

        Returns
        -------
        dict[str, Any]
            dict with "state", the state of each parameter by its position among all, and
            "param_groups", the options of each group, with these positions as "params" and the
            names, if there are any, as "param_names".
        """
        index = {param: i for i, param in enumerate(self._all_params())}
        return {
            "state": {i: copy.deepcopy(self.state[p]) for p, i in index.items() if p in self.state},
            "param_groups": [
                {**copy.deepcopy(_options(group)), "params": [index[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict()` was taken: the next step is the same to the last bit.

        The parameters must be the same in number, order, shape and, where both have
        them, names. Options, such as the learning rate, are those of the state.

        Raises
        ------
        TypeError
            it is not a state, but a file's name, for example.
        ValueError
            the state does not fit. All problems are listed, and nothing is loaded.
        """
        check_state(self._name, state_dict)
        if missing := {"state", "param_groups"} - state_dict.keys():
            raise ValueError(
                f"load_state_dict: no {' and no '.join(sorted(missing))} in it, expected what "
                f"{self._name}.state_dict() gives"
            )
        saved_groups: Sequence[Options] = state_dict["param_groups"]
        entries: Mapping[int, State] = state_dict["state"]
        if not (
            isinstance(saved_groups, list | tuple)
            and isinstance(entries, Mapping)
            and all(isinstance(part, Mapping) for part in (*saved_groups, *entries.values()))
        ):
            raise TypeError(
                'load_state_dict: expected a dict of dicts as "state", and a list of dicts as '
                f'"param_groups", as {self._name}.state_dict() gives'
            )
        problems: list[str] = []
        if len(saved_groups) != len(self.param_groups):
            problems.append(f"{len(saved_groups)} groups, expected {len(self.param_groups)}")
        owners: dict[Any, tuple[Tensor, Options]] = {}
        for i, (group, saved) in enumerate(zip(self.param_groups, saved_groups, strict=False)):
            problems += [f"group {i}: {problem}" for problem in self._misfits(group, saved)]
            for index, param in zip(saved.get("params", ()), group["params"], strict=False):
                owners[index] = param, {**group, **saved}
        state = {}
        for index, entry in entries.items():
            if index in owners:
                param, options = owners[index]
                state[param], misfits = self._read(entry, param, options)
                problems += [f"parameter {index}: {problem}" for problem in misfits]
            elif not problems:
                problems.append(f"parameter {index}: a state, but no such parameter in any group")
        if problems:
            raise ValueError(
                f"load_state_dict: this state does not fit this {self._name}, nothing was loaded:\n"
                + "\n".join(f"- {problem}" for problem in problems)
            )
        self.state = state
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            names = {"param_names": group["param_names"]} if "param_names" in group else {}
            group.update({**copy.deepcopy(_options(saved)), **names})

    def _misfits(self, group: Options, saved: Options) -> Iterator[str]:
        """Why the options and the parameters of a saved group cannot be those of `group`."""
        # Switches, all off by default, may be younger than the state, or not known to PyTorch.
        needed = {name for name, value in self.defaults.items() if not isinstance(value, bool)}
        if missing := needed - saved.keys():
            yield f"no option {', '.join(sorted(missing))}: is it another optimizer's?"
        else:
            try:
                self.check({**self.defaults, **saved})
            except (TypeError, ValueError) as error:
                yield str(error)
        count, expected = len(saved.get("params", ())), len(group["params"])
        if count != expected:
            yield f"{count} parameters, expected {expected}"
        elif "param_names" in group and "param_names" in saved:
            for name, other in zip(group["param_names"], saved["param_names"], strict=True):
                if name != other:
                    yield f"parameter {other!r} in place of {name!r}"

    def _read(self, saved: State, param: Tensor, group: Options) -> tuple[State, list[str]]:
        """A copy of a parameter's saved state, its arrays in the dtypes of `init`; and problems."""
        expected = {"step": 0, **self.init(param.data, group)}
        saved = {name: value for name, value in saved.items() if value is not None}
        if not self.counts:
            saved.setdefault("step", 0)
        problems = [f"no {name}" for name in expected.keys() - saved.keys()]
        state: State = {}
        for name, value in saved.items():
            like = expected.get(name, param)
            if isinstance(like, int | float):  # PyTorch's numbers are tensors
                one = hasattr(value, "item") and np.shape(value) in ((), (1,))
                plain = value.item() if one else value
                try:
                    number(0 if name == "step" else -np.inf)(name, plain)
                except (TypeError, ValueError) as error:
                    problems.append(str(error))
                else:
                    state[name] = type(like)(plain)
            elif name in expected and hasattr(like, "shape") and not hasattr(value, "__array__"):
                problems.append(f"{name}: got {shown(value)}, expected an array")
            elif not hasattr(value, "__array__") or not hasattr(like, "shape"):
                state[name] = copy.deepcopy(value)
            elif np.shape(value) != like.shape:
                problems.append(f"{name} of shape {np.shape(value)}, expected {like.shape}")
            else:
                state[name] = np.asarray(value).astype(like.dtype)  # a copy
        return state, problems

    # The rest

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _all_params(self) -> list[Tensor]:
        return [param for group in self.param_groups for param in group["params"]]

    def __repr__(self) -> str:
        lines = [f"{self._name} of {len(self._all_params())} parameters"]
        for group in self.param_groups:
            options = {k: v for k, v in _options(group).items() if k != "param_names"}
            numbers = sum(param.size for param in group["params"])
            listed = ", ".join(f"{name}={value!r}" for name, value in options.items())
            lines.append(f"  {len(group['params'])} ({numbers:,} numbers): {listed}")
        return "\n".join(lines)


def _is_named(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _options(group: Options) -> Options:
    return {name: value for name, value in group.items() if name != "params"}


def _plain_numbers(group: Options) -> None:
    """Make NumPy scalars (a schedule's `np.cos(...)`) Python's, which leave float32 as it is."""
    for name, value in group.items():
        if isinstance(value, np.generic):
            group[name] = value.item()
        elif isinstance(value, tuple) and any(isinstance(item, np.generic) for item in value):
            group[name] = tuple(np.asarray(item).item() for item in value)
