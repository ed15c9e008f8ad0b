"""Corpora: the same rows from every format, whole lines, and one sentence for what is wrong."""

import gzip
import json
import lzma

import datasets
import pytest

from regard.data.corpus import base, hub, jsonl, moses, phrasebook, tsv
from regard.data.corpus.base import Row, find, languages, lines, read
from regard.recipe import Part, UserError

ROWS = [
    ("Ein Hund.", "A dog."),
    ("Zeile\u2028mit \x85 und \x0c drin", "line\u2028with \x85 and \x0c in it"),
    ("  zwei  Leerzeichen ", '"quoted" \\ text'),
    ("개 🐕 كلب", "\0 nul"),
    ("", "empty on the left"),
    ("rechts leer", " "),
]
EXPECTED = [Row(s, t, "de-en") for s, t in ROWS]
WRITERS = {"": open, ".gz": gzip.open, ".xz": lzma.open}


def put(path, text):
    """Write bytes or text, compressed as the name says."""
    data = text if isinstance(text, bytes) else text.encode()
    with WRITERS.get(path.suffix, open)(path, "wb") as file:
        file.write(data)
    return path


def moses_files(folder, name="train", suffix="", end="\n"):
    for side, language in enumerate(("de", "en")):
        text = "".join(pair[side] + end for pair in ROWS)
        put(folder / f"{name}.{language}{suffix}", text)


def tsv_text(columns=("de", "en")):
    return "".join("\t".join(fields) + "\n" for fields in [("id", *columns)] + [
        (str(n), s, t) for n, (s, t) in enumerate(ROWS)
    ])  # fmt: skip


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path, suffix):
    where = str(tmp_path)
    moses_files(tmp_path, suffix=suffix)
    put(tmp_path / f"train.tsv{suffix}", tsv_text())
    objects = (json.dumps({"de": s, "en": t}) + "\n" for s, t in ROWS)
    put(tmp_path / f"train.jsonl{suffix}", "".join(objects))
    for kind in (moses, tsv, jsonl):
        assert list(kind.Config().read(where, "train", "de-en")) == EXPECTED
    turned = [Row(t, s, "en-de") for s, t in ROWS]
    assert list(moses.Config().read(where, "train", "en-de")) == turned


def test_windows_ends_byte_order_mark_and_missing_last_end(tmp_path):
    put(tmp_path / "a", b"\xef\xbb\xbfeins\r\nzwei\r\n\r\ndrei \r mitten")
    assert list(lines(tmp_path / "a")) == ["eins", "zwei", "", "drei \r mitten"]


def test_split_names_and_other_names(tmp_path):
    moses_files(tmp_path, "val", ".gz")
    moses_files(tmp_path, "flickr")
    config = moses.Config(dev="val", test="flickr")
    for split in ("dev", "test", "val", "flickr"):
        assert list(config.read(str(tmp_path), split, "de-en")) == EXPECTED


def test_read_takes_all_directions_and_counts_what_it_drops(tmp_path):
    moses_files(tmp_path)
    whole = read(moses.Config(), str(tmp_path), "train", ["de-en", "en-de"])
    assert (len(whole.rows), whole.dropped) == (2 * len(ROWS), 0)
    assert [row.direction for row in whole.rows] == ["de-en"] * len(ROWS) + ["en-de"] * len(ROWS)
    some = read(moses.Config(), str(tmp_path), "train", ["de-en", "en-de"], drop_empty=True)
    assert some.dropped == 4
    assert some.rows == [row for row in whole.rows if row.source.strip() and row.target.strip()]


def test_unequal_halves_are_refused_with_both_counts(tmp_path):
    put(tmp_path / "train.de", "a\nb\nc\n")
    put(tmp_path / "train.en", "a\nb\n")
    with pytest.raises(UserError, match=r"train\.de has 3 lines but train\.en has 2"):
        list(moses.Config().read(str(tmp_path), "train", "de-en"))


