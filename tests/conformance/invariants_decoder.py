"""What every decoder owes, one plain function each: `check_...(subject)` raises AssertionError."""

from copy import deepcopy
from dataclasses import replace

import torch
from subjects import (
    BOS,
    EOS,
    SOURCE,
    SOURCE_OK,
    TARGET,
    B,
    Decoding,
    S,
    T,
    V,
    check_every_gradient,
    close,
    padded,
    replay,
    rewinds,
    tensors,
)
from torch import Tensor

from regard.attention.base import Core
from regard.block.base import Block, Layer
from regard.position.base import Position
from regard.search.base import Limits
from regard.search.beam import beam
from regard.search.greedy import greedy
from regard.state import Cache, State


def check_step_equals_full(d: Decoding) -> None:
    """Token by token is the same as all at once."""
    state, steps = d.start(), []
    for t in range(T):
        out, state = d.read(TARGET[:, t : t + 1], state)
        steps.append(out)
    close(torch.cat(steps, 1), d.full(), "steps")
    assert state.n.tolist() == [T] * B


def check_chunks_equal_full(d: Decoding) -> None:
    """Chunks of any sizes."""
    state, parts = d.start(), []
    for tokens in TARGET.split((3, 1, 2, 1), 1):
        out, state = d.read(tokens, state)
        parts.append(out)
    close(torch.cat(parts, 1), d.full(), "chunks")


def check_ragged_chunks(d: Decoding) -> None:
    """Chunks with padding of any length in each row: every row goes on at its own position."""
    replay(d).feed(4, 2, 3).feed(1, 3, 2).feed(1).feed(2, 0, 1).feed(2).settle()
    replay(d).feed(2).feed(1, 0, 2).feed(1).feed(2, 3, 1, side="left").feed(1).settle()


def check_no_look_ahead(d: Decoding) -> None:
    """Later tokens change nothing before them, and do change what follows."""
    changed = TARGET.clone()
    changed[:, 4:] = (TARGET[:, 4:] - 2) % (V - 3) + 3
    a, b = d.full(), d.read(changed, d.start())[0]
    close(b[:, :4], a[:, :4], "before the change")
    assert not torch.allclose(b[:, 4:], a[:, 4:]), "a token does not change even its own output"


def check_memory_padding_invisible(d: Decoding) -> None:
    """Neither what stands in the memory's padding nor how much there is of it matters."""
    if not d.reads:
        return
    e, want = d.encoded(S), d.full()
    junk = torch.where(SOURCE_OK[..., None], e.x, 50 * e.x.cos() + 3)
    x, ok = torch.cat([junk, junk[:, :2]], 1), torch.cat([SOURCE_OK, SOURCE_OK[:, :2] & False], 1)
    pos = torch.cat([e.pos, e.pos[:, :2] + 9], 1)
    for other in (replace(e, x=junk), replace(e, x=x, ok=ok, pos=pos)):
        close(d.read(TARGET, d.begin(other, range(B)))[0], want, "junk in the memory's padding")
    changed = torch.where(SOURCE_OK[..., None], e.x, e.x)
    changed[:, 0] += 1
    seen = d.read(TARGET, d.begin(replace(e, x=changed), range(B)))[0]
    if e.summary is None or d.start().memory is not None:
        assert not torch.allclose(seen, want), "the memory is not read at all"


def check_target_padding_invisible(d: Decoding) -> None:
    """Nor does padding among the target, wherever it stands."""
    lengths, want = [7, 4, 6], d.full()
    rows = [TARGET[i, :n].tolist() for i, n in enumerate(lengths)]
    for side in ("right", "left"):
        tokens, ok = padded(rows, side)
        hidden, state = d.read(tokens, d.start(), ok)
        assert hidden.isfinite().all(), "padding gives what is not finite"
        assert state.n.tolist() == lengths
        for i, n in enumerate(lengths):
            close(hidden[i, ok[i]], want[i, :n], f"row {i} padded on the {side}")


def check_batch_equals_single(d: Decoding) -> None:
    """A row alone, without any padding, is the row in the batch."""
    want = d.full()
    for i in range(B):
        n = int(SOURCE_OK[i].sum())
        encoded = d.model.encode(SOURCE[i : i + 1, :n]) if d.reads else None
        close(d.read(TARGET[i : i + 1], d.begin(encoded, [i]))[0][0], want[i], f"row {i} alone")


def check_cached_equals_functional(d: Decoding) -> None:
    """Room that must grow, and room enough."""
    replay(d, capacity=2).feed(3, 1, 2).feed(1).feed(2).feed(1).settle()
    for capacity, sizes in ((2, (1, 1, 1, 3, 1)), (64, (2, 1, 4))):
        state, parts = d.start(capacity=capacity), []
        for tokens in TARGET.split(sizes, 1):
            out, state = d.read(tokens, state)
            parts.append(out)
        close(torch.cat(parts, 1), d.full(), f"capacity {capacity}")


