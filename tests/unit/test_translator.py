"""A translator in use: the line contract, scores that are the model's, and every way of asking."""

import random
import shutil
from threading import get_ident

import pytest
import torch
from tiny import tiny

from regard.data import phrasebook
from regard.data.tokenizer.base import EOS
from regard.recipe import UserError
from regard.run import Run
from regard.search.processors import Repetition
from regard.tasks import workers
from regard.tasks.decode import beam, diverse, greedy, mbr, sample
from regard.tasks.lines import blank
from regard.tasks.translate import load
from regard.tasks.translator import Translator, Wish

KOREAN = [pair.ko for pair in phrasebook.pairs("dev", 64)]
ENGLISH = [pair.en for pair in phrasebook.pairs("dev", 64)]
NOTHING = [
    "", " ", "   ", "\t", "\t \t", "\u3000", "\u00a0", "\u2003\u3000", "\x0b", "\f", "\r",
    "\x85", "\u2028", "\u2029", "\u200b", "\u200b\u200d\ufeff", "\x00", "\x00\x01\x1f",
    "\x7f", "\u202e\u200f", "\u00ad", " \u200b ", "\u2060",
]  # fmt: skip
SOMETHING = [
    "😀", "👩‍👩‍👧‍👦", "😀" * 60, "🏳️‍🌈 🇰🇷", "مرحبا بالعالم", "\u202eשלום\u202c",
    "학교에 \x00 갔다.", "\x00a", "\x1b[31mred\x1b[0m", "하나\u2028둘\u2029셋", "하나\x85둘",
    "하나\f둘\x0b셋", "e\u0301\u0301\u0301", "\u0301", "ㅎㅏㄴ", "\u1112\u1161\u11ab",
    "ａｂｃ", "x" * 300, "가" * 500, "http://" + "a/" * 200, "?!...", "。。。", "---",
    "\"'”»)]", "a", "가", ".", "I went to the library.", "The student is at home.", "a\rb",
    "a\r", "\ta\tb\t", "  민수는   학교에 갔다.  ", "<pad><bos><eos><unk>", "<2en> 안녕",
    "\\n\\t", "ﷺ" * 20, "\ufffd", "\ue000", "\U0010ffff", "𝔘𝔫𝔦", "Zalgo" + "\u0336" * 50,
    "&amp;<b>&lt;", "%s{name}$1", "\u2800", "0" * 100,
]  # fmt: skip
SPACED = "민수는 학교에 갔다 " * 9_091
LONG = ["x" * 100_000, SPACED[:100_000], "가. " * 2_000 + "나" * 4_000, " " * 99_999 + "."]
HOSTILE = 10_000


def hostile(count: int) -> list[str]:
    """All of the above, and random mixtures of it."""
    rng = random.Random(7)
    parts = [*NOTHING, *SOMETHING, *KOREAN]
    lines = [*NOTHING, *SOMETHING, *KOREAN, *LONG]
    while len(lines) < count:
        if rng.random() < 0.3:
            lines.append(rng.choice(NOTHING) * rng.randint(1, 3))
        else:
            mixed = [rng.choice(parts)[: rng.randint(1, 12)] for _ in range(rng.randint(1, 3))]
            lines.append(rng.choice(["", " ", "\u3000"]).join(mixed))
    rng.shuffle(lines)
    return lines[:count]


@pytest.fixture(scope="module")
def mt(tiny_run) -> Translator:
    return load([tiny_run])


def using(mt: Translator, decode) -> Translator:
    """The same models, decoding otherwise."""
    return Translator(mt.models, mt.codec, decode, mt.longest)


@pytest.fixture
def read(mt):
    """The sentences that the encoder is given while a test runs, as token ids."""
    seen: list[list[int]] = []
    model, encode = mt.models[0], mt.models[0].encode

    def noted(tokens, ok=None):
        seen.extend([i for i in row if i] for row in tokens.tolist())
        return encode(tokens, ok)

    model.encode = noted
    yield seen
    del model.encode


