"""Tiny random encoders of transformers, with tokenizers trained on the spot, for those who import
them. Only importable where transformers is.
"""

import json
from pathlib import Path

import tokenizers
import torch
import transformers as hf
from tokenizers import models, normalizers, pre_tokenizers, trainers

TEXTS = [
    "the quick brown fox jumps over the lazy dog", "Dogs aren't cats: 3.5 of them, in fact!",
    "한국어 문장을 자르는 것은 재미있다", "naïve façade, Größenwahn (déjà vu) 東京",
    "a b c 🙂🙂 def f(x): return x**2",
]  # fmt: skip
STRANGE = [
    *TEXTS,
    "",
    "🤡👍🏽 unseen é",
    "  two  spaces\tand tab ",
    "[MASK] <mask> [SEP] </s>",
    "눈눈",
]
PAIRS = [("the quick dog", "한국어 문장"), ("a", "b c 🙂 naïve"), ("Dogs aren't cats", "x")]
SMALL = {"num_hidden_layers": 2, "intermediate_size": 24, "max_position_embeddings": 40}


def word_pieces() -> dict[str, int]:
    """A vocabulary as BERT's."""
    made = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = (
        normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
    )
    specials = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(TEXTS, trainers.WordPieceTrainer(
        vocab_size=150, special_tokens=specials, show_progress=False))  # fmt: skip
    return made.get_vocab()


def byte_pairs() -> tuple[dict, list]:
    """A vocabulary and merges as RoBERTa's."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(TEXTS, trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))  # fmt: skip
    model = json.loads(made.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def likely_pieces() -> list[tuple[str, float]]:
    """A vocabulary as XLM-R's."""
    made = tokenizers.Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(TEXTS * 3, trainers.UnigramTrainer(
        vocab_size=120, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>",
        show_progress=False))  # fmt: skip
    pieces = json.loads(made.to_str())["model"]["vocab"]
    return [*((piece, score) for piece, score in pieces), ("<mask>", 0.0)]


def wordy(kind: type) -> object:
    """A tokenizer of this class."""
    if kind is hf.RobertaTokenizer:
        vocab, merges = byte_pairs()
        return kind(vocab=vocab, merges=merges)
    return kind(vocab=likely_pieces() if kind is hf.XLMRobertaTokenizer else word_pieces())


CASES = {  # model, its tokenizer, settings
    "bert": (hf.BertForMaskedLM, hf.BertTokenizer, {"hidden_size": 16, "num_attention_heads": 4}),
    "bert, one kind of text, one head": (hf.BertForMaskedLM, hf.BertTokenizer, {
        "hidden_size": 12, "num_attention_heads": 1, "type_vocab_size": 1, "hidden_act": "gelu_new",
        "layer_norm_eps": 1e-3, "more": 3}),
    "bert, relu, three kinds": (hf.BertForMaskedLM, hf.BertTokenizer, {
        "hidden_size": 16, "num_attention_heads": 2, "type_vocab_size": 3, "hidden_act": "relu"}),
    "roberta": (hf.RobertaForMaskedLM, hf.RobertaTokenizer, {
        "hidden_size": 16, "num_attention_heads": 2, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "roberta, odd positions": (hf.RobertaForMaskedLM, hf.RobertaTokenizer, {
        "hidden_size": 20, "num_attention_heads": 5, "type_vocab_size": 2, "hidden_act": "silu",
        "max_position_embeddings": 37}),
    "xlm-roberta": (hf.XLMRobertaForMaskedLM, hf.XLMRobertaTokenizer, {
        "hidden_size": 16, "num_attention_heads": 4, "type_vocab_size": 1, "more": 5}),
    "electra": (hf.ElectraForMaskedLM, hf.BertTokenizer, {
        "hidden_size": 16, "num_attention_heads": 4, "embedding_size": 8}),
    "electra, one width": (hf.ElectraForMaskedLM, hf.BertTokenizer, {
        "hidden_size": 16, "num_attention_heads": 2, "embedding_size": 16, "type_vocab_size": 1}),
}  # fmt: skip
KINDS = ("bert", "roberta", "xlm-roberta", "electra")


def made(folder: Path, kind: type, cut: type, settings: dict) -> Path:
    """A checkpoint as transformers saves it, every weight of it drawn; `more` rows than tokens."""
    torch.manual_seed(1)
    cutter = wordy(cut)
    rows = len(cutter) + settings.get("more", 0)
    own = {key: value for key, value in settings.items() if key != "more"}
    ids = {"pad_token_id": cutter.pad_token_id}
    config = kind.config_class(vocab_size=rows, **SMALL | own, **ids)
    model = kind(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    cutter.save_pretrained(folder)
    return folder
