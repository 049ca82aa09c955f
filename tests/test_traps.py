"""What a from-scratch engine most often gets wrong, and what is right here: one test for each trap.

The first line of a test's docstring is the trap, the rest the convention; docs/tables/traps.md is
made from these tests by docs/build/generate.py.
"""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy import inf, nan

import nn
import nn.functional as F
import optim
from autograd import (
    GraphFreedError,
    LeafChangedError,
    Tensor,
    TrackedArrayError,
    is_recording,
    no_grad,
    op,
)
from nn import init


@pytest.fixture(autouse=True)
def _quiet_about_infinities() -> Iterator[None]:
    with np.errstate(divide="ignore", invalid="ignore", over="raise"):
        yield


def leaf(x: Any) -> Tensor:
    return Tensor(np.asarray(x, np.float64), requires_grad=True)


def gradient(f: Any, *xs: Any) -> Any:
    """The gradient of `f(*xs).sum()` in float64: an array, or one for each input in a list."""
    leaves = [leaf(x) for x in xs]
    f(*leaves).sum().backward()
    return leaves[0].grad if len(xs) == 1 else [x.grad for x in leaves]


def equal(got: Any, expected: Any) -> None:
    """Equal to rounding; `expected` may be one number for all elements."""
    np.testing.assert_allclose(got, np.broadcast_to(expected, np.shape(got)), rtol=1e-7)


# Values and gradients at kinks, ties and singular points


def test_softmax_of_large_numbers() -> None:
    """softmax with large numbers
    the maximum is subtracted per row, not over all: else rows become NaN
    """
    equal(F.softmax(np.array([[0.0, 1], [1000, 1001]])), F.softmax(np.array([0.0, 1])))


def test_logsumexp_of_large_numbers() -> None:
    """logsumexp of large numbers
    finite
    """
    equal(F.logsumexp(np.array([1e3, 1e3])), 1e3 + np.log(2))


def test_logsumexp_of_minus_infinity() -> None:
    """logsumexp of -inf
    -inf, no warning, and a finite gradient
    """
    assert F.logsumexp(np.array([-inf, -inf])) == -inf
    assert np.isfinite(gradient(F.logsumexp, [-inf, -inf])).all()


def test_log_softmax() -> None:
    """log_softmax
    never log(softmax)
    """
    assert F.log_softmax(np.array([0.0, -1e3]))[1] == -1e3


def test_sigmoid_far_out() -> None:
    """sigmoid far out
    no overflow
    """
    equal(F.sigmoid(np.array([-1e3, 1e3])), [0, 1])


def test_log_sigmoid() -> None:
    """log sigmoid
    min(x, 0) - log1p(exp(-|x|)): the naive form is -inf
    """
    assert F.log_sigmoid(np.array([-1e3]))[0] == -1e3
    assert gradient(F.log_sigmoid, [-1e3]) == 1


def test_binary_cross_entropy_of_logits() -> None:
    """binary cross-entropy of logits
    fused; the gradient is sigmoid(x) - y
    """
    y = np.array(0.0)
    assert F.binary_cross_entropy_with_logits(np.array(1e3), y) == 1e3
    assert gradient(lambda x: F.binary_cross_entropy_with_logits(x, y), 1e3) == 1


def test_binary_cross_entropy_of_probabilities() -> None:
    """binary cross-entropy of probabilities
    the logarithm is clamped at -100, as in PyTorch
    """
    assert F.binary_cross_entropy(np.array([0.0]), np.array([1.0])) == 100


def test_sqrt_at_0() -> None:
    """sqrt at 0
    +inf, by continuity
    """
    assert gradient(np.sqrt, [0.0]) == inf


def test_abs_at_0() -> None:
    """abs at 0
    0
    """
    assert gradient(abs, [0.0]) == 0


def test_relu_at_0() -> None:
    """relu at 0
    0
    """
    assert gradient(F.relu, [0.0]) == 0


def test_norm_at_0() -> None:
    """norm at 0
    0, as in PyTorch; HIPS autograd and JAX give NaN
    """
    equal(gradient(np.linalg.norm, [0.0, 0]), 0)


def test_ties_in_a_norm() -> None:
    """ties in a norm
    shared evenly, between singular values too
    """
    equal(gradient(lambda x: np.linalg.norm(x, inf), [2.0, -2]), [0.5, -0.5])
    equal(gradient(lambda x: np.linalg.norm(x, 2), np.eye(2)), np.eye(2) / 2)


