"""Each shipped recipe builds at its real size, and trains two steps on rows in its format."""

import json
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from regard import recipe
from regard.api import load as load_any
from regard.data.corpus.base import languages
from regard.recipe import Recipe, kind_of
from regard.run import Run
from regard.tasks.translate import load
from regard.tasks.translator import Wish
from regard.train.training import train

RECIPES = recipe.shipped()
LETTERS = {"ko": "가나다라마바사아자차카타파하거너더러", "en": "abcdefghijklm", "": "nopqrstuvwxyz"}
MOST = 40e6  # parameters; what is bigger needs more than a laptop


def sentence(rng: random.Random, language: str) -> str:
    letters = LETTERS.get(language, LETTERS[""])
    words = ["".join(rng.choices(letters, k=rng.randint(1, 4))) for _ in range(rng.randint(2, 7))]
    return " ".join(words) + "."


def write(folder: Path, made: Recipe) -> int:
    """A few rows of every split, as the task's data wants them; how many train rows are read."""
    if hasattr(made.data, "parts"):
        for i, part in enumerate(made.data.parts):
            columns = list(part.columns)
            write_table(folder, part.corpus, columns, [sentence] * len(columns), i)
        return 0
    if hasattr(made.data, "label"):
        labels = list(made.data.labels) or ["0", "1"]
        answer = lambda rng, column: rng.choice(labels)  # noqa: E731
        more = list(getattr(made.data, "groups", ()))  # what each text is about
        makers = [*[sentence] * len(made.data.text), answer, *[sentence] * len(more)]
        columns, corpus = [*made.data.text, made.data.label, *more], made.data.corpus
        if kind_of(corpus) == "translations":
            tables = [(part.corpus, list(languages(part.direction))) for part in corpus.parts]
            return sum(write_table(folder, of, codes, [sentence] * 2) for of, codes in tables)
        if kind_of(corpus) == "folds":
            columns, makers = [corpus.id, *columns], [lambda rng, _: str(rng.random()), *makers]
            for table in corpus.tables:
                inner = corpus.of.model_copy(update={"train": table})
                write_table(folder, inner, columns, makers)
            return 20
        return write_table(folder, corpus, columns, makers)
    return write_pairs(folder, made)


