"""ELECTRA: what the generator draws, the four things that may be asked, and what is learnt."""

import math
import random

import pytest
import torch
import torch.nn.functional as F
from pretraining_toys import WORDS, begun, corpus, recipe, trained
from safetensors.torch import load_file

from regard.recipe import UserError, kinds
from regard.tasks.hiding import MASK
from regard.train import loss as losses
from regard.train.loss import best, drawn

GOALS = ["electra", "fifteen", "replace_mlm", "all_tokens"]
EVERYWHERE, BINARY = {"electra", "all_tokens"}, {"electra", "fifteen"}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("toy"))


def made(data, goal, *changes, **training):
    return recipe("electra", data, f"discriminating={goal}", *changes, **training)


@pytest.fixture(params=GOALS)
def goal(request):
    return request.param


def ready(task):
    """A batch, what is read of it, and the task without dropout."""
    task.model.eval()
    batch = task.batch(task.batches(400, 0)[0], 0)
    with torch.no_grad():
        _, read = task.guessed(batch)
    return batch, read


def test_every_kind_is_tried():
    assert sorted(GOALS) == sorted(kinds("tasks.discriminating"))


# What the generator draws


def test_draws_are_as_probable_as_the_head_says(monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(losses, "ROOM", 100)  # several chunks
    weight, bias = torch.randn(7, 5), torch.randn(7)
    hidden = torch.randn(5).expand(8000, 5)
    found = torch.bincount(drawn(hidden, (weight, bias)), minlength=7) / 8000
    p = (weight @ hidden[0] + bias).softmax(0)
    assert (found - p).abs().max() < 5 * (0.25 / 8000) ** 0.5 and p.max() < 0.95
    assert (best(hidden[:30], (weight, bias)) == p.argmax()).all()
    assert drawn(hidden[:0], (weight, bias)).shape == best(hidden[:0], (weight, bias)).shape == (0,)


def test_only_chosen_tokens_are_replaced_and_no_mask_is_read(tmp_path, data):
    task = begun(tmp_path, made(data, "electra"))
    batch, read = ready(task)
    mask = task.tokenizer.special(MASK)
    assert (batch.tokens[batch.chosen] == mask).all()
    assert torch.equal(read[~batch.chosen], batch.was[~batch.chosen])
    with torch.no_grad():  # a generator that always says 7: seldom right, and then it is original
        task.model.generator.bias[7] = 1e4
        _, read = task.guessed(batch)
    assert (read[batch.chosen] == 7).all()


def test_the_generator_reads_the_embedding_of_the_reader(tmp_path, data):
    task = begun(tmp_path, made(data, "electra"))
    model = task.model
    assert model.words[0] is model.reader.embed.weight
    assert not any("embed" in name for name, _ in model.generator.named_parameters())
    assert model.generator.narrow.weight.shape == (16, 32)


def test_the_generator_learns_of_its_own_loss_alone(tmp_path, data, goal):
    task = begun(tmp_path, made(data, goal))
    batch, read = ready(task)
    asked = task.asked(batch, read)
    task.recipe.discriminating.loss(task.model, *asked).backward()
    grads = {name for name, p in task.model.named_parameters() if p.grad is not None}
    assert not any(name.startswith("generator.") for name in grads)
    heads = {name for name, _ in task.model.named_parameters() if name.startswith("head.")}
    assert heads <= grads
    task.model.zero_grad()
    task.loss(batch).total.backward()
    assert all(p.grad is not None for p in task.model.parameters())


# The losses, token by token


def told(task, goal, x, read):
    """How probable each answer is at one token: replaced and not, or every token."""
    model, output = task.model, task.model.reader.embed.weight
    if goal in BINARY:
        p = model.head(x)[0].sigmoid()
        return torch.stack([1 - p, p])
    hidden = model.head.norm(F.gelu(model.head.dense(x)))
    p = (output @ hidden + model.head.bias).softmax(0)
    if goal == "all_tokens":
        copy = model.head.copies(x)[0].sigmoid()
        p = copy * F.one_hot(read, len(p)) + (1 - copy) * p
    return p


def test_the_loss_is_that_of_a_plain_loop(tmp_path, data, goal):
    task = begun(tmp_path, made(data, goal))
    batch, _ = ready(task)
    torch.manual_seed(9)
    found = task.loss(batch)
    torch.manual_seed(9)
    nll, read = task.guessed(batch)
    x = task.model.reader(read, batch.ok, batch.segments).x
    places = (batch.ok if goal in EVERYWHERE else batch.chosen).nonzero().tolist()
    total = 0.0
    for n, s in places:
        answer = int(read[n, s] != batch.was[n, s]) if goal in BINARY else batch.was[n, s]
        total -= torch.log(told(task, goal, x[n, s], read[n, s])[answer])
    weight = task.recipe.discriminating.weight
    assert weight == (50 if goal in BINARY else 1)
    dev = list(task.dev_batches(CPU))
    share = sum(int(b.chosen.sum()) for b in dev) / sum(int(b.ok.sum()) for b in dev)
    total = total * weight * (share if goal in EVERYWHERE else 1)
    torch.testing.assert_close(found.total, nll + total, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(found.shown["told"], total.detach(), rtol=1e-4, atol=1e-3)
    h = task.model.guess(batch.tokens, batch.ok, batch.segments, batch.chosen)
    logits = h @ task.model.words[0].T + task.model.words[1]
    plain = F.cross_entropy(logits, batch.was[batch.chosen], reduction="sum")
    torch.testing.assert_close(found.shown["nll"], plain.detach())


def test_answers_are_right_where_a_plain_loop_says_so(tmp_path, data, goal):
    task = begun(tmp_path, made(data, goal))
    with torch.no_grad():  # far from certain of anything
        for p in task.model.head.parameters():
            p += torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    batch, read = ready(task)
    x, said, _ = task.asked(batch, read)
    x, said = x[:60], said[:60]
    best = [int(told(task, goal, v, r).argmax()) for v, r in zip(x, said, strict=True)]
    if goal in BINARY:
        was = torch.where(torch.tensor(best) > 0, said + 1, said)
    else:
        was = torch.tensor(best)
    was[::3] = torch.where(was[::3] == said[::3], said[::3] + 1, said[::3])  # every third is wrong
    if goal == "all_tokens":
        assert {b == r for b, r in zip(best, said.tolist(), strict=True)} == {True, False}
    found = task.recipe.discriminating.right(task.model, x, said, was)
    assert found.tolist() == [i % 3 != 0 for i in range(len(x))]


# Dev, and learning


def test_dev_is_the_same_every_time_and_leaves_the_generator_alone(tmp_path, data, goal):
    task = begun(tmp_path, made(data, goal))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = task.dev(CPU)
    assert torch.equal(before, torch.get_rng_state()) and task.model.training
    torch.manual_seed(6)
    assert task.dev(CPU) == first and first.score == -first.shown["dev_nll"]
    assert first.shown["dev_nll"] == pytest.approx(math.log(task.tokenizer.size), rel=0.5)
    binary = goal in BINARY
    assert ("dev_auroc" in first.shown) <= binary


def test_it_learns_to_find_replaced_words(tmp_path):
    """Words of one half of the language come first; the generator knows no places, so half of what
    it draws is wrong, and the rest cannot be told.
    """
    rng = random.Random(1)
    halves = [rng.choices(WORDS[:4], k=6) + rng.choices(WORDS[4:8], k=6) for _ in range(300)]
    (tmp_path / "train.txt").write_text("".join(" ".join(x) + "\n" for x in halves), "utf-8")
    changes = ["data.pack=false", "model.generator.encoder.layers=0", "train.optim.lr=4e-3",
               "model.generator.encoder.position=none"]  # fmt: skip
    run = trained(tmp_path / "run", made(tmp_path, "electra", *changes, steps=60, every=60))
    task = run.recipe.begin(run)
    untrained = task.dev(CPU).shown
    task.model.load_state_dict(load_file(run.model))
    shown = task.dev(CPU).shown
    assert untrained["dev_auroc"] < 65 < 75 < shown["dev_auroc"] < 90
    assert shown["dev_nll"] < 0.6 * untrained["dev_nll"] and 92 < shown["dev_accuracy"] < 97


def test_a_wrong_generator_is_told(tmp_path, data):
    with pytest.raises(UserError, match="generator.*no stack called 'plane'.*plain"):
        made(data, "electra", "model.generator.encoder=plane")
    with pytest.raises(UserError, match="model.generator.encoder: .* cannot be one"):
        begun(tmp_path, made(data, "electra", "model.generator.encoder={kind: luong}"))
