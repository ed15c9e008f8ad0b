"""A run fitted to corrections: the new folder in which training then goes on.

It begins with the old run's weights and tokenizers and learns from the corrections, mixed with rows
of the old corpus so that it does not forget ("replay"). The old folder is only read.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from regard import recipe as recipes
from regard.data import corrections, parallel
from regard.data.codec import Codec
from regard.data.corpus.base import Row, blank, languages
from regard.data.corrections import Pair
from regard.data.tokenizer.base import Tokenizer
from regard.data.tokenizer.grow import grow
from regard.recipe import UserError
from regard.run import Run, whole_folder
from regard.tasks import translate
from regard.tasks.loading import spread, weighted

LR = 2e-4  # constant
FEW = 20  # pairs; of fewer none can be spared
HELD, MOST_HELD = 30, 1000  # pairs held out at least, if every fourth is as many, and at most
SHARE = 0.5  # of old rows, if they are there
FILES = "corrections"  # in the run's folder: train.tsv, and test.tsv (held out) or dev.tsv
Tell = Callable[[str], None]


class Asked(NamedTuple):
    """How to adapt: `replay` is the share of old rows (None: half, if they are there), `where` the
    old corpus lies now, `grow` how many new pieces a vocabulary may get; changes to the recipe.
    """

    steps: int = 300
    replay: float | None = None
    grow: int = 0
    where: str | None = None
    changes: Sequence[str] = ()


class Split(NamedTuple):
    """The corrections to learn, and those held out."""

    train: list[Pair]
    test: list[Pair]


class Larger(NamedTuple):
    """A codec with new pieces, and by which old ids each side spelt each of them."""

    codec: Codec
    source: list[list[int]]
    target: list[list[int]]


class Begun(NamedTuple):
    """The new run, the recipe it is trained by, and the old corpus, where it lies now."""

    run: Run
    recipe: translate.Config
    old: parallel.Config


def begin(old: Run, files: Sequence[Path], new: Run, asked: Asked, tell: Tell) -> Begun:
    """Make the new run's folder, or find it as it would be made; `tell` hears what to know.

    Raises UserError if the old run is not whole, the corrections do not serve it, or the folder
    holds something else.
    """
    before = old.recipe
    if not isinstance(before, translate.Config):
        raise UserError(f"{old.folder}: this run does not translate")
    if new.folder.resolve() == old.folder.resolve():
        raise UserError(f"{new.folder}: is the run itself, which stays as it is: choose --out")
    codec = before.codec(old)
    weighted(before.build(codec), old)
    pairs = [pair for path in files for pair in corrections.read(path, before.data.directions)]
    split = held_out(pairs, before.data.directions)
    if not split.test:
        tell(f"{len(pairs)} corrections are too few to hold any out: the gain is not measured")
    scheduled = fine_tuning(before, asked)
    recipe = mixed(scheduled, split, codec, asked, new.folder / FILES, tell)
    about = {
        "from": str(old.folder), "weights": digest(old.model.read_bytes()),
        "corrections": digest(json.dumps(split).encode()), "grow": asked.grow,
        "pairs": len(pairs), "held_out": len(split.test),
    }  # fmt: skip
    if not found(new, recipe, about):
        with whole_folder(new.folder) as aside:
            Run(aside).create(recipe)
            Run(aside).note(adapted=about)
            write(split, scheduled, aside / FILES, tell)
            larger = grown(codec, split, asked.grow, tell)
            larger.codec.save(aside / new.tokenizer.name)
            weights = stretched(load_file(old.model), scheduled.build(larger.codec), larger)
            save_file(weights, aside / new.initial.name)
    return Begun(new, recipe, scheduled.data)


def found(run: Run, recipe: translate.Config, about: dict[str, Any]) -> bool:
    """Was the folder made before, of all this?

    Raises UserError if it holds anything else.
    """
    if (run.folder / "run.json").exists():
        begun = run.info().get("adapted") or {}
        for key in ("weights", "corrections", "grow"):
            if key in begun and begun[key] != about[key]:
                raise UserError(f"{run.folder}: was begun with other {key}: choose another --out")
        run.create(recipe)
        return True
    if run.folder.exists() and not (run.folder.is_dir() and not any(run.folder.iterdir())):
        raise UserError(f"{run.folder}: is not empty and holds no run: choose another --out")
    return False


def held_out(pairs: Sequence[Pair], directions: Sequence[str]) -> Split:
    """A tenth of the corrections for a test, chosen by a hash of their sources.

    So more corrections later leave the held-out ones where they are, and a source is on one side.
    """
    pairs = list({tuple(sorted(pair.items())): pair for pair in pairs}.values())
    spoken = [languages(direction)[0] for direction in directions]
    sources = [next(pair[code] for code in spoken if code in pair) for pair in pairs]
    if len(pairs) < FEW:
        return Split(pairs, [])
    count = max(min(len(pairs) // 10, MOST_HELD), min(HELD, len(pairs) // 4))
    order = sorted({digest(source.encode()) for source in sources})
    chosen = set(order[: min(count, len(order) - 1)])
    held = [digest(source.encode()) in chosen for source in sources]
    train, test = ([p for p, h in zip(pairs, held, strict=True) if h is x] for x in (False, True))
    return Split(train, test)


def fine_tuning(recipe: translate.Config, asked: Asked) -> translate.Config:
    """The recipe with a short schedule, and the old corpus found where it lies now.

    Dev is looked at once, at the end: nothing is chosen by what is measured afterwards.
    """
    settings = recipe.model_dump(mode="json")
    steps = asked.steps
    settings["train"] |= {"steps": steps, "every": steps, "patience": 0, "average": 1, "ema": 0}
    warmup = min(20, steps // 10)
    settings["train"]["optim"] |= {"lr": LR, "schedule": "constant", "warmup": warmup}
    if asked.where is not None:
        settings["data"]["dir"] = asked.where
    made = recipes.make(recipes.override(settings, asked.changes), "adapt")
    assert isinstance(made, translate.Config)
    return made


def mixed(
    recipe: translate.Config, split: Split, codec: Codec, asked: Asked, where: Path, tell: Tell
) -> translate.Config:
    """The recipe with its corpus mixed of the corrections, which will lie there, and old rows."""
    settings = recipe.model_dump(mode="json")
    old = settings["data"]
    own = {"kind": "tsv", "dev": "test" if split.test else "dev"}
    needed = recipe.train.steps * recipe.train.batch_tokens / longer_side(split.train, codec)
    share = SHARE if asked.replay is None else asked.replay
    try:
        rows = sum(not blank(row) for row in recipe.data.stream("train")) if share else 0
    except UserError as error:
        if asked.replay is not None or asked.where is not None:
            raise
        tell(f"nothing of the old corpus is replayed: {error}; --dir names another place")
        rows = 0
    times, most, again = proportions(len(split.train), rows, share, needed)
    parts = [{"corpus": own, "times": times}]
    if rows:
        each = math.ceil(most / len(recipe.data.directions))
        parts += [{"corpus": old["corpus"], "dir": old["dir"], "times": again, "most": each}]
    settings["data"] |= {"corpus": {"kind": "mix", "parts": parts}, "dir": str(where)}
    made = recipes.make(settings, "adapt")
    assert isinstance(made, translate.Config)
    return made


def longer_side(pairs: Sequence[Pair], codec: Codec) -> float:
    """Tokens of a row, on its longer side, in the mean."""
    sources, targets, directions = zip(*rows_of(pairs, codec), strict=True)
    sides = codec.sources(sources, directions), codec.targets(targets, None, directions)
    return float(np.mean([max(map(len, pair)) for pair in zip(*sides, strict=True)]))


def proportions(new: int, old: int, share: float, needed: float) -> tuple[int, int, int]:
    """How often the corrections, how many old rows (0: all), and those how often.

    Of all rows a `share` is old, and an epoch is as long as the schedule where there are so many
    old rows: none is replayed twice while there are others.
    """
    if not old:
        return 1, 0, 1
    times = max(1, int(min(old, share * needed) * (1 - share) / (share * new)))
    wanted = times * new * share / (1 - share)
    if round(wanted) <= old:
        return times, max(round(wanted), 1), 1
    return times, 0, max(1, round(wanted / old))


def write(split: Split, old: translate.Config, folder: Path, tell: Tell) -> None:
    """The corrections as tables, so that the run needs no other file.

    Where none is held out, dev is the old corpus's, or for want of it what is learnt.
    """
    folder.mkdir()
    files = {"train": split.train, "test": split.test}
    if not split.test:
        try:
            rows = spread(old.data.rows("dev", drop_empty=True).rows, old.dev_rows)
            files["dev"] = [
                dict(zip(languages(row.direction), row[:2], strict=True)) for row in rows
            ]
        except UserError as error:
            tell(f"dev scores are of the corrections that are learnt: {error}")
        files["dev"] = files.get("dev") or split.train
    spoken = sorted({code for direction in old.data.directions for code in languages(direction)})
    for name, pairs in files.items():
        if pairs:
            lines = ["\t".join(spoken), *("\t".join(p.get(c, "") for c in spoken) for p in pairs)]
            (folder / f"{name}.tsv").write_bytes("".join(f"{x}\n" for x in lines).encode())


def grown(codec: Codec, split: Split, most: int, tell: Tell) -> Larger:
    """The codec with at most so many new pieces a vocabulary, learnt of the corrections."""
    if not most:
        return Larger(codec, [], [])
    rows = rows_of(split.train, codec)
    sources, targets = [row.source for row in rows], [row.target for row in rows]
    if codec.source is codec.target:
        both = grow(codec.source, [*sources, *targets], most)
        tell(said(codec.source, both.tokenizer, "pieces"))
        new = Codec(both.tokenizer, both.tokenizer, codec.directions, codec.foreign)
        return Larger(new, both.spelt, both.spelt)
    source, target = grow(codec.source, sources, most), grow(codec.target, targets, most)
    tell(said(codec.source, source.tokenizer, "pieces of sources"))
    tell(said(codec.target, target.tokenizer, "pieces of translations"))
    new = Codec(source.tokenizer, target.tokenizer, codec.directions, codec.foreign)
    return Larger(new, source.spelt, target.spelt)


def said(old: Tokenizer, new: Tokenizer, what: str) -> str:
    """How many pieces are new, and the longest of them."""
    names = sorted(new.pieces(range(old.size, new.size)), key=len, reverse=True)
    return f"{what} added: {' '.join([str(len(names)), *names[:8]])}"


def rows_of(pairs: Sequence[Pair], codec: Codec) -> list[Row]:
    """The pairs in each direction that they serve, marks hidden as in training."""
    sides = [(direction, *languages(direction)) for direction in codec.directions]
    return [
        codec.masks.row(Row(pair[source], pair[target], direction), "")
        for pair in pairs
        for direction, source, target in sides
        if source in pair and target in pair
    ]


def stretched(
    tensors: dict[str, Tensor], model: torch.nn.Module, larger: Larger
) -> dict[str, Tensor]:
    """The old weights for the new vocabulary: a new piece begins as the mean of what spelt it.

    `embed` is of the source, all else that has a row for each token of the target.
    """
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    made = dict(tensors)
    for name, value in tensors.items():
        if name in shapes and shapes[name] != value.shape:
            spelt = larger.source if name.startswith("embed.") else larger.target
            made[name] = torch.cat([value, torch.stack([value[ids].mean(0) for ids in spelt])])
    return made


def digest(data: bytes) -> str:
    """sha256, by which things are known again."""
    return hashlib.sha256(data).hexdigest()
