"""One corpus for everybody: the same token sequences, as text that no peer cuts again.

What `prepare` leaves in a folder: `train.de`, `dev.de`, `test.de` … (text, for ours),
`tokenizer/`, `tokens/train.src`, `tokens/train.tgt` … (the ids written as words, `t123`),
`tokens/vocab.txt` (those words in the order of their ids) and `facts.json`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers

from regard.data.corpus import moses
from regard.data.corpus.base import Row, languages
from regard.data.parallel import Codec, Config
from regard.data.tokenizer.base import EOS, SPECIALS, Tokenizer
from regard.run import write, write_json

MULTI30K = moses.Config(train="train", dev="val", test="test_2016_flickr")
LONGEST = 100  # tokens of a training row, eos counted: what every peer takes without a setting


def prepare(where: Path, out: Path, vocab: int, direction: str = "de-en") -> dict[str, Any]:
    """Write the prepared folder `out` and return its facts.

    Where the corpus has fewer different pieces than `vocab`, names that never occur fill it up: a
    large output layer costs what it costs. Raises UserError if the corpus is not there.
    """
    config = Config(
        corpus=MULTI30K, dir=str(where), directions=(direction,),
        tokenizer={"kind": "bpe", "vocab": vocab},
    )  # fmt: skip
    rows = {split: config.rows(split, drop_empty=True).rows for split in ("train", "dev", "test")}
    learnt = config.tokenizer.train(text for row in rows["train"] for text in row[:2])
    both = filled(learnt, vocab)
    codec = Codec(both, both, (direction,))
    codec.save(out / "tokenizer")
    facts: dict[str, Any] = {
        "data": where.name, "direction": direction, "vocab": both.size, "learnt": learnt.size,
    }  # fmt: skip
    for split, found in rows.items():
        facts[split] = put(out, split, found, codec)
    names = [word(i) for i in range(len(SPECIALS), both.size)]
    write(out / "tokens" / "vocab.txt", "".join(f"{name}\n" for name in names))
    facts["source_tokens"] = facts["train"]["source"] / facts["train"]["target"]  # a target token
    write_json(out / "facts.json", facts)
    return facts


def filled(tokenizer: Tokenizer, size: int) -> Tokenizer:
    """The tokenizer with pieces that no text has, so that there are `size` of them."""
    model = json.loads(tokenizer.model.to_str())
    model["model"]["vocab"] |= {f"<unused{i}>": i for i in range(tokenizer.size, size)}
    return Tokenizer(tokenizers.Tokenizer.from_str(json.dumps(model)), tokenizer.facts)


def put(out: Path, split: str, rows: Sequence[Row], codec: Codec) -> dict[str, int]:
    """Write a split as text and as tokens; how many rows, and tokens on either side."""
    sources = codec.sources([r.source for r in rows], [r.direction for r in rows])
    targets = codec.targets([r.target for r in rows])
    short = [
        i for i in range(len(rows))
        if split != "train" or max(len(sources[i]), len(targets[i])) <= LONGEST
    ]  # fmt: skip
    rows = [rows[i] for i in short]
    sides = {"src": [sources[i] for i in short], "tgt": [targets[i] for i in short]}
    for language, texts in zip(
        languages(codec.directions[0]), ([r.source for r in rows], [r.target for r in rows]),
        strict=True,
    ):  # fmt: skip
        write(out / f"{split}.{language}", "".join(f"{text}\n" for text in texts))
    for side, ids in sides.items():
        write(out / "tokens" / f"{split}.{side}", "".join(f"{line(row)}\n" for row in ids))
    counts = {side: sum(map(len, ids)) for side, ids in sides.items()}
    return {"rows": len(rows), "source": counts["src"], "target": counts["tgt"]}


def word(token: int) -> str:
    """An id as a word that every peer leaves as it is."""
    return f"t{token}"


def line(ids: Sequence[int]) -> str:
    """Encoded ids as text, without the eos that every peer adds by itself."""
    return " ".join(word(i) for i in ids if i != EOS)


def read(text: str) -> list[int]:
    """The inverse of `line`; a word that is no token of ours (a peer's `<unk>`) is left out."""
    return [int(w[1:]) for w in text.split() if w[0] == "t" and w[1:].isdigit()]
