"""Transformer in Transformer: in every layer chunks are read inside, then among each other.

Branch: Architecture / Divide and conquer: hierarchy
Paper: TNT, Han et al. 2021, section 2.1, https://arxiv.org/abs/2103.00112
Formula: Y_l = inner_l(Y_{l-1}) chunk by chunk; Z_l = outer_l(Z_{l-1} + vec(Y_l) W_l + b_l), Z_0 = 0
Cost: time O(T chunk D + (T / chunk)^2 D + T D^2), memory O(T chunk + (T / chunk)^2)
Causal: no, a chunk's vector holds all of it
Scores: no
Limit: with W and b zero the outer level sees nothing but where chunks stand

A chunk's positions are the paper's pixels, a chunk its patch; both levels have the stream's width,
and there is no class token. What comes out is a vector for each chunk.
"""

from torch import Tensor, nn

from regard.block.base import Layer
from regard.pass_ import Pass
from regard.stack._chunks import ChunkedConfig, below, cut
from regard.stack.base import Encoder
from regard.stack.plain import Stack
from regard.state import Encoded


class Config(ChunkedConfig):
    """`layers`, each with an inner and an outer block; `chunk`: positions of a chunk."""

    def encoder(self, dim: int) -> "TNT":
        """Both levels, and the maps between them."""
        return TNT(dim, self.chunk, self.level(dim), self.level(dim))


class TNT(Encoder):
    """As many vectors as chunks."""

    def __init__(self, dim: int, chunk: int, inner: Stack, outer: Stack):
        super().__init__()
        self.dim, self.chunk, self.outer = dim, chunk, outer
        self.inner = inner
        inner.norm = None  # nobody reads the inner stream behind its last block
        self.up = nn.ModuleList(nn.Linear(chunk * dim, dim) for _ in outer.blocks)

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N T D) read: N C D."""
        chunks, ok, tokens = cut(x, pass_, self.chunk)
        y, real = chunks.flatten(0, 1), ok[..., None].to(x.dtype)
        z = x.new_zeros(*chunks.shape[:2], x.size(-1))
        inside = below(pass_, y, ok.flatten(0, 1), None if tokens is None else tokens.flatten(0, 1))
        among = below(pass_, z, ok.any(-1))
        for i, up in enumerate(self.up):
            y = one(self.inner, i, y, inside)
            seen = (y.view(chunks.shape) * real).flatten(2)  # N C (S D)
            z = one(self.outer, i, z + up(seen), among)
        z = z if self.outer.norm is None else self.outer.norm(z, among.ok)
        return Encoded(z, among.ok, among.pos)


def one(stack: Stack, i: int, x: Tensor, pass_: Pass) -> Tensor:
    """x (B T D) after block i."""
    return stack.blocks[i](stack.position.add(x, pass_, i), pass_, Layer())[0]
