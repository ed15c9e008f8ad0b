"""CTranslate2 says what we say: weights, searches, scores, and everything it must hand back."""

import json
import random

import pytest
import torch
from test_export import HEADS, KOREAN, trained
from tiny import TINY

from regard.data.batching import pad
from regard.data.parallel import Codec
from regard.data.tokenizer.base import BOS, EOS
from regard.recipe import UserError, load, make, override, shipped
from regard.run import Run
from regard.search.base import IMPOSSIBLE, Limits
from regard.search.processors import NoRepeat, Repetition
from regard.tasks import translate
from regard.tasks.decode import beam, diverse, greedy, mbr, sample
from regard.tasks.decode.base import Ask
from regard.tasks.translator import Translator, Wish, room

theirs = pytest.importorskip("ctranslate2")
from regard.export import ctranslate2 as kind  # noqa: E402

BLOCK = ("model.encoder.block", "model.decoder.block")


def changed(*changes: str):
    """The tiny recipe, its stacks apart from each other."""
    return make(override(json.loads(json.dumps(TINY)), (HEADS, *changes)))


def both(setting: str) -> tuple[str, ...]:
    """A `key=value` of a block, for encoder and decoder."""
    return tuple(f"{block}.{setting}" for block in BLOCK)


def positions(setting: str) -> tuple[str, ...]:
    return tuple(f"model.{side}.position={setting}" for side in ("encoder", "decoder"))


VARIANTS = {
    "as it is": (),
    "post": both("place=post"),
    "pre and post": (BLOCK[0] + ".place=post", "model.encoder.layers=2"),
    "untied": ("model.tie=none", "data.shared=false"),
    "target tied": ("model.tie=target", "data.shared=false", *both("ff=gelu")),
    "gelu": (*both("ff=gelu"), *both("mixer.heads=1"), *both("cross.heads=1")),
    "swiglu": (*both("ff={kind: swiglu, width: 40}"), *both("place=post")),
    "one of each": (BLOCK[1] + ".ff=swiglu", BLOCK[0] + ".norm={kind: rms, eps: 1.0e-5}",
                    "model.encoder.layers=3"),
    "rms": both("norm=rms"),
    "rms, post": (*both("norm=rms"), *both("place=post")),
    "learned": positions("learned"),
    "no positions": (*positions("none"), *both("place=post")),
    "other waves": (*positions("{kind: sinusoidal, base: 100}"), "model.embed.scale=false"),
    "rotary": (*positions("{kind: rotary, base: 500}"), *both("mixer.heads=4"),
               *both("cross.heads=4")),
    "rotary below": ("model.encoder.position=rotary", *both("norm={kind: layer, eps: 0.01}")),
    "odd width": ("model.dim=33", *both("mixer.heads=3"), *both("cross.heads=3")),
    "tagged": ("data.directions=[ko-en, en-ko]",),
}  # fmt: skip


@pytest.fixture(scope="module")
def codecs():
    """The vocabularies that recipes ask for, each trained once."""
    made: dict[str, Codec] = {}

    def of(recipe):
        key = str((recipe.data.shared, recipe.data.directions))
        if key not in made:
            rows = recipe.data.rows("train").rows[:200]
            made[key] = Codec.train(recipe.data, rows)
        return made[key]

    return of


def wild(recipe, codec: Codec, seed: int = 1) -> Translator:
    """Random weights, gains and biases too."""
    model, rng = recipe.build(codec).eval(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=rng)
            p.copy_(1 + 0.3 * noise if name.endswith("gain") else p + 0.2 * noise)
    return Translator([model], codec, recipe.decode, recipe.data.max_length)


def exported(mt: Translator, recipe, folder, precision: str = "float32"):
    """The same model as an engine."""
    folder.mkdir(exist_ok=True)
    kind.write(mt.models[0], mt.codec, recipe, folder, precision)
    return kind.open(folder, mt.codec, 1)


def random_rows(codec: Codec, count: int, longest: int, seed: int = 2) -> list[list[int]]:
    rng = random.Random(seed)
    low, high = len(codec.source.facts.specials), codec.source.size
    return [
        [*(rng.randrange(low, high) for _ in range(rng.randint(1, longest - 1))), EOS]
        for _ in range(count)
    ]


