"""The process in which ours is measured: `python -m regard.bench.ours train SETTINGS`.

What runs is what `regard train` and `regard translate` run.
"""

import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

import regard
from regard import recipe as recipes
from regard.bench import sizes
from regard.bench.child.clock import Clock, Done, settings, work
from regard.bench.machine import matrix_peak
from regard.export.base import kind
from regard.recipe import UserError
from regard.run import Run, facts
from regard.search.base import Hypothesis, Limits
from regard.tasks.base import Dev
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.translator import Wish
from regard.train import training
from regard.train.report import Report

DEV = ("dev_nll", "dev_bleu")


class Watched(Report):
    """Tells the clock of every update, and keeps what dev showed."""

    def __init__(self, clock: Clock, *rest: Any, **more: Any):
        super().__init__(*rest, **more)
        self.clock, self.tokens = clock, 0

    def step(self, at: dict, means: dict, rates: dict, seconds: float) -> None:
        """After an update; at a set number of them the loop ends by itself, after a look at dev."""
        super().step(at, means, rates, seconds)
        told = self.clock.settings
        new, self.tokens = at["tokens"] - self.tokens, at["tokens"]
        told["loss"] = next(iter(means.values()))
        try:
            self.clock.tick(new)
        except Done:
            if not told["steps"]:
                raise

    def dev(self, at: dict, dev: Dev, best: bool) -> None:
        """The dev loss, where it is looked at."""
        super().dev(at, dev, best)
        self.clock.settings |= {k: dev.shown[k] for k in DEV if k in dev.shown}


def train(told: dict[str, Any], clock: Clock) -> None:
    """`regard train`, stopped by the clock."""
    recipe = recipes.make(told.get("recipe") or sizes.recipe(told))
    run = Run(told["scratch"])
    run.create(recipe)
    shutil.copytree(Path(told["data"], "tokenizer"), run.tokenizer)
    training.Report = partial(Watched, clock)  # type: ignore[assignment,misc]
    with suppress(Done):
        training.train(recipe, run.folder, told["device"], quiet=True)
    known = {key: told[key] for key in ("loss", *DEV) if key in told}
    used = {"recipe": "norm pre, tied, batches of like length", "torch": torch.__version__}
    clock.trained(version=f"regard {versions()['regard']}", settings=used, **known)


def translate(told: dict[str, Any], clock: Clock) -> None:
    """`regard translate`: from texts to texts; tokenising counts, as it does in use."""
    texts = work(told)["texts"]
    loaded = regard.load(told["run"], device="cpu")
    # peers have no guard against repetition: no row is to be searched again for its sake
    like_peers = {"kind": "beam", "size": told["beam"], "alpha": told["alpha"], "stutter": 0}
    used = loaded.asked(None, like_peers)
    if told.get("engine"):
        made = kind(told["kind"])
        used.engine = made.open(Path(told["engine"]), used.codec, told["threads"])
    if told["forced"]:
        used.decode = Forced(used.decode, told["forced"])  # type: ignore[assignment]
    direction = Wish(told["direction"])

    def answer(count: int) -> list[list[int]]:
        found = used.translate(texts[:count], direction)
        return [[token for piece in row.pieces for token in piece.tokens] for row in found]

    settings = {"engine": used.engine.name if used.engine else "our own search",
                "batch_tokens": used.batch_tokens}  # fmt: skip
    clock.translated(answer, version=f"regard {versions()['regard']}", settings=settings)


@dataclass
class Forced:
    """Decoding that gives every answer exactly so many tokens, for comparing plain speed."""

    decode: DecodeConfig
    tokens: int

    @property
    def width(self) -> int:
        """Hypotheses that a sentence has side by side."""
        return self.decode.width

    def run(self, step: Any, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """As many hypotheses as asked for."""
        exact = [self.tokens] * len(limits.max_len)
        return self.decode.run(
            step, state, replace(limits, max_len=exact, min_len=self.tokens), ask
        )


def peak(told: dict[str, Any], clock: Clock) -> None:
    """The machine's best at matrix products."""
    clock.say(**matrix_peak(told["precision"], told["device"]))


def versions() -> dict[str, str]:
    """Of ours and of what it leans on."""
    return facts()["versions"]


def main(what: str) -> None:
    """One measurement."""
    told = settings()
    clock = Clock(told)
    torch.set_num_threads(told["threads"])
    try:
        {"train": train, "translate": translate, "peak": peak}[what](told, clock)
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