def check_reorder(d: Decoding) -> None:
    """Rows dropped, doubled and exchanged on the way are the same rows from scratch."""
    r = replay(d, capacity=2).feed(2, 1, 3)
    r.reorder(2, 0, 0, 2, 2).feed(1)  # a sentence lost: the memory is compacted
    r.reorder(4, 1, 0).feed(2, 1, 2).settle()
    r = replay(d).feed(1).reorder(0, 0, 1, 1, 2, 2).feed(1)  # grouped
    r.reorder(1, 0, 2, 2, 5, 4).feed(2)  # exchanged inside their groups
    r.reorder(4, 5, 0, 1).feed(1).reorder(3, 0).feed(1)  # groups exchanged, then broken up
    r.reorder(0, 1).feed(1).settle()
    r = replay(d).feed(1).reorder(0, 0, 1, 1, 2, 2).reorder(2, 0, 5, 3, 1, 4)
    r.feed(2).settle()  # as many rows of each sentence, but apart
    assert len(r.reorder().reorder().state.n) == 0


def check_truncate(d: Decoding) -> None:
    """A state that goes back forgets; one that cannot says so."""
    if not rewinds(d.start()):
        try:
            replay(d).feed(3).truncate(2, 2, 2)
        except ValueError as error:
            assert "go back" in str(error)
            return
        raise AssertionError("rewinds is False, yet truncate went ahead")
    r = replay(d).feed(6).truncate(3, 3, 3).feed(2).truncate(1, 4, 5).feed(2, 1, 2)
    r.truncate(0, 0, 0).feed(2).feed(1).settle()
    r = replay(d, capacity=2).feed(5, 3, 4).feed(1).truncate(2, 4, 0)
    r.feed(3, 1, 2).feed(1).reorder(2, 0, 2).truncate(1, 6, 2).feed(1, 2, 1).settle()


def check_join(d: Decoding) -> None:
    """Two states side by side go on as each would alone."""
    a = replay(d, [1, 2], 8, width=4).feed(2).reorder(1, 0)
    b = replay(d, [0], 8).feed(3).feed(2)
    if any(rule is not rule.reorder(torch.tensor([0])) for rule in a.state.rules):
        try:
            a.join(b)
        except ValueError as error:
            assert "rules" in str(error)
            return
        raise AssertionError("states with rules of their own were joined")
    dirty(a.state, b.state)
    a.join(b).feed(1).feed(2, 1, 2).reorder(2, 2, 0, 1).feed(1).settle()
    b = replay(d, [2, 0]).feed(4, 2)  # the longer one first
    b.join(replay(d, [1]).feed(1)).feed(1).settle()
    a = replay(d, [1, 2, 0], capacity=2).feed(2).reorder(1, 0)  # with room to spare
    b = replay(d, [0], capacity=8).feed(3).feed(2)
    dirty(a.state, b.state)
    a.join(b).feed(1).reorder(2, 0).feed(1).settle()


def dirty(*states: State) -> None:
    """Room that was never written may hold anything: the worst is put there."""
    for state in states:
        for layer in state.layers:
            if isinstance(layer, Cache):
                for room in (layer.k, layer.v):
                    room[layer.used :] = room[:, layer.rows :] = float("nan")


def check_detach(d: Decoding) -> None:
    """The same values, and no way back for gradients."""
    with torch.enable_grad():
        encoded = d.model.encode(SOURCE, SOURCE_OK) if d.reads else None
        _, state = d.read(TARGET[:, :4], d.begin(encoded, range(B)))
        cut = state.detach()
        assert not any(t.requires_grad for t in tensors(cut)), "a tensor still remembers"
        close(d.read(TARGET[:, 4:], cut)[0], d.full()[:, 4:], "after detach")


def check_search(d: Decoding) -> None:
    """Scores are those of the output; beam 1, greedy and the uncached argmax agree."""
    model, limits = d.model, Limits(bos=BOS, eos=EOS, max_len=[4] * B)

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        return model.step(tokens, state)

    found = beam(step, d.start(capacity=4), limits, size=4, n_best=2)
    first = beam(step, d.start(capacity=4), limits, size=1)
    plain = greedy(step, d.start(capacity=64), limits)
    assert [h[0].tokens for h in first] == [h.tokens for h in plain], "a beam of 1 is not greedy"
    told = [(i, h) for i, some in enumerate([*found, *([h] for h in plain)]) for h in some]
    said = [h.tokens + [EOS] * h.finished for _, h in told]
    fresh = d.fresh([i % B for i, _ in told], [[BOS, *tokens[:-1]] for tokens in said])
    for (i, h), tokens, hidden in zip(told, said, fresh, strict=True):
        scores = model.logits(hidden).log_softmax(-1)
        want = float(scores.gather(1, torch.tensor(tokens)[:, None]).sum())
        assert abs(h.score - want) < 1e-4, f"sentence {i % B}: said {h.score}, it is {want}"
        if i >= B:
            assert scores.argmax(-1).tolist() == tokens, "cached is not uncached"


