"""Plain stack: blocks one after the other, each reading what the one before it wrote.

Branch: Architecture / Plain
Paper: Attention Is All You Need, Vaswani et al. 2017, section 3.1, https://arxiv.org/abs/1706.03762
Formula: x_l = block_l(x_(l-1)); out = norm(x_L) where blocks leave the stream unnormed, else x_L
Cost: time and memory of its blocks
Causal: yes
Scores: no, but the mixers of its blocks may
"""

from typing import Annotated, Any

from torch import Tensor, nn

from regard.attention.base import decodes
from regard.block.base import BlockConfig, Layer
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Part, UserError
from regard.stack.base import Decoder, Encoder, StackConfig
from regard.state import Encoded, Memory


class Config(StackConfig):
    """`layers` blocks of one kind; a norm at the end where the blocks leave the stream unnormed."""

    reads = writes = True
    layers: int = 6
    position: Annotated[Any, Part("position")] = "sinusoidal"
    block: Annotated[Any, Part("block", default="standard")] = "standard"

    def encoder(self, dim: int) -> "PlainEncoder":
        """Blocks without cross-attention."""
        return PlainEncoder(self.stack(dim, cross=False))

    def decoder(self, dim: int, memory: int | None) -> "PlainDecoder":
        """Blocks with cross-attention if there is a memory."""
        if memory not in (None, dim):
            raise UserError(f"decoder: its width {dim} is not the encoder's {memory}")
        stack = self.stack(dim, cross=memory is not None)
        decoder = PlainDecoder(stack)
        for mixer in decoder.mixers():
            decodes(mixer)
        return decoder

    def stack(self, dim: int, cross: bool) -> "Stack":
        """Blocks, their positions and the last norm."""
        shared = self.position.build(dim, self.block.heads())
        own = [
            self.position.build(dim, self.block.heads()) if shared.per_layer else shared
            for _ in range(self.layers)
        ]
        blocks = [self.block.at(i).build(dim, p, cross, self.layers) for i, p in enumerate(own)]
        ends = getattr(self.block, "place", "pre") in ("pre", "sandwich")
        return Stack(dim, blocks, own[0] if own else shared, self.block if ends else None)


class Stack(nn.Module):
    """The blocks, and the loop over them."""

    blocks: Any  # a ModuleList of Blocks

    def __init__(self, dim: int, blocks: list, position: Position, ending: BlockConfig | None):
        super().__init__()
        self.dim, self.position = dim, position
        self.blocks = nn.ModuleList(blocks)
        self.norm = ending.norm.build(dim) if ending is not None else None  # type: ignore[attr-defined]

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) through every block; `layers` are the mixers' states (None: there is none)."""
        memory, new = pass_.memory, []
        for i, (block, own) in enumerate(zip(self.blocks, layers, strict=True)):
            x = self.position.add(x, pass_, i)
            x, own = block(x, pass_, Layer(own, memory.kv[i] if memory else None))
            new.append(own)
        return x if self.norm is None else self.norm(x, pass_.ok), new


class PlainEncoder(Encoder):
    """Everybody sees everybody, unless the Pass has rules."""

    def __init__(self, stack: Stack):
        super().__init__()
        self.stack, self.dim = stack, stack.dim

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read."""
        x, _ = self.stack(x, pass_, [None] * len(self.stack.blocks))
        return Encoded(x, pass_.ok, pass_.pos)


class PlainDecoder(Decoder):
    """States are the mixers' own."""

    def __init__(self, stack: Stack):
        super().__init__()
        self.stack, self.dim, self.layers = stack, stack.dim, len(stack.blocks)

    def mixers(self) -> list[nn.Module]:
        """Those of every block."""
        return [mixer for block in self.stack.blocks for mixer in block.mixers()]

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """Every block starts its mixer and projects the memory."""
        layers = [b.start(rows, capacity, like) for b in self.stack.blocks]
        if encoded is None:
            return layers, None
        return layers, Memory.of(encoded, [b.project(encoded.x) for b in self.stack.blocks])

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) after what the layers remember."""
        return self.stack(x, pass_, layers)
