"""An error names the layer, the argument, what came and what was expected.

tests/parity/test_refusals_torch.py goes further: all that PyTorch's layers refuse, ours refuse.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor

W = [Tensor([1.0], requires_grad=True)]


def x(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def i(*values: int) -> np.ndarray:
    return np.array(values)


CASES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    # a wrong shape: the layer, what came, what was expected
    "Linear": (lambda: nn.Linear(3, 4)(x(2, 5)), ["Linear(3, 4)", "(2, 5)", "(..., 3)"]),
    "Bilinear": (lambda: nn.Bilinear(3, 2, 4)(x(2, 3), x(2, 5)), ["Bilinear", "(2, 5)", "2"]),
    "Conv2d": (lambda: nn.Conv2d(3, 4, 3)(x(2, 1, 5, 5)), ["Conv2d", "(2, 1, 5, 5)", "3, height"]),
    "ConvTranspose1d": (
        lambda: nn.ConvTranspose1d(3, 4, 3)(x(2, 2, 5)),
        ["ConvTranspose1d", "(2, 2, 5)", "3, length"],
    ),
    "MaxPool2d": (lambda: nn.MaxPool2d(2)(x(4, 4)), ["max_pool2d", "(4, 4)", "channels"]),
    "ReflectionPad1d": (lambda: nn.ReflectionPad1d(4)(x(1, 1, 3)), ["ReflectionPad1d", "4", "3"]),
    "Upsample": (
        lambda: nn.Upsample(4, mode="bilinear")(x(1, 2, 3)),
        ["Upsample", "(1, 2, 3)", "4 axes", "'linear'"],
    ),
    "PixelShuffle": (
        lambda: nn.PixelShuffle(2)(x(1, 3, 2, 2)),
        ["pixel_shuffle", "(1, 3, 2, 2)", "multiple of 4"],
    ),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3)(x(2, 4, 5, 5)), ["BatchNorm2d(3)", "(2, 4, 5, 5)"]),
    "LayerNorm": (lambda: nn.LayerNorm(3)(x(2, 4)), ["LayerNorm(3)", "(2, 4)", "(..., 3)"]),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4)(x(2, 6)), ["GroupNorm(2, 4)", "(2, 6)", "4"]),
    "PReLU": (lambda: nn.PReLU(3)(x(2, 4)), ["prelu", "3 weights", "(2, 4)"]),
    "LSTM": (lambda: nn.LSTM(3, 4)(x(5, 2, 2)), ["LSTM(3, 4)", "(5, 2, 2)", "3"]),
    "GRUCell": (lambda: nn.GRUCell(3, 4)(x(2, 5)), ["GRUCell(3, 4)", "(2, 5)", "3"]),
    "MultiheadAttention": (
        lambda: nn.MultiheadAttention(4, 2)(x(3, 1, 5), x(3, 1, 4), x(3, 1, 4)),
        ["MultiheadAttention(4, 2", "(3, 1, 5)", "4"],
    ),
    "Transformer": (
        lambda: nn.Transformer(4, 2, 1, 1, 8)(x(3, 2, 4), x(3, 1, 4)),
        ["Transformer", "(3, 2, 4)", "(3, 1, 4)"],
    ),
    "MSELoss": (lambda: nn.MSELoss()(x(4, 1), x(4)), ["mse_loss", "(4, 1)", "(4,)", "squeeze"]),
    "CrossEntropyLoss": (
        lambda: nn.CrossEntropyLoss()(x(4, 3), i(0, 1, 2)),
        ["cross_entropy", "(4, 3)", "(3,)", "(4,)"],
    ),
    "TripletMarginLoss": (
        lambda: nn.TripletMarginLoss()(x(4, 3), x(4, 3), x(4, 2)),
        ["triplet_margin_loss", "(4, 3)", "(4, 2)"],
    ),
    "no classes": (
        lambda: nn.CrossEntropyLoss()(x(2, 0), i(0, 0)),
        ["cross_entropy", "(2, 0)", "a class or more"],
    ),
    "no classes at all": (
        lambda: nn.MultiLabelMarginLoss()(x(2, 0), np.ones((2, 0), int)),
        ["multilabel_margin_loss", "(2, 0)", "a class or more"],
    ),
    "features": (lambda: nn.Linear(-1, 2), ["Linear", "in_features=-1", "0 or more"]),
    "a bool in a size": (lambda: nn.Conv2d(3, 8, (3, True)), ["Conv2d", "(3, True)", "an int"]),
    "a bool for a size": (
        lambda: nn.functional.max_pool2d(x(1, 4, 4), True),
        ["max_pool2d", "kernel_size=True", "an int"],
    ),
    "a bool in padding": (lambda: nn.ZeroPad1d((1, True)), ["ZeroPad1d", "(1, True)", "an int"]),
    "training for p": (
        lambda: nn.functional.dropout(x(3), True),
        ["dropout", "p=True", "probability"],
    ),
    "pad": (lambda: nn.functional.pad(x(3), 1), ["pad=(1,)", "a pair of ints"]),
    # a label or an index out of range: which, where, and the range
    "label": (
        lambda: nn.CrossEntropyLoss()(x(2, 3), i(0, 3)),
        ["cross_entropy", "label 3", "position 1", "0 to 2"],
    ),
    "label of NLL": (lambda: nn.NLLLoss()(x(2, 3), i(-1, 0)), ["nll_loss", "label -1", "0 to 2"]),
    "label of MultiMargin": (
        lambda: nn.MultiMarginLoss()(x(2, 3), i(0, 7)),
        ["multi_margin_loss", "7", "0 to 2"],
    ),
    "label of CTC": (
        lambda: nn.CTCLoss()(x(5, 1, 4), np.array([[4]]), i(5), i(1)),
        ["ctc_loss", "label 4", "0 to 3"],
    ),
    "index": (lambda: nn.Embedding(5, 2)(i(1, 5)), ["embedding", "5", "0 to 4"]),
    "index below 0": (lambda: nn.Embedding(5, 2)(i(-1)), ["embedding", "-1", "0 to 4"]),
    "index of a bag": (
        lambda: nn.EmbeddingBag(5, 2)(np.array([[0, 9]])),
        ["embedding_bag", "9", "0 to 4"],
    ),
    "labels in words": (
        lambda: nn.CrossEntropyLoss()(x(2, 3), np.array(["a", "b"])),
        ["cross_entropy", "<U1", "np.unique(target, return_inverse=True)"],
    ),
    "labels of floats": (
        lambda: nn.CrossEntropyLoss()(x(2, 3), x(2)),
        ["cross_entropy", "float32", "target.astype(int)"],
    ),
    "nothing": (
        lambda: nn.functional.mse_loss(None, x(2)),
        ["mse_loss", "None for input", "`return`"],
    ),
    # an unknown option: the name, what came, what there is
    "reduction": (lambda: nn.MSELoss("avg"), ["MSELoss", "reduction", "'avg'", "'mean'"]),
    "padding_mode": (
        lambda: nn.Conv1d(1, 1, 3, padding_mode="mirror"),
        ["Conv1d", "padding_mode", "'mirror'", "'reflect'"],
    ),
    "padding": (lambda: nn.Conv1d(1, 1, 3, padding="full"), ["Conv1d", "'full'", "'same'"]),
    "mode": (lambda: nn.Upsample(2, mode="cubic"), ["Upsample", "mode", "'cubic'", "'bicubic'"]),
    "pad mode": (lambda: nn.functional.pad(x(2, 2), (1, 1), "wrap"), ["pad", "mode", "'wrap'"]),
    "approximate": (lambda: nn.GELU("erf"), ["GELU", "approximate", "'erf'", "'tanh'"]),
    "nonlinearity": (
        lambda: nn.RNN(2, 3, nonlinearity="sigmoid"),
        ["RNN", "nonlinearity", "'sigmoid'", "'relu'"],
    ),
    "mode of a bag": (
        lambda: nn.EmbeddingBag(5, 2, mode="min"),
        ["EmbeddingBag", "mode", "'min'", "'max'"],
    ),
    "activation": (
        lambda: nn.TransformerEncoderLayer(4, 2, activation="swish"),
        ["TransformerEncoderLayer", "activation", "'swish'", "'gelu'"],
    ),
    "line_search_fn": (
        lambda: optim.LBFGS(W, line_search_fn="armijo"),
        ["line_search_fn", "'armijo'", "'strong_wolfe'"],
    ),
    "betas": (lambda: optim.Adam(W, betas=(0.9, 1.0)), ["betas", "1.0", "< 1"]),
    "lr": (lambda: optim.RMSprop(W, lr=-1), ["lr", "-1", ">= 0"]),
    "group option": (
        lambda: optim.SGD([{"params": W, "momentun": 0.9}]),
        ["SGD", "'momentun'", "momentum"],
    ),
    "step_size": (
        lambda: optim.StepLR(optim.SGD(W), step_size=0),
        ["StepLR", "step_size", "0", "at least 1"],
    ),
    "mode of a plateau": (
        lambda: optim.ReduceLROnPlateau(optim.SGD(W), mode="low"),
        ["ReduceLROnPlateau", "mode", "'low'", "min"],
    ),
    # an empty batch, and a batch of one, where the result would mean nothing
    "empty batch": (
        lambda: nn.BatchNorm1d(3)(x(0, 3)),
        ["BatchNorm1d(3)", "(0, 3)", "at least 2 values per channel"],
    ),
    "batch of one": (
        lambda: nn.BatchNorm1d(3)(x(1, 3)),
        ["BatchNorm1d(3)", "(1, 3)", "at least 2 values per channel", "eval()"],
    ),
    "one number an instance": (
        lambda: nn.InstanceNorm2d(3)(x(2, 3, 1, 1)),
        ["InstanceNorm2d(3)", "(2, 3, 1, 1)", "at least 2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_says_who_what_and_what_else(case: str) -> None:
    call, fragments = CASES[case]
    with pytest.raises((ValueError, TypeError, IndexError)) as raised:
        call()
    for fragment in fragments:
        assert fragment in str(raised.value)


@pytest.mark.filterwarnings("error")
def test_the_mean_loss_of_nothing_warns() -> None:
    with pytest.warns(RuntimeWarning, match="mse_loss: the mean of no terms is nan"):
        assert np.isnan(nn.MSELoss()(x(0, 3), x(0, 3)))


def test_an_empty_batch_goes_through_where_it_has_a_meaning() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4)).eval()
    assert model(x(0, 3)).shape == (0, 4)
    assert nn.Conv2d(1, 2, 3)(x(0, 1, 5, 5)).shape == (0, 2, 3, 3)
    assert nn.MaxPool2d(2)(x(0, 1, 4, 4)).shape == (0, 1, 2, 2)


NOT_OPTIONS: dict[str, tuple[Callable[[], Any], str]] = {
    "MSELoss": (lambda: nn.MSELoss(x(4), x(4)), "write nn.MSELoss()(input, target)"),
    "CrossEntropyLoss": (
        lambda: nn.CrossEntropyLoss(nn.Linear(3, 2)(x(4, 3))),
        "a Tensor of shape (4, 2) for weight; write nn.CrossEntropyLoss()(input, target)",
    ),
    "labels too": (lambda: nn.CrossEntropyLoss(x(4, 2), i(0, 1)), "nn.CrossEntropyLoss()("),
    "BCELoss": (lambda: nn.BCELoss(x(4), x(4)), "an array of shape (4,) for reduction"),
    "three": (lambda: nn.TripletMarginLoss(x(2), x(2), x(2)), "()(anchor, positive, negative)"),
    "ReLU": (lambda: nn.ReLU(Tensor(x(2))), "a Tensor of shape (2,) for inplace; write nn.ReLU()"),
    "no options": (lambda: nn.Sigmoid(x(2)), "Sigmoid takes options, got an array of shape (2,);"),
    "none expected": (lambda: nn.Tanh(3), "Tanh takes no options, got 1; for data write nn.Tanh()"),
    "Linear": (
        lambda: nn.Linear(x(4, 3)),
        "for in_features; write nn.Linear(in_features, out_features)(x)",
    ),
    "models": (lambda: nn.models.LeNet(x(2)), "nn.models.LeNet()(x)"),
    "lists": (
        lambda: nn.MSELoss([1.0], [2.0]),
        "got a list for reduction, expected a string; for",
    ),
    "a layer": (lambda: nn.L1Loss(nn.ReLU()), "got a ReLU for reduction, expected a string"),
    "None": (lambda: nn.Linear(None, 2), "got None for in_features, expected an int"),
    "a string": (lambda: nn.Linear("3", 2), "got '3' for in_features, expected an int"),
    "a float": (lambda: nn.Linear(3.0, 2), "got in_features=3.0, expected an int"),
    "a bool for a size": (lambda: nn.Conv2d(3, 8, 3, True), "Conv2d: got stride=True, expected"),
    "a bool for a number": (lambda: nn.Dropout(True), "got p=True, expected a number"),
    "a bool for a slope": (
        lambda: nn.LeakyReLU(True),
        "got negative_slope=True, expected",
    ),
    "a bool for layers": (lambda: nn.LSTM(3, 4, True), "got num_layers=True, expected an int"),
    "an activation for a bias": (
        lambda: nn.Linear(3, 2, "relu"),
        "got 'relu' for bias, expected T",
    ),
    "dim": (lambda: nn.Softmax(dim=1), "Softmax: got dim=; write axis="),
    "keepdim": (lambda: nn.PairwiseDistance(keepdim=True), "got keepdim=; write keepdims="),
    "size_average": (lambda: nn.MSELoss(size_average=False), "write reduction='mean' or 'sum'"),
    "reduce": (lambda: nn.NLLLoss(reduce=False), "write reduction='none', 'mean' or"),
    "start_dim": (lambda: nn.Flatten(start_dim=1), "got start_dim=; write start_axis="),
    "device": (lambda: nn.Linear(3, 2, device="cpu"), "got device=; leave it out"),
}


@pytest.mark.parametrize("case", NOT_OPTIONS)
def test_what_is_no_option(case: str) -> None:
    call, message = NOT_OPTIONS[case]
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    assert message in str(raised.value)


LAYERS = [
    c
    for c in vars(nn).values()
    if isinstance(c, type)
    and issubclass(c, nn.Module)
    and c not in (nn.Module, nn.AveragedModel, nn.Sequential)
    and c.__name__ not in ("ModuleDict", "ModuleList", "ParameterDict", "ParameterList")
]


def test_every_layer_refuses_data_among_its_options() -> None:
    for name in nn.__all__:
        layer = getattr(nn, name)
        if layer in LAYERS:
            with pytest.raises(
                TypeError, match=rf"^{name} takes options, got a Tensor of .*\(2, 2\)"
            ):
                layer(Tensor(x(2, 2), requires_grad=True))


@pytest.mark.parametrize("keyword", ["dim", "keepdim", "size_average", "reduce", "device"])
def test_every_layer_knows_pytorchs_names(keyword: str) -> None:
    for layer in LAYERS:
        with pytest.raises(TypeError, match=f"^{layer.__name__}: got {keyword}=; "):
            layer(**{keyword: 1})


def test_what_is_an_option() -> None:
    class Own(nn.Module):
        def __init__(self, table: Any, dim: bool = True) -> None:
            self.table, self.dim = table, dim

    assert Own(x(2), dim=True).dim  # a module of one's own takes what it likes
    assert nn.LayerNorm(np.array([3, 4])).weight.shape == (3, 4)
    assert nn.Dropout(np.float32(0.5)).p == 0.5
    assert nn.Linear(np.int64(3), 2).weight.shape == (2, 3)
    nn.BCEWithLogitsLoss(x(3), pos_weight=Tensor(x(3)))

    class Bare(nn.Module):
        pass

    with pytest.raises(TypeError, match="Bare takes no options, got 1"):
        Bare(3)


HINTS: dict[str, Callable[[], Any]] = {
    "got dim=; write axis=": lambda: nn.functional.softmax(x(2, 2), dim=1),
    "got keepdim=; write keepdims=": lambda: nn.functional.logsumexp(Tensor(x(2)), 0, keepdim=True),
    "write reduction='mean' or": lambda: nn.functional.l1_loss(x(2), x(2), size_average=True),
    "write start_axis=": lambda: nn.functional.flatten(x(2, 2), start_dim=0),
    "write x = f(x)": lambda: nn.functional.relu(x(2), inplace=True),
}


@pytest.mark.parametrize("hint", HINTS)
def test_functions_know_pytorchs_names_of_arguments(hint: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument") as raised:
        HINTS[hint]()
    assert sum(hint in note for note in raised.value.__notes__) == 1  # and say it once


@pytest.mark.parametrize("keyword", ["dim", "keepdim", "size_average", "reduce", "inplace"])
def test_every_function_knows_pytorchs_names(keyword: str) -> None:
    for name in nn.functional.__all__:
        f = getattr(nn.functional, name)
        parameters = inspect.signature(f).parameters.values()
        needed = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'") as raised:
            f(*[x(2, 2)] * needed, **{keyword: 1})
        assert sum(note.startswith(f"got {keyword}=;") for note in raised.value.__notes__) == 1


@pytest.mark.parametrize("name", nn.functional.__all__)
def test_no_function_takes_none_for_data(name: str) -> None:
    f = getattr(nn.functional, name)
    parameters = inspect.signature(f).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    rest: list[Any] = [x(2, 2)] * (len(needed) - 1)
    who, what = f.__name__, "expected an array, a Tensor, or numbers"
    with pytest.raises(TypeError, match=rf"^{who}: got None for {needed[0].name}, {what}"):
        f(None, *rest)
    with pytest.raises(TypeError, match=rf"^{who}: got a dict for {needed[0].name}, {what}$"):
        f({}, *rest)


NO_DATA: dict[str, tuple[Callable[[], Any], str]] = {
    "ReLU": (lambda: nn.ReLU()(None), "relu: got None for x, expected an array"),
    "Linear": (lambda: nn.Linear(3, 2)(None), "Linear(3, 2): got None, expected an array or"),
    "of a list": (lambda: nn.Linear(1, 2)([1.0]), "got a list, expected an array or a Tensor"),
    "Bilinear": (lambda: nn.Bilinear(3, 3, 2)(x(3), None), "Bilinear(3, 3, 2): got None for x2"),
    "Conv2d": (lambda: nn.Conv2d(3, 2, 1)(None), "Conv2d(3, 2, 1): got None"),
    "MaxPool2d": (lambda: nn.MaxPool2d(2)(None), "max_pool2d: got None"),
    "Upsample": (lambda: nn.Upsample(2)(None), "Upsample: got None"),
    "ZeroPad2d": (lambda: nn.ZeroPad2d(1)(None), "ZeroPad2d: got None"),
    "Softmax2d": (lambda: nn.Softmax2d()(None), "Softmax2d: got None"),
    "LSTM": (lambda: nn.LSTM(3, 4)(None), "LSTM(3, 4): got None"),
    "attention": (
        lambda: nn.MultiheadAttention(4, 2)(x(2, 4), None, x(2, 4)),
        "MultiheadAttention(4, 2): got None for key",
    ),
    "MSELoss": (
        lambda: nn.MSELoss()(x(2), None),
        "mse_loss: got None for target, expected",
    ),
    "of lists": (lambda: nn.ReLU()([[1.0], [1.0, 2.0]]), "relu: got a list for x, expected"),
    "output and state": (lambda: nn.ReLU()((x(2), x(2))), "relu: got a tuple for x, expected"),
    "swapped": (
        lambda: nn.CrossEntropyLoss()(i(0, 1), x(2, 3)),
        "input is int64, expected floats; the target has them: the input goes first",
    ),
}


@pytest.mark.parametrize("case", NO_DATA)
def test_what_is_no_data(case: str) -> None:
    call, message = NO_DATA[case]
    with pytest.raises(TypeError) as raised:
        call()
    assert message in str(raised.value)
    assert "astype" not in str(raised.value)
