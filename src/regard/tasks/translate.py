"""Translation: parallel rows in, an objective to train for, answers scored by BLEU and chrF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from regard.data import parallel
from regard.data.corpus.base import languages
from regard.data.parallel import Codec
from regard.evaluate.scores import all_scores
from regard.models import seq2seq
from regard.models.tuning.full import Config as Full
from regard.recipe import Lazy, Part, UserError
from regard.run import Run
from regard.tasks import confidence, starting_translator
from regard.tasks.base import Dev
from regard.tasks.decode.greedy import Config as Greedy
from regard.tasks.loading import seeded, spread, weighted
from regard.tasks.objective.base import Loss
from regard.tasks.translator import Translator, Wish


class Config(starting_translator.Starting):
    """A recipe for a translator.

    `start`: a run to start from: an encoder-decoder, or an encoder that reads the source first.
    `tuning`: what of the model learns. `dev_rows`: how many are answered while training (0: all).
    """

    verb = "translate"
    task: Literal["translate"] = "translate"
    data: parallel.Config
    model: seq2seq.Config = seq2seq.Config()
    tuning: Annotated[Any, Part("models.tuning", default="full")] = Full()
    objective: Annotated[Any, Part("tasks.objective", default="likelihood")] = "likelihood"
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012
    decode: Annotated[Any, Part("tasks.decode", default="beam")] = "beam"
    dev_rows: int = Field(500, ge=0)

    def begin(self, run: Run) -> "Translate":
        """The task as the loop trains it: corpus read, tokenizers trained or found in the run."""
        return Translate(self, run)

    def codec(self, run: Run) -> Codec:
        """The run's tokenizers."""
        return Codec.load(run.tokenizer, self.data)

    def build(self, codec: Codec) -> seq2seq.Seq2Seq:
        """The model for these vocabularies, freshly initialised from the seed."""
        with seeded(self.seed):
            model = self.model.build(codec.source.size, codec.target.size)
            self.tuning.apply(model, "" if self.model.reader is None else "embed.reader")
        return model


class Translate:
    """See `tasks.base.Task`."""

    def __init__(self, recipe: Config, run: Run):
        self.recipe = recipe
        codec, source = starting_translator.known(recipe, run)
        self.data = parallel.prepare(recipe.data, recipe.seed, codec, run.folder, source)
        self.codec, self.blocks = self.data.codec, self.data.blocks
        self.dev_rows = spread(recipe.data.rows("dev", drop_empty=True).rows, recipe.dev_rows)
        if not self.dev_rows:
            raise UserError("data: the dev corpus has no row with two sides")
        self.model: nn.Module = recipe.build(self.codec)
        starting_translator.begin(self.model, recipe, run)

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return self.data.batches(budget, turn)

    def batch(self, rows: np.ndarray, turn: int) -> parallel.Batch:
        """These rows, padded."""
        return self.data.batch(rows, turn)

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Target tokens."""
        return self.data.tokens(rows, turn)

    def loss(self, batch: parallel.Batch) -> Loss:
        """The objective's."""
        return self.recipe.objective(self.model, batch, self)

    def dev(self, device: torch.device) -> Dev:
        """BLEU of greedy answers (several directions: the mean), and the references' mean loss."""
        training = self.model.training
        used = Translator([self.model], self.codec, Greedy(), self.recipe.data.max_length)  # type: ignore[list-item]
        scores: dict[str, dict[str, float]] = {}
        samples, nll, tokens = [], 0.0, 0
        for direction in self.recipe.data.directions:
            rows = [(r.source, r.target) for r in self.dev_rows if r.direction == direction]
            if not rows:  # fewer rows than directions
                continue
            sources, references = zip(*rows, strict=True)
            outputs = [answer.text for answer in used.translate(sources, Wish(direction))]
            nll -= sum(used.score(sources, references, direction))
            tokens += sum(map(len, self.codec.given(sources, references, direction)[1]))
            found = all_scores(outputs, references, languages(direction)[1], ("bleu", "chrf"))
            scores[direction] = {f"dev_{name}": score.value for name, score in found.items()}
            named = zip(sources, outputs, references, strict=True)
            samples += [dict(zip(("source", "output", "reference"), x, strict=True)) for x in named]
        self.model.train(training)
        shown = {"dev_nll": nll / tokens}
        for name in ("dev_bleu", "dev_chrf"):
            shown[name] = sum(found[name] for found in scores.values()) / len(scores)
            if len(scores) > 1:
                shown |= {f"{name}_{direction}": found[name] for direction, found in scores.items()}
        return Dev(shown["dev_bleu"], shown, samples[:: max(1, len(samples) // 3)][:3])

    def save(self, folder: Path) -> None:
        """The tokenizers."""
        self.codec.save(folder)

    def facts(self) -> dict[str, Any]:
        """Rows, vocabulary, and the share of padding in a turn's batches."""
        turn = self.data.at_hand
        batches = self.data.batches(self.recipe.train.batch_tokens, turn)
        return {
            "directions": list(self.recipe.data.directions),
            "train_rows": len(self.data.corpus), "blank_rows_left_out": self.data.corpus.dropped,
            "rows_too_long": self.data.too_long, "dev_rows": len(self.dev_rows),
            "vocabulary": sorted({self.codec.source.size, self.codec.target.size}),
            "padding": round(self.data.waste(batches, turn), 4),
        }  # fmt: skip


def load(runs: Sequence[Run], device: str = "cpu", decode: Any = None) -> Translator:
    """A translator from one run, or an ensemble of several with the same vocabulary.

    Raises UserError if a run is not whole, or if they differ in vocabulary or directions.
    """
    recipes = [run.recipe for run in runs]
    codecs, models = [], []
    for run, recipe in zip(runs, recipes, strict=True):
        if not isinstance(recipe, Config):
            raise UserError(f"{run.folder}: this run does not translate")
        codecs.append(recipe.codec(run))
        models.append(weighted(recipe.build(codecs[-1]), run).to(device))
    first = codecs[0]
    for run, codec in zip(runs, codecs, strict=True):
        if (codec.target.names, codec.source.names) != (first.target.names, first.source.names):
            raise UserError(f"{run.folder}: another vocabulary than {runs[0].folder}: no ensemble")
        if codec.directions != first.directions:
            raise UserError(f"{run.folder}: other directions than {runs[0].folder}: no ensemble")
    longest = min(recipe.data.max_length for recipe in recipes)  # type: ignore[attr-defined]
    made = Translator(models, first, decode or recipes[0].decode, longest)  # type: ignore[attr-defined]
    made.confidence = confidence.read(runs[0]) if len(runs) == 1 else None
    return made
