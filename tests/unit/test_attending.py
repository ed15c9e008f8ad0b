"""What is caught of a model's attention, the alignments read off it, and a whole look."""

import numpy as np
import pytest
import torch
from tiny import BLOCK, TINY, changed

from regard import recipe
from regard.attention.base import Core, per_head
from regard.data import phrasebook
from regard.data.corpus.base import Row
from regard.data.parallel import Codec
from regard.data.tokenizer.base import EOS
from regard.look.capture import look
from regard.look.maps import Look
from regard.recipe import UserError
from regard.search.base import Hypothesis
from regard.tasks import aligning
from regard.tasks.attending import Attended, Head, attend, caught, links, usual
from regard.tasks.decode import beam, greedy
from regard.tasks.translate import load
from regard.tasks.translator import Translator, Wish

PAIRS = phrasebook.pairs("dev", 6)
SOURCES, TARGETS = [p.ko for p in PAIRS], [p.en for p in PAIRS]
RECURRENT = {"kind": "recurrent", "cell": "gru", "layers": 1}


def blocks(mixer: str, layers: int = 2) -> dict:
    return {"layers": layers, "block": {**BLOCK, "mixer": {"kind": mixer, "heads": 2}}}


MODELS = {
    "transformer": {"encoder": blocks("softmax", 1), "decoder": blocks("softmax")},
    "realformer": {"encoder": blocks("realformer"), "decoder": blocks("realformer", 3)},
    "linear": {"encoder": blocks("linear"), "decoder": blocks("linear")},
    "bahdanau": {"encoder": RECURRENT, "decoder": {"kind": "bahdanau"}},
    "luong": {
        "encoder": {**RECURRENT, "cell": "lstm", "direction": "forward"},
        "decoder": {"kind": "luong", "layers": 1, "attention": "general"},
    },
    "fixed": {
        "encoder": {**RECURRENT, "cell": "lstm", "direction": "backward"},
        "decoder": {"kind": "fixed", "layers": 1},
    },
}
CROSS = ["decoder.0.cross", "decoder.1.cross"]
CAUGHT = {
    "transformer": {"encoder.0.self", "decoder.0.self", "decoder.1.self", *CROSS},
    "realformer": {
        *(f"encoder.{i}.self" for i in range(2)),
        *(f"decoder.{i}.{kind}" for i in range(3) for kind in ("self", "cross")),
    },
    "linear": set(CROSS),  # its own attention forms no weights
    "bahdanau": set(CROSS[:1]),
    "luong": set(CROSS[:1]),
    "fixed": set(),
}


@pytest.fixture(scope="module")
def mt(tiny_run) -> Translator:
    return load([tiny_run])


@pytest.fixture(scope="module")
def models(mt) -> dict[str, Translator]:
    """Models as they start, with the vocabulary of the run that was trained."""
    made = {}
    for name, settings in MODELS.items():
        built = recipe.make({**TINY, "model": {"dim": 32, "tie": "all", **settings}})
        made[name] = Translator([built.build(mt.codec)], mt.codec, built.decode, 40)
    return made


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_caught_whole(models, name):
    used = models[name]
    seen = attend(used, SOURCES, TARGETS)
    for sentence, source, target in zip(seen, SOURCES, TARGETS, strict=True):
        assert sentence.source == used.codec.sources([source], ["ko-en"])[0]
        assert sentence.target == used.codec.targets([target])[0]
        assert set(sentence.weights) == CAUGHT[name]
        S, T = len(sentence.source), len(sentence.target)
        for place, weights in sentence.weights.items():
            rows = S if place.startswith("encoder") else T
            causal = place.startswith("decoder") and place.endswith("self")
            heads = {"self": 2, "cross": 4 if "block" in MODELS[name]["decoder"] else 1}
            heads = heads[place.rpartition(".")[2]]  # as the recipe says; 4 where it says nothing
            assert weights.shape == (heads, rows, T if causal else S) and weights.min() >= 0
            assert weights.sum(-1) == pytest.approx(np.ones((heads, rows)), abs=1e-5)
            assert not causal or not np.triu(weights, 1).any()
    alone = attend(used, SOURCES[:1], TARGETS[:1])[0]  # padding leaves no mark
    for place, weights in alone.weights.items():
        assert weights == pytest.approx(seen[0].weights[place], abs=1e-5)