def answered(engine, mt: Translator, rows, decode):
    """Hypotheses of the engine (None where it hands back) and of our own search."""
    limits = Limits(BOS, EOS, [room(len(r)) for r in rows], forbid=mt.codec.silent)
    made = engine.decoded(rows, decode, Ask(), limits)
    used = Translator(mt.models, mt.codec, decode, mt.longest)
    return made, used.decoded(rows, Ask(), [[]] * len(rows))


def check_same(made, own) -> None:
    """One hypothesis: the same tokens, scores, ranking."""
    assert made.tokens == own.tokens and made.finished and own.finished
    assert made.score == pytest.approx(own.score, abs=1e-3)
    assert made.ranking == pytest.approx(own.ranking, abs=1e-3)


# -- weights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_random_weights_say_the_same_there(variant, codecs, tmp_path):
    recipe = changed("data.tokenizer.vocab=500", *VARIANTS[variant])
    assert kind.refusal(recipe) is None
    mt = wild(recipe, codecs(recipe))
    before = [p.clone() for p in mt.models[0].parameters()]
    model = exported(mt, recipe, tmp_path).model
    assert all(map(torch.equal, before, mt.models[0].parameters()))
    # Token by token, its own choice each time: nobody would let such a model end.
    rows, names = random_rows(mt.codec, 12, 40), mt.codec.target.names
    written = [[mt.codec.source.names[token] for token in row] for row in rows]
    limits = Limits(BOS, EOS, [25] * len(rows))
    found = greedy.Config(stutter=0).run(mt.models[0].step, started(mt, rows), limits, Ask())
    made = model.translate_batch(
        written, beam_size=1, max_decoding_length=25, min_decoding_length=0, length_penalty=0,
        return_scores=True,
    )  # fmt: skip
    for [own], other in zip(found, made, strict=True):
        assert other.hypotheses[0] == [names[token] for token in own.tokens]
        assert other.scores[0] == pytest.approx(own.score, abs=1e-3)
    # All at once, whatever the tokens.
    targets = [[t % len(names) for t in row] for row in random_rows(mt.codec, 12, 40, seed=3)]
    scores = kind.Scores(model)
    for source, target in zip(written, targets, strict=True):
        scores.of(source, [names[token] for token in target[:-1]])
    for own, other in zip(mt.forced(rows, targets), scores.all, strict=True):
        assert other == pytest.approx(own, abs=1e-3)


def started(mt: Translator, rows):
    """The state of our model that has read these."""
    source = pad(rows)
    return mt.models[0].start(mt.models[0].encode(source, source != 0))


def test_int8_answers_and_takes_a_third_of_the_room(run, tmp_path):
    recipe, mt = run.recipe, translate.load([run])
    sizes = []
    for precision in kind.PRECISIONS:
        engine = exported(mt, recipe, tmp_path / precision, precision)
        sizes.append((tmp_path / precision / "model.bin").stat().st_size)
        assert engine.name == f"ctranslate2 {precision}"
        made, own = answered(engine, mt, mt.codec.sources(KOREAN, ["ko-en"] * 64), mt.decode)
        pairs = [(a[0], b[0]) for a, b in zip(made, own, strict=True) if a is not None]
        same = [a.score - b.score for a, b in pairs if a.tokens == b.tokens]
        assert len(pairs) > 40
        assert len(same) > (0.88 if precision == "float32" else 0.6) * len(pairs)
        assert max(map(abs, same)) < (1e-3 if precision == "float32" else 1.0)
    assert sizes[1] < 0.4 * sizes[0]


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "path", "instead"),
    [
        ("model.encoder=recurrent", "model.encoder", "plain"),
        ("model.decoder={kind: bahdanau}", "model.decoder", "plain"),
        (BLOCK[1] + ".mixer={kind: ssru}", BLOCK[1] + ".mixer", "softmax"),
        (BLOCK[0] + ".mixer={kind: linear}", BLOCK[0] + ".mixer", "softmax"),
        (BLOCK[1] + ".cross={kind: additive}", BLOCK[1] + ".cross", "softmax"),
        (BLOCK[1] + ".cross.heads=4", BLOCK[1] + ".cross.heads", "use 2"),
        (BLOCK[0] + ".place=sandwich", BLOCK[0] + ".place", "pre or post"),
        (BLOCK[1] + ".norm={kind: layer, eps: 1.0e-3}", BLOCK[1] + ".norm.eps", "1e-05"),
        ("model.encoder.position=shaw", "model.encoder.position", "sinusoidal"),
        ("model.decoder.position=alibi", "model.decoder.position", "rotary"),
        ("model.encoder.layers=0", "model.encoder.layers", "use 1"),
    ],
)
def test_what_they_do_not_know_is_refused_in_a_sentence(change, path, instead):
    found = kind.refusal(changed(change))
    assert found is not None and found.startswith(f"{path}: CTranslate2 ") and "\n" not in found
    assert instead in found.rpartition(": ")[2]


