"""nn and nn.functional have what the files of layers and losses say is public, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nn

#: Files of helpers: what their `__all__` names is for the other files.
HELPERS = {
    "base", "families", "fused_recurrent", "inplace", "labels", "packed", "pool_windows", "sizes",
    "windows",
}  # fmt: skip
FILES = [
    importlib.import_module(f"nn.{folder}.{file.name}")
    for folder in ("layers", "losses")
    for file in pkgutil.iter_modules(importlib.import_module(f"nn.{folder}").__path__)
    if file.name != "public"
]


def in_public(name: str) -> Any:
    return getattr(nn if name[0].isupper() else nn.functional, name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.__name__)
def test_what_a_file_names_is_public_or_the_file_is_one_of_helpers(file: ModuleType) -> None:
    if file.__name__.split(".")[-1] in HELPERS:
        return
    for name in file.__all__:
        assert in_public(name) is getattr(file, name)
        assert name in (nn if name[0].isupper() else nn.functional).__all__


def test_all_that_is_public_is_named_by_a_file() -> None:
    named = {name for file in FILES for name in file.__all__}
    assert named >= {*nn.functional.__all__}
    own = {"AveragedModel", "Buffer", "History", "Module", "ModuleDict", "ModuleList", "Parameter"}
    own |= {"Checkpoint", "Ensemble", "ParameterDict", "ParameterList", "Sequential"}
    assert named | own >= {name for name in nn.__all__ if name[0].isupper()}


def test_classes_are_in_nn_and_functions_in_functional() -> None:
    assert not hasattr(nn, "relu")
    assert not hasattr(nn.functional, "ReLU")
    assert not {*nn.__all__} & {*nn.functional.__all__}
    assert {*nn.__all__} <= {*dir(nn)}
    for name in nn.functional.__all__:
        assert callable(getattr(nn.functional, name))
    for name in dir(nn):  # nothing that was left over from the star
        x = getattr(nn, name)
        assert (
            name in nn.__all__
            or name[0] == "_"
            or not inspect.isfunction(x)
            or x.__module__[:2] != "nn"
        )


@pytest.mark.parametrize(
    "program",
    [
        "import nn, sys; assert 'nn.models' not in sys.modules; nn.models.MLP([2, 1])",
        "import nn.utils.rnn, nn.distributions; nn.utils.rnn.pad_sequence; nn.Linear(1, 2)",
        "from nn.utils import clip_grad_norm_; from nn.distributions import Normal",
        "import nn.models; nn.models.MLP([2, 1]); nn.Linear(1, 2)",
        "from nn import models; models.LeNet",
        "from nn import *; models.MLP([2, 1]); Linear(1, 2); assert 'relu' not in globals()",
        "from nn.functional import *; relu(1.0); assert 'ReLU' not in globals()",
    ],
)
def test_models_are_there_when_they_are_asked_for(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def test_names_stay_when_files_move() -> None:
    assert repr(nn.Linear) == "<class 'nn.Linear'>"
    assert repr(nn.models.MLP) == "<class 'nn.models.MLP'>"
    for name in nn.functional.__all__:
        assert getattr(nn.functional, name).__module__ == "nn.functional"
    for name in nn.__all__:
        if not isinstance(thing := getattr(nn, name), ModuleType):
            assert thing.__module__ == "nn"


@pytest.mark.parametrize(
    "thing",
    [nn.Linear(2, 3), nn.models.MLP([2, 3, 1]), nn.Sequential(nn.ReLU()), nn.summary, nn.MSELoss],
    ids=str,
)
def test_pickles_name_what_is_public(thing: Any) -> None:
    pickled = pickle.dumps(thing, protocol=0)
    assert b"cnn.layers" not in pickled
    again = pickle.loads(pickled)
    assert repr(again) == repr(thing)
    if isinstance(thing, nn.Module):
        for a, b in zip(again.parameters(), thing.parameters(), strict=True):
            np.testing.assert_array_equal(a.data, b.data)
