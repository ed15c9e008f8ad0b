"""Recipes: a mistake becomes a sentence with its path; what is right comes back as it was."""

import json
import re
from functools import cache

import pydantic
import pytest
import yaml
from tiny import TINY

from regard import recipe, recipe_schema
from regard.recipe import UserError, kinds

NAMES = sorted(recipe.shipped())
BLOCK = ("model", "encoder", "block")


def plain(**changes) -> dict:
    """A small recipe as plain data."""
    return {
        "task": "translate",
        "data": {"corpus": "tsv", "directions": ["xx-yy"]},
        "model": {"encoder": {"block": {"mixer": {"kind": "softmax", "heads": 2}}}},
        "train": {"optim": {"lr": 1e-3}},
        **changes,
    }


def said(settings) -> str:
    """The one sentence of the error that these settings are."""
    with pytest.raises(UserError) as caught:
        recipe.make(settings, "my.yaml")
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400 and message.startswith("my.yaml: ")
    return message.removeprefix("my.yaml: ")


def planted(path: tuple[str, ...], key: str, value=1) -> dict:
    """The small recipe with one more setting somewhere."""
    settings = plain()
    inner = settings
    for name in path:
        inner = inner.setdefault(name, {})
    inner[key] = value
    return settings


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ((), "modle", "model"),
        ((), "dev_row", "dev_rows"),
        (("data",), "max_lenght", "max_length"),
        (("data",), "direction", "directions"),
        (("model",), "dims", "dim"),
        (("model", "encoder"), "layer", "layers"),
        (("model", "decoder"), "blok", "block"),
        (BLOCK, "drop_out", "dropout"),
        ((*BLOCK, "mixer"), "head", "heads"),
        ((*BLOCK, "ff"), "widht", "width"),
        (("train",), "batch_token", "batch_tokens"),
        (("train", "optim"), "learning_rate", None),
        (("train", "optim"), "warm_up", "warmup"),
        (("objective",), "smooth", "smoothing"),
        (("decode",), "aplha", "alpha"),
        (("data", "tokenizer"), "vocabulary", "vocab"),
        (("model", "embed"), "dropuot", "dropout"),
    ],
)
def test_an_unknown_key_names_the_near_miss_and_the_path(path, wrong, right):
    message = said(planted(path, wrong))
    where = ".".join((*path, wrong))
    hint = f"did you mean {right!r}?" if right else "one of "
    assert message.startswith(f"{where}: no such setting; {hint}")


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        (("model", "encoder"), "plane", "plain"),
        ((*BLOCK, "mixer"), "sofmax", "softmax"),
        ((*BLOCK, "mixer"), "lineer", "linear"),
        ((*BLOCK, "norm"), "layr", "layer"),
        (("data", "corpus"), "mose", "moses"),
        (("data", "tokenizer"), "unigramm", "unigram"),
        (("objective",), "minimum-risk", "minimum_risk"),
        (("decode",), "beams", "beam"),
        (("model", "encoder", "position"), "rotory", "rotary"),
    ],
)
def test_a_wrong_kind_names_the_nearest(path, wrong, right):
    *before, last = path
    for value in (wrong, {"kind": wrong}):
        message = said(planted(tuple(before), last, value))
        assert message.startswith(f"{'.'.join(path)}: no ") and repr(wrong) in message
        assert f"did you mean {right!r}?" in message


@pytest.mark.parametrize(
    "kind",
    ["../../x", "os.path", "os", "base", "_sampling", "__init__", "", ".", "regard.formal",
     "plain.py", "../../../etc/passwd", "softmax\x00", "Softmax", "subprocess", "translate:load"],
)  # fmt: skip
def test_no_kind_reaches_outside_the_package(kind, tmp_path):
    for path in (("model", "encoder"), ("data", "tokenizer"), ("objective",), (*BLOCK, "mixer")):
        *before, last = path
        assert f"{'.'.join(path)}: no " in said(planted(tuple(before), last, {"kind": kind}))
    assert "no task" in said(plain(task=kind))
    for outside in ({"kind": ["softmax"]}, {"kind": {"kind": "x"}}, 3, ["softmax"], None, {}):
        if outside != {}:  # a stack has a kind to fall back on
            assert "model.encoder: wants a kind" in said(planted(("model",), "encoder", outside))


