"""What a look into a model found: attention maps, a word alignment, token probabilities, the beam.

Holding and saving only: `capture` fills these from a model, `page` and `figure` draw them.
Shapes: `H` heads, `T` queries (rows), `S` keys (columns).
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from regard.look import saving
from regard.recipe import UserError

KINDS = ("cross", "self", "encoder")


@dataclass(frozen=True, eq=False)
class Map:
    """The attention weights (H, T, S) of one layer, float32, with labels for rows and columns."""

    name: str  # such as "decoder.0.cross"
    kind: str  # cross, self or encoder
    layer: int
    weights: np.ndarray
    rows: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, np.float32)
        object.__setattr__(self, "weights", weights)
        if self.kind not in KINDS:
            raise UserError(f"map {self.name}: kind {self.kind!r} is not one of {', '.join(KINDS)}")
        labels = (len(self.rows), len(self.columns))
        if weights.ndim != 3 or not weights.shape[0] or weights.shape[1:] != labels:
            raise UserError(
                f"map {self.name}: weights of shape {weights.shape} do not fit the labels; "
                f"(heads, {labels[0]}, {labels[1]}) would"
            )
        if not np.isfinite(weights).all():
            raise UserError(f"map {self.name}: weights must be finite; some are NaN or infinite")

    @property
    def heads(self) -> int:
        """Number of heads."""
        return int(self.weights.shape[0])

    def head(self, index: int | None = None) -> np.ndarray:
        """The weights (T, S) of one head counted from 0, or of the mean of all heads."""
        return self.weights.mean(0) if index is None else self.weights[index]


@dataclass(frozen=True, eq=False)
class Look:
    """One sentence and its translation, with everything that was seen on the way.

    `alignment` holds (source word, target word, weight) with indices into the word lists;
    `token_scores` holds a probability between 0 and 1 for each target token; a `beam` entry is a
    dict with `text`, and where known `score`, `chosen`, `fate` (kept, finished, pruned) and
    `children` (a list of such dicts).
    """

    source: str
    target: str
    maps: list[Map]
    alignment: list[tuple[int, int, float]]
    source_words: list[str]
    target_words: list[str]
    token_scores: list[tuple[str, float]] = field(default_factory=list)
    beam: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = (len(self.source_words), len(self.target_words))
        for s, t, _ in self.alignment:
            if not (0 <= s < sizes[0] and 0 <= t < sizes[1]):
                raise UserError(
                    f"alignment: link ({s}, {t}) points outside {sizes[0]} source words and "
                    f"{sizes[1]} target words; indices count from 0"
                )
        for token, p in self.token_scores:
            if not 0 <= p <= 1.0001:  # a float32 softmax may end a hair above one
                raise UserError(f"token_scores: {p} for {token!r} is not a probability (0 to 1)")

    def start(self) -> tuple[int, int | None]:
        """Which map (its index) and head to show first: the alignment's, else the last cross.

        `meta["alignment"]` says where the alignment was read, such as "decoder.2.cross, head 3".
        """
        where = re.match(r"(\S+?)(?:, .*?head (\d+)|,|$)", str(self.meta.get("alignment", "")))
        for index, m in enumerate(self.maps):
            if where and m.name == where[1]:
                head = int(where[2]) if where[2] else None
                return index, head if head is not None and head < m.heads else None
        cross = [index for index, m in enumerate(self.maps) if m.kind == "cross"]
        return (cross[-1] if cross else len(self.maps) - 1), None

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; the weights as lists that give the same float32 back."""
        maps = [{**vars(m), "weights": m.weights.tolist()} for m in self.maps]
        links = [[int(s), int(t), float(w)] for s, t, w in self.alignment]
        scores = [[token, float(p)] for token, p in self.token_scores]
        return {**vars(self), "maps": maps, "alignment": links, "token_scores": scores}

    def save(self, path: str | Path) -> Path:
        """Write a page (.html), a picture (.png) or the data (.json); it appears only complete."""
        from regard.look.page import html  # which is about looks, so needs this file

        def picture() -> bytes:
            from regard.look.figure import overview, png  # matplotlib takes a second to load

            return png(overview(self))

        return saving.save(path, lambda: html(self), picture, self.record)

    @classmethod
    def load(cls, path: str | Path) -> "Look":
        """Read what `save` wrote as .json; UserError if the file is something else."""
        try:
            record = json.loads(Path(path).read_bytes())
            record["maps"] = [Map(**m) for m in record["maps"]]
            record["alignment"] = [(s, t, w) for s, t, w in record["alignment"]]
            record["token_scores"] = [(token, p) for token, p in record["token_scores"]]
            return cls(**record)
        except UserError:
            raise
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise UserError(f"{path}: not a look; a .json that Look.save wrote would do") from None
