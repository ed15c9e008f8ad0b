"""Attributions against what defines them, on models small enough to work out by hand."""

import csv
import json

import numpy as np
import pytest
import torch
from reviews import reviews
from torch import nn

import regard
from regard.cli import main
from regard.data.reading import collate, framed
from regard.look import attributing
from regard.look.attributed import CAVEAT, LOOKS, SLOPES
from regard.look.attributing import attribute, by_word, taken
from regard.recipe import UserError
from regard.tasks.attending import caught

TEXT = "the film was wonderful and 오늘 지루한"
PAIR = ("the film was dull", "오늘 영화 정말 멋진")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("attributed")


@pytest.fixture(scope="module")
def film(folder):
    reviews(folder / "film", "train.steps=40", "train.every=40")
    return regard.load(folder / "film", device="cpu")


@pytest.fixture(scope="module")
def match(folder):
    reviews(folder / "match", "train.steps=20", "train.every=20", pairs=True)
    return regard.load(folder / "match", device="cpu")


def fresh(folder, name: str, *changes: str):
    """A run that has learnt nothing, of another shape."""
    reviews(folder / name, "train.steps=1", "train.every=1", *changes)
    return regard.load(folder / name, device="cpu")


def read(used, *texts):
    return collate(framed(used.tokenizer, [texts], used.longest))


def score(used, x, texts, label):
    """The label's score above the mean, of embedded tokens."""
    row = read(used, *texts)
    with torch.no_grad():
        found = used.model.answer(used.model.reader.read(x, row.tokens, row.ok, row.segments))
    return float(found[0, used.labels.index(label)] - found[0].mean())


def total(found, method: str) -> float:
    """All words and the marks around them."""
    return sum(x or 0 for row in found.methods[method] for x in row) + found.marks[method]


# -- slopes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", ["mean", "first"])
def test_of_a_linear_model_the_slopes_are_its_terms(folder, pool):
    """No layers: the score is linear in the tokens, and each has its own term."""
    used = fresh(folder, f"linear_{pool}", "model.encoder.layers=0", f"model.pool={pool}",
                 "model.encoder.block.place=post")  # fmt: skip
    found = attribute(used, (TEXT,))
    row = read(used, TEXT)
    x = used.model.reader.embed(row.tokens).detach()
    S = x.size(1)
    weight = used.model.head.weight.detach()
    direction = weight[used.labels.index(found.label)] - weight.mean(0)
    share = torch.full((S,), 1 / S) if pool == "mean" else torch.eye(S)[0]
    terms = (share * (x[0] @ direction)).tolist()
    at = used.tokenizer.word_index(TEXT, row.tokens[0, 1:-1].tolist())
    words = [
        sum(terms[1 + i] for i, w in enumerate(at) if w == word) for word in range(max(at) + 1)
    ]
    for method in SLOPES:
        assert found.methods[method][0] == pytest.approx(words, abs=1e-5), method
        assert found.marks[method] == pytest.approx(terms[0] + terms[-1], abs=1e-5)


@pytest.mark.parametrize("texts", [(TEXT,), PAIR])
def test_integrated_gradients_add_up_to_what_the_input_changes(film, match, texts):
    used = film if len(texts) == 1 else match
    found = attribute(used, texts)
    x = used.model.reader.embed(read(used, *texts).tokens).detach()
    change = score(used, x, texts, found.label) - score(used, 0 * x, texts, found.label)
    size = sum(abs(v) for row in found.methods["integrated"] for v in row)
    assert total(found, "integrated") == pytest.approx(change, abs=0.03 * size)
    assert abs(total(found, "gradient") - change) > 0.03 * size  # one slope alone does not


def test_a_gradient_is_that_of_differences(film):
    """A token's slope, by making its vector a bit longer."""
    found = attribute(film, (TEXT,))
    x = film.model.reader.embed(read(film, TEXT).tokens).detach().double()
    film.model.double()
    try:
        slopes = []
        for i in range(x.size(1)):
            more, less = x.clone(), x.clone()
            more[0, i] *= 1 + 1e-5
            less[0, i] *= 1 - 1e-5
            ends = [score(film, end, (TEXT,), found.label) for end in (more, less)]
            slopes.append((ends[0] - ends[1]) / 2e-5)
    finally:
        film.model.float()
    assert total(found, "gradient") == pytest.approx(sum(slopes), abs=1e-3)
    assert found.marks["gradient"] == pytest.approx(slopes[0] + slopes[-1], abs=1e-3)