@pytest.mark.parametrize("name", ["transformer", "realformer", "linear", "bahdanau", "luong"])
def test_looking_leaves_no_trace(models, name):
    used = models[name]
    ids = used.codec.sources(SOURCES, ["ko-en"] * 6), used.codec.targets(TARGETS)
    before = used.forced(*ids)
    answers = [a.text for a in used.translate(SOURCES)]
    with caught(used.models[0]) as found:
        assert used.forced(*ids) == before and found
        assert [a.text for a in used.translate(SOURCES)] == answers
    assert used.forced(*ids) == before
    assert not any(m._forward_pre_hooks for m in used.models[0].modules())


@pytest.mark.parametrize("name", ["transformer", "realformer", "bahdanau", "luong"])
def test_what_is_caught_is_what_was_used(models, name):
    """Weights times values are what the attention itself gave."""
    used, went = models[name], []
    cores = [m for m in used.models[0].modules() if isinstance(m, Core)]

    def note(core, args, result):
        went.append((per_head(args[2], args[0].size(1)), result[0]))

    hooks = [core.register_forward_hook(note) for core in cores]
    with caught(used.models[0]) as found, torch.inference_mode():
        used.forced(used.codec.sources(SOURCES[:1], ["ko-en"]), used.codec.targets(TARGETS[:1]))
    for hook in hooks:
        hook.remove()
    weights = [w for place in found.values() for w in place]  # one place at a time in these models
    if name in ("transformer", "realformer"):
        order = [place for place in found for _ in found[place]]
        assert len(order) == len(set(order))
    assert len(weights) == len(went) > 1
    for w, (v, y) in zip(weights, went, strict=True):
        assert torch.allclose(w @ v, y, atol=1e-5)


def test_a_failure_leaves_no_hooks(models):
    model = models["transformer"].models[0]
    with pytest.raises(KeyError), caught(model):
        raise KeyError("anything")
    assert not any(m._forward_pre_hooks for m in model.modules())


def test_measure_gives_an_error_rate(mt, models):
    found = aligning.measure(mt, count=20)
    for key in ("aer", "dev_aer", "precision", "recall"):
        assert 0 <= found[key] <= 1
    assert found["map"] in CROSS and found["sentences"] == 20 and found["shift"] in (0, 1)
    with pytest.raises(UserError, match="without weights, or not at all"):
        aligning.measure(models["fixed"], count=2)


def test_golds_turn_with_the_direction():
    there, back = aligning.golds("dev", "ko-en", 9), aligning.golds("dev", "en-ko", 9)
    for a, b, pair in zip(there, back, phrasebook.pairs("dev", 9), strict=True):
        assert (a.source, a.target) == (b.target, b.source) == (pair.ko, pair.en)
        assert a.sure == {(i, j) for j, i in b.sure} == {(i, j) for i, j, s in pair.links if s}
        assert a.possible == {(i, j) for j, i in b.possible} == {x[:2] for x in pair.links}
        assert a.sure <= a.possible


