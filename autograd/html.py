"""What a notebook shows, also where it may run nothing.

A notebook that its reader has not trusted shows its outputs without `svg`, `script`, `style` and
`iframe`, of which bare text is left; so do many pages that show notebooks. An image gets through.
"""

from __future__ import annotations

import base64
import json
from html import escape

__all__ = ["live_or_still"]

#: Puts what is live in the place of what is still. Scripts in it have to be made anew to run.
SCRIPT = (
    "(function(){var p=document.currentScript.parentNode;p.innerHTML=%s;"
    '[].forEach.call(p.querySelectorAll("script"),function(o){'
    'var n=document.createElement("script");n.textContent=o.textContent;o.replaceWith(n)})})()'
)


def live_or_still(live: str, still: str, told: str) -> str:
    """HTML that is `live` where scripts run, and elsewhere a picture.

    Parameters
    ----------
    live
        HTML, with scripts or without.
    still
        an SVG with its colours and background.
    told
        what the picture shows, for those who do not see it.
    """
    image = base64.b64encode(still.encode()).decode()
    source = json.dumps(live, ensure_ascii=False).replace("</", "<\\/").replace("<!", "\\u003c!")
    return (
        f'<div><img alt="{escape(told)}" src="data:image/svg+xml;base64,{image}" '
        f'style="max-width:100%"><script>{SCRIPT % source}</script></div>'
    )
