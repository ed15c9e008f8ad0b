"""Bugs planted in the real core: the suite's own invariants must catch every one, by name."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from catalogue import catalogue
from invariants_decoder import DECODER_CHECKS
from invariants_encoder import ENCODER_CHECKS
from subjects import EOS, Decoding, Encoding
from torch import Tensor

from regard import pass_, state
from regard.attention import base, scope
from regard.attention import softmax as softmax_module
from regard.dropout import Dropout
from regard.models import writer
from regard.position.rotary import Rotary
from regard.search import live
from regard.stack import plain

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTED: dict[str, tuple[Plant, str, tuple[str, ...]]] = {}


def planted(model: str, *catchers: str) -> Callable[[Plant], Plant]:
    """The bug must be caught in this model by each of these invariants."""

    def keep(plant: Plant) -> Plant:
        PLANTED[plant.__name__] = (plant, model, catchers)
        return plant

    return keep


def rotated(index: Tensor, rows: int) -> Tensor:
    """As many rows as were asked for, but the first ones, in order."""
    return torch.arange(len(index)) % rows


# --- who sees whom ------------------------------------------------------------------------------


@planted("plain:plain/position=alibi", "step_equals_full", "no_look_ahead")
def mask_polarity(patch):
    right = scope.Scope._allow
    patch.setattr(scope.Scope, "_allow", lambda self: ~right(self))


@planted("plain:plain", "memory_padding_invisible", "batch_equals_single")
def padding_leak_from_the_memory(patch):
    right = state.Memory.of.__func__
    patch.setattr(state.Memory, "of", classmethod(
        lambda cls, encoded, kv: right(cls, replace(encoded, ok=None), kv)))  # fmt: skip


@planted("encoder:plain", "padding_invisible", "alone_equals_batch")
def padding_leak_in_an_encoder(patch):
    right = pass_.encoding
    patch.setattr("catalogue.encoding", lambda ok, *rest: right(None, *rest))


@planted("plain:plain", "target_padding_invisible", "ragged_chunks")
def padding_leak_among_the_target(patch):
    right = state.Past.append
    patch.setattr(state.Past, "append", lambda self, pos, ok: right(self, pos, None))


@planted("lm:plain/mixer=linear+position=none", "target_padding_invisible")
def padding_leak_into_a_running_sum(patch):
    from regard.attention import linear

    right = linear.Linear.forward

    def forward(self, q, k, v, over, own):
        over = over.at(over.position)
        over.k_ok, over.trip = None, None
        return right(self, q, k, v, over, own)

    patch.setattr(linear.Linear, "forward", forward)


@planted("plain:plain", "no_look_ahead")
def rules_forgotten(patch):
    right = scope.Scope.__init__
    patch.setattr(scope.Scope, "__init__", lambda self, pos, keys, rules=(): right(self, pos, keys))


@planted("plain:plain", "target_padding_invisible")
def scope_kept_from_another_trip(patch):
    kept: dict = {}
    right = scope.scope_of

    def scope_of(trip, cross=False):
        name = (cross, trip.pos.shape, trip.keys.pos.shape)
        return kept.setdefault(name, right(trip, cross))

    patch.setattr(base, "scope_of", scope_of)


@planted("plain:plain/block.mixer=additive", "step_equals_full")
def softmax_over_the_wrong_axis(patch):
    def wrong(scores, over):
        allow = over.allow()
        if allow is not None:
            scores = scores.masked_fill(~allow, torch.finfo(scores.dtype).min)
        return scores.softmax(-2)

    patch.setattr(base, "masked_softmax", wrong)


@planted("plain:plain", "nothing_to_see")
def nothing_to_see_is_nan(patch):
    def wrong(q, k, v, attn_mask=None, is_causal=False, dropout_p=0.0):
        scores = q @ k.transpose(-1, -2) * q.size(-1) ** -0.5
        mask = torch.ones(scores.shape[-2:]).bool().tril() if is_causal else attn_mask
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return scores.softmax(-1) @ v

    patch.setattr(softmax_module.F, "scaled_dot_product_attention", wrong)


# --- positions ----------------------------------------------------------------------------------


def moved(patch: pytest.MonkeyPatch, wrong: Callable[[state.State], Tensor]) -> None:
    """A writer that takes its rows to stand where `wrong` says."""
    right = writer.Writer.forward

    def forward(self, tokens, old, ok=None, *more):
        x, new = right(self, tokens, replace(old, n=wrong(old)), ok, *more)
        return x, replace(new, n=old.n + (tokens.size(1) if ok is None else ok.sum(1)))

    patch.setattr(writer.Writer, "forward", forward)


@planted("plain:plain", "step_equals_full", "chunks_equal_full", "cached_equals_functional")
def cache_offset_forgotten(patch):
    moved(patch, lambda old: torch.zeros_like(old.n))


@planted("plain:plain", "ragged_chunks", "join")
def positions_from_shapes(patch):
    moved(patch, lambda old: torch.full_like(old.n, old.past.used))


@planted("encoder:plain", "padding_invisible")
def positions_of_an_encoder_from_shapes(patch):
    def wrong(ok, like, tokens=None):
        made = pass_.encoding(ok, like, tokens)
        made.pos = torch.arange(like.size(1)).expand(like.shape[:2])
        made.keys = pass_.Keys(made.pos, made.ok, made.keys.layout)
        return made

    patch.setattr("catalogue.encoding", wrong)


@planted("plain:plain/position=rotary", "relative_positions")
def rotary_not_on_the_keys(patch):
    right = Rotary.turn
    turns: list[int] = []

    def every_other(self, x, pos):  # queries come first, then keys
        turns.append(1)
        return right(self, x, pos) if len(turns) % 2 else x

    patch.setattr(Rotary, "turn", every_other)


# --- the state ----------------------------------------------------------------------------------


@planted("plain:plain", "reorder", "search")
def past_not_reordered(patch):
    right = state.Cache.reorder
    patch.setattr(state.Cache, "reorder",
                  lambda self, index: right(self, rotated(index, self.rows)))  # fmt: skip


@planted("plain:plain", "reorder")
def places_of_the_past_not_reordered(patch):
    right = state.Past.reorder
    patch.setattr(state.Past, "reorder",
                  lambda self, index: right(self, rotated(index, self.pos.size(0))))  # fmt: skip


@planted("recurrent:bahdanau", "reorder", "search")
def carry_not_reordered(patch):
    right = state.Held.reorder
    patch.setattr(state.Held, "reorder",
                  lambda self, index: right(self, rotated(index, self.h.size(0))))  # fmt: skip


@planted("plain:plain", "reorder")
def memory_not_reordered(patch):
    right = state.Memory.reorder

    def wrong(self, index):
        return right(self, rotated(index, len(self.owner)))

    patch.setattr(state.Memory, "reorder", wrong)


@planted("plain:plain", "reorder")
def groups_taken_for_granted(patch):
    right = state.Memory.reorder

    def wrong(self, index):
        new = right(self, index)
        N, B = len(new.keys.pos), len(index)
        return replace(new, per=B // N if N and B % N == 0 else None)

    patch.setattr(state.Memory, "reorder", wrong)


@planted("plain:plain", "truncate")
def a_truncated_state_that_remembers(patch):
    patch.setattr(state.Past, "truncate", lambda self, n: self)


@planted("plain:plain/block.mixer=linear", "truncate")
def a_sum_that_claims_to_rewind(patch):
    from regard.attention._sums import Sums

    patch.setattr(Sums, "rewinds", True)


@planted("plain:plain", "cached_equals_functional")
def cache_written_one_slot_early(patch):
    right = state.Cache.append

    def wrong(self, k, v, start):
        new = right(self, k, v, start)
        if start:
            new.k[start - 1], new.v[start - 1] = k[:, :, 0], v[:, :, 0]
        return new

    patch.setattr(state.Cache, "append", wrong)


@planted("plain:plain", "cached_equals_functional")
def cache_lost_when_it_grows(patch):
    right = state.widen
    patch.setattr(state, "widen", lambda t, size, dim: right(t, size, dim) * (t.dim() != 4))


@planted("plain:plain", "join")
def join_with_misaligned_slots(patch):
    right = state.KV.join

    def wrong(self, other, slots):
        new, far = right(self, other, slots), slots[0] - slots[1]
        rows = self.k.size(0)
        for t in (new.k, new.v):
            t[rows:] = t[rows:].roll(max(far, 0), 2)
            t[:rows] = t[:rows].roll(max(-far, 0), 2)
        return new

    patch.setattr(state.KV, "join", wrong)


@planted("plain:plain", "join")
def join_with_what_was_never_written(patch):
    def wrong(self, other, slots):
        room = max(len(self.k), len(other.k))
        k, v = (torch.cat([state.widen(t[:, : c.rows], room, 0) for t, c in pair], 1)
                for pair in (((self.k, self), (other.k, other)),
                             ((self.v, self), (other.v, other))))  # fmt: skip
        return state.Cache(k, v, self.rows + other.rows, max(slots))

    patch.setattr(state.Cache, "join", wrong)


@planted("plain:plain", "detach")
def a_detached_state_that_does_not_let_go(patch):
    patch.setattr(state.Held, "detach", lambda self: self)


@planted("plain:plain/block.norm=rms", "remember")
def remembered_without_the_norm(patch):
    from regard.block.standard import Standard

    patch.setattr(Standard, "remember",
                  lambda self, x, trip, own: self.mixer.remember(x, trip, own.own))  # fmt: skip


@planted("edges:plain:plain", "reorder")
def edges_not_reordered(patch):
    right = scope.Edges.reorder
    patch.setattr(scope.Edges, "reorder",
                  lambda self, index: right(self, rotated(index, len(self.edges))))  # fmt: skip


@planted("edges:plain:plain", "join")
def all_graphs_taken_for_equal(patch):
    patch.setattr(scope.Edges, "__eq__", lambda self, other: True)


# --- use ----------------------------------------------------------------------------------------


@planted("plain:plain", "step_equals_full", "search")
def dropout_left_on_at_use(patch):
    patch.setattr(Dropout, "forward", lambda self, x: F.dropout(x, self.p, True))


@planted("plain:plain", "search")
def end_not_scored(patch):
    right = live.Live.extend

    def wrong(self, picks, logprobs):
        new, rows = right(self, picks, logprobs)
        new.scores[:, -1] *= new.history[:, -1] != EOS
        return new, rows

    patch.setattr(live.Live, "extend", wrong)


@planted("plain:plain", "no_look_ahead", "step_equals_full")
def shifted_target(patch):
    right = writer.Writer.forward
    patch.setattr(writer.Writer, "forward",
                  lambda self, tokens, *rest: right(self, tokens.roll(-1, 1), *rest))  # fmt: skip


@planted("plain:plain", "gradients")
def a_parameter_left_out(patch):
    patch.setattr(plain.Stack, "forward", lambda self, x, trip, layers: (
        x if self.norm is None else self.norm(x, trip.ok), layers))  # fmt: skip


def subject(name: str) -> tuple[Decoding | Encoding, list]:
    """The model and its invariants."""
    if name.startswith("edges:"):
        from test_models import graph

        return Decoding(catalogue()[0][name[6:]].build(), graph), DECODER_CHECKS
    model = catalogue()[0][name].build()
    if name.startswith("encoder:"):
        return Encoding(model), ENCODER_CHECKS
    return Decoding(model), DECODER_CHECKS


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug, monkeypatch):
    plant, name, catchers = PLANTED[bug]
    with torch.no_grad():
        sound, checks = subject(name)
        named = [c for c in checks if c.__name__[6:] in catchers]
        assert len(named) == len(catchers), "an invariant by that name"
        for check in named:
            check(sound)  # before: all is well
        plant(monkeypatch)
        for check in named:
            broken, _ = subject(name)
            with pytest.raises(AssertionError):
                check(broken)
