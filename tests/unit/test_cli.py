"""The command line as one meets it: real runs, real files, `main` called as the script calls it."""

import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import sacrebleu
from test_api import SIZES, prepare

from regard.cli import main, streams
from regard.evaluate.alignment import parse_links
from regard.recipe import UserError

KOREAN = ["민수는 책을 읽었다.", "", "저는 학생입니다.", " \t ", "오늘은 날씨가 좋다."]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A corpus, a recipe, and the run that the command line made of it."""
    folder = tmp_path_factory.mktemp("cli")
    recipe, run = prepare(folder), folder / "run"
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu", "--quiet"]) == 0
    return SimpleNamespace(recipe=str(recipe), run=str(run), corpus=folder / "corpus")


@pytest.fixture
def regard(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Run one command line: (exit code, standard output, standard error)."""

    def call(*words: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setattr(sys, "argv", ["regard", *map(str, words)])
        capsys.readouterr()
        code = main()
        return code, *capsys.readouterr()

    return call


def check_refused(result: tuple[int, str, str], *said: str) -> None:
    """Bad input: exit code 2, nothing but one sentence on standard error."""
    code, _, err = result
    assert code == 2, result
    assert err.startswith("regard: ") and err.count("\n") == 1, err
    assert all(text in err for text in said), err


def put(path: Path, lines: list[str]) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


# -- the whole -------------------------------------------------------------------------------------

VERBS = (
    "demo", "train", "translate", "evaluate", "score", "compare", "look", "doctor", "recipes",
    "verify-resume", "study", "data backtranslate", "data phrasebook", "adapt",
    "calibrate", "serve",
)  # fmt: skip


def test_help_imports_nothing_heavy():
    code = (
        "import sys, regard.cli\n"
        "assert 'typer' not in sys.modules\n"
        "assert regard.cli.main(['--help']) == 0\n"
        "assert regard.cli.main(['evaluate', '--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'yaml', 'rich.console', 'sacrebleu', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(verb.split()[0] in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(verb: str, regard):
    code, out, _ = regard(*verb.split(), "--help")
    assert code == 0
    assert out.count(f"regard {verb}") >= 2, out  # usage and at least one example
    assert max(map(len, out.split("\n"))) <= 100


def test_no_words_is_help_and_the_version_is_told(regard):
    assert regard() == regard("--help")
    code, out, _ = regard("--version")
    assert code == 0 and out.startswith("regard ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tranlate",), "'translate'"),
        (("translate", "x", "--beem", "3"), "--beam"),
        (("evaluate",), "evaluate --help"),
        (("data",), "data --help"),
        (("translate", "nowhere"), "nowhere: no such file or folder"),
        (("translate", "size=3"), "name a run first"),
        (("train", "translate/phrasebook_koeen"), "translate/phrasebook_koen"),
        (("train", "translate/multi30k_deen", "train.step=3"), "train.step: no such setting"),
        (("train", "translate/multi30k_deen", "data.dir=/nowhere"), "data.dir"),
        (("recipes", "translat/phrasebook_koen"), "translate/phrasebook_koen"),
        (("recipes", "--schema", "translat"), "'translate'"),
        (("study", "lenght"), "no study"),
        (("doctor", "nowhere.de", "nowhere.en"), "nowhere.de"),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple, said: str, regard, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refused(regard(*words), said)


def test_a_reader_that_has_gone_is_no_error(monkeypatch, capfd):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert main(["recipes"]) == 141
    assert capfd.readouterr().err == ""


# -- train -----------------------------------------------------------------------------------------


def test_train_tells_what_it_made_and_leaves_an_ended_run_alone(tiny, regard):
    model = Path(tiny.run, "model.safetensors")
    before = model.stat().st_mtime_ns
    code, out, _ = regard("train", tiny.recipe, "--out", tiny.run, "--json")
    assert code == 0 and json.loads(out)["steps"] == 4
    assert model.stat().st_mtime_ns == before
    code, out, _ = regard("train", tiny.recipe, "--out", tiny.run)
    assert "regard translate" in out
    check_refused(regard("train", tiny.recipe, "seed=7", "--out", tiny.run), "another recipe")


def test_an_interrupted_training_goes_on_to_the_same_weights(tiny, regard, tmp_path, monkeypatch):
    from regard.train.loop import Loop

    whole = Loop.update

    def interrupted(self, rows):
        whole(self, rows)
        if self.at["step"] == 2:  # noticed in the step after
            signal.raise_signal(signal.SIGINT)

    words = ("train", tiny.recipe, "--out", tmp_path / "run", "--device", "cpu", "--quiet")
    monkeypatch.setattr(Loop, "update", interrupted)
    code, out, err = regard(*words)
    assert code == 130 and out == "" and "the same command goes on" in err
    monkeypatch.setattr(Loop, "update", whole)
    assert regard(*words)[0] == 0
    ours, theirs = (Path(x, "model.safetensors").read_bytes() for x in (words[3], tiny.run))
    assert ours == theirs


# -- translate -------------------------------------------------------------------------------------


def test_as_many_lines_out_as_in_whatever_they_hold(tiny, regard, tmp_path):
    lines = [
        *KOREAN, "a\u2028b\x85c\x0cd", "nul \0 nul", "\u200b", "🙂 שלום", "x" * 900, "\ufeff",
        "\r", "end",
    ]  # fmt: skip
    data = "\n".join(lines).encode()
    for given in (data, data + b"\n"):
        code, out, _ = regard("translate", tiny.run, "--beam", 1, stdin=given)
        assert code == 0
        assert out.count("\n") == given.count(b"\n") and out.endswith("\n") == given.endswith(b"\n")
        answers = out.removesuffix("\n").split("\n")
        assert all(
            not answers[i] for i, line in enumerate(lines) if line.strip("\u200b\ufeff \t\r") == ""
        )
    file = tmp_path / "in.txt"
    file.write_bytes(data)
    assert regard("translate", tiny.run, file, "-o", tmp_path / "out", "size=1")[:2] == (0, "")
    assert (tmp_path / "out").read_text("utf-8") == out.removesuffix("\n")
    assert regard("translate", tiny.run, stdin=b"")[:2] == (0, "")


def test_a_line_that_is_no_text_is_named_and_leaves_no_half_file(tiny, regard, tmp_path):
    file = tmp_path / "bad.txt"
    file.write_bytes("하나\n".encode() + b"zwei \xff\n" + b"three\n")
    result = regard("translate", tiny.run, file, "-o", tmp_path / "out")
    check_refused(result, str(file), "line 2", "0xff")
    assert [x.name for x in tmp_path.iterdir()] == ["bad.txt"]
    many = b"\n" * 400 + b"\xc3\n" + b"\n" * 200
    code, out, err = regard("translate", tiny.run, "--beam", 1, stdin=many)
    assert code == 2 and "standard input, line 401" in err
    assert out.endswith("\n") or not out


@pytest.mark.parametrize("name", ["a.CSV", "a.jsonl", "a.docx", "a.pdf"])
def test_other_formats_are_refused_in_words(tiny, regard, tmp_path, name):
    check_refused(regard("translate", tiny.run, put(tmp_path / name, ["x"])), "not read yet")


def test_scores_n_best_and_json_say_the_same(tiny, regard):
    data = "\n".join(KOREAN).encode() + b"\n"
    plain = regard("translate", tiny.run, stdin=data)[1].split("\n")[:-1]
    scored = regard("translate", tiny.run, "--scores", stdin=data)[1].split("\n")[:-1]
    assert [x.split("\t", 1)[1] for x in scored] == plain
    best = regard("translate", tiny.run, "--n-best", 2, stdin=data)[1].split("\n")[:-1]
    rows = [x.split("\t", 2) for x in best]
    assert [x[0] for x in rows] == ["1", "1", "2", "3", "3", "4", "5", "5"]
    out = regard("translate", tiny.run, "--json", "--n-best", 2, stdin=data)[1]
    told = [json.loads(x) for x in out.split("\n")[:-1]]
    assert [x["text"] for x in told] == plain and len(told) == len(KOREAN)
    assert [n["text"] for x in told for n in x["n_best"]] == [x[2] for x in rows]
    for x in told:
        assert x["score"] == pytest.approx(sum(t["score"] for t in x["tokens"]), abs=1e-4)


def test_prefixes_and_terms_are_kept(tiny, regard, tmp_path):
    data = f"{KOREAN[0]}\n{KOREAN[2]}\n".encode()
    prefix, terms = put(tmp_path / "p", ["Now", ""]), put(tmp_path / "t", ["tea\tmilk", "rice"])
    out = regard("translate", tiny.run, "--prefix", prefix, stdin=data)[1]
    assert out.startswith("Now")
    out = regard("translate", tiny.run, "--phrases", terms, stdin=data)[1].split("\n")
    assert "tea" in out[0] and "milk" in out[0] and "rice" in out[1]
    for short in (["Now"], ["Now", "", ""]):
        put(prefix, short)
        result = regard("translate", tiny.run, "--prefix", prefix, "-o", tmp_path / "o", stdin=data)
        check_refused(result, str(prefix))
        assert not (tmp_path / "o").exists()


def test_decoding_settings_are_asked_for_in_three_ways(tiny, regard):
    data = f"{KOREAN[0]}\n{KOREAN[4]}\n".encode()
    wide = regard("translate", tiny.run, "--beam", 6, "--scores", stdin=data)
    assert wide[0] == 0
    assert regard("translate", tiny.run, "size=6", "--scores", stdin=data) == wide
    assert regard("translate", tiny.run, "decode.size=6", "--scores", stdin=data) == wide
    sampled = [
        regard("translate", tiny.run, "--decode", "sample", f"seed={seed}", stdin=data)[1]
        for seed in (1, 1, 2)
    ]
    assert sampled[0] == sampled[1] != sampled[2]
    for words, said in (
        (("--beam", 0), "decode.size"), (("sise=3",), "'size'"), (("--decode", "beem"), "'beam'"),
        (("--decode", "greedy", "--n-best", 2), "n-best"), (("--direction", "en-ko"), "ko-en"),
    ):  # fmt: skip
        check_refused(regard("translate", tiny.run, *words, stdin=data), said)


class Pieces(io.BytesIO):
    """A stream that gives its bytes in pieces of any size."""

    def __init__(self, data: bytes, rng: random.Random):
        super().__init__(data)
        self.rng = rng

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(self.rng.randint(1, 9))


@pytest.mark.parametrize("seed", range(30))
def test_chunks_are_the_lines_however_they_arrive(seed: int):
    rng = random.Random(seed)
    alphabet = ["a", "ä", "한", "\n", "\n", "\u2028", "\x85", "\0", "🙂"]
    text = "".join(rng.choices(alphabet, k=rng.randint(0, 60)))
    found = list(streams.chunks(Pieces(text.encode(), rng), "x", most=rng.randint(1, 5)))
    assert "".join(chunk.like(chunk.lines) for chunk in found) == text


def test_a_chunk_comes_while_the_writer_pauses():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as file, os.fdopen(write, "wb", buffering=0) as pipe:
        pipe.write(b"one\ntwo\nthr")
        chunks = streams.chunks(file, "pipe")
        assert next(chunks) == (["one", "two"], True)
        pipe.write(b"ee\r\n")
        assert next(chunks) == (["three"], True)
        pipe.close()
        assert list(chunks) == []


# -- evaluate, score, compare ----------------------------------------------------------------------


def test_evaluate_scores_what_it_translated(tiny, regard, tmp_path):
    out = tmp_path / "outputs"
    words = (
        "--lowercase",
        "--slices",
        "--metrics",
        "bleu,chrf,ter,exact_match",
        "-o",
        out,
        "--json",
    )
    code, told, _ = regard("evaluate", tiny.run, *words)
    found = json.loads(told)
    outputs = out.read_text("utf-8").split("\n")[:-1]
    references = (tiny.corpus / "test.en").read_text("utf-8").split("\n")[:-1]
    assert code == 0 and found["lines"] == len(outputs) == SIZES["test"]
    theirs = {
        "bleu": sacrebleu.corpus_bleu(outputs, [references]).score,
        "bleu_lc": sacrebleu.corpus_bleu(outputs, [references], lowercase=True).score,
        "chrf": sacrebleu.corpus_chrf(outputs, [references]).score,
        "ter": sacrebleu.corpus_ter(outputs, [references]).score,
    }
    scores = found["scores"]
    assert {k: pytest.approx(scores[k]["value"]) for k in theirs} == theirs
    assert (
        "case:lc" in scores["bleu_lc"]["signature"] and "case:mixed" in scores["bleu"]["signature"]
    )
    assert found["slices"][0]["n"] == SIZES["test"] and found["sentences_per_s"] > 0
    assert {"an unseen word", "all"} <= {x["name"] for x in found["slices"]}


def test_evaluate_on_files_with_two_references_and_kept_evidence(tiny, regard, tmp_path):
    from regard.results import rows

    source, first = tiny.corpus / "test.ko", tiny.corpus / "test.en"
    second = put(tmp_path / "second.en", ["Something else."] * SIZES["test"])
    words = ("evaluate", tiny.run, "--source", source, "--reference", first, "--reference", second)
    keep = ("--record", tmp_path / "results", "--name", "translate/tiny", "--beam", 1)
    code, out, _ = regard(*words, *keep)
    assert code == 0 and "nrefs:2" in out and "a second" in out and "size=1" in out
    kept = rows(tmp_path / "results")
    assert [row["metric"].split("|")[0] for row in kept] == ["BLEU", "TER", "chrF2"]
    assert kept[0]["command"].startswith("regard evaluate") and kept[0]["seeds"] == [1]
    check_refused(regard(*words, "--metrics", "blue"), "bleu")
    check_refused(regard(*words, "--align"), "phrasebook")
    check_refused(regard(*words[:4]), "--reference")
    check_refused(regard("evaluate", tiny.run, "--test", "tset"), "test.ko")
    check_refused(regard("evaluate", tiny.run, "--dir", "/nowhere"), "/nowhere")
    put(second, ["One."])
    check_refused(regard(*words), "has 1 lines", f"has {SIZES['test']};")


def test_score_is_what_the_answer_was_reported_with(tiny, regard, tmp_path):
    data = "\n".join(KOREAN[::2]).encode() + b"\n"
    out = regard("translate", tiny.run, "--json", stdin=data)[1]
    told = [json.loads(x) for x in out.split("\n")[:-1]]
    source, target = tmp_path / "s", put(tmp_path / "t", [x["text"] for x in told])
    source.write_bytes(data)
    code, plain, _ = regard("score", tiny.run, "--source", source, "--target", target)
    assert code == 0 and len(plain.split("\n")) == len(told) + 1
    found = json.loads(
        regard("score", tiny.run, "--source", source, "--target", target, "--json")[1]
    )
    assert [f"{x:.4f}" for x in found["scores"]] == plain.split("\n")[:-1]
    assert found["per_token"] == pytest.approx(sum(found["scores"]) / found["tokens"])
    ended = [i for i, x in enumerate(told) if x["tokens"][-1]["token"] == "</s>"]
    assert all(found["scores"][i] == pytest.approx(told[i]["score"], abs=1e-3) for i in ended)
    put(target, ["one"])
    check_refused(regard("score", tiny.run, "--source", source, "--target", target), "has 1;")


def test_compare_ends_in_a_verdict(tiny, regard, tmp_path):
    source, reference = tiny.corpus / "test.ko", tiny.corpus / "test.en"
    right = put(tmp_path / "right.txt", reference.read_text("utf-8").split("\n")[:-1])
    wrong = put(tmp_path / "wrong.txt", ["I do not know."] * SIZES["test"])
    code, out, _ = regard("compare", tiny.run, right, "--resamples", 200)
    assert code == 0 and out.split("\n")[-2].startswith("right.txt is better by")
    assert "length 1-5" in out
    files = ("--reference", reference, "--json", "--resamples", 200)
    told = json.loads(regard("compare", right, right, *files)[1])
    assert told["verdict"]["difference"] == 0 and "No evidence" in told["verdict"]["sentence"]
    assert told["slices"] == [] and told["signature"]
    seeds = regard("compare", f"{wrong},{wrong}", f"{right},{right}", "--source", source, *files)
    told = json.loads(seeds[1])
    assert told["verdict"]["a"] < told["verdict"]["b"] == pytest.approx(100)
    assert "right.txt (2 seeds) is better" in told["verdict"]["sentence"]
    check_refused(regard("compare", right, wrong), "--reference")
    check_refused(regard("compare", right, "nowhere", *files), "nowhere")
    put(wrong, ["One."])
    check_refused(regard("compare", right, wrong, *files), "1 lines")


# -- look, doctor, data, recipes -------------------------------------------------------------------


def test_look_shows_the_answer(tiny, regard, tmp_path):
    answer = regard("translate", tiny.run, stdin=KOREAN[0].encode())[1]
    assert regard("look", tiny.run, KOREAN[0], "-o", tmp_path / "m.json")[0] == 0
    assert json.loads((tmp_path / "m.json").read_text())["target"] == answer
    assert json.loads(regard("look", tiny.run, KOREAN[0], "--json")[1])["target"] == answer
    assert regard("look", tiny.run, KOREAN[0])[1].startswith(f"{KOREAN[0]}\n{answer}\n")
    check_refused(regard("look", tiny.run, KOREAN[0], "-o", tmp_path / "m.pdf"), ".html")
    check_refused(regard("look", tiny.run, "  "), "sentence")


def test_doctor_finds_faults_and_writes_a_clean_copy(regard, tmp_path):
    german = [f"Das ist der Satz mit der Zahl {i} und einem Wort." for i in range(40)]
    english = [f"This is the sentence with the number {i} and a word." for i in range(40)]
    files = put(tmp_path / "train.de", german), put(tmp_path / "train.en", english)
    code, out, _ = regard("doctor", *files)
    sound = code, "nothing found" in out or "0 errors, 0 warnings" in out
    assert sound == (0, True), out
    english[3] = ""
    german[7] = "Kaputtes ZeichenÃ¼ber alles hier in diesem Satz 7."
    put(files[0], german), put(files[1], english)
    code, out, _ = regard("doctor", *files, "--json", "--clean", tmp_path / "clean")
    told = json.loads(out)
    assert code == 1 and told["counts"]["empty"] == 1 and told["languages"] == ["de", "en"]
    kept = (tmp_path / "clean" / "train.de").read_text("utf-8").split("\n")[:-1]
    assert len(kept) == told["totals"]["kept"] and german[3] not in kept
    assert regard("doctor", *(tmp_path / "clean" / f.name for f in files))[0] == 0
    check_refused(regard("doctor", *files, "--clean", tmp_path), "examined")
    put(files[1], [*english[:20], *english[21:]])
    code, out, _ = regard("doctor", *files, "--json")
    assert code == 1 and json.loads(out)["counts"] == {"halves": 1}
    assert "40 source and 39 target" in out
    check_refused(regard("doctor", *files, "--clean", tmp_path / "no"), "halves")
    check_refused(regard("doctor", files[0]), "other half")


def test_doctor_reads_tables_and_recipes(tiny, regard, tmp_path):
    rows = ["de\ten", *(f"Der Satz {i} ist da.\tThe sentence {i} is here." for i in range(30))]
    table = put(tmp_path / "train.tsv", rows)
    test = put(tmp_path / "test.tsv", [rows[0], rows[5]])
    code, out, _ = regard("doctor", table, test, "--languages", "de-en", "--json")
    told = json.loads(out)
    assert told["rows"] == {"train": 30, "test": 1} and told["counts"]["leak"] >= 1 and code == 1
    check_refused(regard("doctor", table), "--languages")
    (tmp_path / "other").mkdir()
    twice = table, put(tmp_path / "other" / "train.tsv", rows[:4])
    told = json.loads(regard("doctor", *twice, "--languages", "de-en", "--json")[1])
    assert sorted(told["rows"].values()) == [3, 30]
    halves = [tiny.corpus / f"{split}.{side}" for split in ("test", "dev") for side in ("ko", "en")]
    told = json.loads(regard("doctor", *halves, "--json")[1])
    assert told["rows"] == {k: SIZES[k] for k in ("test", "dev")}
    assert told["languages"] == ["ko", "en"]
    code, out, _ = regard("doctor", tiny.recipe, f"data.dir={tiny.corpus}", "--json")
    assert json.loads(out)["rows"] == SIZES
    assert json.loads(regard("doctor", tiny.run, "--json")[1])["rows"] == SIZES


def test_backtranslation_is_a_table_with_a_row_a_line(tiny, regard, tmp_path):
    from regard.data.corpus import tsv

    texts = ["민수는 책을\t읽었다.", "", "저는 학생입니다."]
    mono = put(tmp_path / "mono.ko", texts)
    words = (
        "data",
        "backtranslate",
        tiny.run,
        mono,
        "-o",
        tmp_path / "train.tsv",
        "--tag",
        "size=3",
    )
    assert regard(*words)[0] == 0
    rows = list(tsv.Config().read(str(tmp_path), "train", "en-ko"))
    assert [row.target for row in rows] == [text.replace("\t", " ") for text in texts]
    assert all(row.source.startswith("<bt> ") for row in rows if row.target) and not rows[1].source
    mono.write_bytes(b"\xff\n")
    check_refused(regard(*words[:4], "-o", tmp_path / "no.tsv"), "line 1")
    assert not (tmp_path / "no.tsv").exists()


def test_distillation_answers_every_training_row(tiny, regard, tmp_path):
    from regard.data.corpus import tsv

    for best in (1, 3):
        words = ("data", "distill", tiny.run, "size=3", "--best", str(best))
        code, _, err = regard(*words, "-o", tmp_path / "train.tsv")
        assert code == 0 and "pairs" in err
        rows = list(tsv.Config().read(str(tmp_path), "train", "ko-en"))
        source = (tiny.corpus / "train.ko").read_text("utf-8").splitlines()
        assert [row.source for row in rows] == source and any(row.target for row in rows)
    check_refused(regard(*words, "-o", tmp_path / "no.tsv", "--dir", "nowhere"), "nowhere")
    assert not (tmp_path / "no.tsv").exists()


def test_of_several_answers_the_nearest_to_the_reference_is_taught():
    from regard.cli.distill import nearest
    from regard.tasks.translator import Translation

    some = [Translation(text) for text in ("a cat sat", "a dog sat down", "the dog runs far")]
    assert nearest(some, "the dog runs far away") == "the dog runs far"
    assert nearest(some[:1], "the dog") == "a cat sat" and nearest([], "x") == ""


def test_the_phrasebook_comes_with_its_links(regard, tmp_path):
    assert regard("data", "phrasebook", "--count", 12, "-o", tmp_path)[0] == 0
    sides = [(tmp_path / f"test.{x}").read_text("utf-8").split("\n")[:-1] for x in ("ko", "en")]
    links = (tmp_path / "test.ko-en.links").read_text("utf-8").split("\n")[:-1]
    assert len(sides[0]) == len(sides[1]) == len(links) == 12
    for korean, english, line in zip(*sides, links, strict=True):
        sure, possible = parse_links(line)
        assert sure and max(i for i, _ in possible) < len(korean.split())
        assert max(j for _, j in possible) < len(english.split())
    check_refused(regard("data", "phrasebook", "--split", "tset", "-o", tmp_path), "tset")
    check_refused(regard("data", "phrasebook", "--split", "train", "-o", tmp_path), "train")


def test_recipes_are_listed_printed_and_described(regard):
    listed = json.loads(regard("recipes", "--json")[1])
    assert {"translate/multi30k_deen", "translate/phrasebook_koen"} <= {x["name"] for x in listed}
    code, out, _ = regard("recipes")
    assert code == 0 and all(x["says"].split("\n")[0] in out for x in listed)
    code, out, _ = regard("recipes", "translate/phrasebook_koen")
    assert out.startswith("#") and "task: translate" in out
    schema = json.loads(regard("recipes", "--schema", "translate")[1])
    assert {"data", "model", "train", "decode"} <= set(schema["properties"])


@pytest.mark.parametrize(("exact", "exit_code"), [(True, 0), (False, 1)])
def test_verify_resume_tells_what_it_found(tiny, regard, monkeypatch, exact, exit_code):
    # three trainings, each a process of its own: `verify` has its own tests
    asked = []
    found = {"exact": exact, "text": "6 + 6 steps"}
    monkeypatch.setattr("regard.train.verify.verify", lambda *x: asked.append(x) or found)
    code, out, _ = regard("verify-resume", tiny.run, "--json", "--steps", 6)
    assert (code, json.loads(out)) == (exit_code, found)
    assert asked[0][0].folder == Path(tiny.run) and asked[0][1] == 6
    assert ("NOT EXACT" in regard("verify-resume", tiny.run)[1]) is not exact
    check_refused(regard("verify-resume", "nowhere"), "nowhere")


def test_studies_are_listed_without_importing_them(regard):
    code, out, _ = regard("study", "--json")
    assert code == 0 and isinstance(json.loads(out), dict)


def test_the_demo_trains_measures_and_draws(regard, tmp_path, monkeypatch):
    small = {"dev": 8, "test": 8, "combos": 4, "long": 2}
    monkeypatch.setattr("regard.data.phrasebook.splits.SIZES", small)
    part = "layers: 1, block: {mixer: {kind: softmax, heads: 2}, ff: {kind: relu, width: 16}}"
    changes = (
        "model.dim=16", f"model.encoder={{{part}}}", f"model.decoder={{{part}}}",
        "data.corpus.size=200", "data.tokenizer.vocab=400", "train.steps=2", "train.every=2",
        "train.precision=float32", "decode=greedy", "dev_rows=4",
    )  # fmt: skip
    run = tmp_path / "demo"
    code, out, err = regard("demo", *changes, "--out", run, "--device", "cpu")
    assert code == 0, err
    assert "exact match" in out and "unseen combinations" in out and "attention.html" in out
    assert (run / "attention.png").read_bytes().startswith(b"\x89PNG")
    trained = (run / "model.safetensors").stat().st_mtime_ns
    code, out, _ = regard("demo", *changes, "--out", run, "--device", "cpu", "--json")
    told = json.loads(out)
    assert code == 0 and (run / "model.safetensors").stat().st_mtime_ns == trained
    assert {k: v["lines"] for k, v in told["scores"].items()} == {"test": 8, "combos": 4, "long": 2}
    assert 0 <= told["alignment"]["aer"] <= 1 and len(told["samples"]) >= 6


def test_errors_of_our_own_are_sentences_and_faults_are_not(regard, monkeypatch):
    def fault(*_: object) -> None:
        int("no number")

    def sentence(*_: object) -> None:
        raise UserError("one\nsentence")

    monkeypatch.setattr("regard.recipe.shipped", sentence)
    check_refused(regard("recipes"), "one sentence")
    monkeypatch.setattr("regard.recipe.shipped", fault)
    with pytest.raises(ValueError, match="no number"):
        regard("recipes")
