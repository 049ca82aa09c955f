"""Every link of the built site leads somewhere: `python docs/build/links.py site`.

Each href and src within the site must name a file, and if it has an anchor, one that this file has.
Nothing may be loaded from elsewhere; links to elsewhere must be proper addresses.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Reader(HTMLParser):
    """The anchors of a page and its links, as (tag, address)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors, self.links = {"", "top"}, list[tuple[str, str]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "link" and found.get("rel") in ("canonical", "prev", "next", "alternate"):
            tag = "a"
        for name in ("href", "src", "data", "poster"):
            if name in found and not (name == "data" and tag != "object"):
                self.links.append((tag, found[name]))
        if "srcdoc" in found:  # a page within the page: its links are found from here too
            inner = Reader(found["srcdoc"])
            self.links += [link for link in inner.links if link[1][:1] != "#"]
        for part in found.get("srcset", "").split(","):
            if part.strip():
                self.links.append((tag, part.split()[0]))


def faults(site: Path) -> list[str]:
    """What is wrong, a line each."""
    site = site.resolve()
    pages = {
        path: Reader(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))
    }
    found = []
    for path, page in pages.items():
        if path == site / "404.html":
            continue  # shown at any address, so its links are those of the published site
        for tag, address in page.links:
            parts = urlsplit(address)
            if parts.scheme in ("data", "mailto", "javascript", "about"):
                continue
            if parts.scheme or parts.netloc:
                proper = parts.scheme in ("https", "http") and "." in parts.netloc
                if not proper or " " in address:
                    found.append(f"{path.relative_to(site)}: {address} is no address")
                elif tag != "a":
                    found.append(f"{path.relative_to(site)}: <{tag}> loads {address}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.path.startswith("/") or not target.is_file():
                found.append(f"{path.relative_to(site)}: {address} is not there")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{path.relative_to(site)}: {address} has no such anchor")
    return found


def main(site: str = "site") -> int:
    """Print what is wrong; 1 if anything is."""
    folder = Path(site).resolve()
    found = faults(folder)
    print(*found, sep="\n", end="\n" if found else "")
    count = len(list(folder.rglob("*.html")))
    print(f"{count} pages, {len(found)} dead links")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
