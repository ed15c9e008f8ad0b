"""A translation memory, the baseline of every table: which known source is most similar.

Similar is the cosine of TF-IDF vectors of character 3- to 5-grams. `N` training rows, `Q` queries.
"""

from collections.abc import Sequence

import numpy as np

from regard.recipe import UserError

BATCH = 64  # queries a product: its result is nearly dense, N numbers a query


def similar(sources: Sequence[str], queries: Sequence[str]) -> list[int]:
    """The number of the source most similar to each query, of equals the first; -1: none is.

    Raises UserError if scikit-learn is missing.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise UserError(
            "translation memory: scikit-learn is missing; pip install 'regard[baseline]'"
        ) from None
    grams = TfidfVectorizer(analyzer="char", ngram_range=(3, 5), dtype=np.float32)
    try:
        known = grams.fit_transform(sources).T.tocsr()  # F N, rows of unit length: dot = cosine
    except ValueError:  # no source has three characters
        return [-1] * len(queries)
    found: list[int] = []
    for start in range(0, len(queries), BATCH):
        scores = (grams.transform(queries[start : start + BATCH]) @ known).toarray()  # up to 64 N
        best = scores.argmax(1)
        top = scores[np.arange(len(best)), best]
        found += np.where(top > 0, best, -1).tolist()
    return found
