"""Plain stack: blocks one after the other, each reading what the one before it wrote.

Branch: Architecture / Plain
Paper: Attention Is All You Need, Vaswani et al. 2017, section 3.1, https://arxiv.org/abs/1706.03762
Formula: x_l = block_l(x_(l-1)); out = norm(x_L) where blocks leave the stream unnormed, else x_L
Cost: time and memory of its blocks
Causal: yes
Scores: no, but the mixers of its blocks may
"""

from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from regard.attention.base import decodes
from regard.block.base import BlockConfig, Layer
from regard.dropout import Dropout
from regard.norm.base import Norm
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import Decoder, Encoder, StackConfig
from regard.state import Encoded, Memory

ENTERED = ("plain", "layer_drop")  # kinds that honour what stands before their blocks


class Config(StackConfig):
    """`layers` blocks of one kind; a norm at the end where the blocks leave the stream unnormed.

    `entry`: a norm on what enters the first block, positions and all, then the block's dropout (as
    in BERT). `width` of the blocks of an encoder, if it is not the stream's (as in ELECTRA): a
    linear map leads there.
    """

    reads = writes = True
    layers: int = 6
    position: Annotated[Any, Part("position")] = "sinusoidal"
    entry: Annotated[Any, Part("norm")] | None = None
    width: int = Field(0, ge=0)
    block: Annotated[Any, Part("block", default="standard")] = "standard"

    def encoder(self, dim: int) -> "PlainEncoder":
        """Blocks without cross-attention."""
        return PlainEncoder(self.stack(dim, cross=False))

    def decoder(self, dim: int, memory: int | None) -> "PlainDecoder":
        """Blocks with cross-attention if there is a memory."""
        if memory not in (None, dim):
            raise UserError(f"decoder: its width {dim} is not the encoder's {memory}")
        if self.width not in (0, dim):
            raise UserError("decoder.width: is for encoders; a decoder's blocks have model.dim")
        stack = self.stack(dim, cross=memory is not None)
        decoder = PlainDecoder(stack)
        for mixer in decoder.mixers():
            decodes(mixer)
        return decoder

    def stack(self, dim: int, cross: bool) -> "Stack":
        """Blocks, their positions and the last norm."""
        width = self.width or dim
        heads = self.block.heads()
        shared = self.position.build(width, heads)
        if width != dim and type(shared).add is not Position.add:  # it enters before the blocks
            if kind_of(self.position) not in ("learned", "sinusoidal"):
                kind = kind_of(self.position)
                raise UserError(f"width: {kind} enters every block: use learned or sinusoidal")
            shared = self.position.build(dim, heads)
        own = [
            self.position.build(width, heads) if shared.per_layer else shared
            for _ in range(self.layers)
        ]
        blocks = [self.block.at(i).build(width, p, cross, self.layers) for i, p in enumerate(own)]
        ends = getattr(self.block, "place", "pre") in ("pre", "sandwich")
        stack = Stack(width, blocks, own[0] if own else shared, self.block if ends else None)
        stack.entry = self.enters(dim, width)
        return stack

    def enters(self, dim: int, width: int) -> "Entry | None":
        """What stands before the first block. Raises UserError if it is not whole."""
        if self.entry is None and width == dim:
            return None
        if kind_of(self) not in ENTERED:
            raise UserError(f"{kind_of(self)}: has no entry and no width of its own: use plain")
        norm = None if self.entry is None else self.entry.build(dim)
        return Entry(norm, getattr(self.block, "dropout", 0.0), dim, width)


class Entry(nn.Module):
    """A norm, dropout and a map to another width: each if it is wanted."""

    def __init__(self, norm: Norm | None, dropout: float, dim: int, width: int):
        super().__init__()
        self.norm, self.drop = norm, Dropout(dropout)
        self.widen = nn.Linear(dim, width) if width != dim else None

    def forward(self, x: Tensor, ok: Tensor | None) -> Tensor:
        """B T D -> B T of the blocks' width."""
        if self.norm is not None:
            x = self.drop(self.norm(x, ok))
        return x if self.widen is None else self.widen(x)


class Stack(nn.Module):
    """The blocks, and the loop over them."""

    blocks: Any  # a ModuleList of Blocks

    def __init__(self, dim: int, blocks: list, position: Position, ending: BlockConfig | None):
        super().__init__()
        self.dim, self.position = dim, position
        self.entry: Entry | None = None
        self.blocks = nn.ModuleList(blocks)
        self.norm = ending.norm.build(dim) if ending is not None else None  # type: ignore[attr-defined]

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) through every block; `layers` are the mixers' states (None: there is none)."""
        memory, new = pass_.memory, []
        for i, (block, own) in enumerate(zip(self.blocks, layers, strict=True)):
            x = self.position.add(x, pass_, i)
            if not i and self.entry is not None:
                x = self.entry(x, pass_.ok)
            x, own = self.through(block, x, pass_, Layer(own, memory.kv[i] if memory else None))
            new.append(own)
        return x if self.norm is None else self.norm(x, pass_.ok), new

    def through(self, block: Any, x: Tensor, pass_: Pass, layer: Layer) -> tuple[Tensor, Any]:
        """x (B T D) through one block."""
        return block(x, pass_, layer)


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
