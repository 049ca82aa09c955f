"""What a fair but hostile user does: each of these once broke, or told what was not so."""

from __future__ import annotations

import threading
import xml.dom.minidom
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import GraphFreedError, Tensor, checkpoint, explain, op
from autograd.core.watch import active, watching
from autograd.explain.graph import Sketch

HOSTILE = [
    "</script><b>", "a\nb", "\x00nul", "\x1b[31mred", "\ud800", "\u202ertl", "{{data}}", "{0}",
    '"]end', "-->", "]]>", "&amp;", "\\n", "#35;", "\N{PARTY POPPER}", "x" * 200, "lambda", "1",
]  # fmt: skip


def leaf(value: object = 2.0) -> Tensor:
    return Tensor(value, requires_grad=True)


# Names


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_name_breaks_a_picture_a_player_or_a_file(text: str, tmp_path: Path) -> None:
    x, w = explain.name(leaf(), text), leaf(3.0)
    with explain.watch() as story:
        h = explain.name(x * w, text)
        z = np.tanh(h)
        z.backward(retain_graph=True)
    picture, steps = explain.draw(story), explain.steps(z, story=story)
    xml.dom.minidom.parseString(picture.svg)
    for suffix in (".svg", ".html", ".dot", ".mmd", ".txt"):
        picture.save(tmp_path / f"graph{suffix}")
    page = steps.html()
    assert page.count("</script>") == page.count('"items":') == page.count("@keyframes") == 1
    steps.save(tmp_path / "steps.html")
    lines = picture.text.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) < 200
    assert len(steps) == 2


def test_a_familys_emoji_stays_whole() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    x = explain.name(leaf(), family)
    assert f'<tspan class="n">{family}</tspan>' in explain.draw(x * 2).svg


def test_a_name_that_is_a_formula_stands_in_brackets_and_g_is_no_g() -> None:
    a, b, g = leaf(2.0), leaf(3.0), explain.name(leaf(9.81), "g")
    difference = explain.name(a - b, "a - b")
    steps = explain.steps(a * g / difference)
    told = [c.formula for step in steps for c in step.contributions]
    assert told[:2] == ["g / (a - b)", "-g * y / (a - b)"]
    assert "g * (value g)" in told


def test_module_names_may_be_anything() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            setattr(self, "a.b", nn.Linear(2, 2))
            setattr(self, '<x"&\x01', nn.Linear(2, 2))

        def forward(self, x: Tensor) -> Tensor:
            return getattr(self, "a.b")(getattr(self, '<x"&\x01')(x) * 2) * 2

    Odd.__name__ = "</script>\x02"
    model, x = Odd(), np.ones((1, 2), np.float32)
    picture = explain.draw(lambda: model(x))
    xml.dom.minidom.parseString(picture.svg)
    assert "a.b.weight" in picture.text
    assert picture.html.count("</script>") == 1
    assert explain.steps(lambda: model(x).sum()).html().count("</script>") == 1


# Blocks


def test_what_only_looks_like_a_module_is_none() -> None:
    class Answers:
        named_modules = None

        def __getattr__(self, name: str) -> object:
            return lambda *_: None

        def __call__(self, x: Tensor) -> Tensor:
            return x * 2

    with explain.watch() as story:
        Answers()(leaf())
    assert story.graph.values[-1].modules == ()


def test_a_block_within_itself_is_refused() -> None:
    with (
        explain.watch() as story,
        pytest.raises(RuntimeError, match="being told already"),
        story,
    ):
        pass
    assert watching.get() is None
    assert active == [0]
    with story:  # again, after its end, is fine
        leaf() * 2


def test_blocks_of_generators_end_in_any_order() -> None:
    def told(value: float) -> Iterator[explain.Story]:
        with explain.watch() as story:
            y = leaf(value) * 2
            yield story
            (y * 3).backward()

    first, second = told(1.0), told(2.0)
    a, b = next(first), next(second)
    for run in (first, second):
        assert list(run) == []
    assert watching.get() is None
    assert active == [0]
    leaf() * 5
    assert [v.gradient.array for s in (a, b) for v in s.graph.values[:1]] == [6, 6]  # type: ignore[union-attr]


