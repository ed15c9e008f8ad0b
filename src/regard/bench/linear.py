"""TF-IDF and a linear classifier (scikit-learn): what a classifier of texts has to be better than.

The best of several is chosen on dev: which pieces of text are counted, which loss, which penalty.
"""

import time
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from regard.bench.rounds import Say
from regard.data.labelled import Labelled, labels_of
from regard.recipe import UserError, nearest
from regard.tasks.judging import Judged, numbered

# of words one or two, of letters up to five in a row, across spaces: spacing is often wrong
PIECES: dict[str, dict[str, Any]] = {
    "words": {"analyzer": "word", "token_pattern": r"\S+", "ngram_range": (1, 2)},
    "letters": {"analyzer": "char", "ngram_range": (1, 5)},
}
FEATURES = {"words": ("words",), "letters": ("letters",), "both": ("words", "letters")}
LOSSES = ("logistic", "hinge")
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)  # scikit-learn's C: the larger, the less it is held back


class Found(NamedTuple):
    """The test set answered by the best, what it is, and what each tried came to on dev."""

    judged: Judged
    chosen: dict[str, Any]
    tried: list[dict[str, Any]]
    seconds: float


def run(recipe: Any, split: str, how: dict[str, Sequence[Any]], say: Say) -> Found:
    """Train on the rows that the recipe trains on, and answer a split of its data.

    `how`: features, losses and penalties to try. Raises UserError if scikit-learn is not there, or
    if the recipe is for something else than labels of single texts.
    """
    began = time.monotonic()
    readable(recipe, how)
    train, dev, test = (
        recipe.data.drawn(recipe.seed), recipe.data.rows("dev"), recipe.data.rows(split)
    )  # fmt: skip
    labels = labels_of(train)
    target, wanted = numbered(told(train), labels), numbered(told(dev), labels)
    tried: list[dict[str, Any]] = []
    best: Any = None
    for features in how["features"]:
        counted = counter(features)
        x, dev_x = counted.fit_transform(texts(train)), counted.transform(texts(dev))
        for loss, penalty in product(how["losses"], how["penalties"]):
            model = linear(loss, penalty, len(labels)).fit(x, target)
            score = 100 * float((model.predict(dev_x) == np.array(wanted)).mean())
            say(f"{features}, {loss}, C {penalty:g}: dev accuracy {score:.2f}")
            tried.append({"features": features, "loss": loss, "penalty": penalty,
                          "dev_accuracy": score, "weights": weights(x, labels)})  # fmt: skip
            if best is None or score > best[0]["dev_accuracy"]:
                best = tried[-1], counted, model
    chosen, counted, model = best
    made = judged(model, counted.transform(texts(test)), told(test), labels)
    return Found(made, chosen, tried, time.monotonic() - began)


def readable(recipe: Any, how: dict[str, Sequence[Any]]) -> None:
    """Raises UserError for a recipe or a choice that this is not for."""
    if recipe.verb != "classify" or len(recipe.data.text) > 1 or recipe.readout.numeric:
        raise UserError(f"bench classify: {recipe.task}: counts words of single texts with a label")
    for name, known in (("features", FEATURES), ("losses", LOSSES)):
        for word in how[name]:
            if word not in known:
                raise UserError(f"--{name}: no {word!r}; {nearest(word, known)}")
    if min(how["penalties"]) <= 0:
        raise UserError("--penalties: each is above 0, such as 0.1,1,10")
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise UserError("bench classify: pip install 'regard[baseline]' (scikit-learn)") from None


def counter(features: str) -> Any:
    """What makes rows of weighted counts of texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    return FeatureUnion([
        (name, TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32, **PIECES[name]))
        for name in FEATURES[features]
    ])  # fmt: skip


def linear(loss: str, penalty: float, labels: int) -> Any:
    """The classifier; of several labels each against the rest."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    if loss == "hinge":
        return LinearSVC(C=penalty, dual=True, random_state=0)
    one = LogisticRegression(C=penalty, solver="liblinear", dual=True, random_state=0)
    return one if labels == 2 else OneVsRestClassifier(one)


def texts(rows: Sequence[Labelled]) -> list[str]:
    """Of single texts."""
    return [row.texts[0] for row in rows]


def told(rows: Sequence[Labelled]) -> list[str]:
    """Their labels."""
    return [row.label for row in rows]


def weights(x: Any, labels: Sequence[str]) -> int:
    """How many numbers a classifier of rows x learns: one a feature, of several labels for each."""
    return int(x.shape[1]) * (1 if len(labels) == 2 else len(labels))


def judged(model: Any, x: Any, references: list[str], labels: list[str]) -> Judged:
    """The rows answered; how probable each label is only where the loss is made for that."""
    answers = [labels[i] for i in model.predict(x)]
    numbered(references, labels)
    said = model.predict_proba(x) if hasattr(model, "predict_proba") else None
    return Judged(answers, references, labels, said)
