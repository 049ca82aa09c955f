"""Reports, `runs`, and how numbers are told."""

from __future__ import annotations

import base64
import json
import re
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from nn.cli import main, report, runs

PICTURES = find_spec("matplotlib") is not None
needs_pictures = pytest.mark.skipif(not PICTURES, reason="needs Matplotlib")


def run(arguments):
    return main(arguments.split())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.mark.parametrize(
    ("name", "x", "told"),
    [
        ("test accuracy", 0.98999, "98.9 %"),  # rounded down
        ("test accuracy", 1.0, "100.0 %"),
        ("accuracy of 3", 0.29, "29.0 %"),
        ("validation_accuracy", float("nan"), "nan"),
        ("loss", 0.123456, "0.1235"),
        ("parameters", 33738, "33,738"),
        ("time", 200.4, "3 min 20 s"),
        ("seconds", 0.00423, "4.2 ms"),
        ("time per epoch", 0.1234, "123 ms"),
        ("time", 59.97, "1 min 0 s"),
        ("time", 7384, "2 h 3 min"),
        ("verdict", "good", "good"),
    ],
)
def test_numbers_as_they_are_told(name, x, told):
    assert report.figure(name, x) == told


def test_dates_as_they_are_told():
    assert report.date("2026-12-01T16:05:09+00:00") == "1 December 2026, 16:05"
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d", report.date(report.now()))


class Page(HTMLParser):
    """The images, and what is loaded from elsewhere; fails if a tag is not closed."""

    def __init__(self):
        super().__init__()
        self.images, self.open, self.loaded = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "html"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href"):
                (self.images if value.startswith("data:") else self.loaded).append(value)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag != "html":
            assert self.open.pop() == tag


def page_of(path):
    text = Path(path).read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.loaded == []
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    return text, page


@pytest.mark.slow
@needs_pictures
def test_a_report_holds_all_there_is():
    assert run("train circles --epochs 12 --noise 0.1") == 0
    text, page = page_of("runs/circles/report.html")
    kinds = [image[5:14] for image in page.images]
    assert kinds == ["image/png", "image/gif"]
    for image, name in zip(page.images, ("regions.png", "boundary.gif"), strict=True):
        content = base64.b64decode(image.partition(",")[2])
        assert content == Path("runs/circles", name).read_bytes()
    assert "<h1>circles: 2-3-2 with tanh</h1>" in text
    assert "python -m nn train circles --epochs 12 --noise 0.1</pre>" in text
    assert "<svg" in text  # the curves
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    record = json.loads(Path("runs/circles/run.json").read_text())
    tested = report.figure("accuracy", record["numbers"]["test accuracy"])
    assert f"<b>{tested}</b><span>test accuracy</span>" in text
    assert text.count("<tr>") == 13  # the epochs, and their heads


def test_what_is_written_into_a_report_is_text(tmp_path):
    report.page(
        tmp_path / "r.html", "<a & b>", "a < b", numbers={"<n>": "<1>"},
        settings={"<s>": "<v>"}, again="<c>", blocks={"<h>": "<i>kept</i>"},
    )  # fmt: skip
    text = (tmp_path / "r.html").read_text()
    for word in "n", "1", "s", "v", "c", "h":
        assert f"&lt;{word}&gt;" in text
        assert f"<{word}>" not in text
    assert "<i>kept</i>" in text


@pytest.mark.slow
@needs_pictures
def test_the_film_moves(capsys):
    from PIL import Image

    assert run("train moons --epochs 60 --lr 0.1") == 0
    with Image.open("runs/moons/boundary.gif") as film:
        assert film.n_frames > 20
        first = film.convert("RGB").tobytes()
        film.seek(film.n_frames - 1)
        assert film.convert("RGB").tobytes() != first
        assert film.info["duration"] >= 1000  # the last is to be looked at
    assert Path("runs/moons/boundary.gif").stat().st_size < 1e6


@pytest.mark.slow
@needs_pictures
def test_pictures_of_another_model_go():
    assert run("train digits --epochs 1 --model 64-8-10") == 0
    assert run("train circles --epochs 1 --out runs/digits") == 0
    assert {p.name for p in Path("runs/digits").iterdir()} == {
        "model.npz", "history.csv", "run.json", "history.png", "regions.png", "boundary.gif",
        "report.html",
    }  # fmt: skip


@pytest.mark.usefixtures("no_pictures")
def test_runs_are_listed_and_compared(capsys):
    for words in "circles --epochs 3", "digits --epochs 1", "digits --epochs 2 --out runs/a/b":
        assert run(f"train {words}") == 0
    records = runs.find(Path("runs"))
    assert [*records] == ["circles", "digits", "a/b"] or len(records) == 3
    capsys.readouterr()
    assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["run", "data", "model"]
    names = {line.split()[0] for line in lines[1:]}
    assert names == {"circles", "digits", "a/b"}
    assert any("64-256-64-10 with relu" in line and " %  test accuracy" in line for line in lines)

    assert run("runs digits a/b") == 0
    told = {line[:16].strip(): line[16:].split() for line in capsys.readouterr().out.splitlines()}
    assert told["epochs"] == ["1", "2"]
    assert "lr" not in told  # the same in both
    assert len(told["test accuracy"]) == 4


@pytest.mark.slow
@needs_pictures
def test_runs_are_drawn():
    for words in "circles --epochs 3", "moons --epochs 3":
        assert run(f"train {words}") == 0
    assert run("runs circles runs/moons --picture both.png") == 0
    assert Path("both.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("runs", "no runs in runs; python -m nn train circles makes one"),
        ("runs nothing", "argument name: no run 'nothing'; in runs there are: none"),
        ("runs --picture a.png", "expected names of runs to compare, got none"),
        ("runs a --picture a.svg", "expected a name in .png, got 'a.svg'"),
    ],
)
def test_wrong_use_of_runs(arguments, said, capsys):
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_record_is_left_alone():
    Path("runs/x").mkdir(parents=True)
    for text in "", "{}", "[1]", '{"model": "m", "numbers": 3, "date": "x"}':
        Path("runs/x/run.json").write_text(text)
        assert report.read(Path("runs/x")) is None
    assert runs.find(Path("runs")) == {}
