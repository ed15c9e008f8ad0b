"""A decoder over token ids: embedding, stack, and the state between trips. Training and decoding
are this one function.

`B` rows, `T` tokens, `D` width.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import decodes
from regard.attention.scope import Causal
from regard.embed.base import Embed
from regard.pass_ import Pass
from regard.stack.base import Decoder
from regard.state import Encoded, Past, State


class Writer(nn.Module):
    """`start` a state, then `forward` any number of tokens at a time."""

    def __init__(self, embed: Embed, decoder: Decoder):
        super().__init__()
        self.embed, self.decoder = embed, decoder

    def start(
        self, encoded: Encoded | None = None, *, rows: int | None = None,
        capacity: int | None = None, rules: tuple = (Causal(),),
    ) -> State:  # fmt: skip
        """The empty state of one row a sentence (or of `rows`, without a memory).

        `capacity` None: functional, for gradients; a number: keys are written in place, so
        go on only from the newest state. A tensor rule brings its own rows. Raises UserError for a
        rule that a mixer cannot keep to.
        """
        for mixer in self.decoder.mixers():
            decodes(mixer, rules)
        weight = self.embed.weight
        B = encoded.x.size(0) if encoded is not None else rows or 1
        like = weight.new_zeros(B, 0, self.decoder.dim)
        layers, memory = self.decoder.start(encoded, B, capacity, like)
        if memory is not None and capacity is not None:
            memory = memory.each(Tensor.contiguous)  # read at every step
        none = torch.zeros(B, 0, dtype=torch.long, device=weight.device)
        n = torch.zeros(B, dtype=torch.long, device=weight.device)
        return State(n, Past(none, none.bool()), layers, memory, rules)

    def forward(
        self, tokens: Tensor, state: State, ok: Tensor | None = None,
        aux: list[Tensor] | None = None,
    ) -> tuple[Tensor, State]:  # fmt: skip
        """Hidden states (B T D) of tokens (B T), real where ok, after what `state` remembers.

        `aux`, if given, gets the extra losses of the parts.
        """
        B, T = tokens.shape
        if ok is None:
            pos = state.n[:, None] + torch.arange(T, device=tokens.device)
            n = state.n + T
        else:
            count = ok.long().cumsum(1)
            pos = state.n[:, None] + (count - 1).clamp_min(0)
            n = state.n + ok.sum(1)
        past = state.past.append(pos, ok)
        pass_ = Pass(
            pos, ok, past.keys(), state.rules, state.past.used, state.memory, tokens
        )  # fmt: skip
        pass_.aux = pass_.aux if aux is None else aux
        x, layers = self.decoder(self.embed(tokens), pass_, state.layers)
        return x, State(n, past, layers, state.memory, state.rules)
