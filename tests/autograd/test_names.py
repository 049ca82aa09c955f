"""The nearest name, and modules that tell it."""

import pickle
import subprocess
import sys
import types
from pathlib import Path

import pytest

import nn
import optim
from autograd.names import did_you_mean, explain, nearest

ROOT = Path(__file__).parents[2]


def test_the_nearest_name():
    assert nearest("RELU", ["Sigmoid", "relu", "ReLU"]) == "relu"
    assert nearest("weigth", iter(["bias", "weight"])) == "weight"
    assert nearest("xyzzy", ["bias"]) == nearest("x", []) == ""


def test_the_end_of_an_error():
    assert did_you_mean("wieght", ["bias", "weight"]) == ". Did you mean 'weight'?"
    assert did_you_mean("xyzzy", ["bias"]) == ""


@pytest.fixture
def letters(monkeypatch):
    """A package with one module, `letters.alpha`, whose name is like the `Alpha` in it."""
    package, module = types.ModuleType("letters"), types.ModuleType("letters.alpha")
    package.Alpha = module.Alpha = int
    package.Beta = package._hidden = float
    module.__all__ = ["Alpha"]
    other = types.ModuleType("letters_of_others")
    for one in (package, module, other):
        monkeypatch.setitem(sys.modules, one.__name__, one)
    explain("letters", {"gamma": "it is in greek"})
    return package, module, other


def test_a_name_that_a_module_lacks(letters):
    package, module, other = letters
    for one, name, hint in [
        (package, "ALPHA", r"\. Did you mean 'Alpha'\?"),
        (package, "gamma", r"\. it is in greek"),
        (package, "hidden", ""),  # only public names are told, and only of public ones
        (package, "_Alpha", ""),
        (package, "__alpha__", ""),
        (module, "alpha", r"\. Did you mean 'Alpha'\?"),
        (module, "beta", ""),
        (module, "gamma", ""),
    ]:
        with pytest.raises(
            AttributeError, match=f"^module '{one.__name__}' has no .*'{name}'{hint}$"
        ):
            getattr(one, name)
        assert not hasattr(one, name)
    with pytest.raises(AttributeError, match=r"'ALPHA'$"):
        _ = other.ALPHA


def test_a_module_that_is_called(letters):
    package, module, other = letters
    with pytest.raises(TypeError) as error:
        module(4, size=3)
    assert str(error.value) == (
        "letters.alpha is a module, the place of Alpha, and cannot be called. Did you mean "
        "letters.Alpha(...)?"
    )
    del package.Alpha  # then it is only in the module
    with pytest.raises(TypeError, match=r"mean letters\.alpha\.Alpha\(\.\.\.\)\?$"):
        module()
    with pytest.raises(TypeError, match=r"^letters is a module, .* called$"):
        package()
    with pytest.raises(TypeError, match="'module' object is not callable"):
        other()


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ("A", "A"),
        ("ABCD", "A, B, C, D"),
        ("ABCDE", "A, B, C, D, ..."),
        ("ABCDEF", "A, B, C, D, ..."),
    ],
)
def test_a_module_lists_up_to_four_of_its_names(letters, names, listed):
    letters[1].__all__ = list(names)
    with pytest.raises(TypeError) as error:
        letters[1]()
    assert f"the place of {listed}, and cannot be called" in str(error.value)


def test_a_module_that_has_a_getattr_keeps_it(monkeypatch):
    module = types.ModuleType("lazy")
    module.__getattr__ = lambda name: name.upper()
    monkeypatch.setitem(sys.modules, "lazy", module)
    explain("lazy")
    assert module.models == "MODELS"


@pytest.mark.parametrize("module", [nn, nn.functional, optim, optim.adam], ids=str)
def test_modules_that_explain_are_pickled_by_name(module):
    """Also by cloudpickle, which sends a function with the modules it uses."""
    assert pickle.loads(pickle.dumps(module)) is module


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("nn.Relu", "AttributeError: module 'nn' has no attribute 'Relu'. Did you mean 'ReLU'?"),
        ("nn.linear(4, 3)", "module 'nn' has no attribute 'linear'. Did you mean 'Linear'?"),
        ("nn.lstm(4, 3)", "module 'nn' has no attribute 'lstm'. Did you mean 'LSTM'?"),
        ("nn.layers.linear(4, 3)", "cannot be called. Did you mean nn.Linear(...)?"),
        ("nn.module(4)", "cannot be called. Did you mean nn.Module(...)?"),
        ("nn.functional(4)", "adaptive_max_pool1d, ..., and cannot be called"),
        ("nn.Linear(1, 1).wieght", "Linear has no attribute 'wieght'. Did you mean 'weight'?"),
        ("nn.functional.Relu", "has no attribute 'Relu'. Did you mean 'relu'?"),
        ("optim.ADAM", "module 'optim' has no attribute 'ADAM'. Did you mean 'Adam'?"),
        ("optim.lr_scheduler.stepLR", "Did you mean 'StepLR'?"),
        ("optim.adam([w], lr=1)", "cannot be called. Did you mean optim.Adam(...)?"),
    ],
)  # fmt: skip
def test_what_python_prints(code, message):
    """Once: Python adds no guess of its own."""
    run = subprocess.run(
        [sys.executable, "-c", f"import nn, optim; w = nn.Parameter([1.0]); {code}"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 1
    assert message in run.stderr
    assert run.stderr.count("Did you mean") == message.count("Did you mean")
