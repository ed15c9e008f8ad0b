"""`regard doctor`: looks at a parallel corpus before anybody trains on it.

Each check is one file with a `find(corpus)`. They run in the order below on what the earlier ones
have left: swapped rows put right, faulty rows out of the way, so that one row is told one fault and
a clean copy stands the examination.
"""

from collections.abc import Mapping, Sequence

from regard.data.doctor import (
    copies,
    declared,
    duplicates,
    empties,
    encoding,
    leaks,
    lengths,
    markup,
    near,
    numbers,
    scripts,
    swaps,
)
from regard.data.doctor.base import Corpus, Finding, Pair, Report
from regard.data.doctor.halves import halves
from regard.data.doctor.report import render
from regard.recipe import UserError

__all__ = ["Finding", "Report", "diagnose", "halves", "render"]

CHECKS = (
    declared, empties, encoding, swaps, copies, scripts, duplicates, leaks, near, lengths, markup,
    numbers,
)  # fmt: skip


def diagnose(splits: Mapping[str, Sequence[Pair]], languages: tuple[str, str]) -> Report:
    """Examine the (source, target) rows of each split and return all that is wrong with them.

    The split called `train`, or else the largest, is the one that held-out rows must not be in.
    Findings after a swap show the row put right. Raises `UserError` if there is no split.
    """
    if not splits:
        raise UserError("doctor: there are no rows to look at; give at least one split.")
    corpus = Corpus({name: list(rows) for name, rows in splits.items()}, languages)
    findings: list[Finding] = []
    for check in CHECKS:
        found = list(check.find(corpus))
        corpus.take(found)
        findings += found
    return Report({name: list(rows) for name, rows in splits.items()}, languages, tuple(findings))
