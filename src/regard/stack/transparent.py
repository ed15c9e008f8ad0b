"""Transparent attention: each layer of the decoder reads its own mixture of all encoder layers.

Branch: Architecture / Cross-block connectivity
Paper: Training Deeper Neural Machine Translation Models with Transparent Attention,
  Bapna et al. 2018, https://arxiv.org/abs/1808.07561
Formula: decoder layer j reads z_j = sum over i of softmax(W_j)_i h_i, i = 0 (embeddings) to L
Cost: time and memory of its blocks; the memory is L + 1 times as wide until it is mixed
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: all weight on the last layer is plain

An encoder hands over its `layers` side by side, for a transparent decoder, or one learned `mixture`
of them, for any other. Where blocks leave the stream unnormed, the stack's last norm is put on
every layer before they are mixed.
`N` sentences, `S` positions, `L` layers and the embeddings, `D` width, `M` layers of the decoder.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from regard.block.base import Layer
from regard.pass_ import Pass
from regard.recipe import UserError
from regard.stack.plain import Config as Plain
from regard.stack.plain import PlainDecoder, PlainEncoder, Stack
from regard.state import Encoded, Memory


class Config(Plain):
    """`hands`: what an encoder hands over; `layers` to a transparent decoder, else a `mixture`."""

    hands: Literal["mixture", "layers"] = "mixture"

    def encoder(self, dim: int) -> "TransparentEncoder":
        """A plain one that keeps every layer."""
        return TransparentEncoder(self.stack(dim, cross=False), self.hands == "mixture")

    def decoder(self, dim: int, memory: int | None) -> "TransparentDecoder":
        """A plain one whose layers read mixtures."""
        if memory is None or memory == dim or memory % dim:
            raise UserError(NO_LAYERS)
        return TransparentDecoder(super().decoder(dim, dim).stack, memory // dim)


NO_LAYERS = (
    "decoder: transparent mixes the layers of its encoder: "
    "use encoder: {kind: transparent, hands: layers}"
)


class TransparentEncoder(PlainEncoder):
    """Every layer's output, the embeddings first."""

    def __init__(self, stack: Stack, mixes: bool):
        super().__init__(stack)
        L = len(stack.blocks) + 1
        self.dim = stack.dim if mixes else L * stack.dim
        self.mixture = nn.Parameter(torch.zeros(L)) if mixes else None

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read: N S D mixed, or N S (L D)."""
        stack, seen = self.stack, []
        for i, block in enumerate(stack.blocks):
            x = stack.position.add(x, pass_, i)
            seen.append(x)
            x, _ = block(x, pass_, Layer())
        seen.append(x)
        if stack.norm is not None:
            seen = [stack.norm(h, pass_.ok) for h in seen]
        layers = torch.stack(seen, 2)  # N S L D
        x = layers.flatten(2) if self.mixture is None else self.mixture.softmax(0) @ layers
        return Encoded(x, pass_.ok, pass_.pos)


class TransparentDecoder(PlainDecoder):
    """Only what the memory is made of differs, once a sentence."""

    def __init__(self, stack: Stack, layers: int):
        super().__init__(stack)
        self.mixture = nn.Parameter(torch.zeros(len(stack.blocks), layers))  # M L

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """Every block projects its own mixture."""
        if encoded is None or encoded.summary is not None:  # wide for another reason
            raise UserError(NO_LAYERS)
        blocks = self.stack.blocks
        layers = encoded.x.unflatten(-1, (-1, self.dim))  # N S L D
        mixed = (self.mixture.softmax(-1) @ layers).unbind(2)  # M times N S D
        kv = [block.project(z) for block, z in zip(blocks, mixed, strict=True)]
        return [b.start(rows, capacity, like) for b in blocks], Memory.of(encoded, kv)
