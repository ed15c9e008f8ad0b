"""Pictures of a look with matplotlib: heat maps, a sheet of all heads, the alignment, an overview.

Figures are made as objects (no pyplot, no global state) and drawn by Agg. A label whose letters no
installed font has is not drawn as boxes: Hangul is romanised, the rest shown as code points, and
the caption says so. Shapes: `H` heads, `T` queries (rows), `S` keys (columns).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path as Curve
from matplotlib.patches import PathPatch

from regard.look.maps import KINDS, Look, Map
from regard.look.romanise import HANGUL, romanise
from regard.recipe import UserError

INK, QUIET, ACCENT = "#23252e", "#7c7f8c", "#3b50a0"
HEAT = LinearSegmentedColormap.from_list("regard", ["#f6f5f1", "#b9c3e2", "#3b50a0", "#141a3a"])
DPI = 160
_BASE = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic, symbols
_KOREAN = (
    *("Noto Sans CJK KR", "Noto Sans KR", "Noto Sans CJK JP", "Pretendard", "Apple SD Gothic Neo"),
    *("Malgun Gothic", "NanumGothic", "NanumBarunGothic", "AppleGothic", "UnDotum", "Baekmuk Dotum"),
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

    def style(self, size: float, color: str = INK, **more: Any) -> dict[str, Any]:
        """Text properties; `$` in a label is a dollar sign, not the start of a formula."""
        return dict(fontfamily=self.families, fontsize=size, color=color, parse_math=False, **more)


def visible(text: str) -> str:
    """The text with control characters spelled and invisible marks (joiners, selectors) left out."""
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
        raise UserError(f"map {m.name}: no head {head}; it has heads 0 to {m.heads - 1}, or the mean")
    letters = Lettering([*m.rows, *m.columns])
    figure = _figure(*_heat_size(m))
    _draw_heat(figure, m, head, letters)
    _caption(figure, letters)
    return figure


def sheet(look: Look, kind: str = "cross") -> Figure:
    """All heads of a kind side by side: a row for each layer, a column for each head."""
    maps = [m for m in look.maps if m.kind == kind]
    if not maps:
        known = ", ".join(k for k in KINDS if any(m.kind == k for m in look.maps)) or "no maps at all"
        raise UserError(f"sheet: this look has no {kind!r} attention; it has {known}")
    figure = _figure(*_sheet_size(maps))
    _draw_sheet(figure, maps)
    return figure


def alignment(look: Look) -> Figure:
    """Source words above, target words below, and a line for each link, as dark as it is strong."""
    letters = Lettering([*look.source_words, *look.target_words])
    figure = _figure(*_alignment_size(look))
    _draw_alignment(figure, look, letters)
    _caption(figure, letters)
    return figure


def overview(look: Look) -> Figure:
    """One page: the alignment, the last cross-attention (else the last map), and all its heads."""
    maps = [m for m in look.maps if m.kind == "cross"] or look.maps[-1:]
    labels = [label for m in maps[-1:] for label in (*m.rows, *m.columns)]
    letters = Lettering([*look.source_words, *look.target_words, *labels])
    sizes = [_alignment_size(look)]
    if maps:
        sizes += [_heat_size(maps[-1]), _sheet_size(maps)]
    figure = _figure(max(w for w, _ in sizes), sum(h for _, h in sizes))
    parts = np.atleast_1d(figure.subfigures(len(sizes), 1, height_ratios=[h for _, h in sizes]))
    _draw_alignment(parts[0], look, letters)
    if maps:
        _draw_heat(parts[1], maps[-1], None, letters)
        _draw_sheet(parts[2], maps)
    _caption(figure, letters)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": "regard"})
    return buffer.getvalue()


# -- drawing --------------------------------------------------------------------------------------


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _caption(figure: Figure, letters: Lettering) -> None:
    if letters.note:
        figure.supxlabel(letters.note, x=0.5, fontsize=7, color=QUIET, fontfamily=_BASE)


def _cell(m: Map) -> float:
    """The side of a heat map's cell in inches: comfortable, until a long sentence makes it small."""
    return min(0.3, 13 / max(len(m.rows), len(m.columns), 1))


def _heat_size(m: Map) -> tuple[float, float]:
    cell = _cell(m)
    return max(4.2, cell * len(m.columns) + 2.4), max(2.4, cell * len(m.rows) + 1.9)


def _draw_heat(figure: Figure | SubFigure, m: Map, head: int | None, letters: Lettering) -> None:
    axes, weights = figure.subplots(), m.head(head)  # (T, S)
    style = letters.style(min(9, _cell(m) * 72 * 0.62))
    image = _image(axes, weights, float(weights.max(initial=0)), "equal")
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(m.columns)), [letters.label(c) for c in m.columns], rotation=90, **style)
    axes.set_yticks(range(len(m.rows)), [letters.label(r) for r in m.rows], **style)
    axes.tick_params(length=0, pad=4)
    which = f"mean of {m.heads} heads" if head is None else f"head {head + 1} of {m.heads}"
    axes.set_title(f"{m.name} · {which}", **letters.style(9, QUIET), loc="left", pad=10)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=24, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=7, labelcolor=QUIET)


