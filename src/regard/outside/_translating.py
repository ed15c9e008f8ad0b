"""From an encoder-decoder's checkpoint to a run that translates: its ids, its frame, its search."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tokenizers
import torch
from torch import Tensor

from regard import recipe as recipes
from regard.data.codec import Codec
from regard.data.frame import Config as Frame
from regard.data.tokenizer.base import SPECIALS
from regard.data.tokenizer.foreign import Foreign, ForeignTokenizer
from regard.data.tokenizer.pieces import Pieces, PiecesTokenizer
from regard.outside import _spm, base
from regard.outside._source import Source
from regard.recipe import UserError, nearest
from regard.run import Run, whole, whole_folder
from regard.train import card, checkpoint

TASKS = re.compile(r"translation_(\w+)_to_(\w+)")  # T5's names of them
Tell = Callable[[str], object]
KEEP = "outside"  # where a run has the small files of its checkpoint, beside its tokenizers
KEPT = ("*.json", "*.txt", "*.spm", "*.model")
CODE = re.compile(r">>\S+<<|__\S+__")  # of Marian and M2M-100, which do not mark them as special


# -- tokens ----------------------------------------------------------------------------------------


class Names:
    """What a checkpoint calls its tokens, and their ids, on one side."""

    def __init__(self, source: Source, cut: tokenizers.Tokenizer, names: Sequence[str]):
        self.source, self.cut, self.names = source, cut, tuple(names)
        self.ids = {name: i for i, name in enumerate(self.names) if name}

    def id(self, name: str) -> int:
        """The row of a token. Raises UserError with the nearest one if there is none."""
        if name not in self.ids:
            codes = [n for n, _ in self.specials()] or list(self.ids)
            raise UserError(f"{self.source.name}: has no token {name!r}; {nearest(name, codes)}")
        return self.ids[name]

    def specials(self) -> list[tuple[str, int]]:
        """Tokens that no text is cut into."""
        added = self.cut.get_added_tokens_decoder().values()
        marked = {t.content for t in added if t.special} | set(self.source.named.values())
        return [(n, i) for n, i in self.ids.items() if n in marked or CODE.fullmatch(n)]


def read(source: Source, family: Any, shape: Any) -> tuple[Names, Names]:
    """Those of both sides (the same thing if they are): of tokenizer.json, or of sentencepiece."""
    files = [source.folder / name for name in getattr(family, "SPM", ())]
    one = len(set(files)) < 2
    if not files or not files[0].exists() or (one and (source.folder / "tokenizer.json").exists()):
        both = Names(source, source.tokenizer, listed(source.tokenizer.get_vocab()))
        return both, both
    own = "vocab.json" if one or family.shared(shape) else "target_vocab.json"
    names = [vocabulary(source, name) for name in ("vocab.json", own)]
    sides = [Names(source, _spm.read(f), n) for f, n in zip(files, names, strict=True)]
    return (sides[0], sides[0]) if one else (sides[0], sides[1])


def listed(ids: Mapping[str, int]) -> list[str]:
    """Names by id, "" where there is none."""
    names = [""] * (max(ids.values(), default=-1) + 1)
    for name, i in ids.items():
        names[i] = name
    return names


def vocabulary(source: Source, name: str) -> list[str]:
    """The names in a file, and the codes that come behind them.

    Raises UserError if there is no such file.
    """
    found = source.json(name)
    if not found or not all(isinstance(i, int) and i >= 0 for i in found.values()):
        raise UserError(f"{source.name}: has no {name} with names and ids; it is not whole")
    return [*listed(found), *(code for code in codes(source) if code not in found)]


def codes(source: Source) -> list[str]:
    """Codes of languages that have rows behind the vocabulary, in their order.

    Raises UserError where only `transformers` knows them, and it is not there.
    """
    given: list[Any] = []
    for file in (source.json("special_tokens_map.json"), source.reading):
        for key in ("additional_special_tokens", "extra_special_tokens"):
            given += file.get(key) or []
    said = [code["content"] if isinstance(code, dict) else str(code) for code in given]
    found = list(dict.fromkeys(code for code in said if CODE.fullmatch(code)))
    if found or "language_codes" not in source.reading:
        return found
    try:
        from transformers import AutoTokenizer

        made = AutoTokenizer.from_pretrained(source.folder, local_files_only=True)
        return list(made.lang_token_to_id)
    except Exception as error:  # whatever is missing
        said_of = str(error).strip().split("\n")[0]
        raise UserError(
            f"{source.name}: its files name no languages, and transformers, which knows them, "
            f"says: {said_of}"
        ) from None


def tokenizer(names: Names, shape: Any, rows: int, start: int) -> ForeignTokenizer:
    """The tokenizer of a side under our ids; our bos is a copy of what decoding starts with."""
    unk = names.id(names.source.named.get("unk_token", "<unk>"))
    first = dict(zip(SPECIALS, (shape.pad_token_id, start, shape.eos_token_id, unk), strict=True))
    taken = {shape.pad_token_id, shape.eos_token_id, unk}
    first |= {n: i for n, i in names.specials() if i not in taken and n not in first}
    facts: dict[str, Any] = {
        "family": names.source.config["model_type"], "specials": tuple(first),
        "first": tuple(first.values()), "rows": rows, "named": names.source.named,
    }  # fmt: skip
    if names.cut.get_vocab() == names.ids:
        return ForeignTokenizer(names.cut, Foreign(**facts))
    return PiecesTokenizer(names.cut, Pieces(**facts, vocabulary=names.names))


# -- what the recipe says --------------------------------------------------------------------------


def directions(source: Source, names: Names) -> tuple[tuple[str, ...], dict[str, str]]:
    """Those that the checkpoint itself tells of, and the words before their sources."""
    told = source.config.get("task_specific_params") or {}
    words = {
        f"{found[1]}-{found[2]}": str(task.get("prefix", ""))
        for found, task in ((TASKS.fullmatch(name), task) for name, task in told.items())
        if found
    }
    if words:
        return tuple(words), words
    sides = [source.reading.get(key) for key in ("source_lang", "target_lang")]
    if all(isinstance(side, str) and side for side in sides):
        return (f"{sides[0]}-{sides[1]}",), {}
    return (), {}


def framed(family: Any, shape: Any, names: tuple[Names, Names], asked: tuple[str, ...]) -> Frame:
    """What stands around texts, in this checkpoint's own names; all of them are there."""
    source = names[0].source
    settings = family.frame(shape, names[0].ids)
    first = source.named.get("bos_token", "<s>")
    frame = Frame(**{
        key: [n.replace("{bos}", first) for n in value] if isinstance(value, list) else value
        for key, value in settings.items()
    })  # fmt: skip
    for direction in asked:
        for side, wanted in ((0, (*frame.before, *frame.after)), (1, frame.begin)):
            for name in frame.filled(wanted, direction):
                names[side].id(name)
    return frame


