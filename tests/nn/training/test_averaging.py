"""AveragedModel: means of weights on known numbers, buffers, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import nn


def scalar(value: float) -> nn.Module:
    model = nn.Module()
    model.w, model.mean = nn.Parameter([value]), nn.Buffer([value])
    model.count = nn.Buffer(np.array(int(value)))
    return model


def test_the_mean_of_all() -> None:
    average = nn.AveragedModel(scalar(100.0))
    for value in (2.0, 4.0, 9.0):
        average.update_parameters(scalar(value))
    assert average.module.w.tolist() == [5]
    assert (average.module.mean.tolist(), average.module.count.item()) == ([9], 9)  # the last
    assert average.n_averaged.item() == 3
    assert list(average.state_dict()) == [
        "n_averaged", "module.w", "module.mean", "module.count"
    ]  # fmt: skip


def test_the_exponential_average() -> None:
    average = nn.AveragedModel(scalar(100.0), decay=0.5, use_buffers=True)
    for value in (8.0, 0.0, 1.0):
        average.update_parameters(scalar(value))
    assert average.module.w.tolist() == average.module.mean.tolist() == [(8 / 2) / 2 + 1 / 2]
    assert average.module.count.item() == 1  # a mean of counts would be none


def test_the_copy_is_apart() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    average = nn.AveragedModel(model).eval()
    x = np.ones((1, 3), np.float32)
    expected = model[0](x).data
    average.update_parameters(model)
    model[0].weight.data[...] = 0
    np.testing.assert_array_equal(average(x).data, expected)
    assert average.module[0].weight.dtype == np.float32
    assert model.training
    assert repr(average).startswith("AveragedModel(decay=None")
    other = nn.AveragedModel(model, 0.9)
    other.load_state_dict(average.state_dict())
    np.testing.assert_array_equal(other.eval()(x).data, expected)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"got decay=1\.5, expected None, or from 0 to 1"):
        nn.AveragedModel(scalar(1.0), decay=1.5)
    with pytest.raises(ValueError, match="parameters and buffers differ"):
        nn.AveragedModel(nn.Linear(2, 2)).update_parameters(nn.Linear(2, 3))


def test_the_ends_of_decay() -> None:
    model = scalar(1.0)
    kept, replaced = nn.AveragedModel(model, decay=1), nn.AveragedModel(model, decay=0)
    for w in (1.0, 5.0):
        model.w.data[...] = w
        kept.update_parameters(model)
        replaced.update_parameters(model)
    assert kept.module.w.item() == 1
    assert replaced.module.w.item() == 5
    with pytest.raises(ValueError, match="decay=-0"):
        nn.AveragedModel(model, decay=-0.1)


def test_repr_tells_what_is_not_usual() -> None:
    assert nn.AveragedModel(scalar(1.0)).extra_repr() == "decay=None"
    assert nn.AveragedModel(scalar(1.0), 0.5, True).extra_repr() == "decay=0.5, use_buffers=True"