def check_gradients(d: Decoding) -> None:
    """In training every parameter gets a finite gradient, padding and empty rows or not."""
    model = deepcopy(d.model).train()
    source_ok, ok = SOURCE_OK.clone(), torch.arange(T) < torch.tensor([7, 4, 6])[:, None]
    source_ok[1] = False
    with torch.enable_grad():
        encoded = model.encode(SOURCE, source_ok) if d.reads else None
        state = model.writer.start(encoded, rows=B, rules=d.rules(range(B)))
        hidden, _ = model(TARGET, state, ok)
        model.logits(hidden).logsumexp(-1)[ok].sum().backward()
    check_every_gradient(model)


def check_nothing_to_see(d: Decoding) -> None:
    """A sentence of nothing but padding, and a query before any key, give finite values."""
    ok = torch.ones(B, T, dtype=torch.bool)
    ok[1], ok[2, :2] = False, False
    state = d.start()
    if d.reads:
        none = SOURCE_OK.clone()
        none[1] = False
        state = d.begin(d.model.encode(SOURCE, none), range(B))
        close(d.read(TARGET, state)[0][[0, 2]], d.full()[[0, 2]], "beside an empty sentence")
    hidden, state = d.read(TARGET, state, ok)
    assert hidden.isfinite().all(), "a row with nothing to see"
    assert d.read(TARGET[:, :1], state)[0].isfinite().all(), "the step after it"


def check_float32(d: Decoding) -> None:
    """In 32 bits: the same scores alone, in a batch and step by step, within 1e-4."""
    model = deepcopy(d.model).float()
    small, parts = Decoding(model, d.rules), []
    n = int(SOURCE_OK[1].sum())
    encoded = model.encode(SOURCE[1:2, :n]) if d.reads else None
    alone = small.read(TARGET[1:2], small.begin(encoded, [1]))[0]
    state = small.start(capacity=4)
    for tokens in TARGET.split((2, 1, 1, 3), 1):
        out, state = small.read(tokens, state)
        parts.append(out)
    want = model.logits(small.full()).log_softmax(-1)
    for hidden, part in ((alone, want[1:2]), (torch.cat(parts, 1), want)):
        assert hidden.dtype == torch.float32, "something left float32"
        close(model.logits(hidden).log_softmax(-1), part, "32 bits", atol=1e-4)


def check_remember(d: Decoding) -> None:
    """What a skipped layer remembers is what it would have remembered."""
    calls: list[tuple] = []

    def watch(block: Block, inputs: tuple, output: tuple) -> None:
        x, pass_, state = inputs
        calls.append((block, x, pass_, state, output[1]))

    def ran() -> int:
        return len({id(block) for block, *_ in calls})  # some run more than once a trip

    hooks = [b.register_forward_hook(watch) for b in d.model.writer.modules()
             if isinstance(b, Block)]  # fmt: skip
    ok = torch.arange(4) < torch.tensor([4, 2, 3])[:, None]
    _, state = d.read(TARGET[:, :4], d.start(), ok)
    skips = any(getattr(m, "skips", False) for m in d.model.writer.modules())
    assert ran() == len(hooks) or skips
    first, calls = calls, []
    d.read(TARGET[:, 4:], state)
    assert ran() == len(hooks) or skips
    for hook in hooks:
        hook.remove()
    assert (first and calls) or not hooks
    for block, x, pass_, layer, want in first + calls:
        got = block.remember(x, pass_, Layer(layer.own, layer.cross))
        for a, b in zip(tensors(got), tensors(want), strict=True):
            close(a, b, "remembered")


def check_relative_positions(d: Decoding) -> None:
    """Unless positions enter the stream, only distances count: all may stand farther along."""
    decoder = d.model.writer.decoder
    kinds = [m for m in decoder.modules() if isinstance(m, Position)]
    turned = any(type(m).turn is not Position.turn for m in kinds)
    multiply = all(products(m) for m in decoder.modules() if isinstance(m, Core))
    if any(type(m).add is not Position.add for m in kinds) or (turned and not multiply):
        return
    if not all(getattr(m, "relative", True) for m in decoder.modules()):
        return  # it says itself that it counts from the row's beginning
    state = d.start()
    far = replace(state, n=state.n + 13)
    close(d.read(TARGET, far)[0], d.full(), "13 positions along")


def products(core: Core) -> bool:
    """Are its scores products of query and key? Only those see a turn as a distance."""
    q, k = torch.rand(1, 1, 1, 4), torch.rand(1, 1, 1, 4)
    try:
        return torch.allclose(core.score(2 * q, k), 2 * core.score(q, k))
    except (NotImplementedError, RuntimeError):
        return False


DECODER_CHECKS = [
    check_step_equals_full, check_chunks_equal_full, check_ragged_chunks, check_no_look_ahead,
    check_memory_padding_invisible, check_target_padding_invisible, check_batch_equals_single,
    check_cached_equals_functional, check_reorder, check_truncate, check_join, check_detach,
    check_search, check_gradients, check_nothing_to_see, check_float32, check_remember,
    check_relative_positions,
]  # fmt: skip
