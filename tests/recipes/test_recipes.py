"""Each shipped recipe builds at its real size, and trains two steps on rows in its format."""

import json
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from regard import recipe
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


def write(folder: Path, made: Recipe, corpus: Any = None) -> int:
    """A few rows of every split, as the corpus wants them; how many train rows are read."""
    corpus, rng = corpus or made.data.corpus, random.Random(0)
    if kind_of(corpus) == "mix":  # a part's own folder is seen from where one works
        parts = [(Path(p.dir) if p.dir else folder, p) for p in corpus.parts]
        return sum(write(where, made, part.corpus) * part.times for where, part in parts)
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
    model = made.model.build(size, size)
    parameters = sum(p.numel() for p in model.parameters())
    assert 1e5 < parameters < MOST
    if name == "translate/multi30k_deen":
        assert parameters <= 9e6


@pytest.mark.parametrize("name", RECIPES)
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
        files = kind_of(made_of(name).data.corpus) != "phrasebook"
        assert ("data.dir=$DATA/" in commands[0]) == files
    result = r"not measured yet|measured (only )?by|\bBLEU\b.*\d"
    assert re.search(result, text, re.I | re.S), "neither a result nor `Not measured yet.`"


def test_recipes_are_found_where_they_lie():
    files = [p for p in recipe.SHIPPED.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sorted(RECIPES.values()) == sorted(files) and len(files) >= 8
