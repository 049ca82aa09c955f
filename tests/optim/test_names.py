"""Names that are nearly right: what an import, an attribute or a call of a module says."""

import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import lr_scheduler
from optim.names import Explained


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        (optim, "ADAM", "optim.Adam"),
        (optim, "Sgd", "optim.SGD"),
        (optim, "adamw", "optim.AdamW"),
        (optim, "RMSProp", "optim.RMSprop"),
        (optim, "lr_schedulers", "optim.lr_scheduler"),
        (optim, "clip_grad_norm", "optim.clip_grad_norm_"),
        (lr_scheduler, "stepLR", "optim.lr_scheduler.StepLR"),
        (lr_scheduler, "ReduceLROnPlateu", "optim.lr_scheduler.ReduceLROnPlateau"),
    ],
)
def test_the_nearest_name(module, name, near):
    with pytest.raises(AttributeError) as error:
        getattr(module, name)
    here = module.__name__
    assert str(error.value) == (f"module '{here}' has no attribute '{name}'. Did you mean {near}?")


def test_names_that_are_near_nothing():
    for name in ("zzz", "_Adam", "__wrapped__"):
        assert not hasattr(optim, name)
        with pytest.raises(AttributeError, match=f"^module 'optim' has no attribute '{name}'$"):
            getattr(optim, name)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "adam",
            r"^optim.adam is a module, the place of Adam, AdamW, and cannot .*optim.Adam\(...\)",
        ),
        ("sgd", r"the place of SGD, and .* Did you mean optim.SGD\(...\)\?$"),
        ("lbfgs", r"optim.LBFGS\("),
        ("adaptive", r"the place of Adadelta, Adagrad, RMSprop, and .*optim.Adadelta\(...\)\?"),
        ("lr_scheduler", r"ChainedScheduler, ConstantLR, CosineAnnealingLR, \S+, ..., and cannot"),
    ],
)
def test_a_module_that_is_called(module, message):
    w = Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(TypeError, match=message):
        getattr(optim, module)([w], lr=0.1)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ("A", "A"),
        ("ABCD", "A, B, C, D"),
        ("ABCDE", "A, B, C, D, ..."),
        ("ABCDEF", "A, B, C, D, ..."),
    ],
)
def test_a_module_lists_up_to_four_of_its_names(names, listed):
    module = Explained("optim.letters")
    module.__all__ = list(names)
    with pytest.raises(TypeError) as error:
        module()
    assert f"the place of {listed}, and cannot be called" in str(error.value)


def test_every_file_explains_itself_and_is_imported_as_ever():
    for path in Path(optim.__file__).parent.glob("[a-z]*.py"):
        module = importlib.import_module(f"optim.{path.stem}")
        assert module is getattr(optim, path.stem)
        with pytest.raises(TypeError, match=f"^optim.{path.stem} is a module, the place of"):
            module()
        for name in module.__all__:
            assert hasattr(module, name)
    assert pickle.loads(pickle.dumps(optim.Adam)) is optim.adam.Adam
    assert {name for name in vars(optim) if not name.startswith("_")} >= set(optim.__all__)


def test_what_python_prints_suggests_once():
    for line in ("optim.ADAM", "optim.lr_scheduler.stepLR"):
        done = subprocess.run(
            [sys.executable, "-c", f"import optim; {line}"], capture_output=True, text=True,
            check=False, cwd=Path(optim.__file__).parents[1],
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.count("Did you mean") == 1
