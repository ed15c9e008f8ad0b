"""One self-contained HTML file for a look: style, tools and data go into a page that draws them.

Nothing from a sentence or a model is ever markup: the data is JSON in a script element that cannot
be closed from inside, and the page builds its text with `textContent` only.
"""

from pathlib import Path
from typing import Any

import numpy as np

from regard.look.maps import Look
from regard.look.saving import dumps

UNIT = 10_000  # weights travel as whole ten-thousandths: a third of the size, finer than any screen


def html(look: Look) -> str:
    """The page as text: no outside requests, readable from a file, a phone, a keyboard."""
    return filled("page.html", payload(look))


def filled(name: str, data: Any) -> str:
    """A page of this folder with everything that it needs inside."""
    names = (name, "page.css", "dom.js")
    page, style, tools = (Path(__file__).with_name(x).read_text(encoding="utf-8") for x in names)
    page = page.replace("@@STYLE@@", style).replace("@@DOM@@", tools)
    # the data last: what a sentence says about slots is no slot
    return page.replace("@@LOOK@@", embed(data))


def payload(look: Look) -> dict[str, Any]:
    """The record of a look, its weights (H, T, S) in whole units, and what to show first."""
    record = look.record()
    for entry, m in zip(record["maps"], look.maps, strict=True):
        entry["weights"] = np.rint(m.weights.astype(np.float64) * UNIT).astype(int).tolist()
    index, head = look.start()
    return {**record, "unit": UNIT, "start": {"map": index, "head": head}}


def embed(value: Any) -> str:
    """JSON that is safe inside a script element: ASCII only, with `<`, `>` and `&` escaped too."""
    text = dumps(value, separators=(",", ":"))  # U+2028, U+2029 and NUL are \\u escapes by now
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
