r"""For the documentation: formulas, as MathML, which browsers show by themselves.

Between dollars stands LaTeX. `arithmatex` finds it (not in code, and not the prices) and leaves
`<span class="arithmatex">\(...\)</span>`; here that becomes `<math>`, when the site is built.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*\\[(\[](?P<tex>.*?)\\[)\]]\s*</(?P=tag)>', re.DOTALL
)


#: What formulas are not looked for in, and what is left of one that was not found.
OTHER = re.compile(r"<(pre|code|math|script|style|iframe|svg)\b.*?</\1>", re.DOTALL)
LEFT = re.compile(r"\$[^$<\n]*\\[A-Za-z]+[^$<\n]*\$")
#: What may follow a function without brackets, with a thin space between them.
ARGUMENT = r"(?=<m(?:i|n|sub|sup|subsup|frac|row|sqrt|over)\b)"
#: A function that stands by itself: with an exponent or an index it is the first part of that.
ALONE = r"(?<!<msub>)(?<!<msup>)(?<!<msubsup>)(?<!<munder>)(?<!<mover>)(?<!<munderover>)"
BOLD = 0x1D400  # the first of the bold letters, A to Z and a to z


def tidied(mathml: str) -> str:
    """Letters in the fonts of a text, primes as high as they should be, spaces after functions."""
    mathml = re.sub(r"<mo>([A-Za-z]{2,})</mo>", r"<mi>\1</mi>", mathml)
    mathml = re.sub(
        r"<msup>(<m[in]>[^<]*</m[in]>)<mi>(&#x0203[23];)</mi></msup>",
        r'\1<mo lspace="0.05em" rspace="0">\2</mo>',
        mathml,
    )
    mathml = re.sub(
        rf"{ALONE}(<mi>[A-Za-z]{{2,}}</mi>){ARGUMENT}", r'\1<mspace width="0.17em"/>', mathml
    )
    mathml = re.sub(r"<mi>(\w|&#x003[0-9A-F]{2};)</mi>", r'<mi class="letter">\1</mi>', mathml)

    mathml = re.sub(r"<mo>(&#x022(?:11|0F|2B);)</mo>", r'<mo class="large">\1</mo>', mathml)

    def bold(match: re.Match[str]) -> str:
        number = int(match[1], 16) - BOLD
        letter = chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26)
        return f'<mi class="bold" mathvariant="normal">{letter}</mi>' if number < 52 else match[0]

    return re.sub(r"<mi>&#x(1D4[0-3][0-9A-F]);</mi>", bold, mathml)


def to_mathml(content: str, where: str = "") -> str:
    """A page's HTML with each formula as MathML."""

    def formula(match: re.Match[str]) -> str:
        tex = html.unescape(match["tex"]).strip()
        display = "block" if match["tag"] == "div" else "inline"
        try:
            mathml = convert(tex, display=display)
        except Exception as error:
            raise ValueError(f"{where}: the formula {tex!r}: {error!r}") from error
        if unknown := re.search(r"<m[a-z]+>(\\[A-Za-z]+)</m", mathml):
            raise ValueError(f"{where}: the formula {tex!r}: {unknown[1]} is not known")
        mathml = tidied(mathml)
        return f'<div class="formula">{mathml}</div>' if display == "block" else mathml

    content = FORMULA.sub(formula, content)
    if left := LEFT.search(OTHER.sub("", content)):
        raise ValueError(f"{where}: this is no formula, but looks like one: {left[0]}")
    return content


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Called by mkdocs with the HTML of each page."""
    return to_mathml(content, page.file.src_uri)