def test_ten_thousand_hostile_lines_in_and_out(mt, read):
    lines = hostile(HOSTILE)
    quick = using(mt, greedy.Config())
    quick.longest = 32
    answers = quick.translate(lines)
    assert len(answers) == HOSTILE
    nothing = [i for i, line in enumerate(lines) if blank(line)]
    assert len(nothing) > 1000 and {lines.index(line) for line in NOTHING} <= set(nothing)
    assert not {lines.index(line) for line in SOMETHING} & set(nothing)
    assert all(answers[i].text == "" and not answers[i].pieces for i in nothing)
    assert not any("\n" in a.text or "\r" in a.text for a in answers)
    "".join(a.text for a in answers).encode("utf-8")  # no half surrogates
    assert sum(len(a.pieces) for a in answers) == len(read)  # blanks never reached the model
    assert max(map(len, read)) <= 32
    assert all(len(ids) > 1 for ids in read)
    # In order: the same line has the same answer wherever it stands.
    first = {line: answers[i].text for i, line in reversed(list(enumerate(lines)))}
    assert [first[line] for line in lines] == [a.text for a in answers]
    some = random.Random(1).sample([i for i in range(HOSTILE) if len(lines[i]) < 50], 40)
    for i, other in zip(some, quick.translate([lines[i] for i in some]), strict=True):
        assert other.text == answers[i].text


def test_blank_lines_never_reach_the_model(mt, read):
    assert [a.text for a in mt.translate(NOTHING)] == [""] * len(NOTHING)
    several = mt.n_best(["", "\u3000"], Wish(best=3))
    assert [[a.text for a in row] for row in several] == [[""], [""]]
    assert mt.translate([]) == [] and read == []
    mt.translate(["", KOREAN[0], "\u200b"])
    assert read == mt.codec.sources([KOREAN[0]], ["ko-en"])


DECODERS = {"greedy": greedy.Config(), "beam": beam.Config(size=3, alpha=0.8)}


@pytest.mark.parametrize("kind", DECODERS)
def test_the_same_answer_alone_and_in_a_batch(mt, kind):
    used = using(mt, DECODERS[kind])
    together = used.translate(KOREAN)  # 64 of them
    for line, answer in list(zip(KOREAN, together, strict=True))[::3]:
        alone = used.translate([line])[0]
        assert alone.pieces[0].tokens == answer.pieces[0].tokens and alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-4)


@pytest.mark.parametrize("kind", DECODERS)
def test_the_reported_score_is_the_score_of_the_answer(mt, kind):
    used = using(mt, DECODERS[kind])
    answers = used.translate(KOREAN)
    scores = used.score(KOREAN, [a.text for a in answers])
    sources = mt.codec.sources(KOREAN, ["ko-en"] * len(KOREAN))
    canonical = 0
    for answer, source, score in zip(answers, sources, scores, strict=True):
        found = answer.pieces[0]
        forced = used.forced([source], [[*found.tokens, EOS]])[0]
        assert found.token_scores == pytest.approx(forced[: len(found.token_scores)], abs=1e-4)
        assert answer.score == pytest.approx(sum(found.token_scores), abs=1e-4)
        if found.finished and mt.codec.targets([answer.text]) == [[*found.tokens, EOS]]:
            canonical += 1
            assert answer.score == pytest.approx(score, abs=1e-4)
    assert canonical > len(KOREAN) // 2
    with pytest.raises(UserError, match="2 sources and 1 targets"):
        mt.score(["a", "b"], ["c"])


def test_n_best_is_sorted_and_distinct(mt):
    rows = mt.n_best(KOREAN[:20], Wish(best=5))  # more than the beam's size
    assert [row[0].text for row in rows] == [
        a.text for a in using(mt, beam.Config(size=5)).translate(KOREAN[:20])
    ]
    for row in rows:
        ranks = [a.pieces[0].ranking for a in row]
        assert len(row) <= 5 and ranks == sorted(ranks, reverse=True)
        assert len({tuple(a.pieces[0].tokens) for a in row}) == len(row)
    assert sum(map(len, rows)) > 80  # fewer only where no more ended in time


