"""The two forms in which a notebook shows a thing: see autograd/html.py."""

from __future__ import annotations

import base64
import json
import re


def live_and_still(shown: str) -> tuple[str, str]:
    """What a page has where scripts run, and where not: HTML, and an SVG."""
    alt, image, source = re.fullmatch(
        r'<div><img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]*)" style="max-width:100%">'
        r"<script>\(function\(\)\{.*?innerHTML=(\".*\");\[\]\.forEach.*</script></div>",
        shown,
        re.DOTALL,
    ).groups()
    assert alt
    assert "</" not in source
    return json.loads(source), base64.b64decode(image).decode()