def silenced(search: Mapping[str, Any], names: Names) -> tuple[list[str], list[str]]:
    """Specials that are never written, and what the search asks that ours does not do."""
    pads = [row[0] for row in search.get("bad_words_ids") or [] if len(row) == 1]
    banned = {*pads, *(search.get("suppress_tokens") or [])}
    found = [n for n, i in names.specials() if i in banned]
    left = [f"bad_words_ids: {row}" for row in search.get("bad_words_ids") or [] if len(row) > 1]
    known = {i for _, i in names.specials()}
    left += [f"suppress_tokens: {i}" for i in sorted(banned - known)]
    for key, harmless in (("min_length", (0, None)), ("repetition_penalty", (1.0, None)),
                          ("renormalize_logits", (False, None)), ("do_sample", (False, None)),
                          ("early_stopping", (False, None, "never")),
                          ("num_beam_groups", (1, None))):  # fmt: skip
        if search.get(key) not in harmless:
            left.append(f"{key}: {search[key]}")
    return found, left


def decoding(search: Mapping[str, Any], lead: int) -> dict[str, Any]:
    """Our search that answers as theirs does with these settings."""
    guards = {"stutter": 0, "no_repeat": search.get("no_repeat_ngram_size") or 0}
    size = search.get("num_beams") or 1
    if size == 1:
        return {"kind": "greedy", **guards}
    alpha = search.get("length_penalty")
    return {
        "kind": "steady", "size": size, "alpha": 1.0 if alpha is None else alpha, "lead": lead,
        "sure": search.get("early_stopping") == "never", **guards,
    }  # fmt: skip


def search_of(source: Source) -> dict[str, Any]:
    """generation_config.json, or what config.json had of it before there was that file."""
    own = source.json("generation_config.json")
    return {**source.config, **{k: v for k, v in own.items() if v is not None}}