@pytest.mark.parametrize(("longer", "shorter"), [("de", "en"), ("en", "de")])
def test_unequal_halves_are_told_where_the_shorter_ends(tmp_path, longer, shorter):
    put(tmp_path / f"train.{longer}", "a\nb\nc\nd\n")
    put(tmp_path / f"train.{shorter}", "a\nb\n")
    found, counts = [], {longer: 4, shorter: 2}
    with pytest.raises(UserError, match=rf"de has {counts['de']} lines .*en has {counts['en']};"):
        found.extend(base.rows(moses.Config(), str(tmp_path), "train", ["de-en"]))
    put(tmp_path / f"train.{longer}", b"a\nb\nc\n\xff\n")  # worse than the counts
    with pytest.raises(UserError, match=rf"train\.{longer}, line 4: byte 0xff"):
        read(moses.Config(), str(tmp_path), "train", ["de-en"])


def test_rows_come_before_the_rest_of_a_file_is_read(tmp_path):
    """So a fault far behind is met only on coming to it, and no corpus is too large to read."""
    put(tmp_path / "train.tsv", b"de\ten\nx\ty\n" + b"a\tb\n" * 20_000 + b"\xff\n")
    put(tmp_path / "train.jsonl", b'{"de": "x", "en": "y"}\n' * 20_000 + b"{\n")
    put(tmp_path / "train.de", b"x\n" * 20_000 + b"\xff\n")
    put(tmp_path / "train.en", b"y\n" * 20_001)
    for kind in (tsv, jsonl, moses):
        rows = base.rows(kind.Config(), str(tmp_path), "train", ["de-en"])
        assert next(rows) == Row("x", "y", "de-en")
        with pytest.raises(UserError, match="line 2000[123]: "):
            list(rows)


def test_files_are_those_that_are_read(tmp_path):
    where = str(tmp_path)
    moses_files(tmp_path, suffix=".gz")
    put(tmp_path / "train.tsv", tsv_text())
    put(tmp_path / "train.jsonl.xz", "")
    names = {
        kind: [file.name for file in base.files(kind.Config(), where, "train", ["de-en", "en-de"])]
        for kind in (moses, tsv, jsonl)
    }
    assert names[moses] == ["train.de.gz", "train.en.gz", "train.en.gz", "train.de.gz"]
    assert names[tsv] == ["train.tsv"] * 2 and names[jsonl] == ["train.jsonl.xz"] * 2
    grammar = base.files(phrasebook.Config(), None, "train", ["ko-en"])
    assert "lexicon.py" in {file.name for file in grammar}
    part = {"corpus": "tsv", "dir": where}
    mix = Part("data.corpus").pick({"kind": "mix", "parts": [{"corpus": "moses"}, part]})
    assert [file.name for file in base.files(mix, where, "train", ["de-en"])] == [
        "train.de.gz", "train.en.gz", "train.tsv",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", WRITERS)
def test_invalid_utf8_names_file_and_line(tmp_path, suffix):
    path = put(tmp_path / f"x{suffix}", b"gut\n\xc3\xbc\nschl\xffcht\n")
    with pytest.raises(UserError, match=r"x.*, line 3: byte 0xff at position 5 is not UTF-8"):
        list(lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("keep", [0.6, None])
def test_a_damaged_archive_is_named(tmp_path, suffix, keep):
    text = "".join(f"line {n * 7919 % 1000}\n" for n in range(5000))
    path = put(tmp_path / f"x{suffix}", text)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)] if keep else b"no archive at all")
    with pytest.raises(UserError, match=r"x\.[gx]z: damaged after line"):
        list(lines(path))


def test_missing_folder_and_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"data\.dir: no folder .*nowhere.*hf:OWNER/NAME"):
        list(moses.Config().read(str(tmp_path / "nowhere"), "train", "de-en"))
    with pytest.raises(UserError, match=r"data\.dir: is not set"):
        list(moses.Config().read(None, "train", "de-en"))
    moses_files(tmp_path, "trian", ".xz")
    with pytest.raises(UserError, match=r"no file train\.de, .*did you mean 'trian\.de'\?"):
        list(moses.Config().read(str(tmp_path), "train", "de-en"))