def test_det_of_a_singular_matrix() -> None:
    """det of a singular matrix
    the cofactors; det * inv would raise
    """
    equal(gradient(np.linalg.det, [[1.0, 2], [2, 4]]), [[4, -2], [-2, 1]])


def test_equal_eigenvalues() -> None:
    """eigenvalues that are equal
    values have a gradient; vectors alone have none
    """
    equal(gradient(np.linalg.eigvalsh, np.eye(2)), np.eye(2))


def test_a_real_tensor_in_a_complex_expression() -> None:
    """a real tensor in a complex expression
    its gradient is real: the real part of what arrives
    """
    equal(gradient(lambda x: np.imag(np.exp(1j * x)), [0.0]), 1)


def test_ties_of_max_and_min() -> None:
    """ties of max and min
    the gradient is split evenly, and sums to 1
    """
    equal(gradient(np.max, [2.0, 2, 1]), [0.5, 0.5, 0])
    equal(gradient(np.min, [[1.0, 1], [1, 1]]), 0.25)


def test_tie_of_maximum() -> None:
    """tie of maximum(a, b)
    half each
    """
    assert gradient(np.maximum, [1.0], [1.0]) == [0.5, 0.5]


def test_clip_at_a_bound() -> None:
    """clip at a bound
    0, as relu at 0
    """
    equal(gradient(lambda x: np.clip(x, 0, 1), [0.0, 0.5, 1]), [0, 1, 0])


def test_where() -> None:
    """where
    selects, and does not multiply: the branch not taken gets exactly 0
    """
    assert gradient(lambda a, b: np.where([True], a, b), [1.0], [inf]) == [1, 0]


def test_power_0_at_0() -> None:
    """x**0 at 0
    0; the naive rule gives NaN
    """
    assert gradient(lambda x: x**0, [0.0]) == 0


def test_power_at_0_0() -> None:
    """x**y at 0, 0
    0, also for an array of exponents
    """
    assert gradient(np.power, [0.0], [0.0])[0] == 0


def test_powers_of_a_negative_base() -> None:
    """powers of a negative base
    y * x**(y - 1); no logarithm unless the exponent needs a gradient
    """
    assert gradient(lambda x: x**2, [-2.0]) == -4
    equal(gradient(lambda x: x ** np.array([3.0]), [-2.0]), 12)


def test_powers_of_0_by_the_exponent() -> None:
    """0**y by y
    0 for y >= 0
    """
    assert gradient(lambda y: 0.0**y, [2.0]) == 0
    assert gradient(lambda y: 0.0**y, [0.0]) == 0


def test_prod_with_zeros() -> None:
    """prod with zeros
    the product of the others, also for cumprod; dividing by the element gives NaN
    """
    equal(gradient(np.prod, [2.0, 0, 3]), [0, 6, 0])
    equal(gradient(np.cumprod, [2.0, 0, 3]), [1, 8, 0])


def test_std_of_constants() -> None:
    """std of constants
    0
    """
    equal(gradient(np.std, [1.0, 1]), 0)


def test_std_and_var() -> None:
    """std and var
    over n, as NumPy's; PyTorch's are over n - 1
    """
    assert np.std(Tensor([1.0, 2])) == 0.5


def test_floor_round_sign() -> None:
    """floor, round, sign
    derivative 0: other paths still bring theirs
    """
    equal(gradient(lambda x: np.floor(x) + np.sign(x) * x, [0.5, -1.5]), [1, -1])


def test_hypot_and_arctan2_at_the_origin() -> None:
    """hypot and arctan2 at the origin
    0, as the norm
    """
    equal(gradient(np.hypot, 0.0, 0.0), 0)
    equal(gradient(np.arctan2, 0.0, 0.0), 0)


def test_logaddexp_of_equal_infinities() -> None:
    """logaddexp of equal infinities
    half each, and no NaN
    """
    equal(gradient(np.logaddexp, [inf, -inf], [inf, -inf]), 0.5)


def test_max_with_nan() -> None:
    """max with NaN
    NaN out, and the gradient goes to the NaN
    """
    equal(gradient(np.max, [1.0, nan]), [0, 1])


def test_division() -> None:
    """division
    as IEEE says, never clamped
    """
    equal(gradient(np.divide, [1.0], [2.0]), [[0.5], [-0.25]])


def test_integer_to_the_minus_1() -> None:
    """integer ** -1
    NumPy raises, and so do we
    """
    with pytest.raises(ValueError):
        Tensor([1, 2]) ** -1


# Shapes


