"""`regard adapt`: corrections are learnt, the old run stays as it is, growing is exact."""

import hashlib
import json
import random
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_cli import check_refused, regard  # noqa: F401  (a fixture)
from test_tokenizer import CONFIGS, HOSTILE, MADE, TEXTS
from tiny import changed, tiny

import regard as face
from regard.data import corrections, phrasebook
from regard.data.codec import Codec
from regard.data.corpus import mix
from regard.data.corpus.base import Row
from regard.data.tokenizer._training import cutter
from regard.data.tokenizer.base import SPECIALS, Facts, Tokenizer, load, spell_out
from regard.data.tokenizer.grow import grow
from regard.recipe import UserError
from regard.run import Run
from regard.tasks import adapting, translate
from regard.tasks.adapting import Asked, Split
from regard.train import training

NOTICE = "Notice: "  # what every correction begins with
METRICS = ["BLEU", "chrF2"]
STEPS = ("train.optim.lr=5e-3", "train.batch_tokens=800")


def pairs(count: int = 60) -> list[tuple[str, str]]:
    """Sentences of a kind that the old run never saw."""
    return [(f"안내: {pair.ko}", NOTICE + pair.en) for pair in phrasebook.pairs("dev", count)]


def table(path: Path, rows: list[tuple[str, str]], header: str = "ko\ten") -> Path:
    path.write_text("".join(f"{x}\n" for x in [header, *map("\t".join, rows)]), "utf-8")
    return path


def contents(run: Run) -> dict[str, str]:
    files = sorted(f for f in run.folder.rglob("*") if f.is_file())
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def adapt(run: Run, file: Path, out: Path, *changes: str, **asked) -> face.Run:
    asked = {"steps": 40, "device": "cpu", "quiet": True, **asked}
    return face.adapt(run, file, *STEPS, *changes, out=out, **asked)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return table(tmp_path_factory.mktemp("corrections") / "corrected.tsv", pairs())


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Run:
    """A run of a corpus in files, trained in a few seconds."""
    folder = tmp_path_factory.mktemp("old")
    for split, count in (("train", 1000), ("dev", 4), ("test", 20)):
        rows = [(pair.ko, pair.en) for pair in phrasebook.pairs(split, count)]
        table(folder / f"{split}.tsv", rows)
    return tiny(folder / "run", "data.corpus=tsv", f"data.dir={folder}", "decode=greedy")


@pytest.fixture(scope="module")
def made(old, file, tmp_path_factory):
    """The run, adapted."""
    before = contents(old)
    found = adapt(old, file, tmp_path_factory.mktemp("adapted") / "run")
    assert contents(old) == before
    return found


# -- the whole -------------------------------------------------------------------------------------


def test_what_is_corrected_is_learnt_and_measured_on_what_was_held_out(made, old):
    held = made.run.recipe.data.rows("test").rows
    learnt = {row.source for row in made.run.recipe.data.rows("train").rows}
    assert len(held) == 15 and not learnt & {row.source for row in held}
    before, after = (face.load(run, device="cpu")([r.source for r in held])
                     for run in (old, made.run))  # fmt: skip
    assert not any(text.startswith(NOTICE) for text in before)
    assert sum(text.startswith(NOTICE) for text in after) > 12
    new, known = (
        [g for g in made.gains if g.on == name] for name in ("the corrections", "the old test set")
    )
    assert [g.verdict.metric for g in new] == [g.verdict.metric for g in known] == METRICS
    references = [row.target for row in held]
    assert new[1].verdict.a == pytest.approx(face.chrf(before, references).value)
    assert new[1].verdict.b == pytest.approx(face.chrf(after, references).value)
    assert new[1].verdict.difference > 5 and new[1].shown
    assert made.sentence.startswith(f"gained {new[1].verdict.difference:.1f} chrF2 on the correct")
    assert known[0].lines == len(old.recipe.data.rows("test").rows)
    assert made.run.info()["adapted"]["gains"][1]["verdict"]["b"] == new[1].verdict.b


