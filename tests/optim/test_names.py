"""Names that are nearly right: what an import, an attribute or a call of a module says."""

import importlib
import pickle
from pathlib import Path

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import lr_scheduler


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        (optim, "ADAM", "Adam"),
        (optim, "Sgd", "SGD"),
        (optim, "adamw", "AdamW"),
        (optim, "RMSProp", "RMSprop"),
        (optim, "lr_schedulers", "lr_scheduler"),
        (optim, "clip_grad_norm", "clip_grad_norm_"),
        (lr_scheduler, "stepLR", "StepLR"),
        (lr_scheduler, "ReduceLROnPlateu", "ReduceLROnPlateau"),
    ],
)
def test_the_nearest_name(module, name, near):
    with pytest.raises(AttributeError) as error:
        getattr(module, name)
    here = module.__name__
    assert str(error.value) == f"module '{here}' has no attribute '{name}'. Did you mean '{near}'?"


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
        ("rmsprop", r"the place of RMSprop, and .*optim.RMSprop\(...\)\?$"),
        ("clip", r"the place of clip_grad_norm_, clip_grad_value_, and cannot be called$"),
        ("lr_scheduler", r"the place of LRScheduler, ConstantLR, \S+, \S+, ..., and cannot"),
    ],
)
def test_a_module_that_is_called(module, message):
    w = Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(TypeError, match=message):
        getattr(optim, module)([w], lr=0.1)


def test_every_file_explains_itself_and_is_imported_as_ever():
    for path in Path(optim.__file__).parent.glob("[a-z]*.py"):
        module = importlib.import_module(f"optim.{path.stem}")
        assert module is getattr(optim, path.stem)
        with pytest.raises(TypeError, match=f"^optim.{path.stem} is a module, the place of"):
            module()
        for name in module.__all__:
            assert hasattr(module, name)
    assert {name for name in vars(optim) if not name.startswith("_")} >= set(optim.__all__)


def test_names_are_said_to_be_where_users_find_them():
    """In pickles, which thus outlive a move of files; in tracebacks; as they are printed."""
    for name in optim.__all__:
        found = getattr(optim, name)
        if found is lr_scheduler:
            continue
        home = lr_scheduler if name in lr_scheduler.__all__ else optim
        assert found.__module__ == home.__name__
        assert f"c{home.__name__}\n{name}\n".encode() in pickle.dumps(found, 0)
        assert pickle.loads(pickle.dumps(found)) is found
    assert repr(optim.Adam) == "<class 'optim.Adam'>"
    assert repr(optim.StepLR) == "<class 'optim.lr_scheduler.StepLR'>"
    assert optim.adam.Adam is optim.Adam