# -- all together ----------------------------------------------------------------------------------


class Brought(NamedTuple):
    """Recipe, tokenizers and weights of a checkpoint, and what of it was left out."""

    recipe: Any
    codec: Codec
    tensors: dict[str, Tensor]
    left: list[str]
    notes: list[str]


def brought(source: Source, family: Any, asked: Sequence[str]) -> Brought:
    """What becomes of a checkpoint. Raises UserError if it cannot be."""
    search = search_of(source)
    config = {**source.config}
    for key in ("decoder_start_token_id", "forced_bos_token_id"):
        config[key] = search.get(key)
    config = {k: v for k, v in config.items() if v is not None}
    shape = base.shape_of(family, config, f"{source.name}/config.json")
    found = tensors_of(source, family)
    shape, found = family.settled(shape, found)
    names = read(source, family, shape)
    told, words = directions(source, names[0])
    chosen = tuple(asked) or told or family.DIRECTIONS
    if not chosen:
        codes = ", ".join(n for n, _ in names[0].specials())
        raise UserError(f"{source.name}: has many languages; say --direction SOURCE-TARGET "
                        f"({codes:.300})")  # fmt: skip
    frame = framed(family, shape, names, chosen)
    silent, notes = silenced(search, names[1])
    frame = frame.model_copy(
        update={"silent": tuple(silent), "words": {d: words[d] for d in chosen if d in words}}
    )
    start = family.start(shape, chosen, names[1])
    sides = [tokenizer(names[0], shape, shape.vocab_size, start)]
    if names[1] is not names[0]:
        sides.append(tokenizer(names[1], shape, family.target_rows(shape), start))
    settings = family.settings(shape)
    settings["data"] |= {
        "corpus": "tsv", "directions": chosen, "tokenizer": {"kind": "foreign"},
        "shared": len(sides) == 1, "frame": frame.model_dump(),
    }  # fmt: skip
    settings["decode"] = decoding(search, len(frame.begin))
    recipe = recipes.make({"task": "translate", **settings}, source.name)
    codec = Codec(sides[0], sides[-1], chosen, frame)
    pairs = family.pairs(shape, *(side.order for side in sides))
    tensors, left = base.taken(family, pairs, found, source.name)
    return Brought(recipe, codec, tensors, left, notes)


def tensors_of(source: Source, family: Any) -> dict[str, Tensor]:
    """Theirs, each once. Raises UserError if two that should be one table differ."""
    found: dict[str, Tensor] = {}
    for name, value in source.tensors().items():
        one = family.plain(name)
        if one in found and not torch.equal(found[one], value):
            raise UserError(
                f"{source.name}: tie_word_embeddings: {name} is another table than {one}, and only "
                "true is supported for this family"
            )
        found[one] = value
    return found


def bring(source: Source, family: Any, run: Run, asked: Sequence[str], tell: Tell) -> Run:
    """The run that a checkpoint becomes, in these directions (none: those it tells of itself)."""
    tell(f"reading {family.TITLE} from {source.name} …")
    made = brought(source, family, asked)
    from regard.outside._bring import fitted  # which imports this file

    model = made.recipe.build(made.codec)
    fitted(model, made.tensors, source.name)
    run.create(made.recipe)
    with whole_folder(run.tokenizer) as aside:
        made.codec.save(aside)
        kept(source, aside / KEEP)
    with whole(run.model) as aside:
        checkpoint.keep(aside, checkpoint.named(model))
    for note in made.notes:
        tell(f"left out, as our search has no counterpart: {note}")
    run.note(
        parameters=sum(p.numel() for p in model.parameters()),
        imported={
            "source": source.name, "family": source.config["model_type"],
            "license": source.licence(), "left_out": [*made.left, *made.notes], "made_anew": [],
        },
        data={"vocabulary": sorted({made.codec.source.size, made.codec.target.size})},
    )  # fmt: skip
    card.write(run)
    return run


def kept(source: Source, folder: Path) -> None:
    """Copy what an export gives back as it was: everything small but the weights."""
    folder.mkdir(parents=True)
    for pattern in KEPT:
        for file in source.folder.glob(pattern):
            if not file.name.endswith(".index.json"):
                shutil.copyfile(file, folder / file.name)
