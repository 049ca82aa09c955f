"""Neural networks: layers, losses, initial values, data, training, plots.

Examples
--------
>>> import nn
>>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
>>> model.num_parameters()
33
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

try:
    from autograd.names import explain as _explain
    from autograd.names import name_after as _name_after
except ImportError as _error:  # HIPS autograd is there, or what its removal left of ours
    if not (_error.name or "").startswith("autograd"):
        raise
    raise ImportError(
        "nn: the package `autograd` that Python finds is not plaingrad's; run: "
        "pip uninstall -y autograd plaingrad; pip install plaingrad"
    ) from _error

from . import data, datasets, functional, init, plot
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .ensemble import Ensemble
from .layers.public import *
from .losses.public import *
from .module import Buffer, Module, Parameter
from .random import generator, manual_seed
from .training import History, fit
from .training.averaging import AveragedModel
from .training.checkpoint import Checkpoint
from .training.many import train_many
from .training.penalties import l1_penalty, l2_penalty
from .training.profile import profile
from .training.saving import load, save
from .training.summary import summary
from .training.vectors import parameters_to_vector, vector_to_parameters

# Its own names. Those of layers and losses come from the files, where each `__all__` is the list.
__all__ = [
    "AveragedModel", "Buffer", "Checkpoint", "Ensemble", "History", "Module", "ModuleDict",
    "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Sequential", "data",
    "datasets", "distributions", "fit", "functional", "generator", "init", "l1_penalty",
    "l2_penalty", "load", "manual_seed", "models", "parameters_to_vector", "plot", "profile",
    "save", "summary", "train_many", "utils",
    "vector_to_parameters",
]  # fmt: skip

if TYPE_CHECKING:
    from . import distributions, models, utils
else:
    for _name in functional.__all__:
        del globals()[_name]
    __all__ += [name for name, x in globals().items() if isinstance(x, type)]
    __all__ = sorted({*__all__})
    _name_after(__name__, [globals()[_name] for _name in __all__ if _name in globals()])
    _on_first_use = {"distributions", "models", "utils"}  # few programs need all of them

    def __getattr__(name):
        if name in _on_first_use:
            return _import_module(f".{name}", __name__)
        raise AttributeError(name)

    def __dir__():
        return sorted({*globals(), *_on_first_use})

    _explain(__name__)
