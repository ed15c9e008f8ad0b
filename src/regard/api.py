"""The Python face: a trained run as one object, raw text in, raw text out."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, overload

import torch
from torch import nn

from regard.look.maps import Look
from regard.recipe import Fault, Part, UserError, merge, override
from regard.run import Run
from regard.tasks import adapting, translate
from regard.tasks.decode.base import DecodeConfig
from regard.tasks.gains import Adapted, gains, sets
from regard.tasks.translator import Translation, Translator, Wish

Decode = str | Mapping[str, Any] | DecodeConfig | None


def load(*runs: str | Path | Run, device: str = "auto", **how: Any) -> Any:
    """What answers as a run was trained to: a translator, a classifier ...

    Several runs are translators that answer together; `how`: what `translating` takes. Raises
    UserError if a run is not whole, or is one that others start from.
    """
    first = Run(runs[0]) if runs and not isinstance(runs[0], Run) else runs[:1] and runs[0]
    recipe: Any = first.recipe if isinstance(first, Run) else None
    if recipe is None or recipe.verb == "translate":
        return translating(*runs, device=device, **how)
    assert isinstance(first, Run)
    if len(runs) > 1 or how:
        what = "one alone" if len(runs) > 1 else f"without {', '.join(how)}"
        raise UserError(f"{first.folder}: a run of {recipe.task} is loaded {what}")
    if not recipe.verb:
        raise UserError(f"{first.folder}: a run of {recipe.task} is for others to start from")
    return recipe.open(first, chosen(device))


def chosen(device: str) -> str:
    """The device, `auto` decided."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def translating(
    *runs: str | Path | Run, decode: Decode = None, device: str = "auto", engine: str = "own"
) -> "Loaded":
    """A translator from one run, or from several that answer together (an ensemble).

    `decode` replaces the recipe's settings: a kind such as "greedy", or settings such as
    {"size": 10}. `engine`: what looks for the answers, our own search or one of the run's exports:
    a kind such as "ctranslate2", or "auto", the fastest that is exact enough. Raises UserError if a
    run is not whole, the vocabularies differ, or there is no such export.
    """
    if not runs:
        raise UserError("load: name at least one run, such as runs/deen")
    folders = [run if isinstance(run, Run) else Run(run) for run in runs]
    translator = translate.load(folders, chosen(device))
    translator.decode = decoding(translator.decode, decode)
    loaded = Loaded(translator, folders)
    if engine != "own":
        from regard.export.base import choose

        translator.engine, loaded.notes = choose(engine, folders, translator)
    return loaded


def adapt(
    run: str | Path | Run,
    files: str | Path | Sequence[str | Path],
    *changes: str,
    out: str | Path | None = None,
    steps: int = 300,
    replay: float | None = None,
    grow: int = 0,
    dir: str | None = None,
    device: str = "auto",
    quiet: bool = False,
) -> Adapted:
    """Fine-tune a run on corrected pairs (.tmx, .po, .xliff, .tsv), into the new run `out`.

    `replay`: share of rows of the old corpus (else half, if it is there; `dir` says where it lies
    now), so that what was learnt before is kept. `grow`: new pieces for the vocabulary. What was
    gained on held-out corrections and lost on the old test set is measured and noted in run.json.
    A run that was begun goes on. Raises UserError if run, files or `out` are not as they should be.
    """
    from regard.train import verb as train

    old = run if isinstance(run, Run) else Run(run)
    given = [files] if isinstance(files, str | Path) else files
    new = Run(out or f"{old.folder}_adapted")
    asked = adapting.Asked(steps, replay, grow, dir, changes)

    def tell(text: str) -> None:
        if not quiet:
            print(f"regard: {text}", file=sys.stderr, flush=True)

    begun = adapting.begin(old, [Path(file) for file in given], new, asked, tell)
    train(new.folder / "recipe.yaml", out=new.folder, device=device, quiet=quiet)
    used = [translating(one, device=device).translator for one in (old, new)]

    def answer(translator: Translator, texts: Sequence[str], wish: Wish) -> list[str]:
        return [x.text for x in translator.translate(texts, wish)]

    made = Adapted(new, gains(used[0], used[1], sets(begun, tell), answer))
    new.note(adapted={**new.info()["adapted"], "gains": [gain.as_dict() for gain in made.gains]})
    return made


