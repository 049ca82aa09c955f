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
from .layers.public import *
from .losses.public import *
from .module import Buffer, Module, Parameter
from .random import generator, manual_seed
from .training import History, fit
from .training.averaging import AveragedModel
from .training.penalties import l1_penalty, l2_penalty
from .training.profile import profile
from .training.saving import load, save
from .training.summary import summary
from .training.vectors import parameters_to_vector, vector_to_parameters

# Its own names. Those of layers and losses come from the files, where each `__all__` is the list.
__all__ = [
    "AveragedModel", "Buffer", "History", "Module", "ModuleDict", "ModuleList", "Parameter",
    "ParameterDict", "ParameterList", "Sequential", "data", "datasets", "fit", "functional",
    "generator", "init", "l1_penalty", "l2_penalty", "load", "manual_seed", "models",
    "parameters_to_vector", "plot", "profile", "save", "summary", "vector_to_parameters",
]  # fmt: skip

if TYPE_CHECKING:
    from . import models
else:
    for _name in functional.__all__:
        del globals()[_name]
    __all__ += [name for name, x in globals().items() if isinstance(x, type)]
    __all__ = sorted({*__all__})
    _name_after(__name__, [globals()[_name] for _name in __all__ if _name != "models"])

    def __getattr__(name):
        if name == "models":  # on first use: they are written as a user writes models, of nn
            return _import_module(".models", __name__)
        raise AttributeError(name)

    def __dir__():
        return sorted({*globals(), "models"})

    _explain(
        __name__,
        {"utils": "clip_grad_norm_ and clip_grad_value_ are in optim, parameters_to_vector in nn"},
    )