def test_threads_do_not_tell_into_each_others_blocks() -> None:
    wrong: list[object] = []

    def run(k: int) -> None:
        for _ in range(10):
            with explain.watch() as story:
                x = leaf(float(k))
                explain.name(x * x, f"y{k}").backward()
            if [v.label for v in story.graph.values] != ["x", f"y{k}"]:
                wrong.append(story.graph)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_exception_leaves_the_story_until_then() -> None:
    with pytest.raises(ValueError, match="broadcast"), explain.watch() as story:
        leaf([1.0, 2.0]) + np.ones(3)
    assert active == [0]

    def fails() -> explain.Story:
        nonlocal y
        with story:
            y = leaf() * 3
            1 / 0  # noqa: B018
        return story

    y, story = leaf(), explain.watch()
    with pytest.raises(ZeroDivisionError):
        fails()
    assert [v.label for v in story.graph.values if v.kind == "result"] == ["y"]
    assert y.data == 6


def test_nothing_is_said_to_be_nothing() -> None:
    with explain.watch() as story:
        pass
    assert "no op" in explain.draw(story).text
    assert "of nothing yet: with" in repr(story)
    assert "by op" not in str(explain.memory(leaf()))


def test_what_was_made_before_the_block_is_told_as_such() -> None:
    h = leaf() * 2
    with explain.watch() as story:
        h + h
    assert explain.draw(story).text.splitlines()[0].startswith("h = multiply(...)")


# Numbers


@pytest.mark.parametrize("nested", [False, True])
def test_what_a_checkpoint_runs_again_counts_once(nested: bool) -> None:
    x, w = leaf(0.2), leaf(0.7)
    inner = checkpoint(lambda x: np.tanh(x * w))
    f = checkpoint(lambda x: inner(x) * w) if nested else inner
    with explain.watch() as story:
        (f(x) * w).backward()
    for t in (x, w):
        assert story.value_of(t).gradient.array == t.grad  # type: ignore[union-attr]
    steps = explain.steps(lambda: f(x) * w)
    assert steps.gradients == {"x": x.grad, "w": w.grad}
    assert "again" in steps[1].rule


def test_a_checkpoint_of_several_results() -> None:
    x = leaf(0.2)
    f = checkpoint(lambda x: (np.tanh(x), x * 3))

    def loss() -> Tensor:
        a, b = f(x)
        return a * b

    loss().backward()
    np.testing.assert_allclose(explain.steps(loss).gradients["x"], x.grad)


def test_a_large_gradient_that_is_not_finite_is_seen_not_to_be() -> None:
    x = leaf(np.r_[np.nan, np.ones(99)])
    with explain.watch() as story:
        (x * x).sum().backward()
    assert story.value_of(x).gradient.odd == 1  # type: ignore[union-attr]
    assert "grad norm nan" in explain.draw(story).text
    assert "1 not finite" in explain.draw(story).svg


def test_norms_neither_overflow_nor_vanish_and_complex_ones_are_known() -> None:
    for x in (np.full(100, 1e200), np.full(100, 1e-200), np.full(100, 3 + 4j), np.zeros(100)):
        assert Sketch.of(x).norm == pytest.approx(10 * abs(x[0]), rel=1e-12)
    assert Sketch.of(np.full(100, np.float16(6e4))).norm == pytest.approx(6e5, rel=1e-3)


def test_numbers_put_in_have_the_digits_that_it_takes() -> None:
    steps = explain.steps(np.tanh(leaf(np.float64(6.0))))
    (told,) = steps[0].contributions
    assert "1**2" not in told.numbers
    np.testing.assert_allclose(eval(told.numbers), told.gradient, rtol=0.01)
    (told,) = explain.steps(np.tanh(leaf(np.float64(0.5))))[0].contributions
    assert told.numbers == "1 * (1 - 0.4621**2)"


