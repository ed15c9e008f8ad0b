"""What stands around a text that a translator reads or writes: tags, codes of languages, words.

Our own models know one form: with several directions, a source begins with `<2xx>`. A checkpoint
from outside has the form that it was trained with.
"""

from pydantic import Field

from regard.data.corpus.base import languages
from regard.recipe import Config as Settings


class Config(Settings):
    """Names of special tokens; `{source}` and `{target}` stand for a direction's languages.

    `before` a source, and `after` it, behind its eos; `begin`: what every target begins with, given
    and not looked for. `words`: texts before the sources of a direction. `silent`: specials never
    written beside pad and bos. `open`: any pair of languages with codes is a direction.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    begin: tuple[str, ...] = ()
    words: dict[str, str] = Field(default_factory=dict)
    silent: tuple[str, ...] = ()
    open: bool = False

    def filled(self, names: tuple[str, ...], direction: str) -> list[str]:
        """Names for a direction."""
        source, target = languages(direction)
        return [n.replace("{source}", source).replace("{target}", target) for n in names]


TAG = Config(before=("<2{target}>",))  # of our own models with several directions
