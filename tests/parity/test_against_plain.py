"""Our loop and the plain one of the benchmarks: same weights and batches, no dropout, same losses.

What makes ours faster may not change what it computes.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from regard import recipe as recipes
from regard.bench import sizes
from regard.data.parallel import collate
from regard.run import Run
from regard.train.distributed import world
from regard.train.loop import Loop
from regard.train.report import Report
from regard.train.training import begin

ROOT = Path(__file__).resolve().parents[2]
TOLD = {
    "layers": 2, "width": 32, "ffn": 48, "heads": 4, "dropout": 0.0, "smoothing": 0.1, "lr": 1e-3,
    "batch_tokens": 400, "precision": "float32", "seed": 3, "steps": None, "vocab": 500,
    "direction": "ko-en", "data": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> ModuleType:
    path = ROOT / "benchmarks" / "peers" / "plain.py"
    spec = importlib.util.spec_from_file_location("plain_loop", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def our_loop(folder: Path) -> Loop:
    """The loop that trains, at its first step, on the built-in phrasebook."""
    settings = sizes.recipe(TOLD)
    settings["data"]["corpus"] = {"kind": "phrasebook", "size": 600}
    recipe = recipes.make(settings)
    run = Run(folder)
    run.create(recipe)
    with world("cpu") as here:
        return Loop(begin(recipe, run, here), recipe.train, run, here, Report(run, silent=True))


def same_weights(theirs: nn.Module, ours: nn.Module) -> None:
    """Put our weights into the plain model, which has one for each of ours."""
    pairs = {"embed.weight": "embed.weight", "bias": "bias"}
    for i, side in enumerate(("encoder", "decoder")):
        stack = "encoder.stack" if side == "encoder" else "writer.decoder.stack"
        norms = [(f"norms.{i}", f"{stack}.norm")]
        for n in range(TOLD["layers"]):
            a, b = f"{side}.{n}", f"{stack}.blocks.{n}"
            parts = [("attention", "mixer")] + [("cross", "cross")] * i
            for (x, y), part in ((p, q) for p in parts for q in ("q", "k", "v", "out")):
                pairs |= {f"{a}.{x}.{part}.{k}": f"{b}.{y}.{part}.{k}" for k in ("weight", "bias")}
            for x, y in (("ff.0", "ff.up"), ("ff.2", "ff.down")):
                pairs |= {f"{a}.{x}.{k}": f"{b}.{y}.{k}" for k in ("weight", "bias")}
            norms += [(f"{a}.norms.{j}", f"{b}.residuals.{j}.norm") for j in range(2 + i)]
        for x, y in norms:
            pairs |= {f"{x}.weight": f"{y}.gain", f"{x}.bias": f"{y}.bias"}
    weights = ours.state_dict()
    waves = {"waves": theirs.waves}
    theirs.load_state_dict({**waves, **{x: weights[y] for x, y in pairs.items()}})
    count = sum(p.numel() for p in ours.parameters())
    assert sum(p.numel() for p in theirs.parameters()) == count


def losses(plain: ModuleType, folder: Path, steps: int) -> tuple[Tensor, Tensor]:
    """Loss a token of every step, ours and theirs."""
    loop, (ours, theirs) = our_loop(folder), ([], [])
    keys = ("vocab", "layers", "width", "ffn", "heads", "dropout")
    size = loop.task.codec.target.size
    model = plain.Transformer(*(size if key == "vocab" else TOLD[key] for key in keys))
    same_weights(model, loop.task.model)
    optimizer = plain.optimizer_of(model, TOLD["lr"])
    loss_of = nn.CrossEntropyLoss(ignore_index=plain.PAD, label_smoothing=TOLD["smoothing"])
    loop.wrapped.register_forward_hook(lambda m, told, made: ours.append(made[0].item()))
    batches = loop.batches()
    for _ in range(steps):
        rows = next(batches)
        batch = loop.task.batch(rows, loop.at["epoch"])
        loop.update(rows)
        tensors = batch.source, batch.target_in, batch.target_out
        theirs.append(float(plain.update(model, optimizer, loss_of, tensors)))
    return torch.tensor(ours), torch.tensor(theirs)


def check_same(ours: Tensor, theirs: Tensor) -> None:
    """To 1e-4, in losses that fall."""
    assert len(ours) == len(theirs)
    assert theirs[-5:].mean() < theirs[:5].mean() - 0.3
    torch.testing.assert_close(ours, theirs, rtol=0.0, atol=1e-4)


def test_thirty_steps_have_the_same_losses(plain, tmp_path):
    check_same(*losses(plain, tmp_path / "run", 30))


@pytest.mark.slow
def test_a_hundred_steps_have_the_same_losses(plain, tmp_path):
    check_same(*losses(plain, tmp_path / "run", 100))


def test_the_plain_loop_reads_rows_as_ours_does(plain):
    """Padding, bos and eos are where ours are, and its dev loss is the loss without smoothing."""
    rows = [([5, 6, 2], [7, 2]), ([8, 2], [9, 10, 11, 2])]
    ours = collate(*zip(*rows, strict=True))
    for mine, other in zip(
        (ours.source, ours.target_in, ours.target_out), plain.padded(rows), strict=True
    ):
        assert torch.equal(mine, other)
    torch.manual_seed(0)
    model = plain.Transformer(12, 1, 8, 16, 2, 0.1).eval()
    found = plain.dev_loss(model, [rows], "cpu")
    with torch.no_grad():
        logits = model(ours.source, ours.target_in).log_softmax(-1)
    real = ours.target_out != 0
    nll = -logits.gather(-1, ours.target_out[..., None])[..., 0][real]
    assert found == pytest.approx(float(nll.mean()), abs=1e-5)