def test_find_prefers_the_exact_name_and_adds_the_extension(tmp_path):
    exact = put(tmp_path / "a", "")
    packed = put(tmp_path / "a.tsv.gz", "")
    assert find(tmp_path, "a", ".tsv") == exact
    assert find(tmp_path, "a.tsv") == packed
    exact.unlink()
    assert find(tmp_path, "a", ".tsv") == packed


@pytest.mark.parametrize("direction", ["de", "de-", "-en", "de-en-fr", ""])
def test_a_direction_is_two_codes(direction):
    with pytest.raises(UserError, match="SOURCE-TARGET"):
        languages(direction)
    assert languages("de-en") == ("de", "en")


def test_tsv_columns_may_have_other_names(tmp_path):
    put(tmp_path / "train.tsv", tsv_text(("german", "english")))
    config = tsv.Config(columns={"de": "german", "en": "english"})
    assert list(config.read(str(tmp_path), "train", "de-en")) == EXPECTED
    with pytest.raises(UserError, match=r"line 1: no column 'de'"):
        list(tsv.Config().read(str(tmp_path), "train", "de-en"))


@pytest.mark.parametrize("line, fields", [("a", 1), ("a\tb\tc", 3), ("", 1)])
def test_tsv_line_with_another_number_of_fields(tmp_path, line, fields):
    put(tmp_path / "train.tsv", f"de\ten\nx\ty\n{line}\n")
    with pytest.raises(UserError, match=rf"line 3: {fields} fields, but the header names 2"):
        list(tsv.Config().read(str(tmp_path), "train", "de-en"))


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "must be one JSON object"),
        ("[1]", "must be one JSON object"),
        ('{"de": "x"}', "no 'en'"),
        ('{"de": "x", "en": null}', "'en' must be a text, got None"),
        ('{"de": "x", "en": "\\ud83d"}', "half a surrogate pair"),
        ("[" * 100_000, "must be one JSON object"),
    ],
)
def test_jsonl_line_that_is_wrong(tmp_path, line, message):
    put(tmp_path / "train.jsonl", '{"de": "a", "en": "b"}\n' + line + "\n")
    with pytest.raises(UserError, match=f"line 2: .*{message}"):
        list(jsonl.Config().read(str(tmp_path), "train", "de-en"))


def test_jsonl_line_break_inside_a_text_becomes_a_space(tmp_path):
    put(tmp_path / "train.jsonl", json.dumps({"german": "a\nb", "en": "c\r\nd"}) + "\n")
    config = jsonl.Config(columns={"de": "german"})
    assert list(config.read(str(tmp_path), "train", "de-en")) == [Row("a b", "c d", "de-en")]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where `datasets` keeps what it has read, so that a test leaves nothing behind."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def test_hub_reads_whatever_the_kind_of_corpus_and_finds_the_split(tmp_path, cache):
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, pair in (("train", ("ja", "yes")), ("validation", ("nein", "no"))):
        line = json.dumps({"translation": dict(zip(("de", "en"), pair, strict=True))})
        put(folder / f"{name}.jsonl", line + "\n")
    where = f"hf:{folder}"
    found = read(moses.Config(dev="val"), where, "dev", ["de-en", "en-de"])
    assert found.rows == [Row("nein", "no", "de-en"), Row("no", "nein", "en-de")]
    own = hub.Config(id=str(folder))
    assert list(own.read(None, "train", "de-en")) == [Row("ja", "yes", "de-en")]
    tables = base.files(moses.Config(), where, "train", ["de-en"])
    assert tables and all(table.is_file() for table in tables)
    with pytest.raises(UserError, match="no split 'test'"):
        read(moses.Config(), where, "test", ["de-en"])
    with pytest.raises(UserError, match="cannot be read"):
        read(moses.Config(), f"hf:{tmp_path}/nothing", "test", ["de-en"])


def test_hub_columns_flat_nested_and_wrong():
    flat = datasets.Dataset.from_dict({"german": ["a\nb"], "en": ["c"]})
    assert list(hub.rows(flat, ["german", "en"], "x")) == [("a b", "c")]
    with pytest.raises(UserError, match=r"x, row 1: no 'de'"):
        list(hub.rows(flat, ["de", "en"], "x"))
    empty = datasets.Dataset.from_dict({"de": ["a", None], "en": ["b", "c"]})
    with pytest.raises(UserError, match=r"x, row 2: 'de' must be a text"):
        list(hub.rows(empty, ["de", "en"], "x"))