class Counts(attributing.Row):
    """A model that knows one token."""

    def __init__(self, *ids):
        self.ids = torch.tensor([ids])

    def embedded(self):
        return nn.functional.one_hot(self.ids, 9).float()

    def said(self, x):
        return torch.stack([x[:, :, 7].sum(1), -x[:, :, 7].sum(1)], 1)


def test_what_tells_counts_for_the_answer():
    """It alone, for its label and against the other."""
    for place, sign in ((0, 1), (1, -1)):
        by = attributing.slopes(
            [Counts(1, 5, 7, 6, 2)], lambda s, p=place: s[0][:, p] - s[0].mean(1)
        )
        for (values,) in by.values():
            assert values.tolist() == pytest.approx([0, 0, sign, 0, 0])


def test_texts_read_apart_are_explained_together():
    """Of a product each factor's slope is the other: both texts get their share, one halves it."""
    rows = [Counts(1, 7, 2), Counts(1, 5, 7, 7, 2)]
    found = attributing.slopes(rows, lambda s: s[0][:, 0] * s[1][:, 0])
    assert found["gradient"][0].tolist() == [0, 2, 0]
    assert found["gradient"][1].tolist() == [0, 0, 1, 1, 0]
    for one, other in zip(found["integrated"], found["gradient"], strict=True):
        assert one.tolist() == pytest.approx((other / 2).tolist(), abs=1e-6)


@pytest.mark.parametrize("readout", ["ordinal", "number"])
def test_of_an_order_it_is_explained_how_high_the_answer_is(folder, readout):
    labels = "data.labels={good: '1', bad: '0'}"
    used = fresh(folder, readout, f"readout={readout}", labels)
    found = attribute(used, (TEXT,))
    assert found.explains == "how high the answer is"
    row = read(used, TEXT)
    x = used.model.reader.embed(row.tokens).detach()
    with torch.no_grad():
        ends = [used.model.answer(used.model.reader.read(y, row.tokens, row.ok, row.segments)).sum()
                for y in (x, 0 * x)]  # fmt: skip
    size = sum(abs(v) for v in found.methods["integrated"][0])
    assert total(found, "integrated") == pytest.approx(float(ends[0] - ends[1]), abs=0.03 * size)


# -- attention -------------------------------------------------------------------------------------


def layers(used, *texts) -> list[np.ndarray]:
    """Each layer's weights, mean of heads, S S."""
    row = read(used, *texts)
    with caught(used.model) as seen, torch.no_grad():
        used.model.reader(row.tokens, row.ok, row.segments)
    return [calls[0][0].mean(0).numpy().astype(float) for calls in seen.values()]


@pytest.mark.parametrize("pool", ["mean", "first"])
def test_rollout_is_the_product_of_the_layers_with_their_residuals(folder, film, pool):
    used = film if pool == "mean" else fresh(folder, "first", "model.pool=first")
    found = attribute(used, (TEXT,))
    first, second = layers(used, TEXT)
    S = len(first)
    rolled = (np.eye(S) + second) / 2 @ ((np.eye(S) + first) / 2)  # eq. 1 of the paper, by hand
    at = used.tokenizer.word_index(TEXT, read(used, TEXT).tokens[0, 1:-1].tolist())
    for method, whole in (("attention", second), ("rollout", rolled)):
        tokens = whole.mean(0) if pool == "mean" else whole[0]
        words = [sum(tokens[1 + i] for i, w in enumerate(at) if w == n) for n in range(max(at) + 1)]
        assert found.methods[method][0] == pytest.approx(words, abs=1e-5), method
        assert total(found, method) == pytest.approx(1, abs=1e-5)


def test_of_a_maximum_each_position_counts_as_often_as_it_wins():
    x = torch.tensor([[1.0, 0, 5, 0], [0, 2, 0, 0], [0, 0, 0, 3]])
    assert taken(x, "max").tolist() == [0.5, 0.25, 0.25]
    assert taken(x, "mean").tolist() == pytest.approx([1 / 3] * 3)
    assert taken(x, "first").tolist() == [1, 0, 0]


def test_a_model_that_does_not_attend_says_so(folder):
    used = fresh(folder, "gru", "model.encoder.block.mixer={kind: gru}")
    found = attribute(used, (TEXT,))
    assert set(found.methods) == set(SLOPES) and "no layer" in found.missing
    found.save(folder / "gru.png")
    assert (folder / "gru.png").read_bytes()[:4] == b"\x89PNG"


