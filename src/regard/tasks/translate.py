"""Translation: parallel rows in, likelihood (or another objective) up, answers scored by BLEU and chrF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from regard.data import parallel
from regard.data.corpus.base import Row
from regard.data.parallel import Codec, Parallel
from regard.evaluate.scores import all_scores
from regard.models import seq2seq
from regard.recipe import Lazy, Part, Recipe, UserError
from regard.run import Run
from regard.tasks.base import Dev
from regard.tasks.decode.greedy import Config as Greedy
from regard.tasks.objective.base import Loss
from regard.tasks.translator import Translator, Wish


class Config(Recipe):
    """A recipe for a translator. `dev_rows`: how many dev rows are answered while training (0: all)."""

    task: Literal["translate"] = "translate"
    data: parallel.Config
    model: seq2seq.Config = seq2seq.Config()
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
        torch.manual_seed(self.seed)
        return self.model.build(codec.source.size, codec.target.size)


class Translate:
    """See `tasks.base.Task`."""

    def __init__(self, recipe: Config, run: Run):
        self.recipe = recipe
        corpus = recipe.data.rows("train", drop_empty=True)
        self.dropped = corpus.dropped
        if not corpus.rows:
            raise UserError("data: the training corpus has no row with two sides")
        if run.tokenizer.exists():
            self.codec = recipe.codec(run)
        else:
            self.codec = Codec.train(recipe.data, corpus.rows)
        self.data = Parallel(recipe.data, self.codec, corpus.rows, recipe.seed)
        self.dev_rows = spread(recipe.data.rows("dev", drop_empty=True).rows, recipe.dev_rows)
        self.model: nn.Module = recipe.build(self.codec)

    def batches(self, budget: int, epoch: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of an epoch, in order."""
        return self.data.batches(budget, epoch)

    def batch(self, rows: np.ndarray, epoch: int) -> parallel.Batch:
        """These rows, padded."""
        return self.data.batch(rows, epoch)

    def weight(self, rows: np.ndarray, epoch: int) -> int:
        """Target tokens."""
        return self.data.tokens(rows, epoch)

    def loss(self, batch: parallel.Batch) -> Loss:
        """The objective's."""
        return self.recipe.objective(self.model, batch, self)

    def dev(self, device: torch.device) -> Dev:
        """BLEU of greedy answers, and the mean loss of the references."""
        rows, model = self.dev_rows, self.model
        training = model.training
        used = Translator([model], self.codec, Greedy(), self.recipe.data.max_length)  # type: ignore[list-item]
        hyps, nll, count = [""] * len(rows), 0.0, 0
        for direction in self.recipe.data.directions:
            at = [i for i, r in enumerate(rows) if r.direction == direction]
            texts = [rows[i].source for i in at]
            for i, answer in zip(at, used.translate(texts, Wish(direction)), strict=True):
                hyps[i] = answer.text
            nll -= sum(used.score(texts, [rows[i].target for i in at], direction))
        count = sum(len(ids) for ids in self.codec.targets([r.target for r in rows]))
        model.train(training)
        language = self.recipe.data.directions[0].rpartition("-")[2]
        scores = all_scores(hyps, [r.target for r in rows], language, ("bleu", "chrf"))
        shown = {"dev_nll": nll / max(count, 1), **{f"dev_{k}": s.value for k, s in scores.items()}}
        samples = [
            {"source": r.source, "output": h, "reference": r.target}
            for r, h in list(zip(rows, hyps, strict=True))[:: max(1, len(rows) // 3)][:3]
        ]
        return Dev(scores["bleu"].value, shown, samples)

    def save(self, folder: Path) -> None:
        """The tokenizers."""
        self.codec.save(folder)

    def facts(self) -> dict[str, Any]:
        """Rows and vocabulary."""
        return {
            "directions": list(self.recipe.data.directions),
            "train_rows": len(self.data.rows), "blank_rows_left_out": self.dropped,
            "rows_too_long": self.data.too_long, "dev_rows": len(self.dev_rows),
            "vocabulary": sorted({self.codec.source.size, self.codec.target.size}),
        }  # fmt: skip


def spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, evenly taken from all (0: all)."""
    if not most or len(rows) <= most:
        return list(rows)
    return [rows[i * len(rows) // most] for i in range(most)]


def load(runs: Sequence[Run], device: str = "cpu", decode: Any = None) -> Translator:
    """A translator from one run, or an ensemble of several with the same vocabulary.

    Raises UserError if a run is not whole or the vocabularies differ.
    """
    from safetensors.torch import load_file

    recipes = [run.recipe for run in runs]
    codecs, models = [], []
    for run, recipe in zip(runs, recipes, strict=True):
        if not isinstance(recipe, Config):
            raise UserError(f"{run.folder}: this run does not translate")
        codec = recipe.codec(run)
        if not run.model.exists():
            raise UserError(f"{run.folder}: no model.safetensors yet: training has not ended")
        model = recipe.build(codec)
        try:
            model.load_state_dict(load_file(run.model, device="cpu"), strict=False)
        except Exception as error:
            raise UserError(f"{run.model}: damaged, or of another recipe ({error})") from None
        codecs.append(codec)
        models.append(model.to(device))
    first = codecs[0]
    for run, codec in zip(runs, codecs, strict=True):
        if (codec.target.names, codec.source.names) != (first.target.names, first.source.names):
            raise UserError(f"{run.folder}: another vocabulary than {runs[0].folder}: no ensemble")
    recipe = recipes[0]
    assert isinstance(recipe, Config)
    return Translator(models, first, decode or recipe.decode, recipe.data.max_length)
