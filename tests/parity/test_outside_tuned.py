"""What tuning added to a translator from outside goes back with it, or is refused."""

import pytest
import torch

pytest.importorskip("transformers")
from safetensors.torch import load_file  # noqa: E402
from test_outside_seq2seq import nllb, prepared  # noqa: E402

from regard.export import _translators  # noqa: E402
from regard.export.base import refusal  # noqa: E402
from regard.models.tuning.base import ADDED, added  # noqa: E402
from regard.models.tuning.lora import Config as Lora  # noqa: E402
from regard.recipe import Part  # noqa: E402
from regard.run import Run  # noqa: E402


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    where = tmp_path_factory.mktemp("tuned")
    loaded = prepared(nllb, {}, ("eng_Latn-kor_Hang",), False, where)[3]
    return loaded, Run(where / "run").recipe


def test_what_lora_learnt_goes_back(brought, tmp_path):
    loaded, recipe = brought
    recipe = recipe.model_copy(update={"tuning": Lora()})
    codec = loaded.translator.codec
    model = recipe.build(codec)
    model.load_state_dict(loaded.model.state_dict(), strict=False)
    ups = {k: p for k, p in model.named_parameters() if added(k) and k.endswith("up.weight")}
    assert ups
    with torch.no_grad():
        for p in ups.values():
            p.normal_(0, 0.5)
    _translators.write(model.eval(), codec, recipe, tmp_path)
    wrote = load_file(tmp_path / "model.safetensors")
    maps = recipe.tuning.plain(model.state_dict())
    first = next(iter(ups)).replace(f".{ADDED}.up", "")
    assert not torch.equal(maps[first], model.state_dict()[first])
    assert any(w.shape == maps[first].shape and torch.equal(w, maps[first]) for w in wrote.values())


@pytest.mark.parametrize(("kind", "refused"), [("full", False), ("frozen", False), ("lora", False),
                                               ("adapter", True), ("gates", True)])  # fmt: skip
def test_parts_that_the_family_does_not_know_are_refused(brought, kind, refused):
    recipe = brought[1].model_copy(update={"tuning": Part("models.tuning").pick(kind)})
    told = refusal("hf", recipe)
    assert (told is not None) == refused and (told is None or kind in told)