def test_perfect_weights_have_no_error(mt, monkeypatch):
    """Known one-to-one links, put into one head one step late: it is found, and the AER is 0."""
    rng = np.random.default_rng(0)
    codec, made = mt.codec, []
    single = [x[1:] for x in codec.target.names if x[:1] == " " and x[1:].isalpha()]  # one piece
    for n in (2, 3, 5, 8):
        turn = rng.permutation(n)
        source = " ".join(rng.choice(["학교에서", "민수는", "library", "읽었다"], n))
        target = " ".join(rng.choice(single, n))
        gold = {(int(turn[j]), j) for j in range(n)}
        made.append(aligning.Gold(source, target, gold, gold))

    def perfect(translator, sources, targets, direction):
        assert direction == "ko-en"
        found = []
        for gold in made:
            ids = codec.sources([gold.source], [direction])[0], codec.targets([gold.target])[0]
            weights = rng.random((3, len(ids[1]), len(ids[0])))
            source = np.array(codec.source.word_index(gold.source, ids[0][:-1]))
            at = {j: i for i, j in gold.sure}
            for t, j in enumerate(codec.target.word_index(gold.target, ids[1][:-1])):
                weights[1, t + 1, :-1] = (source == at[j]) / (source == at[j]).sum()
                weights[1, t + 1, -1] = 0.9  # the end of the source takes the most, and is no word
            found.append(Attended(*ids, {"decoder.0.cross": weights, "decoder.0.self": weights}))
        return found

    monkeypatch.setattr(aligning, "golds", lambda split, direction, count: made)
    monkeypatch.setattr(aligning, "attend", perfect)
    found = aligning.measure(mt)
    assert (found["aer"], found["precision"], found["recall"]) == (0, 1, 1)
    assert (found["map"], found["head"], found["shift"]) == ("decoder.0.cross", 1, 1)
    seen = perfect(mt, [], [], "ko-en")
    wrong = aligning.error(mt, made, seen, Head("decoder.0.cross", 0, 0))
    assert wrong.aer > 0.3
    for gold, sentence in zip(made, seen, strict=True):
        best = Head("decoder.0.cross", 1, 1)
        assert links(mt, gold.source, gold.target, sentence, best) == gold.sure


def test_where_to_look_if_nothing_is_known():
    assert usual([]) is None and usual(["decoder.0.self"]) is None
    assert usual(["encoder.0.self", "decoder.0.cross"]) == Head("decoder.0.cross")
    assert usual([f"decoder.{i}.cross" for i in range(3)]) == Head("decoder.1.cross")


def path_of(tree: list[dict]) -> list[dict]:
    """The chosen entries from the root on; never two at a level, none off the path."""
    path, level = [], tree
    while chosen := [entry for entry in level if entry["chosen"]]:
        assert len(chosen) == 1
        path.append(chosen[0])
        level = chosen[0]["children"]
    return path


def entries(tree: list[dict]) -> list[dict]:
    return [e for top in tree for e in (top, *entries(top["children"]))]


@pytest.mark.parametrize("text", SOURCES[:4])
def test_the_chosen_path_is_the_answer(mt, text):
    used = Translator(mt.models, mt.codec, beam.Config(size=3, alpha=0.6), mt.longest)
    best = used.translate([text], Wish())[0].pieces[0]
    assert isinstance(best, Hypothesis)
    tree = look(used, text).beam
    path = path_of(tree)
    ends = ["⏎"] * best.finished
    assert [e["text"] for e in path] == [*mt.codec.target.pieces(best.tokens), *ends]
    assert path[-1]["score"] == pytest.approx(best.score, abs=2e-3)
    assert {e["fate"] for e in path[:-1]} <= {"kept"} and path[-1]["fate"] in ("finished", "kept")
    everything = entries(tree)
    assert sum(e["chosen"] for e in everything) == len(path) < len(everything)
    for entry in everything:
        assert all(child["score"] <= entry["score"] + 1e-3 for child in entry["children"])
        assert not entry["children"] or entry["fate"] == "kept"


def test_every_search_and_an_ensemble_show_a_beam(mt):
    both = Translator([*mt.models] * 2, mt.codec, beam.Config(size=2), mt.longest)
    for used in (both, Translator(mt.models, mt.codec, greedy.Config(), mt.longest)):
        seen = look(used, SOURCES[0])
        assert path_of(seen.beam)[-1]["fate"] in ("finished", "kept")