def test_positions_that_turn_vectors_can_be_looked_through(folder):
    """After answers were made without gradients, whatever was kept must still let them through."""
    used = fresh(folder, "rotary", "model.encoder.position=rotary")
    before = used.scores([(TEXT,)])
    assert total(attribute(used, (TEXT,)), "rollout") == pytest.approx(1, abs=1e-5)
    assert torch.equal(used.scores([(TEXT,)]), before)
    assert not any(p.grad is not None for p in used.model.parameters())


APART = ("task=pairs", "data.labels={good: same, bad: different}", "width=8")
CODE = ("def f(n):\n    total = n + 1\n    return total", "x = int(input())\nprint(x * 2)")


def test_texts_in_rows_of_their_own(folder):
    """A bi-encoder: its score is the cosine, and each text is attended to for itself."""
    reviews(folder / "apart", "train.steps=5", "train.every=5", *APART, pairs=True)
    used = regard.load(folder / "apart", device="cpu")
    found = attribute(used, PAIR)
    assert found.words == [text.split() for text in PAIR] and found.height
    assert total(found, "rollout") == pytest.approx(1, abs=1e-5)
    for row in found.methods["attention"]:
        assert 0 < sum(row) < 0.5
    cosine = float(used.similarity([PAIR])[0])
    x = [used.model.reader.embed(read(used, text).tokens).detach() for text in PAIR]
    ends = []
    for scale in (1, 0):
        rows = [read(used, text) for text in PAIR]
        with torch.no_grad():
            a, b = (used.model.answer(used.model.reader.read(scale * y, r.tokens, r.ok, r.segments))
                    for y, r in zip(x, rows, strict=True))  # fmt: skip
        ends.append(float((a * b).sum()))
    assert ends[0] == pytest.approx(cosine, abs=1e-5)
    size = sum(abs(v) for row in found.methods["integrated"] for v in row)
    assert total(found, "integrated") == pytest.approx(ends[0] - ends[1], abs=0.05 * size)


@pytest.mark.parametrize("view", ["program", "data_flow"])
def test_programs_are_explained_as_they_are_read(folder, view):
    """Names are numbered before a model sees them; nodes of a graph are no words."""
    changes = (f"view={{kind: {view}}}", "data.tokenizer={kind: code, vocab: 400}")
    changes += ("data.max_length=96", "train.steps=1", "train.every=1")
    reviews(folder / view, *changes, pairs=True)
    used = regard.load(folder / view, device="cpu")
    found = attribute(used, CODE)
    assert found.texts == [used.recipe.view.text(text) for text in CODE] and "v0" in found.texts[1]
    assert found.words == [text.split() for text in found.texts] and found.read
    for method in LOOKS:
        assert total(found, method) == pytest.approx(1, abs=1e-5)
        assert all(x > 0 for row in found.methods[method] for x in row)


# -- words -----------------------------------------------------------------------------------------


def test_words_of_both_texts_are_told_apart(match):
    found = attribute(match, PAIR)
    assert found.words == [text.split() for text in PAIR]
    swapped = attribute(match, PAIR[::-1])
    assert swapped.words == found.words[::-1]
    assert swapped.methods["gradient"] != found.methods["gradient"][::-1]  # order matters to it


def test_what_was_cut_off_was_not_read(film):
    found = attribute(film, (TEXT + " the film was awful" * 20,))
    values = found.methods["gradient"][0]
    read_of = [x is not None for x in values]
    assert read_of == sorted(read_of, reverse=True) and 7 < sum(read_of) < len(values)
    assert not found.read and attribute(film, (TEXT,)).read
    assert total(found, "attention") == pytest.approx(1, abs=1e-5)


def test_a_token_s_numbers_go_to_its_word(film):
    ids = film.tokenizer.encode([TEXT])[0]
    rows = by_word(film.tokenizer, (TEXT,), [1, *ids, 2, 3, 3], [100, *[1] * len(ids), 9, 9, 9])
    assert sum(rows[0]) == len(ids) and len(rows[0]) == len(TEXT.split())


@pytest.mark.parametrize("texts", [(" ",), (), ("a", "b"), ("\u200b",)])
def test_what_cannot_be_looked_at_is_refused(film, texts):
    with pytest.raises(UserError, match="reads one text with words"):
        attribute(film, texts)


