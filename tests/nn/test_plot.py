"""Plots: what they show, what they leave alone, and what they say when they cannot be drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex, to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from autograd import Tensor, is_recording  # noqa: E402
from nn import plot  # noqa: E402
from nn.module import Module  # noqa: E402

NAN = float("nan")
RUN = {"loss": [3, 2], "accuracy": [0, 1], "validation_loss": [4, 3], "validation_accuracy": [0, 0]}
X, Y = np.array([[-2.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [2.0, 1.0]]), np.array([0, 0, 1, 1])
IMAGES = np.random.default_rng(0).random((6, 5, 4))


def right_side(x: Any) -> Any:
    return 4 * x[:, 0]  # the logit of the class on the right of the plane


def regions(model: Any = right_side, x: Any = X, y: Any = Y, **options: Any) -> Any:
    return plot.decision_regions(model, x, y, **{"resolution": 41, **options}).axes[0]


DRAWINGS: dict[str, Any] = {
    "history": lambda path=None: plot.history(RUN, path=path),
    "regions": lambda path=None: plot.decision_regions(right_side, X, Y, title="T", path=path),
    "images": lambda path=None: plot.images(IMAGES, range(6), [0, 1, 2, 3, 4, 0], path=path),
}


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ticks(axis: Any) -> list[str]:
    """The labels in sight."""
    axis.get_figure().draw_without_rendering()
    low, high = axis.get_view_interval()
    pairs = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    return [label.get_text() for place, label in pairs if low <= place <= high]


def test_history_draws_training_and_validation_in_a_panel_for_each_metric() -> None:
    axes = plot.history({"epoch": [4, 5], **RUN, "seconds": [3, 3]}).axes
    assert [ax.get_title(loc="left") for ax in axes] == ["Loss", "Accuracy", "Seconds"]
    for ax, metric in zip(axes, ("loss", "accuracy"), strict=False):
        assert legend(ax) == ["training", "validation"]
        for line, name in zip(ax.get_lines(), (metric, f"validation_{metric}"), strict=True):
            np.testing.assert_array_equal(line.get_xydata().T, [[4, 5], RUN[name]])


def test_history_bridges_what_was_not_measured_and_leaves_out_what_never_was() -> None:
    run = {"loss": [4, 3, 2, 1], "validation_loss": [None, 3.5, NAN, 2.5], "accuracy": [None] * 4}
    (ax,) = plot.history(run).axes
    np.testing.assert_array_equal(ax.get_lines()[1].get_xydata(), [[2, 3.5], [4, 2.5]])


@pytest.mark.parametrize(("low", "log"), [(0.03, True), (0.04, False), (0.0, False), (-9, False)])
def test_history_has_a_log_scale_beyond_one_and_a_half_decades(low: float, log: bool) -> None:
    (ax,) = plot.history({"loss": [1.0, low]}).axes
    assert ax.get_yscale() == ("log" if log else "linear")
    assert ("log" in ax.get_ylabel()) == log


@pytest.mark.parametrize("start", [0.2, 0.99, 1.0])
def test_history_shows_accuracy_in_percent_and_never_above_100(start: float) -> None:
    assert ticks(plot.history({"accuracy": [start, 1.0]}).axes[0].yaxis)[-1] == "100 %"


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 60, 1000])
def test_history_ticks_are_whole_epochs_that_happened(epochs: int) -> None:
    numbers = ticks(plot.history({"loss": [1 / (i + 1) for i in range(epochs)]}).axes[0].xaxis)
    assert numbers
    assert all(number.isdigit() and 1 <= int(number) <= epochs for number in numbers)


def test_history_of_one_epoch_shows_both_points_and_how_close_they_are() -> None:
    (ax,) = plot.history({"loss": [2.001], "validation_loss": [2.0]}).axes
    assert [line.get_marker() for line in ax.get_lines()] == ["o", "o"]
    assert np.ptp(ax.get_ylim()) > 0.1


def test_regions_ring_and_count_the_misclassified() -> None:
    ax = regions(y=[0, 1, 1, 1], classes=["left", "right"])
    points, rings = ax.collections[-2:]
    colours = [to_hex(colour) for colour in points.get_facecolor()]
    assert colours == [plot.PALETTE[0], *[plot.PALETTE[1]] * 3]  # the true classes
    np.testing.assert_array_equal(points.get_offsets(), X)
    np.testing.assert_array_equal(rings.get_offsets(), [[-1, 1]])
    assert len(rings.get_facecolor()) == 0
    assert legend(ax) == ["left", "right", "misclassified (1)"]
    assert ax.texts[0].get_text() == "accuracy 75.0 %, 1 of 4 points wrong"


def test_accuracy_is_never_rounded_up_to_all() -> None:
    assert plot._verdict(np.arange(4000) < 1).startswith("accuracy 99.9 %, 1 of 4,000 ")


def test_regions_fade_towards_the_border_where_two_classes_tie() -> None:
    mesh, border = regions(lambda x: 4 * x[:, 0] - 1).collections[:2]
    x = np.asarray(mesh.get_coordinates())[..., 0]
    ink = 1 - np.asarray(mesh.get_array()).reshape(*x.shape, 3)
    sure = np.abs(2 / (1 + np.exp(1 - 4 * x)) - 1)[..., None]
    for side, colour in ((x < 0.25, plot.PALETTE[0]), (x > 0.25, plot.PALETTE[1])):
        expected = 0.36 * sure[side] * (1 - np.array(to_rgb(colour)))
        np.testing.assert_allclose(ink[side], expected, atol=1e-6)
    np.testing.assert_allclose(border.get_paths()[0].vertices[:, 0], 0.25, atol=1e-5)


@pytest.mark.parametrize("count", [3, 8, 12])
def test_regions_of_many_classes_have_a_colour_each(count: int) -> None:
    angles = 2 * np.pi * np.arange(count) / count
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ax = regions(lambda x: x @ centres.T, centres, range(count))
    assert len({to_hex(colour) for colour in ax.collections[-2].get_facecolor()}) == count
    assert legend(ax) == [f"class {i}" for i in range(count)]


@pytest.mark.parametrize("form", [lambda s: s[:, None], lambda s: np.stack([-s, s], 1), Tensor])
def test_regions_accept_logits_scores_and_tensors(form: Any) -> None:
    ax = regions(lambda x: form(right_side(x)), y=Y[:, None] > 0)
    assert ax.texts[0].get_text() == "accuracy 100.0 %, 0 of 4 points wrong"


@pytest.mark.parametrize("x", [X, X[:1], X * [1, 0], X * [1000, 1]])
def test_regions_manage_extremes_without_a_warning(x: Any) -> None:
    for model in (lambda x: 1 + x[:, 0] ** 2, lambda x: 1e30 * x[:, 0]):
        figure = regions(model, x, Y[: len(x)]).figure
        assert figure._repr_png_()
        assert max(figure.get_size_inches()) < 8


class Part(Module):
    def __init__(self, *parts: Module) -> None:
        self.parts, self.seen, self.fails = parts, [], False

    def forward(self, x: Any) -> Any:
        self.seen = [is_recording(), *(part.training for part in self.modules())]
        return 1 / 0 if self.fails else right_side(x)


def test_regions_evaluate_without_recording_and_put_every_mode_back() -> None:
    model = Part(Part().eval(), Part())
    regions(model)
    assert model.seen == [False] * 4
    model.fails = True
    with pytest.raises(ZeroDivisionError):
        regions(model)
    assert [part.training for part in model.modules()] == [True, False, True]


def test_images_mark_wrong_predictions_in_red() -> None:
    figure = plot.images(IMAGES, range(6), [0, 1, 2, 8, 4, 5], title="Digits")
    assert [ax.get_xlabel() for ax in figure.axes] == ["0", "1", "2", "8 (is 3)", "4", "5"]
    frames = [to_hex(ax.spines["left"].get_edgecolor()) for ax in figure.axes]
    for colours in (frames, [ax.xaxis.label.get_color() for ax in figure.axes]):
        assert [colour == plot.WRONG for colour in colours] == [i == 3 for i in range(6)]
    heads = [text.get_text() for text in figure.texts]
    assert heads == ["Digits", "1 of these 6 wrong"]


def test_images_are_captioned_with_what_there_is() -> None:
    names = ["cat", r"$\bad$ long name"]  # this were an error as mathematics
    for options, captions in (
        ({}, ["", ""]),
        ({"labels": [3, 4]}, ["3", "4"]),
        ({"predictions": Tensor([0, 1]), "class_names": names}, ["cat", r"$\bad$ long "]),
    ):
        figure = plot.images(IMAGES[:2], **options)
        assert [ax.get_xlabel() for ax in figure.axes] == captions
        assert figure._repr_png_()


def test_images_show_their_pixels_on_one_scale() -> None:
    shown = [ax.get_images()[0] for ax in plot.images(Tensor(200 * IMAGES)).axes]
    np.testing.assert_array_equal([image.get_array() for image in shown], 200 * IMAGES)
    assert {image.get_clim() for image in shown} == {(200 * IMAGES.min(), 200 * IMAGES.max())}


@pytest.mark.parametrize(
    ("total", "options", "grid"),
    [(8, {}, (2, 4)), (99, {}, (5, 10)), (24, {"rows": 2}, (2, 12)), (24, {"columns": 6}, (4, 6))],
)
def test_images_grid(total: int, options: Any, grid: tuple[int, int]) -> None:
    axes = plot.images(np.zeros((total, 2, 2)), **options).axes
    corners = {tuple(np.round(ax.get_position().p0, 6)) for ax in axes}
    assert len(corners) == len(axes) == grid[0] * grid[1]
    assert len({y for _, y in corners}) == grid[0]


@pytest.mark.parametrize(
    ("draw", "changes", "message"),
    [
        (plot.history, {"history": {}}, "nothing to draw"),
        (plot.history, {"history": {"loss": [NAN], "lr": [None]}}, "no finite number in .*loss"),
        (plot.history, {"history": {"loss": [1], "lr": [1, 2]}}, '"loss" has 1 .* for 2 epochs'),
        (plot.history, {"history": RUN, "ax": Figure().subplots()}, "got 1 Axes, .*accuracy"),
        (regions, {"x": np.zeros((4, 3))}, r"x has shape \(4, 3\), expected \(n, 2\)"),
        (regions, {"x": X * NAN}, "x .* finite"),
        (regions, {"y": [0, 1, 1]}, r"y has shape \(3,\) .* expected \(4,\)"),
        (regions, {"y": [-1, -1, 1, 1]}, r"y .* holds \[-1  1\], expected .* from 0 to 1"),
        (regions, {"classes": ["a"]}, "1 classes named, expected 2"),
        (regions, {"model": lambda x: x[:2]}, r"the model made shape \(2, 2\) of \(1685, 2\)"),
        (regions, {"model": lambda x: x * NAN}, "the model returned nan"),
        (plot.images, {"images": np.zeros((9, 784))}, r"shape \(9, 784\), expected"),
        (plot.images, {"images": np.zeros((0, 4, 4))}, r"shape \(0, 4, 4\)"),
        (plot.images, {"images": IMAGES, "labels": [1, 2]}, r"shape \(2,\), expected \(6,\)"),
    ],
)
def test_errors_say_what_is_wrong(draw: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(**changes)


@pytest.mark.parametrize("name", ["history", "regions"])
def test_legend_title_and_data_do_not_overlap(name: str) -> None:
    figure = DRAWINGS[name]()
    figure.draw_without_rendering()
    for ax in figure.axes:
        parts = [ax.get_legend(), ax.patch, ax._left_title, *ax.texts]
        boxes = [part.get_window_extent() for part in parts] + [ax.xaxis.get_tightbbox()]
        assert all(box.count_overlaps(boxes) == 1 for box in boxes)  # with itself


def test_plots_draw_into_given_axes() -> None:
    figure = Figure()
    axes = figure.subplots(1, 3)
    assert plot.history(RUN, ax=axes[:2]) is figure
    assert plot.decision_regions(right_side, X, Y, title="Regions", ax=axes[2]) is figure
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Loss", "Accuracy", "Regions"]


def test_settings_stay_as_they_are_and_do_not_matter() -> None:
    with matplotlib.rc_context({"font.size": 23, "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        figures = [draw() for draw in DRAWINGS.values()]
        assert dict(matplotlib.rcParams) == before
    assert to_hex(figures[0].axes[0].get_facecolor()) == "#ffffff"


def test_matplotlib_is_loaded_late_and_pyplot_never() -> None:
    program = (
        "import sys; from nn import plot; assert 'matplotlib' not in sys.modules;"
        "plot.history({'loss': [1, 2]}); plot.images([[[0, 1]]]);"
        "plot.decision_regions(lambda x: x, [[0, 1], [1, 0]], [1, 0])._repr_png_();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in DRAWINGS.values():
        with pytest.raises(ImportError, match=r'pip install "plaingrad\[plot\]"'):
            draw()


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_plot_shows_in_notebooks_and_saves_a_png(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"old")
    figure = DRAWINGS[name](path)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"old")

    def fail(draft: Path, target: Path) -> None:
        assert draft.parent == tmp_path
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        plot.history(RUN, path=path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("high", "between"), [(900.0, True), (1100.0, False)])
def test_history_labels_2_and_5_on_a_log_scale_of_less_than_three_decades(
    high: float, between: bool
) -> None:
    (ax,) = plot.history({"loss": [high, 1.0]}).axes
    labelled = ax.yaxis.get_major_locator().tick_values(1.0, high)
    assert {20.0, 50.0}.issubset(labelled) == between
    assert {10.0, 100.0} <= set(labelled)


@pytest.mark.parametrize(
    ("value", "limits"), [(2.0, (1.8, 2.2)), (-4.0, (-4.4, -3.6)), (0, (-1, 1))]
)
def test_history_of_one_epoch_has_room_in_proportion(value: float, limits: Any) -> None:
    (ax,) = plot.history({"score": [value]}).axes
    np.testing.assert_allclose(ax.get_ylim(), limits)


def test_history_of_accuracy_stops_above_the_best_and_at_zero() -> None:
    (ax,) = plot.history({"accuracy": [0.0, 1.0]}).axes
    low, high = ax.get_ylim()
    assert -0.021 <= low < 0
    assert 1 < high < 1.05
    assert ax.get_xlim()[0] > 0


@pytest.mark.parametrize(("epochs", "marker"), [(12, "o"), (13, "")])
def test_history_marks_the_epochs_while_they_are_few(epochs: int, marker: str) -> None:
    (ax,) = plot.history({"score": list(range(epochs))}).axes
    assert ax.lines[0].get_marker() in (marker, marker or "None")


def test_images_mark_no_error_without_predictions_and_cut_long_names() -> None:
    names = ["a name of many letters", "b"]
    figure = plot.images(np.ones((3, 2, 2)), [0, 1, 0], class_names=names, rows=1)
    assert [ax.get_xlabel() for ax in figure.axes] == ["a name of ma", "b", "a name of ma"]
    assert not any("wrong" in text.get_text() for text in figure.texts)
    assert len({ax.get_position().y0 for ax in figure.axes}) == 1  # one row


# ------------------------------------------------------------------------------- confusion, weights


def test_confusion_counts_what_was_read_as_what() -> None:
    labels, predictions = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0]
    figure = plot.confusion_matrix(labels, predictions, class_names=["a", "b", "c"], title="those")
    (ax,) = figure.axes
    texts = {(round(t.get_position()[0], 1), t.get_position()[1]): t.get_text() for t in ax.texts}
    counts = {place: text for place, text in texts.items() if place[0] in (0, 1, 2)}
    # (column, row): what it was read as, what it is
    assert counts == {(0, 0): "1", (1, 0): "1", (1, 1): "1", (2, 2): "2", (0, 2): "1"}
    shares = [text for place, text in sorted(texts.items()) if place not in counts]
    assert shares == ["50.0 %", "100.0 %", "66.6 %"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.get_title("left") == "accuracy 66.6 %, 2 of 6 samples wrong"
    assert figure.get_suptitle() == "those"


def test_confusion_has_a_row_for_a_class_that_is_missing() -> None:
    (ax,) = plot.confusion_matrix([0, 3], [0, 3]).axes
    assert len(ax.get_yticks()) == 4
    assert len(ax.texts) == 4  # two counts, two shares


@pytest.mark.parametrize(
    ("labels", "predictions", "names", "said"),
    [
        ([0, 1], [0], None, "expected n of each"),
        ([], [], None, "expected n of each"),
        ([0, -1], [0, 1], None, "whole numbers from 0"),
        ([0.0, 1.0], [0.0, 1.0], None, "whole numbers from 0"),
        ([0, 2], [0, 2], ["a", "b"], "2 classes named, expected 3"),
    ],
)
def test_confusion_refuses(labels: Any, predictions: Any, names: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plot.confusion_matrix(labels, predictions, class_names=names)


def test_weights_are_on_one_scale_around_zero() -> None:
    values = np.zeros((3, 6))
    values[1, 5], values[2, 0] = -4, 2
    figure = plot.weights(values, (2, 3), columns=2, captions=["a", "b", "c"])
    *grid, bar = figure.axes
    assert len(grid) == 3
    assert {image.get_clim() for ax in grid for image in ax.images} == {
        (-grid[0].images[0].get_clim()[1], grid[0].images[0].get_clim()[1])
    }
    np.testing.assert_array_equal(grid[1].images[0].get_array(), values[1].reshape(2, 3))
    assert [ax.get_xlabel() for ax in grid] == ["a", "b", "c"]
    assert bar.get_ylabel() == "weight"
    assert plot.weights(np.ones((2, 9))).axes[0].images[0].get_array().shape == (3, 3)


def test_weights_refuses() -> None:
    for values in np.zeros((2, 7)), np.zeros((0, 4)), np.zeros(4):
        with pytest.raises(ValueError, match="weights: got shape"):
            plot.weights(values)


def test_a_percentage_is_rounded_down() -> None:
    assert [plot.percent(x) for x in (1.0, 0.9999, 0.29, 0.0, 2 / 3)] == [
        "100.0 %", "99.9 %", "29.0 %", "0.0 %", "66.6 %"
    ]  # fmt: skip


def test_history_has_a_title_above_all() -> None:
    assert plot.history({"loss": [1, 2]}, title="it").get_suptitle() == "it"