@pytest.mark.parametrize("name", MODELS)
def test_a_look_is_consistent(models, name):
    used = models[name]
    seen = look(used, SOURCES[0])
    assert seen.target == used.translate(SOURCES[:1])[0].text
    assert {m.name for m in seen.maps} == CAUGHT[name]
    assert seen.source_words == SOURCES[0].split() and seen.target_words == seen.target.split()
    target = used.codec.targets([seen.target])
    scores = used.forced(used.codec.sources(SOURCES[:1], ["ko-en"]), target)[0]
    assert [p for _, p in seen.token_scores] == pytest.approx(np.exp(scores), rel=1e-4)
    assert len(seen.token_scores) == len(target[0]) and target[0][-1] == EOS
    for m in seen.maps:
        assert m.rows[-1] == ("⏎" if m.kind != "self" else m.rows[-1])
    kinds = [m.kind for m in seen.maps]
    assert kinds == sorted(kinds, key=["cross", "self", "encoder"].index)
    if CROSS[0] not in CAUGHT[name]:
        assert seen.alignment == [] and seen.meta["alignment"] == ""
    else:
        assert {j for _, j, _ in seen.alignment} == set(range(len(seen.target_words)))
        assert all(0 < w <= 1 for *_, w in seen.alignment)


def test_the_alignment_is_that_of_the_head_asked_for(mt):
    head = Head("decoder.1.cross", 1, 1)
    seen = look(mt, SOURCES[2], head=head)
    attended = attend(mt, SOURCES[2:3], [seen.target])[0]
    expected = links(mt, SOURCES[2], seen.target, attended, head)
    assert {(i, j) for i, j, _ in seen.alignment} == expected
    assert seen.meta["alignment"] == "decoder.1.cross, head 1"
    # A target word takes the most of the source word it is linked to.
    words = mt.codec.source.word_index(SOURCES[2], attended.source[:-1])
    rows = mt.codec.target.word_index(seen.target, attended.target[:-1])
    for i, j, w in seen.alignment:
        at = [t + 1 for t, word in enumerate(rows) if word == j]
        on = [k for k, word in enumerate(words) if word == i]
        share = attended.weights["decoder.1.cross"][1][at][:, on].sum(1).mean()
        assert w == pytest.approx(share, abs=1e-5)


def test_a_tag_is_no_word(mt):
    """With several directions every source begins with a tag, which no target word is linked to."""
    changes = ["data.directions=[ko-en, en-ko]", "data.shared=false", "model.tie=target"]
    built = changed(*changes)
    rows = [Row(s, t, "ko-en") for s, t in zip(SOURCES, TARGETS, strict=True)]
    rows += [Row(t, s, "en-ko") for s, t, _ in rows]
    codec = Codec.train(built.data, rows)
    used = Translator([built.build(codec)], codec, built.decode, 99)
    seen = look(used, SOURCES[0], "ko-en", Head("decoder.1.cross", 0))
    assert seen.meta["direction"] == "ko-en"
    cross = next(m for m in seen.maps if m.name == "decoder.1.cross")
    assert cross.columns[0] == "<2en>" and "<2en>" not in cross.columns[1:]
    sentence = attend(used, SOURCES[:1], TARGETS[:1], "ko-en")[0]
    weights = np.zeros((1, len(sentence.target), len(sentence.source)))
    weights[..., 0], weights[..., 2] = 0.9, 0.1  # nearly all on the tag
    sentence.weights["decoder.1.cross"] = weights
    word = codec.source.word_index(SOURCES[0], sentence.source[1:-1])[1]
    found = links(used, SOURCES[0], TARGETS[0], sentence, Head("decoder.1.cross"))
    assert found == {(word, j) for j in range(len(TARGETS[0].split()))}


def test_a_look_is_saved(mt, tmp_path):
    seen = look(mt, SOURCES[0])
    for ending, begins in ((".html", b"<!doctype html"), (".png", b"\x89PNG"), (".json", b"{")):
        saved = seen.save(tmp_path / f"look{ending}")
        assert saved.read_bytes().lstrip()[: len(begins)].lower() == begins.lower()
    again = Look.load(tmp_path / "look.json")
    assert again.target == seen.target and again.beam == seen.beam
    assert all((a.weights == b.weights).all() for a, b in zip(again.maps, seen.maps, strict=True))


@pytest.mark.parametrize("text", ["", " \u200b", "가 " * 100])
def test_what_is_no_sentence_is_refused(mt, text):
    with pytest.raises(UserError, match="wants one sentence of at most 40 tokens"):
        look(mt, text)