def test_phrasebook_both_ways_in_every_split():
    config = phrasebook.Config(size=300)
    forth = read(config, None, "train", ["ko-en"]).rows
    back = read(config, None, "train", ["en-ko"]).rows
    assert len(forth) == 300
    assert [(row.target, row.source) for row in back] == [(r.source, r.target) for r in forth]
    assert list(phrasebook.Config(size=300, seed=2).read(None, "train", "ko-en")) != forth
    for split in ("dev", "test", "combos", "long"):
        rows = list(config.read(None, split, "ko-en"))
        assert len(rows) >= 200 and all(r.source.strip() and r.target.strip() for r in rows)
        assert not set(rows) & set(forth)
    other = phrasebook.Config(size=9, seed=2)  # what is held out does not depend on the seed
    assert list(other.read(None, "dev", "ko-en")) == list(config.read(None, "dev", "ko-en"))
    for split, direction in (("tset", "ko-en"), ("test", "de-en")):
        with pytest.raises(UserError):
            list(config.read(None, split, direction))


def test_kinds_are_the_files():
    known = Part("data.corpus").known()
    assert sorted(known) == [
        "conll", "folds", "hub", "jsonl", "mix", "moses", "phrasebook", "plain", "po", "tmx",
        "translations", "tsv", "xliff",
    ]  # fmt: skip
    assert Part("data.corpus").pick({"kind": "moses", "dev": "val"}) == moses.Config(dev="val")


def test_a_mix_trains_on_all_and_tests_on_the_first(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for split in ("train", "dev", "test"):
        (tmp_path / "a" / f"{split}.de").write_text(f"{split} eins\n{split} zwei\n", "utf-8")
        (tmp_path / "a" / f"{split}.en").write_text(f"{split} one\n{split} two\n", "utf-8")
    (tmp_path / "b" / "back.tsv").write_text("de\ten\n<bt> drei\tthree\n", "utf-8")
    settings = {
        "kind": "mix",
        "parts": [
            {"corpus": "moses", "times": 2},
            {"corpus": {"kind": "tsv", "train": "back"}, "dir": str(tmp_path / "b")},
        ],
    }
    corpus = Part("data.corpus").pick(settings)
    found = read(corpus, str(tmp_path / "a"), "train", ["de-en"]).rows
    assert [row.target for row in found] == ["train one", "train two"] * 2 + ["three"]
    assert found[-1].source == "<bt> drei"
    for split in ("dev", "test"):
        rows = read(corpus, str(tmp_path / "a"), split, ["de-en"]).rows
        assert [row.target for row in rows] == [f"{split} one", f"{split} two"]


def test_folds_hold_the_same_ids_whatever_the_table(tmp_path):
    for language in ("en", "ko"):
        for split, ids in (("train", range(0, 300)), ("dev", range(300, 400))):
            rows = [f"{i}\t{language}{i}" for i in ids]
            text = "\n".join(["id\ttext", *rows]) + "\n"
            (tmp_path / f"{language}.{split}.tsv").write_text(text, "utf-8")

    def ids(language: str, fold: int, split: str) -> set[str]:
        made = {"kind": "folds", "tables": [f"{language}.train", f"{language}.dev"], "fold": fold}
        found = base.fields(Part("data.corpus").pick(made), str(tmp_path), split, ["text", "id"])
        rows = list(found)
        assert all(text == f"{language}{i}" for text, i in rows) and len(set(rows)) == len(rows)
        return {i for _, i in rows}

    every, tested = set(map(str, range(400))), set()
    for fold in range(5):
        parts = [ids("en", fold, split) for split in ("train", "dev", "test")]
        assert set.union(*parts) == every and sum(map(len, parts)) == len(every)
        assert all(len(part) > 20 for part in parts) and not tested & parts[2]
        assert [ids("ko", fold, split) for split in ("train", "dev", "test")] == parts
        tested |= parts[2]
    assert tested == every
    with pytest.raises(UserError, match="0 to 4"):
        ids("en", 5, "test")
