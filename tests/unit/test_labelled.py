"""Tables of texts with answers: which rows there are, which are drawn, how labels are ordered."""

import pytest

from regard.data import labelled
from regard.data.labelled import Labelled, labels_of
from regard.recipe import UserError

ROWS = [
    "id\ttext\tstars\tother", "1\tfine film\t10\tx", "2\tso so\t5\ty", "3\t  \t10\tz",
    "4\tbad film\t1\t ", "5\tfine\t9\tw",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("\n".join(ROWS) + "\n", "utf-8")
    return tmp_path


def config(folder, **more):
    return labelled.Config(**{"dir": str(folder), "label": "stars", **more})


def test_rows_are_those_with_a_text_and_a_wanted_label(folder):
    found = config(folder).rows("train")
    assert found == [
        Labelled((text,), label)
        for text, label in (("fine film", "10"), ("so so", "5"), ("bad film", "1"), ("fine", "9"))
    ]
    named = {"10": "good", "9": "good", "1": "bad"}
    found = config(folder, labels=named).rows("train")
    assert [(row.texts[0], row.label) for row in found] == [
        ("fine film", "good"), ("bad film", "bad"), ("fine", "good"),
    ]  # fmt: skip
    two = config(folder, text=["other", "text"]).rows("dev")  # a pair wants both
    assert [row.texts for row in two] == [("x", "fine film"), ("y", "so so"), ("w", "fine")]


def test_the_folder_is_filled_in(folder, monkeypatch):
    monkeypatch.setenv("REVIEWS", str(folder))
    assert len(config("$REVIEWS").rows("train")) == 4


def test_of_many_rows_some_are_drawn_by_the_seed(tmp_path):
    rows = [f"text {i}\t{i % 3}" for i in range(200)]
    (tmp_path / "train.tsv").write_text("\n".join(["text\tstars", *rows]) + "\n", "utf-8")
    everything = config(tmp_path).drawn(1)
    assert len(everything) == 200 and config(tmp_path, most=500).drawn(1) == everything
    some = config(tmp_path, most=40)
    assert some.drawn(1) == some.drawn(1) != some.drawn(2)
    assert len(set(some.drawn(1))) == 40 and set(some.drawn(1)) <= set(everything)


def test_labels_are_ordered_by_number_or_by_name():
    def of(*labels):
        return labels_of([Labelled(("x",), label) for label in labels])

    assert of("10", "9", "1", "9") == ["1", "9", "10"]
    assert of("2.5", "-1", "0") == ["-1", "0", "2.5"]
    assert of("good", "10", "bad") == ["10", "bad", "good"]


def test_bad_input_is_told(folder):
    with pytest.raises(UserError, match="the train rows have no text labelled 7"):
        config(folder, labels={"7": "x"}).rows("train")
    with pytest.raises(UserError, match="line 1: no column 'label'"):
        config(folder, label="label").rows("train")
    with pytest.raises(UserError, match="no file test.tsv"):
        config(folder).rows("test")
    with pytest.raises(UserError, match="no folder"):
        config(folder / "nowhere").rows("train")
    with pytest.raises(ValueError, match="at most 2"):
        config(folder, text=["a", "b", "c"])
