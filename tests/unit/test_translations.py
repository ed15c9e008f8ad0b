"""Parallel corpora as pairs: every sentence with its translation, and with the next row's."""

import pytest

from regard import recipe as recipes
from regard.data import paired
from regard.recipe import UserError
from regard.run import Run

DE = ["en\tde", "a dog\tein Hund", "a cat\teine Katze", " \tnichts", "a red bird\tein roter Vogel"]
KO = ["en\tko", "a dog\t개", "a cat\t고양이", "a bird\t새"]
PARTS = [
    {"corpus": {"kind": "tsv", "train": "de"}, "direction": "en-de"},
    {"corpus": {"kind": "tsv", "train": "ko", "dev": "ko"}, "direction": "ko-en", "most": 2},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, lines in (("de", DE), ("ko", KO), ("dev", DE)):
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def config(folder, parts=PARTS, **more):
    corpus = {"kind": "translations", "parts": parts}
    return paired.Config(corpus=corpus, dir=str(folder), **more)


def test_a_translation_is_the_same_and_the_next_rows_is_not(folder):
    german = [("a dog", "ein Hund"), ("a cat", "eine Katze"), ("a red bird", "ein roter Vogel")]
    rows = config(folder, PARTS[:1]).paired("train")
    assert [row.texts for row in rows if row.label == "same"] == german
    others = [row.texts for row in rows if row.label == "different"]
    assert others == [(german[i][0], german[(i + 1) % 3][1]) for i in range(3)]


def test_parts_are_read_one_after_another_and_few_of_a_large_one(folder):
    train, dev = (
        [row.texts for row in config(folder).paired(split) if row.label == "same"]
        for split in ("train", "dev")
    )
    assert len(train) == 5 and train[3][0] in ("개", "고양이", "새")
    assert dev[3:] == [("개", "a dog"), ("고양이", "a cat"), ("새", "a bird")]  # all of them
    assert train == [r.texts for r in config(folder).paired("train") if r.label == "same"]


def test_what_is_wrong_is_told(folder):
    with pytest.raises(UserError, match="no column 'left'"):
        config(folder, text=("left", "b")).paired("train")
    with pytest.raises(UserError, match="SOURCE-TARGET"):
        config(folder, [{"corpus": {"kind": "tsv", "train": "de"}, "direction": "en"}]).paired(
            "train"
        )
    with pytest.raises(UserError, match="to translate, use a mix"):
        next(iter(config(folder).corpus.read(str(folder), "train", "en-de")))


def test_the_shipped_recipe_begins_on_them(folder, tmp_path):
    made = recipes.load("pairs/translations", [f"data.dir={folder}", "data.tokenizer.vocab=300"])
    data = made.data.model_copy(update={"corpus": config(folder).corpus})
    task = made.model_copy(update={"data": data}).begin(Run(tmp_path / "run"))
    assert task.facts()["learnt_from"] == 5
