"""Was this token replaced? Asked only of those that were hidden from the generator.

"ELECTRA 15%" of Clark et al. 2020, 3.4 (https://arxiv.org/abs/2003.10555): what all the other
tokens teach is what ELECTRA has over it.
"""

from regard.tasks.discriminating import electra


class Config(electra.Config):
    """As ELECTRA's."""

    everywhere = False