def test_broadcasting() -> None:
    """broadcasting
    sum over leading axes and over axes of length 1
    """
    gx, gy = gradient(np.multiply, np.ones((3, 1)), np.ones(4))
    assert gx.shape == (3, 1)
    assert gy.shape == (4,)


def test_0d_inputs() -> None:
    """0-d inputs
    keep their shape ()
    """
    assert gradient(np.multiply, 2.0, [1.0, 2])[0].shape == ()


def test_empty_arrays() -> None:
    """empty arrays
    an empty sum is 0; max raises; (0,) + (1,) has a gradient of zeros
    """
    assert gradient(np.add, np.zeros(0), [1.0])[1] == [0]
    with pytest.raises(ValueError):
        np.max(Tensor([]))


def test_matmul_with_a_vector() -> None:
    """matmul with a vector
    .T does nothing to a vector; its gradient is an outer product
    """
    equal(gradient(np.matmul, np.eye(2), [1.0, 2])[0], [[1, 2], [1, 2]])


def test_an_index_that_repeats() -> None:
    """an index that repeats
    both gradients add; `+=` through the index would add one
    """
    assert gradient(lambda x: x[[0, 0]], [1.0]) == 2


def test_overwriting_where_the_gradient_is_infinite() -> None:
    """a value overwritten, where the gradient is infinite
    the old value gets exactly 0, not 0 * inf
    """

    def overwrite_then_sqrt(x: Tensor) -> Tensor:
        y = x * 1
        np.put(y, 0, 0.0)
        return np.sqrt(y)

    equal(gradient(overwrite_then_sqrt, [5.0, 1]), [0, 0.5])


def test_einsum_where_a_letter_is_broadcast() -> None:
    """einsum where a letter is broadcast
    the gradient is summed to the operand's shape
    """
    equal(gradient(lambda x, y: np.einsum("i,i", x, y), [1.0, 2], [3.0])[1], [3])


def test_a_boolean_mask() -> None:
    """a boolean mask
    scatters back
    """
    equal(gradient(lambda x: x[x > 1], [0.0, 2]), [0, 1])


def test_a_negative_stride() -> None:
    """a negative stride
    scatters through the same index
    """
    equal(gradient(lambda x: x[::-1] * np.array([1.0, 2, 3]), np.zeros(3)), [3, 2, 1])


def test_reshape_of_what_is_not_contiguous() -> None:
    """reshape of what is not contiguous
    may copy; the gradient finds its way back
    """
    equal(gradient(lambda x: x.T.reshape(-1) * np.arange(4), np.zeros((2, 2))), [[0, 2], [1, 3]])


# Types


def test_a_float32_leaf_in_a_float64_expression() -> None:
    """a float32 leaf in a float64 expression
    the result is float64, the leaf's gradient float32
    """
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    y = x * np.float64(2)
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_array_times_tensor() -> None:
    """ndarray * Tensor
    a Tensor
    """
    assert type(np.ones(2) * Tensor([1.0, 2])) is Tensor


def test_comparisons() -> None:
    """comparisons, argmax
    plain arrays; mask * x still works
    """
    assert type(Tensor([1.0]) > 0) is np.ndarray
    equal(gradient(lambda x: x * (x > 0), [-1.0, 2]), [0, 1])


def test_an_integer_leaf() -> None:
    """an integer leaf
    TypeError, with the way out
    """
    with pytest.raises(TypeError):
        Tensor([1], requires_grad=True)


# The graph


def test_a_diamond() -> None:
    """a diamond
    both branches add
    """
    assert gradient(lambda x: x * 3 * 2 + x * 3 * 5, 1.0) == 21


def test_reuse() -> None:
    """reuse
    linear in nodes, not in paths
    """

    def doubled(x: Tensor) -> Tensor:
        for _ in range(60):
            x = x + x
        return x

    assert gradient(doubled, 1.0) == 2.0**60


def test_a_deep_chain() -> None:
    """a deep chain
    no recursion
    """

    def plus_one(x: Tensor) -> Tensor:
        for _ in range(100_000):
            x = x + 1
        return x

    assert gradient(plus_one, 1.0) == 1


def test_gradients_that_alias() -> None:
    """gradients that alias
    no two .grad share memory
    """
    assert not np.shares_memory(*gradient(lambda a, b: a + b, [1.0, 2], [3.0, 4]))


def test_backward_twice() -> None:
    """backward() twice
    2x if retained, else an error
    """
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    assert x.grad == 2 * gradient(np.square, 3.0)
    y = x * x
    y.backward()
    with pytest.raises(GraphFreedError):
        y.backward()