def test_every_shipped_recipe_is_refused_or_can_really_be_had(codecs, tmp_path):
    small = ("data.corpus={kind: phrasebook, size: 300}", "data.tokenizer={kind: bpe, vocab: 500}")
    models = {}
    for name in shipped():
        recipe = load(name)
        if recipe.task == "translate" and kind.refusal(recipe) is None:
            models[str(recipe.model)] = load(name, [*small, "data.directions=[ko-en]"])
    assert len(models) >= 2
    for number, recipe in enumerate(models.values()):
        codec = codecs(recipe)
        mt = Translator([recipe.build(codec)], codec, recipe.decode, recipe.data.max_length)
        model = exported(mt, recipe, tmp_path / str(number)).model
        rows = random_rows(codec, 3, 12)
        scores, names = kind.Scores(model), codec.target.names
        targets = [[*(token % len(names) for token in row[:-1]), EOS] for row in rows]
        for row, target in zip(rows, targets, strict=True):
            scores.of([codec.source.names[t] for t in row], [names[t] for t in target[:-1]])
        forced = mt.forced(rows, targets)
        for ours, made in zip(forced, scores.all, strict=True):
            assert made == pytest.approx(ours, abs=1e-3)


# -- searches --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return trained(tmp_path_factory)


@pytest.fixture(scope="module")
def pair(run, tmp_path_factory):
    """A trained translator and its engine."""
    mt = translate.load([run])
    return mt, exported(mt, run.recipe, tmp_path_factory.mktemp("pair"))


DECODERS = [
    greedy.Config(stutter=0), beam.Config(size=4, stutter=0), beam.Config(size=1, stutter=0),
    beam.Config(size=5, alpha=0.0, stutter=0), beam.Config(size=3, no_repeat=3),
]  # fmt: skip


@pytest.mark.parametrize("decode", DECODERS, ids=str)
def test_a_trained_model_finds_the_same_there(pair, decode):
    mt, engine = pair
    rows = mt.codec.sources(KOREAN, ["ko-en"] * len(KOREAN))
    made, own = answered(engine, mt, rows, decode)
    done = [(a, b) for a, b in zip(made, own, strict=True) if a is not None]
    assert len(done) > (4 if decode.guards() else 36) and all(len(a) == 1 for a, _ in done)
    same = [(a[0], b[0]) for a, b in done if a[0].tokens == b[0].tokens]
    # a beam stays full there where one of its hypotheses ends, ours goes on with one fewer
    assert len(same) >= (0.9 if decode.width > 1 else 0.97) * len(done)
    for a, b in same:
        check_same(a, b)
        assert list(a.token_scores) == pytest.approx(b.token_scores, abs=1e-3)
        assert len(a.token_scores) == len(a.tokens) + 1
    for row, (a,) in zip(rows, [x or [None] for x in made], strict=True):
        if a is not None:  # also where another answer was found, its score is the model's
            assert a.score == pytest.approx(sum(mt.forced([row], [[*a.tokens, EOS]])[0]), abs=1e-3)


def test_several_answers_are_those_of_our_own_search(pair):
    mt, engine = pair
    used = Translator(mt.models, mt.codec, mt.decode, mt.longest)
    used.engine = engine
    made, ours = (x.n_best(KOREAN[:8], Wish(best=3)) for x in (used, mt))
    assert [[a.pieces for a in row] for row in made] == [[a.pieces for a in row] for row in ours]


