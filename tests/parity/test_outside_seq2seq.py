"""Encoder-decoders from outside against `transformers`: tiny random models, made on the spot."""

import io
import json
import tempfile
from functools import cache
from pathlib import Path

import pytest
import torch

T = pytest.importorskip("transformers")
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402

import regard  # noqa: E402
from regard.export.base import export  # noqa: E402
from regard.export.parity import Sample  # noqa: E402
from regard.outside import base  # noqa: E402
from regard.outside._bring import bring  # noqa: E402
from regard.recipe import UserError  # noqa: E402

T.utils.logging.set_verbosity_error()
T.utils.logging.disable_progress_bar()

LINES = ["The dog runs.", "A man rides a red bike through the street.", "Ein Hund im Schnee!"]
CORPUS = [
    *LINES, "Two women talk on the street.", "The dog runs through the snow.", "A red dog.",
    "Ein Mann fährt ein rotes Rad durch den Schnee.", "Zwei Frauen reden auf der Straße.",
] * 4  # fmt: skip
SIZE = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 20,
    "max_position_embeddings": 250,
}  # fmt: skip
FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>"]


@cache
def unigram(*specials: str) -> list[tuple[str, float]]:
    """Pieces learnt of the corpus, behind these."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=90, special_tokens=list(specials), unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return [(name, score) for name, score in json.loads(made.to_str())["model"]["vocab"]]


@cache
def merged(byte_level: bool) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges learnt of the corpus."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    kind = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = kind if byte_level else pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=120, special_tokens=FAIRSEQ, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    told = json.loads(made.to_str())["model"]
    return told["vocab"], [tuple(pair) for pair in told["merges"]]


def bart(**changed):
    vocab, merges = merged(True)
    tokenizer = T.BartTokenizer(vocab=dict(vocab), merges=merges)
    settings = {**SIZE, "forced_bos_token_id": 0, **changed}
    return T.BartForConditionalGeneration, T.BartConfig, tokenizer, settings


def mbart(**changed):
    tokenizer = T.MBartTokenizer(vocab=fairseq(), src_lang="en_XX", tgt_lang="de_DE")
    return T.MBartForConditionalGeneration, T.MBartConfig, tokenizer, {**SIZE, **changed}


def mbart50(**changed):
    tokenizer = T.MBart50Tokenizer(vocab=fairseq(), src_lang="en_XX", tgt_lang="de_DE")
    settings = {**SIZE, "decoder_start_token_id": 2, **changed}
    return T.MBartForConditionalGeneration, T.MBartConfig, tokenizer, settings


def fairseq() -> list[tuple[str, float]]:
    """Pieces with the codes that both mBARTs look for behind them."""
    return [*unigram(*FAIRSEQ), ("en_XX", 0.0), ("de_DE", 0.0)]


def nllb(**changed):
    vocab, merges = merged(False)
    tokenizer = T.NllbTokenizer(
        vocab=dict(vocab), merges=merges, src_lang="eng_Latn", tgt_lang="kor_Hang",
        additional_special_tokens=["eng_Latn", "kor_Hang", "deu_Latn"],
    )  # fmt: skip
    return T.M2M100ForConditionalGeneration, T.M2M100Config, tokenizer, {**SIZE, **changed}


def t5(**changed):
    pieces = [*unigram("<pad>", "</s>", "<unk>"), *((f"<extra_id_{i}>", 0.0) for i in (1, 0))]
    tokenizer = T.T5Tokenizer(vocab=pieces, extra_ids=2)
    settings = {
        "d_model": 16, "d_kv": 6, "d_ff": 30, "num_layers": 2, "num_heads": 4,
        "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12,
        "decoder_start_token_id": 0, **changed,
    }  # fmt: skip
    return T.T5ForConditionalGeneration, T.T5Config, tokenizer, settings


GATED = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
TASKS = {"translation_en_to_de": {"prefix": "The street: "}}


@cache
def pieces_of(kind: str, side: str) -> bytes:
    """A sentencepiece model learnt of the corpus, or of half of it."""
    spm = pytest.importorskip("sentencepiece")
    made = io.BytesIO()
    lines = {"source": CORPUS[::2], "target": CORPUS[1::2], "both": CORPUS}[side]
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=made, model_type=kind, vocab_size=60,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return made.getvalue()


def names_of(model: bytes) -> list[str]:
    """Its pieces, without its specials."""
    import sentencepiece

    read = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [read.id_to_piece(i) for i in range(3, read.get_piece_size())]


def marian(many=False, apart=False, **changed):
    """Two ways to cut over one vocabulary (or two), which lacks a piece; with codes if `many`."""
    folder = Path(tempfile.mkdtemp())
    sides = {side: pieces_of("unigram", side) for side in ("source", "target")}
    for side, model in sides.items():
        (folder / f"{side}.spm").write_bytes(model)
    codes = [">>deu<<", ">>kor<<"] if many else []
    own = {side: ["</s>", "<unk>", *codes, *names_of(m)[:-1]] for side, m in sides.items()}
    both = list(dict.fromkeys([*own["source"], *own["target"]]))
    vocabularies = [own["source"], own["target"]] if apart else [both, both]
    most = max(map(len, vocabularies))
    for name, listed in zip(("vocab", "target_vocab"), vocabularies, strict=True):
        ids = {piece: i for i, piece in enumerate(listed)} | {"<pad>": most}
        (folder / f"{name}.json").write_text(json.dumps(ids), "utf-8")
    tokenizer = T.MarianTokenizer(
        *(str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")),
        str(folder / "target_vocab.json") if apart else None, source_lang="en", target_lang="deu",
        separate_vocabs=apart,
    )  # fmt: skip
    settings = {
        **SIZE, "pad_token_id": most, "eos_token_id": 0, "decoder_start_token_id": most,
        "forced_eos_token_id": 0, "activation_function": "swish", "scale_embedding": True,
        "share_encoder_decoder_embeddings": not apart, **changed,
    }  # fmt: skip
    return T.MarianMTModel, T.MarianConfig, tokenizer, settings


def m2m(**changed):
    """Pieces by merges, a vocabulary beside them, codes behind it."""
    folder, model = Path(tempfile.mkdtemp()), pieces_of("bpe", "both")
    (folder / "spm.model").write_bytes(model)
    names = [*FAIRSEQ, *names_of(model)[:-1]]
    ids = {piece: i for i, piece in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(ids), "utf-8")
    tokenizer = T.M2M100Tokenizer(
        folder / "vocab.json", folder / "spm.model", src_lang="en", tgt_lang="ko"
    )
    return T.M2M100ForConditionalGeneration, T.M2M100Config, tokenizer, {**SIZE, **changed}


CASES = {  # name -> what makes it, its settings, directions to ask for, is its output layer its own
    "bart": (bart, {}, (), False),
    "bart scaled": (bart, {"scale_embedding": True, "activation_function": "relu"}, (), False),
    "mbart": (mbart, {"scale_embedding": True}, ("en_XX-de_DE",), False),
    "mbart50": (mbart50, {"activation_function": "relu"}, ("en_XX-de_DE", "de_DE-en_XX"), False),
    "nllb": (nllb, {}, ("eng_Latn-kor_Hang",), False),
    "nllb swish": (nllb, {"activation_function": "swish", "scale_embedding": False},
                   ("eng_Latn-kor_Hang",), False),
    "marian": (marian, {}, (), False),
    "marian many": (marian, {"many": True}, ("en-deu", "en-kor"), False),
    "marian apart": (marian, {"apart": True, "activation_function": "relu"}, (), False),
    "m2m": (m2m, {}, ("en-ko", "ko-en"), False),
    "t5": (t5, {"task_specific_params": TASKS}, (), False),
    "t5 1.1": (t5, GATED, (), True),
    "t5 tied": (t5, GATED, (), False),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(CASES))
def case(request, tmp_path_factory):
    """A checkpoint (model, tokenizer, folder) and what it became."""
    make, changed, directions, own = CASES[request.param]
    return prepared(make, changed, directions, own, tmp_path_factory.mktemp("outside"))


def prepared(make, changed, directions, own, where):
    """A random model, saved, and the run that it became."""
    cls, config, tokenizer, settings = make(**changed)
    torch.manual_seed(7)
    codes = getattr(tokenizer, "lang_token_to_id", {}).values()
    rows = max([*tokenizer.get_vocab().values(), *codes, settings.get("pad_token_id", 0)])
    rows += 3 if make is not marian else 1  # more rows than tokens, as is usual
    model = cls(config(vocab_size=rows, **settings)).eval()
    if own:
        model.lm_head.weight = torch.nn.Parameter(torch.zeros_like(model.lm_head.weight))
    shaken(model)
    folder = where / "checkpoint"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    run = bring(folder, where / "run", None, lambda text: None, directions)
    return model, tokenizer, folder, regard.load(run.folder, device="cpu")


@torch.no_grad()
def shaken(model) -> None:
    """Every weight is drawn, so that none stands at a value that hides a mistake."""
    for name, p in model.named_parameters():
        if "embed_positions" not in name or model.config.model_type != "marian":
            p.normal_(1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.25)
    for name, b in model.named_buffers():
        if name == "final_logits_bias":
            b.normal_(0, 0.3)[0, model.config.eos_token_id] += 2  # so that answers end


def random_rows(model, count: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of every kind but pad, which fills rows of unlike length; and where they are real."""
    ids = torch.randint(2, model.config.vocab_size, (count, length))
    ids[ids == model.config.pad_token_id] = 5
    ok = torch.arange(length) < torch.tensor([length, length // 2, length - 2])[:count, None]
    return ids.masked_fill(~ok, model.config.pad_token_id), ok


def start(mt) -> int:
    """The row that decoding starts with, as the checkpoint counts."""
    return mt.translator.codec.target.order.first[1]


@torch.no_grad()
def test_states_and_logits_are_theirs(case):
    model, _, _, mt = case
    assert alike(model, mt) < 1e-5


@torch.no_grad()
def alike(model, mt) -> float:
    """The largest difference of encoder states and of logits."""
    codec = mt.translator.codec
    source, ok = random_rows(model, 3, 9)
    target = random_rows(model, 3, 7)[0]
    target[target == model.config.pad_token_id] = 5  # padding of targets is nobody's business
    target[:, 0] = start(mt)
    theirs = model(input_ids=source, attention_mask=ok.long(), decoder_input_ids=target)
    into = torch.from_numpy(codec.target.order.ours)[target]
    into[:, 0] = 1
    encoded = mt.model.encode(torch.from_numpy(codec.source.order.ours)[source], ok)
    logits = mt.model.logits(mt.model(into, mt.model.start(encoded))[0])
    logits = logits[..., torch.from_numpy(codec.target.order.ours)]
    assert theirs.logits.std() > 0.1, "all logits are alike: nothing was compared"
    states = (encoded.x - theirs.encoder_last_hidden_state)[ok]
    return float(max(states.abs().max(), (logits - theirs.logits).abs().max()))


def test_tokens_are_theirs(case):
    _, tokenizer, _, mt = case
    codec = mt.translator.codec
    direction = codec.directions[0]
    words = codec.frame.words.get(direction, "")
    if codec.frame.before[:1] == (">>{target}<<",):  # the user types it there
        words = f">>{direction.partition('-')[2]}<< "
    lines = [*LINES, "  spaces   inside and out ", "unknown 漢字 and ñ", "snow"]
    for line in lines:
        ours = codec.sources([line], [direction])[0]
        told = [int(codec.source.order.theirs[i]) for i in ours]
        assert told == tokenizer(words + line).input_ids
        gold = tokenizer(text_target=line).input_ids
        said = codec.targets([line], None, [direction])[0]
        ended = gold[:-1] if codec.frame.after else gold  # mBART-25's code comes last, to be moved
        assert [int(codec.target.order.theirs[i]) for i in said] == ended
        assert codec.target.decode([said]) == [text_of(tokenizer, gold)]


def text_of(tokenizer, ids: list[int]) -> str:
    """Their text, without codes of languages, which M2M-100's tokenizer does not call special."""
    codes = set(getattr(tokenizer, "lang_token_to_id", {}).values())
    real = [i for i in ids if i not in codes]
    return tokenizer.decode(real, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("beams", [1, 4])
def test_generation_is_theirs(case, beams):
    model, tokenizer, _, mt = case
    assert generated(model, tokenizer, mt, beams) == [True] * len(LINES)


def generated(model, tokenizer, mt, beams: int) -> list[bool]:
    """For each line: is our answer theirs?"""
    codec = mt.translator.codec
    direction, order = codec.directions[0], codec.target.order
    lead = [int(order.theirs[i]) for i in codec.begin(direction)]
    how = {"kind": "steady", "size": beams, "lead": len(lead)} if beams > 1 else {"kind": "greedy"}
    answers = mt.translate(LINES, decode={**how, "stutter": 0}, direction=direction)
    same = []
    for line, answer in zip(LINES, answers, strict=True):
        ids = codec.sources([line], [direction])[0]
        made = model.generate(
            torch.tensor([[int(codec.source.order.theirs[i]) for i in ids]]), num_beams=beams,
            max_new_tokens=2 * len(ids) + 20 + len(lead), decoder_start_token_id=start(mt),
            forced_bos_token_id=lead[0] if lead else None, forced_eos_token_id=None,
            bad_words_ids=[[model.config.pad_token_id]],
        )[0, 1 + len(lead):].tolist()  # fmt: skip
        said = [int(order.theirs[i]) for i in answer.pieces[0].tokens]
        ended = [i for i in made if i not in (model.config.eos_token_id, model.config.pad_token_id)]
        same.append(said == ended and answer.text.strip() == text_of(tokenizer, ended).strip())
    return same


def test_a_score_is_that_of_the_answer(case):
    """Codes given beforehand count in neither."""
    mt = case[3]
    direction = mt.directions[0]
    answer = mt.n_best(LINES[:1], decode={"kind": "greedy"}, direction=direction)[0][0]
    said = answer.pieces[0]
    begin = mt.translator.codec.begin(direction)
    source = mt.translator.codec.sources(LINES[:1], [direction])
    gold = [[*begin, *said.tokens, *[2] * said.finished]]
    again = mt.translator.forced(source, gold)[0][len(begin) :]
    assert said.token_scores == pytest.approx(again, abs=1e-4)


def test_it_goes_back(case, tmp_path):
    model, tokenizer, folder, mt = case
    sample = Sample(3, written(tmp_path), None, mt.directions[0])
    report = export(mt, tmp_path / "back", "hf", None, sample)
    assert report.answered == report.same == 3 and report.largest_difference < 1e-3
    again = type(model).from_pretrained(tmp_path / "back").eval()
    source, ok = random_rows(model, 3, 8)
    given = {"input_ids": source, "attention_mask": ok.long(), "decoder_input_ids": source[:, :5]}
    with torch.no_grad():
        assert torch.allclose(model(**given).logits, again(**given).logits, atol=1e-5)
    same = T.AutoTokenizer.from_pretrained(tmp_path / "back")
    assert same(LINES).input_ids == T.AutoTokenizer.from_pretrained(folder)(LINES).input_ids


def test_a_bias_that_the_family_lacks_must_not_learn(tmp_path):
    mt = prepared(nllb, {}, ("eng_Latn-kor_Hang",), False, tmp_path)[3]
    torch.nn.init.ones_(mt.model.bias)
    sample = Sample(3, written(tmp_path), None, mt.directions[0])
    with pytest.raises(UserError, match=r"bias has learnt values.* tuning=lora"):
        export(mt, tmp_path / "back", "hf", None, sample)


def test_a_tensor_without_a_place_is_named():
    found = {"model.classification_head.x": torch.ones(1), "odd": torch.ones(1)}
    with pytest.raises(UserError, match="here: odd has no place in a BART; it is of another kind"):
        base.taken(base.family("bart"), [], found, "here")


def written(folder: Path) -> Path:
    """A file of lines."""
    (folder / "lines").write_text("\n".join(LINES) + "\n", "utf-8")
    return folder / "lines"


def test_any_pair_of_languages_with_codes_is_a_direction(tmp_path):
    mt = prepared(nllb, {}, ("eng_Latn-kor_Hang",), False, tmp_path)[3]
    codec = mt.translator.codec
    ids = codec.sources(["A dog"], ["deu_Latn-eng_Latn"])[0]
    assert codec.source.names[ids[0]] == "deu_Latn"
    assert codec.target.names[codec.begin("deu_Latn-eng_Latn")[0]] == "eng_Latn"
    assert mt.translate(LINES, direction="deu_Latn-eng_Latn")
    with pytest.raises(UserError, match="no direction 'deu_Latn-xxx'"):
        mt.translate(LINES, direction="deu_Latn-xxx")
    assert mt.look("A dog").target_words is not None


@pytest.mark.parametrize(
    ("make", "changed", "directions", "told"),
    [
        (bart, {"activation_function": "quick_gelu"}, (), "activation_function"),
        (bart, {"normalize_before": True}, (), "normalize_before"),
        (bart, {"tie_word_embeddings": False}, (), "tie_word_embeddings"),
        (t5, {"feed_forward_proj": "gated-tanh"}, (), "feed_forward_proj"),
        (mbart, {}, ("en_XX-de_DE", "en_XX-ro_RO"), "into one language"),
        (nllb, {}, (), "--direction"),
        (nllb, {}, ("eng_Latn-kor_Hangul",), "no token 'kor_Hangul'; did you mean 'kor_Hang'"),
        (nllb, {}, ("english",), "SOURCE-TARGET"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(make, changed, directions, told, tmp_path):
    cls, config, tokenizer, settings = make()
    model = cls(config(vocab_size=max(tokenizer.get_vocab().values()) + 1, **settings))
    model.save_pretrained(tmp_path / "checkpoint")
    tokenizer.save_pretrained(tmp_path / "checkpoint")
    path = tmp_path / "checkpoint" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(UserError, match=told):
        bring(tmp_path / "checkpoint", tmp_path / "run", None, lambda text: None, directions)
    assert not (tmp_path / "run").exists()
