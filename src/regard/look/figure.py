"""Pictures of a look with matplotlib: heat maps, a sheet of all heads, the alignment, an overview.

Figures are made as objects (no pyplot, no global state) and drawn by Agg. A picture is a column of
panels; a panel knows its size in inches before it is drawn, so nothing overlaps or stretches.
A label whose letters no installed font has is not drawn as boxes: Hangul is romanised, the rest
shown as code points, and the caption says so.
Shapes: `H` heads, `T` queries (rows), `S` keys (columns).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, Protocol

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import MaxNLocator

from regard.look.maps import KINDS, Look, Map
from regard.look.romanise import HANGUL, romanise
from regard.recipe import UserError

INK, QUIET, ACCENT = "#23252e", "#7c7f8c", "#3b50a0"
HEAT = LinearSegmentedColormap.from_list("regard", ["#f6f5f1", "#b9c3e2", "#3b50a0", "#141a3a"])
DPI = 160
_BASE = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic, symbols
_KOREAN = (
    *("Noto Sans CJK KR", "Noto Sans KR", "Noto Sans CJK JP", "Pretendard"),
    *("Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", "NanumBarunGothic"),
    *("AppleGothic", "UnDotum", "Baekmuk Dotum"),
)


# -- letters --------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _glyphs(path: str) -> frozenset[int]:
    """The characters an outline font draws; none for a bitmap (emoji) or a broken one."""
    try:
        font = FT2Font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):
        return frozenset()


def choose_fonts(characters: set[int]) -> tuple[list[str], set[int]]:
    """Families to draw with, the base first, and the characters that none of them has."""
    families = [_BASE]
    missing = characters - _glyphs(font_manager.findfont(_BASE))
    upright = {
        entry.name: entry.fname
        for entry in font_manager.fontManager.ttflist
        # a font of last resort claims every character and draws a box
        if entry.style == "normal" and "LastResort" not in entry.name.replace(" ", "")
    }
    order = {name: rank for rank, name in enumerate(_KOREAN)}
    for name in sorted(upright, key=lambda name: (order.get(name, len(order)), name)):
        if not missing:
            break
        if found := missing & _glyphs(upright[name]):
            families.append(name)
            missing -= found
    return families, missing


class Lettering:
    """How the labels of one figure are written: in which fonts, and with what in place of boxes."""

    def __init__(self, texts: Iterable[str]):
        self.characters = {ord(c) for text in texts for c in visible(text)}
        self.families, self.missing = choose_fonts(self.characters)
        self._scratch = FigureCanvasAgg(Figure(dpi=DPI))

    def label(self, text: str, limit: int = 24) -> str:
        """The text as this machine can draw it, shortened to `limit` characters."""
        text = visible(text)
        if any(ord(c) in self.missing for c in text if HANGUL.match(c)):
            text = romanise(text)
        shown = "".join(f"‹{ord(c):X}›" if ord(c) in self.missing else c for c in text)
        return shown if len(shown) <= limit else shown[: limit - 1] + "…"

    @property
    def note(self) -> str:
        """What the caption has to say about missing letters; empty if none are."""
        hangul = {c for c in self.missing if HANGUL.match(chr(c))}
        notes = ["romanised here: Korean labels need a Korean font"] if hangul else []
        return "; ".join(notes + ["‹…›: a letter no font here has"] * bool(self.missing - hangul))

    def width(self, text: str, size: float) -> float:
        """Inches that a text of this point size is wide."""
        drawn = self._scratch.figure.text(0, 0, text, **self.style(size))
        width = drawn.get_window_extent(self._scratch.get_renderer()).width / DPI
        drawn.remove()
        return float(width)

    def style(self, size: float, color: str = INK, **more: Any) -> dict[str, Any]:
        """Text properties; `$` in a label is a dollar sign, not the start of a formula."""
        return dict(fontfamily=self.families, fontsize=size, color=color, parse_math=False, **more)


def visible(text: str) -> str:
    """The text with control characters spelled and invisible marks (joiners …) left out."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Cc", "Cs", "Zl", "Zp"):
            out.append(f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
        elif category != "Cf" and not 0xFE00 <= ord(char) <= 0xFE0F:
            out.append(char)
    return "".join(out) if "".join(out).strip() else "␣" * max(1, len(out))


def right_to_left(words: Sequence[str]) -> bool:
    """Whether a sentence runs right to left: its first letter with a direction decides."""
    kinds = (unicodedata.bidirectional(c) for word in words for c in word)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


# -- figures --------------------------------------------------------------------------------------


def heat_map(m: Map, head: int | None = None) -> Figure:
    """One layer: the weights (T, S) of one head (from 0), or the mean of all."""
    if head is not None and not 0 <= head < m.heads:
        raise UserError(
            f"map {m.name}: there is no head {head}; take one from 0 to {m.heads - 1}, or the mean"
        )
    letters = Lettering([*m.rows, *m.columns])
    return _compose([_Heat(m, head, letters)], letters)


def sheet(look: Look, kind: str = "cross") -> Figure:
    """All heads of a kind side by side: a row for each layer, a column for each head."""
    maps = [m for m in look.maps if m.kind == kind]
    if not maps:
        known = ", ".join(k for k in KINDS if any(m.kind == k for m in look.maps))
        raise UserError(f"sheet: this look has no {kind!r} attention; it has {known or 'no maps'}")
    letters = Lettering([])
    return _compose([_Sheet(maps, letters)], letters)


def alignment(look: Look) -> Figure:
    """Source words above, target words below, and a line for each link, as dark as it is strong."""
    letters = Lettering([*look.source_words, *look.target_words])
    return _compose([_Links(look, letters)], letters)


def overview(look: Look) -> Figure:
    """The alignment, the map it was read from (else the last cross one), and all its heads."""
    index, head = look.start()
    maps = [m for m in look.maps if m.kind == look.maps[index].kind]
    labels = [label for m in look.maps[index:][:1] for label in (*m.rows, *m.columns)]
    letters = Lettering([*look.source_words, *look.target_words, *labels])
    panels: list[_Panel] = [_Links(look, letters)]
    if maps:
        panels += [_Heat(look.maps[index], head, letters), _Sheet(maps, letters)]
    return _compose(panels, letters)


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": "regard"})
    return buffer.getvalue()


# -- panels ---------------------------------------------------------------------------------------


class _Panel(Protocol):
    size: tuple[float, float]  # width and height in inches

    def draw(self, place: "_Place") -> None: ...


class _Place:
    """A rectangle of a figure, in inches from its own left and top."""

    def __init__(self, figure: Figure, left: float, top: float):
        self.figure, self.left, self.top = figure, left, top

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes at a place inside the rectangle, without frame or ticks."""
        w, h = self.figure.get_size_inches()
        box = ((self.left + x) / w, 1 - (self.top + y + height) / h, width / w, height / h)
        axes = self.figure.add_axes(box)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(length=0)
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    def write(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text at a place inside the rectangle."""
        w, h = self.figure.get_size_inches()
        self.figure.text((self.left + x) / w, 1 - (self.top + y) / h, text, **style)


def _compose(panels: Sequence[_Panel], letters: Lettering) -> Figure:
    """Stack panels from the top, each centred, with a margin around and the caption below."""
    margin, gap = 0.35, 0.45
    widest = max(panel.size[0] for panel in panels)
    note = letters.note
    width = max(widest, letters.width(note, 7)) + 2 * margin
    height = sum(p.size[1] for p in panels) + gap * (len(panels) - 1) + 2 * margin
    figure = Figure(figsize=(width, height + 0.25 * bool(note)), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    top = margin
    for panel in panels:
        panel.draw(_Place(figure, (width - panel.size[0]) / 2, top))
        top += panel.size[1] + gap
    if note:
        where = _Place(figure, 0, height - 0.1)
        where.write(width / 2, 0, note, **letters.style(7, QUIET, ha="center", va="center"))
    return figure


class _Heat:
    """A labelled heat map with its scale."""

    def __init__(self, m: Map, head: int | None, letters: Lettering):
        self.m, self.letters, self.weights = m, letters, m.head(head)  # (T, S)
        self.rows, self.columns = (list(map(letters.label, names)) for names in (m.rows, m.columns))
        # comfortable cells, until a long sentence makes them small
        self.cell = min(0.32, 12 / max(len(self.rows), len(self.columns), 1))
        self.points = min(9.0, self.cell * 72 * 0.62)
        self.left, self.above = (
            max((letters.width(label, self.points) for label in labels), default=0) + 0.12
            for labels in (self.rows, self.columns)
        )
        self.above += 0.3  # the title
        self.wide, self.high = (max(len(side), 1) * self.cell for side in (self.columns, self.rows))
        which = f"mean of {m.heads} heads" if head is None else f"head {head}"
        self.title = f"{m.name} · {which}"
        wide = max(self.left + self.wide + 0.65, letters.width(self.title, 9))
        self.size = (wide, max(self.above + self.high, 1.6))

    def draw(self, place: _Place) -> None:
        place.write(0, 0, self.title, **self.letters.style(9, QUIET, va="top"))
        axes = place.axes(self.left, self.above, self.wide, self.high)
        image = _image(axes, self.weights, float(self.weights.max(initial=0)))
        style = self.letters.style(self.points)
        axes.xaxis.tick_top()
        axes.set_xticks(range(len(self.columns)), self.columns, rotation=90, **style)
        axes.set_yticks(range(len(self.rows)), self.rows, **style)
        height = min(self.high, 1.8)
        scale = place.axes(self.left + self.wide + 0.15, self.above, 0.09, height)
        bar = place.figure.colorbar(image, cax=scale, ticks=MaxNLocator(4))
        bar.outline.set_visible(False)  # type: ignore[operator]
        scale.tick_params(length=0, labelsize=7, labelcolor=QUIET)


class _Sheet:
    """Small heat maps of all heads: a row for each layer, on a scale of its own."""

    def __init__(self, maps: list[Map], letters: Lettering):
        self.maps, self.letters = maps, letters
        self.heads = max(m.heads for m in maps)
        ratio = max(len(maps[0].rows), 1) / max(len(maps[0].columns), 1)
        self.wide = min(1.3, 11 / self.heads)
        self.high = self.wide * float(np.clip(ratio, 0.5, 1.6))
        self.step = (self.wide + 0.12, self.high + 0.12)
        self.left, self.above = 0.6, 0.22
        columns, rows = self.heads, len(maps)
        self.size = (self.left + columns * self.step[0], self.above + rows * self.step[1])

    def draw(self, place: _Place) -> None:
        style = self.letters.style(7.5, QUIET)
        for head in range(self.heads):
            middle = self.left + head * self.step[0] + self.wide / 2
            place.write(middle, 0, f"head {head}", ha="center", va="top", **style)
        for row, m in enumerate(self.maps):
            y = self.above + row * self.step[1]
            place.write(0, y + self.high / 2, f"layer {m.layer}", va="center", **style)
            for head in range(m.heads):
                axes = place.axes(self.left + head * self.step[0], y, self.wide, self.high)
                _image(axes, m.weights[head], float(m.weights.max(initial=0)))


def _image(axes: Axes, weights: np.ndarray, top: float) -> AxesImage:
    low = min(0.0, float(weights.min(initial=0)))
    if not weights.size:  # an empty sentence: nothing to colour, but a picture all the same
        weights = np.zeros((1, 1), np.float32)
    how: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest"}
    return axes.imshow(weights, cmap=HEAT, vmin=low, vmax=max(top, low + 1e-6), **how)


class _Links:
    """Two lines of words with the alignment between them."""

    def __init__(self, look: Look, letters: Lettering):
        self.letters, self.links = letters, look.alignment
        lines = (look.source_words, look.target_words)
        self.words = [[letters.label(word) for word in line] for line in lines]
        self.back = [right_to_left(line) for line in lines]
        self.points = 12.0
        self.boxes = [self._boxes(words) for words in self.words]
        widest = max((x + w for boxes in self.boxes for x, w in boxes), default=1.0)
        if widest > 20:  # a very long sentence is written smaller instead of wider
            self.points *= 20 / widest
            self.boxes = [[(x * 20 / widest, w * 20 / widest) for x, w in b] for b in self.boxes]
        self.size = (min(widest, 20.0), 1.9)

    def _boxes(self, words: list[str]) -> list[tuple[float, float]]:
        """Left edge and width of each word, in inches."""
        x, boxes = 0.0, []
        for word in words:
            boxes.append((x, self.letters.width(word, self.points)))
            x += boxes[-1][1] + 0.17
        return boxes

    def draw(self, place: _Place) -> None:
        width, height = self.size
        axes = place.axes(0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))  # inches, from the top
        style = self.letters.style(self.points, ha="center", va="center")
        middles = []
        for y, words, boxes, back in zip(
            (0.15, height - 0.15), self.words, self.boxes, self.back, strict=True
        ):
            end = sum(boxes[-1]) if boxes else 0.0  # each line is centred
            shift = (width - end) / 2
            spots = [shift + (end - x - w if back else x) + w / 2 for x, w in boxes]
            for spot, word in zip(spots, words, strict=True):
                axes.text(spot, y, word, **style)
            middles.append(spots)
        top = max((weight for *_, weight in self.links), default=1.0) or 1.0
        for s, t, weight in sorted(self.links, key=lambda link: link[2]):
            self._curve(axes, middles[0][s], middles[1][t], float(np.clip(weight / top, 0, 1)))

    def _curve(self, axes: Axes, x0: float, x1: float, strength: float) -> None:
        above, below = 0.36, self.size[1] - 0.36
        middle = (above + below) / 2
        points = [(x0, above), (x0, middle), (x1, middle), (x1, below)]
        curve = Curve(points, [Curve.MOVETO, *[Curve.CURVE4] * 3])
        line = {"alpha": 0.12 + 0.78 * strength, "lw": 0.6 + 1.6 * strength, "edgecolor": ACCENT}
        axes.add_patch(PathPatch(curve, facecolor="none", capstyle="round", **line))