def test_a_forced_prefix_begins_every_answer(mt):
    prefixes = ["My ", "", "The student", "😀 I", "Wh", "\u3000x", "a" * 60, "I went to the"]
    answers = mt.translate(KOREAN[:8], Wish(prefix=prefixes))
    assert all(a.text.startswith(p) for a, p in zip(answers, prefixes, strict=True))
    assert answers[1].text == mt.translate(KOREAN[1:2])[0].text
    blanks = mt.translate(["", KOREAN[0]], Wish(prefix=["nothing", "But"]))
    assert blanks[0].text == "" and blanks[1].text.startswith("But")
    with pytest.raises(UserError, match="prefix: 1 for 2 lines"):
        mt.translate(KOREAN[:2], Wish(prefix=["The"]))


def test_required_terms_appear(mt):
    terms = [["library"], [], ["my aunt", "Seoul"], ["😀"], ["xylophone concert", "on Monday"]]
    answers = mt.translate(KOREAN[:5], Wish(terms=terms))
    for answer, wanted in zip(answers, terms, strict=True):
        assert all(term in answer.text for term in wanted)
        assert answer.pieces[0].finished
    assert answers[1].text == mt.translate(KOREAN[1:2])[0].text
    story = "wolves drink cocoa while foxes jump quickly over lazy brown zebras in the quiet garden"
    both = mt.translate(["가"], Wish(prefix=["Then"], terms=[[story]]))[0]
    assert len(mt.codec.target.encode([story])[0]) > 40  # many more than for the source
    assert both.text.startswith("Then") and both.text.count(story) == 1
    with pytest.raises(UserError, match="terms: 1 for 2 lines"):
        mt.translate(KOREAN[:2], Wish(terms=[[]]))
    for bad in ([""], [" \u200b"], "word"):
        with pytest.raises(UserError, match="terms: line 2 wants a list of phrases"):
            mt.translate(KOREAN[:2], Wish(terms=[[], bad]))
    with pytest.raises(UserError, match="greedy gives no constraints; use beam"):
        using(mt, greedy.Config()).translate(KOREAN[:1], Wish(terms=[["a"]]))


def test_a_long_line_is_cut_at_sentence_ends_and_joined(mt, read):
    line = "  ".join(KOREAN[:12])
    answer = mt.translate([line])[0]
    assert len(answer.pieces) > 1 and max(map(len, read)) <= mt.longest
    cut = mt.codec.source.decode(read)
    assert sorted(" ".join(cut).split()) == sorted(line.split())
    assert all(piece.strip()[-1] in ".?!" for piece in cut)  # the phrasebook's sentences end so
    parts = sorted(cut, key=line.index)
    assert answer.text == " ".join(a.text for a in mt.translate(parts))
    assert answer.score == pytest.approx(sum(p.score for p in answer.pieces))
    asked = mt.translate([line], Wish(prefix=["Well,"], terms=[["octopus"]]))[0].text
    assert asked.startswith("Well,") and asked.count("Well,") == 1 and asked.count("octopus") == 1


def test_as_many_tokens_as_in_training_fit(mt):
    most = [text for n in range(60) if mt.fits(text := "a" + " a" * n)][-1]
    assert len(mt.codec.sources([most], ["ko-en"])[0]) == mt.longest == 40


def test_the_repetition_guards_guard(mt):
    stuttering = [" ".join(["가"] * 20), "x" * 60, "!" * 30, *KOREAN]
    loose = using(mt, beam.Config(size=1, stutter=0)).translate(stuttering)
    tight = using(mt, beam.Config(size=1, stutter=1, no_repeat=2)).translate(stuttering)
    changed = 0
    for free, guarded in zip(loose, tight, strict=True):
        tokens = guarded.pieces[0].tokens
        pairs = list(zip(tokens, tokens[1:], strict=False))
        assert len(set(pairs)) == len(pairs) and all(a != b for a, b in pairs)
        changed += free.text != guarded.text
    assert changed
    assert not beam.Config(stutter=0).guards()
    assert [type(g) for g in beam.Config().guards()] == [Repetition]


def test_sampling_with_the_same_seed_repeats(mt):
    one, again, other = (
        using(mt, sample.Config(seed=s, top_p=0.95)).n_best(KOREAN[:10], Wish(best=4))
        for s in (5, 5, 6)
    )
    texts = [[[a.text for a in row] for row in rows] for rows in (one, again, other)]
    assert texts[0] == texts[1] != texts[2]
    assert all(len(row) == 4 for row in one)
    cold = using(mt, sample.Config(temperature=1e-4)).translate(KOREAN[:10])
    likeliest = using(mt, greedy.Config()).translate(KOREAN[:10])
    assert [a.text for a in cold] == [a.text for a in likeliest]


