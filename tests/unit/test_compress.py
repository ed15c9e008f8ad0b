"""Compressing a run: what is cut out was switched off before, and what is left is a run as any."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from test_cli import check_refused, regard  # noqa: F401  (a fixture)
from tiny import changed, tiny

import regard as face
from regard import recipe as recipes
from regard.attention.base import Attention
from regard.attention.softmax import Softmax
from regard.compress import heads, layers, making, places, table, weights
from regard.compress.points import Asked, Maker, Point, copied
from regard.compress.ruler import ruler
from regard.compress.table import How
from regard.data import phrasebook
from regard.export import native
from regard.export._int8 import Int8
from regard.models.tuning import gates as gating
from regard.pass_ import encoding
from regard.recipe import UserError
from regard.run import Run
from regard.stack import layer_drop, plain
from regard.tasks import translate
from regard.tasks.loading import filled
from regard.train.training import train

DEEP = (
    "model.encoder.layers=3", "model.encoder.block.mixer.heads=4", "decode=greedy",
    "data.corpus=tsv", "data.tokenizer.vocab=400", "train.steps=40", "train.every=40",
    "train.batch_tokens=400",
)  # fmt: skip
SENTENCES = ["눈이 온다.", "나는 어제 책을 두 권 샀다.", "그 개는 빨리 달린다."]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("compress")
    for split, count in (("train", 200), ("dev", 8), ("test", 8)):
        rows = [f"{pair.ko}\t{pair.en}\n" for pair in phrasebook.pairs(split, count)]
        (folder / f"{split}.tsv").write_text("".join(["ko\ten\n", *rows]), "utf-8")
    return tiny(folder / "run", *DEEP, f"data.dir={folder}")


@pytest.fixture(scope="module")
def maker(run, tmp_path_factory) -> Maker:
    return made_by(run, tmp_path_factory.mktemp("points"))


def made_by(run: Run, folder: Path, **asked) -> Maker:
    wanted = Asked(**{"tune": 0, "of": "all", **asked})
    return Maker(copied(run, folder / "original"), folder, wanted, ruler(run, None), print)


def hidden(maker: Maker, model: torch.nn.Module) -> torch.Tensor:
    """What the model makes of a batch."""
    batch = maker.task.batch(maker.batches[0][:8], 0)
    with torch.no_grad():
        return model.eval().teach(batch.source, batch.source_ok, batch.target_in)


# -- heads -----------------------------------------------------------------------------------------

SOME = [("encoder.0.self", 1), ("encoder.2.self", 0), ("encoder.2.self", 3), ("decoder.1.cross", 0)]
ALL = [(name, h) for name in ("encoder.1.self", "decoder.0.self", "decoder.1.self")
       for h in range(4)]  # fmt: skip


@pytest.mark.parametrize("gone", [SOME, ALL, [*SOME, *ALL, ("decoder.1.cross", 1)]])
def test_cutting_heads_out_is_switching_them_off(maker, gone):
    task, kept = maker.task, maker.kept
    settings, left = heads.cut(task.model, maker.places, gone, maker.settings, kept)
    small = making.rebuilt(task, settings, left)
    off = heads.silenced(task.model, gone)
    torch.testing.assert_close(hidden(maker, small), hidden(maker, off), atol=1e-6, rtol=0)
    assert (hidden(maker, small) - hidden(maker, task.model)).abs().max() > 1e-3
    saved = len(gone) * (4 * 32 * 8 + 3 * 8)  # width 8 of the stream's 32
    sizes = [sum(t.numel() for t in x.values()) for x in (kept, left)]
    assert sizes[0] - sizes[1] == saved


def test_the_recipe_of_a_smaller_run_comes_back_from_its_file(maker, tmp_path):
    settings, _ = heads.cut(maker.task.model, maker.places, SOME, maker.settings, maker.kept)
    recipe = recipes.make(settings)
    mixer = recipe.model.encoder.block.mixer
    assert (mixer.left, mixer.width, mixer.heads) == ((3, 4, 2), 8, 4)
    assert [mixer.at(i).heads for i in range(3)] == [3, 4, 2]
    (tmp_path / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    assert recipes.make(recipes.read(tmp_path / "recipe.yaml")) == recipe


def test_more_heads_go_from_what_is_left(maker):
    """Two cuts, one after the other, are one of both."""
    first, then = [("encoder.0.self", 1), ("encoder.1.self", 0)], [("encoder.0.self", 1)]
    task = maker.task
    settings, left = heads.cut(task.model, maker.places, first, maker.settings, maker.kept)
    small = making.rebuilt(task, settings, left)
    again = heads.cut(small, places.places(small, "all"), then, settings, left)
    both = [*first, ("encoder.0.self", 2)]  # what is 1 after the first cut was 2 before
    once = heads.cut(task.model, maker.places, both, maker.settings, maker.kept)
    assert again[0] == once[0]
    assert again[1].keys() == once[1].keys()
    assert all(torch.equal(again[1][name], once[1][name]) for name in once[1])


def test_importance_is_the_slope_of_each_sentence_s_loss_over_each_gate(maker):
    task, found = maker.task, maker.places
    rows = maker.batches[0][:5]
    got = heads.importance(task, found, [rows[:3], rows[3:]])
    task.model.double()
    try:
        naive = {place.label: torch.zeros(place.heads) for place in found}
        for row in rows:
            for place in found:
                for head in range(place.heads):
                    slope = by_differences(task, place, head, row[None])
                    naive[place.label][head] += abs(slope)
    finally:
        task.model.float()
    for name, value in naive.items():
        torch.testing.assert_close(got[name], value / value.norm(), atol=2e-3, rtol=2e-3)


def by_differences(task, place, head: int, row: np.ndarray, step: float = 1e-4) -> float:
    """dL/dg of one gate for one sentence."""
    losses = []
    for value in (1 + step, 1 - step):
        gate = torch.ones(1, place.heads, dtype=torch.float64)
        gate[0, head] = value
        hook = place.part.out.register_forward_pre_hook(heads.through(gate))
        with torch.no_grad():
            losses.append(float(task.loss(task.batch(row, 0)).total))
        hook.remove()
    return (losses[0] - losses[1]) / (2 * step)


def test_the_least_important_heads_go_first():
    scores = {"a": torch.tensor([0.5, 0.1, 0.9]), "b": torch.tensor([0.2, 0.8, 0.05])}
    assert heads.least(scores, 0.5) == [("b", 2), ("a", 1), ("b", 0)]
    assert heads.least(scores, 0.0) == [] and len(heads.least(scores, 1.0)) == 6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("model.encoder.block.mixer={kind: multi_query, heads: 4}", "share queries, keys"),
        ("model.encoder.block.mixer={kind: talking_heads, heads: 4}", "learn more"),
        ("model.encoder.block.mixer=ssru", "no heads to cut out"),
        ("model.encoder={kind: recurrent, cell: gru, layers: 1, width: 16}", "no heads to cut"),
        ("model.encoder.block.mixer=lite", "no part of a plain stack"),
    ],
)
def test_kinds_whose_heads_cannot_be_cut_apart_are_refused(change, says):
    model = changed(change).model.build(50, 50)
    with pytest.raises(UserError, match=says):
        places.places(model, "encoder")


def test_layers_that_are_not_apart_are_refused():
    settings = changed("model.encoder.kind=universal").model_dump(mode="json")
    for of in ("encoder", "all"):
        with pytest.raises(UserError, match="universal is not made of layers"):
            places.plain(settings, of)
    places.plain(settings, "decoder")
    places.plain(settings, "cross")
    with pytest.raises(UserError, match="has no decoder"):
        places.plain({"model": {"encoder": {"kind": "plain"}}}, "all")


def test_heads_that_are_not_alike_are_found_out(tmp_path):
    """Strided attention looks near in its first half and far in its second."""
    mixer = "model.encoder.block.mixer={kind: strided, heads: 4, stride: 3}"
    small = ("data.corpus.size=100", "data.tokenizer.vocab=400", "train.steps=2", "train.every=2")
    maker = made_by(tiny(tmp_path / "run", mixer, *small), tmp_path)
    kept, found = maker.kept, places.places(maker.task.model, "encoder")
    gone = [("encoder.0.self", 0), ("encoder.0.self", 1)]
    settings, left = heads.cut(maker.task.model, found, gone, maker.settings, kept)
    with pytest.raises(UserError, match="are not alike"):
        maker.agree(heads.silenced(maker.task.model, gone), settings, left)


def test_positions_that_count_heads_are_refused_where_some_are_gone():
    wrong = ("model.encoder.position=alibi", "model.encoder.block.mixer.left=[1]")
    with pytest.raises(UserError, match="Alibi has numbers for every head"):
        changed(*wrong).model.build(50, 50)
    with pytest.raises(UserError, match="tells the heads of 1 layers"):
        changed("model.decoder.block.mixer.left=[1]").model.build(50, 50)


# -- gates -----------------------------------------------------------------------------------------


def test_gates_start_open_and_change_nothing(maker):
    model = maker.task.recipe.build(maker.task.codec)
    filled(model, maker.old.model)
    before = hidden(maker, model)
    gating.Config(side="both").apply(model, "encoder")
    assert len(heads.openness(model)) == 5
    torch.testing.assert_close(hidden(maker, model), before, atol=0, rtol=0)


def test_the_expected_number_of_open_gates_is_what_comes_out_of_many_draws():
    for openness in (-2.0, -0.5, 0.0, 1.0):
        core = gating.Gated(Softmax(), 20_000, gating.Config())
        with torch.no_grad():
            core.gate.fill_(openness / core.pace)
        torch.manual_seed(3)
        drawn = core.train().gates()
        probability = float(gating.expected(torch.tensor(openness)))
        by_hand = 1 / (1 + math.exp(-(openness - 0.33 * math.log(0.1 / 1.1))))
        assert probability == pytest.approx(by_hand, rel=1e-5)
        assert float((drawn > 0).float().mean()) == pytest.approx(probability, abs=0.015)
        assert drawn.min() >= 0 and drawn.max() <= 1


def test_a_dear_gate_shuts_and_a_free_one_stays_open(tmp_path, run):
    opened = {}
    for penalty in (0.0, 5.0):
        asked = {"by": "gates", "gating": 30, "penalty": penalty, "of": "encoder"}
        maker = made_by(run, tmp_path / str(penalty), **asked)
        scores, kept = maker.by_gates()
        opened[penalty] = torch.cat([value for value in scores.values()])
        assert list(scores) == [f"encoder.{i}.self" for i in range(3)]
        assert kept.keys() == maker.kept.keys()
    smaller = maker.made(Point("heads-50", "heads", 0.5))
    assert sum(smaller.recipe.model.encoder.block.mixer.left) == 6
    assert opened[0.0].min() > 2 and (opened[5.0] < opened[0.0].min()).all()


# -- layers ----------------------------------------------------------------------------------------


def test_dropping_layers_is_going_past_them(maker):
    gone = [("decoder", 0), ("encoder", 1)]
    settings, left = layers.dropped(gone, maker.settings, maker.kept)
    small = making.rebuilt(maker.task, settings, left)
    past = layers.without(maker.task.model, gone)
    torch.testing.assert_close(hidden(maker, small), hidden(maker, past), atol=1e-6, rtol=0)
    assert (settings["model"]["encoder"]["layers"], settings["model"]["decoder"]["layers"]) == (
        2,
        1,
    )
    assert len(maker.task.model.encoder.stack.blocks) == 3  # the given one stays


def test_heads_and_layers_may_both_be_gone(maker):
    settings, left = heads.cut(maker.task.model, maker.places, SOME, maker.settings, maker.kept)
    small = making.rebuilt(maker.task, settings, left)
    gone = [("encoder", 1)]
    both, less = layers.dropped(gone, settings, left)
    assert both["model"]["encoder"]["block"]["mixer"]["left"] == [3, 2]
    smaller = making.rebuilt(maker.task, both, less)
    past = layers.without(small, gone)
    torch.testing.assert_close(hidden(maker, smaller), hidden(maker, past), atol=1e-6, rtol=0)


def test_the_layers_that_go_are_those_whose_absence_costs_least(maker):
    model, loss = maker.task.model, lambda m: maker.ruler.loss(maker.task, m)
    every = layers.layers(model, "encoder")
    costs = {layer: loss(layers.without(model, [layer])) for layer in every}
    first = min(costs, key=costs.get)
    assert layers.missed_least(model, "encoder", 1, loss) == [first]
    second = min((x for x in every if x != first),
                 key=lambda x: loss(layers.without(model, [first, x])))  # fmt: skip
    assert layers.missed_least(model, "encoder", 2, loss) == sorted([first, second])
    with pytest.raises(UserError, match="3 of 3 cannot go; each side keeps one"):
        layers.missed_least(model, "encoder", 3, loss)


def test_layer_drop_leaves_blocks_out_as_often_as_it_says():
    stack = layer_drop.Config(layers=4, drop=0.3).stack(16, cross=False)
    seen = [0]
    for block in stack.blocks:
        block.register_forward_hook(lambda *_: seen.__setitem__(0, seen[0] + 1))
    x = torch.randn(2, 3, 16)
    torch.manual_seed(1)
    for _ in range(250):
        stack.train()(x, encoding(None, x), [None] * 4)
    assert seen[0] / 1000 == pytest.approx(0.7, abs=0.04)
    seen[0] = 0
    stack.eval()(x, encoding(None, x), [None] * 4)
    assert seen[0] == 4
    y = stack.train()(x, encoding(None, x), [None] * 4)[0].sum()
    y.backward()
    assert all(p.grad is not None for p in stack.parameters())  # whoever was left out: 0


def test_layer_drop_at_use_is_plain():
    made = []
    for kind in (layer_drop, plain):
        torch.manual_seed(1)
        made.append(kind.Config(layers=3).encoder(16).eval())
    x = torch.randn(2, 5, 16)
    assert torch.equal(*(one(x, encoding(None, x)).x for one in made))
    assert made[0].state_dict().keys() == made[1].state_dict().keys()


# -- weights ---------------------------------------------------------------------------------------


def test_the_smallest_weights_of_all_maps_go(maker):
    names = weights.linear(maker.task.model)
    thin = weights.thinned(maker.kept, names, 0.6)
    flat = torch.cat([maker.kept[name].flatten() for name in names])
    left = torch.cat([thin[name].flatten() for name in names])
    bound = np.sort(flat.abs().numpy())[round(0.6 * len(flat)) - 1]
    assert torch.equal(left, torch.where(flat.abs() > float(bound), flat, torch.zeros(())))
    assert all(thin[name] is maker.kept[name] for name in thin if name not in names)
    bits = sum(-(-maker.kept[name].numel() // 8) for name in names)
    assert weights.sparse(thin, names) == 4 * int((left != 0).sum()) + bits
    assert weights.dense(thin, names) == 4 * len(flat)


def test_int8_is_nearly_a_quarter_of_the_linear_maps(maker, tmp_path):
    model, names = maker.task.model, weights.linear(maker.task.model)
    native.write(model, maker.task.codec, maker.old.recipe, tmp_path, "int8")
    small = load_file(tmp_path / "model.safetensors")
    rows = sum(maker.kept[name].size(0) for name in names)
    sizes = sum(maker.kept[name].numel() for name in names)
    assert weights.dense(small, names) == sizes + 4 * rows
    assert isinstance(Int8.of(maker.kept[names[0]], None), Int8)


def test_weights_that_are_0_stay_so_while_the_others_learn(run, tmp_path):
    maker = made_by(run, tmp_path, tune=15)
    new = maker.made(Point("weights-70", "weights", 0.7))
    names = weights.linear(maker.task.model)
    before, after = load_file(new.initial), load_file(new.model)
    zero = [(before[name] == 0, after[name] == 0) for name in names]
    assert all(torch.equal(a, b) for a, b in zero)
    share = sum(int(a.sum()) for a, _ in zero) / sum(a.numel() for a, _ in zero)
    assert share == pytest.approx(0.7, abs=0.001)
    assert not any(torch.equal(before[name], after[name]) for name in names)


# -- the whole -------------------------------------------------------------------------------------


def test_what_is_left_is_a_run_as_any_other(run, tmp_path):
    maker = made_by(run, tmp_path, of="encoder")
    new = maker.made(Point("heads-75", "heads", 0.75))
    mixer = new.recipe.model.encoder.block.mixer
    assert sum(mixer.left) == 3 and len(mixer.left) == 3
    mt, old = face.load(new, device="cpu"), face.load(run, device="cpu")
    heads_of = [p.heads for p in mt.model.encoder.modules() if isinstance(p, Attention)]
    assert sum(heads_of) == 3
    assert len(mt(SENTENCES)) == 3 and mt.score(SENTENCES, SENTENCES) != old.score(
        SENTENCES, SENTENCES
    )
    for precision in ("float32", "int8"):
        report = face.export(new, tmp_path / precision, to="native", precision=precision)
        assert report.answered >= report.sentences and (precision == "int8" or report.exact_enough)
    with pytest.raises(UserError, match=r"mixer.left: CTranslate2 cannot have"):
        face.export(new, tmp_path / "ct2", to="ctranslate2")


def test_a_tuned_point_that_was_interrupted_ends_as_if_it_was_not(run, tmp_path):
    ends = []
    for name, until in (("whole", None), ("cut", 4)):
        maker = made_by(run, tmp_path / name, tune=9, changes=("train.every=3",), of="encoder")
        point = Point("heads-50", "heads", 0.5)
        if until is not None:
            settings, kept = maker.heads(0.5)
            made = making.Made(settings, kept, 9, maker.asked.changes)
            new = Run(tmp_path / name / point.name)
            making.begin(maker.old, new, made, maker.about(point))
            train(new.recipe, new.folder, device="cpu", quiet=True, until=until)
            assert not new.model.exists()
            maker = made_by(run, tmp_path / name, tune=9, changes=("train.every=3",), of="encoder")
        ends.append(load_file(maker.made(point).model))
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    other = made_by(run, tmp_path / "cut", tune=10, changes=("train.every=3",), of="encoder")
    with pytest.raises(UserError, match="was made of something else"):
        other.made(point)


def test_a_table_is_measured_once_and_names_the_smallest_good_one(run, tmp_path, regard):  # noqa: F811
    words = ["compress", str(run.folder), "--heads", "1", "--int8", "--tune", "0", "--within",
             "100", "--rounds", "1", "--timed", "2", "--lines", "4", "--out",
             str(tmp_path / "small"), "-o", str(tmp_path / "curve.png"), "--json"]  # fmt: skip
    found = json.loads(regard(*words)[1])
    names = ["original", "heads-100"]
    assert [row["name"] for row in found["rows"]] == [n + x for n in names for x in ("", "+int8")]
    by = {row["name"]: row for row in found["rows"]}
    assert found["chosen"] == "heads-100+int8" == min(by, key=lambda n: by[n]["file_bytes"])
    assert by["heads-100"]["file_bytes"] == Run(by["heads-100"]["run"]).model.stat().st_size
    assert by["heads-100"]["verdict"]["a"] == by["original"]["score"]
    assert found["test"]["lines"] == len(run.recipe.data.rows("test").rows)
    small = Run(tmp_path / "small")
    assert small.recipe.model.encoder.block.mixer.left == (0, 0, 0)
    assert (small.folder / "exports" / "native-int8" / "parity.json").exists()
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert len(face.load(small, device="cpu")(SENTENCES)) == 3
    again = json.loads(regard(*words)[1])
    assert again["rows"] == found["rows"]  # times too: nothing was measured again


def test_what_is_chosen_is_small_and_good_enough():
    def row(name, size, lost):
        verdict = {} if lost is None else {"verdict": {"difference": -lost}}
        return {"name": name, "file_bytes": size, **verdict}

    rows = [row("original", 100, None), row("a", 60, 0.4), row("b", 40, 0.6), row("c", 100, 0.0)]
    assert table.chosen(rows, 0.5)["name"] == "a"
    assert table.chosen(rows, 0.6)["name"] == "b"
    assert table.chosen(rows, 0.3) is None  # c is no smaller
    assert table.chosen([*rows, {"name": "d", "failed": "no"}], 0.5)["name"] == "a"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--heads", "1.5"], "--heads: '1.5' is no share"),
        (["--layers", "0"], "--layers: '0' is no number of layers"),
        (["--of", "encodr", "--int8"], "--of: no 'encodr'; did you mean 'encoder'"),
        ([], "say how: --heads"),
    ],
)
def test_bad_options_get_a_sentence(run, tmp_path, words, says, regard):  # noqa: F811
    check_refused(regard("compress", str(run.folder), *words, "--out", str(tmp_path / "x")), says)


def test_a_folder_that_holds_something_else_is_left_alone(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="no compressed run: choose another --out"):
        table.curve(run, tmp_path / "mine", Asked(heads=(0.5,)), How(), print)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    shutil.copytree(run.folder, tmp_path / "other")
    with pytest.raises(UserError, match="choose another --out"):
        table.curve(run, tmp_path / "other", Asked(heads=(0.5,)), How(), print)
    assert isinstance(run.recipe, translate.Config)