# -- files and the command -------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, "</script><script>alert(1)</script> $x_1$ @@LOOK@@ <b>"])
def test_pages_pictures_and_data(film, folder, text):
    found = attribute(film, (text,))
    page = found.save(folder / "x.html").read_text("utf-8")
    data = page.split('id="look">')[1].split("</script>")[0]
    assert json.loads(data)["texts"] == [text] and json.loads(data)["caveat"] == CAVEAT
    assert page.count("</script>") == 2 and "@@STYLE@@" not in page and "@@DOM@@" not in page
    assert not any(x in page for x in ("http:", "https:", "innerHTML", "src="))
    assert found.save(folder / "x.png").read_bytes()[:4] == b"\x89PNG"
    own = json.loads(found.save(folder / "x.json").read_text("utf-8"))
    assert own == json.loads(json.dumps(found.record()))
    with pytest.raises(UserError, match="end the name in one"):
        found.save(folder / "x.gif")


def test_the_command_dispatches_by_task(film, folder, capsys):
    run = str(folder / "film")
    assert main(["look", run, TEXT, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said["methods"]) == {*SLOPES, *LOOKS} and said["label"] in ("good", "bad")
    assert main(["look", run, TEXT]) == 0
    told = capsys.readouterr()
    assert "wonderful" in told.out and CAVEAT in told.err
    for words, sentence in (
        ([TEXT, TEXT], "reads one text"), ([TEXT, "-o", "x.gif"], ".html"),
        ([TEXT, "--direction", "de-en"], "has none"),
    ):  # fmt: skip
        assert main(["look", run, *words]) == 2
        assert sentence in capsys.readouterr().err


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b'id,text\r\n1,"a, ""good""\nwonderful film"\r\n\r\n2,awful\r\n3, \r\n'),
        ("a.csv", b"\xef\xbb\xbftext;id\nwonderful;1\nawful, dull;2"),
        ("a.tsv", 'label\ttext\nx\tso "wonderful\ny\t지루한\n'.encode()),
    ],
)
def test_a_table_gets_a_column_and_stays_as_it_is(film, folder, capsys, name, data):
    (folder / name).write_bytes(data)
    out = folder / f"out_{name}"
    asked = ["classify", str(folder / "film"), str(folder / name), "--column", "text"]
    assert main([*asked, "-o", str(out), "--scores"]) == 0
    made = out.read_bytes().split(b"\n")
    for old, new in zip(data.split(b"\n"), made, strict=True):
        assert new.startswith(old.rstrip(b"\r")) and new.endswith(b"\r") == old.endswith(b"\r")
    between = {b",": ",", b";": ";"}.get(
        next((c for c in (b";", b",") if c in data[:9]), b""), "\t"
    )
    quoting = csv.QUOTE_NONE if between == "\t" else csv.QUOTE_MINIMAL
    lines = out.read_text("utf-8-sig").splitlines(True)
    rows = list(csv.reader(lines, delimiter=between, quoting=quoting))
    header, *rows = [row for row in rows if row]
    assert header[-2:] == ["label_2" if "label" in header[:-2] else "label", "confidence"]
    texts = [row[header.index("text")] for row in rows]
    own = film.classify([(text,) for text in texts])
    assert [row[-2] for row in rows] == [one.label for one in own]
    assert [row[-1] for row in rows] == [
        "" if one.confidence is None else f"{one.confidence:.4f}" for one in own
    ]
    capsys.readouterr()
    assert main([*asked, "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["label"] for one in said] == [one.label for one in own]


@pytest.mark.parametrize(
    ("name", "data", "columns", "said"),
    [
        ("b.csv", "a,b\n1,2,3\n", ["a"], "line 2: 3 fields, but the header names 2"),
        ("b.csv", 'a,b\n1,"2\n', ["a"], "line 2"),
        ("b.csv", "text,b\n1,2\n", ["txt"], "did you mean 'text'?"),
        ("b.csv", "text,b\n1,2\n", [], "which column? --column NAME; there is text, b"),
        ("b.csv", "text,b\n1,2\n", ["text", "b"], "reads one text a row, got 2"),
        ("b.txt", "text\n1\n", ["text"], ".csv and .tsv"),
        ("b.csv", "", ["text"], "no column 'text'"),
    ],
)
def test_a_table_that_will_not_do_is_refused(film, folder, capsys, name, data, columns, said):
    (folder / name).write_text(data, "utf-8")
    asked = [word for column in columns for word in ("--column", column)]
    assert main(["classify", str(folder / "film"), str(folder / name), *asked]) == 2
    assert said in capsys.readouterr().err