def test_the_player_without_javascript_has_the_table() -> None:
    html = explain.steps(np.tanh(explain.name(leaf(), "<x"))).html()
    assert "g * (1 - y**2)" in html.split("<noscript>")[1].split("</noscript>")[0]


def test_setitem_is_not_told_as_getitem() -> None:
    with explain.watch() as story:
        y = leaf([1.0, 2.0]) * 2
        y[0] = 5.0
    assert "y = setitem(multiply, 5, [0])" in explain.draw(story).text


# Sizes


def test_thousands_of_leaves_of_one_op_are_summed_up() -> None:
    parts = [leaf([float(i)]) for i in range(2000)]
    with explain.watch() as story:
        np.concatenate(parts).sum().backward()
    picture = explain.draw(story)
    assert "1 concatenate, 2,000 inputs" in picture.text
    assert len(picture.svg) < 50_000


def test_many_inputs_are_told_in_short() -> None:
    x = leaf([1.0])
    text = explain.draw(np.concatenate([x] * 100)).text
    assert "x, x, ... 94 more" in text
    assert max(map(len, text.splitlines())) < 120


def test_a_chain_of_thousands_has_steps_but_no_player_of_itself_and_no_film(
    tmp_path: Path,
) -> None:
    y = leaf(0.5)
    for _ in range(3000):
        y = np.sin(y)
    steps = explain.steps(y)
    assert len(steps) == 3000
    assert "save" in steps._repr_html_()
    assert len(steps._repr_html_()) < 1000
    with pytest.raises(ValueError, match="no more than 300"):
        steps.save(tmp_path / "steps.gif")
    assert len(explain.draw(y).svg) < 100_000


# Wrong use


def test_the_remedy_of_a_freed_graph_is_one_that_helps() -> None:
    with explain.watch() as story:
        y = leaf() * 2
        y.backward()
    for ask, remedy in (
        (lambda: explain.draw(y), "explain.watch"),
        (lambda: explain.steps(y, story=story), "before backward"),
        (lambda: explain.memory(y), "before backward"),
    ):
        with pytest.raises(GraphFreedError) as caught:
            ask()
        assert remedy in " ".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: explain.steps(nn.Linear(2, 2)), "steps: got Linear, a module"),
        (lambda: explain.memory(nn.Linear(2, 2)), "memory: got Linear"),
        (lambda: explain.steps(lambda: None), "the function returned None"),
        (lambda: explain.steps(leaf() * 2, story=3), "story: got int"),
        (lambda: explain.draw(leaf() * 2, model=3), "model: got int"),
        (lambda: explain.steps(leaf() * 2, model=3), "model: got int"),
        (lambda: explain.name(leaf(), " "), "expected a text"),
    ],
)
def test_wrong_use_is_told(ask, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        ask()


def test_suffixes_may_be_capitals(tmp_path: Path) -> None:
    explain.draw(leaf() * 2).save(tmp_path / "GRAPH.SVG")
    explain.steps(leaf() * 2).save(tmp_path / "STEPS.TXT")
    assert len(list(tmp_path.iterdir())) == 2


def test_ops_without_a_source() -> None:
    space: dict[str, object] = {"op": op}
    exec("@op\ndef twice(x):\n    return 2 * x, lambda g: 2 * g", space)
    twice, scaled = space["twice"], op(lambda x: (x * 3, lambda g: g * 3))
    steps = explain.steps(scaled(twice(leaf())))  # type: ignore[operator]
    assert steps.gradients["leaf"] == 6
    assert "see the source" in steps.table()
    xml.dom.minidom.parseString(explain.draw(scaled(leaf())).svg)


def test_a_name_that_is_cut_leaves_the_op_to_be_read() -> None:
    with explain.watch() as story:
        explain.name(leaf() * 2, "x" * 200)
    assert f"{'x' * 18}\N{HORIZONTAL ELLIPSIS}</tspan> = multiply<" in explain.draw(story).svg
