"""What a from-scratch engine most often gets wrong: the trap, the convention, a line to show it.

Each line is an expression that must be true. In it, `g(f, *xs)` is the gradient of `f(*xs).sum()`
in float64, one array or a list of them; `eq` compares to rounding; `raises(E, f)` is whether `f()`
raises E. `tests/test_traps.py` runs them.
"""

from __future__ import annotations

TRAPS: list[tuple[str, str, str]] = [
    # Values and gradients at kinks, ties and singular points
    (
        "softmax with large numbers",
        "the maximum is subtracted per row, not over all: else rows become NaN",
        "eq(F.softmax(array([[0.0, 1], [1000, 1001]])), F.softmax(array([0.0, 1])))",
    ),
    ("logsumexp of large numbers", "finite", "eq(F.logsumexp(array([1e3, 1e3])), 1e3 + log(2))"),
    (
        "logsumexp of -inf",
        "-inf, no warning, and a finite gradient",
        "F.logsumexp(array([-inf, -inf])) == -inf and isfinite(g(F.logsumexp, [-inf, -inf])).all()",
    ),
    ("log_softmax", "never log(softmax)", "F.log_softmax(array([0.0, -1e3]))[1] == -1e3"),
    ("sigmoid far out", "no overflow", "eq(F.sigmoid(array([-1e3, 1e3])), [0, 1])"),
    (
        "log sigmoid",
        "min(x, 0) - log1p(exp(-|x|)): the naive form is -inf",
        "F.log_sigmoid(array([-1e3]))[0] == -1e3 and g(F.log_sigmoid, [-1e3]) == 1",
    ),
    (
        "binary cross-entropy of logits",
        "fused; the gradient is sigmoid(x) - y",
        "bce_logits(1e3, 0.0) == 1e3 and g(lambda x: bce_logits(x, 0.0), 1e3) == 1",
    ),
    (
        "binary cross-entropy of probabilities",
        "the logarithm is clamped at -100, as in PyTorch",
        "F.binary_cross_entropy(array([0.0]), array([1.0])) == 100",
    ),
    ("sqrt at 0", "+inf, by continuity", "g(np.sqrt, [0.0]) == inf"),
    ("abs at 0", "0", "g(abs, [0.0]) == 0"),
    ("relu at 0", "0", "g(F.relu, [0.0]) == 0"),
    (
        "norm at 0",
        "0, as in PyTorch; HIPS autograd and JAX give NaN",
        "eq(g(np.linalg.norm, [0.0, 0]), 0)",
    ),
    (
        "ties in a norm",
        "shared evenly, between singular values too",
        "eq(g(lambda x: np.linalg.norm(x, inf), [2.0, -2]), [0.5, -0.5])"
        " and eq(g(lambda x: np.linalg.norm(x, 2), np.eye(2)), np.eye(2) / 2)",
    ),
    (
        "det of a singular matrix",
        "the cofactors; det * inv would raise",
        "eq(g(np.linalg.det, [[1.0, 2], [2, 4]]), [[4, -2], [-2, 1]])",
    ),
    (
        "eigenvalues that are equal",
        "values have a gradient; vectors alone have none",
        "eq(g(np.linalg.eigvalsh, np.eye(2)), np.eye(2))",
    ),
    (
        "a real tensor in a complex expression",
        "its gradient is real: the real part of what arrives",
        "eq(g(lambda x: np.imag(np.exp(1j * x)), [0.0]), 1)",
    ),
    (
        "ties of max and min",
        "the gradient is split evenly, and sums to 1",
        "eq(g(np.max, [2.0, 2, 1]), [0.5, 0.5, 0]) and eq(g(np.min, [[1.0, 1], [1, 1]]), 0.25)",
    ),
    ("tie of maximum(a, b)", "half each", "g(np.maximum, [1.0], [1.0]) == [0.5, 0.5]"),
    (
        "clip at a bound",
        "0, as relu at 0",
        "eq(g(lambda x: np.clip(x, 0, 1), [0.0, 0.5, 1]), [0, 1, 0])",
    ),
    (
        "where",
        "selects, and does not multiply: the branch not taken gets exactly 0",
        "g(lambda a, b: np.where([True], a, b), [1.0], [inf]) == [1, 0]",
    ),
    ("x**0 at 0", "0; the naive rule gives NaN", "g(lambda x: x**0, [0.0]) == 0"),
    ("x**y at 0, 0", "0, also for an array of exponents", "g(np.power, [0.0], [0.0])[0] == 0"),
    (
        "powers of a negative base",
        "y x**(y - 1); no logarithm unless the exponent needs a gradient",
        "g(lambda x: x**2, [-2.0]) == -4 and eq(g(lambda x: x ** array([3.0]), [-2.0]), 12)",
    ),
    ("0**y by y", "0 for y >= 0", "g(lambda y: 0.0**y, [2.0]) == 0 == g(lambda y: 0.0**y, [0.0])"),
    (
        "prod with zeros",
        "the product of the others, also for cumprod; dividing by the element gives NaN",
        "eq(g(np.prod, [2.0, 0, 3]), [0, 6, 0]) and eq(g(np.cumprod, [2.0, 0, 3]), [1, 8, 0])",
    ),
    ("std of constants", "0", "eq(g(np.std, [1.0, 1]), 0)"),
    (
        "std and var",
        "over n, as NumPy's; PyTorch's are over n - 1",
        "np.std(Tensor([1.0, 2])) == 0.5",
    ),
    (
        "floor, round, sign",
        "derivative 0: other paths still bring theirs",
        "eq(g(lambda x: np.floor(x) + np.sign(x) * x, [0.5, -1.5]), [1, -1])",
    ),
    (
        "hypot and arctan2 at the origin",
        "0, as the norm",
        "eq(g(np.hypot, 0.0, 0.0), 0) and eq(g(np.arctan2, 0.0, 0.0), 0)",
    ),
    (
        "logaddexp of equal infinities",
        "half each, and no NaN",
        "eq(g(np.logaddexp, [inf, -inf], [inf, -inf]), 0.5)",
    ),
    (
        "max with NaN",
        "NaN out, and the gradient goes to the NaN",
        "eq(g(np.max, [1.0, nan]), [0, 1])",
    ),
    ("division", "as IEEE says, never clamped", "eq(g(np.divide, [1.0], [2.0]), [[0.5], [-0.25]])"),
    (
        "integer ** -1",
        "NumPy raises, and so do we",
        "raises(ValueError, lambda: Tensor([1, 2]) ** -1)",
    ),
    # Shapes
    (
        "broadcasting",
        "sum over leading axes and over axes of length 1",
        "[x.shape for x in g(np.multiply, ones((3, 1)), ones(4))] == [(3, 1), (4,)]",
    ),
    ("0-d inputs", "keep their shape ()", "g(np.multiply, 2.0, [1.0, 2])[0].shape == ()"),
    (
        "empty arrays",
        "an empty sum is 0; max raises; (0,) + (1,) has a gradient of zeros",
        "g(np.add, zeros(0), [1.0])[1] == [0] and raises(ValueError, lambda: np.max(Tensor([])))",
    ),
    (
        "matmul with a vector",
        ".T does nothing to a vector; its gradient is an outer product",
        "eq(g(np.matmul, np.eye(2), [1.0, 2])[0], [[1, 2], [1, 2]])",
    ),
    (
        "an index that repeats",
        "both gradients add; `+=` through the index would add one",
        "g(lambda x: x[[0, 0]], [1.0]) == 2",
    ),
    (
        "a value overwritten, where the gradient is infinite",
        "the old value gets exactly 0, not 0 * inf",
        "eq(g(lambda x: (np.put(y := x * 1, 0, 0.0), np.sqrt(y))[1], [5.0, 1]), [0, 0.5])",
    ),
    (
        "einsum where a letter is broadcast",
        "the gradient is summed to the operand's shape",
        "eq(g(lambda x, y: np.einsum('i,i', x, y), [1.0, 2], [3.0])[1], [3])",
    ),
    ("a boolean mask", "scatters back", "eq(g(lambda x: x[x > 1], [0.0, 2]), [0, 1])"),
    (
        "a negative stride",
        "scatters through the same index",
        "eq(g(lambda x: x[::-1] * array([1.0, 2, 3]), zeros(3)), [3, 2, 1])",
    ),
    (
        "reshape of what is not contiguous",
        "may copy; the gradient finds its way back",
        "eq(g(lambda x: x.T.reshape(-1) * arange(4), zeros((2, 2))), [[0, 2], [1, 3]])",
    ),
    # Types
    (
        "a float32 leaf in a float64 expression",
        "the result is float64, the leaf's gradient float32",
        "g32(lambda x: x * np.float64(2)).dtype == np.float32",
    ),
    ("ndarray * Tensor", "a Tensor", "type(ones(2) * Tensor([1.0, 2])) is Tensor"),
    (
        "comparisons, argmax",
        "plain arrays; mask * x still works",
        "type(Tensor([1.0]) > 0) is ndarray and eq(g(lambda x: x * (x > 0), [-1.0, 2]), [0, 1])",
    ),
    (
        "an integer leaf",
        "TypeError, with the way out",
        "raises(TypeError, lambda: Tensor([1], requires_grad=True))",
    ),
    # The graph
    ("a diamond", "both branches add", "g(lambda x: x * 3 * 2 + x * 3 * 5, 1.0) == 21"),
    ("reuse", "linear in nodes, not in paths", "g(lambda x: doubled(x, 60), 1.0) == 2.0**60"),
    ("a deep chain", "no recursion", "g(lambda x: plus_one(x, 100_000), 1.0) == 1"),
    (
        "gradients that alias",
        "no two .grad share memory",
        "not shares_memory(*grads(lambda a, b: a + b, [1.0, 2], [3.0, 4]))",
    ),
    (
        "backward() twice",
        "2x if retained, else an error",
        "twice(retain_graph=True) == 2 * g(np.square, 3.0) and raises(GraphFreedError, twice)",
    ),
    (
        "in place after save",
        "correct: the closure keeps the old value",
        "eq(g(exp_then_add, [1.0]), np.exp(1.0))",
    ),
    (
        "writing into a view",
        "a view of a Tensor is a value: `row = m[0]; row *= 2` leaves m as it is; write m[0] *= 2",
        "eq(view_written().numpy(), [[1, 1], [4, 4]])",
    ),
    (
        "a tensor where Python wants a number",
        "math.exp(t), np.full_like(a, t) and float(t) take the value: the gradient ends there;"
        " `why_no_grad` says so, and grad(math.exp) warns; np.exp(t) keeps it; `array[i] = t` is an"
        " error",
        "type(math.exp(Tensor(1.0, requires_grad=True))) is float"
        " and raises(ValueError, assigned_to_an_array)",
    ),
    (
        "a step, then the old loss",
        "an error, never a wrong gradient",
        "raises(LeafChangedError, step_then_backward)",
    ),
    ("cycles", "none: reference counts free a graph", "freed_without_collector()"),
    (
        "an exception in backward",
        "leaves are written at the end: no .grad changes",
        "grad_after_exception() is None",
    ),
    ("no_grad", "belongs to its thread", "recording_in_another_thread_of_a_no_grad_block()"),
    # Optimizers
    (
        "Adam's epsilon",
        "lr m / (sqrt(v) + eps), both corrected for the start",
        "eq(step(optim.Adam, p=0.0, g=1e-8, lr=1.0, eps=1e-8), -0.5)",
    ),
    (
        "weight decay of Adam and AdamW",
        "added to the gradient; subtracted from the weight first",
        "eq([step(A, p=1.0, g=0.0, lr=0.1, weight_decay=0.1) for A in (optim.Adam, optim.AdamW)],"
        " [0.9, 0.99])",
    ),
    (
        "momentum",
        "the buffer starts as g, undamped; lr is outside of it",
        "eq(step(optim.SGD, p=0.0, g=1.0, times=2, lr=1.0, momentum=0.9), -2.9)",
    ),
    (
        "Nesterov",
        "the buffer starts as g; the step is g + momentum * buffer",
        "eq(step(optim.SGD, p=0.0, g=1.0, lr=1.0, momentum=0.9, nesterov=True), -1.9)",
    ),
    # Layers and losses
    (
        "convolution",
        "is a cross-correlation: the kernel is not turned round",
        "eq(F.conv1d(array([[0.0, 1, 0]]), array([[[1.0, 2, 3]]]), padding=1), [[3, 2, 1]])",
    ),
    (
        "padding='same'",
        "dilation (kernel - 1) zeros in all, the odd one on the right; a stride raises",
        "eq(F.conv1d(array([[1.0, 2]]), array([[[10.0, 1]]]), padding='same'), [[12, 20]])"
        " and raises(ValueError, lambda: F.conv1d(ones((1, 3)), ones((1, 1, 2)), None, 2, 'same'))",
    ),
    (
        "class weights",
        "the mean divides by the summed weights: a class of weight 0 changes nothing",
        "eq(F.cross_entropy(LOGITS, [0, 1], weight=array([1.0, 0, 1])),"
        " F.cross_entropy(LOGITS[:1], [0]))",
    ),
    (
        "label smoothing with ignored labels",
        "ignored rows leave both terms and the denominator",
        "eq(F.cross_entropy(LOGITS, [2, -100], label_smoothing=0.1),"
        " F.cross_entropy(LOGITS[:1], [2], label_smoothing=0.1))",
    ),
    (
        "a label of -1",
        "NumPy would wrap it: an error, unless it is the ignored one",
        "raises(IndexError, lambda: F.cross_entropy(LOGITS, [0, -1]))",
    ),
    (
        "dropout",
        "mask / (1 - p); nothing in eval; p = 1 gives zeros, not NaN",
        "eq(F.dropout(ones(4), 1.0), 0) and eq(F.dropout(ones(4), 0.5, training=False), 1)"
        " and set(F.dropout(ones(64), 0.5)) == {0.0, 2.0}",
    ),
    (
        "BatchNorm's two variances",
        "normalises with the biased one, stores the unbiased one, with weight 0.1 for the new",
        "eq(running_var([[0.0], [2]]), 1.1) and eq(g(batch_norm, [[0.0], [2]]), 0)"
        " and eq(batch_norm(array([[0.0], [2]])), [[-1 / 1.00001**0.5], [1 / 1.00001**0.5]])",
    ),
    (
        "BatchNorm with one value per channel",
        "an error in training: its variance is 0, whatever it is",
        "raises(ValueError, lambda: batch_norm(ones((1, 3))))",
    ),
    (
        "LayerNorm of a constant row",
        "0, with a finite gradient: the biased variance, and eps inside of the root",
        "eq(F.layer_norm(array([3.0, 3]), 2), 0)"
        " and isfinite(g(lambda x: F.layer_norm(x, 2), [3.0, 3])).all()",
    ),
    (
        "clip_grad_norm_",
        "one norm over all gradients; those of zeros stay 0, and are not 0 / 0",
        "eq(clipped([3e3], [4e3], max_norm=1e3), [[600], [800]])"
        " and eq(clipped([0.0], [0.0], max_norm=1.0), 0)",
    ),
    (
        "the gates of an LSTM",
        "blocks i, f, g, o: a large bias of the second alone keeps c as it is",
        "eq(step_of(nn.LSTMCell, bias_ih=[0, 1e3, 0, 0], hx=([0.0], [1.0]))[1], 1)",
    ),
    (
        "the reset gate of a GRU",
        "multiplies W h + b, not h: with r = 0 the bias b_hn is silent too",
        "eq(step_of(nn.GRUCell, bias_ih=[-1e3, 0, 0], bias_hh=[0, 0, 9], hx=[0.0]), 0)",
    ),
    (
        "fans of an initialisation",
        "a weight is (out, in, ...): fan_in is `in` times the kernel",
        "abs(kaiming(1000, 10).std() - (2 / 10) ** 0.5) < 0.01",
    ),
]