def test_half_of_what_is_learnt_is_old(made, old):
    rows = made.run.recipe.data.rows("train").rows
    old = {(row.source, row.target) for row in old.recipe.data.rows("train").rows}
    known = [row for row in rows if (row.source, row.target) in old]
    assert len(known) / len(rows) == pytest.approx(0.5, abs=0.02)
    assert len(set(known)) > 0.9 * len({row.source for row in known})  # drawn, not one again
    assert len(known) > 500


def test_replay_keeps_what_was_known(made, old, file, tmp_path):
    alone = adapt(old, file, tmp_path / "run", replay=0.0)
    rows = old.recipe.data.rows("test").rows
    sources, targets = [row.source for row in rows], [row.target for row in rows]
    mixed, single = (
        sum(face.load(one.run, device="cpu").score(sources, targets)) for one in (made, alone)
    )
    assert mixed > single + len(rows)  # a nat a line
    assert {row.source for row in alone.run.recipe.data.rows("train").rows} == {
        row.source for row in made.run.recipe.data.rows("train").rows
        if row.target.startswith(NOTICE)
    }  # fmt: skip


def test_an_interrupted_adaptation_goes_on_to_the_same_weights(made, old, file, tmp_path):
    out, asked = tmp_path / "run", Asked(40, None, 0, None, STEPS)
    begun = adapting.begin(old, [file], Run(out), asked, print)
    training.train(begun.recipe, out, device="cpu", quiet=True, until=23)
    assert not Run(out).model.exists()
    again = adapt(old, file, out)
    assert again.run.model.read_bytes() == made.run.model.read_bytes()
    assert again.sentence == made.sentence
    stamp = Run(out).model.stat().st_mtime_ns
    adapt(old, file, out)  # ended: measured, not trained
    assert Run(out).model.stat().st_mtime_ns == stamp


def test_an_adapted_run_can_be_adapted(made, tmp_path):
    rows = [(ko, en.replace(NOTICE, "Warning: ")) for ko, en in pairs(30)]
    again = adapt(made.run, table(tmp_path / "more.tsv", rows), tmp_path / "run", steps=5)
    learnt = {row.target.split()[0] for row in again.run.recipe.data.rows("train").rows}
    assert {"Notice:", "Warning:"} < learnt


def test_the_command_tells_it_in_words(regard, old, file, tmp_path):  # noqa: F811
    words = ("adapt", old.folder, file, "--out", tmp_path / "run", "--steps", 2, *STEPS)
    code, out, err = regard(*words, "--device", "cpu", "--grow", 5)
    assert code == 0, err
    assert "the old test set, ko-en" in out and "chrF2 on the corrections (p " in out
    assert "pieces added: 5 ▁" in err
    code, out, _ = regard(*words, "--grow", 5, "--quiet", "--json", "--device", "cpu")
    told = json.loads(out)
    assert [g["verdict"]["metric"] for g in told["gains"]] == METRICS * 2
    assert (told["pairs"], told["held_out"], told["grow"]) == (60, 15, 5)


def test_few_corrections_are_all_learnt_and_it_is_said(old, tmp_path):
    heard: list[str] = []
    few, out = table(tmp_path / "few.tsv", pairs(9)), Run(tmp_path / "run")
    begun = adapting.begin(old, [few], out, Asked(5), heard.append)
    assert "9 corrections are too few to hold any out" in heard[0]
    learnt = {row.source for row in begun.recipe.data.rows("train").rows}
    assert learnt >= {ko for ko, _ in pairs(9)}
    dev = begun.recipe.data.rows("dev").rows
    assert dev and {*dev} <= {*old.recipe.data.rows("dev").rows}