def test_in_place_after_save() -> None:
    """in place after save
    correct: the closure keeps the old value
    """

    def exp_then_add(x: Tensor) -> Tensor:
        y = x.exp()
        y += 1
        return y

    equal(gradient(exp_then_add, [1.0]), np.exp(1.0))


def test_writing_into_a_view() -> None:
    """writing into a view
    a view of a Tensor is a value: `row = m[0]; row *= 2` leaves m as it is; write m[0] *= 2
    """
    m = Tensor([[1.0, 1], [2, 2]])
    row = m[0]
    row *= 2
    m[1] *= 2
    equal(m.numpy(), [[1, 1], [4, 4]])


def test_a_tensor_where_python_wants_a_number() -> None:
    """a tensor where Python wants a number
    an error, for the gradient would be lost: math.exp(t), float(t), `array[i] = t`; np.exp(t) keeps
    it, and t.item() is the value
    """
    t = Tensor(1.0, requires_grad=True)
    for number in (math.exp, float, int):
        with pytest.raises(TrackedArrayError):
            number(t)
    array = np.ones(2)
    with pytest.raises(ValueError):
        array[0] = t
    assert np.exp(t).requires_grad
    assert math.exp(t.item()) == math.e


def test_a_step_then_the_old_loss() -> None:
    """a step, then the old loss
    an error, never a wrong gradient
    """
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    w.grad = np.ones(2)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(LeafChangedError):
        loss.backward()


def test_cycles() -> None:
    """cycles
    none: reference counts free a graph
    """
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        y = np.exp(x) * x
        loss, array = y.sum(), weakref.ref(y._array)
        del y, loss
        assert array() is None
    finally:
        gc.enable()


def test_an_exception_in_backward() -> None:
    """an exception in backward
    leaves are written at the end: no .grad changes
    """

    @op
    def fails(x):
        return x * 1, lambda g: 1 / 0

    a, b = leaf(1.0), leaf(1.0)
    with pytest.raises(ZeroDivisionError):
        (a * 2 + fails(b)).backward()
    assert a.grad is None


def test_no_grad_in_another_thread() -> None:
    """no_grad
    belongs to its thread
    """
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_recording()))
        thread.start()
        thread.join()
        assert seen == [True]
        assert not is_recording()


# Optimizers


def step(optimizer: Any, *, p: float, g: float, times: int = 1, **options: Any) -> Any:
    """A parameter p after some steps of an optimizer, all with the gradient g."""
    w = leaf([p])
    opt = optimizer([w], **options)
    for _ in range(times):
        w.grad = np.array([g])
        opt.step()
    return w.data[0]


def test_adams_epsilon() -> None:
    """Adam's epsilon
    lr * m / (sqrt(v) + eps), both corrected for the start
    """
    equal(step(optim.Adam, p=0.0, g=1e-8, lr=1.0, eps=1e-8), -0.5)


def test_weight_decay_of_adam_and_adamw() -> None:
    """weight decay of Adam and AdamW
    added to the gradient; subtracted from the weight first
    """
    equal(step(optim.Adam, p=1.0, g=0.0, lr=0.1, weight_decay=0.1), 0.9)
    equal(step(optim.AdamW, p=1.0, g=0.0, lr=0.1, weight_decay=0.1), 0.99)


def test_momentum() -> None:
    """momentum
    the buffer starts as g, undamped; lr is outside of it
    """
    equal(step(optim.SGD, p=0.0, g=1.0, times=2, lr=1.0, momentum=0.9), -2.9)


def test_nesterov() -> None:
    """Nesterov
    the buffer starts as g; the step is g + momentum * buffer
    """
    equal(step(optim.SGD, p=0.0, g=1.0, lr=1.0, momentum=0.9, nesterov=True), -1.9)


# Layers and losses


def test_convolution() -> None:
    """convolution
    is a cross-correlation: the kernel is not turned round
    """
    x, kernel = np.array([[0.0, 1, 0]]), np.array([[[1.0, 2, 3]]])
    equal(F.conv1d(x, kernel, padding=1), [[3, 2, 1]])


def test_padding_same() -> None:
    """padding='same'
    dilation * (kernel - 1) zeros in all, the odd one on the right; a stride raises
    """
    x, kernel = np.array([[1.0, 2]]), np.array([[[10.0, 1]]])
    equal(F.conv1d(x, kernel, padding="same"), [[12, 20]])
    with pytest.raises(ValueError):
        F.conv1d(np.ones((1, 3)), np.ones((1, 1, 2)), stride=2, padding="same")


LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])


