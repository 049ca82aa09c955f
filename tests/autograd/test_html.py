"""A picture where nothing may run: any text comes through, and nothing ends the script early."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from live import live_and_still

from autograd.html import live_or_still


@pytest.mark.parametrize(
    "live",
    ["<b>x</b>", "</script><script>alert(1)</script>", "<!--", 'a "quoted" \\ text', "\u2028é"],
)
def test_what_is_live_comes_through(live: str) -> None:
    shown = live_or_still(live, "<svg>é</svg>", 'a <picture> of "x"')
    assert live_and_still(shown) == (live, "<svg>é</svg>")
    assert Tags(shown).found == ["div", "img", "script"]


class Tags(HTMLParser):
    """The tags as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)
