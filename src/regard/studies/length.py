"""Does a fixed vector fail on long sentences? BLEU by source length, with attention and without.

Claim (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473, 1 and 5.2.2): translations get worse
with length where one fixed vector must hold the source, and do not where the decoder looks at it.
Experiment: Multi30k has 13 words a line, so its German-English pairs are joined, one to five at a
time, in training as in the test. The two models differ in the decoder only and take the same steps
over the same batches.
"""

import gzip
import json
import lzma
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import regard
from regard.studies import _length_page as page

SIZES = (1, 2, 3, 4, 5)  # sentences a row
WINDOW = 60  # any of the sizes divides it
MODELS = ("fixed", "attention")
SPLITS = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
GAIN, LEVEL, RATIO = 4.0, 0.01, 2.0  # what the claim is held to

Pair = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """BLEU that attention gains over all, its p, and what each model loses from short to long."""

    gain: float
    p: float
    loss_fixed: float
    loss_attention: float

    @property
    def better(self) -> bool:
        """Does attention gain enough?"""
        return self.gain >= GAIN and self.p < LEVEL

    @property
    def steadier(self) -> bool:
        """Does the fixed vector lose enough more?"""
        return self.loss_fixed > 0 and self.loss_fixed >= RATIO * self.loss_attention

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        held = self.better + self.steadier
        lead = ("The claim does not hold here", "Half of the claim holds", "The claim holds")[held]
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return (
            f"{lead}: attention gains {self.gain:.1f} BLEU over all lengths ({chance}; wanted "
            f"{GAIN:g}, p < {LEVEL:g}: {'yes' if self.better else 'no'}); from one sentence to "
            f"{SIZES[-1]} the fixed vector loses {self.loss_fixed:.1f} BLEU and attention "
            f"{self.loss_attention:.1f} (wanted {RATIO:g} times as much or more: "
            f"{'yes' if self.steadier else 'no'})."
        )


