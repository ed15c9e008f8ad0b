"""Looks into a model, as a thread makes them: JSON that is ready to send."""

from collections.abc import Sequence
from typing import Any

from regard.look.saving import dumps
from regard.recipe import UserError
from regard.tasks.lines import blank
from regard.tasks.translator import Translator, Wish

BEST = 5  # answers beside the look


def heads(translator: Translator) -> dict[str, int]:
    """Attention maps by name, and the number of their heads."""
    from regard.tasks.heads import counts

    return counts(translator)


def looked(
    translator: Translator, text: str, direction: str, prefix: str,
    off: Sequence[tuple[str, int]],
) -> bytes:  # fmt: skip
    """A look with some heads switched off, and the answers that come second.

    Raises UserError for a head that is not there, a blank or too long text.
    """
    from regard.look.capture import look
    from regard.tasks.heads import without

    used = without(translator, off)  # our own search, as what is looked at
    found = look(used, text, direction, prefix=prefix)
    answer = used.translate([text], Wish(direction, prefix=[prefix]))[0]
    row = used.n_best([text], Wish(direction, BEST, [prefix]))[0]  # a wider search
    others = [other for other in row if other.text != answer.text]
    best = [{"text": x.text, "score": x.score} for x in [answer, *others][:BEST]]
    return dumps({**found.record(), "n_best": best, "confidence": answer.confidence}).encode()


def others(
    translator: Translator, text: str, prefix: str, direction: str, count: int
) -> list[dict[str, Any]]:
    """What could stand as the next word. Raises UserError for a blank or too long text."""
    from regard.tasks.alternatives import alternatives

    if blank(text) or not translator.fits(text):
        raise UserError(f"q: wants one sentence of at most {translator.longest} tokens")
    found = alternatives(translator, text, prefix, direction, count)
    return [{"word": x.word, "text": x.text, "score": x.score} for x in found]