def test_minimum_bayes_risk_and_diverse_beams_answer(mt):
    risk = using(mt, mbr.Config(samples=8))
    answers = risk.translate(KOREAN[:6])
    assert [a.text for a in answers] == [a.text for a in risk.translate(KOREAN[:6])]
    assert all(0 <= a.pieces[0].ranking <= 100 for a in answers)
    apart = using(mt, diverse.Config(size=4, groups=4, strength=5.0))
    groups = apart.n_best(KOREAN[:6], Wish(best=4))
    assert all(len({a.text[:1] for a in row}) > 1 for row in groups)
    with pytest.raises(UserError, match="mbr gives no n-best"):
        risk.n_best(KOREAN[:1], Wish(best=2))
    with pytest.raises(ValueError, match="no multiple"):
        diverse.Config(size=5, groups=2)


def test_two_copies_answer_as_one(mt, tiny_run, tmp_path):
    shutil.copytree(tiny_run.folder, tmp_path / "copy")
    both = load([tiny_run, Run(tmp_path / "copy")])
    one, two = mt.translate(KOREAN[:20]), both.translate(KOREAN[:20])
    assert [a.text for a in one] == [a.text for a in two]
    assert [a.score for a in one] == pytest.approx([a.score for a in two], abs=1e-4)
    scores = [x.score(KOREAN[:20], ENGLISH[:20]) for x in (mt, both)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_two_models_average_their_probabilities(mt, tiny_run):
    other = load([tiny_run]).models[0]
    with torch.no_grad():
        other.bias += torch.randn(other.bias.shape, generator=torch.Generator().manual_seed(1))
    ids = mt.codec.sources(KOREAN[:5], ["ko-en"] * 5), mt.codec.targets(ENGLISH[:5])
    apart = [Translator([m], mt.codec, mt.decode, 40).forced(*ids) for m in (mt.models[0], other)]
    both = Translator([mt.models[0], other], mt.codec, mt.decode, 40)
    for a, b, c in zip(*apart, both.forced(*ids), strict=True):
        mean = (torch.tensor(a).exp() + torch.tensor(b).exp()) / 2
        assert mean.log().tolist() == pytest.approx(c, abs=1e-4)
    answers = both.translate(KOREAN[:20])
    sources = mt.codec.sources(KOREAN[:20], ["ko-en"] * 20)
    for answer, source in zip(answers, sources, strict=True):
        found = answer.pieces[0]
        forced = both.forced([source], [[*found.tokens, EOS]])[0]
        assert found.token_scores == pytest.approx(forced[: len(found.token_scores)], abs=1e-4)


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory) -> Run:
    """A run of two directions, hardly trained."""
    small = ["data.corpus.size=300", "train.steps=4", "dev_rows=3"]
    return tiny(tmp_path_factory.mktemp("both") / "run", "data.directions=[ko-en, en-ko]", *small)


def test_the_device_is_where_the_models_are(tiny_run):
    used = load([tiny_run])
    assert used.device == torch.device("cpu")
    used.models[0].to("meta")
    assert used.device == torch.device("meta")


def test_several_directions_are_told_apart(both_ways, mt):
    used = load([both_ways])
    codec = used.codec
    assert codec.tagged and not mt.codec.tagged
    ids = codec.sources(["가", "가"], ["ko-en", "en-ko"])
    assert [row[0] for row in ids] == [codec.source.special("<2en>"), codec.source.special("<2ko>")]
    assert ids[0][1:] == ids[1][1:] == [*codec.source.encode(["가"])[0], EOS]
    wishes = [Wish("ko-en"), Wish("en-ko")]
    there, back = (used.score(["가"], ["a"], wish.direction)[0] for wish in wishes)
    assert abs(there - back) > 1e-3
    assert all(len(used.translate(KOREAN[:3], wish)) == 3 for wish in wishes)
    most = [text for n in range(60) if used.fits(text := "a" + " a" * n)][-1]
    assert len(codec.sources([most], ["ko-en"])[0]) == used.longest
    with pytest.raises(UserError, match="no direction was asked for; .* translates ko-en, en-ko"):
        used.translate(KOREAN[:1])
    with pytest.raises(UserError, match="no direction 'ko-fr'; this run translates ko-en, en-ko"):
        used.translate(KOREAN[:1], Wish("ko-fr"))
    with pytest.raises(UserError, match="no direction 'en-ko'; this run translates ko-en"):
        mt.translate(KOREAN[:1], Wish("en-ko"))