def run(
    out: Path | str, data: Path | str | None, seeds: int = 1, changes: Sequence[str] = ()
) -> dict[str, Any]:
    """Train, answer, compare; what is finished in `out` is not made again.

    `data`: the folder of multi30k, or the one above it. `changes`: to both recipes. Leaves
    report.json, report.md, length.png and all outputs in `out`. Raises UserError if the corpus is
    not there or `out` holds another one.
    """
    out = Path(out)
    bins = lay(out / "corpus", data)
    outputs: dict[str, list[list[list[str]]]] = {model: [] for model in MODELS}  # seed, bin, row
    facts: dict[str, Any] = {}
    for seed in range(1, seeds + 1):
        for model in MODELS:
            found, facts[model] = answers(out, model, seed, bins, changes)
            outputs[model].append(found)
    report = compare(outputs, bins)
    report.update(seeds=seeds, changes=list(changes), models=facts)
    keep(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    keep(out / "report.md", page.markdown(report))
    page.figure(report).savefig(out / "length.png")
    return report


# -- the corpus -----------------------------------------------------------------------------------


def lay(folder: Path, data: Path | str | None) -> list[list[Pair]]:
    """Write the joined corpus unless it is there; the test rows, size by size.

    Raises UserError if the folder holds another corpus.
    """
    train, dev, test = (pairs(data, split) for split in SPLITS.values())
    bins = [join(test, size) for size in SIZES]
    files = {"train": mixed(train), "dev": once([join(dev, size) for size in SIZES])}
    files |= {f"test_{size}": rows for size, rows in zip(SIZES, bins, strict=True)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        for side, language in enumerate(("de", "en")):
            path = folder / f"{name}.{language}"
            text = "".join(row[side] + "\n" for row in rows)
            if not path.exists():
                keep(path, text)
            elif path.read_bytes() != text.encode():
                raise regard.UserError(f"{path}: of another corpus; choose another --out")
    return bins


def pairs(data: Path | str | None, split: str) -> list[Pair]:
    """The pairs of a split of multi30k, plain or packed. Raises UserError if it is not there."""
    if data is None:
        raise regard.UserError("study length: --data: the folder of multi30k is not set")
    above = Path(os.path.expandvars(data))
    folder = above / "multi30k" if (above / "multi30k").is_dir() else above
    sides = []
    openers: dict[str, Callable[..., Any]] = {"": open, ".gz": gzip.open, ".xz": lzma.open}
    for language in ("de", "en"):
        here = [folder / f"{split}.{language}{ending}" for ending in openers]
        path = next((p for p in here if p.is_file()), None)
        if path is None:
            raise regard.UserError(f"study length: no {here[0]}, plain, .gz or .xz")
        with openers[path.suffix if path.suffix in openers else ""](path, "rb") as file:
            sides.append([row.decode("utf-8").strip() for row in file])
    if len(sides[0]) != len(sides[1]):
        counts = f"{len(sides[0])} and {len(sides[1])} lines"
        raise regard.UserError(f"study length: {folder}: {split} has {counts}; they must match")
    return [(de, en) for de, en in zip(*sides, strict=True) if de and en]


def join(rows: Sequence[Pair], size: int) -> list[Pair]:
    """Neighbours joined, `size` at a time; what is left over at the end is left out."""
    groups = [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]
    return [(" ".join(de for de, _ in g), " ".join(en for _, en in g)) for g in groups]


def mixed(rows: Sequence[Pair]) -> list[Pair]:
    """All pairs in rows of each size, every size in another order: as many words in each."""
    made: list[Pair] = []
    for size in SIZES:
        shuffled = list(rows)
        random.Random(size).shuffle(shuffled)
        made += join(shuffled, size)
    return made


def once(bins: Sequence[Sequence[T]]) -> list[T]:
    """Of what belongs to the rows of each size, that of rows which share no sentence.

    The sizes take turns by windows of the corpus. Rows of all sizes together would hold each
    sentence five times, and a bootstrap, which takes lines for independent, would be too sure.
    """
    return [
        item
        for turn, (size, rows) in enumerate(zip(SIZES, bins, strict=True))
        for i, item in enumerate(rows)
        if i * size // WINDOW % len(SIZES) == turn
    ]


# -- the experiment -------------------------------------------------------------------------------


def answers(
    out: Path, model: str, seed: int, bins: Sequence[Sequence[Pair]], changes: Sequence[str]
) -> tuple[list[list[str]], dict[str, Any]]:
    """A model's outputs for each size, and what it cost; made unless they are there."""
    trained = regard.train(
        f"study/length_{model}", *changes, f"seed={seed}", f"data.dir={out / 'corpus'}",
        out=out / f"{model}-{seed}",
    )  # fmt: skip
    info = trained.info()
    loaded, found = None, []
    for size, rows in zip(SIZES, bins, strict=True):
        path = trained.folder / f"test_{size}.out"
        if not path.exists():
            loaded = loaded or regard.load(trained)
            made = loaded.translate([de for de, _ in rows])
            cut = sum(len(answer.pieces) > 1 for answer in made)
            if cut:
                raise regard.UserError(f"study length: {cut} rows exceed data.max_length; raise it")
            keep(path, "".join(answer.text + "\n" for answer in made))
        found.append(path.read_bytes().decode("utf-8").split("\n")[:-1])
    cost = {key: info.get(key) for key in ("parameters", "steps", "seconds", "hardware", "commit")}
    return found, cost


def compare(
    outputs: dict[str, list[list[list[str]]]], bins: Sequence[Sequence[Pair]]
) -> dict[str, Any]:
    """Scores by size with their 95 % intervals, over all, and the finding."""
    table, curves = [], {model: list[float]() for model in MODELS}
    for k, rows in enumerate(bins):
        refs = [en for _, en in rows]
        words = sum(len(de.split()) for de, _ in rows) / len(rows)
        entry: dict[str, Any] = {"joined": SIZES[k], "rows": len(rows), "words": round(words, 1)}
        for model in MODELS:
            # against saying nothing, which scores 0: the difference is the score, with its interval
            versus = regard.paired_bootstrap(
                [""] * len(rows), [seed[k] for seed in outputs[model]], refs
            )
            entry[model] = {"bleu": versus.b, "low": versus.ci[0], "high": versus.ci[1]}
            curves[model].append(versus.b)
        table.append(entry)
    fixed, attention = ([once(seed) for seed in outputs[model]] for model in MODELS)
    overall = regard.paired_bootstrap(
        fixed, attention, [en for _, en in once(bins)], names=("The fixed vector", "Attention")
    )
    losses = [curves[model][0] - curves[model][-1] for model in MODELS]
    finding = Finding(overall.difference, overall.p, *losses)
    signature = regard.bleu(outputs["fixed"][0][0], [en for _, en in bins[0]]).signature
    return {
        "study": "length", "verdict": finding.sentence,
        "holds": finding.better and finding.steadier,
        "gain": finding.gain, "loss_fixed": losses[0], "loss_attention": losses[1],
        "overall": {"rows": len(once(bins)), **overall.as_dict(), "ci": list(overall.ci)},
        "bins": table, "metric": f"BLEU|{signature}",
    }  # fmt: skip


def keep(path: Path, text: str) -> None:
    """A file that appears only complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(text.encode())
    os.replace(aside, path)