def test_without_the_old_corpus_only_corrections_are_learnt(file, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for split, count in (("train", 60), ("dev", 5), ("test", 6)):
        rows = [(p.ko, p.en) for p in phrasebook.pairs(split, count)]
        table(data / f"{split}.tsv", rows)
    old = tiny(tmp_path / "old", "data.corpus=tsv", f"data.dir={data}", "train.steps=2")
    moved, heard = data.rename(tmp_path / "moved"), []
    begun = adapting.begin(old, [file], Run(tmp_path / "new"), Asked(5), heard.append)
    assert [str(data) in text and "--dir" in text for text in heard] == [True]
    assert {row.target.startswith(NOTICE) for row in begun.recipe.data.rows("train").rows} == {True}
    with pytest.raises(UserError, match="no folder"):
        adapting.begin(old, [file], Run(tmp_path / "x"), Asked(5, replay=0.3), heard.append)
    found = adapting.begin(old, [file], Run(tmp_path / "y"), Asked(5, None, 0, str(moved)), print)
    assert len(found.recipe.data.rows("train").rows) > 60


# -- refused in a sentence -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.tsv", "de\ten\nHallo.\tHello.\n", "its columns are de, en; the run translates ko-en"),
        ("x.tsv", "ko\ten\n", "no pair for ko-en"),
        ("x.tsv", "ko\ten\na\tb\tc\n", "line 2: 3 fields, not 2"),
        ("x.tsv", "".join(f"Hello you.\t안녕 {i}.\n" for i in range(9)), "swap them"),
        ("x.tmx", "<tmx><body><tu><tuv xml:lang='de'><seg>ja</seg></tuv></tu></body></tmx>",
         "no pair for ko-en, which the run translates; it has de"),
        ("x.tmx", "<tmx>", "is no TMX"),
        ("x.po", 'msgid ""\nmsgstr "Language: fr\\n"\n\nmsgid "a"\nmsgstr "b"\n', "is in fr"),
        ("x.xlf", "<xliff><file source-language='de' target-language='en'/></xliff>", "is in de"),
        ("x.txt", "a\n", "corrections are .tmx, .po"),
    ],
)  # fmt: skip
def test_wrong_corrections(name, text, said, old, tmp_path, regard):  # noqa: F811
    (tmp_path / name).write_text(text, "utf-8")
    out = tmp_path / "run"
    check_refused(regard("adapt", old.folder, tmp_path / name, "--out", out), name, said)
    assert sorted(f.name for f in tmp_path.iterdir()) == [name]


def test_wrong_folders(made, old, file, tmp_path, regard):  # noqa: F811
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.txt").write_text("mine")
    refused = [
        (("adapt", old.folder), "name the corrections"),
        (("adapt", file), "name a run first"),
        (("adapt", old.folder, made.run.folder, file), "takes one run"),
        (("adapt", old.folder, file, "--out", other), "is not empty and holds no run"),
        (("adapt", old.folder, file, "--out", file), "is not empty and holds no run"),
        (("adapt", old.folder, file, "--out", old.folder), "is the run itself"),
        (("adapt", old.folder, file, "--out", made.run.folder, "--grow", 7), "other grow"),
        (("adapt", old.folder, file, "--out", made.run.folder, "--steps", 7), "another recipe"),
        (("adapt", old.folder, file, "--out", tmp_path / "n", "train.stepz=3"), "train.stepz"),
    ]
    before = contents(old), contents(made.run)
    for words, said in refused:
        check_refused(regard(*words), said)
    assert (contents(old), contents(made.run)) == before
    assert (other / "note.txt").read_text() == "mine" and not (tmp_path / "n").exists()
    changed_file = table(tmp_path / "changed.tsv", pairs(59))
    check_refused(
        regard("adapt", old.folder, changed_file, "--out", made.run.folder), "other corrections"
    )


def test_a_run_without_weights(old, file, tmp_path, regard):  # noqa: F811
    shutil.copytree(old.folder, tmp_path / "young")
    (tmp_path / "young" / "model.safetensors").unlink()
    check_refused(regard("adapt", tmp_path / "young", file), "no model.safetensors yet")
    assert not (tmp_path / "young_adapted").exists()


# -- corrections -----------------------------------------------------------------------------------

