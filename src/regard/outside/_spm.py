"""A sentencepiece file as a tokenizer of `tokenizers`: the same cuts, without the library.

Kudo & Richardson 2018, https://arxiv.org/abs/1808.06226. The file is a protocol buffer, which the
reader that comes with `transformers` reads (nothing of it is run).
"""

from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, Unigram

from regard.recipe import UserError

UNIGRAM, BY_MERGES = 1, 2  # model_type
CONTROL, UNUSED = 3, 5  # type of a piece that no text has


def read(path: Path) -> tokenizers.Tokenizer:
    """The tokenizer in a file. Raises UserError if it is none, or of a kind without counterpart."""
    proto = parsed(path)
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    kind, spec = proto.trainer_spec.model_type, proto.normalizer_spec
    if kind not in (UNIGRAM, BY_MERGES) or proto.trainer_spec.byte_fallback:
        raise UserError(f"{path}: cuts words in a way that has no counterpart: use unigram or bpe")
    if kind == UNIGRAM:
        made = tokenizers.Tokenizer(Unigram(pieces, proto.trainer_spec.unk_id, False))
    else:
        vocab = {name: i for i, (name, _) in enumerate(pieces)}
        unk = proto.trainer_spec.unk_piece
        made = tokenizers.Tokenizer(
            BPE(vocab=vocab, merges=merges(pieces), unk_token=unk, fuse_unk=True)
        )
    steps: list[Any] = []
    if spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(spec.precompiled_charsmap))
    if spec.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    made.normalizer = normalizers.Sequence(steps)
    scheme: Any = "always" if spec.add_dummy_prefix else "never"
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    made.decoder = decoders.Metaspace(prepend_scheme=scheme)
    return made


def merges(pieces: list[tuple[str, float]]) -> list[tuple[str, str]]:
    """What is merged into each piece, the best piece first."""
    known = {name: score for name, score in pieces}
    found = [
        (-score, order, name[:at], name[at:])
        for order, (name, score) in enumerate(pieces)
        for at in range(1, len(name))
        if name[:at] in known and name[at:] in known
    ]
    return [(left, right) for _, _, left, right in sorted(found, key=lambda x: x[:2])]


def parsed(path: Path) -> Any:
    """The protocol buffer. Raises UserError if it is none, or its reader is not installed."""
    try:
        from transformers.convert_slow_tokenizer import import_protobuf

        proto = import_protobuf().ModelProto()
    except ImportError:
        raise UserError(
            f"{path}: to read it, transformers and protobuf must be installed: "
            "pip install 'regard[hf]' protobuf"
        ) from None
    try:
        proto.ParseFromString(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; the checkpoint is not whole") from None
    except Exception:  # DecodeError, of whichever protobuf there is
        raise UserError(f"{path}: is no sentencepiece model; copy it again") from None
    return proto