def test_class_weights() -> None:
    """class weights
    the mean divides by the summed weights: a class of weight 0 changes nothing
    """
    loss = F.cross_entropy(LOGITS, [0, 1], weight=np.array([1.0, 0, 1]))
    equal(loss, F.cross_entropy(LOGITS[:1], [0]))


def test_label_smoothing_with_ignored_labels() -> None:
    """label smoothing with ignored labels
    ignored rows leave both terms and the denominator
    """
    loss = F.cross_entropy(LOGITS, [2, -100], label_smoothing=0.1)
    equal(loss, F.cross_entropy(LOGITS[:1], [2], label_smoothing=0.1))


def test_a_label_of_minus_1() -> None:
    """a label of -1
    NumPy would wrap it: an error, unless it is the ignored one
    """
    with pytest.raises(IndexError):
        F.cross_entropy(LOGITS, [0, -1])


def test_dropout() -> None:
    """dropout
    mask / (1 - p); nothing in eval; p = 1 gives zeros, not NaN
    """
    equal(F.dropout(np.ones(4), 1.0), 0)
    equal(F.dropout(np.ones(4), 0.5, training=False), 1)
    assert set(F.dropout(np.ones(64), 0.5)) == {0.0, 2.0}


def batch_norm(x: Any) -> Any:
    """Each channel less its mean, over its standard deviation."""
    return F.batch_norm(x, None, None, training=True)


def test_the_two_variances_of_batch_norm() -> None:
    """BatchNorm's two variances
    normalizes with the biased one, stores the unbiased one, with weight 0.1 for the new
    """
    x, running_var = np.array([[0.0], [2]]), np.ones(1)
    F.batch_norm(x, np.zeros(1), running_var, training=True)
    equal(running_var, 1.1)
    equal(gradient(batch_norm, x), 0)
    equal(batch_norm(x), [[-1 / 1.00001**0.5], [1 / 1.00001**0.5]])


def test_batch_norm_with_one_value_per_channel() -> None:
    """BatchNorm with one value per channel
    an error in training: its variance is 0, whatever it is
    """
    with pytest.raises(ValueError):
        batch_norm(np.ones((1, 3)))


def test_layer_norm_of_a_constant_row() -> None:
    """LayerNorm of a constant row
    0, with a finite gradient: the biased variance, and eps inside of the root
    """
    equal(F.layer_norm(np.array([3.0, 3]), 2), 0)
    assert np.isfinite(gradient(lambda x: F.layer_norm(x, 2), [3.0, 3])).all()


def test_clip_grad_norm() -> None:
    """clip_grad_norm_
    one norm over all gradients; those of zeros stay 0, and are not 0 / 0
    """
    a, b = leaf([0.0]), leaf([0.0])
    a.grad, b.grad = np.array([3e3]), np.array([4e3])
    equal(optim.clip_grad_norm_([a, b], 1e3), 5e3)
    equal([a.grad, b.grad], [[600], [800]])
    a.grad, b.grad = np.zeros(1), np.zeros(1)
    equal(optim.clip_grad_norm_([a, b], 1.0), 0)
    equal([a.grad, b.grad], 0)


def without_weights(kind: Any, **biases: list[float]) -> Any:
    """A recurrent cell of size 1 whose weights and other biases are 0."""
    cell = kind(1, 1).double()
    for name, p in cell.named_parameters():
        p.data[...] = np.reshape(biases.get(name, 0), (-1, *[1] * (p.ndim - 1)))
    return cell


def test_the_gates_of_an_lstm() -> None:
    """the gates of an LSTM
    blocks i, f, g, o: a large bias of the second alone keeps c as it is
    """
    cell = without_weights(nn.LSTMCell, bias_ih=[0, 1e3, 0, 0])
    _, c = cell(np.ones(1), (np.array([0.0]), np.array([1.0])))
    equal(c.data, 1)


def test_the_reset_gate_of_a_gru() -> None:
    """the reset gate of a GRU
    multiplies W @ h + b, not h: with r = 0 the bias b_hn is silent too
    """
    cell = without_weights(nn.GRUCell, bias_ih=[-1e3, 0, 0], bias_hh=[0, 0, 9])
    equal(cell(np.ones(1), np.array([0.0])).data, 0)


def test_fans_of_an_initialisation() -> None:
    """fans of an initialisation
    a weight is (out, in, ...): fan_in is `in` times the kernel
    """
    weight = leaf(np.zeros((1000, 10)))
    init.kaiming_normal_(weight, nonlinearity="relu", generator=np.random.default_rng(0))
    assert abs(weight.data.std() - (2 / 10) ** 0.5) < 0.01