def test_what_does_not_belong_together_is_refused(both_ways, tiny_run, tmp_path):
    with pytest.raises(UserError, match="another vocabulary"):
        load([tiny_run, both_ways])
    turned = tmp_path / "turned"
    shutil.copytree(tiny_run.folder, turned)
    text = (turned / "recipe.yaml").read_text("utf-8")
    (turned / "recipe.yaml").write_text(text.replace("ko-en", "en-ko"), "utf-8")
    with pytest.raises(UserError, match="other directions"):
        load([tiny_run, Run(turned)])


def test_weights_of_another_recipe_are_refused(tiny_run, tmp_path):
    def copied(name: str, old: str, new: str) -> Run:
        shutil.copytree(tiny_run.folder, tmp_path / name)
        recipe = tmp_path / name / "recipe.yaml"
        text = recipe.read_text("utf-8")
        assert old in text
        recipe.write_text(text.replace(old, new), "utf-8")
        return Run(tmp_path / name)

    with pytest.raises(UserError, match="of another recipe"):
        load([copied("wider", "dim: 32", "dim: 64")])
    with pytest.raises(UserError, match="is on one side only"):
        load([copied("deeper", "layers: 1", "layers: 2")])
    with pytest.raises(UserError, match="is on one side only"):
        load([copied("shallower", "layers: 2", "layers: 1")])
    with pytest.raises(UserError, match="output is on one side only"):
        load([copied("untied", "tie: all", "tie: none")])
    cut = copied("cut", "seed: 1", "seed: 1")
    cut.model.write_bytes(cut.model.read_bytes()[:1000])
    with pytest.raises(UserError, match="damaged"):
        load([cut])
    cut.model.unlink()
    with pytest.raises(UserError, match="training has not ended"):
        load([cut])


def test_loading_leaves_the_generator_alone(tiny_run):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    load([tiny_run])
    assert torch.equal(torch.rand(4), expected)


def test_batches_keep_to_the_budget_whatever_the_width():
    rows = [[1] * n for n in (3, 50, 7, 7, 20, 1)] * 30
    for width in (1, 4, 40):
        made = workers.batches([len(row) for row in rows], width, 400)
        assert sorted(i for batch in made for i in batch) == list(range(len(rows)))
        for batch in made:
            assert len(batch) == 1 or len(batch) * len(rows[batch[0]]) * width <= 400


def test_every_core_gets_a_batch_and_answers_are_the_same(mt, monkeypatch):
    before = torch.get_num_threads()
    alone = [a.text for a in mt.translate(KOREAN)]
    seen: set[int] = set()
    run = mt.decoded
    monkeypatch.setattr(mt, "decoded", lambda *a: (seen.add(get_ident()), run(*a))[1])
    torch.set_num_threads(2)
    try:
        assert len(workers.batches([10] * 400, 1, parts=2)) == 2
        assert [a.text for a in mt.translate(KOREAN * 4)] == alone * 4
        assert len(seen) == 2 and get_ident() not in seen and torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError):
            list(workers.side_by_side(lambda n: 1 // n, [1, 0, 1]))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def within(mt: Translator, budget: int) -> Translator:
    """The same translator with smaller batches."""
    used = using(mt, mt.decode)
    used.batch_tokens = budget
    return used


def test_small_batches_change_nothing(mt):
    small, few = within(mt, 400), KOREAN[:24]
    assert [a.text for a in small.translate(few)] == [a.text for a in mt.translate(few)]
    given = mt.score(KOREAN, ENGLISH)
    assert small.score(KOREAN, ENGLISH) == pytest.approx(given, abs=1e-3)
    assert mt.score(KOREAN[::-1], ENGLISH[::-1]) == pytest.approx(given[::-1], abs=1e-3)
