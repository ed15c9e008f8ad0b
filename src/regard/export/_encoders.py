"""Encoders back to Hugging Face: a checkpoint that `transformers` opens, and how exact it is.

`N` rows, `S` tokens, `D` width, `V` vocabulary.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regard.data.corpus.base import lines as read
from regard.data.reading import Batch, Frame, collate
from regard.data.tokenizer import base as tokenizers
from regard.data.tokenizer.base import BOS, EOS
from regard.data.tokenizer.foreign import ForeignTokenizer
from regard.export import hf
from regard.export.parity import Sample
from regard.outside import _back
from regard.recipe import UserError, kind_of
from regard.run import Run, whole_folder, write_json
from regard.tasks.loading import weighted

CLOSE = 1e-4  # largest difference of scores that is still rounding
ROWS, LONGEST = 16, 48
SAID = (  # cut by both, unless a file is given
    "The quick brown fox, aged 7, can't jump over 3.5 dogs.",
    "Größenwahn naïve façade — «déjà vu»", "영화가 정말 재미있었어요!", "東京は夜の七時",
    "🙂👍🏽 e-mail: a@b.org  two  spaces", "def f(x): return x**2",
)  # fmt: skip


@dataclass
class Parity:
    """What was compared: vectors and scores of `rows` random rows, tokens of `lines`."""

    kind: str
    precision: str
    rows: int
    lines: int
    same_lines: int
    largest_hidden: float
    largest_score: float
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def exact_enough(self) -> bool:
        """Is all that differs rounding?"""
        return self.largest_score <= CLOSE and self.same_lines == self.lines

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        word = "exact enough" if self.exact_enough else "NOT EXACT"
        return (
            f"{word}: scores of {self.rows} rows differ by {self.largest_score:.2g} at most, "
            f"vectors by {self.largest_hidden:.2g}; {self.same_lines} of {self.lines} lines have "
            "the very same tokens"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "exact_enough": self.exact_enough, "sentence": self.sentence}


def export(
    run: Run, out: Path, to: str, sample: Sample, tell: Callable[[str], object]
) -> Parity:  # fmt: skip
    """Write a run of a checkpoint as one, then compare both. Raises UserError if it cannot be."""
    recipe: Any = run.recipe
    tokenizer = refused(run, to)
    hf.library()  # complain before the work
    model = weighted(recipe.build(tokenizer.size), run).eval()
    lines = list(SAID) if sample.source is None else list(read(Path(sample.source)))
    lines = lines[: sample.count]
    with whole_folder(out) as aside:
        tell(f"writing {to} float32 …")
        _back.write(model, recipe, tokenizer, aside)
        tell(f"comparing {ROWS} rows and the tokens of {len(lines)} lines …")
        report = compare(model, tokenizer, aside, lines, to)
        report.facts = {"run": run.folder.name, "weights": run.fingerprint()}
        write_json(aside / "parity.json", report.as_dict())
    return report


def refused(run: Run, to: str) -> ForeignTokenizer:
    """The run's tokenizer. Raises UserError if there is no such export of the run."""
    recipe: Any = run.recipe
    if to != "hf":
        raise UserError(f"{run.folder}: no export of {recipe.task} to {to}, only to hf")
    if recipe.task != "mlm" or kind_of(recipe.data.tokenizer) != "foreign":
        raise UserError(
            f"{run.folder}: no export to hf: of encoders only runs of mlm can have it whose "
            "tokenizer came with `regard import`"
        )
    found = tokenizers.load(run.tokenizer)
    assert isinstance(found, ForeignTokenizer)
    return found


def compare(
    model: Any, tokenizer: ForeignTokenizer, folder: Path, lines: list[str], to: str
) -> Parity:
    """Both over the same rows, and the same lines."""
    package = hf.library()
    other = hf.loaded(folder, "AutoModelForMaskedLM")
    theirs = package.AutoTokenizer.from_pretrained(folder)
    cut = [theirs(line, add_special_tokens=False, split_special_tokens=True)["input_ids"]
           for line in lines]  # fmt: skip
    own = [tokenizer.order.theirs[row].tolist() for row in tokenizer.encode(lines)]
    batch = drawn(tokenizer, min(LONGEST, model.reader.encoder.stack.position.table.num_embeddings))
    hidden, scores = answers(model, other, batch, tokenizer)
    same = sum(a == b for a, b in zip(cut, own, strict=True))
    return Parity(to, "float32", ROWS, len(lines), same, hidden, scores)


def drawn(tokenizer: ForeignTokenizer, longest: int) -> Batch:
    """Rows of random tokens, of unequal length, of one text or two."""
    chance = torch.Generator().manual_seed(1)
    first, frames = len(tokenizer.facts.specials), []
    for row in range(ROWS):
        length = longest - row % max(longest - 4, 1)
        ids = torch.randint(first, tokenizer.size, (length - 2,), generator=chance).tolist()
        frames.append(Frame([BOS, *ids, EOS], length // 2 if row % 2 else length))
    return collate(frames)


@torch.inference_mode()
def answers(
    model: Any, other: Any, batch: Batch, tokenizer: ForeignTokenizer
) -> tuple[float, float]:
    """The largest difference of vectors (N S D) and of scores (N S V)."""
    order = torch.from_numpy(tokenizer.order.theirs)
    x = model.reader(batch.tokens, batch.ok, batch.segments).x
    weight, bias = model.head
    scores = model.hidden(x) @ weight.T + bias
    kinds = {} if model.reader.segment is None else {"token_type_ids": batch.segments}
    found = other(
        order[batch.tokens], attention_mask=batch.ok.long(), output_hidden_states=True, **kinds
    )
    vectors = far(x, found.hidden_states[-1], batch.ok)
    return vectors, far(scores, found.logits[..., order], batch.ok)


def far(a: Tensor, b: Tensor, ok: Tensor) -> float:
    """The largest difference where there is a token."""
    return float((a - b)[ok].abs().max())