def test_what_they_would_do_otherwise_is_not_taken(pair):
    _, engine = pair
    none = [[], []]
    for decode in (beam.Config(), greedy.Config(), beam.Config(no_repeat=2, stutter=0)):
        assert engine.takes(decode, Ask(), none)
    for decode in (diverse.Config(), mbr.Config(), sample.Config(), beam.Config(alpha=2.0)):
        assert not engine.takes(decode, Ask(), none)
    assert not engine.takes(beam.Config(), Ask(), [[], [300]])
    for ask in (Ask(2), Ask(1, [[], [[300]]]), Ask(trace=[])):
        assert not engine.takes(beam.Config(), ask, none)


def test_rows_that_they_cannot_do_exactly_are_handed_back(pair):
    mt, engine = pair
    rows = mt.codec.sources(KOREAN[:8], ["ko-en"] * 8)
    decode = beam.Config(size=3, stutter=0)
    roomy = Limits(BOS, EOS, [80] * 8, forbid=mt.codec.silent)
    found = engine.decoded(rows, decode, Ask(), roomy)
    assert all(row is not None for row in found)
    lengths = [len(row[0].tokens) + 1 for row in found]
    # its own limit, whatever that of the others
    tight = Limits(BOS, EOS, [*lengths[:4], *(n - 1 for n in lengths[4:])], forbid=[0, 1, 3])
    again = engine.decoded(rows, decode, Ask(), tight)
    assert [r[0].tokens for r in again[:4]] == [r[0].tokens for r in found[:4]]
    for row, length in zip(again[4:], lengths[4:], strict=True):
        assert row is None or len(row[0].tokens) < length - 1
    # a forbidden id among what it says
    said = found[2][0].tokens[1]
    barred = engine.decoded(rows, decode, Ask(), Limits(BOS, EOS, [80] * 8, forbid=[said]))
    assert barred[2] is None
    # nothing but an end, and more than it has positions for
    odd = [[EOS], [*[300] * engine.positions, EOS], rows[0]]
    made = engine.decoded(odd, decode, Ask(), Limits(BOS, EOS, [20, 600, 80]))
    assert made[:2] == [None, None] and made[2][0].tokens == found[0][0].tokens
    assert engine.decoded([], decode, Ask(), Limits(BOS, EOS, [])) == []
    # a guard that would have acted
    strict = engine.decoded(rows, beam.Config(size=3, no_repeat=1), Ask(), roomy)
    assert any(row is None for row in strict)
    for row in strict:
        assert row is None or len(set(row[0].tokens)) == len(row[0].tokens)


@pytest.mark.parametrize("seed", range(20))
def test_a_guard_acts_where_our_own_would_have(seed):
    rng = random.Random(seed)
    tokens = [rng.randrange(3 + seed % 4) for _ in range(rng.randint(0, 24))]
    for guard in (NoRepeat(1), NoRepeat(2), NoRepeat(3), NoRepeat(5), Repetition(1), Repetition(2),
                  Repetition(3, period=2)):  # fmt: skip
        acted = False
        for t, token in enumerate(tokens):
            history = torch.tensor([tokens[:t]], dtype=torch.long)
            left = guard(torch.zeros(1, 8), history, torch.tensor([0]))
            acted |= float(left[0, token]) == IMPOSSIBLE
        assert kind.acts([guard], tokens) == acted


def test_the_folder_says_all_that_somebody_without_us_needs(pair, run, tmp_path):
    mt = pair[0]
    exported(mt, run.recipe, tmp_path)
    assert {x.name for x in tmp_path.iterdir()} == {
        "config.json", "model.bin", "shared_vocabulary.json", "tokenizer"
    }  # fmt: skip
    assert json.loads((tmp_path / "shared_vocabulary.json").read_text()) == mt.codec.target.names
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["decoder_start_token"] == "<bos>" and config["eos_token"] == "<eos>"
    assert not config["add_source_bos"] and not config["add_source_eos"]
    again = Codec.load(tmp_path / "tokenizer", run.recipe.data)
    model = theirs.Translator(str(tmp_path))
    (row,) = again.sources(KOREAN[:1], ["ko-en"])
    said = model.translate_batch([[again.source.names[i] for i in row]], beam_size=3)[0]
    ids = [again.target.names.index(word) for word in said.hypotheses[0]]
    assert again.target.decode([ids])[0] and isinstance(pair[1], kind.CTranslate2)


def test_without_the_library_one_is_told_how_to_get_it(run, monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(UserError, match=r"pip install 'regard\[export\]'"):
        exported(translate.load([run]), run.recipe, tmp_path)
