"""Kinds whose scores would lose distances if queries and keys came turned by their positions."""

from regard.position.base import Position
from regard.recipe import UserError


def refuse_turns(kind: str, why: str, position: Position | None) -> None:
    """Refuse a position that turns queries and keys, `why` being what the kind does with them.

    Raises UserError in words.
    """
    if position is not None and type(position).turn is not Position.turn:
        name = type(position).__name__
        raise UserError(f"{kind}: it {why} and {name} turns them by position: use sinusoidal or t5")
