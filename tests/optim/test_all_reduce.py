"""AllReduce: on real MPI ranks as one process with the whole batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ranks import mpiexec

import optim
from autograd import Tensor


class Alone:
    """A communicator of one process."""

    def Get_size(self):
        return 1

    def Bcast(self, buffer, root=0): ...

    def Allreduce(self, mine, every):
        every[...] = mine


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 4])
def test_as_one_process_with_the_whole_batch(ranks):
    script = str(Path(__file__).with_name("all_reduce_ranks.py"))
    assert mpiexec(ranks, "-m", "mpi4py", script).split() == ["fine"] * ranks


def parameter():
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.grad = [3.0, 4.0]
    return w


def test_alone_it_changes_nothing():
    a, b = parameter(), parameter()
    wrapped, plain = optim.AllReduce(optim.Adam([a], 0.1), Alone()), optim.Adam([b], 0.1)
    for _ in range(3):
        assert wrapped.step() is plain.step() is None
    assert np.array_equal(a.data, b.data)
    assert wrapped.state is wrapped.optimizer.state
    wrapped.param_groups[0]["lr"] = 0.5
    assert wrapped.optimizer.param_groups[0]["lr"] == 0.5
    wrapped.zero_grad()
    assert a.grad is None


def test_its_state_is_the_optimizers():
    a, b = parameter(), parameter()
    first = optim.AllReduce(optim.Adam([a], 0.1), Alone())
    first.step()
    second = optim.AllReduce(optim.Adam([b], 0.3), Alone())
    second.load_state_dict(first.state_dict())
    assert second.optimizer.state[b]["step"] == 1
    assert second.param_groups[0]["lr"] == 0.1
    third = optim.Adam([parameter()])
    third.load_state_dict(first.state_dict())  # a run on many goes on alone
    second.add_param_group({"params": [parameter()]})
    assert len(second.optimizer.param_groups) == 2
    assert repr(second).startswith("AllReduce over 1 processes: Adam of 2 parameters")


def test_what_it_does_not_have():
    optimizer = optim.AllReduce(optim.Adam([parameter()]), Alone())
    with pytest.raises(AttributeError, match="nothing"):
        _ = optimizer.nothing


def test_clipping_in_between():
    w = parameter()
    optimizer = optim.AllReduce(optim.SGD([w], 1.0), Alone())
    assert optimizer.average(0.5, weight=3) == 0.5
    assert np.allclose(w.grad, [3, 4])
    assert optim.clip_grad_norm_([w], 1.0) == 5
    optimizer.optimizer.step()
    assert np.allclose(w.data, [0.4, 1.2])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((3, Alone()), "optimizer: got 3.*expected an Optimizer"),
        ((optim.SGD([parameter()]), 4), "comm: got a int, without Get_size, Bcast, Allreduce"),
    ],
)
def test_what_cannot_be_is_refused(arguments, told):
    with pytest.raises(TypeError, match=f"^AllReduce: {told}"):
        optim.AllReduce(*arguments)


def test_weights_that_cannot_be():
    optimizer = optim.AllReduce(optim.SGD([parameter()]), Alone())
    with pytest.raises(ValueError, match="weight: got -1, expected a number >= 0"):
        optimizer.step(weight=-1)
    with pytest.raises(ValueError, match="the weights of all processes are 0"):
        optimizer.step(weight=0)
    with pytest.raises(TypeError, match="closure: got 3, an int, expected a function"):
        optimizer.step(3)