def test_every_kind_is_a_file_of_the_package():
    for family in ("tasks", "attention", "stack", "data.corpus", "data.tokenizer", "tasks.decode"):
        found = kinds(family)
        assert found and all(module == f"regard.{family}.{kind}" for kind, module in found.items())
        assert "base" not in found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (planted(("train",), "steps", "many"), "train.steps: .*integer.*got 'many'"),
        (planted(("train",), "steps", 0), "train.steps: .*greater than or equal to 1, got 0"),
        (planted(("train",), "ema", 1.5), "train.ema: .*less than 1, got 1.5"),
        (planted(("train", "optim"), "schedule", "cos"), "train.optim.schedule: .*'cosine'.*'cos'"),
        (planted(("train",), "optim", 5), "train.optim: "),
        (planted(("model",), "dim", None), "model.dim: .*got None"),
        (planted(("model",), "tie", "both"), "model.tie: .*'all'.*got 'both'"),
        (planted(("data",), "directions", []), "data.directions: .*at least 1"),
        (planted(("data",), "directions", "de-en"), "data.directions: .*got 'de-en'"),
        (planted(BLOCK, "ff", "relu6"), "model.encoder.block.ff: no ff called 'relu6'"),
        (plain(data=3), "data: "),
        (plain(seed="x"), "seed: .*got 'x'"),
        ({"task": "translate"}, "data: field required"),
        (plain(decode={"kind": "diverse", "size": 5}), "decode: size 5 is no multiple of groups 3"),
        ({}, "no task None; "),
        ({"task": "translte"}, "no task 'translte'; did you mean 'translate'?"),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence(settings, message):
    assert re.match(message, said(settings)), said(settings)


def test_a_number_that_yaml_takes_for_a_text_is_a_number(tmp_path):
    text = yaml.safe_dump(plain()).replace("lr: 0.001", "lr: 7e-4")
    assert yaml.safe_load(text)["train"]["optim"]["lr"] == "7e-4"  # YAML 1.1 wants 7.0e-4
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    assert recipe.load(tmp_path / "a.yaml").train.optim.lr == 7e-4
    assert recipe.load(tmp_path / "a.yaml", ["train.optim.lr=3e-5"]).train.optim.lr == 3e-5


def test_overrides(tmp_path):
    settings = plain()
    block = "model.encoder.block"
    recipe.override(settings, [f"{block}.mixer=linear", f"{block}.mixer.heads=8", "seed=3"])
    made = recipe.make(settings)
    assert recipe.kind_of(made.model.encoder.block.mixer) == "linear"
    assert made.model.encoder.block.mixer.heads == 8 and made.seed == 3
    recipe.override(settings, ["data.directions=[de-en, en-de]", "data.dir=", "decode=greedy"])
    made = recipe.make(settings)
    assert made.data.directions == ("de-en", "en-de") and made.data.dir is None
    assert recipe.kind_of(made.decode) == "greedy"
    assert recipe.make(recipe.override(settings, ["data.dir=a=b"])).data.dir == "a=b"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed", "'seed': a change is written key=value"),
        ("=3", "'=3': a change is written"),
        ("seed.x=3", "seed is a plain value and has no 'x'"),
        ("seed=[1", "the value is no YAML"),
        ("seed=!!python/object/apply:os.system [ls]", "the value is no YAML"),
    ],
)
def test_a_change_that_is_none_is_told_in_one_sentence(change, message):
    with pytest.raises(UserError) as caught:
        recipe.override({"seed": 1}, [change])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_recipe_is_frozen():
    made = recipe.make(plain())
    for part, key in ((made, "seed"), (made.train, "steps"), (made.model.encoder, "layers")):
        with pytest.raises(pydantic.ValidationError, match="frozen"):
            setattr(part, key, 5)


@pytest.mark.parametrize("name", NAMES)
def test_dump_and_make_are_inverses(name):
    made = recipe.load(name)
    text = recipe.dump(made)
    again = recipe.make(yaml.safe_load(text))
    assert again == made and recipe.dump(again) == text


def test_dump_spells_every_default_out():
    settings = yaml.safe_load(recipe.dump(recipe.make(plain())))
    assert settings["train"]["optim"]["clip"] == 1.0 and settings["data"]["max_length"] == 256
    assert settings["decode"]["kind"] == "beam" and settings["objective"]["smoothing"] == 0.1
    assert settings["model"]["decoder"]["block"]["mixer"]["kind"] == "softmax"


# The JSON Schema, by a checker of our own for what it uses.


def fits(value, rule, whole) -> bool:
    if "$ref" in rule:
        found = whole
        for step in rule["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return fits(value, found, whole)
    if "anyOf" in rule and not any(fits(value, one, whole) for one in rule["anyOf"]):
        return False
    if "enum" in rule and value not in rule["enum"]:
        return False
    if "const" in rule and value != rule["const"]:
        return False
    types = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
        "integer": int, "number": (int, float),
    }  # fmt: skip
    if "type" in rule and not isinstance(value, types[rule["type"]]):
        return False
    if isinstance(value, bool) and rule.get("type") in ("integer", "number"):
        return False
    if isinstance(value, dict):
        known = rule.get("properties", {})
        if not set(rule.get("required", [])) <= set(value):
            return False
        rest = rule.get("additionalProperties", True)
        return all(
            fits(inner, known[key], whole) if key in known
            else rest is True or rest is not False and fits(inner, rest, whole)
            for key, inner in value.items()
        )  # fmt: skip
    if isinstance(value, list):
        inside = all(fits(inner, rule.get("items", {}), whole) for inner in value)
        return inside and len(value) >= rule.get("minItems", 0)
    if isinstance(value, int | float):
        above = value >= rule.get("minimum", value) and value <= rule.get("maximum", value)
        return above and value > rule.get("exclusiveMinimum", value - 1)
    return True


