"""nn.utils: what is where, weights divided by norms, sequences of several lengths."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor, gradcheck
from nn.utils import remove_spectral_norm, remove_weight_norm, rnn, spectral_norm, weight_norm

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 4)).astype(np.float32)


def test_it_is_loaded_on_first_use_alone() -> None:
    code = (
        "import sys, nn; print([m for m in ('nn.utils', 'nn.distributions', 'optim') "
        "if m in sys.modules]); nn.utils.clip_grad_norm_; nn.distributions.Normal; dir(nn)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr
    assert run.returncode == 0, run.stderr


def test_the_names_are_those_of_their_homes() -> None:
    assert nn.utils.clip_grad_norm_ is optim.clip_grad_norm_
    assert nn.utils.clip_grad_value_ is optim.clip_grad_value_
    assert nn.utils.parameters_to_vector is nn.parameters_to_vector
    assert nn.utils.vector_to_parameters is nn.vector_to_parameters
    with pytest.raises(AttributeError, match=r"in nn\.utils itself"):
        _ = nn.utils.parametrizations


# Norms


def test_weight_norm_keeps_the_output_and_trains_length_and_direction() -> None:
    layer = nn.Linear(4, 3)
    w, before = layer.weight.data.copy(), layer(X).data
    assert weight_norm(layer) is layer
    np.testing.assert_allclose(layer(X).data, before, rtol=1e-5)
    np.testing.assert_allclose(layer.weight_g.data[:, 0], np.linalg.norm(w, axis=1), rtol=1e-6)
    layer.weight_g.data *= 2
    np.testing.assert_allclose(layer(X).data - layer.bias.data, 2 * (X @ w.T), rtol=1e-4, atol=1e-6)
    (layer(X) ** 2).sum().backward()
    assert layer.weight_g.grad is not None
    # The direction's gradient is at right angles to it: its length has no effect.
    np.testing.assert_allclose((layer.weight_v.grad * layer.weight_v.data).sum(1), 0, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_the_gradients_of_weight_norm(axis: int | None) -> None:
    layer = weight_norm(nn.Conv2d(2, 3, 2), axis=axis).double()
    x = RNG.standard_normal((1, 2, 3, 3))

    def f(g: Any, v: Any) -> Any:
        norm = np.sqrt(
            (v**2).sum() if axis is None
            else (v**2).sum(axis=tuple({0, 1, 2, 3} - {axis}), keepdims=True)
        )  # fmt: skip
        return nn.functional.conv2d(x, g * v / norm, layer.bias)

    parts = layer.weight_g.data.copy(), layer.weight_v.data.copy()
    np.testing.assert_allclose(layer(x).data, f(*parts).data)
    assert gradcheck(f, *parts)
    tensors = [Tensor(p, requires_grad=True) for p in parts]
    (f(*tensors) ** 2).sum().backward()
    (layer(x) ** 2).sum().backward()
    for p, t in zip((layer.weight_g, layer.weight_v), tensors, strict=True):
        np.testing.assert_allclose(p.grad, t.grad, rtol=1e-10)


def test_spectral_norm_is_the_largest_singular_value() -> None:
    for layer, axis in ((nn.Conv2d(2, 3, 2), 0), (nn.ConvTranspose2d(2, 3, 2), 1)):
        w = layer.weight.data.copy()
        spectral_norm(layer, n_power_iterations=200, generator=0)
        layer(RNG.standard_normal((1, 2, 5, 5)).astype(np.float32))
        largest = np.linalg.norm(np.moveaxis(w, axis, 0).reshape(w.shape[axis], -1), 2)
        np.testing.assert_allclose(layer.weight.detach().numpy(), w / largest, rtol=1e-5)


def test_in_evaluation_the_power_iteration_rests() -> None:
    layer = spectral_norm(nn.Linear(4, 3), generator=0)
    u = layer.weight_u.data.copy()
    layer.eval()(X)
    np.testing.assert_array_equal(layer.weight_u.data, u)
    layer.train()(X)
    assert (layer.weight_u.data != u).any()


@pytest.mark.parametrize("norm", [weight_norm, spectral_norm])
def test_a_normed_model_is_copied_pickled_saved_and_trained(norm: Any, tmp_path: Any) -> None:
    nn.manual_seed(0)
    model = nn.Sequential(norm(nn.Linear(4, 8)), nn.Tanh(), norm(nn.Linear(8, 1)))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((model(X) - X[:, :1]) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    model.eval()
    expected = model(X).data  # after it, the weights have a graph
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other(X).data, expected)
        other[0].bias.data += 1
        assert (other(X).data != expected).any()
    np.testing.assert_array_equal(model(X).data, expected)
    nn.save(model, tmp_path / "m.npz")
    fresh = nn.Sequential(norm(nn.Linear(4, 8)), nn.Tanh(), norm(nn.Linear(8, 1))).eval()
    fresh.load_state_dict(nn.load(tmp_path / "m.npz"))
    np.testing.assert_array_equal(fresh(X).data, expected)
    remove = remove_weight_norm if norm is weight_norm else remove_spectral_norm
    remove(model[0])
    assert sorted(model[0].state_dict()) == ["bias", "weight"]
    assert isinstance(model[0].weight, nn.Parameter)
    np.testing.assert_allclose(model(X).data, expected, rtol=1e-6)
    assert not model[0]._hooks


def test_a_weight_of_a_recurrent_layer() -> None:
    lstm = nn.LSTM(4, 3)
    before = lstm(X[:, None])[0].data
    weight_norm(lstm, "weight_hh_l0")
    np.testing.assert_allclose(lstm(X[:, None])[0].data, before, rtol=1e-5)
    lstm(X[:, None])[0].sum().backward()
    assert lstm.weight_hh_l0_g.grad is not None


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (lambda: weight_norm(nn.Linear(2, 2), "wieght"), "there is weight, bias"),
        (lambda: weight_norm(nn.Sequential(nn.Linear(2, 2))), "norm the layers in it, one by one"),
        (lambda: weight_norm(weight_norm(nn.Linear(2, 2))), "normed already"),
        (lambda: weight_norm(nn.Linear(2, 2), axis=-1), "expected 0 to 1, or None"),
        (lambda: spectral_norm(nn.Linear(2, 2), "bias"), "two axes or more"),
        (lambda: spectral_norm(nn.Linear(2, 2), n_power_iterations=0), "at least 1"),
        (lambda: remove_weight_norm(nn.Linear(2, 2)), "is not normed"),
        (lambda: remove_weight_norm(spectral_norm(nn.Linear(2, 2))), "is not normed"),
    ],
)
def test_refusals_of_norms(do: Callable[[], Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        do()


# Sequences

LENGTHS = [2, 5, 1, 5, 3]
ROWS = [RNG.standard_normal((n, 3)) for n in LENGTHS]


def test_there_and_back() -> None:
    for first in (True, False):
        for side in ("right", "left"):
            padded = rnn.pad_sequence(ROWS, first, -7.0, side)
            assert padded.shape == ((5, 5, 3))
            assert (padded == -7).sum() == 3 * sum(5 - n for n in LENGTHS)
        padded = rnn.pad_sequence(ROWS, first)
        for a, b in zip(rnn.unpad_sequence(padded, LENGTHS, first), ROWS, strict=True):
            np.testing.assert_array_equal(a, b)
        packed = rnn.pack_padded_sequence(padded, LENGTHS, first, enforce_sorted=False)
        assert packed.data.shape == (sum(LENGTHS), 3)
        assert packed.batch_sizes.tolist() == [5, 4, 3, 2, 2]
        back, lengths = rnn.pad_packed_sequence(packed, first, total_length=7)
        np.testing.assert_array_equal(back[:, :5] if first else back[:5], padded)
        assert lengths.tolist() == LENGTHS
    packed = rnn.pack_sequence(ROWS, enforce_sorted=False)
    for a, b in zip(rnn.unpack_sequence(packed), ROWS, strict=True):
        np.testing.assert_array_equal(a, b)
    ids = rnn.pack_sequence([np.array([3, 4]), np.array([5])])
    assert ids.data.tolist() == [3, 5, 4]
    assert rnn.pad_packed_sequence(ids, padding_value=-1)[0].tolist() == [[3, 5], [4, -1]]


def test_they_are_differentiable() -> None:
    def f(a: Any, b: Any) -> Any:
        packed = rnn.pack_sequence([a, b], enforce_sorted=False)
        return rnn.pad_packed_sequence(packed._replace(data=packed.data**2))[0]

    assert gradcheck(f, ROWS[0], ROWS[1])
    assert gradcheck(lambda a, b: rnn.pad_sequence([a, b], padding_side="left") ** 2, *ROWS[:2])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_layer_gives_what_each_sequence_gives_alone(kind: str, bidirectional: bool) -> None:
    layer = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=bidirectional).double()
    packed = rnn.pack_sequence(ROWS, enforce_sorted=False)
    start = RNG.standard_normal((4 if bidirectional else 2, 5, 4))
    hx = (start, start + 1) if kind == "LSTM" else start
    out, end = layer(packed, hx)
    assert isinstance(out, rnn.PackedSequence)
    padded, _ = rnn.pad_packed_sequence(out)
    padded.sum().backward()
    found = {name: p.grad for name, p in layer.named_parameters()}
    layer.zero_grad()
    for i, row in enumerate(ROWS):
        own = tuple(s[:, i] for s in hx) if kind == "LSTM" else hx[:, i]
        alone, last = layer(row, own)
        np.testing.assert_allclose(padded.data[: len(row), i], alone.data, atol=1e-12)
        for a, b in zip(end if kind == "LSTM" else [end], last if kind == "LSTM" else [last],
                        strict=True):  # fmt: skip
            np.testing.assert_allclose(a.data[:, i], b.data, atol=1e-12)
        alone.sum().backward()
    for name, p in layer.named_parameters():
        np.testing.assert_allclose(found[name], p.grad, atol=1e-10)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (lambda: rnn.pad_sequence([]), "got no sequences"),
        (lambda: rnn.pad_sequence([ROWS[0], np.ones((2, 4))]), r"sequence 1 has shape \(2, 4\)"),
        (lambda: rnn.pad_sequence(ROWS, padding_side="top"), "right or left"),
        (lambda: rnn.pack_sequence(ROWS), "enforce_sorted=False"),
        (lambda: rnn.pack_padded_sequence(np.ones((4, 2, 3)), [4, 0]), "at least 1 for each"),
        (lambda: rnn.pack_padded_sequence(np.ones((4, 2, 3)), [5, 2]), "at most 4"),
        (lambda: rnn.pack_padded_sequence(np.ones((2, 4, 3)), [4, 2]), "batch_first=True"),
        (lambda: rnn.pack_padded_sequence(np.ones(4), [4]), r"\(time, batch, \.\.\.\)"),
        (
            lambda: rnn.pad_packed_sequence(rnn.pack_sequence(ROWS, False), total_length=4),
            "at least 5",
        ),
        (lambda: nn.GRU(4, 2)(rnn.pack_sequence(ROWS, False)), r"expected \(all steps, 4\)"),
    ],
)
def test_refusals_of_sequences(do: Callable[[], Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        do()


def test_an_output_with_its_state_is_no_packed_sequence() -> None:
    with pytest.raises(TypeError, match="output, state = "):
        rnn.pad_packed_sequence(nn.GRU(3, 2).double()(ROWS[0]))
