"""An ensemble trains its members as each would train by itself."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor, gradcheck, gradgradcheck
from nn.ensemble import _linears


def networks(count=3, dtype=np.float64, bias=True):
    nn.manual_seed(0)
    made = [
        nn.Sequential(
            nn.Flatten(), nn.Linear(4, 5, bias=bias), nn.Tanh(), nn.Linear(5, 6), nn.ReLU(),
            nn.Linear(6, 3),
        )
        for _ in range(count)
    ]  # fmt: skip
    return [model.astype(dtype) for model in made]


def data(*front):
    rng = np.random.default_rng(1)
    return rng.standard_normal((*front, 7, 2, 2)), rng.integers(3, size=(*front, 7))


def trained(model, make, loss, x, y, steps=10, **keywords):
    optimizer, losses = make(model.parameters()), []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model(x, **keywords), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return np.array(losses)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, 0.1, 0.9), lambda p: optim.Adam(p, 0.01)])
def test_as_each_by_itself(make, each, bias):
    members, criterion = networks(bias=bias), nn.CrossEntropyLoss()
    model = nn.Ensemble(members)
    x, y = data(3) if each else data()
    pairs = list(zip(x, y, strict=True)) if each else [(x, y)] * 3
    together = trained(model, make, model.loss(criterion, each=each), x, y, each=each)
    alone = [trained(m, make, criterion, *pair) for m, pair in zip(members, pairs, strict=True)]
    assert np.allclose(together, np.sum(alone, axis=0), rtol=1e-12)
    for k, member in enumerate(members):
        own = model.member(k)
        assert own.state_dict().keys() == member.state_dict().keys()
        for name, value in member.state_dict().items():
            assert np.allclose(own.state_dict()[name], value, rtol=1e-9, atol=1e-12)
        out = model(x, each=each).data[k]
        assert np.allclose(own(pairs[k][0]).data, out, rtol=1e-12)


def test_its_op_against_finite_differences():
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3))
    for x in (rng.standard_normal((5, 4)), rng.standard_normal((2, 5, 4))):
        assert gradcheck(_linears, x, weight, bias)
        assert gradgradcheck(_linears, x, weight, bias)
        assert gradcheck(lambda x, w: _linears(x, w, None), x, weight)
        assert np.allclose(
            _linears(x, weight, bias)[1], x.reshape(-1, 5, 4)[-1] @ weight[1].T + bias[1]
        )


def test_members_are_copied_and_fit_takes_it(capsys):
    members = networks(2, np.float32)
    before = members[0].state_dict()
    model = nn.Ensemble(iter(members))
    x, y = data()
    loss = model.loss(nn.CrossEntropyLoss())
    history = nn.fit(model, loss, optim.SGD(model.parameters()), (x.astype("f4"), y), epochs=2)
    assert len(history["loss"]) == len(capsys.readouterr().out.splitlines()) == 2
    assert all(np.array_equal(x, before[name]) for name, x in members[0].state_dict().items())
    assert len(model) == 2
    assert model.num_parameters() == 2 * members[0].num_parameters()
    assert repr(model).startswith("Ensemble(")
    first = model.member(-1)
    first[1].weight.data[...] = 0
    assert model.member(1)[1].weight.data.any()
    assert first[1].weight.dtype == np.float32


def test_a_loss_of_numbers_and_samples_that_have_gradients():
    x = Tensor(data()[0], requires_grad=True)
    model = nn.Ensemble(networks(2))
    model.loss(nn.MSELoss())(model(x), np.zeros((7, 3))).backward()
    expected = 0
    for k in range(2):
        other = Tensor(x.data, requires_grad=True)
        nn.MSELoss()(model.member(k)(other), np.zeros((7, 3))).backward()
        expected = expected + other.grad
    assert np.allclose(x.grad, expected)


def test_layers_without_parameters_alone():
    assert nn.Ensemble([nn.Sequential(nn.Tanh())] * 2)(np.zeros((3, 4))).shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("members", "kind", "told"),
    [
        ([], ValueError, "no members"),
        ([nn.Linear(2, 2)], TypeError, "member 0: got a Linear, expected an nn.Sequential"),
        (
            [nn.Sequential(nn.Linear(2, 3)), nn.Sequential(nn.Linear(2, 4))],
            ValueError,
            r"member 1 has Linear\(2, 4\) as layer 0, member 0 Linear\(2, 3\)",
        ),
        (
            [nn.Sequential(nn.Linear(2, 3)), nn.Sequential()],
            ValueError,
            r"member 1 has no layer as layer 0, member 0 Linear\(2, 3\)",
        ),
        (
            [nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, affine=False))],
            TypeError,
            "layer 1, BatchNorm1d, has a buffer.*train_many",
        ),
        ([nn.Sequential(nn.Conv2d(1, 2, 3))], TypeError, "layer 0, Conv2d, has a parameter"),
    ],
)
def test_what_cannot_be_is_refused(members, kind, told):
    with pytest.raises(kind, match=f"^Ensemble: {told}"):
        nn.Ensemble(members)


def test_calls_that_cannot_be():
    model = nn.Ensemble(networks(2))
    with pytest.raises(ValueError, match=r"got samples of shape \(7, 5\), expected 4 as the last"):
        model(np.zeros((7, 5)))
    with pytest.raises(ValueError, match=r"each: got an x of shape \(7, 4\), expected \(2, n"):
        model(np.zeros((7, 4)), each=True)
    with pytest.raises(ValueError, match="got a criterion with reduction='sum', expected 'mean'"):
        model.loss(nn.CrossEntropyLoss(reduction="sum"))
    with pytest.raises(IndexError, match="member 2: there are 2, counted from 0"):
        model.member(2)
