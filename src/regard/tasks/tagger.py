"""A tagger in use: N sentences in, N answers out, a tag for each word, however long they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from regard.data.tokenizer.base import Tokenizer
from regard.data.words import Piece, collated, pieces
from regard.evaluate.temperature import scaled
from regard.models.tagged import Tagged
from regard.recipe import UserError
from regard.tasks.judging import Judged, numbered
from regard.tasks.lines import blank
from regard.tasks.workers import BATCH, batches

if TYPE_CHECKING:
    from regard.tasks.tag import Config


@dataclass
class Sentence:
    """A line's words, the tag of each, and how probable it is. A blank line has none."""

    words: list[str]
    tags: list[str]
    probabilities: list[float]

    def __str__(self) -> str:
        """`word/TAG word/TAG`."""
        return " ".join(f"{w}/{t}" for w, t in zip(self.words, self.tags, strict=True))


class Tagger:
    """Texts in, tagged words out; words are what white space divides."""

    def __init__(self, recipe: "Config", model: Tagged, tokenizer: Tokenizer, tags: Sequence[str]):
        self.recipe, self.model, self.tokenizer = recipe, model.eval(), tokenizer
        self.tags, self.longest = list(tags), recipe.data.max_length
        self.temperature = 1.0  # see `regard calibrate`

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def tag(self, texts: Sequence[str]) -> list[Sentence]:
        """Each text's words with their tags, in order."""
        words = [[] if blank(text) else text.split() for text in texts]
        found = [Sentence(row, [], []) for row in words]
        for row, said in zip(found, self.said(words), strict=True):
            row.tags += [self.tags[i] for i in said.argmax(1).tolist()]
            row.probabilities += said.max(1).tolist()
        return found

    def judge(self, data: Any, split: str) -> Judged:
        """The words of a split of the data, tagged. Raises UserError for an unknown tag."""
        rows = data.rows(split)
        references = [tag for row in rows for tag in row.label.split()]
        numbered(references, self.tags)
        said = np.concatenate(self.said([row.texts[0].split() for row in rows]))
        if len(said) != len(references):
            raise UserError(f"data: {len(said)} words and {len(references)} tags in {split}")
        answers = [self.tags[i] for i in said.argmax(1).tolist()]
        return Judged(answers, references, self.tags, said)

    def said(self, rows: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """How probable each tag of each word of each row is: words x tags."""
        cut = pieces(self.tokenizer, [" ".join(row) for row in rows], self.longest)
        parts: list[list[np.ndarray]] = [[np.empty((0, len(self.tags)))] for _ in rows]
        for piece, scores in zip(cut, self.scores(cut), strict=True):
            parts[piece.row].append(scaled(scores.softmax(-1).numpy(), self.temperature))
        return [np.concatenate(row) for row in parts]

    @torch.inference_mode()
    def scores(self, cut: Sequence[Piece]) -> list[Tensor]:
        """What the head gives for each word of each piece, on the CPU."""
        found = [torch.empty(0)] * len(cut)
        for chosen in batches([len(piece.ids) for piece in cut], 1, BATCH):
            read = collated([cut[i] for i in chosen]).to(self.device)
            scores = self.model(read.tokens, read.ok, read.first).double().cpu()
            for i, part in zip(
                chosen, scores.split([len(cut[i].first) for i in chosen]), strict=True
            ):
                found[i] = part
        return found
