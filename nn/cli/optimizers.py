"""The optimizers that --optimizer takes, and what rate suits each."""

from __future__ import annotations

from typing import Any

from ..module import Module

__all__ = ["RATES", "optimizer_of"]

#: By name: the rate where none was asked for; None for that of the task, which is one for Adam.
RATES = {
    "adam": None, "adamw": None, "adamax": None, "nadam": None, "radam": None, "rmsprop": None,
    "gd": 0.3, "sgd": 0.03, "adagrad": 0.03, "adadelta": 1.0, "adafactor": 0.01,
    "asgd": 0.1, "rprop": 0.01, "lbfgs": 1.0,
}  # fmt: skip
_CLASSES = {
    "adamw": "AdamW", "nadam": "NAdam", "radam": "RAdam", "rmsprop": "RMSprop", "sgd": "SGD",
    "gd": "SGD", "asgd": "ASGD", "lbfgs": "LBFGS",
}  # fmt: skip


def optimizer_of(name: str, model: Module, lr: float) -> Any:
    """The optimizer of that name: "sgd" with a momentum of 0.9, "gd" without one."""
    import optim  # here alone: nn does not know optim

    options = {"momentum": 0.9} if name == "sgd" else {}
    return getattr(optim, _CLASSES.get(name, name.capitalize()))(model.parameters(), lr, **options)
