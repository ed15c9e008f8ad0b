"""One self-contained HTML file for a look: the data goes into `page.html`, which draws it.

Nothing from a sentence or a model is ever markup: the data is JSON in a script element that cannot
be closed from inside, and the page builds its text with `textContent` only.
"""

from pathlib import Path
from typing import Any

import numpy as np

from regard.look.maps import Look, dumps

UNIT = 10_000  # weights travel as whole ten-thousandths: a third of the size, finer than any screen
_SLOT = "@@LOOK@@"


def html(look: Look) -> str:
    """The page as text: no outside requests, readable from a file, a phone, a keyboard."""
    page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return page.replace(_SLOT, embed(payload(look)))


def payload(look: Look) -> dict[str, Any]:
    """The record of a look with its weights (H, T, S) in whole ten-thousandths, and that unit."""
    record = look.record()
    for entry, m in zip(record["maps"], look.maps, strict=True):
        entry["weights"] = np.rint(m.weights.astype(np.float64) * UNIT).astype(int).tolist()
    return {**record, "unit": UNIT}


def embed(value: Any) -> str:
    """JSON that is safe inside a script element: ASCII only, with `<`, `>` and `&` escaped too."""
    text = dumps(value, separators=(",", ":"))  # U+2028, U+2029 and NUL are \\u escapes by now
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
