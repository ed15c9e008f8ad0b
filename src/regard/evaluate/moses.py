"""Text as in files called `lc.norm.tok`: lower-cased, normalised and tokenised by Moses.

Needs the optional package sacremoses, imported only when it is used.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version


def lc_norm_tok(texts: Sequence[str], language: str) -> list[str]:
    """Texts in the tokenised lower-cased form that older papers score.

    Raises ValueError with the command to run if sacremoses is missing.
    """
    normalise, tokenise = _steps(language)
    # lower-cased first and escaped last: this order gives Multi30k's published files back
    return [tokenise(normalise(text.lower()), return_str=True, escape=True) for text in texts]


def signature(language: str) -> str:
    """The steps' name in a score's signature."""
    _steps(language)
    return f"moses-{language}-sacremoses-{version('sacremoses')}"


@lru_cache(maxsize=4)
def _steps(language: str) -> tuple[Callable[[str], str], Callable[..., str]]:
    try:
        from sacremoses import MosesPunctNormalizer, MosesTokenizer
    except ImportError as error:
        raise ValueError(
            "Tokenised BLEU needs a package that is missing: pip install regard[moses]"
        ) from error
    return MosesPunctNormalizer(lang=language).normalize, MosesTokenizer(lang=language).tokenize
