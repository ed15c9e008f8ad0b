"""The 256 bytes of UTF-8, nothing to learn.

Xue et al. 2022, "ByT5", section 3.1 (https://arxiv.org/abs/2105.13626).
"""

from collections.abc import Iterable, Sequence

from regard import recipe
from regard.data.tokenizer.base import Facts, Tokenizer, all_specials, spell_out


class Config(recipe.Config):
    """No settings."""

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """The same tokenizer whatever the texts."""
        names = all_specials(specials)
        facts = Facts(kind="byte", spelling="plain", specials=names)
        return Tokenizer(spell_out(names, [], []), facts)