def _image(axes: Axes, weights: np.ndarray, top: float, aspect: str) -> Any:
    low = min(0.0, float(weights.min(initial=0)))
    for side in axes.spines.values():
        side.set_visible(False)
    if not weights.size:  # an empty sentence: nothing to colour, but a picture all the same
        weights = np.zeros((1, 1), np.float32)
    how: dict[str, Any] = {"aspect": aspect, "interpolation": "nearest"}
    return axes.imshow(weights, cmap=HEAT, vmin=low, vmax=max(top, low + 1e-6), **how)


def _sheet_size(maps: list[Map]) -> tuple[float, float]:
    width, height = _panel(maps)
    return width * max(m.heads for m in maps) + 0.9, (height + 0.12) * len(maps) + 0.6


def _panel(maps: list[Map]) -> tuple[float, float]:
    ratio = max(len(maps[0].rows), 1) / max(len(maps[0].columns), 1)
    width = min(1.5, 12 / max(m.heads for m in maps))
    return width, width * float(np.clip(ratio, 0.5, 1.6))


def _draw_sheet(figure: Figure | SubFigure, maps: list[Map]) -> None:
    heads = max(m.heads for m in maps)
    grid = figure.subplots(len(maps), heads, squeeze=False)
    for m, row in zip(maps, grid, strict=True):
        top = float(m.weights.max(initial=0))
        for head, axes in enumerate(row):
            if head >= m.heads:
                axes.axis("off")
                continue
            _image(axes, m.weights[head], top, "auto")
            axes.set_xticks([])
            axes.set_yticks([])
            if m is maps[0]:
                axes.set_title(f"head {head + 1}", fontsize=7.5, color=QUIET)
        name = {"fontsize": 7.5, "color": QUIET, "rotation": 0, "ha": "right", "va": "center"}
        row[0].set_ylabel(f"layer {m.layer + 1}", **name)


_WORD, _GAP = 12.0, 0.17  # point size of a word, inches between two


def _advance(word: str) -> float:
    """About how wide a word is, in inches; a full-width letter takes two thirds more."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in word)
    return (0.62 * len(word) + 0.42 * wide) * _WORD / 72 + _GAP


def _alignment_size(look: Look) -> tuple[float, float]:
    lines = (look.source_words, look.target_words)
    width = max(sum(_advance(w[:24]) for w in words) for words in lines) + 0.8
    return float(np.clip(width, 4.2, 24)), 2.2


def _draw_alignment(figure: Figure | SubFigure, look: Look, letters: Lettering) -> None:
    axes = figure.subplots()
    axes.axis("off")
    axes.set_ylim(-0.25, 1.25)
    above = _lay(axes, look.source_words, 1.0, letters)
    below = _lay(axes, look.target_words, 0.0, letters)
    axes.set_xlim(-0.1, max([0.1, *(x + w for x, w in above + below)]) + 0.1)
    top = max((w for *_, w in look.alignment), default=1.0) or 1.0
    for s, t, weight in look.alignment:
        strength = float(np.clip(weight / top, 0, 1))
        (x0, w0), (x1, w1) = above[s], below[t]
        x0, x1 = x0 + w0 / 2, x1 + w1 / 2
        points = [(x0, 0.84), (x0, 0.5), (x1, 0.5), (x1, 0.16)]
        curve = Curve(points, [Curve.MOVETO, *[Curve.CURVE4] * 3])
        line = {"edgecolor": ACCENT, "alpha": 0.12 + 0.78 * strength, "lw": 0.6 + 1.6 * strength}
        axes.add_patch(PathPatch(curve, facecolor="none", capstyle="round", **line))


def _lay(axes: Axes, words: list[str], y: float, letters: Lettering) -> list[tuple[float, float]]:
    """Write words along a line at their measured width; (left, width) of each, in inches of ink."""
    renderer = axes.figure.get_figure(root=True).canvas.get_renderer()  # type: ignore[union-attr]
    x, places, texts = 0.0, [], []
    for word in words:
        text = axes.text(0, y, letters.label(word), va="center", ha="center", **letters.style(_WORD))
        width = text.get_window_extent(renderer).width / DPI
        texts.append(text)
        places.append((x, width))
        x += width + _GAP
    if right_to_left(words):
        places = [(x - _GAP - left - width, width) for left, width in places]
    for text, (left, width) in zip(texts, places, strict=True):
        text.set_x(left + width / 2)
    return places