def write_table(folder: Path, corpus: Any, columns: list, makers: list, seed: int = 0) -> int:
    """One table a split, whose columns are made so."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 40), ("dev", 8), ("test", 8)):
        rows = [[make(rng, column) for make, column in zip(makers, columns, strict=True)]
                for _ in range(count)]  # fmt: skip
        path = folder / corpus.named(split)
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind_of(corpus) == "plain":
            text = "".join(f"{row[0]}\n" for row in rows)
            path.with_name(path.name + ".txt").write_text(text, "utf-8")
        elif kind_of(corpus) == "tsv":
            named = [corpus.columns.get(column, column) for column in columns]
            text = "".join("\t".join(row) + "\n" for row in [named, *rows])
            path.with_name(path.name + ".tsv").write_text(text, "utf-8")
        else:
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            text = "".join(json.dumps(row) + "\n" for row in named)
            path.with_name(path.name + ".jsonl").write_text(text, "utf-8")
    return 40


def write_pairs(folder: Path, made: Recipe, corpus: Any = None) -> int:
    """Parallel text."""
    corpus, rng = corpus or made.data.corpus, random.Random(0)
    if kind_of(corpus) == "mix":  # a part's own folder is seen from where one works
        parts = [(Path(p.dir) if p.dir else folder, p) for p in corpus.parts]
        return sum(write_pairs(where, made, part.corpus) * part.times for where, part in parts)
    spoken = sorted({code for d in made.data.directions for code in languages(d)})
    for split, count in (("train", 24), ("dev", 4), ("test", 4)):
        rows = [{code: sentence(rng, code) for code in spoken} for _ in range(count)]
        name = folder / corpus.named(split)
        columns = [getattr(corpus, "columns", {}).get(code, code) for code in spoken]
        if kind_of(corpus) == "moses":
            files = {f".{code}": [row[code] for row in rows] for code in spoken}
        elif kind_of(corpus) == "tsv":
            files = {".tsv": ["\t".join(columns), *("\t".join(row.values()) for row in rows)]}
        else:
            named = [dict(zip(columns, row.values(), strict=True)) for row in rows]
            files = {".jsonl": [json.dumps(row) for row in named]}
        for ending, lines in files.items():
            path = Path(f"{name}{ending}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return 24


@cache
def made_of(name: str) -> Recipe:
    return recipe.load(name)


@pytest.mark.parametrize("name", RECIPES)
def test_it_builds_at_its_real_size(name):
    made = made_of(name)
    size = getattr(made.data.tokenizer, "vocab", 300)
    if made.task == "translate":
        model = made.model.build(size, size)
    else:
        model = made.build(size, ["0", "1"]) if hasattr(made.data, "label") else made.build(size)
    parameters = sum(p.numel() for p in model.parameters())
    assert 1e5 < parameters < MOST
    if name == "translate/multi30k_deen":
        assert parameters <= 9e6


OTHERS = [name for name in RECIPES if recipe.read(RECIPES[name])["task"] != "translate"]


@pytest.mark.parametrize("name", OTHERS)
def test_it_trains_two_steps(name, tmp_path):
    made = made_of(name)
    rows = write(tmp_path / "data", made)
    small = ["train.steps=2", "train.every=2", f"data.dir={tmp_path / 'data'}"]
    small += ["data.held=4"] if hasattr(made.data, "parts") else []
    run = train(recipe.load(name, small), tmp_path / "run", device="cpu", quiet=True)
    info = run.info()
    assert info["steps"] == 2 and info["data"]["train_rows"] >= rows and run.model.exists()
    if made.verb:
        used = load_any(run, device="cpu")
        assert len(used.classify([("",) * used.columns, ("a b",) * used.columns])) == 2


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in OTHERS])
def test_it_trains_two_steps_and_translates(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, rows = made_of(name), 24
    changes = ["train.steps=2", "train.every=2", "dev_rows=2"]
    if kind_of(made.data.corpus) == "phrasebook":
        changes += ["data.corpus.size=24"]
    else:
        rows = write(tmp_path / "data", made)
        changes += [f"data.dir={tmp_path / 'data'}"]
    run = train(recipe.load(name, changes), tmp_path / "run", device="cpu", quiet=True)
    info = Run(run.folder).info()
    assert info["steps"] == 2 and info["data"]["train_rows"] == rows * len(made.data.directions)
    assert info["data"]["rows_too_long"] == 0
    direction = made.data.directions[0]
    text = sentence(random.Random(1), languages(direction)[0])
    used = load([run])
    used.decode = used.decode.model_copy(update={"size": 1})
    answers = used.translate(["", text], Wish(direction))
    assert answers[0].text == "" and answers[1].score < 0


@pytest.mark.parametrize("name", RECIPES)
def test_its_header_says_how_to_run_it_and_what_to_expect(name):
    lines = RECIPES[name].read_text("utf-8").splitlines()
    header = []
    for line in lines:
        if not line.startswith("#"):
            break
        header.append(line)
    text = "\n".join(header)
    commands = re.findall(r"^#   (regard .+)$", text, re.M)
    assert commands, "no command line, indented by three spaces"
    family, _, stem = name.partition("/")
    if family == "study":
        assert commands[0].startswith("regard study ")
    else:
        assert commands[0].startswith(f"regard train {name}") and " --out runs/" in commands[0]
        corpus = getattr(made_of(name).data, "corpus", None)
        files = corpus is None or kind_of(corpus) != "phrasebook"
        assert ("data.dir=$DATA" in commands[0]) == files
    result = r"not measured yet|measured (only )?by|\b(BLEU|accuracy)\b.*\d"
    assert re.search(result, text, re.I | re.S), "neither a result nor `Not measured yet.`"


def test_recipes_are_found_where_they_lie():
    files = [p for p in recipe.SHIPPED.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sorted(RECIPES.values()) == sorted(files) and len(files) >= 8