def decoding(
    base: DecodeConfig, wanted: Decode = None, changes: Iterable[str] = ()
) -> DecodeConfig:
    """`base` with other settings laid over it: a kind, settings, `key=value` changes.

    Another kind starts from its own defaults. Raises UserError for settings that it has not.
    """
    if isinstance(wanted, DecodeConfig):
        base, wanted = wanted, None
    asked = {"kind": wanted} if isinstance(wanted, str) else dict(wanted or {})
    settings = merge({"decode": Part.dump(base)}, {"decode": asked})
    override(settings, [f"decode.{change.removeprefix('decode.')}" for change in changes])
    try:
        return Part("tasks.decode").pick(settings["decode"])  # type: ignore[return-value]
    except Fault as fault:
        where = f"decode.{fault.path}" if fault.path else "decode"
        raise UserError(f"{where}: {fault.message}") from None


class Loaded:
    """What `regard.load` gives: call it with a text, or with a list of them.

    Every call takes `beam` (a size) or `decode` (see `load`) for once, and what a `Wish` can say:
    `direction`, `prefix` (how each answer must begin), `terms` (phrases each must hold).
    """

    def __init__(self, translator: Translator, runs: Sequence[Run]):
        self.translator, self.runs = translator, list(runs)
        self.notes: list[str] = []  # which engine answers, and why not another

    def __repr__(self) -> str:
        names = ", ".join(str(run.folder) for run in self.runs)
        engine = self.translator.engine
        by = f" by {engine.name}" if engine is not None else ""
        return f"<{names}: {', '.join(self.directions)}{by}>"

    @property
    def directions(self) -> tuple[str, ...]:
        """What it translates, such as ("de-en",)."""
        return self.translator.codec.directions

    @property
    def models(self) -> list[nn.Module]:
        """The plain modules, one a run."""
        return list(self.translator.models)

    @property
    def model(self) -> nn.Module:
        """The plain module. Raises UserError if there are several."""
        if len(self.models) > 1:
            raise UserError(
                f"model: this is an ensemble of {len(self.models)}; its parts are .models"
            )
        return self.models[0]

    @overload
    def __call__(self, text: str, **asked: Any) -> str: ...
    @overload
    def __call__(self, text: Sequence[str], **asked: Any) -> list[str]: ...
    def __call__(self, text: str | Sequence[str], **asked: Any) -> str | list[str]:
        """The translation of a text, or of each of a list, in order; a blank one stays blank."""
        if not isinstance(text, str):
            return [answer.text for answer in self.translate(text, **asked)]
        for key in ("prefix", "terms"):
            if asked.get(key) is not None:
                asked[key] = [asked[key]]
        return self.translate([text], **asked)[0].text

    def translate(self, lines: Sequence[str], **asked: Any) -> list[Translation]:
        """The best answer to each line, with its score and how it came about."""
        return [row[0] for row in self.n_best(lines, **asked)]

    def n_best(
        self, lines: Sequence[str], beam: int | None = None, decode: Decode = None, **wish: Any
    ) -> list[list[Translation]]:
        """Up to `best` answers to each line, best first."""
        return self.asked(beam, decode).n_best(lines, Wish(**wish))

    def asked(
        self, beam: int | None = None, decode: Decode = None, changes: Iterable[str] = ()
    ) -> Translator:
        """The translator with other decoding settings; `self` keeps its own."""
        old = self.translator
        settings = decoding(old.decode, decode, changes)
        if beam is not None:
            settings = decoding(settings, {"kind": "beam", "size": beam})
        new = copy(old)
        new.decode = settings
        return new

    def score(
        self, sources: Sequence[str], targets: Sequence[str], direction: str | None = None
    ) -> list[float]:
        """The log-probability (nats) of each target, given its source.

        Raises UserError if there are not as many of both.
        """
        if isinstance(sources, str) or isinstance(targets, str):
            raise UserError("score: takes lists of texts, not one: score([source], [target])")
        return self.translator.score(sources, targets, direction)

    def look(self, text: str, direction: str | None = None) -> Look:
        """Attention, alignment and beam for one sentence; `.save("map.html")` (or .png, .json)."""
        from regard.look.capture import look

        return look(self.translator, text, direction)