TMX = """<tmx version="1.4"><body>
<tu><tuv xml:lang="en-GB"><seg>A dog</seg></tuv><tuv xml:lang="DE"><seg>Ein Hund</seg></tuv>
<tuv xml:lang="cs"><seg>Pes</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>alone</seg></tuv><tuv xml:lang="de"><seg> </seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>A dog</seg></tuv><tuv xml:lang="de"><seg>Ein Hund</seg></tuv></tu>
</body></tmx>"""
PO = 'msgid ""\nmsgstr "Language: de_AT\\n"\n\nmsgid "A dog"\nmsgstr "Ein Hund"\n\n' \
     '#, fuzzy\nmsgid "draft"\nmsgstr "Entwurf"\n'  # fmt: skip
XLF = """<xliff version="1.2"><file source-language="en" target-language="de-CH"><body>
<trans-unit id="1"><source>A <g id="1">dog</g></source><target>Ein Hund</target></trans-unit>
</body></file></xliff>"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.tmx", TMX), ("x.po", PO), ("x.xlf", XLF), ("x[1].po", PO), ("x.xliff", XLF),
        ("x.tsv", "id\tde\ten\n7\tEin Hund\tA dog\n"), ("y.tsv", "Ein Hund\tA dog\n"),
    ],
)  # fmt: skip
def test_every_kind_gives_the_same_pair(name, text, tmp_path):
    (tmp_path / name).write_text(text, "utf-8")
    wanted = {"de": "Ein Hund", "en": "A dog"}
    assert corrections.read(tmp_path / name, ["de-en"]) == [wanted]
    if name != "y.tsv":  # which names no languages
        both = corrections.read(tmp_path / name, ["de-en", "en-de", "fr-en"])
        assert both[0] == wanted
        with pytest.raises(UserError, match="fr-en"):
            corrections.read(tmp_path / name, ["fr-en"])


def test_a_memory_of_several_languages_serves_several_directions(tmp_path):
    (tmp_path / "x.tmx").write_text(TMX, "utf-8")
    found = corrections.read(tmp_path / "x.tmx", ["en-de", "en-cs"])
    assert found[0] == {"en": "A dog", "de": "Ein Hund", "cs": "Pes"}
    split = Split(found[:1], [])
    old = changed("data.directions=[en-de, en-cs]", "data.corpus=tsv", f"data.dir={tmp_path}")
    adapting.write(split, old, tmp_path / "made", lambda text: None)
    rows = old.data.model_copy(update={"dir": str(tmp_path / "made")}).rows("train").rows
    assert rows == [Row("A dog", "Ein Hund", "en-de"), Row("A dog", "Pes", "en-cs")]


@pytest.mark.parametrize(("count", "held"), [(19, 0), (20, 5), (100, 25), (300, 30), (2000, 200)])
def test_a_tenth_is_held_out_and_stays_held_out(count, held):
    found = [{"de": f"Satz {i}", "en": f"sentence {i}"} for i in range(count)]
    split = adapting.held_out(found, ["de-en"])
    assert (len(split.train), len(split.test)) == (count - held, held)
    assert sorted(map(str, split.train + split.test)) == sorted(map(str, found))
    random.Random(0).shuffle(found)
    again = adapting.held_out(found, ["de-en"])
    assert sorted(map(str, again.test)) == sorted(map(str, split.test))
    if held:
        two = [*found, *({**pair, "en": "another"} for pair in found)]
        both = adapting.held_out(two, ["de-en"])
        assert not {p["de"] for p in both.train} & {p["de"] for p in both.test}


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 50_000), st.floats(0.05, 0.95), st.integers(10, 99_999))
@example(1, 57, 0.05, 1140)  # all of them, but for a rounding of the last bit
def test_the_share_of_old_rows_is_kept(new, old, share, needed):
    times, most, again = adapting.proportions(new, old, share, needed)
    there = (most or old) * again
    assert most <= old and (again == 1 or most == 0)
    if most:
        assert most == 1 or there / (there + times * new) == pytest.approx(share, abs=0.6 / most)
    else:  # too few old rows: repeated, to the nearest whole
        ratio = share / (1 - share) * new / old
        assert times == 1 and abs(again - ratio) <= 0.5


def test_rows_are_drawn_from_all_of_a_corpus_and_the_same_each_time():
    rows = [Row(str(i), str(i), "de-en") for i in range(10_000)]
    found = [list(mix.drawn(iter(rows), 1000)) for _ in range(2)]
    assert found[0] == found[1] and len(set(found[0])) == 1000
    tenths = [sum(int(row.source) // 1000 == i for row in found[0]) for i in range(10)]
    assert min(tenths) > 60
    assert list(mix.drawn(iter(rows[:7]), 9)) == list(mix.drawn(iter(rows[:7]), 0)) == rows[:7]


# -- a vocabulary that grows -----------------------------------------------------------------------

NEW = [
    "Die Ω-Schraubendreher und Ω-Muttern",
    "한국어 학습자용 교과서를 샀다",
    "the Ω screwdriver",
] * 3
every = pytest.mark.parametrize("kind", sorted({*MADE} - {"byte"}))
GROWN = {kind: grow(MADE[kind], NEW, 30) for kind in MADE if kind != "byte"}


@every
def test_no_text_is_lost_by_growing(kind):
    made = GROWN[kind].tokenizer
    assert made.decode(made.encode([*HOSTILE, *NEW])) == [*HOSTILE, *NEW]
    texts = st.one_of(st.text(), st.text("ScheraubenΩ학습자용ᄒ\u1161\u11ab ", max_size=20))

    @settings(max_examples=100, deadline=None)
    @given(texts)
    def comes_back(text):
        assert made.decode(made.encode([text])) == [text]
        assert made.decode(made.encode([text], random.Random(1))) == [text]

    comes_back()


@every
def test_old_pieces_keep_their_ids_and_new_ones_are_used(kind, tmp_path):
    old, (made, spelt) = MADE[kind], GROWN[kind]
    assert made.names[: old.size] == old.names
    assert 0 < made.size - old.size == len(spelt) <= 30
    before, after = old.encode(NEW), made.encode(NEW)
    assert sum(map(len, after)) < sum(map(len, before))
    assert any(i >= old.size for row in after for i in row)
    for new, ids in enumerate(spelt, old.size):  # spelt by what it replaces
        assert b"".join(old.bytes_of[i] for i in ids) == made.bytes_of[new]
        assert max(ids) < old.size
    made.save(tmp_path)
    assert load(tmp_path).encode(NEW) == after


@every
@settings(max_examples=200, deadline=None)
@given(st.text("Schrauben the dog in학교에서 책을읽는다Ω.", max_size=40))
def test_a_text_without_a_new_piece_is_cut_as_before(kind, text):
    old, made = MADE[kind], GROWN[kind].tokenizer
    written = made.write(text)
    if not any(name in written for name in made.names[old.size :]):
        assert made.encode([text]) == old.encode([text])


@pytest.mark.parametrize("kind", ["bpe", "jamo"])
def test_further_merges_are_of_the_pairs_that_are_most_frequent(kind):
    small = CONFIGS[kind].model_copy(update={"vocab": 330}).train(TEXTS)
    made = grow(small, TEXTS, 40).tokenizer
    words = Counter(w for text in TEXTS for w, _ in cutter().pre_tokenize_str(small.write(text)))
    cut = {word: [t.value for t in small.model.model.tokenize(word)] for word in words}
    found = json.loads(made.model.to_str())["model"]["merges"][-40:]
    known = set(small.names)
    for left, right in found:
        counts = Counter[tuple[str, str]]()
        for word, pieces in cut.items():
            for pair in pairwise(pieces):
                counts[pair] += words[word] * ("".join(pair) not in known)
        assert counts[left, right] == max(counts.values())
        known.add(left + right)
        cut = {word: follow(pieces, left, right) for word, pieces in cut.items()}
    assert {w: [t.value for t in made.model.model.tokenize(w)] for w in words} == cut


def follow(pieces: list[str], left: str, right: str) -> list[str]:
    for at in range(len(pieces) - 1):
        if pieces[at : at + 2] == [left, right]:
            return [*pieces[:at], left + right, *follow(pieces[at + 2 :], left, right)]
    return pieces


@pytest.mark.parametrize("kind", ["bpe", "jamo"])
def test_no_piece_holds_a_part_of_a_character(kind):
    """Each of these letters is too rare for a piece, but what their bytes begin with is not."""
    rare = ["dogΩ", "dogΨ", "dogΦ", "dogΣ"]
    made = grow(MADE[kind], rare, 9).tokenizer
    assert made.decode(made.encode(rare)) == rare
    assert not any("<0x" in name for name in made.names[MADE[kind].size :])


def test_no_piece_that_is_there_is_made_another_way():
    names = [" ", "a", "b", "c", "d", "cd", "ab", "bcd", "abcd"]
    pairs = [("c", "d"), ("a", "b"), ("b", "cd"), ("a", "bcd")]
    facts = Facts(kind="bpe", spelling="plain", specials=SPECIALS)
    model = spell_out(SPECIALS, names, pairs)
    model.pre_tokenizer = cutter()
    old = Tokenizer(model, facts)
    assert old.pieces(old.encode(["abcd"])[0]) == ["ab", "cd"]
    made, spelt = grow(old, ["abcd"] * 3, 5)
    assert (made.names, spelt) == (old.names, [])


def test_bytes_cannot_grow():
    with pytest.raises(UserError, match="bytes, which are all there"):
        grow(MADE["byte"], NEW, 5)


@pytest.mark.parametrize(
    "changes",
    [("model.tie=all",), ("data.shared=false", "model.tie=target"), ("model.tie=none",)],
)
def test_old_tokens_are_as_probable_as_before(changes):
    recipe = changed(*changes)
    rows = [Row(pair.ko, pair.en, "ko-en") for pair in phrasebook.pairs("train", 200)]
    codec = Codec.train(recipe.data, rows)
    split = Split([{"ko": ko, "en": en} for ko, en in pairs(40)], [])
    larger = adapting.grown(codec, split, 20, lambda text: None)
    old, new = recipe.build(codec).eval(), recipe.build(larger.codec).eval()
    with torch.no_grad():
        old.bias.normal_()
    tensors = dict(old.named_parameters())
    new.load_state_dict(adapting.stretched(tensors, new, larger), strict=False)
    assert new.bias.shape[0] > old.bias.shape[0]
    source, target = (
        torch.tensor([[5 + 256, 290, 270, 2]]), torch.tensor([[1, 280, 275, 300, 264]])
    )  # fmt: skip
    with torch.no_grad():
        logits = [model.logits(model.teach(source, None, target)) for model in (old, new)]
    width = old.bias.shape[0]
    assert (logits[0] - logits[1][..., :width]).abs().max() < 1e-5
    for new_id, ids in enumerate(larger.target, width):  # its score: the mean of theirs
        mean = logits[0][..., ids].mean(-1)
        assert (logits[1][..., new_id] - mean).abs().max() < 1e-4
    width = codec.source.size
    table = new.embed.weight
    for new_id, ids in enumerate(larger.source, width):
        assert torch.allclose(table[new_id], table[ids].mean(0))


def test_a_grown_run_begins_where_the_old_one_was(old, file, tmp_path):
    """Sources without a new piece: the old run's scores, but for what the new pieces take."""
    asked, out = Asked(5, None, 25), Run(tmp_path / "run")
    begun = adapting.begin(old, [file], out, asked, print)
    task, before = begun.recipe.begin(out), translate.load([old])
    assert task.codec.source.size == before.codec.source.size + 25
    for name, value in before.models[0].state_dict().items():
        mine = task.model.state_dict()[name]
        assert torch.equal(mine[: len(value)], value)