@cache
def schema_of(task: str) -> dict:
    return json.loads(recipe_schema.schema(task))


@pytest.fixture
def schema() -> dict:
    return schema_of("translate")


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_takes_every_shipped_recipe(name):
    settings = recipe.read(recipe.find(name))
    schema = schema_of(settings["task"])
    assert fits(settings, schema, schema)
    assert fits(yaml.safe_load(recipe.dump(recipe.load(name))), schema, schema)


def test_the_schema_takes_what_make_takes(schema):
    assert fits(plain(), schema, schema) and fits(TINY, schema, schema)
    short = plain(decode="greedy", objective="r_drop")
    assert fits(short, schema, schema) and recipe.make(short)


@pytest.mark.parametrize(
    "settings",
    [
        planted((), "modle"), planted(("model",), "dims"), planted(("train", "optim"), "warm_up"),
        planted((*BLOCK, "mixer"), "head"), planted(("model",), "encoder", {"kind": "plane"}),
        planted(("train",), "steps", 0), planted(("train",), "steps", "many"),
        planted(("data",), "directions", []), plain(decode="beams"), {"task": "translate"},
        plain(task="paint"),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_make_refuses(schema, settings):
    said(settings)
    assert not fits(settings, schema, schema)


def test_a_part_inside_itself_is_in_the_schema(schema):
    mixed = {"kind": "mix", "parts": [{"corpus": "tsv"}, {"corpus": {"kind": "moses"}, "times": 2}]}
    settings = plain(data={"corpus": mixed, "directions": ["xx-yy"]})
    assert fits(settings, schema, schema) and recipe.make(settings)
    mixed["parts"][0]["corpus"] = "tvs"
    assert not fits(settings, schema, schema)
    assert "data.corpus.parts.0.corpus: no data.corpus called 'tvs'" in said(settings)


def test_the_schema_names_every_kind(schema):
    text = json.dumps(schema)
    for family in ("stack", "block", "attention", "mixer", "norm", "ff", "embed", "position",
                   "data.corpus", "data.tokenizer", "tasks.decode", "tasks.objective"):  # fmt: skip
        for kind in kinds(family):
            assert f'"{kind}"' in text, (family, kind)
    refs = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', text))
    assert refs <= set(schema.get("$defs", {}))
    assert schema["additionalProperties"] is False and "data" in schema["required"]


def test_extends_lays_changes_over_another_recipe(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "extends: translate/multi30k_deen\ndata: {directions: [en-fr]}\n"
        "model: {encoder: {kind: recurrent, cell: gru}}\n"
    )
    made, base = recipe.load(tmp_path / "mine.yaml"), recipe.load("translate/multi30k_deen")
    assert made.data.directions == ("en-fr",) and made.data.tokenizer == base.data.tokenizer
    assert recipe.kind_of(made.model.encoder) == "recurrent"  # another kind: nothing is kept of it
    assert made.model.decoder == base.model.decoder and made.train == base.train
    (tmp_path / "bad.yaml").write_text("extends: translate/multi30k_dean\n")
    with pytest.raises(UserError, match="no recipe 'translate/multi30k_dean'; did you mean 'tran"):
        recipe.load(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"task: translate\ndata: [1\nmodel: {", "line 3: this is no YAML"),
        (b"a: b: c", "line 1: this is no YAML"),
        (b"task: \xff\xfe", "no YAML text"),
        (b"task: !!python/object/apply:os.system ['true']", "line 1: this is no YAML"),
        (b"\t- x", "this is no YAML"),
        (b"- a\n- b\n", "a recipe is a mapping of settings"),
        (b"", "a recipe is a mapping of settings"),
        (b"just words", "a recipe is a mapping of settings"),
        (b"task: [1]", "no task [1]"),
        (b"1: 2\ntask: translate\ndata: {corpus: tsv, directions: [a-b]}", "1: no such setting"),
    ],
)
def test_what_is_no_recipe_is_told_in_one_sentence(tmp_path, content, message):
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UserError) as caught:
        recipe.load(tmp_path / "a.yaml")
    assert message in str(caught.value) and "a.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_names_the_nearest(tmp_path):
    with pytest.raises(UserError, match="no recipe 'translate/phrasebok'; did you mean 'tra"):
        recipe.load("translate/phrasebok")
    (tmp_path / "a.txt").write_text("task: translate")
    for name in ("../../x", "/etc/passwd", str(tmp_path / "a.txt"), str(tmp_path)):
        with pytest.raises(UserError, match="no recipe"):
            recipe.find(name)
