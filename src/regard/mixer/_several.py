"""Several states as one: what is kept by a mixer or a block that holds more than one mixer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from regard.state import Held


@dataclass
class Several(Held):
    """The states of the parts, in order."""

    parts: list[Any]

    @property
    def rewinds(self) -> bool:  # type: ignore[override]
        """Rows forget only if every part can."""
        return all(part.rewinds for part in self.parts)

    def each(self, change: Callable[[Tensor], Tensor]) -> "Several":
        """A copy with every tensor of every part changed."""
        return Several([part.each(change) for part in self.parts])

    def reorder(self, index: Tensor) -> "Several":
        """The rows named by `index`, as each part finds them."""
        return Several([part.reorder(index) for part in self.parts])

    def join(self, other: "Several", slots: tuple[int, int]) -> "Several":
        """Rows of both, part by part."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Several([a.join(b, slots) for a, b in pairs])


def apart(state: Any, parts: int) -> list[Any]:
    """What each part remembers; None for all of them where there is no state."""
    return [None] * parts if state is None else list(state.parts)


def together(parts: list[Any]) -> Any:
    """One state of all; None where there is none."""
    return None if any(part is None for part in parts) else Several(parts)
