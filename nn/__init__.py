"""Neural networks: layers, losses, initial values, data, training, plots.

>>> import nn
>>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
>>> model.num_parameters()
33
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from autograd.core.hints import no_attribute

from . import data, datasets, functional, init, layers, losses, plot
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .layers import *
from .losses import *
from .module import Buffer, Module, Parameter
from .public import name_after as _name_after
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
    __all__ += {*layers.__all__, *losses.__all__} - {*functional.__all__}
    __all__.sort()
    _name_after(__name__, [globals()[_name] for _name in __all__ if _name != "models"])

    _missing = no_attribute(
        __name__,
        __all__,
        {"utils": "clip_grad_norm_ and clip_grad_value_ are in optim, parameters_to_vector in nn"},
    )

    def __getattr__(name):
        if name == "models":  # on first use: they are written as a user writes models, of nn
            return _import_module(".models", __name__)
        return _missing(name)

    def __dir__():
        return sorted({*globals(), "models"})
